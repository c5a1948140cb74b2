"""The store: one Parquet file a table, written aside and renamed, with a manifest of what it was made from."""

import hashlib
import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl

from sendlab.errors import WorkspaceProblem

MANIFEST = "manifest.json"
INGEST = "ingest"  # the step that fills the store, as its record is named
SESSIONS = "sessions"  # folder of the store that holds session rows, in files of whole schools


def sha256_of(path: Path) -> str:
    """Checksum of a file, read in pieces."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def replace_file(made: Path, target: Path) -> None:
    """Put a finished file in place of another in one step."""
    try:
        made.replace(target)
    except PermissionError:
        raise WorkspaceProblem(
            f"'{target.name}' is open in another program", next_step="close it there and run the command again"
        ) from None


def session_files(folder: Path) -> list[Path]:
    """The files of session rows in the store; each holds whole schools, sorted by school, pupil, date and session."""
    return sorted((folder / SESSIONS).glob("bucket-*.parquet"))


def write_table(folder: Path, name: str, rows: pl.DataFrame, *, rows_a_group: int | None = None) -> None:
    """Write one table; readers see the old file or the new one, never half of either."""
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f".{name}.{os.getpid()}.tmp"
    rows.write_parquet(aside, compression="zstd", statistics=True, row_group_size=rows_a_group)
    replace_file(aside, folder / f"{name}.parquet")


def write_pieces(folder: Path, name: str, schema: dict[str, type[pl.DataType]], pieces: Iterable[pl.DataFrame]) -> None:
    """Write one table that is too long to be held: a row group a piece, in their order, aside and renamed."""
    import pyarrow.parquet  # readers of the store do without it

    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f".{name}.{os.getpid()}.tmp"
    empty = pl.DataFrame(schema=schema).to_arrow(compat_level=pl.CompatLevel.oldest())
    with pyarrow.parquet.ParquetWriter(aside, empty.schema, compression="zstd") as writer:
        for piece in pieces:
            writer.write_table(piece.to_arrow(compat_level=pl.CompatLevel.oldest()))
    replace_file(aside, folder / f"{name}.parquet")


def short_names(names: list[str]) -> list[str]:
    """A file name for each name: short, plain on every system, and different for each.

    >>> short_names(["Absence: 2024/25 (final).csv"])
    ['absence-2024-25-final-csv-dd5c20']
    """
    plain = [re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] for name in names]
    marks = [hashlib.sha256(name.encode("utf-8")).hexdigest()[:6] for name in names]
    return [f"{text}-{mark}" for text, mark in zip(plain, marks, strict=True)]


def has_table(folder: Path, name: str) -> bool:
    """Whether the store holds a table."""
    return (folder / f"{name}.parquet").is_file()


def read_table(folder: Path, name: str) -> pl.DataFrame:
    """One table of the store."""
    if not has_table(folder, name):
        raise WorkspaceProblem(
            f"the store holds no table '{name}'", next_step="run 'sendlab ingest', then 'sendlab build'"
        )
    return pl.read_parquet(folder / f"{name}.parquet")


def write_manifest(folder: Path, name: str, content: dict[str, Any]) -> None:
    """Write the record of a step (ingest, build)."""
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f".{name}.{os.getpid()}.tmp"
    aside.write_text(
        json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n"
    )
    replace_file(aside, folder / f"{name}.{MANIFEST}")


def forget_manifest(folder: Path, name: str) -> None:
    """Take away the record of a step that is being done anew: half a store is no store."""
    (folder / f"{name}.{MANIFEST}").unlink(missing_ok=True)


def written_at(folder: Path, name: str) -> float:
    """When the record of a step was written, in seconds since 1970; 0 where it was never done."""
    path = folder / f"{name}.{MANIFEST}"
    return path.stat().st_mtime if path.is_file() else 0.0


def read_manifest(folder: Path, name: str) -> dict[str, Any]:
    """The record of a step, or an empty one where it was never done."""
    path = folder / f"{name}.{MANIFEST}"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
