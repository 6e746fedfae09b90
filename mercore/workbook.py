"""Runs the notebooks from end to end and checks that every figure came out. Explained in 00_setup.

papermill executes each notebook in a kernel of this very environment; what they draw goes below build/. Only a
complete default run (embedded corpus, profile quick, seed 0) is copied to figures/embedded/; figures of real
music reach figures/real/ by `publish` alone.
"""

import ast
import contextlib
import hashlib
import json
import multiprocessing
import os
import shutil
import sys
import threading
import time
import unicodedata
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

import joblib
import pandas as pd
import psutil

from mercore import FACTS, PROJECT, UserError, build_dir

NOTEBOOKS = PROJECT / "notebooks"
TABLES = {"07_results": ("annex1_genre_results.csv", "annex2_mood_results.csv", "claims.csv")}
BESIDE = {"fig07_genre_results": "annex1_genre_results", "fig08_mood_results": "annex2_mood_results"}
# By the time they take, but the first two extract different features.
LONG = ("04_recurrent", "06_end_to_end", "05_conv_recurrent", "03_conv")
# They use what 03 to 06 train.
NEED_RUNS = ("08_case_studies", "07_results", "09_beyond_the_report", "10_laboratory")
DEFAULTS = {"GENRE": "embedded", "MOOD": "embedded", "PROFILE": "quick", "PROTOCOL": "auto", "SEED": 0}


@dataclass
class Outcome:
    """What became of one notebook."""

    notebook: str
    seconds: float
    peak_mb: int
    figures: int


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


def parameters_of(notebook: Path) -> dict[str, str]:
    """The parameters that papermill may set in a notebook, with their defaults as written."""
    import papermill

    return {name: about["default"] for name, about in papermill.inspect_notebook(str(notebook)).items()}


def figures_of(notebook: str) -> list[str]:
    """The files a notebook has to draw: its figures of figures.csv, and the annex tables."""
    table = pd.read_csv(FACTS / "figures.csv")
    return [f"{stem}.png" for stem in table.loc[table["notebook"] == notebook, "file"]] + list(
        TABLES.get(notebook, ())
    )


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
    from mercore import splits, training

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
        _copy(
            out / "figures", PROJECT / "figures" / "embedded", [f for o in outcomes for f in _drawn(out, o.notebook)]
        )


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
    try:
        found, source = (json.loads(path.read_text("utf-8")) for path in (executed, notebook))
    except (OSError, ValueError):  # not there, or cut off
        return False
    how = found["metadata"].get("papermill", {})
    known = parameters_of(notebook).keys() - {"REUSE"}  # a training that is used again says the same
    given = {name: value for name, value in how.get("parameters", {}).items() if name in known}
    asked = {name: value for name, value in settings.items() if name in known}
    whole = how.get("end_time") and not how.get("exception")
    return bool(whole) and given == asked and _cells(found) == _cells(source)


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
    started = time.time()
    outcomes = _execute_all(chosen, out, settings, _estimate(settings, corpora))
    print(pd.DataFrame(outcomes).to_string(index=False, float_format="%.0f"))
    print(f"{time.time() - started:.0f} s in all; figures in {_relative(out / 'figures')}")
    return out, outcomes


def _open_corpora(settings: dict) -> dict:
    """Both corpora, opened before any notebook is, so that a wrong folder is told at once."""
    from mercore import corpora

    opened = {}
    for name, task in (("GENRE", "genre"), ("MOOD", "mood")):
        opened[task] = corpora.open_corpus(settings[name], task, seed=settings["SEED"])
        print(f"{task}: {opened[task].name}, {len(opened[task].usable)} tracks; {len(opened[task].faulty)} left out")
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
    if set(own) - {"", "embedded"}:  # folders may have the same name, and songs aren't named at all
        words.append(hashlib.sha256("\n".join(own).encode()).hexdigest()[:6])
    text = unicodedata.normalize("NFKD", "-".join(words)).encode("ascii", "ignore").decode().lower()
    return "".join(c if c.isalnum() or c == "-" else "_" for c in text)


def _estimate(settings: dict, corpora: dict) -> int:
    """Print what the run will take, and return the seconds that one cell may take."""
    from mercore import training

    profile = training.profile(settings["PROFILE"])
    total, longest, disk = training.estimate(profile, corpora.values())
    if total > 60:
        minutes = total / 2 / 60  # two notebooks at a time
        print(f"about {minutes:.0f} minutes of training at most on two cores, {disk / 1e9:.1f} GB of caches on disk")
    return int(600 + 10 * longest)


def _execute_all(chosen: list[Path], out: Path, settings: dict, timeout: int) -> list[Outcome]:
    """All notebooks, two at a time: small networks hardly gain from a second core, a second notebook does.

    Those of NEED_RUNS wait for the others, whose trainings they use. The first failure ends everything.
    """
    jobs = min(2, joblib.cpu_count())
    # The same number of threads for one notebook as for all, since another number rounds differently.
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", str(joblib.cpu_count() // jobs))
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")  # two kernels may share one GPU
    first = [notebook for notebook in chosen if notebook.stem not in NEED_RUNS]
    first.sort(key=lambda notebook: LONG.index(notebook.stem) if notebook.stem in LONG else len(LONG))
    last = [notebook for notebook in chosen if notebook.stem in NEED_RUNS]
    outcomes: list[Outcome] = []
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        try:
            for stage in (first, last):
                tasks = [pool.submit(_execute, notebook, out, settings, timeout, i % jobs)
                         for i, notebook in enumerate(stage)]  # fmt: skip
                for task in as_completed(tasks):
                    outcomes.append(task.result())
                    done = outcomes[-1]
                    print(f"[{len(outcomes)}/{len(chosen)}] {done.notebook}: {done.seconds:.0f} s", flush=True)
        except BaseException as error:
            pool.shutdown(wait=False, cancel_futures=True)
            for child in psutil.Process().children(recursive=True):
                with contextlib.suppress(psutil.NoSuchProcess):
                    child.terminate()
            if isinstance(error, BrokenProcessPool):
                raise UserError("a notebook's process died, most often for want of memory") from error
            raise
    return sorted(outcomes, key=lambda outcome: outcome.notebook)


def _execute(notebook: Path, out: Path, settings: dict, timeout: int, line: int = 0) -> Outcome:
    """One notebook in a kernel of this environment; raises UserError naming the cell or the figure at fault."""
    import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    use_own_kernel()
    known = parameters_of(notebook)
    started, memory = time.time(), PeakMemory()
    try:
        with memory:
            papermill.execute_notebook(
                str(notebook),
                str(out / notebook.name),
                parameters={name: value for name, value in settings.items() if name in known},
                kernel_name="python3",
                cwd=str(NOTEBOOKS),
                execution_timeout=timeout,
                progress_bar={"desc": notebook.stem, "unit": "cell", "mininterval": 1, "position": line},
            )
    except PapermillExecutionError as error:
        raise UserError(
            f"{notebook.name} failed in cell [{error.exec_count}]: {error.ename}: {error.evalue}\n"
            f"see {_relative(out / notebook.name)}"
        ) from error
    except DeadKernelError as error:
        raise UserError(f"{notebook.name}: its kernel died, most often for want of memory") from error
    except TimeoutError as error:
        raise UserError(f"{notebook.name}: a cell took more than {timeout} s ({error})") from error
    _check(notebook.stem, out / "figures", started)
    return Outcome(notebook.stem, time.time() - started, memory.peak // 2**20, len(_drawn(out, notebook.stem)))


def _drawn(out: Path, notebook: str) -> list[str]:
    """The files of a notebook's own figures and tables that lie in a run's folder."""
    return [file for file in figures_of(notebook) if (out / "figures" / file).exists()]


def _check(notebook: str, folder: Path, started: float) -> None:
    """Raise UserError where a figure of the notebook is missing, blank or older than its run."""
    from mercore import figures

    for file in figures_of(notebook):
        path = folder / file
        if not path.exists():
            raise UserError(f"{notebook}: {file} is missing; the notebook has to save it")
        if path.stat().st_mtime < started - 2:  # file systems may round their times to two seconds
            raise UserError(f"{notebook}: {file} is older than this run; the notebook did not draw it")
        if path.suffix == ".png" and figures.is_blank(path):
            raise UserError(f"{notebook}: {file} is blank")


class PeakMemory:
    """The largest resident memory, in bytes, of any one child process while the context lasts."""

    def __enter__(self):
        self.peak, self._done = 0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._done.set()
        self._thread.join()

    def _watch(self):
        while not self._done.wait(0.25):
            for child in psutil.Process().children(recursive=True):
                try:
                    self.peak = max(self.peak, child.memory_info().rss)
                except psutil.NoSuchProcess:
                    continue


def use_own_kernel() -> None:
    """Let Jupyter find this environment's kernel before any other that is registered as `python3`.

    JUPYTER_PATH comes first in Jupyter's search (jupyter_core documentation).
    """
    own = str(Path(sys.prefix) / "share" / "jupyter")
    others = [path for path in os.environ.get("JUPYTER_PATH", "").split(os.pathsep) if path and path != own]
    os.environ["JUPYTER_PATH"] = os.pathsep.join([own, *others])


def publish(run_name: str) -> list[Path]:
    """Copy the report's figures as a run on real music drew them from build/ to figures/real/<protocol>/.

    Returns what was written. Figures beyond the report's stay in build/, as those of figures/embedded/ do.
    """
    from mercore import figures

    folder = build_dir() / run_name / "figures"
    if not folder.is_dir():
        there = sorted(path.parent.name for path in build_dir().glob("*/figures"))
        raise UserError(f"{folder} is not there; there are {', '.join(there) or 'no runs yet'}")
    written = []
    for png in (folder / f"{stem}.png" for stem in figures.catalogue()["file"]):
        if not png.exists():
            continue
        about = figures.read_provenance(png)
        if about.get("real") == "yes":
            target = PROJECT / "figures" / "real" / about["protocol"].replace(", ", "-")
            written += _copy(folder, target, [png.stem, BESIDE.get(png.stem, png.stem)])
    if not written:
        raise UserError(f"{folder}: no figure there was drawn from real music; nothing published")
    return written


def _copy(source: Path, target: Path, names: list[str]) -> list[Path]:
    """Copy files, each whole or not at all; an SVG goes along with its PNG."""
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for name in dict.fromkeys(names):
        for file in sorted(source.glob(f"{Path(name).stem}.*")):
            scratch = target / f".{file.name}.part"
            shutil.copyfile(file, scratch)
            written.append(scratch.replace(target / file.name))
    return written


def _relative(path: Path) -> str:
    try:
        return os.path.relpath(path)
    except ValueError:  # on another drive of Windows
        return str(path)
