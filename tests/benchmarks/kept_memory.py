"""Measure what the allocator's settings of the command line save: seconds of an epoch without and with them.

    .venv/bin/python tests/benchmarks/kept_memory.py

Each time is the best of three epochs of a small network, where it matters most, in a process of its own; processes
without and with the settings take turns. Processor seconds hardly depend on what else the machine does. glibc only.
"""

import os
import subprocess
import sys
import time

import numpy as np

EPOCHS = 3


def main(rounds: int = 4) -> None:
    """Print the times of each round and the median of their ratios."""
    from mercore.__main__ import ALLOCATOR

    without = {name: value for name, value in os.environ.items() if name not in ALLOCATOR}
    ratios = []
    for _ in range(rounds):
        times = [measure(environment) for environment in (without, without | ALLOCATOR)]
        ratios.append(times[0] / times[1])
        for kind, (before, after) in zip(("elapsed", "processor"), np.transpose(times), strict=True):
            print(f"an epoch, {kind}: {before:.2f} s without, {after:.2f} s with", flush=True)
    elapsed, processor = np.median(ratios, axis=0)
    print(f"median ratio {elapsed:.2f} of elapsed, {processor:.2f} of processor time")


def measure(environment: dict[str, str]) -> np.ndarray:
    """Return elapsed and processor seconds of an epoch in a process with this environment."""
    command = [sys.executable, __file__, "epoch"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return np.array(done.stdout.split(), dtype=float)


def time_epoch() -> np.ndarray:
    """Return the least elapsed and processor seconds of a few epochs over 640 random clips."""
    from mercore import networks

    model = networks.build("conv")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(640, *model.input_shape[1:])).astype("float32")
    y = rng.integers(model.output_shape[-1], size=640)
    model.compile("adam", "sparse_categorical_crossentropy", jit_compile=False)
    model.fit(x, y, batch_size=32, verbose=0)  # tracing
    times = []
    for _ in range(EPOCHS):
        started = np.array([time.perf_counter(), time.process_time()])
        model.fit(x, y, batch_size=32, verbose=0)
        times.append([time.perf_counter(), time.process_time()] - started)
    return np.min(times, axis=0)


if __name__ == "__main__":
    if sys.argv[1:] == ["epoch"]:
        print(*time_epoch())
    else:
        main()
