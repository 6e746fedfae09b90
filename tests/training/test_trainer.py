"""Training and its record: on a tiny corpus of tones that any network can tell apart."""

import json
import os
import random
import subprocess
import sys
import threading
import time
from dataclasses import replace

import keras
import numpy as np
import pandas as pd
import pytest

from mercore import UserError, features, networks, training
from mercore.training import fit, runs


@pytest.fixture(scope="module")
def run(tones):
    return training.train(tones, "blstm", "quick", "track", epochs=3, clips_per_track=4)


def test_a_network_learns_what_can_be_learnt(run):
    assert run.accuracy("train") > 0.9
    assert run.history["loss"].iloc[-1] < run.history["loss"].iloc[0]
    assert run.history["chosen"].sum() == 1


def test_the_record_holds_every_clip_with_its_side(run, tones):
    p = run.predictions
    assert len(p) == 12 * 4
    assert set(p["side"]) == {"train", "validation", "test"}
    assert p.groupby("track")["side"].nunique().max() == 1
    np.testing.assert_allclose(p[["p_high", "p_low"]].sum(axis=1), 1, atol=2e-4)
    assert (p[["p_high", "p_low"]].idxmax(axis=1).str[2:] == p["predicted"]).all()


def test_the_stored_network_gives_the_recorded_predictions(run, tones):
    again = runs.load(run.id)
    rows = again.side("test").index[:4]
    table = training.prepare(tones, "log_mel", replace(training.PROFILES["quick"], clips_per_track=4), "track")
    assert (again.predictions.loc[rows, "start"] >= 0).all()
    p = again.model().predict(again.normaliser.apply(table.x[rows]), verbose=0)
    np.testing.assert_allclose(p, again.predictions.loc[rows, ["p_high", "p_low"]], atol=2e-4)


def test_normalisation_is_learnt_on_the_training_side_alone(run, tones):
    settings = replace(training.PROFILES["quick"], clips_per_track=4)
    x, split = (p := training.prepare(tones, "log_mel", settings, "track")).x, p.split
    expected = np.asarray(x[split.train], np.float64).mean(axis=(0, 2))
    np.testing.assert_allclose(run.normaliser.mean.ravel(), expected, atol=1e-3)
    everything = features.Normaliser.fit(x, np.arange(len(x)), "log_mel").mean.ravel()
    assert np.abs(everything - expected).max() > 1e-3


def test_an_identical_run_is_reused_and_says_so(run, tones, capsys):
    again = training.train(tones, "blstm", "quick", "track", epochs=3, clips_per_track=4)
    assert again.id == run.id
    assert "reused" in capsys.readouterr().out


@pytest.mark.slow
def test_the_same_seed_gives_the_same_predictions_and_another_others(run, tones):
    same = training.train(tones, "blstm", "quick", "track", epochs=3, clips_per_track=4, reuse=False)
    assert same.id != run.id  # kept beside it, not over it
    pd.testing.assert_frame_equal(same.predictions, run.predictions)
    other = training.train(tones, "blstm", "quick", "track", seed=1, epochs=3, clips_per_track=4)
    assert not other.predictions["p_low"].equals(run.predictions["p_low"])


@pytest.mark.slow
def test_what_other_threads_draw_changes_nothing(run, tones):
    """As those of a cluster's worker do, from the very numbers of which Keras makes seeds."""
    done = threading.Event()

    def draw():
        while not done.is_set():
            random.random()
            time.sleep(0.0005)

    other = threading.Thread(target=draw)
    other.start()
    try:
        same = training.train(tones, "blstm", "quick", "track", epochs=3, clips_per_track=4, reuse=False)
    finally:
        done.set()
        other.join()
    pd.testing.assert_frame_equal(same.predictions, run.predictions)


ON_TWO = """
import sys
import tensorflow as tf
from mercore import corpora, training
processor = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * 2)
tf.config.list_logical_devices = lambda kind=None, real=tf.config.list_logical_devices: real("CPU")
run = training.train(corpora.open_corpus(sys.argv[1]), "conv", "smoke", "track", epochs=2, dropout=0.0, reuse=False)
print(run.id)
"""


@pytest.mark.slow
def test_two_gpus_share_each_batch_and_learn_the_same(tones):
    """Two logical processors stand in for them; batches are even, so the mean over halves is that of the whole."""
    alone = training.train(tones, "conv", "smoke", "track", epochs=2, dropout=0.0)
    assert len(alone.side("train")) % 2 == 0 and not any("GPU" in note for note in alone.notes)
    told = subprocess.run([sys.executable, "-c", ON_TWO, str(tones.root)], check=True, capture_output=True, text=True)
    run = runs.load(told.stdout.split()[-1])
    assert "trained on 2 GPUs at once, each batch shared among them" in run.notes
    columns = ["p_high", "p_low"]
    np.testing.assert_allclose(run.predictions[columns], alone.predictions[columns], atol=2e-3)
    np.testing.assert_allclose(run.history["loss"], alone.history["loss"], rtol=1e-3)
    assert run.history["learning_rate"].tolist() == alone.history["learning_rate"].tolist()


def test_an_interrupted_training_leaves_nothing_that_looks_finished(tones, monkeypatch):
    before = set(os.listdir(runs.runs_dir()))

    def die(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(runs, "write_predictions", die)
    with pytest.raises(KeyboardInterrupt):
        training.train(tones, "blstm", "quick", "track", seed=7, epochs=1, clips_per_track=4)
    assert set(os.listdir(runs.runs_dir())) == before
    assert not list(runs.runs_dir().glob(".unfinished-*"))


def test_what_a_killed_run_left_is_swept_by_a_later_one(tones):
    old, new = runs.runs_dir() / ".unfinished-old", runs.runs_dir() / ".unfinished-new"
    for folder in (old, new):
        folder.mkdir()
    os.utime(old, (time.time() - 7200,) * 2)
    training.train(tones, "blstm", "quick", "track", seed=8, epochs=1, clips_per_track=4)
    assert not old.exists()
    assert new.exists(), "another run may be writing it"
    new.rmdir()


def test_a_damaged_record_is_named(run, tmp_path):
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / runs.RECORD).write_text(json.dumps({"config": {}})[:-3])
    with pytest.raises(UserError, match="broken: not a complete run"):
        runs.load(broken)


def test_every_clip_is_shown_once_an_epoch_with_its_own_label(tones):
    settings = replace(training.PROFILES["quick"], clips_per_track=4)
    prepared = training.prepare(tones, "log_mel", settings, "track")
    rows = prepared.split.train
    identity = features.Normaliser("band", np.zeros((128, 1), np.float32), np.ones((128, 1), np.float32))
    data = fit.batches(prepared, identity, rows, 5, seed=3)
    seen = [data[i] for i in range(len(data))]
    x, y = np.concatenate([b[0] for b in seen]), np.concatenate([b[1] for b in seen])
    assert len(x) == len(rows)
    wanted = {prepared.x[r].tobytes(): prepared.clips["label"][r] for r in rows}
    assert {prepared.corpus.classes[k] == wanted[v.tobytes()] for v, k in zip(x, y, strict=True)} == {True}
    first = data.rows.copy()
    data.on_epoch_end()
    assert sorted(data.rows) == sorted(first)
    assert list(data.rows) != list(first)


def test_shift_moves_the_picture_and_repeats_its_edges():
    batch = np.zeros((50, 128, 130), np.float32)
    batch[:, 64, 65] = 1
    shifted = fit.shift(batch, np.random.default_rng(0))
    assert shifted.shape == batch.shape
    peaks = np.array([np.unravel_index(s.argmax(), s.shape) for s in shifted])
    moved = np.abs(peaks - [64, 65])
    assert moved[:, 0].max() <= fit.BAND_SHIFT and moved[:, 1].max() <= 13
    assert len(np.unique(peaks, axis=0)) > 20
    ramp = np.broadcast_to(np.arange(130, dtype=np.float32), (1, 128, 130))
    edge = fit.shift(ramp, np.random.default_rng(1))[0, 0]
    assert edge.min() >= 0 and edge.max() <= 129 and (np.diff(edge) >= 0).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"profile_name": "fast"}, "choose one of smoke, quick, report"),
        ({"scaler": "test"}, "scaler must be"),
        ({"epoch": 3}, "there is no setting epoch"),
        ({"epochs": 0}, "epochs must lie between 1 and 10000, not 0"),
    ],
)
def test_settings_that_cannot_work_are_refused(tones, options, message):
    with pytest.raises(UserError, match=message):
        training.train(tones, "blstm", **options)


def test_raw_audio_is_turned_round_and_made_louder_or_softer():
    x = np.random.default_rng(0).normal(size=(4, 20, 5)).astype(np.float32)
    turned = fit.random_roll_and_gain(x, np.random.default_rng(1))
    assert turned.shape == x.shape
    assert turned.dtype == np.float32
    for before, after in zip(x.reshape(4, -1), turned.reshape(4, -1), strict=True):
        gain = after.std() / before.std()
        assert 0.5 <= gain <= 2
        by = int(np.argmax([np.dot(np.roll(before, n), after) for n in range(100)]))
        np.testing.assert_allclose(after, gain * np.roll(before, by), rtol=1e-4, atol=1e-6)
    assert not np.allclose(turned, x)


def test_a_share_of_the_training_tracks_is_another_run(run, tones):
    half = training.train(tones, "blstm", "quick", "track", epochs=1, clips_per_track=4, train_share=0.5)
    assert half.config["train_share"] == 0.5
    assert run.config["train_share"] == 0
    sides = half.predictions["side"].value_counts()
    assert sides["train"] < (run.predictions["side"] == "train").sum()
    assert sides["test"] == (run.predictions["side"] == "test").sum()


def test_profile_tuned_smooths_labels_and_decays_weights(tones):
    run = training.train(tones, "bgru", "tuned", "track", epochs=2, clips_per_track=4)
    assert run.config["label_smoothing"] == 0.1
    assert run.history["chosen"].tolist() == [False, True]
    # With labels smoothed over two classes no loss is below this, however sure the network is.
    assert run.history["loss"].min() > -(0.95 * np.log(0.95) + 0.05 * np.log(0.05)) - 1e-6
    again = runs.load(run.id)
    p = again.model().predict(again.normaliser.apply(np.zeros((1, 128, 130))), verbose=0)
    assert p.shape == (1, 2)


class Impatient(fit.Listener):
    """Stops at a step of its choice, counted over everything that it is told of."""

    interactive = True

    def __init__(self, at=None, after_epochs=None):
        self.at, self.after_epochs, self.steps, self.epochs, self.told = at, after_epochs, 0, 0, []

    @property
    def stopped(self):
        return self.steps == self.at or self.epochs == self.after_epochs

    def report(self, text):
        self.told.append(text)

    def step(self, done, total):
        assert 1 <= done <= total
        self.steps += 1

    def epoch(self, history, config):
        self.epochs += 1
        assert len(history) == self.epochs


def test_a_stopped_training_keeps_the_best_weights_so_far(tones):
    whole = training.train(tones, "conv", "smoke", "track", seed=5, epochs=3, reuse=False, listener=Impatient())
    listener = Impatient(after_epochs=2)
    run = training.train(tones, "conv", "smoke", "track", seed=5, epochs=3, reuse=False, listener=listener)
    assert run.config["stopped"] == 2 == len(run.history) and run.id != whole.id
    assert run.history["loss"].tolist() == whole.history["loss"].tolist()[:2]
    best = run.history["val_accuracy"].idxmax()
    assert run.history["chosen"].tolist() == [n == best for n in range(2)]
    assert run.accuracy("validation") == pytest.approx(run.history["val_accuracy"][best], abs=1e-6)
    assert training.train(tones, "conv", "smoke", "track", seed=5, epochs=3).id == whole.id  # not the stopped one


def test_stopped_while_features_are_extracted_nothing_is_kept(tones):
    with pytest.raises(fit.Stopped):
        training.train(tones, "conv", "smoke", "track", seed=6, n_mels=40, listener=Impatient(at=1))


def test_stopped_in_the_first_epoch_the_weights_are_kept_as_they_are(tones):
    training.train(tones, "conv", "smoke", "track", seed=7, listener=Impatient())  # so that the features are there
    run = training.train(tones, "conv", "smoke", "track", seed=7, reuse=False, listener=Impatient(at=1))
    assert run.config["stopped"] == 0 and run.history.empty and len(run.predictions)


@pytest.mark.parametrize("key, changes", [
    ("conv", {"clip_seconds": 2.0, "width": 0.5, "dropout": 0.4}),
    ("bgru", {"clip_seconds": 2.0, "units": 8}),
    ("conv_bgru", {"n_mels": 96, "units": 4, "width": 2.0}),
    ("end2end_gru", {"clip_seconds": 2.0, "units": 8, "width": 0.25}),
])  # fmt: skip
@pytest.mark.slow
def test_sizes_and_clips_of_ones_own(tones, key, changes):
    usual = training.train(tones, key, "smoke", "track", seed=0)
    run = training.train(tones, key, "smoke", "track", seed=0, **changes)
    assert run.id != usual.id and run.parameters != usual.parameters
    assert {name: getattr(run.settings, name) for name in changes} == changes
    again = runs.load(run.id)
    x = run.compute_features(features.load(tones.tracks["path"].iloc[0]), np.zeros(1))
    first = run.predictions.query("track == @tones.tracks.index[0] and start == 0")
    expected = first[[f"p_{name}" for name in run.classes]].to_numpy()
    assert again.model().predict(x, verbose=0) == pytest.approx(expected, abs=2e-3)


def test_sizes_that_a_network_has_not_are_refused(tones):
    for key, profile, changes in (
        ("conv", "smoke", {"units": 8}),
        ("end2end", "smoke", {"dropout": 0.1}),
        ("conv", "tuned", {"width": 2.0}),
        ("end2end", "smoke", {"clip_seconds": 0.05}),
    ):
        with pytest.raises(UserError, match=r"to set in preset|too small"):
            training.train(tones, key, profile, "track", **changes)


@pytest.mark.slow
def test_a_stopped_training_leaves_no_thread_behind(tones):
    training.train(tones, "conv", "smoke", "track", seed=8, listener=Impatient())
    before = threading.active_count()
    for at in (1, 2):
        changes = {"reuse": False, "batch_size": 2, "epochs": 2}
        training.train(tones, "conv", "smoke", "track", seed=8, listener=Impatient(at=at), **changes)
    assert threading.active_count() <= before


def test_what_all_trainings_will_take_is_told_before(tones):
    seconds, disk = training.estimate(training.profile("quick"), [tones])
    assert set(seconds) == set(networks.names()) and sum(seconds.values()) > max(seconds.values()) > 0
    assert disk == 12 * 10 * 2 * (128 * 130 + 2129 * 31)


def small_network(n_classes, shape):
    """A network of a user's own."""
    inputs = keras.Input(shape)
    x = keras.layers.Dense(4, activation="relu")(keras.layers.GlobalAveragePooling1D()(inputs))
    return keras.Model(inputs, keras.layers.Dense(n_classes, activation="softmax")(x))


@pytest.mark.slow
def test_a_function_of_ones_own_is_trained_and_loads_in_another_process(tones):
    epochs = []
    count = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: epochs.append(epoch))
    run = training.train(tones, small_network, "smoke", "track", epochs=2, callbacks=[count])
    assert run.title == "small_network" and run.config["preset"] == "own" and epochs == [0, 1]
    assert training.train(tones, small_network, "smoke", "track", epochs=2).id == run.id
    code = (
        "import sys, numpy as np; from mercore.training import runs\n"
        "run = runs.load(sys.argv[1]); print(run.model().predict(np.ones((1, 128, 130)), verbose=0).tolist())"
    )
    done = subprocess.run([sys.executable, "-c", code, run.id], check=True, capture_output=True, text=True)
    np.testing.assert_allclose(json.loads(done.stdout), run.model().predict(np.ones((1, 128, 130)), verbose=0), 1e-5)


def test_another_function_of_the_same_name_is_another_run(tones):
    first = training.train(tones, small_network, "smoke", "track", epochs=2)

    def wider(n_classes, shape):
        inputs = keras.Input(shape)
        x = keras.layers.Dense(8, activation="relu")(keras.layers.GlobalAveragePooling1D()(inputs))
        return keras.Model(inputs, keras.layers.Dense(n_classes, activation="softmax")(x))

    wider.__name__ = "small_network"
    assert training.train(tones, wider, "smoke", "track", epochs=2).id != first.id


def test_a_fault_in_ones_own_function_names_its_line(tones):
    def broken(n_classes, shape):
        inputs = keras.Input(shape)
        return keras.Model(inputs, keras.layers.Conv2D(4, 3)(inputs))

    with pytest.raises(UserError, match=r"broken, line \d+, `return keras\.Model\(inputs, .*ValueError"):
        training.train(tones, broken, "smoke", "track")
    with pytest.raises(UserError, match="returned NoneType"):
        training.train(tones, lambda n_classes, shape: None, "smoke", "track")

    def conv(n_classes, shape):
        return None

    with pytest.raises(UserError, match="a network named conv is registered already"):
        training.train(tones, conv, "smoke", "track")


def test_other_feature_settings_are_another_run(tones):
    usual = training.train(tones, "conv", "smoke", "track", seed=0)
    run = training.train(tones, "conv", "smoke", "track", seed=0, n_fft=1024)
    assert run.id != usual.id and run.settings.features.n_fft == 1024
    assert run.settings.features.differences(usual.settings.features) == "n_fft 1024, not 2048"
    assert training.train(tones, "conv", "smoke", "track", seed=0, n_fft=1024).id == run.id


def test_a_finished_run_is_found_before_anything_is_extracted_or_built(tones, monkeypatch):
    run = training.train(tones, "conv", "smoke", "track", seed=0)
    monkeypatch.setattr(features, "extract", lambda *_, **__: pytest.fail("features were extracted"))
    monkeypatch.setattr(networks, "build", lambda *_, **__: pytest.fail("a network was built"))
    assert training.train(tones, "conv", "smoke", "track", seed=0).id == run.id
