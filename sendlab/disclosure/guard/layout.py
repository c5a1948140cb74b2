"""Where the unknown counts of the atoms of some places stand among the numbers of a program."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.sparse import csr_array

from sendlab.disclosure.guard.atoms import Atoms
from sendlab.disclosure.guard.goals import Goal
from sendlab.disclosure.guard.nested import Nested
from sendlab.disclosure.protect.system import Bools, Floats, Ints


class Layout:
    """The numbers: of each part of a count (nested.py), of each place, those of the atoms that the place may have."""

    def __init__(self, atoms: Atoms, places: Sequence[str], measures: Sequence[str]) -> None:
        self.atoms, self.places, self.measures, self.names = atoms, tuple(places), measures, list(atoms.counts)
        self.nested = Nested(measures, atoms.counts)
        self._parts = list(self.nested.rest)
        rows = [atoms.at(place) for place in self.places]
        shape = len(self._parts), len(self.places), len(atoms.codes)
        held = np.broadcast_to(atoms.held[rows], shape)
        self._at: Ints = np.where(held, np.cumsum(held.ravel()).reshape(shape) - 1, -1)
        self._holder: Ints = np.broadcast_to(np.arange(shape[1])[None, :, None], shape)[held]
        self._part: Ints = np.broadcast_to(np.arange(shape[0])[:, None, None], shape)[held]
        self.true: Floats = np.array([self.nested.rest[part][rows] for part in self._parts], dtype=np.float64)[held]
        self._weighed: dict[Goal, tuple[Ints, Floats]] = {}

    @property
    def size(self) -> int:
        """How many numbers there are."""
        return int(self.true.size)

    def each(self, told: Callable[[str], bool]) -> Bools:
        """What is told of the count of which each number is a part."""
        found: Bools = np.array([told(name) for name in self._parts], dtype=np.bool_)[self._part]
        return found

    def of_places(self, places: Sequence[str]) -> Bools:
        """Which numbers are of these places."""
        found: Bools = np.isin(self._holder, [self.places.index(place) for place in places])
        return found

    def numbers(self, name: str, scope: str, mask: Bools, less: str = "") -> Ints:
        """The numbers that add up to a count of some atoms at a place; of the authority, of all places but `less`."""
        every = [at for at, place in enumerate(self.places) if place != less]
        chosen = [self.places.index(scope)] if scope in self.places else every
        parts = [self._parts.index(part) for part in self.nested.parts_of(name)]
        found: Ints = self._at[np.ix_(parts, chosen)][:, :, mask].ravel()
        real: Ints = found[found >= 0]
        return real

    def beside(self, name: str) -> Ints:
        """The numbers that add up to a count of each atom: (atoms, parts)."""
        parts = [self._parts.index(part) for part in self.nested.parts_of(name)]
        found: Ints = self._at[parts].reshape(len(parts), -1).T
        return found[found[:, 0] >= 0]

    def weights(self, goals: Sequence[Goal]) -> csr_array:
        """What each goal weighs of the numbers: (goals, numbers)."""
        if not goals:
            return csr_array((0, self.size))
        columns, weights = zip(*(self._weights_of(goal) for goal in goals), strict=True)
        ends = np.cumsum([0, *(some.size for some in columns)])
        found = csr_array((np.concatenate(weights), np.concatenate(columns), ends), shape=(len(goals), self.size))
        found.sum_duplicates()  # people without a feature: all less those with it
        found.eliminate_zeros()
        return found

    def _weights_of(self, goal: Goal) -> tuple[Ints, Floats]:
        if goal not in self._weighed:
            mask = np.frombuffer(goal.atoms, dtype=bool)
            parts = [(self.numbers(name, goal.scope, mask, goal.less), weight) for name, weight in goal.terms]
            weights = [np.full(numbers.size, weight) for numbers, weight in parts]
            self._weighed[goal] = np.concatenate([numbers for numbers, _ in parts]), np.concatenate(weights)
        return self._weighed[goal]
