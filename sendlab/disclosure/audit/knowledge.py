"""What a reader knows about numbers: the limits of each and of sums of them, and what follows one sum at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from sendlab.errors import SendlabError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
TINY = 1e-6  # numbers nearer than this are one number: counts and published rates lie far wider apart
SWEEPS = 50  # over all sums; what they have not told by then, the linear programs tell


class Contradiction(SendlabError):
    """Numbers that no table can have: some are misprinted, or add up otherwise than was thought."""

    def __init__(self, what: str = "these numbers cannot all be true together") -> None:
        super().__init__(
            f"the knowledge is inconsistent: {what}",
            next_step="check that the sums hold for the numbers shown, and that hidden numbers may be what is assumed",
        )


@dataclass(frozen=True)
class Knowledge:
    """What a reader holds about `n` numbers and `m` sums of them."""

    low: Floats  # (n,) least each number can be by itself; -inf where nothing limits it
    high: Floats  # (n,) most
    sums: csr_array  # (m, n) each row weighs the numbers of one sum
    sum_low: Floats  # (m,) known limits of each sum; equal where it is known exactly
    sum_high: Floats  # (m,)
    whole: Bools  # (n,) whether the number is a whole number


@dataclass(frozen=True)
class _Entries:
    """The weights of a matrix one by one: row, column, weight."""

    row: Ints
    column: Ints
    weight: Floats
    rows: int

    @classmethod
    def of(cls, matrix: csr_array) -> _Entries:
        entries = matrix.tocoo()
        kept = entries.data != 0
        row, column = entries.coords
        return cls(row[kept].astype(np.int64), column[kept].astype(np.int64), entries.data[kept], matrix.shape[0])

    def least_and_most(self, low: Floats, high: Floats) -> tuple[Floats, Floats]:
        """What each weighed number can be."""
        at_low, at_high = self.weight * low[self.column], self.weight * high[self.column]
        return np.minimum(at_low, at_high), np.maximum(at_low, at_high)

    def total(self, part: Floats) -> tuple[Floats, Ints]:
        """Of each row the sum of its finite parts, and how many are not finite."""
        finite = np.isfinite(part)
        sums: Floats = np.bincount(self.row, np.where(finite, part, 0.0), self.rows).astype(np.float64)
        return sums, np.bincount(self.row, ~finite, self.rows).astype(np.int64)


def limits(weights: csr_array, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Least and most of each weighed sum where every number is free between its own limits.

    >>> least, most = limits(csr_array([[1.0, -1.0]]), np.array([0.0, 2.0]), np.array([5.0, np.inf]))
    >>> least.tolist(), most.tolist()
    ([-inf], [3.0])
    """
    entries = _Entries.of(weights)
    least, most = entries.least_and_most(low, high)
    (bottom, below), (top, above) = entries.total(least), entries.total(most)
    return np.where(below > 0, -np.inf, bottom), np.where(above > 0, np.inf, top)


def narrowed(known: Knowledge) -> Knowledge:
    """The same knowledge with each number's limits as narrow as each sum by itself makes them.

    Errors: Contradiction where a number is left without any value it could have.

    >>> known = Knowledge(np.zeros(2), np.full(2, np.inf), csr_array([[1.0, 1.0]]), np.array([3.0]), np.array([3.0]),
    ...                   np.array([True, True]))
    >>> narrowed(known).high.tolist()
    [3.0, 3.0]
    """
    entries = _Entries.of(known.sums)
    low, high = _rounded_inwards(known.low, known.high, known.whole)
    for _ in range(SWEEPS):
        before = low, high
        low, high = _rounded_inwards(*_swept(entries, known, low, high), known.whole)
        if (low <= before[0] + TINY).all() and (high >= before[1] - TINY).all():
            break
    least, most = limits(known.sums, low, high)
    if (least > known.sum_high + TINY).any() or (most < known.sum_low - TINY).any():
        raise Contradiction("the numbers shown do not add up to their totals")
    return replace(known, low=low, high=high)


def _rounded_inwards(low: Floats, high: Floats, whole: Bools) -> tuple[Floats, Floats]:
    low, high = np.where(whole, np.ceil(low - TINY), low), np.where(whole, np.floor(high + TINY), high)
    if (low > high + TINY).any():
        raise Contradiction("there is a number that would have to be less than its least")
    return np.minimum(low, high), high


def _swept(entries: _Entries, known: Knowledge, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Limits after each sum has been looked at once: what it leaves to a number when all others are at their ends."""
    least, most = entries.least_and_most(low, high)
    at_most = known.sum_high[entries.row] - _others(entries, least, -np.inf)
    at_least = known.sum_low[entries.row] - _others(entries, most, np.inf)
    up = entries.weight > 0
    low, high = low.copy(), high.copy()
    np.maximum.at(low, entries.column, np.where(up, at_least, at_most) / entries.weight)
    np.minimum.at(high, entries.column, np.where(up, at_most, at_least) / entries.weight)
    return low, high


def _others(entries: _Entries, part: Floats, endless: float) -> Floats:
    """For each weighed number the sum of all others in its row."""
    total, endless_parts = entries.total(part)
    finite = np.isfinite(part)
    rest = total[entries.row] - np.where(finite, part, 0.0)
    return np.where(endless_parts[entries.row] > ~finite, endless, rest)
