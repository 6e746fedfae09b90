"""A confusion matrix whose cells can be heard. Explained in 07_results."""

import html
from functools import lru_cache

import ipywidgets
import matplotlib as mpl
import numpy as np
import pandas as pd

from mercore import UserError, evaluation, features, plots
from mercore.corpora.labels import class_label
from mercore.evaluation.text import plural
from mercore.widgets.panel import Panel, Sentence, player

MOST = 6  # players at once
SHADES = 11  # of a cell, from no clip of the class to all of them
DARK = 0.18  # relative luminance below which white letters are read better than black ones


def clips_of(predictions: pd.DataFrame, true: str, predicted: str) -> pd.DataFrame:
    """The clips of a class that were taken for `predicted`, most confident first; `probability` says how confident.

    predictions: a side of a run, see `runs.Run`.
    """
    rows = predictions[(predictions["label"] == true) & (predictions["predicted"] == predicted)]
    return rows.assign(probability=rows[f"p_{predicted}"]).sort_values("probability", ascending=False, kind="stable")


class ErrorExplorer(Panel):
    """The confusion matrix of a run's test clips as buttons; each puts players of its clips below. See 07_results.

    run: `runs.Run`. corpus: the `corpora.Corpus` it was trained on, which has the sound.
    """

    def __init__(self, run, corpus):
        self.run, self.corpus = run, corpus
        self.test = run.side("test")
        self.counts = evaluation.confusion(self.test, run.classes)
        self.cells = self._cells()
        n = int(self.counts.to_numpy().sum())
        known = f"{plural(n, 'test clip')} by {run.title}. Press a number to hear its clips."
        self.message = Sentence(known if n else "This run has no test clips, so there is nothing to hear.", "status")
        self.players = ipywidgets.VBox()
        super().__init__([self._grid(), self.message, self.players], plots.plot_run_confusion(run))

    def _cells(self) -> dict[tuple[str, str], ipywidgets.Button]:
        """One button for each (true, predicted) class; where there is no clip it can't be pressed."""
        layout = ipywidgets.Layout(width="auto", min_width="2.8em", margin="1px", padding="0")
        styles = [_style(level / (SHADES - 1)) for level in range(SHADES)]
        totals = self.counts.sum(axis=1)
        cells = {}
        for true in self.counts.index:
            for predicted in self.counts.columns:
                count = int(self.counts.loc[true, predicted])
                share = count / totals[true] if count else 0.0
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
        """The buttons under the predicted classes and beside the true ones."""
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
        """Put players of the clips of one cell below the matrix, most confident first."""
        clips = clips_of(self.test, true, predicted)
        what = "rightly recognised" if true == predicted else f"taken for {class_label(predicted)}"
        rest = f"; the {MOST} of which the network was surest" if len(clips) > MOST else ""
        heading = f"{class_label(true)} {what}: {plural(len(clips), 'clip')}{rest}."
        self.message.say(f"{heading} Reading …")
        try:
            self.players.children = [self._row(clip) for clip in clips.head(MOST).itertuples()]
            self.message.say(heading)
        except (UserError, ValueError) as error:  # ValueError: a file that has become shorter than the clip
            self.players.children = ()
            self.message.say(f"{heading} They can't be played: {error}.", "alert")

    def _row(self, clip) -> ipywidgets.HBox:
        """What is known of a clip, and its player."""
        tracks = self.corpus.tracks
        if clip.track not in tracks.index:
            raise UserError(f"{self.corpus.name} has no track {clip.track}; open the corpus that the run is about")
        track = tracks.loc[clip.track]
        name = " by ".join(filter(None, (track.title, track.artist)))
        about = (
            f"{f'{name} · ' if name else ''}{clip.track}, from {clip.start:.1f} s, probability {clip.probability:.2f}"
        )
        sound = features.slice_clip(_samples(track.path), clip.start, self.run.clip_seconds)
        label = Sentence(about, flex="0 1 26em")
        return ipywidgets.HBox([label, player(sound)], layout={"flex_flow": "row wrap", "align_items": "center"})


@lru_cache(maxsize=MOST)
def _samples(path: str) -> np.ndarray:
    """A track, kept for a moment: the clips of a cell are often of the same few tracks."""
    return features.load(path)


def _style(share: float) -> ipywidgets.ButtonStyle:
    """As in the figure: the bluer, the larger the share of the class; letters that can be read on it."""
    colour = np.array(mpl.colormaps["Blues"](share)[:3])
    linear = np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)  # WCAG 2
    letters = "#ffffff" if linear @ (0.2126, 0.7152, 0.0722) < DARK else "#000000"
    return ipywidgets.ButtonStyle(button_color=mpl.colors.to_hex(colour), text_color=letters)


def _heading(name: str) -> str:
    """A class above its column, in lines of its own where it has several words."""
    lines = class_label(name, lines=True).splitlines()
    return f'<div style="text-align: center; line-height: 1.2">{"<br>".join(map(html.escape, lines))}</div>'
