"""Which figures are hidden: bases first, once for all measures that share them, then each measure's numerators."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from sendlab.disclosure.cells import CELL_KEY, DEAR, Cells, cells_of, prices, sums_that_hold
from sendlab.disclosure.layers import Measure, aims_in, open_layer, system_of_people, system_of_sum, width_in
from sendlab.disclosure.primary import (
    COUNTED_KINDS,
    Bools,
    Counts,
    Floats,
    limits_known,
    nobody_counted,
    primary_of,
    small,
)
from sendlab.disclosure.secondary import NoPattern, protect
from sendlab.disclosure.systems import Layer, System
from sendlab.errors import GateError
from sendlab.metrics.cards import card

TABLE_KEY = ("time_period", "time_identifier", "item")
DECISIONS = ("base_hidden", "hidden", "coverage_hidden", "withheld")
_COUNT_COLUMNS = (
    "base_subjects", "with_subjects", "numerator", "denominator", "top_share", "value", "eligible_subjects",
)  # fmt: skip
_NO_DENOMINATOR_OF_PEOPLE = ("effect",)  # its denominator holds residual degrees of freedom


def decide(figures: pl.DataFrame, threshold: int) -> pl.DataFrame:
    """The figures with four flags: `base_hidden`, `hidden` (the family of the value), `coverage_hidden`, `withheld`.

    `figures` are measure rows without comparator at levels School and Local authority, of measures that count
    people. A hidden base hides the family, a hidden family leaves its base in sight. `withheld` marks all rows of a
    measure and period that no choice of cover protects.
    """
    bases = {name: card(name).base for name in figures["measure"].unique().to_list()}
    marked = figures.with_columns(_base=pl.col("measure").replace_strict(bases, return_dtype=pl.String))
    groups = marked.partition_by("_base", *TABLE_KEY, maintain_order=False, as_dict=True)
    decided = [_decide_group(groups[key], threshold) for key in sorted(groups, key=str)]
    if not decided:
        return figures.with_columns(pl.lit(False).alias(name) for name in DECISIONS)
    flags = pl.concat(decided)
    return figures.join(flags, on=["measure", *TABLE_KEY, *CELL_KEY], how="left")


def _decide_group(figures: pl.DataFrame, threshold: int) -> pl.DataFrame:
    """Flags for the figures of one base, period and item."""
    cells = cells_of(figures)
    measures = [_aligned(figures, name, cells) for name in sorted(figures["measure"].unique().to_list())]
    base = _shared_base(measures)
    forced = np.logical_or.reduce([_too_narrow(measure, threshold) for measure in measures])
    while True:
        base_hidden = _protect_base(cells, measures, base, forced, threshold)
        wanted = np.zeros(len(cells), dtype=bool)
        patterns: dict[str, Bools] = {}
        withheld: dict[str, bool] = {}
        for measure in sorted(measures, key=lambda each: bool(each.card.at_most)):
            twin = _counted_with(measure, measures)
            if twin is not None:
                patterns[measure.card.measure], withheld[measure.card.measure] = patterns[twin], withheld[twin]
                continue
            pattern, more = _protect_measure(cells, measure, base_hidden, threshold)
            withheld[measure.card.measure] = pattern is None
            patterns[measure.card.measure] = measure.counts.base > 0 if pattern is None else pattern
            wanted |= more
        if not (wanted & ~base_hidden).any():
            break
        forced = forced | wanted
    covered = _Coverage(cells, base_hidden, threshold)
    table = figures.select(TABLE_KEY).row(0)
    return pl.concat(
        cells.keys.select(
            pl.lit(measure.card.measure).alias("measure"),
            *(pl.lit(value).alias(name) for name, value in zip(TABLE_KEY, table, strict=True)),
            *CELL_KEY,
            pl.Series("base_hidden", base_hidden),
            pl.Series("hidden", base_hidden | patterns[measure.card.measure]),
            pl.Series("coverage_hidden", base_hidden | covered.pattern(measure)),
            pl.lit(withheld[measure.card.measure]).alias("withheld"),
        )
        for measure in measures
    )


def _aligned(figures: pl.DataFrame, measure: str, cells: Cells) -> Measure:
    rows = figures.filter(pl.col("measure") == measure).with_columns(_there=pl.lit(True))
    wide = cells.keys.join(rows, on=CELL_KEY, how="left", maintain_order="left")
    base, people, numerator, denominator, top, value, eligible = (
        wide[name].cast(pl.Float64).fill_null(np.nan).to_numpy().copy() for name in _COUNT_COLUMNS
    )
    absent = wide.select(pl.col("_there").is_null() | nobody_counted()).to_series().to_numpy().copy()
    return Measure(card(measure), Counts(base, people, numerator, denominator, top, value, absent), eligible)


def _counted_with(measure: Measure, measures: list[Measure]) -> str | None:
    """The measure of events whose people this share counts: protected there as one of its layers, so hidden alike."""
    for other in measures:
        named = other.card.measure == measure.card.at_most and not other.card.at_most
        alike = other.card.kind == "events" and other.card.polarity == measure.card.polarity
        if named and alike and np.array_equal(other.counts.people, measure.counts.people, equal_nan=True):
            return other.card.measure
    return None


def _shared_base(measures: list[Measure]) -> Counts:
    """The counts of people that the measures share; measures that disagree do not have one base."""
    shared = measures[0].counts
    for other in measures[1:]:
        both = np.isfinite(shared.base) & np.isfinite(other.counts.base)
        if (shared.base[both] != other.counts.base[both]).any():
            names = f"'{measures[0].card.measure}' and '{other.card.measure}'"
            raise GateError(
                f"{names} are declared to share the base '{other.card.base}' but count different people",
                next_step="give them different base names in metrics/cards.toml, or count the same pupils",
            )
        base = np.where(np.isfinite(shared.base), shared.base, other.counts.base)
        shared = replace(shared, base=base, absent=shared.absent & other.counts.absent)
    return shared


def _too_narrow(measure: Measure, threshold: int) -> Bools:
    """Bases that must not be seen beside a hidden figure, or it is known too well, whatever else is hidden.

    They are too small for the numerator to be anything else; or only an edge hides a mean on a base of that size.
    """
    if measure.card.kind == "mean":
        return _primary(measure, threshold)
    if measure.card.kind not in COUNTED_KINDS:
        return np.zeros(measure.counts.base.shape, dtype=bool)
    lower, upper = limits_known(measure.counts.base, measure.card.polarity)
    narrow: Bools = _primary(measure, threshold) & (upper - lower < threshold - 1)
    return narrow


def _primary(measure: Measure, threshold: int) -> Bools:
    about = measure.card
    return primary_of(about.kind, measure.counts, about.polarity, threshold, about.model_residual_df, about.unit)


def _protect_base(cells: Cells, measures: list[Measure], base: Counts, forced: Bools, threshold: int) -> Bools:
    """The bases to hide; other denominators (sessions, enrolments) are hidden with them and must hold as well."""
    primary = small(base.base, threshold) | forced
    layers, aims = (
        [open_layer(cells, base.base, base.absent)],
        aims_in(0, primary, np.full(len(cells), threshold - 1.0)),
    )
    seen = [base.base]
    for measure in measures:
        counts = measure.counts
        if measure.card.kind in _NO_DENOMINATOR_OF_PEOPLE or not np.isfinite(counts.denominator).any():
            continue
        if any(np.array_equal(counts.denominator, other, equal_nan=True) for other in seen):
            continue
        seen.append(counts.denominator)
        width = width_in(counts.denominator, base.base, threshold)
        aims += aims_in(len(layers), primary & np.isfinite(counts.denominator), width)
        layers.append(open_layer(cells, counts.denominator, counts.absent))
    cost = prices(cells, base.base, base.base == 0)
    try:
        return protect(System(tuple(layers), tuple(aims), cost, dear=DEAR), primary)
    except NoPattern as failure:
        raise GateError(
            f"the base '{measures[0].card.base}' cannot be protected: its totals are smaller than their parts",
            next_step="check that the figures of the LA and of each Total were counted from the same pupils",
        ) from failure


def _protect_measure(cells: Cells, measure: Measure, base_hidden: Bools, threshold: int) -> tuple[Bools | None, Bools]:
    """The families to hide where the base is shown, and the bases that must be hidden for want of another way.

    None if there is no way: then the measure is withheld.
    """
    none = np.zeros(len(cells), dtype=bool)
    primary = _primary(measure, threshold)
    if measure.card.kind not in (*COUNTED_KINDS, "sum"):
        return primary, none
    make = system_of_sum if measure.card.kind == "sum" else system_of_people
    system = make(cells, measure, base_hidden, primary, threshold)
    try:
        return protect(system, base_hidden | primary, given=base_hidden), none
    except NoPattern as failure:
        cell = failure.aim.terms[0][1]
        if base_hidden[cell]:  # nothing is left to try
            return None, none
        none[cell] = True
        return base_hidden | primary, none


class _Coverage:
    """People left out of the base (eligible minus counted): shown where there are none or enough of them."""

    def __init__(self, cells: Cells, base_hidden: Bools, threshold: int) -> None:
        self.cells, self.base_hidden, self.threshold = cells, base_hidden, threshold
        self.done: dict[bytes, Bools] = {}

    def pattern(self, measure: Measure) -> Bools:
        """Cells whose `eligible_subjects` is hidden; measures with the same counts get the same answer."""
        counted = np.where(measure.counts.absent, 0.0, measure.counts.base)  # where nobody counted, all are left out
        left_out = measure.eligible - counted
        left_out = np.where(left_out >= 0, left_out, np.nan)
        absent, no_base = measure.counts.absent & ~np.isfinite(measure.eligible), ~np.isfinite(measure.counts.base)
        key = b"".join(each.tobytes() for each in (left_out, absent, no_base))
        if key not in self.done:
            self.done[key] = self._protect(left_out, absent, no_base)
        return self.done[key]

    def _protect(self, left_out: Floats, absent: Bools, no_base: Bools) -> Bools:
        primary = small(left_out, self.threshold)
        lower = np.where(self.base_hidden, 0.0, 1.0)
        relations = sums_that_hold(self.cells, left_out, absent)
        layer = Layer(left_out, lower, np.full(len(self.cells), np.inf), relations)
        aims = aims_in(0, primary, np.full(len(self.cells), self.threshold - 1.0))
        system = System((layer,), tuple(aims), prices(self.cells, left_out, left_out == 0), dear=DEAR)
        try:
            return protect(system, primary | self.base_hidden | no_base | ~np.isfinite(left_out))
        except NoPattern:  # counts that do not add up: no coverage is shown
            return np.ones(len(self.cells), dtype=bool)
