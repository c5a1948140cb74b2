"""Attendance totals by register code: which files are such, and what their counts and totals become."""

import csv
from pathlib import Path

import polars as pl
import pytest

from sendlab.errors import DataProblem
from sendlab.pseudonyms import CHECK_LETTERS
from sendlab.schema.tables import TABLES
from sendlab.sources.code_totals import FORMAT, table_of
from sendlab.sources.folder import RawTables, read_files

WIDE = ["UPN", "LAESTAB", "/", "\\", "C", "I", "O", "C2", "TermlySessionsPossible", "TermlySessionsAuthorised",
        "TermlySessionsUnauthorised"]  # fmt: skip
LONG = ["UPN", "LAESTAB", "Attendance code", "Sessions"]
NAME = "totals_autumn_2024-25.csv"


def upn(number: int) -> str:
    """A valid UPN of authority 999, which does not exist."""
    text = f"999{2000:04d}24{number:03d}"
    return CHECK_LETTERS[sum(w * int(d) for w, d in enumerate(text, start=2)) % len(CHECK_LETTERS)] + text


def read(folder: Path, header: list[str], *rows: list[object], name: str = NAME, **given: str) -> RawTables:
    path = folder / name
    with path.open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle).writerows([header, *rows])
    return read_files([path], given={name: given})


def told(raw: RawTables) -> dict[str, list[int | None]]:
    rules = raw.all_problems.filter(~pl.col("rule").is_in(["columns_not_read", "count_blank"]))
    return dict(rules.group_by("rule").agg("row").rows())


def codes(raw: RawTables) -> dict[tuple[str, str | None], float]:
    found = raw.table("attendance_codes")
    return {(u, code): n for u, code, n in found.select("pupil_id", "attendance_code", "sessions").rows()}


def absence(raw: RawTables) -> list[tuple[object, ...]]:
    kept = ("sessions_possible", "sessions_authorised", "sessions_unauthorised", "basis", "totals_disagree")
    return raw.table("attendance").sort("pupil_id").select(kept).rows()


def test_wide_counts_become_codes_and_absence_is_the_sum_of_reasons(tmp_path):
    raw = read(
        tmp_path, WIDE,
        [upn(1), "9992001", 60, 58, 1, 2, 1, 0, 122, 3, 1],
        [upn(2), "9992001", 60, 50, 1, 7, 3, 1, 122, 2, 3],
    )  # fmt: skip
    (record,) = raw.records
    assert (record.format, record.table, record.known_from) == (FORMAT, "attendance_codes", "file name")
    assert (record.read, record.loaded) == (2, 2)
    assert codes(raw)[upn(1), "\\"] == 58 and codes(raw)[upn(2), "C2"] == 1 and len(codes(raw)) == 12
    assert raw.table("attendance_codes").select("time_period", "term", "part").unique().rows() == [
        ("202425", "Autumn term", "whole term")
    ]  # fmt: skip
    assert sorted(absence(raw), key=str) == sorted(
        [(122, 3, 1, "reasons", False), (122, 9, 3, "reasons", True)], key=str
    )
    assert told(raw) == {"totals_disagree": [3]}


def test_a_row_for_each_code_reads_like_a_column_for_each(tmp_path):
    counts = {"/": 60, "\\": 58, "C": 1, "I": 2, "O": 1, "C2": 4}
    wide = read(tmp_path, WIDE[:9], [upn(1), "9992001", *counts.values(), 126])
    long = read(
        tmp_path, [*LONG, "Sessions possible"],
        *([upn(1), "9992001", code.lower(), n, 126] for code, n in counts.items()),
    )  # fmt: skip
    assert long.records[0].format == FORMAT and told(long) == told(wide) == {}
    assert codes(long) == codes(wide) and absence(long) == absence(wide) == [(126, 7, 1, "reasons", False)]


def test_counts_without_possible_sessions_give_codes_alone(tmp_path):
    raw = read(tmp_path, ["UPN", "T_Reason_C", "Reason_I", "reason o", "T_Reason_C1"], [upn(1), 1, 2, "", 3],
               name="t.csv", school_id="9992001", time_period="202425", term="Spring term")  # fmt: skip
    assert codes(raw) == {(upn(1), "C"): 1, (upn(1), "I"): 2, (upn(1), "C1"): 3}
    assert raw.table("attendance").is_empty() and raw.records[0].known_from == "sendlab.toml"


def test_what_is_not_known_is_never_0(tmp_path):
    raw = read(
        tmp_path, WIDE,
        [upn(1), "9992001", 60, 58, "", "c", 1, 0, 122, 4, ""],  # suppressed: the authorised total counts
        [upn(2), "9992001", "", "", "", "", "", "", 122, 4, 5],  # no counts at all
        [upn(3), "9992001", 60, 58, "", "", "", "", 122, "", ""],  # present alone
        [upn(4), "9992001", 60, 58, "", "x y", "", "", 122, "", ""],
        ["Total", "", 240, 232, "", "", "", "", 488, "", ""],
    )  # fmt: skip
    found = dict(zip(raw.table("attendance")["pupil_id"], raw.table("attendance").rows(named=True), strict=True))
    kept = {n: [found[upn(n)][f"sessions_{kind}"] for kind in ("authorised", "unauthorised")] for n in (1, 2, 3)}
    assert kept == {1: [4, 1], 2: [4, 5], 3: [0, 0]}
    assert [found[upn(n)]["basis"] for n in (1, 2, 3)] == ["reasons", "totals", "reasons"]
    assert told(raw) == {"symbol_for_number": [2], "number_unreadable": [5], "total_row": [6]}
    assert (raw.records[0].loaded, raw.records[0].quarantined) == (3, 2) and (upn(1), "I") not in codes(raw)
    assert raw.all_problems.filter(rule="count_blank")["severity"].to_list() == ["query"]


def test_a_category_without_a_column_and_a_pupil_with_a_bad_row_have_no_sum(tmp_path):
    raw = read(tmp_path, ["UPN", "LAESTAB", "/", "\\", "I", "Possible sessions"], [upn(1), "9992001", 60, 58, 2, 120])
    assert absence(raw) == [(120, 2, None, "reasons", False)]
    rows = [[upn(n), "9992001", code, count, 120] for n in (1, 2) for code, count in (("I", 2), ("O", 3))]
    rows[1][3] = "three"
    raw = read(tmp_path, [*LONG, "Poss"], *rows)
    by_pupil = dict(raw.table("attendance").select("pupil_id", "basis").rows())
    assert by_pupil == {upn(1): "none", upn(2): "reasons"}


def test_codes_are_held_against_the_term(tmp_path):
    header = ["UPN", "LAESTAB", "Academic year", "Term", "/", "\\", "C2", "H", "Sessions possible"]
    raw = read(
        tmp_path, header,
        [upn(1), "9992001", "2023/24", "Summer term", 60, 58, 3, 0, 122],
        [upn(1), "9992001", "2024/25", "Autumn term", 60, 58, 3, 2, 122],
    )  # fmt: skip
    assert sorted(told(raw)["reason_not_in_term"]) == [2, 3]
    by_year = dict(raw.table("attendance").select("time_period", "sessions_authorised").rows())
    assert by_year == {"202324": 0, "202425": 3}


def test_a_merged_heading_may_stand_above(tmp_path):
    header = ["UPN", "LAESTAB", "Codes | /", "Codes | \\", "Codes | I"]
    assert codes(read(tmp_path, header, [upn(1), "9992001", 3, 2, 1])) == {
        (upn(1), "/"): 3, (upn(1), "\\"): 2, (upn(1), "I"): 1}  # fmt: skip


def test_a_code_in_two_columns_and_a_file_without_term_are_refused(tmp_path):
    twice = read(tmp_path, [*WIDE, "T_Reason_C"], [upn(1), "9992001", 60, 58, 1, 2, 1, 0, 122, 3, 1, 1])
    assert "two columns give the sessions with code C" in str(twice.unread[0])
    nowhere = read(tmp_path, WIDE[:6], [upn(1), "9992001", 60, 58, 1, 2], name="t.csv")
    assert "time_period and term" in str(nowhere.unread[0]) and "t.csv" in nowhere.unread[0].next_step


@pytest.mark.parametrize(
    "header",
    [
        ["UPN", "R", "W", "M"],
        ["LAESTAB", "/", "\\", "B"],
        ["UPN", "LAESTAB", "StartDate", "Category", "Sessions", "Reason"],
        ["UPN", "LAESTAB", "Date", "Session", "Code"],
        ["UPN", "LAESTAB", "Code", "Sessions", "Start date"],
        list(TABLES["attendance_codes"].polars_schema),
    ],
)
def test_other_tables_are_none(header):
    assert table_of(header) is None


def test_marks_by_another_systems_id_are_refused_with_what_is_missing(tmp_path):
    raw = read(tmp_path, ["student_id", "date", "session", "attendance_code_id"], ["A1", "2024-10-07", "AM", "B1"])
    (problem,) = raw.unread
    assert isinstance(problem, DataProblem) and "column 'pupil_id' is missing" in problem.problems
    assert "no UPN" in str(problem) and "file of students" in problem.next_step
