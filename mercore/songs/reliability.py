"""When to doubt what a network says of a song: the song is unlike its training data, or it can't decide.

Both are weak signs, and only in one direction. A song may have an ordinary spectrum and be of a kind that the network
has never heard; a network may be sure and wrong. Explained in 08_case_studies.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mercore import features
from mercore.corpora.labels import class_label
from mercore.evaluation.text import escape_markdown, percent, plural

CLIPS = 30  # evenly over the song, for its average spectrum
FAR = 1.25  # of the 900 tracks of 4Q 3.9 % lie farther from their common mean, and half of them farther than 0.58
FAR_DB = 12.0  # the same for networks on raw audio, of which only the level is compared; our choice


@dataclass(frozen=True)
class Doubts:
    """What speaks against relying on an analysis.

    distance: of the song's sound from the training data, see `distance`; far: whether it is too large. undecided:
    snippets in which no class has a probability above 0.5; unsure: whether they are the majority.
    confidence: the mean highest probability; on_test_clips: that of the run's test clips, NaN where none are kept.
    settled: whether the interval of the most frequent class lies above that of the next.
    """

    kind: str
    distance: float
    far: bool
    undecided: int
    snippets: int
    confidence: float
    on_test_clips: float
    settled: bool

    @property
    def unsure(self) -> bool:
        """Whether most snippets are undecided."""
        return self.undecided > self.snippets / 2


def distance(song, run) -> float:
    """How far a song's average sound lies from that of the clips that a `runs.Run` was trained on.

    Networks on mel-spectrograms: the song's mean log-mel spectrum, standardised by the run's own normaliser band by
    band, as a root mean square over the bands; a single frame of the training data has 1 on average, the mean of a
    whole track less. Much of it is level and brightness. Networks on raw audio: the level re. the training data, dB.
    """
    starts = np.linspace(0, max(0.0, song.duration - run.clip_seconds), CLIPS)
    x = features.compute(song.samples, starts, run.kind, run.clip_seconds, run.n_mels)
    z = run.normaliser.apply(x)
    if run.normaliser.per == "band":
        return float(np.sqrt(np.mean(z.mean(axis=(0, 2)) ** 2)))
    return float(10 * np.log10(np.mean(z**2) + 1e-12))


def doubt(analysis, run) -> Doubts:
    """What speaks against relying on an `Analysis` of a song by this run."""
    highest, shares = analysis.probabilities.max(axis=1), analysis.shares().sort_values("share", ascending=False)
    far = distance(analysis.song, run)
    test = run.side("test").filter(regex="^p_").max(axis=1) if len(run.side("test")) else pd.Series(dtype=float)
    return Doubts(
        kind=run.kind,
        distance=far,
        far=abs(far) > (FAR if run.normaliser.per == "band" else FAR_DB),
        undecided=int((highest <= 0.5).sum()),
        snippets=len(highest),
        confidence=float(highest.mean()),
        on_test_clips=float(test.mean()) if len(test) else float("nan"),
        settled=bool(len(shares) < 2 or shares["low"].iloc[0] > shares["high"].iloc[1]),
    )


def tell_doubts(found: Doubts, analysis, run) -> list[str]:
    """The doubts as sentences (Markdown), warnings first; the last says what none of this can tell."""
    task, title = analysis.task, escape_markdown(analysis.song.title)
    shares = analysis.shares().sort_values("share", ascending=False, kind="stable")
    warnings, remarks = [], []
    (warnings if found.far else remarks).append(_tell_distance(found, f"*{title}*", run))
    sure = (
        f"in {found.undecided} of {plural(found.snippets, 'snippet')} no {task} has a probability above 0.5; the "
        f"highest is {found.confidence:.2f} on average"
    )
    if not np.isnan(found.on_test_clips):
        sure += f", on the run's test clips {found.on_test_clips:.2f} with {percent(run.accuracy('test'))} right"
    if found.unsure:
        warnings.append(f"⚠ **Unsure:** {sure}.")
    else:
        remarks.append(f"{sure[0].upper()}{sure[1:]}.")
    if not found.settled:
        warnings.append(
            f"⚠ **Not settled:** the intervals of {escape_markdown(class_label(shares.index[0]))} and "
            f"{escape_markdown(class_label(shares.index[1]))} "
            "overlap, so other snippets may well put the second first."
        )
    last = (
        f"None of this says that the {task} is right: a song may sound ordinary and be of a kind that the network has "
        "never heard, and networks are sure of their mistakes too."
    )
    return [*warnings, *remarks, last]


def _tell_distance(found: Doubts, title: str, run) -> str:
    if run.normaliser.per == "band":
        text = (
            f"the average spectrum of {title} lies {found.distance:.2f} from that of the training data (the "
            f"yardstick is 4Q: of its tracks half lie within 0.58 of their mean, 96 of 100 within {FAR})"
        )
    else:
        level = f"{abs(found.distance):.0f} dB {'louder' if found.distance > 0 else 'quieter'}"
        text = f"{title} is {level} than the training data on average, which is all that is compared for raw audio"
    if found.far:
        return f"⚠ **Unlike the training data:** {text}. Take what the network says of it for chance."
    return f"{text[0].upper()}{text[1:]}: nothing unusual in that respect."
