"""Knowledge split into parts that have nothing to do with one another; what is fixed already drops out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array, csr_array, vstack
from scipy.sparse.csgraph import connected_components

from sendlab.disclosure.audit.knowledge import TINY, Bools, Floats, Ints, Knowledge, limits


@dataclass(frozen=True)
class Part:
    """Free numbers that sums or goals tie together."""

    numbers: Ints  # their places among all numbers
    known: Knowledge
    goals: csr_array  # weights of the free numbers alone
    places: Ints  # rows of the goals as they were asked
    fixed: Floats  # what the fixed numbers add to each of these goals


def split(known: Knowledge, goals: csr_array, open_goals: Bools) -> Iterator[Part]:
    """The parts that hold an open goal, in the order of their first number.

    A sum that the limits of its numbers keep by themselves tells nothing and ties nothing together. Goals of one number
    whose part is a single sum of whole numbers, each weighing 1 or -1, are left out: their limits are their ends.
    """
    free = np.flatnonzero(known.high - known.low > TINY)
    at_low = np.where(known.high - known.low > TINY, 0.0, known.low)
    fixed_in_sums, fixed_in_goals = known.sums @ at_low, goals @ at_low
    least, most = limits(known.sums, known.low, known.high)
    telling = np.flatnonzero((least < known.sum_low - TINY) | (most > known.sum_high + TINY))
    asked = np.flatnonzero(open_goals)
    sums, goals = known.sums[telling][:, free], goals[asked][:, free]
    of_number, of_row = labels(csr_array(vstack([sums, goals])))
    rows_of, goals_of = of_row[: telling.size], of_row[telling.size :]
    plain = _plain(sums, goals, known.whole[free], rows_of, goals_of)
    for label in np.unique(goals_of[~plain]):
        numbers, rows = np.flatnonzero(of_number == label), np.flatnonzero(rows_of == label)
        mine, gone = np.flatnonzero(goals_of == label), fixed_in_sums[telling[rows]]
        part = Knowledge(
            known.low[free[numbers]], known.high[free[numbers]], sums[rows][:, numbers],
            known.sum_low[telling[rows]] - gone, known.sum_high[telling[rows]] - gone, known.whole[free[numbers]],
        )  # fmt: skip
        yield Part(free[numbers], part, goals[mine][:, numbers], asked[mine], fixed_in_goals[asked[mine]])


def _plain(sums: csr_array, goals: csr_array, whole: Bools, rows_of: Ints, goals_of: Ints) -> Bools:
    """Of each goal, whether the limits that each sum by itself leaves are its ends: some table has them."""
    parts = int(max(rows_of.max(initial=-1), goals_of.max(initial=-1))) + 1
    odd_weights = abs(abs(sums) - (sums != 0)).sum(axis=1) + abs(sums) @ (~whole).astype(float)
    odd = np.bincount(rows_of, odd_weights, parts) > 0
    many_sums = np.bincount(rows_of, minlength=parts) > 1
    long_goals = np.bincount(goals_of, (goals != 0).sum(axis=1) > 1, parts) > 0
    tangled: Bools = (odd | many_sums | long_goals)[goals_of]
    return ~tangled


def labels(rows: csr_array) -> tuple[Ints, Ints]:
    """Label of the part of each column and of each row."""
    height, width = rows.shape
    entries = rows.tocoo()
    row, column = entries.coords
    graph = coo_array((np.ones(row.size), (row + width, column)), shape=(width + height, width + height))
    _, label = connected_components(graph, directed=False)
    return label[:width].astype(np.int64), label[width:].astype(np.int64)
