"""Network inputs: log-mel spectrograms and framed waveforms. Explained in 02_features."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import librosa
import numpy as np
import scipy.fft
import scipy.signal

from mercore.corpora.clips import CLIP_SECONDS
from mercore.features.settings import DEFAULT, FeatureSettings

STEPS, STEP_SAMPLES = 2129, 31  # the report's framing: 65,999 = 2,129 x 31 samples of a clip's 66,150


def slice_clip(y: np.ndarray, start: float, seconds: float = CLIP_SECONDS, settings=DEFAULT) -> np.ndarray:
    """Return the samples of `y` from `start` on; a clip at the very end is padded with up to a window of zeros.

    Decoders and resamplers differ by some samples in where a file ends, hence the padding.

    Args:
        y: Samples (n,).
        start: Where the clip begins (s).
        seconds: The length of the clip (s).
        settings: Sample rate and window.

    Raises:
        ValueError: If more than a window is missing.
    """
    size, first = round(seconds * settings.sample_rate), round(start * settings.sample_rate)
    clip = y[first : first + size]
    missing = size - len(clip)
    if missing > settings.n_fft or first < 0:
        raise ValueError(f"no {seconds:g} s from {start:.2f} s on in {len(y) / settings.sample_rate:.2f} s of audio")
    return np.pad(clip, (0, missing)) if missing else clip


def log_mel(y: np.ndarray, settings: FeatureSettings = DEFAULT) -> np.ndarray:
    """Compute the log-mel spectrogram: mel bands in dB (re. a power of 1), cut off below a clip's maximum.

    The same as `librosa.feature.melspectrogram` and `power_to_db`, in half of their time.

    Args:
        y: Samples (..., n).
        settings: Window, hop, bands and dynamic range.

    Returns:
        (..., n_mels, 1 + n // hop_length): (128, 130) for a clip of 3 s.
    """
    n_fft = settings.n_fft
    ends = [(0, 0)] * (y.ndim - 1) + [(n_fft // 2, n_fft // 2)]
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(y, ends), n_fft, axis=-1)
    spectra = scipy.fft.rfft(frames[..., :: settings.hop_length, :] * _window(n_fft), overwrite_x=True)
    power = np.square(spectra.real)
    power += np.square(spectra.imag)
    filters = _mel_filters(settings.sample_rate, n_fft, settings.n_mels)
    db = librosa.power_to_db(filters @ power.swapaxes(-1, -2), top_db=None)  # else over all clips
    return np.maximum(db, db.max(axis=(-2, -1), keepdims=True) - settings.top_db)


@lru_cache
def _window(n_fft: int) -> np.ndarray:
    return scipy.signal.get_window("hann", n_fft).astype(np.float32)


@lru_cache
def _mel_filters(sample_rate: int, n_fft: int, n_mels: int) -> np.ndarray:
    return librosa.filters.mel(sr=sample_rate, n_fft=n_fft, n_mels=n_mels)


def frame_waveform(y: np.ndarray, settings: FeatureSettings = DEFAULT) -> np.ndarray:
    """Cut a clip into the report's frames: the first 65,999 samples of 3 s as (..., 2129, 31).

    Clips of another length give as many steps in proportion.
    """
    steps = _steps(y.shape[-1], settings)
    return y[..., : steps * STEP_SAMPLES].reshape(*y.shape[:-1], steps, STEP_SAMPLES)


def _steps(samples: int, settings: FeatureSettings) -> int:
    return samples * STEPS // round(CLIP_SECONDS * settings.sample_rate)


@dataclass(frozen=True)
class FeatureType:
    """A type of network input.

    Attributes:
        compute: The function of a clip's samples and the settings.
        shape: The shape of a clip's features, from its number of samples and the settings.
        axis: How it is standardised: by mel "band", or by sample "position" as in the report.
        scale: Features are stored as multiples of it in 16 bits.
    """

    compute: Callable[[np.ndarray, FeatureSettings], np.ndarray]
    shape: Callable[[int, FeatureSettings], tuple[int, int]]
    axis: str
    scale: float


FEATURES = {
    "log_mel": FeatureType(log_mel, lambda n, s: (s.n_mels, 1 + n // s.hop_length), "band", 2**-7),  # dB, up to ±256
    # As 16-bit files hold them, so of these nothing is lost.
    "waveform": FeatureType(frame_waveform, lambda n, s: (_steps(n, s), STEP_SAMPLES), "position", 2**-15),
    "channel_waveform": FeatureType(lambda y, _: y[..., np.newaxis], lambda n, _: (n, 1), "position", 2**-15),
}


def shape(feature: str, seconds: float = CLIP_SECONDS, settings: FeatureSettings = DEFAULT) -> tuple[int, int]:
    """Return the shape of one clip's features: (bands, frames), (steps, 31) or (samples, 1)."""
    return FEATURES[feature].shape(round(seconds * settings.sample_rate), settings)


def compute(
    y: np.ndarray,
    starts: np.ndarray,
    feature: str,
    seconds: float = CLIP_SECONDS,
    settings: FeatureSettings = DEFAULT,
) -> np.ndarray:
    """Compute the features of clips of one recording.

    Args:
        y: Mono samples (n,) at the settings' sample rate.
        starts: Where the clips begin (s).
        feature: A key of FEATURES.
        seconds: The length of a clip (s).
        settings: The settings of the features.

    Returns:
        float32, (len(starts), *shape).
    """
    x = np.empty((len(starts), *shape(feature, seconds, settings)), np.float32)
    for clip, start in zip(x, starts, strict=True):  # not all at once: one clip fits a processor's cache
        clip[...] = FEATURES[feature].compute(slice_clip(y, start, seconds, settings), settings)
    return x
