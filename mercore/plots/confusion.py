"""Plot confusion matrices, of any counts and of a run next to the report's. Explained in 07_results."""

from collections.abc import Iterable

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from mercore import evaluation
from mercore.corpora.labels import class_label
from mercore.evaluation import published
from mercore.plots import style
from mercore.plots.style import add_caption, add_title, get_axes, network_name, new_figure, styled


def compare_protocols(protocol: str) -> str:
    """Return how far the report's numbers may be compared with ours."""
    leak = "clips of one track on both sides"
    if protocol == published.PROTOCOL:
        return f"Both split by clip: {leak}, so neither says how well new music is recognised."
    return (
        f"Protocols differ: the report split by clip ({leak}), ours by {protocol or 'track or artist'}; "
        "its numbers are expected to be higher for that alone."
    )


def draw_heatmap(ax, values, texts, columns: Iterable[str], rows: Iterable[str], highest: float = 1.0):
    """Draw a table as a heat map with a text in each cell; return the mesh, for a colour bar."""
    look = {"cmap": "Blues", "cbar": False, "linewidths": 1, "fmt": "", "annot_kws": {"size": style.SMALL}}
    sns.heatmap(values, annot=texts, vmin=0, vmax=highest, ax=ax, **look)
    for text, value in zip(ax.texts, np.ravel(values), strict=True):
        text.set_color("white" if value > 0.55 * highest else "black")
    columns, rows = list(columns), list(rows)
    ax.set_xticks(np.arange(len(columns)) + 0.5, columns, rotation=0)
    ax.set_yticks(np.arange(len(rows)) + 0.5, rows, rotation=0)
    ax.tick_params(length=0)
    ax.set(xlabel="", ylabel="")
    return ax.collections[0]


@styled
def plot_confusion(counts: pd.DataFrame, title: str = "", ax=None, colour_bar: bool = True) -> Figure:
    """Plot a confusion matrix: rows true, columns predicted; counts as text, share of the row as colour."""
    n = len(counts)
    fig, ax = get_axes(ax, style.SINGLE, 4.4 if n <= 5 else max(5.6, 0.22 * n + 1.6))
    shares = 100 * counts.div(counts.sum(axis=1).clip(lower=1), axis=0)
    names = [class_label(name, lines=True) for name in counts.index]
    texts = counts.astype(str).where((counts > 0) | (n <= 12), "")
    mesh = draw_heatmap(ax, shares, texts, names, names, 100)
    longest = max(len(line) for name in names for line in name.splitlines())
    if 0.07 * longest > 4 / n:  # the width of a column of a panel, in inches
        plt.setp(ax.get_xticklabels(), rotation=45, ha="right", rotation_mode="anchor")
    ax.set(xlabel="predicted", ylabel="true")
    ax.set_title(title)
    if colour_bar:
        fig.colorbar(mesh, ax=ax, shrink=0.8, label="share of the true class (%)")
    return fig


@styled
def plot_run_confusion(run) -> Figure:
    """Plot a run's test clips as a confusion matrix, next to the report's if its classes are the same (13 to 26).

    Ours is in the order Q1 to Q4 for moods, the report's as it printed it.
    """
    task, key, protocol = run.corpus["task"], run.config["network"], run.config["protocol"]
    counts = evaluation.confusion(run.side("test"), run.classes)
    ours = f"Ours: {run.corpus['name']}, split by {protocol}\n{_score(counts)}"
    title = f"{task.capitalize()}: {network_name(key)}"
    if key not in published.networks() or not published.has_classes(task, run.classes):
        fig = plot_confusion(counts, ours)
        add_title(fig, title)
        return fig
    fig, (left, right, bar) = new_figure(style.PAIR, 4.9 if len(counts) > 5 else 4.6, 1, 3, width_ratios=(1, 1, 0.03))
    plot_confusion(counts, ours, left, colour_bar=False)
    printed = published.confusion(task, key)
    theirs = f"The report's: {published.dataset(task)}, split by {published.PROTOCOL}\n{_score(printed)}"
    plot_confusion(printed, theirs, right, colour_bar=False)
    right.set_ylabel("")
    fig.colorbar(right.collections[0], cax=bar, label="share of the true class (%)")
    add_title(fig, title)
    caption = f"Numbers are clips. {compare_protocols(protocol)}"
    if task == "mood":
        caption += (
            " The report's classes are named and ordered as it printed them; its 'Relaxed' and 'Annoying' may "
            "be swapped (see 07_results)."
        )
    add_caption(fig, caption)
    return fig


def _score(counts: pd.DataFrame) -> str:
    n = counts.to_numpy().sum()
    return f"{100 * np.trace(counts) / n:.1f} % of {n:,} test clips right" if n else "no test clips"
