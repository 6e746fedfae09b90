"""Execute notebooks, two at a time, each in a kernel of its own, and check that their figures came out.

papermill executes them; whatever is killed at whatever moment, the files in a run's folder are whole.
"""

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import time
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

import joblib
import pandas as pd
import psutil

from mercore import FACTS, UserError
from mercore._files import atomic_directory

TABLES = {"07_results": ["annex1_genre_results.csv", "annex2_mood_results.csv", "claims.csv"]}
TRAINING = ("03_conv", "04_recurrent", "05_conv_recurrent", "06_end_to_end")
NEEDS = {  # the notebooks that use what others train
    "07_results": TRAINING,
    "08_case_studies": ("03_conv", "06_end_to_end"),
    "09_beyond_the_report": TRAINING,
    "10_laboratory": ("03_conv",),
}
# What takes long or is waited for comes first, and the first two extract different features; the others fill the gaps.
ORDER = ["04_recurrent", "06_end_to_end", "05_conv_recurrent", "03_conv", "08_case_studies", "07_results",
         "09_beyond_the_report", "02_features"]  # fmt: skip


@dataclass
class Outcome:
    """The result of one notebook; peak_mb is the peak memory of its kernel, in MiB."""

    notebook: str
    seconds: float
    peak_mb: int
    figures: int


def parameters_of(notebook: Path) -> dict[str, str]:
    """Return the parameters that papermill may set in a notebook, with their defaults as written."""
    import papermill

    return {name: about["default"] for name, about in papermill.inspect_notebook(str(notebook)).items()}


def figures_of(notebook: str) -> list[str]:
    """Return the files that a notebook has to write: its figures of figures.csv, and the annex tables."""
    table = pd.read_csv(FACTS / "figures.csv")
    return [f"{stem}.png" for stem in table.loc[table["notebook"] == notebook, "file"]] + TABLES.get(notebook, [])


def use_own_kernel() -> None:
    """Let Jupyter find this environment's kernel before any other that is registered as `python3`."""
    given = os.environ.get("JUPYTER_PATH", "").split(os.pathsep)  # comes first in Jupyter's search
    own = os.path.join(sys.prefix, "share", "jupyter")
    os.environ["JUPYTER_PATH"] = os.pathsep.join(dict.fromkeys([own, *filter(None, given)]))


def execute_all(chosen: list[Path], out: Path, settings: dict, timeout: int) -> list[Outcome]:
    """Execute notebooks into `out`, two at a time; each waits for those of `chosen` that it NEEDS.

    Small networks hardly gain from a second core, a second notebook does. The first failure stops everything.
    """
    jobs = min(2, joblib.cpu_count())
    # As many threads for one notebook as for all, since another number of threads rounds differently.
    for library in ("TF_NUM_INTRAOP_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(library, str(joblib.cpu_count() // jobs))
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")  # two kernels may share one GPU
    waiting = sorted(chosen, key=lambda notebook: (*ORDER, notebook.stem).index(notebook.stem))
    unfinished = {notebook.stem for notebook in chosen}
    running, bars, outcomes = {}, list(range(jobs)), []  # a progress bar has a line of the screen
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), _die_with_parent) as pool:
        try:
            while unfinished:
                ready = [notebook for notebook in waiting if unfinished.isdisjoint(NEEDS.get(notebook.stem, ()))]
                for notebook in ready[: len(bars)]:
                    waiting.remove(notebook)
                    bar = bars.pop()
                    running[pool.submit(execute, notebook, out, settings, timeout, bar)] = bar
                for task in wait(running, return_when=FIRST_COMPLETED).done:
                    bars.append(running.pop(task))
                    done = task.result()
                    outcomes.append(done)
                    unfinished.remove(done.notebook)
                    print(f"[{len(outcomes)}/{len(chosen)}] {done.notebook}: {done.seconds:.0f} s", flush=True)
        except BaseException as error:
            pool.shutdown(wait=False, cancel_futures=True)
            _send_to_children(signal.SIGTERM)
            if isinstance(error, BrokenProcessPool):
                raise UserError("a notebook's process died, usually because memory ran out") from error
            raise
    return sorted(outcomes, key=lambda outcome: outcome.notebook)


def _send_to_children(number: int) -> None:
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            child.send_signal(number)


def _die_with_parent() -> None:
    """End this process and its kernels as soon as its parent has ended, which may have been killed."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent:
            parent.join()
        _send_to_children(getattr(signal, "SIGKILL", signal.SIGTERM))
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def execute(notebook: Path, out: Path, settings: dict, timeout: int, bar: int = 0) -> Outcome:
    """Execute one notebook into `out` and check its figures; raise UserError naming the cell or figure at fault."""
    from nbclient.exceptions import DeadKernelError
    from papermill import PapermillExecutionError

    target, before = out / notebook.name, _file_stamps(notebook.stem, out)
    started, memory = time.monotonic(), PeakMemory()
    try:
        _run_papermill(notebook, target, settings, timeout, bar)
    except PapermillExecutionError as error:
        where = f"{notebook.name} failed in cell [{error.exec_count}]"
        raise UserError(f"{where}: {error.ename}: {error.evalue}\nsee {target}") from error
    except DeadKernelError as error:
        raise UserError(f"{notebook.name}: its kernel died, usually because memory ran out") from error
    except TimeoutError as error:
        raise UserError(f"{notebook.name}: a cell took more than {timeout} s ({error})") from error
    except OSError as error:
        remedy = "set MERCORE_BUILD to a folder with room"
        raise UserError(f"{target}: can't be written ({error.strerror}); {remedy}") from error
    finally:
        memory.done.set()
    _check_figures(notebook.stem, out, before)
    seconds = time.monotonic() - started
    return Outcome(notebook.stem, seconds, memory.peak // 2**20, len(figures_written(notebook.stem, out)))


def _run_papermill(notebook: Path, target: Path, settings: dict, timeout: int, bar: int) -> None:
    """Run a notebook; it replaces `target` when it has ended, whole or as far as the cell that failed."""
    import papermill
    from nbclient.exceptions import DeadKernelError

    use_own_kernel()
    known = parameters_of(notebook)
    with atomic_directory(target.parent) as scratch:
        written = scratch / notebook.name
        try:
            papermill.execute_notebook(
                str(notebook),
                str(written),
                parameters={name: value for name, value in settings.items() if name in known},
                kernel_name="python3",
                cwd=str(notebook.parent),
                execution_timeout=timeout,
                progress_bar={"desc": notebook.stem, "unit": "cell", "mininterval": 1, "position": bar},
            )
        except (papermill.PapermillExecutionError, DeadKernelError, TimeoutError):
            written.replace(target)
            raise
        written.replace(target)


def figures_written(notebook: str, out: Path) -> list[str]:
    """Return the files of a notebook's own figures and tables that are in a run's folder."""
    return [file for file in figures_of(notebook) if (out / "figures" / file).exists()]


def _file_stamps(notebook: str, out: Path) -> dict[str, tuple]:
    """Return what changes when a figure is written; its time alone may not, as a clock can be set back."""
    stats = {file: (out / "figures" / file).stat() for file in figures_written(notebook, out)}
    return {file: (stat.st_ino, stat.st_mtime_ns, stat.st_size) for file, stat in stats.items()}


def _check_figures(notebook: str, out: Path, before: dict[str, tuple]) -> None:
    """Raise UserError for a figure that is missing, blank, or the same file as `before` the run."""
    from mercore import plots

    after = _file_stamps(notebook, out)
    for file in figures_of(notebook):
        if file not in after:
            raise UserError(f"{notebook}: {file} is missing; the notebook has to save it")
        if after[file] == before.get(file):
            raise UserError(f"{notebook}: {file} is older than this run; the notebook did not draw it")
        if file.endswith(".png") and plots.is_blank(out / "figures" / file):
            raise UserError(f"{notebook}: {file} is blank")


class PeakMemory(threading.Thread):
    """Measure the largest resident memory of any one child process, in bytes, until `done` is set."""

    def __init__(self):
        super().__init__(daemon=True)
        self.peak, self.done = 0, threading.Event()
        self.start()

    def run(self) -> None:
        """Look four times a second."""
        while not self.done.wait(0.25):
            for child in psutil.Process().children(recursive=True):
                with contextlib.suppress(psutil.NoSuchProcess):
                    self.peak = max(self.peak, child.memory_info().rss)
