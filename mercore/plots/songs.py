"""Plots of the case studies: a song's genre or mood as shares and over time. Explained in 08_case_studies."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import MultipleLocator

from mercore.corpora.clips import CLIP_SECONDS
from mercore.corpora.labels import class_label
from mercore.evaluation import published
from mercore.plots.style import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    PAIR,
    SMALL,
    add_caption,
    add_title,
    new_figure,
    styled,
)


@styled
def plot_song(analysis, title: str = "", report: str | None = None) -> Figure:
    """A song's snippets by predicted class, as shares and over time (figures 9 to 12).

    `analysis`: from `songs.analyse`. Where the song's sections are known they are drawn under both. `report`:
    slug of a case study of the report, whose shares are drawn beside for reference; it is another song, and it
    is left out where the classes aren't the report's.
    """
    task, song, sections = analysis.task, analysis.song, analysis.song.sections
    classes = list(analysis.probabilities)
    known = sections is not None and task in sections
    reference = None
    if report and published.has_classes(task, classes):
        reference = published.case_study_shares(report, task).reindex(classes)
    height = 0.24 * len(classes) + 0.6
    fig, _ = new_figure(PAIR, 2 * height + 0.9, 0, 0)
    grid = fig.add_gridspec(2, 2 if reference is not None else 1, height_ratios=(1, 1.08))
    if reference is not None:
        grid.set_width_ratios((1.9, 1))
        _draw_reference(fig.add_subplot(grid[0, 1]), reference, report)
    truth = _known_shares(sections, task, classes, song.duration) if known else None
    draw_shares(fig.add_subplot(grid[0, 0]), analysis.shares(), truth)
    timeline = fig.add_subplot(grid[1, :])
    if known:
        _draw_sections(timeline, sections, task, classes, song.duration)
    _draw_timeline(timeline, analysis, classes)
    n = len(analysis.starts)
    add_title(fig, title or f"{song.title}: {task} of {n} random snippets")
    caption = (
        f"Whiskers: 95 % Wilson interval of the share for drawing {n} snippets of {analysis.seconds:g} s at random. "
        "They tell how well the snippets stand for the whole song, not how often the network is wrong."
    )
    if known:
        caption += f" Orange: what is known of the song, its sections and their {task}."
    if reference is not None:
        caption += " Grey: the report's result on its song, another one, so nothing there need agree with ours."
        if task == "mood":
            caption += " Its printed mood names may be in the wrong order (see data/published_results.json)."
    add_caption(fig, caption)
    return fig


def _known_shares(sections: pd.DataFrame, task: str, classes: list[str], duration: float) -> pd.Series:
    """The share of the song's time that each class really has."""
    lengths = sections["end"] - sections["start"]
    return lengths.groupby(sections[task]).sum().reindex(classes, fill_value=0) / duration


def draw_shares(ax, shares: pd.DataFrame, truth: pd.Series | None, legend: bool = True) -> None:
    """A bar per class with its interval, and under it the known share, if any."""
    percent = shares[["share", "low", "high"]].to_numpy().T * 100
    rows = np.arange(len(shares))
    thick, at = (0.62, rows) if truth is None else (0.42, rows - 0.16)
    ax.barh(at, percent[0], thick, color=BLUE)
    whiskers = np.abs(percent[1:] - percent[0])
    ax.errorbar(percent[0], at, xerr=whiskers, fmt="none", ecolor=INK, elinewidth=1.1, capsize=2.5)
    handles = [
        Patch(color=BLUE, label="predicted"),
        Line2D([], [], color=INK, marker="|", label="95 % interval"),
    ]
    if truth is not None:
        ax.barh(rows + 0.24, truth * 100, 0.26, color=ORANGE)
        handles.append(Patch(color=ORANGE, label="known: share of the song's time"))
    ax.set_yticks(rows, [class_label(name) for name in shares.index])
    ax.set(ylim=(len(shares) - 0.45, -0.55), xlim=(0, 102), xlabel="share of snippets (%)")
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="x")
    if legend:
        ax.legend(handles=handles, loc="lower left", bbox_to_anchor=(0, 1), ncols=3, borderaxespad=0.2)


def _draw_reference(ax, shares: pd.Series, slug: str) -> None:
    study = published.case_study(slug)
    rows = np.arange(len(shares))
    ax.barh(rows, shares * 100, 0.62, color="#e4e4e4", edgecolor=GREY)
    ax.set_yticks(rows, [])
    ax.set(ylim=(len(shares) - 0.45, -0.55), xlim=(0, 102), xlabel="share of snippets (%)")
    ax.tick_params(axis="y", length=0)
    ax.set_title(f"The report's song (another one):\n{study['song']}, {study['artist']}", fontsize=SMALL)


def _draw_sections(ax, sections: pd.DataFrame, task: str, classes: list[str], duration: float) -> None:
    """The known sections: their names above, their class as a band behind the predictions."""
    parts = sections.to_dict("records")
    room = [(part["end"] - part["start"]) / duration * (PAIR - 1.5) for part in parts]
    fits = all(0.075 * len(str(part["section"])) < inches for part, inches in zip(parts, room, strict=True))
    turn = {"ha": "center"} if fits else {"ha": "left", "rotation": 35, "rotation_mode": "anchor"}
    for part in parts:
        if part[task] in classes:
            row = classes.index(part[task])
            ax.fill_between([part["start"], part["end"]], row - 0.5, row + 0.5, color=ORANGE, alpha=0.45, linewidth=0)
        ax.axvline(part["start"], color=GREY, linewidth=0.6)
        middle = (part["start"] + part["end"]) / 2 / duration
        ax.text(
            middle,
            1.03,
            part["section"],
            transform=ax.transAxes,
            va="bottom",
            fontsize=SMALL,
            **turn,
        )


def _draw_timeline(ax, analysis, classes: list[str]) -> None:
    """Each snippet as a dash at its time, in the row of its predicted class."""
    starts, duration = analysis.starts, analysis.song.duration
    rows = [classes.index(name) for name in analysis.predicted]
    ax.hlines(rows, starts, starts + analysis.seconds, color=BLUE, linewidth=5)
    ax.set_yticks(range(len(classes)), [class_label(name) for name in classes])
    ax.set(ylim=(len(classes) - 0.45, -0.55), xlim=(0, duration))
    label_time(ax, duration)
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="y")


def label_time(ax, duration: float, bottom: bool = True) -> None:
    """The time of a song along an axis, as min:s; only ticks where it isn't the bottom one."""
    step = next((s for s in (5, 10, 15, 30, 60, 120) if duration / s <= 14), 300)
    ax.xaxis.set_major_locator(MultipleLocator(step))
    ax.xaxis.set_major_formatter(lambda value, _: f"{int(value) // 60}:{int(value) % 60:02d}")
    if bottom:
        ax.set_xlabel("time in the song (min:s)")
    else:
        ax.tick_params(labelbottom=False)


@styled
def plot_over_time(song, tables: dict[str, pd.DataFrame], step: float = 1.0) -> Figure:
    """The probability of each class (row) in a window that moves through a song, a panel per task.

    `tables` by task: from `Analysis.over_time(step)`. Each window is drawn at its middle. Known sections are
    separated by lines, and the row of a section's class is framed.
    """
    heights = [table.shape[1] for table in tables.values()]
    shape = {"sharex": True, "squeeze": False, "height_ratios": heights}
    fig, axes = new_figure(PAIR, 1.2 + 0.2 * sum(heights), len(tables), 1, **shape)
    parts = [] if song.sections is None else song.sections.to_dict("records")
    for ax, (task, table) in zip(axes[:, 0], tables.items(), strict=True):
        first, last = table.index[[0, -1]] + CLIP_SECONDS / 2
        extent = (first - step / 2, last + step / 2, len(table.columns) - 0.5, -0.5)
        image = ax.imshow(table.T, cmap="Greys", vmin=0, vmax=1, aspect="auto", extent=extent, interpolation="nearest")
        ax.set_yticks(range(table.shape[1]), [class_label(name) for name in table])
        ax.set_title(task, pad=4)
        for part in parts:
            ax.axvline(part["start"], color=GREY, linewidth=0.6)
            if part.get(task) in table.columns:
                corner = part["start"], table.columns.get_loc(part[task]) - 0.5
                length = part["end"] - part["start"]
                ax.add_patch(Rectangle(corner, length, 1, fill=False, edgecolor=ORANGE, linewidth=2))
        ax.set(xlim=(0, song.duration))
    label_time(axes[-1, 0], song.duration)
    fig.colorbar(image, ax=axes, label="probability", pad=0.01)
    add_title(fig, f"{song.title} through a window of {CLIP_SECONDS:g} s")
    if any(task in part for task in tables for part in parts):
        add_caption(fig, "Orange frames: what is known of the song, the class of each section.")
    return fig


@styled
def plot_alike(curves: pd.DataFrame, at_random: dict) -> Figure:
    """How often two windows get the same class (column: song, task) by the seconds between them (index).

    `at_random`: the same for two windows anywhere in the song, by (song, task); dotted.
    """
    songs = list(dict.fromkeys(curves.columns.get_level_values(0)))
    fig, axes = new_figure(PAIR, 2.8, 1, len(songs), sharey=True, squeeze=False)
    for ax, song in zip(axes[0], songs, strict=True):
        for task, colour in zip(curves[song], (BLUE, ORANGE), strict=True):
            ax.plot(curves.index, curves[song][task], color=colour, label=task)
            ax.axhline(at_random[song, task], color=colour, linestyle=":")
        ax.axvline(CLIP_SECONDS, color=GREY, linewidth=0.8)
        ax.set(xlabel="time between two windows (s)", xlim=(0, None), ylim=(0, 1.02))
        ax.set_title(song)
        ax.grid(axis="y")
    axes[0, 0].set_ylabel("share of pairs with the same class")
    axes[0, -1].legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, borderaxespad=0.2)
    add_caption(fig, f"Dotted: two windows anywhere in the song. Grey: {CLIP_SECONDS:g} s; nearer ones overlap.")
    return fig
