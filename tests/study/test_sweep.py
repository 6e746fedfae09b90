"""Sweeps: planned, resumed, their failures named; here and on a real Dask cluster whose worker is killed."""

import contextlib
import importlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from mercore import UserError, networks, training
from mercore.__main__ import main
from mercore.study import sweep
from mercore.training import runs

PROJECT = Path(__file__).resolve().parents[2]


def plan(tones, networks=("conv",), **options):
    return sweep.plan(str(tones.root), "mood", networks, "smoke", "track", **options)


def test_every_network_with_every_seed_on_every_fold(tones):
    jobs = plan(tones, ("conv", "bgru"), seeds=(3, 1), folds=2)
    assert [job.title for job in jobs[:3]] == ["conv, seed 3, fold 0 of 2", "conv, seed 3, fold 1 of 2",
                                               "conv, seed 1, fold 0 of 2"]  # fmt: skip
    assert len(set(jobs)) == 8 and {job.fingerprint for job in jobs} == {tones.fingerprint}
    assert [job.network for job in plan(tones, ())] == list(networks.names())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"networks": ["cnn"]}, "unknown network 'cnn'"),
        ({"folds": 13}, "13 folds need as many groups"),
        ({"folds": 1}, "folds must lie between 2 and 1000"),
    ],
)
def test_what_cannot_be_trained_is_told_before(tones, options, message):
    with pytest.raises(UserError, match=message):
        plan(tones, **options)


@pytest.mark.slow
def test_a_failure_is_named_and_the_others_go_on(tones, monkeypatch, capsys):
    real = training.train

    def train(corpus, key, *how, **options):
        if key == "blstm":
            raise MemoryError("no room")
        return real(corpus, key, *how, **options)

    monkeypatch.setattr("mercore.training.train", train)
    monkeypatch.setenv(sweep.THREADS, "1")
    command = ["sweep", str(tones.root), "--task", "mood", "--networks", "conv,blstm,bgru", "--profile", "smoke",
               "--protocol", "track", "--jobs", "1"]  # fmt: skip
    assert main(command) == 1
    told = capsys.readouterr()
    assert "[2/3] failed: blstm, seed 0: MemoryError: no room" in told.out and "[3/3] bgru, seed 0: test" in told.out
    assert told.err.strip().endswith("mercore: blstm, seed 0: MemoryError: no room")

    monkeypatch.setattr("mercore.training.train", real)
    before = set(os.listdir(runs.runs_dir()))
    assert main(command) == 0
    assert len(set(os.listdir(runs.runs_dir())) - before) == 1  # the others were found


def test_another_corpus_at_the_same_place_is_refused(tones, monkeypatch):
    monkeypatch.setenv(sweep.THREADS, "1")
    (job,) = plan(tones)
    changed = replace(job, fingerprint="0123456789ab")
    assert "isn't the same music" in sweep.train(changed, 1)[1]
    assert "trains with 1 threads, not 2" in sweep.train(job, 2)[1]


@pytest.mark.slow
def test_a_killed_process_is_made_up_for(tones, monkeypatch, tmp_path):
    def train(job, threads):
        mark = tmp_path / "killed"
        if job.seed == 1 and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
        return "", job.title

    monkeypatch.setattr(sweep, "train", train)
    jobs = plan(tones, seeds=range(4))
    assert [(job, None, job.title) for job in jobs] == list(sweep.run(jobs, at_once=2))
    assert (tmp_path / "killed").exists()


@pytest.mark.slow
def test_processes_that_always_die_do_not_hang_it(tones, monkeypatch):
    monkeypatch.setattr(sweep, "train", lambda job, threads: os._exit(1))
    jobs = plan(tones, seeds=range(2))
    found = list(sweep.run(jobs, at_once=2))
    assert [run for _, run, _ in found] == [None, None] and "want of memory" in found[0][2]


def test_a_cluster_needs_an_address():
    with pytest.raises(UserError, match="isn't the address"), sweep.connect("head"):
        pass


def test_a_worker_that_does_not_share_the_data_folder_is_refused(tones, monkeypatch, tmp_path):
    monkeypatch.setenv(sweep.THREADS, "1")
    (job,) = plan(tones)
    assert "isn't the same folder" in sweep.train(job, 1, str(tmp_path / "not there"))[1]


def test_baselines_are_swept_and_found_again(tones, monkeypatch):
    monkeypatch.setenv(sweep.THREADS, "1")
    (job,) = plan(tones, ["majority"])
    run_id, error = sweep.train(job, 1)
    assert error == "" and runs.load(run_id).config["profile"] == "baseline"
    assert sweep.train(job, 1) == (run_id, "")


@contextlib.contextmanager
def dask(folder: Path, workers: int, **environment):
    """A scheduler and workers on loopback, each with its own data folder until a sweep names another."""
    pytest.importorskip("distributed", reason="distributed isn't installed: the extra `cluster`")
    folder.mkdir()
    told = folder / "scheduler.json"
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), "TF_CPP_MIN_LOG_LEVEL": "3", **environment}
    environment.pop(sweep.THREADS, None)

    def start(name: str, *words: str) -> subprocess.Popen:
        command = [sys.executable, "-m", "dask", *words, "--scheduler-file", str(told), "--no-dashboard"]
        with open(folder / f"{name}.log", "w") as log:
            own = {**environment, "MERCORE_DATA": str(folder / name)}
            return subprocess.Popen(command, env=own, cwd=folder, stdout=log, stderr=log)

    started = [start("scheduler", "scheduler", "--host", "127.0.0.1", "--port", "0")]
    try:
        for n in range(workers):
            started.append(start(f"worker{n}", "worker", "--nthreads", "1", "--no-nanny", "--memory-limit", "0"))
        from distributed import Client

        deadline = time.time() + 120
        while not told.exists() and time.time() < deadline:
            time.sleep(0.1)
        with Client(scheduler_file=str(told), timeout=60) as client:
            client.wait_for_workers(workers, timeout=120)
            address = client.scheduler.address
        yield address, started[1:]
    finally:
        for process in started:
            process.kill()
            process.wait()


@pytest.mark.slow
def test_a_cluster_gives_what_one_machine_gives_though_a_worker_is_killed(tones, tmp_path, monkeypatch):
    jobs = plan(tones, seeds=range(5))
    alone = [run for _, run, _ in sweep.run(jobs[:2], at_once=2)]
    here = training.prepare(tones, "log_mel", training.PROFILES["smoke"], "all").x

    monkeypatch.setenv("MERCORE_DATA", str(tmp_path / "shared"))
    with dask(tmp_path / "cluster", workers=2) as (address, workers):
        there = sweep.extract(str(tones.root), "mood", ["conv"], "smoke", address=address)["log_mel"]
        assert Path(there.quantised.filename).is_relative_to(tmp_path / "shared")
        assert (there.quantised == here.quantised).all()

        found = []
        for outcome in sweep.run(jobs, address=address):
            found.append(outcome)
            if len(found) == 1:
                workers[0].kill()  # SIGKILL, in the middle of another training
                workers[0].wait()
        assert workers[1].poll() is None

        names = [run.id for _, run, _ in found]
        assert [error for *_, error in found] == [""] * len(jobs)
        assert {path.name for path in (tmp_path / "shared" / "runs").glob("[!.]*")} == set(names)
        assert len(set(names)) == len(jobs)
        for one, (_, run, _) in zip(alone, found, strict=False):
            assert run.id == one.id and run.environment["threads"] == one.environment["threads"] == 1
            pd.testing.assert_frame_equal(run.predictions, one.predictions)

        again = [run.id for _, run, _ in sweep.run(jobs, address=address)]  # found by the worker that is left
        assert again == names


@pytest.mark.slow
def test_a_task_that_kills_its_workers_is_given_up_and_none_runs_here(tmp_path):
    def work(kill):
        return os._exit(1) if kill else os.getpid()

    with dask(tmp_path / "cluster", workers=1, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0") as (address, _):
        with sweep.connect(address) as client:
            (first,) = sweep.compute(client, work, [False])
            (second,) = sweep.compute(client, work, [True])
        assert first != os.getpid()
        assert str(second).startswith("given up: workers kept dying")
        with pytest.raises(UserError, match="has no workers"), sweep.connect(address):
            pass


def test_the_page_on_scale_follows_from_what_was_measured(monkeypatch):
    monkeypatch.syspath_prepend(PROJECT / "tests" / "benchmarks")
    scale = importlib.import_module("scale")
    text = (PROJECT / "notebooks" / "scale.md").read_text("utf-8")
    for table in scale.page():
        assert table in text
    conv = 1.79 * 30 * 10 * 106_574 / 1000 / 3600  # as the page says it is computed
    assert scale.trainings(scale.FMA_LARGE, "report")["conv"] == pytest.approx(conv)
    assert scale.disk(1000, "log_mel") == pytest.approx(1000 * 10 * 2 * 128 * 130 / 1e9)
