"""Network A of the report: purely convolutional, on a log-mel spectrogram. Explained in 03_conv.

Of the report's mel networks neither filter counts nor kernels nor dropout rates are published: the sizes are our
choice, the order of the layers is that of the report's figure 3. `filters` lists the convolutions in order; `entry`
is the kernel and the stride of the first one. Preset `quick` is narrower, with early down-sampling.
"""

import keras
from keras import layers

from mercore.networks.registry import network

SIZES = {
    "report": {"filters": (16, 16, 32, 32, 64), "entry": (5, 2), "dropout": 0.2, "dense": 64},
    "quick": {"filters": (16, 16, 32, 48, 64), "entry": ((8, 3), (8, 2)), "dropout": 0.1, "dense": 64},
}


def mel_image(shape):
    """Return an input for log-mel spectrograms and the same as an image: bands as rows, frames as columns."""
    inputs = keras.Input(shape, name="log_mel")
    return inputs, layers.Reshape((*shape, 1))(inputs)


def conv_blocks(x, filters, entry, dropout):
    """Apply Conv2D - Dropout, then Conv2D - MaxPooling2D - Dropout for each further filter count."""
    kernel, stride = entry
    x = layers.Conv2D(filters[0], kernel, strides=stride, padding="same", activation="relu")(x)
    x = layers.Dropout(dropout)(x)
    for n in filters[1:]:
        x = layers.Conv2D(n, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D(2)(x)
        x = layers.Dropout(dropout)(x)
    return x


@network("conv", "Convolutional", "Conv", order=1, sizes=SIZES, seconds={"quick": 2.0, "report": 2.4})
def build_conv(n_classes, shape, filters, entry, dropout, dense):
    """Build the convolutional network: convolutions with pooling, then one dense layer."""
    inputs, x = mel_image(shape)
    x = layers.Flatten()(conv_blocks(x, filters, entry, dropout))
    x = layers.Dense(dense, activation="relu")(x)
    return keras.Model(inputs, layers.Dense(n_classes, activation="softmax", name="probabilities")(x))
