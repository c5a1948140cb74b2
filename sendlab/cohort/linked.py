"""Rows of other tables beside the pupils, places and years that they belong to."""

import polars as pl

from sendlab.coverage import period_of_date
from sendlab.schema.groups import FULL_YEAR, NOT_RECORDED, UNKNOWN_PHASE
from sendlab.schema.measures import GROUPS

PLACE = ("place_code", "place_name", "education_phase", "la_code", "la_name")
PUPIL = tuple(name for name in GROUPS if name != "item")  # groups that a pupil of facts belongs to


def with_pupils(rows: pl.DataFrame, facts: pl.DataFrame, *, day: str | None = None) -> pl.DataFrame:
    """Rows of a table of pupils with the place and groups of the pupil in that academic year.

    `day` names the date column that says which year it is; without it the rows have `time_period`. A pupil whom facts
    do not hold in that year has the groups of the nearest year held, at this school if anywhere; one whom facts never
    hold stays, with groups not recorded. Adds `time_period` and `time_identifier` (Academic year), place and groups.
    """
    rows = rows if day is None else rows.with_columns(period_of_date(day).alias("time_period"))
    held = [name for name in PUPIL if name in facts.columns]
    known = facts.select("pupil_id", pl.col("school_id").alias("_school"), pl.col("time_period").alias("_year"), *held)
    wanted = rows.select("pupil_id", "school_id", "time_period").unique()
    apart = pl.col("_year").str.slice(0, 4).cast(pl.Int32) - pl.col("time_period").str.slice(0, 4).cast(pl.Int32)
    found = (
        wanted.join(known, on="pupil_id", how="inner")
        .sort(apart.abs(), pl.col("_school") != pl.col("school_id"), apart, "_school")
        .unique(["pupil_id", "school_id", "time_period"], keep="first", maintain_order=True)
        .drop("_school", "_year")
    )
    joined = rows.drop([name for name in held if name in rows.columns]).join(
        found, on=["pupil_id", "school_id", "time_period"], how="left", maintain_order="left"
    )
    named = joined.with_columns(pl.col(name).fill_null(NOT_RECORDED) for name in held if name != "need_area")
    return with_places(named, facts).with_columns(pl.lit(FULL_YEAR).alias("time_identifier"))


def with_places(rows: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """Rows of a table with `school_id` as places of the LA; a school that `places` does not hold keeps its id.

    `places`: facts, or a frame with school_id, place_code, place_name, education_phase, la_code and la_name.
    """
    known = places.select("school_id", *PLACE[:3]).unique("school_id", keep="first", maintain_order=True)
    authority = places.select(PLACE[3:]).head(1)
    joined = rows.drop([name for name in PLACE if name in rows.columns]).join(
        known, on="school_id", how="left", maintain_order="left"
    )
    return joined.with_columns(
        pl.coalesce("place_code", "school_id").alias("place_code"),
        pl.coalesce("place_name", "school_id").alias("place_name"),
        pl.col("education_phase").fill_null(UNKNOWN_PHASE),
        *(pl.lit(authority[name].first(), dtype=pl.String).alias(name) for name in PLACE[3:]),
    )
