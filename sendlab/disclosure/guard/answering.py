"""A question answered for an audience, or refused with the nearest grouping that the audience has already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property
from typing import Any

import numpy as np
import polars as pl

from sendlab.disclosure.audit.intervals import Contradiction
from sendlab.disclosure.guard.atoms import TooMany
from sendlab.disclosure.guard.counted import facts_of_year, figures, has_figures
from sendlab.disclosure.guard.judge import AtAuthority, AtSchool
from sendlab.disclosure.guard.known import BASE, Cell, cell_of, family, released_rows
from sendlab.disclosure.guard.ladder import ladder, nearest_known
from sendlab.disclosure.guard.listed import listed_rows
from sendlab.disclosure.guard.log import Entry, Log, frame_of
from sendlab.disclosure.guard.pattern import Figure, choose_hidden, differs_by_few, must_hide
from sendlab.disclosure.guard.question import ASKABLE, Question
from sendlab.disclosure.guard.setting import Setting
from sendlab.disclosure.guard.shown import shown_rows
from sendlab.disclosure.guard.together import Together
from sendlab.disclosure.guard.words import answered, refusal
from sendlab.disclosure.published import HIDDEN
from sendlab.errors import GateError, NothingToShow, SendlabError
from sendlab.metrics.cards import card
from sendlab.schema.labels import period_text

AUDIENCES = ("board", "school")


@dataclass(frozen=True)
class Answer:
    """What an audience is given: rows in the columns of published figures, or a refusal with what to ask instead."""

    question: Question
    rows: pl.DataFrame
    refused: bool
    text: str
    offered: Question | None
    entry: Entry  # for the log


def answer(
    question: Question, facts: pl.DataFrame, released: pl.DataFrame, log: Log, *, audience: str, threshold: int,
    today: date, own_place: str = "",
) -> Answer:  # fmt: skip
    """The answer to a question, judged with all that was released to the audience before.

    `facts`: rows of `make_facts` of all years (of a part of the year where the question names one). `released`: rows of
    the figures published for the audience. `log`: of `read_log`. `audience`: "board", or "school" with its own place,
    whose own figures are plain. `threshold`: fewest people that a count may show. A question answered or refused
    before gets the same answer again.
    Errors: GateError for an audience that is not there; SendlabError for a place or year without data; NothingToShow
    for a measure that the authority has no figure of in that year.
    """
    _require_audience(audience, own_place, threshold)
    earlier = log.earlier(question, audience, own_place)
    if earlier is not None:
        return Answer(question, earlier.rows, earlier.refused, earlier.text, earlier.offered, earlier)
    return _Asking(question, facts, released, log, audience, own_place, threshold, today).answer()


def _require_audience(audience: str, own_place: str, threshold: int) -> None:
    if audience not in AUDIENCES or (audience == "school") != bool(own_place):
        raise GateError(
            f"no questions are answered for audience '{audience}'" if audience not in AUDIENCES else
            "the audience school, and no other, is one school with a place of its own",
            next_step='use audience="board", or audience="school" with own_place="<code>"',
        )  # fmt: skip
    if threshold < 2:
        raise GateError("a threshold below 2 hides nothing", next_step="use the threshold of the audience")


class _Asking:
    """One question on its way to an answer."""

    def __init__(
        self, question: Question, facts: pl.DataFrame, released: pl.DataFrame, log: Log, audience: str, own_place: str,
        threshold: int, today: date,
    ) -> None:  # fmt: skip
        self.question, self.facts = question, facts_of_year(facts, question.time_period)
        self.audience, self.own_place, self.threshold, self.today = audience, own_place, threshold, today
        if self.facts.is_empty():
            years = sorted(facts["time_period"].unique())
            raise SendlabError(f"no data of the year '{question.time_period}'", next_step=f"years: {', '.join(years)}")
        self.la_code = str(self.facts["la_code"][0])
        self._require_places()
        self.exact = figures(question, self.facts)
        self._require_figures()
        self.released, self.entries = released, log.of(audience, own_place)
        self.now: dict[str, list[Cell]] = {}  # decided in this answer
        self.told = cache(self._told)
        self._other_side = cache(self._set_against)

    def _require_places(self) -> None:
        known = {self.la_code, *self.facts["place_code"].unique()}
        for place in self.question.places:
            if place not in known:
                raise SendlabError(
                    f"no place has the code '{place}' in this year", next_step="see open_workspace().places()"
                )

    def _require_figures(self) -> None:
        """What nobody here has a figure of was not collected, and is told as that: nothing is kept back."""
        if self.exact["value"].is_null().all() and not has_figures(self.question, self.facts):
            year = period_text(self.question.time_period, self.question.part)
            raise NothingToShow(f"no figures of '{card(self.question.measure).title}' for {year}: none were collected")

    def _told(self, place: str) -> list[Cell]:
        """Cells of a place that were released to the audience, of the same part of the year."""
        return [
            cell_of({**row, "guarded": guarded})
            for guarded, rows in self._by_place
            for row in (rows[(place,)].iter_rows(named=True) if (place,) in rows else ())
        ]

    @cached_property
    def _by_place(self) -> list[tuple[bool, dict[tuple[Any, ...], pl.DataFrame]]]:
        """Released rows by place: published ones, then those of earlier answers, whose hidden groups may be empty."""
        identifier = self.exact["time_identifier"][0] if self.exact.height else ""
        period = self.question.time_period, identifier
        answers = pl.concat([frame_of([]), *(entry.rows for entry in self.entries)])
        return [
            (guarded, released_rows(rows, self.question.measure, *period).partition_by("place_code", as_dict=True))
            for guarded, rows in ((False, self.released), (True, answers))
        ]

    @cached_property
    def measures(self) -> tuple[str, ...]:
        """The measure asked about, and those tied to it that the audience was told of."""
        parts = [rows for _, by_place in self._by_place for rows in by_place.values()]
        told = {measure for rows in parts for measure in rows["measure"].unique()}
        return family(self.question.measure, [name for name in ASKABLE if name in told])

    def _told_now(self, place: str) -> list[Cell]:
        return [*self.told(place), *self.now.get(place, [])]

    def answer(self) -> Answer:
        """Decide place by place, the authority first: what it is told of counts for its schools."""
        parts: list[pl.DataFrame] = []
        refused = []
        for place in sorted(self.question.places, key=lambda one: one != self.la_code):
            rows = self._plain(place) if place == self.own_place else self._decided(place)
            refused.append(rows is None)
            parts.append(self._nothing(place) if rows is None else rows)
            self.now[place] = [cell_of({**row, "guarded": True}) for row in parts[-1].iter_rows(named=True)]
        return self._refusal() if all(refused) else self._answer(pl.concat(parts))

    def _answer(self, rows: pl.DataFrame) -> Answer:
        text = answered(self.question, audience=self.audience, hidden=bool((rows["status"] == HIDDEN).any()))
        return self._made(rows, False, text, None)

    def _refusal(self) -> Answer:
        """What is offered is chosen by what was released, and by nothing else."""
        rungs = ladder(self.question, self.la_code)
        cells = [cell for place in sorted({*self.question.places, self.la_code}) for cell in self.told(place)]
        whole = self.question.coarser(places=(self.la_code,), by=(), filters=())
        offered = nearest_known(rungs, cells) or (whole if whole != self.question else None)
        text = refusal(self.question, offered, self.threshold, audience=self.audience)
        return self._made(frame_of([]), True, text, offered)

    def _made(self, rows: pl.DataFrame, refused: bool, text: str, offered: Question | None) -> Answer:
        entry = Entry(self.audience, self.own_place, self.today, self.question, refused, text, offered, rows)
        return Answer(self.question, rows, refused, text, offered, entry)

    def _plain(self, place: str) -> pl.DataFrame:
        rows = self.exact.filter(pl.col("place_code") == place).to_dicts()
        return shown_rows(rows, [False] * len(rows))

    def _nothing(self, place: str) -> pl.DataFrame:
        rows = [one.row for one in self._figures(place)]
        return shown_rows(rows, [True] * len(rows))

    def _decided(self, place: str) -> pl.DataFrame | None:
        """Rows of a place with what must be hidden hidden; None where too little would be left."""
        found = self._figures(place)
        hidden = self._hidden(place, found)
        if hidden is None:
            return None
        own = [one for one in found if not one.settled]
        rows = shown_rows([one.row for one in own], [at in hidden for at, one in enumerate(found) if not one.settled])
        return pl.concat([rows, frame_of(one.released for one in found if one.released is not None)])

    def _hidden(self, place: str, found: Sequence[Figure]) -> frozenset[int] | None:
        cells = [one.cell for one in found]
        if self.question.by and all(one.total for one in found):
            return None

        def shown(hidden: frozenset[int]) -> list[Cell]:
            return [cell for at, cell in enumerate(cells) if at not in hidden and not found[at].settled]

        if all(one.settled for one in found):
            return choose_hidden(found, lambda _: True, lambda _: True)
        try:
            judge = self._judge(place, cells)
        except (TooMany, Contradiction):  # too much to judge, or releases that are not of these facts: not safe
            return None
        return choose_hidden(found, lambda some: judge.quick(shown(some)), lambda some: judge.safe(shown(some)))

    def _judge(self, place: str, cells: Sequence[Cell]) -> Together | AtAuthority | AtSchool:
        """All schools are unknown at once where they are few; else some at a time."""
        try:
            return Together(self._setting(), place, cells)
        except TooMany:
            if place == self.la_code:
                return AtAuthority(self._setting(), cells)
            return AtSchool(self._setting(), place, cells)

    def _setting(self) -> Setting:
        return Setting(self.question, self.facts, self.measures, self.la_code, self.threshold, self._told_now,
                       self._schools)  # fmt: skip

    @cached_property
    def _schools(self) -> tuple[str, ...]:
        """Schools other than the reader's own."""
        return tuple(sorted(set(self.facts["place_code"].drop_nulls()) - {self.own_place}))

    def _figures(self, place: str) -> list[Figure]:
        """The figures of a place, groups of nobody among them, each with what was released of it."""
        rows = listed_rows(self.question, self.facts, self.exact, place, self.threshold)
        released = {cell.key: cell.row for cell in self.told(place)}
        about = card(self.question.measure)
        others = self._other_side(place)
        made = []
        for row in rows:
            cell = cell_of({**row, "eligible_subjects": None})
            few = must_hide(row, about, self.threshold)
            few |= any(self._few_between(cell, other, place) for other in others if other.group == cell.group)
            total = cell.group == self.question.within
            made.append(Figure(row, cell, total, released.get(cell.key), few))
        return made

    def _set_against(self, place: str) -> list[Cell]:
        """Figures that are set against these by subtraction: of the authority, or of every school asked or released."""
        if place != self.la_code:
            return [cell for cell in self._told_now(self.la_code) if cell.measure == self.question.measure]
        return [cell for school in self._schools for cell in self.told(school) if cell.measure == self.question.measure]

    def _few_between(self, cell: Cell, other: Cell, place: str) -> bool:
        one, two = dict(cell.limits), dict(other.limits)
        names = [BASE] if card(self.question.measure).kind in ("mean", "sum") else [BASE, self.question.measure]
        exact = [name for name in names if name in one and name in two and two[name][0] == two[name][1]]
        own, others = (np.array([side[name][0] for name in exact], dtype=np.float64) for side in (one, two))
        inner, outer = (others, own) if place == self.la_code else (own, others)
        return differs_by_few(inner, outer, self.threshold)
