"""XLSX workbooks, every sheet as text: cells as Excel holds them, in Excel's row numbers, the header found."""

import io
import re
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fastexcel
import polars as pl

from sendlab.errors import DataProblem
from sendlab.schema.problems import Severity, file_problem, join_problems
from sendlab.sources.header import Row, column_names, header_row, is_headerless, is_name, kind, numbered, one_line
from sendlab.sources.limits import check_columns, file_bytes, unreadable
from sendlab.sources.text import LINE, SAMPLE, TextTable, drop_blanks, no_header
from sendlab.sources.xlsx_package import PACKAGE_FAULTS, check_package

MERGED_ROWS = 3  # rows that a header may be spread over
HALF_DAY = re.compile("am|pm|morning|afternoon", re.IGNORECASE)
OLE = b"\xd0\xcf\x11\xe0"  # first bytes of an .xls workbook, and of any workbook with a password
ERRORS = {
    "NA": "#N/A", "Ref": "#REF!", "Div0": "#DIV/0!", "Name": "#NAME?", "Null": "#NULL!", "Num": "#NUM!",
    "Value": "#VALUE!", "GettingData": "#GETTING_DATA",
}  # fmt: skip
# What fastexcel makes of numbers, dates, times and TRUE/FALSE when it is asked for text
ROUNDED = r"^-?\d+\.\d{9}$"
MIDNIGHT, TIME_ONLY = r"^(\d{4}-\d\d-\d\d) 00:00:00$", r"^1899-12-31 (\d\d:\d\d:\d\d)$"
# rule -> severity, message, remedy
TOLD: dict[str, tuple[Severity, str, str]] = {
    "hidden_sheet": ("query", "the sheet is hidden, and was read like any other", "delete it if it is not to count"),
    "cell_error": ("warning", "cells hold an error of Excel's instead of a value", "mend the formulas"),
    "repeated_column": ("query", "columns have a name that stood before: numbered (2), (3)", "give each its own name"),
    "notes_below": ("query", "rows of one cell, apart from the table, were taken for notes", "move notes to a sheet"),
}


def read_workbook(path: Path, *, source: str = "") -> list[TextTable]:
    """Each sheet that holds something, as a table; hidden ones too, with a query.

    Whole numbers have no ".0", dates are ISO (with a time only where it is not midnight), errors stay as text.
    A header may run over up to three rows; titles above it are passed over, notes apart from the table are counted.
    Errors: DataProblem where it is no .xlsx workbook, has a password, is damaged, hostile or too large.
    """
    reader = _open(path)
    with _guard(path):
        read = [(name, *_cells(reader, place)) for place, name in enumerate(reader.sheet_names)]
    grids = ((name, drop_blanks(cells), counts) for name, cells, counts in read)
    return [_table(path, source, name, grid, counts) for name, grid, counts in grids if grid.height]


def read_grid(path: Path, sheet: str) -> list[list[str | None]]:
    """All rows of one sheet as they stand, row 1 first: for sheets on which several tables are stacked."""
    reader = _open(path)
    if sheet not in reader.sheet_names:
        raise DataProblem(path.name, ["there is no sheet of that name"], next_step="look at the names of its sheets")
    with _guard(path):
        cells, _ = _cells(reader, reader.sheet_names.index(sheet))
    return [list(row) for row in cells.drop(LINE).iter_rows()]


def sheet_names(path: Path) -> list[str]:
    """Names of all sheets, in order."""
    return list(_open(path).sheet_names)


def _open(path: Path) -> fastexcel.ExcelReader:
    data = file_bytes(path, unpack=False)
    if data.startswith(OLE):
        raise DataProblem(
            path.name, ["it is an old .xls workbook, or one with a password"],
            next_step="open it in Excel and save it as .xlsx without a password",
        )  # fmt: skip
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            check_package(path.name, package, len(data))
    except PACKAGE_FAULTS as fault:
        raise unreadable(path.name, fault) from None
    with _guard(path):
        return fastexcel.read_excel(data)


@contextmanager
def _guard(path: Path) -> Iterator[None]:
    """fastexcel's errors may quote cells, and a panic of its Rust code is no ordinary exception."""
    try:
        yield
    except fastexcel.FastExcelError as fault:
        raise unreadable(path.name, fault) from None
    except BaseException as fault:
        if type(fault).__name__ != "PanicException":
            raise
        raise unreadable(path.name, fault) from None


# --- one sheet ---


def _cells(reader: fastexcel.ExcelReader, place: int) -> tuple[pl.DataFrame, dict[str, int]]:
    """The sheet's cells as text, with Excel's row number in front; and what is to be said of it: rule -> count."""
    options: dict[str, Any] = {"header_row": None, "skip_rows": 0}
    sheet = reader.load_sheet(place, **options, dtypes="string")
    batch, found = sheet.to_arrow_with_errors()
    frame, faults = pl.DataFrame(pl.from_arrow(batch)), found.errors if found else []
    rounded = [number for number, column in enumerate(frame) if column.str.contains(ROUNDED).any()]
    if rounded:  # fastexcel rounds numbers in text to nine places
        exact, _ = reader.load_sheet(place, **options, dtypes="float").to_arrow_with_errors()
        frame = _exact(frame, pl.DataFrame(pl.from_arrow(exact)), rounded)
    cells = pl.all().str.replace(MIDNIGHT, "$1").str.replace(TIME_ONLY, "$1").str.strip_chars()
    frame = frame.with_columns(cells.replace({"true": "TRUE", "false": "FALSE", "": None}))
    wrong: dict[int, dict[int, str]] = defaultdict(dict)
    for fault in faults:
        row, column = fault.offset_position
        wrong[column][row] = _error(fault.detail)
    for column, texts in wrong.items():
        frame.replace_column(column, frame.to_series(column).scatter(list(texts), list(texts.values())))
    counts = {"hidden_sheet": int(sheet.visible != "visible"), "cell_error": len(faults)}
    return frame.with_row_index(LINE, offset=1).cast({LINE: pl.Int64}), counts


def _exact(frame: pl.DataFrame, numbers: pl.DataFrame, places: list[int]) -> pl.DataFrame:
    """The columns at these places with the numbers in full that rounding changed."""
    columns = []
    for place in places:
        text, number = frame.to_series(place), numbers.to_series(place)
        changed = (text.cast(pl.Float64, strict=False) != number).fill_null(False)
        columns.append(number.cast(pl.String).zip_with(changed, text).alias(text.name))
    return frame.with_columns(columns)


def _error(detail: str) -> str:
    found = re.search(r"Error\((\w+)\)", detail)
    return ERRORS.get(found[1], "#ERROR") if found else "#ERROR"


def _table(path: Path, source: str, sheet: str, grid: pl.DataFrame, counts: dict[str, int]) -> TextTable:
    """One sheet's rows below its header."""
    file, cells = path.name, grid.drop(LINE)
    check_columns(file, cells.width)
    top = [list(row) for row in cells.head(SAMPLE).iter_rows()]
    at, said = header_row(top), []
    if is_headerless(top[at], top[at + 1 :]):
        names, first_row, line_above = numbered(cells.width), at, 0
        said.append(no_header(file, sheet))
    else:
        first, last = _merged_rows(top, grid[LINE].to_list(), at)
        header = _joined(top[first : last + 1])
        names, first_row = column_names(file, header, reserved=LINE, repeats=True), last + 1
        line_above = grid[LINE][last]
        counts["repeated_column"] = sum(times - 1 for name, times in Counter(header).items() if name)
    body = grid.slice(first_row).rename(dict(zip(cells.columns, names, strict=True)))
    rows, counts["notes_below"] = _without_notes(body, line_above)
    for rule, count in counts.items():
        if count:
            severity, message, remedy = TOLD[rule]
            said.append(file_problem(file=file, sheet=sheet, rule=rule, severity=severity, count=count,
                                     message=message, remedy=remedy))  # fmt: skip
    return TextTable(path, drop_blanks(rows), "xlsx", source, sheet, join_problems(said))


def _without_notes(rows: pl.DataFrame, line_above: int) -> tuple[pl.DataFrame, int]:
    """Without rows of one cell that a blank row parts from what stands above them, and the number of these."""
    filled = pl.sum_horizontal(pl.exclude(LINE).is_not_null())
    if rows.is_empty() or rows.select(filled.median()).item() < 2:
        return rows, 0
    alone, apart = filled == 1, pl.col(LINE) - pl.col(LINE).shift(1, fill_value=line_above) > 1
    runs = rows.select(alone=alone, begins=(alone & apart).cast(pl.Int8), run=(~alone).cum_sum())
    notes = runs.select(note=pl.col("alone") & (pl.col("begins").cum_max().over("run") == 1))["note"]
    return rows.filter(~notes), int(notes.sum())


# --- a header over several rows ---


def _merged_rows(rows: Sequence[Row], lines: list[int], at: int) -> tuple[int, int]:
    """First and last row of a header that is spread over up to three rows, one of which is at `at`."""
    first = last = at
    while first and last - first + 1 < MERGED_ROWS and lines[first] - lines[first - 1] == 1:
        if not _is_group_row(rows[first - 1], rows[first]):
            break
        first -= 1
    while last + 1 < len(rows) and last - first + 1 < MERGED_ROWS and _continues(rows[last], rows, last + 1):
        last += 1
    return first, last


def _joined(rows: Sequence[Row]) -> list[str]:
    """Names of a header in several rows: upper ones filled to the right over their group, then joined with " | ".

    >>> _joined([["UPN", "Autumn", None], [None, "Possible", "Absent"]])
    ['UPN', 'Autumn | Possible', 'Autumn | Absent']
    """
    names = [[one_line(cell)] for cell in rows[-1]]
    for upper, lower in zip(reversed(rows[:-1]), reversed(rows[1:]), strict=True):
        group = ""
        for place, cell in enumerate(upper):
            below = any(names[place]) or bool(one_line(lower[place]))
            group = one_line(cell) or (group if below else "")
            names[place].insert(0, group)
            if one_line(cell) and not below:  # merged downwards: it covers its own column only
                group = ""
    return [" | ".join(part for part in parts if part) for parts in names]


def _is_group_row(upper: Row, lower: Row) -> bool:
    """Names of groups of columns: text, reaching into the right half of the names below, with gaps.

    Dates are such names over mornings and afternoons, or where the names below repeat.
    """
    places = [place for place, cell in enumerate(upper) if cell and cell.strip()]
    named = [place for place, cell in enumerate(lower) if cell and cell.strip()]
    below = [one_line(lower[place]) for place in named]
    dates = len(set(below)) < len(below) or any(map(HALF_DAY.fullmatch, below))
    if not places or not named or not all(is_name(upper[p]) or (dates and kind(upper[p]) == "date") for p in places):
        return False
    return 2 * places[-1] >= named[-1] and len(places) < len(named) and len(set(named) - set(places)) > 0


def _continues(upper: Row, rows: Sequence[Row], at: int) -> bool:
    """Whether the row at `at` holds further names: it fills gaps to the right of names, over columns of data.

    Mornings and afternoons below dates are names of a register's columns, whatever stands under them.
    """
    places = [place for place, cell in enumerate(rows[at]) if cell and cell.strip()]
    if not all(is_name(rows[at][place]) for place in places):
        return False
    if any(HALF_DAY.fullmatch(one_line(cell)) for cell in rows[at]) and any(kind(cell) == "date" for cell in upper):
        return True
    gaps = [place for place in places if not (upper[place] or "").strip() and any(upper[:place])]
    if not gaps:
        return False
    return any(kind(row[place]) for place in places for row in rows[at + 1 : at + 11])
