"""Layers as a table and receptive fields: against numbers worked out by hand and against gradients."""

import keras
import numpy as np
import pytest
from keras import layers

from mercore import evaluation, networks


def test_receptive_field_by_hand():
    inputs = keras.Input((32, 40, 1))
    x = layers.Conv2D(2, 3, padding="same")(inputs)  # field 3, jump 1
    x = layers.MaxPooling2D(2)(x)  # field 4, jump 2
    x = layers.Conv2D(2, (5, 3), strides=(1, 2), padding="same")(x)  # 4 + 4 * 2 and 4 + 2 * 2; jumps 2 and 4
    table = evaluation.receptive_fields(keras.Model(inputs, layers.Dense(3)(layers.Flatten()(x))))
    assert table["field"].tolist() == [(3, 3), (4, 4), (12, 8)]
    assert table["jump"].tolist() == [(1, 1), (2, 2), (2, 4)]


def test_receptive_field_of_the_published_front_end():
    table = evaluation.receptive_fields(networks.build("end2end", 10, "report"))
    assert table["field"].iloc[-1] == (6 + 7 + 3 + 5 + 3 + 5 + 3,)  # everything moves on by one step
    assert table["jump"].iloc[-1] == (4,)


@pytest.mark.parametrize("key", ["end2end", "conv_bgru"])
def test_nothing_outside_the_field_matters(key):
    model = networks.build(key, 4, "quick")
    table = evaluation.receptive_fields(model)
    last = [layer for layer in model.layers if hasattr(layer, "pool_size")][-1]
    front = keras.Model(model.input, last.output)
    x = np.random.default_rng(0).normal(size=(1, *model.input.shape[1:])).astype("float32")
    y = x.copy()
    axis = {"end2end": 1, "conv_bgru": 2}[key]  # where time is
    changed = [slice(None)] * 3
    middle = x.shape[axis] // 2
    changed[axis] = middle
    y[tuple(changed)] += 100
    differ = np.abs(np.asarray(front(x) - front(y))).max(axis=tuple(i for i in range(last.output.ndim) if i != axis))
    touched = np.flatnonzero(differ > 0)
    assert 0 < len(touched) <= np.ceil(table["field"].iloc[-1][-1] / table["jump"].iloc[-1][-1])


def test_layer_table_counts_every_parameter():
    model = networks.build("conv_blstm", 10, "report")
    table = evaluation.layer_table(model)
    assert table["parameters"].sum() == model.count_params()
    assert len(table) == len(model.layers)


@pytest.mark.parametrize("key", networks.names())
def test_presets_side_by_side(key):
    table = evaluation.compare_presets(key)
    for preset in ("report", "quick"):
        assert table[preset, "parameters"].iloc[-1] == networks.build(key, 10, preset).count_params()
    assert (table["report", "settings"].iloc[:-1] != table["quick", "settings"].iloc[:-1]).all()
