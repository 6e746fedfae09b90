"""Run records, models, caches and executed notebooks that a disk or somebody has spoilt: refused by name, or read
rightly. Nothing in them is executed, and none takes more memory than it may.
"""

import gzip
import io
import json
import pickle
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import h5py
import nbformat
import numpy as np
import pytest
import soundfile
from booklet import GLOSSARY, notebooks
from hypothesis import given
from hypothesis import strategies as st
from spoilt import HOSTILE, emptied, examples, most_memory, read, spoilt

from mercore import UserError, corpora, data_dir
from mercore.corpora import clips, validate
from mercore.features import spectrogram as features
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
def test_a_record_with_bytes_of_its_own(tmp_path, record, draw):
    good = json.dumps(record[0], indent=1).encode()
    data = draw.draw(spoilt(good) | VALUES.map(lambda value: json.dumps(value).encode()))
    folder = written(tmp_path / "run", data, gzip.compress(record[1].encode()))
    if run := read(runs.load, folder, naming=folder):
        use(run)
    records.verify(tmp_path)


@given(draw=st.data())
@examples(120)
def test_a_record_with_another_value_somewhere(tmp_path, record, draw):
    changed = json.loads(json.dumps(record[0]))
    part = draw.draw(st.sampled_from([changed, changed["config"], changed["corpus"], changed["environment"]]))
    name = draw.draw(st.sampled_from(sorted(part)))
    part[name] = draw.draw(VALUES)
    folder = written(tmp_path / "run", changed, gzip.compress(record[1].encode()))
    if run := read(runs.load, folder, naming=folder):
        use(run)
    records.verify(tmp_path)


@given(draw=st.data())
@examples(80)
def test_predictions_packed_or_unpacked(tmp_path, record, draw):
    good = record[1].encode()
    data = draw.draw(spoilt(gzip.compress(good)) | spoilt(good).map(gzip.compress) | st.binary(max_size=100))
    folder = written(tmp_path / "run", record[0], data)
    if run := read(runs.load, folder, naming=folder):
        use(run)
    records.verify(tmp_path)


@given(draw=st.data())
@examples(40)
def test_what_a_network_made_of_the_songs(tmp_path, record, draw):
    good = (RECORD / records.SNIPPETS).read_bytes()
    folder = written(tmp_path / "run", record[0], gzip.compress(record[1].encode()))
    (folder / records.SNIPPETS).write_bytes(draw.draw(spoilt(good) | st.binary(max_size=100)))
    read(records.song_analyses, runs.load(folder), naming=folder / records.SNIPPETS)


@given(draw=st.data())
@examples(80)
def test_the_normaliser(tmp_path, draw):
    shutil.copytree(MODEL, emptied(tmp_path / "model"), dirs_exist_ok=True)
    path = tmp_path / "model" / runs.NORMALISER
    path.write_bytes(draw.draw(spoilt(path.read_bytes()) | st.binary(max_size=100)))
    run = runs.of_record(path.parent)
    if found := read(lambda: run.normaliser, naming=path):
        # Zip has a checksum of each array, so what is read is what was written; a name or a date may have changed.
        whole = runs.of_record(MODEL).normaliser
        assert (found.mean == whole.mean).all() and (found.sd == whole.sd).all()


class Bomb:
    """An object whose unpickling leaves a file."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_nothing_is_unpickled(tmp_path, own_folders):
    mark = tmp_path / "executed"
    bomb = np.array([Bomb(mark)], dtype=object)
    shutil.copytree(MODEL, tmp_path / "model")
    run = runs.of_record(tmp_path / "model")
    np.savez(run.folder / runs.NORMALISER, per="band", mean=bomb, sd=bomb)
    with pytest.raises(UserError, match=r"normaliser\.npz: can't be read \(Object arrays cannot be loaded"):
        run.normaliser  # noqa: B018  (it is read now)
    (run.folder / runs.NORMALISER).write_bytes(pickle.dumps(Bomb(mark)))
    with pytest.raises(UserError, match=r"normaliser\.npz: can't be read"):
        run.normaliser  # noqa: B018
    kept = tmp_path / "features.npy"
    for content in (pickle.dumps(Bomb(mark)), as_npy(bomb)):
        kept.write_bytes(content)
        kept.write_bytes(content + features._check(kept))
        with pytest.warns(UserWarning, match=r"features\.npy: isn't as this version writes it"):
            assert not features._is_whole(kept, (1,))
    for name in (runs.RECORD, runs.PREDICTIONS, runs.WEIGHTS):
        shutil.copytree(MODEL, emptied(tmp_path / "model"), dirs_exist_ok=True)
        (tmp_path / "model" / name).write_bytes(pickle.dumps(Bomb(mark)))
        with pytest.raises(UserError, match="not a whole"):
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


def npz_bomb() -> bytes:
    """Half a gigabyte of zeros as one array."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": (2**27,)})
        with archive.open("mean.npy", "w", force_zip64=True) as entry:
            entry.write(header.getvalue())
            for _ in range(32):
                entry.write(bytes(2**24))
    return file.getvalue()


def npz_that_lies() -> bytes:
    """An array of a petabyte, by its header."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": (2**48,)})
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mean.npy", header.getvalue())
    return file.getvalue()


BOMBS = {
    "gzip": (runs.PREDICTIONS, gzip_bomb),
    "a wide table": (runs.PREDICTIONS, lambda: gzip.compress(b"," * 2**24)),
    "npz": (runs.NORMALISER, npz_bomb),
    "npz by its header": (runs.NORMALISER, npz_that_lies),
    "deep json": (runs.RECORD, lambda: b"[" * 2**20),
    "a number of a million digits": (runs.RECORD, lambda: b"9" * 2**20),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs_are_refused_in_little_memory(tmp_path, record, bomb):
    folder = written(tmp_path / "run", record[0], gzip.compress(record[1].encode()))
    name, make = BOMBS[bomb]
    (folder / name).write_bytes(make())
    with most_memory() as peak, pytest.raises(UserError, match=name):
        _ = runs.of_record(folder).normaliser if name == runs.NORMALISER else runs.load(folder)
    assert peak() < MOST_MEMORY


@pytest.mark.parametrize(
    ("name", "value"), [("width", 1e6), ("units", 10**9), ("clip_seconds", 1e7), ("n_mels", 10**8)]
)
def test_a_network_beyond_all_measure_is_never_built(tmp_path, name, value):
    shutil.copytree(MODEL, tmp_path / "huge")
    record = json.loads((MODEL / runs.RECORD).read_text())
    record["config"] |= {"preset": "quick", name: value}
    (tmp_path / "huge" / runs.RECORD).write_text(json.dumps(record))
    with pytest.raises(UserError, match=rf"not a whole model .*{name}"):
        pretrained.load("huge", tmp_path)


# --- Weights, which HDF5 reads, a large library in C: in a process of its own, as it might end the process

LOAD_ALL = """
import json, re, sys
from pathlib import Path
from mercore import UserError
from mercore.training import runs
root = Path(sys.argv[1])
run = runs.of_record(root / "whole")
whole = run.model().get_weights()
memory = lambda: int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1])
before, told = memory(), {}
for folder in sorted(root.iterdir()):
    print(folder.name, file=sys.stderr, flush=True)
    try:
        found = runs.of_record(folder).model().get_weights()
        told[folder.name] = "same" if all((a == b).all() for a, b in zip(found, whole, strict=True)) else "others"
    except UserError as error:
        told[folder.name] = str(error)
print(json.dumps([told, memory() - before]))
"""


def bad_weights(folder: Path) -> dict[str, str]:
    """Weights that reach out, or explode; by name what is to be said of each."""

    def new(name: str) -> h5py.File:
        shutil.copyfile(MODEL / runs.WEIGHTS, folder / f"{name}.h5")
        return h5py.File(folder / f"{name}.h5", "r+")

    with new("shape bomb") as file:  # 4 GB of nothing
        file.create_dataset("x", (2**30,), "f4", chunks=(2**20,), compression="gzip")
    with new("external link") as file:
        file["x"] = h5py.ExternalLink("/etc/passwd", "/")
    with new("soft link") as file:
        file["x"] = h5py.SoftLink("/layers")
    with new("group within itself") as file:
        file["layers/again"] = file["layers"]
    with new("external data") as file:
        file.create_dataset("x", (100,), "u1", external=[("/etc/passwd", 0, 100)])
    with new("virtual data") as file:
        layout = h5py.VirtualLayout((10,), "f4")
        layout[:] = h5py.VirtualSource("/etc/passwd", "x", (10,))
        file.create_virtual_dataset("x", layout)
    with h5py.File(folder / "another network.h5", "w") as file:
        file.create_dataset("layers/dense/vars/0", data=np.zeros(3))
    (folder / "nothing.h5").write_bytes(b"")
    return {
        "shape bomb": "its network takes",
        "external link": "is a link",
        "soft link": "is a link",
        "group within itself": "one within itself",
        "external data": "lies in another file",
        "virtual data": "lies in another file",
        "another network": "can't be read",
        "nothing": "can't be read",
    }


def test_weights_are_refused_or_read(tmp_path):
    root, crafted = tmp_path / "models", emptied(tmp_path / "crafted")
    shutil.copytree(MODEL, root / "whole")
    expected, rng = bad_weights(crafted), np.random.default_rng(0)
    contents = {name: (crafted / f"{name}.h5").read_bytes() for name in expected}
    good = (MODEL / runs.WEIGHTS).read_bytes()
    for n in range(24):  # two thirds in the first 40 kB, where HDF5 has its tables
        data = bytearray(good)
        for at in rng.integers(0, 40_000 if n % 3 else len(good), size=rng.choice([1, 3, 200])):
            data[at] ^= 1 << rng.integers(8)
        contents[f"flipped {n:02}"] = bytes(data if n % 4 else data[: rng.integers(len(data))])
    for name, data in contents.items():
        shutil.copytree(MODEL, root / name)
        (root / name / runs.WEIGHTS).write_bytes(data)
        if not name.startswith("flipped"):
            without_checksum(root / name)  # as whoever made it would leave out, or set right
    shutil.copytree(root / "flipped 01", root / "unsigned")
    without_checksum(root / "unsigned")
    done = subprocess.run([sys.executable, "-c", LOAD_ALL, str(root)], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, f"at {done.stderr.splitlines()[-1:]}:\n{done.stderr[-2000:]}"
    told, memory = json.loads(done.stdout.splitlines()[-1])
    assert told.pop("whole") == "same"
    told.pop("unsigned")  # whatever it gives: without a checksum, numbers are numbers
    for name, words in told.items():
        assert expected.get(name, "isn't as it was written") in words and runs.WEIGHTS in words, (name, words)
    assert memory < 500_000  # kB; a dozen small networks take some


def without_checksum(folder: Path) -> None:
    record = json.loads((folder / runs.RECORD).read_text())
    record.pop("weights", None)
    (folder / runs.RECORD).write_text(json.dumps(record))


# --- Caches: what is spoilt is made anew


@pytest.fixture
def two_tracks(own_folders):
    rng = np.random.default_rng(0)
    for name in ("low/a", "high/b"):
        (own_folders / name).parent.mkdir(parents=True)
        soundfile.write(own_folders / f"{name}.wav", rng.uniform(-0.5, 0.5, 22_050 * 4), 22_050)
    return lambda: corpora.open_corpus(own_folders)


@given(draw=st.data())
@examples(40)
def test_the_cache_of_features(two_tracks, draw):
    corpus = two_tracks()
    table = clips.cut(corpus.usable, per_track=2)
    good = features.extract(corpus, table, "log_mel")[:]
    (path,) = (data_dir() / "cache" / "features").glob("*.npy")
    whole = path.read_bytes()
    data = draw.draw(spoilt(whole))
    path.write_bytes(data)
    features._mapped.cache_clear()
    if data != whole:
        with pytest.warns(UserWarning, match="isn't as this version writes it"):
            again = features.extract(corpus, table, "log_mel")[:]
        assert (again == good).all() and path.read_bytes() == whole


@given(draw=st.data())
@examples(60)
def test_the_cache_of_what_was_found_in_audio(two_tracks, draw):
    for left in (data_dir() / "cache" / "inspection").glob("*.json"):
        left.unlink()  # spoilt in a way that is no fault, such as by spaces, it would be kept: the draws need the same
    good = two_tracks()
    (path,) = (data_dir() / "cache" / "inspection").glob("*.json")
    files = validate._load_cache(path)
    entry = files[draw.draw(st.sampled_from(sorted(files)))]
    entry[draw.draw(st.sampled_from(sorted(entry)))] = draw.draw(VALUES)
    unsigned = json.dumps(json.loads(path.read_text()) | {"files": files}).encode()
    path.write_bytes(draw.draw(spoilt(path.read_bytes()) | st.just(unsigned) | st.binary(max_size=50)))
    assert two_tracks().tracks.equals(good.tracks)


# --- Executed notebooks, which the book reads


@given(draw=st.data())
@examples(40)
def test_an_executed_notebook(tmp_path, monkeypatch, draw):
    good = nbformat.writes(notebooks()["01_data.ipynb"]).encode()
    (tmp_path / "source.ipynb").write_bytes(good)
    executed, glossary = tmp_path / "01_data.ipynb", tmp_path / "glossary.md"
    glossary.write_text(GLOSSARY)
    executed.write_bytes(draw.draw(spoilt(good)))
    monkeypatch.setattr(workbook, "parameters_of", lambda path: {})
    if workbook._is_current(executed, tmp_path / "source.ipynb", {}):
        read(book.write, [executed], tmp_path / "book", glossary, naming=executed.name)
