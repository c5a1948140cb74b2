"""From text to the declared types of a table: each rule that a cell breaks is a problem with its row and remedy."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import dataframely as dy
import polars as pl

from sendlab.codes import read_codes
from sendlab.pseudonyms import BLANK
from sendlab.schema.groups import TERMS
from sendlab.schema.numbers import read_numbers
from sendlab.schema.problems import join_problems, row_problems
from sendlab.schema.tables import POLARS_TYPE, Column, Table
from sendlab.sources.text import LINE

DATE_FORMATS = ("%Y-%b-%d", "%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d/%m/%y")
YEARS = (1990, 2100)  # "16/10/24" also reads as the year 24: a date outside is no date
FILLER_DATES = (date(1900, 1, 1), date(9999, 12, 31))
TRUE_TEXTS, FALSE_TEXTS = ("1", "true", "y", "yes", "1.0"), ("0", "false", "n", "no", "0.0")
TERM_TEXTS = {**{term.lower(): term for term in TERMS}, **{term.split()[0].lower(): term for term in TERMS},
              "aut": TERMS[0], "spr": TERMS[1], "sum": TERMS[2]}  # fmt: skip
RENAMED_CODES = {"suspension_category": {"FIXD": "SUSP"}}  # older code -> the one it became: one event, one key
PROVISION_TEXTS = {"ehcp": "E", "ehc plan": "E", "sen support": "K", "no sen": "N", "statement": "S"}


@dataclass(frozen=True)
class Converted:
    """Rows that keep the rules, in declared columns plus LINE, and the problems found."""

    rows: pl.DataFrame
    problems: pl.DataFrame
    left_aside: int = 0  # rows that are sound but not needed (a published file's other places)

    @property
    def bad_lines(self) -> set[int]:
        """Lines that are quarantined."""
        return set(self.problems.filter(pl.col("severity") == "error")["row"].to_list())


def convert(text: pl.DataFrame, table: Table, *, file: str, source: str = "") -> Converted:
    """Typed rows of a declared table from text columns that carry its names (missing optional columns are null).

    `file` stands in problems; `source` (path below the raw folder) tells files of one name apart.
    """
    columns, problems = [text[LINE]], []
    for column in table.columns:
        if column.name not in text.columns:
            columns.append(pl.Series(column.name, [None] * text.height, dtype=POLARS_TYPE[column.kind]))
            continue
        series, unread = READERS[column.kind](text[column.name], column)
        if column.privacy == "identifier":
            series = _marked_blanks(series, text[LINE], source or file)
        columns.append(series.alias(column.name))
        problems.append(_unread(text, unread, column, file))
        problems.append(_unknown_codes(text, series, column, file))
    typed = pl.DataFrame(columns)
    problems.append(_broken_rules(typed, table, file))
    found = join_problems(problems)
    kept = typed.filter(~pl.col(LINE).is_in(found.filter(pl.col("severity") == "error")["row"].implode()))
    return Converted(kept, found)


def _read_text(series: pl.Series, column: Column) -> tuple[pl.Series, pl.Series]:
    text = series.cast(pl.String)
    if column.name == "sen_provision":
        text = _provision(text)
    elif column.name == "term":
        text = text.str.to_lowercase().replace(TERM_TEXTS)
    elif column.codes and column.codes not in ("ethnicity", "language"):
        text = text.str.to_uppercase().str.strip_suffix(".0").replace(RENAMED_CODES.get(column.codes, {}))
    return text, pl.repeat(False, len(series), eager=True)


def _provision(text: pl.Series) -> pl.Series:
    """SEN provision from 'K', 'K - SEN support', 'SEN Support (K)', 'EHCP': by leading code, else by known text."""
    lowered = text.str.to_lowercase()
    lead = text.str.extract(r"^([A-Za-z])(?:\s*[-–:].*)?$", 1).str.to_uppercase()
    known = lowered.str.replace(r"\s*\([a-z]\)$", "").replace_strict(
        PROVISION_TEXTS, default=None, return_dtype=pl.String
    )
    frame = pl.DataFrame({"lead": lead, "known": known, "text": text})
    return frame.select(pl.coalesce("lead", "known", "text"))["lead"]


def _read_number(series: pl.Series, column: Column) -> tuple[pl.Series, pl.Series]:
    read = read_numbers(series)
    unread = pl.Series([False] * len(series)).scatter(read.unread, True) if read.unread else _none(series)
    if column.kind == "integer":
        fractional = (read.values != read.values.floor()).fill_null(False)
        return read.values.set(fractional, None).cast(pl.Int64), unread | fractional
    return read.values, unread


def _read_date(series: pl.Series, column: Column) -> tuple[pl.Series, pl.Series]:
    text = series.cast(pl.String).str.replace(r"[ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?$", "")
    tries = pl.DataFrame([text.str.to_date(form, strict=False).alias(form) for form in DATE_FORMATS])
    filler = tries.select(pl.any_horizontal(pl.all().is_in(FILLER_DATES)))[DATE_FORMATS[0]].fill_null(False)
    possible = pl.when(pl.all().dt.year().is_between(*YEARS)).then(pl.all())
    dates = tries.select(possible).select(pl.coalesce(pl.all()))[DATE_FORMATS[0]]
    return dates, dates.is_null() & text.is_not_null() & ~filler


def _read_flag(series: pl.Series, column: Column) -> tuple[pl.Series, pl.Series]:
    text = series.cast(pl.String).str.to_lowercase()
    mapping = {**dict.fromkeys(TRUE_TEXTS, True), **dict.fromkeys(FALSE_TEXTS, False)}
    flags = text.replace_strict(mapping, default=None, return_dtype=pl.Boolean)
    return flags, flags.is_null() & text.is_not_null()


def _read_period(series: pl.Series, column: Column) -> tuple[pl.Series, pl.Series]:
    periods = pl.Series(series.name, [period_of(text) for text in series.cast(pl.String)], dtype=pl.String)
    return periods, periods.is_null() & series.is_not_null()


def period_of(text: str | None) -> str | None:
    """The academic year as six digits, or nothing where the text does not say one.

    >>> period_of("2024/25"), period_of("2024-2025"), period_of("202425"), period_of("2024")
    ('202425', '202425', '202425', None)
    """
    match = re.fullmatch(r"(20\d\d)\s*[/_ -]?\s*(?:20)?(\d\d)", (text or "").strip())
    if not match or (int(match[1]) + 1) % 100 != int(match[2]):
        return None
    return match[1] + match[2]


def _marked_blanks(series: pl.Series, lines: pl.Series, source: str) -> pl.Series:
    """A blank UPN becomes a mark of source and line, so that the row is kept and links to nothing outside its file."""
    marks = pl.DataFrame({"upn": series, "line": lines.cast(pl.String)})
    return marks.select(pl.coalesce("upn", pl.lit(f"{BLANK}{source} ") + pl.col("line")))["upn"]


def _none(series: pl.Series) -> pl.Series:
    return pl.repeat(False, len(series), eager=True)


READERS: dict[str, Callable[[pl.Series, Column], tuple[pl.Series, pl.Series]]] = {
    "text": _read_text,
    "integer": _read_number,
    "number": _read_number,
    "date": _read_date,
    "flag": _read_flag,
    "period": _read_period,
}
WANTED = {
    "integer": "a whole number",
    "number": "a number",
    "date": "a date such as 16/10/2024 or 2024-10-16",
    "flag": "yes or no (1, 0, true, false)",
    "period": "an academic year such as 2024/25",
}


def _unread(text: pl.DataFrame, unread: pl.Series, column: Column, file: str) -> pl.DataFrame:
    return row_problems(
        text[LINE].filter(unread),
        file=file,
        column=column.name,
        rule=f"{column.kind}_unreadable",
        severity="error",
        message=f"{column.name} is not {WANTED.get(column.kind, 'readable')}",
        remedy=f"write {WANTED.get(column.kind, '')}",
    )


def _unknown_codes(text: pl.DataFrame, series: pl.Series, column: Column, file: str) -> pl.DataFrame:
    if not column.codes or column.allowed:
        return join_problems([])
    known = [line.code for line in read_codes(column.codes)]
    unknown = series.is_not_null() & ~series.is_in(known)
    return row_problems(
        text[LINE].filter(unknown), file=file, column=column.name, rule="code_unknown", severity="warning",
        message=f"{column.name} is not in the code set '{column.codes}'", remedy="correct it, or tell us of a new code",
    )  # fmt: skip


def _broken_rules(typed: pl.DataFrame, table: Table, file: str) -> pl.DataFrame:
    """Required, allowed and range rules, judged by dataframely on the whole table at once."""
    rules = _rules(table)
    _, failures = rules.filter(typed.select(rules.column_names()), cast=False)
    details = failures.details()
    verdicts = [name for name in details.columns if "|" in name and not name.startswith(LINE)]
    problems = []
    for verdict in verdicts:
        name, rule = verdict.split("|")
        message, remedy = _words(table.column(name), rule)
        rows = details.filter(pl.col(verdict).cast(pl.String) == "invalid")[LINE]
        problems.append(row_problems(rows, file=file, column=name, rule=rule.removeprefix("check__"), severity="error",
                                     message=message, remedy=remedy))  # fmt: skip
    return join_problems(problems)


def _rules(table: Table) -> type[dy.Schema]:
    columns: dict[str, object] = {LINE: dy.Int64(nullable=False)}
    columns.update({column.name: _rule(column) for column in table.columns})
    return type(f"{table.name}_rules", (dy.Schema,), columns)


def _rule(column: Column) -> dy.Column:
    blank = not column.required or column.privacy == "identifier"  # a blank UPN is flagged, not refused
    low, high, check = column.minimum, column.maximum, _allowed_check(column)
    if column.kind == "integer":
        ends = [None if limit is None else int(limit) for limit in (low, high)]
        return dy.Int64(nullable=blank, min=ends[0], max=ends[1], check=check)
    if column.kind == "number":
        return dy.Float64(nullable=blank, min=low, max=high, check=check)
    if column.kind == "date":
        return dy.Date(nullable=blank)
    if column.kind == "flag":
        return dy.Bool(nullable=blank)
    return dy.String(nullable=blank, check=check)


def _allowed_check(column: Column) -> dict[str, Callable[[pl.Expr], pl.Expr]] | None:
    if not column.allowed:
        return None
    allowed = [int(value) if column.kind == "integer" else value for value in column.allowed]
    return {"not_allowed": lambda cell: cell.is_in(allowed)}


def _words(column: Column, rule: str) -> tuple[str, str]:
    if rule == "nullability":
        return f"{column.name} is blank", f"fill it in: {column.meaning}"
    if rule == "check__not_allowed":
        return f"{column.name} is none of the values allowed", f"use one of: {', '.join(column.allowed)}"
    low, high = ("any" if limit is None else f"{limit:g}" for limit in (column.minimum, column.maximum))
    return f"{column.name} is out of range", f"check it: {low} to {high} is possible"
