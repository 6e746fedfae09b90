"""GTZAN (Tzanetakis and Cook 2002), 1,000 tracks of 30 s in ten genres, and GTZAN-mini, 100 of them.

Artists, the fault-filtered split and known copies come from data/gtzan_tracks.csv. Explained in 01_data.
"""

import re
from collections import Counter
from pathlib import Path

import pandas as pd

from mercore import FACTS, UserError
from mercore.corpora._dataset import RESEARCH_ONLY, SPLIT_NAMES, Dataset, Download, ListedTrack, Listing
from mercore.corpora._folders import AudioFolder, descend_single_folders, read_table, sanitise_name

GENRES = ("blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock")
MINI = frozenset(  # mirdata's "mini", github.com/TempoBeatDownbeat/gtzan_mini
    f"{genre}.{number:05}"
    for genre in GENRES
    for number in ((0, 1, 2, 4, 5, 6, 7, 8, 11, 12) if genre == "jazz" else range(10))
)
TABLE = "gtzan_tracks.csv"
HUGGING_FACE = "https://huggingface.co/datasets/marsyas/gtzan/resolve/main/data/genres.tar.gz"
WEB_ARCHIVE = "https://web.archive.org/web/20211207012050/http://opihi.cs.uvic.ca/sound/genres.tar.gz"
GITHUB = "https://github.com/TempoBeatDownbeat/gtzan_mini/archive/refs/heads/main.zip"


def find_base(folder: AudioFolder) -> Path | None:
    """Return the folder with <genre>/<genre>.NNNNN.wav or .au, unless it has classes that GTZAN hasn't."""
    for top in descend_single_folders(folder.root):
        for base in (top, top / "genres", top / "genres_original"):
            named = any(_is_named_by_genre(path, path.parent.name) for path in folder.below(base))
            if named and folder.classes(base) <= set(GENRES):
                return base
    return None


def list_tracks(folder: AudioFolder, base: Path) -> Listing:
    """List GTZAN or a part of it; a gtzan_tracks.csv beside the genres goes before the project's."""
    published = _read_facts(FACTS / TABLE)
    own = next((file for file in (base / TABLE, base.parent / TABLE) if file.is_file()), None)
    facts = _read_facts(own) if own else published
    genuine = facts.artist.equals(published.artist.reindex(facts.index))
    described = _describe_tracks(facts)
    tracks = [_list_file(path, genre, described) for genre in GENRES for path in folder.below(base / genre)]
    found = {track.key for track in tracks if not track.fault}
    mini = genuine and found <= MINI
    full = sorted(MINI) if mini else list((published if genuine else facts).index)
    if len(found) * 2 >= len(full):  # with fewer it is a part, not a whole with gaps
        for track in (track for track in full if track not in found and track in described):
            genre = track.partition(".")[0]
            tracks.append(ListedTrack(track, base / genre / f"{track}.wav", genre, **described[track]))
    if not genuine:
        note = f"In the layout of GTZAN, with artists of its own in {TABLE}: not GTZAN."
        return Listing(tracks, sanitise_name(folder.root.name), "own", GENRES, [note])
    name = "GTZAN-mini" if mini else "GTZAN"
    if len(found) < len(full):
        name += f" ({len(found)} of {len(full)} tracks)"
    return Listing(tracks, name, "gtzan", GENRES, _notes(tracks, mini))


def _is_named_by_genre(path: Path, genre: str) -> bool:
    return genre in GENRES and re.fullmatch(rf"{genre}\.\d{{5}}", path.stem) is not None


def _list_file(path: Path, genre: str, described: dict[str, dict[str, str]]) -> ListedTrack:
    if not _is_named_by_genre(path, genre):
        fault = f"not named {genre}.NNNNN, as a track of GTZAN in this folder is"
        return ListedTrack(path.stem, path, genre, fault=fault)
    return ListedTrack(path.stem, path, genre, **described.get(path.stem, {"note": f"not in {TABLE}"}))


def _read_facts(file: Path) -> pd.DataFrame:
    columns = ("track", "artist", "title", "fault_filtered_split", "exact_replica_of", "same_recording_as", "note")
    table = read_table(file, columns).set_index("track")
    if len(twice := table.index[table.index.duplicated()]):
        raise UserError(f"{file}: lists {sanitise_name(twice[0])} twice")
    if len(wrong := table[~table.fault_filtered_split.isin(list(SPLIT_NAMES))]):
        track, split = sanitise_name(wrong.index[0]), sanitise_name(wrong.fault_filtered_split.iloc[0])
        raise UserError(f"{file}: the split '{split}' of {track} must be train, validation, test or empty")
    return table


def _describe_tracks(facts: pd.DataFrame) -> dict[str, dict[str, str]]:
    """Return what the table says about each track, as fields of a ListedTrack."""
    first = _duplicate_groups(facts)
    relations = {"exact_replica_of": "same excerpt as", "same_recording_as": "same recording as"}
    copies = {column: facts[facts[column] != ""].groupby(column).groups for column in relations}
    described = {}
    for track, row in facts.to_dict("index").items():
        notes = [row["note"]]
        for column, relation in relations.items():
            others = [other for other in copies[column].get(row[column], ()) if other != track]
            notes += [f"{relation} {', '.join(others)}"] if others else []
        described[track] = {
            "artist": row["artist"],
            "title": row["title"],
            "split": SPLIT_NAMES[row["fault_filtered_split"]],
            "same_as": "" if first[track] == track else first[track],
            "note": "; ".join(filter(None, notes)),
        }
    return described


def _duplicate_groups(facts: pd.DataFrame) -> dict[str, str]:
    """Return for each track the first of all that the table links to it as the same excerpt or recording."""
    parent = {track: track for track in facts.index}

    def first_of(track: str) -> str:
        while parent.setdefault(track, track) != track:
            track = parent[track]
        return track

    for column in ("exact_replica_of", "same_recording_as"):
        for track, other in facts[column][facts[column] != ""].items():
            first, later = sorted((first_of(track), first_of(other)))
            parent[later] = first
    return {track: first_of(track) for track in parent}


def _notes(tracks: list[ListedTrack], mini: bool) -> list[str]:
    notes = [
        "GTZAN has known faults. Sturm (2012) counts 50 exact replicas, 22 repeated recordings, 13 versions, 43 "
        "conspicuous and 63 contentious mislabellings. Which tracks are mislabelled isn't in gtzan_tracks.csv, "
        "so they are all used.",
    ]
    groups = Counter(track.same_as or track.key for track in tracks)
    if copies := sum(count for count in groups.values() if count > 1):
        notes.append(
            f"{copies} tracks are listed as the same excerpt or recording as another one here. They are all used; "
            "the fault-filtered split leaves such copies out, and `same_as` lets the others keep them together."
        )
    if mini:
        notes.append("GTZAN-mini teaches and tests the pipeline: it is no basis for a claim about accuracy.")
    return notes


DATASET = Dataset(
    kind="gtzan",
    title="GTZAN",
    task="genre",
    find=find_base,
    list_tracks=list_tracks,
    licence=RESEARCH_ONLY,
    citation="G. Tzanetakis, P. Cook: Musical genre classification of audio signals. IEEE Transactions on Speech and "
    "Audio Processing 10(5), 2002. Artists and faults: B. L. Sturm: An analysis of the GTZAN music genre dataset. "
    "MIRUM 2012. Fault-filtered split: C. Kereliuk, B. L. Sturm, J. Larsen: Deep learning and music adversaries. "
    "IEEE Transactions on Multimedia 17(11), 2015.",
    downloads={
        "gtzan": Download(
            "GTZAN: 1,000 tracks of 30 s in ten genres, 1.2 GB",
            {HUGGING_FACE: "", WEB_ARCHIVE: "5b3d6dddb579ab49814ab86dba69e7c7"},
        ),
        "gtzan-mini": Download(
            "GTZAN-mini: 100 tracks of GTZAN, 132 MB", {GITHUB: "44f7f23af8363d96c59663a987f29a4c"}
        ),
    },
)
