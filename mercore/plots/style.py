"""Give all figures one look: sizes, colours that colour-blind readers can tell apart, texts around the axes."""

import functools
import textwrap
import threading
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.textpath import TextPath

from mercore import networks

STYLE = Path(__file__).with_name("mercore.mplstyle")
SINGLE, PAIR = 7.0, 10.0  # widths in inches: one panel, two panels side by side
SMALL, NORMAL, LARGE = 8, 9, 10.5  # font sizes in points; nothing is set smaller
PALETTE = sns.color_palette("colorblind").as_hex()
BLUE, ORANGE, GREEN, RED, PINK, BROWN, ROSE, GREY, YELLOW, SKY = PALETTE
INK, FAINT, LIGHT = "#333333", "#777777", "#dddddd"
DASHED = (0, (4, 3))
SIDE_COLOURS = {"train": "#c4c4c4", "validation": SKY, "test": BLUE}
SIDE_NAMES = {"train": "training", "validation": "validation", "test": "test"}
BASELINE_NAMES = {
    "ensemble": "Networks averaged",
    "svm": "SVM on statistics",
    "hybrid": "Networks and SVM averaged",
    "majority": "Most frequent class",
}
MARGIN_FONTS: dict[str, dict[str, Any]] = {  # of the texts above and below the axes
    "title": {"fontsize": LARGE, "weight": "bold"},
    "caption": {"fontsize": SMALL, "color": INK},
    "provenance": {"fontsize": SMALL, "color": "#555555", "style": "italic"},
}
_GAP = 0.07  # inches between those texts and what they stand by
_DRAWING = threading.RLock()  # the laboratory draws in a thread, and matplotlib's settings are global


class DescribedFigure(Figure):
    """A figure with an alt text, which IPython keeps in the metadata of the output and nbconvert reads there."""

    def _repr_mimebundle_(self, **kwargs) -> tuple[dict, dict]:
        # matplotlib's formatter, which IPython asks next, adds the picture.
        return {}, {"image/png": {"alt": describe(self)}}


def use_style() -> None:
    """Set the style for everything that a notebook draws from here on."""
    plt.style.use(STYLE)


def styled(plot):
    """Decorate a function that draws: it uses the style and leaves matplotlib's own settings as they were."""

    @functools.wraps(plot)
    def wrapper(*args, **kwargs):
        with _DRAWING, plt.style.context(STYLE):
            return plot(*args, **kwargs)

    return wrapper


def new_figure(width: float, height: float, rows: int = 1, columns: int = 1, **options):
    """Create a figure and its axes, as `plt.subplots` does, that a notebook shows only where a cell ends with it.

    Args:
        width: Of the figure, in inches: `SINGLE` or `PAIR`.
        height: Of the figure, in inches.
        rows: Of axes; 0 for a figure that has none yet.
        columns: Of axes.
        **options: For `Figure.subplots`.

    Returns:
        The figure, and its axes as `plt.subplots` returns them (None without rows).
    """
    fig = plt.figure(figsize=(width, height), layout="constrained", FigureClass=DescribedFigure)
    plt.close(fig)  # pyplot would show it a second time, and keep all figures in memory
    return fig, fig.subplots(rows, columns, **options) if rows else None


def get_axes(ax, width: float = SINGLE, height: float = 3.0):
    """Return the figure of `ax` and `ax`, or a new figure of this size and its axes where `ax` is None."""
    return (ax.figure, ax) if ax is not None else new_figure(width, height)


def wrap(text: str, width: float, size: float = SMALL) -> str:
    """Break a text into lines that fit `width` inches at `size` points, by the average width of its letters."""
    if not text.strip():
        return ""
    letter = TextPath((0, 0), text, size=size, usetex=False).get_extents().width / len(text)
    return "\n".join(textwrap.wrap(text, max(20, int(0.95 * width * 72 / max(letter, 0.3 * size)))))


def add_margin_text(fig: Figure, place: str, text: str) -> None:
    """Write a text above or below all axes; the figure grows by its height, so the axes keep their size.

    Args:
        fig: A figure from `new_figure`.
        place: "title" (above), "caption" or "provenance" (below). A second text in a place replaces the first.
        text: Without line breaks; it is wrapped to the width of the figure.
    """
    texts = {old.get_gid(): old for old in fig.texts if old.get_gid() in MARGIN_FONTS}
    axes_height = fig.get_figheight() - sum(map(_measure, texts.values()))
    if place in texts:
        texts.pop(place).remove()
    width, font = fig.get_figwidth(), MARGIN_FONTS[place]
    wrapped = wrap(text, width - 0.2, font["fontsize"])
    texts[place] = fig.text(0.1 / width, 0, wrapped, va="top", gid=place, family="DejaVu Sans", **font)
    height = axes_height + sum(map(_measure, texts.values()))
    fig.set_figheight(height)
    bottom = 0.0
    for name in ("provenance", "caption"):
        if name in texts:
            bottom += _measure(texts[name])
            texts[name].set_y((bottom - _GAP) / height)
    if "title" in texts:
        texts["title"].set_y(1 - 0.05 / height)
    fig.set_layout_engine("constrained", rect=(0, bottom / height, 1, axes_height / height))


def _measure(text) -> float:
    """Height in inches that a text in the margin takes, with its gap."""
    return len(text.get_text().splitlines()) * 1.25 * text.get_fontsize() / 72 + _GAP


def add_title(fig: Figure, text: str) -> None:
    """Write a title above all axes."""
    add_margin_text(fig, "title", text)


def add_caption(fig: Figure, text: str) -> None:
    """Write below all axes what a reader must know to read the figure."""
    add_margin_text(fig, "caption", text)


def describe(fig: Figure) -> str:
    """Return an alt text: title, what each axes shows, caption and provenance."""
    margin = {text.get_gid(): text.get_text() for text in fig.texts}
    parts = [margin.get("title"), *map(_describe_axes, fig.axes), margin.get("caption"), margin.get("provenance")]
    sentences = (" ".join(part.split()).rstrip(".") for part in parts if part)
    return ". ".join(dict.fromkeys(filter(None, sentences))) + "."


def _describe_axes(ax) -> str:
    """Return the titles of axes, their labels and the legend; of a diagram all that is written in it."""
    labels = [axis.get_label_text() for axis in (ax.yaxis, ax.xaxis) if ax.axison and axis.get_visible()]
    entries = ax.get_legend().get_texts() if ax.get_legend() else []
    words = [text.get_text() for text in (entries if ax.axison else [*ax.texts, *entries])]
    against = " against ".join(filter(None, labels))
    return ": ".join(filter(None, [ax.get_title("left"), ax.get_title(), against, ", ".join(filter(None, words))]))


def network_name(key: str) -> str:
    """Return the short name of a network, or of a baseline, in one line."""
    return (BASELINE_NAMES.get(key) or networks.short_title(key)).replace("\n", " ")
