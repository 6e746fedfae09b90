"""The laboratory as its user has it: settings refused, trained, stopped, compared, by mouse and by keyboard."""

import re

import pytest

from mercore import training

from .driver import IDLE, cell_output, failures, readable, screenshot, slider, use_theme

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.exhaustive]


@pytest.fixture
def laboratory(page):
    output = cell_output(page, "widgets.Laboratory")
    output.get_by_role("button", name="Train").wait_for()
    return output


def when_enabled(page, button) -> None:
    page.wait_for_function("b => !b.disabled", arg=button.element_handle(), timeout=60_000)


def epochs_of(laboratory):
    return laboratory.locator(".widget-hslider", has_text="Epochs").locator(".widget-readout")


def set_epochs(page, laboratory, number: int) -> None:
    """By its readout, which takes typed numbers."""
    readout = epochs_of(laboratory)
    readout.click()
    page.keyboard.press("Control+a")
    page.keyboard.type(str(number))
    page.keyboard.press("Enter")


def test_a_setting_that_cannot_work_is_refused(page, laboratory):
    train = laboratory.get_by_role("button", name="Train")
    laboratory.get_by_label("Units").select_option(label="32")
    sentence = laboratory.get_by_text("has no units to set")
    sentence.wait_for()
    assert train.is_disabled()
    readable(page, sentence)
    screenshot(laboratory, "laboratory_refused")
    laboratory.get_by_label("Units").select_option(label="as the profile")
    sentence.wait_for(state="detached")
    when_enabled(page, train)


def test_a_seed_below_zero_is_refused_as_it_was_typed(page, laboratory):
    seed, train = laboratory.get_by_label("Seed"), laboratory.get_by_role("button", name="Train")
    for typed, refused in (("-1", True), ("3", False), ("4294967296", True), ("0", False)):
        seed.fill(typed)
        seed.press("Enter")
        laboratory.get_by_text("can't be a seed").wait_for(state="visible" if refused else "detached")
        assert train.is_disabled() == refused and seed.input_value() == typed


def test_train_trains_and_reports(page, laboratory):
    set_epochs(page, laboratory, 2)
    laboratory.get_by_role("button", name="Train").click()
    laboratory.get_by_text("Done. Kept as").wait_for(timeout=120_000)
    laboratory.get_by_text("test clips from").wait_for()
    laboratory.locator("img:visible").nth(2).wait_for()  # curves, confusion matrix, comparison
    laboratory.locator(".mercore-runs tbody tr").first.wait_for()
    assert failures(page) == []


def test_stop_stops_and_the_kernel_is_free_meanwhile(page, laboratory):
    laboratory.get_by_label("Network").select_option(label="Bidirectional GRU")
    laboratory.get_by_label("Profile").select_option(label="tuned")  # which has the most patience
    epochs_of(laboratory).get_by_text(str(training.profile("tuned").epochs), exact=True).wait_for()
    set_epochs(page, laboratory, 60)
    laboratory.get_by_role("button", name="Train").click()
    laboratory.locator("[role=status]", has_text=re.compile(r"Epoch \d")).wait_for(timeout=120_000)
    answer = page.locator(".jp-CodeCell", has_text="1 + 1")
    answer.locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    page.wait_for_function(IDLE, timeout=20_000)
    assert laboratory.get_by_role("button", name="Stop").is_enabled()
    laboratory.get_by_role("button", name="Stop").click()
    laboratory.get_by_text("Stopped after").wait_for(timeout=30_000)
    laboratory.locator(".mercore-runs tbody tr").nth(1).wait_for()
    assert "2" in answer.locator(".jp-OutputArea-output").inner_text()


def test_the_same_training_as_a_command(page, laboratory):
    laboratory.get_by_role("button", name="As a command").click()
    code = laboratory.locator("textarea")
    code.wait_for()
    assert "papermill 10_laboratory.ipynb" in code.input_value() and "training.train(" in code.input_value()


def tab_to(page, button: str) -> None:
    for _ in range(40):
        page.keyboard.press("Tab")
        focused = page.evaluate("[document.activeElement.tagName, document.activeElement.innerText]")
        if focused[0] == "BUTTON" and button in focused[1]:
            return
    raise AssertionError(f"Tab never reached {button}")


def test_the_keyboard_alone_sets_trains_and_stops(page, laboratory):
    when_enabled(page, laboratory.get_by_role("button", name="Train"))  # the one before has been shown in full
    laboratory.get_by_label("Seed").focus()
    page.keyboard.type("1")  # a training that isn't known yet
    slider(laboratory, "Batch").focus()
    page.keyboard.press("ArrowLeft")
    tab_to(page, "Train")
    page.keyboard.press("Enter")
    when_enabled(page, laboratory.get_by_role("button", name="Stop"))
    tab_to(page, "Stop")
    page.keyboard.press("Enter")
    when_enabled(page, laboratory.get_by_role("button", name="Train"))
    assert re.search("[Ss]topped", laboratory.get_by_role("status").inner_text())


def test_it_is_readable_in_both_themes(page, laboratory):
    laboratory.get_by_label("Network").select_option(label="Convolutional")
    readable(page, laboratory.locator(".widget-label, .widget-html-content > *, .widget-readout, select, th, td"))
    page.set_viewport_size({"width": 1400, "height": 2600})
    for theme in ("dark", "light"):
        use_theme(page, theme)
        screenshot(laboratory, f"laboratory_{theme}")
