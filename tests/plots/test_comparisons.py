"""What the notebooks 07 and 08 draw and say: true of made-up runs, also where classes or sides are missing."""

import numpy as np
import pandas as pd
import pytest

from mercore import evaluation, plots
from mercore.evaluation import published
from mercore.study import results_text
from mercore.training import runs


def make_run(key, right, classes=("a", "b", "c"), sides=("train", "validation", "test"), task="genre"):
    """A run whose clip i of each track is right where right(track number, i); class c is never tested."""
    rows = []
    for number in range(12):
        side, label = sides[number % len(sides)], classes[number // 3 % (len(classes) - 1)]
        for i in range(5):
            wrong = classes[(classes.index(label) + 1) % len(classes)]
            predicted = label if right(number, i) else wrong
            rows.append((f"t{number}", label, f"x{number // 6}", 3.0 * i, side, predicted))
    table = pd.DataFrame(rows, columns=["track", "label", "artist", "start", "side", "predicted"])
    for name in classes:
        table[f"p_{name}"] = np.where(table["predicted"] == name, 0.8, 0.1)
    history = pd.DataFrame({"seconds": [9.0, 2.0, 4.0], "chosen": [False, True, False]})
    corpus = {"name": "own", "task": task, "classes": list(classes), "untestable": [classes[-1]]}
    config = {"network": key, "protocol": "track", "protocol_asked": "auto", "seed": 0, "profile": "quick"}
    return runs.Run(config, corpus, history, table, {"training": 15.0}, ("no artist is known",), 1000)


def make_runs(**options):
    return {
        key: make_run(key, lambda track, i, n=n: (track * 7 + i * (n % 3) + n) % 5 > 1, **options)
        for n, key in enumerate(published.ORDER)
    }


@pytest.mark.parametrize("sides", [("train", "validation", "test"), ("train", "test")])
def test_every_sentence_on_runs_holds_where_a_side_or_a_class_is_missing(sides):
    of_task = make_runs(sides=sides)
    summary = evaluation.summarise(of_task.values())
    run = of_task["conv"]
    recalls = pd.DataFrame(
        {k: evaluation.per_class(r.side("test"), r.classes)["recall"] for k, r in of_task.items()}
    ).T
    said = [
        results_text.tell_runs(of_task),
        results_text.tell_choice(summary, "genre"),
        results_text.tell_chance(summary, run),
        results_text.tell_gaps(summary, "genre"),
        results_text.tell_recalls(recalls, "genre"),
    ]
    assert "Not tested, for want of tracks or artists: c." in said[0] and "(asked for: `auto`)" in said[0]
    assert ("training accuracy one would choose" in said[1]) == ("validation" not in sides)
    assert ("nothing validates" in said[3]) == ("validation" not in sides)
    assert not any("nan" in text for text in said)


def test_choice_names_the_network_that_validation_prefers_not_the_best_on_test():
    by_validation = make_run("conv", lambda track, i: track % 3 == 1)  # right on validation tracks alone
    by_test = make_run("bgru", lambda track, i: track % 3 == 2)
    text = results_text.tell_choice(evaluation.summarise([by_validation, by_test]), "genre")
    assert "one would choose Conv, which gets 0.0 %" in text and "100.0 %, is that of BGRU" in text


def test_differences_are_counted_by_the_side_of_zero_that_their_interval_lies_on():
    table = pd.DataFrame(
        {"difference": [0.1, -0.2, 0.05], "low": [0.02, -0.3, -0.1], "high": [0.2, -0.1, 0.2]},
        index=pd.MultiIndex.from_tuples([("genre", "a"), ("genre", "b"), ("mood", "c")]),
    )
    text = results_text.tell_differences(table)
    assert "Of 3 pairs the GRU has the higher test accuracy in 2, the LSTM in 1." in text
    assert "GRU's side in 1, wholly on the LSTM's in 1, and includes 0 in 1" in text
    assert not plots.is_blank(plots.save(plots.plot_differences(table), "d", plots.Provenance("own")))


@pytest.fixture(autouse=True)
def _own(own_folders):
    """Nothing is written to the project."""


def test_plots_of_comparisons_are_drawn_with_untested_classes():
    of_task = make_runs()
    recalls = pd.DataFrame(
        {k: evaluation.per_class(r.side("test"), r.classes)["recall"] for k, r in of_task.items()}
    ).T
    table = pd.DataFrame({"clips": 0.5, "tracks": 0.6, "low": 0.3, "high": 0.8}, index=list(of_task))
    costs = table.assign(**{"parameters": 9000, "seconds per epoch": 2.0, "accuracy": 0.5})
    rows = [("genre", key, unit, 0.5, 0.4, 0.6) for key in of_task for unit in ("clips", "tracks", "artists")]
    intervals = pd.DataFrame(rows, columns=["task", "network", "unit", "accuracy", "low", "high"])
    drawn = [
        plots.plot_right_per_track({"genre": of_task.values()}),
        plots.plot_recalls({"genre": recalls}, {"genre": pd.Series({"a": 2, "b": 2})}),
        plots.plot_votes({"genre": table, "mood": table}),
        plots.plot_costs({"genre": costs, "mood": costs}),
        plots.plot_intervals(intervals),
    ]
    for number, fig in enumerate(drawn):
        assert not plots.is_blank(plots.save(fig, f"further{number}", plots.Provenance.of(*of_task.values())))
    dashes = [text for text in drawn[1].axes[0].texts if text.get_text() == "–"]
    assert len(dashes) == len(of_task)  # class c has no test track


def test_report_statements_are_those_of_its_annexes():
    assert "7 different rows for 7 networks, with 999 clips" in results_text.tell_report_tests("genre")
    text = results_text.tell_report_mood_best()
    assert "Conv + BLSTM has the highest *test* accuracy, 0.6200; Conv has 0.5889" in text
    assert "272 of 438 against 265 of 450, a difference of +3.2 points" in text
