"""From text to the declared types of a table: each rule that a cell breaks is a problem with its row and remedy."""

from collections.abc import Callable
from datetime import date

import dataframely as dy
import polars as pl

from sendlab.codes import read_codes, valid_on
from sendlab.pseudonyms import BLANK, upn_status
from sendlab.schema.numbers import read_numbers
from sendlab.schema.problems import join_problems, row_problems
from sendlab.schema.tables import POLARS_TYPE, Column, Table
from sendlab.sources.cells import READERS
from sendlab.sources.reading import Converted, NotRun
from sendlab.sources.text import LINE

# A UPN or a full date within a text that is no date: such a text may be about a person, and is not kept.
PERSONAL = r"(?i)\b[a-z]\d{11}[\da-z]\b|\b\d{1,2}[/.-]\d{1,2}[/.-](19|20)\d\d\b|\b(19|20)\d\d-\d\d-\d\d\b"
SHORT_CODE = 8  # an unknown code of up to so many characters is kept, with a warning
WANTED = {
    "text": "a school's number in full (a name is none, nor is one that a spreadsheet has rounded)",
    "integer": "a whole number",
    "number": "a number",
    "date": "a date such as 16/10/2024 or 2024-10-16",
    "flag": "yes or no (1, 0, true, false)",
    "period": "an academic year such as 2024/25",
}


def convert(
    text: pl.DataFrame, table: Table, *, file: str, sheet: str = "", source: str = "", own_upn: bool = True,
    on: date | None = None,
) -> Converted:  # fmt: skip
    """Typed rows of a declared table from text columns that carry its names (missing optional columns are null).

    `file` and `sheet` stand in problems; `source` (path below the raw folder) tells files of one name apart. UPNs are
    checked unless they come from another file's rows (`own_upn`), which has said so already. Codes are held against
    those valid on the day `on`, where it is known.
    """
    columns, problems = [text[LINE]], []
    for column in table.columns:
        if column.name not in text.columns:
            columns.append(pl.Series(column.name, [None] * text.height, dtype=POLARS_TYPE[column.kind]))
            continue
        series, found = _read_column(text, column, file, source or file)
        if on is not None and column.codes:
            found.append(_not_then(text[LINE], series, column, on, file))
        if column.privacy == "identifier" and own_upn:
            found.append(_upn_problems(text[LINE], series, file))
        columns.append(series.alias(column.name))
        problems += found
    typed = pl.DataFrame(columns)
    problems.append(_broken_rules(typed, table, file))
    found_all = join_problems(problems).with_columns(pl.lit(sheet).alias("sheet"))
    bad = found_all.filter(pl.col("severity") == "error")["row"]
    return Converted(typed.filter(~pl.col(LINE).is_in(bad.implode())), found_all, _not_run(text, table))


def _read_column(text: pl.DataFrame, column: Column, file: str, source: str) -> tuple[pl.Series, list[pl.DataFrame]]:
    """One column typed, with the problems of its cells."""
    cells = text[column.name].cast(pl.String)
    series, unread = READERS[column.kind](cells, column)
    problems = [_unread(text, unread, column, file)]
    if column.privacy == "identifier":
        return _marked_blanks(series, text[LINE], source), problems
    if column.kind in ("integer", "number"):
        problems.append(_symbols(text, cells, column, file))
    if column.kind == "text" and not column.free_text:
        about_people = cells.str.contains(PERSONAL).fill_null(False)
        problems.append(_personal(text, about_people, column, file))
        series = series.set(about_people, None)
    if column.codes and not column.allowed:
        codes = [line.code for line in read_codes(column.codes)]
        unknown = series.is_not_null() & ~series.is_in(codes)
        problems.append(_unknown_codes(text, unknown, column, file))
        series = series.set(unknown & ~_could_be_code(series, codes), None)
    return series, problems


def _could_be_code(series: pl.Series, codes: list[str]) -> pl.Series:
    """Whether a text that is no known code has at least the shape of one: sentences are not kept as codes."""
    short = series.str.len_chars() <= max(SHORT_CODE, 2 * max(map(len, codes)))
    words = any(" " in code for code in codes)
    return (short & (pl.Series([words]) | ~series.str.contains(r"\s"))).fill_null(False)


def _marked_blanks(series: pl.Series, lines: pl.Series, source: str) -> pl.Series:
    """A blank UPN becomes a mark of source and line, so that the row is kept and links to nothing outside its file."""
    marks = pl.DataFrame({"upn": series, "line": lines.cast(pl.String)})
    return marks.select(pl.coalesce("upn", pl.lit(f"{BLANK}{source} ") + pl.col("line")))["upn"]


def _upn_problems(lines: pl.Series, upns: pl.Series, file: str) -> pl.DataFrame:
    """UPNs that are blank or whose check letter does not fit: the rows are kept and flagged."""
    status = {upn: upn_status(upn) for upn in upns.unique()}
    each = upns.replace_strict(status, return_dtype=pl.String)
    words = {"invalid": "the UPN's check letter does not fit: kept, flagged",
             "blank": "no UPN: the row links to nothing outside its file"}  # fmt: skip
    return join_problems(
        row_problems(lines.filter(each == kind), file=file, column="pupil_id", rule=f"upn_{kind}", severity="warning",
                     message=message, remedy="correct the UPN in the school's system")
        for kind, message in words.items()
    )  # fmt: skip


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


def _symbols(text: pl.DataFrame, cells: pl.Series, column: Column, file: str) -> pl.DataFrame:
    """A known mark such as c or x in place of a number: the value is missing, and it is said."""
    marked = (read_numbers(cells).status != "") & cells.is_not_null()
    marked = marked & ~READERS[column.kind](cells, column)[1]
    return row_problems(
        text[LINE].filter(marked), file=file, column=column.name, rule="symbol_for_number", severity="warning",
        message=f"a mark stands in place of {column.name}: kept as missing, not as 0",
        remedy="give the number if it is known",
    )  # fmt: skip


def _personal(text: pl.DataFrame, rows: pl.Series, column: Column, file: str) -> pl.DataFrame:
    return row_problems(
        text[LINE].filter(rows), file=file, column=column.name, rule="personal_data_in_text", severity="warning",
        message=f"{column.name} holds a UPN or a full date, as if about a person: the text is not kept",
        remedy="take it out of that column",
    )  # fmt: skip


def _unknown_codes(text: pl.DataFrame, unknown: pl.Series, column: Column, file: str) -> pl.DataFrame:
    return row_problems(
        text[LINE].filter(unknown), file=file, column=column.name, rule="code_unknown", severity="warning",
        message=f"{column.name} is not in the code set '{column.codes}'", remedy="correct it, or tell us of a new code",
    )  # fmt: skip


def _not_then(lines: pl.Series, series: pl.Series, column: Column, on: date, file: str) -> pl.DataFrame:
    """Known codes that had ended, or had not begun, on the day."""
    then, ever = valid_on(column.codes, on), {line.code for line in read_codes(column.codes)}
    return row_problems(
        lines.filter(series.is_in(sorted(ever - set(then))).fill_null(False)), file=file, column=column.name,
        rule="code_not_valid_then", severity="warning", remedy="use the code of that time",
        message=f"{column.name} is a code of '{column.codes}' that was not valid on {on.day} {on:%B %Y}",
    )  # fmt: skip


def _not_run(text: pl.DataFrame, table: Table) -> tuple[NotRun, ...]:
    """The rules of columns that are not there: neither passed nor failed."""
    absent = [column for column in table.columns if column.name not in text.columns and not column.required]
    return tuple(
        NotRun(rule, column.name, "the file has no such column")
        for column in absent
        for rule in _rules_of(column)
    )  # fmt: skip


def _rules_of(column: Column) -> list[str]:
    limits = [name for name in ("min", "max") if getattr(column, f"{name}imum") is not None]
    codes = ["not_allowed"] if column.allowed else ["code_unknown"] if column.codes else []
    reads = [f"{column.kind}_unreadable"] if column.kind != "text" else []
    return reads + codes + limits


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
