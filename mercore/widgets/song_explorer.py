"""Any song, analysed in a notebook, and two of them side by side. Explained in 08_case_studies.

A file may be named by its path or uploaded. An upload is treated as hostile: its size is limited, it is written into
a temporary folder under a name of ours, decoded by libraries alone, and removed before anything is shown.
"""

import io
import tempfile
from html import escape
from pathlib import Path

import ipywidgets
from matplotlib.figure import Figure
from PIL import Image

from mercore import UserError, songs
from mercore.corpora.labels import class_label
from mercore.evaluation.text import clock
from mercore.plots import style as plotstyle
from mercore.plots.provenance import Provenance
from mercore.plots.song_overview import plot_portrait, plot_profile, plot_ribbon
from mercore.songs.predict import SONG_SUFFIXES
from mercore.songs.text import describe_origin, describe_reliability, describe_shares
from mercore.widgets.panel import Panel, Sentence, png
from mercore.widgets.song_player import picture_html, song_player

LARGEST_UPLOAD = 10 * 2**20  # bytes; the server cuts the connection where a message is larger
COUNT = 100  # snippets, as in the report
HINT = (
    "Name a file, or copy its path in the file browser (right click, <i>Copy Path</i>) and paste it: WAV, FLAC, OGG, "
    "MP3, AIFF, AU, m4a where the system can decode it; up to an hour. <i>Upload</i> takes 10 MB at most; for larger "
    "files, drag them into the file browser and copy the path."
)


class SongExplorer(Panel):
    """Genre and mood of a song, and of a second one beside it: shares, plane, a ribbon with a player, and doubts.

    networks: by task, a `runs.Run` or a model each. opened: one or two `songs.Song` to begin with.
    """

    def __init__(self, networks: dict, *opened: songs.Song, seed: int = 0):
        if not 1 <= len(opened) <= 2:
            raise ValueError("open the explorer with one song or two")
        self.seats = [Seat(networks, number, seed) for number in (1, 2)]
        for seat, song in zip(self.seats, opened, strict=False):
            seat.show(song)
        portraits = [seat.portrait() for seat in self.seats[: len(opened)]]
        still, alt = _side_by_side([png(fig) for fig in portraits]), " ".join(map(plotstyle.describe, portraits))
        row = ipywidgets.HBox(self.seats, layout={"flex_flow": "row wrap", "align_items": "flex-start"})
        super().__init__([ipywidgets.HTML(HINT), row], still, alt)
        self.add_class("mercore-song-explorer")


def _side_by_side(pictures: list[bytes]) -> bytes:
    images = [Image.open(io.BytesIO(picture)).convert("RGB") for picture in pictures]
    whole = Image.new("RGB", (sum(image.width for image in images), max(image.height for image in images)), "white")
    for i, image in enumerate(images):
        whole.paste(image, (sum(other.width for other in images[:i]), 0))
    with io.BytesIO() as file:
        whole.save(file, format="png")
        return file.getvalue()


class Seat(ipywidgets.VBox):
    """The place of one song: what names it, and what is found. `analyses` by task, once there is a song."""

    def __init__(self, networks: dict, number: int, seed: int):
        self.networks, self.seed, self.analyses, self.tables = networks, seed, {}, {}
        self.path = ipywidgets.Text(placeholder="path of an audio file", description=f"Song {number}:")
        self.button = ipywidgets.Button(description="Analyse", tooltip=f"Analyse the file named as song {number}")
        self.upload = ipywidgets.FileUpload(accept=",".join(SONG_SUFFIXES), multiple=False, description="Upload")
        self.status = Sentence()
        self.place = ipywidgets.VBox(layout={"overflow": "hidden"})
        self.button.on_click(self._analyse)
        self.upload.observe(self._uploaded, "value")
        self.path.layout.width = "auto"  # as wide as its place; 100 % and a margin would be wider
        ways = ipywidgets.HBox([self.button, self.upload], layout={"flex_flow": "row wrap"})
        super().__init__(
            [self.path, ways, self.status, self.place],
            layout={"flex": "1 1 420px", "max_width": "760px", "padding": "0 8px 8px 8px"},
        )
        for widget, name in ((self, "seat"), (self.button, "analyse"), (self.status, "status")):
            widget.add_class(f"mercore-{name}")
        self.add_class(f"mercore-seat-{number}")

    def _analyse(self, _) -> None:
        self._try(lambda: songs.open_song(find_file(self.path.value), self.seed), self.path.value)

    def _uploaded(self, change) -> None:
        if change["new"]:
            file = change["new"][0]
            self._try(lambda: open_upload(file["name"], file["content"]), file["name"])
            self.upload.value = ()  # the sound is in memory, its file needn't be

    def _try(self, open_, name: str) -> None:
        """Open and show a song; say what is wrong where that fails, and leave what is shown."""
        self._say(f"Listening to {songs.one_line(name)} …")
        self.button.disabled = self.upload.disabled = True
        try:
            self.show(open_())
        except UserError as error:
            self._say(str(error), fault=True)
        except Exception as error:  # a widget's exceptions are seen by nobody
            self._say(f"this failed: {type(error).__name__}: {error}", fault=True)
        finally:
            self.button.disabled = self.upload.disabled = False

    def _say(self, text: str, fault: bool = False) -> None:
        text = songs.one_line(text, 500)
        self.status.say(f"⚠ {text}" if fault else text, "alert" if fault else "status")

    def show(self, song: songs.Song) -> None:
        """Analyse a song and show what is found, in the place of what was shown before."""
        short = [run for run in self.networks.values() if song.duration < run.clip_seconds]
        if short:
            raise UserError(
                f"{song.title}: {song.duration:.1f} s is too short, a clip takes {short[0].clip_seconds:g} s"
            )
        song = song.restrict_labels(*self.networks.values())
        analyses = {task: songs.analyse(song, run, COUNT, self.seed) for task, run in self.networks.items()}
        step = songs.window_step(song)
        tables = {task: songs.analyse_over_time(song, run, step) for task, run in self.networks.items()}
        parts = self._parts(song, analyses, tables)
        before, self.place.children = self.place.children, parts
        self.analyses, self.tables = analyses, tables
        for widget in before:
            widget.close()
        self._say(f"{song.title}: {COUNT} snippets, {len(next(iter(tables.values())))} windows along the song.")

    def portrait(self) -> Figure:
        """What is shown, as one figure with its provenance."""
        fig = plot_portrait(self.analyses, self.tables)
        song = next(iter(self.analyses.values())).song
        provenance = Provenance.of_song(song, *self.networks.values())
        plotstyle.write_around(fig, "provenance", provenance.text(), color="#555555", style="italic")
        return fig

    def _parts(self, song: songs.Song, analyses: dict, tables: dict) -> tuple[ipywidgets.Widget, ...]:
        """New widgets each time: the server drops changes of a widget that exceed 3 MB, but not new ones."""
        by = f", {escape(song.artist)}" if song.artist else ""
        head = ipywidgets.HTML(f"<h4>{escape(song.title)}{by} ({clock(song.duration)})</h4>")
        most = _most_often(analyses)
        alt = f"Ribbon of {song.title} over time, by probability. Most often: {most}."
        player = ipywidgets.HTML(song_player(song, png(plot_ribbon(analyses, tables)), alt))
        alt = f"Shares of the snippets by class of {song.title}, with intervals. Most often: {most}."
        picture = ipywidgets.HTML(picture_html(png(plot_profile(analyses, tables)), alt))
        told = {"text/markdown": self._words(song, analyses)}
        words = ipywidgets.Output(outputs=({"output_type": "display_data", "data": told, "metadata": {}},))
        for widget, name in ((head, "head"), (picture, "profile"), (words, "words")):
            widget.add_class(f"mercore-{name}")
        return head, player, picture, words

    def _words(self, song: songs.Song, analyses: dict) -> str:
        lines = []
        for task, run in self.networks.items():
            found = songs.assess_reliability(analyses[task], run)
            lines.append(f"**{task.capitalize()}.** {describe_shares(analyses[task])}")
            signs = describe_reliability(found, analyses[task], run)
            lines += [f"- {line}" for line in (describe_origin(song, run), *signs)]
            lines.append("")
        return "\n".join(lines)


def _most_often(analyses: dict) -> str:
    return ", ".join(f"{task} {class_label(str(own.shares()['share'].idxmax()))}" for task, own in analyses.items())


def find_file(text: str) -> Path | str:
    """What a reader's path means: as it is or, as JupyterLab copies paths, from a folder above this one.

    A name of no file is returned as it is: it may be an embedded song. Raises UserError for no name.
    """
    text = text.strip().strip("\"'").strip()
    if not text or "\0" in text:
        raise UserError("name an audio file first")
    path = Path(text).expanduser()
    if path.is_absolute():
        return path
    here = Path.cwd()
    return next((folder / path for folder in (here, *here.parents) if (folder / path).is_file()), text)


def open_upload(name: str, content) -> songs.Song:
    """A song from the bytes that a browser sent, and the name that it gave them, of which only the ending is used.

    Raises UserError where they are too many, or no song. Nothing of them stays on the disk.
    """
    if len(content) > LARGEST_UPLOAD:
        raise UserError(
            f"{songs.one_line(name)}: {len(content) / 2**20:.0f} MB are too many for an upload (10 MB at most); put "
            "the file beside the notebook and name its path"
        )
    shown = songs.one_line(name.replace("\\", "/").rsplit("/", 1)[-1])
    suffix = Path(shown).suffix.lower()
    with tempfile.TemporaryDirectory(prefix="mercore-upload-") as folder:
        path = Path(folder, f"song{suffix if suffix in SONG_SUFFIXES else ''}")
        path.write_bytes(content)
        try:
            return songs.open_song(path, name=shown)
        except UserError as error:
            raise UserError(str(error).replace(str(path), shown)) from error
