"""Slides of views that an analyst pinned: a table each, as on the page; those beyond the first few by name."""

from typing import Any

from sendlab.board.content import PackContent
from sendlab.board.pinned import ON_SLIDES, SECTION, Pinned
from sendlab.publish.slide_pages import add_lists, add_tables
from sendlab.publish.slide_parts import Cell
from sendlab.publish.slide_tables import Table
from sendlab.tables import ShownTable

_WIDTH, _LIMITS, _MOST, _NAMES = 12.133, 1.85, 1.5, 2.6  # inches: all, limits, another column at most, names at least
_LARGE, _SMALL, _FEW = 14, 12, 12  # points, and the rows up to which letters are large
LIMITS = "95% interval"
MORE = f"{SECTION}: more on the board page"


def add_pinned(deck: Any, content: PackContent) -> None:
    """A slide for each of the first pinned views, and one that names the others; none where nothing is pinned."""
    first, others = content.pinned[:ON_SLIDES], content.pinned[ON_SLIDES:]
    for each in first:
        if each.table is None:
            add_lists(deck, each.title, [each.sentence, *_noted(each)], content)
        else:
            lead = "\n".join([each.sentence, *_noted(each)])
            add_tables(deck, each.title, lead, _table(each, each.table), content)
    if others:
        add_lists(deck, MORE, [each.title for each in others], content)


def _noted(each: Pinned) -> list[str]:
    return [f"Note: {each.note}"] if each.note else []


def _table(each: Pinned, shown: ShownTable) -> Table:
    """The table of a view; behind the slide all that is said of it, and where it comes from."""
    rows = tuple(
        [Cell(text, bold=not figure, number=figure) for text, figure in zip(row, shown.figures, strict=True)]
        for row in shown.rows
    )
    notes = (shown.caption, each.sentence, *_noted(each), *shown.notes, *each.method)
    size = _LARGE if len(rows) <= _FEW else _SMALL
    return Table("Pinned", shown.headings, _widths(shown.headings), rows, size, least=0.38, notes=notes)


def _widths(headings: tuple[str, ...]) -> tuple[float, ...]:
    """Limits need more room than other figures; what is left goes to the names."""
    limits = sum(name == LIMITS for name in headings)
    others = len(headings) - 1 - limits
    wide = min(_MOST, (_WIDTH - _NAMES - limits * _LIMITS) / max(others, 1))
    rest = tuple(_LIMITS if name == LIMITS else wide for name in headings[1:])
    return (_WIDTH - sum(rest), *rest)
