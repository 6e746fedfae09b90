"""Every kind of bad file is named for what it is; every odd but sound one passes."""

import json
import os
import warnings

import numpy as np
import pytest
import soundfile as sf

from mercore import data_dir
from mercore.corpora import validate
from mercore.corpora.validate import validate_file, validate_files

RATE = 22050


def tone(seconds=4.0, rate=RATE, channels=1, hertz=440.0, level=0.5):
    y = level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)
    return np.repeat(y[:, None], channels, axis=1).astype("float32")


def write(path, y=None, rate=RATE, **options):
    sf.write(path, tone() if y is None else y, rate, **options)
    return path


def cut_off(path, share=0.5):
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    return path


@pytest.mark.parametrize(
    ("name", "rate", "channels"),
    [
        ("a.wav", 8000, 1),
        ("a.wav", 96000, 2),
        ("a.wav", 44100, 6),
        ("a.flac", 48000, 2),
        ("a.ogg", 22050, 1),
        ("a.mp3", 32000, 2),
        ("a.au", 22050, 1),
        ("a.aiff", 16000, 1),
        ("Vögel & Bäume (été).wav", 22050, 1),
    ],
)
def test_sound_files_pass(tmp_path, name, rate, channels):
    seen = validate_file(write(tmp_path / name, tone(rate=rate, channels=channels), rate))
    assert (seen.fault, seen.sample_rate, seen.channels) == ("", rate, channels)
    assert seen.duration == pytest.approx(4.0, abs=0.2)
    assert seen.peak == pytest.approx(0.5, abs=0.05)
    assert len(seen.digest) == 40


def nan_samples():
    y = tone()
    y[40_000] = np.nan
    return y


FAULTY = {
    "missing": lambda p: p,
    "empty file": lambda p: p.write_bytes(b""),
    "a text file": lambda p: p.write_text("blues.00000 is played by John Lee Hooker\n" * 30),
    "can't be read as audio": lambda p: p.write_bytes(np.random.default_rng(0).bytes(5000)),
    "truncated": lambda p: cut_off(write(p)),
    "NaN or infinite": lambda p: write(p, nan_samples(), subtype="FLOAT"),
    "too short: 1.00 s": lambda p: write(p, tone(1)),
    "silent": lambda p: write(p, tone(level=0.0005)),
    "1.2 hours long": lambda p: write(p, np.zeros(4320 * 100, "int16"), 100),
}


@pytest.mark.parametrize("fault", FAULTY)
def test_faulty_files_are_named(tmp_path, fault):
    path = tmp_path / "x.wav"
    FAULTY[fault](path)
    seen = validate_file(path)
    assert seen.fault.startswith(fault) or fault in seen.fault


def test_infinite_samples_are_a_fault(tmp_path):
    y = tone()
    y[7] = -np.inf
    assert "NaN or infinite" in validate_file(write(tmp_path / "x.wav", y, subtype="FLOAT")).fault


@pytest.mark.parametrize("suffix", ["au", "flac"])
def test_other_formats_cut_off_are_faulty(tmp_path, suffix):
    path = cut_off(write(tmp_path / f"x.{suffix}", np.random.default_rng(0).uniform(-0.5, 0.5, 4 * RATE)))
    assert validate_file(path).fault


def test_header_without_a_length_is_no_truncation(tmp_path):
    """What ffmpeg writes to a pipe: the length of the data is left at its largest value."""
    path = write(tmp_path / "x.wav")
    data = bytearray(path.read_bytes())
    at = data.index(b"data") + 4
    data[at : at + 4] = b"\xff" * 4
    path.write_bytes(data)
    assert validate_file(path).fault == ""


def test_a_few_bytes_short_is_no_fault(tmp_path):
    path = write(tmp_path / "x.wav")
    path.write_bytes(path.read_bytes()[:-100])
    assert validate_file(path).fault == ""


def test_same_samples_same_sound_whatever_the_file(tmp_path):
    y = (tone() * 30_000).astype("int16")  # as floats, each format would round them its own way
    wav, flac, other = (write(tmp_path / name, z) for name, z in (("a.wav", y), ("a.flac", y), ("b.wav", y[::-1])))
    assert validate_file(wav).sound == validate_file(flac).sound != validate_file(other).sound
    assert validate_file(wav).digest != validate_file(flac).digest


def test_unreadable_file_is_named(tmp_path):
    path = write(tmp_path / "x.wav")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    assert "can't be opened" in validate_file(path).fault


def test_undecodable_name_is_a_fault(tmp_path):
    path = tmp_path / os.fsdecode(b"caf\xe9.wav")
    try:
        path.write_bytes(write(tmp_path / "x.wav").read_bytes())
    except OSError:
        pytest.skip("this file system takes UTF-8 only")
    if "\udce9" not in str(path):
        pytest.skip("this system decodes every name")
    assert "isn't valid UTF-8" in validate_file(path).fault


def test_second_reading_comes_from_the_cache_until_the_file_changes(own_folders, monkeypatch):
    paths = [write(own_folders / f"{i}.wav", tone(hertz=400 + i)) for i in range(3)]
    first = validate_files(paths)
    read = []
    monkeypatch.setattr(validate, "validate_file", lambda path: read.append(path) or validate_file(path))
    assert validate_files(paths) == first
    assert read == []
    write(paths[1], tone(3.5))
    again = validate_files(paths)
    assert read == [str(paths[1])]
    assert again[1].duration == pytest.approx(3.5)
    assert [again[0], again[2]] == [first[0], first[2]]


def test_order_and_repeats_are_kept(own_folders):
    a, b = write(own_folders / "a.wav", tone(3.2)), write(own_folders / "b.wav", tone(5))
    assert [round(seen.duration, 1) for seen in validate_files([b, a, b])] == [5.0, 3.2, 5.0]


def test_spoilt_cache_is_read_over(own_folders):
    path = write(own_folders / "a.wav")
    first = validate_files([path])
    (cache,) = (data_dir() / "cache" / "inspection").iterdir()
    for spoilt in ("{", "[]", json.dumps({"format": -1})):
        cache.write_text(spoilt)
        assert validate_files([path]) == first


def test_missing_file_is_looked_for_again(own_folders):
    path = own_folders / "late.wav"
    assert validate_files([path])[0].fault.startswith("missing")
    write(path)
    assert validate_files([path])[0].fault == ""


def test_interrupted_reading_keeps_what_it_has_seen(own_folders, monkeypatch):
    paths = [write(own_folders / f"{i}.wav", tone(hertz=400 + i)) for i in range(4)]

    def interrupted(path):
        if path == str(paths[2]):
            raise KeyboardInterrupt
        return validate_file(path)

    monkeypatch.setattr(validate, "validate_file", interrupted)
    with pytest.raises(KeyboardInterrupt):
        validate_files(paths, jobs=1)
    read = []
    monkeypatch.setattr(validate, "validate_file", lambda path: read.append(path) or validate_file(path))
    validate_files(paths)
    assert sorted(read) == [str(paths[2]), str(paths[3])]


def test_no_place_for_the_cache_warns_and_goes_on(own_folders, monkeypatch):
    path = write(own_folders / "a.wav")
    blocked = own_folders / "a file, not a folder"
    blocked.write_text("")
    monkeypatch.setenv("MERCORE_DATA", str(blocked))
    with pytest.warns(UserWarning, match="can't be kept"):
        assert validate_files([path])[0].fault == ""


def test_cache_leaves_no_scraps(own_folders):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        validate_files([write(own_folders / "a.wav")])
    assert [path.suffix for path in (data_dir() / "cache" / "inspection").iterdir()] == [".json"]
