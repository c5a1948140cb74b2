"""The cheapest pattern by cut generation, with a bound that holds whenever it stops."""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from sendlab.disclosure.protect.attacker import Attacker
from sendlab.disclosure.protect.covering import Search
from sendlab.disclosure.protect.cuts import Separator, lonely_cuts, violated
from sendlab.disclosure.protect.parts import SLACK, Part, spread
from sendlab.disclosure.protect.rounds import short_in
from sendlab.disclosure.protect.solver import SolverFailed
from sendlab.disclosure.protect.system import Bools, Floats, NoPattern

_LP_ROUNDS = 80
_EFFORT = 5  # programs of separation for each that the search may use to show cells again
_STALL = 6  # rounds without a better bound
_MASTERS = 60
_LOOSE = 0.3  # cuts farther from binding than this leave the master before it is solved in whole numbers
_UNITS = 1e-3  # costs are counted in these where all are multiples


class Proof:
    """Master problem over the cells that may be hidden, and the best pattern so far."""

    def __init__(self, part: Part, hidden: Bools, programs: int) -> None:
        self.part, self.best, self.bound, self.programs = part, hidden.copy(), 0.0, programs
        self.separator = Separator(part)
        self.cells = np.flatnonzero(part.may_open)
        self.cost = part.cost[self.cells]
        self.unit = _unit(self.cost)
        self.cuts, self.pairs = lonely_cuts(part)
        outsider = part.judged.shape[1] - 1
        self.asked = [(aim, outsider) for aim in range(part.width.size)]

    @property
    def best_cost(self) -> float:
        """Of the best pattern."""
        return self._cost(self.best)

    def _cost(self, hidden: Bools) -> float:
        return float(self.part.cost[hidden & ~self.part.hidden].sum())

    @property
    def done(self) -> bool:
        """Whether nothing cheaper is possible."""
        return self.best_cost <= self.bound + SLACK * max(1.0, self.bound)

    def run(self, nodes: int) -> None:
        """First fractional masters, then whole ones within so many nodes of branch and bound."""
        if self.done:  # nothing was hidden beyond what had to be
            return
        x = self._fractional()
        if self.done:
            return
        self._guided(x)
        self._whole(x, nodes)

    # the linear relaxation

    def _fractional(self) -> Floats:
        inner = self.best.astype(np.float64)
        stalled = 0
        for _ in range(_LP_ROUNDS):
            x = self._master_relaxed()
            before = self.bound
            self._raise_bound(float(self.part.cost[self.cells] @ x[self.cells]))
            stalled = 0 if self.bound > before + SLACK else stalled + 1
            if self.done or stalled > _STALL or self.separator.solved > _EFFORT * self.programs:
                break
            if not self._add_cuts(0.5 * x + 0.5 * inner, x) and not self._add_cuts(x, x):
                break
        return x

    def _add_cuts(self, at: Floats, x: Floats) -> int:
        """Cuts found at one point that cut off another."""
        added = 0
        for aim, reader in self.asked:
            cut = self.separator.cut(aim, reader, at)
            if cut is not None and violated(cut, x):
                self.cuts.append(cut)
                added += 1
        return added

    def _raise_bound(self, value: float) -> None:
        value = math.ceil((value - 1e-5) / self.unit) * self.unit if self.unit else value - SLACK
        self.bound = max(self.bound, value)

    def _rows(self) -> tuple[csr_array, Floats]:
        """All conditions over all cells as rows with a lower limit."""
        row, column, value, low = [], [], [], []
        for number, cut in enumerate(self.cuts):
            row.append(np.full(cut.cells.size, number))
            column.append(cut.cells)
            value.append(cut.weights)
            low.append(1.0)
        for cell, others in self.pairs:
            row.append(np.full(others.size + 1, len(low)))
            column.append(np.append(others, cell))
            value.append(np.append(np.ones(others.size), -1.0))
            low.append(0.0)
        if not low:
            return csr_array((0, self.cells.size)), np.empty(0)
        joined = (np.concatenate(value), (np.concatenate(row), np.concatenate(column)))
        return csr_array(joined, shape=(len(low), self.part.cost.size))[:, self.cells], np.array(low)

    def _master_relaxed(self) -> Floats:
        rows, low = self._rows()
        answer = milp(self.cost, constraints=LinearConstraint(rows, low, np.inf), bounds=Bounds(0, 1))
        if answer.x is None:
            raise SolverFailed(f"the master of cut generation ended with: {answer.message}")
        return self._whole_x(answer.x)

    def _whole_x(self, chosen: Floats) -> Floats:
        x = self.part.hidden.astype(np.float64)
        x[self.cells] = chosen
        return x

    # better patterns

    def _guided(self, x: Floats) -> None:
        """Search again with what the relaxation favours made cheap."""
        for pull in (0.5, 0.9, 0.99):
            search = Search(self.part)
            search.attacker.price = search.attacker.price * (1.0 - pull * x)
            self._try(search)

    def _try(self, search: Search) -> None:
        try:
            found = search.run(self.programs).hidden
        except NoPattern:
            return
        if self._cost(found) < self.best_cost - SLACK:
            self.best = found.copy()

    # whole numbers

    def _whole(self, x: Floats, nodes: int) -> None:
        self.cuts = [cut for cut in self.cuts if cut.value(x) < 1.0 + _LOOSE]
        left = nodes
        for _ in range(_MASTERS):
            candidate, used = self._master(left)
            left -= used
            if candidate is None or self.done:
                return
            failing = self._failing(candidate)
            if not failing and self._cost(candidate) < self.best_cost:
                self.best = candidate
            if left <= 0 or not self._cut_off(candidate, failing):
                return

    def _master(self, nodes: int) -> tuple[Bools | None, int]:
        """The cheapest pattern that meets all conditions so far."""
        rows, low = self._rows()
        scale = 1.0 / (self.unit or _UNITS)
        tie = spread(self.part.cells[self.cells]) / (self.cells.size + 1.0) * (1.0 if self.unit else _UNITS)
        answer = milp(
            self.cost * scale + tie, integrality=np.ones(self.cells.size), bounds=Bounds(0, 1),
            constraints=LinearConstraint(rows, low, np.inf), options={"node_limit": nodes, "mip_rel_gap": 0.0},
        )  # fmt: skip
        if answer.mip_dual_bound is not None and np.isfinite(answer.mip_dual_bound):
            self._raise_bound((answer.mip_dual_bound - float(tie.sum())) / scale)
        if answer.x is None:
            return None, nodes
        if answer.status == 0 and self.unit:
            self._raise_bound(float(self.cost @ np.round(answer.x)))
        candidate = self._whole_x(np.round(answer.x)) > 0.5
        return candidate, max(int(answer.mip_node_count), 1) if answer.status == 0 else nodes

    def _failing(self, candidate: Bools) -> list[tuple[int, int]]:
        """Aims that are short under this pattern, each with a reader for whom it is."""
        attacker = Attacker(self.part, candidate)
        return [(aim, int(attacker.reach.readers_of(aim)[0])) for aim in short_in(attacker)]

    def _cut_off(self, candidate: Bools, failing: list[tuple[int, int]]) -> int:
        """Conditions that this pattern does not meet; from it a safe one is searched for as well."""
        x = candidate.astype(np.float64)
        before = len(self.cuts)
        for aim, reader in failing:
            found = [self.separator.cut(aim, reader, at) for at in (0.5 * x + 0.5 * self.best, x)]
            useful = [cut for cut in found if violated(cut, x)] or [self.separator.opening_cut(aim, reader, x)]
            self.cuts += [cut for cut in useful if cut is not None]
        if len(self.cuts) > before:
            self._try(Search(self.part, candidate))
        return len(self.cuts) - before


def _unit(cost: Floats) -> float:
    """The largest amount of which all costs are multiples; 0 if there is none of at least a thousandth."""
    thousandths = np.round(cost / _UNITS)
    if cost.size == 0 or np.abs(cost / _UNITS - thousandths).max() > SLACK:
        return 0.0
    return float(np.gcd.reduce(thousandths.astype(np.int64))) * _UNITS
