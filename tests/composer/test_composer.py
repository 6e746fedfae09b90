import hashlib
import os

import librosa
import numpy as np
import pandas as pd
import pytest
import soundfile

from mercore import FACTS, UserError, composer
from mercore.composer import genres, score
from mercore.composer.score import Mix, Note, Part, beat, chord, degree, generator, render, steps, swing


@pytest.fixture
def handful(monkeypatch):
    """Only the first track of two genres."""
    few = [spec for spec in genres.tracks() if spec.track in ("disco.00000", "classical.00000")]
    monkeypatch.setattr(genres, "tracks", lambda seed: few)
    return few


def digests(folder):
    files = [f for f in sorted(folder.rglob("*.*")) if f.suffix in (".wav", ".csv")]
    return {f.relative_to(folder): hashlib.sha1(f.read_bytes()).hexdigest() for f in files}


def track(label, nth=0):
    return [spec for spec in genres.tracks() if spec.label == label][nth]


# --- Theory and patterns


def test_chords_by_roman_numeral():
    assert chord("I", 60) == [60, 64, 67]
    assert chord("vi", 60) == [69, 72, 76]
    assert chord("ii7", 60) == [62, 65, 69, 72]
    assert chord("V7", 60) == [67, 71, 74, 77]
    assert chord("bVII", 60) == [70, 74, 77]
    assert chord("iim7b5", 60) == [62, 65, 68, 72]
    assert chord("#ivo7", 60) == [66, 69, 72, 75]
    assert chord("i5", 60) == [60, 67]
    with pytest.raises(ValueError, match="no chord"):
        chord("H7", 60)


def test_every_progression_of_the_genres_is_readable():
    for style in genres.STYLES.values():
        for numerals in style.progressions:
            assert len(score.progression(numerals, 48)) >= 2


def test_degrees_run_through_octaves():
    assert [degree(60, "major", n) for n in (-1, 0, 2, 7, 9)] == [59, 60, 64, 72, 76]


def test_patterns_are_read_as_written():
    assert steps("x.X.|..o.", start=4) == [(4.0, 96), (4.5, 118), (5.5, 66)]
    notes = beat({"kick": "x...x...", "snare": "....X..."})
    assert sorted((n.start, n.pitch) for n in notes) == [(0.0, 36), (1.0, 36), (1.0, 38)]


def test_swing_moves_only_the_offbeats():
    notes = [Note(i / 2, 0.4, 60) for i in range(4)]
    assert [n.start for n in swing(notes, 2.0)] == pytest.approx([0, 2 / 3, 1, 5 / 3], abs=1e-6)
    assert [n.start for n in swing(notes, 1.0)] == pytest.approx([0, 0.5, 1, 1.5], abs=1e-6)


def test_tempo_changes_and_seconds():
    assert score.seconds_of(np.array([0, 2, 4]), 120).tolist() == [0, 1, 2]
    assert score.seconds_of(np.array([0, 2, 4]), [(0, 120), (2, 60)]).tolist() == [0, 1, 3]


# --- The engine


def piano(velocity=90, count=4):
    return Part(0, [Note(i, 0.9, 60 + i, velocity) for i in range(count)])


def test_velocity_and_volume_are_heard():
    loud, soft = (np.abs(score.play(piano(v), 120, 2)).max() for v in (110, 40))
    assert loud > 2 * soft > 0
    part = piano()
    part.volume = 0.5
    np.testing.assert_allclose(score.play(part, 120, 2), 0.5 * score.play(piano(), 120, 2))


def test_level_length_and_ceiling():
    audio = render([piano(count=8)], 120, 4, Mix(level_db=-18, room=0), generator(0, "a"))
    assert audio.shape == (4 * 22050,)
    assert audio.dtype == np.float32
    assert 20 * np.log10(np.sqrt(np.mean(audio**2))) == pytest.approx(-18, abs=0.5)
    hot = render([piano(count=8)], 120, 4, Mix(level_db=-3), generator(0, "a"))
    assert 0.8 < np.abs(hot).max() < 1


def test_tone_and_room_do_what_they_say():
    def centroid(mix):
        audio = render([piano(count=8)], 120, 4, mix, generator(0, "a"))
        return librosa.feature.spectral_centroid(y=audio, sr=22050).mean()

    assert centroid(Mix(high_shelf_db=12)) > centroid(Mix()) > centroid(Mix(high_shelf_db=-12, cutoff_hz=3000))
    dry, wet = (render([piano(count=1)], 120, 3, Mix(room=r, room_seconds=2, noise_db=-120), generator(0, "a"))
                for r in (0, 1))  # fmt: skip
    tail = slice(int(1.2 * 22050), None)
    assert np.mean(wet[tail] ** 2) > 10 * np.mean(dry[tail] ** 2)


# --- The genres


def test_the_table_of_tracks():
    table = pd.DataFrame(genres.tracks())
    assert table.track.is_unique
    assert table.title.is_unique
    assert (table.groupby("label").track.count() == 20).all()
    assert len(table.label.unique()) == 10
    assert (table.groupby("label").artist.nunique() == 14).all()
    assert (table.groupby("artist").label.nunique() == 1).all()
    assert set(table.groupby("artist").track.count()) == {1, 2}


def test_a_track_is_the_same_whatever_else_is_composed():
    spec = track("rock", 3)
    first = genres.compose(spec, 0, seconds=4)
    genres.compose(track("jazz"), 0, seconds=4)
    np.testing.assert_array_equal(first, genres.compose(spec, 0, seconds=4))
    assert not np.array_equal(first, genres.compose(spec, 1, seconds=4))


@pytest.mark.parametrize("label", sorted(genres.STYLES))
def test_every_genre_sounds(label):
    audio = genres.compose(track(label, 4), 0, seconds=6)
    assert np.isfinite(audio).all()
    assert np.abs(audio).max() < 1
    assert -35 < 20 * np.log10(np.sqrt(np.mean(audio**2))) < -8


def tempo_of(audio):
    onsets = librosa.onset.onset_strength(y=audio, sr=22050)
    return float(librosa.feature.tempo(onset_envelope=onsets, sr=22050, start_bpm=118)[0])


def test_disco_beats_at_a_disco_tempo():
    tempi = [tempo_of(genres.compose(track("disco", n), 0, seconds=12)) for n in (0, 6, 12)]
    assert sum(102 <= tempo <= 134 for tempo in tempi) >= 2, tempi


def test_classical_has_no_drums_and_disco_has():
    def percussive(label):
        shares = []
        for n in (0, 7, 14):
            harmonic, drums = librosa.effects.hpss(genres.compose(track(label, n), 0, seconds=4))
            shares.append(np.sum(drums**2) / np.sum(drums**2 + harmonic**2))
        return np.mean(shares)

    assert percussive("disco") > 2 * percussive("classical")


# --- Files


def test_layout_table_and_format(handful, tmp_path):
    folder = composer.render("genre", tmp_path / "genre", jobs=1)
    assert folder == tmp_path / "genre"
    table = pd.read_csv(folder / "gtzan_tracks.csv", keep_default_na=False)
    assert list(table) == list(pd.read_csv(FACTS / "gtzan_tracks.csv", nrows=1))
    assert list(table.track) == [spec.track for spec in handful]
    for spec in handful:
        info = soundfile.info(folder / "genres" / spec.label / f"{spec.track}.wav")
        assert (info.samplerate, info.channels, info.subtype, info.frames) == (22050, 1, "PCM_16", 661500)
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


def test_same_seed_same_bytes_other_seed_others(handful, tmp_path):
    first = digests(composer.render("genre", tmp_path / "a", jobs=1))
    assert first == digests(composer.render("genre", tmp_path / "b", jobs=2))
    other = digests(composer.render("genre", tmp_path / "c", seed=1, jobs=2))
    assert not {d for f, d in first.items() if f.suffix == ".wav"} & set(other.values())


def test_complete_corpus_is_reused_and_a_damaged_one_mended(handful, tmp_path):
    folder = composer.render("genre", tmp_path / "genre", jobs=1)
    before = digests(folder)
    wav = folder / "genres/disco/disco.00000.wav"
    stamp = wav.stat().st_mtime_ns
    composer.render("genre", tmp_path / "genre", jobs=1)
    assert wav.stat().st_mtime_ns == stamp
    wav.write_bytes(wav.read_bytes()[:1000])  # as if the copying had stopped half-way
    composer.render("genre", tmp_path / "genre", jobs=1)
    assert digests(folder) == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["genre"]


def test_the_projects_own_folder_is_mended_without_its_marker_too(handful, tmp_path, monkeypatch):
    monkeypatch.setenv("MERCORE_DATA", str(tmp_path))
    folder = composer.render("genre", jobs=1)
    before = digests(folder)
    (folder / composer.MARKER).unlink()
    (folder / "gtzan_tracks.csv").unlink()
    assert composer.render("genre", jobs=1) == folder
    assert digests(folder) == before
    assert sorted(p.name for p in folder.parent.iterdir()) == ["genre"]


def test_files_of_others_are_never_removed(handful, tmp_path):
    (tmp_path / "mine.txt").write_text("keep me")
    with pytest.raises(UserError, match="holds files that were not composed here"):
        composer.render("genre", tmp_path, jobs=1)
    assert (tmp_path / "mine.txt").exists()


def test_what_a_killed_rendering_left_is_ignored_and_later_removed(handful, tmp_path):
    old, young = tmp_path / ".genre-killed", tmp_path / ".genre-running"
    for left in (old, young):
        (left / "genres").mkdir(parents=True)
    os.utime(old, (0, 0))
    folder = composer.render("genre", tmp_path / "genre", jobs=1)
    assert composer.is_whole(folder, 0)
    assert young.exists()
    assert not old.exists()


def test_another_source_makes_it_stale(handful, tmp_path, monkeypatch):
    folder = composer.render("genre", tmp_path / "genre", jobs=1)
    assert composer.is_whole(folder, 0)
    assert not composer.is_whole(folder, 1)
    monkeypatch.setattr(composer, "sources", lambda: "other")
    assert not composer.is_whole(folder, 0)


def test_a_folder_that_cannot_be_written(handful, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="can't be written"):
        composer.render("genre", tmp_path / "file" / "below", jobs=1)
    with pytest.raises(UserError, match="genre and mood"):
        composer.render("tempo", tmp_path)
    assert not list(tmp_path.glob(".*"))
