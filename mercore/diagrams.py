"""Draws a network from the Keras model itself: every layer with its settings, output shape and parameters.

Figures 3 to 6; explained in 03_conv to 06_end_to_end.
"""

from dataclasses import dataclass
from itertools import pairwise
from math import prod

from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle

from mercore.plotstyle import (
    BLUE,
    BROWN,
    GREEN,
    GREY,
    INK,
    NORMAL,
    ORANGE,
    PAIR,
    PINK,
    SKY,
    SMALL,
    YELLOW,
    add_title,
    new_figure,
    styled,
)

FAMILIES = {
    "input": "#777777",
    "convolution": BLUE,
    "recurrent": ORANGE,
    "attention": PINK,
    "dense": GREEN,
    "pooling": SKY,
    "normalisation": YELLOW,
    "dropout": GREY,
    "reshaping": "#c9c9c9",
    "activation": BROWN,
    "other": INK,
}
INPUTS = {"log_mel": ("Log-mel\nspectrogram", "bands × frames"), "waveform": ("Raw audio", "steps × samples")}
# In inches: a layer that computes is a card; one that only pools, normalises, drops or reshapes a slab beside it.
CARD, SLAB, TALL, HEADER, ARROW, MARGIN, ROW_GAP = 1.34, 0.37, 1.46, 0.4, 0.3, 0.12, 0.42


@dataclass(frozen=True)
class Block:
    """One layer as drawn: what it is, its settings, its output shape without the batch, its parameters."""

    family: str
    name: str
    settings: tuple[str, ...]
    shape: tuple[int | None, ...]
    parameters: int
    slab: bool = False
    reshapes: bool = False  # whether its output has another shape than its input

    @property
    def width(self) -> float:
        return SLAB if self.slab else CARD


def describe_layer(layer) -> Block:
    """What is to be said of a Keras layer; one of an unknown kind is shown by its class name."""
    kind, inner = type(layer).__name__, layer
    words = []
    if kind == "TimeDistributed":
        inner, words = layer.layer, ["Time-distributed"]
    if type(inner).__name__ == "Bidirectional":
        inner, words = inner.forward_layer, [*words, "bidirectional" if words else "Bidirectional"]
    kind = type(inner).__name__
    shape = tuple(layer.output.shape[1:])
    heard = _heard(layer)
    family, name, settings, slab = _describe_kind(kind, inner, shape)
    if len(words) == 2:  # three words on two lines
        name = f"{words[0]}\nbi-{name}"
    elif words:
        name = f"{words[0]}\n{name}"
    if "bidirectional" in [word.lower() for word in words]:
        settings = [f"2 × {settings[0]}", *settings[1:]]
    return Block(
        family,
        name,
        tuple(filter(None, settings)),
        shape,
        layer.count_params(),
        slab,
        bool(heard) and tuple(heard[0].shape[1:]) != shape,
    )


def _describe_kind(kind: str, layer, shape) -> tuple[str, str, list[str], bool]:
    """(family, name, settings, whether it is a slab)"""
    if kind == "InputLayer":
        name, axes = INPUTS.get(layer.name, (layer.name.replace("_", " "), ""))
        return "input", name, [axes if len(shape) == 2 and shape[-1] > 1 else ""], False
    if kind.startswith(("Conv", "SeparableConv", "DepthwiseConv")):
        stride = "" if set(layer.strides) == {1} else f"stride {_times(layer.strides)}"
        return (
            "convolution",
            kind,
            [f"{layer.filters} filters", f"kernel {_times(layer.kernel_size)}", stride, _activation(layer)],
            False,
        )
    if kind in ("LSTM", "GRU", "SimpleRNN"):
        steps = "all steps" if layer.return_sequences else "last step only"
        return "recurrent", kind, [f"{layer.units} units", steps], False
    if kind == "Dense":
        return "dense", kind, [f"{layer.units} units", _activation(layer)], False
    if kind == "AttentionPooling":
        return "attention", "Attention\npooling", ["additive,", "summed over time"], False
    if kind == "Attention":
        return "attention", "Self-attention", ["dot-product"], False
    if kind == "StatisticsPooling":
        return "pooling", "statistics over places", [], True
    if kind == "LogPower":
        return "pooling", f"log-power, {layer.frames} steps", [], True
    if kind.startswith("Global"):
        return "pooling", "mean over time" if "Average" in kind else "maximum over time", [], True
    if "Pooling" in kind:
        name = ("average" if kind.startswith("Average") else "max") + f"-pooling {_times(layer.pool_size)}"
        if layer.strides != layer.pool_size:
            name += f", stride {_times(layer.strides)}"
        return "pooling", name, [], True
    if kind == "BatchNormalization":
        return "normalisation", "batch normalisation", [f"{layer.count_params():,} parameters"], True
    if "Dropout" in kind:
        return "dropout", f"{'spatial ' * kind.startswith('Spatial')}dropout {layer.rate:g}", [], True
    if kind in ("Flatten", "Reshape", "Permute"):
        return "reshaping", {"Permute": "swap axes"}.get(kind, kind.lower()), [], True
    if kind in ("Activation", "ReLU", "Softmax"):
        return "activation", _activation(layer) or kind, [], True
    return "other", kind, [], False


def _activation(layer) -> str:
    name = getattr(getattr(layer, "activation", None), "__name__", "")
    return {"relu": "ReLU", "linear": "linear"}.get(name, name)


def _times(numbers) -> str:
    numbers = (numbers,) if isinstance(numbers, int) else tuple(numbers)
    return " × ".join(str(number) for number in numbers)


def _heard(layer) -> list:
    """The tensors that a layer takes; none for an input layer."""
    return list(layer.input) if isinstance(layer.input, list | tuple) else [layer.input]


def _chain(model) -> list:
    """The layers in order. Raises ValueError unless each hears the one before it and nothing else."""
    layers = list(model.layers)
    for before, layer in pairwise(layers):
        if any(tensor._keras_history.operation is not before for tensor in _heard(layer)):
            raise ValueError(f"layer {layer.name} doesn't follow {before.name} alone: only chains can be drawn")
    return layers


@styled
def draw_architecture(model, title: str = "") -> Figure:
    """A Keras model whose layers form a chain, in rows from left to right, 10 inches wide (figures 3 to 6).

    An arrow before numbers marks the shape of a layer's output, without the batch. Raises ValueError for a
    network that branches.
    """
    blocks = [describe_layer(layer) for layer in _chain(model)]
    rows = _break_rows(_group(blocks))
    below = 0.72  # for the total and the legend
    height = len(rows) * TALL + (len(rows) - 1) * ROW_GAP + below
    fig, ax = new_figure(PAIR, height)
    ax.set(xlim=(0, PAIR), ylim=(-height + 0.03, 0.03))
    ax.axis("off")
    arrow = _arrow_length(rows)
    for i, row in enumerate(rows):
        top = -i * (TALL + ROW_GAP)
        x = MARGIN if i == 0 else MARGIN + arrow
        for n, group in enumerate(row):
            if n:
                _arrow(ax, x, x + arrow, top - TALL / 2)
                x += arrow
            for block in group:
                _draw(ax, block, x, top)
                x += block.width
        if i + 1 < len(rows):
            _return_line(ax, x, top, arrow)
    total = f"{model.count_params():,} parameters"
    fixed = sum(prod(weight.shape) for weight in model.non_trainable_weights)
    if fixed:
        total += f", {fixed:,} of them not trained"
    ax.text(MARGIN, -height + 0.4, total, va="center", fontsize=NORMAL + 1, fontweight="bold")
    _legend(ax, blocks, -height + 0.14)
    if title:
        add_title(fig, title)
    return fig


def _group(blocks: list[Block]) -> list[list[Block]]:
    """A card with the slabs that follow it; reshaping stands alone, as it begins another view of the data."""
    groups: list[list[Block]] = []
    for block in blocks:
        if groups and block.slab and block.family != "reshaping" and groups[-1][-1].family != "reshaping":
            groups[-1].append(block)
        else:
            groups.append([block])
    return groups


def _break_rows(groups: list[list[Block]]) -> list[list[list[Block]]]:
    """Rows of about the same width, none wider than the figure."""
    widths = [sum(block.width for block in group) + ARROW for group in groups]
    room = PAIR - 2 * MARGIN - ARROW
    n_rows = 1
    while True:
        limit = max(sum(widths) / n_rows, max(widths))
        for stretch in (1.0, 1.05, 1.1, 1.2, 1.35):
            rows = _fill_rows(groups, widths, min(limit * stretch, room))
            if len(rows) <= n_rows:
                return rows
        n_rows += 1


def _fill_rows(groups, widths, limit: float) -> list:
    rows, used = [[]], 0.0
    for group, width in zip(groups, widths, strict=True):
        if rows[-1] and used + width > limit + 1e-9:
            rows.append([])
            used = 0.0
        rows[-1].append(group)
        used += width
    return rows


def _tint(colour: str, strength: float = 0.45) -> tuple[float, ...]:
    """The colour mixed with white, light enough for black text on it."""
    return tuple(1 - strength * (1 - part) for part in to_rgb(colour))


def _draw(ax, block: Block, x: float, top: float) -> None:
    """A block with its upper left corner at (x, top)."""
    colour, width, middle = FAMILIES[block.family], block.width, x + block.width / 2
    shape = f"→ {_times(block.shape)}"
    if block.slab:
        box = Rectangle((x + 0.025, top - TALL), width - 0.025, TALL, facecolor=_tint(colour), linewidth=0)
        lines = [block.name, *block.settings, *([shape] if block.reshapes else [])]
        ax.text(middle, top - TALL / 2, "\n".join(lines), rotation=90, ha="center", va="center", fontsize=SMALL)
        ax.add_patch(box)
        return
    for height, fill in ((TALL, "white"), (HEADER, _tint(colour))):
        ax.add_patch(Rectangle((x, top - height), width, height, facecolor=fill, edgecolor=colour, linewidth=1.2))
    ax.text(
        middle,
        top - HEADER / 2,
        block.name,
        ha="center",
        va="center",
        fontsize=NORMAL,
        fontweight="bold",
        linespacing=1.0,
    )
    ax.text(middle, top - HEADER - 0.08, "\n".join(block.settings), ha="center", va="top", fontsize=SMALL)
    numbers = [shape] + ([f"{block.parameters:,} parameters"] if block.parameters else [])
    ax.text(
        middle,
        top - TALL + 0.07,
        "\n".join(numbers),
        ha="center",
        va="bottom",
        fontsize=SMALL,
        color="#555555",
    )


def _arrow_length(rows: list[list[list[Block]]]) -> float:
    """As long as the fullest row allows, to use the width of the figure."""
    lengths = []
    for i, row in enumerate(rows):
        blocks = sum(block.width for group in row for block in group)
        arrows = len(row) - (i == 0)
        lengths.append((PAIR - 2 * MARGIN - ARROW / 2 - blocks) / max(arrows, 1))
    return min(0.6, *lengths)


def _arrow(ax, start: float, end: float, y: float) -> None:
    style = {
        "arrowstyle": "-|>",
        "color": INK,
        "linewidth": 1.1,
        "shrinkA": 1,
        "shrinkB": 1,
        "mutation_scale": 9,
    }
    ax.annotate("", (end, y), (start, y), arrowprops=style)


def _return_line(ax, x: float, top: float, arrow: float) -> None:
    """From the end of a row, between the rows, to the start of the next."""
    middle, between = top - TALL / 2, top - TALL - ROW_GAP / 2
    below = middle - TALL - ROW_GAP
    out, back = x + ARROW / 2, MARGIN
    ax.plot([x + 0.02, out, out, back, back], [middle, middle, between, between, below], color=INK, linewidth=1.1)
    _arrow(ax, back, MARGIN + arrow, below)


def _legend(ax, blocks: list[Block], y: float) -> None:
    x = MARGIN
    for family, colour in FAMILIES.items():
        if any(block.family == family for block in blocks):
            ax.add_patch(
                FancyBboxPatch(
                    (x, y - 0.06),
                    0.13,
                    0.12,
                    boxstyle="square,pad=0",
                    facecolor=_tint(colour),
                    edgecolor=colour,
                )
            )
            ax.text(x + 0.19, y, family, va="center", fontsize=SMALL)
            x += 0.36 + 0.068 * len(family)
    ax.text(x, y, "→  shape of the output", va="center", fontsize=SMALL)
