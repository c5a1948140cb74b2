"""Many comparisons at once: which of a family of p-values stand out."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

from sendlab.stats.arrays import Floats, floats


class Family(NamedTuple):
    """Which comparisons stand out, each p adjusted for the family, and how many were tested."""

    rejected: npt.NDArray[np.bool_]
    adjusted: Floats
    tested: int


def benjamini_hochberg(p: npt.ArrayLike, *, q: float = 0.05) -> Family:
    """Hold the expected share of false findings among all findings at `q` (Benjamini and Hochberg 1995).

    `p` has any shape; the family is every p that is a number (a comparison with none was not made, is not rejected
    and keeps its gap). State the family: all schools times all measures shown, not the one picked after looking.
    ValueError where a p or `q` lies outside [0, 1].

    >>> found = benjamini_hochberg([0.001, float("nan"), 0.04, 0.2])
    >>> found.rejected.tolist(), found.adjusted.round(4).tolist(), found.tested
    ([True, False, False, False], [0.003, nan, 0.06, 0.2], 3)
    """
    (values,) = floats(p)
    made = ~np.isnan(values)
    if not 0 <= q <= 1 or ((values[made] < 0) | (values[made] > 1)).any():
        raise ValueError("p-values and q must lie between 0 and 1")
    adjusted = np.full(values.shape, np.nan)
    if made.any():
        adjusted[made] = stats.false_discovery_control(values[made], method="bh")
    return Family(made & (np.where(made, adjusted, np.inf) <= q), adjusted, int(made.sum()))
