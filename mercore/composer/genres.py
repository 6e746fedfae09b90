"""The ten genres of the embedded corpus: 200 tracks of 30 s by 140 fictitious artists. Explained in 01_data.

What makes a genre is written in `genre_patterns` (rhythm, bass, way of playing) and in STYLES (tempo, harmony,
instruments). What makes an artist is drawn here: instruments from pools that overlap between the genres, habits,
a range of tempo, a favourite key, a leaning towards a neighbouring genre, and a mix that has nothing to do with
the genre, so that average timbre says little. Tracks are excerpts: they start anywhere in a bar.
"""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from mercore.composer.bars import Bar, Song
from mercore.composer.genre_patterns import BARS
from mercore.composer.score import (
    DRUMS,
    Mix,
    Note,
    Part,
    TrackSpec,
    generator,
    louder,
    progression,
    render,
    shift,
    swing,
)

TRACKS_PER_GENRE = 20
SECONDS = 30.0
ROLES = {"drums": 1.8, "bass": 0.8, "chords": 0.6, "riff": 0.6, "pad": 0.15, "lead": 0.45}  # and their volume


# A drummer moves the same pattern to another cymbal, drum or shaker, so how often each sounds says little.
TIMEKEEPERS = ("hat", "ride", "shaker", "tambourine")
BACKBEATS = ("snare", "snare2", "clap", "rim")


@dataclass(frozen=True)
class Style:
    """Tempo in quarter notes a minute, harmony, swing as (ratio, grid), General-MIDI programs for each voice."""

    tempo: tuple[float, float]
    progressions: tuple[str, ...]
    bass: tuple[int, ...]
    chords: tuple[int, ...]
    riff: tuple[int, ...]
    lead: tuple[int, ...]
    pad: tuple[int, ...]
    kits: tuple[int, ...]
    neighbours: tuple[str, ...]
    voices: dict[str, float]  # how likely an artist uses the voice at all
    swing: tuple[tuple[float, float], ...] = ((1.0, 0.25),)
    drive: tuple[float, float] = (0.0, 0.1)


STYLES = {
    "blues": Style(
        (66, 112),
        ("I7 I7 I7 I7 | IV7 IV7 I7 I7 | V7 IV7 I7 V7", "I7 IV7 I7 I7 | IV7 IV7 I7 I7 | V7 IV7 I7 V7",
         "i7 i7 i7 i7 | iv7 iv7 i7 i7 | bVI7 V7 i7 V7", "I7 V7 IV7 IV7 | I7 V7 I7 V7"),
        (32, 33), (25, 26, 27, 16, 0), (25, 26, 27, 29), (27, 29, 22, 18, 0, 66), (16, 61), (0, 8, 0, 16),
        ("rock", "jazz"), {"chords": 0.8, "riff": 0.6, "lead": 0.85, "pad": 0.2}, drive=(0.0, 0.35),
    ),
    "classical": Style(
        (58, 126),
        ("I IV V7 I | vi ii7 V7 I", "i iv V7 i | bVI iio V7 i", "I V vi iii | IV I ii7 V7", "I vi ii7 V7",
         "i bVII bVI V7 | i iv V i", "I viio vi V | IV ii V7 I"),
        (42, 43, 0, 32, 48), (0, 6, 48, 45, 46, 24, 49), (48,), (40, 73, 68, 71, 0, 48, 56, 60), (48, 49, 52), (),
        ("jazz", "pop"), {"chords": 1.0, "riff": 0.0, "lead": 0.9, "pad": 0.3},
    ),
    "country": Style(
        (92, 132),
        ("I I IV I | I I V V", "I IV I V", "I IV V I | I IV V7 I", "I vi IV V", "IV I V I"),
        (32, 33), (25, 26, 27, 16, 0), (25, 26, 27, 105), (27, 26, 22, 110, 0, 40), (48, 16), (0, 8, 0, 16),
        ("rock", "blues"), {"chords": 1.0, "riff": 0.8, "lead": 0.7, "pad": 0.0}, drive=(0.0, 0.1),
    ),
    "disco": Style(
        (112, 128),
        ("i7 i7 iv7 V7", "i7 bVII bVImaj7 V7", "ii7 V7 Imaj7 vi7", "i7 iv7", "vi7 ii7 V7 Imaj7"),
        (33, 38), (27, 4, 28, 16, 0), (48, 81, 61, 62), (80, 66, 56, 73, 27, 54), (48, 50), (0, 8, 0, 24),
        ("pop", "hiphop"), {"chords": 0.85, "riff": 0.7, "lead": 0.5, "pad": 0.5},
    ),
    "hiphop": Style(
        (82, 98),
        ("i7 i7 iv7 i7", "ii9 V7 Imaj9 Imaj9", "i bVI i bVII", "i9 i9 bVImaj7 V7#9", "i9 iv9"),
        (33, 38), (27, 4, 0, 48, 11), (61, 48, 62), (80, 66, 56, 85, 27, 54), (48, 50), (0, 8, 25, 24),
        ("jazz", "reggae"), {"chords": 0.95, "riff": 0.4, "lead": 0.7, "pad": 0.35},
        swing=((1.0, 0.25), (1.4, 0.25), (1.7, 0.25)),
    ),
    "jazz": Style(
        (112, 208),
        ("ii9 V13 Imaj7 VI7b9", "ii7 V7 Imaj9 Imaj9 | iim7b5 V7b9 i6 i6",
         "I7 IV9 I7 I7 | IV9 #ivo7 I7 VI7b9 | ii9 V13 I7 V13", "i7 i7 i7 i7 | bii7 bii7 i7 i7",
         "Imaj7 vi7 ii7 V7 | iii7 VI7 ii7 V7"),
        (32, 32, 33), (26, 0, 4, 27, 16), (0,), (66, 56, 0, 26, 71, 27), (48, 61), (0, 8, 0, 16),
        ("blues", "classical"), {"chords": 0.85, "riff": 0.0, "lead": 0.95, "pad": 0.15},
    ),
    "metal": Style(
        (136, 186),
        ("i5 i5 bII5 i5", "i5 bVI5 bVII5 i5", "i5 i5 i5 bV5", "i5 bIII5 bII5 i5", "i5 iv5 bVI5 V5"),
        (33, 34), (27, 29, 30, 16), (27, 29, 30), (27, 29, 30, 18, 81), (48, 16), (0, 8, 0, 16),
        ("rock",), {"chords": 0.4, "riff": 1.0, "lead": 0.5, "pad": 0.2}, drive=(0.3, 0.8),
    ),
    "pop": Style(
        (96, 122),
        ("I V vi IV", "vi IV I V", "I vi IV V", "IV V iii vi", "I iii IV V"),
        (33, 38), (27, 4, 0, 62, 25), (81, 48, 80, 11), (80, 66, 56, 73, 27, 54), (48, 50), (0, 8, 0, 24),
        ("disco", "rock"),
        {"chords": 0.95, "riff": 0.7, "lead": 0.75, "pad": 0.5}, swing=((1.0, 0.25), (1.0, 0.25), (1.3, 0.25)),
    ),
    "reggae": Style(
        (66, 82),
        ("I IV I IV", "i iv i iv", "I V vi IV", "ii I ii I", "i bVII i bVII", "I IV V IV"),
        (33, 38), (27, 28, 16, 0, 4), (16, 4, 62), (80, 66, 56, 22, 27, 54), (16, 48), (0, 8, 0, 24),
        ("pop", "hiphop"), {"chords": 1.0, "riff": 0.6, "lead": 0.6, "pad": 0.25},
        swing=((1.0, 0.25), (1.3, 0.25), (1.6, 0.25)),
    ),
    "rock": Style(
        (100, 132),
        ("I5 bVII5 IV5 I5", "i5 bIII5 IV5 bVI5", "I IV V IV", "I V IV IV", "vi IV I V", "I7 I7 IV7 V7"),
        (33, 34), (25, 26, 27, 16, 0), (25, 27, 29, 30), (27, 29, 30, 18, 0, 66), (16, 48), (0, 8, 0, 16),
        ("blues", "country"), {"chords": 0.6, "riff": 0.9, "lead": 0.5, "pad": 0.2},
        swing=(*[(1.0, 0.5)] * 5, (1.9, 0.5)), drive=(0.1, 0.5),
    ),
}  # fmt: skip

NAMES = {
    "blues": ("Otis Fairweather", "Slim Delacroix", "Big Rosa Tully", "The Levee Street Four", "Harmon Pike",
        "Nettie Crowe", "Lonnie Ashdown", "The Midnight Ferrymen", "Ruby Calloway", "Gus Tillman",
        "Pearl Duquesne", "Hollow Log Benny", "The Delta Switchmen", "Cass Rainey"),
    "classical": ("Quartetto Alcione", "Ludmila Varga", "Ensemble Saint-Orme", "Kammerorchester Weilheim",
        "Ilse Brandt", "The Carrow Consort", "Anton Zelenka", "Orchestra della Rocca", "Maren Ostlund",
        "Collegium Harth", "Pavel Dvorsky", "Trio Lindenau", "Beatrix Holm", "The Ashgrove Players"),
    "country": ("Clay Hollister", "The Dry Creek Pickers", "June Ellen Parr", "Wagon Wheel Union", "Hank Sorrel",
        "The Prairie Larks", "Dolly Mae Tanner", "Boone & Daughters", "Tess Whitlow", "The Gravel Pike Boys",
        "Wade Larkin", "The Juniper Sisters", "Cody Marsh Trio", "Loretta Finch"),
    "disco": ("Gloria Vantage", "Studio Meridian", "The Mirrorball Express", "Silk Parade", "Donato & the Lights",
        "Crystal Avenue", "Satin Machine", "Rhonda Starr", "Neon Boulevard", "The Velour Set", "Vera Lumen",
        "The Platform Kings", "Boogie Cartography", "Tina Delmar"),
    "hiphop": ("MC Larkspur", "Brass Knuckle Poets", "DJ Odeon", "Concrete Choir", "Tall Order", "Lady Cadence",
        "Block 19", "Dusty Needle", "Kid Ferro", "The Corner Archive", "Verse Nine", "The Night Shift Crew",
        "Juno Slate", "Crate Theory"),
    "jazz": ("Miles Harrow Quintet", "Ella Winslow", "The Basement Six", "Theo Blanchard Trio", "Cora Lindqvist",
        "Arno Petit", "The Blue Lantern Band", "Sonny Marchetti", "June Abernathy", "The Quarter Past Four",
        "Oskar Nyman", "The Velvet Hour", "Delphine Roux", "Harlan Cole Sextet"),
    "metal": ("Gravemire", "Iron Solstice", "Vulture Throne", "Hexenwald", "Carrion Bell", "Ashen Legion",
        "Obsidian Maw", "Thornreaver", "Wolfram Crypt", "Black Meridian", "Frostmaul", "Cinder Oath",
        "Pale Leviathan", "Nachtkrone"),
    "pop": ("Mia Solano", "The Paper Planes Club", "Nova Lane", "Jesper & Ida", "Candy Circuit", "Holly Marsh",
        "Velvet Tuesday", "Luca Bright", "The Sugar Signals", "Anouk Reyes", "Ivy Castell", "The Weekend Kites",
        "Milo & Fern", "Sasha Quill"),
    "reggae": ("Prophet Delroy", "The Kingston Tide", "Sister Amaya", "Roots Cartel", "Jah Meridian",
        "Winston Palmer", "The Island Rockers", "Marcia Green", "Papa Tiberius", "The Trench Road Seven",
        "Cedar Youth", "The Harbour Lions", "Empress Naomi", "Barrington Hale"),
    "rock": ("The Crooked Mile", "Static Harbor", "Red Canyon", "Johnny Vale", "The Loose Wires",
        "Electric Orchard", "Stonebridge", "The Night Couriers", "Silver Exit", "Rita Kincaid", "The Rust Parade",
        "Maggie Thorne", "Low Tide Engine", "Highway Lanterns"),
}  # fmt: skip
TITLE_FIRST = ("Broken", "Golden", "Last", "Hidden", "Rolling", "Slow", "Midnight", "Borrowed", "Early", "Wild",
               "Sunday", "Empty", "Burning", "Second", "Quiet")  # fmt: skip
TITLE_LAST = ("Road", "Hour", "Promise", "Water", "Train", "Shadow", "Morning", "Fire", "Kingdom", "Letter",
              "Dance", "Harbour", "Thunder", "Garden")  # fmt: skip


@dataclass(frozen=True)
class Artist:
    """A fictitious artist: the players of each voice (General-MIDI programs, who take turns), habits and sound."""

    name: str
    genre: str
    players: dict[str, tuple[int, ...]]
    volumes: dict[str, float]
    drive: float
    tempo: float
    key: int
    swing: tuple[float, float]
    progressions: tuple[str, ...]
    influence: str
    kit: tuple[tuple[str, str], ...]  # the timekeepers and backbeats that the drummer changes between
    lean: float  # how often a group of voices plays in the neighbour's way
    beats: int
    mix: Mix


@dataclass(frozen=True)
class Phrase:
    """Four bars: the program that plays each sounding voice, the genre whose manner it plays in, drums for drums."""

    players: dict[str, int]
    manner: dict[str, str]
    drums: dict[int, int]


@cache
def artist_named(genre: str, name: str, seed: int = 0) -> Artist:
    """The artist as the seed draws it; each is drawn for itself."""
    rng = generator(seed, "genre", genre, name)
    style = STYLES[genre]
    voices = [v for v in ("chords", "riff", "pad", "lead") if rng.random() < style.voices[v]]
    if not {"chords", "riff"} & set(voices):
        voices.append("chords")
    players = {"bass": rng.choice(style.bass, 1)}
    if style.kits:
        players["drums"] = rng.choice(style.kits, 1)
    players |= {voice: rng.choice(getattr(style, voice), 2) for voice in voices}
    if genre == "classical" and rng.random() < 0.35:  # a soloist plays everything
        players = dict.fromkeys(players, players["chords"][:1])
    return Artist(
        name,
        genre,
        {voice: tuple(programs.tolist()) for voice, programs in players.items()},
        {voice: ROLES[voice] * 10 ** (rng.normal(0, 2) / 20) for voice in ROLES},
        drive=rng.uniform(*style.drive),
        tempo=rng.uniform(*style.tempo),
        key=int(rng.integers(43, 55)),
        swing=style.swing[rng.integers(len(style.swing))],
        progressions=tuple(rng.permutation(style.progressions)[:3].tolist()),
        influence=str(rng.choice(style.neighbours)),
        kit=tuple((str(rng.choice(TIMEKEEPERS)), str(rng.choice(BACKBEATS))) for _ in range(2)),
        lean=rng.uniform(0.0, 0.1),
        beats=3 if genre == "classical" and rng.random() < 0.3 else 4,
        mix=draw_mix(rng),
    )


def draw_mix(rng: np.random.Generator) -> Mix:
    """A sound that any genre may have: dark or bright, dry or roomy, clean or worn, soft or loud."""
    return Mix(
        level_db=rng.uniform(-22, -16),
        low_shelf_db=rng.uniform(-3, 3),
        mid_db=rng.uniform(-3, 3),
        mid_hz=float(np.exp(rng.uniform(np.log(500), np.log(3000)))),
        high_shelf_db=rng.uniform(-4, 4),
        cutoff_hz=float(rng.choice((11025, 11025, 11025, 9000))),
        room=rng.uniform(0.03, 0.22),
        room_seconds=rng.uniform(0.3, 1.3),
        compression=rng.uniform(0, 0.5),
        saturation=rng.choice((0.0, 0.0, 0.0, 0.2)),
        noise_db=rng.uniform(-90, -66),
        crackle=float(rng.choice((0, 0, 0, 0, 4))),
        timing=rng.uniform(0.002, 0.012),
    )


def tracks(seed: int = 0) -> list[TrackSpec]:
    """The 200 tracks: of each genre's fourteen artists six have two, as a real collection's artists differ too."""
    titles = [f"{first} {last}" for first in TITLE_FIRST for last in TITLE_LAST]
    titles = generator(seed, "genre", "titles").permutation(titles)
    result = []
    for genre, names in NAMES.items():
        by = sorted((names * 2)[:TRACKS_PER_GENRE], key=names.index)
        result += [
            TrackSpec(f"{genre}.{i:05d}", genre, name, str(titles[len(result) + i])) for i, name in enumerate(by)
        ]
    return result


def compose(spec: TrackSpec, seed: int = 0, seconds: float = SECONDS) -> np.ndarray:
    """The track as float32 mono samples (n,) at 22,050 Hz; the same for the same seed, alone or among others."""
    artist = artist_named(spec.label, spec.artist, seed)
    rng = generator(seed, "genre", spec.artist, spec.track)
    low, high = STYLES[spec.label].tempo
    tempo = float(np.clip(artist.tempo * rng.uniform(0.92, 1.08), low, high))
    voices = write(artist, spec.track, seed, rng, int(seconds * tempo / 60 / artist.beats) + 3)
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
    return render(parts, rubato(tempo, seconds, rng) if spec.label == "classical" else tempo, seconds, mix, rng)


def write(artist: Artist, track: str, seed: int, rng: np.random.Generator, bars: int) -> dict:
    """The notes of each (voice, program) of a track, bar by bar, in beats: who plays when, and in whose manner."""
    song = Song(seed, artist.name, track, int(artist.key + rng.choice((-2, 0, 0, 0, 3, 5))), rng)
    numerals = str(rng.choice(artist.progressions))
    minor = numerals.split()[0].lstrip("b#").startswith("i")
    song.memory |= {"minor": int(minor), "major": int(not minor), "sings": int(rng.random() < 0.5),
                    "rest": int(rng.integers(4))}  # fmt: skip
    chords = progression(numerals, song.key)
    turn = int(rng.integers(len(chords)))
    bare = int(rng.integers(1, 3)) if rng.random() < 0.2 else 0  # bars of introduction without drums
    gap = int(rng.integers(4, max(bars - 2, 5))) if rng.random() < 0.15 else -9  # two bars of breakdown
    voices: dict[tuple[str, int], list[Note]] = {}
    for index in range(bars):
        if index % 4 == 0:
            phrase = draw_phrase(artist, rng)
        silent = {"drums"} if index < bare or index in (gap, gap + 1) else set()
        if index in (gap, gap + 1):
            silent |= {str(rng.choice(("bass", "lead", "riff")))}
        bar = Bar(song, index, chords[(turn + index) % len(chords)], chords[(turn + index + 1) % len(chords)],
                  artist.beats)  # fmt: skip
        played = {genre: BARS[genre](bar) for genre in sorted(set(phrase.manner.values()))}
        for voice in sorted(phrase.players.keys() - silent):
            notes = shift(played[phrase.manner[voice]][voice], index * artist.beats)
            if voice == "drums":
                notes = [replace(note, pitch=phrase.drums.get(note.pitch, note.pitch)) for note in notes]
            voices.setdefault((voice, phrase.players[voice]), []).extend(notes)
    energy = rng.uniform(0.85, 1.1)
    return {player: louder(notes, energy) for player, notes in voices.items() if notes}


def draw_phrase(artist: Artist, rng: np.random.Generator) -> Phrase:
    """What changes from four bars to the next: who rests, whose turn it is, in whose manner, on which drums."""
    resting = [v for v in ("lead", "pad", "riff", "chords") if rng.random() < 0.1][:2]
    turns = {voice: int(rng.choice(programs)) for voice, programs in artist.players.items()}
    timekeeper, backbeat = artist.kit[int(rng.integers(2))]
    drums = {DRUMS[name]: DRUMS[timekeeper] for name in TIMEKEEPERS}
    drums |= {DRUMS[name]: DRUMS[backbeat] for name in BACKBEATS}
    manner = {}
    for group in (("drums",), ("bass",), ("chords", "riff", "pad"), ("lead",)):
        borrowed = rng.random() < artist.lean and artist.beats == 4
        manner |= dict.fromkeys(group, artist.influence if borrowed else artist.genre)
    return Phrase({voice: turns[voice] for voice in turns if voice not in resting}, manner, drums)


def rubato(tempo: float, seconds: float, rng: np.random.Generator) -> list[tuple[float, float]]:
    """A tempo that breathes over phrases of about eight beats and holds back where they end."""
    beats = np.arange(int(seconds * tempo / 60) + 8)
    depth = rng.uniform(0.03, 0.12)
    breath = 1 + depth * np.sin(2 * np.pi * beats / 8) - 1.5 * depth * (beats % 16 >= 14)
    return [(float(b), float(tempo * f)) for b, f in zip(beats, breath, strict=True)]
