"""What is interactive in the notebooks: each is an ipywidget, and a picture where there is no front end.

    widgets.SpectrogramExplorer(corpus)

Nothing else of `mercore` imports this package.
"""

from mercore.widgets.panel import Panel, player
from mercore.widgets.song_explorer import SongExplorer

__all__ = ["Panel", "SongExplorer", "player"]
