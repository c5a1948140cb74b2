"""A table of whole numbers beside one of fractions: most numbers stay, a few move."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from sendlab.disclosure.audit.knowledge import TINY, Bools, Contradiction, Floats, Ints, Knowledge
from sendlab.disclosure.audit.program import Program, is_table, rounded

NARROW = 8  # numbers in a sum through which others may be moved as well
RINGS = 3  # first the fractions alone, then what such sums tie to them, then what these tie to that
FEW = 2_000  # numbers that may move; a search over more costs more than it finds


def beside(known: Knowledge, table: Floats, aim: Floats) -> Floats | None:
    """A table of whole numbers close to this one, with as much of the aim as there is; None where none was found.

    >>> known = Knowledge(np.zeros(2), np.full(2, 9.0), csr_array([[2.0, 2.0]]), np.array([2.0]), np.array([3.0]),
    ...                   np.array([True, True]))
    >>> beside(known, np.array([1.0, 0.5]), np.array([1.0, 1.0])).sum()
    np.float64(1.0)
    """
    free = ~known.whole | (np.abs(table - np.round(table)) >= TINY)
    for ring in range(RINGS):
        free = _with_neighbours(known.sums, free) if ring else free
        if free.sum() > FEW:
            return None
        found = _moving(known, table, aim, np.flatnonzero(free))
        if found is not None and is_table(known, found):
            return found
    return None


def _moving(known: Knowledge, table: Floats, aim: Floats, some: Ints) -> Floats | None:
    """The best table in which only these numbers are others than in the table."""
    found = np.round(table)
    found[some] = 0.0
    inside = csr_array(known.sums[:, some])
    rows = np.flatnonzero(np.diff(inside.indptr))
    rest = (known.sums @ found)[rows]
    part = Knowledge(known.low[some], known.high[some], csr_array(inside[rows]), known.sum_low[rows] - rest,
                     known.sum_high[rows] - rest, known.whole[some])  # fmt: skip
    try:
        end = Program(part).most_in_whole_numbers(aim[some])
    except Contradiction:
        return None
    if end.table is None:
        return None
    found[some] = end.table
    return rounded(found, known.whole)


def _with_neighbours(sums: csr_array, free: Bools) -> Bools:
    """These numbers and all that stand in a narrow sum with one of them."""
    joined = (np.diff(sums.indptr) <= NARROW) & (abs(sums) @ free.astype(float) > 0)
    more: Bools = abs(sums).T @ joined.astype(float) > 0
    return free | more
