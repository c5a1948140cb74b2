"""Rounding, intervals and analysis of covariance against worked numbers, and rules that hold for any numbers."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from sendlab.stats.intervals import (
    clustered_events,
    difference,
    garwood,
    mean_known_sd,
    mean_t,
    newcombe,
    ratio_of_sums,
    ratio_of_sums_from,
    wilson,
)
from sendlab.stats.models import ancova
from sendlab.stats.rounding import exact_rates, format_number, round_half_away

EXACT = 5e-7  # worked numbers are printed to six places
COUNTS = st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def pair(limits):
    """Two limits as plain numbers."""
    return tuple(float(np.ravel(limit)[0]) for limit in limits)


def near(limits, expected, tolerance=EXACT):
    assert pair(limits) == pytest.approx(expected, abs=tolerance)


# ---- shares


@pytest.mark.parametrize(
    ("x", "n", "expected"),
    [
        (81, 263, (0.255289, 0.366210)),
        (15, 148, (0.062386, 0.160487)),
        (0, 20, (0, 0.161125)),
        (1, 29, (0.006113, 0.171755)),
        (29, 29, (0.883030, 1)),
    ],
)
def test_wilson_worked_rows(x, n, expected):
    near(wilson(x, n), expected)


def test_wilson_ends_are_exactly_nothing_and_all():
    lower, upper = wilson([0, 20, 0, 1], [20, 20, 1, 1])
    assert (lower[0], upper[1], lower[2], upper[3]) == (0.0, 1.0, 0.0, 1.0)


def test_nobody_has_no_limits():
    assert np.isnan(wilson([0], [0])).all()
    assert np.isnan(garwood([0, 3], [0, 0])).all()
    assert np.isnan(newcombe(0, 0, 5, 10)).all()
    assert np.isnan(mean_known_sd(0.0, 0, 6.1)).all()
    assert np.isnan(wilson([np.nan, 3], [10, np.nan])).all()
    assert np.isnan(garwood([np.nan, 3], [10, np.nan])).all()


@settings(max_examples=60, deadline=None)
@given(COUNTS)
def test_wilson_holds_the_share_and_agrees_with_scipy(counts):
    x, n = counts
    lower, upper = pair(wilson(x, n))
    assert 0 <= lower <= x / n <= upper <= 1
    near(wilson(x, n), tuple(scipy_stats.binomtest(x, n).proportion_ci(method="wilson")), 1e-9)
    mirrored = pair(wilson(n - x, n))
    assert mirrored == pytest.approx((1 - upper, 1 - lower), abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(COUNTS, st.floats(0.5, 0.94))
def test_more_confidence_is_never_narrower(counts, confidence):
    for limits in (wilson, garwood):
        narrow, wide = pair(limits(*counts, confidence=confidence)), pair(limits(*counts))
        assert wide[0] <= narrow[0] + 1e-12
        assert narrow[1] <= wide[1] + 1e-12


# ---- differences


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((56, 70, 48, 80), (0.052431, 0.333873)),
        ((9, 10, 3, 10), (0.170523, 0.809018)),
        ((10, 10, 0, 20), (0.679086, 1.0)),
        ((5, 56, 0, 29), (-0.038137, 0.192560)),
    ],
)
def test_newcombe_worked_rows(counts, expected):
    near(newcombe(*counts), expected)


@settings(max_examples=60, deadline=None)
@given(COUNTS, COUNTS)
def test_newcombe_holds_the_difference_and_swapping_groups_negates(first, second):
    lower, upper = pair(newcombe(*first, *second))
    gap = first[0] / first[1] - second[0] / second[1]
    assert -1 - 1e-12 <= lower <= gap + 1e-12
    assert gap - 1e-12 <= upper <= 1 + 1e-12
    assert pair(newcombe(*second, *first)) == pytest.approx((-upper, -lower), abs=1e-12)


def test_change_of_a_gap_from_both_limits():
    near(difference(0.397082, 0.290693, 0.487981, 0.447917, 0.342942, 0.532496), (-0.186748, 0.088026), 2e-6)


def test_change_of_a_gap_from_the_counts():
    """No SEN minus SEN: 248/372 - 21/96, a year later 260/380 - 29/101."""
    year_0, year_1 = pair(newcombe(248, 372, 21, 96)), pair(newcombe(260, 380, 29, 101))
    assert year_0 == pytest.approx((0.342942, 0.532496), abs=EXACT)
    assert year_1 == pytest.approx((0.290693, 0.487981), abs=EXACT)
    gaps = 248 / 372 - 21 / 96, 260 / 380 - 29 / 101
    assert gaps == pytest.approx((0.447917, 0.397082), abs=EXACT)
    near(difference(gaps[1], *year_1, gaps[0], *year_0), (-0.186748, 0.088026))


NUMBER = st.floats(-1000, 1000)
WIDTH = st.floats(0, 100)


@settings(max_examples=60, deadline=None)
@given(NUMBER, WIDTH, WIDTH, NUMBER, WIDTH, WIDTH, st.floats(0.01, 100))
def test_difference_of_limits_swaps_and_scales(g1, down1, up1, g0, down0, up0, scale):
    first, second = (g1, g1 - down1, g1 + up1), (g0, g0 - down0, g0 + up0)
    lower, upper = pair(difference(*first, *second))
    assert lower - 1e-9 <= g1 - g0 <= upper + 1e-9
    assert pair(difference(*second, *first)) == pytest.approx((-upper, -lower), abs=1e-6)
    scaled = difference(*(scale * v for v in first), *(scale * v for v in second))
    assert pair(scaled) == pytest.approx((scale * lower, scale * upper), rel=1e-9, abs=1e-6)


# ---- events


@pytest.mark.parametrize(
    ("events", "pupils", "per_100", "counts"),
    [
        (0, 40, (0, 9.2222), (0, 3.68888)),
        (7, 52, (5.4122, 27.7359), (2.81436, 14.42268)),
        (23, 95, (15.3474, 36.3277), (14.58003, 34.51129)),
        (84, 310, (21.6134, 33.5477), (67.00169, 103.99772)),
        (10, 100, (4.7954, 18.3904), (4.79539, 18.39036)),
        (150, 1200, (10.5797, 14.6681), (126.95616, 176.01717)),
    ],
)
def test_garwood_worked_rows(events, pupils, per_100, counts):
    near([100 * limit for limit in garwood(events, pupils)], per_100, 5.1e-5)
    near(garwood(events, 1), counts, 5.1e-6)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 3000), st.integers(1, 3000), st.integers(2, 50))
def test_garwood_holds_the_rate_and_scales_with_exposure(events, pupils, times):
    lower, upper = pair(garwood(events, pupils))
    assert 0 <= lower <= events / pupils < upper
    assert pair(garwood(events, times * pupils)) == pytest.approx((lower / times, upper / times), rel=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 12), min_size=2, max_size=40))
def test_clustered_events_hold_the_rate_and_are_never_narrower_than_garwood(events):
    y = np.array(events)
    args = y.sum(), len(y), (y * y).sum()
    lower, upper = pair(clustered_events(*args))
    plain = pair(garwood(*args[:2]))
    assert lower <= y.mean() <= upper
    assert lower <= plain[0] + 1e-12
    assert upper >= plain[1] - 1e-12


def test_clustered_events_of_single_suspensions_are_garwoods_own():
    """12 pupils of 100 with one each do not cluster: dispersion (12 - 100 * .12^2) / (.12 * 99) = 0.889 < 1."""
    assert pair(clustered_events(12, 100, 12)) == pytest.approx(pair(garwood(12, 100)), rel=1e-12)


def test_clustered_events_divide_by_the_widened_pearson_dispersion():
    """Four pupils of 40 with three each: k = 12, mean .3, dispersion (36 - 40 * .09) / (.3 * 39) = 32.4 / 11.7."""
    dispersion = 32.4 / 11.7
    t = scipy_stats.t.ppf(0.975, 12 / dispersion + 1)
    widened = 1 + (dispersion - 1) * (t / 1.959963984540054) ** 2
    expected = pair(garwood(12 / widened, 40 / widened))
    assert pair(clustered_events(12, 40, 36)) == pytest.approx(expected, rel=1e-12)


# ---- ratios of sums

ABSENT, POSSIBLE = [12, 40, 3, 0, 30], [190, 190, 95, 190, 60]


def test_absence_of_five_pupils():
    """Pooled 85/725 = 11.7241 %, standard error 0.0599166, t(4) = 2.776445; the lower limit is clipped to 0."""
    half = scipy_stats.t.ppf(0.975, 4) * 0.0599166
    lower, upper = ratio_of_sums(ABSENT, POSSIBLE)
    assert lower == 0.0
    assert upper == pytest.approx(85 / 725 + half, abs=EXACT)
    assert round(100 * upper, 1) == 28.4


def test_absence_interval_is_not_the_binomial_one():
    """At 50 % confidence nothing is clipped, so the standard error itself can be read off: 0.0599166, not 0.0119479."""
    lower, upper = ratio_of_sums(ABSENT, POSSIBLE, confidence=0.5)
    assert (upper - lower) / 2 / scipy_stats.t.ppf(0.75, 4) == pytest.approx(0.0599166, abs=EXACT)


def test_ratio_needs_two_people_and_something_possible():
    assert np.isnan(ratio_of_sums([3], [190])).all()
    assert np.isnan(ratio_of_sums([0, 0], [0, 0])).all()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 400).flatmap(lambda m: st.tuples(st.integers(0, m), st.just(m))), min_size=2, max_size=30)
)
def test_ratio_of_sums_holds_the_ratio_and_needs_only_sums(rows):
    a, m = np.array(rows, dtype=float).T
    lower, upper = ratio_of_sums(a, m)
    assert 0 <= lower <= a.sum() / m.sum() + 1e-12
    assert a.sum() / m.sum() - 1e-12 <= upper <= 1
    sums = a.sum(), m.sum(), (a * a).sum(), (a * m).sum(), (m * m).sum()
    assert pair(ratio_of_sums_from([len(a)], *([s] for s in sums))) == pytest.approx((lower, upper), abs=1e-12)
    assert ratio_of_sums(2 * a, 2 * m) == pytest.approx((lower, upper), abs=1e-9)


# ---- means


def test_t_interval_of_one_mean():
    """103, sd 5.5, 50 pupils: 103 +- 2.009575 * 5.5 / sqrt(50) = 103 +- 1.563082."""
    squares = 49 * 5.5**2 + 50 * 103**2
    near(mean_t(50, 50 * 103, squares), (101.436918, 104.563082), 1e-5)
    assert np.isnan(mean_t(1, 5.0, 25.0)).all()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-200, 200), min_size=3, max_size=40).filter(lambda v: len(set(v)) > 1))
def test_t_interval_is_scipys(values):
    y = np.array(values, dtype=float)
    reference = scipy_stats.ttest_1samp(y, 0).confidence_interval()
    near(mean_t(len(y), y.sum(), (y * y).sum()), tuple(reference), 1e-8)


def test_progress_interval_uses_the_published_figure_of_1_96():
    """Twelve pupils, mean -3.7/12, sigma 6.1: -0.308333 +- 1.96 * 6.1 / sqrt(12)."""
    near(mean_known_sd(-3.7 / 12, 12, 6.1), (-3.759733, 3.143067))
    near(mean_known_sd(0.31, 142, 1.27), (0.101111, 0.518889))  # Progress 8


# ---- analysis of covariance

PRE = [72, 75, 70, 78, 80, 74, 69, 77, 73, 76, 79, 82, 75, 84, 77, 81, 78, 86, 80, 74]
POST = [80, 84, 76, 85, 90, 81, 75, 86, 79, 85, 82, 84, 78, 86, 80, 83, 79, 90, 83, 75]
TREATED = [1] * 10 + [0] * 10


def test_ancova_worked_example():
    effect = ancova(POST, PRE, TREATED)
    found = effect.value, effect.se, effect.lower, effect.upper
    assert found == pytest.approx((6.332226, 0.590968, 5.085392, 7.579059), abs=EXACT)
    assert (effect.residual_df, effect.treated, effect.comparison) == (17, 10, 10)


def test_ancova_with_strata_compares_within_each_stratum():
    """By another road: scores less their stratum's mean, then two by two normal equations."""
    strata = np.array(["a", "b"] * 10)
    within = [np.array(v, dtype=float) for v in (POST, PRE, TREATED)]
    for v in within:
        for name in ("a", "b"):
            v[strata == name] -= v[strata == name].mean()
    y, x, t = within
    spread = (t @ t) * (x @ x) - (t @ x) ** 2
    value = ((x @ x) * (t @ y) - (t @ x) * (x @ y)) / spread
    slope = ((t @ t) * (x @ y) - (t @ x) * (t @ y)) / spread
    residual = y - value * t - slope * x
    se = np.sqrt((residual @ residual) / 16 * (x @ x) / spread)
    effect = ancova(POST, PRE, TREATED, strata)
    assert effect.residual_df == 16  # 20 pupils, two constants, treatment and first score
    assert (effect.value, effect.se) == pytest.approx((value, se), rel=1e-9)
    half = scipy_stats.t.ppf(0.975, 16) * se
    assert (effect.lower, effect.upper) == pytest.approx((value - half, value + half), rel=1e-9)


def test_ancova_leaves_out_strata_with_one_side_only():
    alone = [120, 130, 140, 150]  # four treated pupils with nobody beside them, and wild scores
    strata = ["here"] * 20 + ["there"] * 4
    effect = ancova([*POST, 9, 99, 1, 50], PRE + alone, TREATED + [1] * 4, strata)
    assert effect == ancova(POST, PRE, TREATED)


@pytest.mark.parametrize(
    ("post", "pre", "treated"),
    [
        ([], [], []),
        ([90, 95, 99], [80, 85, 89], [1, 0, 0]),  # as many unknowns as pupils
        (POST, PRE, [0] * 20),  # nobody treated
        (POST, [80] * 20, TREATED),  # one first score for all: no slope to be had
    ],
)
def test_ancova_that_data_cannot_give_is_no_number(post, pre, treated):
    effect = ancova(post, pre, treated)
    assert np.isnan([effect.value, effect.se, effect.lower, effect.upper]).all()


@settings(max_examples=25, deadline=None)
@given(st.floats(-50, 50), st.floats(0.1, 20), st.permutations(range(20)))
def test_ancova_moves_with_an_added_effect_scales_and_ignores_order(shift, scale, order):
    plain = ancova(POST, PRE, TREATED)
    treated, post, pre = np.array(TREATED), np.array(POST, dtype=float), np.array(PRE)
    moved = ancova((scale * (post + shift * treated))[order], pre[order], treated[order])
    assert moved.value == pytest.approx(scale * (plain.value + shift), rel=1e-6, abs=1e-6)
    assert moved.se == pytest.approx(scale * plain.se, rel=1e-6)
    assert moved.lower <= moved.value <= moved.upper


# ---- rounding


@pytest.mark.parametrize(
    ("value", "decimals", "expected"),
    [
        (0.5, 0, 1),
        (1.5, 0, 2),
        (2.5, 0, 3),
        (-2.5, 0, -3),
        (28.75, 1, 28.8),
        (-28.75, 1, -28.8),
        (2.675, 2, 2.68),
        (1.005, 2, 1.01),
        (11.7241379, 1, 11.7),
        (0, 1, 0),
    ],
)
def test_ties_go_away_from_zero(value, decimals, expected):
    assert round_half_away([value], decimals).tolist() == [expected]


def test_what_is_no_number_stays_none_and_no_minus_zero():
    assert np.isnan(round_half_away([np.nan], 1)[0])
    assert str(round_half_away([-0.04], 1)[0]) == "0.0"
    assert (format_number(1234.25, 1), format_number(-0.25, 1), format_number(7, 0)) == ("1,234.3", "−0.3", "7")


@settings(max_examples=80, deadline=None)
@given(st.integers(-(10**6), 10**6), st.integers(0, 3))
def test_rounding_is_symmetric_within_half_a_unit_and_done_once(number, decimals):
    value = number / 1000
    rounded = float(round_half_away([value], decimals)[0])
    assert float(round_half_away([-value], decimals)[0]) == -rounded
    assert abs(Fraction(repr(rounded)) - Fraction(number, 1000)) <= Fraction(1, 2 * 10**decimals)
    assert float(round_half_away([rounded], decimals)[0]) == rounded


def test_exact_rates_worked():
    """23/80 = 28.75 % -> 28.8; 85/725 = 11.7241 % -> 11.7; 127,411 of 3,327,970 = 3.82849 -> 3.83; 0/5 = 0."""
    top, bottom = np.array([23.0, 85, 127_411, 0, 3, np.nan]), np.array([80.0, 725, 3_327_970, 5, 0, 4])
    rates = exact_rates(top, bottom, per=100, decimals=1)
    assert rates[:4].tolist() == [28.8, 11.7, 3.8, 0.0]
    assert np.isnan(rates[4:]).all()
    assert exact_rates(top, bottom, per=100, decimals=2)[2] == 3.83
    assert exact_rates(top, bottom, per=100, decimals=None)[1] == pytest.approx(11.7241379, abs=1e-7)
