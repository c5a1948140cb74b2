"""Breaks in series: pairs of years that must not be set beside each other, with the reason. The list is breaks.toml."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

import polars as pl

from sendlab.codes import read_codes
from sendlab.metrics.cards import cards
from sendlab.metrics.codes_of_registers import CHANGED, code_note


@cache
def declared_breaks() -> tuple[dict[str, Any], ...]:
    """The breaks as they stand in breaks.toml, whose head says what each key means.

    >>> declared_breaks()[0]["measures"], declared_breaks()[0]["from"]
    (['sessions_by_code'], ['202425'])
    """
    text = (files(__package__) / "breaks.toml").read_text(encoding="utf-8")
    return tuple(tomllib.loads(text)["break"])


def break_between(this: str = "time_period", that: str = "time_period_other") -> pl.Expr:
    """Why a row's two periods must not be compared, in words; "" where nothing stands between them.

    `this` and `that` name the columns of the later and of the earlier period; also used: `measure` and `item`.
    Calendar years (2023) and academic years (202223) are each compared with breaks of their own kind.
    """
    reasons = pl.lit("")
    for one in reversed(declared_breaks()):
        reasons = (
            pl.when(_concerns(one) & _lies_between(one, this, that)).then(pl.lit(one["reason"])).otherwise(reasons)
        )
    return reasons


def _concerns(one: dict[str, Any]) -> pl.Expr:
    topics = one.get("topics", ())
    named = [name for name, card in cards().items() if card.topic in topics] + list(one.get("measures", ()))
    concerned = pl.col("measure").is_in(named)
    for prefix in one.get("prefixes", ()):
        concerned = concerned | pl.col("measure").str.starts_with(prefix)
    return concerned & pl.col("item").is_in(_changed_codes()) if one.get("changed_codes") else concerned


@cache
def _changed_codes() -> list[str]:
    return sorted({line.code for line in read_codes("attendance_code") if CHANGED in code_note(line.code)})


def _lies_between(one: dict[str, Any], this: str, that: str) -> pl.Expr:
    between = pl.lit(False)
    for first in one.get("from", ()):
        like = pl.col(this).str.len_chars() == len(first)
        between = between | (like & (pl.col(that) < first) & (pl.col(this) >= first))
    apart = list(one.get("apart", ()))
    return between | pl.col(this).is_in(apart) | pl.col(that).is_in(apart)
