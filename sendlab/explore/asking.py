"""Questions to the guard for a view, of one place or of all; and a view that says why there are no figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from sendlab.disclosure.guard import Question
from sendlab.disclosure.guard.words import without_places
from sendlab.disclosure.published import Published
from sendlab.errors import GateError, NothingToShow, SendlabError, WorkspaceProblem
from sendlab.explore.selection import Selection, can_be_asked
from sendlab.explore.views import View
from sendlab.metrics.cards import card
from sendlab.schema.groups import ALL_SEN, TOTAL
from sendlab.schema.labels import period_name, period_text

if TYPE_CHECKING:
    from sendlab.build.opened import OpenWorkspace
    from sendlab.disclosure import Asked
    from sendlab.explore.explorer import CohortExplorer


class Refused(NothingToShow):
    """The guard did not answer: in words for readers, and with code for the analyst as the next step."""

    def __init__(self, question: Question, got: Asked, audience: str) -> None:
        why = got.text.partition("\nWhy: ")[2].partition("\nNext step:")[0].removesuffix(".")
        self.words = f"Not answered for audience {audience}: {without_places(question)}. Why: {why}"
        self.instead = "" if got.offered is None else without_places(got.offered)
        step = "ask about another measure" if got.offered is None else f"what can be answered: {got.offered.code()}"
        super().__init__(self.words, next_step=step)

    @property
    def sentence(self) -> str:
        """As readers are told."""
        return f"{self.words}. What can be answered: {self.instead or 'another measure'}."


@dataclass(frozen=True)
class NotAnswered(View):
    """A view of nothing: there are no figures for this question at this place, and `why` says so."""

    why: str = ""

    @classmethod
    def because(cls, fault: SendlabError, chosen: Selection, explorer: CohortExplorer, audience: str) -> NotAnswered:
        """The view that says why there are no figures."""
        why = fault.sentence if isinstance(fault, NothingToShow) else f"{fault.what}; {fault.next_step}."
        figures = explorer.usual_figures(chosen.question.places[0], audience)
        return cls(figures, chosen, explorer, why=f"{why[:1].upper()}{why[1:]}")

    @property
    def rows(self) -> pl.DataFrame:
        """None."""
        return self.figures.rows.clear()

    @property
    def sentence(self) -> str:
        """Why there are no figures, and what can be asked instead."""
        return self.why

    @property
    def chart(self) -> Any:
        """A picture that says that nothing is drawn, and why."""
        from sendlab.charts.parts import nothing

        return nothing(self.figures, f"No figures for this question; {self.why}")

    @property
    def table(self) -> Any:
        """A table without rows that says why."""
        from sendlab.tables.made import nothing_table

        return nothing_table(self.figures, self.why)

    @property
    def total(self) -> dict[str, Any] | None:
        """None."""
        return None

    @property
    def status(self) -> str:
        """One line: what was asked where and when, and that there are no figures."""
        name = self.explorer.place_name(self.place)
        when = period_text(self.time_period, self.selection.question.part)
        return f"{card(self.measure).title}; {name}; {when}; no figures; {self._protection}"


@dataclass(frozen=True)
class AllHidden(View):
    """A view all of whose figures are hidden at its place; its sentence says what can be seen there instead."""

    instead: str = ""

    @classmethod
    def of(cls, view: View, audience: str) -> AllHidden:
        """The view, with what its place shows of the measure."""
        instead = _seen(view.explorer, view.selection.question, audience)
        return cls(view.figures, view.selection, view.explorer, view.beside, view.asked, instead)

    @property
    def sentence(self) -> str:
        """What is hidden, and what can be seen."""
        return f"{super().sentence} {self.instead}"


def _seen(explorer: CohortExplorer, question: Question, audience: str) -> str:
    """By what a measure can be seen at a place, of what every audience is given; else where it can."""
    figures = explorer.usual_figures(question.places[0], audience).where(time_period=question.time_period)
    rows = figures.of(question.measure, question.places[0])
    shown = rows.filter((pl.col("comparator") == "") & pl.col("value").is_not_null())
    by = [words for words, column in (("SEN provision", "sen_provision"), ("area of need", "need_area"))
          if shown.filter(~pl.col(column).is_in([TOTAL, ALL_SEN])).height]  # fmt: skip
    if by:
        return f"What can be seen here: {card(question.measure).title} by {' and by '.join(by)}."
    if shown.height:
        return f"What can be seen here: {card(question.measure).title} of all pupils."
    if question.places[0] == explorer.authority:
        return "Too few people are behind these figures, or they would give others away: ask by fewer groups."
    return "What can be seen: the same question for the authority."


def figures_of(opened: OpenWorkspace, question: Question, audience: str, *, everywhere: bool) -> Published:
    """The guard's answer. Errors: Refused.

    With `everywhere` the question is put for the authority and all its schools. For a school's own edition too: the
    board's answer stands first in the log then, whichever edition is made first.
    """
    board = opened.ask(_everywhere(opened, question)) if everywhere else None
    if audience == "school":
        got = opened.ask(question, audience=audience, school=question.places[0])
    else:
        got = board or opened.ask(question, audience=audience)
    if got.figures is None:
        raise Refused(question, got, audience)
    return got.figures


def _everywhere(opened: OpenWorkspace, question: Question) -> Question:
    """The question for the authority and every school that had pupils in that year."""
    rows = opened.facts().filter(pl.col("time_period") == question.time_period)
    there = {opened.workspace.la_code, *rows["place_code"].unique()}
    if question.places[0] not in there:
        raise NothingToShow(
            f"{opened.place_name(question.places[0])} has no pupils on record in {period_name(question.time_period)}"
        )
    return question.coarser(places=tuple(code for code in opened.places()["place_code"] if code in there))


def places_answered(explorer: CohortExplorer, chosen: Selection) -> str:
    """Have a question judged for the authority and all its schools, and say how many places have figures of it."""
    if not can_be_asked(chosen.question.measure):
        return f"'{card(chosen.question.measure).title}' is shown as it was released: no question is asked"
    try:
        rows = explorer.asked_everywhere(chosen.question).rows
    except Refused as refused:
        return refused.sentence
    places = rows["place_code"].n_unique()
    return (
        f"judged: {rows.filter(pl.col('value').is_not_null())['place_code'].n_unique()} of {places} places have figures"
    )


def judged_or_why(explorer: CohortExplorer, chosen: Selection, audience: str, *, everywhere: bool) -> View:
    """The view of a selection as `CohortExplorer.judged` has it; where there are no figures, one that says why."""
    try:
        view = explorer.judged(chosen, audience, everywhere=everywhere)
        shown = view.rows.filter(pl.col("value").is_not_null()).height  # what a place has nothing of is told here
        return view if shown else AllHidden.of(view, audience)
    except (GateError, WorkspaceProblem):
        raise
    except SendlabError as fault:
        return NotAnswered.because(fault, chosen, explorer, audience)
