"""Ratios of rates, risks and shares between two groups, with intervals; and one rate over many units.

Where a rate of the second group is 0 a ratio is infinite with a finite lower limit; where both are 0 it is not a
number. Sources: Przyborowski and Wilenski 1940 and Clopper and Pearson 1934 (exact conditional); Katz and others 1978;
McCullagh and Nelder 1989 (quasi-Poisson); Cohen 1988 (h).
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

from sendlab.stats.arrays import Floats, floats, normal_quantile, over
from sendlab.stats.intervals import event_dispersion


class RateRatio(NamedTuple):
    """Ratio of two rates of events, limits and two-sided p of no difference."""

    ratio: Floats
    lower: Floats
    upper: Floats
    p: Floats


class RiskRatio(NamedTuple):
    """Ratio of two shares with its limits."""

    ratio: Floats
    lower: Floats
    upper: Floats


class UnitRate(NamedTuple):
    """A rate over units, their Pearson dispersion, quasi-Poisson limits, and p of no more than Poisson spread."""

    rate: float
    phi: float
    lower: float
    upper: float
    p: float


def rate_ratio(a: npt.ArrayLike, A: npt.ArrayLike, b: npt.ArrayLike, B: npt.ArrayLike, *,
               confidence: float = 0.95) -> RateRatio:  # fmt: skip
    """(a / A) / (b / B) for `a` events in exposure `A` and `b` in `B`: exact limits given a + b; holds at zero events.

    p is the exact binomial test of a in a + b, so at small counts it may differ a little from what the limits say.
    Counts must be whole (ValueError); events that cluster in pupils need `clustered_rate_ratio`.

    >>> found = rate_ratio(23, 95, 46, 900)
    >>> [round(float(value), 5) for value in found[:3]], f"{float(found.p):.5e}"
    ([4.73684, 2.74046, 7.97705], '5.12634e-08')
    """
    a, A, b, B = np.broadcast_arrays(*floats(a, A, b, B))
    p = np.full(a.shape, np.nan)
    for place in np.ndindex(p.shape):
        p[place] = _exact_p(float(a[place]), float(A[place]), float(b[place]), float(B[place]))
    return RateRatio(*_conditional(a, A, b, B, confidence), p)


def _exact_p(a: float, a_exposure: float, b: float, b_exposure: float) -> float:
    if not (a + b > 0 and a_exposure > 0 and b_exposure > 0):
        return float("nan")
    if a != int(a) or b != int(b):
        raise ValueError(f"events must be whole numbers, not {a} and {b}")
    return float(stats.binomtest(int(a), int(a + b), a_exposure / (a_exposure + b_exposure)).pvalue)


def _conditional(a: Floats, A: Floats, b: Floats, B: Floats, confidence: float) -> tuple[Floats, Floats, Floats]:
    """Ratio and Clopper-Pearson limits of a in a + b, as odds; counts need not be whole."""
    tail = (1 - confidence) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        lower = np.where(a > 0, stats.beta.ppf(tail, a, b + 1), 0.0)
        upper = np.where(b > 0, stats.beta.ppf(1 - tail, a + 1, b), 1.0)
        good = (a >= 0) & (b >= 0) & (a + b > 0) & (A > 0) & (B > 0)
        found = (a / A / (b / B), lower / (1 - lower) * B / A, upper / (1 - upper) * B / A)
        one, two, three = (np.where(good, value, np.nan) for value in found)
        return one, two, three


def clustered_rate_ratio(k1: npt.ArrayLike, n1: npt.ArrayLike, squares1: npt.ArrayLike,
                         k0: npt.ArrayLike, n0: npt.ArrayLike, squares0: npt.ArrayLike, *,
                         confidence: float = 0.95) -> RateRatio:  # fmt: skip
    """(k1 / n1) / (k0 / n0) for events of which one pupil may have many; `squares` sums each pupil's events squared.

    Each side's events and pupils are divided by its own Pearson dispersion (never below 1), and the limits are the
    exact conditional ones of those effective counts: they hold at zero events, and are `rate_ratio`'s own where
    events do not cluster. A side with no events tells nothing of its dispersion and takes the other side's. No
    further widening as in `clustered_events`: these limits are wide enough without it (coverage:
    `tools/calibrate.py`). p is twice the smaller tail, so that it agrees with the limits.

    >>> found = clustered_rate_ratio(40, 150, 140, 60, 900, 150)
    >>> [round(float(value), 4) for value in found]
    [4.0, 1.8424, 8.2386, 0.0006]
    """
    k1, n1, squares1, k0, n0, squares0 = floats(k1, n1, squares1, k0, n0, squares0)
    own1, own0 = event_dispersion(k1, n1, squares1), event_dispersion(k0, n0, squares0)
    phi1, phi0 = np.where(k1 == 0, own0, own1), np.where(k0 == 0, own1, own0)
    a, A, b, B = k1 / phi1, n1 / phi1, k0 / phi0, n0 / phi0
    with np.errstate(invalid="ignore", divide="ignore"):
        share = A / (A + B)
        more = np.where(a > 0, stats.beta.cdf(share, a, b + 1), 1.0)
        fewer = np.where(b > 0, stats.beta.sf(share, a + 1, b), 1.0)
        known = (a + b > 0) & (A > 0) & (B > 0)
        p = np.where(known, np.minimum(2 * np.minimum(more, fewer), 1), np.nan)
    return RateRatio(*_conditional(a, A, b, B, confidence), p)


def risk_ratio(x1: npt.ArrayLike, n1: npt.ArrayLike, x0: npt.ArrayLike, n0: npt.ArrayLike, *,
               confidence: float = 0.95) -> RiskRatio:  # fmt: skip
    """(x1 / n1) / (x0 / n0) of two shares with Katz's log-normal limits; these are not a number where a count is 0.

    >>> [round(float(value), 6) for value in risk_ratio(30, 120, 45, 600)]
    [3.333333, 2.193817, 5.064739]
    """
    x1, n1, x0, n0 = floats(x1, n1, x0, n0)
    ratio = over(over(x1, n1), over(x0, n0))
    with np.errstate(invalid="ignore", divide="ignore"):
        half = normal_quantile(confidence) * np.sqrt(1 / x1 - 1 / n1 + 1 / x0 - 1 / n0)
        half = np.where((x1 > 0) & (x0 > 0), half, np.nan)
    return RiskRatio(ratio, ratio * np.exp(-half), ratio * np.exp(half))


def quasi_poisson(events: npt.ArrayLike, exposure: npt.ArrayLike, *, confidence: float = 0.95) -> UnitRate:
    """The rate of all units together, its limits widened by the units' Pearson dispersion `phi`, on the log scale.

    `phi` is reported as measured and taken as 1 in the limits where it is below 1; p is of its chi-squared. Not a
    number: everything but the rate where there are no events or fewer than two units. ValueError: a unit with no
    exposure (leave it out).

    >>> found = quasi_poisson([4, 9, 12, 3, 7, 15, 2, 10, 6, 22], [52, 60, 71, 44, 58, 66, 39, 75, 61, 70])
    >>> round(100 * found.rate, 4), round(found.phi, 6), round(100 * found.lower, 4), round(100 * found.upper, 4)
    (15.1007, 2.570944, 10.8425, 21.0311)
    """
    observed, units = floats(events, exposure)
    if not (units > 0).all():
        raise ValueError("every unit needs an exposure above zero: leave the others out")
    nan, total = float("nan"), float(observed.sum())
    rate = total / float(units.sum()) if units.size else nan
    if not (total > 0 and units.size > 1):
        return UnitRate(rate, nan, nan, nan, nan)
    expected = rate * units
    squared = float(((observed - expected) ** 2 / expected).sum())
    phi = squared / (units.size - 1)
    half = normal_quantile(confidence) * np.sqrt(max(phi, 1.0) / total)
    p = float(stats.chi2.sf(squared, units.size - 1))
    return UnitRate(rate, phi, float(rate * np.exp(-half)), float(rate * np.exp(half)), p)


def composition_index(events_group: npt.ArrayLike, events_all: npt.ArrayLike, roll_group: npt.ArrayLike,
                      roll_all: npt.ArrayLike) -> Floats:  # fmt: skip
    """A group's share of events over its share of the roll: 1 where it has its share, never above 1 / share of roll.

    >>> round(float(composition_index(46, 116, 180, 1300)), 6)
    2.863985
    """
    return over(over(events_group, events_all), over(roll_group, roll_all))


def cohens_h(p1: npt.ArrayLike, p0: npt.ArrayLike) -> Floats:
    """2 asin(sqrt(p1)) - 2 asin(sqrt(p0)): a gap of two proportions on a scale where all levels weigh alike.

    Not a number outside [0, 1]. Source: Cohen 1988, Statistical Power Analysis, chapter 6.

    >>> round(float(cohens_h(0.25, 0.66)), 6)
    -0.849328
    """
    p1, p0 = floats(p1, p0)
    with np.errstate(invalid="ignore"):
        return np.asarray(2 * np.arcsin(np.sqrt(p1)) - 2 * np.arcsin(np.sqrt(p0)), dtype=np.float64)
