"""The spectrogram explorer without a browser."""

import io
import os
from dataclasses import replace

import librosa
import numpy as np
import pytest
from PIL import Image

from mercore import features
from mercore.widgets import SpectrogramExplorer
from mercore.widgets.spectrogram import (
    COLUMNS,
    ROWS,
    SCALES,
    SpectrogramSettings,
    resynthesise,
    spectrogram_pixels,
    validate,
)


@pytest.fixture
def explorer(tones):
    return SpectrogramExplorer(tones)


def tone(frequency: float, seconds: float = 3.0) -> np.ndarray:
    t = np.arange(round(seconds * features.SAMPLE_RATE)) / features.SAMPLE_RATE
    return (0.5 * np.sin(2 * np.pi * frequency * t)).astype(np.float32)


@pytest.mark.parametrize(
    "name, value",
    [("n_fft", 512), ("hop_length", 128), ("n_mels", 40), ("scale", "log"), ("scale", "linear"), ("top_db", 40),
     ("start", 1.0), ("seconds", 2.0)],
)  # fmt: skip
def test_a_moved_control_changes_the_picture(explorer, name, value):
    before = explorer.image.value
    explorer.controls[name].value = value
    assert explorer.image.value != before
    assert not any(sentence.text for which, sentence in explorer.notes.items() if which != "again")


def test_another_track_changes_picture_and_sound(explorer):
    before = explorer.image.value, bytes(explorer.sound.value)
    explorer.controls["track"].value = explorer.corpus.usable.index[-1]
    assert explorer.image.value != before[0]
    assert bytes(explorer.sound.value) != before[1]


def test_a_hop_beyond_the_window_is_refused_next_to_its_control(explorer):
    explorer.controls["n_fft"].value = 512
    before = explorer.image.value
    explorer.controls["hop_length"].value = 1024
    assert "longer than the window" in explorer.notes["hop_length"].text
    assert explorer.image.value == before
    explorer.controls["hop_length"].value = 64
    assert explorer.notes["hop_length"].text == ""


def test_empty_mel_filters_are_refused_and_only_where_there_are_any():
    few = SpectrogramSettings(n_fft=512, hop_length=128, n_mels=256)
    with pytest.warns(UserWarning, match="Empty filters"):  # which the explorer doesn't leave to a log
        empty = (librosa.filters.mel(sr=22_050, n_fft=512, n_mels=256).max(axis=1) == 0).sum()
    assert empty and f"{empty} of 256 mel filters" in validate(few)
    assert validate(replace(few, scale="linear")) == ""
    assert validate(SpectrogramSettings()) == ""


def test_what_is_left_is_refused_with_empty_filters_though_the_picture_has_none(explorer):
    explorer.controls["scale"].value = "linear"
    explorer.controls["n_fft"].value = 256
    explorer.controls["hop_length"].value = 64
    explorer.again.click()
    assert "stay empty" in explorer.notes["again"].text
    assert explorer.left.children == ()


def test_an_unreadable_track_is_reported(explorer):
    before, last = explorer.image.value, explorer.corpus.usable.iloc[-1]
    hidden = last.path + ".hidden"
    os.rename(last.path, hidden)
    try:
        explorer.controls["track"].value = last.name
        assert "can't be read" in explorer.notes["track"].text
        assert explorer.image.value == before
    finally:
        os.rename(hidden, last.path)


def test_it_is_a_picture_without_a_front_end(explorer):
    bundle, about = explorer._repr_mimebundle_()
    assert about["image/png"]["alt"].startswith("Spectrogram of ")
    assert {"image/png", "application/vnd.jupyter.widget-view+json"} <= set(bundle)
    assert Image.open(io.BytesIO(explorer.still)).size[0] > COLUMNS


@pytest.mark.parametrize("scale", ["linear", "log", "mel"])
def test_a_tone_is_where_the_axis_says(scale):
    rows = spectrogram_pixels(tone(2000), SpectrogramSettings(scale=scale)).mean(axis=1)
    middle = np.flatnonzero(rows == rows.max()).mean() + 0.5
    _, lowest, to_scale, _ = SCALES[scale]
    low, high = (float(to_scale(f)) for f in (lowest, features.SAMPLE_RATE / 2))
    assert low + middle / ROWS * (high - low) == pytest.approx(float(to_scale(2000)), abs=(high - low) / ROWS * 2)


@pytest.mark.parametrize("n_fft", [256, 2048, 8192])
@pytest.mark.parametrize("hop", [64, 2048])
@pytest.mark.parametrize("seconds", [1, 30])
def test_a_click_is_where_it_was_and_not_averaged_away(n_fft, hop, seconds):
    y = np.zeros(seconds * features.SAMPLE_RATE, np.float32)
    y[len(y) // 3] = 1
    hop = min(hop, n_fft)
    columns = spectrogram_pixels(y, SpectrogramSettings(n_fft=n_fft, hop_length=hop, scale="linear")).max(axis=0)
    middle = np.flatnonzero(columns == columns.max()).mean() / COLUMNS * seconds
    assert middle == pytest.approx(seconds / 3, abs=2 * seconds / COLUMNS + hop / features.SAMPLE_RATE)


def test_the_mel_picture_is_the_log_mel_of_the_package():
    y = tone(440) + np.random.default_rng(0).normal(scale=0.01, size=66_150).astype(np.float32)
    db = spectrogram_pixels(y, SpectrogramSettings())
    assert db.shape == (ROWS, COLUMNS)
    rows = np.round(np.arange(1, 129) / 129 * ROWS).astype(int)
    columns = np.round(np.arange(130) * 512 / len(y) * COLUMNS).astype(int)
    shown = np.maximum(db, db.max() - features.TOP_DB)[np.ix_(rows, columns)]
    assert shown == pytest.approx(features.log_mel(y), abs=0.01)


def test_what_comes_back_is_sound_of_the_same_length_and_pitch(explorer):
    y = tone(440)
    back = resynthesise(y, SpectrogramSettings())
    assert back.shape == y.shape and np.isfinite(back).all()
    spectrum = np.abs(np.fft.rfft(back))
    assert abs(np.fft.rfftfreq(len(back), 1 / features.SAMPLE_RATE)[spectrum.argmax()] - 440) < 25
    explorer.again.click()
    assert explorer.notes["again"].text.startswith("took")
    assert len(explorer.left.children) == 1
    explorer.controls["n_mels"].value = 64
    assert explorer.left.children == ()  # it was of other settings
