"""Files that others may have made, or a disk has spoilt, read within limits; nothing in them is executed.

Everything here raises UserError with the file's name for what isn't whole, isn't what it should be, or is larger than
it can rightly be: a few bytes may unpack to gigabytes. A pipe or a device, which might never end, is no file.
"""

import gzip
import hashlib
import io
import json
import os
import shutil
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pandas as pd

from mercore import UserError

MOST = 2**28  # bytes of a text, unpacked; the predictions of a million clips take 170 MB
RATIO = 100  # times its size that a text may unpack to: predictions take 3 to 40 times, a bomb 1,000 times
LONGEST_LINE = 2**16  # characters of a table
CHUNK = 2**20


def read_bytes(path: Path) -> bytes:
    """The content of a file of at most MOST bytes."""
    try:
        _look_for(path)
        with path.open("rb") as file:
            return _at_most(file, path, MOST)
    except (OSError, ValueError) as error:
        raise _named(path, error) from error


def read_gzip(path: Path) -> bytes:
    """What a gzipped file of text holds; it is never unpacked further than it may rightly be."""
    try:
        packed = io.BytesIO(read_bytes(path))
        with gzip.open(packed) as file:
            return _at_most(file, path, min(MOST, 2**20 + RATIO * packed.getbuffer().nbytes))
    except (OSError, EOFError, zlib.error) as error:
        raise _named(path, error) from error


def read_text(path: Path) -> str:
    """What a file of UTF-8 holds, be it gzipped (.gz)."""
    try:
        return (read_gzip(path) if path.suffix == ".gz" else read_bytes(path)).decode("utf-8")
    except UnicodeDecodeError as error:
        raise _named(path, error) from error


def read_json(path: Path):
    """What a file of JSON holds."""
    try:
        return json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise _named(path, error) from error


def parse_csv(text: str, path: Path, **options) -> pd.DataFrame:
    """The table that a csv file's text holds; options: of `pandas.read_csv`."""
    longest = max(map(len, io.StringIO(text)), default=0)
    if longest > LONGEST_LINE:
        raise UserError(f"{path}: has a line of {longest:,} characters, so it is no table")
    try:
        return pd.read_csv(io.StringIO(text), **options)
    except (ValueError, OverflowError) as error:  # pandas' own are ValueErrors
        raise UserError(f"{path}: can't be read as a csv table ({error_message(error)})") from error


def read_arrays(path: Path, most: int = MOST) -> dict[str, np.ndarray]:
    """The arrays of an .npz file; those of Python objects, which only pickle can read, are refused."""
    try:
        _look_for(path)
        with zipfile.ZipFile(path) as archive:
            if sum(info.file_size for info in archive.infolist()) > most:
                raise UserError(f"{path}: unpacks to more than {most / 1e6:,.0f} MB")
        with np.load(path, allow_pickle=False) as arrays:
            return dict(arrays)
    except Exception as error:  # of zipfile, zlib and numpy, which raise a dozen kinds, MemoryError among them
        raise _named(path, error) from error


def check_weights(path: Path, most: int, digest: str | None = None) -> None:
    """Raise UserError unless an HDF5 file holds arrays of at most so many bytes, all of them in itself.

    digest: SHA-256 that it has to have, compared before HDF5, a large library in C, sees a byte of it.
    """
    import h5py

    try:
        _look_for(path)
        if digest and sha256(path) != digest:
            raise UserError(f"{path}: isn't as it was written, by its checksum")
        with h5py.File(path) as file:
            sizes = list(_sizes(file))
    except Exception as error:  # h5py raises many kinds
        raise _named(path, error) from error
    if sum(sizes) > most:
        raise UserError(f"{path}: holds {sum(sizes) / 1e6:,.0f} MB, its network takes {most / 1e6:,.0f}")


def _sizes(file):
    """Bytes of each array of an HDF5 file, unpacked. Raises ValueError for what lies elsewhere, or never ends."""
    import h5py

    groups, seen = [file], 0
    while groups:
        group = groups.pop()
        for name in group:
            seen += 1
            if seen > 10_000:
                raise ValueError("too many parts, or one within itself")
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise ValueError(f"{name} is a link")
            part = group[name]
            if isinstance(part, h5py.Group):
                groups.append(part)
            elif part.external or part.is_virtual:
                raise ValueError(f"{name} lies in another file")
            else:
                yield part.size * part.dtype.itemsize


def sha256(path: Path) -> str:
    """The checksum of a file, 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def crc32(path: Path, size: int | None = None) -> int:
    """A checksum of the first so many bytes of a file, or of all, a gigabyte in half a second."""
    found, left = 0, path.stat().st_size if size is None else size
    with path.open("rb") as file:
        while left > 0 and (chunk := file.read(min(CHUNK, left))):
            found, left = zlib.crc32(chunk, found), left - len(chunk)
    return found


def _look_for(path: Path) -> None:
    if not path.is_file():
        raise UserError(f"{path}: there is no such file")


def _at_most(file, path: Path, most: int) -> bytes:
    parts, size = [], 0
    while part := file.read(CHUNK):  # asked for all at once, the memory for it would be taken at once, too
        parts.append(part)
        size += len(part)
        if size > most:
            raise UserError(f"{path}: holds more than {most / 1e6:,.0f} MB")
    return b"".join(parts)


def _named(path: Path, error: Exception) -> UserError:
    if isinstance(error, UserError):
        return error
    return UserError(f"{path}: can't be read ({error_message(error)})")


def error_message(error: Exception) -> str:
    """What an error says, in one line."""
    return " ".join((getattr(error, "strerror", None) or str(error) or type(error).__name__).split())[:300]


def remove_stale_directories(parent: Path, pattern: str) -> None:
    """Remove the scratch folders that processes killed while writing, more than an hour ago, have left."""
    for left in parent.glob(pattern):
        with suppress(FileNotFoundError):  # another process has just finished with it
            if time.time() - left.stat().st_mtime > 3600:
                shutil.rmtree(left, ignore_errors=True)


@contextmanager
def atomic_directory(parent: Path, prefix: str = ".unfinished-") -> Iterator[Path]:
    """A new folder below `parent` to write into, and to rename when it is whole; if it isn't renamed it is removed.

    So are those that processes killed while writing have left there. Raises OSError where nothing can be written.
    """
    parent.mkdir(parents=True, exist_ok=True)
    remove_stale_directories(parent, f"{prefix}*")
    scratch = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    scratch.chmod(0o755)  # a temporary folder is its owner's alone
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def exclusive_lock(folder: Path, waiting: Callable[[], object] = lambda: None) -> Iterator[None]:
    """One process of a machine at a time, where several would do the same work into `folder`; a killed one gives way.

    waiting: called again and again while another is at it; may raise. Nobody waits where folders can't be locked: on
    Windows, on some network drives, or where there is no such folder, which is for who writes there to say.
    """
    handle = _handle(folder)
    try:
        while handle is not None and not _lock(handle):
            waiting()
            time.sleep(0.1)
        yield
    finally:
        if handle is not None:
            os.close(handle)


def _handle(folder: Path) -> int | None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return os.open(folder, os.O_RDONLY)
    except OSError:
        return None


def _lock(handle: int) -> bool:
    """False while another has it."""
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True


@contextmanager
def translate_write_errors(place: Path) -> Iterator[None]:
    """Raises UserError, which names the place, where what is written there can't be: the disk is full, say."""
    try:
        yield
    except OSError as error:
        raise UserError(
            f"{place}: can't be written ({error.strerror or error}); make room, or name another"
        ) from error
