"""Many trainings with one command: networks, seeds and folds, on all cores or on a cluster. See notebooks/scale.md.

Each is a run as `mercore.training` leaves it, and one that is there already is found, not trained again: so a sweep
that was broken off goes on where it was. Each machine opens the corpus and extracts its features for itself, once.
"""

import os
import socket
import traceback
from collections.abc import Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import joblib

from mercore import UserError, corpora, data_dir, features, training
from mercore import networks as networks_of_project
from mercore.study import cluster
from mercore.training import fit, runs

THREADS = "TF_NUM_INTRAOP_THREADS"  # TensorFlow's own; read once, with its first operation
ATTEMPTS = 3  # as often the processes of this machine may die


@dataclass(frozen=True)
class Job:
    """One training of a sweep. corpus: 'embedded', or a path that leads to the same music on every machine."""

    corpus: str
    task: str
    fingerprint: str
    network: str
    profile: str
    protocol: str
    seed: int
    folds: int | None = None
    fold: int | None = None

    @property
    def title(self) -> str:
        """What tells it from the others."""
        fold = "" if self.folds is None else f", fold {self.fold} of {self.folds}"
        return f"{self.network}, seed {self.seed}{fold}"


@dataclass(frozen=True)
class Outcome:
    """What became of a job: the id of its run, or what went wrong; and the machine."""

    run: str = ""
    error: str = ""
    machine: str = ""


class Quiet(fit.Listener):
    """Several trainings at once had better not all talk."""

    def report(self, text: str) -> None:
        """Nothing."""


def plan(
    path: str,
    task: str,
    networks: Iterable[str] = (),
    profile: str = "quick",
    protocol: str = "auto",
    seeds: Iterable[int] = (0,),
    folds: int | None = None,
) -> list[Job]:
    """Every network (none named: all seven) with every seed on every fold.

    Raises UserError for a corpus that isn't there or can't be split so, and for names that aren't known.
    """
    path = path if path == "embedded" else os.path.abspath(os.path.expanduser(path))
    networks, seeds = known(networks), list(dict.fromkeys(seeds))
    opened = {seed: corpora.open_corpus(path, task, seed) for seed in (seeds if path == "embedded" else seeds[:1])}
    parts = [None] if folds is None else range(folds)
    for seed, corpus in opened.items():
        config = training.profile(profile).change(protocol=protocol, seed=seed, folds=folds, fold=parts[0])
        training.split_corpus(corpus, config)
    prints = {seed: opened.get(seed, opened[seeds[0]]).fingerprint for seed in seeds}
    return [
        Job(path, task, prints[seed], network, profile, protocol, seed, folds, fold)
        for network, seed, fold in product(networks, seeds, parts)
    ]


def known(networks: Iterable[str]) -> list[str]:
    """These networks, or all seven where none is named. Raises UserError for one that isn't known."""

    registered = networks_of_project.names()
    chosen = list(dict.fromkeys(networks)) or list(registered)
    if unknown := [key for key in chosen if key not in registered]:
        raise UserError(f"unknown network {unknown[0]!r}: choose from {', '.join(registered)}")
    return chosen


def run(
    jobs: list[Job], threads: int = 1, at_once: int | None = None, address: str | None = None
) -> Iterator[tuple[Job, Outcome]]:
    """Train every job, whatever becomes of the others; each with its outcome, in their order.

    threads: of each training; with another number sums are rounded differently. at_once: so many processes on this
    machine (default: as the cores have threads to give). address: of a Dask scheduler whose workers do it instead.
    Raises UserError where the cluster isn't fit for it.
    """
    waiting, place = list(jobs), str(data_dir())
    at_once = at_once or max(1, joblib.cpu_count() // threads)
    with cluster.on(address, lambda error: Outcome(error=str(error))):
        for _ in range(ATTEMPTS):
            work = [joblib.delayed(train)(job, threads, place) for job in waiting]
            pool = joblib.Parallel(at_once, batch_size=1, pre_dispatch="all", return_as="generator")
            try:
                for outcome in pool(work):
                    yield waiting.pop(0), outcome
                return
            except BrokenProcessPool:  # of a killed process joblib doesn't say what it was at
                continue
    for job in waiting:
        yield job, Outcome(error="the processes died again and again, most often for want of memory: try --jobs 1")


def train(job: Job, threads: int, place: str) -> Outcome:
    """Train one job, or find its run; whatever goes wrong is told and not raised, so that the others go on."""
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")  # several processes may share one GPU
    os.environ.setdefault("MERCORE_DATA", place)
    machine = socket.gethostname()
    try:
        if os.environ.setdefault(THREADS, str(threads)) != str(threads):
            raise UserError(f"{machine}: this process trains with {os.environ[THREADS]} threads, not {threads}")
        with joblib.parallel_config("threading"):  # else a cluster's tasks would wait for tasks of their own
            corpus = _opened(job.corpus, job.task, job.seed if job.corpus == "embedded" else 0, job.fingerprint)
            how = (job.network, job.profile, job.protocol, job.seed)
            run = training.train(corpus, *how, folds=job.folds, fold=job.fold, listener=Quiet())
            return Outcome(run.id, machine=machine)
    except UserError as error:
        return Outcome(error=str(error), machine=machine)
    except Exception as error:
        traceback.print_exc()  # into the worker's log
        return Outcome(error=f"{type(error).__name__}: {error}", machine=machine)


@lru_cache(maxsize=2)
def _opened(path: str, task: str, seed: int, fingerprint: str) -> corpora.Corpus:
    corpus = corpora.open_corpus(path, task, seed)
    if corpus.fingerprint != fingerprint:
        raise UserError(f"{path}: isn't the same music on {socket.gethostname()} as where the sweep was started")
    return corpus


def collect(outcomes: Iterable[tuple[Job, Outcome]]) -> Iterator[tuple[Job, runs.Run | None, str]]:
    """Each job with its run, read from where runs are kept, or None and what went wrong."""
    for job, outcome in outcomes:
        try:
            if outcome.error:
                raise UserError(outcome.error)
            yield job, runs.load(outcome.run), ""
        except UserError as error:
            yield job, None, str(error)


def extract(
    path: str,
    task: str,
    networks: Iterable[str] = (),
    profile: str = "quick",
    seed: int = 0,
    address: str | None = None,
) -> dict[str, features.StoredFeatures]:
    """The features that these networks need, by kind, in this machine's cache; a cluster computes them if given."""
    corpus, settings = corpora.open_corpus(path, task, seed), training.profile(profile)
    kinds = dict.fromkeys(networks_of_project.input_type(key) for key in known(networks))
    with cluster.on(address):
        return {kind: training.prepare(corpus, kind, settings, "all", seed).x for kind in kinds}
