"""Intervals for shares, differences of shares and rates of events: arrays and numbers in, limits out.

Every function returns (lower, upper); limits are not a number where the denominator is zero or missing.
Methods and worked numbers: Wilson 1927; Clopper and Pearson 1934; Newcombe 1998 (Statistics in Medicine 17:857-872,
873-890, 2635-2650); Garwood 1936. Those of means and ratios of sums lie in `sums` and are offered here too.
On counts of a whole population an interval says how far the figure would move by chance among similar pupils.
"""

import numpy as np
import numpy.typing as npt
from scipy import stats

from sendlab.stats.arrays import Floats, Limits, floats, normal_quantile, over
from sendlab.stats.sums import DFE_Z as DFE_Z
from sendlab.stats.sums import mean_known_sd as mean_known_sd
from sendlab.stats.sums import mean_t as mean_t
from sendlab.stats.sums import paired_mean as paired_mean
from sendlab.stats.sums import ratio_of_sums as ratio_of_sums
from sendlab.stats.sums import ratio_of_sums_from as ratio_of_sums_from


def wilson(x: npt.ArrayLike, n: npt.ArrayLike, *, confidence: float = 0.95) -> Limits:
    """Wilson score interval of a share, as proportions in [0, 1].

    >>> [round(float(limit[0]), 6) for limit in wilson([81], [263])]
    [0.255289, 0.36621]
    """
    x, n = floats(x, n)
    z = normal_quantile(confidence)
    with np.errstate(invalid="ignore", divide="ignore"):
        p = np.where(n > 0, x / n, np.nan)
        centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
        half = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
        # at the ends the limits are 0 and 1 themselves; floating error would leave a trace of 1e-17
        lower = np.where(x == 0, np.where(n > 0, 0.0, np.nan), np.clip(centre - half, 0, 1))
        upper = np.where(x == n, np.where(n > 0, 1.0, np.nan), np.clip(centre + half, 0, 1))
        return lower, upper


def clopper_pearson(x: npt.ArrayLike, n: npt.ArrayLike, *, confidence: float = 0.95) -> Limits:
    """Exact (never too narrow) interval of a share, as proportions in [0, 1]; Clopper and Pearson 1934.

    >>> [round(float(limit), 6) for limit in clopper_pearson(81, 263)]
    [0.252737, 0.367622]
    """
    x, n = floats(x, n)
    tail = (1 - confidence) / 2
    with np.errstate(invalid="ignore"):
        bad = ~((n > 0) & (x >= 0) & (x <= n))
        lower = np.where(x > 0, stats.beta.ppf(tail, x, n - x + 1), 0.0)
        upper = np.where(x < n, stats.beta.ppf(1 - tail, x + 1, n - x), 1.0)
        return np.where(bad, np.nan, lower), np.where(bad, np.nan, upper)


def newcombe(x1: npt.ArrayLike, n1: npt.ArrayLike, x2: npt.ArrayLike, n2: npt.ArrayLike, *,
             confidence: float = 0.95) -> Limits:  # fmt: skip
    """Difference of two independent shares (first minus second), hybrid score method 10, as proportions.

    >>> [round(float(limit), 6) for limit in newcombe(56, 70, 48, 80)]
    [0.052431, 0.333873]
    """
    return difference(*_share_and_limits(x1, n1, confidence), *_share_and_limits(x2, n2, confidence))


def _share_and_limits(x: npt.ArrayLike, n: npt.ArrayLike, confidence: float) -> tuple[Floats, Floats, Floats]:
    return (over(x, n), *wilson(x, n, confidence=confidence))


def newcombe_paired(a: npt.ArrayLike, b: npt.ArrayLike, c: npt.ArrayLike, d: npt.ArrayLike, *,
                    confidence: float = 0.95) -> Limits:  # fmt: skip
    """Difference of two shares of the same pupils (first minus second), as proportions.

    Counts of pupils: `a` yes both times, `b` the first time only, `c` the second time only, `d` neither. Wilson limits
    joined with the correlation of the two answers, its continuity corrected (Newcombe 1998, Statistics in Medicine
    17:2635-2650, method 10). Not a number where there are no pupils.

    >>> [round(float(limit), 4) for limit in newcombe_paired(59, 6, 16, 80)]
    [-0.1186, -0.0046]
    """
    a, b, c, d = floats(a, b, c, d)
    n, phi = a + b + c + d, _paired_phi(a, b, c, d)
    p1, l1, u1 = _share_and_limits(a + b, n, confidence)
    p2, l2, u2 = _share_and_limits(a + c, n, confidence)
    down = (p1 - l1) ** 2 - 2 * phi * (p1 - l1) * (u2 - p2) + (u2 - p2) ** 2
    up = (p2 - l2) ** 2 - 2 * phi * (p2 - l2) * (u1 - p1) + (u1 - p1) ** 2
    gap = over(b - c, n)
    # the squares are never negative but for rounding, where both answers agree in everything
    return gap - np.sqrt(np.maximum(down, 0)), gap + np.sqrt(np.maximum(up, 0))


def _paired_phi(a: Floats, b: Floats, c: Floats, d: Floats) -> Floats:
    """Correlation of two answers, drawn n/2 towards 0 where positive; 0 where one answer is the same for all."""
    cross = a * d - b * c
    cross = np.where(cross > 0, np.maximum(cross - (a + b + c + d) / 2, 0), cross)
    margins = np.sqrt((a + b) * (c + d) * (a + c) * (b + d))
    return np.where(margins > 0, cross / np.where(margins > 0, margins, 1), 0.0)


def difference(g1: npt.ArrayLike, l1: npt.ArrayLike, u1: npt.ArrayLike,
               g0: npt.ArrayLike, l0: npt.ArrayLike, u0: npt.ArrayLike) -> Limits:  # fmt: skip
    """Difference g1 - g0 of two independent estimates from their own limits (MOVER; Zou and Donner 2008).

    >>> [round(float(limit), 6) for limit in difference(.397082, .290693, .487981, .447917, .342942, .532496)]
    [-0.186748, 0.088026]
    """
    g1, l1, u1, g0, l0, u0 = floats(g1, l1, u1, g0, l0, u0)
    gap = g1 - g0
    return gap - np.sqrt((g1 - l1) ** 2 + (u0 - g0) ** 2), gap + np.sqrt((u1 - g1) ** 2 + (g0 - l0) ** 2)


def garwood(events: npt.ArrayLike, exposure: npt.ArrayLike, *, confidence: float = 0.95) -> Limits:
    """Exact Poisson limits of events per unit of exposure.

    >>> [round(100 * float(limit), 4) for limit in garwood(23, 95)]
    [15.3474, 36.3277]
    """
    events, exposure = floats(events, exposure)
    tail = (1 - confidence) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        lower = np.where(events > 0, stats.chi2.ppf(tail, 2 * events) / 2, 0.0)
        upper = stats.chi2.ppf(1 - tail, 2 * events + 2) / 2
        bad = ~(exposure > 0) | ~np.isfinite(events)
        return np.where(bad, np.nan, lower / exposure), np.where(bad, np.nan, upper / exposure)


def byar(events: npt.ArrayLike, exposure: npt.ArrayLike, *, confidence: float = 0.95) -> Limits:
    """Byar's approximate Poisson limits of events per unit of exposure, as OHID uses from 10 events on.

    Source: Breslow and Day 1987, Statistical Methods in Cancer Research II. Below 10 events use `garwood`.

    >>> [round(float(limit), 5) for limit in byar(7, 1)]
    [2.80443, 14.42326]
    """
    events, exposure = floats(events, exposure)
    z = normal_quantile(confidence)
    with np.errstate(invalid="ignore", divide="ignore"):
        lower = np.where(events > 0, events * (1 - 1 / (9 * events) - z / (3 * np.sqrt(events))) ** 3, 0.0)
        more = events + 1
        upper = more * (1 - 1 / (9 * more) + z / (3 * np.sqrt(more))) ** 3
        bad = ~(exposure > 0) | ~(events >= 0)
        # below two events the cube turns negative
        return np.where(bad, np.nan, np.maximum(lower, 0) / exposure), np.where(bad, np.nan, upper / exposure)


def event_dispersion(events: npt.ArrayLike, people: npt.ArrayLike, squares: npt.ArrayLike) -> Floats:
    """Pearson dispersion of events among people, sum((y - m)^2 / m) / (people - 1), never below 1.

    `squares` is the sum over people of their events squared. 1 where there are no events, or one person.

    >>> event_dispersion([12], [40], [36]).round(6).tolist()  # four pupils of 40 with three each
    [2.769231]
    """
    k, n, s2 = floats(events, people, squares)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = k / n
        pearson = (s2 - n * mean**2) / (mean * (n - 1))
        return np.where((k > 0) & (n > 1), np.maximum(pearson, 1.0), 1.0)


def clustered_events(events: npt.ArrayLike, people: npt.ArrayLike, squares: npt.ArrayLike, *,
                     confidence: float = 0.95) -> Limits:  # fmt: skip
    """Events per person where one person may have many: Garwood limits widened by the dispersion among people.

    `squares` is the sum over people of their events squared. The limits are Garwood's for an effective count of
    events / dispersion, so they hold at small counts too and are Garwood's own where events do not cluster. The
    dispersion above 1 is itself measured on few people: it is taken times the square of t over z, on as many degrees
    of freedom as effective events and one more. Coverage, and from what size it holds: `tools/calibrate.py`.

    >>> lower, upper = clustered_events([12], [100], [144])  # one person had all twelve
    >>> bool(lower[0] < 0.02), bool(upper[0] > 0.6)
    (True, True)
    """
    k, n, s2 = (np.atleast_1d(value) for value in floats(events, people, squares))
    plain = event_dispersion(k, n, s2)
    with np.errstate(invalid="ignore"):
        t = stats.t.ppf(0.5 + confidence / 2, k / plain + 1)
        widened = 1 + (plain - 1) * (t / normal_quantile(confidence)) ** 2
        return garwood(k / widened, n / widened, confidence=confidence)
