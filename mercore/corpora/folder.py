"""A folder of one's own: a sub-folder per class, or a tracks.csv. Explained in 01_data."""

import os
from pathlib import Path
from unicodedata import normalize

from mercore import UserError
from mercore.corpora._dataset import SPLIT_NAMES, Dataset, ListedTrack, Listing
from mercore.corpora._folders import AudioFolder, list_visible, read_table, sanitise_name

TABLE = "tracks.csv"


def list_tracks(folder: AudioFolder, root: Path) -> Listing:
    """List the audio of each sub-folder, or what a tracks.csv names: path, label, maybe artist, title, split."""
    tracks, notes = _list_table(root / TABLE) if (root / TABLE).is_file() else _list_sub_folders(folder)
    classes = tuple(sorted({track.label for track in tracks if track.label}))
    return Listing(tracks, sanitise_name(root.name) or "root", "own", classes, notes)


def _list_sub_folders(folder: AudioFolder) -> tuple[list[ListedTrack], list[str]]:
    tracks, notes = [], []
    for sub in (path for path in list_visible(folder.root) if path.is_dir()):
        label, files = sanitise_name(sub.name), folder.below(sub)
        tracks += [ListedTrack(_dotted_key(label, path.relative_to(sub)), path, label) for path in files]
        notes += [] if files else [f"Ignored the sub-folder {label}: it contains no audio."]
    loose = [sanitise_name(path.name) for path in folder.files if path.parent == folder.root]
    if not tracks:
        hint = "put each class into a sub-folder of its name, or write a tracks.csv with the columns path and label"
        raise UserError(f"{folder.root}: contains {'audio, but no classes' if loose else 'no audio'}: {hint}")
    if loose:
        notes.append(f"Ignored, because they lie in no class's sub-folder: {', '.join(loose)}.")
    return tracks, notes


def _list_table(file: Path) -> tuple[list[ListedTrack], list[str]]:
    table = read_table(file, ("path", "label"))
    if table.empty:
        raise UserError(f"{file}: lists no track")
    splits = table["split"].str.lower() if "split" in table else table["path"].map(lambda _: "")
    for row in splits.index[~splits.isin(list(SPLIT_NAMES))]:
        found = sanitise_name(splits[row])
        raise UserError(f"{file}, line {row + 2}: split '{found}' must be train, validation, test or empty")
    texts = table.reindex(columns=["artist", "title", "tags", "note"], fill_value="").to_dict("index")
    first_row: dict[Path, int] = {}
    tracks = []
    for row, (text, label) in enumerate(zip(table["path"], table["label"], strict=True)):
        path = _find_file(file.parent, text)
        inner = path.relative_to(file.parent) if path.is_relative_to(file.parent) else Path(path.name)
        fault = ""
        if not sanitise_name(label):
            fault = f"line {row + 2} of {TABLE} gives no label"
        elif first_row.setdefault(path, row) != row:
            fault = f"listed twice in {TABLE}, lines {first_row[path] + 2} and {row + 2}; the first one counts"
        key, split = _dotted_key("", inner), SPLIT_NAMES[splits[row]]
        tracks.append(ListedTrack(key, path, sanitise_name(label), split=split, fault=fault, **texts[row]))
    return tracks, []


def _find_file(base: Path, text: str) -> Path:
    """Return the file that a csv names, also if it was written on another system: backslashes, split accents."""
    forms = [form for t in (text, text.replace("\\", "/")) for form in (t, normalize("NFC", t), normalize("NFD", t))]
    paths = [os.path.abspath(base / form) for form in forms]
    return Path(next(filter(os.path.isfile, paths), paths[0]))


def _dotted_key(label: str, path: Path) -> str:
    """Return rock.album.01 for rock/album/01.wav, but rock.00001 for rock/rock.00001.wav."""
    parts = [sanitise_name(part) for part in (path.with_suffix("") if path.name else path).parts] or ["untitled"]
    return ".".join(parts if not label or parts[0].startswith(f"{label}.") else [label, *parts])


DATASET = Dataset("own", "a folder of one's own", None, lambda folder: folder.root, list_tracks)
