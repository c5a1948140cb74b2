"""What the tables of one census share: files with their rows, pupils' ids within one export, counts of sessions.

Ids are those of one export and one roll table: child rows hang on `roll_id`, which names all three.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl

from sendlab.schema.numbers import read_numbers
from sendlab.schema.problems import Severity, join_problems, no_problems, row_problems
from sendlab.sources.blade import BladeFile
from sendlab.sources.reading import Converted
from sendlab.sources.text import LINE

ROLLS = ("pupilonroll", "pupilnolongeronroll")
Plain = list[tuple[BladeFile, pl.DataFrame]]  # files with their rows, columns in lower case
Rolls = dict[str, pl.DataFrame]  # roll table -> its pupils, with `roll_id`


@dataclass
class CensusTables:
    """What one census gives: declared tables, and each file's outcome (rows kept and problems)."""

    tables: dict[str, pl.DataFrame] = field(default_factory=dict)
    files: list[tuple[BladeFile, Converted]] = field(default_factory=list)

    def note(self, file: BladeFile, rows: pl.DataFrame, *problems: pl.DataFrame) -> pl.DataFrame:
        """Keep what became of one file; returns its rows."""
        self.files.append((file, Converted(rows, join_problems([no_problems(), *problems]))))
        return rows


def lower(file: BladeFile) -> pl.DataFrame:
    """A file's rows with column names in lower case."""
    return file.text.rows.rename({name: name.lower() for name in file.text.columns})


def of_tables(plain: Plain, *tables: str) -> Plain:
    """The files of some blade tables."""
    return [(file, rows) for file, rows in plain if file.table in tables]


def roll_id(rows: pl.DataFrame, family: str, roll: str) -> pl.Series:
    """The id of a pupil's row, told apart from the same id in another export, school or roll table."""
    return (f"{family}|{roll}|" + rows["nativeid"].fill_null("") + "|" + rows[f"{roll}tableid"]).alias("roll_id")


def _parent_family(file: BladeFile, roll: str, plain: Plain) -> str:
    """The export in which a child file's pupils stand: its own, else the only one that has the roll table at all."""
    if any(file.family == parent.family for parent, _ in of_tables(plain, *ROLLS)):
        return file.family
    families = {parent.family for parent, _ in of_tables(plain, roll)}
    return families.pop() if len(families) == 1 else file.family


def child(file: BladeFile, rows: pl.DataFrame, plain: Plain, rolls: Rolls) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of a child table with the pupil and school of their parent; a row without one parent is a problem."""
    roll = next((name for name in ROLLS if f"{name}tableid" in rows.columns), None)
    if roll is None:
        return _orphans(rows.clear(), rows[LINE], file, "pupil's table id")
    ids = rolls[roll].select("roll_id", "pupil_id", "school_id").unique()  # a row that is there twice is one pupil
    ids = ids.filter(pl.col("roll_id").is_unique())
    named = rows.drop("pupil_id", "school_id", strict=False).with_columns(
        roll_id(rows, _parent_family(file, roll, plain), roll)
    )
    joined = named.join(ids, on="roll_id", how="left", maintain_order="left")
    orphan = joined["school_id"].is_null()
    return _orphans(joined.filter(~orphan), joined[LINE].filter(orphan), file, f"{roll}tableid")


def _orphans(kept: pl.DataFrame, lines: pl.Series, file: BladeFile, column: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    problems = row_problems(
        lines, file=file.text.name, column=column, rule="no_such_pupil",
        severity="error", message="the row belongs to no pupil of this export, or its id to more than one",
        remedy="export all tables together, their names alike but for the table",
    )  # fmt: skip
    return kept, problems


def children(plain: Plain, tables: tuple[str, ...], rolls: Rolls, made: CensusTables,
             check: Callable[[BladeFile, pl.DataFrame], pl.DataFrame]) -> pl.DataFrame:  # fmt: skip
    """The rows of child tables, stacked; `check` gives the problems of a file's rows, and errors leave."""
    parts = []
    for file, rows in of_tables(plain, *tables):
        joined, orphans = child(file, rows, plain, rolls)
        found = check(file, joined)
        bad = found.filter(pl.col("severity") == "error")["row"]
        parts.append(made.note(file, joined.filter(~pl.col(LINE).is_in(bad.implode())), orphans, found))
    return pl.concat(parts, how="diagonal") if parts else pl.DataFrame()


def count(text: pl.Series) -> pl.Series:
    """Sessions as numbers, null where blank, unreadable or below 0."""
    values = read_numbers(text).values
    return values.set((values < 0).fill_null(False), None).alias(text.name)


def unread_count(lines: pl.Series, file: BladeFile, column: str, severity: Severity) -> pl.DataFrame:
    """A number of sessions that is not known."""
    return row_problems(
        lines, file=file.text.name, column=column, rule="sessions_unreadable", severity=severity,
        message="the number of sessions is not known: not a number, below 0 or, in a reason row, blank",
        remedy="write a number of sessions, 0 or more",
    )  # fmt: skip
