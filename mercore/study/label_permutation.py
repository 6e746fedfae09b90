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
    """Compute log-likelihoods (nats), (..., 24), of printed counts (4, 4) under ours (..., 4, 4) for each of ORDERS.

    Each true class is a multinomial draw; its probabilities are our shares, half a clip added to each cell
    (Jeffreys' prior), so that a confusion we didn't see isn't impossible.
    """
    counts = ours + 0.5
    log_share = np.log(counts / counts.sum(axis=-1, keepdims=True))
    orders = [[QUADRANTS.index(name) for name in order] for order in ORDERS]
    return np.stack([(printed * log_share[..., order, :][..., order]).sum(axis=(-2, -1)) for order in orders], axis=-1)


def bootstrap(key: str, predictions: pd.DataFrame, draws: int = 2000, seed: int = 0) -> pd.DataFrame:
    """Compute log-likelihoods of a network's printed matrix under our test clips: a row a draw, a column an order.

    Row 0 has every track once; the others resample tracks, or artists where several tracks are of one.
    """
    group, names = pd.factorize(evaluation.artist_or_track(predictions))
    true, predicted = (predictions[column].map(QUADRANTS.index) for column in ("label", "predicted"))
    by_group = np.zeros((len(names), 4, 4))
    np.add.at(by_group, (group, true, predicted), 1)
    times = np.vstack([np.ones(len(names)), evaluation.bootstrap_counts(len(names), draws, seed)])
    drawn = np.tensordot(times, by_group, axes=1)
    values = log_likelihoods(published.confusion("mood", key).to_numpy(), drawn)
    return pd.DataFrame(values, columns=pd.MultiIndex.from_tuples(ORDERS))


def verdict(table: pd.DataFrame) -> dict:
    """Return the likeliest order, its share of the draws, and its lead over the printed one (nats; low, high)."""
    order = table.iloc[0].idxmax()
    lead = table[order] - table[published.MOOD_ORDER]
    low, high = np.quantile(lead.iloc[1:], [0.025, 0.975])
    share = float((table.iloc[1:].idxmax(axis=1) == order).mean())
    return {"order": order, "share": share, "lead": float(lead.iloc[0]), "low": float(low), "high": float(high)}


def leave_one_out(tables: dict[str, pd.DataFrame]) -> list[pd.DataFrame]:
    """Add up the tables of all networks, then of all but one, as a single network may decide the sum of all."""
    together = sum(tables.values())
    return [together, *(together - table for table in tables.values() if len(tables) > 1)]


def leave_one_out_agreement(tables: dict[str, pd.DataFrame]) -> float:
    """Return the share of draws in which the likeliest order of all networks stays so, whichever one is left out."""
    sums = leave_one_out(tables)
    order = sums[0].iloc[0].idxmax()
    return float(min((table.iloc[1:].idxmax(axis=1) == order).mean() for table in sums))


def possible_orders(table: pd.DataFrame, share: float) -> list[tuple[str, ...]]:
    """Return the orders that together are likeliest in so many of the draws, the most frequent first."""
    counts = table.iloc[1:].idxmax(axis=1).value_counts(normalize=True)
    return list(counts.index[: int((counts.cumsum() < share).sum()) + 1])
