"""Pupils with their starting point and latest result side by side, a column a subject: the base of progress measures.

Who could have counted (`eligible`): everybody with a result in the subject on this scale that year, and, where at
least half of a school's year group took such a test, the whole year group on the roll. A test that fewer took was
meant for some: those who took it. A pupil counts once a year, at the school of the latest result.
"""

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from sendlab.cohort import require_facts
from sendlab.facts.names import KEY
from sendlab.facts.starting_points import starting_points
from sendlab.metrics.grouping import PLACED, By, as_breakdown
from sendlab.metrics.typed import typed
from sendlab.schema.groups import FULL_YEAR

TAKEN_BY_ALL = 0.5  # share of a year group that took a test from which on it was meant for all (project rule, 2026)
VALUES = ("start", "start_on", "latest", "latest_on", "months", "assessment")
NEEDED = (*PLACED, "pupil_id", "school_id", "nc_year", "on_roll")


class Spans(NamedTuple):
    """`base`: a row a pupil, school and year; `subjects` found; a value of one is the column "reading|latest"."""

    base: pl.DataFrame
    subjects: list[str]


def of(subject: str, name: str) -> pl.Expr:
    """The column of a subject's value: start, start_on, latest, latest_on, months, assessment, eligible."""
    return pl.col(f"{subject}|{name}")


def both(subject: str) -> pl.Expr:
    """Pupils with a starting point and a later result."""
    return of(subject, "start").is_not_null() & of(subject, "latest").is_not_null()


def require_columns(facts: pl.DataFrame, by: By | None) -> None:
    """Refuse facts without the columns of a pupil's place, year group and roll, and of the breakdowns asked for."""
    require_facts(facts, (*NEEDED, *(name for one in by or () for name in as_breakdown(one))))


def spans(
    facts: pl.DataFrame, assessments: pl.DataFrame, scale: str, *, value: str = "score", by: By | None = None,
    extra: Sequence[str] = (),
) -> Spans:  # fmt: skip
    """The base on one scale ("band" for age-related bands): facts with each subject's values and who is eligible."""
    require_columns(facts, by)
    rows = starting_points(typed(assessments, "assessments"), value).filter(pl.col("scale") == scale)
    return wide(facts, one_test(rows), extra)


def one_test(rows: pl.DataFrame) -> pl.DataFrame:
    """One test a pupil, year and subject: one with both results first, then the first by name."""
    return rows.sort(pl.col("latest").is_null(), "assessment").unique(
        ["pupil_id", "time_period", "subject"], keep="first", maintain_order=True
    )


def wide(facts: pl.DataFrame, rows: pl.DataFrame, extra: Sequence[str] = ()) -> Spans:
    """Facts of everybody eligible in any subject, with each subject's values (and `extra` columns) side by side."""
    subjects = sorted(rows["subject"].drop_nulls().unique())
    base, held = facts, rows.join(facts, on=list(KEY), how="semi", maintain_order="left")
    for subject in subjects:
        own = held.filter(pl.col("subject") == subject)
        values = own.select(*KEY, *(pl.col(name).alias(f"{subject}|{name}") for name in (*VALUES, *extra)),
                            pl.lit(True).alias("_has"))  # fmt: skip
        counted = own.select("pupil_id", "time_period", pl.lit(True).alias("_counted"))
        base = base.join(values, on=list(KEY), how="left", maintain_order="left")
        base = base.join(counted, on=["pupil_id", "time_period"], how="left", maintain_order="left")
        base = base.with_columns(_eligible().alias(f"{subject}|eligible")).drop("_has", "_counted")
    return _finished(base, subjects)


def _eligible() -> pl.Expr:
    """With a result here; or on the roll of a year group that took the test, and with no result elsewhere."""
    has, counted = pl.col("_has").fill_null(False), pl.col("_counted").fill_null(False)
    due = pl.col("on_roll") & (has | ~counted)
    group = ("time_period", "place_code", "nc_year")
    taken = has.any().over(group) & (has.sum().over(group) >= TAKEN_BY_ALL * due.sum().over(group))
    return has | (due & taken & pl.col("nc_year").is_not_null())


def _finished(base: pl.DataFrame, subjects: list[str]) -> Spans:
    anybody, last = pl.lit(False), pl.lit(None, dtype=pl.Date)
    if subjects:
        anybody = pl.any_horizontal(f"{subject}|eligible" for subject in subjects)
        last = pl.max_horizontal(f"{subject}|latest_on" for subject in subjects)
    named = {"time_identifier": pl.lit(FULL_YEAR), "data_to": last}
    return Spans(base.filter(anybody).with_columns(**named), subjects)
