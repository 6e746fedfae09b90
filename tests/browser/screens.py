"""The README's pictures of the explorers, as they are in JupyterLab and a headless Chromium.

    python tests/browser/screens.py

Two networks are trained for them. Needs what the other files here need; writes figures/screens.
"""

import re
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from playwright.sync_api import sync_playwright

from browser.conftest import launch, new_server
from browser.driver import cell_output, open_notebook, run_all
from mercore import PROJECT

SIZE = {"width": 1400, "height": 2600}  # all of an explorer at once
CORPUS = """
from mercore import corpora, songs, training, widgets
from mercore.training import pretrained
corpus = corpora.open_corpus("embedded", "genre")
"""
SPECTROGRAM = "widgets.SpectrogramExplorer(corpus)"
LABORATORY = "widgets.Laboratory({'genre': corpus})"
SONGS = """
networks = {"genre": training.train(corpus, "conv", "quick"), "mood": pretrained.load("mood_4q")}
widgets.SongExplorer(networks, *map(songs.open_song, songs.COMPOSED_SONGS))
"""


def resynthesise(explorer) -> None:
    explorer.get_by_role("button", name="Compute what is left").click()
    explorer.get_by_text("mel bands leave of it").wait_for(timeout=120_000)


def train_two(laboratory) -> None:
    for number, network in enumerate(("Convolutional", "Bidirectional GRU"), 1):
        laboratory.get_by_label("Network").select_option(label=network)
        laboratory.locator("button:enabled", has_text="Train").click()
        laboratory.locator(".mercore-runs tbody tr").nth(number - 1).wait_for(timeout=600_000)
    laboratory.locator("button:enabled", has_text="Train").wait_for()


def skip_ahead(explorer) -> None:
    explorer.locator("audio").nth(1).evaluate("audio => { audio.currentTime = 150; }")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        chromium, server = launch(playwright), new_server(Path(folder))
        try:
            context = chromium.new_context(base_url=server.url, viewport=SIZE)
            context.request.get(f"/lab?token={server.token}")
            for name, cell, act in (
                ("spectrogram_explorer", SPECTROGRAM, resynthesise),
                ("laboratory", LABORATORY, train_two),
                ("song_explorer", SONGS, skip_ahead),
            ):
                page = context.new_page()
                open_notebook(page, server.write_notebook([CORPUS, cell], f"{name}.ipynb"))
                run_all(page, 900)
                explorer = cell_output(page, re.search(r"widgets\.\w+", cell)[0]).locator(".mercore-panel")
                act(explorer)
                page.wait_for_timeout(2000)  # until the last picture is there
                explorer.screenshot(path=PROJECT / "figures" / "screens" / f"{name}.png")
                page.close()
                server.end_kernels()
        finally:
            server.close()


if __name__ == "__main__":
    main()
