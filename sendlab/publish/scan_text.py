"""What no published text may hold: identifiers of pupils, paths of this machine, e-mail addresses, own views' marks."""

import re
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import NamedTuple

from sendlab.disclosure.published import OWN_VIEW_MARK

UPN = "a UPN"
PSEUDONYM = "a pseudonym (32 hexadecimal digits)"
PUPIL_COLUMN = "a column of pupils"
MACHINE_PATH = "a path of this machine"
EMAIL = "an e-mail address"
OWN_VIEW = "an analyst's own view"
CANARY = "a planted value"

# Runs of letters and digits long enough for an identifier: far quicker than to try one at every sign of a page.
_RUN = re.compile(r"[0-9A-Za-z]{13,}")
# Any case, and whatever its check letter: a UPN with a slip in it is still somebody's.
_UPN = re.compile(r"[A-HJ-NP-RT-Z]\d{11}[0-9A-Z]", re.IGNORECASE)
_PSEUDONYM = re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])", re.IGNORECASE)
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}(?![\w-])")
_FOLDERS = ("home", "users", "root", "tmp", "var", "opt", "srv", "mnt", "private", "volumes")
_DRIVE_FOLDERS = ("users", "windows", "temp", "documents", "programdata")
_PATHS = re.compile(
    rf"(?<![\w.:/<\\])(?:/(?:{'|'.join(_FOLDERS)})/[\w.]"
    rf"|[a-z]:(?:\\{{1,2}}|/)(?:{'|'.join(_DRIVE_FOLDERS)})\b"
    r"|\\\\[a-z][\w.-]+\\[\w$.-]{2,})"
)
# One of these stands in every text that the pattern can match.
_PATH_SIGNS = ("\\\\", ":\\", *(f"/{name}/" for name in _FOLDERS), *(f":/{name}" for name in _DRIVE_FOLDERS))
_OWN_VIEW = re.compile(r"\s+".join(map(re.escape, OWN_VIEW_MARK.lower().split())))
_BETWEEN = "\0"  # between texts: no pattern can match it, and to none is it part of a word
_LETTERS = 1_000_000
COLUMNS = frozenset(
    ("pupil_id", "upn", "former_upn", "surname", "forename", "date_of_birth", "dob", "postcode", "upn_status")
)


class Piece(NamedTuple):
    """A text found in a file: where it stands, whether it heads a column, and whether it is another reading of one."""

    place: str
    text: str
    heading: bool = False
    again: bool = False


def machine_roots() -> tuple[str, ...]:
    """Folders of this machine that tell who runs it or where: the home folder, Python's, that for scratch files."""
    known = (Path.home(), Path(sys.prefix), Path(tempfile.gettempdir()))
    return tuple(sorted({path.as_posix() for path in known if path != Path(path.anchor)}))


@dataclass(frozen=True)
class Forbidden:
    """What a scan looks for beside identifiers.

    `canaries` are values that tests plant where nothing may come from: texts, or numbers that occur nowhere else.
    `roots` are folders of this machine; `contacts` are e-mail addresses that an authority wants printed.
    """

    canaries: tuple[str | float, ...] = ()
    roots: tuple[str, ...] = field(default_factory=machine_roots)
    contacts: frozenset[str] = frozenset()
    columns: frozenset[str] = COLUMNS


def faults_of(pieces: Iterable[Piece], forbidden: Forbidden) -> Iterator[tuple[str, str]]:
    """As `faults_in`, of many pieces: looked through many at a time, and one by one only where there is something.

    >>> list(faults_of([Piece("cell 1", "one"), Piece("cell 2", "H801200001001")], Forbidden()))
    [('cell 2', 'a UPN')]
    """
    for some in _many(pieces):
        together = Piece("", _BETWEEN.join(piece.text for piece in some))
        any_fault = any(True for _ in faults_in(together, forbidden))
        for piece in some:
            yield from faults_in(piece, forbidden) if any_fault else _column(piece, forbidden)


def _many(pieces: Iterable[Piece]) -> Iterator[list[Piece]]:
    """The pieces in turn, as many at a time as hold a million letters: a large workbook has many times that."""
    some: list[Piece] = []
    letters = 0
    for piece in pieces:
        some.append(piece)
        letters += len(piece.text)
        if letters > _LETTERS:
            yield some
            some, letters = [], 0
    yield some


def faults_in(piece: Piece, forbidden: Forbidden) -> Iterator[tuple[str, str]]:
    """(place, kind) of each thing that the text may not hold; the place has the line where there is more than one.

    >>> list(faults_in(Piece("text", "one\\nH801200001001"), Forbidden()))
    [('text, line 2', 'a UPN')]
    """
    yield from _column(piece, forbidden)
    for run in _RUN.finditer(piece.text):
        if kind := _identifier(run.group()):
            yield _place(piece, run.start()), kind
    low = piece.text.lower()
    for found in _EMAIL.finditer(low) if "@" in low else ():
        if found.group() not in forbidden.contacts:
            yield _place(piece, found.start()), EMAIL
    if "unprotected" in low and _OWN_VIEW.search(low):
        yield piece.place, OWN_VIEW
    yield from ((_place(piece, start), MACHINE_PATH) for start in _paths_in(low, forbidden.roots))


def _column(piece: Piece, forbidden: Forbidden) -> Iterator[tuple[str, str]]:
    if piece.heading and piece.text.strip().casefold().replace(" ", "_") in forbidden.columns:
        yield piece.place, PUPIL_COLUMN


def _identifier(run: str) -> str:
    if len(run) == 13:
        return UPN if _UPN.fullmatch(run) else ""
    return PSEUDONYM if len(run) >= 32 and _PSEUDONYM.search(run) else ""


def _paths_in(low: str, roots: tuple[str, ...]) -> Iterator[int]:
    if any(sign in low for sign in _PATH_SIGNS):
        yield from (found.start() for found in _PATHS.finditer(low))
    for root in roots:
        last = root.rsplit("/", 1)[-1].lower()
        if f"/{last}" in low or f"\\{last}" in low:
            yield from (found.start() for found in _spelt(root.lower()).finditer(low))


@cache
def _spelt(root: str) -> re.Pattern[str]:
    """A folder with any kind of slash, doubled or not, and nothing before it that would make it part of a name."""
    parts = [re.escape(part) for part in root.replace("\\", "/").split("/")]
    return re.compile(r"(?<![\w.:/<])" + r"[\\/]{1,2}".join(parts) + r"(?![\w-])")


def _place(piece: Piece, start: int) -> str:
    if "\n" not in piece.text:
        return piece.place
    return f"{piece.place}, line {piece.text.count(chr(10), 0, start) + 1}"
