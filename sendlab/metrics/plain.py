"""Figures of places and things: plain sums over sums, shares of schools for the LA, and rows of one recipe an item."""

from collections.abc import Callable, Iterable, Sequence

import polars as pl

from sendlab.metrics.cards import card
from sendlab.metrics.grouping import LA, SCHOOL, By, number
from sendlab.metrics.measuring import measure_rows
from sendlab.metrics.recipes import Recipe
from sendlab.metrics.said import not_known
from sendlab.schema.groups import FULL_YEAR, TOTAL
from sendlab.schema.measures import as_measures, no_measures
from sendlab.stats.intervals import wilson

BOTH_LEVELS = (SCHOOL, LA)
_PLACE = {
    SCHOOL: ("place_code", "place_name", "education_phase"),
    LA: ("la_code", "la_name", "all"),
}
WITHIN = "Wilson, over what was seen"
NOT_KNOWN_OF_ANYBODY = "it is not known of anybody here"
FULL_ACCOUNT = "a full account, no sample: no interval"


def plain_figures(
    rows: pl.DataFrame, measure: str, *, top: pl.Expr, bottom: pl.Expr, day: str, items: Sequence[str] = ("all",),
    levels: Sequence[str] = BOTH_LEVELS, per: float = 1.0, nothing: str = "nothing to count",
) -> pl.DataFrame:  # fmt: skip
    """One sum over another by place and item, without an interval: judgements and things are no sample of people.

    `rows`: with `time_period`, the place, `la_code` and `la_name`. `items`: columns that each give rows of their own;
    "all" gives the total. `day`: the date column behind `data_to`. Where `bottom` adds up to nothing there is no
    figure (status z, with `nothing` as the reason).
    """
    named = rows.with_columns(pl.lit(TOTAL).alias("all"))
    parts = [_sums(named, level, item, top, bottom, day) for level in levels for item in items]
    there = pl.col("denominator") > 0
    return as_measures(pl.concat(parts).with_columns(
        pl.lit(measure).alias("measure"), pl.lit(FULL_YEAR).alias("time_identifier"),
        pl.lit(card(measure).unit).alias("unit"),
        pl.when(there).then("numerator").alias("numerator"),
        pl.when(there).then(per * pl.col("numerator") / pl.col("denominator")).alias("value"),
        pl.when(there).then(pl.lit("")).otherwise(pl.lit("z")).alias("status"),
        pl.when(there).then(pl.lit("")).otherwise(pl.lit(nothing)).alias("note"),
    ))  # fmt: skip


def _sums(rows: pl.DataFrame, level: str, item: str, top: pl.Expr, bottom: pl.Expr, day: str) -> pl.DataFrame:
    names = ("place_code", "place_name", "education_phase")
    keys = [pl.col(column).alias(name) for name, column in zip(names, _PLACE[level], strict=True)]
    sums = rows.group_by("time_period", *keys, pl.col(item).alias("item")).agg(
        top.sum().cast(pl.Float64).alias("numerator"), bottom.sum().cast(pl.Float64).alias("denominator"),
        pl.col(day).max().alias("data_to"),
    )  # fmt: skip
    return sums.with_columns(pl.lit(level).alias("geographic_level")).sort("time_period", "place_code", "item")


def of_the_la(base: pl.DataFrame, recipes: Iterable[Recipe], *, by: By | None = (), confidence: float = 0.95,
              ) -> pl.DataFrame:  # fmt: skip
    """Measure rows of the LA alone, where each row of the base is a school: one school is no share of schools."""
    rows = measure_rows(base, recipes, by=by, confidence=confidence, rest=False)
    return rows.filter(pl.col("geographic_level") == LA)


def item_rows(
    base: pl.DataFrame, column: str, make: Callable[[str, pl.Expr], Sequence[Recipe]], *, by: By | None,
    confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """Measure rows of one recipe an item, over a base with one row a person, place, period and item.

    `make` gets the item and the rule that picks its rows, so that each person counts once; its recipes say who is
    `eligible`. Where nobody is (a question that a school did not ask) there is no row; where they are, and it is known
    of none, the row says so (x).
    """
    items = base[column].drop_nulls().unique().sort().to_list()
    recipes = [recipe for item in items for recipe in make(item, pl.col(column) == item)]
    rows = measure_rows(base, recipes, by=by, confidence=confidence) if recipes else no_measures()
    return not_known(rows.filter(pl.col("eligible_subjects") > 0), NOT_KNOWN_OF_ANYBODY)


def with_limits_of_one_school(rows: pl.DataFrame, confidence: float = 0.95) -> pl.DataFrame:
    """A school's own share of what was seen there, with Wilson's interval over what was seen; other rows as they are.

    Between schools the school is the unit, and one school alone has no limits.
    """
    lower, upper = wilson(rows["numerator"].to_numpy(), rows["denominator"].to_numpy(), confidence=confidence)
    own = (pl.col("geographic_level") == SCHOOL) & pl.col("value").is_not_null()
    limits = {"lower": number(100 * lower), "upper": number(100 * upper)}
    return rows.with_columns(
        *(pl.when(own).then(pl.lit(values)).otherwise(pl.col(name)).alias(name) for name, values in limits.items()),
        pl.when(own).then(pl.lit(WITHIN)).otherwise("method").alias("method"),
    )


def without_interval(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of money, hours and places on courses: all of them are counted, so there is nothing to be uncertain of."""
    nothing = pl.lit(None, dtype=pl.Float64)
    return rows.with_columns(nothing.alias("lower"), nothing.alias("upper"), pl.lit(FULL_ACCOUNT).alias("method"))
