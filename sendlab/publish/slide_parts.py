"""What slides are put together of: text in a layout's place, tables, pictures with alt text, notes, footers."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from io import BytesIO
from typing import Any

from sendlab.publish.slide_text import LINE, Box, fitting, height_of, shortened

TEMPLATE = "slides.pptx"
TITLE_SIZES, TEXT_SIZES = (28, 26, 24, 22, 20, 18), (20, 18, 16, 14, 12)
BLUE, TEXT, PAPER, PALE, GRID = "12436D", "0B0C0C", "FFFFFF", "EDF4FA", "BFC4C8"
# letter of a rating -> ground and letters: each pair has a contrast of 6 to 1 or more
RAG = {"R": ("B10E1E", PAPER), "A": ("F4A300", TEXT), "G": ("1D6B4F", PAPER)}
_MARGIN, _PAD = 0.06, 0.04  # inches around the text of a cell: left and right, above and below
_FOOTERS = ("FOOTER", "SLIDE_NUMBER")


@dataclass(frozen=True)
class Cell:
    """The text of a cell, and whether it is bold, a rating, or a number to stand under others."""

    text: str
    bold: bool = False
    letter: str = ""
    number: bool = False


def opened_template() -> Any:
    """The template, with its layouts and no slide."""
    from pptx import Presentation

    return Presentation(BytesIO((files("sendlab.publish") / "templates" / TEMPLATE).read_bytes()))


def new_slide(deck: Any, layout: str, title: str, footer: str, sizes: Sequence[int] = TITLE_SIZES) -> Any:
    """A slide of a named layout with title and footers; a title that does not fit is cut, and whole in the notes."""
    chosen = next(each for each in deck.slide_layouts if each.name == layout)
    slide = deck.slides.add_slide(chosen)
    for place in chosen.placeholders:
        if str(place.placeholder_format.type).split(" ")[0] in _FOOTERS:
            slide.shapes._spTree.append(copy.deepcopy(place._element))
            made = slide.shapes[-1]
            made._element.spPr.clear()
            made._element.txBody.find(_a("lstStyle")).clear()
            if "FOOTER" in str(place.placeholder_format.type):
                made.text_frame.text = footer
    write(slide.shapes.title, [title], sizes, bold=True)
    if slide.shapes.title.text_frame.text != title:
        add_notes(slide, [title])
    return slide


def colour_of(code: str) -> Any:
    """A colour of six hexadecimal digits."""
    from pptx.dml.color import RGBColor

    make: Any = RGBColor
    return make.from_string(code)


def _a(name: str) -> str:
    return "{http://schemas.openxmlformats.org/drawingml/2006/main}" + name


def box_of(shape: Any) -> Box:
    """Where a shape stands, in inches."""
    return Box(*(each / 914400 for each in (shape.left, shape.top, shape.width, shape.height)))


def place_named(slide: Any, index: int) -> Any:
    """The place of a slide with this number."""
    return next(each for each in slide.placeholders if each.placeholder_format.idx == index)


def write(shape: Any, paragraphs: Sequence[str], sizes: Sequence[int] = TEXT_SIZES, *, bold: bool = False) -> int:
    """Paragraphs in a shape in the largest size that fits; where none does, the smallest and the last one cut."""
    from pptx.util import Pt

    box = box_of(shape)
    size, told = fitting(paragraphs, box, sizes, bold=bold), list(paragraphs)
    if not size:
        size = sizes[-1]
        room = box.height - height_of(told[:-1], size, box.width, bold=bold) - LINE * size / 72
        told[-1] = shortened(told[-1], box._replace(height=max(room, LINE * size / 72)), size, bold=bold)
    frame = shape.text_frame
    frame.word_wrap = True
    for number, text in enumerate(told):
        paragraph = frame.paragraphs[0] if number == 0 else frame.add_paragraph()
        paragraph.line_spacing, paragraph.space_before, paragraph.space_after = 1.0, Pt(0), Pt(0)
        if number:
            paragraph.space_before = Pt(round(size * 0.5))
        run = paragraph.add_run()
        run.text, run.font.size, run.font.bold = text, Pt(size), bold
    return size


def row_height(row: Sequence[Cell], widths: Sequence[float], size: float) -> float:
    """How high a row of a table is: as its highest cell; a single cell spans all columns."""
    widths = widths if len(row) > 1 else [sum(widths)]
    return max(
        height_of(cell.text.split("\n"), size, wide - 2 * _MARGIN, bold=cell.bold) + 2 * _PAD
        for cell, wide in zip(row, widths, strict=True)
    )


def table_pages(
    head: Sequence[str], rows: Sequence[Sequence[Cell]], widths: Sequence[float], room: float, size: float,
    least: float = 0.0,
) -> list[list[Sequence[Cell]]]:  # fmt: skip
    """Rows over as many tables of this height as they need; `least` is the least height of a row."""
    used_by_head = row_height([Cell(text, bold=True) for text in head], widths, size)
    found: list[list[Sequence[Cell]]] = [[]]
    used = used_by_head
    for row in rows:
        height = max(row_height(row, widths, size), least)
        if found[-1] and used + height > room:
            moved = [found[-1].pop()] if len(found[-1]) > 1 and len(found[-1][-1]) == 1 else []
            found.append(moved)  # a heading stands with what it heads
            used = used_by_head + sum(row_height(each, widths, size) for each in moved)
        found[-1].append(row)
        used += height
    return found


def add_table(
    slide: Any, box: Box, head: Sequence[str], rows: Sequence[Sequence[Cell]], widths: Sequence[float], size: int,
    name: str, least: float = 0.0,
) -> Any:  # fmt: skip
    """A table with a heading row; each row as high as its text, and `least` at least."""
    from pptx.util import Inches

    shape = slide.shapes.add_table(len(rows) + 1, len(head), *(Inches(each) for each in box))
    shape.name = name
    table = shape.table
    table.first_row, table.horz_banding = True, False
    say(shape, f"Table: {name}, {len(rows)} rows, columns {', '.join(head)}")
    for column, wide in zip(table.columns, widths, strict=True):
        column.width = Inches(wide)
    heading = [Cell(text, bold=True, number=below.number) for text, below in zip(head, _below(rows, head), strict=True)]
    for number, row in enumerate([heading, *rows]):
        height = row_height(row, widths, size)
        table.rows[number].height = Inches(max(height, least) if number else height)
        cells = list(table.rows[number].cells)
        if len(row) == 1:
            cells[0].merge(cells[-1])
        for cell, told in zip(cells, row if len(row) > 1 else [*row, *[Cell("")] * (len(head) - 1)], strict=True):
            _write_cell(cell, told, size, heading=number == 0, over_all=len(row) == 1)
    shape.height = sum(row.height for row in table.rows)
    return shape


def _below(rows: Sequence[Sequence[Cell]], head: Sequence[str]) -> Sequence[Cell]:
    """The cells under the headings, whose side they take."""
    return next((row for row in rows if len(row) == len(head)), [Cell("")] * len(head))


def _write_cell(cell: Any, told: Cell, size: int, *, heading: bool, over_all: bool) -> None:
    from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
    from pptx.util import Inches, Pt

    ground, colour = (BLUE, PAPER) if heading else RAG.get(told.letter, (PALE if over_all else PAPER, TEXT))
    cell.fill.solid()
    cell.fill.fore_color.rgb = colour_of(ground)
    cell.margin_left = cell.margin_right = Inches(_MARGIN)
    cell.margin_top = cell.margin_bottom = Inches(_PAD)
    cell.vertical_anchor = MSO_ANCHOR.BOTTOM if heading else MSO_ANCHOR.TOP
    for number, text in enumerate(told.text.split("\n")):
        paragraph = cell.text_frame.paragraphs[0] if number == 0 else cell.text_frame.add_paragraph()
        if told.number:
            paragraph.alignment = PP_ALIGN.RIGHT
        run = paragraph.add_run()
        run.text, run.font.size = text, Pt(size)
        run.font.bold, run.font.color.rgb = heading or told.bold or bool(told.letter), colour_of(colour)
    _lines_around(cell)


def _lines_around(cell: Any) -> None:
    """Thin lines around a cell, in place of a table style that programs draw each in their own way."""
    from pptx.oxml import parse_xml

    ns = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
    inside = f'w="9525"><a:solidFill><a:srgbClr val="{GRID}"/></a:solidFill>'
    for place, side in enumerate(("lnL", "lnR", "lnT", "lnB")):
        cell._tc.get_or_add_tcPr().insert(place, parse_xml(f"<a:{side} {ns} {inside}</a:{side}>"))


def add_picture(slide: Any, png: bytes, box: Box, alt: str) -> Any:
    """A picture as large as fits into the box, with its alt text."""
    from pptx.util import Inches

    shape = slide.shapes.add_picture(BytesIO(png), Inches(box.left), Inches(box.top))
    scale = min(Inches(box.width) / shape.width, Inches(box.height) / shape.height)
    shape.width, shape.height = int(shape.width * scale), int(shape.height * scale)
    say(shape, alt)
    shape.name = "Chart"
    return shape


def say(shape: Any, alt: str) -> None:
    """Alt text, which python-pptx has no word for."""
    shape._element.xpath(".//p:cNvPr")[0].set("descr", " ".join(alt.split()))


def add_notes(slide: Any, lines: Sequence[str]) -> None:
    """Lines behind what the notes of a slide hold already."""
    frame = slide.notes_slide.notes_text_frame
    frame.text = "\n".join([*filter(None, [frame.text]), *lines])
