"""Worked numbers of the methods reference, section 3: progress from individual starting points."""

import itertools

import numpy as np
import pytest
from scipy import stats as scipy_stats

from sendlab.stats import change
from sendlab.stats.intervals import mean_known_sd, wilson
from sendlab.stats.rounding import exact_rates

PRINTED = 6e-7

# ---- sections 3.1 and 3.2


def test_value_added_of_section_3_1():
    """Twelve pupils against the reference means of their groups; the interval is the Department's, with 1.96."""
    means = {1: 88.2, 2: 95.6, 3: 101.3, 4: 106.9, 5: 111.4}
    pupils = [(1, 86), (1, 93), (2, 97), (2, 91), (2, 99), (3, 104), (3, 100), (3, 95), (4, 109), (4, 103), (5, 113),
              (5, 110)]  # fmt: skip
    progress = np.array([score - means[group] for group, score in pupils])
    assert progress.tolist() == pytest.approx([-2.2, 4.8, 1.4, -4.6, 3.4, 2.7, -1.3, -6.3, 2.1, -3.9, 1.6, -1.4])
    lower, upper = mean_known_sd(progress.mean(), 12, 6.1)
    assert (progress.mean(), float(lower), float(upper)) == pytest.approx((-0.308333, -3.759733, 3.143067), abs=PRINTED)


# ---- section 3.3

MATRIX = [[6, 9, 3, 0], [2, 14, 12, 2], [0, 4, 21, 9], [0, 0, 5, 18]]


def test_transitions_of_section_3_3():
    found = change.expected_and_exceeding(MATRIX)
    assert found == (105, 11, 59, 30, 5, 94, 35, 82)  # 23 of the 105 began at the top
    shares = exact_rates(np.array([94.0, 35.0]), np.array([105.0, 105.0]), per=100, decimals=2)
    assert shares.tolist() == [89.52, 33.33]
    assert float(wilson(94, 105)[0]) < 94 / 105
    with pytest.raises(ValueError, match="as many end bands"):
        change.expected_and_exceeding([[1, 2]])


def test_transitions_are_counted_from_pupils():
    bands = ["below", "towards", "at", "above"]
    pairs = [(start, end) for i, start in enumerate(bands) for j, end in enumerate(bands) for _ in range(MATRIX[i][j])]
    first, last = zip(*pairs, strict=True)
    assert change.transition_counts(first, last, bands).tolist() == MATRIX
    with pytest.raises(ValueError, match="no such band: higher; expected below, towards, at, above"):
        change.transition_counts(["at"], ["higher"], bands)
    with pytest.raises(ValueError, match="named twice"):
        change.transition_counts([], [], ["at", "at"])


def test_against_national_is_poisson_binomial_by_enumeration():
    """Three pupils at .5 and two at .2: every outcome listed, in place of the convolution."""
    starts, shares = [3, 2], [0.5, 0.2]

    def chances(odds):
        p = [odds * s / (1 - s) / (1 + odds * s / (1 - s)) for s in np.repeat(shares, starts)]
        found = np.zeros(6)
        for outcome in itertools.product((0, 1), repeat=5):
            found[sum(outcome)] += np.prod([q if o else 1 - q for q, o in zip(p, outcome, strict=True)])
        return found, sum(p)

    found = change.against_national(4, starts, shares)
    at_national, expected = chances(1)
    assert found[:3] == pytest.approx((4, 1.9, 4 / 1.9))
    assert expected == pytest.approx(1.9)
    assert found.p == pytest.approx(2 * at_national[4:].sum())
    for limit, tail in ((found.lower, slice(4, 6)), (found.upper, slice(0, 5))):
        low, high = 1e-6, 1e6
        for _ in range(200):
            odds = np.sqrt(low * high)
            low, high = (odds, high) if chances(odds)[1] < limit * expected else (low, odds)
        assert chances(odds)[0][tail].sum() == pytest.approx(0.025, rel=1e-6)


def test_against_national_with_one_band_is_clopper_pearson():
    """One start band of 23 at 40 %: the limits are Clopper-Pearson's over .4, and the p is the binomial's, doubled."""
    exact = scipy_stats.binomtest(13, 23).proportion_ci()
    found = change.against_national(13, [23], [0.4])
    assert (found.lower, found.upper) == pytest.approx((exact.low / 0.4, exact.high / 0.4), rel=1e-6)
    assert found.p == pytest.approx(2 * scipy_stats.binom.sf(12, 23, 0.4))


def test_against_national_at_its_ends():
    none, all_of_them = change.against_national(0, [5, 4], [0.5, 0.3]), change.against_national(9, [5, 4], [0.5, 0.3])
    assert (none.ratio, none.lower) == (0, 0)
    assert all_of_them.upper == pytest.approx(9 / 3.7)  # no more than all
    certain = change.against_national(6, [5, 4], [1.0, 0.3])  # the band of 5 is sure to make it
    assert 5 / 6.2 <= certain.lower < certain.ratio < certain.upper < 9 / 6.2
    assert np.isnan(change.against_national(4, [5, 4], [1.0, 0.3])[3:5]).all()  # and here it did not
    assert np.isnan(change.against_national(0, [5], [0.0])[2:]).all()
    assert np.isnan(change.against_national(0, [], [])[1:]).all()
    with pytest.raises(ValueError, match="observed must lie"):
        change.against_national(6, [5], [0.5])


# ---- section 3.4


@pytest.mark.parametrize(
    ("levels", "weights", "expected"),
    [
        ([0, 0, 0], None, 50),
        ([1, 1, 1], [1, 1, 1], 63.693064),
        ([1, 0, -1], [3, 2, 1], 54.406526),
        ([2], None, 70),
    ],
)
def test_goal_attainment_of_section_3_4(levels, weights, expected):
    assert change.goal_attainment(levels, weights) == pytest.approx(expected, abs=PRINTED)


def test_goal_attainment_where_it_is_not_defined():
    assert np.isnan(change.goal_attainment([]))
    assert np.isnan(change.goal_attainment([1, np.nan]))
    with pytest.raises(ValueError, match="-2 to 2"):
        change.goal_attainment([3])
    with pytest.raises(ValueError, match="above 0"):
        change.goal_attainment([1, 1], [1, 0])


# ---- section 3.5


def test_ratio_gain_of_section_3_5():
    assert change.ratio_gain([18], 6) == 3.0
    assert change.ratio_gain([9], [12]) == 0.75
    assert change.ratio_gain([18, 9], [6, 12]) == 27 / 18  # mean over mean, not the mean of 3 and .75
    assert np.isnan([change.ratio_gain([], 6), change.ratio_gain([4], 0), change.ratio_gain([4, np.nan], 6)]).all()


@pytest.mark.parametrize(
    ("ratio", "word"),
    [(0.99, "below standard"), (1.0, "standard"), (1.39, "standard"), (1.4, "modest"), (1.99, "modest"),
     (2.0, "useful"), (3.0, "substantial"), (3.99, "substantial"), (4.0, "remarkable"), (np.nan, "not defined")],
)  # fmt: skip
def test_bands_of_section_3_5(ratio, word):
    assert change.brooks_band(ratio) == word


# ---- section 3.6


def test_reliable_change_of_section_3_6():
    """The worked case of the 1991 paper, where lower is better; and an 11-point rise within measurement error."""
    paper = change.reliable_change(47.5, 32.5, 7.5, 0.80)
    assert float(paper.index) == pytest.approx(-3.162278, abs=PRINTED)
    assert float(paper.reliable) == -1
    rise = change.reliable_change(78, 89, 15, 0.90)
    assert (float(rise.index), float(rise.threshold)) == pytest.approx((1.639783, 13.147838), abs=PRINTED)
    assert float(rise.reliable) == 0
    assert 15 * np.sqrt(2 * (1 - 0.9)) == pytest.approx(6.708204, abs=PRINTED)


def test_reliable_change_at_the_threshold_and_without_scores():
    threshold = float(change.reliable_change(0, 0, 15, 0.9).threshold)
    found = change.reliable_change([100, 100, np.nan], [100 + threshold * 0.999, 100 + threshold * 1.001, 90], 15, 0.9)
    assert found.reliable[:2].tolist() == [0, 1]
    assert np.isnan(found.reliable[2])
    assert np.isnan(change.reliable_change(80, 90, 0, 0.9).reliable)
    with pytest.raises(ValueError, match="reliability"):
        change.reliable_change(80, 90, 15, 1.0)


# ---- section 3.7


def test_regression_to_the_mean_of_section_3_7():
    retest = change.regression_to_mean(78, 0.9)
    assert (float(retest.expected), float(retest.sd)) == pytest.approx((80.2, 6.538348), abs=PRINTED)
    picked = change.selected_below(85, 0.8)
    assert [float(v) for v in picked] == pytest.approx([77.122971, 81.698377, 4.575406], abs=PRINTED)
    assert float(change.residual_change(71, 86, 0.8)) == pytest.approx(1.022222, abs=PRINTED)


def test_regression_to_the_mean_in_simulated_pupils():
    """Two tests with a correlation of .8, pupils picked below 85 on the first: the gain is the predicted one."""
    rng = np.random.default_rng(7)
    first = rng.normal(100, 15, 200_000)
    last = 100 + 0.8 * (first - 100) + rng.normal(0, 15 * 0.6, first.size)
    gain = (last - first)[first < 85].mean()
    assert gain == pytest.approx(4.575406, abs=0.2)
    assert np.isfinite(change.selected_below(-500, 0.8).mean)  # far below the mean of 100, sd 15


# ---- section 3.8


def test_sdq_added_value_of_section_3_8():
    """2.3 + .8 * 22 + .2 * 5 - .3 * 6 - 18 = 1.1; a group at its expected end score adds nothing."""
    assert float(change.sdq_added_value(22, 5, 6, 18)) == pytest.approx(1.1)
    assert float(change.sdq_added_value(20, 4, 5, 17.6)) == pytest.approx(0)
    assert np.isnan(change.sdq_added_value([np.nan], 4, 5, 17)).all()
    with pytest.raises(ValueError, match="SDQ impact score lies from 0 to 10"):
        change.sdq_added_value(22, 11, 6, 18)
