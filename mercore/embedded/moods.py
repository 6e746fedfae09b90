"""The four moods of the embedded corpus: 160 tracks of 30 s by 52 fictitious artists. Explained in 01_data.

Each artist is a point on Russell's plane (Russell 1980), valence to the right and arousal upwards, and has an
ensemble, a sound and habits of its own. The quadrant of the point is the label of all its tracks; how far it is
from the axes decides how often its music uses the means of the neighbouring quadrant (`mood_patterns`). The same
eight ensembles, the same instruments and the same range of mixes serve all four quadrants, and every artist's
level is set at random, so that neither average timbre nor loudness gives the mood away.
"""

from dataclasses import dataclass

import numpy as np

from mercore.embedded import mood_patterns as patterns
from mercore.embedded.mood_patterns import BAR, draw_corner, pick
from mercore.embedded.score import SCALES, Mix, Part, TrackSpec, beat, louder, render, swing

TRACKS_PER_QUADRANT = 40
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
    "keys": Ensemble((0, 1, 4, 11), (0, 1, 4, 5), (0, 1, 4)),
    "strings": Ensemble((40, 41, 42, 48), (48, 49, 45), (42, 43), (48, 49)),
    "folk": Ensemble((73, 74, 21, 22, 110), (24, 25, 46), (32, 24), (), True),
    "band": Ensemble((26, 29, 30, 18), (27, 28, 29, 30), (33, 34), (16, 18), True),
    "synth": Ensemble((80, 81, 87, 85), (62, 63, 81, 90), (38, 39), (88, 89, 91, 94), True),
    "combo": Ensemble((65, 66, 56, 11), (0, 4, 26), (32, 35), (), True),
    "winds": Ensemble((68, 71, 73, 60), (61, 60, 69, 71), (70, 58), (60,)),
    "choir": Ensemble((52, 53, 85), (19, 20, 6), (19, 43), (52, 53)),
}


@dataclass(frozen=True)
class Artist:
    """A fictitious artist: a point on the plane (-1 to 1 each), instruments, habits, mix."""

    name: str
    valence: float
    arousal: float
    ensemble: str
    lead: int  # General-MIDI programs, counted from 0
    chords: int
    bass: int
    pad: int | None
    tempo: float  # quarter notes a minute more than the arousal alone would give
    touch: float  # velocity more than the arousal alone would give
    register: int  # semitones
    swing: float  # delay of every second eighth, in beats
    favourites: dict  # pool -> the numbers of the patterns that the artist uses
    mix: Mix


def artists(seed: int = 0) -> dict[str, list[Artist]]:
    """The artists of each quadrant. The seed draws their points, ensembles, instruments and habits."""
    result = {}
    for q, (label, (v, a)) in enumerate(SIGNS.items()):
        rng = np.random.default_rng([seed, q])
        names, count = NAMES[label], len(NAMES[label])
        valence = v * rng.permutation(np.linspace(0.2, 0.9, count))
        arousal = a * rng.permutation(np.linspace(0.2, 0.9, count))
        kinds = list(np.roll(list(ENSEMBLES), 2 * q)) * 2
        result[label] = [
            _draw_artist(name, valence[i], arousal[i], str(kinds[i]), rng) for i, name in enumerate(names)
        ]
    return result


def _draw_artist(name, valence, arousal, kind, rng) -> Artist:
    """Nothing here but the point depends on the quadrant."""
    ensemble = ENSEMBLES[kind]
    chords = pick(ensemble.chords, rng)
    return Artist(
        name,
        float(valence),
        float(arousal),
        kind,
        lead=pick(ensemble.lead, rng),
        chords=chords,
        bass=chords if kind == "keys" else pick(ensemble.bass, rng),
        pad=pick(ensemble.pad, rng) if ensemble.pad and rng.random() < 0.7 else None,
        tempo=rng.uniform(-12, 12),
        touch=rng.uniform(-10, 10),
        register=int(rng.integers(-6, 7)),
        swing=0.16 if rng.random() < 0.5 + 0.4 * valence else 0.0,
        favourites={
            corner: {
                "progression": _choose(patterns.PROGRESSIONS[corner], 3, rng),
                "figure": _choose(patterns.FIGURES[corner], 3, rng),
                "bass": _choose(patterns.BASSES[corner], 2, rng),
                "rhythm": _choose(patterns.RHYTHMS[corner], 2, rng),
                "kit": _choose(patterns.KITS[corner], 2, rng),
            }
            for corner in SIGNS
        },
        mix=_draw_mix(rng),
    )


def _choose(pool, count, rng):
    return tuple(pool[i] for i in rng.permutation(len(pool))[:count])


def _draw_mix(rng) -> Mix:
    """Any artist's sound may be dark or bright, dry or roomy, soft or loud."""
    return Mix(
        level_db=rng.uniform(-26, -14),
        low_shelf_db=rng.uniform(-8, 8),
        high_shelf_db=rng.uniform(-10, 8),
        room=rng.uniform(0.05, 0.4),
        room_seconds=rng.uniform(0.4, 2.0),
        noise_db=rng.uniform(-75, -50),
    )


def tracks(seed: int = 0) -> list[TrackSpec]:
    """The 160 tracks: three an artist, a fourth by the first of each quadrant."""
    titles = [f"{first} {last}" for first in TITLE_FIRST for last in TITLE_LAST]
    titles = [titles[i] for i in np.random.default_rng([seed, 4]).permutation(len(titles))]
    by = [(label, name) for label, names in NAMES.items() for name in sorted([*names * 3, names[0]])]
    return [
        TrackSpec(f"MT{i + 1:010}", label, name, titles[i % len(titles)]) for i, (label, name) in enumerate(by)
    ]


def compose(spec: TrackSpec, seed: int = 0, seconds: float = 30.0) -> np.ndarray:
    """The track as float32 mono samples (n,) at 22,050 Hz; the same for the same seed."""
    artist = next(a for a in artists(seed)[spec.label] if a.name == spec.artist)
    rng = np.random.default_rng([seed, 5, int(spec.track[2:])])
    tempo = (98 + 46 * artist.arousal + artist.tempo) * rng.uniform(0.94, 1.06)
    bars = int(np.ceil(seconds * tempo / 60 / BAR))
    key = int(rng.integers(12))
    voices: dict[str, list] = {"lead": [], "chords": [], "bass": [], "pad": [], "kit": []}
    start = 0
    for length, share, playing in plan_form(bars, seconds / bars, rng):
        point = np.clip(share * np.array([artist.valence, artist.arousal]) + rng.normal(0, 0.06, 2), -1, 1)
        written = write_passage(artist, *point, start, min(length, bars - start), key, rng)
        for voice, notes in written.items():
            if voice in playing:
                voices[voice] += notes
        start += length
    return render(_to_parts(artist, voices), tempo, seconds, artist.mix, rng)


def _to_parts(artist: Artist, voices: dict[str, list]) -> list[Part]:
    """The voices with the artist's instruments and swing."""
    swung = {voice: swing(notes, 1 + artist.swing * 6) for voice, notes in voices.items()}
    return [
        Part(artist.lead, swung["lead"], volume=0.9),
        Part(artist.chords, swung["chords"], volume=0.55),
        Part(artist.bass, swung["bass"], volume=0.9),
        *([Part(artist.pad, swung["pad"], volume=0.3)] if artist.pad is not None else []),
        *([Part(0, swung["kit"], drums=True, volume=0.8)] if ENSEMBLES[artist.ensemble].kit else []),
    ]


def plan_form(bars: int, bar_seconds: float, rng) -> list[tuple[int, float, str]]:
    """Passages as (bars, share of the artist's valence and arousal, voices that play).

    Most tracks open with some seconds that could belong to any mood, and many thin out once more later.
    """
    everyone = "lead chords bass pad kit"
    thin = ("chords", "pad bass", "lead", "chords bass", "bass kit", "pad chords")
    four_seconds = max(1, round(4 / bar_seconds))
    form = []
    if rng.random() < 0.7:
        form.append((four_seconds, 0.3, pick(thin, rng)))
    pause = rng.random() < 0.4
    while sum(length for length, *_ in form) < bars:
        form.append((2 * four_seconds, 1.0, everyone if rng.random() < 0.8 else "chords bass kit pad"))
        if pause and len(form) == 2:
            form.append((four_seconds, 0.4, pick(thin, rng)))
    return form


def write_passage(artist, valence, arousal, start, bars, key, rng) -> dict[str, list]:
    """Notes of every voice for `bars` bars from bar `start`, at one point of the plane."""

    def favourite(kind):
        corner = draw_corner(valence, arousal, rng)
        return corner, pick(artist.favourites[corner][kind], rng)

    _, (mode, degrees) = favourite("progression")
    figure_corner, figure = favourite("figure")
    bass_corner, bass = favourite("bass")
    melody_corner, rhythm = favourite("rhythm")
    _, kit = favourite("kit")
    level = 72 + 18 * arousal + artist.touch
    floor = 52 + artist.register // 2
    voices: dict[str, list] = {"lead": [], "chords": [], "bass": [], "pad": [], "kit": []}
    for bar in range(start, start + bars):
        time, degree = bar * BAR, degrees[bar % len(degrees)]
        chord = patterns.build_chord(mode, degree, key, floor)
        scale = SCALES[mode]
        root = 36 + (key + scale[degree]) % 12
        third = (scale[(degree + 2) % 7] - scale[degree]) % 12
        voices["chords"] += patterns.write_figure(
            figure, chord, time, level - 6, patterns.ARTICULATION[figure_corner], rng
        )
        voices["bass"] += patterns.write_bass(
            bass, root, third, time, level, patterns.ARTICULATION[bass_corner]
        )
        voices["lead"] += patterns.write_melody(
            melody_corner, rhythm, mode, chord, key, 70 + artist.register, time, level + 6, rng
        )
        voices["pad"] += patterns.write_figure("C...............", chord, time, level - 14, 1.0, rng)
        voices["kit"] += louder(beat(kit, time), level / 96)
    return voices
