"""What all tests share: folders of their own, and the real sample where there is one."""

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mercore import corpora

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
    yield corpora.folder(root / "music")
    if before is None:
        del os.environ["MERCORE_DATA"]
    else:
        os.environ["MERCORE_DATA"] = before
