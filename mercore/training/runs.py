"""The record of a training: what was trained on what, how, and what came out. Explained in 03_conv.

A run is one folder: record.json (configuration, environment, corpus, history, timings), predictions.csv.gz (one
row a clip), normaliser.npz and weights.weights.h5. It is written beside its place and then renamed, so a
training that was interrupted leaves nothing that looks finished, and no run is ever overwritten. Where $MERCORE_RUNS
names a place that several machines share, runs are copied there and found there as well: see `storage`.
"""

import gzip
import hashlib
import io
import json
import os
import platform
import re
import sys
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from mercore import UserError, _files, data_dir
from mercore._files import atomic_directory
from mercore.corpora.clips import CLIP_SECONDS
from mercore.training import storage

RECORD, PREDICTIONS, NORMALISER, WEIGHTS = (
    "record.json",
    "predictions.csv.gz",
    "normaliser.npz",
    "weights.weights.h5",
)
FILES = (RECORD, PREDICTIONS, NORMALISER, WEIGHTS)
COLUMNS = ("track", "label", "artist", "start", "side", "predicted")  # of the predictions, before those of classes
SIDES = ("train", "validation", "test", "none")
# Beyond these a record isn't one of ours, and to build its network might take all memory, to train it for ever.
MOST_CLASSES = 1_000
LIMITS = {
    "seed": (0, 2**32 - 1),
    "folds": (2, 1_000),
    "fold": (0, 1_000),
    "epochs": (1, 10_000),
    "batch_size": (1, 10_000),
    "learning_rate": (0, 10),
    "clips_per_track": (1, 10_000),
    "clip_seconds": (0.01, 60),
    "n_mels": (1, 1_024),
    "width": (0.01, 16),
    "units": (1, 2_048),
    "dropout": (0, 1),
}


@dataclass
class Run:
    """A finished training.

    config: everything that decides the result. environment: versions, processor. corpus: name, task, classes,
    fingerprint. history: one row an epoch. predictions: one row a clip with track, label, artist, start (s), side,
    predicted and a column p_<class> of probabilities. timings: seconds. notes: what a reader must know. digest:
    SHA-256 of the weights, None where they have none, or were written before it was noted.
    """

    config: dict
    corpus: dict
    history: pd.DataFrame
    predictions: pd.DataFrame
    timings: dict
    notes: tuple[str, ...] = ()
    parameters: int = 0
    environment: dict = field(default_factory=dict)
    digest: str | None = None
    id: str = ""
    folder: Path | None = None

    @property
    def classes(self) -> tuple[str, ...]:
        """In the order of the network's outputs."""
        return tuple(self.corpus["classes"])

    @property
    def title(self) -> str:
        """The network's name as figures and tables have it."""
        from mercore.networks.report import TITLES  # imports TensorFlow

        return TITLES.get(self.config["network"], self.config["network"])

    @property
    def kind(self) -> str:
        """The kind of features that the network hears: a key of `features.KINDS`."""
        from mercore.networks.report import input_kind  # imports TensorFlow

        return input_kind(self.config["network"], self.config["front_end"])

    @property
    def clip_seconds(self) -> float:
        """The length of its clips in s."""
        return self.config.get("clip_seconds", CLIP_SECONDS)

    @property
    def n_mels(self) -> int:
        """The number of mel bands, if it hears any."""
        from mercore.features.spectrogram import N_MELS

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
        from mercore.features.spectrogram import Normaliser, shape

        path = self.folder / NORMALISER
        try:
            found = Normaliser.from_dict(_files.read_arrays(path))
        except KeyError as error:
            raise UserError(f"{path}: {error.args[0]}") from error
        if not found.fits(shape(self.kind, self.clip_seconds, self.n_mels)):
            raise UserError(f"{path}: isn't of this network's features")
        return found

    def model(self):
        """The trained Keras model, rebuilt from the configuration and its stored weights."""
        return self._model

    @cached_property
    def _model(self):  # built once: TensorFlow traces each new model anew
        from mercore import features, networks

        c, sizes = self.config, networks.sizes_of(self.config)
        shape = features.shape(self.kind, self.clip_seconds, self.n_mels)
        try:
            model = networks.build(
                c["network"], len(self.classes), c["preset"], c["attention"], c["front_end"], shape, **sizes
            )
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(f"{self.folder / RECORD}: tells of no network that can be built ({error})") from error
        weights = self.folder / WEIGHTS
        _files.check_weights(weights, 2**20 + 8 * model.count_params(), self.digest)
        try:
            model.load_weights(weights)
        except Exception as error:  # Keras and h5py raise many kinds where it isn't this network's
            raise UserError(f"{weights}: can't be read ({error})") from error
        return model


def runs_dir() -> Path:
    """The folder of runs: data/runs of the project, ignored by git."""
    return data_dir() / "runs"


def folder_of(name: str) -> Path:
    """Where the run of this id lies, or would lie; what only the shared storage has is fetched first."""
    folder = runs_dir() / name
    if not folder.is_dir():
        storage.fetch(name, runs_dir(), FILES)
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

    model, normaliser: of a network; a baseline (`study.baselines`) has neither. beside: keep this one as well, under
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
        with atomic_directory(root) as scratch:
            if model is not None:
                model.save_weights(scratch / WEIGHTS)
                np.savez(scratch / NORMALISER, **normaliser.to_dict())
                record["weights"] = _files.sha256(scratch / WEIGHTS)
            write_predictions(run.predictions, scratch / PREDICTIONS)
            (scratch / RECORD).write_text(json.dumps(record, indent=1), encoding="utf-8")
            folder = _rename_to_free_name(scratch, root / wanted, _taken(wanted), beside)
    except OSError as error:
        raise UserError(
            f"{root}: can't write the run here ({error.strerror or error}); set MERCORE_DATA to a folder with room"
        ) from error
    folder = folder_of(folder.name)
    storage.put(folder)
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
        return storage.names(wanted)
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
        run = of_record(folder)
        if "training" not in run.timings:
            raise UserError("its record doesn't say how long it took")
        return replace(run, predictions=_read_predictions(folder / PREDICTIONS, run.classes))
    except UserError as error:
        raise UserError(f"{folder}: not a whole run ({error}); delete the folder and train again") from error


def of_record(folder: Path) -> Run:
    """What record.json says of a run, without its predictions. Raises UserError where it says too little."""
    path = folder / RECORD
    record = _files.read_json(path)
    try:
        _check(record)
        return Run(
            config=record["config"],
            corpus=record["corpus"],
            history=pd.DataFrame(record.get("history", {})),
            predictions=pd.DataFrame(columns=list(COLUMNS)),
            timings=record.get("timings", {}),
            notes=tuple(record["notes"]),
            parameters=record["parameters"],
            environment=record["environment"],
            digest=record.get("weights"),
            id=folder.name,
            folder=folder,
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path}: is no record of a training ({error!r})") from error


def _check(record: dict) -> None:
    """Raises ValueError, KeyError, TypeError or AttributeError where a record isn't what the code relies on."""
    config, corpus, classes = record["config"], record["corpus"], record["corpus"]["classes"]
    told = {"classes": classes, "notes": record["notes"]}
    told |= {name: [config[name]] for name in ("network", "profile", "protocol")}
    told |= {name: [corpus[name]] for name in ("name", "task", "fingerprint")}
    for name, words in told.items():
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise ValueError(f"{name}: {words!r:.80}")
    if not 0 < len(set(classes)) == len(classes) <= MOST_CLASSES:
        raise ValueError(f"{len(classes)} classes")
    for name, (least, most) in LIMITS.items():
        if (value := config.get(name)) is not None and not least <= value <= most:
            raise ValueError(f"{name}: {value!r:.80}")
    numbers = {"parameters": record["parameters"], "cores": record["environment"]["cores"]}
    numbers |= record.get("timings", {})
    for name, value in numbers.items():
        if not isinstance(value, int | float):
            raise ValueError(f"{name}: {value!r:.80}")
    if not isinstance(record["environment"]["threads"], int | str):
        raise ValueError(f"threads: {record['environment']['threads']!r:.80}")


def _read_predictions(path: Path, classes: tuple[str, ...]) -> pd.DataFrame:
    """The predictions of a run. Raises UserError where they aren't of these classes, or not whole."""
    numbers = dict.fromkeys(("start", *(f"p_{label}" for label in classes)), float)
    types = dict.fromkeys(COLUMNS, str) | numbers
    table = _files.parse_csv(_files.read_text(path), path, keep_default_na=False, dtype=types)
    if missing := (set(COLUMNS) | numbers.keys()) - set(table):
        raise UserError(f"{path}: has no column {', '.join(sorted(missing))}")
    if not table["side"].isin(SIDES).all() or not table[["label", "predicted"]].isin(classes).all(axis=None):
        raise UserError(f"{path}: names a side, or a class, that there isn't")
    return table


def find(config: dict, corpus: dict) -> Run | None:
    """The latest finished run of this very configuration and corpus, or None."""
    wanted = name(config, corpus)
    known = {folder.name for folder in runs_dir().glob(f"{wanted}*")} | storage.names(wanted)
    found = [own for own in known if re.fullmatch(rf"{re.escape(wanted)}(\.\d+)?", own)]
    if not found:
        return None
    folder = folder_of(max(found, key=lambda own: int(own.partition(".")[2] or 1)))
    storage.put(folder)  # if it couldn't be put there when it was made
    return load(folder)
