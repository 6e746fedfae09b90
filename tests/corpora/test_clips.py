"""Clips: where they lie, which tracks they are of, what is left out."""

import numpy as np
import pandas as pd
import pytest

from mercore import UserError
from mercore.corpora.clips import cut, draw_snippets


def tracks(**durations):
    return pd.DataFrame(
        {"label": "jazz", "artist": "Ada", "duration": list(durations.values())}, index=list(durations)
    )


def test_ten_clips_evenly_spaced_to_the_end():
    clips = cut(tracks(a=30.0, b=33.0))
    assert len(clips) == 20 and list(clips.columns) == ["track", "label", "artist", "index", "start"]
    assert np.allclose(clips[clips.track == "a"].start, np.arange(10) * 3.0)
    assert np.allclose(np.diff(clips[clips.track == "b"].start), 30 / 9)
    assert clips.index.equals(pd.RangeIndex(20)) and clips["index"].tolist() == 2 * list(range(10))


def test_a_short_track_overlaps_and_one_below_three_seconds_is_left_out_by_name():
    clips = cut(tracks(short=10.08, too_short=2.99, just=3.0), per_track=5)
    assert set(clips.track) == {"short", "just"} and clips.attrs["left_out"] == ("too_short",)
    short = clips[clips.track == "short"].start
    assert short.iloc[0] == 0 and short.iloc[-1] == pytest.approx(7.08) and np.diff(short).max() < 3
    assert (clips[clips.track == "just"].start == 0).all()


def test_only_short_tracks_is_the_users_mistake():
    with pytest.raises(UserError, match="none of the 2 tracks"):
        cut(tracks(a=1.0, b=2.0))


def test_one_clip_a_track_lies_at_its_start():
    assert cut(tracks(a=30.0), per_track=1).start.tolist() == [0.0]


def test_snippets_fit_in_the_song_and_depend_on_the_seed():
    starts = draw_snippets(60.0, count=500, seed=3)
    assert (np.diff(starts) >= 0).all() and starts[0] >= 0 and starts[-1] <= 57.0
    assert starts[0] < 2 and starts[-1] > 55
    assert (starts == draw_snippets(60.0, count=500, seed=3)).all()
    assert (starts != draw_snippets(60.0, count=500, seed=4)).any()
    with pytest.raises(UserError, match="too short"):
        draw_snippets(2.5)
