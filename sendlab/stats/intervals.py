"""Intervals for shares, rates of events, ratios of sums and means: arrays and numbers in, limits out.

Every function returns (lower, upper); limits are not a number where the denominator is zero or missing.
Methods and worked numbers: Wilson 1927; Newcombe 1998 (Statistics in Medicine 17:857-872, 873-890); Garwood 1936.
On counts of a whole population an interval says how far the figure would move by chance among similar pupils.
"""

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]
Limits = tuple[Floats, Floats]
DFE_Z = 1.96  # the Department's progress intervals use 1.96, not the longer figure


def _z(confidence: float) -> float:
    return float(stats.norm.ppf(0.5 + confidence / 2))


def wilson(x: npt.ArrayLike, n: npt.ArrayLike, *, confidence: float = 0.95) -> Limits:
    """Wilson score interval of a share, as proportions in [0, 1].

    >>> [round(float(limit[0]), 6) for limit in wilson([81], [263])]
    [0.255289, 0.36621]
    """
    x, n = np.asarray(x, dtype=np.float64), np.asarray(n, dtype=np.float64)
    z = _z(confidence)
    with np.errstate(invalid="ignore", divide="ignore"):
        p = np.where(n > 0, x / n, np.nan)
        centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
        half = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
        # at the ends the limits are 0 and 1 themselves; floating error would leave a trace of 1e-17
        lower = np.where(x == 0, np.where(n > 0, 0.0, np.nan), np.clip(centre - half, 0, 1))
        upper = np.where(x == n, np.where(n > 0, 1.0, np.nan), np.clip(centre + half, 0, 1))
        return lower, upper


def newcombe(x1: npt.ArrayLike, n1: npt.ArrayLike, x2: npt.ArrayLike, n2: npt.ArrayLike, *,
             confidence: float = 0.95) -> Limits:  # fmt: skip
    """Difference of two independent shares (first minus second), hybrid score method 10, as proportions.

    >>> [round(float(limit), 6) for limit in newcombe(56, 70, 48, 80)]
    [0.052431, 0.333873]
    """
    return difference(*_share_and_limits(x1, n1, confidence), *_share_and_limits(x2, n2, confidence))


def _share_and_limits(x: npt.ArrayLike, n: npt.ArrayLike, confidence: float) -> tuple[Floats, Floats, Floats]:
    x, n = np.asarray(x, dtype=np.float64), np.asarray(n, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(n > 0, x / n, np.nan)
    return (share, *wilson(x, n, confidence=confidence))


def difference(g1: npt.ArrayLike, l1: npt.ArrayLike, u1: npt.ArrayLike,
               g0: npt.ArrayLike, l0: npt.ArrayLike, u0: npt.ArrayLike) -> Limits:  # fmt: skip
    """Difference g1 - g0 of two independent estimates from their own limits (MOVER; Zou and Donner 2008).

    >>> [round(float(limit), 6) for limit in difference(.397082, .290693, .487981, .447917, .342942, .532496)]
    [-0.186748, 0.088026]
    """
    g1, l1, u1, g0, l0, u0 = (np.asarray(v, dtype=np.float64) for v in (g1, l1, u1, g0, l0, u0))
    gap = g1 - g0
    return gap - np.sqrt((g1 - l1) ** 2 + (u0 - g0) ** 2), gap + np.sqrt((u1 - g1) ** 2 + (g0 - l0) ** 2)


def garwood(events: npt.ArrayLike, exposure: npt.ArrayLike, *, confidence: float = 0.95) -> Limits:
    """Exact Poisson limits of events per unit of exposure.

    >>> [round(100 * float(limit), 4) for limit in garwood(23, 95)]
    [15.3474, 36.3277]
    """
    events, exposure = np.asarray(events, dtype=np.float64), np.asarray(exposure, dtype=np.float64)
    tail = (1 - confidence) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        lower = np.where(events > 0, stats.chi2.ppf(tail, 2 * events) / 2, 0.0)
        upper = stats.chi2.ppf(1 - tail, 2 * events + 2) / 2
        bad = ~(exposure > 0) | ~np.isfinite(events)
        return np.where(bad, np.nan, lower / exposure), np.where(bad, np.nan, upper / exposure)


def clustered_events(events: npt.ArrayLike, people: npt.ArrayLike, squares: npt.ArrayLike, *,
                     confidence: float = 0.95) -> Limits:  # fmt: skip
    """Events per person where one person may have many: Garwood limits widened by the dispersion among people.

    `squares` is the sum over people of their events squared. The dispersion is the Pearson one,
    sum((y - m)^2 / m) / (people - 1), never taken below 1; the limits are Garwood's for an effective count of
    events / dispersion, so they hold at small counts too and are Garwood's own where events do not cluster.

    >>> lower, upper = clustered_events([12], [100], [144])  # one person had all twelve
    >>> bool(lower[0] < 0.02), bool(upper[0] > 0.6)
    (True, True)
    """
    k, n, s2 = (np.atleast_1d(np.asarray(v, dtype=np.float64)) for v in (events, people, squares))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = k / n
        dispersion = (s2 - n * mean**2) / (mean * (n - 1))
        dispersion = np.where((k > 0) & (n > 1), np.maximum(dispersion, 1.0), 1.0)
        return garwood(k / dispersion, n / dispersion, confidence=confidence)


def ratio_of_sums(a: npt.ArrayLike, m: npt.ArrayLike, *, confidence: float = 0.95) -> tuple[float, float]:
    """Limits of sum(a) / sum(m) over people, each person a cluster; clipped to [0, 1].

    Ratio estimator with the t distribution on n - 1 degrees of freedom; not a number below two people.

    >>> [round(100 * limit, 1) for limit in ratio_of_sums([12, 40, 3, 0, 30], [190, 190, 95, 190, 60])]
    [0.0, 28.4]
    """
    a, m = np.asarray(a, dtype=np.float64), np.asarray(m, dtype=np.float64)
    if len(a) < 2 or m.sum() <= 0:
        return float("nan"), float("nan")
    sums = (a.sum(), m.sum(), (a * a).sum(), (a * m).sum(), (m * m).sum())
    lower, upper = ratio_of_sums_from(len(a), *sums, confidence=confidence)
    return float(lower), float(upper)


def ratio_of_sums_from(n: npt.ArrayLike, a: npt.ArrayLike, m: npt.ArrayLike, aa: npt.ArrayLike, am: npt.ArrayLike,
                       mm: npt.ArrayLike, *, confidence: float = 0.95) -> Limits:  # fmt: skip
    """The same from sums over people of a, m, a*a, a*m and m*m, for many groups at once."""
    n, a, m, aa, am, mm = (np.asarray(v, dtype=np.float64) for v in (n, a, m, aa, am, mm))
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = a / m
        spread = np.maximum(aa - 2 * ratio * am + ratio**2 * mm, 0)
        half = stats.t.ppf(0.5 + confidence / 2, n - 1) * np.sqrt(n / (n - 1) * spread) / m
        few = (n < 2) | ~(m > 0)
        lower, upper = np.clip(ratio - half, 0, 1), np.clip(ratio + half, 0, 1)
        return np.where(few, np.nan, lower), np.where(few, np.nan, upper)


def mean_t(n: npt.ArrayLike, total: npt.ArrayLike, squares: npt.ArrayLike, *, confidence: float = 0.95) -> Limits:
    """t interval of a mean from n, the sum and the sum of squares; not a number below two people.

    >>> [round(float(limit), 4) for limit in mean_t(4, 10.0, 30.0)]
    [0.4457, 4.5543]
    """
    n, total, squares = (np.asarray(v, dtype=np.float64) for v in (n, total, squares))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / n
        variance = np.maximum(squares - n * mean**2, 0) / (n - 1)
        half = stats.t.ppf(0.5 + confidence / 2, n - 1) * np.sqrt(variance / n)
        few = n < 2
        return np.where(few, np.nan, mean - half), np.where(few, np.nan, mean + half)


def mean_known_sd(mean: npt.ArrayLike, n: npt.ArrayLike, sd: npt.ArrayLike) -> Limits:
    """The Department's interval for a progress score: mean +- 1.96 * national sd / sqrt(n).

    >>> [round(float(limit), 6) for limit in mean_known_sd(-0.308333, 12, 6.1)]
    [-3.759733, 3.143067]
    """
    mean, n, sd = (np.asarray(v, dtype=np.float64) for v in (mean, n, sd))
    with np.errstate(invalid="ignore", divide="ignore"):
        half = np.where(n > 0, DFE_Z * sd / np.sqrt(n), np.nan)
    return mean - half, mean + half
