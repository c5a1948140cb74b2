"""The synthetic authority of one seed, put together once: people, stays, events, sessions, scores, census rows."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from sendlab.errors import SendlabError
from sendlab.sample import attendance, census, events, nation, people, ratings, roll, scores, trials
from sendlab.sample.settings import SCHOOL_YEARS, period, settings
from sendlab.sample.terms import PARTS, Census, censuses_from
from sendlab.schema import TABLES


@dataclass(frozen=True)
class World:
    """One synthetic authority; the parts are made when first asked for."""

    seed: int
    number_of_schools: int
    number_of_pupils: int
    years: int = SCHOOL_YEARS  # back from 2025/26; what is older is in no table and no file

    def __post_init__(self) -> None:
        """Refuse a number of years that there is no sample for."""
        if not 1 <= self.years <= SCHOOL_YEARS:
            raise SendlabError(
                f"the sample has no {self.years} years", next_step=f"ask for 1 to {SCHOOL_YEARS} years, up to 2025/26"
            )

    @property
    def first_year(self) -> int:
        """The first year that is shown: 0, 1 or 2 of the sample."""
        return SCHOOL_YEARS - self.years

    @property
    def censuses(self) -> tuple[Census, ...]:
        """The censuses that the authority holds."""
        return censuses_from(self.first_year)

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
        return {c.prefix: census.rows_of(c, self.people, self.schools, self.stays, self.events) for c in self.censuses}

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

    @cached_property
    def calendar(self) -> pl.DataFrame:
        """One row a part of a year that is shown: its names, and where its attendance comes from."""
        totals = {part: census.totals for census in self.censuses for part in census.parts}
        rows = [
            {
                "part": number, "time_period": period(part.year), "term": part.term, "part_name": part.part,
                "basis": "totals" if totals.get(number, True) else "reasons",
                # an extract of totals has no reasons beside them to agree or not
                "totals_disagree": False if number in totals else None,
            }
            for number, part in enumerate(PARTS)
            if part.year >= self.first_year
        ]  # fmt: skip
        return pl.DataFrame(rows, schema_overrides={"part": pl.Int32, "totals_disagree": pl.Boolean})

    def _spans(self, *columns: str | pl.Expr | pl.Series) -> pl.DataFrame:
        """Spans with the names of pupil, school, year, term and part, and the row of the matrix as `row`."""
        spans = self.sessions[0].with_row_index("row").rename({"upn": "pupil_id"})
        spans = spans.select("row", "school", "part", "pupil_id", *columns)
        named = spans.join(self.calendar, on="part", maintain_order="left").drop("part").rename({"part_name": "part"})
        return named.join(self.schools.select("school", "school_id"), on="school", maintain_order="left")

    def attendance_table(self) -> pl.DataFrame:
        """The table `attendance`: totals until autumn 2024 and in spring terms, otherwise the sum of reasons."""
        authorised, unauthorised = attendance.absence_totals(*self.sessions)
        return self._spans(
            pl.col("possible").alias("sessions_possible"),
            pl.Series("sessions_authorised", authorised), pl.Series("sessions_unauthorised", unauthorised),
        )  # fmt: skip

    def codes_table(self) -> pl.DataFrame:
        """The table `attendance_codes`, of the terms whose reason rows a census returns."""
        matrix = self.sessions[1]
        row, code = np.nonzero(matrix)
        long = pl.DataFrame(
            {"row": row, "attendance_code": np.array(attendance.CODES)[code], "sessions": matrix[row, code]}
        ).with_columns(pl.col("row").cast(pl.UInt32))
        returned = self._spans().filter(pl.col("totals_disagree").is_not_null())
        return long.join(returned, on="row")

    def tables(self, only: Collection[str] | None = None) -> dict[str, pl.DataFrame]:
        """The checked tables, as ingest of the written files gives them; with `only`, no others are made."""
        first = pl.col("time_period") >= period(self.first_year)
        makers: dict[str, Callable[[], pl.DataFrame]] = {
            "schools": self._schools_table,
            "pupils": lambda: census.pupils_table(self.census, self.censuses),
            "attendance": self.attendance_table,
            "attendance_codes": self.codes_table,
            "suspensions": lambda: self.events.filter(pl.col("start_date") >= pl.lit(self.censuses[0].events_from)),
            "assessments": self._assessments_table,
            "progress_reference": lambda: scores.progress_reference().filter(first),
            "interventions": lambda: self.tests[1].filter(first),
            "intervention_catalogue": lambda: trials.catalogue(self.schools),
            "self_evaluation": lambda: ratings.self_evaluation(self.seed, self.schools).filter(first),
            "benchmarks": lambda: nation.benchmarks().filter(first),
        }
        wanted = makers if only is None else [name for name in makers if name in only]
        found = {name: _as_declared(name, makers[name]()) for name in wanted}
        if only is None or set(only) - set(makers):
            from sendlab.sample.extra import extra_tables  # it makes its tables from a world

            found |= {name: table for name, table in extra_tables(self).items() if only is None or name in only}
        return found

    def _schools_table(self) -> pl.DataFrame:
        """Schools as the census describes them, with what the register of schools adds for those that are open."""
        from sendlab.sample.reference_files import gias_schools  # it describes the schools of a world

        la_code = settings()["area"]["la_code"]
        register = gias_schools(self).filter(pl.col("EstablishmentStatus (code)") == "1")
        added = register.select(
            school_id=la_code + pl.col("EstablishmentNumber"),
            establishment_status="EstablishmentStatus (code)",
            open_date=pl.col("OpenDate").str.to_date("%d-%m-%Y"), ukprn="UKPRN",
            statutory_low_age="StatutoryLowAge", statutory_high_age="StatutoryHighAge",
            resourced_provision_capacity=pl.col("ResourcedProvisionCapacity").replace("", None),
        )  # fmt: skip
        described = self.schools.with_columns(phase_code=pl.col("phase"), la_code=pl.lit(la_code))
        return described.join(added, on="school_id", how="left")

    def _assessments_table(self) -> pl.DataFrame:
        """Results of the years that are shown, and the baselines that their measures need."""
        needed = pl.lit(self.first_year == 0) | (pl.col("assessment") == "KS1")
        baseline = pl.col("is_baseline").fill_null(False) & needed
        return self.tests[0].filter((pl.col("time_period") >= period(self.first_year)) | baseline)


def _as_declared(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Declared columns in declared order and type, null where the sample has none; sorted by the key."""
    table = TABLES[name]
    columns = [
        (pl.col(column) if column in frame.columns else pl.lit(None).alias(column)).cast(dtype)
        for column, dtype in table.polars_schema.items()
    ]
    return frame.select(columns).sort(table.key)
