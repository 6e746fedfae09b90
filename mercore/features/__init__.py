"""Audio files as samples, and what networks take as input: log-mel spectrograms and framed waveforms.

All settings stand in one frozen object, `FeatureSettings`. Explained in notebook 02.
"""

from mercore.features.audio import load
from mercore.features.cache import StoredFeatures, extract, is_intact
from mercore.features.normaliser import Normaliser
from mercore.features.settings import DEFAULT, HOP_LENGTH, N_FFT, N_MELS, SAMPLE_RATE, TOP_DB, FeatureSettings
from mercore.features.spectrogram import FEATURES, compute, frame_waveform, log_mel, shape, slice_clip

__all__ = [
    "DEFAULT",
    "FEATURES",
    "HOP_LENGTH",
    "N_FFT",
    "N_MELS",
    "SAMPLE_RATE",
    "TOP_DB",
    "FeatureSettings",
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
