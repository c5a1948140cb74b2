"""Intervals of means and of ratios of sums, each person a unit: from values, or from sums over many groups at once.

Limits are not a number below two people. Methods and worked numbers: Cochran 1977, Sampling Techniques, chapter 6
(ratio estimator); DfE, Primary school accountability (2019) for the interval on a progress score.
"""

from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

from sendlab.stats.arrays import Floats, Limits, floats

DFE_Z = 1.96  # the Department's progress intervals use 1.96, not the longer figure
Scale = Literal["identity", "logit", "open"]


class MeanInterval(NamedTuple):
    """A mean with its limits, in the units of the values."""

    mean: float
    lower: float
    upper: float


def ratio_of_sums(
    a: npt.ArrayLike, m: npt.ArrayLike, *, confidence: float = 0.95, scale: Scale = "identity"
) -> tuple[float, float]:
    """Limits of sum(a) / sum(m) over people, each person a cluster; within [0, 1].

    Ratio estimator with the t distribution on n - 1 degrees of freedom; not a number below two people. For `scale`
    see `ratio_of_sums_from`.

    >>> [round(100 * limit, 1) for limit in ratio_of_sums([12, 40, 3, 0, 30], [190, 190, 95, 190, 60])]
    [0.0, 28.4]
    """
    a, m = floats(a, m)
    if len(a) < 2 or m.sum() <= 0:
        return float("nan"), float("nan")
    sums = (a.sum(), m.sum(), (a * a).sum(), (a * m).sum(), (m * m).sum())
    lower, upper = ratio_of_sums_from(len(a), *sums, confidence=confidence, scale=scale)
    return float(lower), float(upper)


def ratio_of_sums_from(n: npt.ArrayLike, a: npt.ArrayLike, m: npt.ArrayLike, aa: npt.ArrayLike, am: npt.ArrayLike,
                       mm: npt.ArrayLike, *, confidence: float = 0.95,
                       scale: Scale = "identity") -> Limits:  # fmt: skip
    """The same from sums over people of a, m, a*a, a*m and m*m, for many groups at once.

    `scale`: "identity" takes the half-width from the ratio itself and clips; "logit" takes it from its log odds,
    which suits the skewed absence of small groups (coverage: `tools/calibrate.py`) and never needs clipping, but
    gives no limits where the ratio is 0 or 1; "open" is identity without an end at 1, for ratios that are no shares
    (pounds a pupil). ValueError for any other scale.

    >>> sums = [[5], [85], [725], [2653], [12085], [121025]]
    >>> [round(100 * float(limit[0]), 1) for limit in ratio_of_sums_from(*sums, scale="logit")]
    [2.6, 39.5]
    """
    if scale not in ("identity", "logit", "open"):
        raise ValueError(f"no scale is called '{scale}': use 'identity', 'logit' or 'open'")
    n, a, m, aa, am, mm = floats(n, a, m, aa, am, mm)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = a / m
        spread = np.maximum(aa - 2 * ratio * am + ratio**2 * mm, 0)
        half = stats.t.ppf(0.5 + confidence / 2, n - 1) * np.sqrt(n / (n - 1) * spread) / m
        few = (n < 2) | ~(m > 0)
        most = 1.0 if scale == "identity" else np.inf
        lower, upper = _around_log_odds(ratio, half) if scale == "logit" else _around(ratio, half, most)
        return np.where(few, np.nan, lower), np.where(few, np.nan, upper)


def _around(ratio: Floats, half: Floats, most: float) -> Limits:
    return np.clip(ratio - half, 0, most), np.clip(ratio + half, 0, most)


def _around_log_odds(ratio: Floats, half: Floats) -> Limits:
    odds, step = ratio / (1 - ratio), np.exp(half / (ratio * (1 - ratio)))
    return odds / (odds + step), odds / (odds + 1 / step)


def mean_t(n: npt.ArrayLike, total: npt.ArrayLike, squares: npt.ArrayLike, *, confidence: float = 0.95) -> Limits:
    """t interval of a mean from n, the sum and the sum of squares; not a number below two people.

    >>> [round(float(limit), 4) for limit in mean_t(4, 10.0, 30.0)]
    [0.4457, 4.5543]
    """
    n, total, squares = floats(n, total, squares)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / n
        variance = np.maximum(squares - n * mean**2, 0) / (n - 1)
        half = stats.t.ppf(0.5 + confidence / 2, n - 1) * np.sqrt(variance / n)
        few = n < 2
        return np.where(few, np.nan, mean - half), np.where(few, np.nan, mean + half)


def paired_mean(differences: npt.ArrayLike, *, confidence: float = 0.95) -> MeanInterval:
    """Mean of one difference a pupil (later less earlier, say), with its t interval.

    For two measurements of the same pupils: their independence is not assumed. A pupil who lacks either measurement
    must be left out, and counted, beforehand: one missing value makes all three not a number.

    >>> [round(value, 4) for value in paired_mean([1, 2, 3, 4])]
    [2.5, 0.4457, 4.5543]
    """
    (values,) = floats(differences)
    if values.size == 0:
        return MeanInterval(float("nan"), float("nan"), float("nan"))
    mean = float(values.mean())
    if values.size < 2:
        return MeanInterval(mean, float("nan"), float("nan"))
    half = float(stats.t.ppf(0.5 + confidence / 2, values.size - 1) * values.std(ddof=1) / np.sqrt(values.size))
    return MeanInterval(mean, mean - half, mean + half)


def mean_known_sd(mean: npt.ArrayLike, n: npt.ArrayLike, sd: npt.ArrayLike) -> Limits:
    """The Department's interval for a progress score: mean +- 1.96 * national sd / sqrt(n).

    >>> [round(float(limit), 6) for limit in mean_known_sd(-0.308333, 12, 6.1)]
    [-3.759733, 3.143067]
    """
    mean, n, sd = floats(mean, n, sd)
    with np.errstate(invalid="ignore", divide="ignore"):
        half = np.where(n > 0, DFE_Z * sd / np.sqrt(n), np.nan)
    return mean - half, mean + half
