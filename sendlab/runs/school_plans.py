"""Improvement plans of schools, each into the folder that is that school's alone."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from sendlab.errors import RunProblem, SendlabError
from sendlab.governance import NOTES_FOLDER
from sendlab.metrics.sef.ratings import settled
from sendlab.publish.forms import schools_of
from sendlab.runs.plan import OWN, edition_folder

PLAN_FILE = "improvement-plan.xlsx"


def write_plans(
    opened: Any, places: Sequence[str] = (), *, folder: Path | None = None, time_period: str = ""
) -> list[Path]:
    """The improvement plan of each school (default: all that rated), in its own folder or in `folder`; the paths.

    `places`: URN or LAESTAB. A plan that is there already may have been written in: it is left, and SendlabError says
    so. A school without ratings has no plan: RunProblem where it was asked for by its code.
    """
    from sendlab.publish import write_improvement_plan

    tables = {name: opened.table(name) for name in ("self_evaluation", "evidence")}
    tables["ratings"] = tables.pop("self_evaluation")
    tables["actions"] = _with_sentences(opened)
    rounds = settled(tables["ratings"])
    of_then = rounds.filter(pl.col("time_period") == time_period) if time_period else rounds
    rated = set(of_then["school_id"])
    chosen = schools_of(opened.workspace, places)
    without = [row["place_name"] for row in chosen.to_dicts() if row["school_id"] not in rated]
    if places and without:
        raise RunProblem(
            f"{without[0]} has no rating of the whole setting",
            next_step="hand out forms: 'sendlab forms --place CODE FOLDER'",
        )
    targets = {
        row["school_id"]: (row["place_code"], _target(opened, row, folder, time_period))
        for row in chosen.to_dicts() if row["school_id"] in rated
    }  # fmt: skip
    if there := [path for _, path in targets.values() if path.exists()]:
        raise SendlabError(
            f"{there[0].name} of a school is there already, and may have been written in: nothing was written",
            next_step="move it first, or name another folder",
        )
    return [
        write_improvement_plan(opened.published(place=place, audience="school"), path, place=place, school_id=school_id,
                               time_period=time_period, **tables)
        for school_id, (place, path) in targets.items()
    ]  # fmt: skip


def _target(opened: Any, row: dict[str, str], folder: Path | None, time_period: str) -> Path:
    if folder is not None:
        return folder / f"{PLAN_FILE.removesuffix('.xlsx')}-{row['school_id']}.xlsx"
    period = time_period or opened.periods()[-1]
    return edition_folder(opened.workspace.reports, period, row["place_code"], OWN) / PLAN_FILE


def _with_sentences(opened: Any) -> pl.DataFrame:
    """The actions, with what will be done where the settings let sentences into the store."""
    actions: pl.DataFrame = opened.table("actions")
    part = opened.workspace.store / NOTES_FOLDER / "actions_notes.parquet"
    if "note" in actions.columns or not part.is_file():
        return actions
    return actions.join(pl.read_parquet(part), on=["school_id", "action_id"], how="left", maintain_order="left")
