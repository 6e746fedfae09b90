"""Tables of what the committed records of trainings on real music show. Explained in 09_beyond_the_report.

`several` is what `records.load_all` returns; `mercore.study.figures` draws these tables.
"""

from collections.abc import Callable
from typing import NamedTuple

import pandas as pd

from mercore import UserError, evaluation
from mercore.evaluation import calibration, published
from mercore.study import label_permutation
from mercore.training import runs

PROTOCOLS = ("clip", "track", "artist")
CORPORA = {"genre": "4Q genre tags", "mood": "4Q"}  # of the records
REAL_GENRES = "real_genres"  # both collections in one: tests/benchmarks/real_genres.py
UNEVEN = 2.0  # from so many times as many tracks in one class as in another on, recalls are averaged


def by_network(
    several: list[runs.Run], corpus: str, protocol: str, profile: str = "report"
) -> dict[str, list[runs.Run]]:
    """The runs of the seven networks on a corpus by a protocol, for each network by seed; only seeds all have.

    Raises UserError where two of them differ in more than that, as in the clips of a track.
    """
    found: dict[str, dict[int, runs.Run]] = {}
    for run in several:
        c = run.config
        if (run.corpus["name"], c["protocol"], c["profile"], c.get("fold")) == (corpus, protocol, profile, None):
            other = found.setdefault(c["network"], {}).setdefault(c["seed"], run)
            if other is not run:
                raise UserError(f"{other.id} and {run.id} are of one network, seed and protocol: move one away")
    seeds = set.intersection(*(set(of) for of in found.values())) if found else set()
    return {key: [found[key][seed] for seed in sorted(seeds)] for key in published.ORDER if seeds and key in found}


def compared(several: list[runs.Run], corpus: str, profile: str = "report") -> list[runs.Run]:
    """The runs that `protocol_table` shows."""
    return [
        run for protocol in PROTOCOLS for own in by_network(several, corpus, protocol, profile).values() for run in own
    ]


def pooled_test(own: list[runs.Run]) -> pd.DataFrame:
    """The test predictions of several runs, usually the seeds of one network, together."""
    return pd.concat([run.side("test") for run in own], ignore_index=True)


def tuning_gains(several: list[runs.Run], corpus: str, protocol: str) -> pd.DataFrame:
    """Test accuracy in profile `tuned` less that in profile `report`, by network: difference, low, high, seeds.

    On the same clips and the seeds that both have; only networks that have records of both.
    """
    report, tuned = (by_network(several, corpus, protocol, profile) for profile in ("report", "tuned"))
    rows = {}
    for key in (key for key in report if key in tuned):
        pairs = [(a, b) for a in report[key] for b in tuned[key] if a.config["seed"] == b.config["seed"]]
        if pairs:
            both = (pooled_test(list(side)) for side in zip(*pairs, strict=True))
            rows[key] = *evaluation.difference_interval(*both), len(pairs)
    columns = ["difference", "low", "high", "seeds"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("network")


class Score(NamedTuple):
    """How the networks on a corpus are scored: a name, with an interval, and by a difference with an interval."""

    name: str
    interval: Callable
    difference: Callable


def score(run: runs.Run) -> Score:
    """Accuracy, or balanced accuracy where the classes of a run's corpus are uneven (`is_uneven`)."""
    if is_uneven(run):
        return Score("balanced accuracy", evaluation.balanced_interval, evaluation.balanced_difference)
    return Score("accuracy", evaluation.accuracy_interval, evaluation.difference_interval)


def is_uneven(run: runs.Run) -> bool:
    """Whether the classes of a run's corpus differ so much in size that accuracy would be one of the largest."""
    tracks = run.predictions.drop_duplicates("track")["label"].value_counts()
    return bool(tracks.max() >= UNEVEN * tracks.min())


def protocol_table(several: list[runs.Run], corpus: str, profile: str = "report") -> pd.DataFrame:
    """A row for each network and protocol: accuracy, low, high over all its seeds together, seeds (a list).

    Where the classes are uneven (`is_uneven`) the accuracies are balanced ones.
    """
    rows = []
    for protocol in PROTOCOLS:
        for key, own in by_network(several, corpus, protocol, profile).items():
            interval = score(own[0]).interval
            rows.append((key, protocol, *interval(pooled_test(own)), [interval(run.side("test"))[0] for run in own]))
    return pd.DataFrame(rows, columns=["network", "protocol", "accuracy", "low", "high", "seeds"])


def vote_table(own: dict[str, list[runs.Run]]) -> pd.DataFrame:
    """What voting adds, a row a network: `score` of clips; of tracks by the mean (with low, high) and by majority."""
    rows = {}
    for key, several in own.items():
        interval = score(several[0]).interval
        voted = {
            how: pd.concat([evaluation.vote(run.side("test"), how) for run in several]) for how in ("mean", "majority")
        }
        clips, majority = interval(pooled_test(several))[0], interval(voted["majority"])[0]
        rows[key] = clips, *interval(voted["mean"]), majority
    columns = ["clips", "tracks", "low", "high", "majority"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("network")


def pair_table(own: dict[str, list[runs.Run]]) -> pd.DataFrame:
    """Each network against the one with the best validation accuracy, on the same test tracks, a row each.

    Columns: difference, low, high (`score` of tracks less the best's, all seeds together; by paired bootstrap),
    best_alone, other_alone, p (McNemar's test on the votes of the first seed), beaten (the interval is below zero).
    """
    best = best_by_validation(own)
    voted = {key: [evaluation.vote(run.side("test")) for run in several] for key, several in own.items()}
    rows = {}
    for key in voted:
        if key != best:
            together = (pd.concat(voted[which], ignore_index=True) for which in (best, key))
            difference, low, high = score(own[key][0]).difference(*together)
            counts = evaluation.mcnemar(voted[best][0], voted[key][0])
            rows[key] = best, difference, low, high, *counts, high < 0
    columns = ["best", "difference", "low", "high", "best_alone", "other_alone", "p", "beaten"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("network")


def best_by_validation(own: dict[str, list[runs.Run]]) -> str:
    """The network with the highest mean validation accuracy, or that of training where there is no validation."""
    side = "validation" if len(next(iter(own.values()))[0].side("validation")) else "train"
    return max(own, key=lambda key: sum(run.accuracy(side) for run in own[key]) / len(own[key]))


def mood_name_runs(several: list[runs.Run]) -> dict[str, list[runs.Run]]:
    """The runs by the report's own protocol that its mood matrices are compared with.

    Those by its recipe; while some of the seven networks have none, those of profile `tuned` if that has more.
    """
    by_profile = (by_network(several, CORPORA["mood"], published.PROTOCOL, name) for name in ("report", "tuned"))
    return max(by_profile, key=len)


def mood_name_tables(several: list[runs.Run]) -> dict[str, pd.DataFrame]:
    """`mood_names.bootstrap` of each network of `mood_name_runs`: its test clips, all seeds."""
    return {key: label_permutation.bootstrap(key, pooled_test(of)) for key, of in mood_name_runs(several).items()}


def calibrated(run: runs.Run) -> tuple[pd.DataFrame, pd.DataFrame, float]:
    """Test predictions before and after temperature scaling, and the temperature, chosen on validation clips.

    Raises ValueError where there are none.
    """
    if run.side("validation").empty:
        raise ValueError(f"{run.id} has no validation clips to choose a temperature on")
    by = calibration.fit_temperature(run.side("validation"))
    return run.side("test"), calibration.apply_temperature(run.side("test"), by), by


def accuracy_by_clips(predictions: pd.DataFrame, seed: int = 0, draws: int = 20) -> pd.DataFrame:
    """Track accuracy by the number of clips that vote, drawn at random from each track: clips, accuracy, low, high.

    predictions: clips of one side. Up to as many clips as the track with the fewest has; the mean over `draws`.
    """
    rows = []
    for k in range(1, predictions.groupby("track").size().min() + 1):
        votes = [
            evaluation.vote(predictions.groupby("track", sort=False).sample(k, random_state=seed * draws + n))
            for n in range(draws)
        ]
        every = pd.concat(votes, ignore_index=True)
        rows.append((k, *evaluation.accuracy_interval(every)))
    return pd.DataFrame(rows, columns=["clips", "accuracy", "low", "high"])


def folds_of(several: list[runs.Run], corpus: str) -> dict[str, list[runs.Run]]:
    """The runs of a cross-validation by artist in profile `tuned`, and of the baselines: those with every fold.

    Raises UserError where they aren't of the same folds, or where two are of one network and fold.
    """
    own = [
        run
        for run in several
        if run.corpus["name"] == corpus
        and run.config["fold"] is not None
        and run.config["profile"] in ("tuned", "baseline")
    ]
    if len({(run.config["folds"], run.config["seed"], run.config["protocol"]) for run in own}) > 1:
        raise UserError(f"the records of {corpus} are of several cross-validations: move those of all but one away")
    found: dict[str, dict[int, runs.Run]] = {}
    for run in own:
        other = found.setdefault(run.config["network"], {}).setdefault(run.config["fold"], run)
        if other is not run:
            raise UserError(f"{other.id} and {run.id} are of one network and fold: move one away")
    return {key: [of[fold] for fold in sorted(of)] for key, of in found.items() if len(of) == own[0].config["folds"]}


def average(*voted: pd.DataFrame) -> pd.DataFrame:
    """One vote per track from those of several networks (`evaluation.vote`): the mean of their probabilities."""
    columns = [name for name in voted[0] if name.startswith("p_")]
    first = voted[0].set_index("track")
    means = sum(own.set_index("track").loc[first.index, columns] for own in voted) / len(voted)
    return first.assign(**means, predicted=means.idxmax(axis=1).str.removeprefix("p_")).reset_index()


def fold_votes(several: list[runs.Run], corpus: str) -> dict[str, pd.DataFrame]:
    """Votes of the test tracks, all folds together: of each network and baseline, and of what they say together.

    `ensemble` averages the networks, `hybrid` takes the support vector machine with them.
    """
    found = folds_of(several, corpus)
    voted = {key: pd.concat([evaluation.vote(run.side("test")) for run in of]) for key, of in found.items()}
    alone = [own for key, own in voted.items() if key in published.ORDER]
    if len(alone) > 1:
        voted["ensemble"] = average(*alone)
        if "svm" in voted:
            voted["hybrid"] = average(*alone, voted["svm"])
    return voted


def fold_table(several: list[runs.Run], corpus: str) -> pd.DataFrame:
    """A row for each of `fold_votes`: clips and tracks (accuracies), low, high, and what it costs.

    less_svm, less_low, less_high: track accuracy less that of the support vector machine, on the same tracks.
    parameters and seconds (an epoch, median) are of the networks alone. Accuracies are those of `score`.
    """
    found, voted = folds_of(several, corpus), fold_votes(several, corpus)
    _, interval, difference = score(next(iter(found.values()))[0])
    rows = {}
    for key, own in voted.items():
        tracks, low, high = interval(own)
        rows[key] = {"tracks": tracks, "low": low, "high": high}
        if key in published.ORDER:
            rows[key]["clips"] = interval(pooled_test(found[key]))[0]
            rows[key]["parameters"] = found[key][0].parameters
            rows[key]["seconds"] = pd.concat([run.history["seconds"] for run in found[key]]).median()
        if "svm" in voted and key != "svm":
            same = voted["svm"].set_index("track").loc[own["track"]].reset_index()
            effect = difference(same, own.reset_index(drop=True))
            rows[key] |= dict(zip(("less_svm", "less_low", "less_high"), effect, strict=True))
    columns = ["tracks", "low", "high", "clips", "less_svm", "less_low", "less_high", "parameters", "seconds"]
    table = pd.DataFrame.from_dict(rows, orient="index").reindex(columns=columns).rename_axis("network")
    return table.sort_values("tracks", ascending=False)


def accuracy_by_genre(several: list[runs.Run], moods: list[runs.Run]) -> pd.DataFrame:
    """How a mood network does on tracks of each genre, where a record of the genre corpus names it: a row each.

    several: all records. moods: runs of one mood network. Columns: tracks; accuracy, low, high; likeliest, the share
    of the genre's tracks whose mood is its most frequent one, which knowing the genre alone would give.
    """
    if not any(run.corpus["name"] == CORPORA["genre"] for run in several):
        return pd.DataFrame(columns=["tracks", "accuracy", "low", "high", "likeliest"])
    genres = pd.concat(
        [run.predictions[["track", "label"]] for run in several if run.corpus["name"] == CORPORA["genre"]]
    ).drop_duplicates("track")
    test = pooled_test(moods).merge(genres.rename(columns={"label": "genre"}), on="track")
    rows = {}
    for genre, own in test.groupby("genre"):
        tracks = own.drop_duplicates("track")["label"]
        rows[genre] = len(tracks), *evaluation.accuracy_interval(own), tracks.value_counts(normalize=True).max()
    columns = ["tracks", "accuracy", "low", "high", "likeliest"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("genre")
