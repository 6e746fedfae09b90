"""Trains a network of data/models on a whole corpus and writes its card.

    .venv/bin/python tests/benchmarks/make_models.py mood FOLDER_OF_4Q
    .venv/bin/python tests/benchmarks/make_models.py genre FOLDER_OF_4Q FOLDER_OF_GTZAN_MINI

The network is the one whose folds (data/records) did best on their validation sides; how good it is, the card takes
from the test sides of these folds, as the network that has heard everything can't be tested any more. Takes minutes.
"""

import sys

import pandas as pd
import real_genres

from mercore import corpora, evaluation, networks, training
from mercore.evaluation import published
from mercore.study import records, tables
from mercore.training import pretrained

MOOD_CARD = """# {name}: the mood of a clip of music

A network ({title}, profile `tuned`, {parameters:,} parameters) that gives each of Russell's four quadrants a
probability: Q1 happy or excited, Q2 angry or tense, Q3 sad, Q4 calm or relaxed. It hears 3 s of sound as a
log-mel-spectrogram.

## Trained on

All {tracks} tracks of 4Q (Panda, Malheiro and Paiva 2018), thirty-second excerpts of popular music with labels that
follow from AllMusic's mood tags, ten clips of each. Twelve epochs, seed {seed}, no track kept apart.

## How good it is

Five networks trained in the same way, each on seven tenths of the tracks, were tested on a fifth whose artists they
had never heard ({tested} tracks in all; intervals resample artists). Their recipe was chosen on other folds of the
same tracks.

| | accuracy | 95 % |
|---|---|---|
| a clip of 3 s | {clips:.3f} | {clips_low:.3f} to {clips_high:.3f} |
| a track, mean of ten clips | {whole:.3f} | {whole_low:.3f} to {whole_high:.3f} |

Recall of tracks by quadrant: {recalls}. Guessing gives .25; a support vector machine on the features of the
dataset's authors {machine}.

## For

Looking at songs in a workbook or in class: what such a network hears in them, where it changes its mind, where it
errs.

## Not for

- Any decision about people, or about what anybody feels: the labels are what editors wrote about recordings.
- Fine distinctions: its most frequent confusion is {confused}.
- Sound unlike 4Q's, such as speech or noise: it gives it a quadrant all the same.
- Music rendered by a program, such as the embedded corpus: it has never heard any.
"""


GENRE_CARD = """# {name}: the genre of a clip of music

A network ({title}, profile `tuned`, {parameters:,} parameters) that gives each of seven genres a probability:
{classes}. It hears 3 s of sound as a log-mel-spectrogram.

## Trained on

{tracks} recorded tracks, ten clips of each: those of 4Q (Panda, Malheiro and Paiva 2018) that AllMusic gives one genre
alone, and those of GTZAN-mini whose genre means the same (rock and pop are one class here, hiphop is Rap).
`tests/benchmarks/real_genres.py` puts them together. Twelve epochs, seed {seed}, no track kept apart.

## How good it is

Not very. Five networks trained in the same way, each on seven tenths of the tracks, were tested on a fifth whose
artists they had never heard ({tested} tracks in all; intervals resample artists). As the classes are uneven, recalls
are averaged over them; guessing gives .14.

| | balanced accuracy | 95 % |
|---|---|---|
| a clip of 3 s | {clips:.3f} | {clips_low:.3f} to {clips_high:.3f} |
| a track, mean of ten clips | {whole:.3f} | {whole_low:.3f} to {whole_high:.3f} |

Of the tracks {accuracy:.3f} are right, {most:.3f} are {largest}. By class, for tracks:

| class | recall | 95 % | precision | tested tracks | artists |
|---|---|---|---|---|---|
{rows}

A class whose interval is wider than .3 is as good as not measured.

## For

Looking at songs in a workbook or in class: what such a network hears in them, where it changes its mind, where it
errs.

## Not for

- Sorting a collection: see the table.
- Genres that it doesn't know, such as classical, metal, disco or electronic music: it calls them one of its seven all
  the same. GTZAN-mini has some of them, but by too few artists or from one source alone, so they were left out.
- Fine distinctions: its most frequent confusion is {confused}.
- Music rendered by a program, such as the embedded corpus: it has never heard any.
"""


def of_class(label: str, tracks: pd.DataFrame, precision: float) -> str:
    """A line of the table of classes."""
    own = tracks[tracks["label"] == label]
    recall, low, high = evaluation.accuracy_interval(own)
    artists = evaluation.artist_or_track(own).nunique()
    return f"| {label} | {recall:.2f} | {low:.2f} to {high:.2f} | {precision:.2f} | {len(own)} | {artists} |"


def make(name: str, corpus: corpora.Corpus, card: str) -> None:
    """Train on all of a corpus the network that did best in its folds, and keep it with its card."""
    several = records.load_all()
    folds = {key: of for key, of in tables.folds_of(several, corpus.name).items() if key in published.ORDER}
    best = tables.best_by_validation(folds)
    run = training.train(corpus, best, "tuned", "all")
    clips, tracks = tables.pooled_test(folds[best]), tables.fold_votes(several, corpus.name)[best]
    clip_values, track_values = (tables.score(folds[best][0]).interval(part) for part in (clips, tracks))
    scores, shares = evaluation.per_class(tracks, corpus.classes), tracks["label"].value_counts(normalize=True)
    counts = evaluation.confusion(tracks, corpus.classes).stack()
    wrong = counts[[true != predicted for true, predicted in counts.index]]
    text = card.format(
        name=name,
        title=networks.title(best),
        parameters=run.parameters,
        classes=", ".join(corpus.classes),
        tracks=run.corpus["tracks"],
        seed=run.config["seed"],
        tested=len(tracks),
        clips=clip_values[0],
        clips_low=clip_values[1],
        clips_high=clip_values[2],
        whole=track_values[0],
        whole_low=track_values[1],
        whole_high=track_values[2],
        accuracy=evaluation.accuracy(tracks),
        largest=shares.idxmax(),
        most=shares.max(),
        recalls=", ".join(f"{label} {value:.2f}" for label, value in scores["recall"].items()),
        rows="\n".join(of_class(label, tracks, scores.at[label, "precision"]) for label in corpus.classes),
        machine=published.PANDA_SVM_ACCURACY,
        confused="{} taken for {}, {} tracks".format(*wrong.idxmax(), wrong.max()),
    )
    print(pretrained.publish(run, name, text))


if __name__ == "__main__":
    if sys.argv[1:2] == ["mood"] and len(sys.argv) == 3:
        make("mood_4q", corpora.open_corpus(sys.argv[2], "mood"), MOOD_CARD)
    elif sys.argv[1:2] == ["genre"] and len(sys.argv) == 4:
        make("genre_real", corpora.open_corpus(real_genres.write(*sys.argv[2:]), "genre"), GENRE_CARD)
    else:
        sys.exit("name the task and the folders, as above")
