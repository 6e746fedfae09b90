"""What each corner of Russell's plane sounds like: harmony, figures, melody, percussion. Explained in 01_data.

The corners are the quadrants of the circumplex (Russell 1980, "A circumplex model of affect"): Q1 happy, excited;
Q2 angry, tense; Q3 sad; Q4 calm, relaxed. Which means of expression belong where follows Gabrielsson and
Lindström 2010 ("The role of structure in the musical expression of emotions", in Handbook of Music and Emotion)
and, for how it is played, Juslin and Laukka 2004 ("Expression, perception, and induction of musical emotions"):

- arousal, active against passive: fast or slow, many or few notes, detached or legato, hard or soft attack,
  high or low register;
- valence, positive against negative: major or minor and phrygian, consonance or seconds and tritones, bouncing
  or flowing even rhythm against irregular accents, rising against falling lines, sighs and trills.

Patterns are strings of 16 steps, one bar of four quarter notes; each pool is drawn from by `draw_corner`.
"""

import numpy as np

from mercore.composer.score import SCALES, Note, beat

STEP = 0.25  # beats, a sixteenth note
BAR = 4.0  # beats
POOLS = ("figure", "bass", "rhythm", "kit")

# (mode, scale degree of each bar's chord, counted from 0)
PROGRESSIONS = {
    "Q1": (
        ("major", (0, 3, 4, 0)),
        ("major", (0, 4, 5, 3)),
        ("mixolydian", (0, 6, 3, 0)),
        ("major", (0, 5, 1, 4)),
        ("lydian", (0, 1, 0, 4)),
    ),
    "Q2": (
        ("phrygian", (0, 1, 0, 1)),
        ("locrian", (0, 4, 0, 1)),
        ("harmonic", (0, 5, 1, 4)),
        ("phrygian", (0, 0, 6, 1)),
        ("locrian", (0, 1, 4, 1)),
    ),
    "Q3": (
        ("minor", (0, 6, 5, 4)),
        ("harmonic", (0, 3, 0, 4)),
        ("minor", (0, 5, 3, 4)),
        ("harmonic", (0, 3, 1, 4)),
        ("dorian", (0, 4, 0, 6)),
    ),
    "Q4": (
        ("major", (0, 3, 0, 3)),
        ("lydian", (0, 1, 0, 1)),
        ("major", (0, 2, 3, 4)),
        ("major", (0, 5, 3, 4)),
        ("mixolydian", (0, 3, 6, 3)),
    ),
}

# C chord, 1 to 6 its tones upwards, m the semitone over the lowest, t its tritone, X a cluster
FIGURES = {
    "Q1": (
        "..C...C...C...C.",
        "C..C..C.C..C..C.",
        "1.3C..3C1.3C..CC",
        "..CC..C...CC..C.",
        "1.2.3.4.3.4.5.6.",
        "1..3C..31..3C.5.",
    ),
    "Q2": (
        "C.CC.CC.C.CCC.CX",
        "1m1m1m1m1m1m1mXm",
        "X..X...X.XX..X..",
        "1.1m1.1t1.1m1.t1",
        "CCCCX.CCCCX.CCXX",
        "1111m111t1111m1X",
    ),
    "Q3": (
        "C.......C.......",
        "6...5...4...2...",
        "C...............",
        "1...C...C...C...",
        "5.4.3.1.........",
    ),
    "Q4": (
        "1.2.3.4.5.4.3.2.",
        "1.3.5.3.6.3.5.3.",
        "1.3.2.3.1.3.2.3.",
        "1..3..5.6..5..3.",
        "1.2.3.5.1.2.4.6.",
    ),
}

# 1 root, 3 third, 5 fifth, 8 octave, s the semitone above the root
BASSES = {
    "Q1": ("1..1..5.1..8..5.", "1...5...1...5.3.", "1.8.1.8.1.8.5.3.", "1.....1.5...3.5."),
    "Q2": ("1111111111111s1s", "1.1.1.1.1.1.s.1.", "1..1..1..s1..1s.", "1.11.11.1.11.1ss"),
    "Q3": ("1...............", "1.......5.......", "1.......1.......", "8.......1......."),
    "Q4": ("1...5...8...5...", "1.......5...8...", "1.....5.8.......", "1...3...5......."),
}

RHYTHMS = {
    "Q1": ("x.xx.xx.x.x.x...", "..x.x.xx..x.xx..", "x..x..x.x.x.xx..", "x.x.xx..x.x.xx.x"),
    "Q2": ("xxx.xxx.x.xx....", "x.....xxxxxx....", "x..xx.x..xx.x.xx", "xxxxxxxx....x..x"),
    "Q3": ("x.......x...x...", "x...........x...", "....x.....x.x...", "..x.......x....."),
    "Q4": ("x...x...x.......", "..x...x.x.......", "x.......x.x.x...", "x.....x.x......."),
}

# Steps of the line in scale degrees; in Q2 in semitones.
CONTOURS = {
    "Q1": (1, 2, 1, -1, 2, 4, -2, 1),
    "Q2": (0, 1, -1, 0, 1, -1, 6, -6, 13, -11),
    "Q3": (-1, -1, -1, -2, 0, 1, -1),
    "Q4": (1, 2, -1, 2, 1, -2, -1),
}

KITS = {
    "Q1": (
        {"kick": "x...x...x...x...", "snare": "....x.......x...", "open": "..x...x...x...x."},
        {"kick": "x.....x.x.....x.", "clap": "....x.......x..x", "hat": "x.xxx.xxx.xxx.xx"},
        {"kick": "x..x..x.x..x..x.", "snare": "....x..x....x...", "tambourine": "x.x.x.x.x.x.x.x."},
    ),
    "Q2": (
        {"kick": "x.xx.xx.x.xx.xxx", "snare": "....x.......x..x", "hat": "x.x.x.x.x.x.x.x."},
        {"kick": "xxxxxxxxxxxxxxxx", "snare": "....x.x.....x.xx", "crash": "x..............."},
        {"low_tom": "x..x.xx.x..x.xxx", "kick": "x...x..xx...x..x", "ride": "x.x.x.x.x.x.x.x."},
    ),
    "Q3": (
        {"kick": "x...............", "rim": "........x.......", "ride": "x...x...x...x..."},
        {"low_tom": "x.........x.....", "hat": "....x.......x..."},
        {"kick": "x.........x.....", "snare": "........x.......", "hat": "x...x...x...x..."},
    ),
    "Q4": (
        {"kick": "x.......x.......", "shaker": "x.x.x.x.x.x.x.x.", "rim": "....x.......x..."},
        {"shaker": "x...x.x.x...x.x.", "ride": "x.......x......."},
        {"kick": "x.........x.....", "rim": "....x.......x...", "hat": "x.x.x.x.x.x.x.x."},
    ),
}
REGISTERS = {"Q1": 2, "Q2": -3, "Q3": -3, "Q4": 2}  # semitones
# Share of the time to the next note for which a note sounds: staccato below 0.6, legato about 1.
ARTICULATION = {"Q1": 0.4, "Q2": 0.75, "Q3": 1.05, "Q4": 1.0}


def draw_corner(valence: float, arousal: float, rng: np.random.Generator) -> str:
    """The corner whose means the next choice uses; near an axis (0) it is often the neighbour's."""
    positive = rng.random() < 0.5 + 1.3 * valence
    active = rng.random() < 0.5 + 1.3 * arousal
    return ("Q1" if active else "Q4") if positive else ("Q2" if active else "Q3")


def pick(pool, rng: np.random.Generator):
    """One of a pool."""
    return pool[int(rng.integers(len(pool)))]


def build_chord(mode: str, degree: int, key: int) -> list[int]:
    """Root, third and fifth (MIDI pitches) on a degree (from 0) of the scale on `key`."""
    scale = SCALES[mode]
    return [key + scale[(degree + i) % 7] + 12 * ((degree + i) // 7) for i in (0, 2, 4)]


def spread(harmony, floor: int) -> list[int]:
    """Six tones of the chord upwards from the first one at or above `floor`."""
    classes = {p % 12 for p in harmony}
    return [p for p in range(floor, floor + 36) if p % 12 in classes][:6]


def write_figure(pattern, chord, start, velocity, articulation) -> list[Note]:
    """One bar of accompaniment from a pattern of FIGURES. Times in beats."""
    onsets = [i for i, c in enumerate(pattern) if c != "."]
    notes = []
    for i, following in zip(onsets, [*onsets[1:], 16], strict=True):
        symbol = pattern[i]
        low = chord[0]
        pitches = {
            "C": chord[:4],
            "X": [low, low + 1, low + 6, chord[2] + 1],
            "m": [low + 1],
            "t": [low + 6],
        }.get(symbol) or [chord[int(symbol) - 1]]
        accent = 8 if i % 4 == 0 else 16 if symbol == "X" else 0
        notes += [
            Note(start + i * STEP, (following - i) * STEP * articulation, p, velocity + accent - 3 * n)
            for n, p in enumerate(pitches)
        ]
    return notes


def write_bass(pattern, harmony, start, velocity, articulation) -> list[Note]:
    """One bar of bass from a pattern of BASSES."""
    root = 36 + harmony[0] % 12
    interval = {"1": 0, "3": harmony[1] - harmony[0], "5": 7, "8": 12, "s": 1}
    onsets = [i for i, c in enumerate(pattern) if c != "."]
    return [
        Note(start + i * STEP, (j - i) * STEP * articulation, root + interval[pattern[i]], velocity)
        for i, j in zip(onsets, [*onsets[1:], 16], strict=True)
    ]


def write_melody(corner, rhythm, mode, harmony, key, centre, start, velocity, rng) -> list[Note]:
    """One bar of melody around the pitch `centre`: the corner's contour over the bar's chord."""
    scale = [p for p in range(centre - 14, centre + 17) if (p - key) % 12 in SCALES[mode]]
    if corner == "Q4":  # without the fourth and seventh: a pentatonic line has no semitones
        scale = [p for p in scale if (p - key) % 12 not in (SCALES[mode][3], SCALES[mode][6])]
    target = centre + {"Q1": -3, "Q2": 0, "Q3": 6, "Q4": -2}[corner]
    tones = {p % 12 for p in harmony}
    pitch = min((p for p in scale if p % 12 in tones), key=lambda p: (abs(p - target), p))
    onsets = [i for i, c in enumerate(rhythm) if c == "x"]
    notes = []
    for i, following in zip(onsets, [*onsets[1:], 16], strict=True):
        time, length = start + i * STEP, (following - i) * STEP
        loud = velocity + (10 if i % 4 == 0 else 0)
        if corner == "Q3" and length >= 1 and rng.random() < 0.7:  # a sigh: the semitone above, then resolved
            notes += [
                Note(time, length * 0.4, pitch + 1, loud + 8),
                Note(time + length * 0.4, length * 0.65, pitch, loud - 14),
            ]
        elif corner == "Q2" and length >= 0.75:  # a trill
            steps = int(length / 0.125)
            notes += [Note(time + k * 0.125, 0.125, pitch + k % 2, loud + 4) for k in range(steps)]
        else:
            notes.append(Note(time, length * ARTICULATION[corner], pitch, loud))
        step = pick(CONTOURS[corner], rng)
        if corner == "Q2":
            pitch += step
            if abs(pitch - centre) > 13:
                pitch = centre + int(rng.integers(-3, 4))
        else:
            place = scale.index(min(scale, key=lambda p: abs(p - pitch))) + step
            pitch = scale[place] if 0 <= place < len(scale) else min(scale, key=lambda p: abs(p - target))
    return notes


def patterns_of(corner: str, pool: str):
    """All patterns of a pool ("progression", "figure", "bass", "rhythm" or "kit") in a corner."""
    pools = {"progression": PROGRESSIONS, "figure": FIGURES, "bass": BASSES, "rhythm": RHYTHMS, "kit": KITS}
    return pools[pool][corner]


def write_bar(drawn, mode, harmony, key, register, rng) -> dict[str, list[Note]]:
    """One bar of every voice from beat 0, at a middling velocity.

    `drawn`: for each of POOLS its corner and the pattern; `mode`: a key of SCALES for the melody; `harmony`: root,
    third and fifth; `register`: semitones above the usual.
    """
    (figured, figure), (grounded, bass), (sung, rhythm), (_, kit) = (drawn[pool] for pool in POOLS)
    chord = spread(harmony, 52 + register + REGISTERS[figured])
    centre = 70 + register + REGISTERS[sung]
    return {
        "chords": write_figure(figure, chord, 0, 80, ARTICULATION[figured]),
        "bass": write_bass(bass, harmony, 0, 86, ARTICULATION[grounded]),
        "lead": write_melody(sung, rhythm, mode, harmony, key, centre, 0, 92, rng),
        "pad": write_figure("C...............", chord, 0, 72, 1.0),
        "drums": beat(kit),
    }
