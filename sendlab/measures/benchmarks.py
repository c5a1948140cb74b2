"""Published figures as measure rows, as they are: what our own are compared with."""

import polars as pl

from sendlab.compare import MAX_AGE
from sendlab.metrics.cards import cards
from sendlab.schema.measures import as_measures

HISTORY = "history: more than two years before the latest figures; fetch a newer file"


def national_rows(benchmarks: pl.DataFrame, latest: str) -> pl.DataFrame:
    """Published figures as measure rows, as they are; those too old to compare with are marked as history."""
    units = {name: card.unit for name, card in cards().items()}
    age = int(latest[:4]) - pl.col("time_period").str.slice(0, 4).cast(pl.Int32)
    rows = benchmarks.filter(age >= 0).with_columns(
        pl.col("measure").replace_strict(units, default=None, return_dtype=pl.String).alias("unit"),
        pl.col("symbol").fill_null("").alias("status"), pl.lit("published").alias("method"),
        pl.when(age > MAX_AGE).then(pl.lit(HISTORY))
        .otherwise(pl.lit("")).alias("note"),
    )  # fmt: skip
    return as_measures(rows.drop("symbol", "source_file"))
