"""What a disk or somebody has corrupted, for property-based tests of everything that reads files.

The same examples every time, as a suite wants it. MERCORE_FUZZ=50 asks for fifty times as many, others each time.
"""

import os
import re
import shutil
from contextlib import contextmanager
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from mercore import UserError

FUZZ = int(os.environ.get("MERCORE_FUZZ", "0"))
# What names and cells of a table may be, beside any text.
HOSTILE = (
    *("", " ", ".", "..", "/", "//", "../../../etc/passwd", "/etc/passwd", "/dev/zero", "a/../..", "~", "~root"),
    *("\0", "a\0b.wav", "x" * 300, "x/" * 3_000, "C:\\x.wav", "..\\..\\x.wav", "CON", "-", "--help", "$(true)"),
    *("`true`", "=1+1", "file:///etc/passwd", "http://localhost/x.wav", "\u202e", "\ufeff", "\r", "a\nb", '"', "'"),
    *(
        ";",
        ",",
        "nan",
        "NA",
        "None",
        "-1",
        "1e999",
        "9" * 400,
        "é",
        "e\u0301",
        "\U0001f3b5",
        "{}",
        "%s",
        "*",
        "?",
        "[",
    ),
)


def examples(count: int):
    """The settings of a property-based test with so many examples, each as slow as it likes."""
    return settings(max_examples=count * max(1, FUZZ), derandomize=not FUZZ, deadline=None, database=None,
                    suppress_health_check=list(HealthCheck))  # fmt: skip


def cells():
    """Text that is hostile more often than not."""
    return st.sampled_from(HOSTILE) | st.text(max_size=20)


@st.composite
def corrupted(draw, good: bytes) -> bytes:
    """Bytes with some of these faults: bits flipped, cut off, a part overwritten, repeated, taken out or put in."""
    data = bytearray(good)
    for _ in range(draw(st.integers(1, 3))):
        fault = draw(st.sampled_from(("flip", "cut", "overwrite", "repeat", "remove", "insert")))
        at, size = draw(st.integers(0, max(0, len(data) - 1))), draw(st.sampled_from((1, 2, 4, 8, 64, 1_000)))
        if fault == "flip" and data:
            data[at] ^= 1 << draw(st.integers(0, 7))
        elif fault == "cut":
            del data[at:]
        elif fault == "overwrite":
            value = draw(st.sampled_from((b"\xff", b"\0", b"\x7f", b"\x80"))) * size
            data[at : at + size] = value[: max(0, len(data) - at)]
        elif fault == "repeat":
            data[at:at] = data[at : at + size] * draw(st.sampled_from((1, 30)))
        elif fault == "remove":
            del data[at : at + size]
        else:
            data[at:at] = draw(st.binary(max_size=8))
    return bytes(data)


def read(function, *arguments, naming: str | Path):
    """What a function gives, or None where it refuses with a UserError, which has to name the file."""
    try:
        return function(*arguments)
    except UserError as error:
        told = str(error)
        assert str(naming) in told, f"doesn't name {naming}: {told}"
        assert told.isprintable() or "\n" not in told, repr(told)
        return None


def emptied(folder: Path) -> Path:
    """A folder with nothing in it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


@contextmanager
def peak_memory():
    """A function that gives the bytes that became resident at the peak, while the context lasted (Linux, else 0)."""
    status, reset = Path("/proc/self/status"), Path("/proc/self/clear_refs")

    def resident() -> int:
        return int(re.search(r"VmHWM:\s*(\d+)", status.read_text())[1]) * 1024 if status.exists() else 0

    if reset.exists():
        reset.write_text("5")  # the peak begins anew, see proc(5)
    before = resident()
    yield lambda: resident() - before
