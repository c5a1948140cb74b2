"""What holds for any numbers: swapped groups, limits about their value, no events, no exposure, scale."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sendlab.stats import change, funnel, intervals, means, ratios, shrinkage, standardise
from sendlab.stats.decompose import kitagawa, oaxaca_blinder
from sendlab.stats.many import benjamini_hochberg
from sendlab.stats.rounding import exact_rates, rate_bounds

COUNTS = st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
EVENTS = st.tuples(st.integers(0, 500), st.integers(1, 3000))
TABLE = st.tuples(*[st.integers(0, 300)] * 4).filter(lambda table: sum(table) > 0)
PEOPLE = st.lists(st.integers(0, 9), min_size=2, max_size=40)
SHARE = st.floats(0.02, 0.98)
several = settings(max_examples=50, deadline=None)


def pair(limits):
    return tuple(float(np.ravel(limit)[0]) for limit in limits)


def sums(people):
    """Events, pupils and squares of a list of events a pupil."""
    y = np.array(people)
    return int(y.sum()), y.size, int((y * y).sum())


# ---- shares and events


@several
@given(COUNTS)
def test_exact_share_limits_hold_the_share_and_mirror(counts):
    x, n = counts
    lower, upper = pair(intervals.clopper_pearson(x, n))
    assert 0 <= lower <= x / n <= upper <= 1
    assert pair(intervals.clopper_pearson(n - x, n)) == pytest.approx((1 - upper, 1 - lower), abs=1e-9)


@several
@given(TABLE)
def test_paired_limits_hold_the_difference_and_swap(table):
    a, b, c, d = table
    lower, upper = pair(intervals.newcombe_paired(a, b, c, d))
    gap = (b - c) / sum(table)
    assert -1 - 1e-9 <= lower <= gap + 1e-9
    assert gap - 1e-9 <= upper <= 1 + 1e-9
    assert pair(intervals.newcombe_paired(a, c, b, d)) == pytest.approx((-upper, -lower), abs=1e-9)
    assert pair(intervals.newcombe_paired(d, c, b, a)) == pytest.approx((-upper, -lower), abs=1e-9)  # no for yes


@several
@given(EVENTS)
def test_byars_limits_hold_the_rate_and_near_the_exact_ones_from_ten_events_on(counted):
    k, exposure = counted
    lower, upper = pair(intervals.byar(k, exposure))
    assert 0 <= lower <= k / exposure <= upper
    if k >= 10:
        assert (lower, upper) == pytest.approx(pair(intervals.garwood(k, exposure)), rel=0.01)


@several
@given(PEOPLE, st.integers(2, 9))
def test_clustered_limits_of_events_do_not_depend_on_the_unit_of_people(people, times):
    """A pupil's events all counted `times` over: the same pupils decide, so the limits stay about as wide or wider."""
    k, n, s2 = sums(people)
    lower, upper = pair(intervals.clustered_events(k, n, s2))
    many = pair(intervals.clustered_events(times * k, n, times**2 * s2))
    assert lower <= k / n <= upper
    assert many[0] <= times * k / n <= many[1]


# ---- ratios


@several
@given(EVENTS, EVENTS, st.integers(2, 50))
def test_rate_ratio_swaps_to_its_reciprocal_and_does_not_depend_on_the_unit(first, second, times):
    found = ratios.rate_ratio(*first, *second)
    if first[0] + second[0] == 0:
        assert np.isnan(found).all()
        return
    ratio, lower, upper, p = pair(found)
    assert lower <= ratio <= upper
    assert 0 <= p <= 1
    with np.errstate(divide="ignore"):
        swapped = pair(ratios.rate_ratio(*second, *first))
        assert swapped[:3] == pytest.approx(tuple(1 / np.array([ratio, upper, lower])), rel=1e-6)
    assert swapped[3] == pytest.approx(p, rel=1e-6)
    scaled = ratios.rate_ratio(first[0], times * first[1], second[0], times * second[1])
    assert pair(scaled)[:3] == pytest.approx((ratio, lower, upper), rel=1e-9)


@several
@given(PEOPLE, PEOPLE)
def test_clustered_rate_ratio_swaps_holds_its_ratio_and_is_no_narrower_than_the_exact_one(first, second):
    one, other = sums(first), sums(second)
    found = ratios.clustered_rate_ratio(*one, *other)
    if one[0] + other[0] == 0:
        assert np.isnan(found).all()
        return
    ratio, lower, upper, p = pair(found)
    plain = pair(ratios.rate_ratio(*one[:2], *other[:2]))
    assert lower <= ratio <= upper
    assert lower <= plain[1] * (1 + 1e-9)
    assert upper >= plain[2] * (1 - 1e-9)
    with np.errstate(divide="ignore"):
        swapped = pair(ratios.clustered_rate_ratio(*other, *one))
        assert swapped[:3] == pytest.approx(tuple(1 / np.array([ratio, upper, lower])), rel=1e-6)
    assert swapped[3] == pytest.approx(p, rel=1e-6)
    assert (p < 0.05) == (not lower <= 1 <= upper) or p == pytest.approx(0.05, abs=1e-6)


@several
@given(COUNTS, COUNTS)
def test_risk_ratio_swaps_to_its_reciprocal(first, second):
    ratio, lower, upper = pair(ratios.risk_ratio(*first, *second))
    if first[0] == 0 or second[0] == 0:
        assert np.isnan([lower, upper]).all()
        return
    assert lower <= ratio * (1 + 1e-12)
    assert upper >= ratio * (1 - 1e-12)
    swapped = pair(ratios.risk_ratio(*second, *first))
    assert swapped == pytest.approx((1 / ratio, 1 / upper, 1 / lower), rel=1e-9)
    assert float(ratios.cohens_h(first[0] / first[1], second[0] / second[1])) == pytest.approx(
        -float(ratios.cohens_h(second[0] / second[1], first[0] / first[1]))
    )


@several
@given(st.lists(EVENTS, min_size=2, max_size=20))
def test_quasi_poisson_limits_hold_the_rate(units):
    events, exposure = zip(*units, strict=True)
    found = ratios.quasi_poisson(events, exposure)
    if sum(events) == 0:
        assert np.isnan(found.phi)
        return
    assert found.lower <= found.rate <= found.upper
    assert 0 <= found.p <= 1


# ---- means and sums

VALUES = st.lists(st.integers(-100, 100), min_size=2, max_size=20).filter(lambda v: len(set(v)) > 1)


@several
@given(VALUES, VALUES, st.floats(0.1, 50))
def test_welch_and_hedges_swap_and_scale(first, second, scale):
    found, swapped = means.welch(first, second), means.welch(second, first)
    assert pair(swapped)[:3] == pytest.approx((-float(found[0]), -float(found[2]), -float(found[1])), abs=1e-9)
    moments = [len(first), np.mean(first), np.std(first, ddof=1), len(second), np.mean(second), np.std(second, ddof=1)]
    g = pair(means.hedges_g(*moments))
    assert g[2] <= g[0] <= g[3]
    scaled = [value * (1 if place in (0, 3) else scale) for place, value in enumerate(moments)]
    assert pair(means.hedges_g(*scaled)) == pytest.approx(g, rel=1e-6, abs=1e-9)
    assert pair(means.welch_from(*scaled)[:3]) == pytest.approx(tuple(scale * np.array(pair(found[:3]))), abs=1e-6)


@several
@given(
    st.lists(st.integers(1, 400).flatmap(lambda m: st.tuples(st.integers(0, m), st.just(m))), min_size=2, max_size=30)
)
def test_ratio_of_sums_on_log_odds_stays_inside_and_mirrors(rows):
    a, m = np.array(rows, dtype=float).T
    lower, upper = intervals.ratio_of_sums(a, m, scale="logit")
    if a.sum() in (0, m.sum()):
        assert np.isnan([lower, upper]).all()
        return
    assert 0 <= lower <= a.sum() / m.sum() + 1e-12
    assert a.sum() / m.sum() - 1e-12 <= upper <= 1
    assert intervals.ratio_of_sums(m - a, m, scale="logit") == pytest.approx((1 - upper, 1 - lower), abs=1e-6)


# ---- standardisation, decompositions


@several
@given(st.lists(st.tuples(st.integers(5, 90), st.integers(100, 900), st.integers(1, 50)), min_size=2, max_size=8))
def test_direct_rate_lies_among_the_strata_and_does_not_depend_on_the_unit_of_weights(strata):
    events, people, weights = (np.array(part, dtype=float) for part in zip(*strata, strict=True))
    found = standardise.direct(events, people, weights)
    assert found.lower <= found.rate <= found.upper
    assert (events / people).min() - 1e-12 <= found.rate <= (events / people).max() + 1e-12
    assert standardise.direct(events, people, 7 * weights)[:3] == pytest.approx(found[:3])
    own = standardise.direct(events, people, people)
    assert own.rate == pytest.approx(events.sum() / people.sum())


STRATA = st.lists(st.tuples(st.integers(1, 500), SHARE, st.integers(1, 500), SHARE), min_size=1, max_size=6)


@several
@given(STRATA)
def test_kitagawa_parts_add_up_and_negate_when_groups_swap(strata):
    n1, r1, n0, r0 = (list(part) for part in zip(*strata, strict=True))
    found, swapped = kitagawa(n1, r1, n0, r0), kitagawa(n0, r0, n1, r1)
    assert found.rate + found.composition == pytest.approx(found.gap, abs=1e-12)
    assert swapped[:3] == pytest.approx(tuple(-np.array(found[:3])), abs=1e-12)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.1, 20))
def test_oaxaca_parts_add_up_swap_and_scale(seed, scale):
    rng = np.random.default_rng(seed)
    X1, X0 = rng.normal(0, 1, (12, 2)), rng.normal(0.5, 1, (15, 2))
    y1, y0 = X1 @ [1, 2] + rng.normal(0, 1, 12), X0 @ [2, 1] + rng.normal(0, 1, 15)
    found, swapped = (oaxaca_blinder(*groups, ["a", "b"]).value for groups in ((y1, X1, y0, X0), (y0, X0, y1, X1)))
    for split in (found.comparator, found.own, found.pooled):
        assert split.explained + split.unexplained == pytest.approx(found.gap)
        assert split.detail.sum() == pytest.approx(split.explained)
    assert sum(found.threefold) == pytest.approx(found.gap)
    assert swapped.own[:2] == pytest.approx(tuple(-np.array(found.comparator[:2])))
    assert swapped.pooled.explained == pytest.approx(-found.pooled.explained)
    times = oaxaca_blinder(scale * y1, X1, scale * y0, X0, ["a", "b"]).value
    assert times.comparator.explained == pytest.approx(scale * found.comparator.explained)


# ---- change


@several
@given(st.floats(40, 160), st.floats(40, 160), st.floats(0, 0.99), st.floats(0.1, 20))
def test_reliable_change_negates_when_time_turns_and_scales(first, last, reliability, scale):
    found = change.reliable_change(first, last, 15, reliability)
    back = change.reliable_change(last, first, 15, reliability)
    assert float(back.index) == -float(found.index)
    assert float(back.reliable) == -float(found.reliable)
    scaled = change.reliable_change(scale * first, scale * last, scale * 15, reliability)
    assert float(scaled.index) == pytest.approx(float(found.index), abs=1e-9)


@several
@given(st.lists(st.tuples(st.integers(0, 20), st.floats(0.05, 0.95)), min_size=1, max_size=4), st.data())
def test_observed_over_expected_limits_hold_the_ratio_and_what_is_possible(bands, data):
    starts, shares = zip(*bands, strict=True)
    observed = data.draw(st.integers(0, sum(starts)))
    found = change.against_national(observed, starts, shares)
    if sum(starts) == 0:
        assert np.isnan(found.ratio)
        return
    assert 0 <= found.lower <= found.ratio + 1e-9
    assert found.ratio - 1e-9 <= found.upper <= sum(starts) / found.expected + 1e-9
    assert 0 <= found.p <= 1


# ---- schools


@several
@given(st.floats(0.01, 0.99), st.integers(1, 2000))
def test_funnel_limits_are_ordered_and_hold_the_target(target, n):
    for limits in (funnel.binomial_limits(target, n), funnel.poisson_limits(target, n)):
        assert (np.diff(limits[0]) >= -1e-12).all()
        # interpolated limits of a unit that expects less than one event may all lie below the target
        assert n * min(target, 1 - target) < 1 or limits[0][1] <= target <= limits[0][2]
    mirrored = 1 - funnel.binomial_limits(1 - target, n)[0][::-1]
    assert funnel.binomial_limits(target, n)[0] == pytest.approx(mirrored, abs=1.01 / n)


@several
@given(st.lists(st.tuples(st.floats(-5, 5), st.integers(1, 200)), min_size=3, max_size=15))
def test_shrunken_means_lie_between_their_own_and_the_whole(units):
    y, n = (np.array(part, dtype=float) for part in zip(*units, strict=True))
    found = shrinkage.normal_shrinkage(y, n, 6.0)
    low, high = np.minimum(y, found.mean), np.maximum(y, found.mean)
    assert ((low - 1e-9 <= found.estimate) & (found.estimate <= high + 1e-9)).all()
    assert found.tau2 >= 0


@several
@given(st.lists(COUNTS, min_size=2, max_size=15))
def test_shrunken_shares_lie_between_their_own_and_the_whole(units):
    x, n = (np.array(part, dtype=float) for part in zip(*units, strict=True))
    found = shrinkage.beta_shrinkage(x, n)
    if np.isnan(found.prior.a):
        return
    low, high = np.minimum(x / n, found.prior.mean), np.maximum(x / n, found.prior.mean)
    assert ((low - 1e-9 <= found.estimate) & (found.estimate <= high + 1e-9)).all()


@several
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.randoms())
def test_benjamini_hochberg_does_not_depend_on_order_and_a_larger_q_rejects_no_fewer(p, random):
    found = benjamini_hochberg(p)
    order = list(range(len(p)))
    random.shuffle(order)
    assert benjamini_hochberg([p[i] for i in order]).adjusted == pytest.approx(found.adjusted[order])
    assert (found.adjusted >= np.array(p) - 1e-12).all()
    assert benjamini_hochberg(p, q=0.2).rejected.sum() >= found.rejected.sum()


# ---- published rates


@several
@given(st.integers(0, 100_000), st.integers(1, 100_000), st.sampled_from([0, 5, 10]), st.integers(0, 3))
def test_a_rate_made_before_its_counts_were_rounded_lies_in_its_range(n, d, base, decimals):
    published = exact_rates(np.array([float(n)]), np.array([float(d)]), per=100, decimals=decimals)[0]
    rounded = [base * np.floor(v / base + 0.5) if base else v for v in (n, d)]
    lower, upper = (float(end) for end in rate_bounds(*rounded, per=100, decimals=decimals, rounded_to=base))
    if rounded[1] == 0:
        assert np.isnan([lower, upper]).all()
        return
    assert lower <= published <= upper
    assert lower >= 0


def test_no_denominator_has_no_range_and_a_small_one_no_upper_end():
    assert np.isnan(rate_bounds(3, 0, per=100, decimals=1, rounded_to=5)).all()
    assert float(rate_bounds(5, 5, per=100, decimals=1, rounded_to=10)[1]) == np.inf
    with pytest.raises(ValueError, match="cannot be rounded"):
        rate_bounds(3, 10, per=100, decimals=1, rounded_to=-5)
