"""Money, staff and teaching that was seen: pounds that add up, hours, places on courses, grades."""

from datetime import date

import polars as pl
import pytest
from hand_made import ELM, OAK, facts, table
from laws import LA, SCHOOL, figure, find, holds

from sendlab.errors import SendlabError
from sendlab.metrics import cards
from sendlab.metrics.resources.money import hours_given, spending, spending_by_line, spending_by_need, top_up
from sendlab.metrics.resources.staffing import areas_trained, deployment, deployment_reviewed, training
from sendlab.metrics.resources.teaching import teaching_seen

ELM_ID, OAK_ID = ELM["school_id"], OAK["school_id"]
ROLL = facts({}, {}, {"sen_provision": "SEN support", **OAK}, sen_provision="EHC plan")
YEAR = "2025-26"


def money(budget, spend, line="all", stream="notional SEN", school=ELM_ID, pupils=10.0, year=YEAR, need=None):
    return {"school_id": school, "financial_year": year, "stream": stream, "line": line, "need_area": need,
            "budget": budget, "spend": spend, "pupils": pupils}  # fmt: skip


def funding(*rows):
    return table("funding", *rows)


def test_spend_of_budget_in_pounds():
    """Elm 90 of 100 pounds, Oak 220 of 200: 310 of 300 = 103.33 %; the total line, not the lines again."""
    rows = spending(
        funding(money(100.0, 90.0), money(60.0, 50.0, "equipment"), money(200.0, 220.0, school=OAK_ID)), ROLL
    )
    row = find(rows, "spend_of_budget", item="notional SEN")
    assert (row["numerator"], row["denominator"], row["value"]) == (310, 300, pytest.approx(310 / 3))
    assert (row["time_period"], row["time_identifier"], row["data_to"]) == (
        "202526",
        "Financial year",
        date(2026, 3, 31),
    )
    assert (row["lower"], row["method"]) == (None, "a full account, no sample: no interval")
    assert figure(rows, "spend_per_pupil", "value", item="notional SEN") == (15.5,)
    assert figure(rows, "budget_per_pupil", "value", item="notional SEN") == (15,)


def test_lines_stand_in_for_a_missing_total_only_where_all_are_known():
    rows = spending(funding(money(60.0, 50.0, "equipment"), money(40.0, 50.0, "training")), ROLL)
    assert figure(rows, "spend_of_budget", "numerator", "denominator", item="notional SEN") == (100, 100)
    rows = spending(funding(money(60.0, 50.0, "equipment"), money(40.0, None, "training")), ROLL)
    row = find(rows, "spend_of_budget", item="notional SEN")
    assert (row["value"], row["eligible_subjects"], row["status"]) == (None, 1, "x")


def test_streams_are_never_added_up():
    rows = spending(funding(money(100.0, 90.0), money(50.0, 50.0, stream="pupil premium")), ROLL)
    assert set(rows["item"]) == {"notional SEN", "pupil premium"}


def test_a_budget_or_number_of_pupils_of_0_has_no_ratio():
    rows = spending(funding(money(0.0, 90.0, pupils=0.0)), ROLL)
    assert rows["value"].drop_nulls().is_empty()
    assert set(rows["status"]) == {"x"}


@pytest.mark.parametrize("year", ["2025-26", "2025/26", "2025-2026"])
def test_financial_years_as_they_are_written(year):
    assert spending(funding(money(100.0, 90.0, year=year)), ROLL)["time_period"].unique().to_list() == ["202526"]


def test_a_year_that_is_none_is_refused():
    with pytest.raises(SendlabError, match="not a financial year: 2025"):
        spending(funding(money(100.0, 90.0, year="2025")), ROLL)


def test_lines_of_the_delegated_budget_add_up_to_100():
    """Elm 30 on equipment, 70 on training; Oak 100 on training: 15 % and 85 %. Top-up lines do not count."""
    rows = spending_by_line(funding(money(1.0, 30.0, "equipment"), money(1.0, 70.0, "training"), money(1.0, 100.0),
                                    money(1.0, 100.0, "training", school=OAK_ID),
                                    money(1.0, 999.0, "training", "high needs top-up")), ROLL)  # fmt: skip
    assert figure(rows, "delegated_spent_on", "value", item="equipment") == (15,)
    assert figure(rows, "delegated_spent_on", "value", item="training") == (85,)
    assert figure(rows, "delegated_spent_on", "value", level=SCHOOL, place_code="100002", item="equipment") == (0,)


def test_spend_by_area_of_need():
    rows = spending_by_need(funding(money(1.0, 30.0, "equipment", need="CL"), money(1.0, 10.0, "training", need="SEMH"),
                                    money(1.0, 50.0, "other")), ROLL)  # fmt: skip
    assert figure(rows, "spent_on_need", "value", "denominator", item="Cognition and learning") == (75, 40)


def paid(pupil, amount, specified=None, delivered=None, stream="high needs top-up", school=ELM_ID):
    return {"pupil_id": pupil, "school_id": school, "financial_year": YEAR, "stream": stream, "amount": amount,
            "hours_specified": specified, "hours_delivered": delivered}  # fmt: skip


def pupil_funding(*rows):
    return table("pupil_funding", *rows)


def test_top_up_a_pupil():
    """4,000 and 6,000 pounds: 5,000; another stream is no top-up."""
    rows = top_up(
        ROLL, pupil_funding(paid("p0", 4000.0), paid("p1", 6000.0), paid("p1", 900.0, stream="pupil premium"))
    )
    row = find(rows, "top_up_per_pupil", provision="EHC plan")
    assert (row["value"], row["base_subjects"], row["time_identifier"]) == (5000, 2, "Financial year")


def test_hours_given_of_hours_specified():
    """10 of 10, 6 of 10, and 10 specified of which nobody knows: 80 % of hours; 1 of 2 in full; 3 eligible."""
    rows = hours_given(ROLL, pupil_funding(paid("p0", 1.0, 10.0, 10.0), paid("p1", 1.0, 10.0, 6.0),
                                           paid("p2", 1.0, 10.0, None, school=OAK_ID)))  # fmt: skip
    assert figure(rows, "hours_delivered", "value", "base_subjects", "eligible_subjects") == (80, 2, 3)
    assert figure(rows, "hours_met_in_full", "numerator", "denominator") == (1, 2)


@pytest.mark.parametrize(("given", "full"), [(9.9, 0), (10.0, 1), (10.1, 1)])
def test_hours_in_full_at_the_boundary(given, full):
    rows = hours_given(ROLL, pupil_funding(paid("p0", 1.0, 10.0, given)))
    assert figure(rows, "hours_met_in_full", "numerator") == (full,)


def test_pupils_without_hours_specified_do_not_count():
    assert hours_given(ROLL, pupil_funding(paid("p0", 1.0, 0.0, 5.0), paid("p1", 1.0, None, 5.0))).is_empty()


# ---- staff


def hours(mode, number, term="Autumn term", role="teaching assistant", reviewed=True, school=ELM_ID):
    return {"school_id": school, "time_period": "202526", "term": term, "role": role, "mode": mode,
            "hours_per_week": number, "reviewed": reviewed}  # fmt: skip


def staff(*rows):
    return table("staff_deployment", *rows)


def test_hours_of_assistants_by_mode():
    """Autumn 30 class and 10 group, spring 20 individual: of 60 in the year 50, 16.7 and 33.3 %; the SENCo apart."""
    rows = deployment(staff(hours("class", 30.0), hours("group", 10.0), hours("individual", 20.0, "Spring term"),
                            hours("leadership", 5.0, role="SENCo")), ROLL)  # fmt: skip
    year = "Autumn and spring term"
    assert figure(rows, "assistant_hours", "value", "denominator", item="class", time_identifier=year) == (50, 60)
    assert figure(rows, "assistant_hours", "value", item="class", time_identifier="Autumn term") == (75,)
    assert "leadership" not in set(rows["item"])


def test_hours_reviewed_for_impact():
    """30 reviewed, 10 not, 5 that do not say: 75 % of 40."""
    rows = deployment_reviewed(staff(hours("class", 30.0), hours("group", 10.0, reviewed=False),
                                     hours("individual", 5.0, reviewed=None)), ROLL)  # fmt: skip
    assert figure(rows, "deployment_reviewed", "value", "denominator") == (75, 40)
    assert set(rows["time_identifier"]) == {"Autumn term"}


def course(trained, meant, area="CI", sustained=None, day=date(2025, 11, 3), name="Language", school=ELM_ID):
    return {"school_id": school, "course": name, "need_area": area, "held_on": day, "staff_trained": trained,
            "staff_total": meant, "sustained": sustained}  # fmt: skip


def courses(*rows):
    return table("staff_training", *rows)


def test_places_on_courses_and_courses_found_in_practice():
    """8 of 10 and 4 of 10 places: 60 %; one course of two found in practice, a third not followed up."""
    rows = training(courses(course(8, 10, sustained=True), course(4, 10, "SEMH", False, name="Trauma"),
                            course(None, 10, name="Signs", day=date(2026, 1, 9))), ROLL)  # fmt: skip
    assert figure(rows, "staff_trained", "numerator", "denominator", "value") == (12, 20, 60)
    assert figure(rows, "training_sustained", "numerator", "denominator") == (1, 2)
    assert figure(rows, "staff_trained", "value", item="Communication and interaction") == (80,)


def test_schools_that_trained_in_an_area():
    """Elm in language, Oak in trauma: 1 of 2 each; rows of the LA alone."""
    rows = areas_trained(courses(course(8, 10), course(4, 10, "SEMH", school=OAK_ID)), ROLL)
    assert figure(rows, "schools_trained_in", "numerator", "denominator", item="Communication and interaction") == (
        1,
        2,
    )
    assert set(rows["geographic_level"]) == {LA}


# ---- teaching


def seen(grade, number, type="lesson", met=True, school=ELM_ID):
    return {"school_id": school, "observed_on": date(2025, 11, 3), "number": number, "type": type, "grade": grade,
            "core_standards_met": met}  # fmt: skip


def walks(*rows):
    return table("lesson_observations", *rows)


GRADES = (("outstanding", 1), ("good", 1), ("requires improvement", 0), ("inadequate", 0))


@pytest.mark.parametrize(("grade", "counted"), GRADES)
def test_good_or_better_is_good_and_outstanding(grade, counted):
    rows = teaching_seen(walks(seen(grade, 1)), ROLL)
    assert figure(rows, "teaching_good", "numerator", "denominator") == (counted, 1)


def test_ungraded_and_blank_do_not_count_and_a_school_has_wilsons_limits():
    """Of four graded 2 good; Wilson of 2/4: 15.0 to 85.0."""
    rows = teaching_seen(walks(*(seen(grade, n) for n, (grade, _) in enumerate(GRADES)), seen("not graded", 8),
                               seen(None, 9)), ROLL)  # fmt: skip
    row = find(rows, "teaching_good", level=SCHOOL, place_code="100001")
    assert (row["numerator"], row["denominator"], row["base_subjects"]) == (2, 4, 1)
    assert (round(row["lower"], 1), round(row["upper"], 1)) == (15.0, 85.0)
    assert figure(rows, "core_standards_met", "denominator") == (6,)


def test_interventions_alone():
    rows = teaching_seen(walks(seen("good", 1, "intervention"), seen("inadequate", 2)), ROLL)
    assert figure(rows, "intervention_teaching_good", "value", "denominator") == (100, 1)
    assert figure(rows, "teaching_good", "value") == (50,)
    assert figure(rows, "teaching_good", "value", item="lesson") == (0,)


def test_a_school_whose_lessons_were_not_graded_is_not_known():
    rows = teaching_seen(walks(seen("not graded", 1), seen("good", 1, school=OAK_ID)), ROLL)
    assert figure(rows, "teaching_good", "value", "status", level=SCHOOL, place_code="100001") == (None, "x")


def test_no_metric_asks_for_a_teacher_or_an_observer():
    rows = walks(seen("good", 1)).drop("observed_by", "subject", "note", strict=False)
    assert figure(teaching_seen(rows, ROLL), "teaching_good", "value") == (100,)


def test_laws_and_every_card_of_the_topic_is_made():
    accounts = funding(money(100.0, 90.0), money(60.0, 50.0, "equipment", need="CL"),
                       money(40.0, 40.0, "training", school=OAK_ID, need="SEMH"))  # fmt: skip
    made = [holds(metric, accounts, ROLL) for metric in (spending, spending_by_line, spending_by_need)]
    top_ups = pupil_funding(paid("p0", 4000.0, 10.0, 9.0), paid("p1", 6000.0, 12.0, 12.0))
    made += [holds(metric, ROLL, top_ups) for metric in (top_up, hours_given)]
    rows = staff(hours("class", 30.0), hours("group", 10.0, reviewed=False), hours("class", 9.0, "Spring term"),
                 hours("class", 20.0, school=OAK_ID))  # fmt: skip
    made += [holds(metric, rows, ROLL) for metric in (deployment, deployment_reviewed)]
    held = courses(course(8, 10, sustained=True), course(4, 10, "SEMH", school=OAK_ID, sustained=False))
    made += [holds(metric, held, ROLL) for metric in (training, areas_trained)]
    made.append(
        holds(teaching_seen, walks(seen("good", 1, "intervention"), seen("inadequate", 2, school=OAK_ID)), ROLL)
    )
    assert set(pl.concat(made)["measure"]) == {name for name, card in cards().items() if card.topic == "resources"}
