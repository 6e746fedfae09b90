from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from mercore import networks
from mercore.study import claims

SIDES = {"train": 800, "validation": 400, "test": 800}


def runs_of(task, classes, accuracy, seed=0):
    """A run of each network, right with the probability given for (network, side), or network, or with 0.7.

    What is hard for one is mostly hard for all.
    """
    rng = np.random.default_rng(seed)
    hardness = {side: rng.random(n) for side, n in SIDES.items()}
    runs = {}
    for key in networks.names():
        parts = []
        for side, n in SIDES.items():
            label = np.array(classes)[np.arange(n) % len(classes)]
            own = np.where(rng.random(n) < 0.05, rng.random(n), hardness[side])
            right = own < accuracy.get((key, side), accuracy.get(key, 0.7))
            wrong = np.array(classes)[(np.arange(n) + 1 + rng.integers(len(classes) - 1, size=n)) % len(classes)]
            parts.append(
                pd.DataFrame({
                    "track": [f"{side}{i // 5}" for i in range(n)], "label": label, "artist": "", "start": 0.0,
                    "side": side, "predicted": np.where(right, label, wrong),
                })
            )  # fmt: skip
        predictions = pd.concat(parts)
        runs[key] = [SimpleNamespace(
            side=lambda name, p=predictions: p[p["side"] == name],
            parameters=1000 if key.endswith("gru") else 1300,
            classes=tuple(classes),
        )]  # fmt: skip
    return runs


def settled(genre=None, mood=None, **more):
    runs = {
        "genre": runs_of("genre", ["rock", *"abcdefghi"], genre or {}),
        "mood": runs_of("mood", ["Q1", "Q2", "Q3", "Q4"], mood or {}),
    }
    return claims.evaluate_claims(runs, **more).set_index("number")


def test_all_fifteen_claims_are_settled_once():
    table = settled()
    assert list(table.index) == list(range(1, 16))
    assert set(table["verdict"]) <= {claims.HOLDS, claims.FAILS, claims.UNDECIDED}
    assert list(table.index[table["contradicted"]]) == [2, 9, 12]


@pytest.mark.parametrize(
    ("number", "task", "accuracy", "verdict"),
    [
        (1, "genre", {"end2end": 0.95, "end2end_gru": 0.95}, claims.HOLDS),
        (1, "genre", {"end2end": 0.4}, claims.FAILS),
        (1, "genre", {}, claims.UNDECIDED),
        (2, "genre", {("conv_blstm", "train"): 0.99}, claims.HOLDS),
        (2, "genre", {("bgru", "train"): 0.99}, claims.FAILS),
        (3, "genre", {("conv_blstm", "train"): 0.99}, claims.HOLDS),
        (3, "genre", {("conv_blstm", "train"): 0.3}, claims.FAILS),
        (4, "genre", {}, claims.HOLDS),
        (4, "genre", {"end2end_gru": 0.4}, claims.FAILS),
        (6, "mood", {("conv_bgru", "train"): 0.99}, claims.HOLDS),
        (7, "mood", {}, claims.HOLDS),
        (7, "mood", {"conv_blstm": 0.9}, claims.FAILS),
        (9, "mood", {"conv": 0.95}, claims.HOLDS),
        (9, "mood", {"bgru": 0.95}, claims.FAILS),
        (10, "mood", {"end2end": 0.3, "end2end_gru": 0.3}, claims.HOLDS),
        (10, "mood", {"end2end": 0.95}, claims.FAILS),
        (11, "mood", {}, claims.FAILS),
        (13, "mood", {}, claims.HOLDS),
        (13, "mood", {"bgru": 0.4}, claims.FAILS),
    ],
)
def test_verdicts_follow_the_intervals(number, task, accuracy, verdict):
    assert settled(**{task: accuracy}).at[number, "verdict"] == verdict


def test_mood_is_harder_only_on_the_common_scale():
    table = settled(genre=dict.fromkeys(networks.names(), 0.9), mood=dict.fromkeys(networks.names(), 0.5))
    assert table.at[8, "verdict"] == claims.HOLDS
    table = settled(genre=dict.fromkeys(networks.names(), 0.5), mood=dict.fromkeys(networks.names(), 0.9))
    assert table.at[8, "verdict"] == claims.FAILS


def test_what_is_not_at_hand_stays_undecided():
    table = claims.evaluate_claims({"mood": runs_of("mood", ["Q1", "Q2"], {})}).set_index("number")
    assert table.loc[[1, 2, 3, 4, 5, 8, 13, 14, 15], "verdict"].eq(claims.UNDECIDED).all()
    assert table.at[1, "found"] == "nothing tested on genre"


@pytest.mark.slow
def test_snippets_and_learning_curves_are_judged():
    labels = np.repeat(["Q1", "Q2", "Q3", "Q4"], 20)
    snippets = pd.DataFrame({"task": "mood", "label": labels, "predicted": labels, "section": np.repeat(range(8), 10)})
    rng = np.random.default_rng(0)
    mostly = np.where(rng.random(80) < 0.2, "Q1", labels)
    assert settled(snippets=snippets.assign(predicted=mostly)).at[14, "verdict"] == claims.HOLDS
    assert settled(snippets=snippets.assign(predicted=rng.permutation(labels))).at[14, "verdict"] != claims.HOLDS

    def enough(*effects):
        curve = pd.DataFrame(effects, columns=["difference", "low", "high"], index=["genre", "mood"][: len(effects)])
        return settled(curve=curve).at[15, "verdict"]

    more, same, less, unknown = (0.1, 0.06, 0.14), (0.0, -0.03, 0.04), (-0.12, -0.2, -0.03), (0.0, np.nan, np.nan)
    assert enough(more) == enough(more, same) == claims.FAILS
    assert enough(same) == enough(less) == enough(same, less) == claims.HOLDS
    assert enough(same, unknown) == enough((0.05, -0.01, 0.11)) == claims.UNDECIDED


def test_the_spread_of_recalls():
    even = pd.DataFrame({"track": [f"t{i}" for i in range(80)], "artist": "", "label": ["a", "b"] * 40})
    even["predicted"] = np.where(np.arange(80) % 8 < 6, even["label"], "a")
    uneven = even.assign(predicted=np.where(even["label"] == "a", "a", "a"))
    estimate, low, high = claims.recall_spread(even, uneven)
    assert estimate == pytest.approx(0.5 - np.std([1.0, 0.75]), abs=1e-9)
    assert 0 < low <= estimate <= high


def test_a_gap_of_two_accuracies():
    estimate, low, high = claims.unpaired_difference((0.9, 0.8, 0.95), (0.5, 0.4, 0.6))
    assert estimate == pytest.approx(0.4)
    assert low == pytest.approx(0.4 - np.hypot(0.1, 0.1))
    assert high == pytest.approx(0.4 + np.hypot(0.05, 0.1))
