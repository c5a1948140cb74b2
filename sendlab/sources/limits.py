"""Bounds on files from outside, and their bytes: read within the bounds, while nobody writes them, as UTF-8."""

import gzip
import io
import re
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import polars as pl

from sendlab.errors import DataProblem
from sendlab.schema.problems import file_problem

MAX_BYTES = 1 << 30  # of one file, unpacked; 45 million session rows are streamed elsewhere, never held
MAX_COLUMNS = 5_000
MAX_LINE = 2_000_000  # characters in one line of text
MAX_RECORD_LINES = 10_000  # lines that one record may run over, within quotes
MAX_CELLS = 12_000_000  # of one sheet, counted as the rectangle around its cells: calamine holds all of it
MAX_TEXT_CELLS = 100_000_000  # of one Parquet file read whole
MAX_CELL = 131_072  # characters; also the bound of Python's csv
MAX_SHEET_ROW = 1_048_576  # Excel's own
MAX_ENTRIES = 5_000  # files within one workbook
PACKED_FREE = 64 << 20  # so much may unpack from anything; beyond it the ratio counts
MAX_RATIO = 400  # unpacked to packed; real tables stay below 60
STEP = 1 << 20  # bytes at a time

# UTF-8 read as Windows-1252 and written as UTF-8 again: "Ã" with a byte from 80 to BF after it, or "â€"
TWICE_ENCODED = re.compile(rb"\xc3\x83(?:\xc2[\x80-\xbf]|\xc5[\x92-\xbe]|\xc6\x92|\xcb[\x86\x9c]|\xe2\x80[\x93-\xba]"
                           rb"|\xe2\x82\xac|\xe2\x84\xa2)|\xc3\xa2\xe2\x82\xac")  # fmt: skip
UNDEFINED = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")  # bytes that mean nothing in Windows-1252
EXPORT_AGAIN = "export it again as CSV UTF-8"
UNREADABLE = (OSError, EOFError, zlib.error)  # a damaged gzip file raises any of the three


def unreadable(name: str, fault: BaseException) -> DataProblem:
    """The problem of a file that is there and cannot be read."""
    return DataProblem(name, [f"cannot be read ({type(fault).__name__})"], next_step="copy it again")


@contextmanager
def held_still(path: Path) -> Iterator[int]:
    """Gives the file's size; a file that is no plain file, or that changes before the end, is a DataProblem."""
    before = _state(path)
    try:
        yield before[0]
    finally:
        if _state(path) != before:
            raise DataProblem(
                path.name, ["the file is being written"], next_step="wait until it is complete, then try again"
            ) from None


def file_bytes(path: Path, *, unpack: bool = True, at_most: int | None = None) -> bytes:
    """The whole file (or its first bytes), a gzip file unpacked within bounds.

    Errors: DataProblem where it is no file, is too large, packs too much, is damaged or is being written.
    """
    with held_still(path) as size:
        if at_most is None and size > MAX_BYTES:
            raise too_large(path.name)
        try:
            with path.open("rb") as handle:
                packed = unpack and (handle.peek(2)[:2] == b"\x1f\x8b" or path.suffix.lower() == ".gz")
                if packed:
                    return _unpacked(path.name, handle, at_most)
                return handle.read() if at_most is None else handle.read(at_most)
        except UNREADABLE as fault:
            raise unreadable(path.name, fault) from None


def too_large(name: str) -> DataProblem:
    """The problem of a file whose content is more than may be held at once."""
    return DataProblem(
        name, [f"it holds more than {MAX_BYTES >> 20:,} MB of data"], next_step="split it, by school or by term"
    )


def check_packing(name: str, unpacked: int, packed: int) -> None:
    """Stops at a file that unpacks to far more than real tables do ("zip bomb"), or to more than may be held."""
    if unpacked > MAX_BYTES:
        raise too_large(name)
    if unpacked > PACKED_FREE and unpacked > MAX_RATIO * max(packed, 1):
        raise DataProblem(
            name, [f"it unpacks to more than {MAX_RATIO} times its size, as no real table does"],
            next_step="ask its sender for the file unpacked",
        )  # fmt: skip


def check_columns(name: str, columns: int) -> None:
    """Stops at a table that is too wide."""
    if columns > MAX_COLUMNS:
        raise DataProblem(
            name, [f"it has more than {MAX_COLUMNS:,} columns"], next_step="export only the columns that are needed"
        )


def _state(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except (OSError, ValueError) as fault:  # ValueError: a NUL in the name
        raise DataProblem(path.name, [f"there is no such file ({type(fault).__name__})"]) from None
    if not stat.S_ISREG(found.st_mode):  # opening a pipe would wait for ever
        raise DataProblem(path.name, ["it is a folder or a device, not a file"], next_step="name the files in it")
    return found.st_size, found.st_mtime_ns


def _unpacked(name: str, handle: IO[bytes], at_most: int | None) -> bytes:
    made = io.BytesIO()
    with gzip.GzipFile(fileobj=handle) as unpacking:
        while step := unpacking.read(STEP if at_most is None else min(STEP, at_most - made.tell())):
            made.write(step)
            check_packing(name, made.tell(), handle.tell())
    return made.getvalue()


def as_utf8(name: str, raw: bytes, *, whole: bool = True) -> tuple[bytes, str, list[pl.DataFrame]]:
    """The text as UTF-8 without mark, the encoding it was in, and what is to be said about it."""
    encoding, notes = "utf-8-sig", list[pl.DataFrame]()
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raw, encoding = _from_utf16(name, raw, "strict" if whole else "ignore"), "utf-16"
    if raw.startswith(b"PK\x03\x04"):
        raise DataProblem(name, ["it is a workbook or a zip file, not text"], next_step="give it the ending .xlsx")
    if b"\0" in raw:
        raise DataProblem(name, ["the file holds NUL characters: it is no text file, or damaged"])
    try:
        raw.decode()
    except UnicodeDecodeError:
        raw, encoding, notes = _from_lines(name, raw)
    if twice := len(TWICE_ENCODED.findall(raw)):
        told = "letters with accents or quotes were encoded twice: each stands as two or three wrong ones"
        notes.append(file_warning(name, "double_encoding", twice, told, EXPORT_AGAIN))
    return raw.removeprefix(b"\xef\xbb\xbf"), encoding, notes


def _from_utf16(name: str, raw: bytes, errors: str) -> bytes:
    try:
        return raw.decode("utf-16", errors).encode()
    except UnicodeDecodeError:
        raise DataProblem(name, ["the text is cut off or is no UTF-16"], next_step=EXPORT_AGAIN) from None


def _from_lines(name: str, raw: bytes) -> tuple[bytes, str, list[pl.DataFrame]]:
    """Text that is not all UTF-8: Windows-1252, save for lines that can be read as UTF-8."""
    lines, undefined, others, mixed = [], list[int](), 0, False
    for number, line in enumerate(raw.splitlines(keepends=True), 1):
        try:
            line.decode()
            mixed = mixed or not line.isascii()
        except UnicodeDecodeError:
            others += 1
            if UNDEFINED.search(line):
                undefined.append(number)
            line = line.decode("cp1252", "replace").encode()
        lines.append(line)
    notes = []
    if mixed:
        told = "some lines are UTF-8 and some Windows-1252: each was read as what it is"
        notes.append(file_warning(name, "mixed_encoding", others, told, EXPORT_AGAIN))
    if undefined:
        told = f"bytes that are letters neither in UTF-8 nor in Windows-1252, first in line {undefined[0]}"
        notes.append(file_warning(name, "undefined_bytes", len(undefined), told, EXPORT_AGAIN))
    return b"".join(lines), "utf-8 and cp1252" if mixed else "cp1252", notes


def file_warning(name: str, rule: str, count: int, message: str, remedy: str, *, sheet: str = "") -> pl.DataFrame:
    """A warning about a file as a whole."""
    return file_problem(
        file=name, sheet=sheet, rule=rule, severity="warning", count=count, message=message, remedy=remedy
    )
