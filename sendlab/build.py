"""Facts -> measures -> published figures, once for the LA and all schools; and the workspace that notebooks open."""

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from sendlab import store
from sendlab.budget import within_budget, within_budget_on_disk
from sendlab.cohort import in_period
from sendlab.disclosure import OwnView, Published, publish
from sendlab.disclosure.published import restore
from sendlab.errors import WorkspaceProblem
from sendlab.ingest import STEP as INGEST
from sendlab.ingest import ingest
from sendlab.measures import comparison_tables, make_measures, publishable, read_inputs, with_texts
from sendlab.workspace import Workspace, find_workspace

STEP = "build"
AUDIENCES = ("board",)
ROWS_A_GROUP = 50_000  # of measures: a place is found by the least and greatest code of each group
THRESHOLD = 5


@dataclass(frozen=True)
class BuildResult:
    """What build did."""

    run_id: str
    measures: int
    published: int
    hidden: int
    schools: int = 0
    megabytes: float = 0.0  # of the measures on disk
    unchanged: bool = False


def build(workspace: Workspace, *, force: bool = False) -> BuildResult:
    """Facts, measures and published figures of the workspace, written to its store. Nothing new, nothing done."""
    ingested = store.read_manifest(workspace.store, INGEST)
    if not ingested:
        raise WorkspaceProblem("nothing has been ingested yet", next_step="run 'sendlab ingest'")
    mark, run_id = _mark(ingested, workspace), _run_id(ingested, workspace)
    old = store.read_manifest(workspace.store, STEP)
    if not force and old.get("mark") == mark:
        return BuildResult(**{**old["result"], "unchanged": True})
    inputs = read_inputs(workspace)
    measures = make_measures(inputs)
    shown = publish(with_texts(publishable(measures)), audience="board", threshold=THRESHOLD, run_id=run_id)
    store.write_table(workspace.store, "facts", inputs.facts)
    store.write_table(workspace.store, "facts_by_period", inputs.periods)
    within_budget(measures, inputs.places.height)
    store.write_table(workspace.store, "measures", measures, rows_a_group=ROWS_A_GROUP)
    size = within_budget_on_disk(workspace.store / "measures.parquet", inputs.places.height)
    for name, rows in comparison_tables(measures, inputs).items():
        store.write_table(workspace.store, name, rows)
    store.write_table(workspace.store, "published_board", shown.rows)
    hidden = int((shown.rows["status"] == "c").sum())
    result = BuildResult(run_id, measures.height, len(shown), hidden, inputs.places.height, size)
    checks = {"published_board": store.sha256_of(workspace.store / "published_board.parquet")}
    store.write_manifest(workspace.store, STEP, {"mark": mark, "result": asdict(result), "sha256": checks})
    return result


def _mark(ingested: dict[str, Any], workspace: Workspace) -> str:
    """What makes a store stale: inputs, code, and the key that its pseudonyms were made with."""
    return f"{_run_id(ingested, workspace)} {ingested['key_id']}"


def _run_id(ingested: dict[str, Any], workspace: Workspace) -> str:
    """What decides the figures: inputs and code. The pseudonym key is not among them: no figure depends on it."""
    what = {
        "inputs": ingested["inputs"],
        "files": ingested["files"],
        "la": [workspace.la_code, workspace.la_name],
        "half_terms": [[year, number, *map(str, span)] for year, number, *span in workspace.half_terms],
        "code": code_mark(),
    }
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:12]


def code_mark() -> str:
    """sha256 of the code and data files that figures are made with."""
    root = Path(__file__).parent
    parts = sorted(p for p in root.rglob("*") if p.suffix in (".py", ".toml", ".csv"))
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.relative_to(root).as_posix().encode())
        digest.update(part.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()


class OpenWorkspace:
    """An opened workspace: its published figures, and for the analyst its facts, tables and unprotected measures."""

    def __init__(self, workspace: Workspace, built: BuildResult) -> None:
        self.workspace, self.run_id = workspace, built.run_id

    @cached_property
    def _published(self) -> Published:
        path = self.workspace.store / "published_board.parquet"
        expected = store.read_manifest(self.workspace.store, STEP)["sha256"]["published_board"]
        if not path.is_file() or store.sha256_of(path) != expected:
            raise WorkspaceProblem(
                "the published figures in the store are not those that build wrote",
                next_step="run 'sendlab build --force'",
            )
        return restore(pl.read_parquet(path), audience="board", threshold=THRESHOLD, run_id=self.run_id)

    def published(self, *, place: str | None = None, audience: str = "board") -> Published:
        """Published figures for an audience; with `place`, that place's own rows, the LA's and the national ones."""
        if audience not in AUDIENCES:
            raise WorkspaceProblem(f"no audience is called '{audience}'", next_step=f"use {' or '.join(AUDIENCES)}")
        if place is None:
            return self._published
        self.require_place(place)
        return self._published.where(place_code=[str(place), self.workspace.la_code, "E92000001"])

    def places(self) -> pl.DataFrame:
        """The LA and its schools: place_code, place_name, education_phase, geographic_level."""
        rows = self._published.rows.filter(pl.col("geographic_level") != "National")
        return rows.select("place_code", "place_name", "education_phase", "geographic_level").unique().sort(
            pl.col("geographic_level") != "Local authority", "place_name", "place_code"
        )  # fmt: skip

    def periods(self) -> list[str]:
        """Academic years with figures of the LA, latest last."""
        rows = self._published.rows.filter(pl.col("geographic_level") == "Local authority")
        return sorted(rows["time_period"].unique())

    def require_place(self, place: str) -> None:
        """An error with the near names where the place is not in the workspace."""
        known = self.places()["place_code"].to_list()
        if str(place) not in known:
            raise WorkspaceProblem(f"no place has the code '{place}'", next_step=f"places: {', '.join(known[:40])}")

    def place_name(self, place: str) -> str:
        """Name of a place."""
        self.require_place(place)
        return str(self.places().filter(pl.col("place_code") == str(place))["place_name"][0])

    def facts(self, *, period: str = "", pandas: bool = False) -> Any:
        """One row a pupil x school x year, for the analyst's own screen; as a pandas frame where that is asked for.

        `period`: a part of the year, "Autumn term" or "Spring half term 1": sessions and events are then those of it.
        """
        rows = store.read_table(self.workspace.store, "facts")
        if period:
            rows = in_period(rows, self._parts_of_years(period), period)
        return rows.to_pandas() if pandas else rows

    def _parts_of_years(self, period: str) -> pl.DataFrame:
        parts = store.read_table(self.workspace.store, "facts_by_period")
        known = sorted(parts["time_identifier"].unique())
        if period not in known:
            raise WorkspaceProblem(f"no data of the period '{period}'", next_step=f"periods: {', '.join(known)}")
        return parts

    def table(self, name: str, *, pandas: bool = False) -> Any:
        """One checked table of the store."""
        rows = store.read_table(self.workspace.store, name)
        return rows.to_pandas() if pandas else rows

    def own_view(self, *, place: str | None = None) -> OwnView:
        """All measures unprotected, for the analyst's own screen only; with `place`, that place's own.

        One place of a large authority is read in a moment: the table is sorted by place.
        """
        rows = pl.scan_parquet(self.workspace.store / "measures.parquet")
        if place is not None:
            self.require_place(place)
            rows = rows.filter(pl.col("place_code") == str(place))
        return OwnView(with_texts(rows.collect()))


def open_workspace(start: Path | str | None = None) -> OpenWorkspace:
    """The workspace of the nearest sendlab.toml from `start` (default: the current folder) upwards, ready to use.

    The sample workspace builds its store by itself; any other one is refused until `sendlab ingest` and
    `sendlab build` have been run, with the command to run.
    """
    workspace = find_workspace(start)
    if workspace.is_sample:
        ingest(workspace)
        return OpenWorkspace(workspace, build(workspace))
    ingested, built = (store.read_manifest(workspace.store, step) for step in (INGEST, STEP))
    if not ingested or built.get("mark") != _mark(ingested, workspace):
        raise WorkspaceProblem(
            "the store has not been built from what was ingested last",
            next_step="run 'sendlab ingest', then 'sendlab build'",
        )
    return OpenWorkspace(workspace, BuildResult(**built["result"]))
