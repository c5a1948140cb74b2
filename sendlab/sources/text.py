"""CSV files (plain or gzipped) as tables of text: every cell as it stands, with its line number."""

import csv
import gzip
import io
import zlib
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from sendlab.errors import DataProblem

LINE = "file_line"  # line in the file, the header being line 1
DATA_SUFFIXES = (".csv", ".csv.gz")


@dataclass(frozen=True)
class TextTable:
    """A file's cells as text; blank cells are null. `rows` has the column LINE in front."""

    path: Path
    rows: pl.DataFrame
    encoding: str

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


def read_text_table(path: Path) -> TextTable:
    """The file as text. Encoding: UTF-8 (with or without mark), else Windows-1252; which one is kept in `encoding`."""
    text, encoding = _decode(path, _bytes(path))
    if "\0" in text:
        raise DataProblem(path.name, ["the file holds NUL characters: it is no text file, or damaged"])
    header = next(csv.reader(io.StringIO(text, newline="")), [])
    names = [name.strip() for name in header]
    if not any(names):
        raise DataProblem(path.name, ["the file is empty"], next_step="export it again")
    repeated = sorted({name for name in names if name and names.count(name) > 1})
    if repeated:
        raise DataProblem(path.name, [f"column '{name}' stands more than once" for name in repeated])
    return TextTable(path, _cells(path, text, names), encoding)


def read_header(path: Path, *, size: int = 65536) -> list[str]:
    """The column names alone, from the first bytes of the file."""
    opener = gzip.open if path.suffix.lower() == ".gz" else Path.open
    with opener(path, "rb") as handle:
        start = handle.read(size)
    text = start.decode("utf-8-sig", errors="ignore")
    return [name.strip() for name in next(csv.reader(io.StringIO(text, newline="")), [])]


def _bytes(path: Path) -> bytes:
    try:
        raw = path.read_bytes()
        return gzip.decompress(raw) if path.suffix.lower() == ".gz" else raw
    except (OSError, EOFError, zlib.error) as fault:
        raise DataProblem(path.name, [f"cannot be read ({type(fault).__name__})"], next_step="copy it again") from None


def _decode(path: Path, raw: bytes) -> tuple[str, str]:
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return raw.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    raise DataProblem(path.name, ["the text is neither UTF-8 nor Windows-1252"], next_step="save it as CSV UTF-8")


def _cells(path: Path, text: str, names: list[str]) -> pl.DataFrame:
    unnamed = [name or f"__unnamed_{place}" for place, name in enumerate(names)]
    body = text.split("\n", 1)[1] if "\n" in text else ""
    if not body.strip():
        return pl.DataFrame(schema={LINE: pl.Int64, **dict.fromkeys(unnamed, pl.String)})
    try:
        frame = pl.read_csv(
            io.BytesIO(text.encode("utf-8")), infer_schema=False, has_header=True, new_columns=unnamed, null_values=[""]
        )
    except pl.exceptions.PolarsError:
        # polars' own message quotes the line: say where, not what
        raise DataProblem(
            path.name, [_ragged(text, len(names))], next_step="export it again, or mend those lines"
        ) from None
    stripped = frame.with_columns(pl.all().str.strip_chars().replace("", None))
    return stripped.with_row_index(LINE, offset=2).with_columns(pl.col(LINE).cast(pl.Int64))


def _ragged(text: str, width: int) -> str:
    reader = csv.reader(io.StringIO(text, newline=""))
    lines = [reader.line_num for row in reader if row and len(row) != width]
    where = ", ".join(str(line) for line in lines[:5])
    return f"{len(lines)} line(s) have another number of fields than the header's {width}: line {where}"
