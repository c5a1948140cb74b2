"""Facts: one row a pupil, school and academic year, with status, need, sessions, events and scores side by side.

The only input of build, explorer and (later) guard and impact. Nothing is decided here about who counts: `cohort` does.
"""

from collections.abc import Mapping
from datetime import date

import polars as pl
from dateutil.easter import easter

from sendlab.codes import read_codes
from sendlab.schema.groups import AREA_OF_CODE, NOT_RECORDED, PHASE_OF_CODE, PROVISION_OF_CODE, TERMS, UNKNOWN_PHASE

KEY = ("pupil_id", "school_id", "time_period")
SLUGS = {"EHC plan": "ehc_plan", "SEN support": "sen_support", "No SEN": "no_sen", NOT_RECORDED: "not_recorded"}
EVENTS = {"suspensions": ("SUSP", "FIXD", "LNCH"), "permanent_exclusions": ("PERM",)}
JANUARY = 1  # place of the spring census in the year
JANUARY_CENSUS = "January census"
KEY_STAGES = ("KS1", "KS2")
NO_AREA = AREA_OF_CODE["OTHER"]
EXPECTED_SCORE = 100  # scaled score of the expected standard
SUBJECTS = ("reading", "writing", "mathematics")
CURRENT = ("C", "M")  # sole and dual main registrations; subsidiary ones and guests are counted elsewhere


def make_facts(tables: Mapping[str, pl.DataFrame], *, la_code: str, la_name: str) -> pl.DataFrame:
    """One row a pupil x school x academic year, from the checked tables, sorted by place and pupil.

    Columns: place (`place_code` is the URN, else the school's id; `place_name`, `education_phase`, `la_code`,
    `la_name`), pupil (`sex`, `nc_year`, `age_at_31_august`, `boarder`, `fsm_eligible`), `on_roll` and `roll_basis`,
    `sen_provision` and `need_area` with `sen_basis` (January census, or the nearest census where there is none),
    sessions with `attendance_status` ("" usable; not returned; above possible) and `attendance_terms`, events with
    their split by status at the event (`suspensions_at_ehc_plan`, ...) and `event_terms`, and scores
    (`ks1_points`, `ks2_reading_score`, `ks2_reading_met`, ..., `reading_first`, `reading_last`).
    A pupil without data of a kind has nulls there; a pupil without events has 0 only in years with any events.
    """
    keys = _keys(tables)
    facts = keys.join(_pupil_rows(keys, tables["pupils"]), on=KEY, how="left")
    for part in (_roll(tables["pupils"]), _sessions(tables["attendance"]), _events(tables["suspensions"]),
                 _key_stages(tables["assessments"]), _tests(tables["assessments"])):  # fmt: skip
        facts = facts.join(part, on=KEY, how="left")
    facts = _zero_events(facts, tables["suspensions"]).with_columns(pl.col("on_roll").fill_null(False))
    return _placed(facts, tables["schools"], la_code, la_name).sort("place_code", "pupil_id", "time_period")


def _keys(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    suspensions = tables["suspensions"].with_columns(period_of_date("start_date").alias("time_period"))
    results = tables["assessments"].filter(pl.col("assessment") != "KS1")
    on_roll = tables["pupils"].filter(pl.col("on_roll").fill_null(True))  # a leaver counts in the year of their data
    parts = [on_roll, tables["attendance"], suspensions, results]
    return pl.concat([part.select(KEY) for part in parts]).drop_nulls().unique()


def period_of_date(column: str) -> pl.Expr:
    """Academic year of a date, from 1 August, as six digits."""
    start = pl.col(column).dt.year() - (pl.col(column).dt.month() < 8).cast(pl.Int32)
    return start.cast(pl.String) + ((start + 1) % 100).cast(pl.String).str.zfill(2)


def term_of_date(day: date) -> str:
    """Term of an event: autumn to 31 December, spring to Easter Sunday, then summer (DfE exclusion statistics).

    >>> term_of_date(date(2025, 4, 20)), term_of_date(date(2025, 4, 21))
    ('Spring term', 'Summer term')
    """
    if day.month >= 8:
        return TERMS[0]
    return TERMS[1] if day <= easter(day.year) else TERMS[2]


def _census_place(period: str, term: str) -> pl.Expr:
    """Place of a census in time: three a year."""
    order = dict(zip(TERMS, range(len(TERMS)), strict=True))
    return pl.col(period).str.slice(0, 4).cast(pl.Int32) * 3 + pl.col(term).replace_strict(order, return_dtype=pl.Int32)


def _pupil_rows(keys: pl.DataFrame, pupils: pl.DataFrame) -> pl.DataFrame:
    """For each fact the pupil's census row nearest to that January: the same school first, then the later one."""
    rows = pupils.with_columns(_census_place("time_period", "term").alias("census"))
    rows = rows.rename({"school_id": "census_school", "time_period": "census_period", "term": "census_term"})
    january = pl.col("time_period").str.slice(0, 4).cast(pl.Int32) * 3 + JANUARY
    best = (
        keys.join(rows, on="pupil_id", how="inner")
        .with_columns(
            (pl.col("census") - january).abs().alias("distance"),
            (pl.col("census_school") != pl.col("school_id")).alias("elsewhere"),
            (~pl.col("enrol_status").is_in(CURRENT)).fill_null(False).alias("subsidiary"),
        )
        # rows of leavers carry no SEN provision: they serve only where there is nothing else
        .sort(
            ~pl.col("on_roll").fill_null(True),
            "distance",
            "elsewhere",
            -pl.col("census"),
            "subsidiary",
            "census_school",
            nulls_last=True,
        )
        .unique(KEY, keep="first", maintain_order=True)
    )
    years = best.select(
        pl.col("census_period").str.slice(0, 4).cast(pl.Int32) - pl.col("time_period").str.slice(0, 4).cast(pl.Int32)
    )
    same_year = pl.col("census_period") == pl.col("time_period")
    basis = pl.when(same_year & (pl.col("census_term") == TERMS[1])).then(pl.lit(JANUARY_CENSUS)).otherwise(
        pl.col("census_term") + " census " + pl.col("census_period") + " (provisional)"
    )  # fmt: skip
    return best.select(
        *KEY, "sex", "boarder", "fsm_eligible", "upn_status",
        pl.when(same_year).then(pl.col("nc_year")).alias("nc_year"),
        (pl.col("age_at_31_august") - years["census_period"]).alias("age_at_31_august"),
        provision_name("sen_provision").alias("sen_provision"),
        # where no need was returned at all (autumn and summer censuses) there is no breakdown by need, not "none"
        pl.when(pl.col("sen_primary_need").is_not_null().any().over("time_period"))
        .then(need_area("sen_primary_need"))
        .alias("need_area"),
        basis.alias("sen_basis"),
    )  # fmt: skip


def provision_name(column: str) -> pl.Expr:
    """Name of the SEN provision group of a code; blank and unknown codes are not recorded."""
    return (
        pl.col(column)
        .replace_strict(PROVISION_OF_CODE, default=NOT_RECORDED, return_dtype=pl.String)
        .fill_null(NOT_RECORDED)
    )


def need_area(column: str) -> pl.Expr:
    """Broad area of a need code; a need that is blank or belongs to none of the four is "No broad area"."""
    areas = {line.code: AREA_OF_CODE.get(line.notes.get("area", ""), NO_AREA) for line in read_codes("sen_need_type")}
    return pl.col(column).replace_strict(areas, default=NO_AREA, return_dtype=pl.String).fill_null(NO_AREA)


def _roll(pupils: pl.DataFrame) -> pl.DataFrame:
    """Who is on the roll that rates are taken on: the school's January census, else its latest of the year."""
    order = dict(zip((TERMS[1], TERMS[2], TERMS[0]), range(3), strict=True))  # January first, then the latest
    basis = (
        pupils.select("school_id", "time_period", "term").unique()
        .with_columns(pl.col("term").replace_strict(order, return_dtype=pl.Int32).alias("rank"))
        .sort("rank").unique(["school_id", "time_period"], keep="first", maintain_order=True)
    )  # fmt: skip
    counted = pl.col("enrol_status").is_in(CURRENT) | pl.col("enrol_status").is_null()  # blank: unknown, not subsidiary
    words = pl.when(pl.col("term") == TERMS[1]).then(pl.lit(JANUARY_CENSUS)).otherwise(
        pl.col("term") + " census (provisional)"
    )  # fmt: skip
    return (
        pupils.join(basis.drop("rank"), on=["school_id", "time_period", "term"], how="semi")
        .filter(pl.col("on_roll").fill_null(True) & counted)
        .select(*KEY, pl.lit(True).alias("on_roll"), words.alias("roll_basis"))
        .unique(KEY, keep="first", maintain_order=True)
    )


def _sessions(attendance: pl.DataFrame) -> pl.DataFrame:
    """Sessions of the year at the school: terms that were returned, summed; impossible ones leave the rate."""
    absent = pl.col("sessions_authorised") + pl.col("sessions_unauthorised")
    returned = pl.col("sessions_possible").is_not_null() & absent.is_not_null()
    whole = pl.col("part") == "whole term"
    either = attendance.filter(whole | ~whole.any().over(*KEY, "term"))  # a whole term, or its parts, never both
    rows = either.with_columns(
        returned.alias("returned"), (absent > pl.col("sessions_possible")).fill_null(False).alias("above")
    )
    sums = [
        pl.col(f"sessions_{n}").filter("returned").sum().alias(f"sessions_{n}")
        for n in ("possible", "authorised", "unauthorised")
    ]
    status = (
        pl.when(pl.col("above").any()).then(pl.lit("above possible"))
        .when(~pl.col("returned").any()).then(pl.lit("not returned")).otherwise(pl.lit(""))
    )  # fmt: skip
    year_terms = attendance.group_by("time_period").agg(pl.col("term").unique().sort().alias("attendance_terms"))
    return (
        rows.group_by(KEY).agg(*sums, status.alias("attendance_status")).join(year_terms, on="time_period", how="left")
    )


def _events(suspensions: pl.DataFrame) -> pl.DataFrame:
    """Events of the year at the school, and how many fell while the pupil had each status."""
    rows = suspensions.with_columns(
        period_of_date("start_date").alias("time_period"), provision_name("sen_provision").alias("at_event")
    )
    counts = []
    for name, categories in EVENTS.items():
        kind = pl.col("category").is_in(categories)
        counts.append(kind.sum().cast(pl.Int64).alias(name))
        counts.extend(
            (kind & (pl.col("at_event") == group)).sum().cast(pl.Int64).alias(f"{name}_at_{slug}")
            for group, slug in SLUGS.items()
        )
    return rows.group_by(KEY).agg(counts)


def _zero_events(facts: pl.DataFrame, suspensions: pl.DataFrame) -> pl.DataFrame:
    """No row means no event, but only in a year for which events were returned at all; and which terms those cover."""
    terms = (
        suspensions.select(
            period_of_date("start_date").alias("time_period"),
            pl.col("start_date").map_elements(term_of_date, return_dtype=pl.String).alias("term"),
        )
        .group_by("time_period").agg(pl.col("term").unique().sort().alias("event_terms"))
    )  # fmt: skip
    columns = [name for name in facts.columns if name.startswith(tuple(EVENTS))]
    covered = facts.join(terms, on="time_period", how="left")
    return covered.with_columns(
        pl.when(pl.col("event_terms").is_not_null()).then(pl.col(n).fill_null(0)).alias(n) for n in columns
    )


def _excluded_outcomes() -> list[str]:
    """Outcome codes that take a pupil out of the key stage 2 measures (left, missing script, annulled, ...)."""
    lines = (*read_codes("ks2_test_outcome"), *read_codes("ks2_ta_code"))
    return sorted({line.code for line in lines if any(word in line.remark for word in ("exclude", "annulled"))})


def _key_stages(assessments: pl.DataFrame) -> pl.DataFrame:
    """KS2 outcomes of the year, with the pupil's KS1 average points: ((reading + writing) / 2 + mathematics) / 2."""
    ks2 = assessments.filter(pl.col("assessment") == "KS2").sort("assessed_on", nulls_last=True)
    codes = (*read_codes("ks2_ta_code"), *read_codes("ks2_test_outcome"))
    met_codes = [line.code for line in codes if line.notes.get("met") == "1"]
    present = (pl.col("score").is_not_null() | pl.col("outcome").is_not_null()) & ~pl.col("outcome").is_in(
        _excluded_outcomes()
    ).fill_null(False)
    coded = pl.col("outcome").is_in(met_codes)
    tested = (pl.col("subject") != "writing") & pl.col("score").is_not_null()
    met = pl.when(tested).then(pl.col("score") >= EXPECTED_SCORE).otherwise(coded)
    marked = ks2.with_columns(present.alias("present"), pl.when(present).then(met.fill_null(False)).alias("met"))
    wide = marked.group_by(KEY).agg(
        # no score beside an outcome that leaves the measures: an annulled result is no score
        *[
            pl.col("score").filter((pl.col("subject") == s) & pl.col("present")).last().alias(f"ks2_{s}_score")
            for s in SUBJECTS
        ],
        *[pl.col("met").filter(pl.col("subject") == s).last().alias(f"ks2_{s}_met") for s in SUBJECTS],
    )
    return wide.join(_ks1_points(assessments), on="pupil_id", how="left")


def _ks1_points(assessments: pl.DataFrame) -> pl.DataFrame:
    ks1 = assessments.filter((pl.col("assessment") == "KS1") & pl.col("score").is_not_null())
    ks1 = ks1.sort("time_period", "assessed_on", nulls_last=True)  # the latest counts
    point = {s: pl.col("score").filter(pl.col("subject") == s).last() for s in SUBJECTS}
    average = ((point["reading"] + point["writing"]) / 2 + point["mathematics"]) / 2
    return ks1.group_by("pupil_id").agg(average.alias("ks1_points"))


def _tests(assessments: pl.DataFrame) -> pl.DataFrame:
    """First and last score of the year on one standardised test a subject (the first by name that has two dates)."""
    rows = assessments.filter(
        ~pl.col("assessment").is_in(KEY_STAGES) & pl.col("score").is_not_null() & pl.col("assessed_on").is_not_null()
    )
    spans = (
        rows.sort("assessed_on")
        .group_by(*KEY, "subject", "assessment", maintain_order=True)
        .agg(
            pl.col("score").first().alias("first"),
            pl.col("score").last().alias("last"),
            pl.col("assessed_on").n_unique().alias("dates"),
        )
        .with_columns(pl.when(pl.col("dates") > 1).then("last").alias("last"))
        .sort(pl.col("dates") < 2, "assessment")
        .unique([*KEY, "subject"], keep="first", maintain_order=True)
    )
    return spans.group_by(KEY).agg(
        pl.col(which).filter(pl.col("subject") == s).first().alias(f"{s}_{which}")
        for s in SUBJECTS
        for which in ("first", "last")
    )


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
