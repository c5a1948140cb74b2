"""Readers of a whole authority: parts that have nothing to do with one another, judged apart and together."""

import pickle
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from scipy.sparse import csr_array

from sendlab.disclosure.audit.goals import Goals
from sendlab.disclosure.audit.knowledge import Contradiction, Knowledge
from sendlab.disclosure.audit.readers import _judged, _together, judge
from sendlab.disclosure.audit.unknown import Unknown
from sendlab.errors import DataProblem, GateError, SendlabError

THRESHOLD = 5


class Authority:
    """Tables of schools by group with their totals, each by itself; small counts and a quarter of the others hidden."""

    def __init__(self, seed, schools, tables):
        self.rng = np.random.default_rng(seed)
        self.names = [f"{number:06d}" for number in range(schools)]
        self.true, self.hidden, self.place, self.rows = [], [], [], []
        for _ in range(tables):
            self._add(self.rng.poisson(self.rng.choice([1.5, 4.0, 8.0], size=(schools, 3))))

    def _add(self, inner):
        full = np.vstack([inner, inner.sum(axis=0)])
        full = np.hstack([full, full.sum(axis=1, keepdims=True)])
        hidden = (full > 0) & (full < THRESHOLD)
        hidden[:-1] |= self.rng.random(full[:-1].shape) < 0.25
        hidden[-1, :-1] |= self.rng.random(3) < 0.5
        at = np.arange(full.size).reshape(full.shape) + len(self.true)
        self.true += full.ravel().tolist()
        self.hidden += hidden.ravel().tolist()
        self.place += np.repeat([*self.names, "999"], full.shape[1]).tolist()
        self.rows += [dict.fromkeys(line[:-1], 1.0) | {line[-1]: -1.0} for line in (*at.tolist(), *at.T.tolist())]

    def knowledge(self):
        true, hidden = np.array(self.true, dtype=float), np.array(self.hidden)
        sums = matrix(self.rows, true.size)
        low, high = np.where(hidden, 0.0, true), np.where(hidden, true + 30.0, true)
        return Knowledge(low, high, sums, sums @ true, sums @ true, np.full(true.size, True))

    def numbers(self):
        return SimpleNamespace(schools=self.names, place=self.place, true=np.array(self.true, dtype=float))

    def goals(self):
        """At small counts, and at whatever is hidden of the authority; in no order."""
        told = [
            number
            for number, (true, hidden) in enumerate(zip(self.true, self.hidden, strict=True))
            if hidden and (0 < true < THRESHOLD or self.place[number] == "999")
        ]
        told = self.rng.permutation(told).tolist()
        place = [None if self.place[number] == "999" else self.place[number] for number in told]
        weights = matrix([{number: 1.0} for number in told], len(self.true))
        return Goals(pl.DataFrame({"goal": told}), weights, np.full(len(told), THRESHOLD - 1.0), place)


def matrix(rows, columns):
    made = np.zeros((len(rows), columns))
    for line, row in enumerate(rows):
        for number, weight in row.items():
            made[line, number] += weight
    return csr_array(made)


@pytest.mark.parametrize("seed", range(4))
def test_parts_are_judged_as_the_whole_is(seed):
    authority = Authority(seed, schools=19, tables=4)
    known, numbers, goals = authority.knowledge(), authority.numbers(), authority.goals()
    whole = judge(known, numbers, goals, numbers.schools)
    unknown = Unknown(known, numbers, goals)
    parts = unknown.parts(3)
    assert len(parts) == 3 and sorted(np.concatenate([lines for _, lines in parts])) == list(range(len(goals)))
    done = [_judged(unknown.part(mine, lines), goals.of(lines), lines, numbers.schools) for mine, lines in parts]
    together = _together(done, [lines for _, lines in parts], len(goals))
    for end in ("least", "most", "undecided"):
        assert np.array_equal(getattr(whole.seen, end), getattr(together.seen, end))
    assert whole.of_schools == together.of_schools and whole.undecided == together.undecided
    width = whole.seen.most - whole.seen.least
    assert (width < THRESHOLD - 1).any() and (width >= THRESHOLD - 1).any()  # some are given away, some are not


@pytest.mark.parametrize(
    "problem",
    [GateError("refused", next_step="look"), DataProblem("a.csv", ["one", "two"], next_step="mend"), Contradiction()],
)
def test_problems_come_out_of_a_process_as_they_were(problem):
    again = pickle.loads(pickle.dumps(problem))
    assert type(again) is type(problem) and str(again) == str(problem)
    assert isinstance(again, SendlabError) and again.next_step == problem.next_step and vars(again) == vars(problem)
