"""The scan of files before release: what it finds in each kind and each encoding, and that clean files pass."""

import base64
import gzip
import io
import json
import re
import zipfile
import zlib
from datetime import date

import openpyxl
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from board_rows import content_of
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from openpyxl.comments import Comment
from openpyxl.workbook.defined_name import DefinedName
from PIL import Image, PngImagePlugin
from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

from sendlab import charts, tables
from sendlab.disclosure.published import OWN_VIEW_MARK, OwnView, _published
from sendlab.errors import GateError
from sendlab.metrics.cards import cards
from sendlab.publish import (
    scan_charts,
    scan_figures,
    scan_files,
    scan_packages,
    scan_text,
    write_board_page,
    write_workbook,
)
from sendlab.publish.scan import NO_RULE, UNREADABLE, Fault, require_clean, scan_artefact
from sendlab.publish.scan_nested import unfolded
from sendlab.publish.scan_text import (
    CANARY,
    EMAIL,
    MACHINE_PATH,
    OWN_VIEW,
    PSEUDONYM,
    PUPIL_COLUMN,
    UPN,
    Forbidden,
    Piece,
)
from sendlab.publish.sheet import sheet_frame
from sendlab.schema.measures import as_measures

UPN_OF_NOBODY, PSEUDONYM_OF_NOBODY = "H801200001001", "0123456789abcdef" * 2
NAME, NUMBER = "Quillabar Zyxwerthy", 7919.0
PLANTED = Forbidden(canaries=(NAME, NUMBER))
PA, WHERE = "persistent_absence", {"measure": "persistent_absence", "place": "999", "time_period": "202425"}


def row(group, value, n=900, **fields):
    base = {
        "measure": PA, "time_period": "202425", "time_identifier": "Academic year", "place_code": "999",
        "geographic_level": "Local authority", "place_name": "Sampleton", "sen_provision": group, "value": value,
        "numerator": 40.0, "denominator": float(n), "base_subjects": n, "unit": cards()[PA].unit,
        "data_to": date(2025, 7, 22), "lower": None if value is None else value - 2.1,
        "upper": None if value is None else value + 2.4,
    }  # fmt: skip
    return base | fields


def rounded(rows):
    limits = pl.col("lower", "upper").round(1)
    return as_measures(pl.DataFrame(rows, infer_schema_length=None)).with_columns(limits)


GONE = dict.fromkeys(("numerator", "denominator", "base_subjects", "lower", "upper")) | {"status": "c"}
ROWS = [row("SEN support", 30.2), row("No SEN", 15.1, 9000), row("EHC plan", None, **GONE)]
VIEW = _published(rounded(ROWS), audience="board", threshold=5, run_id="r1")


def kinds(path, forbidden=None):
    return {fault.kind for fault in scan_artefact(path, forbidden=forbidden)}


def saved(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return path


# --- files of each kind, with something planted out of sight ------------------------------------------------------


def picture(text=None, packed=False):
    chunks, out = PngImagePlugin.PngInfo(), io.BytesIO()
    if text:
        chunks.add_text("Comment", text, zip=packed)
    Image.new("RGB", (4, 4), "white").save(out, "PNG", pnginfo=chunks)
    return out.getvalue()


def notebook(text="", **where):
    data = {"text/plain": "A sentence.", "image/png": base64.b64encode(picture(where.get("picture"))).decode()}
    output = new_output("display_data", data=data, metadata={"note": where.get("output_metadata", "")})
    cells = [new_markdown_cell("# A question"), new_code_cell("1 + 1", outputs=[output])]
    state = {
        "f" * 32: {
            "model_name": "HTMLModel",
            "state": {"value": where.get("widget", ""), "layout": "IPY_MODEL_" + "f" * 32},
        }
    }
    node = new_notebook(
        cells=cells, metadata={"note": text, "widgets": {"application/vnd.jupyter.widget-state+json": {"state": state}}}
    )
    return json.dumps(node)


def workbook(change=None):
    book, out = openpyxl.Workbook(), io.BytesIO()
    book.active["A1"] = "Measure"
    if change:
        change(book)
    book.save(out)
    return out.getvalue()


def slides(change=None):
    deck, out = Presentation(), io.BytesIO()
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    slide.shapes.title.text = "A finding"
    if change:
        change(deck, slide)
    deck.save(out)
    return out.getvalue()


def chart_behind(value):
    def change(_, slide):
        data = CategoryChartData()
        data.categories = ["SEN support"]
        data.add_series("Absence", (value,))
        slide.shapes.add_chart(XL_CHART_TYPE.BAR_CLUSTERED, 0, 0, 100, 100, data)

    return change


def pdf(text="A finding", *, properties=None, attachment=b""):
    book, out = PdfWriter(), io.BytesIO()
    page = book.add_blank_page(300, 300)
    stream = DecodedStreamObject()
    stream.set_data(f"BT /F1 12 Tf 20 200 Td ({text}) Tj ET".encode())
    font = DictionaryObject({NameObject(k): NameObject(v) for k, v in
                             {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica"}.items()})  # fmt: skip
    page[NameObject("/Resources")] = DictionaryObject(
        {NameObject("/Font"): DictionaryObject({NameObject("/F1"): font})}
    )
    page[NameObject("/Contents")] = book._add_object(stream.flate_encode())
    book.add_metadata(properties or {})
    if attachment:
        book.add_attachment("extra.txt", attachment)
    book.write(out)
    return out.getvalue()


def parquet(rows=None, *, metadata=None, unused=None):
    table = (rows if rows is not None else pl.DataFrame({"place": ["Oak", "Elm"]})).to_arrow()
    if unused:  # a dictionary keeps what no row uses any more
        whole = pa.array(["Oak", unused]).dictionary_encode()
        table = pa.table({"place": pa.DictionaryArray.from_arrays(whole.indices[:1], whole.dictionary)})
    out = io.BytesIO()
    pq.write_table(table.replace_schema_metadata(metadata), out, compression="zstd")
    return out.getvalue()


def arrow(unused):
    whole = pa.array(["Oak", unused]).dictionary_encode()
    table = pa.table({"place": pa.DictionaryArray.from_arrays(whole.indices[:1], whole.dictionary)})
    out = io.BytesIO()
    with pa.ipc.new_file(out, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)
    return out.getvalue()


def named(change, value):
    return lambda book: change(book, value)


def hidden_sheet(book, value):
    sheet = book.create_sheet("more")
    sheet["A1"], sheet.sheet_state = value, "veryHidden"


def comment(book, value):
    book.active["A1"].comment = Comment(str(value), "someone")


def defined_name(book, value):
    book.defined_names["kept"] = DefinedName("kept", attr_text=str(value))


def properties(book, value):
    book.properties.description = str(value)


def formula(book, value):
    book.active["B1"] = f'=IF(TRUE,"","{value}")'


def speaker_notes(text):
    return lambda deck, slide: setattr(slide.notes_slide.notes_text_frame, "text", text)


def deck_properties(text):
    return lambda deck, slide: setattr(deck.core_properties, "keywords", text)


CARRIERS = {
    "html text": ("a.html", lambda text: f"<p>Of {text} pupils</p>"),
    "html attribute": ("a.html", lambda text: f'<td title="{text}">12</td>'),
    "html comment": ("a.html", lambda text: f"<p>x</p><!-- {text} -->"),
    "html script": ("a.html", lambda text: f"<script>let rows = ['{text}'];</script>"),
    "html across tags": ("a.html", lambda text: f"<p>{text[:3]}<b>{text[3:]}</b></p>"),
    "html entities": ("a.html", lambda text: "<p>" + "".join(f"&#{ord(sign)};" for sign in text) + "</p>"),
    "html data address": ("a.html", lambda text: f'<img src="data:image/svg+xml;base64,{coded(text)}">'),
    "svg title": ("a.svg", lambda text: f"<svg><title>{text}</title></svg>"),
    "notebook metadata": ("a.ipynb", notebook),
    "output metadata": ("a.ipynb", lambda text: notebook(output_metadata=text)),
    "widget state": ("a.ipynb", lambda text: notebook(widget=f"<p>{text}</p>")),
    "picture in a notebook": ("a.ipynb", lambda text: notebook(picture=text)),
    "json key": ("a.json", lambda text: json.dumps({"run": {text: 1}})),
    "json lines": ("a.jsonl", lambda text: '{"a": 1}\n' + json.dumps({"b": [{"c": text}]})),
    "csv": ("a.csv", lambda text: f"place,note\nOak,{text}\n"),
    "log": ("a.log", lambda text: f"step one\nstep two {text}\n"),
    "workbook sheet": ("a.xlsx", lambda text: workbook(lambda book: book.active.append([text]))),
    "workbook hidden sheet": ("a.xlsx", lambda text: workbook(named(hidden_sheet, text))),
    "workbook comment": ("a.xlsx", lambda text: workbook(named(comment, text))),
    "workbook name": ("a.xlsx", lambda text: workbook(named(defined_name, text))),
    "workbook properties": ("a.xlsx", lambda text: workbook(named(properties, text))),
    "workbook formula": ("a.xlsx", lambda text: workbook(named(formula, text))),
    "speaker notes": ("a.pptx", lambda text: slides(speaker_notes(text))),
    "slide properties": ("a.pptx", lambda text: slides(deck_properties(text))),
    "pdf page": ("a.pdf", pdf),
    "pdf properties": ("a.pdf", lambda text: pdf(properties={"/Keywords": text})),
    "pdf attachment": ("a.pdf", lambda text: pdf(attachment=text.encode())),
    "png text": ("a.png", picture),
    "png packed text": ("a.png", lambda text: picture(text, packed=True)),
    "parquet rows": ("a.parquet", lambda text: parquet(pl.DataFrame({"place": [text]}))),
    "parquet metadata": ("a.parquet", lambda text: parquet(metadata={"pandas": text})),
    "parquet dictionary": ("a.parquet", lambda text: parquet(unused=text)),
    "arrow dictionary": ("a.arrow", arrow),
    "gzip in base64": ("a.html", lambda text: f"<p>{base64.b64encode(gzip.compress(text.encode())).decode()}</p>"),
    "zlib": ("a.json", lambda text: json.dumps({"x": base64.b64encode(zlib.compress(text.encode())).decode()})),
    "hexadecimal": ("a.txt", lambda text: f"x {text.encode().hex()} y"),
}  # fmt: skip


def coded(text):
    return base64.b64encode(f"<svg><title>{text}</title></svg>".encode()).decode()


@pytest.mark.parametrize("secret", [NAME, "7919", UPN_OF_NOBODY], ids=["name", "number", "UPN"])
@pytest.mark.parametrize("carrier", CARRIERS)
def test_what_is_planted_is_found_in_every_carrier(carrier, secret, tmp_path):
    name, make = CARRIERS[carrier]
    faults = scan_artefact(saved(tmp_path, name, make(secret)), forbidden=PLANTED)
    wanted = UPN if secret == UPN_OF_NOBODY else CANARY
    assert wanted in {fault.kind for fault in faults}
    assert secret not in " ".join(map(str, faults))


@pytest.mark.parametrize("carrier", CARRIERS)
def test_a_carrier_without_a_secret_holds_no_identifier(carrier, tmp_path):
    name, make = CARRIERS[carrier]
    assert not kinds(saved(tmp_path, name, make("nothing at all")), PLANTED) & {CANARY, UPN, PSEUDONYM, MACHINE_PATH}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "latin-1"])
def test_a_planted_value_is_found_in_other_letters_of_the_machine(encoding, tmp_path):
    out = io.BytesIO(workbook())
    with zipfile.ZipFile(out, "a") as package:
        package.writestr("custom/item1.bin", f"x {NAME} y".encode(encoding))
    assert CANARY in kinds(saved(tmp_path, "a.xlsx", out.getvalue()), PLANTED)


def test_a_planted_number_is_found_as_number(tmp_path):
    for rows in ({"v": [1.5, NUMBER]}, {"v": [1, int(NUMBER)]}):
        assert CANARY in kinds(saved(tmp_path, "a.parquet", parquet(pl.DataFrame(rows))), PLANTED)
    assert CANARY in kinds(saved(tmp_path, "a.xlsx", workbook(lambda book: book.active.append([7919]))), PLANTED)
    assert CANARY in kinds(saved(tmp_path, "a.pptx", slides(chart_behind(NUMBER))), PLANTED)
    assert CANARY in kinds(saved(tmp_path, "a.html", "<td>7,919</td>"), PLANTED)
    for other in ("17919", "7919.5", "79190", "3.7919"):
        assert CANARY not in kinds(saved(tmp_path, "a.html", f"<td>{other}</td>"), PLANTED)


# --- identifiers, paths, addresses, own views ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"pupil {PSEUDONYM_OF_NOBODY}", PSEUDONYM),
        (f"upn_{UPN_OF_NOBODY.lower()}_x", UPN),
        ("H80120000100A", UPN),
        ("see /home/anna/raw/a.csv", MACHINE_PATH),
        (r"see C:\Users\anna\raw\a.csv", MACHINE_PATH),
        (r"see \\server\share$\a.csv", MACHINE_PATH),
        ("write to anna.smith@example.gov.uk", EMAIL),
        (f"x {OWN_VIEW_MARK.replace(' ', chr(10))} y", OWN_VIEW),
    ],
)
def test_what_no_text_may_hold(text, kind, tmp_path):
    assert kinds(saved(tmp_path, "a.txt", text)) == {kind}


@pytest.mark.parametrize(
    "text",
    [
        "900101 202425 900102", "a" * 64, "0" * 33 + "f", "sha256 " + "0123456789abcdef" * 4, "http://www.w3.org/2000/svg",
        "schools/900101/report.html", "@media print", "nobody@home", "1/2/3", "A 12345678901 2", "f(x) = a / b / c",
    ],
)  # fmt: skip
def test_what_looks_a_little_like_it_passes(text, tmp_path):
    assert kinds(saved(tmp_path, "a.txt", text)) == set()


def test_a_contact_address_may_be_allowed_and_a_folder_forbidden(tmp_path):
    path = saved(tmp_path, "a.txt", "sen@example.gov.uk, /data/councils/space/raw/a.csv")
    assert kinds(path, Forbidden(contacts=frozenset({"sen@example.gov.uk"}))) == set()
    assert kinds(path, Forbidden(roots=("/data/councils/space",))) == {EMAIL, MACHINE_PATH}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "pupil_id,absence\n1,2\n"),
        ("a.parquet", parquet(pl.DataFrame({"upn": ["x"]}))),
        ("a.xlsx", workbook(lambda book: book.active.append(["Surname", "n"]))),
        ("a.json", json.dumps([{"pupil_id": 1}])),
    ],
)
def test_a_column_of_pupils_is_known_by_its_heading(name, content, tmp_path):
    assert kinds(saved(tmp_path, name, content)) == {PUPIL_COLUMN}


def test_a_cell_that_names_a_column_of_pupils_heads_none(tmp_path):
    """A report on data quality says in which column of a file the faults are."""
    faults = [["Faults of a file"], ["Column", "Faults"], ["UPN", 3]]
    path = saved(tmp_path, "a.xlsx", workbook(lambda book: [book.active.append(line) for line in faults]))
    assert kinds(path) == set()


def test_the_name_of_a_file_is_looked_at_too(tmp_path):
    assert kinds(saved(tmp_path, f"{UPN_OF_NOBODY}.txt", "x")) == {UPN}


def test_names_of_controls_are_no_pseudonyms_but_values_are(tmp_path):
    assert kinds(saved(tmp_path, "a.ipynb", notebook())) == set()
    assert kinds(saved(tmp_path, "a.ipynb", notebook(widget=PSEUDONYM_OF_NOBODY))) == {PSEUDONYM}


# --- what is out of sight, and what cannot be read -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.xlsx", workbook(named(hidden_sheet, "x")), scan_packages.HIDDEN_SHEET),
        ("a.xlsx", workbook(named(comment, "x")), scan_packages.COMMENT),
        ("a.xlsx", workbook(named(defined_name, "7")), scan_packages.DEFINED_NAME),
        ("a.pptx", slides(lambda _, slide: slide._element.set("show", "0")), scan_packages.HIDDEN_SLIDE),
        ("a.pdf", pdf(attachment=b"x"), scan_packages.ATTACHED),
        ("a.png", picture() + b"more", scan_packages.TRAILING),
        ("a.html", '<tr><td data-n="3">c</td></tr>', scan_files.ROW_ATTRIBUTE),
        ("a.html", '<tr style="width:3%"><td>[c]</td></tr>', scan_files.ROW_ATTRIBUTE),
        ("a.html", '<tr><th aria-label="three">Oak</th><td><b>not shown</b></td></tr>', scan_files.ROW_ATTRIBUTE),
    ],
)
def test_what_is_out_of_sight_is_refused_whatever_it_says(name, content, kind, tmp_path):
    assert kind in kinds(saved(tmp_path, name, content))


@pytest.mark.parametrize("name", ["a.exe", "a.docx", "a", "a.html.zip", "a.pkl"])
def test_a_kind_without_a_rule_is_refused(name, tmp_path):
    assert kinds(saved(tmp_path, name, "x")) == {NO_RULE}


@pytest.mark.parametrize("name", ["a.xlsx", "a.pptx", "a.pdf", "a.png", "a.parquet", "a.arrow", "a.ipynb", "a.json"])
@pytest.mark.parametrize("content", [b"", b"no such thing", picture()[:40], workbook()[:200]])
def test_what_cannot_be_read_is_refused(name, content, tmp_path):
    assert kinds(saved(tmp_path, name, content)) >= {UNREADABLE}


def test_bytes_that_are_no_text_and_a_locked_pdf_are_refused(tmp_path):
    assert kinds(saved(tmp_path, "a.html", b"<p>\xff\xfe\xfa")) == {UNREADABLE}
    book, out = PdfWriter(), io.BytesIO()
    book.add_blank_page(10, 10)
    book.encrypt("secret")
    book.write(out)
    assert kinds(saved(tmp_path, "a.pdf", out.getvalue())) == {UNREADABLE}


# --- how fine figures are --------------------------------------------------------------------------------------------


def figures(rows):
    return as_measures(pl.DataFrame(rows, infer_schema_length=None))


def filled(book, frame):
    """The rows of a sheet of the workbook below its titles."""
    for line in (frame.columns.to_list(), *frame.values.tolist()):
        book.active.append(line)


@pytest.mark.parametrize(
    ("fields", "fine"),
    [
        ({"value": 30.2, "lower": 28.0, "upper": 33.1}, True),
        ({"value": 30.21}, False),
        ({"value": 30.2, "lower": 28.123, "upper": 33.1}, False),
        ({"value": 30.5, "n": 40, "lower": 30.0, "upper": 33.0}, False),  # whole percentages below 100 pupils
        ({"value": 30.0, "n": 40, "lower": 30.0, "upper": 33.0}, True),
        ({"value": 30.512, "geographic_level": "National", "lower": None, "upper": None}, True),  # as it was published
        ({"value": 3.5, "n": 40, "comparator": "No SEN", "lower": 3.0, "upper": 4.0}, True),
        ({"value": 3.52, "comparator": "No SEN", "lower": 3.0, "upper": 4.0}, False),
    ],
)
def test_figures_are_no_finer_than_their_card_and_base_allow(fields, fine, tmp_path):
    limits = {"lower": 28.1, "upper": 33.1}
    rows = figures([row("SEN support", **({"n": 900} | limits | fields))])
    written = [
        saved(tmp_path, "a.parquet", parquet(rows)),
        saved(tmp_path, "a.csv", rows.write_csv()),
        saved(tmp_path, "a.xlsx", workbook(lambda book: filled(book, sheet_frame(rows)))),
    ]
    for path in written:
        assert (scan_figures.TOO_FINE not in kinds(path)) == fine, path.name


CHARTS = {
    "groups": lambda view: charts.plot_groups(view, **WHERE),
    "trend": lambda view: charts.plot_trend(view, measure=PA, place="999"),
    "gaps": lambda view: charts.plot_gaps(view, measures=[PA], place="999", time_period="202425"),
}
YEARS = [
    *ROWS, row("SEN support", 28.4, time_period="202324"), row("No SEN", 14.2, 9000, time_period="202324"),
    row("SEN support", 15.1, comparator="No SEN", comparator_value=15.1),
]  # fmt: skip


@pytest.mark.parametrize("chart", CHARTS)
def test_marks_stand_at_rounded_figures(chart, tmp_path):
    drawn = charts.svg(CHARTS[chart](_published(rounded(YEARS), audience="board", threshold=5, run_id="r1")))
    marks = scan_charts._marks(drawn)
    assert len(list(scan_charts._places(marks, scan_charts._axis(marks).across))) >= 4
    assert kinds(saved(tmp_path, "a.svg", drawn)) == set()


@pytest.mark.parametrize("chart", CHARTS)
@pytest.mark.parametrize("column", ["value", "lower"])
def test_a_mark_between_figures_is_found(chart, column, tmp_path):
    group = pl.col("sen_provision") == "No SEN"
    fine = rounded(YEARS).with_columns(pl.when(group).then(pl.col(column) + 0.0234).otherwise(pl.col(column)))
    drawn = charts.svg(CHARTS[chart](_published(fine, audience="board", threshold=5, run_id="r1")))
    assert kinds(saved(tmp_path, "a.svg", drawn)) == {scan_charts.MARK_TOO_FINE}
    assert scan_charts.MARK_TOO_FINE in kinds(saved(tmp_path, "a.html", f"<p>x</p>{drawn}"))


def test_a_chart_without_figures_shows_nothing_finer():
    hidden = _published(rounded([row("SEN support", None, **GONE), row("No SEN", None, **GONE)]), audience="board",
                        threshold=5, run_id="r1")  # fmt: skip
    assert list(scan_charts.marks_too_fine(charts.svg(charts.plot_groups(hidden, **WHERE)), "chart")) == []


# --- what sendlab writes ---------------------------------------------------------------------------------------------


def test_what_sendlab_writes_is_clean(tmp_path):
    write_workbook(VIEW, tmp_path / "figures.xlsx", la_name="Sampleton")
    write_board_page(content_of(VIEW, tmp_path), VIEW, tmp_path / "board.html")
    saved(tmp_path, "table.html", tables.figures_table(VIEW, **WHERE).to_html())
    require_clean(sorted(tmp_path.iterdir()), forbidden=PLANTED)


def test_an_own_view_is_found_in_chart_and_table(tmp_path):
    own = OwnView(VIEW.rows)
    assert kinds(saved(tmp_path, "a.html", tables.figures_table(own, **WHERE).to_html())) == {OWN_VIEW}
    assert OWN_VIEW in kinds(saved(tmp_path, "a.svg", charts.svg(charts.plot_groups(own, **WHERE))))


def test_faults_are_told_by_file_place_and_kind_and_never_by_value(tmp_path):
    paths = [
        saved(tmp_path, "one.txt", f"fine\nnot {UPN_OF_NOBODY}"),
        saved(tmp_path, "two.csv", f"n\n{PSEUDONYM_OF_NOBODY}\n"),
    ]
    with pytest.raises(GateError) as refused:
        require_clean(paths)
    assert str(Fault("one.txt", "text, line 2", UPN)) in str(refused.value) and "two.csv" in str(refused.value)
    assert not re.search(f"{UPN_OF_NOBODY}|{PSEUDONYM_OF_NOBODY}", str(refused.value))


def test_of_many_faults_the_first_are_listed_and_the_rest_counted(tmp_path):
    path = saved(tmp_path, "a.txt", "\n".join([UPN_OF_NOBODY] * 14))
    with pytest.raises(GateError, match="and 4 more"):
        require_clean([path])


@pytest.mark.parametrize("at", [0, 9, 10, 11, 39])
def test_a_fault_is_found_in_whichever_part_of_a_large_file_it_stands(at, monkeypatch):
    """Four texts at a time hold more letters than are looked through together; one has its fault at an edge."""
    monkeypatch.setattr(scan_text, "_LETTERS", 30)
    pieces = [Piece(f"cell {number}", "ten letters" if number != at else UPN_OF_NOBODY) for number in range(40)]
    assert list(scan_text.faults_of(pieces, Forbidden())) == [(f"cell {at}", UPN)]


@pytest.mark.parametrize("order", [1, -1])
def test_what_was_met_too_deep_to_be_unfolded_is_unfolded_where_it_stands_less_deep(order):
    """Packed bytes four layers down are not looked into; in plain sight the same have to be."""

    def packed(data):
        return base64.b64encode(gzip.compress(data, mtime=0))

    inner = packed(b"Quillabar Zyxwerthy of no report")
    text = b" beside ".join([inner, packed(base64.b64encode(b"see " + inner))][::order])
    found = [where for where, content in unfolded(text, "text") if b"Quillabar" in content]
    assert found == ["text > base64 > gzip"]
