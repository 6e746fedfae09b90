"""Labelled collections of tracks: GTZAN, 4Q, the embedded corpus, one's own folder, each as one table.

A bad file is left out, named with its reason in the column `fault`, and never stops the rest.
Explained in 01_data.
"""

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from unicodedata import normalize

import pandas as pd

from . import FACTS, UserError, data_dir
from .inspection import SUFFIXES, inspect_all

GENRES = ("blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock")
QUADRANTS = ("Q1", "Q2", "Q3", "Q4")
MOOD_NAMES = {"Q1": "happy / excited", "Q2": "angry / tense", "Q3": "sad", "Q4": "calm / relaxed"}
# mirdata's "mini": github.com/TempoBeatDownbeat/gtzan_mini
GTZAN_MINI = frozenset(
    f"{genre}.{number:05}"
    for genre in GENRES
    for number in ((0, 1, 2, 4, 5, 6, 7, 8, 11, 12) if genre == "jazz" else range(10))
)
SIDES = {"train": "train", "training": "train", "test": "test", "": ""} | dict.fromkeys(
    ("valid", "validation", "val", "dev"), "validation"
)
ANNOTATIONS = "panda_dataset_taffc_annotations.csv"
METADATA = "panda_dataset_taffc_metadata.csv"
_COLUMNS = ("path", "label", "artist", "title", "split", "same_as", "tags", "note", "fault")


@dataclass(frozen=True)
class Corpus:
    """A collection of tracks with their labels.

    tracks: one row per track; index `track` (unique, stable, no path separators); columns path (absolute), label,
    artist and title ('' unknown), duration (s), sample_rate (Hz), channels, split ('' or train, validation, test:
    a split that the corpus brings along), same_as ('' or the track of which this is another copy or recording,
    perhaps one that isn't here), tags, note, fault ('' or what is wrong: the track is left out), digest (SHA-1 of
    the file).
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
        return self.tracks[(self.tracks.fault == "") & self.tracks.label.isin(self.classes)]

    @property
    def faulty(self) -> pd.DataFrame:
        return self.tracks.drop(self.usable.index)

    @property
    def has_artists(self) -> bool:
        return bool((self.usable.artist != "").any())

    @property
    def fingerprint(self) -> str:
        """12 hex digits that change when a usable track, its label, artist or file does."""
        rows = self.usable.sort_index().reset_index()[["track", "label", "artist", "digest"]]
        return hashlib.sha1("\n".join("\t".join(row) for row in rows.to_numpy()).encode()).hexdigest()[:12]


def gtzan(root: str | Path) -> Corpus:
    """GTZAN, or a part of it: root/genres, root/genres_original, or root itself, with <genre>/<genre>.NNNNN.wav
    or .au. Artists, the fault-filtered split and known copies come from a gtzan_tracks.csv beside the genres,
    otherwise from the project's. Raises UserError if root holds no such tree."""
    base = _gtzan_base(_folder(root))
    if base is None:
        raise UserError(f"{root}: no GTZAN here; it needs genres/<genre>/<genre>.NNNNN.wav or .au")
    known = _read_table(FACTS / "gtzan_tracks.csv").set_index("track")
    own = next((f for f in (base / "gtzan_tracks.csv", base.parent / "gtzan_tracks.csv") if f.is_file()), None)
    facts = _read_table(own).set_index("track") if own else known
    families = _families(facts)
    rows, stray = [], []
    for genre in GENRES:
        for path in _audio_files(base / genre):
            if not re.fullmatch(rf"{genre}\.\d{{5}}", path.stem):
                stray.append(path)
                continue
            rows.append({"key": path.stem, "path": path, "label": genre, **_gtzan_facts(path.stem, facts, families)})
    for path in stray:
        fault = "not named as a track of GTZAN in this folder"
        rows.append({"key": path.stem, "path": path, "label": path.relative_to(base).parts[0], "fault": fault})
    found = {row["key"] for row in rows}
    genuine = own is None or facts.artist.equals(known.artist.reindex(facts.index))
    full = facts.index if not found <= GTZAN_MINI or not genuine else sorted(GTZAN_MINI)
    rows += [
        {"key": track, "path": base / facts.genre[track] / f"{track}.wav", "label": facts.genre[track]}
        | _gtzan_facts(track, facts, families)
        for track in full
        if track not in found and len(found) * 2 >= len(full)
    ]
    corpus = _collect(rows, root, "genre", GENRES)
    if not genuine:
        notes = (*corpus.notes, "GTZAN's layout, its own gtzan_tracks.csv")
        return replace(corpus, name=_base_name(root), notes=notes)
    mini = found <= GTZAN_MINI
    return replace(
        corpus,
        name=_partial("GTZAN-mini" if mini else "GTZAN", len(found), len(full)),
        licence="No licence is known: excerpts of published recordings, for one's own research only.",
        citation="G. Tzanetakis, P. Cook: Musical genre classification of audio signals. IEEE Transactions on Speech "
        "and Audio Processing 10(5), 2002. Artists and faults: B. L. Sturm: The state of the art ten years after a "
        "state of the art. Journal of New Music Research 43(2), 2014.",
        notes=(*corpus.notes, *_gtzan_notes(corpus, mini)),
    )


def _gtzan_base(root: Path) -> Path | None:
    """The folder of genre folders; None if there is none, or if it has classes that GTZAN hasn't."""
    for top in _only_child_chain(root):
        for base in (top, top / "genres", top / "genres_original"):
            classes = {folder.name for folder in _visible(base) if folder.is_dir() and _has_audio(folder)}
            named = any(
                re.fullmatch(rf"{genre}\.\d{{5}}", path.stem)
                for genre in classes.intersection(GENRES)
                for path in _audio_files(base / genre)
            )
            if named and classes <= set(GENRES):
                return base
    return None


def _families(facts: pd.DataFrame) -> dict[str, str]:
    """The first of all tracks that the table links as replicas or recordings of the same, for each linked track."""
    first: dict[str, str] = {}

    def root_of(track: str) -> str:
        while first.setdefault(track, track) != track:
            track = first[track]
        return track

    for track, row in facts.iterrows():
        for other in filter(None, (row.exact_replica_of, row.same_recording_as)):
            low, high = sorted((root_of(str(track)), root_of(other)))
            first[high] = low
    return {track: root_of(track) for track in first}


def _gtzan_facts(track: str, facts: pd.DataFrame, families: dict[str, str]) -> dict[str, str]:
    if track not in facts.index:
        return {"note": "not in gtzan_tracks.csv"}
    row = facts.loc[track]
    first = families.get(track, "")
    notes = [row.note]
    for column, words in (("exact_replica_of", "the same excerpt as"), ("same_recording_as", "same recording as")):
        others = facts.index[(facts[column] == row[column]) & (facts.index != track)] if row[column] else ()
        if len(others):
            notes.append(f"{words} {', '.join(others)}")
    return {
        "artist": row.artist,
        "title": row.title,
        "split": SIDES[row.fault_filtered_split],
        "same_as": first if first != track else "",
        "note": "; ".join(filter(None, notes)),
    }


def _gtzan_notes(corpus: Corpus, mini: bool) -> list[str]:
    usable = corpus.usable
    copies = usable.note.str.contains("the same excerpt|same recording").sum()
    distorted = usable.index[usable.note.str.contains("distorted")]
    notes = [
        "GTZAN has known faults. Sturm counts 50 exact replicas, 22 repeated recordings, 13 versions, 43 conspicuous "
        "and 63 contentious mislabellings; which tracks are mislabelled isn't in the table, so they are all used.",
        f"{copies} of these tracks are listed as copies of another: they are used, but kept on one side of a split "
        "(except under the protocol clip); the fault-filtered split has one of each.",
    ]
    if len(distorted):
        notes.append(f"Distorted, and used: {', '.join(distorted)}.")
    if mini:
        notes.append("GTZAN-mini teaches and tests the pipeline: it is no basis for a claim about accuracy.")
    return notes


def four_quadrant(root: str | Path) -> Corpus:
    """4Q (Panda, Malheiro, Paiva 2018), or a part of it: folders Q1 to Q4, or one flat folder of audio, with the
    authors' two csv files there or one folder up. A track is left out when its folder and the csv disagree.
    Raises UserError if nothing says which quadrant the audio belongs to."""
    base = _quadrant_base(_folder(root))
    if base is None:
        raise UserError(f"{root}: no 4Q here; it needs folders Q1 to Q4, or audio with {ANNOTATIONS} beside it")
    said, about = (_panda_table(base, name) for name in (ANNOTATIONS, METADATA))
    rows = []
    for path in _audio_files(base):
        song = normalize("NFC", path.stem)
        quadrants = {part for part in path.relative_to(base).parts[:-1] if part in QUADRANTS}
        if base.name in QUADRANTS:
            quadrants.add(base.name)
        written = {t.Quadrant[song] for t in (said, about) if song in t.index and "Quadrant" in t} - {""}
        fault = note = ""
        if not quadrants | written:
            fault = f"no quadrant: not in a folder Q1 to Q4, nor in {ANNOTATIONS}"
        elif len(quadrants | written) > 1:
            ours, theirs = (" and ".join(sorted(names)) or "nothing" for names in (quadrants, written))
            fault = f"its folder says {ours}, the csv says {theirs}"
        elif not written and len(said):
            note = f"not in {ANNOTATIONS}: quadrant taken from its folder"
        label = min(quadrants or written or {""})
        if label and label not in QUADRANTS:
            fault = f"quadrant '{label}' in the csv: it must be Q1, Q2, Q3 or Q4"
        facts = about.loc[song] if song in about.index else {}
        texts = {ours: str(facts.get(theirs, "")).strip() for ours, theirs in _PANDA_COLUMNS.items()}
        rows.append({"key": song, "path": path, "label": label, "note": note, "fault": fault, **texts})
    found = {row["key"] for row in rows}
    rows += [
        {"key": song, "path": base / f"{song}.mp3", "label": said.Quadrant[song]}
        for song in said.index
        if song not in found and len(found) * 2 >= len(said)
    ]
    corpus = _collect(rows, root, "mood", QUADRANTS)
    if not any(re.fullmatch(r"MT\d{10}", song) for song in found):
        return replace(corpus, name=_base_name(root), notes=(*corpus.notes, "4Q's layout, but not its songs"))
    return replace(
        corpus,
        name=_partial("4Q", len(found), 900),
        licence="No licence is stated: excerpts of published recordings, for one's own research only.",
        citation="R. Panda, R. Malheiro, R. P. Paiva: Novel audio features for music emotion recognition. "
        "IEEE Transactions on Affective Computing 11(4), 2020 (published online 2018).",
    )


_PANDA_COLUMNS = {"artist": "Artist", "title": "Title", "tags": "GenresStr"}


def _quadrant_base(root: Path) -> Path | None:
    for base in _only_child_chain(root):
        folders = [folder.name for folder in _visible(base) if folder.is_dir() and _has_audio(folder)]
        listed = (base / ANNOTATIONS).is_file() and _has_audio(base)
        beside = (base.parent / ANNOTATIONS).is_file() and any(p.suffix.lower() in SUFFIXES for p in _visible(base))
        if listed or beside or (len(folders) > 1 and set(folders) <= set(QUADRANTS)):
            return base
    return None


def _panda_table(base: Path, name: str) -> pd.DataFrame:
    file = next((folder / name for folder in (base, base.parent) if (folder / name).is_file()), None)
    if file is None:
        return pd.DataFrame(index=pd.Index([], name="Song"))
    table = _read_table(file)
    if not {"Song", "Quadrant"} <= set(table.columns):
        raise UserError(f"{file}: needs the columns Song and Quadrant, has {', '.join(table.columns)}")
    return table.drop_duplicates("Song").set_index("Song")


def folder(root: str | Path, label: str | None = None) -> Corpus:
    """One's own data: a sub-folder per class, or a tracks.csv with the columns path (relative to it) and label,
    and if known artist, title and split. `label` names another column to learn from.
    Raises UserError if there are no classes, no audio, or a column is missing."""
    root = _folder(root)
    listing = root / "tracks.csv"
    if listing.is_file():
        rows, notes = _listed_rows(listing, label or "label"), []
    elif label:
        raise UserError(f"{listing} is missing: the column '{label}' can't be learnt from a folder without it")
    else:
        rows, notes = _foldered_rows(root)
    corpus = _collect(rows, root, "label", sorted({row["label"] for row in rows if row["label"]}))
    return replace(corpus, name=_base_name(root), notes=(*notes, *corpus.notes))


def _foldered_rows(root: Path) -> tuple[list[dict], list[str]]:
    loose = [path for path in _visible(root) if path.is_file() and path.suffix.lower() in SUFFIXES]
    rows, empty = [], []
    for sub in sorted(path for path in _visible(root) if path.is_dir()):
        label, files = _text(sub.name), list(_audio_files(sub))
        rows += [{"key": _dotted(label, path.relative_to(sub)), "path": path, "label": label} for path in files]
        if not files:
            empty.append(label)
    if not rows:
        hint = "put each class into a sub-folder of its name, or write a tracks.csv with the columns path and label"
        what = "audio, but no classes" if loose else "no audio"
        raise UserError(f"{root}: holds {what}: {hint}")
    notes = [f"No audio in the folder {name}: not a class." for name in empty]
    if loose:
        notes.append(f"{len(loose)} audio files lie in no class folder and are left out: {_some(loose)}.")
    return rows, notes


def _listed_rows(listing: Path, column: str) -> list[dict]:
    table = _read_table(listing)
    missing = {"path", column} - set(table.columns)
    if missing:
        raise UserError(f"{listing}: no column {' or '.join(sorted(missing))}; it has {', '.join(table.columns)}")
    if table.empty:
        raise UserError(f"{listing}: lists no track")
    sides = table.get("split", pd.Series("", table.index)).str.strip().str.lower()
    unknown = sides[~sides.isin(list(SIDES))]
    if len(unknown):
        where = f"{listing}, line {unknown.index[0] + 2}"
        raise UserError(f"{where}: split '{unknown.iloc[0]}' must be train, validation, test or empty")
    rows = []
    for line, (_, entry) in enumerate(table.iterrows(), start=2):
        path = _resolve(listing.parent, entry.path)
        here = path.is_relative_to(listing.parent)
        inner = path.relative_to(listing.parent) if here else Path(path.name)
        rows.append(
            {"key": _dotted("", inner), "path": path, "label": normalize("NFC", entry[column].strip())}
            | {name: entry[name].strip() for name in ("artist", "title", "tags") if name in table}
            | {"split": SIDES[sides[line - 2]]}
        )
        if not rows[-1]["label"]:
            rows[-1]["fault"] = f"line {line} of {listing.name} has no {column}"
    again = pd.Series([str(row["path"]) for row in rows]).duplicated()
    for row in (row for row, repeated in zip(rows, again, strict=True) if repeated):
        row["fault"] = f"listed before in {listing.name}"
    return rows


def _resolve(base: Path, text: str) -> Path:
    """The file that a csv means, also if it was written on another system: back-slashes, decomposed accents."""
    slashed = (text.strip(), text.strip().replace("\\", "/"))
    forms = [form for t in slashed for form in (t, normalize("NFC", t), normalize("NFD", t))]
    paths = [Path(os.path.abspath(base / form)) for form in forms]
    return next((path for path in paths if path.is_file()), paths[0])


def embedded(task: str, seed: int = 0, jobs: int = 2) -> Corpus:
    """The corpus that the project composes itself, task 'genre' or 'mood': rendered first if it isn't there yet."""
    if task not in ("genre", "mood"):
        raise UserError(f"the embedded corpus has the tasks genre and mood, not '{task}'")
    from .embedded import render

    root = render(task, seed=seed, jobs=jobs)
    return _as_embedded(gtzan(root) if task == "genre" else four_quadrant(root))


def _as_embedded(corpus: Corpus) -> Corpus:
    return replace(
        corpus,
        name=f"embedded {corpus.task}",
        licence="Composed and rendered by this project, under its licence; through the SoundFont TimGM6mb.",
        citation="Cite the project (CITATION.cff).",
        notes=(
            "Composed by program, in the file layout of the real corpus: not recordings, and no measure of how a "
            "network does on them.",
        ),
    )


def detect(root: str | Path) -> str:
    """What a folder is: 'gtzan', '4q' or 'folder'. A tracks.csv of one's own goes before everything."""
    root = _folder(root)
    if (root / "tracks.csv").is_file():
        return "folder"
    if _gtzan_base(root):
        return "gtzan"
    return "4q" if _quadrant_base(root) else "folder"


def open_corpus(path_or_name: str | Path, task: str | None = None, seed: int = 0, jobs: int = 2) -> Corpus:
    """'embedded', or a folder of any of the three kinds, for the task 'genre' or 'mood'; None takes it as it is,
    however faulty, to report on it. Raises UserError when it is for the other task, or when fewer than two classes
    have a usable track."""
    if str(path_or_name) == "embedded":
        return embedded(task or "genre", seed, jobs)
    if not str(path_or_name).strip():
        raise UserError("no folder given: say 'embedded' or the path of a folder")
    root = _folder(path_or_name)
    kind = detect(root)
    meant = {"gtzan": "genre", "4q": "mood"}.get(kind, task)
    if task and meant != task:
        raise UserError(
            f"{root} is a {meant} corpus in the layout of {'GTZAN' if kind == 'gtzan' else '4Q'}, "
            f"but was given as {task.upper()}: give it as {meant.upper()}"
        )
    corpus = {"gtzan": gtzan, "4q": four_quadrant, "folder": folder}[kind](root)
    if root.resolve().is_relative_to((data_dir() / "embedded").resolve()):
        corpus = _as_embedded(corpus)
    if task is None:
        return corpus
    if len(corpus.classes) < 2:
        faults = "; ".join(f"{track}: {fault}" for track, fault in corpus.faulty.fault.head(3).items())
        have = f"only the class {corpus.classes[0]} has usable tracks" if corpus.classes else "no track is usable"
        raise UserError(f"{root}: {have}, and it takes two classes to learn" + (f" ({faults})" if faults else ""))
    return replace(corpus, task=task)


def subset(corpus: Corpus, per_class: int) -> Corpus:
    """At most `per_class` usable tracks of each class, from as many artists as possible; the same every time."""
    usable = corpus.usable.sort_index()
    artist = usable.artist.where(usable.artist != "", usable.index.to_series())
    turn = usable.groupby([usable.label, artist]).cumcount()  # 0 for each artist's first track, 1 for the second
    order = usable.assign(turn=turn).sort_values(["label", "turn"], kind="stable")
    chosen = usable.loc[order.groupby("label").head(per_class).index.sort_values()]
    if len(chosen) == len(usable):
        return corpus
    name = f"{corpus.name}, {len(chosen)} tracks of it"
    return replace(corpus, name=name, tracks=chosen)


def _collect(rows: list[dict], root: str | Path, task: str, classes: Iterable[str]) -> Corpus:
    """The table of a corpus from what its folders and csv files say: every file read, copies found."""
    if not rows:
        raise UserError(f"{root}: holds no audio ({', '.join(SUFFIXES)})")
    tracks = pd.DataFrame(rows).reindex(columns=["key", *_COLUMNS]).fillna("")
    tracks["path"] = [os.path.abspath(path) for path in tracks.path]
    tracks.index = pd.Index(_unique_keys(tracks, Path(root)), name="track")
    seen = pd.DataFrame(inspect_all(list(tracks.path)), index=tracks.index)
    tracks = tracks.drop(columns="key").join(seen.drop(columns=["fault", "peak"]))
    tracks["fault"] = tracks.fault.where(tracks.fault != "", seen.fault)
    order = {name: place for place, name in enumerate(classes)}
    tracks = tracks.sort_index().sort_values("label", key=lambda s: s.map(order), kind="stable")
    _mark_copies(tracks)
    usable = tracks[tracks.fault == ""]
    present = tuple(name for name in order if (usable.label == name).any())
    notes = [f"No usable track in the class {name}." for name in order if name not in present]
    single = [name for name, count in usable.label.value_counts().items() if count == 1]
    notes += [f"One track only in the class {name}: it can be learnt, but not tested." for name in sorted(single)]
    tracks = tracks.drop(columns="sound")
    return Corpus(_base_name(root), task, Path(root), tracks, present, "Not stated.", "Not stated.", tuple(notes))


def _mark_copies(tracks: pd.DataFrame) -> None:
    """A later track with the samples of an earlier one gets a fault; the copies that the corpus is known for
    (same_as) stay."""
    fine = tracks[tracks.fault == ""]
    family = fine.same_as.where(fine.same_as != "", fine.index.to_series())
    first = fine.index.to_series().groupby(fine.sound).transform("first")
    for track, original in first[(first != fine.index) & (family != family[first].to_numpy())].items():
        same = "file" if tracks.digest[track] == tracks.digest[original] else "sound"
        label = tracks.label[original]
        elsewhere = f", under {label}" if label != tracks.label[track] else ""
        tracks.loc[track, "fault"] = f"the same {same} as {original}{elsewhere}, which is kept"


def _unique_keys(tracks: pd.DataFrame, root: Path) -> list[str]:
    """Keys that collide get their file's suffix, then their class, then a digest of their path: never a number
    that would depend on which other files there are."""
    keys = tracks.key.map(_text)
    tails = (
        tracks.path.map(lambda path: Path(path).suffix),
        "." + tracks.label.map(_text),
        "." + tracks.path.map(lambda path: hashlib.sha1(os.fsencode(os.path.relpath(path, root))).hexdigest()[:8]),
    )
    for tail in tails:
        keys = keys.where(~keys.duplicated(keep=False), keys + tail)
    return [f"{key}.{n}" if n else key for key, n in zip(keys, keys.groupby(keys).cumcount(), strict=True)]


def _text(name: str) -> str:
    """A name fit for an index and a file: composed accents, no separators, undecodable bytes replaced."""
    clean = os.fsencode(name).decode("utf-8", "replace")
    return re.sub(r"[/\\\x00-\x1f]+", "_", normalize("NFC", clean)).strip()


def _dotted(label: str, path: Path) -> str:
    """rock/album/01.wav -> rock.album.01; a class that the name repeats (rock/rock.00001.wav) isn't doubled."""
    parts = [_text(part) for part in path.with_suffix("").parts]
    return ".".join(parts if not label or parts[0].startswith(f"{label}.") else [label, *parts])


def _read_table(file: Path) -> pd.DataFrame:
    """A csv as text, with commas or semicolons, whatever an office program made of its encoding."""
    try:
        data = file.read_bytes()
        text = data.decode("utf-8-sig") if _decodes(data) else data.decode("cp1252", "replace")
        head = text.partition("\n")[0]
        separator = ";" if head.count(";") > head.count(",") else ","
        from io import StringIO

        table = pd.read_csv(StringIO(text), dtype=str, keep_default_na=False, sep=separator)
    except (OSError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise UserError(f"{file}: can't be read as a csv table ({error})") from error
    return table.rename(columns=str.strip)


def _decodes(data: bytes) -> bool:
    try:
        data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return True


def _folder(root: str | Path) -> Path:
    path = Path(os.path.abspath(Path(root).expanduser()))
    if not path.exists():
        raise UserError(f"{path}: there is no such folder")
    if not path.is_dir():
        raise UserError(f"{path}: is a file; give the folder of the corpus")
    if not _visible(path):
        raise UserError(f"{path}: is empty")
    return path


def _visible(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.iterdir()) if path.name[0] != "."] if folder.is_dir() else []


def _audio_files(folder: Path) -> Iterator[Path]:
    """All audio below a folder, sorted, following links once; hidden files (macOS leaves ._name.wav) passed over."""
    been = set()
    for top, folders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(top)
        folders[:] = sorted(name for name in folders if name[0] != ".") if real not in been else []
        if real not in been:
            yield from (Path(top, f) for f in sorted(files) if f[0] != "." and Path(f).suffix.lower() in SUFFIXES)
        been.add(real)


def _has_audio(folder: Path) -> bool:
    return next(_audio_files(folder), None) is not None


def _only_child_chain(root: Path) -> Iterator[Path]:
    """root, and while it holds nothing but one folder, as an unpacked archive does, that folder."""
    for _ in range(4):
        yield root
        inside = _visible(root)
        if len(inside) != 1 or not inside[0].is_dir():
            return
        root = inside[0]


def _base_name(root: str | Path) -> str:
    return _text(Path(os.path.abspath(root)).name)


def _partial(name: str, found: int, full: int) -> str:
    return name if found >= full else f"{name} ({found} of {full} tracks)"


def _some(paths: list[Path], most: int = 5) -> str:
    names = [_text(path.name) for path in paths]
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
