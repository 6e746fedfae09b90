"""The committed records of trainings on real music: kept, verified, trained again. Explained in 09_beyond_the_report.

A record is a run without its weights: record.json and predictions.csv.gz in a folder of data/records, with the
metrics that follow from the predictions, and snippets.csv, what a network of the case studies makes of the composed
songs. It is small enough for git and enough for every figure of results. Of the many folds of a cross-validation the
predictions of the training side are left out.
"""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from mercore import FACTS, UserError, _files, corpora, evaluation, songs, training
from mercore._files import atomic_directory, translate_write_errors
from mercore.study import baselines
from mercore.training import runs

RECORDS = FACTS / "records"
CASE_NETWORKS = {"genre": "end2end_gru", "mood": "conv"}  # the report's choice of networks, by task
DRAWN = ("quick", "report")  # the profiles whose songs are drawn
SNIPPETS = "snippets.csv"  # what these make of the composed songs
SAVED_DIGITS = 4
FEWEST_SEEDS = 3  # that foretell another one


def metrics(run: runs.Run) -> dict[str, float]:
    """What the predictions of a run are worth, to four digits: accuracies by side, of test with interval and votes.

    test_low, test_high: 95 % interval by `evaluation.accuracy_interval`. track_mean, track_majority: accuracy of
    the clips' votes, left out by `clip`, which leaves too few clips of a track.
    """
    test = run.side("test")
    estimate, low, high = evaluation.accuracy_interval(test)
    found = {side: run.accuracy(side) for side in ("train", "validation")}
    found |= {"test": estimate, "test_low": low, "test_high": high, "balanced": evaluation.balanced_accuracy(test)}
    if run.config["protocol"] != "clip":
        found |= {f"track_{how}": evaluation.accuracy(evaluation.vote(test, how)) for how in ("mean", "majority")}
    return {name: round(value, SAVED_DIGITS) for name, value in found.items() if np.isfinite(value)}


def keep(run: runs.Run, root: Path | None = None) -> Path:
    """Copy a finished run's record, with its metrics, to the committed records; returns its folder.

    Raises UserError where a record of that name is there already with other content.
    """
    if run.config["fold"] is not None:
        run = replace(run, predictions=run.predictions[run.predictions["side"] != "train"])
    record = json.loads((run.folder / runs.RECORD).read_text(encoding="utf-8")) | {"metrics": metrics(run)}
    record["corpus"].pop("path", None)  # of this machine
    text = json.dumps(record, indent=1) + "\n"
    root = root or RECORDS
    target = root / run.id
    if target.exists():
        if (target / runs.RECORD).read_text(encoding="utf-8") == text:
            return target
        raise UserError(f"{target}: another record of this name is there; move it away first")
    with translate_write_errors(target), atomic_directory(root) as scratch:
        (scratch / runs.RECORD).write_text(text, encoding="utf-8")
        runs.write_predictions(run.predictions, scratch / runs.PREDICTIONS)
        if CASE_NETWORKS.get(run.corpus["task"]) == run.config["network"] and run.config["profile"] in DRAWN:
            _hear_songs(run).to_csv(scratch / SNIPPETS, float_format="%.4f", lineterminator="\n")
        return scratch.rename(target)


def _hear_songs(run: runs.Run) -> pd.DataFrame:
    """Probabilities of 100 snippets of each composed song: a row each, by song and start (s)."""
    heard = {slug: songs.analyse(songs.open_song(slug), run).probabilities for slug in songs.COMPOSED_SONGS}
    return pd.concat(heard, names=["song"])


def analyses(run: runs.Run) -> list[songs.Analysis]:
    """What a record's network made of the composed songs; none where it is no network of the case studies."""
    path = run.folder / SNIPPETS if run.folder else None
    if not path or not path.is_file():
        return []
    columns = {"song": str, "start": float} | dict.fromkeys(run.classes, float)
    heard, task = _files.parse_csv(_files.read_text(path), path, dtype=columns), run.corpus["task"]
    if columns.keys() - set(heard) or set(songs.COMPOSED_SONGS) - set(heard["song"]):
        raise UserError(f"{path}: isn't of these songs and classes")
    heard = heard.set_index(["song", "start"])[list(run.classes)]
    return [
        songs.Analysis(songs.open_song(slug).restrict_labels(run), task, heard.loc[slug], run.clip_seconds)
        for slug in songs.COMPOSED_SONGS
    ]


def load_all(root: Path | None = None) -> list[runs.Run]:
    """All committed records, by name."""
    folders = sorted((root or RECORDS).glob("[!.]*"))
    return [runs.load(folder) for folder in folders if (folder / runs.RECORD).is_file()]


def verify(root: Path | None = None) -> list[str]:
    """Recompute every metric of every record from its predictions; one line for each that differs or can't be."""
    faults = []
    for folder in sorted(path for path in (root or RECORDS).glob("[!.]*") if path.is_dir()):
        try:
            run = runs.load(folder)
            told, found = dict(_files.read_json(folder / runs.RECORD)["metrics"]), metrics(run)
        except (UserError, KeyError, TypeError, ValueError) as error:
            faults.append(f"{folder.name}: {error}")
            continue
        faults += [
            f"{folder.name}: {name} is recorded as {told.get(name)}, its predictions give {found.get(name)}"
            for name in sorted(told.keys() | found.keys())
            if told.get(name) != found.get(name)
        ]
    return faults


def find(name: str) -> runs.Run:
    """A run of data/runs or, failing that, a committed record, by its id."""
    found = [folder for folder in ((runs.runs_dir() / name), RECORDS / name) if folder.is_dir()]
    if not found:
        raise UserError(f"{name}: there is neither such a run below {runs.runs_dir()} nor such a record in {RECORDS}")
    return runs.load(found[0])


def threads(record: runs.Run) -> int:
    """How many threads its training had: with another number of them sums are rounded differently."""
    told = record.environment["threads"]
    return told if isinstance(told, int) else int(told) if told.isdecimal() else record.environment["cores"]


def repeat(record: runs.Run, path: str | None = None, seed: int | None = None) -> runs.Run:
    """Train what a record holds once more, with its own or another seed; never reuses a run.

    path: of the corpus, or 'embedded'; default: where it lay, which committed records don't tell. Says so where that
    corpus isn't the record's, track by track. Raises UserError where there is none.
    """
    config, path = record.config, path or record.corpus.get("path")
    if path is None:
        raise UserError(f"{record.id}: doesn't tell where its music lies; name the folder of {record.corpus['name']}")
    corpus = corpora.open_corpus(path, record.corpus["task"], config["seed"])
    used = corpora.subset(corpus, config["tracks_per_class"]) if config.get("tracks_per_class") else corpus
    if used.fingerprint != record.corpus["fingerprint"]:
        print(f"{corpus.name} at {path} doesn't hold the same tracks as {record.corpus['name']} of the record")
    seed = config["seed"] if seed is None else seed
    if config["profile"] == "baseline":
        return baselines.train(corpus, config["network"], config["protocol"], seed, config["folds"], config["fold"])
    if config["preset"] == "own":
        raise UserError(f"{record.id}: was trained with a function of its user's; call training.train with it again")
    named = ("network", "profile", "protocol", "seed", "input", "features")
    changes = {name: value for name, value in asdict(record.settings).items() if name not in named}
    changes["features"] = record.settings.features
    how = (config["network"], config["profile"], config["protocol"], seed)
    return training.train(corpus, *how, reuse=False, **changes)


def compare(record: runs.Run, again: runs.Run) -> str:
    """In a sentence or two: how far a repetition's test predictions are from the record's, and what else differs."""
    pairs = record.side("test").merge(again.side("test"), on=["track", "start"], suffixes=("", "_again"))
    if not len(pairs) == len(record.side("test")) == len(again.side("test")):
        return f"{len(pairs)} test clips are common to both: another split, or other music"
    columns = [f"p_{label}" for label in record.classes]
    furthest = float(np.abs(pairs[columns].to_numpy() - pairs[[f"{c}_again" for c in columns]].to_numpy()).max())
    same = int((pairs["predicted"] == pairs["predicted_again"]).sum())
    told = f"{same} of {len(pairs)} test clips get the same class, probabilities differ by {furthest:.4f} at most"
    other = [
        f"{key} {was} -> {now}"
        for key, was in record.environment.items()
        if key != "threads" and was != (now := again.environment.get(key))
    ]
    if threads(record) != threads(again):
        other.append(f"threads {threads(record)} -> {threads(again)}")
    return told + (f"; what else has changed: {', '.join(other)}" if other else "; the environment is the same")


def place(again: runs.Run, several: list[runs.Run]) -> str:
    """In a sentence: whether a run's test accuracy is as the records of the same training by other seeds foretell.

    By the 95 % prediction interval for one more value, mean +- t s sqrt(1 + 1/n) of n normal ones (Whitmore 1986).
    """

    def told(run: runs.Run) -> tuple[dict, str]:
        return {key: run.config[key] for key in run.config.keys() - {"seed", "split"}}, run.corpus["fingerprint"]

    seeds = {run.config["seed"]: run.accuracy() for run in several if told(run) == told(again)}
    seeds.pop(again.config["seed"], None)
    if len(seeds) < FEWEST_SEEDS:
        return f"{len(seeds)} records differ from it by seed alone: too few to foretell it"
    mean, spread, n = np.mean(list(seeds.values())), np.std(list(seeds.values()), ddof=1), len(seeds)
    half = stats.t.ppf(0.975, n - 1) * spread * np.sqrt(1 + 1 / n)
    inside = "inside" if abs(again.accuracy() - mean) <= half else "OUTSIDE"
    return (
        f"{again.accuracy():.3f} lies {inside} the 95 % prediction interval, {mean - half:.3f} to {mean + half:.3f}, "
        f"of the recorded seeds {', '.join(map(str, sorted(seeds)))}"
    )
