"""Self-evaluation ratings as online survey tools export them: a row a respondent, a column a statement.

A column is a statement's where its header begins with the code ("O1", "L4 now", "[O1] ..."), with section and number
("Leadership 4"), or is its short wording; its twin for the target says so in its header. The words are data
(`sef_survey.toml`). Names, e-mail addresses and whatever else such tools export are not read.
"""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import polars as pl

from sendlab.codes import read_codes
from sendlab.errors import DataProblem
from sendlab.schema.problems import file_problem, join_problems, no_problems, row_problems
from sendlab.schema.tables import TABLES
from sendlab.sources.cells import academic_year, read_date
from sendlab.sources.convert import convert
from sendlab.sources.names import plain
from sendlab.sources.reading import Reading, as_declared
from sendlab.sources.text import LINE, TextTable

FORMAT = "self-evaluation survey"
TABLE = "self_evaluation"
FEWEST = 5  # statements that a file must have a column of to be taken for such a survey
_NUMBERED = re.compile(r"^(?:q(?:uestion)?\s*\d+[a-z]?\s*[.:)-]?\s+)?[\[(]?([a-z ,]+?)\s*(\d)(?=$|\W)", re.IGNORECASE)
_DAY_IN_NAME = re.compile(r"(20\d\d)-?([01]\d)-?([0-3]\d)")
_ANSWER = r"^(10|\d)(?:\.0)?(?:$|\s*[-–:.)]?\s+\D.*$)"  # "7", "7 - across the setting"; not "8-10 case studies"
_MONTHS = re.compile(r"\b(6|12)\s*months", re.IGNORECASE)
_SCHOOL = ("school_id", *TABLES["pupils"].column("school_id").aliases)


class Asked(NamedTuple):
    """A column of a statement: which one, whether it is the target, and the months that its header names."""

    statement: str
    target: bool
    months: str | None


@cache
def words() -> dict[str, Any]:
    """`sef_survey.toml`."""
    return tomllib.loads((files(__package__) / "sef_survey.toml").read_text(encoding="utf-8"))


def table_of(columns: list[str]) -> str | None:
    """`self_evaluation`, where enough columns are statements.

    >>> table_of(["LAESTAB", *(f"O{n} now" for n in range(1, 8))])
    'self_evaluation'
    """
    now = {asked.statement for asked in map(asked_in, columns) if asked and not asked.target}
    return TABLE if len(now) >= FEWEST else None


def format_of(columns: list[str]) -> str:
    """The format's name."""
    return FORMAT


def asked_in(header: str) -> Asked | None:
    """What a header asks about, or nothing where it is no statement.

    >>> asked_in("L4. A trained governor - where we want to be in 12 months")
    Asked(statement='L4', target=True, months='12')
    >>> asked_in("Leadership 4"), asked_in("Name 1")
    (Asked(statement='L4', target=False, months=None), None)
    """
    code = _by_label().get(plain(header)) or _numbered(header)
    if code is None:
        return None
    lowered = header.lower()
    months = _MONTHS.search(header)
    target = any(word in lowered for word in words()["target"]["words"])
    return Asked(code, target, months[1] if months and target else None)


def _numbered(header: str) -> str | None:
    found = _NUMBERED.match(header.strip())
    if found is None:
        return None
    code = f"{_letters().get(plain(found[1]), '')}{found[2]}"
    return code if code in _codes() else None


@cache
def _letters() -> dict[str, str]:
    return {plain(name): letter for letter, names in words()["sections"].items() for name in (letter, *names)}


@cache
def _codes() -> dict[str, str]:
    return {line.code: line.label for line in read_codes("sef_statement")}


@cache
def _by_label() -> dict[str, str]:
    return {plain(label): code for code, label in _codes().items()}


# ---- reading


def read(text: TextTable, table: str = TABLE, given: Mapping[str, str] | None = None) -> Reading:
    """The answers as ratings, a row a respondent and statement. One file is one round of each school in it.

    The day of a round is the last day on which the file has an answer from the school, else the one in the file's name.
    A respondent is known by role and number: the survey's own whole numbers, else places in the file. Errors:
    DataProblem where no column, name or setting gives school and day.
    """
    asked = {name: found for name in text.columns if (found := asked_in(name))}
    beside = {name: _column(text.columns, names, asked) for name, names in words()["columns"].items()}
    school = _column(text.columns, _SCHOOL, asked)
    rows = _respondents(text, beside, school, given or {})
    answers, unread = _answers(text, asked, beside["target_months"])
    days, problems = _days(text, rows)
    done = convert(answers.join(days, on=LINE), TABLES[table], file=text.name, sheet=text.sheet, source=text.source)
    used = {*asked, school, *beside.values()}
    said = [unread, problems, _other_roles(text, beside["rater"]), _not_read(text, used)]
    told = done.problems.unique(["row", "column", "rule"], keep="first", maintain_order=True)
    return Reading({table: as_declared(done.rows, table)}, join_problems([*said, told]),
                   "file name" if beside["rated_on"] is None else "rows", done.not_run)  # fmt: skip


def _column(columns: list[str], names: tuple[str, ...] | list[str], asked: Mapping[str, Asked]) -> str | None:
    """The first of these names that the file has, in the order of the list."""
    known = {plain(name): name for name in reversed(columns) if name not in asked}
    return next((known[plain(name)] for name in names if plain(name) in known), None)


def _respondents(
    text: TextTable, beside: Mapping[str, str | None], school: str | None, given: Mapping[str, str]
) -> pl.DataFrame:
    """LINE, school_id, unit, rater, rater_number and rated_on as text; refused where school or day is given nowhere."""
    day = _DAY_IN_NAME.search(text.name)
    told = []
    if school is None and "school_id" not in given:
        told.append("no column gives the school: LAESTAB or URN")
    if beside["rated_on"] is None and day is None:
        told.append("no column and no file name gives the day of the round")
    if told:
        raise DataProblem(
            text.name, told,
            next_step=f'add the columns LAESTAB and Date; or write in sendlab.toml under [files]: "{text.name}" = '
            '{ school_id = "9992001" }, and put the day into the name: survey 2026-03-13.csv',
        )  # fmt: skip
    where = pl.col(school) if school else pl.lit(given.get("school_id"))
    when = pl.col(beside["rated_on"]) if beside["rated_on"] else pl.lit("-".join(day.groups()) if day else None)
    rows = text.rows.select(
        LINE, where.str.strip_suffix(".0").alias("school_id"), when.alias("rated_on"),
        _known_as(beside["unit"], "units", blank="setting", other="setting").alias("unit"),
        _known_as(beside["rater"], "raters", blank="other", other="other").alias("rater"),
    )  # fmt: skip
    return rows.with_columns(_number(text, rows, beside["rater_number"]))


def _known_as(column: str | None, kind: str, *, blank: str, other: str) -> pl.Expr:
    """An answer in our words: by the list, else `other`; `blank` where there is none."""
    if column is None:
        return pl.lit(blank)
    known = {plain(word): ours for ours, all_words in words()[kind].items() for word in (ours, *all_words)}
    found = _plain(column).replace_strict(known, default=other, return_dtype=pl.String)
    return pl.when(pl.col(column).is_null()).then(pl.lit(blank)).otherwise(found)


def _plain(column: str) -> pl.Expr:
    return pl.col(column).str.to_lowercase().str.replace_all(r"[^a-z0-9]", "")


def _number(text: TextTable, rows: pl.DataFrame, column: str | None) -> pl.Series:
    """Whole numbers of the survey's own where every row has one, and they differ; else the place among those alike."""
    own = None if column is None else text.rows[column].str.strip_suffix(".0").cast(pl.Int64, strict=False)
    if own is None or own.null_count() or own.n_unique() < len(own) or (own < 1).any():
        own = rows.select(pl.int_range(1, pl.len() + 1).over("school_id", "unit", "rater"))["literal"]
    number = pl.Series("rater_number", own).cast(pl.String)
    return number.set(rows["rater"] == "agreed", None)


def _days(text: TextTable, rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The respondents with the day of their school's round and its academic year; and days that cannot be read."""
    day, unread = read_date(rows["rated_on"], TABLES[TABLE].column("rated_on"))
    told = row_problems(
        rows[LINE].filter(unread), file=text.name, sheet=text.sheet, column="rated_on", rule="date_unreadable",
        severity="warning", message="the day of this answer cannot be read: it counts to the school's round",
        remedy="write a date such as 16/10/2024 or 2024-10-16",
    )  # fmt: skip
    dated = rows.with_columns(day.dt.to_string("%Y-%m-%d").alias("rated_on"))
    dated = dated.with_columns(pl.col("rated_on").max().over("school_id"))
    years = {value: academic_year(value) for value in dated["rated_on"].drop_nulls().unique()}
    year = pl.col("rated_on").replace_strict(years, default=None, return_dtype=pl.String)
    return dated.with_columns(year.alias("time_period")), told


def _answers(
    text: TextTable, asked: Mapping[str, Asked], months: str | None
) -> tuple[pl.DataFrame, pl.DataFrame]:  # fmt: skip
    """LINE, statement, rating_now, rating_target and target_months of every answer given; and those that are none."""
    parts, problems = [], []
    for code in dict.fromkeys(one.statement for one in asked.values()):
        mine = {one.target: (name, one.months) for name, one in asked.items() if one.statement == code}
        named = mine[True][1] if True in mine else None
        when = pl.lit(named) if named else _months(months) if months else pl.lit(None, pl.String)
        found = text.rows.select(LINE, pl.lit(code).alias("statement"), when.alias("target_months"), *(
            _rating(mine[target][0] if target in mine else None).alias(name)
            for target, name in ((False, "rating_now"), (True, "rating_target"))
        ))  # fmt: skip
        parts.append(found.with_columns(pl.when(pl.col("rating_target").is_not_null()).then("target_months")))
        problems += [_no_rating(text, name) for name, _ in mine.values()]
    found = pl.concat(parts).filter(pl.any_horizontal(pl.col("rating_now", "rating_target").is_not_null()))
    return found, join_problems(problems)


def _months(column: str) -> pl.Expr:
    return pl.col(column).str.extract(r"\b(6|12)\b", 1)


def _rating(column: str | None) -> pl.Expr:
    return pl.lit(None, pl.String) if column is None else pl.col(column).str.strip_chars().str.extract(_ANSWER, 1)


def _no_rating(text: TextTable, column: str) -> pl.DataFrame:
    """Answers that are no whole number from 0 to 10: the statement is not rated by that respondent, all else counts."""
    wrong = text.rows.filter(pl.col(column).is_not_null() & _rating(column).is_null())[LINE]
    return row_problems(
        wrong, file=text.name, sheet=text.sheet, column=column[:60], rule="rating_unreadable", severity="warning",
        message="the answer is no whole number from 0 to 10: this statement counts as not rated by this respondent",
        remedy="write the number alone, or the number before its words",
    )  # fmt: skip


def _other_roles(text: TextTable, column: str | None) -> pl.DataFrame:
    """Roles that are not known: counted as other, and said."""
    if column is None:
        return no_problems()
    known = [plain(word) for ours, all_words in words()["raters"].items() for word in (ours, *all_words)]
    odd = text.rows.filter(pl.col(column).is_not_null() & ~_plain(column).is_in(known))[LINE]
    return row_problems(
        odd, file=text.name, sheet=text.sheet, column="rater", rule="role_unknown", severity="query",
        message="the role is none that is known: it counts as 'other'",
        remedy=f"nothing to do, or use one of: {', '.join(TABLES[TABLE].column('rater').allowed)}",
    )  # fmt: skip


def _not_read(text: TextTable, used: set[str | None]) -> pl.DataFrame:
    places = [str(place) for place, name in enumerate(text.columns, 1) if name not in used]
    if not places:
        return no_problems()
    return file_problem(
        file=text.name, sheet=text.sheet, rule="columns_not_read", severity="query", count=len(places),
        message="columns that are about no statement, school, day, unit or role are not read: "
        f"{', '.join(places[:20])} (counted from the left)",
        remedy="nothing to do, or name the columns as docs/self-evaluation.md does",
    )  # fmt: skip
