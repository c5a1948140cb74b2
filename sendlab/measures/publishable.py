"""Which measure rows may be published: the declared tables (metrics/publication.toml), as far as the budget goes."""

from dataclasses import dataclass
from itertools import accumulate

import polars as pl

from sendlab.compare import NATIONAL, NO_SEN, REST
from sendlab.metrics.cards import CROSSED, card
from sendlab.metrics.publication import LA_LEVEL, SCHOOL_LEVEL, broken_down_by, declared, published_measures
from sendlab.schema.groups import AUTUMN_AND_SPRING, FULL_YEAR, HALF_TERMS, NOT_YET_COLLECTED, TERMS, TOTAL

USUAL = ("", NO_SEN, REST, NATIONAL)  # comparators that protection knows
_YEAR = ["measure", "time_period"]
# How much of a year a period covers, the whole first; other words (a calendar year) are wholes of their own kind.
_RANK = {FULL_YEAR: 0, AUTUMN_AND_SPRING: 1, **dict.fromkeys(TERMS, 2), **dict.fromkeys(HALF_TERMS, 3)}


@dataclass(frozen=True)
class Chosen:
    """Rows to be protected and published, and the tables that the budget had no room for."""

    rows: pl.DataFrame
    left_out: tuple[str, ...] = ()


def publishable(measures: pl.DataFrame) -> pl.DataFrame:
    """The rows of `choose`, without what was left out."""
    return choose(measures).rows


def choose(measures: pl.DataFrame) -> Chosen:
    """The rows of the declared tables, in order of priority as far as the budget of cells goes, with their gaps.

    Where needs of a year are not collected yet there is no table by need. Published benchmarks of the same measures are
    taken in the plain tables.
    """
    rows = in_declared_tables(measures)
    national = pl.col("geographic_level") == "National"
    own, left_out = _within_budget(rows.filter(~national))
    return Chosen(pl.concat([rows.filter(national), own]).select(measures.columns), left_out)


def in_declared_tables(measures: pl.DataFrame, *, every_year: bool = False) -> pl.DataFrame:
    """The rows of all declared tables, whatever the budget, with the place of their table as `_table`; benchmarks.

    `every_year`: those of earlier years too, where a table is of the latest alone.
    """
    within_sen = (pl.col("need_area") == TOTAL) | (pl.col("sen_provision") != TOTAL)  # needs are those of SEN
    usual = measures.filter(
        pl.col("measure").is_in(published_measures()) & pl.col("comparator").is_in(USUAL) & within_sen
    ).with_columns(_by=broken_down_by())
    own = usual.filter(pl.col("geographic_level").is_in([LA_LEVEL, SCHOOL_LEVEL]))
    own = _of_declared_periods(_needs_known(own), every_year)
    plain = pl.col("_by").is_in(["", "sen_provision", "need_area"])
    national = usual.filter((pl.col("geographic_level") == "National") & plain)
    return pl.concat([national.with_columns(_table=pl.lit(None, dtype=pl.Int64)), own.cast({"_table": pl.Int64})])


def _needs_known(rows: pl.DataFrame) -> pl.DataFrame:
    """Without the tables by need of years in which needs are not collected yet."""
    open_needs = rows.filter(pl.col("need_area") == NOT_YET_COLLECTED).select(_YEAR).unique()
    by_need = pl.col("need_area") != TOTAL
    return pl.concat([rows.filter(~by_need), rows.filter(by_need).join(open_needs, on=_YEAR, how="anti")])


def _of_declared_periods(rows: pl.DataFrame, every_year: bool) -> pl.DataFrame:
    """The rows that a declared table holds, with the place of the first such table as `_table`.

    A running total of a year that is not over is the authority's alone: schools have its closed terms.
    """
    rank = pl.col("time_identifier").cast(pl.String).replace_strict(_RANK, default=0, return_dtype=pl.Int32)
    longest = rank.min().over(_YEAR)
    term, is_la = rank == 2, pl.col("geographic_level") == LA_LEVEL
    running = (rank == longest) & (longest < 3)
    whole = pl.when(longest == 0).then(rank == 0).when(is_la).then(running | term).otherwise(term)
    half = (longest > 0) & (rank == 3)
    latest = pl.col("time_period").cast(pl.String) == pl.col("time_period").cast(pl.String).max().over("measure")
    place: pl.Expr = pl.lit(None, dtype=pl.Int64)
    for number, table in reversed(list(enumerate(declared()[0]))):
        by = [CROSSED.join(columns) for columns in table.by]
        held = pl.col("measure").is_in(table.measures) & pl.col("geographic_level").is_in(table.levels)
        held &= pl.col("_by").is_in(by) & (whole if table.periods == "year" else half)
        held &= pl.col("item").is_in(table.items) if table.items else pl.lit(True)
        of_its_years = pl.lit(True) if every_year or table.years == "all" else latest
        place = pl.when(held & of_its_years).then(number).otherwise(place)
    return rows.with_columns(_table=place).filter(pl.col("_table").is_not_null())


def _within_budget(rows: pl.DataFrame) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """The tables in order as long as their cells, with those before, are within the budget; names of the others.

    Figures about schools take no protection, and no room.
    """
    tables, budget = declared()
    people = pl.col("measure").is_in([name for name in published_measures() if card(name).of_people])
    figures = rows.filter((pl.col("comparator") == "") & (pl.col("base_subjects") > 0) & people)
    cells = dict(figures.group_by("_table").len().iter_rows())
    total = list(accumulate(cells.get(number, 0) for number in range(len(tables))))
    kept = sum(so_far <= budget.cells for so_far in total)  # a small table does not pass a larger one before it
    left_out = tuple(table.name for number, table in enumerate(tables) if number >= kept and number in cells)
    return rows.filter((pl.col("_table") < kept) | ~people), left_out
