"""What the networks have to beat: the most frequent class, and a support vector machine on audio statistics.

Both take whole tracks, one row a track, and give runs of the same form as the networks'. The statistics are means
and deviations over time of librosa's features; the machine has an RBF kernel, its two settings chosen on the
validation tracks. Explained in 09_beyond_the_report.
"""

import time
from itertools import product

import joblib
import librosa
import numpy as np
import pandas as pd
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from tqdm.auto import tqdm

from mercore import UserError, corpora, data_dir, features
from mercore.corpora import splits
from mercore.training.runs import Run

KEYS = ("majority", "svm")
VERSION = 1  # of the statistics
COSTS, GAMMAS = (1.0, 3.0, 10.0), (0.3, 1.0, 3.0)  # gamma in units of 1 / number of features


def compute_statistics(y: np.ndarray) -> np.ndarray:
    """Compute 156 statistics of mono samples at 22,050 Hz: means and deviations over time of MFCCs and more; tempo."""
    rate = features.SAMPLE_RATE
    spectrum = np.abs(librosa.stft(y))
    mfcc = librosa.feature.mfcc(y=y, sr=rate, n_mfcc=20)
    onsets = librosa.onset.onset_strength(y=y, sr=rate)
    chroma = librosa.feature.chroma_stft(S=spectrum**2, sr=rate, tuning=0.0)
    over_time = [
        mfcc,
        librosa.feature.delta(mfcc),
        chroma,
        librosa.feature.spectral_contrast(S=spectrum, sr=rate),
        librosa.feature.tonnetz(chroma=chroma),
        librosa.feature.spectral_centroid(S=spectrum, sr=rate),
        librosa.feature.spectral_bandwidth(S=spectrum, sr=rate),
        librosa.feature.spectral_rolloff(S=spectrum, sr=rate),
        librosa.feature.spectral_flatness(S=spectrum),
        librosa.feature.zero_crossing_rate(y),
        librosa.feature.rms(S=spectrum),
        onsets[None],
    ]
    tempo = librosa.feature.tempo(onset_envelope=onsets, sr=rate)
    pulse = np.sort(librosa.feature.tempogram(onset_envelope=onsets, sr=rate).mean(axis=1))[::-1][1:12]
    parts = [part for x in over_time for part in (x.mean(axis=1), x.std(axis=1))]
    return np.concatenate([*parts, tempo, pulse]).astype(np.float32)


def corpus_statistics(corpus: corpora.Corpus, jobs: int = 2) -> np.ndarray:
    """Return `compute_statistics` of every usable track, (tracks, 156); each is computed once and cached."""
    memory = joblib.Memory(data_dir() / "cache" / "statistics", verbose=0)
    of_file = joblib.delayed(memory.cache(_file_statistics, ignore=["path"]))
    tracks = corpus.usable[["path", "digest"]].itertuples(index=False)
    tasks = [of_file(path, digest, VERSION) for path, digest in tracks]
    rows = joblib.Parallel(jobs, return_as="generator")(tasks)
    return np.stack(list(tqdm(rows, f"statistics of {corpus.name}", len(tasks), unit="track")))


def _file_statistics(path: str, digest: str, version: int) -> np.ndarray:
    return compute_statistics(features.load(path))


def train(
    corpus: corpora.Corpus,
    key: str,
    protocol: str = "artist",
    seed: int = 0,
    folds: int | None = None,
    fold: int | None = None,
) -> Run:
    """Fit one of KEYS on the tracks of a corpus; the run isn't written to disk, `runs.save` does that."""
    if key not in KEYS:
        raise UserError(f"unknown baseline {key!r}: choose one of {', '.join(KEYS)}")
    rows = corpus.usable[["label", "artist"]].rename_axis("track").reset_index().assign(index=0, start=0.0)
    split = splits.make(corpus, rows, protocol, seed, folds=folds, fold=fold)
    started, chosen = time.perf_counter(), dict[str, object]()
    if key == "majority":
        shares = rows.loc[split.train, "label"].value_counts(normalize=True).reindex(corpus.classes, fill_value=0.0)
        p = np.tile(shares.to_numpy(), (len(rows), 1))
    else:
        p, chosen = _fit_svm(corpus_statistics(corpus), rows["label"].to_numpy(), split, corpus.classes, seed)
    predictions = rows.drop(columns="index").assign(
        side=split.side, predicted=np.array(corpus.classes)[p.argmax(axis=1)]
    )
    predictions[[f"p_{label}" for label in corpus.classes]] = p
    config = {"network": key, "profile": "baseline", "protocol": split.protocol, "protocol_asked": protocol,
              "seed": seed, "folds": folds, "fold": fold, **chosen}  # fmt: skip
    about = {"name": corpus.name, "kind": corpus.kind, "task": corpus.task, "classes": list(corpus.classes),
             "fingerprint": corpus.fingerprint, "tracks": len(rows)}  # fmt: skip
    seconds = {"training": time.perf_counter() - started}
    return Run(config, about, pd.DataFrame(), predictions, seconds, split.notes)


def _fit_svm(x: np.ndarray, labels: np.ndarray, split: splits.Split, classes, seed: int) -> tuple[np.ndarray, dict]:
    """Return class probabilities of all rows by the SVM that does best on validation, and its settings."""

    def machine(cost, gamma):
        return make_pipeline(StandardScaler(), SVC(C=cost, gamma=gamma / x.shape[1]))

    def score(settings) -> float:
        fitted = machine(*settings).fit(x[split.train], labels[split.train])
        return fitted.score(x[split.validation], labels[split.validation])

    cost, gamma = max(product(COSTS, GAMMAS), key=score)
    fewest = min(np.unique(labels[split.train], return_counts=True)[1])
    if fewest < 2:
        raise UserError("the support vector machine needs two training tracks of each class to be calibrated on")
    parts = StratifiedKFold(min(5, fewest), shuffle=True, random_state=seed)
    final = CalibratedClassifierCV(machine(cost, gamma), ensemble=False, cv=parts)
    final.fit(x[split.train], labels[split.train])
    order = [list(final.classes_).index(label) for label in classes]
    return final.predict_proba(x)[:, order], {"cost": cost, "gamma": gamma}
