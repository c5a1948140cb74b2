"""CSV extracts of any declared table: recognised by their header, whatever the columns are called."""

import re
from dataclasses import dataclass, replace

import polars as pl

from sendlab.schema.problems import join_problems, row_problems
from sendlab.schema.tables import TABLES, Table
from sendlab.sources.convert import Converted, convert
from sendlab.sources.text import LINE, TextTable

FORMAT = "CSV extract"


@dataclass(frozen=True)
class Match:
    """A declared table that a header fits: which file column is which, and what is missing."""

    table: Table
    names: dict[str, str]  # declared column -> column of the file
    missing: tuple[str, ...]  # required columns that the file lacks

    @property
    def score(self) -> tuple[int, int]:
        """How well it fits: required columns found less those missing, then all columns found."""
        return len(self.table.required) - 2 * len(self.missing), len(self.names)


def plain(name: str) -> str:
    """A column name without case, blanks, underscores or punctuation.

    >>> plain("NC Year-actual"), plain("% FSM")
    ('ncyearactual', 'fsm')
    """
    return re.sub(r"[^a-z0-9]", "", name.lower())


def match_header(header: list[str]) -> Match | None:
    """The declared table that the header fits best: all required columns, or all but those a setting can supply."""
    matches = [match for table in TABLES.values() if (match := _match(table, header)) and _usable(match)]
    return max(matches, key=lambda match: match.score, default=None)


def _match(table: Table, header: list[str]) -> Match:
    found = {plain(name): name for name in reversed(header)}
    names: dict[str, str] = {}
    for column in table.columns:
        for alias in (column.name, *column.aliases):
            name = found.get(plain(alias))
            if name is not None and name not in names.values():
                names[column.name] = name
                break
    return Match(table, names, tuple(name for name in table.required if name not in names))


SETTABLE = ("time_period", "term")  # sendlab.toml or the file's name may give these


def _usable(match: Match) -> bool:
    needed = [name for name in match.missing if name not in SETTABLE]
    return not needed and len(match.names) >= 3


def read_extract(text: TextTable, match: Match, *, given: dict[str, str]) -> Converted:
    """The file as the declared table. `given` fills columns that the file lacks (period and term)."""
    columns = {declared: pl.col(name) for declared, name in match.names.items()}
    filled = {name: pl.lit(value) for name, value in given.items() if name not in columns}
    rows = text.rows.select(pl.col(LINE), **columns, **filled)
    rows, dropped = _without_totals(rows, match.table, text.name)
    done = convert(rows, match.table, file=text.name, source=text.source)
    if match.table.name == "attendance":
        done = replace(done, rows=done.rows.with_columns(_attendance_defaults()))
    return Converted(done.rows, join_problems([dropped, done.problems]))


def _attendance_defaults() -> list[pl.Expr]:
    """An extract of attendance by term gives totals of whole terms, unless it says otherwise."""
    absent = pl.col("sessions_authorised").is_not_null() & pl.col("sessions_unauthorised").is_not_null()
    basis = pl.when(absent).then(pl.lit("totals")).otherwise(pl.lit("none"))
    return [pl.col("part").fill_null("whole term"), pl.coalesce("basis", basis).alias("basis")]


TOTAL_TEXTS = ("total", "grand total", "all", "england", "sum")


def _without_totals(rows: pl.DataFrame, table: Table, file: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of totals (first text 'Total', no key) are quarantined, said and left out."""
    texts = [column.name for column in table.columns if column.name in rows.columns]
    first = rows.select(pl.coalesce(texts).str.to_lowercase())[texts[0]]
    key = [name for name in table.key if name in rows.columns and name != texts[0]]
    no_key = (
        rows.select(pl.all_horizontal(pl.col(key).is_null()))[key[0]]
        if key
        else pl.repeat(True, rows.height, eager=True)
    )
    totals = first.is_in(TOTAL_TEXTS).fill_null(False) & no_key

    found = row_problems(
        rows[LINE].filter(totals),
        file=file,
        column="",
        rule="total_row",
        severity="error",
        message="a row of totals, not of data",
        remedy="nothing to do: totals are counted anew",
    )
    return rows.filter(~totals), found
