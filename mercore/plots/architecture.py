"""Draw a network from its Keras model: each layer with its settings, output shape and number of parameters.

Figures 3 to 6; explained in 03_conv to 06_end_to_end.
"""

from itertools import pairwise
from math import prod

import numpy as np
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from mercore.evaluation.layers import Block, describe_layer
from mercore.plots import style
from mercore.plots.style import add_title, new_figure, styled

FAMILIES = {
    "input": style.FAINT,
    "convolution": style.BLUE,
    "recurrent": style.ORANGE,
    "attention": style.PINK,
    "dense": style.GREEN,
    "pooling": style.SKY,
    "normalisation": style.YELLOW,
    "dropout": style.GREY,
    "reshaping": "#c9c9c9",
    "activation": style.BROWN,
    "other": style.INK,
}
# In inches. A layer that computes is a card; one that only pools, normalises, drops or reshapes is a slab next to it.
CARD, SLAB, TALL, HEADER, ARROW, MARGIN, GAP, BELOW = 1.34, 0.37, 1.46, 0.4, 0.3, 0.12, 0.42, 0.72


@styled
def plot_architecture(model, title: str = "") -> Figure:
    """Plot a Keras model whose layers form a chain, in rows from left to right (figures 3 to 6).

    Args:
        model: The model. An arrow marks the shape of a layer's output, without the batch.
        title: Above the figure.

    Raises:
        ValueError: For a network that branches.
    """
    for before, layer in pairwise(model.layers):
        if layer.input is not before.output:
            raise ValueError(f"layer {layer.name} doesn't follow {before.name} alone: only chains can be drawn")
    blocks = [describe_layer(layer) for layer in model.layers]
    rows = _break_rows(_group(blocks))
    height = len(rows) * (TALL + GAP) - GAP + BELOW
    fig, ax = new_figure(style.PAIR, height)
    ax.set(xlim=(0, style.PAIR), ylim=(-height + 0.03, 0.03))
    ax.axis("off")
    for n, row in enumerate(rows):
        _draw_row(ax, row, -n * (TALL + GAP), first=n == 0, last=n == len(rows) - 1)
    total = f"{model.count_params():,} parameters"
    fixed = sum(prod(weight.shape) for weight in model.non_trainable_weights)
    if fixed:
        total += f", {fixed:,} of them not trained"
    ax.text(MARGIN, -height + 0.4, total, va="center", fontsize=style.NORMAL + 1, fontweight="bold")
    used = {block.family for block in blocks}
    handles = [
        Patch(facecolor=to_rgba(colour, 0.45), edgecolor=colour, label=family)
        for family, colour in FAMILIES.items()
        if family in used
    ]
    handles.append(Patch(alpha=0, label="→  shape of the output"))
    place = {"loc": "lower left", "bbox_to_anchor": (0, 0), "ncols": len(handles), "borderaxespad": 0.2}
    ax.legend(handles=handles, handlelength=1, columnspacing=1.2, **place)
    if title:
        add_title(fig, title)
    return fig


def _width(*blocks: Block) -> float:
    return sum(SLAB if block.slab else CARD for block in blocks)


def _group(blocks: list[Block]) -> list[list[Block]]:
    """Put a card and the slabs that follow it together; reshaping stands alone, as it begins another view."""
    groups: list[list[Block]] = []
    for block in blocks:
        if groups and block.slab and "reshaping" not in (block.family, groups[-1][-1].family):
            groups[-1].append(block)
        else:
            groups.append([block])
    return groups


def _break_rows(groups: list[list[Block]]) -> list[list[list[Block]]]:
    """Break into as few rows as fit, of about the same width."""
    widths = np.array([_width(*group) + ARROW for group in groups])
    middles = widths.cumsum() - widths / 2
    for n_rows in range(1, len(groups) + 1):
        row_of = (middles / widths.sum() * n_rows).astype(int)
        if np.bincount(row_of, widths).max() <= style.PAIR - 2 * MARGIN - ARROW:
            break
    rows = [[group for group, own in zip(groups, row_of, strict=True) if own == row] for row in range(n_rows)]
    return list(filter(None, rows))


def _draw_row(ax, row: list[list[Block]], top: float, first: bool, last: bool) -> None:
    """Draw groups with arrows between them, one that leads in, and a line back to the next row."""
    middle, x = top - TALL / 2, MARGIN
    for n, group in enumerate(row):
        if n or not first:
            _draw_arrow(ax, x, x + ARROW, middle)
            x += ARROW
        for block in group:
            _draw_block(ax, block, x, top)
            x += _width(block)
    if not last:
        out, between, below = x + ARROW / 2, top - TALL - GAP / 2, middle - TALL - GAP
        path = [(x + 0.02, middle), (out, middle), (out, between), (MARGIN, between), (MARGIN, below)]
        ax.plot(*zip(*path, strict=True), color=style.INK, linewidth=1.1)


def _draw_arrow(ax, start: float, end: float, y: float) -> None:
    look = {"arrowstyle": "-|>", "color": style.INK, "linewidth": 1.1, "shrinkA": 1, "shrinkB": 1, "mutation_scale": 9}
    ax.annotate("", (end, y), (start, y), arrowprops=look)


def _draw_block(ax, block: Block, x: float, top: float) -> None:
    """Draw a block with its upper left corner at (x, top)."""
    colour, width, middle = FAMILIES[block.family], _width(block), x + _width(block) / 2
    shape = f"→ {' × '.join(map(str, block.shape))}"
    centred = {"ha": "center", "va": "center"}
    if block.slab:
        ax.add_patch(Rectangle((x + 0.025, top), width - 0.025, -TALL, facecolor=to_rgba(colour, 0.45), linewidth=0))
        lines = [block.name, *block.settings, *([shape] if block.reshapes else [])]
        ax.text(middle, top - TALL / 2, "\n".join(lines), rotation=90, fontsize=style.SMALL, **centred)
        return
    for height, fill in ((TALL, "white"), (HEADER, to_rgba(colour, 0.45))):
        ax.add_patch(Rectangle((x, top), width, -height, facecolor=fill, edgecolor=colour, linewidth=1.2))
    ax.text(middle, top - HEADER / 2, block.name, fontsize=style.NORMAL, weight="bold", linespacing=1.0, **centred)
    ax.text(middle, top - HEADER - 0.08, "\n".join(block.settings), ha="center", va="top", fontsize=style.SMALL)
    numbers = f"{shape}\n{block.parameters:,} parameters" if block.parameters else shape
    ax.text(middle, top - TALL + 0.07, numbers, ha="center", va="bottom", fontsize=style.SMALL, color="#555555")
