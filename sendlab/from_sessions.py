"""Attendance by term from counts of register codes, where no return gives it."""

from collections.abc import Iterable, Iterator

import polars as pl

from sendlab.sources.code_totals import codes_in_term
from sendlab.sources.reading import as_declared

ABSENT = ("authorised", "unauthorised")


def attendance_from_codes(attendance: pl.DataFrame, codes: pl.DataFrame) -> pl.DataFrame:
    """Rows of `attendance` from counts of session registers, for schools and terms of which `attendance` has none.

    Possible sessions are those of codes that count as possible in the code set valid in the term (DfE, Working together
    to improve school attendance, 2024); a mark that is missing is neither possible nor absent.
    """
    place = ["school_id", "time_period", "term"]
    lacking = codes.join(attendance.select(place).unique(), on=place, how="anti")
    if lacking.is_empty():
        return attendance.clear()
    kinds = lacking.join(_kinds(lacking), on=["time_period", "term", "attendance_code"], how="left")
    counted = pl.col("sessions").filter(pl.col("possible")).sum().alias("sessions_possible")
    sums = [pl.col("sessions").filter(pl.col("category") == n).sum().alias(f"sessions_{n}") for n in ABSENT]
    made = kinds.group_by("pupil_id", *place, "part", maintain_order=True).agg(counted, *sums)
    made = made.with_columns(pl.lit("sessions").alias("basis"), pl.lit(False).alias("totals_disagree"))
    return as_declared(made, "attendance")


def with_registers(returned: pl.DataFrame, pieces: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Counts by code from returns, and from registers for schools and terms that have no return: never both.

    `returned` is sorted by school; a piece holds whole schools, those before it come in earlier pieces. What is given
    out is sorted by school and pupil throughout.
    """
    place, rest = ["school_id", "time_period", "term"], returned
    covered = returned.select(place).unique()
    for piece in pieces:
        last = piece["school_id"].max()
        before, rest = rest.filter(pl.col("school_id") <= last), rest.filter(pl.col("school_id") > last)
        added = piece.select(returned.columns).join(covered, on=place, how="anti", maintain_order="left")
        yield pl.concat([before, added]).sort("school_id", "pupil_id", *place[1:], "part", "attendance_code")
    yield rest


def _kinds(codes: pl.DataFrame) -> pl.DataFrame:
    """{time_period, term, attendance_code: category, possible} by the code set valid in each term."""
    rows = []
    for period, term in codes.select("time_period", "term").unique().sort("time_period", "term").iter_rows():
        rows += [
            (period, term, code, line.notes.get("category", ""), line.notes.get("possible") == "1")
            for code, line in codes_in_term(period, term).items()
        ]
    names = ("time_period", "term", "attendance_code", "category")
    schema = {**dict.fromkeys(names, pl.String), "possible": pl.Boolean}
    return pl.DataFrame(rows, schema=schema, orient="row")
