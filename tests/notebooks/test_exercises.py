"""The exercises, graded as a class would be: by their solutions, left blank, and with typical wrong answers."""

import re
import runpy
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest

from mercore.workbook import assignment

pytest.importorskip("nbgrader", reason="nbgrader isn't installed: requirements-grading.txt")

from nbgrader.api import Gradebook

from mercore.workbook import grading

WRONG_ANSWERS = Path(__file__).parent / "wrong_answers"
CHAPTERS = assignment.chapters()
KINDS = {"predict", "compute", "build", "listen", "discuss"}
ABOUT = re.compile(r"## (\d\.\d) .+\n\n\*(\w+) · (\d+) minutes? · (\d+) points?\*")
STUBS = {"code": "# your answer here", "markdown": "*Your answer here*"}
DISTINCTIVE = 30  # letters, from which on a line isn't found elsewhere by chance


def source(chapter: str):
    return nbformat.read(assignment.SOURCES / f"{chapter}.ipynb", 4)


def marked(cell) -> dict:
    return cell.metadata.get("nbgrader", {"grade": False, "solution": False, "grade_id": ""})


def wrong_answers(chapter: str) -> dict[str, list[tuple[str, str, int]]]:
    """By exercise: what is wrong, the answer, and the points that it keeps."""
    return runpy.run_path(str(WRONG_ANSWERS / f"{chapter}.py"))["WRONG"]


def auto_graded(notebook) -> dict[str, int]:
    """Points of each exercise that is graded by running it."""
    points: dict[str, int] = {}
    for cell in notebook.cells:
        if marked(cell)["grade"] and cell.cell_type == "code":
            exercise = re.sub(r"-test(-\d+)?$", "", marked(cell)["grade_id"])
            points[exercise] = points.get(exercise, 0) + marked(cell)["points"]
    return points


def regions(notebook, name: str) -> list[str]:
    """The texts between BEGIN and END of a name, in all cells."""
    pattern = re.compile(rf"^.*BEGIN {name}.*\n((?:.*\n)*?)^.*END {name}", re.MULTILINE)
    return [text for cell in notebook.cells for text in pattern.findall(cell.source)]


# What can be told by reading


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_each_exercise_says_its_kind_its_minutes_and_its_points(chapter):
    notebook = source(chapter)
    about = [match.groups() for cell in notebook.cells if (match := ABOUT.match(cell.source))]
    headings = sum(cell.source.startswith("## ") for cell in notebook.cells)
    assert 3 <= len(about) == headings <= 6
    assert [number for number, *_ in about] == [f"{int(chapter[:2])}.{i + 1}" for i in range(len(about))]
    assert {kind for _, kind, *_ in about} <= KINDS
    points = sum(marked(cell)["points"] for cell in notebook.cells if marked(cell)["grade"])
    assert sum(int(points) for *_, points in about) == points
    assert f" {points} points" in " ".join(notebook.cells[0].source.split())


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_each_auto_graded_exercise_has_two_typical_wrong_answers(chapter):
    answers = wrong_answers(chapter)
    assert set(answers) == set(auto_graded(source(chapter)))
    assert all(len(wrong) >= 2 for wrong in answers.values())


def test_every_notebook_from_01_to_09_has_exercises():
    assert sorted(path.stem for path in assignment.NOTEBOOKS.glob("0[1-9]_*.ipynb")) == CHAPTERS


# What the grader says


def answered(chapter: str, student: str):
    """The source as a student hands it in: solved, blank, or with the n-th wrong answer to each exercise."""
    notebook = source(chapter)
    for cell in notebook.cells:
        if marked(cell)["solution"] and student != "solved":
            wrong = wrong_answers(chapter).get(marked(cell)["grade_id"], [])
            n = int(student[-1]) if student.startswith("wrong") else len(wrong)
            stub = STUBS[cell.cell_type]
            blank = re.sub(r"(?m)^( *)### BEGIN SOLUTION\n(.*\n)*? *### END SOLUTION", rf"\1{stub}", cell.source)
            cell.source = wrong[n][1] if n < len(wrong) else blank
    return notebook


def students(chapter: str) -> list[str]:
    most = max(len(wrong) for wrong in wrong_answers(chapter).values())
    return ["solved", "blank", *(f"wrong{n}" for n in range(most))]


@pytest.fixture(scope="session")
def courses(tmp_path_factory, composed_music) -> dict[str, Path]:
    """A graded course folder for each chapter; two courses at a time."""
    root = tmp_path_factory.mktemp("exercises")

    def grade(chapters: list[str]) -> dict[str, Path]:
        submissions, course = root / f"submissions-{chapters[0]}", root / f"course-{chapters[0]}"
        for chapter in chapters:
            for student in students(chapter):
                path = submissions / student / f"{chapter}.ipynb"
                path.parent.mkdir(parents=True, exist_ok=True)
                nbformat.write(answered(chapter, student), path)
        _, found = grading.grade(submissions, course)
        assert [one.remark for one in found if one.remark] == []
        return dict.fromkeys(chapters, course)

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(2) as pool:
        patch.setenv("MERCORE_DATA", str(composed_music))
        halves = list(pool.map(grade, filter(None, [CHAPTERS[0::2], CHAPTERS[1::2]])))
    return {chapter: course for half in halves for chapter, course in half.items()}


def earned(course: Path, chapter: str, student: str) -> dict[str, float]:
    """Points by exercise, of those graded by running."""
    points: dict[str, float] = {}
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        for grade in book.find_submission_notebook(chapter, chapter, student).grades:
            if grade.cell_type == "code":
                exercise = re.sub(r"-test(-\d+)?$", "", grade.name)
                points[exercise] = points.get(exercise, 0) + grade.auto_score
    return points


@pytest.mark.exhaustive
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_solutions_earn_full_marks(courses, chapter):
    assert earned(courses[chapter], chapter, "solved") == auto_graded(source(chapter))


@pytest.mark.exhaustive
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_blank_notebook_earns_nothing_and_shows_no_traceback(courses, chapter):
    assert sum(earned(courses[chapter], chapter, "blank").values()) == 0
    path = courses[chapter] / "autograded" / "blank" / chapter / f"{chapter}.ipynb"
    for cell in nbformat.read(path, 4).cells:
        assert not [out for out in cell.get("outputs", []) if out.output_type == "error"], cell.source


@pytest.mark.exhaustive
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_wrong_answers_lose_the_marks_they_should(courses, chapter):
    for exercise, wrong in wrong_answers(chapter).items():
        for n, (what, _, keeps) in enumerate(wrong):
            assert earned(courses[chapter], chapter, f"wrong{n}")[exercise] == keeps, f"{exercise}: {what}"


@pytest.mark.exhaustive
def test_the_feedback_page_tells_of_a_check_but_not_how_it_is_hidden(courses):
    page = (courses["01_data"] / "feedback" / "wrong0" / "01_data" / "01_data.html").read_text(encoding="utf-8")
    assert "each piece is in its quadrant" in page
    assert "HIDDEN TESTS" not in page
    assert "blues.00000  blues  Otis" in page and "&lt;thead" not in page  # a table is text, not a heap of tags


# What students get


@pytest.fixture(scope="session")
def archive(tmp_path_factory) -> Path:
    return assignment.make_archive(tmp_path_factory.mktemp("archive"))


def texts(archive: Path) -> dict[str, str]:
    with zipfile.ZipFile(archive) as opened:
        return {name: opened.read(name).decode(errors="replace") for name in opened.namelist()}


@pytest.mark.slow
def test_the_archive_has_the_workbook_and_blank_exercises_but_no_sources(archive):
    names = {name.partition("/")[2] for name in texts(archive)}
    assert {
        "README.md",
        "requirements.txt",
        "Makefile",
        "mercore/corpora/clips.py",
        "notebooks/01_data.ipynb",
    } <= names
    assert {f"notebooks/exercises/{chapter}.ipynb" for chapter in CHAPTERS} <= names
    assert not [name for name in names if "source" in name.split("/") or name.startswith(("tests/", ".git/"))]
    assert "notebooks/exercises/LECTURERS.md" not in names


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_exercises_have_no_settings_so_that_a_mark_means_the_same_for_all(chapter):
    assert not [cell for cell in source(chapter).cells if "parameters" in cell.metadata.get("tags", [])]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_cells_are_short_enough_to_read_aloud(chapter):
    for cell in source(chapter).cells:
        if cell.cell_type == "code":
            assert len(cell.source.splitlines()) <= 25, marked(cell)["grade_id"]


@pytest.mark.slow
def test_no_text_of_a_solution_or_a_hidden_test_is_in_the_archive(archive):
    everything = {name: set(map(str.strip, re.split(r"\\n|\n", text))) for name, text in texts(archive).items()}
    for chapter in CHAPTERS:
        hidden = regions(source(chapter), "SOLUTION") + regions(source(chapter), "HIDDEN TESTS")
        assert hidden
        lines = {line.strip() for text in hidden for line in text.splitlines()}
        escaped = {line.replace('"', '\\"') for line in lines if len(line) >= DISTINCTIVE}
        for name, there in everything.items():
            plain = {line.strip('", ') for line in there} | there
            leaked = plain & (escaped | {line for line in lines if len(line) >= DISTINCTIVE})
            assert not leaked, f"{name} shows what exercises {chapter} hide: {leaked}"


@pytest.mark.slow
def test_no_short_answer_is_in_the_blank_exercises(archive):
    top = archive.stem
    for chapter in CHAPTERS:
        blank = nbformat.reads(texts(archive)[f"{top}/notebooks/exercises/{chapter}.ipynb"], 4)
        assert not regions(blank, "SOLUTION") + regions(blank, "HIDDEN TESTS")
        for cell, full in zip(blank.cells, source(chapter).cells, strict=True):
            assert "SOLUTION" not in cell.source and "HIDDEN" not in cell.source
            if marked(full)["solution"] and full.cell_type == "code":
                assert "# your answer here" in cell.source
            assert not cell.get("outputs")


@pytest.mark.slow
def test_the_same_files_give_the_same_bytes(archive, tmp_path):
    again = assignment.make_archive(tmp_path)
    assert again.name == archive.name and again.read_bytes() == archive.read_bytes()


@pytest.mark.slow
def test_a_new_edition_leaves_the_answers_to_an_older_one(archive, tmp_path, monkeypatch):
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(tmp_path)
    answer = tmp_path / archive.stem / "notebooks" / "exercises" / "01_data.ipynb"
    answer.write_text("my answers", encoding="utf-8")
    monkeypatch.setattr(assignment, "KEPT_BACK", (*assignment.KEPT_BACK, "CITATION.cff"))
    blank = {chapter: answer.with_name(f"{chapter}.ipynb") for chapter in CHAPTERS}
    monkeypatch.setattr(assignment, "release", lambda course: blank)  # they are the same
    edition = assignment.make_archive(tmp_path)
    assert edition.name != archive.name
    with zipfile.ZipFile(edition) as opened:
        opened.extractall(tmp_path)
    assert answer.read_text(encoding="utf-8") == "my answers"


def test_without_nbgrader_the_commands_say_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(assignment, "find_spec", lambda name: None)
    with pytest.raises(assignment.UserError, match=r"requirements-grading\.txt"):
        assignment.make_archive(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_exercises_is_refused_in_a_sentence(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "mercore", "grade", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2 and "no notebook of the exercises" in done.stderr
    assert "Traceback" not in done.stderr
