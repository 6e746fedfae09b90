"""Reading and cutting 1,000 tracks like GTZAN's: the report's way against ours, in time and in memory.

    .venv/bin/python tests/benchmarks/reading.py [TRACKS]

The report's way is written anew from what is known of its code: `librosa.load` for each file, ten equal pieces of it,
each cut to 65,999 samples, as float32 arrays in a list, and one big array of them at the end. Ours are the same
pieces, framed for the same network, once merely read and cut, track by track, and once by `features.extract`, written
to its cache. The tracks are noise, 16 bits, mono, 22,050 Hz, 30 s.
"""

import os
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import joblib
import librosa
import numpy as np
import pandas as pd
import soundfile
from measuring import Row, in_fresh_process, show

from mercore import features
from mercore.corpora import clips

RATE, SAMPLES, PIECES, PIECE = 22_050, 661_794, 10, 65_999


def write_tracks(folder: Path, count: int) -> pd.DataFrame:
    """Noise whose level swells; the table of tracks as a corpus has it."""
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.2, SAMPLES) * (1 + np.sin(np.arange(SAMPLES) / 3 / RATE)) / 2
    paths = [folder / f"noise.{i:05}.wav" for i in range(count)]
    for i, path in enumerate(paths):
        soundfile.write(path, np.clip(np.roll(noise, 997 * i), -1, 1), RATE, subtype="PCM_16")
    columns = {"path": list(map(str, paths)), "label": "noise", "artist": "", "duration": SAMPLES / RATE}
    return pd.DataFrame(columns, index=pd.Index([path.stem for path in paths], name="track"))


def reports_way(paths: list[str]) -> tuple[int, ...]:
    """The shape of one array of all pieces."""
    pieces = []
    for path in paths:
        y, _ = librosa.load(path)
        size = len(y) // PIECES
        pieces += [y[i * size : (i + 1) * size][:PIECE] for i in range(PIECES)]
    return np.array(pieces).shape


def read_and_cut(tracks: pd.DataFrame) -> int:
    """How many pieces our way reads and cuts, a track at a time on both cores."""
    starts = clips.cut(tracks.head(1))["start"].to_numpy()

    def one(path: str) -> int:
        return len(features.compute(features.load(path), starts, "waveform"))

    return sum(joblib.Parallel(2, prefer="threads")(joblib.delayed(one)(path) for path in tracks["path"]))


def extract(tracks: pd.DataFrame, folder: str, kind: str = "waveform") -> tuple[int, ...]:
    """The shape of the features in a cache of their own."""
    os.environ["MERCORE_DATA"] = folder
    corpus = SimpleNamespace(name="noise", tracks=tracks, fingerprint=f"{len(tracks)} tracks of noise")
    return features.extract(corpus, clips.cut(tracks), kind).shape


def measure(count: int = 1000) -> list[Row]:
    """Time and memory of both ways, one after the other; files are in the system's cache before either."""
    with tempfile.TemporaryDirectory() as folder:
        tracks = write_tracks(Path(folder), count)
        for path in tracks["path"]:
            Path(path).read_bytes()
        few = tracks.head(2)
        report = in_fresh_process(reports_way, list(tracks["path"]), warm=(list(few["path"]),))
        ours = in_fresh_process(read_and_cut, tracks, warm=(few,))
        kept = in_fresh_process(extract, tracks, folder, warm=(few, folder))
    assert report.result == (PIECES * count, PIECE) and kept.result[0] == ours.result == PIECES * count
    what, against = f"{count:,} tracks read and cut", "the report's way"
    return [
        Row(what, ours.seconds, report.seconds, "s", against, 10),
        Row(f"{what}, in the cache", kept.seconds, report.seconds, "s", against, 5),
        Row(f"{what}: memory", ours.peak_mb, report.peak_mb, "MB", against, 10),
        Row(f"{what}, in the cache: memory", kept.peak_mb, report.peak_mb, "MB", against, 10),
    ]


if __name__ == "__main__":
    show(measure(*map(int, sys.argv[1:])))
