"""JupyterLab as its user has it: notebooks opened, run and read through a browser.

    open_notebook(page, lab.write_notebook(["from mercore import widgets", "widgets.Panel(...)"], "panel.ipynb"))
    run_all(page)
    cell_output(page, "widgets.Panel").get_by_label("window").select_option("512")

`page` is Playwright's; JupyterLab's own application object is reached as `window.jupyterapp`.
"""

import json
import os
import re
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import soundfile
from playwright.sync_api import TimeoutError

from mercore import PROJECT

SETTINGS = {  # of JupyterLab, by the file that keeps them
    # All cells in the page, not only those near the screen.
    "notebook-extension/tracker": {"windowingMode": "none"},
    # The theme follows the browser's colour scheme, see `use_theme`.
    "apputils-extension/themes": {"adaptive-theme": True},
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}
RAN = "window.mercoreRan === true"
IDLE = "window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"


class LabServer:
    """JupyterLab on a free port of this machine, with folders of its own below `root` and none of the user's."""

    def __init__(self, root: Path, environment: dict[str, str]):
        self.token, self.notebooks = secrets.token_hex(16), root / "notebooks"
        self.data = Path(environment["MERCORE_DATA"])
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        own = {f"JUPYTER_{name}_DIR": str(root / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
        own |= {f"JUPYTERLAB_{name}_DIR": str(root / name.lower()) for name in ("SETTINGS", "WORKSPACES")}
        environment = os.environ | environment | own | {"IPYTHONDIR": str(root / "ipython")}
        environment.pop("MPLBACKEND", None)  # of the tests; a notebook's figures need the kernel's own
        # The kernel of this environment, of which execution.use_own_kernel tells, and this very checkout.
        environment["JUPYTER_PATH"] = str(Path(sys.prefix) / "share" / "jupyter")
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, (str(PROJECT), os.environ.get("PYTHONPATH"))))
        for name, values in SETTINGS.items():
            file = root / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(values), "utf-8")
        self.notebooks.mkdir(parents=True, exist_ok=True)
        options = [
            f"--ServerApp.port={port}",
            "--ServerApp.port_retries=0",
            "--ServerApp.ip=127.0.0.1",
            f"--ServerApp.root_dir={self.notebooks}",
            f"--IdentityProvider.token={self.token}",
            "--LabApp.expose_app_in_browser=True",
            "--no-browser",
            "--allow-root",
        ]
        self.log = root / "server.log"
        with self.log.open("wb") as log:
            command = [sys.executable, "-m", "jupyterlab", *options]
            self.process = subprocess.Popen(command, env=environment, cwd=root, stdout=log, stderr=log)
        self._wait()

    def _wait(self, seconds: float = 90) -> None:
        end = time.time() + seconds
        while time.time() < end and self.process.poll() is None:
            try:
                return self.request("GET", "/api/status")
            except (urllib.error.URLError, OSError):
                time.sleep(0.3)
        self.close()
        raise RuntimeError(f"JupyterLab didn't start:\n{self.log.read_text('utf-8', 'replace')[-3000:]}")

    def request(self, method: str, path: str):
        """What the server's REST API answers."""
        asked = urllib.request.Request(
            self.url + path, method=method, headers={"Authorization": f"token {self.token}"}
        )
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return json.loads(answer.read() or "null")

    def end_kernels(self, name: str = "") -> None:
        """Give back the memory of the notebook of this file name, or of all."""
        for session in self.request("GET", "/api/sessions"):
            if name in ("", session["path"]):
                self.request("DELETE", f"/api/sessions/{session['id']}")

    def close(self) -> None:
        self.process.terminate()  # which ends the kernels, too
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def copy_notebook(self, path: Path, **parameters) -> str:
        """A notebook of the workbook with other parameters, in the server's folder; returns its file name."""
        notebook = json.loads(path.read_text("utf-8"))
        cell = next(c for c in notebook["cells"] if "parameters" in c["metadata"].get("tags", []))
        source = "".join(cell["source"])
        for name, value in parameters.items():
            source = re.sub(rf"^{name} = .*$", f"{name} = {value!r}", source, flags=re.MULTILINE)
        cell["source"] = source
        (self.notebooks / path.name).write_text(json.dumps(notebook), "utf-8")
        return path.name

    def write_notebook(self, cells: list[str], name: str) -> str:
        """A notebook of these code cells in the server's folder; returns its file name."""
        import nbformat

        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(notebook, self.notebooks / name)
        return name


def open_notebook(page, name: str, timeout: float = 60) -> None:
    """Open a notebook of the server's folder alone, in a workspace of its own, and wait for its kernel."""
    page.goto(f"/lab/workspaces/{secrets.token_hex(4)}/tree/{name}")
    page.wait_for_function(IDLE, timeout=1000 * timeout)


def start_all(page) -> None:
    """Run All Cells, without waiting for them."""
    page.evaluate(
        """() => {
            window.mercoreRan = false;
            const done = () => { window.mercoreRan = true; };
            window.jupyterapp.commands.execute('notebook:run-all-cells').then(done, done);
        }"""
    )


def run_all(page, timeout: float = 180) -> float:
    """Run All Cells; returns the seconds until the last, or the first that failed, was done."""
    started = time.perf_counter()
    start_all(page)
    page.wait_for_function(RAN, timeout=1000 * timeout)
    page.wait_for_function(IDLE, timeout=1000 * timeout)
    return time.perf_counter() - started


def has_run(page) -> bool:
    return page.evaluate(RAN)


def failures(page) -> list[str]:
    """What went wrong in the notebook that is open: errors, tracebacks, cells that weren't run, broken widgets."""
    page.wait_for_function(  # views of widgets come a moment after the cell is done
        "!document.querySelector('.jp-Notebook').innerText.includes('Loading widget')", timeout=20_000
    )
    found = page.evaluate(
        """() => {
            const found = [];
            const cells = window.jupyterapp.shell.currentWidget.content.model.sharedModel.toJSON().cells;
            cells.forEach((cell, i) => {
                if (cell.cell_type !== 'code') return;
                const source = [cell.source].flat().join('');
                if (source.trim() && cell.execution_count === null) found.push(`cell ${i} wasn't run`);
                for (const output of cell.outputs) {
                    if (output.output_type === 'error') found.push(`cell ${i}: ${output.ename}: ${output.evalue}`);
                    const text = output.output_type === 'stream' ? [output.text].flat().join('') : '';
                    if (text.includes('Traceback (most recent')) found.push(`cell ${i}: ${text.slice(-500)}`);
                }
            });
            return found;
        }"""
    )
    broken = page.locator(".jp-Notebook").get_by_text("Error displaying widget").count()
    return found + [f"{broken} widgets aren't displayed"] * bool(broken)


def cell_output(page, text: str):
    """Where the output of the first code cell that has `text` in its source is shown: a Playwright locator."""
    cells = page.locator(".jp-CodeCell")
    return cells.filter(has=page.locator(".jp-InputArea", has_text=text)).first.locator(".jp-Cell-outputArea")


def use_theme(page, theme: str) -> None:
    """Switch JupyterLab to its "light" or "dark" theme."""
    page.emulate_media(color_scheme=theme)
    wanted = "true" if theme == "light" else "false"
    page.wait_for_selector(f"body[data-jp-theme-light='{wanted}']", state="attached", timeout=20_000)
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")  # it is drawn anew


def contrasts(elements) -> list[tuple[str, float]]:
    """Return the text of each element and its contrast to what is behind it, WCAG 2's ratio from 1 to 21.

    elements: a Playwright locator of any number of elements; those without text are left out.
    """
    found = elements.evaluate_all(
        """elements => elements.filter(element => element.innerText.trim()).map(element => {
            const parse = colour => {
                const canvas = document.createElement('canvas').getContext('2d');
                canvas.fillStyle = colour;
                canvas.fillRect(0, 0, 1, 1);
                return [...canvas.getImageData(0, 0, 1, 1).data];
            };
            const mix = (over, under) => [0, 1, 2].map(
                i => under[i] + (over[i] - under[i]) * over[3] / 255);
            const above = [];
            for (let e = element; e; e = e.parentElement) above.unshift(e);
            let under = [255, 255, 255];
            for (const e of above) under = mix(parse(getComputedStyle(e).backgroundColor), under);
            const opacity = above.reduce((o, e) => o * parseFloat(getComputedStyle(e).opacity), 1);
            const ink = parse(getComputedStyle(element).color);
            ink[3] *= opacity;
            return [element.innerText, mix(ink, under), under];
        })"""
    )
    return [(words, _ratio(_luminance(text), _luminance(background))) for words, text, background in found]


def _ratio(*luminances: float) -> float:
    return (max(luminances) + 0.05) / (min(luminances) + 0.05)


def _luminance(colour: list[float]) -> float:
    """Relative luminance by WCAG 2 of red, green, blue from 0 to 255."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (c / 255 for c in colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def screenshot(locator, name: str) -> None:
    """Save what a part of the page looks like below $MERCORE_SCREENSHOTS, where that is set."""
    if folder := os.environ.get("MERCORE_SCREENSHOTS"):
        locator.screenshot(path=Path(folder) / f"{name}.png")


def readable(page, texts, least: float = 4.5) -> None:
    """Assert that every text of a locator stands out from its background in both themes."""
    for theme in ("light", "dark"):
        use_theme(page, theme)
        assert [(words, ratio) for words, ratio in contrasts(texts) if ratio < least] == [], theme


def changed_picture(page, output, act, seconds: float = 10) -> bool:
    """Whether the picture is another one soon after `act`."""
    image = output.locator("img").element_handle()
    before = image.evaluate("img => img.src")
    act()
    try:
        page.wait_for_function("([img, src]) => img.src !== src", arg=[image, before], timeout=1000 * seconds)
    except TimeoutError:
        return False
    return True


def duration(page, audio) -> float:
    """Seconds that a player would play, once the browser has read so far."""
    handle = audio.element_handle()
    page.wait_for_function("audio => audio.readyState >= 1", arg=handle, timeout=20_000)
    return handle.evaluate("audio => audio.duration")


def slider(output, label: str):
    """The handle of the slider so called."""
    row = output.locator(".widget-hslider", has=output.page.locator(".widget-label", has_text=label))
    return row.locator(".noUi-handle")


def choose_another(output, label: str) -> None:
    """Choose the last entry of the list so called or, if it is chosen, the first."""
    choice = output.get_by_label(label, exact=True)
    at, entries = choice.evaluate("list => [list.selectedIndex, list.options.length]")
    assert entries > 1
    choice.select_option(index=entries - 1 if at < entries - 1 else 0)


def write_song(path: Path, hertz: float, title: str = "", seconds: int = 20) -> None:
    """Write a song of beeps in the format of the file's ending."""
    t = np.arange(seconds * 22_050) / 22_050
    with soundfile.SoundFile(path, "w", 22_050, 1) as file:
        if title:
            file.title = title
        file.write(0.3 * np.sin(2 * np.pi * hertz * t) * (t % 0.5 < 0.3))
