"""Voice, clubs and passports: counts that can be checked by eye, rounds that must not count a person twice."""

from datetime import date

import polars as pl
import pytest
from hand_made import OAK, facts, table
from hypothesis import given, settings
from hypothesis import strategies as st
from laws import LA, SCHOOL, figure, find, holds

from sendlab.metrics import cards
from sendlab.metrics.voice.answers import agreement, latest_rounds, mean_answer, responses
from sendlab.metrics.voice.clubs import passports, taking_part

ELM_ID, OAK_ID = "9991001", OAK["school_id"]
PLACES = facts({}, {**OAK})
SPRING = date(2026, 3, 23)


def said(answer, number=1, who="parent", question="listened to", provision="K", day=SPRING, school=ELM_ID,
         survey="Spring survey"):  # fmt: skip
    return {"school_id": school, "survey": survey, "asked_on": day, "respondent": who, "respondent_number": number,
            "sen_provision": provision, "question": question, "answer": answer}  # fmt: skip


def voice(*rows):
    return table("voice", *rows)


FOUR_PARENTS = [said(5, 1), said(4, 2), said(3, 3, provision="E"), said(None, 4)]


def test_agreement_counts_4_and_5_of_those_who_answered():
    """Answers 5, 4, 3 and a blank: 2 of 3 agree, 4 were asked. Wilson of 2/3: 20.8 to 93.9."""
    rows = agreement(voice(*FOUR_PARENTS), PLACES)
    row = find(rows, "parents_agree", item="listened to")
    assert (row["numerator"], row["denominator"], row["eligible_subjects"]) == (2, 3, 4)
    assert row["value"] == pytest.approx(200 / 3)
    assert (round(row["lower"], 1), round(row["upper"], 1)) == (20.8, 93.9)
    assert (row["time_period"], row["time_identifier"], row["data_to"]) == ("202526", "Academic year", SPRING)


def test_agreement_by_provision_of_the_child():
    rows = agreement(voice(*FOUR_PARENTS), PLACES)
    assert figure(rows, "parents_agree", "numerator", "denominator", provision="SEN support", item="listened to") == (
        2,
        2,
    )
    assert figure(rows, "parents_agree", "numerator", "denominator", provision="EHC plan", item="listened to") == (0, 1)


@pytest.mark.parametrize(("agree", "counted"), [(3, 3), (4, 2), (5, 1)])
def test_threshold_of_agreement(agree, counted):
    rows = agreement(voice(*FOUR_PARENTS), PLACES, agree=agree)
    assert figure(rows, "parents_agree", "numerator", item="listened to") == (counted,)


def test_kinds_of_respondents_are_never_mixed():
    kinds = {"pupil": "pupils", "parent": "parents", "staff": "staff", "governor": "governors"}
    rows = agreement(voice(*(said(5, who=kind) for kind in kinds)), PLACES)
    for name in kinds.values():
        assert figure(rows, f"{name}_agree", "base_subjects", "value", item="listened to") == (1, 100)
    assert {cards()[f"{name}_agree"].subject for name in kinds.values()} == {"pupil", "family", "staff"}


def test_mean_answer():
    """(5 + 4 + 3) / 3 = 4; sd 1, t(2) 4.302653: 4 -+ 2.484138."""
    row = find(mean_answer(voice(*FOUR_PARENTS), PLACES), "parents_mean_answer", item="listened to")
    assert (row["value"], row["lower"]) == (pytest.approx(4.0), pytest.approx(4 - 4.302653 / 3**0.5, abs=1e-5))


def test_one_respondent_has_no_interval_of_the_mean():
    row = find(mean_answer(voice(said(4)), PLACES), "parents_mean_answer", item="listened to")
    assert (row["value"], row["lower"], row["upper"]) == (4, None, None)


def test_nobody_answered_is_not_known_rather_than_0():
    row = find(agreement(voice(said(None, 1), said(None, 2)), PLACES), "parents_agree", item="listened to")
    assert (row["value"], row["numerator"], row["eligible_subjects"], row["status"]) == (None, None, 2, "x")


def test_question_that_a_school_did_not_ask_gives_it_no_row():
    rows = agreement(voice(said(5), said(4, question="feels safe", school=OAK_ID)), PLACES)
    assert rows.filter(geographic_level=SCHOOL, place_code="100002", item="listened to").is_empty()


def test_responses_count_people_with_any_answer_and_no_eligible():
    two = [said(5, 1), said(None, 1, question="feels safe"), said(None, 2), said(None, 2, question="feels safe")]
    row = find(responses(voice(*two), PLACES), "parents_responses", item="Spring survey")
    assert (row["value"], row["denominator"], row["eligible_subjects"]) == (1, None, None)
    assert "not recorded" in row["note"]


def test_only_the_latest_round_of_a_year_counts():
    """Asked in October and in March: whoever answered twice counts once. October stays where March did not ask."""
    autumn = date(2025, 10, 6)
    rows = voice(said(1, day=autumn), said(2, question="feels safe", day=autumn), said(5))
    made = agreement(rows, PLACES)
    assert figure(made, "parents_agree", "denominator", "value", item="listened to") == (1, 100)
    assert figure(made, "parents_agree", "denominator", "value", item="feels safe") == (1, 0)


@pytest.mark.parametrize(("days", "answers"), [(1, 2), (27, 2), (28, 1), (60, 1)])
def test_answers_of_one_survey_under_four_weeks_apart_are_one_round(days, answers):
    first = date(2026, 1, 12)
    rows = voice(said(5, 1, day=first), said(4, 2, day=date.fromordinal(first.toordinal() + days)))
    assert latest_rounds(rows).height == answers


def test_years_and_schools_have_their_own_latest_round():
    rows = voice(said(5, day=date(2025, 3, 24)), said(4), said(3, school=OAK_ID, day=date(2025, 11, 3)))
    assert latest_rounds(rows).height == 3


@settings(max_examples=20, deadline=None)
@given(answers=st.lists(st.integers(1, 5), min_size=1, max_size=12))
def test_the_authority_is_the_sum_of_its_schools(answers):
    rows = voice(*(said(a, n, school=(ELM_ID, OAK_ID)[n % 2]) for n, a in enumerate(answers)))
    made = agreement(rows, PLACES).filter(measure="parents_agree", sen_provision="Total")
    whole = made.filter(geographic_level=LA)
    assert whole["numerator"][0] == made.filter(geographic_level=SCHOOL)["numerator"].sum()
    assert whole["denominator"][0] == len(answers)


# ---- clubs


def came(pupil, attended, offered=20, activity="Choir", school=ELM_ID):
    return {"pupil_id": pupil, "school_id": school, "time_period": "202526", "activity": activity,
            "times_offered": offered, "times_attended": attended}  # fmt: skip


ROLL = facts(*({} for _ in range(3)), {"sen_provision": "SEN support", "need_area": "Cognition and learning"})


def clubs(*rows, roll=ROLL):
    return taking_part(roll, table("activities", *rows))


def test_pupils_who_take_part_and_those_without_a_line_do_not():
    """p0 regularly, p1 once; p2 has a line and never came; p3 (SEN support) has none: 2 of 4, and 1 of 4."""
    rows = clubs(came("p0", 15), came("p1", 1), came("p2", 0))
    assert figure(rows, "takes_part_in_clubs", "numerator", "denominator") == (2, 4)
    assert figure(rows, "regular_in_clubs", "numerator", "denominator") == (1, 4)
    assert figure(rows, "takes_part_in_clubs", "numerator", "denominator", provision="SEN support") == (0, 1)


@pytest.mark.parametrize(("attended", "regular"), [(9, 0), (10, 1), (11, 1)])
def test_regular_is_half_of_the_times_boundary_included(attended, regular):
    assert figure(clubs(came("p0", attended)), "regular_in_clubs", "numerator") == (regular,)


def test_two_clubs_half_each_are_not_one_regularly():
    rows = clubs(came("p0", 6), came("p0", 6, activity="Chess"))
    assert figure(rows, "regular_in_clubs", "numerator") == (0,)
    assert figure(rows, "takes_part_in_clubs", "numerator") == (1,)


def test_a_register_without_numbers_is_taking_part_and_says_nothing_of_how_often():
    rows = clubs(came("p0", None, None), came("p1", 20))
    assert figure(rows, "takes_part_in_clubs", "numerator", "denominator") == (2, 4)
    assert figure(rows, "regular_in_clubs", "numerator", "denominator", "eligible_subjects") == (1, 3, 4)


def test_a_school_that_sent_no_register_is_not_known():
    both = pl.concat([ROLL, facts({"pupil_id": "q"}, **OAK)])
    rows = clubs(came("p0", 15), roll=both)
    assert figure(rows, "takes_part_in_clubs", "value", "status", level=SCHOOL, place_code="100002") == (None, "x")
    assert figure(rows, "takes_part_in_clubs", "denominator", "eligible_subjects") == (4, 5)


def test_a_year_without_any_register_has_no_row():
    assert set(clubs(came("p0", 15), roll=pl.concat([ROLL, facts({}, time_period="202425")]))["time_period"]) == {
        "202526"
    }


def passport(pupil, day, kind="passport"):
    return {"pupil_id": pupil, "school_id": ELM_ID, "plan_id": f"{pupil}{day}", "plan_type": kind, "start_date": day}


def test_passports_hold_from_their_year_on():
    """p0 had a passport in 2024/25, p1 in 2025/26, p2 another plan only: 1 of 3 in 2024/25, 2 of 3 in 2025/26."""
    roll = facts(*({} for _ in range(3)), sen_provision="SEN support")
    both = pl.concat([roll, roll.with_columns(pl.lit("202425").alias("time_period"))])
    plans = table("plans", passport("p0", date(2024, 11, 4)), passport("p1", date(2025, 9, 8)),
                  passport("p2", date(2025, 9, 8), "SEN support"))  # fmt: skip
    rows = passports(both, plans)
    assert figure(rows, "with_passport", "numerator", "denominator", time_period="202425") == (1, 3)
    assert figure(rows, "with_passport", "numerator", "denominator", time_period="202526") == (2, 3)


def test_passports_of_a_school_without_any_are_not_known():
    roll = facts({}, {"pupil_id": "q", **OAK}, sen_provision="EHC plan")
    rows = passports(roll, table("plans", passport("p0", date(2025, 9, 8))))
    assert figure(rows, "with_passport", "denominator", "eligible_subjects", "value") == (1, 2, 100)


def test_laws_and_every_card_of_the_topic_is_made():
    everybody = voice(*FOUR_PARENTS, *(said(4, who=kind) for kind in ("pupil", "staff", "governor")))
    roll = facts(*({} for _ in range(4)), sen_provision="SEN support")
    made = [holds(metric, everybody, PLACES) for metric in (agreement, mean_answer, responses)]
    made.append(holds(taking_part, roll, table("activities", came("p0", 15), came("p1", 2))))
    made.append(holds(passports, roll, table("plans", passport("p0", date(2025, 9, 8)))))
    assert set(pl.concat(made)["measure"]) == {name for name, card in cards().items() if card.topic == "voice"}
