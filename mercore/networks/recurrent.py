"""Network B of the report: a bidirectional LSTM or GRU over the frames of a log-mel spectrogram. See 04_recurrent.

The report publishes no sizes: these are our choice. In preset `quick` a pooling layer halves the number of steps.
"""

import keras
from keras import layers

from mercore.networks.registry import network

SIZES = {
    "report": {"pool": 1, "units": 128, "dropout": 0.3, "dense": 64},
    "quick": {"pool": 2, "units": 32, "dropout": 0.2, "dense": 64},
}


@network("bgru", "Bidirectional GRU", "BGRU", order=4, sizes=SIZES, seconds={"quick": 0.9, "report": 3.3},
         cell=layers.GRU)  # fmt: skip
@network("blstm", "Bidirectional LSTM", "BLSTM", order=2, sizes=SIZES, seconds={"quick": 1.0, "report": 2.6},
         cell=layers.LSTM)  # fmt: skip
def build_recurrent(n_classes, shape, cell, pool, units, dropout, dense):
    """Build the recurrent network: the last state of both directions, then one dense layer."""
    inputs = keras.Input(shape, name="log_mel")
    x = layers.Permute((2, 1))(inputs)  # a sequence of frames, each with its bands
    if pool > 1:
        x = layers.AveragePooling1D(pool)(x)
    x = layers.Bidirectional(cell(units))(x)
    x = layers.Dropout(dropout)(x)
    x = layers.Dense(dense, activation="relu")(x)
    return keras.Model(inputs, layers.Dense(n_classes, activation="softmax", name="probabilities")(x))
