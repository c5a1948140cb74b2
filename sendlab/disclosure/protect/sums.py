"""Which counts add up to which: schools to the authority, groups to their total, parts of a year to the whole."""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from sendlab.disclosure.protect.counts import ADDITIVE_IN_TIME, CELL, NUMBER, PEOPLE
from sendlab.metrics.cards import Card, cards
from sendlab.metrics.publication import LA_LEVEL, SCHOOL_LEVEL
from sendlab.schema.groups import (
    ALL_SEN,
    AUTUMN_AND_SPRING,
    FULL_YEAR,
    HALF_TERMS,
    SEN_PROVISION,
    SEND,
    TERMS,
    TOTAL,
)
from sendlab.schema.measures import GROUPS

KEY = ["what", "name", *CELL]
# Link of parts of a year -> (part -> whole); all parts of a whole together are the whole.
PERIODS = {
    "half terms": dict(zip(HALF_TERMS, [term for term in TERMS for _ in range(2)], strict=True)),
    "two terms": dict.fromkeys(TERMS[:2], AUTUMN_AND_SPRING),
    "terms": dict.fromkeys(TERMS, FULL_YEAR),
    "to Easter and after": dict.fromkeys((AUTUMN_AND_SPRING, TERMS[2]), FULL_YEAR),
}
_SIMPLE = [name for name in GROUPS if name not in ("sen_provision", "item")]  # Total is the sum of the values


def typed_lines(lines: pl.DataFrame) -> pl.DataFrame:
    """Terms of rows of a matrix (`line`, `count`, `weight`) in the types that all of them have."""
    return lines.select(
        pl.col("line").cast(pl.Int64), pl.col("count").cast(pl.Int64), pl.col("weight").cast(pl.Float64)
    )  # fmt: skip


def parts_and_wholes(counts: pl.DataFrame) -> pl.DataFrame:
    """Every count beside each count that it is a part of: `part`, `whole`, `link`, `complete`.

    `counts` has the columns KEY and `var`. A whole of which a part has no row is complete all the same (a group without
    a row has nobody), but not a year of which no count of some part is there.
    """
    las = counts.filter(pl.col("geographic_level") == LA_LEVEL)["place_code"].unique().sort()
    found = []
    if len(las) == 1:
        up = {"geographic_level": pl.lit(LA_LEVEL), "place_code": pl.lit(las[0])}
        found.append(_linked(counts, "places", pl.col("geographic_level") == SCHOOL_LEVEL, up))
    for name in _SIMPLE:
        found.append(_linked(counts, name, pl.col(name) != TOTAL, {name: pl.lit(TOTAL)}))
    of_all = pl.col("sen_provision").is_in(SEN_PROVISION)
    found.append(_linked(counts, "sen_provision", of_all, {"sen_provision": pl.lit(TOTAL)}))
    of_sen = pl.col("sen_provision").is_in(SEND)
    found.append(_linked(counts, "all SEN", of_sen, {"sen_provision": pl.lit(ALL_SEN)}))
    return pl.concat([*found, *_in_time(counts)])


def _linked(counts: pl.DataFrame, link: str, which: pl.Expr, changed: dict[str, pl.Expr]) -> pl.DataFrame:
    wholes = counts.select(*KEY, whole="var")
    parts = counts.filter(which).select(*KEY, part="var").with_columns(**changed)
    named = {"link": pl.lit(link), "complete": pl.lit(True)}
    return parts.join(wholes, on=KEY, how="inner").select("part", "whole", **named)


def _in_time(counts: pl.DataFrame) -> list[pl.DataFrame]:
    found = []
    for link, whole_of in PERIODS.items():
        up = {"time_identifier": pl.col("time_identifier").replace_strict(whole_of, default=None)}
        parts = counts.filter(pl.col("time_identifier").is_in(list(whole_of)))
        table = ["what", "name", "time_period", "geographic_level"]
        held = parts.group_by(*table, of=up["time_identifier"]).agg(pl.col("time_identifier").n_unique().alias("held"))
        needed = len(whole_of) // len(set(whole_of.values()))
        linked = _linked(counts, link, pl.col("time_identifier").is_in(list(whole_of)), up)
        of_whole = counts.select(*table, whole="var", of="time_identifier")
        known = linked.join(of_whole, on="whole").join(held, on=[*table, "of"], how="left")
        found.append(known.with_columns(complete=pl.col("held") == needed).select(linked.columns))
    return found


def sums_that_hold(counts: pl.DataFrame, linked: pl.DataFrame) -> pl.DataFrame:
    """Whole minus parts, as lines of a matrix, for the sums of which every count is known.

    Counts of nobody drop out; an unknown count ends the sum. Sums over parts of a year hold for what adds up in time.
    """
    of_part = counts.select(part="var", part_truth="truth", nobody="absent", what="what")
    of_whole = counts.select(whole="var", whole_truth="truth")
    there = linked.join(of_part, on="part").join(of_whole, on="whole").filter(~pl.col("nobody"))
    in_time = pl.col("link").is_in(list(PERIODS))
    there = there.filter(~in_time | (pl.col("complete") & pl.col("what").is_in(ADDITIVE_IN_TIME)))
    known = pl.col("part_truth").is_not_null().all() & pl.col("whole_truth").is_not_null().all()
    there = there.filter(known.over("link", "whole")).sort("link", "whole", "part")
    return _lines(there, whole_first=1.0)


def _lines(parts: pl.DataFrame, whole_first: float) -> pl.DataFrame:
    """One line a link and whole: the whole with a weight of 1, its parts with -1 (or the other way round)."""
    numbered = parts.with_columns(line=pl.struct("link", "whole").rank("dense").cast(pl.Int64) - 1)
    whole = numbered.select("line", count="whole").unique().with_columns(weight=pl.lit(whole_first))
    part = numbered.select("line", count="part", weight=pl.lit(-whole_first))
    return pl.concat([typed_lines(whole), typed_lines(part)]).sort("line", "count")


def orders_in_time(counts: pl.DataFrame, linked: pl.DataFrame) -> pl.DataFrame:
    """Lines of `at most 0`: people of a part are among those of the whole, who are at most all parts' together.

    The first holds of a base and of people who had an event: one who was persistently absent in a term need not have
    been so in the year, but who was so in the year was so in some term. What adds up in time is at most the whole where
    a part of it is missing.
    """
    in_time = linked.filter(pl.col("link").is_in(list(PERIODS)))
    had_event = [name for name, about in cards().items() if "events" in (about.kind, _kind_above(about))]
    meant = (pl.col("what") != PEOPLE) | pl.col("name").is_in(had_event)
    known = counts.filter(pl.col("truth").is_not_null()).select("var", "what", meant=meant)
    pairs = in_time.join(known.rename({"var": "part"}), on="part").join(
        known.select(whole="var"), on="whole", how="semi"
    )
    adds = pl.col("what").is_in(ADDITIVE_IN_TIME)
    single = pairs.filter(~adds & pl.col("meant")).sort("link", "whole", "part").with_row_index("line")
    among = pl.concat([
        typed_lines(single.select("line", count="part", weight=pl.lit(1.0))),
        typed_lines(single.select("line", count="whole", weight=pl.lit(-1.0))),
    ])  # fmt: skip
    together = _lines(pairs.filter(~adds & pl.col("complete")), whole_first=1.0)
    open_sums = _lines(pairs.filter(adds & ~pl.col("complete")), whole_first=-1.0)
    return stacked(among, together, open_sums)


def _kind_above(about: Card) -> str:
    return cards()[about.at_most].kind if about.at_most in cards() else ""


def of_siblings(counts: pl.DataFrame) -> pl.DataFrame:
    """Lines of sums over measures: those that are parts of another one, where all of them are there (`parts_of`)."""
    wholes = {name: about.parts_of for name, about in cards().items() if about.parts_of}
    here = set(counts["name"].unique())
    complete = [w for w in set(wholes.values()) if w in here and all(n in here for n, of in wholes.items() if of == w)]
    numbers = counts.filter((pl.col("what") == NUMBER) & pl.col("truth").is_not_null())
    cell = ["what", *CELL]
    parts = numbers.with_columns(of=pl.col("name").replace_strict(wholes, default=None, return_dtype=pl.String))
    parts = parts.filter(pl.col("of").is_in(complete)).select(*cell, "of", part="var")
    found = parts.join(numbers.select(*cell, of="name", whole="var"), on=[*cell, "of"])
    return _lines(found.with_columns(link=pl.lit("measures")), whole_first=1.0)


def at_most(pairs: pl.DataFrame) -> pl.DataFrame:
    """Lines of `at most 0`: the count `less` is at most the count `more`, pair by pair."""
    numbered = pairs.sort("less", "more").with_row_index("line")
    less = numbered.select("line", count="less", weight=pl.lit(1.0))
    more = numbered.select("line", count="more", weight=pl.lit(-1.0))
    return pl.concat([typed_lines(less), typed_lines(more)])


def stacked(*blocks: pl.DataFrame) -> pl.DataFrame:
    """Blocks of lines one below the other."""
    made, first = [], 0
    for block in blocks:
        made.append(block.with_columns(pl.col("line") + first))
        first += int(block["line"].to_numpy().max()) + 1 if block.height else 0
    return typed_lines(pl.concat(made))


def matrix(lines: pl.DataFrame, columns: int) -> csr_array:
    """Lines as a sparse matrix."""
    if lines.is_empty():
        return csr_array((0, columns), dtype=np.float64)
    rows, places = lines["line"].to_numpy(), lines["count"].to_numpy()
    shape = (int(rows.max()) + 1, columns)
    return csr_array((lines["weight"].to_numpy(), (rows, places)), shape=shape)
