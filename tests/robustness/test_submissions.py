"""Notebooks that are handed in: what isn't one is named, and nothing of it is run. What a proper one may do when it is
run is test_class.py's matter.
"""

import json
import os

import nbformat
import pytest
from corruption import cells, corrupted, emptied, examples
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_notebook

pytest.importorskip("nbgrader", reason="nbgrader isn't installed: requirements-grading.txt")

from mercore import UserError
from mercore.__main__ import main
from mercore.workbook import grading

CHAPTER = "01_data"
MARK = {
    "grade": True,
    "grade_id": "a",
    "locked": True,
    "points": 1,
    "schema_version": 3,
    "solution": False,
    "task": False,
}
BLANK = new_notebook(cells=[new_code_cell("assert answer == 42", metadata={"nbgrader": MARK})])
GOOD = nbformat.writes(BLANK).encode()


@given(data=corrupted(GOOD) | st.binary(max_size=100) | st.sampled_from((b"[" * 10_000, b'{"cells": ' * 10_000)))
@examples(100)
def test_corrupted_submission_is_not_graded(tmp_path, data):
    handed_in = emptied(tmp_path / "handed in") / "ann" / f"{CHAPTER}.ipynb"
    handed_in.parent.mkdir()
    handed_in.write_bytes(data)
    (one,) = grading.find_submissions(tmp_path / "handed in")
    taken = tmp_path / "course" / "submitted" / "ann" / CHAPTER / f"{CHAPTER}.ipynb"
    try:
        grading._import_submission(one, tmp_path / "course", BLANK)
    except grading.NotGraded as reason:
        assert str(reason).startswith("not a notebook") and not taken.exists()
    else:
        nbformat.validate(json.loads(taken.read_text("utf-8")))


def on_a_disk(name: str) -> bool:
    """Whether a file can be called so."""
    return name not in (".", "..") and "/" not in name and "\0" not in name and 0 < len(os.fsencode(name)) < 200


names = cells().filter(lambda name: name.isprintable() and on_a_disk(name))


@given(student=names, flat=st.booleans())
@examples(60)
def test_hostile_student_names_stay_in_the_course_folder(tmp_path, student, flat):
    folder = emptied(tmp_path / "handed in")
    path = folder / f"{student}_{CHAPTER}.ipynb" if flat else folder / student / f"{CHAPTER}.ipynb"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(GOOD)
    course = emptied(tmp_path / "course")
    (one,) = grading.find_submissions(folder)
    grading._import_submission(one, course, BLANK)
    (taken,) = course.rglob("*.ipynb")
    assert taken.parent.parent.parent == course / "submitted" and not one.student.startswith(("-", "=", ".", "@"))


def test_no_folder_named_is_not_this_folder(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["grade", ""]) == 2  # as `make grade` calls it
    assert "make grade SUBMISSIONS=FOLDER" in capsys.readouterr().err


@pytest.mark.parametrize("what", ["a pipe", "a folder", "a link", "an endless device"])
def test_pipes_and_links_are_not_graded(tmp_path, what):
    path = tmp_path / "ann" / f"{CHAPTER}.ipynb"
    path.parent.mkdir()
    if what == "a pipe":
        os.mkfifo(path)
    elif what == "a folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero" if what == "an endless device" else __file__)
    with pytest.raises(UserError, match="no notebook of the exercises"):
        grading.find_submissions(tmp_path)
