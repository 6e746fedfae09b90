"""Trained networks to start with, small and committed, each with a card. Used in 08_case_studies.

A model is a folder of data/models: record.json (configuration, corpus, environment), normaliser.npz,
weights.weights.h5 and CARD.md. The network is built by this project's code from the configuration; the files hold
numbers alone, and nothing in them is executed.
"""

import json
import shutil
from pathlib import Path

from mercore import FACTS, UserError, features
from mercore._files import atomic_directory, translate_write_errors
from mercore.training import runs

MODELS = FACTS / "models"
CARD = "CARD.md"
LARGEST = 5_000_000  # bytes of the weights


def names(root: Path | None = None) -> list[str]:
    """The models at hand."""
    return sorted(folder.name for folder in (root or MODELS).glob("[!.]*") if (folder / runs.WEIGHTS).is_file())


def load(name: str, root: Path | None = None) -> runs.Run:
    """A model as a run without predictions, for `songs.analyse`. Raises UserError where it isn't whole."""
    folder = (root or MODELS) / name
    if not folder.is_dir():
        raise UserError(f"{folder}: there is no such model; there are {', '.join(names(root)) or 'none'}")
    try:
        run = runs.of_record(folder)
        if run.config.get("features") != features.VERSION:
            raise UserError("was trained on other features than this version has")
        run.model(), run.normaliser
    except UserError as error:
        raise UserError(f"{folder}: not a whole model ({error}); get it anew from the project") from error
    return run


def card(name: str, root: Path | None = None) -> str:
    """What a model is, where it comes from, how good it is and what it isn't for, as Markdown."""
    return ((root or MODELS) / name / CARD).read_text(encoding="utf-8")


def keep(run: runs.Run, name: str, text: str, root: Path | None = None) -> Path:
    """Copy a finished run's network to the models, with its card; returns its folder.

    Raises UserError where a model of that name is there, or where the weights are too large to be committed.
    """
    weights = run.folder / runs.WEIGHTS
    if weights.stat().st_size > LARGEST:
        raise UserError(f"{weights}: {weights.stat().st_size / 1e6:.1f} MB are too large to be committed")
    target = (root or MODELS) / name
    if target.exists():
        raise UserError(f"{target}: a model of this name is there; move it away first")
    with translate_write_errors(target), atomic_directory(target.parent) as scratch:
        record = json.loads((run.folder / runs.RECORD).read_text(encoding="utf-8"))
        parts = ("config", "corpus", "parameters", "environment", "notes", "weights")
        kept = {key: record[key] for key in parts if key in record}
        kept["corpus"].pop("path", None)  # of this machine
        (scratch / runs.RECORD).write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
        for file in (runs.WEIGHTS, runs.NORMALISER):
            shutil.copyfile(run.folder / file, scratch / file)
        (scratch / CARD).write_text(text, encoding="utf-8")
        return scratch.rename(target)
