"""What is not known to everybody of a publication, and parts of it."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
from scipy.sparse import csc_array, csr_array, vstack

from sendlab.disclosure.audit.goals import Goals
from sendlab.disclosure.audit.intervals import Knowledge, Reach, examine
from sendlab.disclosure.audit.knowledge import TINY, Bools, Floats, Ints, limits, narrowed
from sendlab.disclosure.audit.numbers import Numbers
from sendlab.disclosure.audit.parts import labels


class Unknown:
    """Numbers that are not known to everybody, the sums that tell of them, and goals on them."""

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

    def parts(self, most: int) -> list[tuple[Ints, Ints]]:
        """Numbers and goals in at most so many parts, about equally large, that have nothing to do with one another."""
        of_number, of_row = labels(csr_array(vstack([self.sums, self.weights])))
        of_goal = of_row[self.sums.shape[0] :]
        sizes = np.bincount(of_number, minlength=int(of_row.max(initial=0)) + 1)
        place, filled = np.zeros(sizes.size, dtype=np.int64), np.zeros(most)
        for label in np.argsort(-sizes, kind="stable"):
            place[label] = np.argmin(filled)
            filled[place[label]] += sizes[label]
        found = [
            (np.flatnonzero(place[of_number] == one), np.flatnonzero(place[of_goal] == one)) for one in range(most)
        ]
        return [(numbers, goals) for numbers, goals in found if goals.size]

    def part(self, numbers: Ints, goals: Ints) -> Unknown:
        """These numbers with the sums that tell of them, and these goals."""
        part = copy.copy(self)
        for name in ("holder", "low", "high", "whole", "true"):
            setattr(part, name, getattr(self, name)[numbers])
        part.sums = csc_array(self.sums[:, numbers])
        rows = np.unique(part.sums.indices)
        part.sums = csc_array(csr_array(part.sums)[rows])
        for name in ("sum_low", "sum_high", "total", "in_one_school"):
            setattr(part, name, getattr(self, name)[rows])
        part.weights = csc_array(csr_array(self.weights[:, numbers])[goals])
        part.goals_true, part.widest = self.goals_true[goals], self.widest[goals]
        return part


def _ends_by_row(entries: csr_array, holder: Ints, end: np.ufunc) -> Ints:
    """The first or last holder of the numbers in each row; -1 where the row is empty."""
    starts = entries.indptr[:-1]
    filled = np.diff(entries.indptr) > 0
    found = np.full(filled.size, -1, dtype=np.int64)
    if filled.any():
        found[filled] = end.reduceat(holder[entries.indices], starts[filled])
    return found
