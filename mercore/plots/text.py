"""Describe results in sentences (Markdown) that hold for any run or clip. Used in 03_conv to 06_end_to_end."""

from mercore import evaluation
from mercore.corpora.labels import class_label
from mercore.evaluation import published
from mercore.evaluation.explain import CLIP_SECONDS, COVER, METHODS, WINDOW, Explanation
from mercore.evaluation.text import percent, plural

VERDICTS = {
    "agree": "agree",
    "in part": "agree in part only",
    "disagree": "**disagree**",
    "unchecked": "can't be compared, as covering changes next to nothing",
    "flat": "can't be compared, as one of them is the same throughout",
}


def say(*lines: str) -> None:
    """Show lines of text in a notebook, set as Markdown."""
    from IPython.display import Markdown, display

    display(Markdown("\n".join(lines)))


def describe_accuracy(run) -> str:
    """Describe the test accuracy of a run: its interval, chance, and the report's where the classes are the same."""
    test, task = run.side("test"), run.corpus["task"]
    name = f"**{run.title}, {task}:** "
    if test.empty:
        return name + "no clip could be tested."
    estimate, low, high = evaluation.accuracy_interval(test)
    chance = 1 / len(run.classes)
    place = "below" if chance < low else "above" if chance > high else "in"
    text = (
        f"{name}{percent(estimate)} of the {plural(len(test), 'test clip')} from "
        f"{plural(test['track'].nunique(), 'track')} are right; 95 % interval {percent(low)} to {percent(high)}. "
        f"Guessing among {len(run.classes)} classes gives {percent(chance)}, which lies {place} the interval."
    )
    if published.has_classes(task, run.classes):
        printed = published.accuracy(task).loc[run.config["network"], "test"]
        text += f" The report printed {percent(printed)} on {published.dataset(task)}, split by clip."
    return text


def describe_window(heard: Explanation, method: str) -> str:
    """Describe the two seconds that mattered most by a method, and the answer with and without them."""
    start = round(heard.windows[method], 1)  # before the end is computed, or 0.85 would become 0.8 to 2.9
    return (
        f"By {METHODS[method]} the two seconds from {start:.1f} to {start + WINDOW:.1f} s of this clip matter most "
        f"for **{class_label(heard.class_name)}**. The whole clip gives the class a probability of "
        f"{heard.probability:.2f}; these two seconds alone {heard.kept[method]:.2f}, and the clip with them covered "
        f"{heard.covered[method]:.2f}."
    )


def describe_agreement(heard: Explanation, method: str) -> str:
    """Describe whether a method and occlusion agree about a clip; for occlusion itself, how much covering changes."""
    if method == "occlusion":
        moments, losses = heard.importance["occlusion"]
        place = f" (around {moments[losses.argmax()]:.1f} s)" if losses.max() >= 0.005 else ""
        return (
            f"Covering {COVER:.1f} s takes away at most {max(0.0, losses.max()):.2f} of the probability{place}, and "
            f"adds at most {max(0.0, -losses.min()):.2f}."
        )
    found = heard.agreement(method)
    verdict = f"{METHODS[method][0].upper()}{METHODS[method][1:]} and occlusion {VERDICTS[found.verdict]}"
    if found.verdict == "unchecked":
        return f"{verdict}: by {100 * found.largest:.1f} points of probability at most."
    if found.verdict == "flat":
        return f"{verdict}."
    return (
        f"{verdict}: rank correlation over time {found.rho:.2f} (1: the same order of moments, 0: none), and "
        f"{100 * found.by_chance:.0f} % of the shifts of one curve against the other give as much. Their two seconds "
        f"begin {found.apart:.1f} s apart, of {CLIP_SECONDS - WINDOW:.1f} s possible."
    )
