"""Plots that compare networks: intervals, classes, votes, costs. Explained in 07_results.

Tables have a row per network key; `tables` are by task.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy import stats

from mercore.corpora.labels import class_label
from mercore.plots.style import (
    BLUE,
    GREY,
    INK,
    NETWORK_NAMES,
    ORANGE,
    PAIR,
    RIVALS,
    SINGLE,
    SMALL,
    add_caption,
    new_figure,
    styled,
)


def network_name(key: str) -> str:
    """The short name of a network, or of what it is compared with, in one line."""
    return {**NETWORK_NAMES, **RIVALS}[key].replace("\n", " ")


def _add_legend(ax) -> None:
    """Above the axes at their right end, opposite to the title; free to reach over the axes to the left."""
    legend = ax.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=4, handlelength=1.6, borderaxespad=0.2)
    legend.set_in_layout(False)


@styled
def plot_right_per_track(runs: dict[str, Iterable]) -> Figure:
    """How many clips of a test track are right, beside what independent clips would give; mean over the runs.

    `runs` by task. Only tracks with the usual number of test clips are counted.
    """
    fig, axes = new_figure(PAIR, 3.0, 1, len(runs), squeeze=False)
    for ax, (task, of_task) in zip(axes[0], runs.items(), strict=True):
        seen, expected, usual = [], [], 1
        for run in of_task:
            test = run.side("test")
            tracks = (test["label"] == test["predicted"]).groupby(test["track"]).agg(["sum", "size"])
            usual = int(tracks["size"].mode().max())
            right = tracks.loc[tracks["size"] == usual, "sum"]
            seen.append(np.bincount(right, minlength=usual + 1))
            expected.append(len(right) * stats.binom.pmf(range(usual + 1), usual, right.mean() / usual))
        ax.bar(range(usual + 1), np.mean(seen, axis=0), color=BLUE, label="tracks as they are")
        ax.plot(np.mean(expected, axis=0), "o-", color=ORANGE, label="if clips were independent")
        ax.set(xlabel=f"clips right, of {usual} of a track", ylabel="test tracks (mean of the networks)")
        ax.set_title(task)
        ax.locator_params(axis="x", integer=True)
    _add_legend(ax)
    return fig


@styled
def plot_intervals(intervals: pd.DataFrame) -> Figure:
    """Intervals of one accuracy by what is taken as independent: a row each of task, network, unit, accuracy,
    low, high."""
    tasks, units = intervals["task"].unique(), intervals["unit"].unique()
    fig, axes = new_figure(PAIR, 3.6, 1, len(tasks), sharex=True, sharey=True, squeeze=False)
    networks = list(intervals["network"].unique())
    for ax, task in zip(axes[0], tasks, strict=True):
        for n, (unit, colour) in enumerate(zip(units, (GREY, ORANGE, BLUE), strict=False)):
            rows = intervals[(intervals["task"] == task) & (intervals["unit"] == unit)]
            y = rows["network"].map(networks.index) + 0.24 * (n - 1)
            ax.hlines(y, rows["low"], rows["high"], color=colour, linewidth=3, label=unit)
            ax.plot(rows["accuracy"], y, "|", color="black")
        ax.set(xlabel="test accuracy", ylim=(len(networks) - 0.5, -0.5))
        ax.set_title(task)
        ax.grid(axis="x")
    axes[0, 0].set_yticks(range(len(networks)), [network_name(key) for key in networks])
    _add_legend(axes[0, -1])
    return fig


@styled
def plot_differences(differences: pd.DataFrame) -> Figure:
    """Differences with intervals, a row each of (task, pair): difference, low, high."""
    fig, ax = new_figure(SINGLE, 0.9 + 0.3 * len(differences))
    y = np.arange(len(differences))
    tasks = list(dict.fromkeys(differences.index.get_level_values(0)))
    colours = [(BLUE, ORANGE)[tasks.index(task) % 2] for task, _ in differences.index]
    ax.axvline(0, color=INK, linewidth=0.9)
    ax.hlines(y, differences["low"], differences["high"], color=colours, linewidth=3)
    ax.plot(differences["difference"], y, "|", color="black", markersize=9)
    ax.set_yticks(y, [f"{task}: {pair}" for task, pair in differences.index])
    ax.set(xlabel="difference of the test accuracies, 95 % interval", ylim=(len(y) - 0.5, -0.5))
    ax.grid(axis="x")
    return fig


@styled
def plot_recalls(tables: dict[str, pd.DataFrame], tested: dict[str, pd.Series]) -> Figure:
    """Recall of each class (column) by each network as heat maps; `tested`: test tracks of each class."""
    shapes = [max(4.5, table.shape[1]) for table in tables.values()]
    fig, axes = new_figure(PAIR, 3.9, 1, len(tables), sharey=True, squeeze=False, width_ratios=shapes)
    for ax, (task, table) in zip(axes[0], tables.items(), strict=True):
        image = ax.imshow(table, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        for (row, column), recall in np.ndenumerate(table.to_numpy()):
            text = "–" if np.isnan(recall) else f"{recall:.2f}"
            colour = "white" if recall > 0.55 else "black"
            ax.text(column, row, text, ha="center", va="center", color=colour, fontsize=SMALL)
        names = [f"{class_label(name, lines=True)}\n({tested[task].get(name, 0)})" for name in table]
        ax.set_xticks(range(len(names)), names)
        ax.set_yticks(range(len(table)), [network_name(key) for key in table.index])
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
        ax.set_title(task)
    fig.colorbar(image, ax=axes, label="recall", pad=0.01)
    add_caption(fig, "In brackets: tracks of the class on the test side. A dash: none, so no recall.")
    return fig


@styled
def plot_votes(tables: dict[str, pd.DataFrame], what: str = "accuracy") -> Figure:
    """Accuracy over clips and over tracks after voting: columns clips, tracks, low, high; perhaps majority.

    what: of which kind the accuracies are.
    """
    fig, axes = new_figure(PAIR, 3.2, 1, len(tables), sharex=True, sharey=True, squeeze=False)
    for ax, (task, table) in zip(axes[0], tables.items(), strict=True):
        y = np.arange(len(table))
        ax.hlines(y, table["low"], table["high"], color=BLUE, alpha=0.35, linewidth=5, label="95 % interval")
        ax.plot(table["clips"], y, "o", color=GREY, label="clips")
        ax.plot(table["tracks"], y, "D", color=BLUE, label="tracks")
        if "majority" in table:
            ax.plot(table["majority"], y, "x", color=ORANGE, label="tracks by majority")
        ax.set(xlabel=f"test {what}", ylim=(len(table) - 0.5, -0.5))
        ax.set_title(task)
        ax.grid(axis="x")
    axes[0, 0].set_yticks(y, [network_name(key) for key in table.index])
    axes[0, 0].legend(loc="lower left", bbox_to_anchor=(0, 1.09), ncols=4, handlelength=1.6, borderaxespad=0.2)
    add_caption(
        fig,
        "Grey: single clips. Diamonds: tracks, by the mean of their clips' probabilities, with a 95 % interval from "
        "resampling whole artists (tracks where the artist isn't known)."
        + (" Crosses: tracks, by the class that most of their clips got." if "majority" in table else ""),
    )
    return fig


@styled
def plot_costs(tables: dict[str, pd.DataFrame]) -> Figure:
    """Test accuracy (columns accuracy, low, high) beside parameters and seconds per epoch, the best on top."""
    fig, axes = new_figure(PAIR, 2.4 * len(tables), len(tables), 3, sharex="col", squeeze=False)
    for row, (task, table) in zip(axes, tables.items(), strict=True):
        table = table.sort_values("accuracy", ascending=False, kind="stable")
        y = np.arange(len(table))
        row[0].hlines(y, table["low"], table["high"], color=BLUE, alpha=0.35, linewidth=5)
        row[0].plot(table["accuracy"], y, "D", color=BLUE, markersize=5)
        row[1].barh(y, table["parameters"] / 1000, 0.62, color=GREY)
        row[2].barh(y, table["seconds per epoch"], 0.62, color=GREY)
        for ax in row:
            ax.set_yticks(y, [network_name(key) for key in table.index] if ax is row[0] else [])
            ax.set(ylim=(len(table) - 0.5, -0.5))
            ax.grid(axis="x")
        row[0].set_title(task)
    labels = "test accuracy, 95 % interval", "parameters (thousands)", "seconds per epoch"
    for ax, label in zip(axes[-1], labels, strict=True):
        ax.set_xlabel(label)
    return fig
