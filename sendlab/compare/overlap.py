"""Pupils with SEN beside all pupils: an overlapping comparison, for all pupils include them.

With w the group's share of all, t = w g + (1 - w) r, so that the gap g - t is (1 - w)(g - r): smaller than to the rest.
Its interval is made from the group and the rest, which are different people, and not from group and total.
"""

import numpy as np
import polars as pl

from sendlab.compare.gaps import comparison_rows, floats_of, points
from sendlab.compare.sides import OTHER_GROUPS, beside, compared, kinds, of_send
from sendlab.metrics.grouping import either_kind, number
from sendlab.schema.groups import TOTAL
from sendlab.stats.arrays import Floats, Limits
from sendlab.stats.intervals import newcombe

ALL_PUPILS = "All pupils (overlapping)"
METHOD = "group and the other pupils, scaled by the others' share of all: the group is among all pupils"
_LINK = ["measure", "time_period", "time_identifier", "geographic_level", "place_code", *OTHER_GROUPS]


@either_kind
def overlapping_gap_rows(figures: pl.DataFrame) -> pl.DataFrame:
    """Gaps of pupils with EHC plans and on SEN support to all pupils of the same place and period, them included.

    An option beside `gap_rows`, whose comparator is pupils without SEN: this gap is always the smaller one. In the
    figure's unit (percentage points for percentages); `comparator` is "All pupils (overlapping)". Shares: Newcombe's
    interval against the other pupils, scaled; otherwise the rest's limits follow from those of all and of the group.
    A group that is all the pupils of its place has a gap of 0 without limits.
    """
    own = compared(figures)
    found = beside(of_send(own), own.filter(_everybody()), _LINK)
    lower, upper = _limits(found)
    made = found.with_columns(
        (pl.col("value") - pl.col("value_other")).alias("value"),
        number(lower).alias("lower"),
        number(upper).alias("upper"),
        points().alias("unit"),
        pl.lit(METHOD).alias("method"),
    )
    return comparison_rows(made, ALL_PUPILS)


def _everybody() -> pl.Expr:
    return pl.all_horizontal(pl.col(name) == TOTAL for name in ("sen_provision", "need_area", "sen_primary_need"))


def _limits(found: pl.DataFrame) -> Limits:
    g, lg, ug, t, lt, ut = floats_of(found, "value", "lower", "upper", "value_other", "lower_other", "upper_other")
    x, n, all_x, all_n = floats_of(found, "numerator", "denominator", "numerator_other", "denominator_other")
    with np.errstate(invalid="ignore", divide="ignore"):
        w = np.where(all_n > 0, n / all_n, np.nan)
        gap = g - t
        lower = gap - np.hypot((1 - w) * (g - lg), _of_rest(ut - t, w * (ug - g)))
        upper = gap + np.hypot((1 - w) * (ug - g), _of_rest(t - lt, w * (g - lg)))
        nobody_else = ~(w < 1)
        exact = [100 * (1 - w) * limit for limit in newcombe(x, n, all_x - x, all_n - n)]
    shares = (kinds(found) == "share").to_numpy()
    limits = np.where(shares, exact[0], lower), np.where(shares, exact[1], upper)
    return np.where(nobody_else, np.nan, limits[0]), np.where(nobody_else, np.nan, limits[1])


def _of_rest(whole: Floats, part: Floats) -> Floats:
    """The distance to a limit that the rest adds: what that of all holds beyond the group's own, never below none."""
    return np.asarray(np.sqrt(np.maximum(whole**2 - part**2, 0)))
