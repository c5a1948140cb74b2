"""What is taken away from a view: its table, chart or code; figures as the audience may see them, or nothing."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from sendlab.board.pinned import PINS
from sendlab.disclosure.published import Published, require_published
from sendlab.errors import SendlabError
from sendlab.explore.pins import pin
from sendlab.explore.views import View
from sendlab.publish.files import write_aside
from sendlab.publish.tables_csv import as_csv

FOLDER = "exports"  # of the workspace
FIGURES = ("csv", "svg", "png")
KINDS = (*FIGURES, "code", "view", "pin")


@dataclass(frozen=True)
class Taken:
    """What came of it: the file that was written, or the text to copy; and a line about it."""

    line: str
    path: Path | None = None
    text: str = ""

    def as_html(self) -> str:
        """For the screen: the line, and the text in a box to copy it from."""
        said = f'<p role="status" data-testid="lead">{escape(self.line)}</p>'
        if not self.text:
            return said
        rows = self.text.count("\n") + 2
        return (
            f'{said}<label>Code for this view<br><textarea readonly data-testid="code" rows="{rows}" cols="100">'
            f"{escape(self.text)}</textarea></label>"
        )


def export(view: View, kind: str, *, audience: str = "board", note: str = "") -> Taken:
    """Take a view away: "csv" (the table), "svg" or "png" (the chart), "code" (to paste), "view" (for `sendlab new`).

    Of an own view the guard is asked first: what leaves the screen is what the audience may see, released from then on.
    "pin" keeps what is chosen for the board's pack, judged for the board; `note` is told beside it.
    Errors: SendlabError where it may see nothing of it, with what can be answered instead.
    """
    if kind not in KINDS:
        raise SendlabError(f"nothing can be taken away as '{kind}'", next_step=f"use one of {', '.join(KINDS)}")
    if kind == "pin":
        return Taken(pin(view, note), Path(view.explorer.root) / PINS)
    if kind == "code":
        return Taken("The lines below give this view in a notebook of this workspace.", text=view.code)
    return _selection(view) if kind == "view" else _figures(view, kind, audience)


def _selection(view: View) -> Taken:
    """What was chosen, without a figure: a notebook is made of it."""
    path = _file(view, "json")
    path.parent.mkdir(parents=True, exist_ok=True)
    view.save(path)
    line = f"Written: {FOLDER}/{path.name}. A notebook of it: sendlab new --from-view {FOLDER}/{path.name}"
    return Taken(line, path)


def _figures(view: View, kind: str, audience: str) -> Taken:
    seen = view.explorer.judged(view.selection, audience) if view.own else view
    figures = seen.figures
    require_published(figures)
    assert isinstance(figures, Published)
    from sendlab.charts import png, svg

    makers: dict[str, Callable[[Path], Any]] = {
        "csv": lambda path: path.write_text(as_csv([seen.table.to_html()]), encoding="utf-8-sig", newline=""),
        "svg": lambda path: path.write_text(svg(seen.chart), encoding="utf-8", newline="\n"),
        "png": lambda path: path.write_bytes(png(seen.chart)),
    }
    path = write_aside(_file(seen, kind), makers[kind])
    return Taken(f"Written: {FOLDER}/{path.name}, {figures.sensitivity}, for audience {audience}.", path)


def _file(view: View, ending: str) -> Path:
    """A name that says what it holds, and no other file has."""
    question = view.selection.question
    words = [question.measure, *question.by, *(text for _, values in question.filters for text in values),
             question.places[0], question.time_period]  # fmt: skip
    name = re.sub(r"[^a-z0-9]+", "-", " ".join(words).lower()).strip("-")[:80]
    return Path(view.explorer.root) / FOLDER / f"{name}.{ending}"
