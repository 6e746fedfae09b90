"""A small book made of small notebooks, as if they had been run: for the tests of the book and of its pages."""

import io
from base64 import b64encode
from pathlib import Path

import nbformat
import numpy as np
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from mercore.plots import style
from mercore.widgets.panel import wav
from mercore.workbook import book

GLOSSARY = """# Glossary

### clip

A piece of a track. See [1](01_data.ipynb#Clips).

### mel-spectrogram

A [spectrogram](#spectrogram) on the mel scale. See [2](02_features.ipynb).

### spectrogram

Levels by time and frequency; nothing about [this](nowhere.ipynb).

### GRU (gated recurrent unit)

One of the [recurrent](02_features.ipynb#Nowhere) networks.
"""
OPENING = """# 1 · The data: what there is

[Contents](00_setup.ipynb) · [2 · Features →](02_features.ipynb)

**Before**: [notebook 2](02_features.ipynb#The-mel-scale), [the exercises](exercises/01_data.ipynb), `a clip` of code.
"""
PROSE = """## Clips

Clips are cut from tracks; a clip is three seconds, $66{,}150$ samples. A GRU reads its mel-spectrogram, another gated
recurrent unit reads clips. [The clip](https://example.org/clip) is elsewhere, [more](#Clips) here.

$$ m(f) = \\begin{cases} 3 f / 200 & f < 1000 \\\\ 15 & f \\ge 1000 \\end{cases} $$
"""
FEATURES = """# 2 · Features

[← 1 · The data](01_data.ipynb) · [Contents](00_setup.ipynb)

## The mel scale

A spectrogram, $\\sum_k a_k$, is drawn for each GRU.
"""


def audio(seconds: float) -> dict:
    """What IPython's Audio leaves in a notebook."""
    source = b64encode(wav(np.sin(np.arange(int(seconds * 22_050)) / 10))).decode()
    element = f'<audio controls="controls"><source src="data:audio/wav;base64,{source}" type="audio/wav"/></audio>'
    return new_output("display_data", {"text/html": element, "text/plain": "<Audio>"})


def picture(alt: str = "", **more) -> dict:
    """What a figure leaves, and with further data a widget; without alt text that of a figure of somebody's own."""
    fig, _ = style.new_figure(2, 1)
    with io.BytesIO() as file:
        fig.savefig(file)
        data = {"image/png": b64encode(file.getvalue()).decode(), "text/plain": "<Figure>"} | more
    return new_output("display_data", data, metadata={"image/png": {"alt": alt}} if alt else {})


def notebook(*cells, **parameters):
    how = {"parameters": parameters, "end_time": "2020-01-01", "exception": None}
    widgets = {"application/vnd.jupyter.widget-state+json": {"state": {"id": {"sound": "x" * 1000}}}}
    return new_notebook(cells=list(cells), metadata={"papermill": how, "widgets": widgets})


def notebooks() -> dict:
    widget = {"application/vnd.jupyter.widget-view+json": {"model_id": "id", "version_major": 2, "version_minor": 0}}
    html = "<b>bold</b><script src='https://example.org/x.js'></script><style scoped>th { text-align: left; }</style>"
    script = new_output("display_data", {"text/html": html})
    log = new_output("stream", name="stderr", text="cuda isn't there")
    said = new_output("display_data", {"text/markdown": "## For\n\nsay $x^2$"})
    data = notebook(
        new_markdown_cell(OPENING),
        new_code_cell("GENRE = 'embedded'  # the corpus", execution_count=1, outputs=[log, script]),
        new_markdown_cell(PROSE),
        new_code_cell("fig", execution_count=2, outputs=[picture("Tracks by artist"), picture(), audio(1.5)]),
        GENRE="/music/GTZAN",
        SEED=0,
    )
    features = notebook(
        new_markdown_cell(FEATURES),
        new_code_cell("explorer", execution_count=1, outputs=[picture("Spectrogram", **widget), said, audio(0.5)]),
    )
    return {"01_data.ipynb": data, "02_features.ipynb": features}


def write(folder: Path, changed: dict | None = None) -> Path:
    """Write the book below `folder`, with some notebooks in the place of its own; its first page."""
    paths = []
    for name, content in (notebooks() | (changed or {})).items():
        paths.append(folder / name)
        nbformat.write(content, paths[-1])
    (folder / "glossary.md").write_text(GLOSSARY, "utf-8")
    return book.write(paths, folder / "build" / "book", folder / "glossary.md")
