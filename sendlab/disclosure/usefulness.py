"""How much of what could be published is left to see, by measure and audience."""

import polars as pl

from sendlab.disclosure.published import HIDDEN, Published
from sendlab.disclosure.rounding import UNRELIABLE, rounded
from sendlab.metrics.cards import cards

NATIONAL = "National"
_NO_FIGURE = ("x", "z")  # not collected, nobody there


def hidden_summary(published: Published) -> pl.DataFrame:
    """How much of each measure is visible: `measure`, `cells`, `shown`, `counts_only`, `hidden`, `percent_visible`.

    Counts figures of schools and the LA, not gaps or benchmarks, nor rows of groups that are not there; a count without
    its percentage is visible. `percent_visible` has one decimal.
    """
    return summary_of_rows(published.rows)


def summary_of_rows(rows: pl.DataFrame) -> pl.DataFrame:
    """As `hidden_summary`, of published rows such as those of schools' own editions."""
    counted = _figures(rows).group_by("measure").agg(_visible(), cells=pl.len(), **_states())
    columns = ["measure", "cells", "shown", "counts_only", "hidden", "percent_visible"]
    return rounded(counted.with_columns(_one=pl.lit(1)), ("percent_visible",), "_one").select(columns).sort("measure")


def visible_share(published: Published) -> float:
    """The share of all figures about people that is visible, in per cent with one decimal; 100 where there is none."""
    return share_of_rows(published.rows)


def share_of_rows(rows: pl.DataFrame) -> float:
    """As `visible_share`, of published rows such as those of the release log."""
    of_people = [name for name, about in cards().items() if about.of_people]
    found = _figures(rows).filter(pl.col("measure").is_in(of_people)).select(_visible(), _one=pl.lit(1))
    if found.is_empty():
        return 100.0
    return float(rounded(found.head(1), ("percent_visible",), "_one")["percent_visible"][0])


def _figures(rows: pl.DataFrame) -> pl.DataFrame:
    own = (pl.col("comparator") == "") & (pl.col("geographic_level") != NATIONAL)
    return rows.filter(own & ~pl.col("status").is_in(_NO_FIGURE))


def _states() -> dict[str, pl.Expr]:
    hidden, few = pl.col("status") == HIDDEN, pl.col("status") == UNRELIABLE
    return {"shown": (~hidden & ~few).sum(), "counts_only": few.sum(), "hidden": hidden.sum()}


def _visible() -> pl.Expr:
    return (100 * (pl.col("status") != HIDDEN).mean()).alias("percent_visible")
