"""What a judgement is made from: the question, facts, what the audience was told, and the atoms of these."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from sendlab.disclosure.guard.atoms import MOST_ATOMS, Atoms, classes_of, make_atoms
from sendlab.disclosure.guard.counted import atom_counts, values_here
from sendlab.disclosure.guard.goals import single_groups
from sendlab.disclosure.guard.known import Cell
from sendlab.disclosure.guard.question import Group, Question
from sendlab.disclosure.guard.reduced import columns_needed, within_columns

Singles = dict[str, list[Group]]


@dataclass(frozen=True)
class Setting:
    """What a judgement is made from."""

    question: Question
    facts: pl.DataFrame  # of the academic year
    measures: tuple[str, ...]  # the one asked about, and those tied to it
    la_code: str
    threshold: int
    told: Callable[[str], list[Cell]]  # what the audience was told of a place
    schools: tuple[str, ...]  # those that may be taken for unknown

    def columns(self, places: Iterable[str]) -> tuple[str, ...]:
        """Columns that must be looked at where these places are unknown."""
        return columns_needed(self.question, {place: self.told(place) for place in (*places, self.la_code)})

    def asked(self, singles: Mapping[str, list[Group]]) -> Singles:
        """Those of the single groups that the question is about."""
        columns = {*self.question.columns, *(["sen_provision"] if self.question.of_send else [])}
        return {name: some for name, some in singles.items() if name in columns}

    def partners(self, place: str, columns: Sequence[str]) -> list[str]:
        """Other schools: those with most figures hidden where this one has, in turn with those of its own phase."""
        own = self._hidden(place, columns)
        hidden = {one: self._hidden(one, columns) for one in self.schools if one != place}
        first = sorted(hidden, key=lambda one: (-len(hidden[one] & own), -len(hidden[one]), one))
        alike = sorted(first, key=lambda one: self.phases.get(one) != self.phases.get(place))
        return list(dict.fromkeys(one for pair in zip(first, alike, strict=True) for one in pair))

    @cached_property
    def phases(self) -> dict[str, str]:
        """The phase of each school."""
        return dict(self.facts.select("place_code", "education_phase").unique("place_code").iter_rows())

    def _hidden(self, place: str, columns: Sequence[str]) -> set[tuple[str, Group]]:
        return {(cell.measure, cell.group) for cell in within_columns(self.told(place), columns) if cell.hidden}

    def atoms(
        self, places: Sequence[str], columns: Sequence[str], answer: Sequence[Cell], most: int = MOST_ATOMS
    ) -> tuple[Atoms, Singles]:
        """Atoms of places, and the single groups that small groups are crossed from. Errors: TooMany."""
        facts = self.facts
        if self.la_code not in places:
            facts = facts.filter(pl.col("place_code").is_in(list(places)))
        values = values_here(facts, columns)
        cells = [
            cell for place in sorted({*places, self.la_code}) for cell in within_columns(self.told(place), columns)
        ]
        singles = single_groups(self.question, values, {cell.group for cell in cells})
        groups = [*(cell.group for cell in (*cells, *answer)), *(one for some in singles.values() for one in some)]
        classes = classes_of(groups, {**dict.fromkeys(("sen_provision",), ()), **values})
        for name, numbers in classes.items():
            single = singles.setdefault(name, [])
            single += [group for group in _told_apart(name, numbers) if group not in single]
        return make_atoms(atom_counts(self.measures, facts, classes), classes, places, most), singles


def _told_apart(name: str, numbers: Mapping[str, int]) -> list[Group]:
    """The smallest groups of a column that groups tell apart: what two of them leave of a third."""
    found: dict[int, list[str]] = {}
    for value, number in numbers.items():
        found.setdefault(number, []).append(value)
    return [((name, tuple(sorted(values))),) for values in found.values()]
