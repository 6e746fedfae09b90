"""The synthetic ("embedded") corpus: music that the project composes and renders itself.

Explained in 00_setup and 01_data. The core finds `render` and `render_songs` as entry points, see pyproject.toml.
"""

from mercore.composer.corpus import render, render_songs

__all__ = ["render", "render_songs"]
