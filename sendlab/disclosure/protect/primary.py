"""Which counts must be hidden for their own sake, and what anyone who knows these rules can say of a hidden count.

Thresholds count people, never events or sessions. A complement (people without the feature) counts like the people
with it. Zeros and full groups follow the polarity of the card:

- good news about everybody (no suspensions, all reached the standard) is always shown where the base is: it is never
  hidden for its own sake and never as cover for another count;
- adverse news about everybody is hidden in a small group, for it tells of every one of them, and may be hidden as cover
  in a group of any size. So a hidden count may be the adverse edge (0 where high is good, the whole base where low is
  good) and never the good one: `limits_known` grants an attacker exactly this, and so does the audit;
- a group of nobody is no secret and stands as it came; a hidden base hides every count in it, edges included.

Rows of nobody (`structural_zero`) never come as far as the protection.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

ADVERSE_BELOW = 20  # "nobody reached it" and "all were suspended" are hidden in groups smaller than this
LARGEST_SHARE = 0.5  # a sum of which one person makes up more is hidden
COUNTED_KINDS = ("share", "events")  # kinds whose complement is a group of people too
NOT_COUNTED = ("x", "z")  # symbols of rows in which nobody was counted, if they have no base either
EDGES = {"percentage points": 100.0}  # unit of a mean -> the most that one pupil's value can be, either way
_EXACT = 1e-6  # a mean this close to the edge is on it: in a small group one pupil off it moves the mean far more


@dataclass(frozen=True)
class Counts:
    """The counts of one measure over the cells of a table, aligned; nan where a cell has none.

    `absent` marks cells of nobody: those without a row, and those in which nobody was counted (`nobody_counted`).
    Any other row whose count is missing is unknown, which is not the same.
    """

    base: Floats
    people: Floats
    numerator: Floats
    denominator: Floats
    top_share: Floats
    value: Floats
    spread: Floats  # upper limit less lower
    absent: Bools


def structural_zero() -> pl.Expr:
    """Rows of a group that a place has not: nobody counted or left out, so nobody to protect or to hide behind.

    >>> counts = ("base_subjects", "with_subjects", "numerator", "eligible_subjects")
    >>> rows = pl.DataFrame([(0, 0, 0, None), (0, 1, 2, 0), (0, 0, 0, 3), (3, 0, 0, 3)], schema=counts, orient="row")
    >>> rows.select(structural_zero()).to_series().to_list()
    [True, False, False, False]
    """
    others = ("with_subjects", "numerator", "eligible_subjects")
    nobody = (pl.col(name).fill_null(0) == 0 for name in others)
    return pl.all_horizontal((pl.col("base_subjects") == 0).fill_null(False), *nobody)


def nobody_counted() -> pl.Expr:
    """Rows without a base because there was nobody to count: they add nothing to a total, as anyone may guess.

    >>> rows = pl.DataFrame({"status": ["x", "z", "", "x"], "base_subjects": [None, None, None, 8]})
    >>> rows.select(nobody_counted()).to_series().to_list()
    [True, True, False, False]
    """
    return (pl.col("status").is_in(NOT_COUNTED) & pl.col("base_subjects").is_null()).fill_null(False)


def small(count: Floats, threshold: int) -> Bools:
    """Counts of 1 to threshold - 1.

    >>> small(np.array([0.0, 1, 4, 5, np.nan]), 5).tolist()
    [False, True, True, False, False]
    """
    result: Bools = (count > 0) & (count < threshold)
    return result


def adverse(people: Floats, base: Floats, polarity: str) -> Bools:
    """Bad news about every member of a small group: nobody where high is good, everybody where low is good.

    >>> adverse(np.array([0.0, 12, 0]), np.array([12.0, 12, 20]), "high").tolist()
    [True, False, False]
    >>> adverse(np.array([0.0, 12, 20]), np.array([12.0, 12, 20]), "low").tolist()
    [False, True, False]
    """
    bad_news = (people == 0) if polarity == "high" else (people == base) & (polarity == "low")
    result: Bools = bad_news & (base > 0) & (base < ADVERSE_BELOW)
    return result


def primary_people(people: Floats, base: Floats, polarity: str, threshold: int) -> Bools:
    """Cells of a share or a rate of events to be hidden for the people behind the numerator or its complement.

    >>> primary_people(np.array([4.0, 5, 16, 15, 0]), np.full(5, 20.0), "low", 5).tolist()
    [True, False, True, False, False]
    """
    return small(people, threshold) | small(base - people, threshold) | adverse(people, base, polarity)


def primary_sum(people: Floats, top_share: Floats, polarity: str, threshold: int) -> Bools:
    """Cells of a sum to be hidden: too few people behind it, or one person who makes up most of it.

    A zero that is good news (nobody absent) is shown. The complement has no rule: nearly everybody is in it.

    >>> primary_sum(np.array([0.0, 4, 9, 9]), np.array([np.nan, 0.3, 0.6, 0.5]), "low", 5).tolist()
    [False, True, True, False]
    """
    few: Bools = (people < threshold) & ~((people == 0) & (polarity == "low"))
    return few | (top_share > LARGEST_SHARE)


def primary_mean(value: Floats, spread: Floats, base: Floats, unit: str) -> Bools:
    """Means that tell of every pupil of a small group: at the edge of what a value can be, or with limits of no width.

    >>> value, spread = np.array([-100.0, 100, 100, 75, 0]), np.array([0.0, 0, 0, 9, 0])
    >>> primary_mean(value, spread, np.array([12.0, 19, 20, 12, 7]), "percentage points").tolist()
    [True, True, False, False, True]
    """
    at_edge = np.abs(value) >= EDGES.get(unit, np.inf) - _EXACT
    of_all: Bools = (at_edge | (spread < _EXACT)) & (base > 0) & (base < ADVERSE_BELOW)
    return of_all


def primary_of(kind: str, counts: Counts, polarity: str, threshold: int, residual_df: int = 0, unit: str = "") -> Bools:
    """Cells whose figure is hidden for its own sake where the base may be seen; false where there is no count.

    `kind` and `unit` are those of the card. For effects `denominator` holds the residual degrees of freedom and
    `people` the untreated, the second group of which the coefficient tells.
    """
    if kind in COUNTED_KINDS:
        return primary_people(counts.people, counts.base, polarity, threshold)
    if kind == "sum":
        return primary_sum(counts.people, counts.top_share, polarity, threshold) & (counts.base > 0)
    if kind == "effect":
        few: Bools = (counts.base > 0) & ((counts.denominator < residual_df) | small(counts.people, threshold))
        return few
    if kind == "mean":
        return primary_mean(counts.value, counts.spread, counts.base, unit)
    return np.zeros(counts.base.shape, dtype=bool)


def limits_known(base: Floats, polarity: str) -> tuple[Floats, Floats]:
    """Least and most people that a hidden cell may stand for, by these rules alone, where the base is shown.

    The adverse edge may have been hidden, in a small group for its own sake and in a larger one as cover; the good one
    is always shown. Without a polarity both edges are always shown.

    >>> [limit.tolist() for limit in limits_known(np.array([12.0, 30]), "high")]
    [[0.0, 0.0], [11.0, 29.0]]
    >>> [limit.tolist() for limit in limits_known(np.array([12.0, 30]), "low")]
    [[1.0, 1.0], [12.0, 30.0]]
    """
    lower = np.full(base.shape, 0.0 if polarity == "high" else 1.0)
    return lower, base - (0.0 if polarity == "low" else 1.0)


def always_shown(people: Floats, base: Floats, polarity: str) -> Bools:
    """Counts that the rules show wherever the base is shown, and never hide as cover: the edges that are no bad news.

    >>> always_shown(np.array([0.0, 30, 7]), np.full(3, 30.0), "high").tolist()
    [False, True, False]
    >>> always_shown(np.array([0.0, 30, 7]), np.full(3, 30.0), "low").tolist()
    [True, False, False]
    """
    nobody, everybody = people == 0, people == base
    result: Bools = (nobody & (polarity != "high")) | (everybody & (polarity != "low"))
    return result
