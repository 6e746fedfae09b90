"""One training function for all networks, registered or one's own. Explained in 03_conv."""

import gc
import hashlib
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from mercore import UserError, features, networks
from mercore.corpora import Corpus, clips, splits, subset
from mercore.training import fit, runs
from mercore.training.config import TrainingConfig, profile

NOTHING_KEPT = "stopped before the first step: there is nothing to keep"


@dataclass(frozen=True)
class Prepared:
    """A corpus ready for training: what is used of it, its clip table, split, features (one row a clip), settings."""

    corpus: Corpus
    clips: pd.DataFrame
    split: splits.Split
    x: features.StoredFeatures
    config: TrainingConfig


def split_corpus(corpus: Corpus, config: TrainingConfig) -> tuple[Corpus, pd.DataFrame, splits.Split]:
    """Return what the settings take of a corpus, its clips and their split; UserError where it can't be split so."""
    if config.tracks_per_class:
        corpus = subset(corpus, config.tracks_per_class)
    table = clips.cut(corpus.usable, config.clip_seconds, config.clips_per_track)
    split = splits.make(corpus, table, config.protocol, seed=config.seed, folds=config.folds, fold=config.fold)
    if config.train_share:
        split = splits.subsample_training_tracks(split, table, config.train_share)
    return corpus, table, split


def prepare(
    corpus: Corpus,
    input: str = "log_mel",
    config: TrainingConfig | None = None,
    protocol: str = "artist",
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Prepared:
    """Cut a corpus into clips, split them, and extract (or find) their features; config: default profile `quick`."""
    config = (config or profile("quick")).change(input=input, protocol=protocol, seed=seed)
    return _prepare(*split_corpus(corpus, config), config, progress)


def _prepare(corpus, table, split, config: TrainingConfig, progress) -> Prepared:
    x = features.extract(corpus, table, config.input, config.clip_seconds, config.features, progress=progress)
    return Prepared(corpus, table, split, x, config)


def configure(network: str | Callable, profile_name: str = "quick", **changes) -> TrainingConfig:
    """Return the settings that `train` uses: those of a profile, with changes; UserError for what can't work."""
    config = profile(profile_name).change(**changes)
    if callable(network):
        name = network.__name__.strip("<>")
        if name in networks.names():
            raise UserError(f"a network named {name} is registered already: give your function another name")
        config = replace(config, network=name, preset="own")
    else:
        config = replace(config, network=network, input=networks.input_type(network, config.front_end))
    if config.augment is None:
        config = replace(config, augment=config.input == "log_mel" or config.preset == "tuned")
    if config.front_end == "conflictnet":
        config = replace(config, attention="dot")  # it has no other
    return config


def train(
    corpus: Corpus,
    network: str | Callable = "conv",
    profile_name: str = "quick",
    protocol: str = "artist",
    seed: int = 0,
    *,
    reuse: bool = True,
    listener: fit.Listener | None = None,
    callbacks: Sequence = (),
    config: TrainingConfig | None = None,
    **changes,
) -> runs.Run:
    """Train one network and leave a run record, or return the finished run of the very same training.

    Args:
        corpus: The corpus.
        network: The key of a registered network, or a function `build(n_classes, shape) -> keras.Model`, which gives
            the run its name. One of raw audio takes `input="waveform"`.
        profile_name: "smoke", "quick", "report" or "tuned".
        protocol: Of the split, see `mercore.corpora.splits`.
        seed: Of the split, the weights and the order of the clips.
        reuse: Return an identical finished run instead of training again.
        listener: Follows the training and may stop it: then the best weights so far are kept.
        callbacks: Further Keras callbacks, such as keras.callbacks.TensorBoard.
        config: All settings at once, in place of the profile, protocol, seed and changes.
        **changes: Fields of `TrainingConfig` or `FeatureSettings` to change, such as epochs=5 or n_fft=1024.

    Returns:
        The run, as it lies on disk.

    Raises:
        UserError: For settings that don't fit each other, or a fault in one's own function.
        Stopped: Where it is stopped before the first step.
    """
    listener = listener or fit.Listener()
    config = config or configure(network, profile_name, protocol=protocol, seed=seed, **changes)
    corpus, table, split = split_corpus(corpus, config)
    shape = features.shape(config.input, config.clip_seconds, config.features)
    model, code = None, None
    if not callable(network):
        code = networks.code_digest(network, config.preset, config.front_end)
    if code is None:  # only the built network says what it is
        model = _build(network, config, len(corpus.classes), shape)
        code = hashlib.sha256(model.to_json().encode()).hexdigest()[:12]
    record = asdict(config) | {
        "protocol": split.protocol,
        "protocol_asked": config.protocol,
        "architecture": code,
        "split": hashlib.sha256("\n".join(split.side).encode()).hexdigest()[:12],
    }
    about = _describe_corpus(corpus, table, split)
    if reuse and (found := runs.find(record, about)):
        listener.report(f"{found.title}: an identical run is there already, {found.id}; reused")
        return found

    started = time.perf_counter()
    prepared = _prepare(corpus, table, split, config, _progress_reporter(listener))
    seconds = {"features": time.perf_counter() - started}
    model = model or _build(network, config, len(corpus.classes), shape)
    return _fit_and_save(model, prepared, record, about, seconds, listener, callbacks, beside=not reuse)


def _build(network: str | Callable, config: TrainingConfig, n_classes: int, shape: tuple[int, int]):
    """Return the network with weights that follow from the seed; a fault in the user's function names its line."""
    import tensorflow as tf

    tf.config.experimental.enable_op_determinism()
    with networks.seeded(config.seed), fit.distribution_strategy().scope():
        if not callable(network):
            return networks.build(network, n_classes, config.preset, shape, **config.sizes)
        try:
            model = network(n_classes, shape)
        except Exception as error:
            own = [part for part in traceback.extract_tb(error.__traceback__) if part.name == network.__name__]
            where = f"line {own[-1].lineno}, `{own[-1].line}`" if own else "its call"
            raise UserError(f"{config.network}, {where}: {type(error).__name__}: {error}") from error
    if getattr(model, "output_shape", None) != (None, n_classes):
        raise UserError(
            f"{config.network}: returned {type(model).__name__} with the output shape "
            f"{getattr(model, 'output_shape', None)}; return a keras.Model with {n_classes} probabilities as output"
        )
    return model


def _describe_corpus(corpus: Corpus, table: pd.DataFrame, split: splits.Split) -> dict:
    return {
        "name": corpus.name,
        "kind": corpus.kind,
        "task": corpus.task,
        "classes": list(corpus.classes),
        "fingerprint": corpus.fingerprint,
        "path": str(Path(corpus.root).resolve()),
        "tracks": len(corpus.usable),
        "clips": len(table),
        "left_out": len(corpus.faulty),
        "untestable": list(split.untestable),
    }


def _fit_and_save(model, prepared: Prepared, record, about, seconds, listener, callbacks, beside: bool) -> runs.Run:
    gc.collect()  # earlier networks, which collecting before every look for a run would cost more than the look
    config, split, every = prepared.config, prepared.split, np.arange(len(prepared.clips))
    strategy = fit.distribution_strategy()
    normaliser = features.Normaliser.fit(prepared.x, split.train if config.scaler == "train" else every, config.input)
    if listener.stopped:
        raise fit.Stopped(NOTHING_KEPT)
    listener.report(
        f"{networks.title(config.network)} on {about['name']}: {len(split.train)} clips to train, "
        f"{len(split.validation)} to validate, {len(split.test)} to test ({split.protocol}); "
        f"{model.count_params():,} parameters"
    )
    with strategy.scope():
        _compile(model, config)
    started = time.perf_counter()
    history = fit.fit(model, prepared, normaliser, config, listener, callbacks)
    seconds["training"] = time.perf_counter() - started
    if listener.stopped:
        record["stopped"] = len(history)
        listener.report(f"stopped; testing the best weights of {len(history)} whole epochs")
    started = time.perf_counter()
    probabilities = model.predict(fit.batches(prepared, normaliser, every, fit.EVALUATION_BATCH), verbose=0)
    seconds["prediction"] = time.perf_counter() - started
    notes = split.notes
    if strategy.num_replicas_in_sync > 1:
        notes = (*notes, f"trained on {strategy.num_replicas_in_sync} GPUs at once, each batch shared among them")
    predictions = _prediction_table(prepared, probabilities)
    run = runs.Run(record, about, history, predictions, seconds, notes, parameters=model.count_params())
    return runs.save(run, model, normaliser, beside=beside)


def _compile(model, config: TrainingConfig) -> None:
    from keras import losses, optimizers

    rate, decay, smooth = config.learning_rate, config.weight_decay, config.label_smoothing
    model.compile(
        optimizers.AdamW(rate, decay) if decay else optimizers.Adam(rate),
        losses.CategoricalCrossentropy(label_smoothing=smooth) if smooth else "sparse_categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile=False,  # slower for all seven on a CPU
    )
    # What the first step would create is created here, else TensorFlow traces it twice (documentation of tf.function).
    model.optimizer.build(model.trainable_variables)
    even = np.full((1, model.output_shape[-1]), 1 / model.output_shape[-1], np.float32)
    model.compute_metrics(None, even if smooth else np.zeros(1), even)


def _progress_reporter(listener: fit.Listener) -> Callable[[int, int], None] | None:
    """Return what `features.extract` calls for an interactive listener; None, for a bar, for another."""
    if not listener.interactive:
        return None

    def report(done: int, total: int) -> None:
        listener.step(done, total)
        if listener.stopped:
            raise fit.Stopped(NOTHING_KEPT)

    return report


def _prediction_table(prepared: Prepared, probabilities: np.ndarray) -> pd.DataFrame:
    """One row a clip: what it is, its side of the split, the predicted class and all probabilities."""
    classes = np.array(prepared.corpus.classes)
    table = prepared.clips[["track", "label", "artist", "start"]].copy()
    table["side"] = prepared.split.side
    table["predicted"] = classes[probabilities.argmax(axis=1)]
    for i, label in enumerate(classes):
        table[f"p_{label}"] = probabilities[:, i]
    return table
