"""How long Stop takes in the laboratory, by network: from the click to the end of training, without the test after it.

    python tests/benchmarks/stop_seconds.py [profile ...]    (quick and report)

The embedded genre corpus, the largest batch that the laboratory lets one take, three stops each after the first steps
(which builds the graph). Printed: median and maximum, s.
"""

import os
import sys
import tempfile
import time

import numpy as np

STOPS = 3


def stop_once(laboratory, wait: float) -> float:
    """Seconds from a click on Stop, `wait` s after the second step of training, to the end of the training."""
    laboratory.controls["seed"].value += 1  # a training that isn't known yet
    laboratory.progress.value = 0
    laboratory.train.click()
    listener = type(laboratory).running
    while "parameters" not in laboratory.status.value:  # as long as the features are extracted
        time.sleep(0.01)
    steps = listener.steps
    while listener.steps < steps + 2:
        time.sleep(0.01)
    time.sleep(wait)
    clicked = time.perf_counter()
    laboratory.stop.click()
    while "topped;" not in laboratory.status.value and laboratory._busy:
        time.sleep(0.005)
    seconds = time.perf_counter() - clicked
    while laboratory._busy:
        time.sleep(0.05)
    return seconds


def main(profiles: list[str]) -> None:
    from mercore import corpora, networks
    from mercore.widgets import Laboratory
    from mercore.widgets.laboratory_settings import CHOICES

    laboratory = Laboratory({"genre": corpora.open_corpus("embedded", "genre")})
    rng = np.random.default_rng(0)
    for profile in profiles:
        laboratory.controls["profile"].value = profile
        for key in networks.names():
            laboratory.controls["network"].value = (key, "report")
            for batch in CHOICES["batch_size"][::-1]:
                laboratory.controls["batch_size"].value = batch
                if not laboratory.train.disabled:
                    break
            taken = [stop_once(laboratory, rng.uniform(0, 2)) for _ in range(STOPS)]
            print(
                f"{profile:7} {key:12} batch {batch:3}  median {np.median(taken):.2f}  max {max(taken):.2f}",
                flush=True,
            )


if __name__ == "__main__":
    embedded = os.environ.get("MERCORE_DATA")
    with tempfile.TemporaryDirectory() as folder:
        if embedded:
            os.symlink(os.path.join(embedded, "embedded"), os.path.join(folder, "embedded"))
        os.environ["MERCORE_DATA"] = folder
        main(sys.argv[1:] or ["quick", "report"])
