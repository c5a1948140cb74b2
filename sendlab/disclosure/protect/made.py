"""Systems from counts: the bases of measures, the numerators of linked measures, the people left out of bases."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from sendlab.disclosure.protect.counts import BASE, CELL, DENOMINATOR, NUMBER, PEOPLE, truth_of
from sendlab.disclosure.protect.nested import nested
from sendlab.disclosure.protect.primary import adverse, limits_known, small
from sendlab.disclosure.protect.sums import (
    PERIODS,
    matrix,
    of_siblings,
    orders_in_time,
    parts_and_wholes,
    stacked,
    sums_that_hold,
    typed_lines,
)
from sendlab.disclosure.protect.system import NOBODY, Bools, Floats, Ints, System
from sendlab.metrics.cards import card, cards
from sendlab.metrics.publication import SCHOOL_LEVEL

_GROUP = [name for name in ("what", "name", *CELL) if name not in ("geographic_level", "place_code")]  # wherever it is


@dataclass(frozen=True)
class Aims:
    """Counts to be protected: lines of weights, and the width of each."""

    lines: pl.DataFrame  # line, count, weight
    width: Floats


def aims_at(which: Bools, width: Floats, places: Ints) -> Aims:
    """An aim for each marked count; `places` are the counts' places in the system."""
    chosen = np.flatnonzero(which)
    lines = pl.DataFrame({"line": np.arange(chosen.size), "count": places[chosen], "weight": np.ones(chosen.size)})
    return Aims(typed_lines(lines), width[chosen])


def aims_between(which: Bools, width: float, more: Ints, less: Ints) -> Aims:
    """An aim for each marked difference of two counts."""
    chosen = np.flatnonzero(which)
    number = np.arange(chosen.size)
    lines = pl.DataFrame({
        "line": np.concatenate([number, number]), "count": np.concatenate([more[chosen], less[chosen]]),
        "weight": np.repeat([1.0, -1.0], chosen.size),
    })  # fmt: skip
    return Aims(typed_lines(lines), np.full(chosen.size, width))


def differences(counts: pl.DataFrame, linked: pl.DataFrame, width: float) -> Aims:
    """Aims at declared differences that are small themselves: people of a total without one of its parts.

    In time these are events in the rest of a period. People of the rest are those who joined or left, of whom no figure
    tells anything more.
    """
    known = counts.filter(pl.col("truth").is_not_null())
    pairs = linked.join(known.select("what", "name", "time_identifier", part="var", of_part="truth"), on="part")
    events = [name for name in counts["name"].unique().to_list() if name in cards() and card(name).kind == "events"]
    in_time = pl.col("link").is_in(list(PERIODS))
    of_events = (pl.col("what") == NUMBER) & pl.col("name").is_in(events)
    pairs = pairs.filter(pl.when(in_time).then(of_events).otherwise(pl.col("what").is_in([BASE, PEOPLE])))
    pairs = pairs.join(known.select(whole="var", of_whole="truth"), on="whole").sort("whole", "part")
    rest = (pairs["of_whole"] - pairs["of_part"]).to_numpy()
    return aims_between(small(rest, int(width) + 1), width, pairs["whole"].to_numpy(), pairs["part"].to_numpy())


def joined(*some: Aims) -> Aims:
    """All these aims, one after the other."""
    return Aims(stacked(*(one.lines for one in some)), np.concatenate([one.width for one in some]))


def system_of(
    counts: pl.DataFrame,
    *,
    limits: tuple[Floats, Floats],
    cost: Floats,
    hidden: Bools,
    aims: Aims,
    orders: pl.DataFrame | None = None,
    equal: pl.DataFrame | None = None,
    own: pl.DataFrame | None = None,
) -> System:
    """A system of these counts (columns of `counts`, with `var` 0, 1, ... and `decision`, the cell that hides them).

    `orders` are further lines of `at most 0` beside those that the periods give, `equal` of `0`; `own` are counts that
    schools have of themselves beside these (as in `Figures`).
    """
    size = counts.height
    linked = parts_and_wholes(counts)
    known = [sums_that_hold(counts, linked), of_siblings(counts), *([] if equal is None else [equal])]
    relations = matrix(stacked(*known), size)
    lines = orders_in_time(counts, linked)
    lines = lines if orders is None else stacked(lines, orders)
    order = matrix(lines, size)
    truth = np.nan_to_num(truth_of(counts))
    room = np.maximum(order @ truth, 0.0)
    if own is not None and own.height:
        limits = np.maximum(limits[0], _least_with(counts, own)), limits[1]
        room = np.maximum(room - of_one_school(lines, counts, own), order @ truth)
    schools = (counts["geographic_level"] == SCHOOL_LEVEL).to_numpy()
    holder = np.where(schools, counts["place_code"].rank("dense").cast(pl.Int64).to_numpy(), NOBODY)
    return System(
        truth=truth, lower=np.minimum(limits[0], truth), upper=np.maximum(limits[1], truth),
        cell=counts["decision"].cast(pl.Int64).to_numpy(), cost=cost, hidden=hidden, relations=relations, orders=order,
        room=room, aims=matrix(aims.lines, size), width=aims.width, holder=holder,
    )  # fmt: skip


def of_one_school(lines: pl.DataFrame, counts: pl.DataFrame, own: pl.DataFrame) -> Floats:
    """By how much the authority's orders are tighter for the school to which most of their room belongs, by line.

    Without a school the authority is the sum of all others, for whom the order holds as well; the school knows by how
    much, where all its counts of the line are its own. That everybody is taken to know it errs on the safe side.

    >>> cell = dict.fromkeys(CELL, "Total") | {"what": PEOPLE, "name": "severe_absence"}
    >>> la = pl.DataFrame([cell | {"geographic_level": "Local authority", "time_identifier": when, "var": var}
    ...                    for var, when in enumerate(["term", "half"])]).with_columns(truth=pl.Series([9.0, 12.0]))
    >>> of_school = la.drop("var").with_columns(geographic_level=pl.lit("School"), truth=pl.Series([2.0, 4.0]))
    >>> order = pl.DataFrame({"line": [0, 0], "count": [0, 1], "weight": [1.0, -1.0]})
    >>> of_one_school(order, la, of_school).tolist()
    [2.0]
    """
    at = [*_GROUP, "place_code"]
    schools = pl.col("geographic_level") == SCHOOL_LEVEL
    held = pl.concat([counts.filter(schools).select(*at, "truth"), own.filter(schools).select(*at, "truth")]).unique(at)
    las = counts.filter(~schools).select(*_GROUP, count=pl.col("var").cast(pl.Int64))
    of_las = lines.join(las, on="count").join(own.select(_GROUP).unique(), on=_GROUP, how="semi")["line"].unique()
    mine = lines.filter(pl.col("line").is_in(of_las.implode())).join(las, on="count").join(held, on=_GROUP)
    spare = mine.group_by("line", "place_code").agg(-(pl.col("weight") * pl.col("truth")).sum().alias("spare"))
    most = spare.group_by("line").agg(pl.col("spare").max()).filter(pl.col("spare") > 0)
    found: Floats = np.zeros(lines["line"].n_unique())
    found[most["line"].to_numpy()] = most["spare"].to_numpy()
    return found


def _least_with(counts: pl.DataFrame, own: pl.DataFrame) -> Floats:
    """The least that each count of the authority can be for the school that has most of it and knows so."""
    most = own.group_by(_GROUP).agg(pl.col("truth").max())
    of_la = pl.when(pl.col("geographic_level") != SCHOOL_LEVEL).then("truth_right").fill_null(0.0)
    found: Floats = counts.join(most, on=_GROUP, how="left", maintain_order="left").select(of_la).to_series().to_numpy()
    return found


def width_in(count: Floats, people: Floats, width: float) -> Floats:
    """The width of so many people in the unit of a count (sessions): at least one unit each."""
    each = np.divide(count, people, out=np.ones(count.shape), where=(people > 0) & np.isfinite(count))
    result: Floats = width * np.maximum(each, 1.0)
    return result


def base_limits(counts: pl.DataFrame) -> tuple[Floats, Floats]:
    """Of a hidden base, all that anyone can be sure of: that somebody is in it."""
    return np.ones(counts.height), np.full(counts.height, np.inf)


def base_aims(
    counts: pl.DataFrame, primary: Bools, people: Floats, threshold: int, *, judged: Bools, apart: bool
) -> Aims:  # fmt: skip
    """Aims at the primary bases: people, and their sessions; and at small differences between those `judged`.

    These are between a base and the one that it is among, and, if `apart`, between a total and one of its parts.
    `primary`, `people` and `judged` are by base cell (`decision` of the counts).
    """
    width = float(threshold - 1)
    truth, cell = truth_of(counts), counts["decision"].cast(pl.Int64).to_numpy()
    other = (counts["what"] == DENOMINATOR).to_numpy()
    wide = np.where(other, width_in(truth, people[cell], width), width)
    of_cells = aims_at(primary[cell] & np.isfinite(truth), wide, counts["var"].cast(pl.Int64).to_numpy())
    bases = counts.filter((pl.col("what") == BASE) & pl.Series(judged[cell]))
    linked = [nested(bases), *([parts_and_wholes(bases).drop("complete")] if apart else ())]
    return joined(of_cells, differences(bases, pl.concat(linked), width))


def numerator_limits(counts: pl.DataFrame, base: Floats, base_hidden: Bools) -> tuple[Floats, Floats]:
    """What a reader must grant each count of a numerator; `base` and `base_hidden` are by count.

    Of a count that is no count of people (sessions, events) at most the denominator, where it has such a limit.
    """
    lower, upper = np.zeros(counts.height), np.full(counts.height, np.inf)
    what, names = counts["what"].to_numpy(), counts["name"].to_numpy()
    for name in counts["name"].unique().to_list():
        about = card(name)
        mine = names == name
        low, high = limits_known(base, about.polarity)
        people = mine & (what == PEOPLE)
        lower[people], upper[people] = low[people], high[people]
        number = mine & (what == NUMBER)
        # a sum of nothing is shown where low is good; else it may be hidden
        lower[number] = low[number] if about.kind != "sum" else float(about.polarity == "low")
        if about.kind != "events":
            upper[number] = counts["denominator"].cast(pl.Float64).fill_null(np.inf).to_numpy()[number]
    return np.where(base_hidden, 0.0, lower), np.where(base_hidden, np.inf, upper)


def told_of(people: Floats, base: Floats, polarity: str) -> tuple[Bools, Bools]:
    """Adverse news about everybody in a small group, as nobody with the feature and as everybody."""
    told = adverse(people, base, polarity)
    return told & (people == 0), told & (people > 0)
