"""The two case-study songs of the embedded corpus, with known sections. Explained in 08_case_studies.

One keeps to one style throughout, sunny guitar rock with quieter moments; the other is a rhapsody that walks from
a piano ballad through choir and rock to metal and back. Each section names its genre and its mood; the voices
play in the manner of that genre (`genre_patterns`) or, where marked, of that mood (`mood_patterns`). Because the
sections are known, what a network hears in them can be checked.
"""

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from mercore.composer import mood_patterns as moods
from mercore.composer.bars import Bar
from mercore.composer.bars import Song as Memory
from mercore.composer.genre_patterns import BARS
from mercore.composer.score import (
    SAMPLE_RATE,
    Mix,
    Note,
    Part,
    apply_mix,
    generator,
    humanise,
    louder,
    play,
    progression,
    shift,
)

SONGS = {
    "parade-of-kites": ("Parade of Kites", "The Bicycle Summer"),
    "lantern-rhapsody": ("Lantern Rhapsody", "Hester and the Meridian"),
}
BEATS = 4  # a bar
RING = 2.0  # s in which the last chord dies away


@dataclass(frozen=True)
class Voice:
    """What plays one voice: a General-MIDI program, how loud, how overdriven, in the manner of genre or mood."""

    program: int
    volume: float
    manner: str = "genre"
    drive: float = 0.0


@dataclass(frozen=True)
class Section:
    """A passage of a song. `pattern` names what it is played from: equal names, equal riffs and rhythms."""

    name: str
    pattern: str
    bars: int
    tempo: float  # quarter notes a minute
    genre: str
    mood: str
    chords: str
    voices: dict[str, Voice]
    energy: float = 1.0
    semitones: int = 0  # modulation
    habits: dict[str, int] = field(default_factory=dict)  # patterns chosen by hand, by number


GUITARS = {
    "drums": Voice(0, 0.9),
    "bass": Voice(33, 0.75),
    "riff": Voice(27, 0.5, drive=0.2),
}
VERSE = GUITARS | {"riff": Voice(27, 0.3), "chords": Voice(25, 0.6, "mood"), "lead": Voice(27, 0.5, "mood")}
CHORUS = GUITARS | {
    "riff": Voice(29, 0.5, drive=0.3),
    "chords": Voice(27, 0.4, "mood"),
    "lead": Voice(29, 0.4, "mood"),
}
SOLO = GUITARS | {"lead": Voice(30, 0.5, drive=0.2)}
QUIET = {
    "chords": Voice(25, 0.8, "mood"),
    "bass": Voice(33, 0.7, "mood"),
    "lead": Voice(27, 0.6, "mood"),
    "pad": Voice(18, 0.25),
    "drums": Voice(0, 0.5, "mood"),
}
PIANO = {"chords": Voice(0, 0.8, "mood"), "bass": Voice(0, 0.7, "mood"), "lead": Voice(0, 0.9, "mood")}
BALLAD = PIANO | {"chords": Voice(0, 0.8), "lead": Voice(52, 0.8, "mood")}
CHOIR = {"chords": Voice(52, 0.7, "mood"), "bass": Voice(43, 0.8), "lead": Voice(52, 0.8, "mood")}
QUESTION = CHOIR | {"chords": Voice(0, 0.8, "mood"), "bass": Voice(0, 0.8, "mood")}
STORM = CHOIR | {"pad": Voice(48, 0.35)}
HARD = {
    "drums": Voice(0, 0.9),
    "bass": Voice(34, 0.75),
    "riff": Voice(29, 0.6, drive=0.4),
    "lead": Voice(29, 0.4, "mood", drive=0.2),
}
HEAVY = {
    "drums": Voice(16, 0.9),
    "bass": Voice(34, 0.75),
    "riff": Voice(30, 0.65, drive=0.7),
    "chords": Voice(29, 0.3, "mood", drive=0.4),
    "lead": Voice(30, 0.45, "mood", drive=0.4),
}


def _kites() -> tuple[int, Mix, list[Section]]:
    """Key, sound and sections of the song in one style."""

    def verse(name, bars=16):
        return Section(name, "verse", bars, 134, "rock", "Q1", "I IV I V | I IV V I", VERSE)

    def chorus(name, bars=16, semitones=0):
        return Section(name, "chorus", bars, 136, "rock", "Q1", "I V IV I | vi IV V V", CHORUS, 1.1, semitones)

    quiet = "Imaj7 IVmaj7 | Imaj7 IVmaj7"
    sections = [
        Section("intro", "quiet", 6, 92, "rock", "Q4", quiet, QUIET, 0.75),
        verse("verse 1"),
        chorus("chorus 1"),
        verse("verse 2"),
        chorus("chorus 2"),
        Section("bridge", "quiet", 12, 84, "rock", "Q4", "IVmaj7 I | ii V", QUIET, 0.7),
        Section("solo", "solo", 8, 136, "rock", "Q1", "I bVII IV I", SOLO, 1.1),
        chorus("last chorus", 16, 2),
        Section("outro", "quiet", 4, 80, "rock", "Q4", quiet, QUIET, 0.65, 2),
    ]
    return 52, Mix(high_shelf_db=2, room=0.2, room_seconds=0.8, compression=0.3, level_db=-18), sections


def _rhapsody() -> tuple[int, Mix, list[Section]]:
    """Key, sound and sections of the rhapsody."""
    sections = [
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
    ]  # fmt: skip
    return 48, Mix(room=0.25, room_seconds=1.4, compression=0.15, level_db=-18), sections


SCORES = {"parade-of-kites": _kites, "lantern-rhapsody": _rhapsody}


def compose_song(slug: str, seed: int = 0) -> tuple[np.ndarray, pd.DataFrame]:
    """The song as float32 mono samples (n,) at 22,050 Hz, and its sections: start and end in s, genre, mood.

    The sections cover the whole song without a gap; the last chord's ring belongs to the last one.
    """
    key, mix, sections = SCORES[slug]()
    rng = generator(seed, "song", slug)
    lengths = np.array([s.bars * BEATS * 60 / s.tempo for s in sections])
    lengths[-1] += RING
    ends = np.cumsum(lengths)
    starts = ends - lengths
    audio = np.zeros(round(ends[-1] * SAMPLE_RATE), np.float32)
    for section, start, length in zip(sections, starts, lengths, strict=True):
        first = round(start * SAMPLE_RATE)
        for voice, notes in write_section(section, slug, key, seed).items():
            part = section.voices[voice]
            notes = humanise(louder(notes, section.energy), rng, mix.timing * section.tempo / 60, 3.0)
            played = Part(part.program, notes, voice == "drums", part.volume, part.drive)
            sound = play(played, section.tempo, length)[: len(audio) - first]
            audio[first : first + len(sound)] += sound
    table = pd.DataFrame({"start": starts, "end": ends}).round(3)
    for column in ("name", "genre", "mood"):
        table["section" if column == "name" else column] = [getattr(s, column) for s in sections]
    return apply_mix(audio, mix, rng), table


def write_section(section: Section, slug: str, key: int, seed: int) -> dict[str, list[Note]]:
    """The notes of each voice in beats from the section's start."""
    key = key + section.semitones
    chords = progression(section.chords, key)
    rng = generator(seed, "song", slug, section.pattern)
    minor = section.chords[0].islower()
    memory = {"minor": int(minor), "major": int(not minor), "sings": 1, "rest": 3}
    song = Memory(seed, slug, f"{slug} {section.pattern}", key, rng, dict(section.habits), memory)
    drawn = {pool: (section.mood, moods.pick(moods.patterns_of(section.mood, pool), rng)) for pool in moods.POOLS}
    voices: dict[str, list[Note]] = {name: [] for name in section.voices}
    for index in range(section.bars):
        last = index == section.bars - 1
        bar = Bar(song, index, chords[index % len(chords)], chords[(index + 1) % len(chords)])
        by_genre = BARS[section.genre](bar)
        by_mood = moods.write_bar(drawn, "harmonic" if minor else "major", bar.harmony, key, 0, rng)
        for name, voice in section.voices.items():
            notes = (by_mood if voice.manner == "mood" else by_genre)[name]
            if last and name != "drums":  # the last chord rings to the end
                notes = [replace(n, duration=max(n.duration, BEATS + 4 - n.start)) for n in notes]
            voices[name] += shift(notes, index * BEATS)
    return voices
