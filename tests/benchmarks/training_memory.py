"""Peak memory of training each network of preset `report` on 1,000 tracks of 30 s, extraction included.

    .venv/bin/python tests/benchmarks/training_memory.py [TRACKS]

The memory is the process' own: the cache of features is a mapped file, whose pages the system may take back at any
time. A training is stopped after twenty steps, by when it holds all that it will; then it tests itself as usual. The
reference is what the report's way holds before it trains: all pieces of raw audio, float32, once in a list and once in
an array.
"""

import os
import sys
import tempfile
from pathlib import Path

from measuring import Row, in_fresh_process, show
from reading import PIECE, PIECES, write_tracks

WANTED, STEPS = 2000, 20


def train(music: str, data: str, key: str) -> int:
    """The parameters of a network that was trained for some steps."""
    os.environ["MERCORE_DATA"] = data
    from mercore import corpora, networks, training
    from mercore.training import fit

    class Some(fit.Listener):
        attentive = True

        def tell(self, text: str) -> None:
            pass

        def step(self, done: int, of: int) -> None:
            self.stopped = done >= STEPS

    corpus = corpora.open_corpus(music)
    training.prepare(corpus, networks.input_kind(key), training.PROFILES["report"], "track")
    return training.train(corpus, key, "report", "track", listener=Some()).parameters


def measure(count: int = 1000) -> list[Row]:
    """A row a network; they share one folder of noise, and each its kind of features."""
    from mercore import networks

    rows, held = [], 2 * 4e-6 * PIECE * PIECES * count
    with tempfile.TemporaryDirectory() as folder:
        for label in ("left", "right"):
            Path(folder, "music", label).mkdir(parents=True)
        for i, path in enumerate(write_tracks(Path(folder), count)["path"]):
            Path(path).rename(Path(folder, "music", ("left", "right")[i % 2], Path(path).name))
        for key in networks.KEYS:
            took = in_fresh_process(train, f"{folder}/music", f"{folder}/data", key)
            what = f"memory of training {key} on {count:,} tracks"
            rows.append(Row(what, took.peak_mb, held, "MB", "the report's arrays of raw audio", WANTED, at_most=True))
            show(rows[-1:])
    return rows


if __name__ == "__main__":
    measure(*map(int, sys.argv[1:]))
