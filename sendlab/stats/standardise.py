"""Rates standardised for who the people are: directly (by weights) and indirectly (observed over expected).

Strata are age and sex groups, phases, needs: whatever the comparison should hold fixed. Sources: Dobson and others
1991 (Statistics in Medicine 10:457-462) and OHID, Fingertips technical guidance (2018) for the direct rate; Breslow
and Day 1987 for the indirect one.
"""

from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from sendlab.stats.arrays import Floats, floats, over
from sendlab.stats.intervals import byar, garwood

FEWEST_EVENTS = 10  # OHID gives no directly standardised rate below this


class DirectRate(NamedTuple):
    """A directly standardised rate per person with Dobson's limits, and the events it rests on."""

    rate: float
    lower: float
    upper: float
    events: float


class ObservedExpected(NamedTuple):
    """Observed over expected events with limits; 1 is the reference population's own."""

    observed: Floats
    expected: Floats
    ratio: Floats
    lower: Floats
    upper: Floats


def direct(
    events: npt.ArrayLike, people: npt.ArrayLike, weights: npt.ArrayLike, *, confidence: float = 0.95
) -> DirectRate:
    """Rate per person that would be seen had the strata the sizes of `weights` (a standard population).

    Not a number: below 10 events (as OHID rules), or where a stratum with weight has no people, for then its rate is
    unknown. Byar's limits of the count, scaled by the standard error of the rate (Dobson).

    >>> found = direct([10, 30], [1000, 1500], [40_000, 60_000])
    >>> [round(1000 * value, 4) for value in found[:3]]
    [16.0, 11.4293, 21.788]
    """
    x, n, w = floats(events, people, weights)
    total, nan = float(x.sum()), float("nan")
    held = w > 0
    if not (total >= FEWEST_EVENTS and held.any() and (n[held] > 0).all()):
        return DirectRate(nan, nan, nan, total)
    share = w[held] / w[held].sum()
    rate = float((share * x[held] / n[held]).sum())
    scale = float(np.sqrt((share**2 * x[held] / n[held] ** 2).sum() / total))
    lower, upper = (float(limit) for limit in byar(total, 1, confidence=confidence))
    return DirectRate(rate, rate + scale * (lower - total), rate + scale * (upper - total), total)


def expected_events(people: npt.ArrayLike, reference_rates: npt.ArrayLike) -> Floats:
    """Events expected at the reference population's rates: sum over the last axis of people * rate.

    Not a number where a stratum with people has no reference rate; one without people adds nothing.

    >>> float(expected_events([100, 50, 0], [0.02, 0.1, float("nan")]))
    7.0
    """
    n, rate = floats(people, reference_rates)
    return np.asarray(np.where(n > 0, n * rate, 0.0 * n).sum(axis=-1), dtype=np.float64)


def indirect(
    observed: npt.ArrayLike,
    expected: npt.ArrayLike,
    *,
    limits: Literal["exact", "byar"] = "exact",
    confidence: float = 0.95,
) -> ObservedExpected:
    """Observed events over expected ones, with Garwood's exact or Byar's limits.

    The expected count is taken as known. Ratios of two places so made are not comparable with each other unless
    their strata have like sizes. ValueError for any other `limits`.

    >>> [round(float(value), 4) for value in indirect(23, 12.4)[2:]]
    [1.8548, 1.1758, 2.7832]
    """
    if limits not in ("exact", "byar"):
        raise ValueError(f"no limits are called '{limits}': use 'exact' or 'byar'")
    count, wanted = floats(observed, expected)
    method = garwood if limits == "exact" else byar
    return ObservedExpected(count, wanted, over(count, wanted), *method(count, wanted, confidence=confidence))
