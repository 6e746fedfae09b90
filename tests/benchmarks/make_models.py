"""Trains the networks of data/models on whole corpora and writes their cards.

    .venv/bin/python tests/benchmarks/make_models.py FOLDER_OF_4Q

The network is the one whose folds (data/records) did best on their validation sides; how good it is, the card takes
from the test sides of these folds, as the network that has heard everything can't be tested any more. Takes minutes.
"""

import sys

from mercore import beyond, corpora, evaluation, models, networks, published, records, training

CARD = """# {name}: the mood of a clip of music

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


def main(folder: str) -> None:
    """The mood network."""
    corpus = corpora.open_corpus(folder, "mood")
    folds = {key: of for key, of in beyond.folds_of(records.load_all(), corpus.name).items() if key in published.ORDER}
    best = beyond.best_by_validation(folds)
    run = training.train(corpus, best, "tuned", "all")
    clips = beyond.pooled_test(folds[best])
    tracks = beyond.fold_votes(records.load_all(), corpus.name)[best]
    clip_values, track_values = (evaluation.accuracy_interval(part) for part in (clips, tracks))
    recalls = evaluation.per_class(tracks, corpus.classes)["recall"]
    counts = evaluation.confusion(tracks, corpus.classes).stack()
    wrong = counts[[true != predicted for true, predicted in counts.index]]
    text = CARD.format(
        name="mood_4q",
        title=networks.TITLES[best],
        parameters=run.parameters,
        tracks=run.corpus["tracks"],
        seed=run.config["seed"],
        tested=len(tracks),
        clips=clip_values[0],
        clips_low=clip_values[1],
        clips_high=clip_values[2],
        whole=track_values[0],
        whole_low=track_values[1],
        whole_high=track_values[2],
        recalls=", ".join(f"{name} {value:.2f}" for name, value in recalls.items()),
        machine=published.MOOD_MACHINE,
        confused="{} taken for {}, {} tracks".format(*wrong.idxmax(), wrong.max()),
    )
    print(models.keep(run, "mood_4q", text))


if __name__ == "__main__":
    main(sys.argv[1])
