"""Funnel limits for many units of unlike size: exact, and widened where the units spread more than chance.

Sources: Spiegelhalter 2005 (Statistics in Medicine 24:1185-1202) for limits, scores and both adjustments; the same
2005 (Quality and Safety in Health Care 14:347-351) for preferring the additive one. OHID's funnels invert Wilson's
interval instead and differ slightly: name the method on the chart.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

from sendlab.stats.arrays import Floats, floats, over

TAILS = (0.001, 0.025, 0.975, 0.999)
FEWEST_UNITS = 10  # below it the spread among units is too poorly known to widen limits by
WINSORISED = (0.1, 0.9)
Kind = Literal["binomial", "poisson", "mean"]


class Scores(NamedTuple):
    """The target, each unit's variance about it by chance alone, and its z."""

    target: float
    variance: Floats
    z: Floats


class Spread(NamedTuple):
    """How far units spread beyond chance: mean squared z as measured and winsorised, and the variance between units.

    `adjust` says whether there are units enough (10) to widen limits by it.
    """

    units: int
    phi_raw: float
    phi: float
    tau2: float
    adjust: bool


def binomial_limits(target: float, n: npt.ArrayLike, tails: Sequence[float] = TAILS) -> Floats:
    """Exact interpolated limits of a share, a row a unit of size `n`, a column a tail; within [0, 1].

    `target` is a proportion from 0 to 1 (ValueError). Not a number where n is 0.

    >>> binomial_limits(0.22, [20, 50]).round(6).tolist()
    [[0.0, 0.023027, 0.390858, 0.515032], [0.046181, 0.10105, 0.330866, 0.405346]]
    """
    if not 0 <= target <= 1:
        raise ValueError("a target share lies from 0 to 1")
    size, p = _grid(n, tails)
    found = stats.binom.ppf(p, size, target)
    at, below = stats.binom.cdf(found, size, target), stats.binom.cdf(found - 1, size, target)
    return np.clip(_interpolated(found, at, below, p) / size, 0, 1)


def poisson_limits(target: float, exposure: npt.ArrayLike, tails: Sequence[float] = TAILS) -> Floats:
    """The same of a rate of events per unit of exposure; `target` is not negative (ValueError).

    >>> (100 * poisson_limits(0.12, 40)).round(4).tolist()
    [[0.0, 1.0613, 22.524, 31.1107]]
    """
    if not target >= 0:
        raise ValueError("a target rate is not negative")
    size, p = _grid(exposure, tails)
    found = stats.poisson.ppf(p, target * size)
    at, below = stats.poisson.cdf(found, target * size), stats.poisson.cdf(found - 1, target * size)
    return np.maximum(_interpolated(found, at, below, p) / size, 0)


def mean_limits(target: float, n: npt.ArrayLike, sd: float, tails: Sequence[float] = TAILS) -> Floats:
    """Limits of a mean of n pupils with this (national) standard deviation: target + z * sd / sqrt(n).

    >>> mean_limits(0, [8, 20], 6.1, tails=[0.975]).round(4).tolist()
    [[4.227], [2.6734]]
    """
    size, p = _grid(n, tails)
    return np.asarray(target + stats.norm.ppf(p) * sd / np.sqrt(size), dtype=np.float64)


def _grid(sizes: npt.ArrayLike, tails: Sequence[float]) -> tuple[Floats, Floats]:
    """Sizes down, tails across; a size that is not above 0 is not a number."""
    size = np.atleast_1d(floats(sizes)[0])[:, None]
    if not all(0 < tail < 1 for tail in tails):
        raise ValueError("tails lie between 0 and 1")
    return np.where(size > 0, size, np.nan), np.asarray(tails, dtype=np.float64)[None, :]


def _interpolated(found: Floats, at: Floats, below: Floats, p: Floats) -> Floats:
    """The smallest count whose chance of no more reaches p, less the part of its own chance above p."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(found - np.where(at > below, (at - p) / (at - below), 0.0), dtype=np.float64)


def scores(kind: Kind, values: npt.ArrayLike, sizes: npt.ArrayLike, *, target: float | None = None,
           sd: float | None = None) -> Scores:  # fmt: skip
    """z of each unit about the target, with the variance that chance gives a unit of its size.

    `values` are shares ("binomial"), rates ("poisson") or means ("mean", which needs `sd`, a pupil's spread). The
    target is by default the value of all units together, weighted by size. Units of no size have no z. ValueError:
    another kind, or a mean without sd.

    >>> found = scores("binomial", [0.2, 0.5], [40, 20])
    >>> round(found.target, 4), found.z.round(4).tolist()
    (0.3, [-1.3801, 1.9518])
    """
    y, n = floats(values, sizes)
    used = (n > 0) & np.isfinite(y)
    centre = target if target is not None else float(over((y[used] * n[used]).sum(), n[used].sum()))
    if kind not in ("binomial", "poisson", "mean") or (kind == "mean" and sd is None):
        raise ValueError("kind is 'binomial', 'poisson' or 'mean', and a mean needs sd")
    single = {"binomial": centre * (1 - centre), "poisson": centre, "mean": (sd or 0.0) ** 2}[kind]
    variance = np.where(used, over(single, n), np.nan)
    return Scores(centre, variance, np.where(used, over(y - centre, np.sqrt(variance)), np.nan))


def overdispersion(z: npt.ArrayLike, variance: npt.ArrayLike) -> Spread:
    """Overdispersion of units from their scores: z is winsorised at the 10th and 90th percentiles, not dropped.

    phi is the mean of squared z; tau2 the variance between units by moments, never below 0. Units without a z are
    left out; with none, the figures are not numbers.

    >>> found = overdispersion([-2, -1, 0, 1, 2, -2, -1, 0, 1, 2], [0.01] * 10)
    >>> round(found.phi_raw, 4), round(found.phi, 4), round(found.tau2, 6), found.adjust
    (2.0, 2.0, 0.012222, True)
    """
    score, v = floats(z, variance)
    score, v = score[np.isfinite(score)], v[np.isfinite(score)]
    units, nan = score.size, float("nan")
    if units == 0:
        return Spread(0, nan, nan, nan, False)
    kept = np.clip(score, *np.quantile(score, WINSORISED))
    phi_raw, phi = float((score**2).mean()), float((kept**2).mean())
    weight = 1 / v
    below = float(weight.sum() - (weight**2).sum() / weight.sum())
    tau2 = max(0.0, (units * phi - (units - 1)) / below) if units > 1 else nan
    return Spread(units, phi_raw, phi, tau2, units >= FEWEST_UNITS)


def widened(
    variance: npt.ArrayLike, spread: Spread, form: Literal["additive", "multiplicative"] = "additive"
) -> Floats:
    """Each unit's variance with what the spread adds; as it was with fewer than 10 units or no spread beyond chance.

    ValueError: another form.

    >>> widened([0.01], Spread(12, 2.5, 2.0, 0.02, True)).tolist()
    [0.03]
    """
    (v,) = floats(variance)
    if form not in ("additive", "multiplicative"):
        raise ValueError(f"no form is called '{form}': use 'additive' or 'multiplicative'")
    if not spread.adjust:
        return v
    return v + spread.tau2 if form == "additive" else v * max(spread.phi, 1.0)


def adjusted_limits(target: float, variance: npt.ArrayLike, spread: Spread,
                    form: Literal["additive", "multiplicative"] = "additive",
                    tails: Sequence[float] = TAILS) -> Floats:  # fmt: skip
    """Normal limits target + z * sqrt(widened variance), a row a unit, a column a tail; not clipped.

    >>> adjusted_limits(0.25, [0.01], Spread(12, 2.5, 2.0, 0.02, True), tails=[0.025, 0.975]).round(4).tolist()
    [[-0.0895, 0.5895]]
    """
    wide = np.atleast_1d(widened(variance, spread, form))[:, None]
    return np.asarray(target + stats.norm.ppf(np.asarray(tails, dtype=np.float64))[None, :] * np.sqrt(wide))


def adjusted_scores(found: Scores, spread: Spread, form: Literal["additive", "multiplicative"] = "additive") -> Floats:
    """Each z by the widened variance.

    >>> one = Scores(0.2, np.array([0.01]), np.array([3.0]))
    >>> adjusted_scores(one, Spread(12, 2.5, 2.0, 0.03, True)).tolist()
    [1.5]
    """
    return np.asarray(found.z * np.sqrt(found.variance / widened(found.variance, spread, form)))
