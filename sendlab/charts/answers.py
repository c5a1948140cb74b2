"""The answer to a question as a picture: a line for each group of a cohort, with what it is held to."""

from collections.abc import Sequence

from sendlab.charts import marks, parts, theme
from sendlab.charts.bundle import Picture
from sendlab.charts.groups import COUNT, END, FIGURE, LABEL_CHARS, ROW, START, line_words
from sendlab.charts.marks import Layer, Scale
from sendlab.charts.parts import Key
from sendlab.disclosure.guard.question import Question
from sendlab.disclosure.guard.words import by_words
from sendlab.narrate import View
from sendlab.narrate.answer_words import answer_title
from sendlab.narrate.answers import BETWEEN, Answered, Only, answered
from sendlab.narrate.rows import or_else
from sendlab.tables import Line
from sendlab.tables.answers import answer_lines

HEADING = 30  # pixels of a line that names a panel
Placed = list[tuple[float, str, Line]]  # height, label and line


@or_else(parts.nothing)
def plot_answer(
    view: View, question: Question, *, compare: str = "", beside: View | None = None, also: Sequence[str] = (),
    only: Only = (),
) -> Picture:  # fmt: skip
    """One line for each group of the cohort asked about: figure, 95 % interval, count, and what it is held to.

    Asked by two columns or more, there is a panel for each value of the last. `compare` and what follows are those of
    `narrate.answers.answered`. A group whose figure is hidden keeps its line and reads "not shown".
    """
    found = answered(view, question, compare=compare, beside=beside, also=also, only=only)
    return picture_of(view, found, " ".join(by_words(question)), panels=len(question.by) > 1)


def picture_of(view: View, found: Answered, by: str, *, panels: bool = False) -> Picture:
    """The picture of rows that were chosen already; `by` says by what its lines differ.

    With `panels` the lines stand in a panel for each last part of their names.
    """
    lines = answer_lines(found)
    top = parts.top_of(view) + 30
    headings, rows, height = _laid_out(lines, top, panels=panels)
    layers = [
        *parts.key(_key(found), parts.top_of(view) + 10),
        *marks.texts(headings, bold=True),
        *_lines(rows, top, height, found),
        *parts.caption(_caption(view, lines, found), height + 44),
    ]
    what = [
        f"{found.about.title}, {found.about.unit}",
        found.cohort,
        *([by] if by else []),
        found.place_name,
        found.when,
    ]
    words = " ".join(line_words(line) for line in lines)
    return parts.finish(
        layers, view, title=answer_title(found), subtitle=", ".join(what), alt_text=words, height=height
    )


def _caption(view: View, lines: list[Line], found: Answered) -> str:
    return parts.caption_text(view, [line.row for line in lines], found.about.captured, f"n: {found.about.counted}.")


def _key(found: Answered) -> list[Key]:
    own = Key(f"{found.place_name[:40]}, with 95% interval", "circle", theme.BLUE, interval=True)
    return [own, Key(found.held_to, "diamond", theme.GREY, hollow=True)] if found.held_to else [own]


def _laid_out(lines: list[Line], top: float, *, panels: bool) -> tuple[list[tuple[float, float, str]], Placed, float]:
    """Headings of panels, lines with their label and height, and where they end."""
    named = [(line.label.rpartition(BETWEEN) if panels else (line.label, "", ""), line) for line in lines]
    order = list(dict.fromkeys(panel for (_, _, panel), _ in named))
    headings: list[tuple[float, float, str]] = []
    rows: Placed = []
    for panel in order:
        if panel:
            headings.append((0, top + HEADING * 0.6, panel))
            top += HEADING
        for (label, _, _), line in (each for each in named if each[0][2] == panel):
            rows.append((top + ROW * 0.5, label, line))
            top += ROW
    return headings, rows, top


def _lines(rows: Placed, top: float, bottom: float, found: Answered) -> list[Layer]:
    """Labels, marks on one scale for all panels, figures and counts."""
    ends = [line.row[name] for _, _, line in rows for name in ("value", "lower", "upper")]
    others = [value for _, _, line in rows for value in line.others.values()]
    scale = marks.scale_of([*ends, *others], START, END)
    labels = [each for y, label, _ in rows for each in marks.wrapped(0, y, label, LABEL_CHARS, 17)]
    layers = _marks(rows, scale, top, bottom, found) if scale else []
    layers += marks.texts(labels)
    layers += marks.texts([(FIGURE, y, line.value_text) for y, _, line in rows if line.shown], align="right", bold=True)
    layers += marks.texts([(COUNT, y, line.n_text) for y, _, line in rows], colour=theme.SOFT_TEXT)
    return layers + marks.texts(
        [(START + 8, y, line.value_text) for y, _, line in rows if not line.shown], colour=theme.SOFT_TEXT
    )


def _marks(rows: Placed, scale: Scale, top: float, bottom: float, found: Answered) -> list[Layer]:
    x = marks.x_of(scale, percent=found.about.unit.startswith("%"))
    drawn = [(y, line) for y, _, line in rows if line.shown]
    spans = [{"value": line.row["lower"], "upper": line.row["upper"], "y": y} for y, line in drawn
             if line.row["lower"] is not None and line.row["upper"] is not None]  # fmt: skip
    dots = [{"value": line.row["value"], "y": y} for y, line in drawn]
    others = [{"value": value, "y": y} for y, line in drawn for value in line.others.values()]
    return [
        *marks.grid(scale, x, top, bottom),
        *marks.spans(spans, x, colour=theme.BLUE),
        *marks.points(dots, x, shape="circle", colour=theme.BLUE),
        *marks.points(others, x, shape="diamond", colour=theme.GREY, size=80, hollow=True),
    ]
