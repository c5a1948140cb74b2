"""The judgement in an authority of few schools: all of them unknown at once, for an outsider and for each school.

In a large authority a reader is taken to know all schools but some (judge.py). Where there are few, that would undo
what published figures of the authority rest on: that several schools are unknown. Here no reader is taken to know more
than one does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sendlab.disclosure.guard.atoms import MOST_ATOMS, TooMany
from sendlab.disclosure.guard.attacker import Attacker
from sendlab.disclosure.guard.goals import Goal, Groups
from sendlab.disclosure.guard.known import Cell
from sendlab.disclosure.guard.layout import Layout
from sendlab.disclosure.guard.openness import OUTSIDER, Openness, Trial
from sendlab.disclosure.guard.question import Group
from sendlab.disclosure.guard.reduced import within_columns
from sendlab.disclosure.guard.setting import Setting

MOST_SCHOOLS = 12
Keys = frozenset[tuple[str, str, Group]]


class Together:
    """The judgement of an answer about one place, with every school unknown to all readers but itself.

    Errors: TooMany where there are more schools or atoms than are judged at once.
    """

    def __init__(self, setting: Setting, place: str, answer: Sequence[Cell]) -> None:
        if len(setting.schools) > MOST_SCHOOLS:
            raise TooMany
        self.setting, self.schools = setting, list(setting.schools)
        every = [setting.la_code, *self.schools]
        columns = setting.columns(self.schools)
        told = {one: within_columns(setting.told(one), columns) for one in every}
        atoms, singles = setting.atoms(every, columns, answer, 2 * MOST_ATOMS)
        asked = setting.asked(singles)
        groups_told = {cell.group for some in told.values() for cell in some}
        goals: list[Goal] = []
        for one in every:
            groups = Groups(atoms, setting.measures, one, setting.threshold)
            cells, crossed = ([*told[one], *answer], singles) if one == place else (told[one], None)
            goals += groups.goals(asked, cells, elsewhere=groups_told, singles=crossed)
            if one == setting.la_code:
                goals += groups.beside(self.schools, asked, cells, crossed)
        self.told = [cell for one in every for cell in told[one]]
        self.layout = Layout(atoms, self.schools, setting.measures)
        self.openness = Openness(self.layout, goals, self._attacker(()))
        self._begun: dict[Keys, tuple[Trial, bool]] = {}

    def quick(self, shown: Sequence[Cell]) -> bool:
        """Whether small groups stay open to an outsider."""
        return self._begin(shown)[1]

    def safe(self, shown: Sequence[Cell]) -> bool:
        """Whether they stay open to every school too."""
        trial, open_to_outsider = self._begin(shown)
        if not open_to_outsider:
            return False
        for known in _in_parts(self.schools, 2):
            self.openness.look(trial, known)
        return all(self.openness.open_to(reader, trial) for reader in self.schools)

    def _begin(self, shown: Sequence[Cell]) -> tuple[Trial, bool]:
        """What an outsider learns; what stays open beside more figures does beside these."""
        keys = frozenset(cell.key for cell in shown)
        if keys not in self._begun:
            beside_more = [trial for more, (trial, _) in self._begun.items() if more > keys]
            trial = self.openness.begin(self._attacker(shown), beside_more)
            self._begun[keys] = trial, not self.openness.still_shut(trial) and self._open_to_outsider(trial)
        return self._begun[keys]

    def _open_to_outsider(self, trial: Trial) -> bool:
        """After looks at a third of the schools at a time, parted in two ways."""
        third = -(-len(self.schools) // 3)
        for known in [*(self.schools[at::third] for at in range(third)), *_in_parts(self.schools, third)]:
            self.openness.look(trial, known, alone=False)
        return self.openness.open_to(OUTSIDER, trial)

    def _attacker(self, shown: Sequence[Cell]) -> Attacker:
        return Attacker(self.layout, [*self.told, *shown])


def _in_parts(schools: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (schools[at : at + size] for at in range(0, len(schools), size))
