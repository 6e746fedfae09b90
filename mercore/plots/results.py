"""Plot results: accuracies, comparisons of networks; annex tables. Explained in 07_results.

Tables have a row per network key; `tables` and `runs` are by task.
"""

from collections.abc import Collection, Iterable

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from scipy import stats

from mercore import evaluation
from mercore.corpora.labels import class_label
from mercore.evaluation import published
from mercore.networks import names, short_title
from mercore.plots import style
from mercore.plots.confusion import compare_protocols, draw_heatmap
from mercore.plots.style import add_caption, add_title, get_axes, network_name, new_figure, styled

ANNEX_ROWS = {
    "train": "Training",
    "validation": "Validation",
    "test": "Test",
    "low": "Test, 95 % from",
    "high": "Test, 95 % to",
    "tracks": "Tracks tested",
    "clips": "Clips tested",
    "parameters": "Parameters",
}


@styled
def plot_accuracies(summary: pd.DataFrame, task: str, classes=(), protocol: str = "") -> Figure:
    """Plot training, validation and test accuracy of the networks, with 95 % intervals on test (figures 7 and 8).

    Args:
        summary: From `evaluation.summarise`.
        task: "genre" or "mood".
        classes: Names of the classes. Where they are the report's, its own values are marked too.
        protocol: How tracks were split, to compare with the report's.
    """
    report = published.accuracy(task) if published.has_classes(task, classes) else None
    networks = _sort_networks(summary.index)
    fig, ax = new_figure(style.PAIR, 4.6)
    width = 0.26
    handles: list[Artist] = []
    for n, side in enumerate(evaluation.SIDES):
        heights = summary.loc[networks, side].to_numpy(float)
        x = np.arange(len(networks)) + (n - 1) * width
        ax.bar(x, heights, width * 0.94, color=style.SIDE_COLOURS[side])
        handles.append(Patch(color=style.SIDE_COLOURS[side], label=f"{style.SIDE_NAMES[side]} (ours)"))
        if side == "test":
            ends = summary.loc[networks, ["low", "high"]].to_numpy(float).T
            whiskers = np.abs(ends - heights)
            ax.errorbar(x, heights, whiskers, fmt="none", ecolor=style.INK, elinewidth=1.3, capsize=3.5)
        if report is not None:
            values = report.reindex(networks)[side]
            ax.hlines(values, x - width * 0.47, x + width * 0.47, color="black", linewidth=1.6)
            ax.plot(x - width * 0.28, values, "D", color="white", markeredgecolor="black", markersize=4.5)
    handles.append(Line2D([], [], color=style.INK, marker="|", label="95 % interval of test (ours)"))
    if report is not None:
        name = f"the report's ({published.dataset(task)}, split by {published.PROTOCOL})"
        handles.append(Line2D([], [], color="black", marker="D", markerfacecolor="white", label=name))
    if len(classes):
        line = {"color": style.INK, "linewidth": 0.9, "linestyle": style.DASHED}
        label = f"chance, 1 in {len(classes)}"
        handles.append(ax.axhline(1 / len(classes), zorder=0.5, label=label, **line))
    place = {"loc": "lower left", "bbox_to_anchor": (0, 1), "ncols": len(handles), "borderaxespad": 0.2}
    ax.legend(handles=handles, columnspacing=1.1, handlelength=1.6, **place)
    ax.set(ylim=(0, 1.02), ylabel="accuracy (share of clips)", xlim=(-0.5, len(networks) - 0.5))
    ax.set_xticks(range(len(networks)), [short_title(key) for key in networks])
    ax.tick_params(axis="x", length=0, labelsize=style.SMALL + 1)
    ax.grid(axis="y")
    add_title(fig, f"Accuracy of the networks: {task}")
    caption = "Whiskers: 95 % interval from resampling whole artists (tracks where the artist isn't known)."
    add_caption(fig, caption if report is None else f"{caption} {compare_protocols(protocol)}")
    return fig


def _sort_networks(keys: Collection[str]) -> list[str]:
    """Return the registered networks in their order, then others."""
    return [key for key in names() if key in keys] + [key for key in keys if key not in names()]


def annex_table(summary: pd.DataFrame, task: str, classes=(), source: str = "ours") -> pd.DataFrame:
    """Return annex 1 or 2 in the report's layout: ours and, where `classes` are the report's, its own.

    Args:
        summary: From `evaluation.summarise`.
        task: "genre" or "mood".
        classes: Names of the classes.
        source: The name of ours in the index, e.g. "embedded genre, split by artist".

    Returns:
        Rows by source and kind of accuracy, a column per network, as the report prints its name.
    """
    names = published.accuracy("genre")["printed_name"]
    networks = _sort_networks(summary.index)
    parts = {source: summary.loc[networks, list(ANNEX_ROWS)].rename(index=names, columns=ANNEX_ROWS).T}
    if published.has_classes(task, classes):
        theirs = f"the report: {published.dataset(task)}, split by {published.PROTOCOL}"
        parts[theirs] = published.annex(task)
    table = pd.concat(parts, names=["Source", "Accuracy"]).rename_axis(columns=None).round(4).astype(object)
    counts = table.index.get_level_values("Accuracy").isin(["Tracks tested", "Clips tested", "Parameters"])
    table[counts] = table[counts].map(lambda count: count if pd.isna(count) else int(count))
    return table


def _new_panels(tasks: Iterable[str], height: float, **options):
    """Create a figure with a titled panel per task, all in one row."""
    tasks = list(tasks)
    fig, axes = new_figure(style.PAIR, height, 1, len(tasks), squeeze=False, **options)
    for ax, task in zip(axes[0], tasks, strict=True):
        ax.set_title(task)
    return fig, axes[0]


def _name_rows(ax, keys: Iterable[str]) -> None:
    """Write the networks' names at the rows of an axis, the first on top."""
    names = [network_name(key) for key in keys]
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.5, -0.5)


def _add_legend(ax) -> None:
    """Add a legend above the axes at their right end, opposite to the title."""
    legend = ax.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=4, handlelength=1.6, borderaxespad=0.2)
    legend.set_in_layout(False)


@styled
def plot_right_per_track(runs: dict[str, Iterable]) -> Figure:
    """Plot how many clips of a test track are right, and what independent clips would give; mean over the runs.

    Only tracks with the usual number of test clips are counted.
    """
    fig, axes = _new_panels(runs, 3.0)
    for ax, of_task in zip(axes, runs.values(), strict=True):
        seen, expected, usual = [], [], 1
        for run in of_task:
            test = run.side("test")
            tracks = (test["label"] == test["predicted"]).groupby(test["track"]).agg(["sum", "size"])
            usual = int(tracks["size"].mode().max())
            right = tracks.loc[tracks["size"] == usual, "sum"]
            seen.append(np.bincount(right, minlength=usual + 1))
            expected.append(len(right) * stats.binom.pmf(range(usual + 1), usual, right.mean() / usual))
        ax.bar(range(usual + 1), np.mean(seen, axis=0), color=style.BLUE, label="tracks as they are")
        ax.plot(np.mean(expected, axis=0), "o-", color=style.ORANGE, label="if clips were independent")
        ax.set(xlabel=f"clips right, of {usual} of a track", ylabel="test tracks (mean of the networks)")
        ax.locator_params(axis="x", integer=True)
    _add_legend(ax)
    return fig


@styled
def plot_intervals(intervals: pd.DataFrame) -> Figure:
    """Plot intervals of each accuracy by what is taken as independent.

    Args:
        intervals: A row each of task, network and unit; with accuracy, low and high.
    """
    networks = list(intervals["network"].unique())
    fig, axes = _new_panels(intervals["task"].unique(), 3.6, sharex=True, sharey=True)
    for ax, (_, of_task) in zip(axes, intervals.groupby("task", sort=False), strict=True):
        units = of_task.groupby("unit", sort=False)
        for n, ((unit, rows), colour) in enumerate(zip(units, (style.GREY, style.ORANGE, style.BLUE), strict=False)):
            y = rows["network"].map(networks.index) + 0.24 * (n - 1)
            ax.hlines(y, rows["low"], rows["high"], color=colour, linewidth=3, label=unit)
            ax.plot(rows["accuracy"], y, "|", color="black")
        ax.set(xlabel="test accuracy")
        ax.grid(axis="x")
    _name_rows(axes[0], networks)
    _add_legend(axes[-1])
    return fig


@styled
def plot_differences(differences: pd.DataFrame, ax=None) -> Figure:
    """Plot differences with their intervals: a row each of (task, pair), with difference, low and high."""
    fig, ax = get_axes(ax, style.SINGLE, 0.9 + 0.3 * len(differences))
    y = np.arange(len(differences))
    tasks = differences.index.get_level_values(0)
    ax.axvline(0, color=style.INK, linewidth=0.9)
    colours = [(style.BLUE, style.ORANGE)[code % 2] for code in pd.factorize(tasks)[0]]
    ax.hlines(y, differences["low"], differences["high"], color=colours, linewidth=3)
    ax.plot(differences["difference"], y, "|", color="black", markersize=9)
    ax.set_yticks(y, [f"{task}: {pair}" for task, pair in differences.index])
    ax.set(xlabel="difference of the test accuracies, 95 % interval", ylim=(len(y) - 0.5, -0.5))
    ax.grid(axis="x")
    return fig


@styled
def plot_recalls(tables: dict[str, pd.DataFrame], tested: dict[str, pd.Series]) -> Figure:
    """Plot the recall of each class (column) by each network as heat maps; `tested`: test tracks of each class."""
    shapes = [max(4.5, table.shape[1]) for table in tables.values()]
    fig, axes = _new_panels(tables, 3.9, sharey=True, width_ratios=shapes)
    for ax, (task, table) in zip(axes, tables.items(), strict=True):
        names = [f"{class_label(name, lines=True)}\n({tested[task].get(name, 0)})" for name in table]
        texts = table.map("{:.2f}".format).where(table.notna(), "–")
        image = draw_heatmap(ax, table.fillna(0), texts, names, map(network_name, table.index))
    fig.colorbar(image, ax=axes, label="recall", pad=0.01)
    add_caption(fig, "In brackets: tracks of the class on the test side. A dash: none, so no recall.")
    return fig


@styled
def plot_votes(tables: dict[str, pd.DataFrame], score: str = "accuracy") -> Figure:
    """Plot accuracy over clips, and over tracks after voting.

    Args:
        tables: With the columns clips, tracks, low, high (of tracks) and perhaps majority.
        score: Of which kind the accuracies are.
    """
    fig, axes = _new_panels(tables, 3.2, sharex=True, sharey=True)
    for ax, table in zip(axes, tables.values(), strict=True):
        y = np.arange(len(table))
        ax.hlines(y, table["low"], table["high"], color=style.BLUE, alpha=0.35, linewidth=5, label="95 % interval")
        ax.plot(table["clips"], y, "o", color=style.GREY, label="clips")
        ax.plot(table["tracks"], y, "D", color=style.BLUE, label="tracks")
        if "majority" in table:
            ax.plot(table["majority"], y, "x", color=style.ORANGE, label="tracks by majority")
        ax.set(xlabel=f"test {score}")
        _name_rows(ax, table.index)
        ax.grid(axis="x")
    axes[0].legend(loc="lower left", bbox_to_anchor=(0, 1.09), ncols=4, handlelength=1.6, borderaxespad=0.2)
    crosses = " Crosses: tracks, by the class that most of their clips got." if "majority" in table else ""
    add_caption(
        fig,
        "Grey: single clips. Diamonds: tracks, by the mean of their clips' probabilities, with a 95 % interval from "
        f"resampling whole artists (tracks where the artist isn't known).{crosses}",
    )
    return fig


@styled
def plot_costs(tables: dict[str, pd.DataFrame]) -> Figure:
    """Plot test accuracy (columns accuracy, low, high), parameters and seconds per epoch, the best on top."""
    fig, axes = new_figure(style.PAIR, 2.4 * len(tables), len(tables), 3, sharex="col", squeeze=False)
    for row, (task, table) in zip(axes, tables.items(), strict=True):
        table = table.sort_values("accuracy", ascending=False, kind="stable")
        y = np.arange(len(table))
        row[0].hlines(y, table["low"], table["high"], color=style.BLUE, alpha=0.35, linewidth=5)
        row[0].plot(table["accuracy"], y, "D", color=style.BLUE, markersize=5)
        row[1].barh(y, table["parameters"] / 1000, 0.62, color=style.GREY)
        row[2].barh(y, table["seconds per epoch"], 0.62, color=style.GREY)
        for ax in row:
            _name_rows(ax, table.index)
            ax.tick_params(axis="y", labelleft=ax is row[0])
            ax.grid(axis="x")
        row[0].set_title(task)
    labels = "test accuracy, 95 % interval", "parameters (thousands)", "seconds per epoch"
    for ax, label in zip(axes[-1], labels, strict=True):
        ax.set_xlabel(label)
    return fig
