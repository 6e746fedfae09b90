"""Any song: the shares of genres and moods, over time, and how far they can be relied on.

Explained in 08_case_studies; `songs.predict` is behind `python -m mercore predict`.
"""

from mercore.songs.analysis import Analysis, analyse, analyse_over_time, window_step
from mercore.songs.reliability import Reliability, assess_reliability
from mercore.songs.song import COMPOSED_SONGS, Song, one_line, open_song

__all__ = [
    "COMPOSED_SONGS",
    "Analysis",
    "Reliability",
    "Song",
    "analyse",
    "analyse_over_time",
    "assess_reliability",
    "one_line",
    "open_song",
    "window_step",
]
