"""Which rows of a published table are totals of which: over a filter, over a group of its items, over places."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations

import polars as pl

from sendlab.disclosure.audit.table import AT, PublishedTable, is_total
from sendlab.errors import SendlabError

LEVEL = "geographic_level"
ENTRY = {"link": pl.String, "sum": pl.Int64, AT: pl.Int64, "weight": pl.Float64, "full": pl.Boolean}


class UnknownLink(SendlabError):
    """A link was asked for that the file does not have."""


@dataclass(frozen=True)
class _Family:
    """Sums of one kind: rows that are parts and rows that are totals, matched on what they have in common."""

    link: str
    parts: pl.DataFrame  # keys of the rows that are parts
    totals: pl.DataFrame
    common: list[str]
    alike: list[str]  # groups of the same of these should have as many parts
    complete: bool = False  # whether a total without some part is no sum: a place without a row may have withheld it


def link_names(table: PublishedTable) -> list[str]:
    """Names of every kind of sum that the layout of the file suggests, as `--links` takes them."""
    return [family.link for family in _families(table)]


def find_sums(table: PublishedTable, only: Sequence[str] = ()) -> pl.DataFrame:
    """Each sum as its entries: weight -1 for the total, 1 for each part; `full` where no part is absent.

    `only`: names of links, in any case of letters; none means all. Errors: UnknownLink.
    """
    asked = {name.strip().lower() for name in only}
    families = list(_families(table))
    names = {family.link.lower() for family in families}
    if unknown := sorted(asked - names):
        told = f"{table.file} has no link {', '.join(repr(name) for name in unknown)}"
        raise UnknownLink(told, next_step=f"choose from: {'; '.join(family.link for family in families) or 'none'}")
    found = [_entries(family) for family in families if not asked or family.link.lower() in asked]
    rows = pl.concat([pl.DataFrame(schema={**ENTRY, "total": pl.Int64}), *found])
    number = pl.struct("link", "total").rank("dense").cast(pl.Int64) - 1
    return rows.with_columns(number.alias("sum")).select(*ENTRY).sort("sum", "weight", AT)


def _families(table: PublishedTable) -> Iterator[_Family]:
    grouped = {*table.groups, *table.groups.values()}
    for name in table.filters:
        if name not in grouped:
            yield from _of_filter(table, name)
    for item, group in table.groups.items():
        yield from _of_groups(table, item, group)
    yield from _of_places(table)


def _others(table: PublishedTable, *without: str) -> list[str]:
    return [*table.time, "level", "place", *(name for name in table.filters if name not in without)]


def _total_item(keys: pl.DataFrame, column: str) -> str | None:
    """The item that is everything: Total before All before the one with most rows."""
    found = keys.filter(is_total(column)).group_by(column).len()
    rank = pl.col(column).replace_strict({"total": 0, "all": 1}, default=2, return_dtype=pl.Int64)
    ordered = found.sort(rank, -pl.col("len").cast(pl.Int64), column)
    return None if ordered.is_empty() else str(ordered[column][0])


def _of_filter(table: PublishedTable, name: str) -> Iterator[_Family]:
    keys, total = table.keys, _total_item(table.keys, name)
    if total is not None:
        parts, totals = keys.filter(~is_total(name)), keys.filter(pl.col(name) == total)
        yield _Family(name, parts, totals, _others(table, name), [*table.time, "level"])


def _of_groups(table: PublishedTable, item: str, group: str) -> Iterator[_Family]:
    """A group's items make up the group's own total or, where it has none, everybody; the groups may do so too."""
    keys, common = table.keys, _others(table, item, group)
    own_totals = keys.filter(is_total(item))
    overall = _overall(keys, own_totals, item, group)
    everybody = own_totals.filter(pl.col(group) == overall)
    spelled = dict(zip(table.keys[group], table.shown[group].gather(table.keys[AT]), strict=True))
    for name in keys[group].unique(maintain_order=True).sort():
        if name != overall:
            mine = own_totals.filter(pl.col(group) == name)
            parts = keys.filter((pl.col(group) == name) & ~is_total(item))
            link = f"{group}={spelled[name]}"
            yield _Family(link, parts, everybody if mine.is_empty() else mine, common, [*table.time, "level"])
    groups_totals = own_totals.filter(pl.col(group) != overall)
    if not groups_totals.is_empty():
        yield _Family(group, groups_totals, everybody, common, [*table.time, "level"])


def _overall(keys: pl.DataFrame, own_totals: pl.DataFrame, item: str, group: str) -> str | None:
    """The group of the row for everybody: called Total, else one that holds nothing but a total."""
    named = _total_item(own_totals, group)
    if named is not None:
        return named
    lone = keys.group_by(group).agg(pl.col(item).n_unique()).filter(pl.col(item) == 1)[group].implode()
    found = own_totals.filter(pl.col(group).is_in(lone)).group_by(group).len()
    ordered = found.sort(-pl.col("len").cast(pl.Int64), group)
    return None if ordered.is_empty() else str(ordered[group][0])


def _of_places(table: PublishedTable) -> Iterator[_Family]:
    levels = table.keys["level"].unique(maintain_order=True).sort().to_list()
    spelled = dict(zip(table.keys["level"], table.shown[LEVEL].gather(table.keys[AT]), strict=True))
    for above, below in permutations(levels, 2):
        inside = f"in {above}"
        if inside not in table.keys.columns:
            continue
        parts = table.keys.filter((pl.col("level") == below) & (pl.col(inside) != ""))
        totals = table.keys.filter((pl.col("level") == above) & (pl.col("place") != ""))
        if parts["place"].n_unique() > totals["place"].n_unique():
            parts = parts.with_columns(pl.col(inside).alias("place"))
            link = f"{LEVEL}={spelled[below]} in {spelled[above]}"
            alike = [*table.time, "place"]
            yield _Family(link, parts, totals, [*table.time, "place", *table.filters], alike, complete=True)


def _entries(family: _Family) -> pl.DataFrame:
    """Every total that has parts, with its parts."""
    totals = family.totals.select(pl.col(AT).alias("total"), *family.common)
    parts = family.parts.select(AT, *family.common).join(totals, on=family.common)
    sizes = parts.group_by("total").agg(pl.len().alias("size"))
    usual = family.totals.select(pl.col(AT).alias("total"), *family.alike).join(sizes, on="total")
    usual = usual.with_columns((pl.col("size") == pl.col("size").max().over(family.alike)).alias("full"))
    usual = usual.filter(pl.col("full")) if family.complete else usual
    parts = parts.join(usual.select("total", "full"), on="total")
    ends = usual.select("total", pl.col("total").alias(AT), pl.lit(-1.0).alias("weight"), "full")
    rows = pl.concat([parts.select("total", AT, pl.lit(1.0).alias("weight"), "full"), ends])
    return rows.select(
        pl.lit(family.link).alias("link"), pl.lit(0, pl.Int64).alias("sum"), AT, "weight", "full", "total"
    )
