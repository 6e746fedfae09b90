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

from mercore import corpora, evaluation, features, networks, training
from mercore.corpora import clips, splits
from mercore.features import cache
from mercore.training import runs, trainer

FMA_LARGE, MILLION = 106_574, 1_000_000
CLIPS = training.PROFILES["report"].clips_per_track
TRACKS_OF_CLASS = 50  # in the epochs
CLASSES, TRACKS_OF_ARTIST = 16, 6.5  # of the tables made up: FMA's top genres; its 106,574 tracks by 16,341 artists
FOLDS, CORES, MACHINES = 5, 16, (1, 4, 16, 64)  # of the sweeps that are computed

# From one run of `measure`, see notebooks/scale.md for the machine and its load.
MEASURED = {
    "opening": 21.0, "log_mel": 35.0, "waveform": 24.7,  # s for 1,000 tracks
    "writing": 0.65, "dealing": 0.038,  # s for 1,000 tracks, with tables as long as FMA-large's
    "table": 11.5,  # kB of memory a track, from half of FMA-large to all of it
    "predictions": 0.39, "inspection": 0.30,  # MB on disk for 1,000 tracks
    "training": 2.2,  # GB at most, of a process on 200 tracks
    "epoch": {  # s for 1,000 clips
        "report": {"conv": 1.79, "blstm": 2.19, "bgru": 2.30, "conv_blstm": 2.02, "conv_bgru": 2.17, "end2end": 13.79,
                   "end2end_gru": 14.41},
        "tuned": {"conv": 0.57, "blstm": 1.34, "bgru": 1.35, "conv_blstm": 0.63, "conv_bgru": 0.64, "end2end": 1.42,
                  "end2end_gru": 1.51},
    },
}  # fmt: skip


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
    from mercore.training import fit

    ends = []

    class Watch(fit.Listener):
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
    timed("key", lambda: cache._key(corpus, table, "log_mel", features.shape("log_mel"), features.DEFAULT))
    p = np.random.default_rng(0).dirichlet(np.ones(CLASSES), len(table)).astype(np.float32)
    prepared = training.Prepared(corpus, table, split, None, training.profile("quick"))
    predictions = timed("predictions", lambda: trainer._prediction_table(prepared, p))
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
        for profile in ("report", "tuned"):
            for key in networks.names():
                took = in_fresh_process(epoch, folder, scratch, key, profile)
                print("epoch", profile, key, f"{took.result:.2f} s, peak {took.peak_mb:.0f} MB", flush=True)
        for count in (1000, FMA_LARGE // 2, FMA_LARGE):
            took = in_fresh_process(tables, count, scratch)
            print("tables", count, took.result, f"peak {took.peak_mb:.0f} MB", flush=True)
    print("load", os.getloadavg())


def disk(tracks: int, kind: str) -> float:
    """GB of a cache of features: 16 bits each."""
    return tracks * CLIPS * 2 * np.prod(features.shape(kind)) / 1e9


def once(tracks: int) -> float:
    """Core hours that each machine spends before its first training: opening the corpus, both kinds of features."""
    return sum(MEASURED[step] for step in ("opening", "log_mel", "waveform")) * tracks / 1000 / 3600


def trainings(tracks: int, profile: str) -> dict[str, float]:
    """Core hours of one training of each network, if all epochs of the profile are run."""
    epochs = training.PROFILES[profile].epochs
    return {key: s * epochs * CLIPS * tracks / 1000 / 3600 for key, s in MEASURED["epoch"][profile].items()}


def sweep(tracks: int, profile: str, machines: int) -> float:
    """Hours, at most, of all networks on all folds: whenever a core is free it takes the next (Graham 1969)."""
    hours = trainings(tracks, profile)
    return once(tracks) / CORES + FOLDS * sum(hours.values()) / machines / CORES + max(hours.values())


def memory(tracks: int) -> float:
    """GB of a machine that trains on all cores, the features not counted: the system maps them, and may let go."""
    return CORES * (MEASURED["training"] + MEASURED["table"] * tracks / 1e6)


def markdown(head: list[str], rows: list[list]) -> str:
    """A table as the page has it."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_shown(cell) for cell in line) + " |" for line in lines)


def _shown(cell: str | float) -> str:
    if isinstance(cell, str):
        return cell
    return f"{cell:,.0f}" if cell >= 10 else f"{cell:.2g}"


def page() -> list[str]:
    """The tables of notebooks/scale.md that follow from MEASURED."""
    sizes = (1000, FMA_LARGE, MILLION)
    names = ["", *(f"{tracks:,} tracks" for tracks in sizes)]
    rows = {
        "opening and both features, core hours a machine": once,
        "log-mels on disk, GB": lambda n: disk(n, "log_mel"),
        "waveforms on disk, GB": lambda n: disk(n, "waveform"),
        f"memory of {CORES} trainings at once, GB": memory,
        "predictions of a run on disk, MB": lambda n: MEASURED["predictions"] * n / 1000,
        "writing them, minutes a run": lambda n: MEASURED["writing"] * n / 1000 / 60,
    }
    needs = markdown(names, [[name, *(of(tracks) for tracks in sizes)] for name, of in rows.items()])
    found = {
        "opening a corpus for the first time: every file read and decoded, faults and copies found, s": "opening",
        "decoding, resampling, log-mels, writing them, s": "log_mel",
        "decoding, resampling, waveforms, writing them, s": "waveform",
        "dealing five folds by artist, s": "dealing",
        "writing the predictions of a run, for 16 classes, s": "writing",
        "these predictions on disk, MB": "predictions",
        "what was found in the files, on disk, MB": "inspection",
        "memory of a process for its tables, MB": "table",
    }
    costs = markdown(["for 1,000 tracks", ""], [[what, f"{MEASURED[name]:g}"] for what, name in found.items()])
    epochs = markdown(
        ["s for 1,000 clips", *(f"`{profile}`" for profile in MEASURED["epoch"])],
        [
            [f"`{key}`", *(f"{of[key]:.2f}" for of in MEASURED["epoch"].values())]
            for key in MEASURED["epoch"]["report"]
        ],
    )
    cases = [(profile, tracks) for profile in MEASURED["epoch"] for tracks in sizes[1:]]
    columns = [f"`{profile}`, {tracks:,}" for profile, tracks in cases]
    each = [
        [f"`{key}`", *(trainings(tracks, profile)[key] for profile, tracks in cases)]
        for key in MEASURED["epoch"]["report"]
    ]
    all_of_them = [
        [f"{machines} x {CORES} cores", *(sweep(tracks, profile, machines) for profile, tracks in cases)]
        for machines in MACHINES
    ]
    return [costs, epochs, needs, markdown(["core hours", *columns], each), markdown(["hours", *columns], all_of_them)]


if __name__ == "__main__":
    if sys.argv[1:] == ["page"]:
        print("\n\n".join(page()))
    elif len(sys.argv) == 3 and sys.argv[1] == "measure":
        measure(sys.argv[2])
    else:
        sys.exit(__doc__)
