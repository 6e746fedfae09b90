"""The song explorer without a front end: what it shows, what it refuses, and what hostile files can't do."""

import json
import re
import tempfile
from datetime import UTC, datetime
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mercore import UserError, songs
from mercore.plots import songs as song_plots
from mercore.training import pretrained
from mercore.widgets import SongExplorer, song_explorer

RATE = 22_050
HOSTILE = '"><script>alert(1)</script>*x* $\\frac{$'


def sound(seconds=6.0, rate=RATE):
    rng = np.random.default_rng(0)
    t = np.arange(round(seconds * rate)) / rate
    return 0.2 * np.sin(2 * np.pi * 330 * t) + 0.05 * rng.normal(size=len(t))


@pytest.fixture(scope="module")
def networks():
    return {"mood": pretrained.load("mood_4q")}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A song with a harmless name, and one that carries HTML, Markdown and mathematics in its tags."""
    root = tmp_path_factory.mktemp("songs")
    soundfile.write(root / "harmless.wav", sound(), RATE)
    with soundfile.SoundFile(root / "hostile.flac", "w", RATE, 1) as file:
        file.title, file.artist = HOSTILE, "<img src=x onerror=alert(2)>"
        file.write(sound())
    return root


@pytest.fixture(scope="module")
def explorer(networks, files):
    return SongExplorer(networks, songs.open_song(files / "harmless.wav"))


def shown(panel) -> str:
    """All HTML of a song's panel."""
    return "".join(widget.value for widget in panel.place.children[:3])


def test_there_is_a_still_picture_at_first(explorer):
    bundle, about = explorer._repr_mimebundle_()
    assert "harmless" in about["image/png"]["alt"]
    assert explorer.still.startswith(b"\x89PNG") and {"image/png"} < set(bundle)
    first, second = explorer.panels
    assert "harmless" in shown(first) and second.place.children == ()
    words = first.place.children[3].outputs[0]["data"]["text/markdown"]
    assert words.startswith("**Mood.** Most frequent is ") and "no evidence that the mood is right" in words
    assert "10 MB" in explorer.children[0].value


def test_a_second_song_comes_beside_the_first(explorer, files):
    first, second = explorer.panels
    before = shown(first)
    second.path.value = f'  "{files / "hostile.flac"}" '
    second.button.click()
    assert "100 snippets" in second.status.value and shown(first) == before
    assert second.analyses["mood"].song.artist and not second.button.disabled


def test_titles_are_escaped_everywhere(explorer, files):
    panel = explorer.panels[1]
    panel.path.value = str(files / "hostile.flac")
    panel.button.click()
    html, words = shown(panel) + panel.status.value, panel.place.children[3].outputs[0]["data"]["text/markdown"]
    assert "&lt;script&gt;" in html and r"\<script\>" in words and r"\*x\*" in words
    assert not re.search(r"(?<!\\)<", words)
    parser = Tags()
    parser.feed(html)
    assert parser.tags == {"h4", "div", "audio", "img"}
    assert {name for name in parser.attributes if name.startswith("on")} == {
        "ontimeupdate",
        "onseeking",
        "onclick",
        "onkeydown",
    }


class Tags(HTMLParser):
    """What a browser would make elements and attributes of."""

    def __init__(self):
        super().__init__()
        self.tags, self.attributes = set(), set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)


def test_faults_are_reported_and_what_is_shown_stays(explorer, files):
    panel, short = explorer.panels[0], files / "short.wav"
    before = shown(panel)
    soundfile.write(short, sound(1.0), RATE)
    (files / "text.mp3").write_text("<b>no song</b>")
    for path, said in (
        ("", "name an audio file first"),
        ("nowhere/<i>.wav", "there is no such file"),
        (str(short), "too short"),
        (str(files / "text.mp3"), "can't be read as audio"),
        (str(files), "is a folder"),
    ):
        panel.path.value = path
        panel.button.click()
        assert said in unescape(panel.status.value) and 'role="alert"' in panel.status.value
        assert "<i>" not in panel.status.value and shown(panel) == before


def upload(panel, name, content):
    about = {"name": name, "type": "", "size": len(content), "content": memoryview(content)}
    panel.upload.value = (about | {"last_modified": datetime.now(UTC)},)


def test_an_upload_stays_in_its_folder_and_goes(explorer, files, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    seen = []
    opened = songs.open_song
    monkeypatch.setattr(songs, "open_song", lambda path, name="": seen.append(path) or opened(path, name=name))
    content = (files / "harmless.wav").read_bytes()
    for name in ("../../x.wav", "..\\..\\x.wav", "/etc/x.wav"):
        assert song_explorer.open_upload(name, content).title == "x"
    for name in ("a.php\0.wav", "..", "$(touch gone).sh"):
        assert song_explorer.open_upload(name, content).samples.any()
    panel = explorer.panels[1]
    upload(panel, "x.wav", content)
    assert panel.analyses["mood"].song.title == "x" and "alert" not in panel.status.value
    assert len(seen) == 7
    for path in seen:
        assert path.parent.parent == tmp_path / "temporary" and path.name in ("song.wav", "song") and not path.exists()
    assert list((tmp_path / "temporary").iterdir()) == [] and panel.upload.value == ()
    assert [path.name for path in tmp_path.iterdir()] == ["temporary"]


def test_an_upload_that_is_too_large_too_long_or_broken_is_refused(explorer, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(UserError, match=r"big\.wav: 11 MB are too many for an upload \(10 MB at most\); put"):
        song_explorer.open_upload("big.wav", memoryview(bytes(11 * 2**20)))
    soundfile.write(tmp_path / "long.flac", np.zeros(3_700 * 1_000, np.int16), 1_000)
    content = (tmp_path / "long.flac").read_bytes()
    (tmp_path / "long.flac").unlink()
    with pytest.raises(UserError, match=r"^long\.flac: lasts 61:40 min, a song may last 60 at most"):
        song_explorer.open_upload("long.flac", content)
    panel = explorer.panels[1]
    upload(panel, "<b>.mp3", b"no music")
    assert "can't be read as audio" in unescape(panel.status.value) and "<b>" not in panel.status.value
    assert list(tmp_path.iterdir()) == []


def test_a_path_copied_from_the_file_browser_is_found(tmp_path, monkeypatch):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "my songs").mkdir()
    (tmp_path / "my songs" / "a.mp3").write_bytes(b"")
    monkeypatch.chdir(tmp_path / "notebooks")
    assert Path(song_explorer.find_file("my songs/a.mp3")).resolve() == (tmp_path / "my songs" / "a.mp3").resolve()
    assert song_explorer.find_file(" lantern-rhapsody ") == "lantern-rhapsody"
    with pytest.raises(UserError, match="name an audio file"):
        song_explorer.find_file("' '")


def test_the_player_has_the_song_and_says_what_it_lacks(monkeypatch, tmp_path):
    song = songs.Song(tmp_path / "x.wav", "x", "", 6.0, None, sound().astype(np.float32))
    html = song_explorer.song_player(song, b"png", "what is seen")
    assert 'aria-valuemax="6"' in html and 'alt="what is seen"' in html and "first" not in html
    assert abs(len(soundfile_read(song_explorer.ogg(song.samples))) - len(song.samples)) < 2_000
    monkeypatch.setattr(song_explorer, "MAX_PLAYED", 4)
    html = song_explorer.song_player(song, b"png", "")
    assert "the first 0:04 of 0:06" in html and 'data-seconds="6.000"' in html and 'aria-valuemax="4"' in html


def soundfile_read(content):
    import io

    return soundfile.read(io.BytesIO(content))[0]


def test_the_ribbon_lies_where_the_cursor_expects_it(explorer):
    panel = explorer.panels[0]
    song, table = panel.analyses["mood"].song, panel.tables["mood"]
    fig = song_plots.plot_ribbon(panel.analyses, {"mood": table})
    fig.canvas.draw()
    box = fig.axes[0].get_position()
    assert (box.x0, box.x1) == pytest.approx((song_plots.LEFT, song_plots.RIGHT))
    assert fig.axes[0].get_xlim() == pytest.approx((0, song.duration))


def test_the_mood_path_follows_the_probabilities():
    import pandas as pd

    table = pd.DataFrame(np.eye(4), columns=["Q1", "Q2", "Q3", "Q4"], index=[0.0, 20.0, 40.0, 60.0])
    path = song_plots.mood_path(table)
    assert path.to_numpy().tolist() == [[1, 1], [-1, 1], [-1, -1], [1, -1]]
    long = songs.Song(Path("x"), "x", "", 3600.0, None, np.zeros(0, np.float32))
    assert songs.window_step(long) == 15.0


def test_one_song_or_two(networks):
    with pytest.raises(ValueError, match="one song or two"):
        SongExplorer(networks)


def test_the_notebook_shows_it():
    notebook = Path(__file__).resolve().parents[2] / "notebooks" / "08_case_studies.ipynb"
    cells = json.loads(notebook.read_text("utf-8"))["cells"]
    assert any("widgets.SongExplorer(" in "".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
