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
import warnings
from collections.abc import Callable, Iterable
from dataclasses import MISSING, asdict, dataclass, fields, replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from mercore import UserError, clips, corpora, features, runs, splits


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

# Shifts of at most 13 frames (0.3 s) and 4 mel bands.
TIME_SHIFT, BAND_SHIFT = 13, 4
EVALUATED_AT_ONCE = 128  # clips
# What a run's configuration leaves out where it is as here, so that a new field gives no run of old another name.
OFF = {
    field.name: field.default
    for field in fields(Profile)
    if field.default is not MISSING and field.name != "tracks_per_class"
}


class Stopped(UserError):
    """A training was asked to stop before there was anything to keep."""


class Listener:
    """Is told how a training goes, and asked after every step whether to stop. This one prints a line an epoch."""

    stopped = False

    def tell(self, text: str) -> None:
        """A sentence on what is being done."""
        print(text, flush=True)

    def step(self, done: int, of: int) -> None:
        """So many tracks of the features, or steps of the epoch, are done."""

    def epoch(self, history: pd.DataFrame, settings: Profile) -> None:
        """An epoch is done; history: a row for each so far."""
        last, number = history.iloc[-1], len(history)
        text = f"epoch {number:2}/{settings.epochs}  train {last['loss']:.3f} / {last['accuracy']:.3f}"
        if "val_loss" in history:
            text += f"  validation {last['val_loss']:.3f} / {last['val_accuracy']:.3f}"
        text += f"  {last['seconds']:.1f} s"
        rest = last["seconds"] * (settings.epochs - 1)
        if number == 1 and rest > 60:
            text += f"  (all {settings.epochs} epochs: at most {rest / 60:.0f} more minutes)"
        self.tell(text)


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
    if settings.tracks_per_class:
        corpus = corpora.subset(corpus, settings.tracks_per_class)
    table = clips.cut(corpus.usable, settings.clip_seconds, settings.clips_per_track)
    split = splits.make(corpus, table, protocol, seed=seed, folds=folds, fold=fold)
    if settings.train_share:
        split = splits.thin(split, table, settings.train_share)
    x = features.extract(corpus, table, kind, settings.clip_seconds, settings.n_mels, progress=progress)
    return Prepared(corpus, table, x, split, kind)


def shift(batch: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Shift each log-mel of a (clips, bands, frames) batch at random in time and frequency, edges repeated.

    As ImageDataGenerator's width_shift_range, height_shift_range and fill_mode="nearest" (Keras documentation).
    """
    n, bands, frames = batch.shape
    down = rng.integers(-BAND_SHIFT, BAND_SHIFT + 1, size=n) + BAND_SHIFT
    right = rng.integers(-TIME_SHIFT, TIME_SHIFT + 1, size=n) + TIME_SHIFT
    padded = np.pad(batch, ((0, 0), (BAND_SHIFT, BAND_SHIFT), (TIME_SHIFT, TIME_SHIFT)), mode="edge")
    return np.stack([clip[d : d + bands, r : r + frames] for clip, d, r in zip(padded, down, right, strict=True)])


def turn(batch: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Turn each clip of raw audio, (clips, steps, samples), round in time, and change its level by 6 dB at most.

    What leaves at the end comes in at the beginning, so that filters meet the same music at every phase.
    """
    clips = batch.reshape(len(batch), -1)
    by, gain = rng.integers(clips.shape[1], size=len(clips)), 2 ** rng.uniform(-1, 1, len(clips))
    turned = [np.roll(clip, n) * g for clip, n, g in zip(clips, by, gain.astype(np.float32), strict=True)]
    return np.stack(turned).reshape(batch.shape)


def batches(
    prepared: Prepared, normaliser, rows, batch_size: int, seed: int | None = None, augment=False, one_hot=False
):
    """A keras.utils.PyDataset of (normalised features, classes); shuffled each epoch where a seed is given.

    Classes are numbers, or rows of an identity matrix where `one_hot`.
    """
    from keras.utils import PyDataset

    classes = pd.Categorical(prepared.clips["label"], categories=prepared.corpus.classes).codes
    if one_hot:
        classes = np.eye(len(prepared.corpus.classes), dtype=np.float32)[classes]

    change = shift if prepared.kind == "log_mel" else turn

    class Batches(PyDataset):
        def __init__(self):
            super().__init__(workers=2, max_queue_size=2)  # with one worker every other epoch waits two seconds
            self.epoch, self.rows = -1, np.asarray(rows)
            self.on_epoch_end()

        def __len__(self):
            return -(-len(self.rows) // batch_size)

        def __getitem__(self, i):
            chosen = self.rows[i * batch_size : (i + 1) * batch_size]
            x = normaliser.apply(prepared.x[np.sort(chosen)])
            if augment:
                x = change(x, np.random.default_rng([seed, self.epoch, i]))
            return x, classes[np.sort(chosen)]

        def on_epoch_end(self):
            self.epoch += 1
            if seed is not None:
                self.rows = np.random.default_rng([seed, self.epoch]).permutation(rows)

    return Batches()


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
    listener: Listener | None = None,
    **changes,
) -> runs.Run:
    """Train one network and leave a run record; an identical finished run is returned instead if `reuse`.

    augment: `shift` of log-mels, `turn` of raw audio (default: for the mel networks, and all of preset `tuned`).
    scaler: "train", or "all" to let the normalisation see the test clips as the report's did. changes: fields of
    the profile to replace, such as epochs=5 or learning_rate=1e-3. A listener may stop the training: then the best
    weights so far are kept, as the profile watches them, and the record says after how many epochs. Raises UserError
    for settings that don't fit each other, Stopped where it is stopped before the first step.
    """
    from mercore import networks  # imports TensorFlow, in silence: so it comes first

    import keras  # isort: skip
    import tensorflow as tf  # isort: skip

    settings = replace(profile(profile_name), **changes)
    kind = networks.input_kind(key, front_end)
    if augment is None:
        augment = kind == "log_mel" or settings.preset == "tuned"
    if scaler not in ("train", "all"):
        raise UserError(f'scaler must be "train" or "all", not {scaler!r}')
    listener = listener or Listener()
    started = time.perf_counter()
    prepared = prepare(corpus, kind, settings, protocol, seed, folds, fold, _reporter(listener))
    seconds = {"features": time.perf_counter() - started}

    tf.config.experimental.enable_op_determinism()
    keras.backend.clear_session(free_memory=False)
    keras.utils.set_random_seed(seed)
    shape, sizes = features.shape(kind, settings.clip_seconds, settings.n_mels), network_sizes(asdict(settings))
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
        "split": hashlib.sha256("\n".join(prepared.split.sides(prepared.clips)).encode()).hexdigest()[:12],
        **{k: v for k, v in asdict(settings).items() if k != "name" and (k not in OFF or v != OFF[k])},
    }
    about = {
        "name": prepared.corpus.name,
        "task": prepared.corpus.task,
        "classes": list(prepared.corpus.classes),
        "fingerprint": prepared.corpus.fingerprint,
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
    listener.tell(
        f"{networks.TITLES[key]} on {about['name']}: {len(side.train)} clips to train, {len(side.validation)} to "
        f"validate, {len(side.test)} to test ({side.protocol}); {model.count_params():,} parameters"
    )
    smooth = settings.label_smoothing
    model.compile(
        keras.optimizers.AdamW(settings.learning_rate, settings.weight_decay)
        if settings.weight_decay
        else keras.optimizers.Adam(settings.learning_rate),
        keras.losses.CategoricalCrossentropy(label_smoothing=smooth) if smooth else "sparse_categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile=False,  # slower for all seven on a CPU
    )
    started = time.perf_counter()
    history = _fit(model, prepared, normaliser, settings, seed, augment, listener)
    seconds["training"] = time.perf_counter() - started
    if listener.stopped:
        config["stopped"] = len(history)
        listener.tell(f"stopped; testing the best weights of {len(history)} whole epochs")
    started = time.perf_counter()
    everything = batches(prepared, normaliser, np.arange(len(prepared.clips)), EVALUATED_AT_ONCE)
    predictions = _table(prepared, model.predict(everything, verbose=0))
    seconds["prediction"] = time.perf_counter() - started
    run = runs.Run(config, about, history, predictions, seconds, prepared.split.notes, parameters=model.count_params())
    return runs.save(run, model, normaliser)


def _digest(model) -> str:
    """Changes with the architecture, so that a run of an older one isn't taken for one of today's."""
    layers = [(type(layer).__name__, {**layer.get_config(), "name": ""}) for layer in model.layers]
    return hashlib.sha256(json.dumps(layers, sort_keys=True, default=str).encode()).hexdigest()[:12]


def network_sizes(config: dict) -> dict:
    """What a profile or a run's configuration changes in the sizes of a preset, for `networks.build`."""
    return {name: config.get(name, OFF[name]) for name in ("width", "units", "dropout")}


def _reporter(listener: Listener) -> Callable[[int, int], None] | None:
    """What `features.extract` calls for a listener of one's own; None, for a bar, where nobody else listens."""
    if type(listener) is Listener:
        return None

    def report(done: int, of: int) -> None:
        listener.step(done, of)
        if listener.stopped:
            raise Stopped("stopped before the first step: there is nothing to keep")

    return report


def _fit(model, prepared, normaliser, settings, seed, augment, listener) -> pd.DataFrame:
    """Train as the profile says; one row a whole epoch, with the epoch's seconds and learning rate."""
    from keras import callbacks

    side = prepared.split
    watch = f"val_{settings.watch}" if len(side.validation) else settings.watch
    soft = settings.label_smoothing > 0
    training = batches(prepared, normaliser, side.train, settings.batch_size, seed, augment, soft)
    going = _going(listener, settings, watch, len(training))
    warnings.filterwarnings("ignore", "Your input ran out of data")  # what Keras says of a training that was stopped
    model.fit(
        training,
        validation_data=batches(prepared, normaliser, side.validation, EVALUATED_AT_ONCE, one_hot=soft)
        if len(side.validation)
        else None,
        validation_freq=going.validated,
        epochs=settings.epochs,
        verbose=0,
        callbacks=[
            going,
            callbacks.EarlyStopping(watch, patience=settings.patience, restore_best_weights=settings.restore_best),
            _rate(settings, watch),
        ],
    )
    if listener.stopped and going.best_weights:
        model.set_weights(going.best_weights)
    history = pd.DataFrame(going.rows)
    best = settings.restore_best or listener.stopped
    history["chosen"] = history.index == (going.best_epoch if best else len(history) - 1)
    return history


def _rate(settings: Profile, watch: str):
    """The callback that lowers the learning rate: on a plateau, or along half a cosine (Loshchilov & Hutter 2017)."""
    from keras import callbacks

    if settings.plateau:
        return callbacks.ReduceLROnPlateau(watch, factor=0.1, patience=settings.plateau)
    return callbacks.LearningRateScheduler(
        lambda epoch: settings.learning_rate * (1 + np.cos(np.pi * epoch / settings.epochs)) / 2
    )


def _going(listener: Listener, settings: Profile, watch: str, steps: int):
    """The callback that tells a listener how training goes, and stops between two steps where the listener asks it.

    rows: one a whole epoch. best_epoch (from 0) and best_weights: by `watch`, so far. An epoch that was broken off has
    no row. validated: the epochs (from 1) that end with a validation.
    """
    from keras.callbacks import Callback

    better = np.less if settings.watch == "loss" else np.greater

    class Going(Callback):
        def __init__(self):
            super().__init__()
            self.rows, self.best_epoch, self.best_weights = [], 0, None
            self.validated = list(range(1, settings.epochs + 1))

        def on_epoch_begin(self, epoch, logs=None):
            self.started = time.perf_counter()

        def on_train_batch_end(self, batch, logs=None):
            listener.step(batch + 1, steps)
            self.break_off()

        def on_test_batch_end(self, batch, logs=None):
            self.break_off()

        def break_off(self):
            if listener.stopped:
                self.model.stop_training = True
                self.validated.clear()
                raise StopIteration  # as if the data had ended: only then Keras stops the threads that fetch them

        def on_epoch_end(self, epoch, logs=None):
            if not self.validated:  # broken off: early stopping, which comes next, is not to take it for the best
                logs[watch] = np.nan
                return
            rate = float(self.model.optimizer.learning_rate)
            self.rows.append({**logs, "learning_rate": rate, "seconds": time.perf_counter() - self.started})
            if self.best_weights is None or better(logs[watch], self.rows[self.best_epoch][watch]):
                self.best_epoch, self.best_weights = epoch, self.model.get_weights()
            listener.epoch(pd.DataFrame(self.rows), settings)

    return Going()


def _table(prepared: Prepared, probabilities: np.ndarray) -> pd.DataFrame:
    """One row a clip: what it is, its side of the split, the predicted class and all probabilities."""
    classes = np.array(prepared.corpus.classes)
    table = prepared.clips[["track", "label", "artist", "start"]].copy()
    table["side"] = prepared.split.sides(prepared.clips)
    table["predicted"] = classes[probabilities.argmax(axis=1)]
    for i, label in enumerate(classes):
        table[f"p_{label}"] = probabilities[:, i]
    return table


# Seconds for one epoch over 1,000 clips on one core of an AMD EPYC, the other idle or busy with another training; for
# `report` and `tuned` from one run of tests/benchmarks/epoch_seconds.py. Machines differ twofold and more.
EPOCH_SECONDS = {
    "quick": {"conv": 2.1, "blstm": 1.3, "bgru": 2.0, "conv_blstm": 2.3, "conv_bgru": 2.2, "end2end": 1.7,
              "end2end_gru": 1.9},
    "report": {"conv": 7.4, "blstm": 4.6, "bgru": 4.1, "conv_blstm": 6.0, "conv_bgru": 6.2, "end2end": 34.6,
               "end2end_gru": 29.6},
    "tuned": {"conv": 2.3, "blstm": 3.3, "bgru": 2.8, "conv_blstm": 3.4, "conv_bgru": 2.4, "end2end": 3.5,
              "end2end_gru": 3.4},
}  # fmt: skip


def estimate(settings: Profile, several: Iterable[corpora.Corpus]) -> tuple[float, float, float]:
    """At most how long all seven networks train on these corpora, and the longest of them (s); the caches (bytes)."""
    total = longest = disk = 0.0
    for corpus in several:
        tracks = len(corpus.usable)
        if settings.tracks_per_class:
            tracks = min(tracks, settings.tracks_per_class * len(corpus.classes))
        n_clips = tracks * settings.clips_per_track
        seconds = [s * settings.epochs * n_clips / 1000 for s in EPOCH_SECONDS[settings.preset].values()]
        total, longest = total + sum(seconds), max(longest, *seconds)
        disk += n_clips * 2 * sum(np.prod(features.KINDS[kind].shape) for kind in ("log_mel", "waveform"))
    return total, longest, disk
