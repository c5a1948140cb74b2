"""Conditions that every safe pattern meets, found where a pattern falls short of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import OptimizeResult, linprog
from scipy.sparse import csr_array

from sendlab.disclosure.protect.parts import SLACK, Part
from sendlab.disclosure.protect.solver import SolverFailed
from sendlab.disclosure.protect.system import Floats, Ints

_VIOLATED = 1e-4


@dataclass(frozen=True)
class Cut:
    """weights @ x >= 1, x over all cells of the part: 1 where hidden."""

    cells: Ints
    weights: Floats

    def value(self, x: Floats) -> float:
        """What it comes to; a safe pattern has at least 1."""
        return float(self.weights @ x[self.cells])


@dataclass(frozen=True)
class Side:
    """The bound, for every x, on how far an aim goes in one direction: constant + weights @ x."""

    constant: float
    weights: Floats  # (c,)


class Separator:
    """Finds cuts of a part."""

    def __init__(self, part: Part) -> None:
        self.part = part
        rows = csr_array(part.rows)
        sums = part.row_low == part.row_high
        self.relations, self.orders = csr_array(rows[np.flatnonzero(sums)]), csr_array(rows[np.flatnonzero(~sums)])
        self.room = part.row_high[~sums]
        self.aims = part.aims.toarray()
        self.solved = 0  # linear programs

    def cut(self, aim: int, reader: int, at: Floats) -> Cut | None:
        """What the duals of this reader's programs under x = `at` say that every safe pattern must meet.

        None where no cell that may be hidden could add to the width, or nothing is missing.
        """
        up, down = (self._side(aim, reader, sign, at) for sign in (1.0, -1.0))
        missing = float(self.part.width[aim]) - up.constant - down.constant
        return _cut(up.weights + down.weights, missing) if missing > SLACK else None

    def opening_cut(self, aim: int, reader: int, at: Floats) -> Cut | None:
        """For a whole pattern whose width is lost to rounding inwards: one more cell that matters has to be hidden."""
        up, down = (self._side(aim, reader, sign, at) for sign in (1.0, -1.0))
        useful = ((up.weights + down.weights) > SLACK) & (at < 0.5) & self.part.may_open
        cells = np.flatnonzero(useful)
        return Cut(cells, np.ones(cells.size)) if cells.size else None

    def _side(self, aim: int, reader: int, sign: float, at: Floats) -> Side:
        part = self.part
        self.solved += 1
        theirs = part.holder == reader if reader < part.judged.shape[1] - 1 else np.zeros(part.low.size, dtype=np.bool_)
        share = np.where(theirs, 0.0, at[part.cell])
        moving = np.flatnonzero(share > SLACK)
        goal = sign * self.aims[aim]
        answer = self._solve(goal[moving], moving, share[moving])
        price = goal.copy()
        constant = 0.0
        if self.relations.shape[0]:
            price += self.relations.T @ answer.eqlin.marginals
        if self.orders.shape[0]:
            dual = np.maximum(-answer.ineqlin.marginals, 0.0)
            price -= self.orders.T @ dual
            constant = float(dual @ self.room)
        worth = np.where(price > 0, price * part.high, price * part.low)
        worth[theirs] = 0.0
        weights: Floats = np.bincount(part.cell, weights=worth, minlength=part.cost.size).astype(np.float64)
        given = float(weights[part.hidden].sum())
        weights[~part.may_open] = 0.0
        return Side(constant + given, weights)

    def _solve(self, goal: Floats, moving: Ints, share: Floats) -> OptimizeResult:
        part = self.part
        relations, orders = self.relations[:, moving], self.orders[:, moving]
        answer = linprog(
            -goal,
            A_eq=relations if relations.shape[0] else None,
            b_eq=np.zeros(relations.shape[0]) if relations.shape[0] else None,
            A_ub=orders if orders.shape[0] else None,
            b_ub=self.room if orders.shape[0] else None,
            bounds=np.column_stack([part.low[moving] * share, part.high[moving] * share]),
            method="highs",
        )
        if answer.status != 0:
            raise SolverFailed(f"the linear program of disclosure control ended with: {answer.message}")
        return answer


def _cut(weights: Floats, missing: float) -> Cut | None:
    """No cell counts for more than what is missing."""
    cells = np.flatnonzero(weights > SLACK)
    return Cut(cells, np.minimum(weights[cells] / missing, 1.0)) if cells.size else None


def violated(cut: Cut | None, x: Floats) -> bool:
    """Whether x does not meet the condition."""
    return cut is not None and cut.value(x) < 1.0 - _VIOLATED


def lonely_cuts(part: Part) -> tuple[list[Cut], list[tuple[int, Ints]]]:
    """A count that alone moves in a relation does not move: what an aim's count needs, and what other cells need.

    The first are cuts; the second are pairs of a cell and others of which one must be hidden for it to be of use.
    """
    rows = csr_array(part.rows)[np.flatnonzero(part.row_low == part.row_high)]
    single = part.aims[np.flatnonzero(np.diff(part.aims.indptr) == 1)].indices
    alone_in_cell = np.bincount(part.cell, minlength=part.cost.size) == 1
    needed: dict[bytes, Cut] = {}
    pairs: list[tuple[int, Ints]] = []
    for row in range(rows.shape[0]):
        counts = rows.indices[rows.indptr[row] : rows.indptr[row + 1]]
        cells = np.unique(part.cell[counts])
        given = cells[part.hidden[cells]]
        others = cells[part.may_open[cells]]
        if given.size == 1 and np.isin(counts, single)[part.hidden[part.cell[counts]]].any() and others.size:
            needed.setdefault(others.tobytes(), Cut(others, np.ones(others.size)))
        if given.size == 0:
            pairs += [(int(cell), others[others != cell]) for cell in others if alone_in_cell[cell]]
    return list(needed.values()), pairs
