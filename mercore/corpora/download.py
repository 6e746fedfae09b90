"""Download a dataset, compare its checksum, and unpack it safely."""

import os
import re
import tarfile
import zipfile
import zlib
from pathlib import Path

import pooch
import requests

from mercore import UserError, data_dir
from mercore._files import atomic_directory, error_message, translate_write_errors
from mercore.corpora._dataset import Dataset
from mercore.corpora._folders import AudioFolder
from mercore.corpora.corpus import DATASETS, Corpus, detect, open_corpus
from mercore.corpora.summary import summarise

INTERRUPTIONS = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)
MAX_BYTES = 8 << 30  # unpacked; GTZAN takes 1.3 GB


class _BadArchive(UserError):
    """The archive is of no use, so a downloaded one isn't kept."""


def download_dataset(name: str, target: str | Path | None = None, url: str | Path | None = None) -> Corpus | None:
    """Download a dataset, unpack it, open it and print its summary.

    Args:
        name: As in `Dataset.downloads`: gtzan, gtzan-mini, 4q.
        target: The folder to make, by default data/<name>.
        url: Another address of the archive, or the archive itself, saved by hand.

    Returns:
        The corpus; None where a site wants a person, after printing what to do by hand.

    Raises:
        UserError: The name is unknown, the target exists, no address answers, or the archive isn't what it should be.
    """
    downloads = {key: (dataset, found) for dataset in DATASETS for key, found in dataset.downloads.items()}
    if name not in downloads:
        raise UserError(f"no dataset '{name}': there are {', '.join(downloads)}")
    dataset, download = downloads[name]
    target = Path(os.path.abspath(Path(target or data_dir() / name).expanduser()))
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UserError(
            f"{target} exists already: look at it with 'python -m mercore check {target}', remove it, "
            "or name another folder with --to"
        )
    with translate_write_errors(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
    print(download.title)
    if url is None and not download.addresses:
        print(f"{download.by_hand} Then unpack and check it with")
        print(f"  python -m mercore fetch {name} --url FILE --to {target}")
        return None
    if url is not None and Path(url).expanduser().is_file():
        unpack(Path(url).expanduser(), target, dataset)
    elif url is not None and "://" not in str(url):
        raise UserError(f"{url}: neither an existing file nor an address")
    else:
        archive = _retrieve_first(name, download.addresses if url is None else {str(url): ""})
        try:
            unpack(archive, target, dataset)
        except _BadArchive:
            archive.unlink()  # the same command shall download it again
            raise
        archive.unlink()
    corpus = open_corpus(target)
    print(summarise(corpus))
    return corpus


def _retrieve_first(name: str, addresses: dict[str, str]) -> Path:
    """Return the archive from the first address that answers."""
    failures = []
    for url, md5 in addresses.items():
        try:
            return _retrieve(url, md5, data_dir() / "downloads")
        except requests.RequestException as error:
            failures.append(f"{url}: {_failure(error)}")
    raise UserError(
        f"{name} can't be downloaded: {'; '.join(failures)}. What has arrived is kept: the same command continues"
    )


def _retrieve(url: str, md5: str, folder: Path) -> Path:
    pooch.get_logger().setLevel("WARNING")
    part = folder / f"{zlib.crc32(url.encode()):08x}.part"
    try:
        known_hash = f"md5:{md5}" if md5 else None
        saved = pooch.retrieve(url, known_hash, part.with_suffix(".archive").name, folder, downloader=_Resume(part))
    except requests.RequestException:
        raise
    except ValueError as error:  # pooch has removed the file
        raise UserError(
            f"{url}: the archive's MD5 isn't {md5}, so it is damaged or has been changed; nothing was kept. "
            "Try again, or give another address with --url"
        ) from error
    except OSError as error:
        raise UserError(
            f"{folder}: the download can't be written there ({error_message(error)}); free some disk space, or set "
            "MERCORE_DATA to a writable folder"
        ) from error
    if not md5:
        print(f"No checksum is known for {url}: every file in it is read and checked instead.")
    return Path(saved)


class _Resume:
    """A downloader for pooch that continues what an interrupted download has left in the file `part`."""

    def __init__(self, part: Path):
        self.part = part

    def __call__(self, url: str, output: str, _) -> None:
        while True:
            before = self.part.stat().st_size if self.part.exists() else 0
            try:
                self._append(url)
                break
            except INTERRUPTIONS:
                if self.part.stat().st_size <= before:  # nothing more arrives
                    raise
        os.replace(self.part, output)

    def _append(self, url: str) -> None:
        with self.part.open("ab") as file:

            def start_over(response: requests.Response, **_) -> None:
                if response.status_code in (200, 416):  # the whole file comes, or `part` is of another one
                    file.truncate(0)

            headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={file.tell()}-"} if file.tell() else {})
            options = {"headers": headers, "hooks": {"response": start_over}, "timeout": 60}
            pooch.HTTPDownloader(progressbar=True, chunk_size=1 << 14, **options)(url, file, None)


def _failure(error: requests.RequestException) -> str:
    if error.response is not None:
        return f"the server says {error.response.status_code} {error.response.reason}"
    return f"no connection ({type(error).__name__})" if isinstance(error, INTERRUPTIONS) else str(error)


def unpack(archive: Path, target: Path, dataset: Dataset) -> None:
    """Unpack a zip or tar into `target`, which appears complete or not at all.

    Raises:
        UserError: It would write outside the target, is too large or damaged, or isn't this dataset.
    """
    try:
        # In a folder of the user's, so under a name that is surely ours.
        with atomic_directory(target.parent, ".mercore-fetch-") as scratch:
            inside = scratch / "unpacked"
            inside.mkdir()
            _extract(archive, inside)
            if detect(AudioFolder(inside))[0] is not dataset:
                raise _BadArchive(f"{archive}: holds no dataset in the layout of {dataset.title}; nothing was kept")
            if target.is_dir():
                target.rmdir()  # empty, as download_dataset made sure
            os.replace(inside, target)
    except UserError:
        raise
    except tarfile.FilterError as error:
        raise _BadArchive(f"{archive}: refused, it isn't safe to unpack ({error_message(error)})") from error
    except Exception as error:  # the readers of archives and their decompressors raise a dozen kinds
        kind = UserError if getattr(error, "errno", None) else _BadArchive
        raise kind(f"{archive}: can't be unpacked to {target} ({error_message(error)})") from error


def _extract(archive: Path, folder: Path) -> None:
    size = 0

    def limit(member: tarfile.TarInfo, path: str) -> tarfile.TarInfo | None:
        nonlocal size
        size += member.size
        _check_size(archive, size)
        return tarfile.data_filter(member, path)

    if not zipfile.is_zipfile(archive):
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter=limit)
        return
    with zipfile.ZipFile(archive) as opened:
        _check_size(archive, sum(info.file_size for info in opened.infolist()))
        for name in opened.namelist():
            if ".." in re.split(r"[/\\]", name):
                raise _BadArchive(f"{archive}: refused, its member '{name}' would be written outside the target")
        opened.extractall(folder)


def _check_size(archive: Path, size: int) -> None:
    if size > MAX_BYTES:
        raise _BadArchive(f"{archive}: refused, it unpacks to more than {MAX_BYTES / 1e9:.0f} GB")
