"""How all figures look: size, colours that colour-blind readers can tell apart, names on the axes."""

import functools
import textwrap
import threading

import matplotlib as mpl
import matplotlib.pyplot as plt
import seaborn as sns
from matplotlib.figure import Figure

SINGLE, PAIR = 7.0, 10.0  # widths in inches: one panel, two panels side by side
SMALL, NORMAL, LARGE = 8, 9, 10.5  # font sizes in points; nothing is set smaller
STYLE = {
    "figure.dpi": 100,
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same letters everywhere
    "font.size": NORMAL,
    "axes.titlesize": NORMAL,
    "axes.labelsize": NORMAL,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.fontsize": SMALL,
    "legend.frameon": False,
    "text.parse_math": False,  # names of tracks, classes and songs may hold any sign
}
PALETTE = sns.color_palette("colorblind").as_hex()
BLUE, ORANGE, GREEN, RED, PINK, BROWN, ROSE, GREY, YELLOW, SKY = PALETTE
INK, FAINT = "#333333", "#777777"
AROUND = ("title", "caption", "provenance")  # texts above and below the axes, see write_around
GAP = 0.07  # inches between them and what they stand by
DRAWING = threading.RLock()  # the laboratory draws while a notebook does: matplotlib's settings are everybody's
SIDE_COLOURS = {"train": "#c4c4c4", "validation": SKY, "test": BLUE}
SIDE_NAMES = {"train": "training", "validation": "validation", "test": "test"}
NETWORK_NAMES = {
    "conv": "Conv",
    "blstm": "BLSTM",
    "conv_blstm": "Conv +\nBLSTM",
    "bgru": "BGRU",
    "conv_bgru": "Conv +\nBGRU",
    "end2end": "End-to-end\nLSTM",
    "end2end_gru": "End-to-end\nGRU",
}
RIVALS = {
    "ensemble": "Networks averaged",
    "svm": "SVM on statistics",
    "hybrid": "Networks and SVM averaged",
    "majority": "Most frequent class",
}


class DescribedFigure(Figure):
    """A figure with an alt text: IPython keeps it in the metadata of the output, where nbconvert looks for it."""

    def _repr_mimebundle_(self, **kwargs) -> tuple[dict, dict]:
        # The picture itself stays with matplotlib's formatter, which IPython asks next.
        return {}, {"image/png": {"alt": describe(self)}}


def styled(plot):
    """Draw in this module's style, leaving matplotlib's own settings as they were; one thread at a time."""

    @functools.wraps(plot)
    def wrapper(*args, **kwargs):
        with DRAWING, mpl.rc_context(STYLE):
            return plot(*args, **kwargs)

    return wrapper


def new_figure(width: float, height: float, rows: int = 1, columns: int = 1, **options):
    """A figure in inches and its axes, as plt.subplots; without rows it has none yet.

    It is taken off pyplot's list at once, so a notebook shows it where it is the last line of a cell and
    never twice, and hundreds may be drawn without keeping them all.
    """
    fig = plt.figure(figsize=(width, height), layout="constrained", FigureClass=DescribedFigure)
    plt.close(fig)
    return fig, fig.subplots(rows, columns, **options) if rows else None


def figure_of(ax, width: float = SINGLE, height: float = 3.0):
    """(figure, ax): of the given axes, or new ones."""
    return (ax.figure, ax) if ax is not None else new_figure(width, height)


def wrap(text: str, width: float, size: float = SMALL) -> str:
    """Break a text into lines that fit `width` inches at `size` points."""
    return "\n".join(textwrap.wrap(text, max(20, int(width * 72 / (size * 0.51)))))


def write_around(fig: Figure, gid: str, text: str, **font) -> None:
    """Write a text above (gid "title") or below (gid "caption", then "provenance") all axes.

    The figure grows by the height of the text, so the axes keep their size. A second call replaces the first.
    """
    texts = {old.get_gid(): old for old in fig.texts if old.get_gid() in AROUND}
    axes_height = fig.get_figheight() - sum(_height_of(old) for old in texts.values())
    if gid in texts:
        texts.pop(gid).remove()
    font = {"fontsize": SMALL, "family": "DejaVu Sans"} | font
    wrapped = wrap(text, fig.get_figwidth() - 0.2, font["fontsize"])
    texts[gid] = fig.text(0.1 / fig.get_figwidth(), 0, wrapped, ha="left", va="top", gid=gid, **font)
    height = axes_height + sum(_height_of(t) for t in texts.values())
    fig.set_figheight(height)
    top, bottom = height, 0.0
    if "title" in texts:
        texts["title"].set_y(1 - 0.05 / height)
        top -= _height_of(texts["title"])
    for name in ("provenance", "caption"):
        if name in texts:
            bottom += _height_of(texts[name])
            texts[name].set_y((bottom - GAP) / height)
    fig.set_layout_engine("constrained", rect=(0, bottom / height, 1, (top - bottom) / height))


def _height_of(text) -> float:
    """Height in inches that a text around the axes takes, with its gap."""
    return (len(text.get_text().splitlines()) * 1.25 * text.get_fontsize()) / 72 + GAP


def add_title(fig: Figure, text: str) -> None:
    """A title above all axes."""
    write_around(fig, "title", text, fontsize=LARGE, weight="bold")


def add_caption(fig: Figure, text: str) -> None:
    """A caption below all axes: what the reader must know to read the figure."""
    write_around(fig, "caption", text, color=INK)


def describe(fig: Figure) -> str:
    """What a figure shows, for those who can't see it: the texts around the axes, and what the axes are called."""
    around = {text.get_gid(): text.get_text() for text in fig.texts if text.get_gid() in AROUND}
    panels = [_describe_axes(ax) for ax in fig.axes]
    parts = [around.get("title", ""), *panels, around.get("caption", ""), around.get("provenance", "")]
    sentences = (" ".join(part.split()).rstrip(".") for part in parts)
    return ". ".join(dict.fromkeys(filter(None, sentences))) + "."


def _describe_axes(ax) -> str:
    """The title of axes, what is drawn against what, and the legend; of a diagram without axes all that it says."""
    labels = [axis.get_label_text() for axis in (ax.yaxis, ax.xaxis) if ax.axison and axis.get_visible()]
    legend = ax.get_legend()
    entries = legend.get_texts() if legend else []
    words = [text.get_text() for text in (entries if ax.axison else [*ax.texts, *entries])]
    against = " against ".join(filter(None, labels))
    return ": ".join(filter(None, [ax.get_title("left"), ax.get_title(), against, ", ".join(filter(None, words))]))
