"""Percentages and their limits turned back into counts of people."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from sendlab.stats.intervals import wilson

Interval = tuple[float | None, float | None]
LARGEST_BASE = 5_000  # a hidden base is looked for up to here


def people_behind(base: int, value: Interval, lower: Interval, upper: Interval) -> tuple[float, float] | None:
    """Least and most people of `base` with this percentage and these Wilson limits; None where there is nobody such.

    Each interval holds the ends of what rounds to the number printed; (None, None) where it is not printed.

    >>> people_behind(23, (12.95, 13.05), (None, None), (None, None))
    (3.0, 3.0)
    >>> people_behind(310, (6.5, 7.5), (None, None), (None, None))
    (21.0, 23.0)
    """
    people = np.arange(base + 1, dtype=np.float64)
    fits = _fitting(people, np.full(base + 1, float(base)), value, lower, upper)
    found = people[fits]
    return (float(found.min()), float(found.max())) if found.size else None


def bases_behind(value: Interval, lower: Interval, upper: Interval) -> tuple[float, float] | None:
    """Least and most people in the base of a share with this percentage and these limits; None where none fits.

    >>> bases_behind((42.85, 42.95), (15.75, 15.85), (74.95, 75.05))
    (7.0, 7.0)
    """
    low, high = value
    if low is None or high is None:
        return None
    bases = np.arange(1, LARGEST_BASE + 1, dtype=np.float64)
    first, last = np.ceil(bases * low / 100), np.floor(bases * high / 100)
    possible = [_fitting(people, bases, value, lower, upper) for people in (first, last, np.round((first + last) / 2))]
    found = bases[np.logical_or.reduce(possible)]
    return (float(found.min()), _open_end(float(found.max()))) if found.size else None


def _open_end(base: float) -> float:
    return np.inf if base == LARGEST_BASE else base


def _fitting(
    people: npt.NDArray[np.float64], base: npt.NDArray[np.float64], value: Interval, lower: Interval, upper: Interval
) -> npt.NDArray[np.bool_]:
    limits = wilson(people, base) if lower[0] is not None or upper[0] is not None else (people, people)
    fits = (people >= 0) & (people <= base)
    for (low, high), percentage in zip(
        (value, lower, upper), (100 * people / base, *(100 * limit for limit in limits)), strict=True
    ):
        if low is not None and high is not None:
            fits &= (percentage >= low) & (percentage <= high)
    return fits


def narrowed_by_percentages(rows: pl.DataFrame) -> pl.DataFrame:
    """Of shares whose numerator is hidden while a result is in sight: `people_low`, `people_high`, `base_low`, `_high`.

    `rows` are rows with intervals (`as_intervals`); the result has them in the same order. Null where nothing follows.
    """
    found = [_narrowed(row) for row in rows.iter_rows(named=True)]
    names = ("people_low", "people_high", "base_low", "base_high")
    return rows.with_columns(
        pl.Series(name, [one[place] for one in found], dtype=pl.Float64) for place, name in enumerate(names)
    )


def _narrowed(row: dict[str, object]) -> tuple[float | None, ...]:
    value, lower, upper = (_ends(row, name) for name in ("value", "lower", "upper"))
    least, most = _ends(row, "base_subjects")
    if row["method"] != "wilson":
        lower = upper = (None, None)
    if least is not None and least == most:
        return *(people_behind(int(least), value, lower, upper) or (None, None)), None, None
    if lower[0] is None and upper[0] is None:
        return (None,) * 4  # a percentage alone is a sum of both counts: it is known as that
    return None, None, *(bases_behind(value, lower, upper) or (None, None))


def _ends(row: dict[str, object], name: str) -> Interval:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return (low, high) if isinstance(low, float) and isinstance(high, float) else (None, None)
