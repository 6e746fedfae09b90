"""Sentences on songs are true of the song and of the run."""

from types import SimpleNamespace

import numpy as np
import pandas as pd

from mercore import songs
from mercore.songs.text import describe_agreement, describe_origin, describe_reliability, describe_shares


def make_analysis(predicted, sections=None, task="genre", path="mine.wav"):
    starts = np.arange(len(predicted)) * 2.0
    song = SimpleNamespace(title="*S*", artist="", duration=2.0 * len(predicted) + 1, sections=sections, path=path)
    table = pd.get_dummies(pd.Series(list(predicted)), dtype=float).reindex(columns=["a", "b"], fill_value=0.0)
    return songs.Analysis(song, task, table.set_index(pd.Index(starts, name="start")))


def test_shares_name_the_most_frequent_class_and_whether_it_has_a_majority():
    assert describe_shares(make_analysis(list("aaaa"))).startswith(
        "Most frequent is a with 4 of 4 snippets (interval 51"
    )
    assert "the only class that occurs. By this network, that is most" in describe_shares(make_analysis(list("aaaa")))
    assert "then b with 5. The interval includes 50 %: 10 snippets can't" in describe_shares(
        make_analysis("aaaaabbbbb")
    )
    table = pd.DataFrame(np.eye(5)[np.arange(40) % 5], columns=list("abcde"))
    spread = songs.Analysis(SimpleNamespace(sections=None), "genre", table)
    assert "that isn't most of the song" in describe_shares(spread)


def test_agreement_with_known_sections_is_compared_with_shuffled_answers():
    sections = pd.DataFrame({"start": [0, 10], "end": [10, 21], "section": ["x", "y"], "genre": ["a", "other"]})
    unknown, known = make_analysis("aaaaabbbbb"), make_analysis("aaaaabbbbb", sections)
    assert len(unknown.labelled_snippets()) == 0
    found = known.labelled_snippets()  # 'other' is no class of the network; one snippet crosses a boundary
    assert found["label"].tolist() == ["a"] * 4 and (found["predicted"] == "a").all()
    assert set(found["task"]) == {"genre"} and set(found["section"]) == {"mine 1"}
    run = SimpleNamespace(accuracy=lambda side: 0.5)
    assert "nothing to check" in describe_agreement(unknown, run)
    text = describe_agreement(known, run)
    assert r"*\*S\**" in text and "**4 of 4** snippets" in text and "in random order 100.0 % would" in text


def test_composed_and_recorded_music_are_warned_of_where_they_meet(own_folders):
    paths = own_folders / "mine.wav", own_folders / "data" / "embedded" / "seed0" / "songs" / "s.wav"
    own, composed = (songs.Song(path, "S", "", 4.0, None, np.zeros(0)) for path in paths)
    about = {"composed": "embedded genre", "gtzan": "GTZAN"}
    synthetic, real = (
        SimpleNamespace(corpus={"task": "genre", "name": name, "kind": kind}) for kind, name in about.items()
    )
    assert "no statement about *S*" in describe_origin(own, synthetic)
    assert "Warning" not in describe_origin(composed, synthetic)
    assert "Warning" in describe_origin(composed, real)
    assert "How alike are they?" in describe_origin(own, real)


def test_reliability_of_a_network_on_raw_audio():
    run, analysis = SimpleNamespace(input="waveform", accuracy=lambda side: 0.5), make_analysis("aaaaabbbbb")
    found = songs.Reliability(-20.0, True, 0, 10, 0.9, 0.8, False)
    first, second, basis = describe_reliability(found, analysis, run)
    assert first.startswith("⚠ **Out of distribution:**") and second.startswith("⚠ **Inconclusive:**")
    assert basis.startswith("The song is 20 dB quieter than the training data")
    (fine,) = describe_reliability(songs.Reliability(1.0, False, 0, 10, 0.9, 0.8, True), analysis, run)
    assert "1 dB louder" in fine and "on the run's test clips 0.80 with 50.0 % correct" in fine
