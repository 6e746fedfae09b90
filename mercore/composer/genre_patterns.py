"""Write one bar in the manner of each of ten genres. Explained in 01_data.

A genre has a table of patterns (16 steps a bar, or 12 where the beat is divided in three), from which each artist has
favourites, and a function that returns the notes of 'drums', 'bass', 'chords', 'riff', 'pad' and 'lead' in beats.
"""

from dataclasses import replace

import numpy as np

from mercore.composer.patterns import DRUMS, Bar, near, scale_velocity, shift, strum, write_drums, write_line
from mercore.composer.synth import Note

TRIPLET = 1 / 3  # beats
Voices = dict[str, list[Note]]

# fmt: off
BLUES = {
    "shuffle": ("hat x.xx.xx.xx.x kick x.....x..... snare ...X.....X..",
                "ride x.xx.xx.xx.x kick x....xx..... snare ...X.....X..",
                "hat xooxooxooxoo kick x.....x..x.. snare ...X.....X.o",
                "snare x.oX.ox.oX.o kick x.....x..... pedal ...x.....x..",
                "hat x.ox.ox.ox.o kick x..x..x..x.. snare2 ...X.....X.."),
    "walk": ((0, 4, 7, 9), (0, 4, 7, 10), (0, 0, 7, 9), (0, 7, 10, 7), (0, 4, 9, 7)),
    "pulse": ("x..x..x..x..", "x.ox.ox.ox.o", "x..x..x.ox.o"),
    "comp": ("...x.....x..", "...x.x...x.x", ".....x.....x", "..x..x..x..x", "x..........."),
    "phrase": ("x.xx.xx.....", "..xx.xx.xx..", "xxxx..x.....", "...x.xx.x...", "x.....x.xx.x"),
}
CLASSICAL = {
    "texture": ("alberti", "chorale", "arpeggio", "counterpoint", "tremolo", "nocturne"),
    "tune": ("x...x.x.x.......", "x.......x...x.x.", "x..xx...x.x.x.x.", "x.x.x.x.x.......", "x.....x.x...x..."),
}
COUNTRY = {
    "train": ("snare ooXoooXoooXoooXo kick X.......X.......",
              "snare2 ooXoooXoooXoooXo kick X...x...X...x...",
              "snare2 ooX.ooX.ooX.ooXo kick X.......X.......",
              "snare o.Xoo.Xoo.Xoo.Xo kick X.......X....... pedal ..x...x...x...x."),
    "two": ("half", "quarters", "walk-up"),
    "chick": ("..X...X...X...X.", "..X..xX...X..xX.", "..X...Xo..X...Xo"),
    "roll": ((0, 1, 2, 0, 1, 2, 0, 1), (0, 2, 1, 2, 0, 2, 1, 2), (2, 1, 0, 2, 1, 0, 2, 1)),
    "phrase": ("x...x.x.x...x...", "x.x.x...x.x.x...", "....x.x.x...x.x.", "x.....x.x.x....."),
    "double": (True, False),
}
DISCO = {
    "floor": ("kick X...X...X...X... open ..x...x...x...x. clap ....x.......x...",
              "kick X...X...X...X... open ..x...x...x...x. hat xo.oxo.oxo.oxo.o snare ....X.......X...",
              "kick X...X...X...X... open ..X...X...X...X. snare ....X.......X... tambourine o.o.o.o.o.o.o.o.",
              "kick X...X...X...X... open ..x...x...x...x. hat x..ox..ox..ox..o clap ....X.......X..."
              " cowbell x..x..x...x..x.."),
    "octave": ("x.x.x.x.x.x.x.x.", "x.x.x.xxx.x.x.xx", "x.xxx.xxx.xxx.xx"),
    "scratch": ("x.xx.xx.x.xx.xx.", "..xo..xo..xo..xo", "x..x..x.x..x..x.", ".xx..xx..xx..xx."),
    "stab": ("x.....x.........", "..x...x.........", "x..x..x.........", "............x.xx"),
    "hook": ("x..x..x...x.x...", "x.x...x.x.......", "....x..x..x.x..."),
}
HIPHOP = {
    "break": ("kick x.....x...x..... snare ....X.......X... hat x.x.x.x.x.x.x.x.",
              "kick x..x......x..x.. snare ....X.......X... hat x.x.x.xxx.x.x.x.",
              "kick x.x....x..x..... snare ....X..g.g..X... hat x.x.x.x.x.x.x.x. open ..............x.",
              "kick x......x.xx..... clap ....X.......X... hat x.xxx.x.x.xxx.xx",
              "kick x.........x..x.. clap ........X....... hat x.x.xxx.x.x.x.xx"),
    "loop": ("chop", "roll", "bells", "sustain"),
    "flow": ("xxx.xx.xxxx.x.x.", "x.xxx.x.xxx.xx..", ".xxxx.xx.xxxx.x."),
    "rolls": (True, False, False),
}
JAZZ = {
    "time": ("ride X..X.xX..X.x pedal ...X.....X..",
             "ride x..X.xx..X.x pedal ...X.....X.. kick g..g..g..g..",
             "ride X..X..X..X.x pedal ...X.....X.. rim .........x..",
             "bell o..x.xo..x.x ride X..X.xX..X.x pedal ...X.....X.."),
    "feel": ("walk", "walk", "two"),
    "comp": (("x....x......", "...x.....x.x", "x..........."), (".....x.....x", "x....x...x..", "............"),
             ("x..x.....x..", ".....x......", "...x.x......")),
}
METAL = {
    "chug": ("xxxxxxxxxxxxxxxx", "xxx.xxx.xxx.xxx.", "x.xxx.xxx.xxx.xx", "X.X.xxx.X.X.xxxx", "xx.xx.xx.xx.xxxx"),
    "double": (  # without a kick drum of its own it doubles the guitar
        "kick xxxxxxxxxxxxxxxx snare ....X.......X... china x...x...x...x...",
        "kick xxxxxxxxxxxxxxxx snare ..X...X...X...X. ride x.x.x.x.x.x.x.x.",
        "kick x.x.x.x.x.x.x.x. snare .x.x.x.x.x.x.x.x crash x...x...x...x...",
        "snare ........X....... open x...x...x...x...",
        "snare ....X.......X... china x...x...x...x...",
    ),
    "riff length": (2, 4),
    "answer": (True, False),
    "solo": ("xxxxxxxxxxxxxxxx", "xx.xxx.xxx.xxx.x", "x.x.x.x.xxxxxxxx", "x.......x......."),
    "scale": ("phrygian", "harmonic", "locrian"),
}
POP = {
    "backbeat": ("kick x.....x.x....... snare ....X.......X... hat xoxoxoxoxoxoxoxo",
                 "kick x..x..x...x..... snare ....X.......X... hat xoxoxoxoxoxoxoxo",
                 "kick x.......x.x..... clap ....X.......X... shaker xoxoxoxoxoxoxoxo",
                 "kick x..x....x..x.... snare ....X.......X... tambourine ..x...x...x...x.",
                 "kick x...x...x...x... clap ....X.......X... shaker xoxoxoxoxoxoxoxo"),
    "pulse": ("x.x.x.x.x.x.x.x.", "x..x..x.x..x..x.", "x.......x.....x.", "x..x..x........."),
    "comp": ("x..x..x...x..x..", "x..x..x.x..x..x.", "x...x...x...x...", "..x..x..x..x..x.", "x.x.x.x.x.x.x.x."),
    "order": ((0, 1, 2, 1), (0, 2, 1, 2), (2, 1, 0, 1)),
    "hook": ("x.xx..x.x.......", "x..x..x.x.x.....", "..x.x.xx..x.x...", "x.x.x.x...x.x..."),
}
REGGAE = {
    "drop": ("kick ........X....... rim ........X....... hat x.x.x.x.x.x.x.x.",
             "kick ........X....... snare ........X.....g. hat ..x...x...x...x.",
             "kick x.......X....... rim ........X..x.... hat x.xox.xox.xox.xo",
             "kick x...x...x...x... rim ........X....... hat ..x...x...x...xo",
             "kick ........X....... snare2 ........X....... hat o.x.o.x.o.x.o.x. high_conga ...x..x....x..x."),
    "bass tune": (("..x.x.x.x.......", (0, 0, 4, 7)),
                  ("x..x..x...x.x...", (0, 7, 5, 4, 0)),
                  ("....x.x.x..x..x.", (0, 0, 7, 4, 2)),
                  ("..xxx...x.x.....", (0, 0, 7, 12, 7)),
                  ("x.....x.x.x.....", (0, 4, 7, 9))),
    "skank": ("..x...x...x...x.", "....x.......x...", "..xo..xo..xo..xo", "..X...x...X...x."),
    "bubble": (".xx..xx..xx..xx.", ".xxx.xxx.xxx.xxx", "..xx..xx..xx..xx"),
    "sing": ("..x.x...x.......", "....x.xxx.......", "x...x.x.....x.x."),
}
ROCK = {
    "backbeat": ("kick x.......x.x..... snare ....X.......X... hat x.x.x.x.x.x.x.x.",
                 "kick x.x.....x.x..... snare ....X.......X... open x...x...x...x...",
                 "kick x.....x.x....... snare ....X..g....X... ride x.x.x.x.x.x.x.x.",
                 "kick x..x..x.x..x.... snare ....X.......X..x hat X.x.X.x.X.x.X.x.",
                 "kick x.x...x.x.x...x. snare ....X.......X... crash x...x...x...x..."),
    "riff": ("x.....x.x.......", "x..x..x.x.......", "x...x...x.x.x...", "x.x...x.x...x...", "x.......x..x..x."),
    "moving": (True, False, True),
    "strum": ("x...x...x...x...", "x.x.x.x.x.x.x.x.", "x.......x...x...", "x..x..x.x..x..x."),
    "bass": ("x.x.x.x.x.x.x.x.", "x.x.x.x.x.x.x.x.", "x..x..x.x..x..x."),
    "solo": ("x.x.xx.x..x.x...", "x...x.x.x.x.xxxx", "xx.xx.x.x.......", "x.......x.x.x..."),
    "scale": ("minor_pentatonic", "blues", "pentatonic"),
}
# fmt: on


def write_blues(bar: Bar) -> Voices:
    """Write a triplet shuffle: boogie bass, dominant sevenths, call and answer in the blues scale."""
    own = bar.pick(BLUES)
    root, low = bar.root(40), bar.root(50)
    walk = own["walk"] if own["pulse"].count(".") == 8 else [d for d in own["walk"] for _ in (0, 1)]
    upper = enumerate((7, 7, 9, 9, 10, 10, 9, 9))
    boogie = [n for i, p in upper for n in strum((low, low + p), i // 2 + i % 2 * 2 / 3, 0.3, 96 - 14 * (i % 2))]
    sings = bar.index % 4 < 3 or bar.rng.random() < 0.3
    length = 0.9 if own["comp"].count("x") < 2 else 0.3
    return {
        "drums": bar.add_fill(write_drums(own["shuffle"], step=TRIPLET), 0.4, TRIPLET),
        "bass": write_line(walk, root, own["pulse"], TRIPLET),
        "chords": bar.strike_chord(own["comp"], 62, TRIPLET, length),
        "riff": boogie,
        "pad": bar.hold_chord(60),
        "lead": bar.write_melody(own["phrase"], "blues", 70, bar.rng, TRIPLET, leap=0.2) if sings else [],
    }


def write_classical(bar: Bar) -> Voices:
    """Write a melody with a swell over one of six textures, without drums."""
    own = bar.pick(CLASSICAL)
    scale = "harmonic" if bar.song.minor else "major"
    lead = bar.write_melody(own["tune"][: 4 * bar.beats], scale, 76, bar.rng, hold=1.0, leap=0.1)
    if own["texture"] == "counterpoint":
        lead = bar.write_melody("x" * (4 * bar.beats), scale, 72, bar.rng, hold=0.8, leap=0.08)
    elif own["texture"] == "arpeggio" and not bar.song.sings:
        lead = []
    chords, bass = write_texture(bar, own["texture"])
    pad = bar.hold_chord(67, 56)
    swell = 0.75 + 0.35 * np.sin(np.pi * (bar.index % 8 + 0.5) / 8)
    voices = {"drums": [], "bass": bass, "chords": chords, "riff": [], "pad": pad, "lead": lead}
    return {name: scale_velocity(notes, swell) for name, notes in voices.items()}


def write_texture(bar: Bar, texture: str) -> tuple[list[Note], list[Note]]:
    """Return chords and bass of a classical accompaniment."""
    beats, close, low = bar.beats, bar.voicing(55, 3), bar.root(43)
    if texture == "alberti":
        return [Note(i / 4, 0.3, close[(0, 2, 1, 2)[i % 4]], 66) for i in range(4 * beats)], []
    if texture == "chorale":
        chords = [n for i in range(beats) for n in strum(bar.voicing(60 + i % 2 * 2), i, 0.98, 76)]
        return chords, [Note(i, 0.98, low + (0, 4, 0, 12)[i % 4], 80) for i in range(beats)]
    if texture == "arpeggio":
        broken = [low, *close, close[0] + 12, close[1] + 12, close[0] + 12, close[2]]
        return [Note(i / 4, 1.0, broken[i % 8], 72) for i in range(4 * beats)], [Note(0, beats, low, 80)]
    if texture == "counterpoint":
        tones = bar.rng.choice(bar.chord, 2 * beats)
        return [], [Note(i / 2, 0.42, near(tone, 50), 82) for i, tone in enumerate(tones)]
    if texture == "tremolo":
        chords = bar.strike_chord("x" * 2 * beats, 60, 0.5, 0.35)
        return chords, [Note(i, 0.9, low, 88) for i in range(beats)]
    return [n for i in range(1, beats) for n in strum(close, i, 0.6, 58)], [Note(0, beats, low, 76)]  # a nocturne


def write_country(bar: Bar) -> Voices:
    """Write a train beat: bass on root and fifth, boom-chick, banjo rolls, major pentatonic in sixths."""
    own = bar.pick(COUNTRY)
    root = bar.root(40)
    fifth = root + 7 if root < 43 else root - 5
    bass = [Note(0, 1.6, root, 100), Note(2, 1.6, fifth, 96)]
    if own["two"] == "quarters":
        bass = [Note(i, 0.8, (root, fifth)[i % 2], 100) for i in range(4)]
    elif own["two"] == "walk-up" and bar.ends_phrase:
        target = near(bar.next_chord[0], root)
        way = 1 if target > root else -1
        walk = ((root, 100), (fifth, 90), (target - 4 * way, 96), (target - 2 * way, 96))
        bass = [Note(i, 0.9, *note) for i, note in enumerate(walk)]
    high = bar.voicing(64, 3)
    roll = [high[own["roll"][i % 8] % len(high)] + 12 * (i % 8 == 7) for i in range(16)]
    tune = bar.write_melody(own["phrase"], "pentatonic", 72, bar.rng, hold=1.0)
    if own["double"]:
        tune += shift(tune, 0, -9 if bar.index % 2 else -5)
    return {
        "drums": bar.add_fill(write_drums(own["train"]), 0.25),
        "bass": bass,
        "chords": bar.strike_chord(own["chick"], 60, length=0.3, spread=0.01),
        "riff": [Note(i / 4, 0.35, pitch, 84 + 10 * (i % 4 == 0)) for i, pitch in enumerate(roll)],
        "pad": bar.hold_chord(64),
        "lead": tune,
    }


def write_disco(bar: Bar) -> Voices:
    """Write four on the floor: open hats off the beat, octave bass, sixteenth guitar, string stabs and runs."""
    own = bar.pick(DISCO)
    bass = write_line((0,), bar.root(40), own["octave"], hold=0.7)
    bass = [note for n in bass for note in shift([n], 0, 12 * (n.start % 1 >= 0.49))]
    run = bar.write_melody("xxxxxxxxx.......", "dorian", 79, bar.repeating("run", 4), hold=0.8, leap=0, fresh=True)
    hook = bar.repeating("hook", 2)
    return {
        "drums": bar.add_fill(write_drums(own["floor"]), 0.3),
        "bass": bass,
        "chords": bar.strike_chord(own["scratch"], 64, length=0.15),
        "riff": run if bar.index % 2 else bar.strike_chord(own["stab"], 74, length=0.4),
        "pad": bar.hold_chord(72, 74),
        "lead": bar.write_melody(own["hook"], "minor_pentatonic", 72, hook, hold=0.7, fresh=True),
    }


def write_hiphop(bar: Bar) -> Voices:
    """Write a break: sub bass under the kick, a loop of two bars, and speech on nearly one pitch."""
    own = bar.pick(HIPHOP)
    intervals, kick = (0, 0, 7, 0) if bar.index % 2 else (0,), own["break"].split()[1]
    rolls = [Note(3 + i / 8, 0.1, DRUMS["hat"], 60 + 6 * i) for i in range(8)] if bar.index % 4 == 1 else []
    flow = write_line((0,), 60, own["flow"])
    talk = [replace(n, duration=0.16, pitch=int(bar.rng.choice((59, 60, 62), p=(0.6, 0.3, 0.1)))) for n in flow]
    return {
        "drums": write_drums(own["break"]) + (rolls if own["rolls"] else []),
        "bass": write_line(intervals, bar.root(34), kick, hold=0.85),
        "chords": write_loop(bar, own["loop"]),
        "riff": bar.strike_chord("x...............", 72, length=0.3) if bar.index % 4 == 0 else [],
        "pad": bar.hold_chord(60, 60),
        "lead": talk,
    }


def write_loop(bar: Bar, kind: str) -> list[Note]:
    """Return a sample that comes back every two bars."""
    draw = bar.repeating("loop", 2)
    if kind == "chop":
        chops = ("x..x....x.......", "x.....x..x......", "x.......x..x....")
        return bar.strike_chord(draw.choice(chops), 64, length=0.5)
    if kind == "roll":
        return strum(bar.voicing(60), 0, 3.8, 80, 0.12)
    if kind == "bells":
        rhythm = draw.choice(("x..x..x...x.....", "x...x..x....x..."))
        return bar.write_melody(rhythm, "minor", 79, draw, fresh=True)
    return bar.hold_chord(67, 76)


def write_jazz(bar: Bar) -> Voices:
    """Write swing: ride cymbal, walking bass, sparse comping of wide chords, eighth-note lines with passing tones."""
    own = bar.pick(JAZZ)
    root = bar.root(41)
    drums = write_drums(own["time"], step=TRIPLET)
    chatter = bar.rng.choice(12, int(bar.rng.integers(0, 4)), replace=False).tolist()
    drums += [Note(i / 3, 0.2, DRUMS[("snare", "kick")[i % 2]], 48 + 5 * (i % 5)) for i in chatter]
    tones = [near(pitch, root + 4) for pitch in bar.chord[1:]]
    passing = bar.rng.choice(tones, 2).tolist()
    walk = [root, *passing, near(bar.next_chord[0], root) + int(bar.rng.choice((-1, 1, 2)))]
    bass = [Note(i, 0.92, pitch, 92 + 6 * (i % 2)) for i, pitch in enumerate(walk)]
    if own["feel"] == "two":
        bass = [Note(0, 1.8, root, 92), Note(2, 1.8, root + 7 if root < 42 else root - 5, 88)]
    upper = replace(bar, chord=bar.chord[1:])  # the bass plays the root
    comp = str(bar.rng.choice(own["comp"]))
    rhythm = str(bar.rng.choice(("x.xx.xx.xx.x", "x.xx.xx.x...", "...x.xx.xx.x", "xxxx.xx.xx..", "x.....x.xx.x")))
    scale = "dorian" if bar.song.minor else "major"
    lead = bar.write_melody(rhythm, scale, 72, bar.rng, TRIPLET, hold=0.95, leap=0.25, chromatic=0.2)
    return {
        "drums": bar.add_fill(drums, 0.15, TRIPLET),
        "bass": bass,
        "chords": upper.strike_chord(comp, 60, TRIPLET, 0.35),
        "riff": [],
        "pad": upper.hold_chord(62, 60),
        "lead": [] if (bar.index + bar.song.rest) % 4 == 3 else lead,
    }


def write_metal(bar: Bar) -> Voices:
    """Write low palm-muted riffs of power chords with minor second and tritone, and fast double kick."""
    own = bar.pick(METAL)
    low = bar.root(36)
    offsets = bar.repeating("riff", own["riff length"]).choice((0, 0, 0, 0, 1, 3, 5, 6), 16).tolist()
    chugs = write_line((0, *offsets[1:]), low, own["chug"], hold=0.6)
    riff = [n for chug in chugs for n in (chug, *shift([chug], 0, 7))]
    if bar.ends_phrase and own["answer"]:
        riff = [n for i, o in enumerate((0, 1, 5, 6)) for n in strum((low + o, low + o + 7), i, 0.9, 110)]
    return {
        "drums": bar.add_fill(write_drums(f"kick {own['chug']} {own['double']}"), 0.35),
        "bass": riff[::2],
        "chords": strum((low + 12, low + 19, low + 24), 0, 3.9, 80),
        "riff": riff,
        "pad": bar.hold_chord(60),
        "lead": bar.write_melody(own["solo"], own["scale"], 74, bar.rng, leap=0.08),
    }


def write_pop(bar: Bar) -> Voices:
    """Write a backbeat with syncopated keys, broken chords, and a hook that comes back every two bars."""
    own = bar.pick(POP)
    high, order = bar.voicing(72), own["order"]
    hook = bar.repeating("hook", 2)
    lead = bar.write_melody(own["hook"], "pentatonic", 74, hook, hold=0.85, fresh=True)
    return {
        "drums": bar.add_fill(write_drums(own["backbeat"]), 0.3),
        "bass": write_line((0,), bar.root(40), own["pulse"], hold=0.8),
        "chords": bar.strike_chord(own["comp"], 62, length=0.35),
        "riff": [Note(i / 2, 0.4, high[order[i % 4] % len(high)], 80) for i in range(8)],
        "pad": bar.hold_chord(64),
        "lead": lead,
    }


def write_reggae(bar: Bar) -> Voices:
    """Write one drop on the third beat, short chords off the beat, organ bubble, and a bass tune."""
    own = bar.pick(REGGAE)
    rhythm, tune = own["bass tune"]
    bubble = bar.strike_chord(own["bubble"], 66)
    bubble = [Note(n.start, 0.2, n.pitch - 12 * (n.start % 1 < 0.4), n.velocity - 8) for n in bubble]
    scale = "minor_pentatonic" if bar.song.minor else "pentatonic"
    return {
        "drums": bar.add_fill(write_drums(own["drop"]), 0.35),
        "bass": write_line(tune, bar.root(36), rhythm, hold=0.85),
        "chords": bar.strike_chord(own["skank"], 65, length=0.14),
        "riff": bubble,
        "pad": bar.hold_chord(60, 60),
        "lead": bar.write_melody(own["sing"], scale, 71, bar.rng) if bar.index % 4 < 2 else [],
    }


def write_rock(bar: Bar) -> Voices:
    """Write a backbeat with a riff of power chords, bass in eighths, and a pentatonic lead."""
    own = bar.pick(ROCK)
    low = bar.root(40)
    draw = bar.repeating("riff", 2)
    offsets = draw.choice((0, 0, 0, 3, 5, 7, 10), 16).tolist() if own["moving"] else (0,)
    riff = write_line(offsets, low, own["riff"], hold=0.85)
    return {
        "drums": bar.add_fill(write_drums(own["backbeat"]), 0.6),
        "bass": write_line((0,), low, own["bass"], hold=0.9),
        "chords": bar.strike_chord(own["strum"], 58, length=0.4, spread=0.01),
        "riff": [n for note in riff for n in (note, *shift([note], 0, 7))],
        "pad": bar.hold_chord(62),
        "lead": bar.write_melody(own["solo"], own["scale"], 72, bar.rng),
    }


BARS = {
    "blues": write_blues, "classical": write_classical, "country": write_country, "disco": write_disco,
    "hiphop": write_hiphop, "jazz": write_jazz, "metal": write_metal, "pop": write_pop, "reggae": write_reggae,
    "rock": write_rock,
}  # fmt: skip
