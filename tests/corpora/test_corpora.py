"""The three layouts open to one table; bad and contradictory tracks are left out by name, never silently."""

import os
import shutil
import zlib
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import soundfile as sf

from mercore import FACTS, UserError
from mercore.corpora import embedded, four_quadrant, gtzan, open_corpus, splits, subset, summarise
from mercore.corpora._folders import AudioFolder
from mercore.corpora.corpus import detect

RATE = 8000
COLUMNS = {"path", "label", "artist", "title", "duration", "sample_rate", "channels", "split", "same_as"}
COLUMNS |= {"tags", "note", "fault", "digest"}
LAYOUTS = [("genres", "wav"), ("genres_original", "wav"), ("genres", "au"), ("", "wav")]
pytestmark = pytest.mark.usefixtures("own_folders")


def write(path, seed=None, seconds=3.2, rate=RATE, channels=1):
    """A little noise, another one for each path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(zlib.crc32(str(path).encode()) if seed is None else seed)
    sf.write(path, rng.uniform(-0.5, 0.5, (round(seconds * rate), channels)), rate)
    return path


def small_gtzan(root, numbers=(0, 1, 2), base="genres", suffix="wav", genres=("blues", "jazz")):
    for genre in genres:
        for number in numbers:
            write(root / base / genre / f"{genre}.{number:05}.{suffix}")
    return root


def small_4q(root, where="{quadrant}/{song}.wav", songs=("MT0000004637", "MT0000011357", "MT0000040632")):
    quadrants = ["Q1", "Q2", "Q3"]
    for song, quadrant in zip(songs, quadrants, strict=True):
        write(root / where.format(song=song, quadrant=quadrant))
    table = pd.DataFrame({"Song": songs, "Quadrant": quadrants})
    table.to_csv(root / four_quadrant.ANNOTATIONS, index=False)
    about = table.assign(Artist=["Ann", "Bé", ""], Title=["x", "y", "z"], GenresStr=["Rap", "Jazz; Vocal", ""])
    about.to_csv(root / four_quadrant.METADATA, index=False)
    return root


# GTZAN


@pytest.mark.parametrize(("base", "suffix"), LAYOUTS)
def test_gtzan_opens_in_each_layout(tmp_path, base, suffix):
    corpus = open_corpus(small_gtzan(tmp_path / "g", base=base, suffix=suffix))
    assert set(corpus.tracks.columns) == COLUMNS
    assert list(corpus.usable.index) == [f"{genre}.{n:05}" for genre in ("blues", "jazz") for n in range(3)]
    assert (corpus.task, corpus.classes) == ("genre", ("blues", "jazz"))
    assert corpus.usable.artist["blues.00000"] == "John Lee Hooker"
    assert corpus.usable.split["blues.00000"] == "validation"
    assert (corpus.name, corpus.kind) == ("GTZAN-mini (6 of 100 tracks)", "gtzan")
    assert "No usable track in the class rock." in corpus.notes


def test_gtzan_in_one_folder_as_unpacked(tmp_path):
    small_gtzan(tmp_path / "g" / "gtzan_mini-main")
    assert detect(AudioFolder(tmp_path / "g"))[0].kind == "gtzan"
    assert len(open_corpus(tmp_path / "g").usable) == 6


def test_gtzan_mini_and_gtzan_are_told_apart(tmp_path):
    for track in gtzan.MINI:
        path = tmp_path / "genres" / track.partition(".")[0] / f"{track}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    corpus = open_corpus(tmp_path)
    assert (corpus.name, len(corpus.faulty)) == ("GTZAN-mini", 100)
    assert any("no basis for a claim" in note for note in corpus.notes)
    write(tmp_path / "genres" / "rock" / "rock.00099.wav")
    assert open_corpus(tmp_path).name == "GTZAN (101 of 1000 tracks)"


def test_missing_tracks_are_named_when_most_are_there(tmp_path):
    """999 of 1,000: names only, the files are empty, for what is asked is what isn't there."""
    names = pd.read_csv(FACTS / "gtzan_tracks.csv").track
    for track in names.drop(index=554):
        path = tmp_path / "genres" / track.partition(".")[0] / f"{track}.au"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    corpus = open_corpus(tmp_path)
    assert corpus.name == "GTZAN (999 of 1000 tracks)"
    assert len(corpus.tracks) == 1000
    assert corpus.faulty.fault[names[554]].startswith("missing")
    assert (corpus.faulty.fault.str.startswith("missing")).sum() == 1
    assert (corpus.tracks.split == "train").sum() == 443
    assert (corpus.tracks.split == "validation").sum() == 197
    assert (corpus.tracks.split == "test").sum() == 290


def test_known_copies_stay_and_point_to_the_first(tmp_path):
    a = write(tmp_path / "genres" / "metal" / "metal.00058.wav", seed=1)
    (tmp_path / "genres" / "rock").mkdir()
    shutil.copy(a, tmp_path / "genres" / "rock" / "rock.00016.wav")  # the table calls it a replica
    shutil.copy(a, tmp_path / "genres" / "rock" / "rock.00001.wav")  # this one it doesn't know
    corpus = open_corpus(tmp_path)
    assert "the same file as metal.00058 (there labelled metal)" in corpus.faulty.fault["rock.00001"]
    assert corpus.usable.same_as.to_dict() == {"metal.00058": "", "rock.00016": "metal.00058"}
    assert "same excerpt as metal.00058" in corpus.usable.note["rock.00016"]


def test_every_family_of_copies_has_one_first(tmp_path):
    facts = gtzan._read_facts(FACTS / "gtzan_tracks.csv")
    families = gtzan._duplicate_groups(facts)
    assert all(families[first] == first for first in families.values())
    assert families["pop.00060"] == families["pop.00054"] == families["pop.00052"]
    for column in ("exact_replica_of", "same_recording_as"):
        linked = facts[column][facts[column] != ""]
        assert all(families[track] == families[other] for track, other in linked.items())


def test_own_table_beside_the_genres_is_not_gtzan(tmp_path):
    small_gtzan(tmp_path / "own")
    facts = pd.read_csv(FACTS / "gtzan_tracks.csv", keep_default_na=False).query("genre in ('blues', 'jazz')")
    facts.assign(artist="The Sequencers").to_csv(tmp_path / "own" / "gtzan_tracks.csv", index=False)
    corpus = open_corpus(tmp_path / "own")
    assert (corpus.name, corpus.kind) == ("own", "own")
    assert set(corpus.usable.artist) == {"The Sequencers"}
    assert "not GTZAN" in summarise(corpus)
    assert "Tzanetakis" not in corpus.citation


def test_a_folder_of_ones_own_is_not_taken_for_gtzan_by_its_name(tmp_path):
    text = "path,label,split\none.wav,a,train\nsub/two.wav,b,train\ndrei äöü.wav,b,test\n"
    corpus = open_corpus(listed(tmp_path / "GTZAN remade", text), "genre")
    assert (corpus.name, corpus.kind) == ("GTZAN remade", "own")
    rows = corpus.usable.reset_index()
    assert [splits.make(corpus, rows, name).protocol for name in ("auto", "fault_filtered")] == ["given", "given"]


def test_wrongly_placed_track_is_named(tmp_path):
    small_gtzan(tmp_path)
    write(tmp_path / "genres" / "jazz" / "blues.00050.wav")
    assert "not named jazz.NNNNN" in open_corpus(tmp_path).faulty.fault["blues.00050"]


def test_same_track_as_wav_and_au_collides_openly(tmp_path):
    small_gtzan(tmp_path)
    write(tmp_path / "genres" / "jazz" / "jazz.00000.au")
    corpus = open_corpus(tmp_path)
    assert corpus.tracks.index.is_unique
    assert {name for name in corpus.tracks.index if "jazz.00000" in name} == {
        "jazz.00000.wav",
        "jazz.00000.au",
    }


# 4Q


@pytest.mark.parametrize("where", ["{quadrant}/{song}.wav", "audios/{song}.wav", "{song}.wav", "audios/{song}.flac"])
def test_4q_opens_in_each_layout(tmp_path, where):
    corpus = open_corpus(small_4q(tmp_path / "q", where))
    assert set(corpus.tracks.columns) == COLUMNS
    assert corpus.usable.label.to_dict() == {"MT0000004637": "Q1", "MT0000011357": "Q2", "MT0000040632": "Q3"}
    assert corpus.usable.artist.tolist() == ["Ann", "Bé", ""]
    assert corpus.usable.tags.tolist() == ["Rap", "Jazz; Vocal", ""]
    assert (corpus.name, corpus.task, corpus.kind) == ("4Q (3 of 900 tracks)", "mood", "4q")


def test_4q_given_by_its_folder_of_audio(tmp_path):
    root = small_4q(tmp_path / "q", "audios/{song}.wav")
    assert detect(AudioFolder(root / "audios"))[0].kind == "4q"
    assert open_corpus(root / "audios").fingerprint == open_corpus(root).fingerprint


def test_4q_folders_without_csv(tmp_path):
    root = small_4q(tmp_path / "q")
    for file in root.glob("*.csv"):
        file.unlink()
    corpus = open_corpus(root, "mood")
    assert len(corpus.usable) == 3
    assert not corpus.has_artists
    assert "Artists: none is known" in summarise(corpus)


def test_csv_and_folder_that_disagree_are_named_and_left_out(tmp_path):
    root = small_4q(tmp_path / "q")
    (root / "Q4").mkdir()
    (root / "Q1" / "MT0000004637.wav").rename(root / "Q4" / "MT0000004637.wav")
    corpus = open_corpus(root)
    assert corpus.faulty.fault.to_dict() == {"MT0000004637": "its folder says Q4, the csv says Q1"}
    assert corpus.classes == ("Q2", "Q3")


def test_two_csv_files_that_disagree_are_named(tmp_path):
    root = small_4q(tmp_path / "q", "audios/{song}.wav")
    about = pd.read_csv(root / four_quadrant.METADATA)
    about.loc[1, "Quadrant"] = "Q4"
    about.to_csv(root / four_quadrant.METADATA, index=False)
    fault = open_corpus(root).faulty.fault
    assert list(fault.index) == ["MT0000011357"]
    assert "Q2 and Q4" in fault.iloc[0]


def test_listed_but_missing_and_there_but_unlisted(tmp_path):
    root = small_4q(tmp_path / "q", "audios/{song}.wav")
    (root / "audios" / "MT0000011357.wav").unlink()
    write(root / "audios" / "MT0000099999.wav")
    fault = open_corpus(root).faulty.fault
    assert fault["MT0000011357"].startswith("missing")
    assert fault["MT0000099999"].startswith("no quadrant")


def test_unlisted_track_in_a_quadrant_folder_is_used_and_noted(tmp_path):
    root = small_4q(tmp_path / "q")
    write(root / "Q4" / "MT0000099999.wav")
    corpus = open_corpus(root)
    assert corpus.usable.label["MT0000099999"] == "Q4"
    assert "quadrant taken from its folder" in corpus.usable.note["MT0000099999"]


def test_quadrant_that_does_not_exist(tmp_path):
    root = small_4q(tmp_path / "q", "audios/{song}.wav")
    for name in (four_quadrant.ANNOTATIONS, four_quadrant.METADATA):
        (root / name).write_text((root / name).read_text().replace("Q2", "Q5"))
    corpus = open_corpus(root)
    assert "must be Q1, Q2, Q3 or Q4" in corpus.faulty.fault["MT0000011357"]
    assert corpus.classes == ("Q1", "Q3")


def test_csv_without_its_columns(tmp_path):
    root = small_4q(tmp_path / "q", "audios/{song}.wav")
    (root / four_quadrant.ANNOTATIONS).write_text("Name,Mood\nMT0000004637,Q1\n")
    with pytest.raises(UserError, match=r"annotations\.csv: missing columns: Song, Quadrant \(found: Name, Mood\)"):
        open_corpus(root)


def test_songs_that_are_not_4qs_are_not_called_4q(tmp_path):
    corpus = open_corpus(small_4q(tmp_path / "mine", songs=("MT0000000001", "MT0000000002", "MT0000000003")))
    assert (corpus.name, corpus.kind) == ("mine", "own")
    assert "not its songs" in summarise(corpus)


# one's own folder


def test_folder_of_folders(tmp_path):
    root = tmp_path / "Meine Musik – été"
    write(root / "Blues & Söhne" / "Ich, du & er.wav")
    write(root / "Blues & Söhne" / "Album 1" / "01 été.flac", rate=96000)
    write(root / "rock" / "Ich, du & er.wav", channels=6)
    write(root / "rock" / "rock.00001.aiff", rate=44100, channels=2)
    write(root / "rock" / "._rock.00001.wav")
    corpus = open_corpus(root)
    assert list(corpus.usable.index) == [
        "Blues & Söhne.Album 1.01 été",
        "Blues & Söhne.Ich, du & er",
        "rock.00001",
        "rock.Ich, du & er",
    ]
    assert corpus.classes == ("Blues & Söhne", "rock")
    assert (corpus.name, corpus.task) == ("Meine Musik – été", "label")
    assert all(os.path.isabs(path) and os.path.isfile(path) for path in corpus.usable.path)


def test_bad_files_are_left_out_by_name(tmp_path):
    good = write(tmp_path / "c" / "a" / "good.wav", seed=1)
    write(tmp_path / "c" / "b" / "good.wav", seed=2)
    write(tmp_path / "c" / "b" / "better.wav", seed=3)
    (tmp_path / "c" / "a" / "empty.wav").write_bytes(b"")
    (tmp_path / "c" / "a" / "letter.wav").write_text("Dear reader,\n")
    (tmp_path / "c" / "b" / "half.wav").write_bytes(good.read_bytes()[:20_000])
    write(tmp_path / "c" / "b" / "short.wav", seconds=1)
    sf.write(tmp_path / "c" / "b" / "silent.wav", np.zeros(4 * RATE), RATE)
    shutil.copy(good, tmp_path / "c" / "b" / "copy.wav")
    sf.write(tmp_path / "c" / "b" / "sound.flac", sf.read(good, dtype="int16")[0], RATE)
    (tmp_path / "c" / "a" / "gone.wav").symlink_to(tmp_path / "nowhere.wav")
    corpus = open_corpus(tmp_path / "c", "genre")
    assert list(corpus.usable.index) == ["a.good", "b.better", "b.good"]
    begins = {track: fault.split(":")[0].split(" (")[0] for track, fault in corpus.faulty.fault.items()}
    assert begins == {
        "a.empty": "empty file",
        "a.gone": "missing",
        "a.letter": "a text file, not audio",
        "b.copy": "duplicate",
        "b.half": "truncated",
        "b.short": "too short",
        "b.silent": "silent",
        "b.sound": "duplicate",
    }
    assert "the same sound as a.good (there labelled a)" in corpus.faulty.fault["b.sound"]
    assert "Only one track in the class a: it can't be tested." in corpus.notes
    text = summarise(corpus)
    assert "3 usable tracks of 11" in text
    assert all(track in text for track in corpus.faulty.index)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda root: None, "there is no such folder"),
        (lambda root: root.mkdir(), "is empty"),
        (lambda root: root.write_text("x"), "is a file; give the folder"),
        (lambda root: write(root / "a.wav"), "audio, but no classes: put each class into a sub-folder"),
        (lambda root: (root / "pictures").mkdir(parents=True), "contains no audio"),
        (lambda root: (write(root / "a" / "x.wav"), write(root / "a" / "y.wav")), "only the class a has"),
        (lambda root: write(root / "a" / "x.wav", seconds=1), r"no track is usable.*a\.x: too short"),
    ],
)
def test_folder_that_cannot_be_learnt_is_one_clear_line(tmp_path, make, words):
    root = tmp_path / "c"
    make(root)
    with pytest.raises(UserError, match=words) as caught:
        open_corpus(root, "genre")
    assert "\n" not in str(caught.value)
    assert str(root) in str(caught.value)


def test_check_reports_what_cannot_be_learnt(tmp_path):
    write(tmp_path / "c" / "a" / "x.wav", seconds=1)
    text = summarise(open_corpus(tmp_path / "c"))
    assert "No usable track." in text
    assert "too short" in text


def test_a_class_whose_folder_cannot_be_opened_is_not_passed_over(tmp_path, monkeypatch):
    """Permissions are no obstacle to the user that tests may run as, so the system's refusal is played."""
    for name in "abc":
        write(tmp_path / "music" / name / "x.wav")
    scandir, shut = os.scandir, str(tmp_path / "music" / "b")

    def refuse(path):
        if os.fspath(path) == shut:
            raise PermissionError(13, "Permission denied", shut)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(UserError, match="music/b: this folder can't be opened"):
        open_corpus(tmp_path / "music")


def test_loose_files_and_empty_folders_are_noted(tmp_path):
    write(tmp_path / "c" / "a" / "x.wav")
    write(tmp_path / "c" / "b" / "x.wav")
    write(tmp_path / "c" / "loose.wav")
    (tmp_path / "c" / "scores").mkdir()
    notes = " ".join(open_corpus(tmp_path / "c").notes)
    assert "loose.wav" in notes
    assert "the sub-folder scores: it contains no audio" in notes


def test_colliding_names_get_stable_ids(tmp_path):
    write(tmp_path / "c" / "a" / "x.y.wav")
    write(tmp_path / "c" / "a" / "x" / "y.wav")
    write(tmp_path / "c" / "a" / "x.y.flac")
    write(tmp_path / "c" / "b" / "z.wav")
    before = open_corpus(tmp_path / "c").tracks
    assert before.index.is_unique
    assert not before.index.str.contains(r"[/\\]").any()
    write(tmp_path / "c" / "b" / "another.wav")
    assert set(before.index) <= set(open_corpus(tmp_path / "c").tracks.index)


def listed(root, text, encoding="utf-8"):
    for name in ("one.wav", "sub/two.wav", "drei äöü.wav"):
        write(root / name)
    (root / "tracks.csv").write_text(text, encoding=encoding)
    return root


def test_tracks_csv(tmp_path):
    text = (
        "path,label,artist,title,split,era\n"
        "one.wav,a,Ann,Song,train,old\nsub\\two.wav,b,,,Valid,new\ndrei äöü.wav,b,NA,,test,new\ngone.wav,a,,,,old\n"
    )
    corpus = open_corpus(listed(tmp_path / "c", text), "mood")
    assert corpus.task == "mood"
    assert corpus.usable.label.to_dict() == {"one": "a", "drei äöü": "b", "sub.two": "b"}
    assert corpus.usable.split.to_dict() == {"one": "train", "drei äöü": "test", "sub.two": "validation"}
    assert corpus.usable.artist.to_dict() == {"one": "Ann", "drei äöü": "NA", "sub.two": ""}
    assert corpus.faulty.fault.to_dict() == {"gone": "missing: there is no such file"}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252"])
def test_tracks_csv_from_an_office_program(tmp_path, encoding):
    root = listed(tmp_path / "c", "path;label\none.wav;a\ndrei äöü.wav;b\n", encoding)
    assert open_corpus(root).usable.label.tolist() == ["a", "b"]


def test_tracks_csv_line_faults(tmp_path):
    root = listed(tmp_path / "c", "path,label\none.wav,a\none.wav,b\nsub/two.wav,\ndrei äöü.wav,b\n")
    faults = open_corpus(root).faulty.fault.tolist()
    assert any("listed twice in tracks.csv, lines 2 and 3" in fault for fault in faults)
    assert any("line 4 of tracks.csv gives no label" in fault for fault in faults)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("file,label\none.wav,a\n", r"missing columns: path \(found: file, label\)"),
        ("path,label\n", "lists no track"),
        ("", "can't be read as a csv table"),
        ("path,label,split\none.wav,a,train\nsub/two.wav,b,later\n", "line 3: split 'later' must be train"),
    ],
)
def test_tracks_csv_mistakes_are_one_clear_line(tmp_path, text, words):
    with pytest.raises(UserError, match=words) as caught:
        open_corpus(listed(tmp_path / "c", text))
    assert "tracks.csv" in str(caught.value)
    assert "\n" not in str(caught.value).strip()


# opening, subsets, fingerprints


def test_a_corpus_of_the_other_task_is_refused(tmp_path):
    small_gtzan(tmp_path / "g")
    small_4q(tmp_path / "q")
    with pytest.raises(UserError, match=r"as GENRE, 4Q has to bring two genres of 20 tracks in .*; give it as MOOD"):
        open_corpus(tmp_path / "q", "genre")
    with pytest.raises(UserError, match="layout of GTZAN, a genre corpus, but was given as MOOD"):
        open_corpus(tmp_path / "g", "mood")
    with pytest.raises(UserError, match="no folder given"):
        open_corpus(" ", "mood")


def test_4q_is_a_genre_corpus_by_its_single_tags(tmp_path, monkeypatch):
    small_4q(tmp_path)
    monkeypatch.setattr(four_quadrant, "MIN_TRACKS_PER_TAG", 1)
    mood = open_corpus(tmp_path)
    tags = ["Jazz", "R&B", "Jazz; R&B", ""]
    about = pd.read_csv(tmp_path / four_quadrant.METADATA)
    about["GenresStr"] = [tags[n % 4] for n in range(len(about))]
    about.to_csv(tmp_path / four_quadrant.METADATA, index=False)
    corpus = open_corpus(tmp_path, "genre")
    assert corpus.task == "genre"
    assert corpus.classes == ("Jazz", "R&B")
    assert corpus.name.endswith("genre tags")
    expected = dict(zip(about["Song"], about["GenresStr"], strict=True))
    assert dict(corpus.usable["label"]) == {
        song: tag for song, tag in expected.items() if tag in corpus.classes and song in mood.usable.index
    }
    assert f"{len(mood.tracks) - len(corpus.tracks)} tracks with several" in corpus.notes[0]


def test_a_gtzan_with_a_class_of_ones_own_is_ones_own_folder(tmp_path):
    small_gtzan(tmp_path, base="")
    write(tmp_path / "ska" / "x.wav")
    corpus = open_corpus(tmp_path, "genre")
    assert (corpus.classes, corpus.task) == (("blues", "jazz", "ska"), "genre")
    assert "blues.00000" in corpus.usable.index


def test_fingerprint_follows_what_counts(tmp_path):
    root = small_4q(tmp_path / "q")
    first = open_corpus(root).fingerprint
    assert len(first) == 12
    shutil.copytree(root, tmp_path / "elsewhere")
    assert open_corpus(tmp_path / "elsewhere").fingerprint == first
    (root / "Q4").mkdir()
    (root / "Q4" / "bad.wav").write_bytes(b"")
    assert open_corpus(root).fingerprint == first
    about = (root / four_quadrant.METADATA).read_text()
    (root / four_quadrant.METADATA).write_text(about.replace("Ann", "Anna"))
    second = open_corpus(root).fingerprint
    write(root / "Q1" / "MT0000004637.wav", seed=5)
    assert len({first, second, open_corpus(root).fingerprint}) == 3


def test_subset_takes_many_artists_and_the_same_tracks_each_time(tmp_path):
    rows = ["path,label,artist"]
    for label in "ab":
        for number, artist in enumerate(["Ann", "Ann", "Ann", "Bo", "Cy", ""]):
            write(tmp_path / "c" / f"{label}{number}.wav")
            rows.append(f"{label}{number}.wav,{label},{artist}")
    (tmp_path / "c" / "tracks.csv").write_text("\n".join(rows))
    corpus = open_corpus(tmp_path / "c")
    few = subset(corpus, 3)
    assert list(few.usable.index) == ["a0", "a3", "a4", "b0", "b3", "b4"]
    assert len(subset(corpus, 5).usable) == 10
    assert subset(corpus, 99) is corpus
    assert few.fingerprint == subset(corpus, 3).fingerprint != corpus.fingerprint
    assert "6 tracks" in few.name


def test_read_only_corpus_and_no_place_for_the_cache(tmp_path, monkeypatch):
    root = small_gtzan(tmp_path / "g")
    before = sorted(root.rglob("*"))
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MERCORE_DATA", str(tmp_path / "file"))
    with pytest.warns(UserWarning, match="can't be kept"):
        corpus = open_corpus(root, "genre")
    assert len(corpus.usable) == 6
    assert sorted(root.rglob("*")) == before


def test_links_in_a_circle_end(tmp_path):
    write(tmp_path / "c" / "a" / "x.wav")
    write(tmp_path / "c" / "b" / "x.wav")
    (tmp_path / "c" / "a" / "loop").symlink_to(tmp_path / "c" / "a", target_is_directory=True)
    assert list(open_corpus(tmp_path / "c").usable.index) == ["a.x", "b.x"]


def test_real_gtzan_sample(real_sample):
    corpus = open_corpus(real_sample / "gtzan", "genre")
    assert corpus.name == "GTZAN-mini (20 of 100 tracks)"
    assert (len(corpus.usable), len(corpus.classes)) == (20, 10)
    assert set(corpus.usable.sample_rate) == {22050}
    text = summarise(corpus)
    assert "no basis for a claim" in text
    assert "can't be split by artist: blues, classical" in text


def test_real_4q_sample(real_sample):
    corpus = open_corpus(real_sample / "4q", "mood")
    assert corpus.name == "4Q (19 of 900 tracks)"
    assert (len(corpus.usable), corpus.classes) == (19, ("Q1", "Q2", "Q3", "Q4"))
    assert {16000, 22050, 32000, 44100} == set(corpus.usable.sample_rate)
    assert corpus.usable.duration.min() == pytest.approx(10.08, abs=0.05)
    assert (corpus.usable.artist != "").all()
    assert "at 16,000 Hz mono" in summarise(corpus)


def test_embedded_corpus_is_named_as_what_it_is(own_folders, monkeypatch):
    def rendered(task, seed, jobs):
        root = own_folders / "data" / "embedded" / f"seed{seed}" / task
        if task == "genre":
            return small_gtzan(root)
        return small_4q(root, songs=("MT0000000001", "MT0000000002", "MT0000000003"))

    monkeypatch.setattr(embedded, "entry_points", lambda **_: [SimpleNamespace(load=lambda: rendered)])
    for task in ("genre", "mood"):
        corpus = open_corpus("embedded", task, seed=3)
        assert (corpus.name, corpus.task, corpus.kind) == (f"embedded {task}", task, "composed")
        assert "seed3" in str(corpus.root)
        assert "not recorded" in summarise(corpus)
        assert open_corpus(corpus.root, task).name == corpus.name  # also when given by its path
    with pytest.raises(UserError, match="the tasks genre and mood, not 'label'"):
        open_corpus("embedded", "label")
