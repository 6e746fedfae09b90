"""Damaged archives: unpacked whole below their target, or refused by name, and then nothing is kept.

Archives that reach outside or are too large are in corpora/test_download.py.
"""

import io
import tarfile
import warnings
import zipfile
from pathlib import Path

from corruption import cells, corrupted, emptied, examples, read
from hypothesis import given
from hypothesis import strategies as st

from mercore.corpora import download, gtzan

GOOD = {f"top/genres/{genre}/{genre}.0000{n}.wav": bytes([n]) * 50 for genre in ("blues", "rock") for n in range(2)}


def zipped(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a name that is there twice
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return file.getvalue()


def tarred(files: dict[str, bytes], mode: str = "w") -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


ARCHIVES = [zipped(GOOD), *(tarred(GOOD, mode) for mode in ("w", "w:gz", "w:bz2", "w:xz"))]


def unpacked(folder: Path, data: bytes) -> Path | None:
    """Where an archive was unpacked; None if it was refused. Nothing else has appeared anywhere in `folder`."""
    (emptied(folder) / "place").mkdir()
    archive, target = folder / "some.archive", folder / "place" / "target"
    archive.write_bytes(data)
    read(download.unpack, archive, target, gtzan.DATASET, naming=archive)
    assert sorted(folder.iterdir()) == [folder / "place", archive]
    assert list((folder / "place").iterdir()) == ([target] if target.exists() else [])
    assert not any(path.is_symlink() for path in folder.rglob("*"))
    return target if target.exists() else None


@given(data=st.sampled_from(ARCHIVES).flatmap(corrupted))
@examples(120)
def test_corrupted_archives(tmp_path, data):
    unpacked(tmp_path / "x", data)


def safe(name: str) -> bool:
    """Whether tar can hold it at all: a lone surrogate, say, it can't."""
    try:
        return bool(tarred({name: b"x"}))
    except (ValueError, UnicodeError):
        return False


@given(names=st.lists(cells().filter(safe) | st.sampled_from(sorted(GOOD)), max_size=5), packed=st.booleans())
@examples(80)
def test_archives_with_hostile_names(tmp_path, names, packed):
    files = GOOD | dict.fromkeys(names, b"x")
    target = unpacked(tmp_path / "x", zipped(files) if packed else tarred(files))
    if target and not packed:
        assert all((target / name).read_bytes() == content for name, content in GOOD.items() if name not in names)
