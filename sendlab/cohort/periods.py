"""Periods: which part of a year the data cover, and facts of a part of it."""

from collections.abc import Iterable

import polars as pl

from sendlab.facts import CODE, REASON
from sendlab.facts.names import EVENT_COLUMNS, SESSIONS
from sendlab.schema.groups import AUTUMN_AND_SPRING, FULL_YEAR, TERMS

_OF_THE_YEAR = (
    "sessions_", "attendance_status", "suspension", "permanent_exclusion", CODE, REASON, "ks1_", "ks2_", "reading_",
    "writing_", "mathematics_",
)  # fmt: skip
_TERMS_OF = {AUTUMN_AND_SPRING: TERMS[:2]}


def with_period(base: pl.DataFrame, terms: str) -> pl.DataFrame:
    """The base with `time_identifier`: which part of each year its data cover, by the column that lists the terms."""
    held = base.group_by("time_period").agg(pl.col(terms).explode().unique())
    covered = {period: period_covered(names) for period, names in held.rows()}
    named = pl.col("time_period").replace_strict(covered, default=None, return_dtype=pl.String)
    return base.with_columns(named.alias("time_identifier"))


def period_covered(terms: Iterable[str]) -> str:
    """The time identifier of the terms that data cover, as published statistics name it.

    >>> period_covered(["Spring term", "Autumn term"]), period_covered(["Summer term"])
    ('Autumn and spring term', 'Summer term')
    """
    terms = [term for term in terms if term is not None]
    held = [term for term in TERMS if term in set(terms)]
    if not held and len(terms) == 1:  # a part that is no term: a half term, or autumn and spring together
        return str(terms[0])
    if len(held) == len(TERMS):
        return FULL_YEAR
    if held == list(TERMS[:2]):
        return AUTUMN_AND_SPRING
    return " and ".join(held)


def in_period(facts: pl.DataFrame, periods: pl.DataFrame, time_identifier: str) -> pl.DataFrame:
    """Facts of a part of the year: sessions and events are those of `time_identifier`, all else stays the year's.

    `periods`: rows of `make_periods`. A pupil without sessions in the part has none; no event is 0 where returns cover
    the part, else not known. Register codes, reasons and scores are the year's, so they are left out.
    """
    part = periods.filter(pl.col("time_identifier") == time_identifier).drop("time_identifier")
    own = facts.drop([name for name in facts.columns if name.startswith(_OF_THE_YEAR)])
    joined = own.join(part, on=["pupil_id", "school_id", "time_period"], how="left", maintain_order="left")
    terms = _TERMS_OF.get(time_identifier, (time_identifier,))
    covered = pl.all_horizontal(pl.col("event_terms").list.contains(term) for term in terms).fill_null(False)
    known = covered & pl.lit(facts["suspensions"].is_not_null())
    years = part.filter(pl.col("sessions_possible").is_not_null())["time_period"].unique().to_list()
    named = pl.lit([time_identifier], dtype=pl.List(pl.String))
    return joined.with_columns(
        *(pl.when(known).then(pl.col(name).fill_null(0)).alias(name) for name in EVENT_COLUMNS),
        pl.when(pl.col("time_period").is_in(years)).then(named).alias("attendance_terms"),
        pl.when(covered).then(named).alias("event_terms"),
    ).select(*own.columns, *SESSIONS, *EVENT_COLUMNS)
