"""The report's claims (data/report_claims.csv) and what runs show of each: holds, does not hold, or undecided.

A claim holds where the 95 % interval of its effect lies wholly on its side, doesn't hold where the interval lies
wholly on the other side, and is undecided otherwise. Intervals resample artists (or tracks), and networks are
compared on the same clips. "Equal" and "comparable" mean within MARGIN. A claim that one network is above several
others needs every interval on its side; no correction for multiple comparisons is made, as it would make both
verdicts rarer. Explained in 07_results.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mercore import FACTS, evaluation
from mercore.plots.style import network_name
from mercore.training.runs import Run

HOLDS, FAILS, UNDECIDED = "holds", "does not hold", "undecided"
MARGIN = 0.05
MEL = ("conv", "blstm", "bgru", "conv_blstm", "conv_bgru")
RAW = ("end2end", "end2end_gru")
PAIRS = (("blstm", "bgru"), ("conv_blstm", "conv_bgru"), ("end2end", "end2end_gru"))

Interval = tuple[float, float, float]  # estimate, low, high
Finding = tuple[str, str]  # what was found, verdict


@dataclass(frozen=True)
class Evidence:
    """Predictions on one task by network and side, pooled over seeds."""

    sides: dict[str, dict[str, pd.DataFrame]]
    parameters: dict[str, int]
    classes: tuple[str, ...]

    @classmethod
    def from_runs(cls, networks: dict[str, list[Run]]) -> "Evidence":
        """Pool the runs of each of the report's networks; all networks have the same seeds."""
        networks = {key: networks[key] for key in networks if key in MEL + RAW}
        sides = {
            key: {side: pd.concat([run.side(side) for run in runs]) for side in evaluation.SIDES}
            for key, runs in networks.items()
        }
        parameters = {key: runs[0].parameters for key, runs in networks.items()}
        return cls(sides, parameters, networks["conv"][0].classes)

    def difference(self, first: str, second: str, side: str = "test") -> Interval:
        """Return the accuracy of the second network less that of the first, with its interval."""
        return evaluation.difference_interval(self.sides[first][side], self.sides[second][side])

    def accuracy(self, key: str, side: str = "test") -> Interval:
        """Return the accuracy of a network with its interval."""
        return evaluation.accuracy_interval(self.sides[key][side])

    def others(self, key: str) -> list[str]:
        """Return all networks but this one."""
        return [other for other in self.sides if other != key]


def verdict(*effects: Interval) -> str:
    """Judge the claim that all these effects are above zero."""
    if all(low > 0 for _, low, _ in effects):
        return HOLDS
    return FAILS if any(high < 0 for _, _, high in effects) else UNDECIDED


def verdict_of_equality(effect: Interval) -> str:
    """Judge the claim that an effect is zero, within MARGIN."""
    _, low, high = effect
    if low > -MARGIN and high < MARGIN:
        return HOLDS
    return FAILS if low > 0 or high < 0 else UNDECIDED


def format_effect(effect: Interval) -> str:
    """Format a difference of shares and its interval in percentage points."""
    estimate, low, high = (100 * value for value in effect)
    return f"{estimate:+.1f} points " + ("(no interval)" if np.isnan(low) else f"[{low:+.1f}, {high:+.1f}]")


def weakest(effects: dict) -> tuple:
    """Return the item, by key and effect, that speaks most against "all are above zero": the lowest upper bound."""
    return min(effects.items(), key=lambda item: np.nan_to_num(item[1][2], nan=np.inf))


def all_above(evidence: Evidence, keys, rivals, side: str = "test") -> Finding:
    """Judge whether each of these networks has a higher accuracy than each rival."""
    effects = {(key, rival): evidence.difference(rival, key, side) for key in keys for rival in rivals}
    (key, rival), effect = weakest(effects)
    return f"{network_name(key)} less {network_name(rival)}: {format_effect(effect)}", verdict(*effects.values())


def unpaired_difference(first: Interval, second: Interval) -> Interval:
    """Return first less second for accuracies measured on different clips (Zou and Donner 2008, "MOVER")."""
    (a, a_low, a_high), (b, b_low, b_high) = first, second
    return a - b, a - b - np.hypot(a - a_low, b_high - b), a - b + np.hypot(a_high - a, b - b_low)


def recall_spread(first: pd.DataFrame, second: pd.DataFrame) -> Interval:
    """Return the standard deviation of the second network's recalls less that of the first's, with its interval."""
    spread = np.nanstd(evaluation.bootstrap_recalls(first, second), axis=2)
    values = spread[1] - spread[0]
    low, high = np.quantile(values[1:], (0.025, 0.975))
    return float(values[0]), float(low), float(high)


# --- One function a claim, numbered as in data/report_claims.csv.


def highest_training(evidence: Evidence, key: str) -> Finding:
    """Judge claims 2 and 6: this network's training accuracy above that of every other."""
    found, judged = all_above(evidence, [key], evidence.others(key), "train")
    return f"training: {found}", judged


def overfits(evidence: Evidence, key: str) -> Finding:
    """Judge claims 3 and 6: this network's training accuracy above its validation accuracy."""
    if evidence.sides[key]["validation"].empty:
        return "there is no validation side", UNDECIDED
    effect = unpaired_difference(evidence.accuracy(key, "train"), evidence.accuracy(key, "validation"))
    return f"{network_name(key)}, training less validation: {format_effect(effect)}", verdict(effect)


def gru_is_cheaper(genre: Evidence) -> Finding:
    """Judge claim 4: end to end, the GRU has fewer parameters and an accuracy within MARGIN of the LSTM's."""
    effect = genre.difference("end2end", "end2end_gru")
    lstm, gru = (genre.parameters[key] for key in RAW)
    found = f"GRU less LSTM: {format_effect(effect)}; {gru:,.0f} against {lstm:,.0f} parameters"
    return found, verdict_of_equality(effect) if gru < lstm else FAILS


def rock_is_poor(genre: Evidence) -> Finding:
    """Judge claim 5: every other network's recall of rock above Conv's."""
    rock = {key: sides["test"][sides["test"]["label"] == "rock"] for key, sides in genre.sides.items()}
    if rock["conv"].empty:
        return "no rock was tested", UNDECIDED
    effects = {key: evaluation.difference_interval(rock["conv"], rock[key]) for key in genre.others("conv")}
    recalls = {key: 100 * evaluation.accuracy(clips) for key, clips in rock.items()}
    conv, others = recalls.pop("conv"), recalls.values()
    key, effect = weakest(effects)
    found = f"recall of rock: Conv {conv:.0f} %, the others {min(others):.0f} to {max(others):.0f} %; "
    return found + f"{network_name(key)} less Conv: {format_effect(effect)}", verdict(*effects.values())


def conv_bgru_overfits_most(mood: Evidence) -> Finding:
    """Judge claim 6, which says two things: it fails with one of them, and holds with both."""
    findings = [highest_training(mood, "conv_bgru"), overfits(mood, "conv_bgru")]
    verdicts = {judged for _, judged in findings}
    whole = FAILS if FAILS in verdicts else HOLDS if verdicts == {HOLDS} else UNDECIDED
    return "; ".join(found for found, _ in findings), whole


def comparable(evidence: Evidence, first: str, second: str) -> Finding:
    """Judge claim 7: the accuracies of these two networks within MARGIN of each other."""
    effect = evidence.difference(first, second)
    found = f"{network_name(second)} less {network_name(first)}: {format_effect(effect)}"
    return found, verdict_of_equality(effect)


def mood_is_harder(genre: Evidence, mood: Evidence) -> Finding:
    """Judge claim 8: the best genre network further on the way from guessing to perfection than the best mood one."""
    scaled: list = []
    for evidence in (genre, mood):
        chance = 1 / len(evidence.classes)
        best, low, high = (
            (value - chance) / (1 - chance)
            for value in max(map(evidence.accuracy, evidence.sides), key=lambda interval: interval[0])
        )
        scaled.append((best, low, high))
    effect = unpaired_difference(scaled[0], scaled[1])
    what = "share of the way from guessing to perfection, best genre less best mood network"
    return f"{what}: {format_effect(effect)}", verdict(effect)


def one_class_prevails(mood: Evidence) -> Finding:
    """Judge claim 11: the class that the end-to-end LSTM predicts most often has more than half of the clips."""
    test = mood.sides["end2end"]["test"]
    most = test["predicted"].value_counts().index[0]
    share, low, high = evaluation.mean_interval(test["predicted"] == most, evaluation.artist_or_track(test))
    found = f"End-to-end LSTM predicts {most} for {100 * share:.0f} % of the clips [{100 * low:.0f}, {100 * high:.0f}]"
    return found, verdict((share - 0.5, low - 0.5, high - 0.5))


def conv_is_balanced(mood: Evidence) -> Finding:
    """Judge claim 12: the recalls of every other network spread more than Conv's."""
    conv = mood.sides["conv"]["test"]
    effects = {key: recall_spread(conv, mood.sides[key]["test"]) for key in mood.others("conv")}
    key, effect = weakest(effects)
    found = f"deviation of the recalls, {network_name(key)} less Conv: {format_effect(effect)}"
    return found, verdict(*effects.values())


def gru_keeps_up(genre: Evidence, mood: Evidence) -> Finding:
    """Judge claim 13: in all six pairs the GRU not below the LSTM by more than MARGIN."""
    tasks = {"genre": genre, "mood": mood}
    effects = {(task, gru): tasks[task].difference(lstm, gru) for task in tasks for lstm, gru in PAIRS}
    (task, gru), least = weakest(effects)
    ahead = sum(estimate > 0 for estimate, _, _ in effects.values())
    found = f"the GRU is ahead in {ahead} of {len(effects)} pairs; at the least, {task}, {network_name(gru)}: "
    if all(low > -MARGIN for _, low, _ in effects.values()):
        return found + format_effect(least), HOLDS
    return found + format_effect(least), FAILS if any(high < 0 for _, _, high in effects.values()) else UNDECIDED


def snippets_follow(snippets: pd.DataFrame | None) -> Finding:
    """Judge claim 14: snippets of songs with known sections get their section's label more often than by chance."""
    if snippets is None or snippets.empty:
        return "no song with known sections was analysed", UNDECIDED
    hit = snippets["label"] == snippets["predicted"]
    shares = snippets.groupby("task")["predicted"].value_counts(normalize=True)
    chance = [shares.get((task, label), 0.0) for task, label in snippets[["task", "label"]].itertuples(index=False)]
    effect = evaluation.mean_interval(hit - np.array(chance), snippets["section"])
    found = f"{100 * hit.mean():.0f} % get their section's label; above chance by {format_effect(effect)}"
    return found, verdict(effect)


def enough_data(curve: pd.DataFrame | None) -> Finding:
    """Judge claim 15: all training tracks no better, by more than MARGIN, than half of them."""
    if curve is None or curve.empty:
        return "no network was trained on fewer tracks", UNDECIDED
    effects = {task: tuple(row) for task, row in curve[["difference", "low", "high"]].iterrows()}
    found = ", ".join(f"{task} {format_effect(effect)}" for task, effect in effects.items())
    found = f"all training tracks less half of them: {found}"
    if all(high < MARGIN for _, _, high in effects.values()):
        return found, HOLDS
    return found, FAILS if any(low > 0 for _, low, _ in effects.values()) else UNDECIDED


CHECKS: dict[int, Callable[..., Finding]] = {
    1: lambda genre: all_above(genre, RAW, MEL),
    2: lambda genre: highest_training(genre, "conv_blstm"),
    3: lambda genre: overfits(genre, "conv_blstm"),
    4: gru_is_cheaper,
    5: rock_is_poor,
    6: conv_bgru_overfits_most,
    7: lambda mood: comparable(mood, "conv", "conv_blstm"),
    8: mood_is_harder,
    9: lambda mood: all_above(mood, ["conv"], mood.others("conv")),
    10: lambda mood: all_above(mood, MEL, RAW),
    11: one_class_prevails,
    12: conv_is_balanced,
    13: gru_keeps_up,
    14: snippets_follow,
    15: enough_data,
}


def evaluate_claims(
    runs: dict[str, dict[str, list[Run]]],
    snippets: pd.DataFrame | None = None,
    curve: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Judge all claims of the report by the runs at hand.

    Args:
        runs: By task (genre, mood) and network, runs that differ by seed. A task that is missing, or lacks one of
            the report's networks or its test clips, leaves its claims undecided.
        snippets: Of songs with known sections; columns label, predicted, task and section.
        curve: A row for each task; columns difference, low, high: accuracy with all tracks less that with half.

    Returns:
        A row for each claim: number, claim, report, contradicted, found, verdict.
    """
    at_hand = {
        task: Evidence.from_runs(networks)
        for task, networks in runs.items()
        if set(MEL + RAW) <= set(networks) and all(len(run.side("test")) for key in networks for run in networks[key])
    } | {"songs": snippets, "data": curve}
    claims = pd.read_csv(FACTS / "report_claims.csv")
    findings = []
    for number, task in zip(claims["number"], claims["task"], strict=True):
        wanted = ["genre", "mood"] if task == "both" else [task]
        if missing := [name for name in wanted if name not in at_hand]:
            findings.append((f"nothing tested on {' and '.join(missing)}", UNDECIDED))
        else:
            findings.append(CHECKS[number](*(at_hand[name] for name in wanted)))
    return claims.drop(columns="task").join(pd.DataFrame(findings, columns=["found", "verdict"]))
