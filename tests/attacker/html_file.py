"""A report page: header, sentences, tables, charts; whatever else holds a number or an attribute is a stray."""

import re
from dataclasses import replace
from html import unescape
from pathlib import Path

from attacker.claims import Scene, Stray
from attacker.found import BULLET
from attacker.html_tables import TableReader
from attacker.page import COMMENT, Node, parse
from attacker.picture import read_picture, without_held, words_held
from attacker.public import Public, committed_prose, plain
from attacker.saved import cells_of, read_saved
from attacker.sentences import Told, read_text
from sendlab.publish.page import policy, style_sheet
from sendlab.runs.index import SCRIPT

_TEXT = ("p", "li", "ul", "h1", "h2", "h3", "title", "summary", "label", "pre", "code", "a", "span", "strong", "em")
_SVG = re.compile(r"<svg\b.*?</svg>", re.DOTALL)
_CLASSES = frozenset(
    (
        "skip", "marking", "place", "contents", "scroll", "sendlab-table", "sendlab-notes", "figure", "text", "number",
        "range", "word", "better", "worse", "quiet", "more", "boxes", "wide", "charts", "unseen", "search", "failed",
        "board", "pinned", "code", "twin", "narrow", "csv", "index",
    )
)  # fmt: skip
# What the attributes of our pages may hold.
_FREE = ("scope", "tabindex", "role", "for", "autocomplete", "charset", "lang", "rowspan", "aria-labelledby", "type",
         "aria-hidden")  # fmt: skip
_READ_WHOLE = (COMMENT, "svg", "table", "style", "script")  # wherever they stand
_STYLES = ("text-align:left", "text-align:right")
_METAS = ("width=device-width, initial-scale=1", policy(), policy(SCRIPT))


class PageReader:
    """One page, or the HTML of one output: `read` gives its claims and strays."""

    def __init__(self, html: str, scene: Scene, public: Public, file: str, where: str = "") -> None:
        self.charts = _SVG.findall(html)
        self.held = words_held(self.charts, public)
        self.root = parse(_SVG.sub("<svg></svg>", html))
        self.public, self.file, self.where = public, file, where
        self.told = Told([], [], scene)
        self.tables: list[Node] = []  # those with rows, as they come
        self.regions, self.place = 0, ""
        contents = [node for node in self.root.all("nav") if node.attributes.get("class") == "contents"]
        self.parts = len(contents[0].all("li")) if len(contents) == 1 else 0
        self.anchors = {node.attributes["id"] for node in self.root.walk() if "id" in node.attributes}

    def read(self) -> Told:
        """The header first, since it says what the page is about; then everything in turn."""
        for node in self.root.all("p"):
            if node.attributes.get("class") == "place":
                self.place = node.text
                self.told.scene = replace(read_text(node.text, self.told.scene, self.public, "", "").scene, measure="")
        self.told.scene = self.told.scene.of_group("Total")
        self._node(self.root, "")
        return self.told

    def _stray(self, where: str, about: str) -> None:
        self.told.strays.append(Stray(self.file, f"{self.where}{where}", about))

    def _take(self, told: Told) -> None:
        self.told.claims += told.claims
        self.told.strays += told.strays

    def _node(self, node: Node, where: str) -> None:
        if node.tag == "svg":
            chart = self.charts.pop(0)
            self._take(read_picture(chart, self.told.scene, self.public, self.file, f"{self.where}chart"))
        elif node.tag == "table":
            self._table(node)
        elif node.tag == COMMENT:
            self._stray("comment", "a comment")
            self._words(node.children[0] if isinstance(node.children[0], str) else "", "comment")
        elif node.tag in ("style", "script"):
            self._code(node)
        else:
            self._element(node, where)

    def _element(self, node: Node, where: str) -> None:
        for name, value in node.attributes.items():
            self._attribute(node, name, value)
        blocks = node.tag in _TEXT
        if blocks and not self._says_nothing_new(node):
            self._words(_text_of(node), node.tag)
        for child in node.children:
            if isinstance(child, Node) and not (blocks and child.tag in _TEXT):
                self._node(child, where)
            elif isinstance(child, Node):
                self._within(child)
            elif not blocks and child.strip():
                self._words(child, node.tag)

    def _within(self, node: Node) -> None:
        """What stands within a text whose words have been read: attributes, and what is no text at all."""
        for name, value in node.attributes.items():
            self._attribute(node, name, value)
        for child in (child for child in node.children if isinstance(child, Node)):
            if child.tag in _READ_WHOLE:
                self._node(child, node.tag)
            else:
                self._within(child)

    def _says_nothing_new(self, node: Node) -> bool:
        """The title of the chart that comes next once more, and how many parts the list of contents has."""
        if node.attributes.get("class") == "narrow":
            title = re.search(r"<title>(.*?)</title>", self.charts[0], re.DOTALL) if self.charts else None
            same = title is not None and unescape(title.group(1)) == node.text
            if not same:
                self._stray("narrow", "a title that is not that of the chart beneath it")
            return same
        if node.tag == "summary" and self.parts:
            return node.text == f"On this page: {self.parts} parts"
        return False

    def _words(self, text: str, where: str) -> None:
        if where in ("pre", "code") and all(is_parameter(line) for line in text.splitlines()):
            return
        text = without_held(text, self.held)
        if not _known(text) and text.replace("\u00a0", " ") not in self.held:
            self._take(read_text(text, self.told.scene, self.public, self.file, f"{self.where}{where}"))

    def _table(self, node: Node) -> None:
        if "boxes" in node.attributes.get("class", ""):
            return
        self._take(TableReader(node, self.told.scene, self.public, self.file, f"{self.where}table").read())
        self.tables += [node] if node.all("td") else []
        for inner in node.walk():
            for name, value in inner.attributes.items():
                self._attribute(inner, name, value)

    def _saved(self, link: str) -> None:
        """The CSV that stands in a link: read like tables, and held against those of the page."""
        saved = read_saved(link)
        for odd in saved.odd:
            self._stray("CSV", odd)
        for table in saved.tables:
            self._take(TableReader(table, self.told.scene, self.public, self.file, f"{self.where}CSV").read())
        if [cells_of(table) for table in saved.tables] != [cells_of(table) for table in self.tables]:
            self._stray("CSV", "a CSV that does not hold what the tables show")

    def _code(self, node: Node) -> None:
        text = node.text.strip()
        known = text == SCRIPT.strip() or text.startswith(style_sheet().strip())
        if not known:
            self._stray(node.tag, "a script or style that is not ours")

    def _attribute(self, node: Node, name: str, value: str) -> None:
        if not self._plain_attribute(node, name, value):
            self._stray(f"{node.tag}, attribute {name}", "an attribute that no page of ours has")

    def _plain_attribute(self, node: Node, name: str, value: str) -> bool:
        if name == "class":
            return set(value.split()) <= _CLASSES
        if name == "style":
            return value in _STYLES
        if name == "href" and "download" in node.attributes:
            self._saved(value)
            return True
        if name == "download":
            return value == f"{_slug(f'{Path(self.file).stem} {self.place}')}.csv"
        if name == "href":
            return value[1:] in self.anchors if value[:1] == "#" else self._is_file(value)
        if name == "id":
            return _slug(node.text) == re.sub(r"-\d$", "", value) or not re.search(r"\d", value)
        if name == "content":
            return value in _METAS
        if name == "data-name":
            return value in {place.lower() for place in self.public.places}
        if name == "aria-label" and node.attributes.get("role") == "region" and value.startswith("Table "):
            self.regions += 1
            return value == f"Table {self.regions}"
        if name == "aria-label":
            return not re.search(r"\d", value) or node.tag == "svg"
        return name in _FREE or (node.tag == "meta" and name in ("name", "http-equiv"))

    def _is_file(self, link: str) -> bool:
        return not link.startswith(("http", "/", "data:")) and (self.public.folder / link).is_file()


def _text_of(node: Node) -> str:
    """The text of an element; that of a list with its bullets, since its lines belong together."""
    if node.tag != "ul":
        return node.text
    texts = [child.text if isinstance(child, Node) else child for child in node.children]
    return "\n".join(f"{BULLET}{text}" for text in texts if text.strip() and not _known(text))


def _known(text: str) -> bool:
    """Whether it is the committed notebooks' own."""
    return plain(text) in committed_prose() or "".join(text.split()) in _squeezed()


def is_parameter(line: str) -> bool:
    """A line of the parameters cell that a run adds, or of the notebook's own code."""
    line = line.strip()
    return (
        not line
        or line == "# Parameters"
        or plain(line) in committed_prose()
        or not re.search(r"\d", line)
        or bool(re.fullmatch(r'(?:place|time_period) = "\w{3,9}"', line))
    )


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _squeezed() -> set[str]:
    return {"".join(line.split()) for line in committed_prose()}


def read_html(path: Path, public: Public, file: str) -> Told:
    """All that a page tells."""
    return PageReader(path.read_text(encoding="utf-8"), Scene(), public, file).read()
