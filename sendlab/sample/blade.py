"""The School Census as COLLECT "blade" tables: column names, dates and numbers as the real export writes them."""

import numpy as np
import polars as pl

from sendlab.sample.attendance import CODES
from sendlab.sample.events import of_census
from sendlab.sample.settings import generator, settings
from sendlab.sample.terms import Census
from sendlab.sample.world import World

DATE = "%Y-%b-%d 00:00:00"  # 2024-Oct-16 00:00:00
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


def _possible(world: World, rows: pl.DataFrame, census: Census) -> pl.DataFrame:
    """Rows with `possible_0` (and `possible_1` in autumn), null where no sessions are returned."""
    spans = world.sessions[0]
    for place, part in enumerate(census.parts):
        of_part = spans.filter(pl.col("part") == part).select(
            "stay", pl.col("possible").cast(pl.Float64).alias(f"possible_{place}")
        )
        rows = rows.join(of_part, on="stay", how="left", maintain_order="left")
    return rows


def _pupils(rows: pl.DataFrame, census: Census, on_roll: bool) -> pl.DataFrame:
    """The table of pupils on roll, or of those no longer on roll."""
    table = _PARENT[on_roll]
    sessions = [pl.col("possible_0").alias("termlysessionspossible")]
    if census.autumn:
        sessions.append(pl.col("possible_1").alias("summerhalfterm2sessionspossible"))
    columns = [
        pl.col("tableid").alias(f"{table}tableid"), pl.col("school_id").alias("NativeId"), _date("dob", "dob"),
        "surname", "forename", "upn", "sex", _date("entry", "entrydate"), pl.lit("1").alias(f"{table}orderseqcolumn"),
        pl.col("school_id").str.slice(3).alias("schoolcensustableid"),
        _flag("part_time", "parttime"), *sessions, "boarder", "language",
    ]  # fmt: skip
    if on_roll:
        columns += [
            _flag("sen_unit", "senunitindicator"), _flag("resourced_provision", "resourcedprovisionindicator"),
            pl.col("enrol_status").alias("enrolstatus"), pl.col("sen_provision").alias("senprovision"),
            pl.col("nc_year").alias("ncyearactual"), *([] if census.autumn else ["ethnicity"]),
        ]  # fmt: skip
    else:
        columns += [
            _date("leaving", "leavingdate"),
            *([pl.col("nc_year").alias("ncyearleaving")] if census.autumn else []),
        ]
    return rows.filter(on_roll=on_roll).select(columns)


def _session_details(world: World, rows: pl.DataFrame, part: int, table: str, on_roll: bool) -> pl.DataFrame:
    """One row a pupil and attendance code with any session, codes of presence included."""
    spans, matrix = world.sessions
    row, code = np.nonzero(matrix)
    long = spans[row].select("stay", "part").with_columns(
        attendancereason=pl.Series(np.array(CODES)[code]), sessions=pl.Series(matrix[row, code], dtype=pl.Float64)
    )  # fmt: skip
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


def _schools(world: World, census: Census) -> dict[str, pl.DataFrame]:
    """The two tables with one row a school."""
    estab = world.schools["school_id"].str.slice(3)
    grades = {0: "R", **{n: str(n) for n in range(1, 15)}}
    head = world.schools.with_columns(tableid=estab)
    returns = head.select(
        pl.col("tableid").alias("schoolcensustableid"), pl.col("school_id").alias("NativeId"),
        pl.lit("1").alias("schoolcensusorderseqcolumn"),
        pl.lit("School Census").alias("collection"), pl.lit(census.code).alias("term"),
        pl.lit(str(census.calendar_year)).alias("year"), pl.lit(census.day).dt.strftime(DATE).alias("referencedate"),
        pl.lit("S").alias("sourcelevel"), pl.lit(settings()["area"]["la_code"]).alias("lea"),
        pl.col("tableid").alias("estab"), pl.col("school_urn").alias("urn"),
    )  # fmt: skip
    special = pl.col("kind") == "special"
    about = head.select(
        pl.format("s{}", "tableid").alias("schooltableid"), pl.col("school_id").alias("NativeId"),
        pl.lit("1").alias("schoolorderseqcolumn"), pl.col("tableid").alias("schoolcensustableid"),
        pl.col("school_name").alias("schoolname"), "phase", "type",
        pl.col("high").replace_strict(grades).alias("highestncyeargroup"),
        pl.col("low").replace_strict(grades).alias("lowestncyeargroup"),
        pl.when(special).then(pl.lit("SPEC")).otherwise(pl.lit("COMP")).alias("intake"),
        pl.lit("CO").alias("governance"),
    )  # fmt: skip
    return {"schoolcensus": returns, "school": about}


def census_tables(world: World, census: Census) -> dict[str, pl.DataFrame]:
    """{file name without ending: table} of one census, e.g. `2025_spring_pupilonroll`."""
    rows = _possible(world, _numbered(world.census[census.prefix], world.seed, census), census)
    found = {**_schools(world, census), **{_PARENT[on]: _pupils(rows, census, on) for on in (True, False)}}
    for on_roll, suffix in ((True, "onroll"), (False, "offroll")):
        for part, stem in zip(census.parts, ("termlysessiondetails", "summerhalfterm2sessiondetails"), strict=False):
            table = f"{stem}{suffix}"
            found[table] = _session_details(world, rows, part, table, on_roll)
        found[f"termlyexclusions{suffix}"] = _exclusions(world, rows, census, on_roll)
    if not census.autumn:
        found["senneeds"] = _needs(rows)
    found["fsmperiodsonroll" if census.autumn else "fsmperiod"] = _free_meals(rows, census)
    return {f"{census.prefix}_{name}": table for name, table in found.items()}
