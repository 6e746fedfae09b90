"""Write one bar in the manner of each quadrant of Russell's plane. Explained in 01_data.

Quadrants as in Russell 1980, "A circumplex model of affect": Q1 happy, excited; Q2 angry, tense; Q3 sad; Q4 calm. The
means of expression follow Gabrielsson and Lindström 2010, "The role of structure in the musical expression of
emotions", and Juslin and Laukka 2004, "Expression, perception, and induction of musical emotions". Arousal: fast or
slow, many or few notes, detached or legato, hard or soft attack, high or low register. Valence: major or minor,
consonance or seconds and tritones, even rhythm or irregular accents, rising or falling lines.
"""

from dataclasses import dataclass

import numpy as np

from mercore.composer.patterns import SCALES, write_drums
from mercore.composer.synth import Note

STEP = 0.25  # beats, a sixteenth note
POOLS = ("figure", "bass", "rhythm", "kit")


@dataclass(frozen=True)
class Quadrant:
    """Patterns of one quadrant: a bar of 16 steps, or for `progression` a scale and the degree of each bar's chord.

    In `figure` C is a chord, 1 to 6 its tones upwards, m the semitone above the lowest, t its tritone, X a cluster. In
    `bass` 1 is the root, 3 the third, 5 the fifth, 8 the octave, s the semitone above the root.
    """

    progression: tuple[str, ...]
    figure: tuple[str, ...]
    bass: tuple[str, ...]
    rhythm: tuple[str, ...]
    kit: tuple[str, ...]
    contour: tuple[int, ...]  # moves of the melody in scale degrees; in Q2 in semitones
    start: int  # where a bar of melody starts, in semitones from the centre of its range
    register: int  # semitones
    articulation: float  # share of the time to the next note for which a note sounds: staccato 0.4, legato 1


QUADRANTS = {
    "Q1": Quadrant(
        ("major 1451", "major 1564", "mixolydian 1741", "major 1625", "lydian 1215"),
        ("..C...C...C...C.", "C..C..C.C..C..C.", "1.3C..3C1.3C..CC", "..CC..C...CC..C.", "1.2.3.4.3.4.5.6.",
         "1..3C..31..3C.5."),
        ("1..1..5.1..8..5.", "1...5...1...5.3.", "1.8.1.8.1.8.5.3.", "1.....1.5...3.5."),
        ("x.xx.xx.x.x.x...", "..x.x.xx..x.xx..", "x..x..x.x.x.xx..", "x.x.xx..x.x.xx.x"),
        ("kick x...x...x...x... snare ....x.......x... open ..x...x...x...x.",
         "kick x.....x.x.....x. clap ....x.......x..x hat x.xxx.xxx.xxx.xx",
         "kick x..x..x.x..x..x. snare ....x..x....x... tambourine x.x.x.x.x.x.x.x."),
        contour=(1, 2, 1, -1, 2, 4, -2, 1), start=-3, register=2, articulation=0.4),
    "Q2": Quadrant(
        ("phrygian 1212", "locrian 1512", "harmonic 1625", "phrygian 1172", "locrian 1252"),
        ("C.CC.CC.C.CCC.CX", "1m1m1m1m1m1m1mXm", "X..X...X.XX..X..", "1.1m1.1t1.1m1.t1", "CCCCX.CCCCX.CCXX",
         "1111m111t1111m1X"),
        ("1111111111111s1s", "1.1.1.1.1.1.s.1.", "1..1..1..s1..1s.", "1.11.11.1.11.1ss"),
        ("xxx.xxx.x.xx....", "x.....xxxxxx....", "x..xx.x..xx.x.xx", "xxxxxxxx....x..x"),
        ("kick x.xx.xx.x.xx.xxx snare ....x.......x..x hat x.x.x.x.x.x.x.x.",
         "kick xxxxxxxxxxxxxxxx snare ....x.x.....x.xx crash x...............",
         "low_tom x..x.xx.x..x.xxx kick x...x..xx...x..x ride x.x.x.x.x.x.x.x."),
        contour=(0, 1, -1, 0, 1, -1, 6, -6, 13, -11), start=0, register=-3, articulation=0.75),
    "Q3": Quadrant(
        ("minor 1765", "harmonic 1415", "minor 1645", "harmonic 1425", "dorian 1517"),
        ("C.......C.......", "6...5...4...2...", "C...............", "1...C...C...C...", "5.4.3.1........."),
        ("1...............", "1.......5.......", "1.......1.......", "8.......1......."),
        ("x.......x...x...", "x...........x...", "....x.....x.x...", "..x.......x....."),
        ("kick x............... rim ........x....... ride x...x...x...x...",
         "low_tom x.........x..... hat ....x.......x...",
         "kick x.........x..... snare ........x....... hat x...x...x...x..."),
        contour=(-1, -1, -1, -2, 0, 1, -1), start=6, register=-3, articulation=1.05),
    "Q4": Quadrant(
        ("major 1414", "lydian 1212", "major 1345", "major 1645", "mixolydian 1474"),
        ("1.2.3.4.5.4.3.2.", "1.3.5.3.6.3.5.3.", "1.3.2.3.1.3.2.3.", "1..3..5.6..5..3.", "1.2.3.5.1.2.4.6."),
        ("1...5...8...5...", "1.......5...8...", "1.....5.8.......", "1...3...5......."),
        ("x...x...x.......", "..x...x.x.......", "x.......x.x.x...", "x.....x.x......."),
        ("kick x.......x....... shaker x.x.x.x.x.x.x.x. rim ....x.......x...",
         "shaker x...x.x.x...x.x. ride x.......x.......",
         "kick x.........x..... rim ....x.......x... hat x.x.x.x.x.x.x.x."),
        contour=(1, 2, -1, 2, 1, -2, -1), start=-2, register=2, articulation=1.0),
}  # fmt: skip


def draw_quadrant(valence: float, arousal: float, rng: np.random.Generator) -> str:
    """Draw the quadrant whose patterns are used next; near an axis it is often the neighbouring one."""
    positive = rng.random() < 0.5 + 1.3 * valence
    active = rng.random() < 0.5 + 1.3 * arousal
    return ("Q1" if active else "Q4") if positive else ("Q2" if active else "Q3")


def pick(pool, rng: np.random.Generator):
    """Draw one of a pool."""
    return pool[int(rng.integers(len(pool)))]


def build_triad(progression: str, bar: int, key: int) -> list[int]:
    """Return root, third and fifth of a bar's chord as pitches; `progression` as in 'major 1451', by scale degrees."""
    mode, degrees = progression.split()
    degree = int(degrees[bar % len(degrees)]) - 1
    return [key + SCALES[mode][(degree + i) % 7] + 12 * ((degree + i) // 7) for i in (0, 2, 4)]


def _with_lengths(pattern: str) -> list[tuple[int, int, str]]:
    """Return (step, steps to the next, symbol) of each stroke of a bar."""
    strokes = [i for i, symbol in enumerate(pattern) if symbol != "."]
    return [(i, j - i, pattern[i]) for i, j in zip(strokes, [*strokes[1:], 16], strict=True)]


def write_figure(pattern: str, triad: list[int], floor: int, velocity: float, articulation: float) -> list[Note]:
    """Return a bar of accompaniment, with the triad's tones upwards from the pitch `floor`."""
    classes = {pitch % 12 for pitch in triad}
    chord = [pitch for pitch in range(floor, floor + 36) if pitch % 12 in classes][:6]
    low = chord[0]
    tones = {str(i): [pitch] for i, pitch in enumerate(chord, 1)}
    tones |= {"C": chord[:4], "X": [low, low + 1, low + 6, chord[2] + 1], "m": [low + 1], "t": [low + 6]}
    notes = []
    for i, steps, symbol in _with_lengths(pattern):
        accent = 8 if i % 4 == 0 else 16 if symbol == "X" else 0
        pitches, length = enumerate(tones[symbol]), steps * STEP * articulation
        notes += [Note(i * STEP, length, pitch, velocity + accent - 3 * n) for n, pitch in pitches]
    return notes


def write_bass(pattern: str, triad: list[int], velocity: float, articulation: float) -> list[Note]:
    """Return a bar of bass."""
    interval = {"1": 0, "3": triad[1] - triad[0], "5": 7, "8": 12, "s": 1}
    root = 36 + triad[0] % 12
    return [Note(i * STEP, steps * STEP * articulation, root + interval[symbol], velocity)
            for i, steps, symbol in _with_lengths(pattern)]  # fmt: skip


def write_melody(label: str, rhythm: str, mode: str, triad: list[int], key: int, centre: int, rng) -> list[Note]:
    """Return a bar of melody around the pitch `centre`: the quadrant's contour over the bar's chord."""
    quadrant = QUADRANTS[label]
    scale = [p for p in range(centre - 14, centre + 17) if (p - key) % 12 in SCALES[mode]]
    if label == "Q4":  # without the fourth and seventh: a pentatonic line has no semitones
        scale = [p for p in scale if (p - key) % 12 not in (SCALES[mode][3], SCALES[mode][6])]
    target = centre + quadrant.start
    tones = {p % 12 for p in triad}
    pitch = min((p for p in scale if p % 12 in tones), key=lambda p: (abs(p - target), p))
    notes = []
    for i, steps, _ in _with_lengths(rhythm):
        notes += ornament(label, i * STEP, steps * STEP, pitch, 102 if i % 4 == 0 else 92, rng)
        move = pick(quadrant.contour, rng)
        if label == "Q2":
            pitch += move
            if abs(pitch - centre) > 13:
                pitch = centre + int(rng.integers(-3, 4))
        else:
            place = scale.index(min(scale, key=lambda p: abs(p - pitch))) + move
            pitch = scale[place] if 0 <= place < len(scale) else min(scale, key=lambda p: abs(p - target))
    return notes


def ornament(label: str, start: float, length: float, pitch: int, velocity: float, rng) -> list[Note]:
    """Return a note of a melody as the quadrant plays it: a long one as a sigh in Q3, as a trill in Q2."""
    if label == "Q3" and length >= 1 and rng.random() < 0.7:  # the semitone above, then resolved
        sigh = Note(start, length * 0.4, pitch + 1, velocity + 8)
        return [sigh, Note(start + length * 0.4, length * 0.65, pitch, velocity - 14)]
    if label == "Q2" and length >= 0.75:
        return [Note(start + k * 0.125, 0.125, pitch + k % 2, velocity + 4) for k in range(int(length / 0.125))]
    return [Note(start, length * QUADRANTS[label].articulation, pitch, velocity)]


def write_bar(drawn: dict, mode: str, triad: list[int], key: int, register: int, rng) -> dict[str, list[Note]]:
    """Write one bar of every voice, in beats from its start, of medium velocity.

    `drawn` holds for each of POOLS the quadrant and the pattern; `mode` is the melody's key of SCALES; `triad` root,
    third and fifth; `register` semitones above the usual.
    """
    (figured, figure), (grounded, bass), (sung, rhythm), (_, kit) = (drawn[pool] for pool in POOLS)
    floor = 52 + register + QUADRANTS[figured].register
    centre = 70 + register + QUADRANTS[sung].register
    return {
        "chords": write_figure(figure, triad, floor, 80, QUADRANTS[figured].articulation),
        "bass": write_bass(bass, triad, 86, QUADRANTS[grounded].articulation),
        "lead": write_melody(sung, rhythm, mode, triad, key, centre, rng),
        "pad": write_figure("C...............", triad, floor, 72, 1.0),
        "drums": write_drums(kit),
    }
