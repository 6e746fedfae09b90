"""Predict genre and mood of many songs: files in, shares with intervals out. Explained in 08_case_studies."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mercore import UserError, features
from mercore.corpora.validate import AUDIO_SUFFIXES
from mercore.songs.analysis import Analysis, analyse, analyse_over_time, window_step
from mercore.songs.reliability import Reliability, assess_reliability
from mercore.songs.song import Song, one_line, open_song
from mercore.training import pretrained, runs

SONG_SUFFIXES = (*AUDIO_SUFFIXES, ".m4a", ".mp4")
MAX_LINE = 2_000  # characters of a path or an error


def open_network(name: str) -> runs.Run:
    """Open a network by the name of a model in data/models, or by the id or folder of a run.

    Raises:
        UserError: If there is none, or it can't be used.
    """
    if name in pretrained.names():
        return pretrained.load(name)
    folder = Path(name).expanduser()
    folder = folder if folder.is_dir() else runs.runs_dir() / name
    if not folder.is_dir():
        known = ", ".join(pretrained.names()) or "there are none"
        raise UserError(f"{name}: neither a model ({known}) nor a run below {runs.runs_dir()}")
    run = runs.load(folder)
    run.model()  # raises UserError if it is missing or can't be read
    if run.settings.features.version != features.DEFAULT.version:
        raise UserError(f"{folder}: was trained on other features than this version has; train it again")
    return run


def find_songs(paths: Sequence[str | Path]) -> list[Path]:
    """Return these files and, of folders, all audio files in them, and sub-folders that can't be opened.

    Raises:
        UserError: If a folder has no audio file.
    """
    found: list[Path] = []
    for path in map(Path, paths):
        path = path.expanduser()
        if not os.path.isdir(path):  # False as well for what can't be looked at, which `predict_songs` reports
            found.append(path)
            continue
        shut: list[OSError] = []
        below = [Path(here, name) for here, _, names in os.walk(path, onerror=shut.append) for name in names]
        inside = [file for file in below if file.suffix.lower() in SONG_SUFFIXES and file.name[0] != "."]
        inside = sorted([*inside, *(Path(error.filename) for error in shut)])
        if not inside:
            raise UserError(f"{path}: there is no audio file in this folder ({', '.join(SONG_SUFFIXES)})")
        found += inside
    return list(dict.fromkeys(found))


@dataclass(frozen=True)
class Result:
    """What one network predicts for a song; `over_time` is None unless it was asked for."""

    run: runs.Run
    analysis: Analysis
    reliability: Reliability
    over_time: pd.DataFrame | None


@dataclass(frozen=True)
class Prediction:
    """What networks predict for a song, with the seed of the snippets."""

    song: Song
    results: list[Result]
    seed: int


def predict_song(
    path: Path, networks: list[runs.Run], count: int = 100, seed: int = 0, over_time: bool = False
) -> Prediction:
    """Predict one song by each of several networks.

    Args:
        path: An audio file.
        networks: From `open_network`.
        count: The number of snippets.
        seed: The seed of the snippets.
        over_time: Whether to classify a moving window too.

    Raises:
        UserError: If the song can't be opened or is too short.
    """
    if path.is_dir():  # see find_songs
        raise UserError(f"{path}: this folder can't be opened, so its files are skipped")
    song, results = open_song(path), []
    for run in networks:
        if song.duration < run.clip_seconds:
            raise UserError(f"{path}: {song.duration:.1f} s is shorter than the clips of {run.id}")
        analysis = analyse(song, run, count, seed)
        table = analyse_over_time(song, run, window_step(song)) if over_time else None
        results.append(Result(run, analysis, assess_reliability(analysis, run), table))
    return Prediction(song, results, seed)


def predict_songs(
    paths: Sequence[Path], failed: Callable[[str], object], *args, **kwargs
) -> Iterator[tuple[Path, Prediction]]:
    """Predict songs in turn, as `predict_song`; call `failed` with the reason for each that can't be opened."""
    for path in paths:
        try:
            yield path, predict_song(path, *args, **kwargs)
        except UserError as error:
            failed(one_line(str(error), MAX_LINE))
        except (OSError, MemoryError) as error:
            failed(one_line(f"{path}: can't be read ({error or type(error).__name__})", MAX_LINE))


def prediction_table(prediction: Prediction) -> pd.DataFrame:
    """Return a row per network and class: run, task, class, snippets, share, low, high (Wilson's 95 % interval)."""
    parts = []
    for own in prediction.results:
        shares = own.analysis.shares().rename_axis("class").reset_index()
        parts.append(shares.assign(run=own.run.id, task=own.analysis.task))
    return pd.concat(parts)[["run", "task", "class", "snippets", "share", "low", "high"]].reset_index(drop=True)


def to_dict(prediction: Prediction) -> dict:
    """Return everything that is known of a prediction, ready for JSON."""
    song = prediction.song
    return {
        "song": {"file": str(song.path), "title": song.title, "artist": song.artist, "seconds": song.duration},
        "seed": prediction.seed,
        "interval": "95 % Wilson interval of the share for drawing the snippets, not for the network's mistakes",
        "networks": [_result_dict(own.run, own.analysis, own.reliability) for own in prediction.results],
    }


def _result_dict(run: runs.Run, analysis: Analysis, reliability: Reliability) -> dict:
    signs = asdict(reliability) | {"undecided": reliability.undecided}
    return {
        "run": run.id,
        "network": run.title,
        "task": analysis.task,
        "corpus": run.corpus["name"],
        "classes": list(run.classes),
        "notes": list(run.notes),
        "snippets": len(analysis.starts),
        "snippet_seconds": analysis.seconds,
        "shares": analysis.shares().to_dict(orient="index"),
        "reliability": {key: None if np.isnan(value) else value for key, value in signs.items()},  # JSON has no NaN
        "starts": analysis.starts.round(3).tolist(),
        "probabilities": analysis.probabilities.astype(float).round(4).to_dict(orient="list"),
    }
