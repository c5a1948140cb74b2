"""The declared list of what is published: well-formed, linked measures together, cut from its end by the budget."""

import polars as pl
import pytest

from sendlab.disclosure import publish, visible_share
from sendlab.errors import GateError, SendlabError
from sendlab.measures import choose
from sendlab.measures.assembled import _declared
from sendlab.metrics.cards import card, cards
from sendlab.metrics.nobody import nobody_rows
from sendlab.metrics.publication import _table, broken_down_by, declared, published_measures, usual_rows
from sendlab.schema.groups import (
    ALL_SEN,
    AUTUMN_AND_SPRING,
    FULL_YEAR,
    HALF_TERMS,
    NEED_AREAS,
    NOT_YET_COLLECTED,
    TERMS,
    TOTAL,
)
from sendlab.schema.measures import MEASURE_KEY, as_measures

LA, SCHOOL = "Local authority", "School"
TABLES, BUDGET = declared()
GIVEN = {"name": "some", "measures": ["absence"], "levels": [SCHOOL], "by": ["", "sex"], "years": "all",
         "periods": "year"}  # fmt: skip


def rows_of(places, *, measure="absence", year="202526", period=FULL_YEAR, level=SCHOOL, **groups):
    """One figure of 30 pupils at each place."""
    one = {"measure": measure, "time_period": year, "time_identifier": period, "geographic_level": level,
           "base_subjects": 30, "with_subjects": 12, "numerator": 12.0, "denominator": 30.0, "value": 40.0}  # fmt: skip
    same = {name: pl.lit(value) for name, value in (one | groups).items()}
    return as_measures(pl.DataFrame({"place_code": places}).with_columns(**same))


def periods_of(level, year, *measures):
    found = choose(pl.concat(measures)).rows.filter(geographic_level=level, time_period=year)
    return set(found["time_identifier"])


# The list ------------------------------------------------------------------------------------------------------------


def test_every_table_names_cards_levels_and_breakdowns_that_its_measures_have():
    assert len({table.name for table in TABLES}) == len(TABLES)
    for table in TABLES:
        assert table.measures and len(set(table.measures)) == len(table.measures)
        assert table.levels and table.by and len(set(table.by)) == len(table.by)
        for columns in filter(None, table.by):
            having = [name for name in table.measures if columns in {*card(name).breakdowns, *card(name).la_breakdowns}]
            assert having, f"{table.name}: no measure is broken down by {columns}"
            at_schools = [name for name in having if columns in card(name).breakdowns]
            assert SCHOOL not in table.levels or at_schools, f"{table.name}: {columns} is for the authority alone"


def test_no_table_repeats_another():
    cells = [(measure, level, by, table.periods, table.years) for table in TABLES for measure in table.measures
            for level in table.levels for by in table.by]  # fmt: skip
    assert len(set(cells)) == len(cells)


def test_every_measure_has_a_total_in_the_first_table_that_holds_it():
    for measure in published_measures():
        first = next(table for table in TABLES if measure in table.measures)
        assert () in first.by and first.periods == "year", measure


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"measures": ["absense"]}, "did you mean absence"),
        ({"by": ["sex x colour"]}, "unknown colour"),
        ({"levels": ["Ward"]}, "unknown Ward"),
        ({"years": "some"}, "unknown word"),
        ({"periods": "week"}, "unknown word"),
        ({"rows": 3}, "rows"),
    ],
)
def test_a_table_with_a_word_that_is_not_known_is_refused(wrong, error):
    assert _table(GIVEN).by == ((), ("sex",))
    with pytest.raises((SendlabError, ValueError, TypeError), match=error):
        _table(GIVEN | wrong)


def test_the_budget_has_room_for_what_it_decides_together():
    assert 0 < BUDGET.system < BUDGET.cells


# Links between measures ----------------------------------------------------------------------------------------------


def links():
    """(measure, the one that limits it or that it is part of), both published."""
    known = set(published_measures())
    pairs = [(name, other) for name in published_measures() for other in (card(name).at_most, card(name).parts_of)]
    return [(name, other) for name, other in pairs if other in known]


def held(measure):
    """{(level, breakdown, periods, years)} of all tables of a measure."""
    years = {"latest": ("latest",), "all": ("latest", "earlier")}
    return {(level, by, table.periods, year) for table in TABLES if measure in table.measures
            for level in table.levels for by in table.by for year in years[table.years]}  # fmt: skip


@pytest.mark.parametrize(("measure", "other"), links())
def test_a_measure_stands_beside_the_one_that_limits_it_on_one_base(measure, other):
    """Figures of one base, or of bases that are linked, are protected together, so the limit is known."""
    assert card(other).base in (card(measure).base, card(measure).among)
    assert held(measure) <= held(other)


def test_there_are_linked_measures():
    assert {("severe_absence", "persistent_absence"), ("suspended_once_or_more", "suspension_rate")} <= set(links())


def test_the_parts_of_a_published_whole_are_published_all_or_none():
    """All but one would give the last by subtraction, of a measure that nobody protects."""
    known = set(published_measures())
    wholes = {card(name).parts_of for name in known} - {""}
    for whole in wholes:
        parts = {name for name, about in cards().items() if about.parts_of == whole}
        assert whole not in known or parts <= known, whole
    assert wholes == {"sef_target"}


# Items and places ----------------------------------------------------------------------------------------------------


def test_only_declared_items_are_published():
    """Months of issue are parts of the year, and other streams of money are paid by pupil."""
    money = [rows_of(["100001"], measure="spend_of_budget", item=name) for name in ("notional SEN", "pupil premium")]
    plans = [rows_of(["999"], measure="ehc_within_20_weeks", item=name, level=LA, year="2025", period="Calendar year")
             for name in (TOTAL, "January")]  # fmt: skip
    kept = choose(pl.concat([*money, *plans])).rows
    assert kept.select("measure", "item").rows() == [
        ("spend_of_budget", "notional SEN"),
        ("ehc_within_20_weeks", TOTAL),
    ]


def test_no_published_figure_about_schools_counts_pupils_or_staff():
    about = [
        card(name) for name in published_measures() if card(name).subject == "place" and card(name).kind != "rating"
    ]
    assert len(about) >= 4
    assert not [
        each.measure for each in about if {"pupils", "people"} & set(f"{each.numerator} {each.denominator}".split())
    ]


def test_figures_about_schools_pass_as_they_are_and_those_of_people_beside_them_do_not():
    """One school is no small group of people: hours and pounds of a school are its own to tell."""
    hours = rows_of(["100001", "100002"], measure="assistant_hours", item="class", base_subjects=1, with_subjects=1)
    people = rows_of(["100001", "100002"], base_subjects=3, with_subjects=1, numerator=1.0, denominator=3.0,
                     measure="persistent_absence", sen_provision="SEN support")  # fmt: skip
    shown = publish(pl.concat([hours, people]), run_id="r").rows
    assert shown.filter(measure="assistant_hours")["value"].to_list() == [40.0, 40.0]
    assert shown.filter(measure="persistent_absence")["value"].to_list() == [None, None]
    board = publish(pl.concat([hours, people]), run_id="r")
    assert visible_share(board) == 0.0  # of figures about people


@pytest.mark.parametrize(
    ("measure", "item"), [("budget_per_pupil", "notional SEN"), ("spend_of_budget", "pupil premium")]
)
def test_figures_about_schools_that_tell_of_pupils_do_not_pass_the_gate(measure, item):
    """Pounds by pupil, and streams that are paid by pupil: pass them and the number of pupils follows."""
    told = rows_of(["100001"], measure=measure, item=item, base_subjects=1, with_subjects=1)
    with pytest.raises(GateError, match="about schools outside the declared tables"):
        publish(told, run_id="r")


def test_nobody_without_sen_is_missed_where_only_pupils_with_sen_count():
    measures = pl.concat([rows_of(["999"], measure="plan_coverage", level=LA), rows_of(["999"], level=LA),
                          rows_of(["999"], measure="ehc_within_20_weeks", level=LA, year="2025",
                                  period="Calendar year")])  # fmt: skip
    places = pl.DataFrame({"place_code": ["100001"], "place_name": ["Elm"], "education_phase": ["Primary"]})
    facts = pl.DataFrame({"place_code": ["100001"], "time_period": ["202526"], "age_at_31_august": [10],
                          "on_roll": True, "attendance_status": ["present"]})  # fmt: skip
    nobody = nobody_rows(measures, places, facts)
    groups = {name: set(nobody.filter(measure=name)["sen_provision"]) for name in ("plan_coverage", "absence")}
    assert "No SEN" not in groups["plan_coverage"] and "No SEN" in groups["absence"]
    years = {name: set(nobody.filter(measure=name)["time_period"]) for name in ("ehc_within_20_weeks", "absence")}
    assert years == {"ehc_within_20_weeks": {"2025"}, "absence": {"202526"}}


def test_rows_of_earlier_years_that_are_not_published_are_not_taken_for_nobody():
    measures = pl.concat(
        [rows_of(["999"], measure="plan_coverage", level=LA, year=year) for year in ("202425", "202526")]
    )
    assert set(choose(measures).rows["time_period"]) == {"202526"}
    assert set(_declared(measures)["time_period"]) == {"202425", "202526"}


# The budget ----------------------------------------------------------------------------------------------------------


def in_three_tables(schools):
    """Figures by SEN provision and by area of need at this many schools, and a few by sex."""
    places = [f"{number:06}" for number in range(schools)]
    provision = [rows_of(places, sen_provision=name) for name in (TOTAL, "EHC plan", "SEN support", "No SEN")]
    needs = [rows_of(places, sen_provision=ALL_SEN, need_area=name) for name in NEED_AREAS[:4]]
    return pl.concat([*provision, *needs, *(rows_of(places[:9], sex=name) for name in ("Female", "Male"))])


@pytest.mark.parametrize(("beyond", "left", "tables"), [
    (-3, (), {"sen_provision", "need_area", "sex", ""}),
    (0, ("by sex and by free school meals",), {"sen_provision", "need_area", ""}),
    (1, ("by area of need", "by sex and by free school meals"), {"sen_provision", ""}),
])  # fmt: skip
def test_the_budget_of_cells_cuts_whole_tables_from_the_end(beyond, left, tables):
    """A small table goes with the larger one before it, which had no room; nothing is cut within a table."""
    measures = in_three_tables(BUDGET.cells // 8 + beyond)
    chosen = choose(measures)
    assert chosen.left_out == left
    assert set(chosen.rows.select(broken_down_by()).to_series()) == tables
    expected = measures.filter(broken_down_by().is_in(sorted(tables)))
    assert chosen.rows.height == expected.height


def test_a_group_for_which_the_budget_has_no_room_is_not_taken_for_nobody():
    schools = BUDGET.cells // 8 + 1
    measures = in_three_tables(schools)
    places = measures.filter(sen_provision=TOTAL, sex=TOTAL).select("place_code", "place_name", "education_phase")
    facts = pl.DataFrame({
        "place_code": places["place_code"], "time_period": "202526", "age_at_31_august": 10, "on_roll": True,
        "attendance_status": "present",
    })  # fmt: skip
    assert "by area of need" in choose(measures).left_out
    nobody = nobody_rows(_declared(measures), places, facts)
    both = pl.concat([measures, nobody]).filter(pl.col("measure") == "absence")
    assert not both.select(pl.struct(MEASURE_KEY).is_duplicated().any()).item()
    assert nobody.filter(measure="absence", need_area=NEED_AREAS[4]).height == schools  # there, nobody is


def test_groups_of_nobody_take_no_room():
    places = [f"{number:06}" for number in range(BUDGET.cells)]
    empty = rows_of(places, sen_provision="Not recorded").with_columns(base_subjects=pl.lit(0, pl.Int64))
    chosen = choose(pl.concat([rows_of(places[:10]), empty]))
    assert chosen.left_out == () and chosen.rows.height == BUDGET.cells + 10


# Periods and years ---------------------------------------------------------------------------------------------------


def of_periods(*periods, level=SCHOOL, **more):
    place = "999" if level == LA else "100001"
    return pl.concat([rows_of([place], period=period, level=level, **more) for period in periods])


OPEN_YEAR = (AUTUMN_AND_SPRING, *TERMS[:2], *HALF_TERMS[:4])


def test_a_running_total_of_an_open_year_is_never_a_schools():
    measures = [of_periods(*OPEN_YEAR, level=level) for level in (SCHOOL, LA)]
    assert periods_of(SCHOOL, "202526", *measures) == set(TERMS[:2])
    assert periods_of(LA, "202526", *measures) == set(OPEN_YEAR)


@pytest.mark.parametrize(
    ("periods", "schools", "authority"),
    [
        ((FULL_YEAR, AUTUMN_AND_SPRING, *TERMS, *HALF_TERMS), {FULL_YEAR}, {FULL_YEAR}),
        ((TERMS[0], *HALF_TERMS[:2]), {TERMS[0]}, {TERMS[0], *HALF_TERMS[:2]}),
        (HALF_TERMS[:1], set(), set(HALF_TERMS[:1])),
    ],
)
def test_which_periods_of_a_year_are_published(periods, schools, authority):
    measures = [of_periods(*periods, level=level) for level in (SCHOOL, LA)]
    assert periods_of(SCHOOL, "202526", *measures) == schools
    assert periods_of(LA, "202526", *measures) == authority


def test_half_terms_are_those_of_absence_in_the_latest_year():
    measures = [of_periods(*OPEN_YEAR, level=LA, year=year) for year in ("202425", "202526")]
    measures.append(of_periods(*OPEN_YEAR, level=LA, measure="suspension_rate"))
    assert periods_of(LA, "202425", *measures) == {AUTUMN_AND_SPRING, *TERMS[:2]}
    found = choose(pl.concat(measures)).rows.filter(pl.col("time_identifier").is_in(HALF_TERMS))
    assert set(found["measure"]) == {"absence"} and set(found["time_period"]) == {"202526"}


def test_earlier_years_come_without_sex_and_crossed_tables():
    years = [rows_of(["999"], level=LA, year=year, **groups) for year in ("202425", "202526")
             for groups in ({}, {"sex": "Male"}, {"sen_provision": "EHC plan", "sex": "Male"})]  # fmt: skip
    found = choose(pl.concat(years)).rows
    assert found.filter(time_period="202526").height == 3
    assert found.filter(time_period="202425")["sex"].to_list() == [TOTAL]


def test_crossed_tables_are_the_authoritys_alone():
    rows = rows_of(["100001"], sen_provision="EHC plan", sex="Male")
    assert choose(rows).rows.is_empty()


def test_measures_and_comparators_that_are_not_declared_stay_with_the_analyst():
    assert choose(rows_of(["100001"], measure="unauthorised_absence")).rows.is_empty()
    assert choose(rows_of(["100001"], comparator="Last year")).rows.is_empty()
    assert choose(rows_of(["100001"], comparator="No SEN")).rows.height == 1


def test_needs_that_are_not_collected_yet_make_no_table_by_need():
    needs = [rows_of(["100001"], sen_provision=ALL_SEN, need_area=name, year=year)
             for year, names in (("202425", NEED_AREAS[:1]), ("202526", (NEED_AREAS[0], NOT_YET_COLLECTED)))
             for name in names]  # fmt: skip
    found = choose(pl.concat([*needs, rows_of(["100001"])])).rows
    assert found.select("time_period", "need_area").sort("time_period").rows() == [
        ("202425", NEED_AREAS[0]), ("202526", TOTAL),
    ]  # fmt: skip


def test_the_usual_tables_are_plain_and_of_the_widest_period():
    rows = pl.concat([of_periods(*OPEN_YEAR, level=LA), of_periods(AUTUMN_AND_SPRING, level=LA, sex="Male")])
    kept = usual_rows(rows)
    assert kept.select("time_identifier", "sex").rows() == [(AUTUMN_AND_SPRING, TOTAL)]
    assert usual_rows(of_periods(*TERMS[:2]))["time_identifier"].to_list() == [TERMS[1]]
    assert not kept.select(MEASURE_KEY).is_duplicated().any()
