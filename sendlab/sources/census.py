"""One census's blade tables, joined: pupils, attendance by term, suspensions and schools as declared tables.

Rules (sources: DfE school census guide; pupil absence methodology 2025): a total, where present, beats reason rows,
and disagreement is a warning; a reason counts by the code set valid in the term; ages are taken on 31 August before
the year; SEN needs of rank 1 and 2 only; FSM eligibility is that of census day. Ids are those of one export and one
roll table: child rows hang on `roll_id`, which names all three. A count that cannot be read is not known, never 0.
"""

from dataclasses import dataclass, field

import polars as pl

from sendlab.codes import valid_on
from sendlab.schema.numbers import read_numbers
from sendlab.schema.problems import Severity, join_problems, no_problems, row_problems
from sendlab.schema.tables import TABLES
from sendlab.sources.blade import BladeFile, Census
from sendlab.sources.convert import Converted, convert
from sendlab.sources.text import LINE

ROLLS = ("pupilonroll", "pupilnolongeronroll")
RENAMES = {
    "upn": "pupil_id", "ncyearactual": "nc_year", "ncyearleaving": "nc_year", "enrolstatus": "enrol_status",
    "parttime": "part_time", "entrydate": "entry_date", "leavingdate": "leaving_date", "senprovision": "sen_provision",
    "senunitindicator": "sen_unit", "resourcedprovisionindicator": "resourced_provision",
}  # fmt: skip
Plain = list[tuple[BladeFile, pl.DataFrame]]  # files with their rows, columns in lower case
ABSENT = ("authorised", "unauthorised")
PARTS = {"termly": "whole term", "summerhalfterm2": "second half"}


@dataclass
class CensusTables:
    """What one census gives: declared tables, and each file's outcome (rows kept and problems)."""

    tables: dict[str, pl.DataFrame] = field(default_factory=dict)
    files: list[tuple[BladeFile, Converted]] = field(default_factory=list)


def read_census(files: list[BladeFile]) -> CensusTables:
    """All blade files of one census (maintained and academy exports stacked) as declared tables."""
    census = files[0].census
    made = CensusTables()
    plain = [(file, _lower(file)) for file in files]
    made.tables["schools"] = _schools(plain, made)
    rolls = {table: _roll(plain, table, census, made) for table in ROLLS}
    needs = _needs(plain, rolls, made)
    fsm = _fsm(plain, rolls, census, made)
    made.tables["pupils"] = _pupils(rolls, needs, fsm)
    made.tables["attendance"] = _attendance(plain, rolls, census, made)
    made.tables["suspensions"] = _suspensions(plain, rolls, made)
    return made


def _lower(file: BladeFile) -> pl.DataFrame:
    return file.text.rows.rename({name: name.lower() for name in file.text.columns})


def _of(plain: Plain, *tables: str) -> Plain:
    return [(file, rows) for file, rows in plain if file.table in tables]


def _schools(plain: Plain, made: CensusTables) -> pl.DataFrame:
    """School names and phases from `school`, URN and LA from `schoolcensus`, joined on the school's id."""
    kept = [_kept(file, rows, made) for file, rows in _of(plain, "schoolcensus", "school")]
    wanted = {"urn": "school_urn", "lea": "la_code", "schoolname": "school_name", "phase": "phase_code"}
    parts = [
        rows.select(
            pl.col("nativeid").alias("school_id"), *[pl.col(a).alias(b) for a, b in wanted.items() if a in rows]
        )
        for rows in kept
    ]
    if not parts:
        return pl.DataFrame(schema=TABLES["schools"].polars_schema)
    stacked = pl.concat(parts, how="diagonal").with_columns(pl.all().str.strip_suffix(".0"))
    joined = stacked.group_by("school_id", maintain_order=True).agg(pl.all().drop_nulls().first())
    named = (
        joined.with_columns(pl.col("school_id").alias("school_name")) if "school_name" not in joined.columns else joined
    )
    missing = [
        pl.lit(None, dtype=pl.String).alias(n) for n in TABLES["schools"].polars_schema if n not in named.columns
    ]
    return named.with_columns(missing).select(list(TABLES["schools"].polars_schema))


def _kept(file: BladeFile, rows: pl.DataFrame, made: CensusTables) -> pl.DataFrame:
    made.files.append((file, Converted(rows, no_problems())))
    return rows


def _roll(plain: Plain, table: str, census: Census, made: CensusTables) -> pl.DataFrame:
    """One roll table: typed pupil columns, age, the table id by which child rows hang on it, and session totals."""
    parts = []
    for file, rows in _of(plain, table):
        renamed = rows.rename({old: new for old, new in RENAMES.items() if old in rows.columns})
        text = renamed.with_columns(
            pl.col("nativeid").alias("school_id"),
            pl.lit(census.time_period).alias("time_period"),
            pl.lit(census.term).alias("term"),
            pl.lit("1" if table == "pupilonroll" else "0").alias("on_roll"),
        )
        if "dob" in text.columns:
            text = text.with_columns(_age(text, census).alias("age_at_31_august"))
        done = convert(text, TABLES["pupils"], file=file.text.name, source=file.text.source)
        totals, unread = _totals(file, rows)
        made.files.append((file, Converted(done.rows, join_problems([done.problems, unread]))))
        parts.append(done.rows.join(totals.with_columns(_roll_id(rows, file.family, table)), on=LINE))
    return pl.concat(parts, how="diagonal") if parts else pl.DataFrame(schema=_ROLL_SCHEMA)


_TOTALS = ("sessionspossible", "sessionsauthorised", "sessionsunauthorised")
_ROLL_SCHEMA: dict[str, type[pl.DataType]] = {**TABLES["pupils"].polars_schema, "roll_id": pl.String}


def _roll_id(rows: pl.DataFrame, family: str, roll: str) -> pl.Series:
    """The id of a pupil's row, told apart from the same id in another export or in the other roll table."""
    return (f"{family}|{roll}|" + rows[f"{roll}tableid"]).alias("roll_id")


def _totals(file: BladeFile, rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The session totals of a roll file as numbers; one that cannot be read counts as not returned, and is said."""
    counts, problems = [rows[LINE]], []
    for name in [name for name in rows.columns if name.endswith(_TOTALS)]:
        count = _count(rows[name])
        unread = rows[LINE].filter(rows[name].is_not_null() & count.is_null())
        problems.append(_unread_count(unread, file, name, "warning"))
        counts.append(count)
    return pl.DataFrame(counts), join_problems(problems)


def _count(text: pl.Series) -> pl.Series:
    """Sessions as numbers, null where blank, unreadable or below 0."""
    values = read_numbers(text).values
    return values.set((values < 0).fill_null(False), None).alias(text.name)


def _unread_count(lines: pl.Series, file: BladeFile, column: str, severity: Severity) -> pl.DataFrame:
    return row_problems(
        lines, file=file.text.name, column=column, rule="sessions_unreadable", severity=severity,
        message="the number of sessions is not known: not a number, below 0 or, in a reason row, blank",
        remedy="write a number of sessions, 0 or more",
    )  # fmt: skip


def _age(text: pl.DataFrame, census: Census) -> pl.Expr:
    """Whole years on 31 August before the academic year, as text; blank where the date of birth cannot be read."""
    born = pl.col("dob").str.replace(r" .*$", "")
    day = pl.coalesce([born.str.to_date(form, strict=False) for form in ("%Y-%b-%d", "%Y-%m-%d", "%d/%m/%Y")])
    edge = census.year_start
    before = (day.dt.month() < edge.month) | ((day.dt.month() == edge.month) & (day.dt.day() <= edge.day))
    age = edge.year - day.dt.year() - 1 + before.cast(pl.Int32)
    return pl.when(age.is_between(0, 25)).then(age).cast(pl.String)


def _parent_family(file: BladeFile, roll: str, plain: Plain) -> str:
    """The export in which a child file's pupils stand: its own, else the only one that has the roll table at all."""
    if any(file.family == parent.family for parent, _ in _of(plain, *ROLLS)):
        return file.family
    families = {parent.family for parent, _ in _of(plain, roll)}
    return families.pop() if len(families) == 1 else file.family


def _child(
    file: BladeFile, rows: pl.DataFrame, plain: Plain, rolls: dict[str, pl.DataFrame]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of a child table with the pupil and school of their parent; a row without one parent is a problem."""
    roll = next(name for name in ROLLS if f"{name}tableid" in rows.columns)
    ids = rolls[roll].select("roll_id", "pupil_id", "school_id").filter(pl.col("roll_id").is_unique())
    named = rows.drop("pupil_id", "school_id", strict=False).with_columns(
        _roll_id(rows, _parent_family(file, roll, plain), roll)
    )
    joined = named.join(ids, on="roll_id", how="left", maintain_order="left")
    orphan = joined["school_id"].is_null()
    problems = row_problems(
        joined[LINE].filter(orphan), file=file.text.name, column=f"{roll}tableid", rule="no_such_pupil",
        severity="error", message="the row belongs to no pupil of this export, or its id to more than one",
        remedy="export all tables together, their names alike but for the table",
    )  # fmt: skip
    return joined.filter(~orphan), problems


def _children(
    plain: Plain, tables: tuple[str, ...], rolls: dict[str, pl.DataFrame], made: CensusTables
) -> pl.DataFrame:
    parts = []
    for file, rows in _of(plain, *tables):
        kept, problems = _child(file, rows, plain, rolls)
        made.files.append((file, Converted(kept, problems)))
        parts.append(kept)
    return pl.concat(parts, how="diagonal") if parts else pl.DataFrame()


def _needs(plain: Plain, rolls: dict[str, pl.DataFrame], made: CensusTables) -> pl.DataFrame:
    rows = _children(plain, ("senneeds",), rolls, made)
    if rows.is_empty():
        return pl.DataFrame(
            schema={"roll_id": pl.String, "sen_primary_need": pl.String, "sen_secondary_need": pl.String}
        )
    rank = pl.col("sentyperank").str.strip_suffix(".0")
    return rows.group_by("roll_id").agg(
        pl.col("sentype").filter(rank == "1").first().str.to_uppercase().alias("sen_primary_need"),
        pl.col("sentype").filter(rank == "2").first().str.to_uppercase().alias("sen_secondary_need"),
    )


def _fsm(plain: Plain, rolls: dict[str, pl.DataFrame], census: Census, made: CensusTables) -> pl.DataFrame:
    """Whether a pupil was eligible on census day: a period that had begun and had not ended."""
    rows = _children(plain, ("fsmperiodsonroll", "fsmperiod"), rolls, made)
    if rows.is_empty():
        return pl.DataFrame(schema={"roll_id": pl.String, "fsm_eligible": pl.Boolean})
    start, end = (
        pl.col(name).str.slice(0, 11).str.to_date("%Y-%b-%d", strict=False) for name in ("fsmstartdate", "fsmenddate")
    )
    open_then = (start <= census.count_day) & (end.is_null() | (end >= census.count_day))
    return rows.group_by("roll_id").agg(open_then.any().alias("fsm_eligible"))


def _pupils(rolls: dict[str, pl.DataFrame], needs: pl.DataFrame, fsm: pl.DataFrame) -> pl.DataFrame:
    stacked = pl.concat(rolls.values(), how="diagonal")
    made = [name for name in (*needs.columns, *fsm.columns) if name != "roll_id"]
    joined = stacked.drop(made).join(needs, on="roll_id", how="left").join(fsm, on="roll_id", how="left")
    if not fsm.is_empty():  # FSM periods were returned: a pupil on roll without one was not eligible
        joined = joined.with_columns(
            pl.when("on_roll").then(pl.col("fsm_eligible").fill_null(False)).alias("fsm_eligible")
        )
    return joined.select(list(TABLES["pupils"].polars_schema))


def _attendance(plain: Plain, rolls: dict[str, pl.DataFrame], census: Census, made: CensusTables) -> pl.DataFrame:
    parts: list[pl.DataFrame] = []
    for prefix, part in PARTS.items():
        tables = (f"{prefix}sessiondetailsonroll", f"{prefix}sessiondetailsoffroll")
        sums = _reason_sums([_reasons(file, rows, plain, rolls, census, made) for file, rows in _of(plain, *tables)])
        whole = "to late May" if census.season == "AUT" and prefix == "termly" else part
        parts.extend(_with_totals(roll, sums, prefix, whole) for roll in rolls.values())
    year, term, _ = census.attendance
    rows: pl.DataFrame = pl.concat(parts, how="diagonal").with_columns(
        pl.lit(year).alias("time_period"), pl.lit(term).alias("term")
    )
    return rows.select(list(TABLES["attendance"].polars_schema))


def _reasons(
    file: BladeFile, rows: pl.DataFrame, plain: Plain, rolls: dict[str, pl.DataFrame], census: Census,
    made: CensusTables,
) -> pl.DataFrame:  # fmt: skip
    """One session file: counts by category, each code judged by the set valid in the term; others are said."""
    codes = valid_on("attendance_code", census.attendance[2])
    category = {code: line.notes.get("category", "") for code, line in codes.items()}
    kept, orphans = _child(file, rows, plain, rolls)
    read = kept.select(
        "roll_id", LINE, _count(kept["sessions"]).alias("count"),
        pl.col("attendancereason").replace_strict(category, default=None, return_dtype=pl.String).alias("category"),
    )  # fmt: skip
    warning = row_problems(
        read.filter(pl.col("category").is_null())[LINE], file=file.text.name, column="attendancereason",
        rule="reason_not_in_term", severity="warning", remedy="correct the register code",
        message="the reason is blank or not in the code set of that term: counted neither as absent nor as present",
    )  # fmt: skip
    unread = _unread_count(read.filter(pl.col("count").is_null())[LINE], file, "sessions", "error")
    made.files.append((file, Converted(read, join_problems([orphans, warning, unread]))))
    return read


def _reason_sums(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """Sessions by pupil and category of absence; null where one count of the category is not known.

    Every code is returned, so a pupil with rows but none of the category has 0.
    """
    if not parts:
        sums = dict.fromkeys((f"by_{name}" for name in ABSENT), pl.Float64)
        return pl.DataFrame(schema={"roll_id": pl.String, **sums, "with_reasons": pl.Boolean})
    of = {name: pl.col("count").filter(pl.col("category") == name) for name in ABSENT}
    sums_known = [pl.when(~counts.is_null().any()).then(counts.sum()).alias(f"by_{n}") for n, counts in of.items()]
    return pl.concat(parts).group_by("roll_id").agg(*sums_known, pl.lit(True).alias("with_reasons"))


def _with_totals(roll: pl.DataFrame, sums: pl.DataFrame, prefix: str, part: str) -> pl.DataFrame:
    """Attendance rows of one roll: possible sessions, and absence from totals where returned, else from reasons."""
    totals = {name: f"{prefix}sessions{name}" for name in ("possible", *ABSENT)}
    present = {name: column for name, column in totals.items() if column in roll.columns}
    if roll.is_empty() or "possible" not in present:
        return pl.DataFrame(schema=TABLES["attendance"].polars_schema)
    rows = roll.with_columns(
        pl.col(present[name]).alias(f"total_{name}")
        if name in present
        else pl.lit(None, dtype=pl.Float64).alias(f"total_{name}")
        for name in totals
    ).join(sums, on="roll_id", how="left", maintain_order="left")
    reasons = pl.col("with_reasons").fill_null(False)
    chosen = [pl.coalesce(f"total_{name}", f"by_{name}").alias(f"sessions_{name}") for name in ABSENT]
    differ = pl.any_horizontal((pl.col(f"total_{n}") != pl.col(f"by_{n}")).fill_null(False) for n in ABSENT)
    total_given = pl.any_horizontal(pl.col(f"total_{n}").is_not_null() for n in ABSENT)
    basis = pl.when(total_given).then(pl.lit("totals")).when(reasons).then(pl.lit("reasons")).otherwise(pl.lit("none"))
    return rows.filter(pl.col("total_possible").is_not_null() | reasons).select(
        "pupil_id",
        "school_id",
        pl.lit(part).alias("part"),
        pl.col("total_possible").alias("sessions_possible"),
        *chosen,
        basis.alias("basis"),
        differ.alias("totals_disagree"),
    )


def _suspensions(plain: Plain, rolls: dict[str, pl.DataFrame], made: CensusTables) -> pl.DataFrame:
    names = {"startdate": "start_date", "reason1": "reason_1", "reason": "reason_1", "reason2": "reason_2",
             "reason3": "reason_3", "senprovision": "sen_provision"}  # fmt: skip
    parts = []
    for file, rows in _of(plain, "termlyexclusionsonroll", "termlyexclusionsoffroll"):
        kept, orphans = _child(file, rows, plain, rolls)
        done = convert(kept.rename(names, strict=False), TABLES["suspensions"], file=file.text.name)
        made.files.append((file, Converted(done.rows, join_problems([orphans, done.problems]))))
        parts.append(done.rows.drop(LINE))
    return pl.concat(parts) if parts else pl.DataFrame(schema=TABLES["suspensions"].polars_schema)
