"""Which counts the attack on questions looks at: of groups that were told or asked about, and of all crossings."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations, product

import numpy as np
from question_atoms import PEOPLE, Atoms, Bools
from question_reader import Target

from sendlab.disclosure.guard.question import Group
from sendlab.metrics.cards import card

WORKED_OUT = 1.0  # ends that are closer than this: the count is known


def targets_of(
    atoms: Atoms, la_code: str, columns: Sequence[str], cells: Mapping[str, Iterable[Group]], threshold: int
) -> list[Target]:
    """Counts of 1 to T-1 people: at schools, in the LA, in it less one.

    Of groups that were told or asked about anywhere, and of what one leaves of another at a place (`cells`: those of
    each place): as wide as the standard has it. Of all others, one to three of the columns crossed: only not worked
    out, which is more than the standard asks for.
    """
    everybody = np.ones(atoms.table.height, dtype=bool)
    groups = {group: atoms.inside(group) for some in cells.values() for group in some}
    scopes = {la_code: everybody}
    scopes |= {place: atoms.at(place) for place in atoms.places}
    scopes |= {f"{la_code} less {place}": ~atoms.at(place) for place in atoms.places}
    crossed = list(_crossed(atoms, columns))
    found: dict[tuple[bytes, tuple[tuple[str, float], ...]], Target] = {}
    for place, here in scopes.items():
        own = [group for group in cells.get(place.partition(" ")[0], ()) if group in groups]
        told = [*((_words(group), mask) for group, mask in groups.items()), *_left_over(groups, own, here)]
        for some, most in ((told, np.inf), (crossed, WORKED_OUT)):
            words, masks = [text for text, _ in some], np.array([mask for _, mask in some]) & here
            for at, text, terms, needed in _few(atoms, masks, words, threshold):
                key = masks[at].tobytes(), terms
                found.setdefault(key, Target(place, text, key[0], terms, min(needed, most)))
    return list(found.values())


def _crossed(atoms: Atoms, columns: Sequence[str]) -> Iterator[tuple[str, Bools]]:
    """Groups of one to three of the columns, each once."""
    seen = set[bytes]()
    some = [name for name in columns if name in atoms.columns]
    for names in (names for number in (1, 2, 3) for names in combinations(some, number)):
        for chosen in product(*(atoms.parts(name) for name in names)):
            mask = np.logical_and.reduce([one for _, one in chosen])
            if mask.tobytes() not in seen:
                seen.add(mask.tobytes())
                yield ", ".join(text for text, _ in chosen), mask


def _left_over(groups: Mapping[Group, Bools], own: Sequence[Group], here: Bools) -> Iterator[tuple[str, Bools]]:
    """What one group that was told of a place leaves of another."""
    masks = np.array([groups[group] & here for group in own], dtype=bool).reshape(len(own), here.size)
    inside = masks.astype(np.float64) @ (~masks).astype(np.float64).T == 0
    for inner, outer in zip(*np.nonzero(inside & (masks.sum(axis=1)[:, None] < masks.sum(axis=1))), strict=True):
        yield f"{_words(own[outer])} but not {_words(own[inner])}", masks[outer] & ~masks[inner]


def _words(group: Group) -> str:
    return ", ".join(f"{name} {'/'.join(values)}" for name, values in group) or "everybody"


def _few(
    atoms: Atoms, masks: Bools, words: Sequence[str], threshold: int
) -> Iterator[tuple[int, str, tuple[tuple[str, float], ...], float]]:
    wide = threshold - 1.0
    weights = masks.astype(np.float64)
    base = weights @ atoms.true[PEOPLE]
    for at in np.flatnonzero((base > 0) & (base < threshold)):
        yield int(at), f"people, {words[at]}", ((PEOPLE, 1.0),), wide
    for measure in atoms.measures:
        if card(measure).kind == "mean":
            continue
        people, number = weights @ atoms.having[measure], weights @ atoms.true[measure]
        each = np.maximum(number / np.maximum(people, 1.0), 1.0) if card(measure).kind == "sum" else np.ones(base.size)
        for at in np.flatnonzero((people > 0) & (people < threshold)):
            yield int(at), f"{measure}, {words[at]}", ((measure, 1.0),), wide * each[at]
        if card(measure).kind == "share":
            for at in np.flatnonzero((base - people > 0) & (base - people < threshold)):
                yield int(at), f"not {measure}, {words[at]}", ((PEOPLE, 1.0), (measure, -1.0)), wide
