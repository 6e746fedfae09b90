"""Evaluation: metrics with confidence intervals, calibration, the report's own numbers, explanation of predictions.

Explained in 07_results; `explain` and `layers` in 03_conv to 06_end_to_end, `calibration` in 09_beyond_the_report.
"""

from mercore.evaluation.layers import compare_presets, layer_table, receptive_fields
from mercore.evaluation.metrics import (
    SIDES,
    accuracy,
    accuracy_interval,
    artist_or_track,
    balanced_accuracy,
    balanced_difference,
    balanced_interval,
    bootstrap_counts,
    bootstrap_recalls,
    confusion,
    difference_interval,
    mcnemar,
    mean_interval,
    per_class,
    summarise,
    vote,
    wilson,
)

__all__ = [
    "SIDES",
    "accuracy",
    "accuracy_interval",
    "artist_or_track",
    "balanced_accuracy",
    "balanced_difference",
    "balanced_interval",
    "bootstrap_counts",
    "bootstrap_recalls",
    "compare_presets",
    "confusion",
    "difference_interval",
    "layer_table",
    "mcnemar",
    "mean_interval",
    "per_class",
    "receptive_fields",
    "summarise",
    "vote",
    "wilson",
]
