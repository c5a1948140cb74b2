"""The cohort explorer as a plain class: choose a measure and a place, get chart, sentence, table and status line."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from sendlab.build.opened import open_workspace
from sendlab.disclosure import Asked
from sendlab.disclosure.guard import ask
from sendlab.disclosure.published import OWN_VIEW_MARK, OwnView, Published
from sendlab.errors import SendlabError
from sendlab.metrics.cards import card, cards
from sendlab.narrate import headline, one_row, rows_of
from sendlab.schema.labels import period_text
from sendlab.tables import figures_table

GROUPS = "sen_provision"
# The groups that the sentence may be about: the first with a figure is taken.
ABOUT = ("SEN support", "EHC plan")
NOT_KEPT = "Own view: on screen only, nothing of it is kept in this notebook."


@dataclass(frozen=True)
class ScreenOnly:
    """Part of an own view. A cell shows one line in its place, so that a saved notebook holds no unprotected figure."""

    shown: Any

    def __repr__(self) -> str:
        return NOT_KEPT


@dataclass(frozen=True)
class View:
    """One measure at one place in one period; a cell that ends in a view shows its status line."""

    figures: Published | OwnView
    measure: str
    place: str
    time_period: str

    @cached_property
    def rows(self) -> pl.DataFrame:
        """The measure rows shown: figures and gaps of all groups and areas of need."""
        return rows_of(self.figures, **self._what)

    @cached_property
    def chart(self) -> Any:
        """The chart by SEN provision; of an own view, `ScreenOnly` with the chart as `.shown`."""
        from sendlab.charts import plot_groups

        return self._kept(plot_groups(self.figures, **self._what))

    @cached_property
    def sentence(self) -> str:
        """The finding in one sentence; of an own view, with its mark."""
        with_figure = [group for group in ABOUT if (one_row(self.rows, group=group) or {}).get("value") is not None]
        text = headline(self.figures, group=[*with_figure, *ABOUT][0], **self._what)
        return f"{text} ({self.figures.mark}.)" if self.own else text

    @cached_property
    def table(self) -> Any:
        """The table twin of the chart (`ShownTable`); of an own view, `ScreenOnly` with the table as `.shown`."""
        return self._kept(figures_table(self.figures, by=GROUPS, **self._what))

    @property
    def own(self) -> bool:
        """Whether this is an analyst's own, unprotected view."""
        return isinstance(self.figures, OwnView)

    @property
    def status(self) -> str:
        """One line: what is shown, where, when, for how many pupils, and whether it is protected."""
        first, total = self.rows.row(0, named=True), one_row(self.rows)
        count = None if total is None else total["base_subjects"]
        n = "n not shown" if count is None else f"n = {count:,} pupils"
        when = period_text(self.time_period, first["time_identifier"])
        return f"{card(self.measure).title}; {first['place_name']}; {when}; {n}; {self._protection}"

    @property
    def _protection(self) -> str:
        if isinstance(self.figures, Published):
            return f"protected for audience {self.figures.audience}"
        return OWN_VIEW_MARK

    @property
    def _what(self) -> dict[str, str]:
        return {"measure": self.measure, "place": self.place, "time_period": self.time_period}

    def _kept(self, thing: Any) -> Any:
        return ScreenOnly(thing) if self.own else thing

    def __repr__(self) -> str:
        return NOT_KEPT if self.own else self.status


def shown(thing: Any) -> Any:
    """A chart or table of a view, for the screen: what is inside a `ScreenOnly`, else the thing itself.

    >>> shown(ScreenOnly("chart")), shown("chart"), ScreenOnly("chart")
    ('chart', 'chart', Own view: on screen only, nothing of it is kept in this notebook.)
    """
    return thing.shown if isinstance(thing, ScreenOnly) else thing


class CohortExplorer:
    """Any measure at any place of a workspace, without a browser; `show()` adds two controls.

    `workspace` is a folder in or below a workspace (default: the current one). With `own_view=True` figures are not
    protected: they are marked, drawn on screen only, and not kept in a saved notebook.
    """

    def __init__(self, workspace: Path | str | None = None, *, own_view: bool = False) -> None:
        self._opened, self.own_view = open_workspace(workspace), own_view

    def measures(self) -> pl.DataFrame:
        """Measures that compare groups of SEN provision and have figures here: measure, title, unit.

        What is told by question has no figure of a group.
        """
        here = set(self._opened.published().rows["measure"])
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
        return _periods(self._figures(where, "board"), which, where)

    def select(self, *, measure: str, place: str, time_period: str | None = None, audience: str = "board") -> View:
        """One measure at one place; the latest period that has figures, unless `time_period` names one.

        `place` is a place code, `time_period` an academic year such as 202526. An own view has no audience. What is
        not there is a `SendlabError` with the near names.
        """
        self._require(measure, str(place))
        view = self._figures(str(place), audience)
        periods = _periods(view, measure, str(place))
        if not periods:
            raise SendlabError(
                f"no figures of '{card(measure).title}' for {self._opened.place_name(str(place))}",
                next_step="choose another measure or place",
            )
        wanted = str(time_period or periods[-1])
        if wanted not in periods:
            raise SendlabError(
                f"no figures of '{card(measure).title}' in period '{wanted}'",
                next_step=f"periods: {', '.join(periods)}",
            )
        return View(view, measure, str(place), wanted)

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
        """The explorer with its two controls, measure and place, as an ipywidgets box; they start at those named."""
        from sendlab.explore.widgets import explorer_box

        which, where = self._start(measure, place)
        return explorer_box(self, measure=which, place=where, audience=audience)

    def _figures(self, place: str, audience: str) -> Published | OwnView:
        return self._opened.own_view() if self.own_view else self._opened.published(place=place, audience=audience)

    def _start(self, measure: str | None, place: str | None) -> tuple[str, str]:
        """The measure and place named, else the first of each."""
        which, where = measure or self.measures()["measure"][0], str(place or self.places()["place_code"][0])
        self._require(which, where)
        return which, where

    def _require(self, measure: str, place: str) -> None:
        known = self.measures()
        if measure not in known["measure"]:
            hint = near_names(measure, known.select("measure", "title").iter_rows())
            raise SendlabError(f"no measure to compare groups by is called '{measure}'", next_step=hint)
        places = self.places()
        if place not in places["place_code"]:
            hint = near_names(place, places.select("place_code", "place_name").iter_rows())
            raise SendlabError(f"no place has the code '{place}'", next_step=hint)


def _periods(view: Published | OwnView, measure: str, place: str) -> list[str]:
    """Academic years in which the measure has rows by SEN provision at the place, latest last."""
    rows = view.where(measure=measure, place_code=place, comparator="", need_area="Total", item="Total").rows
    return sorted(set(rows["time_period"]))


def near_names(wanted: str, known: Iterable[tuple[str, ...]], most: int = 5) -> str:
    """The codes whose code or name comes near to what was asked for, as the next step of an error.

    >>> near_names("alder", [("900101", "Alder Primary School"), ("900102", "Birch Primary School")])
    "did you mean '900101' (Alder Primary School)?"
    >>> near_names("zzz", [("absence", "Overall absence rate")])
    "use one of: 'absence' (Overall absence rate)"
    """
    names = {code: f"'{code}' ({name})" for code, name in known}
    lower = {text.casefold(): code for code, text in names.items()}
    sought = wanted.casefold()
    near = get_close_matches(wanted, names, n=most) + [
        code for text, code in lower.items() if sought and sought in text
    ]
    found = list(dict.fromkeys(near))[:most]
    if found:
        return f"did you mean {' or '.join(names[code] for code in found)}?"
    listed = list(names.values())
    return f"use one of: {', '.join(listed[:20])}{', ...' if len(listed) > 20 else ''}"
