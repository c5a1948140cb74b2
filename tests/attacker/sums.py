"""How far sums let each count be narrowed that had to be hidden: two linear programs a count, over intervals."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, floor, inf, isfinite
from typing import Any

import numpy as np
from scipy.optimize import linprog

from attacker.rows import Interval, Key, Known
from attacker.truths import Cell, TableName, Truth
from sendlab.metrics.cards import Card, card
from sendlab.schema.groups import ALL_SEN, NEED_AREAS, SEN_PROVISION, SEND, TOTAL
from sendlab.schema.measures import GROUPS

# The public rules (docs/disclosure.md), written down here once more: a reader shares nothing with the protection.
ADVERSE_BELOW = 20  # adverse news about everybody is hidden in a group smaller than this
LARGEST_SHARE = 0.5  # a sum of which one person makes up more is hidden
_EXACT = 1e-6
_SEN, _NEED, _ITEM = (GROUPS.index(name) for name in ("sen_provision", "need_area", "item"))


@dataclass(frozen=True)
class Table:
    """One measure in one period as a reader knows it: an interval or None for base and numerator of each cell."""

    name: TableName
    cells: tuple[Cell, ...]
    truths: tuple[Truth, ...]
    base: tuple[Interval | None, ...]
    numerator: tuple[Interval | None, ...]
    value: tuple[Interval | None, ...]
    base_hidden: tuple[bool, ...]  # where the base is marked as hidden, whatever else tells it
    threshold: int


def reader_tables(known: Mapping[Key, Known], hidden: Mapping[Key, set[str]],
                  truth: Mapping[TableName, Mapping[Cell, Truth]], threshold: int) -> list[Table]:  # fmt: skip
    """What a reader knows of each table; one base is the same people in every measure that shares it."""
    bases = _shared_bases(known)
    tables = []
    for name in sorted(truth):
        cells = tuple(sorted(truth[name]))
        keys: list[Key] = [(*name[:3], place, groups, "") for place, groups in cells]
        rows = [known.get(key, {}) for key in keys]
        if not any(rows):
            continue  # a part of the year of which no file tells
        shared = [bases.get((card(name[0]).base, *name[1:], cell)) for cell in cells]
        tables.append(
            Table(
                name, cells, tuple(truth[name][cell] for cell in cells), tuple(shared),
                tuple(row.get("numerator") for row in rows), tuple(row.get("value") for row in rows),
                tuple("base" in hidden.get(key, ()) for key in keys), threshold,
            )
        )  # fmt: skip
    return tables


def _shared_bases(known: Mapping[Key, Known]) -> dict[tuple[Any, ...], Interval]:
    bases: dict[tuple[Any, ...], Interval] = {}
    for (measure, period, part, place, groups, comparator), row in known.items():
        if comparator or "base" not in row:
            continue
        at = (card(measure).base, period, part, groups[_ITEM], (place, groups))
        low, high = bases.get(at, (-inf, inf))
        bases[at] = (max(low, row["base"][0]), min(high, row["base"][1]))
    return bases


@lru_cache(maxsize=4096)
def narrowed(table: Table) -> tuple[tuple[Cell, str], ...]:
    """The counts of a table that had to be hidden and are known too well: (cell, which count)."""
    program = _Program(table)
    goals = program.goals()
    if not program.possible():
        return ((table.cells[0], "numbers that no counts agree with"),)
    reach = program.reach(goals)
    return tuple(goal[:2] for goal, (least, most) in zip(goals, reach, strict=True) if not _safe(least, most, goal))


Goal = tuple[Cell, str, dict[int, float], float, float]


class _Program:
    """Unknowns 2i (people in the base of cell i) and 2i + 1 (its numerator), and what a reader knows of them."""

    def __init__(self, table: Table) -> None:
        self.table, self.about = table, card(table.name[0])
        self.at = {cell: place for place, cell in enumerate(table.cells)}
        self.limits = [limit for place in range(len(table.cells)) for limit in self._limits(place)]
        self.equal, self.right = self._sums()
        self.order = self._order()

    def _limits(self, place: int) -> tuple[Interval, Interval]:
        truth, base, number = (part[place] for part in (self.table.truths, self.table.base, self.table.numerator))
        of_base = base or ((0.0, inf) if truth.base is None else (1.0, inf))
        if number is not None:
            return of_base, number
        if truth.base == 0:
            return of_base, (0.0, 0.0)
        if self.table.base_hidden[place] or base is None or self.about.kind == "sum" or truth.numerator is None:
            return of_base, (0.0, inf)
        least = 0.0 if self.about.polarity == "high" else 1.0
        if self.about.kind != "share" or truth.numerator != truth.people:
            return of_base, (least, inf)
        return of_base, (least, base[1] if self.about.polarity == "low" else base[1] - 1.0)

    def _order(self) -> Any:
        """Rows that must not exceed 0: a share's people are within its base; a percentage binds its two counts."""
        rows = []
        size = 2 * len(self.table.cells)
        for place, (truth, value) in enumerate(zip(self.table.truths, self.table.value, strict=True)):
            # people who left may be counted though they are not in the base: such a row says so
            within = truth.people is None or truth.base is None or truth.people <= truth.base
            if self.about.kind == "share" and truth.numerator == truth.people and within:
                rows.append(_sparse(size, {2 * place: -1.0, 2 * place + 1: 1.0}))
            if value is not None and self.about.kind != "sum":
                rows.append(_sparse(size, {2 * place: -value[1], 2 * place + 1: 100.0}))
                rows.append(_sparse(size, {2 * place: value[0], 2 * place + 1: -100.0}))
        return np.array(rows).reshape(len(rows), size)

    def _sums(self) -> tuple[Any, Any]:
        rows, right = [], []
        for total, parts in _relations(self.table):
            for layer in (0, 1):
                there = [part for part in parts if not self.table.truths[self.at[part]].absent]
                counts = [self._true(cell, layer) for cell in (total, *there)]
                if there and None not in counts:
                    weights = {2 * self.at[total] + layer: 1.0, **{2 * self.at[p] + layer: -1.0 for p in there}}
                    rows.append(_sparse(2 * len(self.table.cells), weights))
                    right.append(counts[0] - sum(counts[1:]))  # type: ignore[arg-type, operator]
        return np.array(rows).reshape(len(rows), 2 * len(self.table.cells)), np.array(right)

    def _true(self, cell: Cell, layer: int) -> float | None:
        truth = self.table.truths[self.at[cell]]
        return truth.numerator if layer else truth.base

    def goals(self) -> list[Goal]:
        """Each count that had to be hidden, with its truth and how wide its interval has to be."""
        goals: list[Goal] = []
        width, threshold = self.table.threshold - 1.0, self.table.threshold
        for place, (cell, truth) in enumerate(zip(self.table.cells, self.table.truths, strict=True)):
            if truth.base is not None and 0 < truth.base < threshold:
                goals.append((cell, "base", {2 * place: 1.0}, truth.base, width))
            if not truth.base or truth.numerator is None or truth.people is None:
                continue
            with_it, without = _primary(self.about, truth, threshold)
            seen = self.table.base[place] is not None and self.about.kind != "sum"
            each = max(truth.numerator / truth.people, 1.0) if self.about.kind == "sum" and truth.people else 1.0
            if with_it or (without and seen):
                goals.append((cell, "numerator", {2 * place + 1: 1.0}, truth.numerator, width * each))
            if (without or (with_it and seen)) and self.about.kind == "share" and truth.numerator == truth.people:
                difference = {2 * place: 1.0, 2 * place + 1: -1.0}
                goals.append((cell, "complement", difference, truth.base - truth.numerator, width))
        return goals

    def reach(self, goals: list[Goal]) -> list[Interval]:
        """Least and most of each goal, no further than it takes to see that it is safe.

        A table found for one goal agrees with all that is told, so it counts for the others too.
        """
        targets = np.array([_sparse(2 * len(self.table.cells), goal[2]) for goal in goals])
        least, most = np.full(len(goals), inf), np.full(len(goals), -inf)
        for place, goal in enumerate(goals):
            for sign in (1.0, -1.0):
                if _safe(least[place], most[place], goal):
                    break
                found = self._extreme(sign * targets[place])
                if isinstance(found, float):  # endless, or no table agrees with what the files say
                    (least if sign > 0 else most)[place] = sign * found
                else:
                    least, most = np.minimum(least, targets @ found), np.maximum(most, targets @ found)
        return list(zip(least.tolist(), most.tolist(), strict=True))

    def possible(self) -> bool:
        """Whether any counts agree with all that is told."""
        return not (isinstance(found := self._extreme(np.zeros(2 * len(self.table.cells))), float) and found > 0)

    def _extreme(self, goal: Any) -> Any:
        """The counts in which the goal is least; -inf where nothing limits it, inf where no counts are possible."""
        answer = linprog(
            goal, A_ub=self.order, b_ub=np.zeros(len(self.order)), A_eq=self.equal, b_eq=self.right,
            bounds=self.limits, method="highs",
        )  # fmt: skip
        if answer.status == 0:
            return answer.x
        return -inf if answer.status == 3 else inf


def _safe(least: float, most: float, goal: Goal) -> bool:
    """Whether the interval of a goal, rounded inwards, is wide enough and holds the truth."""
    truth, needed = goal[3:]
    if not least - _EXACT <= truth <= most + _EXACT:
        return False
    endless = not (isfinite(least) and isfinite(most))
    return endless or floor(most + _EXACT) - ceil(least - _EXACT) >= needed - _EXACT


def _primary(about: Card, truth: Truth, threshold: int) -> tuple[bool, bool]:
    """Whether people with the feature, and people without it, had to be hidden."""
    base, people = float(truth.base or 0), float(truth.people or 0)
    if about.kind == "sum":
        few = people < threshold and (people > 0 or about.polarity != "low")
        return few or (truth.top_share or 0) > LARGEST_SHARE, False
    group = base < ADVERSE_BELOW
    with_it = 0 < people < threshold or (group and people == 0 and about.polarity == "high")
    return with_it, 0 < base - people < threshold or (group and people == base and about.polarity == "low")


def _relations(table: Table) -> list[tuple[Cell, list[Cell]]]:
    """Totals with their parts: the LA with its schools, each place's groups, in both tables."""
    level = {cell: truth.level for cell, truth in zip(table.cells, table.truths, strict=True)}
    schools: dict[tuple[str, ...], list[Cell]] = defaultdict(list)
    for cell in table.cells:
        if level[cell] == "School":
            schools[cell[1]].append(cell)
    sums = [(cell, schools[cell[1]]) for cell in table.cells if level[cell] == "Local authority"]
    item = table.name[3]
    for place in sorted({place for place, _ in table.cells}):
        whole, all_sen = (place, _groups(TOTAL, TOTAL, item)), (place, _groups(ALL_SEN, TOTAL, item))
        sums.append((whole, [(place, _groups(name, TOTAL, item)) for name in SEN_PROVISION]))
        sums.append((all_sen, [(place, _groups(ALL_SEN, area, item)) for area in NEED_AREAS]))
        sums.append((all_sen, [(place, _groups(name, TOTAL, item)) for name in SEND]))
    there = [(total, [part for part in parts if part in level]) for total, parts in sums if total in level]
    return [(total, parts) for total, parts in there if parts]


def _groups(sen: str, need: str, item: str) -> tuple[str, ...]:
    values = [TOTAL] * len(GROUPS)
    values[_SEN], values[_NEED], values[_ITEM] = sen, need, item
    return tuple(values)


def _sparse(size: int, weights: Mapping[int, float]) -> Any:
    row = np.zeros(size)
    row[list(weights)] = list(weights.values())
    return row
