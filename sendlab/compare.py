"""Gaps to a named comparator: measure rows in, measure rows out.

A gap is the group's figure minus the comparator's, in the figure's own unit (percentage points, points, per 100
pupils), taken before any rounding. Two independent groups: Newcombe for shares of people, otherwise from both limits
(MOVER). Against a published figure, which has no interval, only the own figure's limits count.
"""

import numpy as np
import polars as pl

from sendlab.metrics.cards import cards
from sendlab.metrics.grouping import REST, number
from sendlab.schema.groups import SEND, TOTAL
from sendlab.schema.measures import GROUPS, as_measures
from sendlab.stats.intervals import difference, newcombe

NO_SEN = "No SEN"
NATIONAL = "Same group nationally"
MAX_AGE = 2  # years by which a benchmark may be older than the period and still be a comparator
UNCOMPARED = ("effect", "rating", "count")
OTHER_GROUPS = tuple(name for name in GROUPS if name not in ("sen_provision", "need_area", "sen_primary_need"))
SIDE = ("value", "lower", "upper", "numerator", "denominator", "status")


def gap_rows(figures: pl.DataFrame) -> pl.DataFrame:
    """All gap rows of figures: to pupils without SEN, to the LA without the school, to the same group nationally.

    `figures` holds rows of LA, schools, the LA without each school, and National benchmarks. A side without a value
    gives a gap without a value and the side's symbol. Benchmarks must match measure, group and kind of period, and be
    at most two years older than the period (`comparator_period` says which year); older ones are history.
    """
    own = figures.filter(pl.col("geographic_level").is_in(["Local authority", "School"]) & (pl.col("comparator") == ""))
    compared = own.filter(
        pl.col("measure").is_in([m for m, c in cards().items() if c.compared and c.kind not in UNCOMPARED])
    )
    return pl.concat([_to_no_sen(compared), _to_rest(compared, figures), _to_national(compared, figures)])


def _to_no_sen(own: pl.DataFrame) -> pl.DataFrame:
    plain = pl.all_horizontal(pl.col(name) == TOTAL for name in ("need_area", "sen_primary_need"))
    groups = own.filter(pl.col("sen_provision").is_in(SEND) & plain)
    others = own.filter(pl.col("sen_provision") == NO_SEN)
    link = ["measure", "time_period", "time_identifier", "geographic_level", "place_code", *OTHER_GROUPS]
    return _gaps(groups, others, link, NO_SEN)


def _to_rest(own: pl.DataFrame, figures: pl.DataFrame) -> pl.DataFrame:
    rest = figures.filter(pl.col("geographic_level") == REST)
    link = ["measure", "time_period", "time_identifier", "place_code", *GROUPS]
    return _gaps(own.filter(pl.col("geographic_level") == "School"), rest, link, REST)


def _to_national(own: pl.DataFrame, figures: pl.DataFrame) -> pl.DataFrame:
    """The latest benchmark up to the period, at most two years old; of the school's phase where there is one."""
    bench = figures.filter(pl.col("geographic_level") == "National")
    link = ["measure", "time_identifier", *GROUPS]
    years = pl.col("time_period").str.slice(0, 4).cast(pl.Int32) - pl.col("time_period_other").str.slice(0, 4).cast(
        pl.Int32
    )
    phase = pl.col("education_phase_other")
    pairs = (
        own.with_row_index("row")
        .join(bench.select(*link, "time_period", "education_phase", *SIDE), on=link, suffix="_other")
        .filter(years.is_between(0, MAX_AGE) & ((phase == pl.col("education_phase")) | (phase == TOTAL)))
        .sort("row", phase != pl.col("education_phase"), years)
        .unique("row", keep="first", maintain_order=True)
    )
    made = pairs.with_columns(pl.lit(None, dtype=pl.Float64).alias(n) for n in ("lower_other", "upper_other"))
    return _finish(made.drop("row", "education_phase_other"), NATIONAL)


def _gaps(groups: pl.DataFrame, others: pl.DataFrame, link: list[str], comparator: str) -> pl.DataFrame:
    side = others.select(*link, *SIDE, pl.col("time_period").alias("time_period_other"))
    return _finish(groups.join(side, on=link, suffix="_other", maintain_order="left"), comparator)


def _finish(pairs: pl.DataFrame, comparator: str) -> pl.DataFrame:
    lower, upper = _limits(pairs, comparator)
    gap = pl.col("value") - pl.col("value_other")
    mark = pl.when(pl.col("status") != "").then("status").otherwise("status_other")
    made = pairs.with_columns(
        gap.alias("value"),
        number(lower).alias("lower"),
        number(upper).alias("upper"),
        pl.lit(comparator).alias("comparator"),
        pl.col("value_other").alias("comparator_value"),
        pl.col("time_period_other").alias("comparator_period"),
        pl.when(gap.is_null()).then(mark).otherwise("status").alias("status"),
        pl.col("unit").str.replace("^% of .*$", "percentage points").alias("unit"),
        pl.lit(
            "from both sides' limits" if comparator != NATIONAL else "own limits; the published figure has none"
        ).alias("method"),
        *[pl.lit(None, dtype=pl.Float64).alias(n) for n in ("numerator", "denominator", "top_share")],
    )
    return as_measures(made.drop([name for name in made.columns if name.endswith("_other")]))


def _limits(pairs: pl.DataFrame, comparator: str) -> tuple[np.ndarray, np.ndarray]:
    g1, l1, u1, g0, l0, u0 = (
        pairs[name].to_numpy().astype(np.float64)
        for name in ("value", "lower", "upper", "value_other", "lower_other", "upper_other")
    )
    if comparator == NATIONAL:
        return l1 - g0, u1 - g0
    lower, upper = difference(g1, l1, u1, g0, l0, u0)
    shares = pairs["measure"].is_in([m for m, c in cards().items() if c.kind == "share"]).to_numpy()
    counts = (
        pairs[n].to_numpy().astype(np.float64)
        for n in ("numerator", "denominator", "numerator_other", "denominator_other")
    )
    exact = [100 * limit for limit in newcombe(*counts)]
    return np.where(shares, exact[0], lower), np.where(shares, exact[1], upper)
