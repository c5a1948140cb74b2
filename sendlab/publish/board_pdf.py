"""The board page as tagged PDF: typst refuses to make one that breaks the rules of PDF/UA-1."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sendlab.board.content import PackContent, require_told_of
from sendlab.board.entries import Entry
from sendlab.board.one_page import DECISIONS, OnePage, cells_of, one_page
from sendlab.board.pinned import SECTION, Pinned
from sendlab.disclosure.published import Published
from sendlab.errors import SendlabError
from sendlab.publish.files import write_aside
from sendlab.publish.page import MARKING, TEMPLATES
from sendlab.publish.page_charts import page_charts

COLUMNS = (
    "Indicator", "Group", "Number", "Year before", "Now", "Change", "Nationally", "Gap nationally", "Rating", "Target",
)  # fmt: skip


def write_board_pdf(content: PackContent, published: Published, path: Path) -> Path:
    """Write the board page as PDF/UA-1 (A4, tagged, British English); returns the path written.

    The same content as `write_board_page`. Without typst, which the extra "pdf" installs, or where the page breaks a
    rule of PDF/UA a `SendlabError`.
    """
    require_told_of(content, published)
    try:
        import typst
    except ImportError:
        raise SendlabError("PDF needs typst", next_step="python -m pip install 'sendlab[pdf]'") from None
    data = json.dumps(_data(one_page(content), published), ensure_ascii=False)

    def write(aside: Path) -> None:
        try:
            typst.compile(
                TEMPLATES / "board_page.typ", aside, format="pdf", pdf_standards="ua-1", sys_inputs={"data": data}
            )
        except RuntimeError as fault:  # what typst says is about the template, which holds no figure
            raise SendlabError(
                f"the page is no PDF/UA: {fault}", next_step="report it: the template is at fault"
            ) from None

    return write_aside(path, write)


def _data(page: OnePage, published: Published) -> dict[str, Any]:
    """All texts of the page, as the template asks for them."""
    content = page.content
    about = f"{content.la_name}, {content.periods}. Data to {content.data_to}. Pupils: {content.pupils}. {page.state}."
    more = [f"{page.more_changes} more: see the slides."] if page.more_changes else []
    return {
        "marking": MARKING,
        "place": content.la_name,
        "heading": f"{content.la_name}, {content.periods}: {content.title}",
        "title": content.title,
        "about": about,
        "sentences": page.sentences,
        "nothing": content.nothing,
        "columns": COLUMNS,
        "priorities": [
            {"name": each.name, "without": _without(each), "lines": _lines(each.entries, content)}
            for each in page.priorities
        ],
        "below": _below(page),
        "charts": _charts(content, published),
        "since": page.since,
        "first": page.first,
        "changes": [*page.changes, *more],
        "decisions": DECISIONS,
        "looked_at": SECTION,
        "pinned": [_pinned(each) for each in content.pinned],
        "settings": content.settings,
        "run_id": content.run_id,
    }


def _without(each: Any) -> str:
    start = "Also no published figure" if each.entries else "No published figure"
    return f"{start}: {'; '.join(each.without)}" if each.without else ""


def _lines(entries: Sequence[Entry], content: PackContent) -> list[dict[str, Any]]:
    """The lines of a priority; the first of an indicator spans its groups, and only it has the title."""
    titles = [entry.title for entry in entries]
    spans = [0 if n and titles[n - 1] == title else titles.count(title) for n, title in enumerate(titles)]
    return [_line(entry, content, span) for entry, span in zip(entries, spans, strict=True)]


def _line(entry: Entry, content: PackContent, span: int) -> dict[str, Any]:
    group, number, before, now, change, england, gap, _, target = cells_of(entry)
    unit = "" if entry.unit.startswith("%") else entry.unit
    period = entry.period if entry.period != content.head_period else ""
    return {
        "title": entry.title, "beside": ", ".join(word for word in (unit, period) if word), "span": span,
        "group": group, "number": number, "before": before, "now": now, "change": change, "england": england,
        "gap": gap, "letter": entry.rating.letter, "word": entry.rating.word, "target": target,
    }  # fmt: skip


def _below(page: OnePage) -> str:
    more = f"{page.more_lines} more lines: see the slides." if page.more_lines else ""
    marks = f"{page.content.marks}." if page.content.marks else ""
    return " ".join(text for text in (page.said_of_reds, more, marks, page.more_closely) if text)


def _pinned(each: Pinned) -> dict[str, Any]:
    """A pinned view; without figures a table without columns."""
    table = each.table
    return {
        "title": each.title, "sentence": each.sentence, "note": f"Note: {each.note}" if each.note else "",
        "caption": table.caption if table else "", "columns": table.headings if table else (),
        "figures": table.figures if table else (), "rows": table.rows if table else (),
        "notes": table.notes if table else (),
    }  # fmt: skip


def _charts(content: PackContent, published: Published) -> list[dict[str, str]]:
    from sendlab.charts import svg

    return [{"svg": svg(chart), "alt": str(chart.description)} for chart in page_charts(content, published)]
