"""Splits a system into parts that can be protected one by one, without what cannot move."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import coo_array, csc_array, csr_array, hstack, vstack
from scipy.sparse.csgraph import connected_components

from sendlab.disclosure.protect.columns import Columns, columns_of
from sendlab.disclosure.protect.system import NOBODY, Bools, Floats, Ints, System

REACH = 30.0  # no count is followed further from the truth than this many times the widest aim: errs on the safe side
SLACK = 1e-6  # of the linear programs


@dataclass(frozen=True)
class Part:
    """One connected part of a system: counts as moves away from the truth, which is 0 everywhere.

    Readers are the holders, numbered as they occur in the part, and last the outsider.
    """

    places: Ints  # (n,) of the counts in the system
    cells: Ints  # (c,) of the cells in the system
    low: Floats  # (n,) how far a hidden count may move down
    high: Floats  # (n,) and up
    cell: Ints  # (n,) cell of each count, numbered within the part
    cost: Floats  # (c,)
    hidden: Bools  # (c,) from the start
    rows: csc_array  # (r, n) relations, then orders
    row_low: Floats  # (r,)
    row_high: Floats  # (r,)
    aims: csr_array  # (a, n)
    truth: Floats  # (a,) of the aims
    width: Floats  # (a,)
    same: Ints  # (aims of the system,) place in `aims`, or -1
    holder: Ints  # (n,) place of the holder among the readers, or NOBODY
    names: Ints  # (holders + 1,) the readers as the system numbers them; the outsider, NOBODY, is last
    judged: Bools  # (a, holders + 1) whether the aim must be wide for the reader

    @cached_property
    def columns(self) -> Columns:
        """The rows, column by column."""
        return columns_of(self.rows)

    @property
    def may_open(self) -> Bools:
        """(c,) cells that can be hidden and are not from the start."""
        return np.isfinite(self.cost) & ~self.hidden

    def names_of(self, aims: Ints) -> list[int]:
        """Places in the system of these aims, with all that ask for the same."""
        return np.flatnonzero(np.isin(self.same, aims)).tolist()


def spread(places: Ints, salt: str = "") -> Floats:
    """A fixed number in (0, 1] for each place, the same on every machine: decides between what is equally good."""
    made = [
        int.from_bytes(hashlib.blake2b(f"{salt}{place}".encode(), digest_size=4).digest(), "big")
        for place in places.tolist()
    ]
    return (np.array(made, dtype=np.float64) + 1.0) / 2.0**32


def parts_of(system: System) -> tuple[list[Part], list[int]]:
    """The parts of a system that have aims, and the aims that nothing can widen because none of their counts moves."""
    low, high = _moves(system)
    free = _can_move(system, low, high)
    wanted = system.width > SLACK
    aims = csr_array(abs(system.aims))
    stuck = wanted & ~_touches(aims, free)
    label = _labels(system, free)
    first = _first_moving(aims, free)
    found = sorted({int(label[first[aim]]) for aim in np.flatnonzero(wanted & ~stuck)})
    parts = [
        _part(
            system,
            low,
            high,
            np.flatnonzero(free & (label == one)),
            np.flatnonzero(wanted & ~stuck & (label[first] == one)),
        )
        for one in found
    ]
    return parts, np.flatnonzero(stuck).tolist()


def _moves(system: System) -> tuple[Floats, Floats]:
    reach = REACH * max(float(system.width.max(initial=0.0)), 1.0)
    down: Floats = np.clip(system.lower - system.truth, -reach, 0.0)
    up: Floats = np.clip(system.upper - system.truth, 0.0, reach)
    return down, up


def _touches(matrix: csr_array, free: Bools) -> Bools:
    """Rows with at least one free column."""
    result: Bools = (matrix @ free.astype(np.float64)) > 0
    return result


def _can_move(system: System, low: Floats, high: Floats) -> Bools:
    """Counts that some pattern lets move; one that is alone in a relation is what the relation says."""
    open_cell = system.hidden | np.isfinite(system.cost)
    free: Bools = open_cell[system.cell] & (high > low)
    present = csr_array(system.relations != 0).astype(np.float64)
    while True:
        alone = (present @ free.astype(np.float64)) == 1
        lost = free & ((present.T @ alone.astype(np.float64)) > 0)
        if not lost.any():
            return free
        free = free & ~lost


def _labels(system: System, free: Bools) -> Ints:
    """For each count the number of its component: joined by relations, orders, aims and cells."""
    own = coo_array((np.ones(system.counts), (system.cell, np.arange(system.counts))), (system.cells, system.counts))
    joined = vstack([system.relations, system.orders, system.aims, own], format="csc")[:, np.flatnonzero(free)]
    rows = joined.shape[0]
    empty = csr_array((rows, rows))
    graph = vstack([hstack([empty, joined]), hstack([joined.T, csr_array((int(free.sum()),) * 2)])], format="csr")
    _, label = connected_components(graph, directed=False)
    result = np.full(system.counts, -1, dtype=np.int64)
    result[free] = label[rows:]
    return result


def _first_moving(aims: csr_array, free: Bools) -> Ints:
    """For each aim the first of its counts that moves; 0 where none does."""
    result = np.zeros(aims.shape[0], dtype=np.int64)
    for aim in range(aims.shape[0]):
        counts = aims.indices[aims.indptr[aim] : aims.indptr[aim + 1]]
        moving = counts[free[counts]]
        result[aim] = moving.min() if moving.size else 0
    return result


def _part(system: System, low: Floats, high: Floats, places: Ints, wanted: Ints) -> Part:
    cells, cell = np.unique(system.cell[places], return_inverse=True)
    rows, row_low, row_high = _rows(system, places)
    same, kept = _distinct(system, wanted)
    width = np.zeros(kept.size)
    np.maximum.at(width, same[wanted], system.width[wanted])
    holder, names, judged = _readers(system, places, kept)
    return Part(
        places, cells, low[places], high[places], cell.astype(np.int64), system.cost[cells], system.hidden[cells],
        rows, row_low, row_high, csr_array(csr_array(system.aims)[kept][:, places]), (system.aims @ system.truth)[kept],
        width, same, holder, names, judged,
    )  # fmt: skip


def _rows(system: System, places: Ints) -> tuple[csc_array, Floats, Floats]:
    """Relations and orders over these counts, each once."""
    relations = _each_once(csr_array(system.relations)[:, places])
    orders = csr_array(system.orders)[:, places]
    room = np.maximum(system.room - system.orders @ system.truth, 0.0)
    binding = np.flatnonzero(np.diff(orders.indptr))
    rows = csc_array(vstack([relations, orders[binding]], format="csc"))
    still = np.zeros(relations.shape[0])
    row_low = np.concatenate([still, np.full(binding.size, -np.inf)])
    return rows, row_low, np.concatenate([still, room[binding]])


def _each_once(rows: csr_array) -> csr_array:
    """Rows with entries, without those that say the same up to sign."""
    rows.sort_indices()
    seen: dict[tuple[bytes, bytes], int] = {}
    for row in range(rows.shape[0]):
        inside = slice(rows.indptr[row], rows.indptr[row + 1])
        entries = rows.data[inside]
        if entries.size:
            seen.setdefault((rows.indices[inside].tobytes(), (entries * np.sign(entries[0])).tobytes()), row)
    return csr_array(rows[np.array(list(seen.values()), dtype=np.int64)])


def _distinct(system: System, wanted: Ints) -> tuple[Ints, Ints]:
    """For each aim of the system its place among the different ones that are wanted, and the first of each."""
    aims = csr_array(system.aims)
    aims.sort_indices()
    seen: dict[tuple[bytes, bytes], int] = {}
    same = np.full(aims.shape[0], -1, dtype=np.int64)
    kept: list[int] = []
    for aim in wanted.tolist():
        inside = slice(aims.indptr[aim], aims.indptr[aim + 1])
        key = (aims.indices[inside].tobytes(), aims.data[inside].tobytes())
        if key not in seen:
            seen[key] = len(kept)
            kept.append(aim)
        same[aim] = seen[key]
    return same, np.array(kept, dtype=np.int64)


def _readers(system: System, places: Ints, kept: Ints) -> tuple[Ints, Ints, Bools]:
    """Holders numbered within the part, who the readers are, and which aims are judged for which reader."""
    outsider = np.ones((kept.size, 1), dtype=np.bool_)
    if system.holder.size == 0:
        return np.full(places.size, NOBODY, dtype=np.int64), np.array([NOBODY]), outsider
    own = system.holder[places]
    names = np.unique(own[own != NOBODY])
    holder = np.where(own == NOBODY, NOBODY, np.searchsorted(names, own))
    aims = csr_array(system.aims)
    judged = np.zeros((kept.size, names.size), dtype=np.bool_)
    for row, aim in enumerate(kept.tolist()):
        holders = system.holder[aims.indices[aims.indptr[aim] : aims.indptr[aim + 1]]]
        judged[row] = (holders != NOBODY).all() & ~np.isin(names, holders)
    return holder.astype(np.int64), np.append(names, NOBODY), np.hstack([judged, outsider])
