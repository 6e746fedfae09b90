"""Kill -9 at random moments of `make figures` in `smoke`: does the next run complete, and is every artefact whole?

    .venv/bin/python tests/benchmarks/kill_figures.py [--kills 20] [--seed 0] [--only 03] [--folder FOLDER]

An undisturbed run from nothing comes first: the moments are drawn from its length, and its tables and predictions are
what every later run has to find again. After each kill the next run goes to its end, then all is removed, so that the
next kill meets a run from nothing again; where the moment lies after the composing of the music, that is put in place
instead, as it would be there by then. Every other kill ends the main process alone, which leaves its notebooks without
parent, and the others everything at once, as a power cut does. Takes 1.5 times as long as the undisturbed run for
each kill. Exit status 1 if anything was not as it should be.
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "robustness"))
import run_integrity

COMPOSED = "mood: "  # what a run prints when both corpora are there


@dataclass
class Trial:
    """One kill: when (s), the main process alone or all; and what was found after the next run."""

    moment: float
    alone: bool
    stage: str = ""
    status: int | None = None
    left: int = 0
    faults: tuple[str, ...] = ()
    differing: tuple[str, ...] = ()
    scraps: int = 0

    @property
    def good(self) -> bool:
        """Whether nothing was lost, and nothing left running."""
        return self.status == 0 and not (self.left or self.faults or self.differing)


class Place:
    """The folders of one run."""

    def __init__(self, folder: Path):
        self.folder, self.data, self.build = folder, folder / "data", folder / "build"
        self.log = folder / "log.txt"
        self.places = {"MERCORE_DATA": str(self.data), "MERCORE_BUILD": str(self.build)}
        folder.mkdir(parents=True)

    def complete(self, words: list[str]) -> tuple[int, float]:
        """A run to its end: exit status, seconds."""
        started = time.perf_counter()
        return run_integrity.start(words, self.places, self.log).wait(), time.perf_counter() - started

    def stage(self) -> str:
        """The last that the log says is done."""
        done = [line for line in self.log.read_text().replace("\r", "\n").splitlines() if line.startswith("[")]
        return next((line for line in reversed(done) if "/" in line.partition("]")[0]), "before the first notebook")


def compose(place: Place, words: list[str]) -> float:
    """Seconds that a run from nothing takes before its first notebook; it goes on to its end."""
    started, process = time.perf_counter(), run_integrity.start(words, place.places, place.log)
    while process.poll() is None and COMPOSED not in place.log.read_text():
        time.sleep(0.2)
    composed = time.perf_counter() - started
    if process.wait():
        sys.exit(f"the undisturbed run failed: see {place.log}")
    return composed


def try_once(trial: Trial, place: Place, reference: Place, composed: float, words: list[str]) -> bool:
    """Run, kill, run again, look; False where the run had ended before its moment came: the machine is less busy."""
    wait = trial.moment
    if wait > composed:
        shutil.copytree(reference.data / "embedded", place.data / "embedded")
        wait -= composed
    process = run_integrity.start(words, place.places, place.log)
    try:
        process.wait(wait)
        return False
    except run_integrity.psutil.TimeoutExpired:
        trial.stage = place.stage()
    trial.left = len(run_integrity.kill(process, trial.alone))
    trial.status, _ = place.complete(words)
    trial.faults = tuple(run_integrity.find_incomplete_files(place.data, place.build))
    expected, found = (run_integrity.checksum_results(each.data, each.build) for each in (reference, place))
    trial.differing = tuple(name for name in sorted(expected | found) if expected.get(name) != found.get(name))
    trial.scraps = len(run_integrity.find_leftovers(place.data, place.build))
    return True


def main(kills: int, seed: int, only: str, folder: Path) -> bool:
    """All trials; whether every one was good."""
    words = ["PROFILE=smoke", *([f"ONLY={only}"] if only else [])]
    reference, rng, good = Place(folder / "undisturbed"), random.Random(seed), 0
    started = time.perf_counter()
    composed = compose(reference, words)
    whole = time.perf_counter() - started
    faults = run_integrity.find_incomplete_files(reference.data, reference.build)
    print(
        f"undisturbed: {whole:.0f} s, the first {composed:.0f} of them composing; faults: {faults or 'none'}",
        flush=True,
    )
    for number in range(1, kills + 1):
        ended = True
        while ended:
            trial, place = Trial(rng.uniform(0, whole), number % 2 == 0), Place(folder / f"{number:02}")
            ended = not try_once(trial, place, reference, composed, words)
            if ended:
                whole = trial.moment
            if trial.good or ended:
                shutil.rmtree(place.folder)
        good += trial.good
        who = "main process alone" if trial.alone else "all processes"
        print(f"{number}/{kills} at {trial.moment:.0f} s ({trial.stage}), {who}: next run's status {trial.status}; "
              f"left running {trial.left}; not whole {list(trial.faults) or 0}; other results "
              f"{list(trial.differing) or 0}; scraps {trial.scraps}", flush=True)  # fmt: skip
    print(f"{good} of {kills} kills: the next run completed, every artefact whole, the same results")
    return good == kills


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="these notebooks alone")
    parser.add_argument("--folder", type=Path, default=None, help="to work in; default: a temporary one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        worked = options.folder or Path(temporary)
        sys.exit(0 if main(options.kills, options.seed, options.only, worked) else 1)
