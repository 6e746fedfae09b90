"""How a network is shown its clips, epoch after epoch, and who is told of it. Explained in 03_conv.

Which network, on what and how long, is `mercore.training`'s to say.
"""

import time
import warnings

import numpy as np
import pandas as pd

from mercore import UserError

# Shifts of at most 13 frames (0.3 s) and 4 mel bands.
TIME_SHIFT, BAND_SHIFT = 13, 4
EVALUATED_AT_ONCE = 128  # clips


class Stopped(UserError):
    """A training was asked to stop before there was anything to keep."""


class Listener:
    """Is told how a training goes, and asked after every step whether to stop. This one prints a line an epoch.

    attentive: whether it shows the steps itself and may stop, which it isn't to wait long for.
    """

    attentive = False
    stopped = False

    def tell(self, text: str) -> None:
        """A sentence on what is being done."""
        print(text, flush=True)

    def step(self, done: int, of: int) -> None:
        """So many tracks of the features, or steps of the epoch, are done."""

    def epoch(self, history: pd.DataFrame, settings) -> None:
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


def batches(prepared, normaliser, rows, batch_size: int, seed: int | None = None, augment=False, one_hot=False):
    """A keras.utils.PyDataset of (normalised features, classes); shuffled each epoch where a seed is given.

    prepared: `training.Prepared`. rows: of its clips. Classes are numbers, or rows of an identity matrix where
    `one_hot`.
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


def strategy():
    """All GPUs of this machine at once, each with its share of each batch; TensorFlow's usual way with one or none."""
    import tensorflow as tf

    gpus = [device.name for device in tf.config.list_logical_devices("GPU")]
    return tf.distribute.MirroredStrategy(gpus) if len(gpus) > 1 else tf.distribute.get_strategy()


def fit(model, prepared, normaliser, settings, seed: int, augment: bool, listener: Listener) -> pd.DataFrame:
    """Train as the profile says; one row a whole epoch, with the epoch's seconds and learning rate."""
    from keras import callbacks

    side = prepared.split
    watch = f"val_{settings.watch}" if len(side.validation) else settings.watch
    soft = settings.label_smoothing > 0
    training = batches(prepared, normaliser, side.train, settings.batch_size, seed, augment, soft)
    at_once = min(EVALUATED_AT_ONCE, settings.batch_size) if listener.attentive else EVALUATED_AT_ONCE
    going = _going(listener, settings, watch, len(training))
    warnings.filterwarnings("ignore", "Your input ran out of data")  # what Keras says of a training that was stopped
    model.fit(
        training,
        validation_data=batches(prepared, normaliser, side.validation, at_once, one_hot=soft)
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


def _rate(settings, watch: str):
    """The callback that lowers the learning rate: on a plateau, or along half a cosine (Loshchilov & Hutter 2017)."""
    from keras import callbacks

    if settings.plateau:
        return callbacks.ReduceLROnPlateau(watch, factor=0.1, patience=settings.plateau)
    return callbacks.LearningRateScheduler(
        lambda epoch: settings.learning_rate * (1 + np.cos(np.pi * epoch / settings.epochs)) / 2
    )


def _going(listener: Listener, settings, watch: str, steps: int):
    """The callback that tells a listener how training goes, and stops between two steps where the listener asks it.

    rows: one a whole epoch. best_epoch (from 0) and best_weights: by `watch`, so far. An epoch that was broken off has
    no row. validated: the epochs (from 1) that end with a validation.
    """
    from keras import ops
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
            rate = float(ops.convert_to_numpy(self.model.optimizer.learning_rate))
            self.rows.append({**logs, "learning_rate": rate, "seconds": time.perf_counter() - self.started})
            if self.best_weights is None or better(logs[watch], self.rows[self.best_epoch][watch]):
                self.best_epoch, self.best_weights = epoch, self.model.get_weights()
            listener.epoch(pd.DataFrame(self.rows), settings)

    return Going()
