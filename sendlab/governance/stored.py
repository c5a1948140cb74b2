"""Where rows of pupils lie in the store, and how they are taken out of it."""

from pathlib import Path

import polars as pl

from sendlab import store
from sendlab.governance.restricted import NOTES_FOLDER
from sendlab.schema.tables import TABLES
from sendlab.workspace import Workspace

FORGOTTEN = "forgotten"


def parts_of(workspace: Workspace, table: str) -> list[Path]:
    """The Parquet files of a declared table: its one file, or the buckets in its folder."""
    whole, buckets = workspace.store / f"{table}.parquet", workspace.store / table
    return [whole] * whole.is_file() + (sorted(buckets.glob("*.parquet")) if buckets.is_dir() else [])


def notes_part(workspace: Workspace, table: str) -> Path:
    """Where the sentences of a table are kept, if there are any."""
    return workspace.store / NOTES_FOLDER / f"{table}_notes.parquet"


def store_notes(workspace: Workspace, table: str, notes: pl.DataFrame | None) -> None:
    """Keep the sentences of a table apart; None takes away those that an earlier permit let in."""
    if notes is None:
        notes_part(workspace, table).unlink(missing_ok=True)
    else:
        rewrite(notes_part(workspace, table), notes)


def pupil_parts(workspace: Workspace) -> list[Path]:
    """Every Parquet file of the store that has a pupil in each row, but not the list of the forgotten."""
    found = sorted(workspace.store.rglob("*.parquet")) if workspace.store.is_dir() else []
    return [
        path for path in found
        if path != workspace.store / f"{FORGOTTEN}.parquet" and "pupil_id" in pl.read_parquet_schema(path)
    ]  # fmt: skip


def derived_parts(workspace: Workspace) -> list[Path]:
    """Files with a pupil in each row that are no declared table, nor its notes: made from them by a later step."""
    declared = {path for name in TABLES for path in (*parts_of(workspace, name), notes_part(workspace, name))}
    return [path for path in pupil_parts(workspace) if path not in declared]


def rewrite(path: Path, rows: pl.DataFrame) -> None:
    """Put other rows into a Parquet file of the store, in one step."""
    store.write_table(path.parent, path.stem, rows)


def mark_stale(workspace: Workspace) -> None:
    """What was built from the store no longer fits it: the next build makes it again. Released figures stay."""
    (workspace.store / f"build.{store.MANIFEST}").unlink(missing_ok=True)


def remove(path: Path) -> bool:
    """Delete a file; False where another program has it open."""
    try:
        path.unlink(missing_ok=True)
    except PermissionError:
        return False
    return True
