"""What the interactive panels share: a still picture, sentences for screen readers, prose and players."""

import html
import io
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
WRAP = {"flex_flow": "row wrap", "align_items": "center"}  # layout of a row that breaks where the window is narrow


class Panel(ipywidgets.VBox):
    """Stack widgets, with a still picture for papermill, nbconvert and whatever else has no front end.

    Args:
        children: The widgets, from top to bottom.
        still: A figure, or the bytes of a PNG, that shows what the widgets show at first.
        alt: The picture in words; taken from the figure where one is given.
    """

    def __init__(self, children: list[ipywidgets.Widget], still: Figure | bytes, alt: str = ""):
        super().__init__(children)
        self.still, self.alt = (png(still), describe(still)) if isinstance(still, Figure) else (still, alt)
        self.add_class("mercore-panel")

    def _repr_mimebundle_(self, **kwargs) -> tuple[dict, dict]:
        # Front ends take the richest of these that they can show.
        bundle = super()._repr_mimebundle_(**kwargs) | {"image/png": b64encode(self.still).decode()}
        return bundle, {"image/png": {"alt": self.alt}}


class Sentence(ipywidgets.HTML):
    """Show plain text that wraps and takes the theme's colours, which ipywidgets.Label does not."""

    def __init__(self, text: str = "", role: str = "", **layout):
        super().__init__(layout=ipywidgets.Layout(**{"width": "auto", "min_width": "0"} | layout))
        self.say(text, role)

    def say(self, text: str, role: str = "status") -> None:
        """Show another text, escaped; screen readers announce a "status" when idle, an "alert" at once."""
        self.text = text
        spoken = f' role="{role}"' if role else ""
        colour = "; font-weight: 600; color: var(--jp-error-color1, #b3261e)" if role == "alert" else ""
        shown = f'<div{spoken} style="line-height: 1.4{colour}">{html.escape(text, quote=False)}</div>'
        self.value = shown if text else ""


class Rich(ipywidgets.Output):
    """Show Markdown or HTML in the style of the notebook, sanitised by the front end."""

    def show(self, content: str, mime: str = "text/markdown") -> None:
        """Replace what is shown."""
        output = {"output_type": "display_data", "data": {mime: content}, "metadata": {}}
        self.outputs = (output,) if content else ()


def png(fig: Figure) -> bytes:
    """Return a figure as the bytes of a PNG, at the resolution of a screen."""
    with io.BytesIO() as file:
        fig.savefig(file, format="png", dpi=SCREEN_DPI)
        return file.getvalue()


def wav(y: np.ndarray, sample_rate: int = SAMPLE_RATE) -> bytes:
    """Return samples `y` (n,) as the bytes of a 16-bit WAV, scaled down where they would clip."""
    with io.BytesIO() as file:
        soundfile.write(file, y / max(1.0, float(np.abs(y).max(initial=0))), sample_rate, "PCM_16", format="WAV")
        return file.getvalue()


def player(y: np.ndarray, sample_rate: int = SAMPLE_RATE) -> ipywidgets.Audio:
    """Return a player for samples `y` (n,) that waits to be started."""
    return ipywidgets.Audio(value=wav(y, sample_rate), format="wav", autoplay=False, loop=False)
