"""The moods and the songs of the embedded corpus: what they promise, measured on their scores and their audio."""

from collections import Counter
from itertools import pairwise

import librosa
import numpy as np
import pandas as pd
import pytest
import soundfile

from mercore import composer
from mercore.composer import mood_patterns, moods, songs
from mercore.composer.corpus import compose_track
from mercore.composer.mood_patterns import QUADRANTS
from mercore.composer.synth import SAMPLE_RATE, generator


@pytest.fixture(scope="module")
def audio():
    """The first 12 s of six tracks of each quadrant, by six artists."""
    by = {label: [t for t in moods.list_tracks(0) if t.label == label][1::6][:6] for label in QUADRANTS}
    return {label: [compose_track(t, 0, seconds=12) for t in tracks] for label, tracks in by.items()}


def test_forty_tracks_a_quadrant_by_twelve_artists_or_more():
    tracks = moods.list_tracks(0)
    assert Counter(t.label for t in tracks) == dict.fromkeys(QUADRANTS, 40)
    assert len({t.track for t in tracks}) == 160
    assert all(len(t.track) == 12 and t.track.startswith("MT") for t in tracks)
    assert len({(t.artist, t.title) for t in tracks}) == 160
    artists = {label: {t.artist for t in tracks if t.label == label} for label in QUADRANTS}
    assert min(map(len, artists.values())) >= 12
    assert sum(map(len, artists.values())) == len(set.union(*artists.values()))


def test_artists_lie_in_their_quadrant_and_some_near_the_axes():
    for label, (v, a) in moods.SIGNS.items():
        points = np.array([(artist.valence * v, artist.arousal * a) for artist in moods.draw_artists(0)[label]])
        assert (points > 0).all()
        assert points.min(axis=0) == pytest.approx(0.4)


def test_all_quadrants_share_ensembles_and_instruments():
    artists = moods.draw_artists(0)
    for label in QUADRANTS:
        assert {a.ensemble for a in artists[label]} == set(moods.ENSEMBLES)


def test_same_seed_same_samples_other_seed_others():
    track = moods.list_tracks(0)[100]
    first = compose_track(track, 0, seconds=6)
    assert first.dtype == np.float32 and first.shape == (6 * SAMPLE_RATE,)
    assert np.array_equal(first, compose_track(track, 0, seconds=6))
    assert not np.array_equal(first, compose_track(moods.list_tracks(1)[100], 1, seconds=6))


def test_levels_are_sane_and_say_nothing_about_arousal(audio):
    rms = {label: 20 * np.log10([np.sqrt(np.mean(y**2)) for y in ys]) for label, ys in audio.items()}
    assert all(np.isfinite(y).all() and np.abs(y).max() <= 1 for ys in audio.values() for y in ys)
    assert min(map(min, rms.values())) > -32 and max(map(max, rms.values())) < -8
    active = np.mean([rms["Q1"], rms["Q2"]]) - np.mean([rms["Q3"], rms["Q4"]])
    assert abs(active) < 5


def test_active_quadrants_have_more_onsets(audio):
    """Events per second, the strongest carrier of arousal (Gabrielsson and Lindström 2010)."""

    def onsets(y):
        return len(librosa.onset.onset_detect(y=y, sr=SAMPLE_RATE)) / 12

    rate = {label: np.median([onsets(y) for y in ys]) for label, ys in audio.items()}
    assert min(rate["Q1"], rate["Q2"]) > 1.3 * max(rate["Q3"], rate["Q4"])


def test_negative_valence_has_more_semitone_clashes():
    """Minor seconds sounding within one chord or line, counted in the scores of two opposite points."""

    def clashes(valence, arousal):
        artist = moods.draw_artists(0)["Q1" if valence > 0 else "Q2"][0]
        count = total = 0
        for i in range(6):
            voices = moods.write_passage(artist, valence, arousal, 0, 4, 0, generator(0, i))
            notes = sorted(voices["lead"] + voices["chords"], key=lambda n: (n.start, n.pitch))
            steps = [abs(b.pitch - a.pitch) for a, b in pairwise(notes)]
            count, total = count + steps.count(1), total + len(steps)
        return count / total

    assert clashes(-0.9, 0.9) > 2 * clashes(0.9, 0.9)
    assert clashes(-0.9, -0.9) > 2 * clashes(0.9, -0.9)


def test_far_from_the_axes_only_the_own_corner_is_drawn():
    rng = generator(0, "corner")
    assert {mood_patterns.draw_quadrant(-0.9, 0.9, rng) for _ in range(50)} == {"Q2"}
    assert {mood_patterns.draw_quadrant(0.0, 0.0, rng) for _ in range(200)} == set(QUADRANTS)


def test_patterns_are_one_bar_long():
    for quadrant in QUADRANTS.values():
        assert {len(p) for p in (*quadrant.figure, *quadrant.bass, *quadrant.rhythm)} == {16}
        assert {len(p) for kit in quadrant.kit for p in kit.split()[1::2]} == {16}


@pytest.fixture(scope="module")
def composed():
    """Both songs as (samples, sections)."""
    return {slug: songs.compose_song(slug) for slug in songs.SONGS}


@pytest.mark.parametrize("slug", songs.SONGS)
def test_songs_and_their_sections(slug, composed):
    y, sections = composed[slug]
    duration = len(y) / SAMPLE_RATE
    assert 180 <= duration <= 360
    assert y.dtype == np.float32 and np.abs(y).max() <= 1
    assert list(sections) == ["start", "end", "section", "genre", "mood"]
    assert sections["start"].iloc[0] == 0
    assert sections["end"].iloc[-1] == pytest.approx(duration, abs=0.002)
    assert np.array_equal(sections["start"][1:], sections["end"][:-1])
    assert sections["section"].is_unique
    assert set(sections["mood"]) <= set(QUADRANTS)
    for start, end in sections[["start", "end"]].to_numpy():  # no section is silent
        part = y[int(start * SAMPLE_RATE) : int(end * SAMPLE_RATE)]
        assert 20 * np.log10(np.sqrt(np.mean(part**2))) > -45


def test_one_song_keeps_its_style_and_the_other_walks(composed):
    _, kites = composed["parade-of-kites"]
    seconds = (kites["end"] - kites["start"]).groupby(kites["mood"]).sum()
    assert set(kites["genre"]) == {"rock"} and seconds.idxmax() == "Q1" and "Q4" in seconds
    _, rhapsody = composed["lantern-rhapsody"]
    assert list(dict.fromkeys(rhapsody["genre"])) == ["classical", "rock", "metal"]
    assert set(rhapsody["mood"]) == set(QUADRANTS)


def test_the_files_of_the_songs(composed, own_folders, monkeypatch):
    slug = "lantern-rhapsody"
    monkeypatch.setattr(songs, "SONGS", {slug: songs.SONGS[slug]})
    folder = composer.render_songs()
    audio, rate = soundfile.read(folder / f"{slug}.wav", dtype="float32")
    assert rate == SAMPLE_RATE
    np.testing.assert_allclose(audio, composed[slug][0], atol=2**-15)  # composed twice, and stored with 16 bits
    pd.testing.assert_frame_equal(pd.read_csv(folder / f"{slug}.sections.csv"), composed[slug][1])
    table = pd.read_csv(folder / "songs.csv")
    assert table.to_dict("records") == [
        {"slug": slug, "title": "Lantern Rhapsody", "artist": "Hester and the Meridian"}
    ]
