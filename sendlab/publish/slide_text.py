"""Text fitted to a box by rule: widths of letters from a table, lines broken at blanks, the largest size that fits."""

from collections.abc import Sequence
from typing import NamedTuple

LINE = 1.2  # height of a line of text, in its size
BETWEEN = 0.45  # of a line, between two paragraphs
_BOLD = 1.09  # bold letters are wider by less than this
_SAFE = 0.97  # of a box's width: programs set text a little wider or narrower
# Widths of Arial's letters (Liberation Sans has the same), in thousandths of the size.
_WIDTHS = {
    **dict.fromkeys("abdeghnopqu0123456789L$£_#?", 556), **dict.fromkeys("cksvxyzJ", 500),
    **dict.fromkeys("ijl|’‘", 222),
    **dict.fromkeys("ft .,:;/\\![]I·", 278), **dict.fromkeys("r()-•`“”", 333), **dict.fromkeys("CDHNRUw", 722),
    **dict.fromkeys("ABEKPSVXY&", 667), **dict.fromkeys("FTZ", 611), **dict.fromkeys("GOQ", 778),
    **dict.fromkeys("+<>=~−±", 584), "m": 833, "M": 833, "W": 944, "%": 889, "@": 1015, "—": 1000, "–": 556, "'": 191,
    '"': 355, "*": 389, "\u00a0": 278,
}  # fmt: skip
_OTHER = 1000  # any other letter: as wide as they come


class Box(NamedTuple):
    """A place on a slide, in inches."""

    left: float
    top: float
    width: float
    height: float


def width_of(text: str, size: float, *, bold: bool = False) -> float:
    """How wide a line of text is, in points.

    >>> width_of("ab", 10), round(width_of("ab", 10, bold=True), 2)
    (11.12, 12.12)
    """
    return sum(_WIDTHS.get(letter, _OTHER) for letter in text) * size / 1000 * (_BOLD if bold else 1)


def lines_of(text: str, size: float, inches: float, *, bold: bool = False) -> int:
    """How many lines a paragraph takes in a box of this width; a word wider than the box is broken.

    >>> lines_of("one two three", 12, 1.0), lines_of("one two three", 12, 0.5), lines_of("", 12, 1)
    (2, 3, 1)
    """
    room = inches * 72 * _SAFE
    lines, used, blank = 1, 0.0, width_of(" ", size, bold=bold)
    for word in text.split():
        wide = width_of(word, size, bold=bold)
        if used and used + blank + wide > room:
            lines, used = lines + 1, 0.0
        while wide > room:
            lines, wide = lines + 1, wide - room
        used += wide + (blank if used else 0)
    return lines


def height_of(paragraphs: Sequence[str], size: float, inches: float, *, bold: bool = False) -> float:
    """How high paragraphs are in a box of this width, in inches."""
    lines = sum(lines_of(text, size, inches, bold=bold) for text in paragraphs)
    return (lines * LINE + max(len(paragraphs) - 1, 0) * BETWEEN * LINE) * size / 72


def fitting(paragraphs: Sequence[str], box: Box, sizes: Sequence[int], *, bold: bool = False) -> int:
    """The largest of these sizes at which the paragraphs fit into the box; 0 where none does."""
    fits = (size for size in sizes if height_of(paragraphs, size, box.width, bold=bold) <= box.height)
    return next(fits, 0)


def shortened(text: str, box: Box, size: int, *, bold: bool = False) -> str:
    """A text cut at the end of a word so that it fits; the whole of it stands in the notes."""
    words = text.split()
    while len(words) > 1 and height_of([" ".join(words) + " …"], size, box.width, bold=bold) > box.height:
        words.pop()
    cut = " ".join(words)
    return text if cut == " ".join(text.split()) else f"{cut} …"


def pages(paragraphs: Sequence[str], box: Box, size: int) -> list[list[str]]:
    """Paragraphs over as many boxes as they need; one that fits into none by itself is shortened."""
    found: list[list[str]] = [[]]
    for text in paragraphs:
        if found[-1] and height_of([*found[-1], text], size, box.width) > box.height:
            found.append([])
        found[-1].append(shortened(text, box, size) if height_of([text], size, box.width) > box.height else text)
    return found
