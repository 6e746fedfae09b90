"""Sentences about a run are true of it, also where nothing was tested."""

import numpy as np
import pandas as pd

from mercore.evaluation.text import percent
from mercore.plots.text import describe_accuracy
from mercore.training.runs import Run


def make_run(rows, classes=("a", "b", "c")):
    """Make a run with these (track, label, predicted, side) clips."""
    predictions = pd.DataFrame(rows, columns=["track", "label", "predicted", "side"])
    predictions["artist"], predictions["start"] = "", predictions.groupby("track").cumcount() * 3.0
    config = {"network": "conv", "epochs": 12, "protocol": "track"}
    corpus = {"task": "genre", "classes": list(classes), "name": "made up"}
    return Run(config, corpus, pd.DataFrame(), predictions, {"training": 4.0})


def test_accuracy_is_described_with_its_interval_and_chance():
    rows = [("t1", "a", "a", "test"), ("t1", "a", "a", "test"), ("t2", "b", "c", "test"), ("t2", "b", "b", "test")]
    text = describe_accuracy(make_run(rows))
    assert "75.0 % of the 4 test clips from 2 tracks are right" in text
    assert "Guessing among 3 classes gives 33.3 %" in text
    assert "report" not in text


def test_the_report_is_quoted_where_the_classes_are_the_same():
    genres = ("blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock")
    known = make_run([("t", "rock", "rock", "test")], classes=genres)
    assert "The report printed 68.2 % on GTZAN, split by clip." in describe_accuracy(known)


def test_a_run_without_a_test_side_is_described():
    assert "no clip could be tested" in describe_accuracy(make_run([("t1", "a", "a", "train")]))


def test_percent():
    assert percent(0.615) == "61.5 %"
    assert percent(np.nan) == "unknown"
