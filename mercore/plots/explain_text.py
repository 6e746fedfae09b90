"""What a network listens to, in sentences (Markdown) that are true of the clip. Explained in 03_conv."""

import pandas as pd

from mercore.corpora.labels import class_label
from mercore.evaluation.explain import CLIP_SECONDS, COVER, METHODS, WINDOW, Heard
from mercore.evaluation.text import plural

CAUSES = {
    "grad_cam": (
        "Grad-CAM weighs a pattern by its mean effect over all places, so it errs where a pattern speaks for the "
        "class in one band and against it in another. Occlusion finds only what the network can't do without: what "
        "comes twice can be covered once at no cost"
    ),
    "attention": (
        "The weights are the same for every class, and they weigh what the recurrent layer says at a moment, "
        "which remembers what came before and, as it reads both ways, what comes after"
    ),
}
VERDICTS = {
    "agree": "agree",
    "in part": "agree in part only",
    "disagree": "**disagree**",
    "unchecked": "can't be compared, as covering changes next to nothing",
    "flat": "can't be compared, as one of them is the same throughout",
}


def tell_window(heard: Heard, method: str) -> str:
    """Which two seconds mattered most by a method, and what the network says with and without them."""
    start = round(heard.windows[method], 1)  # before its end is told, or 0.85 would become 0.8 to 2.9
    return (
        f"By {METHODS[method]} the two seconds from {start:.1f} to {start + WINDOW:.1f} s of this clip matter most "
        f"for **{class_label(heard.class_name)}**. The whole clip gives the class a probability of "
        f"{heard.probability:.2f}; these two seconds alone {heard.kept[method]:.2f}, and the clip with them covered "
        f"{heard.covered[method]:.2f}."
    )


def tell_agreement(heard: Heard, method: str) -> str:
    """Whether a method and occlusion agree about this clip, and what to make of it where they don't."""
    if method == "occlusion":
        return _tell_occlusion(heard)
    found, name = heard.agreement(method), METHODS[method]
    name = name[0].upper() + name[1:]
    verdict = f"{name} and occlusion {VERDICTS[found.verdict]}"
    if found.verdict == "unchecked":
        return f"{verdict}: by {100 * found.largest:.1f} points of probability at most."
    if found.verdict == "flat":
        return f"{verdict}."
    text = (
        f"{verdict}: rank correlation over time {found.rho:.2f} (1: the same order of moments, 0: none), and "
        f"{100 * found.by_chance:.0f} % of the shifts of one curve against the other give as much. Their two seconds "
        f"begin {found.apart:.1f} s apart, of {CLIP_SECONDS - WINDOW:.1f} s possible."
    )
    return text if found.verdict == "agree" else f"{text} {CAUSES[method]}."


def _tell_occlusion(heard: Heard) -> str:
    moments, falls = heard.courses["occlusion"]
    text = f"Covering {COVER:.1f} s takes away at most {max(0.0, falls.max()):.2f} of the probability"
    if falls.max() >= 0.005:
        text += f" (around {moments[falls.argmax()]:.1f} s)"
    return f"{text}, and adds at most {max(0.0, -falls.min()):.2f}."


def tell_survey(survey: pd.DataFrame) -> str:
    """In how many clips each method agrees with occlusion."""
    if survey.empty:
        return "This network has no method but occlusion, so there is nothing to compare it with."
    parts = []
    for method, rows in survey.groupby("method", sort=False):
        counts = rows["verdict"].value_counts()
        told = [f"in {counts[verdict]} they {VERDICTS[verdict]}" for verdict in VERDICTS if verdict in counts]
        median = rows.loc[rows["verdict"] != "unchecked", "rho"].median()  # of noise the order means nothing
        where = " of the others" if "unchecked" in counts else ""
        middle = "" if pd.isna(median) else f"; the median rank correlation{where} is {median:.2f}"
        name = METHODS[method][0].upper() + METHODS[method][1:]
        parts.append(
            f"{name} and occlusion, in {plural(len(rows), 'clip')} of different tracks: {', '.join(told)}{middle}."
        )
    return " ".join(parts)
