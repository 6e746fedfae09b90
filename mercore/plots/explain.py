"""Plots of what a network listens to. Explained in 03_conv, 05_conv_recurrent and 06_end_to_end."""

import librosa
import numpy as np
from matplotlib.figure import Figure

from mercore.corpora.clips import CLIP_SECONDS
from mercore.corpora.labels import class_label
from mercore.evaluation.explain import METHODS, WINDOW, Heard
from mercore.features import HOP_LENGTH, SAMPLE_RATE
from mercore.plots.style import (
    BLUE,
    GREEN,
    INK,
    ORANGE,
    PAIR,
    add_caption,
    add_title,
    new_figure,
    styled,
)

COLOURS = {"grad_cam": ORANGE, "attention": GREEN, "occlusion": BLUE}
UNITS = {"grad_cam": "share of\nits largest", "attention": "weight ×\nsteps", "occlusion": "probability\nlost"}
TITLES = {
    "grad_cam": "Grad-CAM, mean over frequency",
    "attention": "Attention, the same for all classes",
    "occlusion": "Occlusion: what is lost where the network doesn't hear",
}
NEUTRAL = {"attention": 1.0, "occlusion": 0.0}  # where a moment counts as any other, or not at all


@styled
def plot_listening(heard: Heard, method: str = "") -> Figure:
    """The clip's spectrogram and, below on the same time axis, how much each moment mattered by each method.

    Between the dashed lines lie the two seconds that mattered most by `method` (default: the first).
    """
    method = method or next(iter(heard.courses))
    maps = {"The clip": (heard.log_mel, "viridis", "level (dB)")}
    if heard.cam is not None:
        maps["Grad-CAM"] = (heard.cam, "magma", "share of\nits largest")
    heights = [1.7] * len(maps) + [1] * len(heard.courses)
    fig, _ = new_figure(PAIR, 0.2 + 1.05 * sum(heights), 0)
    grid = fig.add_gridspec(len(heights), 2, height_ratios=heights, width_ratios=(40, 1))
    axes = []
    for row in range(len(heights)):
        axes.append(fig.add_subplot(grid[row, 0], sharex=axes[0] if axes else None))
    for row, (title, (values, colours, unit)) in enumerate(maps.items()):
        image = _over_time(axes[row], values, colours)
        if values is heard.cam:
            image.set_clim(0, 1)
        axes[row].set_title(title)
        axes[row].set(ylabel="frequency (Hz)", xlabel="")
        fig.colorbar(image, cax=fig.add_subplot(grid[row, 1]), label=unit)
    for ax, (name, course) in zip(axes[len(maps) :], heard.courses.items(), strict=True):
        _course(ax, name, course, bold=name == method)
    start = heard.windows[method]
    for n, ax in enumerate(axes):
        for edge in (start, start + WINDOW):
            ax.axvline(
                edge, color="white" if n < len(maps) else INK, linestyle=(0, (4, 3)), linewidth=1.6, clip_on=False
            )
        if n >= len(maps):
            ax.axvspan(start, start + WINDOW, color="#eeeeee", zorder=0)
        ax.tick_params(labelbottom=ax is axes[-1])
    axes[-1].set(xlabel="time in the clip (s)", xlim=(0, CLIP_SECONDS))
    asked = class_label(heard.class_name)
    add_title(fig, f"What spoke for {asked} in {heard.clip['track']} from {heard.clip['start']:.1f} s")
    add_caption(
        fig,
        f"Probability of {asked}: {heard.probability:.2f}. Between the dashed lines: the two seconds that "
        f"mattered most by {METHODS[method]}, {round(start, 1):.1f} to {round(start, 1) + WINDOW:.1f} s.",
    )
    return fig


def _over_time(ax, values: np.ndarray, colours: str):
    """A picture (128, 130) over time and mel frequency."""
    image = librosa.display.specshow(
        values,
        sr=SAMPLE_RATE,
        hop_length=HOP_LENGTH,
        x_axis="s",
        y_axis="mel",
        cmap=colours,
        ax=ax,
        rasterized=True,
    )
    ax.set_yticks([128, 512, 2048, 8192])
    ax.minorticks_off()
    return image


def _course(ax, name: str, course: tuple[np.ndarray, np.ndarray], bold: bool) -> None:
    """One method's importance over time; the method whose two seconds are marked is drawn thicker."""
    moments, values = course
    marker = "o" if len(moments) < 50 else ""
    ax.plot(moments, values, color=COLOURS[name], linewidth=2.4 if bold else 1.4, marker=marker, markersize=3.5)
    if name in NEUTRAL:
        ax.axhline(NEUTRAL[name], color="#777777", linewidth=0.9, linestyle=":")
    low, high = min(values.min(), NEUTRAL.get(name, 0)), max(values.max(), NEUTRAL.get(name, 1))
    room = max(0.08 * (high - low), 0.005)  # so that differences of nothing don't fill the axis
    ax.set(ylabel=UNITS[name], ylim=(low - room, high + room))
    ax.set_title(TITLES[name])
    ax.grid(axis="y")
