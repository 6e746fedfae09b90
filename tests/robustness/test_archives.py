"""Archives that a disk or somebody has spoilt: unpacked whole below their target, or refused by name, nothing kept.

What test_fetch.py tries one by one, links and devices among it, isn't tried again here.
"""

import gzip
import io
import tarfile
import warnings
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spoilt import cells, emptied, examples, most_memory, read, spoilt

from mercore import UserError
from mercore.corpora import download

GOOD = {f"top/genres/{genre}/{genre}.0000{n}.wav": bytes([n]) * 50 for genre in ("blues", "rock") for n in range(2)}
MOST_MEMORY = 60e6  # bytes; a few kB unpack to a thousand times as much


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
    read(download.unpack, archive, target, "gtzan", naming=archive)
    assert sorted(folder.iterdir()) == [folder / "place", archive]
    assert list((folder / "place").iterdir()) == ([target] if target.exists() else [])
    assert not any(path.is_symlink() for path in folder.rglob("*"))
    return target if target.exists() else None


@given(data=st.sampled_from(ARCHIVES).flatmap(spoilt))
@examples(250)
def test_with_faults_somewhere(tmp_path, data):
    unpacked(tmp_path / "x", data)


def safe(name: str) -> bool:
    """Whether tar can hold it at all: a lone surrogate, say, it can't."""
    try:
        return bool(tarred({name: b"x"}))
    except (ValueError, UnicodeError):
        return False


@given(names=st.lists(cells().filter(safe) | st.sampled_from(sorted(GOOD)), max_size=5), packed=st.booleans())
@examples(150)
def test_with_hostile_names(tmp_path, names, packed):
    files = GOOD | dict.fromkeys(names, b"x")
    target = unpacked(tmp_path / "x", zipped(files) if packed else tarred(files))
    if target and not packed:
        assert all((target / name).read_bytes() == content for name, content in GOOD.items() if name not in names)


def header(kind: bytes, size: int, name: str = "genres/rock/rock.00000.wav") -> bytes:
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size
    return info.tobuf(tarfile.GNU_FORMAT)


def zeros(megabytes: int) -> bytes:
    return gzip.compress(bytes(2**20)) * megabytes


def sparse_maps(megabytes: int) -> bytes:
    """A sparse file whose map goes on and on: each block of 21 entries says that another follows."""
    first = bytearray(header(tarfile.GNUTYPE_SPARSE, 512))
    first[482] = 1
    first[148:156] = b" " * 8
    first[148:156] = b"%06o\0 " % sum(first)
    block = (b"%011o\0" % 512) * 42 + b"\1" + bytes(7)
    return gzip.compress(bytes(first)) + gzip.compress(block * 2048) * megabytes


def overlapping_zip() -> bytes:
    """A thousand names for the same 32 MB of zeros, of which 32 kB are there."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open(zipfile.ZipInfo("genres/rock/rock.00000.wav"), "w", force_zip64=True) as entry:
            for _ in range(2):
                entry.write(bytes(2**24))
        info = archive.infolist()[0]
        for n in range(1, 1_000):
            other = zipfile.ZipInfo(f"genres/rock/rock.{n:05}.wav")
            for field in ("file_size", "compress_size", "CRC", "header_offset", "compress_type", "extract_version"):
                setattr(other, field, getattr(info, field))
            archive.filelist.append(other)
    return file.getvalue()


BOMBS = {
    "tar, a file of 9 GB": lambda: gzip.compress(header(tarfile.REGTYPE, 9 << 30)) + zeros(64),
    "tar, a name of 1 GB": lambda: gzip.compress(header(tarfile.GNUTYPE_LONGNAME, 1 << 30)) + zeros(1024),
    "tar, a pax header of 1 GB": lambda: gzip.compress(header(tarfile.XHDTYPE, 1 << 30)) + zeros(1024),
    "tar, a global pax header of 1 GB": lambda: gzip.compress(header(tarfile.XGLTYPE, 1 << 30)) + zeros(1024),
    "tar, a map of a sparse file of 1 GB": lambda: sparse_maps(1024),
    "tar, a name for a name for a name": lambda: gzip.compress(
        (header(tarfile.GNUTYPE_LONGNAME, 4) + b"abc\0".ljust(512, b"\0")) * 5_000
    ),
    "zip, one part under a thousand names": overlapping_zip,
    "zip, a file that lies about its length": lambda: zipped({**GOOD, "big": bytes(2**20)}).replace(
        (2**20).to_bytes(4, "little"), (2**30).to_bytes(4, "little")
    ),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs_are_refused_in_little_memory(tmp_path, monkeypatch, bomb):
    monkeypatch.setattr(download, "MOST_BYTES", 2**28)
    data = BOMBS[bomb]()
    with most_memory() as peak:
        assert unpacked(tmp_path / "x", data) is None
    assert peak() < MOST_MEMORY


def test_a_million_files_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(download, "MOST_FILES", 100)
    assert unpacked(tmp_path / "x", zipped(GOOD | {f"top/{n}": b"" for n in range(97)})) is None
    assert unpacked(tmp_path / "x", zipped(GOOD | {f"top/{n}": b"" for n in range(96)}))


def test_a_server_that_never_ends_is_left(tmp_path, monkeypatch):
    class Answer(io.BytesIO):
        status_code, headers = 200, {}

        def raise_for_status(self):
            pass

        @property
        def raw(self):
            return self

        def stream(self, size, **_):
            while True:
                yield bytes(size)

    monkeypatch.setattr(download, "MOST_BYTES", 2**24)
    monkeypatch.setattr(download.requests, "get", lambda *_, **__: Answer())
    with pytest.raises(UserError, match="sends more than"):
        download.download(download.Address("http://localhost/x"), tmp_path / "downloads", "x")
    assert list((tmp_path / "downloads").iterdir()) == []
