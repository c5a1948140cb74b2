"""What an .xlsx package may not be, looked at before Rust code opens it: hostile, damaged, locked or too large."""

import re
import zipfile
import zlib
from html import unescape
from pathlib import Path, PurePosixPath

from sendlab.errors import DataProblem
from sendlab.sources import limits
from sendlab.sources.limits import check_columns, check_packing

ARCHIVES = (".zip", ".xlsx", ".xlsm", ".gz", ".7z", ".rar")
PACKAGE_FAULTS = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError)
EMBEDDED = "xl/embeddings/"  # where Office itself keeps files within files; nothing there is opened
DECLARATION = re.compile(rb"<![dDeE]")  # <!DOCTYPE or <!ENTITY: no workbook has either
CELL_TAG = re.compile(rb"<(?:[^\s<>/!?]*:)?c[\s/>]")
PLACED_CELL = re.compile(rb"<(?:[^\s<>/!?]*:)?c\s+r=[\"']([A-Z]{1,3})(\d{1,7})[\"']")
NAMES_OF_SHEETS = 2**20  # bytes of the part that names the sheets
_SHEET = re.compile(rb'<(?:\w+:)?sheet\s[^>]*?\bname="([^"]*)"')
LONGEST_PIECE = 16 * limits.STEP  # of XML without a tag


def sheet_names(path: Path) -> list[str]:
    """The names of a workbook's sheets, from the small part that lists them; none of any other file."""
    if path.suffix.lower() not in (".xlsx", ".xlsm"):
        return []
    try:
        with zipfile.ZipFile(path) as package, package.open("xl/workbook.xml") as part:
            return [unescape(name.decode("utf-8")) for name in _SHEET.findall(part.read(NAMES_OF_SHEETS))]
    except (*PACKAGE_FAULTS, KeyError):
        return []  # no sound workbook: whoever opens it will say so


def check_package(name: str, package: zipfile.ZipFile, size: int) -> None:
    """Looks at every part of a package of `size` bytes; a DataProblem where it is not to be opened."""
    entries = package.infolist()
    names = [entry.filename for entry in entries]
    if len(entries) > limits.MAX_ENTRIES or len(set(map(str.lower, names))) < len(names):
        raise _hostile(name, "it holds too many files, or two of one name")
    if any(_is_hostile(entry.orig_filename) for entry in entries):
        raise _hostile(name, "it holds a file whose name leads out of it, or an archive within the archive")
    if "xl/workbook.xml" not in names:
        raise DataProblem(name, ["it is no .xlsx workbook"], next_step="open it in Excel and save it as .xlsx")
    total = 0
    for entry in entries:
        if entry.flag_bits & 1 or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise DataProblem(name, ["it has a password, or is packed as no workbook is"],
                              next_step="save it anew from Excel, without a password")  # fmt: skip
        total = _check_entry(name, package, entry, size, total)


def _check_entry(name: str, package: zipfile.ZipFile, entry: zipfile.ZipInfo, size: int, total: int) -> int:
    """Unpacks one part step by step, to its true end, and returns the bytes unpacked so far."""
    declared, entry.file_size = entry.file_size, limits.MAX_BYTES + limits.STEP  # the size it declares may be a lie
    is_xml = entry.filename.lower().endswith((".xml", ".rels", ".vml"))
    unpacked, rest, extent = 0, b"", (0, 0)
    with package.open(entry) as part:
        while step := part.read(limits.STEP):
            unpacked += len(step)
            check_packing(name, total + unpacked, size)
            if is_xml:
                rest, extent = _scan(name, rest + step, extent)
    if is_xml:
        _scan(name, rest + b"<", extent)
    if unpacked != declared:
        raise _hostile(name, "a part of it unpacks to another size than it declares")
    return total + unpacked


def _scan(name: str, xml: bytes, extent: tuple[int, int]) -> tuple[bytes, tuple[int, int]]:
    """Looks at XML up to its last tag; returns what is left, and the rows and columns that the cells reach over."""
    whole, rest = xml[: (cut := max(xml.rfind(b"<"), 0))], xml[cut:]
    if b"\0" in xml or DECLARATION.search(whole) or len(rest) > LONGEST_PIECE:
        raise _hostile(name, "its XML declares entities, is not UTF-8 or holds more than a cell can")
    placed = PLACED_CELL.findall(whole)
    if len(placed) != len(CELL_TAG.findall(whole)):
        raise _hostile(name, "it holds cells that do not say where they stand")
    rows = max(extent[0], max((int(row) for _, row in placed), default=0))
    columns = max(extent[1], max(map(_column, {letters for letters, _ in placed}), default=0))
    check_columns(name, columns)
    if rows > limits.MAX_SHEET_ROW or rows * columns > limits.MAX_CELLS:  # calamine holds the whole rectangle
        raise DataProblem(
            name, [f"a sheet reaches over more than {limits.MAX_CELLS:,} cells, or beyond Excel's last row"],
            next_step="delete what stands far below or far right of the table, or split it",
        )  # fmt: skip
    return rest, (rows, columns)


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _is_hostile(name: str) -> bool:
    where = PurePosixPath(name)
    leads_out = where.is_absolute() or ".." in where.parts or any(sign in name for sign in "\\:\0")
    return leads_out or (name.lower().endswith(ARCHIVES) and not name.startswith(EMBEDDED))


def _hostile(name: str, why: str) -> DataProblem:
    return DataProblem(name, [f"{why}: it is not opened"], next_step="save it anew from Excel, or ask its sender")
