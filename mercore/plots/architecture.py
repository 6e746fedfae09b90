"""Draws a network from the Keras model itself: every layer with its settings, output shape and parameters.

Figures 3 to 6; explained in 03_conv to 06_end_to_end.
"""

from itertools import pairwise
from math import prod

from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle

from mercore.evaluation.layers import Block, describe_layer, layer_inputs, times
from mercore.plots.style import (
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
# In inches: a layer that computes is a card; one that only pools, normalises, drops or reshapes a slab beside it.
CARD, SLAB, TALL, HEADER, ARROW, MARGIN, ROW_GAP = 1.34, 0.37, 1.46, 0.4, 0.3, 0.12, 0.42


def _width(block: Block) -> float:
    return SLAB if block.slab else CARD


def _chain(model) -> list:
    """The layers in order. Raises ValueError unless each hears the one before it and nothing else."""
    layers = list(model.layers)
    for before, layer in pairwise(layers):
        if any(tensor._keras_history.operation is not before for tensor in layer_inputs(layer)):
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
                x += _width(block)
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
    widths = [sum(_width(block) for block in group) + ARROW for group in groups]
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
    colour, width, middle = FAMILIES[block.family], _width(block), x + _width(block) / 2
    shape = f"→ {times(block.shape)}"
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
        blocks = sum(_width(block) for group in row for block in group)
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
