"""Render the composed music into files, in the layouts of GTZAN and 4Q. Explained in 00_setup and 01_data."""

import ast
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import soundfile
from tqdm.auto import tqdm

from mercore import UserError, _files, data_dir
from mercore.composer import genres, moods, songs, synth
from mercore.composer.tracks import Track

MARKER = "composed.json"  # written last


def compose_track(track: Track, seed: int = 0, seconds: float = 30.0) -> np.ndarray:
    """Compose and render a track: mono float32 of shape (n,) at 22,050 Hz, the same for the same seed."""
    task = moods if track.label in moods.SIGNS else genres
    parts, tempo, mix, rng = task.write_track(track, seed, seconds)
    return synth.render(parts, tempo, seconds, mix, rng)


def render(task: str, seed: int = 0, jobs: int = 2) -> Path:
    """Return the folder of a composed corpus, which is composed first if it isn't there yet.

    Args:
        task: "genre" or "mood".
        seed: The same seed gives the same files.
        jobs: Processes to use.

    Returns:
        The folder, in the layout of GTZAN (genre) or 4Q (mood), below `mercore.data_dir()`.

    Raises:
        UserError: The task is unknown, or the folder can't be written.
    """
    if task not in ("genre", "mood"):
        raise UserError(f"the embedded corpus has the tasks genre and mood, not '{task}'")
    tracks = (genres if task == "genre" else moods).list_tracks(seed)

    def fill(folder: Path) -> None:
        (_write_gtzan_table if task == "genre" else _write_4q_tables)(tracks, folder)
        tasks = [joblib.delayed(_render_track)(track, seed, folder) for track in tracks]
        results = joblib.Parallel(jobs, return_as="generator_unordered")(tasks)
        for _ in tqdm(results, f"composing the embedded corpus, {task}", len(tasks), unit="track"):
            pass

    return _compose_once(task, seed, fill)


def render_songs(seed: int = 0) -> Path:
    """Return the folder of the two songs with known sections, which are composed first if they aren't there yet.

    Args:
        seed: The same seed gives the same files.

    Returns:
        The folder with songs.csv (slug, title, artist) and for each song <slug>.wav and <slug>.sections.csv (start and
        end in s, section, genre, mood).

    Raises:
        UserError: The folder can't be written.
    """

    def fill(folder: Path) -> None:
        titles = [(slug, title, artist) for slug, (title, artist) in songs.SONGS.items()]
        _write_csv(pd.DataFrame(titles, columns=["slug", "title", "artist"]), folder / "songs.csv")
        for slug in songs.SONGS:
            audio, sections = songs.compose_song(slug, seed)
            soundfile.write(folder / f"{slug}.wav", audio, synth.SAMPLE_RATE, "PCM_16")
            _write_csv(sections, folder / f"{slug}.sections.csv")

    return _compose_once("songs", seed, fill)


def is_whole(folder: Path, seed: int) -> bool:
    """Return whether a folder was composed with this seed by the present code, and each file still has its size."""
    try:
        marker = json.loads((folder / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return marker == {"seed": seed, "sources": source_digest(), "files": _file_sizes(folder)}


def _compose_once(name: str, seed: int, fill: Callable[[Path], None]) -> Path:
    """Fill a temporary folder and move it into place, unless a whole one is there already."""
    folder = data_dir() / "embedded" / f"seed{seed}" / name
    if is_whole(folder, seed):
        return folder
    try:
        with _files.atomic_directory(folder.parent, f".{name}-") as scratch:
            fill(scratch)
            marker = {"seed": seed, "sources": source_digest(), "files": _file_sizes(scratch)}
            (scratch / MARKER).write_text(json.dumps(marker, indent=1) + "\n", encoding="utf-8")
            if not is_whole(folder, seed):  # else another process was faster, with the same bytes
                if folder.exists():
                    shutil.rmtree(folder)
                os.replace(scratch, folder)
    except (OSError, soundfile.LibsndfileError) as error:
        if not is_whole(folder, seed):  # else another process moved its own into place meanwhile
            remedy = "set MERCORE_DATA to a folder that can and has 300 MB of room"
            raise UserError(f"{folder}: can't be written ({_files.error_message(error)}); {remedy}") from error
    return folder


def _file_sizes(folder: Path) -> dict[str, int]:
    files = sorted(file for file in folder.rglob("*") if file.suffix in (".wav", ".csv"))
    return {file.relative_to(folder).as_posix(): file.stat().st_size for file in files}


@cache
def source_digest(folder: Path = Path(__file__).parent) -> str:
    """Return a digest of the code that composes: when it changes, an old corpus is composed again."""
    digest = hashlib.sha256(f"{version('symusic')} {version('pretty_midi')}".encode())
    for file in sorted(folder.glob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))  # without comments and layout
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node, False):
                del node.body[0]
        digest.update(ast.dump(tree).encode())
    return digest.hexdigest()[:12]


def _render_track(track: Track, seed: int, folder: Path) -> None:
    parent = "" if track.label in moods.SIGNS else "genres"
    path = folder / parent / track.label / f"{track.track}.wav"
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, compose_track(track, seed), synth.SAMPLE_RATE, "PCM_16")


def _write_csv(table: pd.DataFrame, path: Path) -> None:
    table.to_csv(path, index=False, float_format="%.3f", lineterminator="\n")


def _write_gtzan_table(tracks: list[Track], folder: Path) -> None:
    """Write gtzan_tracks.csv, in the columns of data/gtzan_tracks.csv."""
    table = pd.DataFrame(tracks)[["track", "label", "artist", "title"]].rename(columns={"label": "genre"})
    _write_csv(table.assign(fault_filtered_split="", exact_replica_of="", same_recording_as="", note=""),
               folder / "gtzan_tracks.csv")  # fmt: skip


def _write_4q_tables(tracks: list[Track], folder: Path) -> None:
    """Write the two tables of 4Q's authors, in their columns; what has no meaning here stays empty."""
    columns = ["Song", "Artist", "Title", "Quadrant", "PQuad", "MoodsTotal", "Moods", "MoodsFoundStr", "MoodsStr",
               "MoodsStrSplit", "Genres", "GenresStr", "Sample", "SampleURL"]  # fmt: skip
    names = {"track": "Song", "artist": "Artist", "title": "Title", "label": "Quadrant"}
    table = pd.DataFrame(tracks).rename(columns=names)
    table = table.assign(Genres=1, GenresStr="Instrumental", Sample=1).reindex(columns=columns)
    _write_csv(table, folder / "panda_dataset_taffc_metadata.csv")
    _write_csv(table[["Song", "Quadrant"]], folder / "panda_dataset_taffc_annotations.csv")
