"""Standardisation of network inputs. Explained in 02_features."""

from dataclasses import dataclass

import numpy as np
from sklearn.preprocessing import StandardScaler

from mercore.features.cache import StoredFeatures
from mercore.features.spectrogram import FEATURES


@dataclass(frozen=True)
class Normaliser:
    """Standardise to mean 0 and deviation 1, of each mel band or, as in the report, each sample position.

    Attributes:
        axis: "band" or "position".
        mean: What is subtracted; broadcasts over a clip's shape.
        sd: What the rest is divided by, as `mean`.
    """

    axis: str
    mean: np.ndarray
    sd: np.ndarray

    @classmethod
    def fit(cls, x: StoredFeatures | np.ndarray, rows: np.ndarray, feature: str, chunk: int = 64) -> "Normaliser":
        """Learn from these rows of `x` (n_clips, *shape) and nothing else; read in chunks, summed in float64."""
        axis, scaler, rows = FEATURES[feature].axis, StandardScaler(), np.sort(rows)
        for first in range(0, len(rows), chunk):
            part = np.asarray(x[rows[first : first + chunk]], np.float64)
            if axis == "band":
                part = part.swapaxes(1, 2).reshape(-1, part.shape[1])  # every frame is a sample of its bands
            scaler.partial_fit(part.reshape(len(part), -1))
        shape = (x.shape[1], 1) if axis == "band" else x.shape[1:]
        mean, sd = (values.reshape(shape).astype(np.float32) for values in (scaler.mean_, scaler.scale_))
        return cls(axis, mean, sd)

    def apply(self, x: np.ndarray) -> np.ndarray:
        """Return `x` (n, *shape) standardised, float32."""
        return (np.asarray(x, np.float32) - self.mean) / self.sd
