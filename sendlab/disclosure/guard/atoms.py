"""Atoms: the smallest groups that releases and a question tell apart, and how many people each holds at each place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
import numpy.typing as npt
import polars as pl

from sendlab.disclosure.guard.counted import NONE
from sendlab.disclosure.guard.known import BASE, denominator_of
from sendlab.disclosure.guard.question import NEEDS, Group
from sendlab.disclosure.protect.system import Bools, Floats
from sendlab.metrics.cards import card
from sendlab.schema.groups import SEND

MOST_ATOMS = 3_000  # of all places looked at together; a question that needs more is not judged, so not answered
SEN_BLOCK = ("sen_provision", *NEEDS)
Classes = Mapping[str, Mapping[str, int]]


class TooMany(Exception):
    """A question crosses more groups than are judged together."""


def classes_of(groups: Iterable[Group], values: Mapping[str, Sequence[str]]) -> dict[str, dict[str, int]]:
    """Numbers of the values of each column that groups use; values that no group tells apart share one.

    Where needs are used, pupils with SEN are told from others.

    >>> classes_of([(("nc_year", ("1", "2")),)], {"nc_year": ("1", "2", "3"), "sex": ("Female",)})
    {'nc_year': {'1': 0, '2': 0, '3': 1}}
    """
    sets: dict[str, list[frozenset[str]]] = {}
    for group in groups:
        for name, wanted in group:
            sets.setdefault(name, []).append(frozenset(wanted))
    if set(sets) & set(NEEDS):
        sets.setdefault("sen_provision", []).append(frozenset(SEND))
    found: dict[str, dict[str, int]] = {}
    for name in sorted(sets):
        told = {value: tuple(value in one for one in dict.fromkeys(sets[name])) for value in values[name]}
        numbers = {sign: number for number, sign in enumerate(dict.fromkeys(told.values()))}
        found[name] = {value: numbers[sign] for value, sign in told.items()}
    return found


@dataclass(frozen=True)
class Atoms:
    """Atoms of every place, with true counts. An atom is one class of each column; `codes` holds them as text."""

    classes: Classes
    codes: tuple[tuple[str, ...], ...]  # (c,) one text a column of `classes`
    places: tuple[str, ...]
    held: Bools  # (p, c) which atoms a place may have: those made of classes that somebody there belongs to
    counts: Mapping[str, Floats]  # name of a count -> (p, c)
    people: Mapping[str, Floats]  # measure -> people behind its numerator (p, c)
    largest: Mapping[str, Floats]  # measure -> the most of one person (p, c)

    def member(self, group: Group) -> Bools:
        """Which atoms lie in a group. A value that nobody has takes in nobody."""
        inside = np.ones(len(self.codes), dtype=bool)
        names = list(self.classes)
        for name, values in group:
            wanted = sorted({str(self.classes[name][value]) for value in values if value in self.classes[name]})
            inside &= np.isin(self._columns[:, names.index(name)], wanted)
        return inside

    @cached_property
    def _columns(self) -> npt.NDArray[np.str_]:
        return np.array(self.codes, dtype=np.str_).reshape(len(self.codes), len(self.classes))

    def marginals(self, groups: Mapping[str, Sequence[Group]], most: int = 3) -> Bools:
        """Groups made by crossing up to `most` of the columns given, one row each; `groups` lists those of a column."""
        rows = [np.ones(len(self.codes), dtype=bool)]
        held = {name: [self.member(group) for group in some] for name, some in groups.items()}
        for choice in product(*[[None, *some] for some in held.values()]):
            chosen = [one for one in choice if one is not None]
            if 0 < len(chosen) <= most:
                rows.append(np.logical_and.reduce(chosen))
        return np.unique(np.array(rows), axis=0)

    def at(self, place: str) -> int:
        """The row of a place."""
        return self.places.index(place)


def make_atoms(
    counted: Mapping[str, pl.DataFrame], classes: Classes, places: Sequence[str], most: int = MOST_ATOMS
) -> Atoms:
    """Atoms from the counts of `atom_counts`, at the places given.

    A place may have every combination of classes that occur there, not only those that somebody is in: which
    combinations are empty is no common knowledge. Errors: TooMany where there are more than `most` in all.
    """
    seen = pl.concat([rows.select("place_code", "atom") for rows in counted.values()]).unique()
    by_place = {place: [tuple(text.split("|")) if classes else () for text in
                        seen.filter(pl.col("place_code") == place)["atom"]] for place in places}  # fmt: skip
    possible = {place: _possible(here, tuple(classes)) for place, here in by_place.items()}
    if sum(map(len, possible.values())) > most:
        raise TooMany
    codes = tuple(sorted(set().union(*possible.values())))
    at = {code: number for number, code in enumerate(codes)}
    held = np.zeros((len(places), len(codes)), dtype=bool)
    for number, place in enumerate(places):
        held[number, [at[code] for code in possible[place]]] = True
    tables = {measure: _table(rows, list(places), at, held.shape) for measure, rows in counted.items()}
    counts: dict[str, Floats] = {}
    for measure, table in tables.items():
        counts.setdefault(BASE, table["base"])
        if card(measure).kind == "sum":
            counts.setdefault(denominator_of(measure), table["denominator"])
        if card(measure).kind != "mean":
            counts[measure] = table["numerator"]
    people, largest = ({measure: table[name] for measure, table in tables.items()} for name in ("with", "top"))
    return Atoms(classes, codes, tuple(places), held, counts, people, largest)


def _table(
    rows: pl.DataFrame, places: list[str], at: Mapping[tuple[str, ...], int], shape: tuple[int, int]
) -> dict[str, Floats]:
    """The counts of one measure by place and atom."""
    table = {name: np.zeros(shape) for name in ("base", "with", "numerator", "denominator", "top")}
    row_of = {place: number for number, place in enumerate(places)}
    for place, atom, base, having, number, below, share in rows.iter_rows():
        if place in row_of:
            code = tuple(atom.split("|")) if atom else ()
            found = (base, having, number, below, (share or 0.0) * (number or 0.0))
            for name, value in zip(table, found, strict=True):
                table[name][row_of[place], at[code]] += value or 0.0
    return table


def _possible(here: Sequence[tuple[str, ...]], columns: tuple[str, ...]) -> set[tuple[str, ...]]:
    """Combinations of classes that occur at a place; needs go with pupils with SEN, whatever their provision."""
    if not here:
        return set()
    block = [place for place, name in enumerate(columns) if name in SEN_BLOCK]
    free = [sorted({code[place] for code in here}) for place in range(len(columns)) if place not in block]
    found = set()
    for inside in _of_block({tuple(code[place] for place in block) for code in here}, "sen_provision" in columns):
        for rest in product(*free):
            others = iter(rest)
            own = iter(inside)
            found.add(tuple(next(own) if place in block else next(others) for place in range(len(columns))))
    return found


def _of_block(seen: set[tuple[str, ...]], with_provision: bool) -> set[tuple[str, ...]]:
    if not with_provision or len(next(iter(seen))) == 1:
        return seen
    place = len(next(iter(seen))) - 1  # columns stand in the order of their names: needs, then provision
    rest = {tuple(code[:place]) for code in seen}
    with_need = {needs for needs in rest if set(needs) != {NONE}}
    provisions = {code[place] for code in seen if tuple(code[:place]) in with_need}
    return seen | {(*needs, provision) for needs in with_need for provision in provisions}
