"""Labelled collections of tracks: GTZAN, 4Q, the composed corpus, one's own folder; their clips and splits.

Explained in 01_data."""

from mercore.corpora.corpus import (
    Corpus,
    count_classes,
    embedded,
    folder,
    four_quadrant,
    genre_tags,
    gtzan,
    open_corpus,
    report,
    subset,
)
from mercore.corpora.labels import MOOD_NAMES, class_label
from mercore.corpora.layouts import (
    GENRES,
)

__all__ = [
    "GENRES",
    "MOOD_NAMES",
    "Corpus",
    "class_label",
    "count_classes",
    "embedded",
    "folder",
    "four_quadrant",
    "genre_tags",
    "gtzan",
    "open_corpus",
    "report",
    "subset",
]
