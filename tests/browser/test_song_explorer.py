"""The song explorer as its user has it: a song of one's own by path and by upload, its ribbon and its player."""

import re

import numpy as np
import pytest
import soundfile

from .driver import cell_output, failures, screenshot, use_theme
from .test_explorers import duration, readable

pytestmark = pytest.mark.browser

EXPLORER = """
from mercore import models, songs, widgets
song = songs.open_song("own.wav")
run = models.load("mood_4q")
widgets.SongExplorer({"mood": run}, song)
"""
DONE = re.compile(r"\d+ windows along the song")


def write_song(path, hertz: float, title: str = "", seconds: int = 20) -> None:
    t = np.arange(seconds * 22_050) / 22_050
    with soundfile.SoundFile(path, "w", 22_050, 1) as file:
        if title:
            file.title = title
        file.write(0.3 * np.sin(2 * np.pi * hertz * t) * (t % 0.5 < 0.3))


@pytest.fixture(scope="module")
def page(lab, shared_lab_page):
    write_song(lab.notebooks / "own.wav", 220, "<script>document.title = 'caught'</script>")
    page = shared_lab_page([EXPLORER])
    assert failures(page) == []
    return page


@pytest.fixture
def seat(page):
    seat = cell_output(page, "SongExplorer").locator(".mercore-seat-1")
    seat.locator(".mercore-status", has_text=DONE).wait_for(timeout=60_000)
    return seat


def upload(page, seat, path) -> None:
    with page.expect_file_chooser() as chooser:
        seat.get_by_role("button", name="Upload").click()
    chooser.value.set_files(path)


def test_the_title_of_a_file_is_text(page, seat):
    seat.get_by_text("<script>").first.wait_for()
    assert page.title() != "caught"
    readable(page, seat.locator(".mercore-status [role], .mercore-words p, label, button"))


def test_the_player_moves_on_the_ribbon(page, seat):
    audio, cursor = seat.locator("audio.mercore-audio"), seat.locator(".mercore-cursor")
    assert duration(page, audio) == pytest.approx(20, abs=0.2)
    audio.evaluate("audio => { audio.currentTime = 10; }")
    page.wait_for_function("cursor => parseFloat(cursor.style.left) > 50", arg=cursor.element_handle(), timeout=10_000)
    ribbon = seat.get_by_role("slider", name=re.compile("Position in"))
    ribbon.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("audio => audio.currentTime > 10.5", arg=audio.element_handle(), timeout=10_000)


def test_an_uploaded_file_is_analysed(page, seat, tmp_path):
    write_song(tmp_path / "uploaded.flac", 880)
    upload(page, seat, tmp_path / "uploaded.flac")
    seat.locator(".mercore-status", has_text="uploaded").filter(has_text=DONE).wait_for(timeout=60_000)
    assert failures(page) == []


def test_a_path_is_analysed_and_what_it_looks_like(lab, page):
    write_song(lab.notebooks / "a song, with spaces.ogg", 440)
    other = cell_output(page, "SongExplorer").locator(".mercore-seat-2")
    other.get_by_placeholder("path of an audio file").fill("a song, with spaces.ogg")
    other.get_by_role("button", name="Analyse").click()
    other.locator(".mercore-status", has_text="spaces").filter(has_text=DONE).wait_for(timeout=60_000)
    page.set_viewport_size({"width": 1700, "height": 1900})
    for theme in ("dark", "light"):
        use_theme(page, theme)
        screenshot(cell_output(page, "SongExplorer"), f"song_explorer_{theme}")


def test_a_file_that_is_no_song_is_refused_in_a_sentence(page, seat, tmp_path):
    (tmp_path / "song.wav").write_bytes(b"RIFF" + bytes(range(256)) * 40)
    upload(page, seat, tmp_path / "song.wav")
    seat.locator(".mercore-status", has_text="can't be").wait_for(timeout=20_000)
