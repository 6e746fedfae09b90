"""What students are given: an archive of the workbook and the blank exercises, without solutions and hidden tests.

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
CONFIG = EXERCISES / "nbgrader_config.py"
# tests/ has wrong answers with their marks, notebooks/exercises the sources and what lecturers want to know.
KEPT_BACK = (".ci", "tests", "notebooks/exercises")
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say: the same files give the same bytes


def chapters() -> list[str]:
    """The notebooks with exercises, such as "01_data"."""
    return sorted(path.stem for path in SOURCES.glob("*.ipynb"))


def make_course(folder: Path) -> None:
    """A course folder of nbgrader in `folder`: its configuration and the sources, as assignments of one notebook."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(CONFIG, folder / CONFIG.name)
    for chapter in chapters():
        source = folder / "source" / chapter / f"{chapter}.ipynb"
        source.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(SOURCES / source.name, source)


def need_nbgrader() -> None:
    """Raises UserError where nbgrader isn't installed, or can't set limits."""
    if not find_spec("nbgrader"):
        raise UserError("nbgrader isn't installed: .venv/bin/python -m pip install -r requirements-grading.txt")
    if not find_spec("resource"):
        raise UserError("grading sets limits that this system hasn't: use Linux, macOS, or Linux in Windows (WSL)")


def nbgrader(course: Path, *arguments: str) -> None:
    """Run a command of nbgrader in a course folder; raises UserError with its last lines if it fails."""
    need_nbgrader()
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments], cwd=course, env=environment(), capture_output=True, text=True
    )
    if done.returncode:
        last = "\n".join(done.stderr.strip().splitlines()[-5:])
        raise UserError(f"nbgrader {arguments[0]} failed in {course}:\n{last}")


def environment() -> dict[str, str]:
    """Of a process of nbgrader, which looks for its helper alembic on the path, .venv activated or not."""
    return os.environ | {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])}


def release(course: Path) -> dict[str, Path]:
    """The blank notebook of each chapter, which nbgrader makes of the source and notes in the gradebook."""
    nbgrader(course, "generate_assignment", "*", "--force")
    return {chapter: course / "release" / chapter / f"{chapter}.ipynb" for chapter in chapters()}


def make_archive(folder: Path | None = None) -> Path:
    """Write the students' archive, mercore-coursework-EDITION.zip, into `folder` (build/ by default).

    EDITION is a digest of all that is in it, and everything lies in a folder of that name: another edition never
    meets a student's answers to this one. The same files give the same bytes.
    """
    folder = folder or build_dir()
    with translate_write_errors(folder), atomic_directory(folder) as scratch:
        make_course(scratch / "course")
        files = {name: PROJECT / name for name in _handed_out()}
        for chapter, blank in release(scratch / "course").items():
            files[f"notebooks/exercises/{chapter}.ipynb"] = blank
        contents = {name: path.read_bytes() for name, path in sorted(files.items())}
        digest = hashlib.sha256(b"".join(name.encode() + b"\0" + data for name, data in contents.items()))
        edition = f"mercore-coursework-{digest.hexdigest()[:8]}"
        _write_zip(scratch / "archive.zip", edition, contents)
        return (scratch / "archive.zip").replace(folder / f"{edition}.zip")


def _handed_out() -> list[str]:
    """Names of the project's committed files that students get."""
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, text=True, encoding="utf-8", check=False
    )
    names = [name for name in listing.stdout.split("\0") if name and (PROJECT / name).is_file()]
    if not names:
        raise UserError(
            f"{PROJECT}: isn't a git clone, so what belongs into the archive can't be told; clone it first"
        )
    return [name for name in names if not any(name == kept or name.startswith(f"{kept}/") for kept in KEPT_BACK)]


def _write_zip(path: Path, top: str, contents: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in contents.items():
            info = zipfile.ZipInfo(f"{top}/{name}", EPOCH)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(info, data)
