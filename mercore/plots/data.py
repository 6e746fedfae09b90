"""Plots of a corpus, of how it is split, and of a training. Explained in 01_data and 03_conv."""

from itertools import cycle

import numpy as np
import pandas as pd
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.legend_handler import HandlerTuple
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from mercore.corpora.labels import class_label
from mercore.plots.style import (
    BLUE,
    INK,
    ORANGE,
    PAIR,
    PALETTE,
    SIDE_COLOURS,
    SIDE_NAMES,
    SINGLE,
    SKY,
    SMALL,
    add_title,
    figure_of,
    new_figure,
    styled,
    wrap,
)


@styled
def plot_class_counts(corpus, ax=None) -> Figure:
    """Tracks of each class, one segment per artist, the most frequent artist first."""
    tracks = corpus.usable
    fig, ax = figure_of(ax, SINGLE, 1.1 + 0.33 * len(corpus.classes))
    ends = []
    for row, name in enumerate(corpus.classes):
        artists = tracks.loc[tracks["label"] == name, "artist"]
        known = artists[artists != ""].value_counts()
        widths = [*known, *[1] * int((artists == "").sum())]
        colours = [(BLUE, SKY)[i % 2] for i in range(len(known))] + ["#dddddd"] * (len(widths) - len(known))
        ax.barh(
            [row] * len(widths),
            widths,
            left=np.cumsum([0, *widths])[:-1],
            color=colours,
            height=0.72,
            edgecolor="white",
            linewidth=0.5,
        )
        ends.append(len(artists))
        ax.annotate(
            f"{len(artists)} tracks, {len(known)} artists",
            (len(artists), row),
            (4, 0),
            textcoords="offset points",
            va="center",
            fontsize=SMALL,
        )
    ax.set_yticks(range(len(corpus.classes)), [class_label(name) for name in corpus.classes])
    ax.invert_yaxis()
    ax.set(xlabel="tracks", xlim=(0, max([*ends, 1]) * 1.32))
    ax.locator_params(axis="x", integer=True)
    ax.set_xticks([tick for tick in ax.get_xticks() if tick <= max([*ends, 1])])
    ax.tick_params(axis="y", length=0)
    unknown = [Patch(color="#dddddd", label="artist not known")] if (tracks["artist"] == "").any() else []
    ax.legend(
        [(Patch(color=BLUE), Patch(color=SKY)), *unknown],
        ["one segment per artist", *(patch.get_label() for patch in unknown)],
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=2,
        handler_map={tuple: HandlerTuple(ndivide=None, pad=0)},
    )
    return fig


@styled
def plot_split(split, clips: pd.DataFrame, ax=None) -> Figure:
    """Where each clip falls: a strip per class, a column per track (artists side by side), a cell per clip.

    Split by `clip` a column is speckled; by `track` it is of one colour; by `artist` so are all columns of an
    artist (between two black ticks).
    """
    sides = pd.Series("", index=clips.index)
    for side in SIDE_COLOURS:
        sides.iloc[getattr(split, side)] = side
    table = clips.assign(side=sides, artist=clips["artist"].fillna(""))
    classes = sorted(table["label"].unique())
    fig, ax = figure_of(ax, PAIR, 1.0 + 0.42 * len(classes))
    codes = {side: i for i, side in enumerate(SIDE_COLOURS)}
    colours = ListedColormap(list(SIDE_COLOURS.values()))
    longest = 0
    for row, name in enumerate(classes):
        part = table[table["label"] == name].sort_values(["artist", "track", "start"])
        tracks = part["track"].unique()
        deep = int(part.groupby("track").size().max())
        cells = np.full((deep, len(tracks)), np.nan)
        place = part["track"].map({track: i for i, track in enumerate(tracks)})
        cells[part.groupby("track").cumcount(), place] = part["side"].map(codes)
        ax.imshow(
            np.ma.masked_invalid(cells),
            cmap=colours,
            vmin=-0.5,
            vmax=2.5,
            aspect="auto",
            interpolation="nearest",
            extent=(0, len(tracks), row + 0.36, row - 0.36),
        )
        artists = part.drop_duplicates("track")["artist"].to_numpy()
        borders = [i for i in range(1, len(artists)) if artists[i] != artists[i - 1] or not artists[i]]
        ax.vlines(borders, row - 0.46, row - 0.36, color=INK, linewidth=0.8)
        longest = max(longest, len(tracks))
    ax.set(
        xlim=(0, longest),
        ylim=(len(classes) - 0.45, -0.55),
        xlabel="tracks of the class, sorted by artist (a black tick where the artist changes)",
    )
    ax.set_yticks(range(len(classes)), [class_label(name) for name in classes])
    ax.tick_params(axis="y", length=0)
    ax.locator_params(axis="x", integer=True)
    ax.spines[:].set_visible(False)
    share = table["side"].value_counts()
    handles = [
        Patch(color=colour, label=f"{SIDE_NAMES[side]}: {share.get(side, 0):,} clips")
        for side, colour in SIDE_COLOURS.items()
    ]
    ax.legend(handles=handles, loc="lower left", bbox_to_anchor=(0, 1), ncols=3)
    add_title(fig, f"Split by {split.protocol}")
    return fig


@styled
def plot_history(history: pd.DataFrame, title: str = "") -> Figure:
    """Loss and accuracy over the epochs of a training; a line at the epoch whose weights were kept.

    `history`: of a run, with the columns loss, accuracy, val_loss, val_accuracy and, if known, chosen.
    """
    fig, axes = new_figure(PAIR, 3.1, 1, 2)
    epochs = np.arange(1, len(history) + 1)
    for ax, name, label in zip(axes, ("loss", "accuracy"), ("loss (cross-entropy)", "accuracy"), strict=True):
        ax.plot(epochs, history[name], color=BLUE, marker="o", markersize=3)
        if f"val_{name}" in history:
            ax.plot(epochs, history[f"val_{name}"], color=ORANGE, marker="s", markersize=3)
        if "chosen" in history and history["chosen"].any():
            ax.axvline(epochs[history["chosen"].to_numpy(bool)][0], color=INK, linewidth=1, linestyle=(0, (4, 3)))
        ax.set(xlabel="epoch", ylabel=label, ylim=(0, None if name == "loss" else 1.02))
        ax.locator_params(axis="x", integer=True)
        ax.grid(axis="y")
    handles = [
        Line2D([], [], color=BLUE, marker="o", markersize=4, label="training"),
        Line2D([], [], color=ORANGE, marker="s", markersize=4, label="validation"),
        Line2D([], [], color=INK, linewidth=1, linestyle=(0, (4, 3)), label="weights kept"),
    ]
    axes[1].legend(handles=handles, loc="lower right")
    if title:
        add_title(fig, title)
    return fig


@styled
def plot_comparison(histories: dict[str, pd.DataFrame], epochs: int | None = None) -> Figure:
    """The trainings of several runs, by name, in one picture: validation as lines, training as dashed ones.

    Where a run has no validation its training is all there is. epochs: as many as the axis is to have room for.
    """
    fig, axes = new_figure(PAIR, 3.1, 1, 2)
    most = max([epochs or 1, *(len(history) for history in histories.values())])
    for ax, name, label in zip(axes, ("loss", "accuracy"), ("loss (cross-entropy)", "accuracy"), strict=True):
        for colour, mark, history in zip(cycle(PALETTE), cycle("os^Dv"), histories.values()):
            at = np.arange(1, len(history) + 1)
            if name in history:
                ax.plot(at, history[name], color=colour, linewidth=1, linestyle=(0, (4, 2)), marker=".", markersize=4)
            if f"val_{name}" in history:
                ax.plot(at, history[f"val_{name}"], color=colour, marker=mark, markersize=4)
        ax.update_datalim([(1, 0)])  # the margin above is a share of what is shown, and that begins at 0
        ax.set(xlabel="epoch", ylabel=label, xlim=(0.5, most + 0.5), ylim=(0, None if name == "loss" else 1.02))
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        ax.grid(axis="y")
    handles = [
        Line2D([], [], color=colour, marker=mark, markersize=4, label=wrap(name, 5))
        for colour, mark, name in zip(cycle(PALETTE), cycle("os^Dv"), histories)
    ]
    handles += [
        Line2D([], [], color=INK, marker="", label="line: validation"),
        Line2D([], [], color=INK, linewidth=1, linestyle=(0, (4, 2)), label="dashed: training"),
    ]
    fig.legend(handles=handles, loc="outside lower left", ncols=2)
    add_title(fig, "Trainings compared" if len(histories) > 1 else "Training")
    return fig
