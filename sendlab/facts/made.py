"""Facts put together: who has a row, each part joined to it, and the school as a place."""

from collections.abc import Mapping

import polars as pl

from sendlab.coverage import period_of_date
from sendlab.facts.events import coverage_of, events, zero_events
from sendlab.facts.names import KEY
from sendlab.facts.pupils import pupil_rows, roll
from sendlab.facts.scores import key_stages, tests
from sendlab.facts.sessions import codes, sessions
from sendlab.schema.groups import NOT_RECORDED, PHASE_OF_CODE, UNKNOWN_PHASE


def make_facts(tables: Mapping[str, pl.DataFrame], *, la_code: str, la_name: str) -> pl.DataFrame:
    """One row a pupil x school x academic year, from the checked tables, sorted by place and pupil.

    Columns: place (`place_code` is the URN, else the school's id; `place_name`, `education_phase`, `la_code`,
    `la_name`), pupil (`sex`, `nc_year`, `age_at_31_august`, `boarder`, `fsm_eligible`), `on_roll` and `roll_basis`,
    `sen_provision` and `need_area` with `sen_basis` (January census, or the nearest census where there is none),
    sessions with `attendance_status` ("" usable; not returned; above possible) and `attendance_terms`, events with
    their split by status at the event (`suspensions_at_ehc_plan`, ...) and `event_terms`, and scores
    (`ks1_points`, `ks2_reading_score`, `ks2_reading_met`, ..., `reading_first`, `reading_last`).
    A pupil without data of a kind has nulls there; one without events has 0 only where a return covers school and year.
    """
    keys = _keys(tables)
    facts = keys.join(pupil_rows(keys, tables["pupils"]), on=KEY, how="left")
    for part in (roll(tables["pupils"]), sessions(tables["attendance"]), events(tables["suspensions"]),
                 *([codes(tables["attendance_codes"])] if "attendance_codes" in tables else []),
                 key_stages(tables["assessments"]), tests(tables["assessments"])):  # fmt: skip
        facts = facts.join(part, on=KEY, how="left")
    facts = zero_events(facts, coverage_of(tables)).with_columns(pl.col("on_roll").fill_null(False))
    return _placed(facts, tables["schools"], la_code, la_name).sort("place_code", "pupil_id", "time_period")


def _keys(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    suspensions = tables["suspensions"].with_columns(period_of_date("start_date").alias("time_period"))
    baseline = pl.col("is_baseline").fill_null(False)  # the starting point of a later year is no result of its own
    results = tables["assessments"].filter((pl.col("assessment") != "KS1") & ~baseline)
    on_roll = tables["pupils"].filter(pl.col("on_roll").fill_null(True))  # a leaver counts in the year of their data
    parts = [on_roll, tables["attendance"], suspensions, results]
    return pl.concat([part.select(KEY) for part in parts]).drop_nulls().unique()


def placed_schools(schools: pl.DataFrame) -> pl.DataFrame:
    """Schools as places: school_id, place_code (URN, else the id), place_name, education_phase."""
    phase = (
        pl.col("phase_code")
        .replace_strict(PHASE_OF_CODE, default=UNKNOWN_PHASE, return_dtype=pl.String)
        .fill_null(UNKNOWN_PHASE)
    )
    return schools.select(
        "school_id",
        pl.coalesce("school_urn", "school_id").alias("place_code"),
        pl.coalesce("school_name", "school_id").alias("place_name"),
        phase.alias("education_phase"),
    )


def _placed(facts: pl.DataFrame, schools: pl.DataFrame, la_code: str, la_name: str) -> pl.DataFrame:
    places = placed_schools(schools)
    return facts.join(places, on="school_id", how="left").with_columns(
        pl.lit(la_code).alias("la_code"),
        pl.lit(la_name).alias("la_name"),
        # a school that the schools table does not hold is still a place
        pl.coalesce("place_code", "school_id").alias("place_code"),
        pl.coalesce("place_name", "school_id").alias("place_name"),
        pl.col("education_phase").fill_null(UNKNOWN_PHASE),
        pl.col("sen_provision").fill_null(NOT_RECORDED),
    )
