"""The cohort explorer as a plain class: choose measure, place and cohort; get chart, sentence, table and code."""

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from sendlab.build.opened import OpenWorkspace, open_workspace
from sendlab.disclosure import Asked
from sendlab.disclosure.guard import ASKABLE, Question, ask
from sendlab.disclosure.published import OwnView, Published
from sendlab.errors import NothingToShow, SendlabError
from sendlab.explore.asking import NotAnswered, figures_of, judged_or_why
from sendlab.explore.near import near_names
from sendlab.explore.own import OwnFigures
from sendlab.explore.selection import INTERVENTION, ON_SCREEN, Selection, can_be_asked, groups_of, select
from sendlab.explore.source import Source
from sendlab.explore.views import View
from sendlab.metrics.cards import card, cards
from sendlab.narrate.answers import AUTHORITY, EARLIER

GROUPS = "sen_provision"


class CohortExplorer:
    """Any cohort at any place of a workspace, without a browser; `show()` adds controls.

    `workspace` is a folder in or below a workspace (default: the current one), or one that is open. With
    `own_view=True` figures are not protected: they are marked, drawn on screen only, and not kept in a saved notebook.
    """

    def __init__(self, workspace: Path | str | OpenWorkspace | None = None, *, own_view: bool = False) -> None:
        self._opened = workspace if isinstance(workspace, OpenWorkspace) else open_workspace(workspace)
        self.own_view = own_view
        self.own = OwnFigures(self._opened)
        self._source = Source(self._opened)

    # ---- what there is

    def measures(self) -> pl.DataFrame:
        """Measures that compare groups of SEN provision and have figures here: measure, title, unit.

        What is told by question has no figure of a group.
        """
        return self._measures

    @cached_property
    def _measures(self) -> pl.DataFrame:
        here = set(self._opened.published().rows["measure"]) | set(ASKABLE)
        found = [m for m in cards().values() if (GROUPS,) in m.breakdowns and not m.told_by and m.measure in here]
        names = ("measure", "title", "unit")
        return pl.DataFrame(
            [{name: getattr(m, name) for name in names} for m in found], schema=dict.fromkeys(names, pl.String)
        )

    def places(self) -> pl.DataFrame:
        """The LA and its schools: place_code, place_name, education_phase, geographic_level."""
        return self._opened.places()

    def periods(self, *, measure: str | None = None, place: str | None = None) -> list[str]:
        """Academic years with figures, latest last; of the LA, or of one measure at one place."""
        if measure is None and place is None:
            return self._opened.periods()
        which, where = self._start(measure, place)
        return self._source.periods(which, where, "board", own=self.own_view)

    def values(self, column: str) -> tuple[str, ...]:
        """The values that a column may be filtered by; of "intervention" those that there are here."""
        if column == INTERVENTION:
            names: pl.Series = self._opened.table("interventions")["intervention"]
            return tuple(names.drop_nulls().unique().sort())
        return ON_SCREEN[column] if column in ON_SCREEN else groups_of(column)

    @property
    def root(self) -> Path:
        """Folder of the workspace."""
        return Path(self._opened.workspace.root)

    @cached_property
    def authority(self) -> str:
        """Code of the LA."""
        return str(self._opened.workspace.la_code)

    # ---- views

    def select(
        self, *, measure: str, place: str, time_period: str | None = None, by: Sequence[str] = (GROUPS,),
        compare: str = "", part: str = "", audience: str = "board", own: bool | None = None,
        **filters: str | Sequence[str],
    ) -> View:  # fmt: skip
        """One measure of one cohort at one place; the latest period that has figures, unless `time_period` names one.

        `place` is a place code, `time_period` an academic year such as 202526. `by`: none to three columns that the
        cohort is broken down by; `filters` say who is in it (`sex="Female"`, `nc_year=["6", "7"]`). `compare`: a value
        of the first column, "The whole authority" or "A year earlier". `part` is a part of the year ("Autumn term").
        `own=True`: an own view, of any cohort; else figures that were released to the audience.
        What is not there is a `SendlabError` with the near names.
        """
        own = self.own_view if own is None else own
        self.require(measure, str(place))
        periods = self._source.periods(measure, str(place), audience, own=own)
        chosen = self._selection(measure, place, time_period, by, compare, part, filters, periods)
        return self._own(chosen) if own else self._released(chosen, audience)

    def answer(
        self, *, measure: str, place: str, time_period: str | None = None, by: Sequence[str] = (GROUPS,),
        compare: str = "", part: str = "", audience: str = "board",
        everywhere: bool = False, **filters: str | Sequence[str],
    ) -> View:  # fmt: skip
        """As `select`, of figures that were not released yet: judged by the guard, and from then on released.

        `everywhere` asks for the authority and all its schools at once, so that each school's notebook takes its own
        figures from one answer. A refusal is a `SendlabError` with the nearest question that can be answered.
        """
        chosen = self._to_ask(measure, place, time_period, by, compare, part, filters, audience)
        return self.judged(chosen, audience, everywhere=everywhere)

    def answer_or_why(
        self, *, measure: str, place: str, time_period: str | None = None, by: Sequence[str] = (GROUPS,),
        compare: str = "", part: str = "", audience: str = "board",
        everywhere: bool = False, **filters: str | Sequence[str],
    ) -> View:  # fmt: skip
        """As `answer`; where a place has no figures, a view whose sentence, chart and table say why.

        So a notebook runs to its end for every place. What can be asked nowhere is a `SendlabError` as ever.
        """
        try:
            chosen = self._to_ask(measure, place, time_period, by, compare, part, filters, audience)
        except NothingToShow as nothing:
            asked = Question(measure, str(time_period or self._opened.periods()[-1]), (str(place),))
            return NotAnswered.because(nothing, Selection(asked), self, audience)
        return judged_or_why(self, chosen, audience, everywhere=everywhere)

    def _to_ask(
        self, measure: str, place: str, time_period: str | None, by: Sequence[str], compare: str, part: str,
        filters: dict[str, Any], audience: str,
    ) -> Selection:  # fmt: skip
        self.require(measure, str(place))
        years = self._opened.periods() if can_be_asked(measure) else self._source.periods(measure, str(place), audience)
        return self._selection(measure, place, time_period, by, compare, part, filters, years)

    def judged(self, chosen: Selection, audience: str = "board", *, everywhere: bool = False) -> View:
        """A selection as the audience may see it: as it was released, else answered by the guard; see `answer`."""
        if chosen.on_screen:
            names = ", ".join(name for name, _ in chosen.on_screen)
            raise SendlabError(
                f"filters of your own screen ({names}) are in no figures that leave it", next_step="leave them out"
            )
        try:
            return self._released(chosen, audience)
        except SendlabError:
            if not can_be_asked(chosen.question.measure):
                raise
        asked, earlier = (
            None if one is None else figures_of(self._opened, one.question, audience, everywhere=everywhere)
            for one in (chosen, chosen.earlier)
        )
        assert asked is not None
        return View(asked, chosen, self, beside=earlier, asked=True, everywhere=everywhere)

    def ask(
        self, measure: str, *, place: str | None = None, time_period: str | None = None, by: Sequence[str] = (),
        part: str = "", audience: str = "board", **filters: str | list[str],
    ) -> Asked:  # fmt: skip
        """A measure by any groups, for an audience: answered, or refused with the nearest question that can be.

        `by`: up to three of the columns of `sendlab.disclosure.guard.COLUMNS`; `filters` name some of their values
        (`sex="Female"`); `part` is a part of the year ("Autumn term"). The answer is judged with all that was released
        before; its `.figures` are published figures. Text of a refusal: `.text`; what to ask instead: `.offered`.
        """
        where = str(place or self.places()["place_code"][0])
        year = str(time_period or self._opened.periods()[-1])
        question = ask(measure, year, [where], by=tuple(by), part=part, **filters)
        return self._opened.ask(question, audience=audience, school=where if audience == "school" else None)

    def show(self, *, measure: str | None = None, place: str | None = None, audience: str = "board") -> Any:
        """The explorer with its controls, as an ipywidgets box; they start at the measure and place named."""
        from sendlab.explore.box import explorer_box

        which, where = self._start(measure, place)
        return explorer_box(self, measure=which, place=where, audience=audience)

    def of_all_places(self, view: View) -> Published | OwnView:
        """The figures of the measure on view at all places, as protected as the view is."""
        return self._source.everywhere(view.measure, view.figures)

    # ---- how a selection gets its figures

    def _selection(
        self, measure: str, place: str, time_period: str | None, by: Sequence[str], compare: str, part: str,
        filters: dict[str, Any], periods: Sequence[str],
    ) -> Selection:  # fmt: skip
        if not periods:
            raise NothingToShow(
                f"no figures of '{card(measure).title}' for {self._opened.place_name(str(place))}",
                next_step="choose another measure or place",
            )
        wanted = str(time_period or periods[-1])
        if wanted not in periods:
            raise NothingToShow(
                f"no figures of '{card(measure).title}' in period '{wanted}'",
                next_step=f"periods: {', '.join(periods)}",
            )
        return select(measure, wanted, str(place), authority=self.authority, by=_columns(by), compare=compare,
                      part=part, filters=filters)  # fmt: skip

    def _own(self, chosen: Selection) -> View:
        """Any cohort of a measure counted from facts; of another measure what was made of it for all places."""
        if chosen.plain or not can_be_asked(chosen.question.measure):
            view = View(self._source.own(chosen.question.places[0]), chosen, self)
            return _checked(view, lambda: "no own view can be made of it")
        why_none = self._source.why_none
        return _checked(View(self.own.view(chosen), chosen, self), lambda: why_none(chosen) or "nobody is in it")

    def _released(self, chosen: Selection, audience: str) -> View:
        view = View(self._source.released(chosen, audience), chosen, self)
        return _checked(view, lambda: f"these figures were not released to the {audience}")

    def asked_everywhere(self, question: Question) -> Published:
        """The guard's answer to a question for the board, of all places. Errors: Refused."""
        return figures_of(self._opened, question, "board", everywhere=True)

    def place_name(self, place: str) -> str:
        """Name of a place."""
        return self._opened.place_name(place)

    def usual_figures(self, place: str, audience: str = "board") -> Published:
        """The figures of a place that every audience is given, by SEN provision and area of need."""
        return self._opened.published(place=place, audience=audience)

    def _start(self, measure: str | None, place: str | None) -> tuple[str, str]:
        """The measure and place named, else the first of each."""
        which, where = measure or self.measures()["measure"][0], str(place or self.places()["place_code"][0])
        self.require(which, where)
        return which, where

    def require(self, measure: str, place: str) -> None:
        """An error with the near names where there is no such measure to compare groups by, or no such place."""
        known = self.measures()
        if measure not in known["measure"]:
            hint = near_names(measure, known.select("measure", "title").iter_rows())
            raise SendlabError(f"no measure to compare groups by is called '{measure}'", next_step=hint)
        places = self.places()
        if place not in places["place_code"]:
            hint = near_names(place, places.select("place_code", "place_name").iter_rows())
            raise SendlabError(f"no place has the code '{place}'", next_step=hint)


def _checked(view: View, why: Callable[[], str]) -> View:
    """The view, if there is something to see; else why not, and what to do."""
    if view.plain:
        return view
    chosen = view.selection
    try:
        if not view.found.against and not view.own and chosen.compare in (AUTHORITY, EARLIER):
            raise NothingToShow("what it is held to was not released")
    except NothingToShow:
        can = can_be_asked(view.measure) and not view.own
        step = "have them judged with explorer.answer(...), or look for yourself with own=True"
        raise SendlabError(
            f"{card(view.measure).title}: {why()}", next_step=step if can else "choose another breakdown or cohort"
        ) from None
    return view


def _columns(by: Sequence[str]) -> tuple[str, ...]:
    return (by,) if isinstance(by, str) else tuple(by)
