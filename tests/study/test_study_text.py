"""The fixed sentences of notebook 07 on the report's own numbers are those of its annexes and matrices."""

import json

import numpy as np
import pandas as pd

from mercore import PROJECT
from mercore.evaluation import published


def prose():
    cells = json.loads((PROJECT / "notebooks" / "07_results.ipynb").read_text(encoding="utf-8"))["cells"]
    return " ".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown").replace("\n", " ")


def test_no_two_networks_of_the_report_were_tested_on_the_same_clips():
    for task in ("genre", "mood"):
        rows = pd.DataFrame({key: published.confusion(task, key).sum(axis=1) for key in published.networks()}).T
        assert len(rows.drop_duplicates()) == 7
    assert "seven different rows for seven networks" in prose()


def test_the_best_mood_networks_of_the_report():
    mood, text = published.accuracy("mood"), prose()
    assert mood["test"].idxmax() == "conv_blstm" and mood["validation"].idxmax() == "conv"
    for value in (mood["test"].max(), mood.loc["conv", "test"], mood["validation"].max()):
        assert f"{value:.4f}".lstrip("0") in text
    (right, n), (right_conv, n_conv) = (
        published.test_counts("mood", "conv_blstm"),
        published.test_counts("mood", "conv"),
    )
    assert f"{right} of {n} against {right_conv} of {n_conv}" in text
    share, share_conv = right / n, right_conv / n_conv
    error = 1.96 * np.sqrt(share * (1 - share) / n + share_conv * (1 - share_conv) / n_conv)
    gap = share - share_conv
    assert f"a difference of {100 * gap:+.1f} points" in text
    assert f"of {100 * (gap - error):+.1f} to {100 * (gap + error):+.1f} points" in text


def test_what_speaks_for_swapped_mood_names():
    best = []
    for key in published.networks():
        matrix = published.confusion("mood", key).to_numpy()
        best.append(int((np.diag(matrix) / matrix.sum(axis=1)).argmax()))
        mixed = np.triu(matrix + matrix.T, k=1)
        assert mixed.argmax() == mixed.shape[1] * 2 + 3  # the third and fourth class
    assert best.count(1) == 5
    assert (
        "has the highest recall in five of seven matrices; the third and fourth are confused most in all seven"
        in prose()
    )
