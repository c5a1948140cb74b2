"""The judgement in an authority of few schools: all of them unknown at once, for an outsider and for each school.

In a large authority a reader is taken to know all schools but some (judge.py). Where there are few, that would undo
what published figures of the authority rest on: that several schools are unknown. Here no reader is taken to know more
than one does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from sendlab.disclosure.audit.intervals import Contradiction
from sendlab.disclosure.guard.atoms import MOST_ATOMS, TooMany
from sendlab.disclosure.guard.attacker import SLACK, Attacker
from sendlab.disclosure.guard.goals import Goal, Groups
from sendlab.disclosure.guard.known import Cell
from sendlab.disclosure.guard.reduced import within_columns
from sendlab.disclosure.guard.setting import Setting
from sendlab.disclosure.protect.system import Bools, Floats

MOST_SCHOOLS = 12
OUTSIDER = ""


class Together:
    """The judgement of an answer about one place, with every school unknown to all readers but itself.

    Small groups of that place are crossed from the columns asked and told; of other places, from the columns asked and
    from their own figures. Errors: TooMany where there are more schools or atoms than are judged at once.
    """

    def __init__(self, setting: Setting, place: str, answer: Sequence[Cell]) -> None:
        if len(setting.schools) > MOST_SCHOOLS:
            raise TooMany
        self.setting, self.schools = setting, list(setting.schools)
        others = [one for one in self.schools if one != place]
        self.halves = [
            [one for one in (place, *half) if one != setting.la_code] for half in (others[::2], others[1::2])
        ]
        every = [setting.la_code, *self.schools]
        self.columns = setting.columns(self.schools)
        self.told = {one: within_columns(setting.told(one), self.columns) for one in every}
        self.atoms, singles = setting.atoms(every, self.columns, answer, 2 * MOST_ATOMS)
        asked = {name: some for name, some in singles.items() if name in setting.question.columns}
        self.goals: list[Goal] = []
        for one in every:
            groups = Groups(self.atoms, setting.measures, one, setting.threshold)
            own = answer if one == place else ()
            self.goals += groups.goals(singles if one == place else asked, [*self.told[one], *own])
        self.wanted = np.array([goal.width for goal in self.goals])
        self.readers = [OUTSIDER, *self.schools]

    def quick(self, shown: Sequence[Cell]) -> bool:
        """Whether small groups stay open to an outsider."""
        return self._open_to(OUTSIDER, self._left(np.ones(len(self.goals), dtype=bool), OUTSIDER), shown)

    def safe(self, shown: Sequence[Cell]) -> bool:
        """Whether they stay open to every school too."""
        left = self._beside_halves(shown)
        return all(self._open_to(reader, self._left(left[at], reader), shown) for at, reader in enumerate(self.readers))

    def _left(self, goals: Bools, reader: str) -> list[int]:
        """Of these goals those that the reader does not know from its own pupils alone."""
        unknown = self._unknown(reader)
        places = [self.atoms.at(place) for place in unknown]
        held: Bools = np.any(self.atoms.held[places], axis=0)
        return [int(at) for at in np.flatnonzero(goals) if self.goals[at].scope in unknown or (
            self.goals[at].scope == self.setting.la_code and held[np.frombuffer(self.goals[at].atoms, dtype=bool)].any()
        )]  # fmt: skip

    def _unknown(self, reader: str) -> list[str]:
        return [place for place in self.schools if place != reader]

    def _beside_halves(self, shown: Sequence[Cell]) -> Bools:
        """Which goals are not yet seen to be open to which readers: (readers, goals).

        What is open where half of the schools are unknown is open to an outsider and to each school of the other half.
        The school asked about is in both, so that its groups are looked at twice and not once for every reader.
        """
        left = np.ones((len(self.readers), len(self.goals)), dtype=bool)
        for half in self.halves:
            at = [place for place, goal in enumerate(self.goals) if goal.scope in (*half, self.setting.la_code)]
            if len(half) < 2 or not at:
                continue
            try:
                narrow = self._attacker(half, shown).widths([self.goals[one] for one in at], self.wanted[at])
            except Contradiction:
                continue
            wide = [one for one, width in zip(at, narrow, strict=True) if width >= self.wanted[one] - SLACK]
            others = [place for place, reader in enumerate(self.readers) if reader not in half]
            left[np.ix_(others, wide)] = False
        return left

    def _open_to(self, reader: str, at: Sequence[int], shown: Sequence[Cell]) -> bool:
        """Whether these goals are as open to a reader as they must be, or as they were before."""
        if not at:
            return True
        unknown = self._unknown(reader)
        narrow = self._narrow(unknown, at, self.wanted[list(at)], shown)
        if not narrow:
            return True
        before = self._before(unknown, narrow)
        return before is not None and not self._narrow(unknown, narrow, before, shown)

    def _before(self, unknown: Sequence[str], at: Sequence[int]) -> Floats | None:
        """How open these goals were before this answer; None where what was released is not of these facts."""
        wanted = self.wanted[list(at)]
        try:
            widths = self._attacker(unknown, ()).widths([self.goals[one] for one in at], wanted)
        except Contradiction:
            return None
        before: Floats = np.minimum(wanted, widths)
        return before

    def _narrow(self, unknown: Sequence[str], at: Sequence[int], enough: Floats, shown: Sequence[Cell]) -> list[int]:
        """Goals that are less open than `enough`. Figures that contradict the facts leave nothing to judge."""
        try:
            widths = self._attacker(unknown, shown).widths([self.goals[one] for one in at], enough)
        except Contradiction:
            return list(at)
        return [one for one, is_narrow in zip(at, widths < enough - SLACK, strict=True) if is_narrow]

    def _attacker(self, unknown: Sequence[str], shown: Iterable[Cell]) -> Attacker:
        """The reader to whom these schools are unknown; figures of others tell nothing new."""
        open_places = (*unknown, self.setting.la_code)
        told = [cell for place in open_places for cell in self.told[place]]
        new = [cell for cell in shown if cell.place in open_places]
        return Attacker(self.atoms, self.setting.measures, unknown, [*told, *new])
