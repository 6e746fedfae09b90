"""predict and export on the command line: what is printed and written, what is skipped, use without this project."""

import errno
import json
import os
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import soundfile

from mercore import UserError, __main__, plots, songs, training
from mercore.features import spectrogram as features
from mercore.songs import predict
from mercore.songs.text import describe_reliability
from mercore.training import export, pretrained, runs

RATE = 22_050


@pytest.fixture(scope="module")
def run(tones):
    return training.train(tones, "bgru", "tuned", "track", epochs=1, clips_per_track=3)


@pytest.fixture
def music(tmp_path):
    """Two songs of the same name, one below the other, a broken one and what is no song."""
    rng = np.random.default_rng(0)
    (tmp_path / "music" / "more").mkdir(parents=True)
    for path, rate in (("music/Ä b.wav", 44_100), ("music/more/ä B.flac", 8_000)):
        soundfile.write(tmp_path / path, 0.1 * rng.normal(size=(5 * rate, 2)), rate)
    (tmp_path / "music" / "broken.mp3").write_text("no music")
    (tmp_path / "music" / "cover.txt").write_text("no song")
    (tmp_path / "music" / ".hidden.wav").write_text("no song")
    return tmp_path / "music"


@pytest.mark.slow
def test_a_folder_is_predicted_and_its_broken_file_named(run, music, tmp_path, capsys):
    out = tmp_path / "out"
    told = ["predict", str(music), "--run", run.id, "--count", "7", "--seed", "3", "--out", str(out)]
    assert __main__.main(told) == 1
    said = capsys.readouterr()
    assert f"label by {run.id}, trained on {run.corpus['name']}; 7 snippets" in said.out and "%   [" in said.out
    assert "broken.mp3: can't be read as audio" in said.err and "1 of 3 songs or folders couldn't be read" in said.err
    names = sorted(path.name for path in out.iterdir())
    assert names == sorted(f"{stem}.{kind}" for stem in ("ä_B", "Ä_b_2") for kind in ("csv", "json", "png"))
    table, found = pd.read_csv(out / "Ä_b_2.csv"), json.loads((out / "Ä_b_2.json").read_text("utf-8"))
    assert list(table) == ["run", "task", "class", "snippets", "share", "low", "high"]
    assert table["snippets"].sum() == 7 and (table["low"] <= table["share"]).all()
    network = found["networks"][0]
    assert (found["seed"], network["run"], network["corpus"]) == (3, run.id, run.corpus["name"])
    assert found["song"]["title"] == "Ä b" and network["snippets"] == len(network["starts"]) == 7
    assert network["reliability"]["snippets"] == 7 and network["reliability"]["conclusive"] in (True, False)
    assert network["shares"]["low"]["snippets"] + network["shares"]["high"]["snippets"] == 7
    assert not plots.is_blank(out / "Ä_b_2.png")
    assert "song: Ä b" in plots.read_provenance(out / "Ä_b_2.png")["Description"]


def test_a_folder_that_cannot_be_opened_is_named(run, music, capsys, monkeypatch):
    """Permissions are no obstacle to the user that tests may run as, so the system's refusal is played."""
    (music / "shut").mkdir()
    scandir = os.scandir

    def refuse(path):
        if os.fspath(path).endswith("shut"):
            raise PermissionError(errno.EACCES, "Permission denied", os.fspath(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert __main__.main(["predict", str(music), "--run", run.id, "--count", "3"]) == 1
    said = capsys.readouterr().err
    assert f"{music / 'shut'}: this folder can't be opened" in said and "2 of 4 songs or folders" in said


def test_all_well_is_0_and_what_makes_no_sense_2(run, music, tmp_path, capsys):
    assert __main__.main(["predict", str(music / "Ä b.wav"), "--run", run.id, "--count", "3"]) == 0
    (tmp_path / "empty").mkdir()
    for wrong, said in (
        (["predict", str(tmp_path / "empty"), "--run", run.id], "no audio file"),
        (["predict", str(music), "--run", "nobody"], "neither a model (genre_real, mood_4q) nor a run"),
        (["export", "nobody"], "neither a model"),
    ):
        capsys.readouterr()
        assert __main__.main(wrong) == 2
        assert said in capsys.readouterr().err
    with pytest.raises(SystemExit) as ended:
        __main__.main(["predict", str(music), "--count", "0"])
    assert ended.value.code == 2


def test_that_it_loads_is_told_before_the_networks_are_opened_and_not_among_the_results(music, capsys, monkeypatch):
    def stop(name):
        said = capsys.readouterr()
        assert said.err.startswith("loading ") and said.err.count("\n") == 1 and said.out == ""
        raise UserError("far enough")

    monkeypatch.setattr(predict, "open_network", stop)
    assert __main__.main(["predict", str(music)]) == 2
    assert capsys.readouterr().err == "mercore: far enough\n"


def test_without_a_run_the_committed_models_are_asked(music, capsys):
    assert __main__.main(["predict", str(music / "Ä b.wav"), "--count", "3"]) == 0
    assert "mood by mood_4q, trained on 4Q; 3 snippets" in capsys.readouterr().out


def test_a_run_without_weights_or_of_other_features_is_told(run, tmp_path, monkeypatch):
    (tmp_path / "copy").mkdir()
    for file in run.folder.iterdir():
        if file.name != runs.MODEL:
            (tmp_path / "copy" / file.name).write_bytes(file.read_bytes())
    with pytest.raises(UserError, match="no network to load; train it again"):
        predict.open_network(str(tmp_path / "copy"))
    monkeypatch.setattr("mercore.features.DEFAULT", features.FeatureSettings(version=99))
    with pytest.raises(UserError, match="trained on other features"):
        predict.open_network(run.id)


def test_reliability_warns_where_there_is_reason(run, tmp_path):
    rng = np.random.default_rng(0)
    quiet = 1e-5 * rng.normal(size=9 * RATE).astype(np.float32)
    silence = songs.Song(tmp_path / "x.wav", "*hush* <b>", "", 9.0, None, quiet)
    model = pretrained.load("mood_4q")
    analysis = songs.analyse(silence, model, 10)
    found = songs.assess_reliability(analysis, model)
    warnings = describe_reliability(found, analysis, model)
    assert found.out_of_distribution and found.distance > 3 and np.isnan(found.test_confidence)
    assert warnings[0].startswith("⚠ **Out of distribution:**") and warnings[-1].startswith("The song's average spect")
    analysis.probabilities[:] = 0.25
    undecided = songs.assess_reliability(analysis, model)
    assert undecided.undecided and undecided.undecided_snippets == 10
    warnings = describe_reliability(undecided, analysis, model)
    assert any(
        line.startswith("⚠ **Undecided:** no class has a probability above 0.5 in 10 of 10") for line in warnings
    )
    song = songs.open_song(run_track(run))
    known = songs.assess_reliability(songs.analyse(song, run, 10), run)
    assert not known.out_of_distribution and known.test_confidence > 0.4


def run_track(run):
    """The path of a track that the run was trained on."""
    track = run.side("train")["track"].iloc[0]
    root = run.folder.parents[2] / "music"
    return next(path for path in root.rglob("*.wav") if path.stem in track)


MERCORE_IS_AWAY = "import sys; assert not [name for name in sys.modules if name.startswith('mercore')]\n"


@pytest.mark.parametrize("network", ["mood_4q", "run"])
@pytest.mark.slow
def test_an_export_is_used_by_three_lines_without_this_project(network, run, tmp_path):
    """In another process that can't import it: the same probabilities, from sound."""
    chosen = run if network == "run" else pretrained.load(network)
    folder = export.export(chosen, tmp_path / "exported")
    assert (folder / "labels.txt").read_text().split() == list(chosen.classes)
    about = json.loads((folder / "preprocessing.json").read_text())
    assert about["settings"]["sample_rate"] == RATE and about["shape"] == [128, 130]
    code = (folder / "README.md").read_text("utf-8").split("```")[1].removeprefix("python\n")
    assert len(code.splitlines()) <= 8 and "mercore" not in code
    y = (np.random.default_rng(0).normal(0, 0.3, 66_150) * np.geomspace(1e-4, 0.5, 66_150)).astype(np.float32)
    soundfile.write(tmp_path / "song.wav", y, RATE, subtype="FLOAT")
    (tmp_path / "use.py").write_text(code.replace("song.mp3", "song.wav") + MERCORE_IS_AWAY)
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = [sys.executable, "-P", "use.py"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    theirs = np.array(re.findall(r"\d\.\d+(?:e-\d+)?", done.stdout), float)
    x = chosen.compute_features(y, np.zeros(1))
    np.testing.assert_allclose(theirs, chosen.model().predict(x, verbose=0)[0], atol=1e-5)
    with pytest.raises(UserError, match="is there already"):
        export.export(chosen, folder)


def test_a_real_recording_is_heard_without_complaint(real_sample, capsys):
    song = next((real_sample / "4q").rglob("*.mp3"))
    assert __main__.main(["predict", str(song), "--run", "mood_4q", "--count", "20"]) == 0
    said = capsys.readouterr()
    assert "trained on 4Q; 20 snippets" in said.out and "mercore:" not in said.err
