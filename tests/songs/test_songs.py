"""Songs: opened from files and slugs, classified by a stand-in network that hears how high a tone is."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import soundfile

from mercore import UserError, composer, features, songs
from mercore.composer.songs import SONGS
from mercore.songs import analysis as analysis_module

RATE = 22_050


class HighOrLow:
    """Takes the normalised log-mel; 'high' if the upper half of the bands ever comes within 30 dB of the loudest."""

    input_shape = (None, 128, 130)

    def predict(self, x, batch_size, verbose):
        assert x.dtype == np.float32 and x.shape[1:] == (128, 130)
        high = 1 / (1 + np.exp(x.max((1, 2)) - 30 - x[:, 64:].max((1, 2))))
        return np.stack([high, 1 - high], axis=1)


@pytest.fixture
def run():
    as_is = features.Normaliser("band", np.zeros((128, 1), np.float32), np.ones((128, 1), np.float32))
    return stand_in("log_mel", ["high", "low"], as_is, HighOrLow)


def stand_in(feature, classes, normaliser, model):
    """What `songs.analyse` needs of a run."""

    def compute_features(samples, starts):
        return normaliser.apply(features.compute(samples, starts, feature))

    about = {"input": feature, "clip_seconds": 3.0, "classes": classes, "corpus": {"task": "genre"}}
    return SimpleNamespace(compute_features=compute_features, model=model, **about)


def write_song(path, parts, rate=RATE):
    """A song of (hertz, seconds) tones."""
    tones = [0.3 * np.sin(2 * np.pi * hertz * np.arange(rate * seconds) / rate) for hertz, seconds in parts]
    soundfile.write(path, np.concatenate(tones), rate)
    return path


@pytest.fixture
def song(tmp_path):
    path = write_song(tmp_path / "Ünder the_bridge.wav", [(200, 30), (6_000, 10)], rate=32_000)
    pd.DataFrame(
        {
            "start": [0, 30, 38],
            "end": [30, 38, 40],
            "section": ["deep", "shrill", "coda"],
            "genre": ["low", "low", "high"],
        }
    ).to_csv(path.with_suffix(".sections.csv"), index=False)
    return songs.open_song(path)


def test_open_song_reads_sound_tags_and_sections(tmp_path, song):
    assert song.duration == pytest.approx(40, abs=1e-3) and song.title == "Ünder the bridge" and song.artist == ""
    assert song.sections["section"].tolist() == ["deep", "shrill", "coda"] and "samples" not in repr(song)
    path = tmp_path / "x.flac"
    with soundfile.SoundFile(path, "w", RATE, 1) as file:
        file.title, file.artist = "Études", "Ada"
        file.write(np.zeros(4 * RATE))
    tagged = songs.open_song(str(path))
    assert (tagged.title, tagged.artist, tagged.sections) == ("Études", "Ada", None)


def test_the_name_of_a_composed_song_opens_it_with_that_seed(tmp_path, monkeypatch):
    slug = songs.COMPOSED_SONGS[0]

    def render_songs(seed=0):
        write_song(tmp_path / f"{slug}.wav", [(300 + seed, 5 + seed)])
        (tmp_path / "songs.csv").write_text(f"slug,title,artist\n{slug},Kites,The Summer\n")
        return tmp_path

    monkeypatch.setattr(composer, "render_songs", render_songs, raising=False)
    song = songs.open_song(slug, seed=2)
    assert song.duration == pytest.approx(7) and (song.title, song.artist) == ("Kites", "The Summer")
    assert tuple(SONGS) == songs.COMPOSED_SONGS


def test_what_is_no_song_is_named(tmp_path):
    (tmp_path / "text.mp3").write_text("no music")
    write_song(tmp_path / "short.wav", [(300, 2)])
    bad = write_song(tmp_path / "sections.wav", [(300, 4)])
    bad.with_suffix(".sections.csv").write_text("start,stop\n0,1\n")
    for name, said in {
        "gone.wav": "no such file",
        "text.mp3": "can't be read",
        "short.wav": "too short",
        "sections.wav": "no column end, section",
        ".": "is a folder",
    }.items():
        with pytest.raises(UserError, match=said):
            songs.open_song(tmp_path / name)


def test_shares_are_those_of_the_song(song, run):
    analysis = songs.analyse(song, run, count=200, seed=1)
    shares = analysis.shares()
    assert analysis.probabilities.shape == (200, 2) and np.allclose(analysis.probabilities.sum(axis=1), 1)
    assert shares["snippets"].sum() == 200 and shares["share"].sum() == pytest.approx(1)
    # a snippet with any of the shrill part is high here: starts from 27 to 37 of 37 s
    assert shares.loc["high", "low"] < 10 / 37 < shares.loc["high", "high"]
    assert 0.03 < shares.loc["high", "share"] - shares.loc["high", "low"] < 0.08
    assert analysis.starts.max() <= 37 and (np.diff(analysis.starts) >= 0).all()


def test_all_snippets_alike_still_leave_an_interval(tmp_path, run):
    song = songs.open_song(write_song(tmp_path / "low.wav", [(200, 3)]))
    shares = songs.analyse(song, run, count=20).shares()
    assert shares.loc["low", "share"] == 1 and shares.loc["low", "low"] == pytest.approx(0.839, abs=1e-3)
    assert shares.loc["high", "snippets"] == 0 and shares.loc["high", "high"] == pytest.approx(0.161, abs=1e-3)


def test_over_time_goes_evenly_to_the_end(song, run, monkeypatch):
    monkeypatch.setattr(analysis_module, "BATCH", 16)  # several batches must join seamlessly
    over_time = songs.analyse_over_time(song, run, step=0.5)
    assert over_time.index.tolist() == [i / 2 for i in range(75)]
    assert (over_time.idxmax(axis=1) == np.where(over_time.index > 27, "high", "low")).mean() > 0.97


def test_sections_are_compared_with_what_is_heard_in_them(song, run):
    analysis = songs.analyse(song, run, count=150)
    parts = analysis.per_section().set_index("section")
    starts = analysis.starts
    assert parts.loc["deep", "snippets"] == (starts <= 27).sum() and parts.loc["deep", "agreement"] == 1
    assert parts.loc["shrill", "agreement"] == 0 and parts.loc["shrill", "predicted"] == "high"
    assert parts.loc["deep", "low"] < 1 and parts.loc["shrill", "high"] > 0
    assert parts.loc["coda", "snippets"] == 0 and np.isnan(parts.loc["coda", "agreement"])  # 2 s: none fits
    run.corpus["task"] = "mood"
    assert songs.analyse(song, run, count=5).per_section() is None


def test_the_seed_draws_the_snippets(song, run):
    first, again, other = (songs.analyse(song, run, count=9, seed=seed).probabilities for seed in (1, 1, 2))
    assert first.equals(again) and not first.index.equals(other.index)


def test_raw_audio_networks_are_given_waveforms(song):
    seen = []

    class Raw:
        input_shape = (None, 2129, 31)

        def predict(self, x, batch_size, verbose):
            seen.append(x.shape)
            return np.full((len(x), 2), 0.5)

    as_is = features.Normaliser("position", np.zeros((2129, 31)), np.ones((2129, 31)))
    run = stand_in("waveform", ["a", "b"], as_is, Raw)
    songs.analyse(song, run, count=4)
    assert seen == [(4, 2129, 31)]


@pytest.mark.parametrize("text", ["", "start,end\n0,1\n", "start,end,section\n0,ten,verse\n", '"'])
def test_a_spoilt_list_of_sections_is_named(song, text):
    listing = song.path.with_suffix(".sections.csv")
    listing.write_text(text)
    with pytest.raises(UserError, match=listing.name):
        songs.open_song(song.path)
