"""Many trainings with one command: networks, seeds and folds, on all cores or on a cluster. See notebooks/scale.md.

Each is a run as `mercore.training` leaves it, and one that is there already is found, not trained again: so an
interrupted sweep is resumed by the same command. All machines of a cluster share one data folder.
"""

import os
import re
import socket
import traceback
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from tempfile import NamedTemporaryFile

import joblib

from mercore import UserError, corpora, data_dir, features, training
from mercore import networks as registry
from mercore.study import baselines
from mercore.training import fit, runs

MACHINE = socket.gethostname()
THREADS = "TF_NUM_INTRAOP_THREADS"  # TensorFlow's own; read once, with its first operation
ATTEMPTS = 3  # how often the processes of this machine may die
TIMEOUT = 15  # s, for the scheduler to answer and for a first worker


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
        """What distinguishes it from the others of a sweep."""
        fold = "" if self.folds is None else f", fold {self.fold} of {self.folds}"
        return f"{self.network}, seed {self.seed}{fold}"


class SilentProgress(fit.Listener):
    """Suppress progress output when runs train in parallel."""

    def report(self, text: str) -> None:
        """Print nothing."""


def plan(
    path: str,
    task: str,
    networks: Iterable[str] = (),
    profile: str = "quick",
    protocol: str = "auto",
    seeds: Iterable[int] = (0,),
    folds: int | None = None,
) -> list[Job]:
    """List a job for every network (default: all) with every seed on every fold.

    Raises UserError for a corpus that isn't there or can't be split so, and for unknown names.
    """
    path = path if path == "embedded" else os.path.abspath(os.path.expanduser(path))
    networks, seeds = resolve_networks(networks), list(dict.fromkeys(seeds))
    parts = [None] if folds is None else range(folds)
    opened = {seed: _open(path, task, seed) for seed in seeds}
    for seed, corpus in opened.items():
        config = training.profile(profile).change(protocol=protocol, seed=seed, folds=folds, fold=parts[0])
        training.split_corpus(corpus, config)
    return [
        Job(path, task, opened[seed].fingerprint, network, profile, protocol, seed, folds, fold)
        for network, seed, fold in product(networks, seeds, parts)
    ]


def _open(path: str, task: str, seed: int) -> corpora.Corpus:
    return _open_once(path, task, seed if path == "embedded" else 0)


@lru_cache(maxsize=2)
def _open_once(path: str, task: str, seed: int) -> corpora.Corpus:
    return corpora.open_corpus(path, task, seed)


def resolve_networks(names: Iterable[str]) -> list[str]:
    """Return these networks or baselines, or all networks for none. Raises UserError for an unknown name."""
    chosen, known = list(dict.fromkeys(names)) or list(registry.names()), (*registry.names(), *baselines.KEYS)
    if unknown := [key for key in chosen if key not in known]:
        raise UserError(f"unknown network {unknown[0]!r}: choose from {', '.join(known)}")
    return chosen


def run(
    jobs: list[Job], threads: int = 1, at_once: int | None = None, address: str | None = None
) -> Iterator[tuple[Job, runs.Run | None, str]]:
    """Train every job, whatever happens to the others; yield each with its run, or None and what went wrong, in order.

    threads: of each training; another number rounds sums differently. at_once: so many processes on this machine
    (default: as the cores have threads to give). address: of a Dask scheduler whose workers train instead.
    """
    outcomes = _run_on_cluster(jobs, threads, address) if address else _run_here(jobs, threads, at_once)
    for job, (run_id, error) in zip(jobs, outcomes, strict=True):
        try:
            yield job, None if error else runs.load(run_id), error
        except UserError as unreadable:
            yield job, None, str(unreadable)


def _run_here(jobs: list[Job], threads: int, at_once: int | None) -> Iterator[tuple[str, str]]:
    done, at_once = 0, at_once or max(1, joblib.cpu_count() // threads)
    for _ in range(ATTEMPTS):
        pool = joblib.Parallel(at_once, batch_size=1, pre_dispatch="all", return_as="generator")
        try:
            for outcome in pool([joblib.delayed(train)(job, threads) for job in jobs[done:]]):
                done += 1
                yield outcome
            return
        except BrokenProcessPool:  # joblib doesn't report which job killed its process
            continue
    yield from [("", "the processes died again and again, most often for want of memory: try --jobs 1")] * (
        len(jobs) - done
    )


def _run_on_cluster(jobs: list[Job], threads: int, address: str) -> Iterator[tuple[str, str]]:
    data_dir().mkdir(parents=True, exist_ok=True)
    with connect(address) as client, NamedTemporaryFile(dir=data_dir(), prefix=".sweep-") as mark:
        for outcome in compute(client, train, jobs, threads, mark.name):
            yield ("", str(outcome)) if isinstance(outcome, UserError) else outcome


def train(job: Job, threads: int, mark: str | None = None) -> tuple[str, str]:
    """Train one job, or find its run; return its id and "", or "" and what went wrong, so that the others go on.

    mark: a file in the data folder that all machines of a cluster share.
    """
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")  # several processes may share one GPU
    try:
        _check_worker(threads, mark)
        with joblib.parallel_config("threading"):  # otherwise a cluster's tasks would wait for tasks of their own
            corpus = _open(job.corpus, job.task, job.seed)
            if corpus.fingerprint != job.fingerprint:
                raise UserError(f"{job.corpus}: isn't the same music on {MACHINE} as where the sweep was started")
            how: dict = {"protocol": job.protocol, "seed": job.seed, "folds": job.folds, "fold": job.fold}
            if job.network in baselines.KEYS:
                return runs.save(baselines.train(corpus, job.network, **how), beside=False).id, ""
            return training.train(corpus, job.network, job.profile, **how, listener=SilentProgress()).id, ""
    except UserError as error:
        return "", str(error)
    except Exception as error:
        traceback.print_exc()  # into the worker's log
        return "", f"{type(error).__name__}: {error}"


def _check_worker(threads: int, mark: str | None) -> None:
    if os.environ.setdefault(THREADS, str(threads)) != str(threads):
        raise UserError(f"{MACHINE}: this process trains with {os.environ[THREADS]} threads, not {threads}")
    if mark is None:
        return
    folder = os.path.dirname(mark)
    if not os.path.exists(mark):
        raise UserError(
            f"{folder}: isn't the same folder on {MACHINE} as where the sweep was started; set MERCORE_DATA to one "
            "that all machines share"
        )
    os.environ["MERCORE_DATA"] = folder


def extract(
    path: str,
    task: str,
    networks: Iterable[str] = (),
    profile: str = "quick",
    seed: int = 0,
    address: str | None = None,
) -> dict[str, features.StoredFeatures]:
    """Extract the features that these networks need, by kind, into the cache; on a cluster if one is given."""
    from mercore.networks import input_type

    corpus, settings = corpora.open_corpus(path, task, seed), training.profile(profile)
    kinds = dict.fromkeys(input_type(key) for key in resolve_networks(networks) if key not in baselines.KEYS)
    with dask_backend(address):
        return {kind: training.prepare(corpus, kind, settings, "all", seed).x for kind in kinds}


@contextmanager
def dask_backend(address: str | None) -> Iterator[None]:
    """Let joblib use the workers of the Dask scheduler at this address within a block; None: this machine's."""
    if address is None:
        yield
        return
    with connect(address) as client, joblib.parallel_config("dask", client=client):
        yield


@contextmanager
def connect(address: str) -> Iterator:
    """Connect to the Dask scheduler at tcp://HOST:PORT. Raises UserError where it isn't fit."""
    if not re.fullmatch(r"\w+://\S+:\d+/?", address):
        raise UserError(f"{address}: isn't the address of a Dask scheduler, such as tcp://HOST:8786")
    try:
        from distributed import Client
    except ImportError as error:
        raise UserError(
            "--cluster needs the package distributed: python -m pip install -c requirements.txt distributed"
        ) from error
    try:
        client = Client(address, timeout=TIMEOUT, set_as_default=False)
    except (OSError, ValueError) as error:  # a timeout is an OSError
        raise UserError(
            f"{address}: no Dask scheduler answers there; start one with `python -m dask scheduler`"
        ) from error
    with client:
        _check_workers(client, address)
        yield client


def _check_workers(client, address: str) -> None:
    command = f"python -m dask worker {address} --nworkers -1 --nthreads 1"
    try:
        client.wait_for_workers(1, timeout=TIMEOUT)
    except TimeoutError as error:
        raise UserError(f"{address}: has no workers; start some with `{command}`") from error
    if wide := [worker for worker, threads in client.nthreads().items() if threads > 1]:
        raise UserError(
            f"{address}: {wide[0]} has several threads, and as many trainings would share one TensorFlow; start "
            f"processes instead: {command}"
        )


def compute(client, function: Callable, items: Iterable, *options) -> Iterator:
    """Call a function with each item on the workers; yield results in order, a UserError for those given up.

    Dask runs the task of a dead worker on another one, until several have died of it.
    """
    from distributed.scheduler import KilledWorker

    futures = [client.submit(function, item, *options, pure=False) for item in items]
    for future in futures:
        try:
            yield future.result()
        except KilledWorker:
            yield UserError("given up: workers kept dying on this task; see their logs")
        except CancelledError:
            yield UserError("given up: the scheduler is gone")
