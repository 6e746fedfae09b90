"""Plots of results: accuracies, confusion matrices, annex tables. Explained in 07_results."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from mercore import evaluation
from mercore.corpora.labels import class_label
from mercore.evaluation import published
from mercore.plots.style import (
    INK,
    NETWORK_NAMES,
    PAIR,
    SIDE_COLOURS,
    SIDE_NAMES,
    SINGLE,
    SMALL,
    add_caption,
    add_title,
    figure_of,
    new_figure,
    styled,
)

LEAK = "clips of one track on both sides"


@styled
def plot_accuracies(summary: pd.DataFrame, task: str, classes=(), protocol: str = "", title: str = "") -> Figure:
    """Training, validation and test accuracy of the networks, with 95 % intervals on test (figures 7 and 8).

    `summary`: from `evaluation.summarise`. Where `classes` are the report's, its own values are marked too.
    """
    report = published.accuracy(task) if published.has_classes(task, classes) else None
    networks = [key for key in published.ORDER if key in summary.index]
    fig, ax = new_figure(PAIR, 4.6)
    places = np.arange(len(networks))
    width = 0.26
    for i, side in enumerate(evaluation.SIDES):
        heights = summary.loc[networks, side].to_numpy(float)
        x = places + (i - 1) * width
        ax.bar(x, heights, width * 0.94, color=SIDE_COLOURS[side])
        if side == "test":
            low, high = summary.loc[networks, "low"], summary.loc[networks, "high"]
            whiskers = np.vstack([heights - low, high - heights]).clip(min=0)
            ax.errorbar(x, heights, whiskers, fmt="none", ecolor=INK, elinewidth=1.3, capsize=3.5)
        if report is not None:
            values = report.loc[networks, side]
            ax.hlines(values, x - width * 0.47, x + width * 0.47, color="black", linewidth=1.6)
            ax.plot(x - width * 0.28, values, "D", color="white", markeredgecolor="black", markersize=4.5)
    if len(classes):
        ax.axhline(1 / len(classes), color=INK, linewidth=0.9, linestyle=(0, (4, 3)), zorder=0.5)
    handles = [Patch(color=SIDE_COLOURS[s], label=f"{SIDE_NAMES[s]} (ours)") for s in evaluation.SIDES]
    handles.append(Line2D([], [], color=INK, marker="|", label="95 % interval of test (ours)"))
    if report is not None:
        name = f"the report's ({published.dataset(task)}, split by {published.PROTOCOL})"
        handles.append(Line2D([], [], color="black", marker="D", markerfacecolor="white", label=name))
    if len(classes):
        handles.append(
            Line2D([], [], color=INK, linewidth=0.9, linestyle=(0, (4, 3)), label=f"chance, 1 in {len(classes)}")
        )
    ax.legend(
        handles=handles,
        ncols=len(handles),
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        columnspacing=1.1,
        handlelength=1.6,
        borderaxespad=0.2,
    )
    ax.set(ylim=(0, 1.02), ylabel="accuracy (share of clips)", xlim=(-0.5, len(networks) - 0.5))
    ax.set_xticks(places, [NETWORK_NAMES[key] for key in networks])
    ax.tick_params(axis="x", length=0, labelsize=SMALL + 1)
    ax.grid(axis="y")
    add_title(fig, title or f"Accuracy of the networks: {task}")
    whiskers = "Whiskers: 95 % interval from resampling whole artists (tracks where the artist isn't known)."
    add_caption(fig, " ".join(filter(None, [whiskers, _compare(protocol) if report is not None else ""])))
    return fig


def _compare(protocol: str) -> str:
    """How far the report's numbers may be compared with ours."""
    if protocol == published.PROTOCOL:
        return f"Both split by clip: {LEAK}, so neither says how well new music is recognised."
    return (
        f"Protocols differ: the report split by clip ({LEAK}), ours by {protocol or 'track or artist'}; "
        "its numbers are expected to be higher for that alone."
    )


@styled
def plot_confusion(
    counts: pd.DataFrame, title: str = "", ax=None, colour_bar: bool = True, labels: bool = True
) -> Figure:
    """One confusion matrix: rows true, columns predicted; counts as text, share of the row as colour."""
    n = len(counts)
    fig, ax = figure_of(ax, SINGLE, 4.4 if n <= 5 else max(5.6, 0.22 * n + 1.6))
    totals = counts.to_numpy().sum(axis=1, keepdims=True)
    shares = np.divide(counts.to_numpy(), totals, out=np.zeros(counts.shape), where=totals > 0) * 100
    image = ax.imshow(shares, cmap="Blues", vmin=0, vmax=100, aspect="auto")
    for (row, column), share in np.ndenumerate(shares):
        count = counts.iat[row, column]
        if count or n <= 12:
            colour = "white" if share > 55 else "black" if count else "#999999"
            weight = "bold" if row == column else "normal"
            ax.text(column, row, f"{count}", ha="center", va="center", size=SMALL, color=colour, weight=weight)
    names = [class_label(name, lines=True) for name in counts.index]
    longest = max(len(line) for name in names for line in name.splitlines())
    flat = 0.07 * longest < 4 / n  # as wide as a column of a panel
    turn = {} if flat else {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
    ax.set_xticks(range(n), names, **turn)
    ax.set_yticks(range(n), names)
    ax.set_xticks(np.arange(-0.5, n), minor=True)
    ax.set_yticks(np.arange(-0.5, n), minor=True)
    ax.grid(which="minor", color="white", linewidth=1)
    ax.tick_params(which="both", length=0)
    ax.spines[:].set_visible(False)
    ax.set(xlabel="predicted", ylabel="true" if labels else "")
    ax.set_title(title)
    if colour_bar:
        fig.colorbar(image, ax=ax, shrink=0.8, label="share of the true class (%)")
    return fig


@styled
def plot_run_confusion(run, title: str = "") -> Figure:
    """A run's test clips as a confusion matrix, with the report's beside it where its classes are the same.

    Figures 13 to 26. Ours is in the order Q1 to Q4 for moods, the report's as it printed it.
    """
    task, key, protocol = run.corpus["task"], run.config["network"], run.config["protocol"]
    test = run.side("test")
    counts = evaluation.confusion(test, run.classes)
    ours = f"Ours: {run.corpus['name']}, split by {protocol}\n{_scored(counts)}"
    name = title or f"{task.capitalize()}: {NETWORK_NAMES[key].replace(chr(10), ' ')}"
    if not published.has_classes(task, run.classes):
        fig = plot_confusion(counts, ours)
        add_title(fig, name)
        return fig
    large = len(counts) > 5
    height = 4.9 if large else 4.6
    fig, (left, right, bar) = new_figure(PAIR, height, 1, 3, width_ratios=(1, 1, 0.03))
    plot_confusion(counts, ours, left, colour_bar=False)
    printed = published.confusion(task, key)
    theirs = f"The report's: {published.dataset(task)}, split by {published.PROTOCOL}\n{_scored(printed)}"
    plot_confusion(printed, theirs, right, colour_bar=False, labels=False)
    fig.colorbar(right.images[0], cax=bar, label="share of the true class (%)")
    add_title(fig, name)
    remark = ""
    if task == "mood":
        remark = (
            "The report's classes are named and ordered as it printed them; its 'Relaxed' and 'Annoying' may "
            "be swapped (see 07_results)."
        )
    add_caption(fig, f"Numbers are clips. {_compare(protocol)} {remark}")
    return fig


def _scored(counts: pd.DataFrame) -> str:
    n = int(counts.to_numpy().sum())
    return f"{100 * np.trace(counts.to_numpy()) / n:.1f} % of {n:,} test clips right" if n else "no test clips"


def annex_table(summary: pd.DataFrame, task: str, classes=(), source: str = "ours") -> pd.DataFrame:
    """Annex 1 or 2: ours and, where `classes` are the report's, the report's own, in its layout.

    `source` names ours in the index, e.g. "embedded genre, split by artist".
    """
    rows = {
        "Training": "train",
        "Validation": "validation",
        "Test": "test",
        "Test, 95 % from": "low",
        "Test, 95 % to": "high",
        "Tracks tested": "tracks",
        "Clips tested": "clips",
        "Parameters": "parameters",
    }
    names = published.accuracy("genre")["printed_name"]
    ours = summary.reindex([key for key in published.ORDER if key in summary.index])[list(rows.values())]
    parts = {source: ours.rename(index=names, columns={column: row for row, column in rows.items()}).T}
    if published.has_classes(task, classes):
        theirs = published.annex(task)
        parts[f"the report: {published.dataset(task)}, split by {published.PROTOCOL}"] = theirs
    table = pd.concat(parts, names=["Source", "Accuracy"]).rename_axis(columns=None).round(4).astype(object)
    counts = table.index.get_level_values("Accuracy").isin(["Tracks tested", "Clips tested", "Parameters"])
    table[counts] = table[counts].map(lambda count: count if pd.isna(count) else int(count))
    return table
