"""Flags: which schools lie outside a funnel, with the false findings of the whole family held down.

A flag asks for a look, it is no judgement: schools differ in whom they identify and teach. Sources: Spiegelhalter 2005;
Benjamini and Hochberg 1995.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

from sendlab.compare.funnels import METHODS, funnel_of, no_funnel
from sendlab.compare.sides import beside_latest, kinds
from sendlab.errors import SendlabError
from sendlab.metrics.cards import cards
from sendlab.metrics.grouping import SCHOOL, either_kind, number
from sendlab.schema.groups import TOTAL
from sendlab.schema.measures import GROUPS
from sendlab.stats.many import benjamini_hochberg

FEWEST_PUPILS = 30  # below it no flag and no test (small-number rule for reporting, 30 and more: full)
LIMITS = ("lower_99_8", "lower_95", "upper_95", "upper_99_8")
POOLED, NATIONAL_TARGET = "pooled", "national"
TARGETS = {POOLED: "all schools of the phase here, taken together", NATIONAL_TARGET: "published figure of the nation"}
POSITIONS = ("above 99.8", "below 99.8", "above 95", "below 95", "within")
TABLE = ("measure", "time_period", "time_identifier", "education_phase", *GROUPS)
FLAGS = (
    *TABLE, "place_code", "place_name", "unit", "value", "base_subjects", "target", *LIMITS, "z", "p", "adjusted_p",
    "position", "flag", "shrunken_value", "rank_lower", "rank_upper", "schools", "method", "target_is", "family",
    "note",
)  # fmt: skip
FEWEST_SCHOOLS = 3  # for a target of their own: of two schools neither can stand out (own rule)
ALONE = "fewer than three schools of this phase: nothing to stand out from"
SMALL = "fewer than 30 pupils: not tested, no flag"
UNSURE = "marked unreliable: not tested, no flag, no rank"
NO_TARGET = "no national figure of this phase and group, at most two years old: not tested"


@either_kind
def funnel_flags(
    measures: pl.DataFrame, *, target: str = POOLED, only: Sequence[str] | None = None, q: float = 0.05
) -> pl.DataFrame:
    """One row a school and figure: where it lies in its funnel, and a flag where it stands out of the whole family.

    A funnel is a phase's schools with one measure, period and group (special schools by themselves). `target`:
    "pooled" (those schools together) or "national" (the published figure of the phase, else of all phases; never of
    all phases for special schools). `only` names measures; by default all of shares, events, sums and means that have
    a polarity. Filter `measures` to what is shown before: every comparison in it counts to the family, over which
    adjusted p-values hold the share of false flags at `q` (Benjamini-Hochberg).
    Columns: `value`, `target`, limits (`lower_99_8` to `upper_99_8`, in the unit), `z`, `p`, `adjusted_p`; `position`
    ("above 99.8", "within", ...) by the limits alone; `flag`, the position where `adjusted_p` is at most `q`, else "";
    `shrunken_value`, `rank_lower`, `rank_upper` (1 is the highest) for caution, never as a school's result; `schools`
    in the funnel; `method`, `target_is`, `family` and `note` in words. Below 30 pupils, and where a
    figure is marked unreliable (u), there is no position and no p.
    """
    if target not in TARGETS:
        raise SendlabError(f"no target is called '{target}'", next_step=f"use one of {', '.join(TARGETS)}")
    rows = _judged(measures, only)
    if rows.is_empty():
        return pl.DataFrame(schema=dict.fromkeys(FLAGS, pl.String))
    rows = _with_target(rows, measures, target)
    made = _with_funnels(rows).with_columns(pl.lit(TARGETS[target]).alias("target_is"))
    return _flagged(_placed(made, ALONE if target == POOLED else NO_TARGET), q)


def _judged(measures: pl.DataFrame, only: Sequence[str] | None) -> pl.DataFrame:
    """Figures of schools that a funnel has a meaning for."""
    usual = [name for name, card in cards().items() if card.polarity != "none" and card.compared]
    rows = measures.filter(
        (pl.col("geographic_level") == SCHOOL) & (pl.col("comparator") == "")
        & pl.col("measure").is_in(usual if only is None else list(only))
    )  # fmt: skip
    rows = rows.with_columns(kinds(rows).alias("kind"))
    return rows.filter(pl.col("kind").is_in(list(METHODS)) & pl.col("value").is_not_null()).sort(*TABLE, "place_code")


def _with_target(rows: pl.DataFrame, measures: pl.DataFrame, target: str) -> pl.DataFrame:
    if target == POOLED:
        enough = pl.len().over(TABLE) >= FEWEST_SCHOOLS
        return rows.with_columns(pl.lit(None, dtype=pl.Float64).alias("target"), enough.alias("has_target"))
    nation = measures.filter((pl.col("geographic_level") == "National") & (pl.col("comparator") == ""))
    mixed = (pl.col("education_phase") == "Special") & (pl.col("education_phase_other") == TOTAL)
    held = beside_latest(rows, nation).filter(~mixed)
    held = held.select(*TABLE, "place_code", pl.col("value_other").alias("target"))
    found = rows.join(held, on=[*TABLE, "place_code"], how="left", maintain_order="left")
    return found.with_columns(pl.col("target").is_not_null().alias("has_target"))


def _with_funnels(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows, sorted by table, with what their funnels say of them."""
    tables = rows.partition_by(*TABLE, maintain_order=True)
    found = [
        funnel_of(table, table["kind"][0], table["target"][0]) if table["has_target"][0] else no_funnel(table.height)
        for table in tables
    ]
    heights = [table.height for table in tables]
    limits = np.concatenate([one.limits for one in found])
    arrays = ("z", "p", "shrunken", "rank_lower", "rank_upper")
    names = {"shrunken": "shrunken_value"}
    return rows.with_columns(
        number(np.repeat([one.target for one in found], heights)).alias("target"),
        pl.Series("schools", np.repeat(heights, heights)),
        pl.Series("method", np.repeat([one.method for one in found], heights), dtype=pl.String),
        *(
            number(np.concatenate([getattr(one, name) for one in found])).alias(names.get(name, name))
            for name in arrays
        ),
        *(number(limits[:, place]).alias(name) for place, name in enumerate(LIMITS)),
    )


def _placed(rows: pl.DataFrame, without: str) -> pl.DataFrame:
    """Rows with `position`; no p and no position where there is no target or the school has few pupils."""
    many, sure = (pl.col("base_subjects") >= FEWEST_PUPILS).fill_null(False), pl.col("status") != "u"
    tested = many & sure & pl.col("has_target")
    untold = (
        pl.when(~pl.col("has_target")).then(pl.lit(without)).when(~many).then(pl.lit(SMALL))
        .when(~sure).then(pl.concat_str(pl.lit(f"{UNSURE}: "), "note"))
    )  # fmt: skip
    return rows.with_columns(
        pl.when(tested).then("p").alias("p"),
        *(pl.when(sure).then(name).alias(name) for name in ("rank_lower", "rank_upper")),
        pl.when(tested).then(_position()).otherwise(pl.lit("")).alias("position"),
        untold.otherwise("note").alias("note"),
    )


def _position() -> pl.Expr:
    value, edge = pl.col("value"), 1e-9  # a value on a limit lies within
    tests = (
        value > pl.col("upper_99_8") + edge, value < pl.col("lower_99_8") - edge,
        value > pl.col("upper_95") + edge, value < pl.col("lower_95") - edge,
    )  # fmt: skip
    words = pl.lit(POSITIONS[-1])
    for test, word in zip(reversed(tests), reversed(POSITIONS[:-1]), strict=True):
        words = pl.when(test).then(pl.lit(word)).otherwise(words)
    return words


def _flagged(rows: pl.DataFrame, q: float) -> pl.DataFrame:
    """Adjusted p over everything tested, and the flags that stand."""
    family = benjamini_hochberg(rows["p"].cast(pl.Float64).fill_null(float("nan")).to_numpy(), q=q)
    out = pl.Series(family.rejected) & (rows["position"] != POSITIONS[-1])
    said = (
        f"{family.tested:,} comparisons: all schools x all measures, periods and groups shown, of 30 pupils or more; "
        f"false flags held at {100 * q:g} % (Benjamini-Hochberg)"
    )
    return rows.with_columns(
        number(family.adjusted).alias("adjusted_p"),
        pl.when(out).then("position").otherwise(pl.lit("")).alias("flag"),
        pl.lit(said).alias("family"),
    ).select(FLAGS)
