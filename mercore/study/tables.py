"""Tables of what the committed records of trainings on real music show. Explained in 09_beyond_the_report.

`RecordIndex` is made once of what `records.load_all` returns; `mercore.study.figures` draws these tables. `networks`
is always a dictionary of runs by network, as the index returns.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import NamedTuple

import pandas as pd

from mercore import UserError, evaluation
from mercore import networks as registry
from mercore.evaluation import calibration, published
from mercore.study import label_permutation
from mercore.training.runs import Run

Networks = dict[str, list[Run]]

PROTOCOLS = ("clip", "track", "artist")
CORPORA = {"genre": "4Q genre tags", "mood": "4Q"}  # of the records
REAL_GENRES = "real_genres"  # both collections in one, see `experiments.real_genres`
UNEVEN = 2.0  # ratio of the largest to the smallest class from which recalls are averaged


class RecordIndex:
    """Recorded runs, looked up by corpus, protocol and profile, or as the folds of a corpus."""

    def __init__(self, records: Iterable[Run]):
        """Sort the records once."""
        self.records = list(records)
        self._single, self._folds = defaultdict(list), defaultdict(list)
        for run in self.records:
            name, c = run.corpus["name"], run.config
            if c.get("fold") is None:
                self._single[name, c["protocol"], c["profile"]].append(run)
            elif c["profile"] in ("tuned", "baseline"):
                self._folds[name].append(run)

    @property
    def corpora(self) -> list[str]:
        """The names of all corpora, in the order of the records."""
        return list(dict.fromkeys(run.corpus["name"] for run in self.records))

    def by_network(self, corpus: str, protocol: str, profile: str = "report") -> Networks:
        """Return the runs of each network by seed, without folds; only seeds that all networks have, each once."""
        found = _unique(self._single[corpus, protocol, profile], "seed", "network, seed and protocol")
        seeds = set.intersection(*(set(runs) for runs in found.values())) if found else set()
        return {key: [found[key][seed] for seed in sorted(seeds)] for key in in_order(found) if seeds}

    def by_protocol(self, corpus: str, profile: str = "report") -> dict[str, Networks]:
        """Return `by_network` for each protocol that has records."""
        found = {protocol: self.by_network(corpus, protocol, profile) for protocol in PROTOCOLS}
        return {protocol: networks for protocol, networks in found.items() if networks}

    def folds(self, corpus: str, baselines: bool = True) -> Networks:
        """Return the folds of the tuned networks and the baselines that have every fold of one cross-validation."""
        runs = self._folds[corpus]
        if len({(run.config["folds"], run.config["seed"], run.config["protocol"]) for run in runs}) > 1:
            raise UserError(f"the records of {corpus} are of several cross-validations: move all but one away")
        found = _unique(runs, "fold", "network and fold")
        return {
            key: [by_fold[fold] for fold in sorted(by_fold)]
            for key, by_fold in found.items()
            if len(by_fold) == runs[0].config["folds"] and (baselines or not is_baseline(by_fold[0]))
        }


def _unique(runs: list[Run], field: str, what: str) -> dict[str, dict[int, Run]]:
    """Sort runs by network and by a field of their configuration; refuse two of the same."""
    found: dict[str, dict[int, Run]] = {}
    for run in runs:
        other = found.setdefault(run.config["network"], {}).setdefault(run.config[field], run)
        if other is not run:
            raise UserError(f"{other.id} and {run.id} are of one {what}: move one away")
    return found


def is_baseline(run: Run) -> bool:
    """Return whether a run is of no network."""
    return run.config["profile"] == "baseline"


def in_order(keys: Iterable[str]) -> list[str]:
    """Sort networks as in all figures, with unknown ones behind."""
    order = registry.names()
    return sorted(keys, key=lambda key: order.index(key) if key in order else len(order))


def all_runs(groups: Iterable[Networks]) -> list[Run]:
    """Return the runs of several groups of networks in one list, as for a figure's provenance."""
    return [run for networks in groups for runs in networks.values() for run in runs]


def pooled_test(runs: list[Run]) -> pd.DataFrame:
    """Return the test predictions of several runs, usually the seeds or folds of one network, together."""
    return pd.concat([run.side("test") for run in runs], ignore_index=True)


def best_by_validation(networks: Networks) -> str:
    """Return the network with the highest mean validation accuracy, or training accuracy where nothing validates."""
    side = "validation" if len(next(iter(networks.values()))[0].side("validation")) else "train"
    return max(networks, key=lambda key: sum(run.accuracy(side) for run in networks[key]) / len(networks[key]))


class Score(NamedTuple):
    """How the networks on a corpus are scored: a name, with an interval, and by a difference with an interval."""

    name: str
    interval: Callable
    difference: Callable


def score(run: Run) -> Score:
    """Return accuracy, or balanced accuracy where the corpus' classes are so uneven that the largest would decide."""
    tracks = run.predictions.drop_duplicates("track")["label"].value_counts()
    if tracks.max() >= UNEVEN * tracks.min():
        return Score("balanced accuracy", evaluation.balanced_interval, evaluation.balanced_difference)
    return Score("accuracy", evaluation.accuracy_interval, evaluation.difference_interval)


def protocol_table(by_protocol: dict[str, Networks]) -> pd.DataFrame:
    """Compute test scores: network, protocol, accuracy, low, high (of all seeds) and seeds (a list of scores)."""
    rows = []
    for protocol, networks in by_protocol.items():
        for key, runs in networks.items():
            interval = score(runs[0]).interval
            seeds = [interval(run.side("test"))[0] for run in runs]
            rows.append((key, protocol, *interval(pooled_test(runs)), seeds))
    return pd.DataFrame(rows, columns=["network", "protocol", "accuracy", "low", "high", "seeds"])


def tuning_gains(report: Networks, tuned: Networks) -> pd.DataFrame:
    """Compute by network how test accuracy changes from profile `report` to `tuned`, on the same clips and seeds."""
    rows = {}
    for key in (key for key in report if key in tuned):
        pairs = [(a, b) for a in report[key] for b in tuned[key] if a.config["seed"] == b.config["seed"]]
        if pairs:
            first, second = (pooled_test(list(runs)) for runs in zip(*pairs, strict=True))
            rows[key] = *evaluation.difference_interval(first, second), len(pairs)
    return _by_network(rows, ["difference", "low", "high", "seeds"])


def _by_network(rows: dict, columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("network")


def vote_table(networks: Networks) -> pd.DataFrame:
    """Compute `score` of clips and of tracks, by mean probability (tracks, low, high) and by majority, by network."""
    rows = {}
    for key, runs in networks.items():
        interval = score(runs[0]).interval
        mean, majority = (
            pd.concat([evaluation.vote(run.side("test"), how) for run in runs]) for how in ("mean", "majority")
        )
        rows[key] = interval(pooled_test(runs))[0], *interval(mean), interval(majority)[0]
    return _by_network(rows, ["clips", "tracks", "low", "high", "majority"])


def pair_table(networks: Networks) -> pd.DataFrame:
    """Compare each network with the one of the best validation accuracy, on the same test tracks.

    Columns: best, difference, low, high (`score` of tracks less the best's, all seeds; by paired bootstrap),
    best_alone, other_alone, p (McNemar's test on the votes of the first seed), beaten (interval below zero).
    """
    best = best_by_validation(networks)
    votes = {key: [evaluation.vote(run.side("test")) for run in runs] for key, runs in networks.items()}
    pooled, rows = {key: pd.concat(of_seeds, ignore_index=True) for key, of_seeds in votes.items()}, {}
    for key in (key for key in networks if key != best):
        difference, low, high = score(networks[key][0]).difference(pooled[best], pooled[key])
        rows[key] = best, difference, low, high, *evaluation.mcnemar(votes[best][0], votes[key][0]), high < 0
    return _by_network(rows, ["best", "difference", "low", "high", "best_alone", "other_alone", "p", "beaten"])


def mood_name_runs(index: RecordIndex) -> Networks:
    """Return the runs by the report's protocol that its mood matrices are compared with.

    Those of profile `report`; while some of the seven networks have none, those of `tuned` if there are more.
    """
    found = (index.by_network(CORPORA["mood"], published.PROTOCOL, profile) for profile in ("report", "tuned"))
    return max(found, key=len)


def mood_name_tables(networks: Networks) -> dict[str, pd.DataFrame]:
    """Compute `label_permutation.bootstrap` of each of the report's networks, all seeds together."""
    of_report = {key: runs for key, runs in networks.items() if key in published.networks()}
    return {key: label_permutation.bootstrap(key, pooled_test(runs)) for key, runs in of_report.items()}


def calibrated(run: Run) -> tuple[pd.DataFrame, pd.DataFrame, float]:
    """Return test predictions before and after temperature scaling, and the temperature, fit on validation clips."""
    if run.side("validation").empty:
        raise ValueError(f"{run.id} has no validation clips to choose a temperature on")
    temperature = calibration.fit_temperature(run.side("validation"))
    return run.side("test"), calibration.apply_temperature(run.side("test"), temperature), temperature


def accuracy_by_clips(predictions: pd.DataFrame, seed: int = 0, draws: int = 20) -> pd.DataFrame:
    """Compute track accuracy by the number of clips that vote, from 1 to as many as the shortest track has.

    The clips are drawn at random from each track, `draws` times, and the accuracies averaged.
    """
    rows, tracks = [], predictions.groupby("track", sort=False)
    for k in range(1, tracks.size().min() + 1):
        votes = [evaluation.vote(tracks.sample(k, random_state=seed * draws + n)) for n in range(draws)]
        rows.append((k, *evaluation.accuracy_interval(pd.concat(votes, ignore_index=True))))
    return pd.DataFrame(rows, columns=["clips", "accuracy", "low", "high"])


def ensemble_votes(*votes: pd.DataFrame) -> pd.DataFrame:
    """Average the probabilities of several networks' track votes (`evaluation.vote`): one vote a track."""
    columns = [name for name in votes[0] if name.startswith("p_")]
    first = votes[0].set_index("track")
    means = sum(vote.set_index("track").loc[first.index, columns] for vote in votes) / len(votes)
    return first.assign(**means, predicted=means.idxmax(axis=1).str.removeprefix("p_")).reset_index()


def fold_votes(folds: Networks) -> dict[str, pd.DataFrame]:
    """Return votes of the test tracks, all folds together, of each network and baseline, and of ensembles.

    `ensemble` averages the networks, `hybrid` the networks and the support vector machine.
    """
    votes = {key: pd.concat([evaluation.vote(run.side("test")) for run in runs]) for key, runs in folds.items()}
    single = [votes[key] for key, runs in folds.items() if not is_baseline(runs[0])]
    if len(single) > 1:
        votes["ensemble"] = ensemble_votes(*single)
        if "svm" in votes:
            votes["hybrid"] = ensemble_votes(*single, votes["svm"])
    return votes


def fold_table(folds: Networks) -> pd.DataFrame:
    """Compare networks, ensembles and baselines (`fold_votes`) on the same folds, best first.

    Columns: tracks, low, high, clips (`score`); less_svm, less_low, less_high (tracks less those of the support vector
    machine); parameters, seconds (an epoch, median) of single networks.
    """
    _, interval, difference = score(next(iter(folds.values()))[0])
    votes, rows = fold_votes(folds), {}
    for key, voted in votes.items():
        rows[key] = dict(zip(("tracks", "low", "high"), interval(voted), strict=True))
        if key in folds and not is_baseline(folds[key][0]):
            rows[key]["clips"] = interval(pooled_test(folds[key]))[0]
            rows[key]["parameters"] = folds[key][0].parameters
            rows[key]["seconds"] = pd.concat([run.history["seconds"] for run in folds[key]]).median()
        if "svm" in votes and key != "svm":
            same = votes["svm"].set_index("track").loc[voted["track"]].reset_index()
            effect = difference(same, voted.reset_index(drop=True))
            rows[key] |= dict(zip(("less_svm", "less_low", "less_high"), effect, strict=True))
    columns = ["tracks", "low", "high", "clips", "less_svm", "less_low", "less_high", "parameters", "seconds"]
    table = pd.DataFrame.from_dict(rows, orient="index").reindex(columns=columns).rename_axis("network")
    return table.sort_values("tracks", ascending=False)


def accuracy_by_genre(index: RecordIndex, moods: list[Run]) -> pd.DataFrame:
    """Compute a mood network's accuracy by genre, where a record of the genre corpus names it.

    Column likeliest is the share of a genre's most frequent mood, which knowing the genre alone would give.
    """
    genres = [run.predictions[["track", "label"]] for run in index.records if run.corpus["name"] == CORPORA["genre"]]
    rows = {}
    if genres:
        genre = pd.concat(genres).drop_duplicates("track").rename(columns={"label": "genre"})
        for name, clips in pooled_test(moods).merge(genre, on="track").groupby("genre"):
            shares = clips.drop_duplicates("track")["label"].value_counts()
            rows[name] = shares.sum(), *evaluation.accuracy_interval(clips), shares.max() / shares.sum()
    columns = ["tracks", "accuracy", "low", "high", "likeliest"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("genre")
