"""Blank forms for schools: one workbook a school and table, named so that what comes back is told apart."""

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import polars as pl

from sendlab import store
from sendlab.errors import SendlabError, WorkspaceProblem, did_you_mean
from sendlab.facts.made import placed_schools
from sendlab.forms import write_declared_form, write_self_evaluation_form
from sendlab.publish.files import aside_of, put_in_place
from sendlab.sources.extract import read_from_files
from sendlab.workspace import Workspace

SELF_EVALUATION = "self_evaluation"


def write_forms(
    folder: Path, *, table: str = SELF_EVALUATION, schools: pl.DataFrame | None = None, round_on: date | None = None
) -> list[Path]:
    """Blank forms of a declared table, one for each school (`schools_of`), or one for any; returns their paths.

    `round_on`: the day of the round, for the self-evaluation. A file that is there already is not written over: it may
    be filled in; SendlabError.
    """
    known = sorted(name for name, declared in read_from_files().items() if not declared.streamed)
    if table not in known:
        hint = did_you_mean(table, known, f"tables: {', '.join(known)}")
        raise SendlabError(f"there is no form for a table '{table}'", next_step=hint)
    rows: Sequence[dict[str, str]] = [{}] if schools is None else schools.to_dicts()
    targets = [folder / f"{'-'.join((table.replace('_', '-'), *_tail(row, round_on)))}.xlsx" for row in rows]
    if there := [path.name for path in targets if path.exists()]:
        raise SendlabError(f"{there[0]} is there already, and may be filled in: nothing was written",
                           next_step="name another folder, or move what is there")  # fmt: skip
    return [_written(path, _maker(table, row, round_on)) for path, row in zip(targets, rows, strict=True)]


def schools_of(workspace: Workspace, places: Sequence[str] = ()) -> pl.DataFrame:
    """school_id, place_code and place_name of the authority's open schools, or of those named by URN or LAESTAB."""
    if not store.has_table(workspace.store, "schools"):
        raise WorkspaceProblem("there is no list of schools in this workspace",
                               next_step="run 'sendlab ingest' first, or ask for one form without --place")  # fmt: skip
    rows = store.read_table(workspace.store, "schools")
    own = (pl.col("la_code") == workspace.la_code) & (pl.col("establishment_status") != "2").fill_null(True)
    known = placed_schools(rows.filter(own)).sort("place_code")
    asked = pl.Series(places, dtype=pl.String)
    unknown = [place for place in places if place not in {*known["place_code"], *known["school_id"]}]
    if unknown:
        hint = did_you_mean(unknown[0], [*known["place_code"], *known["school_id"]], "give its URN or LAESTAB")
        raise WorkspaceProblem(f"no school here has the code '{unknown[0]}'", next_step=hint)
    named = pl.col("place_code").is_in(asked.implode()) | pl.col("school_id").is_in(asked.implode())
    return known.filter(named) if places else known


def _tail(row: dict[str, str], round_on: date | None) -> list[str]:
    return [*([row["school_id"]] if row else []), *([round_on.isoformat()] if round_on else [])]


def _maker(table: str, row: dict[str, str], round_on: date | None) -> Callable[[Path], object]:
    code = row.get("school_id", "")
    if table == SELF_EVALUATION:
        name = row.get("place_name", "")
        return lambda path: write_self_evaluation_form(path, school_id=code, school_name=name, round_on=round_on)
    return lambda path: write_declared_form(path, table, school_id=code)


def _written(target: Path, write: Callable[[Path], object]) -> Path:
    """Written aside and renamed. A blank form holds no figure, so there is nothing to look through."""
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = aside_of(target)
    try:
        write(aside)
        return put_in_place(aside, target)
    finally:
        aside.unlink(missing_ok=True)
