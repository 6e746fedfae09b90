"""Typical wrong answers to the exercises of 01_data, and the points that they keep."""

WRONG = {
    "plane": [
        ("valence and arousal exchanged", 'lullaby, tango, march, elegy = "Q2", "Q4", "Q1", "Q3"', 0),
        ("everything is happy", 'lullaby = tango = march = elegy = "Q1"', 0),
    ],
    "acquainted": [
        (
            "counts all ten clips, the tested one too",
            "def share_acquainted(per_track, train):\n    return 1 - (1 - train) ** per_track",
            0,
        ),
        ("the share of training clips", "def share_acquainted(per_track, train):\n    return train", 0),
    ],
    "artist-split": [
        (
            "splits by track",
            """
def split_by_artist(cut, test_share, seed):
    tracks = np.random.default_rng(seed).permutation(cut["track"].unique())
    tested = tracks[: int(test_share * len(tracks))]
    return cut["track"].isin(tested).map({True: "test", False: "train"})
""",
            0,
        ),
        (
            "splits clips",
            """
def split_by_artist(cut, test_share, seed):
    drawn = np.random.default_rng(seed).random(len(cut)) < test_share
    return pd.Series(np.where(drawn, "test", "train"), index=cut.index)
""",
            0,
        ),
        (
            "forgets the seed",
            """
def split_by_artist(cut, test_share, seed):
    artists = np.random.default_rng(0).permutation(cut["artist"].unique())
    tested = artists[: int(test_share * len(artists))]
    return cut["artist"].isin(tested).map({True: "test", False: "train"})
""",
            0,
        ),
    ],
    "stranger": [("hears another", 'stranger = "C"', 0), ("no letter", "stranger = 2", 0)],
}
