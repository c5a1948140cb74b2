"""Which figures are hidden for their own sake, row by row, by the rules of their kind."""

import numpy as np
import polars as pl

from sendlab.disclosure.protect.primary import COUNTED_KINDS, Counts, limits_known, primary_of
from sendlab.disclosure.protect.system import Bools, Floats
from sendlab.metrics.card_of import by_measure


def counts_in(rows: pl.DataFrame) -> Counts:
    """The counts of figures as arrays, nan where a row has none."""
    names = ("base_subjects", "with_subjects", "numerator", "denominator", "top_share", "value")
    base, people, numerator, denominator, top, value = (_numbers(rows, name) for name in names)
    spread = _numbers(rows, "upper") - _numbers(rows, "lower")
    return Counts(base, people, numerator, denominator, top, value, spread, rows["absent"].to_numpy().copy())


def primary_rows(rows: pl.DataFrame, threshold: int) -> Bools:
    """Rows whose figure is hidden where its base may be seen."""
    found = np.zeros(rows.height, dtype=bool)
    for about, places in by_measure(rows):
        counts = counts_in(rows[places])
        found[places] = primary_of(about.kind, counts, about.polarity, threshold, about.model_residual_df, about.unit)
    return found


def too_narrow(rows: pl.DataFrame, primary: Bools, threshold: int) -> Bools:
    """Rows whose base must not be seen beside a hidden figure, or it is known too well, whatever else is hidden.

    Such a base is too small for the numerator to be anything else; or only an edge hides a mean on a base of that size.
    """
    found = np.zeros(rows.height, dtype=bool)
    base = _numbers(rows, "base_subjects")
    for about, places in by_measure(rows):
        if about.kind == "mean":
            found[places] = primary[places]
        elif about.kind in COUNTED_KINDS:
            lower, upper = limits_known(base[places], about.polarity)
            found[places] = primary[places] & (upper - lower < threshold - 1)
    return found


def _numbers(rows: pl.DataFrame, name: str) -> Floats:
    return rows[name].cast(pl.Float64).fill_null(np.nan).to_numpy().copy()
