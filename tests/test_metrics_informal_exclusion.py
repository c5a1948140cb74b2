"""Signals of informal exclusion: register habits, moves off the roll, the index, and the screen for unseen needs."""

from datetime import date, timedelta

import polars as pl
import pytest
from hand_made import OAK, TERMS, facts, table
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from scipy import stats

from sendlab.facts import CODE, make_facts
from sendlab.metrics import cards
from sendlab.metrics.fairness.informal_exclusion import (
    INNOCENT,
    off_site_without_placement,
    part_time_timetable,
    sent_home_at_midday,
)
from sendlab.metrics.fairness.missed_needs import unseen_needs_screen
from sendlab.metrics.fairness.off_roll import INNOCENT as OF_MOVES
from sendlab.metrics.fairness.off_roll import left_in_years_10_and_11, managed_moves_not_sustained
from sendlab.metrics.fairness.sent_home import sent_home_days
from sendlab.metrics.fairness.signals import SIGNALS, informal_exclusion_signals, signal_comparisons
from sendlab.metrics.publication import published_measures
from sendlab.sample.marks import session_rows
from sendlab.sample.world import World

LA, SCHOOL = "Local authority", "School"
ELM = "9991001"
NEEDED = ("schools", "pupils", "attendance", "attendance_codes", "suspensions", "assessments", "transitions",
          "alternative_provision", "interventions")  # fmt: skip


def find(rows, measure, *, level=LA, provision="Total", **more):
    plain = pl.all_horizontal(pl.col(name) == "Total" for name in ("need_area", "nc_year", "sex", "fsm_status", "item"))
    got = rows.filter(plain, measure=measure, geographic_level=level, sen_provision=provision, **more)
    assert got.height == 1, got
    return got.row(0, named=True)


def counts(row):
    return tuple(row[name] for name in ("numerator", "base_subjects", "eligible_subjects"))


# ---- part-time timetables


def coded(*sessions, code="C2", **common):
    """Pupils with so many sessions under a code of 300 possible; None: their codes are not known."""
    rows = facts(*({"possible": 300, "missed": 0} for _ in sessions), **common)
    return rows.with_columns(pl.Series(f"{CODE}{code}", sessions, dtype=pl.Float64))


def test_a_school_week_under_c2_counts():
    """9, 10 and 11 sessions: two of three; a pupil without codes could have counted."""
    row = find(part_time_timetable(coded(9, 10, 11, None)), "part_time_timetable")
    assert counts(row) == (2, 3, 4)
    assert (row["value"], row["note"]) == (pytest.approx(200 / 3), INNOCENT["part_time_timetable"])
    assert counts(find(part_time_timetable(coded(9, 10, 11), sessions=9), "part_time_timetable")) == (3, 3, 3)


def test_there_is_no_c2_before_august_2024():
    assert part_time_timetable(coded(20, time_period="202324")).is_empty()
    assert part_time_timetable(facts({"possible": 300, "missed": 0})).is_empty()  # no code known: not collected


def test_a_code_that_nobody_has_is_a_true_zero():
    """Codes are known (I), and C2 is not among them."""
    assert counts(find(part_time_timetable(coded(5, code="I")), "part_time_timetable")) == (0, 1, 1)


# ---- off site


def placement(pupil, entry, leaving=None):
    return table("alternative_provision", {"pupil_id": pupil, "school_id": ELM, "entry_date": entry,
                                           "leaving_date": leaving})  # fmt: skip


@pytest.mark.parametrize(
    ("entry", "leaving", "without"),
    [
        (date(2025, 10, 1), date(2026, 2, 1), 0),
        (date(2024, 10, 1), None, 0),  # it goes on
        (date(2024, 10, 1), date(2025, 8, 1), 0),  # reaches the first day of the year
        (date(2024, 10, 1), date(2025, 7, 31), 1),  # ended the day before
        (date(2026, 7, 31), None, 0),
        (date(2026, 8, 1), None, 1),  # begins after the year
    ],
)
def test_a_placement_must_overlap_the_year(entry, leaving, without):
    rows = off_site_without_placement(coded(12, code="B"), placement("p0", entry, leaving))
    assert counts(find(rows, "off_site_without_placement")) == (without, 1, 1)


def test_an_outside_agency_counts_as_a_place_and_a_teacher_does_not():
    took = [{"pupil_id": f"p{n}", "school_id": ELM, "time_period": "202526", "intervention": "College link",
             "delivered_by": by} for n, by in enumerate(("external", "teacher"))]  # fmt: skip
    rows = off_site_without_placement(coded(12, 12, code="B"), placement("x", date(2025, 9, 1)),
                                      table("interventions", *took))  # fmt: skip
    assert counts(find(rows, "off_site_without_placement")) == (1, 2, 2)


def test_where_no_placement_is_ever_recorded_there_is_no_figure():
    assert off_site_without_placement(coded(12, code="B"), table("alternative_provision")).is_empty()


# ---- sent home at midday

MONDAY = date(2025, 9, 8)


def marks(pupil, *days):
    """Session rows from Monday on, one (morning, afternoon) a day; None: no mark."""
    return [
        {"pupil_id": pupil, "school_id": ELM, "session_date": MONDAY + timedelta(n), "session": half,
         "attendance_code": code}
        for n, pair in enumerate(days) for half, code in zip(("AM", "PM"), pair, strict=True)
    ]  # fmt: skip


def test_days_sent_home_are_counted():
    """Five mornings in, of which Tuesday C2, Wednesday I and Friday B count as away; Monday's visit and E do not."""
    week = marks("a", ("/", "V"), ("/", "C2"), ("L", "I"), ("/", "E"), ("/", "B"), ("B", "B"), ("I", "O"))
    week += marks("b", ("/", None), ("O", "O"))
    found = sent_home_days(table("sessions", *week).lazy())
    assert found.rows() == [("a", ELM, "202526", 5, 3, 1, 1), ("b", ELM, "202526", 1, 0, 0, 0)]


def test_no_session_gives_no_row():
    assert sent_home_days(table("sessions").lazy()).is_empty()


def home(*pairs):
    """(afternoons away, mornings) of pupils p0, p1, ...; all afternoons away on Fridays."""
    return pl.DataFrame(
        [(f"p{n}", ELM, "202526", float(m), float(a), m / 5, float(a)) for n, (a, m) in enumerate(pairs)],
        schema=["pupil_id", "school_id", "time_period", "mornings", "afternoons_away", "friday_mornings",
                "fridays_away"],
        orient="row",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("away", "mornings", "pattern"),
    [(10, 100, 1), (10, 101, 0), (9, 50, 0), (10, 10, 1), (19, 190, 1), (18, 190, 0)],
)
def test_a_pattern_is_ten_afternoons_and_one_in_ten(away, mornings, pattern):
    rows = sent_home_at_midday(facts({"possible": 380, "missed": 0}), home((away, mornings)))
    assert counts(find(rows, "sent_home_often")) == (pattern, 1, 1)


def test_afternoons_away_are_summed_over_pupils():
    """(12 + 0) / (60 + 140) = 6 %; the third pupil has no register; all 12 on Fridays."""
    rows = sent_home_at_midday(facts(*({"possible": 300, "missed": 0} for _ in range(3))), home((12, 60), (0, 140)))
    row = find(rows, "sent_home_at_midday")
    assert (row["value"], *counts(row)) == (pytest.approx(6), 12, 2, 3)
    assert counts(find(rows, "sent_home_on_fridays"))[:2] == (12, 1)
    assert find(rows, "sent_home_on_fridays")["value"] == 100


def test_a_year_without_registers_has_no_row():
    rows = facts({"possible": 300, "missed": 0}, {"possible": 300, "missed": 0, "time_period": "202425"})
    assert set(sent_home_at_midday(rows, home((1, 50)))["time_period"]) == {"202526"}
    assert sent_home_at_midday(rows, home()).is_empty()


# ---- off the roll


def census(pupil, school, period, term, *, on_roll=True, left=None, year=None, entry=date(2021, 9, 1)):
    return {"pupil_id": pupil, "school_id": school, "time_period": period, "term": term, "on_roll": on_roll,
            "leaving_date": left, "nc_year": year, "entry_date": entry}  # fmt: skip


AFTER = [census("z", ELM, "202526", "Autumn term"), census("z", ELM, "202627", "Autumn term")]  # all of 2025/26 is seen


def left_roll(left, *more_pupils, year="10", moves=(), events=()):
    """One of two pupils of a year group left: rows of the measure."""
    gone = census("p0", ELM, "202627", "Autumn term", on_roll=False, left=left, year=year)
    return left_in_years_10_and_11(
        facts({"nc_year": year}, {"nc_year": year}), table("pupils", gone, *AFTER, *more_pupils),
        table("transitions", *moves), table("suspensions", *events),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("year", "left", "counted"),
    [
        ("10", date(2026, 2, 20), 1),
        ("10", date(2026, 7, 20), 1),  # no school ends with Year 10
        ("11", date(2026, 4, 30), 1),
        ("11", date(2026, 5, 1), 0),  # the end of school
        ("11", date(2026, 8, 31), 0),
        ("9", date(2026, 2, 20), None),
    ],
)
def test_leaving_before_the_end_of_school_counts(year, left, counted):
    rows = left_roll(left, year=year)
    if counted is None:
        assert rows.is_empty()
    elif left.month == 8:  # of the year after, which no census has seen the leavers of
        assert counts(find(rows, "left_in_years_10_and_11"))[:2] == (0, 2)
    else:
        assert counts(find(rows, "left_in_years_10_and_11"))[:2] == (counted, 2)
        assert counts(find(rows, "left_without_destination"))[:2] == (counted, 2)
        assert find(rows, "left_in_years_10_and_11")["time_identifier"] == "Academic year"


def move(**more):
    return {"pupil_id": "p0", "school_id": ELM, "kind": "other", "moved_on": date(2026, 3, 1), **more}


@pytest.mark.parametrize(
    ("more", "unknown"),
    [
        ({}, 1),
        ({"more_pupils": [census("p0", "9991002", "202627", "Autumn term")]}, 0),
        ({"more_pupils": [census("p0", "9991002", "202526", "Autumn term")]}, 1),  # before
        ({"more_pupils": [census("p0", "9991002", "202526", "Spring term", entry=date(2026, 3, 2))]}, 0),
        ({"moves": [move(destination="college")]}, 0),
        ({"moves": [move(destination="not known")]}, 1),
        ({"moves": [move(destination_school_id="9991002")]}, 0),
        ({"moves": [move(destination="college", moved_on=date(2024, 3, 1))]}, 1),
    ],
)
def test_where_a_leaver_went(more, unknown):
    rows = left_roll(date(2026, 2, 20), *more.pop("more_pupils", ()), **more)
    assert counts(find(rows, "left_in_years_10_and_11"))[0] == 1
    assert counts(find(rows, "left_without_destination"))[0] == unknown
    assert find(rows, "left_without_destination")["note"] == OF_MOVES["left_without_destination"]


def test_a_permanent_exclusion_is_on_record():
    event = {"pupil_id": "p0", "school_id": ELM, "start_date": date(2026, 2, 2), "category": "PERM"}
    assert counts(find(left_roll(date(2026, 2, 20), events=[event]), "left_in_years_10_and_11"))[0] == 0
    event["category"] = "SUSP"
    assert counts(find(left_roll(date(2026, 2, 20), events=[event]), "left_in_years_10_and_11"))[0] == 1


def test_what_no_census_lists_yet_is_not_counted():
    """Two autumn censuses: leavers of the year between are listed; those of the new year are not known yet."""
    rows = left_in_years_10_and_11(
        facts({"nc_year": "10"}, {"nc_year": "10", "time_period": "202627"}), table("pupils", *AFTER),
        table("transitions"), table("suspensions"),
    )  # fmt: skip
    assert set(rows["time_period"]) == {"202526"}
    assert counts(find(rows, "left_in_years_10_and_11"))[:2] == (0, 1)


def test_managed_moves_that_did_not_last():
    """Of three moves two were checked and one failed; another kind of move is none; one pupil, two failures, is one."""
    kind = {"kind": "managed move"}
    moves = [
        move(**kind, sustained=True), move(pupil_id="p1", **kind), move(pupil_id="p1", destination="college"),
        move(pupil_id="p2", **kind, sustained=False),
        move(pupil_id="p2", **kind, sustained=False, moved_on=date(2026, 4, 1)),
    ]  # fmt: skip
    rows = managed_moves_not_sustained(table("transitions", *moves), facts({}, {}, {}))
    assert counts(find(rows, "managed_moves_not_sustained")) == (1, 2, 3)
    assert find(rows, "managed_moves_not_sustained")["time_identifier"] == "Academic year"
    assert managed_moves_not_sustained(table("transitions"), facts({})).is_empty()


# ---- the index


def two_schools(elm, oak, code="B", pupils=30, **more):
    """So many pupils with SEN support of `pupils` at each of two secondary schools with 20 sessions of a code."""
    place = {"education_phase": "Secondary", "sen_provision": "SEN support", **more}
    rows = facts(*({"possible": 300, "missed": 0, **place} for _ in range(pupils)),
                 *({"possible": 300, "missed": 0, **OAK, **place} for _ in range(30)))  # fmt: skip
    sessions = [20.0 * (n < elm) for n in range(pupils)] + [20.0 * (n < oak) for n in range(30)]
    return rows.with_columns(pl.Series(f"{CODE}{code}", sessions))


def judged(rows, **more):
    given = {name: table(name) for name in ("pupils", "transitions", "suspensions")}
    return signal_comparisons(rows, **given, alternative_provision=placement("x", date(2025, 9, 1)), **more)


def test_a_signal_that_stands_out():
    """12 of 30 beside 1 of 30: 12 of 13 at one half; chance of as many 14 / 2**13; Clopper-Pearson of 12/13 as odds."""
    found = judged(two_schools(12, 1)).filter(measure="off_site_without_placement")
    elm, oak = found.sort("observed", descending=True).iter_rows(named=True)
    assert (elm["observed"], elm["expected"], elm["ratio"]) == (12, 6.5, pytest.approx(12))
    low, high = stats.binomtest(12, 13).proportion_ci(method="exact")
    assert (elm["lower"], elm["upper"]) == pytest.approx((low / (1 - low), high / (1 - high)))
    assert (elm["stands_out"], oak["stands_out"]) == (True, False)  # fewer is no signal
    assert elm["question"].endswith("?")
    assert elm["innocent"] == INNOCENT["off_site_without_placement"]


def test_expected_counts_follow_the_mix_of_provision():
    """EHC plans 15 of 30 at either school; SEN support none of 30 at Oak alone: 15 expected of each, ratio 1."""
    plans = two_schools(15, 15, sen_provision="EHC plan")
    oak = two_schools(0, 0).filter(pl.col("place_code") == OAK["place_code"])
    found = judged(pl.concat([plans, oak])).filter(measure="off_site_without_placement")
    assert found["expected"].to_list() == [15, 15]
    assert found["ratio"].to_list() == pytest.approx([1, 1])


@pytest.mark.parametrize(("pupils", "looked_at"), [(29, False), (30, True), (31, True)])
def test_no_signal_is_judged_on_fewer_than_thirty_pupils(pupils, looked_at):
    found = judged(two_schools(12, 1, pupils=pupils)).filter(measure="off_site_without_placement")
    assert found["stands_out"].is_not_null().to_list() == [looked_at, looked_at]
    rows = informal_exclusion_signals(judged(two_schools(12, 1, pupils=pupils)))
    assert set(rows["status"]) == ({""} if looked_at else {"x"})
    if not looked_at:
        assert "fewer than 30 pupils here or at the others" in rows["note"][0]


def test_a_school_alone_in_its_phase_is_beside_nobody():
    rows = two_schools(12, 1).with_columns(
        pl.when(pl.col("place_code") == OAK["place_code"]).then(pl.lit("Special")).otherwise("education_phase").alias(
            "education_phase")
    )  # fmt: skip
    assert set(judged(rows)["note"]) == {"no other school of this phase"}


def test_pupils_without_sen_do_not_make_a_signal_of_registers():
    assert judged(two_schools(12, 1, sen_provision="No SEN")).filter(measure="off_site_without_placement").is_empty()


def test_the_index_counts_signals_and_says_how_many_chance_gives():
    """C2 and B both at Elm: 2 of 2; two schools with two signals each: at most 2 * (0.025 * 2 / 2) = 0.05 of 2."""
    both = two_schools(12, 1).with_columns(pl.col(f"{CODE}B").alias(f"{CODE}C2"))
    rows = informal_exclusion_signals(judged(both))
    elm = find(rows, "informal_exclusion_signals", level=SCHOOL, place_code="100001")
    assert (elm["value"], elm["numerator"], elm["denominator"], elm["base_subjects"]) == (2, 2, 2, 30)
    assert elm["note"].startswith(
        "2 of 2 signals stand out; if all schools were alike, at most 0.05 of the 2 looked at would show as many. "
        "Questions, no findings: "
    )
    assert elm["note"].count("?") == 2
    oak = find(rows, "informal_exclusion_signals", level=SCHOOL, place_code="100002")
    assert (oak["value"], oak["note"]) == (
        0, "none of 2 signals stands out; habits that leave no mark cannot be seen"
    )  # fmt: skip


def test_a_habit_that_others_have_too_is_none():
    assert not judged(two_schools(12, 9))["stands_out"].any()
    assert not judged(two_schools(0, 0))["stands_out"].any()


@pytest.mark.parametrize(("elm", "stands_out"), [(5, False), (6, True), (7, True)])
def test_a_signal_stands_out_from_a_chance_of_one_in_forty(elm, stands_out):
    """None at Oak: all 5 by chance 1 / 32, all 6 by 1 / 64."""
    found = judged(two_schools(elm, 0)).filter(measure="off_site_without_placement", place_code="100001")
    assert found["stands_out"].item() == stands_out


def test_nothing_to_look_at():
    found = judged(facts({"events": 0}))
    assert found.is_empty()
    assert informal_exclusion_signals(found).is_empty()


def test_every_signal_has_a_question_and_an_innocent_explanation():
    for signal in SIGNALS:
        assert signal.question.endswith("?")
        assert {**INNOCENT, **OF_MOVES}[signal.measure].startswith("a question, no finding")
        assert cards()[signal.measure].smallest_base == 30
        assert signal.measure not in published_measures()


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 30), st.integers(0, 30), st.randoms())
def test_order_of_rows_does_not_matter(elm, oak, random):
    rows = two_schools(elm, oak)
    order = list(range(rows.height))
    random.shuffle(order)
    assert_frame_equal(judged(rows), judged(rows[order]))
    measures = part_time_timetable(rows), off_site_without_placement(rows, placement("x", date(2025, 9, 1)))
    again = (part_time_timetable(rows[order]),
             off_site_without_placement(rows[order], placement("x", date(2025, 9, 1))))  # fmt: skip
    assert_frame_equal(pl.concat(measures), pl.concat(again))


def test_pandas_in_pandas_out():
    """Columns of lists do not survive pandas unharmed, so the terms are put back."""
    rows = two_schools(12, 1).select(
        "pupil_id", "school_id", "time_period", "la_code", "la_name", "place_code", "place_name", "education_phase",
        "sen_provision", "sessions_possible", "sessions_authorised", "sessions_unauthorised", "attendance_status",
        "attendance_terms", "age_at_31_august", "boarder", f"{CODE}B",
    )  # fmt: skip
    made = off_site_without_placement(rows.to_pandas(), placement("x", date(2025, 9, 1)), by=["sen_provision"])
    assert made[made["geographic_level"] == LA]["numerator"].tolist() == [13, 13]


# ---- the sample: the planted school, over seeds


def signals_of_seed(seed, years=1, schools=9, pupils=1500):
    """Measure rows of the index over a sample of this seed, with tables and registers in memory (about 2 s).

    Also what `make soak` may call for many seeds.
    """
    world = World(seed, schools, pupils, years)
    tables = world.tables(NEEDED)
    homes = [sent_home_days(session_rows(world, school).lazy()) for school in world.schools["school_id"]]
    made = make_facts(tables, la_code="999", la_name="Exampleshire (invented)")
    names = ("pupils", "transitions", "suspensions", "alternative_provision", "interventions")
    found = signal_comparisons(made, **{name: tables[name] for name in names}, sent_home=pl.concat(homes))
    return informal_exclusion_signals(found)


def test_the_planted_school_is_found_and_others_seldom():
    """Fir Secondary sends pupils with SEMH home at midday under C2, B and C (TRUTH.md).

    Of 60 seeds Fir had two signals or more in 53 and none in 4; of 290 other schools 3 had one.
    """
    rows = pl.concat(signals_of_seed(seed) for seed in (2037, 0, 1, 2, 3))
    is_fir = pl.col("place_name") == "Sample Fir Secondary School"
    fir, others = rows.filter(is_fir), rows.filter(~is_fir & pl.col("value").is_not_null())
    assert (fir["value"] >= 2).sum() >= 4
    assert fir["note"][0].startswith(f"{fir['value'][0]:.0f} of 4 signals stand out; if all schools were alike, ")
    assert others.height >= 20  # four primary schools and Elm: special school and PRU are alone in their phase
    assert (others["value"] > 0).sum() <= 1


# ---- the screen for unseen needs


def pupils_of(*rows):
    """(sessions missed of 100, suspensions) of pupils of Elm's Year 6 without SEN."""
    return facts(*({"possible": 100, "missed": missed, "events": events} for missed, events in rows))


def test_two_signals_at_once_and_how_many_chance_gives():
    """Ten pupils: 4 missed a tenth, 2 were suspended, one of them both; by chance 10 * 0.4 * 0.2 = 0.8."""
    rows = unseen_needs_screen(pupils_of((10, 1), (9, 1), (10, 0), (40, 0), (12, 0), *([(0, 0)] * 5)))
    seen = find(rows, "unseen_needs_screen")
    assert (seen["numerator"], seen["base_subjects"], seen["value"]) == (1, 10, 10)
    chance = find(rows, "unseen_needs_by_chance")
    assert (chance["numerator"], chance["value"]) == (pytest.approx(0.8), pytest.approx(8))
    assert (chance["lower"], chance["with_subjects"]) == (None, None)


def test_chance_is_worked_out_within_a_year_group():
    """Year 6: all missed, none suspended; Year 7: none missed, all suspended. Together never, so chance gives none."""
    rows = facts(*({"possible": 100, "missed": 20, "events": 0, "nc_year": "6"} for _ in range(5)),
                 *({"possible": 100, "missed": 0, "events": 1, "nc_year": "7"} for _ in range(5)))  # fmt: skip
    assert find(unseen_needs_screen(rows), "unseen_needs_by_chance")["value"] == 0


def test_behaviour_points_are_a_signal_where_they_are_recorded():
    """20 pupils, top tenth by points: two with 9 and 8; one of them missed a tenth. A tie of three has no top tenth."""
    points = [{"pupil_id": f"p{n}", "school_id": ELM, "recorded_on": date(2025, 11, 3), "kind": "behaviour points",
               "points": p} for n, p in enumerate((9.0, 8.0, 1.0))]  # fmt: skip
    base = pupils_of((10, 0), *([(0, 0)] * 19))
    assert find(unseen_needs_screen(base, table("behaviour", *points)), "unseen_needs_screen")["numerator"] == 1
    tied = [{**row, "points": 9.0} for row in points]
    assert find(unseen_needs_screen(base, table("behaviour", *tied)), "unseen_needs_screen")["numerator"] == 0
    assert find(unseen_needs_screen(base, table("behaviour")), "unseen_needs_screen")["numerator"] == 0


def test_three_signals_by_chance():
    """Shares 1/2, 1/2 and 1/10: two or more in 0.25 + 0.05 + 0.05 - 2 * 0.025 = 0.30 of pupils."""
    base = pupils_of(*([(10, 1)] * 5), *([(10, 0)] * 5), *([(0, 1)] * 5), *([(0, 0)] * 5))
    points = [{"pupil_id": f"p{n}", "school_id": ELM, "recorded_on": date(2025, 11, 3), "kind": "behaviour points",
               "points": 9.0} for n in (0, 19)]  # fmt: skip
    row = find(unseen_needs_screen(base, table("behaviour", *points)), "unseen_needs_by_chance")
    assert row["value"] == pytest.approx(30)


def test_the_screen_is_of_pupils_without_sen_whose_data_are_known():
    rows = pl.concat([pupils_of((10, 1), (0, 0)), facts({"possible": 100, "missed": 50, "events": 3,
                      "sen_provision": "SEN support"}), facts({"possible": 100, "missed": 50})])  # fmt: skip
    rows = rows.with_columns(pl.lit(TERMS).alias("event_terms"))
    row = find(unseen_needs_screen(rows), "unseen_needs_screen")
    assert counts(row) == (1, 2, 3)
    assert find(unseen_needs_screen(rows, suspensions=2), "unseen_needs_screen")["numerator"] == 0


def test_the_screen_names_nobody():
    assert "pupil_id" not in unseen_needs_screen(pupils_of((10, 1))).columns
