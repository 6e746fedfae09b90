"""Audio files as samples, and what networks take as input: log-mel spectrograms and framed waveforms.

Explained in 02_features."""

from mercore.features.audio import (
    SAMPLE_RATE,
    load,
)
from mercore.features.spectrogram import (
    HOP_LENGTH,
    KINDS,
    N_FFT,
    N_MELS,
    TOP_DB,
    VERSION,
    Normaliser,
    StoredFeatures,
    compute,
    extract,
    frame_waveform,
    is_intact,
    log_mel,
    shape,
    slice_clip,
)

__all__ = [
    "HOP_LENGTH",
    "KINDS",
    "N_FFT",
    "N_MELS",
    "SAMPLE_RATE",
    "TOP_DB",
    "VERSION",
    "Normaliser",
    "StoredFeatures",
    "compute",
    "extract",
    "frame_waveform",
    "is_intact",
    "load",
    "log_mel",
    "shape",
    "slice_clip",
]
