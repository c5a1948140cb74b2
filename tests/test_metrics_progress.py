"""Progress from starting points on hand-made tables with numbers that can be checked by eye; paired worked cases."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hand_made import ELM, OAK, facts, table
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from statsmodels.api import OLS, add_constant
from statsmodels.stats.weightstats import DescrStatsW

from sendlab.errors import SendlabError
from sendlab.facts.starting_points import starting_points
from sendlab.metrics import key_stage_2, progress
from sendlab.metrics.completeness import mark_coverage
from sendlab.metrics.learning import ages, bands, baselines, growth
from sendlab.metrics.learning.manuals import Manual
from sendlab.schema.measures import GROUPS, MEASURE_KEY

LA = "Local authority"
AUTUMN, SUMMER = date(2025, 10, 1), date(2026, 6, 1)  # 243 days: 7.983573 months, 1.995893 terms
MONTHS = 243 / (365.25 / 12)


def find(rows, measure, item="Total", level=LA, provision="Total", **more):
    """The one row asked for, as a dict."""
    groups = {**dict.fromkeys(GROUPS, "Total"), "sen_provision": provision, "item": item}
    got = rows.filter(measure=measure, geographic_level=level, **{**groups, **more})
    assert got.height == 1, got
    return got.row(0, named=True)


def figure(rows, measure, *names, **which):
    row = find(rows, measure, **which)
    return tuple(row[name] for name in names)


def result(pupil, score=None, day=AUTUMN, subject="reading", **more):
    usual = {"school_id": ELM["school_id"], "time_period": "202526", "assessment": "Test A", "subject": subject}
    return {"pupil_id": pupil, "score": score, "assessed_on": day, "scale": "standardised score", **usual, **more}


def pair(pupil, first, last, **more):
    return [result(pupil, first, AUTUMN, **more), result(pupil, last, SUMMER, **more)]


def scores_of(*pairs, **more):
    """The table of pupils p0, p1, ... each with a first and a last score (None: not taken)."""
    rows = [row for n, scores in enumerate(pairs) for row in pair(f"p{n}", *scores, **more) if row["score"] is not None]
    return table("assessments", *rows)


def pupils(count, **common):
    return facts(*({} for _ in range(count)), **common)


# ---- starting point and latest


def span(*rows, **options):
    made = starting_points(table("assessments", *rows), **options)
    return made.select("time_period", "start", "latest", "marked").rows()


def test_first_of_the_year_is_the_starting_point_unless_one_is_marked():
    three = [result("p", 80), result("p", 85, date(2026, 1, 9)), result("p", 91, SUMMER)]
    assert span(*three) == [("202526", 80, 91, False)]
    marked = [*three[:1], {**three[1], "is_baseline": True}, three[2]]
    assert span(*marked) == [("202526", 85, 91, True)]


def test_marked_starting_point_of_an_earlier_year_counts_and_a_later_one_does_not():
    early = result("p", 70, date(2024, 9, 9), time_period="202425", is_baseline=True)
    now = [result("p", 80), result("p", 91, SUMMER)]
    assert span(early, *now) == [("202425", 70, None, True), ("202526", 70, 91, True)]
    after = result("p", 99, date(2026, 7, 1), is_baseline=True)
    assert span(*now, after) == [("202526", 80, 91, False)]


def test_a_result_is_never_its_own_starting_point():
    assert span(result("p", 80)) == [("202526", 80, None, False)]
    assert span(result("p", 80, is_baseline=True)) == [("202526", 80, None, True)]
    assert span(result("p", 80, None)) == [("202526", None, None, None)]  # no date: counted, not placed


def test_tests_scales_and_national_assessments_stay_apart():
    rows = [result("p", 80), result("p", 90, SUMMER, assessment="Test B"), result("p", 99, assessment="KS2")]
    assert span(*rows) == [("202526", 80, None, False), ("202526", 90, None, False)]
    no_scale = [result("p", 80, scale=None), result("p", 90, SUMMER)]
    assert span(*no_scale) == [("202526", 80, 90, False)]  # a score without a scale is a standardised score


# ---- change and pace


def test_change_of_four_pupils_is_paired_and_the_fifth_is_counted():
    """Changes 4, -2, 6, 0: mean 2, t interval of DescrStatsW; two pupils lack one of the scores: 4 of 6."""
    scores = [(80, 84), (90, 88), (100, 106), (95, 95), (85, None), (None, 99)]
    rows = progress.standardised_change(pupils(6), scores_of(*scores))
    row = find(rows, "standardised_change", "reading")
    assert (row["value"], row["denominator"], row["eligible_subjects"]) == (2.0, 4, 6)
    low, high = DescrStatsW([4.0, -2, 6, 0]).tconfint_mean()
    assert (row["lower"], row["upper"]) == pytest.approx((low, high))
    marked = find(mark_coverage(rows), "standardised_change", "reading")
    assert (marked["status"], marked["note"] != "") == ("u", True)


def test_pace_is_sum_of_changes_over_sum_of_terms():
    """(4 - 2 + 6 + 0) / (4 * 1.995893) = 1.002056 points a term; equal times: the interval is the mean's, rescaled."""
    made = progress.standardised_change(pupils(4), scores_of((80, 84), (90, 88), (100, 106), (95, 95)))
    row = find(made, "standardised_pace", "reading")
    terms = MONTHS / 4
    assert row["value"] == pytest.approx(2 / terms)
    low, high = DescrStatsW([4.0, -2, 6, 0]).tconfint_mean()
    assert (row["lower"], row["upper"]) == pytest.approx((low / terms, high / terms))
    fell = progress.standardised_change(pupils(2), scores_of((90, 80), (90, 84)))
    assert find(fell, "standardised_pace", "reading")["upper"] > find(fell, "standardised_pace", "reading")["value"]
    assert find(fell, "standardised_pace", "reading")["value"] == pytest.approx(-8 / terms)


def test_one_pupil_has_a_figure_and_no_interval():
    row = find(progress.standardised_change(pupils(1), scores_of((80, 84))), "standardised_change", "reading")
    assert (row["value"], row["lower"], row["upper"]) == (4.0, None, None)


def test_nobody_tested_is_no_row_and_no_zero():
    empty = table("assessments")
    for metric in (progress.standardised_change, progress.scaled_score_change, growth.value_added, ages.age_gain,
                   bands.band_progress, bands.bands_now, bands.band_transitions, growth.low_starters):  # fmt: skip
        assert metric(pupils(3), empty).is_empty()


@pytest.mark.parametrize(("taken", "eligible"), [(1, 1), (2, 4), (3, 4)])
def test_a_test_that_half_a_year_group_took_was_meant_for_all(taken, eligible):
    """Four on the roll of Year 6: from two tested on, all four could have counted; one: the test was meant for some."""
    rows = progress.standardised_change(pupils(4), scores_of(*[(90, 95)] * taken))
    assert figure(rows, "standardised_change", "eligible_subjects", item="reading") == (eligible,)


def test_a_pupil_who_moved_counts_once_where_the_latest_result_is():
    """p0 was tested at Elm in autumn and at Oak in summer; p0 stays on Elm's January roll."""
    there = facts({"pupil_id": "p0"}, {"pupil_id": "p0", **OAK, "on_roll": False}, {"pupil_id": "p1"})
    rows = [result("p0", 80), result("p0", 90, SUMMER, school_id=OAK["school_id"]), *pair("p1", 90, 90)]
    made = progress.standardised_change(there, table("assessments", *rows))
    assert figure(made, "standardised_change", "value", "eligible_subjects", item="reading") == (5.0, 2)
    at = {"level": "School", "item": "reading"}
    assert figure(made, "standardised_change", "value", "base_subjects", place_code="100002", **at) == (10.0, 1)
    assert figure(made, "standardised_change", "base_subjects", "eligible_subjects", place_code="100001", **at) == (
        1,
        1,
    )


def test_scaled_scores_of_practice_tests_only():
    rows = scores_of((95, 99), scale="scaled score")
    assert figure(progress.scaled_score_change(pupils(1), rows), "scaled_score_change", "value", item="reading") == (4,)
    national = scores_of((95, 99), scale="scaled score", assessment="KS2")
    assert progress.scaled_score_change(pupils(1), national).is_empty()


def test_scores_at_the_floor_and_ceiling_need_the_manual():
    """69 to 141: at 69 (floor), 70 (just above), 141 (ceiling), 140 (just below); unknown tests say so."""
    scores = [(69, 80), (70, 80), (120, 141), (120, 140)]
    known = progress.scores_at_limits(pupils(4), scores_of(*scores, assessment="NGRT"))
    assert figure(known, "scores_at_limits", "numerator", "denominator", item="reading: floor") == (1, 4)
    assert figure(known, "scores_at_limits", "numerator", "value", item="reading: ceiling") == (1, 25.0)
    unknown = find(progress.scores_at_limits(pupils(4), scores_of(*scores)), "scores_at_limits", "reading: floor")
    assert (unknown["value"], unknown["numerator"], unknown["status"]) == (None, None, "x")
    assert "on file" in unknown["note"]
    own = progress.scores_at_limits(pupils(4), scores_of(*scores), own={"Test A": Manual(None, 70, 130)})
    assert figure(own, "scores_at_limits", "numerator", item="reading: floor") == (2,)


# ---- value added, reliable change, regression to the mean


def cohort(first, last, provision="No SEN", start=0):
    there = facts(*({"pupil_id": f"q{start + n}"} for n in range(len(first))), sen_provision=provision)
    rows = [row for n in range(len(first)) for row in pair(f"q{start + n}", float(first[n]), float(last[n]))]
    return there, rows


def test_value_added_is_the_residual_of_least_squares_and_sums_to_zero():
    rng = np.random.default_rng(1)
    first = rng.normal(100, 15, 40).round()
    last = (0.8 * first + 20 + rng.normal(0, 6, 40)).round()
    parts = [cohort(first[:10], last[:10], "SEN support"), cohort(first[10:], last[10:], start=10)]
    there, rows = pl.concat([part[0] for part in parts]), [row for part in parts for row in part[1]]
    made = growth.value_added(there, table("assessments", *rows))
    residuals = OLS(last, add_constant(first)).fit().resid
    support = find(made, "value_added", "reading", provision="SEN support")
    assert support["value"] == pytest.approx(residuals[:10].mean())
    assert (support["lower"], support["upper"]) == pytest.approx(DescrStatsW(residuals[:10]).tconfint_mean())
    assert find(made, "value_added", "reading")["value"] == pytest.approx(0, abs=1e-9)
    assert "sums to zero" in support["note"]


def test_value_added_recovers_a_known_effect():
    """Pupils with SEN support gain 5 points more than others from the same start: 5 apart in value added."""
    rng = np.random.default_rng(2)
    first = rng.normal(100, 15, 2000)
    last = 100 + 0.85 * (first - 100) + rng.normal(0, 5, 2000)
    last[:400] += 5
    parts = [cohort(first[:400], last[:400], "SEN support"), cohort(first[400:], last[400:], start=400)]
    made = growth.value_added(pl.concat([part[0] for part in parts]),
                              table("assessments", *(row for part in parts for row in part[1])))  # fmt: skip
    values = [find(made, "value_added", "reading", provision=name)["value"] for name in ("SEN support", "No SEN")]
    assert values[0] - values[1] == pytest.approx(5, abs=0.9)


@pytest.mark.parametrize(("count", "shown"), [(29, False), (30, True)])
def test_value_added_needs_thirty_pupils_of_the_authority(count, shown):
    there, rows = cohort(np.arange(count) + 85.0, np.arange(count) + 86.0)
    row = find(growth.value_added(there, table("assessments", *rows)), "value_added", "reading")
    assert (row["value"] is not None, row["status"]) == (shown, "" if shown else "x")
    assert row["eligible_subjects"] == count


def test_value_added_where_all_start_alike_is_the_distance_from_the_mean():
    there, rows = cohort(np.full(30, 90.0), np.arange(30) + 80.0)
    made = growth.value_added(there, table("assessments", *rows))
    assert find(made, "value_added", "reading")["value"] == pytest.approx(0)


def test_reliable_change_at_its_boundary():
    """NGRT, reliability .9: 13.147838 points (methods 3.6). Up 14, up 13, down 14, same: one up, one down of four."""
    scores = [(78, 92), (78, 91), (92, 78), (80, 80), (80, None)]
    made = growth.reliable_change(pupils(5), scores_of(*scores, assessment="ngrt"))
    names = ("numerator", "denominator", "value", "eligible_subjects")
    assert figure(made, "reliably_up", *names, item="reading") == (1, 4, 25.0, 5)
    assert figure(made, "reliably_down", *names, item="reading") == (1, 4, 25.0, 5)


def test_no_reliability_no_verdict():
    row = find(growth.reliable_change(pupils(2), scores_of((78, 120), (90, 60))), "reliably_up", "reading")
    assert (row["value"], row["denominator"], row["status"], row["eligible_subjects"]) == (None, None, "x", 2)
    assert "reliability" in row["note"]
    own = growth.reliable_change(pupils(2), scores_of((78, 120), (90, 60)), own={"test a": Manual(0.9)})
    assert find(own, "reliably_up", "reading")["value"] == 50.0


def test_low_starters_beyond_chance():
    """NGRT, r .9: 78 -> expect 80.2; 80 -> expect 82. Latest 84 and 80: gains 6 and 0, beyond chance 3.8 and -2."""
    made = growth.low_starters(pupils(3), scores_of((78, 84), (80, 80), (85, 95), assessment="NGRT"))
    assert figure(made, "low_start_change", "value", "denominator", item="reading") == (3.0, 2)
    assert find(made, "low_start_beyond_chance", "reading")["value"] == pytest.approx((3.8 - 2) / 2)
    assert "chance" in find(made, "low_start_change", "reading")["note"]
    unknown = growth.low_starters(pupils(2), scores_of((78, 84), (80, 80)))
    assert figure(unknown, "low_start_beyond_chance", "value", "status", item="reading") == (None, "x")
    assert figure(unknown, "low_start_change", "value", item="reading") == (3.0,)


def test_regression_to_the_mean_is_not_read_as_progress():
    """Nothing changed (r .8): those under 85 gain some 4.6 points (methods 3.7), beyond chance and value added 0."""
    rng = np.random.default_rng(3)
    true = rng.normal(100, 15 * np.sqrt(0.8), 4000)
    first, last = (true + rng.normal(0, 15 * np.sqrt(0.2), 4000) for _ in range(2))
    there, rows = cohort(first, last)
    made = growth.low_starters(there, table("assessments", *rows), own={"Test A": Manual(0.8)})
    assert find(made, "low_start_change", "reading")["value"] == pytest.approx(4.575406, abs=1)
    assert find(made, "low_start_beyond_chance", "reading")["value"] == pytest.approx(0, abs=1)
    low = there.with_columns(pl.Series("sen_provision", np.where(first < 85, "SEN support", "No SEN")))
    added = growth.value_added(low, table("assessments", *rows))
    assert find(added, "value_added", "reading", provision="SEN support")["value"] == pytest.approx(0, abs=1)


# ---- reading and spelling ages


def test_ratio_gain_is_of_sums_and_not_under_three_months():
    """18 months in 243 days and 9 in 243: 27 / (2 * 7.983573) = 1.690972; a pupil with 91 days (2.99 months) waits."""
    rows = [*pair("p0", 80, 98), *pair("p1", 90, 99), result("p2", 80), result("p2", 95, AUTUMN + timedelta(days=91))]
    rows = [{**row, "scale": "age in months"} for row in rows]
    row = find(ages.age_gain(pupils(3), table("assessments", *rows)), "age_gain", "reading")
    assert (row["numerator"], row["base_subjects"], row["eligible_subjects"]) == (27, 2, 3)
    assert row["value"] == pytest.approx(27 / (2 * MONTHS))
    longer = [*rows[:-1], {**rows[-1], "assessed_on": AUTUMN + timedelta(days=92)}]  # 3.02 months
    assert find(ages.age_gain(pupils(3), table("assessments", *longer)), "age_gain", "reading")["base_subjects"] == 3


@pytest.mark.parametrize(("age", "day", "below"), [
    (128, date(2026, 5, 31), 1), (129, date(2026, 5, 31), 0),  # 10 on 31 August: at least 129 months on 31 May
    (127, date(2026, 5, 30), 1), (128, date(2026, 5, 30), 0),  # a day earlier: 128
    (119, date(2025, 9, 1), 1), (120, date(2025, 9, 1), 0),
])  # fmt: skip
def test_surely_below_the_own_age(age, day, below):
    rows = table("assessments", result("p0", age, day, scale="age in months"))
    made = ages.age_below_own(facts({"age_at_31_august": 10}), rows)
    assert figure(made, "age_below_own", "numerator", "denominator", item="reading") == (below, 1)


def test_unknown_age_is_eligible_and_not_counted():
    rows = table("assessments", result("p0", 100, scale="age in months"))
    made = ages.age_below_own(facts({"age_at_31_august": None}), rows)
    assert figure(made, "age_below_own", "value", "base_subjects", "eligible_subjects", item="reading") == (None, 0, 1)


# ---- bands

MATRIX = [[6, 9, 3, 0], [2, 14, 12, 2], [0, 4, 21, 9], [0, 0, 5, 18]]  # methods of the field, 3.3


def banded(matrix=MATRIX, unfinished=0):
    moves = [(start, end) for i, start in enumerate(bands.BANDS) for j, end in enumerate(bands.BANDS)
             for _ in range(matrix[i][j])] + [("at", None)] * unfinished  # fmt: skip
    rows = [
        result(f"p{n}", None, day, age_related=band, scale=None)
        for n, move in enumerate(moves) for day, band in zip((AUTUMN, SUMMER), move, strict=True) if band
    ]  # fmt: skip
    return pupils(len(moves)), table("assessments", *rows)


def test_expected_and_exceeding_of_the_worked_matrix():
    """94 of 105 made expected progress, 35 of the 82 who could exceed it did, 11 fell; 23 began at the top."""
    made = bands.band_progress(*banded(unfinished=2))
    names = ("numerator", "denominator", "eligible_subjects")
    assert figure(made, "expected_progress", *names, item="reading") == (94, 105, 107)
    assert figure(made, "exceeding_progress", *names, item="reading") == (35, 82, 84)
    assert figure(made, "less_than_expected_progress", *names, item="reading") == (11, 105, 107)
    assert figure(made, "began_at_top", "numerator", "denominator", item="reading") == (23, 105)
    assert figure(made, "expected_progress", "value", item="reading")[0] == pytest.approx(89.5238, abs=1e-4)


def test_progress_from_each_starting_band():
    """From towards: 30 began, 2 fell, 14 held, 14 rose. From above nobody can exceed: there is no such row."""
    made = bands.band_progress(*banded(unfinished=2))
    names = ("numerator", "denominator", "eligible_subjects")
    assert figure(made, "expected_progress", *names, item="reading: from towards") == (28, 30, 30)
    assert figure(made, "exceeding_progress", *names, item="reading: from towards") == (14, 30, 30)
    assert figure(made, "expected_progress", *names, item="reading: from at") == (30, 34, 36)
    assert made.filter(measure="exceeding_progress", item="reading: from above").is_empty()


def test_transitions_are_counts_and_row_percentages():
    made = bands.band_transitions(*banded())
    names = ("numerator", "denominator", "value")
    assert figure(made, "band_transitions", *names, item="reading: towards -> at") == (12, 30, 40.0)
    assert figure(made, "band_transitions", *names, item="reading: below -> above") == (0, 18, 0.0)
    la = made.filter(geographic_level=LA, sen_provision="Total")
    assert la["numerator"].sum() == 105
    rows = la.with_columns(pl.col("item").str.split(" -> ").list.first().alias("start")).group_by("start")
    assert rows.agg(pl.col("value").sum())["value"].to_list() == pytest.approx([100] * 4)


def test_where_pupils_stand_now_takes_the_latest_judgement():
    made = bands.bands_now(*banded(unfinished=2))
    assert figure(made, "bands_now", "numerator", "denominator", item="reading: at") == (3 + 12 + 21 + 5 + 2, 107)


# ---- starting points held


def test_who_has_a_starting_point_by_subject_and_domain():
    """Four pupils with SEN: marked; two results; one result of last year; one result of this year alone."""
    there = facts(*({} for _ in range(4)), {"pupil_id": "other"}, sen_provision="SEN support")
    there = there.with_columns(pl.when(pl.col("pupil_id") == "other").then(pl.lit("No SEN"))
                               .otherwise("sen_provision").alias("sen_provision"))  # fmt: skip
    rows = table("assessments", result("p0", 90, is_baseline=True), *pair("p1", 90, 95),
                 result("p2", 90, date(2025, 6, 1), time_period="202425"), result("p3", 90))  # fmt: skip
    goal = {"pupil_id": "p3", "school_id": ELM["school_id"], "target_id": "1", "set_on": AUTUMN, "baseline": 3.0}
    targets = table("targets", {**goal, "subject": "speech and language"})
    scale = {"pupil_id": "p0", "school_id": ELM["school_id"], "instrument": "SDQ", "scale": "TOT", "rater": "teacher"}
    wellbeing = table("wellbeing", {**scale, "rated_on": AUTUMN, "score": 10.0})
    made = baselines.baselines(there, rows, targets, wellbeing)
    names = ("numerator", "denominator", "eligible_subjects")
    assert figure(made, "baseline_by_subject", *names, item="reading") == (3, 4, 4)
    assert figure(made, "baseline_by_domain", *names, item="cognition and learning") == (3, 4, 4)
    assert figure(made, "baseline_by_domain", *names, item="speech, language and communication") == (1, 4, 4)
    assert figure(made, "baseline_by_domain", *names, item="social, emotional and mental health") == (1, 4, 4)
    assert figure(made, "baseline_by_domain", *names, item="specific learning difficulties") == (0, 4, 4)


def test_a_school_that_sent_nothing_is_not_without_starting_points():
    there = facts({}, {**OAK}, sen_provision="EHC plan")
    made = baselines.baselines(there, scores_of((90, 95)), table("targets"), table("wellbeing"))
    names = ("numerator", "denominator", "eligible_subjects")
    assert figure(made, "baseline_by_subject", *names, item="reading") == (1, 1, 2)
    assert baselines.baselines(there, *(table(n) for n in ("assessments", "targets", "wellbeing"))).is_empty()


# ---- key stage 2

KS2 = [(1, 0, 1), (1, 1, 1), (0, 0, 1), (1, 0, 0), (1, 0, 1), (0, 0, 0), (1, 1, 0)]  # reading, writing, mathematics


def ks2(*pupils_met, **common):
    names = ("reading", "writing", "mathematics")
    rows = ({f"ks2_{n}_met": None if m is None else bool(m) for n, m in zip(names, met, strict=True)}
            for met in pupils_met)  # fmt: skip
    return facts(*rows, **common)


def test_writing_gap_is_the_paired_mean_of_a_second_library():
    """100 * (2/7 - (5/7 + 4/7) / 2) = -35.714286 points; interval of DescrStatsW on each pupil's own difference."""
    row = find(key_stage_2.ks2_writing_gap(ks2(*KS2, (1, None, 1))), "ks2_writing_gap")
    own = np.array([100 * (w - (r + m) / 2) for r, w, m in KS2])
    assert row["value"] == pytest.approx(100 * (2 / 7 - 9 / 14)) == pytest.approx(own.mean())
    assert (row["lower"], row["upper"]) == pytest.approx(DescrStatsW(own).tconfint_mean())
    assert (row["denominator"], row["eligible_subjects"]) == (7, 8)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 1)] * 3), min_size=2, max_size=40))
def test_writing_gap_agrees_with_a_second_library_whatever_the_results(met):
    row = find(key_stage_2.ks2_writing_gap(ks2(*met)), "ks2_writing_gap")
    own = DescrStatsW(np.array([100 * (w - (r + m) / 2) for r, w, m in met]))
    assert row["value"] == pytest.approx(own.mean, abs=1e-9)
    low, high = own.tconfint_mean() if own.std > 0 else (own.mean, own.mean)
    assert (row["lower"], row["upper"]) == pytest.approx((low, high), abs=1e-6)


def test_higher_standard_and_each_subject():
    """110 and 110 and GDS; just below in one; a pupil without an outcome in writing is eligible there only."""
    keys = [{f"ks2_{s}_met": True for s in ("reading", "writing", "mathematics")} for _ in range(3)]
    higher = [(True, True, True), (True, True, False), (None, True, True)]
    rows = facts(*({**key, **{f"ks2_{s}_higher": h for s, h in zip(("reading", "writing", "mathematics"), flags,
                   strict=True)}} for key, flags in zip(keys, higher, strict=True)))  # fmt: skip
    rows = rows.with_columns(pl.when(pl.col("pupil_id") != "p2").then("ks2_reading_met").alias("ks2_reading_met"))
    assert figure(key_stage_2.ks2_rwm_higher(rows), "ks2_rwm_higher", "numerator", "denominator") == (1, 2)
    made = key_stage_2.ks2_subjects(rows)
    names = ("numerator", "denominator", "eligible_subjects")
    assert figure(made, "ks2_reading_expected", *names) == (2, 2, 3)
    assert figure(made, "ks2_writing_higher", *names) == (3, 3, 3)
    assert figure(made, "ks2_mathematics_higher", *names) == (2, 3, 3)


def test_higher_standard_is_read_from_scores_and_codes():
    from hand_made import facts_of

    key = {"pupil_id": "p", "school_id": "9991001", "time_period": "202526", "assessment": "KS2"}
    rows = [{**key, "subject": "reading", "score": 109.0}, {**key, "subject": "mathematics", "score": 110.0},
            {**key, "subject": "writing", "outcome": "GDS"}]  # fmt: skip
    made = facts_of(assessments=rows).row(0, named=True)
    assert [made[f"ks2_{s}_higher"] for s in ("reading", "writing", "mathematics")] == [False, True, True]
    early = [{**key, "subject": "reading", "outcome": "B"},
             {**key, "subject": "reading", "outcome": "PK3", "assessed_on": date(2026, 6, 1)}]  # fmt: skip
    assert facts_of(assessments=early[::-1])["ks2_reading_outcome"].to_list() == ["PK3"]
    annulled = [{**key, "subject": "reading", "outcome": "H"}]
    assert facts_of(assessments=annulled)["ks2_reading_outcome"].to_list() == [None]


def test_mean_scaled_score_leaves_out_and_counts_those_without():
    """Scores 80, 110, 120; two without a score: mean 103.333333 of 3, eligible 5; 40 % without; a third at each end."""
    scores = [80.0, 110.0, 120.0, None, None]
    rows = facts(*({"ks2_reading_score": s, "ks2_reading_met": bool(s and s >= 100)} for s in scores))
    made = key_stage_2.ks2_scaled_scores(rows)
    assert figure(made, "ks2_scaled_score", "numerator", "denominator", "eligible_subjects", item="reading") == (
        310,
        3,
        5,
    )
    assert figure(made, "ks2_without_score", "numerator", "denominator", "value", item="reading") == (2, 5, 40.0)
    assert figure(made, "ks2_at_limits", "numerator", "denominator", item="reading: floor") == (1, 3)
    assert figure(made, "ks2_at_limits", "numerator", item="reading: ceiling") == (1,)
    assert find(made, "ks2_scaled_score", "mathematics")["status"] == "z"


def test_codes_below_the_tests_are_counted_without_points():
    codes = ["PK3", "PK3", "EM", "EXS", None]
    rows = facts(*({"ks2_writing_outcome": c, "ks2_writing_met": None if c is None else c == "EXS",
                    "ks2_reading_met": True} for c in codes))  # fmt: skip
    made = key_stage_2.ks2_below_the_tests(rows)
    names = ("numerator", "denominator", "value", "eligible_subjects")
    assert figure(made, "ks2_below_the_tests", *names, item="writing: PK3") == (2, 4, 50.0, 5)
    assert figure(made, "ks2_below_the_tests", *names, item="writing: EM") == (1, 4, 25.0, 5)
    assert set(made["item"]) == {"writing: PK3", "writing: EM"}
    assert key_stage_2.ks2_below_the_tests(facts({"ks2_reading_met": True})).is_empty()


def test_writing_progress_makes_up_no_score():
    reference = {"time_period": "202526", "subject": "writing", "group": 1, "points_from": 0.0, "points_to": 22.0,
                 "mean_score": 100.0, "national_sd": 6.0, "source": "worked"}  # fmt: skip
    common = {"ks2_writing_met": True, "ks1_points": 15.0}
    scored = facts({"ks2_writing_score": 103.0}, {"ks2_writing_score": 91.0}, {}, **common)
    row = find(key_stage_2.ks2_writing_progress(scored, table("progress_reference", reference)), "ks2_writing_progress")
    half = 1.96 * 6 / np.sqrt(2)
    assert [row[n] for n in ("value", "lower", "upper")] == pytest.approx([-3, -3 - half, -3 + half])
    assert (row["denominator"], row["eligible_subjects"]) == (2, 3)
    coded = key_stage_2.ks2_writing_progress(facts({}, **common), table("progress_reference", reference))
    assert figure(coded, "ks2_writing_progress", "value", "status") == (None, "x")
    assert "no score in writing" in find(coded, "ks2_writing_progress")["note"]


# ---- what holds for every one of them


def world():
    rng = np.random.default_rng(4)
    there = facts(*({"sen_provision": ["SEN support", "No SEN", "EHC plan"][n % 3], **(OAK if n % 4 == 0 else ELM)}
                    for n in range(48)))  # fmt: skip
    rows = []
    for n in range(40):
        school = OAK["school_id"] if n % 4 == 0 else ELM["school_id"]
        first, gain = rng.integers(70, 120), rng.integers(-20, 25)
        more = {"school_id": school, "assessment": "NGRT"}
        rows += pair(f"p{n}", int(first), int(first + gain), **more)
        rows += pair(f"p{n}", int(first), int(first + gain), subject="mathematics", **more)
        rows += [{**row, "scale": "age in months", "assessment": "Ages"} for row in pair(f"p{n}", 90, 97 + n, **more)]
        for day in (AUTUMN, SUMMER):
            band = bands.BANDS[rng.integers(4)]
            rows.append(result(f"p{n}", None, day, age_related=band, scale=None, school_id=school))
    return there, table("assessments", *rows)


FACTS, ROWS = world()
EVERY = {
    metric.__name__: metric
    for metric in (progress.standardised_change, progress.scores_at_limits, growth.value_added, growth.reliable_change,
                   growth.low_starters, ages.age_gain, ages.age_below_own, bands.bands_now, bands.band_progress,
                   bands.band_transitions)
}  # fmt: skip
every = pytest.mark.parametrize("metric", list(EVERY.values()), ids=list(EVERY))


def same(one, other):
    key = list(MEASURE_KEY)
    assert_frame_equal(one.sort(key), other.sort(key), abs_tol=1e-9)


@every
def test_order_of_rows_and_unrelated_rows_do_not_matter(metric):
    """Another year's pupils and another kind of test change nothing of this year's figures."""
    made = metric(FACTS, ROWS)
    assert made.height > 0
    assert made.select(MEASURE_KEY).is_duplicated().sum() == 0
    shuffled = metric(FACTS.sample(fraction=1, shuffle=True, seed=1), ROWS.sample(fraction=1, shuffle=True, seed=2))
    same(made, shuffled)
    later = FACTS.with_columns(pl.lit("202627").alias("time_period"))
    other = table("assessments", *(result(f"p{n}", 5, scale="count", assessment="Words") for n in range(9)))
    same(made, metric(pl.concat([FACTS, later]), pl.concat([ROWS, other])).filter(time_period="202526"))


@every
def test_schools_add_up_to_the_authority(metric):
    made = metric(FACTS, ROWS)
    sums = ("numerator", "denominator", "base_subjects", "eligible_subjects")
    key = ("measure", "item", "sen_provision")
    plain = made.filter(*(pl.col(name) == "Total" for name in GROUPS if name not in key), sen_provision="SEN support")
    plain = plain.with_columns(pl.col(sums).cast(pl.Float64))
    parts = plain.filter(geographic_level="School").group_by(key).agg(pl.col(sums).sum()).sort(key)
    whole = plain.filter(geographic_level=LA).select(*key, *sums).sort(key)
    assert whole.height > 0
    assert_frame_equal(parts, whole, abs_tol=1e-6)


@every
def test_pandas_in_pandas_out_with_the_same_numbers(metric):
    made = metric(FACTS.drop("attendance_terms", "event_terms").to_pandas(), ROWS.to_pandas())
    assert isinstance(made, pd.DataFrame)
    wanted = metric(FACTS, ROWS)["value"].cast(pl.Float64).to_numpy()
    assert made["value"].to_numpy(dtype=float) == pytest.approx(wanted, nan_ok=True)


@every
def test_unknown_group_column_is_named(metric):
    with pytest.raises(SendlabError, match="shoe_size"):
        metric(FACTS, ROWS, by=["shoe_size"])


@every
def test_input_stays_untouched(metric):
    before = FACTS.clone(), ROWS.clone()
    metric(FACTS, ROWS)
    assert FACTS.equals(before[0])
    assert ROWS.equals(before[1])


def test_only_a_starting_point_elsewhere_leaves_the_pupil_eligible_where_on_roll():
    """p2 moved in with a marked starting point of a school that facts do not hold: still one of Elm's year group."""
    away = result("p2", 90, is_baseline=True, school_id="9998888")
    made = progress.standardised_change(pupils(3), table("assessments", *pair("p0", 80, 84), *pair("p1", 90, 90), away))
    assert figure(made, "standardised_change", "base_subjects", "eligible_subjects", item="reading") == (2, 3)
