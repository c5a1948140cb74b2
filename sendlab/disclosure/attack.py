"""An attack on published figures: what adding, subtracting and the rules tell of each hidden count.

It shares no code with the protection. From the published rows alone it sets up, for each measure and period, every
count that is hidden as an unknown, every sum over schools, provisions and areas of need as an equation, and asks two
linear programs for the least and the most each hidden count can be. The truth serves to know which counts had to be
protected, and as a gift to the attacker where sums do not hold exactly (a pupil counted once though in two schools).

What the attacker grants a hidden count are the rules of `publish`: good news about everybody is shown wherever the
base is, so a hidden count is never that; the adverse edge may be hidden, so it may be 0 where high is good and the
whole base where low is good. Of a hidden base only that somebody is in it. In a withheld measure anything may be.
A row marked x or z that never had a base is taken for nobody in every sum that has other parts.
"""

from __future__ import annotations

from collections import defaultdict
from math import inf
from typing import Any

import numpy as np
import polars as pl
from scipy.optimize import linprog

from sendlab.disclosure.findings import (
    SMALL_GROUP,
    Cell,
    Finding,
    Row,
    TableName,
    at_edge,
    bases_in_sight,
    nobody,
    safe,
    torn_families,
)
from sendlab.disclosure.published import WITHHELD_NOTE, Published
from sendlab.metrics.cards import card
from sendlab.schema.groups import ALL_SEN, NEED_AREAS, SEN_PROVISION, SEND, TOTAL
from sendlab.schema.measures import MEASURE_KEY, as_measures


def attack(published: Published, truth: pl.DataFrame) -> list[Finding]:
    """Every hidden primary count whose interval is narrower than threshold - 1, and every family not hidden whole.

    `truth` are the measure rows that were published. An empty list means that the publication held. Intervals are
    rounded inwards to whole counts. A sum (sessions) must keep the width of threshold - 1 average people.
    """
    exact = as_measures(truth).with_columns(pl.col(pl.Float64).fill_nan(None))
    shown = {tuple(row[name] for name in MEASURE_KEY): row for row in published.rows.iter_rows(named=True)}
    found = torn_families(shown)
    tables: dict[TableName, dict[Cell, Row]] = defaultdict(dict)
    for row in exact.filter((pl.col("comparator") == "") & (pl.col("geographic_level") != "National")).iter_rows(
        named=True
    ):
        table = (row["measure"], row["time_period"], row["time_identifier"], row["item"])
        tables[table][row["place_code"], row["sen_provision"], row["need_area"]] = row
    bases = bases_in_sight(shown)
    done: set[tuple[str, ...]] = set()
    for table in sorted(tables):
        if card(table[0]).kind != "rating":
            first = (card(table[0]).base, *table[1:]) not in done
            done.add((card(table[0]).base, *table[1:]))
            for coverage in (False, True):
                unknowns = _Table(table, tables[table], shown, bases, published.threshold, coverage)
                found += unknowns.findings(first and not coverage)
    return found


class _Table:
    """One measure in one period: two counts a cell (the base, the numerator) as the attacker knows them."""

    def __init__(
        self,
        table: TableName,
        truth: dict[Cell, Row],
        shown: dict[tuple[Any, ...], Row],
        bases: dict[tuple[Any, ...], float],
        threshold: int,
        coverage: bool,
    ) -> None:
        self.coverage = coverage  # the second count is then the people left out: eligible minus base
        self.name, self.truth, self.threshold, self.about = table, truth, threshold, card(table[0])
        self.cells = sorted(truth)
        self.at = {cell: place for place, cell in enumerate(self.cells)}
        self.rows = {cell: shown[_key(row)] for cell, row in truth.items()}
        self.base = {
            cell: bases.get((self.about.base, *table[1:], cell)) for cell in self.cells
        }  # None where it is nowhere to be seen
        self.kind = "left out" if coverage else self.about.kind
        self.counted = coverage or self.kind in ("share", "events", "sum")
        self.withheld = any(row["note"] == WITHHELD_NOTE for row in self.rows.values())

    def _second(self, row: Row) -> float | None:
        """The numerator, or the people left out of the base, where the row lets them be seen."""
        if not self.coverage:
            return None if row["numerator"] is None else float(row["numerator"])
        base = 0 if nobody(row) else row["base_subjects"]
        return None if row["eligible_subjects"] is None or base is None else float(row["eligible_subjects"] - base)

    def findings(self, with_base: bool) -> list[Finding]:
        """Counts too well known; the base is judged once for all measures that share it, or beside a numerator."""
        found = []
        goals = self._goals(with_base)
        if not goals:
            return []
        weights = np.zeros((len(goals), 2 * len(self.cells)))
        for row, goal in enumerate(goals):
            weights[row, list(goal[2])] = list(goal[2].values())
        reach = self._reach(weights, [(truth, needed) for *_, truth, needed in goals])
        for (cell, what, _, truth, needed), (least, most) in zip(goals, reach, strict=True):
            if not safe(least, most, truth, needed):
                found.append(Finding(self.name, cell, what, least, most, needed))
        return found

    def _reach(self, weights: Any, wanted: list[tuple[float, float]]) -> list[tuple[float, float]]:
        """Least and most of each goal; no further than it takes to see that it is safe.

        A table found for one goal agrees with everything shown, so it counts for the others too.
        """
        program = self._program()
        least, most = np.full(len(wanted), inf), np.full(len(wanted), -inf)
        for row, (truth, needed) in enumerate(wanted):
            for sign in (1, -1):
                if safe(least[row], most[row], truth, needed):
                    break
                table = self._extreme(program, sign * weights[row])
                if table is None:
                    least[row], most[row] = (-inf, most[row]) if sign == 1 else (least[row], inf)
                    continue
                least, most = np.minimum(least, weights @ table), np.maximum(most, weights @ table)
        return list(zip(least.tolist(), most.tolist(), strict=True))

    def _goals(self, with_base: bool) -> list[tuple[Cell, str, dict[int, float], float, float]]:
        """(cell, words, weights of the unknowns, truth, width needed) of each count that had to be protected."""
        goals = []
        width = self.threshold - 1.0
        for cell, row in self.truth.items():
            base, people, number, place = row["base_subjects"], row["with_subjects"], self._second(row), self.at[cell]
            few = with_base and base is not None and 0 < base < self.threshold
            if few or (not self.coverage and at_edge(row)):
                goals.append((cell, "base", {2 * place: 1.0}, float(base), width))
            if not self.counted or number is None:
                continue
            with_it, without = self._primary(row, number, seen=self.base[cell] is not None)
            if with_it:
                each = max(number / people, 1.0) if self.kind == "sum" and people else 1.0
                what = "left out" if self.coverage else "numerator"
                goals.append((cell, what, {2 * place + 1: 1.0}, number, width * each))
            if without and self.kind == "share" and number == people:
                goals.append((cell, "complement", {2 * place: 1.0, 2 * place + 1: -1.0}, base - number, width))
        return goals

    def _primary(self, row: Row, number: float, *, seen: bool) -> tuple[bool, bool]:
        """Whether people with the feature, and without, had to be hidden; either means both if the base is seen."""
        base, people, polarity = row["base_subjects"], row["with_subjects"], self.about.polarity
        if self.coverage:
            return 0 < number < self.threshold, False
        if self.kind == "sum":
            few = people < self.threshold and (people > 0 or polarity != "low")
            return bool(base and (few or (row["top_share"] or 0) > 0.5)), False
        group = 0 < base < SMALL_GROUP
        none = group and people == 0 and polarity == "high"
        everybody = group and people == base and polarity == "low"
        with_it = 0 < people < self.threshold or none
        without = 0 < base - people < self.threshold or everybody
        return (with_it or without, with_it or without) if seen else (with_it, without)

    def _program(self) -> tuple[Any, Any, Any, Any, Any]:
        """Equations, inequalities and limits over the unknowns 2i (base of cell i) and 2i + 1 (its numerator)."""
        limits: list[tuple[float, float]] = []
        for cell in self.cells:
            limits += [self._limits_of_base(cell), self._limits_of_numerator(cell)]
        equal, right = self._equations()
        order = np.zeros((0, 2 * len(self.cells)))
        if self.kind == "share" and all(row["numerator"] == row["with_subjects"] for row in self.truth.values()):
            order = np.zeros((len(self.cells), 2 * len(self.cells)))
            for place in range(len(self.cells)):
                order[place, 2 * place], order[place, 2 * place + 1] = -1.0, 1.0
        return equal, right, order, np.zeros(len(order)), limits

    def _limits_of_base(self, cell: Cell) -> tuple[float, float]:
        seen, real = self.base[cell], self.truth[cell]["base_subjects"]
        if seen is not None:
            return seen, seen
        return (0.0, inf) if real is None else (1.0, inf)  # a group of nobody would have been shown

    def _limits_of_numerator(self, cell: Cell) -> tuple[float, float]:
        seen, base, row = self._second(self.rows[cell]), self.base[cell], self.truth[cell]
        if seen is not None:
            return seen, seen
        if base is None or self._second(row) is None or self.kind == "sum":
            return 0.0, inf
        if self.coverage:
            return 1.0, inf  # nobody left out would have been shown
        least = 0.0 if self.withheld or self.about.polarity == "high" else 1.0
        if self.kind != "share" or row["numerator"] != row["with_subjects"]:
            return least, inf
        return least, base if self.withheld or self.about.polarity == "low" else base - 1.0

    def _equations(self) -> tuple[Any, Any]:
        """Total minus parts, for bases and numerators; the right side is 0 unless the true counts do not add up."""
        rows: list[Any] = []
        right: list[float] = []
        for total, parts in self._sums():
            for layer in (0, 1):
                read = {cell: self._true(cell, layer) for cell in (total, *parts)}
                there = [part for part in parts if read[part] is not None or not nobody(self.truth[part])]
                counts = [count for cell in (total, *there) if (count := read[cell]) is not None]
                if not there or len(counts) <= len(there) or (layer and not self.counted):
                    continue
                equation = np.zeros(2 * len(self.cells))
                equation[2 * self.at[total] + layer] = 1.0
                equation[[2 * self.at[part] + layer for part in there]] = -1.0
                rows.append(equation)
                right.append(counts[0] - sum(counts[1:]))
        return np.array(rows).reshape(len(rows), 2 * len(self.cells)), np.array(right)

    def _true(self, cell: Cell, layer: int) -> float | None:
        count = self._second(self.truth[cell]) if layer else self.truth[cell]["base_subjects"]
        return None if count is None else float(count)

    def _sums(self) -> list[tuple[Cell, list[Cell]]]:
        level = {cell: row["geographic_level"] for cell, row in self.truth.items()}
        by_group: dict[tuple[str, str], list[Cell]] = defaultdict(list)
        for cell in self.cells:
            if level[cell] == "School":
                by_group[cell[1:]].append(cell)
        sums = [(cell, by_group[cell[1:]]) for cell in self.cells if level[cell] == "Local authority"]
        for place in {cell[0] for cell in self.cells}:
            provisions = [(place, name, TOTAL) for name in SEN_PROVISION]
            sums.append(((place, TOTAL, TOTAL), provisions))
            sums.append(((place, ALL_SEN, TOTAL), [(place, ALL_SEN, area) for area in NEED_AREAS]))
            sums.append(((place, ALL_SEN, TOTAL), [(place, name, TOTAL) for name in SEND]))
        there = [(total, [part for part in parts if part in self.at]) for total, parts in sums if total in self.at]
        return [(total, parts) for total, parts in there if parts]

    def _extreme(self, program: Any, goal: Any) -> Any:
        """The counts in which the goal is least, or None where nothing limits it."""
        equal, right, order, room, limits = program
        answer = linprog(goal, A_ub=order, b_ub=room, A_eq=equal, b_eq=right, bounds=limits, method="highs")
        if answer.status == 3:
            return None
        if answer.status != 0:
            raise RuntimeError(f"the attack on {self.name} could not be solved: {answer.message}")
        return answer.x


def _key(row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in MEASURE_KEY)
