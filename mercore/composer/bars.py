"""A bar of a song and the ways of filling it that several genres share: chords, lines, tunes, fills."""

from dataclasses import dataclass, field

import numpy as np

from mercore.composer.score import DRUMS, SCALES, Note, generator, steps, strum, voice


@dataclass
class Song:
    """What stays the same for a whole track: who plays, in which key, and what the voices remember."""

    seed: int
    artist: str
    track: str
    key: int
    rng: np.random.Generator
    habits: dict[str, int] = field(default_factory=dict)
    memory: dict[str, int] = field(default_factory=dict)


@dataclass
class Bar:
    """One bar of a song: its place, its chord and the next one (pitches from the root up)."""

    song: Song
    index: int
    harmony: list[int]
    following: list[int]
    beats: int = 4

    @property
    def rng(self) -> np.random.Generator:
        return self.song.rng

    @property
    def fill(self) -> bool:
        """Whether this is the last bar of a phrase of four."""
        return self.index % 4 == 3

    def pick(self, name: str, options):
        """One of the artist's two favourites among the options, the same for the whole track.

        The earlier an option stands, the more artists favour it: a genre has ways of playing that most share.
        """
        song = self.song
        if name not in song.habits:
            share = 0.4 ** np.arange(len(options))
            favourites = generator(song.seed, song.artist, name).choice(len(options), 2, p=share / share.sum())
            song.habits[name] = int(generator(song.seed, song.track, name).choice(favourites))
        return options[song.habits[name] % len(options)]

    def again(self, name: str, period: int) -> np.random.Generator:
        """A generator that draws the same in every bar `period` bars later: a loop, a hook, a riff."""
        return generator(self.song.seed, self.song.track, name, self.index % period)


def held(harmony, centre=60, beats=4.0, velocity=70, first=0.0) -> list[Note]:
    """A chord held for the bar."""
    return strum(voice(harmony, centre), first, beats - first, velocity)


def stabs(harmony, pattern, centre=62, step=0.25, length=0.2, spread=0.0) -> list[Note]:
    """A chord struck wherever the pattern says."""
    pitches = voice(harmony, centre)
    return [note for at, velocity in steps(pattern, step=step)
            for note in strum(pitches, at, length, velocity, spread)]  # fmt: skip


def line(degrees, root, pattern, step=0.25, hold=0.9) -> list[Note]:
    """Intervals above `root`, one a stroke, each held until the next stroke."""
    strokes = steps(pattern, step=step)
    ends = [at for at, _ in strokes[1:]] + [4.0]
    return [
        Note(at, max((end - at) * hold, 0.1), root + degrees[i % len(degrees)], velocity)
        for i, ((at, velocity), end) in enumerate(zip(strokes, ends, strict=True))
    ]


def melody(bar, rhythm, scale, centre, rng, step=0.25, hold=0.9, leap=0.15, chromatic=0.0, key=None, fresh=False):
    """A tune that walks along a scale, leaps now and then, and meets the chord on the beats."""
    key = bar.song.key if key is None else key
    ladder = [p for p in range(centre - 11, centre + 13) if (p - key) % 12 in SCALES[scale]]
    tones = {p % 12 for p in bar.harmony}
    place = len(ladder) // 2 if fresh else bar.song.memory.get("melody", len(ladder) // 2)
    notes = []
    strokes = steps(rhythm, step=step)
    ends = [at for at, _ in strokes[1:]] + [float(bar.beats)]
    for (at, velocity), end in zip(strokes, ends, strict=True):
        move = rng.choice((-2, -1, -1, 0, 1, 1, 2)) if rng.random() > leap else rng.choice((-4, -3, 3, 4))
        place = int(np.clip(place + move, 0, len(ladder) - 1))
        if abs(at - round(at)) < 0.01 and rng.random() < 0.8:
            near_tones = [i for i in range(len(ladder)) if ladder[i] % 12 in tones]
            place = min(near_tones, key=lambda i: abs(i - place)) if near_tones else place
        pitch = ladder[place] - (1 if rng.random() < chromatic else 0)
        notes.append(Note(at, max((end - at) * hold, 0.08), pitch, velocity))
    bar.song.memory["melody"] = place
    return notes


def tom_fill(bar, step=0.25) -> list[Note]:
    """The last beats of a phrase on snare and toms."""
    count = int(bar.rng.integers(3, 8))
    drums = np.sort(bar.rng.integers(0, 4, count))
    names = ("snare", "high_tom", "mid_tom", "floor_tom")
    return [Note(4 - (count - i) * step, step, DRUMS[names[d]], 92 + 3 * i) for i, d in enumerate(drums)]


def with_fill(bar, notes, chance=0.5, step=0.25) -> list[Note]:
    """The drummer's bar, at the end of a phrase perhaps with a fill in place of its last beat or two."""
    if bar.index % 4 == 0 and bar.rng.random() < 0.4:
        notes = [*notes, Note(0, 1, DRUMS["crash"], 92)]
    if not (bar.fill and bar.rng.random() < chance):
        return notes
    fill = tom_fill(bar, step)
    return [note for note in notes if note.start < fill[0].start - 0.01] + fill
