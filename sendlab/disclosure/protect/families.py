"""Numerators: which families of a figure are hidden beside the bases, for measures that limit one another together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from sendlab.disclosure.protect.counts import (
    BASE,
    CELL,
    CLOSED,
    DENOMINATOR,
    NUMBER,
    PEOPLE,
    Figures,
    base_counts,
    numerator_counts,
)
from sendlab.disclosure.protect.family import Family
from sendlab.disclosure.protect.family_aims import family_aims
from sendlab.disclosure.protect.made import base_limits, numerator_limits, system_of
from sendlab.disclosure.protect.prices import hidden_in_time, prices
from sendlab.disclosure.protect.primary import COUNTED_KINDS, always_shown
from sendlab.disclosure.protect.sums import at_most, stacked
from sendlab.disclosure.protect.system import Bools, Floats, Ints, NoPattern, Pattern
from sendlab.disclosure.protect.turns import protect_in_turns, table_turn
from sendlab.metrics.card_of import by_measure
from sendlab.metrics.cards import card

_MEASURES_APART = 10  # turns: all tables of one measure, then those of the next


class NoRoom(Exception):
    """These bases would have to be hidden for a numerator's sake; none, if there is no other way at all."""

    def __init__(self, base_cells: Ints) -> None:
        self.base_cells = base_cells
        super().__init__("no pattern protects a count")


def linked_sets(rows: pl.DataFrame) -> list[list[str]]:
    """Measures with counts of people or sums, together where their cards link them; a larger one before what it limits.

    >>> names = ["severe_absence", "persistent_absence", "absence", "ks2_writing_gap"]
    >>> linked_sets(pl.DataFrame({"measure": names}))
    [['absence'], ['persistent_absence', 'severe_absence']]
    """
    names = rows["measure"].unique().sort().to_list()
    counted = [name for name in names if card(name).kind in (*COUNTED_KINDS, "sum")]
    above = {name: card(name).at_most or card(name).parts_of for name in counted}
    whole = {name: (above[name] if above[name] in counted else name) for name in counted}
    first = {name: whole[whole[name]] for name in counted}
    return [sorted((n for n in counted if first[n] == top), key=lambda n: (n != top, n)) for top in
            sorted(set(first.values()))]  # fmt: skip


def protect_family(
    figures: Figures, some: list[str], base_hidden: Bools, primary: Bools, threshold: int, most: int
) -> tuple[Bools, Pattern]:
    """Rows (of all figures) whose family is hidden, for the linked measures `some`. Raises NoRoom."""
    places = np.flatnonzero(figures.rows["measure"].is_in(some).to_numpy())
    family = _family(figures, places, base_hidden)
    rows, counts = family.rows, family.counts
    same = _decided_with(rows)
    given = rows["given"]
    hidden = family.base_hidden | primary[places] | given.is_in(CLOSED).to_numpy()
    hidden = _or_by(hidden, same)
    price = np.where(hidden, np.inf, _prices(rows, family.base))
    bases = base_hidden
    system = system_of(
        counts.with_columns(decision=pl.Series(_decisions(counts, same, rows.height))),
        limits=_limits(family), aims=family_aims(family, primary[places], threshold), orders=_orders(family),
        cost=np.concatenate([price, np.full(bases.size, np.inf)]), hidden=np.concatenate([hidden, bases]),
        own=figures.own,
    )  # fmt: skip
    order = {name: number for number, name in enumerate(some)}
    turn = rows.select(table_turn() + _MEASURES_APART * pl.col("measure").replace_strict(order)).to_series().to_numpy()
    try:
        pattern = protect_in_turns(system, np.concatenate([turn, np.full(bases.size, -1)]), most)
    except NoPattern as failure:
        raise NoRoom(_bases_of(system.aims[list(failure.aims)].indices, counts)) from None
    found = np.zeros(figures.rows.height, dtype=bool)
    found[places] = pattern.hidden[: rows.height][same]
    return found, pattern


def _family(figures: Figures, places: Ints, base_hidden: Bools) -> Family:
    rows = figures.rows[places].drop("row").with_row_index("row")
    of_base = figures.bases.filter(pl.col("cell").is_in(rows["base_cell"].implode()))
    limiting = rows.filter(pl.col("measure").is_in(_of_denominator(rows)))
    bases = base_counts(replace(figures, rows=limiting, bases=of_base))
    bases = bases.with_columns(base_cell=pl.col("cell"), place=pl.lit(None))
    numbers = numerator_counts(rows).join(rows.select(cell="row", base_cell="base_cell"), on="cell", how="left")
    numbers = numbers.with_columns(place=pl.col("cell"))
    counts = pl.concat([bases.cast({"place": pl.UInt32}), numbers.select(*bases.columns)]).with_row_index("var")
    base = rows["base_subjects"].cast(pl.Float64).fill_null(np.nan).to_numpy().copy()
    return Family(rows, counts, base, base_hidden[rows["base_cell"].to_numpy()])


def _of_denominator(rows: pl.DataFrame) -> list[str]:
    """Measures whose numerator is a part of their denominator, of which it is a percentage: sessions."""
    return [about.measure for about, _ in by_measure(rows) if about.kind == "sum" and about.unit.startswith("%")]


def _decisions(counts: pl.DataFrame, same: Ints, rows: int) -> Ints:
    """The cell that hides each count: a row's own or the one it is decided with; after all rows, the base cells."""
    place = counts["place"].cast(pl.Int64).fill_null(-1).to_numpy()
    return np.where(place >= 0, same[place], rows + counts["base_cell"].cast(pl.Int64).to_numpy())


def _decided_with(rows: pl.DataFrame) -> Ints:
    """For each row the one whose decision is also its own.

    A share whose people are those behind events (suspended once or more) is hidden where these are, and only there.
    """
    same = np.arange(rows.height)
    for about, places in by_measure(rows):
        other = about.at_most
        if not other or other not in set(rows["measure"]) or card(other).kind != "events":
            continue
        cells = rows.select("row", *CELL, "with_subjects", "measure")
        pair = cells[places].join(cells.filter(pl.col("measure") == other), on=list(CELL), how="left")
        alike = pair["with_subjects"].eq_missing(pair["with_subjects_right"]).all()
        if alike and card(other).polarity == about.polarity and not pair["row_right"].has_nulls():
            same[pair["row"].to_numpy()] = pair["row_right"].to_numpy()
    return same


def _or_by(marked: Bools, same: Ints) -> Bools:
    """Marked where the row or one that is decided with it is."""
    together = np.zeros(marked.size, dtype=bool)
    np.logical_or.at(together, same, marked)
    return together[same]


def _prices(rows: pl.DataFrame, base: Floats) -> Floats:
    people = rows["with_subjects"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    count = np.where((rows["kind"] == "sum").to_numpy(), rows["numerator"].fill_null(np.nan).to_numpy(), people)
    never = (rows["given"] == "shown").to_numpy()
    for about, places in by_measure(rows):
        if about.kind == "sum":
            never[places] |= (people[places] == 0) & (about.polarity == "low")
        else:
            never[places] |= always_shown(people[places], base[places], about.polarity)
    return prices(rows, count, never) * hidden_in_time(rows, "measure")


def _limits(family: Family) -> tuple[Floats, Floats]:
    """What a reader must grant each count, if it is hidden."""
    counts, numbers = family.counts, family.counts["place"].is_not_null().to_numpy()
    lower, upper = base_limits(counts)
    place = counts["place"].drop_nulls().to_numpy()
    of_rows = counts.filter(pl.col("place").is_not_null()).with_columns(denominator=family.rows["denominator"][place])
    lower[numbers], upper[numbers] = numerator_limits(of_rows, family.base[place], family.base_hidden[place])
    return lower, upper


def _orders(family: Family) -> pl.DataFrame:
    """Lines of `at most 0`: people behind a numerator among those of a hidden base, among events, among those above.

    And sessions missed, among the possible ones that a hidden base hides.
    """
    counts = family.counts.filter(pl.col("truth").is_not_null())
    people = counts.filter(pl.col("what") == PEOPLE).select("name", *CELL, "place", "base_cell", less="var")
    unseen = people.filter(pl.Series(family.base_hidden[people["place"].to_numpy()]))
    of_base = unseen.join(counts.filter(pl.col("what") == BASE).select("base_cell", more="var"), on="base_cell")
    events = people.join(counts.filter(pl.col("what") == NUMBER).select("place", more="var"), on="place")
    above = {name: card(name).at_most for name in people["name"].unique().to_list()}
    named = people.with_columns(of=pl.col("name").replace_strict(above, default="", return_dtype=pl.String))
    out_of = counts.filter(pl.col("what") == DENOMINATOR).select("name", "base_cell", more="var")
    numbers = counts.filter(pl.col("what") == NUMBER).select("name", "place", "base_cell", less="var")
    unseen = numbers.filter(pl.Series(family.base_hidden[numbers["place"].to_numpy()]))
    sessions = unseen.join(out_of, on=["name", "base_cell"])
    limit = named.join(people.select(*CELL, of="name", more="less"), on=[*CELL, "of"])
    return stacked(*(at_most(pairs.select("less", "more")) for pairs in (of_base, events, limit, sessions)))


def _bases_of(places: Ints, counts: pl.DataFrame) -> Ints:
    """The base cells of these counts."""
    return np.unique(counts["base_cell"].cast(pl.Int64).to_numpy()[places])
