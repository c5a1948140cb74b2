"""People left out of a base: how many is shown where there are none, or enough of them."""

from __future__ import annotations

import numpy as np
import polars as pl

from sendlab.disclosure.protect.counts import CELL, CLOSED, UNTOLD, Figures
from sendlab.disclosure.protect.made import aims_at, system_of
from sendlab.disclosure.protect.prices import prices
from sendlab.disclosure.protect.system import Bools, NoPattern
from sendlab.disclosure.protect.turns import protect_in_turns, table_turn
from sendlab.metrics.cards import widest


def coverage_hidden(figures: Figures, base_hidden: Bools, threshold: int, most: int) -> Bools:
    """Rows whose `eligible_subjects` is hidden: those who could count are one number for all bases that are linked.

    It goes with the widest of them. How many of that base a narrower one leaves out was settled with the bases.
    """
    rows = figures.rows.with_columns(_unseen=pl.Series(base_hidden[figures.rows["base_cell"].to_numpy()]))
    could = {base: widest(base) for base in rows["base"].unique().to_list()}
    rows = rows.with_columns(_could=pl.col("base").replace_strict(could, return_dtype=pl.String))
    hidden = np.zeros(rows.height, dtype=bool)
    for name in rows["_could"].unique().sort().to_list():
        mine = rows.filter(_could=name)
        cells = _cells(mine, threshold)
        flags = cells.select(*CELL, _gone=pl.Series(_protected(cells, threshold, most)))
        of_rows = mine.select("row", "base_subjects", *CELL).join(flags, on=list(CELL), how="left")
        gone = of_rows["_gone"] | of_rows["base_subjects"].is_null()
        hidden[of_rows["row"].to_numpy()] = gone.to_numpy()
    return hidden


def _cells(rows: pl.DataFrame, threshold: int) -> pl.DataFrame:
    """One line a cell: who could count, and what its rows together say of it.

    `most`: the most who count; `few`: the widest base leaves out few; `seen`: it is in sight (where it is not no row
    says who could count); `told`, `closed`: shown before, or not to be shown.
    """
    counted = pl.when("absent").then(0).otherwise("base_subjects")
    rows = rows.with_columns(_counted=counted, _left=(pl.col("eligible_subjects") - counted).cast(pl.Float64))
    known, is_widest = ~pl.col("_unseen") & pl.col("base_subjects").is_not_null(), pl.col("base") == pl.col("_could")
    there = is_widest.any().over(CELL)
    seen = pl.when(there).then((known & is_widest).any().over(CELL)).otherwise(known.all().over(CELL))
    # of how many of the widest base a narrower one leaves out the bases' own protection knows
    of_widest = pl.col("_counted").filter(is_widest).max().over(CELL)
    rows = rows.with_columns(_widest=is_widest | (pl.col("_counted") >= of_widest).fill_null(True), _seen=seen)
    says, given = pl.col("_seen") & pl.col("eligible_subjects").is_not_null(), pl.col("coverage_given")
    few = pl.col("_widest") & pl.col("_left").is_between(1, threshold - 1) & (pl.col("given") != UNTOLD)
    odd = (pl.col("_left") < 0).fill_null(False).any()
    return rows.group_by(CELL, maintain_order=True).agg(
        truth=pl.when(~odd).then(pl.col("eligible_subjects").max().cast(pl.Float64)),
        most=pl.col("_counted").max().cast(pl.Float64).fill_null(0.0),
        absent=(pl.col("absent") & pl.col("eligible_subjects").is_null()).all(),
        few=few.fill_null(False).any() & ~odd, seen=pl.col("_seen").all(), told=(given == "shown").any(),
        closed=(given.is_in(["hidden", "held"]) & says & ~pl.col("_unseen")).any()
        | (~says | given.is_in(CLOSED)).all(),
    )  # fmt: skip


def _protected(cells: pl.DataFrame, threshold: int, most: int) -> Bools:
    """Cells whose count of those who could is hidden: few were left out, or cover for such a cell."""
    truth = cells["truth"].fill_null(np.nan).to_numpy()
    left = truth - cells["most"].to_numpy()
    few, told, closed, seen = (cells[name].to_numpy() for name in ("few", "told", "closed", "seen"))
    hidden = (few | closed | ~np.isfinite(truth)) & ~told
    what = [pl.lit("could count").alias("what"), pl.lit("").alias("name")]
    counts = cells.select(*what, *CELL, "truth", "absent").with_row_index("var").with_columns(decision=pl.col("var"))
    # where it is hidden beside a base in sight, somebody was left out
    least = cells["most"].to_numpy() + np.where(seen, 1.0, 0.0)
    system = system_of(
        counts, limits=(least, np.full(cells.height, np.inf)), hidden=hidden,
        cost=np.where(hidden, np.inf, prices(cells, left, (left == 0) | told)),
        aims=aims_at(few, np.full(cells.height, threshold - 1.0), np.arange(cells.height)),
    )  # fmt: skip
    try:
        return protect_in_turns(system, cells.select(table_turn()).to_series().to_numpy(), most).hidden
    except NoPattern:  # counts that do not add up: no coverage is shown
        return np.ones(cells.height, dtype=bool)
