"""Shrinkage of units' figures towards the whole by how little each unit knows (empirical Bayes), and ranks.

Shrunken values are for caution about ranks and for planning, never a school's reported result. Sources:
DerSimonian and Laird 1986; Efron and Morris 1975; Kleinman 1973 (moments of the beta-binomial); Goldstein and
Spiegelhalter 1996 (ranks).
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

from sendlab.stats.arrays import Floats, floats, normal_quantile, over

NOTHING = 1e-6  # variance between units, over that within, that counts as none


class Heterogeneity(NamedTuple):
    """Variance between units by moments, the mean over units, and Cochran's Q."""

    tau2: float
    mean: float
    q: float


class Shrunk(NamedTuple):
    """Each unit's posterior mean, standard deviation and limits; its weight (1: its own figure, 0: the whole's)."""

    estimate: Floats
    sd: Floats
    lower: Floats
    upper: Floats
    weight: Floats
    mean: float
    tau2: float


class TwoLevel(NamedTuple):
    """A two-level model of pupils in units: units in sorted order, with what is known of each.

    `converged` is False where the search for the variances gave up: do not use the figures then.
    """

    units: npt.NDArray[np.generic]
    shrunk: Shrunk
    pupil_sd: float
    converged: bool


class BetaPrior(NamedTuple):
    """The spread of true shares among units: mean, correlation of two pupils of a unit, and the beta's a and b."""

    mean: float
    rho: float
    a: float
    b: float


class ShrunkShares(NamedTuple):
    """Each unit's posterior mean share and limits, and the prior used."""

    estimate: Floats
    lower: Floats
    upper: Floats
    prior: BetaPrior


class Ranks(NamedTuple):
    """Expected rank of each unit (1 is the highest) and the limits that its rank lies in."""

    mean: Floats
    lower: Floats
    upper: Floats


def dersimonian_laird(means: npt.ArrayLike, variances: npt.ArrayLike) -> Heterogeneity:
    """Variance between units and their mean, from means and the variance that chance gives each (sd^2 / n).

    Units without both, or with a variance that is not above 0, are left out; below two units, not numbers.

    >>> [round(value, 4) for value in dersimonian_laird([1, 3, 8], [1, 1, 2])]
    [9.0, 3.875, 16.4]
    """
    y, v = floats(means, variances)
    used = np.isfinite(y) & (v > 0) & np.isfinite(v)
    y, w = y[used], 1 / v[used]
    if y.size < 2:
        return Heterogeneity(float("nan"), float("nan"), float("nan"))
    q = float((w * (y - np.average(y, weights=w)) ** 2).sum())
    tau2 = max(0.0, (q - (y.size - 1)) / float(w.sum() - (w**2).sum() / w.sum()))
    return Heterogeneity(tau2, float(np.average(y, weights=1 / (1 / w + tau2))), q)


def normal_shrinkage(means: npt.ArrayLike, n: npt.ArrayLike, sd: float, *, tau2: float | None = None,
                     mean: float | None = None, confidence: float = 0.95) -> Shrunk:  # fmt: skip
    """Units' means drawn to the mean over units; `sd` is one pupil's spread within a unit, n the units' pupils.

    The variance between units and the mean are DerSimonian and Laird's unless given. Where that variance is 0 every
    estimate is the mean, and there are no limits: the formula would claim certainty. The limits take both as known.
    A unit with no pupils has no numbers.

    >>> found = normal_shrinkage([-1.9, 0.6, 2.4], [6, 28, 12], 6.0, tau2=1.5, mean=0.0)
    >>> found.weight.round(5).tolist(), found.estimate.round(5).tolist()
    ([0.2, 0.53846, 0.33333], [-0.38, 0.32308, 0.8])
    """
    y, size = floats(means, n)
    variance = over(sd**2, size)
    known = dersimonian_laird(y, variance)
    between, centre = known.tau2 if tau2 is None else tau2, known.mean if mean is None else mean
    return _shrunk(y, variance, between, centre, confidence)


def _shrunk(y: Floats, variance: Floats, tau2: float, centre: float, confidence: float) -> Shrunk:
    with np.errstate(invalid="ignore"):
        weight = np.asarray(tau2 / (tau2 + variance))
    estimate, spread = centre + weight * (y - centre), np.sqrt(weight * variance)
    half = normal_quantile(confidence) * np.where(spread > 0, spread, np.nan)
    return Shrunk(estimate, spread, estimate - half, estimate + half, weight, float(centre), float(tau2))


def shrinkage_of(means: npt.ArrayLike, variances: npt.ArrayLike, *, confidence: float = 0.95) -> Shrunk:
    """Normal shrinkage of means that each have a variance of their own, towards their DerSimonian-Laird mean.

    `variances` are those of chance, all above 0. Between-unit variance by moments; no variance pulls every unit onto
    the mean (weight and sd 0).

    >>> [round(float(mean), 2) for mean in shrinkage_of([1, 3, 8], [1, 1, 2]).estimate]
    [1.29, 3.09, 7.25]
    """
    y, v = floats(means, variances)
    found = dersimonian_laird(y, v)
    return _shrunk(y, v, found.tau2, found.mean, confidence)


def two_level(values: npt.ArrayLike, units: npt.ArrayLike, *, confidence: float = 0.95) -> TwoLevel:
    """The same from pupils' own values: random intercept a unit, fitted by restricted maximum likelihood.

    statsmodels' MixedLM; estimates are the unit means it predicts (BLUPs). A variance between units below a millionth
    of that within is taken as 0. ValueError: a missing value, lists of unequal length, or fewer than two units.

    >>> found = two_level([1, 2, 3, 7, 8, 9, 4, 5, 6], ["a"] * 3 + ["b"] * 3 + ["c"] * 3)
    >>> found.units.tolist(), found.shrunk.estimate.round(3).tolist(), found.converged
    (['a', 'b', 'c'], [2.111, 7.889, 5.0], True)
    """
    import warnings

    from statsmodels.regression.mixed_linear_model import MixedLM

    (y,) = floats(values)
    names, codes = np.unique(np.asarray(units), return_inverse=True)
    if len(codes) != len(y) or not np.isfinite(y).all() or len(names) < 2:
        raise ValueError("two_level needs one unit a value, two units or more, and no missing values")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what they say is in `converged`, or is the variance of 0 mended below
        # of statsmodels' searches Powell's finds the highest likelihood, also where the variance is 0
        fit = MixedLM(y, np.ones((len(y), 1)), groups=codes).fit(reml=True, method="powell", xtol=1e-8, ftol=1e-12)
    within, between = float(fit.scale), float(fit.cov_re[0, 0])
    between = between if between > NOTHING * within else 0.0
    size = np.bincount(codes).astype(np.float64)
    means = np.bincount(codes, weights=y) / size
    shrunk = _shrunk(means, within / size, between, float(fit.fe_params[0]), confidence)
    return TwoLevel(names, shrunk, float(np.sqrt(within)), bool(fit.converged))


def beta_prior(x: npt.ArrayLike, n: npt.ArrayLike) -> BetaPrior:
    """Beta distribution of units' true shares by the method of moments, from x of n pupils a unit.

    Where the units spread no more than chance, rho is not above 0 and a and b are infinite. Where they spread more
    than any beta can (rho 1 or above), below two units, or where all or no pupils count, a and b are not numbers.
    Units with no pupils are left out.

    >>> found = beta_prior([3, 8, 12, 5, 20, 9, 2, 14, 7, 30], [25, 40, 48, 31, 60, 52, 22, 45, 50, 70])
    >>> round(found.rho, 6), round(found.a + found.b, 4)
    (0.046919, 20.3133)
    """
    count, size = floats(x, n)
    used = (size > 0) & np.isfinite(count)
    count, size = count[used], size[used]
    units, total = count.size, size.sum()
    m = float(count.sum() / total) if units > 1 else float("nan")
    if not 0 < m < 1:
        return BetaPrior(m, float("nan"), float("nan"), float("nan"))
    beyond = (size * (count / size - m) ** 2).sum() - m * (1 - m) * (units - 1)
    within = float(total - (size**2).sum() / total - (units - 1))  # 0 where every unit has one pupil
    rho = float(beyond / (m * (1 - m) * within)) if within > 0 else float("nan")
    strength = 1 / rho - 1 if 0 < rho < 1 else float("inf") if rho <= 0 else float("nan")
    return BetaPrior(m, rho, m * strength, (1 - m) * strength)


def beta_shrinkage(x: npt.ArrayLike, n: npt.ArrayLike, *, prior: BetaPrior | None = None,
                   confidence: float = 0.95) -> ShrunkShares:  # fmt: skip
    """Units' shares drawn to the mean share: posterior mean (x + a) / (n + a + b) with equal-tailed limits.

    The prior is `beta_prior`'s unless given. Where it is infinitely strong every estimate is its mean, and there are
    no limits: the formula would claim certainty. A unit with no pupils has the prior's own.

    >>> found = beta_shrinkage([0, 9], [8, 24], prior=BetaPrior(0.22, 1 / 31, 6.6, 23.4))
    >>> found.estimate.round(6).tolist(), found.lower.round(6).tolist(), found.upper.round(6).tolist()
    ([0.173684, 0.288889], [0.07242, 0.177155], [0.307308, 0.415428])
    """
    count, size = floats(x, n)
    held = beta_prior(count, size) if prior is None else prior
    if np.isinf(held.a):
        nothing = np.full(size.shape, np.nan)
        return ShrunkShares(np.where(np.isfinite(count), held.mean, np.nan), nothing, nothing, held)
    a, b, tail = count + held.a, size - count + held.b, (1 - confidence) / 2
    return ShrunkShares(a / (a + b), stats.beta.ppf(tail, a, b), stats.beta.ppf(1 - tail, a, b), held)


def rank_intervals(means: npt.ArrayLike, sds: npt.ArrayLike, *, confidence: float = 0.95, draws: int = 10_000,
                   seed: int = 0) -> Ranks:  # fmt: skip
    """How sure a unit's rank is: ranks of draws from each unit's normal posterior, the highest value first.

    The same numbers give the same ranks (seeded draws), in whatever order units come. Ties within a draw share the
    mean of their ranks; units with the same mean and sd share one answer. Units without both are not ranked.

    >>> found = rank_intervals([9, 5, 5, 1], [0, 0, 0, 0])
    >>> found.mean.tolist(), found.lower.tolist()
    ([1.0, 2.5, 2.5, 4.0], [1.0, 2.5, 2.5, 4.0])
    """
    centre, spread = floats(means, sds)
    known = np.flatnonzero(np.isfinite(centre) & (spread >= 0))
    order = known[np.lexsort((spread[known], -centre[known]))]
    noise = np.random.default_rng(seed).standard_normal((draws, order.size))
    ranked = stats.rankdata(-(centre[order] + spread[order] * noise), axis=1)
    tail = (1 - confidence) / 2
    lower, upper = np.quantile(ranked, [tail, 1 - tail], axis=0, method="closest_observation")
    same = np.unique(np.column_stack([centre[order], spread[order]]), axis=0, return_inverse=True)[1]
    found = Ranks(*(np.full(centre.shape, np.nan) for _ in range(3)))
    for group in range(int(same.max()) + 1 if order.size else 0):
        mine = same == group
        found.mean[order[mine]] = ranked[:, mine].mean()
        found.lower[order[mine]], found.upper[order[mine]] = lower[mine].min(), upper[mine].max()
    return found
