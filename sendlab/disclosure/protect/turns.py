"""Large systems in turns: one table after the other, each beside what is hidden in those before it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from sendlab.disclosure.protect.search import protect
from sendlab.disclosure.protect.system import Bools, Floats, Ints, NoPattern, Pattern, System
from sendlab.disclosure.protect.tables import Tables
from sendlab.schema.groups import TOTAL
from sendlab.schema.measures import GROUPS


def table_turn() -> pl.Expr:
    """The turn of a cell: provision first, then needs, then other groups, crossed ones last.

    >>> row = {**dict.fromkeys(GROUPS, "Total"), "sex": "Male"}
    >>> pl.DataFrame([row]).select(table_turn()).item()
    2
    """
    others = pl.sum_horizontal(pl.col(n) != TOTAL for n in GROUPS if n not in ("item", "sen_provision", "need_area"))
    crossed = (others > 0) & (pl.col("sen_provision") != TOTAL)
    need = (pl.col("need_area") != TOTAL).cast(pl.Int64)
    return pl.when(crossed).then(3).when(others > 0).then(2).otherwise(need).cast(pl.Int64)


def protect_in_turns(system: System, turn: Ints, most: int) -> Pattern:
    """The pattern of a system: at once where at most `most` cells are to be decided, else turn by turn.

    `turn` is by cell. Raises NoPattern with places of aims in the whole system.
    """
    open_cells = int(np.isfinite(system.cost).sum())
    if open_cells <= most:
        return protect(system)
    hidden, tables = system.hidden.copy(), Tables()
    cost = 0.0
    for now in np.unique(turn).tolist():
        pattern = _one_turn(replace(system, hidden=hidden), turn, now, tables)
        cost += pattern.cost
        hidden = pattern.hidden
    return Pattern(hidden, cost, 0.0, "heuristic")


def _one_turn(system: System, turn: Ints, now: int, tables: Tables) -> Pattern:
    """Decide the cells of this turn; those before only where there is no other way; those after are not there yet."""
    closed = np.where(turn == now, system.cost, np.inf)
    opened = np.where(turn <= now, system.cost, np.inf)
    part, aims = _up_to(system, turn <= now)
    try:
        return protect(replace(part, cost=closed), tables=tables)
    except NoPattern:
        try:
            return protect(replace(part, cost=opened), tables=tables)
        except NoPattern as failure:
            raise _in_whole(failure, aims) from None


def _in_whole(failure: NoPattern, aims: Ints) -> NoPattern:
    return NoPattern(lambda: aims[list(failure.aims)].tolist())


def _up_to(system: System, there: Bools) -> tuple[System, Ints]:
    """The system without the counts of cells that are not there, and which of its aims are left."""
    gone = np.flatnonzero(~there[system.cell])
    relations, _ = _without(system.relations, gone)
    orders, ordered = _without(system.orders, gone)
    aims, aimed = _without(system.aims, gone)
    fixed: Floats = np.where(there[system.cell], system.lower, system.truth)
    part = replace(
        system, relations=relations, orders=orders, room=system.room[ordered], aims=aims, width=system.width[aimed],
        lower=fixed, upper=np.where(there[system.cell], system.upper, system.truth),
    )  # fmt: skip
    return part, aimed


def _without(matrix: csr_array, columns: Ints) -> tuple[csr_array, Ints]:
    """The rows that say nothing of these columns, and their places."""
    touched = np.zeros(matrix.shape[1])
    touched[columns] = 1.0
    kept = np.flatnonzero(abs(matrix) @ touched == 0)
    return matrix[kept], kept
