"""Rows of other tables beside the pupils and places of facts: whose groups they have, and who is not lost."""

from datetime import date

import polars as pl
import pytest
from hand_made import ELM, FACTS, OAK, facts

from sendlab.cohort import with_places, with_pupils

A, B, C = ELM["school_id"], OAK["school_id"], "9991003"
GROUPS = ("sen_provision", "sex", "fsm_status", "nc_year", "ethnicity_major")


def known(pupil="p1", year="202526", place=ELM, **groups):
    return {"pupil_id": pupil, "time_period": year, **place, **groups}


def row(pupil="p1", school=A, year="202526"):
    return pl.DataFrame({"pupil_id": [pupil], "school_id": [school], "time_period": [year]})


def group_of(rows, made, name="sen_provision"):
    return with_pupils(rows, made)[name].to_list()


def test_the_groups_are_those_of_the_pupil_in_that_year():
    made = facts(
        known(year="202425", sen_provision="SEN support", sex="Female", need_area="Cognition and learning"),
        known(sen_provision="EHC plan", sex="Female"),
    )
    assert group_of(row(year="202425"), made) == ["SEN support"]
    assert group_of(row(year="202526"), made) == ["EHC plan"]
    linked = with_pupils(row(year="202425"), made).row(0, named=True)
    assert [linked[name] for name in ("sex", "need_area")] == ["Female", "Cognition and learning"]
    assert [linked[name] for name in ("place_code", "place_name", "la_code")] == ["100001", "Elm", "999"]
    assert linked["time_identifier"] == "Academic year"


@pytest.mark.parametrize(("day", "year"), [(date(2025, 7, 31), "202425"), (date(2025, 8, 1), "202526"), (None, None)])
def test_a_day_says_which_year(day, year):
    made = facts(known(year="202425", sen_provision="SEN support"), known(sen_provision="EHC plan"))
    rows = pl.DataFrame({"pupil_id": ["p1"], "school_id": [A], "on": pl.Series([day], dtype=pl.Date)})
    linked = with_pupils(rows, made, day="on")
    assert linked["time_period"].to_list() == [year] and linked["on"].to_list() == [day]
    status = {"202425": "SEN support", "202526": "EHC plan", None: "Not recorded"}
    assert linked["sen_provision"].to_list() == [status[year]]


def test_a_year_that_is_not_held_has_the_groups_of_the_nearest_and_of_two_the_earlier():
    """Held: 2023/24 and 2025/26. 2022/23 and 2024/25 (as far from both) take the first, 2026/27 the second."""
    made = facts(known(year="202324", sen_provision="No SEN"), known(sen_provision="EHC plan"))
    given = {"202223": "No SEN", "202425": "No SEN", "202627": "EHC plan"}
    assert {year: group_of(row(year=year), made)[0] for year in given} == given


def test_of_two_schools_the_row_has_the_word_of_its_own():
    """Dual registration: Elm says SEN support, Oak EHC plan; a third school takes the first by id, for any order."""
    at_elm, at_oak = known(sen_provision="SEN support"), known(place=OAK, sen_provision="EHC plan")
    for made in (facts(at_elm, at_oak), facts(at_oak, at_elm)):
        assert [group_of(row(school=s), made)[0] for s in (A, B, C)] == ["SEN support", "EHC plan", "SEN support"]


def test_the_year_comes_before_the_school():
    """At Oak this year, at Elm last year: a row of this year at Elm (the old school's plan) has this year's groups."""
    made = facts(known(year="202425", sen_provision="No SEN"), known(place=OAK, sen_provision="EHC plan"))
    linked = with_pupils(row(school=A), made).row(0, named=True)
    assert (linked["sen_provision"], linked["place_name"]) == ("EHC plan", "Elm")  # the place stays the row's own


def test_a_pupil_whom_facts_never_hold_stays_with_groups_not_recorded():
    linked = with_pupils(row("stranger"), facts(known(need_area="Cognition and learning"))).row(0, named=True)
    assert {linked[name] for name in GROUPS} == {"Not recorded"}
    assert linked["need_area"] is None  # no table by need has a group for it
    assert linked["place_code"] == "100001"


def test_rows_keep_their_number_order_and_columns_and_groups_of_their_own_give_way():
    made = facts(known("p1", sen_provision="EHC plan"), known("p2", place=OAK))
    rows = pl.DataFrame({
        "pupil_id": ["p2", "p1", "p9", "p1"], "school_id": [B, A, C, A], "time_period": ["202526"] * 4,
        "sen_provision": ["K"] * 4, "hours": [1, 2, 3, 4],
    })  # fmt: skip
    linked = with_pupils(rows, made)
    assert linked["hours"].to_list() == [1, 2, 3, 4]
    assert linked["sen_provision"].to_list() == ["No SEN", "EHC plan", "Not recorded", "EHC plan"]
    assert rows["sen_provision"].to_list() == ["K"] * 4


def test_no_rows_and_no_facts():
    assert with_pupils(row().clear(), facts(known())).is_empty()
    linked = with_pupils(row(), pl.DataFrame(schema=FACTS)).row(0, named=True)
    assert (linked["sen_provision"], linked["place_code"], linked["la_code"]) == ("Not recorded", A, None)


def test_places_are_those_of_facts_and_a_school_that_they_do_not_hold_keeps_its_id():
    places = facts(known(), known("p2"), known("p3", place=OAK))
    rows = pl.DataFrame({"school_id": [B, C, A, B], "place_name": ["old"] * 4, "n": [1, 2, 3, 4]})
    placed = with_places(rows, places)
    assert placed["n"].to_list() == [1, 2, 3, 4]
    assert placed["place_code"].to_list() == ["100002", C, "100001", "100002"]
    assert placed["place_name"].to_list() == ["Oak", C, "Elm", "Oak"]
    assert placed["education_phase"].to_list() == ["Secondary", "Unknown", "Primary", "Secondary"]
    assert set(placed["la_name"]) == {"Trialshire (invented)"}
