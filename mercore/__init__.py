"""Helper package of a workbook on deep learning for music genre and music emotion recognition.

The way of the data: corpora -> clips -> features -> splits -> networks and training -> runs -> evaluation ->
figures; songs for the case studies. Nothing heavy is imported here.
"""

import ctypes
import os
import sys
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
