"""Grade a class: nbgrader runs and marks each submission in a process of its own, under limits, in a sandbox.

The kernel of a submission runs inside bubblewrap where that is available: it sees the Python environment, this package
and its data, read-only, and a scratch folder that vanishes; no network, no other process, no solutions, no other
submissions and no gradebook. Explained in notebooks/exercises/LECTURERS.md.
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
from mercore.workbook import assignment

CELL_SECONDS, SUBMISSION_SECONDS = 120, 600
GRACE = 30  # seconds that an interrupted cell has to stop in: one that compiles or loads takes a while
MAX_MEMORY = 4 * 2**30  # bytes that a process may allocate
MAX_OUTPUT = 5 * 2**20  # bytes that a cell may print or show; a player of 10 s has 600,000
MAX_FILES = 2**28  # bytes that a submission may write, to one file and to its scratch folder
MAX_NOTEBOOK = 20 * 2**20  # bytes of a submitted notebook
OUTPUT_MESSAGES = {"stream", "display_data", "execute_result", "update_display_data"}
FAILURES = {"DeadKernelError": "its kernel died", "CellTimeoutError": "a cell couldn't be stopped"}


class ExecuteWithLimits(Execute):
    """nbgrader's execution of a notebook, which drops what a cell prints beyond a limit as it comes in."""

    max_output = Integer(MAX_OUTPUT, help="bytes that a cell may print or show").tag(config=True)

    def preprocess(self, nb, resources=None, **options):
        """Execute a notebook; nbgrader calls this."""
        self.printed = Counter()  # bytes by cell
        return super().preprocess(nb, resources, **options)

    def process_message(self, msg, cell, cell_index):
        """Handle a message of the kernel; nbclient calls this and would keep everything."""
        if msg["msg_type"] in OUTPUT_MESSAGES:
            before = self.printed[cell_index]
            self.printed[cell_index] += len(json.dumps(msg["content"], default=str))
            if before > self.max_output:
                return None
            if self.printed[cell_index] > self.max_output:
                content = {"name": "stdout", "text": "\n(more output, left out)\n"}
                msg = msg | {
                    "msg_type": "stream",
                    "header": msg["header"] | {"msg_type": "stream"},
                    "content": content,
                }
        return super().process_message(msg, cell, cell_index)


class NotGraded(Exception):
    """The reason why a submission couldn't be graded."""


@dataclass
class Submission:
    """A student's notebook of one chapter; remark is empty if there was no trouble."""

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
    report: Callable[[str], None] = print,
) -> tuple[Path, list[Submission]]:
    """Grade every submitted notebook; write marks.csv and feedback pages into nbgrader's course folder.

    Args:
        submissions: A folder for each student, or files STUDENT_CHAPTER.ipynb, as learning platforms export them.
        course: The folder with the gradebook, build/course by default; marks given by hand there are kept.
        cell_seconds: What a cell may take.
        seconds: What a submission may take.
        report: Called with a line for each submission.

    Returns:
        The path of marks.csv, and the submissions.
    """
    found = find_submissions(Path(submissions).expanduser())
    course = (course or build_dir() / "course").resolve()
    assignment.make_course(course)
    for task in ("genre", "mood"):
        corpora.open_corpus("embedded", task)  # rendered now, as nothing can be written in the sandbox
    isolated = bubblewrap_works()
    if not isolated:
        report("NOT ISOLATED: bubblewrap isn't available, so submissions run with your permissions")
    blank = {chapter: nbformat.read(path, 4) for chapter, path in assignment.release(course).items()}
    for number, one in enumerate(found, 1):
        try:
            missing = _import_submission(one, course, blank[one.chapter])
            _autograde(one, course, isolated, cell_seconds, seconds)
            one.graded, one.remark = True, f"restored missing cells: {missing}" if missing else ""
        except NotGraded as reason:
            one.remark = f"not graded: {reason}"
        report(f"{number}/{len(found)} {one.student}, {one.chapter}: {one.remark or 'graded'}")
    for chapter in sorted({one.chapter for one in found if one.graded}):
        try:
            assignment.run_nbgrader(course, "generate_feedback", chapter, "--force")
        except UserError as error:  # about one page; the others are written
            report(str(error))
    return _write_marks(course, found), found


def find_submissions(folder: Path) -> list[Submission]:
    """Return the notebooks of students below a folder, by student and chapter; links are not followed."""
    if not folder.is_dir():
        raise UserError(f"{folder}: there is no such folder; name one with a folder for each student")
    known = assignment.chapters()
    found: dict[tuple[str, str], Path] = {}
    for path in sorted(folder.rglob("*.ipynb")):
        parts = path.relative_to(folder).parts
        chapter = next((name for name in known if path.stem.endswith(name)), None)
        if chapter is None or path.is_symlink() or not path.is_file() or ".ipynb_checkpoints" in parts:
            continue
        student = parts[0] if len(parts) > 1 else path.stem.removesuffix(chapter).strip("_- ")
        found.setdefault((student_id(student), chapter), path)
    if not found:
        raise UserError(f"{folder}: there is no notebook of the exercises in it ({', '.join(known)})")
    return [Submission(student, chapter, path) for (student, chapter), path in found.items()]


def student_id(name: str) -> str:
    """Return a student's name without what nbgrader takes for a pattern, or a spreadsheet for a formula."""
    return re.sub(r"[^\w.@-]+|^[-@.]+", "_", name) or "unnamed"


def _import_submission(one: Submission, course: Path, blank) -> int:
    """Copy a submission into the course folder; return how many missing cells of the exercises were restored."""
    target = course / "submitted" / one.student / one.chapter / f"{one.chapter}.ipynb"
    shutil.rmtree(target.parent, ignore_errors=True)
    if one.path.stat().st_size > MAX_NOTEBOOK:
        raise NotGraded(f"larger than {MAX_NOTEBOOK // 2**20} MB")
    try:
        notebook = nbformat.read(one.path, 4)
        nbformat.validate(notebook)
    except Exception as error:  # nbformat raises many kinds for what isn't a notebook
        raise NotGraded(f"not a notebook ({type(error).__name__})") from error
    missing = restore_missing_cells(notebook, blank)
    target.parent.mkdir(parents=True)
    nbformat.write(notebook, target)
    return missing


def restore_missing_cells(notebook, blank) -> int:
    """Insert the exercises' cells that a notebook lacks, each after the one before it; return how many.

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
        text = log.read_text(encoding="utf-8", errors="replace")
        reason = next((words for name, words in FAILURES.items() if name in text), "nbgrader failed")
        raise NotGraded(f"{reason}, see {log.relative_to(course)}")


def _run(command: list[str], folder: Path, environment: dict, log, seconds: int) -> int | None:
    """Run a command under the limits; return its exit status, or None if it and its children had to be killed."""
    options = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, "preexec_fn": _set_limits}
    process = psutil.Popen(command, cwd=folder, env=environment, **options)
    try:
        return process.wait(seconds)
    except psutil.TimeoutExpired:
        for one in [*process.children(recursive=True), process]:
            one.kill()
        process.wait()
        return None


def _set_limits() -> None:
    limits = {resource.RLIMIT_DATA: MAX_MEMORY, resource.RLIMIT_FSIZE: MAX_FILES, resource.RLIMIT_CORE: 0}
    for name, limit in limits.items():
        resource.setrlimit(name, (limit, limit))


def bubblewrap_works() -> bool:
    """Return whether a process can be put into a sandbox: bubblewrap is installed, and may make namespaces."""
    command = [*sandbox(Path(tempfile.gettempdir())), "true"]
    return bool(shutil.which("bwrap")) and subprocess.run(command, capture_output=True).returncode == 0


def sandbox(connection: Path) -> list[str]:
    """Return the words of bubblewrap before a command that is to see no more than a kernel needs; see bwrap(1).

    Args:
        connection: The folder of the kernel's connection file and sockets, the one place that it shares.
    """
    own = [sys.prefix, sys.base_prefix, PROJECT / "mercore", FACTS, data_dir()]
    read_only = ["/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc", *dict.fromkeys(str(path) for path in own)]
    folders = [word for path in read_only for word in ("--ro-bind-try", path, path)]
    settings = {"PATH": os.environ.get("PATH", ""), "HOME": "/tmp", "MERCORE_DATA": str(data_dir())}
    settings["PYTHONPATH"] = str(PROJECT)  # the package that grades, wherever else one is installed
    settings |= {"LANG": "C.UTF-8", "TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0"}
    variables = [word for name, value in settings.items() for word in ("--setenv", name, value)]
    return [
        *("bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--clearenv", *variables),
        *("--proc", "/proc", "--dev", "/dev", "--size", str(MAX_FILES), "--tmpfs", "/tmp", *folders),
        *("--bind", str(connection), str(connection), "--chdir", "/tmp", "--"),
    ]


def _write_kernel(folder: Path, before: list[str]) -> None:
    """Write a kernel of the name that the exercises ask for, started behind another command."""
    folder.mkdir(parents=True)
    launch = [*before, sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    # Interrupted by a message: a signal would end bubblewrap.
    kernel = {"argv": launch, "display_name": "Python 3", "language": "python", "interrupt_mode": "message"}
    (folder / "kernel.json").write_text(json.dumps(kernel), encoding="utf-8")


def _write_marks(course: Path, submissions: list[Submission]) -> Path:
    """Write a row for each student: points and maximum of each chapter, answers to mark by hand, remarks."""
    rows: dict[str, dict] = {}
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        for one in submissions:
            row = rows.setdefault(one.student, {"student": one.student, "by hand": 0, "remarks": []})
            row[one.chapter], row[f"{one.chapter} of"], by_hand = _points(book, one)
            row["by hand"] += by_hand
            row["remarks"] += [f"{one.chapter}: {one.remark}"] if one.remark else []
    table = pd.DataFrame(rows.values())
    table["remarks"] = table["remarks"].str.join("; ")
    last = ["by hand", "remarks"]
    table[[*table.columns.drop(last), *last]].to_csv(course / "marks.csv", index=False)
    return course / "marks.csv"


def _points(book: Gradebook, one: Submission) -> tuple[float, float, int]:
    """Return points, the maximum, and how many answers wait for a mark by hand."""
    most = book.find_assignment(one.chapter).max_score
    if not one.graded:
        return 0.0, most, 0
    submission = book.find_submission(one.chapter, one.student)
    grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
    # When run again, nbgrader asks for a second look at what has a mark by hand.
    waiting = [grade for grade in grades if grade.needs_manual_grade and grade.manual_score is None]
    return submission.score, most, len(waiting)
