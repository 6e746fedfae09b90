"""Plots of sound and of what the networks are given; Russell's plane. Explained in 01_data and 02_features."""

import librosa
import numpy as np
from matplotlib.figure import Figure

from mercore import features
from mercore.corpora.labels import class_label
from mercore.plots.style import (
    BLUE,
    GREEN,
    INK,
    LARGE,
    NORMAL,
    ORANGE,
    PAIR,
    PINK,
    SINGLE,
    add_title,
    figure_of,
    new_figure,
    styled,
)

QUADRANT_COLOURS = {"Q1": ORANGE, "Q2": PINK, "Q3": BLUE, "Q4": GREEN}
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


@styled
def plot_russell(ax=None) -> Figure:
    """Russell's valence-arousal plane: the four quadrants and emotions at approximate places (figure 1)."""
    fig, ax = figure_of(ax, SINGLE, 5.6)
    corners = {"Q1": (1, 1), "Q2": (-1, 1), "Q3": (-1, -1), "Q4": (1, -1)}
    for name, (x, y) in corners.items():
        ax.fill(
            [0, 1.45 * x, 1.45 * x, 0],
            [0, 0, 1.25 * y, 1.25 * y],
            color=QUADRANT_COLOURS[name],
            alpha=0.16,
            linewidth=0,
        )
        ax.text(0.38 * x, 0.45 * y, name, ha="center", va="bottom", fontsize=16, fontweight="bold", color=INK)
        signs = f"valence {'+' if x > 0 else '−'}, arousal {'+' if y > 0 else '−'}"
        meaning = class_label(name).removeprefix(f"{name} ")
        ax.text(
            0.38 * x,
            0.45 * y - 0.04,
            f"{meaning}\n{signs}",
            ha="center",
            va="top",
            fontsize=NORMAL,
            color=INK,
        )
    ax.add_patch(_circle())
    for name, degrees in EMOTIONS.items():
        x, y = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        ax.plot(x, y, "o", color=INK, markersize=4.5)
        side = "left" if x > 0 else "right"
        height = "center" if abs(x) >= 0.2 else "bottom" if y > 0 else "top"
        ax.text(1.05 * x, 1.06 * y, name, ha=side, va=height, fontsize=NORMAL + 1)
    arrow = {"arrowstyle": "->", "color": INK, "linewidth": 1.2}
    ax.annotate("", (1.45, 0), (-1.45, 0), arrowprops=arrow)
    ax.annotate("", (0, 1.25), (0, -1.25), arrowprops=arrow)
    ax.set(xlim=(-1.46, 1.46), ylim=(-1.26, 1.26), aspect="equal", xticks=[], yticks=[])
    ax.set_xlabel("unpleasant  ←  valence  →  pleasant", fontsize=LARGE)
    ax.set_ylabel("calm  ←  arousal  →  energetic", fontsize=LARGE)
    ax.spines[:].set_visible(False)
    return fig


def _circle():
    from matplotlib.patches import Circle

    return Circle((0, 0), 1, fill=False, color=INK, linewidth=0.9, linestyle=(0, (4, 3)))


@styled
def plot_waveform(y: np.ndarray, title: str = "", ax=None, sample_rate: int = features.SAMPLE_RATE) -> Figure:
    """The samples of `y` (n,) over time in seconds."""
    fig, ax = figure_of(ax, SINGLE, 2.0)
    librosa.display.waveshow(y, sr=sample_rate, ax=ax, color=BLUE, axis="s")
    ax.set(xlabel="time (s)", ylabel="amplitude", xlim=(0, len(y) / sample_rate))
    ax.set_title(title)
    ax.grid(axis="y")
    return fig


@styled
def plot_mel_spectrogram(log_mel: np.ndarray, title: str = "", ax=None) -> Figure:
    """A log-mel spectrogram (bands, frames) in dB, of any length (figure 2): `features.log_mel(y)`."""
    fig, ax = figure_of(ax, SINGLE, 3.2)
    _image(fig, ax, log_mel, "mel")
    ax.set(ylabel="frequency (Hz, mel scale)")
    ax.set_title(title)
    return fig


@styled
def plot_spectrogram(y: np.ndarray, title: str = "") -> Figure:
    """The same sound as a short-time Fourier transform and as the mel-spectrogram made from it."""
    power = np.abs(librosa.stft(y, n_fft=features.N_FFT, hop_length=features.HOP_LENGTH)) ** 2
    fig, (left, right) = new_figure(PAIR, 3.4, 1, 2)
    _image(fig, left, librosa.power_to_db(power, top_db=features.TOP_DB), "linear")
    left.set(ylabel="frequency (Hz, linear)")
    left.set_title(f"Fourier transform: {len(power):,} frequencies")
    mel = features.log_mel(y)
    _image(fig, right, mel, "mel")
    right.set(ylabel="frequency (Hz, mel scale)")
    right.set_title(f"Mel: {len(mel)} bands")
    if title:
        add_title(fig, title)
    return fig


def _image(fig: Figure, ax, db: np.ndarray, scale: str) -> None:
    """A picture over time and frequency with its colour bar in dB."""
    image = librosa.display.specshow(
        db,
        sr=features.SAMPLE_RATE,
        hop_length=features.HOP_LENGTH,
        n_fft=features.N_FFT,
        x_axis="s",
        y_axis=scale,
        cmap="viridis",
        ax=ax,
        rasterized=True,
    )
    ax.set(xlabel="time (s)")
    fig.colorbar(image, ax=ax, label="level (dB)", pad=0.02)


@styled
def plot_mel_filters(n_mels: int = features.N_MELS, every: int = 8, ax=None) -> Figure:
    """The mel filter bank that turns a Fourier transform into `n_mels` bands; every so many-th in colour."""
    fig, ax = figure_of(ax, SINGLE, 2.8)
    bank = librosa.filters.mel(sr=features.SAMPLE_RATE, n_fft=features.N_FFT, n_mels=n_mels)
    frequencies = librosa.fft_frequencies(sr=features.SAMPLE_RATE, n_fft=features.N_FFT)
    ax.plot(frequencies, bank.T, color="#bbbbbb", linewidth=0.6)
    for n, i in enumerate(range(0, n_mels, every)):
        ax.fill_between(frequencies, bank[i], color=(BLUE, ORANGE)[n % 2], alpha=0.75, linewidth=0)
    ax.set(xlabel="frequency (Hz)", ylabel="weight", xlim=(0, features.SAMPLE_RATE / 2), ylim=(0, None))
    ax.set_title(f"{n_mels} mel filters, each {every}th in colour: narrow and tall below, wide and low above")
    return fig


@styled
def plot_augmentation(original: np.ndarray, shifted, titles=()) -> Figure:
    """A log-mel spectrogram (bands, frames) beside augmented copies of it, on one colour scale."""
    pictures = [original, *shifted]
    names = ["original", *(titles or [f"copy {n}" for n in range(1, len(pictures))])]
    fig, axes = new_figure(PAIR, 2.6, 1, len(pictures), sharey=True, squeeze=False)
    for ax, picture, name in zip(axes[0], pictures, names, strict=True):
        image = ax.imshow(
            picture,
            origin="lower",
            aspect="auto",
            cmap="viridis",
            vmin=np.min(original),
            vmax=np.max(original),
            extent=_extent(picture),
        )
        ax.set(xlabel="time (s)")
        ax.set_title(name)
    axes[0, 0].set(ylabel="mel band")
    fig.colorbar(image, ax=axes[0], label="level (dB)", pad=0.02)
    return fig


def _extent(picture: np.ndarray) -> tuple[float, float, float, float]:
    bands, frames = picture.shape
    return 0, frames * features.HOP_LENGTH / features.SAMPLE_RATE, 0, bands
