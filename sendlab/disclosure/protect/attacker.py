"""What readers can work out: looks for tables that agree with all a reader knows and lie far apart."""

from __future__ import annotations

import numpy as np

from sendlab.disclosure.protect.columns import taken
from sendlab.disclosure.protect.parts import SLACK, Part, spread
from sendlab.disclosure.protect.programs import farthest, field_of, nearest, towards
from sendlab.disclosure.protect.reach import Reach
from sendlab.disclosure.protect.system import NOBODY, Bools, Floats, Ints

FEW_HOLDERS = 16  # so many are looked at as a whole
_NEIGHBOURS = 20  # holders in whose counts a table is looked for before it is looked for in all


class Attacker:
    """A part with a pattern, and the tables found so far."""

    def __init__(self, part: Part, hidden: Bools) -> None:
        self.part, self.hidden, self.reach = part, hidden.copy(), Reach(part)
        self.price: Floats = part.cost * (1.0 + 0.01 * spread(part.cells))
        self.holders = part.judged.shape[1] - 1
        self.solved = 0.0  # linear programs; those over few counts as so much less
        self._turn = spread(np.arange(self.holders))
        self._linked = (abs(part.rows) > 0).astype(np.float64).tocsr()

    def sure_of(self, aim: int) -> bool:
        """Whether the aim has its width for every reader under the pattern."""
        while (readers := self.reach.readers_of(aim)).size:
            if not self.look_for(aim, readers):
                return False
        return True

    def holds(self, counts: Ints, moves: Floats) -> bool:
        """Whether a table agrees with all that is known: relations, orders, limits and what is shown."""
        part = self.part
        if not self.hidden[part.cell[counts]].all():
            return False
        some = taken(part.columns, counts)
        found = np.bincount(some.index, some.value * np.repeat(moves, np.diff(some.start)), some.rows)
        inside = (part.low[counts] - SLACK <= moves) & (moves <= part.high[counts] + SLACK)
        return bool(inside.all() and (part.row_low - SLACK <= found).all() and (found <= part.row_high + SLACK).all())

    def look_for(self, aim: int, readers: Ints, *, nearby: bool = True) -> bool:
        """Look for all these readers at once, then for the first of them; whether it now is wide for the first."""
        first = readers[:1]
        if self.holders:
            near = self.near(aim, readers) if nearby else None
            if near is not None and self._look_nearby(aim, readers, near):
                return True
            for some in (readers, first) if readers.size > 1 else (first,):
                if self._look_nearby(aim, some, self.known_to_none(some)):
                    return True
        return self._look_far(aim, first)

    def _look_far(self, aim: int, reader: Ints) -> bool:
        """Whether the aim is wide for this reader: down and up with little movement, then as far as it goes."""
        where = self.known_to_none(reader)
        for look in (self._towards, self._farthest):
            for sign in (-1.0, 1.0):
                self.solved += 1
                self.reach.add(look(aim, sign, where))
                if not self.reach.short[aim, reader].any():
                    return True
        return False

    def _towards(self, aim: int, sign: float, where: Bools | None) -> Floats:
        return towards(self.part, aim, sign * self.part.width[aim], self.hidden, where)

    def _farthest(self, aim: int, sign: float, where: Bools | None) -> Floats:
        return farthest(self.part, aim, sign, self.hidden, where)

    def _look_nearby(self, aim: int, readers: Ints, where: Bools | None) -> bool:
        """Upwards by what is missing, with little movement: such a table serves many readers; for the first of them."""
        table = self.upwards(aim, readers, where, opening=False)
        if table is not None:
            self.reach.add(table)
        return table is not None and not self.reach.short[aim, readers[0]]

    def upwards(self, aim: int, readers: Ints, where: Bools | None, *, opening: bool) -> Floats | None:
        """The cheapest table in which the aim is as much higher as these readers miss."""
        need = self.part.width[aim] + float(self.reach.least[aim, readers].max())
        field = field_of(self.part, self.hidden, self.price, where, opening=opening)
        self.solved += 1
        return nearest(self.part, aim, need, field)

    def known_to_none(self, readers: Ints) -> Bools | None:
        """Counts that none of these readers holds; None if that is all of them."""
        holders = readers[readers < self.holders]
        return ~np.isin(self.part.holder, holders) if holders.size else None

    def near(self, aim: int, readers: Ints) -> Bools | None:
        """Counts of the aim's holders and of those who can best make up for their moves; None: all counts are near."""
        if self.holders <= FEW_HOLDERS:
            return None
        part = self.part
        own = part.holder[part.aims.indices[part.aims.indptr[aim] : part.aims.indptr[aim + 1]]]
        own = np.unique(own[own != NOBODY])
        if own.size == 0:
            return None
        score = self._helpful(aim, own) + 1e-6 * np.roll(self._turn, aim)
        score[own], score[readers[readers < self.holders]] = np.inf, -np.inf
        chosen = np.argsort(-score, kind="stable")[: _NEIGHBOURS + own.size]
        chosen = chosen[score[chosen] > -np.inf]
        nobody_hidden = (part.holder == NOBODY) & self.hidden[part.cell]
        result: Bools = np.isin(part.holder, chosen) | nobody_hidden
        return result

    def _helpful(self, aim: int, own: Ints) -> Floats:
        """How far each holder's counts could move in the relations with these holders; scarce relations weigh more."""
        part = self.part
        theirs = np.isin(part.holder, own).astype(np.float64)
        shared = np.flatnonzero(self._linked @ theirs)
        inside = self._linked[shared]
        use = float(part.width.max())
        down, up = np.minimum(-part.low, use), np.minimum(part.high, use)
        likely = np.where(self.hidden[part.cell], 1.0, 0.2 * np.isfinite(part.cost[part.cell]))
        of_aim = (inside @ abs(part.aims[[aim]].toarray()).ravel()) > 0  # others go down where the aim goes up
        row = np.repeat(np.arange(shared.size), np.diff(inside.indptr))
        count = inside.indices
        room = likely[count] * np.where(of_aim[row], down[count], (down[count] + up[count]) / 2.0)
        scarce = use / np.maximum(np.bincount(row, weights=room, minlength=shared.size), SLACK)
        kept = part.holder[count] != NOBODY
        score = np.bincount(part.holder[count[kept]], weights=(room * scarce[row])[kept], minlength=self.holders)
        result: Floats = score.astype(np.float64)
        return result
