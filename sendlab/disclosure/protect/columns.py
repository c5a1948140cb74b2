"""Sparse columns as plain arrays: for many small programs a general sparse matrix costs more than solving them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csc_array, csr_array

from sendlab.disclosure.protect.system import Floats, Ints


@dataclass(frozen=True)
class Columns:
    """The columns of a matrix one after the other."""

    start: Ints  # (n + 1,) where each column begins
    index: Ints  # row of each entry
    value: Floats
    rows: int

    @property
    def count(self) -> int:
        """How many columns there are."""
        return self.start.size - 1


def columns_of(matrix: csc_array) -> Columns:
    """The same matrix."""
    start, index = matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64)
    return Columns(start, index, matrix.data.astype(np.float64), matrix.shape[0])


def taken(of: Columns, which: Ints) -> Columns:
    """Some of the columns, in the order of `which`.

    >>> taken(columns_of(csc_array(np.array([[1.0, 0, 2], [0, 3, 4]]))), np.array([2, 0])).value
    array([2., 4., 1.])
    """
    sizes = of.start[which + 1] - of.start[which]
    start = np.concatenate([[0], np.cumsum(sizes)])
    at = np.arange(start[-1]) + np.repeat(of.start[which] - start[:-1], sizes)
    return Columns(start, of.index[at], of.value[at], of.rows)


def touched(of: Columns) -> tuple[Columns, Ints]:
    """Without the rows that have no entry, and which rows are left."""
    used, place = np.unique(of.index, return_inverse=True)
    return Columns(of.start, place.astype(np.int64), of.value, used.size), used


def with_row(of: Columns, row: Floats) -> Columns:
    """With one more row, of one number a column.

    >>> more = with_row(columns_of(csc_array(np.array([[1.0, 0], [0, 3]]))), np.array([5.0, 6]))
    >>> more.index.tolist(), more.value.tolist()
    ([0, 2, 1, 2], [1.0, 5.0, 3.0, 6.0])
    """
    some = row != 0
    end = of.start[1:][some]
    start = of.start + np.concatenate([[0], np.cumsum(some)])
    return Columns(start, np.insert(of.index, end, of.rows), np.insert(of.value, end, row[some]), of.rows + 1)


def turned(of: Columns, sign: Floats) -> Columns:
    """Each column times a number."""
    return Columns(of.start, of.index, of.value * np.repeat(sign, np.diff(of.start)), of.rows)


def apart_from(of: Columns, other: Columns) -> Columns:
    """The columns of one, then those of another, with rows of their own."""
    start = np.concatenate([of.start, other.start[1:] + of.start[-1]])
    index = np.concatenate([of.index, other.index + of.rows])
    return Columns(start, index, np.concatenate([of.value, other.value]), of.rows + other.rows)


def below(of: Columns, other: Columns) -> Columns:
    """The rows of one, then those of another over the same columns."""
    column = np.concatenate([np.repeat(np.arange(each.count), np.diff(each.start)) for each in (of, other)])
    order = np.argsort(column, kind="stable")
    index = np.concatenate([of.index, other.index + of.rows])[order]
    return Columns(of.start + other.start, index, np.concatenate([of.value, other.value])[order], of.rows + other.rows)


def with_ones_below(of: Columns, count: int) -> Columns:
    """With so many more columns, each with a 1 in one of the last rows."""
    last = np.arange(of.rows - count, of.rows)
    start = np.concatenate([of.start, of.start[-1] + 1 + np.arange(count)])
    return Columns(start, np.concatenate([of.index, last]), np.concatenate([of.value, np.ones(count)]), of.rows)


def up_and_down(of: Columns) -> Columns:
    """Every column, then every column turned round."""
    start = np.concatenate([of.start, of.start[1:] + of.start[-1]])
    return Columns(start, np.tile(of.index, 2), np.concatenate([of.value, -of.value]), of.rows)


def row_of(matrix: csr_array, row: int) -> Floats:
    """One row in full."""
    found: Floats = np.zeros(matrix.shape[1])
    inside = slice(matrix.indptr[row], matrix.indptr[row + 1])
    found[matrix.indices[inside]] = matrix.data[inside]
    return found
