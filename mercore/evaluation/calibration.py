"""Whether a network's probabilities mean what they say, and how to mend them. Explained in 09_beyond_the_report.

All functions take predictions as a run keeps them, one row a clip (or a vote) with label and p_<class>. After Guo
et al. 2017, "On calibration of modern neural networks".
"""

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar

TEMPERATURES = (0.05, 20.0)
SMALLEST = 5e-5  # probabilities are kept to four digits, so a kept zero means anything below this


def probabilities(predictions: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """The probabilities, (rows, classes), and for each row the column of its true class."""
    columns = [name for name in predictions if name.startswith("p_")]
    true = pd.Categorical("p_" + predictions["label"].astype(str), categories=columns).codes
    if (true < 0).any():
        raise ValueError("there are labels without a column of probabilities")
    return predictions[columns].to_numpy(float).clip(SMALLEST), true


def temperature(validation: pd.DataFrame) -> float:
    """The number that the logarithms of the probabilities have to be divided by to fit these clips best.

    1 changes nothing, more makes the network less sure. NaN without clips.
    """
    if validation.empty:
        return float("nan")
    p, true = probabilities(validation)
    low, high = np.log(TEMPERATURES)

    def loss(log_temperature: float) -> float:
        return -np.log(_tempered(p, np.exp(log_temperature))[np.arange(len(true)), true]).mean()

    return float(np.exp(minimize_scalar(loss, bounds=(low, high), method="bounded").x))


def tempered(predictions: pd.DataFrame, by: float) -> pd.DataFrame:
    """The same predictions with probabilities at that temperature; the predicted classes stay."""
    columns = [name for name in predictions if name.startswith("p_")]
    p, _ = probabilities(predictions)
    return predictions.assign(**dict(zip(columns, _tempered(p, by).T, strict=True)))


def _tempered(p: np.ndarray, by: float) -> np.ndarray:
    logits = np.log(p) / by
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def reliability(predictions: pd.DataFrame, bins: int = 10) -> pd.DataFrame:
    """One row a bin of confidence that isn't empty: confidence (mean), accuracy, n.

    Confidence is the probability of the most probable class; the bins are equally wide, from 0 to 1.
    """
    p, true = probabilities(predictions)
    table = pd.DataFrame({"confidence": p.max(axis=1), "accuracy": p.argmax(axis=1) == true})
    table["bin"] = np.minimum((table["confidence"] * bins).astype(int), bins - 1)
    means = table.groupby("bin").agg(
        confidence=("confidence", "mean"), accuracy=("accuracy", "mean"), n=("accuracy", "size")
    )
    return means.reset_index(drop=True)


def expected_calibration_error(predictions: pd.DataFrame, bins: int = 10) -> float:
    """The mean distance between confidence and accuracy over the bins, weighted by their clips (0 is best)."""
    table = reliability(predictions, bins)
    return float(((table["confidence"] - table["accuracy"]).abs() * table["n"]).sum() / table["n"].sum())
