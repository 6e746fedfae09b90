"""What the committed records show, in sentences (Markdown). Explained in 07_results and 09_beyond_the_report."""

import numpy as np
import pandas as pd

from mercore import evaluation
from mercore.corpora.labels import class_label
from mercore.evaluation import calibration, published
from mercore.evaluation.text import percent, plural
from mercore.plots.style import network_name
from mercore.study import claims, label_permutation

SURE = 0.95  # from this share of the resampled draws on, the likeliest order is taken for the one, see `steadiness`


def tell_leakage(table: pd.DataFrame, task: str, honest: str = "artist") -> str:
    """By how much accuracies by clip lie above those by another protocol: rows with network, protocol, accuracy."""
    wide = table.pivot(index="network", columns="protocol", values=["accuracy", "low", "high"])
    wide = wide.dropna(subset=[("accuracy", "clip"), ("accuracy", honest)])
    gain = (100 * (wide["accuracy", "clip"] - wide["accuracy", honest])).sort_values()
    clear = int((wide["low", "clip"] > wide["high", honest]).sum())
    least, most = (f"{gain.iloc[n]:+.0f} ({network_name(gain.index[n])})" for n in (0, -1))
    return (
        f"**{task.capitalize()}:** by clip {plural(len(gain), 'network')} read {least} to {most} points against the "
        f"split by {honest}; in {clear} of them the two intervals don't even touch."
    )


def tell_protocols(table: pd.DataFrame) -> str:
    """What `beyond.protocol_table` holds, with the report's accuracies beside those by clip."""
    lines = []
    for row in table.itertuples():
        theirs = published.accuracy("mood")["test"][row.network]
        beside = f"; the report has {theirs:.3f}" if row.protocol == "clip" else ""
        lines.append(
            f"- {network_name(row.network)} by {row.protocol}: {row.accuracy:.3f} [{row.low:.3f}, {row.high:.3f}], "
            f"{plural(len(row.seeds), 'seed')}{beside}."
        )
    return "\n".join(lines)


def tell_against_report(table: pd.DataFrame) -> str:
    """How `beyond.protocol_table`'s accuracies by clip compare with the report's, network by network."""
    rows = table[table["protocol"] == published.PROTOCOL].set_index("network")
    theirs = published.accuracy("mood")["test"].reindex(rows.index)
    higher, surely = (rows["accuracy"] > theirs), (rows["low"] > theirs)
    names = ", ".join(network_name(key) for key in rows.index[surely])
    return (
        f"By the report's own protocol {int(higher.sum())} of {len(rows)} networks reach a higher test accuracy than "
        f"it printed; for {int(surely.sum())} of them{f' ({names})' if names else ''} the whole interval lies above. "
        "The intervals are ours alone: the report gives none."
    )


def tell_folds(table: pd.DataFrame, machine: float | None = None) -> str:
    """What `beyond.fold_table` holds, a line each, and where the machine on the authors' own features stands."""

    def told(key: str) -> str:
        row = table.loc[key]
        text = f"{network_name(key)} {row['tracks']:.3f} [{row['low']:.3f}, {row['high']:.3f}]"
        if np.isfinite(row["less_svm"]):
            beats = "beats it" if row["less_low"] > 0 else "is beaten by it" if row["less_high"] < 0 else "undecided"
            effect = claims.told((row["less_svm"], row["less_low"], row["less_high"]))
            text += f"; less the SVM {effect}: {beats}"
        return f"- {text}."

    lines = [told(key) for key in table.index]
    best = table.iloc[0]
    if machine is None:
        return "\n".join(lines)
    if best["low"] > machine:
        place = "below the interval of the highest here"
    elif best["high"] < machine:
        place = "above the interval of the highest here"
    else:
        place = "inside the interval of the highest here"
    return "\n".join([*lines, "", f"A machine on the features of the dataset's authors reaches {machine}: {place}."])


def tell_ablations(table: pd.DataFrame) -> str:
    """Which changes of `data/ablations.csv` cost accuracy, which gain, and which can't be told."""
    rows = table.iloc[1:]
    kinds = {
        "Worse, the whole interval below zero": rows[rows["high"] < 0],
        "Better, the whole interval above zero": rows[rows["low"] > 0],
        "Undecided": rows[~((rows["high"] < 0) | (rows["low"] > 0))],
    }
    return "\n".join(
        f"- **{kind}:** " + "; ".join(f"{name} {100 * of.at[name, 'difference']:+.1f}" for name in of.index) + "."
        for kind, of in kinds.items()
        if len(of)
    )


def tell_learning(table: pd.DataFrame) -> str:
    """What the learning curve of `real_figures.ablations` says of more tracks, by its last doubling."""
    fewer, whole = table.iloc[-2], table.iloc[-1]
    effect = claims.told(tuple(-fewer[name] for name in ("difference", "high", "low")))
    verdict = "still gains" if fewer["high"] < 0 else "gains nothing that these tracks could show"
    return (
        f"From {fewer['training tracks']:.0f} to {whole['training tracks']:.0f} training tracks the accuracy of clips "
        f"changes by {effect}: the last doubling {verdict}."
    )


def tell_tuning(table: pd.DataFrame) -> str:
    """What `beyond.tuning_gains` holds: networks drawn anew against the same by the report's recipe."""
    lines = [
        f"- {network_name(key)}: {claims.told((row['difference'], row['low'], row['high']))}."
        for key, row in table.iterrows()
    ]
    better, worse = (table["low"] > 0).sum(), (table["high"] < 0).sum()
    last = f"Surely better by the new recipe: {better} of {len(table)}; surely worse: {worse}."
    return "\n".join([*lines, "", last])


def tell_calibration(before: pd.DataFrame, after: pd.DataFrame, by: float) -> str:
    """What temperature scaling did: `by` is the temperature."""
    errors = [calibration.expected_calibration_error(predictions) for predictions in (before, after)]
    p, _ = calibration.probabilities(before)
    gap = p.max(axis=1).mean() - evaluation.accuracy(before)
    sure = "more sure than right" if gap > 0 else "less sure than right"
    verdict = "smaller" if errors[1] < errors[0] else "not smaller"
    return (
        f"On the {len(before):,} test clips the network is {100 * abs(gap):.0f} points {sure} on average. The "
        f"validation clips ask for a temperature of {by:.2f}; with it the calibration error is {verdict}: "
        f"{errors[1]:.3f} after, {errors[0]:.3f} before."
    )


def tell_clip_votes(curve: pd.DataFrame, task: str) -> str:
    """What voting adds, by `beyond.accuracy_by_clips`."""
    first, half, last = curve.iloc[0], curve.iloc[(len(curve) - 1) // 2], curve.iloc[-1]
    return (
        f"**{task.capitalize()}:** one clip puts {percent(first['accuracy'])} of the tracks right, "
        f"{plural(int(half['clips']), 'clip')} {percent(half['accuracy'])}, all {int(last['clips'])} "
        f"{percent(last['accuracy'])} [{percent(last['low'])}, {percent(last['high'])}]."
    )


def tell_likeliest_names(tables: dict[str, pd.DataFrame]) -> str:
    """Which quadrants the report's mood names stand for by `mood_names.bootstrap`, by network and for all together."""
    printed = published.MOOD_ORDER
    found = {key: label_permutation.verdict(table) for key, table in tables.items()}
    together = label_permutation.verdict(sum(tables.values()))
    order, low, high, steady = (
        together["order"],
        together["low"],
        together["high"],
        label_permutation.steadiness(tables),
    )
    agree = [network_name(key) for key, own in found.items() if own["order"] == order]
    text = (
        f"Of the 24 orders, **{' '.join(order)}** is the likeliest for {len(agree)} of {len(found)} networks "
        f"({', '.join(agree)}) and for all together; it is the likeliest of all in {together['share']:.0%} of the "
        f"resampled draws, and in {steady:.0%} at least if any one network is left out. "
    )
    if order == printed:
        return text + "This is the order that the printed names mean: nothing speaks for a permutation."
    text += (
        f"The printed names would mean {' '.join(printed)}; against that the likelihood of the report's counts is "
        f"larger by {together['lead']:.0f} nats (95 % over resampled tracks {low:.0f} to {high:.0f}). "
    )
    if low <= 0:
        return text + "**Verdict: undecided**, as the interval includes none."
    text += "**Verdict: the printed names are not in the order that they mean.** "
    if steady >= SURE:
        return text + f"They are in the order {' '.join(order)}."
    every = label_permutation.leave_one_out(tables)
    possible = dict.fromkeys(order for table in every for order in label_permutation.possible_orders(table, SURE))
    return text + f"Which order they are in stays open between {' or '.join(' '.join(own) for own in possible)}."


def tell_what_the_names_change(tables: dict[str, pd.DataFrame]) -> str:
    """Which sentences of the report change their meaning by the likeliest order of the names, if that is certain."""
    found = label_permutation.verdict(sum(tables.values()))
    order = found["order"]
    if order == published.MOOD_ORDER or found["low"] <= 0:
        return "Its sentences on moods stay as they are."
    if label_permutation.steadiness(tables) < SURE:
        return (
            "The report's sentences that name a mood (its claim 11, the mood histograms of both songs) can't be read "
            "as printed, and which mood they mean isn't known: its counts don't tell the orders above apart."
        )
    names = dict(zip(published.labels("mood"), order, strict=True))
    matrix = published.confusion("mood", "end2end")
    most = matrix.sum().idxmax()
    lines = [
        f"- Claim 11: of {int(matrix.to_numpy().sum())} clips the end-to-end LSTM puts {int(matrix[most].sum())} into "
        f"the class printed as *{most}*, which would be {class_label(names[most])}."
    ]
    for slug in published.case_studies():
        study = published.case_study(slug)
        shares = ", ".join(
            f"{class_label(names[name])} {share:.0%} (printed: {name})" for name, share in study["mood_share"].items()
        )
        lines.append(f"- *{study['song']}*: {shares}.")
    return "\n".join(lines)
