"""Bases: which are hidden, once for all measures that share them, with the sessions or enrolments that go with them."""

from __future__ import annotations

import numpy as np
import polars as pl

from sendlab.disclosure.protect.counts import CLOSED, UNTOLD, Figures, base_counts
from sendlab.disclosure.protect.judged import too_narrow
from sendlab.disclosure.protect.made import base_aims, base_limits, system_of
from sendlab.disclosure.protect.nested import alike, orders_among, price_among
from sendlab.disclosure.protect.prices import hidden_in_time, prices
from sendlab.disclosure.protect.primary import small
from sendlab.disclosure.protect.system import Bools, Floats, NoPattern, Pattern, System
from sendlab.disclosure.protect.turns import protect_in_turns, table_turn
from sendlab.errors import GateError


def forced_bases(figures: Figures, primary: Bools, threshold: int) -> Bools:
    """Bases that would tell too much beside the hidden figure of some measure."""
    rows = figures.rows
    found = np.zeros(figures.bases.height, dtype=bool)
    primary = primary & (rows["given"] != UNTOLD).to_numpy()
    found[rows["base_cell"].to_numpy()[too_narrow(rows, primary, threshold)]] = True
    return found & ~shown_before(figures)


def shown_before(figures: Figures) -> Bools:
    """Bases that went out before, and so cannot be hidden."""
    return (figures.bases["given"] == "shown").to_numpy()


def protect_bases(figures: Figures, forced: Bools, threshold: int, most: int) -> tuple[Bools, Pattern]:
    """The bases to hide; small ones, those `forced`, and the cover that these need."""
    cells = figures.bases
    people = _people(cells)
    given = cells["given"]
    judged = (given != UNTOLD).to_numpy()
    primary = (small(people, threshold) | forced | (given == "held").to_numpy()) & judged
    hidden = primary | given.is_in(CLOSED).to_numpy()
    counts = base_counts(figures).rename({"cell": "decision"}).with_row_index("var")
    price = prices(cells, people, (people == 0) | (given == "shown").to_numpy()) * hidden_in_time(cells, "base")
    price = price * cells.select(price_among()).to_series().to_numpy()
    turn = cells.select(table_turn()).to_series().to_numpy()
    # a few people of the authority who are at none of its schools stand apart whatever is hidden: the second try
    for apart in (True, False):
        aims = base_aims(counts, primary, people, threshold, judged=judged, apart=apart)
        system = system_of(
            counts, limits=base_limits(counts), hidden=hidden, cost=np.where(hidden, np.inf, price), aims=aims,
            orders=orders_among(counts), equal=alike(counts), own=figures.own,
        )  # fmt: skip
        try:
            pattern = protect_in_turns(system, turn, most)
            return pattern.hidden, pattern
        except NoPattern as failure:
            impossible = failure
    released = given.is_in(["shown", *CLOSED]).to_numpy() & judged
    if released.any():  # what went out before cannot be taken back: nothing more is shown
        return _nothing_more(system)
    raise GateError(
        f"the base '{cells['base'][0]}' cannot be protected: its totals are smaller than their parts",
        next_step="check that the figures of the LA and of each Total were counted from the same pupils",
    ) from impossible


def _nothing_more(system: System) -> tuple[Bools, Pattern]:
    """Every base hidden that was not shown before."""
    hidden = system.hidden | np.isfinite(system.cost)
    cost = float(system.cost[np.isfinite(system.cost)].sum())
    return hidden, Pattern(hidden, cost, 0.0, "nothing more is shown")


def _people(cells: pl.DataFrame) -> Floats:
    return cells["count"].fill_null(np.nan).to_numpy().copy()
