"""Run the notebooks from end to end and publish their figures. Explained in notebook 00.

What the notebooks draw goes below build/. Only a complete default run (embedded corpus, profile quick, seed 0) is
copied to figures/embedded/; figures of real music reach figures/real/ by `publish` alone.
"""

import ast
import contextlib
import hashlib
import os
import shutil
import time
import unicodedata
from pathlib import Path

import nbformat
import pandas as pd

from mercore import PROJECT, UserError, build_dir
from mercore._files import atomic_directory, translate_write_errors
from mercore.workbook.execution import Outcome, execute_all, figures_written, parameters_of

NOTEBOOKS = PROJECT / "notebooks"
ANNEXES = {"fig07_genre_results": ["annex1_genre_results"], "fig08_mood_results": ["annex2_mood_results"]}
DEFAULTS = {"GENRE": "embedded", "MOOD": "embedded", "PROFILE": "quick", "PROTOCOL": "auto", "SEED": 0}


def notebooks(only: str = "") -> list[Path]:
    """Return the notebooks in their order, or those whose numbers `only` lists, such as "03,07"."""
    found = sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))
    wanted = [number.strip().zfill(2) for number in only.split(",") if number.strip()]
    unknown = set(wanted) - {path.name[:2] for path in found}
    if unknown:
        names = ", ".join(path.stem for path in found)
        raise UserError(f"ONLY={only}: there is no notebook {', '.join(sorted(unknown))}; choose from {names}")
    return [path for path in found if not wanted or path.name[:2] in wanted]


def parse_settings(words: list[str]) -> tuple[dict, str]:
    """Return NAME=value words as (parameters for the notebooks, ONLY); FRESH=1 becomes REUSE=False."""
    known = {name for notebook in notebooks() for name in parameters_of(notebook)} | {"ONLY", "FRESH"}
    given = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or name not in known:
            raise UserError(f"{word}: no notebook knows this; use NAME=value with {', '.join(sorted(known))}")
        given[name] = value
    only, fresh = given.pop("ONLY", ""), given.pop("FRESH", "")
    settings = DEFAULTS | {name: _parse_value(name, value) for name, value in given.items() if value}
    return settings | ({"REUSE": False} if fresh not in ("", "0") else {}), only


def _parse_value(name: str, value: str):
    from mercore import training
    from mercore.corpora import splits

    if name in ("GENRE", "MOOD", "SONG_1", "SONG_2"):
        return _parse_music(name, value)
    if name == "REUSE":  # the word "False" would count as true
        return value.lower() not in ("0", "false", "no")
    if name == "SEED" and not (value.isdecimal() and int(value) < 2**32):
        raise UserError(f"SEED={value}: must be a whole number from 0 to 2^32 - 1, such as SEED=1")
    if name == "PROFILE" and value == "tuned":
        raise UserError("PROFILE=tuned: the notebooks are about the report's networks; see notebook 09 for these")
    if name == "PROFILE":
        return training.profile(value).profile
    if name == "PROTOCOL" and value not in ("auto", *splits.PROTOCOLS):
        raise UserError(f"PROTOCOL={value}: choose one of auto, {', '.join(splits.PROTOCOLS)}")
    return parse_literal(value)


def _parse_music(name: str, value: str) -> str:
    from mercore import songs

    path = Path(value).expanduser()
    if path.exists():
        return str(path.resolve())
    if value == "embedded" or (name.startswith("SONG") and value in songs.COMPOSED_SONGS):
        return value
    raise UserError(f"{name}={value}: there is no such file or folder")


def parse_literal(word: str):
    """Return a number, True, False or None as such and everything else as the word it is, as papermill's -p does."""
    with contextlib.suppress(ValueError, SyntaxError):
        return ast.literal_eval(word)
    return word


def run(words: list[str]) -> None:
    """Execute the notebooks and check their figures: `python -m mercore figures NAME=value ...`."""
    settings, only = parse_settings(words)
    out, outcomes = _execute(notebooks(only), settings, _open_corpora(settings))
    if not only and settings | {"REUSE": None} == DEFAULTS | {"REUSE": None}:
        files = [file for outcome in outcomes for file in figures_written(outcome.notebook, out)]
        _copy(out / "figures", PROJECT / "figures" / "embedded", files)


def execute_if_needed(words: list[str]) -> list[Path]:
    """Return the notebooks as these settings execute them; those that are missing or have changed are run now."""
    settings, only = parse_settings(words)
    corpora, chosen = _open_corpora(settings), notebooks(only)
    out = build_dir() / build_name(settings, corpora)
    fresh = settings.get("REUSE") is False
    missing = [notebook for notebook in chosen if fresh or not _is_current(out / notebook.name, notebook, settings)]
    if missing:
        _execute(missing, settings, corpora)
    return [out / notebook.name for notebook in chosen]


def _is_current(executed: Path, notebook: Path, settings: dict) -> bool:
    """Return whether `executed` is this notebook, as it is now, run to its end with these settings."""
    try:
        found = nbformat.read(executed, as_version=4)
        nbformat.validate(found)
    except Exception:  # it isn't there, or isn't whole; nbformat raises many kinds
        return False
    run = found.metadata.get("papermill", {})
    known = parameters_of(notebook).keys() - {"REUSE"}  # a reused training gives the same results
    given, asked = ({name: value for name, value in values.items() if name in known}
                    for values in (run.get("parameters", {}), settings))  # fmt: skip
    finished = bool(run.get("end_time")) and not run.get("exception")
    return finished and given == asked and _sources(found) == _sources(nbformat.read(notebook, as_version=4))


def _sources(notebook) -> list[str]:
    added = "injected-parameters"  # papermill's tag
    return [cell.source for cell in notebook.cells if added not in cell.metadata.get("tags", [])]


def _execute(chosen: list[Path], settings: dict, corpora: dict) -> tuple[Path, list[Outcome]]:
    """Execute notebooks; return the run's folder below build/ and the result of each notebook."""
    from mercore import songs

    for name in ("SONG_1", "SONG_2"):
        if Path(settings.get(name, "")).is_absolute():
            songs.open_song(settings[name])  # fails now, not after hours of training
    out = build_dir() / build_name(settings, corpora)
    with translate_write_errors(out):
        (out / "figures").mkdir(parents=True, exist_ok=True)
    os.environ["MERCORE_FIGURES"] = str(out / "figures")
    started = time.monotonic()
    outcomes = execute_all(chosen, out, settings, _estimate(settings, corpora))
    print(pd.DataFrame(outcomes).to_string(index=False, float_format="%.0f"))
    print(f"{time.monotonic() - started:.0f} s in all; figures in {out / 'figures'}")
    return out, outcomes


def _open_corpora(settings: dict) -> dict:
    """Open both corpora before any notebook runs, so that a wrong folder is reported at once."""
    from mercore import corpora

    opened = {}
    for name, task in (("GENRE", "genre"), ("MOOD", "mood")):
        corpus = opened[task] = corpora.open_corpus(settings[name], task, seed=settings["SEED"])
        print(f"{task}: {corpus.name}, {len(corpus.usable)} tracks; {len(corpus.faulty)} left out; "
              f"fingerprint {corpus.fingerprint}")  # fmt: skip
    return opened


def build_name(settings: dict, corpora: dict) -> str:
    """Return the name of a run's folder below build/, from what decides its figures."""
    names = dict.fromkeys(corpus.name for corpus in corpora.values())
    words = [*names, settings["PROFILE"], settings["PROTOCOL"], f"s{settings['SEED']}"]
    music = [str(settings.get(name, "")) for name in ("GENRE", "MOOD", "SONG_1", "SONG_2")]
    if set(music) - {"", "embedded"}:  # folders may share a name or change, and songs have none
        music += [corpus.fingerprint for corpus in corpora.values()]
        words.append(hashlib.sha256("\n".join(music).encode()).hexdigest()[:6])
    text = unicodedata.normalize("NFKD", "-".join(words)).encode("ascii", "ignore").decode().lower()
    return "".join(c if c.isalnum() or c == "-" else "_" for c in text)


def _estimate(settings: dict, corpora: dict) -> int:
    """Print how long the run will take; return the seconds that one cell may take."""
    from mercore import training

    seconds, disk = training.estimate(training.profile(settings["PROFILE"]), corpora.values())
    total = sum(seconds.values())
    if total > 60:
        # Two notebooks at a time; but that of the end-to-end networks, the longest, trains one after the other.
        minutes = max(total / 2, seconds["end2end"] + seconds["end2end_gru"]) / 60
        print(f"about {minutes:.0f} minutes of training at most on two cores, {disk / 1e9:.1f} GB of caches on disk")
    return int(600 + 10 * max(seconds.values()))


def publish(run: str) -> list[Path]:
    """Copy the report's figures of a run on real music from build/ to figures/real/<protocol>/.

    Args:
        run: The run's folder below build/.

    Returns:
        The files written. Figures beyond the report's stay in build/, as those of figures/embedded/ do.

    Raises:
        UserError: If there is no such run, or none of its figures is of real music.
    """
    from mercore import plots

    folder, written = build_dir() / run / "figures", []
    if not folder.is_dir():
        names = sorted(path.parent.name for path in build_dir().glob("*/figures"))
        raise UserError(f"{folder}: there is no such folder; there are {', '.join(names) or 'no runs yet'}")
    for stem in plots.catalogue()["file"]:
        about = plots.read_provenance(folder / f"{stem}.png") if (folder / f"{stem}.png").exists() else {}
        if about.get("real") == "yes":
            target = PROJECT / "figures" / "real" / about["protocol"].replace(", ", "-")
            written += _copy(folder, target, [stem, *ANNEXES.get(stem, ())])
    if not written:
        raise UserError(f"{folder}: no figure there was drawn from real music; nothing published")
    return written


def _copy(source: Path, target: Path, names: list[str]) -> list[Path]:
    """Copy files, each whole or not at all; an SVG goes along with its PNG."""
    written = []
    with translate_write_errors(target), atomic_directory(target, ".mercore-copy-") as scratch:
        for stem in dict.fromkeys(Path(name).stem for name in names):
            for file in sorted(source.glob(f"{stem}.*")):
                shutil.copyfile(file, scratch / file.name)
                written.append((scratch / file.name).replace(target / file.name))
    return written
