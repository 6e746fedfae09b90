"""The corpus that the project composes itself, in the layouts of GTZAN and 4Q. Explained in 00_setup and 01_data."""

from importlib.metadata import entry_points
from pathlib import Path

from mercore import UserError, data_dir

LICENCE = "Composed by this project and under its licence; rendered through the SoundFont TimGM6mb."
CITATION = "The project itself: CITATION.cff."
NOTE = "Composed by a program, not recorded: results on it say nothing about results on real music."


def render(task: str, seed: int, jobs: int) -> Path:
    """Return the folder of the composed corpus, which a provider of the entry points "mercore.corpora" renders."""
    if task not in ("genre", "mood"):
        raise UserError(f"the embedded corpus has the tasks genre and mood, not '{task}'")
    providers = tuple(entry_points(group="mercore.corpora", name="embedded"))
    if not providers:
        raise UserError("the embedded corpus has no composer: install this project again (pip install -e .)")
    return Path(providers[0].load()(task, seed=seed, jobs=jobs))


def is_composed(root: Path) -> bool:
    """Return whether a folder lies where composed corpora are rendered."""
    return root.resolve().is_relative_to((data_dir() / "embedded").resolve())
