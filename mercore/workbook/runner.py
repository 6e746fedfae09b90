"""Runs the notebooks from end to end and checks that every figure came out. Explained in 00_setup.

papermill executes each notebook in a kernel of this very environment; what they draw goes below build/. Only a
complete default run (embedded corpus, profile quick, seed 0) is copied to figures/embedded/; figures of real
music reach figures/real/ by `publish` alone.
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

from mercore import PROJECT, UserError, _files, build_dir
from mercore._files import atomic_directory, translate_write_errors
from mercore.workbook.execution import Outcome, drawn, execute_all, parameters_of, relative

NOTEBOOKS = PROJECT / "notebooks"
BESIDE = {"fig07_genre_results": "annex1_genre_results", "fig08_mood_results": "annex2_mood_results"}
DEFAULTS = {"GENRE": "embedded", "MOOD": "embedded", "PROFILE": "quick", "PROTOCOL": "auto", "SEED": 0}


def notebooks(only: str = "") -> list[Path]:
    """The notebooks in their order, or those whose numbers `only` lists ("03,07")."""
    every = sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))
    wanted = [number.strip().zfill(2) for number in only.split(",") if number.strip()]
    for number in wanted:
        if not any(path.name.startswith(number + "_") for path in every):
            raise UserError(
                f"ONLY={only}: there is no notebook {number}; there are {', '.join(p.stem for p in every)}"
            )
    return [path for path in every if not wanted or path.name[:2] in wanted]


def parse_settings(words: list[str]) -> tuple[dict, str, bool]:
    """NAME=value words as (parameters for the notebooks, ONLY, FRESH). Raises UserError on a name nobody knows."""
    settings = dict(DEFAULTS)
    only, fresh = "", False
    known = {name for notebook in notebooks() for name in parameters_of(notebook)}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or name not in known | {"ONLY", "FRESH"}:
            raise UserError(
                f"{word}: no notebook knows this; use NAME=value with {', '.join(sorted(known))}, ONLY, FRESH"
            )
        if name == "ONLY":
            only = value
        elif name == "FRESH":
            fresh = value not in ("", "0")
        elif value:
            settings[name] = _as_parameter(name, value)
    if fresh:
        settings["REUSE"] = False
    return settings, only, fresh


def _as_parameter(name: str, value: str):
    if name in ("GENRE", "MOOD", "SONG_1", "SONG_2"):
        path = Path(value).expanduser()
        if path.exists():
            return str(path.resolve())
        from mercore import songs

        if value == "embedded" or (name.startswith("SONG") and value in songs.SLUGS):
            return value
        raise UserError(f"{name}={value}: there is no such file or folder")
    if name == "REUSE":  # a word from the command line: "False" alone would count as true
        return value.lower() not in ("0", "false", "no")
    if name == "SEED":
        if not value.isdecimal() or int(value) >= 2**32:
            raise UserError(f"SEED={value}: a whole number from 0 to 2^32 - 1 is wanted, such as SEED=1")
        return int(value)
    from mercore import training
    from mercore.corpora import splits

    if name == "PROFILE" and value == "tuned":
        raise UserError(
            "PROFILE=tuned: the notebooks are about the report's networks, and its layers aren't theirs; notebook 09 "
            "shows what it does, and `python -m mercore runs repeat RECORD FOLDER` trains one of its records anew"
        )
    if name == "PROFILE":
        return training.profile(value).name
    if name == "PROTOCOL" and value not in ("auto", *splits.PROTOCOLS):
        raise UserError(f"PROTOCOL={value}: choose one of auto, {', '.join(splits.PROTOCOLS)}")
    return as_value(value)


def as_value(word: str):
    """A number, True, False or None as such, everything else as the word that it is: as papermill takes its -p."""
    with contextlib.suppress(ValueError, SyntaxError):
        return ast.literal_eval(word)
    return word


def run(words: list[str]) -> None:
    """Execute the notebooks and check their figures: `python -m mercore figures NAME=value ...`."""
    settings, only, _ = parse_settings(words)
    out, outcomes = _run(notebooks(only), settings, _open_corpora(settings))
    if not only and {**DEFAULTS, **settings, "REUSE": None} == {**DEFAULTS, "REUSE": None}:
        _copy(out / "figures", PROJECT / "figures" / "embedded", [f for o in outcomes for f in drawn(out, o.notebook)])


def executed(words: list[str]) -> list[Path]:
    """The notebooks as these settings execute them. Those that aren't there, or have changed since, are run now."""
    settings, only, fresh = parse_settings(words)
    corpora, wanted = _open_corpora(settings), notebooks(only)
    out = build_dir() / label(settings, corpora)
    missing = [notebook for notebook in wanted if fresh or not _is_done(notebook, out / notebook.name, settings)]
    if missing:
        _run(missing, settings, corpora)
    return [out / notebook.name for notebook in wanted]


def _is_done(notebook: Path, executed: Path, settings: dict) -> bool:
    """Whether `executed` is this notebook, as it is now, run to its end with these settings."""
    known = parameters_of(notebook).keys() - {"REUSE"}  # a training that is used again says the same
    asked = {name: value for name, value in settings.items() if name in known}
    try:
        found, source = (_files.read_json(path) for path in (executed, notebook))
        nbformat.validate(found)
        how = found["metadata"]["papermill"]
        given = {name: value for name, value in how["parameters"].items() if name in known}
        whole = how["end_time"] and not how["exception"]
        return bool(whole) and given == asked and _cells(found) == _cells(source)
    except (UserError, nbformat.ValidationError, KeyError, TypeError, AttributeError):  # not there, or spoilt
        return False


def _cells(notebook: dict) -> list[str]:
    """The sources of a notebook's cells, without what papermill adds."""
    return ["".join(cell["source"]) for cell in notebook["cells"]
            if "injected-parameters" not in cell["metadata"].get("tags", [])]  # fmt: skip


def _run(chosen: list[Path], settings: dict, corpora: dict) -> tuple[Path, list[Outcome]]:
    """Execute notebooks; the run's folder below build/ and what became of each."""
    _open_songs(settings)
    out = build_dir() / label(settings, corpora)
    try:
        (out / "figures").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"{out}: can't be written ({error.strerror}); set MERCORE_BUILD to a folder that can"
        ) from error
    os.environ["MERCORE_FIGURES"] = str(out / "figures")
    started = time.monotonic()  # unlike the time of day, never set back
    outcomes = execute_all(chosen, out, settings, _estimate(settings, corpora))
    print(pd.DataFrame(outcomes).to_string(index=False, float_format="%.0f"))
    print(f"{time.monotonic() - started:.0f} s in all; figures in {relative(out / 'figures')}")
    return out, outcomes


def _open_corpora(settings: dict) -> dict:
    """Both corpora, opened before any notebook is, so that a wrong folder is told at once."""
    from mercore import corpora

    opened = {}
    for name, task in (("GENRE", "genre"), ("MOOD", "mood")):
        opened[task] = corpora.open_corpus(settings[name], task, seed=settings["SEED"])
        name, usable, faulty = opened[task].name, len(opened[task].usable), len(opened[task].faulty)
        print(f"{task}: {name}, {usable} tracks; {faulty} left out; fingerprint {opened[task].fingerprint}")
    return opened


def _open_songs(settings: dict) -> None:
    """A song that can't be opened is told before hours of training, not after."""
    from mercore import songs

    for name in ("SONG_1", "SONG_2"):
        if Path(settings.get(name, "")).is_absolute():
            songs.open_song(settings[name])


def label(settings: dict, corpora: dict) -> str:
    """The name of a run's folder below build/, from what decides its figures."""
    names = dict.fromkeys(corpora[task].name for task in ("genre", "mood"))
    words = [*names, settings["PROFILE"], settings["PROTOCOL"], f"s{settings['SEED']}"]
    own = [str(settings.get(name, "")) for name in ("GENRE", "MOOD", "SONG_1", "SONG_2")]
    if set(own) - {"", "embedded"}:  # folders may have the same name, other music tomorrow, and songs have no name
        own += [corpora[task].fingerprint for task in ("genre", "mood")]
        words.append(hashlib.sha256("\n".join(own).encode()).hexdigest()[:6])
    text = unicodedata.normalize("NFKD", "-".join(words)).encode("ascii", "ignore").decode().lower()
    return "".join(c if c.isalnum() or c == "-" else "_" for c in text)


def _estimate(settings: dict, corpora: dict) -> int:
    """Print what the run will take, and return the seconds that one cell may take."""
    from mercore import training

    profile = training.profile(settings["PROFILE"])
    seconds, disk = training.estimate(profile, corpora.values())
    total = sum(seconds.values())
    if total > 60:
        # Two notebooks at a time; but that of the end-to-end networks, the longest, trains one after the other.
        minutes = max(total / 2, seconds["end2end"] + seconds["end2end_gru"]) / 60
        print(f"about {minutes:.0f} minutes of training at most on two cores, {disk / 1e9:.1f} GB of caches on disk")
    return int(600 + 10 * max(seconds.values()))


def publish(run_name: str) -> list[Path]:
    """Copy the report's figures as a run on real music drew them from build/ to figures/real/<protocol>/.

    Returns what was written. Figures beyond the report's stay in build/, as those of figures/embedded/ do.
    """
    from mercore import plots

    folder = build_dir() / run_name / "figures"
    if not folder.is_dir():
        there = sorted(path.parent.name for path in build_dir().glob("*/figures"))
        raise UserError(f"{folder} is not there; there are {', '.join(there) or 'no runs yet'}")
    written = []
    for png in (folder / f"{stem}.png" for stem in plots.catalogue()["file"]):
        if not png.exists():
            continue
        about = plots.read_provenance(png)
        if about.get("real") == "yes":
            target = PROJECT / "figures" / "real" / about["protocol"].replace(", ", "-")
            written += _copy(folder, target, [png.stem, BESIDE.get(png.stem, png.stem)])
    if not written:
        raise UserError(f"{folder}: no figure there was drawn from real music; nothing published")
    return written


def _copy(source: Path, target: Path, names: list[str]) -> list[Path]:
    """Copy files, each whole or not at all; an SVG goes along with its PNG."""
    written = []
    with translate_write_errors(target), atomic_directory(target, ".mercore-copy-") as scratch:
        for name in dict.fromkeys(names):
            for file in sorted(source.glob(f"{Path(name).stem}.*")):
                shutil.copyfile(file, scratch / file.name)
                written.append((scratch / file.name).replace(target / file.name))
    return written
