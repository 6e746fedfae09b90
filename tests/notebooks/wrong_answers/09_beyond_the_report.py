"""Typical wrong answers to the exercises of 09_beyond_the_report, and the points that they keep."""

WRONG = {
    "sure": [
        (
            "divides where it should multiply",
            'error_a, error_b, temperature_a, accuracy_a = 0.2, 0.0, "below 1", 0.7',
            0,
        ),
        (
            "temperature makes it right more often",
            'error_a, error_b, temperature_a, accuracy_a = 0.2, 0.0, "above 1", 0.9',
            0,
        ),
        (
            "useless means badly calibrated",
            'error_a, error_b, temperature_a, accuracy_a = 0.2, 0.75, "above 1", 0.7',
            0,
        ),
    ],
    "ece": [
        (
            "every bin counts the same",
            """
def calibration_error(p, true, bins):
    c, hit = p.max(axis=1), p.argmax(axis=1) == true
    b = np.minimum((c * bins).astype(int), bins - 1)
    return np.mean([abs(c[b == i].mean() - hit[b == i].mean()) for i in np.unique(b)])
""",
            0,
        ),
        (
            "too sure and not sure enough cancel out",
            """
def calibration_error(p, true, bins):
    c, hit = p.max(axis=1), p.argmax(axis=1) == true
    return abs(c.mean() - hit.mean())
""",
            0,
        ),
        (
            "loses the clips of probability 1",
            """
def calibration_error(p, true, bins):
    c, hit = p.max(axis=1), p.argmax(axis=1) == true
    total = 0
    for i in range(bins):
        m = (c >= i / bins) & (c < (i + 1) / bins)
        if m.any():
            total += m.mean() * abs(c[m].mean() - hit[m].mean())
    return total
""",
            0,
        ),
        (
            "the distance of each clip by itself",
            """
def calibration_error(p, true, bins):
    return np.abs(p.max(axis=1) - (p.argmax(axis=1) == true)).mean()
""",
            0,
        ),
    ],
    "cool": [
        (
            "divides the probabilities, not their logarithms",
            """
def cool(p, by):
    q = p / by
    return q / q.sum(axis=1, keepdims=True)


def best_temperature(p, true):
    tried = np.linspace(0.1, 10, 100)
    return tried[np.argmin([-np.log(cool(p, t)[range(len(true)), true]).mean() for t in tried])]
""",
            0,
        ),
        (
            "multiplies by the temperature, and tries whole numbers",
            """
def cool(p, by):
    q = np.exp(np.log(p) * by)
    return q / q.sum(axis=1, keepdims=True)


def best_temperature(p, true):
    tried = range(1, 11)
    return tried[np.argmin([-np.log(cool(p, t)[range(len(true)), true]).mean() for t in tried])]
""",
            0,
        ),
        (
            "forgets to normalise, and looks at the accuracy",
            """
def cool(p, by):
    return p ** (1 / by)


def best_temperature(p, true):
    tried = np.linspace(0.1, 10, 100)
    return tried[np.argmax([(cool(p, t).argmax(axis=1) == true).mean() for t in tried])]
""",
            0,
        ),
        (
            "cools rightly, but tries temperatures above 1 alone",
            """
def cool(p, by):
    q = np.exp(np.log(p) / by)
    return q / q.sum(axis=1, keepdims=True)


def best_temperature(p, true):
    tried = np.linspace(1, 10, 500)
    return tried[np.argmin([-np.log(cool(p, t)[range(len(true)), true]).mean() for t in tried])]
""",
            2,
        ),
    ],
    "mcnemar": [
        (
            "one-sided",
            """
def mcnemar_by_hand(first, second):
    b, c = int((first & ~second).sum()), int((second & ~first).sum())
    return b, c, sum(comb(b + c, i) for i in range(min(b, c) + 1)) / 2 ** (b + c)
""",
            0,
        ),
        (
            "counts who was right at all",
            """
def mcnemar_by_hand(first, second):
    b, c = int(first.sum()), int(second.sum())
    return b, c, min(1, 2 * sum(comb(b + c, i) for i in range(min(b, c) + 1)) / 2 ** (b + c))
""",
            0,
        ),
        (
            "leaves out the last term, and the limit of 1",
            """
def mcnemar_by_hand(first, second):
    b, c = int((first & ~second).sum()), int((second & ~first).sum())
    return b, c, 2 * sum(comb(b + c, i) for i in range(min(b, c))) / 2 ** (b + c)
""",
            0,
        ),
        (
            "the approximation by chi-square",
            """
def mcnemar_by_hand(first, second):
    b, c = int((first & ~second).sum()), int((second & ~first).sum())
    return b, c, float(stats.chi2.sf((b - c) ** 2 / max(b + c, 1), 1))
""",
            0,
        ),
    ],
    "unpaired": [
        (
            "resamples clips",
            """
def unpaired_interval(first, second, draws, seed):
    rng = np.random.default_rng(seed)
    a, b = ((t["label"] == t["predicted"]).to_numpy(float) for t in (first, second))
    d = [rng.choice(a, len(a)).mean() - rng.choice(b, len(b)).mean() for _ in range(draws)]
    return a.mean() - b.mean(), *np.quantile(d, [0.025, 0.975])
""",
            0,
        ),
        (
            "resamples tracks",
            """
def unpaired_interval(first, second, draws, seed):
    rng, m = np.random.default_rng(seed), []
    for t in (first, second):
        g = (t["label"] == t["predicted"]).groupby(t["track"]).agg(["sum", "size"]).to_numpy()
        s = g[rng.integers(len(g), size=(draws, len(g)))].sum(axis=1)
        m.append(s[:, 0] / s[:, 1])
    est = [(t["label"] == t["predicted"]).mean() for t in (first, second)]
    return est[0] - est[1], *np.quantile(m[0] - m[1], [0.025, 0.975])
""",
            0,
        ),
        (
            "pairs what can't be paired",
            """
def unpaired_interval(first, second, draws, seed):
    n = min(len(first), len(second))
    return evaluation.difference_interval(second.head(n), first.head(n))
""",
            0,
        ),
        (
            "every artist counts the same, however many clips",
            """
def unpaired_interval(first, second, draws, seed):
    rng, m = np.random.default_rng(seed), []
    for t in (first, second):
        g = (t["label"] == t["predicted"]).groupby(t["artist"]).mean().to_numpy()
        m.append(np.r_[g.mean(), g[rng.integers(len(g), size=(draws, len(g)))].mean(axis=1)])
    d = m[0] - m[1]
    return d[0], *np.quantile(d[1:], [0.025, 0.975])
""",
            0,
        ),
    ],
    "fewest": [
        ("thinks one-sided", "fewest = 5", 0),
        ("takes the number of the example", "fewest = 10", 0),
        ("one over p", "fewest = 20", 0),
    ],
    "counted": [
        (
            "trusts intervals over clips",
            """
higher = certain = 0
for key in MEL:
    hits = [(t["label"] == t["predicted"]).to_numpy() for t in (tested(key, "clip"), tested(key, "artist"))]
    less = hits[0].mean() - hits[1].mean()
    higher += int(less > 0)
    certain += int(less > 1.96 * np.sqrt(sum(h.var() / len(h) for h in hits)))
""",
            0,
        ),
        ("what is higher is certain", "higher = certain = 5", 0),
        ("compares each with the mean of the others", "higher, certain = 3, 0", 0),
    ],
}
