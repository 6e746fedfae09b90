"""The workbook as a site of plain HTML that needs neither network nor kernel: `python -m mercore book`.

nbconvert makes a page of each executed notebook. Formulas become MathML, which browsers draw themselves; sounds and
pictures lie in the pages; of a widget there is its picture. Links to what isn't in the book become text.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import jinja2
import nbformat
from bs4 import BeautifulSoup
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from pygments.formatters import HtmlFormatter
from traitlets.config import Config

from mercore import UserError, build_dir
from mercore._files import atomic_directory
from mercore.workbook import runner

TITLE = "What a network hears"
HERE = Path(__file__).parent
GLOSSARY = "glossary.md"  # beside the notebooks: a term is a heading of the third level
NO_MARKUP = ("text/html", "text/markdown", "image/svg+xml", "image/png", "image/jpeg", "text/plain")
# What a term isn't linked from.
NOT_PROSE = ("a", "code", "pre", "math", "kbd", "h1", "h2", "h3", "h4", "h5", "h6", "script", "style")
# What latex2mathml doesn't know: lines aligned within a formula, and the comma of 66,150 without a space behind it.
TEX_UNKNOWN = {"{aligned}": "{align*}", "{,}": r"\text{,}"}
HEADINGS = ("h1", "h2", "h3", "h4")


@dataclass
class Page:
    """A page of the book: its source's name, its file, what it is called, and its HTML, which is worked on."""

    source: str
    soup: BeautifulSoup

    @property
    def file(self) -> str:
        """Its name in the book."""
        return f"{Path(self.source).stem}.html"

    @property
    def title(self) -> str:
        """Its first heading."""
        return _heading_text(self.soup.find("h1")) if self.soup.find("h1") else Path(self.source).stem

    @property
    def name(self) -> str:
        """The title without what follows a colon: short enough for a list of contents."""
        return self.title.partition(":")[0]

    @property
    def sections(self) -> list[tuple[str, str]]:
        """(anchor, text) of the headings of the second level; those that code writes aren't the notebook's own."""
        return [(tag["id"], _heading_text(tag)) for tag in self.soup.select(".text_cell_render h2[id]")]

    @property
    def anchors(self) -> set[str]:
        """All that a link may lead to."""
        return {tag["id"] for tag in self.soup.select("[id]")}


def make(words: list[str]) -> Path:
    """The book of the notebooks as these NAME=value settings run them, in build/book; returns its first page.

    What has been run already isn't run again. Raises UserError naming the notebook that fails.
    """
    target = build_dir() / "book"
    executed = runner.executed(words)
    try:
        return write(executed, target, runner.NOTEBOOKS / GLOSSARY)
    except OSError as error:
        raise UserError(
            f"{target}: can't be written ({error.strerror}); set MERCORE_BUILD to a folder that can"
        ) from error


def write(executed: list[Path], target: Path, glossary: Path) -> Path:
    """Write a book of executed notebooks into the folder `target`, in the place of an older one; its first page.

    The folder appears whole or not at all. A page of terms comes from `glossary`, a file of Markdown.
    """
    notebooks = [nbformat.read(path, as_version=4) for path in executed]
    pages = [_page(path.name, notebook) for path, notebook in zip(executed, notebooks, strict=True)]
    terms = Page(glossary.name, _convert(_of_markdown(glossary.read_text("utf-8"))))
    for page in pages:
        link_terms(page.soup, _terms(terms), terms.file)
    pages.append(terms)
    anchors = {page.file: page.anchors for page in pages} | {"index.html": set()}
    for page in pages:
        _mend_links(page, anchors)
    with atomic_directory(target.parent, ".unfinished-book-") as scratch:
        _write_pages(scratch / "book", pages, _settings_of(notebooks))
        if target.exists():
            target.rename(scratch / "before")
        (scratch / "book").rename(target)
    return target / "index.html"


def _write_pages(folder: Path, pages: list[Page], settings: str) -> None:
    folder.mkdir()
    template = jinja2.Environment(autoescape=True).from_string((HERE / "book.html").read_text("utf-8"))
    (folder / "book.css").write_text(_code_colours() + (HERE / "book.css").read_text("utf-8"), "utf-8")
    around = [None, *pages, None]
    for before, page, after in zip(around, pages, around[2:], strict=False):
        html = template.render(book=TITLE, pages=pages, page=page, before=before, after=after, body=str(page.soup))
        (folder / page.file).write_text(html, "utf-8")
    html = template.render(book=TITLE, pages=pages, page=None, after=pages[0], settings=settings)
    (folder / "index.html").write_text(html, "utf-8")


def _code_colours() -> str:
    """The colours of code, for a light and a dark screen."""
    light, dark = (HtmlFormatter(style=style).get_style_defs(".highlight") for style in ("default", "github-dark"))
    return f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n"


def _settings_of(notebooks: list) -> str:
    """What the notebooks were run with, as NAME=value; of a folder its name."""
    given = {}
    for notebook in notebooks:
        given |= notebook.metadata.get("papermill", {}).get("parameters", {})
    return ", ".join(f"{name}={Path(str(value)).name}" for name, value in given.items())


# From a notebook to HTML


class _Renderer(IPythonRenderer):
    """Markdown with its formulas as MathML."""

    def inline_math(self, body: str) -> str:
        return formula(body, "inline")

    def block_math(self, body: str) -> str:
        return formula(body, "block")

    def latex_environment(self, name: str, body: str) -> str:
        return formula(rf"\begin{{{name}}}{body}\end{{{name}}}", "block")


class _Exporter(HTMLExporter):
    """Cells as HTML, without a page around them."""

    def markdown2html(self, source: str) -> str:
        return html_of(source)


def html_of(markdown: str) -> str:
    """A cell of Markdown as HTML. Raises UserError naming a formula that can't be set."""
    return MarkdownWithMath(renderer=_Renderer(escape=False)).render(markdown)


def formula(tex: str, display: str) -> str:
    """MathML of a formula in TeX; display: "inline" or "block". Raises UserError where it can't be read."""
    from latex2mathml.converter import convert

    known = tex.strip()
    for word, other in TEX_UNKNOWN.items():
        known = known.replace(word, other)
    try:
        math = BeautifulSoup(convert(known, display=display), "html.parser").math
    except Exception as error:  # it has a dozen of its own, and an IndexError for a brace that is missing
        raise UserError(f"${tex}$: this formula can't be set ({type(error).__name__}); mend its TeX") from error
    left = [name.text for name in math("mi") if name.text.startswith(("\\", "&"))]  # passed on, as unknown
    if left:
        raise UserError(f"${tex}$: this formula can't be set ({left[0]} isn't known); write it in another way")
    math["alttext"] = " ".join(tex.split())
    for name in math("mi"):
        if len(name.text) > 1 and name.text.isalpha():  # log, tanh, ReLU: the converter sets them without space
            name.name, name["lspace"], name["rspace"] = "mo", "0.17em", "0.17em"
    return str(math)


@cache
def _exporter() -> _Exporter:
    options = {"template_name": "basic", "exclude_input_prompt": True, "exclude_output_prompt": True}
    config = Config({"HTMLExporter": options, "NbConvertBase": {"display_data_priority": list(NO_MARKUP)}})
    return _Exporter(config=config)


def _of_markdown(text: str):
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text)])


def _page(name: str, notebook) -> Page:
    """A notebook as a page. Raises UserError naming it where one of its cells failed."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output["output_type"] == "error":
                raise UserError(f"{name} failed: {output['ename']}: {output['evalue']}; mend it, then make the book")
        # What libraries log is about the machine that ran them.
        cell["outputs"] = [output for output in cell.get("outputs", []) if output.get("name") != "stderr"]
    try:
        soup = _convert(notebook)
    except UserError as error:
        raise UserError(f"{name}: {error}") from error
    for line in soup("p"):
        if _leads_around(line):  # every page has links to the next and the one before
            line.decompose()
    return Page(name, soup)


def _convert(notebook) -> BeautifulSoup:
    """The cells of a notebook as HTML; every picture has an alt text, at worst the section that it stands in."""
    notebook.metadata.pop("widgets", None)  # megabytes, for a front end
    soup = BeautifulSoup(_exporter().from_notebook_node(notebook)[0], "html.parser")
    # pandas' "scoped" styles hold for the whole page in today's browsers: one table would align the others' headings.
    for tag in soup.select("script, iframe, style[scoped]"):
        tag.decompose()
    for number, picture in enumerate(soup("img"), 1):
        if not picture.get("alt") or picture["alt"].startswith("No description"):
            heading = picture.find_previous(HEADINGS)
            picture["alt"] = f"Picture {number}{': ' + _heading_text(heading) if heading else ''}"
    for mark in soup.select("a.anchor-link"):
        mark["aria-label"] = f"Link to the section {_heading_text(mark.parent)}"
    return soup


def _heading_text(heading) -> str:
    """What a heading says, without the sign of its anchor."""
    return " ".join("".join(heading.strings).replace("¶", "").split())


def _leads_around(line) -> bool:
    """Whether a paragraph is a notebook's own line of links to its neighbours."""
    links, text = line("a"), line.get_text()
    for link in links:
        text = text.replace(link.get_text(), "", 1)
    return bool(links) and not text.strip(" ·\n") and any(sign in line.get_text() for sign in "←→")


# Links


def _terms(glossary: Page) -> dict[str, str]:
    """The glossary's terms as they may be written, with their anchors: "decibel (dB)" and "precision and recall" are
    two each.
    """
    names = {}
    for heading in glossary.soup.select("h3[id]"):
        for name in re.split(r"\s*[(),;/]\s*|\s+and\s+", _heading_text(heading)):
            if len(name) > 1:
                names.setdefault(name, heading["id"])
    return names


def link_terms(soup: BeautifulSoup, terms: dict[str, str], file: str) -> None:
    """Link the first use of each term in a page's prose to its entry, of the anchor in `terms`, in the page `file`."""
    missing = set(terms.values())
    for text in [text for cell in soup.select(".text_cell_render") for text in cell.find_all(string=True)]:
        if missing and not text.find_parent(NOT_PROSE):
            _link_terms_of(soup, text, terms, file, missing)


def _link_terms_of(soup: BeautifulSoup, text, terms: dict[str, str], file: str, missing: set[str]) -> None:
    """Link the terms of one piece of text that are still `missing`, and take them off that set."""
    parts, end = [], 0
    for match in _any_of(tuple(terms)).finditer(text):
        anchor = _anchor_of(match[1], terms)
        if anchor not in missing:
            continue
        missing.discard(anchor)
        link = soup.new_tag("a", href=f"{file}#{anchor}", string=match[0], attrs={"class": "term"})
        parts += [text[end : match.start()], link]
        end = match.end()
    if parts:
        text.replace_with(*parts, text[end:])


@cache
def _any_of(names: tuple[str, ...]) -> re.Pattern:
    """One of the names, the longest that fits, as a word of its own and perhaps in the plural; group 1 is the name.

    Small letters may begin a sentence; names of capitals, such as GRU, are written as they are.
    """
    ways = sorted(names, key=len, reverse=True)
    some = "|".join(re.escape(way) if way.isupper() else f"(?i:{re.escape(way)})" for way in ways)
    return re.compile(rf"(?<![\w-])({some.replace(chr(92) + ' ', chr(92) + 's+')})(?:s|es)?(?![\w-])")


def _anchor_of(found: str, terms: dict[str, str]) -> str:
    wanted = " ".join(found.lower().split())
    return next(anchor for name, anchor in terms.items() if name.lower() == wanted)


def _mend_links(page: Page, anchors: dict[str, set[str]]) -> None:
    """Let a page's links lead to pages of the book; those to other files become text. anchors: by page."""
    for link in page.soup.select("a[href]"):
        if re.match(r"(https?|mailto|data):", link["href"]):
            continue
        path, _, anchor = unquote(link["href"]).partition("#")
        file = re.sub(r"\.(ipynb|md)$", ".html", path) or page.file
        if file not in anchors or (path == file and not path.endswith(".html")):
            link.unwrap()
        elif anchor and anchor not in anchors[file]:
            link["href"] = file
        else:
            link["href"] = (file if path else "") + (f"#{anchor}" if anchor else "")
