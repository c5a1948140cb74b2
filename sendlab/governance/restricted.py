"""Restricted columns: out of the store unless purpose, lawful basis and owner are named; sentences kept apart."""

from typing import NamedTuple

import polars as pl

from sendlab.schema.problems import file_problem, join_problems
from sendlab.schema.tables import TABLES, Table
from sendlab.settings import PERMIT, SETTINGS
from sendlab.workspace import Workspace

NOTES_FOLDER = "restricted"  # in the store: `<table>_notes`, audience school only
REMEDY = (
    f"nothing, if they are not needed; else name {', '.join(PERMIT[:2])} and {PERMIT[2]} of the table under "
    f"[restricted] in {SETTINGS}"
)


class Split(NamedTuple):
    """Rows for the ordinary table (without its free-text columns), rows of notes or None, and what was left out."""

    ordinary: pl.DataFrame
    notes: pl.DataFrame | None
    problems: pl.DataFrame


def restricted_columns_allowed(workspace: Workspace, table: str) -> set[str]:
    """Names of the restricted columns of a table that the workspace's settings let into the store."""
    return {column for column in TABLES[table].restricted if f"{table}.{column}" in workspace.restricted}


def split_restricted(rows: pl.DataFrame, table: str, workspace: Workspace) -> Split:
    """What of these rows may be stored where; `rows` has the declared columns of `table`.

    Free text leaves the ordinary rows. Where it is allowed, `notes` holds the key and the free-text columns of the
    rows that have any. A restricted column that is not allowed is null. `problems` counts what was left out by rule
    `restricted_not_allowed`, a query: it may well be in order.
    """
    declared, allowed = TABLES[table], restricted_columns_allowed(workspace, table)
    texts = [column.name for column in declared.columns if column.free_text]
    barred = [name for name in declared.restricted if name not in allowed]
    counts = {name: rows.height - rows[name].null_count() for name in barred}
    problems = join_problems(
        file_problem(
            file=f"table {table}", rule="restricted_not_allowed", severity="query", count=count, column=name,
            message="a restricted column is filled, but no purpose is named for it: left out", remedy=REMEDY,
        )
        for name, count in counts.items()
        if count
    )  # fmt: skip
    nulled = [pl.lit(None, dtype=rows.schema[name]).alias(name) for name in barred if name not in texts]
    kept = [name for name in texts if name in allowed]
    return Split(rows.with_columns(nulled).drop(texts), _notes(rows, declared, kept), problems)


def _notes(rows: pl.DataFrame, table: Table, kept: list[str]) -> pl.DataFrame | None:
    if not kept:
        return None
    said = rows.select(*table.key, *kept).filter(pl.any_horizontal(pl.col(kept).is_not_null()))
    return said.unique().sort(*table.key, *kept, nulls_last=True)
