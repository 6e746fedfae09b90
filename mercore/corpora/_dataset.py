"""How a dataset of this package is described: see gtzan.py for an example, corpus.py for the list."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from mercore.corpora._folders import AudioFolder

RESEARCH_ONLY = "No licence is stated: excerpts of published recordings, for one's own research only."
SPLIT_NAMES = {"": "", "train": "train", "training": "train", "test": "test", "testing": "test"} | dict.fromkeys(
    ("valid", "validation", "val", "dev"), "validation"
)


@dataclass
class ListedTrack:
    """A track as folders and csv files describe it, before its audio is decoded."""

    key: str  # the track id, unless another track has the same
    path: Path
    label: str
    artist: str = ""
    title: str = ""
    split: str = ""
    same_as: str = ""
    tags: str = ""
    note: str = ""
    fault: str = ""


@dataclass
class Listing:
    """All tracks of a folder; kind is 'own' if it has the layout of a dataset without being that dataset."""

    tracks: list[ListedTrack]
    name: str
    kind: str
    classes: tuple[str, ...]
    notes: list[str]


@dataclass(frozen=True)
class Download:
    """An archive of a dataset: addresses with their MD5 ('' unknown), or how to get it by hand."""

    title: str
    addresses: dict[str, str] = field(default_factory=dict)
    by_hand: str = ""


@dataclass(frozen=True)
class Dataset:
    """What `open_corpus`, `check` and `fetch` need to know about a dataset."""

    kind: str  # its identity, as in Corpus.kind
    title: str
    task: str | None  # genre, mood, or None: either
    find: Callable[[AudioFolder], Path | None]  # the folder in which its layout begins, if there is one
    list_tracks: Callable[[AudioFolder, Path], Listing]  # given what `find` returned
    licence: str = "Not stated."
    citation: str = "Not stated."
    downloads: dict[str, Download] = field(default_factory=dict)  # by the name that `fetch` takes
    views: dict[str, Callable] = field(default_factory=dict)  # by another task: makes the corpus one of that task
