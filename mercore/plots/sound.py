"""Plot sound and the input of the networks, and Russell's plane. Explained in 01_data and 02_features."""

import librosa
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from mercore import features
from mercore.corpora.labels import class_label
from mercore.plots import style
from mercore.plots.style import get_axes, new_figure, styled

QUADRANTS = {
    "Q1": (1, 1, style.ORANGE),
    "Q2": (-1, 1, style.PINK),
    "Q3": (-1, -1, style.BLUE),
    "Q4": (1, -1, style.GREEN),
}
# Angles in degrees in Russell (1980), "A circumplex model of affect", Journal of Personality and Social
# Psychology 39(6), rounded: 0 is pleasure, 90 arousal.
EMOTIONS = {
    "happy": 8,
    "delighted": 25,
    "excited": 49,
    "aroused": 74,
    "angry": 99,
    "afraid": 116,
    "distressed": 138,
    "miserable": 189,
    "sad": 207,
    "bored": 242,
    "tired": 268,
    "calm": 316,
    "content": 329,
    "pleased": 353,
}


def draw_plane(ax, width: float = 1.0, height: float = 1.0) -> None:
    """Draw Russell's plane into `ax`: the quadrants, tinted, from -width to width, and the unit circle."""
    for x, y, colour in QUADRANTS.values():
        ax.fill([0, width * x, width * x, 0], [0, 0, height * y, height * y], color=colour, alpha=0.16, linewidth=0)
    ax.add_patch(Circle((0, 0), 1, fill=False, color=style.INK, linewidth=0.9, linestyle=style.DASHED))
    ax.set(xlim=(-1.01 * width, 1.01 * width), ylim=(-1.01 * height, 1.01 * height), aspect="equal")
    ax.set(xlabel="unpleasant  ←  valence  →  pleasant", ylabel="calm  ←  arousal  →  energetic")


@styled
def plot_russell(ax=None) -> Figure:
    """Plot Russell's valence-arousal plane: the four quadrants, and emotions at approximate places (figure 1)."""
    fig, ax = get_axes(ax, style.SINGLE, 5.6)
    draw_plane(ax, 1.45, 1.25)
    for name, (x, y, _) in QUADRANTS.items():
        signs = f"valence {'+' if x > 0 else '−'}, arousal {'+' if y > 0 else '−'}"
        meaning = class_label(name).removeprefix(f"{name} ")
        ax.text(0.38 * x, 0.45 * y, name, ha="center", va="bottom", fontsize=16, weight="bold", color=style.INK)
        ax.text(
            0.38 * x,
            0.45 * y - 0.04,
            f"{meaning}\n{signs}",
            ha="center",
            va="top",
            fontsize=style.NORMAL,
            color=style.INK,
        )
    for name, degrees in EMOTIONS.items():
        x, y = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        ax.plot(x, y, "o", color=style.INK, markersize=4.5)
        side = "left" if x > 0 else "right"
        height = "center" if abs(x) >= 0.2 else "bottom" if y > 0 else "top"
        ax.text(1.05 * x, 1.06 * y, name, ha=side, va=height, fontsize=style.NORMAL + 1)
    arrow = {"arrowstyle": "->", "color": style.INK, "linewidth": 1.2}
    ax.annotate("", (1.45, 0), (-1.45, 0), arrowprops=arrow)
    ax.annotate("", (0, 1.25), (0, -1.25), arrowprops=arrow)
    ax.set(xticks=[], yticks=[])
    for label in (ax.xaxis.label, ax.yaxis.label):
        label.set_fontsize(style.LARGE)
    ax.spines[:].set_visible(False)
    return fig


@styled
def plot_waveform(y: np.ndarray, title: str = "", ax=None) -> Figure:
    """Plot the samples of `y` (n,) over time in seconds."""
    fig, ax = get_axes(ax, style.SINGLE, 2.0)
    librosa.display.waveshow(y, sr=features.SAMPLE_RATE, ax=ax, color=style.BLUE, axis="s")
    ax.set(xlabel="time (s)", ylabel="amplitude", xlim=(0, len(y) / features.SAMPLE_RATE))
    ax.set_title(title)
    ax.grid(axis="y")
    return fig


def draw_spectrogram(ax, values: np.ndarray, scale: str = "mel", colour_map: str = "viridis", label: bool = True):
    """Draw a spectrogram (bands, frames), "mel" or "linear", into `ax`; return the image, for a colour bar."""
    image = librosa.display.specshow(
        values,
        sr=features.SAMPLE_RATE,
        hop_length=features.HOP_LENGTH,
        n_fft=features.N_FFT,
        x_axis="s",
        y_axis=scale,
        cmap=colour_map,
        ax=ax,
        rasterized=True,
    )
    unit = "frequency (Hz, mel scale)" if scale == "mel" else "frequency (Hz, linear)"
    ax.set(xlabel="time (s)", ylabel=unit if label else "")
    return image


@styled
def plot_mel_spectrogram(log_mel: np.ndarray, title: str = "", ax=None) -> Figure:
    """Plot a log-mel spectrogram (bands, frames) in dB, as `features.log_mel` returns it (figure 2)."""
    fig, ax = get_axes(ax, style.SINGLE, 3.2)
    fig.colorbar(draw_spectrogram(ax, log_mel), ax=ax, label="level (dB)", pad=0.02)
    ax.set_title(title)
    return fig


@styled
def plot_spectrogram(y: np.ndarray) -> Figure:
    """Plot the short-time Fourier transform of `y` (n,) and, next to it, the mel spectrogram made from it."""
    power = np.abs(librosa.stft(y, n_fft=features.N_FFT, hop_length=features.HOP_LENGTH)) ** 2
    linear, mel = librosa.power_to_db(power, top_db=features.TOP_DB), features.log_mel(y)
    fig, (left, right) = new_figure(style.PAIR, 3.4, 1, 2)
    fig.colorbar(draw_spectrogram(left, linear, "linear"), ax=left, label="level (dB)", pad=0.02)
    left.set_title(f"Fourier transform: {len(linear):,} frequencies")
    plot_mel_spectrogram(mel, f"Mel: {len(mel)} bands", right)
    return fig


@styled
def plot_mel_filters(n_mels: int = features.N_MELS, every: int = 8, ax=None) -> Figure:
    """Plot the filters that turn a Fourier transform into `n_mels` bands, one in `every` in colour."""
    fig, ax = get_axes(ax, style.SINGLE, 2.8)
    bank = librosa.filters.mel(sr=features.SAMPLE_RATE, n_fft=features.N_FFT, n_mels=n_mels)
    frequencies = librosa.fft_frequencies(sr=features.SAMPLE_RATE, n_fft=features.N_FFT)
    ax.plot(frequencies, bank.T, color="#bbbbbb", linewidth=0.6)
    for n, band in enumerate(bank[::every]):
        ax.fill_between(frequencies, band, color=(style.BLUE, style.ORANGE)[n % 2], alpha=0.75, linewidth=0)
    ax.set(xlabel="frequency (Hz)", ylabel="weight", xlim=(0, features.SAMPLE_RATE / 2), ylim=(0, None))
    ax.set_title(f"{n_mels} mel filters, each {every}th in colour: narrow and tall below, wide and low above")
    return fig


@styled
def plot_augmentation(original: np.ndarray, copies: list[np.ndarray]) -> Figure:
    """Plot a log-mel spectrogram (bands, frames) and augmented copies of it, in the same colours."""
    fig, axes = new_figure(style.PAIR, 2.6, 1, 1 + len(copies), sharey=True)
    for n, (ax, values) in enumerate(zip(axes, [original, *copies], strict=True)):
        image = draw_spectrogram(ax, values, label=n == 0)
        image.set_clim(original.min(), original.max())
        ax.set_title(f"copy {n}" if n else "original")
    fig.colorbar(image, ax=axes, label="level (dB)", pad=0.02)
    return fig
