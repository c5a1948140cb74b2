"""Facts -> measures -> published figures, once for the LA and all schools; and the workspace that notebooks open."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
from dateutil.easter import easter

from sendlab import metrics, store
from sendlab.cohort import FEW_UNRECORDED, few_unrecorded, without_few_unrecorded
from sendlab.compare import MAX_AGE, gap_rows
from sendlab.disclosure import OwnView, Published, publish
from sendlab.disclosure.published import restore
from sendlab.errors import WorkspaceProblem
from sendlab.facts import make_facts
from sendlab.ingest import STEP as INGEST
from sendlab.ingest import ingest
from sendlab.metrics.cards import cards
from sendlab.metrics.grouping import REST
from sendlab.schema.groups import ALL_SEN, NEED_AREAS, TOTAL
from sendlab.schema.measures import MEASURE_KEY, as_measures
from sendlab.schema.tables import TABLES
from sendlab.workspace import Workspace, find_workspace

STEP = "build"
AUDIENCES = ("board",)
THRESHOLD = 5
HISTORY = "history: more than two years before the latest figures; fetch a newer file"
OF_FACTS: tuple[Callable[..., pl.DataFrame], ...] = (
    metrics.absence, metrics.persistent_absence, metrics.severe_absence, metrics.attendance_98,
    metrics.suspension_rate, metrics.suspended_once_or_more, metrics.permanent_exclusion_rate,
    metrics.ks2_rwm_expected, metrics.ks2_writing_gap,
)  # fmt: skip
OF_FACTS_AND_REFERENCE = (metrics.ks2_reading_progress, metrics.ks2_mathematics_progress)


@dataclass(frozen=True)
class BuildResult:
    """What build did."""

    run_id: str
    measures: int
    published: int
    hidden: int
    unchanged: bool = False


def build(workspace: Workspace, *, force: bool = False) -> BuildResult:
    """Facts, measures and published figures of the workspace, written to its store. Nothing new, nothing done."""
    ingested = store.read_manifest(workspace.store, INGEST)
    if not ingested:
        raise WorkspaceProblem("nothing has been ingested yet", next_step="run 'sendlab ingest'")
    mark = _mark(ingested, workspace)
    old = store.read_manifest(workspace.store, STEP)
    if not force and old.get("mark") == mark:
        return BuildResult(**{**old["result"], "unchanged": True})
    tables = {name: store.read_table(workspace.store, name) for name in TABLES}
    facts = make_facts(tables, la_code=workspace.la_code, la_name=workspace.la_name)
    measures = make_measures(facts, tables, workspace)
    run_id = mark[:12]
    shown = publish(measures, audience="board", threshold=THRESHOLD, run_id=run_id)
    store.write_table(workspace.store, "facts", facts)
    store.write_table(workspace.store, "measures", measures)
    store.write_table(workspace.store, "published_board", shown.rows)
    hidden = int((shown.rows["status"] == "c").sum())
    result = BuildResult(run_id, measures.height, len(shown), hidden)
    checks = {"published_board": store.sha256_of(workspace.store / "published_board.parquet")}
    store.write_manifest(workspace.store, STEP, {"mark": mark, "result": asdict(result), "sha256": checks})
    return result


def _mark(ingested: dict[str, Any], workspace: Workspace) -> str:
    """What decides the figures: inputs and code. The pseudonym key is not among them: no figure depends on it."""
    what = {
        "inputs": ingested["inputs"],
        "files": ingested["files"],
        "la": [workspace.la_code, workspace.la_name],
        "code": code_mark(),
    }
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()


def code_mark() -> str:
    """sha256 of the code and data files that figures are made with."""
    root = Path(__file__).parent
    parts = sorted(p for p in root.rglob("*") if p.suffix in (".py", ".toml", ".csv"))
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.relative_to(root).as_posix().encode())
        digest.update(part.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()


def make_measures(facts: pl.DataFrame, tables: dict[str, pl.DataFrame], workspace: Workspace) -> pl.DataFrame:
    """Every declared measure for the LA and each school, benchmarks and gaps, as sorted measure rows."""
    counted = without_few_unrecorded(facts)
    parts = [metric(counted) for metric in OF_FACTS]
    parts += [metric(counted, tables["progress_reference"]) for metric in OF_FACTS_AND_REFERENCE]
    parts = [_said(part, few_unrecorded(facts)) for part in parts]
    parts.append(metrics.intervention_gain(counted, tables["interventions"]))
    parts.append(metrics.self_evaluation(tables["self_evaluation"], places_of(facts, tables), la_code=workspace.la_code,
                                         la_name=workspace.la_name))  # fmt: skip
    figures = pl.concat([*parts, _national(tables["benchmarks"], _latest(parts))])
    both = pl.concat([figures.filter(pl.col("geographic_level") != REST), gap_rows(figures)])
    return _dated(pl.concat([both, _nobody(both)])).sort(MEASURE_KEY)


NOBODY = {
    "attendance": "no pupils with attendance data in this group",
    "exclusions": "no pupils on the roll in this group",
    "progress": "no pupils at the end of key stage 2 in this group",
    "interventions": "no intervention on record here",
    "self_evaluation": "no self-evaluation on record here",
}
NOT_COLLECTED = "not collected: the workspace holds no data of this kind for this year"
CELLS = (
    (TOTAL, TOTAL),
    *((group, TOTAL) for group in ("EHC plan", "SEN support", "No SEN", ALL_SEN)),
    *((ALL_SEN, area) for area in NEED_AREAS),
)


def _nobody(rows: pl.DataFrame) -> pl.DataFrame:
    """A row that says so for each measure, year, place and group that has none: nobody counted is not nothing said."""
    own = rows.filter((pl.col("comparator") == "") & (pl.col("geographic_level") != "National"))
    years = own.select("time_period").unique()
    place = ["geographic_level", "place_code", "place_name", "education_phase"]
    held = own.select("measure", "time_period", "time_identifier").unique()
    wanted = _every_cell().join(years, how="cross").join(held, on=["measure", "time_period"], how="left")
    everywhere = wanted.join(own.select(place).unique(), how="cross")
    in_grid = everywhere.filter(pl.col("item") == TOTAL).join(
        own, on=["measure", "time_period", "place_code", "sen_provision", "need_area"], how="anti"
    )
    alone = everywhere.filter(pl.col("item") != TOTAL).join(
        own, on=["measure", "time_period", "place_code"], how="anti"
    )
    missing = pl.col("time_identifier").is_null()  # nothing of this kind this year: not known, which is not 0
    counts = ("base_subjects", "with_subjects", "numerator", "denominator")
    return as_measures(
        pl.concat([in_grid, alone]).with_columns(
            *(pl.when(~missing).then(0).alias(name) for name in counts),
            pl.col("time_identifier").fill_null("Academic year"),
            pl.when(missing).then(pl.lit("x")).otherwise(pl.lit("z")).alias("status"),
            pl.when(missing).then(pl.lit(NOT_COLLECTED)).otherwise("note").alias("note"),
        )
    )


def _every_cell() -> pl.DataFrame:
    """Every measure with every group it is broken down by, its unit, and the words for nobody in it."""
    cells = [
        (name, card.unit, NOBODY[card.topic], *group, "None" if card.kind in ("effect", "rating") else TOTAL)
        for name, card in cards().items()
        for group in (CELLS if card.kind not in ("effect", "rating") else CELLS[:1])
    ]
    columns = ["measure", "unit", "note", "sen_provision", "need_area", "item"]
    return pl.DataFrame(cells, schema=columns, orient="row")


def _said(rows: pl.DataFrame, periods: list[str]) -> pl.DataFrame:
    """Say beside each total that a few pupils without a recorded SEN provision are left out."""
    total = (pl.col("sen_provision") == "Total") & pl.col("time_period").is_in(periods) & (pl.col("note") == "")
    return rows.with_columns(pl.when(total).then(pl.lit(FEW_UNRECORDED)).otherwise("note").alias("note"))


def places_of(facts: pl.DataFrame, tables: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """School places: school_id, place_code, place_name, education_phase."""
    columns = ("school_id", "place_code", "place_name", "education_phase")
    known = facts.select(columns).unique()
    rated = tables["self_evaluation"].select("school_id").unique().join(known, on="school_id", how="anti")
    named = rated.with_columns(pl.col("school_id").alias("place_code"), pl.col("school_id").alias("place_name"),
                               pl.lit("Unknown").alias("education_phase"))  # fmt: skip
    return pl.concat([known, named]).sort("place_code")


def _latest(parts: list[pl.DataFrame]) -> str:
    return max((str(part["time_period"].max()) for part in parts if not part.is_empty()), default="000000")


def _national(benchmarks: pl.DataFrame, latest: str) -> pl.DataFrame:
    """Published figures as measure rows, as they are; those too old to compare with are marked as history."""
    units = {name: card.unit for name, card in cards().items()}
    age = int(latest[:4]) - pl.col("time_period").str.slice(0, 4).cast(pl.Int32)
    rows = benchmarks.filter(age >= 0).with_columns(
        pl.col("measure").replace_strict(units, default=None, return_dtype=pl.String).alias("unit"),
        pl.col("symbol").fill_null("").alias("status"), pl.lit("published").alias("method"),
        pl.when(age > MAX_AGE).then(pl.lit(HISTORY))
        .otherwise(pl.lit("")).alias("note"),
    )  # fmt: skip
    return as_measures(rows.drop("symbol", "source_file"))


def _dated(rows: pl.DataFrame) -> pl.DataFrame:
    """The last day of the period that a figure covers, where the metric did not say."""
    pairs = rows.select("time_period", "time_identifier").unique().rows()
    ends = {f"{period}|{word}": _end(period, word) for period, word in pairs}
    made = pl.concat_str("time_period", "time_identifier", separator="|").replace_strict(ends, return_dtype=pl.Date)
    nothing = pl.col("value").is_null() & pl.col("base_subjects").is_null()
    return rows.with_columns(pl.when(~nothing).then(pl.coalesce("data_to", made)).alias("data_to"))


def _end(period: str, time_identifier: str) -> date | None:
    year = int(period[:4])
    if time_identifier == "Autumn term":
        return date(year, 12, 31)
    if time_identifier in ("Spring term", "Autumn and spring term"):
        day: date = easter(year + 1)
        return day
    return date(year + 1, 7, 31) if time_identifier in ("Academic year", "Summer term") else None


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

    def facts(self) -> pl.DataFrame:
        """One row a pupil x school x year, for the analyst's own screen."""
        return store.read_table(self.workspace.store, "facts")

    def table(self, name: str) -> pl.DataFrame:
        """One checked table of the store."""
        return store.read_table(self.workspace.store, name)

    def own_view(self) -> OwnView:
        """All measures unprotected, for the analyst's own screen only."""
        return OwnView(store.read_table(self.workspace.store, "measures"))


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
