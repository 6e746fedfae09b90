"""Format numbers, times and names for sentences."""

import re

import numpy as np


def percent(share: float) -> str:
    """Return a share as "61.5 %", "unknown" for NaN."""
    return "unknown" if np.isnan(share) else f"{100 * share:.1f} %"


def plural(number: int, noun: str) -> str:
    """Return "1 track", "2 tracks", "1,200 clips"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def clock(seconds: float) -> str:
    """Return a time in seconds as min:s."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def escape_markdown(text: str) -> str:
    """Return a text from a file, such as a title, with Markdown's special characters escaped."""
    return re.sub(r"([\\`*_\[\]<>&$#|~!])", r"\\\1", text)
