"""The csv files that a corpus or a song may bring along: whatever is in them, tracks by name or one clear line."""

import csv
import io
import shutil

import numpy as np
import pandas as pd
import pytest
import soundfile
from corruption import cells, corrupted, emptied, examples, read
from hypothesis import given
from hypothesis import strategies as st

from mercore import FACTS, UserError, _files, corpora, songs
from mercore.corpora import four_quadrant, validate
from mercore.corpora._folders import read_table
from mercore.songs.song import _read_sections

GOOD = "path,label,artist,title,split\na.wav,low,Ann,One,train\nb.wav,high,Bo,Two,test\nsub/c.wav,high,,,\n"
ANNOTATIONS = "Song,Quadrant\nMT0000004637,Q1\nMT0000011357,Q2\nMT0000040632,Q3\n"
METADATA = "Song,Artist,Title,Quadrant,GenresStr\nMT0000004637,Ann,x,Q1,Rap\nMT0000011357,Bé,y,Q2,Jazz; Vocal\n"
SECTIONS = "start,end,section,genre,mood\n0,12.5,verse,rock,Q1\n12.5,30,chorus,metal,Q2\n"
GTZAN_ROWS = (FACTS / "gtzan_tracks.csv").read_text(encoding="utf-8").splitlines(keepends=True)
GTZAN = "".join([GTZAN_ROWS[0], *(row for row in GTZAN_ROWS if row.startswith(("blues.0000", "rock.0000")))])
pytestmark = [
    pytest.mark.usefixtures("own_folders"),
    pytest.mark.filterwarnings("ignore:Length of header:pandas.errors.ParserWarning"),
]


def tables(header: str, least: int = 0):
    """Csv files, as bytes, with some of these columns and hostile cells in any number of rows."""
    columns = st.lists(st.sampled_from(header.split(",")) | cells(), min_size=least, max_size=7)
    rows = st.lists(st.lists(cells(), max_size=7), max_size=6)
    return st.builds(as_csv, st.just(header.split(",")) | columns, rows, st.sampled_from(",;"))


def as_csv(header, rows, separator) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=separator).writerows([header, *rows])
    return text.getvalue().encode("utf-8", "surrogatepass")


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A file of noise."""
    path = tmp_path_factory.mktemp("sound") / "x.wav"
    soundfile.write(path, np.random.default_rng(0).uniform(-0.5, 0.5, 8_000 * 4), 8_000)
    return path


def whole(corpus: corpora.Corpus) -> None:
    """What everything else relies on, whatever the table said."""
    assert corpus.tracks.index.is_unique and not corpus.tracks.index.str.contains(r"[/\\\0]").any()
    assert corpora.summarise(corpus) and len(corpus.fingerprint) == 12


@given(data=corrupted(GOOD.encode()) | tables("path,label,artist,title,split") | st.binary(max_size=200))
@examples(120)
def test_corrupted_tracks_csv(tmp_path, sound, data):
    root = emptied(tmp_path / "corpus")
    shutil.copy(sound, root / "a.wav")
    (root / "tracks.csv").write_bytes(data)
    if corpus := read(corpora.open_corpus, root, naming=root / "tracks.csv"):
        whole(corpus)
        # A track is what lies where the table says; nothing that isn't music gets further than to be named.
        assert all(path.endswith(validate.AUDIO_SUFFIXES) for path in corpus.usable.path)


@given(
    data=corrupted(ANNOTATIONS.encode()) | tables("Song,Quadrant"), about=corrupted(METADATA.encode()) | tables("Song")
)
@examples(80)
def test_corrupted_4q_tables(tmp_path, sound, data, about):
    root = emptied(tmp_path / "corpus")
    (root / "Q1").mkdir()
    (root / "Q2").mkdir()
    shutil.copy(sound, root / "Q1" / "MT0000004637.wav")
    (root / "Q2" / "MT0000011357.wav").write_bytes(sound.read_bytes()[:-2_000] + bytes(2_000))
    (root / four_quadrant.ANNOTATIONS).write_bytes(data)
    (root / four_quadrant.METADATA).write_bytes(about)
    for task in (None, "genre"):
        if corpus := read(corpora.open_corpus, root, task, naming=root):
            whole(corpus)


@given(data=corrupted(GTZAN.encode()) | tables(GTZAN_ROWS[0].strip()))
@examples(80)
def test_corrupted_gtzan_table(tmp_path, sound, data):
    root = emptied(tmp_path / "corpus")
    for genre in ("blues", "rock"):
        (root / "genres" / genre).mkdir(parents=True)
        shutil.copy(sound, root / "genres" / genre / f"{genre}.00000.wav")
    (root / "gtzan_tracks.csv").write_bytes(data)
    if corpus := read(corpora.open_corpus, root, naming=root / "gtzan_tracks.csv"):
        whole(corpus)


@given(data=corrupted(SECTIONS.encode()) | tables("start,end,section,genre,mood") | st.binary(max_size=200))
@examples(120)
def test_corrupted_song_sections(tmp_path, data):
    path = tmp_path / "song.wav"
    path.with_suffix(".sections.csv").write_bytes(data)
    sections = read(_read_sections, path, naming="song.sections.csv")
    if sections is not None:
        found = pd.DataFrame({"rock": [0.9], "metal": [0.1]}, index=pd.Index([3.0], name="start"))
        song = songs.Song(path, "song", "", 30.0, sections, np.zeros(0, np.float32))
        songs.Analysis(song, "genre", found).per_section()


def test_oversized_table_is_refused_unread(tmp_path, monkeypatch):
    file = tmp_path / "tracks.csv"
    file.write_text(GOOD)
    monkeypatch.setattr(_files, "MAX_BYTES", 50)
    with pytest.raises(UserError, match=r"tracks.csv: holds more than"):
        read_table(file, ("path",))


def test_table_with_a_million_columns_is_refused(tmp_path):
    file = tmp_path / "tracks.csv"
    file.write_text("path,label\n" + "," * 1_000_000)
    with pytest.raises(UserError, match=r"tracks.csv: has a line of more than 65,536 characters"):
        read_table(file, ("path",))


@pytest.mark.parametrize("what", ["/dev/zero", "a pipe", "nothing", "itself"])
def test_pipes_and_devices_are_not_read(tmp_path, what):
    file = tmp_path / "x.csv"
    if what == "a pipe":
        pytest.importorskip("posix").mkfifo(file)
    else:
        file.symlink_to({"nothing": tmp_path / "gone", "itself": file}.get(what, what))
    with pytest.raises(UserError, match=r"x\.csv: (there is no such file|can't be read)"):
        read_table(file, ("path",))
