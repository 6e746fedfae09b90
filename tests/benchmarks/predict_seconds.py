"""Seconds that 100 snippets of a six-minute song take: from the shell, with the network loaded, and the plain way.

    .venv/bin/python tests/benchmarks/predict_seconds.py [NETWORK...]

NETWORK: runs or models, default the committed ones. The song is noise in stereo at 44,100 Hz. Cold is the whole
command, with Python, its imports and the network; warm is what each further song of a folder takes. The plain way,
with the network loaded as well, is librosa's for the song and for each snippet, and a call of the network for each.
First comes what all commands begin with: Python's start and `import mercore`, beside the same with TensorFlow.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import librosa
import numpy as np
import soundfile
from measuring import Row, show

from mercore.corpora import clips
from mercore.songs import predict
from mercore.training import pretrained

SECONDS, RATE, SNIPPETS = 360, 44_100, 100
WANTED, WANTED_IMPORT = 5, 0.3  # seconds: a song, warm; from the start of Python to the imported package


def write_song(path: Path) -> Path:
    """Coloured noise that swells and fades every ten seconds."""
    rng = np.random.default_rng(0)
    with soundfile.SoundFile(path, "w", RATE, 2) as file:
        for second in range(SECONDS):
            y = np.cumsum(rng.normal(0, 0.01, (RATE, 2)), axis=0)
            file.write((y - y.mean(axis=0)) * (0.05 + 0.04 * np.sin(second / 10 * 2 * np.pi)))
    return path


def the_plain_way(path: Path, network) -> None:
    """A call of librosa and one of the network for each snippet."""
    y, rate = librosa.load(path)
    for start in clips.draw_snippets(len(y) / rate, SNIPPETS):
        clip = y[round(start * rate) :][: 3 * rate]
        mel = librosa.power_to_db(librosa.feature.melspectrogram(y=clip, sr=rate), top_db=80)
        network.model().predict(network.normaliser.apply(mel[None]), verbose=0)


def timed(function, *arguments) -> float:
    """Seconds of a call."""
    started = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - started


def from_the_shell(path: Path, names: list[str]) -> None:
    """`python -m mercore predict`, from the start of Python to its end."""
    runs = [word for name in names for word in ("--run", name)]
    subprocess.run([sys.executable, "-m", "mercore", "predict", path, *runs], check=True, stdout=subprocess.DEVNULL)


def imported(package: str) -> None:
    """A Python of its own that imports a package and ends."""
    subprocess.run([sys.executable, "-c", f"import {package}"], check=True, stderr=subprocess.DEVNULL)


def measure(*given: str) -> list[Row]:
    """A row for the cold start, one a format for each further song, and one against the plain way."""
    names = list(given) or pretrained.names()
    networks = [predict.open_network(name) for name in names]
    with tempfile.TemporaryDirectory() as folder:
        predict.predict_song(write_song(Path(folder, "first.wav")), networks, count=SNIPPETS)
        paths = [write_song(Path(folder, f"song.{suffix}")) for suffix in ("wav", "flac", "ogg", "mp3")]
        plain = timed(the_plain_way, paths[0], networks[0])
        package, library = (min(timed(imported, name) for _ in range(3)) for name in ("mercore", "tensorflow"))
        rows = [
            Row("import mercore", package, library, "s", "import tensorflow", WANTED_IMPORT, at_most=True),
            Row("a song predicted, cold", timed(from_the_shell, paths[0], names), None, "s"),
        ]
        for path in paths:
            warm = timed(predict.predict_song, path, networks, SNIPPETS)
            rows.append(Row(f"a song predicted, warm, {path.suffix[1:]}", warm, None, "s", "", WANTED, at_most=True))
    of_wav = rows[2].ours
    return [*rows, Row("a song predicted, warm, wav", of_wav, plain, "s", "a call a snippet")]


if __name__ == "__main__":
    show(measure(*sys.argv[1:]))
