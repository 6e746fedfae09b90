"""Network C of the report: convolutions, then a bidirectional LSTM or GRU along each row. See 05_conv_recurrent.

The report publishes no sizes: these are our choice, the order of the layers is that of its figure 5.
"""

import keras
from keras import layers

from mercore.networks.conv import conv_blocks, mel_image
from mercore.networks.layers import TimeDistributed
from mercore.networks.registry import network

SIZES = {
    "report": {"filters": (16, 16, 32), "entry": (5, 2), "units": 32, "dropout": 0.2, "dense": 64},
    "quick": {"filters": (12, 16, 32), "entry": (5, 4), "units": 32, "dropout": 0.1, "dense": 64},
}


@network("conv_bgru", "Convolutional + BGRU", "Conv +\nBGRU", order=5, sizes=SIZES,
         seconds={"quick": 1.1, "report": 2.7}, cell=layers.GRU)  # fmt: skip
@network("conv_blstm", "Convolutional + BLSTM", "Conv +\nBLSTM", order=3, sizes=SIZES,
         seconds={"quick": 1.2, "report": 2.8}, cell=layers.LSTM)  # fmt: skip
def build_conv_recurrent(n_classes, shape, cell, filters, entry, units, dropout, dense):
    """Build the convolutional-recurrent network: one recurrent layer, shared by all rows of the feature maps."""
    inputs, x = mel_image(shape)
    x = conv_blocks(x, filters, entry, dropout)
    x = TimeDistributed(layers.Bidirectional(cell(units)))(x)  # along time within each row (band)
    x = layers.Flatten()(layers.Dropout(dropout)(x))
    x = layers.Dense(dense, activation="relu")(x)
    return keras.Model(inputs, layers.Dense(n_classes, activation="softmax", name="probabilities")(x))
