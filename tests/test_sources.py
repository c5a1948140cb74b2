"""Readers: real census exports and published files load whole; extracts are recognised by their header."""

import gzip
from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sendlab.errors import DataProblem
from sendlab.schema.tables import TABLES
from sendlab.sources import blade, ees
from sendlab.sources.convert import convert
from sendlab.sources.extract import match_header
from sendlab.sources.folder import read_files
from sendlab.sources.text import LINE, read_text_table

CENSUS = "school_census_blade_2024_autumn"
ROWS = {  # rows of the real export (../shared/real/README.md)
    "pupilonroll": 9088, "pupilnolongeronroll": 308, "fsmperiodsonroll": 25358, "termlysessiondetailsonroll": 39953,
    "termlysessiondetailsoffroll": 1328, "summerhalfterm2sessiondetailsonroll": 39575,
    "summerhalfterm2sessiondetailsoffroll": 1343, "termlyexclusionsonroll": 10373, "termlyexclusionsoffroll": 318,
}  # fmt: skip


@pytest.fixture(scope="module")
def census(real_data):
    return read_files(sorted((real_data / CENSUS).glob("*.csv")))


def test_every_census_file_is_recognised_and_every_row_accounted_for(census):
    assert {record.table: record.read for record in census.records} == ROWS
    assert all(r.loaded + r.quarantined == r.read for r in census.records)
    assert all("from file name" in r.known_from and r.format == "School Census blade" for r in census.records)
    assert census.unread == []


def test_the_autumn_census_returns_the_summer_term_before_it(census):
    attendance = census.table("attendance")
    assert set(attendance["time_period"]) == {"202324"} and set(attendance["term"]) == {"Summer term"}
    assert set(attendance["part"]) == {"to late May", "second half"}
    pupils = census.table("pupils")
    assert set(pupils["time_period"]) == {"202425"} and set(pupils["term"]) == {"Autumn term"}
    assert pupils["on_roll"].sum() == 9088


def test_a_total_beats_reason_rows_and_the_disagreement_is_kept(census):
    rows = census.table("attendance").filter(pl.col("basis") == "totals")
    assert rows["totals_disagree"].sum() > 0
    # first pupil of the export: totals of 8 authorised and 2 unauthorised, reason rows of 100 sessions and more
    first = census.table("attendance").filter(pl.col("part") == "to late May").row(0, named=True)
    assert (first["sessions_authorised"], first["sessions_unauthorised"], first["sessions_possible"]) == (8, 2, 134)


def test_an_event_keeps_its_date_and_a_blank_provision_stays_blank(census):
    events = census.table("suspensions")
    assert events["start_date"].null_count() == 0 and events["sen_provision"].null_count() > 0
    assert events["start_date"].min() >= date(2024, 8, 1)


@pytest.mark.parametrize(
    ("file", "rows", "kept"),
    [
        ("exclusions_by_characteristic.csv.gz", 198_964, 288),
        ("absence_by_term.csv.gz", 9_680, 60),
        ("EES_ytd_data.csv", 647, 8),
    ],
)
def test_published_files_become_national_benchmarks_as_they_are(real_data, file, rows, kept):
    text = read_text_table(real_data / file)
    done = ees.read_benchmarks(text)
    made = done.tables["benchmarks"]
    assert text.rows.height == rows and made.height == kept
    assert set(made["geographic_level"]) == {"National"}


def test_published_rates_are_not_recomputed(real_data):
    rows = ees.read_benchmarks(read_text_table(real_data / "exclusions_by_characteristic.csv.gz")).tables["benchmarks"]
    rows = rows.filter((pl.col("time_period") == "201617") & (pl.col("education_phase") == "Total"))
    shown = {(m, g): v for m, g, v in rows.select("measure", "sen_provision", "value").iter_rows()}
    # NOTES.md §2, England 2016/17
    assert shown["suspension_rate", "EHC plan"] == 15.93 and shown["suspension_rate", "No SEN"] == 3.06
    assert shown["suspended_once_or_more", "SEN support"] == 6.18 and shown["permanent_exclusion_rate", "Total"] == 0.10


def test_year_to_date_is_not_taken_for_a_full_year(real_data):
    rows = ees.read_benchmarks(read_text_table(real_data / "EES_ytd_data.csv")).tables["benchmarks"]
    assert set(rows["time_identifier"]) == {"Year to date"}


@pytest.mark.parametrize(
    ("header", "table"),
    [
        (["UPN", "LAESTAB", "Academic year", "Term", "Possible Sessions", "Authorised", "Unauthorised"], "attendance"),
        (["Unique Pupil Number", "DfE Number", "StartDate", "Category", "sessions", "reason1"], "suspensions"),
        (["upn", "urn", "year", "test", "subject", "date", "score"], "assessments"),
        (["URN", "year", "date", "statement", "now", "target", "months"], "self_evaluation"),
        (["LAESTAB", "URN", "SchoolName", "Phase", "LEA"], "schools"),
    ],
)
def test_an_extract_is_known_by_its_header(header, table):
    assert match_header(header).table.name == table


def test_an_unknown_file_is_kept_as_text_and_said(tmp_path):
    path = tmp_path / "prices.csv"
    path.write_text("apples,pears\n1,2\n", encoding="utf-8")
    raw = read_files([path])
    assert [(r.format, r.table, r.loaded) for r in raw.records] == [("text table", "text", 1)]
    assert raw.all_problems["rule"].to_list() == ["no_declared_table"]


def test_a_file_meant_for_a_table_is_told_all_that_is_missing_with_near_misses(tmp_path):
    path = tmp_path / "exclusions.csv"
    path.write_text("UPN,LAESTAB,Start Dat,reason1,reason2\nA,9991101,01/02/2025,PP,\n", encoding="utf-8")
    (problem,) = read_files([path]).unread
    assert "column 'start_date' is missing (is it 'Start Dat'?)" in problem.problems
    assert "column 'category' is missing" in problem.problems


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "empty"),
        (b"UPN,UPN\n1,2\n", "more than once"),
        (b"a,b\n\x00,1\n", "NUL"),
    ],
)
def test_a_broken_file_is_told_by_place_and_not_by_content(tmp_path, content, told):
    path = tmp_path / "broken.csv"
    path.write_bytes(content)
    with pytest.raises(DataProblem, match=told):
        read_text_table(path)


def test_gzip_that_is_none_is_told(tmp_path):
    path = tmp_path / "x.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n1,2\n")[:-6])
    with pytest.raises(DataProblem, match="cannot be read"):
        read_text_table(path)


def test_windows_text_is_read_and_said(tmp_path):
    path = tmp_path / "schools.csv"
    path.write_bytes("LAESTAB,SchoolName\n9992001,St Mary’s\n".encode("cp1252"))
    table = read_text_table(path)
    assert table.encoding == "cp1252" and table.rows["SchoolName"][0] == "St Mary’s"


def test_faults_name_row_and_rule_and_never_the_value(tmp_path):
    path = tmp_path / "attendance.csv"
    path.write_text(
        "UPN,LAESTAB,Academic year,Term,Possible Sessions,Authorised,Unauthorised\n"
        "A801200001001,9992001,2024/25,Spring,120,5,0\n"
        "A801200001002,9992001,2024,Spring,120,5,0\n"
        "A801200001003,9992001,2024/25,Lent,120,-5,0\n"
        ",9992001,2024/25,Spring,many,5,0\n"
        "Total,,,,480,20,0\n",
        encoding="utf-8",
    )
    raw = read_files([path])
    (record,) = raw.records
    assert (record.read, record.loaded, record.quarantined) == (5, 1, 4)
    problems = pl.concat(raw.problems)
    assert set(problems.select("row", "rule").rows()) >= {
        (3, "period_unreadable"), (4, "not_allowed"), (4, "min"), (5, "number_unreadable"), (6, "total_row"),
    }  # fmt: skip
    told = " ".join(str(cell) for row in problems.rows() for cell in row)
    assert not any(value in told for value in ("A8012", "Lent", "many"))


TEXTS = st.one_of(
    st.none(), st.text(max_size=12), st.sampled_from(["K", "2024/25", "12", "1,200", "c", "E", "01/09/2024"])
)


@settings(deadline=None)  # a busy machine is no fault of the reader
@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS, TEXTS, TEXTS), min_size=1, max_size=6))
def test_any_text_is_either_loaded_or_a_problem(cells):
    names = ["pupil_id", "school_id", "time_period", "term", "sessions_possible"]
    rows = pl.DataFrame(cells, schema=dict.fromkeys(names, pl.String), orient="row")
    rows = rows.select(pl.all().str.strip_chars().replace("", None)).with_row_index(LINE, offset=2)
    done = convert(rows.with_columns(pl.col(LINE).cast(pl.Int64)), TABLES["attendance"], file="f.csv")
    assert done.rows.height + done.problems.filter(severity="error")["row"].n_unique() == rows.height
    assert done.rows.drop(LINE).schema == TABLES["attendance"].polars_schema


def test_census_is_settled_by_header_table_then_name_then_settings(tmp_path):
    header = "schoolcensustableid,NativeId,schoolcensusorderseqcolumn,sourceid,collection,term,year,lea,estab,urn\n"
    first = tmp_path / "x_schoolcensus.csv"
    first.write_text(header + "1,9992001,1,s,SC,SPR,2025,999,2001,900101\n", encoding="utf-8")
    roll = "pupilonrolltableid,NativeId,pupilonrollorderseqcolumn,sourceid,upn,dob,enrolstatus,senprovision\n"
    (tmp_path / "x_pupilonroll.csv").write_text(roll + "1,9992001,1,s,,2015-Jan-01 00:00:00,C,K\n", encoding="utf-8")
    raw = read_files(sorted(tmp_path.glob("*.csv")))
    assert all("Spring term 202425 from header table; LA 999" in r.known_from for r in raw.records)
    assert raw.table("pupils")["age_at_31_august"].to_list() == [9]
    first.unlink()
    assert "sendlab.toml says" in str(read_files([tmp_path / "x_pupilonroll.csv"]).unread[0])
    given_ = {"x_pupilonroll.csv": {"time_period": "202425", "term": "Spring term"}}
    (record,) = read_files([tmp_path / "x_pupilonroll.csv"], given=given_).records
    assert "from sendlab.toml" in record.known_from


@pytest.mark.parametrize(
    ("census", "count_day", "attendance"),
    [
        (blade.Census(2024, "AUT"), date(2024, 10, 3), ("202324", "Summer term")),
        (blade.Census(2025, "SPR"), date(2025, 1, 16), ("202425", "Autumn term")),
        (blade.Census(2025, "SUM"), date(2025, 5, 15), ("202425", "Spring term")),
    ],
)
def test_census_days_and_the_term_each_census_returns(census, count_day, attendance):
    assert census.count_day == count_day and census.attendance[:2] == attendance
