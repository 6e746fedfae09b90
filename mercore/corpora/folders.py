"""Names of files and folders, and what lies in a folder, whatever either holds. Explained in 01_data."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from unicodedata import normalize

from mercore import UserError
from mercore.corpora.validate import SUFFIXES


def clean(name: str) -> str:
    """A name fit for an index and a file: composed accents, no separators, undecodable bytes replaced."""
    return re.sub(r"[/\\\x00-\x1f]+", "_", normalize("NFC", clean_path(name))).strip()


def clean_path(path: str | Path) -> str:
    """A path as it can be printed and written, whatever bytes it is made of."""
    return os.fsencode(path).decode("utf-8", "replace")


def folder_name(root: Path) -> str:
    """The name of a corpus of one's own; never that of one whose split, composer or records are known by its name."""
    name = clean(root.name) or "root"
    return f"own {name}" if name.startswith(("GTZAN", "4Q", "embedded")) else name


def visible(top: Path) -> list[Path]:
    """What lies in a folder, sorted, but hidden things; nothing if it isn't a folder."""
    try:
        return [path for path in sorted(top.iterdir()) if path.name[0] != "."] if top.is_dir() else []
    except PermissionError as error:
        raise _shut(error) from error


def _shut(error: PermissionError) -> UserError:
    return UserError(f"{error.filename}: this folder can't be opened ({error.strerror}); allow it, or move it away")


def is_audio(path: Path) -> bool:
    """Whether its suffix is that of a kind of audio that can be read."""
    return path.suffix.lower() in SUFFIXES and not path.is_dir()


def audio_files(top: Path) -> Iterator[Path]:
    """All audio below a folder, sorted, links followed once; hidden files (macOS leaves ._name.wav) passed over."""

    def refuse(error: OSError) -> None:
        if isinstance(error, PermissionError):  # passed over, what it holds would be missing without a word
            raise _shut(error) from error

    been = set()
    for here, folders, files in os.walk(top, onerror=refuse, followlinks=True):
        real = os.path.realpath(here)
        folders[:] = sorted(name for name in folders if name[0] != ".") if real not in been else []
        if real not in been:
            yield from (Path(here, name) for name in sorted(files) if name[0] != "." and is_audio(Path(here, name)))
        been.add(real)


def has_audio(top: Path) -> bool:
    """Whether there is audio anywhere below a folder."""
    return next(audio_files(top), None) is not None


def only_children(root: Path) -> Iterator[Path]:
    """root and, while it holds nothing but one folder as an unpacked archive does, that folder."""
    for _ in range(4):
        yield root
        inside = visible(root)
        if len(inside) != 1 or not inside[0].is_dir():
            return
        root = inside[0]
