"""Ratios to a named comparator: how many times the comparator's figure the group's is, with an interval.

Shares of people: risk ratio (Katz), and where a count is 0 the exact conditional ratio. Events: exact conditional
ratio widened for clustering in people. Ratios of sums: from both sides' limits on the log scale (MOVER). A gap and a
ratio can move in opposite directions over time: show both. Source: SEND methods, risk and rate ratios as in
`sendlab.stats.ratios`; Zou and Donner 2008.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

from sendlab.compare.clustering import squares_of
from sendlab.compare.gaps import comparison_rows, floats_of
from sendlab.compare.sides import NATIONAL, NO_SEN, kinds, pairs
from sendlab.metrics.grouping import REST, either_kind, number
from sendlab.stats.arrays import Floats, Limits
from sendlab.stats.intervals import difference
from sendlab.stats.ratios import clustered_rate_ratio, risk_ratio

RATIO = " (ratio)"  # what stands behind the comparator's name
UNIT = "times"
TO_NOTHING = "the comparator's figure is 0: a ratio to nothing has no value; see the gap"
METHODS = {
    "share": "risk ratio, log-normal limits; exact conditional limits where a count is 0",
    "events": "exact conditional rate ratio, widened for clustering in people",
    "sum": "from both sides' limits on the log scale",
    NATIONAL: "own limits over the published figure, which has none",
}


@either_kind
def ratio_rows(figures: pl.DataFrame, *, comparators: Sequence[str] = (NO_SEN, REST)) -> pl.DataFrame:
    """Ratio rows of figures: the same groups and places as `gap_rows`, `comparator` named "No SEN (ratio)".

    `value` is in times (1: alike), `comparator_value` the other side's figure in the measure's unit. Means and
    differences have no ratio, for they may be 0 or negative. Where the comparator's figure is 0 there is no value:
    status z with the reason. Columns are those of measure rows. `comparators` as in `gap_rows`.
    """
    return pl.concat([_ratios(pairs(figures, comparator), comparator) for comparator in comparators])


def _ratios(found: pl.DataFrame, comparator: str) -> pl.DataFrame:
    found = found.with_columns(kinds(found).alias("kind_other")).filter(pl.col("kind_other").is_in(list(METHODS)))
    if found.is_empty():
        return comparison_rows(found.drop("kind_other"), f"{comparator}{RATIO}")
    value, value_other = floats_of(found, "value", "value_other")
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(value_other > 0, value / value_other, np.nan)
    lower, upper = (np.where(np.isnan(ratio), np.nan, limit) for limit in _limits(found, comparator))
    nothing = (pl.col("value_other") == 0) & pl.col("value").is_not_null()
    method = pl.col("kind_other") if comparator != NATIONAL else pl.lit(NATIONAL)
    made = found.with_columns(
        number(ratio).alias("value"),
        number(lower).alias("lower"),
        number(np.where(np.isinf(upper), np.nan, upper)).alias("upper"),
        pl.lit(UNIT).alias("unit"),
        method.replace_strict(METHODS, return_dtype=pl.String).alias("method"),
        pl.when(nothing).then(pl.lit("z")).otherwise("status").alias("status"),
        pl.when(nothing).then(pl.lit(TO_NOTHING)).otherwise("note").alias("note"),
    )
    return comparison_rows(made, f"{comparator}{RATIO}")


def _limits(found: pl.DataFrame, comparator: str) -> Limits:
    if comparator == NATIONAL:
        lower, upper, other = floats_of(found, "lower", "upper", "value_other")
        with np.errstate(invalid="ignore", divide="ignore"):
            return lower / other, upper / other
    limits = _from_limits(found)
    for kind, of_kind in (("share", _of_shares), ("events", _of_events)):
        mine = (found["kind_other"] == kind).to_numpy()
        if mine.any():
            exact = of_kind(found.filter(pl.Series(mine)))
            for whole, part in zip(limits, exact, strict=True):
                whole[mine] = part
    return limits


def _from_limits(found: pl.DataFrame) -> Limits:
    """MOVER of the logs; a figure's limit of 0 gives a lower limit of 0, a comparator's no upper limit."""
    sides = floats_of(found, "value", "lower", "upper", "value_other", "lower_other", "upper_other")
    with np.errstate(invalid="ignore", divide="ignore"):
        lower, upper = difference(*(np.log(side) for side in sides))
        return np.exp(lower), np.exp(upper)


def _counts(found: pl.DataFrame) -> list[Floats]:
    return floats_of(found, "numerator", "denominator", "numerator_other", "denominator_other")


def _of_shares(found: pl.DataFrame) -> Limits:
    x1, n1, x0, n0 = _counts(found)
    katz = risk_ratio(x1, n1, x0, n0)
    exact = clustered_rate_ratio(x1, n1, x1, x0, n0, x0)  # nobody counts twice: no clustering
    none = (x1 == 0) | (x0 == 0)
    return np.where(none, exact.lower, katz.lower), np.where(none, exact.upper, katz.upper)


def _of_events(found: pl.DataFrame) -> Limits:
    k1, n1, k0, n0 = _counts(found)
    exact = clustered_rate_ratio(k1, n1, squares_of(found), k0, n0, squares_of(found, suffix="_other"))
    return exact.lower, exact.upper
