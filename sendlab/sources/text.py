"""CSV files (plain or gzipped) as tables of text: every cell as it stands, with its line number."""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import polars as pl

from sendlab.errors import DataProblem

LINE = "file_line"  # line in the file, the header being line 1
DATA_SUFFIXES = (".csv", ".csv.gz")
UNREADABLE = (OSError, EOFError, zlib.error)  # a damaged gzip file raises any of the three
CHUNK = 50_000  # rows held as Python text at a time


@dataclass(frozen=True)
class TextTable:
    """A file's cells as text; blank cells are null. `rows` has the column LINE in front."""

    path: Path
    rows: pl.DataFrame
    encoding: str
    source: str = ""  # path below the folder that is read; "" where the name alone tells the file

    @property
    def name(self) -> str:
        """File name, for messages."""
        return self.path.name

    @property
    def columns(self) -> list[str]:
        """Columns of the file itself."""
        return [name for name in self.rows.columns if name != LINE]


def is_data_file(path: Path) -> bool:
    """Whether the name is one that sendlab reads."""
    return path.is_file() and path.name.lower().endswith(DATA_SUFFIXES) and not path.name.startswith((".", "~"))


def read_text_table(path: Path, *, source: str = "") -> TextTable:
    """The file as text. Encoding: UTF-8 (with or without mark), else Windows-1252; which one is kept in `encoding`.

    A row with more or fewer fields than the header, or quotes that do not match, is a DataProblem that says where.
    """
    text, encoding = _decode(path, _bytes(path))
    if "\0" in text:
        raise DataProblem(path.name, ["the file holds NUL characters: it is no text file, or damaged"])
    records = _records(path, text)
    _, header = next(records, (1, []))
    names = [name.strip() for name in header]
    if not any(names):
        raise DataProblem(path.name, ["the file is empty"], next_step="export it again")
    repeated = sorted({name for name in names if name and names.count(name) > 1})
    if repeated:
        raise DataProblem(path.name, [f"column '{name}' stands more than once" for name in repeated])
    return TextTable(path, _cells(path, records, names), encoding, source)


def read_header(path: Path, *, size: int = 65536) -> list[str]:
    """The column names alone, from the first bytes of the file."""
    opener = gzip.open if path.suffix.lower() == ".gz" else Path.open
    try:
        with opener(path, "rb") as handle:
            start = handle.read(size)
    except UNREADABLE as fault:
        raise _unreadable(path, fault) from None
    # cut inside a cell below the header: the quotes need not match here
    text = start.decode("utf-8-sig", errors="ignore")
    try:
        return [name.strip() for name in next(csv.reader(io.StringIO(text, newline="")), [])]
    except csv.Error:
        raise DataProblem(path.name, ["its first line is no line of column names"]) from None


def _bytes(path: Path) -> bytes:
    try:
        raw = path.read_bytes()
        return gzip.decompress(raw) if path.suffix.lower() == ".gz" else raw
    except UNREADABLE as fault:
        raise _unreadable(path, fault) from None


def _unreadable(path: Path, fault: Exception) -> DataProblem:
    return DataProblem(path.name, [f"cannot be read ({type(fault).__name__})"], next_step="copy it again")


def _decode(path: Path, raw: bytes) -> tuple[str, str]:
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return raw.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    raise DataProblem(path.name, ["the text is neither UTF-8 nor Windows-1252"], next_step="save it as CSV UTF-8")


def _records(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """Each record with the line on which it begins: a quoted cell may hold line breaks. Blank lines are passed over."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    begins = 1
    try:
        for record in reader:
            if record:
                yield begins, record
            begins = reader.line_num + 1
    except csv.Error:  # its own message may quote the cell: say where, not what
        told = f"the quotes do not match, from line {begins}"
        raise DataProblem(path.name, [told], next_step="export it again, or mend that line") from None


def _cells(path: Path, records: Iterator[tuple[int, list[str]]], names: list[str]) -> pl.DataFrame:
    unnamed = [name or f"__unnamed_{place}" for place, name in enumerate(names)]
    parts = [pl.DataFrame(schema={LINE: pl.Int64, **dict.fromkeys(unnamed, pl.String)})]
    uneven: list[int] = []
    while chunk := list(islice(records, CHUNK)):
        uneven += [line for line, record in chunk if len(record) != len(names)]
        if not uneven:
            cells = zip(*(record for _, record in chunk), strict=True)
            columns = [pl.Series(name, cell, dtype=pl.String) for name, cell in zip(unnamed, cells, strict=True)]
            parts.append(pl.DataFrame([pl.Series(LINE, [line for line, _ in chunk], dtype=pl.Int64), *columns]))
    if uneven:
        raise DataProblem(path.name, [_ragged(uneven, len(names))], next_step="export it again, or mend those lines")
    return pl.concat(parts).with_columns(pl.col(unnamed).str.strip_chars().replace("", None))


def _ragged(lines: list[int], width: int) -> str:
    where = ", ".join(str(line) for line in lines[:5])
    return f"{len(lines)} line(s) have another number of fields than the header's {width}: line {where}"
