"""The networks of preset `tuned`: their layers, and that they are cheaper than the report's."""

import numpy as np
import pytest

from mercore import networks
from mercore.evaluation import published
from mercore.networks import layers


def test_statistics_are_those_of_numpy():
    x = np.random.default_rng(0).normal(size=(2, 50, 3)).astype("float32")
    found = np.asarray(layers.StatisticsPooling()(x))
    expected = np.concatenate([x.mean(axis=1), x.max(axis=1), x.std(axis=1)], axis=1)
    np.testing.assert_allclose(found, expected, atol=1e-3)
    np.testing.assert_allclose(np.asarray(layers.StatisticsPooling(("maximum",))(x)), x.max(axis=1), rtol=1e-6)
    layer = layers.StatisticsPooling.from_config(layers.StatisticsPooling(("mean",)).get_config())
    assert layer.of == ("mean",)
    assert layer(x).shape == layer.compute_output_shape(x.shape) == (2, 3)


def test_log_power_hears_twice_the_amplitude_as_six_decibels():
    x = np.random.default_rng(0).normal(0, 10, size=(1, 40, 2)).astype("float32")
    layer = layers.LogPower(frames=8)
    quiet, loud = np.asarray(layer(x)), np.asarray(layer(2 * x))
    assert quiet.shape == layer.compute_output_shape(x.shape) == (1, 5, 2)
    np.testing.assert_allclose(loud - quiet, np.log(4), atol=1e-3)


@pytest.mark.parametrize("key", published.networks())
def test_fewer_parameters_than_the_report_s(key):
    assert networks.build(key, 4, "tuned").count_params() < networks.build(key, 4, "report").count_params()
