"""Individual targets on hand-made tables: what came of them, how they are set, and for whom."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hand_made import ELM, OAK, facts, table
from polars.testing import assert_frame_equal

from sendlab.errors import SendlabError
from sendlab.metrics.learning import goal_setting, goals
from sendlab.metrics.learning.target_rows import judged
from sendlab.schema.measures import GROUPS, MEASURE_KEY
from sendlab.stats.sums import ratio_of_sums

LA = "Local authority"
SET, DUE = date(2025, 9, 22), date(2025, 12, 12)


def find(rows, measure, item="Total", level=LA, provision="Total", **more):
    """The one row asked for, as a dict."""
    groups = {**dict.fromkeys(GROUPS, "Total"), "sen_provision": provision, "item": item}
    got = rows.filter(measure=measure, geographic_level=level, **{**groups, **more})
    assert got.height == 1, got
    return got.row(0, named=True)


def figure(rows, measure, *names, **which):
    row = find(rows, measure, **which)
    return tuple(row[name] for name in names)


def target(number, pupil="p0", **more):
    usual = {"pupil_id": pupil, "school_id": ELM["school_id"], "set_on": SET, "due_on": DUE, "subject": "reading"}
    return {"target_id": f"T{number}", **usual, **more}


def targets(*rows):
    return table("targets", *({**target(n), **row} for n, row in enumerate(rows)))


def send(count, **common):
    return facts(*({} for _ in range(count)), **{"sen_provision": "SEN support", **common})


def one(**values):
    return judged(table("targets", target(0, **values))).row(0, named=True)


# ---- what is known of one target


@pytest.mark.parametrize(
    ("achieved", "expected", "challenge"), [(9, False, False), (10, True, False), (11, True, False), (12, True, True)]
)
def test_what_is_expected_and_the_challenge_are_reached_at_their_value(achieved, expected, challenge):
    row = one(baseline=5.0, expected=10.0, challenge=12.0, achieved=float(achieved))
    assert (row["reached_expected"], row["reached_challenge"]) == (expected, challenge)
    assert row["less"] is not expected


def test_lower_is_better_where_less_is_expected_than_at_the_start():
    """From 8 incidents to 4 (challenge 2): 4 reaches what is expected, 5 does not; a challenge of 6 is none."""
    assert one(baseline=8.0, expected=4.0, challenge=2.0, achieved=4.0)["reached_expected"]
    assert one(baseline=8.0, expected=4.0, challenge=2.0, achieved=5.0)["less"]
    assert one(baseline=8.0, expected=4.0, challenge=2.0)["ambitious"]
    assert not one(baseline=8.0, expected=4.0, challenge=6.0)["ambitious"]
    assert not one(baseline=5.0, expected=10.0, challenge=10.0)["ambitious"]  # no more than what is expected


def test_less_than_expected_by_numbers_then_attainment_then_outcome():
    numbers = {"expected": 10.0, "achieved": 10.0}
    assert one(**numbers, attainment=-1, met="not met")["less"] is False
    assert one(attainment=-1, met="met")["less"] is True
    assert one(attainment=0, met="partly")["less"] is False
    assert one(met="partly")["less"] is True
    assert one(met="met")["less"] is False
    assert one(met="open")["less"] is None
    assert one()["less"] is None


def test_missing_values_say_nothing():
    row = one(expected=10.0, challenge=None)
    flags = ("reached_expected", "reached_challenge", "ambitious", "steps_done", "parents", "pupil")
    assert [row[name] for name in flags] == [None] * 6
    assert row["reviewed"] is False


# ---- outcomes


def test_outcomes_are_shares_of_reviewed_targets_within_pupils():
    """p0: met, partly, open; p1: met, not met; p2: open only. 2 of 4 reviewed were met; two of three pupils count."""
    met = [("p0", "met"), ("p0", "partly"), ("p0", "open"), ("p1", "met"), ("p1", "not met"), ("p2", "open")]
    rows = targets(*({"pupil_id": pupil, "met": word} for pupil, word in met))
    made = goals.goal_outcomes(send(3), rows)
    names = ("numerator", "denominator", "base_subjects", "eligible_subjects", "value")
    assert figure(made, "goals_met", *names) == (2, 4, 2, 3, 50.0)
    assert figure(made, "goals_partly_met", "numerator", "value") == (1, 25.0)
    assert figure(made, "goals_not_met", "numerator", "value") == (1, 25.0)
    row = find(made, "goals_met")
    lower, upper = ratio_of_sums([1, 1], [2, 2])
    assert (row["lower"], row["upper"]) == pytest.approx((100 * lower, 100 * upper))
    assert find(made, "goals_expected_reached")["status"] == "z"  # no numbers at all: no zero


def test_expected_and_challenge_reached():
    values = [(10.0, 12.0, 12.0), (10.0, 12.0, 10.0), (10.0, 12.0, 9.0), (10.0, None, 11.0), (10.0, 12.0, None)]
    rows = targets(*({"expected": e, "challenge": c, "achieved": a} for e, c, a in values))
    made = goals.goal_outcomes(send(1), rows)
    assert figure(made, "goals_expected_reached", "numerator", "denominator", "value") == (3, 4, 75.0)
    assert figure(made, "goals_challenge_reached", "numerator", "denominator") == (1, 3)


def test_small_steps_of_reviewed_targets_are_capped_at_what_was_planned():
    """3 of 4; 6 of 5 counts as 5 of 5; unknown and open ones are left out: 8 of 9."""
    steps = [(4, 3, "met"), (5, 6, "met"), (4, None, "met"), (4, 1, "open"), (None, 2, "met")]
    rows = targets(*({"steps_planned": p, "steps_met": m, "met": met} for p, m, met in steps))
    assert figure(goals.goal_outcomes(send(1), rows), "small_steps_met", "numerator", "denominator") == (8, 9)


def test_targets_of_each_area_and_independence():
    kinds = [("CI", "speech and language", "met"), ("CI", "independence", "not met"), ("SEMH", "behaviour", "open"),
             (None, "reading", "met")]  # fmt: skip
    rows = targets(*({"need_area": area, "subject": subject, "met": met} for area, subject, met in kinds))
    made = goals.goals_by_area(send(1), rows)
    names = ("numerator", "denominator", "eligible_subjects")
    assert figure(made, "goals_met_by_area", *names, item="Communication and interaction") == (1, 2, 1)
    assert figure(made, "goals_met_by_area", *names, item="Independence") == (0, 1, 1)
    semh = find(made, "goals_met_by_area", "Social, emotional and mental health")
    assert (semh["value"], semh["status"], semh["eligible_subjects"]) == (None, "z", 1)
    assert figure(made, "goals_met_by_area", *names, item="no area of need") == (1, 1, 1)


def test_goal_attainment_of_three_goals_and_more():
    """(1, 1, 1) gives 63.693064, (0, 0, 0) gives 50 (methods 3.4): mean 56.846532. Two goals: counted, no score."""
    levels = {"p0": [1, 1, 1], "p1": [0, 0, 0], "p2": [2, 2], "p3": [None]}
    rows = targets(*({"pupil_id": p, "attainment": level} for p, held in levels.items() for level in held))
    row = find(goals.goal_attainment_score(send(4), rows), "goal_attainment")
    assert row["value"] == pytest.approx((63.693064 + 50) / 2, abs=1e-6)
    assert (row["denominator"], row["eligible_subjects"]) == (2, 3)


def test_goals_belong_to_the_year_in_which_they_were_set():
    rows = targets({"met": "met"}, {"set_on": date(2025, 7, 31), "due_on": DUE, "met": "not met"})
    made = goals.goal_outcomes(send(1), rows)
    assert figure(made, "goals_met", "numerator", "denominator", time_period="202526") == (1, 1)
    assert figure(made, "goals_met", "numerator", "denominator", time_period="202425") == (0, 1)


# ---- less than expected


def test_less_than_expected_is_followed_within_a_term():
    """Four targets short of what was expected: new one 120 days after the day due; 121; other subject; none yet due."""
    short = {"expected": 10.0, "achieved": 9.0}
    end = DUE + timedelta(days=200)
    rows = targets(
        {**short, "pupil_id": "p0"}, {"pupil_id": "p0", "set_on": DUE + timedelta(days=120), "due_on": None},
        {**short, "pupil_id": "p1"}, {"pupil_id": "p1", "set_on": DUE + timedelta(days=121), "due_on": None},
        {**short, "pupil_id": "p2"}, {"pupil_id": "p2", "set_on": DUE, "due_on": None, "subject": "writing"},
        {**short, "pupil_id": "p3", "due_on": end - timedelta(days=119)},
        {**short, "pupil_id": "p4", "due_on": end - timedelta(days=120), "expected": 9.0},  # reached
    )  # fmt: skip
    made = goals.less_than_expected(send(5), rows, as_of=end)
    assert figure(made, "goals_less_than_expected", "numerator", "denominator") == (4, 5)
    names = ("numerator", "denominator", "eligible_subjects")
    assert figure(made, "less_than_expected_followed", *names) == (1, 3, 4)


def test_reasons_are_counted_only_where_they_may_be_seen():
    rows = targets(*({"expected": 10.0, "achieved": 9.0} for _ in range(3)))
    row = find(goals.less_than_expected(send(1), rows), "less_than_expected_reason")
    assert (row["value"], row["numerator"], row["status"], row["eligible_subjects"]) == (None, None, "x", 1)
    assert "restricted" in row["note"]
    key = {"pupil_id": "p0", "school_id": ELM["school_id"]}
    reasons = pl.DataFrame([{**key, "target_id": "T1", "less_than_expected_reason": "was ill"}])
    told = goals.less_than_expected(send(1), rows.drop("less_than_expected_reason"), reasons=reasons)
    assert figure(told, "less_than_expected_reason", "numerator", "denominator") == (1, 3)


# ---- how targets are set


def test_who_sets_targets_and_how_ambitious_they_are():
    by = ["school", "school and parents", "school, parents and pupil", "agency", None]
    rows = targets(*({"set_by": who, "expected": 10.0, "challenge": c} for who, c in
                     zip(by, (12.0, 10.0, 11.0, None, 9.0), strict=True)))  # fmt: skip
    made = goal_setting.goal_setting(send(1), rows)
    assert figure(made, "goals_with_parents", "numerator", "denominator", "value") == (2, 4, 50.0)
    assert figure(made, "goals_with_pupil", "numerator", "denominator") == (1, 4)
    assert figure(made, "goals_ambitious", "numerator", "denominator") == (2, 4)


def test_overdue_targets_as_of_a_day():
    """Due the day before: overdue; due on the day: not yet; met: reviewed; without outcome: not known."""
    day = date(2026, 1, 10)
    rows = targets({"due_on": date(2026, 1, 9), "met": "open"}, {"due_on": day, "met": "open"}, {"met": "met"}, {})
    made = goal_setting.goal_setting(send(1), rows, as_of=day)
    assert figure(made, "goals_overdue", "numerator", "denominator") == (1, 2)


def test_areas_in_which_pupils_have_a_target():
    kinds = [("p0", "CI", "speech and language"), ("p0", "CI", "independence"), ("p1", "SP", "writing")]
    rows = targets(*({"pupil_id": p, "need_area": area, "subject": s} for p, area, s in kinds))
    made = goal_setting.goal_areas(send(3), rows)
    assert figure(made, "goal_areas", "numerator", "denominator", item="Communication and interaction") == (1, 2)
    assert figure(made, "goal_areas", "numerator", "denominator", item="Independence") == (1, 2)
    assert figure(made, "goal_areas", "numerator", "denominator", item="Cognition and learning") == (0, 2)


def test_a_new_target_each_term_of_those_that_are_over():
    """As of 6 April 2026 (Easter Monday) two terms are over. p0 both, p1 autumn, p2 none; Oak sent nothing."""
    there = facts({}, {}, {}, {**OAK}, {"sen_provision": "No SEN"}, {"on_roll": False}, sen_provision="EHC plan")
    days = {"p0": [date(2025, 9, 22), date(2026, 4, 5), date(2026, 4, 6)], "p1": [date(2025, 12, 31)]}
    rows = targets(*({"pupil_id": p, "set_on": day} for p, held in days.items() for day in held))
    made = goal_setting.goal_coverage(there, rows, as_of=date(2026, 4, 6))
    names = ("numerator", "denominator", "base_subjects", "eligible_subjects")
    assert figure(made, "goals_each_term", *names) == (3, 6, 3, 4)
    assert figure(made, "pupils_with_goals", *names) == (2, 3, 3, 4)
    assert find(made, "goals_each_term")["time_identifier"] == "Autumn and spring term"
    whole = goal_setting.goal_coverage(there, rows, as_of=date(2026, 7, 31))
    assert figure(whole, "goals_each_term", "numerator", "denominator", "time_identifier") == (4, 9, "Academic year")
    early = goal_setting.goal_coverage(there, rows, as_of=date(2025, 12, 30))
    assert figure(early, "goals_each_term", "value", "status") == (None, "z")


# ---- what holds for every one of them


def world():
    rng = np.random.default_rng(5)
    there = facts(*({"sen_provision": ["SEN support", "EHC plan"][n % 2], **(OAK if n % 3 == 0 else ELM)}
                    for n in range(20)))  # fmt: skip
    rows = []
    for n in range(60):
        pupil = n % 18
        rows.append({
            "pupil_id": f"p{pupil}", "school_id": (OAK if pupil % 3 == 0 else ELM)["school_id"],
            "need_area": ["CI", "CL", "SEMH", "SP"][n % 4], "met": ["met", "partly", "not met", "open"][n % 4],
            "baseline": 4.0, "expected": 8.0, "challenge": float(rng.integers(7, 12)),
            "achieved": float(rng.integers(5, 12)), "attainment": int(rng.integers(-2, 3)), "steps_planned": 5,
            "steps_met": int(rng.integers(0, 6)), "set_by": "school and parents" if n % 2 else "school",
            "set_on": SET + timedelta(days=int(rng.integers(0, 200))),
        })  # fmt: skip
    return there, targets(*rows)


FACTS, ROWS = world()
METRICS = (goals.goal_outcomes, goals.goals_by_area, goals.goal_attainment_score, goals.less_than_expected,
           goal_setting.goal_setting, goal_setting.goal_areas, goal_setting.goal_coverage)  # fmt: skip
every = pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.__name__)


def same(one_way, other):
    key = list(MEASURE_KEY)
    assert_frame_equal(one_way.sort(key), other.sort(key), abs_tol=1e-9)


@every
def test_no_targets_no_rows(metric):
    assert metric(FACTS, table("targets")).is_empty()


@every
def test_order_of_rows_and_rows_of_another_year_do_not_matter(metric):
    made = metric(FACTS, ROWS, by=["sen_provision"])
    assert made.select(MEASURE_KEY).is_duplicated().sum() == 0
    shuffled = FACTS.sample(fraction=1, shuffle=True, seed=1), ROWS.sample(fraction=1, shuffle=True, seed=2)
    same(made, metric(*shuffled, by=["sen_provision"]))
    before = ROWS.with_columns(pl.col("set_on", "due_on").dt.offset_by("-2y"), pl.col("target_id") + "old")
    earlier = FACTS.with_columns(pl.lit("202324").alias("time_period"))
    more = metric(pl.concat([FACTS, earlier]), pl.concat([ROWS, before]), by=["sen_provision"])
    same(made, more.filter(time_period="202526"))


@every
def test_schools_add_up_to_the_authority(metric):
    sums = ("numerator", "denominator", "base_subjects", "eligible_subjects")
    made = metric(FACTS, ROWS, by=["sen_provision"]).with_columns(pl.col(sums).cast(pl.Float64))
    key = ("measure", "item", "sen_provision")
    parts = made.filter(geographic_level="School").group_by(key).agg(pl.col(sums).sum()).sort(key)
    whole = made.filter(geographic_level=LA).select(*key, *sums).sort(key)
    if metric is goals.less_than_expected:  # unknown counts are missing, not nothing
        parts, whole = (rows.filter(pl.col("measure") != "less_than_expected_reason") for rows in (parts, whole))
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
