"""What a network listens to: where something is planted, the methods must point there."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import layers

from mercore import UserError, evaluation, features, networks, plots, training, widgets
from mercore.corpora.labels import class_label
from mercore.evaluation import explain
from mercore.features import HOP_LENGTH, SAMPLE_RATE
from mercore.plots.style import describe
from mercore.plots.text import VERDICTS, describe_agreement, describe_window

FRAME = HOP_LENGTH / SAMPLE_RATE


def bursts(n: int, seed: int):
    """Noise (n, 128, 130), in class 1 with a burst of 16 bands and 12 frames; classes; where (frame) it is."""
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(n, 128, 130)).astype("float32"), rng.integers(0, 2, n)
    bands, places = rng.integers(0, 112, n), rng.integers(5, 113, n)
    for clip, label, band, place in zip(x, y, bands, places, strict=True):
        clip[band : band + 16, place : place + 12] += 4 * label
    return x, y, places


@pytest.fixture(scope="module", params=["conv", "conv_bgru"])
def trained(request):
    keras.utils.set_random_seed(0)
    model = networks.build(request.param, 2, "quick")
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.optimizer.learning_rate = 3e-3
    x, y, _ = bursts(256, seed=1)
    model.fit(x, y, batch_size=16, epochs=5, verbose=0)
    return model


@pytest.mark.slow
def test_grad_cam_and_occlusion_point_at_the_burst_that_decides(trained):
    x, y, places = bursts(24, seed=2)
    assert (trained.predict_on_batch(x).argmax(axis=1) == y).mean() > 0.9  # else there's nothing to point at
    off = {"grad_cam": [], "occlusion": []}
    for clip, place in zip(x[y == 1], places[y == 1], strict=True):
        cam = explain.grad_cam(trained, clip, 1)
        assert cam.shape == (128, 130) and cam.min() >= 0 and cam.max() == pytest.approx(1)
        off["grad_cam"].append(abs(cam.mean(axis=0).argmax() - (place + 6)) * FRAME)
        moments, falls = explain.occlusion(trained, clip, 1)
        off["occlusion"].append(abs(moments[falls.argmax()] - (place + 6) * FRAME))
    chance = 0.9  # s, about: of two places drawn at random in three seconds
    assert np.median(off["occlusion"]) < 0.25 < chance / 3
    fields = evaluation.receptive_fields(trained)
    cell = fields[fields.index == "Conv2D"].iloc[-1]["jump"][1] * FRAME  # Grad-CAM can't tell more than that
    assert np.median(off["grad_cam"]) < cell < chance / 2


def small(seed: int = 0) -> keras.Model:
    keras.utils.set_random_seed(seed)
    inputs = keras.Input((128, 130))
    x = layers.Conv2D(3, 8, strides=8, padding="same", activation="relu", name="last")(
        layers.Reshape((128, 130, 1))(inputs)
    )
    x = layers.Dense(5, activation="tanh")(layers.Flatten()(layers.MaxPooling2D(2)(x)))
    return keras.Model(inputs, layers.Dense(3, activation="softmax")(x))


def test_grad_cam_against_finite_differences():
    model, rng = small(), np.random.default_rng(0)
    x = rng.normal(size=(128, 130)).astype("float32")
    maps = np.asarray(keras.Model(model.input, model.get_layer("last").output)(x[None]))
    rest = model.layers[model.layers.index(model.get_layer("last")) + 1 :]

    def score(maps, class_index):
        for layer in rest[:-1]:
            maps = layer(maps)
        kernel, bias = rest[-1].get_weights()
        return float((np.asarray(maps) @ kernel + bias)[0, class_index])

    for class_index in range(3):
        weights = []
        for channel in range(3):
            shift = np.zeros(3, "float32")
            shift[channel] = 1e-2  # all places at once: the sum of the gradients over them
            weights.append((score(maps + shift, class_index) - score(maps - shift, class_index)) / 2e-2)
        expected = np.maximum(maps[0] @ np.array(weights), 0)
        cam = explain.grad_cam(model, x, class_index)
        middles = np.arange(17)[:16] * 8 + 4  # of the cells, where hardly anything is interpolated
        if expected.max() == 0:
            assert cam.max() == 0
            continue
        found = cam[np.ix_(middles, middles)]
        np.testing.assert_allclose(
            found / found.max(), _blurred(expected)[:16, :16] / _blurred(expected)[:16, :16].max(), atol=0.02
        )


def _blurred(cells):
    """What linear interpolation gives half a place beside the middle of each cell of eight."""
    for axis in (0, 1):
        after = np.take(cells, np.minimum(np.arange(cells.shape[axis]) + 1, cells.shape[axis] - 1), axis)
        cells = cells + (after - cells) / 16
    return cells


@pytest.mark.parametrize("key", ["conv", "conv_blstm"])
@pytest.mark.parametrize("preset", networks.PRESETS)
def test_grad_cam_in_every_preset(key, preset):
    """Untrained, a score may fall with every pattern, but then another class' rises."""
    keras.utils.set_random_seed(0)
    model, x = networks.build(key, 4, preset), np.random.default_rng(0).normal(size=(128, 130)).astype("float32")
    cams = [explain.grad_cam(model, x, index) for index in range(4)]
    assert {cam.shape for cam in cams} == {(128, 130)}
    assert max(cam.max() for cam in cams) == pytest.approx(1) and np.ptp([cam.mean() for cam in cams]) > 0


def test_grad_cam_needs_maps():
    with pytest.raises(UserError, match="no convolution over bands and frames"):
        explain.grad_cam(networks.build("bgru", 2), np.zeros((128, 130)), 0)


@pytest.mark.parametrize("key", networks.names())
@pytest.mark.parametrize("preset", networks.PRESETS)
def test_each_network_has_the_methods_of_its_layers(key, preset):
    expected = ["grad_cam"] * key.startswith("conv") + ["attention"] * (
        key.startswith("end2end") and preset != "tuned"
    )
    assert explain.methods(networks.build(key, 2, preset)) == (*expected, "occlusion")


@pytest.mark.parametrize(("shape", "rate"), [((128, 130), 1 / FRAME), ((2129, 31), SAMPLE_RATE / 31)])
def test_occlusion_finds_the_stretch_that_a_network_reads(shape, rate):
    """A network that hears nothing but 1.6 to 1.8 s: covering changes something there, and nothing elsewhere."""
    mel = shape[0] == 128
    inputs = keras.Input(shape)
    outputs = layers.Dense(2, activation="softmax")
    model = keras.Model(inputs, outputs(layers.Flatten()(inputs)))
    reads = np.zeros(shape)
    first, last = round(1.6 * rate), round(1.8 * rate)
    reads[(slice(None), slice(first, last)) if mel else slice(first, last)] = 1e-3
    outputs.set_weights([np.stack([reads.ravel(), -reads.ravel()], axis=1), np.zeros(2)])
    moments, falls = explain.occlusion(model, np.ones(shape, "float32"), 0)
    reaches = (moments > 1.6 - 0.15 - 0.03) & (moments < 1.8 + 0.15 + 0.03)
    assert (falls[np.abs(moments - 1.7) < 0.2] > 0.01).all()
    np.testing.assert_allclose(falls[~reaches], 0, atol=1e-6)
    np.testing.assert_allclose(explain.occlusion(model, np.ones(shape, "float32"), 1)[1], -falls, atol=1e-6)


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("kind", features.FEATURES)
def test_cover_reaches_as_far_as_it_says(kind, keep):
    x = np.ones(features.shape(kind), "float32")
    covered = explain.mask(x, kind, 1.0, 2.0, keep=keep)
    assert (covered == 0).mean() == pytest.approx(2 / 3 if keep else 1 / 3, abs=0.01)
    assert x.min() == 1
    axis = 1 if kind == "log_mel" else 0
    middle = np.take(covered, covered.shape[axis] // 2, axis)
    assert (middle == (1 if keep else 0)).all()


@pytest.mark.parametrize("preset", ["quick", "report"])
def test_attention_is_placed_where_its_steps_listen(preset):
    """What enters the attention's step changes most when the sound at that step's moment does."""
    keras.utils.set_random_seed(0)
    model = networks.build("end2end_gru", 2, preset)
    x = np.random.default_rng(0).normal(size=(2129, 31)).astype("float32")
    moments, weights = explain.attention(model, x)
    assert weights.sum() == pytest.approx(1, abs=1e-5) and len(moments) == len(weights)
    average = next(layer for layer in model.layers if type(layer).__name__ == "AveragePooling1D")
    before = keras.Model(model.input, average.output)
    plain = np.asarray(before(x[None]))[0]
    for moment in (0.6, 1.5, 2.4):
        other = x.copy()
        place = round(moment * SAMPLE_RATE / 31)
        other[place - 3 : place + 4] = 5
        changed = np.abs(np.asarray(before(other[None]))[0] - plain).sum(axis=1) > 1e-6
        assert abs(moments[changed].mean() - moment) < (0.15 if preset == "quick" else 0.01)  # half a step
    layer = model.get_layer("attention")
    layer.set_weights([np.zeros(layer.kernel.shape), np.eye(len(weights))[:, [4]] * 3])  # now the bias alone decides
    moments, weights = explain.attention(model, x)
    assert weights.argmax() == 4


def test_attention_of_the_dot_product_and_of_networks_without():
    model = networks.build("end2end", 2, "quick", attention="dot")
    _, weights = explain.attention(model, np.random.default_rng(0).normal(size=(2129, 31)).astype("float32"))
    assert weights.sum() == pytest.approx(1, abs=1e-5)
    with pytest.raises(UserError, match="no attention"):
        explain.attention(networks.build("end2end", 2, "tuned"), np.zeros((2129, 31)))


@pytest.mark.parametrize(
    ("options", "hertz"),
    [({}, 1000), ({"preset": "report"}, 3000), ({"preset": "tuned"}, 440), ({"front_end": "conflictnet"}, 5500)],
)
def test_a_planted_sine_is_the_peak_of_the_response(options, hertz):
    model = networks.build("end2end", 2, **options)
    first = next(layer for layer in model.layers if type(layer).__name__ == "Conv1D")
    kernel, *rest = first.get_weights()
    samples = kernel.shape[0] * kernel.shape[1]
    sine = np.sin(2 * np.pi * hertz * np.arange(samples) / SAMPLE_RATE) * np.hanning(samples)
    kernel[..., 1] = sine.reshape(kernel.shape[:2])
    first.set_weights([kernel, *rest])
    frequencies, response = explain.frequency_responses(model)
    assert response.shape == (len(frequencies), first.filters)
    width = SAMPLE_RATE / samples  # a filter this short can't tell frequencies apart any better
    assert frequencies[response[:, 1].argmax()] == pytest.approx(hertz, abs=width / 4)


def test_log_mel_networks_have_no_filters_on_the_waveform():
    for key, preset in (("conv", "quick"), ("bgru", "tuned")):
        with pytest.raises(UserError, match="log-mels"):
            explain.frequency_responses(networks.build(key, 2, preset))


def test_the_best_window_is_the_one_with_the_most():
    moments = np.arange(0.05, 3, 0.1)
    for begin, expected in ((0, 0), (0.4, 0.4), (1, 1)):
        inside = (moments > begin) & (moments < begin + 2)
        assert explain.best_window(moments, inside.astype(float)) == pytest.approx(expected, abs=0.06)
    assert explain.best_window(moments, np.full(30, 0.3)) == pytest.approx(0.5, abs=0.02)


def test_agreement_tells_likeness_from_chance():
    rng, moments = np.random.default_rng(0), np.arange(0.05, 3, 0.1)
    one = rng.normal(size=30)
    same = explain.compare((moments, one), (moments, one**3))
    assert (same.rho, same.by_chance, same.apart <= 0.5, same.verdict) == (pytest.approx(1), 0, True, "agree")
    assert explain.compare((moments, -one), (moments, one)).verdict == "disagree"
    assert explain.compare((moments, np.ones(30)), (moments, one)).verdict == "flat"
    assert explain.compare((moments, one), (moments, one / 1000)).verdict == "unchecked"
    trend = np.linspace(0, 1, 30)  # a slope alone is like any other slope, and windows at both ends
    assert explain.compare((moments, trend), (moments, trend[::-1])).apart == pytest.approx(1, abs=0.02)
    shares = [
        explain.compare((moments, rng.normal(size=30)), (moments, rng.normal(size=30))).by_chance for _ in range(60)
    ]
    assert 0.35 < np.mean(shares) < 0.65


@pytest.fixture(scope="module")
def run(tones):
    return training.train(tones, "conv", "smoke", seed=0)


def test_a_clip_heard_gives_the_probability_that_the_run_wrote_down(run, tones):
    clip = explain.clips_to_explain(run).iloc[0]
    for name in run.classes:
        heard = explain.explain_clip(run, tones, clip, name)
        assert heard.probability == pytest.approx(clip[f"p_{name}"], abs=5e-3)
        x = run.normaliser.apply(heard.log_mel[None])[0]
        start = heard.windows["occlusion"]
        alone = explain.mask(x, "log_mel", start, start + 2, keep=True)
        p = np.asarray(run.model()(alone[None]))[0, run.classes.index(name)]
        assert heard.kept["occlusion"] == pytest.approx(p, abs=1e-4)
        assert len(heard.window("occlusion")) == 2 * SAMPLE_RATE
    assert explain.explain_clip(run, tones, clip).class_name == clip["predicted"]


def test_without_a_test_side_others_are_asked(run, tones):
    test = run.predictions["side"] == "test"
    rest = replace(run, predictions=run.predictions.assign(side=np.where(test, "train", run.predictions["side"])))
    assert set(explain.clips_to_explain(run)["side"]) == {"test"}
    assert "test" not in set(explain.clips_to_explain(rest)["side"]) and len(explain.clips_to_explain(rest))
    assert explain.explain_clip(rest, tones, explain.typical_clip(rest)).clip["side"] != "test"


def test_survey_has_a_row_a_track(run, tones):
    table = explain.agreement_survey(run, tones, count=3)
    assert len(table) == table["track"].nunique() == min(3, explain.clips_to_explain(run)["track"].nunique())


def test_what_is_told_holds_the_numbers_of_the_clip(run, tones):
    heard = explain.explain_clip(run, tones, explain.typical_clip(run))
    text = describe_window(heard, "grad_cam")
    assert f"{heard.probability:.2f}" in text and class_label(heard.class_name) in text
    found = heard.agreement("grad_cam")
    told = describe_agreement(heard, "grad_cam")
    assert VERDICTS[found.verdict] in told
    assert (f"{found.rho:.2f}" in told) == (found.verdict in ("agree", "in part", "disagree"))


@pytest.mark.parametrize(("start", "told"), [(0.85, "0.8 to 2.8 s"), (0.25, "0.2 to 2.2 s"), (1.0, "1.0 to 3.0 s")])
def test_the_two_seconds_are_two_as_they_are_told(run, tones, start, told):
    heard = explain.explain_clip(run, tones, explain.typical_clip(run))
    heard = replace(heard, windows=dict.fromkeys(heard.windows, start))
    assert told in describe_window(heard, "occlusion")
    assert any(told in text.get_text() for text in plots.plot_explanation(heard, "occlusion").texts)


def test_the_figure_has_a_row_a_method_on_one_time_axis(run, tones):
    heard = explain.explain_clip(run, tones, explain.typical_clip(run))
    fig = plots.plot_explanation(heard, "occlusion")
    rows = [ax for ax in fig.axes if ax.get_ylabel() and ax.get_xlim() == (0, 3)]
    assert len(rows) == 2 + len(heard.importance)
    dashed = {round(float(line.get_xdata()[0]), 3) for line in rows[0].lines}
    assert dashed == {round(heard.windows["occlusion"], 3), round(heard.windows["occlusion"] + 2, 3)}


def test_every_control_moves_the_picture(run, tones):
    explorer = widgets.ExplanationExplorer(run, tones)
    bundle, about = explorer._repr_mimebundle_()
    assert about["image/png"]["alt"] == describe(plots.plot_explanation(explorer.heard, explorer.method.value))
    assert "image/png" in bundle and explorer.still == explorer.picture.value
    for control in (explorer.track, explorer.clip, explorer.asked, explorer.method):
        assert control.description
        before, words = explorer.picture.value, explorer.text.outputs
        control.index = (control.index + 1) % len(control.options)
        if control is explorer.asked and explorer.heard.class_name == explorer.heard.clip["predicted"]:
            control.index = (control.index + 1) % len(control.options)
        assert explorer.picture.value[:4] == b"\x89PNG"
        assert explorer.picture.value != before, control.description
        assert explorer.text.outputs != words, control.description


def test_an_explorer_that_cannot_hear_says_so(run, tones, tmp_path):
    other = replace(tones, tracks=tones.tracks.iloc[:0])
    explorer = widgets.ExplanationExplorer(run, other)
    assert "give the corpus" in explorer.status.value
    assert explorer.still[:4] == b"\x89PNG"
    explorer.track.index = (explorer.track.index + 1) % len(explorer.track.options)
    assert "give the corpus" in explorer.status.value
    away = replace(run, folder=tmp_path)
    assert "no weights" in widgets.ExplanationExplorer(away, tones).status.value
    gone = tones.tracks.assign(path=str(tmp_path / "gone.wav"))
    assert "gone.wav" in widgets.ExplanationExplorer(run, replace(tones, tracks=gone)).status.value


def test_the_jump_of_grad_cam_is_that_of_its_last_convolution():
    fields = evaluation.receptive_fields(networks.build("conv", 2, "quick"))
    assert fields[fields.index == "Conv2D"].iloc[-1]["jump"] == (64, 16)
