"""Files as they come from offices: every cell is there, in its place, under its name, and what is odd is said."""

import csv
import gzip
import io
from datetime import datetime, timedelta

import openpyxl
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sendlab.errors import DataProblem
from sendlab.sources.header import header_row, is_headerless
from sendlab.sources.open import open_tables, peek
from sendlab.sources.text import LINE, is_data_file, read_header, read_text_table
from sendlab.sources.workbook import read_grid

UPN = "A99900000000{}"


def table(tmp_path, content, name="x.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (found,) = open_tables(path)
    return found


def workbook(tmp_path, **sheets):
    """A workbook with these sheets, each a list of rows; a list as name in `hidden` is hidden."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(tmp_path / "x.xlsx")
    return tmp_path / "x.xlsx"


def told(found):
    return dict(found.faults.select("rule", "count").rows())


# --- separated text ---


def test_shifted_rows_are_faults_and_the_others_load(tmp_path):
    found = table(tmp_path, 'a,b,c\n1,2,3\n4,5\nx,"y\nz",1,2\n6,7,8\n')
    assert found.rows.rows() == [(2, "1", "2", "3"), (6, "6", "7", "8")]
    assert found.faults.select("row", "rule", "severity").rows() == [
        (3, "fields_shifted", "error"), (4, "fields_shifted", "error")
    ]  # fmt: skip


def test_thousands_commas_that_lost_their_quotes_are_never_silently_null(tmp_path):
    found = table(tmp_path, "a,b\n1,749,750\n" + '2,"749,750"\n' * 3)
    assert found.faults["row"].to_list() == [2] and found.rows["b"].to_list() == ["749,750"] * 3


@pytest.mark.parametrize(("bad", "good", "refused"), [(5, 5, False), (6, 5, True), (4, 1, False)])
def test_a_file_of_mostly_shifted_rows_is_refused(tmp_path, bad, good, refused):
    content = "a,b\n" + "1,2\n" * good + "1,2,3\n" * bad
    if not refused:
        assert table(tmp_path, content).faults.height == bad
        return
    with pytest.raises(DataProblem, match=f"header's 2: line {good + 2}"):
        table(tmp_path, content)


def test_ends_that_are_blank_or_unnamed_shift_nothing(tmp_path):
    found = table(tmp_path, "a,b\n1,2,\n3,4,,\n")
    assert found.rows.rows() == [(2, "1", "2"), (3, "3", "4")] and found.faults.is_empty()
    found = table(tmp_path, "a,b,\n1,2\n3,4,\n")
    assert found.columns == ["a", "b"] and found.rows.height == 2


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("a;b\nSt Mary’s;2\n".encode("cp1252"), "cp1252"),
        ("a\tb\nSt Mary’s\t2\n".encode("utf-16"), "utf-16"),
        (b"\xfe\xff" + "a\tb\r\nSt Mary’s\t2\r\n".encode("utf-16-be"), "utf-16"),
        ("﻿a,b\nSt Mary’s,2\n".encode(), "utf-8-sig"),
        (gzip.compress("a,b\nSt Mary’s,2\n".encode(), mtime=0), "utf-8-sig"),
    ],
)
def test_encodings_and_separators_are_found(tmp_path, content, encoding):
    found = table(tmp_path, content)
    assert found.rows.rows() == [(2, "St Mary’s", "2")]
    assert found.encoding == encoding and found.faults.is_empty()


def test_a_semicolon_file_with_decimal_commas_under_a_title_is_read(tmp_path):
    found = table(tmp_path, "Absence, by school\n\nname;x;y\nA;1,5;2,5\nB;1,0;0,5\n")
    assert found.columns == ["name", "x", "y"] and found.rows.rows()[0] == (4, "A", "1,5", "2,5")


def test_mixed_encodings_are_read_line_by_line_and_said(tmp_path):
    found = table(tmp_path, "a,b\nZoë,1\n".encode() + "Zoë,2\n".encode("cp1252"))
    assert found.rows["a"].to_list() == ["Zoë", "Zoë"] and told(found) == {"mixed_encoding": 1}


def test_double_encoding_is_said(tmp_path):
    twice = "Zoé ’".encode().decode("cp1252")
    assert twice == "ZoÃ© â€™"
    assert told(table(tmp_path, f"a,b\n{twice},1\n")) == {"double_encoding": 2}
    assert told(table(tmp_path, "a,b\nSÃO Café ”“,1\n")) == {}


def test_bytes_that_are_no_letters_are_said(tmp_path):
    found = table(tmp_path, b"a,b\nx\xe9,1\ny\x81,2\n")
    assert told(found) == {"undefined_bytes": 1} and found.rows.height == 2
    assert "line 3" in found.faults["message"][0]


def test_titles_blank_rows_and_spacer_columns_are_no_data(tmp_path):
    found = table(tmp_path, 'Pupils in care,,,\n,,,\nupn,,"score\nin May",\nA,,1,\n,,,\nB,,2,\n')
    assert found.columns == ["upn", "score in May"]
    assert found.rows.rows() == [(5, "A", "1"), (7, "B", "2")]  # the header takes lines 3 and 4


def test_a_repeated_name_is_told_by_its_places_and_not_quoted(tmp_path):
    with pytest.raises(DataProblem, match="columns 1 and 3") as caught:
        table(tmp_path, "Smith,b,Smith\n1,2,3\n")
    assert "Smith" not in str(caught.value)


def test_a_file_without_header_keeps_its_first_row(tmp_path):
    rows = "".join(f"{UPN.format(n)},Camden,0{n}/09/2012,{n}.5,c\n" for n in range(1, 6))
    found = table(tmp_path, rows)
    assert found.columns == [f"column_{n}" for n in range(1, 6)] and found.rows[LINE].to_list() == [1, 2, 3, 4, 5]
    assert told(found) == {"no_header": 1} and read_header(found.path) == found.columns
    assert UPN.format(1) not in str(found.faults.rows())


@pytest.mark.parametrize(
    "content",
    [
        ",year,value\n1,2019,3.5\n2,2020,4.5\n",
        "la_name,2019,2020\nCamden,5.1,4.2\nBarnet,c,4.1\n",
        "School,1,2,3\nA,5,6,7\nB,8,9,10\n",
        "upn,name,2024-09-02,2024-09-03\nA999000000001,x,/,\\\nA999000000002,y,N,L\n",
        "a,b\n",
        "a,b\nx,y\n",
        "only\n1\n2\n",
    ],
)
def test_a_header_is_not_taken_for_data(content):
    rows = list(csv.reader(io.StringIO(content)))
    assert header_row(rows) == 0 and not is_headerless(rows[0], rows[1:])


def test_a_header_alone_is_no_rows_and_no_fault(tmp_path):
    found = table(tmp_path, "a,b\n")
    assert found.rows.height == 0 and found.columns == ["a", "b"] and found.faults.is_empty()


CELL = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=12)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(CELL, min_size=3, max_size=3), max_size=12))
def test_what_csv_writes_reads_back_with_its_line_numbers(tmp_path_factory, rows):
    out, expected = io.StringIO(newline=""), []
    writer = csv.writer(out)
    writer.writerow(["one", "two", "three"])
    for row in rows:
        begins = len(io.StringIO(out.getvalue(), newline="").readlines()) + 1
        writer.writerow(row)
        cells = pl.Series(row, dtype=pl.String).str.strip_chars().replace("", None).to_list()
        if any(cell is not None for cell in cells):
            expected.append((begins, *cells))
    path = tmp_path_factory.mktemp("csv") / "x.csv"
    path.write_text(out.getvalue(), encoding="utf-8", newline="")
    found = read_text_table(path)
    assert found.rows.rows() == expected
    assert found.faults.filter(pl.col("severity") == "error").is_empty()


def test_two_hundred_thousand_rows_of_twenty_columns_are_read_whole(tmp_path):
    path = tmp_path / "x.csv"
    line = ",".join(str(n / 7)[:8] for n in range(20))
    path.write_text(",".join(f"c{n}" for n in range(20)) + "\n" + f"{line}\n" * 200_000, encoding="utf-8")
    assert read_text_table(path).rows.height == 200_000


def test_names_that_are_no_data_files(tmp_path):
    for name in ("~$x.xlsx", ".x.csv", "x.csv.tmp", "x.part", "x.csv.crdownload", "x.docx", "notes.txt", "x.gz"):
        (tmp_path / name).write_text("words, and words\n", encoding="utf-8")
        assert not is_data_file(tmp_path / name), name
    (tmp_path / "export.txt").write_text("a\tb\n1\t2\n", encoding="utf-8")
    for name in ("x.CSV", "x.csv.gz", "x.tsv", "x.xlsx", "x.xlsm", "x.parquet", "x.xml", "x.xls"):
        (tmp_path / name).write_text("", encoding="utf-8")
        assert is_data_file(tmp_path / name), name
    assert is_data_file(tmp_path / "export.txt") and not is_data_file(tmp_path)
    assert open_tables(tmp_path / "export.txt")[0].rows.rows() == [(2, "1", "2")]


# --- workbooks ---


def test_cells_of_a_workbook_are_text_as_excel_holds_them(tmp_path):
    path = workbook(
        tmp_path,
        Data=[
            ["Upn", "n", "share", "when", "flag", "small"],
            ["  x\u00a0", 301.0, 0.125, datetime(2024, 10, 16), True, 1 / 3],
            ["true?", 12345678901234, 1e-3, datetime(2024, 10, 16, 9, 5), False, 2e-12],
            ["–“q”", -5, "007", "16/10/2024", "#N/A", "#REF!"],
        ],
    )
    (found,) = open_tables(path)
    assert found.rows.rows() == [
        (2, "x", "301", "0.125", "2024-10-16", "TRUE", "0.3333333333333333"),
        (3, "true?", "12345678901234", "0.001", "2024-10-16 09:05:00", "FALSE", "2e-12"),
        (4, "–“q”", "-5", "007", "16/10/2024", "#N/A", "#REF!"),
    ]
    assert told(found) == {"cell_error": 2} and found.sheet == "Data"
    assert peek(path) == [("Data", ["Upn", "n", "share", "when", "flag", "small"])]


def test_titles_merged_headers_spacers_and_notes(tmp_path):
    rows = [
        ["Absence in Trialshire"], ["Made on", "2024-10-16"], [],
        ["Pupil", None, None, "Autumn", None, "Spring – “new”", None],
        ["UPN", "Year\ngroup", None, "Possible", "Absent", "Possible", "Absent"],
        *([f"A{n}", n, None, 100, n, 120, 2 * n] for n in range(1, 6)), [],
        [None, None, None, None, None], ["Source: invented"], ["Second note"],
    ]  # fmt: skip
    (found,) = open_tables(workbook(tmp_path, Data=rows))
    assert found.columns == [
        "Pupil | UPN", "Pupil | Year group", "Autumn | Possible", "Autumn | Absent", "Spring – “new” | Possible",
        "Spring – “new” | Absent",
    ]  # fmt: skip
    assert found.rows[LINE].to_list() == [6, 7, 8, 9, 10] and told(found) == {"notes_below": 2}


def test_a_header_merged_downwards_keeps_its_own_column(tmp_path):
    rows = [["LA code", "Name", "Autumn", None], [None, None, "Possible", "Absent"]]
    (found,) = open_tables(workbook(tmp_path, Data=[*rows, *([301 + n, "Place", n, n] for n in range(4))]))
    assert found.columns == ["LA code", "Name", "Autumn | Possible", "Autumn | Absent"] and found.rows.height == 4


def test_every_filled_sheet_is_read_and_a_hidden_one_is_said(tmp_path):
    path = workbook(tmp_path, One=[["a", "b"], [1, 2]], Empty=[], Two=[["c", "d"], ["x", None]])
    book = openpyxl.load_workbook(path)
    book["Two"].sheet_state = "hidden"
    book.create_chartsheet("Chart")
    book.save(path)
    one, two = open_tables(path, source="folder/x.xlsx")
    assert (one.sheet, two.sheet, two.source) == ("One", "Two", "folder/x.xlsx")
    assert told(one) == {} and told(two) == {"hidden_sheet": 1} and two.faults["severity"].to_list() == ["query"]
    path.rename(tmp_path / "x.xlsm")
    assert len(open_tables(tmp_path / "x.xlsm")) == 2


def test_a_sheet_without_header_and_one_with_repeated_names(tmp_path):
    rows = [[UPN.format(n), datetime(2012, 9, n), n / 2] for n in range(1, 5)]
    bare, twice = open_tables(workbook(tmp_path, Bare=rows, Twice=[["LA", "SN", "SN"], ["Camden", 1, 2]]))
    assert bare.columns == ["column_1", "column_2", "column_3"] and bare.rows[LINE].to_list() == [1, 2, 3, 4]
    assert told(bare) == {"no_header": 1}
    assert twice.columns == ["LA", "SN", "SN (2)"] and told(twice) == {"repeated_column": 1}


def test_a_first_data_row_of_symbols_is_no_second_header_row(tmp_path):
    rows = [["LA", None, "value"], ["Camden", "x", "SUPP"], ["Barnet", "y", 5.1], ["Brent", "z", 4]]
    (found,) = open_tables(workbook(tmp_path, Data=rows))
    assert found.rows.height == 3 and found.columns == ["LA", "__unnamed_1", "value"]


def test_the_grid_of_a_sheet_is_all_of_it(tmp_path):
    path = workbook(tmp_path, Data=[["Header Record"], [], ["ID", "Year"], ["1.0", 2025]])
    assert read_grid(path, "Data") == [["Header Record", None], [None, None], ["ID", "Year"], ["1.0", "2025"]]
    with pytest.raises(DataProblem, match="no sheet of that name"):
        read_grid(path, "Other")


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.text('abc é–\n=+;"<&', max_size=6), min_size=2, max_size=2), min_size=1, max_size=8))
def test_text_cells_of_a_workbook_read_back(tmp_path_factory, rows):
    path = workbook(tmp_path_factory.mktemp("x"), Data=[["first", "second"]])
    book = openpyxl.load_workbook(path)
    for line, row in enumerate(rows, 2):
        for column, text in enumerate(row, 1):
            cell = book["Data"].cell(line, column)
            cell.value, cell.data_type = text, "s"
    book.save(path)
    (found,) = open_tables(path)
    expected = [(line, *(text.strip() or None for text in row)) for line, row in enumerate(rows, 2)]
    apart = {line for line, *row in expected if sum(cell is not None for cell in row) == 1}  # may count as notes
    kept = [row for row in expected if any(row[1:])]
    assert [row for row in kept if row[0] not in apart] == [row for row in found.rows.rows() if row[0] not in apart]
    assert len(kept) == found.rows.height + told(found).get("notes_below", 0)


# --- Parquet ---


def test_parquet_columns_become_text(tmp_path):
    path = tmp_path / "x.parquet"
    day = datetime(2024, 10, 16)
    pl.DataFrame(
        {
            "LA number ": [301.0, None, float("nan")], "share": [0.5, 1e-7, 2.0],
            "when": [day, day + timedelta(hours=9), None],
            "day": [day.date(), None, None], "flag": [True, False, None], "text": [" x ", "", "y"],
            "kind": pl.Series(["a", "b", "a"], dtype=pl.Categorical), "n": [1, 2, 3],
        }
    ).write_parquet(path)  # fmt: skip
    (found,) = open_tables(path)
    assert found.rows.rows() == [
        (2, "301", "0.5", "2024-10-16", "2024-10-16", "TRUE", "x", "a", "1"),
        (3, None, "1e-7", "2024-10-16 09:00:00", None, "FALSE", None, "b", "2"),
        (4, None, "2", None, None, None, "y", "a", "3"),
    ]
    assert peek(path)[0].header == found.columns == ["LA number", "share", "when", "day", "flag", "text", "kind", "n"]


@pytest.mark.parametrize("column", [[[1, 2]], [b"\xff"]])
def test_lists_and_bytes_are_no_cells(tmp_path, column):
    pl.DataFrame({"a": [1], "b": column}).write_parquet(tmp_path / "x.parquet")
    with pytest.raises(DataProblem, match=r"column\(s\) 2"):
        open_tables(tmp_path / "x.parquet")


# --- real published files ---


@pytest.mark.parametrize(
    ("file", "rows", "columns", "said"),
    [
        ("absence_bands_distributions.csv.gz", 211_553, 26, {"no_header": 1}),
        ("exclusions_by_characteristic.csv.gz", 198_964, 20, {}),
        ("england_census.csv.gz", 23_942, 22, {}),
        ("england_abs.csv.gz", 21_217, 5, {}),
        ("EES_ytd_data.csv", 647, 67, {}),
        ("links_edubasealldata20250422.csv.gz", 33_801, 5, {}),
        ("p8_stdev_file_named.csv", 1, 5, {}),
        ("bds_long_0.parquet", 641_070, 7, {}),
        ("2017-2018_england_spine.xlsx", 26_078, 31, {}),
        ("la_code_list.xlsx", 171, 4, {}),
        ("sn_may_2025.xlsx", 158, 25, {"repeated_column": 9, "notes_below": 1}),
    ],
)
def test_real_files_load_whole(real_data, file, rows, columns, said):
    (looked,) = peek(real_data / file)
    (found,) = open_tables(real_data / file)
    assert (found.rows.height, len(found.columns)) == (rows, columns) and told(found) == said
    assert looked.header == found.columns


def test_no_real_csv_but_one_is_taken_for_headerless(real_data):
    bare = [path.name for path in sorted(real_data.rglob("*.csv*")) if read_header(path)[0] == "column_1"]
    assert bare == ["absence_bands_distributions.csv.gz"]
