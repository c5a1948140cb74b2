"""Session registers read piece by piece, one row a session, so that none is ever held whole."""

import csv
import gzip
import io
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO, NamedTuple, cast

import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from sendlab.errors import DataProblem
from sendlab.schema.problems import no_problems, row_problems
from sendlab.sources.header import UNNAMED
from sendlab.sources.limits import MAX_LINE, UNREADABLE, as_utf8, held_still, unreadable
from sendlab.sources.open import open_tables
from sendlab.sources.registers import COLUMNS, Mark, RegisterFile, Shape
from sendlab.sources.session_rules import SESSIONS, UNSPLIT, split_pair
from sendlab.sources.text import LINE, SEPARATED, SEPARATORS

HELD = 32 << 20  # bytes of separated text up to which a file is read as every other one is
BLOCK = 32 << 20  # bytes at a time beyond it
MARKS = 1 << 20  # about so many marks a piece
TOP = 50  # lines in which the header is looked for
PACKED = 15  # text unpacks to about so many times its size


class Piece(NamedTuple):
    """Some rows as text (LINE, the declared columns, `cell`: the date of a wide cell), and what could not be read."""

    rows: pl.DataFrame
    faults: pl.DataFrame  # rows of severity error were read and are not in `rows`
    encoding: str = "utf-8-sig"


def pieces(file: RegisterFile, *, held: int = HELD) -> Iterator[Piece]:
    """The register piece by piece, one row a session. Files of more than `held` bytes are read in blocks.

    Errors: DataProblem where no column and no setting names the school, and where the file cannot be read.
    """
    if "school_id" not in file.shape.columns and not file.given.get("school_id"):
        raise DataProblem(
            file.path.name, ["no column names the school"],
            next_step=f'write in sendlab.toml under [files]: "{file.path.name}" = {{ school_id = "9992001" }}',
        )  # fmt: skip
    for piece in _texts(file, held):
        yield piece._replace(rows=_long(piece.rows, file))


def _texts(file: RegisterFile, held: int) -> Iterator[Piece]:
    name = file.path.name.lower()
    size = file.path.stat().st_size * (PACKED if name.endswith(".gz") else 1)
    if name.endswith(".parquet"):
        return _parquet(file)
    if name.removesuffix(".gz").endswith(SEPARATED) and size > held:
        return _blocks(file)
    return _whole(file)


def _rows_at_once(shape: Shape) -> int:
    return max(1, MARKS // max(len(shape.marks), 1))


def _whole(file: RegisterFile) -> Iterator[Piece]:
    tables = open_tables(file.path, source=file.source)
    text = next(table for table in tables if not file.sheet or table.sheet == file.sheet)
    _refuse_unclear(text.rows, _unclear(text.columns, file.shape), file)
    rows = text.rows.select(LINE, *file.shape.used)
    yield Piece(rows.clear(), text.faults, text.encoding)
    for part in rows.iter_slices(_rows_at_once(file.shape)):
        yield Piece(part, no_problems(), text.encoding)


def _unclear(columns: list[str], shape: Shape) -> list[str]:
    """Columns among those of marks that say neither date nor session, or repeat both."""
    first = columns.index(shape.marks[0].header) if shape.marks else len(columns)
    return [name for name in columns[first:] if name.startswith(UNNAMED) or name in shape.unclear]


def _refuse_unclear(rows: pl.DataFrame, unclear: list[str], file: RegisterFile) -> None:
    """No mark may be lost unsaid: such columns may hold nothing, or numbers, which are taken for totals."""
    cells = rows.select(unclear)
    held = cells.select(pl.all().is_not_null() & pl.all().cast(pl.Float64, strict=False).is_null())
    if wrong := [column.name for column in held if column.any()]:
        places = [str(int(n.removeprefix(UNNAMED)) + 1) if n.startswith(UNNAMED) else f"'{n}'" for n in wrong[:5]]
        raise DataProblem(
            file.path.name, [f"column(s) {', '.join(places)} hold marks, but do not say of which date and session"],
            next_step="write date and session above each column of marks, such as 16/10/2024 AM",
        )  # fmt: skip


def _parquet(file: RegisterFile) -> Iterator[Piece]:
    line = 2
    try:
        with held_still(file.path), pyarrow.parquet.ParquetFile(file.path) as parquet:
            named = {one.strip(): one for one in parquet.schema_arrow.names}
            used = {named[name]: name for name in file.shape.used}
            for batch in parquet.iter_batches(_rows_at_once(file.shape), columns=list(used)):
                rows = pl.DataFrame(pl.from_arrow(batch)).rename(used)
                rows = rows.select(pl.all().cast(pl.String).str.strip_chars())
                yield Piece(_numbered(rows.with_columns(pl.all().replace("", None)), line), no_problems())
                line += batch.num_rows
    except (pa.ArrowException, OSError) as fault:
        raise unreadable(file.path.name, fault) from None


def _numbered(rows: pl.DataFrame, first: int) -> pl.DataFrame:
    """Rows with their lines in front; those without any cell are passed over."""
    return rows.with_row_index(LINE, first).with_columns(pl.col(LINE).cast(pl.Int64)).filter(
        pl.any_horizontal(pl.exclude(LINE).is_not_null())
    )  # fmt: skip


def _blocks(file: RegisterFile) -> Iterator[Piece]:
    """A long file of separated text, some whole lines at a time."""
    name = file.path.name
    try:
        with held_still(file.path), _opened(file.path) as handle:
            columns, separator, line = _header(handle, file)
            while block := handle.read(BLOCK // 16 if file.shape.marks else BLOCK):
                data, encoding, _ = as_utf8(name, block + _rest_of_line(handle, name))
                if _runs_over_lines(data):
                    told = [f"from line {line} on, a quoted cell runs over several lines"]
                    raise DataProblem(name, told, next_step="export the register without the columns that hold notes")
                rows, faults, read = _taken_apart(data, columns, separator, line, file)
                yield Piece(rows, faults, encoding)
                line += read
    except (*UNREADABLE, pa.ArrowException) as fault:
        raise unreadable(name, fault) from None


def _rest_of_line(handle: IO[bytes], name: str) -> bytes:
    rest = handle.readline(MAX_LINE)
    if len(rest) == MAX_LINE:
        raise DataProblem(name, ["a line is longer than any real one"], next_step="export it again")
    return rest


def _opened(path: Path) -> IO[bytes]:
    with path.open("rb") as handle:
        packed = handle.read(2) == b"\x1f\x8b"
    return cast("IO[bytes]", gzip.open(path) if packed else path.open("rb"))


def _header(handle: IO[bytes], file: RegisterFile) -> tuple[list[str], str, int]:
    """Names and separator of the line that holds all the columns of the shape, and the number of the next line."""
    for number, line in enumerate(islice(handle, TOP), 1):
        text, _, _ = as_utf8(file.path.name, line)
        for separator in SEPARATORS:
            cells = [cell.strip() for cell in next(csv.reader([text.decode()], delimiter=separator), [])]
            if set(file.shape.used) <= set(cells):
                return [cell or f"{UNNAMED}{place}" for place, cell in enumerate(cells)], separator, number + 1
    raise DataProblem(file.path.name, ["its column names stand on several lines"], next_step="put them on one line")


def _runs_over_lines(data: bytes) -> bool:
    return b'"' in data and any(line.count(b'"') % 2 for line in data.split(b"\n"))


def _taken_apart(
    data: bytes, columns: list[str], separator: str, first: int, file: RegisterFile
) -> tuple[pl.DataFrame, pl.DataFrame, int]:
    """Rows, problems of lines with another number of fields, and how many lines there were."""
    odd: list[tuple[int, str]] = []
    unclear = _unclear(columns, file.shape)

    def put_aside(row: pyarrow.csv.InvalidRow) -> str:
        odd.append((row.number, row.text))
        return "skip"

    table = pyarrow.csv.read_csv(
        pa.BufferReader(data),
        read_options=pyarrow.csv.ReadOptions(column_names=columns, use_threads=False, block_size=len(data) + 1),
        parse_options=pyarrow.csv.ParseOptions(
            delimiter=separator, invalid_row_handler=put_aside, ignore_empty_lines=False
        ),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(columns, pa.string()), include_columns=[*file.shape.used, *unclear]
        ),
    )
    fitted, shifted = _fitted(odd, columns, separator)
    rows, lines = pl.DataFrame(pl.from_arrow(table)), data.count(b"\n") + (not data.endswith(b"\n"))
    kept = pl.Series(range(1, lines + 1), dtype=pl.Int64)
    rows = rows.with_columns(kept.filter(~kept.is_in([n for n, _ in odd])).alias(LINE))
    rows = pl.concat([rows, fitted.select(rows.columns)]).sort(LINE) if fitted.height else rows
    cells = pl.exclude(LINE).str.strip_chars().replace("", None)
    rows = rows.select(pl.col(LINE) + (first - 1), cells).filter(pl.any_horizontal(pl.exclude(LINE).is_not_null()))
    _refuse_unclear(rows, unclear, file)
    return rows, _shifted(file.path.name, shifted, first, len(columns)), lines


def _fitted(odd: Iterable[tuple[int, str]], columns: list[str], separator: str) -> tuple[pl.DataFrame, list[int]]:
    """Rows whose surplus fields are all blank, and the lines of the others."""
    kept, shifted = [], []
    for line, text in odd:
        cells = next(csv.reader(io.StringIO(text), delimiter=separator), [])
        if len(cells) > len(columns) and not any(cell.strip() for cell in cells[len(columns) :]):
            kept.append([line, *cells[: len(columns)]])
        else:
            shifted.append(line)
    return pl.DataFrame(kept, {LINE: pl.Int64, **dict.fromkeys(columns, pl.String)}, orient="row"), shifted


def _shifted(file: str, lines: list[int], first: int, width: int) -> pl.DataFrame:
    return row_problems(
        pl.Series(lines, dtype=pl.Int64) + (first - 1), file=file, column="", rule="fields_shifted", severity="error",
        message=f"the row has another number of fields than the header's {width}, so its cells are out of place",
        remedy="put cells that hold the separator in quotes, or mend the line",
    )  # fmt: skip


def _long(rows: pl.DataFrame, file: RegisterFile) -> pl.DataFrame:
    """One row a session under the declared names, the school from the settings where no column gives it."""
    shape = file.shape
    named = {declared: pl.col(name) for declared, name in shape.columns.items()}
    if "school_id" not in named:
        named["school_id"] = pl.lit(file.given["school_id"], dtype=pl.String)
    if shape.marks:
        marks = {f"mark {place}": pl.col(mark.header) for place, mark in enumerate(shape.marks)}
        return _unfolded(rows.select(LINE, **named, **marks), shape.marks)
    return rows.select(LINE, **named).with_columns(cell=pl.lit("")).select(LINE, *COLUMNS, "cell")


def _unfolded(rows: pl.DataFrame, marks: tuple[Mark, ...]) -> pl.DataFrame:
    """A row for each mark; a pair of marks gives two, which both carry the pair where it cannot be taken apart."""
    known = pl.DataFrame(
        [(f"mark {place}", mark.session, mark.day) for place, mark in enumerate(marks)],
        schema=["variable", "session", "cell"], orient="row",
    )  # fmt: skip
    fixed = [name for name in rows.columns if not name.startswith("mark ")]
    long = rows.unpivot(index=fixed, value_name="attendance_code").join(known, on="variable", maintain_order="left")
    if "session_date" not in fixed:
        long = long.with_columns(session_date="cell")
    single = long.filter(pl.col("session") != "").select(LINE, *COLUMNS, "cell")
    pairs = long.filter(pl.col("session") == "")
    return pl.concat([single, *(_half(pairs, place) for place in range(len(SESSIONS)))]).sort(LINE, maintain_order=True)


def _half(pairs: pl.DataFrame, place: int) -> pl.DataFrame:
    """The morning's (0) or the afternoon's (1) mark of each pair."""
    distinct = pairs["attendance_code"].drop_nulls().unique()
    parted = [split_pair(cell) or (UNSPLIT + cell,) * len(SESSIONS) for cell in distinct]
    halves = pl.Series([pair[place] for pair in parted], dtype=pl.String)
    return pairs.with_columns(
        pl.lit(SESSIONS[place]).alias("session"), pl.col("attendance_code").replace(distinct, halves)
    ).select(LINE, *COLUMNS, "cell")  # fmt: skip
