"""One view of the explorer: chart, sentence, table, status and code of one selection, and where it leads on to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from sendlab.disclosure.guard import of_few_people
from sendlab.disclosure.guard.words import by_words
from sendlab.disclosure.published import AUDIENCES, OWN_VIEW_MARK, OwnView, Published
from sendlab.explore.selection import Selection
from sendlab.metrics.cards import card
from sendlab.narrate import headline, one_row, rows_of
from sendlab.narrate.answer_words import sentence_of
from sendlab.narrate.answers import Answered, answered
from sendlab.schema.labels import period_text
from sendlab.tables import figures_table
from sendlab.tables.answers import table_of

if TYPE_CHECKING:
    from sendlab.explore.explorer import CohortExplorer

# The groups that the sentence of a plain view may be about: the first with a figure is taken.
ABOUT = ("SEN support", "EHC plan")
NOT_KEPT = "Own view: on screen only, nothing of it is kept in this notebook."


@dataclass(frozen=True)
class ScreenOnly:
    """Part of an own view. A cell shows one line in its place, so that a saved notebook holds no unprotected figure."""

    shown: Any

    def __repr__(self) -> str:
        return NOT_KEPT


def shown(thing: Any) -> Any:
    """A chart or table of a view, for the screen: what is inside a `ScreenOnly`, else the thing itself.

    >>> shown(ScreenOnly("chart")), shown("chart"), ScreenOnly("chart")
    ('chart', 'chart', Own view: on screen only, nothing of it is kept in this notebook.)
    """
    return thing.shown if isinstance(thing, ScreenOnly) else thing


@dataclass(frozen=True)
class Exhibit:
    """A chart with its table; of an own view both are `ScreenOnly`."""

    chart: Any
    table: Any

    def __repr__(self) -> str:
        return NOT_KEPT if isinstance(self.chart, ScreenOnly) else str(self.chart.description)


@dataclass(frozen=True)
class View:
    """What a selection shows; a cell that ends in a view shows its status line."""

    figures: Published | OwnView
    selection: Selection
    explorer: CohortExplorer
    beside: Published | None = None  # the answer for the year before, where that is one of its own
    asked: bool = False  # whether the guard answered, as nothing was released before
    everywhere: bool = False  # and whether it was asked for all places at once

    @property
    def measure(self) -> str:
        """The measure on view."""
        return self.selection.question.measure

    @property
    def place(self) -> str:
        """Code of the place on view."""
        return self.selection.question.places[0]

    @property
    def time_period(self) -> str:
        """The academic year on view."""
        return self.selection.question.time_period

    @property
    def own(self) -> bool:
        """Whether this is an analyst's own, unprotected view."""
        return isinstance(self.figures, OwnView)

    @property
    def plain(self) -> bool:
        """Whether it is the usual table by SEN provision, which has national figures beside it."""
        return self.selection.plain and not self.asked

    @cached_property
    def found(self) -> Answered:
        """The rows of the answer, chosen once for all parts of the view."""
        return answered(self.figures, self.selection.question, **self._terms)

    @property
    def _by(self) -> str:
        return " ".join(by_words(self.selection.question))

    @cached_property
    def rows(self) -> pl.DataFrame:
        """The measure rows shown: of the cohort and its groups; of a plain view figures and gaps, areas of need too."""
        if self.plain:
            return rows_of(self.figures, **self._what)
        found = self.found
        held = [row for row in found.against.values() if row not in found.groups.values()]
        return pl.DataFrame([found.total, *found.groups.values(), *held], schema=self.figures.rows.schema)

    @cached_property
    def chart(self) -> Any:
        """The chart; of an own view, `ScreenOnly` with the chart as `.shown`."""
        from sendlab.charts import plot_groups
        from sendlab.charts.answers import picture_of

        if self.plain:
            return self.kept(plot_groups(self.figures, **self._what))
        panels = len(self.selection.question.by) > 1
        return self.kept(picture_of(self.figures, self.found, self._by, panels=panels))

    @cached_property
    def sentence(self) -> Any:
        """The finding in a few sentences; of an own view, with its mark, for the screen alone."""
        text = self._plain_sentence() if self.plain else sentence_of(self.found)
        return self.kept(f"{text} ({self.figures.mark}.)" if self.own else text)

    def _plain_sentence(self) -> str:
        with_figure = [group for group in ABOUT if (one_row(self.rows, group=group) or {}).get("value") is not None]
        return str(headline(self.figures, group=[*with_figure, *ABOUT][0], **self._what))

    @cached_property
    def table(self) -> Any:
        """The table twin of the chart (`ShownTable`); of an own view, `ScreenOnly` with the table as `.shown`."""
        if self.plain:
            return self.kept(figures_table(self.figures, by="sen_provision", **self._what))
        return self.kept(table_of(self.figures, self.found, self._by))

    @property
    def total(self) -> dict[str, Any] | None:
        """The row of all pupils on view."""
        if self.plain:
            return one_row(self.rows)
        return self.found.total

    @property
    def status(self) -> Any:
        """One line: what is shown, where, when, for how many pupils, and whether it is protected.

        Of an own view it is for the screen alone, as all else of it: the number of pupils may be small.
        """
        first, total = self.rows.row(0, named=True), self.total
        count = None if total is None else total["base_subjects"]
        about = card(self.measure)
        n = "n not shown" if count is None else f"n = {count:,} {about.counted}"
        when = period_text(self.time_period, first["time_identifier"])
        who = "" if self.plain else f"{self.found.cohort}; "
        return self.kept(f"{about.title}; {first['place_name']}; {when}; {who}{n}; {self._protection}")

    @property
    def _protection(self) -> str:
        """The audience; of an own view how many groups are of few people, which nobody else will be shown."""
        if isinstance(self.figures, Published):
            return f"protected for audience {self.figures.audience}"
        groups = [] if self.plain else self.found.groups.values()
        few = of_few_people(groups, card(self.measure), AUDIENCES["board"])
        if not any(few):
            return OWN_VIEW_MARK
        told = "1 is" if sum(few) == 1 else f"{sum(few)} are"
        return f"of {len(few)} groups {told} of few people, and hidden if taken away; {OWN_VIEW_MARK}"

    @property
    def code(self) -> str:
        """The few lines that make this view; pasted into a notebook of the workspace they give the same figures."""
        audience = self.figures.audience if isinstance(self.figures, Published) else "board"
        call = self.selection.code(own=self.own, audience=audience, asked=self.asked, everywhere=self.everywhere)
        see = ["view.show()"] if self.own else ["print(view.status)", "print(view.sentence)",
                                                "display(view.chart, view.table)"]  # fmt: skip
        return "\n".join(["import sendlab", "", "explorer = sendlab.CohortExplorer()", f"view = {call}", *see])

    def show(self) -> Any:
        """All of the view on the screen; a saved notebook keeps one line of it."""
        from sendlab.explore.box import view_box

        return view_box(self)

    def save(self, path: Path | str) -> Path:
        """The selection in a JSON file, without a figure in it; `sendlab new --from-view FILE` makes a notebook of it.

        Returns the path.
        """
        target = Path(path)
        text = json.dumps(self.selection.as_dict(), indent=1, ensure_ascii=False)
        target.write_text(text + "\n", encoding="utf-8", newline="\n")
        return target

    # ---- from a gap on

    def made_of(self, by: str = "nc_year", group: str = "") -> Exhibit:
        """Who makes up the gap between two groups: each part's own figures, and the mix of parts.

        `by`: the column whose values are the parts; `group` defaults to the group farthest from what it is held to.
        """
        from sendlab.explore import leads

        return leads.gap_parts(self, by, group)

    def over_time(self) -> Exhibit:
        """The same cohort in every year that there are figures of."""
        from sendlab.explore import leads

        return leads.over_time(self)

    def by_school(self) -> Exhibit:
        """The same cohort at every school: a funnel where it is one of the usual groups and a share of people."""
        from sendlab.explore import leads

        return leads.by_school(self)

    def interventions(self) -> Any:
        """Which interventions the pupils of the cohort had in the year, as a table."""
        from sendlab.explore import leads

        return leads.interventions(self)

    def kept(self, thing: Any) -> Any:
        """A chart or table, for the screen alone where the view is an own one."""
        return ScreenOnly(thing) if self.own else thing

    @property
    def _what(self) -> dict[str, str]:
        return {"measure": self.measure, "place": self.place, "time_period": self.time_period}

    @property
    def _terms(self) -> dict[str, Any]:
        return {"compare": self.selection.compare, "also": self.selection.also, "beside": self.beside,
                "only": self.selection.only}  # fmt: skip

    def __repr__(self) -> str:
        return NOT_KEPT if self.own else str(self.status)
