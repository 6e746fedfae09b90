"""A spectrogram whose settings can be moved, and the sound that is left behind it. Explained in 02_features."""

import io
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

import ipywidgets
import librosa
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from mercore import UserError, features
from mercore.corpora import Corpus, class_label
from mercore.plots.style import SMALL, styled
from mercore.widgets.panel import KEYBOARD, SCREEN_DPI, WRAP, Panel, Sentence, player, wav

MAX_SECONDS = 30.0  # of an excerpt
WINDOWS = (256, 512, 1024, 2048, 4096, 8192)  # samples
HOPS = (64, 128, 256, 512, 1024, 2048, 4096)  # samples
NYQUIST = features.SAMPLE_RATE / 2
# Of the frequency axis: words, lowest frequency (Hz), how frequencies are spaced, those with a tick.
SCALES: dict[str, tuple[str, float, Callable, tuple[int, ...]]] = {
    "mel": ("mel scale", 0.0, librosa.hz_to_mel, (0, 200, 500, 1000, 2000, 5000, 10_000)),
    "linear": ("linear", 0.0, float, (0, 2000, 4000, 6000, 8000, 10_000)),
    "log": ("logarithmic", 30.0, np.log2, (50, 100, 200, 500, 1000, 2000, 5000, 10_000)),
}
ROWS, COLUMNS = 300, 760  # pixels of the picture within its axes
ITERATIONS = 24  # of Griffin and Lim's method


@dataclass(frozen=True)
class SpectrogramSettings:
    """Hold the settings of a spectrogram: window and hop in samples, bands, frequency axis, dynamic range in dB."""

    n_fft: int = features.N_FFT
    hop_length: int = features.HOP_LENGTH
    n_mels: int = features.N_MELS
    scale: str = "mel"  # a key of SCALES
    top_db: float = features.TOP_DB

    def describe(self) -> str:
        """Return the settings in one line, also in ms and Hz."""
        ms = 1000 / features.SAMPLE_RATE
        window = f"window {self.n_fft:,} ({ms * self.n_fft:.0f} ms, {features.SAMPLE_RATE / self.n_fft:.1f} Hz)"
        rows = f"{self.n_mels} mel bands" if self.scale == "mel" else f"{self.n_fft // 2 + 1:,} frequencies"
        return f"{window}, hop {self.hop_length:,} ({ms * self.hop_length:.0f} ms), {rows}, {self.top_db:.0f} dB"


def mel_filters(settings: SpectrogramSettings) -> np.ndarray:
    """Return librosa's mel filters, (n_mels, 1 + n_fft / 2), without its warning of empty ones; see `validate`."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Empty filters", category=UserWarning)
        return librosa.filters.mel(sr=features.SAMPLE_RATE, n_fft=settings.n_fft, n_mels=settings.n_mels)


def validate(settings: SpectrogramSettings) -> str:
    """Return why no spectrogram can be made with these settings; an empty text where one can."""
    if settings.hop_length > settings.n_fft:
        return (
            f"A hop of {settings.hop_length:,} is longer than the window of {settings.n_fft:,} samples, so the "
            "samples between two windows would be lost. The picture stays as it was."
        )
    empty = int((mel_filters(settings).max(axis=1) == 0).sum()) if settings.scale == "mel" else 0
    if empty:
        return (
            f"The frequencies of a window of {settings.n_fft:,} samples are "
            f"{features.SAMPLE_RATE / settings.n_fft:.0f} Hz apart: {empty} of {settings.n_mels} mel filters would "
            "lie between them and stay empty. Take fewer bands or a longer window. The picture stays as it was."
        )
    return ""


def spectrogram_pixels(y: np.ndarray, settings: SpectrogramSettings) -> np.ndarray:
    """Compute the spectrogram of samples `y` (n,) as the pixels shown: dB, (ROWS, COLUMNS), lowest frequency first.

    A pixel shows the strongest of the values that fall into it, so that a click or a thin line isn't averaged away.
    """
    # Frames closer than a pixel and a quarter of the window would be computed to be thrown away.
    pixel = len(y) / COLUMNS
    hop = settings.hop_length * max(1, int(min(pixel, settings.n_fft / 4) / settings.hop_length))
    power = np.abs(librosa.stft(y, n_fft=settings.n_fft, hop_length=hop)) ** 2
    if settings.scale == "mel":
        power = mel_filters(settings) @ power
        first = np.linspace(0, settings.n_mels + 1, ROWS, endpoint=False) - 1  # the axis ends a band beyond the last
    else:
        space = np.geomspace if settings.scale == "log" else np.linspace
        first = space(SCALES[settings.scale][1], NYQUIST, ROWS + 1)[:-1] * settings.n_fft / features.SAMPLE_RATE
    power = _strongest(_strongest(power, first).T, np.arange(COLUMNS) * pixel / hop).T
    return 10 * np.log10(np.maximum(power, 1e-10))


def _strongest(power: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Return the maxima of the rows from each of `first` up to the next; where these coincide, the nearest row."""
    return np.maximum.reduceat(power, np.clip(np.round(first).astype(int), 0, len(power) - 1), axis=0)


@styled
def plot_excerpt(y: np.ndarray, start: float, settings: SpectrogramSettings, title: str) -> bytes:
    """Plot the spectrogram of an excerpt that begins at `start` s of its track, and return it as a PNG."""
    words, lowest, spacing, ticks = SCALES[settings.scale]
    db = spectrogram_pixels(y, settings)
    fig = Figure(figsize=(9.6, 4.1), dpi=SCREEN_DPI)  # its axes have fixed places: to lay them out takes longest
    ax, bar = fig.add_axes((0.083, 0.135, 0.792, 0.732)), fig.add_axes((0.896, 0.135, 0.017, 0.732))
    extent = (start, start + len(y) / features.SAMPLE_RATE, float(spacing(lowest)), float(spacing(NYQUIST)))
    image = ax.imshow(db - db.max(), origin="lower", aspect="auto", extent=extent, interpolation="nearest")
    image.set(cmap="viridis", clim=(-settings.top_db, 0))
    ax.set_yticks([float(spacing(hertz)) for hertz in ticks], [f"{hertz:,}" for hertz in ticks])
    ax.set(xlabel="time (s)", ylabel=f"frequency (Hz, {words})")
    fig.colorbar(image, cax=bar, label="level (dB below the maximum)")
    for axes in (ax, bar):
        axes.tick_params(labelsize=SMALL)
    fig.text(0.083, 0.95, title, weight="bold")
    fig.text(0.083, 0.9, settings.describe())
    with io.BytesIO() as file:
        fig.savefig(file, format="png", pil_kwargs={"compress_level": 1})
        return file.getvalue()


def resynthesise(y: np.ndarray, settings: SpectrogramSettings) -> np.ndarray:
    """Turn samples `y` (n,) into their log-mel spectrogram and back into samples (n,).

    The power spectrum is the least-squares solution without its negative values: nearly as close as librosa's
    `mel_to_stft`, in a thirtieth of the time. The phases are found by the method of Griffin and Lim (1984).
    """
    filters = mel_filters(settings)
    mel = filters @ np.abs(librosa.stft(y, n_fft=settings.n_fft, hop_length=settings.hop_length)) ** 2
    mel = np.maximum(mel, mel.max() * 10 ** (-settings.top_db / 10))
    magnitude = np.sqrt(np.maximum(np.linalg.pinv(filters) @ mel, 0))
    return librosa.griffinlim(
        magnitude, n_iter=ITERATIONS, hop_length=settings.hop_length, length=len(y), random_state=0
    )


class SpectrogramExplorer(Panel):
    """Choose an excerpt of a track, move the settings of its spectrogram, and hear what the mel bands keep of it.

    Args:
        corpus: The corpus whose tracks can be chosen.
    """

    def __init__(self, corpus: Corpus):
        self.corpus = corpus
        self.samples, self.track = np.zeros(1, np.float32), ""
        self.played: tuple = ()  # track, start and length of the excerpt in the player
        self.controls = _make_controls(corpus.usable)
        self.again = ipywidgets.Button(
            description="Compute what is left of it",
            tooltip="Turn the mel bands back into sound, which takes some seconds",
            layout=ipywidgets.Layout(width="auto"),
        )
        self.notes = {name: Sentence(flex="1 1 20em", margin="2px 8px") for name in (*self.controls, "again")}
        self.image = ipywidgets.Image(format="png", layout={"max_width": "100%", "align_self": "flex-start"})
        self.sound, self.left = player(self.samples), ipywidgets.VBox()
        self._change("track")
        alt = f"Spectrogram of {self.track}: {self.settings.describe()}."
        super().__init__(self._rows(), self.image.value, alt)
        for name, control in self.controls.items():
            control.observe(lambda _, name=name: self._change(name), names="value")
        self.again.on_click(lambda _: self._resynthesise())

    @property
    def settings(self) -> SpectrogramSettings:
        """The settings as the controls stand now."""
        return SpectrogramSettings(**{name: self.controls[name].value for name in asdict(SpectrogramSettings())})

    @property
    def excerpt(self) -> np.ndarray:
        """The samples (n,) that are shown and played."""
        first = round(self.controls["start"].value * features.SAMPLE_RATE)
        return self.samples[first : first + round(self.controls["seconds"].value * features.SAMPLE_RATE)]

    def _rows(self) -> list[ipywidgets.Widget]:
        # ToggleButtons would put a description of their own above the buttons, out of line with the others.
        place = {"width": "10em", "margin": "2px 8px 2px 2px", "justify_content": "flex-end"}
        labels = {"scale": [ipywidgets.Label("frequency axis", layout=place)]}
        rows = [
            ipywidgets.HBox([*labels.get(name, []), control, self.notes[name]], layout=WRAP)
            for name, control in self.controls.items()
        ]
        sound = ipywidgets.HBox([ipywidgets.Label("The excerpt itself:"), self.sound], layout=WRAP)
        again = ipywidgets.HBox([self.again, self.notes["again"]], layout=WRAP)
        return [Sentence(KEYBOARD), *rows, self.image, sound, again, self.left]

    def _change(self, name: str) -> None:
        """Show what the control `name` was moved to, or a sentence next to it that says why not."""
        for note in self.notes.values():
            note.say("")
        self.controls["n_mels"].disabled = self.controls["scale"].value != "mel"
        if reason := validate(self.settings):
            self.notes[name].say(reason, "alert")
            return
        try:
            self._load()
        except UserError as error:
            self.notes["track"].say(f"{error}. The picture stays as it was.", "alert")
            return
        row, start = self.corpus.usable.loc[self.track], self.controls["start"].value
        title = f"{row.title or self.track} · {class_label(row.label)} · {self.corpus.name}"
        self.image.value = plot_excerpt(self.excerpt, start, self.settings, title)
        played = self.track, start, self.controls["seconds"].value
        if played != self.played:
            self.sound.value, self.played = wav(self.excerpt), played
        self.left.children = ()  # belonged to other settings

    def _load(self) -> None:
        """Read the chosen track, if it is another, and keep the excerpt within it."""
        track = self.controls["track"].value
        if track != self.track:
            self.samples, self.track = features.load(self.corpus.usable.path[track]), track
        duration = len(self.samples) / features.SAMPLE_RATE
        self.controls["start"].max = max(0.0, np.floor(2 * (duration - 1)) / 2)

    def _resynthesise(self) -> None:
        """Put a player of what the mel bands keep below the button."""
        settings, note = replace(self.settings, scale="mel"), self.notes["again"]
        if reason := validate(settings):
            note.say(reason, "alert")
            return
        note.say("working, for some seconds …")
        started = time.perf_counter()
        left = resynthesise(self.excerpt, settings)
        note.say(f"took {time.perf_counter() - started:.1f} s")
        label = ipywidgets.Label(f"What {settings.n_mels} mel bands leave of it:")
        self.left.children = (ipywidgets.HBox([label, player(left)], layout=WRAP),)


def _make_controls(tracks: pd.DataFrame) -> dict[str, ipywidgets.Widget]:
    """Return the controls by name, in the order of their rows."""
    named = [  # the class first, so that typing it leads there
        (f"{class_label(row.label)} · {' by '.join(filter(None, (row.title, row.artist))) or track} ({track})", track)
        for track, row in tracks.iterrows()
    ]
    usual, ms = SpectrogramSettings(), 1000 / features.SAMPLE_RATE
    windows, hops = ([(f"{n:,} ({n * ms:.0f} ms)", n) for n in sizes] for sizes in (WINDOWS, HOPS))
    slider, choice, whole = ipywidgets.FloatSlider, ipywidgets.SelectionSlider, ipywidgets.IntSlider
    controls = {
        "track": ipywidgets.Dropdown(options=named, description="track"),
        "start": slider(0, max=MAX_SECONDS, step=0.5, description="from (s)"),
        "seconds": slider(MAX_SECONDS, min=1, max=MAX_SECONDS, step=0.5, description="length (s)"),
        "n_fft": choice(options=windows, value=usual.n_fft, description="window (samples)"),
        "hop_length": choice(options=hops, value=usual.hop_length, description="hop (samples)"),
        "scale": ipywidgets.ToggleButtons(options=tuple(SCALES), style={"button_width": "6em"}),
        "n_mels": whole(usual.n_mels, min=8, max=256, step=8, description="mel bands"),
        "top_db": whole(int(usual.top_db), min=20, max=120, step=10, description="range (dB)"),
    }
    for control in controls.values():
        control.style.description_width = "10em"
        control.layout = ipywidgets.Layout(width="34em", max_width="100%", flex="0 0 auto")
        control.continuous_update = False  # a picture for where a slider is let go, not for all on its way
    controls["track"].layout.width = "44em"
    return controls
