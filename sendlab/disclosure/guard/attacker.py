"""The attacker: what released figures and an answer, taken together, tell of the counts that must stay open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import inf

import numpy as np
from scipy.sparse import csr_array

from sendlab.disclosure.audit.intervals import Knowledge, examine
from sendlab.disclosure.guard.atoms import Atoms
from sendlab.disclosure.guard.goals import Goal
from sendlab.disclosure.guard.known import BASE, Cell, denominator_of
from sendlab.disclosure.protect.system import Bools, Floats, Ints
from sendlab.metrics.cards import card, cards

SLACK = 1e-6
ROUNDED_OFF = 2.0  # what rounding inwards to whole numbers may take off an interval, less than one at each end


class Attacker:
    """A reader of all cells, who is told outright the counts of every school that is not in `unknown`.

    Unknown are the counts of each atom of the places in `unknown`. A figure of the authority then tells the sum over
    these places exactly. To know the other schools is more than any reader does, so that what stays open here does for
    everybody; and whoever knows one of the other schools is no better off.
    """

    def __init__(self, atoms: Atoms, measures: Sequence[str], unknown: Sequence[str], cells: Iterable[Cell]) -> None:
        self.atoms, self.measures, self.unknown = atoms, measures, tuple(unknown)
        self.names = list(atoms.counts)
        self.places = [atoms.at(place) for place in self.unknown]
        size = len(self.names), len(self.places), len(atoms.codes)
        held = np.broadcast_to(atoms.held[self.places], size)
        self.at: Ints = np.where(held, np.cumsum(held.ravel()).reshape(size) - 1, -1)
        self.size = int(held.sum())
        self._entries: list[tuple[Ints, Ints, Floats]] = []  # row, number, weight
        self._limits: list[tuple[Floats, Floats]] = []
        self._rows = 0
        self._add(np.zeros((0, 0), dtype=np.int64), (), 0.0, 0.0)  # none: what has no part cannot be put together
        for cell in cells:
            self._tell(cell)
        self._tell_order()

    def widths(self, goals: Sequence[Goal], enough: Floats) -> Floats:
        """How far apart least and most of each goal are; no further than it takes to see that it is enough."""
        if not goals:
            return np.zeros(0)
        weights = csr_array(np.array([self._weighed(goal) for goal in goals]))
        many = np.array([any(self._is_many(name) for name, _ in goal.terms) for goal in goals])
        wanted = enough + np.where(many, ROUNDED_OFF, 0.0)
        done = examine(self._knowledge(), weights, wanted, exact=False, witness=self._truth())
        finite = np.isfinite(done.least) & np.isfinite(done.most)
        width: Floats = np.full(len(goals), inf)
        width[finite] = (done.most - done.least - np.where(many, ROUNDED_OFF, 0.0))[finite]
        return width

    def _knowledge(self) -> Knowledge:
        row, column, weight = (np.concatenate(parts) for parts in zip(*self._entries, strict=True))
        sums = csr_array((weight, (row, column)), shape=(self._rows, self.size), dtype=np.float64)
        sum_low, sum_high = (np.concatenate(parts) for parts in zip(*self._limits, strict=True))
        whole = np.concatenate([np.full(int((self.at[at] >= 0).sum()), self._is_whole(name))
                                for at, name in enumerate(self.names)])  # fmt: skip
        low, high = np.zeros(self.size), np.full(self.size, inf)
        return Knowledge(low, high, sums, sum_low, sum_high, whole)

    def _truth(self) -> Floats:
        true = np.stack([self.atoms.counts[name][self.places] for name in self.names])
        return np.asarray(true[self.at >= 0], dtype=np.float64)

    def _is_whole(self, name: str) -> bool:
        counts = self.atoms.counts[name]
        return not self._is_many(name) and bool((counts == np.round(counts)).all())

    def _is_many(self, name: str) -> bool:
        """Whether it counts sessions or the like, hundreds a person: fractions of one are as good as whole ones."""
        return any(
            name in (measure, denominator_of(measure)) for measure in self.measures if card(measure).kind == "sum"
        )

    def _weighed(self, goal: Goal) -> Floats:
        mask = np.frombuffer(goal.atoms, dtype=bool)
        row = np.zeros(self.size)
        for name, weight in goal.terms:
            row[self._numbers(self.names.index(name), goal.scope, mask)] += weight
        return row

    def _numbers(self, name: int, scope: str, mask: Bools) -> Ints:
        """The unknown counts of some atoms at a place; of the authority, those of all places."""
        chosen = [self.unknown.index(scope)] if scope in self.unknown else list(range(len(self.unknown)))
        found: Ints = self.at[name][chosen][:, mask].ravel()
        real: Ints = found[found >= 0]
        return real

    def _tell(self, cell: Cell) -> None:
        mask = self.atoms.member(cell.group)
        for name, (low, high) in cell.limits:
            if name not in self.names:
                continue
            numbers = self._numbers(self.names.index(name), cell.place, mask)
            if cell.place not in self.unknown:  # a figure of the authority; a hidden one tells nothing of this sum
                if np.isinf(high) or (high - low > 2 * SLACK and cell.hidden):
                    continue
                low = high = float(self.atoms.counts[name][self.places][:, mask].sum())
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

        Nobody misses more sessions than there were, and nobody has more of these than a year of the place.
        """
        for measure in self.measures:
            whole = cards()[measure].parts_of or cards()[measure].at_most
            if card(measure).kind == "share":
                self._tell_at_most(measure, BASE)
            if card(measure).kind == "sum":
                self._tell_at_most(measure, denominator_of(measure))
            self._tell_at_most(measure, whole)
        for name in sorted({denominator_of(measure) for measure in self.measures if card(measure).kind == "sum"}):
            self._tell_at_most(name, BASE, times=self._most_of_one(name))
        for whole in self.measures:
            parts = [name for name in self.measures if cards()[name].parts_of == whole]
            if len(parts) > 1:
                self._tell_sum(whole, parts)

    def _tell_at_most(self, inner: str, outer: str, times: float = 1.0) -> None:
        if inner not in self.names or outer not in self.names:
            return
        counts = self.atoms.counts
        if (counts[inner] > times * counts[outer]).any():  # leavers are counted in some numerators and in no base
            return
        self._add(self._beside(inner, outer), (1.0, -times), -inf, 0.0)

    def _most_of_one(self, name: str) -> float:
        """The most that one person can have of a count, as anybody knows who knows how long the year was."""
        people = self.atoms.counts[BASE]
        return float(np.ceil(np.max(self.atoms.counts[name][people > 0] / people[people > 0], initial=0.0)))

    def _tell_sum(self, whole: str, parts: Sequence[str]) -> None:
        counts = self.atoms.counts
        if not np.array_equal(sum(counts[name] for name in parts), counts[whole]):
            return
        self._add(self._beside(whole, *parts), [1.0, *[-1.0] * len(parts)], 0.0, 0.0)

    def _beside(self, *names: str) -> Ints:
        """The numbers of some counts of each atom: (atoms, names)."""
        found: Ints = np.stack([self.at[self.names.index(name)].ravel() for name in names], axis=1)
        return found[found[:, 0] >= 0]
