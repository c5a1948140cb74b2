"""An HTML page as a tree: elements with their attributes, children and text, comments included."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = ("meta", "br", "input", "link", "hr", "img", "col", "wbr", "base")
COMMENT = "#comment"
LINES = ("br", "td", "th", "p", "li", "h1", "h2", "h3", "div", "tr", "summary", "ol", "ul")


@dataclass
class Node:
    """One element; a text between elements is a string among the children."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list["Node | str"] = field(default_factory=list)

    def walk(self) -> Iterator["Node"]:
        """This element and all within it, in the order of the page."""
        yield self
        for child in self.children:
            if isinstance(child, Node):
                yield from child.walk()

    def all(self, *tags: str) -> list["Node"]:
        """All elements of these tags within this one."""
        return [node for node in self.walk() if node.tag in tags]

    @property
    def text(self) -> str:
        """What a reader sees of it; a line break is a new line.

        >>> parse("<p>One<br>two <b>three</b></p>").text.split()
        ['One', 'two', 'three']
        """
        parts = []
        for child in self.children:
            if isinstance(child, str):
                parts.append(child)
            elif child.tag != COMMENT:
                parts.append(("\n" if child.tag in LINES else "") + child.text)
        return "".join(parts)


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("#page")
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(node)
        if tag not in VOID:
            self.open.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Node(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        places = [place for place, node in enumerate(self.open) if node.tag == tag]
        if places and places[-1] > 0:
            del self.open[places[-1] :]

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)

    def handle_comment(self, data: str) -> None:
        self.open[-1].children.append(Node(COMMENT, {}, [data]))


def parse(html: str) -> Node:
    """A page or a part of one as a tree."""
    builder = _Builder()
    builder.feed(html)
    builder.close()
    return builder.root
