"""Change in a pupil's or a group's scores from their own starting point, with what chance alone would do.

A pupil who lacks either measurement has no change: missing values stay missing here, and are left out and counted
by the caller. Sources are named at each function.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

from sendlab.stats.arrays import Floats, floats, normal_quantile
from sendlab.stats.transitions import AgainstNational as AgainstNational
from sendlab.stats.transitions import Transitions as Transitions
from sendlab.stats.transitions import against_national as against_national
from sendlab.stats.transitions import expected_and_exceeding as expected_and_exceeding
from sendlab.stats.transitions import transition_counts as transition_counts

GOAL_LEVELS = (-2, 2)
RELIABLE_MONTHS = 3.0  # a ratio gain over a shorter time says little
BROOKS_BANDS = ((4.0, "remarkable"), (3.0, "substantial"), (2.0, "useful"), (1.4, "modest"), (1.0, "standard"))


class ReliableChange(NamedTuple):
    """Change in standard errors of a difference, the change it would take, and 1 rose, -1 fell, 0 within error."""

    index: Floats  # type: ignore[assignment]  # the method tuple.index is not needed of it
    threshold: Floats
    reliable: Floats


class Retest(NamedTuple):
    """The score to expect at a second test with no change in between, and the spread of scores around it."""

    expected: Floats
    sd: Floats


class Selected(NamedTuple):
    """Of pupils picked for scores below a cut: their mean, their expected retest mean, and the gain that is none."""

    mean: Floats
    retest: Floats
    gain: Floats


def reliable_change(first: npt.ArrayLike, last: npt.ArrayLike, sd: npt.ArrayLike, reliability: npt.ArrayLike, *,
                    confidence: float = 0.95) -> ReliableChange:  # fmt: skip
    """Whether a score rose or fell by more than measurement error (Jacobson and Truax 1991).

    `sd` is the norm sample's (15 for standard scores); `reliability` from the test's manual, from 0 to below 1
    (ValueError). Whether a rise is good is the scale's matter. `reliable` is not a number where a score is missing.

    >>> found = reliable_change([78, 78, 60], [89, 92, 40], 15, 0.9)
    >>> found.index.round(4).tolist(), round(float(found.threshold), 6), found.reliable.tolist()
    ([1.6398, 2.087, -2.9814], 13.147838, [0.0, 1.0, -1.0])
    """
    first, last, sd, reliability = floats(first, last, sd, reliability)
    _check_reliability(reliability)
    spread = np.sqrt(2) * sd * np.sqrt(1 - reliability)
    with np.errstate(invalid="ignore", divide="ignore"):
        index = np.where(spread > 0, (last - first) / spread, np.nan)
    z = normal_quantile(confidence)
    reliable = np.where(np.isnan(index), np.nan, np.sign(index) * (np.abs(index) > z))
    return ReliableChange(index, np.asarray(z * spread), reliable + 0.0)


def _check_reliability(reliability: Floats) -> None:
    if not ((reliability >= 0) & (reliability < 1)).all():
        raise ValueError("a reliability lies from 0 to below 1")


def regression_to_mean(
    first: npt.ArrayLike, reliability: npt.ArrayLike, *, mean: npt.ArrayLike = 100.0, sd: npt.ArrayLike = 15.0
) -> Retest:
    """What a pupil with this first score would score again, had nothing changed: mean + r * (first - mean).

    `mean` and `sd` are the norm population's. Source: Furby 1973; Campbell and Kenny 1999.

    >>> found = regression_to_mean(78, 0.9)
    >>> round(float(found.expected), 6), round(float(found.sd), 6)
    (80.2, 6.538348)
    """
    first, reliability, mean, sd = floats(first, reliability, mean, sd)
    _check_reliability(reliability)
    return Retest(np.asarray(mean + reliability * (first - mean)), np.asarray(sd * np.sqrt(1 - reliability**2)))


def selected_below(
    cut: npt.ArrayLike, reliability: npt.ArrayLike, *, mean: npt.ArrayLike = 100.0, sd: npt.ArrayLike = 15.0
) -> Selected:
    """The gain that pupils picked because they scored below `cut` show with no intervention at all.

    Scores normal in the norm population. Report the gain observed less this one.

    >>> [round(float(value), 6) for value in selected_below(85, 0.8)]
    [77.122971, 81.698377, 4.575406]
    """
    cut, reliability, mean, sd = floats(cut, reliability, mean, sd)
    z = (cut - mean) / sd
    # in logs, so that a cut far below the mean does not divide nothing by nothing
    picked = mean - sd * np.exp(stats.norm.logpdf(z) - stats.norm.logcdf(z))
    retest = regression_to_mean(picked, reliability, mean=mean, sd=sd).expected
    return Selected(picked, retest, retest - picked)


def residual_change(first: npt.ArrayLike, last: npt.ArrayLike, reliability: npt.ArrayLike, *,
                    mean: npt.ArrayLike = 100.0, sd: npt.ArrayLike = 15.0) -> Floats:  # fmt: skip
    """The second score less the expected one, in standard deviations of retests: change beyond regression to the mean.

    >>> round(float(residual_change(71, 86, 0.8)), 6)
    1.022222
    """
    expected, spread = regression_to_mean(first, reliability, mean=mean, sd=sd)
    return np.asarray((floats(last)[0] - expected) / spread)


def goal_attainment(levels: npt.ArrayLike, weights: npt.ArrayLike | None = None, rho: float = 0.3) -> float:
    """One pupil's goal attainment T: 50 where goals are met as expected, 10 a standard deviation.

    `levels` from -2 (much less than expected) to 2 (much more), one a goal; `weights` above 0, all alike by default;
    `rho` the assumed correlation of goals. Not a number without goals or where a level is missing. ValueError: a level
    outside -2 to 2, or a weight not above 0. Fewer than three goals: show the goals, not T.
    Source: Kiresuk and Sherman 1968.

    >>> goal_attainment([0, 0, 0]), round(goal_attainment([1, 0, -1], [3, 2, 1]), 6)
    (50.0, 54.406526)
    """
    (x,) = floats(levels)
    w = np.ones(x.shape) if weights is None else floats(weights)[0]
    if w.shape != x.shape or not (w > 0).all():
        raise ValueError("weights need one number above 0 a goal")
    if ((x < GOAL_LEVELS[0]) | (x > GOAL_LEVELS[1])).any():
        raise ValueError("levels of goals lie from -2 to 2")
    if x.size == 0:
        return float("nan")
    return float(50 + 10 * (w * x).sum() / np.sqrt((1 - rho) * (w**2).sum() + rho * w.sum() ** 2))


def ratio_gain(gains_months: npt.ArrayLike, elapsed_months: npt.ArrayLike) -> float:
    """Mean gain in reading age over mean time elapsed, both in months (not the mean of pupils' own ratios).

    `elapsed_months` is one number for all, or one a pupil. Not a number without pupils, where a value is missing or
    where no time has passed; little worth below RELIABLE_MONTHS or without a comparison group.
    Source: Brooks 2016, What works for children and young people with literacy difficulties?

    >>> ratio_gain([18], 6), ratio_gain([12, 6], [12, 12])
    (3.0, 0.75)
    """
    gains, elapsed = floats(gains_months, elapsed_months)
    gains, elapsed = np.broadcast_arrays(gains, elapsed)
    total = float(elapsed.sum())
    return float(gains.sum()) / total if gains.size and total > 0 else float("nan")


def brooks_band(ratio: float) -> str:
    """Brooks' word for a ratio gain: at least 1 standard, 1.4 modest, 2 useful, 3 substantial, 4 remarkable progress.

    Below 1 it is "below standard"; not a number gives "not defined". Source: Brooks 2016.

    >>> brooks_band(3.0), brooks_band(1.39), brooks_band(0.75), brooks_band(float("nan"))
    ('substantial', 'standard', 'below standard', 'not defined')
    """
    if np.isnan(ratio):
        return "not defined"
    return next((name for least, name in BROOKS_BANDS if ratio >= least), "below standard")


def sdq_added_value(t1_total: npt.ArrayLike, t1_impact: npt.ArrayLike, t1_emotional: npt.ArrayLike,
                    t2_total: npt.ArrayLike) -> Floats:  # fmt: skip
    """Added value on the parents' SDQ after about six months: points of total difficulties better than expected.

    2.3 + 0.8 * total + 0.2 * impact - 0.3 * emotional scale, all at the start, less the total at the end. Only for
    groups of high-risk children: one child's limits are about 10 points either way. Over 5 it is an effect size.
    ValueError: a total outside 0-40, an impact or emotional scale outside 0-10.
    Source: Ford and others 2009; sdqinfo.org.

    >>> round(float(sdq_added_value(22, 5, 6, 18)), 6)
    1.1
    """
    total, impact, emotional, later = floats(t1_total, t1_impact, t1_emotional, t2_total)
    for name, values, top in (("total", total, 40), ("total", later, 40), ("impact", impact, 10),
                              ("emotional", emotional, 10)):  # fmt: skip
        if ((values < 0) | (values > top)).any():
            raise ValueError(f"an SDQ {name} score lies from 0 to {top}")
    return np.asarray(2.3 + 0.8 * total + 0.2 * impact - 0.3 * emotional - later)
