"""Features: against librosa itself, and the cache against being killed, crowded, full and read-only."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from types import SimpleNamespace

import librosa
import numpy as np
import pandas as pd
import pytest
import soundfile

from mercore import UserError, data_dir, features
from mercore._files import exclusive_lock
from mercore.corpora.clips import cut
from mercore.features import FeatureSettings, cache

RNG = np.random.default_rng(0)


@dataclass(frozen=True)
class Tracks:
    """What `extract` asks of a corpus."""

    tracks: pd.DataFrame
    name: str = "test"
    fingerprint: str = "0123456789ab"


@pytest.fixture
def corpus(own_folders):
    rows = {}
    for i, (rate, channels, seconds) in enumerate([(22_050, 1, 5), (44_100, 2, 4), (8_000, 1, 7)]):
        path = own_folders / f"piste n°{i} à côté.wav"
        soundfile.write(path, RNG.normal(0, 0.1, (rate * seconds, channels)), rate)
        rows[f"t{i}"] = {"path": str(path), "label": "x", "artist": "", "duration": float(seconds)}
    return Tracks(pd.DataFrame.from_dict(rows, orient="index"))


def parts():
    return list((data_dir() / "cache" / "features").glob(".unfinished*"))


def tone(seconds, rate, hertz=440.0):
    return 0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 32_000, 44_100, 96_000])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_load_any_rate_and_channels(tmp_path, rate, channels):
    path = tmp_path / "tone.wav"
    soundfile.write(path, np.repeat(tone(15, rate)[:, None], channels, axis=1), rate, subtype="FLOAT")
    y = features.load(path)
    assert y.dtype == np.float32 and y.ndim == 1 and abs(len(y) - 15 * 22_050) <= 2
    middle = slice(22_050, 14 * 22_050)  # away from the ends, across the borders of blocks
    assert np.abs(y[: len(y)] - tone(15, 22_050)[: len(y)])[middle].max() < 2e-3


def test_load_averages_channels(tmp_path):
    path = tmp_path / "stereo.wav"
    soundfile.write(path, np.stack([tone(4, 22_050), -tone(4, 22_050)], axis=1), 22_050, subtype="FLOAT")
    assert np.abs(features.load(path)).max() < 1e-6


def test_load_averages_the_channels_of_a_real_m4a(tmp_path):
    """What AAC keeps of three tones: one in each channel, and one that the two channels' mean cancels."""
    ffmpeg = shutil.which("ffmpeg")
    if not ffmpeg:
        pytest.skip("no ffmpeg on the path, which encodes and decodes m4a")
    left, right, opposite = (tone(4, 44_100, hertz) for hertz in (500, 2_000, 1_000))
    soundfile.write(tmp_path / "x.wav", np.stack([left + opposite, right / 2 - opposite], axis=1) / 2, 44_100)
    command = [ffmpeg, "-v", "error", "-i", tmp_path / "x.wav", "-c:a", "aac", "-b:a", "192k", tmp_path / "x.m4a"]
    subprocess.run(command, check=True, timeout=60)
    y = features.load(tmp_path / "x.m4a")
    assert len(y) / 22_050 == pytest.approx(4, abs=0.05)  # AAC counts in frames of 1,024 samples
    second = y[22_050 : 2 * 22_050]
    amplitude = 2 * np.abs(np.fft.rfft(second)) / 22_050  # a second long, so every whole Hz has a line of its own
    assert amplitude[[500, 2_000, 1_000]] == pytest.approx([0.125, 0.0625, 0], abs=0.005)


def test_load_names_what_it_cannot_read(tmp_path):
    bad = {name: tmp_path / f"{name}.wav" for name in ("missing", "text", "empty", "header", "nan")}
    bad["text"].write_text("no music")
    bad["empty"].touch()
    soundfile.write(bad["header"], np.zeros(0), 22_050)
    soundfile.write(bad["nan"], np.where(np.arange(66_150) == 9_000, np.nan, 0.1), 22_050, subtype="FLOAT")
    for name, path in bad.items():
        with pytest.raises(UserError, match=f"{name}.wav"):
            features.load(path)


def test_slice_clip_pads_by_a_frame_at_most():
    y = np.ones(5 * 22_050, np.float32)
    assert (features.slice_clip(y, 1.0) == 1).all()
    late = features.slice_clip(y, 2.05)
    assert len(late) == 66_150 and late.sum() == pytest.approx(66_150 - 0.05 * 22_050, abs=1)
    with pytest.raises(ValueError, match=r"no 3 s from 2\.50"):
        features.slice_clip(y, 2.5)


def test_log_mel_is_librosas():
    y = RNG.normal(0, 0.1, (3, 66_150)).astype(np.float32)
    y[1] *= 1e-3  # a quiet clip among loud ones must keep its own 80 dB
    y[2, 30_000:] = 0
    expected = [
        librosa.power_to_db(
            librosa.feature.melspectrogram(y=clip, sr=22_050, n_fft=2048, hop_length=512, n_mels=128), top_db=80
        )
        for clip in y
    ]
    together = features.log_mel(y)
    assert together.shape == (3, 128, 130) and features.log_mel(y[0]).shape == (128, 130)
    assert np.allclose(together, expected, atol=1e-3)
    assert together[2].min() == pytest.approx(together[2].max() - 80)


def test_waveforms_are_the_reports_and_conflictnets():
    y = np.arange(66_150, dtype=np.float32)
    framed = features.frame_waveform(y)
    assert framed.shape == (2129, 31) and framed[1, 0] == 31 and framed[-1, -1] == 65_998
    assert features.frame_waveform(np.stack([y, y])).shape == (2, 2129, 31)
    assert features.FEATURES["channel_waveform"].compute(y, features.DEFAULT).shape == (66_150, 1)


@pytest.mark.parametrize("kind", features.FEATURES)
def test_extract_gives_every_clip_its_own_features(corpus, kind):
    clips = cut(corpus.tracks, per_track=3).sample(frac=1, random_state=0).reset_index(drop=True)
    x = features.extract(corpus, clips, kind)
    assert x.shape == x.quantised.shape == (9, *features.shape(kind)) and len(x) == 9
    assert x.quantised.dtype == np.int16 and isinstance(x.quantised, np.memmap) and x[[0, 3]].dtype == np.float32
    for row, clip in clips.iterrows():
        y = features.load(corpus.tracks.at[clip.track, "path"])
        expected = features.compute(y, np.array([clip.start]), kind)[0]
        assert np.allclose(x[row], expected, rtol=0, atol=0.6 * features.FEATURES[kind].scale)
    assert not parts()


def test_extract_finds_its_cache_and_keeps_what_differs_apart(corpus, monkeypatch):
    clips = cut(corpus.tracks, per_track=2)
    first = features.extract(corpus, clips, "log_mel")
    with monkeypatch.context() as context:
        context.setattr(cache, "load", lambda *_: pytest.fail("the cache should have been found"))
        again = features.extract(corpus, clips, "log_mel")
    assert first.quantised.filename == again.quantised.filename
    others = [
        features.extract(replace(corpus, fingerprint="other"), clips, "log_mel"),
        features.extract(corpus, cut(corpus.tracks, per_track=3), "log_mel"),
        features.extract(corpus, clips, "waveform"),
    ]
    for changes in ({"version": 2}, {"n_fft": 1024}, {"hop_length": 256}, {"top_db": 60.0}, {"sample_rate": 16_000}):
        others.append(features.extract(corpus, clips, "log_mel", settings=FeatureSettings(**changes)))
    assert len({x.quantised.filename for x in (first, *others)}) == 9
    assert others[-2].quantised.shape == first.quantised.shape and not (others[-2][:] == first[:]).all()


def test_extract_names_the_bad_track_and_leaves_nothing(corpus):
    clips = cut(corpus.tracks, per_track=2)
    path = corpus.tracks.at["t1", "path"]
    soundfile.write(path, np.zeros(22_050), 22_050)  # shorter than the table says
    with pytest.raises(UserError, match="piste n°1"):
        features.extract(corpus, clips, "log_mel")
    soundfile.write(path, np.full(5 * 22_050, 1e9), 22_050, subtype="FLOAT")
    with pytest.raises(UserError, match=r"piste n°1.*full scale"):
        features.extract(corpus, clips, "waveform")
    assert not list((data_dir() / "cache" / "features").glob("[!.]*"))


def test_what_an_encoder_left_beyond_full_scale_is_cut_off_there(corpus):
    loud = np.array([0.5, 1.5, -3.0, -1.0] * 4 * 22_050)
    soundfile.write(corpus.tracks.at["t0", "path"], loud[: 5 * 22_050], 22_050, subtype="FLOAT")
    x = features.extract(corpus, cut(corpus.tracks, per_track=1), "waveform")
    assert set(x[0].ravel()[:4]) == {0.5, 1 - 2**-15, -1.0}


HOLD = """
import pathlib, sys, time
from mercore._files import exclusive_lock
with exclusive_lock(pathlib.Path(sys.argv[1])):
    print("here", flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(os.name == "nt", reason="there folders can't be locked, and nobody waits")
def test_while_another_process_extracts_this_one_waits(corpus):
    folder = data_dir() / "cache" / "features"
    with subprocess.Popen([sys.executable, "-c", HOLD, folder], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "here\n"
        told = []

        def progress(done, of):
            told.append((done, of))
            if len(told) == 3:
                assert not list(folder.glob("[!.]*"))
                other.kill()  # what is dead is no longer waited for

        x = features.extract(corpus, cut(corpus.tracks, per_track=1), "log_mel", progress=progress)
    assert len(x) == 3 and told[:3] == [(0, 3)] * 3 and told[-3:] == [(1, 3), (2, 3), (3, 3)]


def test_where_a_folder_cannot_be_locked_nobody_waits(tmp_path):
    (tmp_path / "file").touch()
    with exclusive_lock(tmp_path / "file" / "folder"), exclusive_lock(tmp_path / "file" / "folder"):
        pass


def test_no_room_is_said_beforehand(corpus, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=1_000_000))
    with pytest.raises(UserError, match="features need 1 MB, 1 MB are free"):
        features.extract(corpus, cut(corpus.tracks, per_track=10), "log_mel")


def test_a_data_folder_that_cannot_be_written_to(corpus, own_folders, monkeypatch):
    file = own_folders / "file"
    file.touch()
    monkeypatch.setenv("MERCORE_DATA", str(file))
    with pytest.raises(UserError, match="set MERCORE_DATA"):
        features.extract(corpus, cut(corpus.tracks, per_track=1), "log_mel")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_data_folder(corpus):
    data_dir().mkdir()
    data_dir().chmod(0o500)
    with pytest.raises(UserError, match="set MERCORE_DATA"):
        features.extract(corpus, cut(corpus.tracks, per_track=1), "log_mel")


@pytest.mark.parametrize(("kind", "axes"), [("log_mel", (0, 2)), ("waveform", (0,)), ("channel_waveform", (0,))])
def test_normaliser_knows_its_rows_only(kind, axes):
    shape = {"log_mel": (6, 5), "waveform": (6, 5), "channel_waveform": (30, 1)}[kind]
    x = RNG.normal(-30, 9, (40, *shape)).astype(np.float32)
    x[:, 2] = -70  # a constant band or positions: left as they are, not divided by zero
    rows = np.array([31, 2, 3, 5, 7, 11, 13, 17, 19, 23])
    normaliser = features.Normaliser.fit(x, rows, kind, chunk=3)
    known = x[rows].astype(np.float64)
    assert np.allclose(normaliser.mean.squeeze(), known.mean(axes).squeeze(), rtol=1e-5)
    sd = known.std(axes).squeeze()
    assert np.allclose(normaliser.sd.squeeze(), np.where(sd > 0, sd, 1), rtol=1e-5)
    z = normaliser.apply(x[rows])
    assert z.dtype == np.float32 and z.shape == known.shape and np.abs(z.mean(axes)).max() < 1e-4
    x[0] = 1000  # not among the rows
    assert (features.Normaliser.fit(x, rows, kind).mean == features.Normaliser.fit(x, rows[::-1], kind).mean).all()
    assert np.allclose(features.Normaliser.fit(x, rows, kind).mean, normaliser.mean)
