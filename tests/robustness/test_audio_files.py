"""More than a hundred corrupted audio files, each opened or refused: no crash, no endless loop, little memory.

They are opened in a process of their own, since what a decoder written in C does with them may end the process.
"""

import json
import random
import struct
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from mercore import UserError, songs
from mercore.features import audio

RATE = 22_050
PER_FORMAT = 22
SECONDS = 240  # of the whole test; the files are a second's work
MOST_MEMORY = 200_000  # kB resident at the peak, beyond what the imports take
OPEN_ALL = """
import json, re, sys
from pathlib import Path
from mercore import UserError, songs
if sys.platform == "linux":
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
def peak():  # of this process alone, other than ru_maxrss, which begins with its parent's
    status = Path("/proc/self/status")
    return int(re.search(r"VmHWM:\\s*(\\d+)", status.read_text())[1]) if status.exists() else 0
before = peak()
opened, refused = [], {}
for path in sorted(Path(sys.argv[1]).iterdir()):
    print(path.name, file=sys.stderr, flush=True)
    try:
        song = songs.open_song(path)
        assert song.samples.ndim == 1 and song.title.isprintable() and len(song.title) <= 120
        opened.append(path.name)
    except UserError as error:
        refused[path.name] = str(error)
print(json.dumps([opened, refused, peak() - before]))
"""


def tones(seconds=4.0, channels=2):
    t = np.arange(round(seconds * RATE)) / RATE
    return np.stack([0.3 * np.sin(2 * np.pi * (300 + 200 * c) * t) for c in range(channels)], axis=1)


@pytest.fixture(scope="module")
def sound_files(tmp_path_factory):
    """One good file of each format, as bytes by suffix."""
    root = tmp_path_factory.mktemp("good")
    for suffix, subtype in (("wav", "PCM_16"), ("flac", None), ("ogg", None), ("mp3", None), ("aiff", "FLOAT")):
        with soundfile.SoundFile(root / f"a.{suffix}", "w", RATE, 2, subtype) as file:
            if suffix != "mp3":
                file.title = "A title"
            file.write(tones())
    return {path.suffix: path.read_bytes() for path in sorted(root.iterdir())}


def flip_bits(data, rng):
    for _ in range(rng.choice([1, 20, 400])):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def flip_header(data, rng):
    for _ in range(rng.choice([1, 3, 9])):
        data[rng.randrange(min(120, len(data)))] ^= 1 << rng.randrange(8)


def lie_in_header(data, rng):
    """A field of the header becomes the largest, the smallest or another extreme number."""
    at = rng.randrange(4, min(100, len(data) - 4))
    data[at : at + 4] = rng.choice([b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\0", b"\0\0\0\x80", b"\1\0\0\0"])


def truncate(data, rng):
    del data[rng.choice([rng.randrange(1, 64), rng.randrange(1, len(data))]) :]


def swap_blocks(data, rng):
    size = rng.choice([16, 256, 2048])
    a, b = (rng.randrange(max(1, len(data) - size)) for _ in range(2))
    data[a : a + size], data[b : b + size] = data[b : b + size], data[a : a + size]


def repeat_block(data, rng):
    a = rng.randrange(len(data))
    data[a:a] = data[a : a + 700] * rng.choice([1, 40])


MUTATIONS = (flip_bits, flip_header, lie_in_header, lie_in_header, truncate, swap_blocks, repeat_block)


def riff(channels=1, rate=RATE, bits=16, claimed=None, data=b"\0" * 40_000, kind=1):
    """A WAV whose header says what it is told to."""
    step = max(1, channels * bits // 8)
    about = struct.pack("<HHIIHH", kind, channels, rate, (rate * step) & 0xFFFFFFFF, step & 0xFFFF, bits)
    size = len(data) if claimed is None else claimed
    return (
        b"RIFF"
        + struct.pack("<I", 0x7FFFFFFF)
        + b"WAVEfmt \x10\0\0\0"
        + about
        + b"data"
        + struct.pack("<I", size)
        + data
    )


LIES = {
    "channels.wav": riff(channels=65_535),
    "no_channels.wav": riff(channels=0),
    "1000_channels.wav": riff(channels=1_000, data=b"\0" * 400_000),
    "rate.wav": riff(rate=0xFFFFFFFF),
    "rate_of_one.wav": riff(rate=1),
    "no_rate.wav": riff(rate=0),
    "bits.wav": riff(bits=64_000),
    "duration.wav": riff(claimed=0xFFFFFFF0),
    "format.wav": riff(kind=0x1234),
    "nothing.wav": riff(data=b""),
    "empty.mp3": b"",
    "movie.m4a": b"\0\0\0\x20ftypM4A " + bytes(range(256)) * 40,
    "endless_atom.m4a": b"\0\0\0\x20ftypM4A " + b"\0\0\0\x18" + b"\0\0\0\0moov" * 400,
    "header_alone.flac": b"fLaC" + b"\0\0\0\x22" + b"\xff" * 34,
    "tag.mp3": b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + b"TIT2" + b"\xff" * 3_000,
    "playlist.mp3": b"#EXTM3U\nfile:///etc/passwd\n",
    "page.ogg": b"OggS\0\x02" + b"\xff" * 22 + b"\xff" * 5_000,
}


def test_corrupted_audio_is_opened_or_refused(sound_files, tmp_path):
    rng = random.Random(0)
    for suffix, good in sound_files.items():
        for n in range(PER_FORMAT):
            data = bytearray(good)
            mutate = MUTATIONS[n % len(MUTATIONS)]
            mutate(data, rng)
            (tmp_path / f"{n:02}_{mutate.__name__}{suffix}").write_bytes(data)
    for name, data in LIES.items():
        (tmp_path / name).write_bytes(data)
    number = len(list(tmp_path.iterdir()))
    done = subprocess.run(
        [sys.executable, "-c", OPEN_ALL, str(tmp_path)], capture_output=True, text=True, timeout=SECONDS
    )
    assert done.returncode == 0, (
        f"at {done.stderr.splitlines()[-1:]}, status {done.returncode}:\n{done.stderr[-2000:]}"
    )
    opened, refused, memory = json.loads(done.stdout.splitlines()[-1])
    assert number > 100 and len(opened) + len(refused) == number
    assert opened and refused.keys() >= LIES.keys() - {"duration.wav", "1000_channels.wav"}
    assert all(name in reason for name, reason in refused.items()), "a refusal that doesn't name its file"
    assert memory < MOST_MEMORY


def test_a_song_over_an_hour_is_refused_from_its_header(tmp_path, monkeypatch):
    path = tmp_path / "long.flac"
    soundfile.write(path, np.zeros(3_601 * 1_000, np.int16), 1_000)
    monkeypatch.setattr(soundfile.SoundFile, "read", None)  # to be told by the header alone
    with pytest.raises(UserError, match=r"long\.flac: lasts 60:01 min, a song may last 60 at most"):
        audio.load(path)


def test_a_song_over_an_hour_is_refused_while_decoding(tmp_path, monkeypatch):
    path = tmp_path / "a.wav"
    soundfile.write(path, tones(4.0), RATE)
    monkeypatch.setattr(audio, "MAX_DURATION", 3.0)
    monkeypatch.setattr(audio, "_check_header", lambda *_: None)
    with pytest.raises(UserError, match="a song may last"):
        audio.load(path)


def test_tags_become_one_printable_line(tmp_path):
    path = tmp_path / "x.flac"
    with soundfile.SoundFile(path, "w", RATE, 1) as file:
        file.title, file.artist = "a\nb\t\x1b[31m\u202ec" + "d" * 500, "$\\frac{$ *x* <script>"
        file.write(tones(channels=1))
    song = songs.open_song(path)
    assert song.title.startswith("a b [31mcd") and len(song.title) == 120
    assert song.artist == "$\\frac{$ *x* <script>"


def test_m4a_is_read_by_ffmpeg_or_asks_for_it(tmp_path, monkeypatch):
    import audioread

    (tmp_path / "x.m4a").write_bytes(LIES["movie.m4a"])
    monkeypatch.setattr(audioread, "available_backends", list)
    with pytest.raises(UserError, match=r"x\.m4a: is MPEG-4 .*install ffmpeg"):
        audio.load(tmp_path / "x.m4a")

    class Decoded:
        samplerate, channels, duration = 44_100, 2, 4.0

        def __init__(self, path):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def __iter__(self):
            t = np.arange(4 * 44_100) / 44_100
            both = np.stack([np.sin(2 * np.pi * 441 * t), 0 * t], axis=1)
            data = (both * 2**14).astype("<i2").tobytes()
            return (data[first : first + 4096] for first in range(0, len(data) - 2, 4096))

    monkeypatch.setattr(audioread, "available_backends", lambda: [Decoded])
    song = songs.open_song(tmp_path / "x.m4a")
    assert song.duration == pytest.approx(4, abs=0.01) and song.title == "x"
    assert np.abs(song.samples).max() == pytest.approx(0.25, abs=0.01)  # half of full scale, averaged with silence
