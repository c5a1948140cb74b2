"""Gaps to a named comparator: measure rows in, measure rows out.

A gap is the group's figure minus the comparator's, in the figure's own unit (percentage points, points, per 100
pupils), taken before any rounding. Two independent groups: Newcombe for shares of people, otherwise from both limits
(MOVER). Against a published figure, which has no interval, only the own figure's limits count.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

from sendlab.compare.sides import NATIONAL, NO_SEN, kinds, pairs
from sendlab.metrics.grouping import REST, either_kind, number
from sendlab.schema.measures import as_measures
from sendlab.stats.arrays import Limits
from sendlab.stats.intervals import difference, newcombe

USUAL = (NO_SEN, REST, NATIONAL)
NO_COUNTS = ("numerator", "denominator", "top_share", "least", "most")  # of a figure: a gap has none of its own


@either_kind
def gap_rows(figures: pl.DataFrame, *, comparators: Sequence[str] = USUAL) -> pl.DataFrame:
    """All gap rows of figures: to pupils without SEN, to the LA without the school, to the same group nationally.

    `figures` holds rows of LA, schools, the LA without each school, and National benchmarks. `comparators` may also
    name PEERS, the other schools of the phase. A side without a value gives a gap without a value and the side's
    symbol. Benchmarks must match measure, group and kind of period, and be at most two years older than the period
    (`comparator_period` says which year); older ones are history. A special school is compared with neither the
    rest of the LA nor a figure of all phases: its rows there have status z and say so.
    """
    return pl.concat([_gaps(pairs(figures, comparator), comparator) for comparator in comparators])


def _gaps(found: pl.DataFrame, comparator: str) -> pl.DataFrame:
    lower, upper = _limits(found, comparator)
    made = found.with_columns(
        (pl.col("value") - pl.col("value_other")).alias("value"),
        number(lower).alias("lower"),
        number(upper).alias("upper"),
        points().alias("unit"),
        pl.lit(
            "from both sides' limits" if comparator != NATIONAL else "own limits; the published figure has none"
        ).alias("method"),
    )
    return comparison_rows(made, comparator)


def comparison_rows(found: pl.DataFrame, comparator: str) -> pl.DataFrame:
    """Pairs with their value, limits, unit and method made, as measure rows of a comparator."""
    has_value = ("", "u")  # marks of a side with a value: they do not say why there is none
    mark = (
        pl.when(~pl.col("status").is_in(has_value)).then("status")
        .when(~pl.col("status_other").is_in(has_value)).then("status_other").otherwise(pl.lit("z"))
    )  # fmt: skip
    made = found.with_columns(
        pl.lit(comparator).alias("comparator"),
        pl.col("value_other").alias("comparator_value"),
        pl.col("time_period_other").alias("comparator_period"),
        pl.when(pl.col("value").is_null()).then(mark).otherwise("status").alias("status"),
        *[pl.lit(None, dtype=pl.Float64).alias(name) for name in NO_COUNTS],
    )
    return as_measures(made.drop([name for name in made.columns if name.endswith("_other")]))


def points() -> pl.Expr:
    """The unit of a difference: percentage points where the figures are percentages.

    >>> pl.DataFrame({"unit": ["% of pupils", "per 100 pupils"]}).select(points())["unit"].to_list()
    ['percentage points', 'per 100 pupils']
    """
    return pl.col("unit").str.replace("^% of .*$", "percentage points")


def floats_of(rows: pl.DataFrame, *names: str) -> list[np.ndarray]:
    """Columns as arrays of floats, missing values as not-a-number."""
    return [rows[name].to_numpy().astype(np.float64) for name in names]


def _limits(found: pl.DataFrame, comparator: str) -> Limits:
    sides = floats_of(found, "value", "lower", "upper", "value_other", "lower_other", "upper_other")
    if comparator == NATIONAL:
        _, l1, u1, g0, _, _ = sides
        return l1 - g0, u1 - g0
    lower, upper = difference(*sides)
    shares = (kinds(found) == "share").to_numpy()
    counts = floats_of(found, "numerator", "denominator", "numerator_other", "denominator_other")
    exact = [100 * limit for limit in newcombe(*counts)]
    return np.where(shares, exact[0], lower), np.where(shares, exact[1], upper)
