"""Labelled collections of tracks: GTZAN, 4Q, the embedded corpus, one's own folder, each as one table.

A bad file is left out, named with its reason in the column `fault`, and never stops the rest.
Explained in 01_data.
"""

import hashlib
import os
import textwrap
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from mercore import UserError, data_dir
from mercore.corpora import folders, layouts
from mercore.corpora.layouts import GENRES, QUADRANTS  # noqa: F401  (read from here by other modules)
from mercore.corpora.validate import inspect_all

FEWEST_OF_A_TAG = 20  # tracks of a genre tag of 4Q
KINDS = {"gtzan": ("genre", "GTZAN"), "4q": ("mood", "4Q")}
_LISTED = ("key", "path", "label", "artist", "title", "split", "same_as", "tags", "note", "fault")


@dataclass(frozen=True)
class Corpus:
    """A collection of tracks with their labels.

    tracks: one row per track; index `track` (unique, stable, no path separators); columns path (absolute), label,
    artist and title ('' unknown), split ('' or train, validation, test: a split that the corpus brings along),
    same_as ('' or the first of the tracks of which this is another copy or recording, perhaps one that isn't here),
    tags, note, fault ('' or what is wrong: the track is left out), duration (s), sample_rate (Hz), channels, digest
    (SHA-1 of the file).
    """

    name: str
    task: str  # genre, mood or label
    root: Path
    tracks: pd.DataFrame
    classes: tuple[str, ...]
    licence: str
    citation: str
    notes: tuple[str, ...] = ()

    @property
    def usable(self) -> pd.DataFrame:
        """The tracks without a fault whose class is to be learnt."""
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


def gtzan(root: str | Path) -> Corpus:
    """GTZAN or a part of it: root/genres, root/genres_original or root itself with <genre>/<genre>.NNNNN.wav or
    .au; `split` is the fault-filtered one. UserError if root holds no such tree."""
    root = _existing(root)
    return _collect(root, "genre", layouts.list_gtzan(root))


def four_quadrant(root: str | Path) -> Corpus:
    """4Q (Panda, Malheiro, Paiva 2018) or a part of it: folders Q1 to Q4, or a flat folder and the authors' csv;
    `tags` holds AllMusic's genres. UserError if root holds neither."""
    root = _existing(root)
    return _collect(root, "mood", layouts.list_four_quadrant(root))


def genre_tags(root: str | Path) -> Corpus:
    """4Q as a genre corpus: its tracks that AllMusic gives one genre alone, of genres with FEWEST_OF_A_TAG or more.

    UserError where root holds no 4Q, or its csv no such tags.
    """
    corpus = four_quadrant(root)
    tags = corpus.tracks["tags"].where(~corpus.tracks["tags"].str.contains(";"), "")
    counts = tags[corpus.usable.index].value_counts().drop("", errors="ignore")
    classes = tuple(sorted(counts.index[counts >= FEWEST_OF_A_TAG]))
    if len(classes) < 2:
        raise UserError(
            f"{corpus.root}: as GENRE, 4Q has to bring two genres of {FEWEST_OF_A_TAG} tracks in {layouts.METADATA}; "
            "give it as MOOD"
        )
    kept = tags.isin(classes)
    note = f"AllMusic's genres; {int((~kept).sum())} tracks with several of them, none or a rare one are left out."
    tracks = corpus.tracks[kept].assign(label=tags[kept])
    return replace(
        corpus, name=f"{corpus.name} genre tags", task="genre", tracks=tracks, classes=classes, notes=(note,)
    )


def folder(root: str | Path) -> Corpus:
    """One's own data: a sub-folder per class, or a tracks.csv with path (relative to it), label and, if known,
    artist, title and split. UserError if there are no classes or no audio."""
    root = _existing(root)
    return _collect(root, "label", layouts.list_folder(root))


def embedded(task: str, seed: int = 0, jobs: int = 2) -> Corpus:
    """The corpus that the project composes itself, task 'genre' or 'mood'; rendered first if it isn't there yet."""
    if task not in ("genre", "mood"):
        raise UserError(f"the embedded corpus has the tasks genre and mood, not '{task}'")
    from mercore.composer import render

    root = render(task, seed=seed, jobs=jobs)
    return _as_embedded(gtzan(root) if task == "genre" else four_quadrant(root))


def _as_embedded(corpus: Corpus) -> Corpus:
    return replace(
        corpus,
        name=f"embedded {corpus.task}",
        licence="Composed by this project and under its licence; rendered through the SoundFont TimGM6mb.",
        citation="The project itself: CITATION.cff.",
        notes=("Composed by a program, not recorded: results on it say nothing about results on real music.",),
    )


def detect(root: str | Path) -> str:
    """What a folder is: 'gtzan', '4q' or 'folder'. A tracks.csv of one's own goes before everything."""
    root = _existing(root)
    if (root / "tracks.csv").is_file():
        return "folder"
    if layouts.gtzan_base(root):
        return "gtzan"
    return "4q" if layouts.quadrant_base(root) else "folder"


def open_corpus(path_or_name: str | Path, task: str | None = None, seed: int = 0, jobs: int = 2) -> Corpus:
    """'embedded', or a folder of any of the three kinds, to learn 'genre' or 'mood'.

    A folder of one's own serves either task, with its own classes; 4Q serves as genre corpus by its tags. Raises
    UserError when it is a corpus of the other task, or when fewer than two classes have usable tracks. Without a
    task it is opened as what it is, however faulty, to be reported on.
    """
    if str(path_or_name) == "embedded":
        return embedded(task or "genre", seed, jobs)
    root = _existing(path_or_name)
    kind = detect(root)
    meant, layout = KINDS.get(kind, (task, ""))
    tags = (kind, task) == ("4q", "genre")
    if task and meant != task and not tags:
        raise UserError(
            f"{root}: is in the layout of {layout}, a {meant} corpus, but was given as {task.upper()}: "
            f"give it as {meant.upper()}"
        )
    corpus = genre_tags(root) if tags else {"gtzan": gtzan, "4q": four_quadrant, "folder": folder}[kind](root)
    if layout and root.resolve().is_relative_to((data_dir() / "embedded").resolve()):
        corpus = _as_embedded(corpus)
    if task is None:
        return corpus
    if len(corpus.classes) < 2:
        have = f"only the class {corpus.classes[0]} has usable tracks" if corpus.classes else "no track is usable"
        faults = "; ".join(f"{track}: {fault}" for track, fault in corpus.faulty.fault.head(3).items())
        raise UserError(f"{root}: {have}, and learning takes two classes" + (f" ({faults})" if faults else ""))
    return replace(corpus, task=task)


def subset(corpus: Corpus, per_class: int) -> Corpus:
    """At most `per_class` usable tracks of each class, from as many artists as possible; the same ones every time."""
    usable = corpus.usable.sort_index()
    artist = usable.artist.where(usable.artist != "", usable.index.to_series())
    turn = usable.groupby([usable.label, usable.split, artist]).cumcount()  # 0: an artist's first, 1: the second
    in_turn = usable.assign(turn=turn).sort_values("turn", kind="stable")
    chosen = in_turn.groupby("label").head(per_class).index
    if len(chosen) == len(usable):
        return corpus
    tracks = corpus.tracks[corpus.tracks.index.isin(chosen)]
    return replace(corpus, name=f"{corpus.name}, {len(tracks)} tracks of it", tracks=tracks)


def _existing(root: str | Path) -> Path:
    if not str(root).strip():
        raise UserError("no folder given: say 'embedded' or the path of a folder")
    path = Path(os.path.abspath(Path(root).expanduser()))
    if not path.exists():
        raise UserError(f"{path}: there is no such folder")
    if not path.is_dir():
        raise UserError(f"{path}: is a file; give the folder of the corpus")
    if not folders.visible(path):
        raise UserError(f"{path}: is empty")
    return path


def _collect(root: Path, task: str, listing: layouts.Listing) -> Corpus:
    """The corpus from what its folders and csv files say: every file read, copies found, ids made unique."""
    tracks = pd.DataFrame(listing.rows).reindex(columns=list(_LISTED)).fillna("")
    tracks["path"] = [os.path.abspath(path) for path in tracks.path]
    tracks.index = pd.Index(_unique_keys(tracks, root), name="track")
    seen = pd.DataFrame(inspect_all(list(tracks.path)), index=tracks.index)
    tracks["fault"] = tracks.fault.where(tracks.fault != "", seen.fault)
    tracks = tracks.drop(columns="key").join(seen[["duration", "sample_rate", "channels", "digest", "sound"]])
    place = {name: number for number, name in enumerate(listing.classes)}
    tracks = tracks.sort_index().sort_values("label", key=lambda labels: labels.map(place), kind="stable")
    tracks = _mark_copies(tracks).drop(columns="sound")

    counts = tracks.label[tracks.fault == ""].value_counts()
    notes = [*listing.notes]
    notes += [f"No usable track in the class {name}." for name in listing.classes if name not in counts]
    notes += [
        f"One track only in the class {name}: it can be learnt, but not tested."
        for name in listing.classes
        if counts.get(name) == 1
    ]
    classes = tuple(name for name in listing.classes if name in counts)
    return Corpus(listing.name, task, root, tracks, classes, listing.licence, listing.citation, tuple(notes))


def _unique_keys(tracks: pd.DataFrame, root: Path) -> list[str]:
    """Keys that collide get what tells them apart: their class, their file's suffix, or a digest of their path.
    Never a number, which would change with the other files there; only a path listed twice is numbered."""
    keys = tracks.key.map(folders.clean)
    within = tracks.path.map(lambda path: os.fsencode(os.path.relpath(path, root)))
    tails = (
        "." + tracks.label.map(folders.clean),
        tracks.path.map(lambda path: Path(path).suffix),
        "." + within.map(lambda path: hashlib.sha1(path).hexdigest()[:8]),
    )
    for tail in tails:
        keys = keys.where(tail.groupby(keys).transform("nunique") == 1, keys + tail)
    again = keys.groupby(keys).cumcount()
    return [f"{key}.{count + 1}" if count else key for key, count in zip(keys, again, strict=True)]


def _mark_copies(tracks: pd.DataFrame) -> pd.DataFrame:
    """A later track with the very samples of an earlier one gets a fault; copies that the corpus is known for
    (same_as) stay, as in everything published on it."""
    fine = tracks[tracks.fault == ""]
    family = fine.same_as.where(fine.same_as != "", fine.index.to_series())
    first = fine.index.to_series().groupby(fine.sound).transform("first")
    for track in fine.index[first != fine.index]:
        original = first[track]
        if family[track] == family[original]:
            continue
        same = "file" if tracks.digest[track] == tracks.digest[original] else "sound"
        label = tracks.label[original]
        elsewhere = f" (there labelled {label})" if label != tracks.label[track] else ""
        tracks.loc[track, "fault"] = f"duplicate: the same {same} as {original}{elsewhere}, which is kept"
    return tracks


def report(corpus: Corpus) -> str:
    """What a corpus is, counts by class, and every fault and note by name, as text."""
    usable = corpus.usable
    counts = count_classes(corpus)
    lines = [f"{corpus.name}: {len(usable)} usable tracks of {len(corpus.tracks)}, task {corpus.task}"]
    lines += [folders.clean_path(corpus.root), ""]
    lines.append(counts.to_string() if len(counts) else "No usable track.")
    if len(usable):
        formats = usable.groupby(["sample_rate", "channels"]).size().sort_values(ascending=False)
        words = {1: "mono", 2: "stereo"}
        told = [
            f"{count} at {rate:,} Hz {words.get(channels, f'{channels} channels')}"
            for (rate, channels), count in formats.items()
        ]
        length = usable.duration
        lines += ["", f"Formats: {', '.join(told)}"]
        lines.append(f"Durations: {length.min():.2f} to {length.max():.2f} s, median {length.median():.2f} s")
        lines.append(_artist_sentence(corpus, counts))
    if len(corpus.faulty):
        lines += ["", f"Left out ({len(corpus.faulty)}):"]
        for track, row in corpus.faulty.iterrows():
            where = folders.clean_path(os.path.relpath(row.path, corpus.root))
            lines.append(f"  {track} ({where}): {row.fault}")
    noted = usable[usable.note != ""]
    if len(noted):
        lines += ["", f"Used, but note ({len(noted)}):"]
        lines += [f"  {track}: {note}" for track, note in noted.note.items()]
    lines.append("")
    closing = [*(f"Note: {note}" for note in corpus.notes), f"Licence: {corpus.licence}", f"Cite: {corpus.citation}"]
    return "\n".join([*lines, *(textwrap.fill(text, 110, subsequent_indent="  ") for text in closing)])


def count_classes(corpus: Corpus) -> pd.DataFrame:
    """Usable tracks, named artists, tracks without an artist, and minutes of each class."""
    by = corpus.usable.groupby("label")
    table = pd.DataFrame(
        {
            "tracks": by.size(),
            "artists": by.artist.agg(lambda names: names[names != ""].nunique()),
            "artist unknown": by.artist.agg(lambda names: int((names == "").sum())),
            "minutes": by.duration.sum().div(60).round(1),
        }
    )
    return table.reindex(list(corpus.classes)).rename_axis("class")


def _artist_sentence(corpus: Corpus, counts: pd.DataFrame) -> str:
    if not corpus.has_artists:
        return "Artists: none is known, so a split can keep tracks apart, but not artists."
    total = corpus.usable.artist[corpus.usable.artist != ""].nunique()
    stuck = [str(name) for name in counts.index[counts.artists < 2]]
    text = f"Artists: {total} named."
    if stuck:
        text += f" With fewer than two artists these classes can't be split by artist: {', '.join(stuck)}."
    return text
