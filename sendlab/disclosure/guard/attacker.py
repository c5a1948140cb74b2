"""The attacker: what released figures and an answer, taken together, tell of the counts that must stay open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from math import inf

import numpy as np
from scipy.sparse import csr_array

from sendlab.disclosure.audit.intervals import Knowledge, Reach, examine
from sendlab.disclosure.audit.knowledge import TINY
from sendlab.disclosure.guard.goals import Goal
from sendlab.disclosure.guard.known import BASE, Cell, denominator_of
from sendlab.disclosure.guard.layout import Layout
from sendlab.disclosure.guard.nested import bounds
from sendlab.disclosure.protect.system import Bools, Floats, Ints
from sendlab.metrics.cards import card, cards

SLACK = 1e-6
ROUNDED_OFF = 2.0  # what rounding inwards to whole numbers may take off an interval, less than one at each end


class Attacker:
    """A reader of all cells, who is told outright the counts of every school that is not in the layout.

    Unknown are the counts of each atom of the places of the layout. A figure of the authority then tells the sum over
    these places exactly. To know the other schools is more than any reader does, so that what stays open here does for
    everybody; and whoever knows one of the other schools is no better off.
    """

    def __init__(self, layout: Layout, cells: Iterable[Cell]) -> None:
        self.layout, self.atoms, self.measures = layout, layout.atoms, layout.measures
        self._entries: list[tuple[Ints, Ints, Floats]] = []  # row, number, weight
        self._limits: list[tuple[Floats, Floats]] = []
        self._rows = 0
        self._add(np.zeros((0, 0), dtype=np.int64), (), 0.0, 0.0)  # none: what has no part cannot be put together
        for cell in cells:
            self._tell(cell)
        self._tell_order()

    def widths(
        self, goals: Sequence[Goal], enough: Floats, unknown: Sequence[str] | None = None, *, alone: bool = True
    ) -> Floats:
        """How far apart least and most of each goal are; no further than it takes to see that it is enough.

        `unknown`: the places that this reader does not know; all of the layout unless given. Without `alone`, goals
        are looked at together only, and one that this does not show to be open is given as narrower than it is.
        """
        if not goals:
            return np.zeros(0)
        kept = self.layout.of_places(self.layout.places if unknown is None else unknown)
        known, weights, true = self._beside(kept), self.layout.weights(goals)[:, kept], self.layout.true[kept]
        if known.whole.all():
            return _width(examine(known, weights, enough, exact=False, alone=alone, witness=true))
        many = np.array([any(self._is_many(name) for name, _ in goal.terms) for goal in goals])
        wanted = enough + np.where(many, ROUNDED_OFF, 0.0)
        width = _width(examine(known, weights, wanted, fractions=True, alone=alone, witness=true))
        people = np.flatnonzero(~many & (width >= enough - SLACK))
        of_people = csr_array(weights[people][:, known.whole])
        whole = examine(_of_whole(known), of_people, enough[people], exact=False, witness=true[known.whole])
        width[people] = np.minimum(width[people], _width(whole))
        return width

    def _beside(self, kept: Bools) -> Knowledge:
        """What is known of these numbers by one who is told all others."""
        every = self._knowledge
        sums = csr_array(every.sums[:, kept])
        rows = np.diff(sums.indptr) > 0
        told = csr_array(every.sums[:, ~kept]) @ self.layout.true[~kept]
        return Knowledge(every.low[kept], every.high[kept], csr_array(sums[rows]), (every.sum_low - told)[rows],
                         (every.sum_high - told)[rows], every.whole[kept])  # fmt: skip

    @cached_property
    def _knowledge(self) -> Knowledge:
        row, column, weight = (np.concatenate(parts) for parts in zip(*self._entries, strict=True))
        sums = csr_array((weight, (row, column)), shape=(self._rows, self.layout.size), dtype=np.float64)
        sums.eliminate_zeros()
        sum_low, sum_high = (np.concatenate(parts) for parts in zip(*self._limits, strict=True))
        whole = self.layout.each(self._is_whole)
        return Knowledge(np.zeros(whole.size), np.full(whole.size, inf), sums, sum_low, sum_high, whole)

    def _is_whole(self, name: str) -> bool:
        counts = self.atoms.counts[name]
        return not self._is_many(name) and bool((counts == np.round(counts)).all())

    def _is_many(self, name: str) -> bool:
        """Whether it counts sessions or the like, hundreds a person: fractions of one are as good as whole ones."""
        return any(
            name in (measure, denominator_of(measure)) for measure in self.measures if card(measure).kind == "sum"
        )

    def _tell(self, cell: Cell) -> None:
        mask = self.atoms.member(cell.group)
        for name, (low, high) in cell.limits:
            if name not in self.layout.names:
                continue
            numbers = self.layout.numbers(name, cell.place, mask)
            if cell.place not in self.layout.places:  # of the authority; a hidden one tells nothing of this sum
                if np.isinf(high) or (high - low > 2 * SLACK and cell.hidden):
                    continue
                low = high = float(self.layout.true[numbers].sum())
            self._add(numbers[None, :], np.ones(numbers.size), low, high)

    def _add(self, numbers: Ints, weights: Sequence[float] | Floats, low: float, high: float) -> None:
        """Sums of the same weights and limits: one for each row of numbers."""
        height, width = numbers.shape
        rows = np.arange(self._rows, self._rows + height)
        self._entries.append(
            (np.repeat(rows, width), numbers.ravel(), np.tile(np.asarray(weights, np.float64), height))
        )
        self._limits.append((np.full(height, low), np.full(height, high)))
        self._rows += height

    def _tell_order(self) -> None:
        """In every atom: people with a feature are people, and what cards say of each other's measures.

        Most of it is told by taking counts apart; here is the rest. Nobody misses more sessions than there were, and
        nobody has more of these than a year of the place.
        """
        for inner, outer in bounds(self.measures, self.layout.names):
            self._tell_at_most(inner, outer)
        for name in sorted({denominator_of(measure) for measure in self.measures if card(measure).kind == "sum"}):
            self._tell_at_most(name, BASE, times=self._most_of_one(name))
        for whole in self.measures:
            parts = [name for name in self.measures if cards()[name].parts_of == whole]
            if len(parts) > 1:
                self._tell_sum(whole, parts)

    def _tell_at_most(self, inner: str, outer: str, times: float = 1.0) -> None:
        counts, nested = self.atoms.counts, self.layout.nested
        if {*nested.parts_of(inner)} <= {*nested.parts_of(outer)} and times == 1.0:
            return
        if (counts[inner] > times * counts[outer]).any():  # leavers are counted in some numerators and in no base
            return
        self._tell_each({inner: 1.0, outer: -times}, -inf)

    def _most_of_one(self, name: str) -> float:
        """The most that one person can have of a count, as anybody knows who knows how long the year was."""
        people = self.atoms.counts[BASE]
        return float(np.ceil(np.max(self.atoms.counts[name][people > 0] / people[people > 0], initial=0.0)))

    def _tell_sum(self, whole: str, parts: Sequence[str]) -> None:
        counts, nested = self.atoms.counts, self.layout.nested
        if sorted(nested.parts_of(whole)) == sorted(one for name in parts for one in nested.parts_of(name)):
            return
        if np.array_equal(sum(counts[name] for name in parts), counts[whole]):
            self._tell_each({whole: 1.0, **dict.fromkeys(parts, -1.0)}, 0.0)

    def _tell_each(self, terms: Mapping[str, float], low: float) -> None:
        """In every atom, a weighed sum of counts is at most 0, and no less than `low`."""
        numbers = [self.layout.beside(name) for name in terms]
        weights = [np.full(some.shape[1], weight) for some, weight in zip(numbers, terms.values(), strict=True)]
        self._add(np.concatenate(numbers, axis=1), np.concatenate(weights), low, 0.0)


def _of_whole(known: Knowledge) -> Knowledge:
    """What is known of whole numbers by themselves."""
    rows = np.flatnonzero(abs(known.sums) @ (~known.whole).astype(np.float64) == 0)
    sums = csr_array(csr_array(known.sums[rows])[:, known.whole])
    return Knowledge(known.low[known.whole], known.high[known.whole], sums, known.sum_low[rows], known.sum_high[rows],
                     known.whole[known.whole])  # fmt: skip


def _width(ends: Reach) -> Floats:
    """How far apart ends are, rounded inwards to whole numbers: people and sessions are."""
    least, most = np.ceil(ends.least - TINY), np.floor(ends.most + TINY)
    finite = np.isfinite(least) & np.isfinite(most)
    width: Floats = np.full(least.size, inf)
    width[finite] = np.maximum(most - least, 0.0)[finite]
    return width
