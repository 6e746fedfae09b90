"""What `mercore.keep_freed_memory` earns: seconds of an epoch without it and with it, in turns, and their ratio.

    .venv/bin/python tests/benchmarks/kept_memory.py

Measured where it matters most, on small networks; Linux with glibc only.
"""

import ctypes
import time

import numpy as np

import mercore
from mercore import corpora, features, networks, training
from mercore.training import fit


def main(rounds: int = 4) -> None:
    """Print both times of each round and the median ratio."""
    prepared = training.prepare(corpora.embedded("genre"))
    rows = prepared.split.train[:640]
    normaliser = features.Normaliser.fit(prepared.x, rows, "log_mel")
    model = networks.build("conv")
    model.compile("adam", "sparse_categorical_crossentropy", jit_compile=False)
    data = fit.batches(prepared, normaliser, rows, 32, seed=0)
    model.fit(data, verbose=0)  # tracing
    ratios = []
    for _ in range(rounds):
        give_back()
        without = epoch(model, data)
        mercore.keep_freed_memory()
        epoch(model, data)  # what is to be kept has to be fetched once
        kept = epoch(model, data)
        ratios.append(without / kept)
        print(f"an epoch over {len(rows)} clips: {without:.2f} s without, {kept:.2f} s with", flush=True)
    print(f"median ratio {np.median(ratios):.2f}")


def give_back() -> None:
    """The defaults of glibc again (mallopt(3)), and all that is free returned."""
    library = ctypes.CDLL(None)
    library.mallopt(mercore.M_TOP_PAD, 2**17)
    library.mallopt(mercore.M_MMAP_THRESHOLD, 2**17)
    library.malloc_trim(0)


def epoch(model, data) -> float:
    """Seconds of one pass over the data."""
    started = time.perf_counter()
    model.fit(data, verbose=0)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
