"""Read chords and rhythms written as strings, and fill a bar of a track with them. Explained in 01_data."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from mercore.composer.synth import Note, generator

SCALES = {  # semitones above the root
    "major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10), "harmonic": (0, 2, 3, 5, 7, 8, 11),
    "dorian": (0, 2, 3, 5, 7, 9, 10), "phrygian": (0, 1, 3, 5, 7, 8, 10), "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10), "locrian": (0, 1, 3, 5, 6, 8, 10), "pentatonic": (0, 2, 4, 7, 9),
    "minor_pentatonic": (0, 3, 5, 7, 10), "blues": (0, 3, 5, 6, 7, 10),
}  # fmt: skip
CHORDS = {  # semitones above the root, by what follows the roman numeral
    "": (0, 4, 7), "5": (0, 7), "6": (0, 4, 7, 9), "7": (0, 4, 7, 10), "maj7": (0, 4, 7, 11),
    "9": (0, 4, 7, 10, 14), "maj9": (0, 4, 7, 11, 14), "13": (0, 4, 10, 14, 21), "7b9": (0, 4, 7, 10, 13),
    "7#9": (0, 4, 7, 10, 15), "o": (0, 3, 6), "o7": (0, 3, 6, 9), "m7b5": (0, 3, 6, 10), "m": (0, 3, 7),
    "m6": (0, 3, 7, 9), "m7": (0, 3, 7, 10), "m9": (0, 3, 7, 10, 14),
}  # fmt: skip
NUMERALS = {"i": 0, "ii": 2, "iii": 4, "iv": 5, "v": 7, "vi": 9, "vii": 11}
DRUMS = {  # General-MIDI pitches
    "kick": 36, "rim": 37, "snare": 38, "clap": 39, "snare2": 40, "hat": 42, "floor_tom": 43, "pedal": 44,
    "low_tom": 45, "open": 46, "mid_tom": 47, "crash": 49, "high_tom": 50, "ride": 51, "china": 52, "bell": 53,
    "tambourine": 54, "cowbell": 56, "high_conga": 63, "shaker": 70,
}  # fmt: skip
STROKES = {"X": 118, "x": 96, "o": 66, "g": 42}  # velocity of accent, normal stroke, soft stroke, ghost note


def build_chord(numeral: str, key: int) -> list[int]:
    """Return the pitches of a chord in root position, by its roman numeral relative to the major scale on `key`.

    Upper case is major, lower case minor; `b` or `#` before it alters the root; what follows is a key of CHORDS:
    'I', 'ii7', 'V7', 'bVII', 'Imaj7', 'viio', 'iim7b5', 'i5' (a power chord).
    """
    letters = numeral.lstrip("b#")
    accidentals = numeral[: len(numeral) - len(letters)]
    kind = letters.lstrip("ivIV")
    roman = letters[: len(letters) - len(kind)]
    if roman.lower() not in NUMERALS or kind not in CHORDS:
        raise ValueError(f"'{numeral}' is no chord: a roman numeral, then one of {', '.join(CHORDS)}")
    if roman.islower() and "m" + kind in CHORDS:
        kind = "m" + kind
    root = key + NUMERALS[roman.lower()] + accidentals.count("#") - accidentals.count("b")
    return [root + interval for interval in CHORDS[kind]]


def build_progression(numerals: str, key: int) -> list[list[int]]:
    """Return the chords of 'I vi | IV V', one per bar, as pitches in root position; '|' is for the reader."""
    return [build_chord(numeral, key) for numeral in numerals.replace("|", " ").split()]


def near(pitch: int, centre: int) -> int:
    """Move a pitch by octaves to within six semitones of `centre`."""
    return centre + (pitch - centre + 6) % 12 - 6


def parse_steps(pattern: str, step: float = 0.25) -> list[tuple[float, int]]:
    """Return the strokes of 'x...X...o.g.' as (beat, velocity); '.' is a rest."""
    return [(i * step, STROKES[mark]) for i, mark in enumerate(pattern) if mark != "."]


def _with_ends(strokes: list[tuple[float, int]], beats: float) -> list[tuple[float, int, float]]:
    """Add to each stroke of a bar when the next one starts."""
    ends = [start for start, _ in strokes[1:]] + [float(beats)]
    return [(start, velocity, end) for (start, velocity), end in zip(strokes, ends, strict=True)]


def write_drums(kit: str, start: float = 0.0, step: float = 0.25) -> list[Note]:
    """Return the notes of drums written as 'kick x...x... snare ....x...', names from DRUMS."""
    words = kit.split()
    drums = dict(zip(words[::2], words[1::2], strict=True)).items()
    return [Note(start + at, step, DRUMS[drum], velocity)
            for drum, pattern in drums for at, velocity in parse_steps(pattern, step)]  # fmt: skip


def write_line(intervals: Sequence[int], root: int, pattern: str, step: float = 0.25, hold: float = 0.9) -> list[Note]:
    """Return intervals above `root`, one a stroke, each held for a share of the time to the next stroke."""
    strokes = enumerate(_with_ends(parse_steps(pattern, step), 4))
    return [Note(start, max((end - start) * hold, 0.1), root + intervals[i % len(intervals)], velocity)
            for i, (start, velocity, end) in strokes]  # fmt: skip


def strum(pitches: Iterable[int], start: float, duration: float, velocity: float = 90, spread: float = 0.0):
    """Return a chord's notes together, or one after the other by `spread` beats."""
    return [Note(start + i * spread, max(duration - i * spread, 0.05), p, velocity) for i, p in enumerate(pitches)]


def shift(notes: Iterable[Note], beats: float, semitones: int = 0) -> list[Note]:
    """Move notes later by `beats` and up by `semitones`."""
    return [Note(n.start + beats, n.duration, n.pitch + semitones, n.velocity) for n in notes]


def scale_velocity(notes: Iterable[Note], factor: float) -> list[Note]:
    """Multiply the velocities of notes."""
    return [Note(n.start, n.duration, n.pitch, n.velocity * factor) for n in notes]


def swing(notes: Iterable[Note], ratio: float, grid: float = 0.5) -> list[Note]:
    """Delay every second position of `grid` beats: `ratio` 1 is straight, 2 a triplet shuffle."""
    pair, middle = 2 * grid, 2 * grid * ratio / (1 + ratio)

    def warp(at: float) -> float:
        count, within = divmod(at + 1e-9, pair)
        if within <= grid:
            return count * pair + within * middle / grid
        return count * pair + middle + (within - grid) * (pair - middle) / grid

    return [replace(note, start=warp(note.start)) for note in notes]


@dataclass
class Song:
    """What stays the same for a whole track."""

    seed: int
    artist: str
    track: str
    key: int  # MIDI pitch of the tonic
    rng: np.random.Generator  # draws what changes from bar to bar
    minor: bool
    sings: bool = True  # whether there is a melody over arpeggios
    rest: int = 3  # decides in which bar of four a soloist rests
    habits: dict[str, int] = field(default_factory=dict)  # index of the pattern in use, by name
    place: int | None = None  # on the scale, where the last melody ended


@dataclass
class Bar:
    """One bar of a song: its number, its chord and the next one as pitches in root position, its length in beats."""

    song: Song
    index: int
    chord: list[int]
    next_chord: list[int]
    beats: int = 4

    @property
    def rng(self) -> np.random.Generator:
        """The generator of what changes from bar to bar."""
        return self.song.rng

    @property
    def ends_phrase(self) -> bool:
        """Whether this is the last bar of a phrase of four."""
        return self.index % 4 == 3

    def pick(self, patterns: Mapping[str, Sequence]) -> dict:
        """Return from each list of patterns one of the artist's two favourites, the same for the whole track.

        The earlier a pattern stands, the more artists favour it: most artists of a genre play alike.
        """
        return {name: options[self._habit(name, len(options)) % len(options)] for name, options in patterns.items()}

    def _habit(self, name: str, count: int) -> int:
        song = self.song
        if name not in song.habits:
            share = 0.4 ** np.arange(count)
            favourites = generator(song.seed, song.artist, name).choice(count, 2, p=share / share.sum())
            song.habits[name] = int(generator(song.seed, song.track, name).choice(favourites))
        return song.habits[name]

    def repeating(self, name: str, period: int) -> np.random.Generator:
        """Return a generator that draws the same again `period` bars later: for a loop, a hook, a riff."""
        return generator(self.song.seed, self.song.track, name, self.index % period)

    def root(self, centre: int) -> int:
        """Return the root of the chord near `centre`."""
        return near(self.chord[0], centre)

    def voicing(self, centre: int, tones: int | None = None) -> list[int]:
        """Return the chord, or its first tones, each in the octave nearest to `centre`, for smooth voice leading."""
        return sorted({near(pitch, centre) for pitch in self.chord[:tones]})

    def hold_chord(self, centre: int, velocity: float = 70) -> list[Note]:
        """Return the chord held for the bar."""
        return strum(self.voicing(centre), 0.0, self.beats, velocity)

    def strike_chord(self, pattern: str, centre: int, step=0.25, length=0.2, spread=0.0) -> list[Note]:
        """Return the chord struck wherever the pattern says."""
        pitches, strokes = self.voicing(centre), parse_steps(pattern, step)
        return [note for start, velocity in strokes for note in strum(pitches, start, length, velocity, spread)]

    def write_melody(
        self, rhythm: str, scale: str, centre: int, rng, step=0.25, hold=0.9, leap=0.15, chromatic=0.0, fresh=False
    ) -> list[Note]:
        """Return a melody that walks along a scale and meets the chord on most beats.

        It leaps with probability `leap`, plays the semitone below with probability `chromatic`, and starts at `centre`
        if `fresh`, else where the last one ended.
        """
        song = self.song
        ladder = [pitch for pitch in range(centre - 11, centre + 13) if (pitch - song.key) % 12 in SCALES[scale]]
        chord_tones = [i for i, pitch in enumerate(ladder) if pitch % 12 in {p % 12 for p in self.chord}]
        place = len(ladder) // 2 if fresh or song.place is None else song.place
        notes = []
        for start, velocity, end in _with_ends(parse_steps(rhythm, step), self.beats):
            moves = (-2, -1, -1, 0, 1, 1, 2) if rng.random() > leap else (-4, -3, 3, 4)
            place = int(np.clip(place + rng.choice(moves), 0, len(ladder) - 1))
            if abs(start - round(start)) < 0.01 and rng.random() < 0.8 and chord_tones:
                place = min(chord_tones, key=lambda i: abs(i - place))
            pitch = ladder[place] - (1 if rng.random() < chromatic else 0)
            notes.append(Note(start, max((end - start) * hold, 0.08), pitch, velocity))
        song.place = place
        return notes

    def add_fill(self, notes: list[Note], chance: float, step: float = 0.25) -> list[Note]:
        """Add a crash at the start of some phrases, and end some with a fill on snare and toms."""
        if self.index % 4 == 0 and self.rng.random() < 0.4:
            notes = [*notes, Note(0, 1, DRUMS["crash"], 92)]
        if not (self.ends_phrase and self.rng.random() < chance):
            return notes
        count = int(self.rng.integers(3, 8))
        pitches = [DRUMS[name] for name in ("snare", "high_tom", "mid_tom", "floor_tom")]
        fill = [Note(4 - (count - i) * step, step, pitches[drum], 92 + 3 * i)
                for i, drum in enumerate(np.sort(self.rng.integers(0, 4, count)))]  # fmt: skip
        return [note for note in notes if note.start < fill[0].start - 0.01] + fill
