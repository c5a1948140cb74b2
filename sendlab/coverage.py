"""What the returns cover, by kind, school and term: so that no row can mean none, or not returned."""

from datetime import date

import polars as pl
from dateutil.easter import easter

from sendlab.schema.groups import TERMS
from sendlab.schema.tables import TABLES
from sendlab.sources.reading import as_declared


def period_of_date(column: str) -> pl.Expr:
    """Academic year of a date, from 1 August, as six digits."""
    start = pl.col(column).dt.year() - (pl.col(column).dt.month() < 8).cast(pl.Int32)
    return start.cast(pl.String) + ((start + 1) % 100).cast(pl.String).str.zfill(2)


def term_of_date(day: date) -> str:
    """Term of an event: autumn to 31 December, spring to Easter Sunday, then summer (DfE exclusion statistics).

    >>> term_of_date(date(2025, 4, 20)), term_of_date(date(2025, 4, 21))
    ('Spring term', 'Summer term')
    """
    if day.month >= 8:
        return TERMS[0]
    return TERMS[1] if day <= easter(day.year) else TERMS[2]


def make_coverage(census: pl.DataFrame, suspensions: pl.DataFrame, attendance: pl.DataFrame) -> pl.DataFrame:
    """The table `coverage`: what censuses cover, rows or not, and what other files have rows for.

    `census` holds the rows that census returns gave. A file of notifications covers a term in which it has a row, for
    the schools that have one; whether others had none, or did not notify, cannot be known from it.
    """
    terms = pl.col("start_date").map_elements(term_of_date, return_dtype=pl.String)
    events = suspensions.select("school_id", period_of_date("start_date").alias("time_period"), terms.alias("term"))
    parts = [
        _counted(events.with_columns(pl.lit("whole term").alias("part")), "suspensions", "notifications"),
        _counted(attendance, "attendance", "register"),
    ]
    key = list(TABLES["coverage"].key)
    stated = census.group_by(key, maintain_order=True).agg(pl.col("basis").first(), pl.col("rows").sum())
    others = pl.concat(parts).join(stated, on=key, how="anti")
    return as_declared(pl.concat([as_declared(stated, "coverage"), others]), "coverage").sort(key)


def _counted(rows: pl.DataFrame, kind: str, basis: str) -> pl.DataFrame:
    counted = rows.group_by("school_id", "time_period", "term", "part").agg(pl.len().cast(pl.Int64).alias("rows"))
    return as_declared(counted.with_columns(pl.lit(kind).alias("kind"), pl.lit(basis).alias("basis")), "coverage")
