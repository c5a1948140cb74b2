"""Pastoral plans, plans adapted, and what came before SEN support: who counts, and who is not known."""

from datetime import date, timedelta

import polars as pl
import pytest
from hand_made import ELM, OAK, facts, table
from laws import SCHOOL, figure, find, holds

from sendlab.metrics.plans.identification import register_assessments, teaching_seen_before_support
from sendlab.metrics.plans.pastoral import pastoral_plans, pastoral_plans_shared
from sendlab.metrics.plans.reviews import plans_adapted

DAY = timedelta(days=1)
SUMMER = date(2026, 7, 20)
AUTUMN, WINTER = date(2025, 9, 8), date(2025, 12, 1)
ROLL = facts(
    *({"pupil_id": name} for name in "abcd"), {"pupil_id": "e", "sen_provision": "No SEN"},
    {"pupil_id": "o", **OAK}, {"pupil_id": "l", "on_roll": False}, sen_provision="SEN support",
)  # fmt: skip
COUNTS = ("numerator", "base_subjects", "eligible_subjects", "value")


def plan(person="a", issue="anxiety", number="P1", start=AUTUMN, kind="pastoral support", **given):
    row = {"pupil_id": person, "school_id": ELM["school_id"], "plan_id": number, "plan_type": kind}
    return row | {"issue": issue, "start_date": start} | given


def plans_of(*rows):
    return table("plans", *rows)


# ---- pastoral plans by issue


def test_pupils_with_a_pastoral_plan_by_issue():
    """Of five on Elm's roll a has anxiety and attendance, e behaviour: 2 of 5; Oak has recorded no such plan."""
    plans = plans_of(plan(), plan(issue="attendance", number="P2"), plan("e", "behaviour", kind="behaviour"),
                     plan("b", kind="SEN support"), plan("l"))  # fmt: skip
    rows = pastoral_plans(ROLL, plans, as_of=SUMMER)
    assert figure(rows, "pastoral_plans", *COUNTS) == (2, 5, 6, 40)
    assert figure(rows, "pastoral_plans", *COUNTS, provision="SEN support") == (1, 4, 5, 25)
    for issue in ("anxiety", "attendance", "behaviour"):
        assert figure(rows, "pastoral_plans", *COUNTS, item=issue) == (1, 5, 6, 20)
    oak = find(rows, "pastoral_plans", level=SCHOOL, place_code=OAK["place_code"])
    assert (oak["value"], oak["status"], oak["eligible_subjects"]) == (None, "x", 1)
    assert find(rows, "pastoral_plans")["data_to"] == SUMMER


def test_a_plan_without_an_issue_counts_as_not_recorded():
    rows = pastoral_plans(ROLL, plans_of(plan(issue=None)), as_of=SUMMER)
    assert figure(rows, "pastoral_plans", *COUNTS, item="Not recorded") == (1, 5, 6, 20)


@pytest.mark.parametrize(("start", "with_plan"), [(SUMMER + DAY, None), (SUMMER, 1), (date(2025, 8, 1), 1),
                                                  (date(2025, 7, 31), 0)])  # fmt: skip
def test_a_plan_runs_from_its_first_day_to_the_end_of_its_school_year(start, with_plan):
    """One that has not begun is no record yet; one of last year shows that the school keeps such plans."""
    rows = pastoral_plans(ROLL, plans_of(plan(start=start)), as_of=SUMMER)
    if with_plan is None:
        assert rows.is_empty()
    else:
        assert figure(rows, "pastoral_plans", "numerator", "base_subjects") == (with_plan, 5)


def test_a_plan_whose_review_is_due_later_still_runs():
    last_year = plan(start=date(2025, 5, 1), review_due=SUMMER)
    assert figure(pastoral_plans(ROLL, plans_of(last_year), as_of=SUMMER), "pastoral_plans", "numerator") == (1,)
    late = pastoral_plans(ROLL, plans_of(last_year), as_of=SUMMER + DAY)
    assert figure(late, "pastoral_plans", "numerator") == (0,)


def test_agencies_and_parents_share_in_pastoral_plans():
    """Agencies: a 2, b 0, c not noted: 1 of 2. Parents: a not, b came, c not noted: 1 of 2; three are eligible."""
    plans = plans_of(plan(agencies=2, parents_attended=False), plan("b", agencies=0, parents_attended=True),
                     plan("c", "behaviour"))  # fmt: skip
    rows = pastoral_plans_shared(plans, ROLL, as_of=SUMMER)
    for measure in ("pastoral_plans_with_agencies", "pastoral_plans_with_parents"):
        assert figure(rows, measure, *COUNTS) == (1, 2, 3, 50)
        assert figure(rows, measure, *COUNTS, item="anxiety") == (1, 2, 2, 50)
        assert find(rows, measure, item="behaviour")["status"] == "x"


def test_one_plan_with_an_agency_is_enough_and_one_unknown_is_not_none():
    """a: 0 and 1, with; b: 0 and not noted, not known."""
    plans = plans_of(plan(agencies=0), plan(issue="exclusion", number="P2", agencies=1), plan("b", agencies=0),
                     plan("b", "exclusion", "P2"))  # fmt: skip
    rows = pastoral_plans_shared(plans, ROLL, as_of=SUMMER)
    assert figure(rows, "pastoral_plans_with_agencies", *COUNTS) == (1, 1, 2, 100)


# ---- plans adapted


def test_plans_adapted_of_those_reviewed():
    """a reviewed at version 2, b at 1, c without a version, d at 3 and never reviewed: 1 of 2, three reviewed."""
    done = {"kind": "SEN support", "reviewed_on": WINTER}
    plans = plans_of(plan(version=2, **done), plan("b", version=1, **done), plan("c", **done),
                     plan("d", kind="SEN support", version=3))  # fmt: skip
    assert figure(plans_adapted(plans, ROLL, as_of=SUMMER), "plans_adapted", *COUNTS) == (1, 2, 3, 50)


def test_a_second_round_of_a_reviewed_plan_is_adapted():
    """The first round was reviewed on 1 December; the second, version 2, runs since. A review to come is none yet."""
    first = plan(kind="SEN support", version=1, reviewed_on=WINTER)
    second = plan(kind="SEN support", version=2, number="P2", start=WINTER + DAY)
    plans = plans_of(first, second)
    assert figure(plans_adapted(plans, ROLL, as_of=SUMMER), "plans_adapted", "numerator", "denominator") == (1, 1)
    assert figure(plans_adapted(plans, ROLL, as_of=WINTER), "plans_adapted", "numerator", "denominator") == (0, 1)
    assert plans_adapted(plans, ROLL, as_of=WINTER - DAY).is_empty()


def test_passports_are_not_adapted():
    assert plans_adapted(plans_of(plan(kind="passport", version=2, reviewed_on=WINTER)), ROLL, as_of=SUMMER).is_empty()


# ---- teaching before SEN support


def entry(person="a", start=date(2026, 1, 12), provision="K", school=ELM, **given):
    row = {"pupil_id": person, "school_id": school["school_id"], "sen_provision": provision, "start_date": start}
    return row | given


def register_of(*rows):
    return table("sen_register", *rows)


def walk(day, grade="good", kind="lesson", school=ELM, number=1):
    row = {"school_id": school["school_id"], "observed_on": day, "number": number}
    return row | {"type": kind, "grade": grade}


def walks_of(*rows):
    return table("lesson_observations", *rows)


LONG_AGO = walk(date(2023, 10, 2))  # the school keeps a record


@pytest.mark.parametrize(("day", "counted"), [(date(2025, 1, 11), 0), (date(2025, 1, 12), 1), (date(2026, 1, 11), 1),
                                              (date(2026, 1, 12), 0)])  # fmt: skip
def test_teaching_seen_in_the_twelve_months_before_the_first_day(day, counted):
    """Support began on 12 January 2026: from 12 January 2025 to the day before."""
    rows = teaching_seen_before_support(register_of(entry()), ROLL, walks_of(LONG_AGO, walk(day)))
    assert figure(rows, "teaching_seen_before_support", *COUNTS) == (counted, 1, 1, 100 * counted)


@pytest.mark.parametrize(
    ("seen", "counted"),
    [(walk(WINTER, kind="learning walk"), 1), (walk(WINTER, kind="intervention"), 0),
     (walk(WINTER, kind="book scrutiny"), 0), (walk(WINTER, "not graded"), 0), (walk(WINTER, None), 0),
     (walk(WINTER, "inadequate"), 1), (walk(WINTER, school=OAK), 0)],
)  # fmt: skip
def test_lessons_and_learning_walks_with_a_grade_count(seen, counted):
    rows = teaching_seen_before_support(register_of(entry()), ROLL, walks_of(LONG_AGO, seen))
    assert figure(rows, "teaching_seen_before_support", "numerator", "denominator") == (counted, 1)


def test_a_school_without_a_record_from_before_is_not_known():
    """a (Elm) was seen to; o is at Oak, which sent nothing; b began before Elm's first observation: 1 of 1, of 3."""
    register = register_of(entry(), entry("o", school=OAK), entry("b", start=AUTUMN))
    rows = teaching_seen_before_support(register, ROLL, walks_of(walk(AUTUMN)))
    assert figure(rows, "teaching_seen_before_support", *COUNTS) == (1, 1, 3, 100)
    assert find(rows, "teaching_seen_before_support", level=SCHOOL, place_code=OAK["place_code"])["status"] == "x"
    assert teaching_seen_before_support(register_of(entry(start=AUTUMN)), ROLL, walks_of(walk(AUTUMN))).is_empty()


def test_only_first_entries_of_sen_support_count():
    """b had support before, c came with an EHC plan, d was on no register: a alone."""
    register = register_of(entry(), entry("b", date(2022, 9, 5), school=OAK), entry("b"), entry("c", provision="E"),
                           entry("d", provision="N"))  # fmt: skip
    rows = teaching_seen_before_support(register, ROLL, walks_of(LONG_AGO)).filter(time_period="202526")
    assert figure(rows, "teaching_seen_before_support", *COUNTS) == (0, 1, 1, 0)


# ---- assessments behind entries


def test_assessments_behind_register_entries_by_whom():
    """Elm: school, health (in capitals), none, and a text that is none of the kinds; Oak fills it for nobody."""
    register = register_of(entry(assessed_by="school"), entry("b", assessed_by=" Health "), entry("c"),
                           entry("d", assessed_by="Dr A. Nother"), entry("o", school=OAK))  # fmt: skip
    rows = register_assessments(register, ROLL, as_of=SUMMER)
    assert figure(rows, "register_assessed", *COUNTS) == (3, 4, 5, 75)
    for who in ("school", "health", "other"):
        assert figure(rows, "register_assessed", *COUNTS, item=who) == (1, 4, 5, 25)
    assert figure(rows, "register_assessed", *COUNTS, item="educational psychologist") == (0, 4, 5, 0)
    assert find(rows, "register_assessed", level=SCHOOL, place_code=OAK["place_code"])["status"] == "x"
    assert "Nother" not in rows.write_csv()


def test_entries_that_are_over_or_to_come_do_not_count():
    register = register_of(entry(assessed_by="school"), entry("b", end_date=SUMMER - DAY, assessed_by="health"),
                           entry("c", start=SUMMER + DAY, assessed_by="health"))  # fmt: skip
    assert figure(register_assessments(register, ROLL, as_of=SUMMER), "register_assessed", *COUNTS) == (1, 1, 1, 100)


def test_a_column_that_nobody_fills_is_no_measure():
    assert register_assessments(register_of(entry()), ROLL, as_of=SUMMER).is_empty()


# ---- what holds for all


def test_laws():
    plans = plans_of(plan(agencies=2, parents_attended=True, version=2, reviewed_on=WINTER), plan("b", version=1),
                     plan("e", "behaviour", kind="behaviour", agencies=0))  # fmt: skip
    register = register_of(entry(assessed_by="school"), entry("b"), entry("o", school=OAK))
    seen = walks_of(LONG_AGO, walk(WINTER))
    holds(pastoral_plans, ROLL, plans)
    holds(pastoral_plans_shared, plans, ROLL)
    holds(plans_adapted, plans, ROLL)
    holds(register_assessments, register, ROLL)
    holds(teaching_seen_before_support, register, ROLL, seen)


def test_a_pupil_in_two_places_of_the_breakdown_is_nowhere_twice():
    """Issues overlap, groups do not: SEN support and No SEN add up to the total of each issue."""
    plans = plans_of(plan(), plan("e"), plan("b", "behaviour"))
    rows = pastoral_plans(ROLL, plans, as_of=SUMMER).filter(geographic_level="Local authority", item="anxiety")
    parts = rows.filter(pl.col("sen_provision") != "Total")
    assert parts["numerator"].sum() == figure(rows, "pastoral_plans", "numerator", item="anxiety")[0] == 2
