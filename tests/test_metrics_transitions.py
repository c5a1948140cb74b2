"""Transitions: destinations, moves that lasted, files in time, life after a move, alternative provision."""

from datetime import date

import polars as pl
import pytest
from hand_made import ELM, OAK, facts, table
from laws import SCHOOL, figure, find, holds

from sendlab.metrics import cards
from sendlab.metrics.schools.transitions import (
    alternative_provision,
    destinations,
    handover,
    life_after_move,
    placements,
)

FIRST_DAY = date(2025, 9, 2)
LEAVERS = facts(*({"sen_provision": "SEN support"} for _ in range(4)), {}, nc_year="11", time_period="202425")


def move(pupil, destination="college", kind="post-16", day=FIRST_DAY, school=ELM["school_id"], **more):
    return {"pupil_id": pupil, "school_id": school, "kind": kind, "moved_on": day, "destination": destination, **more}


def moves(*rows):
    return table("transitions", *rows)


def test_destinations_by_kind_add_up_and_not_known_is_one_of_them():
    """College, college, internship, not known and a blank: of 4 recorded 50, 25 and 25 %; 5 left."""
    rows = destinations(LEAVERS, moves(move("p0"), move("p1"), move("p2", "supported internship"),
                                       move("p3", "not known"), move("p4", None)))  # fmt: skip
    row = find(rows, "destinations", item="college")
    assert (row["numerator"], row["denominator"], row["eligible_subjects"], row["value"]) == (2, 4, 5, 50)
    whole = rows.filter(measure="destinations", geographic_level=SCHOOL, sen_provision="Total")
    assert whole["value"].sum() == pytest.approx(100)
    assert figure(rows, "in_education_or_work", "numerator", "denominator", "eligible_subjects") == (3, 3, 5)
    assert figure(rows, "in_work_after_16", "numerator", "denominator") == (1, 3)


def test_a_move_belongs_to_the_year_of_the_first_day_and_the_school_left():
    """p0 left Elm in summer 2025, so facts of 2025/26 do not hold it: its groups are those of the year before."""
    row = find(destinations(LEAVERS, moves(move("p0"))), "in_education_or_work", level=SCHOOL, provision="SEN support")
    assert (row["time_period"], row["place_code"], row["value"]) == ("202526", "100001", 100)


@pytest.mark.parametrize(
    ("destination", "counted"), [("not in education or work", 0), ("employment", 1), ("college", 1)]
)
def test_only_those_without_education_or_work_are_not_in_it(destination, counted):
    rows = destinations(LEAVERS, moves(move("p0", destination)))
    assert figure(rows, "in_education_or_work", "numerator", "denominator") == (counted, 1)


def test_other_moves_are_no_destination_after_16():
    assert destinations(LEAVERS, moves(move("p0", "school", kind="phase"))).is_empty()


def test_moves_that_lasted_by_kind_and_in_all():
    """Managed moves: 1 of 2 checked lasted; one from AP was not checked yet. In all 1 of 2 checked, 3 moved."""
    rows = placements(LEAVERS, moves(
        move("p0", "school", "managed move", sustained=True, distance_km=2.0),
        move("p1", "school", "managed move", sustained=False, distance_km=4.0),
        move("p2", "school", "from alternative provision"),
    ))  # fmt: skip
    assert figure(rows, "placements_sustained", "numerator", "denominator", item="managed move") == (1, 2)
    waiting = find(rows, "placements_sustained", item="from alternative provision")
    assert (waiting["value"], waiting["eligible_subjects"], waiting["status"]) == (None, 1, "x")
    assert figure(rows, "placements_sustained", "numerator", "denominator", "eligible_subjects") == (1, 2, 3)
    assert figure(rows, "distance_to_destination", "value", "base_subjects", item="managed move") == (3.0, 2)


def test_a_pupil_with_two_moves_in_a_year_counts_once_in_all_with_the_last():
    rows = placements(LEAVERS, moves(
        move("p0", "school", "managed move", date(2025, 11, 3), sustained=False),
        move("p0", "alternative provision", "other", date(2026, 2, 2), sustained=True),
    ))  # fmt: skip
    assert figure(rows, "placements_sustained", "numerator", "denominator") == (1, 1)
    assert figure(rows, "placements_sustained", "numerator", "denominator", item="managed move") == (0, 1)


@pytest.mark.parametrize(("sent", "in_time"), [(date(2025, 9, 1), 1), (FIRST_DAY, 1), (date(2025, 9, 3), 0)])
def test_files_sent_on_the_first_day_are_in_time(sent, in_time):
    rows = handover(LEAVERS, moves(move("p0", records_sent_on=sent)))
    assert figure(rows, "records_on_time", "numerator", "denominator") == (in_time, 1)


def test_a_file_without_a_day_lowers_the_coverage_and_pupils_without_sen_have_none_to_send():
    """p0 in time, p1 without a day; p4 has no SEN and does not count."""
    rows = handover(LEAVERS, moves(move("p0", records_sent_on=FIRST_DAY, package=True), move("p1", package=False),
                                   move("p4")))  # fmt: skip
    assert figure(rows, "records_on_time", "numerator", "denominator", "eligible_subjects") == (1, 1, 2)
    assert figure(rows, "transition_packages", "numerator", "denominator", "eligible_subjects") == (1, 2, 2)


def years(*pupils):
    """Facts of Elm in 2024/25 and Oak in 2025/26: (missed, possible, reading) before and after."""
    rows = []
    for number, (before, after) in enumerate(pupils):
        for place, period, (missed, possible, reading) in ((ELM, "202425", before), (OAK, "202526", after)):
            rows.append({"pupil_id": f"p{number}", **place, "time_period": period, "missed": missed,
                         "possible": possible, "reading_last": reading})  # fmt: skip
    return facts(*rows)


def test_life_after_a_move_is_a_difference_within_pupils():
    """5 to 10 %, 10 to 11 % and 20 to 14 %: changes 5, 1, -6, mean 0; sd 5.567764, t(2) 4.302653 -> -+ 13.831093."""
    made = years(
        ((5, 100, 90.0), (10, 100, 95.0)), ((10, 100, 100.0), (11, 100, None)), ((20, 100, None), (14, 100, 90.0))
    )
    rows = life_after_move(made, moves(*(move(f"p{n}", "school", "phase") for n in range(3))))
    row = find(rows, "absence_after_move", item="phase")
    assert (row["value"], row["base_subjects"]) == (pytest.approx(0, abs=1e-9), 3)
    assert (row["lower"], row["upper"]) == (pytest.approx(-13.831093, abs=1e-5), pytest.approx(13.831093, abs=1e-5))
    assert figure(rows, "reading_after_move", "value", "base_subjects", "eligible_subjects", item="phase") == (5, 1, 3)


@pytest.mark.parametrize(("possible", "counted"), [(39, 0), (40, 1), (41, 1)])
def test_attendance_before_and_after_needs_enough_sessions(possible, counted):
    made = years(((4, 100, 90.0), (4, possible, 90.0)))
    row = find(life_after_move(made, moves(move("p0", "school", "phase"))), "absence_after_move", item="phase")
    assert (row["base_subjects"] or 0, row["eligible_subjects"]) == (counted, 1)


@pytest.mark.parametrize(("day", "counted"), [(date(2025, 8, 1), 1), (date(2025, 9, 30), 1), (date(2025, 10, 1), 0)])
def test_moves_within_a_school_year_have_no_year_before(day, counted):
    made = years(((4, 100, 90.0), (4, 100, 90.0)))
    rows = life_after_move(made, moves(move("p0", "school", "phase", day)))
    assert rows.filter(measure="absence_after_move", geographic_level="Local authority").height == counted * len(
        set(rows["sen_provision"])
    )


def placed(pupil, start, end, number=1):
    return {"pupil_id": pupil, "school_id": ELM["school_id"], "setting_urn": f"90000{number}", "entry_date": start,
            "leaving_date": end, "sen_provision": "K"}  # fmt: skip


def test_alternative_provision_counts_pupils_once_and_weeks_together():
    """p0: 2 and 3 weeks; p1 not ended: 2 pupils, 5 weeks of 1 pupil."""
    made = alternative_provision(LEAVERS, table(
        "alternative_provision", placed("p0", date(2025, 1, 6), date(2025, 1, 20)),
        placed("p0", date(2025, 3, 3), date(2025, 3, 24), 2), placed("p1", date(2025, 3, 3), None),
    ))  # fmt: skip
    assert figure(made, "ap_pupils", "value", "with_subjects") == (2, 2)
    assert figure(made, "ap_weeks", "value", "base_subjects", "eligible_subjects") == (5, 1, 2)


def test_laws_and_every_card_of_the_topic_is_made():
    table_of_moves = moves(
        move("p0", records_sent_on=FIRST_DAY, package=True, sustained=True, distance_km=3.0),
        move("p1", "supported internship", sustained=False, distance_km=5.0), move("p2", None),
    )  # fmt: skip
    made = [holds(metric, LEAVERS, table_of_moves) for metric in (destinations, placements, handover)]
    both = years(*(((n, 100, 90.0 + n), (2 * n, 100, 91.0)) for n in range(4)))
    made.append(holds(life_after_move, both, moves(*(move(f"p{n}", "school", "phase") for n in range(4)))))
    ap = table("alternative_provision", placed("p0", date(2025, 1, 6), date(2025, 1, 20)))
    made.append(holds(alternative_provision, LEAVERS, ap))
    assert set(pl.concat(made)["measure"]) == {name for name, card in cards().items() if card.topic == "transitions"}
