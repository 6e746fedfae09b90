"""What all tests share: their order, folders of their own, one run of all notebooks, the real sample."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mercore import corpora
from mercore._files import exclusive_lock

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("MPLBACKEND", "Agg")
PARALLEL = "PYTEST_XDIST_WORKER" in os.environ
if PARALLEL:  # one core each
    for library in ("TF_NUM_INTRAOP_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(library, "1")
    # Two processes that compile librosa's functions into one cache at once may end with a segmentation fault.
    folder = f"mercore-numba-{os.environ['PYTEST_XDIST_WORKER']}"
    os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(tempfile.gettempdir(), folder)))
TESTS = Path(__file__).resolve().parent
PROJECT = TESTS.parent
# What takes longest starts first.
FIRST = ("notebooks/test_notebooks.py", "notebooks/test_exercises.py", "browser/test_notebooks_in_lab.py")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all of tests/robustness as exhaustive, and put first what takes longest."""

    def rank(item: pytest.Item) -> int:
        path = item.path.relative_to(TESTS).as_posix()
        return FIRST.index(path) if path in FIRST else len(FIRST)

    for item in items:
        if item.path.is_relative_to(TESTS / "robustness"):
            item.add_marker("exhaustive")
    items.sort(key=rank)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Keep on one worker the tests of a file, and all that use the browser: they share a page."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            return "tests/browser" if file.startswith("tests/browser/") else file

    return Scheduling(config, log)


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory) -> Path:
    """A folder that all workers of this session share; $MERCORE_TESTS_SHARED, if several sessions do."""
    own = tmp_path_factory.getbasetemp()
    folder = Path(os.environ.get("MERCORE_TESTS_SHARED") or (own.parent if PARALLEL else own) / "shared")
    folder.mkdir(exist_ok=True, parents=True)
    return folder


@pytest.fixture(scope="session")
def composed_music(shared_folder) -> Path:
    """The value of MERCORE_DATA for tests that only read it: a folder with all composed music, once a session."""
    data = shared_folder / "data"
    with exclusive_lock(shared_folder), pytest.MonkeyPatch.context() as patch:
        patch.setenv("MERCORE_DATA", str(data))
        for task in ("genre", "mood"):
            corpora.open_corpus("embedded", task)
    return data


@pytest.fixture(scope="session")
def smoke_run(shared_folder, composed_music) -> Path:
    """The folder below build/ of one run of all notebooks in profile smoke on composed music, once a session."""
    build, log = shared_folder / "build", shared_folder / "smoke.log"
    with exclusive_lock(build):
        if not log.exists():
            places = {"MERCORE_DATA": str(composed_music), "MERCORE_BUILD": str(build)}
            command = [sys.executable, "-m", "mercore", "figures", "PROFILE=smoke"]
            done = subprocess.run(command, env=os.environ | places, capture_output=True, text=True)
            log.write_text(f"{done.stdout}{done.stderr[-5_000:]}\nstatus {done.returncode}", "utf-8")
    assert log.read_text("utf-8").endswith("\nstatus 0"), log.read_text("utf-8")
    (folder,) = build.glob("*/figures")
    return folder.parent


@pytest.fixture
def own_folders(tmp_path, monkeypatch):
    """Caches, runs and figures of this test go below its own temporary folder."""
    monkeypatch.setenv("MERCORE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("MERCORE_BUILD", str(tmp_path / "build"))
    return tmp_path


@pytest.fixture(scope="session")
def real_sample():
    """A few real tracks in the layouts of GTZAN and 4Q: $MERCORE_REAL_SAMPLE, else beside the project."""
    root = Path(os.environ.get("MERCORE_REAL_SAMPLE") or PROJECT.parent / "shared" / "real-sample")
    if not (root / "gtzan").is_dir() or not (root / "4q").is_dir():
        pytest.skip(f"no real sample at {root} (set MERCORE_REAL_SAMPLE)")
    return root


@pytest.fixture(scope="module")
def tones(tmp_path_factory):
    """Two classes of six tracks of 4 s: low and high tones in noise; data and runs in a folder of its own."""
    root = tmp_path_factory.mktemp("tones")
    rng = np.random.default_rng(0)
    t = np.arange(4 * 22_050) / 22_050
    for label, frequency in (("low", 220), ("high", 1760)):
        (root / "music" / label).mkdir(parents=True)
        for i in range(6):
            y = 0.3 * np.sin(2 * np.pi * frequency * (1 + 0.02 * i) * t) + 0.02 * rng.normal(size=len(t))
            soundfile.write(root / "music" / label / f"{label}{i}.wav", y, 22_050)
    before = os.environ.get("MERCORE_DATA")
    os.environ["MERCORE_DATA"] = str(root / "data")
    yield corpora.open_corpus(root / "music")
    if before is None:
        del os.environ["MERCORE_DATA"]
    else:
        os.environ["MERCORE_DATA"] = before
