"""What the folders and csv files of a corpus say about its tracks, before any audio is read.

Three layouts: GTZAN's, 4Q's and one's own folder. Explained in 01_data.
"""

import os
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from unicodedata import normalize

import pandas as pd

from mercore import FACTS, UserError, _files
from mercore.corpora.folders import audio_files, clean, folder_name, has_audio, is_audio, only_children, visible

GENRES = ("blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock")
QUADRANTS = ("Q1", "Q2", "Q3", "Q4")
GTZAN_MINI = frozenset(  # mirdata's "mini", github.com/TempoBeatDownbeat/gtzan_mini
    f"{genre}.{number:05}"
    for genre in GENRES
    for number in ((0, 1, 2, 4, 5, 6, 7, 8, 11, 12) if genre == "jazz" else range(10))
)
FIRST_OF_4Q = "MT0000004637"  # the embedded corpus numbers its songs from 1
ANNOTATIONS = "panda_dataset_taffc_annotations.csv"
METADATA = "panda_dataset_taffc_metadata.csv"
SIDES = {"": "", "train": "train", "training": "train", "test": "test", "testing": "test"} | dict.fromkeys(
    ("valid", "validation", "val", "dev"), "validation"
)
RESEARCH_ONLY = "No licence is stated: excerpts of published recordings, for one's own research only."


@dataclass
class Listing:
    """The tracks as listed: each row has key (the wished track id), path and label, and maybe artist, title, split,
    same_as, tags, note and fault."""

    rows: list[dict]
    name: str
    classes: tuple[str, ...]
    notes: list[str] = field(default_factory=list)
    licence: str = "Not stated."
    citation: str = "Not stated."


def list_gtzan(root: Path) -> Listing:
    """GTZAN or a part of it. Artists, the fault-filtered split and known copies come from a gtzan_tracks.csv beside
    the genres, otherwise from the project's. Raises UserError if root holds no such tree."""
    base = gtzan_base(root)
    if base is None:
        raise UserError(f"{root}: no GTZAN here; it needs genres/<genre>/<genre>.NNNNN.wav or .au")
    known = _gtzan_table(FACTS / "gtzan_tracks.csv")
    own = next((f for f in (base / "gtzan_tracks.csv", base.parent / "gtzan_tracks.csv") if f.is_file()), None)
    facts = _gtzan_table(own) if own else known
    genuine = facts.artist.equals(known.artist.reindex(facts.index))
    told = _gtzan_facts(facts)
    rows, found = [], set()
    for genre in GENRES:
        for path in audio_files(base / genre):
            row = {"key": path.stem, "path": path, "label": genre}
            if _is_gtzan_name(path.stem, genre):
                found.add(path.stem)
                rows.append(row | told.get(path.stem, {"note": "not in gtzan_tracks.csv"}))
            else:
                rows.append(row | {"fault": f"not named {genre}.NNNNN, as a track of GTZAN in this folder is"})
    mini = genuine and found <= GTZAN_MINI
    full = sorted(GTZAN_MINI) if mini else (known if genuine else facts).index
    if len(found) * 2 >= len(full):  # with fewer it is a part, not a whole with gaps
        for track in (track for track in full if track not in found and track in told):
            genre = track.partition(".")[0]
            row = {"key": track, "path": base / genre / f"{track}.wav", "label": genre}
            rows.append(row | told[track])
    if not genuine:
        note = "In the layout of GTZAN, with artists of its own in gtzan_tracks.csv: not GTZAN."
        return Listing(rows, folder_name(root), GENRES, [note])
    return Listing(
        rows,
        partial_name("GTZAN-mini" if mini else "GTZAN", len(found), len(full)),
        GENRES,
        _gtzan_notes(rows, mini),
        RESEARCH_ONLY,
        "G. Tzanetakis, P. Cook: Musical genre classification of audio signals. IEEE Transactions on Speech and Audio "
        "Processing 10(5), 2002. Artists and faults: B. L. Sturm: An analysis of the GTZAN music genre dataset. "
        "MIRUM 2012. Fault-filtered split: C. Kereliuk, B. L. Sturm, J. Larsen: Deep learning and music adversaries. "
        "IEEE Transactions on Multimedia 17(11), 2015.",
    )


def gtzan_base(root: Path) -> Path | None:
    """The folder of genre folders; None if there is none, or if it has classes that GTZAN hasn't."""
    for top in only_children(root):
        for base in (top, top / "genres", top / "genres_original"):
            classes = {path.name for path in visible(base) if has_audio(path)}
            named = any(
                _is_gtzan_name(path.stem, genre)
                for genre in classes.intersection(GENRES)
                for path in audio_files(base / genre)
            )
            if named and classes <= set(GENRES):
                return base
    return None


def _is_gtzan_name(stem: str, genre: str) -> bool:
    return re.fullmatch(rf"{genre}\.\d{{5}}", stem) is not None


def _gtzan_table(file: Path) -> pd.DataFrame:
    table = read_table(file)
    columns = ("track", "artist", "title", "fault_filtered_split", "exact_replica_of", "same_recording_as", "note")
    table = need_columns(table, columns, file).set_index("track")
    for track in table.index[table.index.duplicated()]:
        raise UserError(f"{file}: lists {clean(track)} twice")
    for track in table.index[~table.fault_filtered_split.isin(list(SIDES))]:
        side = table.fault_filtered_split[track]
        raise UserError(
            f"{file}: the split '{clean(side)}' of {clean(track)} must be train, validation, test or empty"
        )
    return table


def _gtzan_facts(table: pd.DataFrame) -> dict[str, dict[str, str]]:
    """What the table says of each track, in the words of a Listing's row."""
    first = _families(table)
    wording = {"exact_replica_of": "same excerpt as", "same_recording_as": "same recording as"}
    copies = {column: table[table[column] != ""].groupby(column).groups for column in wording}
    facts = {}
    for track, row in table.to_dict("index").items():
        notes = [row["note"]]
        for column, words in wording.items():
            others = [other for other in copies[column].get(row[column], ()) if other != track]
            notes += [f"{words} {', '.join(others)}"] if others else []
        facts[track] = {
            "artist": row["artist"],
            "title": row["title"],
            "split": SIDES[row["fault_filtered_split"]],
            "same_as": "" if first[track] == track else first[track],
            "note": "; ".join(filter(None, notes)),
        }
    return facts


def _families(table: pd.DataFrame) -> dict[str, str]:
    """For each track: the first of all that the table links to it as the same excerpt or recording."""
    parent = {track: track for track in table.index}

    def first_of(track: str) -> str:
        while parent.setdefault(track, track) != track:
            track = parent[track]
        return track

    for column in ("exact_replica_of", "same_recording_as"):
        for track, other in table[column][table[column] != ""].items():
            first, later = sorted((first_of(track), first_of(other)))
            parent[later] = first
    return {track: first_of(track) for track in parent}


def _gtzan_notes(rows: list[dict], mini: bool) -> list[str]:
    notes = [
        "GTZAN has known faults. Sturm (2012) counts 50 exact replicas, 22 repeated recordings, 13 versions, 43 "
        "conspicuous and 63 contentious mislabellings. Which tracks are mislabelled isn't in gtzan_tracks.csv, "
        "so they are all used.",
    ]
    families = Counter(row.get("same_as") or row["key"] for row in rows)
    copies = sum(count for count in families.values() if count > 1)
    if copies:
        notes.append(
            f"{copies} tracks are listed as the same excerpt or recording as another one here. They are all used; "
            "the fault-filtered split leaves such copies out, and `same_as` lets the others keep them together."
        )
    if mini:
        notes.append("GTZAN-mini teaches and tests the pipeline: it is no basis for a claim about accuracy.")
    return notes


def list_four_quadrant(root: Path) -> Listing:
    """4Q or a part of it: folders Q1 to Q4, or one flat folder of audio, with the authors' csv files there or one
    folder up. A track has a fault when folder and csv disagree. Raises UserError if nothing tells quadrants."""
    base = quadrant_base(root)
    if base is None:
        raise UserError(f"{root}: no 4Q here; it needs folders Q1 to Q4, or audio with {ANNOTATIONS} beside it")
    tables = [_panda_table(base, name) for name in (ANNOTATIONS, METADATA)]
    written = defaultdict(set)
    for song, quadrant in pd.concat(tables).Quadrant.items():
        written[song].add(quadrant)
    about = tables[1][~tables[1].index.duplicated()].to_dict("index")
    rows = []
    for path in audio_files(base):
        song = normalize("NFC", path.stem)
        folders = {part for part in (base.name, *path.relative_to(base).parts[:-1]) if part in QUADRANTS}
        row = {"key": song, "path": path, "label": min(folders | written[song], default="")}
        row |= _quadrant_doubt(folders, written[song], has_table=bool(len(tables[0])))
        rows.append(row | _panda_texts(about.get(song)))
    found = {row["key"] for row in rows}
    listed = tables[0].index.unique()
    if len(found) * 2 >= len(listed):
        rows += [
            {"key": song, "path": base / f"{song}.mp3", "label": min(written[song])} | _panda_texts(about.get(song))
            for song in listed.difference(found)
        ]
    if not any(re.fullmatch(r"MT\d{10}", song) and song >= FIRST_OF_4Q for song in found):
        return Listing(rows, folder_name(root), QUADRANTS, ["In the layout of 4Q, but not its songs."])
    return Listing(
        rows,
        partial_name("4Q", len(found), 900),
        QUADRANTS,
        licence=RESEARCH_ONLY,
        citation="R. Panda, R. Malheiro, R. P. Paiva: Novel audio features for music emotion recognition. IEEE "
        "Transactions on Affective Computing 11(4), 2020 (published online in 2018).",
    )


def quadrant_base(root: Path) -> Path | None:
    """The folder below which 4Q's audio lies; None if there is none."""
    for base in only_children(root):
        folders = {path.name for path in visible(base) if has_audio(path)}
        listed = (base / ANNOTATIONS).is_file() and has_audio(base)
        beside = (base.parent / ANNOTATIONS).is_file() and any(is_audio(path) for path in visible(base))
        if listed or beside or (len(folders) > 1 and folders <= set(QUADRANTS)):
            return base
    return None


def _quadrant_doubt(folders: set[str], written: set[str], has_table: bool) -> dict[str, str]:
    if not folders | written:
        return {"fault": f"no quadrant: not in a folder Q1 to Q4, nor in {ANNOTATIONS}"}
    if len(folders | written) > 1:
        ours, theirs = (" and ".join(sorted(names)) or "nothing" for names in (folders, written))
        return {"fault": f"its folder says {ours}, the csv says {theirs}"}
    if not written <= set(QUADRANTS):
        return {"fault": f"quadrant '{min(written)}' in the csv must be Q1, Q2, Q3 or Q4"}
    return {"note": f"not in {ANNOTATIONS}, quadrant taken from its folder"} if has_table and not written else {}


def _panda_table(base: Path, name: str) -> pd.DataFrame:
    file = next((top / name for top in (base, base.parent) if (top / name).is_file()), None)
    if file is None:
        return pd.DataFrame({"Quadrant": []}, index=pd.Index([], name="Song"), dtype=str)
    table = need_columns(read_table(file), ("Song", "Quadrant"), file)
    return table.assign(Song=table.Song.str.normalize("NFC")).set_index("Song")


def _panda_texts(entry: dict | None) -> dict[str, str]:
    columns = {"artist": "Artist", "title": "Title", "tags": "GenresStr"}
    return {ours: entry.get(theirs, "").strip() for ours, theirs in columns.items()} if entry else {}


def list_folder(root: Path) -> Listing:
    """One's own data: a sub-folder per class, or a tracks.csv (path, label; if known artist, title, split).
    Raises UserError if there are no classes, no audio, or a column is missing."""
    table = root / "tracks.csv"
    rows, notes = _rows_of_table(table) if table.is_file() else _rows_of_folders(root)
    classes = tuple(sorted({row["label"] for row in rows if row["label"]}))
    return Listing(rows, folder_name(root), classes, notes)


def _rows_of_folders(root: Path) -> tuple[list[dict], list[str]]:
    loose = [clean(path.name) for path in visible(root) if is_audio(path)]
    rows, empty = [], []
    for sub in (path for path in visible(root) if path.is_dir()):
        label, files = clean(sub.name), list(audio_files(sub))
        rows += [{"key": _dotted(label, path.relative_to(sub)), "path": path, "label": label} for path in files]
        if not files:
            empty.append(label)
    if not rows:
        hint = "put each class into a sub-folder of its name, or write a tracks.csv with the columns path and label"
        raise UserError(f"{root}: holds {'audio, but no classes' if loose else 'no audio'}: {hint}")
    notes = [f"No audio in the sub-folder {name}: it is no class." for name in empty]
    if loose:
        notes.append(f"Left out, because they lie in no class's sub-folder: {', '.join(loose)}.")
    return rows, notes


def _rows_of_table(file: Path) -> tuple[list[dict], list[str]]:
    table = need_columns(read_table(file), ("path", "label"), file)
    if table.empty:
        raise UserError(f"{file}: lists no track")
    sides = table["split"].str.lower() if "split" in table else pd.Series("", table.index)
    for line in sides.index[~sides.isin(list(SIDES))]:
        raise UserError(
            f"{file}, line {line + 2}: split '{clean(sides[line])}' must be train, validation, test or empty",
        )
    rows, lines = [], {}
    for at, entry in table.iterrows():
        path = _resolve(file.parent, entry.path)
        inner = path.relative_to(file.parent) if path.is_relative_to(file.parent) else Path(path.name)
        row = {"key": _dotted("", inner), "path": path, "label": clean(entry["label"]), "split": SIDES[sides[at]]}
        row |= {name: entry[name] for name in ("artist", "title", "tags", "note") if name in table}
        if not row["label"]:
            row["fault"] = f"line {at + 2} of tracks.csv gives no label"
        elif lines.setdefault(path, at) != at:
            row["fault"] = f"listed twice in tracks.csv, lines {lines[path] + 2} and {at + 2}; the first one counts"
        rows.append(row)
    return rows, []


def _resolve(base: Path, text: str) -> Path:
    """The file that a csv means, also when it was written on another system: back-slashes, decomposed accents."""
    forms = [form for t in (text, text.replace("\\", "/")) for form in (t, normalize("NFC", t), normalize("NFD", t))]
    paths = [Path(os.path.abspath(base / form)) for form in forms]
    return next((path for path in paths if _is_file(path)), paths[0])


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name longer than any can be
        return False


def _dotted(label: str, path: Path) -> str:
    """rock/album/01.wav -> rock.album.01; a class that the name repeats (rock/rock.00001.wav) isn't doubled."""
    parts = [clean(part) for part in (path.with_suffix("") if path.name else path).parts] or ["untitled"]
    return ".".join(parts if not label or parts[0].startswith(f"{label}.") else [label, *parts])


def read_table(file: Path) -> pd.DataFrame:
    """A csv as stripped text, with commas or semicolons, in UTF-8 or what an office program makes of it."""
    data = _files.read_bytes(file)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    head = text.partition("\n")[0]
    separator = ";" if head.count(";") > head.count(",") else ","
    table = _files.parse_csv(text, file, dtype=str, keep_default_na=False, sep=separator, index_col=False)
    table = table.fillna("").rename(columns=str.strip).apply(lambda column: column.str.strip())
    if not table.columns.is_unique:
        raise UserError(f"{file}: has two columns {clean(table.columns[table.columns.duplicated()][0])}")
    return table


def need_columns(table: pd.DataFrame, columns: tuple[str, ...], file: Path) -> pd.DataFrame:
    """The table; UserError that names the file where it lacks one of these columns."""
    missing = [name for name in columns if name not in table]
    if missing:
        raise UserError(f"{file}: has no column {' nor '.join(missing)}, only {clean(', '.join(table.columns))[:200]}")
    return table


def partial_name(name: str, found: int, full: int) -> str:
    """The name of a dataset, with how much of it is there where that isn't all."""
    return name if found >= full else f"{name} ({found} of {full} tracks)"
