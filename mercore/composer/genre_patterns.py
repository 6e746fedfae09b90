"""How ten genres are played: for each a function that writes one bar for every voice.

A bar function takes a `Bar` and returns the notes of 'drums', 'bass', 'chords', 'riff', 'pad' and 'lead' in beats
from the bar's start. Patterns are strings of strokes (`score.STROKES`), 16 steps a bar, or 12 where the beat is
divided in three. What an artist is in the habit of playing is asked with `bar.pick(name, options)`.
"""

import numpy as np

from mercore.composer.bars import Bar, held, line, melody, stabs, with_fill
from mercore.composer.score import DRUMS, Note, beat, near, shift, strum, voice

TRIPLET = 1 / 3


def blues(bar: Bar) -> dict[str, list[Note]]:
    """Shuffle in triplets, boogie bass, dominant sevenths, call and answer in the blues scale."""
    root = near(bar.harmony[0], 40)
    drums = bar.pick("shuffle", (
        {"hat": "x.xx.xx.xx.x", "kick": "x.....x.....", "snare": "...X.....X.."},
        {"ride": "x.xx.xx.xx.x", "kick": "x....xx.....", "snare": "...X.....X.."},
        {"hat": "xooxooxooxoo", "kick": "x.....x..x..", "snare": "...X.....X.o"},
        {"snare": "x.oX.ox.oX.o", "kick": "x.....x.....", "pedal": "...x.....x.."},
        {"hat": "x.ox.ox.ox.o", "kick": "x..x..x..x..", "snare2": "...X.....X.."},
    ))  # fmt: skip
    walk = bar.pick("walk", ((0, 4, 7, 9), (0, 4, 7, 10), (0, 0, 7, 9), (0, 7, 10, 7), (0, 4, 9, 7)))
    pulse = bar.pick("pulse", ("x..x..x..x..", "x.ox.ox.ox.o", "x..x..x.ox.o"))
    bass = line(walk if pulse.count(".") == 8 else [d for d in walk for _ in (0, 1)], root, pulse, TRIPLET)
    low = near(bar.harmony[0], 50)
    boogie = [Note(i // 2 + (i % 2) * 2 / 3, 0.3, low + d, 96 - 14 * (i % 2))
              for i in range(8) for d in (0, (7, 7, 9, 9, 10, 10, 9, 9)[i])]  # fmt: skip
    comp = bar.pick("comp", ("...x.....x..", "...x.x...x.x", ".....x.....x", "..x..x..x..x", "x..........."))
    answer = bar.pick("phrase", ("x.xx.xx.....", "..xx.xx.xx..", "xxxx..x.....", "...x.xx.x...", "x.....x.xx.x"))
    call = bar.index % 4 < 3 or bar.rng.random() < 0.3
    return {
        "drums": with_fill(bar, beat(drums, step=TRIPLET), 0.4, TRIPLET),
        "bass": bass,
        "chords": stabs(bar.harmony, comp, step=TRIPLET, length=0.9 if comp.count("x") < 2 else 0.3),
        "riff": boogie,
        "pad": held(bar.harmony, 60),
        "lead": melody(bar, answer, "blues", 70, bar.rng, TRIPLET, leap=0.2) if call else [],
    }


def classical(bar: Bar) -> dict[str, list[Note]]:
    """No drums: Alberti bass, chorale, broken chords, counterpoint or repeated strings under a shaped tune."""
    texture = bar.pick("texture", ("alberti", "chorale", "arpeggio", "counterpoint", "tremolo", "nocturne"))
    close = voice(bar.harmony[:3], 55)
    low = near(bar.harmony[0], 43)
    beats = bar.beats
    tune = bar.pick("tune", ("x...x.x.x.......", "x.......x...x.x.", "x..xx...x.x.x.x.", "x.x.x.x.x.......",
                             "x.....x.x...x..."))[: 4 * beats]  # fmt: skip
    scale = "major" if bar.song.memory["major"] else "harmonic"
    lead = melody(bar, tune, scale, 76, bar.rng, hold=1.0, leap=0.1)
    chords: list[Note] = []
    bass = [Note(0, beats, low, 80)]
    if texture == "alberti":
        chords = [Note(i / 4, 0.3, close[(0, 2, 1, 2)[i % 4]], 66) for i in range(4 * beats)]
        bass = []
    elif texture == "chorale":
        chords = [n for i in range(beats) for n in strum(voice(bar.harmony, 60 + (i % 2) * 2), i, 0.98, 76)]
        bass = [Note(i, 0.98, low + (0, 4, 7, 12)[i % 4] * (i % 2), 80) for i in range(beats)]
    elif texture == "arpeggio":
        spread = [low, *close, close[0] + 12, close[1] + 12, close[0] + 12, close[2]]
        chords = [Note(i / 4, 1.0, spread[i % 8], 72) for i in range(4 * beats)]
        lead = lead if bar.song.memory["sings"] else []
    elif texture == "counterpoint":
        lead = melody(bar, "x" * (4 * beats), scale, 72, bar.rng, hold=0.8, leap=0.08)
        bass = [Note(i / 2, 0.42, near(p, 50), 82) for i, p in enumerate(
            bar.rng.choice(bar.harmony, 2 * beats))]  # fmt: skip
    elif texture == "tremolo":
        chords = stabs(bar.harmony, "x" * 2 * beats, 60, 0.5, 0.35)
        bass = [Note(i, 0.9, low, 88) for i in range(beats)]
    else:
        bass = [Note(0, beats, low, 76)]
        chords = [n for i in range(1, beats) for n in strum(close, i, 0.6, 58)]
    swell = 0.75 + 0.35 * np.sin(np.pi * (bar.index % 8 + 0.5) / 8)
    voices = {"drums": [], "bass": bass, "chords": chords, "riff": [], "pad": held(bar.harmony, 67, beats, 56),
              "lead": lead}  # fmt: skip
    return {name: [Note(n.start, n.duration, n.pitch, n.velocity * swell) for n in notes]
            for name, notes in voices.items()}  # fmt: skip


def country(bar: Bar) -> dict[str, list[Note]]:
    """Train beat or two-step, bass on root and fifth, boom-chick, banjo rolls, major pentatonic in sixths."""
    root = near(bar.harmony[0], 40)
    drums = bar.pick("train", (
        {"snare": "ooXoooXoooXoooXo", "kick": "X.......X......."},
        {"snare2": "ooXoooXoooXoooXo", "kick": "X...x...X...x..."},
        {"snare2": "ooX.ooX.ooX.ooXo", "kick": "X.......X......."},
        {"snare": "o.Xoo.Xoo.Xoo.Xo", "kick": "X.......X.......", "pedal": "..x...x...x...x."},
    ))  # fmt: skip
    fifth = root + 7 if root < 43 else root - 5
    two = bar.pick("two", ("half", "quarters", "walk-up"))
    bass = [Note(0, 1.6, root, 100), Note(2, 1.6, fifth, 96)]
    if two == "quarters":
        bass = [Note(i, 0.8, (root, fifth)[i % 2], 100) for i in range(4)]
    elif two == "walk-up" and bar.fill:
        target = near(bar.following[0], root)
        way = 1 if target > root else -1
        bass = [Note(0, 0.9, root, 100), Note(1, 0.9, fifth, 90)]
        bass += [Note(2, 0.9, target - 4 * way, 96), Note(3, 0.9, target - 2 * way, 96)]
    chick = bar.pick("chick", ("..X...X...X...X.", "..X..xX...X..xX.", "..X...Xo..X...Xo"))
    high = voice(bar.harmony[:3], 64)
    order = bar.pick("roll", ((0, 1, 2, 0, 1, 2, 0, 1), (0, 2, 1, 2, 0, 2, 1, 2), (2, 1, 0, 2, 1, 0, 2, 1)))
    roll = [Note(i / 4, 0.35, high[order[i % 8] % len(high)] + 12 * (i % 8 == 7), 84 + 10 * (i % 4 == 0))
            for i in range(16)]  # fmt: skip
    phrase = bar.pick("phrase", ("x...x.x.x...x...", "x.x.x...x.x.x...", "....x.x.x...x.x.", "x.....x.x.x....."))
    tune = melody(bar, phrase, "pentatonic", 72, bar.rng, hold=1.0)
    if bar.pick("double", (True, False)):
        tune = tune + shift(tune, 0, -9 if bar.index % 2 else -5)
    return {
        "drums": with_fill(bar, beat(drums), 0.25),
        "bass": bass,
        "chords": stabs(bar.harmony, chick, 60, length=0.3, spread=0.01),
        "riff": roll,
        "pad": held(bar.harmony, 64),
        "lead": tune,
    }


def disco(bar: Bar) -> dict[str, list[Note]]:
    """Four on the floor, open hats between the beats, octave bass, sixteenth guitar, string stabs and runs."""
    root = near(bar.harmony[0], 40)
    drums = bar.pick("floor", (
        {"kick": "X...X...X...X...", "open": "..x...x...x...x.", "clap": "....x.......x..."},
        {"kick": "X...X...X...X...", "open": "..x...x...x...x.", "hat": "xo.oxo.oxo.oxo.o",
         "snare": "....X.......X..."},
        {"kick": "X...X...X...X...", "open": "..X...X...X...X.", "snare": "....X.......X...",
         "tambourine": "o.o.o.o.o.o.o.o."},
        {"kick": "X...X...X...X...", "open": "..x...x...x...x.", "hat": "x..ox..ox..ox..o", "clap": "....X.......X...",
         "cowbell": "x..x..x...x..x.."},
    ))  # fmt: skip
    jump = bar.pick("octave", ("x.x.x.x.x.x.x.x.", "x.x.x.xxx.x.x.xx", "x.xxx.xxx.xxx.xx"))
    low_high = [Note(n.start, n.duration, root + 12 * (n.start % 1 >= 0.49), n.velocity)
                for n in line((0,), root, jump, hold=0.7)]  # fmt: skip
    scratch = bar.pick("scratch", ("x.xx.xx.x.xx.xx.", "..xo..xo..xo..xo", "x..x..x.x..x..x.", ".xx..xx..xx..xx."))
    stab = bar.pick("stab", ("x.....x.........", "..x...x.........", "x..x..x.........", "............x.xx"))
    run = melody(bar, "xxxxxxxxx.......", "dorian", 79, bar.again("run", 4), hold=0.8, leap=0, fresh=True)
    hook = bar.pick("hook", ("x..x..x...x.x...", "x.x...x.x.......", "....x..x..x.x..."))
    return {
        "drums": with_fill(bar, beat(drums), 0.3),
        "bass": low_high,
        "chords": stabs(bar.harmony, scratch, 64, length=0.15),
        "riff": stabs(bar.harmony, stab, 74, length=0.4) if bar.index % 2 == 0 else run,
        "pad": held(bar.harmony, 72, velocity=74),
        "lead": melody(bar, hook, "minor_pentatonic", 72, bar.again("hook", 2), hold=0.7, fresh=True),
    }


def hiphop(bar: Bar) -> dict[str, list[Note]]:
    """A break of boom and bap, sub bass under the kick, a loop of one or two bars that comes back unchanged."""
    root = near(bar.harmony[0], 34)
    drums = bar.pick("break", (
        {"kick": "x.....x...x.....", "snare": "....X.......X...", "hat": "x.x.x.x.x.x.x.x."},
        {"kick": "x..x......x..x..", "snare": "....X.......X...", "hat": "x.x.x.xxx.x.x.x."},
        {"kick": "x.x....x..x.....", "snare": "....X..g.g..X...", "hat": "x.x.x.x.x.x.x.x.",
         "open": "..............x."},
        {"kick": "x......x.xx.....", "clap": "....X.......X...", "hat": "x.xxx.x.x.xxx.xx"},
        {"kick": "x.........x..x..", "clap": "........X.......", "hat": "x.x.xxx.x.x.x.xx"},
    ))  # fmt: skip
    kick = drums["kick"]
    bass = line((0, 0, 7, 0) if bar.index % 2 else (0,), root, kick, hold=0.85)
    kind = bar.pick("loop", ("chop", "roll", "bells", "sustain"))
    draw = bar.again("loop", 2)
    loop = {
        "chop": lambda: stabs(bar.harmony, draw.choice(("x..x....x.......", "x.....x..x......", "x.......x..x....")),
                              64, length=0.5),
        "roll": lambda: strum(voice(bar.harmony, 60), 0, 3.8, 80, 0.12),
        "bells": lambda: melody(bar, draw.choice(("x..x..x...x.....", "x...x..x....x...")), "minor", 79, draw,
                                fresh=True),
        "sustain": lambda: held(bar.harmony, 67, velocity=76),
    }[kind]()  # fmt: skip
    rolls = [Note(3 + i / 8, 0.1, DRUMS["hat"], 60 + 6 * i) for i in range(8)] if bar.index % 4 == 1 else []
    words = bar.pick("flow", ("xxx.xx.xxxx.x.x.", "x.xxx.x.xxx.xx..", ".xxxx.xx.xxxx.x."))
    low = {59: 0.6, 60: 0.3, 62: 0.1}  # a voice that hardly leaves its tone
    talk = [Note(n.start, 0.16, int(bar.rng.choice(list(low), p=list(low.values()))), n.velocity)
            for n in line((0,), 60, words)]  # fmt: skip
    return {
        "drums": beat(drums) + (rolls if bar.pick("rolls", (True, False, False)) else []),
        "bass": bass,
        "chords": loop,
        "riff": stabs(bar.harmony, "x...............", 72, length=0.3) if bar.index % 4 == 0 else [],
        "pad": held(bar.harmony, 60, velocity=60),
        "lead": talk,
    }


def jazz(bar: Bar) -> dict[str, list[Note]]:
    """Swung ride, walking bass, sparse comping of wide chords, eighth-note lines with passing tones."""
    root = near(bar.harmony[0], 41)
    time = bar.pick("time", (
        {"ride": "X..X.xX..X.x", "pedal": "...X.....X.."},
        {"ride": "x..X.xx..X.x", "pedal": "...X.....X..", "kick": "g..g..g..g.."},
        {"ride": "X..X..X..X.x", "pedal": "...X.....X..", "rim": ".........x.."},
        {"bell": "o..x.xo..x.x", "ride": "X..X.xX..X.x", "pedal": "...X.....X.."},
    ))  # fmt: skip
    drums = beat(time, step=TRIPLET)
    chatter = bar.rng.choice(12, int(bar.rng.integers(0, 4)), replace=False)
    drums += [Note(i / 3, 0.2, DRUMS[("snare", "kick")[int(i) % 2]], 48 + 5 * (int(i) % 5)) for i in chatter]
    tones = [near(p, root + 4) for p in bar.harmony[1:]]
    target = near(bar.following[0], root)
    walk = [root, int(bar.rng.choice(tones)), int(bar.rng.choice(tones)), target + int(bar.rng.choice((-1, 1, 2)))]
    bass = [Note(i, 0.92, p, 92 + 6 * (i % 2)) for i, p in enumerate(walk)]
    if bar.pick("feel", ("walk", "walk", "two")) == "two":
        bass = [Note(0, 1.8, root, 92), Note(2, 1.8, root + 7 if root < 42 else root - 5, 88)]
    comp = bar.rng.choice(bar.pick("comp", (("x....x......", "...x.....x.x", "x..........."),
                                            (".....x.....x", "x....x...x..", "............"),
                                            ("x..x.....x..", ".....x......", "...x.x......"))))  # fmt: skip
    rest = (bar.index + bar.song.memory["rest"]) % 4 == 3
    phrase = str(bar.rng.choice(("x.xx.xx.xx.x", "x.xx.xx.x...", "...x.xx.xx.x", "xxxx.xx.xx..", "x.....x.xx.x")))
    lead = melody(bar, phrase, "dorian" if bar.song.memory["minor"] else "major", 72, bar.rng, TRIPLET,
                  hold=0.95, leap=0.25, chromatic=0.2)  # fmt: skip
    return {
        "drums": with_fill(bar, drums, 0.15, TRIPLET),
        "bass": bass,
        "chords": stabs(bar.harmony[1:], str(comp), 60, TRIPLET, 0.35),
        "riff": [],
        "pad": held(bar.harmony[1:], 62, velocity=60),
        "lead": [] if rest else lead,
    }


def metal(bar: Bar) -> dict[str, list[Note]]:
    """Palm-muted low riffs with the kick drum at their side, minor second and tritone, fast double kick."""
    low = near(bar.harmony[0], 36)
    chug = bar.pick("chug", ("xxxxxxxxxxxxxxxx", "xxx.xxx.xxx.xxx.", "x.xxx.xxx.xxx.xx", "X.X.xxx.X.X.xxxx",
                             "xx.xx.xx.xx.xxxx"))  # fmt: skip
    drums = bar.pick("double", (
        {"kick": "xxxxxxxxxxxxxxxx", "snare": "....X.......X...", "china": "x...x...x...x..."},
        {"kick": "xxxxxxxxxxxxxxxx", "snare": "..X...X...X...X.", "ride": "x.x.x.x.x.x.x.x."},
        {"kick": "x.x.x.x.x.x.x.x.", "snare": ".x.x.x.x.x.x.x.x", "crash": "x...x...x...x..."},
        {"kick": chug, "snare": "........X.......", "open": "x...x...x...x..."},
        {"kick": chug, "snare": "....X.......X...", "china": "x...x...x...x..."},
    ))  # fmt: skip
    draw = bar.again("riff", bar.pick("riff length", (2, 4)))
    offsets = draw.choice((0, 0, 0, 0, 1, 3, 5, 6), 16)
    offsets[0] = 0
    riff = [n for note, offset in zip(line((0,), low, chug, hold=0.6), offsets, strict=False)
            for n in (Note(note.start, note.duration, low + int(offset), note.velocity),
                      Note(note.start, note.duration, low + 7 + int(offset), note.velocity))]  # fmt: skip
    if bar.fill and bar.pick("answer", (True, False)):
        riff = [n for i, o in enumerate((0, 1, 5, 6)) for n in strum((low + o, low + o + 7), i, 0.9, 110)]
    solo = bar.pick("solo", ("xxxxxxxxxxxxxxxx", "xx.xxx.xxx.xxx.x", "x.x.x.x.xxxxxxxx", "x.......x......."))
    scale = bar.pick("scale", ("phrygian", "harmonic", "locrian"))
    return {
        "drums": with_fill(bar, beat(drums), 0.35),
        "bass": [Note(n.start, n.duration, n.pitch, n.velocity) for n in riff[::2]],
        "chords": strum((low + 12, low + 19, low + 24), 0, 3.9, 80),
        "riff": riff,
        "pad": held(bar.harmony, 60),
        "lead": melody(bar, solo, scale, 74, bar.rng, leap=0.08),
    }


def pop(bar: Bar) -> dict[str, list[Note]]:
    """Backbeat, four chords that go round, syncopated keys, and a hook that comes back every two bars."""
    root = near(bar.harmony[0], 40)
    drums = bar.pick("backbeat", (
        {"kick": "x.....x.x.......", "snare": "....X.......X...", "hat": "xoxoxoxoxoxoxoxo"},
        {"kick": "x..x..x...x.....", "snare": "....X.......X...", "hat": "xoxoxoxoxoxoxoxo"},
        {"kick": "x.......x.x.....", "clap": "....X.......X...", "shaker": "xoxoxoxoxoxoxoxo"},
        {"kick": "x..x....x..x....", "snare": "....X.......X...", "tambourine": "..x...x...x...x."},
        {"kick": "x...x...x...x...", "clap": "....X.......X...", "shaker": "xoxoxoxoxoxoxoxo"},
    ))  # fmt: skip
    pulse = bar.pick("pulse", ("x.x.x.x.x.x.x.x.", "x..x..x.x..x..x.", "x.......x.....x.", "x..x..x........."))
    comp = bar.pick("comp", ("x..x..x...x..x..", "x..x..x.x..x..x.", "x...x...x...x...", "..x..x..x..x..x.",
                             "x.x.x.x.x.x.x.x."))  # fmt: skip
    order = bar.pick("order", ((0, 1, 2, 1), (0, 2, 1, 2), (2, 1, 0, 1)))
    high = voice(bar.harmony, 72)
    hook = bar.pick("hook", ("x.xx..x.x.......", "x..x..x.x.x.....", "..x.x.xx..x.x...", "x.x.x.x...x.x..."))
    tune = melody(bar, hook, "pentatonic", 74, bar.again("hook", 2), hold=0.85, fresh=True)
    return {
        "drums": with_fill(bar, beat(drums), 0.3),
        "bass": line((0,), root, pulse, hold=0.8),
        "chords": stabs(bar.harmony, comp, 62, length=0.35),
        "riff": [Note(i / 2, 0.4, high[order[i % 4] % len(high)], 80) for i in range(8)],
        "pad": held(bar.harmony, 64),
        "lead": tune,
    }


def reggae(bar: Bar) -> dict[str, list[Note]]:
    """One drop on the third beat, short chords off the beat, organ bubble, a bass tune that leaves out the one."""
    root = near(bar.harmony[0], 36)
    drums = bar.pick("drop", (
        {"kick": "........X.......", "rim": "........X.......", "hat": "x.x.x.x.x.x.x.x."},
        {"kick": "........X.......", "snare": "........X.....g.", "hat": "..x...x...x...x."},
        {"kick": "x.......X.......", "rim": "........X..x....", "hat": "x.xox.xox.xox.xo"},
        {"kick": "x...x...x...x...", "rim": "........X.......", "hat": "..x...x...x...xo"},
        {"kick": "........X.......", "snare2": "........X.......", "hat": "o.x.o.x.o.x.o.x.",
         "high_conga": "...x..x....x..x."},
    ))  # fmt: skip
    figure, tune = bar.pick("bass tune", (
        ("..x.x.x.x.......", (0, 0, 4, 7)),
        ("x..x..x...x.x...", (0, 7, 5, 4, 0)),
        ("....x.x.x..x..x.", (0, 0, 7, 4, 2)),
        ("..xxx...x.x.....", (0, 0, 7, 12, 7)),
        ("x.....x.x.x.....", (0, 4, 7, 9)),
    ))  # fmt: skip
    skank = bar.pick("skank", ("..x...x...x...x.", "....x.......x...", "..xo..xo..xo..xo", "..X...x...X...x."))
    bubble = [Note(n.start, 0.2, n.pitch - 12 * (n.start % 1 < 0.4), n.velocity - 8) for n in stabs(
        bar.harmony, bar.pick("bubble", (".xx..xx..xx..xx.", ".xxx.xxx.xxx.xxx", "..xx..xx..xx..xx")),
        66)]  # fmt: skip
    sing = bar.pick("sing", ("..x.x...x.......", "....x.xxx.......", "x...x.x.....x.x."))
    talk = bar.index % 4 < 2
    return {
        "drums": with_fill(bar, beat(drums), 0.35),
        "bass": line(tune, root, figure, hold=0.85),
        "chords": stabs(bar.harmony, skank, 65, length=0.14),
        "riff": bubble,
        "pad": held(bar.harmony, 60, velocity=60),
        "lead": melody(bar, sing, "minor_pentatonic" if bar.song.memory["minor"] else "pentatonic", 71, bar.rng)
        if talk else [],
    }  # fmt: skip


def rock(bar: Bar) -> dict[str, list[Note]]:
    """Backbeat with eighth-note hats, a riff of power chords, bass in eighths, pentatonic lead."""
    low = near(bar.harmony[0], 40)
    drums = bar.pick("backbeat", (
        {"kick": "x.......x.x.....", "snare": "....X.......X...", "hat": "x.x.x.x.x.x.x.x."},
        {"kick": "x.x.....x.x.....", "snare": "....X.......X...", "open": "x...x...x...x..."},
        {"kick": "x.....x.x.......", "snare": "....X..g....X...", "ride": "x.x.x.x.x.x.x.x."},
        {"kick": "x..x..x.x..x....", "snare": "....X.......X..x", "hat": "X.x.X.x.X.x.X.x."},
        {"kick": "x.x...x.x.x...x.", "snare": "....X.......X...", "crash": "x...x...x...x..."},
    ))  # fmt: skip
    rhythm = bar.pick("riff", ("x.....x.x.......", "x..x..x.x.......", "x...x...x.x.x...", "x.x...x.x...x...",
                               "x.......x..x..x."))  # fmt: skip
    draw = bar.again("riff", 2)
    wander = draw.choice((0, 0, 0, 3, 5, 7, 10), 16) if bar.pick("moving", (True, False, True)) else [0] * 16
    riff = [n for note, offset in zip(line((0,), low, rhythm, hold=0.85), wander, strict=False)
            for n in strum((low + int(offset), low + 7 + int(offset)), note.start,
                           note.duration, note.velocity)]  # fmt: skip
    strummed = bar.pick("strum", ("x...x...x...x...", "x.x.x.x.x.x.x.x.", "x.......x...x...", "x..x..x.x..x..x."))
    eighths = bar.pick("bass", ("x.x.x.x.x.x.x.x.", "x.x.x.x.x.x.x.x.", "x..x..x.x..x..x."))
    solo = bar.pick("solo", ("x.x.xx.x..x.x...", "x...x.x.x.x.xxxx", "xx.xx.x.x.......", "x.......x.x.x..."))
    return {
        "drums": with_fill(bar, beat(drums), 0.6),
        "bass": line((0,), low, eighths, hold=0.9),
        "chords": stabs(bar.harmony, strummed, 58, length=0.4, spread=0.01),
        "riff": riff,
        "pad": held(bar.harmony, 62),
        "lead": melody(bar, solo, bar.pick("scale", ("minor_pentatonic", "blues", "pentatonic")), 72, bar.rng),
    }


BARS = {
    "blues": blues, "classical": classical, "country": country, "disco": disco, "hiphop": hiphop,
    "jazz": jazz, "metal": metal, "pop": pop, "reggae": reggae, "rock": rock,
}  # fmt: skip
