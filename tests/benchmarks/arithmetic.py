"""How much of the processor the networks use: FLOP/s of a training against those of a large matrix product.

    .venv/bin/python tests/benchmarks/arithmetic.py

Operations are counted from the layers: two for each weight of a matrix or kernel wherever it is applied, three times
as many for a step of training as for a prediction (forward, gradient of the input, gradient of the weights). What
isn't a product (pooling, activations, normalisation) isn't counted, so a network of many such layers looks idle.
Preset `report`, batches of 128, all cores.
"""

import time

import numpy as np
from measuring import Row, show

from mercore import networks
from mercore.networks.layers import TimeDistributed

BATCH, SIZE = 128, 2048


def operations(model) -> int:
    """Floating-point operations of a prediction for one clip."""
    return sum(_of(layer) for layer in model.layers)


def _of(layer) -> int:
    if isinstance(layer, TimeDistributed):  # what it wraps is called on each of its steps
        return _at(layer.layer, layer.output.shape[2:], layer.input.shape[2]) * layer.input.shape[1]
    return _at(layer, layer.output.shape[1:], layer.input.shape[1]) if layer.trainable_weights else 0


def _at(layer, output: tuple, steps: int) -> int:
    """Of a layer that gives an output of this shape, and walks along so many steps if it is recurrent."""
    from keras import layers

    if isinstance(layer, layers.Bidirectional):
        return (_matrices(layer.forward_layer) + _matrices(layer.backward_layer)) * steps
    if isinstance(layer, (layers.GRU, layers.LSTM)):
        return _matrices(layer) * steps
    return _matrices(layer) * (int(np.prod(output[:-1])) if len(output) > 1 else 1)


def _matrices(layer) -> int:
    return sum(2 * int(np.prod(weight.shape)) for weight in layer.trainable_weights if len(weight.shape) > 1)


def matrix_product() -> float:
    """GFLOP/s of TensorFlow's product of two square matrices, the best of five."""
    import tensorflow as tf

    a = tf.random.normal((SIZE, SIZE))
    best = 0.0
    for _ in range(6):
        started = time.perf_counter()
        tf.matmul(a, a).numpy()
        best = max(best, 2 * SIZE**3 / (time.perf_counter() - started) / 1e9)
    return best


def training_rate(key: str, steps: int) -> float:
    """GFLOP/s of some steps of training, after the one that builds the graph."""
    model = networks.build(key, 10, "report")
    model.compile("adam", "sparse_categorical_crossentropy", jit_compile=False)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(BATCH, *model.input_shape[1:])).astype(np.float32)
    y = rng.integers(10, size=BATCH)
    model.train_on_batch(x, y)
    started = time.perf_counter()
    for _ in range(steps):
        model.train_on_batch(x, y)
    return 3 * operations(model) * BATCH * steps / (time.perf_counter() - started) / 1e9


def measure() -> list[Row]:
    """A row a network."""
    rows = []
    for key in networks.names():
        steps = 1 if key.startswith("end2end") else 4
        rate, most = training_rate(key, steps), matrix_product()
        rows.append(Row(f"training {key}", rate, most, "GFLOP/s", f"a product of {SIZE}² matrices"))
    return rows


if __name__ == "__main__":
    show(measure())
