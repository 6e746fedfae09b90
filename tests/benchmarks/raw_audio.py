"""Raw audio: the report's end-to-end GRU as published against the one of preset `tuned`, on the same clips.

    .venv/bin/python tests/benchmarks/raw_audio.py [EPOCHS]

Both learn the embedded moods by artist, each by its own recipe, seed 0. Seconds of an epoch, and the seconds of
training until the validation accuracy is as good as the lower of the two networks' best: neither is asked for more
than the other ever reached. The report's network isn't stopped early, nor its rate lowered: eleven steps an epoch
leave the running statistics of its batch normalisation far behind, and its validation at chance for the first epochs.
Features come from the cache in both.
"""

import sys

import numpy as np
import pandas as pd
from measuring import Row, show

from mercore import corpora, training


def history(profile: str, **changes) -> pd.DataFrame:
    """Epoch by epoch, of a training that isn't taken from an earlier run."""
    return training.train(
        corpora.open_corpus("embedded", "mood"), "end2end_gru", profile, "artist", seed=0, reuse=False, **changes
    ).history


def seconds_until(epochs: pd.DataFrame, accuracy: float) -> float:
    """Of training, up to the end of the first epoch with at least this validation accuracy."""
    first = int(np.argmax(epochs["val_accuracy"].to_numpy() >= accuracy))
    return float(epochs["seconds"].iloc[: first + 1].sum())


def measure(epochs: int = 30) -> list[Row]:
    """The report's recipe, all its epochs, then ours."""
    report = history("report", epochs=epochs, patience=epochs, plateau=epochs)
    tuned = history("tuned")
    both = min(report["val_accuracy"].max(), tuned["val_accuracy"].max())
    epoch, until = ([f(x) for x in (tuned, report)] for f in (_epoch, lambda x: seconds_until(x, both)))
    return [
        Row("an epoch of end2end_gru", *epoch, "s", "the report's"),
        Row(f"end2end_gru to a validation accuracy of {both:.3f}", *until, "s", "the report's", 10),
    ]


def _epoch(epochs: pd.DataFrame) -> float:
    return float(epochs["seconds"].median())


if __name__ == "__main__":
    show(measure(*map(int, sys.argv[1:])))
