"""Which small groups stay open to which readers: looked at for several readers at once, then for each by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sendlab.disclosure.audit.intervals import Contradiction
from sendlab.disclosure.guard.attacker import SLACK, Attacker
from sendlab.disclosure.guard.goals import Goal
from sendlab.disclosure.guard.layout import Layout
from sendlab.disclosure.protect.system import Bools, Floats, Ints

OUTSIDER = ""  # who knows no school's pupils
FEWEST = 7  # goals: fewer are left to each reader, and so many are tried first


@dataclass(frozen=True)
class Trial:
    """An answer with some of its figures shown: who learns from it, and what is not yet seen to stay open to whom."""

    attacker: Attacker
    left: Bools  # (readers, goals)


class Openness:
    """Goals at schools and in the authority, read by an outsider and by each school, which knows its own pupils.

    A goal is open to a reader if it is as wide as it must be, or as wide as it was `before` the answer.
    """

    def __init__(self, layout: Layout, goals: Sequence[Goal], before: Attacker) -> None:
        self.layout, self.goals, self.before = layout, list(goals), before
        self.readers = [OUTSIDER, *layout.places]
        self.wanted = np.array([goal.width for goal in self.goals])
        self.was: Floats = np.full((len(self.readers), len(self.goals)), np.nan)  # found where it had to be looked at
        self.shut = np.zeros(len(self.goals), dtype=np.bool_)  # to an outsider, beside some figures of the answer

    def begin(self, attacker: Attacker, beside_more: Sequence[Trial] = ()) -> Trial:
        """What a reader knows from its own pupils alone need not be looked at, nor what stays open beside more."""
        left = np.array([self._not_known([reader]) for reader in self.readers])
        return Trial(attacker, np.logical_and.reduce([left, *(trial.left for trial in beside_more)]))

    def still_shut(self, trial: Trial) -> bool:
        """Whether a goal that other figures of the answer shut to an outsider is not open beside these either."""
        goals = np.flatnonzero(self.shut & trial.left[0] & ~np.isnan(self.was[0]))
        if not goals.size:
            return False
        enough = np.fmin(self.wanted, self.was[0])[goals]
        widths = self._widths(trial.attacker, [OUTSIDER], goals, enough)
        wide = np.zeros(goals.size, dtype=np.bool_) if widths is None else widths >= enough - SLACK
        trial.left[0, goals[wide]] = False
        return not wide.all()

    def look(self, trial: Trial, known: Sequence[str], *, alone: bool = True) -> None:
        """See which goals are open where these schools are known: they are to an outsider and to each of these schools.

        One look for several readers saves one for each of them. Without `alone`, many goals are looked at together and
        none by itself: what that does not show to be open is left.
        """
        at = [place for place, reader in enumerate(self.readers) if reader in (OUTSIDER, *known)]
        goals = np.flatnonzero(trial.left[at].any(axis=0) & self._not_known(known))
        if goals.size < FEWEST:
            return
        enough = np.fmin(self.wanted, self.was[0])[goals]
        widths = self._widths(trial.attacker, known, goals, enough, alone=alone)
        if widths is not None:
            trial.left[np.ix_(at, goals[widths >= enough - SLACK])] = False

    def open_to(self, reader: str, trial: Trial) -> bool:
        """Whether what is left to look at is open to a reader.

        What is no less open than it was to an outsider is not looked at further: to nobody else was it more so. Figures
        that contradict the facts leave nothing to judge.
        """
        at = self.readers.index(reader)
        left = np.flatnonzero(trial.left[at])
        for some in (left[:FEWEST], left[FEWEST:]):
            goals = some
            while goals.size:
                enough = np.fmin(np.fmin(self.wanted, self.was[0]), self.was[at])[goals]
                widths = self._widths(trial.attacker, [reader], goals, enough)
                if widths is None:
                    return False
                narrow = widths < enough - SLACK
                goals = goals[narrow]
                if goals.size and (shut := self._shut(reader, goals, enough[narrow])).any():
                    self.shut[goals[shut]] |= reader == OUTSIDER
                    return False
        trial.left[at] = False
        return True

    def _shut(self, reader: str, goals: Ints, enough: Floats) -> Bools:
        """Which of these, less open than that now, were not so to the reader before; notes how open they were."""
        at = self.readers.index(reader)
        known: Bools = ~np.isnan(self.was[at, goals])
        if known.any():  # that was taken into account already
            return known
        before = self._widths(self.before, [reader], goals, enough)
        if before is None:
            return ~known
        self.was[at, goals] = before
        found: Bools = before >= enough - SLACK
        return found

    def _not_known(self, known: Sequence[str]) -> Bools:
        """The goals that people hang on who are at none of these schools."""
        elsewhere = self.layout.of_places(self._others(known)).astype(np.float64)
        found: Bools = abs(self.layout.weights(self.goals)) @ elsewhere > 0
        return found

    def _others(self, known: Sequence[str]) -> list[str]:
        return [place for place in self.layout.places if place not in known]

    def _widths(
        self, attacker: Attacker, known: Sequence[str], goals: Ints, enough: Floats, *, alone: bool = True
    ) -> Floats | None:
        """How open goals are to one who knows these schools; None where what was released is not of these facts."""
        try:
            return attacker.widths([self.goals[goal] for goal in goals], enough, self._others(known), alone=alone)
        except Contradiction:
            return None
