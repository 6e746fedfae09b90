"""Networks on raw audio: convolutions, a bidirectional LSTM or GRU, attention over time. Explained in 06_end_to_end.

Preset `report` has the networks that the report's author published with it (180,647 parameters with GRU, 229,287
with LSTM, for ten classes), adapted from ConflictNET (Rajan, Brutti and Cavallaro 2019), whose own front end on
one-channel audio is `build(..., front_end="conflictnet")`.
"""

import keras
from keras import layers

from mercore.networks.layers import AttentionPooling
from mercore.networks.registry import network, variant

SIZES = {
    "report": {
        "filters": (16, 32, 64),
        "entry": (6, 1),
        "pools": (8, 6, 6),
        "strides": (1, 1, 1),
        "average": 4,
        "units": 128,
        "dense": 64,
        "attention": "additive",
    },
    "quick": {
        "filters": (32, 48, 64),
        "entry": (6, 4),
        "pools": (4, 3, 3),
        "strides": (4, 3, 2),
        "average": 2,
        "units": 48,
        "dense": 64,
        "attention": "additive",
    },
}


@network("end2end_gru", "End-to-end, GRU", "End-to-end\nGRU", "waveform", order=7, sizes=SIZES,
         seconds={"quick": 1.3, "report": 16.4}, cell=layers.GRU)  # fmt: skip
@network("end2end", "End-to-end, LSTM", "End-to-end\nLSTM", "waveform", order=6, sizes=SIZES,
         seconds={"quick": 1.5, "report": 18.1}, cell=layers.LSTM)  # fmt: skip
def build_end_to_end(n_classes, shape, cell, filters, entry, pools, strides, average, units, dense, attention):
    """Build the end-to-end network on a framed waveform (steps, samples)."""
    inputs = keras.Input(shape, name="waveform")
    x = inputs
    convolutions = (entry, (4, 1), (4, 1))  # kernel and stride of each
    for n, (kernel, step), pool, stride in zip(filters, convolutions, pools, strides, strict=True):
        x = layers.Conv1D(n, kernel, strides=step, activation="relu")(x)
        x = layers.BatchNormalization()(x)
        x = layers.MaxPooling1D(pool, stride)(x)
    x = layers.AveragePooling1D(average)(x)
    x = layers.Bidirectional(cell(units, return_sequences=True))(x)
    x = _pool_by_attention(x, attention)
    x = layers.Dense(dense)(x)  # linear, as published
    return keras.Model(inputs, layers.Dense(n_classes, activation="softmax", name="probabilities")(x))


def _pool_by_attention(x, attention):
    if attention == "additive":
        return AttentionPooling(name="attention")(x)
    if attention != "dot":
        raise ValueError(f"unknown attention {attention!r}: choose one of additive, dot")
    return layers.GlobalAveragePooling1D()(layers.Attention(name="attention")([x, x]))


@variant("end2end_gru", "conflictnet", input="channel_waveform", cell=layers.GRU)
@variant("end2end", "conflictnet", input="channel_waveform", cell=layers.LSTM)
def build_conflictnet(n_classes, shape, cell):
    """Build the network with ConflictNET's own front end and parameter-free dot-product self-attention."""
    inputs = keras.Input(shape, name="waveform")
    x = inputs
    for n, kernel, pool in ((64, 6, 8), (128, 4, 6), (256, 4, 6)):
        x = layers.Conv1D(n, kernel, activation="relu")(x)
        x = layers.BatchNormalization()(x)
        x = layers.MaxPooling1D(pool)(x)
    x = layers.AveragePooling1D(4)(x)
    x = cell(128, return_sequences=True)(x)
    x = layers.Attention(name="attention")([x, x])
    return keras.Model(inputs, layers.Dense(n_classes, activation="softmax", name="probabilities")(cell(64)(x)))
