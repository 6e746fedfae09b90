"""The seven networks: the published parameter counts, shapes, and that each can learn."""

import keras
import numpy as np
import pytest

from mercore import UserError, evaluation, networks, plots, training, widgets
from mercore.networks import layers, registry


@pytest.mark.parametrize(
    ("key", "options", "count"),
    [
        ("end2end_gru", {}, 180_647),
        ("end2end", {}, 229_287),
        ("end2end", {"front_end": "conflictnet"}, 413_642),
        ("end2end_gru", {"front_end": "conflictnet"}, 352_586),
    ],
)
def test_published_parameter_counts(key, options, count):
    assert networks.build(key, 10, "report", **options).count_params() == count


def test_dot_product_attention_has_no_parameters_of_its_own():
    additive = networks.build("end2end_gru", 10, "report").count_params()
    assert additive - networks.build("end2end_gru", 10, "report", attention="dot").count_params() == 256 + 525


@pytest.mark.parametrize(
    ("key", "order"),
    [
        ("conv", ["Conv2D", "Dropout"] + ["Conv2D", "MaxPooling2D", "Dropout"] * 4 + ["Flatten", "Dense", "Dense"]),
        ("blstm", ["Bidirectional", "Dropout", "Dense", "Dense"]),
        (
            "conv_bgru",
            ["Conv2D", "Dropout"]
            + ["Conv2D", "MaxPooling2D", "Dropout"] * 2
            + ["TimeDistributed", "Dropout", "Flatten", "Dense", "Dense"],
        ),
        (
            "end2end",
            ["Conv1D", "BatchNormalization", "MaxPooling1D"] * 3
            + ["AveragePooling1D", "Bidirectional", "AttentionPooling", "Dense", "Dense"],
        ),
    ],
)
@pytest.mark.parametrize("preset", ["quick", "report"])
def test_layer_order_of_figures_3_to_6(key, order, preset):
    if (key, preset) == ("blstm", "quick"):
        order = ["AveragePooling1D", *order]  # fewer steps to wait for
    plumbing = ("InputLayer", "Reshape", "Permute")
    found = [type(layer).__name__ for layer in networks.build(key, 10, preset).layers]
    assert [name for name in found if name not in plumbing] == order


@pytest.mark.parametrize("key", networks.names())
@pytest.mark.parametrize("preset", networks.PRESETS)
def test_output_is_a_distribution_over_the_classes(key, preset):
    model = networks.build(key, 4, preset)
    x = np.random.default_rng(0).normal(size=(3, *model.input_shape[1:])).astype("float32")
    p = np.asarray(model(x))
    assert p.shape == (3, 4)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-5)
    assert not np.allclose(p[0], p[1])


def test_attention_weights_add_up_to_one_and_pool_what_they_weigh():
    layer = layers.AttentionPooling()
    x = np.random.default_rng(1).normal(size=(2, 7, 3)).astype("float32")
    pooled = np.asarray(layer(x))
    layer.kernel.assign(np.zeros((3, 1)))
    layer.bias.assign(np.eye(7)[:, [4]] * 3)  # now the bias alone decides: step 4
    weights = np.asarray(layer.weights_over_time(x))
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-5)
    assert weights.argmax(axis=1).ravel().tolist() == [4, 4]
    np.testing.assert_allclose(np.asarray(layer(x)), (x * weights).sum(axis=1), rtol=1e-5)
    assert not np.allclose(pooled, np.asarray(layer(x)))


def test_weights_survive_saving_and_loading(tmp_path):
    keras.utils.set_random_seed(0)
    model = networks.build("end2end_gru", 4)
    model.save_weights(tmp_path / "w.weights.h5")
    again = networks.build("end2end_gru", 4)
    again.load_weights(tmp_path / "w.weights.h5")
    x = np.random.default_rng(0).normal(size=(2, 2129, 31)).astype("float32")
    np.testing.assert_array_equal(np.asarray(model(x)), np.asarray(again(x)))


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"key": "cnn"}, "network"),
        ({"key": "conv", "preset": "big"}, "preset"),
        ({"key": "end2end", "attention": "soft"}, "attention"),
    ],
)
def test_unknown_names_are_refused_with_the_known_ones(options, word):
    with pytest.raises(ValueError, match=f"unknown {word} .* choose one of"):
        networks.build(**options)
    with pytest.raises(ValueError, match="neither attention nor another front end"):
        networks.build("end2end", preset="tuned", front_end="conflictnet")


def test_a_registered_network_has_its_place_everywhere(tones, request):
    """Trained, in the figures of accuracies and confusions, and in the laboratory's list."""
    request.addfinalizer(lambda: registry._REGISTRY.pop("mean_of_frames", None))

    @networks.network(
        "mean_of_frames", title="Mean of all frames", sizes={"quick": {"units": 8}, "report": {"units": 64}}
    )
    def build_mean_of_frames(n_classes, shape, units):
        inputs = keras.Input(shape)
        x = keras.layers.Dense(units, activation="relu")(keras.layers.GlobalAveragePooling1D()(inputs))
        return keras.Model(inputs, keras.layers.Dense(n_classes, activation="softmax")(x))

    assert networks.names()[-1] == "mean_of_frames" and networks.title("mean_of_frames") == "Mean of all frames"
    run = training.train(tones, "mean_of_frames", "smoke", "track", units=4)
    assert run.title == "Mean of all frames" and run.settings.units == 4
    others = [training.train(tones, "conv", "smoke", "track"), run]
    fig = plots.plot_accuracies(evaluation.summarise(others), "genre", tones.classes)
    assert [label.get_text() for label in fig.axes[0].get_xticklabels()] == ["Conv", "Mean of all frames"]
    assert "Mean of all frames" in {text.get_text().partition(": ")[2] for text in plots.plot_run_confusion(run).texts}
    laboratory = widgets.Laboratory({"genre": tones})
    assert ("Mean of all frames", ("mean_of_frames", "report")) in laboratory.controls["network"].options
    with pytest.raises(UserError, match="Mean of all frames has no dropout to set"):
        networks.build("mean_of_frames", 2, dropout=0.5)
