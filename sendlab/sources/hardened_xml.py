"""XML from outside, read in one pass by a hardened parser and never held as a tree.

Refused with a clear DataProblem: document types and entities (so nothing outside the file is ever fetched), deep
nesting, huge tags and files, endless names. A file that breaks off or is not well formed is refused with its line.
No text of the file stands in a message.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from sendlab.errors import DataProblem
from sendlab.sources.limits import held_still, unreadable
from sendlab.sources.names import plain

MAX_BYTES = 500 * 2**20  # the largest authority's SEN2 return is under 100 MB
MAX_ELEMENTS = 20_000_000
MAX_DEPTH = 64
MAX_NAMES = 1_000  # different names of elements and attributes; a SEN2 return has about 90
MAX_NAME = 1_000  # characters of a name with its namespace
MAX_TAG = 2**20  # bytes of one tag with its attributes
READ_BYTES = 2**16
BREAKS_OFF = (3, 5)  # expat: no element found, unclosed token


def refused(path: Path, told: str) -> DataProblem:
    """The problem of a file that may do harm."""
    return DataProblem(path.name, [f"not read, for it may do harm: {told}"], next_step="export the return again")


def feed(path: Path, target: "Target") -> None:
    """Tell `target` of all elements of a file."""
    with held_still(path) as size:
        if size > MAX_BYTES:
            raise refused(path, f"it is larger than {MAX_BYTES >> 20} MB")
        try:
            _feed(path, _Feed(path, target))
        except OSError as fault:
            raise unreadable(path.name, fault) from None


def _feed(path: Path, feeder: "_Feed") -> None:
    with path.open("rb") as handle:
        while chunk := handle.read(READ_BYTES):
            feeder.take(chunk)
    feeder.end()


class _Feed:
    """A hardened parser that is fed piece by piece and stops at the first sign of harm."""

    def __init__(self, path: Path, target: "Target") -> None:
        self.path, self.fed = path, 0
        self.parser = DefusedXMLParser(target=target, forbid_dtd=True)
        target.expat = self.parser.parser

    def take(self, chunk: bytes) -> None:
        """Parse one more piece."""
        if b"\0" in chunk:
            told = "the file is UTF-16, or holds NUL characters"
            raise DataProblem(self.path.name, [told], next_step="save it as UTF-8 XML, or export it again")
        self._run(self.parser.feed, chunk)
        self.fed += len(chunk)
        if self.fed - self.parser.parser.CurrentByteIndex > MAX_TAG:
            raise refused(self.path, f"one tag is longer than {MAX_TAG} bytes")

    def end(self) -> None:
        """The file must be complete here."""
        self._run(self.parser.close)

    def _run(self, step: Callable[..., object], *given: bytes) -> None:
        try:
            step(*given)
        except DefusedXmlException:
            raise refused(self.path, "it declares a document type or entities, and no SEN2 return does") from None
        except ParseError as fault:
            told = "it breaks off" if fault.code in BREAKS_OFF else "it is not well-formed XML in the encoding it names"
            where = f"line {fault.position[0]}: {told}"
            raise DataProblem(self.path.name, [where], next_step="export it again, as UTF-8") from None
        except (LookupError, ValueError):  # of an encoding that Python does not know, or that is no 8-bit one
            told = "the encoding that it names is not known"
            raise DataProblem(self.path.name, [told], next_step="save it as UTF-8 XML") from None


class Target(ABC):
    """What the parser tells: elements by plain name. Counts what a hostile file could have too many of."""

    expat: Any = None

    def __init__(self, path: Path) -> None:
        self.path, self.depth, self.elements = path, 0, 0
        self.names: dict[str, str] = {}  # name as it stands -> without namespace and case

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        self.depth += 1
        self.elements += 1
        for name in (tag, *attributes):
            if name not in self.names:
                self._meet(name)
        if self.depth > MAX_DEPTH:
            raise refused(self.path, f"its elements are nested more than {MAX_DEPTH} deep")
        if self.elements > MAX_ELEMENTS:
            raise refused(self.path, f"it has more than {MAX_ELEMENTS:,} elements")
        self.opened(self.names[tag])

    def _meet(self, name: str) -> None:
        self.names[name] = plain(name.rpartition("}")[2])
        if len(name) > MAX_NAME or len(self.names) > MAX_NAMES:
            raise refused(self.path, f"it has a name of over {MAX_NAME} characters, or over {MAX_NAMES} names")

    def end(self, tag: str) -> None:
        """An element ends."""
        self.closed(self.names[tag])
        self.depth -= 1

    def close(self) -> None:  # noqa: B027 (the parser calls it; nothing to do)
        """The file ends."""

    @abstractmethod
    def opened(self, name: str) -> None:
        """What to do where an element begins."""

    @abstractmethod
    def closed(self, name: str) -> None:
        """What to do where an element ends."""
