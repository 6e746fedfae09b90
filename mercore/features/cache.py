"""Features of a whole corpus, extracted once and kept on disk. Explained in 02_features.

Extracted in parallel, track by track, into one memory-mapped file below data_dir()/cache/features, found again by
the content of the corpus, the clips and the settings.
"""

import hashlib
import json
import os
import shutil
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import lru_cache, partial
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits
from tqdm.auto import tqdm

from mercore import UserError, _files, data_dir
from mercore._files import atomic_directory, exclusive_lock
from mercore.corpora.clips import CLIP_SECONDS
from mercore.features.audio import load
from mercore.features.settings import DEFAULT, FeatureSettings
from mercore.features.spectrogram import FEATURES, compute, shape

CHECK_BYTES = 4
MAX_AMPLITUDE = 8  # times full scale: no clipping of an encoder, but a broken file
EXTRACTING = threading.Lock()  # a laboratory may train in one thread what its notebook trains in another


class StoredFeatures:
    """Features of clips as they lie on disk: `x[rows]` reads those of some rows, float32, (n, *shape).

    Attributes:
        quantised: The memory map, int16, (n_clips, *shape), in multiples of `scale`. Integers, as numpy makes floats
            of them ten times as fast as of float16.
        scale: What one step is worth.
    """

    def __init__(self, quantised: np.memmap, scale: float):
        self.quantised, self.scale, self.shape = quantised, np.float32(scale), quantised.shape

    def __len__(self) -> int:
        return len(self.quantised)

    def __getitem__(self, rows) -> np.ndarray:
        return self.quantised[rows] * self.scale


def extract(
    corpus,
    clips: pd.DataFrame,
    feature: str,
    seconds: float = CLIP_SECONDS,
    settings: FeatureSettings = DEFAULT,
    jobs: int = -1,
    progress: Callable[[int, int], None] | None = None,
) -> StoredFeatures:
    """Extract the features of all clips, or find them where they have been extracted before.

    Written beside their place and renamed when complete, so an interrupted extraction leaves nothing that looks
    finished. Other processes of this machine wait meanwhile.

    Args:
        corpus: The corpus.
        clips: Its clip table.
        feature: A key of `FEATURES`.
        seconds: The length of a clip (s).
        settings: The settings of the features.
        jobs: Threads; -1: all cores. In a joblib context with another backend (Dask), that one's workers.
        progress: Called after each track with how many are done and how many there are; may raise to end it. None: a
            bar.

    Returns:
        The features, in the order of the clips.

    Raises:
        UserError: If a track can't be read, the data folder can't be written to, or the disk has no room.
    """
    size = (len(clips), *shape(feature, seconds, settings))
    target = data_dir() / "cache" / "features" / f"{_key(corpus, clips, feature, size, settings)}.npy"
    with EXTRACTING:
        if not _is_whole(target, size):
            with exclusive_lock(target.parent, lambda: progress and progress(0, clips["track"].nunique())):
                if not _is_whole(target, size):
                    work = partial(_quantise, feature=feature, seconds=seconds, settings=settings)
                    _write(target, size, _compute_all(corpus, clips, work, settings.sample_rate, jobs, progress))
        return StoredFeatures(_mapped(target, size), FEATURES[feature].scale)


def _key(corpus, clips: pd.DataFrame, feature: str, size: tuple, settings: FeatureSettings) -> str:
    about = {"feature": feature, "shape": size, "scale": FEATURES[feature].scale, "corpus": corpus.fingerprint}
    content = json.dumps(about | asdict(settings), sort_keys=True) + clips[["track", "start"]].to_csv(index=False)
    return f"{feature}-{hashlib.sha256(content.encode()).hexdigest()[:24]}"


def _is_whole(path: Path, size: tuple[int, ...]) -> bool:
    """Whether features of this size are kept there; a damaged file is named, and will be replaced."""
    if not path.is_file():
        return False
    try:
        _mapped(path, size)
    except (OSError, ValueError, EOFError) as error:
        warnings.warn(f"{path}: damaged ({error}), extracted again", stacklevel=3)
        return False
    return True


@lru_cache  # TensorFlow never lets go of a mapping it has read batches from, so there had better be one a file
def _mapped(path: Path, size: tuple[int, ...]) -> np.memmap:
    """Return the features in a file, whose last four bytes are a checksum of all others; ValueError where it differs.

    It is compared once in a process, by reading, as what is read through a mapping would count as its memory.
    """
    if not is_intact(path):
        raise ValueError("its checksum differs")
    quantised = np.load(path, mmap_mode="r", allow_pickle=False)
    if quantised.shape != size or quantised.dtype != np.int16:
        raise ValueError(f"it holds {quantised.shape} of {quantised.dtype}")
    return quantised


def is_intact(path: Path) -> bool:
    """Return whether a file of features still has the checksum that it was written with."""
    size = max(0, path.stat().st_size - CHECK_BYTES)
    with path.open("rb") as file:
        file.seek(size)
        return file.read() == _files.crc32(path, size).to_bytes(CHECK_BYTES, "big")


def _write(target: Path, size: tuple[int, ...], parts: Iterator[tuple]) -> None:
    """Write the rows of all parts to a file beside the target, then rename it."""
    try:
        with atomic_directory(target.parent) as scratch:
            _check_room(target.parent, 2 * int(np.prod(size)))
            file_name = scratch / target.name
            # Only its header is written so: a mapped file reports a full disk by a signal that ends the process.
            start = np.lib.format.open_memmap(file_name, mode="w+", dtype=np.int16, shape=size).offset
            with open(file_name, "r+b") as file:
                for rows, values in parts:
                    for row, value in zip(rows, values, strict=True):
                        file.seek(start + row * value.nbytes)
                        file.write(value)
            check = _files.crc32(file_name).to_bytes(CHECK_BYTES, "big")
            with open(file_name, "ab") as file:
                file.write(check)
            os.replace(file_name, target)
    except OSError as error:
        raise UserError(
            f"{target.parent}: can't be written to ({error.strerror}); set MERCORE_DATA to a folder with room"
        ) from error


def _check_room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed + 50e6:
        raise UserError(
            f"{folder}: features need {needed / 1e6:,.0f} MB, {free / 1e6:,.0f} MB are free; "
            "make room or set MERCORE_DATA to a folder on another disk"
        )


def _compute_all(corpus, clips: pd.DataFrame, work, sample_rate: int, jobs: int, progress) -> Iterator[tuple]:
    """Of each track, the rows of its clips and their features."""
    starts, rows = clips["start"].to_numpy(), clips.groupby("track", sort=False).indices
    paths = corpus.tracks.loc[list(rows), "path"]
    tasks = [joblib.delayed(_extract_track)(paths[track], starts[at], work, sample_rate) for track, at in rows.items()]
    # Threads, as FFT, decoder and resampler let go of the interpreter and worker processes would spend seconds
    # on imports; each with one thread for its matrix products, else they get in each other's way.
    with threadpool_limits(1):
        results = joblib.Parallel(jobs, prefer="threads", return_as="generator")(tasks)
        bar = tqdm(results, f"features of {corpus.name}", len(tasks), unit="track", disable=progress is not None)
        for done, (at, values) in enumerate(zip(rows.values(), bar, strict=True), 1):
            yield at, values
            if progress:
                progress(done, len(tasks))


def _extract_track(path: str, starts: np.ndarray, work, sample_rate: int) -> np.ndarray:
    y = load(path, sample_rate)
    if max(y.max(), -y.min()) > MAX_AMPLITUDE:
        raise UserError(f"{path}: its samples are far beyond full scale; export the file again")
    try:
        return work(y, starts)
    except ValueError as error:
        raise UserError(f"{path}: {error}; run `python -m mercore check` on its folder") from error


def _quantise(y: np.ndarray, starts: np.ndarray, feature: str, seconds: float, settings) -> np.ndarray:
    """`compute` in 16-bit steps; samples somewhat beyond full scale, as MP3s have, are clipped as players do."""
    steps = compute(y, starts, feature, seconds, settings)
    steps *= np.float32(1 / FEATURES[feature].scale)
    np.rint(steps, out=steps)
    return np.clip(steps, -(2**15), 2**15 - 1, out=steps).astype(np.int16)
