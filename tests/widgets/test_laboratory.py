"""The laboratory without a front end: what it refuses, how it writes a training down, training and stopping."""

import shlex
import time
from dataclasses import replace

import nbformat
import pytest

from mercore import corpora, networks, training, workbook
from mercore.widgets import Laboratory
from mercore.widgets.laboratory import TRAINING
from mercore.widgets.laboratory_settings import Settings, as_papermill, as_python, run_name, validate
from mercore.workbook import execution


@pytest.fixture(autouse=True)
def new_session(monkeypatch):
    """As in a kernel of its own."""
    monkeypatch.setattr(Laboratory, "session", {})


@pytest.fixture
def genre(tones):
    """As a notebook opens it."""
    return corpora.open_corpus(tones.root, "genre")


@pytest.fixture
def laboratory(genre):
    return Laboratory({"genre": genre}, ("conv", "bgru"), profile="smoke", protocol="track")


def wait(laboratory, seconds=240):
    end = time.monotonic() + seconds
    while laboratory.train.disabled or TRAINING.locked():
        assert time.monotonic() < end, laboratory.status.value
        time.sleep(0.05)


def table_of(laboratory) -> str:
    return laboratory.table.outputs[0]["data"]["text/html"]


@pytest.mark.parametrize("network, profile, options, name, word", [
    ("conv", "quick", {"seed": -1}, "seed", "-1 can't be a seed: take a whole number from 0 to 4,294,967,295"),
    ("conv", "quick", {"seed": 2**32}, "seed", "can't be a seed"),
    ("conv", "quick", {"units": 32}, "units", "has no units"),
    ("end2end", "quick", {"dropout": 0.5}, "dropout", "has no dropout"),
    ("end2end", "quick", {"n_mels": 64}, "n_mels", "no mel bands"),
    ("bgru", "tuned", {"width": 2.0}, "width", "has no filters"),
    ("conv", "quick", {"n_mels": 32}, "n_mels", "too small"),
    ("conv", "report", {"clip_seconds": 0.5}, "clip_seconds", "too small"),
    ("bgru", "quick", {"clip_seconds": 9.0}, "clip_seconds", "as long as 9 s"),
    ("bgru", "quick", {"protocol": "artist"}, "protocol", "No artist"),
    ("end2end", "report", {"batch_size": 128}, "batch_size", "take 32 at most"),
    ("end2end", "quick", {"front_end": "conflictnet", "batch_size": 64}, "batch_size", "take 16 at most"),
    ("end2end", "tuned", {"front_end": "conflictnet"}, "profile", "own sizes"),
])  # fmt: skip
def test_what_cannot_work_is_refused_next_to_its_setting(tones, network, profile, options, name, word):
    found = validate(Settings("genre", network, profile, options), tones)
    assert list(found) == [name] and word in found[name]


@pytest.mark.parametrize("key", networks.names())
@pytest.mark.parametrize("profile", ("smoke", "quick", "tuned"))
def test_every_profile_is_valid_for_every_network(tones, key, profile):
    assert validate(Settings("genre", key, profile), tones) == {}


def test_a_refusal_stands_beside_its_control_and_training_is_not_offered(laboratory):
    units = laboratory.controls["units"]
    units.value = 32
    assert "has no units" in laboratory.notes["units"].text and laboratory.train.disabled
    laboratory.controls["network"].value = ("bgru", "report")
    assert not laboratory.notes["units"].text and not laboratory.train.disabled


@pytest.mark.parametrize("seed, trainable", [(-1, False), (0, True), (2**32 - 1, True), (2**32, False)])
def test_a_seed_is_taken_as_it_was_typed_or_refused(laboratory, seed, trainable):
    laboratory.controls["seed"].value = seed
    assert laboratory.settings.options["seed"] == seed
    assert laboratory.train.disabled != trainable
    assert ('role="alert"' in laboratory.notes["seed"].value) != trainable


def test_a_profile_fills_in_its_settings(laboratory):
    laboratory.controls["epochs"].value = 7
    laboratory.controls["profile"].value = "tuned"
    tuned = training.profile("tuned")
    assert (
        laboratory.settings.options == {"protocol": "track", "seed": 0}
        and laboratory.controls["epochs"].value == tuned.epochs
    )
    laboratory.controls["learning_rate"].value = 1e-2
    assert laboratory.settings.options == {"protocol": "track", "seed": 0, "learning_rate": 1e-2}


def test_three_lines_of_python_repeat_the_run(laboratory, genre):
    laboratory.controls["network"].value = ("bgru", "report")
    laboratory.controls["units"].value = 8
    laboratory.controls["seed"].value = 3
    laboratory.train.click()
    wait(laboratory)
    namespace = {}
    exec(as_python(laboratory.settings, genre), namespace)
    assert namespace["run"].id == laboratory.runs[-1].id
    assert laboratory.runs[-1].config["units"] == 8 and "seed 3" in table_of(laboratory)


def test_the_command_names_what_notebook_10_has(tones):
    changes = {"units": 8, "clip_seconds": 2.0, "learning_rate": 1e-3}
    options = {"protocol": "track", "seed": 3, "augment": False, **changes}
    settings = Settings("genre", "bgru", "smoke", options)
    words = shlex.split(as_papermill(settings, tones, corpus_seed=1))
    given = dict(zip(words[4::3], words[5::3], strict=True))
    notebook = workbook.NOTEBOOKS / words[1]
    assert set(given) <= set(execution.parameters_of(notebook))
    source = "\n".join(cell.source for cell in nbformat.read(notebook, 4).cells[3:6])
    assert all(name in source for name in ("TRAINING_SEED", *(name.upper() for name in changes)))
    expected = {"GENRE": str(tones.root), "SEED": "1", "TRAINING_SEED": "3", "UNITS": "8", "AUGMENT": "False"}
    assert expected.items() <= given.items()


@pytest.mark.slow
def test_the_same_as_a_command_trains_the_same(laboratory, genre, tmp_path):
    papermill = pytest.importorskip("papermill")
    laboratory.controls["epochs"].value = 2
    laboratory.train.click()
    wait(laboratory)
    words = shlex.split(as_papermill(laboratory.settings, genre))
    given = dict(zip(words[4::3], words[5::3], strict=True)) | {"MOOD": str(genre.root)}
    given = {name: workbook.parse_literal(value) for name, value in given.items()}
    notebook = papermill.execute_notebook(
        workbook.NOTEBOOKS / words[1], tmp_path / "out.ipynb", given, cwd=workbook.NOTEBOOKS, progress_bar=False
    )
    assert laboratory.runs[-1].id in str(notebook.cells)


def test_stop_keeps_the_best_weights_so_far(laboratory):
    laboratory.controls["profile"].value = "quick"
    laboratory.controls["epochs"].value = 60
    laboratory.controls["seed"].value = 11
    laboratory.train.click()
    while not laboratory.curves.value:
        assert Laboratory.running, laboratory.status.value
        time.sleep(0.02)
    laboratory.stop.click()
    wait(laboratory)
    run = laboratory.runs[-1]
    assert 1 <= run.config["stopped"] == len(run.history) < 60
    assert f"Stopped after {len(run.history)} whole" in laboratory.status.value and "stopped" in table_of(laboratory)


def test_a_fault_is_reported_and_the_next_training_works(laboratory, monkeypatch):
    monkeypatch.setattr(training, "train", lambda *_, **__: 1 / 0)
    laboratory.train.click()
    wait(laboratory)
    assert "ZeroDivisionError" in laboratory.status.value
    monkeypatch.undo()
    laboratory.train.click()
    wait(laboratory)
    assert "Kept as" in laboratory.status.value


@pytest.mark.slow
def test_runs_are_sorted_compared_and_found_again(laboratory):
    for seed in (21, 22, 21):  # the last is found, not listed twice
        assert "there already" not in laboratory.status.value
        laboratory.controls["seed"].value = seed
        laboratory.train.click()
        wait(laboratory)
    assert "there already" in laboratory.status.value
    assert len(laboratory.compared.value) == len(laboratory.runs) == 2
    both = laboratory.comparison.value
    laboratory.compared.value = (0,)
    assert laboratory.comparison.value != both
    laboratory.sort_by.value = "run"
    assert table_of(laboratory).index("seed 21") < table_of(laboratory).index("seed 22")


def test_the_session_outlasts_the_cell_that_shows_the_laboratory(laboratory, genre):
    for seed in (21, 22):
        laboratory.controls["seed"].value = seed
        laboratory.train.click()
        wait(laboratory)
    first, second = laboratory.runs
    before = training.train(genre, "conv", "smoke", "track", seed=0)
    again = Laboratory({"genre": genre}, ("conv",), [before, second])  # of the notebook, one of them trained here too
    assert [run.id for run in again.runs] == [before.id, first.id, second.id]
    assert table_of(again).count("<tr>") == 3 and len(again.compared.value) == 3
    other = replace(genre, tracks=genre.tracks.iloc[1:])
    assert Laboratory({"genre": other}, ("conv",)).runs == []


def test_only_one_trains_at_a_time(laboratory):
    with TRAINING:
        laboratory.train.click()
        assert "Another laboratory" in laboratory.status.value


def test_without_a_front_end_it_is_a_picture(laboratory):
    bundle, about = laboratory._repr_mimebundle_()
    assert bundle["image/png"].startswith("iVBOR") and about["image/png"]["alt"]


def test_runs_that_differ_in_augmentation_alone_have_names_of_their_own(genre):
    run = training.train(genre, "conv", "smoke", "track", seed=0)
    other = replace(run, config=run.config | {"augment": not run.config["augment"]})
    assert run_name(other) == f"{run_name(run)}, augmentation off"
