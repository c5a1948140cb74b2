"""Which columns must be looked at: those asked about, and those whose released tables tell more about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sendlab.disclosure.guard.known import BASE, Cell
from sendlab.disclosure.guard.question import COLUMNS, NEEDS, Group, Question, as_group

Scopes = Mapping[str, Sequence[Cell]]  # place -> its released cells


def columns_needed(question: Question, scopes: Scopes) -> tuple[str, ...]:
    """The columns asked about, and others that cannot be left out without loss.

    Tables by other columns can be left out where they meet the columns asked about in one and the same group of
    columns, and the figures of those groups are shown at every place looked at: then whatever the groups asked about
    hold, the other tables can be filled in as they are.
    """
    kept = set(question.columns) | ({"sen_provision"} if question.of_send else set())
    while more := _told_more(kept, scopes):
        kept |= more
    if kept & set(NEEDS):
        kept.add("sen_provision")
    return tuple(name for name in COLUMNS if name in kept)


def within_columns(cells: Iterable[Cell], columns: Sequence[str]) -> list[Cell]:
    """The cells that are free in all other columns."""
    return [cell for cell in cells if {name for name, _ in cell.group} <= set(columns)]


def _told_more(kept: set[str], scopes: Scopes) -> set[str]:
    for part in _components(kept, scopes):
        if not _can_be_left_out(part, kept, scopes):
            return part
    return set()


def _components(kept: set[str], scopes: Scopes) -> list[set[str]]:
    """Columns that are not kept, together where some table crosses them."""
    parts: list[set[str]] = []
    tables = {frozenset(name for name, _ in cell.group) - kept for cells in scopes.values() for cell in cells}
    for table in sorted(tables - {frozenset()}, key=sorted):
        joined = set(table)
        for part in [one for one in parts if one & joined]:
            parts.remove(part)
            joined |= part
        parts.append(joined)
    return parts


def _can_be_left_out(part: set[str], kept: set[str], scopes: Scopes) -> bool:
    touching = [cell for cells in scopes.values() for cell in cells if {name for name, _ in cell.group} & part]
    parents = {_without(cell.group, part) for cell in touching}
    meeting = {frozenset(name for name, _ in parent) for parent in parents}
    largest = max(meeting, key=len)
    if any(not one <= largest for one in meeting):
        return False
    counts = {name for cell in touching for name, _ in cell.limits} | {BASE}
    return all(shown_at(cells, parents, counts) for cells in scopes.values())


def shown_at(cells: Sequence[Cell], groups: Iterable[Group], counts: Iterable[str]) -> bool:
    """Whether these counts of these groups are known exactly from single cells."""
    exact = {(cell.group, name) for cell in cells for name, (low, high) in cell.limits if low == high}
    wanted = list(counts)
    return all((group, name) in exact for group in groups for name in wanted)


def _without(group: Group, columns: set[str]) -> Group:
    return as_group({name: values for name, values in group if name not in columns})
