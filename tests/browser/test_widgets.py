"""Every widget opened once in JupyterLab, and one thing done with each; the other files here do all the rest."""

import re

import pytest

from .driver import cell_output, changed_picture, choose_another, duration, failures, slider

pytestmark = pytest.mark.browser


def test_every_widget_opens_and_answers(page):
    spectrogram = cell_output(page, "SpectrogramExplorer")
    assert changed_picture(page, spectrogram, lambda: slider(spectrogram, "mel bands").press("ArrowLeft"))

    errors = cell_output(page, "ErrorExplorer")
    errors.get_by_role("button").and_(errors.get_by_title("high taken for low")).press("Enter")
    errors.locator("audio").first.wait_for()
    assert duration(page, errors.locator("audio").first) == pytest.approx(3, abs=0.1)

    explanation = cell_output(page, "ExplanationExplorer")
    assert changed_picture(page, explanation, lambda: choose_another(explanation, "Method"), 30)

    laboratory = cell_output(page, "widgets.Laboratory")
    laboratory.get_by_label("Profile").select_option(label="tuned")
    laboratory.get_by_label("Profile").select_option(label="smoke")  # which sets all that other tests have set
    laboratory.get_by_role("button", name="Train").click()
    laboratory.get_by_text("Kept as").wait_for(timeout=120_000)

    song = cell_output(page, "SongExplorer").locator(".mercore-song-1")
    song.locator(".mercore-status", has_text=re.compile(r"windows along the song")).wait_for(timeout=60_000)
    assert duration(page, song.locator("audio")) == pytest.approx(20, abs=0.2)
    assert failures(page) == []
