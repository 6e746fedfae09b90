"""The error explorer without a browser."""

from dataclasses import asdict, replace

import ipywidgets
import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import soundfile

from mercore import training
from mercore.corpora import clips
from mercore.training.runs import Run
from mercore.widgets import ErrorExplorer
from mercore.widgets.errors import MAX_PLAYERS, SHADES, _style, clips_in_cell


@pytest.fixture
def run(tones):
    """High is always recognised, low never; the later a clip, the surer."""
    cut = clips.cut(tones.usable, per_track=2)
    table = cut.assign(artist="", side="test", predicted="high", p_high=0.5 + 0.1 * cut["start"])
    about = {"name": "tones", "task": "label", "classes": list(tones.classes), "fingerprint": ""}
    config = asdict(training.configure("conv", "smoke")) | {"protocol": "track", "seed": 0}
    return Run(config, about, pd.DataFrame(), table.assign(p_low=1 - table["p_high"]), {})


def test_the_clips_in_cell_a_cell_are_its_own_and_the_surest_come_first(run):
    rows = clips_in_cell(run.side("test"), "low", "high")
    assert set(rows["label"]) == {"low"} and set(rows["predicted"]) == {"high"}
    assert rows["probability"].is_monotonic_decreasing
    assert len(rows) == 12
    assert clips_in_cell(run.side("test"), "high", "low").empty


def test_a_cell_gives_players_and_says_how_many_more(run, tones):
    explorer = ErrorExplorer(run, tones)
    explorer.cells["low", "high"].click()
    assert len(explorer.players.children) == MAX_PLAYERS
    assert "12 clips" in explorer.message.text and f"the {MAX_PLAYERS} most confident" in explorer.message.text
    label, player = explorer.players.children[0].children
    first = clips_in_cell(run.side("test"), "low", "high").iloc[0]
    assert first["track"] in label.text and f"{first['start']:.1f} s" in label.text
    assert f"{first['probability']:.2f}" in label.text
    assert len(player.value) == 44 + 2 * 66_150  # a WAV of 3 s


@pytest.mark.parametrize("count", [1, MAX_PLAYERS, MAX_PLAYERS + 1])
def test_the_heading_says_so_where_clips_are_left_out(run, tones, count):
    table = run.predictions
    few = table[table["label"] == "low"].head(count)
    explorer = ErrorExplorer(replace(run, predictions=pd.concat([few, table[table["label"] == "high"]])), tones)
    explorer.cells["low", "high"].click()
    assert len(explorer.players.children) == min(count, MAX_PLAYERS)
    assert ("most confident" in explorer.message.text) == (count > MAX_PLAYERS)


def test_another_cell_replaces_what_was_shown(run, tones):
    tracks = tones.tracks.assign(title="<i>Song</i>", artist="Someone")
    explorer = ErrorExplorer(run, replace(tones, tracks=tracks))
    explorer.cells["low", "high"].click()
    explorer.cells["high", "high"].click()
    assert explorer.message.text.startswith("high correctly recognised: 12 clips")
    labels = [row.children[0] for row in explorer.players.children]
    assert all(label.text.startswith("<i>Song</i> by Someone · high") for label in labels)
    assert not any("<i>" in label.value for label in labels)


def test_a_truncated_file_is_reported_and_other_cells_still_play(run, tones, tmp_path):
    soundfile.write(tmp_path / "short.wav", np.zeros(22_050), 22_050)
    paths = tones.tracks["path"].where(tones.tracks["label"] == "high", str(tmp_path / "short.wav"))
    explorer = ErrorExplorer(run, replace(tones, tracks=tones.tracks.assign(path=paths)))
    for cell, alert, players in ((("high", "high"), False, MAX_PLAYERS), (("low", "high"), True, 0)) * 2:
        explorer.cells[cell].click()
        assert ("They can't be played: " in explorer.message.text) == alert
        assert ('role="alert"' in explorer.message.value) == alert
        assert len(explorer.players.children) == players


def test_numbers_are_legible_on_every_shade():
    """By WCAG 2 letters need a contrast of 4.5."""
    for share in np.linspace(0, 1, SHADES):
        style = _style(share)
        dark, light = sorted(map(luminance, (style.button_color, style.text_color)))
        assert (light + 0.05) / (dark + 0.05) >= 4.5, share


def luminance(colour: str) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in mpl.colors.to_rgb(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_class_names_are_escaped(run, tones):
    table = run.predictions.rename(columns={"p_low": "p_<b>"}).replace({"label": {"low": "<b>"}})
    about = run.corpus | {"classes": ["high", "<b>"]}
    explorer = ErrorExplorer(replace(run, corpus=about, predictions=table), tones)
    headings = [widget.value for widget in explorer.children[0].children if type(widget) is ipywidgets.HTML]
    assert len(headings) == 2 and not any("<b>" in heading for heading in headings)
    explorer.cells["<b>", "high"].click()
    assert "<b> taken for high" in explorer.message.text and "<b>" not in explorer.message.value


def test_cells_without_clips_cannot_be_pressed(run, tones):
    explorer = ErrorExplorer(run, tones)
    assert explorer.cells["high", "low"].disabled and not explorer.cells["low", "high"].disabled
    assert explorer.cells["low", "high"].description == "12"
    assert "low taken for high: 12 clips" in explorer.cells["low", "high"].tooltip


def test_another_corpus_is_reported(run, tones):
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
