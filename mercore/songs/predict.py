"""Genre and mood of songs from the command line: files in; tables, pictures and numbers out. See 08_case_studies."""

import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mercore import UserError, features, plots
from mercore.corpora.labels import class_label
from mercore.corpora.validate import SUFFIXES
from mercore.evaluation.text import clock
from mercore.plots import song_overview
from mercore.songs import analysis as songs
from mercore.songs import reliability
from mercore.training import pretrained, runs

SONG_SUFFIXES = (*SUFFIXES, ".m4a", ".mp4")
LONGEST_LINE = 2_000  # characters of a path or an error
SHOWN = 0.005  # classes with a lesser share and no snippet aren't printed


def open_network(name: str) -> runs.Run:
    """A network by the name of a committed model, or by the id or folder of a run. Raises UserError for others."""
    if name in pretrained.names():
        return pretrained.load(name)
    folder = Path(name).expanduser()
    folder = folder if folder.is_dir() else runs.folder_of(name)
    if not folder.is_dir():
        raise UserError(
            f"{name}: neither a model ({', '.join(pretrained.names()) or 'there are none'}) nor a run below "
            f"{runs.runs_dir()}"
        )
    run = runs.load(folder)
    if not (folder / runs.WEIGHTS).is_file() or not (folder / runs.NORMALISER).is_file():
        raise UserError(f"{folder}: holds no weights, so there is no network to ask; train it again")
    if run.config.get("features", features.VERSION) != features.VERSION:
        raise UserError(f"{folder}: was trained on other features than this version has; train it again")
    try:
        run.model(), run.normaliser
    except UserError as error:
        raise UserError(f"{folder}: its network can't be read ({error}); train it again") from error
    return run


def find_songs(paths: Sequence[str | Path]) -> list[Path]:
    """The files of these paths in order, of a folder all audio files below it, and folders that can't be opened.

    Raises UserError for a folder without audio.
    """
    found: list[Path] = []
    for path in map(Path, paths):
        path = path.expanduser()
        if not os.path.isdir(path):  # False, where it can't be looked at: then it is told with the others
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
class Prediction:
    """What networks make of the song at `path`: `analyses` and `found` (doubts), one a network."""

    path: Path
    song: songs.Song
    networks: list[runs.Run]
    analyses: list[songs.Analysis]
    found: list[reliability.Doubts]
    seed: int


def predict_song(path: Path, networks: list[runs.Run], count: int = 100, seed: int = 0) -> Prediction:
    """Open one song and ask every network. Raises UserError where it can't be opened."""
    if path.is_dir():  # see find_songs
        raise UserError(f"{path}: this folder can't be opened, so nothing in it is heard")
    song = songs.open_song(path)
    short = [run for run in networks if song.duration < run.clip_seconds]
    if short:
        raise UserError(f"{path}: {song.duration:.1f} s is shorter than the clips of {short[0].id}")
    analyses = [songs.analyse(song, run, count, seed) for run in networks]
    found = [reliability.doubt(analysis, run) for analysis, run in zip(analyses, networks, strict=True)]
    return Prediction(path, song, networks, analyses, found, seed)


def predict_songs(
    paths: Sequence[Path], networks: list[runs.Run], count: int, seed: int, failed: Callable[[str], object]
) -> Iterator[Prediction]:
    """Each song in turn; one that can't be opened is told to `failed` and skipped."""
    for path in paths:
        try:
            yield predict_song(path, networks, count, seed)
        except UserError as error:
            failed(songs.one_line(str(error), LONGEST_LINE))
        except (OSError, MemoryError) as error:
            failed(songs.one_line(f"{path}: can't be read ({error or type(error).__name__})", LONGEST_LINE))


def table_of(prediction: Prediction) -> pd.DataFrame:
    """One row a network and class: run, task, class, snippets, share, low, high (95 %, Wilson)."""
    parts = [
        analysis.shares().rename_axis("class").reset_index().assign(run=run.id, task=analysis.task)
        for analysis, run in zip(prediction.analyses, prediction.networks, strict=True)
    ]
    return pd.concat(parts)[["run", "task", "class", "snippets", "share", "low", "high"]].reset_index(drop=True)


def tell(prediction: Prediction) -> str:
    """What is printed of a song: shares with intervals, the most frequent first, and warnings."""
    song = prediction.song
    by = f", {song.artist}" if song.artist else ""
    lines = [f"{songs.one_line(str(song.path), LONGEST_LINE)}: {song.title}{by} ({clock(song.duration)})"]
    for analysis, run, found in zip(prediction.analyses, prediction.networks, prediction.found, strict=True):
        lines.append(f"  {analysis.task} by {run.id}, learnt from {run.corpus['name']}; {found.snippets} snippets")
        shares = analysis.shares().sort_values("share", ascending=False, kind="stable")
        for name, row in shares[shares["share"] >= SHOWN].iterrows():
            share, low, high = (100 * row[column] for column in ("share", "low", "high"))
            lines.append(f"    {class_label(str(name)):<20} {share:3.0f} %   [{low:.0f}, {high:.0f}]")
        lines += [f"    {line}" for line in _warnings(prediction, run, found)]
    return "\n".join(lines)


def _warnings(prediction: Prediction, run: runs.Run, found: reliability.Doubts) -> list[str]:
    said = []
    if run.corpus["name"].startswith("embedded") and not prediction.song.composed:
        said.append("! this network has only heard music composed by a program: no statement about a recording")
    if found.far:
        said.append("! the song's sound is unlike the training data: take this for chance")
    if found.unsure:
        said.append(
            f"! unsure: no class has a probability above 0.5 in {found.undecided} of {found.snippets} snippets"
        )
    if not found.settled:
        said.append("! not settled: the intervals of the first two overlap")
    return said


def to_dict(prediction: Prediction) -> dict:
    """Everything as JSON holds it: song, seed, and for each network run, corpus, counts, shares, doubts, snippets."""
    song = prediction.song
    return {
        "song": {
            "file": str(song.path),
            "title": song.title,
            "artist": song.artist,
            "seconds": round(song.duration, 3),
        },
        "seed": prediction.seed,
        "interval": "95 % Wilson interval of the share for drawing the snippets, not for the network's mistakes",
        "networks": [
            {
                "run": run.id,
                "network": run.title,
                "task": analysis.task,
                "corpus": run.corpus["name"],
                "classes": list(run.classes),
                "notes": list(run.notes),
                "snippets": len(analysis.starts),
                "snippet_seconds": analysis.seconds,
                "shares": _plain(analysis.shares().to_dict(orient="index")),
                "doubts": _plain(asdict(found) | {"unsure": found.unsure}),
                "starts": [round(float(start), 3) for start in analysis.starts],
                "probabilities": {
                    name: [round(float(p), 4) for p in analysis.probabilities[name]] for name in run.classes
                },
            }
            for analysis, run, found in zip(prediction.analyses, prediction.networks, prediction.found, strict=True)
        ],
    }


def _plain(value):
    """numpy's numbers as Python's, and what is no number as None: JSON has no NaN."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value


def write(prediction: Prediction, folder: Path, stem: str) -> list[Path]:
    """Write a song's picture, csv and json as folder/stem.*; returns their paths. Each appears whole or not at all."""
    written = []
    tasks = list(dict.fromkeys(analysis.task for analysis in prediction.analyses))
    by_task = {task: [i for i, a in enumerate(prediction.analyses) if a.task == task] for task in tasks}
    for n in range(max(map(len, by_task.values()))):  # several networks of one task have a picture each
        chosen = {task: at[n] for task, at in by_task.items() if n < len(at)}
        analyses = {task: prediction.analyses[i] for task, i in chosen.items()}
        step = song_overview.window_step(prediction.song)
        fig = song_overview.plot_portrait(analyses, {task: a.over_time(step) for task, a in analyses.items()})
        provenance = plots.Provenance.of_song(prediction.song, *(prediction.networks[i] for i in chosen.values()))
        written.append(plots.save(fig, stem if n == 0 else f"{stem}--{n + 1}", provenance, folder))
    written.append(plots.write_whole(folder / f"{stem}.csv", _csv(table_of(prediction))))
    text = json.dumps(to_dict(prediction), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    written.append(plots.write_whole(folder / f"{stem}.json", text))
    return written


def _csv(table: pd.DataFrame) -> str:
    return table.to_csv(index=False, float_format="%.4f", lineterminator="\n")


def stems(paths: Sequence[Path]) -> list[str]:
    """A name for the files of each song, without signs that a file system might mind, no two alike."""
    given: dict[str, None] = {}  # in lower case: some file systems don't tell A from a
    names = []
    for path in paths:
        wanted = re.sub(r"[^\w-]+|-{2,}", "_", path.stem).strip("_")[:80] or "song"
        name, n = wanted, 1
        while name.lower() in given:
            name, n = f"{wanted}_{n + 1}", n + 1
        given[name.lower()] = None
        names.append(name)
    return names
