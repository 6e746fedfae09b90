"""What the benchmarks share: rows of a table, the machine, and a fresh process for what is to be measured."""

import multiprocessing
import os
import platform
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from importlib.metadata import version

import pandas as pd
import psutil

from mercore.training import environment

PACKAGES = ("numpy", "scipy", "librosa", "soundfile", "soxr", "tensorflow", "keras")


@dataclass
class Row:
    """One measurement: ours beside a reference from the same run, and what was aimed at.

    The ratio is reference / ours where less is better, and ours / reference where more is (`unit` "GFLOP/s").
    target: of the ratio, "at least" where positive; or of ours, "at most", where `at_most` says so.
    """

    what: str
    ours: float
    reference: float | None
    unit: str
    against: str = ""
    target: float | None = None
    at_most: bool = False

    @property
    def ratio(self) -> float | None:
        """How many times better than the reference."""
        if self.reference is None:
            return None
        return self.ours / self.reference if self.unit.endswith("/s") else self.reference / self.ours

    @property
    def verdict(self) -> str:
        """Whether the target was reached."""
        if self.target is None:
            return ""
        return "reached" if (self.ours <= self.target if self.at_most else self.ratio >= self.target) else "missed"


def table(rows: list[Row]) -> pd.DataFrame:
    """The rows as they are printed and kept."""
    return pd.DataFrame([{**asdict(row), "ratio": row.ratio, "verdict": row.verdict} for row in rows])


def show(rows: list[Row]) -> None:
    """Print rows: what, ours, reference, ratio, target."""
    for row in rows:
        text = f"{row.what}: {row.ours:.3g} {row.unit}"
        if row.reference is not None:
            text += f"; {row.against} {row.reference:.3g} {row.unit}; ratio {row.ratio:.3g}"
        if row.target is not None:
            wanted = f"at most {row.target:g} {row.unit}" if row.at_most else f"a ratio of {row.target:g}"
            text += f"; wanted {wanted}: {row.verdict}"
        print(text, flush=True)


def machine() -> dict:
    """What the numbers were measured on."""
    return {
        "processor": environment.processor(),
        "cores": os.cpu_count(),
        "memory, GB": round(psutil.virtual_memory().total / 1e9, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load before": round(os.getloadavg()[0], 2),
        **{name: version(name) for name in PACKAGES},
    }


@dataclass
class Measured:
    """What a function gave, and what it took: seconds; the largest anonymous memory of its process, in MB."""

    result: object
    seconds: float
    peak_mb: float


def in_fresh_process(function: Callable, *arguments, warm: tuple = ()) -> Measured:
    """Run a function of a module in a process of its own, as memory is never quite given back, and measure it.

    warm: arguments of a call before, so that imports aren't measured.
    """
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_measured, function, arguments, warm).result()


def _measured(function: Callable, arguments: tuple, warm: tuple) -> Measured:
    if warm:
        function(*warm)
    peak, done = [0], threading.Event()

    def watch() -> None:
        memory = psutil.Process()
        while not done.wait(0.01):
            now = memory.memory_info()
            # A mapped file's pages are the system's to take back, so they don't count.
            peak[0] = max(peak[0], now.rss - getattr(now, "shared", 0))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    started = time.perf_counter()
    result = function(*arguments)
    seconds = time.perf_counter() - started
    done.set()
    watcher.join()
    return Measured(result, seconds, peak[0] / 1e6)
