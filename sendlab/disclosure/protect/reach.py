"""Keeps the tables found so far, and how far apart they show each reader that each aim can be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from sendlab.disclosure.protect.columns import Columns, taken
from sendlab.disclosure.protect.parts import SLACK, Part
from sendlab.disclosure.protect.system import NOBODY, Bools, Floats, Ints


@dataclass(frozen=True)
class Forgotten:
    """What `restore` needs: the aims that dropped tables spoke of, how far these went, the tables, how many."""

    aims: Ints
    least: Floats
    most: Floats
    tables: list[int]
    known: int


class Reach:
    """For each aim and reader the least and the most that the tables found so far allow.

    A table is one way to fill the hidden counts. It counts for every reader whose own counts it leaves alone.
    """

    def __init__(self, part: Part) -> None:
        self.part = part
        self.least = np.zeros(part.judged.shape)
        self.most = np.zeros(part.judged.shape)
        self.short = np.zeros(part.judged.shape, dtype=np.bool_)  # where the tables so far do not show the width
        self._judge(np.arange(part.width.size))
        self._moves: list[tuple[Ints, Floats]] = []
        self._worth: list[tuple[Ints, Floats]] = []
        self._readers: list[Bools] = []
        self._alive: list[bool] = []
        self._of_aim: dict[int, list[int]] = {}
        self._of_cell: dict[int, list[int]] = {}

    def _judge(self, aims: Ints) -> None:
        """Counts are whole, so intervals are rounded inwards."""
        truth = self.part.truth[aims, None]
        width = np.floor(truth + self.most[aims] + SLACK) - np.ceil(truth + self.least[aims] - SLACK)
        self.short[aims] = self.part.judged[aims] & (width < self.part.width[aims, None] - SLACK)

    def readers_of(self, aim: int) -> Ints:
        """Readers for whom the aim is short, the outsider first."""
        return np.flatnonzero(self.short[aim])[::-1]

    def add(self, table: Floats) -> bool:
        """Keep a table, cut into pieces that are tables by themselves; whether it shows anything new."""
        return sum(self.keep(counts, table[counts]) for counts in pieces(table, self.part.columns)) > 0

    def keep(self, counts: Ints, values: Floats) -> bool:
        """Keep one piece if it takes an aim farther for a reader for whom it was short."""
        piece = np.zeros(self.part.low.size)
        piece[counts] = values
        worth = self.part.aims @ piece
        aims = np.flatnonzero(np.abs(worth) > SLACK)
        readers = np.ones(self.part.judged.shape[1], dtype=np.bool_)
        holders = self.part.holder[counts]
        readers[holders[holders != NOBODY]] = False
        wanted = self.short[aims] & readers
        served = wanted.any(axis=1)
        some, gain = aims[served], worth[aims[served], None]
        farther = (gain > self.most[some] + SLACK) | (gain < self.least[some] - SLACK)
        if not (wanted[served] & farther).any():
            return False
        self._note(some, worth[some], readers)
        self._judge(some)
        number = len(self._moves)
        for places, found in ((aims, self._of_aim), (np.unique(self.part.cell[counts]), self._of_cell)):
            for place in places.tolist():
                found.setdefault(place, []).append(number)
        self._moves.append((counts, values))
        self._worth.append((aims, worth[aims]))
        self._readers.append(readers)
        self._alive.append(True)
        return True

    def _note(self, aims: Ints, worth: Floats, readers: Bools) -> None:
        up = worth > 0
        for some, ends, better in ((up, self.most, np.maximum), (~up, self.least, np.minimum)):
            ends[aims[some]] = better(ends[aims[some]], worth[some, None] * readers)

    def forget(self, cell: int) -> Forgotten:
        """Drop the tables that move this cell."""
        tables = [number for number in self._of_cell.get(cell, []) if self._alive[number]]
        for number in tables:
            self._alive[number] = False
        lost = [self._worth[number][0] for number in tables]
        aims = np.unique(np.concatenate(lost)) if lost else np.empty(0, dtype=np.int64)
        gone = Forgotten(aims, self.least[aims], self.most[aims], tables, len(self._alive))
        self.least[aims] = 0.0
        self.most[aims] = 0.0
        self._note_again(aims, sorted({number for aim in aims.tolist() for number in self._of_aim[aim]}))
        return gone

    def _note_again(self, aims: Ints, numbers: Iterable[int]) -> None:
        """What these tables, where they still hold, say of these aims."""
        asked = np.zeros(self.part.width.size, dtype=np.bool_)
        asked[aims] = True
        for number in numbers:
            if self._alive[number]:
                spoken, worth = self._worth[number]
                some = asked[spoken]
                self._note(spoken[some], worth[some], self._readers[number])
        self._judge(aims)

    def restore(self, gone: Forgotten) -> None:
        """Back to what was forgotten; tables found since then stay."""
        self.least[gone.aims], self.most[gone.aims] = gone.least, gone.most
        for number in gone.tables:
            self._alive[number] = True
        self._note_again(gone.aims, range(gone.known, len(self._alive)))

    @property
    def known(self) -> int:
        """How many tables were kept, dropped ones among them."""
        return len(self._moves)

    def tables(self, known: int = 0) -> list[tuple[Ints, Floats]]:
        """The tables kept after the first `known`: places of the counts that move, and how far."""
        return [moves for moves, alive in zip(self._moves[known:], self._alive[known:], strict=True) if alive]


def pieces(table: Floats, rows: Columns) -> list[Ints]:
    """The counts that move, in groups that no row joins."""
    counts = np.flatnonzero(np.abs(table) > SLACK)
    moving = taken(rows, counts)
    group, joined = list(range(counts.size)), dict[int, int]()  # of each count another of its group; of each row one
    for number, row in zip(np.repeat(np.arange(counts.size), np.diff(moving.start)).tolist(), moving.index.tolist(),
                           strict=True):  # fmt: skip
        one, other = _first(group, number), _first(group, joined.setdefault(row, number))
        group[max(one, other)] = min(one, other)
    first = np.array([_first(group, number) for number in range(counts.size)], dtype=np.int64)
    return [counts[first == one] for one in np.unique(first)]


def _first(group: list[int], number: int) -> int:
    """The count that stands for a group; the way to it is made shorter."""
    while group[number] != number:
        group[number] = group[group[number]]
        number = group[number]
    return number
