"""Sessions by parts of years from session rows, and absence of them: by hand, at edges, and beside a plain count."""

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from sendlab.codes import valid_on
from sendlab.facts.marks import sessions_by_part
from sendlab.metrics.registers import absence_of_registers
from sendlab.schema.tables import TABLES

AUTUMN = ("202526", "Autumn term", date(2025, 9, 1), date(2025, 9, 5))
SPRING = ("202526", "Spring term", date(2025, 9, 8), date(2025, 9, 12))  # the 6th and 7th lie in neither
PARTS = [AUTUMN, SPRING]
KEY = ["school_id", "pupil_id", "session_date", "session"]


def store(folder, *files):
    """A store whose session files hold these rows (pupil, school, day of September, AM or PM, code), sorted."""
    (folder / "sessions").mkdir(parents=True, exist_ok=True)
    schema = TABLES["sessions"].polars_schema
    for number, rows in enumerate(files):
        whole = [(p, s, date(2025, 8, 31) + timedelta(day), half, code) for p, s, day, half, code in rows]
        frame = pl.DataFrame(
            whole, schema={name: pl.String if name in ("session", "attendance_code") else schema[name] for name in
                           ("pupil_id", "school_id", "session_date", "session", "attendance_code")}, orient="row",
        )  # fmt: skip
        frame.cast(schema).sort(KEY).write_parquet(folder / "sessions" / f"bucket-{number:03d}.parquet")
    return folder


def week(pupil, school, codes, first=1):
    """Mornings from a day of September on, one code a day; None: no mark."""
    return [(pupil, school, first + n, "AM", code) for n, code in enumerate(codes)]


def counted(folder, parts=PARTS):
    names = ["school_id", "pupil_id", "time_identifier", *(f"sessions_{k}" for k in ("possible", "authorised"))]
    return sessions_by_part(folder, parts).select(*names, "sessions_unauthorised").rows()


def test_a_pupil_s_two_parts(tmp_path):
    """Five mornings / I # O and no mark: 3 possible, I authorised, O unauthorised; then one of two missed for C."""
    rows = [*week("a", "s", ["/", "I", "#", "O", None]), *week("a", "s", ["C", "L"], first=8)]
    assert counted(store(tmp_path, rows)) == [("s", "a", "Autumn term", 3, 1, 1), ("s", "a", "Spring term", 2, 1, 0)]


def test_days_outside_every_part_are_not_counted(tmp_path):
    """31 August, the weekend between, and 13 September; on the first and last day of a part they are."""
    outside = [("a", "s", day, "AM", "I") for day in (0, 6, 7, 13)]
    edges = [("a", "s", day, "AM", "I") for day in (1, 5, 8, 12)]
    assert counted(store(tmp_path, [*outside, *edges])) == [
        ("s", "a", "Autumn term", 2, 2, 0), ("s", "a", "Spring term", 2, 2, 0)
    ]  # fmt: skip
    assert counted(store(tmp_path / "outside", outside)) == []


def test_a_pupil_of_two_schools_whose_rows_meet(tmp_path):
    """Last of school s and first of school t, in one part: two rows."""
    rows = [*week("m", "s", ["/", "I"]), *week("m", "t", ["I", "I", "/"], first=3), *week("z", "t", ["/"])]
    assert counted(store(tmp_path, rows)) == [
        ("s", "m", "Autumn term", 2, 1, 0), ("t", "m", "Autumn term", 3, 2, 0), ("t", "z", "Autumn term", 1, 0, 0)
    ]  # fmt: skip


def test_files_and_an_empty_one(tmp_path):
    found = counted(store(tmp_path, week("a", "s", ["/"]), [], week("b", "t", ["O"])))
    assert found == [("s", "a", "Autumn term", 1, 0, 0), ("t", "b", "Autumn term", 1, 0, 1)]
    assert sessions_by_part(tmp_path / "none", PARTS).is_empty()
    assert sessions_by_part(tmp_path, []).is_empty()


def test_codes_are_those_of_their_day(tmp_path):
    """J was an interview, approved, until 18 August 2024, and no code of a register since (J1 is)."""
    rows = [("a", "s", day, "AM", "J") for day in (-379, 1)]  # 17 August 2024, 1 September 2025
    parts = [("202324", "Summer term", date(2024, 8, 1), date(2024, 8, 31)), AUTUMN]
    found = sessions_by_part(store(tmp_path, rows), parts)
    told = dict(found.select("time_period", "sessions_possible").iter_rows())
    assert [told.get(year, 0) for year in ("202324", "202526")] == [
        int("J" in valid_on("attendance_code", day) and valid_on("attendance_code", day)["J"].notes["possible"] == "1")
        for day in (date(2024, 8, 17), date(2025, 9, 1))
    ] == [1, 0]  # fmt: skip


CODES = [None, "/", "\\", "I", "O", "C", "L", "#", "X", "B"]
ROWS = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from("stu"), st.integers(0, 14), st.sampled_from(["AM", "PM"]),
              st.sampled_from(CODES)), max_size=60, unique_by=lambda row: row[:4],
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_the_same_as_counting_each_row(tmp_path_factory, rows):
    folder = store(tmp_path_factory.mktemp("marks"), rows)
    expected = {}
    for pupil, school, day, _, code in rows:
        name = "Autumn term" if 1 <= day <= 5 else "Spring term" if 8 <= day <= 12 else None
        if name:
            counts = expected.setdefault((school, pupil, name), [0, 0, 0])
            notes = valid_on("attendance_code", AUTUMN[2])[code].notes if code else {}
            counts[0] += notes.get("possible") == "1"
            counts[1] += notes.get("category") == "authorised"
            counts[2] += notes.get("category") == "unauthorised"
    assert counted(folder) == sorted((*key, *counts) for key, counts in expected.items())


# ---- absence by school, SEN provision and part


@pytest.mark.parametrize(("missed", "persistent", "severe"), [(0, 0, 0), (1, 1, 0), (4, 1, 0), (5, 1, 1), (10, 1, 1)])
def test_thresholds_are_of_own_sessions(tmp_path, missed, persistent, severe):
    """Of ten sessions one is 10 %, five are 50 %: boundaries included."""
    codes = ["I"] * missed + ["/"] * (10 - missed)
    rows = [("a", "s", 1 + n // 2, ("AM", "PM")[n % 2], code) for n, code in enumerate(codes)]
    pupils = pl.DataFrame({"pupil_id": ["a"], "school_id": ["s"], "sen_provision": ["K"]})
    row = absence_of_registers(store(tmp_path, rows), pupils, PARTS).row(0, named=True)
    assert (row["sessions_possible"], row["sessions_missed"], row["absence"]) == (10, missed, 10 * missed)
    assert (row["persistent"], row["severe"], row["enrolments"]) == (persistent, severe, 1)


def test_one_of_eleven_is_not_persistent(tmp_path):
    rows = [("a", "s", 1 + n // 2, ("AM", "PM")[n % 2], "I" if n == 0 else "/") for n in range(11)]
    parts = [(*AUTUMN[:3], SPRING[3])]
    pupils = pl.DataFrame({"pupil_id": ["a"], "school_id": ["s"], "sen_provision": ["K"]})
    assert absence_of_registers(store(tmp_path, rows), pupils, parts)["persistent"].to_list() == [0]


def test_groups_are_apart_and_strangers_are_left_out(tmp_path):
    """a: 1 of 2 missed (K), b: 0 of 2 (N), c: not among the pupils; d had only sessions that are not possible."""
    rows = [*week("a", "s", ["I", "/"]), *week("b", "s", ["/", "/"]), *week("c", "s", ["O", "O"]),
            *week("d", "s", ["#", "#"])]  # fmt: skip
    pupils = pl.DataFrame({"pupil_id": ["a", "b", "d"], "school_id": "s", "sen_provision": ["K", "N", "K"]})
    found = absence_of_registers(store(tmp_path, rows), pupils, PARTS)
    assert found.select("sen_provision", "enrolments", "sessions_possible", "sessions_missed").rows() == [
        ("K", 1, 2, 1), ("N", 1, 2, 0)
    ]  # fmt: skip
    assert_frame_equal(found, absence_of_registers(tmp_path, pupils[::-1], PARTS))
    assert absence_of_registers(tmp_path / "none", pupils, PARTS).is_empty()
