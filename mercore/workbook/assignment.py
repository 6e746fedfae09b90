"""Make the students' archive: the workbook and blank exercises, without solutions and hidden tests.

nbgrader blanks the exercises. Explained in notebooks/exercises/LECTURERS.md.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

from mercore import PROJECT, UserError, build_dir
from mercore._files import atomic_directory, translate_write_errors
from mercore.workbook.runner import NOTEBOOKS

EXERCISES = NOTEBOOKS / "exercises"
SOURCES = EXERCISES / "source"
# tests/ has wrong answers with their marks, notebooks/exercises the sources and what lecturers want to know.
KEPT_BACK = (".ci/", ".github/", "tests/", "notebooks/exercises/", "CONTRIBUTING.md", "CHANGELOG.md")
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date of a zip: the same files give the same bytes


def chapters() -> list[str]:
    """Return the notebooks with exercises, such as "01_data"."""
    return sorted(path.stem for path in SOURCES.glob("*.ipynb"))


def make_course(folder: Path) -> None:
    """Make nbgrader's course folder: its configuration and the sources, as assignments of one notebook."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(EXERCISES / "nbgrader_config.py", folder)
    for chapter in chapters():
        (folder / "source" / chapter).mkdir(parents=True, exist_ok=True)
        shutil.copy(SOURCES / f"{chapter}.ipynb", folder / "source" / chapter)


def require_nbgrader() -> None:
    """Raise UserError where nbgrader isn't installed, or the system can't set limits."""
    if not find_spec("nbgrader"):
        raise UserError("nbgrader isn't installed: .venv/bin/python -m pip install -r requirements-grading.txt")
    if not find_spec("resource"):
        raise UserError("grading needs resource limits: use Linux, macOS, or Linux in Windows (WSL)")


def run_nbgrader(course: Path, *arguments: str) -> None:
    """Run a command of nbgrader in a course folder; raise UserError with its last lines if it fails."""
    require_nbgrader()
    command = [sys.executable, "-m", "nbgrader", *arguments]
    done = subprocess.run(command, cwd=course, env=environment(), capture_output=True, text=True)
    if done.returncode:
        last = "\n".join(done.stderr.strip().splitlines()[-5:])
        raise UserError(f"nbgrader {arguments[0]} failed in {course}:\n{last}")


def environment() -> dict[str, str]:
    """Return the environment of nbgrader, which looks for its helper alembic on the path."""
    return os.environ | {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])}


def release(course: Path) -> dict[str, Path]:
    """Let nbgrader make the blank notebook of each chapter and note it in the gradebook; return their paths."""
    run_nbgrader(course, "generate_assignment", "*", "--force")
    return {chapter: course / "release" / chapter / f"{chapter}.ipynb" for chapter in chapters()}


def make_archive(folder: Path | None = None) -> Path:
    """Write mercore-coursework-EDITION.zip into `folder` (build/ by default) and return its path.

    EDITION is a digest of all that is in it, and everything lies in a folder of that name: another edition never
    overwrites a student's answers to this one. The same files give the same bytes.
    """
    folder = folder or build_dir()
    with translate_write_errors(folder), atomic_directory(folder) as scratch:
        make_course(scratch / "course")
        blank = {f"notebooks/exercises/{name}.ipynb": path for name, path in release(scratch / "course").items()}
        files = {name: PROJECT / name for name in _files_to_hand_out()} | blank
        contents = {name: path.read_bytes() for name, path in sorted(files.items())}
        digest = hashlib.sha256(b"".join(name.encode() + b"\0" + data for name, data in contents.items()))
        edition = f"mercore-coursework-{digest.hexdigest()[:8]}"
        with zipfile.ZipFile(scratch / "archive.zip", "w") as archive:
            for name, data in contents.items():
                info = zipfile.ZipInfo(f"{edition}/{name}", EPOCH)
                info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
                archive.writestr(info, data)
        return (scratch / "archive.zip").replace(folder / f"{edition}.zip")


def _files_to_hand_out() -> list[str]:
    """Return the names of the project's committed files that students get."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, encoding="utf-8")
    names = [name for name in listing.stdout.split("\0") if name and (PROJECT / name).is_file()]
    if not names:
        raise UserError(f"{PROJECT}: the archive is made of the files that git knows; clone the project with git")
    return [name for name in names if not name.startswith(KEPT_BACK)]
