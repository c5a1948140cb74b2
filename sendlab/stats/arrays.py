"""What every module here shares: the type of an array of numbers, reading numbers in, and the normal quantile."""

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]
Limits = tuple[Floats, Floats]


def floats(*values: npt.ArrayLike) -> tuple[Floats, ...]:
    """Each value as an array of floats.

    >>> [array.tolist() for array in floats(3, [1, 2])]
    [3.0, [1.0, 2.0]]
    """
    return tuple(np.asarray(value, dtype=np.float64) for value in values)


def normal_quantile(confidence: float) -> float:
    """The z that leaves half of what `confidence` leaves out in each tail; `confidence` lies between 0 and 1.

    >>> round(normal_quantile(0.95), 6)
    1.959964
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, not {confidence}")
    return float(stats.norm.ppf(0.5 + confidence / 2))


def over(numerator: npt.ArrayLike, denominator: npt.ArrayLike) -> Floats:
    """numerator / denominator; not a number where the denominator is not above zero.

    >>> over([1, 0], [4, 0]).tolist()
    [0.25, nan]
    """
    top, bottom = floats(numerator, denominator)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(bottom > 0, top / bottom, np.nan)
