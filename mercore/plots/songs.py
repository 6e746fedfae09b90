"""Plot the case studies: a song's genre or mood as shares and over time. Explained in 08_case_studies.

`analyses` are by task, from `songs.analyse`, and `tables` by task, from `songs.analyse_over_time`.
"""

import numpy as np
import pandas as pd
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MultipleLocator

from mercore.corpora.clips import CLIP_SECONDS
from mercore.corpora.labels import class_label
from mercore.evaluation import published
from mercore.evaluation.text import clock
from mercore.plots import style
from mercore.plots.sound import QUADRANTS, draw_plane
from mercore.plots.style import add_caption, add_title, new_figure, styled

LEFT, RIGHT = 0.24, 0.965  # of a ribbon's width: where its time begins and ends, for whatever is laid over it
SMOOTHED = 9.0  # s, over which the path through the plane is averaged
TIME_COLOURS = LinearSegmentedColormap.from_list("time", ["#9ecae1", "#08306b"])


@styled
def plot_song(analysis, report: str | None = None) -> Figure:
    """Plot a song's snippets by predicted class, as shares and over time (figures 9 to 12).

    Args:
        analysis: From `songs.analyse`. Where the song's sections are known they are drawn under both.
        report: Slug of a case study of the report, another song, whose shares are drawn next to ours; left out where
            the classes aren't the report's.
    """
    task, song, sections = analysis.task, analysis.song, analysis.song.sections
    classes = list(analysis.probabilities)
    known = sections is not None and task in sections
    beside = report if report and published.has_classes(task, classes) else ""
    fig, _ = new_figure(style.PAIR, 0.48 * len(classes) + 2.1, 0)
    grid = fig.add_gridspec(2, 2, height_ratios=(1, 1.08), width_ratios=(1.9, 1))
    shares, timeline = fig.add_subplot(grid[0, 0 if beside else slice(None)]), fig.add_subplot(grid[1, :])
    truth = None
    if known:
        lengths = (sections["end"] - sections["start"]).groupby(sections[task]).sum()
        truth = lengths.reindex(classes, fill_value=0) / song.duration
        _draw_sections(timeline, sections, task, classes, song.duration)
    _draw_shares(shares, analysis.shares(), truth)
    shares.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, borderaxespad=0.2)
    _draw_timeline(timeline, analysis, classes)
    n = len(analysis.starts)
    add_title(fig, f"{song.title}: {task} of {n} random snippets")
    caption = _explain_whiskers(analysis)
    if known:
        caption += f" Orange: what is known of the song, its sections and their {task}."
    if beside:
        _draw_reference(fig.add_subplot(grid[0, 1]), classes, beside, task)
        caption += " Grey: the report's result on its song, another one, so nothing there need agree with ours."
        if task == "mood":
            caption += " Its printed mood names may be in the wrong order (see data/published_results.json)."
    add_caption(fig, caption)
    return fig


def _explain_whiskers(analysis) -> str:
    return (
        f"Whiskers: 95 % Wilson interval of the share for drawing {len(analysis.starts)} snippets of "
        f"{analysis.seconds:g} s at random: how well the snippets stand for the whole song, not how often the network "
        "is wrong."
    )


def _draw_shares(ax, shares: pd.DataFrame, truth: pd.Series | None = None) -> None:
    """Draw a bar per class with its interval, and under it the known share of the song's time, if any."""
    percent, low, high = shares[["share", "low", "high"]].to_numpy().T * 100
    rows = np.arange(len(shares))
    height, y = (0.62, rows) if truth is None else (0.42, rows - 0.16)
    ax.barh(y, percent, height, color=style.BLUE, label="predicted")
    whiskers = np.abs([percent - low, high - percent])
    ax.errorbar(
        percent, y, xerr=whiskers, fmt="none", ecolor=style.INK, elinewidth=1.1, capsize=2.5, label="95 % interval"
    )
    if truth is not None:
        ax.barh(rows + 0.24, truth * 100, 0.26, color=style.ORANGE, label="known: share of the song's time")
    _set_share_axes(ax, [class_label(name) for name in shares.index])


def _set_share_axes(ax, names: list[str]) -> None:
    ax.set_yticks(range(len(names)), names)
    ax.set(ylim=(len(names) - 0.45, -0.55), xlim=(0, 102), xlabel="share of snippets (%)")
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="x")


def _draw_reference(ax, classes: list[str], slug: str, task: str) -> None:
    """Draw the report's shares on its own song."""
    study = published.case_study(slug)
    shares = published.case_study_shares(slug, task).reindex(classes)
    ax.barh(range(len(shares)), shares * 100, 0.62, color="#e4e4e4", edgecolor=style.GREY)
    _set_share_axes(ax, [""] * len(shares))
    ax.set_title(f"The report's song (another one):\n{study['song']}, {study['artist']}", fontsize=style.SMALL)


def _draw_sections(ax, sections: pd.DataFrame, task: str, classes: list[str], duration: float) -> None:
    """Draw the known sections: their names above, their class as a band behind the predictions."""
    room = (sections["end"] - sections["start"]) / duration * (style.PAIR - 1.5)
    fits = (0.075 * sections["section"].astype(str).str.len() < room).all()
    look = {"ha": "center"} if fits else {"ha": "left", "rotation": 35, "rotation_mode": "anchor"}
    for part in sections.to_dict("records"):
        start, end = part["start"], part["end"]
        if part[task] in classes:
            row = classes.index(part[task])
            ax.fill_between([start, end], row - 0.5, row + 0.5, color=style.ORANGE, alpha=0.45, linewidth=0)
        ax.axvline(start, color=style.GREY, linewidth=0.6)
        place = (start + end) / 2 / duration, 1.03
        ax.text(*place, part["section"], transform=ax.transAxes, va="bottom", fontsize=style.SMALL, **look)


def _draw_timeline(ax, analysis, classes: list[str]) -> None:
    """Draw each snippet as a dash at its time, in the row of its predicted class."""
    starts = analysis.starts
    rows = [classes.index(name) for name in analysis.predicted]
    ax.hlines(rows, starts, starts + analysis.seconds, color=style.BLUE, linewidth=5)
    ax.set_yticks(range(len(classes)), [class_label(name) for name in classes])
    ax.set(ylim=(len(classes) - 0.45, -0.55))
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="y")
    _label_time(ax, analysis.song.duration)


def _label_time(ax, duration: float, labels: bool = True) -> None:
    """Set the axis of a song's time in minutes and seconds."""
    step = next((s for s in (5, 10, 15, 30, 60, 120) if duration / s <= 14), 300)
    ax.set(xlim=(0, duration), xlabel="time in the song (min:s)" if labels else "")
    ax.xaxis.set_major_locator(MultipleLocator(step))
    ax.xaxis.set_major_formatter(lambda value, _: clock(value))
    ax.tick_params(labelbottom=labels)


def _draw_probabilities(axes, tables: dict[str, pd.DataFrame], song, seconds: float = CLIP_SECONDS):
    """Draw the probability of each class (row) in a window that moves through a song, each at its middle."""
    for ax, (task, table) in zip(axes, tables.items(), strict=True):
        half = np.median(np.diff(table.index)) / 2 if len(table) > 1 else seconds / 2
        first, last = table.index[[0, -1]] + seconds / 2
        extent = (first - half, last + half, table.shape[1] - 0.5, -0.5)
        image = ax.imshow(table.T, cmap="Greys", vmin=0, vmax=1, aspect="auto", extent=extent, interpolation="nearest")
        ax.set_yticks(range(table.shape[1]), [class_label(name) for name in table])
        ax.tick_params(axis="y", length=0)
        ax.set_title(
            f"{task}: probability, dark is high", loc="right", pad=3, fontsize=style.SMALL
        )  # a cursor is at the left
        _label_time(ax, song.duration, labels=ax is axes[-1])
    return image


@styled
def plot_over_time(song, tables: dict[str, pd.DataFrame]) -> Figure:
    """Plot the probability of each class in a window that moves through a song, a panel per task.

    Known sections are separated by lines, and the row of a section's class is framed.
    """
    heights = [table.shape[1] for table in tables.values()]
    fig, axes = new_figure(style.PAIR, 1.2 + 0.2 * sum(heights), len(tables), 1, squeeze=False, height_ratios=heights)
    image = _draw_probabilities(axes[:, 0], tables, song)
    fig.colorbar(image, ax=axes, label="probability", pad=0.01)
    add_title(fig, f"{song.title} through a window of {CLIP_SECONDS:g} s")
    if song.sections is not None:
        for ax, task in zip(axes[:, 0], tables, strict=True):
            _frame_sections(ax, song.sections, task, list(tables[task]))
        add_caption(fig, "Orange frames: what is known of the song, the class of each section.")
    return fig


def _frame_sections(ax, sections: pd.DataFrame, task: str, classes: list[str]) -> None:
    for part in sections.to_dict("records"):
        ax.axvline(part["start"], color=style.GREY, linewidth=0.6)
        if part.get(task) in classes:
            corner, length = (part["start"], classes.index(part[task]) - 0.5), part["end"] - part["start"]
            ax.add_patch(Rectangle(corner, length, 1, fill=False, edgecolor=style.ORANGE, linewidth=2))


@styled
def plot_ribbon(analyses: dict, tables: dict[str, pd.DataFrame]) -> Figure:
    """Plot what `plot_over_time` does, for a player that lays its position over it.

    The song's time goes from LEFT to RIGHT of the figure's width exactly.
    """
    first = next(iter(analyses.values()))
    heights = [table.shape[1] for table in tables.values()]
    height = 0.17 * (sum(heights) + 2 * len(tables)) + 0.45
    fig, _ = new_figure(style.SINGLE, height, 0)
    fig.set_layout_engine("none")
    edges = {"left": LEFT, "right": RIGHT, "bottom": 0.45 / height, "top": 1 - 0.25 / height, "hspace": 0.28}
    axes = fig.subplots(len(tables), 1, squeeze=False, height_ratios=heights, gridspec_kw=edges)
    _draw_probabilities(axes[:, 0], tables, first.song, first.seconds)
    return fig


@styled
def plot_shares(analyses: dict, tables: dict[str, pd.DataFrame]) -> Figure:
    """Plot the shares of a song by task and, for mood, its path over Russell's plane."""
    fig, _ = new_figure(style.SINGLE, _measure_shares(tables), 0)
    _draw_shares_and_plane(fig, analyses, tables)
    return fig


@styled
def plot_song_overview(analyses: dict, tables: dict[str, pd.DataFrame]) -> Figure:
    """Plot all of a song in one figure: shares, the mood's path over Russell's plane, probabilities over time."""
    first = next(iter(analyses.values()))
    classes = [table.shape[1] for table in tables.values()]
    heights = _measure_shares(tables), 0.19 * (sum(classes) + 2 * len(tables)) + 0.4
    fig, _ = new_figure(style.PAIR, sum(heights) + 0.3, 0)
    above, below = fig.subfigures(2, 1, height_ratios=heights)
    _draw_shares_and_plane(above, analyses, tables)
    axes = below.subplots(len(tables), 1, squeeze=False, height_ratios=classes)
    image = _draw_probabilities(axes[:, 0], tables, first.song, first.seconds)
    below.colorbar(image, ax=axes, label="probability", pad=0.01)
    add_title(fig, f"{first.song.title}: {' and '.join(tables)} of {len(first.starts)} snippets, and over time")
    caption = f"{_explain_whiskers(first)} Below: a moving window."
    if _find_plane(tables):
        caption += (
            f" Plane: where the mood network leans, mean of {SMOOTHED:g} s; ○ begin, ■ end, the later the darker."
        )
    add_caption(fig, caption)
    return fig


def _measure_shares(tables: dict) -> float:
    """Return the height of the shares in inches."""
    return max(sum(0.16 * table.shape[1] + 0.82 for table in tables.values()), 2.6)


def _find_plane(tables: dict[str, pd.DataFrame]) -> str:
    """Return the task whose classes are Russell's quadrants, if any."""
    return next((task for task, table in tables.items() if set(table) == set(QUADRANTS)), "")


def _draw_shares_and_plane(fig, analyses: dict, tables: dict[str, pd.DataFrame]) -> None:
    plane = _find_plane(tables)
    grid = fig.add_gridspec(1, 2, width_ratios=(1.2, 1))
    rows = grid[0, 0 if plane else slice(None)].subgridspec(
        len(tables), 1, height_ratios=[table.shape[1] + 1 for table in tables.values()]
    )
    for row, (task, analysis) in enumerate(analyses.items()):
        ax = fig.add_subplot(rows[row])
        _draw_shares(ax, analysis.shares())
        ax.set_title(task)
        if row < len(tables) - 1:
            ax.set_xlabel("")
    if plane:
        _draw_path(fig.add_subplot(grid[0, 1]), tables[plane])


def mood_path(table: pd.DataFrame) -> pd.DataFrame:
    """Return valence and arousal (each -1 to 1) over time from probabilities of the quadrants, averaged over 9 s.

    Valence is the probability of the pleasant quadrants less that of the unpleasant ones, arousal that of the
    energetic ones less that of the calm ones: where the network leans, not a measurement of either.
    """
    step = np.median(np.diff(table.index)) if len(table) > 1 else 1.0
    p = table.rolling(max(1, round(SMOOTHED / step)), center=True, min_periods=1).mean()
    return pd.DataFrame(
        {"valence": p["Q1"] + p["Q4"] - p["Q2"] - p["Q3"], "arousal": p["Q1"] + p["Q2"] - p["Q3"] - p["Q4"]}
    )


def _draw_path(ax, table: pd.DataFrame) -> None:
    """Draw the path of the mood over Russell's plane, the later the darker."""
    draw_plane(ax)
    for name, (x, y, _) in QUADRANTS.items():
        ax.text(
            0.95 * x, 0.93 * y, name, ha="right" if x > 0 else "left", va="center", fontsize=style.SMALL, weight="bold"
        )
    x, y = mood_path(table).to_numpy().T
    ax.plot(x, y, color=style.GREY, linewidth=0.6)
    ax.scatter(x, y, c=np.arange(len(x)), cmap=TIME_COLOURS, s=7, linewidth=0, zorder=2)
    ax.plot(x[0], y[0], "o", color=style.INK, markersize=7, markerfacecolor="white")
    ax.plot(x[-1], y[-1], "s", color=style.INK, markersize=6)
    ax.set(xticks=(-1, 0, 1), yticks=(-1, 0, 1))
    ax.set_title("mood on Russell's plane")


@styled
def plot_self_agreement(curves: pd.DataFrame, at_random: dict) -> Figure:
    """Plot how often two windows of a song get the same class, by the seconds between them.

    Args:
        curves: Shares (0 to 1); index: seconds, columns: (song, task).
        at_random: By (song, task), the share for two windows anywhere in the song; dotted.
    """
    songs = list(dict.fromkeys(curves.columns.get_level_values(0)))
    fig, axes = new_figure(style.PAIR, 2.8, 1, len(songs), sharey=True, squeeze=False)
    for ax, song in zip(axes[0], songs, strict=True):
        for task, colour in zip(curves[song], (style.BLUE, style.ORANGE), strict=True):
            ax.plot(curves.index, curves[song][task], color=colour, label=task)
            ax.axhline(at_random[song, task], color=colour, linestyle=":")
        ax.axvline(CLIP_SECONDS, color=style.GREY, linewidth=0.8)
        ax.set(xlabel="time between two windows (s)", xlim=(0, None), ylim=(0, 1.02))
        ax.set_title(song)
        ax.grid(axis="y")
    axes[0, 0].set_ylabel("share of pairs with the same class")
    axes[0, -1].legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, borderaxespad=0.2)
    add_caption(fig, f"Dotted: two windows anywhere in the song. Grey: {CLIP_SECONDS:g} s; nearer ones overlap.")
    return fig
