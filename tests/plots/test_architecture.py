"""Architecture drawings tell what the Keras model holds."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import pytest
from keras import layers
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from mercore import networks
from mercore.plots import architecture


def texts_of(fig):
    return [text.get_text() for text in fig.findobj(Text)]


@pytest.mark.parametrize("key", networks.names())
@pytest.mark.parametrize("preset", networks.PRESETS)
def test_every_network_fits_its_figure(key, preset):
    model = networks.build(key, 10, preset)
    fig = architecture.plot_architecture(model, networks.title(key))
    blocks = [architecture.describe_layer(layer) for layer in model.layers]
    text = "\n".join(texts_of(fig))
    assert f"{model.count_params():,} parameters" in text
    assert sum(block.parameters for block in blocks) == model.count_params()
    assert "other" not in {block.family for block in blocks}  # every kind of layer is known
    assert fig.get_figwidth() == 10
    renderer = FigureCanvasAgg(fig).get_renderer()
    fig.draw(renderer)
    boxes = [t.get_window_extent(renderer) for t in fig.axes[0].texts if t.get_text()]
    assert min(t.get_fontsize() for t in fig.axes[0].texts) >= 8
    assert all(box.x0 >= 0 and box.x1 <= fig.bbox.x1 for box in boxes)
    overlaps = [
        (i, j)
        for i, a in enumerate(boxes)
        for j, b in enumerate(boxes[:i])
        if a.shrunk(0.97, 0.9).overlaps(b.shrunk(0.97, 0.9))
    ]
    assert not overlaps


def test_layers_are_described_by_their_settings():
    model = networks.build("end2end_gru", 10, "report")
    blocks = {layer.name: architecture.describe_layer(layer) for layer in model.layers}
    conv, pool, gru = (
        next(b for n, b in blocks.items() if n.startswith(start))
        for start in ("conv1d", "max_pooling1d", "bidirectional")
    )
    assert (conv.settings, conv.shape, conv.parameters) == (
        ("16 filters", "kernel 6", "ReLU"),
        (2124, 16),
        2992,
    )
    assert (pool.name, pool.shape, pool.slab) == ("max-pooling 8, stride 1", (2117, 16), True)
    assert (gru.name, gru.settings, gru.shape) == (
        "Bidirectional\nGRU",
        ("2 × 128 units", "all steps"),
        (525, 256),
    )
    assert blocks["attention"].parameters == 781


def test_a_layer_of_unknown_kind_is_named_by_its_class():
    inputs = keras.Input((4,))
    model = keras.Model(inputs, layers.UnitNormalization()(inputs))
    assert "UnitNormalization" in texts_of(architecture.plot_architecture(model))


def test_branches_are_refused():
    inputs = keras.Input((4,))
    x = layers.Dense(4)(inputs)
    model = keras.Model(inputs, layers.Add()([inputs, x]))
    with pytest.raises(ValueError, match="only chains"):
        architecture.plot_architecture(model)
