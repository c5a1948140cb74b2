"""Facts and bases on tables small enough to read: who counts, in which year, at which school, with which status."""

from datetime import date

import polars as pl
import pytest
from hand_made import facts_of

from sendlab.cohort import (
    attendance_base,
    attendance_left_out,
    by_status_at_event,
    few_unrecorded,
    ks2_base,
    ks2_eligible,
    period_covered,
    require_facts,
    roll_base,
    without_few_unrecorded,
)
from sendlab.coverage import term_of_date
from sendlab.errors import SendlabError
from sendlab.facts import make_facts

A, B = "9991001", "9991002"
AUTUMN, SPRING, SUMMER = "Autumn term", "Spring term", "Summer term"


def census(pupil="p1", school=A, year="202526", term=SPRING, status="K", **more):
    """A row of a census, on the roll with a single registration unless told otherwise."""
    usual = {"on_roll": True, "enrol_status": "C", "age_at_31_august": 8, "boarder": "N", "nc_year": "4"}
    key = {"pupil_id": pupil, "school_id": school, "time_period": year, "term": term, "sen_provision": status}
    return {**usual, **key, **more}


def sessions(pupil="p1", possible=100, authorised=5, unauthorised=0, school=A, year="202526", term=AUTUMN, **more):
    key = {"pupil_id": pupil, "school_id": school, "time_period": year, "term": term, "part": "whole term"}
    counts = {"sessions_possible": possible, "sessions_authorised": authorised, "sessions_unauthorised": unauthorised}
    return {**key, **counts, **more}


def event(pupil="p1", day=date(2025, 11, 3), category="SUSP", status="K", school=A):
    return {
        "pupil_id": pupil,
        "school_id": school,
        "start_date": day,
        "category": category,
        "sen_provision": status,
    }


def result(subject, score=None, outcome=None, pupil="p1", assessment="KS2", day=None, school=A, year="202526"):
    key = {"pupil_id": pupil, "school_id": school, "time_period": year, "assessment": assessment, "subject": subject}
    return {**key, "assessed_on": day, "score": score, "outcome": outcome}


def only(frame, **equals):
    """The one row that fits, as a dict."""
    rows = frame.filter(**equals)
    assert rows.height == 1, rows
    return rows.row(0, named=True)


# ---- no data, and places


def test_empty_tables_give_no_facts():
    facts = facts_of()
    assert facts.is_empty()
    for base in (attendance_base, attendance_left_out, roll_base, ks2_base, ks2_eligible, without_few_unrecorded):
        assert base(facts).is_empty()


def test_places_are_named_by_urn_and_phase_and_by_id_where_nothing_is_known():
    schools = [{"school_id": A, "school_urn": "100001", "school_name": "Elm", "phase_code": "PS"}]
    facts = facts_of(schools=schools, pupils=[census(), census("p2", B)])
    elm, other = only(facts, pupil_id="p1"), only(facts, pupil_id="p2")
    assert (elm["place_code"], elm["place_name"], elm["education_phase"]) == ("100001", "Elm", "Primary")
    assert (other["place_code"], other["place_name"], other["education_phase"]) == (B, B, "Unknown")
    assert {(row["la_code"], row["la_name"]) for row in (elm, other)} == {("999", "Trialshire (invented)")}


def test_pupil_without_data_of_a_kind_has_nulls_there():
    row = only(facts_of(pupils=[census()]))
    for name in ("sessions_possible", "attendance_status", "suspensions", "ks2_reading_score", "ks1_points"):
        assert row[name] is None, name


# ---- SEN status


def test_january_status_wins_over_autumn_and_summer():
    rows = [census(term=AUTUMN, status="N"), census(term=SPRING, status="E"), census(term=SUMMER, status="K")]
    row = only(facts_of(pupils=rows))
    assert (row["sen_provision"], row["sen_basis"]) == ("EHC plan", "January census")


def test_without_january_the_nearest_census_gives_the_status_and_says_so():
    """For 2024/25 (January 2025) October 2025 is two terms away and January 2026 three."""
    rows = [census(year="202526", term=AUTUMN, status="K"), census(year="202526", term=SPRING, status="E")]
    facts = facts_of(pupils=rows, attendance=[sessions(year="202425", term=SUMMER)])
    then, now = only(facts, time_period="202425"), only(facts, time_period="202526")
    assert (then["sen_provision"], now["sen_provision"]) == ("SEN support", "EHC plan")
    assert then["sen_basis"] == "Autumn term census 202526 (provisional)"
    assert (then["age_at_31_august"], now["age_at_31_august"]) == (7, 8)
    assert then["nc_year"] is None  # the year group of another year is not that year's
    assert not then["on_roll"]


def test_status_of_the_same_school_comes_first_at_the_same_census():
    """Dual registration: school A says K, school B says E; each fact has its own school's word."""
    rows = [census(school=A, status="K", enrol_status="M"), census(school=B, status="E", enrol_status="S")]
    facts = facts_of(pupils=rows)
    assert only(facts, school_id=A)["sen_provision"] == "SEN support"
    assert only(facts, school_id=B)["sen_provision"] == "EHC plan"


def test_status_without_a_row_at_the_school_comes_from_the_main_registration_in_any_order():
    """An event at a third school; the pupil is at two others on the same day."""
    rows = [census(school=B, status="E", enrol_status="S"), census(school="9991003", status="K", enrol_status="M")]
    for order in (rows, rows[::-1]):
        facts = facts_of(pupils=order, suspensions=[event(school=A)])
        assert only(facts, school_id=A)["sen_provision"] == "SEN support"


@pytest.mark.parametrize(
    ("code", "name"),
    [("E", "EHC plan"), ("S", "EHC plan"), ("K", "SEN support"), ("A", "SEN support"), ("N", "No SEN"),
     (None, "Not recorded"), ("?", "Not recorded")],
)  # fmt: skip
def test_provision_codes_and_blank_is_not_recorded_never_no_sen(code, name):
    assert only(facts_of(pupils=[census(status=code)]))["sen_provision"] == name


def test_pupil_in_no_census_is_not_recorded():
    assert only(facts_of(attendance=[sessions("stranger")]))["sen_provision"] == "Not recorded"


def test_need_areas_and_a_year_without_any_need():
    needs = {"p1": "ASD", "p2": "MLD", "p3": "SEMH", "p4": "VI", "p5": "OTH", "p6": None}
    january = [census(p, sen_primary_need=need) for p, need in needs.items()]
    facts = facts_of(pupils=[*january, census("p7", year="202627", term=AUTUMN)])
    areas = dict(facts.filter(time_period="202526").select("pupil_id", "need_area").iter_rows())
    assert areas == {
        "p1": "Communication and interaction",
        "p2": "Cognition and learning",
        "p3": "Social, emotional and mental health",
        "p4": "Sensory and/or physical",
        "p5": "No broad area",
        "p6": "No broad area",
    }
    # the autumn census asks for no need: one who joined since is not yet collected, which is not "No broad area"
    assert facts.filter(time_period="202627")["need_area"].to_list() == ["Not yet collected"]


def test_need_and_ethnicity_of_a_year_without_a_spring_census_are_those_of_the_last_one():
    spring = census("p1", sen_primary_need="ASD", ethnicity="WBRI", status="K")
    facts = facts_of(pupils=[spring, census("p1", year="202627", term=AUTUMN)]).filter(time_period="202627")
    assert facts.select("need_area", "sen_primary_need", "ethnicity_major").row(0) == (
        "Communication and interaction", "ASD", "White",
    )  # fmt: skip


def test_where_no_census_asked_for_needs_there_is_no_breakdown_by_need():
    assert facts_of(pupils=[census("p1", term=AUTUMN)])["need_area"].to_list() == [None]


def test_few_unrecorded_are_left_out_and_many_are_a_group():
    """1 of 101 is under 1 %, 1 of 100 is 1 %."""
    pupils = [census(f"p{n}") for n in range(100)]
    few = facts_of(pupils=[*pupils, census("blank", status=None)])
    many = facts_of(pupils=[*pupils[1:], census("blank", status=None)])
    assert (without_few_unrecorded(few).height, few_unrecorded(few)) == (100, ["202526"])
    assert (without_few_unrecorded(many).height, few_unrecorded(many)) == (100, [])
    assert "Not recorded" in set(without_few_unrecorded(many)["sen_provision"])


# ---- the roll


@pytest.mark.parametrize(
    ("status", "counted"),
    [("C", True), ("M", True), (None, True), ("S", False), ("G", False), ("F", False), ("O", False)],
)
def test_sole_and_main_registrations_are_on_the_roll_and_subsidiary_ones_not(status, counted):
    facts = facts_of(pupils=[census(enrol_status=status), census("other")])
    assert only(facts, pupil_id="p1")["on_roll"] is counted


def test_roll_is_the_january_census():
    """p1 left before January, p2 came after; p3 was there."""
    rows = [
        census("p1", term=AUTUMN), census("p1", term=SPRING, on_roll=False), census("p2", term=SUMMER),
        census("p3", term=AUTUMN), census("p3", term=SPRING),
    ]  # fmt: skip
    facts = facts_of(pupils=rows)
    assert dict(facts.select("pupil_id", "on_roll").iter_rows()) == {"p1": False, "p2": False, "p3": True}
    assert only(facts, pupil_id="p3")["roll_basis"] == "January census"


def test_before_january_the_latest_census_is_the_roll_and_says_provisional():
    row = only(facts_of(pupils=[census(term=AUTUMN)]))
    assert (row["on_roll"], row["roll_basis"]) == (True, "Autumn term census (provisional)")


def test_leaver_keeps_data_and_has_no_fact_for_the_census_of_leaving():
    """Left in July 2025, returned as a leaver in October 2025 with the summer's sessions."""
    rows = [census(year="202425", status="E"), census(term=AUTUMN, on_roll=False, status=None)]
    facts = facts_of(pupils=rows, attendance=[sessions(year="202425", term=SUMMER, authorised=30)])
    row = only(facts)
    assert (row["time_period"], row["sen_provision"], row["sessions_authorised"]) == ("202425", "EHC plan", 30)
    assert attendance_base(facts).height == 1


def test_pupil_at_two_schools_is_two_enrolments_each_with_its_own_data():
    rows = [census(school=A, enrol_status="M"), census(school=B, enrol_status="S")]
    taken = [sessions(school=A, possible=60, authorised=6), sessions(school=B, possible=40, authorised=1)]
    facts = facts_of(pupils=rows, attendance=taken, suspensions=[event(school=B)])
    at_a, at_b = only(facts, school_id=A), only(facts, school_id=B)
    assert (at_a["sessions_possible"], at_b["sessions_possible"]) == (60, 40)
    assert (at_a["suspensions"], at_b["suspensions"]) == (0, 1)
    assert (at_a["on_roll"], at_b["on_roll"]) == (True, False)


# ---- attendance


def test_terms_and_parts_of_terms_are_summed():
    parts = [
        sessions(term=AUTUMN, possible=140, authorised=4, unauthorised=1), sessions(term=SPRING, possible=120),
        sessions(term=SUMMER, possible=60, part="to late May"), sessions(term=SUMMER, possible=50, part="second half"),
    ]  # fmt: skip
    row = only(facts_of(pupils=[census()], attendance=parts))
    assert (row["sessions_possible"], row["sessions_authorised"], row["sessions_unauthorised"]) == (370, 19, 1)
    assert sorted(row["attendance_terms"]) == [AUTUMN, SPRING, SUMMER]


def test_term_without_absence_is_not_a_term_without_absences():
    """Autumn returned 100 possible and nothing about absence: only spring counts."""
    rows = [sessions(term=AUTUMN, authorised=None, unauthorised=None), sessions(term=SPRING, possible=80, authorised=8)]
    row = only(facts_of(pupils=[census()], attendance=rows))
    assert (row["sessions_possible"], row["sessions_authorised"], row["attendance_status"]) == (80, 8, "")


@pytest.mark.parametrize("blank", ["authorised", "unauthorised", "possible"])
def test_absence_never_returned_is_not_in_the_base(blank):
    facts = facts_of(pupils=[census()], attendance=[sessions(**{blank: None})])
    assert only(facts)["attendance_status"] == "not returned"
    assert attendance_base(facts).is_empty()
    assert only(attendance_left_out(facts))["reason"] == "absence not returned"


def test_absence_above_possible_leaves_the_rate_and_is_counted():
    """p1 missed 101 of 100, p2 exactly 100 of 100, which may be."""
    rows = [sessions("p1", authorised=100, unauthorised=1), sessions("p2", authorised=100)]
    facts = facts_of(pupils=[census("p1"), census("p2")], attendance=rows)
    assert attendance_base(facts)["pupil_id"].to_list() == ["p2"]
    left = only(attendance_left_out(facts))
    assert (left["place_code"], left["reason"], left["pupils"]) == (A, "more sessions missed than possible", 1)


def test_one_impossible_term_takes_the_year_out():
    rows = [sessions(term=AUTUMN), sessions(term=SPRING, possible=10, authorised=11)]
    assert attendance_base(facts_of(pupils=[census()], attendance=rows)).is_empty()


def test_who_is_in_the_attendance_base_and_why_the_others_are_not():
    """Ages 5 to 15 on 31 August, no boarders, possible sessions above nothing."""
    ages = {"a4": 4, "a5": 5, "a15": 15, "a16": 16, "unknown": None}
    pupils = [census(p, age_at_31_august=age) for p, age in ages.items()]
    pupils += [census(f"b{code}", boarder=code) for code in ("B", "6", "7")]
    pupils += [census("blank", boarder=None), census("none"), census("absent")]
    names = [row["pupil_id"] for row in pupils]
    rows = [sessions(p) for p in names if p not in ("none", "absent")] + [sessions("none", 0, 0, 0)]
    facts = facts_of(pupils=pupils, attendance=rows)
    assert sorted(attendance_base(facts)["pupil_id"]) == ["a15", "a5", "blank"]
    assert attendance_base(facts)["absent"].to_list() == [5, 5, 5]
    counts = dict(attendance_left_out(facts).select("reason", "pupils").iter_rows())
    assert counts == {
        "age not known": 1, "boarder": 3, "no possible sessions": 1, "not aged 5 to 15 on 31 August": 2,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("terms", "name"),
    [
        ([AUTUMN], AUTUMN),
        ([SPRING, AUTUMN], "Autumn and spring term"),
        ([SUMMER, AUTUMN, SPRING, SPRING], "Academic year"),
        ([], ""),
    ],
)
def test_period_is_named_after_its_terms(terms, name):
    assert period_covered(terms) == name


# ---- suspensions


@pytest.mark.parametrize(
    ("day", "period", "term"),
    [
        (date(2025, 7, 31), "202425", SUMMER),
        (date(2025, 8, 1), "202526", AUTUMN),
        (date(2025, 12, 31), "202526", AUTUMN),
        (date(2026, 1, 1), "202526", SPRING),
        (date(2026, 4, 5), "202526", SPRING),  # Easter Sunday 2026
        (date(2026, 4, 6), "202526", SUMMER),
        (date(2024, 3, 31), "202324", SPRING),  # Easter Sunday 2024
        (date(2024, 4, 1), "202324", SUMMER),
        (date(2000, 1, 10), "199900", SPRING),
        (date(2009, 9, 10), "200910", AUTUMN),
    ],
)
def test_year_and_term_of_an_event_come_from_its_date(day, period, term):
    row = only(facts_of(suspensions=[event(day=day)]))
    assert (row["time_period"], row["event_terms"], row["suspensions"]) == (period, [term], 1)
    assert term_of_date(day) == term


def test_events_of_leavers_and_of_subsidiary_registrations_stay_in_the_numerator():
    """The leaver was on October's roll and not on January's; the other is registered elsewhere in the main."""
    pupils = [census("leaver", term=AUTUMN), census("dual", enrol_status="S"), census("here")]
    facts = facts_of(pupils=pupils, suspensions=[event("leaver"), event("dual"), event("stranger")])
    base = roll_base(facts)
    assert sorted(base["pupil_id"]) == ["dual", "here", "leaver", "stranger"]
    assert base["suspensions"].sum() == 3
    assert base.filter("on_roll")["pupil_id"].to_list() == ["here"]


def test_categories_of_events():
    days = [date(2025, 10, day) for day in (1, 2, 3, 6)]
    rows = [event(day=day, category=c) for day, c in zip(days, ("SUSP", "FIXD", "LNCH", "PERM"), strict=True)]
    row = only(facts_of(pupils=[census()], suspensions=rows))
    assert (row["suspensions"], row["permanent_exclusions"]) == (3, 1)


def test_no_event_is_0_only_in_a_year_with_any_event():
    pupils = [census("p1", year=year) for year in ("202425", "202526")] + [census("p2")]
    facts = facts_of(pupils=pupils, suspensions=[event("p1")])
    quiet = only(facts, pupil_id="p2")
    assert (quiet["suspensions"], quiet["permanent_exclusions"], quiet["suspensions_at_no_sen"]) == (0, 0, 0)
    missing = only(facts, time_period="202425")
    assert (missing["suspensions"], missing["permanent_exclusions"], missing["event_terms"]) == (None, None, None)
    assert set(roll_base(facts)["time_period"]) == {"202526"}


def test_year_without_a_roll_has_events_and_no_base():
    facts = facts_of(pupils=[census(year="202526")], suspensions=[event(day=date(2024, 11, 5))])
    assert only(facts, time_period="202425")["suspensions"] == 1
    assert roll_base(facts).is_empty()


def test_status_at_the_event_beside_january_status():
    """Suspended twice with no SEN, once on SEN support; an EHC plan by January; one event with a blank status."""
    days = [date(2025, 9, 10), date(2025, 9, 20), date(2025, 11, 5), date(2025, 12, 5)]
    rows = [event(day=day, status=s) for day, s in zip(days, ("N", "N", "K", None), strict=True)]
    facts = facts_of(pupils=[census(status="E"), census("p2", status="E")], suspensions=rows)
    row = only(facts, pupil_id="p1")
    assert (row["sen_provision"], row["suspensions"]) == ("EHC plan", 4)
    at = [row[f"suspensions_at_{group}"] for group in ("ehc_plan", "sen_support", "no_sen", "not_recorded")]
    assert at == [0, 1, 2, 1]
    moved = by_status_at_event(roll_base(facts), "suspensions")
    counts = moved.group_by("sen_provision").agg(pl.col("suspensions").sum(), pl.col("on_roll").sum()).sort(pl.all())
    assert counts.rows() == [("EHC plan", 0, 2), ("No SEN", 2, 0), ("Not recorded", 1, 0), ("SEN support", 1, 0)]


# ---- key stage 2


def ks2(reading, writing, mathematics, pupil="p1"):
    """Results of one pupil: a number is a score, a text a code; writing is always a code."""
    given = {"reading": reading, "writing": writing, "mathematics": mathematics}
    texts = {s: v if isinstance(v, str) else None for s, v in given.items()}
    return [result(s, None if isinstance(v, str) else v, texts[s], pupil) for s, v in given.items() if v is not None]


@pytest.mark.parametrize(("score", "met"), [(100, True), (99, False), (120, True), (80, False)])
def test_expected_standard_is_a_scaled_score_of_100(score, met):
    row = only(facts_of(assessments=ks2(score, "EXS", 104)))
    assert (row["ks2_reading_score"], row["ks2_reading_met"], row["ks2_mathematics_met"]) == (score, met, True)


@pytest.mark.parametrize(
    ("code", "met"), [("GDS", True), ("EXS", True), ("WTS", False), ("PK3", False), ("EM", False), ("A", False)]
)
def test_expected_standard_in_writing_is_exs_or_gds(code, met):
    assert only(facts_of(assessments=ks2(104, code, 104)))["ks2_writing_met"] is met


@pytest.mark.parametrize("code", ["B", "A", "T", "N"])
def test_below_the_test_absent_and_unable_to_access_stay_in_the_denominator(code):
    facts = facts_of(assessments=ks2(code, "EXS", 104))
    row = only(ks2_base(facts))
    assert (row["ks2_reading_met"], row["ks2_reading_score"]) == (False, None)


@pytest.mark.parametrize("code", ["L", "M", "Q", "H", "F", "P"])
def test_left_missing_annulled_and_other_years_leave_the_denominator(code):
    facts = facts_of(assessments=ks2(code, "EXS", 104))
    assert only(facts)["ks2_reading_met"] is None
    assert ks2_base(facts).is_empty()
    assert ks2_eligible(facts).height == 1  # there are outcomes in the other two subjects


def test_annulled_result_has_no_score_even_where_the_file_holds_one():
    rows = [result("reading", 108, "Q"), result("writing", None, "EXS"), result("mathematics", 104)]
    row = only(facts_of(assessments=rows))
    assert (row["ks2_reading_met"], row["ks2_reading_score"]) == (None, None)


def test_blank_subject_is_no_outcome_and_not_a_failure():
    facts = facts_of(assessments=[*ks2(104, "EXS", None), result("mathematics")])
    assert only(facts)["ks2_mathematics_met"] is None
    assert ks2_base(facts).is_empty()


def ks1(reading, writing, mathematics, pupil="p1", day=None):
    given = {"reading": reading, "writing": writing, "mathematics": mathematics}
    return [
        result(s, v, None, pupil, assessment="KS1", year="202122", day=day) for s, v in given.items() if v is not None
    ]


@pytest.mark.parametrize(("points", "average"), [((13, 11, 15), 13.5), ((3, 3, 9), 6.0), ((15, 15, 15), 15.0)])
def test_ks1_points_give_mathematics_double_weight(points, average):
    facts = facts_of(assessments=[*ks1(*points), *ks2(104, "EXS", 104)])
    assert only(facts)["ks1_points"] == average  # and the KS1 year makes no fact of its own


def test_ks1_with_a_missing_subject_is_no_starting_point():
    facts = facts_of(assessments=[*ks1(13, None, 15), *ks2(104, "EXS", 104)])
    assert only(facts)["ks1_points"] is None


def test_later_ks1_result_counts_whatever_the_order_of_rows():
    early, late = ks1(3, 3, 3, day=date(2022, 5, 1)), ks1(13, 11, 15, day=date(2022, 6, 1))
    for rows in (early + late, late + early):
        assert only(facts_of(assessments=[*rows, *ks2(104, "EXS", 104)]))["ks1_points"] == 13.5


# ---- standardised tests


def test_first_and_last_score_of_a_year_on_one_test():
    rows = [
        result("reading", score, assessment="NGRT", day=day)
        for score, day in ((90, date(2026, 6, 20)), (80, date(2025, 10, 1)), (85, date(2026, 1, 15)))
    ]
    rows += [result("reading", 70, assessment="A single test", day=date(2025, 9, 9))]
    rows += [result("mathematics", 101, assessment="PTM", day=date(2025, 10, 1))]
    row = only(facts_of(assessments=rows))
    assert (row["reading_first"], row["reading_last"]) == (80, 90)
    assert (row["mathematics_first"], row["mathematics_last"]) == (101, None)  # one date is no gain


# ---- as a whole


def test_order_of_rows_in_the_tables_changes_nothing():
    pupils = [census(f"p{n}", status=s, year=y) for n, s in enumerate("EKNEKN") for y in ("202425", "202526")]
    attendance = [sessions(f"p{n}", 100 + n, n, term=t) for n in range(6) for t in (AUTUMN, SPRING)]
    suspensions = [event(f"p{n}", date(2025, 10, 1 + n), status="N") for n in range(3)]
    assessments = [row for n in range(6) for row in [*ks1(9 + n, 9, 9, f"p{n}"), *ks2(98 + n, "EXS", 101, f"p{n}")]]
    parts = {"pupils": pupils, "attendance": attendance, "suspensions": suspensions, "assessments": assessments}
    there = facts_of(**parts)
    back = facts_of(**{name: rows[::-1] for name, rows in parts.items()})
    assert there.equals(back)
    assert there.height == 12


def test_make_facts_leaves_the_tables_alone():
    from hand_made import tables

    given = tables(pupils=[census()], attendance=[sessions()], suspensions=[event()], assessments=ks2(104, "EXS", 99))
    before = {name: frame.clone() for name, frame in given.items()}
    make_facts(given, la_code="999", la_name="Trialshire (invented)")
    assert all(frame.equals(given[name]) for name, frame in before.items())


def test_frame_that_is_no_facts_is_refused_by_name_of_column():
    with pytest.raises(SendlabError, match="on_roll"):
        require_facts(facts_of(pupils=[census()]).drop("on_roll"), ("on_roll", "place_code"))
