"""Worked numbers of the methods reference, section 4: comparing schools."""

import numpy as np
import pytest
from scipy import stats as scipy_stats

from sendlab.stats import funnel, shrinkage
from sendlab.stats.many import benjamini_hochberg

PRINTED = 6e-7
X, N = np.array([3, 8, 12, 5, 20, 9, 2, 14, 7, 30]), np.array([25, 40, 48, 31, 60, 52, 22, 45, 50, 70])

# ---- section 4.1


def test_binomial_funnel_of_section_4_1():
    expected = [[0, 0.023027, 0.390858, 0.515032], [0.046181, 0.101050, 0.330866, 0.405346],
                [0.131182, 0.161353, 0.276278, 0.311856]]  # fmt: skip
    assert funnel.binomial_limits(0.22, [20, 50, 200]).tolist() == [pytest.approx(r, abs=PRINTED) for r in expected]


def test_poisson_funnel_of_section_4_1():
    expected = [[0, 1.0613, 22.5240, 31.1107], [3.0476, 5.8145, 18.1760, 22.4656]]
    found = 100 * funnel.poisson_limits(0.12, [40, 120])
    assert found.tolist() == [pytest.approx(r, abs=5.1e-5) for r in expected]


def test_mean_funnel_of_section_4_1():
    """The reference prints 4.2271 at 8 pupils, with 1.96; z gives 4.2270."""
    found = funnel.mean_limits(0, [8, 20], 6.1, tails=(0.025, 0.975))
    assert found[:, 1].tolist() == pytest.approx([4.2271, 2.6734], abs=1.1e-4)
    assert found[:, 0].tolist() == pytest.approx((-found[:, 1]).tolist())


def test_funnel_limits_leave_out_units_of_no_size_and_refuse_impossible_targets():
    assert np.isnan(funnel.binomial_limits(0.2, [0, np.nan])).all()
    assert np.isnan(funnel.poisson_limits(0.2, [0])).all()
    assert np.isnan(funnel.mean_limits(0.2, [0], 6.0)).all()
    assert funnel.binomial_limits(0, [10]).tolist() == [[0, 0, 0, 0]]
    with pytest.raises(ValueError, match="from 0 to 1"):
        funnel.binomial_limits(1.2, [10])
    with pytest.raises(ValueError, match="not negative"):
        funnel.poisson_limits(-1, [10])
    with pytest.raises(ValueError, match="tails"):
        funnel.mean_limits(0, [10], 1, tails=[0])


# ---- section 4.2


def test_overdispersion_of_section_4_2():
    found = funnel.scores("binomial", X / N, N)
    assert found.target == pytest.approx(0.248307, abs=PRINTED)
    expected = [-1.4849, -0.7072, 0.0271, -1.1214, 1.5245, -1.2557, -1.7088, 0.9752, -1.7727, 3.4910]
    assert found.z.tolist() == pytest.approx(expected, abs=5.1e-5)
    spread = funnel.overdispersion(found.z, found.variance)
    assert (spread.phi_raw, spread.phi) == pytest.approx((2.706424, 1.763924), abs=PRINTED)
    assert spread.tau2 == pytest.approx(0.004092597, abs=6e-10)
    assert spread.adjust
    assert funnel.adjusted_scores(found, spread)[-1] == pytest.approx(2.1926, abs=5.1e-5)
    at_60 = [found.variance[4]]
    for form, limits in (("multiplicative", (0.103120, 0.393494)), ("additive", (0.081959, 0.414655))):
        assert funnel.adjusted_limits(found.target, at_60, spread, form, (0.025, 0.975))[0].tolist() == pytest.approx(
            limits, abs=PRINTED
        )


def test_overdispersion_of_nine_units_changes_nothing():
    found = funnel.scores("binomial", (X / N)[:9], N[:9])
    spread = funnel.overdispersion(found.z, found.variance)
    assert (spread.units, spread.adjust) == (9, False)
    assert funnel.widened(found.variance, spread, "multiplicative").tolist() == found.variance.tolist()
    assert funnel.adjusted_scores(found, spread).tolist() == pytest.approx(found.z.tolist())


def test_scores_of_rates_and_means_and_of_units_of_no_size():
    rates = funnel.scores("poisson", [0.1, 0.3, np.nan], [50, 20, 0], target=0.2)
    assert rates.z[:2].tolist() == pytest.approx([-0.1 / np.sqrt(0.2 / 50), 0.1 / np.sqrt(0.2 / 20)])
    assert np.isnan(rates.z[2])
    assert funnel.scores("mean", [3.05], [16], target=0, sd=6.1).z.tolist() == pytest.approx([2.0])
    assert funnel.overdispersion([], []).units == 0
    assert np.isnan(funnel.overdispersion([np.nan], [np.nan]).phi)
    with pytest.raises(ValueError, match="a mean needs sd"):
        funnel.scores("mean", [1], [1])
    with pytest.raises(ValueError, match="no form is called"):
        funnel.widened([1], funnel.Spread(12, 2, 2, 1, True), "other")


# ---- section 4.3

MEANS, SIZES = [-1.9, 0.6, 2.4, -0.3, 1.1, -3.2, 0.2, 1.8], [6, 28, 12, 55, 30, 9, 60, 22]


def test_normal_shrinkage_of_section_4_3():
    known = shrinkage.dersimonian_laird(MEANS, 36 / np.array(SIZES))
    assert (known.q, known.tau2, known.mean) == pytest.approx((7.878209, 0.174463, 0.344368), abs=PRINTED)
    found = shrinkage.normal_shrinkage(MEANS, SIZES, 6.0)
    expected = [0.2810, 0.3749, 0.4573, 0.2088, 0.4403, 0.1962, 0.3118, 0.4846]
    assert found.estimate.tolist() == pytest.approx(expected, abs=5.1e-5)
    assert found.sd.tolist() == pytest.approx(np.sqrt(found.weight * 36 / np.array(SIZES)).tolist())


def test_normal_shrinkage_of_section_4_3_with_the_spread_given():
    found = shrinkage.normal_shrinkage(MEANS, SIZES, 6.0, tau2=1.5, mean=0.0)
    weights = [0.2, 0.53846, 0.33333, 0.69620, 0.55556, 0.27273, 0.71429, 0.47826]
    estimates = [-0.38, 0.32308, 0.8, -0.20886, 0.61111, -0.87273, 0.14286, 0.86087]
    assert found.weight.tolist() == pytest.approx(weights, abs=5.1e-6)
    assert found.estimate.tolist() == pytest.approx(estimates, abs=5.1e-6)


def test_dersimonian_laird_is_statsmodels():
    from statsmodels.stats.meta_analysis import combine_effects

    other = combine_effects(np.array(MEANS), 36 / np.array(SIZES), method_re="dl")
    known = shrinkage.dersimonian_laird(MEANS, 36 / np.array(SIZES))
    assert (known.tau2, known.mean) == pytest.approx((other.tau2, other.mean_effect_re), rel=1e-9)


def test_shrinkage_with_no_spread_between_units_claims_no_limits():
    found = shrinkage.normal_shrinkage([1.0, 1.1, 0.9], [5, 5, 5], 6.0)
    assert found.tau2 == 0
    assert found.estimate.tolist() == pytest.approx([1, 1, 1])
    assert np.isnan(found.lower).all()
    nobody = shrinkage.normal_shrinkage([*MEANS, np.nan], [*SIZES, 0], 6.0)
    assert nobody.estimate[:8].tolist() == pytest.approx(shrinkage.normal_shrinkage(MEANS, SIZES, 6.0).estimate)
    assert np.isnan(nobody.estimate[8])


def pupils(seed, spread):
    rng = np.random.default_rng(seed)
    units = np.repeat(np.arange(8), SIZES)
    return 50 + rng.normal(0, spread, 8)[units] + rng.normal(0, 6, units.size), units


def test_two_level_is_mixedlms_own():
    from statsmodels.regression.mixed_linear_model import MixedLM

    y, units = pupils(5, 2.0)
    fit = MixedLM(y, np.ones((y.size, 1)), groups=units).fit(method="powell")
    found = shrinkage.two_level(y, units)
    blups = [float(effect.iloc[0]) + fit.fe_params[0] for effect in fit.random_effects.values()]
    sds = [float(np.sqrt(np.asarray(cov)[0, 0])) for cov in fit.random_effects_cov.values()]
    assert found.shrunk.estimate.tolist() == pytest.approx(blups, rel=1e-4)
    assert found.shrunk.sd.tolist() == pytest.approx(sds, rel=1e-4)
    assert found.converged


def test_two_level_has_the_highest_restricted_likelihood():
    """No step of a thousandth in either variance does better."""
    y, units = pupils(5, 2.0)
    sizes = np.array(SIZES, dtype=float)
    means = np.bincount(units, weights=y) / sizes

    def likelihood(within, between):
        v = between + within / sizes
        centre = (means / v).sum() / (1 / v).sum()
        ss = ((y - means[units]) ** 2).sum() / within + ((means - centre) ** 2 / v).sum()
        return -((y.size - 8) * np.log(within) + ss + np.log(v).sum() + np.log((1 / v).sum()))

    found = shrinkage.two_level(y, units)
    within, between = found.pupil_sd**2, found.shrunk.tau2
    best = likelihood(within, between)
    assert all(
        best >= likelihood(within * a, between * b) for a in (0.999, 1, 1.001) for b in (0.999, 1, 1.001) if a != b
    )


def test_two_level_without_a_spread_between_units():
    y, units = pupils(0, 0.0)
    found = shrinkage.two_level(y - (np.bincount(units, weights=y) / np.array(SIZES))[units], units)
    assert found.shrunk.tau2 == 0
    assert np.isnan(found.shrunk.lower).all()
    assert found.shrunk.estimate == pytest.approx(np.zeros(8), abs=1e-6)
    with pytest.raises(ValueError, match="two units or more"):
        shrinkage.two_level([1, 2], ["a", "a"])


def test_beta_binomial_of_section_4_3():
    prior = shrinkage.BetaPrior(0.22, 1 / 31, 6.6, 23.4)
    found = shrinkage.beta_shrinkage([0, 9, 0], [8, 24, 0], prior=prior)
    assert found.estimate.tolist() == pytest.approx([0.173684, 0.288889, 0.22], abs=PRINTED)
    assert (found.lower[0], found.upper[0]) == pytest.approx((0.072420, 0.307308), abs=PRINTED)


def test_moments_of_section_4_3():
    prior = shrinkage.beta_prior(X, N)
    assert prior.rho == pytest.approx(0.046919, abs=PRINTED)
    assert prior.a + prior.b == pytest.approx(20.3133, abs=5.1e-5)
    assert prior.a / (prior.a + prior.b) == pytest.approx(110 / 443)


def test_moments_of_units_that_spread_no_more_than_chance():
    found = shrinkage.beta_shrinkage([5, 10, 15], [20, 40, 60])
    assert found.prior.rho < 0
    assert found.estimate.tolist() == [0.25, 0.25, 0.25]
    assert np.isnan(found.lower).all()
    assert np.isnan(shrinkage.beta_prior([0, 0], [10, 10]).a)
    assert np.isnan(shrinkage.beta_shrinkage([3], [10]).estimate).all()


def test_ranks_by_draws_are_those_by_normal_chances():
    """With independent normal units a rank's mean is 1 and the chances that each other unit lies above."""
    means, sds = np.array([0.3, 0.0, -0.2, 1.0]), np.array([0.5, 0.2, 0.3, 0.4])
    above = scipy_stats.norm.cdf((means[None, :] - means[:, None]) / np.hypot(sds[None, :], sds[:, None]))
    np.fill_diagonal(above, 0)
    found = shrinkage.rank_intervals(means, sds)
    assert found.mean.tolist() == pytest.approx((1 + above.sum(axis=1)).tolist(), abs=0.03)
    assert (found.lower <= found.mean).all()
    assert (found.mean <= found.upper).all()


def test_ranks_do_not_depend_on_order_and_ties_share_theirs():
    means, sds = np.array([2.0, 1.0, 1.0, 5.0, np.nan]), np.array([1.0, 0.5, 0.5, 2.0, 1.0])
    found, turned = shrinkage.rank_intervals(means, sds), shrinkage.rank_intervals(means[::-1], sds[::-1])
    for one, other in zip(found, turned, strict=True):
        assert one.tolist() == pytest.approx(other[::-1].tolist(), nan_ok=True)
    assert (found.mean[1], found.lower[1], found.upper[1]) == (found.mean[2], found.lower[2], found.upper[2])
    assert np.isnan(found.mean[4])
    assert shrinkage.rank_intervals([], []).mean.size == 0


# ---- section 4.4

P = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1]


def test_benjamini_hochberg_of_section_4_4():
    """The paper's own fifteen: four stand out, where Bonferroni leaves three."""
    from statsmodels.stats.multitest import multipletests

    found = benjamini_hochberg(P)
    assert found.rejected.tolist() == [True] * 4 + [False] * 11
    assert (np.array(P) * 15 <= 0.05).sum() == 3
    rejected, adjusted, *_ = multipletests(P, method="fdr_bh")
    assert found.adjusted.tolist() == pytest.approx(adjusted.tolist())
    assert found.rejected.tolist() == rejected.tolist()


def test_missing_p_values_are_no_part_of_the_family():
    found = benjamini_hochberg([*P, np.nan, np.nan])
    assert found.tested == 15
    assert found.adjusted[:15].tolist() == pytest.approx(benjamini_hochberg(P).adjusted.tolist())
    assert not found.rejected[15:].any()
    assert benjamini_hochberg([np.nan]).tested == 0
    assert benjamini_hochberg([]).tested == 0
    with pytest.raises(ValueError, match="between 0 and 1"):
        benjamini_hochberg([1.2])
