"""Any data file as tables of text, by its ending: CSV and its kin, workbooks, Parquet."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sendlab.errors import DataProblem
from sendlab.sources.header import column_names
from sendlab.sources.limits import (
    MAX_BYTES,
    MAX_CELL,
    MAX_TEXT_CELLS,
    check_columns,
    held_still,
    too_large,
    unreadable,
)
from sendlab.sources.text import LINE, SEPARATED, TextTable, read_header, read_text_table
from sendlab.sources.workbook import MIDNIGHT, read_workbook

WORKBOOKS, OLD_WORKBOOKS = (".xlsx", ".xlsm"), (".xls", ".xlsb", ".ods")
BATCH = 20_000  # rows of a Parquet file turned to text at a time


class Peek(NamedTuple):
    """Where a table stands in a file, and its column names."""

    sheet: str
    header: list[str]


def open_tables(path: Path, *, source: str = "", repeats: bool = False) -> list[TextTable]:
    """Every table of a file: one of a CSV or Parquet file, one a filled sheet of a workbook.

    `repeats`: whether a CSV file may name two columns alike (the second becomes "name (2)").

    Errors: DataProblem where the file cannot be read, is hostile or too large, or has an ending that holds no table.
    """
    match _ending(path):
        case ending if ending in SEPARATED:
            return [read_text_table(path, source=source, repeats=repeats)]
        case ending if ending in WORKBOOKS:
            return [replace(table, source=source) for table in _workbook(path)]
        case ".parquet":
            return [read_parquet(path, source=source)]
    raise _no_table(path)


def peek(path: Path) -> list[Peek]:
    """The column names of every table of a file. Errors: as `open_tables`, of the part that is looked at."""
    match _ending(path):
        case ending if ending in SEPARATED:
            return [Peek("", read_header(path))]
        case ending if ending in WORKBOOKS:
            return [Peek(table.sheet, table.columns) for table in _workbook(path)]
        case ".parquet":
            with _parquet(path, whole=False) as file:  # a register too long to be held is streamed
                return [Peek("", _names(path, file))]
    raise _no_table(path)


def read_parquet(path: Path, *, source: str = "") -> TextTable:
    """A Parquet file as text: whole numbers without ".0", dates ISO, TRUE/FALSE. The first row has number 2.

    Errors: DataProblem where it is damaged, too large, or holds columns of lists or of bytes.
    """
    with _parquet(path) as file:
        names = _names(path, file)
        parts = [pl.DataFrame(schema=dict.fromkeys(names, pl.String))]
        parts.extend(pl.DataFrame(columns) for columns in _batches(path.name, file, names))
    rows = pl.concat(parts).with_row_index(LINE, offset=2).cast({LINE: pl.Int64})
    return TextTable(path, rows, "parquet", source)


def _ending(path: Path) -> str:
    return Path(path.name.lower().removesuffix(".gz")).suffix


def _no_table(path: Path) -> DataProblem:
    if _ending(path) in OLD_WORKBOOKS:
        return DataProblem(path.name, ["it is a workbook of another kind"], next_step="save it as .xlsx")
    return DataProblem(path.name, ["its ending is none of a table's: .csv, .csv.gz, .tsv, .txt, .xlsx, .parquet"])


def _workbook(path: Path) -> list[TextTable]:
    with held_still(path) as size:
        return _read_once(path, size, path.stat().st_mtime_ns)


@lru_cache(maxsize=1)  # a workbook is looked at before it is read, and either takes it apart as a whole
def _read_once(path: Path, _size: int, _changed: int) -> list[TextTable]:
    return read_workbook(path)


@contextmanager
def _parquet(path: Path, *, whole: bool = True) -> Iterator[pq.ParquetFile]:
    """An open Parquet file, within bounds where it is to be held whole; text as dictionaries: repeats cost nothing."""
    try:
        with held_still(path), pq.ParquetFile(path) as plain:
            texts = [field.name for field in plain.schema_arrow if _is_text(field.type)]
            held = sum(plain.metadata.row_group(place).total_byte_size for place in range(plain.num_row_groups))
            cells = plain.metadata.num_rows * plain.metadata.num_columns
            if whole and (held > MAX_BYTES or cells > MAX_TEXT_CELLS):
                raise too_large(path.name)
            with pq.ParquetFile(path, read_dictionary=texts) as file:
                yield file
    except (pa.ArrowException, OSError, ValueError, TypeError, NotImplementedError, pl.exceptions.PolarsError) as fault:
        raise unreadable(path.name, fault) from None


def _names(path: Path, file: pq.ParquetFile) -> list[str]:
    fields = list(file.schema_arrow)
    check_columns(path.name, len(fields))
    odd = [str(place) for place, field in enumerate(fields, 1) if not _is_plain(field.type)]
    if odd or not fields:
        told = f"column(s) {', '.join(odd[:5])} hold lists or bytes, not values" if odd else "it has no columns"
        raise DataProblem(path.name, [told], next_step="write it again with plain columns")
    return column_names(path.name, [field.name for field in fields], reserved=LINE)


def _is_text(dtype: pa.DataType) -> bool:
    return bool(pa.types.is_string(dtype) or pa.types.is_large_string(dtype))


def _is_plain(dtype: pa.DataType) -> bool:
    inner = dtype.value_type if pa.types.is_dictionary(dtype) else dtype
    kinds = (_is_text, pa.types.is_primitive, pa.types.is_decimal, pa.types.is_null)
    return any(is_kind(inner) for is_kind in kinds)


def _batches(name: str, file: pq.ParquetFile, names: list[str]) -> Iterator[dict[str, pl.Series]]:
    rows = size = 0
    for batch in file.iter_batches(BATCH):
        rows, size = rows + batch.num_rows, size + sum(_text_size(name, column) for column in batch.columns)
        if size > MAX_BYTES or rows * len(names) > MAX_TEXT_CELLS:
            raise too_large(name)
        yield {column: _as_text(cells) for column, cells in zip(names, batch.columns, strict=True)}


def _text_size(name: str, column: pa.Array) -> int:
    """Characters of a column once its dictionary is written out."""
    if not pa.types.is_dictionary(column.type) or not _is_text(column.type.value_type):
        return 0
    lengths = pc.binary_length(column.dictionary)
    if (pc.max(lengths).as_py() or 0) > 4 * MAX_CELL:
        raise DataProblem(name, [f"a cell is longer than {MAX_CELL:,} characters"], next_step="shorten or remove it")
    return pc.sum(pc.take(lengths, column.indices)).as_py() or 0


def _as_text(column: pa.Array) -> pl.Series:
    cells = pl.Series(pl.from_arrow(column))
    if cells.dtype.is_float():
        return cells.fill_nan(None).cast(pl.String).str.strip_suffix(".0")
    if isinstance(cells.dtype, pl.Datetime):
        return cells.dt.strftime("%Y-%m-%d %H:%M:%S%.f").str.replace(MIDNIGHT, "$1")
    if cells.dtype == pl.Boolean:
        return cells.cast(pl.String).str.to_uppercase()
    return cells.cast(pl.String).str.strip_chars().replace("", None)
