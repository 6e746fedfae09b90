"""What the notebooks 07 and 08 draw and say: true of made-up runs, also where classes or sides are missing."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from mercore import evaluation, plots, songs
from mercore.evaluation import published
from mercore.songs import text as wording_songs
from mercore.study import results_text
from mercore.training import runs


def make_run(key, right, classes=("a", "b", "c"), sides=("train", "validation", "test"), task="genre"):
    """A run whose clip i of each track is right where right(track number, i); class c is never tested."""
    rows = []
    for number in range(12):
        side, label = sides[number % len(sides)], classes[number // 3 % (len(classes) - 1)]
        for i in range(5):
            wrong = classes[(classes.index(label) + 1) % len(classes)]
            predicted = label if right(number, i) else wrong
            rows.append((f"t{number}", label, f"x{number // 6}", 3.0 * i, side, predicted))
    table = pd.DataFrame(rows, columns=["track", "label", "artist", "start", "side", "predicted"])
    for name in classes:
        table[f"p_{name}"] = np.where(table["predicted"] == name, 0.8, 0.1)
    history = pd.DataFrame({"seconds": [9.0, 2.0, 4.0], "chosen": [False, True, False]})
    corpus = {"name": "own", "task": task, "classes": list(classes), "untestable": [classes[-1]]}
    config = {"network": key, "protocol": "track", "protocol_asked": "auto", "seed": 0, "profile": "quick"}
    return runs.Run(config, corpus, history, table, {"training": 15.0}, ("no artist is known",), 1000)


def make_runs(**options):
    return {
        key: make_run(key, lambda track, i, n=n: (track * 7 + i * (n % 3) + n) % 5 > 1, **options)
        for n, key in enumerate(published.ORDER)
    }


@pytest.mark.parametrize("sides", [("train", "validation", "test"), ("train", "test")])
def test_every_sentence_on_runs_holds_where_a_side_or_a_class_is_missing(sides):
    of_task = make_runs(sides=sides)
    summary = evaluation.summarise(of_task.values())
    run = of_task["conv"]
    recalls = pd.DataFrame(
        {k: evaluation.per_class(r.side("test"), r.classes)["recall"] for k, r in of_task.items()}
    ).T
    said = [
        results_text.tell_runs(of_task),
        results_text.tell_choice(summary, "genre"),
        results_text.tell_chance(summary, run),
        results_text.tell_gaps(summary, "genre"),
        results_text.tell_recalls(recalls, "genre"),
    ]
    assert "Not tested, for want of tracks or artists: c." in said[0] and "(asked for: `auto`)" in said[0]
    assert ("training accuracy one would choose" in said[1]) == ("validation" not in sides)
    assert ("nothing validates" in said[3]) == ("validation" not in sides)
    assert not any("nan" in text for text in said)


def test_choice_names_the_network_that_validation_prefers_not_the_best_on_test():
    by_validation = make_run("conv", lambda track, i: track % 3 == 1)  # right on validation tracks alone
    by_test = make_run("bgru", lambda track, i: track % 3 == 2)
    text = results_text.tell_choice(evaluation.summarise([by_validation, by_test]), "genre")
    assert "one would choose Conv, which gets 0.0 %" in text and "100.0 %, is that of BGRU" in text


def test_differences_are_counted_by_the_side_of_zero_that_their_interval_lies_on():
    table = pd.DataFrame(
        {"difference": [0.1, -0.2, 0.05], "low": [0.02, -0.3, -0.1], "high": [0.2, -0.1, 0.2]},
        index=pd.MultiIndex.from_tuples([("genre", "a"), ("genre", "b"), ("mood", "c")]),
    )
    text = results_text.tell_differences(table)
    assert "Of 3 pairs the GRU has the higher test accuracy in 2, the LSTM in 1." in text
    assert "GRU's side in 1, wholly on the LSTM's in 1, and includes 0 in 1" in text
    assert not plots.is_blank(plots.save(plots.plot_differences(table), "d", plots.Provenance("own")))


@pytest.fixture(autouse=True)
def _own(own_folders):
    """Nothing is written to the project."""


def test_plots_of_comparisons_are_drawn_with_untested_classes():
    of_task = make_runs()
    recalls = pd.DataFrame(
        {k: evaluation.per_class(r.side("test"), r.classes)["recall"] for k, r in of_task.items()}
    ).T
    table = pd.DataFrame({"clips": 0.5, "tracks": 0.6, "low": 0.3, "high": 0.8}, index=list(of_task))
    costs = table.assign(**{"parameters": 9000, "seconds per epoch": 2.0, "accuracy": 0.5})
    rows = [("genre", key, unit, 0.5, 0.4, 0.6) for key in of_task for unit in ("clips", "tracks", "artists")]
    intervals = pd.DataFrame(rows, columns=["task", "network", "unit", "accuracy", "low", "high"])
    drawn = [
        plots.plot_right_per_track({"genre": of_task.values()}),
        plots.plot_recalls({"genre": recalls}, {"genre": pd.Series({"a": 2, "b": 2})}),
        plots.plot_votes({"genre": table, "mood": table}),
        plots.plot_costs({"genre": costs, "mood": costs}),
        plots.plot_intervals(intervals),
    ]
    for number, fig in enumerate(drawn):
        assert not plots.is_blank(plots.save(fig, f"further{number}", plots.Provenance.of(*of_task.values())))
    dashes = [text for text in drawn[1].axes[0].texts if text.get_text() == "–"]
    assert len(dashes) == len(of_task)  # class c has no test track


def test_report_statements_are_those_of_its_annexes():
    assert "7 different rows for 7 networks, with 999 clips" in results_text.tell_report_tests("genre")
    text = results_text.tell_report_mood_best()
    assert "Conv + BLSTM has the highest *test* accuracy, 0.6200; Conv has 0.5889" in text
    assert "272 of 438 against 265 of 450, a difference of +3.2 points" in text


def make_analysis(predicted, sections=None, task="genre", path="mine.wav"):
    starts = np.arange(len(predicted)) * 2.0
    song = SimpleNamespace(title="S", artist="", duration=2.0 * len(predicted) + 1, sections=sections, path=path)
    table = pd.get_dummies(pd.Series(predicted), dtype=float).reindex(columns=["a", "b"], fill_value=0.0)
    from mercore.songs.analysis import Analysis

    return Analysis(song, task, table.set_index(pd.Index(starts, name="start")), None)


def test_songs_are_told_with_and_without_sections():
    sections = pd.DataFrame({"start": [0, 10], "end": [10, 21], "section": ["x", "y"], "genre": ["a", "other"]})
    plain, known = make_analysis(list("aaaaabbbbb")), make_analysis(list("aaaaabbbbb"), sections)
    assert "By its sections" not in wording_songs.tell_shares(plain)
    assert "has 2 genres" in wording_songs.tell_shares(known)
    assert len(plain.in_sections()) == 0
    found = known.in_sections()  # 'other' is no class of the network; one snippet crosses
    assert found["label"].tolist() == ["a"] * 4 and (found["predicted"] == "a").all()
    assert set(found["task"]) == {"genre"} and set(found["section"]) == {"mine 1"}
    run = SimpleNamespace(accuracy=lambda side: 0.5)
    assert "nothing to check" in wording_songs.tell_agreement(plain, run)
    assert "**4 of 4** snippets" in wording_songs.tell_agreement(known, run)
    assert "the same answers would agree in 100.0 %" in wording_songs.tell_agreement(known, run)
    assert "the only class that occurs" in wording_songs.tell_shares(make_analysis(list("aaaa")))
    assert "They cover 100.0 % of the song, and 9 of them overlap" in wording_songs.tell_snippets(plain)
    assert "changes 1 time," in wording_songs.tell_changes(known.probabilities, known)
    assert "2 of 2 intervals include" in wording_songs.tell_scan(plain.probabilities, plain)
    nowhere = make_analysis(list("aaaaaaaaaa"))
    assert "2 of 2 intervals include" in wording_songs.tell_scan(nowhere.probabilities, nowhere)  # 0 of 10 b


def test_composed_and_real_music_are_warned_of_where_they_meet(tmp_path):
    paths = tmp_path / "mine.wav", tmp_path / "data" / "embedded" / "seed0" / "songs" / "s.wav"
    own, composed = (songs.Song(path, "S", "", 4.0, None, np.zeros(0)) for path in paths)
    embedded, real = (SimpleNamespace(corpus={"task": "genre", "name": name}) for name in ("embedded genre", "GTZAN"))
    assert "no statement about its genre" in wording_songs.tell_origin(own, embedded)
    assert "Warning" not in wording_songs.tell_origin(composed, embedded)
    assert "Warning" in wording_songs.tell_origin(composed, real)
    assert "only you can tell" in wording_songs.tell_origin(own, real)


def test_confidence_says_where_a_network_is_surer_than_on_music():
    run = SimpleNamespace(corpus={"task": "mood"}, accuracy=lambda side: 0.5)
    confidence = pd.Series({"test clips": 0.6, "S": 0.7, "noise": 0.9, "tone": 0.2})
    text = wording_songs.tell_confidence(confidence, run, ["S"], ["noise", "tone"])
    assert "On *S* it is 0.70, higher." in text and "On noise the network is surer than on music" in text
