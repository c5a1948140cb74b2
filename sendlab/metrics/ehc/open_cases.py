"""Cases of the EHC process that are still open on a day, from SEN2 returns: a rate of plans issued cannot see them."""

from collections.abc import Iterator
from datetime import date, timedelta

import polars as pl

from sendlab.metrics.ehc.cases import AWAITED, HISTORICAL, NO, WITHDRAWN, CaseCount, placed
from sendlab.metrics.recipes import Recipe
from sendlab.metrics.typed import typed

DECIDE_DAYS = 42  # six weeks to decide whether to assess (SEND Regulations 2014, 5(1))
SOON_DAYS = 42  # how far ahead open cases are looked at: our own choice
SETTLED_DAYS = 31  # a return whose last date lies this near the end of its year covers the year
NOT_EXPORTED = ("", "0", "N", "false")  # the letters of `exported` are not settled: anything else is a move away
OVER = [NO, WITHDRAWN]


def counts_of_open(within_days: int) -> Iterator[Recipe]:
    """What is counted of open cases: all, past 20 weeks, soon past them, and not decided in six weeks."""
    still, waited = pl.col("open"), pl.col("waited")
    yield CaseCount("ehc_open_cases", feature=still)
    yield CaseCount("ehc_open_past_20_weeks", feature=still & (waited > within_days))
    soon = (waited <= within_days) & (waited + SOON_DAYS > within_days)
    yield CaseCount("ehc_open_due_soon", feature=still & soon)
    yield CaseCount("ehc_undecided_past_6_weeks", feature=still & pl.col("undecided") & (waited > DECIDE_DAYS))


def open_cases(requests: pl.DataFrame, *, la_code: str, la_name: str, as_of: date | None = None) -> pl.DataFrame:
    """Cases of each return on the last day of its year: `open`, `undecided`, days `waited`, and that day (`data_to`).

    Each return is taken by itself, and returns of years that begin after `as_of` not at all. Open: asked for by that
    day, and by then neither refused nor withdrawn, gone to another authority, nor a plan started. The day is 31
    December, `as_of` if that is earlier, or the last date in the latest return if that ends over a month early.
    """
    rows = placed(typed(requests, "ehc_requests"), la_code=la_code, la_name=la_name).filter(~_historical())
    days = {year: _day_of(rows, year, as_of) for year in rows["year"].unique()}
    rows = rows.with_columns(pl.col("year").replace_strict(days, default=None, return_dtype=pl.Date).alias("data_to"))
    rows = rows.filter(pl.date("year", 1, 1) <= pl.col("data_to"))
    asked = (pl.col("received_date") <= pl.col("data_to")).fill_null(True)
    decided = (pl.col("request_outcome_date") <= pl.col("data_to")).fill_null(pl.col("request_outcome") != AWAITED)
    return rows.with_columns(
        open=asked & ~_closed(), undecided=~decided.fill_null(False),
        waited=(pl.col("data_to") - pl.col("received_date")).dt.total_days(),
    )  # fmt: skip


def undated(waiting: pl.DataFrame) -> pl.DataFrame:
    """What to say by `time_period` (`said`) of open cases without a day of request: their wait is not known."""
    sums = waiting.group_by("time_period").agg((pl.col("open") & pl.col("waited").is_null()).sum().alias("odd"))
    said = pl.when(pl.col("odd") > 0).then(pl.format("{} open case(s) without a day of request", "odd"))
    return sums.select("time_period", said.fill_null("").alias("said"))


def _historical() -> pl.Expr:
    """The row only carries an older plan. (A request decided in an earlier year, H, may still be in assessment.)"""
    return pl.coalesce("assessment_outcome", "request_outcome").eq(HISTORICAL).fill_null(False)


def _closed() -> pl.Expr:
    """By the day looked at the case had come to its end, its day given or not. An assessment outlives a refusal."""
    assessed = pl.col("assessment_outcome").is_not_null()
    last = pl.coalesce("assessment_outcome", "request_outcome")
    day = pl.when(assessed).then("assessment_outcome_date").otherwise("request_outcome_date")
    started = pl.col("plan_start_date").is_not_null()
    over = last.is_in(OVER).fill_null(False) & ~started
    ended = pl.when(started).then("plan_start_date").when(over).then(day)
    away = ~pl.col("exported").fill_null("").is_in(NOT_EXPORTED)
    return away | (started | over) & (ended <= pl.col("data_to")).fill_null(True)


def _day_of(rows: pl.DataFrame, year: int, as_of: date | None) -> date:
    """The day on which the return of a year is looked at."""
    end = date(year, 12, 31)
    if as_of is not None:
        return min(end, as_of)
    dates = ("received_date", "request_outcome_date", "assessment_outcome_date", "plan_start_date")
    last: date | None = rows.filter(pl.col("year") == year).select(pl.max_horizontal(dates).max()).item()
    running = year == rows["year"].max() and last is not None and last < end - timedelta(days=SETTLED_DAYS)
    return last if running and last is not None else end
