"""Genre and mood of any song, and of a second one next to it. Explained in 08_case_studies.

An upload is untrusted: its size is limited, it is written into a temporary folder under a fixed name, and removed
before anything is shown. What comes from a file is escaped: front ends run what the HTML of a widget holds.
"""

import io
import tempfile
from base64 import b64encode
from collections.abc import Callable
from html import escape
from pathlib import Path

import ipywidgets
import numpy as np
import soundfile
from matplotlib.figure import Figure
from PIL import Image

from mercore import UserError, songs
from mercore.corpora import class_label
from mercore.evaluation.text import clock
from mercore.features import SAMPLE_RATE
from mercore.plots.provenance import Provenance
from mercore.plots.songs import LEFT, RIGHT, plot_ribbon, plot_shares, plot_song_overview
from mercore.plots.style import add_margin_text, describe
from mercore.songs.predict import SONG_SUFFIXES
from mercore.songs.text import describe_origin, describe_reliability, describe_shares
from mercore.widgets.panel import Panel, Rich, Sentence, png

MAX_UPLOAD = 10 * 2**20  # bytes; the server cuts the connection where a message is larger
N_SNIPPETS = 100  # as in the report
MAX_PLAYED = 600  # s of a song in its player: 4 to 5 MB
HINT = (
    "Name a file, or copy its path in the file browser (right click, <i>Copy Path</i>) and paste it: WAV, FLAC, OGG, "
    "MP3, AIFF, AU, m4a where the system can decode it; up to an hour. <i>Upload</i> takes 10 MB at most; for larger "
    "files, drag them into the file browser and copy the path."
)
# Player and ribbon find each other by their classes within .mercore-player, as several players share a page.
MOVE_CURSOR = (
    "const r = this.closest('.mercore-player').querySelector('.mercore-ribbon'), t = this.currentTime;"
    f"const x = {LEFT} + {RIGHT - LEFT} * Math.min(1, t / r.dataset.seconds);"
    "r.querySelector('.mercore-cursor').style.left = 100 * x + '%';"
    "r.setAttribute('aria-valuenow', Math.round(t));"
    "r.setAttribute('aria-valuetext', Math.floor(t / 60) + ':' + String(Math.floor(t % 60)).padStart(2, '0'));"
)
SEEK_BY_CLICK = (
    "const a = this.closest('.mercore-player').querySelector('audio'), b = this.getBoundingClientRect();"
    f"const x = ((event.clientX - b.left) / b.width - {LEFT}) / {RIGHT - LEFT};"
    "a.currentTime = Math.max(0, Math.min(a.duration || 0, x * this.dataset.seconds));"
)
SEEK_BY_KEY = (
    "const a = this.closest('.mercore-player').querySelector('audio'), t = a.currentTime, end = a.duration || 0;"
    "const to = {ArrowLeft: t - 5, ArrowRight: t + 5, Home: 0, End: end}[event.key];"
    "if (event.key === ' ') { a.paused ? a.play() : a.pause(); }"
    "else if (to === undefined) { return; }"
    "else { a.currentTime = Math.max(0, Math.min(end, to)); }"
    "event.preventDefault(); event.stopPropagation();"  # JupyterLab has these keys, too
)


class SongExplorer(Panel):
    """Analyse songs: shares of the classes, plane of moods, a ribbon over time with a player, and the reliability.

    Args:
        networks: A finished training, or a pretrained network, by task.
        opened: One or two songs to begin with.
        seed: The seed of the snippets.
    """

    def __init__(self, networks: dict, *opened: songs.Song, seed: int = 0):
        if not 1 <= len(opened) <= 2:
            raise ValueError("open the explorer with one song or two")
        self.panels = [SongPanel(networks, number, seed) for number in (1, 2)]
        for panel, song in zip(self.panels, opened, strict=False):
            panel.show(song)
        figures = [panel.portrait() for panel in self.panels[: len(opened)]]
        row = ipywidgets.HBox(self.panels, layout={"flex_flow": "row wrap", "align_items": "flex-start"})
        super().__init__([ipywidgets.HTML(HINT), row], _side_by_side(figures), " ".join(map(describe, figures)))


class SongPanel(ipywidgets.VBox):
    """Choose one song and show its analysis; `analyses` has it by task."""

    def __init__(self, networks: dict, number: int, seed: int):
        self.networks, self.seed = networks, seed
        self.analyses: dict[str, songs.Analysis] = {}
        self.tables: dict = {}
        self.path = ipywidgets.Text(placeholder="path of an audio file", description=f"Song {number}:")
        self.path.layout.width = "auto"  # as wide as its place; 100 % and a margin would be wider
        self.button = ipywidgets.Button(description="Analyse", tooltip=f"Analyse the file named as song {number}")
        self.upload = ipywidgets.FileUpload(accept=",".join(SONG_SUFFIXES), multiple=False, description="Upload")
        self.status, self.place = Sentence(), ipywidgets.VBox(layout={"overflow": "hidden"})
        self.button.on_click(lambda _: self._try(lambda: songs.open_song(find_file(self.path.value), self.seed)))
        self.upload.observe(self._open_uploaded, "value")
        buttons = ipywidgets.HBox([self.button, self.upload], layout={"flex_flow": "row wrap"})
        layout = {"flex": "1 1 420px", "max_width": "760px", "padding": "0 8px 8px 8px"}
        super().__init__([self.path, buttons, self.status, self.place], layout=layout)
        self.add_class(f"mercore-song-{number}")
        self.status.add_class("mercore-status")

    def _open_uploaded(self, change: dict) -> None:
        if change["new"]:
            file = change["new"][0]
            self._try(lambda: open_upload(file["name"], file["content"]))
            self.upload.value = ()  # the sound is in memory, its file needn't be

    def _try(self, open_song: Callable[[], songs.Song]) -> None:
        """Open and show a song; where that fails, say why and leave what is shown."""
        self.status.say("Analysing …")
        self.button.disabled = self.upload.disabled = True
        try:
            self.show(open_song())
        except UserError as error:
            self.status.say(f"⚠ {songs.one_line(str(error), 500)}", "alert")
        except Exception as error:  # nobody else sees an exception of a widget
            self.status.say(f"⚠ this failed: {type(error).__name__}: {songs.one_line(str(error), 500)}", "alert")
        finally:
            self.button.disabled = self.upload.disabled = False

    def show(self, song: songs.Song) -> None:
        """Analyse a song and show the result in place of the one before."""
        needed = max(run.clip_seconds for run in self.networks.values())
        if song.duration < needed:
            raise UserError(f"{song.title}: {song.duration:.1f} s is too short, a clip takes {needed:g} s")
        song = song.restrict_labels(*self.networks.values())
        analyses = {task: songs.analyse(song, run, N_SNIPPETS, self.seed) for task, run in self.networks.items()}
        step = songs.window_step(song)
        tables = {task: songs.analyse_over_time(song, run, step) for task, run in self.networks.items()}
        # New widgets each time: the server drops changes of a widget that exceed 3 MB, but not new ones.
        before, self.place.children = self.place.children, self._parts(song, analyses, tables)
        self.analyses, self.tables = analyses, tables
        for widget in before:
            widget.close()
        windows = len(next(iter(tables.values())))
        self.status.say(f"{song.title}: {N_SNIPPETS} snippets, {windows} windows along the song.")

    def portrait(self) -> Figure:
        """Plot what is shown as one figure with its provenance."""
        fig = plot_song_overview(self.analyses, self.tables)
        song = next(iter(self.analyses.values())).song
        provenance = Provenance.of_song(song, *self.networks.values())
        add_margin_text(fig, "provenance", provenance.text())
        return fig

    def _parts(self, song: songs.Song, analyses: dict, tables: dict) -> tuple[ipywidgets.Widget, ...]:
        by = f", {escape(song.artist)}" if song.artist else ""
        head = ipywidgets.HTML(f"<h4>{escape(song.title)}{by} ({clock(song.duration)})</h4>")
        tops = ", ".join(f"{task} {class_label(str(a.shares()['share'].idxmax()))}" for task, a in analyses.items())
        alt = f"Ribbon of {song.title} over time, by probability. Most often: {tops}."
        player = ipywidgets.HTML(song_player(song, png(plot_ribbon(analyses, tables)), alt))
        alt = f"Shares of the snippets by class of {song.title}, with intervals. Most often: {tops}."
        picture, words = ipywidgets.HTML(_picture(png(plot_shares(analyses, tables)), alt)), Rich()
        words.show("\n".join(self._describe(task, analysis) for task, analysis in analyses.items()))
        words.add_class("mercore-words")
        return head, player, picture, words

    def _describe(self, task: str, analysis: songs.Analysis) -> str:
        run = self.networks[task]
        signs = describe_reliability(songs.assess_reliability(analysis, run), analysis, run)
        remarks = "".join(f"\n- {remark}" for remark in (describe_origin(analysis.song, run), *signs))
        return f"**{task.capitalize()}.** {describe_shares(analysis)}{remarks}\n"


def _side_by_side(figures: list[Figure]) -> bytes:
    images = [Image.open(io.BytesIO(png(fig))).convert("RGB") for fig in figures]
    whole = Image.new("RGB", (sum(image.width for image in images), max(image.height for image in images)), "white")
    for i, image in enumerate(images):
        whole.paste(image, (sum(other.width for other in images[:i]), 0))
    with io.BytesIO() as file:
        whole.save(file, format="png")
        return file.getvalue()


def find_file(name: str) -> Path | str:
    """Find the file that a reader names, as it is or, as JupyterLab copies paths, from a folder above this one.

    A name without a file is returned as it is: it may be that of a composed song.
    """
    name = name.strip().strip("\"'").strip()
    if not name or "\0" in name:
        raise UserError("name an audio file first")
    path, here = Path(name).expanduser(), Path.cwd()
    if path.is_absolute():
        return path
    return next((folder / path for folder in (here, *here.parents) if (folder / path).is_file()), name)


def open_upload(name: str, content: bytes | memoryview) -> songs.Song:
    """Open a song from the bytes that a browser sent; of the name only the ending is used, and the rest shown."""
    shown = songs.one_line(name.replace("\\", "/").rsplit("/", 1)[-1])
    if len(content) > MAX_UPLOAD:
        size = f"{len(content) / 2**20:.0f} MB are too many for an upload (10 MB at most)"
        raise UserError(f"{shown}: {size}; put the file next to the notebook and name its path")
    suffix = Path(shown).suffix.lower()
    with tempfile.TemporaryDirectory(prefix="mercore-upload-") as folder:
        path = Path(folder, f"song{suffix if suffix in SONG_SUFFIXES else ''}")
        path.write_bytes(content)
        try:
            return songs.open_song(path, name=shown)
        except UserError as error:
            raise UserError(str(error).replace(str(path), shown)) from error


def ogg(y: np.ndarray, sample_rate: int = SAMPLE_RATE) -> bytes:
    """Return samples `y` (n,) as the bytes of an Ogg Vorbis file, about 6 kB a second."""
    with io.BytesIO() as file:
        with soundfile.SoundFile(file, "w", sample_rate, 1, format="OGG", subtype="VORBIS") as sound:
            for first in range(0, len(y), 1 << 16):  # libsndfile's encoder overflows its stack with minutes at once
                sound.write(np.clip(y[first : first + (1 << 16)], -1, 1))
        return file.getvalue()


def _picture(png: bytes, alt: str) -> str:
    source = f"data:image/png;base64,{b64encode(png).decode()}"
    return f'<img alt="{escape(alt)}" src="{source}" style="width: 100%; display: block">'


def song_player(song: songs.Song, ribbon: bytes, alt: str) -> str:
    """Return the HTML of a player above the PNG of a song's ribbon, in which clicks and arrow keys seek."""
    title, played = escape(song.title), min(song.duration, MAX_PLAYED)
    sound = b64encode(ogg(song.samples[: round(played * SAMPLE_RATE)])).decode()
    cut = f"The player has the first {clock(played)} of {clock(song.duration)}; the ribbon shows the whole song."
    return (
        '<div class="mercore-player">'
        f'<audio class="mercore-audio" controls preload="metadata" style="width: 100%" aria-label="Player: {title}" '
        f'ontimeupdate="{escape(MOVE_CURSOR)}" onseeking="{escape(MOVE_CURSOR)}" '
        f'src="data:audio/ogg;base64,{sound}">This browser plays no Ogg Vorbis.</audio>'
        f"{f'<p>{cut}</p>' if played < song.duration else ''}"
        f'<div class="mercore-ribbon" role="slider" tabindex="0" aria-label="Position in {title}" aria-valuemin="0" '
        f'aria-valuemax="{played:.0f}" aria-valuenow="0" aria-valuetext="0:00" data-seconds="{song.duration:.3f}" '
        'title="Click to go there; arrow keys: 5 s" style="position: relative; cursor: pointer" '
        f'onclick="{escape(SEEK_BY_CLICK)}" onkeydown="{escape(SEEK_BY_KEY)}">{_picture(ribbon, alt)}'
        f'<div class="mercore-cursor" style="position: absolute; top: 0; bottom: 0; left: {100 * LEFT:g}%; '
        'width: 2px; background: #d55e00; pointer-events: none"></div></div></div>'
    )
