"""Individual targets, each with what came of it, and summed to one row a pupil, school and year.

A target belongs to the academic year in which it was set. Where what is expected lies below the starting point (fewer
incidents), lower is better.
"""

from collections.abc import Mapping
from datetime import date

import polars as pl

from sendlab.cohort import with_pupils
from sendlab.coverage import period_of_date
from sendlab.metrics.typed import typed
from sendlab.schema.groups import AREA_OF_CODE

REVIEWED = ("met", "partly", "not met")
WITH_PARENTS = ("school and parents", "school, parents and pupil")
WITH_PUPIL = "school, parents and pupil"
NO_AREA = "no area of need"
KEY = ("pupil_id", "school_id", "time_period")


def last_day(targets: pl.DataFrame) -> date | None:
    """The last day on which a target was set: the data reach so far."""
    day: date | None = targets["set_on"].max()  # type: ignore[assignment]
    return day


def judged(targets: pl.DataFrame) -> pl.DataFrame:
    """Targets with `time_period`, `area`, and what is known of each, missing where it is not.

    `reviewed`; `reached_expected`, `reached_challenge` (numbers, in the target's direction); `ambitious` (challenge
    beyond what is expected); `less` (less than expected: by the numbers, else by goal attainment below 0, else by not
    being met in full); `steps_done` (not above what was planned); `parents`, `pupil` (who set it).
    """
    up = pl.when(pl.col("expected") < pl.col("baseline")).then(-1).otherwise(1)
    reached = {name: up * (pl.col("achieved") - pl.col(name)) >= 0 for name in ("expected", "challenge")}
    attained, set_by = pl.col("attainment") < 0, pl.col("set_by")
    reviewed = pl.col("met").is_in(REVIEWED)
    return typed(targets, "targets").with_columns(
        period_of_date("set_on").alias("time_period"),
        pl.col("need_area").replace_strict(AREA_OF_CODE, default=None, return_dtype=pl.String).fill_null(NO_AREA)
        .alias("area"),
        reviewed.fill_null(False).alias("reviewed"),
        *(rule.alias(f"reached_{name}") for name, rule in reached.items()),
        (up * (pl.col("challenge") - pl.col("expected")) > 0).alias("ambitious"),
        pl.coalesce(~reached["expected"], attained, pl.when(reviewed).then(pl.col("met") != "met")).alias("less"),
        pl.min_horizontal("steps_met", pl.when(pl.col("steps_met").is_not_null()).then("steps_planned"))
        .alias("steps_done"),
        set_by.is_in(WITH_PARENTS).alias("parents"), (set_by == WITH_PUPIL).alias("pupil"),
    )  # fmt: skip


def per_pupil(rows: pl.DataFrame, facts: pl.DataFrame, sums: Mapping[str, pl.Expr]) -> pl.DataFrame:
    """Sums over the targets of each pupil, school and year, beside the pupil's place and groups."""
    summed = rows.group_by(KEY, maintain_order=True).agg(
        *(expr.alias(name) for name, expr in sums.items()), pl.col("set_on").max().alias("data_to")
    )
    return with_pupils(summed, facts)


def known(flag: str, among: pl.Expr | None = None) -> dict[str, pl.Expr]:
    """How many targets of a pupil have a feature, and of how many it is known: `flag` and `flag_of`."""
    told = pl.col(flag).is_not_null() if among is None else pl.col(flag).is_not_null() & among
    return {flag: (pl.col(flag) & told).sum(), f"{flag}_of": told.sum()}
