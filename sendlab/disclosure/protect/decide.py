"""Which figures are hidden: bases first, once for all measures that share them, then the numerators of each measure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from sendlab.disclosure.processes import share_out
from sendlab.disclosure.protect.bases import forced_bases, protect_bases, shown_before
from sendlab.disclosure.protect.counts import Figures, figures_of
from sendlab.disclosure.protect.coverage import coverage_hidden
from sendlab.disclosure.protect.families import NoRoom, linked_sets, protect_family
from sendlab.disclosure.protect.judged import primary_rows
from sendlab.disclosure.protect.system import Bools, Pattern
from sendlab.metrics.cards import card
from sendlab.metrics.publication import declared

DECISIONS = ("base_hidden", "hidden", "coverage_hidden", "withheld")
_UNIT = ["time_period", "item"]
_WORTH_A_PROCESS = 3_000  # rows: fewer are decided before a process has started
_SOLVED = {"unit": pl.String, "what": pl.String, "cells": pl.Int64, "hidden": pl.Int64, "cost": pl.Float64,
           "bound": pl.Float64, "method": pl.String}  # fmt: skip


@dataclass(frozen=True)
class Decided:
    """Figures with the flags of DECISIONS; `solved` says what each system came to (its cost, bound and method)."""

    rows: pl.DataFrame
    solved: pl.DataFrame


def decide(
    rows: pl.DataFrame, threshold: int, *, most: int | None = None, jobs: int = 1, own: pl.DataFrame | None = None
) -> Decided:
    """The figures with four flags; `hidden` is the family of the value, which a hidden base hides with it.

    `rows` are measure rows without comparator of schools and the authority, of measures that count people, with columns
    `given`, `base_given` and `coverage_given` where an earlier release binds them ("shown", "hidden", "held"), or where
    they are only there for others' sake ("context"; "untold" where their school alone knows them). `withheld` marks all
    rows of a measure and year that no choice of cover protects. `own` are exact rows that only their schools know, of
    periods in which no school's are here. `most` is how many cells are decided together (default: the budget of
    publication.toml); `jobs` how many processes share the work, with the same outcome.
    """
    most = declared()[1].system if most is None else most
    units = list(_units(rows, own))
    if jobs > 1 and rows.height >= _WORTH_A_PROCESS:
        tasks = [(unit, threshold, most) for unit in units]
        done = share_out(_decided, tasks, [unit.rows.height for unit in units], jobs)
    else:
        done = [_decided(unit, threshold, most) for unit in units]
    if not done:
        return Decided(rows.with_columns(pl.lit(False).alias(name) for name in DECISIONS), pl.DataFrame(schema=_SOLVED))
    return Decided(pl.concat(each.rows for each in done), pl.concat(each.solved for each in done))


def _decided(unit: Figures, threshold: int, most: int) -> Decided:
    return _Unit(unit, threshold, most).decided()


def _units(rows: pl.DataFrame, own: pl.DataFrame | None) -> Iterator[Figures]:
    """Figures that nothing links with any other: measures joined by a base or a card, of one year and item."""
    for names in _joined_measures(rows["measure"].unique().sort().to_list()):
        of_these = pl.col("measure").is_in(names)
        mine = rows.filter(of_these).partition_by(_UNIT, as_dict=True)
        beside = {} if own is None else own.filter(of_these).partition_by(_UNIT, as_dict=True)
        for key in sorted(mine, key=str):
            yield figures_of(mine[key], beside.get(key))


def _joined_measures(names: list[str]) -> list[list[str]]:
    """Sets of measures that share a base, or of which the cards link the measures or the bases.

    >>> _joined_measures(["absence", "ks2_reading_progress", "ks2_writing_gap", "severe_absence"])
    [['absence', 'severe_absence'], ['ks2_reading_progress', 'ks2_writing_gap']]
    """
    sets: list[set[str]] = []
    for name in names:
        about = card(name)
        bases = {f"base {base}" for base in (about.base, about.among) if base}
        ties = {*bases, name, about.at_most, about.parts_of} - {""}
        touched = [each for each in sets if each & ties]
        sets = [each for each in sets if not each & ties] + [ties.union(*touched)]
    return sorted([name for name in names if name in each] for each in sets)


class _Unit:
    """The decision for figures that hang together; a base hidden for one numerator's sake is hidden for all."""

    def __init__(self, figures: Figures, threshold: int, most: int) -> None:
        self.figures, self.threshold, self.most = figures, threshold, most
        self.primary = primary_rows(figures.rows, threshold)
        self.forced = forced_bases(figures, self.primary, threshold)
        self.failed: set[str] = set()
        self.solved: list[dict[str, object]] = []

    def decided(self) -> Decided:
        """The rows with their flags."""
        rows = self.figures.rows
        while True:  # each round hides a base more or gives a measure up, of which there are so many and no more
            self.solved.clear()
            base_hidden, pattern = protect_bases(self.figures, self.forced, self.threshold, self.most)
            self._note("bases", self.figures.bases.height, pattern)
            hidden, wanted = self._families(base_hidden)
            if not wanted.any():
                break
            self.forced = self.forced | wanted
        of_row = base_hidden[rows["base_cell"].to_numpy()]
        flags = {
            "base_hidden": of_row, "hidden": hidden | of_row,
            "coverage_hidden": coverage_hidden(self.figures, base_hidden, self.threshold, self.most) | of_row,
            "withheld": rows["measure"].is_in(list(self.failed)).to_numpy(),
        }  # fmt: skip
        marked = rows.with_columns(pl.Series(name, flag) for name, flag in flags.items())
        return Decided(marked, pl.DataFrame(self.solved, schema=_SOLVED))

    def _families(self, base_hidden: Bools) -> tuple[Bools, Bools]:
        """Rows whose family is hidden, and bases that have to be hidden for want of another way."""
        rows = self.figures.rows
        hidden, wanted = self.primary.copy(), np.zeros(base_hidden.size, dtype=bool)
        for some in linked_sets(rows):
            chosen = rows["measure"].is_in(some).to_numpy()
            if not self.failed & set(some):
                try:
                    found, pattern = protect_family(
                        self.figures, some, base_hidden, self.primary, self.threshold, self.most
                    )
                except NoRoom as failure:
                    more = failure.base_cells[~(base_hidden | shown_before(self.figures))[failure.base_cells]]
                    wanted[more] = True
                    if not more.size:
                        self.failed |= set(some)
                else:
                    hidden |= found
                    self._note(", ".join(some), int(chosen.sum()), pattern)
            if self.failed & set(some):
                # what went out before cannot be taken back: nothing more is shown
                hidden |= chosen & ((rows["base_subjects"].fill_null(0) > 0) & (rows["given"] != "shown")).to_numpy()
        return hidden, wanted

    def _note(self, what: str, cells: int, pattern: Pattern) -> None:
        first = self.figures.rows.row(0, named=True)
        unit = f"{first['base']} {first['time_period']} {first['item']}"
        self.solved.append({
            "unit": unit, "what": what, "cells": cells, "hidden": int(pattern.hidden.sum()), "cost": pattern.cost,
            "bound": pattern.bound, "method": pattern.method,
        })  # fmt: skip
