"""Downloads from a server on this machine: resumed, checked, unpacked only where they may."""

import hashlib
import http.server
import io
import tarfile
import threading
import zipfile
import zlib

import numpy as np
import pytest
import soundfile as sf

from mercore import UserError, data_dir
from mercore.corpora import download, gtzan
from mercore.corpora._dataset import Download

pytestmark = pytest.mark.usefixtures("own_folders")


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves server.files; honours Range unless told not to; breaks off after server.breaks[0] bytes, once each."""

    def do_GET(self):
        self.server.asked.append((self.path, self.headers.get("Range", "")))
        body = self.server.files.get(self.path)
        if body is None:
            self.send_error(404)
            return
        start = 0
        if self.headers.get("Range") and self.server.ranges:
            start = int(self.headers["Range"].removeprefix("bytes=").rstrip("-"))
            if start >= len(body):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(body)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        most = self.server.breaks.pop(0) if self.server.breaks else len(body)
        self.wfile.write(body[start : start + most])

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.files, server.asked, server.breaks, server.ranges = {}, [], [], True
    server.at = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def audio(seed):
    file = io.BytesIO()
    sf.write(file, np.random.default_rng(seed).uniform(-0.5, 0.5, 8000 * 4), 8000, format="WAV")
    return file.getvalue()


def tracks():
    names = [f"genres/{genre}/{genre}.0000{n}.wav" for genre in ("blues", "rock") for n in range(2)]
    return {name: audio(seed) for seed, name in enumerate(names)}


def zipped(files):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def tarred(files, mode="w:gz", **extra):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for name, (kind, to) in extra.get("links", {}).items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, to
            archive.addfile(info)
    return file.getvalue()


def offer(monkeypatch, addresses):
    monkeypatch.setitem(gtzan.DATASET.downloads, "gtzan-mini", Download("some tracks", addresses))


def md5(data):
    return hashlib.md5(data).hexdigest()


def left_over(folder):
    files = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    return sorted(str(path) for path in files if path.parts[0] != "cache")


@pytest.mark.parametrize("pack", [zipped, tarred, lambda files: tarred(files, "w")])
def test_fetch_downloads_unpacks_and_reports(server, monkeypatch, capsys, pack):
    body = pack({f"gtzan_mini-main/{name}": content for name, content in tracks().items()})
    server.files["/a"] = body
    offer(monkeypatch, {f"{server.at}/a": md5(body)})
    corpus = download.download_dataset("gtzan-mini")
    assert list(corpus.usable.index) == ["blues.00000", "blues.00001", "rock.00000", "rock.00001"]
    assert corpus.root == data_dir() / "gtzan-mini"
    assert "4 usable tracks of 4" in capsys.readouterr().out
    assert len(left_over(data_dir())) == 4  # the archive is gone


def test_broken_connections_are_resumed(server, monkeypatch):
    body = zipped(tracks())
    server.files["/a"], server.breaks = body, [50_000, 70_000]
    offer(monkeypatch, {f"{server.at}/a": md5(body)})
    assert len(download.download_dataset("gtzan-mini").usable) == 4
    assert [asked for _, asked in server.asked] == ["", f"bytes={3 * 2**14}-", f"bytes={7 * 2**14}-"]


def test_interrupted_download_goes_on_at_the_next_call(server, monkeypatch):
    body = zipped(tracks())
    server.files["/a"], server.breaks = body, [60_000, 0]
    offer(monkeypatch, {f"{server.at}/a": md5(body)})
    with pytest.raises(UserError, match="the same command continues"):
        download.download_dataset("gtzan-mini")
    assert not (data_dir() / "gtzan-mini").exists()
    server.asked.clear()
    assert len(download.download_dataset("gtzan-mini").usable) == 4
    assert server.asked == [("/a", f"bytes={3 * 2**14}-")]


def test_server_that_cannot_resume_starts_over(server, monkeypatch):
    body = zipped(tracks())
    server.files["/a"], server.breaks, server.ranges = body, [60_000], False
    offer(monkeypatch, {f"{server.at}/a": md5(body)})
    assert len(download.download_dataset("gtzan-mini").usable) == 4


def test_part_of_another_file_is_thrown_away(server, monkeypatch):
    body = zipped(tracks())
    server.files["/a"] = body
    offer(monkeypatch, {f"{server.at}/a": md5(body)})
    part = data_dir() / "downloads" / f"{zlib.crc32(f'{server.at}/a'.encode()):08x}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(bytes(len(body) + 1))
    with pytest.raises(UserError, match="the server says 416"):
        download.download_dataset("gtzan-mini")
    assert len(download.download_dataset("gtzan-mini").usable) == 4


def test_wrong_checksum_keeps_nothing(server, monkeypatch):
    body = zipped(tracks())
    server.files["/a"] = body
    offer(monkeypatch, {f"{server.at}/a": md5(b"another")})
    with pytest.raises(UserError, match=r"MD5 isn't .* nothing was kept"):
        download.download_dataset("gtzan-mini")
    assert left_over(data_dir()) == []


def test_second_address_is_asked_when_the_first_fails(server, monkeypatch):
    server.files["/b"] = zipped(tracks())
    offer(monkeypatch, {f"{server.at}/gone": "", f"{server.at}/b": ""})
    assert len(download.download_dataset("gtzan-mini").usable) == 4


def test_no_address_answers(server, monkeypatch):
    offer(monkeypatch, {f"{server.at}/gone": ""})
    with pytest.raises(UserError, match="the server says 404") as caught:
        download.download_dataset("gtzan-mini")
    assert "\n" not in str(caught.value)
    nobody = f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    with pytest.raises(UserError, match="no connection"):
        download.download_dataset("gtzan-mini", url=nobody)


def test_own_address_and_own_file(server, tmp_path, capsys):
    server.files["/a.zip"] = zipped(tracks())
    assert len(download.download_dataset("gtzan-mini", tmp_path / "x", f"{server.at}/a.zip").usable) == 4
    assert "No checksum is known" in capsys.readouterr().out
    (tmp_path / "saved.zip").write_bytes(server.files["/a.zip"])
    assert len(download.download_dataset("gtzan-mini", tmp_path / "y", tmp_path / "saved.zip").usable) == 4
    assert (tmp_path / "saved.zip").exists()


def test_damaged_archive_of_unknown_checksum_keeps_nothing(server, tmp_path):
    for body in (tarred(tracks())[:-3000], b"<html>Please log in</html>", b""):
        server.files["/a"] = body
        with pytest.raises(UserError, match=r"damaged|can't be unpacked"):
            download.download_dataset("gtzan-mini", tmp_path / "x", f"{server.at}/a")
        assert not (tmp_path / "x").exists()
        assert left_over(data_dir()) == []


EVIL = {
    "zip, parent": lambda: zipped({"../evil.wav": b"x"}),
    "zip, parent within": lambda: zipped({"genres/../../evil.wav": b"x"}),
    "zip, back-slashes": lambda: zipped({"..\\evil.wav": b"x"}),
    "tar, parent": lambda: tarred({"../evil.wav": b"x"}),
    "tar, link": lambda: tarred({}, links={"genres": (tarfile.SYMTYPE, "..")}),
    "tar, hard link": lambda: tarred({}, links={"genres/a.wav": (tarfile.LNKTYPE, "../../a.wav")}),
    "tar, device": lambda: tarred({}, links={"genres/a.wav": (tarfile.CHRTYPE, "")}),
}


@pytest.mark.parametrize("evil", EVIL)
def test_archive_that_reaches_out_is_refused(tmp_path, evil):
    archive = tmp_path / "a.archive"
    archive.write_bytes(EVIL[evil]())
    with pytest.raises(UserError, match="refused"):
        download.download_dataset("gtzan-mini", tmp_path / "deep" / "x", archive)
    assert left_over(tmp_path) == ["a.archive"]
    assert list((tmp_path / "deep").iterdir()) == []


def test_too_much_is_refused(tmp_path, monkeypatch):
    archive = tmp_path / "a.zip"
    monkeypatch.setattr(download, "MAX_BYTES", 100_000)
    for pack in (zipped, tarred):
        archive.write_bytes(pack(tracks()))
        with pytest.raises(UserError, match="refused, it unpacks to more than"):
            download.download_dataset("gtzan-mini", tmp_path / "x", archive)
        assert left_over(tmp_path) == ["a.zip"]


def test_another_archive_is_refused(tmp_path):
    archive = tmp_path / "a.zip"
    archive.write_bytes(zipped({"holiday/pictures.txt": "none"}))
    with pytest.raises(UserError, match="no dataset in the layout of GTZAN"):
        download.download_dataset("gtzan-mini", tmp_path / "x", archive)
    assert not (tmp_path / "x").exists()


def test_where_a_site_wants_a_person(capsys):
    assert download.download_dataset("4q") is None
    told = capsys.readouterr().out
    assert "mir.dei.uc.pt/downloads.html" in told
    assert "--url FILE" in told


@pytest.mark.parametrize(
    ("name", "url", "words"),
    [
        ("fma", None, "no dataset 'fma': there are gtzan, gtzan-mini, 4q"),
        ("gtzan", "nowhere.zip", "neither an existing"),
    ],
)
def test_mistakes_are_told(tmp_path, name, url, words):
    with pytest.raises(UserError, match=words):
        download.download_dataset(name, tmp_path / "x", url)


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(UserError, match="exists already"):
        download.download_dataset("gtzan-mini", tmp_path / "mine", "http://127.0.0.1:9/a.zip")
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"
