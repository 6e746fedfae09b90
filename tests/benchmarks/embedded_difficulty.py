"""How hard the embedded corpus is: writes data/embedded_difficulty.csv, which notebook 01 shows.

    .venv/bin/python tests/benchmarks/embedded_difficulty.py

Every network in profile `quick` and a support vector machine on the mean and deviation of MFCCs, over five folds
that together test every track once (their predictions pooled), grouped by artist and, for the networks, with clips
mixed as the report did. Takes about an hour on two cores; what is trained already is not trained again.
"""

import os
from itertools import product

import joblib
import librosa
import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from mercore import FACTS, corpora, evaluation, features, training
from mercore.corpora import clips, splits
from mercore.plots import style

FOLDS, SEED, BASELINE = 5, 0, "MFCC mean and deviation, SVM"
TABLE = FACTS / "embedded_difficulty.csv"


def main() -> None:
    """Measure what the table doesn't have yet, two at a time, writing it anew as soon as a row is known."""
    os.environ["TF_NUM_INTRAOP_THREADS"] = str(max(1, joblib.cpu_count() // 2))
    fingerprints = {task: corpora.open_corpus("embedded", task).fingerprint for task in ("genre", "mood")}
    table = (
        pd.read_csv(TABLE) if TABLE.exists() else pd.DataFrame(columns=["task", "model", "protocol", "fingerprint"])
    )
    table = table[table["fingerprint"] == table["task"].map(fingerprints)]
    jobs = [(task, BASELINE, "artist") for task in fingerprints]
    jobs += [(t, m, p) for p, t, m in product(("artist", "clip"), fingerprints, style.NETWORK_NAMES)]
    there = set(table[["task", "model", "protocol"]].itertuples(index=False, name=None))
    missing = [joblib.delayed(measure)(*job) for job in jobs if job not in there]
    for found in joblib.Parallel(2, return_as="generator_unordered")(missing):
        print("{task} {model} {protocol}: {accuracy:.3f} [{low:.3f}, {high:.3f}]".format(**found), flush=True)
        rows = [*table.to_dict("records"), found]
        table = pd.DataFrame(rows).sort_values(["task", "protocol", "model"])
        scratch = TABLE.with_suffix(".part")
        table.to_csv(scratch, index=False, float_format="%.4f", lineterminator="\n")
        os.replace(scratch, TABLE)


def measure(task: str, model: str, protocol: str) -> dict:
    """One row of the table: a model's pooled predictions of every track."""
    corpus = corpora.open_corpus("embedded", task)
    if model == BASELINE:
        return row(corpus, model, protocol, baseline(corpus))
    runs = [training.train(corpus, model, "quick", protocol, SEED, FOLDS, fold) for fold in range(FOLDS)]
    return row(corpus, model, protocol, pd.concat([run.side("test") for run in runs]))


def row(corpus: corpora.Corpus, model: str, protocol: str, predictions: pd.DataFrame) -> dict:
    """One line of the table, with the 95 % interval that resamples artists."""
    estimate, low, high = evaluation.accuracy_interval(predictions)
    return {
        "task": corpus.task,
        "model": model,
        "protocol": protocol,
        "folds": FOLDS,
        "seed": SEED,
        "tracks": predictions["track"].nunique(),
        "clips": len(predictions),
        "accuracy": estimate,
        "low": low,
        "high": high,
        "fingerprint": corpus.fingerprint,
    }


def baseline(corpus: corpora.Corpus) -> pd.DataFrame:
    """Predictions of an RBF support vector machine that knows a clip's average timbre alone."""
    table = clips.cut(corpus.usable)
    x = np.concatenate(
        [
            np.stack([timbre(features.slice_clip(y, start)) for start in part["start"]])
            for track, part in table.groupby("track", sort=False)
            for y in [features.load(corpus.tracks.loc[track, "path"])]
        ]
    )
    tested = []
    for fold in range(FOLDS):
        split = splits.make(corpus, table, "artist", SEED, folds=FOLDS, fold=fold)
        machine = make_pipeline(StandardScaler(), SVC(C=3.0))
        fitted = np.concatenate([split.train, split.validation])  # nothing is chosen, so all of it may teach
        machine.fit(x[fitted], table["label"][fitted])
        tested.append(table.loc[split.test].assign(predicted=machine.predict(x[split.test])))
    return pd.concat(tested)


def timbre(clip: np.ndarray) -> np.ndarray:
    """Mean and standard deviation over time of 20 MFCCs: (40,)."""
    mfcc = librosa.feature.mfcc(y=clip, sr=features.SAMPLE_RATE, n_mfcc=20)
    return np.concatenate([mfcc.mean(axis=1), mfcc.std(axis=1)])


if __name__ == "__main__":
    main()
