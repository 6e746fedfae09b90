"""Evaluation: metrics with confidence intervals, calibration, the report's own numbers, explanation.

Explained in 07_results."""

from mercore.evaluation.metrics import (
    SIDES,
    accuracy,
    accuracy_interval,
    balanced_accuracy,
    balanced_difference,
    balanced_interval,
    confusion,
    difference_interval,
    groups,
    mcnemar,
    mean_interval,
    per_class,
    resampled_recalls,
    summarise,
    times_drawn,
    vote,
    wilson,
)

__all__ = [
    "SIDES",
    "accuracy",
    "accuracy_interval",
    "balanced_accuracy",
    "balanced_difference",
    "balanced_interval",
    "confusion",
    "difference_interval",
    "groups",
    "mcnemar",
    "mean_interval",
    "per_class",
    "resampled_recalls",
    "summarise",
    "times_drawn",
    "vote",
    "wilson",
]
