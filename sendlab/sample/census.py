"""Census rows: who is on a school's roll on census day, and who has left since but still has something to return."""

import numpy as np
import polars as pl

from sendlab.sample.events import of_census
from sendlab.sample.roll import Stays
from sendlab.sample.settings import FIRST_YEAR, period, settings
from sendlab.sample.terms import PARTS, Census

GRADES = {-2: "N1", -1: "N2", 0: "R", **{grade: str(grade) for grade in range(1, 14)}}


def _on_day(day: np.datetime64) -> pl.Expr:
    return (pl.col("entry") <= pl.lit(day)) & (pl.col("leaving").is_null() | (pl.col("leaving") >= pl.lit(day)))


def rows_of(
    census: Census, people: pl.DataFrame, schools: pl.DataFrame, stays: Stays, events: pl.DataFrame
) -> pl.DataFrame:
    """One row a stay in this census, with all that any of its files needs; `on_roll` false for leavers.

    A leaver is listed with attendance in the parts that the census returns, or with an event in its window.
    """
    frame, day = stays.frame, pl.lit(census.day)
    window = of_census(events, census.events_from, census.events_to)["stay"]
    since = PARTS[census.parts[0]].first
    left = (pl.col("leaving") < day) & ((pl.col("leaving") >= pl.lit(since)) | pl.col("stay").is_in(window.implode()))
    rows = frame.with_columns(on_roll=_on_day(census.day)).filter(pl.col("on_roll") | left)
    dual = (pl.col("dual_from") <= day) & (pl.col("dual_to") >= day)
    rows = rows.with_columns(enrol_status=pl.when(dual.fill_null(False)).then(pl.lit("M")).otherwise("status"))
    rows = rows.join(people.drop("school", "entry"), on="person").join(
        schools.select("school", "school_id", "key", "kind"), on="school"
    )
    return _describe(rows, census).sort("school_id", "person")


def _describe(rows: pl.DataFrame, census: Census) -> pl.DataFrame:
    """The characteristics of each row as this census returns them; null where it does not."""
    on, spring = pl.col("on_roll"), pl.lit(census.spring)
    provision = pl.col(f"provision_{census.year}")
    provision = pl.when(on & ~pl.col("not_recorded")).then(provision)
    sen = provision.is_in(["E", "K"]) & spring & on
    need_1 = pl.when(sen & (pl.col("need_1") != "")).then("need_1")
    this_september = pl.lit(np.datetime64(f"{FIRST_YEAR + census.year}-08-31"))
    left_before = (pl.col("leaving") < this_september).fill_null(False)
    grade = pl.col("grade") + census.year - (left_before & ~on).cast(pl.Int64)
    year_group = grade.clip(-2, 13).replace_strict(GRADES, return_dtype=pl.String)
    meals = (pl.col("free_meals_from") <= pl.lit(census.day)) & (
        pl.col("free_meals_to").is_null() | (pl.col("free_meals_to") >= pl.lit(census.day))
    )
    resourced = pl.col("key").is_in(list(settings()["resourced"])) & (provision == "E")
    return rows.with_columns(
        enrol_status=pl.when(on).then("enrol_status"),
        nc_year=pl.when(on | pl.lit(census.autumn)).then(year_group),
        age_at_31_august=pl.col("grade") + 4 + census.year,
        sen_provision=provision,
        sen_primary_need=need_1,
        sen_secondary_need=pl.when(need_1.is_not_null() & (pl.col("need_2") != "")).then("need_2"),
        sen_unit=pl.when(on).then(pl.lit(False)),
        resourced_provision=pl.when(on).then(resourced.fill_null(False)),
        fsm_eligible=pl.when(on).then(meals.fill_null(False)),
        ethnicity=pl.when(on & spring).then("ethnicity"),
        boarder=pl.when(pl.col("boarder")).then(pl.lit("6")).otherwise(pl.lit("N")),
        part_time=(pl.col("part_time") & (census.year == 0)) | (pl.col("kind") == "nursery"),
    )


def pupils_table(found: dict[str, pl.DataFrame], censuses: tuple[Census, ...]) -> pl.DataFrame:
    """The checked table `pupils` of these censuses, from {census prefix: rows}."""
    parts = []
    for census in censuses:
        parts.append(
            found[census.prefix].select(
                pl.col("upn").alias("pupil_id"), "school_id",
                pl.lit(period(census.year)).alias("time_period"), pl.lit(census.term).alias("term"),
                "on_roll", pl.lit("valid").alias("upn_status"), "sex", "age_at_31_august", "nc_year", "enrol_status",
                "boarder", "part_time", pl.col("entry").alias("entry_date"), pl.col("leaving").alias("leaving_date"),
                "sen_provision", "sen_primary_need", "sen_secondary_need", "sen_unit", "resourced_provision",
                "fsm_eligible", "ethnicity", "language",
            ).with_columns(leaving_date=pl.when(~pl.col("on_roll")).then("leaving_date"))
        )  # fmt: skip
    return pl.concat(parts)
