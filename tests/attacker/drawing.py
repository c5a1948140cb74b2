"""An SVG as what stands where: texts, marks and lines with their places in pixels, the axis, and how each looks."""

import re
from dataclasses import dataclass, field
from xml.etree import ElementTree

_MOVE = re.compile(r"translate\(([-\d.e]+),([-\d.e]+)\)")
_AXIS = "role-axis"


@dataclass(frozen=True)
class Mark:
    """One text, point or line; `tail` is the other end of a line, `look` its attributes but for where it is."""

    kind: str
    x: float
    y: float
    text: str = ""
    tail: tuple[float, float] = (0.0, 0.0)
    look: tuple[tuple[str, str], ...] = ()
    said: tuple[str, ...] = ()  # texts that hang on it: titles, labels, data attributes


@dataclass
class Drawing:
    """All marks of a chart, the labels of its axis, and attributes of the chart as a whole."""

    marks: list[Mark] = field(default_factory=list)
    axis: list[Mark] = field(default_factory=list)
    label: str = ""
    title: str = ""
    spoken: list[str] = field(default_factory=list)  # labels of groups of marks
    others: list[str] = field(default_factory=list)  # elements that no chart of ours has

    def texts(self) -> list[Mark]:
        """The texts among the marks."""
        return [mark for mark in self.marks if mark.kind == "text"]


_PLACE = ("transform", "x2", "y2", "d")
_LOOKS = (
    "fill", "stroke", "opacity", "stroke-width", "stroke-dasharray", "font-family", "font-size", "font-weight",
    "text-anchor", "fill-opacity", "stroke-opacity", "stroke-linejoin", "stroke-join", "stroke-miterlimit",
)  # fmt: skip
_FRAME = ("class", "role", "aria-hidden", "aria-roledescription", "pointer-events", "display")
_ROOT = ("version", "class", "width", "height", "viewBox", "data-sendlab", "role", "aria-label", "xmlns")


def read_svg(text: str) -> Drawing:
    """The drawing of an SVG text."""
    root = ElementTree.fromstring(text[text.index("<svg") :])
    drawing = Drawing(label=root.get("aria-label", ""))
    drawing.others += [f"attribute {name}" for name in root.attrib if name not in _ROOT]
    for child in root:
        if _tag(child) == "title":
            drawing.title = child.text or ""
        else:
            _walk(child, 0.0, 0.0, False, drawing, top=True)
    return drawing


def _walk(node: ElementTree.Element, x: float, y: float, axis: bool, drawing: Drawing, *, top: bool = False) -> None:
    tag = _tag(node)
    if move := _MOVE.fullmatch(node.get("transform", "")):
        x, y = x + float(move.group(1)), y + float(move.group(2))
    if tag in ("g", "defs", "clipPath"):
        known = (*_PLACE, *_FRAME, *_LOOKS, "id", "aria-label")
        drawing.others += [f"attribute {name}" for name in node.attrib if name not in known]
        drawing.spoken += [node.attrib["aria-label"]] if "aria-label" in node.attrib else []
        if top:  # the frame moves everything alike: places are told from its corner
            x = y = 0.0
        label = axis or _AXIS in node.get("class", "")
        for child in node:
            _walk(child, x, y, label, drawing)
    elif tag in ("text", "path", "line"):
        (drawing.axis if axis else drawing.marks).append(_mark(node, tag, x, y))
    elif tag != "rect":
        drawing.others.append(f"element {tag}")


def _mark(node: ElementTree.Element, tag: str, x: float, y: float) -> Mark:
    tail = (x + float(node.get("x2", 0)), y + float(node.get("y2", 0)))
    look = tuple(sorted((name, value) for name, value in node.attrib.items() if name in _LOOKS))
    known = (*_PLACE, *_LOOKS, *_FRAME)
    said = [value for name, value in node.attrib.items() if name not in known]
    said += ["".join(child.itertext()) for child in node if _tag(child) in ("title", "desc")]
    own = "".join(node.itertext()) if tag == "text" and not len(node) else (node.text or "")
    return Mark(tag, x, y, own.replace("\u00a0", " "), tail, look, tuple(said))


def _tag(node: ElementTree.Element) -> str:
    return str(node.tag).rpartition("}")[2]
