"""When things happen in the sample: terms, school days, censuses and what each census carries."""

from typing import NamedTuple

import numpy as np
import polars as pl

HOLIDAYS = np.array(
    [
        *np.arange("2024-10-28", "2024-11-02", dtype="datetime64[D]"),
        *np.arange("2025-02-17", "2025-02-22", dtype="datetime64[D]"),
        *np.arange("2025-10-27", "2025-11-01", dtype="datetime64[D]"),
        *np.arange("2026-02-16", "2026-02-21", dtype="datetime64[D]"),
        np.datetime64("2025-05-05"),
        np.datetime64("2026-05-04"),
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
    _part(0, "Autumn", "whole term", "2024-09-03", "2024-12-20"),
    _part(0, "Spring", "whole term", "2025-01-06", "2025-04-11"),
    _part(0, "Summer", "to late May", "2025-04-28", "2025-05-23"),
    _part(0, "Summer", "second half", "2025-06-02", "2025-07-22"),
    _part(1, "Autumn", "whole term", "2025-09-02", "2025-12-19"),
    _part(1, "Spring", "whole term", "2026-01-05", "2026-03-27"),
    _part(1, "Summer", "to late May", "2026-04-13", "2026-05-22"),
    _part(1, "Summer", "second half", "2026-06-01", "2026-07-21"),
)
YEAR_11_LEAVES = (np.datetime64("2025-06-27"), np.datetime64("2026-06-26"))
SUMMER_BEFORE = (np.datetime64("2024-04-15"), np.datetime64("2024-07-19"))  # events in the first spring census


def first_day(year: int) -> np.datetime64:
    """First school day of year 0, 1, 2 of the sample, or of an earlier year (3 September)."""
    starts = {0: PARTS[0].first, 1: PARTS[4].first, 2: np.datetime64("2026-09-02")}
    return starts.get(year, np.datetime64(f"{2024 + year}-09-03"))


def last_day(year: int) -> np.datetime64:
    """Last school day of year 0 or 1 of the sample."""
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
    code: str  # SPR, AUT
    calendar_year: int
    year: int
    term: str
    day: np.datetime64
    parts: tuple[int, ...]  # positions in PARTS
    events_from: np.datetime64
    events_to: np.datetime64

    @property
    def autumn(self) -> bool:
        """Autumn census: two attendance parts, no need types, no ethnicity."""
        return self.code == "AUT"


def _census(
    code: str, calendar_year: int, year: int, day: str, parts: tuple[int, ...], window: tuple[str, str]
) -> Census:
    term = {"SPR": "spring", "AUT": "autumn"}[code]
    return Census(
        f"{calendar_year}_{term}", code, calendar_year, year, f"{term.capitalize()} term", np.datetime64(day), parts,
        np.datetime64(window[0]), np.datetime64(window[1]),
    )  # fmt: skip


# Spring: attendance of the autumn term, events from Easter Monday to 31 July. Autumn: attendance of the summer term in
# two parts, events from 1 January to Easter Sunday.
CENSUSES = (
    _census("SPR", 2025, 0, "2025-01-16", (0,), ("2024-04-01", "2024-07-31")),
    _census("AUT", 2025, 1, "2025-10-02", (2, 3), ("2025-01-01", "2025-04-20")),
    _census("SPR", 2026, 1, "2026-01-15", (4,), ("2025-04-21", "2025-07-31")),
    _census("AUT", 2026, 2, "2026-10-01", (6, 7), ("2026-01-01", "2026-04-05")),
)
