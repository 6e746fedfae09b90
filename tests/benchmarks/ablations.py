"""What each choice of profile `tuned` earns: writes data/ablations.csv, which notebook 09 shows.

    .venv/bin/python tests/benchmarks/ablations.py FOLDER_OF_4Q ["as it is" "with SpecAugment" ...]

The convolutional network on 4Q, three of five folds grouped by artist, once as it is and once without (or with) each
thing. Differences are paired: the same test clips, whole artists resampled. The folds are those on whose validation
sides the choices were made; the tuned networks are judged on others. Takes about an hour and a half on two cores;
what is measured already isn't measured again. Some variants alone need "as it is" to be compared with.
"""

import os
import sys
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

import joblib
import numpy as np
import pandas as pd

from mercore import FACTS, build_dir, corpora, evaluation, training
from mercore.training import fit

FOLDS, TESTED, SEED = 5, (0, 1, 2), 100
TABLE = FACTS / "ablations.csv"
KEPT = build_dir() / "ablations"
WHOLE = "as it is"


def masked(batch: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """SpecAugment (Park et al. 2019) after the shifts: half of the clips lose some bands and a stretch of time.

    What is lost becomes 0, the mean of a band after normalisation.
    """
    batch = SHIFT(batch, rng)
    for i in np.flatnonzero(rng.random(len(batch)) < 0.5):
        bands, at = rng.integers(1, 25), rng.integers(0, 104)
        stretch, start = rng.integers(1, 22), rng.integers(0, 109)
        batch[i, at : at + bands] = 0
        batch[i, :, start : start + stretch] = 0
    return batch


SHIFT = fit.shift


def variants() -> dict:
    """For each: what of the code is replaced, and what of the profile."""
    from keras import layers

    from mercore.networks import tuned

    class Bias(layers.Layer):
        """A learnt number for each channel: the convolutions have none, as normalisation brings one along."""

        def build(self, input_shape):
            self.bias = self.add_weight(name="bias", shape=(input_shape[-1],), initializer="zeros")

        def call(self, x):
            return x + self.bias

    statistics = tuned.StatisticsPooling
    without_normalisation = patch.object(tuned, "_normalised", lambda x: layers.ReLU()(Bias()(x)))
    flattened = patch.object(tuned, "StatisticsPooling", layers.Flatten)
    mean_alone = patch.object(tuned, "StatisticsPooling", lambda: statistics(("mean",)))
    every_place = patch.object(layers, "AveragePooling2D", lambda _: layers.Identity())
    return {
        WHOLE: ([], {}),
        "every band and frame, not two averaged": ([every_place], {}),
        "without batch normalisation": ([without_normalisation], {}),
        "flattened, no statistics": ([flattened], {}),
        "without shifts": ([], {"augment": False}),
        "half of the training tracks": ([], {"train_share": 0.5}),
        "a quarter of the training tracks": ([], {"train_share": 0.25}),
        "an eighth of the training tracks": ([], {"train_share": 0.125}),
        "mean alone, no other statistics": ([mean_alone], {}),
        "without label smoothing": ([], {"label_smoothing": 0.0}),
        "with SpecAugment": ([patch.object(fit, "shift", masked)], {}),
        "half as long": ([], {"epochs": 6}),
        "twice as long": ([], {"epochs": 24}),
        "without weight decay": ([], {"weight_decay": 0.0}),
    }


def measure(folder: str, name: str, fold: int) -> None:
    """Train one variant on one fold and keep its test predictions and parameters."""
    target = KEPT / f"{name.replace(' ', '_').replace(',', '')}-{fold}.csv"
    if target.exists():
        return
    corpus = corpora.open_corpus(folder, "mood")
    replaced, changes = variants()[name]
    with ExitStack() as stack:
        for part in replaced:
            stack.enter_context(part)
        run = training.train(corpus, "conv", "tuned", "artist", SEED, FOLDS, fold, reuse=False, **changes)
    test = run.side("test").assign(
        variant=name,
        fold=fold,
        parameters=run.parameters,
        learnt_from=run.side("train")["track"].nunique(),
    )
    KEPT.mkdir(parents=True, exist_ok=True)
    test.to_csv(target.with_suffix(".part"), index=False)
    os.replace(target.with_suffix(".part"), target)
    print(f"{name}, fold {fold}: {run.accuracy():.3f}", flush=True)


def summary() -> pd.DataFrame:
    """A row a variant: accuracy of clips and tracks, and how much it differs from the network as it is.

    A variant without predictions here keeps the row that the table has of it.
    """
    parts = pd.concat([pd.read_csv(path, keep_default_na=False) for path in sorted(KEPT.glob("*.csv"))])
    whole = parts[parts["variant"] == WHOLE].sort_values(["track", "start"], ignore_index=True)
    rows = pd.read_csv(TABLE, index_col="variant").to_dict(orient="index") if TABLE.exists() else {}
    for name in variants():
        own = parts[parts["variant"] == name].sort_values(["track", "start"], ignore_index=True)
        if own["fold"].nunique() == len(TESTED):
            difference, low, high = evaluation.difference_interval(whole, own)
            rows[name] = {
                "clips": evaluation.accuracy(own),
                "tracks": evaluation.accuracy(evaluation.vote(own)),
                "difference": difference,
                "low": low,
                "high": high,
                "parameters": own["parameters"].iloc[0],
                "training tracks": own.groupby("fold")["learnt_from"].first().mean(),
                "tested tracks": own["track"].nunique(),
                "folds": len(TESTED),
                "seed": SEED,
            }
    in_order = {name: rows[name] for name in variants() if name in rows}
    return pd.DataFrame.from_dict(in_order, orient="index").rename_axis("variant")


def main(folder: str, wanted: list[str]) -> None:
    """What is missing of all variants, or of those wanted, two trainings at a time; then the table."""
    os.environ["TF_NUM_INTRAOP_THREADS"] = str(max(1, joblib.cpu_count() // 2))
    jobs = [joblib.delayed(measure)(folder, name, fold) for name in wanted or variants() for fold in TESTED]
    joblib.Parallel(2)(jobs)
    scratch = TABLE.with_suffix(".part")
    summary().to_csv(scratch, float_format="%.4f", lineterminator="\n")
    os.replace(scratch, TABLE)


if __name__ == "__main__":
    if len(sys.argv) < 2 or not Path(sys.argv[1]).is_dir() or not set(sys.argv[2:]) <= set(variants()):
        sys.exit(f"name the folder of 4Q, and perhaps some of: {', '.join(map(repr, variants()))}")
    main(sys.argv[1], sys.argv[2:])
