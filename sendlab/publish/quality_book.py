"""The data-quality report as a workbook: one table a sheet, every line of it, text always as text."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sendlab.publish.cells import neutral

HEADING_ROW = 3  # below title and one line of explanation, and an empty one


class Sheet(NamedTuple):
    """One sheet: its name, what it is, and (key of a line, heading, width) of each column."""

    name: str
    about: str
    columns: tuple[tuple[str, str, int], ...]


FAULTS = Sheet(
    "To put right",
    "Worst first. Errors: the row is left out. Warnings and queries: the row counts. Rows are lines, the header is 1.",
    (
        ("severity", "Severity", 11), ("remedy", "What to do", 46), ("message", "What is wrong", 46),
        ("file", "File", 34), ("sheet", "Sheet", 16), ("column", "Column", 20), ("rows", "Rows", 34),
        ("count", "Faults", 10), ("schools", "Schools", 10), ("table", "Table", 18), ("rule", "Rule", 26),
    ),
)  # fmt: skip
NOT_RUN = Sheet(
    "Not checked",
    "Rules that could not run. They are not passed: what they look for may be there.",
    (("file", "File", 34), ("sheet", "Sheet", 16), ("column", "Column", 22), ("rule", "Rule", 28), ("why", "Why", 60)),
)
FILES = Sheet(
    "Files",
    "Whole files, with the rows of all schools in them. Rows read = rows loaded + rows left out.",
    (
        ("file", "File", 40), ("sheet", "Sheet", 16), ("format", "Format", 28), ("table", "Table", 18),
        ("read", "Rows read", 12), ("loaded", "Rows loaded", 12), ("quarantined", "Rows left out", 13),
        ("known_from", "Period known from", 20),
    ),
)  # fmt: skip
SCHOOLS = Sheet(
    "Schools",
    "Faults by school, most errors first. 'No school named': of whole files, or of rows without a known school.",
    (("school_id", "School", 14), ("school_name", "Name", 44), ("error", "Errors", 10), ("warning", "Warnings", 10),
     ("query", "Queries", 10)),
)  # fmt: skip


def write_book(path: Path, told: Any, handling: str) -> None:
    """Write what a report tells (`quality.Told`) as XLSX."""
    import xlsxwriter

    # No text becomes a formula, a link or a number; `neutral` keeps that so when the sheet is saved as CSV.
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        bold, wrapped = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
        _about(book.add_worksheet("About"), told, handling, bold)
        faults = FAULTS if not told.is_school else FAULTS._replace(columns=_without(FAULTS.columns, "schools"))
        for sheet, lines in (
            (faults, told.lines),
            (SCHOOLS, told.schools),
            (NOT_RUN, told.not_run),
            (FILES, told.files),
        ):
            if sheet is not SCHOOLS or not told.is_school:
                _table(book.add_worksheet(sheet.name), sheet, lines, bold, wrapped)
        book.set_properties({"title": f"Data quality: {told.place}", "comments": handling})


def _without(columns: Iterable[tuple[str, str, int]], key: str) -> tuple[tuple[str, str, int], ...]:
    return tuple(column for column in columns if column[0] != key)


def _about(sheet: Any, told: Any, handling: str, bold: Any) -> None:
    lines = [
        f"Data quality: {told.place}", handling, f"Made on {told.made} from the last ingest.",
        f"Faults: {told.faults('error'):,} errors, {told.faults('warning'):,} warnings, "
        f"{told.faults('query'):,} queries.",
        *(f"Not read at all: {' '.join(text.split())}" for text in told.unread),
    ]  # fmt: skip
    sheet.set_column(0, 0, 110)
    for number, text in enumerate(lines):
        sheet.write_string(number, 0, neutral(text), bold if number == 0 else None)


def _table(page: Any, sheet: Sheet, lines: Sequence[dict[str, Any]], bold: Any, wrapped: Any) -> None:
    """A native table with frozen headings; on paper landscape, one page wide."""
    page.write_string(0, 0, sheet.name, bold)
    page.write_string(1, 0, sheet.about if lines else "There is nothing to tell here.")
    for number, (_, _, width) in enumerate(sheet.columns):
        page.set_column(number, number, width)
    if lines:
        data = [[_cell(line.get(key)) for key, _, _ in sheet.columns] for line in lines]
        headings = [{"header": heading, "format": wrapped} for _, heading, _ in sheet.columns]
        page.add_table(
            HEADING_ROW, 0, HEADING_ROW + len(data), len(headings) - 1,
            {"data": data, "columns": headings, "name": sheet.name.replace(" ", "_"), "style": "Table Style Light 1"},
        )  # fmt: skip
        page.freeze_panes(HEADING_ROW + 1, 1)
        page.repeat_rows(HEADING_ROW)
    page.set_landscape()
    page.fit_to_pages(1, 0)


def _cell(value: Any) -> str | int:
    return value if isinstance(value, int) else neutral(str(value or ""))
