"""Signs that a prediction for a song can't be relied on: unfamiliar sound, undecided snippets, overlapping intervals.

They are weak signs, and only in one direction. A song may have an ordinary spectrum and be of a kind that isn't in the
training data; a network may be confident and wrong. Explained in 08_case_studies.
"""

from dataclasses import dataclass

import numpy as np

from mercore.songs.analysis import Analysis
from mercore.training.runs import Run

# Of the 900 tracks of 4Q 3.9 % lie farther from their common mean, and half of them farther than 0.58.
OOD_THRESHOLD = 1.25
OOD_THRESHOLD_DB = 12.0  # for networks on raw audio, of which only the level is compared; our choice


@dataclass(frozen=True)
class Reliability:
    """Signs for and against relying on an analysis.

    Attributes:
        distance: Of the song's sound from the training data, see `songs.analyse`.
        out_of_distribution: Whether the distance is above the threshold.
        undecided_snippets: Snippets in which no class has a probability above 0.5.
        snippets: All snippets.
        confidence: The mean highest probability.
        test_confidence: The same on the test clips of the run; NaN if the run has none.
        conclusive: Whether the interval of the most frequent class lies above that of the next.
    """

    distance: float
    out_of_distribution: bool
    undecided_snippets: int
    snippets: int
    confidence: float
    test_confidence: float
    conclusive: bool

    @property
    def undecided(self) -> bool:
        """Whether most snippets are undecided."""
        return self.undecided_snippets > self.snippets / 2

    def warnings(self) -> dict[str, str]:
        """Return the reasons not to rely on the analysis, each with a sentence."""
        shares = f"{self.undecided_snippets} of {self.snippets} snippets"
        signs = {
            "out of distribution": (self.out_of_distribution, "treat this result as a guess"),
            "undecided": (self.undecided, f"no class has a probability above 0.5 in {shares}"),
            "inconclusive": (not self.conclusive, "the confidence intervals of the top two classes overlap"),
        }
        return {name: text for name, (applies, text) in signs.items() if applies}


def assess_reliability(analysis: Analysis, run: Run) -> Reliability:
    """Collect the signs for and against relying on an analysis of a song by this run."""
    highest, shares = analysis.probabilities.max(axis=1), analysis.shares().sort_values("share", ascending=False)
    test = run.side("test")
    return Reliability(
        distance=analysis.distance,
        out_of_distribution=abs(analysis.distance) > (OOD_THRESHOLD if run.input == "log_mel" else OOD_THRESHOLD_DB),
        undecided_snippets=int((highest <= 0.5).sum()),
        snippets=len(highest),
        confidence=float(highest.mean()),
        test_confidence=float(test.filter(regex="^p_").max(axis=1).mean()) if len(test) else np.nan,
        conclusive=bool(len(shares) < 2 or shares["low"].iloc[0] > shares["high"].iloc[1]),
    )
