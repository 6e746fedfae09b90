"""Files read with errors that name them, and written whole or not at all.

Everything that reads raises UserError with the file's name for what is missing, damaged, or larger than it can be.
"""

import gzip
import hashlib
import io
import json
import shutil
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import filelock
import numpy as np
import pandas as pd

from mercore import UserError

MAX_BYTES = 2**28  # of a text, unpacked; the predictions of a million clips take 170 MB
MAX_RATIO = 100  # times its size that a text may unpack to: predictions take 3 to 40 times, a bomb 1,000 times
MAX_LINE = 2**16  # characters of a line of a table
CHUNK = 2**20
STALE_SECONDS = 3600


def read_bytes(path: Path) -> bytes:
    """Return the content of a file, unpacked if its name ends with .gz; at most MAX_BYTES."""
    if not path.is_file():  # a pipe or a device, which might never end, is none
        raise UserError(f"{path}: there is no such file")
    packed = path.suffix == ".gz"
    try:
        most = min(MAX_BYTES, CHUNK + MAX_RATIO * path.stat().st_size) if packed else MAX_BYTES
        with gzip.open(path) if packed else path.open("rb") as file:
            data = bytearray()
            while part := file.read(CHUNK):  # asked for all at once, the memory for it would be taken at once, too
                data += part
                if len(data) > most:
                    raise UserError(f"{path}: holds more than {most / 1e6:,.0f} MB")
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{path}: can't be read ({error_message(error)})") from error
    return bytes(data)


def read_text(path: Path) -> str:
    """Return what a file of UTF-8 holds, unpacked if its name ends with .gz."""
    try:
        return read_bytes(path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: can't be read ({error_message(error)})") from error


def read_json(path: Path):
    """Return what a file of JSON holds."""
    try:
        return json.loads(read_text(path))
    except UserError:
        raise
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: can't be read ({error_message(error)})") from error


def parse_csv(text: str, path: Path, **options) -> pd.DataFrame:
    """Return the table that a csv file's text holds; options are those of `pandas.read_csv`."""
    if max(map(len, io.StringIO(text)), default=0) > MAX_LINE:
        raise UserError(f"{path}: has a line of more than {MAX_LINE:,} characters, so it is no table")
    try:
        return pd.read_csv(io.StringIO(text), **options)
    except (ValueError, OverflowError) as error:  # pandas' own are ValueErrors
        raise UserError(f"{path}: can't be read as a csv table ({error_message(error)})") from error


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of an .npz file, without those of Python objects, which only pickle can read."""
    if not path.is_file():
        raise UserError(f"{path}: there is no such file")
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return dict(arrays)
    except Exception as error:  # of zipfile, zlib and numpy, which raise a dozen kinds
        raise UserError(f"{path}: can't be read ({error_message(error)})") from error


def sha256(path: Path) -> str:
    """Return the checksum of a file, 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def crc32(path: Path, size: int | None = None) -> int:
    """Return a checksum of the first `size` bytes of a file, or of all; a gigabyte takes half a second."""
    checksum, left = 0, path.stat().st_size if size is None else size
    with path.open("rb") as file:
        while left > 0 and (chunk := file.read(min(CHUNK, left))):
            checksum, left = zlib.crc32(chunk, checksum), left - len(chunk)
    return checksum


def error_message(error: Exception) -> str:
    """Return what an error says, in one line."""
    return " ".join((getattr(error, "strerror", None) or str(error) or type(error).__name__).split())[:300]


@contextmanager
def translate_write_errors(path: Path) -> Iterator[None]:
    """Raise UserError, which names the path, where what is written there can't be: the disk is full, say."""
    try:
        yield
    except OSError as error:
        raise UserError(
            f"{path}: can't be written ({error.strerror or error}); free some disk space or choose another folder"
        ) from error


def remove_stale_directories(parent: Path, pattern: str) -> None:
    """Delete temporary directories older than one hour, left behind by killed processes."""
    for path in parent.glob(pattern):
        with suppress(FileNotFoundError):  # another process has just finished with it
            if time.time() - path.stat().st_mtime > STALE_SECONDS:
                shutil.rmtree(path, ignore_errors=True)


@contextmanager
def atomic_directory(parent: Path, prefix: str = ".unfinished-") -> Iterator[Path]:
    """Create a temporary directory to write into and rename when complete; one that isn't renamed is removed.

    Directories of that prefix which killed processes have left are removed, too.

    Raises:
        OSError: Where nothing can be written.
    """
    parent.mkdir(parents=True, exist_ok=True)
    remove_stale_directories(parent, f"{prefix}*")
    scratch = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    scratch.chmod(0o755)  # a temporary directory is its owner's alone
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def exclusive_lock(folder: Path, waiting: Callable[[], object] = lambda: None) -> Iterator[None]:
    """Hold an exclusive lock on a folder; released automatically if the process dies.

    Args:
        folder: What several processes would fill with the same files.
        waiting: Called again and again while another process holds the lock; may raise. Nobody waits where nothing
            can be locked: then whoever writes there reports what is wrong.
    """
    lock = filelock.FileLock(folder / ".lock")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        while True:
            try:
                lock.acquire(timeout=0)
                break
            except filelock.Timeout:
                waiting()
                time.sleep(0.1)
    except (OSError, NotImplementedError):
        yield
        return
    try:
        yield
    finally:
        lock.release()
