"""A gap between two groups' rates or means, split into what their make-up explains and what it does not.

Group 1 comes first (pupils with SEND, say) and group 0 is the comparator: gap = group 1 less group 0. "Explained" is
description, not cause. Sources: Kitagawa 1955 (JASA 50:1168-1194); Oaxaca 1973; Blinder 1973; Jann 2008.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sendlab.stats.arrays import Floats, floats

Integers = npt.NDArray[np.int64]


class Kitagawa(NamedTuple):
    """The gap of two rates: its rate part and its composition part, each with its terms by stratum.

    A single term of the composition part means nothing; only their sum does. Where `reason` is not empty every
    number is missing, and it says why.
    """

    gap: float
    rate: float
    composition: float
    rate_terms: Floats
    composition_terms: Floats
    reason: str


class Split(NamedTuple):
    """The gap in two parts: explained (also by column of X, in the order of `names`) and unexplained."""

    explained: float
    unexplained: float
    detail: Floats


class Threefold(NamedTuple):
    """The gap in three parts, seen from the comparator."""

    endowments: float
    coefficients: float
    interaction: float


class OaxacaParts(NamedTuple):
    """The gap of two means split with the comparator's, the first group's and pooled slopes, and in three."""

    gap: float
    comparator: Split
    own: Split
    pooled: Split
    threefold: Threefold


class OaxacaBlinder(NamedTuple):
    """The parts, their bootstrap standard errors (not numbers where none were asked for), and how they were had."""

    names: tuple[str, ...]
    value: OaxacaParts
    se: OaxacaParts
    resamples: int


def kitagawa(n1: npt.ArrayLike, r1: npt.ArrayLike, n0: npt.ArrayLike, r0: npt.ArrayLike) -> Kitagawa:
    """Split the gap of two groups' rates over strata, from each stratum's size and rate in either group.

    Exact and symmetric: no model, no reference group. A stratum empty in both groups adds nothing; one empty in only
    one group has no rate there, so nothing can be said until it is merged with another (see `reason`).

    >>> found = kitagawa([90, 60], [0.30, 0.18], [600, 150], [0.74, 0.55])
    >>> round(found.gap, 6), round(found.rate, 6), round(found.composition, 6)
    (-0.45, -0.419, -0.031)
    """
    n1, r1, n0, r0 = floats(n1, r1, n0, r0)
    used = (n1 > 0) | (n0 > 0)
    reason = _why_not(n1, n0, used & ~(np.isfinite(r1) & np.isfinite(r0)))
    nothing = np.full(n1.shape, np.nan)
    if reason:
        return Kitagawa(np.nan, np.nan, np.nan, nothing, nothing, reason)
    share1, share0 = n1 / n1.sum(), n0 / n0.sum()
    r1, r0 = np.where(used, r1, 0.0), np.where(used, r0, 0.0)
    rate, composition = (r1 - r0) * (share1 + share0) / 2, (share1 - share0) * (r1 + r0) / 2
    gap = float((share1 * r1).sum() - (share0 * r0).sum())
    return Kitagawa(gap, float(rate.sum()), float(composition.sum()), rate, composition, "")


def _why_not(n1: Floats, n0: Floats, unknown: npt.NDArray[np.bool_]) -> str:
    if not (n1.sum() > 0 and n0.sum() > 0):
        return "a group has nobody in any stratum"
    for group, here, there in ((1, n1, n0), (0, n0, n1)):
        empty = np.flatnonzero(~(here > 0) & (there > 0))
        if empty.size:
            return f"group {group} has nobody in stratum {empty[0] + 1} of {n1.size}: merge it with another"
    if unknown.any():
        return f"a rate is missing in stratum {np.flatnonzero(unknown)[0] + 1} of {n1.size}"
    return ""


def oaxaca_blinder(
    y1: npt.ArrayLike,
    X1: npt.ArrayLike,
    y0: npt.ArrayLike,
    X0: npt.ArrayLike,
    names: Sequence[str],
    *,
    clusters1: npt.ArrayLike | None = None,
    clusters0: npt.ArrayLike | None = None,
    resamples: int = 0,
    seed: int = 0,
) -> OaxacaBlinder:
    """Split the gap of two means by ordinary least squares in each group, with every common choice of reference.

    `X1`, `X0`: a row a pupil, a column a characteristic, without the constant; a factor enters as dummies, and only
    the sum of its details has a meaning. `comparator` values the difference in characteristics at group 0's slopes,
    `own` at group 1's, `pooled` at those of both groups with a group dummy. Standard errors: bootstrap of pupils
    within each group or, where clusters (schools) are given for both, of clusters; resamples in which a slope cannot
    be had are left out, and `resamples` counts those used. Everything is not a number where a group's slopes cannot
    be had (too few pupils, or a characteristic that does not vary). ValueError: shapes or names that do not fit, or
    clusters for one group only.

    >>> X1, X0 = [[1], [2], [3], [4]], [[3], [4], [5], [6]]
    >>> found = oaxaca_blinder([10, 12, 14, 16], X1, [15, 18, 21, 24], X0, ["prior"]).value
    >>> round(found.gap, 6), [round(part, 6) for part in found.comparator[:2]], [round(p, 6) for p in found.own[:2]]
    (-6.5, [-6.0, -0.5], [-4.0, -2.5])
    """
    y1, X1, y0, X0 = floats(y1, X1, y0, X0)
    _check_shapes(y1, X1, y0, X0, len(names))
    codes = _cluster_codes(len(y1), len(y0), clusters1, clusters0)
    found = _parts(y1, X1, np.ones(len(y1)), y0, X0, np.ones(len(y0)))
    rng = np.random.default_rng(seed)
    draws = np.empty((resamples, found.size))
    for draw in range(resamples):
        w1, w0 = _times_drawn(rng, len(y1), len(y0), codes)
        draws[draw] = _parts(y1, X1, w1, y0, X0, w0)
    draws = draws[np.isfinite(draws).all(axis=1)]
    se = draws.std(axis=0, ddof=1) if len(draws) > 1 else np.full(found.size, np.nan)
    return OaxacaBlinder(tuple(names), _named(found, len(names)), _named(se, len(names)), len(draws))


def _check_shapes(y1: Floats, X1: Floats, y0: Floats, X0: Floats, width: int) -> None:
    for group, y, X in ((1, y1, X1), (0, y0, X0)):
        if X.shape != (len(y), width):
            raise ValueError(f"group {group}: {len(y)} outcomes and {width} names, but X has shape {X.shape}")


def _cluster_codes(
    n1: int, n0: int, clusters1: npt.ArrayLike | None, clusters0: npt.ArrayLike | None
) -> Integers | None:
    """Every pupil's cluster, numbered from 0, group 1 first; None without clusters."""
    if clusters1 is None and clusters0 is None:
        return None
    if clusters1 is None or clusters0 is None:
        raise ValueError("give clusters for both groups or for neither")
    first, second = np.asarray(clusters1), np.asarray(clusters0)
    if (len(first), len(second)) != (n1, n0):
        raise ValueError("clusters need one entry a pupil")
    return np.unique(np.concatenate([first, second]), return_inverse=True)[1].astype(np.int64)


def _times_drawn(rng: np.random.Generator, n1: int, n0: int, codes: Integers | None) -> tuple[Floats, Floats]:
    """How often each pupil of either group is in one resample."""
    if codes is None:
        one, two = (np.bincount(rng.integers(n, size=n), minlength=n).astype(np.float64) for n in (n1, n0))
        return one, two
    clusters = int(codes.max()) + 1
    times = np.bincount(rng.integers(clusters, size=clusters), minlength=clusters).astype(np.float64)
    return times[codes[:n1]], times[codes[n1:]]


def _parts(y1: Floats, X1: Floats, w1: Floats, y0: Floats, X0: Floats, w0: Floats) -> Floats:
    """The gap; explained, then unexplained, by comparator's, own and pooled slopes; the interaction; the details."""
    if not (w1.sum() > 0 and w0.sum() > 0):
        return np.full(8 + 3 * X1.shape[1], np.nan)
    gap = np.average(y1, weights=w1) - np.average(y0, weights=w0)
    apart = np.average(X1, axis=0, weights=w1) - np.average(X0, axis=0, weights=w0)
    b1, b0 = _slopes(y1, X1, w1), _slopes(y0, X0, w0)
    group = np.concatenate([np.ones(len(y1)), np.zeros(len(y0))])
    both = np.column_stack([np.concatenate([X1, X0]), group])
    pooled = _slopes(np.concatenate([y1, y0]), both, np.concatenate([w1, w0]))[:-1]
    details = apart * np.stack([b0, b1, pooled])
    explained = details.sum(axis=1)
    return np.concatenate([[gap], explained, gap - explained, [explained[1] - explained[0]], details.ravel()])


def _slopes(y: Floats, X: Floats, weights: Floats) -> Floats:
    """Weighted least squares with a constant; the slopes, or no numbers where they are not determined."""
    design = np.column_stack([X, np.ones(len(y))]) * np.sqrt(weights)[:, None]
    solution, _, rank, _ = np.linalg.lstsq(design, y * np.sqrt(weights), rcond=None)
    return solution[:-1] if rank == design.shape[1] else np.full(X.shape[1], np.nan)


def _named(parts: Floats, width: int) -> OaxacaParts:
    gap, *figures = (float(part) for part in parts[:8])
    details = parts[8:].reshape(3, width)
    comparator, own, pooled = (Split(figures[place], figures[place + 3], details[place]) for place in range(3))
    # what X's own slopes leave unexplained is what the comparator's means would gain from the other slopes
    return OaxacaParts(gap, comparator, own, pooled, Threefold(comparator.explained, own.unexplained, figures[6]))
