"""Groups of pupils with SEN beside pupils without and beside the rest of the roll: counts, ratios, tests, families.

The machinery of `disproportionality`. A comparison has a verdict or a reason why not, settled by the number of pupils
and of events to expect alone, before anybody looks at the difference.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from sendlab.cohort import require_facts, roll_base, with_period
from sendlab.metrics.grouping import KEY, LA, PERIOD, PLACED, grouped, number
from sendlab.schema.groups import NEED_AREAS, SEND, TOTAL
from sendlab.stats.arrays import over
from sendlab.stats.many import benjamini_hochberg
from sendlab.stats.ratios import clustered_rate_ratio, composition_index, rate_ratio

WITHOUT_SEN, REST_OF_ROLL = "pupils without SEN", "the rest of the roll"
NO_SEN = "No SEN"
AREAS = NEED_AREAS[:4]  # the four broad areas; "No broad area" is no need that a school could act on
FEWEST_PUPILS = 11  # on either side for a verdict, as in Ofsted's inspection data summary (2023)
FEWEST_EXPECTED = 5  # events expected on either side, where limits are not exact (Cochran 1954)
NEEDED = (*PLACED, "need_area", "suspensions", "permanent_exclusions", "on_roll", "event_terms")
EXACT = "exact conditional limits on pupils"
CLUSTERED = "conditional limits on events, widened for clustering in pupils"


class Kind(NamedTuple):
    """What is compared: a measure, the column of facts that it counts, and whether it counts pupils or events."""

    measure: str
    column: str
    events: bool
    composition: str = ""  # the measure that holds its composition index


def compared(
    facts: pl.DataFrame, kinds: Sequence[Kind], alike: tuple[str, ...], q: float, confidence: float
) -> pl.DataFrame:
    """Every comparison of these kinds, like for like in the columns `alike`, with p adjusted in its family."""
    require_facts(facts, (*NEEDED, *alike))
    base = with_period(roll_base(facts), "event_terms")
    parts = [_pairs(_cells(_exposed(base, kind, alike), kind), kind, confidence) for kind in kinds]
    return _in_families(pl.concat(parts), q).sort(*KEY[:4], "measure", "comparator", "sen_provision", "need_area")


def _exposed(base: pl.DataFrame, kind: Kind, alike: tuple[str, ...]) -> pl.DataFrame:
    """The base with what each pupil counts for: one on the roll or, like for like, the rate of those alike."""
    heads = pl.col("on_roll").cast(pl.Float64)
    if not alike:
        return base.with_columns(heads.alias("exposure"))
    count = pl.col(kind.column) if kind.events else pl.col(kind.column) > 0
    stratum = [*PERIOD, *alike]
    rates = base.filter(pl.col("sen_provision") == NO_SEN).group_by(stratum).agg(
        (count.sum() / pl.when(heads.sum() > 0).then(heads.sum())).alias("rate")
    )  # fmt: skip
    return base.join(rates, on=stratum, how="left", nulls_equal=True).with_columns(
        (heads * pl.col("rate")).alias("exposure")
    )


def _cells(base: pl.DataFrame, kind: Kind) -> pl.DataFrame:
    """Sums of each place and group: pupils, exposure, what is counted, its squares, and pupils behind it."""
    known = pl.col("exposure").is_not_null()
    had = pl.when(known).then(pl.col(kind.column)).cast(pl.Float64)
    count = had if kind.events else (had > 0).cast(pl.Float64)
    sums = {
        "pupils": pl.col("on_roll") & known, "eligible": pl.col("on_roll"), "exposure": pl.col("exposure"),
        "observed": count, "squares": count * count, "with_pupils": had > 0,
    }  # fmt: skip
    named = [expr.sum().cast(pl.Float64).alias(name) for name, expr in sums.items()]
    return grouped(base, named, by=("sen_provision", "need_area"), peaks=[count.max().alias("top")], rest=False)


SUMS = ("pupils", "exposure", "observed", "squares")


def _pairs(cells: pl.DataFrame, kind: Kind, confidence: float) -> pl.DataFrame:
    """Each group beside pupils without SEN and beside the rest of its place's roll, with ratio, limits and p."""
    link = [*PERIOD, "geographic_level", "place_code"]
    whole = pl.col("need_area") == TOTAL
    groups = cells.filter(
        whole & pl.col("sen_provision").is_in(SEND) | pl.col("need_area").is_in(AREAS)
    )  # those by need are of pupils with SEN at either stage
    without = cells.filter(pl.col("sen_provision") == NO_SEN).select(*link, *SUMS)
    roll = cells.filter(whole & (pl.col("sen_provision") == TOTAL)).select(*link, *SUMS)
    beside = groups.join(without, on=link, suffix="_other").with_columns(pl.lit(WITHOUT_SEN).alias("comparator"))
    rest = groups.join(roll, on=link, suffix="_other").with_columns(
        *((pl.col(f"{name}_other") - pl.col(name)).alias(f"{name}_other") for name in SUMS),
        pl.lit(REST_OF_ROLL).alias("comparator"),
    )
    pairs = pl.concat([beside, rest]).with_columns(pl.lit(kind.measure).alias("measure"))
    return _judged(pairs, kind, confidence)


def _judged(pairs: pl.DataFrame, kind: Kind, confidence: float) -> pl.DataFrame:
    k1, n1, s1, k0, n0, s0 = (
        pairs[f"{name}{end}"].to_numpy() for end in ("", "_other") for name in ("observed", "exposure", "squares")
    )
    found = (
        clustered_rate_ratio(k1, n1, s1, k0, n0, s0, confidence=confidence)
        if kind.events else rate_ratio(k1, n1, k0, n0, confidence=confidence)
    )  # fmt: skip
    rest = (pairs["comparator"] == REST_OF_ROLL).to_numpy()
    equal = over((k1 + k0) * n1, n1 + n0)
    index = np.where(rest, composition_index(k1, k1 + k0, n1, n1 + n0), np.nan)
    verdicts = pairs.with_columns(
        number(over(k0 * n1, n0)).alias("expected"), number(equal).alias("expected_equal"),
        number(found.ratio).alias("ratio"), number(found.lower).alias("lower"), number(found.upper).alias("upper"),
        number(index).alias("composition_index"), number(found.p).alias("p"),
        pl.lit(CLUSTERED if kind.events else EXACT).alias("method"),
    )  # fmt: skip
    why = _no_verdict(
        pl.col("expected_equal"), pl.col("observed") + pl.col("observed_other") - pl.col("expected_equal"), kind.events
    )
    return verdicts.with_columns(why.alias("no_verdict")).with_columns(
        pl.when(pl.col("no_verdict") == "").then("p").alias("p")
    )


def _no_verdict(expected: pl.Expr, expected_other: pl.Expr, events: bool) -> pl.Expr:
    """Why a comparison has no verdict; empty where it has one. Decided before anybody looks at the difference."""
    fewest = pl.min_horizontal("pupils", "pupils_other")
    few_events = pl.min_horizontal(expected, expected_other) < FEWEST_EXPECTED if events else pl.lit(False)
    return (
        pl.when(fewest == 0).then(pl.lit("nobody to count on one side"))
        .when(pl.col("observed") + pl.col("observed_other") == 0).then(pl.lit("nobody on either side had one"))
        .when(pl.col("ratio").is_null()).then(pl.lit("nothing to expect: nobody alike without SEN had one"))
        .when(fewest < FEWEST_PUPILS).then(pl.lit(f"fewer than {FEWEST_PUPILS} pupils on one side: no verdict"))
        .when(few_events).then(pl.lit(f"fewer than {FEWEST_EXPECTED} expected on one side: no verdict"))
        .otherwise(pl.lit(""))
    )  # fmt: skip


def _in_families(pairs: pl.DataFrame, q: float) -> pl.DataFrame:
    """Adjusted p and flag; a family is all that is shown at once: of schools, or of the LA, in one period."""
    family = ["time_period", "time_identifier", "geographic_level"]
    parts = [pairs.clear().with_columns(adjusted_p=pl.lit(0.0), flag=pl.lit(""), tested=pl.lit(0), family=pl.lit(""))]
    for names, some in pairs.group_by(family, maintain_order=True):
        held = benjamini_hochberg(some["p"].to_numpy(), q=q)
        who = "the LA" if names[2] == LA else f"{some['place_code'].n_unique()} schools"
        said = (
            f"{who}, {some['measure'].n_unique()} measures, groups by provision and need, each comparator: "
            f"{held.tested} comparisons made"
        )
        side = pl.when(pl.col("ratio") > 1).then(pl.lit("above")).otherwise(pl.lit("below"))
        parts.append(some.with_columns(
            number(held.adjusted).alias("adjusted_p"),
            pl.when(pl.Series(held.rejected)).then(side).otherwise(pl.lit("")).alias("flag"),
            pl.lit(held.tested).alias("tested"), pl.lit(said).alias("family"),
        ))  # fmt: skip
    return pl.concat(parts)
