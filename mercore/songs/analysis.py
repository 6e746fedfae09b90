"""Analyse a song: the share of each genre or mood, in its sections and over time. Explained in 08_case_studies."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from mercore.corpora.clips import CLIP_SECONDS, draw_snippets
from mercore.evaluation import wilson
from mercore.songs.song import Song
from mercore.training.runs import Run

BATCH = 256  # snippets whose features are in memory at once, however long the song
MAX_WINDOWS = 240  # of an overview of a song


@dataclass(frozen=True)
class Analysis:
    """The predictions of a network for snippets of a song.

    Attributes:
        song: The song.
        task: "genre", "mood" or whatever the network was trained for.
        probabilities: A row per snippet, by its start (s), with the probability of each class.
        seconds: The length of a snippet.
        distance: From the sound of the training data, see `analyse`; NaN if unknown.
    """

    song: Song
    task: str
    probabilities: pd.DataFrame
    seconds: float = CLIP_SECONDS
    distance: float = np.nan

    @property
    def starts(self) -> np.ndarray:
        """Starts of the snippets (s)."""
        return self.probabilities.index.to_numpy()

    @property
    def predicted(self) -> pd.Series:
        """The most probable class of each snippet."""
        return self.probabilities.idxmax(axis=1)

    def shares(self, level: float = 0.95) -> pd.DataFrame:
        """Compute the share of the snippets that each class has.

        The interval says how well the drawn snippets represent the song, not how often the network errs.

        Returns:
            A row per class: snippets (predicted so), share, low, high (Wilson's interval).
        """
        counts = self.predicted.value_counts().reindex(self.probabilities.columns, fill_value=0)
        low, high = proportion_confint(counts, len(self.predicted), alpha=1 - level, method="wilson")
        shares = pd.DataFrame({"snippets": counts, "share": counts / len(self.predicted), "low": low, "high": high})
        return shares.round(12)  # the lower bound of no snippet is 0, not 1e-17

    def _inside(self, section: dict) -> np.ndarray:
        return (self.starts >= section["start"]) & (self.starts + self.seconds <= section["end"])

    def labelled_snippets(self) -> pd.DataFrame:
        """Return the snippets that lie in one section whose label is among the network's classes.

        Returns:
            A row per snippet, by its start (s): predicted, task, label, section (the file and the section's number).
        """
        table = pd.DataFrame({"predicted": self.predicted, "task": self.task, "label": None, "section": None})
        sections = self.song.sections
        if sections is not None and self.task in sections:
            for number, section in enumerate(sections.to_dict("records"), 1):
                name = f"{Path(self.song.path).stem} {number}"
                table.loc[self._inside(section), ["label", "section"]] = section[self.task], name
        return table[table["label"].isin(self.probabilities.columns)]

    def per_section(self, level: float = 0.95) -> pd.DataFrame | None:
        """Compute, for each section, the share of its snippets that are predicted as its label.

        Returns:
            A row per section: start, end, section, label, snippets (those that lie in it), agreement (NaN without
            snippets), low, high (Wilson's interval), predicted (the most frequent class). None if the labels of the
            sections for this task are unknown.
        """
        sections = self.song.sections
        if sections is None or self.task not in sections:
            return None
        rows = []
        for section in sections.to_dict("records"):
            predicted = self.predicted[self._inside(section)]
            n, correct = len(predicted), int((predicted == section[self.task]).sum())
            low, high = wilson(correct, n, level)
            rows.append(
                {name: section[name] for name in ("start", "end", "section")}
                | {"label": section[self.task], "snippets": n, "agreement": correct / n if n else np.nan}
                | {"low": low, "high": high, "predicted": predicted.mode().iloc[0] if n else ""}
            )
        return pd.DataFrame(rows)


def analyse(song: Song, run: Run, count: int = 100, seed: int = 0) -> Analysis:
    """Classify snippets drawn at random from a song.

    The result also has the distance of the song's sound from the clips that the network was trained on. For log-mel
    networks: the snippets' mean spectrum, standardised band by band by the run's own normaliser, as a root mean
    square over the bands. A frame of the training data has 1 on average, the mean of a whole track less; much of it
    is level and brightness. For networks on raw audio: the level relative to the training data (dB).

    Args:
        song: The song.
        run: A training, or a model of data/models.
        count: The number of snippets, each as long as the network's clips.
        seed: The seed of their starts.
    """
    starts = draw_snippets(song.duration, count, run.clip_seconds, seed)
    probabilities, sound = _classify(song, run, starts)
    if run.input == "log_mel":
        distance = float(np.sqrt(np.mean(sound.mean(axis=0) ** 2)))
    else:
        distance = float(10 * np.log10(np.mean(sound) + 1e-12))
    return Analysis(song, run.corpus["task"], probabilities, run.clip_seconds, distance)


def analyse_over_time(song: Song, run: Run, step: float = 1.0) -> pd.DataFrame:
    """Classify a window, as long as the network's clips, that moves through a song from its start to its end.

    Returns:
        A row per window, by its start (s, every `step`), with the probability of each class.
    """
    return _classify(song, run, np.arange(0, song.duration - run.clip_seconds + 1e-9, step))[0]


def window_step(song: Song) -> float:
    """Return the step (s) of a window for an overview: 1, more for songs longer than four minutes."""
    return max(1.0, round(song.duration / MAX_WINDOWS, 1))


def _classify(song: Song, run: Run, starts: np.ndarray) -> tuple[pd.DataFrame, np.ndarray]:
    """Probabilities, and the mean spectrum (for raw audio: the power) of each snippet."""
    parts, sound = [], []
    for first in range(0, len(starts), BATCH):
        x = run.compute_features(song.samples, starts[first : first + BATCH])
        parts.append(run.model().predict(x, batch_size=64, verbose=0))
        sound.append(x.mean(axis=2) if run.input == "log_mel" else np.mean(x**2, axis=(1, 2)))
    index, columns = pd.Index(starts, name="start"), list(run.classes)
    return pd.DataFrame(np.concatenate(parts), index=index, columns=columns), np.concatenate(sound)
