"""Serves many aims with few linear programs: holders are cut into blocks, each with a table by itself."""

from __future__ import annotations

import math
from itertools import chain

import numpy as np

from sendlab.disclosure.protect.attacker import FEW_HOLDERS, Attacker
from sendlab.disclosure.protect.parts import SLACK, Part, spread
from sendlab.disclosure.protect.programs import Block, blocks_of, field_of, many_aims, whole
from sendlab.disclosure.protect.reach import pieces
from sendlab.disclosure.protect.system import NOBODY, Floats, Ints

_FREE = 3  # rounds within one block that hide nothing
_SIZES = (30, 8, 1)  # aims looked at together before cells are hidden for one of them
_REWARD = 10.0  # for a step towards an aim, in usual prices of a step: nearly whatever it costs


class Rounds:
    """Programs over all aims of an attacker's part at counts that somebody holds; others are served one by one."""

    def __init__(self, attacker: Attacker) -> None:
        self.attacker, self.part = attacker, attacker.part
        self.cuts = _cuts(self.part, attacker.holders)
        self._first = _first_holder(self.part)

    def look(self) -> None:
        """Look for tables under the pattern as it is."""
        for block in chain.from_iterable(self.cuts):
            self._look_in(block, _FREE)

    def hide(self) -> None:
        """Hide cells as well: for one aim at a time, so that the next finds more that moves."""
        for block in chain.from_iterable(self.cuts[:2]):
            aims, needs = self._look_in(block, 1)
            for size in _SIZES:
                tried = np.zeros(self.part.width.size, dtype=np.bool_)
                while (some := np.flatnonzero(~tried[aims])[:size]).size:
                    tried[aims[some]] = True
                    self._solve(block, aims[some], needs[some], opening=size == 1)
                    aims, needs = self._needs(block)

    def _look_in(self, block: Block, most: int) -> tuple[Ints, Floats]:
        """Look for tables of a block, at most so often; the aims that are left, and what they need."""
        aims, needs = self._needs(block)
        for _ in range(most):
            if aims.size < 2 or not self._solve(block, aims, needs, opening=False):
                break
            aims, needs = self._needs(block)
        return aims, needs

    def _needs(self, block: Block) -> tuple[Ints, Floats]:
        """Aims that such a table can serve, and how far up (or, negative, down) each has to go."""
        part, reach = self.part, self.attacker.reach
        aims = self._aims_in(block)
        readers = np.append(~block.holders, True)  # whose own counts keep still
        short = reach.short[aims] & readers
        some = short.any(axis=1)
        aims, short = aims[some], short[some]
        least = np.max(np.where(short, reach.least[aims], -np.inf), axis=1, initial=-np.inf)
        most = np.min(np.where(short, reach.most[aims], np.inf), axis=1, initial=np.inf)
        up, down = part.width[aims] + least, part.width[aims] - most
        can_up, can_down = self._room(block, aims)
        downwards = (can_up < up - SLACK) | ((can_down >= down) & (spread(aims) < 0.5))
        needs = np.where(downwards, -np.minimum(down, can_down), np.minimum(up, can_up))
        useful = np.abs(needs) > SLACK
        return aims[useful], needs[useful]

    def _aims_in(self, block: Block) -> Ints:
        """Aims at counts of the block's holders; at those of any where all counts take part."""
        own = self._first != NOBODY
        return np.flatnonzero(own & (block.holders[self._first] if block.holders.any() else True))

    def _room(self, block: Block, aims: Ints) -> tuple[Floats, Floats]:
        """How far up and down each aim could go if nothing but the limits of its counts held it."""
        part, attacker = self.part, self.attacker
        able = block.counts & (attacker.hidden | np.isfinite(part.cost))[part.cell]
        high, low = np.where(able, part.high, 0.0), np.where(able, part.low, 0.0)
        positive, negative = part.aims[aims].maximum(0), part.aims[aims].minimum(0)
        return positive @ high + negative @ low, -(positive @ low + negative @ high)

    def _solve(self, block: Block, aims: Ints, needs: Floats, *, opening: bool) -> bool:
        """One program; whether it showed anything new."""
        attacker = self.attacker
        field = field_of(self.part, attacker.hidden, attacker.price, block.counts, opening=opening)
        steps = np.concatenate([field.up, field.down])
        reward = _REWARD * float(np.median(steps)) if steps.size else 1.0
        table = many_aims(self.part, block, aims, needs, field, reward)
        attacker.solved += block.share
        return sum(self._take(table, counts, aims, needs) for counts in pieces(table, block.columns)) > 0

    def _take(self, table: Floats, counts: Ints, aims: Ints, needs: Floats) -> bool:
        """Keep a piece; cells are hidden for it only where it gives some aim all that it needs."""
        attacker = self.attacker
        cells = np.unique(self.part.cell[counts])
        closed = cells[~attacker.hidden[cells]]
        if closed.size:
            piece = np.zeros(table.size)
            piece[counts] = table[counts]
            if not ((self.part.aims[aims] @ piece) / needs > 1.0 - SLACK).any():
                return False
            attacker.hidden[closed] = True
        return attacker.reach.keep(counts, table[counts])


def short_in(attacker: Attacker, tables: list[tuple[Ints, Floats]] | None = None) -> list[int]:
    """The aims that are not wide enough for every reader; tables found elsewhere are used where they hold here."""
    for counts, moves in tables or []:
        if attacker.holds(counts, moves):
            attacker.reach.keep(counts, moves)
    Rounds(attacker).look()
    return [aim for aim in range(attacker.part.width.size) if not attacker.sure_of(aim)]


def _cuts(part: Part, holders: int) -> list[list[Block]]:
    """Ways to cut the holders into blocks in which two holders meet only once; last, no cut."""
    cuts = []
    if holders > FEW_HOLDERS:
        side = math.isqrt(holders - 1) + 1
        order = np.argsort(np.argsort(spread(np.arange(holders)), kind="stable"), kind="stable")
        across, along = order // side, order % side
        cuts = [across, along, (across + along) % side, (across + 2 * along) % side]
    return [*(blocks_of(part, cut) for cut in cuts), [whole(part)]]


def _first_holder(part: Part) -> Ints:
    """For each aim the holder of its first count, or NOBODY."""
    found = np.full(part.width.size, NOBODY, dtype=np.int64)
    some = np.diff(part.aims.indptr) > 0
    found[some] = part.holder[part.aims.indices[part.aims.indptr[:-1][some]]]
    return found
