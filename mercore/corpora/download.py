"""Download a dataset: with progress, resumed where it broke off, its checksum compared, unpacked safely."""

import lzma
import os
import shutil
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import BinaryIO

import pooch
import requests
import urllib3
from tqdm.auto import tqdm

from mercore import UserError, _files, data_dir
from mercore._files import atomic_directory
from mercore.corpora import corpus as corpora

MOST_BYTES = 8 << 30  # unpacked; GTZAN takes 1.3 GB
MOST_FILES = 50_000
LONGEST_NAME = 1 << 20  # bytes
TRIES = 5  # in a row without a single byte gained
_CHUNK = 1 << 18


@dataclass(frozen=True)
class Address:
    """One place an archive is served from; size in bytes, 0 unknown; md5 '' unknown."""

    url: str
    size: int = 0
    md5: str = ""


@dataclass(frozen=True)
class Dataset:
    """What can be fetched: from one of its addresses, or by hand as `by_hand` says."""

    title: str
    task: str
    kind: str  # as corpora.detect says
    addresses: tuple[Address, ...] = ()
    by_hand: str = ""


CATALOGUE = {
    "gtzan": Dataset(
        "GTZAN: 1,000 tracks of 30 s in ten genres, 1.2 GB",
        "genre",
        "gtzan",
        (
            Address(
                "https://huggingface.co/datasets/marsyas/gtzan/resolve/main/data/genres.tar.gz", size=1_226_192_050
            ),
            Address(
                "https://web.archive.org/web/20211207012050/http://opihi.cs.uvic.ca/sound/genres.tar.gz",
                md5="5b3d6dddb579ab49814ab86dba69e7c7",
            ),
        ),
    ),
    "gtzan-mini": Dataset(
        "GTZAN-mini: 100 tracks of GTZAN, 132 MB",
        "genre",
        "gtzan",
        (
            Address(
                "https://github.com/TempoBeatDownbeat/gtzan_mini/archive/refs/heads/main.zip",
                md5="44f7f23af8363d96c59663a987f29a4c",
            ),
        ),
    ),
    "4q": Dataset(
        "4Q: 900 clips of 30 s in four quadrants, 0.3 GB",
        "mood",
        "4q",
        by_hand="Open http://mir.dei.uc.pt/downloads.html in a browser and save the archive of the dataset 4Q "
        "(Panda, Malheiro and Paiva 2018, 900 clips).",
    ),
}


class _Spoilt(UserError):
    """What was downloaded is of no use, so it isn't kept."""


def fetch(name: str, target: str | Path | None = None, url: str | Path | None = None) -> corpora.Corpus | None:
    """Download a dataset of the CATALOGUE to `target` (default: data/<name>), open it and print the report.

    `url` is another address of the archive, or the archive itself if it was saved by hand. Prints what to do by hand,
    and returns None, where a site wants a person. Raises UserError when the name is unknown, the target taken, no
    address answers, or the archive isn't what it should be: then nothing of it is kept.
    """
    if name not in CATALOGUE:
        raise UserError(f"no dataset '{name}': there are {', '.join(CATALOGUE)}")
    dataset = CATALOGUE[name]
    target = Path(os.path.abspath(Path(target).expanduser() if target else data_dir() / name))
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UserError(
            f"{target} is there already: look at it with 'python -m mercore check {target}', remove it, "
            "or name another folder with --to"
        )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{target.parent}: can't be made ({error.strerror}); name another folder with --to") from error
    if url is None and not dataset.addresses:
        print(f"{dataset.title}\n{dataset.by_hand} Then let it be unpacked and checked with")
        print(f"  python -m mercore fetch {name} --url FILE --to {target}")
        return None
    print(dataset.title)
    if url is not None and Path(url).expanduser().is_file():
        unpack(Path(url).expanduser(), target, dataset.kind)
    elif url is not None and "://" not in str(url):
        raise UserError(f"{url}: neither a file that is there nor an address")
    else:
        addresses = dataset.addresses if url is None else (Address(str(url)),)
        archive = _download_first(name, addresses)
        try:
            unpack(archive, target, dataset.kind)
        except _Spoilt:
            archive.unlink(missing_ok=True)  # fetching again shall fetch anew
            raise
        archive.unlink()
    corpus = corpora.open_corpus(target)
    print(corpora.report(corpus))
    return corpus


def _download_first(name: str, addresses: tuple[Address, ...]) -> Path:
    """The archive from the first address that answers."""
    told = []
    for address in addresses:
        try:
            return download(address, data_dir() / "downloads", name)
        except requests.RequestException as error:
            told.append(f"{address.url}: {_reason(error)}")
    raise UserError(
        f"{name} can't be downloaded: {'; '.join(told)}. What has arrived is kept: the same command goes on from there"
    )


def download(address: Address, folder: Path, name: str) -> Path:
    """An archive in `folder`, resumed from what an earlier, interrupted call left there.

    Raises requests.RequestException if the address doesn't answer, UserError if size or checksum are wrong (then
    nothing is kept).
    """
    pooch.get_logger().setLevel("WARNING")
    part = folder / f"{name}-{zlib.crc32(address.url.encode()):08x}.part"

    def downloader(url: str, output: str, _: object) -> None:
        try:
            _download_rest(url, part)
        except UserError:
            part.unlink()  # it is of no use
            raise
        if address.size and part.stat().st_size != address.size:
            found = part.stat().st_size
            part.unlink()
            raise UserError(f"{url}: sent {found:,} bytes instead of {address.size:,}; nothing was kept. Try again")
        os.replace(part, output)

    try:
        saved = pooch.retrieve(
            address.url,
            known_hash=f"md5:{address.md5}" if address.md5 else None,
            fname=f"{part.stem}.archive",
            path=folder,
            downloader=downloader,
        )
    except (UserError, requests.RequestException):
        raise
    except ValueError as error:  # pooch's word for a wrong checksum; it has removed the file
        raise UserError(
            f"{address.url}: the archive's MD5 isn't {address.md5}, so it is damaged or has been changed; "
            "nothing was kept. Try again, or give another address with --url"
        ) from error
    except OSError as error:
        raise UserError(
            f"{folder}: the download can't be written there ({error.strerror or error}); make room, or set "
            "MERCORE_DATA to a folder that can"
        ) from error
    if not address.md5:
        print(f"No checksum is known for {address.url}: every file in it is read and checked instead.")
    return Path(saved)


def _download_rest(url: str, part: Path) -> None:
    """Append to `part` what the server still has; pooch downloads only whole files, a gigabyte each time."""
    part.parent.mkdir(parents=True, exist_ok=True)
    failed = 0
    while True:
        before = part.stat().st_size if part.exists() else 0
        try:
            if _append(url, part):
                return
            error = requests.ConnectionError("the connection ended early")
        except (requests.ConnectionError, requests.Timeout, urllib3.exceptions.HTTPError) as caught:
            error = requests.ConnectionError(caught)
        gained = part.exists() and part.stat().st_size > before
        failed = 0 if gained else failed + 1
        if failed == TRIES:
            raise error


def _append(url: str, part: Path) -> bool:
    """One request for the rest of a file; True when the server says that it is all there."""
    have = part.stat().st_size if part.exists() else 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with requests.get(url, headers=headers, stream=True, timeout=(10, 60)) as answer:
        if have and answer.status_code == 416:  # nothing after what we have: complete, or another file
            complete = answer.headers.get("Content-Range", "").rpartition("/")[2] == str(have)
            if not complete:
                part.unlink()
            return complete
        answer.raise_for_status()
        if have and not answer.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
            have = 0  # the server sends everything again
        length = answer.headers.get("Content-Length")
        total = have + int(length) if length else None
        with (
            part.open("ab" if have else "wb") as file,
            tqdm(total=total, initial=have, unit="B", unit_scale=True, desc=part.stem, mininterval=1) as bar,
        ):
            for chunk in answer.raw.stream(_CHUNK, decode_content=False):
                bar.update(file.write(chunk))
                if file.tell() > MOST_BYTES:
                    raise UserError(f"{url}: sends more than {MOST_BYTES / 1e9:.0f} GB, so it is no dataset of these")
    return total is None or part.stat().st_size == total


def _reason(error: Exception) -> str:
    answer = getattr(error, "response", None)
    if answer is not None:
        return f"the server says {answer.status_code} {answer.reason}"
    return f"no connection ({type(error).__name__})" if "Max retries" in str(error) else str(error)


def unpack(archive: Path, target: Path, kind: str) -> None:
    """Unpack a zip or tar so that nothing can land outside `target`, which appears complete or not at all.

    Raises UserError if a member has an unsafe name, is a link or a device, if there is too much of it, if the
    archive is damaged, or if it isn't a dataset of this kind ('gtzan', '4q').
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    # In a folder of the user's, so under a name that is surely ours.
    with atomic_directory(target.parent, ".mercore-fetch-") as scratch:
        inside = scratch / "unpacked"
        inside.mkdir()
        try:
            with _members(archive) as members:
                _write_members(members, inside, archive)
        except UserError:
            raise
        except DAMAGED as error:
            raise _Spoilt(
                f"{archive}: is no zip or tar archive, or a damaged one ({_files.error_message(error)})"
            ) from error
        except OSError as error:
            raise UserError(f"{archive}: can't be unpacked to {target} ({error.strerror or error})") from error
        if not any(inside.iterdir()) or corpora.detect(inside) != kind:
            raise _Spoilt(f"{archive}: holds no dataset in the layout of {corpora.KINDS[kind][1]}; nothing was kept")
        if target.is_dir():
            target.rmdir()  # empty, as fetch made sure
        os.replace(inside, target)


# What zipfile and tarfile raise for bytes that they didn't write, and Python for names that no file can have.
DAMAGED = (zipfile.BadZipFile, tarfile.TarError, lzma.LZMAError, zlib.error, EOFError, RuntimeError, ValueError,
           IndexError, struct.error, OverflowError, MemoryError)  # fmt: skip


class _Entry(tarfile.TarInfo):
    """An entry of a tar, but for those that tarfile reads into memory whole, however much a few bytes unpack to.

    These are long names, and maps of sparse files, which no dataset has. By what a subclass may override: see the
    comments in `tarfile.TarInfo`.
    """

    def _proc_gnulong(self, archive: tarfile.TarFile):
        return self._short_enough() and super()._proc_gnulong(archive)

    def _proc_pax(self, archive: tarfile.TarFile):
        return self._short_enough() and super()._proc_pax(archive)

    def _proc_sparse(self, *_):
        raise tarfile.ReadError("a sparse file")

    _proc_gnusparse_00 = _proc_gnusparse_01 = _proc_gnusparse_10 = _proc_sparse

    def _short_enough(self) -> bool:
        if self.size > LONGEST_NAME:
            raise tarfile.ReadError(f"a name of {self.size:,} bytes")
        return True


Member = tuple[str, int, bool, Callable[[], BinaryIO]]  # name, size, plain file or folder?, open


@contextmanager
def _members(archive: Path) -> Iterator[Iterator[Member]]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened:
            yield (
                (
                    info.filename,
                    info.file_size,
                    stat.S_IFMT(info.external_attr >> 16) in (0, stat.S_IFREG, stat.S_IFDIR),
                    lambda info=info: opened.open(info),
                )
                for info in opened.infolist()
            )
    else:
        with tarfile.open(archive, tarinfo=_Entry) as opened:
            yield (
                (
                    info.name + "/" * info.isdir(),
                    info.size,
                    info.isfile() or info.isdir(),
                    lambda info=info: opened.extractfile(info),
                )
                for info in opened
            )


def _write_members(members: Iterator[Member], inside: Path, archive: Path) -> None:
    """Only plain files and folders are made, with the user's own rights: no link can lead a later member out."""
    files = total = 0
    for name, size, plain, opener in members:
        refused = f"{archive}: refused, for its member '{name}'"
        parts = PurePosixPath(name.replace("\\", "/")).parts
        if not plain:
            raise _Spoilt(f"{refused} is a link or a device")
        if name.startswith(("/", "\\")) or PureWindowsPath(name).drive or ".." in parts:
            raise _Spoilt(f"{refused} would be written outside the target")
        files, total = files + 1, total + size
        if files > MOST_FILES or total > MOST_BYTES:
            raise _Spoilt(f"{refused} makes it larger than {MOST_BYTES / 1e9:.0f} GB or {MOST_FILES:,} files")
        path = inside.joinpath(*parts)
        if name.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        with opener() as source, path.open("wb") as sink:
            shutil.copyfileobj(source, sink, _CHUNK)
