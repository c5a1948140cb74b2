"""What is protected together: counts that hang together, which of them can be hidden, and which need how much room."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
NOBODY = -1  # holder of counts that no reader knows beforehand


def no_rows(columns: int) -> csr_array:
    """A matrix without rows."""
    return csr_array((0, columns), dtype=np.float64)


@dataclass(frozen=True)
class System:
    """Counts that hang together. `v` counts lie in `c` cells; a cell is hidden or shown as a whole.

    A reader knows every shown count, every relation and order, the limits `lower` and `upper` of hidden counts, and, if
    they are a holder, their own counts. An aim is a weighted sum of counts; for every reader the least and the most it
    can be, rounded inwards to whole numbers, must be `width` apart.
    """

    truth: Floats  # (v,) the true counts
    lower: Floats  # (v,) the least that a hidden count may be
    upper: Floats  # (v,) the most; inf where nothing limits it
    cell: Ints  # (v,) the cell that the count belongs to
    cost: Floats  # (c,) price of hiding the cell; inf where it must be shown or its hiding is decided already
    hidden: Bools  # (c,) hidden from the start, whatever it costs
    relations: csr_array  # (r, v) relations @ counts is known to everybody to be what it is for the true counts
    orders: csr_array  # (o, v) orders @ counts <= room
    room: Floats  # (o,)
    aims: csr_array  # (a, v)
    width: Floats  # (a,)
    holder: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))  # (v,) or empty: nobody holds anything

    @property
    def counts(self) -> int:
        """How many counts there are."""
        return self.truth.size

    @property
    def cells(self) -> int:
        """How many cells there are."""
        return self.cost.size


@dataclass(frozen=True)
class Pattern:
    """Which cells are hidden, what the cover costs, and how good that is known to be."""

    hidden: Bools  # (c,)
    cost: float  # of the cells hidden beyond those that were from the start
    bound: float  # no pattern that protects every aim can cost less; 0 where nothing was proven
    method: str  # "nothing to do", "optimal" or "heuristic"

    @property
    def proven(self) -> bool:
        """Whether no cheaper pattern protects every aim."""
        return self.cost <= self.bound * (1 + 1e-9) + 1e-9


class NoPattern(Exception):
    """Whatever is hidden, some aims do not get their width.

    `find` gives the places of all of them among the rows of `aims`. That takes longer than anything else, and many who
    are told that there is no pattern try another way and never ask.
    """

    def __init__(self, find: Callable[[], Iterable[int]]) -> None:
        self._find = find
        super().__init__("no pattern protects all counts")

    @cached_property
    def aims(self) -> tuple[int, ...]:
        """Their places."""
        return tuple(sorted(set(self._find())))
