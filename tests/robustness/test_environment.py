"""A full disk, a folder that can't be written, a clock set back, no network, music that changes: each is told in one
clear line, and nothing is lost.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import nbformat
import numpy as np
import pandas as pd
import pytest
import run_integrity
import soundfile
from nbformat.v4 import new_code_cell, new_notebook

from mercore import PROJECT, UserError, __main__, composer, corpora, data_dir, features, plots, training, workbook
from mercore._files import atomic_directory
from mercore.corpora import clips, download, validate
from mercore.study import records
from mercore.training import export, pretrained, runs
from mercore.workbook import execution

ROOM = 250_000  # bytes of the full disk
RATE = 22_050
MODEL = pretrained.MODELS / "mood_4q"


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    """Two classes of six tracks of 4 s."""
    root, rng = tmp_path_factory.mktemp("music"), np.random.default_rng(0)
    for label, hertz in (("low", 220), ("high", 1760)):
        (root / label).mkdir()
        for n in range(6):
            tone = 0.3 * np.sin(2 * np.pi * hertz * (1 + n / 50) * np.arange(4 * RATE) / RATE)
            soundfile.write(root / label / f"{label}{n}.wav", tone + 0.02 * rng.normal(size=4 * RATE), RATE)
    return root


# --- A folder with no room, or that can't be written


def mount(folder: Path, *options: str) -> None:
    done = subprocess.run(["mount", *options, str(folder)], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")


@pytest.fixture
def full(tmp_path, monkeypatch):
    """A folder on a disk of its own with ROOM bytes; where none can be mounted, no file may be larger than that."""
    folder = tmp_path / "full"
    folder.mkdir()
    if hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("mount"):
        mount(folder, "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs")
        yield folder
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        return
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, before[1]))
    yield folder
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def read_only(tmp_path):
    """A folder that can't be written, not even by root: a file system mounted so."""
    folder = tmp_path / "read only"
    folder.mkdir()
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        mount(folder, "-t", "tmpfs", "-o", "ro", "tmpfs")
        yield folder
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        return
    folder.chmod(0o500)
    yield folder
    folder.chmod(0o700)


def a_run() -> runs.Run:
    """A finished run, larger than the full disk: of a network with its weights."""
    text = pd.DataFrame({"track": [f"t{n}" for n in range(60_000)]}).assign(
        label="Q1", artist=[f"{hash(n)}" for n in range(60_000)], start=0.0, side="test", predicted="Q1"
    )
    run = runs.read_record(MODEL)
    noise = np.random.default_rng(0).random((60_000, 4))
    text[[f"p_{label}" for label in run.classes]] = noise
    run.predictions, run.timings, run.history = text, {"training": 1.0}, pd.DataFrame()
    return run


def save_a_run(folder: Path, music: Path) -> None:
    run = a_run()
    runs.save(run, run.model(), run.normaliser)


def keep_a_record(folder: Path, music: Path) -> None:
    run = a_run()
    shutil.copytree(MODEL, folder.parent / "kept")
    run.folder = folder.parent / "kept"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "metrics", lambda run: {})  # they take half a minute
        records.commit(run, folder / "records")


def keep_a_model(folder: Path, music: Path) -> None:
    pretrained.publish(runs.read_record(MODEL), "again", "card", folder / "models")


def extract_features(folder: Path, music: Path) -> None:
    corpus = corpora.open_corpus(music)
    features.extract(corpus, clips.cut(corpus.usable, per_track=10), "log_mel", progress=lambda *_: None)


def draw_a_figure(folder: Path, music: Path) -> None:
    fig, ax = plots.new_figure(8, 8)
    ax.imshow(np.random.default_rng(0).random((900, 900, 3)))
    plots.save(fig, "noise", plots.Provenance(corpus="4Q"), folder / "figures")


def compose_songs(folder: Path, music: Path) -> None:
    composer.render_songs()


def unpack_an_archive(folder: Path, music: Path) -> None:
    shutil.make_archive(str(folder.parent / "archive"), "zip", music)
    download.download_dataset("gtzan-mini", folder / "gtzan-mini", folder.parent / "archive.zip")


def export_a_network(folder: Path, music: Path) -> None:
    export.export(pretrained.load("mood_4q"), folder / "exported")


def execute_a_notebook(folder: Path, music: Path) -> None:
    cell = new_code_cell("import base64, os; print(base64.b64encode(os.urandom(600_000)).decode())")
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(new_notebook(cells=[cell], metadata=kernel), folder.parent / "99_long.ipynb")
    execution.execute(folder.parent / "99_long.ipynb", folder, {}, timeout=60)


WRITERS = {
    save_a_run: "can't write the run here .*set MERCORE_DATA",
    keep_a_record: "records",
    keep_a_model: "models",
    extract_features: "can't be written to .*set MERCORE_DATA",
    draw_a_figure: r"noise\.png: can't be written .*set MERCORE_BUILD",
    compose_songs: "can't be written .*set MERCORE_DATA",
    unpack_an_archive: "can't be (unpacked|made)",
    export_a_network: "exported: can't be written",
    execute_a_notebook: "can't be written .*set MERCORE_BUILD",
}


def told(writer, folder: Path, music: Path, monkeypatch, capsys) -> str:
    """What the command line would say of it, in one line, where something is written into that folder."""
    monkeypatch.setenv("MERCORE_DATA", str(folder))
    monkeypatch.setenv("MERCORE_BUILD", str(folder))
    monkeypatch.setattr(records, "load_all", lambda: [writer(folder, music)][:0])
    capsys.readouterr()
    assert __main__.main(["runs", "list"]) == 2
    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert line.startswith("mercore: ") and str(folder) in line
    return line


@pytest.mark.parametrize("writer", WRITERS, ids=lambda writer: writer.__name__)
def test_a_full_disk(full, music, monkeypatch, capsys, writer):
    (full / "earlier.txt").write_text("years of work")
    # As if there had been room when it was looked for.
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=10**12))
    line = told(writer, full, music, monkeypatch, capsys)
    assert re.search(WRITERS[writer], line), line
    assert (full / "earlier.txt").read_text() == "years of work"
    left = [
        path for path in full.rglob("*") if path.is_file() and "inspection" not in path.parts and path.name != ".lock"
    ]
    assert left == [full / "earlier.txt"], "what isn't whole stays"


@pytest.mark.parametrize("writer", WRITERS, ids=lambda writer: writer.__name__)
def test_a_read_only_folder(read_only, music, monkeypatch, capsys, writer):
    assert told(writer, read_only, music, monkeypatch, capsys)
    assert list(read_only.iterdir()) == []


def test_read_only_music_is_used(tmp_path, own_folders, music):
    place = tmp_path / "music"
    place.mkdir()
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        mount(place, "--bind", "-o", "ro", str(music))
    else:
        shutil.copytree(music, place, dirs_exist_ok=True)
        place.chmod(0o500)
    try:
        assert not os.access(place, os.W_OK)
        corpus = corpora.open_corpus(place)
        assert len(corpus.usable) == 12 and corpus.fingerprint == corpora.open_corpus(music).fingerprint
        features.extract(corpus, clips.cut(corpus.usable, per_track=1), "log_mel")
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True) if os.geteuid() == 0 else place.chmod(0o700)


# --- A clock that is set back


def test_latest_run_is_found_after_the_clock_was_set_back(own_folders):
    run = runs.read_record(MODEL)
    run.predictions, run.timings, run.history = a_run().predictions[:9], {"training": 1.0}, pd.DataFrame()
    first, second = runs.save(run), runs.save(run)
    os.utime(second.folder, (time.time() - 86_400,) * 2)
    assert runs.find(run.config, run.corpus).id == second.id == f"{first.id}.2"


def test_replaced_file_of_same_size_and_time_is_read_again(own_folders, music):
    path = own_folders / "a.wav"
    shutil.copyfile(music / "low" / "low0.wav", path)
    os.utime(path, (1e9, 1e9))
    first = validate.validate_files([path])[0].digest
    shutil.copyfile(music / "low" / "low1.wav", path)  # as large as the other, and as old
    os.utime(path, (1e9, 1e9))
    assert validate.validate_files([path])[0].digest != first


# --- No network


def test_download_without_network_fails_in_one_line(own_folders):
    alone = run_integrity.without_network()
    if not alone:
        pytest.skip("no process can be cut off from the network here")
    command = [*alone, sys.executable, "-m", "mercore", "fetch", "gtzan-mini"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT, timeout=120)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert re.search(r"^mercore: gtzan-mini can't be downloaded: .* no connection", done.stderr, re.MULTILINE)


# --- Music that changes between runs


def test_changed_music_makes_a_new_run_and_keeps_the_old(own_folders, music, capsys):
    root = own_folders / "corpus"
    shutil.copytree(music, root)
    first = training.train(corpora.open_corpus(root), "conv", "smoke", "track")
    (kept,) = (data_dir() / "cache" / "features").glob("*.npy")
    before = run_integrity.checksum_results(data_dir(), own_folders / "build")
    shutil.copyfile(music / "high" / "high0.wav", root / "low" / "low0.wav")
    (root / "high" / "high0.wav").unlink()
    again = records.repeat(runs.load(first.id))
    assert "doesn't hold the same tracks as corpus of the record" in capsys.readouterr().out
    assert again.corpus["fingerprint"] != first.corpus["fingerprint"] and again.id != first.id
    assert again.corpus["tracks"] == first.corpus["tracks"] - 1
    assert features.is_intact(kept)
    assert before.items() <= run_integrity.checksum_results(data_dir(), own_folders / "build").items()
    shutil.rmtree(root)
    with pytest.raises(UserError, match="corpus: there is no such folder"):
        records.repeat(first)


def test_record_holds_versions_and_processor(own_folders):
    run = runs.read_record(MODEL)
    run.predictions, run.timings, run.history = a_run().predictions[:9], {"training": 1.0}, pd.DataFrame()
    told = runs.save(run).environment
    packages = {"tensorflow", "keras", "numpy", "librosa", "scikit-learn", "symusic"}
    assert told.keys() == packages | {"python", "platform", "processor", "cores", "threads"} and all(told.values())


def test_changed_music_gets_its_own_build_folder(own_folders, music):
    root, places = own_folders / "corpus", []
    shutil.copytree(music, root)
    settings = workbook.DEFAULTS | {"GENRE": str(root), "MOOD": str(root)}
    for _ in range(2):
        corpus = corpora.open_corpus(root)
        places.append(workbook.build_name(settings, {"genre": corpus, "mood": corpus}))
        (root / "low" / "low0.wav").unlink(missing_ok=True)
    assert places[0] != places[1]


def test_concurrent_writers_in_one_folder(tmp_path):
    def write(_):
        for n in range(200):
            with atomic_directory(tmp_path) as scratch:
                (scratch / "whole").write_text(str(n))
                (scratch / "whole").replace(tmp_path / "whole")

    with ThreadPoolExecutor(4) as writers:
        list(writers.map(write, range(4)))  # raises what a writer has raised
    assert [path.name for path in tmp_path.iterdir()] == ["whole"]


# --- The table of all faults


def test_fault_table_names_existing_tests():
    here = Path(__file__).parents[1]
    table = (here / "README.md").read_text("utf-8").partition("## Faults tried")[2]
    rows = [line for line in table.splitlines() if line.startswith("|")]
    rows = [row.strip("|").split("|") for row in rows if "**" not in row][2:]
    assert len(rows) > 35
    for fault, _, happens, tests in rows:
        named = re.findall(r"`([\w/]+\.py)(?:::(\w+))?`", tests)
        assert named and happens.strip(), fault
        for file, test in named:
            assert f"def {test or 'main'}(" in (here / file).read_text("utf-8"), f"{fault}: {file}::{test}"
