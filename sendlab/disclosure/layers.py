"""The systems of one measure: its counts as layers that add up, and which of them are to be protected how far."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sendlab.disclosure.cells import DEAR, Cells, prices, sums_that_hold
from sendlab.disclosure.primary import Bools, Counts, Floats, adverse, always_shown, limits_known, small
from sendlab.disclosure.systems import Aim, Layer, System
from sendlab.metrics.cards import Card


@dataclass(frozen=True)
class Measure:
    """A measure's card and its counts over the cells of its tables."""

    card: Card
    counts: Counts
    eligible: Floats


def system_of_people(cells: Cells, measure: Measure, base_hidden: Bools, primary: Bools, threshold: int) -> System:
    """People in the base, people behind the numerator, and the numerator itself where it is another count."""
    counts, polarity = measure.counts, measure.card.polarity
    lower, upper = limits_known(counts.base, polarity)
    lower, upper = np.where(base_hidden, 0.0, lower), np.where(base_hidden, np.inf, upper)
    layers = [
        open_layer(cells, counts.base, counts.absent),
        Layer(counts.people, lower, upper, sums_that_hold(cells, counts.people, counts.absent)),
    ]
    aims = _aims_of_people(counts, polarity, base_hidden, primary, threshold)
    within = [(1, 0)]
    if not np.array_equal(counts.numerator, counts.people, equal_nan=True):
        most = np.where(base_hidden | (measure.card.kind == "events"), np.inf, counts.denominator)
        layers.append(Layer(counts.numerator, lower, most, sums_that_hold(cells, counts.numerator, counts.absent)))
        counted = small(counts.people, threshold) | (primary & ~base_hidden)
        aims += aims_in(2, counted & np.isfinite(counts.numerator), np.full(len(cells), threshold - 1.0))
        within.append((1, 2))
    never = always_shown(counts.people, counts.base, polarity)
    cost = prices(cells, counts.people, never)
    return System(tuple(layers), tuple(aims), cost, fixed=1, within=tuple(within), dear=DEAR)


def _aims_of_people(counts: Counts, polarity: str, base_hidden: Bools, primary: Bools, threshold: int) -> list[Aim]:
    """People with the feature and people without: one and the same where the base is shown, two counts where not."""
    told = adverse(counts.people, counts.base, polarity)
    with_it = np.where(base_hidden, small(counts.people, threshold) | (told & (counts.people == 0)), primary)
    without = base_hidden & (small(counts.base - counts.people, threshold) | (told & (counts.people > 0)))
    tiny = base_hidden & small(counts.base, threshold)
    width = np.full(counts.base.shape, threshold - 1.0)
    differences = [Aim(((0, cell, 1.0), (1, cell, -1.0)), threshold - 1.0) for cell in np.flatnonzero(without).tolist()]
    return [*aims_in(0, tiny, width), *aims_in(1, with_it, width), *differences]


def system_of_sum(cells: Cells, measure: Measure, base_hidden: Bools, primary: Bools, threshold: int) -> System:
    """Sessions: as wide as threshold - 1 people's worth of them."""
    counts = measure.counts
    upper = np.where(base_hidden | ~np.isfinite(counts.denominator), np.inf, counts.denominator)
    relations = sums_that_hold(cells, counts.numerator, counts.absent)
    layer = Layer(counts.numerator, np.zeros(len(cells)), upper, relations)
    wanted = primary & np.isfinite(counts.numerator)
    aims = aims_in(0, wanted, width_in(counts.numerator, counts.people, threshold))
    never = (counts.people == 0) & (measure.card.polarity == "low")
    return System((layer,), tuple(aims), prices(cells, counts.numerator, never), dear=DEAR)


def width_in(count: Floats, people: Floats, threshold: int) -> Floats:
    """The width of threshold - 1 people in the unit of a count: at least one unit each."""
    each = np.divide(count, people, out=np.ones(count.shape), where=(people > 0) & np.isfinite(count))
    return (threshold - 1) * np.maximum(each, 1.0)


def open_layer(cells: Cells, count: Floats, absent: Bools) -> Layer:
    """A count of which nothing is known but that a zero would have been shown."""
    unlimited = np.full(len(cells), np.inf)
    return Layer(count, np.ones(len(cells)), unlimited, sums_that_hold(cells, count, absent))


def aims_in(layer: int, wanted: Bools, width: Floats) -> list[Aim]:
    """An aim for each wanted cell of a layer."""
    return [Aim(((layer, cell, 1.0),), float(width[cell])) for cell in np.flatnonzero(wanted).tolist()]
