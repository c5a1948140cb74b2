"""The search for the least and the most of the goals of one part: by programs in fractions, then in whole numbers."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from sendlab.disclosure.audit.knowledge import TINY, Bools, Contradiction, Floats
from sendlab.disclosure.audit.nearest import nearest
from sendlab.disclosure.audit.parts import Part
from sendlab.disclosure.audit.program import Program, is_table, rounded
from sendlab.disclosure.audit.whole import beside

CLOSE = 1.0  # an interval of fractions that is wider than what is asked by less than this is looked at in whole numbers
HOPELESS = 5  # goals of one part whose search met its limit: no further search of that part is begun
SEED = 20_070  # of the aims that many goals share
MANY = 8  # goals of one part; fewer are settled one by one
SHARED = 40  # at most so many of these
ALL_ONE_WAY = 6  # of these, with all signs the same: once a total is wide, its parts are free to be
WORTH = 0.05  # share of the open goals that an aim must settle to be worth another


class Search:
    """The goals of one part. Every table found is a witness for all of them."""

    def __init__(
        self, part: Part, low: Floats, high: Floats, enough: Floats, exact: bool = True, fractions: bool = False
    ) -> None:
        self.known, self.goals, self.enough, self.exact = part.known, part.goals, enough, exact and not fractions
        self.fractions = fractions
        self.program = Program(part.known)
        only_whole = abs(self.goals) @ (~self.known.whole).astype(float) == 0
        self.whole = only_whole & (abs(self.goals - self.goals.rint()).sum(axis=1) == 0)
        self.close = np.where((self.whole | exact) & (not fractions), CLOSE, 0.0)
        self.beyond_low, self.beyond_high = low, high  # nothing lies beyond these
        self.low, self.high = np.full(low.size, np.inf), np.full(low.size, -np.inf)  # some table has these
        self.near_low, self.near_high = self.low.copy(), self.high.copy()  # some table of fractions has these
        self.undecided = np.zeros(low.size, dtype=np.bool_)
        self.centre: Floats | None = None  # a table of whole numbers that is known from the start

    def run(self, witness: Floats | None, alone: bool = True) -> None:
        """Settle every goal: many by aims that they share, the rest one by one; without `alone` it stays narrow."""
        if witness is not None and is_table(self.known, witness) and self._see(witness):
            self.centre = witness
        if np.isfinite(self.enough).any() and self.enough.size >= MANY:
            self._share()
        if alone:
            self._settle_all()
        else:
            unseen = self.low > self.high
            self.low[unseen] = self.high[unseen] = 0.0
        self.undecided &= self._open()
        far = self._wide_in_fractions() & ~self._wide()
        self.low[far], self.high[far] = (ends[far] for ends in self._near())

    def _settle_all(self) -> None:
        for goal in np.flatnonzero(self._open()):
            if self._open()[goal]:
                self._settle(int(goal))
        if not np.isfinite(self.low).any():  # refuses what no table agrees with
            look = self.program.most if self.fractions else self.program.most_in_whole_numbers
            look(np.zeros(self.known.low.size))

    def _open(self) -> Bools:
        ends = (self.low <= self.beyond_low + TINY) & (self.high >= self.beyond_high - TINY)
        settled: Bools = ends | self._wide() | self._wide_in_fractions()
        return ~settled

    def _wide(self) -> Bools:
        with np.errstate(invalid="ignore"):  # nothing seen yet: both ends at the same infinity
            wide: Bools = np.isfinite(self.enough) & (self.high - self.low >= self.enough - TINY)
        return wide

    def _wide_in_fractions(self) -> Bools:
        low, high = self._near()
        with np.errstate(invalid="ignore"):
            wide: Bools = np.isfinite(self.enough) & (high - low >= self.enough + self.close - TINY)
        return wide

    def _near(self) -> tuple[Floats, Floats]:
        """The widest ends seen in tables of fractions, rounded inwards where the goal is a whole number."""
        low, high = np.ceil(self.near_low - TINY), np.floor(self.near_high + TINY)
        return np.where(self.whole, low, self.near_low), np.where(self.whole, high, self.near_high)

    def _see(self, table: Floats) -> bool:
        """Take the table as a witness; whether it is one in whole numbers."""
        values = self.goals @ table
        self.near_low, self.near_high = np.minimum(self.near_low, values), np.maximum(self.near_high, values)
        exact = rounded(table, self.known.whole)
        if not (np.abs(exact - table) < TINY).all() or not is_table(self.known, exact):
            return False
        values = self.goals @ exact
        self.low, self.high = np.minimum(self.low, values), np.maximum(self.high, values)
        return True

    def _see_beside(self, table: Floats, aim: Floats) -> None:
        """Take a table of whole numbers close to one of fractions as a witness, where there is one."""
        found = beside(self.known, table, aim)
        if found is not None:
            self._see(found)

    def _share(self) -> None:
        """Aims of all open goals at once, in a box around one table so that no goal uses up all the room."""
        centre = self._start()
        if centre is None:
            return
        room, draw = self._room(), np.random.default_rng(SEED)
        for turn in range(SHARED):
            before = self._open()
            if not before.any():
                break
            boxed = abs(self.goals).T @ before.astype(float) > 0
            low, high = np.maximum(self.known.low, centre - room), np.minimum(self.known.high, centre + room)
            self.program.limit(np.where(boxed, low, self.known.low), np.where(boxed, high, self.known.high))
            signs = (
                draw.choice([-1.0, 1.0], before.size)
                if turn >= ALL_ONE_WAY
                else np.full(before.size, 1.0 - turn % 2 * 2)
            )
            table = self.program.most(self.goals.T @ np.where(before, signs, 0.0)).table
            if table is not None and not self._see(table) and not (self.fractions or self._was_worth(before)):
                self._see_beside(table, self.goals.T @ np.where(before, signs, 0.0))
            if turn >= ALL_ONE_WAY and not self._was_worth(before):
                break
        self.program.limit(self.known.low, self.known.high)

    def _room(self) -> Floats:
        """How far each number may move from where it is: as far as the widest of its goals asks for."""
        wanted = np.where(np.isfinite(self.enough), np.ceil(self.enough) + CLOSE, 0.0)
        found: Floats = (csr_array(self.goals != 0).astype(float) * wanted[:, None]).max(axis=0).toarray().ravel()
        return found

    def _was_worth(self, before: Bools) -> bool:
        """Whether many of the goals that were open before are so no more."""
        return bool(before.sum() - self._open().sum() > WORTH * before.sum())

    def _start(self) -> Floats | None:
        """A table to start from, in whole numbers where the search finds one."""
        if self.centre is not None:
            return self.centre
        start = self.program.most(np.zeros(self.known.low.size)).table
        if start is None or not self._see(start):
            start = self.program.most_in_whole_numbers(np.zeros(self.known.low.size)).table
        if start is None:
            return None
        self._see(start)
        return rounded(start, self.known.whole)

    def _settle(self, goal: int) -> None:
        self._linear_ends(goal)
        if not self._open()[goal]:
            return
        if self.beyond_high[goal] - self.beyond_low[goal] <= TINY:
            self.low[goal], self.high[goal] = self.beyond_low[goal], self.beyond_high[goal]
            return
        self._whole_ends(goal)

    def _aim(self, goal: int) -> Floats:
        aim, entries = np.zeros(self.known.low.size), slice(*self.goals.indptr[goal : goal + 2])
        aim[self.goals.indices[entries]] = self.goals.data[entries]
        return aim

    def _linear_ends(self, goal: int) -> None:
        """Both ends in fractions; where these do not settle it, of tables of whole numbers beside them."""
        tables = []
        for direction in (1, -1):
            aim = direction * self._aim(goal)
            table = self.program.most(aim).table
            end = np.inf if table is None else float(aim @ table)
            self._prove(goal, direction, end)
            if table is None:
                self._reached(goal, direction, end)
            elif not self._see(table):
                tables.append((table, aim))
            if not self._open()[goal]:
                return
        narrow = self.beyond_high[goal] - self.beyond_low[goal] < self.enough[goal] - TINY
        if not self.exact and (narrow or self.fractions or not self.whole[goal]):
            self.low[goal], self.high[goal] = self.beyond_low[goal], self.beyond_high[goal]
            return
        if self.centre is not None:
            self._near_ends(goal, self.centre)
            return
        for table, aim in tables:
            self._see_beside(table, aim)
            if not self._open()[goal]:
                return

    def _near_ends(self, goal: int, centre: Floats) -> None:
        """Both ends, as far apart as they must be or can be, among tables of whole numbers near the known one."""
        for direction in (1, -1):
            aim = direction * self._aim(goal)
            ends = (self.high, self.low, self.beyond_high) if direction > 0 else (self.low, self.high, self.beyond_low)
            seen, other, end = (direction * one[goal] for one in ends)
            wanted = min(other + self.enough[goal], end)
            if np.isfinite(wanted) and seen < wanted - TINY:
                found = nearest(self.known, centre, aim, wanted)
                if found is not None:
                    self._see(found)
            if not self._open()[goal]:
                return

    def _prove(self, goal: int, direction: int, end: float) -> None:
        """Nothing lies beyond this end, which is rounded inwards."""
        if direction > 0:
            end = np.floor(end + TINY) if self.whole[goal] else end
            self.beyond_high[goal] = min(self.beyond_high[goal], end)
        else:
            end = np.ceil(-end - TINY) if self.whole[goal] else -end
            self.beyond_low[goal] = max(self.beyond_low[goal], end)
        if self.beyond_low[goal] > self.beyond_high[goal] + TINY:
            raise Contradiction

    def _reached(self, goal: int, direction: int, end: float) -> None:
        ends = (self.high, self.near_high) if direction > 0 else (self.low, self.near_low)
        for one in ends:
            one[goal] = direction * end

    def _whole_ends(self, goal: int) -> None:
        """Both ends among tables of whole numbers; where the search met its limit, the ends seen so far stand."""
        for direction in (1, -1) if self.undecided.sum() < HOPELESS else ():
            aim = direction * self._aim(goal)
            end = self.program.most_in_whole_numbers(aim)
            if end.table is not None:
                self._see(rounded(end.table, self.known.whole))
            if end.proven:
                value = np.inf if end.table is None else float(aim @ rounded(end.table, self.known.whole))
                self._prove(goal, direction, value)
                self._reached(goal, direction, value)
            if not self._open()[goal]:
                return
        self.undecided[goal] = True
        if self.low[goal] == np.inf or self.high[goal] == -np.inf:
            self._nothing_seen(goal)

    def _nothing_seen(self, goal: int) -> None:
        """No table of whole numbers was found: one value, as near the middle as can be, is the unsafe reading."""
        ends = np.array([self.beyond_low[goal], self.beyond_high[goal]])
        self.low[goal] = self.high[goal] = np.floor(ends[np.isfinite(ends)].mean()) if np.isfinite(ends).any() else 0.0
