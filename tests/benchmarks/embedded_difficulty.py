"""How hard the embedded corpus is: writes data/embedded_difficulty.csv, which notebook 01 shows.

    .venv/bin/python tests/benchmarks/embedded_difficulty.py

Every network in profile `quick` and a support vector machine on the mean and deviation of MFCCs, over five folds
that together test every track once (their predictions pooled), grouped by artist and, for the networks, with clips
mixed as the report did. Takes about an hour on two cores; what is trained already is not trained again.
"""

import librosa
import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from mercore import FACTS, clips, corpora, evaluation, features, networks, splits, training

FOLDS, SEED, BASELINE = 5, 0, "MFCC mean and deviation, SVM"


def main() -> None:
    """Measure, printing and writing each row as soon as it is known."""
    rows = []
    for task in ("genre", "mood"):
        corpus = corpora.embedded(task)
        rows.append(row(corpus, BASELINE, "artist", baseline(corpus)))
        for protocol in ("artist", "clip"):
            for key in networks.KEYS:
                predictions = pd.concat(
                    training.train(corpus, key, "quick", protocol, SEED, FOLDS, fold).side("test")
                    for fold in range(FOLDS)
                )
                rows.append(row(corpus, key, protocol, predictions))
                pd.DataFrame(rows).to_csv(FACTS / "embedded_difficulty.csv", index=False, float_format="%.4f")


def row(corpus: corpora.Corpus, model: str, protocol: str, predictions: pd.DataFrame) -> dict:
    """One line of the table, with the 95 % interval that resamples artists."""
    estimate, low, high = evaluation.accuracy_interval(predictions)
    print(f"{corpus.task} {model} {protocol}: {estimate:.3f} [{low:.3f}, {high:.3f}]", flush=True)
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
