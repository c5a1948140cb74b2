"""Suspensions beyond the headline, on events written by hand: repeats, days, lengths, reasons, status and roll."""

from datetime import date, timedelta

import polars as pl
import pytest
from hand_made import facts_of

from sendlab import metrics
from sendlab.errors import SendlabError

A, B = "9991001", "9991002"
AUTUMN, SPRING = "Autumn term", "Spring term"
LUNCHTIME = 1  # sessions that a lunchtime counts as: docs/decisions.md, "Suspensions"


def census(pupil, status="K", school=A, term=SPRING, **more):
    usual = {"on_roll": True, "enrol_status": "C", "age_at_31_august": 8, "boarder": "N", "time_period": "202526"}
    return {"pupil_id": pupil, "school_id": school, "term": term, "sen_provision": status, **usual, **more}


def event(pupil="p1", n=0, sessions=None, category="SUSP", status="K", school=A, reasons=(), **more):
    """The n-th day of autumn."""
    day = {"start_date": date(2025, 9, 8) + timedelta(days=n), "category": category, "sessions": sessions}
    why = {f"reason_{place}": code for place, code in enumerate(reasons, 1)}
    return {"pupil_id": pupil, "school_id": school, "sen_provision": status, **day, **why, **more}


def four(*events, **more):
    """Facts of four pupils on the roll of one school, two on SEN support and two without SEN, with these events."""
    rows = [census("p1"), census("p2"), census("q1", "N"), census("q2", "N")]
    return facts_of(pupils=rows, suspensions=list(events), **more)


def one(made, group="Total", level="School", **where):
    rows = made.filter(pl.col("need_area") == "Total", geographic_level=level, sen_provision=group, **where)
    assert rows.height == 1, rows
    return rows.row(0, named=True)


# ---- once, again


@pytest.mark.parametrize(("times", "once", "again"), [(0, 0, 0), (1, 1, 0), (2, 1, 1), (5, 1, 1)])
def test_once_or_more_and_again(times, once, again):
    """q1 has one suspension whatever p1 has; of four on the roll."""
    made = four(event("q1"), *(event(n=n) for n in range(times)))
    assert one(metrics.suspended_once_or_more(made))["numerator"] == once + 1
    row = one(metrics.suspended_again(made))
    assert (row["numerator"], row["denominator"], row["value"]) == (again, 4, 25 * again)


def test_permanent_exclusions_are_no_second_suspension():
    made = four(event(), event(n=1, category="PERM"))
    assert one(metrics.suspended_again(made))["numerator"] == 0
    assert one(metrics.permanent_exclusion_rate(made))["value"] == 25


def test_suspensions_at_two_schools_are_once_at_each():
    """An enrolment is counted at its school: neither school suspended the pupil twice."""
    made = facts_of(pupils=[census("p1"), census("p1", school=B, enrol_status="S"), census("p2", school=B)],
                    suspensions=[event("p1"), event("p1", 1, school=B)])  # fmt: skip
    assert one(metrics.suspended_again(made), place_code=A)["numerator"] == 0
    assert one(metrics.suspended_once_or_more(made), place_code=B)["numerator"] == 1


# ---- days, lengths, part days


def test_days_lost_are_sessions_in_halves_per_100_on_the_roll():
    """p1: 3 sessions and 4; q1: 10. 17 sessions are 8.5 days, of four pupils: 212.5 per 100."""
    row = one(metrics.days_lost(four(event(sessions=3), event(n=9, sessions=4), event("q1", sessions=10))))
    assert (row["numerator"], row["denominator"], row["value"]) == (8.5, 4, 212.5)
    assert (row["with_subjects"], row["top_share"]) == (2, pytest.approx(5 / 8.5))


@pytest.mark.parametrize(("sessions", "lunchtimes"), [(None, 1), (1, 1), (3, 3)])
def test_a_lunchtime_suspension_counts_as_half_a_day(sessions, lunchtimes):
    made = four(event(sessions=sessions, category="LNCH"))
    assert one(metrics.days_lost(made))["numerator"] == lunchtimes * LUNCHTIME / 2
    assert one(metrics.suspension_rate(made))["numerator"] == 1
    assert one(metrics.suspension_length(made))["value"] == lunchtimes * LUNCHTIME / 2


def test_a_suspension_of_unknown_length_counts_no_day_and_not_as_a_short_one():
    """p1: 6 sessions and one unknown; p2: unknown alone; q1: 2. Mean of the known two: 4 sessions, 2 days."""
    made = four(event(sessions=6), event(n=9), event("p2"), event("q1", sessions=2))
    assert one(metrics.days_lost(made))["numerator"] == 4
    row = one(metrics.suspension_length(made))
    assert (row["numerator"], row["denominator"], row["value"]) == (4, 2, 2)
    assert (row["base_subjects"], row["eligible_subjects"]) == (2, 3)
    assert one(metrics.suspension_rate(made))["numerator"] == 4


def test_length_is_a_mean_over_suspensions_not_over_pupils():
    """p1: 1, 1 and 1 session; q1: 9: 12 sessions of 4 suspensions, 1.5 days."""
    made = four(*(event(n=n, sessions=1) for n in range(3)), event("q1", sessions=9))
    row = one(metrics.suspension_length(made))
    assert row["value"] == 1.5
    assert one(metrics.suspension_length(made), "SEN support")["value"] == 0.5


def test_where_no_length_is_known_there_is_none():
    made = four(event(), event("q1"))
    for metric in (metrics.suspension_length, metrics.part_day_suspensions):
        row = one(metric(made))
        assert (row["value"], row["status"], row["base_subjects"], row["eligible_subjects"]) == (None, "z", 0, 2)


@pytest.mark.parametrize(
    ("sessions", "category", "part"),
    [(1, "SUSP", True), (2, "SUSP", False), (0.5, "LNCH", True), (None, "LNCH", True), (5, "LNCH", True),
     (1, "FIXD", True), (10, "FIXD", False)],
)  # fmt: skip
def test_part_of_a_day_is_one_session_or_a_lunchtime(sessions, category, part):
    """Beside it one of two days and one of unknown length, which is neither part nor whole."""
    made = four(event(sessions=sessions, category=category), event("q1", sessions=4), event("q2"))
    row = one(metrics.part_day_suspensions(made))
    assert (row["denominator"], row["value"]) == (2, 50 * part)


def test_a_permanent_exclusion_has_no_length():
    made = four(event(category="PERM", sessions=90), event("q1", sessions=2))
    assert one(metrics.days_lost(made))["numerator"] == 1
    assert one(metrics.suspension_length(made))["value"] == 1


# ---- reasons


def shares(made, group="Total"):
    rows = metrics.suspension_reasons(made).filter(geographic_level="School", sen_provision=group, need_area="Total")
    return {row["item"]: row for row in rows.iter_rows(named=True)}


def test_up_to_three_reasons_count_each_so_shares_pass_100_together():
    """Four suspensions: PP, PP + DB, PP + DB + VB, none. PP 75 %, DB 50 %, VB 25 %: 150 % together."""
    made = four(event(reasons=("PP",)), event(n=9, reasons=("DB", "PP")), event("q1", reasons=("VB", "PP", "DB")),
                event("q2"))  # fmt: skip
    rows = shares(made)
    assert {code: row["value"] for code, row in rows.items()} == {"PP": 75, "DB": 50, "VB": 25}
    assert {row["denominator"] for row in rows.values()} == {4}
    assert all("more than 100 %" in row["note"] for row in rows.values())
    assert (rows["PP"]["with_subjects"], rows["PP"]["top_share"]) == (2, pytest.approx(2 / 3))


def test_a_reason_named_twice_for_one_suspension_counts_once():
    assert shares(four(event(reasons=("PP", "PP"))))["PP"]["value"] == 100


def test_reasons_are_of_suspensions_alone_and_of_each_group():
    made = four(event(reasons=("PP",)), event(n=1, category="PERM", reasons=("DM",)), event("q1", reasons=("DB",)))
    assert {code: row["value"] for code, row in shares(made).items()} == {"PP": 50, "DB": 50, "DM": 0}
    assert {code: row["value"] for code, row in shares(made, "No SEN").items()} == {"PP": 0, "DB": 100, "DM": 0}


def test_a_reason_of_no_code_set_is_said_to_be_none():
    assert "in no code set" in shares(four(event(reasons=("??",))))["??"]["note"]


def test_without_reasons_there_is_nothing_to_tell():
    assert metrics.suspension_reasons(four(event())).is_empty()


# ---- the status at the event


def moved():
    """p1, on SEN support in January, was suspended twice before with no SEN and once since; q1 once, without SEN."""
    events = [event(status="N"), event(n=5, status="N"), event(n=200, status="K"), event("q1", status="N")]
    return four(*events)


@pytest.mark.parametrize(
    ("status", "group", "events", "pupils", "again"),
    [("january", "SEN support", 3, 1, 1), ("january", "No SEN", 1, 1, 0),
     ("at_event", "SEN support", 1, 1, 0), ("at_event", "No SEN", 3, 2, 1)],
)  # fmt: skip
def test_events_count_under_january_status_or_under_that_of_their_day(status, group, events, pupils, again):
    """Pupils on the roll stay those of January, two of each."""
    made = moved()
    rate = one(metrics.suspension_rate(made, status=status), group)
    once = one(metrics.suspended_once_or_more(made, status=status), group)
    twice = one(metrics.suspended_again(made, status=status), group)
    assert (rate["numerator"], once["numerator"], twice["numerator"]) == (events, pupils, again)
    assert {row["denominator"] for row in (rate, once, twice)} == {2}


def test_totals_count_each_pupil_once_whatever_the_status():
    for metric in (metrics.suspension_rate, metrics.suspended_once_or_more, metrics.suspended_again):
        january, then = (one(metric(moved(), status=status)) for status in ("january", "at_event"))
        assert [then[n] for n in ("numerator", "denominator", "value")] == [
            january[n] for n in ("numerator", "denominator", "value")
        ]


def test_the_status_of_the_event_is_named_beside_the_figure():
    """Default and option are both named: rows at the event say so, and January's carry no such word."""
    assert "first day" in one(metrics.suspension_rate(moved(), status="at_event"), "No SEN")["note"]
    assert "first day" not in one(metrics.suspension_rate(moved()), "No SEN")["note"]


def test_a_status_that_is_none_is_told():
    with pytest.raises(SendlabError, match="'june'") as fault:
        metrics.suspension_rate(moved(), status="june")
    assert "at_event" in fault.value.next_step


# ---- leavers, and which denominator


def test_leavers_are_not_lost():
    """T-8. The leaver was on October's roll, suspended twice for 5 days, and is not on January's: 1 pupil is."""
    rows = [census("here", "N"), census("leaver", "N", term=AUTUMN)]
    made = facts_of(pupils=rows, suspensions=[event("leaver", sessions=10), event("leaver", 9, reasons=("PP",))])
    assert one(metrics.suspension_rate(made))["value"] == 200
    again = one(metrics.suspended_again(made))
    assert (again["numerator"], again["denominator"], again["value"]) == (1, 1, 100)
    assert one(metrics.days_lost(made))["numerator"] == 5
    assert one(metrics.suspension_length(made))["denominator"] == 1
    assert shares(made)["PP"]["value"] == 50


def test_more_leavers_suspended_than_pupils_on_the_roll_are_marked_and_not_cut():
    leavers = [census(f"l{n}", "N", term=AUTUMN) for n in range(3)]
    made = facts_of(pupils=[census("here", "N"), *leavers],
                    suspensions=[event(f"l{n}", k) for n in range(3) for k in range(2)])  # fmt: skip
    row = one(metrics.suspended_again(made))
    assert (row["value"], row["status"], row["lower"], row["upper"]) == (300, "u", None, None)
    assert "left" in row["note"]


def test_rates_are_on_the_roll_and_absence_on_enrolments():
    """T-5. Elm: p1 and p2 sole, p3 subsidiary with sessions of its own: a roll of 2, and 3 enrolments."""
    taken = {"time_period": "202526", "term": AUTUMN, "part": "whole term", "school_id": A, "sessions_possible": 100,
             "sessions_authorised": 20, "sessions_unauthorised": 0}  # fmt: skip
    made = facts_of(pupils=[census("p1"), census("p2"), census("p3", enrol_status="S")],
                    attendance=[taken | {"pupil_id": f"p{n}"} for n in (1, 2, 3)], suspensions=[event()])  # fmt: skip
    for metric in (metrics.suspension_rate, metrics.suspended_once_or_more, metrics.suspended_again, metrics.days_lost):
        assert one(metric(made))["denominator"] == 2, metric.__name__
    for name in ("persistent_absence", "severe_absence", "attendance_98"):
        assert one(getattr(metrics, name)(made))["denominator"] == 3, name


def test_an_october_roll_is_named_as_provisional():
    made = facts_of(pupils=[census("p1", term=AUTUMN)], suspensions=[event()])
    for status in ("january", "at_event"):
        assert "Autumn term census (provisional)" in one(metrics.suspension_rate(made, status=status))["note"]


def test_days_lost_say_where_lengths_are_missing():
    """A suspension of unknown length counts no day: marked u beside known ones, and no figure where none is known."""
    some = one(metrics.days_lost(four(event(sessions=4), event(n=9))))
    assert (some["numerator"], some["status"]) == (2, "u") and some["note"].startswith("at least")
    none = one(metrics.days_lost(four(event(), event(n=9))))
    assert (none["numerator"], none["value"], none["status"]) == (None, None, "x")
