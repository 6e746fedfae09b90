"""4Q (Panda, Malheiro and Paiva 2018), 900 clips of 30 s in Russell's four quadrants. Explained in 01_data."""

import re
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from unicodedata import normalize

import pandas as pd

from mercore import UserError
from mercore.corpora._dataset import RESEARCH_ONLY, Dataset, Download, ListedTrack, Listing
from mercore.corpora._folders import AudioFolder, descend_single_folders, read_table, sanitise_name

QUADRANTS = ("Q1", "Q2", "Q3", "Q4")
FIRST_SONG = "MT0000004637"  # the composed corpus numbers its songs from 1
ANNOTATIONS = "panda_dataset_taffc_annotations.csv"
METADATA = "panda_dataset_taffc_metadata.csv"
MIN_TRACKS_PER_TAG = 20


def find_base(folder: AudioFolder) -> Path | None:
    """Return the folder of Q1 to Q4, or of audio with the authors' csv there or one folder up."""
    for base in descend_single_folders(folder.root):
        classes, files = folder.classes(base), folder.below(base)
        listed = (base / ANNOTATIONS).is_file() and files
        listed_above = (base.parent / ANNOTATIONS).is_file() and any(path.parent == base for path in files)
        if listed or listed_above or (len(classes) > 1 and classes <= set(QUADRANTS)):
            return base
    return None


def list_tracks(folder: AudioFolder, base: Path) -> Listing:
    """List 4Q or a part of it; a track has a fault if folder and csv disagree about its quadrant."""
    annotations, metadata = (_read_panda_table(base, name) for name in (ANNOTATIONS, METADATA))
    written = defaultdict(set)
    for song, quadrant in pd.concat([annotations, metadata]).Quadrant.items():
        written[song].add(quadrant)
    texts = _song_texts(metadata)
    tracks = []
    for path in folder.below(base):
        song = normalize("NFC", path.stem)
        folders = {part for part in (base.name, *path.relative_to(base).parts[:-1]) if part in QUADRANTS}
        label = min(folders | written[song], default="")
        checked = _check_quadrant(folders, written[song], annotated=len(annotations) > 0)
        tracks.append(ListedTrack(song, path, label, **checked, **texts.get(song, {})))
    found = {track.key for track in tracks}
    listed = annotations.index.unique()
    if len(found) * 2 >= len(listed):
        tracks += [
            ListedTrack(song, base / f"{song}.mp3", min(written[song]), **texts.get(song, {}))
            for song in listed.difference(found)
        ]
    if not any(re.fullmatch(r"MT\d{10}", song) and song >= FIRST_SONG for song in found):
        note = "In the layout of 4Q, but not its songs."
        return Listing(tracks, sanitise_name(folder.root.name), "own", QUADRANTS, [note])
    name = "4Q" if len(found) >= 900 else f"4Q ({len(found)} of 900 tracks)"
    return Listing(tracks, name, "4q", QUADRANTS, [])


def _check_quadrant(folders: set[str], written: set[str], annotated: bool) -> dict[str, str]:
    if not folders | written:
        return {"fault": f"no quadrant: not in a folder Q1 to Q4, nor in {ANNOTATIONS}"}
    if len(folders | written) > 1:
        ours, theirs = (" and ".join(sorted(names)) or "nothing" for names in (folders, written))
        return {"fault": f"its folder says {ours}, the csv says {theirs}"}
    if not written <= set(QUADRANTS):
        return {"fault": f"quadrant '{min(written)}' in the csv must be Q1, Q2, Q3 or Q4"}
    return {"note": f"not in {ANNOTATIONS}, quadrant taken from its folder"} if annotated and not written else {}


def _read_panda_table(base: Path, name: str) -> pd.DataFrame:
    file = next((top / name for top in (base, base.parent) if (top / name).is_file()), None)
    if file is None:
        return pd.DataFrame({"Quadrant": []}, index=pd.Index([], name="Song"), dtype=str)
    table = read_table(file, ("Song", "Quadrant"))
    return table.assign(Song=table.Song.str.normalize("NFC")).set_index("Song")


def _song_texts(metadata: pd.DataFrame) -> dict[str, dict[str, str]]:
    """Return artist, title and AllMusic's genres (tags) of each song, as fields of a ListedTrack."""
    columns = {"Artist": "artist", "Title": "title", "GenresStr": "tags"}
    songs = metadata[~metadata.index.duplicated()]
    return songs.rename(columns=columns).reindex(columns=list(columns.values()), fill_value="").to_dict("index")


def select_genre_tags(corpus):
    """Return 4Q as a genre corpus: its tracks with one AllMusic genre, of genres with MIN_TRACKS_PER_TAG or more."""
    tags = corpus.tracks["tags"].where(~corpus.tracks["tags"].str.contains(";"), "")
    counts = tags[corpus.usable.index].value_counts().drop("", errors="ignore")
    classes = tuple(sorted(counts.index[counts >= MIN_TRACKS_PER_TAG]))
    if len(classes) < 2:
        raise UserError(
            f"{corpus.root}: as GENRE, 4Q has to bring two genres of {MIN_TRACKS_PER_TAG} tracks in {METADATA}; "
            "give it as MOOD"
        )
    kept = tags.isin(classes)
    note = f"AllMusic's genres; {int((~kept).sum())} tracks with several of them, none or a rare one are left out."
    tracks, name = corpus.tracks[kept].assign(label=tags[kept]), f"{corpus.name} genre tags"
    return replace(corpus, name=name, task="genre", tracks=tracks, classes=classes, notes=(note,))


DATASET = Dataset(
    kind="4q",
    title="4Q",
    task="mood",
    find=find_base,
    list_tracks=list_tracks,
    licence=RESEARCH_ONLY,
    citation="R. Panda, R. Malheiro, R. P. Paiva: Novel audio features for music emotion recognition. IEEE "
    "Transactions on Affective Computing 11(4), 2020 (published online in 2018).",
    downloads={
        "4q": Download(
            "4Q: 900 clips of 30 s in four quadrants, 0.3 GB",
            by_hand="Open http://mir.dei.uc.pt/downloads.html in a browser and save the archive of the dataset 4Q "
            "(Panda, Malheiro and Paiva 2018, 900 clips).",
        )
    },
    views={"genre": select_genre_tags},
)
