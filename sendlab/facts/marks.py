"""From session rows: what each pupil had and missed in each half term, and on each weekday morning and afternoon."""

from collections.abc import Sequence
from datetime import date

import polars as pl

from sendlab.codes import valid_on
from sendlab.coverage import period_of_date
from sendlab.schema.groups import half_term

CHANGE = date(2024, 8, 19)  # register codes of before and after (DfE, Working together to improve attendance, 2024)
KINDS = ("possible", "authorised", "unauthorised")
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
NAMED = ("pupil_id", "school_id", "time_period", "time_identifier")
Dates = Sequence[tuple[str, int, date, date]]  # time_period, number of the half term, first and last day


def sessions_by_half_term(scan: pl.LazyFrame, half_terms: Dates) -> pl.DataFrame:
    """Sessions by pupil, school, year and half term: possible, authorised, unauthorised; half terms as in settings.

    `scan`: session rows of the store (`scan_sessions`), read once as a stream. Rows outside every half term (a day that
    the dates do not hold) are not counted. Without dates there is no half term and so no row.
    """
    if not half_terms:
        return pl.DataFrame(schema={**dict.fromkeys(NAMED, pl.String), **{f"sessions_{k}": pl.Float64 for k in KINDS}})
    days = _days(half_terms)
    rows = scan.join(days.lazy(), on="session_date", how="inner")
    summed = _summed(rows, ["pupil_id", "school_id", "period", "part"]).collect(engine="streaming")
    return _as_numbers(summed).select(
        "pupil_id", "school_id", pl.col("period").cast(pl.String).alias("time_period"),
        pl.col("part").replace_strict({n: half_term(n) for n in range(1, 7)}, return_dtype=pl.String)
        .alias("time_identifier"), *(f"sessions_{kind}" for kind in KINDS),
    ).sort(NAMED)  # fmt: skip


def sessions_by_weekday(scan: pl.LazyFrame) -> pl.DataFrame:
    """Sessions by pupil, school, year, and weekday and session ("Monday AM"): possible, authorised, unauthorised."""
    rows = scan.with_columns(
        period_of_date("session_date").alias("time_period"), pl.col("session_date").dt.weekday().alias("weekday")
    )
    key = ["pupil_id", "school_id", "time_period", "weekday", "session"]
    summed = _as_numbers(_summed(rows, key).collect(engine="streaming"))
    names = dict(enumerate(WEEKDAYS, 1))
    day = pl.col("weekday").cast(pl.Int64).replace_strict(names, default="Weekend", return_dtype=pl.String)
    when = (day + " " + pl.col("session").cast(pl.String)).alias("weekday_session")
    return summed.select(*key[:3], when, *(f"sessions_{kind}" for kind in KINDS)).sort(*key[:3], "weekday_session")


def _days(half_terms: Dates) -> pl.DataFrame:
    """Every day of every half term: session_date, period, part."""
    parts = [
        pl.select(pl.date_range(first, last).alias("session_date")).with_columns(
            pl.lit(int(period)).alias("period"), pl.lit(number).alias("part")
        )
        for period, number, first, last in half_terms
    ]
    return pl.concat(parts)


def _summed(rows: pl.LazyFrame, key: list[str]) -> pl.LazyFrame:
    sums = [kind_of_code(kind).sum().cast(pl.UInt32).alias(f"sessions_{kind}") for kind in KINDS]
    return rows.group_by(key).agg(sums)


def kind_of_code(kind: str) -> pl.Expr:
    """Whether a session is possible, authorised or unauthorised absence, by the code set valid on its day.

    Few codes changed their kind on 19 August 2024, so a code is looked up by the day only where that matters.
    """
    before, after = (_codes(kind, day) for day in (date(2024, 8, 18), CHANGE))
    code = pl.col("attendance_code").cast(pl.String)
    both = code.is_in(sorted(before & after))
    early, late = sorted(before - after), sorted(after - before)
    was = code.is_in(early) & (pl.col("session_date") < CHANGE) if early else pl.lit(False)
    now = code.is_in(late) & (pl.col("session_date") >= CHANGE) if late else pl.lit(False)
    return (both | was | now).fill_null(False)


def _codes(kind: str, day: date) -> set[str]:
    lines = valid_on("attendance_code", day).values()
    if kind == "possible":
        return {line.code for line in lines if line.notes.get("possible") == "1"}
    return {line.code for line in lines if line.notes.get("category") == kind}


def _as_numbers(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(pl.col(f"sessions_{kind}").cast(pl.Float64) for kind in KINDS)
