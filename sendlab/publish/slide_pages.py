"""Paragraphs and tables of a pack over as many slides as they need, each with its footer and the rule in the notes."""

from collections.abc import Sequence
from typing import Any

from sendlab.board.content import PackContent
from sendlab.publish.page import MARKING
from sendlab.publish.slide_parts import (
    Cell,
    add_notes,
    add_table,
    box_of,
    new_slide,
    place_named,
    row_height,
    table_pages,
    write,
)
from sendlab.publish.slide_tables import Table
from sendlab.publish.slide_text import Box, height_of, pages

AREA = Box(0.6, 1.62, 12.133, 5.1)  # below the title, above the footers
LIST_SIZES = (16, 14)  # the smaller one where that saves a slide
_BELOW_LEAD, _LEAD = 0.15, 14  # inches; points
_TOP_OF_TABLES = 1.5


def footer_of(content: PackContent) -> str:
    """What stands at the foot of every slide."""
    return f"{MARKING}   {content.la_name}   {content.periods}   data to {content.data_to}   run {content.run_id}"


def add_lists(deck: Any, title: str, lines: Sequence[str], content: PackContent) -> None:
    """Paragraphs on as many slides as they need."""
    tried = [(pages(lines, AREA, size), size) for size in LIST_SIZES]
    parts, size = min(tried, key=lambda each: (len(each[0]), -each[1]))
    for number, part in enumerate(parts, 1):
        slide = new_slide(deck, "Text", _numbered(title, number, len(parts)), footer_of(content))
        write(place_named(slide, 1), part, (18, size))
        cut = [whole for whole in lines if any(text.endswith(" …") and whole.startswith(text[:-2]) for text in part)]
        add_notes(slide, [*cut, content.settings])


def add_tables(deck: Any, title: str, lead: str, table: Table, content: PackContent) -> None:
    """A table on as many slides as it needs, its headings on each; its notes behind the first.

    `lead` stands above it, a paragraph a line.
    """
    told = lead.split("\n")
    down = height_of(told, _LEAD, AREA.width) + _BELOW_LEAD if lead else 0.0
    box = Box(AREA.left, _TOP_OF_TABLES + down, AREA.width, AREA.top + AREA.height - _TOP_OF_TABLES - down)
    parts, size = _paged(table, box.height)
    for number, rows in enumerate(parts, 1):
        slide = new_slide(deck, "Table", _numbered(title, number, len(parts)), footer_of(content))
        place = place_named(slide, 1)
        if lead:
            _heighten(place, down)
            write(place, told, (_LEAD,))
        else:
            place._element.getparent().remove(place._element)
        head = row_height([Cell(text, bold=True) for text in table.head], table.widths, size)
        least = max(table.least, min(table.most, (box.height - head) / len(rows)))
        add_table(slide, box, table.head, rows, table.widths, size, table.name, least)
        add_notes(slide, [*(table.notes if number == 1 else ()), content.settings])


def _heighten(place: Any, height: float) -> None:
    """A place made higher where its text needs that: the layout has room for a line."""
    box = box_of(place)
    if box.height < height:
        from pptx.util import Inches

        place.left, place.top, place.width, place.height = map(Inches, box._replace(height=height))


def _paged(table: Table, room: float) -> tuple[list[list[Sequence[Cell]]], int]:
    """The rows slide by slide, and their size: a point smaller where that saves a slide."""
    tried = [
        (table_pages(table.head, table.rows, table.widths, room, size, table.least), size)
        for size in (table.size, table.size - 1)
    ]
    return min(tried, key=lambda each: (len(each[0]), -each[1]))


def _numbered(title: str, number: int, of: int) -> str:
    return f"{title} ({number} of {of})" if of > 1 else title
