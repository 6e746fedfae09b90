"""Which quadrant the report means by which of its mood names, judged by what networks confuse. See 07_results.

The report prints four mood names on its matrices. If they were put on in another order than the classes had, the
matrices are right but their names are not. Networks of the same kind, trained on the same dataset, confuse the
quadrants in their own way; of the 24 orders of the names, the likeliest is the one under which the report's counts
look most like theirs.
"""

from itertools import permutations

import numpy as np
import pandas as pd

from mercore import evaluation, published

QUADRANTS = ("Q1", "Q2", "Q3", "Q4")
ORDERS = tuple(permutations(QUADRANTS))  # the quadrants of the printed names, in printed order


def log_likelihoods(printed: pd.DataFrame, ours: pd.DataFrame) -> pd.Series:
    """The log-likelihood (nats) of the report's counts under our confusions, for each of ORDERS.

    printed: counts, (4, 4), as `published.confusion`. ours: counts by quadrant, (4, 4), as `evaluation.confusion`.
    Each true class is a multinomial draw; its probabilities are our shares, half a clip added to each cell
    (Jeffreys' prior), so that a confusion we didn't see isn't impossible.
    """
    counts = ours.loc[list(QUADRANTS), list(QUADRANTS)] + 0.5
    log_share = np.log(counts.div(counts.sum(axis=1), axis=0))
    values = [(printed.to_numpy() * log_share.loc[list(order), list(order)].to_numpy()).sum() for order in ORDERS]
    return pd.Series(values, index=pd.MultiIndex.from_tuples(ORDERS))


def bootstrap(key: str, predictions: pd.DataFrame, draws: int = 500, seed: int = 0) -> pd.DataFrame:
    """Log-likelihoods of the report's matrix of a network: one row a draw of our test tracks, one column an order.

    predictions: test clips of our runs of the same network. Row 0 has every track once; the other rows resample
    tracks, or artists where several tracks are of one.
    """
    printed = published.confusion("mood", key)
    of = evaluation.groups(predictions)
    names = of.unique()
    by_group = {
        name: evaluation.confusion(part, QUADRANTS).to_numpy() for name, part in predictions.groupby(of, sort=False)
    }
    stack = np.stack([by_group[name] for name in names])
    rng = np.random.default_rng(seed)
    times = np.vstack([np.ones(len(names)), rng.multinomial(len(names), np.full(len(names), 1 / len(names)), draws)])
    drawn = np.tensordot(times, stack, axes=1)
    frames = (pd.DataFrame(one, index=QUADRANTS, columns=QUADRANTS) for one in drawn)
    return pd.DataFrame([log_likelihoods(printed, one) for one in frames])


def verdict(table: pd.DataFrame) -> dict:
    """What `bootstrap` found: the likeliest order, how often it is the likeliest, and its lead over the printed one.

    Keys: order, share (of the draws), lead (nats, over published.MOOD_ORDER), low, high (95 %, over the draws).
    """
    order = table.iloc[0].idxmax()
    lead = table[order] - table[published.MOOD_ORDER]
    low, high = np.quantile(lead.iloc[1:], [0.025, 0.975])
    share = float((table.iloc[1:].idxmax(axis=1) == order).mean())
    return {"order": order, "share": share, "lead": float(lead.iloc[0]), "low": float(low), "high": float(high)}
