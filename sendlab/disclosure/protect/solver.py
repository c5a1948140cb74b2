"""The solver behind the linear programs of protection."""

from __future__ import annotations

import highspy
import numpy as np
from scipy.sparse import csc_array, csr_array

from sendlab.disclosure.protect.columns import Columns, columns_of
from sendlab.disclosure.protect.parts import SLACK
from sendlab.disclosure.protect.system import Floats, Ints

_LARGE = 3_000  # rows from which a program is made smaller before it is solved
_ROOM = 0.5  # of an order that is left out until it is broken
_MANY = 200  # such orders; fewer are not worth it


class SolverFailed(RuntimeError):
    """The solver ended without an answer: an error of the program, not of the data."""


def solve(cost: Floats, rows: Columns, row_low: Floats, row_high: Floats, low: Floats, high: Floats) -> Floats | None:
    """The cheapest point, or None where there is none."""
    if cost.size == 0:
        return np.empty(0) if (row_low <= SLACK).all() and (row_high >= -SLACK).all() else None
    highs = _solver(rows.rows)
    highs.passModel(_program(cost, rows, row_low, row_high, low, high))
    return _found(highs, low, high)


def solve_as_broken(
    cost: Floats, rows: Columns, row_low: Floats, row_high: Floats, low: Floats, high: Floats
) -> Floats | None:
    """As `solve`; of many orders (rows without a lower limit) those with room are put in only once a point breaks them.

    A table of little movement breaks few of them, and a program without the others is much smaller.
    """
    left = np.flatnonzero(~np.isfinite(row_low) & (row_high >= _ROOM))
    if left.size < _MANY or cost.size == 0:
        return solve(cost, rows, row_low, row_high, low, high)
    entries = csc_array((rows.value, rows.index, rows.start), shape=(rows.rows, rows.count)).tocsr()
    now = np.setdiff1d(np.arange(rows.rows), left)
    highs = _solver(0)
    highs.passModel(_program(cost, columns_of(entries[now].tocsc()), row_low[now], row_high[now], low, high))
    while (found := _found(highs, low, high)) is not None:
        broken = left[entries[left] @ found > row_high[left] + SLACK]
        if not broken.size:
            break
        _add(highs, entries, broken, row_high)
        left = np.setdiff1d(left, broken)
    return found


def _add(highs: highspy.Highs, entries: csr_array, which: Ints, row_high: Floats) -> None:
    """Put orders into a program that has been solved: the next run goes on from there."""
    more = entries[which]
    highs.addRows(
        which.size, np.full(which.size, -np.inf), row_high[which], more.nnz, more.indptr[:-1], more.indices, more.data
    )


class _Quiet(highspy.Highs):
    """The solver without the banner that its own way of starting prints."""

    def __init__(self) -> None:
        super(highspy.Highs, self).__init__()
        self.silent()


def _solver(rows: int) -> highspy.Highs:
    """A solver on one thread: the same answer on every machine. Small programs are quicker as they stand."""
    highs = _Quiet()
    for name, value in {"output_flag": False, "threads": 1, "presolve": "off" if rows < _LARGE else "on"}.items():
        highs.setOptionValue(name, value)
    return highs


def _program(
    cost: Floats, rows: Columns, row_low: Floats, row_high: Floats, low: Floats, high: Floats
) -> highspy.HighsLp:
    program = highspy.HighsLp()
    program.num_row_, program.num_col_ = rows.rows, rows.count
    program.col_cost_, program.col_lower_, program.col_upper_ = cost, low, high
    program.row_lower_, program.row_upper_ = row_low, row_high
    matrix = program.a_matrix_
    matrix.format_ = highspy.MatrixFormat.kColwise
    matrix.start_, matrix.index_, matrix.value_ = rows.start, rows.index, rows.value
    return program


def _found(highs: highspy.Highs, low: Floats, high: Floats) -> Floats | None:
    """The cheapest point of the program as it stands, or None where there is none."""
    highs.run()
    status = highs.getModelStatus()
    if status == highspy.HighsModelStatus.kInfeasible:
        return None
    if status != highspy.HighsModelStatus.kOptimal:
        raise SolverFailed(f"the linear program of disclosure control ended with: {status.name}")
    found: Floats = np.clip(np.array(highs.getSolution().col_value), low, high)
    return found
