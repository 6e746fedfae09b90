"""Executes notebooks, two at a time, each in a kernel of its own, and checks that their figures came out.

Whatever is killed at whatever moment, what lies in a run's folder is whole, be it of an earlier run. Used by
`mercore.workbook`.
"""

import contextlib
import multiprocessing
import os
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

TABLES = {"07_results": ("annex1_genre_results.csv", "annex2_mood_results.csv", "claims.csv")}
TRAINING = ("03_conv", "04_recurrent", "05_conv_recurrent", "06_end_to_end")
# The notebooks that use what others train.
NEEDS = {
    "07_results": TRAINING,
    "08_case_studies": ("03_conv", "06_end_to_end"),
    "09_beyond_the_report": TRAINING,
    "10_laboratory": ("03_conv",),
}
# What takes long or is waited for comes first, and the first two extract different features; the others fill the gaps.
ORDER = ("04_recurrent", "06_end_to_end", "05_conv_recurrent", "03_conv", "08_case_studies", "07_results",
         "09_beyond_the_report", "02_features")  # fmt: skip


@dataclass
class Outcome:
    """What became of one notebook."""

    notebook: str
    seconds: float
    peak_mb: int
    figures: int


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


def execute_all(chosen: list[Path], out: Path, settings: dict, timeout: int) -> list[Outcome]:
    """All notebooks, two at a time: small networks hardly gain from a second core, a second notebook does.

    A notebook waits for those of `chosen` that train what it uses (NEEDS). The first failure ends everything.
    """
    jobs = min(2, joblib.cpu_count())
    # The same number of threads for one notebook as for all, since another number rounds differently. NumPy's would
    # otherwise take all cores for each, and wait for each other.
    for library in ("TF_NUM_INTRAOP_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(library, str(joblib.cpu_count() // jobs))
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")  # two kernels may share one GPU
    waiting = sorted(chosen, key=lambda notebook: _rank(notebook.stem))
    outcomes: list[Outcome] = []
    running, lines = {}, list(range(jobs))  # of the screen, for the bars
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), _end_with_parent) as pool:
        try:
            while waiting or running:
                to_come = {notebook.stem for notebook in chosen} - {outcome.notebook for outcome in outcomes}
                ready = [notebook for notebook in waiting if to_come.isdisjoint(NEEDS.get(notebook.stem, ()))]
                for notebook in ready[: len(lines)]:
                    waiting.remove(notebook)
                    line = lines.pop()
                    running[pool.submit(execute, notebook, out, settings, timeout, line)] = line
                for task in wait(running, return_when=FIRST_COMPLETED).done:
                    lines.append(running.pop(task))
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


def _rank(notebook: str) -> int:
    return ORDER.index(notebook) if notebook in ORDER else len(ORDER)


def _end_with_parent() -> None:
    """Let this process and its kernels end as soon as the one that started it is no more, killed perhaps.

    Else they would go on, beside whoever starts the notebooks again, and then wait for ever.
    """

    def watch() -> None:
        multiprocessing.parent_process().join()
        for child in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def execute(notebook: Path, out: Path, settings: dict, timeout: int, line: int = 0) -> Outcome:
    """One notebook in a kernel of this environment; raises UserError naming the cell or the figure at fault.

    It appears in `out`, whole or as far as it got, when it has ended: until then an older one stays.
    """
    import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    use_own_kernel()
    known, target = parameters_of(notebook), out / notebook.name
    started, memory, before = time.monotonic(), PeakMemory(), _states(notebook.stem, out / "figures")
    try:
        with atomic_directory(out) as scratch, memory:
            try:
                papermill.execute_notebook(
                    str(notebook),
                    str(scratch / notebook.name),
                    parameters={name: value for name, value in settings.items() if name in known},
                    kernel_name="python3",
                    cwd=str(notebook.parent),
                    execution_timeout=timeout,
                    progress_bar={"desc": notebook.stem, "unit": "cell", "mininterval": 1, "position": line},
                )
            except (PapermillExecutionError, DeadKernelError, TimeoutError):
                os.replace(scratch / notebook.name, target)  # as far as it got, to be looked at
                raise
            os.replace(scratch / notebook.name, target)
    except PapermillExecutionError as error:
        raise UserError(
            f"{notebook.name} failed in cell [{error.exec_count}]: {error.ename}: {error.evalue}\n"
            f"see {relative(target)}"
        ) from error
    except DeadKernelError as error:
        raise UserError(f"{notebook.name}: its kernel died, most often for want of memory") from error
    except TimeoutError as error:
        raise UserError(f"{notebook.name}: a cell took more than {timeout} s ({error})") from error
    except OSError as error:
        raise UserError(
            f"{target}: can't be written ({error.strerror}); set MERCORE_BUILD to a folder with room"
        ) from error
    _check(notebook.stem, out / "figures", before)
    seconds = time.monotonic() - started
    return Outcome(notebook.stem, seconds, memory.peak // 2**20, len(drawn(out, notebook.stem)))


def drawn(out: Path, notebook: str) -> list[str]:
    """The files of a notebook's own figures and tables that lie in a run's folder."""
    return [file for file in figures_of(notebook) if (out / "figures" / file).exists()]


def _states(notebook: str, folder: Path) -> dict[str, tuple]:
    """What changes when a file of the notebook's figures is written, by file; its time alone may be that of before."""
    paths = {file: folder / file for file in figures_of(notebook)}
    stats = {file: path.stat() for file, path in paths.items() if path.exists()}
    return {file: (stat.st_ino, stat.st_mtime_ns, stat.st_size) for file, stat in stats.items()}


def _check(notebook: str, folder: Path, before: dict[str, tuple]) -> None:
    """Raise UserError where a figure of the notebook is missing, blank or, as `before` its run, an older one."""
    from mercore import plots

    after = _states(notebook, folder)
    for file in figures_of(notebook):
        path = folder / file
        if file not in after:
            raise UserError(f"{notebook}: {file} is missing; the notebook has to save it")
        if after[file] == before.get(file):
            raise UserError(f"{notebook}: {file} is older than this run; the notebook did not draw it")
        if path.suffix == ".png" and plots.is_blank(path):
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


def relative(path: Path) -> str:
    """A path as seen from the working folder."""
    try:
        return os.path.relpath(path)
    except ValueError:  # on another drive of Windows
        return str(path)
