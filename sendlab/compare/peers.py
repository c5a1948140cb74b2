"""The other schools of a school's phase taken together, from their own figures: special schools beside special ones."""

import polars as pl

from sendlab.metrics.cards import cards
from sendlab.metrics.grouping import number
from sendlab.schema.measures import GROUPS
from sendlab.stats.intervals import wilson

PEERS = "Other schools of this phase"
_TABLE = ("measure", "time_period", "time_identifier", "education_phase", *GROUPS)


def peers_of(schools: pl.DataFrame) -> pl.DataFrame:
    """For each school's figure that of all other schools of its phase with the same measure, period and group.

    The value is what counting those schools together gives. Limits: Wilson's for shares of pupils; otherwise those
    of a sum of independent figures from the limits of each (MOVER; Zou and Donner 2008), none where a school with
    pupils has none. Schools without a figure are left out; one whose figure is hidden (c) hides that of the others.
    """
    known = pl.col("value").is_not_null()
    weight, hidden = pl.when(known).then("denominator").fill_null(0), pl.col("status") == "c"
    used = schools.with_columns(
        weight.alias("w"),
        (pl.when(weight > 0).then(weight * pl.col("value")).otherwise(0.0)).alias("wv"),
        (pl.when(weight > 0).then((weight * (pl.col("value") - pl.col("lower"))) ** 2).otherwise(0.0)).alias("down"),
        (pl.when(weight > 0).then((weight * (pl.col("upper") - pl.col("value"))) ** 2).otherwise(0.0)).alias("up"),
        pl.when(known).then("numerator").fill_null(0).alias("x"),
    )
    sums = used.with_columns(
        *(_of_others(name).alias(f"others_{name}") for name in ("w", "wv", "down", "up", "x")),
        (hidden.sum().over(_TABLE) - hidden).alias("hidden"),
    )
    total = pl.when((pl.col("others_w") > 0) & (pl.col("hidden") == 0)).then("others_w")
    made = sums.with_columns(
        value=pl.col("others_wv") / total,
        lower=(pl.col("others_wv") - pl.col("others_down").sqrt()) / total,
        upper=(pl.col("others_wv") + pl.col("others_up").sqrt()) / total,
        numerator=pl.when(total.is_not_null()).then("others_x"),
        denominator=total,
        with_subjects=pl.lit(None, dtype=pl.Int64),
        top_share=pl.lit(None, dtype=pl.Float64),
        status=pl.when(pl.col("hidden") > 0)
        .then(pl.lit("c"))
        .when(total.is_null())
        .then(pl.lit("z"))
        .otherwise(pl.lit("")),
    )
    return _with_wilson(made.select(schools.columns))


def _of_others(name: str) -> pl.Expr:
    """The sum over the table less the own; missing where one of the others is missing."""
    missing = pl.col(name).is_null()
    others_missing = missing.sum().over(_TABLE) - missing
    less = pl.col(name).sum().over(_TABLE) - pl.col(name).fill_null(0)
    return pl.when(others_missing == 0).then(pl.max_horizontal(less, 0.0))


def _with_wilson(rows: pl.DataFrame) -> pl.DataFrame:
    shares = pl.col("measure").is_in([name for name, card in cards().items() if card.kind == "share"])
    lower, upper = wilson(rows["numerator"].to_numpy(), rows["denominator"].to_numpy())
    return rows.with_columns(
        pl.when(shares).then(number(100 * lower)).otherwise("lower").alias("lower"),
        pl.when(shares).then(number(100 * upper)).otherwise("upper").alias("upper"),
    )
