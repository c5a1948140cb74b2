"""Session registers, long or wide, recognised by their columns: which column is which, date and session of each.

Shapes: one row a pupil, date and session; one row a pupil and date with the columns AM and PM; one row a pupil with a
column a date (pairs of marks such as `/\\`) or two (formats.md section 7 of the project's domain notes).
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import polars as pl

from sendlab.sources.cells import read_date
from sendlab.sources.names import plain
from sendlab.sources.session_rules import SESSION_TEXTS, SESSIONS, TABLE

FORMAT = "session register"
COLUMNS = TABLE.polars_schema
ALSO = {"school_id": ("School", "School ID"), "session": ("Sess",)}  # called so in registers alone
_DAY = re.compile(
    r"(?:(?P<early>am|pm)\W+)?(?:(?:mon|tue|wed|thu|fri)[a-z]*\W+)?(?P<day>\d.*?)(?P<second> \(2\))?"
    r"(?:[\s|_,.-]*\(?(?P<late>am|pm|morning|afternoon)\)?)?", re.IGNORECASE,
)  # fmt: skip


class Mark(NamedTuple):
    """A column of marks: its header, the ISO date ("" where the row says it), the session ("" for pairs of marks)."""

    header: str
    day: str
    session: str


@dataclass(frozen=True)
class Shape:
    """How a register is laid out: which column is which, and the columns of marks where there are several."""

    columns: dict[str, str]  # declared column -> the file's
    marks: tuple[Mark, ...] = ()
    unclear: tuple[str, ...] = ()  # further columns of a date and session that another column is already of

    @property
    def used(self) -> list[str]:
        """The file's columns that are read."""
        return [*self.columns.values(), *(mark.header for mark in self.marks)]


@dataclass(frozen=True)
class RegisterFile:
    """A register that was recognised and is yet to be read. `given`: what sendlab.toml says of it (school_id)."""

    path: Path
    shape: Shape
    source: str = ""
    given: dict[str, str] = field(default_factory=dict)
    sheet: str = ""


def shape_of(header: list[str]) -> Shape | None:
    """The layout of a register by its column names, or nothing where they are not those of a register.

    >>> shape_of(["UPN", "LAESTAB", "Date", "Session", "Mark"]).columns["attendance_code"]
    'Mark'
    >>> [mark.session for mark in shape_of(["UPN", "16/10/2024 AM", "16/10/2024 PM"]).marks]
    ['AM', 'PM']
    """
    names = _declared(header)
    if {"pupil_id", "session_date", "session", "attendance_code"} <= set(names):
        return Shape(names)
    if "pupil_id" not in names:
        return None
    named = {name: names[name] for name in COLUMNS if name in names and name not in ("session", "attendance_code")}
    if "session_date" in names:
        halves = [Mark(name, "", name.strip().upper()) for name in header if name.strip().upper() in SESSIONS]
        return Shape(named, tuple(halves)) if len(halves) == len(SESSIONS) else None
    marks = _marks(header)
    return Shape(named, marks, _repeats(header, marks)) if marks else None


def _declared(header: list[str]) -> dict[str, str]:
    found = {plain(name): name for name in reversed(header)}
    names: dict[str, str] = {}
    for column in TABLE.columns:
        tries = (found.get(plain(alias)) for alias in (column.name, *column.aliases, *ALSO.get(column.name, ())))
        name = next((name for name in tries if name and name not in names.values()), None)
        names |= {column.name: name} if name else {}
    return names


def _marks(header: list[str]) -> tuple[Mark, ...]:
    """The columns that are dates, with their session: named, or first and second of two columns of one name."""
    found = [(name, match) for name in header if (match := _DAY.fullmatch(name.strip()))]
    texts = pl.Series([match["day"] for _, match in found], dtype=pl.String)
    days, _ = read_date(texts.str.replace(r"^\d{5}$", ""), TABLE.column("session_date"))
    twice = {match["day"] for _, match in found if match["second"]}
    return tuple(
        Mark(name, day.isoformat(), _session(match, match["day"] in twice))
        for (name, match), day in zip(found, days, strict=True)
        if day is not None
    )


def _repeats(header: list[str], marks: tuple[Mark, ...]) -> tuple[str, ...]:
    """Columns whose name repeats that of a column of marks without being one itself."""
    known = {mark.header for mark in marks}
    return tuple(name for name in header if name not in known and re.sub(r" \(\d+\)'*$", "", name) in known)


def _session(match: re.Match[str], twice: bool) -> str:
    named = match["early"] or match["late"]
    return SESSION_TEXTS[named.lower()] if named else SESSIONS[bool(match["second"])] if twice else ""
