"""How finely each figure is shown: whole percentages on small groups, the card's places elsewhere, rounded once."""

from __future__ import annotations

import polars as pl

from sendlab.stats.rounding import round_half_away

WHOLE_BELOW = 100  # shares of people on a smaller base are whole percentages
COUNTS_ONLY_BELOW = 10  # shares of people on a smaller base show counts and no percentage
UNRELIABLE = "u"


def places(base: pl.Expr, kind: pl.Expr, decimals: pl.Expr) -> pl.Expr:
    """Decimal places of a figure on this base.

    >>> rows = pl.DataFrame({"base": [99, 100, 99], "kind": ["share", "share", "sum"], "decimals": [1, 1, 1]})
    >>> rows.select(places(pl.col("base"), pl.col("kind"), pl.col("decimals"))).to_series().to_list()
    [0, 1, 1]
    """
    return pl.when((kind == "share") & (base < WHOLE_BELOW)).then(pl.lit(0)).otherwise(decimals)


def fewest(base: pl.Expr, kind: pl.Expr, smallest: pl.Expr) -> pl.Expr:
    """The smallest base on which this figure is shown as more than counts; null where the base is big enough."""
    floor = pl.when(kind == "share").then(pl.max_horizontal(smallest, pl.lit(COUNTS_ONLY_BELOW))).otherwise(smallest)
    return pl.when((kind != "rating") & (base < floor)).then(floor)


def rounded(rows: pl.DataFrame, columns: tuple[str, ...], by: str) -> pl.DataFrame:
    """The rows with these columns rounded half away from zero to the places in column `by`.

    >>> rounded(pl.DataFrame({"value": [12.25, 12.5], "places": [1, 0]}), ("value",), "places")["value"].to_list()
    [12.3, 13.0]
    """
    made = []
    for name in columns:
        result = pl.Series(name, [None] * rows.height, dtype=pl.Float64)
        for decimals in rows[by].unique().drop_nulls().sort().to_list():
            exact = rows[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()
            done = pl.Series(name, round_half_away(exact, decimals)).fill_nan(None)
            result = rows.select(pl.when(pl.col(by) == decimals).then(done).otherwise(result).alias(name))[name]
        made.append(result)
    return rows.with_columns(made)
