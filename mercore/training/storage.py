"""Finished runs where several machines find them: a folder or any URL that fsspec knows, $MERCORE_RUNS.

A run is one zip archive there, ID.zip, written under another name and then moved. An object store can't rename a
folder, and several files of a run could be read before the last one is there; one object is whole or isn't there.
Each machine keeps the runs it made or needed as folders of its own: see `mercore.training.runs`. Explained in
notebooks/scale.md.
"""

import io
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from mercore import UserError
from mercore._files import atomic_directory

SUFFIX, UNFINISHED = ".zip", ".unfinished-"


def place() -> str | None:
    """Where the runs of all machines lie; None where only this machine keeps them."""
    return os.environ.get("MERCORE_RUNS") or None


@contextmanager
def _storage() -> Iterator[tuple]:
    """The file system and the path of `place()`; whatever goes wrong there is a UserError that names it."""
    try:
        import fsspec

        # A listing that was kept from before wouldn't show what other machines have written since.
        system, path = fsspec.url_to_fs(place(), use_listings_cache=False)
        yield system, path
    except Exception as error:  # each kind of storage has errors of its own, with no common root
        reason = f"{type(error).__name__}: {error}".rstrip(": ")
        raise UserError(f"{place()}: the runs' shared storage (MERCORE_RUNS) can't be used ({reason})") from error


def names(start: str = "") -> set[str]:
    """The ids of the runs there that begin so."""
    if place() is None:
        return set()
    with _storage() as (system, path):
        files = system.ls(path, detail=False) if system.exists(path) else []
    found = (Path(file).name for file in files)
    return {name.removesuffix(SUFFIX) for name in found if name.startswith(start) and name.endswith(SUFFIX)}


def put(folder: Path) -> None:
    """Copy a finished run there, unless one of its name is there already."""
    if place() is None or folder.name in names(folder.name):
        return
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        for file in sorted(folder.iterdir()):
            packed.write(file, file.name)
    with _storage() as (system, path):
        system.makedirs(path, exist_ok=True)
        scratch = f"{path}/{UNFINISHED}{uuid4().hex}"
        system.pipe_file(scratch, archive.getvalue())
        system.mv(scratch, f"{path}/{folder.name}{SUFFIX}")


def fetch(name: str, root: Path, files: tuple[str, ...]) -> None:
    """Copy the run of this id from there to root/name, of its archive no more than `files`; nothing if it isn't there.

    Raises UserError where the archive is broken, or `root` can't be written to.
    """
    if place() is None or not name or name != Path(name).name:
        return
    with _storage() as (system, path):
        file = f"{path}/{name}{SUFFIX}"
        if not system.exists(file):
            return
        archive = io.BytesIO(system.cat_file(file))
    try:
        with zipfile.ZipFile(archive) as packed, atomic_directory(root) as scratch:
            for file in set(files) & set(packed.namelist()):
                (scratch / file).write_bytes(packed.read(file))
            _rename(scratch, root / name)
    except (zipfile.BadZipFile, EOFError, RuntimeError) as error:  # the last: packed in a way that isn't ours
        raise UserError(f"{place()}/{name}{SUFFIX}: not a whole run ({error}); delete it and train again") from error
    except OSError as error:
        raise UserError(f"{root}: can't write the run {name} here ({error.strerror or error}); make room") from error


def _rename(scratch: Path, target: Path) -> None:
    try:
        scratch.rename(target)
    except OSError:
        if not target.exists():  # otherwise somebody else has fetched it meanwhile
            raise
