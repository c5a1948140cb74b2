"""Published tables that a workspace adds, on own cards or in its own list: what each may say, and what goes with it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sendlab.errors import SendlabError, did_you_mean
from sendlab.metrics.cards import CROSSED, Breakdown, Card, card, cards
from sendlab.metrics.publication import LA_LEVEL, SCHOOL_LEVEL, PublishedTable

LISTS = ("measures", "levels", "by", "items")
MAY: dict[str, tuple[str, ...]] = {
    "levels": (LA_LEVEL, SCHOOL_LEVEL), "years": ("all", "latest"), "periods": ("year", "half-term"),
}  # fmt: skip
Fault = Callable[[str, str], SendlabError]  # what is wrong and the next step; the file and table are its own
Held = set[tuple[str, Breakdown, str, str]]


def added_table(
    name: str, given: Mapping[str, Any], fields: Sequence[str], fault: Fault, measures: Sequence[str] = ()
) -> PublishedTable:
    """A table as it is written, checked; `fields` may stand in it. `measures`, where it is of those of its card.

    Errors: what `fault` makes of the first thing that is wrong.
    """
    for field in given:
        if field not in fields:
            raise fault(f"no field '{field}'", did_you_mean(field, fields, f"fields: {', '.join(fields)}"))
    whole = {"years": "latest", "periods": "year", "items": [], "measures": [*measures] or None, **given}
    for field in LISTS:
        if not (isinstance(whole.get(field), list) and all(isinstance(each, str) for each in whole[field])):
            raise fault(f"'{field}' is missing or no list of texts", f'write {field} = ["..."]')
    for field, may in MAY.items():
        for value in whole[field] if field == "levels" else [whole[field]]:
            if value not in may:
                raise fault(f"'{field}' cannot be '{value}'", f"use {' or '.join(may)}")
    by = tuple(tuple(text.split(CROSSED)) if text else () for text in whole["by"])
    for measure in whole["measures"]:
        _check_measure(measure, by, whole, fault)
    lists = {field: tuple(whole[field]) for field in ("measures", "levels", "items")}
    return PublishedTable(name=name, by=by, years=whole["years"], periods=whole["periods"], **lists)


def _check_measure(measure: str, by: Sequence[Breakdown], given: Mapping[str, Any], fault: Fault) -> None:
    if measure not in cards():
        raise fault(f"no measure is called '{measure}'", did_you_mean(measure, cards(), "see docs/measures.md"))
    made = made_breakdowns(card(measure), given["levels"])
    for columns in by:
        if columns not in made:
            known = ", ".join(CROSSED.join(one) or '""' for one in made)
            raise fault(f"'{measure}' is not broken down by '{CROSSED.join(columns)}' for these levels",
                        f"use one of {known}, or add it to the breakdowns of an own card")  # fmt: skip
    if given["periods"] == "half-term" and "half-term" not in card(measure).periods:
        raise fault(f"'{measure}' is not made for half terms", 'write periods = "year"')


def made_breakdowns(about: Card, levels: Sequence[str]) -> tuple[Breakdown, ...]:
    """The breakdowns that build makes of a measure for all these levels; () is the total."""
    return ((), *about.breakdowns, *(about.la_breakdowns if SCHOOL_LEVEL not in levels else ()))


def check_linked(about: Card, tables: Sequence[PublishedTable], fault: Fault) -> None:
    """Measures that limit each other are published together: the same levels, breakdowns and years of both.

    And the parts of a whole all or none. Protection must know both numbers: one follows from the other.
    """
    for other in filter(None, (about.at_most, about.parts_of)):
        theirs = held_by(tables, other)
        if theirs and not held_by(tables, about.measure) <= theirs:
            raise fault(f"'{about.measure}' stands where '{other}', which limits it, is not published",
                        f"publish '{other}' too with the same levels, breakdowns and years: one would be worked out "
                        "from the other")  # fmt: skip
    if about.parts_of and held_by(tables, about.parts_of):
        parts = [name for name, each in cards().items() if each.parts_of == about.parts_of]
        if len({bool(held_by(tables, name)) for name in parts}) > 1:
            raise fault(f"of the parts of '{about.parts_of}' some are published and some are not",
                        f"publish all or none of {', '.join(parts)}: the last follows from the others")  # fmt: skip


def held_by(tables: Sequence[PublishedTable], measure: str) -> Held:
    """What tables hold of a measure: (level, breakdown, kind of periods, "latest" year or "earlier" ones)."""
    years = {"latest": ("latest",), "all": ("latest", "earlier")}
    return {
        (level, by, table.periods, year) for table in tables if measure in table.measures
        for level in table.levels for by in table.by for year in years[table.years]
    }  # fmt: skip
