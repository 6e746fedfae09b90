"""What all interactive parts of the workbook have in common: a picture for where nothing moves, sentences, players."""

import html
import io
import re
from base64 import b64encode

import ipywidgets
import numpy as np
import soundfile
from matplotlib.figure import Figure

from mercore.features import SAMPLE_RATE
from mercore.plots.style import describe

KEYBOARD = (
    "With the keyboard: Tab leads from control to control, ← and → move a slider, Enter presses and opens lists."
)
SCREEN_DPI = 100  # of pictures that change while one looks at them


class Panel(ipywidgets.VBox):
    """Widgets above each other, with a picture for papermill, nbconvert and everything else without a front end.

    still: drawn at once when the notebook runs, so it shows what the widgets show before anything is moved.
    alt: what it shows, in words; a figure can tell itself.
    """

    def __init__(self, children, still: Figure | bytes, alt: str = "", **options):
        super().__init__(children, **options)
        self.still, self.alt = (png(still), describe(still)) if isinstance(still, Figure) else (still, alt)
        self.add_class("mercore-panel")

    def _repr_mimebundle_(self, **kwargs) -> tuple[dict, dict]:
        # Front ends take the richest of these that they can show.
        bundle = super()._repr_mimebundle_(**kwargs) | {"image/png": b64encode(self.still).decode()}
        return bundle, {"image/png": {"alt": self.alt}}


class Sentence(ipywidgets.HTML):
    """Text that wraps and takes the theme's colours; ipywidgets.Label cuts off what is longer than its line.

    role: of what changes "status" or "alert" (ARIA), so that screen readers say it, an alert at once; else "".
    """

    def __init__(self, text: str = "", role: str = "", **layout):
        super().__init__(layout=ipywidgets.Layout(**{"width": "auto", "min_width": "0"} | layout))
        self.say(text, role)

    def say(self, text: str, role: str = "status", markdown: bool = False) -> None:
        """Show `text` letter by letter, never as markup but, if it is `markdown`, as `as_html` does."""
        self.text = text
        marked = as_html(text) if markdown else html.escape(text, quote=False)
        spoken = f' role="{role}"' if role else ""
        self.value = f'<div{spoken} style="line-height: 1.4">{marked}</div>' if text else ""


def png(fig: Figure) -> bytes:
    """A figure as the bytes of a PNG, at the resolution of a screen."""
    with io.BytesIO() as file:
        fig.savefig(file, format="png", dpi=SCREEN_DPI)
        return file.getvalue()


def wav(y: np.ndarray, sample_rate: int = SAMPLE_RATE) -> bytes:
    """Samples `y` (n,) as the bytes of a 16-bit WAV, made quieter where they would clip."""
    with io.BytesIO() as file:
        soundfile.write(file, y / max(1.0, float(np.abs(y).max(initial=0))), sample_rate, "PCM_16", format="WAV")
        return file.getvalue()


def player(y: np.ndarray, sample_rate: int = SAMPLE_RATE) -> ipywidgets.Audio:
    """A player for samples `y` (n,), silent until it is started."""
    return ipywidgets.Audio(value=wav(y, sample_rate), format="wav", autoplay=False, loop=False)


def as_html(markdown: str) -> str:
    """A sentence with **bold** and *emphasised* words as HTML; whatever else it holds stays text."""
    text = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", html.escape(markdown))
    return re.sub(r"\*(.+?)\*", r"<i>\1</i>", text)
