"""People left out of a base: how many is shown where there are none, or enough of them."""

from __future__ import annotations

import numpy as np
import polars as pl

from sendlab.disclosure.protect.counts import CLOSED, UNTOLD, Figures, left_out_counts, truth_of
from sendlab.disclosure.protect.made import aims_at, system_of
from sendlab.disclosure.protect.prices import prices
from sendlab.disclosure.protect.primary import small
from sendlab.disclosure.protect.system import Bools, NoPattern
from sendlab.disclosure.protect.turns import protect_in_turns, table_turn


def coverage_hidden(figures: Figures, base_hidden: Bools, threshold: int, most: int) -> Bools:
    """Rows whose `eligible_subjects` is hidden; measures that leave out the same people get the same answer."""
    rows = figures.rows
    hidden = np.zeros(rows.height, dtype=bool)
    done: list[tuple[pl.DataFrame, Bools]] = []
    for name in rows["measure"].unique().sort().to_list():
        places = np.flatnonzero((rows["measure"] == name).to_numpy())
        counts = left_out_counts(rows[places])
        what = counts.drop("name", "cell").with_columns(
            rows[places]["coverage_given"], untold=rows[places]["given"] == UNTOLD
        )
        known = next((answer for other, answer in done if what.equals(other)), None)
        if known is None:
            known = _protected(counts, rows[places], base_hidden, threshold, most)
            done.append((what, known))
        hidden[places] = known
    return hidden


def _protected(counts: pl.DataFrame, rows: pl.DataFrame, base_hidden: Bools, threshold: int, most: int) -> Bools:
    truth = truth_of(counts)
    unseen = base_hidden[rows["base_cell"].to_numpy()]
    primary = small(truth, threshold) & (rows["given"] != UNTOLD).to_numpy()
    no_base = rows["base_subjects"].is_null().to_numpy()
    told = (rows["coverage_given"] == "shown").to_numpy()
    closed = rows["coverage_given"].is_in(CLOSED).to_numpy()
    hidden = (primary | unseen | no_base | ~np.isfinite(truth) | closed) & ~told
    counts = counts.with_row_index("var").with_columns(decision=pl.col("var"))
    width = np.full(rows.height, threshold - 1.0)
    system = system_of(
        counts, limits=(np.where(unseen, 0.0, 1.0), np.full(rows.height, np.inf)), hidden=hidden,
        cost=np.where(hidden, np.inf, prices(rows, truth, (truth == 0) | told)),
        aims=aims_at(primary, width, counts["var"].cast(pl.Int64).to_numpy()),
    )  # fmt: skip
    try:
        return protect_in_turns(system, rows.select(table_turn()).to_series().to_numpy(), most).hidden
    except NoPattern:  # counts that do not add up: no coverage is shown
        return np.ones(rows.height, dtype=bool)
