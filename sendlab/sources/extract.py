"""Extracts of any declared table: recognised by their columns, whatever these are called."""

from dataclasses import dataclass, replace

import polars as pl

from sendlab.errors import DataProblem
from sendlab.schema.problems import file_problem, join_problems, no_problems, row_problems
from sendlab.schema.tables import TABLES, Table
from sendlab.sources.convert import convert
from sendlab.sources.names import near, plain
from sendlab.sources.reading import Converted, Reading, as_declared
from sendlab.sources.text import LINE, TextTable

FORMAT = "extract"
SETTABLE = ("time_period", "term", "school_id", "return_year")  # sendlab.toml or the file's name may give these
FEWEST = 3  # columns of a table that a file must have to be taken for it
OTHER_IDS = {"studentid", "misid", "personid", "learnerid"}  # columns of pupils' ids that are not UPNs


@dataclass(frozen=True)
class Match:
    """A declared table that a header fits: which file column is which, and what is missing."""

    table: Table
    names: dict[str, str]  # declared column -> column of the file
    missing: tuple[str, ...]  # required columns that the file lacks

    @property
    def score(self) -> tuple[int, int]:
        """How well it fits: columns found, one required column missing undoing two; then required columns found."""
        return len(self.names) - 2 * len(self.missing), len(self.table.required) - len(self.missing)

    @property
    def lacking(self) -> list[str]:
        """Required columns that nothing but the file can give."""
        return [name for name in self.missing if name not in SETTABLE]


def read_from_files() -> dict[str, Table]:
    """Declared tables that a file may be an extract of, those of the workspace in use among them."""
    return {name: table for name, table in TABLES.items() if not table.made}


def match_header(header: list[str], table: str = "") -> Match | None:
    """The declared table that a header fits best: all required columns, or all but those a setting can supply."""
    known = read_from_files()
    tables = [known[table]] if table in known else list(known.values())
    matches = [match for declared in tables if not (match := match_table(declared, header)).lacking]
    return max((m for m in matches if len(m.names) >= FEWEST), key=lambda match: match.score, default=None)


def nearest(header: list[str]) -> Match | None:
    """The table that a header was most likely meant for, though required columns are missing."""
    matches = [match_table(table, header) for table in read_from_files().values()]
    likely = [m for m in matches if len(m.names) >= FEWEST and 2 * len(m.missing) <= len(m.table.required)]
    return max(likely, key=lambda match: match.score, default=None)


def table_of(columns: list[str]) -> str | None:
    """The declared table of a header, or nothing.

    >>> table_of(["UPN", "LAESTAB", "StartDate", "Category", "Sessions"])
    'suspensions'
    """
    match = match_header(columns)
    return match.table.name if match else None


def match_table(table: Table, header: list[str]) -> Match:
    """Which column of a header is which of a table's; names below merged headings included."""
    lower_part = {plain(name.rsplit(" | ", 1)[-1]): name for name in reversed(header)}  # below a merged heading
    found = lower_part | {plain(name): name for name in reversed(header)}
    names: dict[str, str] = {}
    for column in table.columns:
        for alias in (column.name, *column.aliases):
            name = found.get(plain(alias))
            if name is not None and name not in names.values():
                names[column.name] = name
                break
    return Match(table, names, tuple(name for name in table.required if name not in names))


def refuse(text: TextTable, match: Match) -> DataProblem:
    """What is missing for the table that the file comes nearest to: every column at once, with near misses."""
    told = []
    for name in match.lacking:
        column = match.table.column(name)
        unused = [other for other in text.columns if other not in match.names.values()]
        likely = next((found for alias in (name, *column.aliases) if (found := near(alias, unused))), None)
        told.append(f"column '{name}' is missing" + (f" (is it '{likely}'?)" if likely else ""))
    next_step = f"name the columns as docs/tables.md says for '{match.table.name}', the table it comes nearest to"
    if "pupil_id" in match.lacking and OTHER_IDS & {plain(name) for name in text.columns}:
        told.append("it has pupils by the id of another system, which is no UPN")
        next_step = (
            "join the file of students (id and UPN) to it first, so that each row has its UPN; then " + next_step
        )
    return DataProblem(text.name, told, next_step=next_step)


def read(text: TextTable, match: Match, given: dict[str, str], known_from: str = "rows") -> Reading:
    """The file as the declared table. `given` fills columns that the file lacks (period, term, school)."""
    done = read_rows(text, match, given)
    name = match.table.name
    problems = join_problems([not_read(text, match), done.problems])
    return Reading({name: as_declared(done.rows, name)}, problems, known_from, done.not_run)


def not_read(text: TextTable, match: Match) -> pl.DataFrame:
    """Columns of the file that the table does not declare: not read and not stored, told by their places.

    One that is named nearly as a column that the table does declare, and has not, is told by name: a slip costs it.
    """
    unused = [name for name in text.columns if name not in match.names.values()]
    if not unused:
        return no_problems()
    slips = _slips(unused, match)
    places = [str(place) for place, name in enumerate(text.columns, 1) if name in unused and name not in slips]
    told = [
        file_problem(
            file=text.name, sheet=text.sheet, rule="column_nearly_declared", severity="warning", count=1,
            message=f"column '{name}' is not read, and column '{declared}' is missing: is it that one?",
            remedy=f"name it '{declared}' if it is",
        ) for name, declared in slips.items()
    ]  # fmt: skip
    if places:
        told.append(file_problem(
            file=text.name, sheet=text.sheet, rule="columns_not_read", severity="query", count=len(places),
            message=f"columns that the table '{match.table.name}' does not declare are not read: "
            f"{', '.join(places[:20])} (counted from the left)",
            remedy="nothing to do, or name them as docs/tables.md does",
        ))  # fmt: skip
    return join_problems(told)


def _slips(unused: list[str], match: Match) -> dict[str, str]:
    """Columns that are not read beside the declared ones that they may be, by a likeness of their names."""
    found: dict[str, str] = {}
    for column in match.table.columns:
        free = [name for name in unused if name not in found]
        likely = next((name for alias in (column.name, *column.aliases) if (name := near(alias, free))), None)
        if column.name not in match.names and likely:
            found[likely] = column.name
    return found


def read_rows(text: TextTable, match: Match, given: dict[str, str]) -> Converted:
    """The same, with the line of each row."""
    columns = {declared: pl.col(name) for declared, name in match.names.items()}
    filled = {name: pl.lit(value) for name, value in given.items() if name in match.table.polars_schema}
    rows = text.rows.select(
        pl.col(LINE), **columns, **{n: value for n, value in filled.items() if n not in match.names}
    )
    rows, dropped = without_totals(rows, match.table, text.name, text.sheet)
    done = convert(rows, match.table, file=text.name, sheet=text.sheet, source=text.source)
    if match.table.name in _DEFAULTS:
        done = replace(done, rows=done.rows.with_columns(_DEFAULTS[match.table.name]()))
    return replace(done, problems=join_problems([dropped, done.problems]))


def _attendance_defaults() -> list[pl.Expr]:
    """An extract of attendance by term gives totals of whole terms, unless it says otherwise."""
    absent = pl.col("sessions_authorised").is_not_null() & pl.col("sessions_unauthorised").is_not_null()
    basis = pl.when(absent).then(pl.lit("totals")).otherwise(pl.lit("none"))
    return [pl.col("part").fill_null("whole term"), pl.coalesce("basis", basis).alias("basis")]


def _rating_defaults() -> list[pl.Expr]:
    """Who rates, and what, where a file of ratings does not say: the setting, as its raters agree."""
    return [pl.col("unit").fill_null("setting"), pl.col("rater").fill_null("agreed")]


_DEFAULTS = {"attendance": _attendance_defaults, "self_evaluation": _rating_defaults}
TOTAL_TEXTS = ("total", "grand total", "all", "england", "sum")


def without_totals(rows: pl.DataFrame, table: Table, file: str, sheet: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of totals (first text 'Total', no key) are quarantined, said and left out."""
    texts = [column.name for column in table.columns if column.name in rows.columns]
    first = rows.select(pl.coalesce(texts).str.to_lowercase())[texts[0]]
    key = [name for name in table.key if name in rows.columns and name != texts[0]]
    no_key = (
        rows.select(pl.all_horizontal(pl.col(key).is_null()))[key[0]]
        if key
        else pl.repeat(True, rows.height, eager=True)
    )
    totals = first.is_in(TOTAL_TEXTS).fill_null(False) & no_key
    found = row_problems(
        rows[LINE].filter(totals),
        file=file,
        sheet=sheet,
        column="",
        rule="total_row",
        severity="error",
        message="a row of totals, not of data",
        remedy="nothing to do: totals are counted anew",
    )
    return rows.filter(~totals), found
