"""Reports of the sample as their readers have them: every figure once, usable by everybody, and whole on any screen."""

import base64
import csv
import io
import json
import re
from html import unescape
from pathlib import Path

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from click.testing import CliRunner
from conftest import ROOT
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from test_publish_pages import visit

from sendlab.build import open_workspace
from sendlab.cli import main
from sendlab.runs.batch import Wanted, run_opened
from sendlab.runs.plan import NOTEBOOKS

LA, SCHOOL, SPECIAL = "999", "900105", "900107"
GROUPS = {"pupils with an EHC plan": "EHC plan", "pupils on SEN support": "SEN support"}
WIDTHS = {"phone": 390, "desktop": 1280}


@pytest.fixture(scope="module")
def reports(own_sample_module) -> Path:
    """All reports of the authority, of a secondary school and of a special school, with the index."""
    opened = open_workspace(own_sample_module)
    done = run_opened(opened, [ROOT / "notebooks"], Wanted(places=[LA, SCHOOL, SPECIAL]))
    assert [outcome.error for outcome in done.failed] == []
    return done.index.parent


def page(reports: Path, place: str, name: str, edition: str = "board") -> Path:
    return reports / "202526" / edition / place / f"{name}.html"


PAGES = [
    ("index", lambda reports: reports / "index.html"),
    *((f"{place} {name}", lambda reports, p=place, n=name: page(reports, p, n)) for place in (LA, SCHOOL)
      for name in NOTEBOOKS),
    ("own edition", lambda reports: page(reports, SPECIAL, "attendance", "schools")),
]  # fmt: skip


# --- the same number everywhere ------------------------------------------------------------------------------------


def tables_of(html: str) -> dict[str, dict[str, dict[str, str]]]:
    """{caption: {row: {column: text}}} of all tables of a page."""
    return {caption: {row[0]: dict(zip(heads, row, strict=True)) for row in rows}
            for caption, heads, rows in every_table(html)}  # fmt: skip


def every_table(html: str) -> list[tuple[str, list[str], list[list[str]]]]:
    """Caption, headings and rows of all tables of a page; a table may have two rows of one name."""
    found = []
    for table in re.findall(r"<table>.*?</table>", html, re.DOTALL):
        caption = unescape(re.sub(r"<.*?>", "", re.search(r"<caption>(.*?)</caption>", table).group(1)))
        rows = [
            [unescape(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)]
            for row in re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)
        ]
        found.append((caption, rows[0], rows[1:]))
    return found


def figures(html: str) -> dict[str, dict[str, dict[str, str]]]:
    return {caption: rows for caption, rows in tables_of(html).items() if "EHC plan" in rows}


SENTENCE = re.compile(
    r"<li>(?P<title>[^<:]+), (?P<who>pupils [^:]+): (?P<value>\S+)[^(]*\((?:(?P<count>[\d,]+) of (?P<of>[\d,]+) pupils"
    r"|n = (?P<n>[\d,]+)), between (?P<low>\S+) and (?P<high>\S+)\)"
)
# Sentences, and lines of charts, that the sample's reports have at least: what nobody reads proves nothing.
LEAST = {(LA, "attendance"): 3, (LA, "exclusions"): 3, (LA, "progress"): 2, (SCHOOL, "attendance"): 3,
         (SCHOOL, "exclusions"): 0, (SCHOOL, "progress"): 0}  # fmt: skip
PAIR = re.compile(r'<figure>((?:(?!</figure>).)*)</figure>\s*<details class="twin">(.*?)</details>', re.DOTALL)
ALT = re.compile(
    r"(?P<group>EHC plan|SEN support|No SEN): (?P<value>\S+?), 95% interval (?P<interval>\S+ to \S+?), "
    r"n = (?P<n>[\d,]+)"
    r"(?:; same group nationally(?: \([^)]*\))? (?P<nationally>[^;.]+(?:\.\d+)?%?))?"
)


@pytest.mark.parametrize("place", [LA, SCHOOL])
@pytest.mark.parametrize("name", ["attendance", "exclusions", "progress"])
def test_sentences_say_the_numbers_of_the_tables(name, place, reports):
    html = page(reports, place, name).read_text(encoding="utf-8")
    tables, said = figures(html), list(SENTENCE.finditer(unescape(html)))
    for found in said:
        (row,) = [rows[GROUPS[found["who"]]] for caption, rows in tables.items() if caption.startswith(found["title"])]
        assert row["Figure"] == found["value"] and row["95% interval"] == f"{found['low']} to {found['high']}"
        assert row["Pupils (n)"] == (found["n"] or found["of"])
        assert found["count"] in (None, row["Numerator"])
    assert len(said) >= LEAST[place, name]


@pytest.mark.parametrize("place", [LA, SCHOOL])
@pytest.mark.parametrize("name", ["attendance", "exclusions", "progress"])
def test_charts_draw_and_tell_the_numbers_of_the_table_beneath_them(name, place, reports):
    html = page(reports, place, name).read_text(encoding="utf-8")
    pairs = PAIR.findall(html)
    assert len(pairs) >= 3
    told = 0
    for drawing, twin in pairs:
        (rows,) = tables_of(twin).values()
        written = {unescape(text) for text in re.findall(r"<text[^>]*>([^<]*)</text>", drawing)}
        words = unescape(re.search(r'aria-label="(.*?)"', drawing).group(1))
        for found in ALT.finditer(words):
            row, told = rows[found["group"]], told + 1
            assert (row["Figure"], row["95% interval"], row["Pupils (n)"]) == (
                found["value"], found["interval"], found["n"],
            )  # fmt: skip
            assert {row["Figure"], f"n = {row['Pupils (n)']}"} <= written
            (national,) = [column for column in row if column.startswith("Same group nationally")] or [""]
            assert found["nationally"] is None or row[national] == found["nationally"]
    assert told >= LEAST[place, name]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_saved_csv_holds_every_cell_of_every_table_as_it_is_shown(name, reports):
    html = page(reports, LA, name).read_text(encoding="utf-8")
    (link,) = re.findall(r'<a download="([a-z0-9-]+\.csv)" href="data:text/csv;base64,([^"]*)"', html)
    lines = list(csv.reader(io.StringIO(base64.b64decode(link[1]).decode("utf-8-sig"))))
    assert link[0].startswith(name.replace("_", "-")) and lines[0] == ["table", "row", "column", "shown"]
    cells = [
        [caption, row[0], column, text]
        for caption, heads, rows in every_table(html) for row in rows
        for column, text in zip(heads[1:], row[1:], strict=True)
    ]  # fmt: skip
    assert lines[1:] == cells and cells


# --- in a browser ----------------------------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
@pytest.mark.parametrize(("name", "where"), PAGES, ids=[name for name, _ in PAGES])
def test_a_page_asks_for_nothing_fits_and_can_be_used_by_everybody(name, where, width, reports, browser):
    said = []
    shown, asked = visit(browser, where(reports), width, said)
    for details in shown.query_selector_all("details"):
        details.evaluate("one => { one.open = true }")  # what is folded away is for everybody too
    assert asked == [] and said == []
    assert shown.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    for chart in shown.query_selector_all("figure svg"):
        box = chart.bounding_box()
        assert box["width"] > 300 and box["height"] > 60
    found = [fault for fault in Axe().run(shown).response["violations"] if fault["impact"] in ("serious", "critical")]
    grave = [(fault["id"], fault["nodes"][0]["html"][:200]) for fault in found]
    assert grave == [], json.dumps(grave, indent=1)
    shown.close()


@pytest.mark.browser
def test_what_is_planted_is_found(browser, tmp_path):
    """The check above can fail: grey on white, a picture without words, and a script that complains."""
    path, said = tmp_path / "bad.html", []
    script = "<script>console.error('no')</script>"
    path.write_text(f"<html lang='en'><title>x</title>{script}<p style='color:#bbb'>pale</p><img src='data:,'></html>")
    shown, _ = visit(browser, path, said=said)
    assert said == ["no"]
    found = {fault["id"] for fault in Axe().run(shown).response["violations"]}
    shown.close()
    assert {"color-contrast", "image-alt"} <= found


@pytest.mark.browser
def test_the_figures_of_a_page_are_saved_with_one_click(browser, reports, tmp_path):
    shown, _ = visit(browser, page(reports, LA, "attendance"))
    with shown.expect_download() as waiting:
        shown.click("p.csv a")
    waiting.value.save_as(tmp_path / "saved.csv")
    shown.close()
    assert waiting.value.suggested_filename == "attendance-exampleshire-invented-2025-26.csv"
    assert (tmp_path / "saved.csv").read_text(encoding="utf-8-sig").startswith("table,row,column,shown")


@pytest.mark.browser
def test_a_report_prints_with_its_charts_and_its_words(browser, reports, tmp_path):
    from pypdf import PdfReader

    shown, _ = visit(browser, page(reports, LA, "attendance"))
    shown.pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True)
    shown.close()
    printed = PdfReader(tmp_path / "report.pdf")
    text = " ".join(each.extract_text() for each in printed.pages)
    assert 3 <= len(printed.pages) <= 12
    for words in ("What stands out", "Clearly worse", "Limits", "OFFICIAL"):
        assert words in text
    assert "Save the figures" not in text and "import sendlab" not in text


def test_a_report_is_small(reports):
    assert max(path.stat().st_size for path in reports.rglob("board/9001*/*.html")) < 400_000


def few_words(name: str) -> nbformat.NotebookNode:
    """A notebook that makes a page in no time."""
    parameters = 'place = "999"\ntime_period = "202526"\naudience = "board"'
    cells = [new_markdown_cell("# What is there?"), new_code_cell(parameters, metadata={"tags": ["parameters"]}),
             new_code_cell(f"print('{name}', place)")]  # fmt: skip
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


def test_demo_makes_what_is_not_there_yet_and_keeps_the_rest(own_sample):
    """With notebooks of the workspace's own, of a few words; with the package's: the soak's "all notebooks"."""
    (own_sample / "notebooks").mkdir()
    for name in NOTEBOOKS:
        nbformat.write(few_words(name), own_sample / "notebooks" / f"{name}.ipynb")
    opened = open_workspace(own_sample)
    done = run_opened(opened, [own_sample / "notebooks"], Wanted(places=[LA, SCHOOL]))
    assert [outcome.error for outcome in done.failed] == []
    kept = page(done.index.parent, SCHOOL, "attendance")
    before = kept.stat().st_mtime_ns
    told = CliRunner().invoke(main, ["demo", str(own_sample), "--no-browser"])
    assert told.exit_code == 0 and "24 were up to date" in told.output, told.output[-500:]
    assert told.output.endswith("reports/index.html in a browser\n")
    made = list((done.index.parent / "202526").rglob("*.html"))
    assert len(made) == (1 + 9 * 2) * 8 + 1  # the LA, nine schools in two editions, and the board page
    assert kept.stat().st_mtime_ns == before
