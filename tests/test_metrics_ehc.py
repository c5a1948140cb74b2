"""The EHC process on small tables whose figures can be checked by eye: clocks by exact day, who counts, who waits."""

from datetime import date, timedelta

import pandas as pd
import polars as pl
import pytest
from hand_made import facts, table
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from sendlab.metrics import cards
from sendlab.metrics.ehc.annual_reviews import ehc_annual_reviews, ehc_phase_transfers, review_base
from sendlab.metrics.ehc.cases import census_day
from sendlab.metrics.ehc.decisions import (
    ehc_approaches_before,
    ehc_decisions,
    ehc_disputes,
    ehc_requests_from_sen_support,
    ehc_requests_received,
)
from sendlab.metrics.ehc.open_cases import open_cases
from sendlab.metrics.ehc.placements import KINDS, ehc_placement_kinds, ehc_plan_audits, kinds_of_type
from sendlab.metrics.ehc.timeliness import EXCEPTIONS_SHARE, ehc_20_weeks, plans_issued, plans_left_out
from sendlab.sample.extra import extra_tables
from sendlab.sample.support import extra
from sendlab.sample.world import World
from sendlab.schema.measures import MEASURE_COLUMNS, MEASURE_KEY

LA = {"la_code": "999", "la_name": "Trialshire (invented)"}
DAY = timedelta(days=1)
ISSUED = date(2025, 6, 30)


def find(rows, measure, *, period="2025", item="Total", **more):
    """The one row asked for, as a dict."""
    more = {"geographic_level": "Local authority", "sex": "Total", "sen_provision": "Total", **more}
    got = rows.filter(measure=measure, time_period=period, item=item, **more)
    assert got.height == 1, got
    return got.row(0, named=True)


def figure(rows, measure, *names, **which):
    row = find(rows, measure, **which)
    return tuple(row[name] for name in names or ("numerator", "denominator", "value"))


def request(person="a", **given):
    row = {"pupil_id": person, "request_number": 1, "return_year": "2026", "request_outcome": "Y", "sex": "F"}
    return row | {"assessment_outcome": "Y", "week20": False} | given


def plan_after(days, person="a", **given):
    """A plan issued on 30 June 2025, so many days after the request."""
    asked = None if days is None else ISSUED - days * DAY
    return request(person, received_date=asked, plan_start_date=ISSUED, **given)


def requests_of(*rows):
    return table("ehc_requests", *rows)


def plans_of(*rows):
    defaults = {"request_number": 1, "return_year": "2026"}
    return table("ehc_plans", *({**defaults, **row} for row in rows))


NO_PLANS = plans_of()


def weeks(*rows, plans=NO_PLANS, **options):
    return ehc_20_weeks(requests_of(*rows), plans, **LA, **options)


# ---- 20 weeks


def test_with_and_without_exceptions():
    """Days 100, 140, 141 and 365; the plan of day 141 is an exception. Without it 2 of 3, with it 2 of 4."""
    rows = weeks(plan_after(100, "a"), plan_after(140, "b"), plan_after(141, "c", week20=True), plan_after(365, "d"))
    assert figure(rows, "ehc_within_20_weeks") == (2, 3, pytest.approx(200 / 3))
    assert figure(rows, "ehc_within_20_weeks_all") == (2, 4, 50.0)
    assert figure(rows, "ehc_within_20_weeks", "base_subjects", "with_subjects", "eligible_subjects") == (3, 2, 3)
    row = find(rows, "ehc_within_20_weeks_all")  # Wilson of 2 in 4: (15.0, 85.0)
    assert (round(row["lower"], 1), round(row["upper"], 1)) == (15.0, 85.0)
    assert (row["time_identifier"], row["place_code"], row["data_to"]) == ("Calendar year", "999", date(2025, 12, 31))
    assert figure(rows, "ehc_mean_weeks_all", "value") == (pytest.approx((100 + 140 + 141 + 365) / 7 / 4),)


@pytest.mark.parametrize(
    ("days", "band"),
    [
        (0, "20 weeks or less"),
        (139, "20 weeks or less"),
        (140, "20 weeks or less"),
        (141, "Over 20 to 52 weeks"),
        (364, "Over 20 to 52 weeks"),
        (365, "Over 52 weeks"),
    ],
)
def test_bands_do_not_straddle_the_limit(days, band):
    rows = weeks(plan_after(days))
    held = {r["item"]: r["value"] for r in rows.filter(measure="ehc_time_bands", geographic_level="Local authority").iter_rows(named=True)}  # noqa: E501  # fmt: skip
    assert held.pop(band) == 100.0
    assert set(held.values()) == {0.0}
    assert figure(rows, "ehc_within_20_weeks", "numerator") == (int(days <= 140),)


def test_the_limit_is_a_setting():
    """At 139 days allowed, day 140 is late."""
    assert figure(weeks(plan_after(140), within_days=139), "ehc_within_20_weeks", "numerator") == (0,)


def test_missing_and_impossible_durations_are_kept_counted_and_in_no_rate():
    """One plan in time; one without a day of request; one that starts a day before it."""
    rows = weeks(plan_after(90, "a"), plan_after(None, "b"), plan_after(-1, "c"))
    assert figure(rows, "ehc_within_20_weeks_all") == (1, 1, 100.0)
    row = find(rows, "ehc_within_20_weeks_all")
    assert (row["base_subjects"], row["eligible_subjects"]) == (1, 3)
    assert row["note"].startswith("2 of the year's plans left out")


def test_no_usable_plan_is_not_available_and_not_nobody():
    row = find(weeks(plan_after(None)), "ehc_within_20_weeks")
    assert (row["value"], row["status"], row["eligible_subjects"]) == (None, "x", 1)


def test_an_unknown_exception_is_in_the_figure_of_all_plans_only():
    rows = weeks(plan_after(90, "a"), plan_after(90, "b", week20=None))
    assert figure(rows, "ehc_within_20_weeks", "denominator", "eligible_subjects") == (1, 2)
    assert figure(rows, "ehc_within_20_weeks_all", "denominator") == (2,)


@pytest.mark.parametrize(("exceptions", "said"), [(1, False), (2, True)])
def test_more_than_half_exceptions_are_said(exceptions, said):
    """1 of 2 is 50 %, not more; 2 of 3 is."""
    rows = [plan_after(90, "z"), *(plan_after(90, str(n), week20=True) for n in range(exceptions))]
    note = find(weeks(*rows), "ehc_within_20_weeks")["note"]
    assert EXCEPTIONS_SHARE == 50
    assert ("more than half" in note) is said


def test_who_is_in_the_cohort():
    """Only a: b is older (H), c transferred in, d started in another year, e has no decision to issue."""
    rows = requests_of(
        plan_after(90, "a"),
        request("b", request_outcome="H", assessment_outcome="H", plan_start_date=date(2019, 1, 1)),
        plan_after(90, "c"),
        request("d", received_date=date(2024, 1, 8), plan_start_date=date(2024, 6, 1)),
        plan_after(90, "e", assessment_outcome=None),
        request("f", request_outcome="H", assessment_outcome="Y", plan_start_date=ISSUED),  # no request in the file
    )
    moved = plans_of({"pupil_id": "c", "transfer_la": "998"})
    assert plans_issued(rows, moved, **LA)["pupil_id"].to_list() == ["a"]
    assert dict(plans_left_out(rows, moved).select("reason", "plans").rows()) == {
        "transferred from another authority": 1,
        "older than the year of the return": 2,
        "started in another year": 1,
        "no decision to issue a plan on record": 1,
    }


def test_a_request_decided_before_the_year_still_has_its_plan_in_it():
    """Request outcome H (decided earlier), assessed and issued in the year, with the day of the request: it counts."""
    assert figure(weeks(plan_after(200, request_outcome="H")), "ehc_within_20_weeks_all", "denominator") == (1,)


def test_by_month_of_issue_and_sex():
    rows = weeks(
        plan_after(90, "a"), request("b", received_date=date(2025, 1, 1), plan_start_date=date(2025, 7, 1), sex="M")
    )
    assert figure(rows, "ehc_within_20_weeks", item="June") == (1, 1, 100.0)
    assert figure(rows, "ehc_within_20_weeks", item="July") == (0, 1, 0.0)
    assert figure(rows, "ehc_within_20_weeks", sex="Male") == (0, 1, 0.0)


def test_two_plans_of_one_person_are_two_cases_of_one_person():
    second = plan_after(200, "a", request_number=2)
    row = find(weeks(plan_after(90, "a"), second), "ehc_within_20_weeks_all")
    assert (row["denominator"], row["base_subjects"], row["numerator"], row["with_subjects"]) == (2, 1, 1, 1)


# ---- open cases


def waiting(days, person="a", **given):
    """A case asked for so many days before the end of 2025, undecided."""
    row = {"request_outcome": "A", "assessment_outcome": None, "week20": None}
    return request(person, received_date=date(2025, 12, 31) - days * DAY, **{**row, **given})


def test_open_cases_stand_beside_the_rate():
    """Waited 42 (not past six weeks), 43, 98 and 99 (within 42 days of the limit: 99 + 42 > 140), 140, 141 days."""
    done = request("done", plan_start_date=date(2025, 12, 30), received_date=date(2025, 9, 1))
    rows = weeks(done, *(waiting(days, str(days)) for days in (42, 43, 98, 99, 140, 141)))
    assert figure(rows, "ehc_open_cases", "value") == (6,)
    assert figure(rows, "ehc_open_past_20_weeks", "value") == (1,)
    assert figure(rows, "ehc_open_due_soon", "value") == (2,)
    assert figure(rows, "ehc_undecided_past_6_weeks", "value") == (5,)
    assert find(rows, "ehc_open_cases")["data_to"] == date(2025, 12, 31)


@pytest.mark.parametrize(
    ("given", "still_open"),
    [
        ({}, True),
        ({"request_outcome": "N", "request_outcome_date": date(2025, 12, 31)}, False),
        ({"request_outcome": "N", "request_outcome_date": date(2026, 1, 2)}, True),  # not yet on the day
        ({"request_outcome": "W"}, False),  # withdrawn, on a day that is not given
        ({"request_outcome": "Y", "assessment_outcome": "A"}, True),
        ({"request_outcome": "Y", "assessment_outcome": "Y"}, True),  # decided to issue, no plan yet
        ({"request_outcome": "Y", "assessment_outcome": "Y", "plan_start_date": date(2025, 12, 31)}, False),
        ({"request_outcome": "Y", "assessment_outcome": "N"}, False),
        ({"request_outcome": "N", "assessment_outcome": "A"}, True),  # refused, then assessed after all
        ({"request_outcome": "H", "assessment_outcome": "A"}, True),  # decided before the year
        ({"exported": "A"}, False),
    ],
)
def test_when_a_case_is_open(given, still_open):
    cases = open_cases(requests_of(waiting(50, **given)), **LA)
    assert cases["open"].to_list() == [still_open]


def test_a_historical_row_is_no_open_case():
    rows = requests_of(request(request_outcome="H", assessment_outcome="H", plan_start_date=date(2019, 1, 1)))
    assert open_cases(rows, **LA).is_empty()


def test_no_open_case_is_a_count_of_nought():
    assert figure(weeks(plan_after(90)), "ehc_open_cases", "value", "status") == (0, "")


def test_an_open_case_without_a_day_of_request_is_counted_and_said():
    rows = weeks(waiting(10, "a"), request("b", request_outcome="A", assessment_outcome=None))
    assert figure(rows, "ehc_open_cases", "value") == (2,)
    assert find(rows, "ehc_open_past_20_weeks")["note"] == "1 open case(s) without a day of request"


def test_as_of_looks_at_an_earlier_day():
    """On 1 September the plan of 30 September was still to come: asked on 1 April, 153 days before."""
    row = request(received_date=date(2025, 4, 1), plan_start_date=date(2025, 9, 30))
    rows = weeks(row, as_of=date(2025, 9, 1))
    assert figure(rows, "ehc_open_past_20_weeks", "value", "data_to") == (1, date(2025, 9, 1))
    assert weeks(row, as_of=date(2024, 9, 1)).filter(measure="ehc_open_cases").is_empty()


def test_a_running_year_is_taken_on_its_last_date():
    """The latest date is 1 March: by 31 December everybody would be past 20 weeks, and nobody can know that."""
    row = request(received_date=date(2025, 3, 1), request_outcome="A", assessment_outcome=None)
    rows = weeks(row)
    assert figure(rows, "ehc_open_past_20_weeks", "value", "data_to") == (0, date(2025, 3, 1))


# ---- requests and decisions


def test_requests_and_their_sources():
    """Two asked for in 2025, one of them by a parent, one unknown; one asked for in 2024; an older plan."""
    rows = requests_of(
        request("a", received_date=date(2025, 1, 1), request_source="1"),
        request("b", received_date=date(2025, 12, 31)),
        request("c", received_date=date(2024, 12, 31), request_source="2"),
        request("d", request_outcome="H", assessment_outcome="H"),
    )
    made = ehc_requests_received(rows, **LA)
    assert figure(made, "ehc_requests_received", "value") == (2,)
    which = {"item": "Young person or parent"}
    assert figure(made, "ehc_request_sources", "numerator", "denominator", "eligible_subjects", **which) == (1, 1, 2)


def test_sources_of_a_year_that_did_not_ask_for_them_are_not_there():
    made = ehc_requests_received(requests_of(request(received_date=date(2025, 1, 1))), **LA)
    assert made.filter(measure="ehc_request_sources").is_empty()


def decided(days, person="a", **given):
    day = date(2025, 3, 1)
    return request(
        person, received_date=day - days * DAY, request_outcome_date=day, **{"assessment_outcome": None, **given}
    )


def test_decision_in_six_weeks_and_refusals():
    """42 days in time, 43 not; a withdrawn request is no decision; one without its day is eligible alone."""
    rows = requests_of(
        decided(42, "a"),
        decided(43, "b", request_outcome="N"),
        decided(10, "c", request_outcome="W"),
        request("d", assessment_outcome=None),
    )
    made = ehc_decisions(rows, **LA)
    assert figure(made, "ehc_decided_in_6_weeks", "numerator", "denominator", "eligible_subjects") == (1, 2, 3)
    assert figure(made, "ehc_refused_to_assess") == (1, 3, pytest.approx(100 / 3))


def test_a_decision_counts_in_the_return_of_its_own_year():
    """Decided in December 2024: that is for the return of 2025."""
    rows = requests_of(request(received_date=date(2024, 11, 1), request_outcome_date=date(2024, 12, 1)))
    assert ehc_decisions(rows.with_columns(pl.lit(None).cast(pl.String).alias("assessment_outcome")), **LA).is_empty()


@pytest.mark.parametrize(("days", "in_time"), [(111, 1), (112, 1), (113, 0)])
def test_decision_not_to_issue_in_16_weeks(days, in_time):
    day = date(2025, 9, 1)
    row = {"received_date": day - days * DAY, "assessment_outcome_date": day}
    made = ehc_decisions(requests_of(request("a", assessment_outcome="N", **row), request("b", **row)), **LA)
    assert figure(made, "ehc_not_issued_in_16_weeks", "numerator", "denominator") == (in_time, 1)
    assert figure(made, "ehc_assessed_in_16_weeks", "numerator", "denominator") == (2 * in_time, 2)
    assert figure(made, "ehc_assessments_to_plan") == (1, 2, 50.0)


def test_two_requests_of_one_person_are_two_decisions():
    row = find(ehc_decisions(requests_of(decided(10), decided(50, request_number=2)), **LA), "ehc_decided_in_6_weeks")
    assert (row["denominator"], row["base_subjects"], row["numerator"]) == (2, 1, 1)


def test_mediation_and_tribunal_by_stage():
    """a: tribunal on the request; b: after the assessment; c says nothing. Of requests 1 of 1, assessed 1 of 1."""
    day = date(2025, 3, 1)
    rows = requests_of(
        decided(10, "a", request_tribunal=True, request_mediation=False),
        request("b", request_outcome_date=day, assessment_outcome_date=day, assessment_tribunal=True),
        decided(10, "c"),
    )
    made = ehc_disputes(rows, **LA)
    assert figure(made, "ehc_tribunal", "numerator", "denominator", "eligible_subjects") == (2, 2, 3)
    assert figure(made, "ehc_tribunal", item="Decision on the request") == (1, 1, 100.0)
    assert figure(made, "ehc_tribunal", item="Decision after assessment") == (1, 1, 100.0)
    assert figure(made, "ehc_mediation", "numerator", "denominator") == (0, 1)


def test_approaches_tried_before_a_request():
    """a: two kinds before (one twice), one after; b: none; c is in no school; d asked too near the first record.

    Mean of 2 and 0 is 1; one of two has any."""
    rows = requests_of(
        *(request(person, received_date=date(2025, 10, 1)) for person in "abc"),
        request("d", received_date=date(2025, 1, 10)),
    )
    begun = [("a", "Reading", date(2025, 3, 1)), ("a", "Reading", date(2024, 3, 1)), ("a", "Talk", date(2025, 9, 30)),
             ("a", "Sums", date(2025, 10, 1)), ("d", "Talk", date(2024, 2, 1))]  # fmt: skip
    columns = ("pupil_id", "intervention", "start_date")
    interventions = table("interventions", *(dict(zip(columns, line, strict=True)) for line in begun))
    pupils = facts(*({"pupil_id": person} for person in "abd"))
    pupils = pupils.with_columns(pl.lit("202425").alias("time_period"))
    made = ehc_approaches_before(rows, interventions, pupils, **LA)
    assert figure(made, "ehc_approaches_before", "value", "denominator", "eligible_subjects") == (1.0, 2, 4)
    assert figure(made, "ehc_any_approach_before") == (1, 2, 50.0)
    assert ehc_approaches_before(rows, interventions.clear(), pupils, **LA).is_empty()


def test_requests_from_sen_support():
    """Of two pupils on SEN support in January 2025 one was asked for in 2025; the roll of 2025/26 has no return."""
    pupils = facts(*({"pupil_id": p, "sen_provision": "SEN support"} for p in "ab"), {"pupil_id": "c"})
    both = pl.concat([pupils.with_columns(pl.lit("202425").alias("time_period")), pupils])
    asked = [request("a", received_date=date(2025, 12, 31)), request("b", received_date=date(2024, 12, 31)),
             request("c", received_date=date(2025, 1, 1))]  # fmt: skip
    made = ehc_requests_from_sen_support(both, requests_of(*asked))
    assert figure(made, "ehc_requests_from_sen_support") == (1, 2, 50.0)
    assert figure(made, "ehc_requests_from_sen_support", geographic_level="School") == (1, 2, 50.0)
    assert made["time_period"].unique().to_list() == ["2025"]


# ---- annual reviews


def reviewed(person="a", start=date(2020, 1, 1), meeting=None, decided=None, **given):
    """An active plan of the return of 2026, and the request it hangs under."""
    year = given.pop("return_year", "2026")
    plan = {"pupil_id": person, "return_year": year, "review_meeting": meeting, "last_review": decided, **given}
    return plan, request(person, return_year=year, plan_start_date=start, request_outcome="H", assessment_outcome="H")


def reviews(*pairs, **options):
    plans, requests = zip(*pairs, strict=True)
    return ehc_annual_reviews(plans_of(*plans), requests_of(*requests), **LA, **options)


@pytest.mark.parametrize(
    ("start", "due"), [(date(2024, 12, 31), 1), (date(2025, 1, 1), 0), (date(2024, 2, 29), 1), (None, 0)]
)
def test_reviews_are_due_of_plans_twelve_months_old(start, due):
    made = reviews(reviewed(start=start), reviewed("z", meeting=date(2025, 5, 5)))
    assert figure(made, "ehc_reviews_due", "value") == (1 + due,)
    row = find(made, "ehc_reviews_held")
    assert (row["numerator"], row["denominator"]) == (1, 1 + due)
    assert row["eligible_subjects"] == (2 if start is None else 1 + due)  # an unknown start may be due


def test_a_meeting_of_the_year_before_is_not_held_in_the_year():
    made = reviews(reviewed(meeting=date(2024, 12, 31)), reviewed("b", meeting=date(2025, 1, 1)))
    assert figure(made, "ehc_reviews_held") == (1, 2, 50.0)


@pytest.mark.parametrize(("days", "in_time"), [(0, 1), (28, 1), (29, 0), (None, 0)])
def test_decision_in_four_weeks(days, in_time):
    """No decision on record once the four weeks are over is a late one."""
    meeting = date(2025, 6, 2)
    decision = None if days is None else meeting + days * DAY
    made = reviews(reviewed(meeting=meeting, decided=decision))
    assert figure(made, "ehc_reviews_decided_in_4_weeks", "numerator", "denominator") == (in_time, 1)


def test_a_decision_before_its_meeting_is_eligible_alone():
    made = reviews(
        reviewed(meeting=date(2025, 6, 2), decided=date(2025, 6, 1)), reviewed("b", meeting=date(2025, 6, 2))
    )
    assert figure(made, "ehc_reviews_decided_in_4_weeks", "denominator", "eligible_subjects") == (1, 2)


def test_a_clock_that_still_runs_counts_nowhere():
    """Census day is 15 January 2026: 18 December + 28 days is that day, 19 December is not over, decided or not."""
    assert census_day(2026) == date(2026, 1, 15)
    made = reviews(
        reviewed("a", meeting=date(2025, 12, 18)),
        reviewed("b", meeting=date(2025, 12, 19), decided=date(2025, 12, 20)),
    )
    assert figure(made, "ehc_reviews_decided_in_4_weeks", "numerator", "denominator") == (0, 1)


def test_reviews_in_twelve_months_of_the_last():
    """a: 5 June 2024, then 5 June 2025 (in time). b: a day later (late). c: none in 2024 though due (late). d: first
    return, an old plan: not known. e: new plan of 2024, met before its first anniversary (in time)."""
    before = [reviewed(p, meeting=date(2024, 6, 5) if p in "ab" else None, return_year="2025") for p in "abc"]
    now = [
        reviewed("a", meeting=date(2025, 6, 5)),
        reviewed("b", meeting=date(2025, 6, 6)),
        reviewed("c", meeting=date(2025, 1, 7)),
        reviewed("d", meeting=date(2025, 1, 7)),
        reviewed("e", start=date(2024, 3, 3), meeting=date(2025, 3, 3)),
    ]
    made = reviews(*before, *now)
    assert figure(made, "ehc_reviews_in_12_months", "numerator", "denominator", "eligible_subjects") == (2, 4, 5)
    assert figure(made, "ehc_first_reviews_in_12_months") == (1, 1, 100.0)


def test_first_review_by_the_first_anniversary():
    """Started 29 February 2024: by 28 February 2025. A plan that moved in is not judged."""
    late = reviewed("b", start=date(2024, 2, 29), meeting=date(2025, 3, 1))
    moved = reviewed("c", start=date(2024, 2, 29), meeting=date(2025, 2, 1), transfer_la="998")
    made = reviews(reviewed(start=date(2024, 2, 29), meeting=date(2025, 2, 28)), late, moved)
    assert figure(made, "ehc_first_reviews_in_12_months") == (1, 2, 50.0)


def test_amended_plans():
    """Draft within 28 days of the meeting (a, not b). Final within 84 days: known of the phase transfer (b) alone."""
    meeting = date(2025, 6, 2)
    amend = {"review_outcome": "A", "meeting": meeting}
    transfer = {"phase_transfer_due": date(2026, 2, 15), "phase_transfer_final": meeting + 84 * DAY}
    made = reviews(
        reviewed("a", review_draft=meeting + 28 * DAY, **amend),
        reviewed("b", review_draft=meeting + 29 * DAY, **transfer, **amend),
        reviewed("c", review_outcome="M", meeting=meeting),
    )
    assert figure(made, "ehc_amendments_drafted_in_4_weeks") == (1, 2, 50.0)
    assert figure(made, "ehc_amended_in_12_weeks", "numerator", "denominator", "eligible_subjects") == (1, 1, 2)


def test_returns_before_2025_do_not_ask_for_the_draft():
    made = reviews(reviewed(meeting=date(2025, 6, 2), review_outcome="A"))
    assert made.filter(measure="ehc_amendments_drafted_in_4_weeks").is_empty()


def test_phase_transfers_by_the_day_due():
    """Known to 1 March 2026: a final on 15 February is in time, on the 16th not; 31 March has not come."""
    due = date(2026, 2, 15)
    plans = plans_of(
        {"pupil_id": "a", "phase_transfer_due": due, "phase_transfer_final": due},
        {"pupil_id": "b", "phase_transfer_due": due, "phase_transfer_final": due + DAY},
        {"pupil_id": "c", "phase_transfer_due": date(2026, 3, 31), "phase_transfer_final": date(2026, 2, 1)},
        {"pupil_id": "d"},
    )
    made = ehc_phase_transfers(plans, **LA, as_of=date(2026, 3, 1))
    which = {"period": "202526"}
    assert figure(made, "ehc_phase_transfers_in_time", "numerator", "denominator", "eligible_subjects", **which) == (1, 2, 3)  # noqa: E501  # fmt: skip
    assert figure(made, "ehc_phase_transfers_in_time", item="15 February", **which) == (1, 2, 50.0)
    assert figure(made, "ehc_phase_transfers_final", **which) == (3, 3, 100.0)
    early = ehc_phase_transfers(plans, **LA)  # on census day no day due has come
    assert figure(early, "ehc_phase_transfers_in_time", "value", "status", **which) == (None, "x")


# ---- placements and audits

SCHOOLS = table(
    "schools",
    {"school_id": "1", "school_urn": "900001", "establishment_type": "1"},
    {"school_id": "2", "school_urn": "900002", "establishment_type": "7"},
    {"school_id": "3", "school_urn": "900003", "phase_code": "PR"},
    {"school_id": "4", "school_urn": "900004", "establishment_type": "18", "ukprn": "10000001"},
)


def place(person, **given):
    return {
        "pupil_id": person,
        "request_number": 1,
        "return_year": "2026",
        "plan": "active",
        "placement_rank": "1",
    } | given


def test_placements_by_kind_add_up():
    """By URN, UKPRN, setting; one URN that nobody knows; one that is its successor; one without a placement."""
    where = {
        "a": {"school_urn": "900001", "sen_unit": True, "resourced_provision": False},
        "b": {"school_urn": "900002"}, "c": {"school_urn": "900003"}, "d": {"ukprn": "10000001"},
        "e": {"sen_setting": "NEET"}, "f": {"sen_setting": "EHE"}, "g": {"school_urn": "911111"},
        "h": {"school_urn": "900009", "sen_unit": False},
    }  # fmt: skip
    links = table("school_links", {"school_urn": "900009", "link_urn": "900001", "link_type": "Successor - merged"})
    placements = table("ehc_placements", *(place(person, **there) for person, there in where.items()),
                       place("a", placement_rank="2", school_urn="900002"), place("b", plan="named"))  # fmt: skip
    plans = plans_of(*({"pupil_id": person} for person in "abcdefghi"))
    made = ehc_placement_kinds(placements, plans, SCHOOLS, links, **LA)
    kinds = {kind: figure(made, "ehc_placements", "numerator", period="202526", item=kind)[0] for kind in KINDS}
    assert kinds == {
        "Mainstream school": 2, "Special school": 1, "Alternative provision": 1, "College or other post-16": 1,
        "Independent school": 0, "Early years provider": 0, "Educated elsewhere": 1, "Not in education": 1, "Other": 0,
        "School or provider outside the register": 1,
    }  # fmt: skip
    assert figure(made, "ehc_placements", "denominator", "eligible_subjects", period="202526", item=KINDS[0]) == (8, 9)
    assert figure(made, "ehc_in_sen_unit", period="202526") == (1, 2, 50.0)
    assert figure(made, "ehc_in_resourced_provision", "numerator", "denominator", period="202526") == (0, 1)


def test_a_placement_that_has_ended_by_census_day_is_not_the_one():
    ended = place("a", school_urn="900001", leaving_date=date(2026, 1, 14))
    begun = place("a", school_urn="900002", entry_date=date(2026, 1, 15))
    made = ehc_placement_kinds(table("ehc_placements", ended, begun), plans_of({"pupil_id": "a"}), SCHOOLS, **LA)
    assert figure(made, "ehc_placements", "numerator", period="202526", item="Special school") == (1,)


def test_a_placement_about_to_begin_counts_where_there_is_no_other():
    soon = place("a", school_urn="900002", entry_date=date(2026, 1, 16))
    now = place("b", school_urn="900001", entry_date=date(2026, 1, 15))
    rows = table("ehc_placements", soon, now, place("b", school_urn="900002", entry_date=date(2026, 2, 1)))
    made = ehc_placement_kinds(rows, plans_of({"pupil_id": "a"}, {"pupil_id": "b"}), SCHOOLS, **LA)
    assert figure(made, "ehc_placements", "numerator", period="202526", item="Special school") == (1,)
    assert figure(made, "ehc_placements", "numerator", period="202526", item="Mainstream school") == (1,)


def test_every_type_of_establishment_has_a_kind():
    assert set(kinds_of_type().values()) <= set(KINDS)


def test_audits_of_plans():
    """Scores 60 and 80 of three plans: mean 70, coverage 2 of 3; co-production found in 1 of 1."""
    made = ehc_plan_audits(
        plans_of(
            {"pupil_id": "a", "quality_score": 60.0, "co_produced": True},
            {"pupil_id": "b", "quality_score": 80.0},
            {"pupil_id": "c"},
        ),
        **LA,
    )
    which = {"period": "202526"}
    assert figure(made, "ehc_quality_score", "value", "base_subjects", "eligible_subjects", **which) == (70.0, 2, 3)
    assert figure(made, "ehc_co_produced", **which) == (1, 1, 100.0)
    assert ehc_plan_audits(plans_of({"pupil_id": "a"}), **LA).is_empty()


# ---- what is planted in the sample


@pytest.fixture(scope="module")
def sample():
    return extra_tables(World(2026, 9, 1500))


def test_the_sample_shows_the_planted_share_in_20_weeks(sample):
    """48 % of the plans that start in a year are in time, spread evenly over all of them: within two plans a year."""
    rows = ehc_20_weeks(sample["ehc_requests"], sample["ehc_plans"], **LA)
    planted = extra()["ehc"]["within_20_weeks"]
    for period in ("2023", "2024", "2025"):
        within, issued = figure(rows, "ehc_within_20_weeks_all", "numerator", "denominator", period=period)
        assert abs(within - planted * issued) < 2


def test_the_sample_shows_the_planted_share_of_reviews(sample):
    """82 % of plans that are old enough have a review: each year's interval holds it, and only plans due are asked."""
    rows = ehc_annual_reviews(sample["ehc_plans"], sample["ehc_requests"], **LA)
    for period in ("2023", "2024", "2025"):
        row = find(rows, "ehc_reviews_held", period=period)
        assert row["lower"] < 100 * extra()["ehc"]["reviewed"] < row["upper"]
        assert row["denominator"] == find(rows, "ehc_reviews_due", period=period)["value"]


def test_every_active_plan_of_the_sample_is_placed_somewhere(sample):
    made = ehc_placement_kinds(sample["ehc_placements"], sample["ehc_plans"], SCHOOLS, **LA)
    sums = made.group_by("time_period").agg(pl.col("numerator").filter(measure="ehc_placements").sum())
    held = sample["ehc_plans"].group_by("return_year").len().sort("return_year")["len"].to_list()
    assert sums.sort("time_period")["numerator"].to_list() == held


# ---- what holds for all

FULL = [plan_after(100, "a"), plan_after(200, "b", week20=True, sex="M"), waiting(150, "c"), decided(30, "d", request_outcome="N")]  # noqa: E501  # fmt: skip
EVERY = {
    "ehc_20_weeks": lambda r, p: ehc_20_weeks(r, p, **LA),
    "ehc_requests_received": lambda r, p: ehc_requests_received(r, **LA),
    "ehc_decisions": lambda r, p: ehc_decisions(r, **LA),
    "ehc_disputes": lambda r, p: ehc_disputes(r, **LA),
}
OF_PLANS = {
    "ehc_annual_reviews": lambda p, r: ehc_annual_reviews(p, r, **LA),
    "ehc_phase_transfers": lambda p, r: ehc_phase_transfers(p, **LA),
    "ehc_plan_audits": lambda p, r: ehc_plan_audits(p, **LA),
}
ACTIVE = [{"pupil_id": "a", "review_meeting": date(2025, 5, 5), "phase_transfer_due": date(2026, 2, 15), "quality_score": 5.0}]  # noqa: E501  # fmt: skip


@pytest.mark.parametrize("name", EVERY)
def test_shape_row_order_pandas_and_nothing(name):
    metric, requests = EVERY[name], requests_of(*FULL)
    rows = metric(requests, NO_PLANS)
    assert list(rows.columns) == list(MEASURE_COLUMNS)
    assert not rows.select(MEASURE_KEY).is_duplicated().any()
    assert set(rows["measure"]) <= set(cards())
    assert set(rows["geographic_level"]) <= {"Local authority"}
    assert_frame_equal(metric(requests.reverse(), NO_PLANS), rows, check_row_order=False)
    assert isinstance(metric(requests.to_pandas(), NO_PLANS.to_pandas()), pd.DataFrame)
    assert metric(requests_of(), NO_PLANS).is_empty()


@pytest.mark.parametrize("name", OF_PLANS)
def test_shape_row_order_and_nothing_of_plans(name):
    metric, requests, plans = OF_PLANS[name], requests_of(*FULL), plans_of(*ACTIVE, {"pupil_id": "b"})
    rows = metric(plans, requests)
    assert list(rows.columns) == list(MEASURE_COLUMNS)
    assert not rows.select(MEASURE_KEY).is_duplicated().any()
    assert_frame_equal(metric(plans.reverse(), requests.reverse()), rows, check_row_order=False)
    assert metric(plans_of(), requests).is_empty()


def test_rows_of_another_return_change_nothing():
    more = [plan_after(100, "x", return_year="2024"), request("y", return_year="2025")]
    few, many = weeks(*FULL), weeks(*FULL, *more)
    assert_frame_equal(many.filter(time_period="2025"), few, check_row_order=False)


@given(days=st.integers(0, 500), years=st.integers(-3, 3), offset=st.integers(0, 364))
@settings(max_examples=40, deadline=None)
def test_whole_years_move_no_plan_across_the_limit(days, years, offset):
    """Both dates moved by whole years of 365 days, and the return with them: the days between do not change."""
    issued = date(2025, 1, 1) + offset * DAY
    moved = issued.replace(day=28, year=issued.year + years) if issued.month == 2 else issued.replace(year=issued.year + years)  # noqa: E501  # fmt: skip
    made = []
    for day in (issued, moved):
        row = request(return_year=str(day.year + 1), received_date=day - days * DAY, plan_start_date=day)
        made.append(figure(weeks(row), "ehc_within_20_weeks", period=str(day.year)))
    assert made[0] == made[1] == (int(days <= 140), 1, 100.0 * (days <= 140))


@given(st.lists(st.integers(0, 400), min_size=1, max_size=12))
@settings(max_examples=25, deadline=None)
def test_the_bands_share_out_all_plans(days):
    rows = weeks(*(plan_after(d, str(n)) for n, d in enumerate(days)))
    bands = rows.filter(measure="ehc_time_bands_all", sex="Total")
    assert bands["numerator"].sum() == len(days)
    assert figure(rows, "ehc_mean_weeks_all", "value")[0] == pytest.approx(sum(days) / 7 / len(days))


def test_review_base_keeps_every_plan():
    plans, requests = zip(*(reviewed(p) for p in "abc"), strict=True)
    assert review_base(plans_of(*plans), requests_of(*requests[:1]), **LA).height == 3
