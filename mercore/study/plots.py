"""Plots of the study: protocols compared, calibration, votes, mood names, folds. See 09_beyond_the_report."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from mercore import networks as registry
from mercore.evaluation import calibration, published
from mercore.plots.style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PAIR,
    SMALL,
    add_caption,
    add_title,
    network_name,
    new_figure,
    styled,
)
from mercore.study.tables import in_order

DASHED = (0, (4, 3))
PROTOCOL_MARKS = {"clip": (ORANGE, "s"), "track": (GREEN, "D"), "artist": (BLUE, "o")}


def _draw_intervals(ax, names, low, high, colours=BLUE, alpha: float = 0.4) -> np.ndarray:
    """Draw a horizontal bar for each row, the first on top; return their heights."""
    y = np.arange(len(names))
    ax.hlines(y, low, high, color=colours, linewidth=5, alpha=alpha)
    ax.set_yticks(y, names)
    ax.set_ylim(len(y) - 0.5, -0.5)
    ax.grid(axis="x")
    return y


def _draw_chance(ax, classes: int) -> None:
    ax.axvline(1 / classes, color=INK, linewidth=0.9, linestyle=DASHED, label="chance")


def _add_legend(ax, ncols: int, **options) -> None:
    ax.legend(ncols=ncols, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2, **options)


@styled
def plot_protocols(table: pd.DataFrame, task: str, classes, what: str = "accuracy") -> Figure:
    """Plot the test scores (`what`) of each network by each protocol, with intervals; seeds as strokes.

    `table` is as from `tables.protocol_table`. The report's accuracies are marked where `classes` are its classes.
    """
    networks = in_order(set(table["network"]))
    fig, ax = new_figure(PAIR, 0.9 + 0.55 * len(networks))
    protocols = [name for name in PROTOCOL_MARKS if name in set(table["protocol"])]
    for n, protocol in enumerate(protocols):
        rows, (colour, mark) = table[table["protocol"] == protocol], PROTOCOL_MARKS[protocol]
        y = rows["network"].map(networks.index) + 0.24 * (n - (len(protocols) - 1) / 2)
        ax.hlines(y, rows["low"], rows["high"], color=colour, linewidth=3, alpha=0.5)
        ax.plot(rows["accuracy"], y, mark, color=colour, markersize=6.5, label=f"split by {protocol}")
        for height, seeds in zip(y, rows["seeds"], strict=True):
            if len(seeds) > 1:
                ax.plot(seeds, np.full(len(seeds), height), "|", color=INK, markersize=7)
    if published.has_classes(task, classes) and what == "accuracy":
        theirs = published.accuracy(task)["test"].reindex(networks)
        ax.plot(theirs, range(len(networks)), "X", color="black", markersize=7, label="the report (by clip)")
    _draw_chance(ax, len(classes))
    ax.set_yticks(range(len(networks)), [network_name(key) for key in networks])
    ax.set(xlabel=f"test {what} of clips", ylim=(len(networks) - 0.5, -0.5), xlim=(0, 1))
    ax.grid(axis="x")
    _add_legend(ax, 5, handlelength=1.4)
    caption = "Bars: 95 % interval from resampling whole artists (tracks where the artist isn't known)."
    if any(len(seeds) > 1 for seeds in table["seeds"]):
        caption += " All seeds together; strokes: single seeds."
    if "clip" in protocols:
        caption += " By clip, pieces of one track train and test, so that isn't how well new music is recognised."
    add_caption(fig, caption)
    return fig


@styled
def plot_reliability(before: pd.DataFrame, after: pd.DataFrame, names: tuple[str, str]) -> Figure:
    """Plot accuracy against confidence in ten bins, before and after temperature scaling, of test predictions."""
    fig, axes = new_figure(PAIR, 3.6, 1, 2, sharex=True, sharey=True)
    for ax, predictions, name in zip(axes, (before, after), names, strict=True):
        table = calibration.reliability_table(predictions)
        error = calibration.expected_calibration_error(predictions)
        confidence, accuracy, share = table["confidence"], table["accuracy"], table["n"] / table["n"].sum()
        ax.plot([0, 1], [0, 1], color=INK, linewidth=0.9, linestyle=DASHED)
        ax.vlines(confidence, confidence, accuracy, color=ORANGE, linewidth=3, alpha=0.6)
        ax.scatter(confidence, accuracy, 12 + 240 * share, color=BLUE, clip_on=False)
        ax.set(xlabel="confidence (probability of the predicted class)", xlim=(0, 1), ylim=(0, 1))
        ax.set_title(f"{name}: calibration error {error:.3f}")
        ax.grid()
    axes[0].set_ylabel("accuracy (share of clips)")
    add_caption(
        fig,
        "One point for each tenth of the confidence, its area by the number of clips. On the dashed line a network is "
        "as often right as it says; the orange bars are what it lacks.",
    )
    return fig


@styled
def plot_clip_votes(curves: dict[str, pd.DataFrame], names: dict[str, str]) -> Figure:
    """Plot track accuracy against the number of voting clips: `tables.accuracy_by_clips` and a title by task."""
    fig, axes = new_figure(PAIR, 3.0, 1, len(curves), sharey=True, squeeze=False)
    for ax, (task, curve) in zip(axes[0], curves.items(), strict=True):
        ax.fill_between(curve["clips"], curve["low"], curve["high"], color=BLUE, alpha=0.2, linewidth=0)
        ax.plot(curve["clips"], curve["accuracy"], "o-", color=BLUE)
        ax.set(xlabel="clips that vote", ylim=(0, 1), xticks=curve["clips"])
        ax.set_title(f"{task}: {names[task]}")
        ax.grid()
    axes[0, 0].set_ylabel("accuracy (share of test tracks)")
    add_caption(
        fig,
        "Clips drawn at random from each test track, twenty times; their mean probability decides. Band: 95 % over "
        "resampled artists (tracks where the artist isn't known).",
    )
    return fig


@styled
def plot_mood_names(tables: dict[str, pd.DataFrame]) -> Figure:
    """Plot how likely the report's matrices are under each order of the quadrants, by network and for all together.

    `tables` are of `label_permutation.bootstrap`; shown is the lead of an order over that of the printed names.
    """
    panels = {network_name(key): tables[key] for key in in_order(tables)}
    panels["all together"] = together = sum(panels.values())
    orders = list(together.iloc[0].sort_values(ascending=False).index[:4])
    if published.MOOD_ORDER not in orders:
        orders.append(published.MOOD_ORDER)
    colours = [ORANGE if order == published.MOOD_ORDER else BLUE for order in orders]
    y = np.arange(len(orders))
    fig, axes = new_figure(PAIR, 0.9 + 0.42 * len(orders) * 1.6, 1, len(panels), sharey=True, squeeze=False)
    for ax, (name, table) in zip(axes[0], panels.items(), strict=True):
        lead = table[orders].sub(table[published.MOOD_ORDER], axis=0)
        low, high = lead.iloc[1:].quantile(0.025), lead.iloc[1:].quantile(0.975)
        ax.hlines(y, low, high, color=colours, linewidth=3, alpha=0.5)
        ax.scatter(lead.iloc[0], y, color=colours, zorder=3)
        ax.axvline(0, color=INK, linewidth=0.9)
        ax.set_title(name.replace(" + ", " +\n").replace("End-to-end ", "End-to-end\n"), size=SMALL)
        ax.grid(axis="x")
        ax.locator_params(axis="x", nbins=3)
    printed = {published.MOOD_ORDER: "\n(as printed)"}
    axes[0, 0].set_yticks(y, [" ".join(order) + printed.get(order, "") for order in orders])
    axes[0, 0].set_ylim(len(orders) - 0.5, -0.5)
    add_title(fig, "How much likelier the report's mood matrices are than under the printed order (nats)")
    fig.supylabel("quadrants of the four names,\nin the order printed", size=SMALL + 1)
    add_caption(
        fig,
        "To the right: the report's counts look more like our network's confusions if its four names (Excited, "
        "Relaxed, Sad, Annoying) stood for these quadrants. Shown are the four orders that are likeliest for all "
        "networks together; a single network may prefer another. Each panel has a scale of its own. Bars: 95 % over "
        "resampled tracks of ours.",
    )
    return fig


@styled
def plot_folds(
    table: pd.DataFrame, classes: int, published_machine: float | None = None, what: str = "accuracy"
) -> Figure:
    """Plot track scores (`what`) of networks and baselines on the same folds, and their cost: `tables.fold_table`.

    published_machine is the accuracy of a support vector machine on the features of the dataset's authors.
    """
    fig, (left, middle, right) = new_figure(PAIR, 1.2 + 0.42 * len(table), 1, 3, sharey=True, width_ratios=(3, 1, 1))
    together = {"ensemble": GREEN, "hybrid": GREEN}
    colours = [BLUE if key in registry.names() else together.get(key, ORANGE) for key in table.index]
    y = _draw_intervals(left, [network_name(key) for key in table.index], table["low"], table["high"], colours)
    left.scatter(table["tracks"], y, marker="D", color=colours, s=30, zorder=3)
    left.plot(table["clips"], y, "o", color=GREY, label="clips of 3 s")
    _draw_chance(left, classes)
    if published_machine:
        left.axvline(published_machine, color="black", linewidth=0.9, label="SVM on the dataset's own features")
    _add_legend(left, 3)
    left.set(xlabel=f"test {what} of tracks", xlim=(0, 1))
    middle.barh(y, table["parameters"] / 1000, 0.55, color=GREY)
    middle.set_xlabel("parameters\n(thousands)")
    right.barh(y, table["seconds"], 0.55, color=GREY)
    right.set_xlabel("seconds\nan epoch")
    for ax in (middle, right):
        ax.grid(axis="x")
    add_caption(
        fig,
        "Diamonds: tracks, by the mean probability of their clips; bars: 95 % over resampled artists. Blue: single "
        "networks; green: several averaged; orange: no network.",
    )
    return fig


@styled
def plot_ablations(table: pd.DataFrame) -> Figure:
    """Plot what the test accuracy of clips loses or gains with each change: `figures.read_ablations`."""
    rows = table.iloc[1:]
    fig, ax = new_figure(PAIR, 0.9 + 0.36 * len(rows))
    colours = np.select([rows["high"] < 0, rows["low"] > 0], [ORANGE, GREEN], GREY)
    ax.axvline(0, color=INK, linewidth=0.9)
    y = _draw_intervals(ax, rows.index, 100 * rows["low"], 100 * rows["high"], colours, alpha=0.5)
    ax.scatter(100 * rows["difference"], y, color=colours, zorder=3)
    ax.set(xlabel="accuracy of clips less that of the network as it is (points)")
    add_caption(
        fig,
        "The same test clips each time; bars: 95 % over resampled artists. Orange: worse; green: better; grey: "
        f"undecided. As it is, {100 * table['clips'].iloc[0]:.1f} % of the clips are right.",
    )
    return fig


@styled
def plot_learning_curve(table: pd.DataFrame) -> Figure:
    """Plot test accuracy of clips against the number of training tracks: the curve of `figures.read_ablations`."""
    fig, ax = new_figure(PAIR, 3.4)
    tracks, whole = table["training tracks"], table["clips"].iloc[-1]
    ax.vlines(tracks, whole + table["low"], whole + table["high"], color=BLUE, linewidth=5, alpha=0.4)
    ax.plot(tracks, table["clips"], "o-", color=BLUE)
    ax.set(xscale="log", xlabel="training tracks (each step doubles them)", ylabel="test accuracy of clips")
    ax.set_xticks(tracks, [f"{count:.0f}" for count in tracks])
    ax.minorticks_off()
    ax.grid()
    add_caption(
        fig,
        "The same test clips each time. Bars: 95 % of the difference from all training tracks, artists resampled; "
        "so the last point has none.",
    )
    return fig


@styled
def plot_by_genre(table: pd.DataFrame, title: str) -> Figure:
    """Plot a mood network's accuracy by genre, and what the genre alone would give: `tables.accuracy_by_genre`."""
    fig, ax = new_figure(PAIR, 1.2 + 0.36 * len(table))
    names = [f"{genre} ({tracks})" for genre, tracks in table["tracks"].items()]
    y = _draw_intervals(ax, names, table["low"], table["high"])
    ax.plot(table["accuracy"], y, "D", color=BLUE, label="the network")
    ax.plot(table["likeliest"], y, "x", color=ORANGE, markersize=8, label="the genre's most frequent mood, always")
    ax.set(xlabel="test accuracy of clips (moods)", xlim=(0, 1))
    _add_legend(ax, 2)
    add_title(fig, title)
    add_caption(fig, "In brackets: test tracks of the genre. Bars: 95 % over resampled artists.")
    return fig
