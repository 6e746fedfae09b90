"""Work on several machines: joblib on a Dask cluster. Explained in notebooks/scale.md."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager

import joblib

from mercore import UserError

PATIENCE = 15  # s, for the scheduler to answer and for a first worker


@contextmanager
def on(address: str | None, lost: Callable[[UserError], object] | None = None) -> Iterator[None]:
    """Within it joblib's work is done by the workers of the Dask scheduler at tcp://HOST:PORT; None: as usual, here.

    A worker that dies is made up for by the others. lost: what a task yields that kills them all, one after the other,
    made from its UserError; by default that is raised, and ends the rest. Raises UserError where the cluster isn't
    there or isn't fit for it.
    """
    if address is None:
        yield
        return
    if not re.fullmatch(r"\w+://\S+:\d+/?", address):
        raise UserError(f"{address}: isn't the address of a Dask scheduler, such as tcp://HOST:8786")
    try:
        from distributed import Client
    except ImportError as error:
        raise UserError(
            "--cluster takes the package distributed: python -m pip install -c requirements.txt distributed"
        ) from error
    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:  # a timeout is an OSError
        raise UserError(
            f"{address}: no Dask scheduler answers there; start one with `python -m dask scheduler`"
        ) from error
    with client:
        _check(client, address)
        with joblib.parallel_config(backend=_backend(client, lost)):
            yield


def _check(client, address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError as error:
        raise UserError(
            f"{address}: has no workers; start some with `python -m dask worker {address} --nthreads 1`"
        ) from error
    wide = [worker for worker, threads in client.nthreads().items() if threads > 1]
    if wide:
        raise UserError(
            f"{address}: {wide[0]} has several threads, and as many trainings would share one TensorFlow; start "
            f"processes instead: python -m dask worker {address} --nworkers -1 --nthreads 1"
        )


def _backend(client, lost: Callable[[UserError], object] | None):
    """joblib's own, without two traps in it."""
    from joblib._dask import DaskDistributedBackend

    class Cluster(DaskDistributedBackend):
        def effective_n_jobs(self, n_jobs):
            return max(2, super().effective_n_jobs(n_jobs))  # of 1 joblib makes a loop in the process that calls

        def submit(self, func, callback=None):
            future = super().submit(func, callback)
            if callback:  # which joblib calls for what succeeds alone, and waits for ever for the rest
                future.add_done_callback(lambda done: done.exception() and callback(_given_up(done.exception())))
            return future

        def retrieve_result_callback(self, out):
            if isinstance(out, CancelledError):
                out = _given_up(out)
            if lost and isinstance(out, UserError):
                return [lost(out)]
            return super().retrieve_result_callback(out)

    return Cluster(client=client)


def _given_up(error: BaseException) -> UserError:
    """Why the cluster gave a task up, in a line."""
    from distributed.scheduler import KilledWorker

    reason = str(error).partition("\n")[0]
    if isinstance(error, KilledWorker):
        reason = "one worker after the other died of it, or beside it; their logs may say why"
    if isinstance(error, CancelledError):
        reason = "the scheduler is gone"
    return UserError(f"given up: {reason}")
