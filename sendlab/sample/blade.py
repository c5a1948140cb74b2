"""The School Census as COLLECT "blade" tables: column names, dates and numbers as the real export writes them."""

import numpy as np
import polars as pl

from sendlab.sample.attendance import CODES, absence_totals
from sendlab.sample.census import GRADES
from sendlab.sample.events import of_census
from sendlab.sample.settings import generator, settings
from sendlab.sample.terms import Census
from sendlab.sample.world import World

DATE = "%Y-%b-%d 00:00:00"  # 2024-Oct-16 00:00:00
_STEMS = ("termly", "summerhalfterm2")  # of the parts that a census returns
_PARENT = {True: "pupilonroll", False: "pupilnolongeronroll"}


def _date(name: str, alias: str) -> pl.Expr:
    return pl.col(name).dt.strftime(DATE).alias(alias)


def _flag(name: str, alias: str) -> pl.Expr:
    """True and False as the export spells them."""
    text = pl.when(pl.col(name)).then(pl.lit("True")).otherwise(pl.lit("False"))
    return pl.when(pl.col(name).is_not_null()).then(text).alias(alias)


def _numbered(rows: pl.DataFrame, seed: int, census: Census) -> pl.DataFrame:
    """Rows with a table id that holds in this export only, in the order of the export."""
    number = generator(seed, census.prefix).permutation(rows.height)
    rows = rows.with_columns(number=pl.Series(number)).sort("school_id", "number")
    return rows.with_columns(tableid=pl.format("p{}", "number"))


def _child(rows: pl.DataFrame, table: str, on_roll: bool, *columns: pl.Expr) -> pl.DataFrame:
    """A table below the pupil: parent id, NativeId, id and order of its own, and its columns; rows carry `tableid`."""
    count = pl.int_range(1, pl.len() + 1)
    return rows.select(
        pl.col("tableid").alias(f"{_PARENT[on_roll]}tableid"), pl.col("school_id").alias("NativeId"),
        pl.format("{}", count).alias(f"{table}tableid"),
        count.over("tableid").alias(f"{table}orderseqcolumn"), *columns,
    )  # fmt: skip


def _with_sessions(world: World, rows: pl.DataFrame, census: Census) -> pl.DataFrame:
    """Rows with possible, authorised and unauthorised sessions of each part, null where none are returned."""
    spans, matrix = world.sessions
    authorised, unauthorised = absence_totals(spans, matrix)
    totals = spans.select(
        "stay", "part", "possible", authorised=pl.Series(authorised), unauthorised=pl.Series(unauthorised)
    )
    for place, part in enumerate(census.parts):
        of_part = totals.filter(pl.col("part") == part).select(
            "stay", pl.exclude("stay", "part").cast(census.count_type).name.suffix(f"_{place}")
        )
        rows = rows.join(of_part, on="stay", how="left", maintain_order="left")
    return rows


def _pupils(rows: pl.DataFrame, census: Census, on_roll: bool) -> pl.DataFrame:
    """The table of pupils on roll, or of those no longer on roll."""
    table = _PARENT[on_roll]
    kinds = ("possible", "authorised", "unauthorised") if census.totals else ("possible",)
    sessions = [
        pl.col(f"{kind}_{place}").alias(f"{stem}sessions{kind}")
        for place, stem in zip(range(len(census.parts)), _STEMS, strict=False)
        for kind in kinds
    ]
    columns = [
        pl.col("tableid").alias(f"{table}tableid"), pl.col("school_id").alias("NativeId"), _date("dob", "dob"),
        "surname", "forename", "upn", "sex", _date("entry", "entrydate"), pl.lit("1").alias(f"{table}orderseqcolumn"),
        _flag("part_time", "parttime"), *sessions, "boarder", "language",
    ]  # fmt: skip
    if on_roll:
        columns += [
            _flag("sen_unit", "senunitindicator"), _flag("resourced_provision", "resourcedprovisionindicator"),
            pl.col("enrol_status").alias("enrolstatus"), pl.col("sen_provision").alias("senprovision"),
            pl.col("nc_year").alias("ncyearactual"), *(["ethnicity"] if census.spring else []),
        ]  # fmt: skip
    else:
        columns += [
            _date("leaving", "leavingdate"),
            *([pl.col("nc_year").alias("ncyearleaving")] if census.autumn else []),
        ]
    return rows.filter(on_roll=on_roll).select(columns)


def _session_details(
    world: World, census: Census, rows: pl.DataFrame, part: int, table: str, on_roll: bool
) -> pl.DataFrame:
    """One row a pupil and attendance code with any session, codes of presence included."""
    spans, matrix = world.sessions
    row, code = np.nonzero(matrix)
    sessions = pl.Series(matrix[row, code], dtype=census.count_type)
    long = (
        spans[row]
        .select("stay", "part")
        .with_columns(attendancereason=pl.Series(np.array(CODES)[code]), sessions=sessions)
    )
    of_part = long.filter(pl.col("part") == part)
    mine = rows.filter(on_roll=on_roll).select("stay", "tableid", "school_id")
    mine = mine.join(of_part, on="stay", maintain_order="left_right")
    return _child(mine, table, on_roll, pl.col("sessions"), pl.col("attendancereason"))


def _exclusions(world: World, rows: pl.DataFrame, census: Census, on_roll: bool) -> pl.DataFrame:
    """Suspensions and permanent exclusions in the window of this census."""
    window = of_census(world.events, census.events_from, census.events_to).select(
        pl.exclude("school", "school_id", "person")
    )
    mine = rows.filter(on_roll=on_roll).select("stay", "tableid", "school_id")
    mine = mine.join(window, on="stay", maintain_order="left_right")
    return _child(
        mine, "termlyexclusionsonroll" if on_roll else "termlyexclusionsoffroll", on_roll,
        _date("start_date", "startdate"), pl.col("sessions"),
        *(pl.col(f"reason_{n}").alias(f"reason{n}") for n in (1, 2, 3)), pl.col("category"),
        pl.col("sen_provision").alias("senprovision"),
    )  # fmt: skip


def _needs(rows: pl.DataFrame) -> pl.DataFrame:
    """Need types by rank."""
    ranks = [
        rows.filter(pl.col(name).is_not_null()).with_columns(need=pl.col(name), rank=pl.lit(rank))
        for rank, name in ((1.0, "sen_primary_need"), (2.0, "sen_secondary_need"))
    ]
    both = pl.concat(ranks).sort("school_id", "number", "rank")
    return _child(both, "senneeds", True, pl.col("rank").alias("sentyperank"), pl.col("need").alias("sentype"))


def _free_meals(rows: pl.DataFrame, census: Census) -> pl.DataFrame:
    """Periods of free school meals that have begun by census day, pupils on roll."""
    begun = rows.filter(pl.col("on_roll") & (pl.col("free_meals_from") <= pl.lit(census.day)))
    ended = begun.with_columns(
        free_meals_to=pl.when(pl.col("free_meals_to") < pl.lit(census.day)).then("free_meals_to")
    )
    table = "fsmperiodsonroll" if census.autumn else "fsmperiod"
    return _child(
        ended, table, True, _date("free_meals_from", "fsmstartdate"), _date("free_meals_to", "fsmenddate"),
        pl.lit("ENG").alias("ukcountry"),
    )  # fmt: skip


def _schools(schools: pl.DataFrame, census: Census) -> dict[str, pl.DataFrame]:
    """The two tables with one row a school, as it was on census day."""
    grades = {**GRADES, 14: "14"}
    before = (pl.col("converted_on") > pl.lit(census.day)).fill_null(False)
    head = schools.with_columns(
        tableid=pl.col("school_id").str.slice(3),
        urn=pl.when(before).then("predecessor_urn").otherwise("school_urn"),
        type=pl.when(before).then("type_before").otherwise("type"),
        academy=pl.col("academy") & ~before,
    )
    returns = head.select(
        pl.col("tableid").alias("schoolcensustableid"), pl.col("school_id").alias("NativeId"),
        pl.lit("1").alias("schoolcensusorderseqcolumn"),
        pl.lit("School Census").alias("collection"), pl.lit(census.code).alias("term"),
        pl.lit(str(census.calendar_year)).alias("year"), pl.lit(census.day).dt.strftime(DATE).alias("referencedate"),
        pl.lit("S").alias("sourcelevel"), pl.lit(settings()["area"]["la_code"]).alias("lea"),
        pl.col("tableid").alias("estab"), "urn",
    )  # fmt: skip
    about = head.select(
        pl.format("s{}", "tableid").alias("schooltableid"), pl.col("school_id").alias("NativeId"),
        pl.lit("1").alias("schoolorderseqcolumn"), pl.col("tableid").alias("schoolcensustableid"),
        pl.col("school_name").alias("schoolname"), "phase", "type",
        pl.col("high").replace_strict(grades).alias("highestncyeargroup"),
        pl.col("low").replace_strict(grades).alias("lowestncyeargroup"),
        pl.when(pl.col("kind") == "special").then(pl.lit("SPEC")).otherwise(pl.lit("COMP")).alias("intake"),
        pl.when("academy").then(pl.lit("CA")).otherwise(pl.lit("CO")).alias("governance"),
    )  # fmt: skip
    return {"schoolcensus": returns, "school": about}


def census_tables(world: World, census: Census) -> dict[str, pl.DataFrame]:
    """{file name without ending: table} of one census, e.g. `2025_spring_pupilonroll`; tables without rows left out.

    Where maintained schools and academies are exported apart, ids begin anew in each export.
    """
    found = {}
    for export in census.exports:
        of_export = world.schools if not export else world.schools.filter(academy=export == "_academies")
        rows = world.census[census.prefix].join(of_export.select("school"), on="school", how="semi")
        for name, table in _export(world, census, of_export, rows).items():
            found[f"{census.prefix}{export}_{name}"] = table
    return {name: table for name, table in found.items() if table.height}


def _export(world: World, census: Census, schools: pl.DataFrame, rows: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """{blade table: rows} of one export."""
    rows = _with_sessions(world, _numbered(rows, world.seed, census), census)
    found = {**_schools(schools, census), **{_PARENT[on]: _pupils(rows, census, on) for on in (True, False)}}
    for on_roll, suffix in ((True, "onroll"), (False, "offroll")):
        for part, stem in zip(census.parts, _STEMS, strict=False):
            table = f"{stem}sessiondetails{suffix}"
            found[table] = _session_details(world, census, rows, part, table, on_roll)
        found[f"termlyexclusions{suffix}"] = _exclusions(world, rows, census, on_roll)
    if census.spring:
        found["senneeds"] = _needs(rows)
    found["fsmperiodsonroll" if census.autumn else "fsmperiod"] = _free_meals(rows, census)
    return found
