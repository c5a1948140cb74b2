"""The cells of a measure's two tables, and how they add up: schools to the LA, groups to their total."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from sendlab.disclosure.primary import Bools, Floats
from sendlab.disclosure.systems import Relation
from sendlab.schema.groups import ALL_SEN, NEED_AREAS, SEN_PROVISION, SEND, TOTAL

CELL_KEY = ("place_code", "sen_provision", "need_area")
LA_LEVEL, SCHOOL_LEVEL = "Local authority", "School"
Group = tuple[str, str]  # sen_provision, need_area

EVERYBODY: Group = (TOTAL, TOTAL)
EVERY_SEN: Group = (ALL_SEN, TOTAL)
_PROVISIONS: tuple[Group, ...] = tuple((name, TOTAL) for name in SEN_PROVISION)
_AREAS: tuple[Group, ...] = tuple((ALL_SEN, area) for area in NEED_AREAS)
GROUPS: tuple[Group, ...] = (EVERYBODY, *_PROVISIONS, EVERY_SEN, *_AREAS)
# Total and parts, within a place. The last one joins the two tables: the total of the second follows from the first.
_WITHIN_PLACE: tuple[tuple[Group, tuple[Group, ...]], ...] = (
    (EVERYBODY, _PROVISIONS),
    (EVERY_SEN, _AREAS),
    (EVERY_SEN, tuple((name, TOTAL) for name in SEND)),
)
# How dear it is to hide a cell: parts of schools go first, the grand total of the LA only if nothing else is left.
_SCHOOL_PART, _SCHOOL_TOTAL, _LA_PART, _LA_SEN_TOTAL, _LA_TOTAL = 1.0, 4.0, 12.0, 40.0, 1000.0
DEAR = _SCHOOL_TOTAL  # totals of schools and every figure of the LA: hidden as cover only if nothing else will do


@dataclass(frozen=True)
class Cells:
    """Cells in a stable order (schools by code, then the LA; groups as declared), with their sums and prices."""

    keys: pl.DataFrame  # place_code, sen_provision, need_area
    relations: tuple[Relation, ...]
    price: Floats

    def __len__(self) -> int:
        return self.keys.height


def cells_of(figures: pl.DataFrame) -> Cells:
    """The cells that occur in the figures (of one period and item; of any number of measures with one base)."""
    found = figures.select("geographic_level", *CELL_KEY).unique()
    at = {
        (level == LA_LEVEL, place, (provision, area)): GROUPS.index((provision, area))
        for level, place, provision, area in found.iter_rows()
    }
    ordered = sorted(at, key=lambda cell: (cell[0], cell[1], at[cell]))
    place = {cell: index for index, cell in enumerate(ordered)}
    keys = pl.DataFrame(
        [(code, *group) for _, code, group in ordered], schema=dict.fromkeys(CELL_KEY, pl.String), orient="row"
    )
    price = np.array([_price(is_la, group) for is_la, _, group in ordered])
    return Cells(keys, (*_over_places(place), *_over_groups(place)), price)


_Places = dict[tuple[bool, str, Group], int]


def _over_places(place: _Places) -> list[Relation]:
    """The LA is the sum of its schools, group by group."""
    made = []
    for (is_la, _, group), total in place.items():
        parts = tuple(index for (other_la, _, other), index in place.items() if not other_la and other == group)
        if is_la and parts:
            made.append((total, parts))
    return made


def _over_groups(place: _Places) -> list[Relation]:
    """Each total of a place is the sum of its groups; a group without a row has no pupils."""
    made = []
    for (is_la, code, group), total in place.items():
        for whole, pieces in _WITHIN_PLACE:
            parts = tuple(place[is_la, code, piece] for piece in pieces if (is_la, code, piece) in place)
            if group == whole and parts:
                made.append((total, parts))
    return made


def _price(is_la: bool, group: Group) -> float:
    if is_la:
        return {EVERYBODY: _LA_TOTAL, EVERY_SEN: _LA_SEN_TOTAL}.get(group, _LA_PART)
    return _SCHOOL_TOTAL if group in (EVERYBODY, EVERY_SEN) else _SCHOOL_PART


def sums_that_hold(cells: Cells, count: Floats, absent: Bools) -> tuple[Relation, ...]:
    """The relations of which every count is known: cells of nobody drop out, an unknown count ends the relation.

    `absent` marks the cells of nobody. A total without a count, or without any part that has one, tells of nothing.
    """
    made = []
    for total, parts in cells.relations:
        there = tuple(part for part in parts if not absent[part])
        if there and np.isfinite(count[[total, *there]]).all():
            made.append((total, there))
    return tuple(made)


def prices(cells: Cells, count: Floats, never: Bools) -> Floats:
    """What hiding each cell costs: by its place in the table, then smaller counts first, then the order of cells.

    `never` marks cells that a rule shows (good news); a cell without a count cannot be hidden either.
    """
    known = np.isfinite(count) & ~never
    size = 1.0 + np.log1p(np.where(known, np.maximum(count, 0.0), 0.0)) / 5.0
    turn = 1.0 + np.arange(len(cells)) * 1e-5
    return np.where(known, cells.price * size * turn, np.inf)
