"""An answer's rows as they are shown: hidden ones empty, the others rounded as published figures are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from sendlab.disclosure.guard.log import SCHEMA, frame_of
from sendlab.disclosure.published import HIDDEN
from sendlab.disclosure.rounding import UNRELIABLE, fewest, places, rounded
from sendlab.metrics.cards import card
from sendlab.schema.measures import MEASURE_KEY

RESULTS = ("value", "lower", "upper")
NUMBERS = ("numerator", "denominator", "base_subjects", "eligible_subjects", *RESULTS, "comparator_value")


def shown_rows(rows: Sequence[Mapping[str, Any]], hidden: Sequence[bool]) -> pl.DataFrame:
    """Rows in the columns of published figures. Nothing is said of coverage: how many are missing is a count too."""
    frame = frame_of({name: row[name] for name in SCHEMA} for row in rows)
    kept = pl.lit(pl.Series("_kept", [not one for one in hidden], dtype=pl.Boolean))
    latest = pl.col("data_to").max()
    masked = _rounded(frame).with_columns(
        *(pl.when(kept).then(name).alias(name) for name in NUMBERS),
        pl.when(kept).then("status").otherwise(pl.lit(HIDDEN)).alias("status"),
        *(pl.when(kept).then(name).otherwise(pl.lit("")).alias(name) for name in ("note", "method")),
        latest.alias("data_to"),
    )
    alone = pl.lit(None, dtype=pl.Int64).alias("eligible_subjects")
    return masked.with_columns(alone).select(*SCHEMA).sort(MEASURE_KEY)


def _rounded(frame: pl.DataFrame) -> pl.DataFrame:
    """Values to their places; counts alone on few people; no sum beside a mean, which would give it more exactly."""
    if frame.is_empty():
        return frame
    about = card(frame["measure"][0])
    base, kind = pl.col("base_subjects"), pl.lit(about.kind)
    placed = frame.with_columns(
        _places=places(base, kind, pl.lit(about.decimals)).fill_null(about.decimals),
        _few=fewest(base, kind, pl.lit(about.smallest_base)),
    )
    few = pl.col("_few").is_not_null() & pl.col("value").is_not_null()
    reason = pl.format("fewer than {} pupils: counts only", pl.col("_few"))
    return rounded(placed, RESULTS, "_places").with_columns(
        *(pl.when(~few).then(name).alias(name) for name in RESULTS),
        pl.when(few).then(pl.lit(UNRELIABLE)).otherwise("status").alias("status"),
        pl.when(few).then(reason).otherwise("note").alias("note"),
        pl.when(~few).then("method").otherwise(pl.lit("")).alias("method"),
        pl.when(pl.lit(about.kind != "mean")).then("numerator").alias("numerator"),
    )


def empty_row(like: Mapping[str, Any], labels: Mapping[str, str]) -> dict[str, Any]:
    """The row of a group that nobody at the place is in."""
    numbers = dict.fromkeys((*NUMBERS, "with_subjects", "top_share"))
    return {**like, **labels, **numbers, "base_subjects": 0, "with_subjects": 0, "status": "", "note": ""}
