"""Bytes within bytes: what base64, gzip, zlib, zip and hexadecimal hide, and whether a planted value is in it."""

import base64
import binascii
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from html import unescape
from urllib.parse import unquote_to_bytes

DEPTH = 4  # zip > workbook part > base64 > gzip is as deep as anything we write
MOST_BYTES = 400_000_000  # unfolded in all; more is no report
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{16,}(?:(?:\r?\n|\\n)[A-Za-z0-9+/_-]+)*={0,2}")
_HEX = re.compile(rb"(?<![0-9A-Za-z+/])[0-9A-Fa-f]{8,}(?![0-9A-Za-z+/])")
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
_ZLIB_STARTS = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
_SHORT = 1000  # bytes: of those the first are enough where the same stand again
_LEAST = 4  # bytes that anything unfolded must have to be looked at


class TooMuch(ValueError):
    """More than a published file can hold: it is not looked through to the end, so it is refused."""


def unfolded(data: bytes, place: str) -> Iterator[tuple[str, bytes]]:
    """(place, bytes): the bytes themselves and everything packed within, to a depth of four; the same bytes once.

    Raises `TooMuch` where it swells beyond all measure.

    >>> import gzip
    >>> inner = base64.b64encode(gzip.compress(b"Quillabar Zyxwerthy"))
    >>> [place for place, found in unfolded(b"x=" + inner, "text") if b"Quillabar" in found]
    ['text > base64 > gzip']
    """
    left, waiting, seen = MOST_BYTES, [(place, data, 0)], dict[bytes, int]()
    while waiting:
        where, content, depth = waiting.pop()
        if len(content) < _SHORT:  # words that look like base64 stand in a page again and again
            if seen.get(content, DEPTH + 1) <= depth:  # looked into as deep as this time
                continue
            seen[content] = depth
        left -= len(content)
        if left < 0:
            raise TooMuch(where)
        yield where, content
        if depth < DEPTH:
            waiting += [(f"{where} > {name}", inner, depth + 1) for name, inner in _inside(content) if inner]


def _inside(content: bytes) -> Iterator[tuple[str, bytes]]:
    if content.startswith(b"PK\x03\x04") and zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            for member in package.infolist():
                if member.file_size > MOST_BYTES:
                    raise TooMuch(member.filename)
                yield member.filename, member.filename.encode() + b"\n" + package.read(member)
        return
    for name, starts, bits in (("gzip", (b"\x1f\x8b\x08",), 31), ("zlib", _ZLIB_STARTS, 15)):
        for start in starts:
            yield from ((name, found) for found in _inflated(content, start, bits))
    if not (text := plain_text(content)):
        return  # signs of an alphabet among other bytes mean nothing
    content = text.encode("utf-8")
    yield from (("base64", found) for found in _base64_in(content))
    yield from (("hexadecimal", bytes.fromhex(_even(run.group()))) for run in _HEX.finditer(content))
    if b"%" in content and (plain := unquote_to_bytes(content)) != content:
        yield "percent signs", plain


def _even(digits: bytes) -> str:
    return digits[: len(digits) // 2 * 2].decode("ascii")


def _inflated(content: bytes, start: bytes, bits: int) -> Iterator[bytes]:
    """Every stream that begins with these bytes, as far as it can be unpacked."""
    place = content.find(start)
    while place >= 0:
        machine = zlib.decompressobj(bits)
        try:
            found = machine.decompress(content[place:], MOST_BYTES)
        except zlib.error:
            found = b""
        if len(found) >= _LEAST:
            yield found
            place = max(place, len(content) - len(machine.unused_data) - 1 if machine.eof else place)
        place = content.find(start, place + 1)


def _base64_in(content: bytes) -> Iterator[bytes]:
    for run in _BASE64.finditer(content):
        letters = re.sub(rb"\r?\n|\\n", b"", run.group()).rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
        letters = letters[: len(letters) - (len(letters) % 4 == 1)]
        try:
            yield base64.b64decode(letters + b"=" * (-len(letters) % 4))
        except binascii.Error:  # cannot be: only letters of the alphabet in whole groups
            continue


def plain_text(content: bytes) -> str:
    """What the bytes say if they are text in UTF-8 or UTF-16, else nothing.

    >>> plain_text("Oak".encode("utf-16")), plain_text(bytes([0, 159, 146, 150]))
    ('Oak', '')
    """
    try:
        text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8")
    except UnicodeDecodeError:
        return ""
    return "" if "\x00" in text else text


class Canaries:
    """Planted values, and every way in which bytes may hold them."""

    def __init__(self, canaries: tuple[str | float, ...]) -> None:
        texts = [text for text in canaries if isinstance(text, str)]
        numbers = [float(number) for number in canaries if not isinstance(number, str)]
        self._texts = [text.casefold() for text in texts]
        self._wide = [text.encode(name) for text in texts for name in ("utf-16-le", "utf-16-be")]
        self._numbers = [re.compile(_written(number)) for number in numbers]
        self._packed = [packed for number in numbers for packed in _packed(number)]

    def __bool__(self) -> bool:
        return bool(self._texts or self._numbers)

    def in_text(self, text: str) -> bool:
        """Whether a text holds one: letters of any case, numbers with or without separators of thousands."""
        read = _ESCAPED.sub(lambda found: chr(int(found.group(1), 16)), unescape(text))
        folded = read.casefold()
        return any(word in folded for word in self._texts) or any(number.search(read) for number in self._numbers)

    def in_bytes(self, content: bytes) -> bool:
        """Whether bytes hold one, as text in UTF-8, UTF-16 or Latin-1, or as a number of 8 bytes."""
        readings = [content.decode("utf-8", "replace"), content.decode("latin-1")]
        if b"\x00" in content:
            readings.append(content.replace(b"\x00", b"").decode("latin-1"))
        raw = any(packed in content for packed in (*self._wide, *self._packed))
        return raw or any(self.in_text(text) for text in readings)


def _written(number: float) -> str:
    """A pattern of the number as people and programs write it: 7919, 7,919, 7919.0.

    >>> [bool(re.search(_written(7919.5), text)) for text in ("7,919.50", "17919.5", "7919.51")]
    [True, False, False]
    """
    whole, _, rest = f"{abs(number):.10f}".rstrip("0").partition(".")
    tail = rf"\.{rest}0*" if rest else r"(?:\.0+)?"
    groups = r"[,\u00a0\u2009 ]".join(f"{int(whole):,}".split(","))
    # a comma before or behind plain digits parts the cells of a CSV
    return rf"(?<!\d)(?<!\d\.)(?:{whole}{tail}(?!\d)(?!\.\d)|(?<!\d,){groups}{tail}(?!\d)(?![.,]\d))"


def _packed(number: float) -> Iterator[bytes]:
    yield from (struct.pack(order + "d", number) for order in "<>")
    if number.is_integer():
        yield from (struct.pack(order + "q", int(number)) for order in "<>")
