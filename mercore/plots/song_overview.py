"""A song at a glance: shares with intervals, the mood's way over Russell's plane, and a ribbon. See 08_case_studies.

`analyses` and `tables` by task: from `songs.analyse` and `songs.analyse_over_time`.
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from mercore.corpora.labels import MOOD_NAMES, class_label
from mercore.plots.provenance import Provenance, save, write_whole
from mercore.plots.songs import draw_shares, label_time
from mercore.plots.sound import QUADRANT_COLOURS
from mercore.plots.style import (
    GREY,
    INK,
    PAIR,
    SINGLE,
    SMALL,
    add_caption,
    add_title,
    new_figure,
    styled,
)
from mercore.songs.predict import Prediction, Result, prediction_table, to_dict

LEFT, RIGHT = 0.24, 0.965  # of the ribbon's width: where its time begins and ends, for whatever is laid over it
SMOOTHED = 9.0  # s, over which the way through the plane is averaged
TIME_COLOURS = LinearSegmentedColormap.from_list("time", ["#9ecae1", "#08306b"])


def mood_path(table: pd.DataFrame, step: float) -> pd.DataFrame:
    """Valence and arousal (each -1 to 1) over time from probabilities of the quadrants, averaged over 9 s.

    Valence is the probability of the pleasant quadrants less that of the unpleasant ones, arousal that of the
    energetic ones less that of the calm ones: where the network leans, not a measurement of either.
    """
    around = max(1, round(SMOOTHED / step))
    p = table.rolling(around, center=True, min_periods=1).mean()
    path = {"valence": p["Q1"] + p["Q4"] - p["Q2"] - p["Q3"], "arousal": p["Q1"] + p["Q2"] - p["Q3"] - p["Q4"]}
    return pd.DataFrame(path)


def has_plane(table: pd.DataFrame) -> bool:
    """Whether the classes are Russell's quadrants."""
    return set(table.columns) == set(MOOD_NAMES)


@styled
def plot_portrait(analyses: dict, tables: dict[str, pd.DataFrame]) -> Figure:
    """Everything of one song in one figure: shares, plane and ribbon."""
    first = next(iter(analyses.values()))
    heights = (_profile_height(tables), 0.19 * _rows(tables) + 0.4)
    fig, _ = new_figure(PAIR, sum(heights) + 0.3, 0)
    grid = fig.add_gridspec(2, 1, height_ratios=heights)
    _draw_profile(fig, grid[0], analyses, tables)
    below = grid[1].subgridspec(len(tables), 1, height_ratios=[len(table.columns) for table in tables.values()])
    axes = [fig.add_subplot(below[i]) for i in range(len(tables))]
    image = _draw_ribbon(axes, analyses, tables)
    fig.colorbar(image, ax=axes, label="probability", pad=0.01)
    add_title(fig, f"{first.song.title}: {' and '.join(tables)} of {len(first.starts)} snippets, and over time")
    add_caption(fig, _caption(analyses, tables))
    return fig


def _caption(analyses: dict, tables: dict) -> str:
    first = next(iter(analyses.values()))
    text = (
        f"Whiskers: 95 % Wilson interval of the share for drawing {len(first.starts)} snippets of {first.seconds:g} s "
        "at random; they don't tell how often the network errs. Ribbon: a moving window."
    )
    if any(has_plane(table) for table in tables.values()):
        text += f" Plane: where the mood network leans, mean of {SMOOTHED:g} s; ○ begin, ■ end, the later the darker."
    return text


@styled
def plot_profile(analyses: dict, tables: dict[str, pd.DataFrame]) -> Figure:
    """The upper half of a portrait: shares with intervals by task, and the mood's way over Russell's plane."""
    fig, _ = new_figure(SINGLE, _profile_height(tables), 0)
    _draw_profile(fig, fig.add_gridspec(1, 1)[0], analyses, tables)
    return fig


def _rows(tables: dict) -> int:
    return sum(len(table.columns) for table in tables.values()) + 2 * len(tables)


def _profile_height(tables: dict) -> float:
    return max(0.16 * _rows(tables) + 0.5 * len(tables), 2.6)


def _draw_profile(fig, place, analyses: dict, tables: dict) -> None:
    """The tasks' shares above each other and, where a task has Russell's quadrants, the plane beside them."""
    plane = next((task for task, table in tables.items() if has_plane(table)), None)
    columns = place.subgridspec(1, 1 if plane is None else 2, width_ratios=(1,) if plane is None else (1.2, 1))
    heights = [len(table.columns) + 1 for table in tables.values()]
    rows = columns[0].subgridspec(len(tables), 1, height_ratios=heights)
    for row, (task, analysis) in enumerate(analyses.items()):
        ax = fig.add_subplot(rows[row])
        draw_shares(ax, analysis.shares(), None, legend=False)
        ax.set_title(task)
        if row < len(tables) - 1:
            ax.set_xlabel("")
    if plane is not None:
        _draw_plane(fig.add_subplot(columns[1]), tables[plane], analyses[plane])


def _draw_plane(ax, table: pd.DataFrame, analysis) -> None:
    corners = {"Q1": (1, 1), "Q2": (-1, 1), "Q3": (-1, -1), "Q4": (1, -1)}
    for name, (x, y) in corners.items():
        ax.fill([0, x, x, 0], [0, 0, y, y], color=QUADRANT_COLOURS[name], alpha=0.16, linewidth=0)
        ax.text(0.95 * x, 0.93 * y, name, ha="right" if x > 0 else "left", va="center", fontsize=SMALL, weight="bold")
    ax.add_patch(Circle((0, 0), 1, fill=False, color=GREY, linewidth=0.7, linestyle=(0, (4, 3))))
    step = float(np.median(np.diff(table.index))) if len(table) > 1 else 1.0
    path = mood_path(table, step)
    x, y = path["valence"].to_numpy(), path["arousal"].to_numpy()
    ax.plot(x, y, color=GREY, linewidth=0.6)
    ax.scatter(x, y, c=np.arange(len(x)), cmap=TIME_COLOURS, s=7, linewidth=0, zorder=2)
    ax.plot(x[0], y[0], "o", color=INK, markersize=7, markerfacecolor="white")
    ax.plot(x[-1], y[-1], "s", color=INK, markersize=6)
    ax.set(xlim=(-1.02, 1.02), ylim=(-1.02, 1.02), aspect="equal", xticks=(-1, 0, 1), yticks=(-1, 0, 1))
    ax.set_xlabel("unpleasant  ← valence →  pleasant")
    ax.set_ylabel("calm  ← arousal →  energetic")
    ax.set_title(f"{analysis.task} on Russell's plane")


@styled
def plot_ribbon(analyses: dict, tables: dict[str, pd.DataFrame]) -> Figure:
    """The probability of each class in a window that moves through a song, dark for high.

    Its time goes from LEFT to RIGHT of the figure's width exactly, so that a player's position can be laid over it.
    """
    height = 0.17 * _rows(tables) + 0.45
    fig, _ = new_figure(SINGLE, height, 0)
    fig.set_layout_engine("none")
    heights = [len(table.columns) for table in tables.values()]
    edges = {"left": LEFT, "right": RIGHT, "bottom": 0.45 / height, "top": 1 - 0.25 / height}
    grid = fig.add_gridspec(len(tables), 1, height_ratios=heights, hspace=0.28, **edges)
    axes = [fig.add_subplot(grid[i]) for i in range(len(tables))]
    _draw_ribbon(axes, analyses, tables)
    return fig


def _draw_ribbon(axes, analyses: dict, tables: dict):
    for ax, (task, table) in zip(axes, tables.items(), strict=True):
        song, seconds = analyses[task].song, analyses[task].seconds
        step = float(np.median(np.diff(table.index))) if len(table) > 1 else seconds
        first, last = table.index[[0, -1]] + seconds / 2
        extent = (first - step / 2, last + step / 2, len(table.columns) - 0.5, -0.5)
        image = ax.imshow(table.T, cmap="Greys", vmin=0, vmax=1, aspect="auto", extent=extent, interpolation="nearest")
        ax.set_yticks(range(table.shape[1]), [class_label(name) for name in table])
        ax.tick_params(axis="y", length=0)
        ax.set_title(
            f"{task}: probability, dark is high", loc="right", pad=3, fontsize=SMALL
        )  # at the left is a cursor
        ax.set(xlim=(0, song.duration))
        label_time(ax, song.duration, bottom=ax is axes[-1])
    return image


def save_prediction(prediction: Prediction, folder: Path, name: str) -> list[Path]:
    """Write the overview of a song, its shares and all else as folder/name.png, .csv and .json.

    Args:
        prediction: From `predict.predict_song` with `over_time`.
        folder: Where to write.
        name: From `output_names`.

    Returns:
        The paths of the files. Several networks of one task have a figure each.
    """
    by_task: dict[str, list[Result]] = {}
    for result in prediction.results:
        by_task.setdefault(result.analysis.task, []).append(result)
    written = []
    for n in range(max(map(len, by_task.values()))):
        shown = {task: results[n] for task, results in by_task.items() if n < len(results)}
        analyses = {task: result.analysis for task, result in shown.items()}
        fig = plot_portrait(analyses, {task: result.over_time for task, result in shown.items()})
        provenance = Provenance.of_song(prediction.song, *(result.run for result in shown.values()))
        written.append(save(fig, name if n == 0 else f"{name}--{n + 1}", provenance, folder))
    table = prediction_table(prediction).to_csv(index=False, float_format="%.4f", lineterminator="\n")
    written.append(write_whole(folder / f"{name}.csv", table))
    text = json.dumps(to_dict(prediction), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    return [*written, write_whole(folder / f"{name}.json", text)]


def output_names(paths: Sequence[Path]) -> list[str]:
    """Return a name for the files of each song, without special characters and different also in lower case."""
    names: list[str] = []
    for path in paths:
        wanted = re.sub(r"[^\w-]+|-{2,}", "_", path.stem).strip("_")[:80] or "song"
        name, n = wanted, 1
        while name.lower() in map(str.lower, names):
            name, n = f"{wanted}_{n + 1}", n + 1
        names.append(name)
    return names
