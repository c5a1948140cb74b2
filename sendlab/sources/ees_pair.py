"""A data file and its meta file as the rules of the EES standard see them, the standard as data, and what a rule finds.

Each rule is an entry of ees_standard.toml (severity, words, source) and a function of ees_file_rules, ees_place_rules,
ees_meta_rules or ees_filter_rules that finds where it is broken: line numbers and column names, never a cell.
"""

import csv
import io
import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from sendlab.codes import read_codes, symbols
from sendlab.schema.numbers import PLAIN
from sendlab.sources.header import one_line
from sendlab.sources.limits import as_utf8, file_bytes
from sendlab.sources.reading import NotRun
from sendlab.sources.text import HEAD, LINE, TextTable

ENDING = re.compile(r"(?i)\.(csv(\.gz)?|xlsx|parquet)$")
LEVEL = pl.col("geographic_level")


@cache
def standard() -> dict[str, Any]:
    """The standard as data: ees_standard.toml."""
    return tomllib.loads((files(__package__) / "ees_standard.toml").read_text(encoding="utf-8"))


@cache
def places() -> dict[str, tuple[str, ...]]:
    """Geographic level -> its columns: codes first, the name last."""
    keys = ("secondary_code_column", "code_column", "name_column")
    listed = {c.code: tuple(c.notes[k] for k in keys if c.notes.get(k)) for c in read_codes("ees_geographic_level")}
    return {**listed, **{level: tuple(columns) for level, columns in standard()["old_levels"].items()}}


@cache
def standard_columns() -> tuple[str, ...]:
    """Every column of time and place: none of them is a filter or an indicator."""
    own = (column for columns in places().values() for column in columns)
    return tuple(dict.fromkeys([*standard()["mandatory"], *own]))


class Hit(NamedTuple):
    """Where a rule is broken."""

    column: str
    rows: pl.Series | None = None  # line numbers; None: the file as a whole
    told: str = ""  # added to the rule's words: never a cell


Found = Iterator[Hit | NotRun]
Check = Callable[["Pair"], Found]


@dataclass(frozen=True)
class Pair:
    """A data file and, where there is one, its meta file."""

    data: TextTable
    meta: TextTable | None

    @cached_property
    def meta_rows(self) -> pl.DataFrame:
        """Rows of the meta file, with every column a meta file may have."""
        wanted = [*standard()["meta_mandatory"], *standard()["meta_optional"]]
        rows = pl.DataFrame(schema={LINE: pl.Int64}) if self.meta is None else self.meta.rows
        return rows.with_columns(pl.lit(None, dtype=pl.String).alias(c) for c in wanted if c not in rows.columns)

    @property
    def has_meta(self) -> bool:
        """Whether filters and indicators are known."""
        return self.meta is not None and {"col_name", "col_type"} <= set(self.meta.columns)

    def _named(self, kind: str) -> list[str]:
        names = self.meta_rows.filter(pl.col("col_type") == kind)["col_name"].drop_nulls().unique(maintain_order=True)
        return names.to_list()

    @cached_property
    def school_filter(self) -> str:
        """The name of schools or providers, where it is the only filter: the guide allows that."""
        filters = self._named("Filter")
        return filters[0] if len(filters) == 1 and filters[0] in ("school_name", "provider_name") else ""

    @cached_property
    def filters(self) -> list[str]:
        """Filters of the meta file that are columns of the data."""
        wrong = {*standard_columns()} - {self.school_filter}
        return [name for name in self._named("Filter") if name in self.data.columns and name not in wrong]

    @cached_property
    def groups(self) -> dict[str, str]:
        """Filter -> the column that groups it."""
        rows = self.meta_rows.filter(
            pl.col("col_name").is_in(self.filters) & pl.col("filter_grouping_column").is_in(self.data.columns)
        )
        return dict(zip(rows["col_name"], rows["filter_grouping_column"], strict=True))

    @cached_property
    def indicators(self) -> list[str]:
        """Indicators of the meta file that are columns of the data."""
        known = {*self.data.columns} - {*standard_columns()}
        return [name for name in self._named("Indicator") if name in known]

    @cached_property
    def kinds(self) -> pl.DataFrame:
        """What each cell of each indicator is: the rule it breaks, or number, symbol, null, other."""
        return self.data.rows.select(LINE, *(_kind(name) for name in self.indicators))

    def values(self, column: str) -> pl.Series:
        """The different values of a column of the data."""
        return self.data.rows[column].drop_nulls().unique()


def _kind(name: str) -> pl.Expr:
    own, cell = standard(), pl.col(name)
    low = cell.str.to_lowercase()
    foreign = [*symbols(), *own["symbols_foreign"]]
    return (
        pl.when(cell.is_null()).then(pl.lit("indicator_blank"))
        .when(cell.str.contains(PLAIN) & low.str.contains("e", literal=True)).then(pl.lit("indicator_exponent"))
        .when(cell.str.contains(PLAIN)).then(pl.lit("number"))
        .when(cell.is_in(own["null_words"])).then(pl.lit("null"))
        .when(cell.is_in(own["symbols"])).then(pl.lit("symbol"))
        .when(low.is_in(own["symbols"])).then(pl.lit("symbol_case"))
        .when(cell.is_in(own["symbols_obsolete"])).then(pl.lit("symbol_obsolete"))
        .when(low.is_in(foreign)).then(pl.lit("symbol_not_standard"))
        .otherwise(pl.lit("other")).alias(name)
    )  # fmt: skip


def where(rows: pl.DataFrame, column: str, broken: pl.Expr) -> Iterator[Hit]:
    """A hit where a condition holds on some rows."""
    lines = rows.filter(broken)[LINE]
    if lines.len():
        yield Hit(column, lines)


def data_cells(column: str, broken: pl.Expr) -> Check:
    """The check that a condition holds on no row of the data."""
    return lambda pair: where(pair.data.rows, column, broken)


def is_text(table: TextTable) -> bool:
    """Whether a table is a file of separated text that can be looked at again."""
    return table.path.is_file() and not table.name.lower().endswith((".xlsx", ".parquet"))


def first_line(table: TextTable) -> list[str]:
    """The cells of a text file's first line, separated by commas; nothing of a workbook or Parquet file."""
    if not is_text(table):
        return []
    head = as_utf8(table.name, file_bytes(table.path, at_most=HEAD), whole=False)[0].decode(errors="ignore")
    return [one_line(name) for name in next(csv.reader(io.StringIO(head, newline="")), [])]


def repeated(table: TextTable) -> dict[str, list[int]]:
    """Column name that stands more than once -> its places, counted from 1."""
    names = first_line(table)
    known = (name for name in table.columns if names.count(name) > 1)
    return {name: [place for place, other in enumerate(names, 1) if other == name] for name in known}


def without_repeats(table: TextTable) -> TextTable:
    """The table with the first of each columns of one name; the reader has numbered the others "name (2)"."""
    names, twice = first_line(table), repeated(table)
    numbered = {name: re.sub(r" \(\d+\)'*$", "", name) for name in table.columns if name not in names}
    return replace(table, rows=table.rows.drop(name for name, base in numbered.items() if base in twice))


def find_meta(path: Path) -> Path | None:
    """The meta file beside a data file: data.csv or data.csv.gz -> data.meta.csv or data.meta.csv.gz."""
    base = ENDING.sub("", path.name)
    if base.lower().endswith(".meta"):
        return None
    beside = (path.with_name(f"{base}.meta{ending}") for ending in (".csv", ".csv.gz"))
    return next((found for found in beside if found.is_file()), None)


def is_meta_of(meta: Path, data: Path) -> bool:
    """Whether a file has the name of a data file's meta file.

    >>> is_meta_of(Path("b/absence.meta.csv"), Path("a/absence.csv.gz"))
    True
    """
    return ENDING.sub("", meta.name).lower() == f"{ENDING.sub('', data.name)}.meta".lower()
