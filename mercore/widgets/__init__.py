"""What is interactive in the notebooks: each is an ipywidget, and a picture where there is no front end.

    widgets.SpectrogramExplorer(corpus)

Nothing else of `mercore` imports this package.
"""

from mercore.widgets.errors import ErrorExplorer
from mercore.widgets.laboratory import Laboratory
from mercore.widgets.listening import ListeningExplorer
from mercore.widgets.panel import Panel, player
from mercore.widgets.song_explorer import SongExplorer
from mercore.widgets.spectrogram import SpectrogramExplorer

__all__ = [
    "ErrorExplorer",
    "Laboratory",
    "ListeningExplorer",
    "Panel",
    "SongExplorer",
    "SpectrogramExplorer",
    "player",
]
