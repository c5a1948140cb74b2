"""School Census exports from COLLECT ("blade" CSV, one file a table): which table a file is, and of which census.

Recognised by its columns: every table has NativeId (the school), an id column `<table>tableid` and an order column
`<table>orderseqcolumn`. Table ids are not stable between terms, so pupils are linked on UPN, and child rows to their
pupil by id within one census only. Source: census schemas 2015 to 2026 as exported to authorities.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from sendlab.sources.cells import period_of
from sendlab.sources.text import TextTable

FORMAT = "School Census blade"
ORDER = "orderseqcolumn"
TABLES = (
    "schoolcensus", "school", "pupilonroll", "pupilnolongeronroll", "senneeds", "fsmperiodsonroll", "fsmperiod",
    "termlysessiondetailsonroll", "termlysessiondetailsoffroll", "summerhalfterm2sessiondetailsonroll",
    "summerhalfterm2sessiondetailsoffroll", "termlyexclusionsonroll", "termlyexclusionsoffroll",
    "approvisiondetailonroll", "approvisiondetailoffroll", "schoolarrangedapdetailonroll",
    "schoolarrangedapdetailoffroll",
)  # fmt: skip
_PARENT = ("pupilonrolltableid", "pupilnolongeronrolltableid")
_REASONS = ("attendancereason",), ("sessions", "absencesessions")  # the second name until 2019/20
_OWN = {
    "senneeds": (("sentype",), ("sentyperank",)), "sessiondetails": _REASONS,
    **dict.fromkeys(("fsmperiod", "fsmperiodsonroll"), (("fsmstartdate",),)),
}  # fmt: skip
# Columns without which the rows of a table mean nothing, by table; of several names any one.
NEEDED: dict[str, tuple[tuple[str, ...], ...]] = {
    table: (_PARENT, *_OWN.get("sessiondetails" if "sessiondetails" in table else table, ()))
    for table in TABLES
    if table not in ("schoolcensus", "school", "pupilonroll", "pupilnolongeronroll")
}
SEASONS = {"aut": "AUT", "autumn": "AUT", "spr": "SPR", "spring": "SPR", "sum": "SUM", "summer": "SUM"}
TERM_OF_SEASON = {"AUT": "Autumn term", "SPR": "Spring term", "SUM": "Summer term"}
WEEKDAY_THURSDAY = 3


@dataclass(frozen=True, order=True)
class Census:
    """One census: calendar year and term (AUT, SPR, SUM)."""

    year: int
    season: str

    @property
    def time_period(self) -> str:
        """Academic year in which census day falls, 202425."""
        start = self.year if self.season == "AUT" else self.year - 1
        return f"{start}{(start + 1) % 100:02d}"

    @property
    def term(self) -> str:
        """Term in which census day falls."""
        return TERM_OF_SEASON[self.season]

    @property
    def attendance(self) -> tuple[str, str, date]:
        """Year and term whose sessions this census returns (the term before), and a day inside it for its codes."""
        if self.season == "AUT":
            return f"{self.year - 1}{self.year % 100:02d}", "Summer term", date(self.year, 6, 1)
        if self.season == "SPR":
            return self.time_period, "Autumn term", date(self.year - 1, 11, 1)
        return self.time_period, "Spring term", date(self.year, 2, 15)

    @property
    def exclusions(self) -> tuple[str, str]:
        """Year and term whose suspensions this census returns: two terms before, as collected since autumn 2019."""
        if self.season == "AUT":
            return f"{self.year - 1}{self.year % 100:02d}", "Spring term"
        if self.season == "SPR":
            return f"{self.year - 2}{(self.year - 1) % 100:02d}", "Summer term"
        return self.time_period, "Autumn term"

    @property
    def count_day(self) -> date:
        """Census day where the file does not say: first Thursday of October, third of January, third of May."""
        month, week = {"AUT": (10, 1), "SPR": (1, 3), "SUM": (5, 3)}[self.season]
        first = date(self.year, month, 1)
        return first + timedelta(days=(WEEKDAY_THURSDAY - first.weekday()) % 7 + 7 * (week - 1))

    @property
    def year_start(self) -> date:
        """31 August before the academic year, on which ages are taken."""
        return date(int(self.time_period[:4]), 8, 31)


@dataclass(frozen=True)
class BladeFile:
    """One recognised file: its blade table, its census, and how the census was known."""

    text: TextTable
    table: str
    census: Census
    known_from: str
    family: str = ""  # what the files of one export have in common: ids hold within it only


def table_of(header: list[str]) -> str | None:
    """The blade table that a header belongs to, or nothing.

    >>> table_of(["pupilonrolltableid", "NativeId", "senneedstableid", "senneedsorderseqcolumn", "sentype"])
    'senneeds'
    """
    names = {name.lower() for name in header}
    if "nativeid" not in names:
        return None
    tables = [name.removesuffix(ORDER) for name in names if name.endswith(ORDER)]
    return next((table for table in tables if f"{table}tableid" in names), None)


def census_in_table(text: TextTable) -> Census | None:
    """The census named by a schoolcensus table (term and year columns), where it names one and only one."""
    names = {name.lower(): name for name in text.columns}
    if not {"term", "year"} <= set(names) or text.rows.is_empty():
        return None
    pairs = text.rows.select(
        pl.col(names["year"]).str.strip_suffix(".0"), pl.col(names["term"]).str.to_lowercase()
    ).unique()
    if pairs.height != 1:
        return None
    year, season = pairs.row(0)
    known = re.fullmatch(r"20\d\d", year or "") and season in SEASONS
    return Census(int(year), SEASONS[season]) if known else None


def academic_year_in_name(name: str) -> str | None:
    """The one academic year that a file name spells as a pair of years; a date such as 2011-12-05 is none.

    >>> academic_year_in_name("attendance_2024-25_spring.csv"), academic_year_in_name("2024_autumn_school.csv")
    ('202425', None)
    """
    pairs = re.findall(r"(?<!\d)(20\d\d[-_ ]?(?:20)?\d\d)(?![-_]?\d)", name)
    found = {period for pair in pairs if (period := period_of(pair))}
    return found.pop() if len(found) == 1 else None


def lone_year_in_name(name: str) -> int | None:
    """The calendar year that a file name tells where it tells no academic year."""
    year = None if academic_year_in_name(name) else re.search(r"(?<!\d)(20\d\d)(?!\d)", name)
    return int(year[1]) if year else None


def season_in_name(name: str) -> str | None:
    """The term that a file name tells: AUT, SPR or SUM (the second half of summer is none)."""
    season = re.search(r"(?<![a-z])(autumn|spring|summer|aut|spr|sum)(?!merhalf|[a-z])", name.lower())
    return SEASONS[season[1]] if season else None


def census_in_name(name: str) -> Census | None:
    """The census that the name of a blade file tells, as in 2024_autumn_pupilonroll.csv or SPR2025_school.csv.

    A lone year is the calendar year of the census; a pair of years is the academic year.

    >>> census_in_name("2024_autumn_pupilonroll.csv"), census_in_name("2024-25_spring_pupilonroll.csv")
    (Census(year=2024, season='AUT'), Census(year=2025, season='SPR'))
    >>> census_in_name("SPR24_pupilonroll.csv"), census_in_name("SPR_2324_pupilonroll.csv")
    (Census(year=2024, season='SPR'), Census(year=2024, season='SPR'))
    """
    period, year, season = academic_year_in_name(name), lone_year_in_name(name), season_in_name(name)
    if short := re.search(r"(?<![a-z])(aut|spr|sum)[a-z]*[-_ ]?(\d{4}|\d\d)(?!\d)", name.lower()):
        period, year = (
            period or period_of(f"20{short[2]}"),
            year or (2000 + int(short[2]) if len(short[2]) == 2 else None),
        )
    if season and period:
        return _census_of(period, season)
    return Census(year, season) if season and year else None


def _census_of(period: str, season: str) -> Census:
    return Census(int(period[:4]) + (season != "AUT"), season)


def census_in_settings(given: dict[str, str]) -> Census | None:
    """The census that sendlab.toml gives for a file: the year and term of census day."""
    period, term = given.get("time_period", ""), given.get("term", "").lower().split(" ")[0]
    if not re.fullmatch(r"20\d{4}", period) or term not in SEASONS:
        return None
    return _census_of(period, SEASONS[term])
