"""Compose the two songs with known sections. Explained in 08_case_studies.

One keeps to one style, guitar rock with quieter moments; the other is a rhapsody from a piano ballad through choir and
rock to metal and back. Each section has a genre and a mood; its voices play in the manner of that genre
(`genre_patterns`) or of that mood (`mood_patterns`), so what a network predicts for it can be checked.
"""

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from mercore.composer import mood_patterns
from mercore.composer.genre_patterns import BARS
from mercore.composer.patterns import Bar, Song, build_progression, scale_velocity, shift
from mercore.composer.synth import SAMPLE_RATE, Mix, Note, Part, apply_mix, generator, humanise, play

SONGS = {  # title and artist
    "parade-of-kites": ("Parade of Kites", "The Bicycle Summer"),
    "lantern-rhapsody": ("Lantern Rhapsody", "Hester and the Meridian"),
}
BEATS = 4  # per bar
DECAY = 2.0  # s of the last chord


@dataclass(frozen=True)
class Voice:
    """How one voice plays: a General-MIDI program, volume, the manner of the section's genre or mood, overdrive."""

    program: int
    volume: float
    manner: str = "genre"
    drive: float = 0.0


@dataclass(frozen=True)
class Section:
    """A passage of a song. Sections of equal `pattern` share their riffs and rhythms."""

    name: str
    pattern: str
    bars: int
    tempo: float  # beats per minute
    genre: str
    mood: str
    chords: str
    voices: dict[str, Voice]
    energy: float = 1.0
    semitones: int = 0  # modulation
    habits: dict[str, int] = field(default_factory=dict)  # index of patterns chosen by hand


# fmt: off
GUITARS = {"drums": Voice(0, 0.9), "bass": Voice(33, 0.75), "riff": Voice(27, 0.5, drive=0.2)}
VERSE = GUITARS | {"riff": Voice(27, 0.3), "chords": Voice(25, 0.6, "mood"), "lead": Voice(27, 0.5, "mood")}
CHORUS = GUITARS | {"riff": Voice(29, 0.5, drive=0.3), "chords": Voice(27, 0.4, "mood"),
                    "lead": Voice(29, 0.4, "mood")}
SOLO = GUITARS | {"lead": Voice(30, 0.5, drive=0.2)}
QUIET = {"chords": Voice(25, 0.8, "mood"), "bass": Voice(33, 0.7, "mood"), "lead": Voice(27, 0.6, "mood"),
         "pad": Voice(18, 0.25), "drums": Voice(0, 0.5, "mood")}
PIANO = {"chords": Voice(0, 0.8, "mood"), "bass": Voice(0, 0.7, "mood"), "lead": Voice(0, 0.9, "mood")}
BALLAD = PIANO | {"chords": Voice(0, 0.8), "lead": Voice(52, 0.8, "mood")}
CHOIR = {"chords": Voice(52, 0.7, "mood"), "bass": Voice(43, 0.8), "lead": Voice(52, 0.8, "mood")}
QUESTION = CHOIR | {"chords": Voice(0, 0.8, "mood"), "bass": Voice(0, 0.8, "mood")}
STORM = CHOIR | {"pad": Voice(48, 0.35)}
HARD = {"drums": Voice(0, 0.9), "bass": Voice(34, 0.75), "riff": Voice(29, 0.6, drive=0.4),
        "lead": Voice(29, 0.4, "mood", 0.2)}
HEAVY = {"drums": Voice(16, 0.9), "bass": Voice(34, 0.75), "riff": Voice(30, 0.65, drive=0.7),
         "chords": Voice(29, 0.3, "mood", 0.4), "lead": Voice(30, 0.45, "mood", 0.4)}

_QUIET = ("rock", "Q4", "Imaj7 IVmaj7 | Imaj7 IVmaj7", QUIET)
_VERSE = ("verse", 16, 134, "rock", "Q1", "I IV I V | I IV V I", VERSE)
_CHORUS = ("chorus", 16, 136, "rock", "Q1", "I V IV I | vi IV V V", CHORUS, 1.1)
SCORES = {  # key, mix and sections of each song
    "parade-of-kites": (52, Mix(high_shelf_db=2, room=0.2, room_seconds=0.8, compression=0.3, level_db=-18), (
        Section("intro", "quiet", 6, 92, *_QUIET, 0.75),
        Section("verse 1", *_VERSE),
        Section("chorus 1", *_CHORUS),
        Section("verse 2", *_VERSE),
        Section("chorus 2", *_CHORUS),
        Section("bridge", "quiet", 12, 84, "rock", "Q4", "IVmaj7 I | ii V", QUIET, 0.7),
        Section("solo", "solo", 8, 136, "rock", "Q1", "I bVII IV I", SOLO, 1.1),
        Section("last chorus", *_CHORUS, 2),
        Section("outro", "quiet", 4, 80, *_QUIET, 0.65, 2),
    )),
    "lantern-rhapsody": (48, Mix(room=0.25, room_seconds=1.4, compression=0.15, level_db=-18), (
        Section("prelude", "prelude", 8, 72, "classical", "Q4", "Imaj7 IVmaj7 | I V", PIANO, 0.7),
        Section("ballad", "ballad", 14, 66, "classical", "Q3", "i bVI iv V | i bVII bVI V", BALLAD, 0.75, -3,
                {"texture": 5}),
        Section("opera, question", "question", 16, 138, "classical", "Q1", "I IV V I | I vi ii V", QUESTION, 0.9, 0,
                {"texture": 4}),
        Section("opera, storm", "storm", 16, 144, "classical", "Q2", "i bII i viio | i bVI bII V", STORM, 1.1, -3,
                {"texture": 4}),
        Section("rock", "rock", 20, 140, "rock", "Q1", "I bVII IV I", HARD, 1.15),
        Section("metal", "metal", 28, 164, "metal", "Q2", "i5 i5 bII5 i5", HEAVY, 1.25, -3),
        Section("lament", "lament", 8, 72, "rock", "Q3", "i bVII bVI V", QUIET, 0.8, -3),
        Section("coda", "coda", 8, 62, "classical", "Q4", "Imaj7 IVmaj7 | I V", PIANO, 0.6),
    )),
}
# fmt: on


def compose_song(slug: str, seed: int = 0) -> tuple[np.ndarray, pd.DataFrame]:
    """Compose and render a song.

    Args:
        slug: Key of SONGS.
        seed: The same seed gives the same samples.

    Returns:
        Mono float32 samples of shape (n,) at 22,050 Hz, and the sections (start and end in s, section, genre, mood),
        which cover the whole song without a gap.
    """
    key, mix, sections = SCORES[slug]
    rng = generator(seed, "song", slug)
    lengths = np.array([section.bars * BEATS * 60 / section.tempo for section in sections])
    lengths[-1] += DECAY
    ends = np.cumsum(lengths)
    starts = ends - lengths
    audio = np.zeros(round(ends[-1] * SAMPLE_RATE), np.float32)
    for section, start, length in zip(sections, starts, lengths, strict=True):
        first = round(start * SAMPLE_RATE)
        for name, notes in write_section(section, slug, key, seed).items():
            voice = section.voices[name]
            notes = humanise(scale_velocity(notes, section.energy), rng, mix.timing * section.tempo / 60, 3.0)
            part = Part(voice.program, notes, name == "drums", voice.volume, voice.drive)
            sound = play(part, section.tempo, length)[: len(audio) - first]
            audio[first : first + len(sound)] += sound
    names = pd.DataFrame([(s.name, s.genre, s.mood) for s in sections], columns=["section", "genre", "mood"])
    return apply_mix(audio, mix, rng), pd.DataFrame({"start": starts, "end": ends}).round(3).join(names)


def write_section(section: Section, slug: str, key: int, seed: int) -> dict[str, list[Note]]:
    """Return the notes of each voice in beats from the section's start."""
    key += section.semitones
    chords = build_progression(section.chords, key)
    rng = generator(seed, "song", slug, section.pattern)
    minor = section.chords[0].islower()
    song = Song(seed, slug, f"{slug} {section.pattern}", key, rng, minor, habits=dict(section.habits))
    quadrant = mood_patterns.QUADRANTS[section.mood]
    drawn = {pool: (section.mood, mood_patterns.pick(getattr(quadrant, pool), rng)) for pool in mood_patterns.POOLS}
    voices: dict[str, list[Note]] = {name: [] for name in section.voices}
    for index in range(section.bars):
        bar = Bar(song, index, chords[index % len(chords)], chords[(index + 1) % len(chords)])
        by_genre = BARS[section.genre](bar)
        by_mood = mood_patterns.write_bar(drawn, "harmonic" if minor else "major", bar.chord, key, 0, rng)
        for name, voice in section.voices.items():
            notes = (by_mood if voice.manner == "mood" else by_genre)[name]
            if index == section.bars - 1 and name != "drums":  # the last chord is held to the end
                notes = [replace(n, duration=max(n.duration, BEATS + 4 - n.start)) for n in notes]
            voices[name] += shift(notes, index * BEATS)
    return voices
