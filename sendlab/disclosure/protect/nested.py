"""Bases among others: people of a narrower base are in a wider one too, save few; how many are left out is a secret."""

from __future__ import annotations

import polars as pl

from sendlab.disclosure.protect.counts import BASE, CELL
from sendlab.disclosure.protect.sums import at_most
from sendlab.metrics.cards import guessed, wider
from sendlab.schema.groups import TOTAL

_ONE_OF = 0.5  # of the price of a base: a narrower one is hidden before the one that it is among


def nested(counts: pl.DataFrame) -> pl.DataFrame:
    """Bases beside those that they are among: `part`, `whole`, `link`; a narrower base of nobody has no such rest.

    Where the narrower one's total is a group of the wider one, it stands beside that.

    >>> cell = dict.fromkeys(CELL, "Total") | {"what": BASE}
    >>> counts = pl.DataFrame([cell | {"name": "ks2", "truth": 30.0}, cell | {"name": "ks2_reading_progress",
    ...                        "truth": 29.0}]).with_row_index("var")
    >>> nested(counts).rows()
    [(1, 0, 'among')]
    """
    bases = counts.filter((pl.col("what") == BASE) & (pl.col("truth") > 0))
    of, total = ({base: each[place] for base, each in wider().items()} for place in (0, 1))
    named = pl.col("name").replace_strict(of, default=None, return_dtype=pl.String)
    group = pl.col("name").replace_strict(total, default=TOTAL, return_dtype=pl.String)
    provision = pl.col("sen_provision")
    narrow = bases.with_columns(of=named, sen_provision=pl.when(provision == TOTAL).then(group).otherwise(provision))
    wide = bases.select(*CELL, of="name", whole="var")
    pairs = narrow.drop_nulls("of").select(*CELL, "of", part="var").join(wide, on=[*CELL, "of"])
    return pairs.select("part", "whole", link=pl.lit("among")).sort("whole", "part")


def orders_among(counts: pl.DataFrame) -> pl.DataFrame:
    """Lines of `at most 0`: a base is at most the one that it is among."""
    return at_most(nested(counts).select(less="part", more="whole"))


def alike(counts: pl.DataFrame) -> pl.DataFrame:
    """Lines of a base less the one that it is among, where both are the same people, as anyone may guess."""
    truth = counts.select("var", "name", "truth")
    pairs = nested(counts).join(truth.select(part="var", name="name", truth="truth"), on="part")
    pairs = pairs.join(truth.select(whole="var", of_whole="truth"), on="whole")
    same = pairs.filter(pl.col("name").is_in(guessed()) & (pl.col("truth") == pl.col("of_whole")))
    return at_most(same.select(less="part", more="whole"))


def price_among() -> pl.Expr:
    """A factor for the price of each base."""
    return pl.when(pl.col("base").is_in(list(wider()))).then(_ONE_OF).otherwise(1.0)
