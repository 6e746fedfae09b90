"""Names of classes for readers. Explained in 01_data."""

import re

# What the quadrants of Russell's plane stand for.
MOOD_NAMES = {"Q1": "happy / excited", "Q2": "angry / tense", "Q3": "sad", "Q4": "calm / relaxed"}


def class_label(label: str, lines: bool = False) -> str:
    """Return a class name as it is written in figures and text: quadrants of 4Q with the mood they stand for.

    Args:
        label: The name of a class, as in a corpus or a run.
        lines: Break the name into lines at slashes, and after the quadrant, for narrow axes.
    """
    if label in MOOD_NAMES:
        label = f"{label}{chr(10) if lines else ' '}{MOOD_NAMES[label]}"
    return re.sub(r" ?/ ?", "/\n", label) if lines else label
