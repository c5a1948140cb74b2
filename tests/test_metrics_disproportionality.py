"""Ratios and composition indices of exclusions: worked numbers, too few to judge, families, like for like."""

import numpy as np
import polars as pl
import pytest
from hand_made import OAK, facts
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from scipy import stats

from sendlab import sample
from sendlab.errors import SendlabError
from sendlab.facts import make_facts
from sendlab.metrics import cards
from sendlab.metrics.fairness.disproportionality import (
    exclusion_comparisons,
    exclusion_ratios,
    exclusion_ratios_like_for_like,
)
from sendlab.metrics.fairness.pairs import REST_OF_ROLL, WITHOUT_SEN
from sendlab.metrics.publication import published_measures

SUPPORT, WITHOUT = "SEN support", "No SEN"
LA, SCHOOL = "Local authority", "School"
PUPILS, EVENTS = "suspended_once_or_more_ratio", "suspension_rate_ratio"


def group(provision, pupils, suspended, events=1, **more):
    """So many pupils of a provision, the first of whom were suspended so many times each."""
    return [{"sen_provision": provision, "events": events * (n < suspended), **more} for n in range(pupils)]


def two_groups(x1, n1, x0, n0, **more):
    return facts(*group(SUPPORT, n1, x1, **more), *group(WITHOUT, n0, x0, **more))


def find(rows, measure, *, item=WITHOUT_SEN, provision=SUPPORT, level=LA, need="Total", **more):
    got = rows.filter(
        measure=measure, item=item, sen_provision=provision, geographic_level=level, need_area=need, **more
    )
    assert got.height == 1, got
    return got.row(0, named=True)


def compared(rows, measure=PUPILS, comparator=WITHOUT_SEN, provision=SUPPORT, level=LA, **more):
    got = rows.filter(
        measure=measure, comparator=comparator, sen_provision=provision, need_area="Total", geographic_level=level,
        **more,
    )  # fmt: skip
    assert got.height == 1, got
    return got.row(0, named=True)


# ---- worked numbers


def test_exact_ratio_of_pupils():
    """methods 1.4: 23/95 beside 46/900: 4.73684 (2.74046, 7.97705), p 5.12634e-08; expected 95 * 46 / 900 = 4.8556."""
    rows = two_groups(23, 95, 46, 900)
    found = find(exclusion_ratios(rows), PUPILS)
    assert [round(found[name], 5) for name in ("value", "lower", "upper")] == [4.73684, 2.74046, 7.97705]
    assert (found["numerator"], round(found["denominator"], 4), found["base_subjects"]) == (23, 4.8556, 95)
    assert (found["with_subjects"], found["unit"], found["status"]) == (23, "times the comparator's rate", "")
    row = compared(exclusion_comparisons(rows))
    assert row["p"] == pytest.approx(5.12634e-08, rel=1e-5)
    assert row["expected_equal"] == pytest.approx(95 * 69 / 995)
    assert (row["flag"], row["method"]) == ("above", "exact conditional limits on pupils")


def test_no_pupil_of_the_group_suspended():
    """methods 1.4: 0/40 beside 25/500: ratio 0, upper limit 1.98747, p 0.255659."""
    row = compared(exclusion_comparisons(two_groups(0, 40, 25, 500)))
    assert (row["ratio"], row["lower"], round(row["upper"], 5), round(row["p"], 6)) == (0, 0, 1.98747, 0.255659)
    assert (row["flag"], row["no_verdict"]) == ("", "")


def test_relative_rate_and_composition_index():
    """methods 2: 46 of 116 suspensions from 180 of 1,300 pupils: 4.088889 times the rest; composition 2.863985."""
    rows = exclusion_ratios(two_groups(46, 180, 70, 1120))
    assert find(rows, EVENTS, item=REST_OF_ROLL)["value"] == pytest.approx(4.088889, abs=1e-6)
    index = find(rows, "suspension_composition", item="Total")
    assert index["value"] == pytest.approx(2.863985, abs=1e-6)
    assert index["denominator"] == pytest.approx(116 * 180 / 1300)
    assert index["lower"] < index["value"] < index["upper"] < 1300 / 180


def test_composition_limits_are_those_of_the_share_of_pupils():
    """23 of the 69 suspended pupils are of the group: Clopper-Pearson of 23/69 over the share of the roll, 95/995."""
    index = find(exclusion_ratios(two_groups(23, 95, 46, 900)), "suspended_once_or_more_composition", item="Total")
    low, high = stats.binomtest(23, 69).proportion_ci(method="exact")
    assert (index["lower"], index["upper"]) == pytest.approx((low * 995 / 95, high * 995 / 95))


def test_the_rest_of_the_roll_holds_the_other_group_with_sen():
    """12 of 20 on SEN support, 3 of 20 with a plan, 2 of 60 without: the rest is 5 of 80."""
    rows = facts(*group(SUPPORT, 20, 12), *group("EHC plan", 20, 3), *group(WITHOUT, 60, 2))
    row = compared(exclusion_comparisons(rows), comparator=REST_OF_ROLL)
    assert (row["observed_other"], row["pupils_other"]) == (5, 80)
    assert row["ratio"] == pytest.approx(0.6 / 0.0625)


def test_pupils_by_need_are_beside_pupils_without_sen():
    area = "Social, emotional and mental health"
    rows = facts(*group(SUPPORT, 12, 6, need_area=area), *group("EHC plan", 8, 4, need_area=area),
                 *group(WITHOUT, 100, 5))  # fmt: skip
    found = find(exclusion_ratios(rows), PUPILS, provision="All SEN", need=area)
    assert (found["numerator"], found["base_subjects"], found["value"]) == (10, 20, pytest.approx(10))


def test_leavers_count_above_the_line_only():
    """A leaver of the group was suspended: 3 observed, 20 pupils; without SEN 2 of 40."""
    rows = facts(*group(SUPPORT, 20, 2), *group(SUPPORT, 1, 1, on_roll=False), *group(WITHOUT, 40, 2))
    row = compared(exclusion_comparisons(rows))
    assert (row["observed"], row["pupils"], row["ratio"]) == (3, 20, pytest.approx(3))


# ---- events cluster in pupils


def test_events_of_few_pupils_say_less_than_events_of_many():
    """40 suspensions in 60 pupils beside 20 in 200: of 40 pupils once each, or of 4 pupils ten times each."""
    many = compared(exclusion_comparisons(two_groups(40, 60, 20, 200)), EVENTS)
    few = compared(exclusion_comparisons(facts(*group(SUPPORT, 60, 4, events=10), *group(WITHOUT, 200, 20))), EVENTS)
    assert many["ratio"] == few["ratio"] == pytest.approx(20 / 3)
    assert few["lower"] < many["lower"] < many["upper"] < few["upper"]
    assert few["p"] > 100 * many["p"]


def test_the_largest_pupils_share_of_events_is_told():
    rows = facts(*group(SUPPORT, 30, 1, events=9), *group(SUPPORT, 30, 1), *group(WITHOUT, 100, 20))
    assert find(exclusion_ratios(rows), EVENTS)["top_share"] == pytest.approx(0.9)


# ---- too few to judge (T-11)


@pytest.mark.parametrize(("pupils", "judged"), [(1, False), (10, False), (11, True), (12, True)])
def test_a_verdict_needs_eleven_pupils_on_each_side(pupils, judged):
    row = compared(exclusion_comparisons(two_groups(1, pupils, 10, 200)))
    assert (row["p"] is not None) == judged
    assert row["ratio"] == pytest.approx(20 / pupils)
    assert row["no_verdict"] == ("" if judged else "fewer than 11 pupils on one side: no verdict")
    status = find(exclusion_ratios(two_groups(1, pupils, 10, 200)), PUPILS)["status"]
    assert status == ("" if judged else "u")


@pytest.mark.parametrize(("events", "judged"), [(9, False), (10, True), (11, True)])
def test_events_need_five_expected_on_each_side(events, judged):
    """50 and 50 pupils: half of the events are expected of each; 9 events are 4.5 each."""
    row = compared(exclusion_comparisons(two_groups(events, 50, 0, 50)), EVENTS)
    assert row["expected_equal"] == events / 2
    assert (row["p"] is not None) == judged
    exact = compared(exclusion_comparisons(two_groups(events, 50, 0, 50)), PUPILS)
    assert exact["p"] == pytest.approx(2 * 0.5**events)  # pupils are judged exactly however few are expected


def test_no_comparator_with_an_event_gives_no_ratio():
    """3 of 20 beside none of 100: no ratio, z; the comparison still holds: 3 of 3 at 20 / 120, p 0.00463."""
    rows = two_groups(3, 20, 0, 100)
    found = find(exclusion_ratios(rows), PUPILS)
    assert (found["value"], found["lower"], found["upper"], found["status"]) == (None, None, None, "z")
    assert found["note"] == "nobody of the comparator had one: 3 observed, no ratio"
    assert compared(exclusion_comparisons(rows))["p"] == pytest.approx((1 / 6) ** 3)


def test_nobody_had_one():
    found = find(exclusion_ratios(two_groups(0, 20, 0, 100)), PUPILS)
    assert (found["value"], found["status"], found["note"]) == (None, "z", "nobody on either side had one")


def test_a_place_without_pupils_without_sen_is_beside_nobody():
    rows = facts(*group(SUPPORT, 20, 3), *group("EHC plan", 20, 1))
    found = exclusion_comparisons(rows)
    assert found.filter(pl.col("comparator") == WITHOUT_SEN).is_empty()
    assert compared(found, comparator=REST_OF_ROLL)["ratio"] == pytest.approx(3)


def test_years_without_returns_have_no_row():
    assert exclusion_ratios(facts({"possible": 100, "missed": 1})).is_empty()
    assert exclusion_ratios_like_for_like(facts({"possible": 100, "missed": 1})).is_empty()


def test_frames_that_are_no_facts_are_refused():
    with pytest.raises(SendlabError, match="suspensions"):
        exclusion_ratios(pl.DataFrame({"time_period": ["202526"]}))


# ---- families


def test_p_is_adjusted_over_all_schools_measures_groups_and_comparators():
    rows = facts(
        *group(SUPPORT, 30, 12), *group("EHC plan", 15, 2), *group(WITHOUT, 200, 10),
        *group(SUPPORT, 40, 6, **OAK), *group(WITHOUT, 150, 12, **OAK),
    )  # fmt: skip
    found = exclusion_comparisons(rows).filter(geographic_level=SCHOOL)
    made = found.filter(pl.col("p").is_not_null())
    expected = stats.false_discovery_control(made["p"].to_numpy())
    assert np.allclose(made["adjusted_p"].to_numpy(), expected)
    assert set(found["tested"]) == {made.height}
    assert set(found["family"]) == {
        f"2 schools, 3 measures, groups by provision and need, each comparator: {made.height} comparisons made"
    }
    assert set(made.filter(pl.col("adjusted_p") <= 0.05)["flag"]) == {"above"}
    assert set(made.filter(pl.col("adjusted_p") > 0.05)["flag"]) == {""}


def test_flagged_rows_say_so_and_that_it_is_no_cause():
    found = find(exclusion_ratios(two_groups(23, 95, 46, 900)), PUPILS)
    assert found["note"].startswith("stands out among ")
    assert found["note"].endswith("(adjusted p at most 0.0001): more than chance; why is another question")


def test_a_group_may_stand_out_below():
    row = compared(exclusion_comparisons(two_groups(0, 200, 60, 400)))
    assert row["flag"] == "below"


def test_groups_that_are_alike_are_seldom_flagged():
    """20 schools where provision says nothing of suspension, ten times: a flag in one family at most.

    Of 120 such families 2 had a flag; p was at most 0.05 in 6.7 % of comparisons of events, in 2.3 % of pupils.
    """
    places = [{"school_id": f"999{2000 + n}", "place_code": f"{200000 + n}", "place_name": f"S{n}"} for n in range(20)]
    sizes = ((SUPPORT, 40), ("EHC plan", 15), (WITHOUT, 200))
    rows = facts(*(one for place in places for provision, n in sizes for one in group(provision, n, 0, **place)))
    flagged = 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        events = rng.binomial(1, 0.08, rows.height) * rng.geometric(0.4, rows.height)
        found = exclusion_comparisons(rows.with_columns(pl.Series("suspensions", events))).filter(
            geographic_level=SCHOOL
        )
        assert found["tested"][0] > 100
        flagged += (found["flag"] != "").any()
    assert flagged <= 1


# ---- like for like


def test_like_for_like_by_year_group():
    """Without SEN: 10 of 50 in Year 7, 5 of 50 in Year 8. Of 20 + 20 on SEN support 4 + 2 are expected; 9 were."""
    rows = facts(
        *group(WITHOUT, 50, 10, nc_year="7"), *group(WITHOUT, 50, 5, nc_year="8"),
        *group(SUPPORT, 20, 5, nc_year="7"), *group(SUPPORT, 20, 4, nc_year="8"),
    )  # fmt: skip
    found = find(exclusion_ratios_like_for_like(rows, alike=["nc_year"]), "suspended_once_or_more_like_for_like")
    assert (found["numerator"], found["denominator"], found["value"]) == (9, pytest.approx(6), pytest.approx(1.5))
    # exact conditional of 9 in 24 at exposures 6 and 15, by hand with scipy
    low, high = stats.binomtest(9, 24).proportion_ci(method="exact")
    assert found["lower"] == pytest.approx(low / (1 - low) * 15 / 6)
    assert found["upper"] == pytest.approx(high / (1 - high) * 15 / 6)


def test_like_for_like_keeps_the_places_own_level():
    """All at Elm are suspended twice as often as at Oak, with and without SEN: the ratio within Elm is that of Elm."""
    elm = [*group(WITHOUT, 100, 20, nc_year="7"), *group(SUPPORT, 50, 20, nc_year="7")]
    oak = [*group(WITHOUT, 100, 10, nc_year="7", **OAK), *group(SUPPORT, 50, 10, nc_year="7", **OAK)]
    rows = exclusion_ratios_like_for_like(facts(*elm, *oak), alike=["nc_year"])
    for place in ("100001", "100002"):
        found = find(rows, "suspended_once_or_more_like_for_like", level=SCHOOL, place_code=place)
        assert found["value"] == pytest.approx(2)


def test_pupils_with_nobody_alike_are_left_out_and_counted():
    """5 of Year 9, where there is nobody without SEN; one was suspended. 20 of Year 7 count, 4 observed."""
    rows = facts(*group(WITHOUT, 50, 10, nc_year="7"), *group(SUPPORT, 20, 4, nc_year="7"),
                 *group(SUPPORT, 5, 1, nc_year="9"))  # fmt: skip
    found = find(exclusion_ratios_like_for_like(rows, alike=["nc_year"]), "suspended_once_or_more_like_for_like")
    assert (found["numerator"], found["base_subjects"], found["eligible_subjects"]) == (4, 20, 25)
    assert found["value"] == pytest.approx(1)


def test_strata_with_unknown_values_are_strata_too():
    rows = facts(*group(WITHOUT, 50, 10, nc_year=None), *group(SUPPORT, 20, 4, nc_year=None))
    found = find(exclusion_ratios_like_for_like(rows, alike=["nc_year"]), "suspended_once_or_more_like_for_like")
    assert (found["value"], found["base_subjects"]) == (pytest.approx(1), 20)


# ---- every row has its card; nothing depends on order


def test_every_measure_has_a_card():
    rows = pl.concat([exclusion_ratios(two_groups(9, 60, 9, 60)), exclusion_ratios_like_for_like(
        two_groups(9, 60, 9, 60), alike=["sen_provision"])])  # fmt: skip
    mine = {name for name, about in cards().items() if about.topic == "disproportionality"}
    assert set(rows["measure"]) <= mine
    assert not any(cards()[name].compared or name in published_measures() for name in mine)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([SUPPORT, "EHC plan", WITHOUT]), st.integers(0, 3)), min_size=1, max_size=60))
def test_order_and_kind_of_frame_do_not_matter(pupils):
    rows = facts(*({"sen_provision": provision, "events": events} for provision, events in pupils))
    made = exclusion_ratios(rows)
    assert_frame_equal(made, exclusion_ratios(rows.reverse()))
    other = facts(*group(SUPPORT, 3, 2, time_period="202425"))
    both = exclusion_ratios(pl.concat([rows, other])).filter(time_period="202526")
    assert_frame_equal(made, both)
    assert ((made["lower"] <= made["upper"]) | made["lower"].is_null()).all()


def test_pandas_in_pandas_out():
    rows = two_groups(23, 95, 46, 900).select(
        "time_period", "la_code", "la_name", "place_code", "place_name", "education_phase", "sen_provision",
        "need_area", "suspensions", "permanent_exclusions", "on_roll", "event_terms",
    )  # fmt: skip
    made = exclusion_ratios(rows.to_pandas())
    assert made[made["measure"] == PUPILS]["value"].round(5).max() == 4.73684


# ---- the sample


def test_the_planted_school_stands_out_every_year():
    """Some 45 % of pupils with SEN support are suspended once or more at Elm Secondary (TRUTH.md)."""
    needed = ["schools", "pupils", "attendance", "suspensions", "assessments"]
    made = make_facts(sample.tables(only=needed), la_code="999", la_name="Exampleshire (invented)")
    elm = exclusion_comparisons(made).filter(
        (pl.col("place_name") == "Sample Elm Secondary School") & (pl.col("sen_provision") == SUPPORT)
        & pl.col("time_period").is_in(["202324", "202425", "202526"])
    )  # fmt: skip
    judged = elm.filter(pl.col("measure") != "permanent_exclusion_ratio")
    assert judged.height == 3 * 2 * 2  # years, measures, comparators
    assert set(judged["flag"]) == {"above"}
