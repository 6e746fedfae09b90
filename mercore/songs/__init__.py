"""Any song: shares of genres and moods, over time, and how reliable they are.

Explained in 08_case_studies."""

from mercore.songs.analysis import (
    SLUGS,
    Analysis,
    Song,
    analyse,
    one_line,
    open_song,
)

__all__ = [
    "SLUGS",
    "Analysis",
    "Song",
    "analyse",
    "one_line",
    "open_song",
]
