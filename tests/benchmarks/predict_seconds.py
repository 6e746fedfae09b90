"""Seconds that 100 snippets of a six-minute song take once a network is loaded.

    .venv/bin/python tests/benchmarks/predict_seconds.py

Options: the networks (runs or models), default the committed ones. The song is noise in stereo at 44,100 Hz, written
as WAV, FLAC, OGG and MP3; imports, loading the network and its first prediction (for which TensorFlow compiles) aren't
counted. Prints seconds, and asserts nothing: machines differ.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

from mercore import models, predict

SECONDS, RATE = 360, 44_100


def write_song(path: Path) -> Path:
    """Coloured noise that swells and fades every ten seconds."""
    rng = np.random.default_rng(0)
    with soundfile.SoundFile(path, "w", RATE, 2) as file:
        for second in range(SECONDS):
            y = np.cumsum(rng.normal(0, 0.01, (RATE, 2)), axis=0)
            file.write((y - y.mean(axis=0)) * (0.05 + 0.04 * np.sin(second / 10 * 2 * np.pi)))
    return path


def main() -> None:
    networks = [predict.open_network(name) for name in sys.argv[1:] or models.names()]
    print(f"{', '.join(run.id for run in networks)}; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        predict.predict_song(write_song(Path(folder, "first.wav")), networks, count=100)
        for suffix in ("wav", "flac", "ogg", "mp3"):
            path = write_song(Path(folder, f"song.{suffix}"))
            start, cpu = time.perf_counter(), time.process_time()
            predict.predict_song(path, networks, count=100)
            print(
                f"{suffix}: {time.perf_counter() - start:.1f} s, {time.process_time() - cpu:.1f} s of processor time"
            )


if __name__ == "__main__":
    main()
