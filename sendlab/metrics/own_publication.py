"""In which tables a workspace's own measures are published: `[[published]]` on their cards, checked."""

from collections.abc import Mapping, Sequence
from typing import Any

from sendlab.errors import SendlabError, did_you_mean
from sendlab.metrics.cards import CROSSED, Card, card, cards
from sendlab.metrics.own_cards import PUBLISHED
from sendlab.metrics.publication import LA_LEVEL, SCHOOL_LEVEL, PublishedTable
from sendlab.schema.own_tables import fault

_MAY: dict[str, tuple[str, ...]] = {
    "levels": (LA_LEVEL, SCHOOL_LEVEL), "years": ("all", "latest"), "periods": ("year", "half-term"),
}  # fmt: skip
_FIELDS = ("levels", "by", "years", "periods", "items")
Held = set[tuple[str, tuple[str, ...], str, str]]


def own_tables(given: Mapping[str, Mapping[str, Any]], others: Sequence[PublishedTable]) -> list[PublishedTable]:
    """The tables that own cards declare, in their order. Errors: WorkspaceProblem that names file and field.

    A measure that another one limits (`at_most`) stands in tables in which that one stands too, and the parts of a
    whole are published all or none: protection must know both numbers.
    """
    made = [_table(name, one, place) for name, written in given.items()
            for place, one in enumerate(_tables_of(name, written), 1)]  # fmt: skip
    every = [*others, *made]
    for name in given:
        _check_limits(card(name), every)
    return made


def _tables_of(name: str, written: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = written.get(PUBLISHED, [])
    if not (isinstance(found, list) and all(isinstance(one, dict) for one in found)):
        raise _fault(name, f"'{PUBLISHED}' is no list of tables", f"begin each with a line [[{PUBLISHED}]]")
    return found


def _table(name: str, one: Mapping[str, Any], place: int) -> PublishedTable:
    where = f"table {place} of [[{PUBLISHED}]]"
    for field in one:
        if field not in _FIELDS:
            raise _fault(name, f"{where} has no field '{field}'", did_you_mean(field, _FIELDS, ", ".join(_FIELDS)))
    given = {"years": "latest", "periods": "year", "items": [], **one}
    for field in ("levels", "by", "items"):
        if not (isinstance(given.get(field), list) and all(isinstance(each, str) for each in given[field])):
            raise _fault(name, f"{where}: '{field}' is missing or no list of texts", f'write {field} = ["..."]')
    for field, may in _MAY.items():
        for value in given[field] if field == "levels" else [given[field]]:
            if value not in may:
                raise _fault(name, f"{where}: '{field}' cannot be '{value}'", f"use {' or '.join(may)}")
    by = tuple(tuple(text.split(CROSSED)) if text else () for text in given["by"])
    _check_breakdowns(name, where, by, given["levels"])
    if given["periods"] == "half-term" and "half-term" not in card(name).periods:
        raise _fault(name, f"{where} is of half terms, and the measure is not made for them",
                     'add "half-term" to its periods')  # fmt: skip
    levels, items = tuple(given["levels"]), tuple(given["items"])
    return PublishedTable(f"{card(name).title}, {where}", (name,), levels, by, given["years"], given["periods"], items)


def _check_breakdowns(name: str, where: str, by: tuple[tuple[str, ...], ...], levels: Sequence[str]) -> None:
    about = card(name)
    made = {(), *about.breakdowns, *(about.la_breakdowns if SCHOOL_LEVEL not in levels else ())}
    for columns in by:
        if columns not in made:
            known = ", ".join(CROSSED.join(one) or '""' for one in sorted(made))
            raise _fault(name, f"{where}: it is not broken down by '{CROSSED.join(columns)}' for these levels",
                         f"add that to its breakdowns, or use one of {known}")  # fmt: skip


def _check_limits(about: Card, tables: Sequence[PublishedTable]) -> None:
    for other in filter(None, (about.at_most, about.parts_of)):
        theirs = _held(other, tables)
        if theirs and not _held(about.measure, tables) <= theirs:
            raise _fault(
                about.measure, f"it is published in tables in which '{other}', which limits it, is not",
                f"use only levels, breakdowns and years in which '{other}' is published: one would be worked out from "
                "the other",
            )  # fmt: skip
    if about.parts_of and _held(about.parts_of, tables):
        parts = [name for name, each in cards().items() if each.parts_of == about.parts_of]
        if len({bool(_held(name, tables)) for name in parts}) > 1:
            raise _fault(
                about.measure, f"of the parts of '{about.parts_of}' some are published and some are not",
                f"publish all or none of {', '.join(parts)}: the last would follow from the others",
            )  # fmt: skip


def _held(measure: str, tables: Sequence[PublishedTable]) -> Held:
    years = {"latest": ("latest",), "all": ("latest", "earlier")}
    return {
        (level, by, table.periods, year) for table in tables if measure in table.measures
        for level in table.levels for by in table.by for year in years[table.years]
    }  # fmt: skip


def _fault(name: str, what: str, next_step: str) -> SendlabError:
    return fault(f"{name}.toml", what, next_step)
