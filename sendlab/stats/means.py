"""Two means compared: Welch's interval and Hedges' g.

Group 1 comes first and differences are group 1 less group 0. Fewer than two pupils on a side, or no spread in
either, leave limits that are not a number. Sources: Welch 1947; Hedges 1981; Borenstein and others 2009, chapter 4.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from sendlab.stats.arrays import Floats, floats, normal_quantile


class Welch(NamedTuple):
    """Difference of two means, its t limits, degrees of freedom, and two-sided p of none."""

    difference: Floats
    lower: Floats
    upper: Floats
    df: Floats
    p: Floats


class Hedges(NamedTuple):
    """Standardised difference of two means, its standard error and normal limits."""

    g: Floats
    se: Floats
    lower: Floats
    upper: Floats


def welch(values1: npt.ArrayLike, values0: npt.ArrayLike, *, confidence: float = 0.95) -> Welch:
    """Mean of the first sample less the mean of the second, spreads not assumed equal.

    A missing value makes everything not a number: leave such pupils out, and count them, beforehand.

    >>> [round(float(value), 4) for value in welch([5, 7, 9, 11], [4, 5, 6])]
    [3.0, -0.898, 6.898, 4.0755, 0.0999]
    """
    first, second = _moments(values1), _moments(values0)
    return welch_from(*first, *second, confidence=confidence)


def _moments(values: npt.ArrayLike) -> tuple[int, float, float]:
    (array,) = floats(values)
    mean = float(array.mean()) if array.size else float("nan")
    return array.size, mean, float(array.std(ddof=1)) if array.size > 1 else float("nan")


def welch_from(n1: npt.ArrayLike, m1: npt.ArrayLike, s1: npt.ArrayLike, n0: npt.ArrayLike, m0: npt.ArrayLike,
               s0: npt.ArrayLike, *, confidence: float = 0.95) -> Welch:  # fmt: skip
    """The same from numbers of pupils, means and standard deviations (divisor n - 1), for many pairs at once.

    >>> [round(float(value), 4) for value in welch_from(50, 103, 5.5, 50, 100, 4.5)]
    [3.0, 1.0047, 4.9953, 94.3022, 0.0036]
    """
    n1, m1, s1, n0, m0, s0 = floats(n1, m1, s1, n0, m0, s0)
    with np.errstate(invalid="ignore", divide="ignore"):
        v1, v0 = s1**2 / n1, s0**2 / n0
        df = (v1 + v0) ** 2 / (v1**2 / (n1 - 1) + v0**2 / (n0 - 1))
        df = np.where((n1 > 1) & (n0 > 1), df, np.nan)
        gap, se = m1 - m0, np.sqrt(v1 + v0)
        half = stats.t.ppf(0.5 + confidence / 2, df) * se
        p = 2 * stats.t.sf(np.abs(gap) / se, df)
    return Welch(gap, gap - half, gap + half, df, p)


def hedges_g(n1: npt.ArrayLike, m1: npt.ArrayLike, s1: npt.ArrayLike, n0: npt.ArrayLike, m0: npt.ArrayLike,
             s0: npt.ArrayLike, *, exact: bool = False, confidence: float = 0.95) -> Hedges:  # fmt: skip
    """Difference of means in pooled standard deviations, corrected for small samples.

    `exact` takes the correction from the gamma function in place of 1 - 3 / (4 df - 1). Variance: J^2 times
    (n1 + n0) / (n1 n0) + d^2 / (2 (n1 + n0)) (other programs use slightly different ones).

    >>> [round(float(value), 6) for value in hedges_g(50, 103, 5.5, 50, 100, 4.5)]
    [0.592442, 0.202839, 0.194885, 0.989998]
    """
    n1, m1, s1, n0, m0, s0 = floats(n1, m1, s1, n0, m0, s0)
    with np.errstate(invalid="ignore", divide="ignore"):
        df = np.where((n1 > 1) & (n0 > 1), n1 + n0 - 2, np.nan)
        pooled = np.sqrt(((n1 - 1) * s1**2 + (n0 - 1) * s0**2) / df)
        d = np.where(pooled > 0, (m1 - m0) / pooled, np.nan)
        j = _exact_correction(df) if exact else 1 - 3 / (4 * df - 1)
        g, se = j * d, j * np.sqrt((n1 + n0) / (n1 * n0) + d**2 / (2 * (n1 + n0)))
    half = normal_quantile(confidence) * se
    return Hedges(g, se, g - half, g + half)


def _exact_correction(df: Floats) -> Floats:
    ratio: Floats = np.exp(special.gammaln(df / 2) - special.gammaln((df - 1) / 2)) / np.sqrt(df / 2)
    return ratio
