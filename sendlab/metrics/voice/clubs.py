"""Clubs and passports: how many pupils take part in the life of the school, and have their needs in their own words."""

import polars as pl

from sendlab.coverage import period_of_date
from sendlab.metrics.grouping import By, either_kind
from sendlab.metrics.recipes import EVERYBODY, Recipe, Share
from sendlab.metrics.rolls import OF_SEND, PUPIL, SCHOOL, beside_the_roll, roll_rows
from sendlab.schema.groups import FULL_YEAR

REGULAR = 50  # % of the times that an activity took place, boundary included (own definition)
PASSPORT = "passport"
RECORDED = pl.col("recorded")


@either_kind
def taking_part(
    facts: pl.DataFrame, activities: pl.DataFrame, *, by: By | None = None, regular: float = REGULAR,
    confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """Pupils who take part in any activity, and who do so regularly, per 100 pupils on the roll (Wilson interval).

    `activities`: the declared table. `takes_part_in_clubs`: came at least once, or stands on a register without
    numbers. `regular_in_clubs`: came to one activity at least `regular` % of the times it took place. Schools that sent
    no register in a year are not known: their pupils count as eligible only.
    """
    rows = activities.with_columns(pl.lit(FULL_YEAR).alias("time_identifier"))
    came, held = pl.col("times_attended"), pl.col("times_offered")
    share = pl.when(held > 0).then(100 * came >= regular * held)
    sums = rows.group_by(PUPIL).agg(
        (came > 0).fill_null(True).any().alias("part"),
        share.any().fill_null(False).alias("often"),
        ((came > 0).fill_null(True) & share.is_null()).any().alias("unclear"),
    )
    flags = rows.select(SCHOOL).unique().with_columns(pl.lit(True).alias("recorded"))
    unclear = pl.col("unclear").fill_null(False) & ~pl.col("often").fill_null(False)
    recipes: list[Recipe] = [
        Share("takes_part_in_clubs", feature=pl.col("part"), where=RECORDED, eligible=EVERYBODY),
        Share("regular_in_clubs", feature=pl.col("often"), where=RECORDED & ~unclear, eligible=EVERYBODY),
    ]
    return roll_rows(beside_the_roll(facts, sums, flags), recipes, by=by, confidence=confidence)


@either_kind
def passports(
    facts: pl.DataFrame, plans: pl.DataFrame, *, by: By | None = None, confidence: float = 0.95
) -> pl.DataFrame:
    """Pupils with SEND with a passport, per 100 on the roll of schools that record passports (Wilson interval).

    A passport counts at its school from the year in which it was started. A school without any on record by then may
    keep them elsewhere, so it is not known. `eligible_subjects`: all pupils with SEND on the roll.
    """
    started = plans.filter(pl.col("plan_type") == PASSPORT).select(
        "pupil_id", "school_id", period_of_date("start_date").alias("started")
    )
    years = facts.select("time_period").unique().with_columns(pl.lit(FULL_YEAR).alias("time_identifier"))
    held = started.join(years, how="cross").filter(pl.col("started") <= pl.col("time_period"))
    sums = held.select(PUPIL).unique().with_columns(pl.lit(True).alias("passport"))
    flags = held.select(SCHOOL).unique().with_columns(pl.lit(True).alias("recorded"))
    base = beside_the_roll(facts, sums, flags).filter(OF_SEND)
    recipe = Share("with_passport", feature=pl.col("passport"), where=RECORDED, eligible=EVERYBODY)
    return roll_rows(base, [recipe], by=by, confidence=confidence)
