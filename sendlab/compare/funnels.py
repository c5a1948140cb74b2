"""One funnel: the schools of one phase with one measure, period and group, their limits, scores and p-values.

Methods: Spiegelhalter 2005 (exact interpolated limits; additive overdispersion with ten schools or more). Chance here
means pupils who are alike in every school. Events are scaled by how they cluster in pupils, over all schools together.
"""

from typing import NamedTuple

import numpy as np
import polars as pl
from scipy import stats

from sendlab.compare.clustering import squares_of
from sendlab.compare.gaps import floats_of
from sendlab.stats.arrays import Floats, normal_quantile
from sendlab.stats.funnel import (
    TAILS,
    Scores,
    adjusted_limits,
    adjusted_scores,
    binomial_limits,
    overdispersion,
    poisson_limits,
    scores,
)
from sendlab.stats.intervals import event_dispersion
from sendlab.stats.shrinkage import beta_shrinkage, dersimonian_laird, normal_shrinkage, rank_intervals

METHODS = {
    "share": "exact binomial limits, interpolated",
    "events": "exact Poisson limits, interpolated, scaled for clustering in pupils",
    "sum": "normal limits from the spread of pupils within schools",
    "mean": "normal limits from the spread of pupils within schools",
}
WIDENED = "; widened for spread between schools (additive)"
DRAWS = 2_000  # for the limits of ranks


class Funnel(NamedTuple):
    """What is known of each school: the target in the measure's unit, four limits, z, p, shrunken values and ranks."""

    target: float
    limits: Floats
    z: Floats
    p: Floats
    shrunken: Floats
    rank_lower: Floats
    rank_upper: Floats
    method: str


class _Counts(NamedTuple):
    """A table's figures per person, their sizes (effective for events), all together, and one person's deviation."""

    kind: str
    value: Floats
    size: Floats
    per: float
    together: float
    sd: float = 0.0


def funnel_of(rows: pl.DataFrame, kind: str, target: float | None = None) -> Funnel:
    """The funnel of schools' measure rows; `target` in the measure's unit, by default that of all schools together."""
    counts = _counts(rows, kind)
    found = _scored(counts, target)
    spread = overdispersion(found.z, found.variance)
    wide = spread.adjust and spread.tau2 > 0
    if wide:
        z = adjusted_scores(found, spread)
        limits, p = adjusted_limits(found.target, found.variance, spread), 2 * stats.norm.sf(np.abs(z))
    else:
        z, limits, p = found.z, _limits(counts, found), _p_values(counts, found)
    low, high = (0.0, 1.0) if kind == "share" else (0.0 if kind in ("events", "sum") else -np.inf, np.inf)
    shrunken, lower, upper = _shrunken(rows, counts)
    return Funnel(
        found.target * counts.per, np.clip(limits, low, high) * counts.per, z, np.asarray(p), shrunken * counts.per,
        lower, upper, METHODS[kind] + (WIDENED if wide else ""),
    )  # fmt: skip


def no_funnel(schools: int) -> Funnel:
    """What there is to say of schools without a target: nothing."""
    nothing = np.full(schools, np.nan)
    return Funnel(float("nan"), np.full((schools, len(TAILS)), np.nan), nothing, nothing, nothing, nothing, nothing, "")


def _counts(rows: pl.DataFrame, kind: str) -> _Counts:
    x, n, value, upper, people = floats_of(rows, "numerator", "denominator", "value", "upper", "base_subjects")
    with np.errstate(invalid="ignore", divide="ignore"):
        scales = value / (x / n)
    per = float(np.nanmedian(scales)) if np.isfinite(scales).any() else _per(rows["unit"][0])
    known = np.isfinite(value)
    together = float(x[known].sum() / n[known].sum()) if n[known].sum() > 0 else float("nan")
    if kind == "share":
        return _Counts(kind, value / per, n, per, together)
    if kind == "events":
        squares = np.nansum(squares_of(rows))
        phi = float(event_dispersion(np.nansum(x), np.nansum(n), squares))
        return _Counts(kind, value / per, n / phi, per, together)
    national = rows["method"].str.contains("national standard deviation").to_numpy()
    sd = _pupil_sd(value / per, upper / per, people, national)
    return _Counts(kind, value / per, people, per, together, sd)


def _per(unit: str) -> float:
    """What a unit counts per, where every figure is 0 and does not tell."""
    if "1,000" in unit:
        return 1000.0
    return 100.0 if unit.startswith("%") or "per 100 " in unit else 1.0


def _pupil_sd(value: Floats, upper: Floats, people: Floats, national: np.ndarray) -> float:
    """One pupil's spread within schools, pooled, from each school's own interval (t, or the national deviation's)."""
    with np.errstate(invalid="ignore"):
        quantile = np.where(national, normal_quantile(0.95), stats.t.ppf(0.975, people - 1))
        own = (upper - value) * np.sqrt(people) / quantile
        weight = np.where(np.isfinite(own) & (people > 1), people - 1, 0.0)
    total = weight.sum()
    return float(np.sqrt((weight * np.where(weight > 0, own, 0.0) ** 2).sum() / total)) if total > 0 else float("nan")


def _scored(counts: _Counts, target: float | None) -> Scores:
    centre = counts.together if target is None else target / counts.per
    if counts.kind == "share":
        return scores("binomial", counts.value, counts.size, target=centre)
    if counts.kind == "events":
        return scores("poisson", counts.value, counts.size, target=centre)
    return scores("mean", counts.value, counts.size, target=centre, sd=counts.sd)


def _limits(counts: _Counts, found: Scores) -> Floats:
    if counts.kind == "share":
        return binomial_limits(found.target, counts.size)
    if counts.kind == "events":
        return poisson_limits(found.target, counts.size)
    tails = stats.norm.ppf(np.asarray(TAILS))[None, :]
    return np.asarray(found.target + tails * np.sqrt(found.variance)[:, None])


def _p_values(counts: _Counts, found: Scores) -> Floats:
    """Two-sided p: twice the smaller exact tail for shares and events, normal otherwise."""
    if counts.kind in ("sum", "mean"):
        return np.asarray(2 * stats.norm.sf(np.abs(found.z)))
    events = counts.value * counts.size
    if counts.kind == "share":
        less = stats.binom.cdf(np.round(events), counts.size, found.target)
        more = stats.binom.sf(np.round(events) - 1, counts.size, found.target)
    else:  # effective counts need not be whole: the continuous form of the Poisson tails
        mean = found.target * counts.size
        less, more = stats.gamma.sf(mean, events + 1), np.where(events > 0, stats.gamma.cdf(mean, events), 1.0)
    known = np.isfinite(found.z)
    return np.where(known, np.minimum(2 * np.minimum(less, more), 1), np.nan)


def _shrunken(rows: pl.DataFrame, counts: _Counts) -> tuple[Floats, Floats, Floats]:
    """Each school's figure drawn to all schools' (empirical Bayes) and the limits of its rank, 1 the highest.

    Where schools differ no more than by chance there is nothing to rank: any place is as likely as another.
    """
    size = np.where(np.isfinite(counts.value), counts.size, 0.0)
    if counts.kind == "share":
        x = floats_of(rows, "numerator")[0]
        held = beta_shrinkage(np.where(size > 0, x, np.nan), size)
        estimate, sd = held.estimate, (held.upper - held.lower) / (2 * normal_quantile(0.95))
    else:
        sd_one = np.sqrt(counts.together) if counts.kind == "events" else counts.sd
        sized = np.where(size > 0, size, np.nan)
        between = dersimonian_laird(counts.value, sd_one**2 / sized)
        shrunk = normal_shrinkage(counts.value, sized, float(sd_one), tau2=between.tau2, mean=between.mean)
        estimate, sd = shrunk.estimate, shrunk.sd
    known = np.isfinite(estimate) & (size > 0)
    alike = not (np.isfinite(sd[known]) & (sd[known] > 0)).any()
    if alike:
        return estimate, np.where(known, 1.0, np.nan), np.where(known, float(known.sum()), np.nan)
    ranks = rank_intervals(np.where(known, estimate, np.nan), sd, draws=DRAWS)
    return np.where(known, estimate, np.nan), ranks.lower, ranks.upper
