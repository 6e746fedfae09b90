"""Accuracies, their intervals, matrices and votes against values known or simulated."""

import numpy as np
import pandas as pd
import pytest

from mercore import evaluation
from mercore.training.runs import Run


def predictions_of(rows, side="test", artist=""):
    """Predictions from (track, label, predicted) rows."""
    table = pd.DataFrame(rows, columns=["track", "label", "predicted"])
    return table.assign(artist=artist, side=side, start=np.arange(len(table)) * 3.0)


def simulate(rng, n_groups, clips, spread):
    """Clips of artists whose own accuracies scatter around 0.7."""
    rates = rng.beta(0.7 * spread, 0.3 * spread, n_groups)
    hits = rng.random((n_groups, clips)) < rates[:, np.newaxis]
    names = np.repeat([f"a{i}" for i in range(n_groups)], clips)
    table = pd.DataFrame({"track": names, "artist": names, "label": "x"})
    return table.assign(predicted=np.where(hits.ravel(), "x", "y"))


def test_wilson_against_a_published_value():
    # Newcombe 1998 (Statistics in Medicine 17), table I: 81 of 263 gives .2553 to .3662.
    assert evaluation.wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert evaluation.wilson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize("n_groups", [10, 40])
def test_interval_covers_the_truth_about_as_often_as_it_says(n_groups):
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(120):
        _, low, high = evaluation.accuracy_interval(simulate(rng, n_groups, 10, 4), draws=300)
        hits += low <= 0.7 <= high
    assert 0.88 <= hits / 120 <= 0.995


def test_clips_of_an_artist_are_not_independent():
    table = simulate(np.random.default_rng(0), 20, 20, 1.5)
    _, low, high = evaluation.accuracy_interval(table)
    alone = table.assign(artist="", track=np.arange(len(table)).astype(str))
    _, narrow_low, narrow_high = evaluation.accuracy_interval(alone)
    assert high - low > 2 * (narrow_high - narrow_low)


def test_interval_at_the_edges():
    right = predictions_of([(f"t{i}", "x", "x") for i in range(10)])
    assert evaluation.accuracy_interval(right) == pytest.approx((1.0, *evaluation.wilson(10, 10)))
    one = predictions_of([("t", "x", "x"), ("t", "x", "y")])
    estimate, low, high = evaluation.accuracy_interval(one)
    assert estimate == 0.5
    assert high - low > 0.8  # one track says next to nothing
    assert np.isnan(evaluation.accuracy_interval(right.iloc[:0])).all()


def test_the_interval_of_a_difference_resamples_groups():
    values = pd.Series([0.2, 0.4, 0.1, 0.3] * 10)
    alone = evaluation.mean_interval(values, pd.Series(range(40)))
    fours = evaluation.mean_interval(values, pd.Series(np.arange(40) // 4))
    assert alone[0] == fours[0] == pytest.approx(0.25)
    assert alone[1] < 0.25 < alone[2]
    assert np.isnan(fours[1:]).all(), "all groups alike: resampling them can't tell how sure this is"


def test_same_seed_same_interval():
    table = simulate(np.random.default_rng(0), 8, 5, 4)
    assert evaluation.accuracy_interval(table, seed=3) == evaluation.accuracy_interval(table, seed=3)
    assert evaluation.accuracy_interval(table, seed=3) != evaluation.accuracy_interval(table, seed=4)


def test_confusion_counts_and_refuses_unknown_labels():
    table = predictions_of([("1", "a", "a"), ("2", "a", "b"), ("3", "b", "b")])
    counts = evaluation.confusion(table, ["b", "a", "c"])
    assert counts.to_numpy().tolist() == [[1, 0, 0], [1, 1, 0], [0, 0, 0]]
    assert evaluation.confusion(table.iloc[:0], ["a", "b"]).to_numpy().sum() == 0
    with pytest.raises(ValueError, match="b"):
        evaluation.confusion(table, ["a", "c"])


def test_scores_cover_the_classes_that_are_tested():
    table = predictions_of([("1", "a", "a"), ("2", "a", "a"), ("3", "a", "c"), ("4", "b", "b")])
    scores = evaluation.per_class(table, ["a", "b", "c"])
    assert scores.loc["a", ["precision", "recall", "n"]].tolist() == [1, pytest.approx(2 / 3), 3]
    assert np.isnan(scores.loc["c", "recall"])
    assert np.isnan(scores.loc["c", "f1"])
    assert scores["f1"].mean() == pytest.approx((0.8 + 1) / 2)
    assert evaluation.balanced_accuracy(table) == pytest.approx((2 / 3 + 1) / 2)


def test_vote_by_mean_and_by_majority():
    table = predictions_of([("t", "a", "a"), ("t", "a", "b"), ("t", "a", "b")])
    table[["p_a", "p_b"]] = [(0.99, 0.01), (0.45, 0.55), (0.45, 0.55)]
    assert evaluation.vote(table)["predicted"].tolist() == ["a"]
    majority = evaluation.vote(table, "majority")
    assert majority["predicted"].tolist() == ["b"]
    assert majority["clips"].tolist() == [3]
    assert majority["p_a"].tolist() == [pytest.approx(0.63)]
    tie = evaluation.vote(table.iloc[:2], "majority")
    assert tie["predicted"].tolist() == ["a"]
    with pytest.raises(ValueError, match="guess"):
        evaluation.vote(table, "guess")


def test_vote_keeps_the_sides_of_a_track_apart():
    table = predictions_of([("t", "a", "a"), ("t", "a", "b")]).assign(p_a=[0.9, 0.1], p_b=[0.1, 0.9])
    table["side"] = ["train", "test"]
    votes = evaluation.vote(table).set_index("side")["predicted"]
    assert votes.to_dict() == {"train": "a", "test": "b"}
    assert evaluation.accuracy_interval(evaluation.vote(table))[0] == 0.5


def run_of(network, predictions, fold=None):
    config = {"network": network, "protocol": "artist", "seed": 0, "profile": "quick", "fold": fold}
    return Run(
        config,
        {"name": "embedded genre", "task": "genre", "classes": ["a", "b"]},
        pd.DataFrame(),
        predictions,
        {"training": 10.0},
        parameters=7,
    )


def test_summarise_pools_folds():
    first = predictions_of([("1", "a", "a"), ("2", "b", "b")])
    second = predictions_of([("3", "a", "b"), ("4", "b", "b")])
    table = evaluation.summarise([run_of("conv", first, 0), run_of("conv", second, 1), run_of("bgru", first)])
    assert table.index.tolist() == ["conv", "bgru"]
    assert table.loc["conv", ["test", "tracks", "clips", "groups", "seconds"]].tolist() == [0.75, 4, 4, 4, 20]
    assert table.loc["bgru", "test"] == 1
    assert np.isnan(table.loc["conv", "train"])


def two_networks(right, right_2):
    """Test clips of two networks: one clip a track, whose hits are given as strings of 1 and 0."""
    label = pd.Series(["a"] * len(right))
    base = pd.DataFrame({"track": [f"t{i}" for i in range(len(right))], "label": label, "artist": "", "start": 0.0})
    return [base.assign(predicted=["a" if hit == "1" else "b" for hit in hits]) for hits in (right, right_2)]


def test_mcnemar_counts_only_where_the_networks_disagree():
    first, second = two_networks("1111110000", "1111111111")
    assert evaluation.mcnemar(first, second) == (0, 4, pytest.approx(2 * 0.5**4))
    assert evaluation.mcnemar(first, first) == (0, 0, 1.0)


def test_a_difference_is_paired():
    first, second = two_networks("1100" * 10, "1110" * 10)
    estimate, low, high = evaluation.difference_interval(first, second)
    assert estimate == pytest.approx(0.25)
    assert 0.08 < low < 0.25 < high < 0.45
    with pytest.raises(ValueError, match="the same clips"):
        evaluation.difference_interval(first, second.iloc[::-1])


def test_balanced_accuracy_and_its_interval():
    rng = np.random.default_rng(0)
    label = np.repeat(["many", "few"], [900, 100])
    right = rng.random(1000) < np.where(label == "many", 0.9, 0.3)
    table = pd.DataFrame({"label": label, "track": np.arange(1000).astype(str), "artist": ""})
    table["predicted"] = np.where(right, label, np.where(label == "many", "few", "many"))
    estimate, low, high = evaluation.balanced_interval(table)
    assert estimate == pytest.approx(evaluation.balanced_accuracy(table))
    assert low < 0.6 < high
    assert 0.06 < high - low < 0.14  # about 4 x sqrt(.3 x .7 / 100) / 2


def test_balanced_difference_is_of_recalls_averaged_over_classes():
    rng = np.random.default_rng(0)
    labels = np.repeat(["a", "b"], [150, 50])
    table = pd.DataFrame({"track": [f"t{i}" for i in range(200)], "label": labels, "artist": "", "start": 0.0})
    first = table.assign(predicted=np.where(rng.random(200) < 0.5, labels, "c"))
    second = table.assign(predicted=labels)
    estimate, low, high = evaluation.balanced_difference(first, second)
    assert estimate == pytest.approx(1 - evaluation.balanced_accuracy(first))
    assert low < estimate < high
    assert evaluation.balanced_difference(second, first)[0] == pytest.approx(-estimate)
