"""The board page: one sheet with the one thing to know, the scorecard, what changed, and boxes for what is decided."""

from collections.abc import Sequence
from pathlib import Path

from sendlab.board.content import PackContent, require_told_of
from sendlab.board.entries import Entry
from sendlab.board.one_page import DECISIONS, cells_of, one_page
from sendlab.board.pinned import SECTION
from sendlab.disclosure.published import Published
from sendlab.publish.files import write_text
from sendlab.publish.outputs import figure
from sendlab.publish.page import render
from sendlab.publish.page_charts import page_charts
from sendlab.schema.labels import period_name


def write_board_page(content: PackContent, published: Published, path: Path) -> Path:
    """Write the LA's board page of a period (HTML, one A4 sheet); returns the path written.

    `content` of `board.content.make_content`, from the same published figures; anything else is refused with
    `GateError`.
    """
    require_told_of(content, published)
    page = one_page(content)
    text = render(
        "board_page.html.j2",
        page=page,
        content=content,
        lines_of=[(each, [(entry, cells_of(entry)) for entry in each.entries]) for each in page.priorities],
        last_year=period_name(str(int(content.time_period) - 101)),
        england=_one_period(content.entries),
        charts=_charts(content, published),
        decisions=range(DECISIONS),
        looked_at=SECTION,
    )
    return write_text(path, text)


def _one_period(entries: Sequence[Entry]) -> str:
    """The period of the national figures, where they all have the same."""
    periods = {entry.national_period for entry in entries} - {""}
    return periods.pop() if len(periods) == 1 else ""


def _charts(content: PackContent, published: Published) -> list[str]:
    """Two charts at most: the worst finding by group, and the gaps of that group across the indicators."""
    from sendlab.charts import svg

    return [figure(svg(chart), "", number) for number, chart in enumerate(page_charts(content, published), start=1)]
