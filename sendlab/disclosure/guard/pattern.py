"""Which figures of an answer are hidden: those that must be, then the smallest others until the rest is safe."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from sendlab.disclosure.guard.known import Cell
from sendlab.disclosure.protect.primary import Counts, Floats, primary_of, small
from sendlab.metrics.cards import Card

# An answer of which less than this share of its groups is left is no answer. Of a school's table by provision and sex
# one group of few people takes three others with it, as the totals are known: two of six are left.
USEFUL = Fraction(1, 3)


@dataclass(frozen=True)
class Figure:
    """One figure of an answer at one place, exact, with what was decided about it before."""

    row: Mapping[str, Any]
    cell: Cell
    total: bool  # of all that the filters leave
    released: Mapping[str, Any] | None  # the row that the audience has already, shown or hidden
    must_hide: bool

    @property
    def size(self) -> float:
        """People in the base."""
        return float(self.row["base_subjects"] or 0)

    @property
    def settled(self) -> bool:
        """Whether it was released before, so that nothing is left to decide."""
        return self.released is not None


def must_hide(row: Mapping[str, Any], about: Card, threshold: int) -> bool:
    """Whether a figure is hidden for its own sake.

    A group of nobody is hidden like one of few people: which groups are empty at a place is told by no answer.

    >>> row = dict(base_subjects=30, with_subjects=3, numerator=3.0, denominator=30.0, top_share=None, value=10.0,
    ...            lower=3.5, upper=25.6)
    >>> from sendlab.metrics.cards import card
    >>> about = card("persistent_absence")
    >>> must_hide(row, about, 5), must_hide(dict(row, with_subjects=0, numerator=0.0), about, 5)
    (True, False)
    """
    base = float(row["base_subjects"] or 0)
    if base < threshold:
        return True
    one = {
        name: np.array([np.nan if row[name] is None else float(row[name])])
        for name in ("with_subjects", "numerator", "denominator", "top_share", "value", "lower", "upper")
    }
    counts = Counts(
        np.array([base]), one["with_subjects"], one["numerator"], one["denominator"], one["top_share"], one["value"],
        spread=one["upper"] - one["lower"], absent=np.array([False]),
    )  # fmt: skip
    return bool(primary_of(about.kind, counts, about.polarity, threshold, unit=about.unit)[0])


def of_few_people(rows: Iterable[Mapping[str, Any]], about: Card, threshold: int) -> list[bool]:
    """Of each figure with somebody in it, whether few people stand behind it: its own sake is enough to hide it."""
    return [must_hide(row, about, threshold) for row in rows if row["base_subjects"]]


def differs_by_few(inner: Floats, outer: Floats, threshold: int) -> bool:
    """Whether what an outer figure has beyond an inner one is few people, in the base or behind the numerator."""
    return bool(small(outer - inner, threshold).any())


def choose_hidden(
    figures: Sequence[Figure], quick: Callable[[frozenset[int]], bool], full: Callable[[frozenset[int]], bool]
) -> frozenset[int] | None:
    """Places of the figures to hide, or None where too little would be left.

    `quick` and `full` say whether an answer without these figures is safe; `full` looks at more, and what it takes for
    safe `quick` does too. Hiding more never makes an answer less safe, so the fewest are found by halving.
    """
    start = frozenset(place for place, one in enumerate(figures) if not one.settled and one.must_hide)
    if not useful(figures, start):
        return None
    if not any(not one.settled and place not in start for place, one in enumerate(figures)):
        return start if full(start) else None
    if quick(start) and full(start):
        return start
    ways = _ways(figures, start)[1:]
    if not ways or not quick(ways[-1]) or not full(ways[-1]):
        return None
    ways = ways[_first(ways, quick) :]
    return ways[_first(ways, full)]


def _ways(figures: Sequence[Figure], start: frozenset[int]) -> list[frozenset[int]]:
    """The start, which is useful, and each time one figure more, smallest first, as long as enough is left."""
    free = [place for place, one in enumerate(figures) if not one.settled and place not in start]
    free.sort(key=lambda place: (figures[place].total, figures[place].size, place))
    ways = [start]
    for place in free:
        ways.append(ways[-1] | {place})
    return [way for way in ways if useful(figures, way)]


def _first(ways: Sequence[frozenset[int]], safe: Callable[[frozenset[int]], bool]) -> int:
    """The first way that is safe, where the last is known to be."""
    low, high = 0, len(ways) - 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if safe(ways[middle]) else (middle + 1, high)
    return low


def useful(figures: Sequence[Figure], hidden: frozenset[int]) -> bool:
    """Whether at least a third of the groups with people in them stay, and not the total alone.

    Where no groups were asked for the total is what must stay.
    """
    groups = [place for place, one in enumerate(figures) if not one.total and (one.size > 0 or one.settled)]
    asked = groups or [place for place, one in enumerate(figures) if one.total]
    left = [place for place in asked if place not in hidden and not _was_hidden(figures[place])]
    return bool(left) and len(left) >= USEFUL * len(asked)


def _was_hidden(figure: Figure) -> bool:
    return figure.released is not None and figure.released["value"] is None and figure.released["base_subjects"] is None
