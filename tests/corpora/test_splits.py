"""Splits: nothing that belongs together on two sides, near the shares asked for, nothing leakier than said."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from mercore import FACTS, UserError
from mercore.corpora import splits
from mercore.corpora.clips import cut


@dataclass
class Tracks:
    """What `make` asks of a corpus."""

    tracks: pd.DataFrame
    kind: str = "own"
    name: str = "test"

    @property
    def usable(self):
        return self.tracks

    @property
    def classes(self):
        return tuple(sorted(set(self.tracks["label"])))

    @property
    def has_artists(self):
        return bool((self.tracks["artist"] != "").any())


def corpus_of(rows):
    """A corpus of (label, artist) or (label, artist, same_as, split) rows; tracks are t0, t1, ..."""
    rows = [(*row, "", "")[:4] for row in rows]
    table = pd.DataFrame(rows, columns=["label", "artist", "same_as", "split"]).assign(duration=30.0)
    return Tracks(table.set_index(pd.Index([f"t{i}" for i in range(len(rows))], name="track")))


def gtzan(names=None):
    """The thousand tracks of GTZAN, as the loader of corpora describes them."""
    table = pd.read_csv(FACTS / "gtzan_tracks.csv", keep_default_na=False).set_index("track")
    linked = table["exact_replica_of"].where(table["exact_replica_of"] != "", table["same_recording_as"])
    tracks = pd.DataFrame(
        {
            "label": table["genre"],
            "artist": table["artist"],
            "duration": 30.0,
            "same_as": linked.where(linked != table.index, ""),
            "split": table["fault_filtered_split"].replace("valid", "validation"),
        }
    )
    return Tracks(tracks if names is None else tracks.loc[names], "gtzan")


def random_corpus(seed):
    """Artists of all sizes, some unknown, some in several classes; copies, also of tracks that aren't there."""
    rng = np.random.default_rng(seed)
    rows = []
    for label in "abcd":
        for artist in range(rng.integers(14, 30)):
            name = f"{label}{artist}" if rng.random() < 0.85 else rng.choice(["", f"both {artist % 3}"])
            rows += [(label, name)] * rng.integers(1, 6)
    rows = [
        (*row, f"t{rng.integers(len(rows))}" if rng.random() < 0.02 else "gone" if rng.random() < 0.02 else "")
        for row in rows
    ]
    return corpus_of(rows)


def sides_of_tracks(split, clips):
    """The sides of every track, as a set."""
    return pd.Series(split.side).groupby(clips["track"].to_numpy()).agg(set)


def assert_apart(split, clips, corpus, by_artist):
    sides = sides_of_tracks(split, clips)
    assert (sides.map(len) == 1).all()
    side = sides.map(lambda one: next(iter(one)))
    tracks = corpus.tracks
    for track, other in tracks.loc[tracks["same_as"] != "", "same_as"].items():
        siblings = [other] if other in side else tracks.index[tracks["same_as"] == other]
        assert (side[siblings] == side[track]).all()
    if by_artist:
        known = tracks[tracks["artist"] != ""]
        assert (side[known.index].groupby(known["artist"]).nunique() == 1).all()
        assert (side[tracks.index[tracks["artist"] == ""]] == "train").all()


@pytest.mark.parametrize("protocol", ["track", "artist"])
def test_nothing_that_belongs_together_is_parted(protocol):
    for seed in range(10):
        corpus = random_corpus(seed)
        clips = cut(corpus.tracks, per_track=2)
        split = splits.make(corpus, clips, protocol, seed=seed)
        assert_apart(split, clips, corpus, protocol == "artist")
        assert split.protocol == protocol and not split.untestable
        assert_apart(
            splits.make(corpus, clips, protocol, seed, folds=4, fold=seed % 4), clips, corpus, protocol == "artist"
        )


@pytest.mark.parametrize("protocol", ["clip", "track", "artist"])
def test_shares_of_every_class_are_near_80_10_10(protocol):
    corpus = gtzan()
    clips = cut(corpus.tracks, per_track=1)
    for seed in range(8):
        split = splits.make(corpus, clips, protocol, seed=seed)
        shares = pd.crosstab(clips["label"], split.side) / 100
        off = {"clip": 0.001, "track": 0.021, "artist": 0.051}[protocol]
        assert (shares[["validation", "test"]] - 0.1).abs().max().max() <= off
        assert abs(shares["test"].mean() - 0.1) < 0.02 and not split.untestable


def test_the_same_seed_gives_the_same_split_and_another_another():
    corpus = gtzan()
    clips = cut(corpus.tracks, per_track=1)
    for protocol in ("clip", "track", "artist"):
        tests = [splits.make(corpus, clips, protocol, seed=seed).test.tolist() for seed in (5, 5, 6)]
        assert tests[0] == tests[1] != tests[2]
        tests = [splits.make(corpus, clips, protocol, seed, folds=5, fold=0).test.tolist() for seed in (5, 5, 6)]
        assert tests[0] == tests[1] != tests[2]


@pytest.mark.parametrize("protocol", ["clip", "track", "artist"])
def test_folds_test_everything_once(protocol):
    corpus = random_corpus(1)
    clips = cut(corpus.tracks, per_track=2)
    tested = np.zeros(len(clips), int)
    for fold in range(5):
        split = splits.make(corpus, clips, protocol, seed=2, folds=5, fold=fold)
        assert len({*split.train, *split.validation, *split.test}) == len(clips)
        assert len(split.validation) == pytest.approx(len(clips) / 10, rel=0.3)
        assert len(split.test) == pytest.approx(len(clips) / 5, rel=0.3)
        tested[split.test] += 1
    only_trains = np.zeros(len(clips), bool)
    if protocol == "artist":
        only_trains = splits._units(corpus, clips, protocol)["train_only"][clips["track"]].to_numpy()
        assert 0 < only_trains.mean() < 0.5
    assert (tested == np.where(only_trains, 0, 1)).all()


def test_fault_filtered_has_the_published_counts():
    corpus = gtzan()
    clips = cut(corpus.tracks, per_track=10)
    split = splits.make(corpus, clips, "fault_filtered")
    assert [len(rows) for rows in (split.train, split.validation, split.test)] == [4430, 1970, 2900]
    assert "70 tracks have no side in this split and are left out" in split.notes
    assert not any("more than one side" in note for note in split.notes)
    left_out = set(clips["track"][split.side == "none"])
    assert left_out == set(corpus.tracks.index[corpus.tracks["split"] == ""]) and len(left_out) == 70
    with pytest.raises(UserError, match="no folds"):
        splits.make(corpus, clips, "fault_filtered", folds=5, fold=0)


def test_a_class_with_few_artists_goes_to_train_then_test_then_validation():
    rows = [("one", "A")] * 9 + [("two", "B")] * 5 + [("two", "C")] * 4
    rows += [("three", artist) for artist in "DEF" for _ in range(3)] + [("many", f"M{i}") for i in range(30)]
    rows += [("uneven", "G")] * 20 + [("uneven", "H"), ("uneven", "I")]  # both small ones would fit into test
    corpus = corpus_of(rows)
    clips = cut(corpus.tracks, per_track=1)
    for seed in range(20):
        split = splits.make(corpus, clips, "artist", seed=seed)
        there = pd.crosstab(clips["label"], split.side) > 0
        assert there.loc["one"].to_dict() == {"test": False, "train": True, "validation": False}
        assert there.loc["two"].to_dict() == {"test": True, "train": True, "validation": False}
        assert there.loc[["three", "many", "uneven"]].all(axis=None)
        assert split.untestable == ("one",)
        assert "not tested, too few artists: one" in split.notes
        assert "not validated, too few artists: two" in split.notes
    for fold in range(4):
        split = splits.make(corpus, clips, "artist", folds=4, fold=fold)
        assert (split.side[clips["label"] == "one"] == "train").all() and "one" in split.untestable


def test_without_artists_artist_runs_as_track_and_says_so():
    corpus = corpus_of([(label, "") for label in "ab" for _ in range(10)])
    split = splits.make(corpus, cut(corpus.tracks), "artist")
    assert (split.protocol, split.asked) == ("track", "artist")
    assert any("no artist is known" in note for note in split.notes)
    assert splits.default_protocol(corpus) == "track"


def test_auto_takes_the_strictest_protocol_that_tests_most_classes():
    assert splits.default_protocol(gtzan()) == "artist"
    numbers = {"jazz": (0, 1, 2, 4, 5, 6, 7, 8, 11, 12)}
    names = [f"{genre}.{n:05}" for genre in gtzan().classes for n in numbers.get(genre, range(10))]
    mini = gtzan(names)
    clips = cut(mini.tracks, per_track=1)
    by_artist = splits.make(mini, clips, "artist")
    assert by_artist.untestable == ("blues", "classical", "reggae", "rock")
    split = splits.make(mini, clips, "auto")
    assert (split.protocol, split.asked, split.untestable) == ("track", "auto", ())
    assert any("artists are on both sides" in note for note in split.notes)


def test_sides_given_in_tracks_csv():
    rows = [(label, f"{label}{i}", "", "test" if i < 3 else "train") for label in "ab" for i in range(20)]
    corpus = corpus_of([*rows, ("a", "a0", "", "train"), ("c", "x", "", "test"), ("a", "y", "", "")])
    clips = cut(corpus.tracks, per_track=1)
    split = splits.make(corpus, clips, "auto")
    assert split.protocol == "given" and split.untestable == ("c",) and len(split.test) == 6
    assert len(split.train) + len(split.validation) == 35 and len(split.validation) == 4
    text = " / ".join(split.notes)
    for said in ("1 artists or linked", "1 tracks have no side", "names no validation", "too few tracks: c"):
        assert said in text
    assert set(split.side[[3, -1]]) <= {"train", "validation", "none"}


def test_fault_filtered_is_asked_of_both_tasks_and_only_gtzan_has_it():
    corpus = corpus_of([(label, f"{label}{i}") for label in "ab" for i in range(10)])
    split = splits.make(corpus, cut(corpus.tracks, per_track=1), "fault_filtered")
    assert (split.protocol, split.asked) == ("artist", "fault_filtered")
    assert any("no fault-filtered split is known" in note for note in split.notes)


def test_what_cannot_be_split_is_the_users_mistake():
    corpus = corpus_of([("a", "A")] * 5 + [("b", "B")] * 5)
    clips = cut(corpus.tracks, per_track=1)
    for expected, arguments in {
        "no class has enough artists": {"protocol": "artist"},
        "choose one of auto, clip": {"protocol": "artists"},
        "a column `split`": {"protocol": "given"},
        "folds and fold|folds .2 or more": {"protocol": "track", "folds": 3},
        "give folds": {"protocol": "track", "folds": 3, "fold": 3},
        "as many groups|more than any class": {"protocol": "track", "folds": 6, "fold": 0},
        "add up to 1": {"protocol": "track", "fractions": (0.9, 0.1, 0.1)},
    }.items():
        with pytest.raises(UserError, match=expected):
            splits.make(corpus, clips, **arguments)
    with pytest.raises(UserError, match="no class has enough tracks"):
        one_each = corpus_of([("a", ""), ("b", "")])
        splits.make(one_each, cut(one_each.tracks), "track")


def test_an_artist_in_several_classes_stays_on_one_side_and_spelling_does_not_part_it():
    rows = [(label, f"{label}{i}") for label in "ab" for i in range(12)]
    corpus = corpus_of([*rows, ("a", "Prince"), ("b", "prince "), ("b", "PRINCE")])
    clips = cut(corpus.tracks, per_track=1)
    seen = set()
    for seed in range(40):
        sides = splits.make(corpus, clips, "artist", seed=seed, fractions=(0.6, 0.2, 0.2)).side[-3:]
        assert len(set(sides)) == 1
        seen |= set(sides)
    assert seen == {"train", "validation", "test"}


def test_a_share_of_the_training_tracks_keeps_every_class_and_the_other_sides():
    corpus = corpus_of([(label, f"{label}{i}") for label in "abc" for i in range(20)])
    clips = cut(corpus.tracks, per_track=3)
    whole = splits.make(corpus, clips, "artist", seed=3)
    half, quarter = (splits.subsample_training_tracks(whole, clips, share) for share in (0.5, 0.25))
    assert np.array_equal(half.test, whole.test)
    assert np.array_equal(half.validation, whole.validation)
    assert set(quarter.train) < set(half.train) < set(whole.train)
    per_class = clips.iloc[half.train].groupby("label")["track"].nunique()
    assert set(per_class) == {8}  # of 16
    assert "learns from 24 of the 48 training tracks" in half.notes
    assert clips.iloc[splits.subsample_training_tracks(whole, clips, 0.001).train]["label"].nunique() == 3
    with pytest.raises(UserError, match="above 0 and at most 1"):
        splits.subsample_training_tracks(whole, clips, 1.5)
