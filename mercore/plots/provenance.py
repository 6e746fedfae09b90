"""Every figure of the workbook: `figures.plot_...` draws, `figures.save` adds the provenance and writes.

    fig = figures.plot_run_confusion(run)
    figures.save(fig, 13, figures.Provenance.of(run))
    fig

`new_figure`, `styled`, `add_title` and `add_caption` serve a notebook that draws something of its own.
The plots live in the plots_* modules and in `diagrams`; this module gathers them. Names of the report's
figures come from data/figures.csv.
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
from mercore.plots.style import write_around

LINE_ART = frozenset({1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})  # written as SVG too
DPI = 150
EMBEDDED = r"\bembedded (genre|mood)\b"  # the names of the corpora that the project composes
BLANK = 0.03  # share of pixels off the background: empty axes with a footer have less, every figure here more


@dataclass(frozen=True)
class Provenance:
    """Where the numbers of a figure come from; `text()` is the footer. What doesn't apply is left empty.

    tracks and clips: how many were tested. note: whatever a reader must know beyond that.
    """

    corpus: str = ""
    protocol: str = ""
    tracks: int | None = None
    clips: int | None = None
    seed: int | None = None
    profile: str = ""
    note: str = ""

    @classmethod
    def of(cls, *runs, note: str = "") -> "Provenance":
        """Of the figure that shows the tests of these runs, usually of one corpus by one protocol."""
        tests = [run.side("test") for run in runs]
        together = pd.concat([test for test in tests if len(test)] or tests[:1])
        corpora = np.repeat([run.corpus["name"] for run in runs], [len(test) for test in tests])

        def all_of(values) -> str:
            return ", ".join(dict.fromkeys(str(value) for value in values))

        seeds = sorted({run.config["seed"] for run in runs})
        several = f"seeds {', '.join(map(str, seeds))}" if len(seeds) > 1 else ""
        notes = dict.fromkeys([several, note, *(note for run in runs for note in run.notes)])
        return cls(
            corpus=all_of(run.corpus["name"] for run in runs),
            protocol=all_of(run.config["protocol"] for run in runs),
            tracks=together["track"].nunique(),
            clips=len(together.assign(corpus=corpora)[["corpus", "track", "start"]].drop_duplicates()),
            seed=seeds[0] if len(seeds) == 1 else None,
            profile=all_of(run.config["profile"] for run in runs),
            note="; ".join(filter(None, notes)),
        )

    @classmethod
    def of_corpus(cls, corpus, note: str = "", seed: int | None = None) -> "Provenance":
        """Of a figure that shows the tracks of a corpus, with nothing trained."""
        return cls(corpus=f"{corpus.name}, {len(corpus.usable)} tracks", seed=seed, note=note)

    @classmethod
    def of_song(cls, song, *runs) -> "Provenance":
        """Of a figure that shows what these networks make of a song: what they learnt from, and the song."""
        trained, origin = cls.of(*runs), " (composed by this project)" if song.composed else ""
        heard = ", trained on real music and applied to a composed song" if trained.real and song.composed else ""
        note = f"trained network: {', '.join(run.title for run in runs)}{heard}; song: {song.title}{origin}"
        return replace(trained, tracks=None, clips=None, note=note)

    def text(self) -> str:
        """The footer in one line, without line breaks."""
        tested = [f"{n:,} {what}" for n, what in ((self.tracks, "tracks"), (self.clips, "clips")) if n is not None]
        parts = [
            f"Corpus: {_plain_name(self.corpus)}" if self.corpus else "",
            {"": "", "all": "all tracks trained"}.get(self.protocol, f"split by {self.protocol}"),
            f"tested on {', '.join(tested)}" if tested else "",
            f"profile {self.profile}" if self.profile else "",
            "" if self.seed is None else f"seed {self.seed}",
            self.note,
        ]
        return " · ".join(part.strip().rstrip(".") for part in parts if part) + "."

    @property
    def real(self) -> bool:
        """Whether the figure shows real music: a corpus, and not the embedded one."""
        return bool(self.corpus) and not re.search(EMBEDDED, self.corpus)


def _plain_name(corpus: str) -> str:
    """A corpus' name with the warning it needs."""
    composed = "embedded corpus (composed by this project), not GTZAN/4Q"
    if re.match(EMBEDDED, corpus):
        return composed + " · " + re.sub(EMBEDDED, r"\1", corpus)
    if re.search(EMBEDDED, corpus):
        return f"{corpus} ({composed})"
    partial = re.search(r"\((\d+) of (\d+) tracks\)", corpus)
    if corpus.startswith("GTZAN-mini") or (partial and 2 * int(partial[1]) < int(partial[2])):
        return f"{corpus}, too small for claims"
    return corpus


@cache
def catalogue() -> pd.DataFrame:
    """The report's figures by number: file (stem), notebook, shows."""
    return pd.read_csv(FACTS / "figures.csv", index_col="number")


def figure_name(number_or_name: int | str) -> str:
    """The file stem of a figure of the report by its number; another figure's name as it is."""
    if isinstance(number_or_name, str):
        if not re.fullmatch(r"[\w-]+", number_or_name):
            raise ValueError(f"name a figure by letters, digits, - and _, not {number_or_name!r}")
        return number_or_name
    if number_or_name not in catalogue().index:
        raise ValueError(
            f"the report has figures {catalogue().index.min()} to {catalogue().index.max()}, not {number_or_name}"
        )
    return catalogue().loc[number_or_name, "file"]


def figures_dir(out: str | Path | None = None) -> Path:
    """Where figures go: `out`, else $MERCORE_FIGURES, else figures/last of the build folder."""
    return Path(out or os.environ.get("MERCORE_FIGURES") or build_dir() / "figures" / "last")


def save(
    fig: Figure,
    number_or_name: int | str,
    provenance: Provenance,
    out: str | Path | None = None,
) -> Path:
    """Write a figure with its footer as PNG, and as SVG if it is line art; returns the PNG's path.

    `number_or_name`: a figure of the report by its number (LINE_ART decides about SVG), another by a name of
    its own. `out`: see `figures_dir`. The same figure gives the same bytes. A file appears whole or not at all.
    """
    stem, folder = figure_name(number_or_name), figures_dir(out)
    write_around(fig, "provenance", provenance.text(), color="#555555", style="italic")
    with mpl.rc_context({"svg.hashsalt": "mercore", "svg.fonttype": "path", "path.simplify": True}):
        if number_or_name in LINE_ART:
            about = {"Date": None, "Creator": None, "Description": provenance.text()}
            _write(folder / f"{stem}.svg", lambda path: fig.savefig(path, format="svg", metadata=about))
        about = {
            "Software": None,
            "Description": provenance.text(),
            "real": "yes" if provenance.real else "no",
            "protocol": provenance.protocol,
        }
        return _write(folder / f"{stem}.png", lambda path: fig.savefig(path, format="png", dpi=DPI, metadata=about))


def read_provenance(png: str | Path) -> dict[str, str]:
    """What `save` wrote into a PNG: Description (its footer), real ("yes" or "no"), protocol."""
    with Image.open(png) as image:
        return dict(image.text)


def save_table(table: pd.DataFrame, name: str, out: str | Path | None = None) -> Path:
    """Write a table as csv, floats to four digits, into the folder of figures; returns its path."""
    return _write(
        figures_dir(out) / f"{figure_name(name)}.csv",
        lambda path: table.to_csv(path, float_format="%.4f", lineterminator="\n", encoding="utf-8"),
    )


def write_whole(target: Path, text: str) -> Path:
    """Write a text file, which appears whole or not at all; returns its path."""
    return _write(target, lambda path: path.write_text(text, encoding="utf-8"))


def _write(target: Path, writer: Callable[[Path], object]) -> Path:
    """Let `writer` write beside the target, then put it in its place at once."""
    try:
        with atomic_directory(target.parent, ".mercore-figure-") as scratch:  # perhaps in a folder of the user's
            writer(scratch / target.name)
            os.replace(scratch / target.name, target)
    except OSError as error:
        raise UserError(
            f"{target}: can't be written ({error.strerror}); set MERCORE_BUILD to a folder that can"
        ) from error
    return target


def is_blank(path: str | Path) -> bool:
    """Whether an image file shows next to nothing (also when it is empty or no image)."""
    try:
        pixels = mpl.image.imread(path)[..., :3]
    except (OSError, SyntaxError, ValueError):
        return True
    shades = np.round(pixels.reshape(-1, pixels.shape[-1]).mean(axis=1), 2)
    values, counts = np.unique(shades, return_counts=True)
    background = values[counts.argmax()]
    return bool(np.mean(np.abs(shades - background) > 0.05) < BLANK)
