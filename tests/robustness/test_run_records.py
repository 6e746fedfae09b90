"""Run records, models, caches and executed notebooks that a disk or somebody has corrupted: refused by name, or read
rightly. Nothing in them is executed, and none takes more memory than it may.
"""

import gzip
import io
import json
import pickle
import shutil
import zipfile
from pathlib import Path

import nbformat
import numpy as np
import pytest
import soundfile
from booklet import GLOSSARY, notebooks
from corruption import HOSTILE, corrupted, emptied, examples, peak_memory, read
from hypothesis import given
from hypothesis import strategies as st

from mercore import UserError, _files, corpora, data_dir
from mercore.corpora import clips, validate
from mercore.features import cache
from mercore.study import records
from mercore.training import pretrained, runs
from mercore.workbook import book
from mercore.workbook import runner as workbook

RECORD = records.RECORDS / "4q-conv-clip-report-s0-5d5404ba"
MODEL = pretrained.MODELS / "mood_4q"
MOST_MEMORY = 150e6  # bytes that a file of at most a megabyte may take

LEAVES = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.sampled_from(HOSTILE)
VALUES = st.recursive(
    LEAVES, lambda of: st.lists(of, max_size=3) | st.dictionaries(st.text(max_size=5), of, max_size=3)
)


@pytest.fixture(scope="module")
def record():
    """A small record, as a dictionary, and its predictions, as text."""
    text = gzip.decompress((RECORD / runs.PREDICTIONS).read_bytes()).decode().splitlines(keepends=True)
    return json.loads((RECORD / runs.RECORD).read_text()), "".join([text[0], *text[1::60]])


def written(folder: Path, record, predictions: bytes) -> Path:
    emptied(folder)
    content = record if isinstance(record, bytes) else json.dumps(record).encode()
    (folder / runs.RECORD).write_bytes(content)
    (folder / runs.PREDICTIONS).write_bytes(predictions)
    return folder


def use(run: runs.Run) -> None:
    """What the command line and the figures ask of a record first."""
    assert run.title and run.classes and run.clip_seconds > 0 and records.thread_count(run)
    assert 0 <= np.nan_to_num(run.accuracy()) <= 1
    f"{run.id}: test accuracy {run.accuracy():.3f}, {run.timings['training']:.0f} s of training"


@given(draw=st.data())
@examples(80)
def test_corrupted_record(tmp_path, record, draw):
    good = json.dumps(record[0], indent=1).encode()
    data = draw.draw(corrupted(good) | VALUES.map(lambda value: json.dumps(value).encode()))
    folder = written(tmp_path / "run", data, gzip.compress(record[1].encode()))
    if run := read(runs.load, folder, naming=folder):
        read(use, run, naming=folder)
    records.verify(tmp_path)


@given(draw=st.data())
@examples(120)
def test_record_with_one_changed_value(tmp_path, record, draw):
    changed = json.loads(json.dumps(record[0]))
    part = draw.draw(st.sampled_from([changed, changed["config"], changed["corpus"], changed["environment"]]))
    name = draw.draw(st.sampled_from(sorted(part)))
    part[name] = draw.draw(VALUES)
    folder = written(tmp_path / "run", changed, gzip.compress(record[1].encode()))
    if run := read(runs.load, folder, naming=folder):
        read(use, run, naming=folder)
    records.verify(tmp_path)


@given(draw=st.data())
@examples(80)
def test_corrupted_predictions(tmp_path, record, draw):
    good = record[1].encode()
    data = draw.draw(corrupted(gzip.compress(good)) | corrupted(good).map(gzip.compress) | st.binary(max_size=100))
    folder = written(tmp_path / "run", record[0], data)
    if run := read(runs.load, folder, naming=folder):
        read(use, run, naming=folder)
    records.verify(tmp_path)


@given(draw=st.data())
@examples(40)
def test_corrupted_song_predictions(tmp_path, record, draw):
    good = (RECORD / records.SNIPPETS).read_bytes()
    folder = written(tmp_path / "run", record[0], gzip.compress(record[1].encode()))
    (folder / records.SNIPPETS).write_bytes(draw.draw(corrupted(good) | st.binary(max_size=100)))
    read(records.song_analyses, runs.load(folder), naming=folder / records.SNIPPETS)


class Bomb:
    """An object whose unpickling leaves a file."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_pickles_are_never_loaded(tmp_path, own_folders):
    mark = tmp_path / "executed"
    bomb = np.array([Bomb(mark)], dtype=object)
    shutil.copytree(MODEL, tmp_path / "model")
    kept = tmp_path / "features.npy"
    for content in (pickle.dumps(Bomb(mark)), as_npy(bomb)):
        kept.write_bytes(content)
        kept.write_bytes(content + _files.crc32(kept).to_bytes(cache.CHECK_BYTES, "big"))
        with pytest.warns(UserWarning, match=r"features\.npy: damaged"):
            assert not cache._is_whole(kept, (1,))
    for name in (runs.RECORD, runs.PREDICTIONS, runs.MODEL):
        shutil.copytree(MODEL, emptied(tmp_path / "model"), dirs_exist_ok=True)
        (tmp_path / "model" / name).write_bytes(pickle.dumps(Bomb(mark)))
        with pytest.raises(UserError, match="not a complete"):
            runs.load(tmp_path / "model") if name == runs.PREDICTIONS else pretrained.load("model", tmp_path)
    assert not mark.exists()
    pickle.loads(pickle.dumps(Bomb(mark)))
    assert mark.exists(), "the bomb is none, so nothing was shown"


def as_npy(array) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def gzip_bomb() -> bytes:
    """A gigabyte in a megabyte: many members of zeros, one after the other."""
    return gzip.compress(bytes(2**24)) * 64


BOMBS = {
    "gzip": (runs.PREDICTIONS, gzip_bomb),
    "a wide table": (runs.PREDICTIONS, lambda: gzip.compress(b"," * 2**24)),
    "deep json": (runs.RECORD, lambda: b"[" * 2**20),
    "a number of a million digits": (runs.RECORD, lambda: b"9" * 2**20),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_decompression_bombs_are_refused(tmp_path, record, bomb):
    folder = written(tmp_path / "run", record[0], gzip.compress(record[1].encode()))
    name, make = BOMBS[bomb]
    (folder / name).write_bytes(make())
    with peak_memory() as peak, pytest.raises(UserError, match=name):
        runs.load(folder)
    assert peak() < MOST_MEMORY


@pytest.mark.parametrize(
    ("name", "value"), [("width", 1e6), ("units", 10**9), ("clip_seconds", 1e7), ("n_mels", 10**8)]
)
def test_oversized_networks_are_refused(tmp_path, name, value):
    shutil.copytree(MODEL, tmp_path / "huge")
    record = json.loads((MODEL / runs.RECORD).read_text())
    (record["config"]["features"] if name == "n_mels" else record["config"])[name] = value
    (tmp_path / "huge" / runs.RECORD).write_text(json.dumps(record))
    with pytest.raises(UserError, match=rf"not a complete model .*{name}"):
        pretrained.load("huge", tmp_path)


# --- The saved network


def test_a_changed_network_is_refused_by_its_checksum(tmp_path):
    whole = (MODEL / runs.MODEL).read_bytes()
    for n, data in enumerate((b"", whole[:-100], whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:])):
        folder = tmp_path / str(n)
        shutil.copytree(MODEL, folder)
        (folder / runs.MODEL).write_bytes(data)
        with pytest.raises(UserError, match=r"model\.keras: damaged, its checksum differs"):
            runs.read_record(folder).model()


def test_without_a_checksum_a_network_has_to_fit_its_record(tmp_path):
    shutil.copytree(MODEL, tmp_path / "model")
    other = next(folder for folder in MODEL.parent.iterdir() if folder != MODEL and (folder / runs.MODEL).is_file())
    shutil.copyfile(other / runs.MODEL, tmp_path / "model" / runs.MODEL)
    without_checksum(tmp_path / "model")
    with pytest.raises(UserError, match="not this run's network"):
        runs.read_record(tmp_path / "model").model()
    with zipfile.ZipFile(tmp_path / "model" / runs.MODEL, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.weights.h5", bytes(2**27))
    with pytest.raises(UserError, match="unpacks to 134 MB, too much"):
        runs.read_record(tmp_path / "model").model()


def without_checksum(folder: Path) -> None:
    record = json.loads((folder / runs.RECORD).read_text())
    record.pop("weights", None)
    (folder / runs.RECORD).write_text(json.dumps(record))


# --- Caches: what is corrupted is made anew


@pytest.fixture
def two_tracks(own_folders):
    rng = np.random.default_rng(0)
    for name in ("low/a", "high/b"):
        (own_folders / name).parent.mkdir(parents=True)
        soundfile.write(own_folders / f"{name}.wav", rng.uniform(-0.5, 0.5, 22_050 * 4), 22_050)
    return lambda: corpora.open_corpus(own_folders)


@given(draw=st.data())
@examples(40)
def test_corrupted_feature_cache_is_rebuilt(two_tracks, draw):
    corpus = two_tracks()
    table = clips.cut(corpus.usable, per_track=2)
    good = cache.extract(corpus, table, "log_mel")[:]
    (path,) = (data_dir() / "cache" / "features").glob("*.npy")
    whole = path.read_bytes()
    data = draw.draw(corrupted(whole))
    path.write_bytes(data)
    cache._mapped.cache_clear()
    if data != whole:
        with pytest.warns(UserWarning, match="damaged"):
            again = cache.extract(corpus, table, "log_mel")[:]
        assert (again == good).all() and path.read_bytes() == whole


@given(draw=st.data())
@examples(60)
def test_corrupted_validation_cache_is_rebuilt(two_tracks, draw):
    for left in (data_dir() / "cache" / "inspection").glob("*.json"):
        left.unlink()  # one changed harmlessly would be kept, and the draws need the same
    good = two_tracks()
    (path,) = (data_dir() / "cache" / "inspection").glob("*.json")
    files = validate._load_cache(path)
    entry = files[draw.draw(st.sampled_from(sorted(files)))]
    entry[draw.draw(st.sampled_from(sorted(entry)))] = draw.draw(VALUES)
    unsigned = json.dumps(json.loads(path.read_text()) | {"files": files}).encode()
    path.write_bytes(draw.draw(corrupted(path.read_bytes()) | st.just(unsigned) | st.binary(max_size=50)))
    assert two_tracks().tracks.equals(good.tracks)


# --- Executed notebooks, which the book reads


@given(draw=st.data())
@examples(40)
def test_corrupted_executed_notebook(tmp_path, monkeypatch, draw):
    good = nbformat.writes(notebooks()["01_data.ipynb"]).encode()
    (tmp_path / "source.ipynb").write_bytes(good)
    executed, glossary = tmp_path / "01_data.ipynb", tmp_path / "glossary.md"
    glossary.write_text(GLOSSARY)
    executed.write_bytes(draw.draw(corrupted(good)))
    monkeypatch.setattr(workbook, "parameters_of", lambda path: {})
    if workbook._is_current(executed, tmp_path / "source.ipynb", {}):
        read(book.write, [executed], tmp_path / "book", glossary, naming=executed.name)
