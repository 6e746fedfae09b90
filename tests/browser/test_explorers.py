"""The explorers of 02_features and 07_results, looked at, heard and moved as by their user."""

import pytest

from .driver import cell_output, changed_picture, duration, readable, screenshot, slider, use_theme

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.exhaustive]


@pytest.fixture
def spectrogram(page):
    output = cell_output(page, "SpectrogramExplorer")
    output.locator("img").wait_for()
    return output


@pytest.fixture
def errors(page):
    return cell_output(page, "ErrorExplorer")


def test_a_moved_control_changes_the_picture_and_the_sound_plays(page, spectrogram):
    output = spectrogram
    assert duration(page, output.locator("audio").first) == pytest.approx(30, abs=0.1)
    for label in ("window", "hop", "mel bands", "range"):
        assert changed_picture(page, output, lambda label=label: slider(output, label).press("ArrowRight")), label
        assert changed_picture(page, output, lambda label=label: slider(output, label).press("ArrowLeft")), label
    for scale in ("log", "linear", "mel"):
        assert changed_picture(page, output, output.get_by_role("button", name=scale, exact=True).click), scale
    assert changed_picture(page, output, lambda: output.get_by_label("track").select_option(index=2))


def test_what_cannot_work_is_refused_in_a_sentence(page, spectrogram):
    output = spectrogram
    before = output.locator("img").get_attribute("src")
    slider(output, "hop").press("End")
    sentence = output.get_by_text("is longer than the window")
    sentence.wait_for()
    assert output.locator("img").get_attribute("src") == before
    assert sentence.evaluate("e => e.scrollWidth <= e.clientWidth && e.getBoundingClientRect().right < innerWidth")
    readable(page, sentence)
    screenshot(output, "spectrogram_refused")
    for _ in range(3):
        slider(output, "hop").press("ArrowLeft")
    sentence.wait_for(state="detached")


def test_what_is_left_can_be_heard(page, spectrogram):
    output = spectrogram
    output.get_by_role("button", name="Compute what is left").click()
    output.get_by_text("mel bands leave of it").wait_for(timeout=120_000)
    assert duration(page, output.locator("audio").nth(1)) == pytest.approx(30, abs=0.1)


def test_the_keyboard_alone_reaches_and_moves_everything(page, spectrogram):
    """Tab from the list of tracks down to the player; on the way everything is moved by keys."""
    output, press = spectrogram, page.keyboard.press

    def choose_another():
        for key in ("Enter", "ArrowUp", "Enter"):
            press(key)

    output.get_by_label("track").focus()
    assert changed_picture(page, output, choose_another)
    sliders, buttons = 0, 0
    for _ in range(25):
        press("Tab")
        focused = page.evaluate("document.activeElement.tagName + ' ' + document.activeElement.className")
        if "noUi-handle" in focused:
            sliders += 1
            moved = any(
                changed_picture(page, output, lambda key=key: press(key), 3) for key in ("ArrowRight", "ArrowLeft")
            )
            assert moved, sliders
        if "widget-toggle-button" in focused and buttons < 3:
            buttons += 1
            if buttons == 2:  # the first is chosen already; back to it, or there would be no mel bands to move
                assert changed_picture(page, output, lambda: press("Enter"))
                press("Shift+Tab")
                assert changed_picture(page, output, lambda: press("Enter"))
                press("Tab")
        if focused.startswith("AUDIO"):
            break
    assert (sliders, buttons) == (6, 3)
    assert focused.startswith("AUDIO")


def test_the_spectrogram_is_readable_in_both_themes(page, spectrogram):
    output = spectrogram
    readable(page, output.locator(".widget-label, .widget-html-content > div, .widget-readout, select, button"))
    for theme in ("light", "dark"):
        use_theme(page, theme)
        screenshot(output, f"spectrogram_{theme}")


def test_a_cell_of_the_confusion_matrix_can_be_heard(page, errors):
    output = errors
    output.get_by_role("button").and_(output.get_by_title("high taken for low")).press("Enter")
    output.get_by_text("high taken for low: ").wait_for()
    players = output.locator("audio")
    players.first.wait_for()
    assert 1 <= players.count() <= 6
    assert duration(page, players.first) == pytest.approx(3, abs=0.1)
    readable(page, output.locator(".widget-label, .widget-html-content > div, button:enabled"))
    for theme in ("light", "dark"):
        use_theme(page, theme)
        screenshot(output, f"errors_{theme}")
