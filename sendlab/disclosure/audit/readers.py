"""All readers of an edition: the outsider, who holds nothing else, and each school, which knows its own numbers.

A table in which only a few schools differ from the truth shows to the outsider, and to every other school, that a
number may be another one. So goals are first asked for in small blocks of schools, the rest of the authority as it is;
a goal is settled for everybody once it is wide in two blocks that share only its own school. What is left is asked of
each reader by itself, with all that this reader knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csc_array, csr_array

from sendlab.disclosure.audit.goals import Goals
from sendlab.disclosure.audit.intervals import Knowledge, Reach, examine
from sendlab.disclosure.audit.knowledge import TINY, Bools, Floats, Ints, limits, narrowed
from sendlab.disclosure.audit.numbers import Numbers

SMALLEST_BLOCKS = 6  # schools; twice, then in ever larger blocks for what is still open
COALITIONS = 8  # into which schools are dealt before they are asked one by one
BLOCKS_FROM = 17  # schools; of fewer each is asked by itself
STRIDES = (1, 7, 11, 19, 31, 43, 59, 71)  # each round deals the schools out to blocks in another order


@dataclass(frozen=True)
class Known:
    """One goal as one school knows it: too closely."""

    goal: int
    reader: str
    least: float
    most: float


@dataclass(frozen=True)
class Judgement:
    """Least and most of each goal for the outsider (no further than it takes), and what single schools can tell."""

    seen: Reach
    of_schools: list[Known]
    undecided: int


def judge(known: Knowledge, numbers: Numbers, goals: Goals, schools: Sequence[str]) -> Judgement:
    """All goals for the outsider, and those on other schools' numbers for each of these schools.

    A school knows the true numbers of its own place.
    """
    system = _System(known, numbers, goals)
    search = _Search(system, goals, bool(schools))
    search.in_blocks()
    search.by_the_outsider()
    if schools:
        search.in_halves()
    for school in schools:
        search.by_a_school(school)
    order = sorted(search.told, key=lambda one: (one.goal, one.reader))
    return Judgement(Reach(search.least, search.most, search.unsure), order, search.unsure_schools)


class _System:
    """What is not known to everybody, and parts of it."""

    def __init__(self, known: Knowledge, numbers: Numbers, goals: Goals) -> None:
        self.schools, places, true = numbers.schools, numbers.place, numbers.true
        at = {school: place for place, school in enumerate(self.schools)}
        known = narrowed(known)
        kept = np.flatnonzero(known.high - known.low > TINY)
        least, most = limits(known.sums, known.low, known.high)
        telling = np.flatnonzero((least < known.sum_low - TINY) | (most > known.sum_high + TINY))
        self.holder = np.array([at.get(places[number], -1) for number in kept], dtype=np.int64)
        self.low, self.high, self.whole, self.true = known.low[kept], known.high[kept], known.whole[kept], true[kept]
        self.sums = csc_array(known.sums[telling][:, kept])
        elsewhere = known.sums[telling] @ true - self.sums @ self.true
        self.sum_low, self.sum_high = known.sum_low[telling] - elsewhere, known.sum_high[telling] - elsewhere
        self.total = self.sums @ self.true
        of_place = csr_array(self.sums != 0).astype(np.int64)
        first, last = (_ends_by_row(of_place, self.holder, end) for end in (np.minimum, np.maximum))
        self.in_one_school = (first == last) & (first >= 0)  # sums of numbers of one school alone
        self.weights = csc_array(csr_array(goals.weights)[:, kept])
        self.goals_true = goals.weights @ true
        self.widest = np.subtract(*limits(csr_array(goals.weights), known.low, known.high)[::-1])

    def asked(self, free: Bools, lines: Ints, needed: Floats, *, alone: bool = False) -> Reach:
        """Least and most of these goals where all numbers but the free ones are the true ones.

        `alone`: as far as the sums of each school by itself tell.
        """
        kept = np.flatnonzero(free)
        sums, true = self.sums[:, kept], self.true[kept]
        rows = np.unique(sums.indices)
        rows = rows[self.in_one_school[rows]] if alone else rows
        sums = csr_array(csr_array(sums)[rows])
        rest = self.total[rows] - sums @ true
        known = Knowledge(self.low[kept], self.high[kept], sums, self.sum_low[rows] - rest, self.sum_high[rows] - rest,
                          self.whole[kept])  # fmt: skip
        weights = csr_array(csr_array(self.weights[:, kept])[lines])
        seen = examine(known, weights, needed[lines])
        fixed = self.goals_true[lines] - weights @ true
        return replace(seen, least=seen.least + fixed, most=seen.most + fixed)


class _Search:
    """Which goals are settled for whom."""

    def __init__(self, system: _System, goals: Goals, asking: bool) -> None:
        self.system, self.needed = system, goals.needed
        at = {school: place for place, school in enumerate(system.schools)}
        self.owner = np.array([at.get(place, -1) if place else -1 for place in goals.place], dtype=np.int64)
        self.others = np.array([place is not None for place in goals.place], dtype=np.bool_)
        self.asking = asking  # whether schools are asked as well as the outsider
        self.least, self.most = system.goals_true.copy(), system.goals_true.copy()
        self.unsure = np.zeros(self.owner.size, dtype=np.bool_)
        self.outsider = np.zeros(self.owner.size, dtype=np.bool_)  # safe from the outsider
        self.lost = np.zeros(self.owner.size, dtype=np.bool_)  # not safe from anybody
        self.school = np.zeros((self.owner.size, len(system.schools)), dtype=np.bool_)  # safe from the school
        self.school[np.flatnonzero(self.owner >= 0), self.owner[self.owner >= 0]] = True  # its own: no secret
        self.school[~self.others] = True  # numbers of the authority are judged for the outsider alone
        self.possible = system.widest >= self.needed - TINY  # no use in looking for room where there is none
        self.told: list[Known] = []
        self.unsure_schools = 0

    def in_blocks(self) -> None:
        """Rounds of blocks of schools, small ones first; what a block leaves open is tried again in another."""
        schools = len(self.system.schools)
        size, turn = SMALLEST_BLOCKS, 0
        while schools >= BLOCKS_FROM and size <= schools // 2:
            order = np.argsort(np.arange(schools) * STRIDES[turn % len(STRIDES)] % schools, kind="stable")
            self._round(np.array_split(order, -(-schools // size)))
            if turn == 1:
                self.within_schools()
            size, turn = size * min(turn + 1, 2), turn + 1

    def within_schools(self) -> None:
        """Goals that the sums of a school by itself tell too closely: no other school can make room for them."""
        lines = np.flatnonzero(~self.outsider & self.others)
        if lines.size:
            everything = np.ones(self.system.true.size, dtype=np.bool_)
            self._lose(lines, self.system.asked(everything, lines, self.needed, alone=True))

    def _lose(self, lines: Ints, seen: Reach) -> None:
        told = seen.most - seen.least < self.needed[lines] - TINY
        gone = lines[told]
        self.lost[gone] = True
        self.least[gone], self.most[gone], self.unsure[gone] = seen.least[told], seen.most[told], seen.undecided[told]

    def in_halves(self) -> None:
        """Rounds of two halves such that any two schools stand in different ones at least once; then larger parts."""
        schools = np.arange(len(self.system.schools))
        if schools.size >= BLOCKS_FROM:
            for bit in range(int(schools[-1]).bit_length()):
                self._round([schools[(schools >> bit & 1) == side] for side in (0, 1)])
            for few in (*np.array_split(schools, COALITIONS), *(schools[one::COALITIONS] for one in range(COALITIONS))):
                self._without(few)

    def _without(self, few: Ints) -> None:
        """All goals on others than these few schools, with what these few know together."""
        inside = np.isin(np.arange(len(self.system.schools)), few)
        lines = np.flatnonzero(self.outsider & ~inside[self.owner] & ~self.school[:, inside].all(axis=1))
        if lines.size:
            seen = self.system.asked(~np.isin(self.system.holder, few), lines, self.needed)
            self._settle(lines, seen, inside)

    def _round(self, blocks: Sequence[Ints]) -> None:
        of_school = np.empty(len(self.system.schools), dtype=np.int64)
        for place, block in enumerate(blocks):
            of_school[block] = place
        home = np.where(self.owner >= 0, of_school[self.owner], np.arange(self.owner.size) % len(blocks))
        for place, block in enumerate(blocks):
            outside = of_school != place
            unsettled = ~self.outsider | (self.asking & ~self.school[:, outside].all(axis=1))
            lines = np.flatnonzero((home == place) & self.possible & ~self.lost & unsettled)
            if lines.size:
                free = (self.system.holder < 0) | np.isin(self.system.holder, block)
                self._settle(lines, self.system.asked(free, lines, self.needed), outside)

    def _settle(self, lines: Ints, seen: Reach, outside: Bools) -> None:
        """Goals that are wide while the schools outside the block stay as they are: settled for these schools."""
        safe = seen.most - seen.least >= self.needed[lines] - TINY
        self.school[lines[safe]] |= outside
        first = safe & ~self.outsider[lines]
        self.least[lines[first]], self.most[lines[first]] = seen.least[first], seen.most[first]
        self.outsider[lines[first]] = True

    def by_the_outsider(self) -> None:
        """What no block settled, with all that everybody knows and nothing else."""
        lines = np.flatnonzero(~self.outsider & ~self.lost)
        if not lines.size:
            return
        seen = self.system.asked(np.ones(self.system.true.size, dtype=np.bool_), lines, self.needed)
        self.least[lines], self.most[lines] = seen.least, seen.most
        self._lose(lines, seen)
        self.outsider[lines[~self.lost[lines]]] = True

    def by_a_school(self, school: str) -> None:
        """What is not settled for this school, with its own numbers; not again what everybody can tell."""
        if school not in self.system.schools:
            return
        place = self.system.schools.index(school)
        lines = np.flatnonzero(self.outsider & ~self.school[:, place])
        if not lines.size:
            return
        seen = self.system.asked(self.system.holder != place, lines, self.needed)
        told = seen.most - seen.least < self.needed[lines] - TINY
        self.unsure_schools += int((seen.undecided & told).sum())
        for line, least, most in zip(lines[told], seen.least[told], seen.most[told], strict=True):
            self.told.append(Known(int(line), school, float(least), float(most)))


def _ends_by_row(entries: csr_array, holder: Ints, end: np.ufunc) -> Ints:
    """The first or last holder of the numbers in each row; -1 where the row is empty."""
    starts = entries.indptr[:-1]
    filled = np.diff(entries.indptr) > 0
    found = np.full(filled.size, -1, dtype=np.int64)
    if filled.any():
        found[filled] = end.reduceat(holder[entries.indices], starts[filled])
    return found
