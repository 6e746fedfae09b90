"""The report's own numbers, as printed: accuracies, confusion matrices, case studies.

They are always shown as the report's: measured on GTZAN and 4Q, with clips of one track on both sides of the split
(`clip`). Read from data/published_results.json, which names its source. Explained in 07_results.
"""

import json
from collections.abc import Iterable
from functools import cache

import pandas as pd

from mercore import FACTS

PROTOCOL = "clip"
# Accuracy on 4Q of a support vector machine on 100 of its authors' features (Panda, Malheiro and Paiva 2018), in folds
# grouped by artist: replicated from these features, standard deviation of repetitions .005; see data/README.md.
PANDA_SVM_ACCURACY = 0.752
MOOD_ORDER = ("Q1", "Q4", "Q3", "Q2")  # the quadrants that the printed mood names mean, in printed order


@cache
def _results() -> dict:
    return json.loads((FACTS / "published_results.json").read_text(encoding="utf-8"))


def _task(task: str) -> dict:
    if task not in ("genre", "mood"):
        raise ValueError(f"the report has results for 'genre' and 'mood', not for {task!r}")
    return _results()[task]


def dataset(task: str) -> str:
    """Return the name of the report's dataset: GTZAN or 4Q."""
    return _task(task)["dataset"]


def networks() -> tuple[str, ...]:
    """Return the keys of the networks that the report has results for, in printed order."""
    return tuple(_results()["genre"]["accuracy"])


def classes(task: str) -> tuple[str, ...]:
    """Return the report's classes under this project's names, in printed order."""
    return MOOD_ORDER if task == "mood" else tuple(_task(task)["labels"])


def labels(task: str) -> tuple[str, ...]:
    """Return the report's class names as printed, in printed order."""
    results = _task(task)
    return tuple(results.get("labels_as_printed") or results["labels"])


def has_classes(task: str, names: Iterable[str]) -> bool:
    """Return whether these are the report's classes, so that its numbers can be compared with ours."""
    return task in ("genre", "mood") and set(names) == set(classes(task))


def accuracy(task: str) -> pd.DataFrame:
    """Return accuracies (0 to 1) by network: train, validation, test, printed_name (Annex 1 and 2)."""
    table = pd.DataFrame.from_dict(_task(task)["accuracy"], orient="index").rename_axis("network")
    return table[["train", "validation", "test", "printed_name"]]


def confusion(task: str, key: str) -> pd.DataFrame:
    """Return test clips by true (rows) and predicted (columns) class, labelled as printed (figures 13 to 26)."""
    names = labels(task)
    matrix = pd.DataFrame(_task(task)["confusion"][key]["matrix"], index=names, columns=names)
    return matrix.rename_axis(index="true", columns="predicted")


def figure_number(task: str, key: str) -> int:
    """Return the number of the report's figure with this confusion matrix."""
    return _task(task)["confusion"][key]["figure"]


def test_counts(task: str, key: str) -> tuple[int, int]:
    """Return how many test clips the network got right, and of how many."""
    entry = _task(task)["confusion"][key]
    return entry["correct"], entry["n"]


def annex(task: str) -> pd.DataFrame:
    """Return the table of Annex 1 (genre) or 2 (mood), laid out as printed."""
    table = accuracy(task).set_index("printed_name").T
    table.index = pd.Index(["Training", "Validation", "Test"], name="Accuracy")
    return table.rename_axis(columns=None).astype(float)


def case_studies() -> dict[str, dict]:
    """Return the case studies by slug: song, artist, genre counts of 100 snippets, mood shares, figure numbers."""
    return {slug: study for slug, study in _results()["case_studies"].items() if isinstance(study, dict)}


def case_study(slug: str) -> dict:
    """Return one of `case_studies()`; raises ValueError for an unknown slug."""
    if slug not in case_studies():
        raise ValueError(f"no case study {slug!r}; the report has {', '.join(case_studies())}")
    return case_studies()[slug]


def case_study_shares(slug: str, task: str) -> pd.Series:
    """Return a case study's shares (0 to 1) of snippets by this project's class names, in order of the classes."""
    study = case_study(slug)
    if task == "genre":
        shares, order = pd.Series(study["genre"]) / 100, classes(task)
    else:
        names = dict(zip(labels(task), MOOD_ORDER, strict=True))
        shares, order = pd.Series(study["mood_share"]).rename(names), tuple(sorted(MOOD_ORDER))
    return shares.reindex(order, fill_value=0.0)
