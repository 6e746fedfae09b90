import gzip
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mercore import UserError, __main__, plots, songs, training
from mercore.study import figures, records
from mercore.training import runs


@pytest.fixture(scope="module")
def run(tones):
    return training.train(tones, "blstm", "quick", "track", epochs=1, clips_per_track=3, learning_rate=1e-2)


def test_a_record_keeps_what_figures_need_and_no_weights(run, tmp_path):
    kept = runs.load(records.commit(run, tmp_path))
    assert sorted(p.name for p in kept.folder.iterdir()) == [runs.PREDICTIONS, runs.RECORD]
    assert kept.predictions.equals(run.predictions)
    assert kept.config == run.config
    assert records.commit(run, tmp_path) == kept.folder  # once more changes nothing
    assert [one.id for one in records.load_all(tmp_path)] == [run.id]


@pytest.mark.slow
def test_a_network_of_the_case_studies_keeps_what_it_made_of_the_songs(run, tmp_path, monkeypatch):
    assert records.song_analyses(runs.load(records.commit(run, tmp_path / "without"))) == []
    monkeypatch.setattr(records, "CASE_NETWORKS", {run.corpus["task"]: "blstm"})
    kept = runs.load(records.commit(run, tmp_path / "with"))
    found = records.song_analyses(kept)
    assert [analysis.song.composed for analysis in found] == [True, True]
    for analysis in found:
        assert list(analysis.probabilities) == list(run.classes)
        again = songs.analyse(analysis.song, run)
        assert np.allclose(analysis.probabilities, again.probabilities, atol=6e-5)
        assert np.allclose(analysis.starts, again.starts, atol=6e-5)
    assert records.verify(tmp_path / "with") == []


def test_metrics_follow_from_the_predictions(run, tmp_path):
    folder = records.commit(run, tmp_path)
    told = json.loads((folder / runs.RECORD).read_text())["metrics"]
    test = run.side("test")
    assert told["test"] == pytest.approx((test["label"] == test["predicted"]).mean(), abs=1e-4)
    assert told["track_mean"] == pytest.approx(told["track_majority"], abs=1)
    assert records.verify(tmp_path) == []


def test_another_prediction_or_another_metric_is_found_out(run, tmp_path):
    folder = records.commit(run, tmp_path)
    record = json.loads((folder / runs.RECORD).read_text())
    record["metrics"]["test"] += 0.01
    (folder / runs.RECORD).write_text(json.dumps(record))
    assert "test is recorded as" in records.verify(tmp_path)[0]
    (folder / runs.PREDICTIONS).write_bytes(gzip.compress(b"half a"))
    assert "not a complete run" in records.verify(tmp_path)[0]
    with pytest.raises(UserError, match="another record of this name"):
        records.commit(run, tmp_path)


@pytest.mark.slow
def test_the_committed_records_agree_with_their_predictions():
    assert records.verify() == []


@pytest.mark.slow
def test_a_record_can_be_repeated(run, tones, tmp_path, monkeypatch):
    monkeypatch.setattr(records, "RECORDS", tmp_path)
    records.commit(run, tmp_path)
    kept = runs.load(tmp_path / run.id)
    assert records.find(run.id).folder == run.folder
    with pytest.raises(UserError, match="doesn't have the path of its music"):
        records.repeat(kept)
    again = records.repeat(kept, str(tones.root))
    assert again.id != run.id
    assert again.config == run.config
    assert again.predictions.equals(run.predictions)
    told = records.compare(kept, again)
    assert "differ by 0.0000 at most; the environment is the same" in told
    other = records.repeat(records.find(run.id), seed=1)  # a run of one's own knows where its music lies
    assert other.config["seed"] == 1
    assert other.config["epochs"] == 1
    assert "differ by 0.0000" not in records.compare(kept, other)


def test_a_run_on_a_part_of_its_corpus_is_repeated_on_the_same_part(tones, capsys):
    run = training.train(tones, "conv", "smoke", "track", tracks_per_class=5)
    again = records.repeat(run)
    assert "doesn't hold" not in capsys.readouterr().out
    assert again.corpus["fingerprint"] == run.corpus["fingerprint"] != tones.fingerprint
    assert again.predictions.equals(run.predictions)


def test_what_else_has_changed_since_a_record_is_said(run):
    was = replace(run, environment=run.environment | {"tensorflow": "2.0", "threads": "as many as cores", "cores": 64})
    told = records.compare(was, run)
    assert "tensorflow 2.0 ->" in told and f"threads 64 -> {run.environment['threads']}" in told
    assert records.compare(run, replace(run, predictions=run.predictions[:0])).startswith("0 test clips are common")


def test_another_seed_is_foretold_by_those_recorded(run):
    def by_seed(seed, right):
        test = run.side("test").iloc[[0] * 10].reset_index(drop=True)
        test["predicted"] = np.where(np.arange(10) < right, test["label"], "nothing")
        return replace(run, config=run.config | {"seed": seed, "split": f"{seed}"}, predictions=test)

    several = [by_seed(seed, right) for seed, right in ((0, 5), (1, 6), (2, 7))]
    assert records.within_prediction_interval(by_seed(3, 6), several[:2]).startswith("2 records differ")
    # mean .6, s .1, t(2) 4.303: .6 +- .497
    assert "inside the 95 % prediction interval, 0.103 to 1.097" in records.within_prediction_interval(
        by_seed(3, 10), several
    )
    assert "OUTSIDE" in records.within_prediction_interval(by_seed(3, 1), several)
    assert "seeds 0, 1, 2" in records.within_prediction_interval(by_seed(3, 6), several)
    assert records.within_prediction_interval(by_seed(2, 6), several).startswith("2 records differ")
    other = replace(several[0], config=several[0].config | {"epochs": 99})
    assert records.within_prediction_interval(by_seed(3, 6), [other, *several[1:]]).startswith("2 records differ")


def test_without_records_there_is_nothing_to_draw(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(records, "RECORDS", tmp_path)
    assert __main__.main(["runs", "draw"]) == 2
    assert "there are no records" in capsys.readouterr().err


@pytest.mark.slow
def test_the_command_line(run, capsys):
    assert __main__.main(["runs", "verify"]) == 0
    assert "every metric follows" in capsys.readouterr().out
    assert __main__.main(["runs", "repeat", "nothing", "nowhere"]) == 2
    assert "nothing: there is neither such a run" in capsys.readouterr().err


@pytest.mark.slow
def test_the_committed_figures_are_those_that_follow_from_the_records(tmp_path):
    drawn = figures.draw(records.load_all(), tmp_path)
    assert drawn
    for path in drawn:
        committed = figures.REAL / path.relative_to(tmp_path)
        assert committed.exists(), f"{committed} is missing: run `python -m mercore runs draw`"
        same = plots.read_provenance if path.suffix == ".png" else Path.read_text
        assert same(committed) == same(path), f"{committed} is stale: run `python -m mercore runs draw`"
