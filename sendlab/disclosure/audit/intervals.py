"""The least and the most that weighed sums of hidden numbers can be for a reader who knows certain things."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from sendlab.disclosure.audit.knowledge import TINY, Bools, Contradiction, Floats, Knowledge, limits, narrowed
from sendlab.disclosure.audit.parts import split
from sendlab.disclosure.audit.search import Search

__all__ = ["Contradiction", "Knowledge", "Reach", "examine", "reach"]


@dataclass(frozen=True)
class Reach:
    """Least and most of each goal, and where the search for whole numbers met its limit: there they are too narrow."""

    least: Floats
    most: Floats
    undecided: Bools


def reach(known: Knowledge, goals: csr_array, enough: Floats | None = None) -> tuple[Floats, Floats]:
    """Least and most of each goal. With `enough`, no further than it takes to see that they are that far apart.

    `goals` weighs the numbers, one row a goal. Ends of whole-number goals are whole numbers that some table of whole
    numbers has, save where fractions leave an interval wider than `enough` + 1. Where nothing limits a goal its end is
    infinite. A search that meets its limit gives the narrower interval, with a warning.
    Errors: Contradiction where no table agrees with what is known of the numbers that the goals hang on.

    >>> known = Knowledge(np.zeros(3), np.full(3, np.inf), csr_array([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0]]),
    ...                   np.array([2.0, 5.0]), np.array([2.0, 5.0]), np.full(3, True))
    >>> least, most = reach(known, csr_array(np.eye(3)))
    >>> least.tolist(), most.tolist()
    ([0.0, 0.0, 3.0], [2.0, 2.0, 5.0])
    """
    done = examine(known, goals, enough)
    if done.undecided.any():
        told = f"the search for whole numbers met its limit for {done.undecided.sum()} goal(s): taken as narrower"
        warnings.warn(told, stacklevel=2)
    return done.least, done.most


def examine(
    known: Knowledge, goals: csr_array, enough: Floats | None = None, *, exact: bool = True,
    fractions: bool = False, alone: bool = True, witness: Floats | None = None,
) -> Reach:  # fmt: skip
    """As `reach`, with the goals told apart for which a search met its limit. Errors: Contradiction.

    `exact=False`: ends of fractions will do for a goal that these show to be narrower than `enough`, and for one that
    counts what is not whole. `fractions`: they will do for every goal; those of counts are rounded inwards.
    `alone=False`: goals are looked at together only; one that this does not show to be wide
    enough is given as narrow as it was seen. `witness`: a table to start from, if it agrees with what is known: the
    true one.

    >>> known = Knowledge(np.zeros(1), np.ones(1), csr_array((0, 1)), np.zeros(0), np.zeros(0), np.array([True]))
    >>> examine(known, csr_array([[2.0]])).most.tolist()
    [2.0]
    """
    known, goals = narrowed(known), csr_array(goals, dtype=np.float64)
    enough = np.full(goals.shape[0], np.inf) if enough is None else np.asarray(enough, dtype=np.float64)
    least, most = limits(goals, known.low, known.high)
    undecided = np.zeros(least.size, dtype=np.bool_)
    for part in split(known, goals, most - least > TINY):
        search = Search(part, least[part.places] - part.fixed, most[part.places] - part.fixed, enough[part.places],
                         exact, fractions)  # fmt: skip
        search.run(None if witness is None else witness[part.numbers], alone)
        least[part.places], most[part.places] = search.low + part.fixed, search.high + part.fixed
        undecided[part.places] = search.undecided
    return Reach(least, most, undecided)
