"""The experiments behind committed data, run by `python -m mercore study NAME ...`; hours on two cores each.

- difficulty: how hard the embedded corpus is, data/embedded_difficulty.csv (shown in 01_data)
- ablations FOLDER_OF_4Q [VARIANT ...]: what each choice of profile `tuned` earns, data/ablations.csv (09)
- real_genres FOLDER_OF_4Q FOLDER_OF_GTZAN_MINI: one corpus of recorded genres from two, data/real_genres
- mood_model FOLDER_OF_4Q: data/models/mood_4q
- genre_model FOLDER_OF_4Q FOLDER_OF_GTZAN_MINI: data/models/genre_real

What a table has already isn't measured again.
"""

import inspect
import os
from collections.abc import Callable, Iterable
from itertools import product
from pathlib import Path

import joblib
import librosa
import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from mercore import FACTS, UserError, corpora, data_dir, evaluation, features, networks, training
from mercore.corpora import clips, splits
from mercore.study import tables

DIFFICULTY = FACTS / "embedded_difficulty.csv"
BASELINE = "MFCC mean and deviation, SVM"
FOLDS, SEED = 5, 0
SAME_GENRE = {"blues": "Blues", "country": "Country", "hiphop": "Rap", "jazz": "Jazz", "pop": "Pop & Rock",
              "reggae": "Reggae", "rock": "Pop & Rock", "Pop/Rock": "Pop & Rock"}  # fmt: skip


def run(name: str, arguments: list[str]) -> None:
    """Run one of the experiments. Raises UserError for an unknown one, or for other arguments than it takes."""
    from mercore.study import ablations, models

    experiments: dict[str, Callable] = {
        "difficulty": difficulty,
        "ablations": ablations.ablations,
        "real_genres": real_genres,
        "mood_model": models.mood_model,
        "genre_model": models.genre_model,
    }
    if name not in experiments:
        raise UserError(f"there is no study {name!r}: choose one of {', '.join(experiments)}")
    signature = inspect.signature(experiments[name])
    try:
        signature.bind(*arguments)
    except TypeError as error:
        raise UserError(f"{name} takes {' '.join(map(str, signature.parameters.values())).upper()}") from error
    experiments[name](*arguments)


def train_folds(
    corpus: corpora.Corpus, key: str, profile: str, tested: Iterable[int] = range(FOLDS), **options
) -> list:
    """Train a network on some of FOLDS folds of a corpus."""
    return [training.train(corpus, key, profile, folds=FOLDS, fold=fold, **options) for fold in tested]


def fill_table(path: Path, table: pd.DataFrame, tasks: list, sort: Callable) -> None:
    """Run tasks, two at a time, that each return a key and a row; write the sorted table after each of them."""
    os.environ["TF_NUM_INTRAOP_THREADS"] = str(max(1, joblib.cpu_count() // 2))
    rows = table.to_dict("index")
    for key, row in joblib.Parallel(2, return_as="generator_unordered")(tasks):
        print(key, row, flush=True)
        rows[key] = row
        found = sort(pd.DataFrame.from_dict(rows, orient="index").rename_axis(table.index.names))
        scratch = path.with_suffix(".part")
        found.to_csv(scratch, float_format="%.4f", lineterminator="\n")
        os.replace(scratch, path)


def difficulty() -> None:
    """Measure every network in profile `quick`, and an SVM, on the embedded corpora: five folds, pooled."""
    prints = {task: corpora.open_corpus("embedded", task).fingerprint for task in ("genre", "mood")}
    keys = ["task", "model", "protocol"]
    table = pd.read_csv(DIFFICULTY, index_col=keys)
    table = table[table["fingerprint"] == table.index.get_level_values("task").map(prints)]
    wanted = [(task, BASELINE, "artist") for task in prints]
    wanted += [(task, key, protocol) for protocol, task, key in product(("artist", "clip"), prints, networks.names())]
    tasks = [joblib.delayed(_measure_difficulty)(*key) for key in wanted if key not in table.index]
    fill_table(DIFFICULTY, table, tasks, lambda found: found.sort_values(["task", "protocol", "model"]))


def _measure_difficulty(task: str, model: str, protocol: str) -> tuple[tuple, dict]:
    corpus = corpora.open_corpus("embedded", task)
    if model == BASELINE:
        predictions = _timbre_baseline(corpus)
    else:
        predictions = tables.pooled_test(train_folds(corpus, model, "quick", protocol=protocol, seed=SEED))
    accuracy, low, high = evaluation.accuracy_interval(predictions)
    row = {"folds": FOLDS, "seed": SEED, "tracks": predictions["track"].nunique(), "clips": len(predictions),
           "accuracy": accuracy, "low": low, "high": high, "fingerprint": corpus.fingerprint}  # fmt: skip
    return (task, model, protocol), row


def _timbre_baseline(corpus: corpora.Corpus) -> pd.DataFrame:
    """Test predictions of an RBF support vector machine on mean and deviation of a clip's 20 MFCCs."""
    table = clips.cut(corpus.usable)
    parts: list = []
    for track, starts in table.groupby("track", sort=False)["start"]:
        y = features.load(corpus.tracks.loc[track, "path"])
        mfccs = [librosa.feature.mfcc(y=features.slice_clip(y, start), sr=features.SAMPLE_RATE) for start in starts]
        parts += [np.concatenate([mfcc.mean(axis=1), mfcc.std(axis=1)]) for mfcc in mfccs]
    x, tested = np.array(parts), []
    for fold in range(FOLDS):
        split = splits.make(corpus, table, "artist", SEED, folds=FOLDS, fold=fold)
        fitted = np.concatenate([split.train, split.validation])  # nothing is chosen, so all of it may teach
        machine = make_pipeline(StandardScaler(), SVC(C=3.0)).fit(x[fitted], table["label"][fitted])
        tested.append(table.loc[split.test].assign(predicted=machine.predict(x[split.test])))
    return pd.concat(tested)


def real_genres(four_quadrant: str, gtzan_mini: str) -> Path:
    """Write data/real_genres/tracks.csv: 4Q's tracks with a single tag, and GTZAN-mini's of the same genres.

    It names the files where they lie. Classical, disco and metal are left out: only GTZAN-mini has them, so that the
    sound of its files would give them away, and classical is by one artist.
    """
    tags = corpora.open_corpus(four_quadrant, "genre").usable
    mini = corpora.open_corpus(gtzan_mini).usable
    table = pd.concat([tags, mini[mini["label"].isin(list(SAME_GENRE))]])[["path", "label", "artist", "title"]]
    folder = data_dir() / tables.REAL_GENRES
    folder.mkdir(parents=True, exist_ok=True)
    table.replace({"label": SAME_GENRE}).to_csv(folder / "tracks.csv", index=False, lineterminator="\n")
    print(corpora.summarise(corpora.open_corpus(folder, "genre")))
    return folder
