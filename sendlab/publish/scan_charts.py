"""Marks of our charts turned back into figures by the chart's own axis: none may be finer than the figures in words.

Symbols and intervals are read; lines between them, gridlines and texts follow from those. Benchmarks (hollow symbols)
stand as they were published and are left out.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

MARK_TOO_FINE = "a mark at a place finer than the figures in words"
_PUBLISHED = 'data-sendlab="published"'
_GROUP = re.compile(r'<g class="mark-(symbol|rule|text) role-(mark|axis-label)[^>]*>(.*?)</g>', re.DOTALL)
_AT = re.compile(r"<(path|line|text)\b([^>]*)>([^<]*)")
_PLACE = re.compile(r'transform="translate\((-?[\d.e-]+),(-?[\d.e-]+)\)"')
_NUMBER = re.compile(r"[+−-]?[\d,]*\.?\d+%?")
_FIGURE = re.compile(r"(?<![\d.])\d+\.(\d+)(?=%|\s|$|\)|,|\.(?!\d)|;)")
_KEY = 20  # pixels: the key stands above all figures
_HOLLOW = 'fill="#FFFFFF"'
_CLOSE = 1e-4  # of the last place: what arithmetic on pixels loses is a millionth of that


class Mark(NamedTuple):
    """One element of a drawing: its place, its attributes and its words."""

    x: float
    y: float
    look: str
    words: str

    def size(self, name: str) -> float:
        """A number among its attributes, 0 where it is not there."""
        found = re.search(rf'\b{name}="(-?[\d.e-]+)"', self.look)
        return float(found.group(1)) if found else 0.0


class Axis(NamedTuple):
    """Two places in pixels with their values."""

    across: bool
    one: tuple[float, float]
    two: tuple[float, float]

    def value(self, place: float) -> float:
        """The figure at a place."""
        (at, value), (end, last) = self.one, self.two
        return value + (place - at) * (last - value) / (end - at)


def marks_too_fine(svg: str, place: str) -> Iterator[tuple[str, str]]:
    """(place, kind) where symbols or intervals of one of our charts of published figures stand between its figures.

    A figure has as many decimal places as the finest one in words, and at least one is granted. A chart without an axis
    shows no figure.
    """
    if _PUBLISHED not in svg[: svg.find(">")]:
        return
    marks = _marks(svg)
    if (axis := _axis(marks)) is None:
        return
    words = svg[: svg.find(">")] + " ".join(mark.words + " " for mark in marks["text", "mark"])
    step = 10.0 ** -max([1, *(len(found) for found in _FIGURE.findall(words))])
    figures = [axis.value(at) / step for at in _places(marks, axis.across)]
    if any(abs(figure - round(figure)) > _CLOSE for figure in figures):
        yield place, MARK_TOO_FINE


def _marks(svg: str) -> dict[tuple[str, str], list[Mark]]:
    found: dict[tuple[str, str], list[Mark]] = {(kind, "mark"): [] for kind in ("symbol", "rule", "text")}
    for kind, role, inside in _GROUP.findall(svg):
        for _, look, words in _AT.findall(inside):
            if at := _PLACE.search(look):
                found.setdefault((kind, role), []).append(Mark(float(at.group(1)), float(at.group(2)), look, words))
    return found


def _axis(marks: dict[tuple[str, str], list[Mark]]) -> Axis | None:
    """The axis across the chart, else that of the light lines across with their figures at the left."""
    labels = sorted((mark.x, _read(mark.words)) for mark in marks.get(("text", "axis-label"), ()))
    if len(labels) > 1:
        return Axis(True, labels[0], labels[-1])
    lines = [mark for mark in marks["rule", "mark"] if mark.y > _KEY and mark.size("y2") == 0 and mark.size("x2") > 0]
    left = min((mark.x for mark in lines), default=0.0)
    ticks = [
        m for m in marks["text", "mark"] if m.x < left and 'text-anchor="end"' in m.look and _NUMBER.fullmatch(m.words)
    ]
    values, places = sorted(_read(m.words) for m in ticks), sorted({m.y for m in lines if m.x == left}, reverse=True)
    if len(values) != len(places) or len(values) < 2:
        return None
    return Axis(False, (places[0], values[0]), (places[-1], values[-1]))


def _read(words: str) -> float:
    """The number of a label of an axis.

    >>> _read("−1,000%"), _read("+2.5")
    (-1000.0, 2.5)
    """
    return float(words.replace("−", "-").replace(",", "").rstrip("%"))


def _places(marks: dict[tuple[str, str], list[Mark]], across: bool) -> Iterator[float]:
    """Pixels along the axis of every symbol and of both ends of every interval."""
    for mark in marks["symbol", "mark"]:
        if mark.y > _KEY and _HOLLOW not in mark.look:
            yield mark.x if across else mark.y
    along, beside = ("x2", "y2") if across else ("y2", "x2")
    for mark in marks["rule", "mark"]:
        if mark.y > _KEY and mark.size(beside) == 0 and mark.size(along) != 0:
            start = mark.x if across else mark.y
            yield from (start, start + mark.size(along))
