"""A spectrogram whose every setting can be moved, and what is left of the sound behind it. Explained in 02_features.

A moved control has to show at once, so the picture is one matplotlib figure that is kept: each change gives it new
pixels, no more of them than are shown, and new ticks.
"""

import io
import time
import warnings
from dataclasses import asdict, dataclass, replace
from functools import lru_cache

import ipywidgets
import librosa
import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image
from scipy.sparse import csr_array

from mercore import UserError, features
from mercore.corpora.labels import class_label
from mercore.plots.style import NORMAL, SMALL, styled
from mercore.widgets.panel import KEYBOARD, SCREEN_DPI, Panel, Sentence, player, wav

LONGEST = 30.0  # s of an excerpt
WINDOWS = (256, 512, 1024, 2048, 4096, 8192)  # samples
HOPS = (64, 128, 256, 512, 1024, 2048, 4096)  # samples
LOWEST = 30.0  # Hz: where the logarithmic scale, which has no zero, begins
NYQUIST = features.SAMPLE_RATE / 2
TICKS = {  # in Hz, how they are laid out, and what this is called
    "mel": ((0, 200, 500, 1000, 2000, 5000, 10_000), librosa.hz_to_mel, "mel scale"),
    "linear": (range(0, 11_000, 2000), float, "linear"),
    "log": ((50, 100, 200, 500, 1000, 2000, 5000, 10_000), np.log2, "logarithmic"),
}
COLOURS = (255 * mpl.colormaps["viridis"](np.arange(256))[:, :3]).astype(np.uint8)
COLUMNS, ROWS = 760, 300  # pixels of the picture within its axes
WIDTH, HEIGHT = 960, 410  # pixels of the whole
LEFT, BOTTOM = 80, 55
ITERATIONS = 24  # of Griffin and Lim's method
USUAL_COST = 0.15  # s that a second of sound takes to come back, until it was measured here


@dataclass(frozen=True)
class SpectrogramSettings:
    """What a spectrogram is computed with: samples, bands, the frequency axis, dB shown below the maximum."""

    n_fft: int = features.N_FFT
    hop_length: int = features.HOP_LENGTH
    n_mels: int = features.N_MELS
    scale: str = "mel"  # mel, linear, log
    top_db: float = features.TOP_DB

    def title(self) -> str:
        """The settings in one line, with what they come to in ms and Hz."""
        ms = 1000 / features.SAMPLE_RATE
        rows = f"{self.n_mels} mel bands" if self.scale == "mel" else f"{self.n_fft // 2 + 1:,} frequencies"
        return (
            f"window {self.n_fft:,} ({ms * self.n_fft:.0f} ms, {features.SAMPLE_RATE / self.n_fft:.1f} Hz), "
            f"hop {self.hop_length:,} ({ms * self.hop_length:.0f} ms), {rows}, {self.top_db:.0f} dB"
        )


@lru_cache(maxsize=64)
def mel_bank(n_fft: int, n_mels: int) -> np.ndarray:
    """librosa's mel filters (n_mels, 1 + n_fft / 2); those that no line of the spectrum falls into are empty."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Empty filters", category=UserWarning)
        return librosa.filters.mel(sr=features.SAMPLE_RATE, n_fft=n_fft, n_mels=n_mels)


@lru_cache(maxsize=64)
def _sparse_bank(n_fft: int, n_mels: int) -> csr_array:
    """The same, without the zeros that nearly all of it are: ten times as fast."""
    return csr_array(mel_bank(n_fft, n_mels))


def refuse(settings: SpectrogramSettings) -> str:
    """Why no spectrogram can be made with these settings, as a sentence; '' where one can."""
    if settings.hop_length > settings.n_fft:
        return (
            f"A hop of {settings.hop_length:,} is longer than the window of {settings.n_fft:,} samples: what lies "
            "between two windows would be seen by none. The picture stays as it was."
        )
    empty = int((mel_bank(settings.n_fft, settings.n_mels).max(axis=1) == 0).sum()) if settings.scale == "mel" else 0
    if empty:
        return (
            f"The lines of a window of {settings.n_fft:,} samples are {features.SAMPLE_RATE / settings.n_fft:.0f} Hz "
            f"apart: {empty} of {settings.n_mels} mel filters would lie between them and stay empty. Take fewer bands "
            "or a longer window. The picture stays as it was."
        )
    return ""


def to_pixels(y: np.ndarray, settings: SpectrogramSettings) -> np.ndarray:
    """The spectrogram of `y` (n,) in dB re. a power of 1, as the pixels shown: (ROWS, COLUMNS), lowest row first.

    A pixel shows the strongest of what falls into it, so that a click or a thin line isn't averaged away; where it
    is finer than frames and rows are, the nearest of them.
    """
    # Frames closer than a pixel and a quarter of the window would be computed to be thrown away.
    pixel = len(y) / COLUMNS
    hop = settings.hop_length * max(1, int(min(pixel, settings.n_fft / 4) / settings.hop_length))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="n_fft=", category=UserWarning)  # longer than a very short sound
        spectrum = librosa.stft(y, n_fft=settings.n_fft, hop_length=hop)
    power = spectrum.real**2 + spectrum.imag**2
    if settings.scale == "mel":
        power = _sparse_bank(settings.n_fft, settings.n_mels) @ power
        bands = np.linspace(0, settings.n_mels + 1, ROWS, endpoint=False) - 1  # their centres are at 0, 1, 2, ...
        power = _strongest(power, bands)
    else:
        low, high, spaced = (LOWEST, NYQUIST, np.geomspace) if settings.scale == "log" else (0, NYQUIST, np.linspace)
        power = _strongest(power, spaced(low, high, ROWS + 1)[:-1] * settings.n_fft / features.SAMPLE_RATE)
    power = _strongest(power.T, np.arange(COLUMNS) * pixel / hop).T
    return 10 * np.log10(np.maximum(power, 1e-10))


def _strongest(power: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """The maxima of the rows from each of the edges up to the next; where they are closer than rows, the nearest."""
    first = np.clip(np.round(edges).astype(int), 0, len(power) - 1)
    return np.maximum.reduceat(power, first, axis=0)


def hear_again(y: np.ndarray, settings: SpectrogramSettings) -> np.ndarray:
    """What is left of `y` (n,) after the log-mel spectrogram, as samples (n,).

    The power spectrum is the least-squares one without its negative values: next to as close as librosa's
    `mel_to_stft`, in a thirtieth of the time. The phases are found by Griffin and Lim's method (1984).
    """
    bank = mel_bank(settings.n_fft, settings.n_mels)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="n_fft=", category=UserWarning)
        power = np.abs(librosa.stft(y, n_fft=settings.n_fft, hop_length=settings.hop_length)) ** 2
    mel = bank @ power
    mel = np.maximum(mel, mel.max() * 10 ** (-settings.top_db / 10))
    magnitude = np.sqrt(np.maximum(_inverse(settings.n_fft, settings.n_mels) @ mel, 0))
    return librosa.griffinlim(
        magnitude, n_iter=ITERATIONS, hop_length=settings.hop_length, length=len(y), random_state=0
    )


@lru_cache(maxsize=8)
def _inverse(n_fft: int, n_mels: int) -> np.ndarray:
    return np.linalg.pinv(mel_bank(n_fft, n_mels))


class Picture:
    """The one figure that every change is drawn into: axes that are kept while they fit, and pixels put between them.

    To lay out, and even to draw, the axes takes matplotlib longer than all the rest, so they have fixed places.
    """

    @styled
    def __init__(self):
        self.figure = Figure(figsize=(WIDTH / SCREEN_DPI, HEIGHT / SCREEN_DPI), dpi=SCREEN_DPI)
        self.canvas = FigureCanvasAgg(self.figure)
        self.ax = self.figure.add_axes((LEFT / WIDTH, BOTTOM / HEIGHT, COLUMNS / WIDTH, ROWS / HEIGHT))
        self.bar = self.figure.add_axes(((LEFT + COLUMNS + 20) / WIDTH, BOTTOM / HEIGHT, 16 / WIDTH, ROWS / HEIGHT))
        self.levels = self.bar.imshow(COLOURS[:, None], origin="lower", aspect="auto", extent=(0, 1, -1, 0))
        self.ax.set_xlabel("time (s)")
        self.bar.set(xticks=[], ylabel="level (dB below the maximum)")
        self.bar.yaxis.set_label_position("right")
        self.bar.yaxis.tick_right()
        for ax in (self.ax, self.bar):
            ax.tick_params(labelsize=SMALL)
        # Animated: drawn on top of the axes that are kept.
        self.bar.set_animated(True)
        left, options = LEFT / WIDTH, {"fontsize": NORMAL, "animated": True}
        self.name = self.figure.text(left, 1 - 20 / HEIGHT, "", weight="bold", **options)
        self.about = self.figure.text(left, 1 - 41 / HEIGHT, "", **options)
        self.drawn: tuple = ()

    @styled
    def draw(self, y: np.ndarray, start: float, settings: SpectrogramSettings, name: str = "") -> bytes:
        """A PNG of `y` (n,), which begins at `start` s of the track `name`."""
        db = to_pixels(y, settings)
        shades = np.clip(256 * (1 + (db - db.max()) / settings.top_db), 0, 255).astype(np.uint8)
        self._draw_axes(settings.scale, start, start + len(y) / features.SAMPLE_RATE, settings.top_db)
        self.canvas.restore_region(self.background)
        self.name.set_text(name)
        self.about.set_text(settings.title())
        self.figure.draw_artist(self.name)
        self.figure.draw_artist(self.about)
        pixels = np.array(self.canvas.buffer_rgba())[..., :3]
        bottom = HEIGHT - BOTTOM
        pixels[bottom - ROWS : bottom, LEFT + 1 : LEFT + COLUMNS] = COLOURS[
            shades[::-1, 1:]
        ]  # the axis keeps its line
        with io.BytesIO() as file:
            Image.fromarray(pixels).save(file, "PNG", compress_level=1)  # harder isn't worth the wait on a screen
            return file.getvalue()

    def _draw_axes(self, scale: str, start: float, end: float, top_db: float) -> None:
        """Draw the axes, or the colour bar alone, unless those that are kept fit."""
        if self.drawn[:3] != (scale, start, end):
            ticks, to_scale, words = TICKS[scale]
            self.ax.set_yticks([float(to_scale(f)) for f in ticks], [f"{f:,}" for f in ticks])
            self.ax.set_ylabel(f"frequency (Hz, {words})")
            low = LOWEST if scale == "log" else 0
            self.ax.set(xlim=(start, end), ylim=(float(to_scale(low)), float(to_scale(NYQUIST))))
            self.canvas.draw()
            self.without_bar = self.canvas.copy_from_bbox(self.figure.bbox)
        elif self.drawn[3] == top_db:
            return
        self.canvas.restore_region(self.without_bar)
        self.levels.set_extent((0, 1, -top_db, 0))
        self.figure.draw_artist(self.bar)
        self.background = self.canvas.copy_from_bbox(self.figure.bbox)
        self.drawn = (scale, start, end, top_db)


class SpectrogramExplorer(Panel):
    """Choose a track and an excerpt of it, move the settings, see and hear what they do. Explained in 02_features.

    corpus: `corpora.Corpus`. What can't work is refused beside the control that asked for it, in a sentence.
    """

    def __init__(self, corpus):
        self.corpus = corpus
        self.picture, self.cost = Picture(), USUAL_COST
        self.samples, self.track, self.heard = np.zeros(1, np.float32), None, None
        self._build(corpus.usable)
        self._change("track")
        alt = f"Spectrogram of {self.picture.name.get_text()}: {self.settings.title()}."
        super().__init__(self._rows(), self.image.value, alt)
        for name, control in self.controls.items():
            control.observe(lambda change, name=name: self._change(name), names="value")
        self.again.on_click(lambda _: self._hear_again())

    @property
    def settings(self) -> SpectrogramSettings:
        """As the controls stand now."""
        return SpectrogramSettings(**{name: self.controls[name].value for name in asdict(SpectrogramSettings())})

    @property
    def excerpt(self) -> np.ndarray:
        """The samples (n,) that are shown and played."""
        first = round(self.controls["start"].value * features.SAMPLE_RATE)
        return self.samples[first : first + round(self.controls["seconds"].value * features.SAMPLE_RATE)]

    def _build(self, tracks) -> None:
        look = {
            "style": {"description_width": "10em"},
            "layout": ipywidgets.Layout(width="34em", max_width="100%", flex="0 0 auto"),
        }
        slide = look | {"continuous_update": False}  # a picture for where a slider is let go, not for all on its way
        ms = 1000 / features.SAMPLE_RATE
        self.controls = {
            "track": ipywidgets.Dropdown(
                options=_names(tracks),
                description="track",
                **look | {"layout": ipywidgets.Layout(width="44em", max_width="100%")},
            ),
            "start": ipywidgets.FloatSlider(0, max=LONGEST, step=0.5, description="from (s)", **slide),
            "seconds": ipywidgets.FloatSlider(
                LONGEST, min=1, max=LONGEST, step=0.5, description="length (s)", **slide
            ),
            "n_fft": ipywidgets.SelectionSlider(
                options=[(f"{n:,} ({n * ms:.0f} ms)", n) for n in WINDOWS],
                value=SpectrogramSettings.n_fft,
                description="window (samples)",
                **slide,
            ),
            "hop_length": ipywidgets.SelectionSlider(
                options=[(f"{n:,} ({n * ms:.0f} ms)", n) for n in HOPS],
                value=SpectrogramSettings.hop_length,
                description="hop (samples)",
                **slide,
            ),
            "scale": ipywidgets.ToggleButtons(
                options=("mel", "linear", "log"),
                tooltips=("Bands of the mel scale", "The Fourier transform", "The Fourier transform, octaves alike"),
                style={"button_width": "6em"},
            ),
            "n_mels": ipywidgets.IntSlider(
                SpectrogramSettings.n_mels, min=8, max=256, step=8, description="mel bands", **slide
            ),
            "top_db": ipywidgets.IntSlider(
                int(SpectrogramSettings.top_db), min=20, max=120, step=10, description="range (dB)", **slide
            ),
        }
        self.again = ipywidgets.Button(
            description="Compute what is left of it",
            tooltip="Turn the mel bands back into sound",
            layout=ipywidgets.Layout(width="auto"),
        )
        self.refusals = {name: Sentence(flex="1 1 20em", margin="2px 8px") for name in (*self.controls, "again")}
        self.image = ipywidgets.Image(
            format="png", layout=ipywidgets.Layout(max_width="100%", align_self="flex-start")
        )
        self.sound = player(self.samples)
        self.left = ipywidgets.VBox()  # the player of what is left, once it was asked for

    def _rows(self) -> list[ipywidgets.Widget]:
        wrap = ipywidgets.Layout(flex_flow="row wrap", align_items="center")
        # ToggleButtons would put a description of its own above its buttons, out of line with the others.
        axis = ipywidgets.Label(
            "frequency axis",
            layout=ipywidgets.Layout(width="10em", margin="2px 8px 2px 2px", justify_content="flex-end"),
        )
        rows = [
            ipywidgets.HBox([*([axis] if name == "scale" else []), control, self.refusals[name]], layout=wrap)
            for name, control in self.controls.items()
        ]
        return [
            Sentence(KEYBOARD),
            *rows,
            self.image,
            ipywidgets.HBox([ipywidgets.Label("The excerpt itself:"), self.sound], layout=wrap),
            ipywidgets.HBox([self.again, self.refusals["again"]], layout=wrap),
            self.left,
        ]

    def _change(self, name: str) -> None:
        """Take over the control `name`: a new picture, or a sentence beside it."""
        for sentence in self.refusals.values():
            sentence.say("")
        self.controls["n_mels"].disabled = self.controls["scale"].value != "mel"
        if reason := refuse(self.settings):
            self.refusals[name].say(reason, "alert")
            return
        try:
            self._load()
        except UserError as error:
            self.refusals["track"].say(f"{error}. The picture stays as it was.", "alert")
            return
        row = self.corpus.usable.loc[self.track]
        about = f"{row.title or self.track} · {class_label(row.label)} · {self.corpus.name}"
        self.image.value = self.picture.draw(self.excerpt, self.controls["start"].value, self.settings, about)
        heard = self.track, self.controls["start"].value, self.controls["seconds"].value
        if heard != self.heard:  # what was refused before may have moved it
            self.sound.value, self.heard = wav(self.excerpt), heard
        self.left.children = ()  # belonged to other settings
        self.refusals["again"].say(f"takes about {self._expected()}", role="")

    def _load(self) -> None:
        """Read the chosen track, if it is another, and fit the excerpt into it."""
        track = self.controls["track"].value
        if track != self.track:
            self.samples, self.track = features.load(self.corpus.usable.path[track]), track
        duration = len(self.samples) / features.SAMPLE_RATE
        start = self.controls["start"]
        start.max = max(0.0, np.floor(2 * (duration - 1)) / 2)  # moves the start back, if it lay beyond

    def _expected(self) -> str:
        seconds = self.cost * len(self.excerpt) / features.SAMPLE_RATE
        return "a second" if seconds < 1.5 else f"{seconds:.0f} seconds"

    def _hear_again(self) -> None:
        """Put a player of what is left below the button."""
        settings, sentence = replace(self.settings, scale="mel"), self.refusals["again"]
        if reason := refuse(settings):
            sentence.say(reason, "alert")
            return
        sentence.say(f"working, for about {self._expected()} …")
        self.again.disabled = True
        try:
            started = time.perf_counter()
            left = hear_again(self.excerpt, settings)
            seconds = time.perf_counter() - started
        finally:
            self.again.disabled = False
        self.cost = seconds / (len(left) / features.SAMPLE_RATE)
        sentence.say(f"took {seconds:.1f} s")
        about = ipywidgets.Label(f"What {settings.n_mels} mel bands leave of it:")
        self.left.children = (
            ipywidgets.HBox([about, player(left)], layout={"flex_flow": "row wrap", "align_items": "center"}),
        )


def _names(tracks) -> list[tuple[str, str]]:
    """What is read in the list of tracks, the class first so that typing it leads there, and the track's id."""
    return [
        (f"{class_label(row.label)} · {' by '.join(filter(None, (row.title, row.artist))) or track} ({track})", track)
        for track, row in tracks.iterrows()
    ]
