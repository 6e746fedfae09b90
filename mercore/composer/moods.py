"""The four moods of the embedded corpus: 160 tracks of 30 s by 52 fictitious artists. Explained in 01_data.

Each artist is a point on Russell's plane (Russell 1980), valence to the right and arousal upwards, and has an
ensemble, a sound and habits of its own. The quadrant of the point is the label of all its tracks; how far it is
from the axes decides how often its music uses the means of the neighbouring quadrant (`mood_patterns`). The same
five ensembles, the same instruments and the same range of mixes serve all four quadrants, and every artist's
level is set at random, so that neither average timbre nor loudness gives the mood away.
"""

from dataclasses import dataclass

import numpy as np

from mercore.composer import mood_patterns as patterns
from mercore.composer.mood_patterns import BAR, draw_corner, pick
from mercore.composer.score import Mix, Part, TrackSpec, louder, render, shift, swing

VOLUMES = {"lead": 0.9, "chords": 0.55, "bass": 0.9, "pad": 0.3, "drums": 0.8}
VOICES = tuple(VOLUMES)
HABITS = {"progression": 3, "figure": 3, "bass": 2, "rhythm": 2, "kit": 2}  # patterns that an artist uses
SIGNS = {"Q1": (1, 1), "Q2": (-1, 1), "Q3": (-1, -1), "Q4": (1, -1)}  # of valence and arousal

NAMES = {
    "Q1": (
        "Marigold Parade", "The Tin Kites", "Lulu Okafor", "Piccolo Union", "Sunday Bicycle", "Teodor Blix",
        "The Lemon Street Band", "Amaro & Joy", "Hopscotch Radio", "Nine Balloons", "Vera Quickstep",
        "The Orchard Club", "Bruno Saltarello",
    ),
    "Q2": (
        "Iron Ferry", "The Glass Quarrel", "Nadja Storm", "Black Orchard", "Voltage Saints", "Ulrik Dorn",
        "Hornets of Basel", "Red Siren", "The Broken Metronome", "Kolja Wrath", "Saw & Anvil",
        "Night Furnace", "Ada Krull",
    ),
    "Q3": (
        "Grey Harbour", "Elin Vass", "The Last Tram", "Winter Letters", "Paula Mirande", "Hollow Pine",
        "Three Empty Chairs", "Osip Leaving", "November Choir", "The Unsent", "Salt & Ash",
        "Marta Low", "A Room in Lviv",
    ),
    "Q4": (
        "Still Water Trio", "Hana Amori", "The Slow Meadow", "Pale Lantern", "Jonas Lind", "Hammock Season",
        "Feather & Oak", "Evening Ferry", "Ines Calma", "The Open Window", "Moss Garden",
        "Blue Hour Ensemble", "Tove Haven",
    ),
}  # fmt: skip
TITLE_FIRST = ("Paper", "Second", "Distant", "Silver", "Wooden", "Little", "Northern", "Open", "Green", "Old")
TITLE_LAST = (
    "Station", "River", "Letter", "Window", "Season", "Machine", "Garden", "Mirror", "Street", "Signal",
    "Bridge", "Island", "Carnival", "Weather", "Lamp", "Stairs",
)  # fmt: skip


@dataclass(frozen=True)
class Ensemble:
    """General-MIDI programs that an artist may choose from for each voice; no kit: no drums."""

    lead: tuple[int, ...]
    chords: tuple[int, ...]
    bass: tuple[int, ...]
    pad: tuple[int, ...] = ()
    kit: bool = False


ENSEMBLES = {
    "keys": Ensemble((0, 1, 4), (0, 1, 4), (0, 1, 32)),
    "chamber": Ensemble((40, 71, 73, 68), (48, 49, 61), (42, 43, 70), (48, 60)),
    "folk": Ensemble((73, 21, 74), (24, 25), (32,), (21,), True),
    "band": Ensemble((26, 29, 18), (25, 27, 29), (33, 34), (16, 18), True),
    "synth": Ensemble((80, 81, 87), (62, 81, 90), (38, 39), (88, 89), True),
}


@dataclass(frozen=True)
class Artist:
    """A fictitious artist: a point on the plane (-1 to 1 each), instruments, habits, mix."""

    name: str
    valence: float
    arousal: float
    ensemble: str
    instruments: dict[str, tuple[int, ...]]  # voice -> one or two General-MIDI programs, counted from 0
    tempo: float  # quarter notes a minute more than the arousal alone would give
    touch: float  # velocity more than the arousal alone would give
    register: int  # semitones
    swing: float  # how much longer the first of two eighths is: 1 not at all, 2 twice
    favourites: dict  # pool -> the numbers of the patterns that the artist uses
    mix: Mix


def artists(seed: int = 0) -> dict[str, list[Artist]]:
    """The artists of each quadrant. The seed draws their points, ensembles, instruments and habits."""
    result = {}
    for q, (label, (v, a)) in enumerate(SIGNS.items()):
        rng = np.random.default_rng([seed, q])
        names, count = NAMES[label], len(NAMES[label])
        valence = v * rng.permutation(np.linspace(0.4, 0.95, count))
        arousal = a * rng.permutation(np.linspace(0.4, 0.95, count))
        kinds = list(np.roll(list(ENSEMBLES), 2 * q)) * 3
        result[label] = [
            _draw_artist(name, valence[i], arousal[i], str(kinds[i]), rng) for i, name in enumerate(names)
        ]
    return result


def _draw_artist(name, valence, arousal, kind, rng) -> Artist:
    """Of what isn't played, only the point depends on the quadrant: instruments and mix are anyone's."""
    ensemble = ENSEMBLES[kind]
    return Artist(
        name,
        float(valence),
        float(arousal),
        kind,
        instruments={voice: _choose(getattr(ensemble, voice), 2, rng) for voice in VOICES[:4]},
        tempo=rng.uniform(-10, 10),
        touch=rng.uniform(-10, 10),
        register=int(rng.integers(-3, 4)),
        swing=1.8 if rng.random() < 0.5 + 0.4 * valence else 1.0,
        favourites={
            corner: {pool: _choose(patterns.patterns_of(corner, pool), count, rng) for pool, count in HABITS.items()}
            for corner in SIGNS
        },
        mix=_draw_mix(rng),
    )


def _choose(pool, count, rng):
    return tuple(pool[i] for i in rng.permutation(len(pool))[:count])


def _draw_mix(rng) -> Mix:
    """Any artist's sound may be dark or bright, dry or roomy, soft or loud."""
    return Mix(
        level_db=rng.uniform(-23, -17),
        low_shelf_db=rng.uniform(-5, 5),
        high_shelf_db=rng.uniform(-6, 5),
        room=rng.uniform(0.05, 0.25),
        room_seconds=rng.uniform(0.4, 1.4),
        noise_db=rng.uniform(-80, -65),
    )


def tracks(seed: int = 0) -> list[TrackSpec]:
    """The 160 tracks: three an artist, a fourth by the first of each quadrant."""
    titles = [f"{first} {last}" for first in TITLE_FIRST for last in TITLE_LAST]
    titles = [titles[i] for i in np.random.default_rng([seed, 4]).permutation(len(titles))]
    by = [(label, name) for label, names in NAMES.items() for name in sorted([*names * 3, names[0]])]
    return [TrackSpec(f"MT{i + 1:010}", label, name, titles[i % len(titles)]) for i, (label, name) in enumerate(by)]


def compose(spec: TrackSpec, seed: int = 0, seconds: float = 30.0) -> np.ndarray:
    """The track as float32 mono samples (n,) at 22,050 Hz; the same for the same seed."""
    artist = next(a for a in artists(seed)[spec.label] if a.name == spec.artist)
    rng = np.random.default_rng([seed, 5, int(spec.track[2:])])
    tempo = (98 + 44 * artist.arousal + 8 * np.sign(artist.arousal) + artist.tempo) * rng.uniform(0.94, 1.06)
    bars = int(np.ceil(seconds * tempo / 60 / BAR))
    key = int(rng.integers(12))
    voices: dict[str, list] = {voice: [] for voice in VOICES}
    start = 0
    for length, share, playing in plan_form(bars, seconds / bars, rng):
        point = np.clip(share * np.array([artist.valence, artist.arousal]) + rng.normal(0, 0.06, 2), -1, 1)
        written = write_passage(artist, *point, start, min(length, bars - start), key, rng)
        for voice, notes in written.items():
            if voice in playing:
                voices[voice] += notes
        start += length
    return render(_to_parts(artist, voices, rng), tempo, seconds, artist.mix, rng)


def _to_parts(artist: Artist, voices: dict[str, list], rng) -> list[Part]:
    """The voices with the artist's swing, each with one of the artist's instruments for it."""
    parts = []
    for voice, options in artist.instruments.items():
        if options and (voice != "pad" or rng.random() < 0.6):
            parts.append(Part(pick(options, rng), swing(voices[voice], artist.swing), volume=VOLUMES[voice]))
    if ENSEMBLES[artist.ensemble].kit:
        kit = swing(voices["drums"], artist.swing)
        parts.append(Part(0, kit, drums=True, volume=VOLUMES["drums"]))
    return parts


def plan_form(bars: int, bar_seconds: float, rng) -> list[tuple[int, float, str]]:
    """Passages as (bars, share of the artist's valence and arousal, voices that play).

    Most tracks open with some seconds that could belong to any mood, and many thin out once more later.
    """
    everyone = "lead chords bass pad drums"
    thin = ("chords", "pad bass", "lead", "chords bass", "bass drums", "pad chords")
    four_seconds = max(1, round(4 / bar_seconds))
    form = []
    if rng.random() < 0.45:
        form.append((four_seconds, 0.3, pick(thin, rng)))
    pause = rng.random() < 0.3
    while sum(length for length, *_ in form) < bars:
        form.append((2 * four_seconds, 1.0, everyone if rng.random() < 0.8 else "chords bass drums pad"))
        if pause and len(form) == 2:
            form.append((four_seconds, 0.4, pick(thin, rng)))
    return form


def write_passage(artist, valence, arousal, start, bars, key, rng) -> dict[str, list]:
    """Notes of every voice for `bars` bars from bar `start`, at one point of the plane."""

    def favourite(pool):
        corner = draw_corner(valence, arousal, rng)
        return corner, pick(artist.favourites[corner][pool], rng)

    _, (mode, degrees) = favourite("progression")
    drawn = {pool: favourite(pool) for pool in patterns.POOLS}
    level = (72 + 18 * arousal + artist.touch) / 86
    voices: dict[str, list] = {voice: [] for voice in VOICES}
    for bar in range(start, start + bars):
        harmony = patterns.build_chord(mode, degrees[bar % len(degrees)], key)
        written = patterns.write_bar(drawn, mode, harmony, key, artist.register, rng)
        for voice, notes in written.items():
            voices[voice] += louder(shift(notes, bar * BAR), level)
    return voices
