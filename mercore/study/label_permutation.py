"""Which quadrant the report means by which of its mood names, judged by what networks confuse. See 07_results.

The report prints four mood names on its matrices. If they were put on in another order than the classes had, the
matrices are right but their names are not. Networks of the same kind, trained on the same dataset, confuse the
quadrants in their own way; of the 24 orders of the names, the likeliest is the one under which the report's counts
look most like theirs.
"""

from itertools import permutations

import numpy as np
import pandas as pd

from mercore import evaluation
from mercore.evaluation import published

QUADRANTS = ("Q1", "Q2", "Q3", "Q4")
ORDERS = tuple(permutations(QUADRANTS))  # the quadrants of the printed names, in printed order


def log_likelihoods(printed: np.ndarray, ours: np.ndarray) -> np.ndarray:
    """The log-likelihoods (nats) of the report's counts under our confusions, one for each of ORDERS.

    printed: counts, (4, 4), in printed order. ours: counts, (..., 4, 4), in the order of QUADRANTS. Returns (..., 24).
    Each true class is a multinomial draw; its probabilities are our shares, half a clip added to each cell
    (Jeffreys' prior), so that a confusion we didn't see isn't impossible.
    """
    counts = ours + 0.5
    log_share = np.log(counts / counts.sum(axis=-1, keepdims=True))
    places = [[QUADRANTS.index(name) for name in order] for order in ORDERS]
    return np.stack([(printed * log_share[..., at, :][..., at]).sum(axis=(-2, -1)) for at in places], axis=-1)


def bootstrap(key: str, predictions: pd.DataFrame, draws: int = 2000, seed: int = 0) -> pd.DataFrame:
    """Log-likelihoods of the report's matrix of a network: one row a draw of our test tracks, one column an order.

    predictions: test clips of our runs of the same network. Row 0 has every track once; the other rows resample
    tracks, or artists where several tracks are of one.
    """
    of, names = pd.factorize(evaluation.artist_or_track(predictions))
    true, predicted = (predictions[side].map(QUADRANTS.index) for side in ("label", "predicted"))
    by_group = np.zeros((len(names), 4, 4))
    np.add.at(by_group, (of, true, predicted), 1)
    times = np.vstack([np.ones(len(names)), evaluation.bootstrap_counts(len(names), draws, seed)])
    drawn = np.tensordot(times, by_group, axes=1)
    values = log_likelihoods(published.confusion("mood", key).to_numpy(), drawn)
    return pd.DataFrame(values, columns=pd.MultiIndex.from_tuples(ORDERS))


def verdict(table: pd.DataFrame) -> dict:
    """What `bootstrap` found: the likeliest order, how often it is the likeliest, and its lead over the printed one.

    Keys: order, share (of the draws), lead (nats, over published.MOOD_ORDER), low, high (95 %, over the draws).
    """
    order = table.iloc[0].idxmax()
    lead = table[order] - table[published.MOOD_ORDER]
    low, high = np.quantile(lead.iloc[1:], [0.025, 0.975])
    share = float((table.iloc[1:].idxmax(axis=1) == order).mean())
    return {"order": order, "share": share, "lead": float(lead.iloc[0]), "low": float(low), "high": float(high)}


def leave_one_out(tables: dict[str, pd.DataFrame]) -> list[pd.DataFrame]:
    """`bootstrap` of all networks together, then of all but one, for each that may be left out.

    As one network alone may decide what is the likeliest for all together.
    """
    together = sum(tables.values())
    return [together, *(together - own for own in tables.values() if len(tables) > 1)]


def steadiness(tables: dict[str, pd.DataFrame]) -> float:
    """In which share of the draws the likeliest order of all networks is the likeliest, whichever one is left out."""
    every = leave_one_out(tables)
    order = every[0].iloc[0].idxmax()
    return float(min((table.iloc[1:].idxmax(axis=1) == order).mean() for table in every))


def possible_orders(table: pd.DataFrame, share: float) -> list[tuple[str, ...]]:
    """The orders that are likeliest in so many of the draws of `bootstrap` together, the most frequent first."""
    counts = table.iloc[1:].idxmax(axis=1).value_counts(normalize=True)
    return list(counts.index[: int((counts.cumsum() < share).sum()) + 1])
