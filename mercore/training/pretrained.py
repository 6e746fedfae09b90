"""Trained networks to start with, small and committed, each with a card. Used in 08_case_studies.

A model is a folder of data/models: record.json (settings, corpus, environment), model.keras and CARD.md.
"""

import json
import shutil
from pathlib import Path

from mercore import FACTS, UserError, features
from mercore._files import atomic_directory, translate_write_errors
from mercore.training import runs

MODELS = FACTS / "models"
CARD = "CARD.md"
MAX_BYTES = 5_000_000


def names(root: Path | None = None) -> list[str]:
    """Return the models at hand."""
    return sorted(folder.name for folder in (root or MODELS).glob("[!.]*") if (folder / runs.MODEL).is_file())


def load(name: str, root: Path | None = None, settings: features.FeatureSettings = features.DEFAULT) -> runs.Run:
    """Load a model as a run without predictions, for `songs.analyse`.

    Args:
        name: One of `names()`.
        root: Where the models lie; default: data/models.
        settings: The feature settings in use, which have to be those of the model.

    Raises:
        UserError: Where it isn't complete, or was trained on other features.
    """
    folder = (root or MODELS) / name
    if not folder.is_dir():
        raise UserError(f"{folder}: there is no such model; there are {', '.join(names(root)) or 'none'}")
    try:
        run = runs.read_record(folder)
        run.model()
    except UserError as error:
        raise UserError(f"{folder}: not a complete model ({error}); get it from the project again") from error
    if differences := run.settings.features.differences(settings):
        raise UserError(f"{folder}: was trained with {differences}; train it again, or set the features back")
    return run


def card(name: str, root: Path | None = None) -> str:
    """Return what a model is, where it comes from, how good it is and what it isn't for, as Markdown."""
    return ((root or MODELS) / name / CARD).read_text(encoding="utf-8")


def publish(run: runs.Run, name: str, text: str, root: Path | None = None) -> Path:
    """Copy a finished run's network to the models, with its card; returns its folder.

    Raises:
        UserError: Where a model of that name is there, or the network is too large to be committed.
    """
    size = (run.folder / runs.MODEL).stat().st_size
    if size > MAX_BYTES:
        raise UserError(f"{run.folder / runs.MODEL}: {size / 1e6:.1f} MB are too large to be committed")
    target = (root or MODELS) / name
    if target.exists():
        raise UserError(f"{target}: a model of this name is there; move it away first")
    with translate_write_errors(target), atomic_directory(target.parent) as scratch:
        record = json.loads((run.folder / runs.RECORD).read_text(encoding="utf-8"))
        parts = ("config", "corpus", "parameters", "environment", "notes", "weights")
        kept = {key: record[key] for key in parts if key in record}
        kept["corpus"].pop("path", None)  # of this machine
        (scratch / runs.RECORD).write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
        shutil.copyfile(run.folder / runs.MODEL, scratch / runs.MODEL)
        (scratch / CARD).write_text(text, encoding="utf-8")
        return scratch.rename(target)
