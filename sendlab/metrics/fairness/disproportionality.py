"""Disproportionality of exclusions: pupils with SEN beside pupils without, and beside the rest of the roll.

Source: the relative rate index and the composition index of research on disproportionality; exact conditional test of
two rates (Przyborowski and Wilenski 1940); false discoveries after Benjamini and Hochberg 1995. A rate is that of the
exclusion measures: on the January roll, leavers' events kept. Never chi-square, which fails on small expected counts.
"""

from collections.abc import Sequence

import polars as pl

from sendlab.metrics.cards import card
from sendlab.metrics.fairness.pairs import REST_OF_ROLL, WITHOUT_SEN, Kind, compared
from sendlab.metrics.grouping import KEY, PERIOD, either_kind
from sendlab.schema.groups import TOTAL
from sendlab.schema.measures import as_measures, no_measures

FALSE_DISCOVERIES = 0.05  # the share of findings that may be false, held over the family
LIKE_FOR_LIKE = ("nc_year", "sex", "fsm_status")
KINDS = (
    Kind("suspended_once_or_more_ratio", "suspensions", False, "suspended_once_or_more_composition"),
    Kind("suspension_rate_ratio", "suspensions", True, "suspension_composition"),
    Kind("permanent_exclusion_ratio", "permanent_exclusions", False),
)
STANDARDISED = Kind("suspended_once_or_more_like_for_like", "suspensions", False)
COLUMNS = (
    *PERIOD, "geographic_level", "place_code", "place_name", "education_phase", "sen_provision", "need_area", "measure",
    "comparator", "pupils", "observed", "expected", "expected_equal", "pupils_other", "observed_other", "ratio",
    "lower", "upper", "composition_index", "p", "adjusted_p", "flag", "tested", "family", "method", "no_verdict",
)  # fmt: skip


@either_kind
def exclusion_comparisons(
    facts: pl.DataFrame, *, q: float = FALSE_DISCOVERIES, confidence: float = 0.95
) -> pl.DataFrame:
    """One row a comparison: each period, place, group (SEN support, EHC plan, broad area of need), measure, comparator.

    `comparator`: pupils without SEN, or the rest of the roll (everybody at the place but the group). `observed` is the
    group's count and `expected` what it would be at the comparator's rate, so `ratio` is observed / expected;
    `expected_equal` is what it would be were both alike; `composition_index` (beside the rest of the roll) is the
    group's share of events over its share of the roll. `p` is of no difference; `adjusted_p` is adjusted for the
    `tested` comparisons of the `family`: all schools' of the period, or all the LA's own. `flag` is "above" or "below"
    where it is at most `q`. No verdict (no p, `no_verdict` says why) under 11 pupils on a side or, for events, under 5
    expected on a side.
    """
    return compared(facts, KINDS, (), q, confidence).select(COLUMNS)


@either_kind
def exclusion_ratios(facts: pl.DataFrame, *, q: float = FALSE_DISCOVERIES, confidence: float = 0.95) -> pl.DataFrame:
    """Measure rows of `exclusion_comparisons`: ratios (`item` names the comparator) and composition indices.

    `numerator` is the count observed and `denominator` the count expected; the note says where a ratio stands out
    among all comparisons of the period, and why there is no verdict where there is none.
    """
    found = compared(facts, KINDS, (), q, confidence)
    if found.is_empty():
        return no_measures()
    return pl.concat([_ratio_rows(found), *(_composition_rows(found, kind) for kind in KINDS if kind.composition)])


@either_kind
def exclusion_ratios_like_for_like(
    facts: pl.DataFrame, *, alike: Sequence[str] = LIKE_FOR_LIKE, q: float = FALSE_DISCOVERIES, confidence: float = 0.95
) -> pl.DataFrame:
    """Pupils suspended once or more, beside as many expected of pupils without SEN alike in `alike` (indirect).

    The rates of the LA's pupils without SEN in each stratum of year group, sex and free school meals say what to
    expect of the group and of the place's own pupils without SEN; the ratio is that of the two observed / expected, so
    a place's own level does not count against the group. The LA's rates are taken as known. Pupils of strata with no
    pupil without SEN are left out; `eligible_subjects` counts them too. Source: Breslow and Day 1987.
    """
    found = compared(facts, (STANDARDISED,), tuple(alike), q, confidence)
    found = found.filter(pl.col("comparator") == WITHOUT_SEN)
    return no_measures() if found.is_empty() else _ratio_rows(found)


def _ratio_rows(found: pl.DataFrame) -> pl.DataFrame:
    limits = {name: pl.when(pl.col("ratio").is_finite()).then(name) for name in ("lower", "upper")}
    return _rows(found, pl.col("comparator"), {"value": pl.col("ratio"), "denominator": pl.col("expected"), **limits})


def _composition_rows(found: pl.DataFrame, kind: Kind) -> pl.DataFrame:
    """Index and limits from the ratio to the rest of the roll: both say how the same events fall on two sides."""
    mine = found.filter((pl.col("measure") == kind.measure) & (pl.col("comparator") == REST_OF_ROLL))
    n1, n0 = pl.col("exposure"), pl.col("exposure_other")

    def index(ratio: pl.Expr) -> pl.Expr:
        return pl.when(ratio.is_finite()).then(ratio * (n1 + n0) / (n1 * ratio + n0)).otherwise((n1 + n0) / n1)

    limits = {name: pl.when(pl.col(name).is_not_null()).then(index(pl.col(name))) for name in ("lower", "upper")}
    value = {"value": pl.col("composition_index"), "denominator": pl.col("expected_equal"), **limits}
    return _rows(mine.with_columns(pl.lit(kind.composition).alias("measure")), pl.lit(TOTAL), value)


def _rows(found: pl.DataFrame, item: pl.Expr, figures: dict[str, pl.Expr]) -> pl.DataFrame:
    units = {name: card(name).unit for name in found["measure"].unique()}
    made = found.with_columns(
        item.alias("item"), *(expr.alias(name) for name, expr in figures.items()),
        pl.col("measure").replace_strict(units, return_dtype=pl.String).alias("unit"),
        pl.when(pl.col("observed") > 0).then(pl.col("top") / pl.col("observed")).alias("top_share"),
    )  # fmt: skip
    value, none = pl.col("value"), pl.col("value").is_null() | ~pl.col("value").is_finite()
    unknown = pl.when(none).then(pl.lit("z")).when(pl.col("no_verdict") != "").then(pl.lit("u")).otherwise(pl.lit(""))
    return as_measures(made.select(
        *KEY, "measure", pl.col("observed").alias("numerator"), "denominator", "top_share",
        pl.col("pupils").cast(pl.Int64).alias("base_subjects"), pl.col("eligible").cast(pl.Int64).alias(
            "eligible_subjects"), pl.col("with_pupils").cast(pl.Int64).alias("with_subjects"),
        pl.when(~none).then(value).alias("value"), "lower", "upper", "unit", "method", unknown.alias("status"),
        _note(none).alias("note"),
    ))  # fmt: skip


def _note(none: pl.Expr) -> pl.Expr:
    least = pl.format("nobody of the comparator had one: {} observed, no ratio", pl.col("observed").cast(pl.Int64))
    flagged = pl.format(
        "stands out among {} comparisons (adjusted p at most {}): more than chance; why is another question",
        pl.col("tested"), ((10_000 * pl.col("adjusted_p")).ceil() / 10_000),
    )  # fmt: skip
    return (
        pl.when(none & (pl.col("no_verdict") == "")).then(least).when(pl.col("no_verdict") != "").then("no_verdict")
        .when(pl.col("flag") != "").then(flagged).otherwise(pl.lit(""))
    )  # fmt: skip
