"""One corpus of recorded genres from two: 4Q's tracks with a single tag, and GTZAN-mini's of the same genres.

    .venv/bin/python tests/benchmarks/real_genres.py FOLDER_OF_4Q FOLDER_OF_GTZAN_MINI

Writes data/real_genres/tracks.csv, which names the files where they lie; `corpora.open_corpus` opens that folder.
Classical, disco and metal are left out: only GTZAN-mini has them, so that how its files sound would give them away,
and classical is by one artist.
"""

import sys
from pathlib import Path

import pandas as pd

from mercore import corpora, data_dir

SAME = {"blues": "Blues", "country": "Country", "hiphop": "Rap", "jazz": "Jazz", "pop": "Pop & Rock",
        "reggae": "Reggae", "rock": "Pop & Rock", "Pop/Rock": "Pop & Rock"}  # fmt: skip
NAME = "real_genres"


def write(four_quadrant: str, gtzan: str) -> Path:
    """The folder of the table."""
    tags, mini = corpora.open_corpus(four_quadrant, "genre").usable, corpora.open_corpus(gtzan).usable
    table = pd.concat([tags, mini[mini["label"].isin(list(SAME))]])[["path", "label", "artist", "title"]]
    table["label"] = table["label"].replace(SAME)
    target = data_dir() / NAME
    target.mkdir(parents=True, exist_ok=True)
    table.to_csv(target / "tracks.csv", index=False, lineterminator="\n")
    return target


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("name the folders of 4Q and GTZAN-mini")
    print(corpora.summarise(corpora.open_corpus(write(*sys.argv[1:]), "genre")))
