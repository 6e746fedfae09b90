"""Cut tracks into clips of three seconds and draw random snippets of a song. Explained in 01_data."""

import numpy as np
import pandas as pd

from mercore import UserError

CLIP_SECONDS = 3.0


def cut(tracks: pd.DataFrame, seconds: float = CLIP_SECONDS, per_track: int = 10) -> pd.DataFrame:
    """Cut each track into clips with evenly spaced starts; in short tracks they overlap.

    Args:
        tracks: One row a track, by name, with the columns label, artist, duration (s), as `Corpus.usable`.
        seconds: Length of a clip.
        per_track: Number of clips of a track.

    Returns:
        One row a clip: track, label, artist, index (0, 1, ... in its track), start (s). `attrs["left_out"]` has the
        names of tracks that are shorter than one clip.

    Raises:
        UserError: No track is long enough.
    """
    long_enough = tracks[tracks["duration"] >= seconds]
    left_out = tuple(tracks.index[tracks["duration"] < seconds])
    if long_enough.empty:
        raise UserError(f"none of the {len(tracks)} tracks is as long as one clip ({seconds:g} s)")
    starts = np.linspace(0, long_enough["duration"].to_numpy(float) - seconds, per_track, axis=1)
    clips = pd.DataFrame(
        {
            "track": np.repeat(long_enough.index.to_numpy(), per_track),
            "label": np.repeat(long_enough["label"].to_numpy(), per_track),
            "artist": np.repeat(long_enough["artist"].to_numpy(), per_track),
            "index": np.tile(np.arange(per_track), len(long_enough)),
            "start": starts.ravel(),
        }
    )
    clips.attrs["left_out"] = left_out
    return clips


def draw_snippets(duration: float, count: int = 100, seconds: float = CLIP_SECONDS, seed: int = 0) -> np.ndarray:
    """Draw the starts (s, sorted) of `count` snippets uniformly at random from a song of `duration` seconds."""
    if duration < seconds:
        raise UserError(f"a song of {duration:.2f} s is too short for a snippet of {seconds:g} s")
    return np.sort(np.random.default_rng(seed).uniform(0, duration - seconds, count))
