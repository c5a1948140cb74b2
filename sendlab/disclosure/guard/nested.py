"""Counts taken apart where one lies inside another: people with a feature and the rest, sessions missed and the rest.

Programs over parts that are no less than nothing need no sums to say that nobody is absent who is not there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from sendlab.disclosure.guard.known import BASE, denominator_of
from sendlab.disclosure.protect.system import Floats
from sendlab.metrics.cards import card, cards

Counts = Mapping[str, Floats]  # name of a count -> one number for each atom


def bounds(measures: Sequence[str], names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Pairs of which the first is at most the second, as cards say: those about each other's measures first."""
    for inner in measures:
        outers = [cards()[inner].parts_of or cards()[inner].at_most]
        if card(inner).kind == "share":
            outers.append(BASE)
        if card(inner).kind == "sum":
            outers.append(denominator_of(inner))
        yield from ((inner, outer) for outer in outers if inner in names and outer in names)


class Nested:
    """Each count as a sum of parts, which do not overlap. A part is called by the count of which it is the rest.

    What cards say is taken only where the true counts agree: leavers are counted in some numerators and in no base.

    >>> counts = {BASE: np.array([5.0, 3.0]), "persistent_absence": np.array([2.0, 0.0])}
    >>> found = Nested(["persistent_absence"], counts)
    >>> found.parts_of(BASE), found.rest[BASE].tolist()
    (['people in the base', 'persistent_absence'], [3.0, 3.0])
    """

    def __init__(self, measures: Sequence[str], counts: Counts) -> None:
        self.counts = counts
        self.inside: dict[str, list[str]] = {}
        placed: set[str] = set()
        for inner, outer in bounds(measures, list(counts)):
            if inner not in placed and self._fits(inner, outer):
                self.inside.setdefault(outer, []).append(inner)
                placed.add(inner)
        every = {name: counts[name] - self._sum(self.inside.get(name, [])) for name in counts}
        self.rest: dict[str, Floats] = {
            name: rest for name, rest in every.items() if rest.any() or not self._is_exact(name, measures)
        }

    def parts_of(self, name: str) -> list[str]:
        """The parts that add up to a count."""
        within = [part for inner in self.inside.get(name, []) for part in self.parts_of(inner)]
        return [name, *within] if name in self.rest else within

    def _fits(self, inner: str, outer: str) -> bool:
        """Whether it lies beside what was placed there before: parts of one whole do, other counts may overlap."""
        before = self.inside.get(outer, [])
        apart = not before or all(cards()[name].parts_of == outer for name in (*before, inner))
        return apart and bool((self._sum([*before, inner]) <= self.counts[outer]).all())

    def _is_exact(self, name: str, measures: Sequence[str]) -> bool:
        """Whether all parts that a card declares are there, two or more: then there is no rest."""
        parts = [measure for measure in measures if cards()[measure].parts_of == name]
        return len(parts) > 1 and parts == self.inside.get(name, [])

    def _sum(self, names: Sequence[str]) -> Floats:
        nothing = np.zeros_like(next(iter(self.counts.values())))
        return np.asarray(sum((self.counts[name] for name in names), nothing))
