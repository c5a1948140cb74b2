"""Where the unknown counts of the atoms of some places stand among the numbers of a program."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.sparse import csr_array

from sendlab.disclosure.guard.atoms import Atoms
from sendlab.disclosure.guard.goals import Goal
from sendlab.disclosure.protect.system import Bools, Floats, Ints


class Layout:
    """The numbers: of each kind of count, of each place, those of the atoms that the place may have."""

    def __init__(self, atoms: Atoms, places: Sequence[str]) -> None:
        self.atoms, self.places, self.names = atoms, tuple(places), list(atoms.counts)
        rows = [atoms.at(place) for place in self.places]
        shape = len(self.names), len(self.places), len(atoms.codes)
        held = np.broadcast_to(atoms.held[rows], shape)
        self._at: Ints = np.where(held, np.cumsum(held.ravel()).reshape(shape) - 1, -1)
        self._holder: Ints = np.broadcast_to(np.arange(shape[1])[None, :, None], shape)[held]
        self._name: Ints = np.broadcast_to(np.arange(shape[0])[:, None, None], shape)[held]
        self.true: Floats = np.array([atoms.counts[name][rows] for name in self.names], dtype=np.float64)[held]
        self._weighed: dict[Goal, tuple[Ints, Floats]] = {}

    @property
    def size(self) -> int:
        """How many numbers there are."""
        return int(self.true.size)

    def each(self, told: Callable[[str], bool]) -> Bools:
        """What is told of the kind of count that each number is."""
        found: Bools = np.array([told(name) for name in self.names], dtype=np.bool_)[self._name]
        return found

    def of_places(self, places: Sequence[str]) -> Bools:
        """Which numbers are of these places."""
        found: Bools = np.isin(self._holder, [self.places.index(place) for place in places])
        return found

    def numbers(self, name: str, scope: str, mask: Bools, less: str = "") -> Ints:
        """The numbers of some atoms at a place; of the authority, those of all places but one that is left out."""
        every = [at for at, place in enumerate(self.places) if place != less]
        chosen = [self.places.index(scope)] if scope in self.places else every
        found: Ints = self._at[self.names.index(name)][chosen][:, mask].ravel()
        real: Ints = found[found >= 0]
        return real

    def beside(self, *names: str) -> Ints:
        """The numbers of some counts of each atom: (atoms, names)."""
        found: Ints = np.stack([self._at[self.names.index(name)].ravel() for name in names], axis=1)
        return found[found[:, 0] >= 0]

    def weights(self, goals: Sequence[Goal]) -> csr_array:
        """What each goal weighs of the numbers: (goals, numbers)."""
        if not goals:
            return csr_array((0, self.size))
        columns, weights = zip(*(self._weights_of(goal) for goal in goals), strict=True)
        ends = np.cumsum([0, *(some.size for some in columns)])
        return csr_array((np.concatenate(weights), np.concatenate(columns), ends), shape=(len(goals), self.size))

    def _weights_of(self, goal: Goal) -> tuple[Ints, Floats]:
        if goal not in self._weighed:
            mask = np.frombuffer(goal.atoms, dtype=bool)
            parts = [(self.numbers(name, goal.scope, mask, goal.less), weight) for name, weight in goal.terms]
            weights = [np.full(numbers.size, weight) for numbers, weight in parts]
            self._weighed[goal] = np.concatenate([numbers for numbers, _ in parts]), np.concatenate(weights)
        return self._weighed[goal]
