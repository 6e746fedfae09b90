"""Decode every audio file of a corpus once, in full, and report what is wrong with it.

A truncated, silent or mislabelled file spoils a training without any error message, so neither a file's name nor its
header is trusted. Explained in 01_data.
"""

import hashlib
import json
import os
import warnings
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import joblib
import numpy as np
import soundfile as sf
from tqdm.auto import tqdm

from mercore import UserError, _files, data_dir
from mercore._files import atomic_directory

AUDIO_SUFFIXES = (".wav", ".au", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".aifc", ".caf", ".w64")
MIN_DURATION = 3.0  # s, one clip
MAX_DURATION = 3600.0  # s, more is an album or a broken header, not a track
SILENCE = 10 ** (-60 / 20)  # peak relative to full scale: -60 dBFS
MAX_MISSING = 0.01  # a header that is a few bytes off is common and harmless
_CACHE_FORMAT = 2  # raised when other values are measured
_BLOCK = 1 << 18  # frames read at a time, so that memory doesn't grow with the length


@dataclass(frozen=True)
class Validation:
    """What decoding one file found: `fault` is a sentence, or '' if the file is usable."""

    duration: float = 0.0  # s
    sample_rate: int = 0  # Hz
    channels: int = 0
    peak: float = 0.0  # relative to full scale
    digest: str = ""  # SHA-1 of the file's bytes
    sound: str = ""  # SHA-1 of the decoded samples
    fault: str = ""


def validate_file(path: str | Path) -> Validation:
    """Decode one file from its first byte to its last sample; a bad file has a `fault` and raises nothing."""
    path = Path(path)
    try:
        if not path.is_file():
            return Validation(fault="missing: there is no such file")
        if any(0xDC80 <= ord(character) <= 0xDCFF for character in str(path)):
            return Validation(fault="its name isn't valid UTF-8, which no audio library opens: rename it")
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha1").hexdigest()
        missing = _missing_fraction(path)
    except OSError as error:  # a csv may name anything
        return Validation(fault=f"can't be opened: {error.strerror or error}")
    if not path.stat().st_size:
        return Validation(digest=digest, fault="empty file (0 bytes)")
    try:
        return _decode_fully(path, digest, missing)
    except (sf.SoundFileError, TypeError) as error:  # TypeError: soundfile asked to guess a .raw
        reason = getattr(error, "error_string", str(error)).strip().rstrip(".")
        kind = "a text file, not audio" if _is_text(path) else "can't be read as audio"
        return Validation(digest=digest, fault=f"{kind} ({reason})")


def _decode_fully(path: Path, digest: str, missing: float) -> Validation:
    with sf.SoundFile(path) as file:
        rate, channels, promised = file.samplerate, file.channels, file.frames
        fault = ""
        if missing > MAX_MISSING:
            fault = f"truncated: {missing:.0%} of the sound that its header promises is missing"
        elif promised > MAX_DURATION * rate:
            fault = f"{promised / rate / 3600:.1f} hours long: a track may last {MAX_DURATION / 3600:.0f} h at most"
        if fault:
            return Validation(promised / rate, rate, channels, digest=digest, fault=fault)
        sound = hashlib.sha1(f"{rate} {channels}".encode())
        frames, peaks = 0, [0.0]
        for block in file.blocks(_BLOCK, dtype="float32", always_2d=True):
            frames += len(block)
            peaks.append(float(np.abs(block).max()))  # NaN if any sample is
            sound.update(np.ascontiguousarray(block).data)
    duration, peak = frames / rate, float(np.max(peaks))
    if frames < promised * (1 - MAX_MISSING):
        fault = f"truncated: {duration:.1f} s can be read of {promised / rate:.1f} s promised"
    elif not np.isfinite(peak):
        fault, peak = "contains NaN or infinite samples", 0.0
    elif duration < MIN_DURATION:
        fault = f"too short: {duration:.2f} s, a clip takes {MIN_DURATION:.0f} s"
    elif peak < SILENCE:
        fault = "silent: its peak lies below -60 dBFS"
    return Validation(duration, rate, channels, peak, digest, sound.hexdigest(), fault)


def _missing_fraction(path: Path) -> float:
    """Return the share of a WAV's or AU's sound that its header promises and the file lacks.

    libsndfile reads such a file short without an error. 0 for other formats, and for streams without a length.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        start, length = 0, 0
        if head[:4] == b".snd":
            start, length = int.from_bytes(head[4:8], "big"), int.from_bytes(head[8:12], "big")
        elif head[:4] in (b"RIFF", b"RIFX") and head[8:] == b"WAVE":
            while len(chunk := file.read(8)) == 8:
                length = int.from_bytes(chunk[4:], "little" if head[:4] == b"RIFF" else "big")
                if chunk[:4] == b"data":
                    start = file.tell()
                    break
                file.seek(length + length % 2, os.SEEK_CUR)
    unknown = not start or not length or length >= 0x7FFFF000
    return 0.0 if unknown else max(0.0, (start + length - size) / length)


def _is_text(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(400)
    return head.isascii() and b"\0" not in head


def validate_files(paths: Sequence[str | Path], jobs: int = -1) -> list[Validation]:
    """Validate many files in parallel; unchanged files come from a cache in the data folder.

    Threads are enough: libsndfile, hashing and numpy work outside Python's lock.

    Args:
        paths: Files to decode.
        jobs: Number of threads, -1 for all cores.

    Returns:
        One `Validation` a path, in the order of `paths`.
    """
    states = {str(path): _file_state(path) for path in paths}
    cache = _cache_file(states)
    kept = _load_cache(cache)
    found = {path: kept[path] for path, state in states.items() if state and kept.get(path, {}).get("state") == state}
    todo = [path for path in states if path not in found]
    tasks = joblib.Parallel(jobs, prefer="threads", return_as="generator")(
        joblib.delayed(validate_file)(path) for path in todo
    )
    bar = tqdm(tasks, total=len(todo), desc="reading audio", unit="file", delay=2, mininterval=1)
    try:
        for path, validation in zip(todo, bar, strict=True):
            found[path] = {"state": states[path], **asdict(validation)}
    finally:  # what an interrupted call has decoded isn't decoded again
        if any(found[path]["digest"] for path in todo if path in found):
            _save_cache(cache, {path: entry for path, entry in found.items() if entry["digest"]})
    return [Validation(**{k: v for k, v in found[str(path)].items() if k != "state"}) for path in paths]


def _cache_file(paths: Iterable[str]) -> Path:
    # by characters: files on two drives have no common folder, and need none
    folder = os.path.dirname(os.path.commonprefix(list(paths)))  # noqa: RUF071
    name = hashlib.sha1(os.fsencode(folder)).hexdigest()[:16]
    return data_dir() / "cache" / "inspection" / f"{name}.json"


def _file_state(path: str | Path) -> list[int] | None:
    try:
        stat = os.stat(path)
    except (OSError, ValueError):  # not there; a name that no file can have
        return None
    # Unlike st_mtime, st_ctime can't be set by whoever copies a file.
    return [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]


def _with_checksum(files: dict[str, dict]) -> dict:
    check = zlib.crc32(json.dumps(files, sort_keys=True).encode())
    return {"format": _CACHE_FORMAT, "check": check, "files": files}


def _load_cache(file: Path) -> dict[str, dict]:
    try:
        kept = _files.read_json(file)
        return kept["files"] if kept == _with_checksum(kept["files"]) else {}
    except (UserError, KeyError, TypeError):  # none yet, or damaged
        return {}


def _save_cache(file: Path, files: dict[str, dict]) -> None:
    try:
        with atomic_directory(file.parent) as scratch:
            (scratch / file.name).write_text(json.dumps(_with_checksum(files)))
            os.replace(scratch / file.name, file)
    except OSError as error:
        warnings.warn(
            f"what was found in the audio files can't be kept in {file.parent} ({error.strerror or error}): "
            "they will be read again next time",
            stacklevel=3,
        )
