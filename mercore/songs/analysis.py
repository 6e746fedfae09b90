"""A song in; its genre or mood as shares and over time out. Explained in 08_case_studies."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile
from statsmodels.stats.proportion import proportion_confint

from mercore import UserError, _files, composer, data_dir
from mercore.composer.songs import SONGS
from mercore.corpora.clips import CLIP_SECONDS, draw_snippets
from mercore.features.spectrogram import SAMPLE_RATE, compute, load

SLUGS = tuple(SONGS)  # of the embedded songs
LONGEST_TITLE = 120  # characters; a file may carry a novel
BATCH = 256  # snippets whose features are in memory at once, so that a long song is no matter


@dataclass
class Song:
    """A song: duration in s; samples mono float32 at 22,050 Hz; sections as known (start, end in s, section and
    the columns genre, mood) or None."""

    path: Path
    title: str
    artist: str
    duration: float
    sections: pd.DataFrame | None
    samples: np.ndarray = field(repr=False)

    @property
    def composed(self) -> bool:
        """Whether it is one that this project composed."""
        return (data_dir() / "embedded").resolve() in self.path.resolve().parents

    def known_to(self, *runs) -> "Song":
        """The song without the labels of its sections for a task of which the task's network knows none."""
        sections = self.sections
        for run in runs:
            task = run.corpus["task"]
            if sections is not None and not sections.get(task, pd.Series()).isin(run.classes).any():
                sections = sections.drop(columns=task, errors="ignore")
        return replace(self, sections=sections)


def open_song(path_or_slug: str | Path, seed: int = 0, name: str = "") -> Song:
    """A song from any audio file, or one of the embedded songs (`SLUGS`), composed with `seed`.

    Title and artist are read from the file's tags, where it has none the title from `name` or the file's own name;
    sections from a csv beside it, song.wav's from song.sections.csv. Raises UserError for a file that is missing,
    unreadable, shorter than a clip or longer than an hour.
    """
    path, slug = Path(path_or_slug).expanduser(), str(path_or_slug)
    if slug in SONGS and not path.exists():
        path = composer.render_songs(seed=seed) / f"{slug}.wav"
    if path.is_dir():
        raise UserError(f"{path}: is a folder; name one audio file")
    if re.match(r"[a-z][a-z0-9+.-]+:/", slug):
        raise UserError(f"{slug}: is an address, not a file; download it first")
    if not path.is_file():
        known = "" if path.suffix else f", nor an embedded song of that name ({', '.join(SLUGS)})"
        raise UserError(f"{path}: there is no such file{known}")
    samples = load(path)
    duration = len(samples) / SAMPLE_RATE
    if duration < CLIP_SECONDS:
        raise UserError(f"{path}: {duration:.1f} s is too short, a song needs {CLIP_SECONDS:g} s at least")
    tags = _read_tags(path)
    tagged = tags.get("title") or _words(Path(name or path).stem), tags.get("artist", "")
    title, artist = SONGS.get(slug, tagged)
    return Song(path, title, artist, duration, _read_sections(path), samples)


def _read_tags(path: Path) -> dict[str, str]:
    """Title and artist, as far as libsndfile finds them; one line each, as whoever made the file may have put
    anything there."""
    try:
        with soundfile.SoundFile(path) as file:
            return {key: one_line(value) for key, value in file.copy_metadata().items()}
    except (OSError, RuntimeError, ValueError):  # what only other decoders read, and letters that are none
        return {}


def one_line(text: str, longest: int = LONGEST_TITLE) -> str:
    """A text without line breaks and signs that can't be seen or written, cut off after so many."""
    seen = "".join(" " if sign.isspace() else sign for sign in text if sign.isspace() or _visible(sign))
    seen = " ".join(seen.split())
    return seen if len(seen) <= longest else seen[: longest - 1] + "…"


def _visible(sign: str) -> bool:
    return not unicodedata.category(sign).startswith("C")  # control, direction of writing, lone surrogates


def _words(stem: str) -> str:
    return one_line(stem.replace("_", " ").replace("-", " ")) or "untitled"


def _read_sections(path: Path) -> pd.DataFrame | None:
    listing = path.with_suffix(".sections.csv")
    if not listing.is_file():
        return None
    sections = _files.parse_csv(_files.read_text(listing), listing)
    if missing := {"start", "end", "section"} - set(sections.columns):
        raise UserError(f"{listing}: has no column {', '.join(sorted(missing))}")
    if not all(pd.api.types.is_numeric_dtype(sections[name]) for name in ("start", "end")):
        raise UserError(f"{listing}: start and end have to be seconds, as numbers")
    return sections


@dataclass(frozen=True)
class Analysis:
    """What a network makes of a song: for each snippet (by its start, s) the probability of each class.

    seconds: the length of a snippet.
    """

    song: Song
    task: str
    probabilities: pd.DataFrame
    classify: Callable[[np.ndarray], pd.DataFrame] | None = field(repr=False)  # None: its network isn't at hand
    seconds: float = CLIP_SECONDS

    @property
    def starts(self) -> np.ndarray:
        """Starts (s) of the snippets."""
        return self.probabilities.index.to_numpy()

    @property
    def predicted(self) -> pd.Series:
        """The most probable class of each snippet."""
        return self.probabilities.idxmax(axis=1)

    def shares(self, level: float = 0.95) -> pd.DataFrame:
        """Per class: snippets predicted so, their share, and its Wilson interval (low, high).

        The interval tells how well the drawn snippets stand for the song, not how often the network errs.
        """
        counts = self.predicted.value_counts().reindex(self.probabilities.columns, fill_value=0)
        low, high = proportion_confint(counts, len(self.predicted), alpha=1 - level, method="wilson")
        shares = pd.DataFrame({"snippets": counts, "share": counts / len(self.predicted), "low": low, "high": high})
        return shares.round(12)  # the lower bound of none is 0, not 1e-17

    def over_time(self, step: float = 1.0) -> pd.DataFrame:
        """The probabilities of clips that begin every `step` seconds, from the start of the song to its end."""
        return self.classify(np.arange(0, self.song.duration - self.seconds + 1e-9, step))

    def _wholly_in(self, part: dict) -> np.ndarray:
        return (self.starts >= part["start"]) & (self.starts + self.seconds <= part["end"])

    def in_sections(self) -> pd.DataFrame:
        """The snippets that lie wholly in a section whose label the network can give, by start (s).

        Columns label, predicted, task and section (the song's file and the number of the section in it).
        """
        table = pd.DataFrame({"predicted": self.predicted, "task": self.task, "label": None, "section": None})
        sections = self.song.sections
        if sections is not None and self.task in sections:
            for number, part in enumerate(sections.to_dict("records"), 1):
                name = f"{Path(self.song.path).stem} {number}"
                table.loc[self._wholly_in(part), ["label", "section"]] = part[self.task], name
        return table[table["label"].isin(self.probabilities.columns)]

    def per_section(self, level: float = 0.95) -> pd.DataFrame | None:
        """Where sections are known: the share of their snippets predicted as the section's label.

        Columns start, end, section, label, snippets, agreement, low, high (Wilson), predicted (most often). Only
        snippets that lie wholly in a section count; where there are none, agreement is NaN. None where the
        sections, or their labels for this task, are unknown.
        """
        sections = self.song.sections
        if sections is None or self.task not in sections:
            return None
        rows = []
        for part in sections.to_dict("records"):
            inside = self._wholly_in(part)
            predicted, n = self.predicted[inside], int(inside.sum())
            right = int((predicted == part[self.task]).sum())
            low, high = proportion_confint(right, n, alpha=1 - level, method="wilson") if n else (0.0, 1.0)
            rows.append(
                {
                    "start": part["start"],
                    "end": part["end"],
                    "section": part["section"],
                    "label": part[self.task],
                    "snippets": n,
                    "agreement": right / n if n else np.nan,
                    "low": low,
                    "high": high,
                    "predicted": predicted.mode().iloc[0] if n else "",
                }
            )
        return pd.DataFrame(rows)


def analyse(song: Song, run, count: int = 100, seed: int = 0) -> Analysis:
    """What the network of a `runs.Run` makes of `count` snippets of its length, drawn at random from a song."""
    classify = partial(_classify, song.samples, run)
    starts = draw_snippets(song.duration, count, run.clip_seconds, seed)
    return Analysis(song, run.corpus["task"], classify(starts), classify, run.clip_seconds)


def _classify(samples: np.ndarray, run, starts: np.ndarray) -> pd.DataFrame:
    parts = []
    for first in range(0, len(starts), BATCH):
        x = compute(samples, starts[first : first + BATCH], run.kind, run.clip_seconds, run.n_mels)
        parts.append(run.model().predict(run.normaliser.apply(x), batch_size=64, verbose=0))
    return pd.DataFrame(np.concatenate(parts), index=pd.Index(starts, name="start"), columns=list(run.classes))
