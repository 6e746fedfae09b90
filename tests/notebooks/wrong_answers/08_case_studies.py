"""Typical wrong answers to the exercises of 08_case_studies, and the points that they keep."""

METAL = """
def compose():
    guitar = synth.Part({program}, volume={volume}, drive={drive})
    kit = synth.Part(0, drums=True, volume={volume})
    piano = synth.Part(0, volume={piano})
    for bar in range(8):
        root = (40, 40, 41, 40)[bar % 4]
        for beat, velocity in patterns.parse_steps("x.xxx.xxx.xxx.xx"):
            guitar.notes += patterns.strum((root, root + 7), 4 * bar + beat, 0.25, velocity)
        kit.notes += patterns.write_drums("kick x.x.x.x.x.x.x.x. snare ....X.......X...", 4 * bar)
        piano.notes += patterns.strum((root + 20, root + 24, root + 27), 4 * bar, 4.0, 70)
    return [guitar, kit, piano], {tempo}, synth.Mix()
"""

WRONG = {
    "needed": [
        (
            "the normal approximation",
            """
def snippets_needed(half_width, share):
    return int(np.ceil(1.96**2 * share * (1 - share) / half_width**2))
""",
            0,
        ),
        (
            "the whole width instead of half of it",
            """
def snippets_needed(half_width, share):
    n = 1
    while np.ptp(evaluation.wilson(share * n, n)) > half_width:
        n += 1
    return n
""",
            0,
        ),
        (
            "always the worst case, a share of one half",
            """
def snippets_needed(half_width, share):
    n = 1
    while np.ptp(evaluation.wilson(0.5 * n, n)) > 2 * half_width:
        n += 1
    return n
""",
            0,
        ),
        (
            "half a class of a snippet",
            """
def snippets_needed(half_width, share):
    return round(1 / half_width**2)
""",
            0,
        ),
    ],
    "overlapping": [
        (
            "the other may begin later only",
            """
def share_overlapping(duration, seconds):
    return min(1, seconds / (duration - seconds))
partners = 99 * share_overlapping(240, 3)
""",
            0,
        ),
        (
            "forgets the ends of the song",
            """
def share_overlapping(duration, seconds):
    return min(1, 2 * seconds / (duration - seconds))
partners = 99 * share_overlapping(240, 3)
""",
            0,
        ),
        (
            "starts may lie anywhere in the song",
            """
def share_overlapping(duration, seconds):
    return 1 - (1 - seconds / duration) ** 2
partners = 99 * share_overlapping(240, 3)
""",
            0,
        ),
    ],
    "border": [
        ("hears a border in another excerpt", 'crossing, after = "C", 3.9', 0),
        ("gives the middle of the snippet", 'crossing, after = "B", 5.4', 0),
        ("counts from the song's start", 'crossing, after = "B", 166.4', 0),
    ],
    "fool": [
        ("honest metal that fools nobody", METAL.format(program=30, volume=0.7, drive=0.6, piano=0.1, tempo=160), 2),
        ("the metal can't be heard", METAL.format(program=30, volume=0.02, drive=0.6, piano=0.9, tempo=160), 0),
        ("a slow clean guitar", METAL.format(program=25, volume=0.7, drive=0.0, piano=0.5, tempo=80), 0),
        (
            "ends after two bars",
            """
def compose():
    guitar = synth.Part(30, patterns.strum((52, 59), 0, 8), drive=0.5)
    kit = synth.Part(0, patterns.write_drums("kick x.x.x.x.x.x.x.x."), drums=True)
    return [guitar, kit], 160, synth.Mix(high_shelf_db=-12, low_shelf_db=-8)
""",
            0,
        ),
    ],
    "at-a-loss": [
        (
            "more for all is more certain",
            'more_for_all, less_for_all, doubled, least, noise_sum = "rises", "falls", "rises", 0.1, 1',
            0,
        ),
        (
            "doubling changes nothing, and noise gets nothing",
            'more_for_all, less_for_all, doubled, least, noise_sum = "stays", "stays", "stays", 0.1, 0',
            0,
        ),
        (
            "the winner must have a half",
            'more_for_all, less_for_all, doubled, least, noise_sum = "stays", "stays", "rises", 0.5, 1',
            0,
        ),
    ],
}
