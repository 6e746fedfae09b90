"""Decoding, resampling and log-mels of 900 MP3s of 30 s, as many as 4Q has, into the cache.

    .venv/bin/python tests/benchmarks/mp3s.py [FOLDER]

FOLDER: 4Q, or another corpus; without one, 90 songs of coloured noise in stereo at 44,100 Hz, counted ten times.
The reference is librosa's way, one file after the other: load, cut, a mel-spectrogram a clip; on a tenth of them.
"""

import sys
import tempfile
from pathlib import Path

import librosa
import numpy as np
import pandas as pd
import soundfile
from log_mel import one_call_a_clip
from measuring import Row, in_fresh_process, show
from reading import extract

from mercore import corpora

RATE, SECONDS, COUNT, WANTED = 44_100, 30, 900, 30
PART = 10  # the reference reads every tenth


def write_songs(folder: Path, count: int) -> pd.DataFrame:
    """Songs of coloured noise; the table of tracks as a corpus has it."""
    rng = np.random.default_rng(0)
    y = np.cumsum(rng.normal(0, 0.01, (RATE * SECONDS, 2)), axis=0)
    y -= np.linspace(y[0], y[-1], len(y))
    y *= 0.5 / np.abs(y).max()
    paths = [folder / f"song{i:03}.mp3" for i in range(count)]
    for i, path in enumerate(paths):
        soundfile.write(path, np.roll(y, RATE * i, axis=0), RATE)
    columns = {"path": list(map(str, paths)), "label": "noise", "artist": "", "duration": float(SECONDS)}
    return pd.DataFrame(columns, index=pd.Index([path.stem for path in paths], name="track"))


def librosas_way(paths: list[str]) -> int:
    """How many log-mels it makes."""
    return sum(len(one_call_a_clip(librosa.load(path)[0])) for path in paths)


def measure(folder: str | None = None) -> list[Row]:
    """Seconds for 900 of them."""
    with tempfile.TemporaryDirectory() as scratch:
        tracks = corpora.open_corpus(folder, "mood").usable if folder else write_songs(Path(scratch), COUNT // 10)
        few, part = tracks.head(2), list(tracks["path"][::PART])
        ours = in_fresh_process(extract, tracks, scratch, "log_mel", warm=(few, scratch, "log_mel"))
        plain = in_fresh_process(librosas_way, part, warm=(part[:1],))
    seconds, reference = (COUNT * took.seconds / n for took, n in ((ours, len(tracks)), (plain, len(part))))
    what = f"{COUNT} MP3s to log-mels"
    return [Row(what, seconds, reference, "s", "librosa, a clip at a time", WANTED, at_most=True)]


if __name__ == "__main__":
    show(measure(*sys.argv[1:]))
