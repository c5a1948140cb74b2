"""Parts of a year: sessions and events of each term, of autumn and spring together, and of each half term."""

from collections.abc import Mapping

import polars as pl

from sendlab.facts.events import coverage_of, events, placed_in_time
from sendlab.facts.names import EVENT_COLUMNS, KEY, SESSIONS
from sendlab.facts.sessions import sessions
from sendlab.schema.groups import AUTUMN_AND_SPRING, TERMS, half_term

PERIOD_KEY = (*KEY, "time_identifier")
# How the autumn census returns the summer term of the year before: in its two halves.
HALVES = {"to late May": half_term(5), "second half": half_term(6)}


def make_periods(tables: Mapping[str, pl.DataFrame], half_terms: pl.DataFrame | None = None) -> pl.DataFrame:
    """One row a pupil, school, year and part of it: sessions with `attendance_status`, events with their split.

    `half_terms`: sessions by half term from registers (`sessions_by_half_term`). `time_identifier` is a term, "Autumn
    and spring term" (where the authority's data hold both), or a half term ("Autumn half term 1"). Of a kind that is
    not there, null; no event in a term is null as well: whether it means none is for `in_period`, which knows coverage.
    """
    attendance = tables["attendance"].with_columns(pl.col("term").alias("time_identifier"))
    happened = placed_in_time(tables["suspensions"]).with_columns(pl.col("term").alias("time_identifier"))
    halves = attendance.filter(pl.col("part").is_in(list(HALVES))).with_columns(
        pl.col("part").replace_strict(HALVES, default=None, return_dtype=pl.String).alias("time_identifier"),
        pl.lit("whole term").alias("part"),
    )
    missed = [*_with_both(attendance, attendance), halves] if not attendance.is_empty() else [attendance]
    counted = [sessions(rows, PERIOD_KEY).select(*PERIOD_KEY, *SESSIONS) for rows in missed]
    if half_terms is not None and not half_terms.is_empty():
        returned = counted[-1].select("school_id", "time_period", "time_identifier").unique()
        counted.append(_from_registers(half_terms, returned))
    returned_on = coverage_of(tables).filter(pl.col("kind") == "suspensions")  # a term without an event is held too
    had = [events(rows, PERIOD_KEY).select(*PERIOD_KEY, *EVENT_COLUMNS) for rows in _with_both(happened, returned_on)]
    return pl.concat(counted).join(pl.concat(had), on=list(PERIOD_KEY), how="full", coalesce=True).sort(PERIOD_KEY)


def _with_both(rows: pl.DataFrame, covered: pl.DataFrame) -> list[pl.DataFrame]:
    """The rows of each term, and those of autumn and spring once more as one period, in years that cover both."""
    pair = pl.col("term").is_in(TERMS[:2])
    terms = covered.filter(pair).group_by("time_period").agg(pl.col("term").n_unique().alias("terms"))
    both = rows.filter(pair).join(terms.filter(pl.col("terms") == 2), on="time_period", how="semi")
    return [rows, both.with_columns(pl.lit(AUTUMN_AND_SPRING).alias("time_identifier"))]


def _from_registers(half_terms: pl.DataFrame, returned: pl.DataFrame) -> pl.DataFrame:
    """Half terms from registers, where no return gives them."""
    rows = half_terms.join(returned, on=["school_id", "time_period", "time_identifier"], how="anti")
    return rows.with_columns(pl.lit("").alias("attendance_status")).select(*PERIOD_KEY, *SESSIONS)
