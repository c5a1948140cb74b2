"""Rounds of plans: how long each runs, which are current on a day, and the days on which a state is taken.

A row of `plans` is one round of a plan: begun, due for review, reviewed. It runs to the end of its school year, or to
the day its review is due if that is later; no end is recorded.
"""

from collections.abc import Sequence
from datetime import date

import polars as pl

from sendlab.coverage import period_of_date
from sendlab.metrics.plans.terms import last_day
from sendlab.metrics.typed import typed
from sendlab.schema.groups import FULL_YEAR

PASSPORT = "passport"  # in a pupil's own words: no plan to review
PUPIL = ("pupil_id", "school_id")


def rounds(plans: pl.DataFrame, as_of: date | None) -> tuple[pl.DataFrame, date | None]:
    """Plans begun by the day, without passports, with the last day they run (`until`); and the day.

    `as_of`: default the last date in `plans`; without any there is no day.
    """
    rows = typed(plans, "plans").filter(pl.col("plan_type") != PASSPORT)
    last = as_of or last_day(rows)
    summer = pl.date(pl.col("start_date").dt.year() + (pl.col("start_date").dt.month() >= 8).cast(pl.Int32), 7, 31)
    until = pl.max_horizontal(summer, "review_due", "reviewed_on").alias("until")
    begun = pl.col("start_date") <= pl.lit(last, dtype=pl.Date)
    return rows.filter(begun).with_columns(until), last


def first_day(rows: pl.DataFrame) -> date:
    """The day on which the first of the plans began."""
    first: date = rows.select(pl.col("start_date").min()).item()
    return first


def ends_of_years(rows: pl.DataFrame, last: date) -> list[date]:
    """31 July of every school year since the first plan, and the last day."""
    first = first_day(rows)
    summers = [date(year, 7, 31) for year in range(first.year, last.year + 1)]
    return [*(day for day in summers if first <= day < last), last]


def current(rows: pl.DataFrame, day: date, of: Sequence[str] = (*PUPIL, "plan_type")) -> pl.DataFrame:
    """Plans that run on a day, the latest of each `of`, with the `day` and the school year it lies in."""
    running = rows.filter((pl.col("start_date") <= day) & (pl.col("until") >= day)).with_columns(
        pl.lit(day).alias("day")
    )
    running = running.with_columns(
        period_of_date("day").alias("time_period"), pl.lit(FULL_YEAR).alias("time_identifier")
    )
    return latest(running, of)


def latest(rows: pl.DataFrame, of: Sequence[str]) -> pl.DataFrame:
    """The round begun last of each `of`."""
    return rows.sort("start_date", "version", "plan_id").unique(of, keep="last", maintain_order=True)


def reviewed_by_then() -> pl.Expr:
    """Whether the round was reviewed by the `day`."""
    return (pl.col("reviewed_on") <= pl.col("day")).fill_null(False)
