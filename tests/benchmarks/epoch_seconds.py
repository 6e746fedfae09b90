"""What an epoch takes: seconds for 1,000 clips, by network and preset, as `training.EPOCH_SECONDS` holds them.

    .venv/bin/python tests/benchmarks/epoch_seconds.py

On one thread and random clips, the presets of a network in turn, so that all meet the same machine; only the ratios
carry over to another one. Without extraction, normalisation and augmentation.
"""

import os
import time

os.environ["TF_NUM_INTRAOP_THREADS"] = os.environ["TF_NUM_INTEROP_THREADS"] = "1"

import numpy as np

from mercore import networks, training

CLIPS = 384


def seconds(key: str, preset: str) -> float:
    """For 1,000 clips, after a first batch that builds the graph."""
    batch = next(profile.batch_size for profile in training.PROFILES.values() if profile.preset == preset)
    model = networks.build(key, 4, preset)
    model.compile("adam", "sparse_categorical_crossentropy", jit_compile=False)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(CLIPS, *model.input_shape[1:])).astype("float32")
    y = rng.integers(4, size=CLIPS)
    model.fit(x[:batch], y[:batch], batch_size=batch, verbose=0)
    started = time.perf_counter()
    model.fit(x, y, batch_size=batch, verbose=0)
    return (time.perf_counter() - started) * 1000 / CLIPS


if __name__ == "__main__":
    for key in networks.names():
        found = {preset: seconds(key, preset) for preset in networks.PRESETS}
        times = ", ".join(f"{preset} {value:.1f} s" for preset, value in found.items())
        print(f"{key}: {times}; report / tuned {found['report'] / found['tuned']:.1f}", flush=True)
