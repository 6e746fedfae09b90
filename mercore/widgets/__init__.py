"""Interactive panels for the notebooks; each is a still picture where there is no front end.

    widgets.SpectrogramExplorer(corpus)

Used in 02_features (spectrogram), 03_conv to 06_end_to_end (explanations, laboratory), 07_results (errors),
08_case_studies (songs) and 10_laboratory.
"""

from mercore.widgets.errors import ErrorExplorer
from mercore.widgets.explain import ExplanationExplorer
from mercore.widgets.laboratory import Laboratory
from mercore.widgets.panel import Panel, player
from mercore.widgets.song_explorer import SongExplorer
from mercore.widgets.spectrogram import SpectrogramExplorer

__all__ = [
    "ErrorExplorer",
    "ExplanationExplorer",
    "Laboratory",
    "Panel",
    "SongExplorer",
    "SpectrogramExplorer",
    "player",
]
