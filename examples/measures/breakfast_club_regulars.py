"""Of the pupils who come to breakfast club, how many come regularly."""

import polars as pl

from sendlab.coverage import period_of_date
from sendlab.metrics.grouping import BREAKDOWNS
from sendlab.metrics.measuring import measure_rows
from sendlab.metrics.recipes import Share
from sendlab.schema.groups import FULL_YEAR

REGULAR = 20  # mornings in a school year, boundary included


def breakfast_club_regulars(facts, breakfast_club, *, by=BREAKDOWNS, mornings=REGULAR, confidence=0.95):
    """Pupils who came on `mornings` or more, per 100 on the roll who came at all (Wilson interval)."""
    pupil = ["pupil_id", "school_id", "time_period"]
    came = breakfast_club.with_columns(period_of_date("week_beginning").alias("time_period"))
    came = came.group_by(pupil).agg(pl.col("mornings").sum()).filter(pl.col("mornings") > 0)
    base = facts.filter("on_roll").join(came, on=pupil).with_columns(pl.lit(FULL_YEAR).alias("time_identifier"))
    regular = Share("breakfast_club_regulars", feature=pl.col("mornings") >= mornings)
    return measure_rows(base, [regular], by=by, confidence=confidence)
