"""Log-mel spectrograms of 1,000 tracks' clips: a call of librosa for each clip against ours, and against the floor.

    .venv/bin/python tests/benchmarks/log_mel.py [TRACKS]

Ours is `features.compute`, batches of clips on two threads, as `features.extract` calls it. The floor is what cannot
be left out: the Fourier transforms of all frames and the product with the mel filters, by scipy and numpy, on as many
threads; no frame is cut, windowed, squared or made decibels of.
"""

import sys
import time
from collections.abc import Callable

import joblib
import librosa
import numpy as np
import scipy.fft
from measuring import Row, show
from threadpoolctl import threadpool_limits

from mercore import features
from mercore.corpora import clips

RATE, CLIPS, FRAMES, THREADS = 22_050, 10, 130, 2


def starts(y: np.ndarray) -> np.ndarray:
    """Where ten clips of a track begin (s)."""
    return np.linspace(0, len(y) / RATE - clips.CLIP_SECONDS, CLIPS)


def one_call_a_clip(y: np.ndarray) -> np.ndarray:
    """As in librosa's documentation, clip by clip."""
    return np.stack(
        [
            librosa.power_to_db(librosa.feature.melspectrogram(y=features.slice_clip(y, start), sr=RATE), top_db=80)
            for start in starts(y)
        ]
    )


def ours(y: np.ndarray) -> np.ndarray:
    """All clips of a track at once."""
    return features.compute(y, starts(y), "log_mel")


def floor(frames: np.ndarray, filters: np.ndarray) -> np.ndarray:
    """The transforms and the product of as many frames as ten clips have."""
    spectra = scipy.fft.rfft(frames)
    return filters @ spectra.real.T


def seconds(function: Callable, tracks: int, threads: int) -> float:
    """Of so many calls."""
    function()
    started = time.perf_counter()
    with threadpool_limits(1 if threads > 1 else None):
        joblib.Parallel(threads, prefer="threads")(joblib.delayed(_drop)(function) for _ in range(tracks))
    return time.perf_counter() - started


def _drop(function: Callable) -> None:
    function()


def measure(tracks: int = 1000) -> list[Row]:
    """The reference has a thread of its own, as the report's notebook had; the floor has as many as ours."""
    rng = np.random.default_rng(0)
    y = rng.normal(0, 0.1, 30 * RATE).astype(np.float32)
    frames = rng.normal(0, 0.1, (CLIPS * FRAMES, features.N_FFT)).astype(np.float32)
    filters = librosa.filters.mel(sr=RATE, n_fft=features.N_FFT, n_mels=features.N_MELS)
    assert np.allclose(ours(y), one_call_a_clip(y), atol=1e-3)
    each = seconds(lambda: one_call_a_clip(y), tracks, 1)
    batched = seconds(lambda: ours(y), tracks, THREADS)
    least = seconds(lambda: floor(frames, filters), tracks, THREADS)
    what = f"log-mels of {tracks:,} tracks"
    return [
        Row(what, batched, each, "s", "a call of librosa a clip"),
        Row(f"{what}: above the floor", batched, least, "s", "FFTs and matrix product alone"),
    ]


if __name__ == "__main__":
    show(measure(*map(int, sys.argv[1:])))
