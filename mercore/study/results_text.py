"""What the runs of several networks show together, in sentences (Markdown). Explained in 07_results.

Tables have a row per network key, as from `evaluation.summarise`. What can't be said for want of test or
validation clips isn't said.
"""

import numpy as np
import pandas as pd

from mercore.corpora.labels import class_label
from mercore.evaluation import published
from mercore.evaluation.text import percent, plural
from mercore.plots.style import network_name
from mercore.study import claims as ledger


def points(*differences: float) -> str:
    """A difference of two shares as "+4.2 points", or a range of them as "-1.0 to +4.2 points"."""
    return " to ".join(f"{100 * difference:+.1f}" for difference in differences) + " points"


def tell_runs(runs: dict) -> str:
    """What the networks (runs by key) were trained and tested on, and by which split."""
    run = next(iter(runs.values()))
    config, corpus, test = run.config, run.corpus, run.side("test")
    text = (
        f"**{corpus['task'].capitalize()}:** {corpus['name']}, {len(run.classes)} classes, "
        f"split by `{config['protocol']}`"
    )
    if config["protocol_asked"] != config["protocol"]:
        text += f" (asked for: `{config['protocol_asked']}`)"
    text += f". Tested on {plural(len(test), 'clip')} of {plural(test['track'].nunique(), 'track')}."
    if corpus["untestable"]:
        text += f" Not tested, for want of tracks or artists: {', '.join(corpus['untestable'])}."
    return " ".join([text, *(f"Note: {note}." for note in run.notes)])


def tell_choice(summary: pd.DataFrame, task: str) -> str:
    """Which network the validation side would choose, what it gets on test, and which is highest there."""
    side = "validation" if summary["validation"].notna().any() else "train"
    key, best = summary[side].idxmax(), summary["test"].idxmax()
    row = summary.loc[key]
    text = (
        f"**{task.capitalize()}:** by the {side.replace('train', 'training')} accuracy one would choose "
        f"{network_name(key)}, which gets {percent(row['test'])} of the test clips right (95 % interval "
        f"{percent(row['low'])} to {percent(row['high'])}). "
    )
    if np.isclose(row["test"], summary["test"].max()):
        text += "None has a higher test accuracy. "
    else:
        text += f"The highest test accuracy, {percent(summary.loc[best, 'test'])}, is that of {network_name(best)}. "
    overlap = (summary["high"] >= row["low"]) & (summary["low"] <= row["high"])
    return text + f"{overlap.sum() - 1} of the other {len(summary) - 1} intervals overlap with its own."


def tell_chance(summary: pd.DataFrame, run) -> str:
    """What guessing and naming one class get on the test side, and whose interval isn't clear of both."""
    labels = run.side("test")["label"]
    guess, always = 1 / len(run.classes), labels.value_counts().max() / len(labels)
    name = f"**{run.corpus['task'].capitalize()}:** "
    text = (
        f"{name}guessing among {len(run.classes)} classes gets {percent(guess)}, always naming one class "
        f"{percent(always)}. "
    )
    unclear = [network_name(key) for key in summary.index[summary["low"] <= max(guess, always)]]
    if not unclear:
        return text + f"The intervals of all {len(summary)} networks lie above both."
    return text + f"Not clear of both: {', '.join(unclear)}; there nothing shows that anything was learnt."


def tell_widths(intervals: pd.DataFrame, summary: pd.DataFrame, task: str) -> str:
    """How wide the intervals over clips, tracks and artists are (rows: network, unit, low, high)."""
    rows = intervals[intervals["task"] == task]
    widths = (rows["high"] - rows["low"]).groupby(rows["unit"], sort=False).mean()
    first, ratio, n = summary.iloc[0], widths.iloc[-1] / widths.iloc[0], int(summary["clips"].iloc[0])
    parts = [f"{100 * width:.1f} points over {unit}" for unit, width in widths.items()]
    text = (
        f"**{task.capitalize()}:** {plural(n, 'clip')}, {plural(int(first['tracks']), 'track')}, "
        f"{plural(int(first['groups']), 'artist')} (counting each track without one). Mean width: "
        f"{', '.join(parts)}; the last is {ratio:.1f} times the first. "
    )
    if ratio > 1:
        text += f"Independent clips would give so wide an interval if there were about {n / ratio**2:.0f} of them."
    return text


def tell_gaps(summary: pd.DataFrame, task: str) -> str:
    """The widest and the narrowest gap between training and validation, and who leads on each."""
    gaps = (summary["train"] - summary["validation"]).dropna()
    if gaps.empty:
        return f"**{task.capitalize()}:** nothing validates here, so there is no gap to be seen."
    wide, narrow = gaps.idxmax(), gaps.idxmin()
    return (
        f"**{task.capitalize()}:** training lies furthest above validation for {network_name(wide)} "
        f"({points(gaps[wide])}), least for {network_name(narrow)} ({points(gaps[narrow])}). The highest training "
        f"accuracy is that of {network_name(summary['train'].idxmax())} ({percent(summary['train'].max())}), the "
        f"highest validation accuracy that of {network_name(summary['validation'].idxmax())} "
        f"({percent(summary['validation'].max())})."
    )


def tell_differences(differences: pd.DataFrame) -> str:
    """On which side of 0 differences of pairs (GRU less LSTM) and their intervals lie."""
    d, low, high = differences["difference"], differences["low"], differences["high"]
    n, above, below = len(d), int((low > 0).sum()), int((high < 0).sum())
    return (
        f"Of {n} pairs the GRU has the higher test accuracy in {(d > 0).sum()}, the LSTM in {(d < 0).sum()}. The 95 % "
        f"interval of the difference lies wholly on the GRU's side in {above}, wholly on the LSTM's in {below}, and "
        f"includes 0 in {n - above - below}. On average the intervals reach {50 * (high - low).mean():.1f} points to "
        "either side."
    )


def tell_recalls(recalls: pd.DataFrame, task: str) -> str:
    """Best and least recognised class over the networks, and the class on which they differ most."""
    recalls = recalls.dropna(axis="columns", how="all")
    mean, spread = recalls.mean(), recalls.max() - recalls.min()
    name = spread.idxmax()
    text = (
        f"**{task.capitalize()}:** averaged over the networks, {class_label(mean.idxmin())} is recognised least "
        f"({percent(mean.min())}) and {class_label(mean.idxmax())} best ({percent(mean.max())}). They differ most on "
        f"{class_label(name)}: from {percent(recalls[name].min())} ({network_name(recalls[name].idxmin())}) to "
        f"{percent(recalls[name].max())} ({network_name(recalls[name].idxmax())})."
    )
    if task == "genre" and "rock" in recalls and published.has_classes("genre", recalls):
        rock = recalls["rock"]
        others = rock.drop("conv")
        text += (
            f" The report singles out rock and the convolutional network (recall 16 of 97 in its figure 19); here "
            f"that network recognises {percent(rock['conv'])} of it, the others {percent(others.min())} to "
            f"{percent(others.max())}."
        )
    return text


def tell_votes(votes: pd.DataFrame, run) -> str:
    """What voting changes: over the networks, and for the network of `run` with its interval."""
    test, key = run.side("test"), run.config["network"]
    row, n = votes.loc[key], test["track"].nunique()
    text = (
        f"**{run.corpus['task'].capitalize()}:** {len(test) / n:.1f} clips of a track vote. The accuracy changes by "
        f"{points(votes['gain'].min(), votes['gain'].max())}, on average {points(votes['gain'].mean())}. "
        f"For {network_name(key)} it is {points(row['gain'])} (95 % interval "
        f"{points(row['gain low'], row['gain high'])}), which gives {percent(row['tracks'])} of {plural(n, 'track')} "
        f"({percent(row['low'])} to {percent(row['high'])})."
    )
    if run.config["protocol"] == "clip":
        text += " Split by clip, other clips of these tracks were trained on: this says nothing of new tracks."
    return text


def tell_costs(costs: pd.DataFrame, task: str) -> str:
    """Fastest and slowest network, LSTM against GRU end to end, and how parameters and accuracy go together."""
    seconds = costs["seconds per epoch"]
    lstm, gru = costs.loc["end2end"], costs.loc["end2end_gru"]
    text = (
        f"**{task.capitalize()}:** fastest is {network_name(seconds.idxmin())} ({seconds.min():.1f} s an epoch), "
        f"slowest {network_name(seconds.idxmax())} ({seconds.max():.1f} s). End to end, the GRU has "
        f"{gru['parameters']:,.0f} parameters against the LSTM's {lstm['parameters']:,.0f}, and takes "
        f"{gru['seconds per epoch']:.1f} s an epoch against {lstm['seconds per epoch']:.1f} s."
    )
    rank = costs["parameters"].corr(costs["accuracy"], method="spearman")
    if not np.isnan(rank):
        text += f" Parameters and test accuracy have a rank correlation of {rank:+.2f} over {len(costs)} networks."
    return text


def tell_report_tests(task: str) -> str:
    """Whether the report's networks can have been tested on the same clips: the row sums of its matrices."""
    sums = pd.DataFrame({key: published.confusion(task, key).sum(axis=1) for key in published.ORDER}).T
    sizes = " and ".join(f"{n}" for n in sorted(sums.sum(axis=1).unique()))
    return (
        f"**{task.capitalize()}:** {len(sums.drop_duplicates())} different rows for {len(sums)} networks, with "
        f"{sizes} clips."
    )


def tell_report_mood_best() -> str:
    """The report's best mood networks on validation and test, and what separates the latter from Conv."""
    mood = published.accuracy("mood")
    best = mood["test"].idxmax()
    (right, n), (right_conv, n_conv) = published.test_counts("mood", best), published.test_counts("mood", "conv")
    share, share_conv = right / n, right_conv / n_conv
    error = 1.96 * np.sqrt(share * (1 - share) / n + share_conv * (1 - share_conv) / n_conv)
    gap = share - share_conv
    return (
        f"In its Annex 2 {network_name(best)} has the highest *test* accuracy, {mood['test'].max():.4f}; Conv has "
        f"{mood.loc['conv', 'test']:.4f}. The highest *validation* accuracy, {mood['validation'].max():.4f}, is that "
        f"of {network_name(mood['validation'].idxmax())}. The matrices give {right} of {n} against {right_conv} of "
        f"{n_conv}, a difference of {points(gap)}, with a 95 % interval of "
        f"{points(gap - error, gap + error)} even if all clips were independent."
    )


def tell_mood_names(recalls: pd.DataFrame, confused: pd.Series) -> str:
    """What speaks for swapped mood names in the report: `recalls` by printed class, the pair `confused` most."""
    names = published.labels("mood")
    best = (recalls.idxmax(axis=1) == names[1]).sum()
    return (
        f"The second printed class, *{names[1]}*, has the highest recall in {best} of {len(recalls)} matrices; the "
        f"third and fourth are confused most in {(confused == f'{names[2]} / {names[3]}').sum()}. In the literature "
        "on this dataset Q2 (angry, tense) is recognised best (Panda et al. 2018, by class: Q1 .780, Q2 .868, Q3 "
        ".710, Q4 .690), and Q3 and Q4, sad and calm, lie side by side in arousal. Both fit the reading that the "
        "names are swapped."
    )


def tell_claims(claims: pd.DataFrame, runs: dict) -> str:
    """The ledger (from `ledger.settle`) as a table, and how many claims hold on which corpora."""
    lines = ["| | claim | the report's numbers | found here | verdict |", "|---|---|---|---|---|"]
    for row in claims.itertuples():
        report = f"**contradicted:** {row.report}" if row.contradicted else row.report
        lines.append(f"| {row.number} | {row.claim} | {report} | {row.found} | **{row.verdict}** |")
    counts = claims["verdict"].value_counts()
    told = ", ".join(f"{counts[it]} {it}" for it in (ledger.HOLDS, ledger.FAILS, ledger.OPEN) if it in counts)
    some = [next(iter(own.values())) for own in runs.values()]  # all of a task are of one corpus and split
    corpora = " and ".join(f"{run.corpus['name']} (split by `{run.config['protocol']}`)" for run in some)
    return "\n".join([*lines, "", f"Of {len(claims)} claims, on {corpora}, one run of each network: {told}."])
