"""Too early in a year to call anybody persistently absent."""

import polars as pl

from sendlab.cohort.bases import attendance_base
from sendlab.schema.groups import FULL_YEAR

# Before half of a place's pupils have had so many possible sessions (four weeks) nobody is called persistently absent.
MINIMUM_SESSIONS = 40
SCHOOL_YEAR = 380  # sessions of a school year, at least (190 days; DfE, Pupil absence: methodology, 2025)


def too_early(rows: pl.DataFrame, facts: pl.DataFrame, minimum_sessions: int = MINIMUM_SESSIONS) -> pl.DataFrame:
    """Measure rows without figures of places where fewer than half of the enrolments have `minimum_sessions` possible.

    Of parts of a year only: a year that is over is not early. Such a row says why (status x). Counted over the place,
    not the group: it is a matter of the calendar.
    """
    base = attendance_base(facts).filter(pl.col("time_identifier") != FULL_YEAR)
    enough = (pl.col("sessions_possible") >= minimum_sessions).mean().alias("enough")
    held = [
        base.group_by("time_period", "time_identifier", pl.col(code).alias("place_code")).agg(enough)
        for code in ("place_code", "la_code")
    ]
    joined = rows.join(pl.concat(held), on=["time_period", "time_identifier", "place_code"], how="left",
                       maintain_order="left")  # fmt: skip
    early = (joined["enough"] < 0.5).fill_null(False)
    note = f"too early: fewer than half of the pupils have had {minimum_sessions} possible sessions"
    return rows.with_columns(
        *(pl.when(~early).then(name).alias(name)
          for name in ("numerator", "with_subjects", "value", "lower", "upper")),
        pl.when(early).then(pl.lit("x")).otherwise("status").alias("status"),
        pl.when(early).then(pl.lit(note)).otherwise("note").alias("note"),
    )  # fmt: skip
