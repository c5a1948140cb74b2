"""A report page: header, sentences, tables, charts; whatever else holds a number or an attribute is a stray."""

import re
from dataclasses import replace
from pathlib import Path

from attacker.chart import ChartReader
from attacker.claims import Scene, Stray
from attacker.html_tables import TableReader
from attacker.order import order_told
from attacker.page import COMMENT, Node, parse
from attacker.public import Public, committed_prose, plain
from attacker.sentences import Told, read_text
from sendlab.publish.page import policy, style_sheet
from sendlab.runs.index import SCRIPT

_TEXT = ("p", "li", "h1", "h2", "h3", "title", "summary", "label", "pre", "code", "a", "span", "strong", "em")
_SVG = re.compile(r"<svg\b.*?</svg>", re.DOTALL)
_CLASSES = frozenset(
    (
        "skip", "marking", "place", "contents", "scroll", "sendlab-table", "sendlab-notes", "figure", "text", "number",
        "range", "word", "better", "worse", "quiet", "more", "boxes", "wide", "charts", "unseen", "search", "failed",
        "board", "code",
    )
)  # fmt: skip
# What the attributes of our pages may hold.
_FREE = ("scope", "tabindex", "role", "for", "autocomplete", "charset", "lang", "rowspan", "aria-labelledby", "type")
_STYLES = ("text-align:left", "text-align:right")
_METAS = ("width=device-width, initial-scale=1", policy(), policy(SCRIPT))


class PageReader:
    """One page, or the HTML of one output: `read` gives its claims and strays."""

    def __init__(self, html: str, scene: Scene, public: Public, file: str, where: str = "") -> None:
        self.charts = _SVG.findall(html)
        self.root = parse(_SVG.sub("<svg></svg>", html))
        self.public, self.file, self.where = public, file, where
        self.told = Told([], [], scene)
        self.anchors = {node.attributes["id"] for node in self.root.walk() if "id" in node.attributes}

    def read(self) -> Told:
        """The header first, since it says what the page is about; then everything in turn."""
        for node in self.root.all("p"):
            if node.attributes.get("class") == "place":
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
            self._take(ChartReader(chart, self.told.scene, self.public, self.file, f"{self.where}chart").read())
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
        if blocks:
            self._words(node.text, node.tag)
        for child in node.children:
            if isinstance(child, Node) and not (blocks and child.tag in _TEXT):
                self._node(child, where)
            elif isinstance(child, Node):
                for inner in child.walk():
                    for name, value in inner.attributes.items():
                        self._attribute(inner, name, value)
            elif not blocks and child.strip():
                self._words(child, node.tag)

    def _words(self, text: str, where: str) -> None:
        if where in ("pre", "code") and all(is_parameter(line) for line in text.splitlines()):
            return
        known = plain(text) in committed_prose() or "".join(text.split()) in _squeezed()
        if not known:
            self._take(read_text(text, self.told.scene, self.public, self.file, f"{self.where}{where}"))

    def _table(self, node: Node) -> None:
        if "boxes" in node.attributes.get("class", ""):
            return
        reader = TableReader(node, self.told.scene, self.public, self.file, f"{self.where}table")
        self._take(reader.read())
        if reader.order and order_told(reader.order):
            self._stray("table", "an order of rows that tells of those not shown")
        for inner in node.walk():
            for name, value in inner.attributes.items():
                self._attribute(inner, name, value)

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
        if name == "href":
            return value[1:] in self.anchors if value[:1] == "#" else self._is_file(value)
        if name == "id":
            return _slug(node.text) == re.sub(r"-\d$", "", value) or not re.search(r"\d", value)
        if name == "content":
            return value in _METAS
        if name == "data-name":
            return value in {place.lower() for place in self.public.places}
        if name == "aria-label":
            return not re.search(r"\d", value) or node.tag == "svg"
        return name in _FREE or (node.tag == "meta" and name in ("name", "http-equiv"))

    def _is_file(self, link: str) -> bool:
        return not link.startswith(("http", "/", "data:")) and (self.public.folder / link).is_file()


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
