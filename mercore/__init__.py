"""Helper package of a workbook on deep learning for music genre and music emotion recognition.

The way of the data: corpora -> clips -> features -> splits -> networks and training -> runs -> evaluation ->
figures; songs for the case studies. Nothing heavy is imported here.
"""

import os
import shutil
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
FACTS = PROJECT / "data"  # the committed tables: gtzan_tracks.csv, published_results.json, figures.csv


class UserError(ValueError):
    """A mistake in the input that its user can mend; the message names the file and says what to do."""


def data_dir() -> Path:
    """The folder of rendered corpora, downloads, caches, runs: $MERCORE_DATA, else data/ of the project."""
    return Path(os.environ.get("MERCORE_DATA") or PROJECT / "data")


def build_dir() -> Path:
    """The folder for what a run of the notebooks produces: $MERCORE_BUILD, else build/ of the project."""
    return Path(os.environ.get("MERCORE_BUILD") or PROJECT / "build")


def sweep(parent: Path, pattern: str) -> None:
    """Remove the scratch folders that processes killed while writing, more than an hour ago, have left."""
    for left in parent.glob(pattern):
        if time.time() - left.stat().st_mtime > 3600:
            shutil.rmtree(left, ignore_errors=True)
