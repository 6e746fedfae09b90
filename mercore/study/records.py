"""The committed records of trainings on real music: commit, verify, train again. Explained in 09_beyond_the_report.

A record is a run without its weights: record.json and predictions.csv.gz in a folder of data/records, with the
metrics that follow from the predictions, and snippets.csv, the predictions of a case-study network for the composed
songs. It is small enough for git and enough for every figure of results. Records of a fold of a cross-validation
leave out the predictions of the training side.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from mercore import FACTS, UserError, _files, corpora, evaluation, songs, training
from mercore._files import atomic_directory, translate_write_errors
from mercore.study import baselines
from mercore.training import runs
from mercore.training.runs import Run

RECORDS = FACTS / "records"
CASE_NETWORKS = {"genre": "end2end_gru", "mood": "conv"}  # the report's choice of networks, by task
DRAWN = ("quick", "report")  # the profiles whose songs are drawn
SNIPPETS = "snippets.csv"
FEWEST_SEEDS = 3  # from which a prediction interval is computed


def metrics(run: Run) -> dict[str, float]:
    """Compute the metrics of a run from its predictions, to four digits.

    Votes of tracks (track_mean, track_majority) are left out by `clip`, which leaves too few clips of a track.
    """
    test = run.side("test")
    estimate, low, high = evaluation.accuracy_interval(test)
    found = {side: run.accuracy(side) for side in ("train", "validation")}
    found |= {"test": estimate, "test_low": low, "test_high": high, "balanced": evaluation.balanced_accuracy(test)}
    if run.config["protocol"] != "clip":
        found |= {f"track_{how}": evaluation.accuracy(evaluation.vote(test, how)) for how in ("mean", "majority")}
    return {name: round(value, 4) for name, value in found.items() if np.isfinite(value)}


def commit(run: Run, root: Path | None = None) -> Path:
    """Copy the record of a finished run, with its metrics, to the committed records; return its folder."""
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
            probabilities = {
                slug: songs.analyse(songs.open_song(slug), run).probabilities for slug in songs.COMPOSED_SONGS
            }
            table = pd.concat(probabilities, names=["song"])  # a row a snippet, by song and start (s)
            table.to_csv(scratch / SNIPPETS, float_format="%.4f", lineterminator="\n")
        return scratch.rename(target)


def song_analyses(run: Run) -> list[songs.Analysis]:
    """Return the analyses of the composed songs that a record holds, if its network is of the case studies."""
    path = run.folder / SNIPPETS if run.folder else None
    if not path or not path.is_file():
        return []
    columns = {"song": str, "start": float} | dict.fromkeys(run.classes, float)
    snippets = _files.parse_csv(_files.read_text(path), path, dtype=columns)
    if columns.keys() - set(snippets) or set(songs.COMPOSED_SONGS) - set(snippets["song"]):
        raise UserError(f"{path}: isn't of these songs and classes; get the record again from the project")
    snippets = snippets.set_index(["song", "start"])[list(run.classes)]
    return [
        songs.Analysis(
            songs.open_song(slug).restrict_labels(run), run.corpus["task"], snippets.loc[slug], run.clip_seconds
        )
        for slug in songs.COMPOSED_SONGS
    ]


def load_all(root: Path | None = None) -> list[Run]:
    """Load all committed records, by name."""
    folders = sorted((root or RECORDS).glob("[!.]*"))
    return [runs.load(folder) for folder in folders if (folder / runs.RECORD).is_file()]


def verify(root: Path | None = None) -> list[str]:
    """Recompute every metric of every record; return a line for each that differs or can't be computed."""
    faults = []
    for folder in sorted(path for path in (root or RECORDS).glob("[!.]*") if path.is_dir()):
        try:
            run = runs.load(folder)
            recorded, computed = dict(_files.read_json(folder / runs.RECORD)["metrics"]), metrics(run)
        except (UserError, KeyError, TypeError, ValueError) as error:
            faults.append(f"{folder.name}: {error}")
            continue
        faults += [
            f"{folder.name}: {name} is recorded as {recorded.get(name)}, its predictions give {computed.get(name)}"
            for name in sorted(recorded.keys() | computed.keys())
            if recorded.get(name) != computed.get(name)
        ]
    return faults


def find(name: str) -> Run:
    """Load a run of data/runs or, failing that, a committed record, by its id."""
    found = [folder for folder in ((runs.runs_dir() / name), RECORDS / name) if folder.is_dir()]
    if not found:
        raise UserError(f"{name}: there is neither such a run below {runs.runs_dir()} nor such a record in {RECORDS}")
    return runs.load(found[0])


def thread_count(record: Run) -> int:
    """Return how many threads its training had: with another number sums are rounded differently."""
    try:
        threads = str(record.environment["threads"])
        return int(threads) if threads.isdecimal() else record.environment["cores"]
    except (KeyError, TypeError) as error:
        raise UserError(f"{record.folder}: its record doesn't say with how many threads it was trained") from error


def repeat(record: Run, path: str | None = None, seed: int | None = None) -> Run:
    """Train once more what a record holds; never reuse a run. Print a warning if the corpus has other tracks.

    `path` is that of the corpus; committed records don't have it, runs do.
    """
    c, path = record.config, path or record.corpus.get("path")
    if path is None:
        raise UserError(f"{record.id}: doesn't have the path of its music; name the folder of {record.corpus['name']}")
    corpus = corpora.open_corpus(path, record.corpus["task"], c["seed"])
    used = corpora.subset(corpus, c["tracks_per_class"]) if c.get("tracks_per_class") else corpus
    if used.fingerprint != record.corpus["fingerprint"]:
        print(f"{corpus.name} at {path} doesn't hold the same tracks as {record.corpus['name']} of the record")
    seed = c["seed"] if seed is None else seed
    if c["profile"] == "baseline":
        return baselines.train(corpus, c["network"], c["protocol"], seed, c["folds"], c["fold"])
    if c["preset"] == "own":
        raise UserError(f"{record.id}: was trained with a function of its user's; call training.train with it again")
    return training.train(corpus, c["network"], reuse=False, config=replace(record.settings, seed=seed))


def compare(record: Run, again: Run) -> str:
    """Report how far the test predictions of a repetition are from the record's, and what else differs."""
    pairs = record.side("test").merge(again.side("test"), on=["track", "start"], suffixes=("", "_again"))
    if not len(pairs) == len(record.side("test")) == len(again.side("test")):
        return f"{len(pairs)} test clips are common to both: another split, or other music"
    columns = [f"p_{label}" for label in record.classes]
    difference = pairs[columns].to_numpy() - pairs[[f"{column}_again" for column in columns]].to_numpy()
    same = int((pairs["predicted"] == pairs["predicted_again"]).sum())
    was, now = (run.environment | {"threads": thread_count(run)} for run in (record, again))
    changed = [f"{key} {was[key]} -> {now.get(key)}" for key in was if was[key] != now.get(key)]
    return (
        f"{same} of {len(pairs)} test clips get the same class, probabilities differ by "
        f"{np.abs(difference).max():.4f} at most; "
        + (f"what else has changed: {', '.join(changed)}" if changed else "the environment is the same")
    )


def within_prediction_interval(again: Run, records: list[Run]) -> str:
    """Report whether a run's test accuracy is as the records of the same training by other seeds predict.

    By the 95 % prediction interval for one more value, mean +- t s sqrt(1 + 1/n) of n normal ones (Whitmore 1986).
    """

    def identity(run: Run) -> tuple[dict, str]:
        return {key: run.config[key] for key in run.config.keys() - {"seed", "split"}}, run.corpus["fingerprint"]

    seeds = {run.config["seed"]: run.accuracy() for run in records if identity(run) == identity(again)}
    seeds.pop(again.config["seed"], None)
    if len(seeds) < FEWEST_SEEDS:
        return f"{len(seeds)} records differ from it by seed alone: too few for a prediction interval"
    mean, spread, n = np.mean(list(seeds.values())), np.std(list(seeds.values()), ddof=1), len(seeds)
    half = stats.t.ppf(0.975, n - 1) * spread * np.sqrt(1 + 1 / n)
    inside = "inside" if abs(again.accuracy() - mean) <= half else "OUTSIDE"
    return (
        f"{again.accuracy():.3f} lies {inside} the 95 % prediction interval, {mean - half:.3f} to {mean + half:.3f}, "
        f"of the recorded seeds {', '.join(map(str, sorted(seeds)))}"
    )
