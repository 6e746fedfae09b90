"""What all tests share: folders of their own, and the real sample where there is one."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("MPLBACKEND", "Agg")
PROJECT = Path(__file__).resolve().parents[1]


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
