"""Each measure on hand-made facts with numbers that can be checked by eye, and what holds for every measure."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hand_made import ELM, FACTS, OAK, TERMS, facts, table
from polars.testing import assert_frame_equal

from sendlab import metrics
from sendlab.errors import SendlabError
from sendlab.metrics import card
from sendlab.metrics.grouping import REST
from sendlab.metrics.publication import published_measures
from sendlab.schema import MEASURE_COLUMNS
from sendlab.schema.measures import MEASURE_KEY

LA, SCHOOL = "Local authority", "School"


def find(rows, level=LA, place=None, provision="Total", need="Total", item="Total", **more):
    """The one row asked for, as a dict."""
    if place is not None:
        more["place_code"] = place
    got = rows.filter(geographic_level=level, sen_provision=provision, need_area=need, item=item, **more)
    assert got.height == 1, got
    return got.row(0, named=True)


def figure(rows, *names, **which):
    row = find(rows, **which)
    return tuple(row[name] for name in names)


# ---- attendance

FIVE = [(12, 190), (40, 190), (3, 95), (0, 190), (30, 60)]  # missed, possible: methods of the field, worked example


def five(**common):
    return facts(*({"missed": a, "possible": m} for a, m in FIVE), **common)


def test_absence_of_five_pupils():
    """85 of 725 = 11.7241 %, not the mean of the pupils' rates (16.1 %); t interval (-4.9, 28.4) clipped at 0."""
    row = find(metrics.absence(five()))
    assert (row["numerator"], row["denominator"], row["base_subjects"], row["with_subjects"]) == (85, 725, 5, 4)
    assert row["value"] == pytest.approx(11.7241379, abs=1e-6)
    assert (row["lower"], round(row["upper"], 1)) == (0.0, 28.4)
    assert row["top_share"] == pytest.approx(40 / 85)
    assert (row["unit"], row["time_identifier"], row["status"]) == ("% of sessions", "Academic year", "")


def test_absence_adds_unauthorised_sessions():
    """(4 + 6) / 100."""
    one = facts({"possible": 100, "missed": 4}).with_columns(pl.lit(6.0).alias("sessions_unauthorised"))
    assert figure(metrics.absence(one), "numerator", "value", "lower") == (10, 10.0, None)  # one pupil: no interval


def test_persistent_and_severe_absence_of_five_pupils():
    """Own rates 6.3 %, 21.1 %, 3.2 %, 0 %, 50 %: persistent 2 of 5, severe 1 of 5. Wilson of 2/5 and 1/5."""
    assert figure(metrics.persistent_absence(five()), "numerator", "denominator", "value") == (2, 5, 40.0)
    row = find(metrics.severe_absence(five()))
    assert (row["numerator"], row["value"]) == (1, 20.0)
    assert (round(row["lower"], 3), round(row["upper"], 3)) == (3.622, 62.447)
    assert row["with_subjects"] == 1


@pytest.mark.parametrize(
    ("metric", "missed", "possible", "counted"),
    [
        (metrics.persistent_absence, 19, 190, 1),  # exactly 10 %
        (metrics.persistent_absence, 18, 190, 0),
        (metrics.persistent_absence, 37, 371, 0),  # 9.97 %, shown as 10.0 %
        (metrics.persistent_absence, 3, 30, 1),  # 0.1 has no exact binary form
        (metrics.severe_absence, 30, 60, 1),  # exactly 50 %
        (metrics.severe_absence, 29, 60, 0),
        (metrics.attendance_98, 2, 100, 1),  # exactly 98 % attended
        (metrics.attendance_98, 3, 100, 0),
        (metrics.attendance_98, 7, 350, 1),
        (metrics.attendance_98, 0, 1, 1),
        (metrics.persistent_absence, 1, 1, 1),
    ],
)
def test_boundaries_are_included_and_exact(metric, missed, possible, counted):
    assert figure(metric(facts({"missed": missed, "possible": possible})), "numerator", "denominator") == (counted, 1)


@pytest.mark.parametrize(
    ("metric", "threshold", "counted"),
    [
        (metrics.persistent_absence, 20, 2),
        (metrics.persistent_absence, 3, 4),
        (metrics.severe_absence, 60, 0),
        (metrics.attendance_98, 90, 3),
    ],
)
def test_threshold_option(metric, threshold, counted):
    """Own rates missed: 6.3, 21.1, 3.2, 0 and 50 %."""
    assert figure(metric(five(), threshold=threshold), "numerator") == (counted,)


def test_attendance_of_two_terms_says_so():
    half = facts({"possible": 100, "missed": 5, "attendance_terms": TERMS[:2]})
    half = half.with_columns(pl.Series("attendance_terms", [TERMS[:2]]))
    assert find(metrics.absence(half))["time_identifier"] == "Autumn and spring term"


def test_pupil_at_two_schools_is_two_enrolments_in_the_authority():
    """2 of 10 at Elm (persistent), 0 of 90 at Oak: each school judges its own sessions."""
    rows = facts({"possible": 10, "missed": 2}, {"possible": 90, "missed": 0, **OAK}, pupil_id="same")
    assert figure(metrics.persistent_absence(rows), "numerator", "denominator") == (1, 2)


# ---- suspensions


def test_suspension_rate_may_pass_100():
    """Two pupils, five suspensions: 250 per 100; one of two suspended: 50 %."""
    rows = facts({"events": 5}, {"events": 0})
    row = find(metrics.suspension_rate(rows))
    assert (row["numerator"], row["denominator"], row["value"], row["top_share"]) == (5, 2, 250.0, 1.0)
    assert row["lower"] < 250 < row["upper"]
    assert figure(metrics.suspended_once_or_more(rows), "numerator", "value") == (1, 50.0)
    assert (row["with_subjects"], row["base_subjects"], row["unit"]) == (1, 2, "per 100 pupils")


def test_single_suspensions_have_garwoods_interval():
    """Seven pupils of 52 with one each: 13.4615 per 100, exact limits 5.4122 and 27.7359."""
    row = find(metrics.suspension_rate(facts(*({"events": int(n < 7)} for n in range(52)))))
    assert [round(row[name], 4) for name in ("value", "lower", "upper")] == [13.4615, 5.4122, 27.7359]


def test_a_year_of_no_suspensions_is_a_true_zero_with_an_upper_limit():
    """0 of 40: upper limit 9.2222 per 100 (Garwood); none of 40 pupils: Wilson 8.7622 %."""
    rows = facts(*({"events": 0} for _ in range(40)))
    assert figure(metrics.suspension_rate(rows), "value", "lower", "status") == (0.0, 0.0, "")
    assert round(find(metrics.suspension_rate(rows))["upper"], 4) == 9.2222
    once = find(metrics.suspended_once_or_more(rows))
    assert (once["value"], once["lower"], round(once["upper"], 4)) == (0.0, 0.0, 8.7622)


def test_permanent_exclusions_are_counted_apart():
    """One permanent exclusion and three suspensions among 50 pupils: 2.00 and 6.00 per 100."""
    rows = facts({"events": 3, "permanent_exclusions": 1}, *({"events": 0} for _ in range(49)))
    assert figure(metrics.permanent_exclusion_rate(rows), "numerator", "value") == (1, 2.0)
    assert figure(metrics.suspension_rate(rows), "numerator", "value") == (3, 6.0)


def test_leavers_count_above_the_line_only():
    """Four on the roll with one suspension among them, a leaver with two: 3 / 4."""
    rows = facts({"events": 1}, *({"events": 0} for _ in range(3)), {"events": 2, "on_roll": False})
    assert figure(metrics.suspension_rate(rows), "numerator", "denominator", "value") == (3, 4, 75.0)
    assert figure(metrics.suspended_once_or_more(rows), "numerator", "value") == (2, 50.0)


def test_more_suspended_pupils_than_pupils_is_marked_and_nobody_on_roll_is_no_rate():
    """EHC plan: one on the roll, two leavers, all suspended; SEN support: a leaver only."""
    rows = facts(
        {"events": 1, "sen_provision": "EHC plan"},
        {"events": 1, "sen_provision": "EHC plan", "on_roll": False},
        {"events": 1, "sen_provision": "EHC plan", "on_roll": False},
        {"events": 2, "sen_provision": "SEN support", "on_roll": False},
    )
    once = metrics.suspended_once_or_more(rows)
    names = ("value", "lower", "upper", "status")
    assert figure(once, *names, provision="EHC plan") == (300.0, None, None, "u")
    assert figure(once, *names, provision="SEN support") == (None, None, None, "z")
    assert figure(metrics.suspension_rate(rows), *names, provision="SEN support") == (None, None, None, "z")
    assert figure(metrics.suspension_rate(rows), "numerator", provision="SEN support") == (2,)


def moved(**more):
    """A pupil with an EHC plan in January and three suspensions: one with no SEN, one on SEN support, one since."""
    return {
        "sen_provision": "EHC plan", "events": 3, "suspensions_at_ehc_plan": 1, "suspensions_at_sen_support": 1,
        "suspensions_at_no_sen": 1, "suspensions_at_not_recorded": 0, **more,
    }  # fmt: skip


def quiet(status):
    zero = {f"suspensions_at_{slug}": 0 for slug in ("ehc_plan", "sen_support", "no_sen", "not_recorded")}
    return {"sen_provision": status, "events": 0, **zero}


AT_EVENT = facts(moved(), quiet("EHC plan"), quiet("SEN support"), quiet("No SEN"))


def test_status_at_the_event_moves_events_and_not_pupils():
    """January: all three under EHC plan (3 / 2). At the event: one each, over 2, 1 and 1 pupils on the roll."""
    january = metrics.suspension_rate(AT_EVENT)
    at_event = metrics.suspension_rate(AT_EVENT, status="at_event")
    assert figure(january, "numerator", "denominator", "value", provision="EHC plan") == (3, 2, 150.0)
    assert figure(january, "value", provision="No SEN") == (0.0,)
    for provision, expected in (("EHC plan", 50.0), ("SEN support", 100.0), ("No SEN", 100.0)):
        assert figure(at_event, "numerator", "value", provision=provision) == (1, expected)


def test_status_at_the_event_leaves_the_total_alone():
    """A pupil suspended under two statuses is one pupil in every total, and those totals are January's."""
    for metric in (metrics.suspension_rate, metrics.suspended_once_or_more):
        at_event, january = metric(AT_EVENT, status="at_event"), metric(AT_EVENT)
        assert find(at_event) == find(january)
    both = find(metrics.suspended_once_or_more(AT_EVENT, status="at_event"), provision="All SEN")
    assert (both["numerator"], both["denominator"], both["value"]) == (1, 3, pytest.approx(100 / 3))
    rate = find(metrics.suspension_rate(AT_EVENT, status="at_event"), provision="All SEN")
    assert (rate["numerator"], rate["with_subjects"], rate["top_share"]) == (2, 1, 1.0)


def test_provisional_roll_is_said():
    rows = facts({"events": 1}, {"events": 0}, roll_basis="Autumn term census (provisional)")
    for metric in (metrics.suspension_rate, metrics.suspended_once_or_more, metrics.permanent_exclusion_rate):
        assert find(metric(rows))["note"] == "roll of the Autumn term census (provisional)"


def test_year_without_events_returned_has_no_rate():
    assert metrics.suspension_rate(facts({}, {})).is_empty()


# ---- key stage 2


def met(reading, writing, mathematics, **more):
    return {"ks2_reading_met": reading, "ks2_writing_met": writing, "ks2_mathematics_met": mathematics, **more}


KS2 = facts(
    met(True, True, True), met(True, True, True), met(True, False, True), met(False, False, False),
    met(True, False, False, sen_provision="SEN support"), met(None, True, True),
)  # fmt: skip


def test_expected_standard_in_all_three():
    """Five pupils with an outcome in all three, two met all: 40 %; a sixth has no reading outcome: coverage 5 of 6."""
    row = find(metrics.ks2_rwm_expected(KS2))
    assert (row["numerator"], row["denominator"], row["value"]) == (2, 5, 40.0)
    assert (row["base_subjects"], row["eligible_subjects"], row["with_subjects"]) == (5, 6, 2)
    assert figure(metrics.ks2_rwm_expected(KS2), "value", "lower", provision="SEN support") == (0.0, 0.0)
    assert round(row["lower"], 3), round(row["upper"], 3) == (11.762, 76.928)


def test_writing_gap_is_paired():
    """Writing 2/5, reading 4/5, mathematics 3/5: 40 - 70 = -30.

    Pupils' own differences 0, 0, -100, 0, -50: sd sqrt(2000) = 44.72136, t(4) 2.776445, half-width 55.5289.
    """
    row = find(metrics.ks2_writing_gap(KS2))
    assert row["value"] == pytest.approx(-30.0)
    assert (row["lower"], row["upper"]) == pytest.approx((-85.5289, 25.5289), abs=1e-4)
    assert (row["base_subjects"], row["eligible_subjects"], row["unit"]) == (5, 6, "percentage points")


# starting points 1 to 5 with their reference means; sigma 6.1: the worked example of the methods
MEANS = (88.2, 95.6, 101.3, 106.9, 111.4)
GROUP = (1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 5, 5)
SCORE = (86, 93, 97, 91, 99, 104, 100, 95, 109, 103, 113, 110)
PUPILS = tuple(zip(GROUP, SCORE, strict=True))


def reference(year="202526", subject="reading"):
    rows = [
        {"time_period": year, "subject": subject, "group": g, "points_from": 3.0 * g, "points_to": 3.0 * g + 3,
         "mean_score": mean, "national_sd": 6.1, "source": "invented"}
        for g, mean in enumerate(MEANS, start=1)
    ]  # fmt: skip
    return table("progress_reference", *rows)


def progress_facts(**common):
    rows = ({"ks1_points": 3.0 * g + 0.5 * (n % 2), "ks2_reading_score": s} for n, (g, s) in enumerate(PUPILS))
    return facts(*(met(True, True, True, **row) for row in rows), **common)


def test_reading_progress_worked_example():
    """-2.2 4.8 1.4 -4.6 3.4 2.7 -1.3 -6.3 2.1 -3.9 1.6 -1.4: sum -3.7, mean -0.308333, 1.96 * 6.1 / sqrt(12)."""
    rows = metrics.ks2_reading_progress(progress_facts(), reference())
    row = find(rows, level=SCHOOL, place="100001")
    assert row["value"] == pytest.approx(-3.7 / 12, abs=1e-9)
    assert (row["lower"], row["upper"]) == pytest.approx((-3.759733, 3.143067), abs=5e-7)
    assert (row["numerator"], row["denominator"], row["base_subjects"]) == (pytest.approx(-3.7), 12, 12)
    assert (row["status"], row["unit"]) == ("", "points")


def test_starting_point_on_the_lower_edge_belongs_to_the_group_and_outside_is_left_out():
    """Points 6.0 are in group 2 (6 <= p < 9); 18.0 is above the last group and 2.9 below the first."""
    rows = facts(*(met(True, True, True, ks1_points=p, ks2_reading_score=100) for p in (6.0, 18.0, 2.9)))
    row = find(metrics.ks2_reading_progress(rows, reference()))
    assert (row["value"], row["base_subjects"], row["eligible_subjects"]) == (pytest.approx(4.4), 1, 3)


def test_pupil_below_the_test_has_no_progress_and_lowers_the_coverage():
    below = facts(met(False, False, False, ks1_points=3.0), pupil_id="below")
    both = pl.concat([progress_facts(), below])
    row = find(metrics.ks2_reading_progress(both, reference()))
    assert (row["base_subjects"], row["eligible_subjects"]) == (12, 13)
    assert row["value"] == pytest.approx(-3.7 / 12, abs=1e-9)


def test_mathematics_progress_takes_its_own_scores_and_reference():
    rows = progress_facts().with_columns(pl.col("ks2_reading_score").alias("ks2_mathematics_score"))
    made = metrics.ks2_mathematics_progress(rows, pl.concat([reference(), reference(subject="mathematics")]))
    assert find(made)["value"] == pytest.approx(-3.7 / 12, abs=1e-9)
    assert set(made["measure"]) == {"ks2_mathematics_progress"}


@pytest.mark.parametrize("missing", ["reference", "starting points"])
def test_year_without_baseline_is_missing_with_its_reason(missing):
    rows = progress_facts()
    if missing == "starting points":
        rows = rows.with_columns(pl.lit(None, dtype=pl.Float64).alias("ks1_points"))
    made = metrics.ks2_reading_progress(rows, reference("202627" if missing == "reference" else "202526"))
    assert made.height > 0
    assert set(made["status"]) == {"x"}
    assert made.select("value", "lower", "upper", "denominator", "base_subjects").null_count().sum_horizontal()[0] == (
        5 * made.height
    )
    assert made["note"].str.contains("no KS1 starting point").all()
    assert set(made["eligible_subjects"]) >= {12}


# ---- interventions


def scored(first, last, **more):
    return {"reading_first": first, "reading_last": last, **more}


def taking_part(frame, name="Story Bridge", subject="reading"):
    rows = frame.select("pupil_id", "school_id", "time_period").iter_rows(named=True)
    return table("interventions", *({**row, "intervention": name, "subject": subject} for row in rows))


def planted(effect=6.0, treated=6, untreated=12):
    """SEN support pupils, last = first + 5 (+ the effect) with noise that is the same on both sides."""
    noise = (-1.0, 0.0, 1.0)
    here = [scored(80 + n, 85 + n + effect + noise[n % 3]) for n in range(treated)]
    there = [scored(80 + n % 6, 85 + n % 6 + noise[n % 3]) for n in range(untreated)]
    both = facts(*here, *there, sen_provision="SEN support")
    return both, taking_part(both.head(treated))


def test_planted_gain_is_found():
    """18 pupils, one stratum: residual degrees of freedom 18 - 3."""
    both, who = planted()
    made = metrics.intervention_gain(both, who)
    for level in (LA, SCHOOL):
        row = find(made, level=level, item="Story Bridge")
        assert row["value"] == pytest.approx(6.0, abs=1e-9)
        assert row["lower"] < 6 < row["upper"]
        assert (row["base_subjects"], row["with_subjects"], row["eligible_subjects"]) == (6, 12, 6)
        assert (row["denominator"], row["status"], row["unit"]) == (15, "", "points")


def test_gain_of_the_worked_example():
    """The analysis of covariance of the methods: 6.332226 (5.085392, 7.579059)."""
    pre = [72, 75, 70, 78, 80, 74, 69, 77, 73, 76, 79, 82, 75, 84, 77, 81, 78, 86, 80, 74]
    post = [80, 84, 76, 85, 90, 81, 75, 86, 79, 85, 82, 84, 78, 86, 80, 83, 79, 90, 83, 75]
    both = facts(*(scored(a, b) for a, b in zip(pre, post, strict=True)))
    row = find(metrics.intervention_gain(both, taking_part(both.head(10))), item="Story Bridge")
    assert (row["value"], row["lower"], row["upper"]) == pytest.approx((6.332226, 5.085392, 7.579059), abs=5e-7)
    wide = find(metrics.intervention_gain(both, taking_part(both.head(10)), confidence=0.99), item="Story Bridge")
    assert wide["lower"] < row["lower"] < row["upper"] < wide["upper"]


@pytest.mark.parametrize("other", [{"sen_provision": "No SEN"}, {"nc_year": "5"}])
def test_pupils_of_another_provision_or_year_group_are_no_comparison(other):
    """Untreated pupils of another stratum gained 40 points; they change nothing, for the treated have none there."""
    both, who = planted()
    more = facts(*(scored(80 + n, 120 + n) for n in range(9)), **{"sen_provision": "SEN support", **other})
    more = more.with_columns(pl.col("pupil_id") + " other")
    row = find(metrics.intervention_gain(pl.concat([both, more]), who), item="Story Bridge")
    assert (row["value"], row["with_subjects"]) == (pytest.approx(6.0, abs=1e-9), 12)


def test_pupils_in_another_intervention_of_the_subject_are_not_untreated():
    both, who = planted()
    more = facts(*(scored(80 + n, 120 + n) for n in range(5)), sen_provision="SEN support")
    more = more.with_columns(pl.col("pupil_id") + " other")
    other = taking_part(more, "Phonics Hour")
    row = find(metrics.intervention_gain(pl.concat([both, more]), pl.concat([who, other])), item="Story Bridge")
    assert (row["value"], row["with_subjects"]) == (pytest.approx(6.0, abs=1e-9), 12)
    mathematics = taking_part(more, "Number Frames", "mathematics")  # in mathematics only: untreated in reading
    row = find(metrics.intervention_gain(pl.concat([both, more]), pl.concat([who, mathematics])), item="Story Bridge")
    assert row["with_subjects"] == 17


def test_participant_without_two_scores_counts_as_eligible_only():
    both, who = planted()
    late = facts({"reading_first": 80.0, "reading_last": None, "sen_provision": "SEN support"}, pupil_id="late")
    row = find(
        metrics.intervention_gain(pl.concat([both, late]), pl.concat([who, taking_part(late)])), item="Story Bridge"
    )
    assert (row["base_subjects"], row["eligible_subjects"], row["value"]) == (6, 7, pytest.approx(6.0, abs=1e-9))


def test_gain_with_nobody_to_compare_is_missing_with_a_reason():
    both, _ = planted()
    row = find(metrics.intervention_gain(both, taking_part(both)), item="Story Bridge")
    assert (row["value"], row["lower"], row["upper"], row["status"]) == (None, None, None, "x")
    assert "too few" in row["note"]


def test_gain_of_nobody():
    both, who = planted()
    assert metrics.intervention_gain(both, who.clear()).is_empty()
    assert metrics.intervention_gain(both.clear(), who).is_empty()


def test_gain_of_a_pupil_treated_at_one_school_is_no_comparison_at_another():
    """p0 took part at Elm and has a row at Oak, too: the same child is not an untreated one for the authority."""
    both, who = planted()
    again = facts(scored(80, 140, sen_provision="SEN support"), pupil_id="p0", **OAK)
    row = find(metrics.intervention_gain(pl.concat([both, again]), who), item="Story Bridge")
    assert (row["with_subjects"], row["value"]) == (12, pytest.approx(6.0, abs=1e-9))


# ---- self-evaluation

PLACES = pl.DataFrame([ELM, OAK])


def rated(statement, now, target, school=ELM, day="2025-11-01", year="202526"):
    return {
        "school_id": school["school_id"], "time_period": year, "statement": statement, "rating_now": now,
        "rating_target": target, "rated_on": pl.Series([day]).str.to_date()[0], "target_months": 12,
    }  # fmt: skip


def self_evaluation(*rows):
    return metrics.self_evaluation(table("self_evaluation", *rows), PLACES, la_code="999", la_name="Trialshire")


RATINGS = self_evaluation(
    rated("O1", 4, 8), rated("O2", 6, 7), rated("O3", 0, 9), rated("O4", None, None), rated("L1", 8, None),
    rated("O1", 1, 2, day="2025-09-01"),  # an earlier round
    rated("O1", 9, 9, OAK), rated("O2", 0, 0, OAK),
)  # fmt: skip


@pytest.mark.parametrize(
    ("measure", "item", "value", "rated_statements"),
    [
        ("sef_now", "O1", 4, 1),
        ("sef_now", "Outcomes", 5, 2),  # (4 + 6) / 2: 0 is not applicable, blank is not rated
        ("sef_now", "Total", 6, 3),  # (4 + 6 + 8) / 3
        ("sef_target", "Outcomes", 7.5, 2),  # (8 + 7) / 2: O3 has a target and no rating
        ("sef_target", "Total", 7.5, 2),
        ("sef_gap", "Outcomes", 2.5, 2),
        ("sef_gap", "O1", 4, 1),
        ("sef_gap", "Total", 2.5, 2),
    ],
)
def test_self_evaluation_of_a_school(measure, item, value, rated_statements):
    row = find(RATINGS, level=SCHOOL, place="100001", item=item, measure=measure)
    assert (row["value"], row["denominator"], row["status"]) == (value, rated_statements, "")
    assert (row["lower"], row["upper"]) == (None, None)


NOT_RATED = [("O3", "sef_now"), ("O4", "sef_now"), ("O3", "sef_gap"), ("L1", "sef_gap")]


@pytest.mark.parametrize(("item", "measure"), NOT_RATED)
def test_statement_without_a_rating_is_not_applicable_and_not_0(item, measure):
    row = find(RATINGS, level=SCHOOL, place="100001", item=item, measure=measure)
    assert (row["value"], row["numerator"], row["status"]) == (None, None, "z")
    assert row["note"] != ""


def test_self_evaluation_of_the_authority_rolls_up_ratings():
    """O1: (4 + 9) / 2; Outcomes: 4, 6, 9; in all: 4, 6, 8, 9."""
    items = {"O1": (6.5, 2), "Outcomes": (19 / 3, 3), "Total": (6.75, 4)}
    for item, expected in items.items():
        assert figure(RATINGS, "value", "denominator", item=item, measure="sef_now") == pytest.approx(expected)


def test_latest_round_is_each_schools_own_and_each_years_own():
    made = self_evaluation(
        rated("O1", 2, 4, day="2025-09-01"), rated("O1", 3, 4, day="2026-03-01"),
        rated("O1", 5, 6, OAK, day="2025-09-01"), rated("O1", 7, 8, day="2024-11-01", year="202425"),
    )  # fmt: skip
    here = made.filter(geographic_level=SCHOOL, item="O1", measure="sef_now").sort("place_code", "time_period")
    assert here.select("place_code", "time_period", "value").rows() == [
        ("100001", "202425", 7.0), ("100001", "202526", 3.0), ("100002", "202526", 5.0)
    ]  # fmt: skip
    assert [str(day) for day in here["data_to"]] == ["2024-11-01", "2026-03-01", "2025-09-01"]


def test_no_ratings_are_no_rows():
    assert self_evaluation().is_empty()


# ---- what holds for every measure


def world():
    """60 pupils with every kind of data in two schools, four groups and two years; a few gaps in each kind."""
    random = np.random.default_rng(5)
    groups = ("EHC plan", "SEN support", "No SEN", "Not recorded")
    areas = ("Communication and interaction", "Cognition and learning", "No broad area")
    rows = []
    for n in range(60):
        events, possible = int(random.poisson(0.6)), int(random.integers(50, 190))
        at = random.multinomial(events, [0.25] * 4)
        slugs = ("ehc_plan", "sen_support", "no_sen", "not_recorded")
        row = {
            "pupil_id": f"w{n}", **(ELM if n % 3 else OAK), "time_period": ("202425", "202526")[n % 2],
            "sen_provision": groups[n % 7 % 4], "need_area": areas[n % 3], "nc_year": "6", "sex": "FM"[n % 2],
            "possible": possible, "missed": int(random.integers(0, possible // 2)),
            "events": events, "permanent_exclusions": int(n % 20 == 0), "on_roll": n % 11 != 0,
            **{f"suspensions_at_{slug}": int(k) for slug, k in zip(slugs, at, strict=True)},
            **{f"permanent_exclusions_at_{s}": int(n % 20 == 0 and s == "no_sen") for s in slugs},
            "ks1_points": float(random.integers(3, 18)), "ks2_reading_score": float(random.integers(85, 115)),
            "ks2_mathematics_score": float(random.integers(85, 115)), "reading_first": float(random.integers(70, 130)),
            "reading_last": float(random.integers(70, 130)), **met(n % 2 == 0, n % 3 == 0, n % 5 != 0),
        }  # fmt: skip
        rows.append(row)
    return facts(*rows)


WORLD = world()
REFERENCE = pl.concat([reference(year, s) for year in ("202425", "202526") for s in ("reading", "mathematics")])
TREATED = taking_part(WORLD.filter(pl.col("pupil_id").is_in([f"w{n}" for n in range(0, 60, 4)])))
PLAIN = {
    name: getattr(metrics, name)
    for name in ("absence", "persistent_absence", "severe_absence", "attendance_98", "suspension_rate",
                 "suspended_once_or_more", "permanent_exclusion_rate", "ks2_rwm_expected", "ks2_writing_gap")
}  # fmt: skip
EVERY = {
    **PLAIN,
    "suspension_rate at the event": lambda f, **o: metrics.suspension_rate(f, status="at_event", **o),
    "ks2_reading_progress": lambda f, **o: metrics.ks2_reading_progress(f, REFERENCE, **o),
    "ks2_mathematics_progress": lambda f, **o: metrics.ks2_mathematics_progress(f, REFERENCE, **o),
    "intervention_gain": lambda f, **o: metrics.intervention_gain(f, TREATED, **o),
}
GROUPED = [name for name in EVERY if name != "intervention_gain"]
every = pytest.mark.parametrize("metric", EVERY.values(), ids=EVERY)
grouped = pytest.mark.parametrize("metric", [EVERY[name] for name in GROUPED], ids=GROUPED)
OTHER_KEY = [name for name in MEASURE_KEY if name not in ("measure", "comparator")]


def same(first, second):
    assert_frame_equal(first.sort(OTHER_KEY), second.sort(OTHER_KEY), rel_tol=1e-9, abs_tol=1e-9)


@every
def test_rows_have_the_shape_of_measures_and_unique_keys(metric):
    rows = metric(WORLD)
    assert rows.height > 0
    assert dict(rows.schema) == MEASURE_COLUMNS
    assert not rows.select(MEASURE_KEY).is_duplicated().any()
    assert rows["value"].is_null().eq(rows["status"].is_in(["z", "x"])).all()
    assert not rows.select(pl.col(pl.Float64).is_nan().any()).transpose()["column_0"].any()
    known = rows.filter(pl.col("lower").is_not_null())
    assert known.height > 0
    assert (known["lower"] <= known["value"] + 1e-9).all()
    assert (known["value"] <= known["upper"] + 1e-9).all()


@every
def test_order_of_rows_changes_nothing(metric):
    for seed in (1, 2):
        shuffled = metric(WORLD.sample(fraction=1, shuffle=True, seed=seed))
        assert_frame_equal(metric(WORLD), shuffled, rel_tol=1e-9, abs_tol=1e-9)  # and the answer's own order stays


@every
def test_unrelated_rows_change_nothing(metric):
    """Pupils without any data, and another year's pupils."""
    others = WORLD.filter(time_period="202425").with_columns(
        pl.lit("202324").alias("time_period"), pl.col("pupil_id") + "x"
    )
    more = pl.concat([WORLD, others, facts({}, {}, event_terms=TERMS)])
    same(metric(WORLD), metric(more).filter(pl.col("time_period") != "202324"))


@every
def test_pupils_of_another_school_change_no_schools_rows(metric):
    school = pl.col("geographic_level") == SCHOOL
    more = pl.concat([WORLD, facts(*({"possible": 9, "missed": 3, **met(True, True, True)},) * 3, place_code="100003")])
    same(metric(WORLD).filter(school), metric(more).filter(school & (pl.col("place_code") != "100003")))


@every
def test_nothing_in_gives_nothing_out(metric):
    rows = metric(WORLD.clear())
    assert dict(rows.schema) == MEASURE_COLUMNS
    assert rows["value"].null_count() == rows.height
    assert set(rows["status"]) <= {"z", "x"}


@every
def test_missing_is_never_0(metric):
    """The same pupils with every figure missing."""
    keep = ("pupil_id", "school_id", "time_period", *(n for n in FACTS if n.startswith(("place", "la_", "education"))))
    blank = WORLD.with_columns(pl.lit(None, dtype=FACTS[n]).alias(n) for n in FACTS if n not in keep)
    blank = blank.with_columns(pl.lit("No SEN").alias("sen_provision"), pl.lit(True).alias("on_roll"))
    assert metric(blank)["value"].drop_nulls().is_empty()


ADDITIVE = ("numerator", "denominator", "base_subjects", "with_subjects", "eligible_subjects")


def sums(rows, *by):
    return rows.group_by("time_period", *by).agg(pl.col(ADDITIVE).fill_null(0).sum()).sort("time_period", *by)


@grouped
def test_schools_sum_to_the_authority(metric):
    rows = metric(WORLD)
    by = ("sen_provision", "need_area")
    school, whole = (sums(rows.filter(geographic_level=level), *by) for level in (SCHOOL, LA))
    assert_frame_equal(school, whole, abs_tol=1e-9)


@grouped
def test_parts_sum_to_their_totals(metric, request):
    rows = metric(WORLD).filter(pl.col("geographic_level") != REST)
    if "at the event" in request.node.name:  # a pupil suspended under two statuses stands in both groups, once in all
        rows = rows.with_columns(pl.lit(0, dtype=pl.Int64).alias("with_subjects"))
    place = ("geographic_level", "place_code")
    sen = ["EHC plan", "SEN support"]
    parts = rows.filter(pl.col("sen_provision").is_in([*sen, "No SEN", "Not recorded"]))
    assert_frame_equal(sums(parts, *place), sums(rows.filter(sen_provision="Total"), *place), abs_tol=1e-9)
    all_sen = rows.filter(sen_provision="All SEN")
    areas, total = all_sen.filter(pl.col("need_area") != "Total"), all_sen.filter(need_area="Total")
    assert_frame_equal(sums(areas, *place), sums(total, *place), abs_tol=1e-9)
    assert_frame_equal(
        sums(parts.filter(pl.col("sen_provision").is_in(sen)), *place), sums(total, *place), abs_tol=1e-9
    )


@grouped
def test_authority_without_a_school_is_the_authority_measured_without_it(metric):
    school = pl.col("place_code") == ELM["place_code"]
    rest = metric(WORLD).filter(school, geographic_level=REST)
    without = metric(WORLD.filter(~school)).filter(geographic_level=LA)
    names = ["time_period", "sen_provision", "need_area", "value", "lower", "upper", "numerator", "denominator"]
    both = rest.select(names).filter(pl.col("value").is_not_null()).sort(pl.all())
    known = without.select(names).filter(pl.col("value").is_not_null()).sort(pl.all())
    assert both.height > 5
    assert_frame_equal(both, known.join(both, on=names[:3], how="semi"), rel_tol=1e-9, abs_tol=1e-9)


@every
def test_pandas_in_pandas_out_with_the_same_numbers_and_nothing_changed(metric):
    given, before = WORLD.to_pandas(), WORLD.to_pandas()
    made, expected = metric(given), metric(WORLD)
    assert isinstance(made, pd.DataFrame)
    pd.testing.assert_frame_equal(given, before)
    assert made.columns.to_list() == expected.columns
    numbers = ["value", "lower", "upper", "numerator", "denominator", "base_subjects"]
    for name in numbers:
        assert np.allclose(made[name].astype(float), expected[name].cast(pl.Float64).to_numpy(), equal_nan=True), name
    for name in OTHER_KEY:
        assert made[name].to_list() == expected[name].to_list()


def test_pandas_tables_beside_pandas_facts():
    made = metrics.ks2_reading_progress(WORLD.to_pandas(), REFERENCE.to_pandas())
    assert np.allclose(made["value"].dropna(), EVERY["ks2_reading_progress"](WORLD)["value"].drop_nulls())
    gain = metrics.intervention_gain(WORLD.to_pandas(), TREATED.to_pandas())
    assert np.allclose(gain["value"].dropna(), EVERY["intervention_gain"](WORLD)["value"].drop_nulls())
    ratings = table("self_evaluation", rated("O1", 4, 8), rated("O2", 0, None))
    sef = metrics.self_evaluation(ratings.to_pandas(), PLACES.to_pandas(), la_code="999", la_name="Trialshire")
    assert sef.query("measure == 'sef_now' and item == 'Total'")["value"].to_list() == [4.0, 4.0]


@every
def test_input_is_unchanged(metric):
    before = WORLD.clone()
    metric(WORLD)
    assert_frame_equal(before, WORLD)


@every
def test_column_that_is_missing_is_named(metric):
    """Each column of facts taken away: the same figures, or an error that names it; never a traceback of a library."""
    expected, needed = metric(WORLD), 0
    for name in FACTS:
        try:
            made = metric(WORLD.drop(name))
        except SendlabError as error:
            assert name in str(error), name
            needed += 1
        else:
            same(expected, made)
    assert needed >= 3


@grouped
def test_unknown_group_column_is_named(metric):
    with pytest.raises(SendlabError, match="shoe_size"):
        metric(WORLD, by=["shoe_size"])


@grouped
@pytest.mark.parametrize(("column", "shown_in"), [("sex", "sex"), ("upn_status", "item")])
def test_by_another_column_of_facts(metric, column, shown_in):
    """A group column of measure rows keeps its name; any other column of facts goes to `item`."""
    rows = metric(WORLD.with_columns(upn_status=pl.col("sex")), by=[column])
    assert set(rows["sen_provision"]) == {"Total"}
    assert set(rows[shown_in]) == {"Total", "F", "M"}
    parts = rows.filter(pl.col(shown_in) != "Total")
    place = ("geographic_level", "place_code")
    own = pl.col("geographic_level") != REST
    totals = rows.filter(pl.col(shown_in) == "Total")
    assert_frame_equal(sums(parts.filter(own), *place), sums(totals.filter(own), *place), abs_tol=1e-9)
    same(metric(WORLD).filter(sen_provision="Total"), totals)


@pytest.mark.parametrize("name", [*PLAIN, "intervention_gain"])
def test_more_confidence_is_wider(name):
    narrow, wide = (EVERY[name](WORLD, confidence=c).sort(OTHER_KEY) for c in (0.8, 0.99))
    assert narrow["value"].equals(wide["value"])
    both = pl.DataFrame({"n": narrow["upper"] - narrow["lower"], "w": wide["upper"] - wide["lower"]}).drop_nulls()
    assert both.height > 0
    assert (both["w"] >= both["n"]).all()
    assert (both["w"] > both["n"]).any()


def test_unknown_status_and_unknown_measure_are_told():
    with pytest.raises(SendlabError, match="summer"):
        metrics.suspension_rate(WORLD, status="summer")
    with pytest.raises(SendlabError, match="did you mean absence"):
        card("absense")


def test_every_measure_that_is_published_is_made_by_a_function():
    made = {m for metric in EVERY.values() for m in metric(WORLD)["measure"]} | set(RATINGS["measure"])
    topics = ("plans", "ehc", "voice", "resources", "inspections", "self_evaluation")
    of_tables = {m for m in published_measures() if card(m).topic in topics}
    with_codes = {"attainment_8", "attendance_98_apart_from_illness"}
    assert made | of_tables | with_codes == set(published_measures())  # those have tests of their own
    for rows in [*(metric(WORLD) for metric in EVERY.values()), RATINGS]:
        assert all(card(m).unit == unit for m, unit in rows.select("measure", "unit").unique().rows())
