"""What the committed records show, in sentences (Markdown). Explained in 07_results and 09_beyond_the_report."""

import pandas as pd

from mercore import mood_names, published
from mercore.plots_comparisons import network_name
from mercore.plotstyle import class_label


def tell_likeliest_names(tables: dict[str, pd.DataFrame]) -> str:
    """Which quadrants the report's mood names stand for by `mood_names.bootstrap`, by network and for all together."""
    printed = published.MOOD_ORDER
    found = {key: mood_names.verdict(table) for key, table in tables.items()}
    together = mood_names.verdict(sum(tables.values()))
    order, low, high = together["order"], together["low"], together["high"]
    agree = [network_name(key) for key, own in found.items() if own["order"] == order]
    text = (
        f"Of the 24 orders, **{' '.join(order)}** is the likeliest for {len(agree)} of {len(found)} networks "
        f"({', '.join(agree)}) and for all together; it is the likeliest of all in {together['share']:.0%} of the "
        "resampled draws. "
    )
    if order == printed:
        return text + "This is the order that the printed names mean: nothing speaks for a permutation."
    text += (
        f"The printed names would mean {' '.join(printed)}; against that the likelihood of the report's counts is "
        f"larger by {together['lead']:.0f} nats (95 % over resampled tracks {low:.0f} to {high:.0f}). "
    )
    if low <= 0:
        return text + "**Verdict: undecided**, as the interval includes none."
    shares = mood_names.meanings(sum(tables.values()))
    read = [
        f"*{name}* is {class_label(shares.loc[name].idxmax())} in {shares.loc[name].max():.0%} of the draws"
        for name in shares.index
    ]
    return text + f"**Verdict: the printed names are not in the classes' order.** By name: {'; '.join(read)}."


def tell_what_the_names_change(tables: dict[str, pd.DataFrame]) -> str:
    """Which sentences of the report change their meaning if the names are read by the likeliest order."""
    order = mood_names.verdict(sum(tables.values()))["order"]
    names = dict(zip(published.labels("mood"), order, strict=True))
    matrix = published.confusion("mood", "end2end")
    most = matrix.sum().idxmax()
    lines = [
        f"- Claim 11: of {int(matrix.to_numpy().sum())} clips the end-to-end LSTM puts {int(matrix[most].sum())} into "
        f"the class printed as *{most}*, which would be {class_label(names[most])}."
    ]
    for slug in published.CASE_STUDIES:
        study = published.case_study(slug)
        shares = ", ".join(
            f"{class_label(names[name])} {share:.0%} (printed: {name})" for name, share in study["mood_share"].items()
        )
        lines.append(f"- *{study['song']}*: {shares}.")
    return "\n".join(lines)
