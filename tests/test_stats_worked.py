"""Worked numbers of the methods reference, sections 1 and 2, and the same by a second library where there is one."""

import numpy as np
import pytest
from scipy import stats as scipy_stats

from sendlab.stats import intervals, means, ratios, standardise
from sendlab.stats.decompose import kitagawa, oaxaca_blinder

PRINTED = 6e-7  # worked numbers are printed to six places


def numbers(values):
    """Anything with numbers in it as plain floats."""
    return [float(np.ravel(value)[0]) for value in values]


def near(values, expected, tolerance=PRINTED):
    assert numbers(values) == pytest.approx(expected, abs=tolerance)


# ---- section 1.1


@pytest.mark.parametrize(
    ("x", "n", "expected"),
    [
        (81, 263, (0.252737, 0.367622)),
        (15, 148, (0.057844, 0.161650)),
        (0, 20, (0, 0.168433)),
        (1, 29, (0.000873, 0.177644)),
        (29, 29, (0.880555, 1)),
    ],
)
def test_clopper_pearson_rows_of_section_1_1(x, n, expected):
    near(intervals.clopper_pearson(x, n), expected)
    near(intervals.clopper_pearson(x, n), tuple(scipy_stats.binomtest(x, n).proportion_ci()), 1e-9)


# ---- section 1.2, the paired form


def test_paired_difference_as_another_library_prints_it():
    """Counts 59, 6, 16, 80 (Cavo and others 2012): tests of the R package contingencytables hold -0.1186 to -0.0046."""
    near(intervals.newcombe_paired(59, 6, 16, 80), (-0.1186, -0.0046), 5.1e-5)


def paired_by_pupils(a, b, c, d):
    """Section 1.2 by another road: answers listed pupil by pupil, scipy's Wilson limits, numpy's correlation."""
    first = np.repeat([1, 1, 0, 0], [a, b, c, d])
    second = np.repeat([1, 0, 1, 0], [a, b, c, d])
    n = len(first)
    (l1, u1), (l2, u2) = (
        scipy_stats.binomtest(int(x.sum()), n).proportion_ci(method="wilson") for x in (first, second)
    )
    p1, p2 = first.mean(), second.mean()
    phi = np.corrcoef(first, second)[0, 1]
    if phi > 0:  # the cross-product less half a pupil, over the same root
        covariance = (first * second).mean() - p1 * p2
        phi *= max(1 - 1 / (2 * n * covariance), 0)
    below, above = np.array([p1 - l1, u2 - p2]), np.array([u1 - p1, p2 - l2])
    joint = np.array([[1, -phi], [-phi, 1]])
    return p1 - p2 - np.sqrt(below @ joint @ below), p1 - p2 + np.sqrt(above @ joint @ above)


@pytest.mark.parametrize("table", [(20, 9, 2, 15), (3, 12, 10, 4), (1, 1, 7, 12), (30, 5, 4, 2), (212, 144, 256, 707)])
def test_paired_difference_by_another_road(table):
    near(intervals.newcombe_paired(*table), paired_by_pupils(*table), 1e-9)


def test_paired_difference_where_one_answer_never_varies():
    """All 12 yes the first time, 7 the second: no correlation, so the limits are those of independent shares."""
    near(intervals.newcombe_paired(7, 5, 0, 0), numbers(intervals.newcombe(12, 12, 7, 12)), 1e-12)
    assert np.isnan(intervals.newcombe_paired(0, 0, 0, 0)).all()


def test_paired_mean_is_scipys():
    """Treated pupils of section 5.1: gains 8 9 6 7 10 7 6 9 6 9."""
    gains = [8, 9, 6, 7, 10, 7, 6, 9, 6, 9]
    near(intervals.paired_mean(gains), (7.7, *scipy_stats.ttest_1samp(gains, 0).confidence_interval()), 1e-9)
    assert np.isnan(intervals.paired_mean([3.0])[1:]).all()
    assert np.isnan(intervals.paired_mean([1.0, np.nan, 2.0])).all()
    assert np.isnan(intervals.paired_mean([])).all()


# ---- section 1.3


def test_byar_of_section_1_3():
    near(intervals.byar(7, 1), (2.80443, 14.42326), 5.1e-6)
    near(intervals.byar(0, 40), (0, (1 - 1 / 9 + 1.959963984540054 / 3) ** 3 / 40), 1e-12)
    assert np.isnan(intervals.byar(3, 0)).all()


# ---- section 1.4


@pytest.mark.parametrize(
    ("counts", "ratio", "limits", "p"),
    [
        ((23, 95, 46, 900), 4.73684, (2.74046, 7.97705), 5.12634e-08),
        ((0, 40, 25, 500), 0, (0, 1.98747), 0.255659),
    ],
)
def test_exact_rate_ratio_of_section_1_4(counts, ratio, limits, p):
    found = ratios.rate_ratio(*counts)
    near(found[:3], (ratio, *limits), 5.1e-6)
    assert float(found.p) == pytest.approx(p, rel=2e-6)


def test_exact_rate_ratio_p_is_statsmodels():
    from statsmodels.stats.rates import test_poisson_2indep as compare

    for a, A, b, B in ((23, 95, 46, 900), (3, 100, 9, 120), (0, 40, 25, 500)):
        other = compare(a, A, b, B, method="exact-cond").pvalue
        assert float(ratios.rate_ratio(a, A, b, B).p) == pytest.approx(other, rel=1e-9)


def test_rate_ratio_where_it_is_not_defined():
    nobody, nothing, one_sided = ratios.rate_ratio([3, 0, 4], [0, 50, 50], [2, 0, 0], [10, 60, 60])[0]
    assert np.isnan([nobody, nothing]).all()
    assert np.isinf(one_sided)
    found = ratios.rate_ratio(4, 50, 0, 60)
    assert 0 < float(found.lower) < np.inf
    assert np.isinf(found.upper)
    with pytest.raises(ValueError, match="whole numbers"):
        ratios.rate_ratio(1.5, 40, 2, 50)


def test_clustered_rate_ratio_without_clustering_is_the_exact_one():
    """Twelve pupils of 100 with one each: dispersion below 1, so nothing is widened."""
    clustered = ratios.clustered_rate_ratio(12, 100, 12, 30, 500, 30)
    near(clustered[:3], numbers(ratios.rate_ratio(12, 100, 30, 500)[:3]), 1e-12)


def test_clustered_rate_ratio_takes_effective_counts():
    """Section 1.6 with 1.4. 16 pupils of 40 with three each: dispersion (144 - 40 * 1.44) / (1.2 * 39) = 1.846154."""
    phi = (144 - 40 * 1.44) / (1.2 * 39)
    a, b = 48 / phi, 30.0
    share = scipy_stats.beta.ppf([0.025, 0.975], [a, a + 1], [b + 1, b])
    expected = share / (1 - share) * 500 / (40 / phi)
    near(ratios.clustered_rate_ratio(48, 40, 144, 30, 500, 30)[1:3], expected, 1e-9)


def test_clustered_rate_ratio_at_zero_events_takes_the_other_sides_dispersion():
    found = ratios.clustered_rate_ratio(0, 40, 0, 25, 500, 75)
    plain = ratios.rate_ratio(0, 40, 25, 500)
    assert float(found.ratio) == float(found.lower) == 0
    assert float(found.upper) > float(plain.upper)
    assert float(found.p) > float(plain.p)


# ---- section 1.5

GROUPS = (50, 103, 5.5, 50, 100, 4.5)


def test_hedges_g_of_section_1_5():
    """The reference prints se .202838 and .194887, .989997 for the approximate J too: those are the exact J's."""
    exact = means.hedges_g(*GROUPS, exact=True)
    near(exact[1:], (0.202838, 0.194885, 0.989995))
    near(means.hedges_g(*GROUPS), (0.592442, 0.202838, 0.194887, 0.989997), 2e-6)
    assert float(exact.g / means.hedges_g(*GROUPS).g) == pytest.approx(0.992324 / 0.992327, abs=1e-6)


def test_hedges_g_is_statsmodels():
    from statsmodels.stats.meta_analysis import effectsize_smd

    assert float(means.hedges_g(*GROUPS).g) == pytest.approx(effectsize_smd(103, 5.5, 50, 100, 4.5, 50)[0], rel=1e-9)


def test_welch_of_section_1_5_is_scipys():
    ones, noughts = [84, 90, 93, 80, 99, 91, 92, 88], [105, 102, 94, 108, 106, 97]
    scipys = scipy_stats.ttest_ind(ones, noughts, equal_var=False)
    found = means.welch(ones, noughts)
    near(found[1:3], tuple(scipys.confidence_interval()), 1e-9)
    near(found[3:], (scipys.df, scipys.pvalue), 1e-9)
    moments = (8, np.mean(ones), np.std(ones, ddof=1), 6, np.mean(noughts), np.std(noughts, ddof=1))
    near(means.welch_from(*moments), numbers(found), 1e-9)
    assert np.isnan(means.welch([1.0], [2.0, 3.0])[1:]).all()
    assert np.isnan(means.hedges_g(1, 5, 0, 1, 6, 0)).all()


# ---- section 1.6

EVENTS, PUPILS = [4, 9, 12, 3, 7, 15, 2, 10, 6, 22], [52, 60, 71, 44, 58, 66, 39, 75, 61, 70]


def test_quasi_poisson_of_section_1_6():
    found = ratios.quasi_poisson(EVENTS, PUPILS)
    assert 100 * found.rate == pytest.approx(15.1007, abs=5.1e-5)
    assert (found.phi, found.p) == pytest.approx((2.570944, 0.005893), abs=PRINTED)
    assert (100 * found.lower, 100 * found.upper) == pytest.approx((10.8425, 21.0311), abs=5.1e-5)
    assert found.phi * 9 == pytest.approx(23.138497, abs=PRINTED)


def test_quasi_poisson_is_statsmodels():
    import statsmodels.api as sm

    model = sm.GLM(EVENTS, np.ones(10), family=sm.families.Poisson(), exposure=np.array(PUPILS, dtype=float))
    low, high = np.exp(model.fit(scale="X2").conf_int())[0]
    found = ratios.quasi_poisson(EVENTS, PUPILS)
    assert (found.lower, found.upper) == pytest.approx((low, high), rel=1e-6)


def test_quasi_poisson_where_it_is_not_defined():
    assert np.isnan(ratios.quasi_poisson([0, 0], [10, 10])[1:]).all()
    assert np.isnan(ratios.quasi_poisson([3], [10])[1:]).all()
    with pytest.raises(ValueError, match="exposure above zero"):
        ratios.quasi_poisson([3, 1], [10, 0])


# ---- section 2


def test_risk_ratio_of_section_2():
    near(ratios.risk_ratio(30, 120, 45, 600), (3.333333, 2.193817, 5.064739))
    from statsmodels.stats.proportion import confint_proportions_2indep

    other = confint_proportions_2indep(30, 120, 45, 600, method="log", compare="ratio")
    near(ratios.risk_ratio(30, 120, 45, 600)[1:], other, 1e-9)
    assert np.isnan(numbers(ratios.risk_ratio(0, 20, 5, 50)[1:])).all()
    assert np.isnan(numbers(ratios.risk_ratio(3, 20, 0, 50))).all()


def test_disproportionality_of_section_2():
    """46 of 116 suspensions from 180 of 1,300 pupils."""
    near([ratios.rate_ratio(46, 180, 70, 1120).ratio, ratios.composition_index(46, 116, 180, 1300)],
         (4.088889, 2.863985))  # fmt: skip
    assert np.isnan(ratios.composition_index(0, 0, 180, 1300))
    assert float(ratios.composition_index(116, 116, 180, 1300)) == pytest.approx(1300 / 180)  # its bound


def test_cohens_h_of_section_2():
    near([ratios.cohens_h(0.25, 0.66)], (-0.849328,))
    assert np.isnan(ratios.cohens_h(1.2, 0.5))


# ---- standardisation: worked here, by hand


def test_direct_rate_by_hand():
    """Rates 10/1000 and 30/1500 at weights .4 and .6: .016; variance (.4/1000)^2 * 10 + (.6/1500)^2 * 30 = 6.4e-6.

    Byar's limits of 40 events are 28.57332 and 54.46945; Dobson's scale is sqrt(6.4e-6 / 40) = .0004.
    """
    low, high = numbers(intervals.byar(40, 1))
    found = standardise.direct([10, 30], [1000, 1500], [40_000, 60_000])
    assert found.rate == pytest.approx(0.016, rel=1e-12)
    assert (found.lower, found.upper) == pytest.approx((0.016 + 4e-4 * (low - 40), 0.016 + 4e-4 * (high - 40)))
    assert np.isnan(standardise.direct([4, 5], [1000, 1500], [1, 1])[:3]).all()  # nine events
    assert np.isnan(standardise.direct([10, 0], [1000, 0], [1, 1])[:3]).all()  # a stratum without people
    same = standardise.direct([12], [400], [1])
    assert (same.lower, same.upper) == pytest.approx(numbers(intervals.byar(12, 400)), rel=1e-9)


def test_indirect_ratio_by_hand():
    expected = standardise.expected_events([100, 50, 0], [0.02, 0.1, np.nan])
    assert float(expected) == 7.0
    near(standardise.indirect(7, expected)[3:], (2.81436 / 7, 14.42268 / 7), 1e-6)
    near(standardise.indirect(7, 7, limits="byar")[3:], (2.80443 / 7, 14.42326 / 7), 1e-6)
    assert np.isnan(standardise.indirect(3, 0)[2:]).all()
    with pytest.raises(ValueError, match="no limits are called"):
        standardise.indirect(3, 1, limits="wald")


# ---- section 2.1

SHARES = ([90, 60], [0.30, 0.18], [600, 150], [0.74, 0.55])


def test_kitagawa_of_section_2_1():
    found = kitagawa(*SHARES)
    assert found[:3] == pytest.approx((-0.45, -0.419, -0.031), abs=1e-12)
    assert found.rate_terms.tolist() == pytest.approx([-0.308, -0.111], abs=1e-12)
    assert found.composition_terms.tolist() == pytest.approx([-0.104, 0.073], abs=1e-12)
    assert found.reason == ""


def test_kitagawa_with_an_empty_stratum_says_so_and_fills_nothing():
    found = kitagawa([90, 60, 0], [0.3, 0.18, np.nan], [600, 150, 40], [0.74, 0.55, 0.5])
    assert np.isnan(found[:3]).all()
    assert found.reason == "group 1 has nobody in stratum 3 of 3: merge it with another"
    both = kitagawa([90, 60, 0], [0.3, 0.18, np.nan], [600, 150, 0], [0.74, 0.55, np.nan])
    assert both[:3] == pytest.approx(kitagawa(*SHARES)[:3], abs=1e-12)
    assert "nobody in any stratum" in kitagawa([0], [0.1], [3], [0.2]).reason
    assert "a rate is missing in stratum 1" in kitagawa([5], [np.nan], [3], [0.2]).reason


# ---- section 2.2

SEN = np.array([(1, 78, 84), (1, 82, 90), (0, 85, 93), (1, 75, 80), (0, 90, 99), (0, 80, 91), (1, 88, 92), (0, 83, 88),
                (1, 79, 87), (0, 86, 97)], dtype=float)  # fmt: skip
OTHERS = np.array([(0, 100, 105), (0, 96, 102), (1, 90, 94), (0, 104, 108), (0, 98, 106), (1, 94, 97), (0, 110, 113),
                   (0, 92, 101), (1, 88, 95), (0, 106, 109), (0, 101, 103), (0, 97, 104), (1, 99, 100),
                   (0, 93, 98)], dtype=float)  # fmt: skip
TWO_GROUPS = (SEN[:, 2], SEN[:, :2], OTHERS[:, 2], OTHERS[:, :2])


def test_oaxaca_blinder_of_section_2_2():
    found = oaxaca_blinder(*TWO_GROUPS, ["fsm", "prior"]).value
    assert found.gap == pytest.approx(-12.4, abs=1e-9)
    assert found.comparator[:2] == pytest.approx((-10.919433, -1.480567), abs=PRINTED)
    assert found.comparator.detail.tolist() == pytest.approx([-0.803197, -10.116236], abs=PRINTED)
    assert found.own[:2] == pytest.approx((-14.776391, 2.376391), abs=PRINTED)
    assert found.own.detail.tolist() == pytest.approx([-0.616692, -14.159699], abs=PRINTED)
    assert found.pooled[:2] == pytest.approx((-11.996575, -0.403425), abs=PRINTED)
    assert tuple(found.threefold) == pytest.approx((-10.919433, 2.376391, -3.856958), abs=PRINTED)


def test_oaxaca_blinder_is_statsmodels_the_other_way_about():
    """statsmodels puts the group with the higher mean first: its gap is 12.4 and its slopes are the other group's."""
    from statsmodels.stats.oaxaca import OaxacaBlinder

    y = np.concatenate([SEN[:, 2], OTHERS[:, 2]])
    group = np.repeat([1.0, 0.0], [10, 14])
    X = np.column_stack([group, np.concatenate([SEN[:, :2], OTHERS[:, :2]])])
    model = OaxacaBlinder(y, X, 0, hasconst=False)
    unexplained, explained, gap = model.two_fold(two_fold_type="self_submitted", submitted_weight=1).params
    ours = oaxaca_blinder(*TWO_GROUPS, ["fsm", "prior"]).value
    assert (gap, explained, unexplained) == pytest.approx((-ours.gap, -ours.comparator.explained,
                                                           -ours.comparator.unexplained), abs=1e-6)  # fmt: skip


def test_oaxaca_blinder_bootstrap_is_seeded_and_near_the_algebra():
    """The bootstrap's error of the gap of two means is the one algebra knows."""
    first = oaxaca_blinder(*TWO_GROUPS, ["fsm", "prior"], resamples=400, seed=3)
    again = oaxaca_blinder(*TWO_GROUPS, ["fsm", "prior"], resamples=400, seed=3)
    assert first.se.comparator.explained == again.se.comparator.explained
    assert 380 <= first.resamples <= 400  # resamples without any pupil on free meals have no slope
    known = np.sqrt(SEN[:, 2].var() / 10 + OTHERS[:, 2].var() / 14)
    assert first.se.gap == pytest.approx(known, rel=0.1)
    assert np.isnan(oaxaca_blinder(*TWO_GROUPS, ["fsm", "prior"]).se.gap)


def test_oaxaca_blinder_with_one_cluster_a_pupil_pair_and_wrong_shapes():
    """Each pupil doubled, in a cluster of their own: the error is that of the pupils, not of twice as many."""
    twice = [np.repeat(part, 2, axis=0) for part in TWO_GROUPS]
    schools = np.repeat(np.arange(10), 2), np.repeat(np.arange(10, 24), 2)
    clustered = oaxaca_blinder(*twice, ["fsm", "prior"], clusters1=schools[0], clusters0=schools[1], resamples=300)
    alone = oaxaca_blinder(*twice, ["fsm", "prior"], resamples=300)
    assert clustered.se.gap > 1.25 * alone.se.gap
    assert clustered.value.gap == pytest.approx(-12.4)
    with pytest.raises(ValueError, match="both groups or for neither"):
        oaxaca_blinder(*twice, ["fsm", "prior"], clusters1=schools[0])
    with pytest.raises(ValueError, match="X has shape"):
        oaxaca_blinder(*TWO_GROUPS, ["fsm"])


def test_oaxaca_blinder_without_slopes_is_no_number():
    y1, X1, y0, X0 = TWO_GROUPS
    constant = np.column_stack([X1[:, 0] * 0, X1[:, 1]])
    found = oaxaca_blinder(y1, constant, y0, X0, ["fsm", "prior"]).value
    assert np.isnan(found.own.explained)
    assert found.gap == pytest.approx(-12.4)
