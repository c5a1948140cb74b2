"""Parts of a year on tables small enough to read: what falls in them, what covers them, and when it is too early."""

from datetime import date

import polars as pl
import pytest
from hand_made import ELM, OAK, facts, facts_of, table, tables
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from sendlab import metrics
from sendlab.cohort import attendance_base, in_period, period_covered, too_early, with_period
from sendlab.facts import make_facts, make_periods
from sendlab.facts.names import EVENT_COLUMNS, SESSIONS
from sendlab.facts.periods import PERIOD_KEY

A, B = "9991001", "9991002"
AUTUMN, SPRING, SUMMER, BOTH = "Autumn term", "Spring term", "Summer term", "Autumn and spring term"
LATE_MAY, JUNE = "Summer half term 1", "Summer half term 2"
LA_NAMES = {"la_code": "999", "la_name": "Trialshire (invented)"}
DAYS = {AUTUMN: date(2025, 10, 1), SPRING: date(2026, 2, 2), SUMMER: date(2026, 6, 1)}


def census(pupil="p1", school=A, year="202526", term=SPRING, **more):
    usual = {"on_roll": True, "enrol_status": "C", "age_at_31_august": 8, "boarder": "N", "sen_provision": "K"}
    return {"pupil_id": pupil, "school_id": school, "time_period": year, "term": term, **usual, **more}


def sessions(pupil="p1", possible=100, authorised=5, unauthorised=0, school=A, year="202526", term=AUTUMN,
             part="whole term"):  # fmt: skip
    key = {"pupil_id": pupil, "school_id": school, "time_period": year, "term": term, "part": part}
    counts = {"sessions_possible": possible, "sessions_authorised": authorised, "sessions_unauthorised": unauthorised}
    return key | counts


def event(pupil="p1", term=AUTUMN, school=A, later=0, category="SUSP"):
    day = DAYS[term].replace(day=1 + later) if term != SPRING else DAYS[term].replace(day=2 + later)
    return {"pupil_id": pupil, "school_id": school, "start_date": day, "category": category, "sen_provision": "K"}


def covered(*terms, school=A, year="202526", basis="census"):
    """Rows of `coverage` that say that returns of suspensions cover these terms."""
    key = {"kind": "suspensions", "school_id": school, "time_period": year, "part": "whole term", "basis": basis}
    return [{**key, "term": term, "rows": 0} for term in terms]


def register(pupil, part, possible, missed=0, school=A, year="202425"):
    """A row of `sessions_by_half_term`."""
    return {"pupil_id": pupil, "school_id": school, "time_period": year, "time_identifier": part,
            "sessions_possible": float(possible), "sessions_authorised": float(missed),
            "sessions_unauthorised": 0.0}  # fmt: skip


def possible(periods, pupil="p1", school=A):
    """{part: sessions possible} of a pupil."""
    rows = periods.filter(pl.col("sessions_possible").is_not_null(), pupil_id=pupil, school_id=school)
    return dict(rows.select("time_identifier", "sessions_possible").rows())


def suspensions(periods, pupil="p1"):
    rows = periods.filter(pl.col("suspensions").is_not_null(), pupil_id=pupil)
    return dict(rows.select("time_identifier", "suspensions").rows())


def of_part(word, half_terms=None, **rows):
    """Facts of a part of the year, from tables."""
    given_tables = tables(**rows)
    made = make_facts(given_tables, **LA_NAMES)
    return in_period(made, make_periods(given_tables, half_terms), word)


def column(frame, name):
    return dict(frame.select("pupil_id", name).rows())


# ---- parts of sessions


def test_a_term_is_returned_whole_or_in_halves_and_never_counted_twice():
    """p1: in halves only, 60 + 50 = 110. p2: whole 112 as well as halves, so 112; its halves stay half terms."""
    halves = [
        sessions(p, n, part=part, term=SUMMER)
        for p in ("p1", "p2")
        for n, part in ((60, "to late May"), (50, "second half"))
    ]
    periods = make_periods(tables(attendance=[*halves, sessions("p2", 112, term=SUMMER)]))
    assert possible(periods, "p1") == {SUMMER: 110, LATE_MAY: 60, JUNE: 50}
    assert possible(periods, "p2") == {SUMMER: 112, LATE_MAY: 60, JUNE: 50}


def test_a_half_alone_is_its_term_as_far_as_it_was_returned():
    periods = make_periods(tables(attendance=[sessions(possible=60, term=SUMMER, part="to late May")]))
    assert possible(periods) == {SUMMER: 60, LATE_MAY: 60}


def test_half_terms_from_registers_stand_in_where_no_return_gives_them():
    """A returned its first summer half (60): that counts, not the register's 62; B returned none."""
    returned = [sessions(possible=60, term=SUMMER, part="to late May", year="202425")]
    half_terms = pl.DataFrame([
        register("p1", LATE_MAY, 62), register("p1", "Autumn half term 1", 70, 7), register("p9", LATE_MAY, 61),
        register("p1", LATE_MAY, 58, school=B), register("p1", LATE_MAY, 64, year="202526"),
    ])  # fmt: skip
    periods = make_periods(tables(attendance=returned), half_terms)
    before, after = (periods.filter(time_period=year) for year in ("202425", "202526"))
    assert possible(before) == {SUMMER: 60, LATE_MAY: 60, "Autumn half term 1": 70}
    assert possible(before, "p9") == {}  # in the register and not in the return: the return is what the school said
    assert possible(before, school=B) == {LATE_MAY: 58}
    assert possible(after) == {LATE_MAY: 64}
    assert before.filter(time_identifier="Autumn half term 1")["attendance_status"].to_list() == [""]


def test_half_terms_from_registers_stand_alone_where_nothing_was_returned():
    periods = make_periods(tables(), pl.DataFrame([register("p1", "Spring half term 2", 50)]))
    assert possible(periods) == {"Spring half term 2": 50}
    assert periods["suspensions"].to_list() == [None]


def test_autumn_and_spring_stand_together_only_in_years_of_which_the_authority_holds_both():
    rows = [sessions("p1", 140), sessions("p1", 120, term=SPRING), sessions("p2", 90, term=SPRING),
            sessions("p3", 130, school=B), sessions("p1", 144, year="202627")]  # fmt: skip
    periods = make_periods(tables(attendance=rows))
    now, next_year = (periods.filter(time_period=year) for year in ("202526", "202627"))
    assert possible(now, "p1") == {AUTUMN: 140, SPRING: 120, BOTH: 260}
    assert possible(now, "p2") == {SPRING: 90, BOTH: 90}  # joined in January: own possible sessions, not the school's
    assert possible(now, "p3", B) == {AUTUMN: 130, BOTH: 130}  # left at Christmas
    assert possible(next_year) == {AUTUMN: 144}


def test_a_part_that_cannot_be_has_its_mark_and_others_of_the_year_keep_theirs():
    rows = [sessions(possible=10, authorised=11), sessions(possible=80, term=SPRING),
            sessions(authorised=None, unauthorised=None, term=SUMMER)]  # fmt: skip
    periods = make_periods(tables(attendance=rows))
    status = dict(periods.select("time_identifier", "attendance_status").rows())
    assert status == {AUTUMN: "above possible", SPRING: "", BOTH: "above possible", SUMMER: "not returned"}


def test_nothing_in_nothing_out():
    assert make_periods(tables()).is_empty()
    assert set(make_periods(tables()).columns) == {*PERIOD_KEY, *SESSIONS, *EVENT_COLUMNS}


# ---- parts of events


def test_events_fall_in_the_term_of_their_first_day():
    rows = [event(term=AUTUMN), event(term=AUTUMN, later=3), event(term=SPRING), event(term=SUMMER, category="PERM")]
    periods = make_periods(tables(suspensions=rows))
    assert suspensions(periods) == {AUTUMN: 2, SPRING: 1, BOTH: 3, SUMMER: 0}
    summer = periods.filter(time_identifier=SUMMER).row(0, named=True)
    assert (summer["permanent_exclusions"], summer["permanent_exclusions_at_sen_support"]) == (1, 1)


def test_a_covered_term_without_an_event_is_0_and_an_uncovered_one_is_not_known():
    """The census covers autumn and spring; p1 was suspended twice in autumn, p2 never; nobody in spring."""
    rows = {"pupils": [census("p1"), census("p2")], "suspensions": [event(), event(later=1)],
            "coverage": covered(AUTUMN, SPRING)}  # fmt: skip
    expected = {AUTUMN: {"p1": 2, "p2": 0}, SPRING: {"p1": 0, "p2": 0}, BOTH: {"p1": 2, "p2": 0},
                SUMMER: {"p1": None, "p2": None}, LATE_MAY: {"p1": None, "p2": None}}  # fmt: skip
    for word, counts in expected.items():
        made = of_part(word, **rows)
        assert column(made, "suspensions") == counts, word
        assert column(made, "permanent_exclusions_at_no_sen") == {p: n if n is None else 0 for p, n in counts.items()}


def test_two_terms_together_need_both_covered():
    made = of_part(BOTH, pupils=[census()], suspensions=[event()], coverage=covered(AUTUMN))
    assert column(made, "suspensions") == {"p1": None}


def test_a_census_covers_the_terms_of_its_own_schools_alone():
    """A returned autumn and spring, B spring only: of B's autumn nothing is known."""
    rows = {"pupils": [census("p1"), census("p2", B)], "suspensions": [event()],
            "coverage": [*covered(AUTUMN, SPRING), *covered(SPRING, school=B)]}  # fmt: skip
    assert column(of_part(AUTUMN, **rows), "suspensions") == {"p1": 1, "p2": None}
    assert column(of_part(SPRING, **rows), "suspensions") == {"p1": 0, "p2": 0}
    assert column(of_part(BOTH, **rows), "suspensions") == {"p1": 1, "p2": None}


def test_notifications_cover_every_school_of_the_authority():
    rows = {"pupils": [census("p1"), census("p2", B)], "suspensions": [event()],
            "coverage": covered(AUTUMN, basis="notifications")}  # fmt: skip
    assert column(of_part(AUTUMN, **rows), "suspensions") == {"p1": 1, "p2": 0}
    assert column(of_part(SPRING, **rows), "suspensions") == {"p1": None, "p2": None}


# ---- facts of a part


def test_facts_of_a_part_have_its_sessions_and_no_codes_reasons_or_scores_of_the_year():
    codes = table("attendance_codes", {"pupil_id": "p1", "school_id": A, "time_period": "202526", "term": AUTUMN,
                                       "part": "whole term", "attendance_code": "I", "sessions": 4})  # fmt: skip
    score = {"pupil_id": "p1", "school_id": A, "time_period": "202526", "assessment": "KS2", "subject": "reading"}
    given_tables = tables(
        pupils=[census("p1"), census("p2")], attendance=[sessions(possible=140), sessions(term=SPRING, possible=90)],
        suspensions=[event() | {"reason_1": "PP", "sessions": 4}], assessments=[score | {"score": 101}],
    ) | {"attendance_codes": codes}  # fmt: skip
    made = make_facts(given_tables, **LA_NAMES)
    part = in_period(made, make_periods(given_tables), SPRING)
    assert part["pupil_id"].to_list() == made["pupil_id"].to_list()
    assert column(part, "sessions_possible") == {"p1": 90, "p2": None}
    assert part["attendance_terms"].to_list() == [[SPRING], [SPRING]]
    assert part.select("sen_provision", "on_roll", "age_at_31_august").row(0) == ("SEN support", True, 8)
    gone = ("code_I", "reason_PP", "suspension_sessions", "ks2_reading_score", "ks1_points", "reading_first")
    assert set(gone) <= set(made.columns) and not set(gone) & set(part.columns)


def test_measures_of_a_part_say_which_part_they_are_of():
    rows = {"pupils": [census("p1"), census("p2")],
            "attendance": [sessions(p, 100, n, term=t) for p, n in (("p1", 5), ("p2", 15)) for t in (AUTUMN, SPRING)],
            "suspensions": [event()], "coverage": covered(AUTUMN, SPRING)}  # fmt: skip
    for word in (AUTUMN, BOTH):
        made = of_part(word, **rows)
        absence = metrics.absence(made, by=[]).filter(geographic_level="Local authority")
        assert absence.select("time_identifier", "value").row(0) == (word, 10.0)  # (5 + 15) / 200, and twice that
        rate = metrics.suspension_rate(made, by=[]).filter(geographic_level="Local authority")
        assert rate.select("time_identifier", "value").row(0) == (word, 50.0)


_count = st.integers(0, 60)
_term = st.tuples(st.integers(60, 140), _count, _count)


@settings(deadline=None, max_examples=25)
@given(st.dictionaries(st.tuples(st.sampled_from(["p1", "p2", "p3"]), st.sampled_from([A, B])),
                       st.dictionaries(st.sampled_from([AUTUMN, SPRING, SUMMER]), _term, min_size=1), min_size=1),
       st.lists(st.tuples(st.sampled_from(["p1", "p2"]), st.sampled_from([AUTUMN, SPRING, SUMMER]),
                          st.integers(0, 9)), unique=True, max_size=8))  # fmt: skip
def test_the_terms_of_a_pupil_add_up_to_the_year(attended, happened):
    """Whatever was returned: sessions and events of the terms sum to those of the year, for every pupil and school."""
    rows = [
        sessions(pupil, possible, min(missed, 30), min(other, 30), school, term=term)
        for (pupil, school), terms in attended.items()
        for term, (possible, missed, other) in terms.items()
    ]
    events = [event(pupil, term, later=later) for pupil, term, later in happened]
    given_tables = tables(attendance=rows, suspensions=events)
    year, parts = make_facts(given_tables, **LA_NAMES), make_periods(given_tables)
    key, counts = ["pupil_id", "school_id"], ["sessions_possible", "sessions_authorised", "suspensions"]
    added = parts.filter(pl.col("time_identifier").is_in([AUTUMN, SPRING, SUMMER])).group_by(key).agg(
        pl.col(counts).fill_null(0).sum()
    )  # fmt: skip
    whole = year.select(*key, *(pl.col(name).fill_null(0) for name in counts))
    assert_frame_equal(added.sort(key), whole.sort(key), check_dtypes=False)


# ---- names of periods


@pytest.mark.parametrize(
    ("terms", "name"),
    [([LATE_MAY], LATE_MAY), ([BOTH], BOTH), ([SUMMER, None], SUMMER), ([None], ""),
     ([SUMMER, AUTUMN], "Autumn term and Summer term")],
)  # fmt: skip
def test_a_part_that_is_no_term_keeps_its_name(terms, name):
    assert period_covered(terms) == name


def test_each_year_is_named_after_what_all_its_rows_cover():
    rows = facts({"possible": 9, "missed": 0}, {"possible": 9, "missed": 0}, {"time_period": "202425"})
    held = pl.Series([[AUTUMN], [SPRING], None], dtype=pl.List(pl.String))
    named = with_period(rows.with_columns(held.alias("attendance_terms")), "attendance_terms")
    assert named.select("time_period", "time_identifier").rows() == [("202526", BOTH)] * 2 + [("202425", "")]


# ---- T-2, T-6, T-7: own age, own sessions


def test_age_is_that_on_31_august_of_each_year_never_todays():
    """Sixteen on 31 August 2025, so fifteen on 31 August 2024, however old by now; and five then if six now."""
    rows = [census("old", age_at_31_august=16), census("young", age_at_31_august=5)]
    taken = [sessions(p, year=year) for p in ("old", "young") for year in ("202425", "202526")]
    base = attendance_base(facts_of(pupils=rows, attendance=taken))
    assert set(base.select("pupil_id", "time_period", "age_at_31_august").rows()) == {
        ("old", "202425", 15), ("young", "202526", 5),
    }  # fmt: skip


def test_part_year_joiners_are_judged_on_their_own_possible_sessions():
    """Missed 10: of the joiner's own 100 that is a tenth, of a full year's 380 it would be no 3 %."""
    rows = [sessions("year", n, 4, term=t) for n, t in ((140, AUTUMN), (120, SPRING), (120, SUMMER))]
    joiners = {"joined": (100, 10), "almost": (101, 10), "short": (2, 1)}
    rows += [sessions(p, n, missed, term=SUMMER) for p, (n, missed) in joiners.items()]
    everyone = [census(p) for p in ("year", *joiners)]
    made = facts_of(pupils=everyone, attendance=rows)
    for frame in (made, of_part(SUMMER, pupils=everyone, attendance=rows)):
        row = metrics.persistent_absence(frame, by=[], minimum_sessions=0).filter(geographic_level="School")
        assert row.select("numerator", "denominator").row(0) == (2, 4)  # joined 10/100 and short 1/2; almost 10/101
        severe = metrics.severe_absence(frame, by=[], minimum_sessions=0).filter(geographic_level="School")
        assert severe["numerator"].to_list() == [1]  # short: half, boundary included
    whole = metrics.absence(made, by=[]).filter(geographic_level="School")
    assert whole["denominator"].to_list() == [380 + 100 + 101 + 2]


# ---- T-9: not in week 2


def early(*possible, place=ELM, terms=(AUTUMN,), **more):
    """Pupils of a place with so many possible sessions and a fifth of them missed."""
    rows = [{"possible": n, "missed": n // 5, **place, **more, "pupil_id": f"{place['school_id']}{k}{more}"}
            for k, n in enumerate(possible)]  # fmt: skip
    return facts(*rows).with_columns(pl.lit(list(terms), dtype=pl.List(pl.String)).alias("attendance_terms"))


def shown(made, level="School", **where):
    rows = made.filter(geographic_level=level, sen_provision="Total", **where)
    assert rows.height == 1
    return rows.row(0, named=True)


@pytest.mark.parametrize(
    ("possible", "is_shown"),
    [((20, 20, 20), False),  # two weeks of mornings and afternoons
     ((39, 39, 39), False), ((40, 40, 40), True),
     ((39, 39, 40), False), ((39, 40, 40), True),
     ((10, 40), True), ((39, 39, 40, 60), True), ((39, 39, 39, 380), False)],
)  # fmt: skip
@pytest.mark.parametrize("metric", [metrics.persistent_absence, metrics.severe_absence])
def test_persistent_absence_waits_until_half_of_the_pupils_have_had_four_weeks(metric, possible, is_shown):
    row = shown(metric(early(*possible)))
    figures = [row[name] for name in ("value", "lower", "upper", "numerator", "with_subjects")]
    if is_shown:
        assert row["status"] == "" and None not in figures
    else:
        assert row["status"] == "x" and figures == [None] * 5 and "too early" in row["note"] and "40" in row["note"]
    assert row["base_subjects"] == len(possible)


def test_the_minimum_is_an_option_and_overall_absence_does_not_wait():
    rows = early(20, 20)
    assert shown(metrics.persistent_absence(rows, minimum_sessions=20))["value"] == 100
    assert shown(metrics.persistent_absence(rows, minimum_sessions=21))["value"] is None
    assert shown(metrics.absence(rows))["value"] == 20


def test_a_year_that_is_over_is_not_early_however_short():
    assert shown(metrics.persistent_absence(early(20, 20, terms=(AUTUMN, SPRING, SUMMER))))["value"] == 100


def test_early_is_a_matter_of_the_place_not_of_the_group():
    """Elm opened late (39); at Oak two of three had 60, and its one pupil with a plan joined last week.

    Of the authority's five, two had 40 or more: fewer than half. With one more at Oak it is three of six.
    """
    oak = early(60, 60, place=OAK)
    plan = early(10, place=OAK, sen_provision="EHC plan")
    rows = pl.concat([early(39, 39), oak, plan])
    made = metrics.persistent_absence(rows)
    assert shown(made, place_code="100001")["status"] == "x"
    assert shown(made, place_code="100002")["value"] == 100
    of_plan = made.filter(geographic_level="School", place_code="100002", sen_provision="EHC plan")
    assert of_plan["value"].to_list() == [100.0]
    assert shown(made, "Local authority")["status"] == "x"
    more = pl.concat([rows, early(60, place=OAK, sex="Male")])
    assert shown(metrics.persistent_absence(more), "Local authority")["value"] == 100


def test_each_year_waits_for_itself():
    rows = pl.concat([early(60, 60, time_period="202425", terms=(AUTUMN, SPRING, SUMMER)), early(20, 20)])
    made = metrics.persistent_absence(rows)
    assert shown(made, time_period="202425")["value"] == 100 and shown(made, time_period="202526")["status"] == "x"


def test_whoever_became_persistently_absent_is_not_told_in_week_2_either():
    before = early(60, 60, terms=(AUTUMN, SPRING, SUMMER), time_period="202425").with_columns(
        pl.lit(0).alias("sessions_authorised")
    )
    assert shown(metrics.newly_persistent(early(20, 20, time_period="202425"), before))["status"] == "x"
    assert shown(metrics.newly_persistent(early(40, 40, time_period="202425"), before))["value"] == 100


def test_too_early_leaves_other_rows_and_their_order_alone():
    rows = early(60, 60, 60)
    made = metrics.absence(rows)
    assert_frame_equal(too_early(made, rows), made)
    assert too_early(made.clear(), rows).is_empty() and too_early(made, rows.clear()).equals(made)
