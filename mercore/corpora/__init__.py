"""Labelled collections of tracks: GTZAN, 4Q, the composed corpus, one's own folder.

One file a dataset; checks of the audio, clips and splits are beside them. Explained in 01_data.
"""

from mercore.corpora.corpus import Corpus, open_corpus, subset
from mercore.corpora.gtzan import GENRES
from mercore.corpora.labels import MOOD_NAMES, class_label
from mercore.corpora.summary import count_classes, summarise

__all__ = [
    "GENRES",
    "MOOD_NAMES",
    "Corpus",
    "class_label",
    "count_classes",
    "open_corpus",
    "subset",
    "summarise",
]
