"""Ask a network which moments of a clip it listened to. Used in 03_conv, 05_conv_recurrent and 06_end_to_end."""

import ipywidgets
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from mercore.corpora.labels import class_label
from mercore.evaluation import explain
from mercore.plots.explain import plot_listening
from mercore.plots.explain_text import tell_agreement, tell_window
from mercore.plots.style import PAIR, describe, new_figure, styled, wrap
from mercore.widgets.panel import Panel, Sentence, player, png, wav

PREDICTED = ""  # the choice of a class: whichever the network named
WIDE = {"width": "30em"}


class ListeningExplorer(Panel):
    """A clip, a class and a method to choose; the picture of what mattered when, the clip, and its two seconds.

    run: a finished training with its weights. corpus: the one it was trained on. clip: the row of `run.predictions`
    to begin with, by default a typical one. What can't be shown is told in the place of the sentence.
    """

    def __init__(self, run, corpus, clip: pd.Series | None = None):
        self.run, self.corpus, self.heard = run, corpus, None
        self._clips = explain.clips_of(run)
        clip = explain.typical_clip(run) if clip is None else clip
        tracks = self._clips.drop_duplicates("track")
        self.track = _choice(
            "Track",
            [(f"{name} ({class_label(label)})", name) for name, label in tracks[["track", "label"]].to_numpy()],
        )
        self.clip = _choice("Clip", [])
        classes = [("the predicted class", PREDICTED), *((class_label(name), name) for name in run.classes)]
        self.asked = _choice("Explain", classes)
        self.method = _choice("Method", [])
        self.picture = ipywidgets.Image(format="png", layout={"max_width": "100%", "object_fit": "contain"})
        self.sentence = Sentence()
        self.whole, self.best = player(np.zeros(1)), player(np.zeros(1))
        players = [
            ipywidgets.VBox([ipywidgets.Label(label), sound])
            for label, sound in (("The clip", self.whole), ("The two seconds that mattered most", self.best))
        ]
        self._settle(clip)
        self._listen()
        choices = [ipywidgets.HBox([self.track, self.clip]), ipywidgets.HBox([self.asked, self.method])]
        parts = [*choices, self.picture, ipywidgets.HBox(players), self.sentence]
        super().__init__(parts, self.picture.value, describe(self.figure))
        self.track.observe(self._another_track, "value")
        self.clip.observe(lambda _: self._listen(), "value")
        self.asked.observe(lambda _: self._listen(), "value")
        self.method.observe(lambda _: self._show(), "value")

    def _settle(self, clip: pd.Series) -> None:
        """Put the choices of track and clip on this row."""
        self.track.value = clip["track"]
        self.clip.options = self._clips_of(clip["track"])
        self.clip.value = clip.name

    def _clips_of(self, track: str) -> list[tuple[str, int]]:
        rows = self._clips[self._clips["track"] == track]
        return [(f"from {row.start:.1f} s → {class_label(row.predicted)}", row.Index) for row in rows.itertuples()]

    def _another_track(self, change) -> None:
        self.clip.options = self._clips_of(change["new"])  # chooses the first of them, which is listened to

    def _listen(self) -> None:
        """Ask the network anew and show what it says, or why it can't be asked."""
        try:
            clip = self._clips.loc[self.clip.value]
            self.heard = explain.listen(self.run, self.corpus, clip, self.asked.value)
        except (ValueError, OSError) as error:  # a missing file, other clips, no weights: UserError is a ValueError
            self.heard = None
            self._draw(_told(str(error)))
            self.sentence.say(str(error), "alert")
            self.whole.value = self.best.value = wav(np.zeros(1))
            return
        self.whole.value = wav(self.heard.samples)
        if self.method.value is None:  # what a network can be asked is known once it has been built
            self.method.options = [(explain.METHODS[name], name) for name in self.heard.courses]
            self.method.index = 0
        self._show()

    def _show(self) -> None:
        """Draw what was heard with the two seconds of the method chosen."""
        if self.heard is None or self.method.value is None:
            return
        method = self.method.value
        self._draw(plot_listening(self.heard, method))
        self.best.value = wav(self.heard.window(method))
        self.sentence.say(f"{tell_window(self.heard, method)} {tell_agreement(self.heard, method)}", markdown=True)

    def _draw(self, fig: Figure) -> None:
        self.figure, self.picture.value = fig, png(fig)


def _choice(label: str, options: list) -> ipywidgets.Dropdown:
    return ipywidgets.Dropdown(options=options, description=label, layout=WIDE, style={"description_width": "5em"})


@styled
def _told(problem: str) -> Figure:
    """A sentence in the place of a picture."""
    fig, ax = new_figure(PAIR, 1.0)
    ax.axis("off")
    ax.text(0, 0.5, wrap(problem, PAIR - 0.5), va="center")
    return fig
