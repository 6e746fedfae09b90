"""The explanation explorer of 03_conv, 05_conv_recurrent and 06_end_to_end as its user has it."""

import pytest

from .driver import cell_output, changed_picture, choose_another, duration, failures, readable, screenshot, use_theme

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.exhaustive]


@pytest.fixture
def explorer(page):
    output = cell_output(page, "ExplanationExplorer")
    output.locator("img").wait_for()
    return output


def choose_the_other_class(explorer) -> None:
    """Than the predicted one, which is explained at first."""
    predicted = explorer.get_by_label("Clip", exact=True).evaluate("list => list.selectedOptions[0].label").split()[-1]
    explorer.get_by_label("Explain", exact=True).select_option(label={"low": "high", "high": "low"}[predicted])


def test_a_moved_control_changes_the_picture(page, explorer):
    for label in ("Track", "Clip", "Method"):
        assert changed_picture(page, explorer, lambda label=label: choose_another(explorer, label), 30), label
    explorer.get_by_role("status").get_by_text("Explained by occlusion").wait_for()
    assert changed_picture(page, explorer, lambda: choose_the_other_class(explorer), 30)
    assert failures(page) == []


def test_the_two_seconds_that_mattered_most_are_played(page, explorer):
    whole, best = explorer.locator("audio").all()
    assert duration(page, whole) == pytest.approx(3, abs=0.1)
    assert duration(page, best) == pytest.approx(2, abs=0.1)
    explorer.get_by_text("The two seconds that mattered most", exact=True).wait_for()
    best.focus()
    page.keyboard.press("Space")
    page.wait_for_function("audio => audio.currentTime > 0.5", arg=best.element_handle(), timeout=20_000)


def test_it_is_readable_in_both_themes(page, explorer):
    readable(page, explorer.locator(".widget-label, .widget-html-content > *, .jp-RenderedMarkdown p, select"))
    page.set_viewport_size({"width": 1400, "height": 1600})
    for theme in ("dark", "light"):
        use_theme(page, theme)
        screenshot(explorer, f"explanation_{theme}")
