"""Helper package of a workbook on deep learning for music genre and music emotion recognition.

The way of the data: corpora -> clips -> features -> splits -> networks and training -> runs -> evaluation -> plots;
songs for the case studies. Each room says what it is for; nothing is imported or changed here.
"""

import os
from pathlib import Path

__version__ = "0.2.0"

PROJECT = Path(__file__).resolve().parents[1]
FACTS = PROJECT / "data"  # the committed tables: gtzan_tracks.csv, published_results.json, figures.csv


class UserError(ValueError):
    """An error caused by user input; the message names the file and how to fix it."""


def data_dir() -> Path:
    """Return the folder of rendered corpora, downloads, caches and runs: $MERCORE_DATA, else data/ of the project."""
    return Path(os.environ.get("MERCORE_DATA") or PROJECT / "data")


def build_dir() -> Path:
    """Return the folder for what a run of the notebooks produces: $MERCORE_BUILD, else build/ of the project."""
    return Path(os.environ.get("MERCORE_BUILD") or PROJECT / "build")
