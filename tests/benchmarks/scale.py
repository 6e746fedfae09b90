"""What a corpus of any size needs: measures what notebooks/scale.md computes with, and computes it.

    .venv/bin/python tests/benchmarks/scale.py measure FOLDER_OF_4Q    prints what MEASURED holds, by and by
    .venv/bin/python tests/benchmarks/scale.py page                    prints the page's tables, from MEASURED

Seconds are a processor's (user and system, all threads), not a clock's: they add up, and other programs move them
little. Tables are measured on made-up ones of the very sizes, so nothing of them is extrapolated.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from measuring import in_fresh_process, machine

from mercore import clips, corpora, evaluation, features, runs, splits, training

FMA_LARGE, MILLION = 106_574, 1_000_000
CLIPS = training.PROFILES["report"].clips_per_track
TRACKS_OF_CLASS = 50  # in the epochs
CLASSES, TRACKS_OF_ARTIST = 16, 6.5  # of the tables made up: FMA's top genres; its 106,574 tracks by 16,341 artists


def reading(folder: str, data: str) -> dict[str, float]:
    """Processor seconds for 1,000 tracks of opening a corpus for the first time, and of extracting its features."""
    os.environ["MERCORE_DATA"] = data
    started = time.process_time()
    corpus = corpora.open_corpus(folder, "mood")
    found = {"opening": time.process_time() - started}
    for kind in ("log_mel", "waveform"):
        started = time.process_time()
        training.prepare(corpus, kind, training.PROFILES["report"], "all")
        found[kind] = time.process_time() - started
    size = corpus.usable["path"].map(os.path.getsize).sum()
    cache = sum(path.stat().st_size for path in Path(data, "cache", "inspection").iterdir())
    tracks = len(corpus.usable)
    return {
        **{k: v * 1000 / tracks for k, v in found.items()},
        "MB": size / tracks / 1000,
        "inspection MB": cache / tracks / 1000,
    }


def epoch(folder: str, data: str, key: str, profile: str) -> float:
    """Processor seconds of a whole epoch with its validation, for 1,000 clips of the corpus; the second of two."""
    os.environ.update(MERCORE_DATA=data, TF_NUM_INTRAOP_THREADS="1")
    from mercore import fitting

    ends = []

    class Watch(fitting.Listener):
        def tell(self, text: str) -> None:
            pass

        def epoch(self, history, settings) -> None:
            ends.append(time.process_time())

    corpus = corpora.subset(corpora.open_corpus(folder, "mood"), TRACKS_OF_CLASS)
    run = training.train(corpus, key, profile, "track", epochs=2, reuse=False, listener=Watch())
    return (ends[1] - ends[0]) * 1000 / len(run.predictions)


def made_up(count: int) -> corpora.Corpus:
    """A corpus' table of this many tracks, with strings as long as real ones; no audio."""
    rng, numbers = np.random.default_rng(0), range(count)
    artists = np.array([f"Artist number {n}" for n in range(round(count / TRACKS_OF_ARTIST))], object)
    labels = np.array([f"Genre {n:02}" for n in range(CLASSES)], object)
    columns = {
        "path": [f"/music/fma_large/{n // 1000:03}/{n:06}.mp3" for n in numbers],
        "label": labels[rng.integers(CLASSES, size=count)],
        "artist": artists[rng.integers(len(artists), size=count)],
        "title": [f"A title of usual length, {n}" for n in numbers],
        **dict.fromkeys(("split", "same_as", "tags", "note", "fault"), ""),
        "duration": 30.0,
        "sample_rate": 44_100,
        "channels": 2,
        "digest": [f"{n:040x}" for n in numbers],
    }
    index = pd.Index([f"{n:06}" for n in numbers], name="track")
    return corpora.Corpus("made up", "genre", Path("/music"), pd.DataFrame(columns, index), tuple(labels), "", "")


def tables(count: int, folder: str) -> dict[str, float]:
    """Processor seconds of what a run does with its tables, and the bytes of the predictions that it keeps."""
    found = {}

    def timed(name: str, function):
        started = time.process_time()
        result = function()
        found[name] = time.process_time() - started
        return result

    corpus = made_up(count)
    timed("fingerprint", lambda: corpus.fingerprint)
    table = timed("cut", lambda: clips.cut(corpus.usable, per_track=CLIPS))
    split = timed("split", lambda: splits.make(corpus, table, "artist", 0, folds=5, fold=0))
    timed("key", lambda: features._key(corpus, table, "log_mel", features.shape("log_mel")))
    p = np.random.default_rng(0).dirichlet(np.ones(CLASSES), len(table)).astype(np.float32)
    prepared = training.Prepared(corpus, table, None, split)
    predictions = timed("predictions", lambda: training._table(prepared, p))
    path = Path(folder, runs.PREDICTIONS)
    timed("write", lambda: runs.write_predictions(predictions, path))
    timed("read", lambda: pd.read_csv(path, keep_default_na=False, dtype={"track": str, "label": str, "artist": str}))
    timed("interval", lambda: evaluation.accuracy_interval(predictions[predictions["side"] == "test"]))
    return {**found, "predictions MB": path.stat().st_size / 1e6}


def measure(folder: str) -> None:
    """Print everything, each in a process of its own."""
    print(machine(), "load", os.getloadavg(), flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        print("reading", in_fresh_process(reading, folder, scratch).result, "load", os.getloadavg(), flush=True)
        for profile, networks in training.EPOCH_SECONDS.items():
            for key in networks if profile in ("report", "tuned") else ():
                took = in_fresh_process(epoch, folder, scratch, key, profile)
                print("epoch", profile, key, f"{took.result:.2f} s, peak {took.peak_mb:.0f} MB", flush=True)
        for count in (1000, FMA_LARGE // 2, FMA_LARGE):
            took = in_fresh_process(tables, count, scratch)
            print("tables", count, took.result, f"peak {took.peak_mb:.0f} MB", flush=True)
    print("load", os.getloadavg())


if __name__ == "__main__":
    measure(sys.argv[2])
