"""A reader of figures in the attack on questions: how far apart the ends of each count are, by programs over atoms."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from question_atoms import OUT_OF, PEOPLE, Atoms, Bools, Floats, Known
from question_programs import MOST, Kept, Steps
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, eye_array, hstack, vstack

from sendlab.metrics.cards import card, cards

NEAR = 1e-6
TURNS = 12  # programs that aim at all open counts at once
BOX = 8.0  # people (or people's worth) that such a program may move in one atom
STEPS = 4  # tries of a step, each with other costs of a move: another table of those that are as near is found
PATIENCE = 5.0  # seconds of one whole-number program; one that takes longer counts as narrow


@dataclass(frozen=True)
class Target:
    """A count of few people: weights of names over atoms, its truth, and how far apart its ends must be."""

    place: str
    words: str
    atoms: bytes  # a packed row
    terms: tuple[tuple[str, float], ...]
    needed: float


class Reader:
    """Programs over the atoms of the schools that are unknown; all others are told outright.

    `names`: the counts looked at, all of them unless given.
    """

    def __init__(self, atoms: Atoms, unknown: Bools, known: Sequence[Known], names: Sequence[str] = ()) -> None:
        self.atoms, self.unknown, self.known = atoms, unknown, known
        self.names = list(names or atoms.true)
        self.size = int(unknown.sum())
        self.truth = np.concatenate([atoms.true[name][unknown] for name in self.names])
        rows, low, high = [], [], []
        for one in dict.fromkeys(known):
            if one.name not in self.names or not (mask := atoms.inside(one.group) & atoms.at(one.place)).any():
                continue
            told = float(atoms.true[one.name][mask & ~unknown].sum())
            row = self._row(mask, ((one.name, 1.0),))
            true = float(row @ self.truth)
            if row.any() and one.low - told - NEAR <= true <= one.high - told + NEAR:
                rows.append(row)
                low.append(one.low - told)
                high.append(one.high - told)
        matrix = csr_array(np.array(rows)) if rows else csr_array((0, self.truth.size))
        order, order_low, order_high = self._order()
        self.sums = vstack([matrix, order]).tocsr()
        self.low, self.high = np.array([*low, *order_low]), np.array([*high, *order_high])
        self.whole = np.concatenate([np.full(self.size, self._is_people(name)) for name in self.names])

    def _row(self, mask: Bools, terms: Iterable[tuple[str, float]]) -> Floats:
        row = np.zeros(self.truth.size)
        for name, weight in terms:
            at = self.names.index(name) * self.size
            row[at : at + self.size] += weight * mask[self.unknown]
        return row

    def _order(self) -> tuple[csr_array, list[float], list[float]]:
        """In every atom: with a feature no more than people; parts of a whole; sessions no more than the year has."""
        blocks: list[csr_array] = []
        low: list[float] = []
        for terms, exact in self._rules():
            worth = sum(weight * self.atoms.true[name] for name, weight in terms)
            if (worth < -NEAR).any() or (exact and (np.abs(worth) > NEAR).any()):
                continue  # leavers are counted in some numerators and in no base
            weights = dict(terms)
            blocks.append(hstack([weights.get(name, 0.0) * eye_array(self.size) for name in self.names]).tocsr())
            low += [1.0 if exact else 0.0] * self.size
        matrix = vstack(blocks).tocsr() if blocks else csr_array((0, self.truth.size))
        return matrix, [0.0] * len(low), [0.0 if exact else np.inf for exact in low]

    def _rules(self) -> Iterator[tuple[list[tuple[str, float]], bool]]:
        measures = [name for name in self.names if name in self.atoms.having]
        for measure in measures:
            if card(measure).kind == "share":
                yield [(PEOPLE, 1.0), (measure, -1.0)], False
            if card(measure).kind == "sum":
                yield [(OUT_OF, 1.0), (measure, -1.0)], False
            whole = cards()[measure].parts_of or cards()[measure].at_most
            if whole in measures:
                yield [(whole, 1.0), (measure, -1.0)], False
        for whole in measures:
            parts = [name for name in measures if cards()[name].parts_of == whole]
            if len(parts) > 1:
                yield [(whole, 1.0), *((name, -1.0) for name in parts)], True
        if OUT_OF in self.names:
            people, sessions = self.atoms.true[PEOPLE], self.atoms.true[OUT_OF]
            most = float(np.ceil(np.max(sessions[people > 0] / people[people > 0])))
            yield [(PEOPLE, most), (OUT_OF, -1.0)], False

    def widths(self, targets: Sequence[Target], *, alone: bool = True) -> Floats:
        """How far apart the ends of each count are, no further than needed; without `alone` by shared aims only."""
        goals = np.array([self._row(np.frombuffer(one.atoms, dtype=bool), one.terms) for one in targets])
        seen = _Seen(goals, np.array([one.needed for one in targets]), [self._counts(one) for one in targets])
        seen.see(self.truth, whole=True)
        draw = np.random.default_rng(0)
        for turn in range(TURNS):
            narrow = seen.narrow()
            if not narrow.any():
                break
            signs = draw.choice([-1.0, 1.0], len(targets)) if turn > 1 else np.full(len(targets), 1.0 - 2.0 * turn)
            self._look(seen, goals.T @ (signs * narrow / seen.needed), boxed=True)
        for at in np.flatnonzero(seen.narrow()) if alone else ():
            for sign in (1.0, -1.0):
                if seen.narrow()[at]:
                    self._look(seen, sign * goals[at])
        if not self.whole.all():
            return self._people_whole(targets, seen.widths(), alone)
        for at in np.flatnonzero(seen.narrow(whole=True) & ~seen.narrow()) if alone else ():
            self._step(seen, int(at))
            for sign in (1.0, -1.0):
                if seen.narrow(whole=True)[at]:
                    self._look(seen, sign * goals[at], whole=True)
        return seen.widths(whole=True)

    def _people_whole(self, targets: Sequence[Target], widths: Floats, alone: bool) -> Floats:
        """Beside sessions all is in fractions, rounded inwards; people are whole by what is told of people alone."""
        at = [place for place, one in enumerate(targets) if self._counts(one) and widths[place] >= one.needed - NEAR]
        if at:
            people = self._of_people.widths([targets[place] for place in at], alone=alone)
            widths[at] = np.minimum(widths[at], people)
        return widths

    @cached_property
    def _of_people(self) -> "Reader":
        return Reader(self.atoms, self.unknown, self.known, [name for name in self.names if self._is_people(name)])

    def _look(self, seen: "_Seen", aim: Floats, *, boxed: bool = False, whole: bool = False) -> None:
        self._see(seen, self._most(aim, boxed=boxed, whole=whole))

    def _see(self, seen: "_Seen", table: Floats) -> bool:
        """Take a table as one that may be; whether it is of whole numbers."""
        rounded = np.where(self.whole, np.round(table), table)
        whole = bool((np.abs(rounded - table) < NEAR).all())
        seen.see(table, whole=whole)
        return whole

    def _step(self, seen: "_Seen", at: int) -> None:
        """Look at tables of whole numbers that are a step away from the true one, in one direction and the other."""
        draw = np.random.default_rng(at)
        for sign in (1.0, -1.0):
            wanted = seen.wanted(at, up=sign > 0)
            if wanted is None:
                continue
            steps = Steps(self.truth, sign * seen.goals[at], sign * wanted, self.sums, self.low, self.high)
            for turn in range(STEPS):
                table = steps.least(1.0 + turn * draw.random(self.truth.size))
                if table is None or self._see(seen, table):
                    break

    def _counts(self, target: Target) -> bool:
        return all(self._is_people(name) for name, _ in target.terms)

    def _is_people(self, name: str) -> bool:
        """Whether it counts people or events, which are whole. Sessions are taken for any numbers: they are many."""
        whole = bool((self.atoms.true[name] % 1 == 0).all())
        return whole and (name == PEOPLE or (name != OUT_OF and card(name).kind != "sum"))

    def _most(self, aim: Floats, *, boxed: bool = False, whole: bool = False) -> Floats:
        """A table that agrees with all that is known and has most of the aim."""
        each = np.ones(self.truth.size)
        if boxed:
            for at, name in enumerate(self.names):
                worth = self.atoms.true[name].sum() / max(self.atoms.true[PEOPLE].sum(), 1.0)
                each[at * self.size : (at + 1) * self.size] = max(worth, 1.0)
        low = np.maximum(self.truth - BOX * each, 0.0) if boxed else np.zeros(self.truth.size)
        high = self.truth + BOX * each if boxed else np.full(self.truth.size, MOST)
        if not whole:
            table = self._fractions.most(aim, low, high)
            return self.truth if table is None else table
        done = milp(-aim, integrality=self.whole.astype(int), bounds=Bounds(low, high),
                    constraints=LinearConstraint(self.sums, self.low, self.high),
                    options={"time_limit": PATIENCE})  # fmt: skip
        return self.truth if done.x is None else np.asarray(done.x, dtype=np.float64)

    @cached_property
    def _fractions(self) -> "Kept":
        return Kept(self.sums, self.low, self.high)


class _Seen:
    """The least and the most of each count in the tables seen, and in those of whole numbers among them."""

    def __init__(self, goals: Floats, needed: Floats, counts: Sequence[bool]) -> None:
        self.goals, self.needed, self.counts = goals, needed, np.array(counts)
        self.low, self.high = np.full((2, needed.size), np.inf), np.full((2, needed.size), -np.inf)

    def see(self, table: Floats, *, whole: bool) -> None:
        """Take a table as one that may be."""
        values = self.goals @ table
        for kind in (0, 1) if whole else (0,):
            self.low[kind], self.high[kind] = np.minimum(self.low[kind], values), np.maximum(self.high[kind], values)

    def widths(self, *, whole: bool = False) -> Floats:
        """How far apart the ends are; of people rounded inwards, with `whole` by tables of whole numbers.

        Where fractions are one further apart than they must be, whole numbers are taken to be far enough apart.
        """
        apart = self.high - self.low
        inwards = np.floor(self.high[0] + NEAR) - np.ceil(self.low[0] - NEAR)
        sure = np.where(inwards >= self.needed + 1.0, inwards, np.minimum(apart[1], inwards))
        width: Floats = np.where(self.counts, sure if whole else inwards, apart[0])
        return width

    def wanted(self, at: int, *, up: bool) -> float | None:
        """Where an end would be far enough from the other, by tables of whole numbers; None where it is there already.

        No further than fractions reach.
        """
        low, high = float(np.ceil(self.low[0, at] - NEAR)), float(np.floor(self.high[0, at] + NEAR))
        if up:
            end = min(self.low[1, at] + self.needed[at], high)
            return None if self.high[1, at] >= end - NEAR else end
        end = max(self.high[1, at] - self.needed[at], low)
        return None if self.low[1, at] <= end + NEAR else end

    def narrow(self, *, whole: bool = False) -> Bools:
        """Counts whose ends are not yet as far apart as they must be."""
        found: Bools = self.widths(whole=whole) < self.needed - NEAR
        return found
