"""The embedded corpus: music that the project composes and renders itself. Explained in 00_setup and 01_data.

Written as audio files in the very layouts of GTZAN and 4Q, so that the same loaders read both; and two songs with
known sections for the case studies. The same seed gives the same bytes.
"""

import ast
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import joblib
import pandas as pd
import soundfile
from tqdm.auto import tqdm

from mercore import UserError, _files, data_dir
from mercore._files import remove_stale_directories

SAMPLE_RATE = 22_050
MARKER = "composed.json"  # written last: what isn't whole has none


def render(task: str, root: str | Path | None = None, seed: int = 0, jobs: int = 2) -> Path:
    """The folder of the corpus for "genre" or "mood", composed and rendered first where it isn't there yet.

    root: default data_dir()/embedded/seed<seed>/<task>. Raises UserError where the folder can't be written.
    """
    from mercore.composer import genres, moods

    if task not in ("genre", "mood"):
        raise UserError(f"the embedded corpus has the tasks genre and mood, not '{task}'")
    composer, write_tables = {"genre": (genres, _gtzan_tables), "mood": (moods, _panda_tables)}[task]
    specs = composer.tracks(seed)

    def fill(folder: Path) -> None:
        write_tables(specs, folder)
        tasks = [joblib.delayed(_render_track)(composer.compose, spec, seed, folder / _place(spec)) for spec in specs]
        results = joblib.Parallel(jobs, return_as="generator_unordered")(tasks)
        for _ in tqdm(results, f"composing the embedded corpus, {task}", len(tasks), unit="track"):
            pass

    return _once(_place_for(root, seed, task), seed, fill)


def render_songs(root: str | Path | None = None, seed: int = 0) -> Path:
    """Return the folder of the two case-study songs, composed and rendered first where it isn't there yet.

    It holds <slug>.wav, <slug>.sections.csv (start, end, section, genre, mood) and songs.csv (slug, title, artist).
    """
    from mercore.composer.songs import SONGS, compose_song

    def fill(folder: Path) -> None:
        table = pd.DataFrame([(slug, *names) for slug, names in SONGS.items()], columns=["slug", "title", "artist"])
        table.to_csv(folder / "songs.csv", index=False, lineterminator="\n")
        for slug in SONGS:
            audio, sections = compose_song(slug, seed)
            soundfile.write(folder / f"{slug}.wav", audio, SAMPLE_RATE, "PCM_16")
            sections.to_csv(folder / f"{slug}.sections.csv", index=False, float_format="%.3f", lineterminator="\n")

    return _once(_place_for(root, seed, "songs"), seed, fill)


def _place_for(root: str | Path | None, seed: int, name: str) -> Path:
    """The folder to compose into. Raises UserError where one that a user named holds anything but our own."""
    if not root:
        return data_dir() / "embedded" / f"seed{seed}" / name
    root = Path(root)
    if root.is_dir() and any(root.iterdir()) and not (root / MARKER).is_file():
        raise UserError(f"{root}: holds files that were not composed here; name an empty folder")
    return root


def _once(folder: Path, seed: int, fill: Callable[[Path], None]) -> Path:
    """Fill a scratch folder and put it in place at once, unless what is there is whole and by this very code."""
    if is_whole(folder, seed):
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        remove_stale_directories(folder.parent, f".{folder.name}-*")
        scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            fill(scratch)
            made_by = {"seed": seed, "sources": sources(), "files": _sizes(scratch)}
            (scratch / MARKER).write_text(json.dumps(made_by, indent=1) + "\n", encoding="utf-8")
            scratch.chmod(0o755)
            if not is_whole(folder, seed):  # else another process was faster, with the same bytes
                if folder.exists():
                    shutil.rmtree(folder)
                os.replace(scratch, folder)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    except (OSError, soundfile.LibsndfileError) as error:
        if is_whole(folder, seed):  # another process put its own in place between our look and our move
            return folder
        raise UserError(
            f"{folder}: can't be written ({_files.error_message(error)}); set MERCORE_DATA to a folder that can and "
            "has 300 MB of room"
        ) from error
    return folder


def is_whole(folder: Path, seed: int) -> bool:
    """Whether the folder was composed with this seed by this very code, and every file still has its size."""
    try:
        made_by = json.loads((folder / MARKER).read_text(encoding="utf-8"))
        return (made_by["seed"], made_by["sources"], made_by["files"]) == (seed, sources(), _sizes(folder))
    except (OSError, ValueError, KeyError, TypeError):  # not there, or no marker of ours
        return False


def _sizes(folder: Path) -> dict[str, int]:
    """The size of every audio file and table below the folder."""
    files = sorted(f for f in folder.rglob("*") if f.suffix in (".wav", ".csv"))
    return {file.relative_to(folder).as_posix(): file.stat().st_size for file in files}


def sources() -> str:
    """Changes with the code that composes and the libraries that sound, so that an old corpus is composed anew."""
    digest = hashlib.sha256(f"{version('symusic')} {version('pretty_midi')}".encode())
    for file in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(ast.dump(ast.parse(file.read_text(encoding="utf-8"))).encode())  # not its layout
    return digest.hexdigest()[:12]


def _place(spec) -> Path:
    """Where a track lies: genres/<genre>/<genre>.NNNNN.wav, or Qn/MTnnnnnnnnnn.wav."""
    return Path("" if spec.track.startswith("MT") else "genres") / spec.label / f"{spec.track}.wav"


def _render_track(compose, spec, seed: int, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, compose(spec, seed), SAMPLE_RATE, "PCM_16")


def _gtzan_tables(specs, folder: Path) -> None:
    """gtzan_tracks.csv, in the columns of data/gtzan_tracks.csv."""
    table = pd.DataFrame(
        {"track": s.track, "genre": s.label, "artist": s.artist, "title": s.title, "fault_filtered_split": "",
         "exact_replica_of": "", "same_recording_as": "", "note": ""} for s in specs
    )  # fmt: skip
    table.to_csv(folder / "gtzan_tracks.csv", index=False, lineterminator="\n")


def _panda_tables(specs, folder: Path) -> None:
    """The two csv files of 4Q's authors, in their columns; what has no meaning here is left empty."""
    columns = ["Song", "Artist", "Title", "Quadrant", "PQuad", "MoodsTotal", "Moods", "MoodsFoundStr", "MoodsStr",
               "MoodsStrSplit", "Genres", "GenresStr", "Sample", "SampleURL"]  # fmt: skip
    rows = [{"Song": s.track, "Artist": s.artist, "Title": s.title, "Quadrant": s.label, "Genres": 1,
             "GenresStr": "Instrumental", "Sample": 1} for s in specs]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns)
    table.to_csv(folder / "panda_dataset_taffc_metadata.csv", index=False, lineterminator="\n")
    table[["Song", "Quadrant"]].to_csv(
        folder / "panda_dataset_taffc_annotations.csv", index=False, lineterminator="\n"
    )
