"""Which groups an answer lists: the same whoever is in them at a place, so that the list tells nothing by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import polars as pl

from sendlab.disclosure.guard.counted import group_labels, usual_values
from sendlab.disclosure.guard.question import COLUMNS, KEY_STAGE, NEEDS, Question, group_of
from sendlab.disclosure.guard.shown import empty_row
from sendlab.schema.groups import SEND, TOTAL


def listed_rows(
    question: Question, facts: pl.DataFrame, exact: pl.DataFrame, place: str, threshold: int
) -> list[dict[str, Any]]:
    """Exact rows of a place: the total, and every group made of values that are usual in schools of its phase.

    `exact`: of `figures`. Usual is what at least `threshold` pupils of these schools have. A group of nobody has a row
    too, with a base of 0.
    """
    rows = exact.filter(pl.col("place_code") == place).to_dicts()
    total = [row for row in rows if group_of(row) == question.within]
    names = ["nc_year" if name == KEY_STAGE else name for name in question.by]
    if not names or not total:
        return total
    there = {tuple(row[name] for name in names): row for row in rows if row is not total[0]}
    banded = KEY_STAGE in question.by
    usual = [usual_values(facts, name, place, threshold, banded=banded) for name in names]
    groups = [one for one in product(*usual) if _can_be(question, facts, dict(zip(names, one, strict=True)))]
    return total + [there.get(one) or empty_row(total[0], _labels(total[0], names, one)) for one in groups]


def _can_be(question: Question, facts: pl.DataFrame, labels: Mapping[str, str]) -> bool:
    """Pupils without SEN have no need; a need belongs to one area."""
    if question.of_send and labels.get("sen_provision", SEND[0]) not in SEND:
        return False
    if not set(NEEDS) <= set(labels):
        return True
    return not facts.filter(*(pl.col(name).cast(pl.String) == labels[name] for name in NEEDS)).is_empty()


def _labels(like: Mapping[str, Any], names: Sequence[str], values: Sequence[str]) -> dict[str, str]:
    fixed = {name: like[name] for name in COLUMNS if name not in names and like[name] != TOTAL}
    return {**group_labels(()), **fixed, **dict(zip(names, values, strict=True))}
