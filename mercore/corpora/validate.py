"""Read every audio file once, in full, and say what is wrong with it.

A truncated, silent or mislabelled file spoils a training without a word, so nothing here trusts a file's name
or header. Explained in 01_data.
"""

import hashlib
import json
import os
import warnings
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import joblib
import numpy as np
import soundfile as sf
from tqdm.auto import tqdm

from mercore import UserError, _files, data_dir
from mercore._files import atomic_directory, exclusive_lock

SUFFIXES = (".wav", ".au", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".aifc", ".caf", ".w64")
SHORTEST = 3.0  # s, one clip
LONGEST = 3600.0  # s, more is an album or a broken header, not a track
SILENCE = 10 ** (-60 / 20)  # peak of full scale: -60 dBFS
LOST_SHARE = 0.01  # a header that is a few bytes off is common and harmless
_FORMAT = 2  # of the cache; raised when what is measured changes
_BLOCK = 1 << 18  # frames read at a time: any length in little memory


@dataclass(frozen=True)
class Inspection:
    """What one file holds: duration in s, peak as a share of full scale, SHA-1 of its bytes (`digest`) and of its
    decoded samples (`sound`), and `fault`: '' or a sentence."""

    duration: float = 0.0
    sample_rate: int = 0
    channels: int = 0
    peak: float = 0.0
    digest: str = ""
    sound: str = ""
    fault: str = ""


def inspect(path: str | Path) -> Inspection:
    """Read one file from its first byte to its last sample. Never raises for a bad file: it has a `fault`."""
    path = Path(path)
    try:
        if not path.is_file():
            return Inspection(fault="missing: there is no such file")
    except OSError as error:  # of a csv, which may name anything
        return Inspection(fault=f"can't be opened: {error.strerror or error}")
    if any(0xDC80 <= ord(sign) <= 0xDCFF for sign in str(path)):
        return Inspection(fault="its name isn't valid UTF-8, which no audio library opens: rename it")
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha1").hexdigest()
        lost = _lost_share(path)
    except OSError as error:
        return Inspection(fault=f"can't be opened: {error.strerror or error}")
    if not path.stat().st_size:
        return Inspection(digest=digest, fault="empty file (0 bytes)")
    try:
        return _listen(path, digest, lost)
    except (sf.SoundFileError, TypeError) as error:  # TypeError: soundfile asked to guess a .raw
        reason = getattr(error, "error_string", str(error)).strip().rstrip(".")
        kind = "a text file, not audio" if _is_text(path) else "can't be read as audio"
        return Inspection(digest=digest, fault=f"{kind} ({reason})")


def _listen(path: Path, digest: str, lost: float) -> Inspection:
    with sf.SoundFile(path) as file:
        rate, channels, promised = file.samplerate, file.channels, file.frames
        if lost > LOST_SHARE:
            fault = f"truncated: {lost:.0%} of the sound that its header promises is missing"
            return Inspection(promised / rate, rate, channels, digest=digest, fault=fault)
        if promised > LONGEST * rate:
            fault = f"{promised / rate / 3600:.1f} hours long: a track may last {LONGEST / 3600:.0f} h at most"
            return Inspection(promised / rate, rate, channels, digest=digest, fault=fault)
        sound = hashlib.sha1(f"{rate} {channels}".encode())
        frames, peaks = 0, [0.0]
        for block in file.blocks(_BLOCK, dtype="float32", always_2d=True):
            frames += len(block)
            peaks.append(float(np.abs(block).max()))  # NaN if any sample is
            sound.update(np.ascontiguousarray(block))
    duration = frames / rate
    peak = float(np.max(peaks))
    fault = ""
    if frames < promised * (1 - LOST_SHARE):
        fault = f"truncated: {duration:.1f} s can be read of {promised / rate:.1f} s promised"
    elif not np.isfinite(peak):
        fault, peak = "holds samples that are no numbers (NaN or infinite)", 0.0
    elif duration < SHORTEST:
        fault = f"too short: {duration:.2f} s, a clip takes {SHORTEST:.0f} s"
    elif peak < SILENCE:
        fault = "silent: its peak lies below -60 dBFS"
    return Inspection(duration, rate, channels, peak, digest, sound.hexdigest(), fault)


def _lost_share(path: Path) -> float:
    """Share of a WAV's or AU's sound that its header promises and the file lacks: libsndfile reads such a file
    short without an error. 0 for other formats, and for streams, whose header gives no length."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        start, length = 0, 0
        if head[:4] == b".snd":
            start, length = int.from_bytes(head[4:8], "big"), int.from_bytes(head[8:12], "big")
        elif head[:4] in (b"RIFF", b"RIFX") and head[8:] == b"WAVE":
            order = "little" if head[:4] == b"RIFF" else "big"
            chunk = file.read(8)
            while len(chunk) == 8:
                length = int.from_bytes(chunk[4:], order)
                if chunk[:4] == b"data":
                    start = file.tell()
                    break
                file.seek(length + length % 2, os.SEEK_CUR)
                chunk = file.read(8)
    unknown = not start or not length or length >= 0x7FFFF000
    return 0.0 if unknown else max(0.0, (start + length - size) / length)


def _is_text(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(400)
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return all(sign.isprintable() or sign.isspace() for sign in text)


def inspect_all(paths: Sequence[str | Path], jobs: int = -1) -> list[Inspection]:
    """Inspect many files in parallel, in their order. What is known of a file is kept in the data folder as long
    as its size and times of change stay, so that a corpus opens in a second from the second time on.

    Threads: nothing to start or copy, and libsndfile, hashing and numpy all work outside Python's lock.
    """
    cache_file = _cache_file(paths)
    found, todo = _known(paths, cache_file)
    if todo:
        with exclusive_lock(cache_file.parent):  # another process may be reading the same corpus
            found, todo = _known(paths, cache_file)
            _read(found, todo, cache_file, jobs)
    return [Inspection(**{k: v for k, v in found[str(path)].items() if k != "state"}) for path in paths]


def _known(paths: Sequence[str | Path], cache_file: Path) -> tuple[dict[str, dict], list[tuple]]:
    """What the cache knows of these files, by path; and the others, each with its state."""
    kept = _load_cache(cache_file)
    states = {str(path): _state(path) for path in paths}
    found = {path: kept[path] for path, state in states.items() if state and kept.get(path, {}).get("state") == state}
    return found, [(path, state) for path, state in states.items() if path not in found]


def _read(found: dict[str, dict], todo: list[tuple], cache_file: Path, jobs: int) -> None:
    """Inspect what is still to do and add it to what was found, and to the cache."""
    work = joblib.Parallel(n_jobs=jobs, prefer="threads", return_as="generator")(
        joblib.delayed(inspect)(path) for path, _ in todo
    )
    try:
        for (path, state), seen in zip(
            todo, tqdm(work, total=len(todo), desc="reading audio", unit="file", delay=2, mininterval=1), strict=True
        ):
            found[path] = {"state": state, **asdict(seen)}
    finally:  # what an interrupted reading has seen isn't read again
        if any(found[path]["digest"] for path, _ in todo if path in found):
            _save_cache(cache_file, {p: e for p, e in found.items() if e["digest"]})


def _state(path: str | Path) -> list[int] | None:
    try:
        stat = os.stat(path)
    except (OSError, ValueError):  # not there; a name that none can have
        return None
    # Unlike the first, the second time can't be set by whoever copies a file.
    return [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]


def _cache_file(paths: Sequence[str | Path]) -> Path:
    """One for the folder that the files share, however the corpus around it was named."""
    # by characters: files on two drives have no common folder, and need none
    folder = os.path.dirname(os.path.commonprefix([str(path) for path in paths]))  # noqa: RUF071
    name = hashlib.sha1(os.fsencode(folder)).hexdigest()[:16]
    return data_dir() / "cache" / "inspection" / f"{name}.json"


def _load_cache(file: Path) -> dict[str, dict]:
    try:
        kept = _files.read_json(file)
        return kept["files"] if (kept["format"], kept["check"]) == (_FORMAT, _check(kept["files"])) else {}
    except (UserError, KeyError, TypeError):  # none yet, or spoilt: read the audio again
        return {}


def _check(files: dict[str, dict]) -> int:
    return zlib.crc32(json.dumps(files, sort_keys=True).encode())


def _save_cache(file: Path, files: dict[str, dict]) -> None:
    try:
        with atomic_directory(file.parent) as scratch:
            content = {"format": _FORMAT, "check": _check(files), "files": files}
            (scratch / file.name).write_text(json.dumps(content))
            os.replace(scratch / file.name, file)
    except OSError as error:
        warnings.warn(
            f"what was found in the audio files can't be kept in {file.parent} ({error.strerror or error}): "
            "they will be read again next time",
            stacklevel=3,
        )
