"""Pinned to the board's pack: what is asked is kept, figures are the build's own, and every file tells the same."""

import re
import shutil
from collections import Counter
from pathlib import Path

import polars as pl
import pytest
from attacker.board_page import read_board_page
from attacker.judge import disagreements, finer_than_declared
from attacker.pinned import ARTICLE
from attacker.public import Public
from attacker.rows import COLUMN
from attacker.slides import read_slides
from board_rows import ALL_ROWS, content_of, published, space_of
from pptx import Presentation
from pypdf import PdfReader

from sendlab.board.content import make_content
from sendlab.board.pinned import ON_SLIDES, PINS, SECTION, pinned
from sendlab.build.opened import OpenWorkspace, open_workspace
from sendlab.disclosure.published import OwnView
from sendlab.disclosure.shown import Present
from sendlab.errors import GateError, SendlabError, WorkspaceProblem
from sendlab.explore import CohortExplorer
from sendlab.explore.export import export
from sendlab.explore.pins import pinned_views, title_of
from sendlab.explore.pins_file import MOST_LETTERS, read_pins
from sendlab.narrate.answers import AUTHORITY, EARLIER
from sendlab.publish import write_board_page, write_board_pdf, write_slides
from sendlab.runs.pack import pack_is_stale, write_pack
from sendlab.runs.pack_files import Figures
from sendlab.runs.register import Register
from sendlab.schema.measures import GROUPS
from sendlab.tables import ShownTable

SCHOOL = "900105"
VIEWS = (  # the usual table; a breakdown that was not released, held to a group of it; a school beside the authority
    {"measure": "absence", "place": "999"},
    {"measure": "absence", "place": "999", "by": ["sen_provision", "sex"], "compare": "No SEN"},
    {"measure": "absence", "place": SCHOOL, "by": ["sex"], "compare": AUTHORITY},
    {"measure": "ks2_rwm_expected", "place": "999"},  # some of it hidden
    {"measure": "persistent_absence", "place": "999", "by": ["need_area"], "compare": EARLIER},
)
REFUSED = {"measure": "absence", "place": SCHOOL, "by": ["nc_year"], "sen_provision": "EHC plan"}
NOTE = "Heads asked about girls since the autumn."
PLAIN = '[[pin]]\nmeasure = "absence"\nplace = "999"\ntime_period = "202526"\nby = ["sen_provision"]\n'


@pytest.fixture
def explorer(own_sample: Path) -> CohortExplorer:
    return CohortExplorer(own_sample)


# --- what is kept ------------------------------------------------------------------------------------------------


def test_a_view_is_pinned_once_and_its_file_holds_no_figure(explorer):
    view = explorer.select(**VIEWS[1], own=True)
    done = export(view, "pin", note=NOTE)
    assert done.path == explorer.root / PINS and title_of(view.selection, explorer) in done.line
    text = done.path.read_text("utf-8")
    assert export(view, "pin").line.startswith(f"Pinned already: {PINS}, line 5.")
    assert done.path.read_text("utf-8") == text and text.splitlines()[4] == "[[pin]]"
    assert set(re.findall(r"\d+", text.split("\n[[pin]]\n")[1])) == {"999", "202526"}
    (kept,) = read_pins(explorer)
    assert (kept.selection, kept.note, kept.line) == (view.selection, NOTE, 5)
    export(explorer.select(**VIEWS[0]), "pin")
    done.path.write_text(done.path.read_text("utf-8").replace(text[text.index("# Overall") :], ""), "utf-8")
    assert [each.selection.plain for each in read_pins(explorer)] == [True]  # taken out by hand


def test_what_the_board_may_not_see_is_not_pinned(explorer):
    with pytest.raises(SendlabError, match="Not answered for audience board") as refused:
        export(explorer.select(**REFUSED, own=True), "pin")
    assert "what can be answered: ask(" in refused.value.next_step
    own = explorer.select(measure="absence", place="999", by=[], first_language="English", own=True)
    with pytest.raises(SendlabError, match="filters of your own screen"):
        export(own, "pin")
    with pytest.raises(SendlabError, match=f"a pack has room for {MOST_LETTERS}"):
        export(explorer.select(**VIEWS[0]), "pin", note="a" * 301)
    assert not (explorer.root / PINS).exists()


def test_the_page_pins(explorer, monkeypatch):
    sent = []
    page = explorer.show(measure="absence", place="999").page
    monkeypatch.setattr(page.screen, "send", lambda message, buffers=None: sent.append(message))
    page.screen._heard(None, {"kind": "ready"}, [])
    page.controls.export.value = dict(page.controls.export.options)["Pinned to the board's pack"]
    page.controls.do_export.click()
    assert "Pinned to the board&#x27;s pack: Overall absence rate" in sent[-1]["parts"]["lead"]
    assert [each.selection for each in read_pins(explorer)] == [page.view.selection]


@pytest.mark.parametrize(
    ("text", "said", "step"),
    [
        ("[[pin]\n", "at line 1", "correct that line"),
        ('place = "999"\n' + PLAIN, "line 1: 'place' begins no pin", "[[pin]]"),
        (PLAIN + PLAIN.replace("measure =", "mesure ="), "line 6: a pin has no 'mesure'", "measure"),
        (PLAIN.replace('"absence"', '"absense"'), "line 1: no measure", "did you mean 'absence'"),
        (PLAIN.replace('"999"', '"998"'), "line 1: no place has the code '998'", "999"),
        (PLAIN.replace('"999"', "999"), "line 1: place is no text", "quotation marks"),
        (PLAIN.replace("202526", "2025"), "line 1: '2025' is no academic year", "202526"),
        (PLAIN.replace('["sen_provision"]', '"sen_provision"'), "line 1: by is no list", "by = ["),
        (PLAIN.replace("sen_provision", "shoe_size"), "line 1: 'shoe_size' is no column", "choose from"),
        (PLAIN + 'filters = { sex = ["Femal"] }\n', "line 1: 'Femal'", "Female"),
        (PLAIN + 'filters = { first_language = ["English"] }\n', "filters of your own screen", "leave them out"),
        (PLAIN.replace('time_period = "202526"\n', ""), "line 1: a pin names no time_period", "pin the view"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_the_file_is_told_with_its_line(text, said, step, sample_workspace, tmp_path):
    explorer = CohortExplorer(sample_workspace)
    elsewhere = type("Elsewhere", (), {"root": tmp_path, "authority": "999", "require": explorer.require})
    (tmp_path / PINS).write_text(text, encoding="utf-8")
    with pytest.raises(WorkspaceProblem) as told:
        read_pins(elsewhere)
    assert PINS in told.value.what and said in told.value.what and step in told.value.next_step


# --- what the pack tells -----------------------------------------------------------------------------------------


class Pack:
    """The pinned views of a workspace of one's own in page, PDF and slides."""

    def __init__(self, opened: OpenWorkspace, folder: Path) -> None:
        self.opened, self.folder, self.usual = opened, folder, opened.published()
        self.views = pinned_views(opened)
        self.content, _ = make_content(self.usual, opened.workspace, time_period="202526", pinned=self.views)
        folder.mkdir()
        for write, name in ((write_board_page, "html"), (write_board_pdf, "pdf"), (write_slides, "pptx")):
            write(self.content, self.usual, folder / f"board-page.{name}")
        names = opened.places().select("place_name", "place_code", "geographic_level").iter_rows()
        self.public = Public({name: (code, level) for name, code, level in names}, folder=folder)

    def read(self, name: str):
        """Claims and strays of the pinned part of a page, or of the whole deck."""
        reader = read_slides if name.endswith("pptx") else read_board_page
        return reader(self.folder / name, self.public, f"202526/board/{name}")


@pytest.fixture(scope="module")
def pack(own_sample_module: Path, tmp_path_factory) -> Pack:
    explorer = CohortExplorer(own_sample_module)
    for view in VIEWS:
        export(explorer.select(**view, own=True), "pin", note=NOTE if view is VIEWS[2] else "")
    with (own_sample_module / PINS).open("a", encoding="utf-8") as file:  # by hand: what the guard refuses
        file.write(f'\n[[pin]]\nmeasure = "absence"\nplace = "{SCHOOL}"\ntime_period = "202526"\nby = ["nc_year"]\n')
        file.write('filters = { sen_provision = ["EHC plan"] }\n')
    return Pack(open_workspace(own_sample_module), tmp_path_factory.mktemp("pack") / "pack")


def released(pack: Pack) -> dict:
    """{row: its numbers} of all that was released to the board: tables, and answers to questions."""
    explorer = CohortExplorer(pack.opened)
    rows = [explorer.judged(each.selection).rows for each in read_pins(explorer)[: len(VIEWS)]]
    every = pl.concat([pack.opened.published(every_table=True).rows, *rows])
    key = ("measure", "time_period", "time_identifier", "place_code")
    return {
        (*(row[name] for name in key), tuple(row[name] for name in GROUPS), row["comparator"]): row
        for row in every.iter_rows(named=True)
    }


@pytest.mark.parametrize("name", ["board-page.html", "board-page.pptx"])
def test_every_number_of_the_pack_is_a_released_one(pack, name):
    told, rows = pack.read(name), released(pack)
    assert [(stray.where, stray.about) for stray in told.strays] == []
    ours = [claim for claim in told.claims if name.endswith("pptx") or claim.where.startswith("pinned")]
    counted = Counter()
    for claim in ours:
        number = rows[claim.key][COLUMN.get(claim.what, claim.what)] if claim.told else None
        assert not claim.told or claim.low - 1e-6 <= number <= claim.high + 1e-6, (claim.key, claim.what)
        counted[claim.groups[GROUPS.index("sex")], claim.what] += claim.told
    assert min(counted[sex, what] for sex in ("Male", "Female") for what in ("base", "numerator", "value", "lower")) > 3
    assert finer_than_declared(ours) == []


def test_page_pdf_and_slides_say_the_same_of_every_view(pack):
    page = (pack.folder / "board-page.html").read_text("utf-8")
    pdf = " ".join(" ".join(sheet.extract_text().split()) for sheet in PdfReader(pack.folder / "board-page.pdf").pages)
    slides = list(Presentation(pack.folder / "board-page.pptx").slides)
    assert (
        len(ARTICLE.findall(page)) == len(pack.views) == len(VIEWS) + 1 and f">{SECTION}</h2>" in page and NOTE in page
    )
    for each in pack.views:
        (slide,) = [one for one in slides if one.shapes.title.text_frame.text == each.title]
        notes = slide.notes_slide.notes_text_frame.text
        assert each.title in page and each.title in pdf
        if each.table is None:
            continue
        (grid,) = [shape.table for shape in slide.shapes if shape.has_table]
        assert [tuple(cell.text for cell in row.cells) for row in grid.rows][1:] == list(each.table.rows)
        assert each.sentence in notes and "Source: " in notes and each.table.caption in notes
        assert all(f">{text}</td>" in page and text in pdf for row in each.table.rows for text in row[1:])


def test_a_view_that_can_no_longer_be_told_says_so_in_words(pack):
    gone = pack.views[-1]
    assert gone.table is None and "Not answered for audience board" in gone.sentence
    assert gone.sentence in (pack.folder / "board-page.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        (r'(SEN support · Male</th>(?:<td[^>]*>[\d,]+</td>){3}<td[^>]*>)([\d.]+)', r"\g<1>33.3", "told differently"),
        (r"(SEN support · Male )[\d.]+(% against)", r"\g<1>33.3\2", "told differently"),
        (r"(<article>\n<h3>[^<]*</h3>\n<p>)", r"\g<1>Of those, 3 left. ", "stray"),
        (r'(<td)( class="figure"[^>]*>)(?=[\d,]+</td>)', r'\1 title="3"\2', "stray"),
        (r"percentage points above \(between 5", "percentage points below (between 5", "stray"),
    ],
)  # fmt: skip
def test_a_seeded_fault_on_the_page_is_found(old, new, found, pack, tmp_path):
    clean = pack.read("board-page.html"), pack.read("board-page.pptx")
    assert disagreements([claim for told in clean for claim in told.claims]) == []
    faulty = Pack.__new__(Pack)
    faulty.folder, faulty.public = tmp_path, pack.public
    page = (pack.folder / "board-page.html").read_text("utf-8")
    start = page.index('<section class="pinned"')
    part = re.sub(old, new, page[start:], count=1)
    assert part != page[start:], "no place for this fault"
    (tmp_path / "board-page.html").write_text(page[:start] + part, "utf-8")
    told = faulty.read("board-page.html")
    ways = {leak.way for leak in disagreements([*told.claims, *clean[1].claims])}
    assert found in ways | ({"stray"} if told.strays else set())


def test_a_seeded_number_on_a_slide_is_found(pack, tmp_path):
    deck = Presentation(pack.folder / "board-page.pptx")
    slide = next(one for one in deck.slides if one.shapes.title.text_frame.text == pack.views[2].title)
    grid = next(shape.table for shape in slide.shapes if shape.has_table)
    grid.cell(2, 4).text_frame.paragraphs[0].runs[0].text = "33.3%"
    shutil.copytree(pack.folder, tmp_path / "pack")
    deck.save(str(tmp_path / "pack" / "board-page.pptx"))
    told = read_slides(tmp_path / "pack" / "board-page.pptx", pack.public, "202526/board/slides.pptx")
    leaks = disagreements([*pack.read("board-page.html").claims, *told.claims])
    assert {leak.way for leak in leaks} == {"told differently"} and SCHOOL in leaks[0].about


# --- rules -------------------------------------------------------------------------------------------------------


def view_of(number, figures):
    table = ShownTable("Caption", ("Group", "Pupils (n)"), (("All", "900"),), (False, True), (figures.settings, "Kept"))
    return pinned(figures, title=f"View {number}", note="", sentence="Said.", table=table, method=("Source: a.",))


def test_beyond_a_handful_views_stand_on_the_page_and_slides_name_them(tmp_path):
    figures = published(ALL_ROWS)
    views = tuple(view_of(number, figures) for number in range(ON_SLIDES + 2))
    content = content_of(figures, tmp_path, pinned=views)
    deck = Presentation(write_slides(content, figures, tmp_path / "slides.pptx"))
    titles = [slide.shapes.title.text_frame.text for slide in deck.slides]
    assert [title for title in titles if title.startswith("View ")] == [f"View {n}" for n in range(ON_SLIDES)]
    (more,) = [slide for slide in deck.slides if slide.shapes.title.text_frame.text.startswith(SECTION)]
    assert all(f"View {n}" in "".join(shape.text_frame.text for shape in more.placeholders) for n in (6, 7))
    page = write_board_page(content, figures, tmp_path / "page.html").read_text("utf-8")
    assert page.count("<article>") == ON_SLIDES + 2 and views[0].table.notes == ("Kept",)


def test_without_pins_nothing_is_said_of_them(tmp_path):
    figures = published(ALL_ROWS)
    page = write_board_page(content_of(figures, tmp_path), figures, tmp_path / "page.html").read_text("utf-8")
    assert SECTION not in page and "<article" not in page


def test_only_figures_of_this_build_that_passed_the_gate_are_pinned(tmp_path):
    figures = published(ALL_ROWS)
    with pytest.raises(GateError):
        pinned(OwnView(figures.rows), title="View", note="", sentence="Said.", table=None, method=())
    old = type(view_of(1, figures))("View", "", "Said.", None, (), "another")
    with pytest.raises(GateError, match="figures of another build"):
        content_of(figures, tmp_path, pinned=(old,))


def test_the_pack_is_stale_when_pins_change(tmp_path):
    exact = [line for line in ALL_ROWS if line["measure"] == "absence" and not line.get("comparator")]
    figures = published(line for line in exact if line["sen_provision"] != "No SEN")
    space, present = space_of(tmp_path), Present({}, {})

    def stale() -> bool:
        return pack_is_stale(Register(space.reports), present, space, "202425")

    def made() -> None:
        register = Register(space.reports)
        outcomes = write_pack(Figures(figures, figures, None), space, "202425", register, present, "r1")
        assert "failed" not in {outcome.status for outcome in outcomes}

    made()
    assert not stale()
    (tmp_path / PINS).write_text(PLAIN, encoding="utf-8")
    assert stale()
    made()
    assert not stale()
    (tmp_path / PINS).unlink()
    assert stale()
