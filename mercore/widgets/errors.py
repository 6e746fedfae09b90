"""A confusion matrix whose cells can be heard. Explained in 07_results."""

import html
from functools import lru_cache

import ipywidgets
import matplotlib as mpl
import pandas as pd

from mercore import UserError, evaluation, features, plots
from mercore.corpora import Corpus, class_label
from mercore.evaluation.text import plural
from mercore.training.runs import Run
from mercore.widgets.panel import WRAP, Panel, Sentence, player

MAX_PLAYERS = 6
SHADES = 11  # of a cell, from no clip of the class to all of them
load_track = lru_cache(MAX_PLAYERS)(features.load)  # the clips of a cell are often of the same few tracks
DARK = 0.75  # share of a class from which white letters are easier to read than black ones


def clips_in_cell(predictions: pd.DataFrame, true: str, predicted: str) -> pd.DataFrame:
    """Return the rows of one cell, the most confident first, with a column `probability` of the predicted class."""
    rows = predictions[(predictions["label"] == true) & (predictions["predicted"] == predicted)]
    return rows.assign(probability=rows[f"p_{predicted}"]).sort_values("probability", ascending=False, kind="stable")


class ErrorExplorer(Panel):
    """Show the confusion matrix of a run's test clips as buttons; each button lists its clips with players.

    Args:
        run: A finished training.
        corpus: The corpus that it was trained on, which has the sound.
    """

    def __init__(self, run: Run, corpus: Corpus):
        self.run, self.corpus = run, corpus
        self.test = run.side("test")
        self.counts = evaluation.confusion(self.test, run.classes)
        self.cells = self._cells()
        words = f"{plural(len(self.test), 'test clip')} by {run.title}. Press a number to hear its clips."
        none = "This run has no test clips, so there is nothing to hear."
        self.message = Sentence(none if self.test.empty else words, "status")
        self.players = ipywidgets.VBox()
        super().__init__([self._grid(), self.message, self.players], plots.plot_run_confusion(run))

    def _cells(self) -> dict[tuple[str, str], ipywidgets.Button]:
        """Return a button by (true, predicted) class, disabled where there is no clip."""
        layout = ipywidgets.Layout(width="auto", min_width="2.8em", margin="1px", padding="0")
        styles = [_style(level / (SHADES - 1)) for level in range(SHADES)]
        cells = {}
        for (true, predicted), count in self.counts.stack().items():
            share = count / max(1, self.counts.loc[true].sum())
            cell = ipywidgets.Button(
                description=str(count),
                tooltip=f"{class_label(true)} taken for {class_label(predicted)}: {plural(count, 'clip')}",
                disabled=not count,
                style=styles[round(share * (SHADES - 1))],
                layout=layout,
            )
            cell.on_click(lambda _, pair=(true, predicted): self.show(*pair))
            cells[true, predicted] = cell
        return cells

    def _grid(self) -> ipywidgets.GridBox:
        """Return the buttons with the true classes to the left and the predicted ones above."""
        classes = list(self.counts.index)
        slim = {"margin": "0 4px", "min_width": "0", "width": "auto"}
        corner = ipywidgets.Label("true ↓   predicted →", layout=slim)
        heads = [ipywidgets.HTML(_heading(name), layout=slim | {"align_self": "flex-end"}) for name in classes]
        children = [corner, *heads]
        for true in classes:
            children.append(ipywidgets.Label(class_label(true), layout=slim | {"justify_content": "flex-end"}))
            children += [self.cells[true, predicted] for predicted in classes]
        columns = f"max-content repeat({len(classes)}, minmax(2.8em, 6em))"
        return ipywidgets.GridBox(
            children, layout=ipywidgets.Layout(grid_template_columns=columns, overflow="auto", max_width="100%")
        )

    def show(self, true: str, predicted: str) -> None:
        """List the clips of one cell with players, the most confident first."""
        clips = clips_in_cell(self.test, true, predicted)
        what = "correctly recognised" if true == predicted else f"taken for {class_label(predicted)}"
        shown = f"; the {MAX_PLAYERS} most confident" if len(clips) > MAX_PLAYERS else ""
        heading = f"{class_label(true)} {what}: {plural(len(clips), 'clip')}{shown}."
        self.message.say(f"{heading} Reading …")
        try:
            self.players.children = [self._row(clip) for clip in clips.head(MAX_PLAYERS).itertuples()]
            self.message.say(heading)
        except (UserError, ValueError) as error:  # ValueError: a file that has become shorter than the clip
            self.players.children = ()
            self.message.say(f"{heading} They can't be played: {error}.", "alert")

    def _row(self, clip) -> ipywidgets.HBox:
        """Return the facts about a clip and its player."""
        tracks = self.corpus.tracks
        if clip.track not in tracks.index:
            raise UserError(f"{self.corpus.name} has no track {clip.track}; open the corpus that the run is about")
        track = tracks.loc[clip.track]
        name = " by ".join(filter(None, (track.title, track.artist)))
        facts = f"{clip.track}, from {clip.start:.1f} s, probability {clip.probability:.2f}"
        sound = features.slice_clip(load_track(track.path), clip.start, self.run.clip_seconds)
        label = Sentence(f"{name} · {facts}" if name else facts, flex="0 1 26em")
        return ipywidgets.HBox([label, player(sound)], layout=WRAP)


def _style(share: float) -> ipywidgets.ButtonStyle:
    """Return the colours of the figure, with letters that can be read on them."""
    colour = mpl.colors.to_hex(mpl.colormaps["Blues"](share))
    return ipywidgets.ButtonStyle(button_color=colour, text_color="#ffffff" if share > DARK else "#000000")


def _heading(name: str) -> str:
    """Return a class as HTML, a line for each of its parts."""
    lines = class_label(name, lines=True).splitlines()
    return f'<div style="text-align: center; line-height: 1.2">{"<br>".join(map(html.escape, lines))}</div>'
