"""What committed records show, on records made up here: seven networks, three protocols, two seeds."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from mercore import UserError, evaluation, plots
from mercore.evaluation import published
from mercore.study import figures, tables
from mercore.study.tables import RecordIndex
from mercore.training import runs

QUADRANTS = ("Q1", "Q2", "Q3", "Q4")
RIGHT = {"clip": 0.8, "track": 0.65, "artist": 0.6}


def made_up(key, protocol, seed):
    rng = np.random.default_rng([published.networks().index(key), tables.PROTOCOLS.index(protocol), seed])
    n = 600
    label = np.array(QUADRANTS)[np.arange(n) // 5 % 4]
    p = rng.dirichlet((0.5,) * 4, n)
    right = rng.random(n) < RIGHT[protocol]
    best = np.where(right, np.arange(n) // 5 % 4, p.argmax(axis=1))
    p[np.arange(n), best] += 1
    predictions = pd.DataFrame(p / 2, columns=[f"p_{name}" for name in QUADRANTS]).assign(
        track=[f"t{i // 5}" for i in range(n)],
        label=label,
        artist=[f"a{i // 10}" for i in range(n)],
        start=np.arange(n) % 5 * 6.0,
        side=np.repeat(["train", "validation", "test"], n // 3),
        predicted=np.array(QUADRANTS)[best],
    )
    config = {"network": key, "profile": "report", "protocol": protocol, "seed": seed, "fold": None, "epochs": 30}
    corpus = {"name": "4Q", "task": "mood", "classes": list(QUADRANTS), "untestable": []}
    history = pd.DataFrame({"seconds": [1.0, 1.0]})
    return runs.Run(config, corpus, history, predictions, {"training": 2.0}, parameters=1000)


@pytest.fixture(scope="module")
def records():
    return [made_up(k, p, s) for k in published.networks() for p in tables.PROTOCOLS for s in (0, 1)]


@pytest.fixture(scope="module")
def index(records):
    return RecordIndex(records)


GENRES = ("Blues", "Jazz", "Pop/Rock")


def made_up_genre(key, protocol, name="4Q genre tags"):
    """The tracks of the mood records again, each with a genre: half of them are Pop/Rock."""
    run = made_up(key, protocol, 0)
    genre = run.predictions["track"].str[1:].astype(int).map(lambda n: GENRES[min(n % 4, 2)])
    right = run.predictions["predicted"] == run.predictions["label"]
    predicted = genre.where(right, "Jazz")
    p = pd.get_dummies(pd.Categorical(predicted, GENRES), dtype=float).add_prefix("p_") * 0.7 + 0.1
    table = run.predictions[["track", "artist", "start", "side"]].assign(label=genre, predicted=predicted)
    corpus = {"name": name, "task": "genre", "classes": list(GENRES), "untestable": []}
    return dataclasses.replace(run, corpus=corpus, predictions=table.join(p))


def test_uneven_classes_are_averaged(records):
    genres = [made_up_genre(key, protocol) for key in published.networks() for protocol in ("clip", "artist")]
    assert tables.score(genres[0]).name == "balanced accuracy"
    assert tables.score(records[0]).name == "accuracy"
    table = tables.protocol_table(RecordIndex(genres).by_protocol("4Q genre tags"))
    table = table.set_index(["network", "protocol"])
    test = genres[0].side("test")
    assert table.loc["conv", "clip"]["accuracy"] == pytest.approx(evaluation.balanced_accuracy(test))
    assert table.loc["conv", "clip"]["low"] < evaluation.balanced_accuracy(test) < table.loc["conv", "clip"]["high"]


def test_folds_of_uneven_classes_are_scored_by_balanced_accuracy(folds):
    genres = made_up_genre("conv", "artist").predictions
    columns = [name for name in genres if name.startswith("p_")] + ["label", "predicted"]
    uneven = []
    for run in folds:
        if run.config["network"] != "svm":
            clips = run.predictions[["track", "artist", "start", "side"]].merge(genres[["track", "start", *columns]])
            uneven.append(dataclasses.replace(run, predictions=clips, corpus=run.corpus | {"classes": list(GENRES)}))
    by_network = RecordIndex(uneven).folds("4Q")
    table, conv = tables.fold_table(by_network), tables.fold_votes(by_network)["conv"]
    assert table.at["conv", "tracks"] == pytest.approx(evaluation.balanced_accuracy(conv))
    assert table.at["conv", "tracks"] != pytest.approx(evaluation.accuracy(conv))


def test_votes_and_pairs_of_networks(index):
    by_network = index.by_network("4Q", "artist")
    votes = tables.vote_table(by_network)
    assert (votes["tracks"] > votes["clips"]).all()  # made up: clips are right independently of each other
    pairs = tables.pair_table(by_network)
    assert set(pairs.index) == set(published.networks()) - set(pairs["best"])
    assert (pairs["beaten"] == (pairs["high"] < 0)).all()
    assert pairs["p"].between(0, 1).all()


def test_accuracy_by_genre_takes_the_genres_from_the_records(index):
    moods = index.by_network("4Q", "artist")["conv"]
    table = tables.accuracy_by_genre(RecordIndex([made_up_genre("conv", "clip")]), moods)
    assert list(table.index) == list(GENRES)
    assert table["tracks"].sum() == moods[0].side("test")["track"].nunique()
    assert table["accuracy"].between(table["low"], table["high"]).all()
    assert table["likeliest"].between(0.25, 1).all()


def made_up_fold(key, fold):
    """One of five folds of 120 tracks by 60 artists; the support vector machine has tracks, networks clips."""
    run = made_up("conv" if key == "svm" else key, "artist", fold)
    parts = run.predictions["track"].str[1:].astype(int) // 2 % 5  # by artist
    sides = np.select([parts == fold, parts == (fold + 1) % 5], ["test", "validation"], "train")
    predictions = run.predictions.assign(side=sides)
    if key == "svm":
        predictions = evaluation.vote(predictions).assign(start=0.0)
    config = run.config | {
        "network": key,
        "profile": "baseline" if key == "svm" else "tuned",
        "seed": 1,
        "folds": 5,
        "fold": fold,
    }
    return dataclasses.replace(run, config=config, predictions=predictions)


@pytest.fixture(scope="module")
def folds():
    return [made_up_fold(key, fold) for key in ("conv", "conv_bgru", "svm") for fold in range(5)]


def test_folds_are_pooled_and_networks_put_together(folds):
    by_network = RecordIndex(folds).folds("4Q")
    voted = tables.fold_votes(by_network)
    assert set(voted) == {"conv", "conv_bgru", "svm", "ensemble", "hybrid"}
    assert all(votes["track"].nunique() == len(votes) == 120 for votes in voted.values())
    one, other = (voted[key].set_index("track").sort_index() for key in ("conv", "conv_bgru"))
    both = voted["ensemble"].set_index("track").sort_index()
    np.testing.assert_allclose(both["p_Q1"], (one["p_Q1"] + other["p_Q1"]) / 2)
    table = tables.fold_table(by_network)
    assert (table["tracks"].diff().dropna() <= 0).all()
    assert table["tracks"].between(table["low"], table["high"]).all()
    assert np.isnan(table.at["svm", "less_svm"])
    expected = table.at["conv", "tracks"] - table.at["svm", "tracks"]
    assert table.at["conv", "less_svm"] == pytest.approx(expected)
    assert set(RecordIndex(folds).folds("4Q", baselines=False)) == {"conv", "conv_bgru"}


def test_folds_that_lack_one_or_are_of_other_seeds_are_not_pooled(folds):
    assert "conv" not in RecordIndex(folds[1:]).folds("4Q")
    other = dataclasses.replace(folds[0], config=folds[0].config | {"seed": 2})
    with pytest.raises(UserError, match="several cross-validations"):
        RecordIndex([*folds, other]).folds("4Q")
    with pytest.raises(UserError, match="of one network and fold"):
        RecordIndex([*folds, dataclasses.replace(folds[0])]).folds("4Q")
    by_another_recipe = dataclasses.replace(folds[0], config=folds[0].config | {"profile": "report"})
    assert RecordIndex([*folds, by_another_recipe]).folds("4Q")["conv"][0] is folds[0]


def test_tuning_gains_pair_the_same_clips_and_seeds(records):
    better = [dataclasses.replace(run, config=run.config | {"profile": "tuned"}) for run in records]
    better = [run for run in better if (run.config["network"], run.config["seed"]) == ("conv", 1)]
    test = better[0].predictions
    better[0] = dataclasses.replace(better[0], predictions=test.assign(predicted=test["label"]))
    index = RecordIndex([*records, *better])
    protocol = better[0].config["protocol"]
    table = tables.tuning_gains(*(index.by_network("4Q", protocol, profile) for profile in ("report", "tuned")))
    assert list(table.index) == ["conv"]
    report = next(run for run in index.by_network("4Q", "clip")["conv"] if run.config["seed"] == 1)
    assert table.at["conv", "difference"] == pytest.approx(1 - report.accuracy())
    assert table.at["conv", "seeds"] == 1
    assert table.at["conv", "low"] > 0


def test_only_seeds_that_all_networks_have_are_compared(records, index):
    found = RecordIndex([*records, made_up("conv", "clip", 2)]).by_network("4Q", "clip")
    assert {key: [run.config["seed"] for run in of_key] for key, of_key in found.items()} == {
        key: [0, 1] for key in published.networks()
    }
    assert index.by_network("4Q genre tags", "clip") == {}


def test_networks_are_in_the_order_of_the_figures_and_unknown_ones_come_last(records):
    mine = [dataclasses.replace(run, config=run.config | {"network": "mine"}) for run in records[:6]]
    assert list(RecordIndex([*mine, *records]).by_network("4Q", "clip")) == [*published.networks(), "mine"]


def test_only_the_report_s_networks_say_which_mood_names_it_means(records):
    mine = [dataclasses.replace(records[0], config=records[0].config | {"network": "mine"})]
    assert list(tables.mood_name_tables({"conv": records[:1], "mine": mine})) == ["conv"]


def test_two_runs_of_one_network_and_seed_cannot_be_told_apart(records):
    with pytest.raises(UserError, match="of one network, seed and protocol"):
        RecordIndex([*records, made_up("conv", "clip", 1)]).by_network("4Q", "clip")


def test_voting_clips_are_right_more_often_than_one(records):
    test = records[0].side("test")
    curve = tables.accuracy_by_clips(test, draws=5)
    assert list(curve["clips"]) == [1, 2, 3, 4, 5]
    assert curve["accuracy"].iloc[0] == pytest.approx(evaluation.accuracy(test), abs=0.06)
    assert curve["accuracy"].iloc[-1] == evaluation.accuracy(evaluation.vote(test))
    assert curve["accuracy"].iloc[-1] > curve["accuracy"].iloc[0]


def test_no_validation_no_temperature(records):
    run = records[0]
    left = run.predictions[run.predictions["side"] != "validation"]
    with pytest.raises(ValueError, match="no validation clips"):
        tables.calibrated(dataclasses.replace(run, predictions=left))


def test_the_protocols_side_by_side(index):
    table = tables.protocol_table(index.by_protocol("4Q")).set_index(["network", "protocol"])
    assert len(table) == 21
    row = table.loc["conv", "clip"]
    assert row["low"] < row["accuracy"] < row["high"]
    assert row["accuracy"] == pytest.approx(np.mean(row["seeds"]))
    assert table.loc["conv", "clip"]["accuracy"] > table.loc["conv", "artist"]["accuracy"]


def test_temperature_is_learnt_from_validation_and_changes_no_prediction(records):
    before, after, by = tables.calibrated(records[0])
    assert 0.05 < by < 20
    assert (before["predicted"] == after["predicted"]).all()
    assert evaluation.accuracy(before) == evaluation.accuracy(after)


@pytest.fixture
def ablations(tmp_path, monkeypatch):
    names = ["as it is", "without a thing", "half of the training tracks", "with another"]
    table = pd.DataFrame(
        {"clips": [0.6, 0.5, 0.55, 0.61], "difference": [0, -0.1, -0.05, 0.01], "low": [0, -0.15, -0.09, -0.02]},
        index=pd.Index(names, name="variant"),
    ).assign(high=[0, -0.05, -0.01, 0.04], **{"tested tracks": 100, "folds": 3, "seed": 1})
    table["training tracks"] = [600, 600, 300, 600]
    table.to_csv(tmp_path / "ablations.csv")
    monkeypatch.setattr(figures, "ABLATIONS", tmp_path / "ablations.csv")


def test_a_learning_curve_ends_with_all_training_tracks(ablations):
    choices, curve, about = figures.read_ablations()
    assert list(choices.index) == ["as it is", "without a thing", "with another"]
    assert list(curve["training tracks"]) == [300, 600]
    assert curve["clips"].iloc[-1] == 0.6
    assert "tested on 100 tracks" in about.text()


@pytest.mark.slow
def test_everything_is_drawn(records, folds, ablations, tmp_path):
    genres = [made_up_genre(key, protocol) for key in published.networks() for protocol in ("clip", "artist")]
    written = figures.draw([*records, *genres, *folds], tmp_path)
    names = {str(path.relative_to(tmp_path)) for path in written}
    for protocol in tables.PROTOCOLS:
        assert f"{protocol}/fig08_mood_results.png" in names
        assert f"{protocol}/claims.csv" in names
        assert sum(name.startswith(f"{protocol}/fig2") for name in names) == 7
    assert "artist/fig07_genre_results.png" in names
    assert "track/fig07_genre_results.png" not in names
    assert {"comparison/protocols_4q_genre_tags.png", "comparison/votes_4q.png", "comparison/pairs_4q.csv"} <= names
    assert {"comparison/protocols_4q.png", "comparison/mood_names.png"} <= names
    assert {"comparison/tuned_4q.png", "comparison/tuned_4q.csv", "comparison/ablations.png"} <= names
    assert {"comparison/clip_votes_4q.png", "comparison/confusion_4q.png", "comparison/learning_curve.png"} <= names
    assert {"comparison/moods_by_genre.png"} <= names
    assert not [path for path in written if path.suffix == ".png" and plots.is_blank(path)]
    claims = pd.read_csv(tmp_path / "track" / "claims.csv", index_col="number")
    assert claims.at[1, "verdict"] == "undecided"
    assert len(claims) == 15


@pytest.mark.slow
def test_where_a_corpus_has_no_records_by_a_protocol_the_next_is_drawn(ablations, tmp_path):
    tags = [made_up_genre(key, "clip") for key in published.networks()]
    mini = [made_up_genre(key, way, "GTZAN-mini") for key in published.networks() for way in ("clip", "track")]
    written = figures.draw([*tags, *mini], tmp_path)
    for protocol, name in (("clip", "4Q genre tags"), ("track", "GTZAN-mini")):
        assert tmp_path / protocol / "fig07_genre_results.png" in written
        about = plots.read_provenance(tmp_path / protocol / "fig07_genre_results.png")
        assert about["Description"].startswith(f"Corpus: {name}")


def test_no_records_no_figures(tmp_path):
    assert figures.draw([], tmp_path) == []
    assert list(tmp_path.iterdir()) == []
