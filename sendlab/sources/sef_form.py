"""The self-evaluation form and the improvement plan, filled in and put back: workbooks that sendlab itself hands out.

The form says on its first sheet which school, round and rater it is of, and holds ratings and evidence on two more. The
plan has one sheet. Both are found by the names of their sheets and read by the words above their columns
(`sef_layout`), whatever rows were put in or taken out.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl

from sendlab.codes import read_codes
from sendlab.errors import DataProblem
from sendlab.schema.problems import file_problem, join_problems, row_problems
from sendlab.schema.tables import TABLES
from sendlab.sources.cells import READERS, academic_year
from sendlab.sources.convert import convert
from sendlab.sources.names import plain
from sendlab.sources.reading import Reading, as_declared
from sendlab.sources.sef_layout import (
    EVIDENCE,
    EVIDENCE_COLUMNS,
    FIELDS,
    GIVEN_IN_PLAN,
    PLAN,
    PLAN_COLUMNS,
    RATING_COLUMNS,
    RATINGS,
    REQUIRED,
    START,
    numbers_from,
)
from sendlab.sources.text import LINE, TextTable
from sendlab.sources.workbook import read_grid
from sendlab.sources.xlsx_package import sheet_names

FORMS = {"self-evaluation form": {START, RATINGS, EVIDENCE}, "improvement plan": {PLAN}}
Part = tuple[TextTable, str, Reading]
Grid = list[list[str | None]]


def form_of(path: Path) -> str | None:
    """Which of the two a workbook is, by the names of its sheets; nothing for any other file."""
    found = set(sheet_names(path))
    return next((name for name, sheets in FORMS.items() if sheets <= found), None)


def read_form(path: Path, source: str = "") -> list[Part]:
    """A form as the tables `self_evaluation` and `evidence`, or a plan as `actions`; rows are Excel's row numbers.

    Errors: DataProblem where the form's first sheet does not say which school, round, unit or rater it is of.
    """
    if form_of(path) == "improvement plan":
        return [_plan(path, source)]
    known = _fields(path)
    ratings = _ratings(path, source, known)
    return [ratings, _evidence(path, source, known, ratings[2])]


# ---- the first sheet


def _fields(path: Path) -> dict[str, str | None]:
    """{declared column: its box on the first sheet}; every fault of these boxes at once."""
    grid = read_grid(path, START)
    declared, wanted = TABLES["self_evaluation"], {plain(words): name for words, name in FIELDS.items()}
    found: dict[str, str | None] = dict.fromkeys(FIELDS.values())
    told = []
    for number, row in enumerate(grid, 1):
        name = wanted.get(plain(row[0] or "")) if row else None
        if name is None:
            continue
        cell = pl.Series([row[1] if len(row) > 1 else None], dtype=pl.String)
        column = declared.column(name)
        value, unread = READERS[column.kind](cell, column)
        found[name] = None if value.is_null().any() else str(value[0])
        allowed = not column.allowed or found[name] is None or found[name] in column.allowed
        if unread.any() or not allowed:
            one_of = f"one of: {', '.join(column.allowed)}" if column.allowed else column.meaning
            told.append(f"sheet '{START}', cell B{number} does not hold what is asked for there; write {one_of}")
    by_name = {name: words for words, name in FIELDS.items()}
    told += [
        f"sheet '{START}', the box '{by_name[name]}' is blank"
        for name in REQUIRED if found[name] is None and not any("cell B" in text for text in told)
    ]  # fmt: skip
    if told:
        raise DataProblem(path.name, told, next_step="fill in the boxes of the first sheet, and put the form back")
    return found | {"unit": found["unit"] or "setting", "rater": found["rater"] or "agreed"}


# ---- the tables


def _ratings(path: Path, source: str, known: Mapping[str, str | None]) -> Part:
    text = _table(path, source, RATINGS, RATING_COLUMNS)
    codes = [line.code for line in read_codes("sef_statement")]
    rows = text.rows.with_columns(_code(codes), *(pl.lit(value).alias(name) for name, value in known.items()))
    rows = rows.with_columns(pl.lit(academic_year(str(known["rated_on"]))).alias("time_period"))
    rated = rows.filter(pl.any_horizontal(pl.col("rating_now", "rating_target").is_not_null()))
    if rated.is_empty():
        said = file_problem(file=path.name, sheet=RATINGS, rule="nothing_rated", severity="warning",
                            message="no statement is rated: nothing of the form is loaded",
                            remedy="rate the statements, and put the form back")  # fmt: skip
        return _without_rows(text), "self_evaluation", Reading({}, said)
    # a statement's line that was left blank is one not rated; any other line without a rating is nothing
    named = rows.filter(pl.col("statement").is_not_null() | pl.col(LINE).is_in(rated[LINE].implode()))
    return _read(TextTable(path, named, "xlsx", source, RATINGS), "self_evaluation")


def _evidence(path: Path, source: str, known: Mapping[str, str | None], ratings: Reading) -> Part:
    text = _table(path, source, EVIDENCE, EVIDENCE_COLUMNS)
    codes = [line.code for line in read_codes("sef_statement")]
    rows = text.rows.with_columns(
        _code(codes), pl.lit(known["school_id"]).alias("school_id"),
        pl.col("recorded_on").fill_null(pl.lit(known["rated_on"])),
    )  # fmt: skip
    number = known["rater_number"]
    first = numbers_from(str(known["unit"]), str(known["rater"]), int(number) if number else None)
    rows = rows.with_columns(
        (pl.int_range(1, pl.len() + 1).over("statement", "recorded_on") + first).cast(pl.String).alias("number")
    )
    part, table, done = _read(TextTable(path, rows, "xlsx", source, EVIDENCE), "evidence")
    made = ratings.tables.get("self_evaluation", as_declared(pl.DataFrame(), "self_evaluation"))
    rated = made.filter(pl.col("rating_now").is_not_null())["statement"]
    early = rows.filter(pl.col("statement").is_not_null() & ~pl.col("statement").is_in(rated.implode()))[LINE]
    said = row_problems(
        early, file=path.name, sheet=EVIDENCE, column="statement", rule="evidence_before_rating", severity="query",
        message="there is evidence for a statement that is not rated", remedy="rate first, then look for evidence",
    )  # fmt: skip
    return part, table, Reading(done.tables, join_problems([done.problems, said]), done.known_from, done.not_run)


def _plan(path: Path, source: str) -> Part:
    text = _table(path, source, PLAN, PLAN_COLUMNS)
    filled = [name for name in PLAN_COLUMNS.values() if name not in GIVEN_IN_PLAN]
    rows = text.rows.filter(pl.any_horizontal(pl.col(filled).is_not_null()))
    codes = [line.code for line in read_codes("sef_statement")]
    new = pl.format("P-{}-{}-{}", pl.col("statement").fill_null("other"), pl.col("set_on").str.replace_all("-", ""),
                    pl.int_range(1, pl.len() + 1).over("statement", "set_on"))  # fmt: skip
    coded = rows.with_columns(pl.coalesce(_code(codes), "statement").alias("statement"))  # what is none is told
    numbered = coded.with_columns(pl.coalesce("action_id", new).alias("action_id"))
    return _read(TextTable(path, numbered, "xlsx", source, PLAN), "actions")


def _read(text: TextTable, table: str) -> Part:
    done = convert(text.rows, TABLES[table], file=text.name, sheet=text.sheet, source=text.source)
    return text, table, Reading({table: as_declared(done.rows, table)}, done.problems, "form", done.not_run)


def _table(path: Path, source: str, sheet: str, columns: Mapping[str, str]) -> TextTable:
    """The rows below the headings of a sheet that hold something, as text under the names of the declared table."""
    grid = read_grid(path, sheet)
    at, places = _headings(path, sheet, grid, columns)
    rows = pl.DataFrame(
        [{LINE: number, **row} for number, row in _rows(grid, at, places)],
        schema={LINE: pl.Int64, **dict.fromkeys(columns.values(), pl.String)},
    )
    return TextTable(path, rows, "xlsx", source, sheet)


def _headings(path: Path, sheet: str, grid: Grid, columns: Mapping[str, str]) -> tuple[int, dict[str, int]]:
    """The place of the row of headings, and {declared column: its place in a row}."""
    wanted = {plain(words): name for words, name in columns.items()}
    for at, row in enumerate(grid):
        found = {wanted[plain(cell or "")]: place for place, cell in enumerate(row) if plain(cell or "") in wanted}
        if len(found) == len(columns):
            return at, found
    raise DataProblem(path.name, [f"sheet '{sheet}' has no row with the headings {', '.join(columns)}"],
                      next_step="use the form as it was handed out; rows may be added, headings stay")  # fmt: skip


def _rows(grid: Grid, at: int, places: Mapping[str, int]) -> Iterator[tuple[int, dict[str, str | None]]]:
    """Rows below the headings in which a column that is read holds anything: their numbers and cells."""
    for number, row in enumerate(grid[at + 1 :], at + 2):
        cells = {name: row[place] if place < len(row) else None for name, place in places.items()}
        if any(cells.values()):
            yield number, cells


def _code(codes: list[str]) -> pl.Expr:
    """The code of a statement, alone or before its words; what is none is blank."""
    found = pl.col("statement").str.to_uppercase().str.extract(r"^\s*([A-Z]\d)\b", 1)
    return pl.when(found.is_in(codes)).then(found).alias("statement")


def _without_rows(text: TextTable) -> TextTable:
    return TextTable(text.path, text.rows.clear(), text.encoding, text.source, text.sheet)
