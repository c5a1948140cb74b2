"""The table twin of `plot_answer`: a cohort and its groups, with what they are held to."""

from collections.abc import Sequence

from sendlab.disclosure.guard.question import Question
from sendlab.disclosure.guard.words import by_words
from sendlab.narrate import View
from sendlab.narrate.answers import Answered, Only, answered, is_held_to
from sendlab.narrate.rows import or_else
from sendlab.tables.lines import Line
from sendlab.tables.made import line_table, nothing_table
from sendlab.tables.shown import ShownTable


def answer_lines(found: Answered) -> list[Line]:
    """A line for each group, or for the cohort where there are none; `others` holds what it is held to."""
    return [_line(found, name) for name in found.lines]


def _line(found: Answered, name: str) -> Line:
    other = found.against.get(name)
    shown = other is not None and other["value"] is not None and found.lines[name]["value"] is not None
    beside = {found.held_to: other["value"]} if other and shown else {}
    return Line(name, found.lines[name], found.about, beside, compared=not is_held_to(found, name))


def with_total(found: Answered) -> list[Line]:
    """The lines of the groups, and the whole cohort first."""
    whole = Line(f"All: {found.cohort}", found.total, found.about, compared=False)
    return [whole, *answer_lines(found)] if found.groups else answer_lines(found)


@or_else(nothing_table)
def answer_table(
    view: View, question: Question, *, compare: str = "", beside: View | None = None, also: Sequence[str] = (),
    only: Only = (),
) -> ShownTable:  # fmt: skip
    """A line for the cohort and each of its groups: counts, figure, interval, and what they are held to."""
    found = answered(view, question, compare=compare, beside=beside, also=also, only=only)
    return table_of(view, found, " ".join(by_words(question)))


def table_of(view: View, found: Answered, by: str) -> ShownTable:
    """The table of rows that were chosen already; `by` says by what its lines differ."""
    caption = ", ".join([found.about.title, found.cohort, *([by] if by else []), found.place_name, found.when])
    return line_table(view, with_total(found), "Group", caption, others=_others(found))


def _others(found: Answered) -> Sequence[str]:
    return [found.held_to] if found.held_to else []
