"""Play notes on General-MIDI instruments and mix them, used by exercise 08.

A piece is a list of `Part`s, each a list of `Note`s in beats for one instrument. `render` plays them through symusic's
synthesizer and the SoundFont TimGM6mb of pretty_midi, then applies a `Mix`. The synthesizer ignores velocity and
volume, so both are applied here: notes of similar velocity are played together and scaled.
"""

import importlib.util
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np
from scipy import fft
from symusic import Synthesizer
from symusic.core import NoteTick, ScoreTick, TempoTick, TrackTick

from mercore import UserError

SAMPLE_RATE = 22050
TICKS_PER_SECOND = 2000
VELOCITY_STEP = 12  # notes are played in groups of nearly equal velocity
HIGHEST = 90  # the synthesizer hangs, or reads beyond its samples, on the highest notes of some programs

Tempo = float | Sequence[tuple[float, float]]  # beats per minute, or (beat, beats per minute) of each change


@dataclass(frozen=True)
class Note:
    """One note: start and duration in beats, MIDI pitch, velocity 1 to 127."""

    start: float
    duration: float
    pitch: int
    velocity: float = 90


@dataclass
class Part:
    """An instrument and its notes. A `drive` of 0 to 1 distorts this part alone, as a guitar amplifier does.

    program is the General-MIDI program from 0, or with `drums` the kit: 0 standard, 8 room, 16 power, 24 electronic,
    25 TR-808, 40 brushes, 48 orchestra. At volume 1 all instruments are equally loud.
    """

    program: int
    notes: list[Note] = field(default_factory=list)
    drums: bool = False
    volume: float = 1.0
    drive: float = 0.0


@dataclass(frozen=True)
class Mix:
    """The sound of a recording: level, tone, room, dynamics and noise. Levels in dB, frequencies in Hz, times in s."""

    level_db: float = -20.0  # RMS of the finished track re. full scale
    low_shelf_db: float = 0.0  # below about 200 Hz
    mid_db: float = 0.0  # a wide bell around `mid_hz`
    mid_hz: float = 1200.0
    high_shelf_db: float = 0.0  # above about 3 kHz
    cutoff_hz: float = 11025.0  # low-pass, as of old tape or radio
    room: float = 0.15  # 0 dry .. 1 as much room as direct sound
    room_seconds: float = 0.8  # time in which the room decays by 60 dB
    compression: float = 0.2  # 0 none .. 1 every 50 ms equally loud
    saturation: float = 0.0  # 0 clean .. 1 whole mix strongly overdriven
    noise_db: float = -90.0  # tape hiss re. full scale
    crackle: float = 0.0  # clicks of a vinyl record per second
    timing: float = 0.006  # standard deviation of the players' timing in s
    touch: float = 6.0  # standard deviation of the players' velocity


Piece = tuple[list[Part], Tempo, Mix, np.random.Generator]  # the last draws the players' deviations


def generator(seed: int, *names: str | int) -> np.random.Generator:
    """Return a random generator for one purpose (task, artist, track), independent of all others."""
    return np.random.default_rng([seed, *(zlib.crc32(str(name).encode()) for name in names)])


def humanise(notes: Iterable[Note], rng: np.random.Generator, timing: float, touch: float) -> list[Note]:
    """Add normally distributed deviations to notes: `timing` in beats, `touch` in velocity (standard deviations)."""
    notes = list(notes)
    late = rng.normal(0, timing, len(notes)).tolist()
    hard = rng.normal(0, touch, len(notes)).tolist()
    return [
        Note(max(0.0, n.start + a), n.duration, n.pitch, min(max(n.velocity + b, 8.0), 127.0))
        for n, a, b in zip(notes, late, hard, strict=True)
    ]


def beats_to_seconds(beats: np.ndarray, tempo: Tempo) -> np.ndarray:
    """Convert times in beats to seconds."""
    if not isinstance(tempo, Sequence):
        return np.asarray(beats, float) * 60 / tempo
    marks, bpm = (np.array(column, float) for column in zip(*tempo, strict=True))
    times = np.concatenate([[0.0], np.cumsum(np.diff(marks) * 60 / bpm[:-1])])
    i = np.clip(np.searchsorted(marks, beats, side="right") - 1, 0, None)
    return times[i] + (np.asarray(beats) - marks[i]) * 60 / bpm[i]


def play(part: Part, tempo: Tempo, seconds: float) -> np.ndarray:
    """Play one part without a mix: mono float32 of shape (n,) at 22,050 Hz, cut off after `seconds`."""
    audio = np.zeros(round(seconds * SAMPLE_RATE), np.float32)
    if not part.notes:
        return audio
    synthesizer = _synthesizer()
    for level, notes in sorted(_group_by_velocity(part, tempo, seconds).items()):
        sound = _synthesize(synthesizer, part.program, part.drums, notes)[: len(audio)]
        audio[: len(sound)] += sound * (level * VELOCITY_STEP / 100) ** 1.7
    if part.drive:
        peak = float(np.percentile(np.abs(audio), 99.5)) or 1.0
        audio = np.tanh(audio / peak * (1 + 9 * part.drive)) * peak
    return part.volume * 0.1 / _loudness(part.program, part.drums) * audio


def _group_by_velocity(part: Part, tempo: Tempo, seconds: float) -> dict[int, list[NoteTick]]:
    starts = beats_to_seconds(np.array([note.start for note in part.notes]), tempo)
    ends = beats_to_seconds(np.array([note.start + note.duration for note in part.notes]), tempo)
    groups: dict[int, list[NoteTick]] = {}
    for note, start, end in zip(part.notes, starts, np.minimum(ends, seconds), strict=True):
        if 0 <= start < seconds - 0.02:
            pitch = note.pitch if part.drums else min(note.pitch, HIGHEST - 11 + (note.pitch - HIGHEST - 1) % 12)
            length = max(round((end - start) * TICKS_PER_SECOND), 40)
            group = groups.setdefault(round(note.velocity / VELOCITY_STEP), [])
            group.append(NoteTick(round(start * TICKS_PER_SECOND), length, int(pitch), 100))
    return groups


def _synthesizer():
    """Return a new synthesizer: one that has played before would sound slightly different."""
    package = importlib.util.find_spec("pretty_midi")
    soundfont = Path(package.origin).parent / "TimGM6mb.sf2" if package and package.origin else None
    if soundfont is None or not soundfont.is_file():
        raise UserError("the SoundFont TimGM6mb.sf2 is missing: install it with `pip install pretty_midi`")
    return Synthesizer(str(soundfont), SAMPLE_RATE, 0)


def _synthesize(synthesizer, program: int, drums: bool, notes: list[NoteTick]) -> np.ndarray:
    score = ScoreTick(TICKS_PER_SECOND)
    score.tempos.append(TempoTick(0, 60.0))
    track = TrackTick("", program, drums)
    for note in notes:
        track.notes.append(note)
    score.tracks.append(track)
    left, right = synthesizer.render(score, stereo=True)
    return (left + right) / 2


@cache
def _loudness(program: int, drums: bool) -> float:
    """Return the RMS of three notes: the levels of the SoundFont's samples differ tenfold."""
    half = TICKS_PER_SECOND // 2
    notes = [NoteTick(i * half, half, pitch, 100) for i, pitch in enumerate((36, 38, 42) if drums else (45, 57, 69))]
    sound = _synthesize(_synthesizer(), program, drums, notes)
    return float(np.sqrt(np.mean(sound[: 3 * SAMPLE_RATE // 2] ** 2)))


def _gain(frequency: np.ndarray, mix: Mix) -> np.ndarray:
    """Return the gain of shelves, bell and low-pass at each frequency (zero phase)."""
    grid = np.geomspace(20, SAMPLE_RATE / 2, 300)
    octaves = np.log2(grid)
    low = 1 / (1 + np.exp(3 * (octaves - np.log2(200))))
    high = 1 / (1 + np.exp(-3 * (octaves - np.log2(3000))))
    bell = np.exp(-0.5 * ((octaves - np.log2(mix.mid_hz)) / 0.7) ** 2)
    gain = 10 ** ((mix.low_shelf_db * low + mix.high_shelf_db * high + mix.mid_db * bell) / 20)
    return np.interp(frequency, grid, gain / np.sqrt(1 + (grid / mix.cutoff_hz) ** 8))


def _impulse_response(mix: Mix, rng: np.random.Generator) -> np.ndarray:
    """Return direct sound and room: noise that decays by 60 dB in `room_seconds`, high frequencies faster."""
    n = max(int(mix.room_seconds * SAMPLE_RATE), 64)
    t = np.arange(n) / SAMPLE_RATE
    tail = rng.standard_normal(n) * 10 ** (-3 * t / mix.room_seconds)
    tail[1:] += 0.7 * tail[:-1]
    tail[: int(0.008 * SAMPLE_RATE)] = 0  # before the first reflection
    tail *= mix.room / np.sqrt(np.sum(tail**2))
    tail[0] += 1.0
    return tail


def _filter(audio: np.ndarray, mix: Mix, rng: np.random.Generator) -> np.ndarray:
    room = _impulse_response(mix, rng)
    size = fft.next_fast_len(len(audio) + len(room), real=True)
    gain = _gain(np.arange(size // 2 + 1) * SAMPLE_RATE / size, mix)
    spectrum = fft.rfft(audio, size) * fft.rfft(room.astype(np.float32), size) * gain.astype(np.float32)
    return fft.irfft(spectrum, size)[: len(audio)]


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
    """Apply a mix to the sum of the parts: float32 of shape (n,) within -1 and 1, RMS near `mix.level_db`."""
    n = len(audio)
    audio = _filter(audio, mix, rng)
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


def render(parts: Sequence[Part], tempo: Tempo, seconds: float, mix: Mix, rng: np.random.Generator) -> np.ndarray:
    """Render a piece as a recording: mono float32 of shape (n,) at 22,050 Hz, within -1 and 1.

    `tempo` is in beats per minute, or (beat, beats per minute) of each change; `rng` draws the players' deviations,
    the room and the noise.
    """
    first = tempo[0][1] if isinstance(tempo, Sequence) else tempo
    total = np.zeros(round(seconds * SAMPLE_RATE), np.float32)
    for part in parts:
        notes = humanise(part.notes, rng, mix.timing * first / 60, mix.touch)
        total += play(replace(part, notes=notes), tempo, seconds)
    return apply_mix(total, mix, rng)
