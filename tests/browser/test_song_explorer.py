"""The song explorer as its user has it: a song of one's own by path and by upload, its ribbon and its player."""

import re

import pytest

from .driver import cell_output, duration, failures, readable, screenshot, use_theme, write_song

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.exhaustive]
DONE = re.compile(r"\d+ windows along the song")


@pytest.fixture
def song(page):
    song = cell_output(page, "SongExplorer").locator(".mercore-song-1")
    song.locator(".mercore-status", has_text=DONE).wait_for(timeout=60_000)
    return song


def upload(page, song, path) -> None:
    with page.expect_file_chooser() as chooser:
        song.get_by_role("button", name="Upload").click()
    chooser.value.set_files(path)


def test_the_title_of_a_file_is_text(page, song):
    song.get_by_text("<script>").first.wait_for()
    assert page.title() != "caught"
    readable(page, song.locator(".mercore-status [role], .mercore-words p, label, button"))


def test_the_player_moves_on_the_ribbon(page, song):
    audio, cursor = song.locator("audio.mercore-audio"), song.locator(".mercore-cursor")
    assert duration(page, audio) == pytest.approx(20, abs=0.2)
    audio.evaluate("audio => { audio.currentTime = 10; }")
    page.wait_for_function("cursor => parseFloat(cursor.style.left) > 50", arg=cursor.element_handle(), timeout=10_000)
    ribbon = song.get_by_role("slider", name=re.compile("Position in"))
    ribbon.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("audio => audio.currentTime > 10.5", arg=audio.element_handle(), timeout=10_000)


def test_an_uploaded_file_is_analysed(page, song, tmp_path):
    write_song(tmp_path / "uploaded.flac", 880)
    upload(page, song, tmp_path / "uploaded.flac")
    song.locator(".mercore-status", has_text="uploaded").filter(has_text=DONE).wait_for(timeout=60_000)
    assert failures(page) == []


def test_a_path_is_analysed_and_what_it_looks_like(lab, page):
    write_song(lab.notebooks / "a song, with spaces.ogg", 440)
    other = cell_output(page, "SongExplorer").locator(".mercore-song-2")
    other.get_by_placeholder("path of an audio file").fill("a song, with spaces.ogg")
    other.get_by_role("button", name="Analyse").click()
    other.locator(".mercore-status", has_text="spaces").filter(has_text=DONE).wait_for(timeout=60_000)
    page.set_viewport_size({"width": 1700, "height": 1900})
    for theme in ("dark", "light"):
        use_theme(page, theme)
        screenshot(cell_output(page, "SongExplorer"), f"song_explorer_{theme}")


def test_a_file_that_is_no_song_is_refused_in_a_sentence(page, song, tmp_path):
    (tmp_path / "song.wav").write_bytes(b"RIFF" + bytes(range(256)) * 40)
    upload(page, song, tmp_path / "song.wav")
    song.locator(".mercore-status", has_text="can't be").wait_for(timeout=20_000)
