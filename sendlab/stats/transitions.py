"""From start band to end band: counts, expected and exceeding progress, and the same against national shares."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import optimize, special, stats

from sendlab.stats.arrays import Floats, floats

Counts = npt.NDArray[np.int64]
FARTHEST = 40.0  # log odds beyond which a share is 0 or 1 in floating numbers


class Transitions(NamedTuple):
    """Pupils by direction; "expected" held their band or rose; `can_exceed` leaves out those who began at the top."""

    pupils: int
    fell: int
    same: int
    up_one: int
    up_more: int
    expected: int
    exceeding: int
    can_exceed: int


class AgainstNational(NamedTuple):
    """Observed over expected pupils, exact limits of the ratio, and two-sided p of the national shares."""

    observed: float
    expected: float
    ratio: float
    lower: float
    upper: float
    p: float


def transition_counts(first: Sequence[object], last: Sequence[object], bands: Sequence[object]) -> Counts:
    """Pupils by start band (rows) and end band (columns), both in the order of `bands`, lowest first.

    ValueError: a band that is not in `bands` (leave out, and count, pupils without a start or end beforehand), bands
    named twice, or lists of unequal length.

    >>> transition_counts(["B", "B", "A"], ["B", "C", "A"], ["A", "B", "C"]).tolist()
    [[1, 0, 0], [0, 1, 1], [0, 0, 0]]
    """
    places = {band: place for place, band in enumerate(bands)}
    if len(places) != len(bands):
        raise ValueError("a band is named twice")
    unknown = sorted({str(band) for band in (*first, *last) if band not in places})
    if unknown:
        raise ValueError(f"no such band: {', '.join(unknown)}; expected {', '.join(map(str, bands))}")
    counts = np.zeros((len(bands), len(bands)), dtype=np.int64)
    for start, end in zip(first, last, strict=True):
        counts[places[start], places[end]] += 1
    return counts


def expected_and_exceeding(matrix: npt.ArrayLike) -> Transitions:
    """Directions of a square table of counts, under the rule that holding one's band is expected progress.

    Nobody can exceed from the top band: give `exceeding` as a share of `can_exceed`, or of `pupils` and say so.
    ValueError where the table is not square.

    >>> expected_and_exceeding([[6, 9, 3, 0], [2, 14, 12, 2], [0, 4, 21, 9], [0, 0, 5, 18]])[:7]
    (105, 11, 59, 30, 5, 94, 35)
    """
    counts = np.asarray(matrix, dtype=np.int64)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1]:
        raise ValueError("the table needs as many end bands as start bands")
    rise = np.subtract.outer(np.arange(len(counts)), np.arange(len(counts))).T
    fell, same, one, more = (int(counts[which].sum()) for which in (rise < 0, rise == 0, rise == 1, rise > 1))
    pupils = fell + same + one + more
    top = int(counts[-1].sum()) if len(counts) else 0
    return Transitions(pupils, fell, same, one, more, same + one + more, one + more, pupils - top)


def against_national(observed: int, starts: npt.ArrayLike, shares: npt.ArrayLike, *,
                     confidence: float = 0.95) -> AgainstNational:  # fmt: skip
    """Pupils who made it over those expected at the national share for each pupil's own start band.

    `starts`: pupils by start band; `shares`: the national proportions, 0 to 1, of those bands (leave out the top band
    where nobody can exceed from it). The count is Poisson-binomial. Limits: all bands' national odds times a common
    factor until either tail holds half of what `confidence` leaves out, so the ratio never passes what is possible.
    p doubles the smaller tail. Not a number where nobody, or nobody nationally, is expected. ValueError: a count above
    the pupils, or a share outside 0 to 1.

    >>> found = against_national(35, [18, 30, 34], [0.5, 0.4, 0.2])
    >>> round(found.expected, 1), [round(value, 4) for value in found[2:]]
    (27.8, [1.259, 0.9484, 1.5829, 0.1086])
    """
    pupils, share = floats(starts, shares)
    n = pupils.astype(np.int64)
    if not (0 <= observed <= n.sum()) or ((share < 0) | (share > 1)).any():
        raise ValueError("observed must lie from 0 to the pupils, and shares from 0 to 1")
    held = n > 0
    n, share = n[held], share[held]
    expected, nan = float((n * share).sum()), float("nan")
    if not (expected > 0) or np.isnan(share).any():
        return AgainstNational(observed, expected if n.size else nan, nan, nan, nan, nan)
    low, high = _tails(observed, n, share)
    tail = (1 - confidence) / 2
    lower, upper = _limit(observed, n, share, tail, above=True), _limit(observed, n, share, tail, above=False)
    ratio, p = observed / expected, min(1.0, 2 * min(low, high))
    return AgainstNational(observed, expected, ratio, lower / expected, upper / expected, p)


def _tails(observed: int, n: Counts, share: Floats) -> tuple[float, float]:
    """Chances of at most, and of at least, so many."""
    density = np.ones(1)
    for pupils, chance in zip(n, share, strict=True):
        density = np.convolve(density, stats.binom.pmf(np.arange(pupils + 1), pupils, chance))
    return float(min(density[: observed + 1].sum(), 1.0)), float(min(density[observed:].sum(), 1.0))


def _limit(observed: int, n: Counts, share: Floats, tail: float, *, above: bool) -> float:
    """The expected count at the odds where `tail` is the chance of at least (above) or at most so many."""
    certain = int(n[share == 1].sum())
    least, most = certain, certain + int(n[(share > 0) & (share < 1)].sum())
    if not least <= observed <= most:
        return float("nan")  # no odds can bring this about: a national share of 0 or 1 does not hold here
    if observed == (least if above else most):
        return float(observed)

    def miss(shift: float) -> float:
        return _tails(observed, n, _shifted(share, shift))[1 if above else 0] - tail

    return float((n * _shifted(share, optimize.brentq(miss, -FARTHEST, FARTHEST, xtol=1e-10))).sum())


def _shifted(share: Floats, shift: float) -> Floats:
    free = (share > 0) & (share < 1)  # the others are certain whatever the odds
    return np.where(free, special.expit(special.logit(np.where(free, share, 0.5)) + shift), share)
