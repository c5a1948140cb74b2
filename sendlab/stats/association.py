"""How closely two measurements of the same people go together: Pearson's correlation with Fisher's limits.

An association says nothing of cause. Measurement error in either draws it towards zero. Source: Fisher 1921, On the
"probable error" of a coefficient of correlation deduced from a small sample.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sendlab.stats.arrays import floats, normal_quantile


class Correlation(NamedTuple):
    """Pearson's r, its limits, and the people it rests on; not a number where the data cannot give one."""

    r: float
    lower: float
    upper: float
    n: int


def correlation(x: npt.ArrayLike, y: npt.ArrayLike, *, confidence: float = 0.95) -> Correlation:
    """Pearson's r of two measurements a person, limits by Fisher's z: tanh(artanh r -+ z / root(n - 3)).

    No spread in either leaves everything not a number; fewer than four people leave no limits. A missing value makes
    everything not a number: leave such people out, and count them, beforehand.

    >>> found = correlation([1, 2, 3, 4, 5], [2, 1, 4, 3, 5])
    >>> [round(value, 6) for value in found[:3]], found.n
    ([0.8, -0.27964, 0.986196], 5)
    """
    first, second = floats(x, y)
    n, nothing = first.size, float("nan")
    if n < 2 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return Correlation(nothing, nothing, nothing, n)
    a, b = first - first.mean(), second - second.mean()
    r = float(np.clip(a @ b / np.sqrt((a @ a) * (b @ b)), -1, 1))
    if n < 4:
        return Correlation(r, nothing, nothing, n)
    with np.errstate(divide="ignore"):
        z, half = np.arctanh(r), normal_quantile(confidence) / np.sqrt(n - 3)
    return Correlation(r, float(np.tanh(z - half)), float(np.tanh(z + half)), n)
