"""Save figures and tables with their provenance, under the names of the report's figures (data/figures.csv).

fig = plots.plot_run_confusion(run)
plots.save(fig, 13, plots.Provenance.of(run))
fig
"""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from PIL import Image

from mercore import FACTS, UserError, build_dir
from mercore._files import atomic_directory
from mercore.plots.style import add_margin_text

LINE_ART = frozenset({1, *range(3, 13)})  # figures of the report that are written as SVG too
DPI = 150
COMPOSED = "embedded corpus (composed by this project), not GTZAN/4Q"
BLANK = 0.03  # share of pixels off the background: empty axes with a footer have less, every figure here more


@dataclass(frozen=True)
class Provenance:
    """Where the numbers of a figure come from; what doesn't apply is left empty.

    Attributes:
        corpus: Names of the corpora.
        protocol: How tracks were split.
        tracks: Number of tracks tested.
        clips: Number of clips tested.
        seed: Of the training or of a draw.
        profile: Of the training.
        note: What else a reader must know.
        composed: Whether any of the music was composed by this project.
    """

    corpus: str = ""
    protocol: str = ""
    tracks: int | None = None
    clips: int | None = None
    seed: int | None = None
    profile: str = ""
    note: str = ""
    composed: bool = False

    @classmethod
    def of(cls, *runs, note: str = "") -> "Provenance":
        """Return the provenance of a figure that shows the tests of these runs."""
        tests = [run.side("test").assign(corpus=run.corpus["name"]) for run in runs]
        together = pd.concat([test for test in tests if len(test)] or tests[:1])
        seeds = sorted({run.config["seed"] for run in runs})
        several = f"seeds {', '.join(map(str, seeds))}" if len(seeds) > 1 else ""
        return cls(
            corpus=_join([run.corpus["name"] for run in runs]),
            protocol=_join([run.config["protocol"] for run in runs]),
            tracks=together["track"].nunique(),
            clips=len(together[["corpus", "track", "start"]].drop_duplicates()),
            seed=seeds[0] if len(seeds) == 1 else None,
            profile=_join([run.config["profile"] for run in runs]),
            note=_join([several, note, *(note for run in runs for note in run.notes)], "; "),
            composed=any(run.corpus.get("kind") == "composed" for run in runs),
        )

    @classmethod
    def of_corpus(cls, corpus, note: str = "", seed: int | None = None) -> "Provenance":
        """Return the provenance of a figure that shows the tracks of a corpus, with nothing trained."""
        name = f"{corpus.name}, {len(corpus.usable)} tracks"
        return cls(corpus=name, seed=seed, note=note, composed=corpus.kind == "composed")

    @classmethod
    def of_song(cls, song, *runs) -> "Provenance":
        """Return the provenance of a figure that shows the answers of these networks for a song."""
        trained, origin = cls.of(*runs), " (composed by this project)" if song.composed else ""
        applied = ", trained on real music and applied to a composed song" if trained.real and song.composed else ""
        note = f"trained network: {', '.join(run.title for run in runs)}{applied}; song: {song.title}{origin}"
        return replace(trained, tracks=None, clips=None, note=note)

    def text(self) -> str:
        """Return the footer, in one line."""
        tested = [f"{n:,} {unit}" for n, unit in ((self.tracks, "tracks"), (self.clips, "clips")) if n is not None]
        parts = [
            f"Corpus: {COMPOSED}" if self.composed else "",
            f"{'' if self.composed else 'Corpus: '}{_add_warning(self.corpus)}" if self.corpus else "",
            {"": "", "all": "all tracks trained"}.get(self.protocol, f"split by {self.protocol}"),
            f"tested on {', '.join(tested)}" if tested else "",
            f"profile {self.profile}" if self.profile else "",
            "" if self.seed is None else f"seed {self.seed}",
            self.note,
        ]
        return " · ".join(part.strip().rstrip(".") for part in parts if part) + "."

    @property
    def real(self) -> bool:
        """Whether the figure shows real music: a corpus, and none that is composed."""
        return bool(self.corpus) and not self.composed


def _join(values: list[str], between: str = ", ") -> str:
    return between.join(filter(None, dict.fromkeys(values)))


def _add_warning(corpus: str) -> str:
    partial = re.search(r"\((\d+) of (\d+) tracks\)", corpus)
    if "GTZAN-mini" in corpus or (partial and 2 * int(partial[1]) < int(partial[2])):
        return f"{corpus}, too small for claims"
    return corpus


@cache
def catalogue() -> pd.DataFrame:
    """Return the report's figures by number: file (stem), notebook, shows."""
    return pd.read_csv(FACTS / "figures.csv", index_col="number")


def figure_name(number_or_name: int | str) -> str:
    """Return the file stem of a figure of the report by its number, or another figure's name as it is.

    Raises:
        ValueError: For a number that the report doesn't have, or a name that isn't letters, digits, - and _.
    """
    if isinstance(number_or_name, str):
        if not re.fullmatch(r"[\w-]+", number_or_name):
            raise ValueError(f"name a figure by letters, digits, - and _, not {number_or_name!r}")
        return number_or_name
    numbers = catalogue().index
    if number_or_name not in numbers:
        raise ValueError(f"the report has figures {numbers.min()} to {numbers.max()}, not {number_or_name}")
    return catalogue().loc[number_or_name, "file"]


def figures_dir(out: str | Path | None = None) -> Path:
    """Return the folder for figures: `out`, else $MERCORE_FIGURES, else figures/last of the build folder."""
    return Path(out or os.environ.get("MERCORE_FIGURES") or build_dir() / "figures" / "last")


def save(fig: Figure, number_or_name: int | str, provenance: Provenance, out: str | Path | None = None) -> Path:
    """Write a figure with its provenance below it as PNG, and as SVG too if it is line art of the report.

    The same figure gives the same bytes. A file appears whole or not at all.

    Args:
        fig: A figure from `new_figure`.
        number_or_name: The number of a figure of the report, or a name of one's own.
        provenance: Written below the figure and into the file.
        out: The folder, by default that of `figures_dir`.

    Returns:
        The path of the PNG.

    Raises:
        UserError: If the folder can't be written to.
    """
    target, text = figures_dir(out) / figure_name(number_or_name), provenance.text()
    add_margin_text(fig, "provenance", text)
    with mpl.rc_context({"svg.hashsalt": "mercore", "svg.fonttype": "path", "path.simplify": True}):
        if number_or_name in LINE_ART:
            about = {"Date": None, "Creator": None, "Description": text}
            _write(target.with_suffix(".svg"), lambda path: fig.savefig(path, metadata=about))
        about = {"Software": None, "Description": text, "real": "yes" if provenance.real else "no"}
        about["protocol"] = provenance.protocol
        return _write(target.with_suffix(".png"), lambda path: fig.savefig(path, dpi=DPI, metadata=about))


def read_provenance(png: str | Path) -> dict[str, str]:
    """Return what `save` wrote into a PNG: Description (the footer), real ("yes" or "no"), protocol."""
    with Image.open(png) as image:
        return dict(getattr(image, "text", {}))


def save_table(table: pd.DataFrame, name: str, out: str | Path | None = None) -> Path:
    """Write a table as csv, floats to four digits, into the folder of figures; return its path."""
    return _write(
        figures_dir(out) / f"{figure_name(name)}.csv",
        lambda path: table.to_csv(path, float_format="%.4f", lineterminator="\n", encoding="utf-8"),
    )


def write_whole(target: Path, text: str) -> Path:
    """Write a text file, which appears whole or not at all; return its path."""
    return _write(target, lambda path: path.write_text(text, encoding="utf-8"))


def _write(target: Path, writer: Callable[[Path], object]) -> Path:
    """Let `writer` write next to the target, then move the file to its place at once."""
    try:
        with atomic_directory(target.parent, ".mercore-figure-") as scratch:
            writer(scratch / target.name)
            os.replace(scratch / target.name, target)
    except OSError as error:
        raise UserError(
            f"{target}: can't be written ({error.strerror}); set MERCORE_BUILD to a folder that can"
        ) from error
    return target


def is_blank(path: str | Path) -> bool:
    """Return whether an image file shows next to nothing (also when it is empty or no image)."""
    try:
        pixels = mpl.image.imread(path)[..., :3]
    except (OSError, SyntaxError, ValueError):
        return True
    shades = np.round(pixels.reshape(-1, pixels.shape[-1]).mean(axis=1), 2)
    values, counts = np.unique(shades, return_counts=True)
    return bool(np.mean(np.abs(shades - values[counts.argmax()]) > 0.05) < BLANK)
