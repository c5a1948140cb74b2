"""An attack on answers to questions, made apart from the guard: linear and whole-number programs over small groups.

Unknown are, in every atom (question_atoms.py), the people in the base and what each measure counts of them. A reader
(question_reader.py) holds every figure published of the year and every answer, and the rules by which published figures
are hidden; a school as the reader knows its own atoms exactly. A count of 1 to T-1 people of a group that was told or
asked about is recovered where the least and the most that it can be are less than T-1 apart, one of any other group
where they are the same; and were not so by the published figures alone.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import polars as pl
from question_atoms import Atoms, Bools, Known, known_of
from question_reader import NEAR, Reader, Target
from question_targets import targets_of

from sendlab.cohort import without_few_unrecorded
from sendlab.disclosure.guard.question import Group
from sendlab.metrics.cards import card, cards

OUTSIDER, PROVISION = "", "sen_provision"


@dataclass(frozen=True)
class Recovered:
    """A count that a reader learns, with its width by all that was released, and by the published figures alone."""

    reader: str
    place: str
    words: str
    width: float
    before: float


def attack(
    facts: pl.DataFrame, measures: Sequence[str], released: pl.DataFrame, answers: pl.DataFrame, columns: Sequence[str],
    asked: Mapping[str, Iterable[Group]], la_code: str, threshold: int,
) -> tuple[int, list[Recovered]]:  # fmt: skip
    """How many small counts were looked at, and those that a reader recovers from released figures with the answers.

    `facts` of one year; `measures` of one base; `released` and `answers`: rows of these in that year; `columns`: those
    of which the groups looked at are made; `asked`: groups that were asked about, by place, refused or not.
    """
    facts = without_few_unrecorded(facts)
    before = [
        one for one in known_of(released, answers=False) if {name for name, _ in one.group} <= {*columns, PROVISION}
    ]
    after = [*before, *known_of(answers, answers=True)]
    cells = {place: set(some) for place, some in asked.items()}
    for one in after:
        cells.setdefault(one.place, set()).add(one.group)
    atoms = Atoms(facts, measures, {group for some in cells.values() for group in some})
    targets = targets_of(atoms, la_code, columns, cells, threshold)
    if not targets:
        return 0, []
    left = _not_yet_open(atoms, targets, after)
    found = []
    for reader in (OUTSIDER, *atoms.places):
        mine = [one for at, one in enumerate(targets) if left[at, reader_at(atoms, reader)]]
        unknown = ~atoms.at(reader) if reader else atoms.at(la_code)
        mine = [one for one in mine if not _own(atoms, one, unknown)]
        if mine:
            found += _recovered(reader, mine, Reader(atoms, unknown, after), partial(Reader, atoms, unknown, before))
    return len(targets), found


def reader_at(atoms: Atoms, reader: str) -> int:
    """The place of a reader: the outsider first, then the schools."""
    return 0 if reader == OUTSIDER else 1 + atoms.places.index(reader)


def _own(atoms: Atoms, target: Target, unknown: Bools) -> bool:
    """Whether nobody that it counts is unknown to the reader: that there is nobody else is no small count."""
    mask = np.frombuffer(target.atoms, dtype=bool) & unknown
    return bool(sum(weight * atoms.true[name][mask].sum() for name, weight in target.terms) < NEAR)


def _not_yet_open(atoms: Atoms, targets: Sequence[Target], known: Sequence[Known]) -> Bools:
    """Which counts are not yet seen to be open to which readers: (targets, readers).

    A table that differs from the truth at some schools only agrees with what every reader knows who is none of them.
    Schools are halved in several ways, so that any two of them are apart in one.
    """
    left = np.ones((len(targets), 1 + len(atoms.places)), dtype=bool)
    for some in _halves(atoms.places):
        unknown = np.logical_or.reduce([atoms.at(place) for place in some])
        others = [0, *(reader_at(atoms, place) for place in atoms.places if place not in some)]
        at = [
            number for number, one in enumerate(targets) if not _own(atoms, one, unknown) and left[number, others].any()
        ]
        if not at:
            continue
        chosen = [targets[number] for number in at]
        width = Reader(atoms, unknown, known).widths(chosen, alone=False)
        wide = [number for number, one, far in zip(at, chosen, width, strict=True) if far >= one.needed - NEAR]
        left[np.ix_(wide, others)] = False
    return left


def _halves(places: Sequence[str]) -> Iterator[list[str]]:
    for bit in range(max(len(places) - 1, 1).bit_length()):
        for side in (0, 1):
            if some := [place for at, place in enumerate(places) if at >> bit & 1 == side]:
                yield some


def _recovered(reader: str, targets: Sequence[Target], after: Reader, before: Callable[[], Reader]) -> list[Recovered]:
    needed = np.array([one.needed for one in targets])
    width = after.widths(targets)
    narrow = np.flatnonzero(width < needed - NEAR)
    if not narrow.size:
        return []
    earlier = before().widths([targets[at] for at in narrow])
    return [
        Recovered(reader, targets[at].place, targets[at].words, float(width[at]), float(first))
        for at, first in zip(narrow, earlier, strict=True) if width[at] < min(needed[at], first) - NEAR
    ]  # fmt: skip


def tied(measures: Iterable[str]) -> list[list[str]]:
    """Measures in families: tied by their cards over one base."""
    families: list[list[str]] = []
    for measure in sorted(set(measures)):
        about = cards()[measure]
        near = [
            some for some in families if any(_linked(measure, one) for one in some) and card(some[0]).base == about.base
        ]
        for some in near:
            families.remove(some)
        families.append(sorted({measure, *(one for some in near for one in some)}))
    return families


def _linked(one: str, two: str) -> bool:
    ties: Mapping[str, set[str]] = {name: {cards()[name].parts_of, cards()[name].at_most} - {""} for name in (one, two)}
    return two in ties[one] or one in ties[two] or bool(ties[one] & ties[two])
