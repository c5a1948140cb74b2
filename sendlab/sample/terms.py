"""When things happen in the sample: terms, school days, censuses and what each census carries."""

from typing import NamedTuple

import numpy as np
import polars as pl

from sendlab.sample.settings import FIRST_YEAR

HOLIDAYS = np.array(
    [
        *np.arange("2023-10-23", "2023-10-28", dtype="datetime64[D]"),
        *np.arange("2024-02-12", "2024-02-17", dtype="datetime64[D]"),
        *np.arange("2024-10-28", "2024-11-02", dtype="datetime64[D]"),
        *np.arange("2025-02-17", "2025-02-22", dtype="datetime64[D]"),
        *np.arange("2025-10-27", "2025-11-01", dtype="datetime64[D]"),
        *np.arange("2026-02-16", "2026-02-21", dtype="datetime64[D]"),
        *(np.datetime64(day) for day in ("2024-05-06", "2025-05-05", "2026-05-04")),
    ]
)


def between(column: str, first: np.datetime64, last: np.datetime64) -> pl.Expr:
    """Whether a date falls in a stretch, both days included."""
    return pl.col(column).is_between(pl.lit(first), pl.lit(last))


class Part(NamedTuple):
    """A stretch of a school year whose attendance is returned as one."""

    year: int
    term: str
    part: str
    first: np.datetime64
    last: np.datetime64


def _part(year: int, term: str, part: str, first: str, last: str) -> Part:
    return Part(year, f"{term} term", part, np.datetime64(first), np.datetime64(last))


PARTS = (
    _part(0, "Autumn", "whole term", "2023-09-05", "2023-12-20"),
    _part(0, "Spring", "whole term", "2024-01-08", "2024-03-28"),
    _part(0, "Summer", "to late May", "2024-04-15", "2024-05-24"),
    _part(0, "Summer", "second half", "2024-06-03", "2024-07-19"),
    _part(1, "Autumn", "whole term", "2024-09-03", "2024-12-20"),
    _part(1, "Spring", "whole term", "2025-01-06", "2025-04-11"),
    _part(1, "Summer", "to late May", "2025-04-28", "2025-05-23"),
    _part(1, "Summer", "second half", "2025-06-02", "2025-07-22"),
    _part(2, "Autumn", "whole term", "2025-09-02", "2025-12-19"),
    _part(2, "Spring", "whole term", "2026-01-05", "2026-03-27"),
    _part(2, "Summer", "to late May", "2026-04-13", "2026-05-22"),
    _part(2, "Summer", "second half", "2026-06-01", "2026-07-21"),
)
YEAR_11_LEAVES = tuple(np.datetime64(day) for day in ("2024-06-28", "2025-06-27", "2026-06-26"))
SUMMER_BEFORE = (np.datetime64("2023-04-17"), np.datetime64("2023-07-21"))  # events in the first spring census


def first_day(year: int) -> np.datetime64:
    """First school day of year 0 to 3 of the sample, or of an earlier year (3 September)."""
    starts = {part.year: part.first for part in reversed(PARTS)} | {3: np.datetime64("2026-09-02")}
    return starts.get(year, np.datetime64(f"{FIRST_YEAR + year}-09-03"))


def last_day(year: int) -> np.datetime64:
    """Last school day of year 0, 1 or 2 of the sample."""
    return PARTS[4 * year + 3].last


def school_days(first: np.datetime64, last: np.datetime64, year: int | None = None) -> np.ndarray:
    """School days in a stretch; with a year, only those inside its terms."""
    days = np.arange(first, last + 1)
    days = days[np.is_busday(days, holidays=HOLIDAYS)]
    if year is None:
        return days
    return days[np.any([(days >= p.first) & (days <= p.last) for p in PARTS if p.year == year], axis=0)]


class Census(NamedTuple):
    """One census: its day, the attendance parts it returns and the window of its suspensions."""

    prefix: str
    code: str  # SPR, SUM, AUT
    calendar_year: int
    year: int
    term: str
    day: np.datetime64
    parts: tuple[int, ...]  # positions in PARTS
    events_from: np.datetime64
    events_to: np.datetime64

    @property
    def autumn(self) -> bool:
        """Autumn census: two attendance parts."""
        return self.code == "AUT"

    @property
    def spring(self) -> bool:
        """Spring census: the one with need types and ethnicity."""
        return self.code == "SPR"

    @property
    def totals(self) -> bool:
        """Totals of absence stand beside the reason rows: until autumn 2024."""
        return self.calendar_year < 2025

    @property
    def exports(self) -> tuple[str, ...]:
        """Names of the exports: in autumn 2025 maintained schools and academies were exported apart."""
        return ("_maintained", "_academies") if self.prefix == "2025_autumn" else ("",)

    @property
    def count_type(self) -> type[pl.DataType]:
        """How the export writes sessions: 66.0 until 2025, then 66."""
        return pl.Int64 if self.calendar_year > 2025 else pl.Float64


def _census(
    code: str, calendar_year: int, year: int, day: str, parts: tuple[int, ...], window: tuple[str, str]
) -> Census:
    term = {"SPR": "spring", "SUM": "summer", "AUT": "autumn"}[code]
    return Census(
        f"{calendar_year}_{term}", code, calendar_year, year, f"{term.capitalize()} term", np.datetime64(day), parts,
        np.datetime64(window[0]), np.datetime64(window[1]),
    )  # fmt: skip


# Spring: attendance of the autumn term, events from Easter Monday to 31 July. Summer: the spring term, events from
# 1 August to 31 December. Autumn: the summer term in two parts, events from 1 January to Easter Sunday. The first is
# that of spring 2024: what autumn 2023 returned is of 2022/23. Only 2024 has its summer census: in later years the
# authority holds the spring term as an extract, and events of autumn as the schools' notifications.
CENSUSES = (
    _census("SPR", 2024, 0, "2024-01-18", (0,), ("2023-04-10", "2023-07-31")),
    _census("SUM", 2024, 0, "2024-05-16", (1,), ("2023-08-01", "2023-12-31")),
    _census("AUT", 2024, 1, "2024-10-03", (2, 3), ("2024-01-01", "2024-03-31")),
    _census("SPR", 2025, 1, "2025-01-16", (4,), ("2024-04-01", "2024-07-31")),
    _census("AUT", 2025, 2, "2025-10-02", (6, 7), ("2025-01-01", "2025-04-20")),
    _census("SPR", 2026, 2, "2026-01-15", (8,), ("2025-04-21", "2025-07-31")),
    _census("AUT", 2026, 3, "2026-10-01", (10, 11), ("2026-01-01", "2026-04-05")),
)


def censuses_from(year: int) -> tuple[Census, ...]:
    """The censuses of an authority whose data begin in a year: its autumn census is of the year before.

    >>> [census.prefix for census in censuses_from(2)]
    ['2026_spring', '2026_autumn']
    """
    return tuple(c for c in CENSUSES if c.year > year or (c.year == year and not c.autumn))
