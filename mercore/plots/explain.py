"""Plot which moments mattered to a network. Explained in 03_conv, 05_conv_recurrent and 06_end_to_end."""

import numpy as np
from matplotlib.figure import Figure

from mercore.corpora.clips import CLIP_SECONDS
from mercore.corpora.labels import class_label
from mercore.evaluation.explain import METHODS, WINDOW, Explanation
from mercore.plots import style
from mercore.plots.sound import draw_spectrogram
from mercore.plots.style import add_caption, add_title, new_figure, styled

CURVES = {  # by method: title, unit, colour, and the value of a moment that counts as any other, or not at all
    "grad_cam": ("Grad-CAM, mean over frequency", "share of\nits largest", style.ORANGE, None),
    "attention": ("Attention, the same for all classes", "weight ×\nsteps", style.GREEN, 1.0),
    "occlusion": (
        "Occlusion: what is lost where the input is covered",
        "probability\nlost",
        style.BLUE,
        0.0,
    ),
}


@styled
def plot_explanation(heard: Explanation, method: str = "") -> Figure:
    """Plot a clip's spectrogram and, on the same time axis, how much each moment mattered by each method.

    Args:
        heard: From `explain.explain_clip`.
        method: The two seconds that mattered most by it (default: the first) lie between the dashed lines.
    """
    method = method or next(iter(heard.importance))
    maps = {"The clip": (heard.log_mel, "viridis", "level (dB)")}
    if heard.cam is not None:
        maps["Grad-CAM"] = (heard.cam, "magma", "share of\nits largest")
    heights = [1.7] * len(maps) + [1] * len(heard.importance)
    fig, axes = new_figure(
        style.PAIR,
        0.2 + 1.05 * sum(heights),
        len(heights),
        2,
        height_ratios=heights,
        width_ratios=(40, 1),
        sharex="col",
    )
    start = heard.windows[method]
    for (ax, bar), (title, (values, colours, unit)) in zip(axes, maps.items(), strict=False):
        image = draw_spectrogram(ax, values, colour_map=colours)
        if values is heard.cam:
            image.set_clim(0, 1)
        ax.set(xlabel="", ylabel="frequency (Hz)", yticks=[128, 512, 2048, 8192])
        ax.minorticks_off()
        ax.set_title(title)
        fig.colorbar(image, cax=bar, label=unit)
        _mark_window(ax, start, "white")
    for (ax, bar), (name, (moments, values)) in zip(axes[len(maps) :], heard.importance.items(), strict=True):
        bar.remove()
        _draw_curve(ax, name, moments, values, bold=name == method)
        ax.axvspan(start, start + WINDOW, color="#eeeeee", zorder=0)
        _mark_window(ax, start, style.INK)
    axes[-1, 0].set(xlabel="time in the clip (s)", xlim=(0, CLIP_SECONDS))
    asked, first = class_label(heard.class_name), round(start, 1)
    add_title(fig, f"What spoke for {asked} in {heard.clip['track']} from {heard.clip['start']:.1f} s")
    add_caption(
        fig,
        f"Probability of {asked}: {heard.probability:.2f}. Between the dashed lines: the two seconds that "
        f"mattered most by {METHODS[method]}, {first:.1f} to {first + WINDOW:.1f} s.",
    )
    return fig


def _mark_window(ax, start: float, colour: str) -> None:
    for edge in (start, start + WINDOW):
        ax.axvline(edge, color=colour, linestyle=style.DASHED, linewidth=1.6, clip_on=False)


def _draw_curve(ax, name: str, moments: np.ndarray, values: np.ndarray, bold: bool) -> None:
    """Draw one method's importance over time; the method whose two seconds are marked is drawn thicker."""
    title, unit, colour, neutral = CURVES[name]
    marker = "o" if len(moments) < 50 else ""
    ax.plot(moments, values, color=colour, linewidth=2.4 if bold else 1.4, marker=marker, markersize=3.5)
    if neutral is not None:
        ax.axhline(neutral, color=style.FAINT, linewidth=0.9, linestyle=":")
    low, high = min(values.min(), neutral or 0), max(values.max(), 1 if neutral is None else neutral)
    room = max(0.08 * (high - low), 0.005)  # so that differences of nothing don't fill the axis
    ax.set(ylabel=unit, ylim=(low - room, high + room))
    ax.set_title(title)
    ax.grid(axis="y")
