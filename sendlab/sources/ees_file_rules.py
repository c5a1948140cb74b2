"""Rules of the EES open data standard on a data file as a file, on its columns and rows, and on its times."""

import re
from collections.abc import Callable, Iterable

import polars as pl

from sendlab.codes import read_codes
from sendlab.errors import DataProblem
from sendlab.sources.ees_pair import (
    ENDING,
    LEVEL,
    Check,
    Found,
    Hit,
    Pair,
    data_cells,
    first_line,
    is_meta_of,
    is_text,
    repeated,
    standard,
    standard_columns,
    where,
)
from sendlab.sources.header import UNNAMED, one_line
from sendlab.sources.limits import as_utf8, file_bytes
from sendlab.sources.reading import NotRun
from sendlab.sources.text import LINE, TextTable

META_TEXTS = ("col_name", "col_type", "label", "filter_grouping_column")


# --- the file, its columns and rows


def _not_utf8(table: TextTable | None) -> Found:
    if table and is_text(table) and not table.encoding.lower().startswith("utf-8"):
        yield Hit("")


def _file_name(pair: Pair) -> Found:
    if not re.fullmatch(r"[A-Za-z0-9_-]+", ENDING.sub("", pair.data.name)):
        yield Hit("")


def _meta_file_name(pair: Pair) -> Found:
    if pair.meta and not is_meta_of(pair.meta.path, pair.data.path):
        yield Hit("")


def _columns(wrong: Callable[[str], bool]) -> Check:
    return lambda pair: (Hit(c) for c in pair.data.columns if wrong(c))


def _unnamed(name: str) -> bool:
    return not name or name.startswith(UNNAMED)


def _special(name: str) -> bool:
    return not (_unnamed(name) or re.search(r"\s", name) or re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name))


def _untrimmed(table: TextTable) -> pl.DataFrame | None:
    """The cells as they stand, with LINE; nothing where they cannot be had row for row."""
    try:
        raw = pl.read_csv(as_utf8(table.name, file_bytes(table.path))[0], infer_schema=False)
        raw = raw.rename(one_line).filter(pl.any_horizontal(pl.all().str.contains(r"\S")))
    except (DataProblem, OSError, pl.exceptions.PolarsError):
        return None
    same = raw.height == table.rows.height and {*table.columns} <= {*raw.columns}
    return raw.with_columns(table.rows[LINE]) if same else None


def _padded(table: TextTable | None, columns: Iterable[str], rule: str) -> Found:
    raw = _untrimmed(table) if table and is_text(table) else None
    if raw is None:
        yield NotRun(rule, "", "the cells as they stand in the file could not be matched with the rows that were read")
        return
    for column in (c for c in columns if c in raw.columns):
        yield from where(raw, column, pl.col(column).str.contains(r"^\s+\S|\S\s+$"))


def _header_not_first(pair: Pair) -> Found:
    if is_text(pair.data) and not {c for c in pair.data.columns if not _unnamed(c)} <= {*first_line(pair.data)}:
        yield Hit("")


def _repeated(table: TextTable | None) -> Found:
    for name, at in (repeated(table) if table else {}).items():
        yield Hit(name, told=f": columns {' and '.join(str(place) for place in at)}")


def _null_text(pair: Pair) -> Found:
    for column in pair.data.columns:
        yield from where(pair.data.rows, column, pl.col(column).is_in(standard()["null_words"]))


def _duplicates(pair: Pair) -> Found:
    own, rows = standard()["places"], pair.data.rows
    keys = [*(c for c in standard_columns() if c in rows.columns), *pair.filters, *pair.groups.values()]
    if not pair.has_meta:
        keys = pair.data.columns
        yield NotRun("duplicate_row", "", "the filters are not known: only rows alike in every column were looked for")
    if "geographic_level" in rows.columns and not _only_own_file(rows):
        rows = rows.filter(~LEVEL.is_in(own["unrepeatable"]).fill_null(False))
    yield from where(rows, "", ~pl.struct([*dict.fromkeys(keys)]).is_first_distinct())


def _only_own_file(rows: pl.DataFrame) -> bool:
    levels = rows["geographic_level"].unique().to_list()
    return len(levels) == 1 and levels[0] in standard()["places"]["own_file"]


# --- time

PERIOD, IDENTIFIER = pl.col("time_period"), pl.col("time_identifier")
DIGITS = {line.code: int(line.notes["digits"]) for line in read_codes("ees_time_identifier")}
UNLISTED = {
    **dict.fromkeys(standard()["platform_times"]["six"], 6),
    **dict.fromkeys(standard()["platform_times"]["four"], 4),
}
ALL_DIGITS = {**DIGITS, **UNLISTED}
KINDS_OF_TIME = {
    name: next((group for group in standard()["time_groups"] if re.search(group, name)), name) for name in ALL_DIGITS
}
HAS_FORM = PERIOD.str.contains(r"^(\d{4}|\d{6})$").fill_null(False)
NEXT_YEAR = (PERIOD.str.slice(2, 2).cast(pl.Int64, strict=False) + 1) % 100
ASKED_DIGITS = IDENTIFIER.replace_strict(ALL_DIGITS, default=None, return_dtype=pl.UInt32)
TIME_CELLS: dict[str, tuple[str, pl.Expr]] = {
    "time_period_form": ("time_period", ~HAS_FORM),
    "time_period_not_consecutive": (
        "time_period",
        HAS_FORM & (PERIOD.str.len_chars() == 6) & (PERIOD.str.slice(4).cast(pl.Int64, strict=False) != NEXT_YEAR),
    ),
    "time_period_digits": ("time_period", HAS_FORM & (PERIOD.str.len_chars() != ASKED_DIGITS)),
    "time_identifier_unknown": ("time_identifier", ~IDENTIFIER.is_in(list(ALL_DIGITS)).fill_null(False)),
    "time_identifier_unlisted": ("time_identifier", IDENTIFIER.is_in(list(UNLISTED))),
}


def _mixed_times(pair: Pair) -> Found:
    kind = IDENTIFIER.replace_strict(KINDS_OF_TIME, default=None, return_dtype=pl.String)
    counted = pair.data.rows.group_by(kind.alias("kind"), maintain_order=True).len().drop_nulls("kind")
    most = counted.sort("len", descending=True, maintain_order=True)["kind"].head(1).to_list()
    return where(pair.data.rows, "time_identifier", kind != most[0]) if most else iter(())


FILE_CHECKS: dict[str, Check] = {
    **{rule: data_cells(*place) for rule, place in TIME_CELLS.items()},
    "file_not_utf8": lambda pair: _not_utf8(pair.data),
    "meta_not_utf8": lambda pair: _not_utf8(pair.meta),
    "header_not_first": _header_not_first,
    "file_name": _file_name,
    "meta_file_name": _meta_file_name,
    "no_rows": lambda pair: (Hit("") for _ in [0] if pair.data.rows.is_empty()),
    "column_missing": lambda pair: (Hit(c) for c in standard()["mandatory"] if c not in pair.data.columns),
    "column_repeated": lambda pair: _repeated(pair.data),
    "meta_column_repeated": lambda pair: _repeated(pair.meta),
    "column_unnamed": _columns(_unnamed),
    "column_spaces": _columns(lambda name: re.search(r"\s", name) is not None),
    "column_characters": _columns(_special),
    "column_capitals": _columns(lambda name: not (_unnamed(name) or name == name.lower())),
    "padded": lambda pair: _padded(
        pair.data, dict.fromkeys([*standard_columns(), *pair.filters, *pair.groups.values()]), "padded"
    ),
    "meta_padded": lambda pair: _padded(pair.meta, META_TEXTS, "meta_padded"),
    "null_text": _null_text,
    "duplicate_row": _duplicates,
    "time_identifier_mixed": _mixed_times,
}
