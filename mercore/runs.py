"""The record of a training: what was trained on what, how, and what came out. Explained in 03_conv.

A run is one folder: record.json (configuration, environment, corpus, history, timings), predictions.csv.gz (one
row a clip), normaliser.npz and weights.weights.h5. It is written beside its place and then renamed, so a
training that was interrupted leaves nothing that looks finished, and no run is ever overwritten. Where $MERCORE_RUNS
names a place that several machines share, runs are copied there and found there as well: see `mercore.shared`.
"""

import gzip
import hashlib
import io
import json
import os
import platform
import re
import sys
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from mercore import UserError, data_dir, shared, unfinished
from mercore.clips import CLIP_SECONDS

RECORD, PREDICTIONS, NORMALISER, WEIGHTS = (
    "record.json",
    "predictions.csv.gz",
    "normaliser.npz",
    "weights.weights.h5",
)
FILES = (RECORD, PREDICTIONS, NORMALISER, WEIGHTS)


@dataclass
class Run:
    """A finished training.

    config: everything that decides the result. environment: versions, processor. corpus: name, task, classes,
    fingerprint. history: one row an epoch. predictions: one row a clip with track, label, artist, start (s), side,
    predicted and a column p_<class> of probabilities. timings: seconds. notes: what a reader must know.
    """

    config: dict
    corpus: dict
    history: pd.DataFrame
    predictions: pd.DataFrame
    timings: dict
    notes: tuple[str, ...] = ()
    parameters: int = 0
    environment: dict = field(default_factory=dict)
    id: str = ""
    folder: Path | None = None

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(self.corpus["classes"])

    @property
    def title(self) -> str:
        from mercore.networks import TITLES  # imports TensorFlow

        return TITLES[self.config["network"]]

    @property
    def kind(self) -> str:
        """The kind of features that the network hears: a key of `features.KINDS`."""
        from mercore.networks import input_kind  # imports TensorFlow

        return input_kind(self.config["network"], self.config["front_end"])

    @property
    def clip_seconds(self) -> float:
        """The length of its clips in s."""
        return self.config.get("clip_seconds", CLIP_SECONDS)

    @property
    def n_mels(self) -> int:
        """The number of mel bands, if it hears any."""
        from mercore.features import N_MELS

        return self.config.get("n_mels", N_MELS)

    def side(self, name: str) -> pd.DataFrame:
        """The predictions of the clips of one side: train, validation or test."""
        return self.predictions[self.predictions["side"] == name]

    def accuracy(self, side: str = "test") -> float:
        """The share of the side's clips that were classified rightly; NaN where the side is empty."""
        rows = self.side(side)
        return float((rows["predicted"] == rows["label"]).mean()) if len(rows) else float("nan")

    @cached_property
    def normaliser(self):
        """What the training side taught: `features.Normaliser`."""
        from mercore.features import Normaliser

        with np.load(self.folder / NORMALISER, allow_pickle=False) as arrays:
            return Normaliser.from_dict(dict(arrays))

    def model(self):
        """The trained Keras model, rebuilt from the configuration and its stored weights."""
        return self._model

    @cached_property
    def _model(self):  # built once: TensorFlow traces each new model anew
        from mercore import features, networks

        c, sizes = self.config, networks.sizes_of(self.config)
        shape = features.shape(self.kind, self.clip_seconds, self.n_mels)
        model = networks.build(
            c["network"], len(self.classes), c["preset"], c["attention"], c["front_end"], shape, **sizes
        )
        model.load_weights(self.folder / WEIGHTS)
        return model


def runs_dir() -> Path:
    """The folder of runs: data/runs of the project, ignored by git."""
    return data_dir() / "runs"


def folder_of(name: str) -> Path:
    """Where the run of this id lies, or would lie; what only the shared storage has is fetched first."""
    folder = runs_dir() / name
    if not folder.is_dir():
        shared.fetch(name, runs_dir(), FILES)
    return folder


def name(config: dict, corpus: dict) -> str:
    """The name of a run: readable, and unique to its configuration and its corpus' content."""
    decides = {key: value for key, value in config.items() if key != "protocol_asked"}
    content = json.dumps([decides, corpus["task"], corpus["fingerprint"]], sort_keys=True)
    fold = "" if config.get("fold") is None else f"fold{config['fold']}of{config['folds']}"
    words = [corpus["name"], config["network"], config["protocol"], config["profile"], f"s{config['seed']}", fold]
    slug = "-".join(re.sub(r"[^a-z0-9]+", "_", word.lower()).strip("_") for word in words if word)
    return f"{slug}-{hashlib.sha256(content.encode()).hexdigest()[:8]}"


def describe_environment() -> dict:
    """Versions, processor and threads: what else may move a result."""
    packages = ("tensorflow", "keras", "numpy", "librosa", "scikit-learn", "symusic")
    return {
        "python": platform.python_version(),
        **{package: version(package) for package in packages},
        "platform": f"{sys.platform} {platform.machine()}",
        "processor": processor(),
        "cores": os.cpu_count(),
        "threads": int(os.environ.get("TF_NUM_INTRAOP_THREADS") or os.cpu_count()),
    }


def processor() -> str:
    """The model of this machine's processor, or at least its kind."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def save(run: Run, model=None, normaliser=None, beside: bool = True) -> Run:
    """Write a finished run and return it with its id; an earlier run of the same name is kept, not replaced.

    model, normaliser: of a network; a baseline (`mercore.baselines`) has neither. beside: keep this one as well, under
    a number; otherwise the earlier one is returned.
    """
    root, wanted = runs_dir(), name(run.config, run.corpus)
    record = {
        "config": run.config,
        "corpus": run.corpus,
        "parameters": run.parameters,
        "environment": describe_environment(),
        "timings": run.timings,
        "notes": list(run.notes),
        "history": run.history.to_dict(orient="list"),
    }
    try:
        with unfinished(root) as scratch:
            if model is not None:
                model.save_weights(scratch / WEIGHTS)
                np.savez(scratch / NORMALISER, **normaliser.to_dict())
            write_predictions(run.predictions, scratch / PREDICTIONS)
            (scratch / RECORD).write_text(json.dumps(record, indent=1), encoding="utf-8")
            folder = _rename_to_free_name(scratch, root / wanted, _taken(wanted), beside)
    except OSError as error:
        raise UserError(
            f"{root}: can't write the run here ({error.strerror or error}); set MERCORE_DATA to a folder with room"
        ) from error
    folder = folder_of(folder.name)
    shared.put(folder)
    return load(folder)


def write_predictions(predictions: pd.DataFrame, path: Path) -> None:
    """As gzipped csv whose bytes depend on the content alone; probabilities to four digits."""
    text = io.StringIO()
    predictions.to_csv(text, index=False, float_format="%.4f", lineterminator="\n")
    path.write_bytes(gzip.compress(text.getvalue().encode(), mtime=0))


def _taken(wanted: str) -> set[str]:
    """The names that the shared storage has; none where it doesn't answer, which `shared.put` tells of.

    By then the run is safe here, and will be put there as soon as it is looked for.
    """
    try:
        return shared.names(wanted)
    except UserError:
        return set()


def _rename_to_free_name(scratch: Path, wanted: Path, taken: set[str], beside: bool) -> Path:
    """Rename a finished folder to `wanted`, or where that is taken to wanted.2, wanted.3, ... if `beside`."""
    for n in range(1, 1000):
        target = wanted if n == 1 else wanted.with_name(f"{wanted.name}.{n}")
        if not target.exists() and target.name not in taken:
            try:
                return scratch.rename(target)
            except OSError:
                if not target.exists():
                    raise
                # Somebody finished the same run at this very moment.
        if not beside:
            return target
    raise UserError(f"{wanted}: a thousand runs of this name; delete some")


def load(folder: Path | str) -> Run:
    """Read a run from its folder, or by its id. Raises UserError where it is not whole."""
    folder = Path(folder)
    if not folder.is_dir():
        folder = folder_of(str(folder))
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        predictions = pd.read_csv(
            folder / PREDICTIONS,
            keep_default_na=False,
            dtype={"track": str, "label": str, "artist": str, "predicted": str},
        )
        if missing := {"track", "label", "artist", "start", "side", "predicted"} - set(predictions):
            raise ValueError(f"{PREDICTIONS} has no {', '.join(sorted(missing))}")
        return Run(
            config=record["config"],
            corpus=record["corpus"],
            history=pd.DataFrame(record["history"]),
            predictions=predictions,
            timings=record["timings"],
            notes=tuple(record["notes"]),
            parameters=record["parameters"],
            environment=record["environment"],
            id=folder.name,
            folder=folder,
        )
    except (OSError, EOFError, ValueError, KeyError) as error:
        raise UserError(f"{folder}: not a whole run ({error}); delete the folder and train again") from error


def find(config: dict, corpus: dict) -> Run | None:
    """The latest finished run of this very configuration and corpus, or None."""
    wanted = name(config, corpus)
    known = {folder.name for folder in runs_dir().glob(f"{wanted}*")} | shared.names(wanted)
    found = [own for own in known if own == wanted or own.startswith(wanted + ".")]
    if not found:
        return None
    folder = folder_of(max(found, key=lambda own: int(own.partition(".")[2] or 1)))
    shared.put(folder)  # if it couldn't be put there when it was made
    return load(folder)


def list_runs() -> list[Run]:
    """All finished runs, oldest first."""
    folders = [p for p in runs_dir().glob("*") if p.is_dir() and not p.name.startswith(".")]
    return [load(p) for p in sorted(folders, key=lambda p: p.stat().st_mtime)]
