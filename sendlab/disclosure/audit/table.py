"""A published table in the layout of Explore Education Statistics: its places, its filters and its counts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from sendlab.codes import read_codes, symbols
from sendlab.errors import DataProblem
from sendlab.schema.numbers import read_numbers
from sendlab.sources.ees import ALL_OF_A_PART, ALL_OF_IT, STANDARD
from sendlab.sources.ees_pair import find_meta, places, standard_columns
from sendlab.sources.open import open_tables
from sendlab.sources.text import LINE, TextTable, read_text_table

MUST_HAVE = ("time_period", "geographic_level")
TIME = ("time_period", "time_identifier")
WHOLE_SHARE = 0.999  # of the numbers shown: a column with more fractions holds rates or averages, not counts
AT = "at"  # place of the row in the table, from 0


@dataclass(frozen=True)
class PublishedTable:
    """Rows of a file with their keys in lower case, as files spell one item in two ways, and their figures."""

    file: str
    shown: pl.DataFrame  # AT, line and the key columns as they stand in the file
    keys: pl.DataFrame  # AT, time, level, place and filters, in lower case
    filters: tuple[str, ...]
    groups: dict[str, str]  # filter -> the filter whose items group its items
    values: pl.DataFrame  # a column an indicator; null where no number stands
    marks: pl.DataFrame  # the symbol where no number stands
    counts: tuple[str, ...]  # indicators that hold whole numbers
    repeated: int  # rows that share their key with another, and take no part

    @property
    def time(self) -> list[str]:
        """The columns that say when."""
        return [name for name in TIME if name in self.keys.columns]


def read_table(path: Path) -> PublishedTable:
    """The table of a file in EES layout, with the meta file beside it where there is one.

    Errors: DataProblem where the file cannot be read, or is not laid out like that.
    """
    text = _laid_out(path)
    types = _types_in_meta(path)
    own = [name for name in text.columns if not STANDARD.fullmatch(name) and name not in standard_columns()]
    indicators = [name for name in own if types.get(name, _guessed(text.rows[name])) == "indicator"]
    filters = [name for name in own if name not in indicators and types.get(name, "filter") == "filter"]
    read = {name: read_numbers(text.rows[name]) for name in indicators}
    values = pl.DataFrame({name: read[name].values for name in indicators})
    marks = pl.DataFrame({name: read[name].status.str.to_lowercase() for name in indicators})
    keys = _keys(text.rows, filters)
    once = ~pl.struct(pl.exclude(AT)).is_duplicated()
    alone = keys.select(once).to_series()
    shown = text.rows.select(LINE, *(n for n in text.columns if n not in indicators)).with_row_index(AT)
    return PublishedTable(
        path.name, shown.cast({AT: pl.Int64}), keys.filter(alone), tuple(filters),
        _groups(keys, filters, _groups_in_meta(path)), values, marks,
        tuple(name for name in indicators if _is_count(values[name])), keys.height - int(alone.sum()),
    )  # fmt: skip


def _laid_out(path: Path) -> TextTable:
    if not path.is_file():
        raise DataProblem(path.name, ["there is no such file"], next_step="check the path")
    text = open_tables(path)[0]
    text_rows = text.rows.rename({name: name.strip().lower() for name in text.columns if name.lower() in MUST_HAVE})
    missing = [name for name in MUST_HAVE if name not in text_rows.columns]
    if missing:
        told = [f"it is not in the layout of Explore Education Statistics: no column {' or '.join(missing)}"]
        told += text.faults.filter(pl.col("rule") == "no_header")["message"].to_list()
        raise DataProblem(path.name, told, next_step="give a file whose first line names time_period, "
                          "geographic_level, filters and indicators")  # fmt: skip
    return TextTable(text.path, text_rows, text.encoding)


def _meta(path: Path) -> pl.DataFrame:
    meta = find_meta(path)
    rows = read_text_table(meta, repeats=True).rows if meta else pl.DataFrame()
    rows = rows.rename({name: name.lower() for name in rows.columns})
    return rows if {"col_name", "col_type"} <= set(rows.columns) else pl.DataFrame({"col_name": [], "col_type": []})


def _types_in_meta(path: Path) -> dict[str, str]:
    rows = _meta(path).select("col_name", pl.col("col_type").cast(pl.String).str.to_lowercase()).drop_nulls()
    groups = dict.fromkeys(_groups_in_meta(path).values(), "filter")
    return {**groups, **dict(rows.iter_rows())}


def _groups_in_meta(path: Path) -> dict[str, str]:
    rows = _meta(path)
    if "filter_grouping_column" not in rows.columns:
        return {}
    return dict(rows.select("col_name", "filter_grouping_column").drop_nulls().iter_rows())


def _guessed(column: pl.Series) -> str:
    """Without a meta file: a column of numbers and symbols holds an indicator, any other breaks the rows down."""
    different = read_numbers(column.drop_nulls().unique())
    return "indicator" if not different.unread and different.values.is_not_null().any() else "filter"


def _is_count(column: pl.Series) -> bool:
    shown = column.drop_nulls()
    whole = (shown == shown.round()) & (shown >= 0)
    return shown.len() > 0 and int(whole.sum()) >= WHOLE_SHARE * shown.len()


def _keys(rows: pl.DataFrame, filters: list[str]) -> pl.DataFrame:
    plain = {n: pl.col(n).fill_null("").str.to_lowercase().str.strip_chars() for n in rows.columns if n != LINE}
    time = [plain[name].str.strip_suffix(".0").alias(name) for name in TIME if name in rows.columns]
    level = plain["geographic_level"].alias("level")
    own = [plain[name].alias(name) for name in filters]
    found = [name for name in place_levels() if set(place_levels()[name]) & set(rows.columns)]
    parents = [_place(rows, plain, name).alias(f"in {name}") for name in found]
    place = pl.coalesce(*(pl.when(level == name).then(_place(rows, plain, name)) for name in found), pl.lit(""))
    return rows.select(*time, level, place.alias("place"), *parents, *own).with_row_index(AT).cast({AT: pl.Int64})


def _place(rows: pl.DataFrame, plain: dict[str, pl.Expr], level: str) -> pl.Expr:
    """The codes and name of a row's place of a level, as one text; "" where it has none."""
    there = [plain[name] for name in place_levels()[level] if name in rows.columns]
    return pl.concat_str(there, separator=" ").str.strip_chars()


def place_levels() -> dict[str, tuple[str, ...]]:
    """Geographic level in lower case -> its columns."""
    return {level.lower(): columns for level, columns in places().items()}


def _groups(keys: pl.DataFrame, filters: list[str], in_meta: dict[str, str]) -> dict[str, str]:
    """Filter -> the filter that groups its items: as the meta file says, else where each item stands in one group."""
    told = {item: group for item, group in in_meta.items() if item in filters and group in filters}
    for item in filters:
        for group in filters:
            taken = {*told, *told.values()}
            if item != group and not {item, group} & taken and _grouped(keys, item, group):
                told[item] = group
    return told


def _grouped(keys: pl.DataFrame, item: str, group: str) -> bool:
    pairs = keys.select(item, group).unique()
    groups = pairs[group].n_unique()
    nested = groups < pairs[item].n_unique() == pairs.height
    return groups > 1 and (nested or group.startswith(f"{item}_"))  # breakdown and breakdown_topic


def is_total(column: str) -> pl.Expr:
    """Whether an item is everything of its filter ("Total", "All pupils"), not of a part of it ("All SEN")."""
    return pl.col(column).str.contains(ALL_OF_IT) & ~pl.col(column).str.contains(ALL_OF_A_PART)


def kind_of(mark: str) -> str:
    """What a symbol says: suppressed, not_available, low, not_applicable, ...; "" of a number.

    >>> kind_of("c"), kind_of("z"), kind_of("~")
    ('suppressed', 'not_applicable', 'low')
    """
    return re.split(r"[;,]", symbols().get(mark, ""))[0].strip()


def limits_of(mark: str) -> tuple[float, float]:
    """Least and most that a symbol by itself leaves to a count.

    >>> limits_of("<5"), limits_of("low"), limits_of("c")
    ((1.0, 4.0), (1.0, inf), (0.0, inf))
    """
    notes = next((code.remark for code in read_codes("data_symbol") if code.code.lower() == mark), "") if mark else ""
    bounds = dict(re.findall(r"(lower|upper)=(\d+)", str(notes)))
    least = 1.0 if kind_of(mark) == "low" else 0.0
    return float(bounds.get("lower", least)), float(bounds.get("upper", "inf"))
