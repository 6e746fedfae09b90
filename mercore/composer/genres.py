"""Compose the ten genres: 200 tracks of 30 s by 140 fictitious artists. Explained in 01_data.

A genre is defined by its style (tempo, harmony, instruments) and its patterns (`genre_patterns`). An artist has
instruments from pools that overlap between the genres, habits, a tempo, a key, a tendency towards a neighbouring genre
and a mix independent of the genre, so that average timbre says little. Tracks start anywhere in a bar.
"""

from dataclasses import dataclass, replace

import numpy as np

from mercore.composer.genre_patterns import BARS
from mercore.composer.patterns import DRUMS, Bar, Song, build_progression, scale_velocity, shift, swing
from mercore.composer.synth import Note, Part, Piece, generator
from mercore.composer.tracks import Track, add_titles, draw_mix

TRACKS_PER_GENRE = 20
VOLUMES = {"drums": 1.8, "bass": 0.8, "chords": 0.6, "riff": 0.6, "pad": 0.15, "lead": 0.45}
# A drummer moves a pattern to another cymbal, drum or shaker, so how often each of them sounds says little.
TIMEKEEPERS = ("hat", "ride", "shaker", "tambourine")
BACKBEATS = ("snare", "snare2", "clap", "rim")
MIX = {
    "level_db": (-22, -16), "low_shelf_db": (-3, 3), "mid_db": (-3, 3), "mid_hz": (500, 3000),
    "high_shelf_db": (-4, 4), "cutoff_hz": (11025.0, 11025.0, 11025.0, 9000.0), "room": (0.03, 0.22),
    "room_seconds": (0.3, 1.3), "compression": (0, 0.5), "saturation": (0.0, 0.0, 0.0, 0.2), "noise_db": (-90, -66),
    "crackle": (0.0, 0.0, 0.0, 0.0, 4.0), "timing": (0.002, 0.012),
}  # fmt: skip


@dataclass(frozen=True)
class Style:
    """What the artists of a genre choose from; the voices by General-MIDI programs."""

    tempo: tuple[float, float]  # beats per minute
    bass: tuple[int, ...]
    chords: tuple[int, ...]
    riff: tuple[int, ...]
    lead: tuple[int, ...]
    pad: tuple[int, ...]
    kits: tuple[int, ...]
    share: tuple[float, float, float, float]  # probability that an artist uses chords, riff, pad, lead
    neighbours: tuple[str, ...]
    progressions: str  # separated by commas, like the artists
    artists: str
    swing: tuple[tuple[float, float], ...] = ((1.0, 0.25),)  # (ratio, grid in beats)
    drive: tuple[float, float] = (0.0, 0.1)


STYLES = {
    "blues": Style(
        (66, 112), (32, 33), (25, 26, 27, 16, 0), (25, 26, 27, 29), (27, 29, 22, 18, 0, 66), (16, 61), (0, 8, 0, 16),
        (0.8, 0.6, 0.2, 0.85), ("rock", "jazz"),
        "I7 I7 I7 I7 | IV7 IV7 I7 I7 | V7 IV7 I7 V7, I7 IV7 I7 I7 | IV7 IV7 I7 I7 | V7 IV7 I7 V7, "
        "i7 i7 i7 i7 | iv7 iv7 i7 i7 | bVI7 V7 i7 V7, I7 V7 IV7 IV7 | I7 V7 I7 V7",
        "Otis Fairweather, Slim Delacroix, Big Rosa Tully, The Levee Street Four, Harmon Pike, Nettie Crowe, "
        "Lonnie Ashdown, The Midnight Ferrymen, Ruby Calloway, Gus Tillman, Pearl Duquesne, Hollow Log Benny, "
        "The Delta Switchmen, Cass Rainey", drive=(0.0, 0.35)),
    "classical": Style(
        (58, 126), (42, 43, 0, 32, 48), (0, 6, 48, 45, 46, 24, 49), (48,), (40, 73, 68, 71, 0, 48, 56, 60),
        (48, 49, 52), (), (1.0, 0.0, 0.3, 0.9), ("jazz", "pop"),
        "I IV V7 I | vi ii7 V7 I, i iv V7 i | bVI iio V7 i, I V vi iii | IV I ii7 V7, I vi ii7 V7, "
        "i bVII bVI V7 | i iv V i, I viio vi V | IV ii V7 I",
        "Quartetto Alcione, Ludmila Varga, Ensemble Saint-Orme, Kammerorchester Weilheim, Ilse Brandt, "
        "The Carrow Consort, Anton Zelenka, Orchestra della Rocca, Maren Ostlund, Collegium Harth, Pavel Dvorsky, "
        "Trio Lindenau, Beatrix Holm, The Ashgrove Players"),
    "country": Style(
        (92, 132), (32, 33), (25, 26, 27, 16, 0), (25, 26, 27, 105), (27, 26, 22, 110, 0, 40), (48, 16), (0, 8, 0, 16),
        (1.0, 0.8, 0.0, 0.7), ("rock", "blues"),
        "I I IV I | I I V V, I IV I V, I IV V I | I IV V7 I, I vi IV V, IV I V I",
        "Clay Hollister, The Dry Creek Pickers, June Ellen Parr, Wagon Wheel Union, Hank Sorrel, The Prairie Larks, "
        "Dolly Mae Tanner, Boone & Daughters, Tess Whitlow, The Gravel Pike Boys, Wade Larkin, The Juniper Sisters, "
        "Cody Marsh Trio, Loretta Finch"),
    "disco": Style(
        (112, 128), (33, 38), (27, 4, 28, 16, 0), (48, 81, 61, 62), (80, 66, 56, 73, 27, 54), (48, 50), (0, 8, 0, 24),
        (0.85, 0.7, 0.5, 0.5), ("pop", "hiphop"),
        "i7 i7 iv7 V7, i7 bVII bVImaj7 V7, ii7 V7 Imaj7 vi7, i7 iv7, vi7 ii7 V7 Imaj7",
        "Gloria Vantage, Studio Meridian, The Mirrorball Express, Silk Parade, Donato & the Lights, Crystal Avenue, "
        "Satin Machine, Rhonda Starr, Neon Boulevard, The Velour Set, Vera Lumen, The Platform Kings, "
        "Boogie Cartography, Tina Delmar"),
    "hiphop": Style(
        (82, 98), (33, 38), (27, 4, 0, 48, 11), (61, 48, 62), (80, 66, 56, 85, 27, 54), (48, 50), (0, 8, 25, 24),
        (0.95, 0.4, 0.35, 0.7), ("jazz", "reggae"),
        "i7 i7 iv7 i7, ii9 V7 Imaj9 Imaj9, i bVI i bVII, i9 i9 bVImaj7 V7#9, i9 iv9",
        "MC Larkspur, Brass Knuckle Poets, DJ Odeon, Concrete Choir, Tall Order, Lady Cadence, Block 19, "
        "Dusty Needle, Kid Ferro, The Corner Archive, Verse Nine, The Night Shift Crew, Juno Slate, Crate Theory",
        swing=((1.0, 0.25), (1.4, 0.25), (1.7, 0.25))),
    "jazz": Style(
        (112, 208), (32, 32, 33), (26, 0, 4, 27, 16), (0,), (66, 56, 0, 26, 71, 27), (48, 61), (0, 8, 0, 16),
        (0.85, 0.0, 0.15, 0.95), ("blues", "classical"),
        "ii9 V13 Imaj7 VI7b9, ii7 V7 Imaj9 Imaj9 | iim7b5 V7b9 i6 i6, "
        "I7 IV9 I7 I7 | IV9 #ivo7 I7 VI7b9 | ii9 V13 I7 V13, i7 i7 i7 i7 | bii7 bii7 i7 i7, "
        "Imaj7 vi7 ii7 V7 | iii7 VI7 ii7 V7",
        "Miles Harrow Quintet, Ella Winslow, The Basement Six, Theo Blanchard Trio, Cora Lindqvist, Arno Petit, "
        "The Blue Lantern Band, Sonny Marchetti, June Abernathy, The Quarter Past Four, Oskar Nyman, The Velvet Hour, "
        "Delphine Roux, Harlan Cole Sextet"),
    "metal": Style(
        (136, 186), (33, 34), (27, 29, 30, 16), (27, 29, 30), (27, 29, 30, 18, 81), (48, 16), (0, 8, 0, 16),
        (0.4, 1.0, 0.2, 0.5), ("rock",),
        "i5 i5 bII5 i5, i5 bVI5 bVII5 i5, i5 i5 i5 bV5, i5 bIII5 bII5 i5, i5 iv5 bVI5 V5",
        "Gravemire, Iron Solstice, Vulture Throne, Hexenwald, Carrion Bell, Ashen Legion, Obsidian Maw, Thornreaver, "
        "Wolfram Crypt, Black Meridian, Frostmaul, Cinder Oath, Pale Leviathan, Nachtkrone", drive=(0.3, 0.8)),
    "pop": Style(
        (96, 122), (33, 38), (27, 4, 0, 62, 25), (81, 48, 80, 11), (80, 66, 56, 73, 27, 54), (48, 50), (0, 8, 0, 24),
        (0.95, 0.7, 0.5, 0.75), ("disco", "rock"),
        "I V vi IV, vi IV I V, I vi IV V, IV V iii vi, I iii IV V",
        "Mia Solano, The Paper Planes Club, Nova Lane, Jesper & Ida, Candy Circuit, Holly Marsh, Velvet Tuesday, "
        "Luca Bright, The Sugar Signals, Anouk Reyes, Ivy Castell, The Weekend Kites, Milo & Fern, Sasha Quill",
        swing=((1.0, 0.25), (1.0, 0.25), (1.3, 0.25))),
    "reggae": Style(
        (66, 82), (33, 38), (27, 28, 16, 0, 4), (16, 4, 62), (80, 66, 56, 22, 27, 54), (16, 48), (0, 8, 0, 24),
        (1.0, 0.6, 0.25, 0.6), ("pop", "hiphop"),
        "I IV I IV, i iv i iv, I V vi IV, ii I ii I, i bVII i bVII, I IV V IV",
        "Prophet Delroy, The Kingston Tide, Sister Amaya, Roots Cartel, Jah Meridian, Winston Palmer, "
        "The Island Rockers, Marcia Green, Papa Tiberius, The Trench Road Seven, Cedar Youth, The Harbour Lions, "
        "Empress Naomi, Barrington Hale", swing=((1.0, 0.25), (1.3, 0.25), (1.6, 0.25))),
    "rock": Style(
        (100, 132), (33, 34), (25, 26, 27, 16, 0), (25, 27, 29, 30), (27, 29, 30, 18, 0, 66), (16, 48), (0, 8, 0, 16),
        (0.6, 0.9, 0.2, 0.5), ("blues", "country"),
        "I5 bVII5 IV5 I5, i5 bIII5 IV5 bVI5, I IV V IV, I V IV IV, vi IV I V, I7 I7 IV7 V7",
        "The Crooked Mile, Static Harbor, Red Canyon, Johnny Vale, The Loose Wires, Electric Orchard, Stonebridge, "
        "The Night Couriers, Silver Exit, Rita Kincaid, The Rust Parade, Maggie Thorne, Low Tide Engine, "
        "Highway Lanterns", swing=((1.0, 0.5),) * 5 + ((1.9, 0.5),), drive=(0.1, 0.5)),
}  # fmt: skip


class Artist:
    """A fictitious artist, drawn independently of all others: players of each voice, habits, sound."""

    def __init__(self, genre: str, name: str, seed: int) -> None:
        rng = generator(seed, "genre", genre, name)
        style = STYLES[genre]
        voices = [v for v, p in zip(("chords", "riff", "pad", "lead"), style.share, strict=True) if rng.random() < p]
        if not {"chords", "riff"} & set(voices):
            voices.append("chords")
        programs = {"bass": rng.choice(style.bass, 1)}
        if style.kits:
            programs["drums"] = rng.choice(style.kits, 1)
        programs |= {voice: rng.choice(getattr(style, voice), 2) for voice in voices}
        if genre == "classical" and rng.random() < 0.35:  # a soloist plays everything
            programs = dict.fromkeys(programs, programs["chords"][:1])
        self.genre = genre
        self.programs = {voice: tuple(players.tolist()) for voice, players in programs.items()}  # they take turns
        self.volumes = {voice: volume * 10 ** (rng.normal(0, 2) / 20) for voice, volume in VOLUMES.items()}
        self.drive = rng.uniform(*style.drive)
        self.tempo = rng.uniform(*style.tempo)
        self.key = int(rng.integers(43, 55))
        self.swing = style.swing[rng.integers(len(style.swing))]
        self.progressions = rng.permutation(style.progressions.split(", "))[:3].tolist()
        self.influence = str(rng.choice(style.neighbours))
        self.kits = [(str(rng.choice(TIMEKEEPERS)), str(rng.choice(BACKBEATS))) for _ in range(2)]
        self.lean = rng.uniform(0.0, 0.1)  # probability that a group of voices plays in the neighbour's manner
        self.beats = 3 if genre == "classical" and rng.random() < 0.3 else 4
        self.mix = draw_mix(rng, MIX)


def list_tracks(seed: int = 0) -> list[Track]:
    """List the 200 tracks: of each genre's fourteen artists the first six have two."""
    tracks = []
    for genre, style in STYLES.items():
        artists = style.artists.split(", ")
        by = sorted((artists * 2)[:TRACKS_PER_GENRE], key=artists.index)
        tracks += [(f"{genre}.{i:05d}", genre, artist) for i, artist in enumerate(by)]
    return add_titles(
        tracks,
        "Broken Golden Last Hidden Rolling Slow Midnight Borrowed Early Wild Sunday Empty Burning Second Quiet",
        "Road Hour Promise Water Train Shadow Morning Fire Kingdom Letter Dance Harbour Thunder Garden",
        generator(seed, "genre", "titles"),
    )


def write_track(track: Track, seed: int, seconds: float) -> Piece:
    """Write a track; it depends on nothing but the seed."""
    artist = Artist(track.label, track.artist, seed)
    rng = generator(seed, "genre", track.artist, track.track)
    tempo = float(np.clip(artist.tempo * rng.uniform(0.92, 1.08), *STYLES[track.label].tempo))
    voices = write_voices(artist, track, seed, rng, int(seconds * tempo / 60 / artist.beats) + 3)
    pickup = rng.uniform(0, artist.beats)  # an excerpt starts anywhere in a bar
    parts = [
        Part(
            program,
            [note for note in shift(swing(notes, *artist.swing), -pickup) if note.start >= 0],
            drums=voice == "drums",
            volume=artist.volumes[voice],
            drive=artist.drive if 26 <= program <= 30 and voice not in ("drums", "bass") else 0.0,
        )
        for (voice, program), notes in voices.items()
    ]
    mix = replace(artist.mix, level_db=artist.mix.level_db + rng.normal(0, 1))
    return parts, draw_rubato(tempo, seconds, rng) if track.label == "classical" else tempo, mix, rng


def write_voices(artist: Artist, track: Track, seed: int, rng, bars: int) -> dict[tuple[str, int], list[Note]]:
    """Return the notes of each (voice, program) in beats, written bar by bar."""
    key = int(artist.key + rng.choice((-2, 0, 0, 0, 3, 5)))
    numerals = str(rng.choice(artist.progressions))
    minor, sings = numerals.lstrip("b#").startswith("i"), rng.random() < 0.5
    song = Song(seed, track.artist, track.track, key, rng, minor, sings, rest=int(rng.integers(4)))
    chords = build_progression(numerals, key)
    turn = int(rng.integers(len(chords)))
    intro = int(rng.integers(1, 3)) if rng.random() < 0.2 else 0  # bars without drums
    gap = int(rng.integers(4, max(bars - 2, 5))) if rng.random() < 0.15 else -9  # two bars of breakdown
    voices: dict[tuple[str, int], list[Note]] = {}
    for index in range(bars):
        if index % 4 == 0:
            programs, manner, kit = draw_phrase(artist, rng)
        silent = {"drums"} if index < intro or index in (gap, gap + 1) else set()
        if index in (gap, gap + 1):
            silent.add(str(rng.choice(("bass", "lead", "riff"))))
        chord, following = (chords[(turn + i) % len(chords)] for i in (index, index + 1))
        bar = Bar(song, index, chord, following, artist.beats)
        played = {genre: BARS[genre](bar) for genre in sorted(set(manner.values()))}
        for voice in sorted(programs.keys() - silent):
            notes = shift(played[manner[voice]][voice], index * artist.beats)
            if voice == "drums":
                notes = [replace(note, pitch=kit.get(note.pitch, note.pitch)) for note in notes]
            voices.setdefault((voice, programs[voice]), []).extend(notes)
    energy = rng.uniform(0.85, 1.1)
    return {player: scale_velocity(notes, energy) for player, notes in voices.items() if notes}


def draw_phrase(artist: Artist, rng) -> tuple[dict[str, int], dict[str, str], dict[int, int]]:
    """Draw what changes every four bars: who plays each voice, in which genre's manner, on which drums."""
    resting = [v for v in ("lead", "pad", "riff", "chords") if rng.random() < 0.1][:2]
    turns = {voice: int(rng.choice(programs)) for voice, programs in artist.programs.items()}
    timekeeper, backbeat = artist.kits[int(rng.integers(2))]
    kit = {DRUMS[name]: DRUMS[timekeeper] for name in TIMEKEEPERS}
    kit |= {DRUMS[name]: DRUMS[backbeat] for name in BACKBEATS}
    manner: dict[str, str] = {}
    for group in (("drums",), ("bass",), ("chords", "riff", "pad"), ("lead",)):
        borrowed = rng.random() < artist.lean and artist.beats == 4
        manner |= dict.fromkeys(group, artist.influence if borrowed else artist.genre)
    return {voice: program for voice, program in turns.items() if voice not in resting}, manner, kit


def draw_rubato(tempo: float, seconds: float, rng) -> list[tuple[float, float]]:
    """Draw a tempo that varies over phrases of about eight beats and slows down where they end."""
    beats = np.arange(int(seconds * tempo / 60) + 8)
    depth = rng.uniform(0.03, 0.12)
    factor = 1 + depth * np.sin(2 * np.pi * beats / 8) - 1.5 * depth * (beats % 16 >= 14)
    return [(float(b), float(tempo * f)) for b, f in zip(beats, factor, strict=True)]
