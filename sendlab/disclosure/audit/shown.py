"""What a published table shows of each count: exact, rounded or hidden, and what a percentage beside it gives away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from sendlab.disclosure.audit.knowledge import Bools, Floats, Ints
from sendlab.disclosure.audit.table import AT, PublishedTable, kind_of, limits_of

STEPS = (1000, 100, 10, 5)  # roundings looked for, the coarsest first
ENOUGH_CELLS = 20  # shown counts of a level above nought, to call them rounded
ROUNDED_SHARE = 0.99  # of these that are multiples of the step
ENOUGH_RATES, RATE_SHARE = 10, 0.99  # rows in which a percentage is that of two counts, and their share
FEW_ROWS, LIKELY = 200, 0.8  # rows that two counts are tried on first, and the share that must agree there
MOST_DECIMALS = 3  # a percentage with more is not printed but computed: no rounding to turn round


@dataclass(frozen=True)
class Shown:
    """What is known of each count of one indicator, row by row of the file."""

    low: Floats
    high: Floats
    hidden: Bools  # a symbol stands where a count could
    absent: Bools  # not applicable: there is no count
    rounded: Bools  # of a level whose counts are rounded

    @property
    def exact(self) -> Bools:
        """Whether the count is shown as it is."""
        known: Bools = ~(self.hidden | self.absent | self.rounded)
        return known


def show(table: PublishedTable, indicator: str, rule: tuple[float, float] | None) -> Shown:
    """The limits of each count; a hidden one is at least 0, or within `rule`, and within what its symbol says."""
    values, marks = table.values[indicator].to_numpy().astype(np.float64), table.marks[indicator]
    number = ~np.isnan(values)
    absent = ~number & _each(marks, lambda mark: float(kind_of(mark) == "not_applicable")).astype(bool)
    steps = _steps(table, values)
    half = np.floor(steps / 2)
    least, most = rule or (0.0, np.inf)
    low = np.where(number, np.maximum(values - half, 0), np.maximum(_each(marks, lambda m: limits_of(m)[0]), least))
    upper = np.minimum(_each(marks, lambda mark: limits_of(mark)[1]), most)
    low_counts = ~number & _each(marks, lambda mark: float(kind_of(mark) == "low")).astype(bool) & (steps > 0)
    upper = np.where(low_counts, np.minimum(upper, np.ceil(steps / 2) - 1), upper)  # rounds to nought
    return Shown(low, np.where(number, values + half, np.maximum(upper, low)), ~number & ~absent, absent, steps > 0)


def _each(marks: pl.Series, read: Callable[[str], float]) -> Floats:
    """A number for each symbol."""
    known = {mark: read(mark) for mark in marks.unique().sort()}
    return marks.replace_strict(known, return_dtype=pl.Float64).to_numpy()


def _steps(table: PublishedTable, values: Floats) -> Floats:
    """The rounding of the level of each row; 0 where its counts are exact.

    An indicator that shows too few counts to tell is rounded as all counts of the level together are.
    """
    levels = table.shown["geographic_level"].str.to_lowercase().fill_null("").to_numpy()
    steps = np.zeros(values.size)
    for level in np.unique(levels):
        mine = levels == level
        own = values[mine & (values > 0)]
        if own.size < ENOUGH_CELLS:
            every = table.values.select(table.counts).filter(mine).to_numpy().ravel()
            own = every[every > 0]
        steps[mine] = step_of(own)
    return steps


def step_of(values: Floats) -> int:
    """What counts above nought are rounded to: 1000, 100, 10, 5, or 0 for not at all.

    >>> step_of(np.arange(5.0, 505.0, 5.0)), step_of(np.arange(1.0, 100.0))
    (5, 0)
    """
    if values.size < ENOUGH_CELLS:
        return 0
    return next((step for step in STEPS if (values % step == 0).mean() >= ROUNDED_SHARE), 0)


def counts_behind(percent: Ints, decimals: int, least: Floats, most: Floats) -> tuple[Floats, Floats]:
    """Least and most k with round_half_up(100 k / n, decimals) = the percentage, for n from `least` to `most`.

    `percent` is the percentage without its point: 74 for 7.4 at 1 decimal.

    >>> [k.tolist() for k in counts_behind(np.array([74]), 1, np.array([310.0]), np.array([310.0]))]
    [[23.0], [23.0]]
    >>> [k.tolist() for k in counts_behind(np.array([7]), 0, np.array([310.0]), np.array([310.0]))]
    [[21.0], [23.0]]
    """
    unit = 200 * 10**decimals
    low = -((-(2 * percent - 1) * least.astype(np.int64)) // unit)
    high = -((-(2 * percent + 1) * most.astype(np.int64)) // unit) - 1
    return np.maximum(low, 0).astype(np.float64), high.astype(np.float64)


def narrow_by_rates(table: PublishedTable, shown: dict[str, Shown]) -> tuple[dict[str, Shown], list[str]]:
    """Hidden counts of which a percentage and its denominator are shown; and what the percentages are of, in words.

    A column is taken for the percentage of two counts where it is theirs in nearly all rows that show the three.
    """
    found = dict(shown)
    told = []
    for rate in table.values.columns:
        decimals = _decimals(table.values[rate])
        if decimals > MOST_DECIMALS or (rate in table.counts and not _has_fractions(table.values[rate])):
            continue
        percent = _scaled(table.values[rate], decimals)
        for numerator, denominator in _candidates(shown, percent, decimals):
            if _is_rate(shown[numerator], shown[denominator], percent, decimals):
                found[numerator] = _narrowed(found[numerator], found[denominator], percent, decimals)
                told.append(f"{rate} = {numerator} / {denominator}")
    return found, told


def _candidates(shown: dict[str, Shown], percent: Ints, decimals: int) -> Iterator[tuple[str, str]]:
    """Pairs of counts whose percentage it may be, judged by a few rows from all over the file."""
    there = np.flatnonzero(percent > 0)
    few = there[:: max(1, there.size // FEW_ROWS)]
    tops = {name: np.where(one.exact, one.low, np.nan)[few] for name, one in shown.items()}
    for denominator in shown:
        known = ~np.isnan(tops[denominator])
        low, high = counts_behind(percent[few][known], decimals, *[tops[denominator][known]] * 2)
        for numerator in shown:
            top = tops[numerator][known]
            agree, seen = ((low <= top) & (top <= high)).sum(), (~np.isnan(top)).sum()
            if numerator != denominator and agree > 0 and agree >= LIKELY * seen:
                yield numerator, denominator


def _has_fractions(values: pl.Series) -> bool:
    return bool((values.drop_nulls() % 1 != 0).any())


def _decimals(values: pl.Series) -> int:
    """Most decimals that the column shows."""
    different = values.drop_nulls().unique().to_numpy()
    enough = (d for d in range(MOST_DECIMALS + 1) if (np.abs(different - np.round(different, d)) < 1e-9).all())
    return next(enough, MOST_DECIMALS + 1)


def _scaled(values: pl.Series, decimals: int) -> Ints:
    scaled: Ints = np.round(values.fill_null(-1).to_numpy() * 10**decimals).astype(np.int64)
    return scaled


def _is_rate(top: Shown, bottom: Shown, percent: Ints, decimals: int) -> bool:
    there = (percent > 0) & top.exact & bottom.exact & (bottom.low > 0) & (top.low < bottom.low)
    if there.sum() < ENOUGH_RATES:
        return False
    low, high = counts_behind(percent[there], decimals, bottom.low[there], bottom.high[there])
    return bool(((low <= top.low[there]) & (top.low[there] <= high)).mean() >= RATE_SHARE)


def _narrowed(top: Shown, bottom: Shown, percent: Ints, decimals: int) -> Shown:
    known = top.hidden & (percent >= 0) & ~bottom.hidden & ~bottom.absent & (bottom.low > 0)
    low, high = top.low.copy(), top.high.copy()
    least, most = counts_behind(percent[known], decimals, bottom.low[known], bottom.high[known])
    fits = np.maximum(least, low[known]) <= np.minimum(most, high[known])
    places = np.flatnonzero(known)[fits]
    low[places], high[places] = np.maximum(least[fits], low[places]), np.minimum(most[fits], high[places])
    return Shown(low, high, top.hidden, top.absent, top.rounded)


def rows_of(table: PublishedTable, places: Ints) -> list[dict[str, str]]:
    """The keys of rows as they stand in the file, without blanks."""
    rows = table.shown[places].drop(AT)
    return [{name: cell for name, cell in row.items() if cell is not None} for row in rows.iter_rows(named=True)]
