"""What each choice of profile `tuned` earns: data/ablations.csv, shown in 09_beyond_the_report.

The convolutional network on 4Q, three of five folds grouped by artist, unchanged and once without (or with) each
thing. Differences are paired: the same test clips, whole artists resampled. The folds are those on whose validation
sides the choices were made; the tuned networks are judged on others.
"""

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import joblib
import numpy as np
import pandas as pd

from mercore import UserError, corpora, data_dir, evaluation
from mercore.study import tables
from mercore.study.experiments import fill_table, train_folds
from mercore.study.figures import ABLATIONS
from mercore.training import fit

TESTED, SEED = (0, 1, 2), 100  # three of the five folds
UNCHANGED = "as it is"
SHIFT = fit.shift


def ablations(four_quadrant: str, *names: str) -> None:
    """Measure the named variants, or those that the table lacks, on the folder of 4Q; an hour and a half for all."""
    known, table = list(variants()), pd.read_csv(ABLATIONS, index_col="variant")
    if unknown := [name for name in names if name not in known]:
        raise UserError(f"there is no variant {unknown[0]!r}: choose from {', '.join(map(repr, known))}")
    wanted = names or [name for name in known if name not in table.index]
    if wanted:
        _train(four_quadrant, UNCHANGED)  # before the others, which are compared with it and find its runs
    tasks = [joblib.delayed(_measure)(four_quadrant, name) for name in wanted]
    fill_table(ABLATIONS, table, tasks, lambda found: found.loc[[name for name in known if name in found.index]])


def _train(folder: str, name: str) -> list:
    corpus, (patches, changes) = corpora.open_corpus(folder, "mood"), variants()[name]
    with ExitStack() as stack:
        if patches:  # which a run's identity doesn't have, so these runs are kept apart from all others
            scratch = Path(stack.enter_context(TemporaryDirectory()))
            (scratch / "cache").symlink_to(data_dir() / "cache")
            stack.enter_context(patch.dict("os.environ", MERCORE_DATA=str(scratch)))
        for each in patches:
            stack.enter_context(each)
        return train_folds(corpus, "conv", "tuned", TESTED, protocol="artist", seed=SEED, **changes)


def _measure(folder: str, name: str) -> tuple[str, dict]:
    runs = _train(folder, name)
    whole, test = (
        tables.pooled_test(found).sort_values(["track", "start"], ignore_index=True)
        for found in (_train(folder, UNCHANGED), runs)
    )
    difference, low, high = evaluation.difference_interval(whole, test)
    return name, {
        "clips": evaluation.accuracy(test),
        "tracks": evaluation.accuracy(evaluation.vote(test)),
        "difference": difference,
        "low": low,
        "high": high,
        "parameters": runs[0].parameters,
        "training tracks": np.mean([run.side("train")["track"].nunique() for run in runs]),
        "tested tracks": test["track"].nunique(),
        "folds": len(TESTED),
        "seed": SEED,
    }


def variants() -> dict[str, tuple[list, dict]]:
    """Return, for each variant, what of the code is replaced, and what of the profile."""
    from keras import layers

    from mercore.networks import tuned

    class Bias(layers.Layer):
        """A learnt number for each channel: the convolutions have none, as normalisation brings one along."""

        def build(self, input_shape):
            self.bias = self.add_weight(name="bias", shape=(input_shape[-1],), initializer="zeros")

        def call(self, x):
            return x + self.bias

    statistics = tuned.StatisticsPooling
    return {
        UNCHANGED: ([], {}),
        "every band and frame, not two averaged": (
            [patch.object(layers, "AveragePooling2D", lambda _: layers.Identity())], {}),
        "without batch normalisation": ([patch.object(tuned, "_normalised", lambda x: layers.ReLU()(Bias()(x)))], {}),
        "flattened, no statistics": ([patch.object(tuned, "StatisticsPooling", layers.Flatten)], {}),
        "without shifts": ([], {"augment": False}),
        "half of the training tracks": ([], {"train_share": 0.5}),
        "a quarter of the training tracks": ([], {"train_share": 0.25}),
        "an eighth of the training tracks": ([], {"train_share": 0.125}),
        "mean alone, no other statistics": (
            [patch.object(tuned, "StatisticsPooling", lambda: statistics(("mean",)))], {}),
        "without label smoothing": ([], {"label_smoothing": 0.0}),
        "with SpecAugment": ([patch.object(fit, "shift", shift_and_mask)], {}),
        "half as long": ([], {"epochs": 6}),
        "twice as long": ([], {"epochs": 24}),
        "without weight decay": ([], {"weight_decay": 0.0}),
    }  # fmt: skip


def shift_and_mask(batch: np.ndarray, rng: np.random.Generator, **limits: int) -> np.ndarray:
    """Apply SpecAugment (Park et al. 2019) after the shifts: half of the clips lose some bands and a stretch of time.

    What is lost becomes 0, the mean of a band after normalisation.
    """
    batch = SHIFT(batch, rng, **limits)
    for i in np.flatnonzero(rng.random(len(batch)) < 0.5):
        bands, at = rng.integers(1, 25), rng.integers(0, 104)
        stretch, start = rng.integers(1, 22), rng.integers(0, 109)
        batch[i, at : at + bands] = 0
        batch[i, :, start : start + stretch] = 0
    return batch
