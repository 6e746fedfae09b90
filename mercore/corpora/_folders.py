"""Walk folders of audio and read csv files that other programs wrote."""

import os
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import NoReturn
from unicodedata import normalize

import pandas as pd

from mercore import UserError, _files
from mercore.corpora.validate import AUDIO_SUFFIXES


class AudioFolder:
    """A folder and all audio files below it, found in one walk when they are first asked for."""

    def __init__(self, root: Path):
        self.root = root

    @cached_property
    def files(self) -> list[Path]:
        """All audio files, sorted; links are followed once, hidden files (macOS' ._name.wav) left out."""
        found, visited = [], set()
        for here, folders, files in os.walk(self.root, onerror=_refuse, followlinks=True):
            real = os.path.realpath(here)
            if real in visited:
                folders.clear()
                continue
            visited.add(real)
            folders[:] = sorted(name for name in folders if name[0] != ".")
            found += [Path(here, name) for name in sorted(files) if name[0] != "." and is_audio(name)]
        return found

    def below(self, top: Path) -> list[Path]:
        """Return the audio files below a folder."""
        prefix = os.path.join(top, "")
        return [path for path in self.files if str(path).startswith(prefix)]

    def classes(self, top: Path) -> set[str]:
        """Return the names of a folder's sub-folders that contain audio."""
        return {path.relative_to(top).parts[0] for path in self.below(top) if path.parent != top}


def _refuse(error: OSError) -> NoReturn:
    """Stop: the tracks of a folder that is skipped would be missing without any message."""
    raise UserError(f"{error.filename}: this folder can't be opened ({error.strerror}); allow it, or move it away")


def is_audio(name: str) -> bool:
    """Return whether a file name has the suffix of a readable audio format."""
    return name.lower().endswith(AUDIO_SUFFIXES)


def list_visible(top: Path) -> list[Path]:
    """Return the entries of a folder that aren't hidden, sorted."""
    try:
        return [path for path in sorted(top.iterdir()) if path.name[0] != "."]
    except OSError as error:
        _refuse(error)


def descend_single_folders(root: Path) -> Iterator[Path]:
    """Yield root and, while it contains nothing but one folder as an unpacked archive does, that folder."""
    for _ in range(4):
        yield root
        inside = list_visible(root)
        if len(inside) != 1 or not inside[0].is_dir():
            return
        root = inside[0]


def sanitise_name(name: str | Path) -> str:
    """Return a name fit for an index and a file: composed accents, no separators, undecodable bytes replaced."""
    return re.sub(r"[/\\\x00-\x1f]+", "_", normalize("NFC", printable_path(name))).strip()


def printable_path(path: str | Path) -> str:
    """Return a path that can be printed and written, whatever bytes it is made of."""
    return os.fsencode(path).decode("utf-8", "replace")


def read_table(file: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    """Read a csv that has these columns as stripped text, with commas or semicolons, in UTF-8 or cp1252."""
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
        raise UserError(f"{file}: has two columns {sanitise_name(table.columns[table.columns.duplicated()][0])}")
    if missing := [name for name in columns if name not in table]:
        found = sanitise_name(", ".join(table.columns))[:200]
        raise UserError(f"{file}: missing columns: {', '.join(missing)} (found: {found})")
    return table
