"""Problems found in data: one long table of place, rule and remedy. Never the value itself."""

from collections.abc import Iterable
from typing import Literal

import polars as pl

Severity = Literal["error", "warning", "query"]
WORST_FIRST: dict[str, int] = {"error": 0, "warning": 1, "query": 2}
PROBLEM_COLUMNS: dict[str, type[pl.DataType]] = {
    "file": pl.String,
    "sheet": pl.String,  # sheet of a workbook or part of a file; blank where there is only one
    "row": pl.Int64,  # line in the file, the header being line 1; null for the file as a whole
    "column": pl.String,
    "rule": pl.String,
    "severity": pl.String,  # error: the row is quarantined; warning, query: it is loaded; a query may be in order
    "count": pl.Int64,
    "message": pl.String,
    "remedy": pl.String,
}


def no_problems() -> pl.DataFrame:
    """An empty table of problems."""
    return pl.DataFrame(schema=PROBLEM_COLUMNS)


def row_problems(
    rows: pl.Series,
    *,
    file: str,
    column: str,
    rule: str,
    severity: Severity,
    message: str,
    remedy: str,
    sheet: str = "",
) -> pl.DataFrame:
    """One problem a row; `rows` holds line numbers."""
    return pl.DataFrame({"row": rows.cast(pl.Int64)}).select(
        pl.lit(file).alias("file"),
        pl.lit(sheet).alias("sheet"),
        "row",
        pl.lit(column).alias("column"),
        pl.lit(rule).alias("rule"),
        pl.lit(severity).alias("severity"),
        pl.lit(1, dtype=pl.Int64).alias("count"),
        pl.lit(message).alias("message"),
        pl.lit(remedy).alias("remedy"),
    )


def file_problem(*, file: str, rule: str, severity: Severity, message: str, remedy: str, count: int = 1,
                 column: str = "", sheet: str = "") -> pl.DataFrame:  # fmt: skip
    """One problem of a file as a whole; `count` says how many rows it touches."""
    values = [file, sheet, None, column, rule, severity, count, message, remedy]
    return pl.DataFrame(dict(zip(PROBLEM_COLUMNS, [[v] for v in values], strict=True)), schema=PROBLEM_COLUMNS)


def join_problems(tables: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """All problems in one table."""
    return pl.concat([no_problems(), *tables])


def summarise(problems: pl.DataFrame) -> pl.DataFrame:
    """Problems counted by file, column and rule, worst and most frequent first; `row` is the first row touched."""
    return (
        problems.group_by("file", "sheet", "column", "rule", "severity", "message", "remedy", maintain_order=True)
        .agg(pl.col("row").min(), pl.col("count").sum())
        .select(list(PROBLEM_COLUMNS))
        .sort(
            pl.col("severity").replace_strict(WORST_FIRST, return_dtype=pl.Int64),
            -pl.col("count"),
            pl.col("file"),
            pl.col("sheet"),
            pl.col("column"),
            pl.col("rule"),
        )
    )
