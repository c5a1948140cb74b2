"""What is protected together: additive counts over the cells of a table, and the counts among them to be protected."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from sendlab.disclosure.primary import Floats

Relation = tuple[int, tuple[int, ...]]  # a total and its parts, as places in the layer
_REACH = 30.0  # intervals need not be followed further than this many times the width asked for


@dataclass(frozen=True)
class Layer:
    """One additive count over the cells; nan where a cell has none."""

    count: Floats
    lower: Floats  # the least an attacker must grant a hidden count
    upper: Floats  # the most; inf where nothing limits it
    relations: tuple[Relation, ...]


@dataclass(frozen=True)
class Aim:
    """A count to be protected, as a weighted sum of (layer, cell, weight), and how wide its interval must be."""

    terms: tuple[tuple[int, int, float], ...]
    width: float


@dataclass(frozen=True)
class System:
    """Counts protected together. The pattern of the first `fixed` layers is given; the others share one pattern."""

    layers: tuple[Layer, ...]
    aims: tuple[Aim, ...]
    cost: Floats  # of hiding each cell; inf where a rule shows it
    fixed: int = 0
    within: tuple[tuple[int, int], ...] = ()  # (layer, larger layer): cell by cell at most as large
    dear: float = 0.0  # from this cost on it is worth a second look whether a cell must be hidden


def sums(system: System) -> csr_array:
    """One row a relation: total minus parts. In deviations from the truth each row is 0."""
    cells = system.cost.size
    entries: list[tuple[int, int, float]] = []
    row = 0
    for number, layer in enumerate(system.layers):
        for total, parts in layer.relations:
            entries.append((row, number * cells + total, 1.0))
            entries.extend((row, number * cells + part, -1.0) for part in parts)
            row += 1
    return _matrix(entries, row, cells * len(system.layers))


def orders(system: System) -> tuple[csr_array, Floats]:
    """One row a pair of counts of which one cannot exceed the other, and the room between them."""
    cells = system.cost.size
    entries: list[tuple[int, int, float]] = []
    room: list[float] = []
    for inner, outer in system.within:
        gap = system.layers[outer].count - system.layers[inner].count
        for cell in np.flatnonzero(np.isfinite(gap)):
            entries.append((len(room), inner * cells + int(cell), 1.0))
            entries.append((len(room), outer * cells + int(cell), -1.0))
            room.append(max(float(gap[cell]), 0.0))
    return _matrix(entries, len(room), cells * len(system.layers)), np.array(room)


def goals(system: System) -> Floats:
    """One row an aim: its weights over the counts of all layers."""
    cells = system.cost.size
    goals = np.zeros((len(system.aims), cells * len(system.layers)))
    for index, aim in enumerate(system.aims):
        for layer, cell, weight in aim.terms:
            goals[index, layer * cells + cell] += weight
    return goals


def _matrix(entries: list[tuple[int, int, float]], rows: int, columns: int) -> csr_array:
    if not entries:
        return csr_array((rows, columns), dtype=np.float64)
    row, column, value = zip(*entries, strict=True)
    return csr_array((value, (row, column)), shape=(rows, columns))


def moves(system: System) -> tuple[Floats, Floats]:
    """How far each count may move down and up from the truth, if hidden."""
    reach = _REACH * max(aim.width for aim in system.aims)
    low, high = [], []
    for layer in system.layers:
        known = np.isfinite(layer.count)
        down = np.clip(np.where(known, layer.lower - layer.count, 0.0), -reach, 0.0)
        up = np.clip(np.where(known, layer.upper - layer.count, 0.0), 0.0, reach)
        low.append(down)
        high.append(up)
    return np.concatenate(low), np.concatenate(high)
