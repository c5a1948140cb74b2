"""Hides cells until every aim is wide for every reader, then shows again what was not needed."""

from __future__ import annotations

import numpy as np

from sendlab.disclosure.protect.attacker import FEW_HOLDERS, Attacker
from sendlab.disclosure.protect.parts import SLACK, Part
from sendlab.disclosure.protect.programs import farthest, field_of, two_tables
from sendlab.disclosure.protect.rounds import Rounds, short_in
from sendlab.disclosure.protect.system import Bools, Floats, Ints, NoPattern

_FEW_READERS = 20
_MANY_AIMS = 300  # one by one they would be served with fewer cells, but too slowly
_MANY_AGAIN = 20  # aims that lost a table, from which all are looked at together first
_MORE = 3  # widths beyond what is asked that are tried when rounding inwards eats up the room


class Search:
    """The heuristic: a safe pattern of one part, not necessarily the cheapest."""

    def __init__(self, part: Part, hidden: Bools | None = None) -> None:
        self.part = part
        self.attacker = Attacker(part, part.hidden if hidden is None else hidden)

    def run(self, programs: int) -> Attacker:
        """Hide, then show again within about so many linear programs."""
        rounds = Rounds(self.attacker)
        if self.attacker.holders > FEW_HOLDERS and self.part.width.size > _MANY_AIMS:
            rounds.hide()
        rounds.look()
        for aim in range(self.part.width.size):
            self.settle(aim)
        self.show_needless(programs)
        return self.attacker

    def settle(self, aim: int) -> None:
        """Give the aim its width for every reader."""
        attacker = self.attacker
        while (readers := attacker.reach.readers_of(aim)).size:
            many = attacker.holders > FEW_HOLDERS
            if many and self._hide_nearby(aim, readers):
                continue
            if not attacker.look_for(aim, readers, nearby=not many):
                self._hide_for(aim, readers[:1])

    def _hide_nearby(self, aim: int, readers: Ints) -> bool:
        """One table upwards among neighbours, for all these readers or for the first; whether it serves the first."""
        attacker = self.attacker
        for some in (readers, readers[:1]) if 1 < readers.size <= _FEW_READERS else (readers[:1],):
            where = attacker.near(aim, some)
            table = None if where is None else attacker.upwards(aim, some, where, opening=True)
            if table is not None:
                self._use((table,))
                return not attacker.reach.short[aim, readers[0]]
        return False

    def _hide_for(self, aim: int, reader: Ints) -> None:
        attacker = self.attacker
        near, anywhere = attacker.near(aim, reader), attacker.known_to_none(reader)
        for where in (anywhere,) if near is None else (near, anywhere):
            for more in range(_MORE):
                if not self._hide_cheapest(aim, self.part.width[aim] + more, where):
                    break
                if not attacker.reach.short[aim, reader].any():
                    return
        self._hide_far(aim, reader)

    def _hide_cheapest(self, aim: int, apart: float, where: Bools | None) -> bool:
        """Hide the cells of the cheapest two tables that lie so far apart; False where there are none."""
        attacker = self.attacker
        field = field_of(self.part, attacker.hidden, attacker.price, where, opening=True)
        found = two_tables(self.part, aim, apart, field)
        attacker.solved += 1
        if found is None:
            return False
        self._use(found)
        return True

    def _use(self, tables: tuple[Floats, ...]) -> None:
        for table in tables:
            self.attacker.hidden[self.part.cell[np.abs(table) > SLACK]] = True
        for table in tables:
            self.attacker.reach.add(table)

    def _hide_far(self, aim: int, reader: Ints) -> None:
        """What moves in the two tables that are farthest apart of all; there is no pattern if that is not enough."""
        attacker, where = self.attacker, self.attacker.known_to_none(reader)
        everything = self.part.hidden | self.part.may_open
        self._use(
            (
                farthest(self.part, aim, 1.0, everything, where),
                farthest(self.part, aim, -1.0, everything, where),
            )
        )
        if attacker.reach.short[aim, reader].any():
            raise NoPattern(lambda: self.part.names_of(np.array(short_in(Attacker(self.part, everything)))))

    def show_needless(self, programs: int) -> None:
        """Show again, dearest first, the cells without which every aim keeps its width."""
        attacker = self.attacker
        opened = np.flatnonzero(attacker.hidden & ~self.part.hidden)
        until = attacker.solved + programs
        for cell in opened[np.argsort(-attacker.price[opened], kind="stable")].tolist():
            if attacker.solved >= until:
                return
            self._try_without(cell, until)

    def _try_without(self, cell: int, until: float) -> None:
        attacker = self.attacker
        attacker.hidden[cell] = False
        gone = attacker.reach.forget(cell)
        if attacker.holders > FEW_HOLDERS and gone.aims.size > _MANY_AGAIN:
            Rounds(attacker).look()
        if not all(attacker.solved < until and attacker.sure_of(aim) for aim in gone.aims.tolist()):
            attacker.hidden[cell] = True
            attacker.reach.restore(gone)
