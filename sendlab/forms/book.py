"""Workbooks to be filled in: formats, boxes that say what may stand in them, and sheets that keep their words."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import xlsxwriter

from sendlab.schema.tables import Column

CREATED = datetime(2026, 9, 1)  # no clock enters a file: the same form has the same bytes
FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2100, 12, 31)  # as dates are read
LONGEST = 255  # characters that a box's message may have, and its list of words
BOX, HEAD, SOFT = "#FFF9E5", "#12436D", "#505A5F"
BANDS = ((1, 3, "#F8DDD8"), (4, 6, "#FCEFD2"), (7, 10, "#DBECE3"))  # ratings: as in the charts
FORMATS: dict[str, dict[str, Any]] = {
    "title": {"bold": True, "font_size": 16},
    "bold": {"bold": True, "valign": "top"},
    "plain": {"font_color": SOFT},
    "words": {"text_wrap": True, "valign": "top"},
    "soft": {"text_wrap": True, "valign": "top", "font_color": SOFT},
    "head": {"bold": True, "text_wrap": True, "valign": "top", "bg_color": HEAD, "font_color": "#FFFFFF", "border": 1},
    "section": {"bold": True, "font_size": 12, "top": 2, "valign": "vcenter"},
    "cell": {"text_wrap": True, "valign": "vcenter", "border": 1, "border_color": "#BFBFBF"},
    "figure": {"valign": "vcenter", "align": "center", "border": 1, "border_color": "#BFBFBF", "num_format": "General"},
    "told": {"valign": "vcenter", "border": 1, "border_color": "#BFBFBF", "num_format": "dd/mm/yyyy", "align": "left"},
    "box": {"bg_color": BOX, "border": 1, "locked": False, "valign": "vcenter", "text_wrap": True},
    "mark": {"bg_color": BOX, "border": 1, "locked": False, "valign": "vcenter", "align": "center"},
    "day": {
        "bg_color": BOX,
        "border": 1,
        "locked": False,
        "valign": "vcenter",
        "num_format": "dd/mm/yyyy",
        "align": "left",
    },
}


class Book:
    """A workbook being written, with its formats by name."""

    def __init__(self, book: Any) -> None:
        self.book = book
        self.formats = {name: book.add_format(given) for name, given in FORMATS.items()}

    def sheet(self, name: str, widths: Sequence[float]) -> "Sheet":
        """A new sheet with columns of these widths, on paper landscape and one page wide."""
        page = self.book.add_worksheet(name)
        for place, width in enumerate(widths):
            page.set_column(place, place, width)
        page.set_landscape()
        page.set_paper(9)
        page.fit_to_pages(1, 0)
        return Sheet(page, self.formats)


class Sheet:
    """One sheet: cells by row and column, from 0."""

    def __init__(self, page: Any, formats: dict[str, Any]) -> None:
        self.page, self.formats = page, formats

    def write(self, row: int, column: int, value: Any, look: str = "words") -> None:
        """A cell: text always as text, numbers and dates as they are, nothing as an empty box."""
        form = self.formats[look]
        if value is None:
            self.page.write_blank(row, column, None, form)
        elif isinstance(value, bool):
            self.page.write_string(row, column, "yes" if value else "no", form)
        elif isinstance(value, date):
            self.page.write_datetime(row, column, datetime(value.year, value.month, value.day), form)
        elif isinstance(value, int | float):
            self.page.write_number(row, column, value, form)
        else:
            self.page.write_string(row, column, str(value), form)

    def head(self, row: int, headings: Sequence[str]) -> None:
        """Headings, which stay in sight and are repeated on paper."""
        for place, text in enumerate(headings):
            self.write(row, place, text, "head")
        self.page.freeze_panes(row + 1, 0)
        self.page.repeat_rows(row)

    def allow(self, first: int, last: int, place: int, rule: dict[str, Any]) -> None:
        """What may stand in the boxes of a column, from one row to another; anything else is refused with its words."""
        self.page.data_validation(first, place, last, place, rule)

    def keep_words(self) -> None:
        """Only boxes can be written in. There is no password: whoever must can lift it."""
        self.page.protect("", {"format_columns": True, "format_rows": True, "sort": True, "autofilter": True})


@contextmanager
def new_book(path: Path, *, title: str) -> Iterator[Book]:
    """A workbook with a title; no text becomes a formula, a link or a number."""
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        book.set_properties({"title": title, "created": CREATED})
        yield Book(book)


def rule_of(column: Column, *, codes: Sequence[str] = ()) -> dict[str, Any] | None:
    """The rule of a box, from the declaration of its column; None where any text may stand there."""
    words = column.meaning[:1].upper() + column.meaning[1:]
    rule = _kind_of(column, codes)
    if rule is None:
        return None
    return {
        **rule, "ignore_blank": True, "input_title": _title(column.name), "input_message": words[:LONGEST],
        "error_title": "This cannot stand here", "error_message": _wanted(column, codes)[:LONGEST],
    }  # fmt: skip


def _kind_of(column: Column, codes: Sequence[str]) -> dict[str, Any] | None:
    words = list(column.allowed or codes)
    if words and len(",".join(words)) <= LONGEST:
        return {"validate": "list", "source": words}
    match column.kind:
        case "flag":
            return {"validate": "list", "source": ["yes", "no"]}
        case "date":
            return {"validate": "date", "criteria": "between", "minimum": FIRST_DAY, "maximum": LAST_DAY}
        case "integer" | "number" if column.minimum is not None or column.maximum is not None:
            kind = "integer" if column.kind == "integer" else "decimal"
            return {"validate": kind, **_between(column.minimum, column.maximum)}
    return None


def _between(low: float | None, high: float | None) -> dict[str, Any]:
    if low is not None and high is not None:
        return {"criteria": "between", "minimum": low, "maximum": high}
    return {"criteria": ">=", "value": low} if low is not None else {"criteria": "<=", "value": high}


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()[:32]


def _wanted(column: Column, codes: Sequence[str]) -> str:
    if column.allowed or codes:
        return f"Choose one of: {', '.join(column.allowed or codes)}"
    if column.kind == "date":
        return "Write a day such as 16/10/2026."
    low, high = ("any" if limit is None else f"{limit:g}" for limit in (column.minimum, column.maximum))
    return "Write yes or no." if column.kind == "flag" else f"Write a number: {low} to {high}."
