"""Check answers to exercises: a line of feedback for each check, and the points that nbgrader counts.

Explained in notebooks/exercises/LECTURERS.md.
"""

from collections.abc import Iterator
from contextlib import contextmanager


class Feedback:
    """The checks of one answer: each prints in a line how it went, none ends in a traceback.

    `points` as the last line of a cell is what nbgrader counts ("partial credit" in its documentation).

        feedback = Feedback(2)
        with feedback.check("one side for each clip"):
            assert len(sides) == len(clips)
        feedback.points

    Args:
        worth: The points for passing all checks.
    """

    def __init__(self, worth: int):
        self.worth = worth
        self.passed: list[bool] = []

    @contextmanager
    def check(self, sentence: str) -> Iterator[None]:
        """Print whether the code within ends without error; sentence says, in a student's words, what is to hold."""
        try:
            yield
        except Exception as error:
            self.passed.append(False)
            kind = "" if isinstance(error, AssertionError) else type(error).__name__
            text = ", ".join(filter(None, [kind, " ".join(str(error).split())[:200]]))
            print(f"✗ {sentence}{': ' if text else ''}{text}")
        else:
            self.passed.append(True)
            print(f"✓ {sentence}")

    @property
    def points(self) -> int:
        """Return what the answer earns: all or nothing."""
        return self.worth if self.passed and all(self.passed) else 0
