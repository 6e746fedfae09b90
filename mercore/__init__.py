"""Helper package of a workbook on deep learning for music genre and music emotion recognition.

The way of the data: corpora -> clips -> features -> splits -> networks and training -> runs -> evaluation ->
figures; songs for the case studies. Nothing heavy is imported here.
"""

import ctypes
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
FACTS = PROJECT / "data"  # the committed tables: gtzan_tracks.csv, published_results.json, figures.csv
M_TOP_PAD, M_MMAP_THRESHOLD, M_ARENA_MAX = -2, -3, -8  # their numbers in glibc's malloc.h


class UserError(ValueError):
    """A mistake in the input that its user can mend; the message names the file and says what to do."""


def data_dir() -> Path:
    """The folder of rendered corpora, downloads, caches, runs: $MERCORE_DATA, else data/ of the project."""
    return Path(os.environ.get("MERCORE_DATA") or PROJECT / "data")


def build_dir() -> Path:
    """The folder for what a run of the notebooks produces: $MERCORE_BUILD, else build/ of the project."""
    return Path(os.environ.get("MERCORE_BUILD") or PROJECT / "build")


def remove_scraps(parent: Path, pattern: str) -> None:
    """Remove the scratch folders that processes killed while writing, more than an hour ago, have left."""
    for left in parent.glob(pattern):
        with suppress(FileNotFoundError):  # another process has just finished with it
            if time.time() - left.stat().st_mtime > 3600:
                shutil.rmtree(left, ignore_errors=True)


@contextmanager
def unfinished(parent: Path, prefix: str = ".unfinished-") -> Iterator[Path]:
    """A new folder below `parent` to write into, and to rename when it is whole; if it isn't renamed it is removed.

    So are those that processes killed while writing have left there. Raises OSError where nothing can be written.
    """
    parent.mkdir(parents=True, exist_ok=True)
    remove_scraps(parent, f"{prefix}*")
    scratch = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    scratch.chmod(0o755)  # a temporary folder is its owner's alone
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def alone(folder: Path, waiting: Callable[[], object] = lambda: None) -> Iterator[None]:
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
def writing(place: Path) -> Iterator[None]:
    """Raises UserError, which names the place, where what is written there can't be: the disk is full, say."""
    try:
        yield
    except OSError as error:
        raise UserError(
            f"{place}: can't be written ({error.strerror or error}); make room, or name another"
        ) from error


def keep_freed_memory() -> None:
    """Let the C library keep what TensorFlow frees in every step instead of giving it back to the system.

    Fetching it again costs as much as the arithmetic of a small network (tests/benchmarks/kept_memory.py measures
    it). One heap for all threads and for blocks of up to 32 MiB (the most it allows), which may grow by 1 GiB of
    addresses at a time, see mallopt(3); glibc only.
    """
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    if hasattr(library, "mallopt"):
        library.mallopt(M_ARENA_MAX, 1)
        library.mallopt(M_MMAP_THRESHOLD, 2**25)
        library.mallopt(M_TOP_PAD, 2**30)


keep_freed_memory()  # now, as a thread that has a heap of its own by then goes on with it
