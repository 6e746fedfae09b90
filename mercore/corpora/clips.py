"""Cuts tracks into clips of three seconds and draws random snippets of a song. Explained in 01_data."""

import numpy as np
import pandas as pd

from mercore import UserError

CLIP_SECONDS = 3.0


def cut(tracks: pd.DataFrame, seconds: float = CLIP_SECONDS, per_track: int = 10) -> pd.DataFrame:
    """Clips of `seconds`, `per_track` of each track, their starts evenly spaced from 0 to the last that fits.

    `tracks` has the unique track name as index and the columns label, artist, duration (s). Where a track is
    shorter than all its clips end to end, they overlap. Returns one row a clip: track, label, artist, index
    (0, 1, ... in its track), start (s). Tracks shorter than one clip are named in `.attrs['left_out']`.
    Raises UserError if no track is long enough.
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
    """Starts (s, sorted) of `count` snippets drawn uniformly at random from a song of `duration` seconds."""
    if duration < seconds:
        raise UserError(f"a song of {duration:.2f} s is too short for a snippet of {seconds:g} s")
    return np.sort(np.random.default_rng(seed).uniform(0, duration - seconds, count))
