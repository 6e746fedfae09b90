"""What a run shows, in sentences (Markdown) that are true of that run whatever it was trained on.

The notebooks 03 to 06 print them under their figures. Explained in 03_conv.
"""

import numpy as np
import pandas as pd

from mercore import evaluation
from mercore.corpora.labels import class_label
from mercore.evaluation import published
from mercore.evaluation.text import percent, plural


def say(*lines: str) -> None:
    """Show lines of text in a notebook, set as Markdown."""
    from IPython.display import Markdown, display

    display(Markdown("\n".join(lines)))


def tell_training(run) -> str:
    """How long was trained, which weights were kept, and how far training and validation are apart."""
    history, most = run.history, run.config["epochs"]
    if history.empty:
        return f"**{run.title}, {run.corpus['task']}:** stopped before the end of its first epoch."
    chosen = int(np.flatnonzero(history["chosen"])[0])
    length = "all of the" if len(history) == most else f"{len(history)} of at most"
    text = (
        f"**{run.title}, {run.corpus['task']}:** {length} {plural(most, 'epoch')}, "
        f"{run.timings['training']:.0f} s in all, {history['seconds'].median():.1f} s an epoch (median). "
        f"The weights kept are those of epoch {chosen + 1}"
    )
    if "val_loss" not in history:
        return text + ". There is no validation side, so nothing watched for overfitting."
    text += f" (validation loss {history['val_loss'].iloc[chosen]:.2f}). "
    train, validation = run.accuracy("train"), run.accuracy("validation")
    gap = 100 * (train - validation)
    tracks = plural(run.side("validation")["track"].nunique(), "validation track")
    text += f"With them {percent(train)} of the training clips are right and {percent(validation)} of validation: "
    if abs(gap) < 5:
        return text + "the two are close."
    if gap > 0:
        return text + f"{gap:.0f} points apart. Such a gap is the mark of overfitting, as far as {tracks} can show it."
    return text + f"validation is the higher one, which happens with few tracks (here {tracks}) or short training."


def tell_accuracy(run) -> str:
    """Test accuracy with its interval, against guessing, and the report's own where the classes are its."""
    test = run.side("test")
    name = f"**{run.title}, {run.corpus['task']}:** "
    if test.empty:
        return name + "no clip could be tested."
    estimate, low, high = evaluation.accuracy_interval(test)
    chance = 1 / len(run.classes)
    text = (
        f"{name}{percent(estimate)} of the {plural(len(test), 'test clip')} from "
        f"{plural(test['track'].nunique(), 'track')} are right; 95 % interval {percent(low)} to {percent(high)}. "
        f"Guessing among {len(run.classes)} classes gives {percent(chance)}, which lies "
    )
    text += "below the interval." if chance < low else "above the interval." if chance > high else "in the interval."
    task, key = run.corpus["task"], run.config["network"]
    if published.has_classes(task, run.classes):
        printed = published.accuracy(task).loc[key, "test"]
        text += f" The report printed {percent(printed)} on {published.dataset(task)}, split by clip."
    return text


def tell_confusion(run) -> str:
    """The classes found best and worst, the most frequent confusion, and what was never predicted or tested."""
    test = run.side("test")
    if test.empty:
        return "No clip could be tested."
    counts = evaluation.confusion(test, run.classes)
    recall = evaluation.per_class(test, run.classes)["recall"].dropna()
    if np.isclose(recall.min(), recall.max()):
        parts = [f"All tested classes are found equally often: {percent(recall.max())} of their clips."]
    else:
        parts = [
            f"Found best: {_names(recall.index[np.isclose(recall, recall.max())])} "
            f"({percent(recall.max())} of the clips); "
            f"worst: {_names(recall.index[np.isclose(recall, recall.min())])} ({percent(recall.min())})."
        ]
    parts.append(_most_frequent_confusion(test, counts))
    never = counts.columns[(counts.sum() == 0) & (counts.sum(axis=1) > 0)]
    if len(never):
        parts.append(f"Never predicted: {_names(never)}.")
    untested = counts.index[counts.sum(axis=1) == 0]
    if len(untested):
        parts.append(f"Not tested, as no clip of theirs is on the test side: {_names(untested)}.")
    return f"**{run.title}, {run.corpus['task']}:** " + " ".join(parts)


def _most_frequent_confusion(test: pd.DataFrame, counts: pd.DataFrame) -> str:
    errors = counts.to_numpy() * (1 - np.eye(len(counts), dtype=int))
    if not errors.any():
        return "No clip was taken for another class."
    pairs = [(counts.index[i], counts.columns[j]) for i, j in np.argwhere(errors == errors.max())]
    if len(pairs) > 3:
        return f"No confusion stands out: {len(pairs)} pairs share the first place with {errors.max()} each."
    told = []
    for true, predicted in pairs:
        wrong = test[(test["label"] == true) & (test["predicted"] == predicted)]
        told.append(
            f"{class_label(true)} taken for {class_label(predicted)} ({plural(len(wrong), 'clip')} of "
            f"{plural(wrong['track'].nunique(), 'track')})"
        )
    return f"Most frequent confusion: {' and '.join(told)}."


def tell_difference(first, second) -> str:
    """Two networks tested on the same clips: accuracies, whether their intervals overlap, where they disagree."""
    sides = [run.side("test") for run in (first, second)]
    if sides[0].empty or sides[1].empty:
        return "No clip could be tested, so there is nothing to compare."
    (a, a_low, a_high), (b, b_low, b_high) = (evaluation.accuracy_interval(side) for side in sides)
    better = (
        "equal" if np.isclose(a, b) else f"{100 * abs(a - b):.1f} points more for {(first if a > b else second).title}"
    )
    overlap = max(a_low, b_low) <= min(a_high, b_high)
    text = (
        f"**{first.corpus['task'].capitalize()}:** "
        f"{first.title} {percent(a)} ({percent(a_low)} to {percent(a_high)}), "
        f"{second.title} {percent(b)} ({percent(b_low)} to {percent(b_high)}): {better}. "
        f"The intervals {'overlap' if overlap else 'do not overlap'}. "
    )
    both = sides[0].join(sides[1], rsuffix="_2", how="inner")  # row by row: starts may repeat in a short track
    right, right_2 = both["predicted"] == both["label"], both["predicted_2"] == both["label"]
    return text + (
        f"Of {plural(len(both), 'clip')} that both were tested on, only {first.title} gets "
        f"{(right & ~right_2).sum()} right and only {second.title} {(~right & right_2).sum()}."
    )


def _names(classes) -> str:
    return ", ".join(class_label(name) for name in classes)
