"""The networks of preset `tuned`: the report's families drawn anew. Explained in 09_beyond_the_report.

What they have in common: they make their input small before they look at it closely (average pooling, strides), they
normalise after every convolution, and instead of flattening they keep statistics over time, in the purely
convolutional network over time and bands. So few weights are left to memorise where something was. What each choice
gains is measured in data/ablations.csv.
"""

import keras
from keras import layers

from mercore.networks.layers import LogPower, StatisticsPooling
from mercore.networks.registry import variant


def _classify(inputs, x, n_classes):
    x = layers.Dropout(0.2)(StatisticsPooling()(x))
    return keras.Model(inputs, layers.Dense(n_classes, activation="softmax", name="probabilities")(x))


def _normalised(x):
    return layers.ReLU()(layers.BatchNormalization(momentum=0.95)(x))


def _mel_blocks(shape, filters, pools):
    """Half the bands and frames, then convolution - normalisation - ReLU - pooling for each filter count."""
    inputs = keras.Input(shape, name="log_mel")
    x = layers.AveragePooling2D(2)(layers.Reshape((*shape, 1))(inputs))
    for n, (filter_count, pool) in enumerate(zip(filters, pools, strict=True)):
        kernel, stride = (5, 2) if n == 0 else (3, 1)
        x = _normalised(layers.Conv2D(filter_count, kernel, strides=stride, padding="same", use_bias=False)(x))
        if pool:
            x = layers.MaxPooling2D(pool)(x)
        if n:
            x = layers.SpatialDropout2D(0.1)(x)
    return inputs, x


@variant("conv", "tuned", seconds=0.8)
def build_conv(n_classes, shape, filters=(24, 32, 48, 64)):
    """Build the convolutional network: statistics over all places of the last feature maps."""
    inputs, x = _mel_blocks(shape, filters, (2, 2, 2, None))
    return _classify(inputs, layers.Reshape((-1, filters[-1]))(x), n_classes)


@variant("bgru", "tuned", seconds=1.8, cell=layers.GRU)
@variant("blstm", "tuned", seconds=1.7, cell=layers.LSTM)
def build_recurrent(n_classes, shape, cell, width=96, units=64):
    """Build the recurrent network: one convolution over time, then statistics of all states."""
    inputs = keras.Input(shape, name="log_mel")
    x = layers.AveragePooling1D(2)(layers.Permute((2, 1))(inputs))
    x = layers.SpatialDropout1D(0.1)(_normalised(layers.Conv1D(width, 5, padding="same", use_bias=False)(x)))
    return _classify(inputs, layers.Bidirectional(cell(units, return_sequences=True))(x), n_classes)


@variant("conv_bgru", "tuned", seconds=0.9, cell=layers.GRU)
@variant("conv_blstm", "tuned", seconds=1.0, cell=layers.LSTM)
def build_conv_recurrent(n_classes, shape, cell, filters=(24, 32, 48), units=32):
    """Build the convolutional-recurrent network: a sequence over time, each step with all its bands."""
    inputs, x = _mel_blocks(shape, filters, (2, 2, (2, 1)))
    x = layers.Permute((2, 1, 3))(x)
    x = layers.Reshape((x.shape[1], x.shape[2] * x.shape[3]))(x)
    return _classify(inputs, layers.Bidirectional(cell(units, return_sequences=True))(x), n_classes)


@variant("end2end_gru", "tuned", seconds=2.9, cell=layers.GRU)
@variant("end2end", "tuned", seconds=3.1, cell=layers.LSTM)
def build_end_to_end(n_classes, shape, cell, filters=64, widths=(64, 64), units=32):
    """Build the end-to-end network: a learnt filter bank, squared, averaged and compressed like a mel-spectrogram."""
    inputs = keras.Input(shape, name="waveform")
    x = layers.Reshape((shape[0] * shape[1], 1))(inputs)
    x = layers.Conv1D(filters, 256, strides=128, use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.95)(LogPower(frames=4)(x))
    for n in widths:
        x = layers.SpatialDropout1D(0.2)(_normalised(layers.Conv1D(n, 5, padding="same", use_bias=False)(x)))
        x = layers.MaxPooling1D(2)(x)
    return _classify(inputs, layers.Bidirectional(cell(units, return_sequences=True))(x), n_classes)
