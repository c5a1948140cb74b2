"""The declared tables: one declaration gives validation, an extract reader with aliases, storage and documentation.

They stand in `declared/*.toml`. Column names met in LA extracts are recorded as aliases (compared in lower case without
blanks, underscores or punctuation). `privacy` is the class of disclosure rules: ordinary, special (need, health,
ethnicity), restricted (safeguarding, social care, staff, free text), or identifier (a UPN that becomes a keyed
pseudonym before anything is stored).
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import polars as pl

Kind = Literal["text", "integer", "number", "date", "flag", "period"]
POLARS_TYPE: dict[str, type[pl.DataType]] = {
    "text": pl.String,
    "integer": pl.Int64,
    "number": pl.Float64,
    "date": pl.Date,
    "flag": pl.Boolean,
    "period": pl.String,
}


@dataclass(frozen=True)
class Column:
    """One column: what it means, what may stand in it, and what it is called elsewhere."""

    name: str
    kind: Kind
    meaning: str
    required: bool = False  # the column must be there and filled in every row
    codes: str = ""  # code set; an unknown code loads with a warning
    allowed: tuple[str, ...] = ()  # anything else is quarantined
    minimum: float | None = None
    maximum: float | None = None
    aliases: tuple[str, ...] = ()
    privacy: str = "ordinary"
    free_text: bool = False  # sentences: kept in a table of their own, for the school alone


@dataclass(frozen=True)
class Table:
    """One declared table; `key` names the columns that together say which row it is."""

    name: str
    title: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    pupil_level: bool = True
    data_name: str = ""  # PUP, SEN, ASM ...: what the checklist calls such data
    streamed: bool = False  # too long to hold: read and stored in pieces
    made: bool = False  # made by ingest from the files, never read from one

    def column(self, name: str) -> Column:
        """The column of that name."""
        return next(column for column in self.columns if column.name == name)

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the columns that must be there."""
        return tuple(column.name for column in self.columns if column.required)

    @property
    def restricted(self) -> tuple[str, ...]:
        """Names of the columns that enter the store only under a purpose, lawful basis and owner."""
        return tuple(column.name for column in self.columns if column.privacy == "restricted")

    @property
    def polars_schema(self) -> dict[str, type[pl.DataType]]:
        """{column: polars type}, in declared order."""
        return {column.name: POLARS_TYPE[column.kind] for column in self.columns}


def _declared() -> dict[str, Table]:
    folder = files("sendlab.schema") / "declared"
    texts = {path.name: tomllib.loads(path.read_text(encoding="utf-8")) for path in folder.iterdir()}
    shared = texts.pop("shared.toml")
    return {
        name: Table(name=name, **{**given, "key": tuple(given["key"]), "columns": columns_of(given["columns"], shared)})
        for file in sorted(texts)
        for name, given in texts[file].items()
    }


@cache
def shared_columns() -> dict[str, dict[str, Any]]:
    """{name: what is said of it}: columns that a table takes with `use`."""
    return tomllib.loads((files("sendlab.schema") / "declared" / "shared.toml").read_text(encoding="utf-8"))


def columns_of(given: list[dict[str, Any]], shared: dict[str, dict[str, Any]]) -> tuple[Column, ...]:
    """Columns as a declaration lists them; those with `use` are filled in from `shared`."""
    whole = [
        {"name": line["use"], **shared[line["use"]], **{key: value for key, value in line.items() if key != "use"}}
        if "use" in line
        else line
        for line in given
    ]
    return tuple(
        Column(**{**line, "allowed": tuple(line.get("allowed", ())), "aliases": tuple(line.get("aliases", ()))})
        for line in whole
    )


# The package's tables, and those of the workspace in use (schema/own.py).
TABLES: dict[str, Table] = _declared()
