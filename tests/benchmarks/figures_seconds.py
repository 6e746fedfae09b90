"""`make figures` in profile `quick`, by notebook, from an empty data folder: composing, extracting, training, drawing.

    .venv/bin/python tests/benchmarks/figures_seconds.py

With seed 1, so that the committed figures, which have seed 0, are left alone.
"""

import os
import re
import subprocess
import sys
import tempfile
import time

from measuring import Row, show

WANTED = 300  # seconds in all
NOTEBOOK = re.compile(r"\[\d+/\d+\] (\w+): (\d+) s")


def measure() -> list[Row]:
    """A row a notebook, of which two run at a time, and one for all."""
    with tempfile.TemporaryDirectory() as folder:
        places = {"MERCORE_DATA": f"{folder}/data", "MERCORE_BUILD": f"{folder}/build"}
        command = [sys.executable, "-m", "mercore", "figures", "SEED=1"]
        started = time.perf_counter()
        done = subprocess.run(command, env=os.environ | places, check=True, stdout=subprocess.PIPE, text=True)
        seconds = time.perf_counter() - started
    rows = [Row(f"notebook {name}", float(took), None, "s") for name, took in NOTEBOOK.findall(done.stdout)]
    return [*rows, Row("make figures, quick", seconds, None, "s", "", WANTED, at_most=True)]


if __name__ == "__main__":
    show(measure())
