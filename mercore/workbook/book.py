"""Write the executed notebooks as a site of plain HTML: `python -m mercore book`.

The site needs neither network nor kernel: nbconvert makes the pages, formulas become MathML, sounds and pictures are
inside the pages, a widget is its picture, and links to files that aren't in the book become text.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jinja2
import nbformat
from bs4 import BeautifulSoup, NavigableString
from nbconvert import HTMLExporter
from nbformat.v4 import new_markdown_cell, new_notebook
from pygments.formatters import HtmlFormatter

from mercore import UserError, build_dir
from mercore._files import atomic_directory, translate_write_errors
from mercore.workbook import runner

TITLE = "What a network hears"
HERE = Path(__file__).parent
GLOSSARY = "glossary.md"  # next to the notebooks; each heading of the third level is a term
HEADINGS = ["h1", "h2", "h3", "h4"]
NOT_PROSE = [*HEADINGS, "a", "code", "pre", "math", "kbd"]  # no terms are linked there
FORMULA = re.compile(r"\$\$(?P<block>.+?)\$\$|\$(?P<inline>.+?)\$", re.DOTALL)
# What latex2mathml doesn't know: lines aligned within a formula, and a comma without a space, as in 66,150.
TEX_SYNONYMS = {"{aligned}": "{align*}", "{,}": r"\text{,}"}


@dataclass
class Page:
    """A page of the book: its source's file name, and its HTML."""

    source: str
    soup: BeautifulSoup

    def __post_init__(self):
        self.file = f"{Path(self.source).stem}.html"
        self.title = _heading_text(self.soup.h1) if self.soup.h1 else Path(self.source).stem
        self.name = self.title.partition(":")[0]  # short enough for a table of contents
        self.sections = [(tag["id"], _heading_text(tag)) for tag in self.soup.select(".text_cell_render h2[id]")]
        self.anchors = {tag["id"] for tag in self.soup.select("[id]")}


def make(words: list[str]) -> Path:
    """Write the book of the notebooks as these NAME=value settings run them; return its first page."""
    executed = runner.execute_if_needed(words)
    with translate_write_errors(build_dir() / "book"):
        return write(executed, build_dir() / "book", runner.NOTEBOOKS / GLOSSARY)


def write(executed: list[Path], target: Path, glossary: Path) -> Path:
    """Write a book of executed notebooks into the folder `target`, whole or not at all; return its first page.

    Raises:
        UserError: Naming a notebook that failed, or a formula that can't be read.
    """
    pages: list[Page] = []
    settings: dict[str, None] = {}  # in the order of their first use
    for path in executed:
        notebook = nbformat.read(path, as_version=4)
        pages.append(_make_page(path.name, notebook))
        given = notebook.metadata.get("papermill", {}).get("parameters", {})
        settings |= {f"{name}={Path(str(value)).name}": None for name, value in given.items()}  # of a folder its name
    text = glossary.read_text("utf-8")
    pages.append(_make_page(glossary.name, new_notebook(cells=[new_markdown_cell(text)])))
    terms = find_terms(pages[-1].soup)
    for page in pages[:-1]:
        link_terms(page.soup, terms, pages[-1].file)
    anchors = {page.file: page.anchors for page in pages}
    for page in pages:
        _redirect_links(page, anchors)
    with atomic_directory(target.parent, ".unfinished-book-") as scratch:
        _write_pages(scratch / "book", pages, ", ".join(settings))
        if target.exists():
            target.rename(scratch / "before")
        (scratch / "book").rename(target)
    return target / "index.html"


def _write_pages(folder: Path, pages: list[Page], settings: str) -> None:
    folder.mkdir()
    light, dark = (HtmlFormatter(style=style).get_style_defs(".highlight") for style in ("default", "github-dark"))
    colours = f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n"
    (folder / "book.css").write_text(colours + (HERE / "book.css").read_text("utf-8"), "utf-8")
    template = jinja2.Environment(autoescape=True).from_string((HERE / "book.html").read_text("utf-8"))
    for before, page, after in zip([None, None, *pages], [None, *pages], [*pages, None], strict=False):
        html = template.render(book=TITLE, pages=pages, page=page, before=before, after=after, settings=settings)
        (folder / (page.file if page else "index.html")).write_text(html, "utf-8")


def _make_page(name: str, notebook) -> Page:
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                raise UserError(f"{name} failed: {output.ename}: {output.evalue}; correct it, then make the book")
        # What libraries log is about the machine that ran them.
        cell["outputs"] = [output for output in cell.get("outputs", []) if output.get("name") != "stderr"]
    try:
        soup = convert(notebook)
    except UserError as error:
        raise UserError(f"{name}: {error}") from error
    for line in soup("p"):
        if line.find("a", string="Contents"):  # the notebook's own links to its neighbours
            line.decompose()
    return Page(name, soup)


def convert(notebook) -> BeautifulSoup:
    """Return the cells of a notebook as HTML in which every picture has an alt text."""
    notebook.metadata.pop("widgets", None)  # megabytes, for a front end
    exporter = HTMLExporter(template_name="basic", exclude_input_prompt=True, exclude_output_prompt=True)
    soup = BeautifulSoup(exporter.from_notebook_node(notebook)[0], "html.parser")
    # pandas' "scoped" styles hold for the whole page in today's browsers: one table would align the others' headings.
    for tag in soup.select("script, iframe, style[scoped]"):
        tag.decompose()
    for number, picture in enumerate(soup("img"), 1):
        if str(picture.get("alt") or "No description").startswith("No description"):
            heading = picture.find_previous(HEADINGS)
            picture["alt"] = f"Picture {number}{': ' + _heading_text(heading) if heading else ''}"
    for mark in soup.select("a.anchor-link"):
        mark["aria-label"] = f"Link to the section {_heading_text(mark.parent)}"
    for text in soup(string=FORMULA):
        if text.find_parent(class_=["text_cell_render", "output_markdown"]) and not text.find_parent(["code", "pre"]):
            _replace(text, FORMULA, lambda match: set_formula(match[match.lastgroup], match.lastgroup))
    return soup


def _heading_text(heading) -> str:
    """Return what a heading says, without the sign of its anchor."""
    return " ".join("".join(heading.strings).replace("¶", "").split())


def _replace(text: NavigableString, pattern: re.Pattern, make_tag: Callable) -> None:
    """Replace matches in a piece of text by the tags that `make_tag` returns for them, if it does."""
    parts, end = [], 0
    for match in pattern.finditer(text):
        tag = make_tag(match)
        if tag is not None:
            parts += [text[end : match.start()], tag]
            end = match.end()
    if parts:
        text.replace_with(*parts, text[end:])


def set_formula(tex: str, display: str):
    """Return the MathML of a formula in TeX, display being "inline" or "block"."""
    from latex2mathml.converter import convert

    known = tex.strip()
    for word, synonym in TEX_SYNONYMS.items():
        known = known.replace(word, synonym)
    try:
        math: Any = BeautifulSoup(convert(known, display=display), "html.parser").math
    except Exception as error:  # it has a dozen of its own, and an IndexError for a missing brace
        raise UserError(f"${tex}$: this formula can't be set ({type(error).__name__}); correct its TeX") from error
    math["alttext"] = " ".join(tex.split())
    for name in math("mi"):
        if name.text.startswith(("\\", "&")):  # passed on as unknown
            raise UserError(f"${tex}$: this formula can't be set ({name.text} isn't known); write it in another way")
        if len(name.text) > 1 and name.text.isalpha():  # log, tanh, ReLU: the converter sets them without space
            name.name, name["lspace"], name["rspace"] = "mo", "0.17em", "0.17em"
    return math


def find_terms(glossary: BeautifulSoup) -> dict[str, str]:
    """Return the terms of a glossary with their anchors; "decibel (dB)" and "precision and recall" are two each."""
    names: dict[str, str] = {}
    for heading in glossary.select("h3[id]"):
        for name in re.split(r"\s*[(),;/]\s*|\s+and\s+", _heading_text(heading)):
            if len(name) > 1:
                names.setdefault(name, str(heading["id"]))
    return names


def link_terms(soup: BeautifulSoup, terms: dict[str, str], file: str) -> None:
    """Link the first use of each term in a page's prose to its anchor in the page `file`."""
    # The longest that fits, as a word of its own and perhaps in the plural. A small letter may begin a sentence;
    # names of capitals, such as GRU, are written as they are.
    names = sorted(terms, key=len, reverse=True)
    patterns = [re.escape(name) if name.isupper() else f"(?i:{re.escape(name)})" for name in names]
    words = "|".join(patterns).replace(r"\ ", r"\s+")
    pattern = re.compile(rf"(?<![\w-])({words})(?:s|es)?(?![\w-])")
    by_name = {name.lower(): anchor for name, anchor in terms.items()}
    missing = set(terms.values())

    def link(match: re.Match):
        anchor = by_name[" ".join(match[1].lower().split())]
        if anchor not in missing:
            return None
        missing.remove(anchor)
        return soup.new_tag("a", href=f"{file}#{anchor}", string=match[0], attrs={"class": "term"})

    for text in [text for cell in soup.select(".text_cell_render") for text in cell.find_all(string=pattern)]:
        if not text.find_parent(NOT_PROSE):
            _replace(text, pattern, link)


def _redirect_links(page: Page, anchors: dict[str, set[str]]) -> None:
    """Let a page's links lead to pages of the book, given the anchors of each; links to other files become text."""
    for link in page.soup.select("a[href]"):
        address = str(link["href"])
        if re.match(r"(https?|mailto|data):", address):
            continue
        path, _, anchor = unquote(address).partition("#")
        file = re.sub(r"\.(ipynb|md)$", ".html", path)
        if path and file not in anchors:
            link.unwrap()
        else:
            known = anchor in anchors[file or page.file]
            link["href"] = file + (f"#{anchor}" if known else "") or page.file
