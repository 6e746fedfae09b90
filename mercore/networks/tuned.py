"""The networks of preset `tuned`: the report's families drawn anew. Explained in 09_beyond_the_report.

What they have in common: they make their input small before they look at it closely (average pooling, strides), they
normalise after every convolution, and instead of flattening they keep statistics of what was found: over time, and in
the purely convolutional network over time and bands. So few weights are left to learn by heart where something was.
Which of it earns what is measured in data/ablations.csv.
"""

import keras
from keras import layers, ops

STATISTICS = ("mean", "maximum", "deviation")


@keras.saving.register_keras_serializable("mercore")
class StatisticsPooling(layers.Layer):
    """Statistics of each feature over all places, one after the other: (places, features) -> (statistics x features,).

    Mean, maximum and standard deviation; mean and deviation as in Snyder et al. 2018, "X-vectors".
    """

    def __init__(self, of: tuple[str, ...] = STATISTICS, **about):
        super().__init__(**about)
        self.of = tuple(of)

    def call(self, x):
        found = {
            "mean": lambda: ops.mean(x, axis=1),
            "maximum": lambda: ops.max(x, axis=1),
            "deviation": lambda: ops.sqrt(ops.var(x, axis=1) + 1e-4),
        }
        return ops.concatenate([found[name]() for name in self.of], axis=-1)

    def compute_output_shape(self, input_shape):
        return input_shape[0], len(self.of) * input_shape[2]

    def get_config(self):
        return super().get_config() | {"of": list(self.of)}


@keras.saving.register_keras_serializable("mercore")
class LogPower(layers.Layer):
    """What a mel-spectrogram does with its bands: squared, averaged over `frames` steps, as a logarithm."""

    def __init__(self, frames: int, **about):
        super().__init__(**about)
        self.frames = frames

    def call(self, x):
        return ops.log(ops.average_pool(ops.square(x), self.frames, self.frames) + 1e-3)

    def compute_output_shape(self, input_shape):
        return input_shape[0], input_shape[1] // self.frames, input_shape[2]

    def get_config(self):
        return super().get_config() | {"frames": self.frames}


def build(key: str, n_classes: int, shape: tuple[int, int]) -> keras.Model:
    """The network `key` (as in `networks.build`) with the same input, of this shape, and output as elsewhere."""
    recurrent = layers.GRU if key.endswith("gru") else layers.LSTM
    if key == "conv":
        inputs, x = _conv(shape, (24, 32, 48, 64))
    elif key in ("blstm", "bgru"):
        inputs, x = _recurrent(shape, recurrent, width=96, units=64)
    elif key.startswith("conv_"):
        inputs, x = _conv_recurrent(shape, recurrent, (24, 32, 48), units=32)
    else:
        inputs, x = _raw(shape, recurrent, filters=64, widths=(64, 64), units=32)
    x = layers.Dropout(0.2)(StatisticsPooling()(x))
    return keras.Model(inputs, layers.Dense(n_classes, activation="softmax", name="probabilities")(x), name=key)


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


def _conv(shape, filters):
    inputs, x = _mel_blocks(shape, filters, (2, 2, 2, None))
    return inputs, layers.Reshape((-1, filters[-1]))(x)


def _recurrent(shape, recurrent, width, units):
    inputs = keras.Input(shape, name="log_mel")
    x = layers.AveragePooling1D(2)(layers.Permute((2, 1))(inputs))
    x = layers.SpatialDropout1D(0.1)(_normalised(layers.Conv1D(width, 5, padding="same", use_bias=False)(x)))
    return inputs, layers.Bidirectional(recurrent(units, return_sequences=True))(x)


def _conv_recurrent(shape, recurrent, filters, units):
    inputs, x = _mel_blocks(shape, filters, (2, 2, (2, 1)))
    x = layers.Permute((2, 1, 3))(x)  # a sequence over time, each step with its bands
    x = layers.Reshape((x.shape[1], x.shape[2] * x.shape[3]))(x)
    return inputs, layers.Bidirectional(recurrent(units, return_sequences=True))(x)


def _raw(shape, recurrent, filters, widths, units):
    """A filter bank that is learnt: its outputs are squared, averaged and compressed, as a mel-spectrogram's are."""
    inputs = keras.Input(shape, name="waveform")
    x = layers.Reshape((shape[0] * shape[1], 1))(inputs)
    x = layers.Conv1D(filters, 256, strides=128, use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.95)(LogPower(frames=4)(x))
    for n in widths:
        x = layers.SpatialDropout1D(0.2)(_normalised(layers.Conv1D(n, 5, padding="same", use_bias=False)(x)))
        x = layers.MaxPooling1D(2)(x)
    return inputs, layers.Bidirectional(recurrent(units, return_sequences=True))(x)
