"""Faults that files really have: each is told by place, and none of them turns into a wrong figure."""

from datetime import date

import polars as pl
import pytest
from conftest import ROOT

from sendlab.errors import DataProblem, WorkspaceProblem
from sendlab.pseudonyms import make_key, read_key
from sendlab.schema.tables import TABLES
from sendlab.sources import blade, ees
from sendlab.sources.convert import convert
from sendlab.sources.folder import data_files, read_files
from sendlab.sources.text import LINE, TextTable, read_text_table

EES_HEAD = (
    "time_period,time_identifier,geographic_level,country_code,country_name,{filters},sen_provision,headcount,"
    "suspension,susp_rate,perm_excl,perm_excl_rate,one_plus_susp,one_plus_susp_rate\n"
)
EES_ROW = "202425,Academic year,National,E92000001,England,{filters},All pupils,1000,{rate}0,{rate},1,0.1,{rate},0.5\n"
ROLL = (
    "pupilonrolltableid,NativeId,pupilonrollorderseqcolumn,upn,dob,sex,ncyearactual,senprovision,enrolstatus,"
    "termlysessionspossible,summerhalfterm2sessionspossible\n"
)
LEAVERS = (
    "pupilnolongeronrolltableid,NativeId,pupilnolongeronrollorderseqcolumn,upn,dob,leavingdate,termlysessionspossible\n"
)
REASONS = (
    "{roll}tableid,NativeId,termlysessiondetails{part}tableid,termlysessiondetails{part}orderseqcolumn,sessions,"
    "attendancereason\n"
)
ATTENDANCE = "UPN,LAESTAB,{columns}Possible Sessions,Authorised,Unauthorised\n"


def write(folder, **files):
    """Files of those names (without .csv) under `folder`; returns what all of them read as."""
    for name, text in files.items():
        path = folder / f"{name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return read_files(data_files(folder))


def benchmarks(tmp_path, filters, rows, **more):
    raw = write(tmp_path, b=EES_HEAD.format(filters=filters) + "".join(rows), **more)
    assert raw.unread == []
    (record,) = (record for record in raw.records if record.file == "b.csv")
    assert record.read == record.loaded + record.quarantined
    return raw.table("benchmarks").filter(pl.col("measure") == "suspension_rate"), pl.concat(raw.problems), record


def test_a_filter_that_the_map_does_not_name_is_taken_at_its_total_only(tmp_path):
    cells = (("Primary,Male", 3), ("Primary,Total", 2), ("All schools,Female", 8), ("All schools,all pupils", 5))
    rows, problems, record = benchmarks(
        tmp_path, "education_phase,sex", [EES_ROW.format(filters=f, rate=r) for f, r in cells]
    )
    assert dict(rows.select("education_phase", "value").iter_rows()) == {"Primary": 2.0, "Total": 5.0}
    assert record.loaded == 4 and problems.is_empty()


def test_all_pupils_with_sen_are_not_all_pupils(tmp_path):
    rows, problems, _ = benchmarks(tmp_path, "sen_status", [EES_ROW.format(filters="All SEN", rate=9)])
    assert rows.is_empty() and set(problems["rule"]) == {"no_total"}


def test_a_breakdown_without_a_total_gives_no_figure_and_is_said(tmp_path):
    rows, problems, _ = benchmarks(tmp_path, "sex", [EES_ROW.format(filters=s, rate=3) for s in ("Male", "Female")])
    assert rows.is_empty() and problems.select("rule", "column").rows() == [("no_total", "sex")]


def test_rows_of_one_key_give_no_benchmark_and_stay_in_the_published_file(tmp_path):
    cells = (("Total", 3), ("All schools", 4), ("Primary", 2))
    rows, problems, record = benchmarks(
        tmp_path, "education_phase", [EES_ROW.format(filters=f, rate=r) for f, r in cells]
    )
    assert rows["education_phase"].to_list() == ["Primary"] and record.quarantined == 0
    assert problems["rule"].to_list() == ["duplicate_benchmark"] * 2
    found = problems.filter(pl.col("rule") == "duplicate_benchmark")
    assert found["row"].to_list() == [2, 3] and set(found["severity"]) == {"query"}


def test_the_meta_file_says_that_a_column_of_numbers_is_a_filter(tmp_path):
    meta = "col_name,col_type,label\nyear_group,Filter,Year group\nnum_schools,Indicator,Schools\n"
    rows, problems, _ = benchmarks(
        tmp_path, "year_group,num_schools", [EES_ROW.format(filters="5,20", rate=3)], **{"b.meta": meta}
    )
    assert rows.is_empty() and problems["column"].to_list() == ["year_group"]
    (tmp_path / "b.meta.csv").unlink()
    assert ees.read_benchmarks(read_text_table(tmp_path / "b.csv")).tables["benchmarks"].height == 3


@pytest.mark.parametrize(
    ("name", "period", "term"),
    [
        ("attendance_2024-25_spring", "202425", "Spring term"),
        ("2024_25_summer", "202425", "Summer term"),
        ("202425 autumn", "202425", "Autumn term"),
        ("att 2024-2025 spr", "202425", "Spring term"),
    ],
)
def test_a_pair_of_years_in_a_name_is_the_academic_year(tmp_path, name, period, term):
    raw = write(tmp_path, **{name: ATTENDANCE.format(columns="") + "H801200001001,9991101,100,5,1\n"})
    assert raw.table("attendance").select("time_period", "term").rows() == [(period, term)]


def test_a_lone_year_in_the_name_of_an_extract_is_asked_about(tmp_path):
    raw = write(tmp_path, attendance_2025_spring=ATTENDANCE.format(columns="") + "H801200001001,9991101,100,5,1\n")
    (problem,) = raw.unread
    assert "2025 in its name" in str(problem) and '"attendance_2025_spring.csv" = {' in str(problem)
    given = {"attendance_2025_spring.csv": {"time_period": "202425"}}
    told = read_files([tmp_path / "attendance_2025_spring.csv"], given=given)
    assert told.table("attendance").select("time_period", "term").rows() == [("202425", "Spring term")]


@pytest.mark.parametrize(
    ("name", "census"),
    [
        ("2025_spring_school.csv", blade.Census(2025, "SPR")),
        ("2024-25_spring_school.csv", blade.Census(2025, "SPR")),
        ("202425_autumn_school.csv", blade.Census(2024, "AUT")),
        ("export_2011-12-05_autumn.csv", blade.Census(2011, "AUT")),
        ("school.csv", None),
    ],
)
def test_blade_names_keep_their_lone_census_year(name, census):
    assert blade.census_in_name(name) == census


def test_a_session_count_that_is_no_number_is_not_known_and_not_nothing(tmp_path):
    raw = write(
        tmp_path,
        **{
            "2025_autumn_pupilonroll": ROLL
            + "1,9991101,1,H801200001001,2014-Jan-21,F,5,K,C,100,\n2,9991101,2,A801200001002,2014-Jan-21,F,5,N,C,100,\n"
            + "3,9991101,3,B801200001003,2014-Jan-21,F,5,N,C,n/k,\n",
            "2025_autumn_termlysessiondetailsonroll": REASONS.format(roll="pupilonroll", part="onroll")
            + "1,9991101,1,1,n/k,I\n1,9991101,2,2,4,I\n1,9991101,3,3,2,O\n2,9991101,1,1,,O\n2,9991101,2,2,-3,/\n",
        },
    )
    rows = raw.table("attendance").filter(pl.col("part") == "to late May")
    shown = rows.select("pupil_id", "sessions_authorised", "sessions_unauthorised", "basis").sort("pupil_id").rows()
    assert shown == [("A801200001002", 0.0, None, "reasons"), ("H801200001001", None, 2.0, "reasons")]
    problems = pl.concat(raw.problems).filter(pl.col("rule") == "sessions_unreadable")
    assert set(problems.select("row", "column", "severity").rows()) == {
        (2, "sessions", "error"), (5, "sessions", "error"), (6, "sessions", "error"),
        (4, "termlysessionspossible", "warning"),
    }  # fmt: skip
    assert {record.table: record.quarantined for record in raw.records}["termlysessiondetailsonroll"] == 3


def test_equal_ids_on_and_off_the_roll_and_in_two_exports_do_not_mix(tmp_path):
    def export(school, on, off, sessions):
        return {
            "pupilonroll": ROLL + f"1,{school},1,{on},2014-Jan-21,F,5,K,C,100,\n",
            "pupilnolongeronroll": LEAVERS + f"1,{school},1,{off},2014-Jan-21,2025-May-01,100\n",
            "termlysessiondetailsonroll": REASONS.format(roll="pupilonroll", part="onroll")
            + f"1,{school},1,1,{sessions},I\n",
            "termlysessiondetailsoffroll": REASONS.format(roll="pupilnolongeronroll", part="offroll")
            + f"1,{school},1,1,{sessions + 1},I\n",
        }

    files = {f"academy_2025_autumn_{table}": text for table, text in export(9991101, "ON1", "OFF1", 10).items()}
    files |= {f"other_2025_autumn_{table}": text for table, text in export(9991102, "ON2", "OFF2", 20).items()}
    needs = (
        "pupilonrolltableid,NativeId,senneedstableid,senneedsorderseqcolumn,sentyperank,sentype\n1,9991101,1,1,1,ASD\n"
    )
    raw = write(tmp_path, **files, academy_2025_autumn_senneeds=needs)
    absent = dict(raw.table("attendance").select("pupil_id", "sessions_authorised").iter_rows())
    assert absent == {"ON1": 10.0, "OFF1": 11.0, "ON2": 20.0, "OFF2": 21.0}
    with_need = raw.table("pupils").filter(pl.col("sen_primary_need").is_not_null())["pupil_id"].to_list()
    assert with_need == ["ON1"] and raw.table("pupils").height == 4


def test_one_export_is_joined_whatever_its_files_are_called(tmp_path):
    raw = write(
        tmp_path,
        a_2025_autumn=ROLL + "1,9991101,1,ON1,2014-Jan-21,F,5,K,C,100,\n",
        b_2025_autumn_termlysessiondetailsonroll=REASONS.format(roll="pupilonroll", part="onroll")
        + "1,9991101,1,1,7,I\n",
    )
    assert raw.table("attendance")["sessions_authorised"].to_list() == [7.0]


def test_a_child_row_of_an_id_that_two_pupils_have_is_quarantined(tmp_path):
    raw = write(
        tmp_path,
        **{
            "2025_autumn_pupilonroll": ROLL
            + "1,9991101,1,A,2014-Jan-21,F,5,K,C,100,\n1,9991101,1,B,2014-Jan-21,F,5,K,C,100,\n",
            "2025_autumn_termlysessiondetailsonroll": REASONS.format(roll="pupilonroll", part="onroll")
            + "1,9991101,1,1,7,I\n",
        },
    )
    assert raw.table("attendance")["sessions_authorised"].null_count() == 2
    assert "no_such_pupil" in set(pl.concat(raw.problems)["rule"])


def test_blank_upns_of_two_files_of_one_name_stay_apart(tmp_path):
    row = "1,{school},1,,2014-Jan-21,F,5,K,C,100,\n"
    raw = write(
        tmp_path,
        **{f"{f}/2026_spring_pupilonroll": ROLL + row.format(school=s) for f, s in (("a", 9991101), ("m", 9991102))},
    )
    marks = raw.table("pupils")["pupil_id"].to_list()
    assert marks == [f"~blank UPN: {folder}/2026_spring_pupilonroll.csv 2" for folder in "am"]
    assert {record.file for record in raw.records} == {"2026_spring_pupilonroll.csv"}


def suspensions(*rows):
    names = ["pupil_id", "school_id", "start_date", "category"]
    text = pl.DataFrame([("A", "9991101", *row) for row in rows], schema=dict.fromkeys(names, pl.String), orient="row")
    text = text.with_row_index(LINE, offset=2).with_columns(pl.col(LINE).cast(pl.Int64))
    return convert(text, TABLES["suspensions"], file="f.csv")


def test_two_digit_years_are_of_this_century_and_impossible_years_are_quarantined():
    done = suspensions(("16/10/24", "SUSP"), ("16-10-24", "SUSP"), ("0024-10-16", "SUSP"), ("1/9/2024", "SUSP"))
    assert done.rows["start_date"].to_list() == [date(2024, 10, 16), date(2024, 10, 16), date(2024, 9, 1)]
    assert done.problems.filter(severity="error").select("row", "rule").unique().rows()[0][0] == 4
    assert set(done.problems.filter(pl.col("severity") == "error")["row"]) == {4}


def test_the_older_name_of_a_suspension_is_read_as_the_present_one(tmp_path):
    assert suspensions(("16/10/2024", "FIXD"), ("16/10/2024", "fixd")).rows["category"].to_list() == ["SUSP"] * 2
    raw = write(tmp_path, s="UPN,LAESTAB,StartDate,Category\nA,9991101,16/10/2024,FIXD\nA,9991101,16/10/24,SUSP\n")
    events = raw.table("suspensions")
    assert events.unique(TABLES["suspensions"].key).height == 1 and events.height == 2


def test_a_damaged_gzip_file_stops_no_other(tmp_path):
    (tmp_path / "a.csv.gz").write_bytes(b"this is no gzip file")
    raw = write(tmp_path, schools="LAESTAB,SchoolName,Phase\n9991101,A,PS\n")
    assert [problem.source for problem in raw.unread] == ["a.csv.gz"] and "cannot be read" in str(raw.unread[0])
    assert raw.table("schools").height == 1


CENSUS = sorted((ROOT / "data" / "sample").glob("2026_spring_*.csv"))


def first_rows(folder, rows=60):
    """The first rows of each file of a census of the sample."""
    texts = {
        path.stem: "".join(path.read_text(encoding="utf-8-sig").splitlines(keepends=True)[:rows]) for path in CENSUS
    }
    return texts, write(folder / "whole", **texts)


def test_a_census_file_without_a_column_that_is_needed_is_told_and_stops_no_other(tmp_path):
    texts, _ = first_rows(tmp_path)
    name = "2026_spring_termlysessiondetailsonroll"
    texts[name] = texts[name].replace("attendancereason", "reason", 1)
    raw = write(tmp_path / "one", **texts)
    (problem,) = raw.unread
    assert problem.source == f"{name}.csv"
    assert problem.problems == ["column 'attendancereason' is missing; is it 'reason'?"]
    assert raw.table("pupils").height > 0


@pytest.mark.parametrize("path", CENSUS, ids=lambda path: path.stem)
def test_whichever_column_a_census_file_lacks_it_is_read_or_told(tmp_path, path):
    """An error of ours, of whatever kind, would end the reading of the whole folder."""
    texts, whole = first_rows(tmp_path)
    assert whole.unread == []
    head, rest = texts[path.stem].split("\n", 1)
    for place, column in enumerate(head.split(",")):
        changed = head.split(",")
        changed[place] = f"odd{place}"
        raw = write(tmp_path / column, **{**texts, path.stem: ",".join(changed) + "\n" + rest})
        known = {record.file for record in raw.records} | {problem.source for problem in raw.unread}
        assert known == {f"{stem}.csv" for stem in texts}, column


def test_a_slip_in_an_optional_column_is_told_by_name_and_others_by_place(tmp_path):
    head = ATTENDANCE.format(columns="Academic year,Term,Colour of the door,").replace(
        "Possible Sessions", "Posible Sesions"
    )
    raw = write(tmp_path, attendance=head + "A,9991101,2024/25,Spring term,red,130,6,4\n")
    told = raw.all_problems.select("rule", "severity", "message").rows()
    slip = "column 'Posible Sesions' is not read, and column 'sessions_possible' is missing: is it that one?"
    assert ("column_nearly_declared", "warning", slip) in told
    (other,) = [message for rule, _, message in told if rule == "columns_not_read"]
    assert other.endswith("are not read: 5 (counted from the left)")


def test_a_column_of_schools_numbers_is_asked_for_before_one_school_is_given_all(tmp_path):
    rows = "Schoolnumber,UPN,StartDate,Category,Sessions\n9991101,A,16/10/2024,SUSP,4\n9992001,B,17/10/2024,SUSP,2\n"
    (problem,) = write(tmp_path, s=rows).unread
    assert "name column 'Schoolnumber' LAESTAB" in str(problem) and "school_id =" not in str(problem)


def test_a_census_year_that_is_none_is_not_guessed(tmp_path):
    table = pl.DataFrame({LINE: [2], "Term": ["aut"], "Year": ["2024/25"]})
    assert blade.census_in_table(TextTable(tmp_path / "x.csv", table, "utf-8")) is None


@pytest.mark.parametrize("content", ["zz" * 32, "é" * 40])
def test_a_damaged_key_is_told_and_not_shown(tmp_path, monkeypatch, content):
    monkeypatch.setenv("SENDLAB_CONFIG_DIR", str(tmp_path))
    key_id = make_key()
    (tmp_path / "keys" / f"{key_id}.key").write_text(content, encoding="utf-8")
    with pytest.raises(WorkspaceProblem, match="damaged") as told:
        read_key(key_id)
    assert content[:4] not in str(told.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('a,b\n1,2\n3,"open\n4,5\n', "quotes do not match, from line 3"),
        ('a,b\n1,"x"y\n', "quotes do not match, from line 2"),
    ],
)
def test_short_rows_and_open_quotes_are_told_by_line(tmp_path, text, told):
    path = tmp_path / "x.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataProblem, match=told):
        read_text_table(path)


def test_line_numbers_count_lines_within_quotes_and_blank_lines(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text('"a\n1",b\n"x\ny",2\n\n3,\n', encoding="utf-8")
    assert read_text_table(path).rows.rows() == [(3, "x\ny", "2"), (6, "3", None)]


def test_three_hundred_thousand_rows_keep_their_lines(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("a,b,c,d,e,f\n" + "p1,9991101,1,17.0,I,2014-Jan-21\n" * 300_000, encoding="utf-8")
    rows = read_text_table(path).rows
    assert rows.height == 300_000 and rows[LINE][-1] == 300_001


@pytest.mark.parametrize(
    ("text", "line"), [("UPN,LAESTAB\n1,2,3\n", 2), ("a,b,c\n1,2,3\n4,5\n", 3), ('a,b\n"x\ny",2\n3\n', 4)]
)
def test_a_row_with_shifted_fields_is_quarantined_by_its_line_and_the_others_load(tmp_path, text, line):
    (tmp_path / "x.csv").write_text(text, encoding="utf-8")
    found = read_text_table(tmp_path / "x.csv")
    assert found.faults.select("row", "rule", "severity").rows() == [(line, "fields_shifted", "error")]
    assert line not in found.rows[LINE].to_list()
