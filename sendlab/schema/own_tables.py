"""A table of a workspace's own, as its TOML declares it: checked, then a declared table like any other."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from sendlab.errors import WorkspaceProblem, did_you_mean
from sendlab.schema.tables import POLARS_TYPE, TABLES, Column, Table, columns_of, shared_columns

FOLDER = "measures"  # beside sendlab.toml
GUIDE = "docs/own-measures.md"
CLASSES = ("ordinary", "special", "restricted")
FEWEST = 3  # columns by which a file can be told for one of this table
_OF_TABLE = ("title", "key", "columns", "data_name")
_OF_COLUMN = ("use", *(each.name for each in fields(Column)))
_PUPIL = "pupil_id"


def own_table(name: str, given: Mapping[str, Any]) -> Table:
    """The declared table of measures/<name>.toml. Errors: WorkspaceProblem that says what is wrong and what may stand.

    `title`; `key`, the columns that together say which row it is; `columns`, each with name, kind, meaning and
    privacy, or `use` of a column that many tables share (pupil_id, school_id, time_period ...).
    """
    if name in TABLES:
        raise _fault(name, "sendlab has a table of this name", "give the file another name")
    _require_known(name, given, _OF_TABLE, "a table")
    columns, key = given["columns"], given.get("key", [])
    if not given.get("title") or not _texts(key):
        raise _fault(name, "its title or key is missing", 'write title = "..." and key = ["pupil_id", "school_id"]')
    if not (isinstance(columns, list) and all(isinstance(one, dict) for one in columns) and len(columns) >= FEWEST):
        raise _fault(name, f"its columns are not {FEWEST} or more tables", "begin each with a line [[columns]]")
    for one in columns:
        _check_column(name, one)
    made = columns_of(columns, shared_columns())
    names = [column.name for column in made]
    if odd := sorted({one for one in names if names.count(one) > 1} | (set(key) - set(names))):
        raise _fault(name, f"{', '.join(odd)}: declared twice, or named in the key and not declared", "correct that")
    return Table(
        name, str(given["title"]), made, tuple(key), pupil_level=_PUPIL in names,
        data_name=str(given.get("data_name", "OWN")),
    )  # fmt: skip


def _check_column(table: str, one: Mapping[str, Any]) -> None:
    said = str(one.get("use") or one.get("name") or "")
    _require_known(table, one, _OF_COLUMN, f"column '{said}'")
    if "use" in one:
        if said not in shared_columns():
            hint = did_you_mean(said, shared_columns(), f"use one of {', '.join(shared_columns())}, or declare it")
            raise _fault(table, f"no shared column is called '{said}'", hint)
        return
    if not said or not one.get("meaning"):
        raise _fault(table, f"column '{said}' has no name or no meaning", 'write name = "..." and meaning = "..."')
    if one.get("kind") not in POLARS_TYPE:
        raise _fault(table, f"column '{said}' is of no known kind", f"use one of {', '.join(POLARS_TYPE)}")
    if one.get("privacy") not in CLASSES:
        raise _fault(
            table, f"column '{said}' does not say how sensitive it is",
            'write privacy = "ordinary", "special" (need, health, ethnicity) or "restricted" (safeguarding, social '
            "care, staff, free text; it then needs a purpose in sendlab.toml)",
        )  # fmt: skip
    if not all(_texts(one.get(name, [""])) for name in ("allowed", "aliases")):
        raise _fault(table, f"column '{said}': allowed or aliases is no list of texts", 'write ["one", "two"]')


def _texts(given: Any) -> bool:
    return isinstance(given, list) and bool(given) and all(isinstance(one, str) for one in given)


def _require_known(table: str, given: Mapping[str, Any], known: tuple[str, ...], whose: str) -> None:
    for field in given:
        if field not in known:
            raise _fault(table, f"{whose} has no field '{field}'",
                         did_you_mean(field, known, f"fields: {', '.join(known)}"))  # fmt: skip


def _fault(table: str, what: str, next_step: str) -> WorkspaceProblem:
    return fault(f"{table}.toml", what, next_step)


def fault(file: str, what: str, next_step: str) -> WorkspaceProblem:
    """A fault in a file of the folder, told as all are: the file, what is wrong, and what to do.

    >>> print(fault("absence_15.toml", "it has no 'unit'", "write one"))
    measures/absence_15.toml: it has no 'unit'
      next: write one
    """
    return WorkspaceProblem(f"{FOLDER}/{file}: {what}", next_step=next_step)
