"""The judgement: whether every small group stays open when an answer is added to what an audience was told before."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, cached_property
from itertools import islice, zip_longest
from math import isqrt

import numpy as np

from sendlab.disclosure.audit.intervals import Contradiction
from sendlab.disclosure.guard.atoms import MOST_ATOMS, Atoms, TooMany
from sendlab.disclosure.guard.attacker import SLACK, Attacker
from sendlab.disclosure.guard.goals import Goal, Groups
from sendlab.disclosure.guard.known import Cell
from sendlab.disclosure.guard.layout import Layout
from sendlab.disclosure.guard.question import Group
from sendlab.disclosure.guard.reduced import within_columns
from sendlab.disclosure.guard.setting import Setting, Singles
from sendlab.disclosure.protect.system import Floats

FEW_SCHOOLS = 6  # up to so many, what is known of the others may tell of groups of a school that were never released
PATIENCE = 6  # schools looked at by themselves before an answer is taken for unsafe
COVERS = 12  # schools whose counts are taken for unknown beside those asked about


class AtSchool:
    """The judgement of an answer about one school.

    Everybody but that school is taken to know all other schools but a few, the covers. It is made twice, each time with
    other covers, so that no one school among them can undo what the others cover.
    """

    def __init__(self, setting: Setting, place: str, answer: Sequence[Cell]) -> None:
        self.setting, self.place = setting, place
        self.columns = setting.columns([place])
        partners = setting.partners(place, self.columns)
        alike = (one for one in partners if setting.columns([place, one]) == self.columns)
        self.atoms, singles, self.covers = self._atoms(list(islice(alike, COVERS)), answer)
        groups = Groups(self.atoms, setting.measures, place, setting.threshold)
        self.goals = groups.goals(setting.asked(singles), [*self._told(place), *answer], singles=singles)
        self.enough = _still_open(self.goals, Attacker(self._layout([place]), self._told(place)))

    def _atoms(self, covers: list[str], answer: Sequence[Cell]) -> tuple[Atoms, Singles, list[str]]:
        while True:
            try:
                return *self.setting.atoms([self.place, *covers], self.columns, answer), covers
            except TooMany:
                if not covers:
                    raise
                covers = covers[: len(covers) // 2]

    def _told(self, place: str) -> list[Cell]:
        return within_columns(self.setting.told(place), self.columns)

    def safe(self, shown: Sequence[Cell]) -> bool:
        """Whether every goal stays as open as it must be, or as it was, when these cells are shown."""
        return all(self._open_beside(covers, shown) for covers in _halves(self.covers))

    def quick(self, shown: Sequence[Cell]) -> bool:
        """Nothing less than all is looked at."""
        return self.safe(shown)

    def _open_beside(self, covers: list[str], shown: Sequence[Cell]) -> bool:
        unknown = [self.place, *covers]
        told = [cell for place in (*unknown, self.setting.la_code) for cell in self._told(place)]
        return _open(self.goals, self.enough, Attacker(self._layout(unknown), [*told, *shown]))

    def _layout(self, unknown: Sequence[str]) -> Layout:
        return Layout(self.atoms, unknown, self.setting.measures)


class AtAuthority:
    """The judgement of an answer about the whole authority: of its own small groups, then of those of each school."""

    def __init__(self, setting: Setting, answer: Sequence[Cell]) -> None:
        self.setting, self.answer = setting, answer
        self._schools_stay_open = cache(self._schools_stay_open_beside)
        schools = list(setting.schools)
        self.columns = setting.columns(schools)
        every = [setting.la_code, *schools]
        self.atoms, self.singles = setting.atoms(every, self.columns, answer, MOST_ATOMS * len(every))
        self.batch = min(COVERS, MOST_ATOMS // int(self.atoms.held.sum(axis=1).max()))
        if self.batch < 2:
            raise TooMany
        la = Groups(self.atoms, setting.measures, setting.la_code, setting.threshold)
        own = self._told(setting.la_code)
        asked, cells = setting.asked(self.singles), [*own, *answer]
        self.goals = la.goals(asked, cells, singles=self.singles) + la.beside(schools, asked, cells, self.singles)
        self.enough = _still_open(self.goals, Attacker(self._layout([setting.la_code]), own))
        self.schools = self._with_most_at_stake(schools)
        if len(schools) <= self.batch:  # nobody need be taken for known, so that this is all that readers had before
            self.enough = np.minimum(self.enough, _still_open(self.goals, self._attacker(self.schools, [])))

    @cached_property
    def of_school(self) -> dict[str, tuple[list[Goal], Floats]]:
        """Goals of each school, and how open its own figures leave them."""
        return {place: self._goals_of(place) for place in self.schools}

    def _goals_of(self, place: str) -> tuple[list[Goal], Floats]:
        own = self._told(place)
        singles = self.singles if len(self.schools) <= FEW_SCHOOLS else {}
        groups = Groups(self.atoms, self.setting.measures, place, self.setting.threshold)
        goals = groups.goals(self.setting.asked(singles), own, singles=singles)
        return goals, _still_open(goals, Attacker(self._layout([place]), own))

    def _told(self, place: str) -> list[Cell]:
        return within_columns(self.setting.told(place), self.columns)

    def _with_most_at_stake(self, schools: list[str]) -> list[str]:
        """Schools with people in most of the authority's small groups first: there they have most room."""
        masks = [np.frombuffer(goal.atoms, dtype=bool) for goal in self.goals]
        stake = {place: sum(bool(self.atoms.held[self.atoms.at(place)][mask].any()) for mask in masks)
                 for place in schools}  # fmt: skip
        return sorted(schools, key=lambda place: (-stake[place], place))

    def _of_each_phase(self) -> list[str]:
        """Some schools of each phase, in turn: groups of one phase alone have room too."""
        by_phase: dict[str, list[str]] = {}
        for place in self.schools:
            by_phase.setdefault(self.setting.phases.get(place, ""), []).append(place)
        turns = zip_longest(*(by_phase[phase] for phase in sorted(by_phase)))
        return [place for turn in turns for place in turn if place is not None][: self.batch]

    def quick(self, shown: Sequence[Cell]) -> bool:
        """Whether the authority's own small groups stay open."""
        return _open(self.goals, self.enough, self._attacker(self._of_each_phase(), shown))

    def safe(self, shown: Sequence[Cell]) -> bool:
        """Whether those of every school do too, each beside two sets of other schools."""
        return self.quick(shown) and self._schools_safe(frozenset(cell.key for cell in shown))

    def _schools_safe(self, shown: frozenset[tuple[str, str, Group]]) -> bool:
        """What is safe when the whole answer is shown is safe when less is."""
        whole = frozenset(cell.key for cell in self.answer)
        if shown != whole and self._schools_stay_open(whole):
            return True
        return self._schools_stay_open(shown)

    def _schools_stay_open_beside(self, shown: frozenset[tuple[str, str, Group]]) -> bool:
        cells = [cell for cell in self.answer if cell.key in shown]
        schools = sorted((one for one in self.schools if self.of_school[one][0]), key=self._phase)
        size = max(1, min(self.batch, isqrt(len(schools))))  # then no two schools are together twice
        rows = [schools[start : start + size] for start in range(0, len(schools), size)]
        across = [schools[start :: len(rows)] for start in range(len(rows))]
        settled: set[str] = set()
        for some in (*rows, *across):
            for place in sorted(self._narrow_in(some, cells) - settled):
                if len(settled) == PATIENCE or not self._open_beside_partners(place, cells):
                    return False
                settled.add(place)
        return True

    def _phase(self, place: str) -> str:
        return self.setting.phases.get(place, "")

    def _narrow_in(self, schools: list[str], shown: Sequence[Cell]) -> set[str]:
        """Schools with a goal that is too narrow where only these schools are unknown."""
        goals = [goal for place in schools for goal in self.of_school[place][0]]
        enough = np.concatenate([self.of_school[place][1] for place in schools])
        return {goals[at].scope for at in _narrow(goals, enough, self._attacker(schools, shown))}

    def _open_beside_partners(self, place: str, shown: Sequence[Cell]) -> bool:
        """The same with the schools that have figures hidden where this one has: two sets, as for every reader."""
        partners = self.setting.partners(place, self.columns)[: 2 * (self.batch - 1)]
        goals, enough = self.of_school[place]
        beside = ([place, *some] for some in _halves(partners))
        return all(_open(goals, enough, self._attacker(unknown, shown)) for unknown in beside)

    def _attacker(self, unknown: list[str], shown: Sequence[Cell]) -> Attacker:
        told = [cell for place in (*unknown, self.setting.la_code) for cell in self._told(place)]
        return Attacker(self._layout(unknown), [*told, *shown])

    def _layout(self, unknown: Sequence[str]) -> Layout:
        return Layout(self.atoms, unknown, self.setting.measures)


def _halves(schools: Sequence[str]) -> tuple[list[str], list[str]]:
    """Two sets of schools, taken in pairs, so that each has both kinds of partners."""
    halves = [[one for at, one in enumerate(schools) if at // 2 % 2 == half] for half in (0, 1)]
    return halves[0], halves[1]


def _still_open(goals: Sequence[Goal], before: Attacker) -> Floats:
    """How wide each goal must stay: as the standard says, or as wide as the place's own figures left it before."""
    wanted = np.array([goal.width for goal in goals])
    open_before: Floats = np.minimum(wanted, before.widths(goals, wanted))
    return open_before


def _narrow(goals: Sequence[Goal], enough: Floats, reader: Attacker) -> list[int]:
    """Goals that are not left open. Figures that contradict the facts (older data) leave nothing that can be judged."""
    try:
        return np.flatnonzero(reader.widths(goals, enough) < enough - SLACK).tolist()
    except Contradiction:
        return list(range(len(goals)))


def _open(goals: Sequence[Goal], enough: Floats, reader: Attacker) -> bool:
    return not _narrow(goals, enough, reader)
