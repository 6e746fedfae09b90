"""One table for every collection of tracks: GTZAN, 4Q, the composed corpus, a folder of one's own.

A bad file is left out, named with its reason in the column `fault`, and never stops the rest. Explained in 01_data.
"""

import hashlib
import os
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from mercore import UserError
from mercore.corpora import embedded, folder, four_quadrant, gtzan
from mercore.corpora._dataset import Dataset, Listing
from mercore.corpora._folders import AudioFolder, list_visible, sanitise_name
from mercore.corpora.validate import validate_files

DATASETS = (gtzan.DATASET, four_quadrant.DATASET)  # in the order in which a folder is compared with them


@dataclass(frozen=True)
class Corpus:
    """A collection of tracks with their labels.

    Attributes:
        name: The name in figures.
        task: genre, mood, or label where it was opened for neither.
        root: The folder.
        tracks: One row per track; index `track` (unique, stable, no path separators); columns path (absolute),
            label, artist and title ('' unknown), split ('' or train, validation, test: a split that the corpus
            brings), same_as ('' or the first of the tracks of which this is another copy or recording, perhaps one
            that isn't here), tags, note, fault ('' or the reason why the track is left out), duration (s),
            sample_rate (Hz), channels, digest (SHA-1 of the file).
        classes: Names of the classes that have usable tracks.
        licence: Of the recordings.
        citation: What to cite.
        notes: What a reader must know.
        kind: What it is: gtzan, 4q, composed or own.
    """

    name: str
    task: str
    root: Path
    tracks: pd.DataFrame
    classes: tuple[str, ...]
    licence: str
    citation: str
    notes: tuple[str, ...] = ()
    kind: str = "own"

    @property
    def usable(self) -> pd.DataFrame:
        """The tracks of `classes` without a fault."""
        return self.tracks[(self.tracks.fault == "") & self.tracks.label.isin(self.classes)]

    @property
    def faulty(self) -> pd.DataFrame:
        """The tracks that are left out."""
        return self.tracks.drop(self.usable.index)

    @property
    def has_artists(self) -> bool:
        """Whether the artist of any usable track is known."""
        return bool((self.usable.artist != "").any())

    @property
    def fingerprint(self) -> str:
        """12 hex digits that change when a usable track, its label, its artist or its file does."""
        rows = self.usable.sort_index().reset_index()[["track", "label", "artist", "digest"]]
        return hashlib.sha1("\n".join("\t".join(row) for row in rows.to_numpy()).encode()).hexdigest()[:12]


def open_corpus(path_or_name: str | Path, task: str | None = None, seed: int = 0, jobs: int = 2) -> Corpus:
    """Open a folder of music, or compose the embedded corpus.

    A folder of one's own serves either task, with its own classes; 4Q serves as genre corpus by its tags. Without a
    task a folder is opened as what it is, however faulty, to be reported on. Explained in 01_data.

    Args:
        path_or_name: 'embedded', or a folder in the layout of GTZAN or 4Q, with a sub-folder per class, or with a
            tracks.csv (path relative to it, label and, if known, artist, title, split).
        task: 'genre' or 'mood'.
        seed: Of the composer.
        jobs: Processes that render what is composed.

    Raises:
        UserError: The folder can't be opened, is a corpus of the other task, or fewer than two classes have usable
            tracks.
    """
    if str(path_or_name) == "embedded":
        path_or_name = embedded.render(task or "genre", seed, jobs)
    root = _check_folder(path_or_name)
    audio = AudioFolder(root)
    dataset, base = detect(audio)
    if task and task != dataset.task and dataset.task and task not in dataset.views:
        raise UserError(
            f"{root}: is in the layout of {dataset.title}, a {dataset.task} corpus, but was given as {task.upper()}: "
            f"give it as {dataset.task.upper()}"
        )
    corpus = _build_corpus(root, dataset, dataset.list_tracks(audio, base))
    if task in dataset.views:
        corpus = dataset.views[task](corpus)
    if dataset in DATASETS and embedded.is_composed(root):
        corpus = replace(corpus, name=f"embedded {corpus.task}", kind="composed", licence=embedded.LICENCE,
                         citation=embedded.CITATION, notes=(embedded.NOTE,))  # fmt: skip
    if task is None:
        return corpus
    if len(corpus.classes) < 2:
        have = f"only the class {corpus.classes[0]} has usable tracks" if corpus.classes else "no track is usable"
        faults = "; ".join(f"{track}: {fault}" for track, fault in corpus.faulty.fault.head(3).items())
        raise UserError(f"{root}: {have}, and training takes two classes" + (f" ({faults})" if faults else ""))
    return replace(corpus, task=task)


def detect(audio: AudioFolder) -> tuple[Dataset, Path]:
    """Return the dataset in whose layout a folder is, and where it begins; a tracks.csv makes it one's own."""
    if not (audio.root / folder.TABLE).is_file():
        for dataset in DATASETS:
            if base := dataset.find(audio):
                return dataset, base
    return folder.DATASET, audio.root


def subset(corpus: Corpus, per_class: int) -> Corpus:
    """Return a corpus with at most `per_class` usable tracks of each class; the same ones every time.

    They are from as many artists as possible.
    """
    usable = corpus.usable.sort_index()
    artist = usable.artist.where(usable.artist != "", usable.index.to_series())
    turn = usable.groupby([usable.label, usable.split, artist]).cumcount()  # 0: an artist's first, 1: the second
    in_turn = usable.assign(turn=turn).sort_values("turn", kind="stable")
    chosen = in_turn.groupby("label").head(per_class).index
    if len(chosen) == len(usable):
        return corpus
    tracks = corpus.tracks[corpus.tracks.index.isin(chosen)]
    return replace(corpus, name=f"{corpus.name}, {len(tracks)} tracks of it", tracks=tracks)


def _check_folder(root: str | Path) -> Path:
    if not str(root).strip():
        raise UserError("no folder given: say 'embedded' or the path of a folder")
    path = Path(os.path.abspath(Path(root).expanduser()))
    if not path.exists():
        raise UserError(f"{path}: there is no such folder")
    if not path.is_dir():
        raise UserError(f"{path}: is a file; give the folder of the corpus")
    if not list_visible(path):
        raise UserError(f"{path}: is empty")
    return path


def _build_corpus(root: Path, dataset: Dataset, listing: Listing) -> Corpus:
    """Decode every listed file, mark copies, and make the ids unique."""
    tracks = pd.DataFrame(listing.tracks)
    tracks["path"] = [os.path.abspath(path) for path in tracks.path]
    tracks.index = pd.Index(_unique_keys(tracks, root), name="track")
    found = pd.DataFrame(validate_files(list(tracks.path)), index=tracks.index)
    tracks["fault"] = tracks.fault.where(tracks.fault != "", found.fault)
    tracks = tracks.drop(columns="key").join(found[["duration", "sample_rate", "channels", "digest", "sound"]])
    place = {name: number for number, name in enumerate(listing.classes)}
    tracks = tracks.sort_index().sort_values("label", key=lambda labels: labels.map(place), kind="stable")
    tracks = _mark_copies(tracks).drop(columns="sound")

    counts = tracks.label[tracks.fault == ""].value_counts()
    classes = tuple(name for name in listing.classes if name in counts)
    notes = [*listing.notes]
    notes += [f"No usable track in the class {name}." for name in listing.classes if name not in counts]
    notes += [f"Only one track in the class {name}: it can't be tested." for name in classes if counts[name] == 1]
    known = dataset if listing.kind == dataset.kind else folder.DATASET
    about = known.licence, known.citation, tuple(notes), listing.kind
    return Corpus(listing.name, dataset.task or "label", root, tracks, classes, *about)


def _unique_keys(tracks: pd.DataFrame, root: Path) -> list[str]:
    """Return the keys; those of several files get their suffix or, if that isn't enough, a digest of their path.

    Never a number, which would change with the other files there; only a path listed twice is numbered.
    """
    keys = tracks.key.map(sanitise_name)
    within = tracks.path.map(lambda path: os.fsencode(os.path.relpath(path, root)))
    digests = within.map(lambda path: f".{hashlib.sha1(path).hexdigest()[:8]}")
    for tail in (tracks.path.map(lambda path: Path(path).suffix), digests):
        keys = keys.where(tail.groupby(keys).transform("nunique") == 1, keys + tail)
    repeated = keys.groupby(keys).cumcount()
    return [f"{key}.{count + 1}" if count else key for key, count in zip(keys, repeated, strict=True)]


def _mark_copies(tracks: pd.DataFrame) -> pd.DataFrame:
    """Give a fault to a track with the samples of an earlier one, but not to known copies (same_as)."""
    fine = tracks[tracks.fault == ""]
    family = fine.same_as.where(fine.same_as != "", fine.index.to_series())
    first = fine.index.to_series().groupby(fine.sound).transform("first")
    for track in fine.index[(first != fine.index) & (family != family[first].to_numpy())]:
        original = tracks.loc[first[track]]
        same = "file" if tracks.digest[track] == original.digest else "sound"
        elsewhere = f" (there labelled {original.label})" if original.label != tracks.label[track] else ""
        tracks.loc[track, "fault"] = f"duplicate: the same {same} as {first[track]}{elsewhere}, which is kept"
    return tracks
