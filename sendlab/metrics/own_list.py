"""The workspace's own list of published tables: publication.toml beside sendlab.toml, checked, read and added to."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sendlab.errors import SendlabError, WorkspaceProblem, did_you_mean
from sendlab.metrics.cards import CROSSED, Breakdown, Card, card, cards
from sendlab.metrics.publication import LA_LEVEL, SCHOOL_LEVEL, PublishedTable
from sendlab.schema.own import LIST

_FIELDS = ("name", "measures", "levels", "by", "years", "periods", "items")
_MAY: dict[str, tuple[str, ...]] = {
    "levels": (LA_LEVEL, SCHOOL_LEVEL), "years": ("all", "latest"), "periods": ("year", "half-term"),
}  # fmt: skip
HEAD = """\
# What this authority publishes besides the tables that come with sendlab. The tables stand after those, in their order,
# within the same budget of cells; 'sendlab build' protects them all together. What has once been released stays
# released: a table that is taken out again still binds what may be shown later.
"""


def listed_tables(given: Sequence[Mapping[str, Any]], others: Sequence[PublishedTable]) -> list[PublishedTable]:
    """The tables of the list, in their order. Errors: WorkspaceProblem that names table and field.

    A measure that another one limits stands in tables in which that one stands too, and the parts of a whole are
    published all or none: protection must know both numbers.
    """
    made: list[PublishedTable] = []
    for place, one in enumerate(given, 1):
        made.append(_table(one, place, [table.name for table in (*others, *made)]))
    every = [*others, *made]
    for table in made:
        for measure in table.measures:
            _check_linked(table, card(measure), every)
    return made


def made_breakdowns(about: Card, levels: Sequence[str]) -> tuple[Breakdown, ...]:
    """The breakdowns that build makes of a measure for all these levels; () is the total."""
    return ((), *about.breakdowns, *(about.la_breakdowns if SCHOOL_LEVEL not in levels else ()))


def add_to_list(root: Path, table: PublishedTable, others: Sequence[PublishedTable]) -> Path:
    """Append a table to the workspace's list, which is made where there is none; returns its path.

    Errors: WorkspaceProblem as of `listed_tables`; nothing is written then.
    """
    lists = {name: list(getattr(table, name)) for name in ("measures", "levels", "items")}
    by = [CROSSED.join(columns) for columns in table.by]
    fields = {"name": table.name, **lists, "by": by, "years": table.years, "periods": table.periods}
    listed_tables([{name: fields[name] for name in _FIELDS}], others)
    lines = [f"{name} = {json.dumps(fields[name], ensure_ascii=False)}" for name in _FIELDS if fields[name] != []]
    path = root / LIST
    before = path.read_text(encoding="utf-8-sig").rstrip() if path.is_file() else HEAD.rstrip()
    path.write_text("\n".join([before, "", "[[table]]", *lines, ""]), encoding="utf-8", newline="\n")
    return path


def _table(one: Mapping[str, Any], place: int, taken: Sequence[str]) -> PublishedTable:
    name = str(one.get("name") or f"number {place}")
    for field in one:
        if field not in _FIELDS:
            raise _fault(name, f"no field '{field}'", did_you_mean(field, _FIELDS, f"fields: {', '.join(_FIELDS)}"))
    if not one.get("name") or name in taken:
        raise _fault(name, "a table needs a name that no other one has", 'write name = "..."')
    given = {"years": "latest", "periods": "year", "items": [], **one}
    for field in ("measures", "levels", "by", "items"):
        if not (isinstance(given.get(field), list) and all(isinstance(each, str) for each in given[field])):
            raise _fault(name, f"'{field}' is missing or no list of texts", f'write {field} = ["..."]')
    for field, may in _MAY.items():
        for value in given[field] if field == "levels" else [given[field]]:
            if value not in may:
                raise _fault(name, f"'{field}' cannot be '{value}'", f"use {' or '.join(may)}")
    by = tuple(tuple(text.split(CROSSED)) if text else () for text in given["by"])
    for measure in given["measures"]:
        _check_measure(name, measure, by, given)
    lists = {field: tuple(given[field]) for field in ("measures", "levels", "items")}
    return PublishedTable(name=name, by=by, years=given["years"], periods=given["periods"], **lists)


def _check_measure(name: str, measure: str, by: tuple[Breakdown, ...], given: Mapping[str, Any]) -> None:
    if measure not in cards():
        raise _fault(name, f"no measure is called '{measure}'", did_you_mean(measure, cards(), "see docs/measures.md"))
    made = made_breakdowns(card(measure), given["levels"])
    for columns in by:
        if columns not in made:
            known = ", ".join(CROSSED.join(one) or '""' for one in made)
            raise _fault(name, f"'{measure}' is not made by '{CROSSED.join(columns)}' for these levels", f"use {known}")
    if given["periods"] == "half-term" and "half-term" not in card(measure).periods:
        raise _fault(name, f"'{measure}' is not made for half terms", 'write periods = "year"')


def _check_linked(table: PublishedTable, about: Card, tables: Sequence[PublishedTable]) -> None:
    """Measures that limit each other are published together: the same levels, breakdowns and years of both."""
    for other in filter(None, (about.at_most, about.parts_of)):
        theirs = held_by(tables, other)
        if theirs and not held_by(tables, about.measure) <= theirs:
            raise _fault(table.name, f"'{other}', which limits '{about.measure}', is not in it",
                         f"add '{other}' to its measures: protection must know both numbers")  # fmt: skip
    if about.parts_of and held_by(tables, about.parts_of):
        parts = [name for name, each in cards().items() if each.parts_of == about.parts_of]
        if len({bool(held_by(tables, name)) for name in parts}) > 1:
            raise _fault(table.name, f"of the parts of '{about.parts_of}' some are published and some are not",
                         f"publish all or none of {', '.join(parts)}: the last follows from the others")  # fmt: skip


def held_by(tables: Sequence[PublishedTable], measure: str) -> set[tuple[str, Breakdown, str, str]]:
    """What tables hold of a measure: (level, breakdown, kind of periods, "latest" year or "earlier" ones)."""
    years = {"latest": ("latest",), "all": ("latest", "earlier")}
    return {
        (level, by, table.periods, year) for table in tables if measure in table.measures
        for level in table.levels for by in table.by for year in years[table.years]
    }  # fmt: skip


def _fault(name: str, what: str, next_step: str) -> SendlabError:
    return WorkspaceProblem(f"{LIST}, table '{name}': {what}", next_step=next_step)
