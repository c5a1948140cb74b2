"""Files that are broken or made to do harm: each is a DataProblem, in bounded time and memory, that quotes no cell."""

import gzip
import io
import os
import time
import tracemalloc
import zipfile

import openpyxl
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sendlab.errors import DataProblem
from sendlab.sources import limits
from sendlab.sources.open import open_tables, peek
from sendlab.sources.text import read_text_table

SECONDS, PEAK = 20, 600 << 20
SHEET = "xl/worksheets/sheet1.xml"
MAIN = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def refused(path, match="."):
    """The message with which both doors refuse a file, within the bounds of time and memory."""
    begun = time.process_time()
    tracemalloc.start()
    try:
        with pytest.raises(DataProblem, match=match) as caught:
            open_tables(path)
        assert tracemalloc.get_traced_memory()[1] < PEAK
    finally:
        tracemalloc.stop()
    assert time.process_time() - begun < SECONDS
    assert caught.value.exit_status == 2
    return str(caught.value)


def put(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    return tmp_path / name


@pytest.fixture(scope="module")
def good_workbook(tmp_path_factory):
    """The bytes of a small workbook."""
    book = openpyxl.Workbook()
    for row in (["upn", "score"], ["A1", 1.5], ["A2", 2]):
        book.active.append(row)
    path = tmp_path_factory.mktemp("good") / "x.xlsx"
    book.save(path)
    return path.read_bytes()


def with_parts(good, **changes):
    """The workbook with parts replaced or added: part -> bytes. `PART` names have / written as __."""
    parts = {name.replace("__", "/"): content for name, content in changes.items()}
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(good)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in parts:
                new.writestr(name, old.read(name))
        for name, content in parts.items():
            new.writestr(name, content)
    return made.getvalue()


def sheet_of(cells, before=b""):
    return before + b"<worksheet " + MAIN + b"><sheetData>" + cells + b"</sheetData></worksheet>"


# --- text ---


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b",,,\n ,\n", "empty"),
        (b"a,b\n\x00,1\n", "NUL"),
        (b"\xff\xfea\x00,\x00b\x00\n\x00\xd8", "UTF-16"),
        (b'a,b\n1,2\n3,"open\n', "quotes do not match, from line 3"),
        (b"PK\x03\x04rest", "workbook or a zip"),
        (b"file_line,b\n1,2\n", "column 1 has a name that sendlab keeps"),
        (b",".join(b"c%d" % n for n in range(1_000_000)), "5,000 columns|longer than any real"),
        (b",".join(b"c%d" % n for n in range(5_001)), "5,000 columns"),
        (b"a,b\n" + b"x" * 100_000_000 + b",1\n", "longer than any real"),
        (b"a,b\n" + b"," * 100_000_000 + b"\n", "longer than any real"),
        (b'a,b\n"x' + b"\n" * 200_000 + b'",1\n', "longer than any real|quotes do not match"),
        (b"a,b\n" + b'"\n",' * 3_000_000 + b"\n", "longer than any real"),
        (b'a,b\n"' + b"x" * 200_000 + b'",1\n', "longer than 131,072"),
    ],
    ids=range(15),
)
def test_broken_text_is_told(tmp_path, content, told):
    refused(put(tmp_path, "x.csv", content), told)


@pytest.mark.parametrize("name", ["x.csv", "x.xlsx", "x.parquet", "x.tsv"])
def test_folders_absent_files_and_empty_ones_are_told(tmp_path, name):
    (tmp_path / "folder" / name).mkdir(parents=True)
    assert "folder" in refused(tmp_path / "folder" / name)
    assert "no such file" in refused(tmp_path / name)
    refused(put(tmp_path, name, b""))
    for path in (tmp_path / "folder" / name, tmp_path / name):
        with pytest.raises(DataProblem):
            peek(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes in folders")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "x.csv")
    refused(tmp_path / "x.csv", "not a file")


def test_endings_that_hold_no_table_say_what_to_do(tmp_path):
    assert "save it as .xlsx" in refused(put(tmp_path, "x.ods", b"PK"))
    assert ".csv" in refused(put(tmp_path, "x.docx", b"PK"))


def test_a_file_that_grows_while_it_is_read_is_told(tmp_path):
    path = put(tmp_path, "x.csv", b"a,b\n1,2\n")
    with pytest.raises(DataProblem, match="being written"), limits.held_still(path) as size, path.open("ab") as more:
        assert size == 8
        more.write(b"3,4\n")


def test_damaged_gzip_is_told(tmp_path):
    whole = gzip.compress(b"a,b\n" + os.urandom(5_000).hex().encode() + b",1\n")
    for content in (whole[:-6], whole[:2_000], whole[:20] + b"\0\0\0" + whole[23:], b"\x1f\x8b", b"a,b\n1,2\n"):
        refused(put(tmp_path, "x.csv.gz", content), "cannot be read|empty")


def test_a_gzip_bomb_stops_early(tmp_path):
    bomb = gzip.compress(b"a,b\n" + b"1,2\n" * (50 << 20))
    assert len(bomb) < 1 << 20
    refused(put(tmp_path, "x.csv.gz", bomb), "400 times")


def test_more_than_may_be_held_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "x.csv"
    with path.open("wb") as handle:
        handle.truncate(limits.MAX_BYTES + 1)  # sparse: nothing is written
    refused(path, "1,024 MB")
    path.rename(tmp_path / "x.xlsx")
    refused(tmp_path / "x.xlsx", "1,024 MB")


def test_no_message_quotes_a_cell(tmp_path):
    secret = "Xanthippe"
    for content in (f"{secret},{secret}\n1,2\n", f'a,b\n{secret},"{secret}"x\n', f"a,b\n{secret}\n" * 9):
        assert secret not in refused(put(tmp_path, "x.csv", content.encode()))
    found = read_text_table(put(tmp_path, "x.csv", f"a,b\n1,2\n{secret},2,3\n".encode()))
    assert found.faults.height == 1 and secret not in str(found.faults.rows())


# --- workbooks ---


def test_old_workbooks_and_passwords_say_save_as_xlsx(tmp_path):
    assert "save it as .xlsx" in refused(put(tmp_path, "x.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600))


@pytest.mark.parametrize("name", ["../evil.xml", "/etc/evil.xml", "a\\..\\evil.xml", "C:evil.xml", "inner.zip"])
def test_hostile_names_are_refused(tmp_path, good_workbook, name):
    refused(put(tmp_path, "x.xlsx", with_parts(good_workbook, **{name: b"<x/>"})), "not opened")


def test_what_office_itself_embeds_is_let_be(tmp_path, good_workbook):
    content = with_parts(good_workbook, **{"xl/embeddings/sheet.xlsx": b"anything"})
    assert open_tables(put(tmp_path, "x.xlsx", content))[0].rows.height == 2


BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'


@pytest.mark.parametrize("part", [SHEET, "xl/workbook.xml", "xl/sharedStrings.xml", "[Content_Types].xml"])
@pytest.mark.parametrize("xml", [BOMB + b"<x>&b;</x>", b" " * 2_000_000 + BOMB + b"<x/>", "<x/>".encode("utf-16")])
def test_declared_entities_and_other_encodings_are_refused(tmp_path, good_workbook, part, xml):
    refused(put(tmp_path, "x.xlsx", with_parts(good_workbook, **{part: xml})), "declares entities")


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (b'<row r="1"><c r="A1"><v>1</v></c></row><row r="2"><c r="XFD1048576"><v>1</v></c></row>', "columns|cells"),
        (b'<row r="1"><c r="A1"><v>1</v></c></row><row r="2"><c r="ALM1048576"><v>1</v></c></row>', "cells"),
        (b'<row r="1"><c r="A1"><v>1</v></c><c r="A9999999"><v>1</v></c></row>', "last row"),
        (b'<row r="1048576">' + b"<c><v>1</v></c>" * 9 + b"</row>", "where they stand"),
        (b'<row r="1"><c t="\' r=" r="XFD1048576"><v>1</v></c></row>', "where they stand"),
        (b'<row r="1"><c r="A1">' + b" " * (17 << 20) + b"</c></row>", "more than a cell can"),
    ],
    ids=range(6),
)
def test_cells_that_would_fill_the_memory_are_refused(tmp_path, good_workbook, cells, told):
    refused(put(tmp_path, "x.xlsx", with_parts(good_workbook, **{SHEET: sheet_of(cells)})), told)


def test_a_dimension_that_lies_does_no_harm(tmp_path, good_workbook):
    row = b'<row r="1"><c r="A1"><v>1</v></c></row>'
    lie = b'<dimension ref="A1:XFD1048576"/>'
    sheet = sheet_of(row).replace(b"<sheetData>", lie + b"<sheetData>")
    (found,) = open_tables(put(tmp_path, "x.xlsx", with_parts(good_workbook, **{SHEET: sheet})))
    assert found.columns == ["1"] or found.rows.height == 1


def test_zip_bombs_are_refused(tmp_path, good_workbook):
    sheet = sheet_of(b'<row r="1"><c r="A1"><v>1</v></c></row>' + b" " * (200 << 20))
    refused(put(tmp_path, "x.xlsx", with_parts(good_workbook, **{SHEET: sheet})), "times its size|than a cell can")
    many = with_parts(good_workbook, **{f"xl/media/{n}.png": b"" for n in range(limits.MAX_ENTRIES + 1)})
    refused(put(tmp_path, "x.xlsx", many), "too many files")


def test_a_part_that_lies_about_its_size_is_refused(tmp_path, good_workbook):
    content = bytearray(with_parts(good_workbook, **{SHEET: sheet_of(b" " * 9_000_000)}))
    truth, lie = (len(sheet_of(b" " * 9_000_000))).to_bytes(4, "little"), (100).to_bytes(4, "little")
    assert content.count(truth) == 2
    refused(put(tmp_path, "x.xlsx", bytes(content).replace(truth, lie)), "than it declares|cannot be read")


def test_macros_are_ignored(tmp_path, good_workbook):
    content = with_parts(good_workbook, **{"xl/vbaProject.bin": b"\xd0\xcf\x11\xe0" * 9})
    assert open_tables(put(tmp_path, "x.xlsm", content))[0].rows.rows() == [(2, "A1", "1.5"), (3, "A2", "2")]


def test_a_zip_that_is_no_workbook_is_told(tmp_path):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as package:
        package.writestr("content.xml", "<x/>")
    refused(put(tmp_path, "x.xlsx", made.getvalue()), "no .xlsx workbook")
    refused(put(tmp_path, "x.xlsx", b"upn,score\nA1,2\n"), "cannot be read")


# --- Parquet ---


@pytest.mark.parametrize("stored", [True, False])
def test_a_long_text_repeated_through_a_dictionary_is_refused(tmp_path, stored):
    indices = pa.array([0] * 20_000, pa.int32())
    texts = pa.DictionaryArray.from_arrays(indices, pa.array(["x" * 100_000]))
    pq.write_table(pa.table({"a": texts}), tmp_path / "x.parquet", store_schema=stored)
    assert (tmp_path / "x.parquet").stat().st_size < 1 << 20
    refused(tmp_path / "x.parquet", "1,024 MB")


def test_too_many_cells_are_refused_by_their_count_alone(tmp_path, monkeypatch):
    pl.DataFrame({"a": range(1_000), "b": range(1_000)}).write_parquet(tmp_path / "x.parquet")
    monkeypatch.setattr("sendlab.sources.open.MAX_TEXT_CELLS", 1_999)
    refused(tmp_path / "x.parquet", "1,024 MB")


def test_a_cut_parquet_file_is_told(tmp_path):
    made = io.BytesIO()
    pl.DataFrame({"a": ["x", "y"] * 500, "b": range(1_000)}).write_parquet(made)
    whole = made.getvalue()
    for content in (whole[:-9], whole[:40] + whole[-8:], b"PAR1" + b"\xff" * 40 + b"PAR1"):
        refused(put(tmp_path, "x.parquet", content), "cannot be read")


# --- anything at all ---


def only_data_problems(path):
    for door in (open_tables, peek):
        try:
            door(path)
        except DataProblem as problem:
            assert "\n" in str(problem)


@settings(max_examples=60, deadline=5_000)
@given(
    st.binary(max_size=2_000) | st.text('aé,;\t"\r\n1', max_size=300).map(str.encode),
    st.sampled_from(["x.csv", "x.csv.gz", "gzip", "x.txt", "x.xlsx", "x.parquet"]),
)
@example(b"\x1c0", "x.csv")  # a sign that str.strip takes for a blank and int does not
@example(b"*", "x.csv")  # a column name that polars takes for all columns
def test_random_bytes_raise_nothing_but_data_problems(tmp_path_factory, content, name):
    packed = name == "gzip"
    only_data_problems(put(tmp_path_factory.mktemp("x"), "x.csv.gz" if packed else name,
                           gzip.compress(content) if packed else content))  # fmt: skip


@settings(max_examples=60, deadline=5_000)
@given(st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=6), st.data())
def test_damaged_files_raise_nothing_but_data_problems(tmp_path_factory, good_workbook, flips, data):
    name = data.draw(st.sampled_from(["x.xlsx", "x.csv.gz", "x.parquet", "part"]))
    content = bytearray(_whole(name, good_workbook))
    for share, value in flips:
        content[int(share * len(content))] = value
    damaged = with_parts(good_workbook, **{SHEET: bytes(content)}) if name == "part" else bytes(content)
    only_data_problems(put(tmp_path_factory.mktemp("x"), "x.xlsx" if name == "part" else name, damaged))


def _whole(name, good_workbook):
    if name == "x.csv.gz":
        return gzip.compress(b"upn,score\nA1,2\n" * 50)
    if name == "part":
        with zipfile.ZipFile(io.BytesIO(good_workbook)) as package:
            return package.read(SHEET)
    if name == "x.parquet":
        made = io.BytesIO()
        pl.DataFrame({"a": ["x", "y"] * 50, "b": range(100)}).write_parquet(made)
        return made.getvalue()
    return good_workbook
