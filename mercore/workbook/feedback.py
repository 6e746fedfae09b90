"""What a cell under an exercise says of an answer, at once, and the points that nbgrader counts.

    feedback = Feedback(2)
    with feedback.check("one side for each clip"):
        assert len(sides) == len(clips)
    feedback.points

Explained in the exercises, and for lecturers in notebooks/exercises/LECTURERS.md.
"""

from collections.abc import Iterator
from contextlib import contextmanager


class Feedback:
    """The checks of one answer: each says in a line how it went, none ends in a traceback.

    worth: points for passing them all. `points` is that, or 0; as the last line of its cell it is what nbgrader
    counts ("partial credit", nbgrader's documentation on autograded cells).
    """

    def __init__(self, worth: int):
        self.worth, self.passed = worth, []

    @contextmanager
    def check(self, sentence: str) -> Iterator[None]:
        """Say whether what is done within holds; sentence says what is to hold, in a student's words."""
        try:
            yield
        except Exception as error:
            self.passed.append(False)
            print(f"✗ {sentence}{_reason(error)}")
        else:
            self.passed.append(True)
            print(f"✓ {sentence}")

    @property
    def points(self) -> int:
        """What the answer earns: all or nothing."""
        return self.worth if self.passed and all(self.passed) else 0


def _reason(error: Exception) -> str:
    """What to add about a failed check: an assertion's message, or another error in one line."""
    text = " ".join(str(error).split())[:200]
    if isinstance(error, AssertionError):
        return f": {text}" if text else ""
    return f": {type(error).__name__}{', ' + text if text else ''}"
