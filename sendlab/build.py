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
from sendlab.facts import make_facts, period_of_date, placed_schools
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
    mark, run_id = _mark(ingested, workspace), _run_id(ingested, workspace)
    old = store.read_manifest(workspace.store, STEP)
    if not force and old.get("mark") == mark:
        return BuildResult(**{**old["result"], "unchanged": True})
    tables = {name: store.read_table(workspace.store, name) for name in TABLES}
    facts = make_facts(tables, la_code=workspace.la_code, la_name=workspace.la_name)
    measures = make_measures(facts, tables, workspace)
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
    """What makes a store stale: inputs, code, and the key that its pseudonyms were made with."""
    return f"{_run_id(ingested, workspace)} {ingested['key_id']}"


def _run_id(ingested: dict[str, Any], workspace: Workspace) -> str:
    """What decides the figures: inputs and code. The pseudonym key is not among them: no figure depends on it."""
    what = {
        "inputs": ingested["inputs"],
        "files": ingested["files"],
        "la": [workspace.la_code, workspace.la_name],
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


def make_measures(facts: pl.DataFrame, tables: dict[str, pl.DataFrame], workspace: Workspace) -> pl.DataFrame:
    """Every declared measure for the LA and each school, benchmarks and gaps, as sorted measure rows."""
    counted = without_few_unrecorded(facts)
    parts = [metric(counted) for metric in OF_FACTS]
    parts += [metric(counted, tables["progress_reference"]) for metric in OF_FACTS_AND_REFERENCE]
    parts = [_said(part, few_unrecorded(facts)) for part in parts]
    parts.append(metrics.intervention_gain(counted, tables["interventions"]))
    places = places_of(facts, tables)
    parts.append(metrics.self_evaluation(tables["self_evaluation"], places, la_code=workspace.la_code,
                                         la_name=workspace.la_name))  # fmt: skip
    figures = pl.concat([*parts, _national(tables["benchmarks"], _latest(parts))])
    both = pl.concat([figures.filter(pl.col("geographic_level") != REST), gap_rows(figures)])
    return _dated(pl.concat([both, _nobody(both, places, facts)]), tables["suspensions"]).sort(MEASURE_KEY)


NOBODY = {
    "attendance": "no pupils with attendance data in this group",
    "exclusions": "no pupils on the roll in this group",
    "progress": "no pupils at the end of key stage 2 in this group",
    "interventions": "no intervention on record here",
    "self_evaluation": "no self-evaluation on record here",
}
NOT_RETURNED = "not returned by this school for this year"
NOT_COLLECTED = "not collected: the workspace holds no data of this kind for this year"
CELLS = (
    (TOTAL, TOTAL),
    *((group, TOTAL) for group in ("EHC plan", "SEN support", "No SEN", ALL_SEN)),
    *((ALL_SEN, area) for area in NEED_AREAS),
)


def _nobody(rows: pl.DataFrame, places: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """A row that says so for each measure, year, place and group that has none: nobody counted is not nothing said."""
    own = rows.filter((pl.col("comparator") == "") & (pl.col("geographic_level") != "National"))
    place = ["geographic_level", "place_code", "place_name", "education_phase"]
    schools = places.with_columns(pl.lit("School").alias("geographic_level")).select(place)
    la = own.filter(pl.col("geographic_level") == "Local authority").select(place).unique()
    held = own.select("measure", "time_period", "time_identifier").unique()
    wanted = _every_cell().join(own.select("time_period").unique(), how="cross")
    wanted = wanted.join(held, on=["measure", "time_period"], how="left").join(pl.concat([la, schools]), how="cross")
    in_grid = wanted.filter(pl.col("item") == TOTAL).join(
        own, on=["measure", "time_period", "place_code", "sen_provision", "need_area"], how="anti"
    )
    alone = wanted.filter(pl.col("item") != TOTAL).join(own, on=["measure", "time_period", "place_code"], how="anti")
    return _said_why(pl.concat([in_grid, alone]), own, facts)


def _said_why(missing: pl.DataFrame, own: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """Nobody (z, counted as 0), or not known (x, no number): not collected, or not returned by the school."""
    by_need = own.filter(pl.col("need_area") != TOTAL).select("measure", "time_period").unique()
    needs = missing.join(
        by_need.with_columns(pl.lit(True).alias("needs")),
        on=["measure", "time_period"],
        how="left",
        maintain_order="left",
    )["needs"].fill_null(False)
    returned = _returned(facts)
    topic = missing.select("measure", "time_period", "place_code").with_columns(
        pl.col("measure").replace_strict({name: card.topic for name, card in cards().items()}).alias("topic")
    )
    sent = topic.join(returned, on=["topic", "time_period", "place_code"], how="left", maintain_order="left")["sent"]
    uncollected = pl.col("time_identifier").is_null() | ((pl.col("need_area") != TOTAL) & ~needs)
    unsent = (pl.col("geographic_level") == "School") & pl.col("measure").is_in(_RETURNED) & sent.is_null()
    unknown = uncollected | unsent
    counts = ("base_subjects", "with_subjects", "numerator", "denominator")
    return as_measures(
        missing.with_columns(
            *(pl.when(~unknown).then(0).alias(name) for name in counts),
            pl.col("time_identifier").fill_null("Academic year"),
            pl.when(unknown).then(pl.lit("x")).otherwise(pl.lit("z")).alias("status"),
            pl.when(uncollected).then(pl.lit(NOT_COLLECTED)).when(unsent).then(pl.lit(NOT_RETURNED))
            .otherwise("note").alias("note"),
        )
    )  # fmt: skip


_RETURNED = [name for name, card in cards().items() if card.topic in ("attendance", "exclusions")]


def _returned(facts: pl.DataFrame) -> pl.DataFrame:
    """Which school returned attendance, and which a roll, in which year."""
    sent = {"attendance": pl.col("attendance_status").is_not_null(), "exclusions": pl.col("on_roll")}
    return pl.concat(
        facts.filter(rule).select(
            pl.lit(topic).alias("topic"), "time_period", "place_code", pl.lit(True).alias("sent")
        ).unique()
        for topic, rule in sent.items()
    )  # fmt: skip


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
    """School places: school_id, place_code, place_name, education_phase; those without a pupil too."""
    described = placed_schools(tables["schools"])
    met = facts.select(described.columns).unique()
    return pl.concat([met, described.join(met, on="school_id", how="anti")]).sort("place_code")


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


def _dated(rows: pl.DataFrame, suspensions: pl.DataFrame) -> pl.DataFrame:
    """The last date of the data behind a figure: the last event, else the end of the terms that the data cover."""
    pairs = rows.select("time_period", "time_identifier").unique().rows()
    ends = {f"{period}|{word}": _end(period, word) for period, word in pairs}
    made = pl.concat_str("time_period", "time_identifier", separator="|").replace_strict(ends, return_dtype=pl.Date)
    last = suspensions.group_by(period_of_date("start_date").alias("time_period")).agg(pl.col("start_date").max())
    events = pl.col("measure").is_in([name for name, card in cards().items() if card.topic == "exclusions"])
    own = pl.col("geographic_level") != "National"
    day = pl.when(events & own).then(pl.min_horizontal("start_date", made)).otherwise(pl.coalesce("data_to", made))
    nothing = pl.col("value").is_null() & pl.col("base_subjects").is_null()
    dated = rows.join(last, on="time_period", how="left", maintain_order="left")
    return dated.with_columns(pl.when(~nothing).then(day).alias("data_to")).drop("start_date")


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
