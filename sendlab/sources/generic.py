"""Files of no declared table: kept as text, and said so; refused where they look as if they held people.

Names must never enter the store, and of an unknown file nobody has declared which columns are names. So one that has
a column called as people's columns are, or a cell that is a UPN or a full postcode, is quarantined row by row.
"""

import re

import polars as pl

from sendlab.schema.problems import file_problem, row_problems
from sendlab.sources.mapped import settings
from sendlab.sources.names import plain
from sendlab.sources.reading import Reading
from sendlab.sources.text import LINE, TextTable

FORMAT = "text table"
TABLE = "text"
UPN = r"(?i)\b[a-z][ ]?\d{3}[ ]?\d{4}[ ]?\d{4}[\da-z]\b"
DATED_SENTENCE = r"[A-Za-z]{2,} .*\b\d{1,2}[/.-]\d{1,2}[/.-](19|20)\d\d\b"
FULL_POSTCODE = r"(?i)^[a-z]{1,2}\d[a-z\d]? \d[a-z]{2}$"


def table_of(columns: list[str]) -> str | None:
    """Any file can be kept as text, so this is asked last.

    >>> table_of(["anything"])
    'text'
    """
    return TABLE if columns else None


def read(text: TextTable, table: str = TABLE, given: dict[str, str] | None = None) -> Reading:
    """The file's cells as text under the name 'text', with a query that says so; nothing where it looks personal."""
    about_people = personal_columns(text)
    if about_people:
        return Reading(problems=_refused(text, about_people))
    said = file_problem(
        file=text.name, sheet=text.sheet, rule="no_declared_table", severity="query", count=text.rows.height,
        message="these columns are those of no declared table: kept as text, used in no measure",
        remedy="nothing to do, or name the columns as docs/tables.md does for the table that is meant",
    )  # fmt: skip
    return Reading({TABLE: text.rows.drop(LINE)}, said)


def personal_columns(text: TextTable) -> dict[int, str]:
    """{place of a column, from 1: why it looks as if it held people}; never what stands in it."""
    why = {place: _why(name, text.rows[name]) for place, name in enumerate(text.columns, start=1)}
    return {place: reason for place, reason in why.items() if reason}


def _why(name: str, cells: pl.Series) -> str:
    if _named_for_people(name):
        return "its name is one that people's columns have"
    # of a file without column names the first line of data stands in their place
    texts = pl.concat([pl.Series([name]), cells.cast(pl.String).rename("")])
    if texts.str.contains(UPN).any():
        return "it holds what looks like a UPN"
    if texts.str.contains(DATED_SENTENCE).any():
        return "it holds sentences with full dates"
    if texts.str.contains(FULL_POSTCODE).any():
        return "it holds full postcodes"
    return ""


def _named_for_people(name: str) -> bool:
    """Whether a column is called as people's columns are: a whole name of the list, a word of it, or a part."""
    given = settings()["personal"]
    whole = plain(name) in {plain(known) for known in given["names"]}
    return whole or bool(_words(name) & set(given["words"])) or any(part in plain(name) for part in given["parts"])


def _words(name: str) -> set[str]:
    """The words of a column name: 'ParentSurname' and 'parent_surname' both hold 'surname'."""
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


def _refused(text: TextTable, about_people: dict[int, str]) -> pl.DataFrame:
    places = "; ".join(f"column {place}: {why}" for place, why in about_people.items())
    return row_problems(
        text.rows[LINE], file=text.name, sheet=text.sheet, column="", rule="personal_data_in_unknown_table",
        severity="error", message=f"the table is unknown and looks as if it held people ({places})",
        remedy="name the columns as docs/tables.md does for the table that is meant, or take those columns out",
    )  # fmt: skip
