"""The error explorer without a browser."""

from dataclasses import replace

import pandas as pd
import pytest

from mercore import clips
from mercore.runs import Run
from mercore.widgets import ErrorExplorer
from mercore.widgets.errors import MOST, clips_of


@pytest.fixture
def run(tones):
    """High is always recognised, low never; the later a clip, the surer."""
    cut = clips.cut(tones.usable, per_track=2)
    table = cut.assign(artist="", side="test", predicted="high", p_high=0.5 + 0.1 * cut["start"])
    about = {"name": "tones", "task": "label", "classes": list(tones.classes), "fingerprint": ""}
    config = {"network": "conv", "protocol": "track", "profile": "smoke", "seed": 0}
    return Run(config, about, pd.DataFrame(), table.assign(p_low=1 - table["p_high"]), {})


def test_the_clips_of_a_cell_are_its_own_and_the_surest_come_first(run):
    rows = clips_of(run.side("test"), "low", "high")
    assert set(rows["label"]) == {"low"} and set(rows["predicted"]) == {"high"}
    assert rows["probability"].is_monotonic_decreasing
    assert len(rows) == 12
    assert clips_of(run.side("test"), "high", "low").empty


def test_a_cell_gives_players_and_says_how_many_more(run, tones):
    explorer = ErrorExplorer(run, tones)
    explorer.cells["low", "high"].click()
    assert len(explorer.players.children) == MOST
    assert "12 clips" in explorer.message.text and f"the {MOST} of which" in explorer.message.text
    label, player = explorer.players.children[0].children
    first = clips_of(run.side("test"), "low", "high").iloc[0]
    assert first["track"] in label.text and f"{first['start']:.1f} s" in label.text
    assert f"{first['probability']:.2f}" in label.text
    assert len(player.value) == 44 + 2 * 66_150  # a WAV of 3 s


def test_cells_without_clips_cannot_be_pressed(run, tones):
    explorer = ErrorExplorer(run, tones)
    assert explorer.cells["high", "low"].disabled and not explorer.cells["low", "high"].disabled
    assert explorer.cells["low", "high"].description == "12"
    assert "low taken for high: 12 clips" in explorer.cells["low", "high"].tooltip


def test_another_corpus_is_told_in_a_sentence(run, tones):
    explorer = ErrorExplorer(run, replace(tones, tracks=tones.tracks.iloc[:0]))
    explorer.cells["low", "high"].click()
    assert "has no track" in explorer.message.text
    assert explorer.players.children == ()


def test_an_empty_test_side_breaks_nothing(run, tones):
    explorer = ErrorExplorer(replace(run, predictions=run.predictions.assign(side="train")), tones)
    assert "no test clips" in explorer.message.text
    assert all(cell.disabled for cell in explorer.cells.values())


def test_it_is_a_picture_without_a_front_end(run, tones):
    bundle, about = ErrorExplorer(run, tones)._repr_mimebundle_()
    assert {"image/png", "application/vnd.jupyter.widget-view+json"} <= set(bundle)
    assert "predicted" in about["image/png"]["alt"].lower()
