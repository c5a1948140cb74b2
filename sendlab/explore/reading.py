"""Names as people write them, and what the words of a question say: measure, cohort, breakdown, comparator."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from sendlab.codes import labels
from sendlab.disclosure.guard import COLUMNS, KEY_STAGE
from sendlab.disclosure.guard.question import key_stages
from sendlab.errors import SendlabError, did_you_mean
from sendlab.explore.selection import NAMES, groups_of
from sendlab.metrics.cards import card
from sendlab.narrate.answers import column_of, value_words
from sendlab.schema.groups import ALL_SEN

ASKED_BY = (*COLUMNS, KEY_STAGE)


@dataclass
class Understood:
    """What is known of a question so far; what is empty is not known or not wanted."""

    measure: str = ""
    by: list[str] = field(default_factory=list)
    compare: str = ""
    filters: dict[str, list[str]] = field(default_factory=dict)  # of a column in `by`: the groups told of


@dataclass(frozen=True)
class _Found:
    """A phrase in a question: where it begins, which list it is of, what it means."""

    at: int
    kind: str
    meaning: str


# ---- a question in words


def read_question(text: str) -> Understood:
    """What the words of a question say without doubt.

    >>> found = read_question("Do pupils with SLCN in Year 7 miss more sessions than in Year 6?")
    >>> found.measure, found.by, found.compare, found.filters
    ('absence', ['nc_year'], '6', {'sen_primary_need': ['SLCN'], 'nc_year': ['7', '6']})
    """
    found = _phrases(text.casefold())
    measures = {one.meaning for one in found if one.kind == "measures"}
    known = Understood(measure=measures.pop() if len(measures) == 1 else "")
    known.by = list(dict.fromkeys(one.meaning for one in found if one.kind == "columns"))
    values: dict[str, list[_Found]] = {}
    for one in found:
        if one.kind in COLUMNS:
            values.setdefault(one.kind, []).append(one)
    then = min((one.at for one in found if one.kind == "then"), default=len(text))
    _compare(known, values, then)
    fixed = [one.meaning for one in found if one.kind == "comparators"]
    known.compare = known.compare or (fixed[0] if fixed else "")
    known.filters |= {name: [one.meaning for one in some] for name, some in values.items() if name not in known.by}
    known.filters = {name: known.filters[name] for name in [*values, *known.by] if name in known.filters}
    return known


def _compare(known: Understood, values: Mapping[str, list[_Found]], then: int) -> None:
    """The column along which two groups are compared, what is told of, and what that is held to."""
    for name, found in values.items():
        after = [one.meaning for one in found if one.at > then]
        before = [one.meaning for one in found if one.at <= then]
        both = list(dict.fromkeys([*before, *after]))
        if len(after) == 1 and (before or name == "sen_provision"):
            told, held = before, after[0]
        elif not after and len(both) > 1:
            told, held = both[:-1], both[-1]
        else:
            continue
        if held in told:
            continue  # the same on both sides: it says who is asked about
        if held in groups_of(name):
            groups = [one for one in told if one in groups_of(name)]
            known.compare, known.filters = held, {name: [*groups, held]} if groups else {}
            known.by = [name, *(one for one in known.by if one != name)]
            return


def _phrases(text: str) -> list[_Found]:
    """Phrases of the word lists in a text, the longest first taken; none within another."""
    taken, found = [False] * len(text), []
    for phrase, kind, meaning in _known_phrases():
        for match in re.finditer(rf"(?<!\w){re.escape(phrase)}(?!\w)", text):
            if not any(taken[match.start() : match.end()]):
                taken[match.start() : match.end()] = [True] * (match.end() - match.start())
                found.append(_Found(match.start(), kind, meaning))
    return sorted(found, key=lambda one: one.at)


@cache
def _words() -> dict[str, Any]:
    return tomllib.loads((files(__package__) / "words.toml").read_text(encoding="utf-8"))


@cache
def _known_phrases() -> list[tuple[str, str, str]]:
    """(phrase, kind, meaning), the longest first. The kind of a value is its column."""
    given = _words()
    found = [(phrase, kind, name) for kind in ("measures", "columns", "comparators") for name, some in
             given[kind].items() for phrase in some if len(phrase) > 4 or kind == "measures"]  # fmt: skip
    for column, values in given["values"].items():
        found += [(phrase, column, value) for value, some in values.items() for phrase in some]
    found += [(f"year {number}", "nc_year", str(number)) for number in range(1, 15)]
    found += [(label.casefold(), "sen_primary_need", code) for code, label in labels("sen_need_type").items()]
    found += [(area.casefold(), "need_area", area) for area in groups_of("need_area")]
    found += [(word, "then", word) for word in given["then"]["words"]]
    return sorted(found, key=lambda one: -len(one[0]))


def completed(
    text: str, *, by: Iterable[str] = (), where: Iterable[str] = (), compare: str = "", only: Iterable[str] = ()
) -> Understood:
    """What the words of a question say, with what is given besides, which comes first. Errors: as of the names below.

    A column given that the words name one value of, while they compare along another, says who is asked about.
    """
    known = read_question(text)
    for name in dict.fromkeys(map(column_named, by)):
        named = known.filters.get(name, [])
        if name not in known.by and not (known.compare and known.by and len(named) == 1):
            known.by.append(name)
    for column, value in map(condition_named, where):
        if column in known.by and known.compare not in groups_of(column):
            known.by.remove(column)
        given = known.filters.setdefault(column, [])
        known.filters[column] = [*given, value] if value not in given else given
    if compare:
        known.compare = comparator_named(known.by, compare)
    for name, value in (_group_named(known.by, text) for text in only):
        known.filters[name] = [*known.filters.get(name, []), value]
    _with_compared(known)
    return known


def _with_compared(known: Understood) -> None:
    """Of a column broken down by, what is told of are its groups, and among them the one compared with."""
    for name in known.by:
        told = [value for value in known.filters.pop(column_of(name), []) if value in groups_of(name)]
        known.filters |= {column_of(name): told} if told else {}
    first = column_of(known.by[0]) if known.by else ""
    told = known.filters.get(first, [])
    if told and known.compare in groups_of(first) and known.compare not in told:
        told.append(known.compare)


def _group_named(by: Iterable[str], text: str) -> tuple[str, str]:
    """A column broken down by, and one of its values."""
    fault = SendlabError(f"nothing is broken down, so there is no group '{text}'", next_step="name --by")
    for name in by:
        try:
            return column_of(name), value_named(name, text)
        except SendlabError as unknown:
            fault = unknown
    raise fault


# ---- one name


def measure_of(text: str, known: Iterable[str]) -> str:
    """A measure by its name, words of its title, or what people call it. Errors: SendlabError with the near names.

    >>> measure_of("absence_percent", ["absence"]), measure_of("Severe absence", ["absence", "severe_absence"])
    ('absence', 'severe_absence')
    """
    names, wanted = list(known), _plain(text)
    exact = [name for name in names if wanted in (_plain(name), _plain(card(name).title))]
    called = [name for name in names if text.casefold() in _words()["measures"].get(name, ())]
    words = [name for name in names if set(wanted.split()) <= set(_plain(card(name).title).split())]
    for found in (exact, called, words):
        if len(found) == 1:
            return found[0]
    near = {_plain(name): name for name in names} | {_plain(card(name).title): name for name in names}
    hint = did_you_mean(wanted, near, f"use one of {', '.join(names)}")
    for words_of, name in near.items():
        hint = re.sub(rf"\b{re.escape(words_of)}(?= or |\?)", name, hint)
    if words:
        hint = f"did you mean {' or '.join(words)}?"
    raise SendlabError(f"no measure is called '{text}'", next_step=hint)


def column_named(text: str) -> str:
    """A column to break down or filter by, by its name or what people call it.

    >>> column_named("primary need"), column_named("nc_year"), column_named("gender")
    ('sen_primary_need', 'nc_year', 'sex')
    """
    wanted = text.casefold().strip()
    for name in ASKED_BY:
        if wanted in (name, NAMES[name].casefold(), *_words()["columns"].get(name, ())):
            return name
    raise SendlabError(
        f"'{text}' is no column to break down or filter by",
        next_step=did_you_mean(wanted, ASKED_BY, f"use one of {', '.join(ASKED_BY)}"),
    )


def value_named(column: str, text: str) -> str:
    """A value of a column, by its code or what people call it.

    >>> value_named("nc_year", "Year 7"), value_named("sex", "girls"), value_named("sen_primary_need", "slcn")
    ('7', 'Female', 'SLCN')
    """
    wanted = text.casefold().strip()
    bands = [*key_stages()] if column == "nc_year" else [ALL_SEN] if column == "sen_provision" else []
    for value in [*groups_of(column), *bands]:
        called = _words()["values"].get(column, {}).get(value, ())
        if wanted in (value.casefold(), value_words(column, value).casefold(), *called):
            return value
    names = [value_words(column, value) for value in groups_of(column)]
    known = list(dict.fromkeys([*groups_of(column), *names]))
    raise SendlabError(
        f"'{text}' is no value of {column}", next_step=did_you_mean(text, known, f"use one of {', '.join(names)}")
    )


def comparator_named(by: Iterable[str], text: str) -> str:
    """What figures are held to: a value of the first column broken down by, the whole authority, a year earlier."""
    wanted = text.casefold().strip()
    for name, called in _words()["comparators"].items():
        if wanted in (name.casefold(), *called):
            return str(name)
    first = next(iter(by), None)
    if first is None:
        raise SendlabError(f"nothing is broken down, so there is no group '{text}' to compare with",
                           next_step="name --by, or compare with 'A year earlier'")  # fmt: skip
    return value_named(first, text)


def condition_named(text: str) -> tuple[str, str]:
    """A condition `column=value`, or a value that one column alone has.

    >>> condition_named("sen_primary_need=SLCN"), condition_named("girls")
    (('sen_primary_need', 'SLCN'), ('sex', 'Female'))
    """
    column, equals, value = text.partition("=")
    if equals:
        name = column_named(column)
        if name == KEY_STAGE:
            name = "nc_year"
        return name, value_named(name, value)
    found = []
    for name in COLUMNS:
        try:
            found.append((name, value_named(name, text)))
        except SendlabError:
            continue
    if len(found) != 1:
        raise SendlabError(f"'{text}' is no condition", next_step='write column=value, such as "sex=Female"')
    return found[0]


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[^a-z0-9]+", " ", text.casefold()).split())
