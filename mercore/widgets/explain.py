"""Explain a network's prediction for one clip. Used in 03_conv, 05_conv_recurrent and 06_end_to_end."""

import ipywidgets
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from mercore.corpora import Corpus, class_label
from mercore.evaluation import explain
from mercore.plots.explain import plot_explanation
from mercore.plots.style import PAIR, describe, new_figure, styled, wrap
from mercore.plots.text import describe_agreement, describe_window
from mercore.training.runs import Run
from mercore.widgets.panel import Panel, Rich, Sentence, player, png, wav

PREDICTED = ""  # the choice of a class: whichever the network predicted


class ExplanationExplorer(Panel):
    """Show which moments of a clip mattered for a class, and play the clip and its two most important seconds.

    Args:
        run: A finished training with its weights.
        corpus: The corpus that it was trained on.
        clip: A row of `run.predictions` to begin with; by default a typical one.
    """

    def __init__(self, run: Run, corpus: Corpus, clip: pd.Series | None = None):
        self.run, self.corpus = run, corpus
        self.heard: explain.Explanation | None = None
        self._clips = explain.clips_to_explain(run)
        clip = explain.typical_clip(run) if clip is None else clip
        tracks = self._clips.drop_duplicates("track")[["track", "label"]].to_numpy()
        classes = [("the predicted class", PREDICTED), *((class_label(name), name) for name in run.classes)]
        self.track = _dropdown("Track", [(f"{name} ({class_label(label)})", name) for name, label in tracks])
        self.clip, self.method = _dropdown("Clip", []), _dropdown("Method", [])
        self.asked = _dropdown("Explain", classes)
        self.picture = ipywidgets.Image(format="png", layout={"max_width": "100%", "object_fit": "contain"})
        self.status, self.text = Sentence(), Rich()
        self.whole, self.best = player(np.zeros(1)), player(np.zeros(1))
        self.track.value = clip["track"]
        self._list_clips()
        self.clip.value = clip.name
        self._explain()
        super().__init__(self._layout(), self.picture.value, describe(self.figure))
        self.track.observe(lambda _: self._list_clips(), "value")
        self.clip.observe(lambda _: self._explain(), "value")
        self.asked.observe(lambda _: self._explain(), "value")
        self.method.observe(lambda _: self._show(), "value")

    def _layout(self) -> list[ipywidgets.Widget]:
        players = [
            ipywidgets.VBox([ipywidgets.Label(label), sound])
            for label, sound in (("The clip", self.whole), ("The two seconds that mattered most", self.best))
        ]
        choices = [ipywidgets.HBox([self.track, self.clip]), ipywidgets.HBox([self.asked, self.method])]
        return [*choices, self.picture, ipywidgets.HBox(players), self.status, self.text]

    def _list_clips(self) -> None:
        """Offer the clips of the chosen track; ipywidgets chooses the first of them."""
        rows = self._clips[self._clips["track"] == self.track.value]
        self.clip.options = [
            (f"from {row.start:.1f} s → {class_label(row.predicted)}", row.Index) for row in rows.itertuples()
        ]

    def _explain(self) -> None:
        """Compute and show the explanation, or show why there is none."""
        try:
            clip = self._clips.loc[self.clip.value]
            self.heard = heard = explain.explain_clip(self.run, self.corpus, clip, self.asked.value)
        except (ValueError, OSError) as error:  # a missing file, other clips, no weights: UserError is a ValueError
            self.heard = None
            self._draw(_plot_message(str(error)))
            self.status.say(str(error), "alert")
            self.text.show("")
            self.whole.value = self.best.value = wav(np.zeros(1))
            return
        self.whole.value = wav(heard.samples)
        if self.method.value is None:  # the methods that suit a network are known once it has been built
            self.method.options = [(explain.METHODS[name], name) for name in heard.importance]
            self.method.index = 0
        self._show()

    def _show(self) -> None:
        """Show the explanation by the chosen method."""
        if self.heard is None or self.method.value is None:
            return
        method = self.method.value
        self._draw(plot_explanation(self.heard, method))
        self.best.value = wav(self.heard.window(method))
        self.status.say(f"Explained by {explain.METHODS[method]}.")
        self.text.show(f"{describe_window(self.heard, method)} {describe_agreement(self.heard, method)}")

    def _draw(self, fig: Figure) -> None:
        self.figure, self.picture.value = fig, png(fig)


def _dropdown(label: str, options: list) -> ipywidgets.Dropdown:
    style = {"description_width": "5em"}
    return ipywidgets.Dropdown(options=options, description=label, layout={"width": "30em"}, style=style)


@styled
def _plot_message(message: str) -> Figure:
    """Draw a sentence in the place of a picture."""
    fig, ax = new_figure(PAIR, 1.0)
    ax.axis("off")
    ax.text(0, 0.5, wrap(message, PAIR - 0.5), va="center")
    return fig
