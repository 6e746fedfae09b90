"""A small class hands in notebook 01: a right answer, a wrong one, one that hangs and a hostile one."""

import csv

import nbformat
import pytest

pytest.importorskip("nbgrader", reason="nbgrader isn't installed: requirements-grading.txt")

from test_class import ACQUAINTED, CELL_SECONDS, CHAPTER, FULL, HOSTILE, SECONDS, with_answer, write_outside
from test_exercises import answered

from mercore.workbook import grading


@pytest.mark.slow
def test_each_of_a_small_class_gets_what_it_earned(tmp_path, composed_music, monkeypatch):
    monkeypatch.setenv("MERCORE_DATA", str(composed_music))
    outside = tmp_path / "outside.txt"
    class_ = {
        "right": (answered(CHAPTER, "solved"), FULL),
        "wrong": (answered(CHAPTER, "wrong0"), 0),
        "hangs": (with_answer("acquainted", HOSTILE["loop"]), FULL - ACQUAINTED),
        "hostile": (with_answer("acquainted", write_outside(outside)), FULL - ACQUAINTED),
    }
    for student, (notebook, _) in class_.items():
        (tmp_path / "submissions" / student).mkdir(parents=True)
        nbformat.write(notebook, tmp_path / "submissions" / student / f"{CHAPTER}.ipynb")
    lines: list[str] = []
    marks, submissions = grading.grade(
        tmp_path / "submissions", tmp_path / "course", CELL_SECONDS, SECONDS, lines.append
    )
    assert [(one.graded, one.remark) for one in submissions] == [(True, "")] * 4
    with marks.open(encoding="utf-8", newline="") as file:
        assert {row["student"]: float(row[CHAPTER]) for row in csv.DictReader(file)} == {
            student: points for student, (_, points) in class_.items()
        }
    pages = sorted(path.parent.parent.name for path in (tmp_path / "course" / "feedback").rglob("*.html"))
    assert pages == sorted(class_)
    if grading.bubblewrap_works():
        assert not outside.exists()
    else:
        assert lines[0].startswith("NOT ISOLATED")
