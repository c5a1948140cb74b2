"""Which measure rows may be published: those that protection covers."""

import polars as pl

from sendlab.compare import NATIONAL, NO_SEN, REST
from sendlab.metrics.cards import cards
from sendlab.schema.groups import FULL_YEAR, HALF_TERMS, NOT_YET_COLLECTED, TERMS, TOTAL
from sendlab.schema.measures import GROUPS

USUAL = ("", NO_SEN, REST, NATIONAL)  # comparators that protection knows
# How much of a year a period covers, the whole first; two terms together stand between.
_RANK = {FULL_YEAR: 0, **dict.fromkeys(TERMS, 2), **dict.fromkeys(HALF_TERMS, 3)}


def publishable(measures: pl.DataFrame) -> pl.DataFrame:
    """The rows that protection covers: declared on the cards, by provision or area of need, for the year as a whole.

    A part of a year beside the whole would tell the rest of it by subtraction, so parts are for the analyst's view.
    Where needs of a year are not collected yet there is no table by need.
    """
    known = pl.col("measure").is_in([name for name, card in cards().items() if card.published])
    plain = pl.all_horizontal(pl.col(n) == TOTAL for n in GROUPS if n not in ("sen_provision", "need_area", "item"))
    crossed = (pl.col("need_area") != TOTAL) & (pl.col("sen_provision") != "All SEN")
    usual = pl.col("comparator").is_in(USUAL)
    rows = measures.filter(known & plain & usual & ~crossed)
    rank = pl.col("time_identifier").replace_strict(_RANK, default=1, return_dtype=pl.Int32)
    own = pl.col("geographic_level") != "National"
    longest = rank == rank.filter(own).min().over("measure", "time_period")
    rows = rows.filter(longest | ~own)
    open_needs = rows.filter(pl.col("need_area") == NOT_YET_COLLECTED).select("measure", "time_period").unique()
    whole = rows.filter(pl.col("need_area") == TOTAL)
    by_need = rows.filter(pl.col("need_area") != TOTAL).join(open_needs, on=open_needs.columns, how="anti")
    return pl.concat([whole, by_need])
