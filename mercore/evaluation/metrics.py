"""What the predictions of a run are worth: accuracies with intervals, matrices, votes.

All functions take predictions as a run keeps them: one row per clip with the columns track, label, artist,
start, side, predicted and p_<class>. Scores cover the classes that have clips to be tested on; a class
without any has empty rows and NaN scores and doesn't enter a mean. Explained in 07_results.
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


def wilson(correct: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Wilson score interval of a share, for independent trials (0 to 1 where there are none)."""
    if n == 0:
        return 0.0, 1.0
    low, high = proportion_confint(correct, n, alpha=1 - level, method="wilson")
    return float(low), float(high)


def accuracy(predictions: pd.DataFrame) -> float:
    """Share of clips predicted right; NaN when there are no clips."""
    return float((predictions["label"] == predictions["predicted"]).mean())


def groups(predictions: pd.DataFrame) -> pd.Series:
    """What is drawn as a whole when resampling: the artist, or the track where its artist isn't known."""
    artist = predictions["artist"].fillna("").astype(str)
    return ("artist " + artist).where(artist != "", "track " + predictions["track"].astype(str))


@lru_cache(maxsize=4)
def times_drawn(n: int, draws: int = 2000, seed: int = 0) -> np.ndarray:
    """How often each draw of a bootstrap takes each of n groups: (draws, n), the same array at every call.

    Drawing takes longer than all that is done with it; whole numbers as floats, so that products of them are fast.
    """
    drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=draws).astype(float)
    drawn.flags.writeable = False
    return drawn


def mean_interval(
    values: pd.Series, groups: pd.Series, level: float = 0.95, draws: int = 2000, seed: int = 0
) -> tuple[float, float, float]:
    """A mean over clips or tracks with its interval: (estimate, low, high), by resampling whole groups of them.

    The expanded percentile bootstrap: percentiles are widened where groups are few (Hesterberg 2015, "What
    teachers should know about the bootstrap"). The bounds are NaN where resampling shows no spread: one group, or
    all alike. All three NaN without values.
    """
    if values.empty:
        return np.nan, np.nan, np.nan
    of_group = values.groupby(groups).agg(["sum", "size"])
    n = len(of_group)
    estimate = float(of_group["sum"].sum() / of_group["size"].sum())
    times = times_drawn(n, draws, seed)
    means = times @ of_group["sum"].to_numpy(float) / (times @ of_group["size"].to_numpy(float))
    if np.ptp(means) < 1e-12:
        return estimate, np.nan, np.nan
    tail = stats.norm.cdf(stats.t.ppf((1 - level) / 2, n - 1) * np.sqrt(n / (n - 1)))
    low, high = np.quantile(means, [tail, 1 - tail])
    return estimate, float(low), float(high)


def accuracy_interval(
    predictions: pd.DataFrame, level: float = 0.95, draws: int = 2000, seed: int = 0
) -> tuple[float, float, float]:
    """Accuracy with its interval: (estimate, low, high), by resampling artists (or tracks), never clips.

    Clips of a track and tracks of an artist stand or fall together, so an interval over clips is too narrow.
    As `mean_interval`; where that has no bounds (as when everything is right) they are Wilson's, with the groups as
    trials. NaN without clips.
    """
    of = groups(predictions)
    estimate, low, high = mean_interval(predictions["label"] == predictions["predicted"], of, level, draws, seed)
    if len(predictions) and np.isnan(low):
        n = of.nunique()
        return estimate, *wilson(estimate * n, n, level)
    return estimate, low, high


def difference_interval(first: pd.DataFrame, second: pd.DataFrame) -> tuple[float, float, float]:
    """Accuracy of the second network less that of the first, tested on the same clips: (estimate, low, high).

    A paired bootstrap as `mean_interval`: what the two have in common, as a track hard for both, cancels out.
    """
    a, b = _paired(first, second)
    return mean_interval(b.astype(int) - a.astype(int), groups(first.reset_index(drop=True)))


def mcnemar(first: pd.DataFrame, second: pd.DataFrame) -> tuple[int, int, float]:
    """How many only the first got right, how many only the second, and McNemar's exact p (1947).

    The test takes rows for independent: give it votes of tracks, not clips.
    """
    a, b = _paired(first, second)
    only_first, only_second = int((a & ~b).sum()), int((b & ~a).sum())
    result = contingency_tables.mcnemar([[0, only_first], [only_second, 0]], exact=True)
    return only_first, only_second, float(result.pvalue)


def _paired(first: pd.DataFrame, second: pd.DataFrame) -> list[pd.Series]:
    """Whether each of the same rows was predicted right, for both; raises ValueError where they aren't the same."""
    what = [name for name in ("track", "start", "label") if name in first]
    if not first[what].reset_index(drop=True).equals(second[what].reset_index(drop=True)):
        raise ValueError("only networks that were tested on the same clips, in the same order, can be compared")
    return [(part["label"] == part["predicted"]).reset_index(drop=True) for part in (first, second)]


def confusion(predictions: pd.DataFrame, classes: Iterable[str]) -> pd.DataFrame:
    """Counts of clips: rows true, columns predicted, in the order of `classes`."""
    names = list(classes)
    unknown = (set(predictions["label"]) | set(predictions["predicted"])) - set(names)
    if unknown:
        raise ValueError(f"predictions hold labels that are not among the classes: {sorted(unknown)}")
    counts = np.zeros((len(names), len(names)), int)
    if len(predictions):
        counts = confusion_matrix(predictions["label"], predictions["predicted"], labels=names)
    return pd.DataFrame(counts, index=pd.Index(names, name="true"), columns=pd.Index(names, name="predicted"))


def per_class(predictions: pd.DataFrame, classes: Iterable[str]) -> pd.DataFrame:
    """Precision, recall, f1 and n (clips) of each class; NaN where a score has nothing to be counted on."""
    names = list(classes)
    scores = precision_recall_fscore_support(
        predictions["label"], predictions["predicted"], labels=names, zero_division=np.nan
    )
    table = pd.DataFrame(dict(zip(("precision", "recall", "f1", "n"), scores, strict=True)), index=names)
    table.loc[table["n"] == 0, ["recall", "f1"]] = np.nan
    return table.rename_axis("class")


def balanced_accuracy(predictions: pd.DataFrame) -> float:
    """Mean recall of the classes that have clips, each counting the same. NaN without clips."""
    right = predictions["label"] == predictions["predicted"]
    return float(right.groupby(predictions["label"]).mean().mean())


def resampled_recalls(*networks: pd.DataFrame, draws: int = 2000, seed: int = 0) -> np.ndarray:
    """Recalls of networks that were tested on the same clips: (networks, 1 + draws, classes), NaN without a clip.

    Row 0 is of all clips; the others resample whole groups, the same for all networks.
    """
    _paired(networks[0], networks[-1])
    of, labels = groups(networks[0]).to_numpy(), sorted(set(networks[0]["label"]))
    names, codes = np.unique(of, return_inverse=True)
    label_codes = pd.Categorical(networks[0]["label"], labels).codes

    def per_group(values) -> np.ndarray:
        found = np.zeros((len(names), len(labels)))
        np.add.at(found, (codes, label_codes), values)
        return found

    times = np.vstack([np.ones(len(names)), times_drawn(len(names), draws, seed)])
    clips = times @ per_group(np.ones(len(of)))
    right = [per_group((own["label"] == own["predicted"]).to_numpy(float)) for own in networks]
    with np.errstate(invalid="ignore"):  # a draw may have no clip of a class
        return np.stack([times @ own / clips for own in right])


def balanced_interval(predictions: pd.DataFrame) -> tuple[float, float, float]:
    """Balanced accuracy with its interval: (estimate, low, high), a percentile bootstrap of whole groups."""
    values = np.nanmean(resampled_recalls(predictions)[0], axis=1)
    return float(values[0]), *(float(value) for value in np.quantile(values[1:], (0.025, 0.975)))


def balanced_difference(first: pd.DataFrame, second: pd.DataFrame) -> tuple[float, float, float]:
    """Balanced accuracy of the second network less that of the first, on the same clips: (estimate, low, high)."""
    values = np.subtract(*np.nanmean(resampled_recalls(second, first), axis=2))
    return float(values[0]), *(float(value) for value in np.quantile(values[1:], (0.025, 0.975)))


def vote(predictions: pd.DataFrame, how: str = "mean") -> pd.DataFrame:
    """One prediction per track and side from those of its clips; probabilities are the means of the clips'.

    `mean` takes the class of the highest mean probability, `majority` the class most clips chose, the mean
    probability deciding between equals. Column `clips` says how many had a vote.
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
    tracks = (
        by_track[["label", "artist"]]
        .first()
        .assign(clips=by_track.size(), predicted=support.idxmax(axis=1).str.removeprefix("p_"))
    )
    return tracks.join(means).reset_index()


def summarise(runs: Iterable) -> pd.DataFrame:
    """One row per network: accuracies of the three sides and what they rest on.

    Columns: train, validation, test (accuracy over clips), low, high (95 % interval of test), balanced
    (accuracy, test), tracks, clips, groups (tested), parameters, seconds (of training). Runs of one network,
    as of the folds of a cross-validation, are pooled: predictions put together, seconds added.
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
            "groups": groups(test).nunique(),
            "parameters": pool[0].parameters,
            "seconds": sum(run.timings.get("training", np.nan) for run in pool),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("network")
