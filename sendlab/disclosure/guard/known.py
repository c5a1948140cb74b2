"""What an audience has been told: published figures and earlier answers as cells with limits of their counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

import polars as pl

from sendlab.disclosure.guard.question import ASKABLE, Group, group_of
from sendlab.disclosure.published import HIDDEN, WITHHELD_NOTE
from sendlab.metrics.cards import card, cards
from sendlab.schema.groups import TOTAL

BASE = "people in the base"
Limits = tuple[float, float]
ROUNDED_NOTE = "counts rounded to 5"
ROUNDED_BY = 2  # a count shown as a multiple of 5 is at most this far from it
KINDS = ("share", "events", "sum")  # kinds whose numerator is a count that is shown


@dataclass(frozen=True)
class Cell:
    """One released figure: whose, of which group where, and the limits that it sets to counts by their names."""

    measure: str
    place: str
    group: Group
    limits: tuple[tuple[str, Limits], ...]
    hidden: bool
    row: Mapping[str, Any]

    @property
    def key(self) -> tuple[str, str, Group]:
        """What tells it from others of its period."""
        return self.measure, self.place, self.group


def denominator_of(measure: str) -> str:
    """The name of the count that the rate is taken on, where that is not people."""
    return f"denominator on {card(measure).base}"


def family(measure: str, told: Iterable[str]) -> tuple[str, ...]:
    """The measure, and those of `told` that cards tie to it over one base: parts and wholes, at most so many of which.

    Where a whole and some of its parts are among them, its other parts are too: they follow by subtraction.

    >>> family("authorised_absence", ["absence", "suspension_rate"])
    ('absence', 'authorised_absence', 'unauthorised_absence')
    >>> family("persistent_absence", ["absence"])
    ('persistent_absence',)
    """
    same = sorted({name for name in (*told, measure) if card(name).base == card(measure).base})
    ties = [
        (name, whole) for name in same for whole in (cards()[name].parts_of, cards()[name].at_most) if whole in same
    ]
    found = {measure}
    while more := {name for tie in ties if set(tie) & found for name in tie} - found:
        found |= more
    wholes = {cards()[name].parts_of for name in found} & found
    return tuple(sorted(found | {name for name in ASKABLE if cards()[name].parts_of in wholes}))


def released_rows(released: pl.DataFrame, measure: str, time_period: str, time_identifier: str) -> pl.DataFrame:
    """Rows of a measure and others of the same base, in one part of an academic year.

    Gaps, benchmarks and items are no figures of their own: gaps follow from their figures.
    """
    base = card(measure).base
    same = sorted(name for name in released["measure"].unique() if name in cards() and card(name).base == base)
    return released.filter(
        pl.col("measure").is_in(same) & (pl.col("time_period") == time_period) & (pl.col("comparator") == "")
        & (pl.col("time_identifier") == time_identifier) & (pl.col("item") == TOTAL)
        & pl.col("geographic_level").is_in(["School", "Local authority"])
    )  # fmt: skip


def cell_of(row: Mapping[str, Any]) -> Cell:
    """What one row tells by itself.

    >>> from sendlab.disclosure.guard.question import COLUMNS
    >>> row = dict(dict.fromkeys(COLUMNS, "Total"), measure="persistent_absence", place_code="1", status="c", note="",
    ...            sex="Male", base_subjects=30, denominator=30.0, numerator=None, time_identifier="")
    >>> cell_of(row).limits
    (('people in the base', (30, 30)), ('persistent_absence', (1.0, 30.0)))
    """
    found: dict[str, Limits] = {}
    slack = ROUNDED_BY if ROUNDED_NOTE in row["note"] else 0
    base, hidden = row["base_subjects"], row["status"] == HIDDEN
    if base is not None:
        found[BASE] = (max(base - slack, 0), base + slack)
    elif hidden and not row.get("guarded"):
        found[BASE] = (1.0, inf)  # a group of nobody would have been shown
    about = card(row["measure"])
    if about.kind == "sum" and row["denominator"] is not None:
        found[denominator_of(row["measure"])] = (row["denominator"], row["denominator"])
    if about.kind in KINDS:
        number = row["numerator"]
        seen = None if number is None else (max(number - slack, 0.0), number + slack)
        limits = seen or _of_hidden(row, about.kind, about.polarity, base)
        if limits is not None:
            found[row["measure"]] = limits
    return Cell(row["measure"], row["place_code"], group_of(row), tuple(found.items()), hidden, row)


def _of_hidden(row: Mapping[str, Any], kind: str, polarity: str, base: float | None) -> Limits | None:
    """Limits of a hidden numerator beside a base that is shown: good news about everybody would have been shown."""
    if row["status"] != HIDDEN or base is None or kind == "sum" or row.get("guarded"):
        return None
    if row["note"] == WITHHELD_NOTE:
        return 0.0, inf if kind == "events" else float(base)
    least = 0.0 if polarity == "high" else 1.0
    return least, inf if kind == "events" else base - (0.0 if polarity == "low" else 1.0)
