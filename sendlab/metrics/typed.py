"""A frame as it was given, with the columns and types of its declared table: a frame of pandas loses some of them."""

import polars as pl

from sendlab.schema.tables import TABLES


def typed(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """The rows with every column of a declared table, in its type; columns that are not there are missing.

    Other columns stay. A column without a value has no type of its own in pandas, and dates become times of day 0:00.
    """
    columns = []
    for column, dtype in TABLES[name].polars_schema.items():
        there = column in rows.columns and rows[column].null_count() < rows.height
        columns.append((pl.col(column).cast(dtype) if there else pl.lit(None, dtype=dtype)).alias(column))
    return rows.with_columns(columns)
