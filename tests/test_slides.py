"""Slides: what they say is what the content says, native charts hold published figures, nothing overflows."""

import re
import shutil
import subprocess
import zipfile
from dataclasses import replace
from io import BytesIO
from xml.etree import ElementTree

import openpyxl
import pytest
from board_rows import ALL_ROWS, FIGURES, content_of, published, row
from conftest import absent
from pptx import Presentation

from sendlab.board.commentary import COLUMNS, COMMENTARY
from sendlab.board.settings import BOARD
from sendlab.disclosure.published import OwnView
from sendlab.errors import GateError
from sendlab.publish import write_slides
from sendlab.publish.scan import scan_artefact
from sendlab.publish.scan_packages import CROPPED, HIDDEN_SHAPE, OUTSIDE_LINK
from sendlab.publish.scan_slides import BEHIND_CHART
from sendlab.publish.slide_text import Box, fitting, height_of, lines_of, pages, shortened, width_of
from sendlab.publish.slides import NO_COLOURS, NO_RED

BANDS = """
[[priority]]
name = "Less inequality"
indicators = [
  { measure = "absence", target = 8.0, green = 8.0, amber = 9.0, owner = "Head of Inclusion" },
  { measure = "persistent_absence", target = 25.0, green = 25.0, amber = 28.0 },
  { measure = "suspension_rate", target = 15.0, green = 22.0, amber = 24.0 },
  { measure = "permanent_exclusion_rate" }, { measure = "ks2_rwm_expected" },
]

[[priority]]
name = "Transitions"
indicators = [{ measure = "in_education_or_work" }]
"""
GONE = dict.fromkeys(("value", "lower", "upper", "numerator", "denominator", "base_subjects")) | {"status": "c"}
SCHOOL = {"geographic_level": "School", "education_phase": "Primary"}
LONG = "Children told us that the building, the noise at lunch and the way to school matter more than we had thought. "


def school_rows(names):
    for number, name in enumerate(names):
        value = 60.0 if number % 7 == 0 else 20.0
        yield row("persistent_absence", "SEN support", (value, value - 6, value + 6), place_code=f"9001{number:02}",
                  place_name=name, base_subjects=200, **SCHOOL)  # fmt: skip


def deck_of(tmp_path, rows=ALL_ROWS, name="slides.pptx", changed=None, **more):
    (tmp_path / BOARD).write_text(BANDS, encoding="utf-8")
    view = published(rows)
    content = content_of(view, tmp_path, **more)
    content = changed(content) if changed else content
    return write_slides(content, view, tmp_path / name), content


def since_last_year(content):
    """Two findings, told against the year before: native charts alone, which take no time to draw."""
    turned = (replace(each, finding=replace(each.finding, against="last year")) for each in content.said[:2])
    return replace(content, said=tuple(turned))


def slides_named(deck, title):
    return [slide for slide in deck.slides if slide.shapes.title.text_frame.text.startswith(title)]


def cells(slide):
    (table,) = [shape.table for shape in slide.shapes if shape.has_table]
    return [[cell.text for cell in line.cells] for line in table.rows]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    path, content = deck_of(tmp_path_factory.mktemp("deck"), issued="2025-09-18")
    return Presentation(str(path)), content, path


# --- what stands there -------------------------------------------------------------------------------------------


def test_the_deck_has_its_slides_in_order_on_named_layouts(made):
    deck, content, _ = made
    titles = [slide.shapes.title.text_frame.text for slide in deck.slides]
    assert titles[:2] == ["How pupils with SEND fare", content.title] and titles[2].startswith("Scorecard, 2024/25")
    last = ["Schools to visit: questions, not verdicts", "What changed since the last pack", "Data quality and limits",
            "Decisions asked"]  # fmt: skip
    assert (
        [title for title in titles if title in last] == last
        and titles[-1] == last[-1]
        and any(title.startswith("Exceptions: what is red") for title in titles)
    )
    assert {slide.slide_layout.name for slide in deck.slides} == {
        "Title", "Summary", "Finding with chart", "Finding with picture", "Table", "Text"
    }  # fmt: skip
    assert (deck.slide_width, deck.slide_height) == (12191695, 6858000)  # 16:9


def test_every_slide_has_marking_number_and_title_and_no_empty_place(made):
    deck, content, _ = made
    for slide in deck.slides:
        kinds = {str(each.placeholder_format.type).split(" ")[0]: each for each in slide.placeholders}
        assert kinds["FOOTER"].text_frame.text.startswith("OFFICIAL   Sampleton")
        assert "slidenum" in kinds["SLIDE_NUMBER"]._element.xml
        empty = [each.name for each in slide.placeholders if each.has_text_frame and not each.text_frame.text.strip()]
        assert [name for name in empty if "number" not in name] == []
    assert content.run_id in kinds["FOOTER"].text_frame.text


def test_a_finding_has_its_sentence_its_figures_and_its_method_in_the_notes(made):
    deck, content, _ = made
    for said in content.said:
        (slide,) = [each for each in slides_named(deck, said.entry.name)
                    if each.slide_layout.name.startswith("Finding") and said.sentence in notes_of(each)]  # fmt: skip
        notes = notes_of(slide)
        assert content.settings in notes and "What is counted: " in notes and "Source: " in notes
        assert f"{said.entry.now}" in slide.shapes.title.text_frame.text and "pupils with an EHC plan" in notes


def notes_of(slide):
    return slide.notes_slide.notes_text_frame.text


def test_the_scorecard_says_every_line_once_and_names_a_priority_without_data(made):
    deck, content, _ = made
    lines = [line for slide in slides_named(deck, "Scorecard") for line in cells(slide)[1:]]
    for entry in content.entries:
        (line,) = [line for line in lines if line[0] == entry.name]
        now = f"{entry.now} ({entry.range})" if entry.range else entry.now
        rated = f"{entry.rating.letter} {entry.rating.word}".strip()
        assert line[1:] == [entry.pupils, entry.before, now, entry.change, entry.nationally, entry.target, rated]
    assert ["Transitions: no published figure"] in [line[:1] for line in lines]


def test_every_red_has_trend_benchmark_and_empty_boxes_until_somebody_writes(tmp_path):
    path, content = deck_of(tmp_path, changed=since_last_year)
    lines = [line for slide in slides_named(Presentation(str(path)), "Exceptions") for line in cells(slide)[1:]]
    assert [line[0].split(",")[0] for line in lines] == [each.entry.title for each in content.exceptions] and lines
    assert {tuple(line[4:]) for line in lines} == {("", "")} and all("no comment yet" in line[0] for line in lines)
    assert all("last year" in line[2] and "target" in line[3] for line in lines)
    first = content.exceptions[0].entry
    said = f"{first.key[0]},{first.key[1]},{first.key[2]},,Long waits,More staff,A. Owner,31 March 2026"
    (tmp_path / COMMENTARY).write_text(f"{','.join(COLUMNS)}\n{said}\n", encoding="utf-8")
    path, _ = deck_of(tmp_path, changed=since_last_year)
    line = cells(slides_named(Presentation(str(path)), "Exceptions")[0])[1]
    assert line[4:] == ["Long waits", "More staff\nA. Owner\n31 March 2026"] and "no comment" not in line[0]


def test_schools_are_asked_by_probability_and_never_by_rank(tmp_path):
    rows = [*ALL_ROWS, *school_rows([f"School {letter}" for letter in "HGFEDCBAKLMNOP"])]
    path, content = deck_of(tmp_path, rows, changed=since_last_year)
    slides = slides_named(Presentation(str(path)), "Schools to visit")
    lines = [line for slide in slides for line in cells(slide)[1:]]
    assert [line[0] for line in lines] == [visit.place_name for visit in content.visits.visits] and len(lines) == 2
    assert all(line[5].endswith("?") and "in 100" in line[4] for line in lines)
    assert "never a rank" in " ".join(shape.text_frame.text for shape in slides[0].placeholders if shape.has_text_frame)


def test_a_hidden_figure_is_told_nowhere(tmp_path):
    hidden = [line | GONE if line["measure"] == "persistent_absence" and line["sen_provision"] == "EHC plan"
              else line for line in ALL_ROWS]  # fmt: skip
    path, content = deck_of(tmp_path, hidden, changed=since_last_year)
    other, _ = deck_of(tmp_path, name="other.pptx", changed=since_last_year)
    assert not re.search(r"\b39\.1\b|\b42\.3\b", texts_of(path)) and "39.1" in texts_of(other)
    assert {entry.now for entry in content.entries if entry.name == "Persistent absence, EHC plan"} == {"c"}


def texts_of(path):
    """Every text and number of a deck, of charts and the workbooks behind them too."""
    found = []
    with zipfile.ZipFile(path) as package:
        for name in package.namelist():
            if name.endswith(".xml") and "theme" not in name and "slideLayout" not in name:
                found += [node.text or "" for node in ElementTree.fromstring(package.read(name)).iter()]
            if name.endswith(".xlsx"):
                book = openpyxl.load_workbook(BytesIO(package.read(name)))
                found += [str(cell.value) for sheet in book for line in sheet.iter_rows() for cell in line]
    return " ".join(found)


# --- charts and pictures -----------------------------------------------------------------------------------------


def native(path):
    return [shape.chart for slide in Presentation(str(path)).slides for shape in slide.shapes if shape.has_chart]


def told(chart):
    """{(series, category): number} of a chart, and of the workbook behind it."""
    names = [str(name) for name in chart.plots[0].categories]
    drawn = {(series.name, name): value for series in chart.plots[0].series
             for name, value in zip(names, series.values, strict=True)}  # fmt: skip
    sheet = openpyxl.load_workbook(BytesIO(chart.part.chart_workbook.xlsx_part.blob)).active
    head, *lines = [[cell.value for cell in line] for line in sheet.iter_rows()]
    behind = {(head[place], str(line[0])): line[place] for line in lines for place in range(1, len(head))}
    return drawn, behind


def test_a_native_bar_chart_draws_the_published_figures_and_its_workbook_holds_no_other(made):
    _, content, path = made
    charts = native(path)
    assert charts and all(told(chart)[0] == told(chart)[1] for chart in charts)
    drawn, _ = told(charts[0])
    measure = content.said[0].finding.line.card.measure
    (now, *_, england), support = FIGURES[measure]
    assert drawn["Sampleton", "EHC plan"] == now and drawn["Sampleton", "SEN support"] == support[0]
    assert drawn["Same group nationally (2023/24)", "EHC plan"] == england


def test_a_change_since_last_year_is_a_line_chart_that_a_hidden_year_breaks(tmp_path):
    gone = [line | GONE if line["time_period"] == "202324" and line["sen_provision"] == "EHC plan" else line
            for line in ALL_ROWS]  # fmt: skip
    path, content = deck_of(tmp_path, gone, changed=since_last_year)
    drawn, behind = told(native(path)[0])
    measure = content.said[0].finding.line.card.measure
    assert drawn == behind and drawn["EHC plan", "2023/24"] is None
    assert drawn["SEN support", "2023/24"] == FIGURES[measure][1][3]
    assert drawn["EHC plan", "2024/25"] == FIGURES[measure][0][0]


def test_every_picture_and_chart_has_alt_text_with_its_figures(made):
    deck, _, _ = made
    shapes = [shape for slide in deck.slides for shape in slide.shapes if shape.has_chart or shape.shape_type == 13]
    assert {shape.shape_type == 13 for shape in shapes} == {True, False}
    for shape in shapes:
        alt = shape._element.xpath(".//p:cNvPr")[0].get("descr", "")
        assert len(alt) > 60 and re.search(r"\d", alt) and "Sampleton" in alt


# --- the gate and the scan ---------------------------------------------------------------------------------------


def test_what_did_not_pass_the_gate_or_is_of_another_run_is_refused(tmp_path):
    (tmp_path / BOARD).write_text(BANDS, encoding="utf-8")
    view = published(ALL_ROWS)
    content = content_of(view, tmp_path)
    for thing in (OwnView(view.rows), view.rows, None):
        with pytest.raises(GateError, match="published figures only"):
            write_slides(content, thing, tmp_path / "a.pptx")
    with pytest.raises(GateError, match="other figures"):
        write_slides(replace(content, run_id="other"), view, tmp_path / "a.pptx")
    assert not (tmp_path / "a.pptx").exists()


def test_the_same_content_twice_gives_the_same_parts(tmp_path):
    one, two = (deck_of(tmp_path, name=name, issued="2025-09-18")[0] for name in ("a.pptx", "b.pptx"))
    with zipfile.ZipFile(one) as first, zipfile.ZipFile(two) as second:
        assert first.namelist() == second.namelist()
        assert [name for name in first.namelist() if first.read(name) != second.read(name)] == []
    assert Presentation(str(one)).core_properties.created.isoformat()[:10] == "2025-09-18"


def rewritten(path, part, old, new):
    """The deck with a text of one part replaced."""
    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    assert re.search(old.encode(), parts[part])
    parts[part] = re.sub(old.encode(), new.encode(), parts[part], count=1)
    target = path.with_name("edited.pptx")
    with zipfile.ZipFile(target, "w") as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return target


def test_the_scan_looks_behind_charts_and_at_what_slides_hide(made):
    deck, _, path = made
    assert scan_artefact(path) == []
    found = next(n for n, slide in enumerate(deck.slides, 1) if any(shape.shape_type == 13 for shape in slide.shapes))
    edits = [
        ("ppt/charts/chart1.xml" if "ppt/charts/chart1.xml" in zipfile.ZipFile(path).namelist() else
         next(n for n in zipfile.ZipFile(path).namelist() if n.startswith("ppt/charts/chart")),
         r"<c:v>(\d+)\.\d</c:v>", r"<c:v>\1.77</c:v>", BEHIND_CHART),
        ("ppt/slides/slide2.xml", r'<p:cNvPr id="(\d+)"', r'<p:cNvPr hidden="1" id="\1"', HIDDEN_SHAPE),
        (f"ppt/slides/slide{found}.xml", "<a:stretch>", '<a:srcRect l="1000"/><a:stretch>', CROPPED),
        ("ppt/slides/_rels/slide2.xml.rels", 'Target="', 'TargetMode="External" Target="', OUTSIDE_LINK),
    ]  # fmt: skip
    for part, old, new, kind in edits:
        assert kind in {fault.kind for fault in scan_artefact(rewritten(path, part, old, new))}, kind


def test_a_cell_more_in_a_workbook_behind_a_chart_is_found(made):
    path = made[2]
    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    name = next(name for name in parts if name.endswith(".xlsx"))
    book = openpyxl.load_workbook(BytesIO(parts[name]))
    book.active["F9"] = 3
    target = BytesIO()
    book.save(target)
    parts[name] = target.getvalue()
    edited = path.with_name("more.pptx")
    with zipfile.ZipFile(edited, "w") as package:
        for part, content in parts.items():
            package.writestr(part, content)
    assert BEHIND_CHART in {fault.kind for fault in scan_artefact(edited)}


# --- nothing overflows -------------------------------------------------------------------------------------------


def test_widths_lines_and_heights_by_hand():
    assert width_of("WW", 10) == pytest.approx(18.88) and width_of("ii", 10) == pytest.approx(4.44)
    assert [lines_of("one two three", 12, inches) for inches in (1.0, 0.5, 5)] == [2, 3, 1]
    assert height_of(["one", "two"], 10, 5) == pytest.approx((2 * 1.2 + 0.54) * 10 / 72)
    box = Box(0, 0, 2, 0.5)
    assert fitting(["short"], box, (24, 18)) == 24 and fitting([LONG], box, (24, 18)) == 0
    assert shortened(LONG, box, 12).endswith(" …") and shortened("short", box, 12) == "short"
    assert [len(page) for page in pages(["one line"] * 5, Box(0, 0, 3, 0.6), 12)] == [2, 2, 1]


def extreme(content):
    """Long names, long comments, and everything many times."""
    words = " ".join([LONG] * 3)[:390]
    comment = replace(content.exceptions[0], comment=None)
    reds = tuple(replace(comment, entry=replace(each.entry, title=f"{each.entry.title} {'of all pupils ' * 4}"))
                 for each in content.exceptions for _ in range(3))  # fmt: skip
    shire = "The Council of the Long and Winding Shire of Many Hills (invented)"
    return replace(since_last_year(content), title=LONG, la_name=shire,
                   exceptions=reds, limits=(words,) * 9)  # fmt: skip


def test_text_fits_its_box_by_the_rule_whatever_it_says(tmp_path):
    rows = [*ALL_ROWS, *school_rows([f"{LONG[:70]} {letter}" for letter in "HGFEDCBAKLMNOPQRSTUVWXYZ"])]
    path, _ = deck_of(tmp_path, rows, changed=extreme)
    for slide in Presentation(str(path)).slides:
        for shape in slide.placeholders:
            if not shape.has_text_frame or not shape.text_frame.text.strip() or shape.placeholder_format.idx > 9:
                continue
            runs = [run for paragraph in shape.text_frame.paragraphs for run in paragraph.runs]
            told = [paragraph.text for paragraph in shape.text_frame.paragraphs]
            high = height_of(told, runs[0].font.size.pt, shape.width / 914400, bold=bool(runs[0].font.bold))
            assert high <= shape.height / 914400 + 1e-6, (slide.shapes.title.text_frame.text, shape.name)
        for shape in (shape for shape in slide.shapes if shape.has_table):
            assert (shape.top + shape.height) / 914400 < 7.0


def rendered(path, folder):
    """The deck as LibreOffice draws it: for each page the boxes of its words, in inches; skipped without Impress."""
    office, words = shutil.which("soffice"), shutil.which("pdftotext")
    if office is None or words is None:
        absent("LibreOffice, or pdftotext")
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    command = [office, profile, "--headless", "--convert-to", "pdf", "--outdir", str(folder), str(path)]
    subprocess.run(command, check=False, capture_output=True, timeout=180)
    made = folder / f"{path.stem}.pdf"
    if not made.exists():
        absent("LibreOffice Impress")
    subprocess.run([words, "-bbox", str(made), str(folder / "words.html")], check=True, timeout=60)
    text = re.sub(r"&(?!amp;|lt;|gt;|quot;)", "&amp;", (folder / "words.html").read_text(encoding="utf-8"))
    pages = re.findall(r"<page [^>]*>(.*?)</page>", text, re.DOTALL)
    number = r'xMin="([\d.-]+)" yMin="([\d.-]+)" xMax="([\d.-]+)" yMax="([\d.-]+)"'
    return [[tuple(float(each) / 72 for each in found) for found in re.findall(number, page)] for page in pages]


@pytest.mark.parametrize("changed", [since_last_year, extreme])
def test_no_word_lies_outside_its_box_as_libreoffice_draws_it(changed, tmp_path):
    rows = [*ALL_ROWS, *school_rows([f"{LONG[:70]} {letter}" for letter in "HGFEDCBAKLMNOP"])]
    path, _ = deck_of(tmp_path, rows, changed=changed)
    deck = Presentation(str(path))
    drawn = rendered(path, tmp_path)
    assert len(drawn) == len(deck.slides) and all(drawn)
    for slide, words in zip(deck.slides, drawn, strict=True):
        boxes = [(s.left / 914400, s.top / 914400, (s.left + s.width) / 914400, (s.top + s.height) / 914400)
                 for s in slide.shapes]  # fmt: skip
        outside = [word for word in words if not any(_within(word, box) for box in boxes)]
        assert outside == [], slide.shapes.title.text_frame.text


def _within(word, box, slack=0.03):
    left, top, right, bottom = box
    over = 0.15 * (word[3] - word[1])  # the box of a word is higher than its letters
    across = left - slack <= word[0] and word[2] <= right + slack
    return across and top - slack <= word[1] + over and word[3] - over <= bottom + slack


# --- the template ------------------------------------------------------------------------------------------------


def test_the_template_is_what_its_tool_makes():
    import importlib.util
    from pathlib import Path

    tool = Path(__file__).parent.parent / "tools" / "slide_template.py"
    spec = importlib.util.spec_from_file_location("slide_template", tool)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    target = BytesIO()
    module.build().save(target)
    with zipfile.ZipFile(target) as made, zipfile.ZipFile(module.TARGET) as kept:
        assert made.namelist() == kept.namelist()
        unlike = [name for name in made.namelist() if made.read(name) != kept.read(name)]
    assert unlike == [] and {"Title", "Summary", "Table"} <= set(module.LAYOUTS)


GREEN = '[[priority]]\nname = "A"\nindicators = [{ measure = "absence", green = 90, amber = 95 }]'


@pytest.mark.parametrize(("board", "said"), [("", NO_COLOURS), (GREEN, NO_RED)])
def test_nothing_rated_is_told_apart_from_nothing_red(board, said, tmp_path):
    if board:
        (tmp_path / BOARD).write_text(board, encoding="utf-8")
    view = published(ALL_ROWS)
    deck = Presentation(str(write_slides(content_of(view, tmp_path), view, tmp_path / "a.pptx")))
    (slide,) = slides_named(deck, "Exceptions")
    assert said in [shape.text_frame.text for shape in slide.shapes if shape.has_text_frame]
