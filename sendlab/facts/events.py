"""Sessions and events of a fact: attendance, suspensions and exclusions, and where none means none."""

from collections.abc import Mapping

import polars as pl

from sendlab.coverage import make_coverage, period_of_date
from sendlab.facts.names import KEY, SLUGS
from sendlab.facts.pupils import provision_name
from sendlab.schema.tables import TABLES

EVENTS = {"suspensions": ("SUSP", "FIXD", "LNCH"), "permanent_exclusions": ("PERM",)}


def sessions(attendance: pl.DataFrame) -> pl.DataFrame:
    """Sessions of the year at the school: terms that were returned, summed; impossible ones leave the rate."""
    absent = pl.col("sessions_authorised") + pl.col("sessions_unauthorised")
    returned = pl.col("sessions_possible").is_not_null() & absent.is_not_null()
    whole = pl.col("part") == "whole term"
    either = attendance.filter(whole | ~whole.any().over(*KEY, "term"))  # a whole term, or its parts, never both
    rows = either.with_columns(
        returned.alias("returned"), (absent > pl.col("sessions_possible")).fill_null(False).alias("above")
    )
    sums = [
        pl.col(f"sessions_{n}").filter("returned").sum().alias(f"sessions_{n}")
        for n in ("possible", "authorised", "unauthorised")
    ]
    status = (
        pl.when(pl.col("above").any()).then(pl.lit("above possible"))
        .when(~pl.col("returned").any()).then(pl.lit("not returned")).otherwise(pl.lit(""))
    )  # fmt: skip
    year_terms = attendance.group_by("time_period").agg(pl.col("term").unique().sort().alias("attendance_terms"))
    return (
        rows.group_by(KEY).agg(*sums, status.alias("attendance_status")).join(year_terms, on="time_period", how="left")
    )


def events(suspensions: pl.DataFrame) -> pl.DataFrame:
    """Events of the year at the school, and how many fell while the pupil had each status."""
    rows = suspensions.with_columns(
        period_of_date("start_date").alias("time_period"), provision_name("sen_provision").alias("at_event")
    )
    counts = []
    for name, categories in EVENTS.items():
        kind = pl.col("category").is_in(categories)
        counts.append(kind.sum().cast(pl.Int64).alias(name))
        counts.extend(
            (kind & (pl.col("at_event") == group)).sum().cast(pl.Int64).alias(f"{name}_at_{slug}")
            for group, slug in SLUGS.items()
        )
    return rows.group_by(KEY).agg(counts)


def zero_events(facts: pl.DataFrame, coverage: pl.DataFrame) -> pl.DataFrame:
    """No row means no event, but only where a return covers the school and year; and which terms are covered at all.

    A census says so by itself, for the schools in it. Notifications are taken to cover every school of the authority.
    """
    covered = coverage.filter(pl.col("kind") == "suspensions")
    terms = covered.group_by("time_period").agg(
        pl.col("term").unique().sort().alias("event_terms"),
        (pl.col("basis") == "notifications").any().alias("notified"),
    )
    schools = covered.select("school_id", "time_period").unique().with_columns(pl.lit(True).alias("returned"))
    columns = [name for name in facts.columns if name.startswith(tuple(EVENTS))]
    known = facts.join(terms, on="time_period", how="left").join(schools, on=["school_id", "time_period"], how="left")
    zero = pl.col("notified").fill_null(False) | pl.col("returned").fill_null(False)
    return known.with_columns(pl.when(zero).then(pl.col(n).fill_null(0)).otherwise(n).alias(n) for n in columns).drop(
        "notified", "returned"
    )


def coverage_of(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """What returns cover; tables that did not come through ingest cover what they have rows for."""
    if "coverage" in tables and not tables["coverage"].is_empty():
        return tables["coverage"]
    stated = pl.DataFrame(schema=TABLES["coverage"].polars_schema)
    return make_coverage(stated, tables["suspensions"], tables["attendance"])
