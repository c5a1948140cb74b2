"""A question to the guard: a measure in a period at places, filtered and grouped by closed lists of values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from typing import Any

from sendlab.codes import read_codes
from sendlab.errors import SendlabError
from sendlab.facts.pupils import MAJOR
from sendlab.schema.groups import (
    ALL_SEN,
    FSM,
    NEED_AREAS,
    NOT_FSM,
    NOT_RECORDED,
    NOT_YET_COLLECTED,
    SEN_PROVISION,
    SEND,
    SEX_OF_CODE,
    TOTAL,
)
from sendlab.schema.measures import GROUPS

COLUMNS = tuple(name for name in GROUPS if name != "item")  # what a question may be filtered and grouped by
NEEDS = ("need_area", "sen_primary_need")  # known of pupils with SEN only
KEY_STAGE = "key_stage"  # year groups in bands; stands in the column nc_year
MOST_COLUMNS = 3
EITHER = " or "  # between the values of a group that takes in several
Values = tuple[str, ...]
Group = tuple[tuple[str, Values], ...]  # (column, values) in the order of COLUMNS; a column that is not there is free
# Measures that can be asked about: counted from facts of pupils alone, without items of their own.
ASKABLE = (
    "absence", "authorised_absence", "unauthorised_absence", "persistent_absence", "severe_absence", "attendance_98",
    "attendance_98_apart_from_illness", "sessions_affordable", "suspension_rate", "suspended_once_or_more",
    "suspended_again", "permanent_exclusion_rate", "days_lost", "suspension_length", "part_day_suspensions",
    "ks2_rwm_expected", "ks2_rwm_higher", "ks2_rm_not_w", "ks2_writing_gap",
)  # fmt: skip


@dataclass(frozen=True)
class Question:
    """What is asked; made and checked by `ask`."""

    measure: str
    time_period: str
    places: tuple[str, ...]
    by: tuple[str, ...] = ()
    filters: Group = ()
    part: str = ""  # of the year: the facts given must be those of it; "" is the year as far as data cover it

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of facts that the question looks at, in the order of COLUMNS."""
        used = {_column(name) for name in self.by} | {name for name, _ in self.filters}
        return tuple(name for name in COLUMNS if name in used)

    @property
    def of_send(self) -> bool:
        """Whether it is about pupils with SEN only, because it asks about needs."""
        return bool(set(self.columns) & set(NEEDS))

    @property
    def within(self) -> Group:
        """The group that all figures of the answer lie in: the filters, and all SEN where needs are asked about."""
        given = dict(self.filters)
        if self.of_send:
            given.setdefault("sen_provision", SEND)
        return as_group(given)

    def code(self) -> str:
        """The question as code to run.

        >>> ask("absence", "202526", "100001", by=["sex"], sen_provision="EHC plan").code()
        'ask("absence", "202526", "100001", by=["sex"], sen_provision="EHC plan")'
        """
        places = _literal(self.places)
        by = ", by=[" + ", ".join(f'"{name}"' for name in self.by) + "]" if self.by else ""
        part = f', part="{self.part}"' if self.part else ""
        filters = "".join(f", {name}={_literal(names_of(name, values))}" for name, values in self.filters)
        return f'ask("{self.measure}", "{self.time_period}", {places}{by}{part}{filters})'

    def as_dict(self) -> dict[str, Any]:
        """The question as plain data, as the log keeps it."""
        filters = {name: list(values) for name, values in self.filters}
        return {"measure": self.measure, "time_period": self.time_period, "places": list(self.places),
                "by": list(self.by), "part": self.part, "filters": filters}  # fmt: skip

    def coarser(self, **changes: Any) -> Question:
        """The same question with something changed."""
        return replace(self, **changes)


def ask(
    measure: str, time_period: str, places: str | Sequence[str], *, by: Sequence[str] = (), part: str = "",
    **filters: str | Sequence[str],
) -> Question:  # fmt: skip
    """A checked question.

    `measure`: one of ASKABLE. `time_period`: an academic year such as 202526. `places`: codes of schools or of the LA.
    `by`: none to three columns, of COLUMNS or "key_stage" (year groups in bands). `filters`: column = value or values
    of the closed lists; "All SEN" stands for EHC plan and SEN support.
    Errors: SendlabError with the near names.

    >>> ask("absence", "202526", "100001", sen_provision="All SEN").filters
    (('sen_provision', ('EHC plan', 'SEN support')),)
    """
    _known(measure, ASKABLE, "measure that can be asked about")
    columns = [by] if isinstance(by, str) else list(by)
    for name in columns:
        _known(name, (*COLUMNS, KEY_STAGE), "column to group by")
    for name in filters:
        _known(name, COLUMNS, "column to filter by")
    used = [_column(name) for name in columns] + list(filters)
    if len(columns) > MOST_COLUMNS or len(set(used)) < len(used):
        raise SendlabError(
            f"a question groups by at most {MOST_COLUMNS} columns, and uses each column once",
            next_step="leave out a column, or ask two questions",
        )
    codes = (places,) if isinstance(places, str) else tuple(dict.fromkeys(map(str, places)))
    if not codes:
        raise SendlabError("no place to ask about", next_step="give the code of a school or of the authority")
    chosen = {name: _values(name, given) for name, given in filters.items()}
    return Question(measure, str(time_period), codes, tuple(columns), as_group(chosen), part)


def of_dict(given: Mapping[str, Any]) -> Question:
    """The question that `as_dict` wrote down."""
    return ask(given["measure"], given["time_period"], given["places"], by=given["by"], part=given["part"],
               **given["filters"])  # fmt: skip


def as_group(given: Mapping[str, Iterable[str]]) -> Group:
    """Values by column as a group: columns in their order, values sorted.

    >>> as_group({"sex": ["Male"], "sen_provision": ["SEN support", "EHC plan"]})
    (('sen_provision', ('EHC plan', 'SEN support')), ('sex', ('Male',)))
    """
    return tuple((name, tuple(sorted(set(given[name])))) for name in COLUMNS if name in given)


def group_of(labels: Mapping[str, str]) -> Group:
    """The group that the labels of a measure row stand for.

    >>> group_of({"sen_provision": "All SEN", "sex": "Male", "nc_year": "Key stage 1"})
    (('sen_provision', ('EHC plan', 'SEN support')), ('nc_year', ('1', '2')), ('sex', ('Male',)))
    """
    return as_group({name: _taken_in(name, labels[name]) for name in COLUMNS if labels.get(name, TOTAL) != TOTAL})


def names_of(column: str, values: Values) -> Values:
    """The values as one would write them: All SEN and key stages by their names.

    >>> names_of("sen_provision", SEND), names_of("sex", ("Female", "Male"))
    (('All SEN',), ('Female', 'Male'))
    """
    text = label(column, values)
    return values if EITHER in text else (text,)


def label(column: str, values: Iterable[str]) -> str:
    """How a group of values stands in a measure row: the reverse of `group_of`.

    >>> label("sen_provision", SEND), label("nc_year", ["1", "2"]), label("sex", ["Male", "Female"])
    ('All SEN', 'Key stage 1', 'Female or Male')
    """
    chosen = tuple(sorted(values))
    if column == "sen_provision" and chosen == tuple(sorted(SEND)):
        return ALL_SEN
    bands = {tuple(sorted(years)): name for name, years in key_stages().items()} if column == "nc_year" else {}
    return bands.get(chosen, EITHER.join(chosen))


@cache
def key_stages() -> dict[str, Values]:
    """Year groups of each key stage (codes/key_stage.csv).

    >>> key_stages()["Key stage 2"]
    ('3', '4', '5', '6')
    """
    return {line.label: tuple(line.notes["years"].split()) for line in read_codes("key_stage")}


@cache
def closed_list(column: str) -> Values:
    """The values that a column may be filtered by.

    >>> closed_list("sex")
    ('Male', 'Female', 'Unknown')
    """
    lists = {
        "sen_provision": SEN_PROVISION, "need_area": (*NEED_AREAS, NOT_YET_COLLECTED),
        "sen_primary_need": (*_codes("sen_need_type"), "Not reported", NOT_YET_COLLECTED),
        "nc_year": _codes("nc_year"), "sex": (*SEX_OF_CODE.values(), "Unknown"),
        "fsm_status": (FSM, NOT_FSM, NOT_RECORDED),
        "ethnicity_major": (*dict.fromkeys(MAJOR.values()), "Unclassified", NOT_YET_COLLECTED),
    }  # fmt: skip
    return tuple(lists[column])


def _codes(name: str) -> Values:
    return tuple(dict.fromkeys(line.code for line in read_codes(name)))


def _values(column: str, given: str | Sequence[str]) -> Values:
    """The values of a filter, names of several (All SEN, a key stage) taken apart."""
    found: list[str] = []
    for value in [given] if isinstance(given, str) else given:
        found += _taken_in(column, str(value))
    for value in found:
        _known(value, closed_list(column), f"value of {column}")
    return tuple(found)


def _taken_in(column: str, text: str) -> Values:
    if column == "sen_provision" and text == ALL_SEN:
        return SEND
    if column == "nc_year" and text in key_stages():
        return key_stages()[text]
    return tuple(text.split(EITHER))


def _column(name: str) -> str:
    return "nc_year" if name == KEY_STAGE else name


def _literal(values: Values) -> str:
    quoted = [f'"{value}"' for value in values]
    return quoted[0] if len(quoted) == 1 else f"[{', '.join(quoted)}]"


def _known(name: str, names: Sequence[str], what: str) -> None:
    if name not in names:
        near = get_close_matches(name, names, n=3) or names
        raise SendlabError(f"'{name}' is no {what}", next_step=f"choose from {', '.join(near)}")
