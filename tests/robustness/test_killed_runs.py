"""A run of the notebooks that is killed, twice, and then one beside another: all is whole, the results are the same.

A small notebook stands for all of them, as the suite is to be quick; benchmarks/kill_figures.py kills the whole of
`make figures` as often as one likes.
"""

import random
import sys
import time

import nbformat
import numpy as np
import pytest
import run_integrity
import soundfile
from nbformat.v4 import new_code_cell, new_notebook

START = """
import sys
from pathlib import Path
from mercore import __main__
from mercore.workbook import runner
runner.NOTEBOOKS = Path(sys.argv[1])
sys.exit(__main__.main(["figures", *sys.argv[2:]]))
"""
SETTINGS = 'GENRE = ""  # music\nMOOD = ""  # other music\nPROFILE = "smoke"  # how much\nSEED = 0  # of all'
TRAIN = """
from mercore import corpora, plots, training
corpus = corpora.open_corpus(GENRE, "genre")
run = training.train(corpus, "conv", PROFILE, "track", SEED)
fig, ax = plots.new_figure(4, 3)
ax.plot(run.history["loss"].tolist() * 2, marker="o")
plots.save(fig, "small", plots.Provenance(run.corpus["name"], "track", seed=SEED))
plots.save_table(run.predictions, "small_table")
"""
MOMENTS = random.Random()  # other ones each time; where one fails, its seconds are told


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    """Two folders of music in two classes each, six tracks of 4 s a class."""
    root, rng = tmp_path_factory.mktemp("music"), np.random.default_rng(0)
    t = np.arange(4 * 22_050) / 22_050
    for task in ("genre", "mood"):
        for label, hertz in (("low", 220), ("high", 1760)):
            (root / task / label).mkdir(parents=True)
            for n in range(6):
                y = 0.3 * np.sin(2 * np.pi * hertz * (1 + n / 50) * t) + 0.02 * rng.normal(size=len(t))
                soundfile.write(root / task / label / f"{label}{n}.wav", y, 22_050)
    return root


@pytest.fixture
def place(tmp_path, music):
    """A function that starts the small notebook in a folder of this name, and that folder's data and build."""
    notebooks = tmp_path / "notebooks"
    notebooks.mkdir()
    cells = [new_code_cell(SETTINGS, metadata={"tags": ["parameters"]}), new_code_cell(TRAIN)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(new_notebook(cells=cells, metadata=kernel), notebooks / "00_small.ipynb")
    words = [f"GENRE={music / 'genre'}", f"MOOD={music / 'mood'}", "PROFILE=smoke"]

    def of(name: str):
        data, build, log = (tmp_path / name / part for part in ("data", "build", "log.txt"))
        data.mkdir(parents=True, exist_ok=True)
        places = {"MERCORE_DATA": str(data), "MERCORE_BUILD": str(build)}
        command = (sys.executable, "-c", START, str(notebooks))
        return lambda *before: run_integrity.start(words, places, log, (*before, *command)), data, build, log

    return of


@pytest.mark.slow
def test_next_run_completes_and_all_files_are_complete(place):
    begin, data, build, log = place("undisturbed")
    started = time.monotonic()
    assert begin(*run_integrity.without_network()).wait() == 0, log.read_text()[-2000:]
    whole, expected = time.monotonic() - started, run_integrity.checksum_results(data, build)
    assert run_integrity.find_incomplete_files(data, build) == [] and len(expected) == 2  # of a training, and a table

    begin, data, build, log = place("killed")
    for alone in (True, False):
        moment = MOMENTS.uniform(0, 0.9 * whole)
        process = begin()
        time.sleep(moment)
        left = run_integrity.kill(process, alone)
        assert not left, f"{left} left after the kill at {moment:.1f} of {whole:.1f} s"
    one, other = begin(), begin()  # two at once, in one folder
    assert one.wait() == 0 and other.wait() == 0, f"after {moment:.1f} of {whole:.1f} s: {log.read_text()[-2000:]}"
    assert run_integrity.find_incomplete_files(data, build) == []
    found = run_integrity.checksum_results(data, build)
    # What both have trained at the same time is there twice, as name and name.2.
    assert {name.removesuffix(".2"): value for name, value in found.items()} == expected
    assert all(found[name] == expected[name.removesuffix(".2")] for name in found)
