"""A JupyterLab, a headless Chromium and one data folder for all tests here; skipped where there are none."""

import os
import shutil

import pytest

from . import cells
from .driver import LabServer, failures, open_notebook, run_all, write_song

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def launch(playwright):
    """The system's Chromium ($MERCORE_CHROMIUM, else on the path), or Playwright's own; None where there is none."""
    found = os.environ.get("MERCORE_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    path = found or playwright.chromium.executable_path
    if not os.path.exists(path):
        return None
    options = ["--mute-audio"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--no-sandbox")  # Chromium's sandbox refuses to run as root
    return playwright.chromium.launch(executable_path=path, args=options)


def new_server(root) -> LabServer:
    """A JupyterLab whose kernels keep music, runs and caches in folders of their own."""
    return LabServer(root, {"MERCORE_DATA": str(root / "mercore"), "MERCORE_BUILD": str(root / "build")})


# Of the package, not of the session: while Playwright is open, nothing else can run an event loop of its own.
@pytest.fixture(scope="package")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright isn't installed")
    with playwright.sync_playwright() as running:
        chromium = launch(running)
        if chromium is None:
            pytest.skip("no Chromium on the path, and Playwright has none (set MERCORE_CHROMIUM)")
        yield chromium
        chromium.close()


@pytest.fixture(scope="package")
def lab(browser, tmp_path_factory):
    server = new_server(tmp_path_factory.mktemp("lab"))
    yield server
    server.close()


@pytest.fixture(scope="package")
def page(browser, lab):
    """One page, and one kernel, with every widget; each test sets the controls that it needs."""
    write_song(lab.notebooks / "own.wav", 220, "<script>document.title = 'caught'</script>")
    context, page = _open_page(browser, lab)
    open_notebook(page, lab.write_notebook(cells.EVERYTHING, "widgets.ipynb"))
    run_all(page)
    assert failures(page) == []
    yield page
    context.close()


def _open_page(browser, lab) -> tuple:
    """A page of its own, logged in, and its context."""
    context = browser.new_context(base_url=lab.url, viewport={"width": 1400, "height": 1000})
    context.request.get(f"/lab?token={lab.token}")  # leaves a cookie
    return context, context.new_page()


@pytest.fixture
def new_page(browser, lab):
    """A function that opens a further empty page, logged in; see `driver.open_notebook`."""
    contexts = []

    def open_page():
        context, page = _open_page(browser, lab)
        contexts.append(context)
        return page

    yield open_page
    for context in contexts:
        context.close()
