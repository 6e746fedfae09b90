"""The embedded corpus: music that the project composes and renders itself, in the layouts of GTZAN and 4Q.

`genres`, `moods` and `songs` compose, `score` plays; here the audio files and their tables are written. A folder
appears only when it is complete, and is rendered anew when it is stale: other composing sources, files missing.
Explained in 01_data.
"""

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import soundfile
from tqdm.auto import tqdm

from mercore import UserError, data_dir
from mercore.embedded import genres, moods, songs
from mercore.embedded.score import SAMPLE_RATE, TrackSpec

MARKER = "complete.json"
MOOD_TAGS = {  # two words each, in the manner of 4Q's metadata
    "Q1": ("Cheerful", "Exuberant"), "Q2": ("Aggressive", "Tense"),
    "Q3": ("Gloomy", "Melancholy"), "Q4": ("Calm/Peaceful", "Relaxed"),
}  # fmt: skip


def render(task: str, root: str | Path | None = None, seed: int = 0, jobs: int = 2) -> Path:
    """The folder of the embedded corpus for `task` 'genre' or 'mood', rendered if it isn't there yet.

    root/genre holds genres/<genre>/<genre>.NNNNN.wav and gtzan_tracks.csv, root/mood holds Q1..Q4/MT*.wav and 4Q's
    two csv files; mono, 22,050 Hz, 16 bit. `root` is data_dir()/embedded/seed<seed> unless given. The same seed
    gives the same bytes, whatever the number of jobs. Raises UserError where the folder can't be written.
    """
    if task not in ("genre", "mood"):
        raise UserError(f"the embedded corpus has the tasks genre and mood, not '{task}'")
    composer, place, tables = {
        "genre": (genres, "genres/{0.label}/{0.track}.wav", _genre_tables),
        "mood": (moods, "{0.label}/{0.track}.wav", _mood_tables),
    }[task]
    specs = composer.tracks(seed)

    def write(folder: Path) -> None:
        paths = [folder / place.format(spec) for spec in specs]
        _run((joblib.delayed(_write_track)(composer.compose, spec, seed, path)
              for spec, path in zip(specs, paths, strict=True)), len(specs), f"composing {task}", jobs)  # fmt: skip
        for name, table in tables(specs).items():
            table.to_csv(folder / name, index=False, lineterminator="\n")

    return _complete(_root(root, seed) / task, seed, write)


def render_songs(root: str | Path | None = None, seed: int = 0, jobs: int = 2) -> Path:
    """The folder of the two case-study songs, <slug>.wav with <slug>.sections.csv (start and end in s, section,
    genre, mood), rendered if it isn't there yet. Raises UserError where it can't be written."""

    def write(folder: Path) -> None:
        _run((joblib.delayed(_write_song)(slug, seed, folder) for slug in songs.SONGS),
             len(songs.SONGS), "composing songs", jobs)  # fmt: skip

    return _complete(_root(root, seed) / "songs", seed, write)


def _root(root: str | Path | None, seed: int) -> Path:
    return data_dir() / "embedded" / f"seed{seed}" if root is None else Path(root)


def _run(work: Iterable, total: int, title: str, jobs: int) -> None:
    done = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")(work)
    for _ in tqdm(done, total=total, desc=title, unit="track"):
        pass


def _write_track(compose: Callable, spec: TrackSpec, seed: int, path: Path) -> None:
    _write_wav(path, compose(spec, seed))


def _write_song(slug: str, seed: int, folder: Path) -> None:
    audio, sections = songs.compose_song(slug, seed)
    sections.to_csv(folder / f"{slug}.sections.csv", index=False, lineterminator="\n")
    _write_wav(folder / f"{slug}.wav", audio)


def _write_wav(path: Path, audio: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, audio, SAMPLE_RATE, subtype="PCM_16")


def _genre_tables(specs: list[TrackSpec]) -> dict[str, pd.DataFrame]:
    table = pd.DataFrame([(s.track, s.label, s.artist, s.title) for s in specs],
                         columns=["track", "genre", "artist", "title"])  # fmt: skip
    table[["fault_filtered_split", "exact_replica_of", "same_recording_as", "note"]] = ""
    return {"gtzan_tracks.csv": table}


def _mood_tables(specs: list[TrackSpec]) -> dict[str, pd.DataFrame]:
    rows = []
    for s in specs:
        tags = "; ".join(MOOD_TAGS[s.label])
        rows.append({"Song": s.track, "Artist": s.artist, "Title": s.title, "Quadrant": s.label, "PQuad": 1.0,
                     "MoodsTotal": 2, "Moods": 2, "MoodsFoundStr": tags.lower(), "MoodsStr": tags,
                     "MoodsStrSplit": tags, "Genres": 1, "GenresStr": "Instrumental", "Sample": 1,
                     "SampleURL": ""})  # fmt: skip
    metadata = pd.DataFrame(rows)
    return {
        "panda_dataset_taffc_annotations.csv": metadata[["Song", "Quadrant"]],
        "panda_dataset_taffc_metadata.csv": metadata,
    }


def source_digest(seed: int) -> str:
    """What the audio depends on: the composing sources, the libraries that make the sound, and the seed."""
    digest = hashlib.sha1(f"{seed} {version('symusic')} {version('pretty_midi')}".encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()


def _files(folder: Path) -> dict[str, int]:
    """All files below, but the marker, and their sizes."""
    return {f.relative_to(folder).as_posix(): f.stat().st_size for f in sorted(folder.rglob("*"))
            if f.is_file() and f.name != MARKER}  # fmt: skip


def is_complete(folder: Path, seed: int) -> bool:
    """Whether the folder was rendered to the end from the present sources and nothing is missing from it."""
    try:
        marker = json.loads((folder / MARKER).read_text(encoding="utf-8"))
        there = _files(folder)
        return marker["digest"] == source_digest(seed) and marker["files"].items() <= there.items()
    except (OSError, ValueError, KeyError, AttributeError):
        return False  # no marker, or not one of ours: as good as absent


def _complete(folder: Path, seed: int, write: Callable[[Path], None]) -> Path:
    """The folder, complete: as it is, or written to a temporary sibling that then takes its place."""
    if is_complete(folder, seed):
        return folder
    partial = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _sweep(folder)
        partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        partial.chmod(0o755)
        write(partial)
        marker = {"digest": source_digest(seed), "files": _files(partial)}
        (partial / MARKER).write_text(json.dumps(marker, indent=1) + "\n", encoding="utf-8")
        if not is_complete(folder, seed):  # else another process was faster, and its files are the same
            if folder.exists():
                os.replace(folder, Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent)) / "old")
            os.replace(partial, folder)
    except OSError as error:
        raise UserError(
            f"{folder}: can't be written ({error.strerror or error}); set MERCORE_DATA to a folder that can, with "
            "200 MB of room"
        ) from error
    finally:
        if partial is not None:
            shutil.rmtree(partial, ignore_errors=True)
            _sweep(folder)
    return folder


def _sweep(folder: Path) -> None:
    """Removes beside the folder what was replaced, and what renderings killed more than an hour ago left."""
    for left in folder.parent.glob(f".{folder.name}-*"):
        if (left / "old").exists() or time.time() - left.stat().st_mtime > 3600:
            shutil.rmtree(left, ignore_errors=True)
