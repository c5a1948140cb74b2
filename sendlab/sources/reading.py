"""What reading one text table gives: typed rows of declared tables, and what became of every row."""

from dataclasses import dataclass, field
from typing import NamedTuple

import polars as pl

from sendlab.schema.problems import no_problems
from sendlab.schema.tables import TABLES


class NotRun(NamedTuple):
    """A rule that could not be tried, and why: it is neither passed nor failed."""

    rule: str
    column: str
    why: str


@dataclass(frozen=True)
class Converted:
    """Rows that keep the rules, in declared columns plus LINE, and the problems found."""

    rows: pl.DataFrame
    problems: pl.DataFrame
    not_run: tuple[NotRun, ...] = ()


@dataclass(frozen=True)
class Reading:
    """The outcome of one text table. A row with a problem of severity error is quarantined; every other is loaded."""

    tables: dict[str, pl.DataFrame] = field(default_factory=dict)  # declared table -> rows with its columns
    problems: pl.DataFrame = field(default_factory=no_problems)
    known_from: str = ""  # how its period is known, where the rows do not say
    not_run: tuple[NotRun, ...] = ()
    nothing_kept: bool = False  # every row is quarantined for one reason, told once

    @property
    def bad_lines(self) -> set[int]:
        """Lines that are quarantined."""
        return set(self.problems.filter(pl.col("severity") == "error")["row"].drop_nulls().to_list())


def as_declared(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """A frame with exactly the columns of a declared table: those it lacks are null, others are dropped."""
    schema = TABLES[name].polars_schema
    if not rows.columns:
        return pl.DataFrame(schema=schema)
    missing = [
        pl.lit(None, dtype=dtype).alias(column) for column, dtype in schema.items() if column not in rows.columns
    ]
    return rows.with_columns(missing).select(pl.col(column).cast(dtype) for column, dtype in schema.items())
