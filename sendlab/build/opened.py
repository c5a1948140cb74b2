"""An opened workspace: its published figures, and for the analyst its facts, tables and unprotected measures."""

import os
from collections.abc import Callable, Sequence
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from sendlab import store
from sendlab.build.marks import FIGURES, PROTECTED, SHOWN, STEP, is_current
from sendlab.build.released import record_release
from sendlab.build.sliced import Slices
from sendlab.build.wholes import Wholes
from sendlab.disclosure.published import NATION, OwnView, Published
from sendlab.disclosure.shown import PERIODS, Present, note
from sendlab.disclosure.usefulness import summary_of_rows
from sendlab.errors import WorkspaceProblem
from sendlab.locks import one_at_a_time
from sendlab.metrics.publication import usual_rows
from sendlab.schema import own
from sendlab.workspace import Workspace, find_workspace

if TYPE_CHECKING:
    from sendlab.disclosure.asked import Asked
    from sendlab.disclosure.guard import Question

AUDIENCES = ("board", "school", "public")
ANSWERS = "answers.jsonl"  # the log of the guard's answers, with the releases


class OpenWorkspace:
    """An opened workspace: its published figures, and for the analyst its facts, tables and unprotected measures."""

    def __init__(self, workspace: Workspace, run_id: str) -> None:
        self.workspace, self.run_id = workspace, run_id
        self._own = own.use(workspace.root)
        self._wholes = Wholes(workspace, run_id)

    def published(
        self, *, place: str | None = None, measure: str | Sequence[str] = (), audience: str = "board",
        school: str | None = None, every_table: bool = False,
    ) -> Published:  # fmt: skip
        """Published figures for an audience; with `place`, that place's own rows, the LA's and the national ones.

        `measure` chooses one or several measures, of all places. `audience` is board, public (where the settings ask
        for it) or school: the edition of the school `school` (default: `place`), its own figures plain. Without
        `every_table` those by SEN provision and area of need, of the longest period of each year.
        """
        own.again(self._own)
        if audience not in AUDIENCES:
            raise WorkspaceProblem(
                f"no audience is called '{audience}'", next_step=f"use one of {', '.join(AUDIENCES)}"
            )
        mine, wanted = str(school or place or ""), [measure] if isinstance(measure, str) else list(measure)
        if place is not None:
            self.require_place(place)
        if audience == "school":
            self._require_school(mine)
        if not every_table and (place is not None or wanted):  # a report asks for these, and reads no more than them
            return self._slice(str(place or ""), wanted, audience, mine)
        return self._whole(audience, mine, str(place or ""), wanted, every_table)

    def _slice(self, place: str, measures: list[str], audience: str, school: str) -> Published:
        if not place:
            return self._slices.of_measures(measures, audience, school)
        view = self._slices.of_place(place, audience, school)
        return view.where(measure=measures) if measures else view

    def _whole(self, audience: str, school: str, place: str, measures: list[str], every_table: bool) -> Published:
        view = self._wholes.edition(school) if audience == "school" else self._wholes.protected(audience)
        view = view if every_table else view.usual()
        view = view.where(measure=measures) if measures else view
        return view.where(place_code=[place, self.workspace.la_code, NATION]) if place else view

    def audiences(self) -> tuple[str, ...]:
        """Audiences whose figures are protected here: the board, and the public where the settings ask for it."""
        return tuple(name for name in PROTECTED if name == "board" or self.workspace.public)

    def _require_school(self, place: str) -> None:
        if place not in set(self._schools()["place_code"]):
            raise WorkspaceProblem(
                f"'{place}' has no school edition: it is no school here", next_step="name a school by its code: school="
            )

    @cached_property
    def _slices(self) -> Slices:
        return Slices(self.workspace, self.run_id)

    def own_summary(self) -> pl.DataFrame:
        """How much every school sees of its own figures in its own edition (columns of `hidden_summary`)."""
        return summary_of_rows(self._wholes.own)

    def ask(self, question: "Question", *, audience: str = "board", school: str | None = None) -> "Asked":
        """A question that no declared table answers, made by `sendlab.disclosure.guard.ask`, for an audience.

        Judged with what was released to the audience before and with earlier answers; refused where a group of few
        people could be worked out, with the nearest question that can be answered. Answers are logged.
        """
        from sendlab.disclosure.asked import ask_published  # with all that judges a question

        note()
        released = self.published(audience=audience, school=school, every_table=True)
        facts, log = self.facts(period=question.part), self.workspace.root / "releases" / ANSWERS
        with one_at_a_time(log.with_suffix(".lock")):  # notebooks of a batch ask at once: all get the same answer
            return ask_published(question, facts, released, log, date.today())

    def editions(self) -> dict[str, pl.DataFrame]:
        """The usual rows of the board's figures, and of all schools' own: for the analyst's record of a run."""
        own.again(self._own)
        return {"board": self._wholes.protected("board").usual().rows, "school": usual_rows(self._wholes.own)}

    def present(self) -> Present:
        """Marks of the figures as they are now, by which a run knows the reports that are up to date."""
        rows = store.read_table(self.workspace.store, SHOWN)
        board, own = (
            {(measure, place): mark for _, measure, place, mark in rows.filter(audience=name).iter_rows()}
            for name in ("board", "school")
        )
        return Present(board, own)

    def record_release(self, released: str) -> None:
        """Note in the release log that the figures of this build go out to the board on a day (2026-11-28).

        The figures of schools' own editions are their own.
        """
        own.again(self._own)
        record_release(self.workspace, self._wholes.protected, released)

    def places(self) -> pl.DataFrame:
        """The LA and its schools: place_code, place_name, education_phase, geographic_level."""
        own.again(self._own)
        note()
        return self._places

    @cached_property
    def _places(self) -> pl.DataFrame:
        rows = self._slices.places().filter(pl.col("geographic_level") != "National")
        return rows.sort(pl.col("geographic_level") != "Local authority", "place_name", "place_code")

    def _schools(self) -> pl.DataFrame:
        return self._places.filter(pl.col("geographic_level") == "School")

    def periods(self) -> list[str]:
        """Academic years with figures of the LA, latest last."""
        note(PERIODS)
        return self._slices.periods()

    def require_place(self, place: str) -> None:
        """An error with the near names where the place is not in the workspace."""
        known = self._places["place_code"].to_list()
        if str(place) not in known:
            raise WorkspaceProblem(f"no place has the code '{place}'", next_step=f"places: {', '.join(known[:40])}")

    def place_name(self, place: str) -> str:
        """Name of a place."""
        self.require_place(place)
        return str(self._places.filter(pl.col("place_code") == str(place))["place_name"][0])

    def facts(self, *, period: str = "", pandas: bool = False) -> Any:
        """One row a pupil x school x year, for the analyst's own screen; as a pandas frame where that is asked for.

        `period`: a part of the year, "Autumn term" or "Spring half term 1": sessions and events are then those of it.
        """
        note()
        own.again(self._own)
        rows = store.read_table(self.workspace.store, "facts")
        if period:
            from sendlab.cohort import in_period  # with all that counts pupils

            rows = in_period(rows, self._parts_of_years(period), period)
        return rows.to_pandas() if pandas else rows

    def _parts_of_years(self, period: str) -> pl.DataFrame:
        parts = store.read_table(self.workspace.store, "facts_by_period")
        known = sorted(parts["time_identifier"].unique())
        if period not in known:
            raise WorkspaceProblem(f"no data of the period '{period}'", next_step=f"periods: {', '.join(known)}")
        return parts

    def table(self, name: str, *, pandas: bool = False) -> Any:
        """One checked table of the store, sendlab's or the workspace's own."""
        note()
        own.again(self._own)
        rows = store.read_table(self.workspace.store, name)
        return rows.to_pandas() if pandas else rows

    def own_measure(self, name: str) -> Callable[..., Any]:
        """The function of a measure of the workspace's own, by its name in `measures/`, for pandas and polars frames.

        `opened.own_measure("breakfast_club_reach")(opened.facts(), opened.table("breakfast_club"))` gives measure rows.
        Errors: SendlabError with the near names; WorkspaceProblem where its file cannot be run.
        """
        from sendlab.measures import own_measure  # with all that makes measures

        note()
        own.use(self.workspace.root)  # as the files are now
        found: Callable[..., Any] = own_measure(name)
        return found

    def own_view(self, *, place: str | None = None) -> OwnView:
        """All measures unprotected, for the analyst's own screen only; with `place`, that place's own.

        One place of a large authority is read in a moment: the table is sorted by place.
        """
        from sendlab.measures import with_texts  # with all that makes measures

        own.again(self._own)
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
    if figures := os.environ.get(FIGURES):
        return _as_checked(workspace, figures)
    if workspace.is_sample:
        return OpenWorkspace(workspace, _made(workspace))
    ingested, built = (store.read_manifest(workspace.store, step) for step in (store.INGEST, STEP))
    if not ingested or not is_current(built, ingested, workspace):
        raise WorkspaceProblem(
            "the store has not been built from what was ingested last, or by another version of sendlab, or with other "
            "measures of its own",
            next_step="run 'sendlab ingest', then 'sendlab build'",
        )
    return OpenWorkspace(workspace, built["result"]["run_id"])


def _made(workspace: Workspace) -> str:
    """The run id of the sample's figures, which are made where they are not there."""
    from sendlab.ingest import ingest

    ingest(workspace)
    ingested, built = (store.read_manifest(workspace.store, step) for step in (store.INGEST, STEP))
    if is_current(built, ingested, workspace):
        return str(built["result"]["run_id"])
    from sendlab.build.made import build  # with all that protects and attacks: more than a run with nothing new takes

    return build(workspace).run_id


def _as_checked(workspace: Workspace, figures: str) -> OpenWorkspace:
    """The workspace with the figures that a run has checked; others, made since, are refused."""
    result = store.read_manifest(workspace.store, STEP).get("result", {})
    if result.get("run_id") != figures:
        raise WorkspaceProblem(
            "the figures were built anew while the run went on", next_step="run it again, when nobody builds"
        )
    return OpenWorkspace(workspace, figures)
