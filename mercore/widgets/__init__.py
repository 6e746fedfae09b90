"""What is interactive in the notebooks: each is an ipywidget, and a picture where there is no front end.

    widgets.SpectrogramExplorer(corpus)

Nothing else of `mercore` imports this package.
"""

from mercore.widgets.laboratory import Laboratory
from mercore.widgets.listening import ListeningExplorer
from mercore.widgets.panel import Panel, player

__all__ = ["Laboratory", "ListeningExplorer", "Panel", "player"]
