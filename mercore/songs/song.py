"""Open a song: an audio file with its title and, where they are known, its sections. Explained in 08_case_studies."""

import re
import unicodedata
from dataclasses import dataclass, field, replace
from importlib.metadata import entry_points
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile

from mercore import UserError, _files, data_dir
from mercore.corpora.clips import CLIP_SECONDS
from mercore.features import SAMPLE_RATE, load

COMPOSED_SONGS = ("parade-of-kites", "lantern-rhapsody")  # what the entry point "composed" renders
MAX_TITLE = 120  # characters


@dataclass
class Song:
    """A song in memory.

    Attributes:
        path: Its audio file.
        title: Its title, from the file's tags or name.
        artist: Its artist; empty if unknown.
        duration: Its length (s).
        sections: A row per section with start and end (s), section (its name) and, as far as known, genre and mood;
            None if unknown.
        samples: Mono, float32, at 22,050 Hz.
    """

    path: Path
    title: str
    artist: str
    duration: float
    sections: pd.DataFrame | None
    samples: np.ndarray = field(repr=False)

    @property
    def composed(self) -> bool:
        """Whether this project composed the song."""
        return (data_dir() / "embedded").resolve() in self.path.resolve().parents

    def restrict_labels(self, *runs) -> "Song":
        """Return the song without the section labels of tasks whose network, of these runs, knows none of them."""
        sections = self.sections
        for run in runs:
            task = run.corpus["task"]
            if sections is not None and not sections.get(task, pd.Series()).isin(run.classes).any():
                sections = sections.drop(columns=task, errors="ignore")
        return replace(self, sections=sections)


def open_song(path: str | Path, seed: int = 0, name: str = "") -> Song:
    """Open an audio file as a song.

    Title and artist come from the file's tags, sections from song.sections.csv beside song.wav.

    Args:
        path: An audio file, or one of `COMPOSED_SONGS`, composed first if it isn't there yet.
        seed: The seed of a composed song.
        name: A file name to take the title from where there is no tag; default: that of the file.

    Raises:
        UserError: If the file is missing or unreadable, shorter than a clip or longer than an hour.
    """
    slug, path = str(path), Path(path).expanduser()
    composed = slug in COMPOSED_SONGS and not path.exists()
    if composed:
        path = _render_songs(seed) / f"{slug}.wav"
    if path.is_dir():
        raise UserError(f"{path}: is a folder; name one audio file")
    if re.match(r"[a-z][a-z0-9+.-]+:/", slug):
        raise UserError(f"{slug}: is an address, not a file; download it first")
    if not path.is_file():
        known = "" if path.suffix else f", nor a composed song of that name ({', '.join(COMPOSED_SONGS)})"
        raise UserError(f"{path}: there is no such file{known}")
    samples = load(path)
    duration = len(samples) / SAMPLE_RATE
    if duration < CLIP_SECONDS:
        raise UserError(f"{path}: {duration:.1f} s is too short, a song needs at least {CLIP_SECONDS:g} s")
    tags = _read_listing(path) if composed else _read_tags(path)
    title = tags.get("title") or one_line(re.sub("[_-]", " ", Path(name or path).stem)) or "untitled"
    return Song(path, title, tags.get("artist", ""), duration, _read_sections(path), samples)


def one_line(text: str, longest: int = MAX_TITLE) -> str:
    """Return a text without line breaks and invisible characters, cut off after `longest` characters."""
    text = "".join(sign for sign in text if sign.isspace() or not unicodedata.category(sign).startswith("C"))
    text = " ".join(text.split())
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _render_songs(seed: int) -> Path:
    providers = entry_points(group="mercore.songs", name="composed")
    if not providers:
        raise UserError("the composer isn't installed: run `pip install -e .` in the folder of the project")
    return next(iter(providers)).load()(seed=seed)


def _read_listing(path: Path) -> dict[str, str]:
    """Title and artist of a composed song, from songs.csv in its folder (slug, title, artist)."""
    listing = path.with_name("songs.csv")
    return _files.parse_csv(_files.read_text(listing), listing).set_index("slug").loc[path.stem].to_dict()


def _read_tags(path: Path) -> dict[str, str]:
    """Title and artist as far as libsndfile finds them."""
    try:
        with soundfile.SoundFile(path) as file:
            return {key: one_line(value) for key, value in file.copy_metadata().items()}
    except (OSError, RuntimeError, ValueError):  # formats of other decoders; tags that aren't UTF-8
        return {}


def _read_sections(path: Path) -> pd.DataFrame | None:
    listing = path.with_suffix(".sections.csv")
    if not listing.is_file():
        return None
    sections = _files.parse_csv(_files.read_text(listing), listing)
    if missing := {"start", "end", "section"} - set(sections.columns):
        raise UserError(f"{listing}: has no column {', '.join(sorted(missing))}; add it")
    if not all(pd.api.types.is_numeric_dtype(sections[name]) for name in ("start", "end")):
        raise UserError(f"{listing}: start and end have to be numbers (seconds)")
    return sections
