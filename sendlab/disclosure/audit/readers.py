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

from sendlab.disclosure.audit.goals import Goals
from sendlab.disclosure.audit.intervals import Knowledge, Reach
from sendlab.disclosure.audit.knowledge import TINY, Bools, Ints
from sendlab.disclosure.audit.numbers import Numbers
from sendlab.disclosure.audit.unknown import Unknown
from sendlab.disclosure.processes import share_out

SMALLEST_BLOCKS = 6  # schools; twice, then in ever larger blocks for what is still open
COALITIONS = 8  # into which schools are dealt before they are asked one by one
BLOCKS_FROM = 17  # schools; of fewer each is asked by itself
WORTH_PROCESSES = 10_000  # numbers: fewer are judged before a process has started
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


def judge(known: Knowledge, numbers: Numbers, goals: Goals, schools: Sequence[str], *, jobs: int = 1) -> Judgement:
    """All goals for the outsider, and those on other schools' numbers for each of these schools.

    A school knows the true numbers of its own place. `jobs` processes share what has nothing to do with one another.
    """
    unknown = Unknown(known, numbers, goals)
    parts = unknown.parts(jobs if unknown.true.size >= WORTH_PROCESSES else 1)
    tasks = [(unknown.part(mine, lines), goals.of(lines), lines, schools) for mine, lines in parts]
    sizes = [mine.size for mine, _ in parts]
    done = share_out(_judged, tasks, sizes, jobs) if len(tasks) > 1 else [_judged(*task) for task in tasks]
    return _together(done, [lines for _, lines in parts], len(goals))


def _judged(unknown: Unknown, goals: Goals, lines: Ints, schools: Sequence[str]) -> Judgement:
    """Goals that stand in these lines of all goals."""
    search = _Search(unknown, goals, lines, bool(schools))
    search.in_blocks()
    search.by_the_outsider()
    if schools:
        search.in_halves()
    for school in schools:
        search.by_a_school(school)
    return Judgement(Reach(search.least, search.most, search.unsure), search.told, search.unsure_schools)


def _together(done: Sequence[Judgement], lines: Sequence[Ints], goals: int) -> Judgement:
    """The judgements of parts of the goals as one of all of them."""
    least, most, unsure = np.zeros(goals), np.zeros(goals), np.zeros(goals, dtype=np.bool_)
    told: list[Known] = []
    for one, mine in zip(done, lines, strict=True):
        least[mine], most[mine], unsure[mine] = one.seen.least, one.seen.most, one.seen.undecided
        told += [replace(each, goal=int(mine[each.goal])) for each in one.of_schools]
    told.sort(key=lambda one: (one.goal, one.reader))
    return Judgement(Reach(least, most, unsure), told, sum(one.undecided for one in done))


class _Search:
    """Which goals are settled for whom."""

    def __init__(self, unknown: Unknown, goals: Goals, lines: Ints, asking: bool) -> None:
        self.unknown, self.needed, self.lines = unknown, goals.needed, lines
        at = {school: place for place, school in enumerate(unknown.schools)}
        self.owner = np.array([at.get(place, -1) if place else -1 for place in goals.place], dtype=np.int64)
        self.others = np.array([place is not None for place in goals.place], dtype=np.bool_)
        self.asking = asking  # whether schools are asked as well as the outsider
        self.least, self.most = unknown.goals_true.copy(), unknown.goals_true.copy()
        self.unsure = np.zeros(self.owner.size, dtype=np.bool_)
        self.outsider = np.zeros(self.owner.size, dtype=np.bool_)  # safe from the outsider
        self.lost = np.zeros(self.owner.size, dtype=np.bool_)  # not safe from anybody
        self.school = np.zeros((self.owner.size, len(unknown.schools)), dtype=np.bool_)  # safe from the school
        self.school[np.flatnonzero(self.owner >= 0), self.owner[self.owner >= 0]] = True  # its own: no secret
        self.school[~self.others] = True  # numbers of the authority are judged for the outsider alone
        self.possible = unknown.widest >= self.needed - TINY  # no use in looking for room where there is none
        self.told: list[Known] = []
        self.unsure_schools = 0

    def in_blocks(self) -> None:
        """Rounds of blocks of schools, small ones first; what a block leaves open is tried again in another."""
        schools = len(self.unknown.schools)
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
            everything = np.ones(self.unknown.true.size, dtype=np.bool_)
            self._lose(lines, self.unknown.asked(everything, lines, self.needed, alone=True))

    def _lose(self, lines: Ints, seen: Reach) -> None:
        told = seen.most - seen.least < self.needed[lines] - TINY
        gone = lines[told]
        self.lost[gone] = True
        self.least[gone], self.most[gone], self.unsure[gone] = seen.least[told], seen.most[told], seen.undecided[told]

    def in_halves(self) -> None:
        """Rounds of two halves such that any two schools stand in different ones at least once; then larger parts."""
        schools = np.arange(len(self.unknown.schools))
        if schools.size >= BLOCKS_FROM:
            for bit in range(int(schools[-1]).bit_length()):
                self._round([schools[(schools >> bit & 1) == side] for side in (0, 1)])
            for few in (*np.array_split(schools, COALITIONS), *(schools[one::COALITIONS] for one in range(COALITIONS))):
                self._without(few)

    def _without(self, few: Ints) -> None:
        """All goals on others than these few schools, with what these few know together."""
        inside = np.isin(np.arange(len(self.unknown.schools)), few)
        lines = np.flatnonzero(self.outsider & ~inside[self.owner] & ~self.school[:, inside].all(axis=1))
        if lines.size:
            seen = self.unknown.asked(~np.isin(self.unknown.holder, few), lines, self.needed)
            self._settle(lines, seen, inside)

    def _round(self, blocks: Sequence[Ints]) -> None:
        of_school = np.empty(len(self.unknown.schools), dtype=np.int64)
        for place, block in enumerate(blocks):
            of_school[block] = place
        home = np.where(self.owner >= 0, of_school[self.owner], self.lines % len(blocks))
        for place, block in enumerate(blocks):
            outside = of_school != place
            unsettled = ~self.outsider | (self.asking & ~self.school[:, outside].all(axis=1))
            lines = np.flatnonzero((home == place) & self.possible & ~self.lost & unsettled)
            if lines.size:
                free = (self.unknown.holder < 0) | np.isin(self.unknown.holder, block)
                self._settle(lines, self.unknown.asked(free, lines, self.needed), outside)

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
        seen = self.unknown.asked(np.ones(self.unknown.true.size, dtype=np.bool_), lines, self.needed)
        self.least[lines], self.most[lines] = seen.least, seen.most
        self._lose(lines, seen)
        self.outsider[lines[~self.lost[lines]]] = True

    def by_a_school(self, school: str) -> None:
        """What is not settled for this school, with its own numbers; not again what everybody can tell."""
        if school not in self.unknown.schools:
            return
        place = self.unknown.schools.index(school)
        lines = np.flatnonzero(self.outsider & ~self.school[:, place])
        if not lines.size:
            return
        seen = self.unknown.asked(self.unknown.holder != place, lines, self.needed)
        told = seen.most - seen.least < self.needed[lines] - TINY
        self.unsure_schools += int((seen.undecided & told).sum())
        for line, least, most in zip(lines[told], seen.least[told], seen.most[told], strict=True):
            self.told.append(Known(int(line), school, float(least), float(most)))
