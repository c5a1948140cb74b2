"""Wellbeing, behaviour and observations: pairs of ratings, measurement error, and none told apart from not known."""

from datetime import date

import polars as pl
import pytest
from hand_made import ELM, OAK, facts, table
from laws import SCHOOL, figure, find, holds

from sendlab.metrics import cards
from sendlab.metrics.voice.behaviour import behaviour_records, bullying_by_role
from sendlab.metrics.voice.beside_progress import wellbeing_beside_progress
from sendlab.metrics.voice.observations import observations_of_pupils, observed_change
from sendlab.metrics.voice.scales import DIFFICULTIES, GOOD, STRANDS, first_and_last, reliabilities, with_totals
from sendlab.metrics.voice.wellbeing import engagement, reliably_changed, scale_change, sdq_added, wellbeing_start

ELM_ID = ELM["school_id"]
AUTUMN, SUMMER, NEXT = date(2025, 10, 6), date(2026, 6, 8), date(2026, 10, 5)
ROLL = facts(*({} for _ in range(4)), sen_provision="SEN support", need_area="Social, emotional and mental health")


def rating(score, day=AUTUMN, scale="TOT", pupil="p0", rater="teacher", instrument="SDQ", version="T4-17", start=None,
           school=ELM_ID):  # fmt: skip
    return {"pupil_id": pupil, "school_id": school, "instrument": instrument, "scale": scale, "rated_on": day,
            "rater": rater, "version": version, "score": score, "is_baseline": start}  # fmt: skip


def ratings(*rows):
    return table("wellbeing", *rows)


def pair(first, last, pupil="p0", **more):
    return [
        rating(first, AUTUMN, pupil=pupil, start=True, **more),
        rating(last, SUMMER, pupil=pupil, start=False, **more),
    ]


# ---- pairs of ratings


def test_change_is_the_last_rating_less_the_start():
    """-4 and 2: mean -1; sd 4.242641, t(1) 12.706205: -1 -+ 38.118614."""
    rows = scale_change(ROLL, ratings(*pair(20.0, 16.0), *pair(10.0, 12.0, "p1"), rating(15.0, pupil="p2", start=True)))
    row = find(rows, "sdq_change", item="teacher")
    assert (row["value"], row["numerator"], row["base_subjects"], row["eligible_subjects"]) == (-1, -2, 2, 3)
    assert (row["lower"], row["upper"]) == (pytest.approx(-39.118614, abs=1e-5), pytest.approx(37.118614, abs=1e-5))


def test_raters_and_versions_are_never_compared():
    """The parent's 8 is no change from the teacher's 20, nor is the second version's 9."""
    rows = scale_change(ROLL, ratings(rating(20.0, start=True), rating(8.0, SUMMER, rater="parent"),
                                      rating(9.0, SUMMER, version="T2-4")))  # fmt: skip
    assert rows["value"].drop_nulls().is_empty()


def test_two_raters_stand_apart():
    rows = scale_change(ROLL, ratings(*pair(20.0, 16.0), *pair(20.0, 21.0, rater="parent")))
    assert figure(rows, "sdq_change", "value", item="teacher") == (-4,)
    assert figure(rows, "sdq_change", "value", item="parent") == (1,)


def test_without_marks_the_earliest_rating_is_the_start_and_the_last_of_a_year_counts():
    middle = date(2026, 2, 2)
    made = first_and_last(ratings(rating(20.0), rating(19.0, middle), rating(15.0, SUMMER)))
    assert made.select("first", "last", "change").rows() == [(20, 15, -5)]


def test_a_start_of_an_earlier_year_serves_a_later_one_and_a_new_start_begins_anew():
    """2025/26: 16 - 20. 2026/27: its start is 18 (October); 14 - 18, not 14 - 20."""
    later = date(2027, 6, 7)
    made = first_and_last(ratings(*pair(20.0, 16.0), rating(18.0, NEXT, start=True), rating(14.0, later, start=False)))
    assert made.sort("time_period").select("time_period", "change").rows() == [("202526", -4), ("202627", -4)]


def test_a_start_alone_is_no_change_from_the_year_before():
    made = first_and_last(ratings(*pair(20.0, 16.0), rating(18.0, NEXT, start=True)))
    assert made.sort("time_period")["change"].to_list() == [-4, None]


def test_a_rating_without_a_start_before_it_is_no_pair():
    made = first_and_last(ratings(rating(16.0, AUTUMN, start=False), rating(20.0, SUMMER, start=True)))
    assert made.select("first", "last").rows() == [(20, None)]


def test_total_difficulties_leave_out_prosocial_and_need_all_four():
    four = [rating(float(n), scale=name, start=True) for n, name in enumerate(DIFFICULTIES, start=1)]
    made = with_totals(ratings(*four, rating(9.0, scale="PRO")))
    assert DIFFICULTIES == ("EMO", "CON", "HYP", "PEER")
    assert made.filter(scale="TOT")["score"].to_list() == [10]
    assert with_totals(ratings(*four[:3])).filter(scale="TOT").is_empty()
    assert with_totals(ratings(*four, rating(11.0))).filter(scale="TOT")["score"].to_list() == [11]  # as given


def test_boxall_halves_move_in_their_own_direction():
    """Ten strands of 12 rise to 13 in one half and fall to 10 in the other: 10 and -20."""
    rows = []
    for half, last in (("developmental", 13.0), ("diagnostic", 10.0)):
        for strand in STRANDS[half]:
            rows += pair(12.0, last, scale=strand, instrument="Boxall", version=None)
    made = scale_change(ROLL, ratings(*rows))
    assert {half: len(names) for half, names in STRANDS.items()} == {"developmental": 10, "diagnostic": 10}
    assert figure(made, "boxall_developmental_change", "value", item="teacher") == (10,)
    assert figure(made, "boxall_diagnostic_change", "value", item="teacher") == (-20,)
    assert figure(made, "boxall_strand_change", "value", item="Q, teacher") == (-2,)
    assert cards()["boxall_developmental_change"].polarity == "high"
    assert cards()["boxall_diagnostic_change"].polarity == "low"


def test_another_instrument_keeps_its_name_and_no_direction():
    rows = scale_change(ROLL, ratings(*pair(3.0, 5.0, instrument="Resilience scale", scale="total", rater="pupil")))
    assert figure(rows, "other_scale_change", "value", item="Resilience scale total, pupil") == (2,)
    assert cards()["other_scale_change"].polarity == "none"


# ---- measurement error


@pytest.mark.parametrize(("last", "better", "worse"), [(15.0, 0, 0), (14.0, 1, 0), (25.0, 0, 0), (26.0, 0, 1)])
def test_reliable_change_of_teachers_sdq(last, better, worse):
    """sd 6, r 0.87: 1.959964 * 6 * root(0.26) = 5.996, so from 20 five points are within error and six are not."""
    rows = reliably_changed(ROLL, ratings(*pair(20.0, last)))
    assert figure(rows, "wellbeing_reliably_better", "numerator", item="SDQ TOT, teacher") == (better,)
    assert figure(rows, "wellbeing_reliably_worse", "numerator", item="SDQ TOT, teacher") == (worse,)


def known(sd, r, instrument="Boxall", scale="developmental"):
    return pl.DataFrame({"instrument": [instrument], "scale": [scale], "rater": ["teacher"], "sd": [sd],
                         "reliability": [r]})  # fmt: skip


def test_worked_case_of_jacobson_and_truax():
    """sd 7.5, r 0.80, 47.5 -> 32.5: RC -3.162278, reliable; lower is better there, as in the SDQ's total."""
    rows = reliably_changed(ROLL, ratings(*pair(47.5, 32.5)), known=known(7.5, 0.8, "SDQ", "TOT"))
    assert figure(rows, "wellbeing_reliably_better", "value", item="SDQ TOT, teacher") == (100,)


def test_a_rise_is_better_where_up_is_good():
    rows = []
    for strand in STRANDS["developmental"]:
        rows += pair(10.0, 14.0, scale=strand, instrument="Boxall", version=None)
    made = reliably_changed(ROLL, ratings(*rows), known=known(15, 0.9))
    assert figure(made, "wellbeing_reliably_better", "value", item="Boxall developmental, teacher") == (100,)
    assert GOOD["Boxall", "developmental"] == 1


def test_no_verdict_where_no_reliability_is_known():
    rows = pair(10.0, 20.0, scale="total", instrument="Resilience scale")
    assert reliably_changed(ROLL, ratings(*rows)).is_empty()
    assert reliabilities().filter(pl.col("instrument") != "SDQ").is_empty()


def test_a_pupil_not_rated_again_is_eligible_for_a_verdict():
    rows = reliably_changed(ROLL, ratings(*pair(20.0, 10.0), rating(15.0, pupil="p1", start=True)))
    item = "SDQ TOT, teacher"
    assert figure(rows, "wellbeing_reliably_better", "numerator", "denominator", "eligible_subjects", item=item) == (
        1,
        1,
        2,
    )


# ---- added value


def parents(total, impact, emotional, last, days=182, pupil="p0"):
    again = date.fromordinal(AUTUMN.toordinal() + days)
    start = [rating(float(score), AUTUMN, scale, pupil, "parent", start=True)
             for scale, score in (("TOT", total), ("IMP", impact), ("EMO", emotional))
             if score is not None]  # fmt: skip
    return [*start, rating(float(last), again, "TOT", pupil, "parent", start=False)]


def test_added_value_of_one_child():
    """2.3 + 0.8 * 22 + 0.2 * 5 - 0.3 * 6 - 18 = 1.1."""
    row = find(sdq_added(ROLL, ratings(*parents(22, 5, 6, 18))), "sdq_added_value", item="parent")
    assert (row["value"], row["base_subjects"]) == (pytest.approx(1.1), 1)


@pytest.mark.parametrize(("total", "rows"), [(16, 0), (17, 1)])
def test_added_value_is_for_children_at_high_risk(total, rows):
    made = sdq_added(ROLL, ratings(*parents(total, 5, 6, 15)))
    assert made.filter(geographic_level=SCHOOL, sen_provision="Total").height == rows


@pytest.mark.parametrize(("days", "counted"), [(121, 0), (122, 1), (243, 1), (244, 0)])
def test_added_value_is_for_about_six_months(days, counted):
    """4 to 8 months of 30.4375 days: 121.75 to 243.5 days."""
    row = find(sdq_added(ROLL, ratings(*parents(22, 5, 6, 18, days))), "sdq_added_value", item="parent")
    assert (row["base_subjects"] or 0, row["eligible_subjects"]) == (counted, 1)


def test_added_value_needs_the_impact_supplement_and_parents():
    row = find(sdq_added(ROLL, ratings(*parents(22, None, 6, 18))), "sdq_added_value", item="parent")
    assert (row["value"], row["eligible_subjects"], row["status"]) == (None, 1, "x")
    assert sdq_added(ROLL, ratings(*pair(22.0, 18.0))).is_empty()


# ---- engagement model and starting points


def test_engagement_is_counted_by_direction_and_never_averaged():
    rows = []
    for pupil, last in (("p0", 4.0), ("p1", 3.0), ("p2", 1.0), ("p3", 4.0)):
        rows += pair(3.0, last, pupil, scale="EXP", instrument="engagement model", version=None)
    made = engagement(ROLL, ratings(*rows))
    counts = {
        way: figure(made, "engagement_areas", "value", item=f"Exploration: {way}")[0]
        for way in ("more", "as before", "less")
    }
    assert counts == {"more": 2, "as before": 1, "less": 1}
    assert cards()["engagement_areas"].kind == "count"
    assert scale_change(ROLL, ratings(*rows)).is_empty()


def test_starting_points_of_pupils_with_send():
    """p0 rated, p1 to p3 not: 1 of 4; Oak rated nobody and is not known."""
    both = pl.concat([ROLL, facts({"pupil_id": "q", "sen_provision": "EHC plan", **OAK})])
    rows = wellbeing_start(both, ratings(rating(20.0)))
    assert figure(rows, "wellbeing_baseline", "numerator", "denominator", "eligible_subjects") == (1, 4, 5)
    assert figure(rows, "wellbeing_baseline", "value", "status", level=SCHOOL, place_code="100002") == (None, "x")


# ---- behaviour


def record(pupil, day, kind="behaviour points", points=None, type="week", role=None, school=ELM_ID):
    return {"pupil_id": pupil, "school_id": school, "recorded_on": day, "kind": kind, "type": type, "points": points,
            "role": role}  # fmt: skip


def records(*rows):
    return table("behaviour", *rows)


SPRING = date(2026, 2, 2)


def test_points_a_pupil_by_term_and_year_count_pupils_without_any():
    """Autumn 6 and 2, spring 4, of four pupils: 2, 1 and 3 points a pupil."""
    rows = behaviour_records(ROLL, records(record("p0", AUTUMN, points=6.0), record("p1", AUTUMN, points=2.0),
                                           record("p0", SPRING, points=4.0)))  # fmt: skip
    for period, value in (("Autumn term", 2), ("Spring term", 1), ("Autumn and spring term", 3)):
        row = find(rows, "behaviour_points", time_identifier=period)
        assert (row["value"], row["base_subjects"]) == (value, 4)
    assert find(rows, "behaviour_points", time_identifier="Autumn term")["with_subjects"] == 2
    assert find(rows, "behaviour_points", time_identifier="Autumn term")["top_share"] == 0.75


def test_a_log_of_one_term_is_that_term_only():
    rows = behaviour_records(ROLL, records(record("p0", AUTUMN, points=6.0)))
    assert set(rows["time_identifier"]) == {"Autumn term"}


def test_a_kind_that_a_school_does_not_record_is_not_known():
    """Oak records bullying only: its behaviour points are not 0."""
    both = pl.concat([ROLL, facts({"pupil_id": "q", **OAK})])
    rows = behaviour_records(both, records(record("p0", AUTUMN, points=6.0),
                                           record("q", AUTUMN, "bullying", type="online",
                                                  school=OAK["school_id"])))  # fmt: skip
    assert figure(rows, "behaviour_points", "value", "status", level=SCHOOL, place_code="100002") == (None, "x")
    assert figure(rows, "behaviour_points", "base_subjects", "eligible_subjects") == (4, 5)
    assert figure(rows, "bullying_records", "value", level=SCHOOL, place_code="100002", item="online") == (100,)


def test_bullying_by_type_adds_up():
    rows = behaviour_records(ROLL, records(*(record(f"p{n}", AUTUMN, "bullying", type=name)
                                             for n, name in enumerate(("online", "verbal", "verbal")))))  # fmt: skip
    assert figure(rows, "bullying_records", "numerator", "value") == (3, 75)
    assert figure(rows, "bullying_records", "numerator", item="verbal") == (2,)


def test_who_was_bullied_needs_the_restricted_column():
    plain = records(record("p0", AUTUMN, "bullying", type="online"))
    assert bullying_by_role(ROLL, plain).is_empty()
    named = records(*(record(f"p{n}", AUTUMN, "bullying", type="online", role=role)
                      for n, role in enumerate(("target", "responsible", "both"))))  # fmt: skip
    rows = bullying_by_role(ROLL, named)
    assert figure(rows, "bullied_pupils", "numerator", "denominator") == (2, 4)
    assert figure(rows, "pupils_who_bullied", "numerator", "denominator") == (2, 4)


# ---- observations


def note(pupil, day, number=1, code="engagement", author="teacher", change=None):
    return {"pupil_id": pupil, "school_id": ELM_ID, "observed_on": day, "number": number, "code": code,
            "author": author, "change": change}  # fmt: skip


def notes(*rows):
    return table("observations", *rows)


def test_observations_a_pupil_with_send_and_those_without_any():
    """Three of p0 and one of p1's own, of four pupils: 1 a pupil, 2 of 4 observed, 1 of 4 reflects."""
    rows = observations_of_pupils(
        ROLL, notes(*(note("p0", AUTUMN, n) for n in (1, 2, 3)), note("p1", AUTUMN, author="pupil"))
    )
    assert figure(rows, "observations_per_pupil", "value", "numerator") == (1, 4)
    assert figure(rows, "pupils_observed", "numerator", "denominator") == (2, 4)
    assert figure(rows, "reflects_on_own_learning", "numerator", "denominator") == (1, 4)


def test_observed_change_counts_those_that_say():
    """More, more, less and one that does not say: 2 of 3 more, 1 of 3 less."""
    rows = observed_change(ROLL, notes(note("p0", AUTUMN, 1, change=1), note("p0", AUTUMN, 2, change=-1),
                                       note("p1", AUTUMN, change=1), note("p2", AUTUMN)))  # fmt: skip
    row = find(rows, "observed_more", item="engagement")
    assert (row["numerator"], row["denominator"], row["base_subjects"], row["eligible_subjects"]) == (2, 3, 2, 3)
    assert figure(rows, "observed_less", "numerator", item="engagement") == (1,)


def test_a_share_of_0_or_of_all_has_no_interval_of_no_width():
    row = find(observed_change(ROLL, notes(*(note(f"p{n}", AUTUMN, change=1) for n in range(3)))), "observed_less",
               item="engagement")  # fmt: skip
    assert (row["value"], row["lower"], round(row["upper"], 4)) == (0, 0, 56.1497)  # none of three pupils: Wilson


def test_laws_and_every_card_of_the_topics_is_made():
    rows = [*pair(20.0, 16.0), *pair(18.0, 8.0, "p1"), *pair(5.0, 3.0, scale="EMO"), *parents(22, 5, 6, 18),
            *pair(3.0, 4.0, instrument="engagement model", scale="EXP", version=None),
            *pair(3.0, 4.0, instrument="Resilience scale", scale="total", version=None)]  # fmt: skip
    for half in STRANDS.values():
        for strand in half:
            rows += pair(12.0, 13.0, scale=strand, instrument="Boxall", version=None)
    made = [holds(metric, ROLL, ratings(*rows))
            for metric in (scale_change, reliably_changed, sdq_added, engagement, wellbeing_start)]  # fmt: skip
    kinds = ("behaviour points", "reward points", "bullying", "pastoral", "restorative")
    log = records(*(record(f"p{n % 3}", AUTUMN, kind, 2.0, kind, "both") for n, kind in enumerate(kinds)),
                  record("p0", SPRING, points=3.0))  # fmt: skip
    made += [holds(behaviour_records, ROLL, log), holds(bullying_by_role, ROLL, log)]
    written = notes(
        note("p0", AUTUMN, change=1), note("p1", AUTUMN, change=-1, author="pupil"), note("p1", SPRING, change=0)
    )
    made += [holds(observations_of_pupils, ROLL, written), holds(observed_change, ROLL, written)]
    tested = table("assessments", *(
        {"pupil_id": "p0", "school_id": ELM_ID, "time_period": "202526", "assessment": "Test A", "subject": "reading",
         "assessed_on": day, "score": 90.0}
        for day in (AUTUMN, SUMMER)
    ))  # fmt: skip
    made.append(holds(wellbeing_beside_progress, ROLL, ratings(*rows), tested))
    topics = {"wellbeing", "behaviour"}
    assert set(pl.concat(made)["measure"]) == {name for name, card in cards().items() if card.topic in topics}
