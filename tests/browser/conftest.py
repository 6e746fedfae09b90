"""A JupyterLab, a headless Chromium and one data folder for all tests here; skipped where there are none."""

import itertools
import os
import shutil

import pytest

from .driver import LabServer, open_notebook, run_all

NUMBERS = itertools.count()  # of notebooks that tests write
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


def _new_page(browser, lab):
    contexts = []

    def open_page():
        context = browser.new_context(base_url=lab.url, viewport={"width": 1400, "height": 1000})
        contexts.append(context)
        context.request.get(f"/lab?token={lab.token}")  # leaves a cookie
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()
    lab.end_kernels()


def _lab_page(new_page, lab):
    def write_and_run(cells: list[str], timeout: float = 180):
        page = new_page()
        open_notebook(page, lab.write_notebook(cells, f"made{next(NUMBERS)}.ipynb"))
        run_all(page, timeout)
        return page

    return write_and_run


@pytest.fixture
def new_page(browser, lab):
    """A function that opens a further empty page, logged in; see `driver.open_notebook`."""
    yield from _new_page(browser, lab)


@pytest.fixture
def lab_page(new_page, lab):
    """A function that writes a notebook of these code cells, opens and runs it, and returns its page."""
    return _lab_page(new_page, lab)


@pytest.fixture(scope="module")
def shared_lab_page(browser, lab):
    """As `lab_page`, for a page that all tests of a module look at: a kernel takes a while to start."""
    for new_page in _new_page(browser, lab):
        yield _lab_page(new_page, lab)
