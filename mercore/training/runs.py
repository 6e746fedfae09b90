"""Run records: which network was trained on what, how, and what came out. Explained in 03_conv.

A run is one folder: record.json (settings, environment, corpus, history, timings), predictions.csv.gz (one row a
clip) and model.keras (standardisation, architecture and weights). It is written beside its place and then renamed, so
a training that was interrupted leaves nothing that looks finished, and no run is ever overwritten.
"""

import gzip
import hashlib
import io
import json
import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pandas as pd

from mercore import UserError, _files, data_dir, features, networks
from mercore._files import atomic_directory
from mercore.training.config import TrainingConfig
from mercore.training.environment import describe_environment

RECORD, PREDICTIONS, MODEL = "record.json", "predictions.csv.gz", "model.keras"
COLUMNS = ("track", "label", "artist", "start", "side", "predicted")  # of the predictions, before those of classes
SIDES = ("train", "validation", "test", "none")
MAX_CLASSES = 1_000
NOT_IDENTITY = ("protocol_asked",)


@dataclass
class Run:
    """A finished training."""

    config: dict  # what decides the result: the fields of `TrainingConfig`, digests of architecture and split
    corpus: dict  # name, kind, task, classes, fingerprint
    history: pd.DataFrame  # one row an epoch
    predictions: pd.DataFrame  # one row a clip: track, label, artist, start (s), side, predicted, p_<class>
    timings: dict  # seconds
    notes: tuple[str, ...] = ()  # what a reader must know
    parameters: int = 0  # their number
    environment: dict = field(default_factory=dict)  # versions, processor
    digest: str | None = None  # SHA-256 of the model's file; None where there is none
    id: str = ""  # the name of its folder
    folder: Path = Path()

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes, in the order of the network's outputs."""
        return tuple(self.corpus["classes"])

    @property
    def title(self) -> str:
        """The network's name in prose."""
        return networks.title(self.config["network"])

    @cached_property
    def settings(self) -> TrainingConfig:
        """The settings of the training."""
        return TrainingConfig.from_record(self.config)

    @property
    def input(self) -> str:
        """The feature type that the network takes: a key of `features.FEATURES`."""
        return self.settings.input

    @property
    def clip_seconds(self) -> float:
        """The length of its clips (s)."""
        return self.settings.clip_seconds

    def side(self, name: str) -> pd.DataFrame:
        """Return the predictions of the clips of one side: train, validation or test."""
        return self.predictions[self.predictions["side"] == name]

    def accuracy(self, side: str = "test") -> float:
        """Return the share of the side's clips that were classified correctly; NaN where the side is empty."""
        rows = self.side(side)
        return float((rows["predicted"] == rows["label"]).mean()) if len(rows) else float("nan")

    def compute_features(self, samples: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """Compute the network's input, standardised, from clips of a recording that begin at `starts` (s)."""
        config = self.settings
        x = features.compute(samples, starts, config.input, config.clip_seconds, config.features)
        return self.normaliser.apply(x)

    @property
    def normaliser(self) -> features.Normaliser:
        """What standardises its features, learnt on the training side."""
        layer = self._saved.layers[0]
        mean, variance = (np.asarray(value)[0] for value in (layer.mean, layer.variance))
        return features.Normaliser(features.FEATURES[self.input].axis, mean, np.sqrt(variance))

    def model(self):
        """Return the trained Keras model, which takes standardised features."""
        return self._saved.layers[1]

    def export_model(self, folder: Path) -> None:
        """Write standardisation and network to a folder as a TensorFlow SavedModel with one endpoint, `serve`."""
        try:
            self._saved.export(folder, verbose=False)
        except RuntimeError as error:  # what TensorFlow makes of a full disk, among others
            raise OSError(None, str(error)) from error

    @cached_property
    def _saved(self):  # loaded once: TensorFlow traces each new model again
        import keras

        networks.names()  # registers this project's layers
        path = self.folder / MODEL
        _check_model(path, self.digest, self.parameters)
        try:
            model = keras.saving.load_model(path, compile=False)
        except Exception as error:  # Keras raises many kinds
            raise UserError(
                f"{path}: can't be read ({error}); a layer class of your own has to be registered before, see "
                "keras.saving.register_keras_serializable"
            ) from error
        shape = features.shape(self.input, self.clip_seconds, self.settings.features)
        if model.input_shape[1:] != shape or model.output_shape != (None, len(self.classes)):
            raise UserError(f"{path}: takes {model.input_shape}, gives {model.output_shape}: not this run's network")
        return model


def _check_model(path: Path, digest: str | None, parameters: int) -> None:
    """Raise UserError unless the file is as it was written and no larger than its network can be."""
    if not path.is_file():
        raise UserError(f"{path}: there is no such file, so there is no network to load; train it again")
    if digest and _files.sha256(path) != digest:
        raise UserError(f"{path}: damaged, its checksum differs; train it again")
    with ZipFile(path) as archive:
        size = sum(part.file_size for part in archive.infolist())
    if size > 2**22 + 16 * parameters + 8 * np.prod((2129, 31)):
        raise UserError(f"{path}: unpacks to {size / 1e6:,.0f} MB, too much for {parameters:,} parameters")


def runs_dir() -> Path:
    """Return the folder of runs: data/runs of the project, ignored by git."""
    return data_dir() / "runs"


def run_id(config: dict, corpus: dict) -> str:
    """Return the name of a run: readable, and unique to its settings and its corpus' content."""
    decides = {key: value for key, value in config.items() if key not in NOT_IDENTITY}
    content = json.dumps([decides, corpus["task"], corpus["fingerprint"]], sort_keys=True)
    fold = "" if config.get("fold") is None else f"fold{config['fold']}of{config['folds']}"
    words = [corpus["name"], config["network"], config["protocol"], config["profile"], f"s{config['seed']}", fold]
    slug = "-".join(re.sub(r"[^a-z0-9]+", "_", word.lower()).strip("_") for word in words if word)
    return f"{slug}-{hashlib.sha256(content.encode()).hexdigest()[:8]}"


def save(run: Run, model=None, normaliser: features.Normaliser | None = None, beside: bool = True) -> Run:
    """Write a finished run and return it with its id; an earlier run of the same name is kept, not replaced.

    Args:
        run: What was found.
        model: The trained network; None for a baseline.
        normaliser: What standardises its input.
        beside: Keep this one as well as an earlier one of the same settings, under a number; otherwise return the
            earlier one.

    Raises:
        UserError: Where the folder of runs can't be written.
    """
    root, wanted = runs_dir(), run_id(run.config, run.corpus)
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
            if model is not None and normaliser is not None:
                _save_model(model, normaliser, scratch / MODEL)
                record["weights"] = _files.sha256(scratch / MODEL)
            write_predictions(run.predictions, scratch / PREDICTIONS)
            (scratch / RECORD).write_text(json.dumps(record, indent=1), encoding="utf-8")
            folder = _rename_to_free_name(scratch, root / wanted, beside)
    except OSError as error:
        raise UserError(
            f"{root}: can't write the run here ({error.strerror or error}); set MERCORE_DATA to a folder with room"
        ) from error
    return load(folder)


def _save_model(model, normaliser: features.Normaliser, path: Path) -> None:
    """Save standardisation and network as one Keras model, without the state of the optimizer."""
    import keras

    network = keras.models.clone_model(model)
    network.set_weights(model.get_weights())
    axes = 1 if normaliser.axis == "band" else tuple(range(1, 1 + normaliser.mean.ndim))
    scaler = keras.layers.Normalization(axis=axes, name="standardisation")
    scaler.build(model.input_shape)
    scaler.adapt_mean.assign(normaliser.mean.ravel().reshape(scaler.adapt_mean.shape))
    scaler.adapt_variance.assign(np.square(normaliser.sd).ravel().reshape(scaler.adapt_variance.shape))
    scaler.finalize_state()
    keras.Sequential([keras.Input(model.input_shape[1:]), scaler, network]).save(path)


def write_predictions(predictions: pd.DataFrame, path: Path) -> None:
    """Write gzipped csv whose bytes depend on the content alone; probabilities to four digits."""
    text = io.StringIO()
    predictions.to_csv(text, index=False, float_format="%.4f", lineterminator="\n")
    path.write_bytes(gzip.compress(text.getvalue().encode(), mtime=0))


def _rename_to_free_name(scratch: Path, wanted: Path, beside: bool) -> Path:
    """Rename a finished folder to `wanted`, or where that is taken to wanted.2, wanted.3, ... if `beside`."""
    for n in range(1, 1000):
        target = wanted if n == 1 else wanted.with_name(f"{wanted.name}.{n}")
        if not target.exists():
            try:
                return scratch.rename(target)
            except OSError:
                if not target.exists():
                    raise
                # Another process finished the same run at this very moment.
        if not beside:
            return target
    raise UserError(f"{wanted}: a thousand runs of this name; delete some")


def load(folder: Path | str) -> Run:
    """Read a run from its folder, or by its id; raises UserError where it isn't complete."""
    folder = Path(folder)
    if not folder.is_dir():
        folder = runs_dir() / folder
    try:
        run = read_record(folder)
        if "training" not in run.timings:
            raise UserError("its record doesn't say how long it took")
        return replace(run, predictions=_read_predictions(folder / PREDICTIONS, run.classes))
    except UserError as error:
        raise UserError(f"{folder}: not a complete run ({error}); delete the folder and train again") from error


def read_record(folder: Path) -> Run:
    """Read what record.json says of a run, without its predictions; raises UserError where it says too little."""
    path = folder / RECORD
    record = _files.read_json(path)
    try:
        run = Run(
            config=record["config"],
            corpus=record["corpus"],
            history=pd.DataFrame(record.get("history", {})),
            predictions=pd.DataFrame(columns=list(COLUMNS)),
            timings=record.get("timings", {}),
            notes=tuple(record["notes"]),
            parameters=int(record["parameters"]),
            environment=record["environment"],
            digest=record.get("weights"),
            id=folder.name,
            folder=folder,
        )
        if not 0 < len(set(run.classes)) == len(run.classes) <= MAX_CLASSES:
            raise ValueError(f"{len(run.classes)} classes")
        if not run.title:
            raise ValueError("no network")
        if run.config["profile"] != "baseline":
            run.settings  # noqa: B018  (raises where they can't be those of a training)
        return run
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path}: not the record of a training ({error!r})") from error


def _read_predictions(path: Path, classes: tuple[str, ...]) -> pd.DataFrame:
    """Return the predictions of a run. Raises UserError where they have other classes, or aren't complete."""
    numbers = dict.fromkeys(("start", *(f"p_{label}" for label in classes)), float)
    types = dict.fromkeys(COLUMNS, str) | numbers
    table = _files.parse_csv(_files.read_text(path), path, keep_default_na=False, dtype=types)
    if missing := (set(COLUMNS) | numbers.keys()) - set(table):
        raise UserError(f"{path}: missing columns: {', '.join(sorted(missing))}")
    if not table["side"].isin(SIDES).all() or not table[["label", "predicted"]].isin(classes).all(axis=None):
        raise UserError(f"{path}: contains an unknown side or class")
    return table


def find(config: dict, corpus: dict) -> Run | None:
    """Return the latest finished run of these very settings and this corpus, or None."""
    wanted = run_id(config, corpus)
    names = (folder.name for folder in runs_dir().glob(f"{wanted}*"))
    found = [name for name in names if re.fullmatch(rf"{re.escape(wanted)}(\.\d+)?", name)]
    return load(max(found, key=lambda name: int(name.partition(".")[2] or 1))) if found else None
