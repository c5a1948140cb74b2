"""Analysis of covariance: the difference between two groups' later scores at the same first score and stratum."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Effect:
    """An adjusted difference in points, with its interval; not a number where the data cannot give one."""

    value: float
    se: float
    lower: float
    upper: float
    residual_df: int
    treated: int
    comparison: int


def ancova(
    post: npt.ArrayLike,
    pre: npt.ArrayLike,
    treated: npt.ArrayLike,
    strata: npt.ArrayLike | None = None,
    *,
    confidence: float = 0.95,
) -> Effect:
    """Ordinary least squares of post on treated, pre and one constant a stratum; interval by t.

    Only strata that hold both treated and comparison pupils tell anything about the difference, so the others are
    left out; `treated` and `comparison` count the pupils used. Description, not impact: pupils choose, and are
    chosen for, interventions.

    >>> pre = [72, 75, 70, 78, 80, 74, 69, 77, 73, 76, 79, 82, 75, 84, 77, 81, 78, 86, 80, 74]
    >>> post = [80, 84, 76, 85, 90, 81, 75, 86, 79, 85, 82, 84, 78, 86, 80, 83, 79, 90, 83, 75]
    >>> effect = ancova(post, pre, [1] * 10 + [0] * 10)
    >>> round(effect.value, 6), round(effect.se, 6), round(effect.lower, 6), round(effect.upper, 6)
    (6.332226, 0.590968, 5.085392, 7.579059)
    """
    y, x, t = (np.asarray(v, dtype=np.float64) for v in (post, pre, treated))
    stratum = np.zeros(len(y), dtype=np.int64) if strata is None else _numbered(strata)
    used = np.isin(stratum, np.intersect1d(stratum[t == 1], stratum[t == 0]))
    y, x, t, stratum = y[used], x[used], t[used], stratum[used]
    groups = np.unique(stratum)
    counts = int((t == 1).sum()), int((t == 0).sum())
    df = len(y) - len(groups) - 2
    nothing = Effect(np.nan, np.nan, np.nan, np.nan, max(df, 0), *counts)
    if df < 1:
        return nothing
    design = np.column_stack([t, x, *(stratum == group for group in groups)]).astype(np.float64)
    solution, _, rank, _ = np.linalg.lstsq(design, y, rcond=None)
    if rank < design.shape[1]:
        return nothing
    residual = y - design @ solution
    variance = float(residual @ residual) / df * np.linalg.inv(design.T @ design)[0, 0]
    se = float(np.sqrt(variance))
    half = float(stats.t.ppf(0.5 + confidence / 2, df)) * se
    value = float(solution[0])
    return Effect(value, se, value - half, value + half, df, *counts)


def _numbered(strata: npt.ArrayLike) -> npt.NDArray[np.int64]:
    return np.unique(np.asarray(strata), return_inverse=True)[1].astype(np.int64)
