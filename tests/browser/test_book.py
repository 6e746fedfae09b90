"""The book's pages, opened as files by a browser that has no network."""

import pytest
from booklet import write


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return write(tmp_path_factory.mktemp("book")).parent


@pytest.fixture
def page(browser):
    """An offline page; what its console says, and what it asks the network for, must be nothing."""
    context = browser.new_context(offline=True, viewport={"width": 1200, "height": 900})
    page, told = context.new_page(), []
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on(
        "request", lambda request: None if request.url.startswith(("file:", "data:")) else told.append(request.url)
    )
    page.on("requestfailed", lambda request: told.append(request.url))
    yield page
    context.close()
    assert told == []


@pytest.mark.browser
@pytest.mark.parametrize(("name", "seconds", "formulas"), [("01_data", 1.5, 2), ("02_features", 0.5, 2)])
def test_a_page_plays_and_shows_its_formulas(page, site, name, seconds, formulas):
    page.goto((site / f"{name}.html").as_uri())
    page.wait_for_function("document.querySelector('audio').duration > 0", timeout=10_000)
    assert page.evaluate("document.querySelector('audio').duration") == pytest.approx(seconds, abs=0.1)
    sizes = page.eval_on_selector_all(
        "math", "all => all.map(m => m.getBoundingClientRect()).map(r => [r.width, r.height])"
    )
    assert len(sizes) == formulas and all(width > 5 and height > 5 for width, height in sizes)
    assert page.eval_on_selector_all("img", "all => all.every(image => image.naturalWidth > 0)")


@pytest.mark.browser
def test_from_page_to_page_and_to_a_term(page, site):
    page.goto((site / "index.html").as_uri())
    page.locator("nav.contents").get_by_role("link", name="1 · The data").click()
    page.get_by_role("link", name="GRU", exact=True).click()
    assert page.url.endswith("glossary.html#GRU-(gated-recurrent-unit)")
    page.set_viewport_size({"width": 360, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.browser
def test_the_keyboard_skips_the_contents(page, site):
    page.goto((site / "01_data.html").as_uri())
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "text"
