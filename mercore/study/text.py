"""The verdict on the report's mood names in sentences (Markdown), shown in 07_results."""

import pandas as pd

from mercore.corpora import class_label
from mercore.evaluation import published
from mercore.plots.style import network_name
from mercore.study.label_permutation import leave_one_out, leave_one_out_agreement, possible_orders, verdict

CERTAIN = 0.95  # agreement from which the likeliest order is taken for the true one


def describe_likeliest_order(tables: dict[str, pd.DataFrame]) -> str:
    """Say which quadrants the report's mood names stand for, by tables of `label_permutation.bootstrap`."""
    together, agreement = verdict(sum(tables.values())), leave_one_out_agreement(tables)
    order, low, high = together["order"], together["low"], together["high"]
    agree = [network_name(key) for key, table in tables.items() if verdict(table)["order"] == order]
    text = (
        f"Of the 24 orders, **{' '.join(order)}** is the likeliest for {len(agree)} of {len(tables)} networks "
        f"({', '.join(agree)}) and for all together; it is the likeliest of all in {together['share']:.0%} of the "
        f"resampled draws, and in {agreement:.0%} at least if any one network is left out. "
    )
    if order == published.MOOD_ORDER:
        return text + "This is the order that the printed names mean: nothing speaks for a permutation."
    text += (
        f"The printed names would mean {' '.join(published.MOOD_ORDER)}; against that the likelihood of the report's "
        f"counts is larger by {together['lead']:.0f} nats (95 % over resampled tracks {low:.0f} to {high:.0f}). "
    )
    if low <= 0:
        return text + "**Verdict: undecided**, as the interval includes none."
    text += "**Verdict: the printed names are not in the order that they mean.** "
    if agreement >= CERTAIN:
        return text + f"They are in the order {' '.join(order)}."
    possible = dict.fromkeys(" ".join(o) for table in leave_one_out(tables) for o in possible_orders(table, CERTAIN))
    return text + f"Which order they are in stays open between {' or '.join(possible)}."


def describe_changed_statements(tables: dict[str, pd.DataFrame]) -> str:
    """Say what the report's statements on moods mean by the likeliest order of the names, if that is certain."""
    together = verdict(sum(tables.values()))
    if together["order"] == published.MOOD_ORDER or together["low"] <= 0:
        return "Its sentences on moods stay as they are."
    if leave_one_out_agreement(tables) < CERTAIN:
        return (
            "The report's sentences that name a mood (its claim 11, the mood histograms of both songs) can't be read "
            "as printed, and which mood they mean isn't known: its counts fit several of the orders above."
        )
    names = dict(zip(published.labels("mood"), together["order"], strict=True))
    matrix = published.confusion("mood", "end2end")
    most = matrix.sum().idxmax()
    lines = [
        f"- Claim 11: of {int(matrix.to_numpy().sum())} clips the end-to-end LSTM puts {int(matrix[most].sum())} into "
        f"the class printed as *{most}*, which would be {class_label(names[most])}."
    ]
    for study in published.case_studies().values():
        shares = [
            f"{class_label(names[name])} {share:.0%} (printed: {name})" for name, share in study["mood_share"].items()
        ]
        lines.append(f"- *{study['song']}*: {', '.join(shares)}.")
    return "\n".join(lines)
