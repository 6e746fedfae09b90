"""Evaluation metrics: accuracy with confidence intervals, confusion matrices, track-level voting.

Predictions are those of a run: a row per clip with track, label, artist, start, side, predicted and p_<class>. Scores
cover the classes that have clips to be tested on; a class without any has empty rows and NaN scores and doesn't enter
a mean. An interval is (estimate, low, high). Explained in 07_results.
"""

from collections.abc import Iterable
from functools import lru_cache

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support
from statsmodels.stats import contingency_tables
from statsmodels.stats.proportion import proportion_confint

SIDES = ("train", "validation", "test")
Interval = tuple[float, float, float]


def wilson(correct: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Compute Wilson's score interval (low, high) of a share of independent trials; 0 to 1 without trials."""
    if n == 0:
        return 0.0, 1.0
    low, high = proportion_confint(correct, n, alpha=1 - level, method="wilson")
    return float(low), float(high)


def accuracy(predictions: pd.DataFrame) -> float:
    """Compute the share of correctly predicted clips; NaN without clips."""
    return float((predictions["label"] == predictions["predicted"]).mean())


def artist_or_track(predictions: pd.DataFrame) -> pd.Series:
    """Return the group of each clip that is resampled as a whole: its artist or, if unknown, its track."""
    artist = predictions["artist"].fillna("").astype(str)
    return ("artist " + artist).where(artist != "", "track " + predictions["track"].astype(str))


@lru_cache(maxsize=4)  # drawing takes longer than all that is done with it
def bootstrap_counts(n: int, draws: int = 2000, seed: int = 0) -> np.ndarray:
    """Return how often each draw of a bootstrap takes each of n groups: (draws, n), floats for fast products."""
    counts = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=draws).astype(float)
    counts.flags.writeable = False
    return counts


def mean_interval(
    values: pd.Series, groups: pd.Series, level: float = 0.95, draws: int = 2000, seed: int = 0
) -> Interval:
    """Compute a mean over clips or tracks with its interval by resampling whole groups of them.

    This is the expanded percentile bootstrap: percentiles are widened where groups are few (Hesterberg 2015, "What
    teachers should know about the bootstrap").

    Args:
        values: A number per clip or track.
        groups: The group of each, see `artist_or_track`.
        level: The confidence level.
        draws: The number of resamples.
        seed: Their seed.

    Returns:
        Estimate, low, high. The bounds are NaN where resampling shows no spread (one group, or all alike).
    """
    if values.empty:
        return np.nan, np.nan, np.nan
    of_group = values.groupby(groups).agg(["sum", "size"])
    n = len(of_group)
    estimate = float(of_group["sum"].sum() / of_group["size"].sum())
    counts = bootstrap_counts(n, draws, seed)
    means = counts @ of_group["sum"].to_numpy(float) / (counts @ of_group["size"].to_numpy(float))
    if np.ptp(means) < 1e-12:
        return estimate, np.nan, np.nan
    tail = stats.norm.cdf(stats.t.ppf((1 - level) / 2, n - 1) * np.sqrt(n / (n - 1)))
    low, high = np.quantile(means, [tail, 1 - tail])
    return estimate, float(low), float(high)


def accuracy_interval(predictions: pd.DataFrame, level: float = 0.95, draws: int = 2000, seed: int = 0) -> Interval:
    """Compute accuracy with its interval by resampling artists (or tracks), see `mean_interval`.

    Clips of a track and tracks of an artist are right or wrong together, so an interval over clips is too narrow.
    Where resampling shows no spread (as when everything is right) the bounds are Wilson's, with groups as trials.
    """
    groups = artist_or_track(predictions)
    estimate, low, high = mean_interval(predictions["label"] == predictions["predicted"], groups, level, draws, seed)
    if len(predictions) and np.isnan(low):
        n = groups.nunique()
        return estimate, *wilson(estimate * n, n, level)
    return estimate, low, high


def difference_interval(first: pd.DataFrame, second: pd.DataFrame) -> Interval:
    """Compute the accuracy of the second network minus that of the first, tested on the same clips.

    A paired bootstrap as `mean_interval`: what the two have in common, such as a difficult track, cancels out.
    """
    a, b = _paired(first, second)
    return mean_interval(b.astype(int) - a.astype(int), artist_or_track(first.reset_index(drop=True)))


def mcnemar(first: pd.DataFrame, second: pd.DataFrame) -> tuple[int, int, float]:
    """Return how many only the first got right, how many only the second, and McNemar's exact p (1947).

    The test assumes independent rows: pass votes of tracks, not clips.
    """
    a, b = _paired(first, second)
    only_first, only_second = int((a & ~b).sum()), int((b & ~a).sum())
    result = contingency_tables.mcnemar([[0, only_first], [only_second, 0]], exact=True)
    return only_first, only_second, float(result.pvalue)


def _paired(first: pd.DataFrame, second: pd.DataFrame) -> list[pd.Series]:
    """Whether each of the same rows was predicted right, for both networks."""
    columns = [name for name in ("track", "start", "label") if name in first]
    if not first[columns].reset_index(drop=True).equals(second[columns].reset_index(drop=True)):
        raise ValueError("only networks that were tested on the same clips, in the same order, can be compared")
    return [(part["label"] == part["predicted"]).reset_index(drop=True) for part in (first, second)]


def confusion(predictions: pd.DataFrame, classes: Iterable[str]) -> pd.DataFrame:
    """Count clips by true (rows) and predicted (columns) class, in the order of `classes`."""
    names = list(classes)
    unknown = (set(predictions["label"]) | set(predictions["predicted"])) - set(names)
    if unknown:
        raise ValueError(f"predictions hold labels that are not among the classes: {sorted(unknown)}")
    counts = np.zeros((len(names), len(names)), int)
    if len(predictions):
        counts = confusion_matrix(predictions["label"], predictions["predicted"], labels=names)
    return pd.DataFrame(counts, index=pd.Index(names, name="true"), columns=pd.Index(names, name="predicted"))


def per_class(predictions: pd.DataFrame, classes: Iterable[str]) -> pd.DataFrame:
    """Compute precision, recall, f1 and n (clips) of each class; NaN where a score has nothing to be counted on."""
    names = list(classes)
    scores = precision_recall_fscore_support(
        predictions["label"], predictions["predicted"], labels=names, zero_division=np.nan
    )
    table = pd.DataFrame(dict(zip(("precision", "recall", "f1", "n"), scores, strict=True)), index=names)
    table.loc[table["n"] == 0, ["recall", "f1"]] = np.nan
    return table.rename_axis("class")


def balanced_accuracy(predictions: pd.DataFrame) -> float:
    """Compute the mean recall of the classes that have clips; NaN without clips."""
    right = predictions["label"] == predictions["predicted"]
    return float(right.groupby(predictions["label"]).mean().mean())


def bootstrap_recalls(*networks: pd.DataFrame, draws: int = 2000, seed: int = 0) -> np.ndarray:
    """Compute the recalls of networks that were tested on the same clips, and of resamples of their groups.

    Returns:
        (networks, 1 + draws, classes): row 0 is of all clips; the resamples are the same for all networks. NaN where
        a class has no clip.
    """
    _paired(networks[0], networks[-1])
    groups, labels = artist_or_track(networks[0]).to_numpy(), sorted(set(networks[0]["label"]))
    names, codes = np.unique(groups, return_inverse=True)
    label_codes = pd.Categorical(networks[0]["label"], labels).codes

    def per_group(values) -> np.ndarray:
        sums = np.zeros((len(names), len(labels)))
        np.add.at(sums, (codes, label_codes), values)
        return sums

    counts = np.vstack([np.ones(len(names)), bootstrap_counts(len(names), draws, seed)])
    clips = counts @ per_group(np.ones(len(groups)))
    right = [per_group((own["label"] == own["predicted"]).to_numpy(float)) for own in networks]
    with np.errstate(invalid="ignore"):  # a draw may have no clip of a class
        return np.stack([counts @ own / clips for own in right])


def balanced_interval(predictions: pd.DataFrame) -> Interval:
    """Compute balanced accuracy with its interval, a percentile bootstrap of whole groups."""
    return _percentiles(np.nanmean(bootstrap_recalls(predictions)[0], axis=1))


def balanced_difference(first: pd.DataFrame, second: pd.DataFrame) -> Interval:
    """Compute the balanced accuracy of the second network minus that of the first, on the same clips."""
    return _percentiles(np.subtract(*np.nanmean(bootstrap_recalls(second, first), axis=2)))


def _percentiles(values: np.ndarray) -> Interval:
    low, high = np.quantile(values[1:], (0.025, 0.975))
    return float(values[0]), float(low), float(high)


def vote(predictions: pd.DataFrame, how: str = "mean") -> pd.DataFrame:
    """Combine the predictions of the clips of each track and side.

    Args:
        predictions: A row per clip.
        how: "mean" takes the class of the highest mean probability, "majority" that of most clips, with the mean
            probability deciding between equals.

    Returns:
        A row per track and side: side, track, label, artist, clips (how many), predicted, p_<class> (means).
    """
    if how not in ("mean", "majority"):
        raise ValueError(f"vote by 'mean' or 'majority', not by {how!r}")
    columns = [name for name in predictions if name.startswith("p_")]
    by_track = predictions.groupby(["side", "track"], sort=False)
    means = by_track[columns].mean()
    support = means
    if how == "majority":
        votes = pd.get_dummies("p_" + predictions["predicted"].astype(str), dtype=float)
        votes = votes.reindex(columns=columns, fill_value=0.0)
        keys = [predictions["side"], predictions["track"]]
        support = votes.groupby(keys, sort=False).sum() + means / 2  # below one vote: it only breaks ties
    predicted = support.idxmax(axis=1).str.removeprefix("p_")
    tracks = by_track[["label", "artist"]].first().assign(clips=by_track.size(), predicted=predicted)
    return tracks.join(means).reset_index()


def summarise(runs: Iterable) -> pd.DataFrame:
    """Summarise runs in a row per network; the folds of a cross-validation are pooled.

    Returns:
        Columns train, validation, test (accuracy over clips), low, high (95 % interval of test), balanced (accuracy,
        test), tracks, clips, groups (tested), parameters, seconds (of training).
    """
    by_network: dict[str, list] = {}
    for run in runs:
        by_network.setdefault(run.config["network"], []).append(run)
    rows = {}
    for network, pool in by_network.items():
        predictions = pd.concat([run.predictions for run in pool], ignore_index=True)
        sides = {side: predictions[predictions["side"] == side] for side in SIDES}
        test = sides["test"]
        _, low, high = accuracy_interval(test)
        rows[network] = {side: accuracy(part) for side, part in sides.items()} | {
            "low": low,
            "high": high,
            "balanced": balanced_accuracy(test),
            "tracks": test["track"].nunique(),
            "clips": len(test),
            "groups": artist_or_track(test).nunique(),
            "parameters": pool[0].parameters,
            "seconds": sum(run.timings.get("training", np.nan) for run in pool),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("network")
