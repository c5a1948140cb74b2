"""Facts -> measures -> published figures, once for the LA and all schools, written to the store."""

from dataclasses import asdict, dataclass

import polars as pl

from sendlab import store
from sendlab.budget import within_budget, within_budget_on_disk
from sendlab.build.figures import Protected, protect_all
from sendlab.build.marks import (
    PROTECTED,
    SHOWN,
    SHOWN_COLUMNS,
    SLICES,
    STEP,
    is_current,
    mark_of,
    releases,
    run_id_of,
    slices_file,
)
from sendlab.disclosure.sealed import about_figures, seal, seal_key
from sendlab.disclosure.shown import mark_of_periods, marks_of
from sendlab.disclosure.slices import Index, write_slices
from sendlab.errors import WorkspaceProblem
from sendlab.ingest import OWN_TABLES
from sendlab.measures import (
    comparison_tables,
    make_measures,
    read_inputs,
    require_own_measures,
    unlinked,
)
from sendlab.metrics.publication import LA_LEVEL, usual_rows
from sendlab.schema import own
from sendlab.schema.measures import school_years
from sendlab.workspace import Workspace

ROWS_A_GROUP = 50_000  # of measures: a place is found by the least and greatest code of each group


@dataclass(frozen=True)
class BuildResult:
    """What build did. `visible` is the share of the board's figures that are shown, in per cent."""

    run_id: str
    measures: int
    published: int
    hidden: int
    schools: int = 0
    megabytes: float = 0.0  # of the measures on disk
    visible: float = 0.0
    notes: tuple[str, ...] = ()  # what protection did that a reader should know, line by line
    unchanged: bool = False


def build(workspace: Workspace, *, force: bool = False, jobs: int = 1) -> BuildResult:
    """Facts, measures and published figures of the workspace, written to its store. Nothing new, nothing done.

    `jobs` processes share the work of protection (from a script, call it below `if __name__ == "__main__"`).
    """
    ingested = store.read_manifest(workspace.store, store.INGEST)
    if not ingested:
        raise WorkspaceProblem("nothing has been ingested yet", next_step="run 'sendlab ingest'")
    if (ingested.get(OWN_TABLES) or "") != own.use(workspace.root).mark_of_tables:
        raise WorkspaceProblem(
            f"a table in '{own.FOLDER}' is not as it was at ingest", next_step="run 'sendlab ingest'"
        )
    old = store.read_manifest(workspace.store, STEP)
    if not force and is_current(old, ingested, workspace):
        return BuildResult(**{**old["result"], "unchanged": True})
    logged = {audience: releases(workspace, audience).height for audience in PROTECTED}
    run_id = run_id_of(ingested, workspace, logged)
    measures, beside, schools = _measured(workspace)
    protected = protect_all(measures, workspace, run_id, jobs)
    for name, rows in beside.items():
        store.write_table(workspace.store, name, rows)
    store.write_table(workspace.store, "measures", measures, rows_a_group=ROWS_A_GROUP)
    size = within_budget_on_disk(workspace.store / "measures.parquet", schools)
    seals, slices = _write(workspace, protected, run_id)
    result = _result(protected, measures, schools, size, run_id)
    made = {"mark": mark_of(run_id, ingested), "logged": logged, "result": asdict(result), "seals": seals}
    store.write_manifest(workspace.store, SLICES, {"run_id": run_id, "slices": slices})
    store.write_manifest(workspace.store, STEP, made)
    return result


def _measured(workspace: Workspace) -> tuple[pl.DataFrame, dict[str, pl.DataFrame], int]:
    """Measures, the tables beside them, how many schools there are; what they are made of is let go."""
    require_own_measures()
    inputs = read_inputs(workspace)
    measures, schools = make_measures(inputs), inputs.places.height
    within_budget(measures, schools)
    beside = {"facts": inputs.facts, "facts_by_period": inputs.periods, **comparison_tables(measures, inputs)}
    return measures, beside, schools


def _write(workspace: Workspace, protected: Protected, run_id: str) -> tuple[dict[str, str], dict[str, Index]]:
    """The figures of each audience in a file of its own, and in slices; seals and slices by audience."""
    key, seals, slices = seal_key(workspace.key()), {}, {}
    marks: list[tuple[str, str, str, int]] = []
    for audience, (rows, threshold) in protected.files().items():
        name = f"published_{audience}"
        store.write_table(workspace.store, name, rows, rows_a_group=ROWS_A_GROUP)
        about = about_figures(audience=audience, threshold=threshold, run_id=run_id)
        seals[audience] = seal(workspace.store / f"{name}.parquet", key, about=about)
        usual = usual_rows(rows)
        slices[audience] = write_slices(usual, workspace.store / slices_file(audience), key, about=about)
        years = school_years(usual.filter(pl.col("geographic_level") == LA_LEVEL))
        marks += [(audience, *of, mark) for of, mark in (marks_of(usual) | mark_of_periods(years)).items()]
    store.write_table(workspace.store, "protection", protected.solved)
    store.write_table(workspace.store, SHOWN, pl.DataFrame(marks, schema=SHOWN_COLUMNS, orient="row"))
    return seals, slices


def _result(protected: Protected, measures: pl.DataFrame, schools: int, megabytes: float, run_id: str) -> BuildResult:
    shown = protected.board.rows
    return BuildResult(
        run_id, measures.height, shown.height, int((shown["status"] == "c").sum()), schools, megabytes,
        protected.visible, (*protected.notes, *unlinked(measures)),
    )  # fmt: skip
