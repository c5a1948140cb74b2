"""The linear programs of protection: what a reader must grant, and the cheapest way to make them grant more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array, csc_array

from sendlab.disclosure.protect.columns import (
    Columns,
    apart_from,
    below,
    columns_of,
    row_of,
    taken,
    touched,
    turned,
    up_and_down,
    with_ones_below,
    with_row,
)
from sendlab.disclosure.protect.parts import SLACK, Part
from sendlab.disclosure.protect.solver import SolverFailed, solve, solve_as_broken
from sendlab.disclosure.protect.system import NOBODY, Bools, Floats, Ints

_STEP = 0.01  # price of moving what is hidden anyway
_WORTH = 100.0  # counts that may move for a step of the aim


@dataclass(frozen=True)
class Field:
    """The counts that a program moves: `inside` for nothing, `outside` at a price for each step."""

    inside: Ints
    outside: Ints
    up: Floats  # price of a step of each outside count
    down: Floats


def field_of(part: Part, hidden: Bools, price: Floats, where: Bools | None, *, opening: bool) -> Field:
    """All counts of hidden cells, and with `opening` all of cells that may be hidden, as far as `where` allows."""
    allowed = np.ones(part.low.size, dtype=np.bool_) if where is None else where
    moving = hidden[part.cell]
    inside = np.flatnonzero(allowed & moving)
    outside = np.flatnonzero(allowed & ~moving & np.isfinite(price[part.cell])) if opening else inside[:0]
    # the price of a cell is paid over the way that its count must go to be of use
    dear = price[part.cell[outside]] / np.bincount(part.cell, minlength=price.size)[part.cell[outside]]
    use = float(part.width.max())
    up = dear / np.maximum(np.minimum(use, part.high[outside]), SLACK)
    down = dear / np.maximum(np.minimum(use, -part.low[outside]), SLACK)
    return Field(inside, outside, up, down)


def farthest(part: Part, aim: int, sign: float, hidden: Bools, where: Bools | None) -> Floats:
    """The table of a reader in which the aim is largest (sign 1) or smallest (-1), over the counts in `where`."""
    columns = _moving(part, hidden, where)
    table = np.zeros(part.low.size)
    rows, row_low, row_high = _touched(part, columns)
    gain = -sign * row_of(part.aims, aim)[columns]
    found = solve(gain, rows, row_low, row_high, part.low[columns], part.high[columns])
    if found is not None:
        table[columns] = found
    return table


def towards(part: Part, aim: int, need: float, hidden: Bools, where: Bools | None) -> Floats:
    """A table of little movement in which the aim comes near to what it needs (negative: downwards).

    Quicker than the farthest, and no proof where it falls short: what moves very many counts is not looked for.
    """
    columns = _moving(part, hidden, where)
    table = np.zeros(part.low.size)
    rows, row_low, row_high = _touched(part, columns)
    goal = row_of(part.aims, aim)[columns] * np.sign(need)
    found = solve_as_broken(
        np.concatenate([1.0 - _WORTH * goal, 1.0 + _WORTH * goal]), up_and_down(with_row(rows, goal)),
        np.append(row_low, -np.inf), np.append(row_high, np.ceil(abs(need))),
        np.zeros(2 * columns.size), np.concatenate([part.high[columns], -part.low[columns]]),
    )  # fmt: skip
    if found is not None:
        table[columns] = found[: columns.size] - found[columns.size :]
    return table


def nearest(part: Part, aim: int, need: float, field: Field) -> Floats | None:
    """The cheapest table, then that of least movement, with the aim by `need` higher; None if there is none."""
    inside, outside = field.inside, field.outside
    columns = np.concatenate([inside, outside])
    rows, row_low, row_high = _touched(part, columns)
    both = with_row(rows, row_of(part.aims, aim)[columns])
    still = np.full(inside.size, _STEP)
    price = np.concatenate([still, field.up + _STEP, still, field.down + _STEP])
    high = np.concatenate([part.high[columns], -part.low[columns]])
    found = solve_as_broken(
        price, up_and_down(both), np.append(row_low, need), np.append(row_high, np.inf), np.zeros(high.size), high
    )
    if found is None:
        return None
    table = np.zeros(part.low.size)
    table[columns] = found[: columns.size] - found[columns.size :]
    return table


def _moving(part: Part, hidden: Bools, where: Bools | None) -> Ints:
    return np.flatnonzero(hidden[part.cell] if where is None else hidden[part.cell] & where)


def _touched(part: Part, columns: Ints) -> tuple[Columns, Floats, Floats]:
    """The rows that say something of these counts."""
    rows, used = touched(taken(part.columns, columns))
    return rows, part.row_low[used], part.row_high[used]


def two_tables(part: Part, aim: int, apart: float, field: Field) -> tuple[Floats, Floats] | None:
    """The cheapest two tables that are so far apart in the aim; None where no pattern allows that."""
    inside, outside = field.inside, field.outside
    columns, turn = _both_ways(field)
    rows, row_low, row_high = _touched(part, columns)
    rows = turned(rows, turn)
    price = np.concatenate([np.zeros(inside.size), field.up, field.down])
    low = np.concatenate([part.low[inside], np.zeros(2 * outside.size)])
    high = np.concatenate([part.high[inside], part.high[outside], -part.low[outside]])
    goal = row_of(part.aims, aim)[columns] * turn
    both = with_row(apart_from(rows, rows), np.concatenate([goal, -goal]))
    found = solve_as_broken(
        np.tile(price, 2), both, np.concatenate([row_low, row_low, [apart]]),
        np.concatenate([row_high, row_high, [np.inf]]), np.tile(low, 2), np.tile(high, 2),
    )  # fmt: skip
    if found is None:
        return None
    return _table(part, field, found[: price.size]), _table(part, field, found[price.size :])


def _both_ways(field: Field) -> tuple[Ints, Floats]:
    """What is inside, what is outside upwards, then downwards; and the sign of each."""
    columns = np.concatenate([field.inside, field.outside, field.outside])
    return columns, np.concatenate([np.ones(field.inside.size + field.outside.size), -np.ones(field.outside.size)])


def _table(part: Part, field: Field, found: Floats) -> Floats:
    inside, outside = field.inside.size, field.outside.size
    table = np.zeros(part.low.size)
    table[field.inside] = found[:inside]
    table[field.outside] = found[inside : inside + outside] - found[inside + outside : inside + 2 * outside]
    return table


@dataclass(frozen=True)
class Block:
    """A part of the counts with a table by itself: those of some holders, or all."""

    columns: Columns  # all rows of a part, each holder's counts kept apart from those of holders in other blocks
    row_low: Floats
    row_high: Floats
    counts: Bools  # (n,) that take part
    holders: Bools  # (holders,) whose counts alone take part; none where all counts do
    share: float  # of the counts that take part in any of the blocks


def whole(part: Part) -> Block:
    """One block of everything."""
    everything, nobody = np.ones(part.low.size, dtype=np.bool_), np.zeros(part.names.size - 1, dtype=np.bool_)
    return Block(part.columns, part.row_low, part.row_high, everything, nobody, 1.0)


def blocks_of(part: Part, block: Ints) -> list[Block]:
    """The blocks of holders: each relation over several becomes one for each; counts that nobody holds keep still."""
    entries = coo_array(part.rows)
    held = part.holder[entries.col] != NOBODY
    number = int(block.max()) + 1
    row = entries.row[held].astype(np.int64)
    key = row * number + block[part.holder[entries.col[held]]]
    kept, place = np.unique(key, return_inverse=True)
    rows = columns_of(csc_array((entries.data[held], (place, entries.col[held])), shape=(kept.size, part.low.size)))
    of_count = np.where(part.holder != NOBODY, block[part.holder], NOBODY)
    low, high, size = part.row_low[kept // number], part.row_high[kept // number], (of_count != NOBODY).sum()
    return [
        Block(rows, low, high, of_count == one, block == one, float((of_count == one).sum() / size))
        for one in range(number)
    ]


def many_aims(part: Part, block: Block, aims: Ints, needs: Floats, field: Field, reward: float) -> Floats:
    """One table in which as many of these aims as possible come as far as they need (negative: downwards)."""
    inside, outside = field.inside, field.outside
    columns, turn = _both_ways(field)
    rows, used = touched(turned(taken(block.columns, columns), turn))
    goals = columns_of(csc_array(part.aims[aims][:, columns] * (turn[None, :] * -np.sign(needs)[:, None])))
    found = solve(
        np.concatenate([np.zeros(inside.size), field.up, field.down, np.full(aims.size, -reward)]),
        with_ones_below(below(rows, goals), aims.size),
        np.concatenate([block.row_low[used], np.full(aims.size, -np.inf)]),
        np.concatenate([block.row_high[used], np.zeros(aims.size)]),
        np.concatenate([part.low[inside], np.zeros(2 * outside.size + aims.size)]),
        np.concatenate([part.high[inside], part.high[outside], -part.low[outside], np.abs(needs)]),
    )
    if found is None:
        raise SolverFailed("the truth itself does not satisfy what is known of it")
    return _table(part, field, found[: columns.size])
