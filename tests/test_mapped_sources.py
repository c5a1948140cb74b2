"""Reference and result files: GIAS, performance tables, LAIT, neighbours, KS2 pupil files, files of no known table."""

import string
from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sendlab.errors import DataProblem
from sendlab.pseudonyms import upn_is_valid
from sendlab.schema.tables import TABLES
from sendlab.sources import generic, ks2, mapped, published
from sendlab.sources.open import open_tables
from sendlab.sources.text import LINE, TextTable, read_text_table

GIAS = ["URN", "LA (code)", "LA (name)", "EstablishmentNumber", "EstablishmentName", "TypeOfEstablishment (code)",
        "EstablishmentStatus (code)", "OpenDate", "CloseDate", "PhaseOfEducation (code)", "HeadLastName",
        "TelephoneNum", "SchoolWebsite", "Postcode", "UKPRN", "StatutoryLowAge",
        "ResourcedProvisionCapacity"]  # fmt: skip
KS2 = ["ACADYR", "UPN", "SURNAME", "FORENAMES", "DOB", "LAESTAB", "URN", "NATRES", "LARES", "READSCORE", "READOUTCOME",
       "MATSCORE", "MATOUTCOME", "GPSSCORE", "GPSOUTCOME", "WRITTAOUTCOME", "READTAOUTCOME", "ELIGREAD", "ELIGWRITTA",
       "KS1READPS", "KS1WRITPS", "KS1MATPS"]  # fmt: skip
FIGURES = ["RECTYPE", "LEA", "ESTAB", "URN", "SCHNAME", "TELNUM", "TELIG", "PTRWM_EXP", "READPROG", "REMARK"]


def table(tmp_path, columns, rows):
    """A text table as open_tables gives it: cells as text, blanks null, the header on line 1."""
    cells = {
        name: [row.get(name) if isinstance(row, dict) else row[i] for row in rows] for i, name in enumerate(columns)
    }
    frame = pl.DataFrame(cells, schema=dict.fromkeys(columns, pl.String))
    frame = frame.with_columns(pl.all().str.strip_chars().replace("", None))
    return TextTable(tmp_path / "f.csv", frame.with_row_index(LINE, 2).cast({LINE: pl.Int64}), "utf-8-sig")


def upn(serial):
    """A synthetic UPN on LA 999 with its check letter."""
    body = f"9990000{serial:05d}"
    return next(letter + body for letter in string.ascii_uppercase if upn_is_valid(letter + body))


def rules(done):
    return dict(done.problems.group_by("rule").agg(pl.len()).sort("rule").iter_rows())


def as_csv(tmp_path, name, lines, encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes("\r\n".join(lines).encode(encoding))
    return read_text_table(path)


# GIAS


def gias(tmp_path, **cells):
    usual = {"URN": "100001", "LA (code)": "999", "EstablishmentNumber": "0012", "EstablishmentName": "Invented",
             "TypeOfEstablishment (code)": "01", "EstablishmentStatus (code)": "1",
             "PhaseOfEducation (code)": "2"}  # fmt: skip
    text = table(tmp_path, GIAS, [usual | cells])
    return mapped.read(text, "schools", {})


def test_gias_in_windows_1252_keeps_names_codes_and_early_dates(tmp_path):
    header = ",".join(f'"{name}"' for name in GIAS)
    row = '"100001","999","Trialshire","0012","St Zoë’s – Infants","02","1","01-09-1967","","2",'
    row += '"Nobody","0","x","ZZ1","10","3","NULL"'
    text = as_csv(tmp_path, "edubasealldata20250422.csv", [header, row], "cp1252")
    assert (text.encoding, mapped.table_of(text.columns), mapped.format_of(text.columns)) == (
        "cp1252", "schools", "GIAS establishments",
    )  # fmt: skip
    done = mapped.read(text, "schools", {})
    school = done.tables["schools"].row(0, named=True)
    assert (school["school_id"], school["school_name"]) == ("9990012", "St Zoë’s – Infants")
    assert (school["establishment_type"], school["phase_code"]) == ("2", "PS")
    assert school["open_date"] == date(1967, 9, 1) and school["resourced_provision_capacity"] is None
    assert done.problems.is_empty()
    assert "Nobody" not in str(done.tables["schools"].rows())


@pytest.mark.parametrize(
    ("type_code", "phase", "expected"),
    [("01", "2", "PS"), ("34", "4", "SS"), ("07", "0", "SP"), ("44", "4", "SP"), ("14", "0", "PR"), ("42", "0", "PR"),
     ("01", "3", "MP"), ("34", "5", "MS"), ("34", "7", "AT"), ("15", "1", "NS"), ("18", "6", None), ("27", "0", None)],
)  # fmt: skip
def test_the_phase_of_a_special_school_or_unit_comes_from_its_type(tmp_path, type_code, phase, expected):
    cells = {"TypeOfEstablishment (code)": type_code, "PhaseOfEducation (code)": phase}
    done = gias(tmp_path, **cells)
    assert done.tables["schools"]["phase_code"].to_list() == [expected] and done.problems.is_empty()


@pytest.mark.parametrize("number", ["", "NULL", "0000", None])
def test_a_school_without_establishment_number_is_known_by_its_urn(tmp_path, number):
    assert gias(tmp_path, EstablishmentNumber=number).tables["schools"]["school_id"].to_list() == ["100001"]


def test_gias_columns_that_are_gone_are_not_run_and_null(tmp_path):
    text = table(tmp_path, ["URN", "LA (code)", "EstablishmentNumber", "EstablishmentName"], [["1", "999", "1", "A"]])
    done = mapped.read(text, "schools", {})
    assert done.tables["schools"].columns == list(TABLES["schools"].polars_schema)
    assert done.tables["schools"]["school_id"].to_list() == ["9990001"]
    assert {"open_date", "statutory_low_age", "phase_code"} - {"phase_code"} <= {rule.column for rule in done.not_run}


def test_a_row_without_any_id_is_quarantined_and_an_unreadable_date_too(tmp_path):
    lost = gias(tmp_path, URN="", **{"LA (code)": ""})
    assert lost.bad_lines == {2} and lost.tables["schools"].is_empty()
    assert gias(tmp_path, OpenDate="32-13-2020").bad_lines == {2}


def test_every_gias_link_of_the_register_loads(real_data):
    (text,) = open_tables(real_data / "links_edubasealldata20250422.csv.gz")
    assert mapped.format_of(text.columns) == "GIAS links"
    done = mapped.read(text, "school_links", {})
    links = done.tables["school_links"]
    assert text.rows.height == links.height == 33_801 and done.problems.is_empty()
    assert links["link_date"].null_count() == 8_253 and links["link_date"].min().year == 1993


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(st.lists(st.one_of(st.none(), st.text(max_size=8), st.sampled_from(["999", "01", "01-01-2020"])),
                              min_size=len(GIAS), max_size=len(GIAS)), max_size=6))  # fmt: skip
def test_gias_rows_are_loaded_or_quarantined_whatever_stands_in_them(tmp_path_factory, rows):
    text = table(tmp_path_factory.getbasetemp(), GIAS, rows)
    done = mapped.read(text, "schools", {})
    assert done.tables["schools"].height + len(done.bad_lines) == len(rows)


# Lists and figures of the performance tables


def test_the_list_of_schools_is_a_table_of_schools(tmp_path):
    columns = ["URN", "LA", "ESTAB", "LAESTAB", "SCHNAME", "POSTCODE", "TELNUM", "ICLOSE", "OPENDATE", "MINORGROUP",
               "NFTYPE", "ISPRIMARY", "ISSECONDARY", "AGEL", "AGEH"]  # fmt: skip
    rows = [
        ["100000", "999", "3614", "9993614", "A", "", "0", "1", "2019-09-01 00:00:00", "Maintained School",
         "Voluntary aided school", "1", "0", "3", "11"],
        ["100001", "999", "7000", "9997000", "B", "", "0", "2", "", "Special School", "Community special school", "1",
         "1", "3", "19"],
        ["100002", "999", "4000", "9994000", "C", "", "0", "Open", "", "Academy", "Something new", "1", "1", "9", "13"],
    ]  # fmt: skip
    text = table(tmp_path, columns, rows)
    done = mapped.read(text, str(mapped.table_of(columns)), {})
    schools = done.tables["schools"]
    assert schools["school_id"].to_list() == ["9993614", "9997000", "9994000"]
    assert schools["phase_code"].to_list() == ["PS", "SP", None]
    assert schools["establishment_type"].to_list() == ["2", "7", None]
    assert schools["establishment_status"].to_list() == ["1", "2", "1"]
    assert schools["open_date"][0] == date(2019, 9, 1) and rules(done) == {"code_unknown": 1}


def test_every_school_of_the_published_list_loads(real_data):
    (text,) = open_tables(real_data / "2017-2018_england_spine.xlsx")
    done = mapped.read(text, str(mapped.table_of(text.columns)), {})
    schools = done.tables["schools"]
    assert schools.height == text.rows.height == 26_078 and done.problems.is_empty()
    counts = dict(schools["phase_code"].value_counts().iter_rows())
    assert counts == {"PS": 18_974, "SS": 3_881, "SP": 1_688, None: 1_535}  # neither: both phases, or 16 plus
    assert (schools["la_code"] + text.rows["ESTAB"] == schools["school_id"]).all()


def figures(tmp_path, rows, given=None, name="f.csv"):
    text = table(tmp_path, FIGURES, rows)
    text = TextTable(tmp_path / name, text.rows, text.encoding)
    return published.read(text, str(published.table_of(text.columns)), given or {})


def test_school_figures_keep_marks_and_levels(tmp_path):
    done = figures(tmp_path, [
        ["1", "999", "3614", "100000", "A", "01", "30", "92%", "SUPP", "good"],
        ["3", "999", "", "", "", "", "1,200", "65%", "0.3", "good"],
        ["5", "", "", "", "", "", "about", "65%", "", "good"],
        ["", "", "", "", "", "", "", "", "", "note"],
    ])  # fmt: skip
    rows = done.tables["school_figures"]
    assert rows.height == 3 * 3 and done.bad_lines == {5}
    assert set(rows["figure"]) == {"TELIG", "PTRWM_EXP", "READPROG"}
    assert rows.filter(figure="TELIG")["value"].to_list() == [30, 1200, None]
    assert rows.filter(figure="PTRWM_EXP")["value"].to_list() == [92, 65, 65]
    assert rows.filter(figure="READPROG").select("value", "symbol").rows() == [
        (None, "SUPP"),
        (0.3, None),
        (None, None),
    ]
    assert rows.filter(figure="TELIG")["level"].to_list() == ["School", "Local authority", "National"]
    assert rows["school_id"].unique().drop_nulls().to_list() == ["9993614"]
    assert rules(done) == {"column_not_kept": 1, "number_unreadable": 1, "period_unknown": 1, "place_missing": 1}
    assert [rule.column for rule in done.not_run] == ["time_period"]


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [("2018-2019_england_ks2final.csv", {"time_period": "201718"}, ("201819", "file name")),
     ("ks2.csv", {"time_period": "201718"}, ("201718", "sendlab.toml")), ("ks2.csv", {}, (None, ""))],
)  # fmt: skip
def test_the_year_of_school_figures(tmp_path, name, given, expected):
    done = figures(tmp_path, [["1", "999", "3614", "100000", "A", "", "30", "92%", "1", ""]], given, name)
    assert (done.tables["school_figures"]["time_period"][0], done.known_from) == expected


@pytest.mark.parametrize(
    ("file", "rows", "figure_columns", "marks"),
    [("england_census.csv.gz", 23_942, 18, {"NA": 19_181}), ("england_abs.csv.gz", 21_217, 2, {"SUPP": 864})],
)
def test_every_row_of_published_school_figures_loads(real_data, file, rows, figure_columns, marks):
    (text,) = open_tables(real_data / file)
    done = published.read(text, str(published.table_of(text.columns)), {"time_period": "201819"})
    made = done.tables["school_figures"]
    assert text.rows.height == rows and made.height == rows * figure_columns and done.problems.is_empty()
    assert dict(made.drop_nulls("symbol")["symbol"].value_counts().iter_rows()) == marks
    nation = made.filter(level="National")
    assert set(nation["establishment"]) == {"PRI", "SEC", "SPE"} and nation["school_urn"].null_count() == nation.height
    assert made.filter(level="School")["school_urn"].null_count() == 0


figure_cell = st.one_of(st.none(), st.text(max_size=6), st.sampled_from(["999", "3614", "NAT", "12%", "x"]))


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(st.lists(figure_cell, min_size=len(FIGURES), max_size=len(FIGURES)), max_size=6))
def test_no_cell_of_school_figures_is_lost_without_a_word(tmp_path_factory, rows):
    text = table(tmp_path_factory.getbasetemp(), FIGURES, rows)
    done = published.read(text, "school_figures", {"time_period": "201819"})
    made = done.tables["school_figures"]
    kept = len(rows) - len(done.bad_lines)
    assert made.height == kept * made["figure"].n_unique()
    for name in set(made["figure"]):
        places = text.rows.filter(~pl.col(LINE).is_in(list(done.bad_lines)))
        told = done.problems.filter((pl.col("column") == name) & (pl.col("rule") == "number_unreadable"))["row"]
        silent = (places[name].is_not_null() & ~places[LINE].is_in(told.implode())).to_list()
        values = made.filter(figure=name)
        assert (values["value"].is_not_null() | values["symbol"].is_not_null()).to_list() == silent


# LAIT indicators and statistical neighbours

LAIT = ["Short Desc", "Data item", "Years", "LA and Regions", "Values", "LA Number", "Region"]


def test_lait_values_are_read_from_text_and_its_dash_is_kept(tmp_path):
    rows = [["A", "x", "2023", "Barnet", "4.6500000000000004", "302.0", "Outer London"],
            ["A", None, "2023", "London", "-", "986.0", "NA"], ["A", None, "2023", "England", "7", "970.0", "NA"],
            ["A", None, "2023", "New place", "about 3", "959.0", "NA"]]  # fmt: skip
    text = table(tmp_path, LAIT, rows)
    done = published.read(text, str(published.table_of(LAIT)), {})
    made = done.tables["indicators"]
    assert made["value"].to_list() == [4.65, None, 7, None] and made["symbol"].to_list() == [None, "-", None, None]
    assert made["la_code"].to_list() == ["302", None, None, "959"]
    assert made["region_name"].to_list() == ["Outer London", None, None, None]
    assert rules(done) == {"code_unknown": 1, "number_unreadable": 1}


def test_neighbours_by_code_or_name_whatever_the_closeness_columns_are_called(tmp_path):
    columns = ["LA num", "LA Name", "LA number", "GOInd", "GOReg", "SN1", "SNP", "SN2", "SNP (2)"]
    rows = [["301", "A", "301", "3", "", "308", "Close", "Windsor & Maidenhead", "Not close"],
            ["302", "B", "302", "3", "", "Atlantis", "Close", "", ""], ["", "Old SNs:", "", "", "", "", "", "", ""],
            ["303", "C", "303", "", "", "", "", "", ""]]  # fmt: skip
    text = table(tmp_path, columns, rows)
    done = published.read(text, str(published.table_of(columns)), {})
    assert done.tables["neighbours"].rows() == [
        ("301", 1, "308", "Enfield", "Close"), ("301", 2, "868", "Windsor and Maidenhead", "Not close"),
        ("302", 1, None, "Atlantis", "Close"),
    ]  # fmt: skip
    assert rules(done) == {"authority_unknown": 1, "no_neighbours": 1, "note_row": 1} and done.bad_lines == {4}


def test_every_authority_of_the_published_neighbours_loads(real_data):
    (text,) = open_tables(real_data / "sn_may_2025.xlsx")
    done = published.read(text, str(published.table_of(text.columns)), {})
    made = done.tables["neighbours"]
    assert made["la_code"].n_unique() == 158 and made.height == 1_580 and made["neighbour_la_code"].null_count() == 0
    assert text.rows.height - len(done.bad_lines) == 158 and set(rules(done)) <= {"note_row"}
    barking = made.filter(la_code="301").sort("rank")
    assert barking["neighbour_la_code"].to_list()[:3] == ["308", "821", "313"]
    assert barking["closeness"].to_list()[2:4] == ["Close", "Somewhat close"]


@pytest.mark.parametrize(
    ("name", "code"),
    [("City of Bristol", "801"), ("Bristol, City of", "801"), ("Kingston upon Hull", "810"), ("Bedford Borough", "822"),
     ("Herefordshire", "884"), ("County Durham", "840"), ("Telford & Wrekin", "894"), ("Southend on Sea", "882"),
     ("London", None), ("England", None), ("Dorset", None), ("970", None), ("City of London", "201")],
)  # fmt: skip
def test_names_of_authorities_are_known_however_they_are_spelt(name, code):
    assert mapped.authority_code(name) == code


# KS2 pupil files


def pupil(serial, **cells):
    return {"ACADYR": "2021/2022", "UPN": upn(serial), "SURNAME": "Planted", "DOB": "01/09/2010", "LAESTAB": "999/2001",
            "NATRES": "1", "LARES": "1"} | cells  # fmt: skip


def read_ks2(tmp_path, *rows, columns=KS2, given=None):
    text = table(tmp_path, columns, list(rows))
    return ks2.read(text, str(ks2.table_of(columns)), given or {})


def test_ks2_results_become_rows_with_codes_as_outcomes(tmp_path):
    done = read_ks2(
        tmp_path,
        pupil(1, READSCORE="104", READOUTCOME="AS", MATSCORE="B", WRITTAOUTCOME="exs", KS1READPS="15", KS1MATPS="21"),
        pupil(2, READOUTCOME="N", READTAOUTCOME="PK4", WRITTAOUTCOME="NULL", ELIGWRITTA="1", MATSCORE="80"),
    )
    rows = done.tables["assessments"].with_columns(pl.col("pupil_id").replace({upn(1): "1", upn(2): "2"}))
    assert rows.select("pupil_id", "time_period", "assessment", "subject", "score", "outcome").sort(
        pl.all()
    ).rows() == [
        ("1", "201718", "KS1", "mathematics", 21.0, None),
        ("1", "201718", "KS1", "reading", 15.0, None),
        ("1", "202122", "KS2", "mathematics", None, "B"),
        ("1", "202122", "KS2", "reading", 104.0, "AS"),
        ("1", "202122", "KS2", "writing", None, "EXS"),
        ("2", "202122", "KS2", "mathematics", 80.0, None),
        ("2", "202122", "KS2", "reading", None, "N"),
        ("2", "202122", "KS2", "writing", None, None),
        ("2", "202122", "KS2 teacher assessment", "reading", None, "PK4"),
    ]
    assert done.problems.is_empty() and done.known_from == "rows"
    assert rows.columns == list(TABLES["assessments"].polars_schema) and set(rows["school_id"]) == {"9992001"}
    assert "Planted" not in str(rows.rows()) and rows["counted"].to_list().count(None) == 2


def test_ks2_include_flags_are_kept_and_no_row_is_left_out(tmp_path):
    rows = [pupil(1, READSCORE="100", NATRES="0", LARES="1"), pupil(2, READSCORE="100", NATRES="0", LARES="0"),
            pupil(3, READSCORE="100", NATRES="", LARES=""), pupil(4)]  # fmt: skip
    done = read_ks2(tmp_path, *rows)
    assert done.tables["assessments"]["counted"].to_list() == [True, False, None]
    assert rules(done) == {"include_flag_missing": 1, "no_result": 1, "not_counted": 1} and not done.bad_lines
    bare = [name for name in KS2 if name not in ("NATRES", "LARES")]
    without = read_ks2(tmp_path, pupil(1, READSCORE="100"), columns=bare)
    assert without.tables["assessments"]["counted"].to_list() == [None]
    assert [rule.rule for rule in without.not_run] == ["include_flag_missing"]


@pytest.mark.parametrize(
    ("cells", "rule"),
    [
        ({"READSCORE": "121", "MATSCORE": "100"}, "scaled_score_range"),
        ({"READSCORE": "tall", "MATSCORE": "100"}, "number_unreadable"),
        ({"WRITTAOUTCOME": "a sentence about Planted", "MATSCORE": "100"}, "outcome_unreadable"),
        ({"ACADYR": "2022", "MATSCORE": "100"}, "period_unreadable"),
        ({"LAESTAB": "", "MATSCORE": "100"}, "nullability"),
    ],
)
def test_a_fault_in_one_result_quarantines_the_row_and_names_no_value(tmp_path, cells, rule):
    done = read_ks2(tmp_path, pupil(1, **cells), pupil(2, MATSCORE="99"))
    assert done.bad_lines == {2} and done.tables["assessments"]["pupil_id"].to_list() == [upn(2)]
    assert rule in rules(done) and not any("Planted" in str(row) or "tall" in str(row) for row in done.problems.rows())


def test_a_blank_or_invalid_upn_is_flagged_once_and_kept(tmp_path):
    done = read_ks2(
        tmp_path, pupil(1, UPN="", READSCORE="100", MATSCORE="100"), pupil(2, UPN="nonsense", MATSCORE="100")
    )
    assert rules(done) == {"upn_blank": 1, "upn_invalid": 1} and done.tables["assessments"].height == 3


def test_other_header_texts_and_the_year_from_elsewhere(tmp_path):
    columns = ["Unique Pupil Number", "DfE Number", "KS2 Reading Scaled Score", "Maths Scaled Score", "Writing TA"]
    rows = [dict(zip(columns, [upn(1), "9992001", "99", "101", "WTS"], strict=True))]
    with pytest.raises(DataProblem, match="ACADYR"):
        read_ks2(tmp_path, *rows, columns=columns)
    done = read_ks2(tmp_path, *rows, columns=columns, given={"time_period": "202425"})
    assert done.tables["assessments"]["score"].to_list() == [99, 101, None] and done.known_from == "sendlab.toml"


cell = st.one_of(st.none(), st.text(max_size=6), st.sampled_from(["100", "B", "EXS", "0", "1", "2021/2022", "9992001"]))


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(st.lists(cell, min_size=len(KS2), max_size=len(KS2)), max_size=5))
def test_ks2_rows_are_loaded_quarantined_or_said_to_be_empty(tmp_path_factory, rows):
    text = table(tmp_path_factory.getbasetemp(), KS2, rows)
    done = ks2.read(text, "assessments", {})
    assert done.bad_lines <= set(text.rows[LINE])
    empty = set(done.problems.filter(pl.col("rule") == "no_result")["row"])
    assert not empty & done.bad_lines or rows
    loaded = text.rows.filter(~pl.col(LINE).is_in(list(done.bad_lines | empty)))
    made = done.tables["assessments"]
    assert made["pupil_id"].n_unique() <= loaded.height <= made.height
    assert made.columns == list(TABLES["assessments"].polars_schema)


# Files of no known table


def test_an_unknown_table_is_kept_as_text_and_says_so(tmp_path):
    text = table(tmp_path, ["LA Name", "Town hall", "Births"], [["A", "B", "3"], ["C", None, "x"]])
    done = generic.read(text, "text", {})
    assert done.tables["text"].rows() == [("A", "B", "3"), ("C", None, "x")]
    assert done.problems.select("rule", "severity", "count").rows() == [("no_declared_table", "query", 2)]
    assert not done.bad_lines


@pytest.mark.parametrize(
    ("file", "rows"),
    [("la_code_list.xlsx", 171), ("lait_data_dictionary.csv.gz", 448), ("la_and_region_codes_meta.csv", 151),
     ("p8_pupil_coefficients_file.csv", 34), ("sen_national.csv", 68)],
)  # fmt: skip
def test_published_files_of_no_declared_table_are_kept_as_text(real_data, file, rows):
    (text,) = open_tables(real_data / file)
    assert all(module.table_of(text.columns) is None for module in (mapped, ks2, published))
    done = generic.read(text, "text", {})
    assert done.tables["text"].height == rows == text.rows.height and rules(done) == {"no_declared_table": 1}


@pytest.mark.parametrize(
    ("column", "value"),
    [("UPN", "1"), ("Legal Surname", "1"), ("ParentForename", "1"), ("Date of Birth", "1"), ("D.O.B", "1"),
     ("home_postcode", "1"), ("Pupil name", "1"), ("Name", "1"), ("Remarks", "seen {upn} today"),
     ("Remarks", "R 674 1231 01121"), ("Where", "ZZ1 1ZZ"), ("{upn}", "1")],
)  # fmt: skip
def test_an_unknown_table_that_looks_as_if_it_held_people_is_refused(tmp_path, column, value):
    secret = upn(7)
    text = table(tmp_path, ["Town", column.format(upn=secret)], [["Planted", value.format(upn=secret)], ["x", None]])
    done = generic.read(text, "text", {})
    assert done.tables == {} and done.bad_lines == {2, 3}
    assert set(done.problems["rule"]) == {"personal_data_in_unknown_table"}
    assert secret not in str(done.problems.rows()) and "Planted" not in str(done.problems.rows())


@settings(max_examples=50, deadline=None)
@given(before=st.text(" .,;:-()", max_size=5), after=st.text(" .,;:-()", max_size=5), serial=st.integers(0, 99_999),
       place=st.integers(0, 4), lower=st.booleans())  # fmt: skip
def test_no_upn_gets_through_an_unknown_table(tmp_path_factory, before, after, serial, place, lower):
    secret = upn(serial).lower() if lower else upn(serial)
    rows = [["a"], ["b"], ["c"], ["d"], ["e"]]
    rows[place] = [f"{before}{secret}{after}"]
    done = generic.read(table(tmp_path_factory.getbasetemp(), ["Remark"], rows), "text", {})
    assert done.tables == {} and len(done.bad_lines) == 5 and secret not in str(done.problems.rows())


def test_no_reader_takes_another_format_for_its_own():
    headers = {"gias": GIAS, "ks2": KS2, "figures": FIGURES, "lait": LAIT, "towns": ["LA Name", "Town"],
               "pupils": ["UPN", "URN", "LA", "Estab", "NORG"]}  # fmt: skip
    found = {
        name: tuple(module.table_of(columns) for module in (mapped, ks2, published))
        for name, columns in headers.items()
    }
    assert found == {
        "gias": ("schools", None, None), "ks2": (None, "assessments", None), "figures": (None, None, "school_figures"),
        "lait": (None, None, "indicators"), "pupils": (None, None, None), "towns": (None, None, None),
    }  # fmt: skip
