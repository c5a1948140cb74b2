"""Self-evaluation beyond the two lines: bands, rounds, priorities, evidence, plans; 0 is left out everywhere."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hand_made import ELM, OAK, table
from hypothesis import given, settings
from hypothesis import strategies as st
from laws import LA, SCHOOL, figure, find, holds

from sendlab.codes import read_codes
from sendlab.metrics import cards
from sendlab.metrics.sef import statements
from sendlab.metrics.sef.actions import plan_actions
from sendlab.metrics.sef.priorities import planned_for, priorities, to_share, with_evidence
from sendlab.metrics.sef.raters import rater_spread, said_by_unit, side_by_side
from sendlab.metrics.sef.ratings import BANDS, sections, settled

PLACES = pl.DataFrame([ELM, OAK])
LATER = {"la_code": "999", "la_name": "Trialshire (invented)"}
MARCH = date(2026, 3, 13)
SAMPLE = Path(__file__).parent.parent / "data" / "sample"
ELM_ID, OAK_ID = ELM["school_id"], OAK["school_id"]


def rate(statement, now, target=None, school=ELM_ID, day=MARCH, months=6):
    year = day.year - (day.month < 8)
    return {"school_id": school, "time_period": f"{year}{(year + 1) % 100}", "rated_on": day, "statement": statement,
            "rating_now": now, "rating_target": target,
            "target_months": None if target is None else months}  # fmt: skip


def ratings(*rows):
    return table("self_evaluation", *rows)


def by(number, role_number, statement, now, target=None, unit="setting", day=MARCH, school=ELM_ID):
    """A rating by one of three: a headteacher, a SENCo, a teacher."""
    role = ("headteacher", "SENCo", "teacher")[number % 3]
    return {**rate(statement, now, target, school, day), "unit": unit, "rater": role, "rater_number": role_number}


# ---- the tool


def test_the_tool_has_45_statements_in_seven_sections():
    counts = {}
    for code, section in sections().items():
        counts.setdefault(section, []).append(code)
    assert [len(codes) for codes in counts.values()] == [7, 7, 7, 7, 7, 5, 5]
    assert list(sections()) == [f"{letter}{n}" for letter, most in zip("OLTPEAM", (7, 7, 7, 7, 7, 5, 5), strict=True)
                                for n in range(1, most + 1)]  # fmt: skip
    assert all(line.label for line in read_codes("sef_statement"))


def test_bands_cover_1_to_10_once_and_never_0():
    for rating in range(11):
        inside = [name for name, (low, high) in BANDS.items() if low <= rating <= high]
        assert len(inside) == (rating > 0)


# ---- who rates


def now_of(*rows, statement="O1"):
    """What is settled of a statement: [now, target] of each round."""
    found = settled(ratings(*rows)).filter(pl.col("statement") == statement).sort("rated_on")
    return found.select("rating_now", "rating_target").rows()


def test_what_raters_agree_on_goes_before_what_each_of_them_says():
    single = [by(n, 1, "O1", 2 + n) for n in range(3)]
    assert now_of(*single, rate("O1", 7, 9)) == [(7, 9)]
    assert now_of(*single, {**rate("O1", 7, 9), "unit": "setting", "rater": "agreed"}) == [(7, 9)]


def test_a_statement_that_the_agreed_round_leaves_blank_is_not_filled_from_single_raters():
    assert now_of(by(0, 1, "O1", 2), rate("L1", 7)) == []


def test_without_agreement_the_median_of_the_settings_raters_stands():
    """2, 5 and 9: 5. 2, 5, 6 and 9: of the two in the middle the lower, 5. Targets 8 and 9: 8."""
    three = [by(0, 1, "O1", 2, 8), by(1, 1, "O1", 5, 9), by(2, 1, "O1", 9)]
    assert now_of(*three) == [(5, 8)]
    assert now_of(*three, by(2, 2, "O1", 6)) == [(5, 8)]


def test_0_is_the_settings_where_more_than_half_say_so_and_else_left_out():
    assert now_of(by(0, 1, "O1", 0), by(1, 1, "O1", 0), by(2, 1, "O1", 6)) == [(0, None)]
    assert now_of(by(0, 1, "O1", 0), by(1, 1, "O1", 0), by(2, 1, "O1", 6), by(2, 2, "O1", 8)) == [(6, None)]
    assert now_of(by(0, 1, "O1", None), by(1, 1, "O1", 0)) == [(0, None)]


def test_a_department_and_ones_own_practice_are_never_the_setting():
    others = [by(0, 1, "O1", 1, unit="department"), by(2, 1, "O1", 1, unit="own practice")]
    assert now_of(*others) == []
    assert now_of(*others, by(1, 1, "O1", 6)) == [(6, None)]
    assert statements.self_evaluation(ratings(*others), PLACES, **LATER).is_empty()


def test_a_table_from_before_there_were_raters_is_read_as_agreed():
    old = ratings(rate("O1", 4, 8)).drop("unit", "rater", "rater_number")
    row = find(statements.self_evaluation(old, PLACES, **LATER), "sef_now", level=SCHOOL, item="O1")
    assert row["value"] == 4


@given(st.permutations(range(5)), st.lists(st.integers(0, 10), min_size=5, max_size=5))
@settings(max_examples=40)
def test_what_is_settled_is_one_of_the_ratings_whatever_their_order(order, marks):
    rows = [by(n, n + 1, "O1", now) for n, now in enumerate(marks)]
    ((now, _),) = now_of(*[rows[n] for n in order])
    assert now in marks and ((now == 0) == (2 * marks.count(0) > 5))
    assert now_of(*rows) == [(now, None)]


def test_raters_are_apart_by_highest_less_lowest_where_three_rated():
    """O1: 2, 5, 9: 7 apart. L1: 4, 4 and 0: two ratings, none. T1: 6, 6, 6: 0. In all 3.5 of two statements."""
    marks = {"O1": (2, 5, 9), "L1": (4, 4, 0), "T1": (6, 6, 6)}
    rows = rater_spread(ratings(*(by(n, 1, name, now) for name, each in marks.items() for n, now in enumerate(each)),
                                rate("O1", 10)), PLACES, **LATER)  # fmt: skip
    assert figure(rows, "sef_rater_spread", "value", "denominator", level=SCHOOL, item="O1") == (7, 1)
    assert figure(rows, "sef_rater_spread", "value", "status", level=SCHOOL, item="L1") == (None, "z")
    assert figure(rows, "sef_rater_spread", "value", "numerator", "denominator", level=SCHOOL) == (3.5, 7, 2)


def test_single_raters_of_the_latest_round_that_has_them_are_compared():
    autumn = date(2025, 11, 14)
    rows = rater_spread(ratings(*(by(n, 1, "O1", 3 + n, day=autumn) for n in range(3)), rate("O1", 10)),
                        PLACES, **LATER)  # fmt: skip
    row = find(rows, "sef_rater_spread", level=SCHOOL, item="O1")
    assert (row["value"], row["data_to"]) == (2, autumn)


def test_own_practice_and_the_setting_are_told_apart_where_three_rated_either():
    rows = said_by_unit(ratings(*(by(n, 1, "O1", 3 + n) for n in range(3)),
                                *(by(2, n, "O1", 6 + n, unit="own practice") for n in range(3)),
                                by(0, 1, "L1", 9, unit="department")), PLACES, **LATER)  # fmt: skip
    assert figure(rows, "sef_now_by_unit", "value", level=SCHOOL, item="setting") == (4,)
    assert figure(rows, "sef_now_by_unit", "value", level=SCHOOL, item="own practice") == (7,)
    assert figure(rows, "sef_now_by_unit", "value", "status", level=SCHOOL, item="department") == (None, "z")


def test_raters_side_by_side_with_the_widest_apart_first():
    seen = side_by_side(ratings(by(0, 1, "O1", 4), by(1, 1, "O1", 5), by(0, 1, "L1", 2), by(1, 1, "L1", 8),
                                by(2, 1, "L1", 0), by(2, 1, "L1", 3, unit="own practice"), rate("L1", 5),
                                by(0, 1, "O1", 10, school=OAK_ID)), school=ELM_ID)  # fmt: skip
    assert seen.columns == ["statement", "SENCo 1", "headteacher 1", "teacher 1", "teacher 1 (own practice)", "agreed",
                            "lowest", "highest", "apart"]  # fmt: skip
    assert seen["statement"].to_list() == ["L1", "O1"]
    assert seen.select("lowest", "highest", "apart", "agreed").rows() == [(2, 8, 6, 5), (4, 5, 1, None)]


# ---- bands


@pytest.mark.parametrize(
    ("now", "band"),
    [(0, None), (1, "1 to 3"), (3, "1 to 3"), (4, "4 to 6"), (6, "4 to 6"), (7, "7 to 10"), (10, "7 to 10")],
)
def test_a_rating_falls_into_one_band_and_0_into_none(now, band):
    rows = statements.bands(ratings(rate("O1", now)), PLACES, **LATER)
    for name in BANDS:
        row = find(rows, "sef_band", level=SCHOOL, item=name)
        assert (row["value"], row["denominator"]) == ((100 if name == band else 0, 1) if now else (None, 0))


def test_shares_of_bands_leave_0_and_blanks_out():
    """8, 5, 2, 0 and a blank: a third each of three."""
    rows = statements.bands(
        ratings(*(rate(f"O{n}", now) for n, now in enumerate((8, 5, 2, 0, None), 1))), PLACES, **LATER
    )
    for name in BANDS:
        assert figure(rows, "sef_band", "numerator", "denominator", item=name) == (1, 3)


def test_schools_over_bands_by_statement():
    """O1: Elm 8, Oak 2. O2: Elm 0, Oak 5: one school rated it, two have a line."""
    rows = statements.bands(ratings(rate("O1", 8), rate("O2", 0), rate("O1", 2, school=OAK_ID),
                                  rate("O2", 5, school=OAK_ID)),
                          PLACES, **LATER)  # fmt: skip
    assert figure(rows, "sef_schools_in_band", "numerator", "denominator", item="O1: 7 to 10") == (1, 2)
    assert figure(rows, "sef_schools_in_band", "numerator", "denominator", "eligible_subjects", item="O2: 4 to 6") == (
        1,
        1,
        2,
    )
    assert figure(rows, "sef_schools_in_band", "numerator", item="O2: 1 to 3") == (0,)
    assert set(rows.filter(measure="sef_schools_in_band")["geographic_level"]) == {LA}


@pytest.mark.parametrize(("now", "shares"), [(7, 0), (8, 1), (10, 1)])
def test_practice_to_share_begins_at_8(now, shares):
    rows = to_share(ratings(rate("O1", now), rate("O1", 0, school=OAK_ID)), PLACES, **LATER)
    assert figure(rows, "sef_case_studies", "numerator", "denominator", "eligible_subjects", item="O1") == (
        shares,
        1,
        2,
    )


# ---- rounds


def test_change_is_of_statements_rated_in_both_rounds():
    """O1 4 to 6, O2 0 to 5, O3 5 to blank, L1 6 to 5: O1 2, L1 -1; Outcomes 2, in all 0.5 of two."""
    before = date(2025, 3, 14)
    rows = statements.change_between_rounds(ratings(
        rate("O1", 4, day=before), rate("O2", 0, day=before), rate("O3", 5, day=before), rate("L1", 6, day=before),
        rate("O1", 6), rate("O2", 5), rate("O3", None), rate("L1", 5),
    ), PLACES, **LATER)  # fmt: skip
    assert figure(rows, "sef_change", "value", "denominator", level=SCHOOL) == (0.5, 2)
    assert figure(rows, "sef_change", "value", level=SCHOOL, item="Outcomes") == (2,)
    assert figure(rows, "sef_change", "value", "status", level=SCHOOL, item="O2") == (None, "z")
    assert set(rows["time_period"]) == {"202526"}


def test_change_is_from_the_round_before_and_from_no_other_school():
    autumn, before = date(2025, 10, 3), date(2025, 3, 14)
    rows = statements.change_between_rounds(
        ratings(rate("O1", 2, day=before), rate("O1", 4, day=autumn), rate("O1", 5), rate("O1", 9, school=OAK_ID)),
        PLACES, **LATER,
    )  # fmt: skip
    assert figure(rows, "sef_change", "value", level=SCHOOL, place_code="100001", time_period="202526") == (1,)
    assert rows.filter(place_code="100002").is_empty()


def test_share_rated_takes_0_out_and_counts_missing_lines():
    """Two rated, one not applicable, one blank, 41 without a line: 2 of 44."""
    rows = statements.how_much_is_rated(
        ratings(rate("O1", 5), rate("O2", 1), rate("O3", 0), rate("O4", None)), PLACES, **LATER
    )
    assert figure(rows, "sef_rated", "numerator", "denominator", level=SCHOOL) == (2, 44)


def test_targets_by_the_months_they_are_set_for():
    rows = statements.how_much_is_rated(ratings(rate("O1", 5, 7), rate("O2", 5, 7, months=12), rate("O3", 5, 0),
                                              rate("O4", 5)),
                                      PLACES, **LATER)  # fmt: skip
    assert figure(rows, "sef_target_months", "numerator", "denominator", item="6 months") == (1, 2)
    assert figure(rows, "sef_target_months", "numerator", "denominator", item="12 months") == (1, 2)


# ---- priorities


def test_ranks_are_by_gap_largest_first_and_ties_share():
    """Gaps 4, 2, 2, 1, 0, and one from 0 (not applicable): ranks 1, 2, 2, 4; none for the last two."""
    rows = priorities(ratings(rate("O1", 4, 8), rate("O2", 5, 7), rate("O3", 6, 8), rate("L1", 7, 8), rate("L2", 8, 8),
                              rate("L3", 0, 9)), PLACES, **LATER)  # fmt: skip
    ranks = rows.filter(measure="sef_priority_rank").sort("value", "item").select("item", "value", "numerator").rows()
    assert ranks == [("O1", 1, 4), ("O2", 2, 2), ("O3", 2, 2), ("L1", 4, 1)]


def test_statements_most_often_a_priority_and_the_share_of_schools():
    """First 1: O1 at Elm (gap 4), L1 at Oak (gap 3). O1 is rated by both: 1 of 2."""
    rows = priorities(ratings(rate("O1", 4, 8), rate("L1", 7, 8), rate("O1", 5, 6, OAK_ID), rate("L1", 4, 7, OAK_ID)),
                      PLACES, **LATER, first=1)  # fmt: skip
    assert figure(rows, "sef_often_a_priority", "numerator", "denominator", item="O1") == (1, 2)
    assert figure(rows, "sef_often_a_priority", "numerator", "denominator", item="L1") == (1, 2)


@settings(max_examples=25, deadline=None)
@given(pairs=st.lists(st.tuples(st.integers(0, 10), st.integers(0, 10)), min_size=1, max_size=20))
def test_a_larger_gap_never_ranks_behind_and_0_never_counts(pairs):
    names = list(sections())
    rows = priorities(ratings(*(rate(names[n], now, target) for n, (now, target) in enumerate(pairs))), PLACES, **LATER)
    ranked = rows.filter(measure="sef_priority_rank").sort("value")
    assert ranked["numerator"].is_sorted(descending=True)
    expected = [target - now for now, target in pairs if now > 0 and target > 0 and target > now]
    assert sorted(ranked["numerator"].to_list()) == sorted(expected)


def evidence(*rows):
    return table("evidence", *({"school_id": school, "statement": statement, "recorded_on": MARCH, "number": n,
                                "type": "data", "shared": shared}
                               for n, (school, statement, shared) in enumerate(rows, 1)))  # fmt: skip


def test_evidence_of_rated_statements():
    """O1 and O2 rated, O3 not applicable; evidence of O1 (twice) and O3: 1 of 2, and offered to others 1 of 2."""
    rows = with_evidence(ratings(rate("O1", 5), rate("O2", 5), rate("O3", 0)),
                         evidence((ELM_ID, "O1", False), (ELM_ID, "O1", True), (ELM_ID, "O3", True)),
                         PLACES, **LATER)  # fmt: skip
    assert figure(rows, "sef_with_evidence", "numerator", "denominator", level=SCHOOL) == (1, 2)
    assert figure(rows, "sef_evidence_shared", "value", level=SCHOOL, item="O1") == (100,)
    assert rows.filter(item="O3").is_empty()


# ---- actions

TODAY = date(2026, 6, 15)


def action(number, status="under way", set_on=date(2025, 9, 15), due=date(2026, 4, 1), reviewed=None, met=None,
           statement="O1", school=ELM_ID):  # fmt: skip
    return {"school_id": school, "action_id": f"A{number}", "statement": statement, "set_on": set_on, "due_on": due,
            "reviewed_on": reviewed, "status": status, "criteria_met": met}  # fmt: skip


def plan(*rows):
    return table("actions", *rows)


@pytest.mark.parametrize(
    ("reviewed", "in_cycle"), [(date(2026, 2, 14), 0), (date(2026, 2, 15), 1), (date(2026, 2, 16), 1)]
)
def test_live_actions_reviewed_within_four_months_boundary_included(reviewed, in_cycle):
    rows = plan_actions(plan(action(1, reviewed=reviewed)), PLACES, **LATER, as_of=TODAY)
    assert figure(rows, "actions_in_cycle", "numerator", "denominator", level=SCHOOL) == (in_cycle, 1)


def test_an_action_set_lately_is_in_its_cycle_and_ended_ones_do_not_count():
    rows = plan_actions(plan(action(1, set_on=date(2026, 5, 1)), action(2, "done"), action(3, "dropped")), PLACES,
                        **LATER,                        as_of=TODAY)  # fmt: skip
    assert figure(rows, "actions_in_cycle", "numerator", "denominator", level=SCHOOL) == (1, 1)


def test_actions_done_of_those_due_and_criteria_met_of_those_done():
    """Done, done, open and due, dropped, not due yet: 2 of 3; criteria met 1 of 1 that says. Wilson of 2/3."""
    rows = plan_actions(plan(action(1, "done", met=True), action(2, "done"), action(3, "open"), action(4, "dropped"),
                             action(5, due=date(2026, 6, 16))), PLACES, **LATER, as_of=TODAY)  # fmt: skip
    row = find(rows, "actions_done", level=SCHOOL)
    assert (row["numerator"], row["denominator"], row["time_period"]) == (2, 3, "202526")
    assert (round(row["lower"], 1), round(row["upper"], 1)) == (20.8, 93.9)
    assert figure(rows, "actions_criteria_met", "numerator", "denominator", level=SCHOOL) == (1, 1)


def test_an_action_set_after_the_day_is_not_there_yet():
    assert plan_actions(plan(action(1, set_on=date(2026, 7, 1))), PLACES, **LATER, as_of=TODAY).is_empty()


def test_priorities_that_the_plan_answers():
    """Priorities O1 and O2; an action on O1 since the last round, one on O2 before it, one on O3: 1 of 2."""
    before = date(2025, 3, 14)
    rows = planned_for(ratings(rate("O1", 4, 5, day=before), rate("O1", 4, 8), rate("O2", 5, 7), rate("O3", 7, 7)),
                       plan(action(1), action(2, statement="O2", set_on=date(2025, 3, 1)), action(3, statement="O3")),
                       PLACES, **LATER)  # fmt: skip
    assert figure(rows, "sef_priorities_planned", "numerator", "denominator", level=SCHOOL, time_period="202526") == (
        1,
        2,
    )


def test_a_dropped_action_answers_nothing():
    rows = planned_for(ratings(rate("O1", 4, 8)), plan(action(1, "dropped")), PLACES, **LATER)
    assert figure(rows, "sef_priorities_planned", "value", level=SCHOOL) == (0,)


def test_planted_ratings_of_the_sample():
    """Elm rates itself about 9 of 10 (TRUTH.md, ratings_far_above_data), Alder about 3.2 (ratings_far_below_data)."""
    file = pl.read_csv(SAMPLE / "self_evaluation.csv", infer_schema=False)
    rows = file.filter(pl.col("Academic year") == "2025/26").select(
        pl.col("LAESTAB").alias("school_id"), pl.lit("202526").alias("time_period"),
        pl.col("Date").str.to_date("%d/%m/%Y").alias("rated_on"), pl.col("Statement").alias("statement"),
        pl.col("Now").cast(pl.Int64).alias("rating_now"), pl.col("Target").cast(pl.Int64).alias("rating_target"),
        pl.col("Months").cast(pl.Int64).alias("target_months"),
    )  # fmt: skip
    schools = pl.DataFrame([{**ELM, "school_id": "9994001"}, {**OAK, "school_id": "9992001"}])
    made = statements.bands(rows, schools, **LATER)
    high = {"level": SCHOOL, "item": "7 to 10"}
    assert figure(made, "sef_band", "value", place_code="100001", **high) == (100,)
    assert figure(made, "sef_band", "value", place_code="100002", **high) == (0,)


def test_laws_and_every_card_of_the_topic_is_made():
    before = date(2025, 3, 14)
    rows = ratings(rate("O1", 4, 8, day=before), rate("L1", 0, 3, day=before), rate("O1", 5, 8),
                   rate("L1", 6, 9, months=12), rate("M5", None), rate("O1", 9, 9, OAK_ID),
                   rate("L1", 2, 9, OAK_ID), *(by(who, 1, "O1", 4 + who) for who in range(3)))  # fmt: skip
    todo = plan(
        action(1, reviewed=date(2026, 3, 1)), action(2, "done", met=False, school=OAK_ID), action(3, "done", met=True)
    )
    proof = evidence((ELM_ID, "O1", True), (OAK_ID, "L1", False))
    made = [holds(metric, rows, PLACES, **LATER) for metric in (
        statements.self_evaluation, statements.bands, statements.change_between_rounds, statements.how_much_is_rated,
        priorities, to_share, rater_spread, said_by_unit,
    )]  # fmt: skip
    made.append(holds(with_evidence, rows, proof, PLACES, **LATER))
    made.append(holds(planned_for, rows, todo, PLACES, **LATER))
    made.append(holds(plan_actions, todo, PLACES, **LATER, as_of=TODAY))
    assert set(pl.concat(made)["measure"]) == {
        name for name, card in cards().items() if card.topic == "self_evaluation"
    }
