"""Reports and the board page: what a reader sees, what must not be there, and no request to anywhere."""

import base64
import re

import altair as alt
import nbformat
import polars as pl
import pytest
from board_rows import ALL_ROWS, INDICATORS, content_of, published
from IPython.core.formatters import DisplayFormatter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from sendlab import charts, tables
from sendlab.board.scorecard import findings, scorecard
from sendlab.charts import bundle
from sendlab.disclosure.published import OWN_VIEW_MARK, OwnView
from sendlab.errors import GateError, SendlabError
from sendlab.publish import gate, write_board_page, write_report

STAMPED = 'xmlns="http://www.w3.org/2000/svg" data-sendlab="published"'
SVG = f'<svg {STAMPED} width="60" height="40"><clipPath id="c"/><g clip-path="url(#c)"/></svg>'
PIXEL = base64.b64encode(b"\x89PNG").decode()


def lines_of(rows):
    return scorecard(published(rows), la_code="999", time_period="202425", indicators=INDICATORS)


def line_of(rows, measure, group="SEN support"):
    return next(line for line in lines_of(rows) if (line.card.measure, line.group) == (measure, group))


# --- scorecard ---------------------------------------------------------------------------------------------------


def test_change_is_in_words_by_the_interval_of_the_difference_and_the_polarity():
    # suspensions 17.2 (14.9-19.5) -> 24.9 (22.0-27.8): lower limit of the change 7.7 - sqrt(2.9^2 + 2.3^2) = 4.0 > 0
    assert line_of(ALL_ROWS, "suspension_rate").change == "worse"
    # absence 11.4 -> 10.2 is a clear fall, and low is good
    assert line_of(ALL_ROWS, "absence").change == "better"
    # KS2 26 -> 27: limits 1 -+ sqrt(3.0^2 + 3.2^2), zero inside
    assert line_of(ALL_ROWS, "ks2_rwm_expected").change == "no clear change"


def test_another_part_of_the_year_is_not_compared():
    rows = [line | ({"time_identifier": "Autumn term"} if line["time_period"] == "202324" else {}) for line in ALL_ROWS]
    assert {
        line.change for line in scorecard(published(rows), la_code="999", time_period="202425", indicators=INDICATORS)
    } == {"cannot compare"}


def test_no_earlier_figure_and_a_hidden_one_are_told_apart():
    this_year = [line for line in ALL_ROWS if line["time_period"] == "202425"]
    assert line_of(this_year, "absence").change == "no figure"
    gone = dict.fromkeys(("value", "lower", "upper", "numerator", "denominator", "base_subjects")) | {"status": "c"}
    hidden = [line | (gone if line["time_period"] == "202324" else {}) for line in ALL_ROWS]
    assert line_of(hidden, "absence").change == "not shown"
    assert not [f for f in findings(lines_of(hidden)) if f.rank == 1]


def test_findings_are_worst_first_and_hidden_lines_are_no_finding():
    found = findings(lines_of(ALL_ROWS))
    assert [f.rank for f in found] == sorted(f.rank for f in found)
    assert {f.against for f in found if f.rank == 0} == {"nationally"}
    # suspensions: 24.9 nationally 21.5, lower limit 22.0; absence of SEN support: 10.2 is no worse than 10.4
    assert {(f.line.card.measure, f.line.group) for f in found if f.rank == 0} == {
        ("suspension_rate", "SEN support"), ("persistent_absence", "EHC plan"), ("persistent_absence", "SEN support"),
        ("absence", "EHC plan"),
    }  # fmt: skip


# --- board page --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    path = tmp_path_factory.mktemp("board") / "board-page.html"
    return page_of(ALL_ROWS, path)


def page_of(rows, path, **more):
    view = published(rows)
    return write_board_page(content_of(view, path.parent, **more), view, path)


def words(html):
    """What a reader reads: no style, no chart."""
    text = re.sub(r"<(style|svg|title)\b.*?</\1>", " ", html, flags=re.DOTALL)
    return re.sub(r"<[^>]+>", " ", text).split()


def test_board_page_is_short_plain_and_says_where_it_comes_from(board):
    html = board.read_text(encoding="utf-8")
    assert 150 < len(words(html)) <= 500
    for term in ("p-value", "confidence interval", "funnel", "Wilson"):
        assert term.lower() not in html.lower()
    text = " ".join(words(html))
    assert "Sampleton, 2024/25. Data to 22 July 2025. Pupils: EHC plan 900, SEN support 900." in text
    assert "+3.40 (between 0.50 and 6.30)" in text and "OFFICIAL · Run r1" in text
    assert "Counts of 1 to 4 people, and figures from which they follow, are hidden (c)." in text
    assert 3 <= html.count("<li>") <= 5 and html.count("<svg") == 2


def test_board_page_title_is_the_worst_finding(board):
    (title,) = re.findall(r"<h1>(.*?)</h1>", board.read_text(encoding="utf-8"))
    assert title == "Suspension rate, SEN support: 24.90 per 100 pupils against 21.50 nationally"


def test_a_hidden_figure_is_marked_and_draws_no_conclusion(tmp_path):
    gone = dict.fromkeys(("value", "lower", "upper", "numerator", "denominator", "base_subjects")) | {"status": "c"}
    rows = [line | (gone if line["sen_provision"] == "EHC plan" else {}) for line in ALL_ROWS]
    path = page_of(rows, tmp_path / "b.html")
    text = " ".join(words(path.read_text(encoding="utf-8")))
    assert "c: not shown" in text and "pupils with an EHC plan" not in text


def test_board_page_without_figures_says_so(tmp_path):
    with pytest.raises(SendlabError, match="no figures of Sampleton for 2019/20"):
        page_of(ALL_ROWS, tmp_path / "b.html", time_period="201920")


# --- report ------------------------------------------------------------------------------------------------------


def notebook(tmp_path, *outputs, extra=()):
    cells = [
        new_markdown_cell("# Do pupils with SEND miss more school?\nFor the headteacher."),
        new_code_cell("value = 1 < 2  # </code><script>alert(1)</script>", outputs=list(outputs)),
        new_markdown_cell("## Headline\n\nText.\n\n## Headline\n\nAgain."),
        *extra,
    ]
    path = tmp_path / "n.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    return path


def report(tmp_path, *outputs, **kwargs):
    path = notebook(tmp_path, *outputs, **kwargs)
    made = write_report(
        path, tmp_path / "n.html", title="Oak <Primary>, 2024/25", run_id="r1", settings="Audience: board."
    )
    return made.read_text(encoding="utf-8")


def shown(**data):
    return new_output("display_data", data={kind.replace("_", "/"): content for kind, content in data.items()})


STAMP = {"audience": "board", "threshold": 5, "sensitivity": "OFFICIAL", "run_id": "r1"}
CHART = new_output(
    "display_data",
    data={"image/svg+xml": SVG, "image/png": PIXEL, "text/plain": "Absence is 'higher' & rising."},
    metadata={bundle.STAMP_KEY: {**STAMP, bundle.PICTURE: bundle.checksum(SVG)}},
)


def test_report_has_landmarks_contents_and_its_provenance(tmp_path):
    html = report(tmp_path, new_output("stream", name="stdout", text="Oak Primary\n\nTwo < three"))
    assert html.startswith('<!DOCTYPE html>\n<html lang="en-GB">')
    assert "<h1>Do pupils with SEND miss more school?</h1>" in html and html.count("<h1") == 1
    assert '<a href="#headline">Headline</a>' in html and '<a href="#headline-2">Headline</a>' in html
    assert html.count("<main") == html.count("<header") == html.count("<footer") == 1 and 'class="skip"' in html
    assert "<p>Oak Primary</p><p>Two &lt; three</p>" in html
    assert "Oak &lt;Primary&gt;" in html and "Audience: board." in html and "OFFICIAL · Run r1" in html
    assert len(html) < 20_000


def test_code_is_kept_escaped_and_folded_away(tmp_path):
    html = report(tmp_path)
    assert "<script" not in html and "&lt;script&gt;alert(1)" in html
    assert html.index('<details class="code">') < html.index("value = 1 &lt; 2")


def test_charts_are_svg_with_ids_of_their_own_and_words(tmp_path):
    html = report(tmp_path, CHART, CHART)
    assert html.count("<svg") == 2 and PIXEL not in html
    assert 'id="figure1-c"' in html and "url(#figure2-c)" in html and 'id="c"' not in html
    assert html.count('role="img" aria-label="Absence is &#x27;higher&#x27; &amp; rising."') == 2
    assert "<figcaption>" in html


GROUPS = {"measure": "absence", "place": "999", "time_period": "202425"}


def displayed(thing):
    """What a notebook keeps of a chart, table or frame shown at the end of a cell."""
    data, metadata = DisplayFormatter().format(thing)
    return new_output("execute_result", data=data, metadata=metadata, execution_count=7)


def test_charts_and_tables_of_published_figures_pass_and_warnings_are_left_out(tmp_path):
    view = published(ALL_ROWS)
    warning = new_output("stream", name="stderr", text="/srv/secret/x.py: warning")
    chart, table = charts.plot_groups(view, **GROUPS), tables.figures_table(view, **GROUPS)
    html = report(tmp_path, displayed(chart), displayed(table), warning)
    assert html.count("<svg") == 1 and bundle.STAMP in html
    assert table.to_html() in html and "/srv/secret" not in html
    assert gate.TABLE_STAMP.search(view.settings)


PSEUDONYM = "0123456789abcdef" * 2
PUPILS = pl.DataFrame({"pupil_id": [PSEUDONYM], "suspensions": [3]})
ROWS = published(ALL_ROWS).rows
TABLE = tables.figures_table(published(ALL_ROWS), **GROUPS)
REFUSED = {
    "polars": lambda: displayed(PUPILS),
    "pandas": lambda: displayed(PUPILS.to_pandas()),
    "printed": lambda: new_output("stream", name="stdout", text=str(PUPILS.drop("pupil_id"))),
    "series": lambda: new_output("stream", name="stdout", text=str(PUPILS.to_pandas()["suspensions"])),
    "rows": lambda: displayed(PUPILS.to_dicts()),
    "pseudonym": lambda: new_output("stream", name="stdout", text=f"pupil {PSEUDONYM}"),
    "upn": lambda: new_output("stream", name="stdout", text="pupil H801200001001"),
    "own chart": lambda: displayed(charts.plot_groups(OwnView(ROWS), **GROUPS)),
    "own table": lambda: displayed(tables.figures_table(OwnView(ROWS), **GROUPS)),
    "laid over": lambda: displayed(
        charts.plot_groups(published(ALL_ROWS), **GROUPS) + alt.Chart(PUPILS).mark_point().encode(x="suspensions:Q")
    ),
    "other picture": lambda: new_output(
        "display_data", data=CHART.data | {"image/svg+xml": SVG.replace("60", "61")}, metadata=CHART.metadata
    ),
    "no stamp": lambda: new_output("display_data", data=CHART.data),
    "foreign chart": lambda: displayed(alt.Chart(PUPILS).mark_point().encode(x="suspensions:Q")),
    "png": lambda: shown(image_png=PIXEL, text_plain="<Figure size 640x480>"),
    "html beside a table": lambda: shown(text_html=TABLE.to_html() + "<p>x"),
    "script": lambda: shown(text_html="<div><SCRIPT src='x'></SCRIPT></div>", text_plain="'a chart'"),
    "markdown": lambda: shown(text_markdown="| a |"),
    "widget": lambda: new_output("display_data", data={"application/vnd.jupyter.widget-view+json": {}}),
    "error": lambda: new_output("error", ename="ValueError", evalue="H801200001001", traceback=[]),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_did_not_come_through_the_gate_is_refused_with_its_cell(what, tmp_path):
    with pytest.raises(GateError, match=r"report 'n', cell 1: .*must not hold") as refused:
        report(tmp_path, REFUSED[what]())
    assert "sendlab.tables" in refused.value.next_step
    assert PSEUDONYM not in str(refused.value) and "H801200001001" not in str(refused.value)
    assert not (tmp_path / "n.html").exists()


def test_a_pseudonym_anywhere_else_on_the_page_is_refused(tmp_path):
    for text in (f"Look at {PSEUDONYM}.", "Look at H80120000100A."):
        with pytest.raises(GateError, match="pseudonym or UPN"):
            report(tmp_path, extra=[new_markdown_cell(text)])
    assert not (tmp_path / "n.html").exists()


def test_an_own_view_is_refused(tmp_path):
    output = new_output("execute_result", data={"text/plain": f"chart. {OWN_VIEW_MARK}."})
    with pytest.raises(GateError, match="own view"):
        report(tmp_path, output)
    assert not (tmp_path / "n.html").exists()


# --- in a browser ------------------------------------------------------------------------------------------------


def visit(browser, path, width=1200, said=None):
    """The page, and every request beyond itself that its own policy let out; `said` takes what the console says."""
    page, asked = browser.new_page(viewport={"width": width, "height": 900}), []
    if said is not None:
        page.on("console", lambda message: said.append(message.text))
    page.on("requestfinished", lambda request: asked.append(request.url))
    page.on("requestfailed", lambda request: asked.append(request.url) if request.failure != "csp" else None)
    page.on("pageerror", lambda error: asked.append(str(error)))
    page.goto(path.as_uri())
    page.wait_for_load_state("networkidle")
    return page, [url for url in asked if url != path.as_uri()]


@pytest.mark.browser
@pytest.mark.parametrize("width", [1200, 390])
def test_pages_ask_for_nothing_and_fit_a_phone(browser, board, tmp_path, width):
    outside = new_markdown_cell("![x](https://example.org/a.png) <script>document.title = 'ran'</script>")
    report(tmp_path, CHART, extra=[outside])
    for path in (board, tmp_path / "n.html"):
        page, asked = visit(browser, path, width)
        assert asked == [] and page.title() != "ran"
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        page.close()


@pytest.mark.browser
def test_board_page_prints_on_one_sheet(browser, board, tmp_path):
    page, _ = visit(browser, board)
    page.pdf(path=tmp_path / "board.pdf", prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", (tmp_path / "board.pdf").read_bytes())) == 1
    page.close()
