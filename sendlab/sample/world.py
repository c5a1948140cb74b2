"""The synthetic authority of one seed, put together once: people, stays, events, sessions, scores, census rows."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from sendlab.sample import attendance, census, events, nation, people, ratings, roll, scores, trials
from sendlab.sample.settings import period, settings
from sendlab.sample.terms import CENSUSES, PARTS
from sendlab.schema import TABLES


@dataclass(frozen=True)
class World:
    """One synthetic authority; the parts are made when first asked for."""

    seed: int
    number_of_schools: int
    number_of_pupils: int

    @cached_property
    def schools(self) -> pl.DataFrame:
        """One row a school."""
        return people.make_schools(self.number_of_schools, self.number_of_pupils)

    @cached_property
    def people(self) -> pl.DataFrame:
        """One row a person."""
        return people.make_people(self.seed, self.schools)

    @cached_property
    def stays(self) -> roll.Stays:
        """Who is on which roll from when to when."""
        return roll.make_stays(self.seed, self.people, self.schools)

    @cached_property
    def events(self) -> pl.DataFrame:
        """Suspensions and permanent exclusions, one row each."""
        found = events.make_events(self.seed, self.people, self.schools, self.stays)
        names = self.people.select("person", pl.col("upn").alias("pupil_id"))
        return found.join(names, on="person", maintain_order="left").join(
            self.schools.select("school", "school_id"), on="school", maintain_order="left"
        )

    @cached_property
    def census(self) -> dict[str, pl.DataFrame]:
        """{census prefix: its rows}."""
        return {c.prefix: census.rows_of(c, self.people, self.schools, self.stays, self.events) for c in CENSUSES}

    @cached_property
    def sessions(self) -> tuple[pl.DataFrame, np.ndarray]:
        """One row a stay and part, and its sessions by code."""
        return attendance.make_sessions(self.seed, self.people, self.schools, self.stays, self.events)

    @cached_property
    def tests(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """(assessments, interventions)."""
        ability = scores.subject_ability(self.seed, self.people)
        stages = scores.key_stages(self.seed, self.people, self.schools, self.stays.frame, ability)
        tested, taken = trials.tests_and_interventions(self.seed, self.people, self.schools, self.stays.frame, ability)
        return pl.concat([stages, tested]), taken

    def attendance_table(self) -> pl.DataFrame:
        """The table `attendance`: spring terms as totals, the other terms as the sum of their reasons."""
        spans, matrix = self.sessions
        authorised, unauthorised = attendance.absence_totals(matrix)
        calendar = pl.DataFrame(
            {
                "part": range(len(PARTS)),
                "time_period": [period(part.year) for part in PARTS],
                "term": [part.term for part in PARTS],
                "part_name": [part.part for part in PARTS],
            }
        ).with_columns(
            pl.col("part").cast(pl.Int32),
            basis=pl.when(pl.col("term") == "Spring term").then(pl.lit("totals")).otherwise(pl.lit("reasons")),
            # an extract of totals has no reasons beside them to agree or not
            totals_disagree=pl.when(pl.col("term") != "Spring term").then(pl.lit(False)),
        )
        rows = spans.select(
            "upn", "school", "part", sessions_possible=pl.col("possible").cast(pl.Float64)
        ).with_columns(
            pl.Series("sessions_authorised", authorised, dtype=pl.Float64),
            pl.Series("sessions_unauthorised", unauthorised, dtype=pl.Float64),
        )
        rows = (
            rows.join(calendar, on="part", maintain_order="left")
            .drop("part")
            .rename({"part_name": "part", "upn": "pupil_id"})
        )
        return rows.join(self.schools.select("school", "school_id"), on="school", maintain_order="left")

    def tables(self) -> dict[str, pl.DataFrame]:
        """The checked tables, as ingest of the written files gives them."""
        assessments, interventions = self.tests
        found = {
            "schools": self.schools.with_columns(
                phase_code=pl.col("phase"), la_code=pl.lit(settings()["area"]["la_code"])
            ),
            "pupils": census.pupils_table(self.census),
            "attendance": self.attendance_table(),
            "suspensions": self.events,
            "assessments": assessments,
            "progress_reference": scores.progress_reference(),
            "interventions": interventions,
            "self_evaluation": ratings.self_evaluation(self.seed, self.schools),
            "benchmarks": nation.benchmarks(),
        }
        return {name: _as_declared(name, frame) for name, frame in found.items()}


def _as_declared(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Declared columns in declared order and type, sorted by the key."""
    table = TABLES[name]
    return frame.select(pl.col(column).cast(dtype) for column, dtype in table.polars_schema.items()).sort(table.key)
