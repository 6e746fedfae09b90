"""Plot a corpus, its split and the course of a training. Explained in 01_data and 03_conv."""

from itertools import cycle

import numpy as np
import pandas as pd
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from mercore.corpora.labels import class_label
from mercore.plots import style
from mercore.plots.style import add_title, get_axes, new_figure, styled, wrap

ABOVE = {"loc": "lower left", "bbox_to_anchor": (0, 1), "ncols": 3}  # the place of a legend


@styled
def plot_class_counts(corpus, ax=None) -> Figure:
    """Plot the number of tracks of each class, one segment per artist, the most frequent artist first."""
    tracks = corpus.usable
    fig, ax = get_axes(ax, style.SINGLE, 1.1 + 0.33 * len(corpus.classes))
    most = 1
    for row, name in enumerate(corpus.classes):
        artists = tracks.loc[tracks["label"] == name, "artist"]
        known = artists[artists != ""].value_counts()
        widths = [*known, *[1] * (len(artists) - known.sum())]
        colours = [(style.BLUE, style.SKY)[n % 2] if n < len(known) else style.LIGHT for n in range(len(widths))]
        left = np.cumsum([0, *widths])[:-1]
        ax.barh([row] * len(widths), widths, 0.72, left, color=colours, edgecolor="white", linewidth=0.5)
        text = f"  {len(artists)} tracks, {len(known)} artists"
        ax.text(len(artists), row, text, va="center", fontsize=style.SMALL)
        most = max(most, len(artists))
    ax.set_yticks(range(len(corpus.classes)), [class_label(name) for name in corpus.classes])
    ax.invert_yaxis()
    ax.set(xlabel="tracks", xlim=(0, 1.32 * most))
    ax.locator_params(axis="x", integer=True)
    ax.tick_params(axis="y", length=0)
    handles = [Patch(color=style.BLUE, label="one segment per artist")]
    if (tracks["artist"] == "").any():
        handles.append(Patch(color=style.LIGHT, label="artist not known"))
    ax.legend(handles=handles, **ABOVE)
    return fig


@styled
def plot_split(split, clips: pd.DataFrame, ax=None) -> Figure:
    """Plot the side of each clip: a strip per class, a column per track (artists next to each other), a cell per clip.

    Split by `clip` a column is speckled; by `track` it has one colour; by `artist` so have all columns of an
    artist (between two black ticks).

    Args:
        split: From `corpora.splits`.
        clips: The clips that were split, with the columns label, artist, track and start.
        ax: Where to draw, by default a new figure with a title.
    """
    table = clips.assign(artist=clips["artist"].fillna(""), side=np.nan)
    for code, side in enumerate(style.SIDE_COLOURS):
        table.iloc[getattr(split, side), table.columns.get_loc("side")] = code
    classes = sorted(table["label"].unique())
    own = ax is None
    fig, ax = get_axes(ax, style.PAIR, 1.0 + 0.42 * len(classes))
    for row, name in enumerate(classes):
        _draw_strip(ax, row, table[table["label"] == name].sort_values(["artist", "track", "start"]))
    longest = table.groupby("label")["track"].nunique().max()
    ax.set(xlim=(0, longest), ylim=(len(classes) - 0.45, -0.55))
    ax.set_xlabel("tracks of the class, sorted by artist (a black tick where the artist changes)")
    ax.set_yticks(range(len(classes)), [class_label(name) for name in classes])
    ax.tick_params(axis="y", length=0)
    ax.locator_params(axis="x", integer=True)
    ax.spines[:].set_visible(False)
    sizes = {side: (table["side"] == code).sum() for code, side in enumerate(style.SIDE_COLOURS)}
    labels = {side: f"{style.SIDE_NAMES[side]}: {size:,} clips" for side, size in sizes.items()}
    ax.legend(handles=[Patch(color=style.SIDE_COLOURS[side], label=labels[side]) for side in labels], **ABOVE)
    if own:
        add_title(fig, f"Split by {split.protocol}")
    return fig


def _draw_strip(ax, row: int, part: pd.DataFrame) -> None:
    """Draw the clips of one class in the order given, and a tick where the artist changes."""
    tracks = part.drop_duplicates("track").set_index("track")["artist"]
    place = part.assign(clip=part.groupby("track").cumcount())
    cells = place.pivot(index="clip", columns="track", values="side")[tracks.index]
    ax.imshow(
        cells,
        cmap=ListedColormap(list(style.SIDE_COLOURS.values())),
        vmin=-0.5,
        vmax=2.5,
        aspect="auto",
        interpolation="nearest",
        extent=(0, len(tracks), row + 0.36, row - 0.36),
    )
    changes = np.flatnonzero((tracks != tracks.shift()) | (tracks == ""))[1:]
    ax.vlines(changes, row - 0.46, row - 0.36, color=style.INK, linewidth=0.8)


@styled
def plot_history(history: pd.DataFrame, title: str = "") -> Figure:
    """Plot loss and accuracy over the epochs of a training, and the epoch whose weights were kept.

    Args:
        history: Of a run, with the columns loss, accuracy and, if known, val_loss, val_accuracy, chosen.
        title: Above the figure.
    """
    fig, axes = new_figure(style.PAIR, 3.1, 1, 2)
    for ax, name in zip(axes, ("loss", "accuracy"), strict=True):
        _draw_curve(ax, history, name, color=style.BLUE, marker="o", label="training")
        _draw_curve(ax, history, f"val_{name}", color=style.ORANGE, marker="s", label="validation")
        if "chosen" in history and history["chosen"].any():
            kept = np.argmax(history["chosen"]) + 1
            ax.axvline(kept, color=style.INK, linewidth=1, linestyle=style.DASHED, label="weights kept")
    _finish_curves(axes, len(history))
    axes[1].legend(loc="lower right")
    if title:
        add_title(fig, title)
    return fig


@styled
def plot_histories(histories: dict[str, pd.DataFrame], epochs: int = 1) -> Figure:
    """Plot the trainings of several runs in one figure: validation as lines, training dashed.

    Args:
        histories: By the name of the run; columns as for `plot_history`.
        epochs: Room on the axis for at least so many, for a training that goes on.
    """
    fig, axes = new_figure(style.PAIR, 3.1, 1, 2)
    handles = []
    for colour, mark, (run, history) in zip(cycle(style.PALETTE), cycle("os^Dv"), histories.items()):
        for ax, name in zip(axes, ("loss", "accuracy"), strict=True):
            _draw_curve(ax, history, name, color=colour, marker=".", linestyle=style.DASHED, linewidth=1)
            _draw_curve(ax, history, f"val_{name}", color=colour, marker=mark)
        handles.append(Line2D([], [], color=colour, marker=mark, markersize=4, label=wrap(run, 5)))
    _finish_curves(axes, max([epochs, *map(len, histories.values())]))
    handles.append(Line2D([], [], color=style.INK, label="line: validation"))
    handles.append(Line2D([], [], color=style.INK, linewidth=1, linestyle=style.DASHED, label="dashed: training"))
    fig.legend(handles=handles, loc="outside lower left", ncols=2)
    add_title(fig, "Trainings compared" if len(histories) > 1 else "Training")
    return fig


def _draw_curve(ax, history: pd.DataFrame, column: str, **look) -> None:
    """Draw a column of a history, if it has it, over the epochs, which count from 1."""
    if column in history:
        ax.plot(np.arange(1, len(history) + 1), history[column], markersize=4, **look)


def _finish_curves(axes, epochs: int) -> None:
    """Set the axes of loss and accuracy."""
    for ax, label, highest in zip(axes, ("loss (cross-entropy)", "accuracy"), (None, 1.02), strict=True):
        ax.update_datalim([(1, 0)])  # the margin above is a share of what is shown, and that begins at 0
        ax.set(xlabel="epoch", ylabel=label, xlim=(0.5, epochs + 0.5), ylim=(0, highest))
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        ax.grid(axis="y")
