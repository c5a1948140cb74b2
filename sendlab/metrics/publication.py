"""The declared list of what is published (publication.toml): tables in order of priority, and how many cells."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import polars as pl

from sendlab.metrics.cards import CROSSED, Breakdown, card
from sendlab.schema import own
from sendlab.schema.groups import ALL_SEN, AUTUMN_AND_SPRING, FULL_YEAR, HALF_TERMS, TERMS, TOTAL
from sendlab.schema.measures import GROUPS

LA_LEVEL, SCHOOL_LEVEL = "Local authority", "School"


@dataclass(frozen=True)
class PublishedTable:
    """One declared table; the meaning of each field stands at the head of publication.toml."""

    name: str
    measures: tuple[str, ...]
    levels: tuple[str, ...]
    by: tuple[Breakdown, ...]  # () is the total alone
    years: Literal["all", "latest"]
    periods: Literal["year", "half-term"]
    items: tuple[str, ...] = ()  # all


@dataclass(frozen=True)
class Budget:
    """How many cells are published at most, and how many of them are decided together."""

    cells: int
    system: int


@own.of_workspace
@cache
def declared() -> tuple[tuple[PublishedTable, ...], Budget]:
    """The tables in order of priority, those of the workspace in use last, and the budget.

    Last of all those of its own list, publication.toml.

    >>> declared()[1].cells
    42000
    """
    tables, budget = _of_package()
    mine = own.in_use()
    if mine.cards:
        from sendlab.metrics.own_publication import own_tables  # which few workspaces need

        tables = (*tables, *own_tables(mine.cards, tables))
    if mine.published:
        from sendlab.metrics.own_list import listed_tables  # and these

        tables = (*tables, *listed_tables(mine.published, tables))
    return tables, budget


@cache
def _of_package() -> tuple[tuple[PublishedTable, ...], Budget]:
    given = tomllib.loads((files(__package__) / "publication.toml").read_text(encoding="utf-8"))
    return tuple(_table(one) for one in given["table"]), Budget(**given["budget"])


def _table(given: dict[str, Any]) -> PublishedTable:
    by = tuple(tuple(text.split(CROSSED)) if text else () for text in given["by"])
    lists = {name: tuple(given.get(name, ())) for name in ("measures", "levels", "items")}
    found = PublishedTable(**{**given, **lists, "by": by})
    odd = sorted({column for columns in by for column in columns} - set(GROUPS))
    levels = sorted(set(found.levels) - {LA_LEVEL, SCHOOL_LEVEL})
    if odd or levels or found.years not in ("all", "latest") or found.periods not in ("year", "half-term"):
        raise ValueError(f"publication.toml, table '{found.name}': unknown {', '.join([*odd, *levels]) or 'word'}")
    for measure in found.measures:
        card(measure)  # an unknown name is an error with the near names
    return found


@own.of_workspace
@cache
def published_measures() -> tuple[str, ...]:
    """Measures that some declared table holds, in order.

    >>> published_measures()[0]
    'absence'
    """
    return tuple(dict.fromkeys(measure for table in declared()[0] for measure in table.measures))


def broken_down_by() -> pl.Expr:
    """The columns that a row is broken down by, crossed ones joined by " x "; a need area stands within all SEN.

    >>> row = {**dict.fromkeys(GROUPS, "Total"), "sen_provision": "All SEN", "need_area": "Cognition and learning"}
    >>> pl.DataFrame([row]).select(broken_down_by()).item()
    'need_area'
    """
    within_sen = (pl.col("sen_provision") == ALL_SEN) & (pl.col("need_area") != TOTAL)
    names = [
        pl.when((pl.col(name).cast(pl.String) != TOTAL) & ~(within_sen if name == "sen_provision" else pl.lit(False)))
        .then(pl.lit(name))
        for name in GROUPS
        if name != "item"
    ]  # fmt: skip
    return pl.concat_str(names, separator=CROSSED, ignore_nulls=True)


# The widest period of a year first; among equals the last.
_WIDEST = (FULL_YEAR, AUTUMN_AND_SPRING, *reversed(TERMS), *reversed(HALF_TERMS))


def usual_rows(rows: pl.DataFrame) -> pl.DataFrame:
    """The tables by SEN provision and area of need, of one period of each year: the widest, among equals the last.

    Published benchmarks stay.
    """
    plain = broken_down_by().is_in(["", "sen_provision", "need_area"])
    order = {name: place for place, name in enumerate(_WIDEST)}
    place = pl.col("time_identifier").replace_strict(order, default=0, return_dtype=pl.Int32)
    own = pl.col("geographic_level") != "National"
    widest = place == place.min().over("measure", "time_period", "geographic_level")
    return rows.filter(plain & (widest | ~own))
