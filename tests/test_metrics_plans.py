"""Plans, meetings and the SEN register on small tables: terms, days due, who came, and who is not known."""

from datetime import date, timedelta

import pandas as pd
import polars as pl
import pytest
from hand_made import OAK, facts, table
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from sendlab.metrics import cards
from sendlab.metrics.plans.meetings import meetings_held, termly_conversations
from sendlab.metrics.plans.reviews import plan_costs, plan_coverage, plan_reviews, plan_stages, plans_overdue
from sendlab.metrics.plans.sen_register import register_reviews, sen_prevalence
from sendlab.metrics.plans.terms import HALF_A_TERM, TERM_DAYS, last_day, terms_between, whole_year
from sendlab.sample.extra import extra_tables
from sendlab.sample.support import extra
from sendlab.sample.world import World
from sendlab.schema.measures import MEASURE_COLUMNS, MEASURE_KEY

DAY = timedelta(days=1)
SUMMER = date(2026, 7, 20)
AUTUMN = "Autumn term"
YEAR = "Academic year"


def find(rows, measure, *, part=YEAR, level="Local authority", provision="Total", need="Total", item="Total", **more):
    """The one row asked for, as a dict."""
    which = {"measure": measure, "time_identifier": part, "geographic_level": level, "sen_provision": provision}
    totals = dict.fromkeys(("sex", "fsm_status", "nc_year", "ethnicity_major"), "Total")
    got = rows.filter(**which, **totals, need_area=need, item=item, **more)
    assert got.height == 1, got
    return got.row(0, named=True)


def figure(rows, measure, *names, **which):
    row = find(rows, measure, **which)
    return tuple(row[name] for name in names or ("numerator", "denominator", "value"))


def pupils(*names, **common):
    """Pupils on SEN support at Elm in 2025/26."""
    return facts(*({"pupil_id": name} for name in names), **{"sen_provision": "SEN support", **common})


def plan(person="a", start=date(2025, 9, 8), due=None, done=None, **given):
    row = {"pupil_id": person, "school_id": "9991001", "plan_id": "P1", "plan_type": "SEN support", "start_date": start}
    return row | {"review_due": due, "reviewed_on": done} | given


def plans_of(*rows):
    return table("plans", *rows)


# ---- terms


def test_terms_are_those_of_exclusion_statistics():
    """Easter Sunday 2026 is 5 April: spring ends there. A term counts when at most 21 days of it are left."""
    terms = terms_between(date(2025, 9, 8), date(2026, 7, 10))
    assert terms["time_identifier"].to_list() == ["Autumn term", "Spring term", "Summer term"]
    assert terms["ends"].to_list() == [date(2025, 12, 31), date(2026, 4, 5), date(2026, 7, 31)]
    assert terms_between(date(2025, 9, 8), date(2026, 7, 9)).height == 2
    assert whole_year(terms).rows() == [("202526", "Academic year")]
    assert whole_year(terms[:2]).rows() == [("202526", "Autumn and spring term")]
    assert whole_year(terms[:1]).is_empty()


def test_the_last_day_of_tables():
    meetings = table("meetings", {"held_on": date(2026, 7, 3)}, {"planned_on": date(2027, 1, 1)})
    assert last_day(plans_of(plan(done=date(2026, 7, 1))), meetings) == date(2026, 7, 3)
    assert last_day(plans_of()) is None


# ---- plans reviewed

TERMLY = (date(2025, 12, 1), date(2026, 3, 20), date(2026, 7, 6))


def rounds(person, days, parents=True):
    """A round of the plan for each day of review, the next one begun the day after."""
    starts = [date(2025, 9, 8), *(day + DAY for day in days)]
    return [
        plan(person, start, due=day, done=day, plan_id=f"P{n}", parents_attended=parents)
        for n, (start, day) in enumerate(zip(starts, days, strict=False))
    ]


def test_reviewed_in_each_term():
    """a in all three terms, b in the autumn only: autumn 2 of 2, spring and summer 1 of 2, the year 1 of 2."""
    made = plan_reviews(plans_of(*rounds("a", TERMLY), *rounds("b", TERMLY[:1])), pupils("a", "b"), as_of=SUMMER)
    measure = "plan_reviewed_each_term"
    assert figure(made, measure, part=AUTUMN) == (2, 2, 100.0)
    assert figure(made, measure, part="Spring term") == (1, 2, 50.0)
    assert figure(made, measure) == (1, 2, 50.0)
    assert figure(made, measure, level="School", place_code="100001", provision="SEN support") == (1, 2, 50.0)
    assert find(made, measure, part=AUTUMN)["data_to"] == date(2025, 12, 31)
    assert find(made, measure)["data_to"] == SUMMER


def test_reviewed_with_parents():
    """a with parents, b without, c where nobody noted it, d not reviewed: 1 of 3, 4 eligible."""
    day = TERMLY[:1]
    rows = [*rounds("a", day), *rounds("b", day, parents=False), *rounds("c", day, parents=None), plan("d")]
    made = plan_reviews(plans_of(*rows), pupils(*"abcd"), as_of=date(2025, 12, 31))
    columns = ("numerator", "denominator", "eligible_subjects")
    assert figure(made, "plan_reviewed_with_parents", *columns, part=AUTUMN) == (1, 3, 4)
    assert figure(made, "plan_reviewed_each_term", part=AUTUMN) == (3, 4, 75.0)


@pytest.mark.parametrize(("start", "counted"), [(date(2025, 11, 20), True), (date(2025, 11, 21), False)])
def test_a_plan_begun_late_in_a_term_is_not_asked_for_a_review_in_it(start, counted):
    """20 November to 31 December are 42 days, both counted."""
    assert HALF_A_TERM == 42
    made = plan_reviews(plans_of(plan(start=start)), pupils("a"), as_of=date(2026, 4, 5))
    assert made.filter(measure="plan_reviewed_each_term", time_identifier=AUTUMN).is_empty() is not counted
    assert figure(made, "plan_reviewed_each_term", part="Spring term") == (0, 1, 0.0)


@pytest.mark.parametrize(("done", "on_time"), [(-1, 1), (0, 1), (1, 0), (None, 0)])
def test_reviewed_by_the_day_due(done, on_time):
    """Another pupil's review is due after the last day: it is not asked for yet, though it has been held."""
    due = date(2025, 12, 10)
    reviewed = None if done is None else due + done * DAY
    later = plan("b", due=date(2026, 7, 21), done=date(2026, 7, 1))
    made = plan_reviews(plans_of(plan(due=due, done=reviewed), later), pupils("a", "b"), as_of=SUMMER)
    assert figure(made, "plan_reviews_on_time") == (on_time, 1, 100.0 * on_time)


def test_passports_are_no_plans_to_review():
    assert plan_reviews(plans_of(plan(plan_type="passport")), pupils("a"), as_of=SUMMER).is_empty()


# ---- overdue, stage, coverage, cost


@pytest.mark.parametrize(("due", "late"), [(SUMMER + DAY, None), (SUMMER, None), (SUMMER - DAY, 1)])
def test_overdue_from_the_day_after_the_day_due(due, late):
    made = plans_overdue(plans_of(plan(due=due), plan("b", due=SUMMER + DAY)), pupils("a", "b"), as_of=SUMMER)
    assert figure(made, "plans_overdue") == (int(late is not None), 2, 50.0 * (late is not None))
    assert figure(made, "plan_days_overdue", "value") == (late,)
    assert find(made, "plan_days_overdue")["status"] == ("" if late else "z")


def test_a_reviewed_or_replaced_plan_is_not_overdue_and_one_without_a_day_is_not_known():
    due = date(2025, 12, 1)
    rows = [plan("a", due=due, done=date(2026, 2, 1)), plan("b", due=due), plan("c"), plan("d", due=due)]
    rows.append(plan("b", start=date(2026, 1, 5), due=SUMMER, plan_id="P2"))
    made = plans_overdue(plans_of(*rows), pupils(*"abcd"), as_of=SUMMER)
    assert figure(made, "plans_overdue", "numerator", "denominator", "eligible_subjects") == (1, 3, 4)
    assert figure(made, "plan_days_overdue", "value") == ((SUMMER - due).days,)


def test_overdue_at_the_end_of_each_year():
    """On 31 July 2025 the plan of 2024/25 was overdue; it was reviewed in August, and a new one runs."""
    old = plan("a", start=date(2024, 9, 9), due=date(2025, 7, 1), done=date(2025, 8, 20))
    made = plans_overdue(plans_of(old, plan("a", due=SUMMER, plan_id="P2")), pupils("a"), as_of=SUMMER)
    assert figure(made, "plans_overdue", time_period="202425") == (1, 1, 100.0)
    assert figure(made, "plans_overdue", time_period="202526") == (0, 1, 0.0)
    assert figure(made, "plan_days_overdue", "value", "data_to", time_period="202425") == (30, date(2025, 7, 31))


def test_stages_of_current_plans_add_up():
    """a's later plan counts; c's stage is not recorded; the plan of 2024/25 has run out."""
    rows = [plan("a", stage="assess"), plan("a", start=date(2026, 1, 5), stage="do", plan_id="P2"),
            plan("b", stage="review"), plan("c"), plan("d", start=date(2024, 9, 9), stage="plan")]  # fmt: skip
    made = plan_stages(plans_of(*rows), pupils(*"abcd"), as_of=SUMMER)
    stages = {s: figure(made, "plan_stage", "numerator", item=s)[0] for s in ("Assess", "Plan", "Do", "Review")}
    assert stages == {"Assess": 0, "Plan": 0, "Do": 1, "Review": 1}
    assert figure(made, "plan_stage", "denominator", "eligible_subjects", item="Do") == (2, 3)


def test_coverage_of_schools_that_record_plans():
    """Elm: a has a plan, b has none; Oak records no plan at all, so c is eligible alone; d has no SEN."""
    roll = pl.concat([pupils("a", "b"), pupils("c", **OAK), pupils("d", sen_provision="No SEN")])
    made = plan_coverage(roll, plans_of(plan("a")), as_of=SUMMER)
    assert figure(made, "plan_coverage", "numerator", "denominator", "eligible_subjects") == (1, 2, 3)
    assert find(made, "plan_coverage", level="School", place_code="100002")["status"] == "x"


def test_costs_of_a_pupils_plans():
    """a: two kinds of plan, 900 + 100, an earlier round left out; b: 500; c: one cost of two is not known.

    Mean of 1000 and 500 is 750."""
    rows = [
        plan("a", annual_cost=800.0),
        plan("a", start=date(2026, 1, 5), annual_cost=900.0, plan_id="P2"),
        plan("a", annual_cost=100.0, plan_id="P3", plan_type="pastoral support"),
        plan("b", annual_cost=500.0),
        plan("c", annual_cost=500.0),
        plan("c", plan_id="P4", plan_type="behaviour"),
    ]
    made = plan_costs(plans_of(*rows), pupils(*"abc"))
    assert figure(made, "plan_annual_cost", "value", "base_subjects", "eligible_subjects") == (750.0, 2, 3)
    assert plan_costs(plans_of(plan()), pupils("a")).is_empty()


# ---- meetings


def meeting(person="a", planned=date(2025, 10, 6), held=True, **given):
    day = planned if held is True else (held or None)
    row = {"pupil_id": person, "school_id": "9991001", "kind": "structured conversation", "planned_on": planned}
    return row | {"held_on": day} | given


def meetings_of(*rows):
    return table("meetings", *rows)


def test_meetings_held_of_those_planned():
    """a: 3 planned, 2 held; b: 1 planned and held; one planned after the last day. 3 of 4; autumn 2 of 2."""
    rows = [meeting(), meeting(planned=date(2026, 2, 2)), meeting(planned=date(2026, 6, 1), held=None),
            meeting("b", date(2025, 12, 31), kind="annual review"), meeting("b", date(2026, 7, 21), None)]  # fmt: skip
    made = meetings_held(meetings_of(*rows), pupils("a", "b"), as_of=SUMMER)
    assert figure(made, "meetings_held") == (3, 4, 75.0)
    assert figure(made, "meetings_held", part=AUTUMN) == (2, 2, 100.0)
    assert figure(made, "meetings_held", item="structured conversation") == (2, 3, pytest.approx(200 / 3))
    assert figure(made, "meetings_held", "base_subjects", "with_subjects", "top_share") == (2, 2, pytest.approx(2 / 3))


def test_what_is_known_of_meetings_held():
    """Four held, one not. Parents: 1 of 2 noted. Agencies at 1 of 3, led by the SENCo. Both evidence 1 of 2."""
    rows = [
        meeting("a", parents_attended=True, agencies=2, coordinated_by="SENCo", targets_set=1, evidence="both"),
        meeting("b", parents_attended=False, agencies=0, coordinated_by="SENCo", targets_set=0, evidence="none"),
        meeting("c", agencies=0, pupil_attended=True),
        meeting("d"),
        meeting("e", held=None, evidence="both"),
    ]
    made = meetings_held(meetings_of(*rows), pupils(*"abcde"), as_of=SUMMER)
    assert figure(made, "meetings_parents_attended") == (1, 2, 50.0)
    assert figure(made, "meetings_parents_attended", "base_subjects", "eligible_subjects") == (2, 4)
    assert figure(made, "meetings_pupil_attended") == (1, 1, 100.0)
    assert figure(made, "meetings_with_agencies") == (1, 3, pytest.approx(100 / 3))
    assert figure(made, "agency_meetings_led_by_senco") == (1, 1, 100.0)
    assert figure(made, "meetings_with_targets") == (1, 2, 50.0)
    assert figure(made, "meetings_with_both_kinds_of_evidence") == (1, 2, 50.0)


def test_a_thing_that_nobody_notes_is_not_available():
    assert (
        find(meetings_held(meetings_of(meeting()), pupils("a"), as_of=SUMMER), "meetings_with_targets")["status"] == "x"
    )


TALKS = (date(2025, 10, 6), date(2026, 2, 2), date(2026, 6, 1))


def test_termly_conversations():
    """a: each term with parents; b: planned each term, the last not held; c: none; d: at a school that records none."""
    rows = [*(meeting("a", day, parents_attended=True) for day in TALKS),
            *(meeting("b", day, held=day < TALKS[2] or None, parents_attended=day < TALKS[1]) for day in TALKS),
            meeting("c", TALKS[0], kind="other")]  # fmt: skip
    roll = pl.concat([pupils("a", "b", "c"), pupils("d", **OAK)])
    made = termly_conversations(roll, meetings_of(*rows), as_of=SUMMER)
    columns = ("numerator", "denominator", "eligible_subjects")
    assert figure(made, "termly_conversation_held", *columns, part=AUTUMN) == (2, 3, 4)
    assert figure(made, "termly_conversation_held", *columns, part="Summer term") == (1, 3, 4)
    assert figure(made, "termly_conversation_held", *columns) == (1, 3, 4)
    assert figure(made, "termly_conversation_with_parents", *columns, part="Spring term") == (1, 3, 4)
    assert figure(made, "conversations_planned_all_year", *columns) == (2, 3, 4)


def test_conversations_to_come_are_planned_and_not_asked_to_be_held():
    """In January the conversations of spring and summer are planned: all year planned, the autumn held."""
    rows = [meeting(planned=TALKS[0]), *(meeting(planned=day, held=None) for day in TALKS[1:])]
    made = termly_conversations(pupils("a"), meetings_of(*rows), as_of=date(2026, 1, 10))
    assert figure(made, "conversations_planned_all_year") == (1, 1, 100.0)
    assert figure(made, "termly_conversation_held", part=AUTUMN) == (1, 1, 100.0)
    assert made.filter(measure="termly_conversation_held")["time_identifier"].unique().to_list() == [AUTUMN]


# ---- the SEN register


def entry(person="a", provision="K", start=date(2024, 9, 1), **given):
    row = {"pupil_id": person, "school_id": "9991001", "sen_provision": provision, "start_date": start}
    return row | {"sen_primary_need": "MLD"} | given


def register_of(*rows):
    return table("sen_register", *rows)


@pytest.mark.parametrize(("days", "termly"), [(TERM_DAYS - 1, 1), (TERM_DAYS, 1), (TERM_DAYS + 1, 0)])
def test_the_register_is_reviewed_within_a_term(days, termly):
    """A third of a year: 122 days. An entry made since counts from its first day."""
    rows = [entry(reviewed_on=SUMMER - days * DAY), entry("b", start=SUMMER - days * DAY)]
    made = register_reviews(register_of(*rows), pupils("a", "b"), as_of=SUMMER)
    assert figure(made, "register_reviewed_termly", "numerator", "denominator") == (2 * termly, 2)
    assert figure(made, "register_days_since_review", "value") == (days,)


def test_who_is_on_the_register():
    """a's status of today; b's ended the day before; c's ends on the day; d has none; a review to come is none."""
    rows = [
        entry("a", end_date=date(2025, 8, 31)),
        entry("a", "E", date(2025, 9, 1), sen_primary_need=None, reviewed_on=SUMMER + DAY),
        entry("b", end_date=SUMMER - DAY),
        entry("c", end_date=SUMMER),
        entry("d", "N"),
    ]
    made = register_reviews(register_of(*rows), pupils("a", "c"), as_of=SUMMER)
    assert figure(made, "register_need_recorded") == (1, 2, 50.0)
    assert figure(made, "register_days_since_review", "value", provision="EHC plan") == (
        (SUMMER - date(2025, 9, 1)).days,
    )
    assert figure(made, "register_matches_census") == (1, 2, 50.0)  # the census has a on SEN support


def test_a_pupil_who_is_in_no_census_is_eligible_alone():
    made = register_reviews(register_of(entry("a"), entry("z")), pupils("a"), as_of=SUMMER)
    assert figure(made, "register_matches_census", "numerator", "denominator", "eligible_subjects") == (1, 1, 2)


def test_prevalence_of_sen():
    """One EHC plan, one SEN support, two without SEN and one not recorded: 1 of 4 each, 5 on the roll."""
    names = ("EHC plan", "SEN support", "No SEN", "No SEN", "Not recorded")
    roll = facts(*({"sen_provision": name} for name in names))
    made = sen_prevalence(roll)
    for provision in ("EHC plan", "SEN support"):
        assert figure(made, "sen_prevalence", "numerator", "denominator", "eligible_subjects", item=provision) == (
            1,
            4,
            5,
        )
    provisional = sen_prevalence(roll.with_columns(pl.lit("October census").alias("roll_basis")))
    assert find(provisional, "sen_prevalence", item="EHC plan")["note"] == "roll of the October census"


# ---- what is planted in the sample


def test_the_sample_shows_how_many_parents_are_planted_to_come():
    """83 % of meetings held have parents there; the pupils' groups do not matter."""
    rows = extra_tables(World(2026, 9, 1500))["meetings"]
    made = meetings_held(rows, pupils("a"), as_of=SUMMER)
    for period in ("202324", "202425", "202526"):
        row = find(made, "meetings_parents_attended", time_period=period)
        assert row["lower"] - 1 < 100 * extra()["meetings"]["parents"] < row["upper"] + 1


# ---- what holds for all

PLANS = [*rounds("a", TERMLY), plan("b", due=date(2025, 12, 1), stage="do", annual_cost=5.0), plan("z", stage="plan")]
MEETINGS = [meeting("a", parents_attended=True), meeting("b", held=None), meeting("z", agencies=1)]
ENTRIES = [entry("a"), entry("b", reviewed_on=SUMMER - DAY), entry("z")]
EVERY = {
    "plan_reviews": (PLANS, "plans", lambda t, f: plan_reviews(t, f, as_of=SUMMER)),
    "plans_overdue": (PLANS, "plans", lambda t, f: plans_overdue(t, f, as_of=SUMMER)),
    "plan_stages": (PLANS, "plans", lambda t, f: plan_stages(t, f, as_of=SUMMER)),
    "plan_coverage": (PLANS, "plans", lambda t, f: plan_coverage(f, t, as_of=SUMMER)),
    "plan_costs": (PLANS, "plans", plan_costs),
    "meetings_held": (MEETINGS, "meetings", lambda t, f: meetings_held(t, f, as_of=SUMMER)),
    "termly_conversations": (MEETINGS, "meetings", lambda t, f: termly_conversations(f, t, as_of=SUMMER)),
    "register_reviews": (ENTRIES, "sen_register", lambda t, f: register_reviews(t, f, as_of=SUMMER)),
}


@pytest.mark.parametrize("name", EVERY)
def test_shape_row_order_pandas_and_nothing(name):
    lines, of, metric = EVERY[name]
    rows, roll = table(of, *lines), pupils("a", "b", "c")
    made = metric(rows, roll)
    assert list(made.columns) == list(MEASURE_COLUMNS)
    assert not made.select(MEASURE_KEY).is_duplicated().any()
    assert set(made["measure"]) <= set(cards())
    assert_frame_equal(metric(rows.reverse(), roll.reverse()), made, check_row_order=False)
    assert metric(rows.clear(), roll).is_empty()
    both = metric(rows.to_pandas(), roll.to_pandas())
    assert isinstance(both, pd.DataFrame)
    assert_frame_equal(pl.from_pandas(both[["value"]]), made.select("value"))


@pytest.mark.parametrize("name", EVERY)
def test_a_default_day_is_the_last_in_the_data(name):
    lines, of, metric = EVERY[name]
    known = table(of, *lines)
    assert last_day(known) is not None
    assert set(metric(known, pupils("a"))["status"]) <= {"", "x", "z"}


@pytest.mark.parametrize("name", EVERY)
def test_pupils_of_another_school_change_nothing_here(name):
    lines, of, metric = EVERY[name]
    away = [{**line, "pupil_id": "q", "school_id": OAK["school_id"]} for line in lines[:1]]
    few = metric(table(of, *lines), pupils("a", "b"))
    many = metric(table(of, *lines, *away), pl.concat([pupils("a", "b"), pupils("q", **OAK)]))
    own = {"geographic_level": "School", "place_code": "100001"}
    assert_frame_equal(many.filter(**own), few.filter(**own), check_row_order=False)


@given(st.lists(st.integers(-60, 60), min_size=1, max_size=10))
@settings(max_examples=25, deadline=None)
def test_overdue_pupils_and_days_by_hand(days):
    """Each pupil's plan was due so many days before the last day."""
    names = [f"p{n}" for n in range(len(days))]
    rows = [plan(name, due=SUMMER - gap * DAY) for name, gap in zip(names, days, strict=True)]
    made = plans_overdue(plans_of(*rows), pupils(*names), as_of=SUMMER)
    late = [gap for gap in days if gap > 0]
    assert figure(made, "plans_overdue", "numerator", "denominator") == (len(late), len(days))
    value = figure(made, "plan_days_overdue", "value")[0]
    assert value == (pytest.approx(sum(late) / len(late)) if late else None)
