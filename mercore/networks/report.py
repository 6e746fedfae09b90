"""The report's seven networks as plain Keras functional models. Explained in notebooks 03 to 06.

Preset `report` keeps the layer order of the report's figures 3 to 6. Its end-to-end networks are those its
author published beside the report (180,647 parameters with GRU, 229,287 with LSTM, for ten classes); of the mel
networks neither filter counts nor kernels nor dropout rates are published, so these are our choice. Preset
`quick` keeps the families and the order of their layers, narrower and with early down-sampling, which in the
recurrent networks is a pooling layer of its own. Preset `tuned` has the families only, with layers of our choice: see
`mercore.networks.tuned`.
"""

import os
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def _silence() -> Iterator[None]:
    """Nothing reaches the process' standard error: TensorFlow announces missing GPUs there whatever its log level."""
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # what matters comes as an exception
with _silence():
    import keras
    import tensorflow as tf
    from keras import layers
    from keras.src.random import seed_generator

    from mercore import UserError, features
    from mercore.networks import tuned

    tf.get_logger().setLevel("ERROR")  # it warns of every graph built anew, which a second network's are
    tf.config.list_physical_devices("GPU")  # the first use of a device is announced too

TITLES = {
    "conv": "Convolutional",
    "blstm": "Bidirectional LSTM",
    "bgru": "Bidirectional GRU",
    "conv_blstm": "Convolutional + BLSTM",
    "conv_bgru": "Convolutional + BGRU",
    "end2end": "End-to-end, LSTM",
    "end2end_gru": "End-to-end, GRU",
}
KEYS = tuple(TITLES)
PRESETS = ("quick", "report", "tuned")
UNCHANGED = {"width": 1.0, "units": None, "dropout": None}  # sizes that `build` can change
BUILDING = threading.Lock()  # whoever sets the seeds, which all threads share, and builds a network after them

# Our choice throughout, but for the end-to-end networks of preset `report`, which are the published ones.
# `filters` lists the convolutions in order; `entry` is the kernel and the stride of the first one.
SIZES: dict[str, dict[str, dict[str, Any]]] = {
    "report": {
        "conv": {"filters": (16, 16, 32, 32, 64), "entry": (5, 2), "dropout": 0.2, "dense": 64},
        "recurrent": {"pool": 1, "units": 128, "dropout": 0.3, "dense": 64},
        "conv_recurrent": {"filters": (16, 16, 32), "entry": (5, 2), "units": 32, "dropout": 0.2, "dense": 64},
        "end2end": {
            "filters": (16, 32, 64),
            "entry": (6, 1),
            "pools": (8, 6, 6),
            "strides": (1, 1, 1),
            "average": 4,
            "units": 128,
            "dense": 64,
        },
    },
    "quick": {
        "conv": {"filters": (16, 16, 32, 48, 64), "entry": ((8, 3), (8, 2)), "dropout": 0.1, "dense": 64},
        "recurrent": {"pool": 2, "units": 32, "dropout": 0.2, "dense": 64},
        "conv_recurrent": {"filters": (12, 16, 32), "entry": (5, 4), "units": 32, "dropout": 0.1, "dense": 64},
        "end2end": {
            "filters": (32, 48, 64),
            "entry": (6, 4),
            "pools": (4, 3, 3),
            "strides": (4, 3, 2),
            "average": 2,
            "units": 48,
            "dense": 64,
        },
    },
}


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """What is built within follows from the seed, whatever other threads draw from Python's random numbers meanwhile.

    From those Keras draws the seeds of weights and dropout, and so do the threads of a cluster's worker, for their own
    ends; here it draws from a generator of its own, which gives the same numbers.
    """
    with BUILDING:
        keras.backend.clear_session(free_memory=False)
        keras.utils.set_random_seed(seed)
        of_all, seed_generator.python_random = seed_generator.python_random, random.Random(seed)
        try:
            yield
        finally:
            seed_generator.python_random = of_all


@keras.saving.register_keras_serializable("mercore")
class AttentionPooling(layers.Layer):
    """Additive attention over time: (steps, features) -> (features,), explained in notebook 06.

    The weights are softmax over time of tanh(x W + b), with one bias per time step, as in the code published
    beside the report. (The report's text calls it dot-product attention: see `build(..., attention="dot")`.)
    """

    def build(self, input_shape):
        _, steps, features = input_shape
        self.kernel = self.add_weight(name="kernel", shape=(features, 1), initializer="glorot_uniform")
        self.bias = self.add_weight(name="bias", shape=(steps, 1), initializer="zeros")

    def weights_over_time(self, x):
        """The attention weights, (batch, steps, 1); they add up to one over time."""
        scores = keras.ops.tanh(keras.ops.matmul(x, self.kernel) + self.bias)
        return keras.ops.softmax(scores, axis=1)

    def call(self, x):
        return keras.ops.sum(x * self.weights_over_time(x), axis=1)

    def compute_output_shape(self, input_shape):
        return input_shape[0], input_shape[2]


@keras.saving.register_keras_serializable("mercore")
class TimeDistributed(layers.TimeDistributed):
    """Keras' layer with the same results in one call: it lays the slices along the batch.

    Keras itself calls the wrapped layer once a slice in a Python loop; a graph with a recurrent layer for every
    row takes three times as long to trace.
    """

    def call(self, inputs, training=None, mask=None):
        slices = keras.ops.reshape(inputs, (-1, *inputs.shape[2:]))
        outputs = self.layer(slices, training=training)
        return keras.ops.reshape(outputs, (-1, inputs.shape[1], *outputs.shape[1:]))


def input_kind(key: str, front_end: str = "report") -> str:
    """The kind of features that a network hears: a key of `features.KINDS`."""
    if not key.startswith("end2end"):
        return "log_mel"
    return "waveform" if front_end == "report" else "channel_waveform"


def build(
    key: str,
    n_classes: int = 10,
    preset: str = "quick",
    attention: str = "additive",
    front_end: str = "report",
    shape: tuple[int, int] | None = None,
    width: float = 1.0,
    units: int | None = None,
    dropout: float | None = None,
) -> keras.Model:
    """The network `key` (one of KEYS), not compiled.

    Input, unless another `shape` is given: log-mel (128 bands, 130 frames); framed waveform (2129, 31); with
    `front_end="conflictnet"` the bare waveform (66150, 1). Output: (n_classes,) probabilities. `attention`
    ("additive" or "dot") and `front_end` ("report" or "conflictnet": Rajan, Brutti and Cavallaro 2019, which has "dot"
    only) concern the end-to-end networks, but not of preset `tuned`. width (times the preset's filters), units (of
    recurrent layers) and dropout change the sizes of the presets `report` and `quick`. Raises ValueError for an
    unknown name, UserError for a size that the network hasn't or an input too small for it.
    """
    for name, value, known in (
        ("network", key, KEYS),
        ("preset", preset, PRESETS),
        ("attention", attention, ("additive", "dot")),
        ("front_end", front_end, ("report", "conflictnet")),
    ):
        if value not in known:
            raise ValueError(f"unknown {name} {value!r}: choose one of {', '.join(known)}")
    if preset == "tuned" and (attention, front_end) != ("additive", "report"):
        raise ValueError("preset tuned has neither attention nor another front end to choose")
    shape = shape or features.shape(input_kind(key, front_end))
    sizes = _sizes(key, preset, front_end, width=width, units=units, dropout=dropout)
    recurrent = layers.GRU if key.endswith("gru") else layers.LSTM
    try:
        if preset == "tuned":
            return tuned.build(key, n_classes, shape)
        if key == "conv":
            inputs, x = _conv(shape, **sizes)
        elif key in ("blstm", "bgru"):
            inputs, x = _recurrent(shape, recurrent, **sizes)
        elif key.startswith("conv_"):
            inputs, x = _conv_recurrent(shape, recurrent, **sizes)
        elif front_end == "conflictnet":
            inputs, x = _conflictnet(shape, recurrent)
        else:
            inputs, x = _end_to_end(shape, recurrent, attention, **sizes)
    except ValueError as error:
        if shape == features.shape(input_kind(key, front_end)):
            raise  # the usual input fits every network: this is another fault
        raise UserError(
            f"an input of {shape[0]} x {shape[1]} is too small for {TITLES[key]}: a pooling or convolution has "
            "nothing left to work on; take longer clips or more bands"
        ) from error
    outputs = layers.Dense(n_classes, activation="softmax", name="probabilities")(x)
    return keras.Model(inputs, outputs, name=key)


def sizes_of(config: dict) -> dict:
    """What a profile, or a run's configuration, changes in the sizes of a preset: width, units and dropout."""
    return {name: config.get(name, as_it_is) for name, as_it_is in UNCHANGED.items()}


def _sizes(key: str, preset: str, front_end: str, width: float, units: int | None, dropout: float | None) -> dict:
    """The sizes of a network's preset with these changes; raises UserError for one that it hasn't."""
    family = {"conv": "conv", "blstm": "recurrent", "bgru": "recurrent"}.get(key, "conv_recurrent")
    family = "end2end" if key.startswith("end2end") else family
    fixed = preset == "tuned" or front_end == "conflictnet"
    sizes = {} if fixed else dict(SIZES[preset][family])
    where = "with ConflictNET's front end" if front_end == "conflictnet" else f"in preset {preset}"
    if width != 1:
        sizes["filters"] = tuple(max(1, round(n * width)) for n in _known(sizes, "filters", key, where))
    for name, value in (("units", units), ("dropout", dropout)):
        if value is not None:
            _known(sizes, name, key, where)
            sizes[name] = value
    return sizes


def _known(sizes: dict, name: str, key: str, where: str):
    if name not in sizes:
        raise UserError(f"{TITLES[key]} has no {name} to set {where}; leave them as they are")
    return sizes[name]


def _mel_input(shape):
    """A log-mel spectrogram with its bands as rows and its frames as columns, as an image of one channel."""
    inputs = keras.Input(shape, name="log_mel")
    return inputs, layers.Reshape((*shape, 1))(inputs)


def _conv_blocks(x, filters, entry, dropout):
    """Conv2D - Dropout, then Conv2D - MaxPooling2D - Dropout for each further filter count."""
    kernel, stride = entry
    x = layers.Conv2D(filters[0], kernel, strides=stride, padding="same", activation="relu")(x)
    x = layers.Dropout(dropout)(x)
    for n in filters[1:]:
        x = layers.Conv2D(n, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D(2)(x)
        x = layers.Dropout(dropout)(x)
    return x


def _conv(shape, filters, entry, dropout, dense):
    inputs, x = _mel_input(shape)
    x = layers.Flatten()(_conv_blocks(x, filters, entry, dropout))
    return inputs, layers.Dense(dense, activation="relu")(x)


def _recurrent(shape, recurrent, pool, units, dropout, dense):
    inputs = keras.Input(shape, name="log_mel")
    x = layers.Permute((2, 1))(inputs)  # a sequence of frames, each with its bands
    if pool > 1:
        x = layers.AveragePooling1D(pool)(x)
    x = layers.Bidirectional(recurrent(units))(x)
    x = layers.Dropout(dropout)(x)
    return inputs, layers.Dense(dense, activation="relu")(x)


def _conv_recurrent(shape, recurrent, filters, entry, units, dropout, dense):
    inputs, x = _mel_input(shape)
    x = _conv_blocks(x, filters, entry, dropout)
    # One recurrent layer, shared by all rows, walks along time within each row (band) of the feature maps.
    x = TimeDistributed(layers.Bidirectional(recurrent(units)))(x)
    x = layers.Flatten()(layers.Dropout(dropout)(x))
    return inputs, layers.Dense(dense, activation="relu")(x)


def _end_to_end(shape, recurrent, attention, filters, entry, pools, strides, average, units, dense):
    inputs = keras.Input(shape, name="waveform")
    x = inputs
    convolutions = (entry, (4, 1), (4, 1))  # kernel and stride of each
    for n, (kernel, step), pool, stride in zip(filters, convolutions, pools, strides, strict=True):
        x = layers.Conv1D(n, kernel, strides=step, activation="relu")(x)
        x = layers.BatchNormalization()(x)
        x = layers.MaxPooling1D(pool, stride)(x)
    x = layers.AveragePooling1D(average)(x)
    x = layers.Bidirectional(recurrent(units, return_sequences=True))(x)
    if attention == "additive":
        x = AttentionPooling(name="attention")(x)
    else:
        x = layers.Attention(name="attention")([x, x])
        x = layers.GlobalAveragePooling1D()(x)
    return inputs, layers.Dense(dense)(x)  # linear, as published


def _conflictnet(shape, recurrent):
    """ConflictNET's own front end on one-channel audio, with parameter-free dot-product self-attention."""
    inputs = keras.Input(shape, name="waveform")
    x = inputs
    for n, kernel, pool in ((64, 6, 8), (128, 4, 6), (256, 4, 6)):
        x = layers.Conv1D(n, kernel, activation="relu")(x)
        x = layers.BatchNormalization()(x)
        x = layers.MaxPooling1D(pool)(x)
    x = layers.AveragePooling1D(4)(x)
    x = recurrent(128, return_sequences=True)(x)
    x = layers.Attention(name="attention")([x, x])
    return inputs, recurrent(64)(x)
