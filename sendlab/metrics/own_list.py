"""The workspace's own list of published tables: publication.toml beside sendlab.toml, checked, read and added to."""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from sendlab.errors import SendlabError, WorkspaceProblem
from sendlab.metrics.added_tables import added_table, check_linked
from sendlab.metrics.cards import CROSSED, card
from sendlab.metrics.publication import PublishedTable
from sendlab.schema.own import LIST

_FIELDS = ("name", "measures", "levels", "by", "years", "periods", "items")
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
            check_linked(card(measure), every, partial(_fault, table.name))
    return made


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
    if not one.get("name") or name in taken:
        raise _fault(name, "a table needs a name that no other one has", 'write name = "..."')
    return added_table(name, one, _FIELDS, partial(_fault, name))


def _fault(name: str, what: str, next_step: str) -> SendlabError:
    return WorkspaceProblem(f"{LIST}, table '{name}': {what}", next_step=next_step)
