"""Grading a class: nbgrader runs and marks each submission in a process of its own, under limits, in a sandbox.

What a submission does is done by its kernel. The kernel runs inside bubblewrap where that is available: it sees the
Python environment, this package and its data, all of it read-only, a scratch folder that vanishes, no network and no
other process; not the solutions, the other submissions or the gradebook. Explained in
notebooks/exercises/LECTURERS.md.
"""

import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pandas as pd
import psutil
from nbgrader.api import Gradebook
from nbgrader.preprocessors import Execute
from traitlets import Integer

from mercore import FACTS, PROJECT, UserError, build_dir, corpora, data_dir
from mercore.evaluation.text import plural
from mercore.workbook import assignment

CELL_SECONDS, SUBMISSION_SECONDS = 120, 600
GRACE = 30  # seconds to stop in, for a cell that is interrupted: one that compiles or loads takes a while
MEMORY = 4 * 2**30  # bytes that a process may hold for itself
OUTPUT = 5 * 2**20  # bytes that a cell may print or show; a player of 10 s has 600,000
FILES = 2**28  # bytes that a submission may write, to one file and to its scratch folder
LARGEST = 20 * 2**20  # bytes of a submitted notebook
OF_OUTPUT = {"stream", "display_data", "execute_result", "update_display_data"}
FAILURES = {"DeadKernelError": "its kernel died", "CellTimeoutError": "a cell couldn't be stopped"}


class ExecuteWithLimits(Execute):
    """nbgrader's execution of a notebook, but what a cell prints beyond a limit is dropped as it comes in."""

    most_output = Integer(OUTPUT, help="bytes that a cell may print or show").tag(config=True)

    def preprocess(self, nb, resources=None, **options):
        self.shown = Counter()  # bytes by cell
        return super().preprocess(nb, resources, **options)

    def process_message(self, msg, cell, cell_index):
        """As nbclient's, which keeps everything (its documentation: NotebookClient.process_message)."""
        if msg["msg_type"] in OF_OUTPUT:
            within = self.shown[cell_index] <= self.most_output
            self.shown[cell_index] += len(json.dumps(msg["content"], default=str))
            if not within:
                return None
            if self.shown[cell_index] > self.most_output:
                content = {"name": "stdout", "text": "\n(more output, left out)\n"}
                header = msg["header"] | {"msg_type": "stream"}
                msg = msg | {"msg_type": "stream", "header": header, "content": content}
        return super().process_message(msg, cell, cell_index)


class NotGraded(Exception):
    """Why a submission couldn't be graded."""


@dataclass
class Submission:
    """A student's notebook of one chapter, and what became of it; remark is empty if there was no trouble."""

    student: str
    chapter: str
    path: Path
    graded: bool = False
    remark: str = ""


def grade(
    submissions: str | Path,
    course: Path | None = None,
    cell_seconds: int = CELL_SECONDS,
    seconds: int = SUBMISSION_SECONDS,
    tell: Callable[[str], None] = print,
) -> tuple[Path, list[Submission]]:
    """Grade every submitted notebook, write feedback pages and marks.csv into the course folder; returns that and all.

    submissions: a folder for each student, or files STUDENT_CHAPTER.ipynb, as learning platforms export them.
    course: nbgrader's folder with the gradebook, build/course by default; marks given by hand there are kept.
    Raises UserError if there is nothing to grade, or if the exercises have changed under a gradebook.
    """
    found = find_submissions(Path(submissions).expanduser())
    course = (course or build_dir() / "course").resolve()
    assignment.make_course(course)
    for task in ("genre", "mood"):
        corpora.embedded(task)  # rendered now, as in the sandbox nothing can be written
    isolated = bubblewrap_works()
    if not isolated:
        tell("NOT ISOLATED: bubblewrap isn't available, so what is submitted can read and write what you can")
    blank = {chapter: nbformat.read(path, 4) for chapter, path in assignment.release(course).items()}
    for number, one in enumerate(found, 1):
        try:
            missing = _take(one, course, blank[one.chapter])
            _autograde(one, course, isolated, cell_seconds, seconds)
            one.graded, one.remark = True, f"put back {plural(missing, 'missing cell')}" if missing else ""
        except NotGraded as reason:
            one.remark = f"not graded: {reason}"
        tell(f"{number}/{len(found)} {one.student}, {one.chapter}: {one.remark or 'graded'}")
    return _write_marks(course, found, tell), found


def find_submissions(folder: Path) -> list[Submission]:
    """The notebooks of students below a folder, by student and chapter; links are not followed."""
    if not folder.is_dir():
        raise UserError(f"{folder}: there is no such folder; give one with a folder for each student")
    known, found = assignment.chapters(), {}
    for path in sorted(folder.rglob("*.ipynb")):
        parts = path.relative_to(folder).parts
        chapter = next((name for name in known if path.stem.endswith(name)), None)
        if chapter is None or path.is_symlink() or not path.is_file() or ".ipynb_checkpoints" in parts:
            continue
        student = parts[0] if len(parts) > 1 else path.stem.removesuffix(chapter).strip("_- ")
        found.setdefault((_as_id(student), chapter), path)
    if not found:
        raise UserError(f"{folder}: no notebook of the exercises is in there ({', '.join(known)})")
    return [Submission(student, chapter, path) for (student, chapter), path in found.items()]


def _as_id(name: str) -> str:
    """A student's name without what nbgrader takes for a pattern, or a spreadsheet for a formula."""
    return re.sub(r"[^\w.@-]+|^[-@.]+", "_", name) or "unnamed"


def _take(one: Submission, course: Path, blank) -> int:
    """Copy a submission into the course folder; cells of the exercises that are missing are put back, and counted."""
    target = course / "submitted" / one.student / one.chapter / f"{one.chapter}.ipynb"
    shutil.rmtree(target.parent, ignore_errors=True)
    if one.path.stat().st_size > LARGEST:
        raise NotGraded(f"larger than {LARGEST // 2**20} MB")
    try:
        notebook = nbformat.read(one.path, 4)
        nbformat.validate(notebook)
    except Exception as error:  # nbformat raises many kinds for what isn't a notebook
        raise NotGraded(f"not a notebook ({type(error).__name__})") from error
    missing = put_back(notebook, blank)
    target.parent.mkdir(parents=True)
    nbformat.write(notebook, target)
    return missing


def put_back(notebook, blank) -> int:
    """Insert the marked cells of the blank exercises that a notebook lacks, each after the one before it; how many.

    nbgrader's own `add_missing_cells` fails where the answer before a missing cell is missing too.
    """

    def name(cell) -> str:
        return cell.metadata.get("nbgrader", {}).get("grade_id", "")

    place, count = 0, 0
    for cell in filter(name, blank.cells):
        here = next((i for i, other in enumerate(notebook.cells) if name(other) == name(cell)), None)
        if here is None:
            notebook.cells.insert(place, cell)
            here, count = place, count + 1
        place = here + 1
    return count


def _autograde(one: Submission, course: Path, isolated: bool, cell_seconds: int, seconds: int) -> None:
    """Let nbgrader run and mark a submission."""
    log = course / "logs" / f"{one.student}-{one.chapter}.txt"
    log.parent.mkdir(exist_ok=True)
    # In the system's folder: the path of a socket may have about a hundred letters.
    with tempfile.TemporaryDirectory(prefix="mercore-") as scratch, log.open("w") as to:
        connection = Path(scratch, "kernel", "kernel.json")
        connection.parent.mkdir()
        if isolated:
            _write_kernel(Path(scratch, "kernels", "python3"), sandbox(connection.parent))
        command = [sys.executable, "-m", "nbgrader", "autograde", one.chapter, "--student", one.student, "--force"]
        command += [f"--ExecuteWithLimits.timeout={cell_seconds}", f"--KernelManager.connection_file={connection}"]
        status = _run(command, course, assignment.environment() | {"JUPYTER_PATH": scratch}, to, seconds)
    if status is None:
        raise NotGraded(f"stopped after {seconds} s")
    if status:
        said = log.read_text(encoding="utf-8", errors="replace")
        why = next((words for name, words in FAILURES.items() if name in said), "nbgrader failed")
        raise NotGraded(f"{why}, see {log.relative_to(course)}")


def _run(command: list[str], folder: Path, environment: dict, log, seconds: int) -> int | None:
    """Run a command under the limits; its exit status, or None if it and all that it started had to be killed."""
    process = psutil.Popen(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=_limit
    )
    try:
        return process.wait(seconds)
    except psutil.TimeoutExpired:
        for one in [*process.children(recursive=True), process]:
            one.kill()
        process.wait()
        return None


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILES, FILES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def bubblewrap_works() -> bool:
    """Whether a process can be put into a sandbox here: bubblewrap is installed, and may make namespaces."""
    if not shutil.which("bwrap"):
        return False
    return subprocess.run([*sandbox(Path(tempfile.gettempdir())), "true"], capture_output=True).returncode == 0


def sandbox(connection: Path) -> list[str]:
    """The command, bubblewrap's, before another that is to see no more than a kernel needs; see bwrap(1).

    connection: the folder of the kernel's connection file and sockets, the one place that it shares.
    """
    here = [sys.prefix, sys.base_prefix, PROJECT / "mercore", FACTS, data_dir()]
    read_only = ["/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc", *dict.fromkeys(str(path) for path in here)]
    folders = [word for path in read_only for word in ("--ro-bind-try", path, path)]
    settings = {"PATH": os.environ.get("PATH", ""), "HOME": "/tmp", "MERCORE_DATA": str(data_dir())}
    settings["PYTHONPATH"] = str(PROJECT)  # the package that grades, wherever else one is installed
    settings |= {"LANG": "C.UTF-8", "TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0"}
    variables = [word for name, value in settings.items() for word in ("--setenv", name, value)]
    return [
        *("bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--clearenv", *variables),
        *("--proc", "/proc", "--dev", "/dev", "--size", str(FILES), "--tmpfs", "/tmp", *folders),
        *("--bind", str(connection), str(connection), "--chdir", "/tmp", "--"),
    ]


def _write_kernel(folder: Path, before: list[str]) -> None:
    """A kernel of the name that the exercises ask for, started behind another command."""
    folder.mkdir(parents=True)
    launch = [*before, sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    # Interrupted by a message: a signal would end bubblewrap.
    kernel = {"argv": launch, "display_name": "Python 3", "language": "python", "interrupt_mode": "message"}
    Path(folder, "kernel.json").write_text(json.dumps(kernel), encoding="utf-8")


def _write_marks(course: Path, found: list[Submission], tell: Callable[[str], None]) -> Path:
    """Feedback pages, and a row a student: points and maximum of each chapter, answers to mark by hand, remarks."""
    for chapter in sorted({one.chapter for one in found if one.graded}):
        try:
            assignment.nbgrader(course, "generate_feedback", chapter, "--force")
        except UserError as error:  # of one page; the others are written
            tell(str(error))
    rows: dict[str, dict] = {}
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        for one in found:
            row = rows.setdefault(one.student, {"student": one.student, "by hand": 0, "remarks": []})
            row[one.chapter], row[f"{one.chapter} of"], by_hand = _points(book, one)
            row["by hand"] += by_hand
            row["remarks"] += [f"{one.chapter}: {one.remark}"] if one.remark else []
    table = pd.DataFrame(rows.values())
    table["remarks"] = table["remarks"].str.join("; ")
    last = ["by hand", "remarks"]
    marks = course / "marks.csv"
    table[[*(name for name in table if name not in last), *last]].to_csv(marks, index=False)
    return marks


def _points(book: Gradebook, one: Submission) -> tuple[float, float, int]:
    """Points, the most there are, and how many answers wait for a mark by hand."""
    whole = book.find_assignment(one.chapter).max_score
    if not one.graded:
        return 0.0, whole, 0
    submission = book.find_submission(one.chapter, one.student)
    grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
    # Run again, nbgrader asks for a second look at what has a mark by hand.
    waiting = [grade for grade in grades if grade.needs_manual_grade and grade.manual_score is None]
    return submission.score, whole, len(waiting)
