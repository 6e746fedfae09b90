"""Keras layers of this project: attention and statistics pooling, log-power, a fast TimeDistributed."""

import keras
from keras import layers, ops

STATISTICS = ("mean", "maximum", "deviation")


@keras.saving.register_keras_serializable("mercore")
class AttentionPooling(layers.Layer):
    """Pool over time by additive attention: (steps, features) -> (features,). Explained in notebook 06.

    The weights are softmax over time of tanh(x W + b), with one bias per time step, as in the code published
    with the report. (The report's text calls it dot-product attention: see `build(..., attention="dot")`.)
    """

    def build(self, input_shape):
        """Create the kernel (features, 1) and the bias (steps, 1)."""
        _, steps, features = input_shape
        self.kernel = self.add_weight(name="kernel", shape=(features, 1), initializer="glorot_uniform")
        self.bias = self.add_weight(name="bias", shape=(steps, 1), initializer="zeros")

    def weights_over_time(self, x):
        """Return the attention weights, (batch, steps, 1); they add up to one over time."""
        return ops.softmax(ops.tanh(ops.matmul(x, self.kernel) + self.bias), axis=1)

    def call(self, x):
        """Return the weighted sum over time."""
        return ops.sum(x * self.weights_over_time(x), axis=1)

    def compute_output_shape(self, input_shape):
        """Return the shape without the time axis."""
        return input_shape[0], input_shape[2]


@keras.saving.register_keras_serializable("mercore")
class TimeDistributed(layers.TimeDistributed):
    """Apply a layer to every slice, in one call: the slices are laid along the batch axis.

    The results are those of Keras' layer, which calls the wrapped layer once a slice in a Python loop; a graph with
    a recurrent layer for every row takes three times as long to trace.
    """

    def call(self, inputs, training=None, mask=None):
        """Return the outputs of all slices, (batch, slices, ...)."""
        slices = ops.reshape(inputs, (-1, *inputs.shape[2:]))
        outputs = self.layer(slices, training=training)
        return ops.reshape(outputs, (-1, inputs.shape[1], *outputs.shape[1:]))


@keras.saving.register_keras_serializable("mercore")
class StatisticsPooling(layers.Layer):
    """Concatenate statistics of each feature over all places: (places, features) -> (statistics x features,).

    Mean, maximum and standard deviation; mean and deviation as in Snyder et al. 2018, "X-vectors".
    """

    def __init__(self, of: tuple[str, ...] = STATISTICS, **options):
        super().__init__(**options)
        self.of = tuple(of)

    def call(self, x):
        """Return the statistics over axis 1, one after the other."""
        statistics = {
            "mean": lambda: ops.mean(x, axis=1),
            "maximum": lambda: ops.max(x, axis=1),
            "deviation": lambda: ops.sqrt(ops.var(x, axis=1) + 1e-4),
        }
        return ops.concatenate([statistics[name]() for name in self.of], axis=-1)

    def compute_output_shape(self, input_shape):
        """Return (batch, statistics x features)."""
        return input_shape[0], len(self.of) * input_shape[2]

    def get_config(self):
        """Return what the constructor takes."""
        return super().get_config() | {"of": list(self.of)}


@keras.saving.register_keras_serializable("mercore")
class LogPower(layers.Layer):
    """Square, average over `frames` steps and take the logarithm, as a mel-spectrogram does with its bands."""

    def __init__(self, frames: int, **options):
        super().__init__(**options)
        self.frames = frames

    def call(self, x):
        """Return the logarithm of the mean power of every `frames` steps."""
        return ops.log(ops.average_pool(ops.square(x), self.frames, self.frames) + 1e-3)

    def compute_output_shape(self, input_shape):
        """Return the shape with the time axis divided by `frames`."""
        return input_shape[0], input_shape[1] // self.frames, input_shape[2]

    def get_config(self):
        """Return what the constructor takes."""
        return super().get_config() | {"frames": self.frames}
