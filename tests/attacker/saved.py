"""The CSV that a page holds for saving: decoded, made into tables again, and read like those that the page shows."""

import base64
import binascii
import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from attacker.page import Node

_LINK = re.compile(r"data:text/csv;base64,([A-Za-z0-9+/]*={0,2})")
_HEAD = ["table", "row", "column", "shown"]
_MARK = "\ufeff"  # tells a spreadsheet how the text is written


@dataclass(frozen=True)
class Saved:
    """The tables of a CSV, and what is odd about it."""

    tables: tuple[Node, ...]
    odd: tuple[str, ...]


def read_saved(link: str) -> Saved:
    """All that a link to a CSV within the page holds."""
    found = _LINK.fullmatch(link)
    try:
        text = base64.b64decode(found.group(1), validate=True).decode("utf-8") if found else ""
        lines = list(csv.reader(io.StringIO(text.removeprefix(_MARK), newline=""), strict=True))
    except (binascii.Error, UnicodeDecodeError, csv.Error):
        return Saved((), ("a CSV that cannot be read",))
    if not lines or lines[0] != _HEAD or any(len(line) != len(_HEAD) for line in lines):
        return Saved((), ("a CSV of another form than ours", *_numbers(lines)))
    odd = [] if text.startswith(_MARK) and _written(lines) == text[1:] else ["a CSV written in another way than ours"]
    tables = groupby(lines[1:], lambda line: line[0])
    return Saved(tuple(_table(caption, [line[1:] for line in cells]) for caption, cells in tables), tuple(odd))


def _numbers(lines: list[list[str]]) -> Iterator[str]:
    if any(re.search(r"\d", text) for line in lines for text in line):
        yield "numbers in a CSV of another form"


def _written(lines: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(lines)
    return text.getvalue()


def _table(caption: str, cells: Sequence[list[str]]) -> Node:
    """A table as a page would hold it; the heading of its first column is not in the CSV."""
    columns = _columns(cells)
    size = len(columns)
    rows = [cells[start : start + size] for start in range(0, len(cells), size)]
    head = Node("tr", {}, [Node("th", {}, [name]) for name in ("", *columns)])
    lines = [Node("tr", {}, [Node("th", {}, [_plain(row[0][0])]), *_cells(row, columns)]) for row in rows]
    return Node("table", {}, [Node("caption", {}, [_plain(caption)]), head, *lines])


def _columns(cells: Sequence[list[str]]) -> list[str]:
    """The columns of the first row; where one comes again the next row has begun."""
    columns: list[str] = []
    for row, column, _ in cells:
        if column in columns or row != cells[0][0]:
            break
        columns.append(column)
    return columns


def _cells(row: Sequence[list[str]], columns: Sequence[str]) -> Iterator[Node]:
    """The cells of a row; one that stands elsewhere than its column is read under the heading that it names."""
    for name, (label, column, shown) in zip(columns, row, strict=False):
        fits = name == column and label == row[0][0]
        yield Node("td", {}, [_plain(shown) if fits else f"{label}, {column}: {shown}"])


def _plain(text: str) -> str:
    """Without the apostrophe that keeps a spreadsheet from taking a text for a formula."""
    return text[1:] if re.match(r"'\s*[=+\-@\t\r\n]", text) else text


def cells_of(table: Node) -> list[list[str]]:
    """Caption, then the texts of all cells row by row but for the heading of the first column."""
    captions = [node.text.strip() for node in table.all("caption")]
    rows = [[cell.text.strip() for cell in row.all("th", "td")] for row in table.all("tr")]
    return [captions, *([row[1:] if place == 0 else row for place, row in enumerate(rows)])]
