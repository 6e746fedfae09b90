"""A class of thirty hands in notebook 01: correct, partial, blank, broken and hostile; each gets what it earned."""

import copy
import csv
import hashlib
import json
import os
from pathlib import Path

import nbformat
import pytest

from mercore.workbook import assignment

pytest.importorskip("nbgrader", reason="nbgrader isn't installed: requirements-grading.txt")

from nbgrader.api import Gradebook
from test_exercises import answered, marked

from mercore.workbook import grading

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive]

CHAPTER, FULL, ACQUAINTED = "01_data", 9, 2  # points graded by running, and those of the exercise that is spoilt
CELL_SECONDS, SECONDS = 15, 90
HOSTILE = {
    "loop": "while True:\n    pass",
    "flood": "while True:\n    print('x' * 10_000)",
    "hoarder": "import numpy as np\nmine = np.ones(10**10)",
    "bomb": "import tempfile\nbig = tempfile.TemporaryFile()\nwhile True:\n    big.write(bytes(10**7))",
    "shouter": "import sys\nprint('to err is human', file=sys.stderr)\nraise SystemExit(3)",
}
# It isn't enough to catch what an interrupt raises: it may be raised where nothing catches it.
STUBBORN = "import signal\n\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True:\n    pass"


def with_answer(exercise: str, code: str):
    notebook = answered(CHAPTER, "solved")
    for cell in notebook.cells:
        if marked(cell)["grade_id"] == exercise:
            cell.source = code
    return notebook


def without(*ids: str):
    notebook = answered(CHAPTER, "solved")
    notebook.cells = [cell for cell in notebook.cells if marked(cell)["grade_id"] not in ids]
    return notebook


def tampered():
    """The tests replaced by nothing but a claim of full marks."""
    notebook = answered(CHAPTER, "blank")
    for cell in notebook.cells:
        if marked(cell)["grade"] and cell.cell_type == "code":
            cell.source = str(marked(cell)["points"])
    return notebook


def write_outside(canary: Path) -> str:
    there = [str(canary), str(assignment.SOURCES / "stolen.txt"), str(assignment.PROJECT / "mercore" / "stolen.py")]
    return (
        f"for path in {there!r}:\n    try:\n        open(path, 'w').write('was here')\n"
        "    except OSError as error:\n        print(error)\n"
    )


def read_secrets() -> str:
    there = [str(assignment.SOURCES), str(Path(__file__).parents[1])]
    return f"import os\nfor path in {there!r}:\n    if os.path.isdir(path):\n        print('FOUND', os.listdir(path))"


def hand_in(folder: Path, canary: Path) -> dict[str, float | None]:
    """Write thirty submissions; by student, the points that running them earns, None for what can't be graded."""
    earns: dict[str, float | None] = {}

    def put(student: str, notebook, points: float | None) -> None:
        path = folder / student / f"{CHAPTER}.ipynb"
        path.parent.mkdir(parents=True)
        if isinstance(notebook, str):
            path.write_text(notebook, encoding="utf-8")
        else:
            nbformat.write(notebook, path)
        earns[student] = points

    for i in range(6):
        put(f"correct{i}", answered(CHAPTER, "solved"), FULL)
    for i in range(4):
        put(f"partial{i}", with_answer("acquainted", "share_acquainted = None"), FULL - ACQUAINTED)
    for i in range(2):
        put(f"blank{i}", answered(CHAPTER, "blank"), 0)
        put(f"wrong{i}", answered(CHAPTER, f"wrong{i}"), 0)
    for name, code in HOSTILE.items():
        put(name, with_answer("acquainted", code), FULL - ACQUAINTED)
    put("writer", with_answer("acquainted", write_outside(canary)), FULL - ACQUAINTED)
    put("reader", with_answer("acquainted", read_secrets()), FULL - ACQUAINTED)
    put("deleted tests", without("acquainted-test", "plane-test"), FULL)
    put("deleted exercise", without("acquainted", "acquainted-test"), FULL - ACQUAINTED)
    put("deleted setup", without("cell-1"), FULL)
    put("tampered", tampered(), 0)
    put("=formula()", answered(CHAPTER, "solved"), FULL)
    put("stubborn", with_answer("acquainted", STUBBORN), None)
    put("killer", with_answer("acquainted", "import os\nos._exit(0)"), None)
    put("not json", "{", None)
    put("not a notebook", json.dumps({"cells": 1, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}), None)
    return earns


def digests(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def graded(tmp_path_factory, composed_music):
    root = tmp_path_factory.mktemp("class")
    canary = root / "canary.txt"
    earns = hand_in(root / "submissions", canary)
    (root / "submissions" / "link").mkdir()
    os.symlink(assignment.SOURCES / f"{CHAPTER}.ipynb", root / "submissions" / "link" / f"{CHAPTER}.ipynb")
    before = digests(assignment.NOTEBOOKS) | digests(assignment.PROJECT / "mercore")
    told: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MERCORE_DATA", str(composed_music))
        marks, _ = grading.grade(root / "submissions", root / "course", CELL_SECONDS, SECONDS, told.append)
    after = digests(assignment.NOTEBOOKS) | digests(assignment.PROJECT / "mercore")
    with marks.open(encoding="utf-8", newline="") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    return copy.copy(locals())


def test_thirty_hand_in_and_each_earns_what_it_should(graded):
    assert len(graded["earns"]) == len(graded["rows"]) == 30
    for student, points in graded["earns"].items():
        row = graded["rows"][grading.student_id(student)]
        assert float(row[CHAPTER]) == (points or 0), (student, row)
        assert row["remarks"].startswith(f"{CHAPTER}: not graded") == (points is None), (student, row)


def test_what_is_discussed_waits_for_a_mark_by_hand(graded):
    assert graded["rows"]["correct0"]["by hand"] == "1"
    assert graded["rows"]["blank0"]["by hand"] == "0"


def test_what_has_a_mark_by_hand_waits_no_longer(graded):
    one = grading.Submission("correct1", CHAPTER, Path(), graded=True)
    with Gradebook(f"sqlite:///{graded['root'] / 'course' / 'gradebook.db'}") as book:
        assert grading._points(book, one) == (FULL, 12, 1)
        book.find_grade("confound", CHAPTER, CHAPTER, "correct1").manual_score = 2
        assert grading._points(book, one) == (FULL + 2, 12, 0)
        book.db.rollback()


def test_each_that_was_graded_has_a_page_of_feedback(graded):
    for student, points in graded["earns"].items():
        page = graded["root"] / "course" / "feedback" / grading.student_id(student) / CHAPTER / f"{CHAPTER}.html"
        assert page.is_file() == (points is not None), student


def test_what_was_missing_is_named(graded):
    assert "restored missing cells: 2" in graded["rows"]["deleted_exercise"]["remarks"]
    assert "kernel died" in graded["rows"]["killer"]["remarks"]
    assert "couldn't be stopped" in graded["rows"]["stubborn"]["remarks"]


def test_a_link_to_the_solutions_is_not_followed(graded):
    assert "link" not in graded["rows"]


def test_no_name_is_a_formula_to_a_spreadsheet(graded):
    assert not [name for name in graded["rows"] if name[0] in "=+-@"]


def test_nothing_outside_is_written_and_nothing_hidden_is_read(graded):
    if not grading.bubblewrap_works():
        assert any("NOT ISOLATED" in line for line in graded["told"])
        pytest.skip("no bubblewrap here: submissions aren't isolated, and `grade` says so")
    assert not graded["canary"].exists()
    assert graded["before"] == graded["after"]
    page = graded["root"] / "course" / "autograded" / "reader" / CHAPTER / f"{CHAPTER}.ipynb"
    assert "FOUND" not in page.read_text(encoding="utf-8").replace("print('FOUND'", "")


def test_a_submission_that_is_never_done_is_stopped(tmp_path, composed_music, monkeypatch):
    monkeypatch.setenv("MERCORE_DATA", str(composed_music))
    path = tmp_path / "submissions" / "patient" / f"{CHAPTER}.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(with_answer("acquainted", HOSTILE["loop"]), path)
    marks, found = grading.grade(tmp_path / "submissions", tmp_path / "course", 1000, 10, lambda line: None)
    assert [one.remark for one in found] == ["not graded: stopped after 10 s"]
    assert "stopped after 10 s" in marks.read_text(encoding="utf-8")
