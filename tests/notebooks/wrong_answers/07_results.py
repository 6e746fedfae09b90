"""Typical wrong answers to the exercises of 07_results, and the points that they keep."""

WRONG = {
    "attainable": [
        (
            "asks for a whole number of clips, exactly",
            "def attainable(printed, n, digits):\n    return float(printed * n).is_integer()",
            0,
        ),
        (
            "rounds the clips down",
            "def attainable(printed, n, digits):\n    return round(int(printed * n) / n, digits) == printed",
            0,
        ),
        (
            "forgets that the share is rounded",
            "def attainable(printed, n, digits):\n    return round(printed * n) / n == printed",
            0,
        ),
    ],
    "suspect": [
        ("the one that the text contradicts", 'suspect = ("genre", "bgru")', 0),
        ("names it as printed", 'suspect = ("mood", "Conv + BLSTM")', 0),
        ("the other of 438 clips", 'suspect = ("mood", "blstm")', 0),
    ],
    "tables": [
        (
            "trusts the text on the best mood network",
            'a = c = d = e = f = "agrees"\nb = g = "contradicts"',
            0,
        ),
        (
            "takes the validation accuracy for the contradicted one",
            'a = c = d = f = "agrees"\nb = e = g = "contradicts"',
            0,
        ),
        ("True and False", "a = c = e = f = True\nb = d = g = False", 0),
    ],
    "effective": [
        ("counts the tracks", "def effective_clips(right):\n    return float(len(right))", 0),
        (
            "forgets that the mean is of many tracks",
            """
def effective_clips(right):
    shares = right.mean(axis=1)
    p = right.mean()
    return p * (1 - p) / shares.var(ddof=1)
""",
            0,
        ),
        (
            "takes the deviation for the variance",
            """
def effective_clips(right):
    p = right.mean()
    return p * (1 - p) / (right.mean(axis=1).std(ddof=1) / len(right) ** 0.5)
""",
            0,
        ),
        (
            "averages over the wrong axis",
            """
def effective_clips(right):
    shares = right.mean(axis=0)
    p = right.mean()
    return p * (1 - p) / (shares.var(ddof=1) / len(shares))
""",
            0,
        ),
    ],
    "paired": [
        (
            "resamples clips",
            """
def paired_interval(right, first, second, draws, seed):
    d = right[second].to_numpy(float) - right[first].to_numpy(float)
    rng = np.random.default_rng(seed)
    means = [rng.choice(d, len(d)).mean() for _ in range(draws)]
    return d.mean(), *np.quantile(means, [0.025, 0.975])
""",
            0,
        ),
        (
            "resamples each network for itself",
            """
def paired_interval(right, first, second, draws, seed):
    rng = np.random.default_rng(seed)
    table = right.groupby("track")[[first, second]].agg(["sum", "size"])
    n, means = len(table), []
    for _ in range(draws):
        i, j = rng.integers(n, size=n), rng.integers(n, size=n)
        a, b = table[first].iloc[i].sum(), table[second].iloc[j].sum()
        means.append(b["sum"] / b["size"] - a["sum"] / a["size"])
    return right[second].mean() - right[first].mean(), *np.quantile(means, [0.025, 0.975])
""",
            0,
        ),
        (
            "calls mercore.evaluation",
            """
def paired_interval(right, first, second, draws, seed):
    d = right[second].astype(int) - right[first].astype(int)
    return evaluation.mean_interval(d, right["track"], draws=draws, seed=seed)
""",
            0,
        ),
        (
            "first less second",
            """
def paired_interval(right, first, second, draws, seed):
    d = (right[first] * 1 - right[second]).groupby(right["track"]).agg(["sum", "size"]).to_numpy()
    rng = np.random.default_rng(seed)
    drawn = d[rng.integers(len(d), size=(draws, len(d)))].sum(axis=1)
    low, high = np.quantile(drawn[:, 0] / drawn[:, 1], [0.025, 0.975])
    return d[:, 0].sum() / d[:, 1].sum(), low, high
""",
            0,
        ),
    ],
    "judged": [
        (
            "looks whether the intervals of the accuracies overlap",
            """
own = {name: evaluation.mean_interval(right[name] * 1, right["track"]) for name in "ABC"}
b_and_a = "B" if own["B"][1] > own["A"][2] else "undecided"
c_and_a = "C" if own["C"][1] > own["A"][2] else "undecided"
""",
            0,
        ),
        (
            "resamples clips",
            """
b_and_a = "B"
clip = pd.Series(range(len(right)))
c_and_a = "C" if evaluation.mean_interval(right["C"] * 1 - right["A"], clip)[1] > 0 else "undecided"
""",
            0,
        ),
        ("takes the higher accuracy", 'b_and_a, c_and_a = "B", "C"', 0),
    ],
    "jury": [
        (
            "a vote always helps",
            'majority, mean = "jazz", "rock"\nalike, coins, even = 0.73, 0.60, 1.00',
            0,
        ),
        ("mean as majority", 'majority = mean = "jazz"\nalike, coins, even = 0.60, 0.73, 1.00', 0),
    ],
}
