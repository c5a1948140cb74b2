"""Hide further counts until no primary count can be pinned down by adding and subtracting those that are shown.

The attacker knows every shown count, every sum, that counts are not negative, and the rules. For each count to be
protected two linear programs (HiGHS) give the least and the most it may be. Where they are closer than the standard
asks, one more linear program finds the cheapest visible cells that would have to move to give it that room, and those
are hidden. Hiding more never narrows an interval, so one pass over the counts is enough. What was hidden early may turn
out needless later: last, dear cells (totals, the LA's) are shown again one at a time where every count keeps its room.

Method: Fischetti and Salazar (2001), Management Science 47:1008-1027 (the attacker); the choice is a heuristic.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import block_diag, csr_array, hstack, vstack

from sendlab.disclosure.primary import Bools, Floats
from sendlab.disclosure.systems import Aim, System, goals, moves, orders, sums

_SLACK = 1e-6


class NoPattern(Exception):
    """Within the system no pattern protects this aim; the caller hides more."""

    def __init__(self, aim: Aim) -> None:
        self.aim = aim
        super().__init__("no pattern protects a count")


def protect(system: System, hidden: Bools, given: Bools | None = None) -> Bools:
    """The cells to hide, `hidden` included, so that every aim has its width. Raises NoPattern.

    `given` is the pattern of the fixed layers. A total of 30 with one hidden part needs a second one:

    >>> from sendlab.disclosure.systems import Layer
    >>> counts = np.array([30.0, 18, 11, 1])
    >>> layer = Layer(counts, np.ones(4), np.full(4, np.inf), ((0, (1, 2, 3)),))
    >>> system = System((layer,), (Aim(((0, 3, 1.0),), 4),), np.array([9.0, 2, 1, 1]))
    >>> protect(system, counts == 1).tolist()
    [False, False, True, True]
    """
    if not system.aims:
        return hidden.copy()
    attacker = _Attacker(system, hidden, given)
    attacker.look(np.ones(len(system.aims)))
    for index, aim in enumerate(system.aims):
        asked = aim.width
        while not attacker.sure_of(index):
            attacker.hide_for(index, asked)
            asked += 1.0  # only if rounding inwards ate up the room
    attacker.show_needless(np.flatnonzero(attacker.hidden & ~hidden & (system.cost >= system.dear)))
    return attacker.hidden


class _Attacker:
    """What can be worked out so far: the pattern, and the tables found that agree with everything shown."""

    def __init__(self, system: System, hidden: Bools, given: Bools | None) -> None:
        self.system, self.hidden, self.given = system, hidden.copy(), given
        self.cells = hidden.size
        self.equal, self.at_most, self.room = sums(system), *orders(system)
        self.goals = goals(system)
        self.low, self.high = moves(system)
        # for each aim how far down and up it can be, and the table (in deviations from the truth) that shows it
        self.least = np.zeros(len(system.aims))
        self.most = np.zeros(len(system.aims))
        self.lowest = np.zeros((len(system.aims), self.low.size))
        self.highest = np.zeros((len(system.aims), self.low.size))

    def sure_of(self, index: int) -> bool:
        """Whether the aim has its width, looking no further than needed."""
        for direction in (1.0, -1.0):
            if not self._wide(index):
                self.look(direction * np.eye(1, len(self.most), index).ravel())
        return self._wide(index)

    def _wide(self, index: int) -> bool:
        """Counts are whole, so the interval is rounded inwards."""
        width = np.floor(self.most[index] + _SLACK) - np.ceil(self.least[index] - _SLACK)
        return bool(width >= self.system.aims[index].width - _SLACK)

    def look(self, weights: Floats) -> None:
        """Find the table in which the weighted aims are largest, and keep what it shows of every aim."""
        free = self._free()
        columns = np.flatnonzero(free & (self.high > self.low))
        found = _solve(
            -(weights @ self.goals)[columns],
            (self.at_most[:, columns], self.room),
            self.equal[:, columns],
            np.column_stack([self.low[columns], self.high[columns]]),
        )
        if found is not None:
            table = np.zeros(self.low.size)
            table[columns] = found
            self._keep(self.goals @ table, table)

    def _keep(self, reached: Floats, table: Floats) -> None:
        lower, higher = reached < self.least - _SLACK, reached > self.most + _SLACK
        self.lowest[lower], self.highest[higher] = table, table
        self.least, self.most = np.where(lower, reached, self.least), np.where(higher, reached, self.most)

    def show_needless(self, cells: Any) -> None:
        """Show again, dearest first, the cells without which every aim keeps its width."""
        for cell in cells[np.argsort(-self.system.cost[cells], kind="stable")]:
            before = self.hidden, self.least, self.most, self.lowest, self.highest
            self.hidden = self.hidden.copy()
            self.hidden[cell] = False
            lost = self._forget_tables_moving(cell)
            if not all(self.sure_of(index) for index in lost):
                self.hidden, self.least, self.most, self.lowest, self.highest = before

    def _forget_tables_moving(self, cell: int) -> list[int]:
        """Fall back to the truth where a table moves this cell; the aims of which that leaves too little to go by."""
        moving = np.arange(self.system.fixed, len(self.system.layers)) * self.cells + cell
        low: Bools = np.max(np.abs(self.lowest[:, moving]), axis=1) > _SLACK
        high: Bools = np.max(np.abs(self.highest[:, moving]), axis=1) > _SLACK
        self.least, self.most = np.where(low, 0.0, self.least), np.where(high, 0.0, self.most)
        self.lowest = np.where(low[:, None], 0.0, self.lowest)
        self.highest = np.where(high[:, None], 0.0, self.highest)
        return [int(index) for index in np.flatnonzero(low | high)]

    def _free(self) -> Bools:
        """Counts (over all layers) that are hidden now."""
        fixed = self.given if self.given is not None else self.hidden
        return np.concatenate(
            [fixed if layer < self.system.fixed else self.hidden for layer in range(len(self.system.layers))]
        )

    def hide_for(self, index: int, width: float) -> None:
        """Hide the cheapest cells whose moving gives the aim its width."""
        moving = self._free()
        may_open = np.isfinite(np.tile(self.system.cost, len(self.system.layers))) & ~moving
        may_open[: self.system.fixed * self.cells] = False
        inside, outside = np.flatnonzero(moving), np.flatnonzero(may_open)
        found = self._cheapest(index, width, inside, outside)
        if found is None:
            raise NoPattern(self.system.aims[index])
        opened = outside[found > _SLACK] % self.cells
        if opened.size == 0:
            raise NoPattern(self.system.aims[index])
        self.hidden[opened] = True

    def _cheapest(self, index: int, width: float, inside: Any, outside: Any) -> Floats | None:
        """How far each cell outside the pattern moves, between two tables that differ by the width in this aim."""

        def twice(matrix: csr_array) -> csr_array:
            one = hstack([matrix[:, inside], matrix[:, outside], -matrix[:, outside]], format="csr")
            return csr_array(block_diag([one, one], format="csr"))

        goal = self.goals[[index], :]
        one = np.concatenate([goal[0, inside], goal[0, outside], -goal[0, outside]])
        cost = np.tile(self.system.cost, len(self.system.layers))[outside]
        price = np.concatenate([np.zeros(inside.size), cost, cost])
        low = np.concatenate([self.low[inside], np.zeros(2 * outside.size)])
        high = np.concatenate([self.high[inside], self.high[outside], -self.low[outside]])
        apart = csr_array(np.concatenate([-one, one])[None, :])
        limits = np.column_stack([np.tile(low, 2), np.tile(high, 2)])
        upper = vstack([twice(self.at_most), apart], format="csr")
        room = np.concatenate([self.room, self.room, [-width]])
        found = _solve(np.tile(price, 2), (upper, room), twice(self.equal), limits)
        if found is None:
            return None
        moved = found.reshape(2, -1)[:, inside.size :].sum(axis=0)
        result: Floats = moved[: outside.size] + moved[outside.size :]
        return result


def _solve(cost: Floats, upper: tuple[Any, Floats], equal: Any, limits: Floats) -> Floats | None:
    """The cheapest point, or None where there is none; rows that say nothing are left out."""
    if cost.size == 0:
        return None
    at_most, room = upper
    binding, summing = np.diff(at_most.indptr) > 0, np.diff(equal.indptr) > 0
    answer = linprog(
        cost,
        A_ub=at_most[binding] if binding.any() else None,
        b_ub=room[binding] if binding.any() else None,
        A_eq=equal[summing] if summing.any() else None,
        b_eq=np.zeros(int(summing.sum())) if summing.any() else None,
        bounds=limits,
        method="highs",
    )
    if answer.status == 2:
        return None
    if answer.status != 0:
        raise RuntimeError(f"the linear program of disclosure control ended with: {answer.message}")
    solution: Floats = answer.x
    return solution
