"""Sentences about a run: true of it, also where there is nothing to say."""

import numpy as np
import pandas as pd
import pytest

from mercore.evaluation.text import percent
from mercore.plots import text as wording
from mercore.training.runs import Run


def run(rows, key="conv", task="genre", classes=("a", "b", "c"), history=None):
    """A run with these (track, label, predicted, side) clips."""
    predictions = pd.DataFrame(rows, columns=["track", "label", "predicted", "side"])
    predictions["artist"], predictions["start"] = "", predictions.groupby("track").cumcount() * 3.0
    if history is None:
        history = {"loss": [2.0, 1.0], "val_loss": [2.0, 1.5], "chosen": [False, True], "seconds": [1.0, 3.0]}
    return Run(
        {"network": key, "epochs": 12, "protocol": "track"},
        {"task": task, "classes": list(classes), "name": "made up"},
        pd.DataFrame(history),
        predictions,
        {"training": 4.0},
    )


GOOD = [("t1", "a", "a", "test"), ("t1", "a", "a", "test"), ("t2", "b", "c", "test"), ("t2", "b", "b", "test")]


def test_accuracy():
    text = wording.tell_accuracy(run(GOOD))
    assert "75.0 % of the 4 test clips from 2 tracks are right" in text
    assert "Guessing among 3 classes gives 33.3 %" in text
    assert "report" not in text
    genres = ("blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock")
    known = run([("t", "rock", "rock", "test")], classes=genres)
    assert "The report printed 68.2 % on GTZAN, split by clip." in wording.tell_accuracy(known)


def test_confusion():
    text = wording.tell_confusion(run(GOOD))
    assert "Found best: a (100.0 % of the clips); worst: b (50.0 %)" in text
    assert "b taken for c (1 clip of 1 track)" in text
    assert "Not tested, as no clip of theirs is on the test side: c." in text


def test_confusion_without_errors():
    text = wording.tell_confusion(run([("t1", "a", "a", "test"), ("t2", "b", "b", "test")]))
    assert "equally often: 100.0 %" in text
    assert "No clip was taken for another class." in text


def test_nothing_tested():
    empty = run([("t1", "a", "a", "train")])
    assert "no clip could be tested" in wording.tell_accuracy(empty)
    assert "No clip could be tested" in wording.tell_confusion(empty)
    assert "nothing to compare" in wording.tell_difference(empty, empty)


@pytest.mark.parametrize(
    ("train", "validation", "said"),
    [(10, 5, "50 points apart"), (5, 10, "validation is the higher one"), (8, 8, "the two are close")],
)
def test_training(train, validation, said):
    rows = [("t1", "a", "a" if i < train else "b", "train") for i in range(10)]
    rows += [("t2", "a", "a" if i < validation else "b", "validation") for i in range(10)]
    text = wording.tell_training(run(rows))
    assert said in text
    assert "2 of at most 12 epochs" in text
    assert "those of epoch 2 (validation loss 1.50)" in text


def test_training_without_a_validation_side():
    history = {"loss": [2.0], "chosen": [True], "seconds": [1.0]}
    assert "no validation side" in wording.tell_training(run(GOOD, history=history))


def test_difference():
    worse = [(track, label, "c", side) for track, label, _, side in GOOD]
    text = wording.tell_difference(run(GOOD), run(worse, "bgru"))
    assert "75.0 points more for Convolutional" in text
    assert "only Convolutional gets 3 right and only Bidirectional GRU 0" in text
    assert ": equal." in wording.tell_difference(run(GOOD), run(GOOD))


def test_percent():
    assert percent(0.615) == "61.5 %"
    assert percent(np.nan) == "unknown"
