"""How long it takes from a moved control of the spectrogram explorer to its changed picture, in a browser.

    python tests/benchmarks/spectrogram_latency.py

A track of 30 s of noise and tones in JupyterLab, headless Chromium; each control is moved to and fro by key. Needs
what tests/browser needs. The goal is 500 ms.
"""

import os
import platform
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from browser.cells import CORPUS, SPECTROGRAM
from browser.driver import LabServer, cell_output, open_notebook, run_all, slider
from playwright.sync_api import sync_playwright

MOVES = 6  # of each control
# From the key to the moment at which the new picture has been decoded and can be painted.
WATCH = """(image) => {
    window.moved = undefined;
    window.addEventListener('keydown', () => { window.began = performance.now(); }, {capture: true, once: true});
    new MutationObserver((_, observer) => {
        observer.disconnect();
        image.decode().then(() => { window.moved = performance.now() - window.began; });
    }).observe(image, {attributes: true, attributeFilter: ['src']});
}"""


def milliseconds(page, output, handle, key: str) -> float:
    """Of one move."""
    output.locator("img").evaluate(WATCH)
    handle.press(key)
    page.wait_for_function("window.moved !== undefined", timeout=20_000, polling=20)
    page.wait_for_timeout(300)
    return page.evaluate("window.moved")


def main() -> None:
    path = os.environ.get("MERCORE_CHROMIUM") or shutil.which("chromium")
    root = "--no-sandbox" if hasattr(os, "geteuid") and os.geteuid() == 0 else "--mute-audio"
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = LabServer(Path(folder), {})
        try:
            chromium = playwright.chromium.launch(executable_path=path, args=[root])
            context = chromium.new_context(base_url=server.url, viewport={"width": 1400, "height": 1000})
            context.request.get(f"/lab?token={server.token}")
            page = context.new_page()
            open_notebook(page, server.write_notebook([CORPUS, SPECTROGRAM], "latency.ipynb"))
            run_all(page)
            output = cell_output(page, "SpectrogramExplorer")
            output.locator("img").wait_for()
            everything = []
            for label in ("window", "hop", "mel bands", "range"):
                handle = slider(output, label)
                # The window grows and the hop shrinks, as a hop beyond the window would be refused.
                keys = ("ArrowLeft", "ArrowRight") if label == "hop" else ("ArrowRight", "ArrowLeft")
                took = [milliseconds(page, output, handle, keys[n % 2]) for n in range(MOVES)]
                everything += took
                print(f"{label:10} median {statistics.median(took):4.0f} ms, most {max(took):4.0f} ms")
            print(f"{'all':10} median {statistics.median(everything):4.0f} ms, most {max(everything):4.0f} ms")
            load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
            print(f"{platform.machine()}, {os.cpu_count()} cores{load}, Chromium {chromium.version}")
            chromium.close()
        finally:
            server.close()


if __name__ == "__main__":
    main()
