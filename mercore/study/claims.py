"""The report's claims, and what the runs at hand say of each: holds, does not hold, or undecided. See 07_results.

A claim holds where the 95 % interval of the effect it speaks of lies wholly on its side, doesn't hold where the
interval lies wholly on the other side, and is undecided else. Intervals resample artists (or tracks), and networks
are compared on the same clips. "Equal" and "comparable" mean within MARGIN. A claim that one network is above several
needs every one of the intervals on its side; no correction is made for looking at several: it would make both
verdicts rarer.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mercore import evaluation
from mercore.plots.style import network_name

HOLDS, FAILS, OPEN = "holds", "does not hold", "undecided"
MARGIN = 0.05
MEL = ("conv", "blstm", "bgru", "conv_blstm", "conv_bgru")
RAW = ("end2end", "end2end_gru")
PAIRS = (("blstm", "bgru"), ("conv_blstm", "conv_bgru"), ("end2end", "end2end_gru"))


@dataclass(frozen=True)
class Evidence:
    """The runs of one task: predictions by network and side, the seeds' put together."""

    sides: dict[str, dict[str, pd.DataFrame]]
    parameters: pd.Series  # by network
    classes: tuple[str, ...]

    @classmethod
    def of(cls, runs: dict[str, list]) -> "Evidence":
        """From the runs of each network; those of a network differ by seed alone, the same seeds for all."""
        sides = {
            key: {side: pd.concat([run.side(side) for run in several]) for side in evaluation.SIDES}
            for key, several in runs.items()
        }
        parameters = pd.Series({key: several[0].parameters for key, several in runs.items()})
        return cls(sides, parameters, next(iter(runs.values()))[0].classes)

    def difference(self, first: str, second: str, side: str = "test") -> tuple[float, float, float]:
        """Accuracy of the second network less that of the first, with its interval."""
        return evaluation.difference_interval(self.sides[first][side], self.sides[second][side])

    def accuracy(self, key: str, side: str = "test") -> tuple[float, float, float]:
        """Accuracy with its interval."""
        return evaluation.accuracy_interval(self.sides[key][side])

    def best(self) -> str:
        """The network with the highest test accuracy."""
        return max(self.sides, key=lambda key: evaluation.accuracy(self.sides[key]["test"]))

    def others(self, key: str) -> list[str]:
        """All networks but this one."""
        return [other for other in self.sides if other != key]


def judge(*intervals: tuple[float, float, float]) -> str:
    """The verdict on a claim that says all these effects are above zero."""
    if all(low > 0 for _, low, _ in intervals):
        return HOLDS
    return FAILS if any(high < 0 for _, _, high in intervals) else OPEN


def judge_equal(interval: tuple[float, float, float]) -> str:
    """The verdict on a claim that says an effect is zero, within MARGIN."""
    _, low, high = interval
    if low > -MARGIN and high < MARGIN:
        return HOLDS
    return FAILS if low > 0 or high < 0 else OPEN


def told(interval: tuple[float, float, float]) -> str:
    """An effect with its interval, in points of a hundred."""
    estimate, low, high = (100 * value for value in interval)
    return f"{estimate:+.1f} points " + ("(no interval)" if np.isnan(low) else f"[{low:+.1f}, {high:+.1f}]")


def decisive(found: dict) -> tuple:
    """Of several effects, by what they are of, the one that speaks most against "all are above zero"."""
    return min(found.items(), key=lambda item: np.nan_to_num(item[1][2], nan=np.inf))  # the upper bound decides


def above(e: Evidence, keys, rivals, side: str = "test") -> tuple[str, str]:
    """Whether each of these networks has a higher accuracy than each rival: what was found, and the verdict."""
    found = {(key, rival): e.difference(rival, key, side) for key in keys for rival in rivals}
    (key, rival), effect = decisive(found)
    return f"{network_name(key)} less {network_name(rival)}: {told(effect)}", judge(*found.values())


def gap(first: tuple[float, float, float], second: tuple[float, float, float]) -> tuple[float, float, float]:
    """First less second, for two accuracies measured on different clips (Zou and Donner 2008, "MOVER")."""
    (a, a_low, a_high), (b, b_low, b_high) = first, second
    return a - b, a - b - np.hypot(a - a_low, b_high - b), a - b + np.hypot(a_high - a, b - b_low)


def recall_spread(first: pd.DataFrame, second: pd.DataFrame) -> tuple[float, float, float]:
    """Standard deviation of the recalls of the second network less that of the first: (estimate, low, high)."""
    spread = np.nanstd(evaluation.bootstrap_recalls(first, second), axis=2)
    values = spread[1] - spread[0]
    return float(values[0]), *(float(v) for v in np.quantile(values[1:], (0.025, 0.975)))


# --- The claims: each returns what was found, and the verdict.


def raw_audio_wins(e: Evidence) -> tuple[str, str]:
    """Claim 1: each end-to-end network above each that takes a mel-spectrogram."""
    return above(e, RAW, MEL)


def highest_training(key: str) -> Callable:
    """Claims 2 and 6: this network's training accuracy above that of every other."""

    def check(e: Evidence) -> tuple[str, str]:
        text, verdict = above(e, [key], e.others(key), "train")
        return f"training: {text}", verdict

    return check


def overfits(key: str) -> Callable:
    """Claims 3 and 6: this network's training accuracy above its validation accuracy."""

    def check(e: Evidence) -> tuple[str, str]:
        if e.sides[key]["validation"].empty:
            return "there is no validation side", OPEN
        found = gap(e.accuracy(key, "train"), e.accuracy(key, "validation"))
        return f"{network_name(key)}, training less validation: {told(found)}", judge(found)

    return check


def both(*checks: Callable) -> Callable:
    """A claim that says several things: it fails with one of them, and holds with all."""

    def check(e: Evidence) -> tuple[str, str]:
        found = [one(e) for one in checks]
        verdicts = [verdict for _, verdict in found]
        whole = FAILS if FAILS in verdicts else HOLDS if set(verdicts) == {HOLDS} else OPEN
        return "; ".join(text for text, _ in found), whole

    return check


def gru_is_cheaper(e: Evidence) -> tuple[str, str]:
    """Claim 4: end to end, the GRU has fewer parameters and an accuracy within MARGIN of the LSTM's."""
    found, (lstm, gru) = e.difference("end2end", "end2end_gru"), e.parameters.loc[["end2end", "end2end_gru"]]
    text = f"GRU less LSTM: {told(found)}; {gru:,.0f} against {lstm:,.0f} parameters"
    return text, judge_equal(found) if gru < lstm else FAILS


def rock_is_poor(e: Evidence) -> tuple[str, str]:
    """Claim 5: every other network's recall of rock above Conv's."""
    rock = {key: sides["test"][sides["test"]["label"] == "rock"] for key, sides in e.sides.items()}
    if rock["conv"].empty:
        return "no rock was tested", OPEN
    found = {key: evaluation.difference_interval(rock["conv"], rock[key]) for key in e.others("conv")}
    recalls = {key: evaluation.accuracy(part) for key, part in rock.items()}
    others = sorted(100 * recalls[key] for key in found)
    key, effect = decisive(found)
    text = f"recall of rock: Conv {100 * recalls['conv']:.0f} %, the others {others[0]:.0f} to {others[-1]:.0f} %; "
    return text + f"{network_name(key)} less Conv: {told(effect)}", judge(*found.values())


def comparable(first: str, second: str) -> Callable:
    """Claim 7: the accuracies of these two networks within MARGIN of each other."""

    def check(e: Evidence) -> tuple[str, str]:
        found = e.difference(first, second)
        return f"{network_name(second)} less {network_name(first)}: {told(found)}", judge_equal(found)

    return check


def conv_is_best(e: Evidence) -> tuple[str, str]:
    """Claim 9: Conv above every other network."""
    return above(e, ["conv"], e.others("conv"))


def raw_audio_loses(e: Evidence) -> tuple[str, str]:
    """Claim 10: each network that takes a mel-spectrogram above each end-to-end one."""
    return above(e, MEL, RAW)


def one_class_prevails(e: Evidence) -> tuple[str, str]:
    """Claim 11: the class that the end-to-end LSTM predicts most often has more than half of the clips."""
    test = e.sides["end2end"]["test"]
    most = test["predicted"].value_counts().index[0]
    share, low, high = evaluation.mean_interval(test["predicted"] == most, evaluation.artist_or_track(test))
    text = f"End-to-end LSTM predicts {most} for {100 * share:.0f} % of the clips [{100 * low:.0f}, {100 * high:.0f}]"
    return text, judge((share - 0.5, low - 0.5, high - 0.5))


def conv_is_balanced(e: Evidence) -> tuple[str, str]:
    """Claim 12: the recalls of every other network spread more than Conv's."""
    found = {key: recall_spread(e.sides["conv"]["test"], e.sides[key]["test"]) for key in e.others("conv")}
    key, effect = decisive(found)
    return f"deviation of the recalls, {network_name(key)} less Conv: {told(effect)}", judge(*found.values())


def gru_keeps_up(genre: Evidence, mood: Evidence) -> tuple[str, str]:
    """Claim 13: in all six pairs the GRU not below the LSTM by more than MARGIN."""
    found = {
        (task, gru): e.difference(lstm, gru) for task, e in (("genre", genre), ("mood", mood)) for lstm, gru in PAIRS
    }
    (task, gru), least = decisive(found)
    ahead = sum(estimate > 0 for estimate, _, _ in found.values())
    text = (
        f"the GRU is ahead in {ahead} of {len(found)} pairs; at the least, {task}, {network_name(gru)}: {told(least)}"
    )
    if all(low > -MARGIN for _, low, _ in found.values()):
        return text, HOLDS
    return text, FAILS if any(high < 0 for _, _, high in found.values()) else OPEN


def mood_is_harder(genre: Evidence, mood: Evidence) -> tuple[str, str]:
    """Claim 8: the best genre network further on the way from guessing to perfection than the best mood network."""
    scaled = []
    for e in (genre, mood):
        chance = 1 / len(e.classes)
        scaled.append(tuple((value - chance) / (1 - chance) for value in e.accuracy(e.best())))
    found = gap(*scaled)
    return f"share of the way from guessing to perfection, best genre less best mood network: {told(found)}", judge(
        found
    )


def snippets_follow(snippets: pd.DataFrame | None) -> tuple[str, str]:
    """Whether the snippets of songs with known sections get their section's label more often than by chance.

    snippets: columns label, predicted, task and section (of which song), as the case studies find them.
    """
    if snippets is None or snippets.empty:
        return "no song with known sections was analysed", OPEN
    hit = snippets["label"] == snippets["predicted"]
    same = snippets.groupby("task")["predicted"].value_counts(normalize=True)
    chance = [same.get((task, label), 0.0) for task, label in snippets[["task", "label"]].itertuples(index=False)]
    found = evaluation.mean_interval(hit - np.array(chance), snippets["section"])
    return f"{100 * hit.mean():.0f} % get their section's label; above chance by {told(found)}", judge(found)


def enough_data(curve: pd.DataFrame | None) -> tuple[str, str]:
    """Whether all training tracks do no better, by more than MARGIN, than half of them: then more would hardly help.

    curve: a row for each task with difference, low, high (accuracy with all tracks less that with half of them).
    """
    if curve is None or curve.empty:
        return "no network was trained on fewer tracks", OPEN
    found = {task: tuple(row) for task, row in curve[["difference", "low", "high"]].iterrows()}
    text = "all training tracks less half of them: " + ", ".join(f"{t} {told(effect)}" for t, effect in found.items())
    if all(high < MARGIN for _, _, high in found.values()):
        return text, HOLDS
    return text, FAILS if any(low > 0 for _, low, _ in found.values()) else OPEN


# Number, task, the claim in our words, what the report's own tables and figures say, whether they contradict it.
CLAIMS = (
    (1, "genre", "On genre the end-to-end networks beat all that take a mel-spectrogram",
     ".8639 and .8539 against .8458 at most", False, raw_audio_wins),
    (2, "genre", "On genre Conv + BLSTM reaches the highest training accuracy",
     "its Annex 1 has BGRU .9983 above Conv + BLSTM .9974", True, highest_training("conv_blstm")),
    (3, "genre", "On genre Conv + BLSTM overfits", "training .9974, validation .8248", False, overfits("conv_blstm")),
    (4, "genre", "The end-to-end GRU equals the LSTM with fewer parameters",
     ".8639 against .8539; 180,647 against 229,287 parameters", False, gru_is_cheaper),
    (5, "genre", "Conv classifies rock poorly, so genre is in time", "rock recall .165 by Conv, .51 to .80 by others",
     False, rock_is_poor),
    (6, "mood", "On mood Conv + BGRU reaches the highest training accuracy and overfits",
     "training .8264, validation .5933", False, both(highest_training("conv_bgru"), overfits("conv_bgru"))),
    (7, "mood", "On mood Conv and Conv + BLSTM are comparable", ".5889 and .62", False,
     comparable("conv", "conv_blstm")),
    (8, "both", "Mood is harder than genre", "best .62 of four classes, .8639 of ten", False, mood_is_harder),
    (9, "mood", "On mood the best network is convolutional alone: time doesn't help",
     "its Annex 2 has Conv + BLSTM .62 above Conv .5889", True, conv_is_best),
    (10, "mood", "On mood end-to-end is worse than every mel network", ".3667 and .4844 against .5356 at least", False,
     raw_audio_loses),
    (11, "mood", "On mood end-to-end predicts one class for most clips", "315 of 450 in its figure 25", False,
     one_class_prevails),
    (12, "mood", "On mood Conv has the most balanced confusion matrix",
     "by its own matrices the deviation of the recalls of Conv is fifth of seven", True, conv_is_balanced),
    (13, "both", "A GRU is comparable or superior to an LSTM", "ahead in three pairs of six", False, gru_keeps_up),
    (14, "songs", "A song's snippets show its mixture of genres and moods", "two songs, no ground truth", False, None),
    (15, "data", "Cutting and augmenting tracks gives the networks enough data", "no run without them", False, None),
)  # fmt: skip


def settle(runs: dict[str, dict[str, list]], snippets: pd.DataFrame | None = None, curve: pd.DataFrame | None = None):
    """The ledger: a row a claim with number, claim, report, contradicted, found, verdict.

    runs: by task (genre, mood) and network, a list of runs that differ by seed. A task that is missing, or lacks
    one of the seven networks or its test clips, leaves its claims undecided.
    """
    evidence = {
        task: Evidence.of(own)
        for task, own in runs.items()
        if set(MEL + RAW) <= set(own) and all(len(run.side("test")) for of in own.values() for run in of)
    }
    rows = []
    for number, task, claim, report, contradicted, check in CLAIMS:
        if task == "songs":
            found, verdict = snippets_follow(snippets)
        elif task == "data":
            found, verdict = enough_data(curve)
        else:
            wanted = ("genre", "mood") if task == "both" else (task,)
            if set(wanted) <= set(evidence):
                found, verdict = check(*(evidence[name] for name in wanted))
            else:
                found, verdict = f"nothing tested on {' and '.join(t for t in wanted if t not in evidence)}", OPEN
        rows.append((number, claim, report, contradicted, found, verdict))
    return pd.DataFrame(rows, columns=["number", "claim", "report", "contradicted", "found", "verdict"])
