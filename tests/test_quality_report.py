"""The data-quality report: worst first, what to do and where; no pupil's value, no formula; one a school."""

from datetime import date

import openpyxl
import polars as pl
import pytest
from hand_made import table

from sendlab import store
from sendlab.errors import WorkspaceProblem
from sendlab.publish.cells import neutral, safe_name
from sendlab.publish.quality import MARKING, write_quality
from sendlab.schema.problems import PROBLEM_COLUMNS
from sendlab.workspace import Workspace

UPN = "H801200001001"
COLUMNS = {**PROBLEM_COLUMNS, "table": pl.String, "school_id": pl.String}
BAD_DATE = {"file": "attendance.csv", "column": "start_date", "rule": "date", "severity": "error", "count": 1,
            "message": "is no date", "remedy": "write dates as 31/01/2025", "table": "attendance"}  # fmt: skip
NO_UPN = BAD_DATE | {"column": "pupil_id", "rule": "upn_blank", "severity": "warning", "message": "no UPN",
                     "remedy": "return the UPN"}  # fmt: skip


def frame(rows, schema):
    return pl.DataFrame([[row.get(name, "" if kind == pl.String else None) for name, kind in schema.items()]
                         for row in rows], schema=schema, orient="row")  # fmt: skip


@pytest.fixture
def space(tmp_path) -> Workspace:
    """A store as ingest leaves it: two schools with faults, one without, one that has no pupils here."""
    space = Workspace(
        tmp_path, "999", "Trialshire", tmp_path / "raw", tmp_path / "store", tmp_path / "reports", "sample"
    )
    schools = [
        {"school_id": "9991001", "school_urn": "900001", "school_name": "=1+1 Academy"},
        {"school_id": "SCH/7", "school_name": "Oak & <b>Elm</b>"},
        {"school_id": "9991003", "school_name": "Ash"},
        {"school_id": "8011004", "school_name": "Elsewhere"},
    ]
    put(space, "schools", table("schools", *schools))
    pupils = [{"pupil_id": "p", "school_id": code, "time_period": "202425", "term": "Autumn term"}
              for code in ("9991001", "9991003")]  # fmt: skip
    put(space, "pupils", table("pupils", *pupils))
    rows = [BAD_DATE | {"row": row, "school_id": "999/1001"} for row in (*range(2, 27), 40)]
    rows += [BAD_DATE | {"row": 50, "school_id": "900001"}]  # its URN
    rows += [NO_UPN | {"row": row, "school_id": "SCH/7"} for row in range(60, 160)]
    rows += [NO_UPN | {"row": 160, "school_id": UPN}]  # a shifted row: the cell holds no school
    rows += [NO_UPN | {"file": f"{UPN} report.csv", "rule": "empty", "message": "@no rows", "remedy": "-", "count": 1}]
    put(space, "problems", frame(rows, COLUMNS))
    files = {"file": pl.String, "format": pl.String, "table": pl.String, "sheet": pl.String, "read": pl.Int64,
             "loaded": pl.Int64, "quarantined": pl.Int64, "known_from": pl.String, "encoding": pl.String}  # fmt: skip
    put(space, "files", frame([
        {"file": "clean.xlsx", "sheet": "Data", "format": "Extract", "table": "plans", "read": 900, "loaded": 900,
         "quarantined": 0},
        {"file": "attendance.csv", "format": "Extract", "table": "attendance", "read": 1200, "loaded": 1173,
         "quarantined": 27},
    ], files))  # fmt: skip
    rules = dict.fromkeys(("file", "sheet", "rule", "column", "why"), pl.String)
    lacking = {"file": "attendance.csv", "rule": "term", "column": "term", "why": "the column is missing"}
    put(space, "rules_not_run", frame([lacking], rules))
    store.write_manifest(space.store, "ingest", {"unread": ["cut.csv: 1 problem(s)\n  - it is cut off"]})
    return space


def put(space: Workspace, name: str, rows: pl.DataFrame) -> None:
    store.write_table(space.store, name, rows)


def page(space: Workspace, name: str) -> str:
    return (space.reports / "quality" / name).read_text(encoding="utf-8")


def cells(path) -> list[list[object]]:
    book = openpyxl.load_workbook(path)
    return [[cell for row in sheet.iter_rows(values_only=True) for cell in row] for sheet in book]


def test_one_report_for_the_authority_and_one_a_school(space):
    written = write_quality(space, made=date(2026, 3, 1))
    folder = space.reports / "quality"
    told = {path.relative_to(folder).as_posix() for path in written}
    odd = safe_name("SCH/7")
    assert told == {"999.html", "999.xlsx"} | {
        f"schools/{code}/data-quality.{kind}" for code in ("9991001", "9991003", odd) for kind in ("html", "xlsx")
    }
    assert all(path.is_file() and len(path.relative_to(space.root).as_posix()) <= 120 for path in written)
    assert not (folder / "schools" / "8011004").exists()  # in a national list, but without pupils here


def test_the_authority_is_told_worst_first_with_the_sums(space):
    write_quality(space, made=date(2026, 3, 1))
    text = page(space, "999.html")
    assert "Made on 1 March 2026" in text and MARKING in text and "not for publication" in text
    assert "27 errors, 102 warnings and 0 queries" in text
    assert "Of 2,100 rows read, 2,073 were loaded and 27 left out" in text
    assert "Start here:</strong> attendance.csv: is no date (27 times); write dates as 31/01/2025." in text
    assert text.index("it is cut off") < text.index("rule date") < text.index("rule upn_blank")
    assert "2 to 21 and 7 more" in text and "the file as a whole" in text
    assert "the column is missing" in text and "it is cut off" in text
    assert f'href="schools/{safe_name("SCH/7")}/data-quality.html"' in text and "No school named" in text


def test_a_school_is_told_of_its_own_faults_only(space):
    write_quality(space)
    first, odd, clean = (page(space, f"schools/{safe_name(code)}/data-quality.html")
                         for code in ("9991001", "SCH/7", "9991003"))  # fmt: skip
    assert "27 errors, 0 warnings" in first and "is no date" in first and "no UPN" not in first
    assert "0 errors, 100 warnings" in odd and "60 to 79 and 80 more" in odd and "is no date" not in odd
    assert "Oak &amp; &lt;b&gt;Elm&lt;/b&gt;" in odd and "<b>Elm" not in odd
    assert "Nothing to put right" in clean
    assert "1,200" in first and "clean.xlsx" not in first and "Ash" not in first + odd


def test_pages_fetch_and_run_nothing_and_name_their_tables(space):
    for path in write_quality(space):
        if path.suffix == ".html":
            text = path.read_text(encoding="utf-8")
            assert "<script" not in text and "http://" not in text and "https://" not in text
            assert "Content-Security-Policy" in text and '<html lang="en-GB"' in text
            assert text.count("<table") == text.count("<caption")
            assert text.count("<th") == text.count("<thead") + text.count("<th scope=")


def test_no_pupil_value_reaches_a_report(space):
    for path in write_quality(space):
        told = path.read_text(encoding="utf-8") if path.suffix == ".html" else str(cells(path))
        assert UPN not in told and UPN not in path.as_posix()


def test_the_workbook_holds_every_line_as_text(space):
    write_quality(space)
    path = space.reports / "quality" / "999.xlsx"
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["About", "To put right", "Schools", "Not checked", "Files"]
    (faults,) = book["To put right"].tables.values()
    head, *rows = [[cell.value for cell in line] for line in book["To put right"][faults.ref]]
    lines = [dict(zip(head, row, strict=True)) for row in rows]
    assert [line["Severity"] for line in lines] == ["error", "warning", "warning"]
    assert lines[0]["Faults"] == 27 and lines[0]["Schools"] == 1 and lines[0]["Rows"] == "2 to 21 and 7 more"
    assert {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row} <= {"s", "n"}
    texts = [cell for sheet in cells(path) for cell in sheet if isinstance(cell, str)]
    assert "'=1+1 Academy" in texts and "'@no rows" in texts
    assert [text for text in texts if text[0] in "=+-@\t\r"] == []


def test_a_report_of_a_school_that_is_gone_goes(space):
    write_quality(space)
    old = space.reports / "quality" / "schools" / safe_name("SCH/7")
    problems = store.read_table(space.store, "problems").filter(pl.col("school_id") != "SCH/7")
    put(space, "problems", problems)
    (old / "mine.txt").write_text("kept", encoding="utf-8")
    write_quality(space)
    assert [path.name for path in old.iterdir()] == ["mine.txt"]


def test_a_store_without_any_fault_says_so(space):
    for name in ("problems", "rules_not_run"):
        put(space, name, store.read_table(space.store, name).clear())
    store.write_manifest(space.store, "ingest", {"unread": []})
    write_quality(space)
    assert "Nothing to put right" in page(space, "999.html")
    assert "There is nothing to tell here." in str(cells(space.reports / "quality" / "999.xlsx"))


def test_a_store_that_was_never_made_is_refused(tmp_path):
    empty = Workspace(tmp_path, "999", "T", tmp_path / "raw", tmp_path / "store", tmp_path / "reports", "sample")
    with pytest.raises(WorkspaceProblem, match="run 'sendlab ingest'"):
        write_quality(empty)


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", "\ta", "\r=a", "  =1"])
def test_text_that_could_be_a_formula_is_made_neutral(text):
    assert neutral(text) == f"'{text}" and neutral("a=1") == "a=1"


@pytest.mark.parametrize("code", ["SCH/7", "a:b", "NUL", "com1", "..", "", "x" * 300, "Zoë", "Sch7", "SCH7 "])
def test_file_names_are_safe_short_and_distinct(code):
    name = safe_name(code)
    assert len(name) <= 32 and name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    assert name != safe_name(code + "1") and name.lower() != safe_name("SCH7").lower()
    assert name.upper() not in ("NUL", "COM1")
