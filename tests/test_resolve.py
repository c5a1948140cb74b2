"""Schools are one place whatever they are called, conversions are followed, and what returns cover is known."""

from datetime import date

import polars as pl

from sendlab.coverage import make_coverage
from sendlab.from_sessions import attendance_from_codes, with_registers
from sendlab.resolve import Schools
from sendlab.schema.tables import TABLES
from sendlab.sources.folder import RawTables
from sendlab.sources.reading import as_declared


def rows(table, *given):
    return as_declared(pl.DataFrame(list(given)), table)


def raw(**tables):
    made = RawTables()
    for name, given in tables.items():
        made.tables[name].append(rows(name, *given))
    return made


OLD = {"school_id": "9992001", "school_urn": "100001", "school_name": "Old", "establishment_status": "2"}
NEW = {"school_id": "9994001", "school_urn": "200002", "school_name": "New", "establishment_status": "1"}
LINK = {"school_urn": "100001", "link_urn": "200002", "link_type": "Successor"}


def known_as(schools, *ids):
    return pl.DataFrame({"school_id": list(ids)}).select(schools.of())["school_id"].to_list()


def test_a_urn_a_stroke_and_a_point_nought_are_one_school():
    schools = Schools(raw(schools=[NEW]), "999")
    assert known_as(schools, "200002", "999/4001", "999-4001", "9994001.0", "SCH7") == ["9994001"] * 4 + ["SCH7"]


def test_a_conversion_is_followed_from_either_side_of_the_link():
    back = {"school_urn": "200002", "link_urn": "100001", "link_type": "Predecessor"}
    for link in (LINK, back):
        schools = Schools(raw(schools=[OLD, NEW], school_links=[link]), "999")
        assert known_as(schools, "9992001", "100001", "200002") == ["9994001"] * 3
        assert schools.table["school_name"].to_list() == ["New"]


def test_merged_schools_stay_themselves():
    link = {**LINK, "link_type": "Successor - merged"}
    schools = Schools(raw(schools=[OLD, NEW], school_links=[link]), "999")
    assert known_as(schools, "9992001", "9994001") == ["9992001", "9994001"]


def test_a_school_that_keeps_its_number_is_described_as_it_is_now():
    before, after = {**OLD, "school_id": "9994001"}, NEW
    for order in ([before, after], [after, before]):
        table = Schools(raw(schools=order), "999").table
        assert table.select("school_id", "school_urn", "school_name").rows() == [("9994001", "200002", "New")]


def test_links_that_go_round_in_a_circle_end():
    ring = [LINK, {"school_urn": "200002", "link_urn": "100001", "link_type": "Successor"}]
    assert len(known_as(Schools(raw(schools=[OLD, NEW], school_links=ring), "999"), "9992001")) == 1


def test_an_unknown_school_is_a_place_with_unknown_phase():
    made = raw(pupils=[{"pupil_id": "A", "school_id": "9997777", "time_period": "202425", "term": "Autumn term"}])
    (school,) = Schools(made, "999").table.to_dicts()
    assert (school["school_id"], school["phase_code"], school["la_code"]) == ("9997777", None, "999")


def coverage_key(table):
    return table.select("kind", "school_id", "time_period", "term", "basis", "rows").rows()


def test_a_census_covers_a_quiet_term_and_notifications_only_terms_with_rows():
    stated = rows(
        "coverage",
        {"kind": "suspensions", "school_id": "9992001", "time_period": "202425", "term": "Spring term",
         "part": "whole term", "basis": "census", "rows": 0},
    )  # fmt: skip
    events = rows(
        "suspensions",
        {"pupil_id": "A", "school_id": "9992002", "start_date": date(2025, 4, 21), "category": "SUSP"},
        {"pupil_id": "A", "school_id": "9992001", "start_date": date(2025, 1, 21), "category": "SUSP"},
    )
    made = make_coverage(stated, events, pl.DataFrame(schema=TABLES["attendance"].polars_schema))
    assert coverage_key(made) == [
        ("suspensions", "9992001", "202425", "Spring term", "census", 0),
        ("suspensions", "9992002", "202425", "Summer term", "notifications", 1),
    ]


def codes(period, **sessions):
    return rows(
        "attendance_codes",
        *({"pupil_id": "A", "school_id": "9992001", "time_period": period, "term": "Autumn term", "part": "whole term",
           "attendance_code": code, "sessions": float(count)} for code, count in sessions.items()),
    )  # fmt: skip


def test_attendance_is_made_from_register_codes_by_the_set_valid_in_the_term():
    given = {"I": 4, "U": 2, "B": 3, "D": 5, "J1": 1, "L": 6}
    empty = pl.DataFrame(schema=TABLES["attendance"].polars_schema)
    columns = ["sessions_possible", "sessions_authorised", "sessions_unauthorised", "basis"]
    after = attendance_from_codes(empty, codes("202425", **given))
    before = attendance_from_codes(empty, codes("202324", **given))
    # 4 I + 1 J1 authorised, 2 U unauthorised, 3 B and 6 L attending; D is no possible session
    assert after.select(columns).rows() == [(16.0, 5.0, 2.0, "sessions")]
    # J1 was no code before 19 August 2024
    assert before.select(columns).rows() == [(15.0, 4.0, 2.0, "sessions")]


def test_a_return_of_the_term_is_not_added_to():
    returned = rows(
        "attendance",
        {"pupil_id": "B", "school_id": "9992001", "time_period": "202425", "term": "Autumn term", "part": "whole term",
         "sessions_possible": 100.0, "basis": "totals"},
    )  # fmt: skip
    assert attendance_from_codes(returned, codes("202425", I=4)).is_empty()


def test_counts_of_codes_come_from_a_return_or_from_registers_and_never_from_both():
    returned = codes("202425", I=4).with_columns(pl.lit("to late May").alias("part"))
    (added, rest) = with_registers(returned, [codes("202425", I=9)])
    assert pl.concat([added, rest]).equals(returned)
    made = pl.concat(with_registers(returned, [codes("202324", I=9)]))
    assert made.select("time_period", "sessions").rows() == [("202324", 9.0), ("202425", 4.0)]


def test_counts_by_code_stay_in_order_of_schools_piece_by_piece():
    def at(school):
        return codes("202425", I=1).with_columns(pl.lit(school).alias("school_id"))

    returned = pl.concat([at(f"999{number}") for number in (1, 3, 5, 9)])
    pieces = [pl.concat([at("9992"), at("9994")]), at("9996")]
    made = pl.concat(with_registers(returned, pieces))
    assert made["school_id"].to_list() == [f"999{number}" for number in (1, 2, 3, 4, 5, 6, 9)]
