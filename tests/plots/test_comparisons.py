"""What the notebooks 07 and 08 draw and say: true of made-up runs, also where classes or sides are missing."""

import numpy as np
import pandas as pd
import pytest

from mercore import evaluation, plots
from mercore.evaluation import published
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
        for n, key in enumerate(published.networks())
    }


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
    differences = pd.DataFrame(
        {"difference": [0.1, -0.2, 0.05], "low": [0.02, -0.3, -0.1], "high": [0.2, -0.1, 0.2]},
        index=pd.MultiIndex.from_tuples([("genre", "a"), ("genre", "b"), ("mood", "c")]),
    )
    drawn = [
        plots.plot_differences(differences),
        plots.plot_right_per_track({"genre": of_task.values()}),
        plots.plot_recalls({"genre": recalls}, {"genre": pd.Series({"a": 2, "b": 2})}),
        plots.plot_votes({"genre": table, "mood": table}),
        plots.plot_costs({"genre": costs, "mood": costs}),
        plots.plot_intervals(intervals),
    ]
    for number, fig in enumerate(drawn):
        assert not plots.is_blank(plots.save(fig, f"further{number}", plots.Provenance.of(*of_task.values())))
    dashes = [text for text in drawn[2].axes[0].texts if text.get_text() == "–"]
    assert len(dashes) == len(of_task)  # class c has no test track
