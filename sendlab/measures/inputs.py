"""What measures are made from: facts, parts of years, sessions by weekday, the checked tables, and the day it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from sendlab.cohort import without_few_unrecorded
from sendlab.facts import make_facts, make_periods, placed_schools, sessions_by_half_term, sessions_by_weekday
from sendlab.metrics.fairness.sent_home import sent_home_days
from sendlab.metrics.plans.terms import last_day
from sendlab.schema import own
from sendlab.schema.tables import TABLES
from sendlab.store import read_table, session_files
from sendlab.workspace import Workspace

# The tables of the store that some measure is made from.
READ = (
    "schools", "school_links", "pupils", "attendance", "attendance_codes", "suspensions", "assessments",
    "progress_reference", "interventions", "intervention_catalogue", "self_evaluation", "benchmarks", "coverage",
    "ehc_requests", "ehc_plans", "ehc_placements", "plans", "meetings", "sen_register", "targets", "wellbeing",
    "voice", "activities", "behaviour", "observations", "funding", "pupil_funding", "staff_training",
    "staff_deployment", "lesson_observations", "inspections", "local_offer", "transitions", "alternative_provision",
    "evidence", "actions", "indicators", "neighbours", "school_figures",
)  # fmt: skip


@dataclass(frozen=True)
class Inputs:
    """All that a measure may look at; every metric takes its own part of it."""

    facts: pl.DataFrame  # one row a pupil, school and year
    counted: pl.DataFrame  # the same without the few whose SEN provision is not recorded
    periods: pl.DataFrame  # sessions and events of parts of years
    weekdays: pl.DataFrame  # sessions by weekday, of schools with registers
    sent_home: pl.DataFrame  # afternoons away after a morning present, of the same schools
    places: pl.DataFrame  # schools as places
    tables: dict[str, pl.DataFrame]
    workspace: Workspace
    day: date | None  # the last day that records of plans and meetings tell of

    @property
    def places_of_la(self) -> pl.DataFrame:
        """Schools as places, with the code and name of their authority."""
        return self.places.with_columns(pl.lit(value).alias(name) for name, value in self.la.items())

    @property
    def la(self) -> dict[str, str]:
        """Code and name of the authority, as metrics without schools take them."""
        return {"la_code": self.workspace.la_code, "la_name": self.workspace.la_name}


def read_inputs(workspace: Workspace) -> Inputs:
    """Everything from the store of a workspace; session registers are read file by file."""
    tables = {name: read_table(workspace.store, name) for name in (*READ, *own.use(workspace.root).tables)}
    facts = make_facts(tables, la_code=workspace.la_code, la_name=workspace.la_name)
    half_terms = sessions_by_half_term(workspace.store, workspace.half_terms)
    return make_inputs(
        facts, tables, workspace, half_terms=half_terms, weekdays=sessions_by_weekday(workspace.store),
        sent_home=sent_home_in(session_files(workspace.store)),
    )  # fmt: skip


def make_inputs(
    facts: pl.DataFrame, tables: dict[str, pl.DataFrame], workspace: Workspace, *,
    half_terms: pl.DataFrame | None = None, weekdays: pl.DataFrame | None = None,
    sent_home: pl.DataFrame | None = None,
) -> Inputs:  # fmt: skip
    """Inputs from facts and tables that are at hand; without registers there is nothing by half term or weekday."""
    none = sessions_by_weekday(Path())  # of a store without registers
    return Inputs(
        facts=facts, counted=without_few_unrecorded(facts), periods=make_periods(tables, half_terms),
        weekdays=none if weekdays is None else weekdays,
        sent_home=sent_home_in([]) if sent_home is None else sent_home, places=places_of(facts, tables),
        tables=tables, workspace=workspace,
        day=last_day(tables["plans"], tables["meetings"], tables["sen_register"]),
    )  # fmt: skip


def sent_home_in(files: Sequence[Path]) -> pl.DataFrame:
    """`sent_home_days` of files of session rows, one after the other; each holds whole schools."""
    empty = pl.LazyFrame(schema=TABLES["sessions"].polars_schema)
    return pl.concat([sent_home_days(empty), *(sent_home_days(pl.scan_parquet(path)) for path in files)])


def places_of(facts: pl.DataFrame, tables: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """School places: school_id, place_code, place_name, education_phase; the authority's own without a pupil too.

    A register of all schools in England (GIAS) may stand in the store: other authorities' schools and closed ones are
    places only where there are pupils.
    """
    la_code = facts["la_code"].first()
    own = (pl.col("la_code") == la_code) & (pl.col("establishment_status") != "2").fill_null(True)
    described = placed_schools(tables["schools"].filter(own))
    met = facts.select(described.columns).unique()
    return pl.concat([met, described.join(met, on="school_id", how="anti")]).sort("place_code")
