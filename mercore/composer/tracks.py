"""What the tracks of both tasks have in common."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mercore.composer.synth import Mix


@dataclass(frozen=True)
class Track:
    """A track of the corpus: its id, class, artist and title."""

    track: str
    label: str
    artist: str
    title: str


def add_titles(tracks: Iterable[tuple[str, str, str]], first: str, last: str, rng) -> list[Track]:
    """Give each (id, label, artist) a title of two words."""
    titles = rng.permutation([f"{a} {b}" for a in first.split() for b in last.split()]).tolist()
    return [Track(*track, title) for track, title in zip(tracks, titles, strict=False)]


def draw_mix(rng: np.random.Generator, ranges: Mapping[str, Sequence[float]]) -> Mix:
    """Draw each setting of a mix: evenly between two values (a frequency evenly in octaves), or one of more."""
    drawn = {}
    for name, values in ranges.items():
        if len(values) > 2:
            drawn[name] = rng.choice(values)
        elif name.endswith("_hz"):
            drawn[name] = float(np.exp(rng.uniform(np.log(values[0]), np.log(values[1]))))
        else:
            drawn[name] = rng.uniform(values[0], values[1])
    return Mix(**drawn)
