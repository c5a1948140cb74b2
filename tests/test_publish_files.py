"""The workbook equals the published rows; nothing but published figures is written; files are put in place whole."""

import csv
import shutil
import subprocess
import sys
import warnings
from datetime import date
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from board_rows import content_of
from conftest import absent

from sendlab.disclosure.published import OwnView, Published, _published
from sendlab.errors import GateError, SendlabError
from sendlab.metrics.cards import cards
from sendlab.metrics.publication import published_measures
from sendlab.publish import FileInUse, write_board_page, write_board_pdf, write_workbook
from sendlab.publish.cells import neutral
from sendlab.publish.files import put_in_place, write_text
from sendlab.publish.sheet import BASES, NUMBERS, sheet_frame
from sendlab.publish.workbook import SHEETS
from sendlab.runs.lock import one_run
from sendlab.runs.plan import latest_period
from sendlab.schema.measures import as_measures

ODD_NAME = "=HYPERLINK(A1) Academy"


def row(measure, *, place="999", value=12.5, **fields):
    level = "Local authority" if place == "999" else "School"
    base = {
        "measure": measure, "time_period": "202425", "time_identifier": "Academic year", "geographic_level": level,
        "place_code": place, "place_name": "Sampleton" if place == "999" else ODD_NAME, "sen_provision": "EHC plan",
        "education_phase": "Total" if place == "999" else "Primary",
        "numerator": 30.0, "denominator": 240.0, "base_subjects": 240, "value": value, "lower": 10.0, "upper": 15.5,
        "unit": cards()[measure].unit, "data_to": date(2025, 7, 22),
    }  # fmt: skip
    return base | fields


SHEETS_IN_ORDER = ("Cover", "Contents", "Notes", *SHEETS.values())
HIDDEN = dict.fromkeys(("numerator", "denominator", "base_subjects", "value", "lower", "upper"))


def published(*rows: dict) -> Published:
    return _published(as_measures(pl.DataFrame(list(rows))), audience="board", threshold=5, run_id="r1")


@pytest.fixture
def figures():
    return published(
        row("absence"),
        row("absence", comparator="Same group nationally", value=1.5, numerator=None, denominator=None,
            comparator_value=11.0, comparator_period="202324"),
        row("absence", place="900101", **(HIDDEN | {"value": None, "status": "c"})),
        row("absence", place="900102", place_name="@risk, +plus [a](b) School", value=0.0),
        row("suspension_rate", value=3.25, status="u", note="fewer than 10 events"),
        row("sef_now", sen_provision="Total", item="A1", value=6.5, base_subjects=None,
            lower=None, upper=None),
    )  # fmt: skip


def cells_of(path, sheet):
    """{heading: column} of the one table of a sheet, found by its native Excel table."""
    page = openpyxl.load_workbook(path)[sheet]
    (table,) = page.tables.values()
    head, *rows = [[cell.value for cell in line] for line in page[table.ref]]
    return [dict(zip(head, line, strict=True)) for line in rows]


def test_workbook_holds_the_published_rows(figures, tmp_path):
    path = write_workbook(figures, tmp_path / "figures.xlsx", la_name="Sampleton")
    for topic, sheet in (
        ("attendance", "Absence"),
        ("exclusions", "Exclusions"),
        ("self_evaluation", "Self-evaluation"),
    ):
        expected = figures.rows.filter(pl.col("measure").is_in([n for n, c in cards().items() if c.topic == topic]))
        written = cells_of(path, sheet)
        assert len(written) == expected.height
        key = [(line["Code"], line["Compared with"]) for line in written]
        for want in expected.iter_rows(named=True):
            got = written[key.index((want["place_code"], want["comparator"] or "Figure, no comparison"))]
            for name, heading in (("value", "Value"), ("lower", "Lower limit"), ("base_subjects", "Pupils")):
                missing = "z" if want["measure"].startswith("sef_") else want["status"] or "x"
                assert got[heading] == (want[name] if want[name] is not None else f"[{missing}]")


def test_hidden_and_missing_cells_are_shorthand_and_zero_stays_zero(figures, tmp_path):
    path = write_workbook(figures, tmp_path / "figures.xlsx", la_name="Sampleton")
    lines = cells_of(path, "Absence")
    (hidden,) = [line for line in lines if line["Code"] == "900101"]
    assert {hidden[h] for h in ("Value", "Pupils", "Numerator", "Denominator", "Lower limit", "Upper limit")} == {"[c]"}
    assert [line["Value"] for line in lines if line["Code"] == "900102"] == [0]
    assert all(value not in (None, "") for line in lines for value in line.values())
    figure = next(line for line in lines if line["Compared with"] == "Figure, no comparison")
    assert figure["Value compared with"] == "[z]"


def test_text_that_looks_like_a_formula_stays_text(figures, tmp_path):
    path = write_workbook(figures, tmp_path / "figures.xlsx", la_name="=1+1")
    book = openpyxl.load_workbook(path)
    kinds = {cell.data_type for sheet in book for line in sheet.iter_rows() for cell in line}
    assert "f" not in kinds
    assert neutral(ODD_NAME) in {line["Place"] for line in cells_of(path, "Absence")}
    assert not [cell for line in book["Absence"].iter_rows() for cell in line if cell.hyperlink]


def test_workbook_is_titled_frozen_and_one_table_a_sheet(figures, tmp_path):
    path = write_workbook(figures, tmp_path / "figures.xlsx", la_name="Sampleton")
    book = openpyxl.load_workbook(path)
    assert book.properties.title == "SEND figures: Sampleton"
    assert book.sheetnames == ["Cover", "Contents", "Notes", "Absence", "Exclusions", "Self-evaluation"]
    for name in book.sheetnames[3:]:
        (table,) = book[name].tables.values()
        first_row = int("".join(filter(str.isdigit, table.ref.split(":")[0])))
        assert book[name].freeze_panes == f"B{first_row + 1}"
    cover = " ".join(str(cell.value) for line in book["Cover"].iter_rows() for cell in line)
    assert figures.settings in cover and "Run r1" in cover
    notes = [line[1].value for line in book["Notes"].iter_rows(min_row=4)]
    assert notes == ["Overall absence rate", "Suspension rate", "Self-evaluation: where the school is now"]
    assert book["Notes"].row_dimensions[4].height > 20  # wrapped text has room
    (item,) = [line["Item"] for line in cells_of(path, "Self-evaluation")]
    assert item.startswith("A1 ") and len(item) > 5


def test_calendar_years_are_no_period_of_reports():
    """As text 2026 comes after 2025/26: EHC plans are told by calendar year."""
    plans = row("ehc_within_20_weeks", time_period="2026", time_identifier="Calendar year")
    assert latest_period(published(row("absence"), plans)) == "202425"


def test_every_topic_with_a_published_measure_has_a_sheet():
    assert {cards()[name].topic for name in published_measures()} == set(SHEETS)
    assert set(NUMBERS) <= set(published(row("absence")).rows.columns)


@pytest.mark.parametrize(
    ("measures", "heading"),
    [(["absence"], "Pupils"), (["assistant_hours"], "Schools"), (["pupils_agree", "parents_agree"], "People")],
)
def test_the_column_of_bases_is_called_what_they_count(measures, heading):
    columns = set(sheet_frame(published(*map(row, measures)).rows).columns)
    assert columns & set(BASES) == {heading}


def test_columns_that_break_nothing_down_are_left_out(figures):
    frame = sheet_frame(figures.rows.filter(pl.col("measure") == "absence"))
    assert "Item" not in frame.columns and "Note" not in frame.columns and "SEN provision" in frame.columns


@pytest.mark.parametrize("thing", [OwnView(published(row("absence")).rows), published(row("absence")).rows, None])
def test_writers_refuse_what_did_not_pass_the_gate(thing, tmp_path):
    with pytest.raises(GateError, match="published figures only"):
        write_workbook(thing, tmp_path / "a.xlsx", la_name="Sampleton")
    with pytest.raises(GateError, match="published figures only"):
        write_board_page(None, thing, tmp_path / "a.html")
    with pytest.raises(GateError, match="published figures only"):
        write_board_pdf(None, thing, tmp_path / "a.pdf")
    with pytest.raises(GateError, match="published figures only"):
        content_of(thing, tmp_path)
    assert not list(tmp_path.iterdir())


def test_no_figures_is_an_error_and_leaves_no_file(tmp_path):
    with pytest.raises(SendlabError, match="no published figures"):
        write_workbook(published(row("absence")).where(place_code="none"), tmp_path / "a.xlsx", la_name="Sampleton")
    assert not list(tmp_path.iterdir())


def test_a_write_that_fails_leaves_the_old_file_and_no_rest(tmp_path):
    target = write_text(tmp_path / "a" / "page.html", "old")
    with pytest.raises(UnicodeEncodeError):
        write_text(target, "\ud800")
    assert target.read_text(encoding="utf-8") == "old" and [path.name for path in target.parent.iterdir()] == [
        "page.html"
    ]


def test_what_a_killed_process_left_aside_goes_when_its_folder_is_next_held(tmp_path):
    code = "import os, sys; from pathlib import Path; from sendlab.publish.files import write_aside\n"
    code += "write_aside(Path(sys.argv[1]), lambda path: path.write_text('half') and os._exit(9))"
    for name in ("schools/900101/attendance.html", "index.html"):
        write_text(tmp_path / name, "the last one, whole")
        assert subprocess.run([sys.executable, "-c", code, str(tmp_path / name)], check=False).returncode == 9
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / ".900101.board.attendance.part.ipynb").write_text("half")  # partial_file of a task
    (tmp_path / ".gitkeep").touch()
    assert len(list(tmp_path.rglob(".*"))) == 4
    with one_run(tmp_path):
        assert {path.name for path in tmp_path.rglob(".*")} == {".gitkeep", ".run.lock"}
    assert {path.name for path in tmp_path.rglob("[!.]*.*")} == {"attendance.html", "index.html"}


class InUse(type(Path())):
    """A path whose file may not be replaced, as on Windows while another program has it open."""

    blocked = ""

    def replace(self, target):
        if Path(target).name == InUse.blocked:
            raise PermissionError(13, "in use")
        return super().replace(target)


def test_a_file_in_use_gets_a_neighbour_and_a_warning(tmp_path):
    aside, target = InUse(tmp_path / "aside.xlsx"), InUse(tmp_path / "figures.xlsx")
    target.write_text("open elsewhere")
    aside.write_text("new")
    InUse.blocked = "figures.xlsx"
    with pytest.warns(FileInUse, match=r"figures\.xlsx is open in another program; the new one is figures-new1\.xlsx"):
        written = put_in_place(aside, target)
    assert (
        written.name == "figures-new1.xlsx" and written.read_text() == "new" and target.read_text() == "open elsewhere"
    )
    InUse.blocked = ""
    aside.write_text("newer")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert put_in_place(aside, target) == target
    assert not written.exists()  # it was older than what now has the place


def as_libreoffice_reads(path, folder):
    """{sheet: rows of text} of a workbook that LibreOffice opened and wrote as CSV, one file a sheet."""
    office = shutil.which("soffice")
    if office is None:
        absent("LibreOffice")
    kind = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false,false,false,-1"
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    command = [office, profile, "--headless", "--convert-to", kind, "--outdir", str(folder), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=180)
    found = {}
    for file in folder.glob(f"{path.stem}-*.csv"):
        with file.open(encoding="utf-8", newline="") as handle:
            found[file.stem.removeprefix(f"{path.stem}-")] = list(csv.reader(handle))
    return found


def test_libreoffice_opens_the_workbook_and_reads_back_the_same(figures, tmp_path):
    path = write_workbook(figures, tmp_path / "figures.xlsx", la_name="Sampleton")
    sheets = as_libreoffice_reads(path, tmp_path)
    assert list(openpyxl.load_workbook(path).sheetnames) == [name for name in SHEETS_IN_ORDER if name in sheets]
    for sheet in ("Absence", "Exclusions", "Self-evaluation"):
        wanted = cells_of(path, sheet)
        start = next(place for place, line in enumerate(sheets[sheet]) if line[:2] == ["Measure", "Unit"])
        head, *lines = sheets[sheet][start:]
        assert head == list(wanted[0]) and len(lines) == len(wanted)
        for line, want in zip(lines, wanted, strict=True):
            for got, cell in zip(line, want.values(), strict=True):
                assert (float(got) == cell) if isinstance(cell, int | float) else (got == cell)
