"""One census's blade tables, joined: schools, pupils and what the return covers, as declared tables.

Rules (source: DfE school census guide, school census schemas 2015 to 2026): ages are taken on 31 August before the
year; SEN needs of rank 1 and 2 only; FSM eligibility is that of census day; an autumn return covers attendance of the
summer term before and suspensions of the spring term before, a spring return autumn and summer, a summer return
spring and autumn.
"""

import polars as pl

from sendlab.codes import read_codes
from sendlab.schema.problems import join_problems, row_problems
from sendlab.schema.tables import TABLES
from sendlab.sources.blade import BladeFile, Census
from sendlab.sources.cells import read_date
from sendlab.sources.census_events import PARTS, alternative_provision, attendance, part_name, suspensions
from sendlab.sources.census_parts import (
    ROLLS,
    CensusTables,
    Plain,
    Rolls,
    children,
    count,
    lower,
    of_tables,
    roll_id,
    unread_count,
)
from sendlab.sources.convert import convert
from sendlab.sources.reading import as_declared
from sendlab.sources.text import LINE

RENAMES = {
    "upn": "pupil_id", "gender": "sex", "ncyearactual": "nc_year", "ncyearleaving": "nc_year",
    "enrolstatus": "enrol_status", "parttime": "part_time", "entrydate": "entry_date", "leavingdate": "leaving_date",
    "senprovision": "sen_provision", "senunitindicator": "sen_unit", "youngcarer": "young_carer",
    "resourcedprovisionindicator": "resourced_provision", "servicechild": "service_child", "plaa": "post_looked_after",
}  # fmt: skip
TOTALS = ("sessionspossible", "sessionsauthorised", "sessionsunauthorised")
_ROLL_SCHEMA: dict[str, type[pl.DataType]] = {**TABLES["pupils"].polars_schema, "roll_id": pl.String}


def read_census(files: list[BladeFile]) -> CensusTables:
    """All blade files of one census (maintained and academy exports stacked) as declared tables."""
    census = files[0].census
    made = CensusTables()
    plain = [(file, lower(file)) for file in files]
    made.tables["schools"] = _schools(plain, made)
    rolls = {table: _roll(plain, table, census, made) for table in ROLLS}
    needs = _needs(plain, rolls, made)
    fsm = _fsm(plain, rolls, census, made)
    made.tables["pupils"] = _pupils(rolls, needs, fsm)
    made.tables["attendance"], made.tables["attendance_codes"] = attendance(plain, rolls, census, made)
    made.tables["suspensions"] = suspensions(plain, rolls, made)
    made.tables["alternative_provision"] = alternative_provision(plain, rolls, made)
    made.tables["coverage"] = _coverage(plain, census, made)
    return made


def _schools(plain: Plain, made: CensusTables) -> pl.DataFrame:
    """School names and phases from `school`, URN and LA from `schoolcensus`, joined on the school's id."""
    wanted = {"urn": "school_urn", "lea": "la_code", "schoolname": "school_name", "phase": "phase_code"}
    parts = [
        made.note(file, rows).select(
            pl.col("nativeid").alias("school_id"), *[pl.col(a).alias(b) for a, b in wanted.items() if a in rows]
        )
        for file, rows in of_tables(plain, "schoolcensus", "school")
    ]
    if not parts:
        return pl.DataFrame(schema=TABLES["schools"].polars_schema)
    stacked = pl.concat(parts, how="diagonal").with_columns(pl.all().str.strip_suffix(".0"))
    joined = stacked.group_by("school_id", maintain_order=True).agg(pl.all().drop_nulls().first())
    named = joined if "school_name" in joined.columns else joined.with_columns(school_name=pl.col("school_id"))
    return as_declared(named.with_columns(pl.coalesce("school_name", "school_id")), "schools")


def _roll(plain: Plain, table: str, census: Census, made: CensusTables) -> pl.DataFrame:
    """One roll table: typed pupil columns, age, the table id by which child rows hang on it, and session totals."""
    parts = []
    for file, rows in of_tables(plain, table):
        renamed = rows.rename({old: new for old, new in RENAMES.items() if old in rows.columns and new not in rows})
        text = renamed.with_columns(
            pl.col("nativeid").alias("school_id"),
            pl.lit(census.time_period).alias("time_period"),
            pl.lit(census.term).alias("term"),
            pl.lit("1" if table == "pupilonroll" else "0").alias("on_roll"),
        )
        text = text.with_columns(_age(text, census)) if "dob" in text.columns else text
        done = convert(text, TABLES["pupils"], file=file.text.name, source=file.text.source, on=census.count_day)
        totals, unread = _totals(file, rows)
        made.note(file, done.rows, done.problems, unread, _age_problems(file, text))
        ids = totals.with_columns(roll_id(rows, file.family, table))
        parts.append(done.rows.join(ids, on=LINE, maintain_order="left"))
    return pl.concat(parts, how="diagonal") if parts else pl.DataFrame(schema=_ROLL_SCHEMA)


def _totals(file: BladeFile, rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The session totals of a roll file as numbers; one that cannot be read counts as not returned, and is said."""
    counts, problems = [rows[LINE]], []
    for name in [name for name in rows.columns if name.endswith(TOTALS)]:
        number = count(rows[name])
        unread = rows[LINE].filter(rows[name].is_not_null() & number.is_null())
        problems.append(unread_count(unread, file, name, "warning"))
        counts.append(number)
    return pl.DataFrame(counts), join_problems(problems)


def _age(text: pl.DataFrame, census: Census) -> pl.Series:
    """Whole years on 31 August before the academic year, as text; blank where the date of birth cannot be read."""
    born, _ = read_date(text["dob"], TABLES["pupils"].column("entry_date"))
    edge = census.year_start
    before = (born.dt.month() < edge.month) | ((born.dt.month() == edge.month) & (born.dt.day() <= edge.day))
    age = edge.year - born.dt.year() - 1 + before.cast(pl.Int32)
    return age.set(~age.is_between(0, 25).fill_null(False), None).cast(pl.String).alias("age_at_31_august")


def _age_problems(file: BladeFile, text: pl.DataFrame) -> pl.DataFrame:
    """Pupils whose age is not known: they are in no measure that asks for one."""
    if "age_at_31_august" not in text.columns:
        return join_problems([])
    return row_problems(
        text[LINE].filter(text["age_at_31_august"].is_null()), file=file.text.name, column="dob", rule="age_unknown",
        severity="warning", message="the date of birth is blank, unreadable or gives no age from 0 to 25",
        remedy="correct the date of birth in the school's system",
    )  # fmt: skip


def _needs(plain: Plain, rolls: Rolls, made: CensusTables) -> pl.DataFrame:
    """Primary and secondary need of each pupil (ranks 1 and 2)."""
    rows = children(plain, ("senneeds",), rolls, made, _need_problems)
    if rows.is_empty():
        return pl.DataFrame(
            schema={"roll_id": pl.String, "sen_primary_need": pl.String, "sen_secondary_need": pl.String}
        )
    rank = pl.col("sentyperank").str.strip_suffix(".0")
    return rows.group_by("roll_id").agg(
        pl.col("sentype").filter(rank == "1").first().str.to_uppercase().alias("sen_primary_need"),
        pl.col("sentype").filter(rank == "2").first().str.to_uppercase().alias("sen_secondary_need"),
    )


def _need_problems(file: BladeFile, rows: pl.DataFrame) -> pl.DataFrame:
    codes = [line.code for line in read_codes("sen_need_type")]
    unknown = ~rows["sentype"].str.to_uppercase().is_in(codes).fill_null(False)
    unused = ~rows["sentyperank"].str.strip_suffix(".0").is_in(["1", "2"]).fill_null(False)
    told = {"file": file.text.name, "remedy": "correct it in the school's system"}
    return join_problems([
        row_problems(rows[LINE].filter(unknown), column="sentype", rule="code_unknown", severity="warning",
                     message="the need is blank or not in the code set 'sen_need_type'", **told),
        row_problems(rows[LINE].filter(unused), column="sentyperank", rule="rank_not_used", severity="query",
                     message="the rank is neither 1 nor 2: such a need is in no measure", **told),
    ])  # fmt: skip


def _fsm(plain: Plain, rolls: Rolls, census: Census, made: CensusTables) -> pl.DataFrame:
    """Whether a pupil was eligible on census day: a period that had begun and had not ended."""
    rows = children(plain, ("fsmperiodsonroll", "fsmperiod"), rolls, made, _fsm_problems)
    if rows.is_empty():
        return pl.DataFrame(schema={"roll_id": pl.String, "fsm_eligible": pl.Boolean})
    day = TABLES["pupils"].column("entry_date")
    blank = pl.Series("fsmenddate", [None] * rows.height, dtype=pl.String)
    ends = rows["fsmenddate"] if "fsmenddate" in rows.columns else blank
    dated = rows.select("roll_id").with_columns(
        read_date(rows["fsmstartdate"], day)[0].alias("start"), read_date(ends, day)[0].alias("end")
    )
    open_then = (pl.col("start") <= census.count_day) & (pl.col("end").is_null() | (pl.col("end") >= census.count_day))
    return dated.group_by("roll_id").agg(open_then.any().alias("fsm_eligible"))


def _fsm_problems(file: BladeFile, rows: pl.DataFrame) -> pl.DataFrame:
    day = TABLES["pupils"].column("entry_date")
    problems = []
    for name in [name for name in ("fsmstartdate", "fsmenddate") if name in rows.columns]:
        dates, unread = read_date(rows[name], day)
        bad = unread | (dates.is_null() if name == "fsmstartdate" else unread)
        problems.append(row_problems(
            rows[LINE].filter(bad), file=file.text.name, column=name, rule="date_unreadable", severity="error",
            message="the period of free school meals has no date that can be read", remedy="give its dates",
        ))  # fmt: skip
    return join_problems(problems)


def _pupils(rolls: Rolls, needs: pl.DataFrame, fsm: pl.DataFrame) -> pl.DataFrame:
    stacked = pl.concat(rolls.values(), how="diagonal")
    made = [name for name in (*needs.columns, *fsm.columns) if name != "roll_id"]
    joined = stacked.drop(made).join(needs, on="roll_id", how="left").join(fsm, on="roll_id", how="left")
    if not fsm.is_empty():  # FSM periods were returned: a pupil on roll without one was not eligible
        joined = joined.with_columns(
            pl.when("on_roll").then(pl.col("fsm_eligible").fill_null(False)).alias("fsm_eligible")
        )
    return joined.select(list(TABLES["pupils"].polars_schema))


def _coverage(plain: Plain, census: Census, made: CensusTables) -> pl.DataFrame:
    """What this return covers at each school in it, rows or not: a kind is covered where its tables were exported."""
    schools = pl.concat([rows.select(pl.col("nativeid").alias("school_id")) for _, rows in plain]).unique().drop_nulls()
    year, term, _ = census.attendance
    kinds = [("pupils", census.time_period, census.term, "whole term", ROLLS)]
    kinds += [
        ("attendance", year, term, part_name(census, prefix),
         (f"{prefix}sessiondetailsonroll", f"{prefix}sessiondetailsoffroll"))
        for prefix in PARTS
    ]  # fmt: skip
    kinds.append(
        ("suspensions", *census.exclusions, "whole term", ("termlyexclusionsonroll", "termlyexclusionsoffroll"))
    )
    rows = [
        schools.with_columns(
            pl.lit(kind).alias("kind"), pl.lit(period).alias("time_period"), pl.lit(in_term).alias("term"),
            pl.lit(part).alias("part"), pl.lit("census").alias("basis"),
        ).join(_rows_of(made, kind), on="school_id", how="left").with_columns(pl.col("rows").fill_null(0))
        for kind, period, in_term, part, tables in kinds
        if of_tables(plain, *tables)
    ]  # fmt: skip
    return as_declared(pl.concat(rows), "coverage") if rows else as_declared(pl.DataFrame(), "coverage")


def _rows_of(made: CensusTables, kind: str) -> pl.DataFrame:
    return made.tables[kind].group_by("school_id").agg(pl.len().cast(pl.Int64).alias("rows"))
