"""CSV and other separated text (plain or gzipped) as tables of text: every cell as it stands, with its line number."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import NamedTuple

import polars as pl

from sendlab.errors import DataProblem
from sendlab.schema.problems import join_problems, no_problems, row_problems
from sendlab.sources.header import UNNAMED, column_names, header_row, is_headerless, numbered
from sendlab.sources.limits import MAX_CELL, MAX_LINE, MAX_RECORD_LINES, as_utf8, file_bytes, file_warning

LINE = "file_line"  # line in the file, the header being line 1
SEPARATED = (".csv", ".tsv", ".txt")
DATA_SUFFIXES = (*SEPARATED, ".xlsx", ".xlsm", ".xls", ".xlsb", ".ods", ".parquet", ".xml")
SEPARATORS = ",;\t"  # in order of preference where a line holds as many of each
CHUNK = 2_000  # records held as Python lists at a time; more make the garbage collector slow
SAMPLE = 50  # records looked at to find the header
HEAD = 1 << 18  # bytes read to find it
MOST_SHIFTED, FEWEST_SHIFTED = 0.5, 5  # beyond this share, from so many rows on, no row of the file can be trusted

Record = tuple[int, list[str]]  # line on which it begins, cells


@dataclass(frozen=True)
class TextTable:
    """A file's cells as text; blank cells are null. `rows` has the column LINE in front."""

    path: Path
    rows: pl.DataFrame
    encoding: str
    source: str = ""  # path below the folder that is read; "" where the name alone tells the file
    sheet: str = ""  # sheet of a workbook, or part of a file
    # Problems of rows that could not be taken apart (severity error: not in `rows`), and of the file as a whole.
    faults: pl.DataFrame = field(default_factory=no_problems)

    @property
    def name(self) -> str:
        """File name, for messages."""
        return self.path.name

    @property
    def columns(self) -> list[str]:
        """Columns of the file itself."""
        return [name for name in self.rows.columns if name != LINE]


class _Top(NamedTuple):
    """What stands at the top of a file: names (None: no header), the records looked at from the header or first row."""

    names: list[str] | None
    width: int
    named: int  # fields up to the last one that has a name
    looked_at: list[Record]


def is_data_file(path: Path) -> bool:
    """Whether the name is one that sendlab reads; a .txt file must hold tabs. Files half written or open are not."""
    name = path.name.lower()
    if name.startswith((".", "~")) or not name.removesuffix(".gz").endswith(DATA_SUFFIXES) or not path.is_file():
        return False
    if name.endswith(".gz"):
        return name.removesuffix(".gz").endswith(SEPARATED)
    return not name.endswith(".txt") or _holds_tabs(path)


def read_text_table(path: Path, *, source: str = "", repeats: bool = False) -> TextTable:
    """The file as text: rows without any cell are passed over, and so are titles above the header.

    Encoding (kept in `encoding`): UTF-8, UTF-16 with its mark, else Windows-1252. Separator: comma, semicolon or tab.
    A record with another number of fields than the header is a row problem in `faults` and not in `rows`.
    With `repeats` a name that stands twice is no error: the second column is "name (2)".
    Errors: DataProblem where quotes do not match, most records are shifted, names repeat, or bounds are passed.
    """
    data, encoding, notes = as_utf8(path.name, file_bytes(path))
    records = _records(path.name, data, _separator(data))
    top = _top(path.name, records, repeats=repeats)
    names = top.names
    if names is None:
        names = numbered(top.width)
        notes.append(no_header(path.name))
    rows, shifted = _cells(chain(top.looked_at, records), names, top)
    notes.append(_shifted(path.name, shifted, rows.height, top.width))
    return TextTable(path, drop_blanks(rows), encoding, source, faults=join_problems(notes))


def read_header(path: Path, *, size: int = HEAD) -> list[str]:
    """The column names alone, from the first bytes of the file; columns without a name are left out."""
    raw = file_bytes(path, at_most=size)
    whole = len(raw) < size
    data, _, _ = as_utf8(path.name, raw if whole else raw[: raw.rfind(b"\n") + 1] or raw, whole=whole)
    # the last record may be cut off within its quotes: the header alone is wanted
    top = _top(path.name, _records(path.name, data, _separator(data), whole=whole))
    names = numbered(top.width) if top.names is None else top.names
    return [name for name in names if not name.startswith(UNNAMED)]


def _holds_tabs(path: Path) -> bool:
    try:
        return "\t" in as_utf8(path.name, file_bytes(path, at_most=HEAD), whole=False)[0].decode(errors="ignore")
    except DataProblem:
        return False


def _separator(data: bytes) -> str:
    """The separator of the first line that is no title: the next line holds it too. Quoted cells do not count."""
    head = re.sub(r'"[^"]*"', "", data[:HEAD].decode(errors="ignore"))
    lines = [line for line in re.split(r"[\r\n]+", head) if line.strip()][:SAMPLE]
    for line, following in pairwise([*lines, ""]):
        best = max(SEPARATORS, key=line.count)
        if best in line and (best in following or not following):
            return best
    return ","


def _records(name: str, data: bytes, separator: str, *, whole: bool = True) -> Iterator[Record]:
    """Each record with the line on which it begins: a quoted cell may hold line breaks. Blank lines are passed over."""
    begins = 1

    def lines() -> Iterator[str]:
        text = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", newline="")
        for number, line in enumerate(iter(lambda: text.readline(MAX_LINE), ""), 1):
            if len(line) == MAX_LINE or number - begins > MAX_RECORD_LINES:
                raise DataProblem(name, [f"from line {begins}, a line or a row is longer than any real one"],
                                  next_step="export it again")  # fmt: skip
            yield line

    reader = csv.reader(lines(), strict=True, delimiter=separator)
    try:
        for record in reader:
            if record:
                yield begins, record
            begins = reader.line_num + 1
    except csv.Error:  # its own message may quote the cell: say where, not what
        if whole:
            told = f"the quotes do not match, from line {begins} (or a cell is longer than {MAX_CELL:,} characters)"
            raise DataProblem(name, [told], next_step="export it again, or mend that line") from None


def _top(name: str, records: Iterator[Record], *, repeats: bool = False) -> _Top:
    sample = list(islice(records, SAMPLE))
    cells = [record for _, record in sample]
    if not any(cell.strip() for record in cells for cell in record):
        raise DataProblem(name, ["the file is empty"], next_step="export it again")
    at = header_row(cells)
    width, named = len(cells[at]), max(place for place, cell in enumerate(cells[at], 1) if cell.strip())
    if is_headerless(cells[at], cells[at + 1 :]):
        return _Top(None, width, width, sample[at:])
    return _Top(column_names(name, cells[at], reserved=LINE, repeats=repeats), width, named, sample[at + 1 :])


def _cells(records: Iterable[Record], names: list[str], top: _Top) -> tuple[pl.DataFrame, list[int]]:
    """The records as a table, and the lines of those that have another number of fields."""
    parts = [pl.DataFrame(schema={LINE: pl.Int64, **dict.fromkeys(names, pl.String)})]
    shifted: list[int] = []
    left = iter(records)
    while chunk := list(islice(left, CHUNK)):
        fitted = [(line, record if len(record) == top.width else _fitted(record, top)) for line, record in chunk]
        shifted += [line for line, record in fitted if record is None]
        if kept := [(line, record) for line, record in fitted if record is not None]:
            columns = zip(*(record for _, record in kept), strict=True)
            cells = [pl.Series(name, column, dtype=pl.String) for name, column in zip(names, columns, strict=True)]
            parts.append(pl.DataFrame([pl.Series(LINE, [line for line, _ in kept], dtype=pl.Int64), *cells]))
    # by type: a column may be called "*" or "^.*$", which polars takes for many
    return pl.concat(parts).with_columns(pl.col(pl.String).str.strip_chars().replace("", None)), shifted


def _fitted(record: list[str], top: _Top) -> list[str] | None:
    """A record of another length that still has every cell in its place: only blank or unnamed ends differ."""
    if len(record) > top.width and not any(cell.strip() for cell in record[top.width :]):
        return record[: top.width]
    return record + [""] * (top.width - len(record)) if top.named <= len(record) < top.width else None


def drop_blanks(rows: pl.DataFrame) -> pl.DataFrame:
    """Without rows that hold nothing, and without columns that have neither a name nor a cell."""
    cells = [name for name in rows.columns if name != LINE]
    kept = rows.filter(pl.any_horizontal(pl.col(cells).is_not_null()))
    return kept.drop(name for name in cells if name.startswith(UNNAMED) and not kept[name].is_not_null().any())


def _shifted(name: str, lines: list[int], height: int, width: int) -> pl.DataFrame:
    if len(lines) >= FEWEST_SHIFTED and len(lines) > MOST_SHIFTED * (height + len(lines)):
        where = ", ".join(str(line) for line in lines[:5])
        told = f"{len(lines)} line(s) have another number of fields than the header's {width}: line {where}"
        raise DataProblem(name, [told], next_step="export it again, or mend those lines")
    return row_problems(
        pl.Series(lines, dtype=pl.Int64), file=name, column="", rule="fields_shifted", severity="error",
        message=f"the row has another number of fields than the header's {width}, so its cells are out of place",
        remedy="put cells that hold the separator in quotes, or mend the line",
    )  # fmt: skip


def no_header(name: str, sheet: str = "") -> pl.DataFrame:
    """The warning that a table has no column names."""
    told = "the first line holds data where column names should be: columns are numbered"
    return file_warning(name, "no_header", 1, told, "put a line of column names on top", sheet=sheet)
