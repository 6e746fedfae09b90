"""The networks of data/models, trained on a whole corpus, with cards by the templates of data/cards.

The network is the one whose folds (data/records) did best on their validation sides; how good it is, the card takes
from the test sides of these folds, as a network that was trained on everything can't be tested any more.
"""

import pandas as pd

from mercore import FACTS, corpora, evaluation, training
from mercore.evaluation import published
from mercore.study import experiments, records, tables
from mercore.training import pretrained


def mood_model(four_quadrant: str) -> None:
    """Train data/models/mood_4q."""
    publish_best("mood_4q", corpora.open_corpus(four_quadrant, "mood"))


def genre_model(four_quadrant: str, gtzan_mini: str) -> None:
    """Train data/models/genre_real."""
    folder = experiments.real_genres(four_quadrant, gtzan_mini)
    publish_best("genre_real", corpora.open_corpus(folder, "genre"))


def publish_best(name: str, corpus: corpora.Corpus) -> None:
    """Train on all of a corpus the network that did best in its folds, and keep it with its card."""
    folds = tables.RecordIndex(records.load_all()).folds(corpus.name, baselines=False)
    best = folds[tables.best_by_validation(folds)]
    run = training.train(corpus, best[0].config["network"], "tuned", "all")
    template = (FACTS / "cards" / f"{name}.md").read_text(encoding="utf-8")
    about = {"name": name, "title": run.title, "parameters": run.parameters, "classes": ", ".join(corpus.classes),
             "tracks": run.corpus["tracks"], "seed": run.config["seed"]}  # fmt: skip
    print(pretrained.publish(run, name, template.format(**about, **card_values(best))))


def card_values(folds: list) -> dict:
    """Return what a card says about how good a network is, from the test sides of its folds."""
    clips, classes, interval = tables.pooled_test(folds), folds[0].classes, tables.score(folds[0]).interval
    tracks = tables.fold_votes({"network": folds})["network"]
    scores, counts = evaluation.per_class(tracks, classes), evaluation.confusion(tracks, classes).stack()
    wrong = counts[[true != predicted for true, predicted in counts.index]]
    shares = tracks["label"].value_counts(normalize=True)
    values = dict(zip(("clips", "clips_low", "clips_high"), interval(clips), strict=True))
    values |= dict(zip(("whole", "whole_low", "whole_high"), interval(tracks), strict=True))
    return values | {
        "tested": len(tracks),
        "accuracy": evaluation.accuracy(tracks),
        "largest": shares.idxmax(),
        "most": shares.max(),
        "recalls": ", ".join(f"{label} {value:.2f}" for label, value in scores["recall"].items()),
        "rows": "\n".join(_class_row(label, tracks, scores.at[label, "precision"]) for label in classes),
        "machine": published.PANDA_SVM_ACCURACY,
        "confused": "{} taken for {}, {} tracks".format(*wrong.idxmax(), wrong.max()),
    }


def _class_row(label: str, tracks: pd.DataFrame, precision: float) -> str:
    tested = tracks[tracks["label"] == label]
    recall, low, high = evaluation.accuracy_interval(tested)
    artists = evaluation.artist_or_track(tested).nunique()
    return f"| {label} | {recall:.2f} | {low:.2f} to {high:.2f} | {precision:.2f} | {len(tested)} | {artists} |"
