"""Whether what a run of the notebooks leaves is whole, and what it says; and how a run is killed. Used by
test_killed_runs.py and benchmarks/kill_figures.py.
"""

import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pandas as pd
import psutil
from PIL import Image

from mercore import _files, composer, features
from mercore.corpora import validate
from mercore.training import runs

GONE_WITHIN = 30  # seconds after its parent's death that a process may live on


FIGURES = (sys.executable, "-m", "mercore", "figures")  # as make calls it


def start(words: list[str], places: dict[str, str], log: Path, before: tuple[str, ...] = FIGURES) -> psutil.Popen:
    """`make figures` with these settings; places: MERCORE_DATA and MERCORE_BUILD; before: the words of the command."""
    command = [*before, *words]
    with log.open("a") as to:
        return psutil.Popen(command, env=os.environ | places, stdout=to, stderr=to, stdin=subprocess.DEVNULL)


def without_network() -> tuple[str, ...]:
    """Words before a command that leave it nothing but this machine to talk to; none where that can't be done."""
    words = ("unshare", "--map-root-user", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh")
    works = shutil.which("unshare") and subprocess.run([*words, "true"], capture_output=True).returncode == 0
    return words if works else ()


def kill(process: psutil.Popen, alone: bool) -> list[psutil.Process]:
    """End a process by SIGKILL, `alone` or with all that it has started; returns those that were left GONE_WITHIN."""
    if process.poll() is not None:
        return []
    family = process.children(recursive=True)
    for one in [process] if alone else [process, *family]:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
    process.wait()
    deadline = time.monotonic() + GONE_WITHIN
    while (left := [one for one in family if one.is_running() and one.status() != "zombie"]) and (
        time.monotonic() < deadline
    ):
        time.sleep(0.2)
    return left


def find_incomplete_files(data: Path, build: Path) -> list[str]:
    """Every file below a data folder and a build folder that isn't whole, with the reason."""
    found = []
    for path, check in _checks(data, build):
        try:
            check(path)
        except Exception as error:  # whatever it is, this file is to be named
            found.append(f"{path}: {type(error).__name__}: {error}")
    return found


def _checks(data: Path, build: Path) -> Iterator[tuple]:
    for folder in _seen(data / "runs", "*"):
        yield folder, _check_run
    for path in _seen(data / "cache" / "features", "*.npy"):
        yield path, _check_features
    for path in _seen(data / "cache", "*.npz"):
        yield path, _files.read_arrays
    for path in _seen(data / "cache" / "inspection", "*.json"):
        yield path, _check_inspection
    for path in _seen(data / "embedded", "*/*"):
        yield path, _check_embedded
    for path in _seen(build, "*/*.ipynb"):
        yield path, _check_notebook
    kinds = {".png": _check_picture, ".svg": xml.etree.ElementTree.parse, ".csv": pd.read_csv}
    for path in _seen(build, "*/figures/*"):
        yield path, kinds[path.suffix]


def _seen(folder: Path, pattern: str) -> list[Path]:
    """What isn't hidden: what is being written, or was when its process was killed, is."""
    return [path for path in sorted(folder.glob(pattern)) if not path.relative_to(folder).as_posix().startswith(".")
            and not path.name.startswith(".")]  # fmt: skip


def _check_run(folder: Path) -> None:
    run = runs.load(folder)
    if run.parameters:
        assert run.digest and _files.sha256(folder / runs.MODEL) == run.digest, "its network isn't as it was written"


def _check_features(path: Path) -> None:
    assert features.is_intact(path), "its checksum differs"


def _check_inspection(path: Path) -> None:
    assert validate._load_cache(path), "is empty, or corrupted"


def _check_embedded(folder: Path) -> None:
    assert composer.corpus.is_whole(folder, int(folder.parent.name.removeprefix("seed"))), "isn't all there"


def _check_notebook(path: Path) -> None:
    notebook = nbformat.read(path, 4)
    nbformat.validate(notebook)
    how = notebook.metadata["papermill"]
    assert how["end_time"] and not how["exception"], "wasn't run to its end"


def _check_picture(path: Path) -> None:
    with Image.open(path) as image:
        image.load()


def checksum_results(data: Path, build: Path) -> dict[str, str]:
    """What a run has found, as checksums by name: the predictions of its trainings, and its tables."""
    tables = _seen(build, "*/figures/*.csv")
    predictions = {folder.name: folder / runs.PREDICTIONS for folder in _seen(data / "runs", "*")}
    files = predictions | {path.name: path for path in tables}
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}


def find_leftovers(*folders: Path) -> list[Path]:
    """What killed processes were writing: hidden, and swept by a later run."""
    every = [path for folder in folders for path in folder.rglob("*")]
    return [path for path in every if path.name.startswith((".unfinished-", ".mercore-")) or path.suffix == ".part"
            or (path.parent.parent.name == "embedded" and path.name.startswith("."))]  # fmt: skip
