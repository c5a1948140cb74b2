"""Controlled rounding: every count to a multiple beside it, so that all sums still hold."""

from __future__ import annotations

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from sendlab.disclosure.protect.parts import SLACK, spread
from sendlab.disclosure.protect.solver import SolverFailed
from sendlab.disclosure.protect.system import Floats

_NODES = 20_000
_INFEASIBLE = 2


class NoRounding(Exception):
    """No choice of multiples keeps all sums; this cannot happen in tables of two dimensions."""

    def __init__(self, base: int) -> None:
        super().__init__(f"the counts cannot be rounded to multiples of {base} so that they still add up")


def controlled(counts: Floats, relations: csr_array, *, base: int = 5, nodes: int = _NODES) -> Floats:
    """Counts rounded to multiples of `base` that satisfy `relations @ counts == 0` as the counts themselves do.

    Multiples stay as they are; every other count goes to the multiple below or above it, in all with the least
    absolute change that `nodes` nodes of branch and bound find. Of equally good roundings fixed weights choose one,
    the same on every machine. Raises NoRounding if there is none (possible from three dimensions on), ValueError if
    the counts do not add up.

    >>> parts_and_total = csr_array(np.array([[-1.0, -1.0, -1.0, 1.0]]))
    >>> controlled(np.array([2.0, 2.0, 2.0, 6.0]), parts_and_total).tolist()[-1]
    5.0
    """
    if relations.shape[0] and np.abs(relations @ counts).max() > SLACK:
        raise ValueError("the counts do not add up")
    below = np.floor(counts / base) * base
    rest = counts - below
    # in steps of `base`: relations @ (below / base + up) == 0
    change = base - 2.0 * rest
    tie = spread(np.arange(counts.size)) / (counts.size + 1.0)
    answer = milp(
        change + tie,
        integrality=np.ones(counts.size),
        bounds=Bounds(0.0, (rest > SLACK).astype(np.float64)),
        constraints=_sums(relations, below / base),
        options={"mip_rel_gap": 0.0, "node_limit": nodes},
    )
    if answer.status == _INFEASIBLE:
        raise NoRounding(base)
    if answer.x is None:
        raise SolverFailed(f"controlled rounding ended with: {answer.message}")
    rounded: Floats = below + base * np.round(answer.x)
    return rounded


def _sums(relations: csr_array, steps: Floats) -> list[LinearConstraint]:
    if relations.shape[0] == 0:
        return []
    wanted = -(relations @ steps)
    return [LinearConstraint(relations, wanted, wanted)]
