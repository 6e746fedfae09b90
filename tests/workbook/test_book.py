"""The book: pages that need nothing but themselves, links that lead somewhere, pictures with words."""

import re
from urllib.parse import unquote

import nbformat
import pytest
from booklet import audio, notebook, write
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from mercore import UserError
from mercore.workbook import book, runner

PAGES = ("index.html", "01_data.html", "02_features.html", "glossary.html")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return write(tmp_path_factory.mktemp("book")).parent


@pytest.fixture(scope="module")
def pages(site):
    return {path.name: BeautifulSoup(path.read_text("utf-8"), "html.parser") for path in site.glob("*.html")}


def test_its_files_are_these_and_nothing_unfinished_is_left(site):
    assert sorted(path.name for path in site.iterdir()) == sorted([*PAGES, "book.css"])
    assert [path.name for path in site.parent.iterdir()] == ["book"]


def test_every_link_leads_to_a_page_and_a_place_on_it(pages):
    anchors = {name: {tag["id"] for tag in page.select("[id]")} for name, page in pages.items()}
    for name, page in pages.items():
        for link in page.select("a[href]"):
            if not link["href"].startswith("https://"):
                file, _, anchor = unquote(link["href"]).partition("#")
                assert file in ("", *pages), link
                assert not anchor or anchor in anchors[file or name], link


def test_nothing_is_loaded_but_the_pages_and_their_style(site, pages):
    for page in pages.values():
        loaded = [
            tag.get("src") or tag.get("srcset") or tag.get("data") for tag in page.select("[src],[srcset],[data]")
        ]
        loaded += [tag["href"] for tag in page.select("link")]
        assert {address if len(address) < 30 else address[:5] for address in loaded} <= {"book.css", "data:,", "data:"}
        assert not page.select("script, iframe, object, embed, base, style") and "@import" not in str(page)
    assert not re.search(r"url\(|@import", (site / "book.css").read_text("utf-8"))


def test_every_page_has_what_a_reader_steers_by(pages):
    assert len({page.title.text for page in pages.values()}) == len(pages)
    for name, page in pages.items():
        assert page.html["lang"] == "en" and page.select_one("main#text h1") and len(page.select("h1")) == 1
        assert page.select_one("a.skip")["href"] == "#text"
        contents = [link["href"] for link in page.select("nav.contents a") if not link["href"].startswith("#")]
        assert contents == list(PAGES)
        assert page.select_one("nav.contents [aria-current]")["href"] == name
    around = pages["02_features.html"].select_one("nav.neighbours")
    assert [link["href"] for link in around("a")] == ["01_data.html", "index.html", "glossary.html"]
    assert [link["href"] for link in pages["01_data.html"].select("nav.contents ul ul a")] == ["#Clips"]


def test_a_notebooks_own_line_of_neighbours_is_left_out_and_links_to_other_files_are_text(pages):
    text = pages["01_data.html"].main
    assert len(text.find_all("a", string=re.compile("Features →"))) == 2  # above and below
    assert "the exercises" in text.get_text() and not text.find("a", string="the exercises")
    assert text.find("a", string="notebook 2")["href"] == "02_features.html#The-mel-scale"
    assert text.find("a", string="more")["href"] == "#Clips"
    words = pages["glossary.html"].main
    assert not words.find("a", string="this") and words.find("a", string="recurrent")["href"] == "02_features.html"


def test_sounds_are_in_the_pages_and_widgets_are_pictures(pages):
    assert [len(pages[name].select("audio[controls]")) for name in PAGES] == [0, 1, 1, 0]
    sources = [tag["src"] for page in pages.values() for tag in page.select("audio source")]
    assert all(source.startswith("data:audio/wav;base64,") for source in sources)
    assert len(pages["02_features.html"].select(".output_png img")) == 1
    assert "xxxx" not in str(pages["02_features.html"]) and "cuda" not in str(pages["01_data.html"])


def test_every_picture_says_what_it_shows(pages):
    alts = {picture["alt"] for page in pages.values() for picture in page("img")}
    assert alts == {"Tracks by artist", "Picture 2: Clips", "Spectrogram"}


def test_formulas_are_mathml(pages):
    formulas = pages["01_data.html"]("math")
    assert [math["display"] for math in formulas] == ["inline", "block"]
    assert formulas[0].get_text() == "66,150" and formulas[1]["alttext"].startswith("m(f) = \\begin{cases}")
    assert len(pages["02_features.html"]("math")) == 2  # one of them is what code said
    assert not any("$" in page.main.get_text() for page in pages.values())


@pytest.mark.parametrize("tex", [r"\frac{1}{", r"\frobnicate x", r"\begin{gathered} a & b \end{gathered}"])
def test_a_formula_that_cant_be_read_is_named(tmp_path, tex):
    with pytest.raises(UserError, match=rf"01_data\.ipynb: \${re.escape(tex)}\$: this formula can't be set"):
        write(tmp_path, {"01_data.ipynb": notebook(new_markdown_cell(f"One ${tex}$ alone"))})


def test_aligned_lines_are_a_table():
    math = book.set_formula(r"\begin{aligned} a &= b \\ c &= d \end{aligned}", "block")
    assert [row.get_text() for row in math("mtr")] == ["a=b", "c=d"]


def test_every_formula_of_the_notebooks_can_be_set():
    for path in runner.notebooks():
        prose = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown"]
        page = book.convert(notebook(new_markdown_cell("$x$"), *prose))
        assert page.math["alttext"] == "x" and not re.search(r"\$\S", page.get_text()), path.name


def test_the_first_use_of_each_term_leads_to_the_glossary(pages):
    found = [(link.text, link["href"]) for link in pages["01_data.html"].select("a.term")]
    assert found == [
        ("Clips", "glossary.html#clip"),
        ("GRU", "glossary.html#GRU-(gated-recurrent-unit)"),
        ("mel-spectrogram", "glossary.html#mel-spectrogram"),
    ]
    for link in pages["01_data.html"].select("a.term"):
        assert not link.find_parent(["h1", "h2", "code", "pre", "math"]) and len(link.find_parents("a")) == 0
    assert not pages["glossary.html"].select("a.term")


@pytest.mark.parametrize(
    ("text", "linked"),
    [
        ("A LONG short-term memory", []),
        ("One LSTM, two LSTMs", ["LSTM"]),
        ("an lstm", []),
        ("Learning rates, and the learning\nrate", ["Learning rates"]),
        ("eclipse, clip-like, aclip", []),
        ("spectrograms of a log-mel spectrogram", ["spectrograms", "log-mel spectrogram"]),
    ],
)
def test_terms_are_words_of_their_own(text, linked):
    soup = BeautifulSoup(f'<div class="text_cell_render"><p>{text}</p></div>', "html.parser")
    names = ("LSTM", "learning rate", "clip", "spectrogram", "log-mel spectrogram")
    book.link_terms(soup, {name: name for name in names}, "glossary.html")
    assert [link.text for link in soup("a")] == linked and soup.get_text() == text


def test_the_settings_are_named_without_the_folders_of_whoever_ran_it(pages):
    assert "GENRE=GTZAN, SEED=0" in pages["index.html"].get_text()


def test_a_failed_notebook_is_named_and_the_older_book_stays(tmp_path):
    before = write(tmp_path).read_text("utf-8")
    failed = new_code_cell("1 / 0", outputs=[new_output("error", ename="ZeroDivisionError", evalue="by zero")])
    with pytest.raises(UserError, match=r"02_features\.ipynb failed: ZeroDivisionError: by zero"):
        write(tmp_path, {"02_features.ipynb": notebook(failed)})
    assert (tmp_path / "build" / "book" / "index.html").read_text("utf-8") == before
    other = notebook(new_markdown_cell("# Another"), new_code_cell("", outputs=[audio(0.1)]))
    assert "Another" in write(tmp_path, {"03_other.ipynb": other}).read_text("utf-8")
    assert [path.name for path in (tmp_path / "build").iterdir()] == ["book"]


def test_a_build_folder_that_cant_be_written_is_named(own_folders, monkeypatch):
    (own_folders / "build").mkdir()
    (own_folders / "build" / "book").write_text("a file in the way")
    monkeypatch.setattr(runner, "execute_if_needed", lambda words: [])
    monkeypatch.setattr(
        book, "atomic_directory", lambda *_: (_ for _ in ()).throw(PermissionError(13, "Permission denied"))
    )
    with pytest.raises(UserError, match=r"can't be written \(Permission denied\); free some disk space or choose"):
        book.make([])


def test_the_glossary_names_every_term_once():
    glossary = (runner.NOTEBOOKS / book.GLOSSARY).read_text("utf-8")
    terms = re.findall(r"^### (.+)$", glossary, re.MULTILINE)
    assert terms and len({term.lower() for term in terms}) == len(terms)
    for target in re.findall(r"\]\(([^)#\s]+)", glossary):
        assert target.startswith("https://") or (runner.NOTEBOOKS / target).exists(), target
