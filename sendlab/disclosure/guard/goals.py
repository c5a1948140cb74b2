"""Which counts an answer must leave open: every small group that the columns asked, or two figures together, define."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sendlab.disclosure.guard.atoms import Atoms
from sendlab.disclosure.guard.known import BASE, Cell, denominator_of
from sendlab.disclosure.guard.question import KEY_STAGE, Group, Question, key_stages
from sendlab.disclosure.protect.primary import ADVERSE_BELOW, adverse, primary_people, primary_sum, small
from sendlab.disclosure.protect.system import Bools, Floats
from sendlab.metrics.cards import card
from sendlab.schema.groups import SEND

Terms = tuple[tuple[str, float], ...]  # names of counts, with their weights
Singles = Mapping[str, Sequence[Group]]  # groups of each column, to be crossed
WORKED_OUT = 1.0  # a count whose ends are closer than this, in people or in what one of them has, is known


@dataclass(frozen=True)
class Goal:
    """A count of a group at a place (or in the LA) that must stay open, and how wide its interval must be."""

    scope: str
    atoms: bytes  # which atoms, as a packed row
    terms: Terms
    width: float
    less: str = ""  # a school that is left out: it subtracts its own pupils from the authority's


def single_groups(
    question: Question, values: Mapping[str, Sequence[str]], told: Iterable[Group] = ()
) -> dict[str, list[Group]]:
    """The groups of each column that small groups are made of by crossing: those asked for, and those told.

    >>> from sendlab.disclosure.guard.question import ask
    >>> single_groups(ask("absence", "202526", "1", sex="Male"), {"sex": ("Female", "Male")})
    {'sex': [(('sex', ('Male',)),), (('sex', ('Female',)),)]}
    """
    found: dict[str, list[Group]] = {}
    filters = dict(question.filters)
    for name in question.columns:
        here = values.get(name, ())
        if name in filters:
            sets = [filters[name], tuple(value for value in here if value not in filters[name])]
        elif name == "nc_year" and KEY_STAGE in question.by:
            sets = list(key_stages().values())
        else:
            sets = [(value,) for value in here]
        found[name] = [((name, chosen),) for chosen in sets if chosen]
    if question.of_send or "sen_provision" in question.columns:
        some = found.setdefault("sen_provision", [])
        some += [] if (("sen_provision", SEND),) in some else [(("sen_provision", SEND),)]
    for name, chosen in sorted({part for group in told for part in group}):
        others = tuple(value for value in values.get(name, ()) if value not in chosen)
        some = found.setdefault(name, [])
        both = (chosen,) if name in question.columns else (chosen, others)
        some += [((name, one),) for one in both if one and ((name, one),) not in some]
    return found


class Groups:
    """Groups of atoms at one scope, with their true counts, and those that are primary."""

    def __init__(self, atoms: Atoms, measures: Sequence[str], scope: str, threshold: int, less: str = "") -> None:
        self.atoms, self.measures, self.scope, self.threshold, self.less = atoms, measures, scope, threshold, less
        self.place = atoms.at(scope)

    def goals(
        self, asked: Singles, cells: Sequence[Cell], *, elsewhere: Iterable[Group] = (), singles: Singles | None = None
    ) -> list[Goal]:
        """Goals of the groups that are asked about or were told: their counts stay as wide as the standard has it.

        These are all crossings of the groups `asked` for, the cells of this place, groups that were told `elsewhere`,
        and what two cells leave over. All others, crossed of `singles` or of cells with what is asked, only must not be
        worked out.
        """
        inner, outer = self._groups(asked, cells)
        others = [self.atoms.member(group) for group in elsewhere]
        inner = np.unique(np.concatenate([inner, np.array(others, dtype=bool).reshape(-1, inner.shape[1])]), axis=0)
        return self._goals_of(inner, outer, self._also(asked, outer, singles))

    def beside(
        self, schools: Sequence[str], asked: Singles, cells: Sequence[Cell], singles: Singles | None = None
    ) -> list[Goal]:
        """Goals of the same groups without one of the schools, where they are none with it.

        A school that knows its own pupils is told by a figure of the authority how many all others have.
        """
        inner, outer = self._groups(asked, cells)
        also = self._also(asked, outer, singles)
        own = {(goal.atoms, goal.terms, goal.width) for goal in self._goals_of(inner, outer, also)}
        return [
            goal for school in self._that_leave_few(schools, np.concatenate([inner, also]))
            for goal in self._less(school)._goals_of(inner, outer, also)
            if (goal.atoms, goal.terms, goal.width) not in own
        ]  # fmt: skip

    def _less(self, school: str) -> Groups:
        return Groups(self.atoms, self.measures, self.scope, self.threshold, school)

    def _groups(self, asked: Singles, cells: Sequence[Cell]) -> tuple[Bools, Bools]:
        """Groups that may be small, and those that hold them: everybody, and each that was told."""
        crossed = self.atoms.marginals(asked)
        everybody = np.ones((1, crossed.shape[1]), dtype=bool)
        told = np.array([self.atoms.member(cell.group) for cell in cells], dtype=bool).reshape(-1, crossed.shape[1])
        inner, outer = (np.unique(np.concatenate([some, told]), axis=0) for some in (crossed, everybody))
        return inner, outer

    def _also(self, asked: Singles, told: Bools, singles: Singles | None) -> Bools:
        """Groups that nobody asked for: crossings of the singles, or what each group told has of those asked for."""
        if singles is not None:
            return self.atoms.marginals(singles)
        here = self.atoms.held[self.place]
        one, two = (np.unique(some & here, axis=0) for some in (self.atoms.marginals(asked), told))
        return np.unique((one[:, None, :] & two[None, :, :]).reshape(-1, here.size), axis=0)

    def _goals_of(self, inner: Bools, outer: Bools, also: Bools) -> list[Goal]:
        found: dict[tuple[bytes, Terms], Goal] = {}
        for groups, wide in ((np.concatenate([inner, self._left_over(inner, outer)]), self.threshold - 1.0),
                             (also, WORKED_OUT)):  # fmt: skip
            here = np.unique(groups & self.atoms.held[self.place], axis=0)
            for mask, terms, width in self._primary(here, wide):
                packed = mask.tobytes()
                found.setdefault((packed, terms), Goal(self.scope, packed, terms, width, self.less))
        return list(found.values())

    def _that_leave_few(self, schools: Sequence[str], inner: Bools) -> list[str]:
        """Schools without which one of these groups, or all but it, is of few people, and is not with them."""
        groups = np.concatenate([inner, ~inner]).astype(np.float64)
        rows = [self.atoms.at(school) for school in schools]

        def with_and_without(counts: Floats) -> tuple[Floats, Floats]:
            every = (groups @ counts[self.place])[:, None]
            return every, every - groups @ counts[rows].T

        base, left = with_and_without(self.atoms.counts[BASE])
        few = small(left, max(ADVERSE_BELOW, self.threshold)) & ~small(base, max(ADVERSE_BELOW, self.threshold))
        for measure in self.measures:
            if card(measure).kind != "mean":
                every, others = with_and_without(self.atoms.people[measure])
                for all_here, elsewhere in ((every, others), (base - every, left - others)):
                    few |= small(elsewhere, self.threshold) & ~small(all_here, self.threshold)
        return [school for at, school in enumerate(schools) if few[:, at].any()]

    def _left_over(self, inner: Bools, outer: Bools) -> Bools:
        """What an outer group holds beyond an inner one, where that is few people, or few of them (not) counted."""
        within = inner.astype(np.float64) @ (~outer).astype(np.float64).T == 0
        base = self._beyond(inner, outer, self.atoms.counts[BASE])
        few = (base > 0) & (base < max(ADVERSE_BELOW, self.threshold))
        for measure in self.measures:
            if card(measure).kind != "mean":
                people = self._beyond(inner, outer, self.atoms.people[measure])
                few |= small(people, self.threshold) | small(base - people, self.threshold)
        one, two = np.nonzero(within & few)
        return outer[two] & ~inner[one]

    def _beyond(self, inner: Bools, outer: Bools, counts: Floats) -> Floats:
        left: Floats = self._sum(outer, counts) - self._sum(inner, counts)[:, None]
        return left

    def _sum(self, groups: Bools, counts: Floats) -> Floats:
        there = counts[self.place] - counts[self.atoms.at(self.less)] if self.less else counts[self.place]
        found: Floats = groups.astype(np.float64) @ there
        return found

    def _primary(self, groups: Bools, wide: float) -> list[tuple[Bools, Terms, float]]:
        base = self._sum(groups, self.atoms.counts[BASE])
        few = small(base, self.threshold)
        found: list[tuple[Bools, Terms, float]] = [(groups[at], ((BASE, 1.0),), wide) for at in np.flatnonzero(few)]
        for name in sorted({denominator_of(measure) for measure in self.measures} & set(self.atoms.counts)):
            each = self._sum(groups, self.atoms.counts[name]) / np.maximum(base, 1.0)
            found += [(groups[at], ((name, 1.0),), wide * max(each[at], 1.0)) for at in np.flatnonzero(few)]
        for measure in self.measures:
            if card(measure).kind != "mean":
                found += self._primary_of(measure, groups, base, wide)
        return found

    def _primary_of(self, measure: str, groups: Bools, base: Floats, wide: float) -> list[tuple[Bools, Terms, float]]:
        about = card(measure)
        people, number = self._sum(groups, self.atoms.people[measure]), self._sum(groups, self.atoms.counts[measure])
        alone: Terms = ((measure, 1.0),)
        if about.kind == "share":
            bad, group = adverse(people, base, about.polarity), (base > 0) & (base < ADVERSE_BELOW)
            having = small(people, self.threshold) | bad & (people == 0)
            without = small(base - people, self.threshold) | bad & (people == base) & group
            rest: Terms = ((BASE, 1.0), (measure, -1.0))
            return [(groups[at], alone, wide) for at in np.flatnonzero(having)] + [
                (groups[at], rest, wide) for at in np.flatnonzero(without)
            ]
        if about.kind == "events":
            chosen = primary_people(people, base, about.polarity, self.threshold)
            return [(groups[at], alone, wide) for at in np.flatnonzero(chosen)]
        largest = np.array([np.max(self._most_of_one(measure)[row], initial=0.0) for row in groups])
        share = np.divide(largest, number, out=np.zeros_like(number), where=number > 0)
        chosen = primary_sum(people, share, about.polarity, self.threshold) & (base > 0)
        each = number / np.maximum(people, 1.0)
        return [(groups[at], alone, wide * max(each[at], 1.0)) for at in np.flatnonzero(chosen)]

    def _most_of_one(self, measure: str) -> Floats:
        """The most of one person in each atom."""
        largest = self.atoms.largest[measure]
        if not self.less:
            found: Floats = largest[self.place]
            return found
        others = [self.atoms.at(place) for place in self.atoms.places if place not in (self.scope, self.less)]
        return np.asarray(largest[others].max(axis=0, initial=0.0))
