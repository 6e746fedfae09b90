"""Decode audio files in blocks, so that a long file never lies in memory whole.

Whatever libsndfile reads is read by it; MPEG-4 (m4a, mp4), which it doesn't, by whatever the system has for it (Core
Audio, GStreamer, ffmpeg), through audioread. No shell is involved. Explained in 02_features.
"""

import contextlib
from collections.abc import Generator
from pathlib import Path

import audioread
import numpy as np
import soundfile
import soxr

from mercore import UserError
from mercore.corpora.validate import MAX_DURATION
from mercore.features.settings import SAMPLE_RATE

BLOCK_FRAMES = 1 << 18  # read at once: a few seconds, so that an hour of stereo never lies in memory whole
FULL_SCALE = np.float32(2**-15)  # of 16-bit samples
MANY_CHANNELS = 8  # from here on blocks are shorter, as libsndfile takes up to 1,024
LOWEST_RATE, HIGHEST_RATE = 1_000, 1_000_000  # Hz; beyond lie broken headers, for which a resampler needs gigabytes
FORMATS = "WAV, FLAC, OGG, MP3, AIFF and AU"


def load(path: str | Path, sample_rate: int = SAMPLE_RATE) -> np.ndarray:
    """Load an audio file as mono samples: channels averaged, resampled by soxr.

    Args:
        path: The file.
        sample_rate: Of the samples returned (Hz).

    Returns:
        float32 (n,), full scale 1.

    Raises:
        UserError: For a file that is missing, unreadable, empty, longer than an hour (before anything is decoded,
            where its header says so) or contains NaN or infinite samples.
    """
    try:
        samples = _mix(path, *_open(path), sample_rate)
    except UserError:
        raise
    except (OSError, EOFError, RuntimeError, ValueError, TypeError, audioread.DecodeError) as error:
        # soundfile's own errors are RuntimeErrors; it raises TypeError where it is asked to guess a .raw
        raise UserError(f"{path}: can't be read as audio ({_reason(error)})") from error
    except MemoryError as error:
        raise UserError(f"{path}: takes more memory than there is") from error
    if not len(samples):
        raise UserError(f"{path}: holds no audio")
    return samples


def _reason(error: Exception) -> str:
    reason = getattr(error, "error_string", str(error)).strip().rstrip(".") or type(error).__name__
    return "no sound found in it" if reason.startswith("File does not exist") else reason  # which it does: a bad mp3


def _open(path: str | Path) -> tuple[int, Generator[np.ndarray]]:
    """Sample rate (Hz) and the blocks, (frames, channels) float32; raises UserError where the header rules it out."""
    try:
        file = soundfile.SoundFile(path)
    except soundfile.LibsndfileError:
        if _is_mpeg4(path):
            return _open_mpeg4(path)
        raise
    try:
        _check_header(path, file.samplerate, file.frames / max(1, file.samplerate))
    except UserError:
        file.close()
        raise
    return file.samplerate, _blocks(file)


def _blocks(file: soundfile.SoundFile) -> Generator[np.ndarray]:
    with file:
        size = BLOCK_FRAMES * MANY_CHANNELS // max(file.channels, MANY_CHANNELS)
        # Its own loop, as of some MP3 the last frames come only to who asks for no more than there are. It goes by the
        # length in the header, which has been checked, so it ends.
        if file.subtype == "PCM_16":  # numpy makes floats of them in a seventh of libsndfile's time
            for block in file.blocks(size, dtype="int16", always_2d=True):
                yield block * FULL_SCALE
        else:
            yield from file.blocks(size, dtype="float32", always_2d=True)


def _is_mpeg4(path: str | Path) -> bool:
    with open(path, "rb") as file:
        return file.read(8)[4:] == b"ftyp"


def _open_mpeg4(path: str | Path) -> tuple[int, Generator[np.ndarray]]:
    try:
        file = audioread.audio_open(str(Path(path).resolve()))  # whole, so that no name passes for an option or URL
    except audioread.NoBackendError as error:
        raise UserError(
            f"{path}: is MPEG-4 (m4a), and nothing on this machine decodes it: it is broken, or ffmpeg is missing; "
            f"install ffmpeg, or convert the file to one of {FORMATS}"
        ) from error
    try:
        _check_header(path, file.samplerate, file.duration)
    except UserError:
        file.close()
        raise
    return file.samplerate, _blocks_mpeg4(file)


def _blocks_mpeg4(file) -> Generator[np.ndarray]:
    with file:
        rest = b""  # a block needn't end with a frame
        for data in file:
            data = rest + data
            whole = len(data) // (2 * file.channels) * file.channels
            rest = data[2 * whole :]
            yield np.frombuffer(data, "<i2", whole).reshape(-1, file.channels) * FULL_SCALE


def _check_header(path: str | Path, rate: int, seconds: float) -> None:
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise UserError(f"{path}: unsupported sample rate ({rate:,} Hz); export the file again")
    if seconds > MAX_DURATION:
        raise UserError(_too_long(path, seconds))


def _too_long(path: str | Path, seconds: float) -> str:
    length = f"{seconds // 60:,.0f}:{seconds % 60:02.0f}"
    return f"{path}: lasts {length} min, a song may last {MAX_DURATION / 60:.0f} at most; cut it into parts"


def _mix(path: str | Path, rate: int, blocks: Generator[np.ndarray], wanted: int) -> np.ndarray:
    """Return the blocks as one mono signal at the wanted rate."""
    resample = None if rate == wanted else soxr.ResampleStream(rate, wanted, 1, dtype="float32")
    parts, frames = [np.zeros(0, np.float32)], 0
    with contextlib.closing(blocks):  # and with them the file, whatever happens: Windows can't remove an open one
        for block in blocks:
            frames += len(block)
            if frames > MAX_DURATION * rate:  # a header needn't tell the truth
                raise UserError(_too_long(path, frames / rate))
            channels = block.T  # added one by one, in a tenth of the time of block.mean(axis=1)
            mono = sum(channels) / np.float32(len(channels)) if len(channels) > 1 else channels[0]
            if not np.isfinite(mono).all():
                raise UserError(f"{path}: contains NaN or infinite samples; export the file again")
            parts.append(resample.resample_chunk(mono) if resample else mono)
    if frames and resample:
        parts.append(resample.resample_chunk(np.zeros(0, np.float32), last=True))
    return np.concatenate(parts)
