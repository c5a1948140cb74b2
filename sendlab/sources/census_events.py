"""A census's attendance, suspensions and alternative provision, from the tables that hang on its rolls.

Rules (sources: DfE school census guide; pupil absence methodology 2025): a total, where present, beats reason rows,
and disagreement is a warning; a reason counts by the code set valid in the term; a count that cannot be read is not
known, never 0. Totals left the return in spring 2025; reason rows of presence came in autumn 2020.
"""

import polars as pl

from sendlab.codes import valid_on
from sendlab.schema.problems import row_problems
from sendlab.schema.tables import TABLES
from sendlab.sources.blade import BladeFile, Census
from sendlab.sources.census_parts import CensusTables, Plain, Rolls, child, count, of_tables, unread_count
from sendlab.sources.convert import convert
from sendlab.sources.reading import as_declared
from sendlab.sources.text import LINE

ABSENT = ("authorised", "unauthorised")
PARTS = {"termly": "whole term", "summerhalfterm2": "second half"}
EVENT_NAMES = {"startdate": "start_date", "reason1": "reason_1", "reason": "reason_1", "reason2": "reason_2",
               "reason3": "reason_3", "senprovision": "sen_provision", "actualsessions": "sessions"}  # fmt: skip
AP_NAMES = {"urn": "setting_urn", "prevurn": "setting_urn", "entrydate": "entry_date", "leavingdate": "leaving_date",
            "apsettingtype": "setting_type", "apattendancepattern": "pattern", "apsessionsperweek": "sessions_per_week",
            "placementreason": "reason", "apreason": "reason", "senprovisionentry": "sen_provision"}  # fmt: skip
AP_TABLES = ("schoolarrangedapdetailonroll", "schoolarrangedapdetailoffroll")
AP_SETTING_TABLES = ("approvisiondetailonroll", "approvisiondetailoffroll")


def part_name(census: Census, prefix: str) -> str:
    """Which part of the term a session table holds: an autumn return gives the summer term in two."""
    return "to late May" if census.season == "AUT" and prefix == "termly" else PARTS[prefix]


def attendance(plain: Plain, rolls: Rolls, census: Census, made: CensusTables) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The tables `attendance` and `attendance_codes` of the term that a census returns."""
    parts: list[pl.DataFrame] = []
    codes: list[pl.DataFrame] = []
    for prefix in PARTS:
        tables = (f"{prefix}sessiondetailsonroll", f"{prefix}sessiondetailsoffroll")
        reasons = [_reasons(file, rows, plain, rolls, census, made) for file, rows in of_tables(plain, *tables)]
        part = part_name(census, prefix)
        parts.extend(_with_totals(roll, _reason_sums(reasons), prefix, part) for roll in rolls.values())
        codes.extend(rows.with_columns(pl.lit(part).alias("part")) for rows in reasons)
    year, term, _ = census.attendance
    named = [pl.lit(year).alias("time_period"), pl.lit(term).alias("term")]
    whole = pl.concat(parts, how="diagonal").with_columns(named)
    by_code = _by_code(pl.concat(codes).with_columns(named)) if codes else pl.DataFrame()
    return as_declared(whole, "attendance"), as_declared(by_code, "attendance_codes")


def _by_code(rows: pl.DataFrame) -> pl.DataFrame:
    """Sessions by register code; a code that is repeated is summed."""
    key = list(TABLES["attendance_codes"].key)
    known = rows.filter(pl.col("count").is_not_null()).with_columns(
        pl.when(pl.col("code").str.len_chars() <= 3).then("code").alias("attendance_code")
    )
    return known.group_by(key).agg(pl.col("count").sum().alias("sessions"))


def _reasons(
    file: BladeFile, rows: pl.DataFrame, plain: Plain, rolls: Rolls, census: Census, made: CensusTables
) -> pl.DataFrame:
    """One session file: counts by category, each code judged by the set valid in the term; others are said."""
    codes = valid_on("attendance_code", census.attendance[2])
    category = {code: line.notes.get("category", "") for code, line in codes.items()}
    kept, orphans = child(file, rows, plain, rolls)
    counted = "sessions" if "sessions" in kept.columns else "absencesessions"  # its name until 2019/20
    code = pl.col("attendancereason").str.to_uppercase()
    read = kept.select(
        "roll_id", "pupil_id", "school_id", LINE, count(kept[counted]).alias("count"), code.alias("code"),
        code.replace_strict(category, default=None, return_dtype=pl.String).alias("category"),
    )  # fmt: skip
    warning = row_problems(
        read.filter(pl.col("category").is_null())[LINE], file=file.text.name, column="attendancereason",
        rule="reason_not_in_term", severity="warning", remedy="correct the register code",
        message="the reason is blank or not in the code set of that term: counted neither as absent nor as present",
    )  # fmt: skip
    unread = unread_count(read.filter(pl.col("count").is_null())[LINE], file, counted, "error")
    return made.note(file, read, orphans, warning, unread)


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


def suspensions(plain: Plain, rolls: Rolls, made: CensusTables) -> pl.DataFrame:
    """Suspensions and permanent exclusions of pupils on roll and of leavers."""
    files = of_tables(plain, "termlyexclusionsonroll", "termlyexclusionsoffroll")
    return _converted(files, EVENT_NAMES, "suspensions", plain, rolls, made)


def alternative_provision(plain: Plain, rolls: Rolls, made: CensusTables) -> pl.DataFrame:
    """Placements that schools arranged; rows of AP settings' own returns have no entry date and only reasons."""
    for file, rows in of_tables(plain, *AP_SETTING_TABLES):
        kept, orphans = child(file, rows, plain, rolls)
        note = row_problems(
            kept[LINE], file=file.text.name, column="", rule="not_kept", severity="query", remedy="nothing to do",
            message="a setting's reasons of placement have no dates: no measure uses them",
        )  # fmt: skip
        made.note(file, kept, orphans, note)
    return _converted(of_tables(plain, *AP_TABLES), AP_NAMES, "alternative_provision", plain, rolls, made)


def _converted(files: Plain, names: dict[str, str], table: str, plain: Plain, rolls: Rolls, made: CensusTables
               ) -> pl.DataFrame:  # fmt: skip
    """Child tables as a declared one, the first of several old names for a column counting."""
    parts = []
    for file, rows in files:
        kept, orphans = child(file, rows, plain, rolls)
        new: dict[str, str] = {}
        for old, name in names.items():
            if old in kept.columns and name not in kept.columns and name not in new.values():
                new[old] = name
        done = convert(kept.rename(new), TABLES[table], file=file.text.name, own_upn=False)
        made.note(file, done.rows, orphans, done.problems)
        parts.append(as_declared(done.rows, table))
    return pl.concat(parts) if parts else pl.DataFrame(schema=TABLES[table].polars_schema)
