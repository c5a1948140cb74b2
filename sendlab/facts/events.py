"""Suspensions and exclusions of a fact: how many, of what kind and for what reasons, and where none means none."""

from collections.abc import Mapping, Sequence

import polars as pl

from sendlab.coverage import make_coverage, period_of_date, term_of_date
from sendlab.facts.names import EVENTS, KEY, REASON, SLUGS
from sendlab.facts.pupils import provision_name
from sendlab.schema.tables import TABLES

REASONS = ("reason_1", "reason_2", "reason_3")
# What a year's facts say of suspensions besides their number; a lunchtime counts as half a day, one session (DfE 2025).
OF_SUSPENSIONS = ("suspension_sessions", "suspensions_with_length", "suspensions_part_day")


def placed_in_time(suspensions: pl.DataFrame) -> pl.DataFrame:
    """Events with `time_period` and `term` of their first day."""
    terms = pl.col("start_date").map_elements(term_of_date, return_dtype=pl.String)
    return suspensions.with_columns(period_of_date("start_date").alias("time_period"), terms.alias("term"))


def events(suspensions: pl.DataFrame, key: Sequence[str] = KEY) -> pl.DataFrame:
    """Events by pupil, school and `key`, and how many fell while the pupil had each status.

    For suspensions also the sessions lost, how many have a length, how many were for part of a day (one session, or a
    lunchtime), and how many name each reason (`reason_PP`, up to three reasons each).
    """
    rows = suspensions if "time_period" in suspensions.columns else placed_in_time(suspensions)
    rows = rows.with_columns(provision_name("sen_provision").alias("at_event"))
    counts = []
    for name, categories in EVENTS.items():
        kind = pl.col("category").is_in(categories)
        counts.append(kind.sum().cast(pl.Int64).alias(name))
        counts.extend(
            (kind & (pl.col("at_event") == group)).sum().cast(pl.Int64).alias(f"{name}_at_{slug}")
            for group, slug in SLUGS.items()
        )
    return rows.group_by(key).agg(*counts, *_lengths(), *_reasons(rows))


def _lengths() -> list[pl.Expr]:
    suspended = pl.col("category").is_in(EVENTS["suspensions"])
    lunch = pl.col("category") == "LNCH"
    sessions = pl.when(lunch).then(pl.col("sessions").fill_null(1)).otherwise("sessions")
    known = suspended & sessions.is_not_null()
    part = lunch | (pl.col("sessions") == 1)
    made = (sessions.filter(known).sum(), known.sum(), (known & part).sum())
    return [expr.cast(pl.Float64).alias(name) for name, expr in zip(OF_SUSPENSIONS, made, strict=True)]


def _reasons(rows: pl.DataFrame) -> list[pl.Expr]:
    met = pl.concat([rows[name] for name in REASONS if name in rows.columns]).drop_nulls().unique().sort()
    suspended = pl.col("category").is_in(EVENTS["suspensions"])
    return [
        (suspended & pl.any_horizontal(pl.col(name) == code for name in REASONS).fill_null(False))
        .sum().cast(pl.Int64).alias(f"{REASON}{code}")
        for code in met
    ]  # fmt: skip


def zero_events(facts: pl.DataFrame, coverage: pl.DataFrame) -> pl.DataFrame:
    """No row means no event, but only where a return covers the school and year; `event_terms` says in which terms.

    A census says so by itself, for the schools in it. Notifications are taken to cover every school of the authority.
    """
    covered = coverage.filter(pl.col("kind") == "suspensions")
    school_year, terms = ["school_id", "time_period"], pl.col("term").unique()
    returned = covered.group_by(school_year).agg(terms.alias("returned"))
    notified = covered.filter(pl.col("basis") == "notifications").group_by("time_period").agg(terms.alias("notified"))
    both = [pl.col(name).fill_null([]) for name in ("returned", "notified")]
    known = (
        facts.join(returned, on=school_year, how="left")
        .join(notified, on="time_period", how="left")
        .with_columns(pl.concat_list(both).list.unique().list.sort().alias("event_terms"))
        .drop("returned", "notified")
    )
    zero = pl.col("event_terms").list.len() > 0
    columns = [name for name in facts.columns if name.startswith((*EVENTS, "suspension", REASON))]
    return known.with_columns(
        *(pl.when(zero).then(pl.col(n).fill_null(0)).otherwise(n).alias(n) for n in columns),
        pl.when(zero).then("event_terms").alias("event_terms"),
    )


def coverage_of(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """What returns cover; tables that did not come through ingest cover what they have rows for."""
    if "coverage" in tables and not tables["coverage"].is_empty():
        return tables["coverage"]
    stated = pl.DataFrame(schema=TABLES["coverage"].polars_schema)
    return make_coverage(stated, tables["suspensions"], tables["attendance"])
