"""The rules that can be checked of every notebook, and every notebook run headlessly."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from mercore import FACTS, PROJECT, __main__, plots, workbook
from mercore.workbook import execution, runner

NOTEBOOKS = workbook.notebooks()
NAMES = [path.stem for path in NOTEBOOKS]


@pytest.fixture(params=NOTEBOOKS, ids=NAMES)
def notebook(request):
    return request.param


def cells(path: Path, kind: str) -> list[dict]:
    return [cell for cell in json.loads(path.read_text("utf-8"))["cells"] if cell["cell_type"] == kind]


def alts(executed: Path) -> list[str]:
    """The alt text of every picture that an executed notebook's cells have left; empty where there is none."""
    outputs = [output for cell in cells(executed, "code") for output in cell["outputs"]]
    shown = [output for output in outputs if "image/png" in output.get("data", {})]
    return [output["metadata"].get("image/png", {}).get("alt", "") for output in shown]


def test_there_are_eleven_in_order():
    assert [name[:2] for name in NAMES] == [f"{i:02}" for i in range(len(NAMES))]
    assert len(NAMES) == 11


def test_committed_without_outputs(notebook):
    for cell in cells(notebook, "code"):
        assert cell["outputs"] == [] and cell["execution_count"] is None


def test_one_parameters_cell_with_a_comment_on_each(notebook):
    tagged = [c for c in cells(notebook, "code") if "parameters" in c["metadata"].get("tags", [])]
    assert len(tagged) == 1
    for line in filter(str.strip, "".join(tagged[0]["source"]).splitlines()):
        assert re.match(r"[A-Z_0-9]+ = \S.*  # \S", line), line


def test_parameters_mean_the_same_everywhere(notebook):
    for name, default in execution.parameters_of(notebook).items():
        expected = workbook.DEFAULTS.get(name)
        if expected is not None:
            assert str(default).strip("\"'") == str(expected), name


def test_the_shape_a_reader_knows(notebook):
    text = "\n".join("".join(c["source"]) for c in cells(notebook, "markdown"))
    for part in ("After this notebook you can", "**Time**", "**Before**", "## Recap", "xercises"):
        assert part in text, part
    assert "@@" not in text


def test_the_opening_gives_aims_minutes_and_what_to_know(notebook):
    before_code = []
    for cell in json.loads(notebook.read_text("utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            break
        before_code.append("".join(cell["source"]))
    opening = "\n".join(before_code)
    assert opening.startswith("# ")
    aims = opening.partition("**After this notebook you can**")[2].partition("**Time**")[0]
    assert 3 <= len(re.findall(r"^- ", aims, re.MULTILINE)) <= 6
    assert re.search(r"^\*\*Time\*\*: .*minute", opening, re.MULTILINE)
    assert re.search(r"^\*\*Before\*\*: \S", opening, re.MULTILINE)


def test_links_lead_somewhere(notebook):
    for cell in cells(notebook, "markdown"):
        for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", "".join(cell["source"])):
            target = target.replace("exercises/", "exercises/source/")  # in the students' edition: the blank ones
            if not target.startswith(("http://", "https://")):
                assert (notebook.parent / target).exists(), target


def test_cells_are_short_enough_to_read_aloud(notebook):
    for cell in cells(notebook, "code"):
        lines = "".join(cell["source"]).splitlines()
        assert len(lines) <= 25, "\n".join(lines[:3])


def test_every_figure_of_the_report_belongs_to_a_notebook_that_draws_it():
    for row in pd.read_csv(FACTS / "figures.csv").itertuples():
        code = "\n".join("".join(c["source"]) for c in cells(PROJECT / "notebooks" / f"{row.notebook}.ipynb", "code"))
        n = row.number
        saved = rf'plots\.save\(fig, {n},|draw_results\("\w+", {n}\)|draw_song\(\d, "\w+", {n}\)'
        assert re.search(saved, code), row.file


@pytest.mark.slow
def test_all_run_in_smoke_and_draw_every_figure_of_the_report(smoke_run):
    assert sorted(path.stem for path in smoke_run.glob("*.ipynb")) == NAMES
    drawn = {path.name for path in smoke_run.glob("figures/*.png")}
    assert {f"{stem}.png" for stem in pd.read_csv(FACTS / "figures.csv")["file"]} <= drawn


@pytest.mark.slow
def test_every_picture_has_an_alt_text(smoke_run):
    for executed in smoke_run.glob("*.ipynb"):
        for number, alt in enumerate(alts(executed), 1):
            assert len(alt) > 15, f"picture {number} of {executed.name} has no alt text"


@pytest.mark.slow
def test_the_book_is_made_of_what_has_been_run(smoke_run, composed_music, monkeypatch):
    monkeypatch.setenv("MERCORE_DATA", str(composed_music))
    monkeypatch.setenv("MERCORE_BUILD", str(smoke_run.parent))
    monkeypatch.setattr(runner, "_execute", None)  # nothing is to be run again
    assert __main__.main(["book", "PROFILE=smoke"]) == 0
    pages = {path.stem for path in (smoke_run.parent / "book").glob("*.html")}
    assert pages == {*NAMES, "index", "glossary"}


@pytest.mark.slow
def test_the_fault_filtered_split_takes_a_part_of_gtzan(own_folders, real_sample):
    """As README says for the whole: here eight tracks train and two are tested; 4Q is split by default."""
    settings = [f"GENRE={real_sample / 'gtzan'}", f"MOOD={real_sample / '4q'}", "PROTOCOL=fault_filtered"]
    workbook.run([*settings, "PROFILE=smoke", "ONLY=03"])
    confusion = next(own_folders.glob("build/*/figures/fig19_genre_conv_confusion.png"))
    assert "split by fault_filtered" in plots.read_provenance(confusion)["Description"]


@pytest.mark.slow
@pytest.mark.exhaustive
def test_all_run_in_smoke_on_real_music(own_folders, real_sample):
    """Short and odd-rate clips included; two tracks a class, so most sides are nearly empty."""
    workbook.run([f"GENRE={real_sample / 'gtzan'}", f"MOOD={real_sample / '4q'}", "PROFILE=smoke"])
    assert len(list(own_folders.glob("build/*/figures/fig*.png"))) >= 26
