"""Sessions of a fact: possible and missed in a year or a part of it, and with which register codes."""

from collections.abc import Sequence

import polars as pl

from sendlab.facts.names import CODE, KEY

COUNTS = ("possible", "authorised", "unauthorised")


def sessions(attendance: pl.DataFrame, key: Sequence[str] = KEY) -> pl.DataFrame:
    """Sessions by `key`: terms that were returned, summed, impossible ones marked; and the terms of the year."""
    absent = pl.col("sessions_authorised") + pl.col("sessions_unauthorised")
    returned = pl.col("sessions_possible").is_not_null() & absent.is_not_null()
    rows = _whole_or_parts(attendance).with_columns(
        returned.alias("returned"), (absent > pl.col("sessions_possible")).fill_null(False).alias("above")
    )
    sums = [pl.col(f"sessions_{n}").filter("returned").sum().alias(f"sessions_{n}") for n in COUNTS]
    status = (
        pl.when(pl.col("above").any()).then(pl.lit("above possible"))
        .when(~pl.col("returned").any()).then(pl.lit("not returned")).otherwise(pl.lit(""))
    )  # fmt: skip
    year_terms = attendance.group_by("time_period").agg(pl.col("term").unique().sort().alias("attendance_terms"))
    return (
        rows.group_by(key).agg(*sums, status.alias("attendance_status")).join(year_terms, on="time_period", how="left")
    )


def codes(attendance_codes: pl.DataFrame) -> pl.DataFrame:
    """Sessions of the year with each register code, a column a code (`code_I`), as far as returns or registers give it.

    Codes are those as recorded; a code that no pupil has anywhere has no column.
    """
    rows = _whole_or_parts(attendance_codes).filter(pl.col("attendance_code").is_not_null())
    met = rows["attendance_code"].unique().sort()
    return rows.group_by(KEY).agg(
        pl.col("sessions").filter(pl.col("attendance_code") == code).sum().alias(f"{CODE}{code}") for code in met
    )


def _whole_or_parts(rows: pl.DataFrame) -> pl.DataFrame:
    """A whole term, or its parts, never both."""
    whole = pl.col("part") == "whole term"
    return rows.filter(whole | ~whole.any().over(*KEY, "term"))
