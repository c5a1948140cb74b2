"""What is to be protected of numerators: people with the feature, people without, events, small differences."""

from __future__ import annotations

import numpy as np
import polars as pl

from sendlab.disclosure.protect.counts import BASE, NUMBER, PEOPLE, UNTOLD
from sendlab.disclosure.protect.family import Family
from sendlab.disclosure.protect.made import Aims, aims_at, aims_between, differences, joined, told_of, width_in
from sendlab.disclosure.protect.primary import small
from sendlab.disclosure.protect.sums import parts_and_wholes
from sendlab.disclosure.protect.system import Bools, Floats, Ints
from sendlab.metrics.card_of import by_measure

_NONE = -1


def family_aims(family: Family, primary: Bools, threshold: int) -> Aims:
    """The aims of a family; `primary` is by row.

    Where the base is shown, people with the feature and people without are one and the same; where not, two counts.
    """
    rows, width = family.rows, float(threshold - 1)
    people, number = (
        rows[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in ("with_subjects", "numerator")
    )
    at = {what: _places(family, what) for what in (PEOPLE, NUMBER)}
    base_at = _base_places(family)
    unseen, base = family.base_hidden, family.base
    nobody, everybody = _told(rows, people, base)
    few = small(people, threshold)
    held = (rows["given"] == "held").to_numpy()  # how it changed since it was shown must not be worked out
    with_it = np.where(unseen, few | nobody, primary) | held
    without = unseen & (small(base - people, threshold) | everybody)
    has_people, has_number = at[PEOPLE] != _NONE, (at[NUMBER] != _NONE) & np.isfinite(number)
    is_sum = (rows["kind"] == "sum").to_numpy()
    in_number = np.where(is_sum, width_in(number, people, width), width)
    counted = np.where(is_sum, primary, few | (primary & ~unseen)) | held
    judged = (rows["given"] != UNTOLD).to_numpy()
    bases = _one_each(unseen & small(base, threshold) & has_people & judged, base_at)
    links = parts_and_wholes(family.counts)
    told = rows.filter(judged)["row"].implode()
    numerators = family.counts.filter(pl.col("what").is_in([PEOPLE, NUMBER]), pl.col("place").is_in(told))
    return joined(
        aims_at(bases, np.full(rows.height, width), base_at),
        aims_at(with_it & has_people & judged, np.full(rows.height, width), at[PEOPLE]),
        aims_between(without & has_people & judged, width, base_at, at[PEOPLE]),
        aims_at(counted & has_number & judged, in_number, at[NUMBER]),
        differences(numerators, links, width),
    )


def _told(rows: pl.DataFrame, people: Floats, base: Floats) -> tuple[Bools, Bools]:
    nobody, everybody = np.zeros(rows.height, dtype=bool), np.zeros(rows.height, dtype=bool)
    for about, places in by_measure(rows):
        if about.kind != "sum":
            nobody[places], everybody[places] = told_of(people[places], base[places], about.polarity)
    return nobody, everybody


def _places(family: Family, what: str) -> Ints:
    """The place of each row's count of this kind among the counts, or -1."""
    found = np.full(family.rows.height, _NONE)
    mine = family.counts.filter((pl.col("what") == what) & pl.col("truth").is_not_null())
    found[mine["place"].to_numpy()] = mine["var"].to_numpy()
    return found


def _base_places(family: Family) -> Ints:
    bases = family.counts.filter(pl.col("what") == BASE).select("base_cell", "var")
    return family.rows.join(bases, on="base_cell", how="left", maintain_order="left")["var"].cast(pl.Int64).to_numpy()


def _one_each(which: Bools, places: Ints) -> Bools:
    """Marked only at the first row of each base."""
    first = np.zeros(which.size, dtype=bool)
    chosen = np.flatnonzero(which)
    first[chosen[np.unique(places[chosen], return_index=True)[1]]] = True
    return first
