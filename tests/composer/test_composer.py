import hashlib
import os
from importlib.metadata import entry_points

import librosa
import numpy as np
import pandas as pd
import pytest
import soundfile

from mercore import FACTS, UserError, composer, data_dir
from mercore.composer import corpus, genres, patterns, synth
from mercore.composer.corpus import compose_track
from mercore.composer.patterns import build_chord, parse_steps, swing, write_drums
from mercore.composer.synth import Mix, Note, Part, generator, render


@pytest.fixture
def two_tracks(monkeypatch, own_folders):
    """Only the first track of two genres, composed below a temporary folder."""
    few = [track for track in genres.list_tracks() if track.track in ("disco.00000", "classical.00000")]
    monkeypatch.setattr(genres, "list_tracks", lambda seed: few)
    return few


def digests(folder):
    files = [f for f in sorted(folder.rglob("*.*")) if f.suffix in (".wav", ".csv")]
    return {f.relative_to(folder): hashlib.sha1(f.read_bytes()).hexdigest() for f in files}


def track(label, nth=0):
    return [track for track in genres.list_tracks() if track.label == label][nth]


# --- Theory and patterns


def test_chords_by_roman_numeral():
    assert build_chord("I", 60) == [60, 64, 67]
    assert build_chord("vi", 60) == [69, 72, 76]
    assert build_chord("ii7", 60) == [62, 65, 69, 72]
    assert build_chord("V7", 60) == [67, 71, 74, 77]
    assert build_chord("bVII", 60) == [70, 74, 77]
    assert build_chord("iim7b5", 60) == [62, 65, 68, 72]
    assert build_chord("#ivo7", 60) == [66, 69, 72, 75]
    assert build_chord("i5", 60) == [60, 67]
    with pytest.raises(ValueError, match="no chord"):
        build_chord("H7", 60)


def test_every_progression_of_the_genres_is_readable():
    for style in genres.STYLES.values():
        for numerals in style.progressions.split(", "):
            assert len(patterns.build_progression(numerals, 48)) >= 2


def test_patterns_are_read_as_written():
    assert parse_steps("x.X...o.") == [(0.0, 96), (0.5, 118), (1.5, 66)]
    notes = write_drums("kick x...x... snare ....X...", start=4)
    assert sorted((n.start, n.pitch) for n in notes) == [(4.0, 36), (5.0, 36), (5.0, 38)]


def test_swing_moves_only_the_offbeats():
    notes = [Note(i / 2, 0.4, 60) for i in range(4)]
    assert [n.start for n in swing(notes, 2.0)] == pytest.approx([0, 2 / 3, 1, 5 / 3], abs=1e-6)
    assert [n.start for n in swing(notes, 1.0)] == pytest.approx([0, 0.5, 1, 1.5], abs=1e-6)


def test_tempo_changes_and_seconds():
    assert synth.beats_to_seconds(np.array([0, 2, 4]), 120).tolist() == [0, 1, 2]
    assert synth.beats_to_seconds(np.array([0, 2, 4]), [(0, 120), (2, 60)]).tolist() == [0, 1, 3]


# --- The engine


def piano(velocity=90, count=4):
    return Part(0, [Note(i, 0.9, 60 + i, velocity) for i in range(count)])


def test_velocity_and_volume_change_the_amplitude():
    loud, soft = (np.abs(synth.play(piano(v), 120, 2)).max() for v in (110, 40))
    assert loud > 2 * soft > 0
    part = piano()
    part.volume = 0.5
    np.testing.assert_allclose(synth.play(part, 120, 2), 0.5 * synth.play(piano(), 120, 2))


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
    table = pd.DataFrame(genres.list_tracks())
    assert table.track.is_unique
    assert table.title.is_unique
    assert (table.groupby("label").track.count() == 20).all()
    assert len(table.label.unique()) == 10
    assert (table.groupby("label").artist.nunique() == 14).all()
    assert (table.groupby("artist").label.nunique() == 1).all()
    assert set(table.groupby("artist").track.count()) == {1, 2}


def test_a_track_is_the_same_whatever_else_is_composed():
    rock = track("rock", 3)
    first = compose_track(rock, 0, seconds=4)
    compose_track(track("jazz"), 0, seconds=4)
    np.testing.assert_array_equal(first, compose_track(rock, 0, seconds=4))
    assert not np.array_equal(first, compose_track(rock, 1, seconds=4))


@pytest.mark.parametrize("label", sorted(genres.STYLES))
def test_every_genre_sounds(label):
    audio = compose_track(track(label, 4), 0, seconds=6)
    assert np.isfinite(audio).all()
    assert np.abs(audio).max() < 1
    assert -35 < 20 * np.log10(np.sqrt(np.mean(audio**2))) < -8


def tempo_of(audio):
    onsets = librosa.onset.onset_strength(y=audio, sr=22050)
    return float(librosa.feature.tempo(onset_envelope=onsets, sr=22050, start_bpm=118)[0])


def test_disco_beats_at_a_disco_tempo():
    tempi = [tempo_of(compose_track(track("disco", n), 0, seconds=12)) for n in (0, 6, 12)]
    assert sum(102 <= tempo <= 134 for tempo in tempi) >= 2, tempi


def test_classical_has_no_drums_and_disco_has():
    def percussive(label):
        shares = []
        for n in (0, 7, 14):
            harmonic, drums = librosa.effects.hpss(compose_track(track(label, n), 0, seconds=4))
            shares.append(np.sum(drums**2) / np.sum(drums**2 + harmonic**2))
        return np.mean(shares)

    assert percussive("disco") > 2 * percussive("classical")


# --- Files


def test_layout_table_and_format(two_tracks):
    folder = composer.render("genre", jobs=1)
    assert folder == data_dir() / "embedded" / "seed0" / "genre"
    table = pd.read_csv(folder / "gtzan_tracks.csv", keep_default_na=False)
    assert list(table) == list(pd.read_csv(FACTS / "gtzan_tracks.csv", nrows=1))
    assert list(table.track) == [track.track for track in two_tracks]
    for track in two_tracks:
        info = soundfile.info(folder / "genres" / track.label / f"{track.track}.wav")
        assert (info.samplerate, info.channels, info.subtype, info.frames) == (22050, 1, "PCM_16", 661500)
    assert [path.name for path in folder.parent.iterdir()] == ["genre"]


def test_same_seed_same_bytes_other_seed_others(two_tracks, monkeypatch, tmp_path):
    first = digests(composer.render("genre", jobs=1))
    other = digests(composer.render("genre", seed=1, jobs=2))
    assert not {d for f, d in first.items() if f.suffix == ".wav"} & set(other.values())
    monkeypatch.setenv("MERCORE_DATA", str(tmp_path / "elsewhere"))
    assert first == digests(composer.render("genre", jobs=2))


def test_a_whole_corpus_is_reused_and_a_damaged_one_composed_again(two_tracks):
    folder = composer.render("genre", jobs=1)
    before = digests(folder)
    wav = folder / "genres/disco/disco.00000.wav"
    stamp = wav.stat().st_mtime_ns
    composer.render("genre", jobs=1)
    assert wav.stat().st_mtime_ns == stamp
    wav.write_bytes(wav.read_bytes()[:1000])  # as if copying had stopped half-way
    composer.render("genre", jobs=1)
    assert digests(folder) == before
    (folder / corpus.MARKER).unlink()
    (folder / "gtzan_tracks.csv").unlink()
    assert composer.render("genre", jobs=1) == folder
    assert digests(folder) == before
    assert [path.name for path in folder.parent.iterdir()] == ["genre"]


def test_what_a_killed_process_left_is_ignored_and_later_removed(two_tracks):
    parent = data_dir() / "embedded" / "seed0"
    old, young = parent / ".genre-killed", parent / ".genre-running"
    for left in (old, young):
        (left / "genres").mkdir(parents=True)
    os.utime(old, (0, 0))
    assert corpus.is_whole(composer.render("genre", jobs=1), 0)
    assert young.exists()
    assert not old.exists()


def test_a_process_that_was_slower_keeps_what_another_put_in_place(two_tracks, monkeypatch):
    render_track, stamps = corpus._render_track, []

    def slower(track, seed, folder):
        if not stamps:  # another process begins and ends meanwhile
            stamps.append(0)
            stamps[0] = (composer.render("genre", jobs=1) / corpus.MARKER).stat().st_mtime_ns
        render_track(track, seed, folder)

    monkeypatch.setattr(corpus, "_render_track", slower)
    folder = composer.render("genre", jobs=1)
    assert (folder / corpus.MARKER).stat().st_mtime_ns == stamps[0]
    assert [path.name for path in folder.parent.iterdir()] == ["genre"]


def test_another_seed_or_changed_code_makes_it_stale(two_tracks, monkeypatch):
    folder = composer.render("genre", jobs=1)
    assert corpus.is_whole(folder, 0)
    assert not corpus.is_whole(folder, 1)
    monkeypatch.setattr(corpus, "source_digest", lambda: "other")
    assert not corpus.is_whole(folder, 0)


def test_the_digest_of_the_code_ignores_docstrings_and_comments(tmp_path):
    def digest(folder, text):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.py").write_text(text)
        return corpus.source_digest(tmp_path / folder)

    plain = digest("plain", "def f():\n    return 1\n")
    assert digest("commented", '"""Words."""\n\ndef f():\n    """Return."""\n    return 1  # one\n') == plain
    assert digest("changed", "def f():\n    return 2\n") != plain


def test_a_folder_that_cannot_be_written(two_tracks, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("MERCORE_DATA", str(tmp_path / "file"))
    with pytest.raises(UserError, match="can't be written"):
        composer.render("genre", jobs=1)
    with pytest.raises(UserError, match="genre and mood"):
        composer.render("tempo")
    assert not list(tmp_path.glob(".*"))


def test_the_core_finds_the_composer_by_entry_points():
    for group, name, function in (
        ("mercore.corpora", "embedded", composer.render),
        ("mercore.songs", "composed", composer.render_songs),
    ):
        assert entry_points(group=group)[name].load() is function
