"""One training function for all seven networks. Explained in 03_conv.

The recipe of profile `report` is the one published beside the report: Adam at its default rate, batches of 128,
at most 30 epochs, early stopping after 5 epochs without a better validation loss, a tenth of the learning rate
after 3, and the weights of the last epoch, not of the best one. Which augmentation the report used is not
published; ours, small shifts in time and frequency as Keras' ImageDataGenerator makes them, is our choice. Profile
`tuned` is another recipe, chosen on validation artists of 4Q; see 09_beyond_the_report.
"""

import gc
import hashlib
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import MISSING, asdict, dataclass, fields, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from mercore import UserError, corpora, features
from mercore.corpora import clips, splits
from mercore.training import fit, runs


@dataclass(frozen=True)
class Profile:
    """How much is trained: which sizes of networks, for how long, on how many clips a track."""

    name: str
    preset: str  # of networks.build
    epochs: int  # at most
    batch_size: int
    learning_rate: float
    watch: str  # what is watched on the validation side: "loss" or "accuracy"
    patience: int  # epochs without a better one before training stops
    plateau: int | None  # epochs without a better one before the learning rate falls to a tenth; None: cosine
    restore_best: bool  # keep the weights of the best epoch, else those of the last one
    clips_per_track: int
    tracks_per_class: int | None = None  # None: all
    train_share: float = 0.0  # of the training tracks, for learning curves; 0: all
    label_smoothing: float = 0.0
    weight_decay: float = 0.0  # above 0: AdamW
    clip_seconds: float = clips.CLIP_SECONDS
    n_mels: int = features.N_MELS
    width: float = 1.0  # so many times the preset's filters
    units: int | None = None  # of recurrent layers; None: the preset's
    dropout: float | None = None  # None: the preset's


# With few validation artists a network that errs with confidence has its best loss after an epoch or two, long before
# its best accuracy; so `quick` watches the accuracy.
PROFILES = {
    "smoke": Profile("smoke", "quick", 1, 32, 1e-3, "accuracy", 5, 3, True, clips_per_track=2, tracks_per_class=6),
    "quick": Profile("quick", "quick", 8, 32, 3e-3, "accuracy", 5, None, True, clips_per_track=10),
    "report": Profile("report", "report", 30, 128, 1e-3, "loss", 5, 3, False, clips_per_track=10),
    "tuned": Profile(
        name="tuned",
        preset="tuned",
        epochs=12,
        batch_size=32,
        learning_rate=2e-3,
        watch="loss",
        patience=12,
        plateau=None,
        restore_best=False,
        clips_per_track=10,
        label_smoothing=0.1,
        weight_decay=1e-3,
    ),
}

# What a run's configuration leaves out where it is as here, so that a new field gives no run of old another name.
OFF = {
    field.name: field.default
    for field in fields(Profile)
    if field.default is not MISSING and field.name != "tracks_per_class"
}


NOTHING = "stopped before the first step: there is nothing to keep"


class Prepared(NamedTuple):
    """A corpus ready for training: the corpus used, its clip table, features (one row a clip, of a kind) and split."""

    corpus: corpora.Corpus
    clips: pd.DataFrame
    x: np.ndarray
    split: splits.Split
    kind: str = "log_mel"


def profile(name: str) -> Profile:
    """The profile of that name. Raises UserError on an unknown one."""
    if name not in PROFILES:
        raise UserError(f"unknown profile {name!r}: choose one of {', '.join(PROFILES)}")
    return PROFILES[name]


def divide(
    corpus: corpora.Corpus,
    settings: Profile,
    protocol: str,
    seed: int,
    folds: int | None = None,
    fold: int | None = None,
) -> tuple[corpora.Corpus, pd.DataFrame, splits.Split]:
    """What of a corpus the profile takes, its clips, and their split. Raises UserError where it can't be split so."""
    if settings.tracks_per_class:
        corpus = corpora.subset(corpus, settings.tracks_per_class)
    table = clips.cut(corpus.usable, settings.clip_seconds, settings.clips_per_track)
    split = splits.make(corpus, table, protocol, seed=seed, folds=folds, fold=fold)
    if settings.train_share:
        split = splits.subsample_training_tracks(split, table, settings.train_share)
    return corpus, table, split


def prepare(
    corpus: corpora.Corpus,
    kind: str = "log_mel",
    settings: Profile = PROFILES["quick"],
    protocol: str = "artist",
    seed: int = 0,
    folds: int | None = None,
    fold: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Prepared:
    """Cut a corpus into clips, extract (or find) their features, and split them; progress: see `features.extract`."""
    corpus, table, split = divide(corpus, settings, protocol, seed, folds, fold)
    x = features.extract(corpus, table, kind, settings.clip_seconds, settings.n_mels, progress=progress)
    return Prepared(corpus, table, x, split, kind)


def train(
    corpus: corpora.Corpus,
    key: str,
    profile_name: str = "quick",
    protocol: str = "artist",
    seed: int = 0,
    folds: int | None = None,
    fold: int | None = None,
    augment: bool | None = None,
    scaler: str = "train",
    attention: str = "additive",
    front_end: str = "report",
    reuse: bool = True,
    listener: fit.Listener | None = None,
    **changes,
) -> runs.Run:
    """Train one network and leave a run record; an identical finished run is returned instead if `reuse`.

    augment: `fitting.shift` of log-mels, `fitting.turn` of raw audio (default: for the mel networks, and all of preset
    `tuned`). scaler: "train", or "all" to let the normalisation see the test clips as the report's did.
    changes: fields of the profile to replace, such as epochs=5 or learning_rate=1e-3. A listener may stop the
    training: then the best weights so far are kept, as the profile watches them, and the record says after how many
    epochs. Raises UserError for settings that don't fit each other, fitting.Stopped where it is stopped before the
    first step.
    """
    from mercore import networks  # imports TensorFlow, in silence: so it comes first

    import tensorflow as tf  # isort: skip

    settings = replace(profile(profile_name), **changes)
    kind = networks.input_kind(key, front_end)
    if augment is None:
        augment = kind == "log_mel" or settings.preset == "tuned"
    if front_end == "conflictnet":
        attention = "dot"  # it has no other
    if scaler not in ("train", "all"):
        raise UserError(f'scaler must be "train" or "all", not {scaler!r}')
    listener = listener or fit.Listener()
    started = time.perf_counter()
    prepared = prepare(corpus, kind, settings, protocol, seed, folds, fold, _reporter(listener))
    seconds = {"features": time.perf_counter() - started}

    shape, sizes = features.shape(kind, settings.clip_seconds, settings.n_mels), networks.sizes_of(asdict(settings))
    tf.config.experimental.enable_op_determinism()
    strategy = fit.strategy()
    with networks.seeded(seed), strategy.scope():
        model = networks.build(key, len(corpus.classes), settings.preset, attention, front_end, shape, **sizes)
    config = {
        "network": key,
        "profile": profile_name,
        "protocol": prepared.split.protocol,
        "protocol_asked": protocol,
        "seed": seed,
        "folds": folds,
        "fold": fold,
        "augment": augment,
        "scaler": scaler,
        "attention": attention,
        "front_end": front_end,
        "architecture": _digest(model),
        "features": features.VERSION,
        "split": hashlib.sha256("\n".join(prepared.split.side).encode()).hexdigest()[:12],
        **{k: v for k, v in asdict(settings).items() if k != "name" and (k not in OFF or v != OFF[k])},
    }
    about = {
        "name": prepared.corpus.name,
        "kind": prepared.corpus.kind,
        "task": prepared.corpus.task,
        "classes": list(prepared.corpus.classes),
        "fingerprint": prepared.corpus.fingerprint,
        "path": str(Path(prepared.corpus.root).resolve()),
        "tracks": len(prepared.corpus.usable),
        "clips": len(prepared.clips),
        "left_out": len(prepared.corpus.faulty),
        "untestable": list(prepared.split.untestable),
    }
    if reuse and (found := runs.find(config, about)):
        listener.tell(f"{found.title}: an identical run is there already, {found.id}; reused")
        return found

    gc.collect()  # earlier networks, which collecting before every look for a run would cost more than the look
    side = prepared.split
    normaliser = features.Normaliser.fit(
        prepared.x, side.train if scaler == "train" else np.arange(len(prepared.clips)), kind
    )
    if listener.stopped:
        raise fit.Stopped(NOTHING)
    listener.tell(
        f"{networks.TITLES[key]} on {about['name']}: {len(side.train)} clips to train, {len(side.validation)} to "
        f"validate, {len(side.test)} to test ({side.protocol}); {model.count_params():,} parameters"
    )
    with strategy.scope():
        _compile(model, settings)
    started = time.perf_counter()
    history = fit.fit(model, prepared, normaliser, settings, seed, augment, listener)
    seconds["training"] = time.perf_counter() - started
    if listener.stopped:
        config["stopped"] = len(history)
        listener.tell(f"stopped; testing the best weights of {len(history)} whole epochs")
    started = time.perf_counter()
    everything = fit.batches(prepared, normaliser, np.arange(len(prepared.clips)), fit.EVALUATED_AT_ONCE)
    predictions = _table(prepared, model.predict(everything, verbose=0))
    seconds["prediction"] = time.perf_counter() - started
    notes = prepared.split.notes
    if strategy.num_replicas_in_sync > 1:
        notes = (*notes, f"trained on {strategy.num_replicas_in_sync} GPUs at once, each batch shared among them")
    run = runs.Run(config, about, history, predictions, seconds, notes, parameters=model.count_params())
    return runs.save(run, model, normaliser, beside=not reuse)


def _compile(model, settings: Profile) -> None:
    from keras import losses, optimizers

    rate, decay, smooth = settings.learning_rate, settings.weight_decay, settings.label_smoothing
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


def _digest(model) -> str:
    """Changes with the architecture, so that a run of an older one isn't taken for one of today's."""
    layers = [(type(layer).__name__, {**layer.get_config(), "name": ""}) for layer in model.layers]
    return hashlib.sha256(json.dumps(layers, sort_keys=True, default=str).encode()).hexdigest()[:12]


def _reporter(listener: fit.Listener) -> Callable[[int, int], None] | None:
    """What `features.extract` calls for an attentive listener; None, for a bar, for another."""
    if not listener.attentive:
        return None

    def report(done: int, of: int) -> None:
        listener.step(done, of)
        if listener.stopped:
            raise fit.Stopped(NOTHING)

    return report


def _table(prepared: Prepared, probabilities: np.ndarray) -> pd.DataFrame:
    """One row a clip: what it is, its side of the split, the predicted class and all probabilities."""
    classes = np.array(prepared.corpus.classes)
    table = prepared.clips[["track", "label", "artist", "start"]].copy()
    table["side"] = prepared.split.side
    table["predicted"] = classes[probabilities.argmax(axis=1)]
    for i, label in enumerate(classes):
        table[f"p_{label}"] = probabilities[:, i]
    return table


# Seconds for one epoch over 1,000 clips on one core of an AMD EPYC, the other idle, from one run of
# tests/benchmarks/epoch_seconds.py. Beside another training the end-to-end ones take up to a quarter more; machines
# differ twofold and more.
EPOCH_SECONDS = {
    "quick": {"conv": 2.0, "blstm": 1.0, "bgru": 0.9, "conv_blstm": 1.2, "conv_bgru": 1.1, "end2end": 1.5,
              "end2end_gru": 1.3},
    "report": {"conv": 2.4, "blstm": 2.6, "bgru": 3.3, "conv_blstm": 2.8, "conv_bgru": 2.7, "end2end": 18.1,
               "end2end_gru": 16.4},
    "tuned": {"conv": 0.8, "blstm": 1.7, "bgru": 1.8, "conv_blstm": 1.0, "conv_bgru": 0.9, "end2end": 3.1,
              "end2end_gru": 2.9},
}  # fmt: skip


def estimate(settings: Profile, several: Iterable[corpora.Corpus]) -> tuple[dict[str, float], float]:
    """At most how long each of the seven networks trains on all of these corpora (s); their caches (bytes)."""
    n_clips = 0
    for corpus in several:
        tracks = len(corpus.usable)
        if settings.tracks_per_class:
            tracks = min(tracks, settings.tracks_per_class * len(corpus.classes))
        n_clips += tracks * settings.clips_per_track
    seconds = {key: s * settings.epochs * n_clips / 1000 for key, s in EPOCH_SECONDS[settings.preset].items()}
    return seconds, n_clips * 2 * sum(np.prod(features.shape(kind)) for kind in ("log_mel", "waveform"))
