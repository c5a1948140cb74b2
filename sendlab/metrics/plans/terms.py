"""The terms that records cover, and facts of pupils beside rows of a term or a year."""

from datetime import date, timedelta

import polars as pl
from dateutil.easter import easter

from sendlab.cohort import period_covered, with_pupils
from sendlab.schema.groups import TERMS

# Half a term: a plan that ran for less of a term is not expected to have been reviewed in it (project rule, 2026).
HALF_A_TERM = 42
# A term counts once no more of it is left: schools close before the days that statistics end a term on.
NEARLY_OVER = 21
# A term as a length of time: a third of a year, so "at least termly" is at most so many days apart (project rule).
TERM_DAYS = 122


def terms_between(first: date, last: date) -> pl.DataFrame:
    """The terms from the one of `first` to the last that is over (or nearly) by `last`.

    Autumn from 1 August, spring from 1 January to Easter Sunday, then summer to 31 July, as in exclusion statistics.
    Columns: time_period, time_identifier, begins, ends.
    """
    rows = []
    for year in range(first.year - 1, last.year + 1):
        easter_day: date = easter(year + 1)
        edges = [date(year, 8, 1), date(year + 1, 1, 1), easter_day + timedelta(days=1), date(year + 1, 8, 1)]
        for name, begins, after in zip(TERMS, edges[:-1], edges[1:], strict=True):
            rows.append((f"{year}{(year + 1) % 100:02d}", name, begins, after - timedelta(days=1)))
    schema = {"time_period": pl.String, "time_identifier": pl.String, "begins": pl.Date, "ends": pl.Date}
    terms = pl.DataFrame(rows, schema=schema, orient="row")
    return terms.filter((pl.col("ends") >= first) & (pl.col("ends") <= last + timedelta(days=NEARLY_OVER)))


def whole_year(terms: pl.DataFrame) -> pl.DataFrame:
    """How the year of each term is named by the terms that are covered: columns `time_period`, `named`.

    A year of one term alone is that term, and has no row of its own.
    """
    held = terms.group_by("time_period").agg(pl.col("time_identifier")).sort("time_period")
    named = [(period, period_covered(names)) for period, names in held.rows() if len(names) > 1]
    return pl.DataFrame(named, schema={"time_period": pl.String, "named": pl.String}, orient="row")


def beside_pupils(rows: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """Rows of pupils (pupil_id, school_id, time_period, time_identifier) with the place and groups of the pupil."""
    return with_pupils(rows, facts).with_columns(rows["time_identifier"])


def last_day(*tables: pl.DataFrame) -> date | None:
    """The last day on which anything was begun, reviewed or held in tables of plans, meetings and registers."""
    days = [
        table.select(pl.col(name).max()).item()
        for table in tables
        for name in ("start_date", "reviewed_on", "held_on")
        if name in table.columns
    ]
    return max((day for day in days if day is not None), default=None)
