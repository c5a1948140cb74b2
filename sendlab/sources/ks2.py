"""Key stage 2 pupil files (one row a pupil, a column a result) as rows of the table `assessments`.

The columns, other suppliers' names for them included, stand in `mapped.toml`. A test code (A, B, T, ...) is an outcome
without a score. KS1 points are results of the year four years before, at the school that returns them. Whether a
result counts (NATRES or LARES = 1) is kept as `counted`; no row is left out for it. Pupils' names, dates of birth and
characteristics are not read. Source: the Department's KS2 pupil file as described in formats.md sections 3.2 and 3.3.
"""

from dataclasses import replace
from typing import Any

import polars as pl

from sendlab.codes import read_codes
from sendlab.errors import DataProblem
from sendlab.schema.problems import file_problem, join_problems, row_problems
from sendlab.schema.tables import TABLES, Table
from sendlab.sources.blade import academic_year_in_name
from sendlab.sources.convert import convert
from sendlab.sources.mapped import found_in, known, school_id, settings, whole
from sendlab.sources.reading import Converted, NotRun, Reading, as_declared
from sendlab.sources.text import LINE, TextTable

TABLE = "assessments"
FEWEST = 2  # columns of results that a file must have
PUPIL = ("pupil_id", "school_id", "time_period", "counted")
RESULT = ("assessment", "subject", "score", "outcome", "scale", "source")
LOWEST, HIGHEST = 80, 120  # scaled scores
KS1_YEARS_BEFORE = 4
SHORT_CODE = 8  # an unknown outcome of up to so many characters is kept, with a warning
YES = ["1", "1.0", "true", "y", "yes"]


def format_of(columns: list[str]) -> str:
    """The format that a header belongs to, in words."""
    return str(settings()["ks2"]["format"])


def table_of(columns: list[str]) -> str | None:
    """`assessments` where the header has a UPN and at least two columns of key stage results.

    >>> table_of(["ACADYR", "UPN", "LAESTAB", "READSCORE", "READOUTCOME", "WRITTAOUTCOME"])
    'assessments'
    """
    found = [name for result in settings()["ks2"]["results"] for name in _places(columns, result).values()]
    has_upn = found_in(columns, settings()["ks2"]["identity"]["pupil_id"]) is not None
    return TABLE if has_upn and len(set(found)) >= FEWEST else None


def read(text: TextTable, table: str, given: dict[str, str]) -> Reading:
    """One row for each pupil and result. A row with a fault in any result is quarantined whole."""
    names = {part: found_in(text.columns, wanted) for part, wanted in settings()["ks2"]["identity"].items()}
    period, known_from = _period(text, names["time_period"], given)
    pupils = _part(text, _pupils(text, names, period), PUPIL)
    parts = [_result(text, result) for result in settings()["ks2"]["results"] if _places(text.columns, result)]
    sound = pl.concat(parts).filter(pl.col(LINE).is_in(pupils.rows[LINE].implode()))
    results = _part(text, sound, RESULT)
    problems = [pupils.problems, results.problems, _out_of_range(text, results.rows), _unknown_outcomes(text, sound)]
    problems += [_uncounted(text, pupils.rows, names), _no_result(text, pupils.rows, sound)]
    found = join_problems(problems)
    bad = found.filter(pl.col("severity") == "error")["row"]
    rows = results.rows.join(pupils.rows, on=LINE, how="left", maintain_order="left")
    rows = rows.filter(~pl.col(LINE).is_in(bad.implode())).with_columns(_own_year()).sort(LINE, maintain_order=True)
    return Reading({TABLE: as_declared(rows, TABLE)}, found, known_from, _not_run(names))


def _part(text: TextTable, rows: pl.DataFrame, columns: tuple[str, ...]) -> Converted:
    """Some columns of `assessments`, typed and checked."""
    whole_table = TABLES[TABLE]
    part: Table = replace(whole_table, columns=tuple(whole_table.column(name) for name in columns))
    return convert(rows, part, file=text.name, sheet=text.sheet, source=text.source)


def _period(text: TextTable, column: str | None, given: dict[str, str]) -> tuple[pl.Expr, str]:
    """The year of the tests: from the rows, else the file's name, else sendlab.toml."""
    if column is not None:
        return pl.col(column), "rows"
    named = academic_year_in_name(text.name)
    if named or "time_period" in given:
        return pl.lit(named or given["time_period"]), "file name" if named else "sendlab.toml"
    raise DataProblem(
        text.name,
        ["no column (ACADYR), file name or setting says which academic year it is of"],
        next_step=f'write in sendlab.toml under [files]: "{text.name}" = {{ time_period = "202425" }}',
    )


def _pupils(text: TextTable, names: dict[str, str | None], period: pl.Expr) -> pl.DataFrame:
    """LINE, UPN, LAESTAB (else URN), year, and whether the results count."""
    laestab, urn = names["laestab"], names["urn"]
    digits = whole(laestab).str.replace_all(r"[/\s-]", "") if laestab else pl.lit(None, pl.String)
    return text.rows.select(
        LINE,
        pupil_id=pl.col(str(names["pupil_id"])),
        school_id=pl.coalesce(digits, school_id(None, None, urn)),
        time_period=period,
        counted=_counted(names),
    )


def _counted(names: dict[str, str | None]) -> pl.Expr:
    """'1' where a flag says that the result counts, '0' where the flags that are filled say that it does not."""
    flags = [pl.col(name).str.to_lowercase() for name in (names["nation"], names["authority"]) if name]
    if not flags:
        return pl.lit(None, pl.String)
    counts = pl.any_horizontal(flag.is_in(YES).fill_null(False) for flag in flags)
    return pl.when(counts).then(pl.lit("1")).otherwise(pl.coalesce(flags))


def _places(columns: list[str], result: dict[str, Any]) -> dict[str, str]:
    """Where a result's score and outcome stand in the file; empty where it has neither."""
    parts = {part: found_in(columns, result.get(part, [])) for part in ("score", "outcome")}
    return {part: place for part, place in parts.items() if place}


def _result(text: TextTable, result: dict[str, Any]) -> pl.DataFrame:
    """One result of every pupil who has it: a score, a code, or nothing though the pupil was to be assessed."""
    places = _places(text.columns, result)
    blank = pl.lit(None, pl.String)
    score = known(places["score"]) if "score" in places else blank
    outcome = known(places["outcome"]).str.to_uppercase() if "outcome" in places else blank
    coded = (
        score.str.to_uppercase().is_in(list(_outcomes())).fill_null(False)
    )  # some files write A, B or T as the score
    eligible = found_in(text.columns, result.get("eligible", []))
    awaited = pl.col(eligible).str.to_lowercase().is_in(YES).fill_null(False) if eligible else pl.lit(False)
    rows = text.rows.select(
        LINE,
        awaited.alias("awaited"),
        assessment=pl.lit(result["assessment"]),
        subject=pl.lit(result["subject"]),
        score=pl.when(~coded).then(score),
        outcome=pl.coalesce(outcome, pl.when(coded).then(score.str.to_uppercase())),
        scale=pl.lit(result.get("scale"), pl.String),
        source=pl.lit(result["source"]),
    )
    return rows.filter(pl.col("awaited") | pl.col("score").is_not_null() | pl.col("outcome").is_not_null()).drop(
        "awaited"
    )


def _outcomes() -> set[str]:
    return {line.code for name in ("ks2_test_outcome", "ks2_ta_code") for line in read_codes(name)}


def _own_year() -> list[pl.Expr]:
    """KS1 results are of the year four years before that of KS2, and the flags of KS2 say nothing of them."""
    start = pl.col("time_period").str.slice(0, 4).cast(pl.Int64) - KS1_YEARS_BEFORE
    earlier = start.cast(pl.String) + ((start + 1) % 100).cast(pl.String).str.zfill(2)
    is_ks1 = pl.col("assessment") == "KS1"
    period = pl.when(is_ks1).then(earlier).otherwise("time_period").alias("time_period")
    return [period, pl.when(~is_ks1).then("counted").alias("counted")]


def _out_of_range(text: TextTable, rows: pl.DataFrame) -> pl.DataFrame:
    scaled = (pl.col("scale") == "scaled score") & ~pl.col("score").is_between(LOWEST, HIGHEST)
    return row_problems(
        rows.filter(scaled)[LINE].unique(maintain_order=True), file=text.name, sheet=text.sheet, column="score",
        rule="scaled_score_range", severity="error", message="a scaled score is out of range",
        remedy=f"check it: {LOWEST} to {HIGHEST} is possible; without a score, give the outcome's code and no number",
    )  # fmt: skip


def _unknown_outcomes(text: TextTable, rows: pl.DataFrame) -> pl.DataFrame:
    """Codes of no code set are kept with a warning; a text that has not the shape of a code is a fault."""
    unknown = rows.filter(pl.col("outcome").is_not_null() & ~pl.col("outcome").is_in(list(_outcomes())))
    short = (unknown["outcome"].str.len_chars() <= SHORT_CODE) & ~unknown["outcome"].str.contains(r"\s")
    said = {"file": text.name, "sheet": text.sheet, "column": "outcome"}
    return join_problems([
        row_problems(unknown[LINE].filter(short), **said, rule="code_unknown", severity="warning",
                     message="an outcome is in none of the code sets of key stage 2: kept as it stands",
                     remedy="correct it, or tell us of a new code"),
        row_problems(unknown[LINE].filter(~short).unique(maintain_order=True), **said, rule="outcome_unreadable",
                     severity="error", message="an outcome is no code", remedy="write the Department's code"),
    ])  # fmt: skip


def _uncounted(text: TextTable, rows: pl.DataFrame, names: dict[str, str | None]) -> pl.DataFrame:
    """Results that do not count, and those of which the file does not say it: all are loaded."""
    if not (names["nation"] or names["authority"]):
        return join_problems([])
    unsaid = rows.filter(pl.col("counted").is_null())[LINE]
    left_out = rows.filter(~pl.col("counted")).height
    whole_file = [
        file_problem(
            file=text.name, sheet=text.sheet, column="counted", rule="not_counted", severity="query", count=left_out,
            message="LARES and NATRES leave these pupils out of results: loaded, marked as not counted",
            remedy="nothing to do, unless they should count",
        )
    ]  # fmt: skip
    blank = row_problems(
        unsaid, file=text.name, sheet=text.sheet, column="counted", rule="include_flag_missing", severity="query",
        message="neither LARES nor NATRES is filled: loaded, and not known whether it counts",
        remedy="fill in the flags",
    )  # fmt: skip
    return join_problems([*(whole_file if left_out else []), blank])


def _no_result(text: TextTable, pupils: pl.DataFrame, results: pl.DataFrame) -> pl.DataFrame:
    without = pupils.join(results, on=LINE, how="anti", maintain_order="left")[LINE]
    return row_problems(
        without, file=text.name, sheet=text.sheet, column="", rule="no_result", severity="query",
        message="the row holds no result and none was due: nothing of it is kept", remedy="nothing to do if it is so",
    )  # fmt: skip


def _not_run(names: dict[str, str | None]) -> tuple[NotRun, ...]:
    if names["nation"] or names["authority"]:
        return ()
    return (NotRun("include_flag_missing", "counted", "the file has neither LARES nor NATRES"),)
