"""Runs on shared storage: put whole, found from another machine, never doubled, never lost."""

import os
import zipfile
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from mercore import UserError
from mercore.features.spectrogram import Normaliser
from mercore.study import records
from mercore.training import runs, storage

fsspec = pytest.importorskip("fsspec", reason="fsspec isn't installed: the extra `cluster`")


class Weights:
    """What `runs.save` asks of a network."""

    def save_weights(self, path):
        path.write_bytes(b"weights")


NORMALISER = Normaliser("band", np.zeros((128, 1), np.float32), np.ones((128, 1), np.float32))


def finished(seed=0, accuracy=1.0):
    predictions = pd.DataFrame({"track": ["a", "b"], "label": "x", "artist": "", "start": 0.0, "side": "test"})
    predictions = predictions.assign(predicted=["x", "x" if accuracy == 1 else "y"], p_x=0.6, p_y=0.4)
    config = {"network": "conv", "protocol": "track", "profile": "quick", "seed": seed, "folds": None, "fold": None}
    config["front_end"] = "report"
    corpus = {"name": "Some", "task": "mood", "classes": ["x", "y"], "fingerprint": "0123456789ab"}
    return runs.Run(config, corpus, pd.DataFrame({"loss": [1.0]}), predictions, {"training": 1.0})


def save(run, **options):
    return runs.save(run, Weights(), NORMALISER, **options)


@pytest.fixture(params=["file", "memory", "folder"])
def machines(request, tmp_path, monkeypatch):
    """Call it with a name to go on as that machine: each has its own data folder, and all share one storage."""
    place = {"file": f"file://{tmp_path}/shared", "memory": "memory://runs", "folder": str(tmp_path / "shared")}
    monkeypatch.setenv("MERCORE_RUNS", place[request.param])
    yield lambda name: monkeypatch.setenv("MERCORE_DATA", str(tmp_path / name))
    fsspec.filesystem("memory").store.clear()


def test_a_run_is_found_and_whole_on_another_machine(machines):
    machines("first")
    run = save(finished())
    machines("second")
    assert runs.find(finished(seed=1).config, run.corpus) is None
    again = runs.find(run.config, run.corpus)
    assert again.id == run.id and again.folder != run.folder
    assert {p.name: p.read_bytes() for p in again.folder.iterdir()} == {
        p.name: p.read_bytes() for p in run.folder.iterdir()
    }
    assert (again.normaliser.sd == NORMALISER.sd).all()
    machines("third")
    assert runs.load(run.id).id == records.find(run.id).id == run.id
    with pytest.raises(UserError, match="not a whole run"):
        runs.load("no-such-run")


def test_who_comes_second_gets_the_first_run_or_keeps_both(machines):
    machines("first")
    first = save(finished())
    machines("second")
    second = save(finished(accuracy=0.5), beside=False)  # trained meanwhile, as the first wasn't there yet
    assert second.id == first.id and second.accuracy() == 1.0
    assert storage.names() == {first.id}
    machines("third")
    third = save(finished(accuracy=0.5))
    assert third.id == f"{first.id}.2" and third.accuracy() == 0.5
    machines("first")
    assert runs.find(first.config, first.corpus).id == third.id  # the latest
    assert storage.names() == {first.id, third.id}


def test_here_too_who_comes_second_gets_the_first_run_if_asked(own_folders):
    first = save(finished())
    assert save(finished(accuracy=0.5), beside=False).accuracy() == 1.0
    assert os.listdir(runs.runs_dir()) == [first.id]
    assert save(finished(accuracy=0.5)).id == f"{first.id}.2"


def test_a_storage_that_does_not_answer_loses_nothing(machines, tmp_path, monkeypatch):
    machines("first")
    place = storage.place()
    (tmp_path / "file").touch()
    monkeypatch.setenv("MERCORE_RUNS", f"{tmp_path}/file/shared")
    with pytest.raises(UserError, match=r"file/shared: the runs' shared storage \(MERCORE_RUNS\) can't be used"):
        save(finished())
    monkeypatch.setenv("MERCORE_RUNS", place)
    run = finished()
    assert runs.find(run.config, run.corpus).accuracy() == 1.0 and len(storage.names()) == 1


def test_what_was_half_written_is_not_seen(machines, monkeypatch):
    machines("first")
    with monkeypatch.context() as context:
        system = type(fsspec.url_to_fs(storage.place())[0])
        context.setattr(system, "mv", lambda *_, **__: (_ for _ in ()).throw(OSError("the line is cut")))
        with pytest.raises(UserError, match="the line is cut"):
            save(finished())
    assert storage.names() == set()
    machines("second")
    assert runs.find(finished().config, finished().corpus) is None


@pytest.mark.parametrize("place", ["nothing://at/all", "file:///proc/nowhere"])
def test_a_place_that_cannot_be_is_told(own_folders, monkeypatch, place):
    monkeypatch.setenv("MERCORE_RUNS", place)
    with pytest.raises(UserError, match="MERCORE_RUNS"):
        save(finished())


def test_a_broken_archive_is_named_and_nothing_else_is_unpacked(own_folders, monkeypatch):
    place = own_folders / "shared"
    place.mkdir()
    monkeypatch.setenv("MERCORE_RUNS", str(place))
    (place / "broken.zip").write_bytes(b"PK no archive")
    with pytest.raises(UserError, match=r"broken\.zip: not a whole run"):
        runs.load("broken")
    with zipfile.ZipFile(place / "odd.zip", "w") as archive:
        archive.writestr("../outside", "x")
        archive.writestr(runs.RECORD, "{}")
    with pytest.raises(UserError, match="odd: not a whole run"):
        runs.load("odd")
    assert [p.name for p in runs.folder_of("odd").iterdir()] == [runs.RECORD]
    assert not list(own_folders.rglob("outside"))


def test_without_a_place_nothing_is_shared(own_folders, monkeypatch):
    monkeypatch.delenv("MERCORE_RUNS", raising=False)
    run = save(finished())
    assert storage.place() is None and storage.names() == set()
    assert runs.find(run.config, run.corpus).folder == run.folder
    assert replace(run).id == run.id
