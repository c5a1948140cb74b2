"""What is on view: a question as the guard knows it, what it is held to, and filters of the analyst's own screen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from sendlab.disclosure.guard import ASKABLE, COLUMNS, KEY_STAGE, Question, ask, closed_list
from sendlab.disclosure.guard.question import names_of
from sendlab.errors import NothingToShow, SendlabError, did_you_mean
from sendlab.metrics.cards import card
from sendlab.narrate.answers import AUTHORITY, EARLIER, column_of, year_before
from sendlab.schema.groups import NOT_RECORDED

# Columns that no question to the guard may use: they are joined to facts for the analyst's own screen. {column: values}
BANDS = ("98% and above", "over 90% to 98%", "missed a tenth to half", "missed half or more", "no attendance data")
ON_SCREEN: dict[str, tuple[str, ...]] = {
    "first_language": ("English", "Other than English", NOT_RECORDED),
    "left_care": ("Left care", "Not declared", NOT_RECORDED),
    "attendance_band": BANDS,
}
INTERVENTION = "intervention"  # those who had any of the named ones in the year
NAMES = {
    "sen_provision": "SEN provision", "need_area": "Area of need", "sen_primary_need": "Primary need",
    "nc_year": "Year group", KEY_STAGE: "Key stage", "sex": "Sex", "fsm_status": "Free school meals",
    "ethnicity_major": "Ethnic group", "first_language": "First language",
    "left_care": "Left care", "attendance_band": "Attendance",
    INTERVENTION: "Intervention",
}  # fmt: skip
TOLD_BY = ("sen_provision", "need_area")  # by which every measure of groups is told
_NONE: Mapping[str, Any] = MappingProxyType({})
HELD_TO = ("", AUTHORITY, EARLIER)  # besides the values of the first column that is broken down by


Chosen = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Selection:
    """A question, what its figures are held to, and the filters that only the analyst's own screen knows."""

    question: Question
    compare: str = ""
    on_screen: Chosen = ()
    only: Chosen = ()  # groups of the columns asked by that are wanted; the others are left out of what is shown

    @property
    def plain(self) -> bool:
        """Whether it is the usual table by SEN provision of everybody, with nothing else asked for."""
        asked = self.question
        more = asked.filters or asked.part or self.compare or self.on_screen or self.only
        return asked.by == ("sen_provision",) and not more

    @property
    def also(self) -> tuple[str, ...]:
        """The filters of the own screen, as readers call them."""
        return tuple(" or ".join(values) for _, values in self.on_screen)

    @property
    def earlier(self) -> Selection | None:
        """The same of the year before, where figures are held to it."""
        if self.compare != EARLIER:
            return None
        return replace(self, question=self.question.coarser(time_period=year_before(self.question.time_period)))

    def code(self, *, own: bool, audience: str, asked: bool = False) -> str:
        """The call of the explorer that gives this selection: `select`, or `answer` where the guard is asked."""
        question = self.question
        given: dict[str, Any] = {"measure": question.measure, "place": question.places[0],
                                 "time_period": question.time_period, "by": list(question.by)}  # fmt: skip
        given |= {"compare": self.compare} if self.compare else {}
        given |= {"part": question.part} if question.part else {}
        given |= {name: _short(names_of(name, values)) for name, values in question.filters}
        given |= {name: _short(values) for name, values in (*self.only, *self.on_screen)}
        given |= {"own": True} if own else ({"audience": audience} if audience != "board" else {})
        words = ", ".join(f"{name}={_literal(value)}" for name, value in given.items())
        return f"explorer.{'answer' if asked else 'select'}({words})"

    def as_dict(self) -> dict[str, Any]:
        """The selection as plain data, as a file of a view holds it."""
        asked = self.question
        fixed = {name: list(names_of(name, values)) for name, values in asked.filters}
        return {
            "measure": asked.measure, "place": asked.places[0], "time_period": asked.time_period, "part": asked.part,
            "by": list(asked.by), "compare": self.compare,
            "filters": fixed | {name: list(values) for name, values in self.only},
            "own_filters": {name: list(values) for name, values in self.on_screen},
        }  # fmt: skip

    def without_own_filters(self) -> Selection:
        """The same without the filters that only the analyst's own screen knows."""
        return replace(self, on_screen=())


def of_dict(given: Mapping[str, Any], *, authority: str) -> Selection:
    """The selection that `as_dict` wrote down, checked anew. Errors: SendlabError for what is missing or not known."""
    try:
        return select(
            given["measure"], given["time_period"], given["place"], authority=authority, by=given["by"],
            compare=given["compare"], part=given["part"], filters={**given["filters"], **given["own_filters"]},
        )  # fmt: skip
    except (KeyError, TypeError, AttributeError) as fault:
        raise SendlabError(
            f"this is no saved view ({type(fault).__name__})", next_step="save one in the explorer: view.save(FILE)"
        ) from None


def _short(values: Sequence[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else list(values)


def _literal(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    return str(value) if isinstance(value, bool) else '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def select(
    measure: str, time_period: str, place: str, *, authority: str, by: Sequence[str] = (), compare: str = "",
    part: str = "", filters: Mapping[str, str | Sequence[str]] = _NONE,
) -> Selection:  # fmt: skip
    """A checked selection. Errors: SendlabError with the near names for what is no column, value or comparator."""
    wanted = {name: values for name, values in filters.items() if values not in (None, "", [], ())}
    for name in wanted:
        if name not in NAMES or name == KEY_STAGE:
            hint = did_you_mean(
                name, [*COLUMNS, *ON_SCREEN, INTERVENTION], f"columns: {', '.join([*COLUMNS, *ON_SCREEN])}"
            )
            raise SendlabError(f"'{name}' is no column to filter by", next_step=hint)
    on_screen = {name: _as_values(values) for name, values in wanted.items() if name not in COLUMNS}
    for name, values in on_screen.items():
        _require_values(name, values)
    places = [place, authority] if compare == AUTHORITY and place != authority else [place]
    shown_by = {column_of(name) for name in by}
    asked = {name: values for name, values in wanted.items() if name in COLUMNS and name not in shown_by}
    only = {name: _as_values(values) for name, values in wanted.items() if name in shown_by}
    for name, values in only.items():
        _require_values(name, values)
    question = _question(measure, time_period, places, by, part, asked)
    _require_comparator(compare, question, place == authority)
    return Selection(question, compare, _in_order(on_screen), _in_order(only))


def _in_order(chosen: Mapping[str, tuple[str, ...]]) -> Chosen:
    return tuple((name, chosen[name]) for name in NAMES if name in chosen)


def _question(
    measure: str, time_period: str, places: Sequence[str], by: Sequence[str], part: str, filters: Mapping[str, Any]
) -> Question:
    """A question the guard can be asked; of measures not counted from pupils' facts, what is made of them anyway."""
    if can_be_asked(measure):
        return ask(measure, time_period, places, by=by, part=part, **filters)
    if filters or not set(by) <= set(TOLD_BY):
        raise SendlabError(
            f"'{card(measure).title}' is told by SEN provision and area of need only",
            next_step="leave out other columns and filters, or choose a measure of attendance or exclusions",
        )
    return Question(measure, time_period, tuple(places), tuple(by), (), part)


def _as_values(given: str | Iterable[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(map(str, given))


def _require_values(column: str, values: Sequence[str]) -> None:
    for value in values:
        known = ON_SCREEN[column] if column in ON_SCREEN else () if column == INTERVENTION else closed_list(column)
        if known and value not in known:
            hint = did_you_mean(value, known, f"use {', '.join(known)}")
            raise SendlabError(f"'{value}' is no value of {column}", next_step=hint)


def _require_comparator(compare: str, question: Question, whole: bool) -> None:
    if compare in HELD_TO:
        if compare == AUTHORITY and whole:
            raise NothingToShow(
                "the authority is not held to itself", next_step="choose a school, or another comparator"
            )
        return
    groups = groups_of(question.by[0]) if question.by else ()
    if compare not in groups:
        known = [*HELD_TO[1:], *groups]
        raise SendlabError(
            f"nothing called '{compare}' to compare with",
            next_step=did_you_mean(compare, known, f"use {', '.join(known)}"),
        )


def groups_of(column: str) -> tuple[str, ...]:
    """The groups that a breakdown by a column has."""
    from sendlab.disclosure.guard.question import key_stages

    return tuple(key_stages()) if column == KEY_STAGE else closed_list(column)


def can_be_asked(measure: str) -> bool:
    """Whether a measure is counted from pupils' facts, so that any cohort of them has a figure."""
    return measure in ASKABLE
