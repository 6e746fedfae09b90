"""Batches, augmentation and the fit itself, which reports its progress and can be stopped. Explained in 03_conv."""

import time
import warnings
from collections.abc import Sequence
from functools import cache, partial

import numpy as np
import pandas as pd

from mercore import UserError

TIME_SHIFT, BAND_SHIFT = 0.3, 4  # at most: s, mel bands
EVALUATION_BATCH = 128  # clips


class Stopped(UserError):
    """A training was asked to stop before there was anything to keep."""


class Listener:
    """Follows a training, and is asked after every step whether to stop; this one prints a line an epoch.

    Attributes:
        interactive: Whether it shows the steps itself and may stop, without waiting long.
        stopped: Whether the training is to end.
    """

    interactive = False
    stopped = False

    def report(self, text: str) -> None:
        """Show a sentence on what is being done."""
        print(text, flush=True)

    def step(self, done: int, total: int) -> None:
        """Note that so many tracks of the features, or steps of the epoch, are done."""

    def epoch(self, history: pd.DataFrame, config) -> None:
        """Note that an epoch is done; history has a row for each so far."""
        last, number = history.iloc[-1], len(history)
        text = f"epoch {number:2}/{config.epochs}  train {last['loss']:.3f} / {last['accuracy']:.3f}"
        if "val_loss" in history:
            text += f"  validation {last['val_loss']:.3f} / {last['val_accuracy']:.3f}"
        text += f"  {last['seconds']:.1f} s"
        rest = last["seconds"] * (config.epochs - 1)
        if number == 1 and rest > 60:
            text += f"  (all {config.epochs} epochs: at most {rest / 60:.0f} more minutes)"
        self.report(text)


def shift(batch: np.ndarray, rng: np.random.Generator, frames: int = 13, bands: int = BAND_SHIFT) -> np.ndarray:
    """Shift each log-mel spectrogram of a (clips, bands, frames) batch at random by so many at most, edges repeated.

    As ImageDataGenerator's width_shift_range, height_shift_range and fill_mode="nearest" (Keras documentation).
    """
    n, height, width = batch.shape
    down = np.asarray(rng.integers(-bands, bands + 1, size=n)) + bands
    right = np.asarray(rng.integers(-frames, frames + 1, size=n)) + frames
    padded = np.pad(batch, ((0, 0), (bands, bands), (frames, frames)), mode="edge")
    return np.stack([clip[d : d + height, r : r + width] for clip, d, r in zip(padded, down, right, strict=True)])


def random_roll_and_gain(batch: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Apply a random circular shift in time and a random gain of up to ±6 dB to clips (clips, steps, samples).

    What leaves at the end comes in at the beginning, so that filters meet the same music at every phase.
    """
    clips = batch.reshape(len(batch), -1)
    by, gain = rng.integers(clips.shape[1], size=len(clips)), 2 ** rng.uniform(-1, 1, len(clips))
    rolled = [np.roll(clip, n) * g for clip, n, g in zip(clips, by, gain.astype(np.float32), strict=True)]
    return np.stack(rolled).reshape(batch.shape)


def batches(prepared, normaliser, rows, batch_size: int, seed: int | None = None, augment=False, one_hot=False):
    """Return a keras.utils.PyDataset of (normalised features, classes) of these rows of a `trainer.Prepared`.

    Shuffled each epoch where a seed is given. Classes are numbers, or rows of an identity matrix where `one_hot`.
    """
    from keras.utils import PyDataset

    classes = pd.Categorical(prepared.clips["label"], categories=prepared.corpus.classes).codes
    if one_hot:
        classes = np.eye(len(prepared.corpus.classes), dtype=np.float32)[classes]

    change = random_roll_and_gain
    if prepared.config.input == "log_mel":
        settings = prepared.config.features
        change = partial(shift, frames=round(TIME_SHIFT * settings.sample_rate / settings.hop_length))

    class Batches(PyDataset):
        def __init__(self):
            super().__init__(workers=2, max_queue_size=2)  # with one worker every other epoch waits two seconds
            self.epoch, self.rows = -1, np.asarray(rows)
            self.on_epoch_end()

        def __len__(self):
            return -(-len(self.rows) // batch_size)

        def __getitem__(self, i):
            chosen = np.sort(self.rows[i * batch_size : (i + 1) * batch_size])
            x = normaliser.apply(prepared.x[chosen])
            if augment:
                x = change(x, np.random.default_rng([seed, self.epoch, i]))
            return x, classes[chosen]

        def on_epoch_end(self):
            self.epoch += 1
            if seed is not None:
                self.rows = np.random.default_rng([seed, self.epoch]).permutation(rows)

    return Batches()


@cache  # one for all of a process: what is built in the scope of one is trained in it
def distribution_strategy():
    """Return TensorFlow's way with all GPUs of this machine at once, each with its share of each batch."""
    import tensorflow as tf

    gpus = [device.name for device in tf.config.list_logical_devices("GPU")]
    return tf.distribute.MirroredStrategy(gpus) if len(gpus) > 1 else tf.distribute.get_strategy()


def fit(model, prepared, normaliser, config, listener: Listener, callbacks: Sequence = ()) -> pd.DataFrame:
    """Train a compiled model on a `trainer.Prepared`; a listener may stop it: then the best weights are kept.

    Returns:
        One row a whole epoch, with its seconds and learning rate; `chosen` marks the weights that are kept.
    """
    from keras.callbacks import EarlyStopping

    split = prepared.split
    monitor = f"val_{config.monitor}" if len(split.validation) else config.monitor
    one_hot = config.label_smoothing > 0
    training = batches(prepared, normaliser, split.train, config.batch_size, config.seed, config.augment, one_hot)
    size = min(EVALUATION_BATCH, config.batch_size) if listener.interactive else EVALUATION_BATCH
    validation = batches(prepared, normaliser, split.validation, size, one_hot=one_hot)
    progress = _progress_callback(listener, config, monitor, len(training))
    warnings.filterwarnings("ignore", "Your input ran out of data")  # what Keras says of a training that was stopped
    model.fit(
        training,
        validation_data=validation if len(split.validation) else None,
        validation_freq=progress.validated,
        epochs=config.epochs,
        verbose=0,
        callbacks=[
            progress,
            EarlyStopping(monitor, patience=config.patience, restore_best_weights=config.restore_best),
            _learning_rate_callback(config, monitor),
            *callbacks,
        ],
    )
    if listener.stopped and progress.best_weights:
        model.set_weights(progress.best_weights)
    history = pd.DataFrame(progress.rows)
    keep_best = config.restore_best or listener.stopped
    history["chosen"] = history.index == (progress.best_epoch if keep_best else len(history) - 1)
    return history


def _learning_rate_callback(config, monitor: str):
    """Lower the learning rate on a plateau, or along half a cosine (Loshchilov & Hutter 2017)."""
    from keras.callbacks import LearningRateScheduler, ReduceLROnPlateau

    if config.plateau:
        return ReduceLROnPlateau(monitor, factor=0.1, patience=config.plateau)
    return LearningRateScheduler(lambda epoch: config.learning_rate * (1 + np.cos(np.pi * epoch / config.epochs)) / 2)


def _progress_callback(listener: Listener, config, monitor: str, steps: int):
    """Report to a listener, and stop between two steps where the listener asks for it.

    rows: one a whole epoch; one that was broken off has none. best_epoch (from 0) and best_weights: by `monitor`, so
    far. validated: the epochs (from 1) that end with a validation.
    """
    from keras import ops
    from keras.callbacks import Callback

    better = np.less if config.monitor == "loss" else np.greater

    class Progress(Callback):
        def __init__(self):
            super().__init__()
            self.rows, self.best_epoch, self.best_weights = [], 0, None
            self.validated = list(range(1, config.epochs + 1))

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
                logs[monitor] = np.nan
                return
            rate = float(ops.convert_to_numpy(self.model.optimizer.learning_rate))
            self.rows.append({**logs, "learning_rate": rate, "seconds": time.perf_counter() - self.started})
            if self.best_weights is None or better(logs[monitor], self.rows[self.best_epoch][monitor]):
                self.best_epoch, self.best_weights = epoch, self.model.get_weights()
            listener.epoch(pd.DataFrame(self.rows), config)

    return Progress()
