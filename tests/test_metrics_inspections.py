"""Inspections in three eras that never meet, and the local offer."""

from datetime import date

import polars as pl
import pytest
from hand_made import ELM, OAK, facts, table
from laws import LA, SCHOOL, figure, find, holds

from sendlab.metrics import cards
from sendlab.metrics.schools.inspections import inspected_schools, inspection_grades, judged, reviewed_schools
from sendlab.metrics.schools.local_offer import needs_offered, reports_in_date

ELM_ID, OAK_ID, THIRD = ELM["school_id"], OAK["school_id"], "9991003"
PLACES = facts({}, {**OAK}, {"school_id": THIRD, "place_code": "100003", "place_name": "Yew"})
OVERALL = "overall effectiveness"
TODAY = date(2026, 6, 1)


def judgement(grade, day, area=OVERALL, school=ELM_ID, framework=None):
    return {"school_id": school, "inspected_on": day, "judgement_area": area, "grade": grade, "framework": framework}


def inspections(*rows):
    return table("inspections", *rows)


def test_at_least_good_is_of_schools_with_an_overall_grade_and_tells_their_age():
    """Elm good in June 2022, Oak requires improvement in June 2024, Yew never: 1 of 2 of 3; 4.0 and 2.0 years old."""
    rows = inspections(judgement("2", date(2022, 6, 1)), judgement("3", date(2024, 6, 1), school=OAK_ID))
    row = find(inspected_schools(rows, PLACES, as_of=TODAY), "schools_at_least_good")
    assert (row["numerator"], row["denominator"], row["eligible_subjects"]) == (1, 2, 3)
    assert (row["time_period"], row["data_to"]) == ("202526", date(2024, 6, 1))
    assert row["note"].startswith("grades are 2.0 to 4.0 years old on 1 June 2026; 0 of 2 schools")


@pytest.mark.parametrize(("grade", "counted"), [("1", 1), ("2", 1), ("3", 0), ("4", 0)])
def test_good_and_outstanding_are_at_least_good(grade, counted):
    rows = inspected_schools(inspections(judgement(grade, date(2022, 6, 1))), PLACES)
    assert figure(rows, "schools_at_least_good", "numerator", "denominator") == (counted, 1)


def test_the_last_overall_grade_counts_and_an_ungraded_visit_keeps_it():
    rows = inspections(
        judgement("3", date(2018, 6, 1)), judgement("2", date(2022, 6, 1)), judgement(None, date(2024, 5, 1))
    )
    assert figure(inspected_schools(rows, PLACES), "schools_at_least_good", "value") == (100,)


def test_a_day_in_the_past_knows_nothing_of_later_inspections():
    rows = inspections(judgement("3", date(2018, 6, 1)), judgement("2", date(2022, 6, 1)))
    made = inspected_schools(rows, PLACES, as_of=date(2020, 8, 31))
    assert figure(made, "schools_at_least_good", "value", "time_period") == (0, "202021")


def test_a_two_of_another_era_is_no_overall_grade():
    """Key judgements in 2025 leave the overall grade of 2022 as it was, and count apart."""
    rows = inspections(judgement("3", date(2022, 6, 1)), judgement("2", date(2025, 3, 1), "quality of education"))
    made = inspected_schools(rows, PLACES, as_of=TODAY)
    assert figure(made, "schools_at_least_good", "value") == (0,)
    assert figure(made, "key_judgements_good", "value", "denominator", item="quality of education") == (100, 1)
    assert "1 of 1 schools have been inspected since" in find(made, "schools_at_least_good")["note"]


@pytest.mark.parametrize(
    ("day", "era"),
    [(date(2024, 8, 31), "1"), (date(2024, 9, 1), "2"), (date(2025, 11, 9), "2"), (date(2025, 11, 10), None)],
)
def test_the_era_of_a_figure_follows_from_its_day(day, era):
    assert judged(inspections(judgement("2", day)))["era"].to_list() == ([era] if era else [])


@pytest.mark.parametrize(
    ("grade", "counted"), [("EXCEPTIONAL", 1), ("STRONG", 1), ("EXPECTED", 1), ("NEEDS", 0), ("URGENT", 0)]
)
def test_report_cards_at_the_expected_standard(grade, counted):
    rows = inspections(judgement(grade, date(2026, 2, 9), "inclusion"))
    made = inspected_schools(rows, PLACES)
    assert figure(made, "report_card_expected", "numerator", "denominator", item="inclusion") == (counted, 1)
    assert made.filter(measure="schools_at_least_good").is_empty()


@pytest.mark.parametrize(("grade", "counted"), [("MET", 1), ("NOT_MET", 0)])
def test_safeguarding_is_met_or_not(grade, counted):
    rows = inspected_schools(inspections(judgement(grade, date(2026, 2, 9), "safeguarding")), PLACES)
    assert figure(rows, "safeguarding_met", "numerator", "denominator") == (counted, 1)


def test_shares_of_schools_are_of_the_authority_alone():
    assert set(inspected_schools(inspections(judgement("2", date(2022, 6, 1))), PLACES)["geographic_level"]) == {LA}


def test_a_schools_own_grades_with_words_and_age():
    rows = inspections(judgement("2", date(2022, 6, 1)), judgement("STRONG", date(2026, 2, 9), "inclusion"),
                       judgement("MET", date(2026, 2, 9), "safeguarding"),
                       judgement("2", date(2026, 2, 9), "achievement"))  # fmt: skip
    made = inspection_grades(rows, PLACES, as_of=TODAY)
    old = find(made, "inspection_grade", level=SCHOOL, item=OVERALL)
    assert (old["value"], old["note"]) == (2, "Good: overall grade, to August 2024, 01 June 2022; 4.0 years old")
    assert figure(made, "inspection_grade", "value", level=SCHOOL, item="inclusion") == (2,)
    assert figure(made, "inspection_grade", "value", "status", level=SCHOOL, item="safeguarding") == (None, "z")
    odd = find(made, "inspection_grade", level=SCHOOL, item="achievement")
    assert (odd["value"], odd["status"], odd["note"]) == (
        None,
        "x",
        "'2' of 09 February 2026 is on no scale of its day",
    )


def test_outcome_of_the_area_inspection():
    rows = inspections(
        judgement("SEND3", date(2023, 5, 1), "area SEND", "999"),
        judgement("SEND2", date(2025, 6, 13), "area SEND", "999"),
    )
    made = inspection_grades(rows, PLACES)
    row = find(made, "area_send_outcome")
    assert (row["value"], row["place_code"]) == (2, "999")
    assert row["note"].startswith("Inconsistent experiences and outcomes")
    assert made.filter(geographic_level=SCHOOL).is_empty()


def test_reviews_in_a_year():
    rows = inspections(
        judgement(None, date(2025, 11, 3), "writing", framework="review"), judgement("2", date(2022, 6, 1))
    )
    made = reviewed_schools(rows, PLACES)
    assert figure(made, "schools_reviewed", "numerator", "denominator", "time_period") == (1, 3, "202526")


def test_schools_of_the_latest_year_are_the_authoritys_schools():
    closed = pl.concat([PLACES, facts({"school_id": "old", "place_code": "old"}, time_period="202324")])
    rows = inspected_schools(inspections(judgement("2", date(2022, 6, 1))), closed)
    assert figure(rows, "schools_at_least_good", "eligible_subjects") == (3,)


# ---- local offer


REPORT = "SEN information report"


def published(day, findable=True, complete=True, school=ELM_ID, item=REPORT, need=None):
    return {"school_id": school, "item": item, "published_on": day, "findable": findable, "complete": complete,
            "need_area": need}  # fmt: skip


def offer(*rows):
    return table("local_offer", *rows)


@pytest.mark.parametrize(("day", "in_date"), [(date(2025, 5, 31), 0), (date(2025, 6, 1), 1), (date(2025, 6, 2), 1)])
def test_in_date_is_within_a_year_boundary_included(day, in_date):
    rows = reports_in_date(offer(published(day)), PLACES, as_of=TODAY)
    row = find(rows, "offer_in_date", item=REPORT)
    assert (row["numerator"], row["denominator"], row["eligible_subjects"]) == (in_date, 1, 3)


def test_a_blank_is_not_checked_and_a_school_row_says_yes_or_no_without_limits():
    rows = reports_in_date(offer(published(date(2026, 1, 5), None, False)), PLACES, as_of=TODAY)
    elm = {"level": SCHOOL, "item": REPORT, "place_code": "100001"}
    assert figure(rows, "offer_complete", "value", "lower", "upper", **elm) == (0, None, None)
    assert find(rows, "offer_findable", item=REPORT)["base_subjects"] == 0
    assert figure(rows, "offer_findable", "value", **elm) == (None,)


def test_needs_on_offer_at_the_school_or_everywhere():
    """Elm offers CL; the LA offers CI to all: of CL at Elm, CI and SEMH at Oak 2 of 3; no area is left out."""
    pupils = facts({"need_area": "Cognition and learning"}, {"need_area": "Communication and interaction", **OAK},
                   {"need_area": "Social, emotional and mental health", **OAK}, {"need_area": "No broad area"},
                   sen_provision="SEN support")  # fmt: skip
    lines = offer(published(TODAY, need="CL"), published(TODAY, need="CI", school="999"))
    rows = needs_offered(pupils, lines)
    assert figure(rows, "need_is_offered", "numerator", "denominator", "eligible_subjects") == (2, 3, 4)
    assert needs_offered(pupils, offer(published(TODAY))).is_empty()


def test_laws_and_every_card_of_the_topic_is_made():
    rows = inspections(judgement("2", date(2022, 6, 1)), judgement("2", date(2025, 3, 1), "quality of education"),
                       judgement("STRONG", date(2026, 2, 9), "inclusion", OAK_ID),
                       judgement("MET", date(2026, 2, 9), "safeguarding", OAK_ID),
                       judgement("SEND2", date(2025, 6, 13), "area SEND", "999"),
                       judgement(None, date(2025, 11, 3), "writing", framework="review"))  # fmt: skip
    made = [holds(metric, rows, PLACES) for metric in (inspected_schools, inspection_grades, reviewed_schools)]
    lines = offer(published(TODAY, need="CL"), published(TODAY, False, False, school=OAK_ID))
    made.append(holds(reports_in_date, lines, PLACES))
    pupils = facts({"need_area": "Cognition and learning"}, {"need_area": "Communication and interaction", **OAK},
                   sen_provision="SEN support")  # fmt: skip
    made.append(holds(needs_offered, pupils, lines))
    assert set(pl.concat(made)["measure"]) == {name for name, card in cards().items() if card.topic == "inspections"}
