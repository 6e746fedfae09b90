"""The engine of the embedded corpus: notes in beats -> audio, and the theory that composing needs.

A piece is a list of `Part`s, each a list of `Note`s for one General-MIDI instrument. `render` plays them through
symusic's synthesizer and the SoundFont TimGM6mb that pretty_midi carries, then gives them an artist's sound, its
`Mix`. The synthesizer knows neither velocity nor volume; both are applied here, notes of like velocity being
played together. The same score, mix and random generator give the same samples.
"""

import importlib.util
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np
from scipy import fft

from mercore import UserError

SAMPLE_RATE = 22050
TICKS_PER_SECOND = 2000
VELOCITY_STEP = 12  # notes are played in groups of nearly equal velocity
HIGHEST = 90  # the synthesizer hangs or reads beyond its samples on some programs' highest notes


@dataclass(frozen=True)
class Note:
    """One note: start and duration in beats, MIDI pitch, velocity 1 to 127."""

    start: float
    duration: float
    pitch: int
    velocity: float = 90


@dataclass
class Part:
    """An instrument and what it plays. With `drums`, `program` chooses the kit (0 standard, 8 room, 16 power,
    24 electronic, 25 TR-808, 40 brushes, 48 orchestra). `drive` > 0 distorts this part alone (an amplifier)."""

    program: int
    notes: list[Note] = field(default_factory=list)
    drums: bool = False
    volume: float = 1.0
    drive: float = 0.0


@dataclass(frozen=True)
class TrackSpec:
    """A track of the corpus: its id, its class, and who plays what."""

    track: str
    label: str
    artist: str
    title: str


def generator(seed: int, *names: str | int) -> np.random.Generator:
    """A random generator for one thing alone (task, artist, track), whatever else is drawn before or beside."""
    return np.random.default_rng([seed, *(zlib.crc32(str(name).encode()) for name in names)])


@dataclass(frozen=True)
class Mix:
    """An artist's sound: level, tone, room, dynamics and noise. Levels in dB, frequencies in Hz, times in s."""

    level_db: float = -20.0  # RMS of the finished track re. full scale
    low_shelf_db: float = 0.0  # below about 200 Hz
    mid_db: float = 0.0  # a wide bell around `mid_hz`
    mid_hz: float = 1200.0
    high_shelf_db: float = 0.0  # above about 3 kHz
    cutoff_hz: float = 11025.0  # above it the sound falls off (old tape, radio)
    room: float = 0.15  # 0 dry .. 1 as much room as direct sound
    room_seconds: float = 0.8  # time in which the room decays by 60 dB
    compression: float = 0.2  # 0 none .. 1 every 50 ms equally loud
    saturation: float = 0.0  # 0 clean .. 1 strongly overdriven whole mix
    noise_db: float = -90.0  # tape hiss re. full scale
    crackle: float = 0.0  # clicks of a vinyl record per second
    timing: float = 0.006  # sd of the players' timing
    touch: float = 6.0  # sd of the players' velocity


# --- Theory ---------------------------------------------------------------------------------------------------

SCALES = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "harmonic": (0, 2, 3, 5, 7, 8, 11),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "locrian": (0, 1, 3, 5, 6, 8, 10),
    "pentatonic": (0, 2, 4, 7, 9),
    "minor_pentatonic": (0, 3, 5, 7, 10),
    "blues": (0, 3, 5, 6, 7, 10),
    "chromatic": tuple(range(12)),
}
CHORDS = {  # semitones above the root, by what follows the roman numeral
    "": (0, 4, 7), "5": (0, 7), "6": (0, 4, 7, 9), "7": (0, 4, 7, 10), "maj7": (0, 4, 7, 11),
    "9": (0, 4, 7, 10, 14), "maj9": (0, 4, 7, 11, 14), "13": (0, 4, 10, 14, 21), "7b9": (0, 4, 7, 10, 13),
    "7#9": (0, 4, 7, 10, 15), "add9": (0, 4, 7, 14), "sus2": (0, 2, 7), "sus4": (0, 5, 7), "7sus4": (0, 5, 7, 10),
    "+": (0, 4, 8), "o": (0, 3, 6), "o7": (0, 3, 6, 9), "m7b5": (0, 3, 6, 10),
    "m": (0, 3, 7), "m6": (0, 3, 7, 9), "m7": (0, 3, 7, 10), "m9": (0, 3, 7, 10, 14), "mmaj7": (0, 3, 7, 11),
    "m11": (0, 3, 7, 10, 14, 17),
}  # fmt: skip
NUMERALS = {"i": 0, "ii": 2, "iii": 4, "iv": 5, "v": 7, "vi": 9, "vii": 11}


def degree(root: int, scale: str, n: int) -> int:
    """The MIDI pitch of the nth degree (0 = root, may be negative or beyond an octave) of a scale on `root`."""
    steps = SCALES[scale]
    return root + 12 * (n // len(steps)) + steps[n % len(steps)]


def chord(numeral: str, key: int) -> list[int]:
    """The pitches of a chord in root position, by its roman numeral relative to the major scale on `key`.

    Upper case is major, lower case minor; `b` or `#` before it alters the root; what follows is a key of CHORDS:
    'I', 'ii7', 'V7', 'bVII', 'Imaj7', 'viio', 'iim7b5', 'i5' (a power chord).
    """
    letters = numeral.lstrip("b#")
    shift = numeral[: len(numeral) - len(letters)]
    size = len(letters) - len(letters.lstrip("ivIV"))
    roman, kind = letters[:size], letters[size:]
    if roman.lower() not in NUMERALS or kind not in CHORDS:
        raise ValueError(f"'{numeral}' is no chord: a roman numeral, then one of {', '.join(CHORDS)}")
    if roman.islower() and "m" + kind in CHORDS:
        kind = "m" + kind
    root = key + NUMERALS[roman.lower()] + shift.count("#") - shift.count("b")
    return [root + interval for interval in CHORDS[kind]]


def progression(numerals: str, key: int) -> list[list[int]]:
    """The chords of 'I | vi | IV | V' (bar lines are for the reader), each as root-position pitches."""
    return [chord(numeral, key) for numeral in numerals.replace("|", " ").split()]


def voice(pitches: Sequence[int], centre: int) -> list[int]:
    """The same pitch classes, each in the octave nearest to `centre`: smooth voice leading between chords."""
    return sorted({centre + (p - centre + 6) % 12 - 6 for p in pitches})


def near(pitch: int, centre: int) -> int:
    """The pitch moved by octaves to within six semitones of `centre`."""
    return centre + (pitch - centre + 6) % 12 - 6


# --- Patterns -------------------------------------------------------------------------------------------------

DRUMS = {
    "kick": 36, "kick2": 35, "rim": 37, "snare": 38, "clap": 39, "snare2": 40, "low_tom": 45, "mid_tom": 47,
    "high_tom": 50, "floor_tom": 43, "hat": 42, "pedal": 44, "open": 46, "crash": 49, "ride": 51, "bell": 53,
    "china": 52, "tambourine": 54, "cowbell": 56, "shaker": 70, "maracas": 70, "high_bongo": 60, "low_bongo": 61,
    "mute_conga": 62, "high_conga": 63, "low_conga": 64, "claves": 75, "triangle": 81,
}  # fmt: skip
STROKES = {"X": 118, "x": 96, "o": 66, "g": 42}  # accent, normal, soft, ghost note


def steps(pattern: str, start: float = 0.0, step: float = 0.25) -> list[tuple[float, int]]:
    """The strokes of 'x...X...o.g.' as (beat, velocity); '.', '-' rest; blanks and bars are for the reader."""
    marks = pattern.replace(" ", "").replace("|", "")
    return [(start + i * step, STROKES[mark]) for i, mark in enumerate(marks) if mark not in ".-"]


def beat(patterns: dict[str, str], start: float = 0.0, step: float = 0.25) -> list[Note]:
    """Drum notes of one bar (or more) written as {'kick': 'x...x...', 'snare': '....x...'}, names from DRUMS."""
    return [
        Note(at, step, DRUMS[drum], velocity)
        for drum, pattern in patterns.items()
        for at, velocity in steps(pattern, start, step)
    ]


def strum(
    pitches: Iterable[int], start: float, duration: float, velocity: float = 90, spread: float = 0.0
) -> list[Note]:
    """A chord's notes together, or one after the other by `spread` beats."""
    return [
        Note(start + i * spread, max(duration - i * spread, 0.05), pitch, velocity) for i, pitch in enumerate(pitches)
    ]


def shift(notes: Iterable[Note], beats: float = 0.0, semitones: int = 0) -> list[Note]:
    """The notes later by `beats` and higher by `semitones`."""
    return [Note(n.start + beats, n.duration, n.pitch + semitones, n.velocity) for n in notes]


def louder(notes: Iterable[Note], factor: float) -> list[Note]:
    """The notes with their velocities times `factor`."""
    return [Note(n.start, n.duration, n.pitch, n.velocity * factor) for n in notes]


def swing(notes: Iterable[Note], ratio: float = 2.0, grid: float = 0.5) -> list[Note]:
    """The notes with every second position of `grid` beats late: `ratio` 1 is straight, 2 a triplet shuffle."""
    pair, middle = 2 * grid, 2 * grid * ratio / (1 + ratio)

    def warp(at: float) -> float:
        bar, within = divmod(at + 1e-9, pair)
        if within <= grid:
            return bar * pair + within * middle / grid
        return bar * pair + middle + (within - grid) * (pair - middle) / grid

    return [Note(warp(n.start), n.duration, n.pitch, n.velocity) for n in notes]


def humanise(notes: Iterable[Note], rng: np.random.Generator, timing: float = 0.01, touch: float = 6.0) -> list[Note]:
    """The notes with normally distributed slips: `timing` in beats (sd), `touch` in velocity (sd)."""
    notes = list(notes)
    late = rng.normal(0, timing, len(notes)) if timing else np.zeros(len(notes))
    hard = rng.normal(0, touch, len(notes)) if touch else np.zeros(len(notes))
    return [
        Note(max(0.0, n.start + a), n.duration, n.pitch, min(max(n.velocity + b, 8.0), 127.0))
        for n, a, b in zip(notes, late.tolist(), hard.tolist(), strict=True)
    ]


# --- Sound ----------------------------------------------------------------------------------------------------


def _synthesizer():
    """A new one for each part: symusic's remembers what it has played, and a track would depend on those before it."""
    from symusic import Synthesizer

    package = importlib.util.find_spec("pretty_midi")
    soundfont = Path(package.origin).parent / "TimGM6mb.sf2" if package else None
    if soundfont is None or not soundfont.is_file():
        raise UserError("the SoundFont TimGM6mb.sf2 is missing: install it with `pip install pretty_midi`")
    return Synthesizer(str(soundfont), SAMPLE_RATE, 0)


def _sound(synthesizer, program: int, drums: bool, ticks: list) -> np.ndarray:
    from symusic import Score, Tempo, Track

    score = Score(TICKS_PER_SECOND)
    score.tempos.append(Tempo(0, 60.0))
    track = Track("", program, drums)
    track.notes.extend(ticks)
    score.tracks.append(track)
    left, right = synthesizer.render(score, stereo=True)
    return (left + right) / 2


@cache
def _loudness(program: int, drums: bool) -> float:
    """RMS of a few notes: samples of the SoundFont differ tenfold, parts shall be equally loud by default."""
    from symusic import Note as Tick

    pitches = (36, 38, 42) if drums else (45, 57, 69)
    half = TICKS_PER_SECOND // 2
    sound = _sound(
        _synthesizer(), program, drums, [Tick(i * half, half, pitch, 100) for i, pitch in enumerate(pitches)]
    )
    return float(np.sqrt(np.mean(sound[: 3 * SAMPLE_RATE // 2] ** 2)))


def seconds_of(beats: np.ndarray, tempo: float | Sequence[tuple[float, float]]) -> np.ndarray:
    """When beats sound, in s. `tempo` is beats per minute, or [(beat, bpm), ...], each until the next."""
    if np.isscalar(tempo):
        return np.asarray(beats, float) * 60 / tempo
    marks, bpm = (np.array(column, float) for column in zip(*tempo, strict=True))
    times = np.concatenate([[0.0], np.cumsum(np.diff(marks) * 60 / bpm[:-1])])
    i = np.clip(np.searchsorted(marks, beats, side="right") - 1, 0, None)
    return times[i] + (np.asarray(beats) - marks[i]) * 60 / bpm[i]


def play(part: Part, tempo: float | Sequence[tuple[float, float]], seconds: float) -> np.ndarray:
    """One part, dry: (n,) float32 at 22,050 Hz. Notes are cut where the piece ends."""
    from symusic import Note as Tick

    n = round(seconds * SAMPLE_RATE)
    audio = np.zeros(n, np.float32)
    if not part.notes:
        return audio
    starts = seconds_of(np.array([note.start for note in part.notes]), tempo)
    ends = seconds_of(np.array([note.start + note.duration for note in part.notes]), tempo)
    groups: dict[int, list] = {}
    for note, start, end in zip(part.notes, starts, np.minimum(ends, seconds), strict=True):
        if 0 <= start < seconds - 0.02:
            pitch = note.pitch if part.drums else min(note.pitch, HIGHEST - 11 + (note.pitch - HIGHEST - 1) % 12)
            length = max(round((end - start) * TICKS_PER_SECOND), 40)
            group = groups.setdefault(round(note.velocity / VELOCITY_STEP), [])
            group.append(Tick(round(start * TICKS_PER_SECOND), length, int(pitch), 100))
    synthesizer = _synthesizer()
    for level, ticks in sorted(groups.items()):
        sound = _sound(synthesizer, part.program, part.drums, ticks)[:n]
        audio[: len(sound)] += sound * (level * VELOCITY_STEP / 100) ** 1.7
    if part.drive:
        peak = float(np.percentile(np.abs(audio), 99.5)) or 1.0
        audio = np.tanh(audio / peak * (1 + 9 * part.drive)) * peak
    return part.volume * 0.1 / _loudness(part.program, part.drums) * audio


def _tone(frequency: np.ndarray, mix: Mix) -> np.ndarray:
    """The gain of shelves, bell and cutoff at each frequency (zero phase, as on a graphic equaliser)."""
    grid = np.geomspace(20, SAMPLE_RATE / 2, 300)
    octaves = np.log2(grid)
    low = 1 / (1 + np.exp(3 * (octaves - np.log2(200))))
    high = 1 / (1 + np.exp(-3 * (octaves - np.log2(3000))))
    bell = np.exp(-0.5 * ((octaves - np.log2(mix.mid_hz)) / 0.7) ** 2)
    gain = 10 ** ((mix.low_shelf_db * low + mix.high_shelf_db * high + mix.mid_db * bell) / 20)
    return np.interp(frequency, grid, gain / np.sqrt(1 + (grid / mix.cutoff_hz) ** 8))


def _room(mix: Mix, rng: np.random.Generator) -> np.ndarray:
    """Direct sound and a room's answer: noise that decays by 60 dB in `room_seconds`, highs falling faster."""
    n = max(int(mix.room_seconds * SAMPLE_RATE), 64)
    t = np.arange(n) / SAMPLE_RATE
    tail = rng.standard_normal(n) * 10 ** (-3 * t / mix.room_seconds)
    tail[1:] += 0.7 * tail[:-1]
    tail[: int(0.008 * SAMPLE_RATE)] = 0  # the first reflection takes a few metres
    tail *= mix.room / np.sqrt(np.sum(tail**2))
    tail[0] += 1.0
    return tail


def _compress(audio: np.ndarray, amount: float) -> np.ndarray:
    block = SAMPLE_RATE // 20
    count = -(-len(audio) // block)
    padded = np.pad(audio, (0, count * block - len(audio)))
    level = np.sqrt(np.mean(padded.reshape(count, block) ** 2, axis=1))
    level = np.convolve(np.pad(level, 1, mode="edge"), (0.25, 0.5, 0.25), mode="valid")
    floor = 0.1 * np.sqrt(np.mean(audio**2)) + 1e-9
    gain = (np.sqrt(np.mean(audio**2) + 1e-18) / np.maximum(level, floor)) ** amount
    return audio * np.interp(np.arange(len(audio)), (np.arange(count) + 0.5) * block, gain)


def apply_mix(audio: np.ndarray, mix: Mix, rng: np.random.Generator) -> np.ndarray:
    """The dry sum of parts with the artist's sound: (n,) float32 within -1..1, RMS near `mix.level_db`."""
    n = len(audio)
    room = _room(mix, rng)
    size = fft.next_fast_len(n + len(room), real=True)
    gain = _tone(np.arange(size // 2 + 1) * SAMPLE_RATE / size, mix)
    spectrum = fft.rfft(audio, size) * fft.rfft(room.astype(np.float32), size) * gain.astype(np.float32)
    audio = fft.irfft(spectrum, size)[:n]
    if mix.compression:
        audio = _compress(audio, 0.7 * mix.compression)
    rms = float(np.sqrt(np.mean(audio**2))) or 1.0
    if mix.saturation:
        audio = np.tanh(audio / rms * (0.3 + 1.7 * mix.saturation))
        rms = float(np.sqrt(np.mean(audio**2))) or 1.0
    audio *= 10 ** (mix.level_db / 20) / rms
    audio += rng.standard_normal(n, dtype=np.float32) * np.float32(10 ** (mix.noise_db / 20))
    clicks = rng.poisson(mix.crackle * n / SAMPLE_RATE)
    audio[rng.integers(0, n, clicks)] += rng.normal(0, 1.5 * 10 ** (mix.level_db / 20), clicks)
    over = np.abs(audio) > 0.8  # a soft ceiling, so that nothing clips
    audio[over] = np.sign(audio[over]) * (0.8 + 0.19 * np.tanh((np.abs(audio[over]) - 0.8) / 0.19))
    return audio.astype(np.float32)


def render(
    parts: Sequence[Part],
    tempo: float | Sequence[tuple[float, float]],
    seconds: float,
    mix: Mix,
    rng: np.random.Generator,
) -> np.ndarray:
    """The piece as a recording: (n,) float32 mono at 22,050 Hz, never beyond -1..1.

    `tempo` is beats per minute, or [(beat, bpm), ...] for tempo changes and rubato; `rng` draws the players'
    slips and the room. All instruments are equally loud at volume 1, whatever their samples' level.
    """
    first = tempo if np.isscalar(tempo) else tempo[0][1]
    total = np.zeros(round(seconds * SAMPLE_RATE), np.float32)
    for part in parts:
        notes = humanise(part.notes, rng, mix.timing * first / 60, mix.touch)
        total += play(replace(part, notes=notes), tempo, seconds)
    return apply_mix(total, mix, rng)
