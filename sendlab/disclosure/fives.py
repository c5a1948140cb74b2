"""The fallback of a family that no choice of cover protects: few people hidden, every other count to the nearest 5."""

from __future__ import annotations

import polars as pl

from sendlab.disclosure.protect.primary import ADVERSE_BELOW, COUNTED_KINDS
from sendlab.stats.rounding import round_half_away

FIVES_NOTE = "counts rounded to 5"
FEW = 7  # if only 1 to 4 were hidden, a shown 5 would be 5, 6 or 7 (OpenSAFELY, output checking)
SMALLEST_BASE = 10
_COUNTS = ("numerator", "denominator", "base_subjects")


def in_fives(figures: pl.DataFrame) -> pl.DataFrame:
    """The figures, of withheld families of people those hidden that rounding alone does not protect; marked `rounded`.

    Hidden are 1 to 7 people, all but 1 to 7, adverse news about everybody in a small group, and bases under 10. Sums
    and means stay withheld: rounding them to 5 would hide nobody.
    """
    people, base = pl.col("with_subjects").cast(pl.Float64), pl.col("base_subjects").cast(pl.Float64)
    rounded = pl.col("withheld") & pl.col("_kind").is_in(COUNTED_KINDS)
    few = people.is_between(1, FEW) | (base - people).is_between(1, FEW) | (base < SMALLEST_BASE)
    everybody = pl.when(pl.col("_polarity") == "high").then(people == 0).otherwise(people == base)
    adverse = everybody & (base < ADVERSE_BELOW) & (pl.col("_polarity") != "none")
    hidden = (few | adverse | pl.col("base_hidden")).fill_null(True) & (base > 0).fill_null(False)
    return figures.with_columns(
        rounded=rounded,
        hidden=pl.when(rounded).then(hidden).otherwise("hidden"),
        withheld=pl.col("withheld") & ~rounded,
    )


def to_fives(shown: pl.DataFrame) -> pl.DataFrame:
    """The masked rows, those marked `rounded` with counts to the nearest 5, a percentage of these, and no limits.

    >>> row = {"rounded": [True], "hidden": [False], "numerator": [13.0], "denominator": [58.0], "base_subjects": [58],
    ...     "eligible_subjects": [60], "value": [22.0], "lower": [13.0], "upper": [35.0], "method": ["w"], "note": [""]}
    >>> to_fives(pl.DataFrame(row)).select("numerator", "base_subjects", "value").row(0)
    (15.0, 60, 25.0)
    """
    mine = pl.col("rounded")
    rounded = {name: pl.Series(name, _nearest(shown[name])).cast(shown.schema[name]) for name in _COUNTS}
    counts = shown.with_columns(pl.when(mine).then(made).otherwise(pl.col(n)).alias(n) for n, made in rounded.items())
    share = 100 * pl.col("numerator") / pl.col("denominator")
    whole = pl.Series("value", _whole(counts.select(share).to_series()))
    nothing = {name: pl.when(~mine).then(pl.col(name)) for name in ("lower", "upper", "eligible_subjects")}
    return counts.with_columns(
        value=pl.when(mine).then(whole).otherwise("value"), method=pl.when(mine).then(pl.lit("")).otherwise("method"),
        note=pl.when(mine & ~pl.col("hidden")).then(pl.lit(FIVES_NOTE)).otherwise("note"), **nothing,
    )  # fmt: skip


def _nearest(counts: pl.Series) -> list[float | None]:
    return [None if count is None else 5.0 * float(round_half_away(count / 5, 0)) for count in counts.to_list()]


def _whole(values: pl.Series) -> list[float | None]:
    return [None if value is None or value != value else float(round_half_away(value, 0)) for value in values.to_list()]
