"""The true counts, which say what had to be hidden: the judge's knowledge, never the reader's."""

from collections import defaultdict
from dataclasses import dataclass

import polars as pl

from sendlab.metrics.cards import card
from sendlab.schema.groups import ALL_SEN, TOTAL
from sendlab.schema.measures import GROUPS

Cell = tuple[str, tuple[str, ...]]  # place and groups
TableName = tuple[str, str, str, str]  # measure, period, part of year, item


@dataclass(frozen=True)
class Truth:
    """What a cell really holds: the judge's knowledge, never the reader's."""

    level: str
    base: float | None
    people: float | None
    numerator: float | None
    top_share: float | None
    absent: bool


def true_tables(truth: pl.DataFrame) -> dict[TableName, dict[Cell, Truth]]:
    """The true counts by table and cell, of schools and the LA, for measures that count."""
    tables: dict[TableName, dict[Cell, Truth]] = defaultdict(dict)
    others = [name for name in GROUPS if name not in ("sen_provision", "need_area", "item")]
    two_tables = (pl.col("need_area") == TOTAL) | (pl.col("sen_provision") == ALL_SEN)
    rows = truth.filter(
        pl.col("comparator") == "", pl.col("geographic_level") != "National", two_tables,
        *(pl.col(name) == TOTAL for name in others),
    )  # fmt: skip
    for row in rows.iter_rows(named=True):
        about = card(row["measure"])
        if about.of_people and about.kind in ("share", "events", "sum"):  # of money and schools nothing is hidden
            groups = tuple(row[name] for name in GROUPS)
            absent = row["status"] in ("x", "z") and row["base_subjects"] is None
            counts = (row["base_subjects"], row["with_subjects"], row["numerator"], row["top_share"])
            name = (row["measure"], row["time_period"], row["time_identifier"], row["item"])
            tables[name][row["place_code"], groups] = Truth(row["geographic_level"], *counts, absent)
    return dict(tables)
