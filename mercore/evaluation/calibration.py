"""Calibration: whether a network's probabilities mean what they say, and temperature scaling.

Predictions are those of a run: a row per clip (or vote) with label and p_<class>. After Guo et al. 2017, "On
calibration of modern neural networks". Explained in 09_beyond_the_report.
"""

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar
from scipy.special import softmax

TEMPERATURES = (0.05, 20.0)
SMALLEST = 5e-5  # probabilities are stored with four digits, so a stored zero means anything below this


def probabilities(predictions: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return the probabilities (rows, classes), at least `SMALLEST`, and for each row the column of its true class."""
    columns = [name for name in predictions if name.startswith("p_")]
    true = pd.Categorical("p_" + predictions["label"].astype(str), categories=columns).codes
    if (true < 0).any():
        raise ValueError("there are labels without a column of probabilities")
    return predictions[columns].to_numpy(float).clip(SMALLEST), true


def fit_temperature(validation: pd.DataFrame) -> float:
    """Return the temperature with the least log loss on these clips: 1 changes nothing; NaN without clips.

    scikit-learn's CalibratedClassifierCV(method="temperature") does the same, but for an estimator, not for
    probabilities on disk.
    """
    if validation.empty:
        return float("nan")
    p, true = probabilities(validation)

    def loss(log_temperature: float) -> float:
        return -np.log(_scale(p, np.exp(log_temperature))[np.arange(len(true)), true]).mean()

    return float(np.exp(minimize_scalar(loss, bounds=np.log(TEMPERATURES), method="bounded").x))


def apply_temperature(predictions: pd.DataFrame, T: float) -> pd.DataFrame:
    """Return the predictions with the logarithms of their probabilities divided by T, and normalised."""
    columns = [name for name in predictions if name.startswith("p_")]
    p, _ = probabilities(predictions)
    return predictions.assign(**dict(zip(columns, _scale(p, T).T, strict=True)))


def _scale(p: np.ndarray, temperature: float) -> np.ndarray:
    return softmax(np.log(p) / temperature, axis=1)


def reliability_table(predictions: pd.DataFrame, bins: int = 10) -> pd.DataFrame:
    """Compare confidence, the probability of the most probable class, with accuracy.

    Returns:
        A row per bin of confidence that isn't empty, equally wide from 0 to 1: confidence (mean), accuracy, n.
    """
    p, true = probabilities(predictions)
    table = pd.DataFrame({"confidence": p.max(axis=1), "accuracy": p.argmax(axis=1) == true})
    bin_numbers = np.minimum((table["confidence"] * bins).astype(int), bins - 1)
    means = table.groupby(bin_numbers.to_numpy()).mean()
    return means.assign(n=np.unique(bin_numbers, return_counts=True)[1]).reset_index(drop=True)


def expected_calibration_error(predictions: pd.DataFrame, bins: int = 10) -> float:
    """Return the mean distance between confidence and accuracy over the bins, weighted by their clips (0 is best)."""
    table = reliability_table(predictions, bins)
    return float(((table["confidence"] - table["accuracy"]).abs() * table["n"]).sum() / table["n"].sum())
