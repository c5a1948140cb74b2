"""The texts of files that are no text: workbooks, slides, PDF, PNG, Parquet, Arrow; what they carry out of sight."""

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

from sendlab.publish.scan_figures import sheet_lines
from sendlab.publish.scan_files import markup
from sendlab.publish.scan_text import Piece

HIDDEN_SHEET = "a hidden sheet"
HIDDEN_SLIDE = "a hidden slide"
HIDDEN_SHAPE = "a hidden shape"
CROPPED = "a cropped picture, which still holds what it hides"
NOT_READ = "a part of a kind that is not looked through"
COMMENT = "a comment"
DEFINED_NAME = "a defined name"
OUTSIDE_LINK = "a link to another file"
ATTACHED = "an attached file"
TRAILING = "bytes behind its end"
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_TEXT_CHUNKS = (b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"iCCP")
# What a workbook or deck may hide, as patterns of its parts: (name of the part, what stands in it, what is wrong).
_OUT_OF_SIGHT = (
    (re.compile(r"xl/workbook\.xml"), re.compile(r'<sheet\b[^>]*\bstate="(?:very)?hidden"', re.I), HIDDEN_SHEET),
    (re.compile(r"xl/workbook\.xml"), re.compile(r'<definedName\b(?![^>]*name="_xlnm\.)'), DEFINED_NAME),
    (re.compile(r"(?:xl/(?:threaded)?comments|ppt/comments).*"), re.compile(r"<"), COMMENT),
    (re.compile(r"xl/externalLinks/.*"), re.compile(r"<"), OUTSIDE_LINK),
    (re.compile(r"ppt/slides/slide\d+\.xml"), re.compile(r'<p:sld\b[^>]*\bshow="(?:0|false)"'), HIDDEN_SLIDE),
    (re.compile(r"ppt/.*slide\d+\.xml", re.I), re.compile(r'<p:cNvPr\b[^>]*\bhidden="(?:1|true)"'), HIDDEN_SHAPE),
    (re.compile(r"ppt/slides/slide\d+\.xml"), re.compile(r'<a:srcRect\b[^>]*\b[ltrb]="[^0"]'), CROPPED),
    (re.compile(r"ppt/.*\.rels"), re.compile(r'TargetMode="External"'), OUTSIDE_LINK),
    (re.compile(r"ppt/.*\.(?!xml$|rels$|vml$|png$|xlsx$)\w+"), re.compile(""), NOT_READ),
)  # fmt: skip


def office_pieces(data: bytes, place: str = "") -> Iterator[Piece]:
    """All parts of an XLSX or PPTX file: cells, cached values, notes, comments, properties, embedded workbooks."""
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        yield from _headings(package, place)
        for name in package.namelist():
            where, content = f"{place}{name}", package.read(name)
            yield Piece(f"{place}names of parts", name)
            if name.endswith((".xml", ".rels", ".vml")):
                yield from markup(content.decode("utf-8"), where)
            elif name.endswith((".xlsx", ".pptx", ".docx")):
                yield from office_pieces(content, f"{where} > ")
            elif name.endswith(".png"):
                yield from png_pieces(content, where)


def _headings(package: zipfile.ZipFile, place: str) -> Iterator[Piece]:
    """Names of columns of native tables, and each sheet's first row with more than one cell: titles stand alone."""
    for name in package.namelist():
        if name.startswith("xl/tables/"):
            names = re.findall(r'<tableColumn\b[^>]*\bname="([^"]*)"', package.read(name).decode("utf-8"))
            yield from (Piece(f"{place}{name}", text, heading=True) for text in names)
    for name, lines in sheet_lines(package):
        first = next((line for line in lines if len(line) > 1), {})
        yield from (Piece(f"{place}{name}", str(text), heading=True) for text in first.values())


def out_of_sight(data: bytes, place: str = "") -> Iterator[tuple[str, str]]:
    """(part, what) of what an XLSX or PPTX file hides from whoever looks at it: no published file needs any of it."""
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        for name in package.namelist():
            content = package.read(name)
            for part, pattern, kind in _OUT_OF_SIGHT:
                if part.fullmatch(name) and pattern.search(content.decode("utf-8", "replace")):
                    yield f"{place}{name}", kind
            if name.endswith((".xlsx", ".pptx")):
                yield from out_of_sight(content, f"{place}{name} > ")


def png_pieces(data: bytes, place: str = "") -> Iterator[Piece]:
    """The text chunks of a PNG, unpacked. Not a PNG, or one that is cut short: ValueError."""
    for kind, body in _chunks(data):
        if kind in _TEXT_CHUNKS:
            yield Piece(f"{place} {kind.decode()}".strip(), _chunk_text(kind, body))


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    if not data.startswith(_SIGNATURE):
        raise ValueError("no PNG")
    place = len(_SIGNATURE)
    while place < len(data):
        size, kind = struct.unpack(">I4s", data[place : place + 8])
        yield kind, data[place + 8 : place + 8 + size]
        place += 12 + size
        if kind == b"IEND":
            return
    raise ValueError("a PNG without an end")


def behind_end(data: bytes) -> bool:
    """Whether there is anything behind the end of a PNG."""
    return 8 + sum(12 + len(body) for _, body in _chunks(data)) != len(data)


def _chunk_text(kind: bytes, body: bytes) -> str:
    """Keyword and text of a chunk, unpacked where it is packed (PNG specification, second edition, 11.3.4)."""
    packed = body.find(b"x") if kind in (b"zTXt", b"iTXt", b"iCCP") else -1
    while packed >= 0:
        try:
            body = body[:packed] + b" " + zlib.decompress(body[packed:])
            break
        except zlib.error:
            packed = body.find(b"x", packed + 1)
    return body.replace(b"\x00", b" ").decode("utf-8", "replace")


def pdf_pieces(data: bytes) -> Iterator[Piece]:
    """The text of each page, notes on it, attached files, properties and XMP of a PDF. A locked one: ValueError."""
    from pypdf import PdfReader

    book = PdfReader(io.BytesIO(data))
    if book.is_encrypted:
        raise ValueError("a locked PDF")
    for number, page in enumerate(book.pages, 1):
        yield Piece(f"page {number}", page.extract_text())
        for note in page.get("/Annots") or ():
            yield Piece(f"page {number}, a note", str(note.get_object()))
    for name, contents in book.attachments.items():
        yield from (Piece("an attached file", f"{name} {content.decode('utf-8', 'replace')}") for content in contents)
    yield from (Piece("properties", f"{name} {value}") for name, value in (book.metadata or {}).items())
    if (xmp := book.root_object.get("/Metadata")) is not None:
        yield from markup(xmp.get_object().get_data().decode("utf-8", "replace"), "XMP")


def attached(data: bytes) -> bool:
    """Whether a PDF carries files within."""
    from pypdf import PdfReader

    return bool(PdfReader(io.BytesIO(data)).attachments)


def arrow_table(data: bytes) -> Any:
    """A Parquet or Arrow file as an Arrow table; text columns of Parquet keep the dictionary they were stored with."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if data[:4] == b"PAR1":
        text = (pa.types.is_string, pa.types.is_large_string)
        names = [field.name for field in pq.read_schema(io.BytesIO(data)) if any(kind(field.type) for kind in text)]
        return pq.read_table(io.BytesIO(data), read_dictionary=names)
    open_it = pa.ipc.open_file if data[:6] == b"ARROW1" else pa.ipc.open_stream
    return open_it(pa.BufferReader(data)).read_all()


def arrow_pieces(table: Any) -> Iterator[Piece]:
    """Names of columns, metadata of schema and columns, and every text, used in a row or only in a dictionary."""
    for key, value in (table.schema.metadata or {}).items():
        yield Piece("metadata", f"{key.decode('utf-8', 'replace')} {value.decode('utf-8', 'replace')}")
    for number, column in enumerate(table.schema, 1):
        yield Piece(f"the name of column {number}", column.name, heading=True)
        for key, value in (column.metadata or {}).items():
            yield Piece(f"metadata of column {number}", f"{key!r} {value!r}")
    for number, column in enumerate(table.columns, 1):
        yield Piece(f"column {number}", "\n".join(sorted(_texts(column))))


def _texts(column: Any) -> set[str]:
    """The texts and numbers of a column; those of a dictionary too that no row uses."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        return {str(value) for chunk in column.chunks for value in chunk.dictionary.to_pylist() if value is not None}
    found = column.to_pylist() if pa.types.is_nested(column.type) else column.unique().to_pylist()
    return {str(value) for value in found if value is not None}
