"""How events cluster in people, read back from measure rows: they hold an interval, and not the sum of squares."""

import numpy as np
import polars as pl
from scipy.optimize import elementwise

from sendlab.stats.arrays import Floats
from sendlab.stats.intervals import clustered_events

_SAME = 1e-9  # relative difference of two limits that are one and the same


def squares_of(rows: pl.DataFrame, *, suffix: str = "") -> Floats:
    """Sum over people of their events squared, for rows of a measure of events; not a number where it cannot be told.

    Uses `numerator`, `denominator`, `with_subjects`, `top_share`, `value` and `upper` (with the suffix). Exact where
    who had events tells all: one person, two, or all alike. Otherwise it is the sum with which `clustered_events`
    gives the row's own upper limit (95 %).
    """
    k, n, people, share, value, upper = (
        rows[f"{name}{suffix}"].cast(pl.Float64).fill_null(np.nan).to_numpy()
        for name in ("numerator", "denominator", "with_subjects", "top_share", "value", "upper")
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        per = value / (k / n)  # the measure's own scale, per 100 as a rule
        top = share * k
        alike = np.abs(top * people - k) < 1e-9
        told = np.where(people == 1, k**2, np.where(alike, people * top**2, np.nan))
        told = np.where(people == 2, top**2 + (k - top) ** 2, told)
        found = np.where(k == 0, 0.0, told)
        open_ = ~np.isfinite(found) & (k > 0) & (n > 1) & np.isfinite(upper)
        found[open_] = _from_limit(k[open_], n[open_], (upper / per)[open_])
    return found


def _from_limit(k: Floats, n: Floats, upper: Floats) -> Floats:
    """Squares from the upper limit: it rises from that of events which do not cluster to that of one person's own."""
    least, most = _squares(k, n, 1.0), np.maximum(k**2, _squares(k, n, 1.0))
    found = np.where(_limit(least, k, n) >= upper * (1 - _SAME), least, np.nan)
    found = np.where(np.isnan(found) & (_limit(most, k, n) <= upper * (1 + _SAME)), most, found)
    between = np.isnan(found)
    if between.any():
        events, size, limit = k[between], n[between], upper[between]
        root = elementwise.find_root(
            lambda s, events, size, limit: _limit(s, events, size) - limit,
            (least[between], most[between]), args=(events, size, limit), tolerances={"xrtol": 1e-9},
        )  # fmt: skip
        found[between] = np.where(root.success, root.x, np.nan)
    return found


def _squares(k: Floats, n: Floats, dispersion: float) -> Floats:
    mean = k / n
    return np.asarray(dispersion * mean * (n - 1) + n * mean**2)


def _limit(squares: Floats, k: Floats, n: Floats) -> Floats:
    return clustered_events(k, n, squares)[1]
