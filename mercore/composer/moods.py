"""Compose the four moods: 160 tracks of 30 s by 52 fictitious artists. Explained in 01_data.

Each artist is a point on Russell's plane (Russell 1980), valence to the right and arousal upwards. The quadrant of the
point is the label of all its tracks; how far it is from the axes decides how often its music uses the patterns of the
neighbouring quadrant (`mood_patterns`). All quadrants share the same ensembles, instruments and mixes, so that neither
average timbre nor loudness gives the mood away.
"""

from collections.abc import Iterator

import numpy as np

from mercore.composer.mood_patterns import POOLS, QUADRANTS, build_triad, draw_quadrant, pick, write_bar
from mercore.composer.patterns import scale_velocity, shift, swing
from mercore.composer.synth import Note, Part, Piece
from mercore.composer.tracks import Track, add_titles, draw_mix

BEATS = 4  # per bar
VOLUMES = {"lead": 0.9, "chords": 0.55, "bass": 0.9, "pad": 0.3, "drums": 0.8}
HABITS = {"progression": 3, "figure": 3, "bass": 2, "rhythm": 2, "kit": 2}  # patterns that an artist uses
SIGNS = {"Q1": (1, 1), "Q2": (-1, 1), "Q3": (-1, -1), "Q4": (1, -1)}  # of valence and arousal
MIX = {
    "level_db": (-23, -17), "low_shelf_db": (-5, 5), "high_shelf_db": (-6, 5), "room": (0.05, 0.25),
    "room_seconds": (0.4, 1.4), "noise_db": (-80, -65),
}  # fmt: skip
ENSEMBLES = {  # General-MIDI programs to choose from for each voice
    "keys": {"lead": (0, 1, 4), "chords": (0, 1, 4), "bass": (0, 1, 32), "pad": ()},
    "chamber": {"lead": (40, 71, 73, 68), "chords": (48, 49, 61), "bass": (42, 43, 70), "pad": (48, 60)},
    "folk": {"lead": (73, 21, 74), "chords": (24, 25), "bass": (32,), "pad": (21,)},
    "band": {"lead": (26, 29, 18), "chords": (25, 27, 29), "bass": (33, 34), "pad": (16, 18)},
    "synth": {"lead": (80, 81, 87), "chords": (62, 81, 90), "bass": (38, 39), "pad": (88, 89)},
}
WITH_DRUMS = ("folk", "band", "synth")
ARTISTS = {
    "Q1": "Marigold Parade, The Tin Kites, Lulu Okafor, Piccolo Union, Sunday Bicycle, Teodor Blix, "
    "The Lemon Street Band, Amaro & Joy, Hopscotch Radio, Nine Balloons, Vera Quickstep, The Orchard Club, "
    "Bruno Saltarello",
    "Q2": "Iron Ferry, The Glass Quarrel, Nadja Storm, Black Orchard, Voltage Saints, Ulrik Dorn, Hornets of Basel, "
    "Red Siren, The Broken Metronome, Kolja Wrath, Saw & Anvil, Night Furnace, Ada Krull",
    "Q3": "Grey Harbour, Elin Vass, The Last Tram, Winter Letters, Paula Mirande, Hollow Pine, Three Empty Chairs, "
    "Osip Leaving, November Choir, The Unsent, Salt & Ash, Marta Low, A Room in Lviv",
    "Q4": "Still Water Trio, Hana Amori, The Slow Meadow, Pale Lantern, Jonas Lind, Hammock Season, Feather & Oak, "
    "Evening Ferry, Ines Calma, The Open Window, Moss Garden, Blue Hour Ensemble, Tove Haven",
}


class Artist:
    """A fictitious artist at a point of the plane (-1 to 1 each); instruments and mix don't depend on the point."""

    def __init__(self, name: str, valence: float, arousal: float, ensemble: str, rng: np.random.Generator) -> None:
        def choose(pool, count):
            return [pool[i] for i in rng.permutation(len(pool))[:count]]

        self.name, self.valence, self.arousal, self.ensemble = name, valence, arousal, ensemble
        self.programs = {voice: choose(pool, 2) for voice, pool in ENSEMBLES[ensemble].items()}
        self.tempo = rng.uniform(-10, 10)  # beats per minute more than the arousal alone would give
        self.touch = rng.uniform(-10, 10)  # velocity more than the arousal alone would give
        self.register = int(rng.integers(-3, 4))  # semitones
        self.swing = 1.8 if rng.random() < 0.5 + 0.4 * valence else 1.0
        self.favourites = {
            label: {pool: choose(getattr(quadrant, pool), count) for pool, count in HABITS.items()}
            for label, quadrant in QUADRANTS.items()
        }
        self.mix = draw_mix(rng, MIX)


def draw_artists(seed: int = 0) -> dict[str, list[Artist]]:
    """Draw the artists of each quadrant: their points, ensembles, instruments and habits."""
    artists = {}
    for q, (label, (v, a)) in enumerate(SIGNS.items()):
        rng = np.random.default_rng([seed, q])
        names = ARTISTS[label].split(", ")
        valence = v * rng.permutation(np.linspace(0.4, 0.95, len(names)))
        arousal = a * rng.permutation(np.linspace(0.4, 0.95, len(names)))
        ensembles = np.roll(list(ENSEMBLES), 2 * q).tolist() * 3
        points = zip(names, valence.tolist(), arousal.tolist(), ensembles, strict=False)
        artists[label] = [Artist(*point, rng) for point in points]
    return artists


def list_tracks(seed: int = 0) -> list[Track]:
    """List the 160 tracks: three by each artist, a fourth by the first of each quadrant."""
    artists = {label: names.split(", ") for label, names in ARTISTS.items()}
    by = [(label, name) for label, names in artists.items() for name in sorted([*names * 3, names[0]])]
    return add_titles(
        [(f"MT{i:010}", label, name) for i, (label, name) in enumerate(by, 1)],
        "Paper Second Distant Silver Wooden Little Northern Open Green Old",
        "Station River Letter Window Season Machine Garden Mirror Street Signal Bridge Island Carnival Weather Lamp "
        "Stairs",
        np.random.default_rng([seed, 4]),
    )


def write_track(track: Track, seed: int, seconds: float) -> Piece:
    """Write a track; it depends on nothing but the seed."""
    artist = next(a for a in draw_artists(seed)[track.label] if a.name == track.artist)
    rng = np.random.default_rng([seed, 5, int(track.track[2:])])
    tempo = (98 + 44 * artist.arousal + 8 * np.sign(artist.arousal) + artist.tempo) * rng.uniform(0.94, 1.06)
    bars = int(np.ceil(seconds * tempo / 60 / BEATS))
    key = int(rng.integers(12))
    voices: dict[str, list[Note]] = {voice: [] for voice in VOLUMES}
    start = 0
    for length, share, playing in plan_form(bars, seconds / bars, rng):
        point = np.clip(share * np.array([artist.valence, artist.arousal]) + rng.normal(0, 0.06, 2), -1, 1)
        valence, arousal = point.tolist()
        length = min(length, bars - start)
        for voice, notes in write_passage(artist, valence, arousal, start, length, key, rng).items():
            voices[voice] += notes if voice in playing else []
        start += length
    return list(_to_parts(artist, voices, rng)), tempo, artist.mix, rng


def _to_parts(artist: Artist, voices: dict[str, list[Note]], rng) -> Iterator[Part]:
    """Yield the voices with the artist's swing, each with one of its instruments."""
    for voice, programs in artist.programs.items():
        if programs and (voice != "pad" or rng.random() < 0.6):
            yield Part(pick(programs, rng), swing(voices[voice], artist.swing), volume=VOLUMES[voice])
    if artist.ensemble in WITH_DRUMS:
        yield Part(0, swing(voices["drums"], artist.swing), drums=True, volume=VOLUMES["drums"])


def plan_form(bars: int, bar_seconds: float, rng) -> list[tuple[int, float, str]]:
    """Plan passages as (bars, share of the artist's valence and arousal, voices that play).

    Nearly half of the tracks open with some seconds that could belong to any mood, and some thin out once more later.
    """
    thin = ("chords", "pad bass", "lead", "chords bass", "bass drums", "pad chords")
    four_seconds = max(1, round(4 / bar_seconds))
    form = []
    if rng.random() < 0.45:
        form.append((four_seconds, 0.3, pick(thin, rng)))
    pause = rng.random() < 0.3
    while sum(length for length, *_ in form) < bars:
        playing = "lead chords bass pad drums" if rng.random() < 0.8 else "chords bass drums pad"
        form.append((2 * four_seconds, 1.0, playing))
        if pause and len(form) == 2:
            form.append((four_seconds, 0.4, pick(thin, rng)))
    return form


def write_passage(
    artist: Artist, valence: float, arousal: float, start: int, bars: int, key: int, rng
) -> dict[str, list[Note]]:
    """Write every voice for `bars` bars from bar `start`, at one point of the plane."""

    def favourite(pool):
        label = draw_quadrant(valence, arousal, rng)
        return label, pick(artist.favourites[label][pool], rng)

    _, progression = favourite("progression")
    drawn = {pool: favourite(pool) for pool in POOLS}
    level = (72 + 18 * arousal + artist.touch) / 86
    voices: dict[str, list[Note]] = {voice: [] for voice in VOLUMES}
    for bar in range(start, start + bars):
        triad = build_triad(progression, bar, key)
        written = write_bar(drawn, progression.split()[0], triad, key, artist.register, rng)
        for voice, notes in written.items():
            voices[voice] += scale_velocity(shift(notes, bar * BEATS), level)
    return voices
