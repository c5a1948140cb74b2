"""Figures in tables of measure rows, finer than they may be shown: a workbook, open data, Parquet, CSV."""

import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache
from html import unescape
from io import BytesIO
from typing import Any

from sendlab.metrics.cards import Card, cards
from sendlab.narrate import decimals_of
from sendlab.publish.open_data_layout import figure_columns
from sendlab.publish.sheet import BASES
from sendlab.schema import own

TOO_FINE = "a figure finer than it may be shown"
# What the columns are called in files of measure rows, and in the workbook.
NAMES = {
    "measure": ("measure", "Measure"),
    "level": ("geographic_level", "Level"),
    "comparator": ("comparator", "Compared with"),
    "base": ("base_subjects", *BASES),
}
FIGURES = ("value", "lower", "upper", "Value", "Lower limit", "Upper limit")
_NO_COMPARISON = ("", "Figure, no comparison")
_CELL = re.compile(r'<c r="([A-Z]+)\d+"([^>]*?)(?:/>|>(.*?)</c>)', re.DOTALL)
_TEXT = re.compile(r"<t\b[^>]*>([^<]*)</t>")
_LINE = re.compile(r"<row\b.*?</row>", re.DOTALL)


def too_fine(rows: Iterable[Mapping[str, Any]]) -> Iterator[tuple[int, str]]:
    """(number of the row from 1, column) of figures with more decimal places than their card and base allow.

    Benchmarks are left out: they stand as they were published. A gap is rounded to its coarser side and never finer
    than the card.

    >>> list(too_fine([{"measure": "persistent_absence", "base_subjects": 40, "value": 12.5, "comparator": ""}]))
    [(1, 'value')]
    """
    for number, row in enumerate(rows, 1):
        about = _card(str(_of(row, "measure")))
        if about is None or _of(row, "level") == "National":
            continue
        gap = str(_of(row, "comparator") or "") not in _NO_COMPARISON
        base = _number(_of(row, "base"))
        places = about.decimals if gap or base is None else decimals_of(about, int(base))
        for name in FIGURES:
            figure = _number(row.get(name))
            if figure is not None and _places(figure) > places:
                yield number, name


def too_fine_in_columns(rows: Iterable[Mapping[str, Any]]) -> Iterator[tuple[int, str]]:
    """As `too_fine`, of open data, where each measure has its columns.

    >>> list(too_fine_in_columns([{"persistent_absence": "12.5", "persistent_absence_base": "40"}]))
    [(1, 'persistent_absence')]
    """
    columns: list[tuple[str, str, str, bool]] = []
    for number, row in enumerate(rows, 1):
        columns = columns or figure_columns(list(row))
        if row.get("geographic_level") == "National":
            continue
        for name, measure, base, gap in columns:
            figure, about, people = _number(row[name]), cards()[measure], _number(row.get(base))
            places = about.decimals if gap or people is None else decimals_of(about, int(people))
            if figure is not None and _places(figure) > places:
                yield number, name


def _of(row: Mapping[str, Any], what: str) -> Any:
    return next((row[name] for name in NAMES[what] if name in row), None)


@own.of_workspace
@cache
def _card(name: str) -> Card | None:
    return cards().get(name) or next((card for card in cards().values() if card.title == name), None)


def _number(value: Any) -> float | None:
    try:
        return None if value is None or isinstance(value, bool) else float(value)
    except (TypeError, ValueError):  # a mark stands in place of a number
        return None


def _places(figure: float) -> int:
    """Decimal places of the shortest text that gives the number back.

    >>> _places(12.0), _places(12.3), _places(12.345)
    (0, 1, 3)
    """
    exponent = Decimal(repr(figure)).normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def sheets(data: bytes) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """(part, rows) of each sheet of a workbook that holds measure rows: headings in words, numbers as they are."""
    with zipfile.ZipFile(BytesIO(data)) as package:
        for name, lines in sheet_lines(package):
            if found := _measure_rows(lines):
                yield name, found


def sheet_lines(package: zipfile.ZipFile) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """(part, rows as {letters of the column: text or number}) of each sheet of an open workbook."""
    names = package.namelist()
    shared = package.read("xl/sharedStrings.xml").decode("utf-8") if "xl/sharedStrings.xml" in names else ""
    texts = ["".join(_TEXT.findall(part)) for part in re.findall(r"<si/>|<si>.*?</si>", shared, re.DOTALL)]
    for name in sorted(names):
        if re.fullmatch(r"xl/worksheets/sheet\d+\.xml", name):
            yield name, [_cells(line, texts) for line in _LINE.findall(package.read(name).decode("utf-8"))]


def _cells(line: str, texts: Sequence[str]) -> dict[str, Any]:
    """{letters of the column: text or number} of a row of a sheet."""
    found: dict[str, Any] = {}
    for column, look, inside in _CELL.findall(line):
        if (value := re.search(r"<v>([^<]*)</v>", inside)) is not None:
            found[column] = unescape(texts[int(value.group(1))]) if 't="s"' in look else value.group(1)
        elif (inline := _TEXT.search(inside)) is not None:
            found[column] = unescape(inline.group(1))
    return found


def _measure_rows(lines: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows below the headings, by heading; none where the sheet holds no measure rows."""
    for number, line in enumerate(lines):
        if {"Measure", "Level", "Value"} <= set(line.values()):
            return [
                {line[column]: value for column, value in row.items() if column in line} for row in lines[number + 1 :]
            ]
    return []
