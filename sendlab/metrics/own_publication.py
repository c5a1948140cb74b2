"""In which tables a workspace's own measures are published: `[[published]]` on their cards."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from sendlab.errors import SendlabError
from sendlab.metrics.added_tables import added_table, check_linked
from sendlab.metrics.cards import card
from sendlab.metrics.own_cards import PUBLISHED
from sendlab.metrics.publication import PublishedTable
from sendlab.schema.own_tables import fault

_FIELDS = ("levels", "by", "years", "periods", "items")


def own_tables(given: Mapping[str, Mapping[str, Any]], others: Sequence[PublishedTable]) -> list[PublishedTable]:
    """The tables that own cards declare, in their order, as `added_table` and `check_linked` have them.

    Errors: WorkspaceProblem that names file and field.
    """
    made = [_table(name, one, place) for name, written in given.items()
            for place, one in enumerate(_tables_of(name, written), 1)]  # fmt: skip
    for name in given:
        check_linked(card(name), [*others, *made], partial(_fault, name))
    return made


def _tables_of(name: str, written: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = written.get(PUBLISHED, [])
    if not (isinstance(found, list) and all(isinstance(one, dict) for one in found)):
        raise _fault(name, f"'{PUBLISHED}' is no list of tables", f"begin each with a line [[{PUBLISHED}]]")
    return found


def _table(name: str, one: Mapping[str, Any], place: int) -> PublishedTable:
    where = f"table {place} of [[{PUBLISHED}]]"
    return added_table(f"{card(name).title}, {where}", one, _FIELDS, partial(_fault_in, name, where), [name])


def _fault_in(name: str, where: str, what: str, next_step: str) -> SendlabError:
    return _fault(name, f"{where}: {what}", next_step)


def _fault(name: str, what: str, next_step: str) -> SendlabError:
    return fault(f"{name}.toml", what, next_step)
