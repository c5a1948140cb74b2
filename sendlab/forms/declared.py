"""A form for any declared table: its columns as headings, each box with what may stand in it."""

from pathlib import Path

from sendlab.codes import read_codes
from sendlab.forms.book import new_book, rule_of
from sendlab.schema.tables import TABLES, Column

ROWS = 500  # empty rows with rules; more can be written below them
SHEET_NAME = 31  # characters that a sheet's name may have


def write_declared_form(path: Path, table: str, *, school_id: str = "") -> Path:
    """One sheet with the columns of a declared table, ready to be filled in, and read back by ingest as it is.

    Each heading says on hover what belongs below it; a column that must be filled in every row has a star there.
    """
    declared = TABLES[table]
    with new_book(path, title=declared.title) as book:
        sheet = book.sheet(declared.title[:SHEET_NAME], [max(12.0, len(c.name) + 2) for c in declared.columns])
        sheet.head(0, [column.name for column in declared.columns])
        for place, column in enumerate(declared.columns):
            sheet.page.write_comment(0, place, _about(column, school_id), {"x_scale": 2})
            rule = rule_of(column, codes=[line.code for line in read_codes(column.codes)] if column.codes else ())
            if rule:
                sheet.allow(1, ROWS, place, rule)
            if column.kind == "date":
                sheet.page.set_column(place, place, 14, book.formats["day"])
    return path


def _about(column: Column, school_id: str) -> str:
    words = f"{'Must be filled in: ' if column.required else ''}{column.meaning}"
    return f"{words}. This school: {school_id}" if column.name == "school_id" and school_id else words
