"""From what editions say to knowledge of numbers: limits and sums put on the numbers, and held against the truth."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from sendlab.disclosure.audit.editions import Edition, true_rows
from sendlab.disclosure.audit.facts import already_public
from sendlab.disclosure.audit.knowledge import Knowledge
from sendlab.disclosure.audit.numbers import KEY, SUM, Numbers, counted, keyed
from sendlab.disclosure.audit.relations import LINE

Truth = pl.DataFrame | Mapping[str, pl.DataFrame]  # measure rows, or these by release
_EXACT = 1e-6  # of a printed number that is the true one


def already_known(known: pl.DataFrame | None, numbers: Numbers) -> pl.DataFrame:
    """`number`, `low`, `high` of figures that are public anyway."""
    if known is None:
        return pl.DataFrame(schema={"number": pl.Int64, "low": pl.Float64, "high": pl.Float64})
    at = numbers.keys.select(*KEY, "number", "true", then="true")
    return placed(already_public(true_rows(known), numbers.names), at).filter(holds()).select("number", "low", "high")


def true_then(numbers: Numbers, truth: Truth, edition: Edition) -> pl.DataFrame:
    """Each number beside its count as of the release, where the truth is given by release."""
    at = numbers.keys.filter(pl.col("number").is_not_null()).select(*KEY, "number", "true")
    if isinstance(truth, pl.DataFrame):
        return at.with_columns(then="true")
    then = keyed(counted(true_rows(truth, edition.released)), numbers.names)
    return at.join(then.select(*KEY, then="true"), on=KEY)


def placed(ends: pl.DataFrame, at: pl.DataFrame) -> pl.DataFrame:
    """The limits on the numbers as they are now: readers are given by how much a figure was revised since."""
    revised = pl.col("true") - pl.col("then")
    found = ends.join(at, on=KEY).filter(pl.col("then").is_not_null())
    if "weight" in ends.columns:
        return found.with_columns(by=(pl.col("weight") * revised).sum().over("line"))
    return found.with_columns(low=pl.col("low") + revised, high=pl.col("high") + revised)


def holds() -> pl.Expr:
    """Limits that the true number keeps."""
    return pl.col("true").is_between(pl.col("low") - _EXACT, pl.col("high") + _EXACT)


def true_lines(lines: pl.DataFrame) -> pl.DataFrame:
    """Lines of sums that hold for the true counts; a line of which a number is unknown is none."""
    lines = lines.with_columns(low=pl.col("low") + pl.col("by"), high=pl.col("high") + pl.col("by"))
    total = (pl.col("weight") * pl.col("true")).sum().over("line")
    kept = total.is_between(pl.col("low") - _EXACT, pl.col("high") + _EXACT) & (pl.len().over("line") == 2)
    return lines.filter(kept).select(list(LINE))


def knowledge(numbers: Numbers, ends: pl.DataFrame, lines: pl.DataFrame) -> Knowledge:
    """All that is known of the numbers: limits of single ones (`number`, `low`, `high`), and lines of sums."""
    never_less = numbers.keys.filter(pl.col("number").is_not_null()).unique("number").sort("number")
    low = np.where((never_less["what"] != SUM).to_numpy() & (numbers.true >= 0), 0.0, -np.inf)
    high = np.full(low.size, np.inf)
    merged = ends.group_by("number").agg(pl.col("low").max(), pl.col("high").min())
    at = merged["number"].to_numpy()
    low[at] = np.maximum(low[at], merged["low"].fill_null(-np.inf).to_numpy())
    high[at] = np.minimum(high[at], merged["high"].fill_null(np.inf).to_numpy())
    limits = lines.group_by("line").agg(pl.col("low").first(), pl.col("high").first()).sort("line")
    row = lines["line"].rank("dense").to_numpy().astype(np.int64) - 1
    entries = (lines["weight"].to_numpy(), (row, lines["number"].to_numpy()))
    sums = csr_array(entries, shape=(limits.height, low.size))
    return Knowledge(low, high, sums, limits["low"].to_numpy(), limits["high"].to_numpy(), numbers.whole)
