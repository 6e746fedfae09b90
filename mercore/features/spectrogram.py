"""What the networks are given: log-mel spectrograms and framed waveforms. Explained in 02_features.

Features of a whole corpus are extracted in parallel, track by track, into one memory-mapped file below
data_dir()/cache/features, found again by the content of the corpus, the clips and the settings.
"""

import contextlib
import hashlib
import json
import os
import shutil
import socket
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import joblib
import librosa
import numpy as np
import pandas as pd
import scipy.fft
import scipy.signal
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits
from tqdm.auto import tqdm

from mercore import UserError, _files, data_dir
from mercore._files import exclusive_lock
from mercore.corpora.clips import CLIP_SECONDS
from mercore.features.audio import SAMPLE_RATE, load

N_FFT, HOP_LENGTH, N_MELS, TOP_DB = 2048, 512, 128, 80.0
WINDOW = scipy.signal.get_window("hann", N_FFT).astype(np.float32)
STEPS, STEP_SAMPLES = 2129, 31  # the report's framing: 65,999 = 2,129 x 31 samples of a clip's 66,150
VERSION = 1  # to be raised with every change that gives the same settings other values
CHECK_BYTES = 4
BEYOND = 8  # times full scale: no clipping of an encoder, but a broken file
STALE_SECONDS = 24 * 3600
EXTRACTING = threading.Lock()  # a laboratory may train in one thread what its notebook trains in another


def slice_clip(y: np.ndarray, start: float, seconds: float = CLIP_SECONDS) -> np.ndarray:
    """The samples of `y` from `start` (s) on; a clip at the very end may be padded by up to a frame of zeros.

    Decoders and resamplers differ by some samples in where a file ends, hence the padding. Raises ValueError
    for a clip that would need more.
    """
    size, first = round(seconds * SAMPLE_RATE), round(start * SAMPLE_RATE)
    clip = y[first : first + size]
    missing = size - len(clip)
    if missing > N_FFT or first < 0:
        raise ValueError(f"no {seconds:g} s from {start:.2f} s on in {len(y) / SAMPLE_RATE:.2f} s of audio")
    return np.pad(clip, (0, missing)) if missing else clip


def log_mel(y: np.ndarray, n_mels: int = N_MELS) -> np.ndarray:
    """Mel-spectrogram in dB (re. a power of 1), cut off 80 dB below the clip's maximum.

    `y` (..., 66150) gives (..., n_mels, 130): 128 mel bands, 130 frames of 2,048 samples every 512. The same as
    `librosa.feature.melspectrogram` and `power_to_db`, in half of their time.
    """
    ends = [(0, 0)] * (y.ndim - 1) + [(N_FFT // 2, N_FFT // 2)]
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(y, ends), N_FFT, axis=-1)[..., ::HOP_LENGTH, :]
    spectra = scipy.fft.rfft(frames * WINDOW, overwrite_x=True)
    power = np.square(spectra.real)
    power += np.square(spectra.imag)
    db = librosa.power_to_db(_mel_filters(n_mels) @ power.swapaxes(-1, -2), top_db=None)  # else over all clips
    return np.maximum(db, db.max(axis=(-2, -1), keepdims=True) - TOP_DB)


@lru_cache
def _mel_filters(n_mels: int) -> np.ndarray:
    return librosa.filters.mel(sr=SAMPLE_RATE, n_fft=N_FFT, n_mels=n_mels)


def frame_waveform(y: np.ndarray) -> np.ndarray:
    """The report's input to the raw-audio networks: the first 65,999 samples of a clip of 3 s as (..., 2129, 31).

    Clips of another length give as many steps in proportion.
    """
    steps = _steps(y.shape[-1])
    return y[..., : steps * STEP_SAMPLES].reshape(*y.shape[:-1], steps, STEP_SAMPLES)


def _steps(samples: int) -> int:
    return samples * STEPS // round(CLIP_SECONDS * SAMPLE_RATE)


def channel_waveform(y: np.ndarray) -> np.ndarray:
    """A clip as a one-channel waveform (..., samples, 1), as ConflictNET takes it."""
    return y[..., np.newaxis]


@dataclass(frozen=True)
class Kind:
    """A kind of feature: the function, its settings, and how it is normalised."""

    compute: Callable[[np.ndarray], np.ndarray]
    settings: dict
    per: str  # 'band': one mean and deviation a mel band; 'position': one a sample position, as in the report
    step: float  # features are stored as multiples of it in 16 bits


KINDS = {
    "log_mel": Kind(log_mel, {"n_fft": N_FFT, "hop": HOP_LENGTH, "top_db": TOP_DB}, "band", 2**-7),  # dB, up to ±256
    "waveform": Kind(frame_waveform, {}, "position", 2**-15),  # as 16-bit files hold them, so of these nothing is lost
    "channel_waveform": Kind(channel_waveform, {}, "position", 2**-15),
}


class StoredFeatures:
    """Features of clips as they lie on disk: `x[rows]` reads those of some rows, float32, (n, *shape).

    steps: the memory map, int16, (n_clips, *shape), in steps of `step`. Integers, as numpy makes floats of them ten
    times as fast as of float16.
    """

    def __init__(self, steps: np.memmap, step: float):
        self.steps, self.step, self.shape = steps, np.float32(step), steps.shape

    def __len__(self) -> int:
        return len(self.steps)

    def __getitem__(self, rows) -> np.ndarray:
        return self.steps[rows] * self.step


def shape(kind: str, seconds: float = CLIP_SECONDS, n_mels: int = N_MELS) -> tuple[int, int]:
    """The shape of one clip's features: (bands, frames), (steps, 31) or (samples, 1)."""
    samples = round(seconds * SAMPLE_RATE)
    return {
        "log_mel": (n_mels, 1 + samples // HOP_LENGTH),
        "waveform": (_steps(samples), STEP_SAMPLES),
        "channel_waveform": (samples, 1),
    }[kind]


def compute(
    y: np.ndarray, starts: np.ndarray, kind: str, seconds: float = CLIP_SECONDS, n_mels: int = N_MELS
) -> np.ndarray:
    """Features (n, *shape), float32, of the clips of `y` that begin at `starts` (s)."""
    settings = {"n_mels": n_mels} if kind == "log_mel" else {}
    features = np.empty((len(starts), *shape(kind, seconds, n_mels)), np.float32)
    for clip, start in zip(features, starts, strict=True):  # not all at once: one clip fits a processor's cache
        clip[...] = KINDS[kind].compute(slice_clip(y, start, seconds), **settings)
    return features


def extract(
    corpus,
    clips: pd.DataFrame,
    kind: str,
    seconds: float = CLIP_SECONDS,
    n_mels: int = N_MELS,
    jobs: int = -1,
    progress: Callable[[int, int], None] | None = None,
) -> StoredFeatures:
    """Features of all clips, in the clips' order.

    Computed once and kept; a second call finds them. Written to a temporary file that is renamed when
    complete, so an interrupted run leaves nothing that looks finished. progress: called after each track with how
    many are done and how many there are, and may raise to end it; None: a bar. Raises UserError if a track can't be
    read, if the data folder can't be written to or if the disk has no room.

    On all cores (jobs: at most so many), or on the cluster of `study.cluster.on`. Other processes of this machine
    wait meanwhile.
    """
    compute_clips = partial(_compute_steps, kind=kind, seconds=seconds, n_mels=n_mels)
    size = shape(kind, seconds, n_mels)
    target = data_dir() / "cache" / "features" / f"{_key(corpus, clips, kind, size)}.npy"
    whole = (len(clips), *size)
    with EXTRACTING:
        if not _is_whole(target, whole):
            with exclusive_lock(target.parent, lambda: progress and progress(0, clips["track"].nunique())):
                if not _is_whole(target, whole):
                    _extract_to(target, corpus, clips, whole, compute_clips, jobs, progress)
        steps = _mapped(target, whole)
    return StoredFeatures(steps, KINDS[kind].step)


def _is_whole(path: Path, shape: tuple[int, ...]) -> bool:
    """Whether features of this shape are kept there; a file that has been spoilt is named, and will be replaced."""
    if not path.is_file():
        return False
    try:
        _mapped(path, shape)
    except (OSError, ValueError, EOFError) as error:
        warnings.warn(f"{path}: isn't as this version writes it ({error}), so it is made anew", stacklevel=3)
        return False
    return True


@lru_cache  # TensorFlow never lets go of a mapping it has read batches from, so there had better be one a file
def _mapped(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    """The features in a file, whose last four bytes are a checksum of all others. Raises ValueError where it differs.

    It is compared once in a process, by reading, as what is read through a mapping would count as its memory.
    """
    if not is_intact(path):
        raise ValueError("its checksum differs")
    steps = np.load(path, mmap_mode="r", allow_pickle=False)
    if steps.shape != shape or steps.dtype != np.int16:
        raise ValueError(f"it holds {steps.shape} of {steps.dtype}")
    return steps


def is_intact(path: Path) -> bool:
    """Whether a file of features still has the checksum that it was written with."""
    size = max(0, path.stat().st_size - CHECK_BYTES)
    with path.open("rb") as file:
        file.seek(size)
        return file.read() == _check(path, size)


def _check(path: Path, size: int | None = None) -> bytes:
    """The checksum of a file's first so many bytes, or of all."""
    return _files.crc32(path, size).to_bytes(CHECK_BYTES, "big")


def _extract_to(target: Path, corpus, clips: pd.DataFrame, shape, compute_clips, jobs: int, progress) -> None:
    temporary = target.with_name(f"{target.stem}.{socket.gethostname()}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_stale(target.parent)
        _check_room(target.parent, 2 * int(np.prod(shape)))
        # Only its header is written so: of a full disk a mapped file would tell by a signal that ends the process.
        start = np.lib.format.open_memmap(temporary, mode="w+", dtype=np.int16, shape=shape).offset
    except OSError as error:
        raise UserError(
            f"{target.parent}: can't be written to ({error.strerror}); set MERCORE_DATA to a folder that can"
        ) from error
    try:
        with open(temporary, "r+b") as file:
            for rows, values in _compute_all(corpus, clips, compute_clips, jobs, progress):
                for row, value in zip(rows, values, strict=True):
                    file.seek(start + row * value.nbytes)
                    file.write(value)
        check = _check(temporary)
        with open(temporary, "ab") as file:
            file.write(check)
        if not _is_whole(target, shape):  # else another run was faster, and may be reading
            os.replace(temporary, target)
    except OSError as error:
        raise UserError(
            f"{target.parent}: can't be written to ({error.strerror}); set MERCORE_DATA to a folder with room"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def _compute_all(corpus, clips: pd.DataFrame, compute_clips, jobs: int, progress) -> Iterator[tuple]:
    """Of each track, the rows of its clips and their features."""
    starts, rows = clips["start"].to_numpy(), clips.groupby("track", sort=False).indices
    paths = corpus.tracks.loc[list(rows), "path"]
    tasks = [joblib.delayed(_extract_track)(paths[track], starts[at], compute_clips) for track, at in rows.items()]
    # Threads, as FFT, decoder and resampler let go of the interpreter and worker processes would spend seconds
    # on imports; each with one thread for its matrix products, else they get in each other's way.
    with threadpool_limits(1):
        results = joblib.Parallel(jobs, prefer="threads", return_as="generator")(tasks)
        bar = tqdm(results, f"features of {corpus.name}", len(tasks), unit="track", disable=progress is not None)
        for done, (at, values) in enumerate(zip(rows.values(), bar, strict=True), 1):
            yield at, values
            if progress:
                progress(done, len(tasks))


def _extract_track(path: str, starts: np.ndarray, compute_clips) -> np.ndarray:
    y = load(path)
    if max(y.max(), -y.min()) > BEYOND:
        raise UserError(f"{path}: its samples are far beyond full scale; export the file again")
    try:
        return compute_clips(y, starts)
    except ValueError as error:
        raise UserError(f"{path}: {error}; see what `python -m mercore check` says of its folder") from error


def _compute_steps(y: np.ndarray, starts: np.ndarray, kind: str, seconds: float, n_mels: int) -> np.ndarray:
    """`compute`, in whole steps; samples somewhat beyond full scale, as MP3s have, are cut off there as players do."""
    steps = compute(y, starts, kind, seconds, n_mels)
    steps *= np.float32(1 / KINDS[kind].step)
    np.rint(steps, out=steps)
    return np.clip(steps, -(2**15), 2**15 - 1, out=steps).astype(np.int16)


def _key(corpus, clips: pd.DataFrame, kind: str, size: tuple[int, int]) -> str:
    settings = {
        "version": VERSION,
        "kind": kind,
        "shape": size,
        "rate": SAMPLE_RATE,
        "step": KINDS[kind].step,
        "corpus": corpus.fingerprint,
        **KINDS[kind].settings,
    }
    content = json.dumps(settings, sort_keys=True) + clips[["track", "start"]].to_csv(index=False)
    return f"{kind}-{hashlib.sha256(content.encode()).hexdigest()[:24]}"


def _check_room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed + 50e6:
        raise UserError(
            f"{folder}: features need {needed / 1e6:,.0f} MB, {free / 1e6:,.0f} MB are free; "
            "make room or set MERCORE_DATA to a folder on another disk"
        )


def _remove_stale(folder: Path) -> None:
    """Remove what killed runs have left: temporary files that are old or whose process is no more."""
    for part in folder.glob("*.part"):
        host, pid = part.name.removesuffix(".part").split(".", 1)[1].rsplit(".", 1)
        with contextlib.suppress(FileNotFoundError, PermissionError):  # gone meanwhile; in use, on Windows
            old = time.time() - part.stat().st_mtime > STALE_SECONDS
            if old or (host == socket.gethostname() and not _is_alive(int(pid))):
                part.unlink()


def _is_alive(pid: int) -> bool:
    if os.name == "nt":  # there a signal of 0 would end the process; a mapped file can't be removed anyway
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


@dataclass(frozen=True)
class Normaliser:
    """Standardisation to mean 0, deviation 1 of each mel band or, as in the report, each sample position.

    Learnt from the rows it is fitted on and from nothing else; `mean` and `sd` broadcast over a clip's shape.
    """

    per: str
    mean: np.ndarray
    sd: np.ndarray

    @classmethod
    def fit(cls, x: StoredFeatures | np.ndarray, rows: np.ndarray, kind: str, chunk: int = 64) -> "Normaliser":
        """From the rows of `x` (n_clips, *shape), read in chunks and summed in float64."""
        per, scaler, rows = KINDS[kind].per, StandardScaler(), np.sort(rows)
        for first in range(0, len(rows), chunk):
            part = np.asarray(x[rows[first : first + chunk]], np.float64)
            if per == "band":
                part = part.swapaxes(1, 2).reshape(-1, part.shape[1])  # every frame is a sample of its bands
            scaler.partial_fit(part.reshape(len(part), -1))
        shape = (x.shape[1], 1) if per == "band" else x.shape[1:]
        mean, sd = (values.reshape(shape).astype(np.float32) for values in (scaler.mean_, scaler.scale_))
        return cls(per, mean, sd)

    def fits(self, shape: tuple[int, int]) -> bool:
        """Whether it is for features of this shape, and all its numbers can be used."""
        wanted = {"band": (shape[0], 1), "position": tuple(shape)}.get(self.per)
        right = [v.dtype == np.float32 and v.shape == wanted and np.isfinite(v).all() for v in (self.mean, self.sd)]
        return all(right) and bool((self.sd > 0).all())

    def apply(self, x: np.ndarray) -> np.ndarray:
        """`x` (n, *shape) standardised, float32."""
        return (np.asarray(x, np.float32) - self.mean) / self.sd

    def to_dict(self) -> dict:
        """What `np.savez` can keep in a run record."""
        return {"per": self.per, "mean": self.mean, "sd": self.sd}

    @classmethod
    def from_dict(cls, kept) -> "Normaliser":
        """From `to_dict()`, or from what `np.load` reads of it."""
        return cls(str(kept["per"]), np.asarray(kept["mean"]), np.asarray(kept["sd"]))
