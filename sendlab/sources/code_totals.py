"""Totals of a term by pupil and register code, as systems export them: a column or a row for each code.

Wide: UPN, `/`, `\\`, B, C ... or T_Reason_C ..., often beside sessions possible, authorised, unauthorised. Long: UPN, a
code, the sessions with it. Both give `attendance_codes`; with sessions possible also `attendance`, whose absence is the
sum of the reasons: totals of such files were found far too low (formats.md section 7 of the project's domain notes).
Categories of codes: `codes/attendance_code.csv` (DfE, Working together to improve school attendance, 2024).
"""

import re
from dataclasses import replace
from datetime import date

import polars as pl

from sendlab.codes import Code, valid_on
from sendlab.errors import DataProblem
from sendlab.schema.groups import TERMS
from sendlab.schema.problems import file_problem, join_problems, no_problems, row_problems
from sendlab.schema.tables import TABLES, Table
from sendlab.sources.convert import convert
from sendlab.sources.extract import Match, match_table, not_read, without_totals
from sendlab.sources.given import supplied
from sendlab.sources.names import plain
from sendlab.sources.reading import Reading, as_declared
from sendlab.sources.session_rules import CODES
from sendlab.sources.text import LINE, TextTable

FORMAT = "attendance totals by code"
CODE_TABLE, TERM_TABLE = TABLES["attendance_codes"], TABLES["attendance"]
KEY = list(TERM_TABLE.key)
ABSENT = ("authorised", "unauthorised")
TOTALS = {name: f"sessions_{name}" for name in ("possible", *ABSENT)}
TERM = ["time_period", "term"]
COUNT = "sessions_of_"  # begins the name of the count of one code
FEWEST = 3  # columns of codes that a wide file must have
REASON = re.compile(r"(?:t(?:ermly)?[\s_-]*)?reason[\s_-]*(\S{1,2})", re.IGNORECASE)
CODE_NAMES = {plain(name) for name in ("attendance_code", "attendance reason", "register code", "absence code",
              "absence reason", "reason code", "mark", "code")}  # fmt: skip
COUNT_NAMES = {plain(name) for name in ("sessions", "absence sessions", "number of sessions", "session count")}
DAY_IN = dict(zip(TERMS, ((0, 11, 1), (1, 2, 15), (1, 6, 1)), strict=True))  # years after the first, month, day


def format_of(columns: list[str]) -> str:
    """The name of the format."""
    return FORMAT


def table_of(columns: list[str]) -> str | None:
    r"""`attendance_codes` where a header has a UPN and at least three columns of codes, or a code and its sessions.

    Columns that are called by a letter alone may be anything (reading, writing, maths): sessions possible, `/`, `\` or
    a code of two characters must stand beside them.

    >>> table_of(["UPN", "LAESTAB", "/", "\\", "B", "I"]), table_of(["UPN", "R", "W", "M"])
    ('attendance_codes', None)
    """
    if "pupil_id" not in match_table(TERM_TABLE, columns).names:
        return None
    found = _wide(columns)
    sure = any(name.strip().upper() not in CODES or len(code) == 2 or code in "/\\" for code, name in found)
    with_total = TOTALS["possible"] in match_table(TERM_TABLE, columns).names
    wide = len(found) >= FEWEST and (sure or with_total)
    return CODE_TABLE.name if wide or _long(columns) else None


def _wide(columns: list[str]) -> list[tuple[str, str]]:
    """(code, column) of the columns of counts, the names below merged headings included."""
    lower = [(name.rsplit(" | ", 1)[-1].strip(), name) for name in columns]
    named = [(match[1] if (match := REASON.fullmatch(text)) else text, name) for text, name in lower]
    return [(text.upper(), name) for text, name in named if text.upper() in CODES]


def _long(columns: list[str]) -> dict[str, str]:
    """Code and sessions where each has one column; what names a part or a day is another table's."""
    names = {plain(name): name for name in columns}
    codes, counts = ([names[n] for n in names if n in wanted] for wanted in (CODE_NAMES, COUNT_NAMES))
    if len(codes) != 1 or len(counts) != 1 or "part" in names or any("date" in name for name in names):
        return {}
    return {"attendance_code": codes[0], "sessions": counts[0]}


def read(text: TextTable, table: str, given: dict[str, str]) -> Reading:
    """The rows as `attendance_codes` and, with sessions possible, `attendance`. Period and term as in any extract.

    Errors: DataProblem where a code has two columns, or nothing tells the period, term or school.
    """
    counted = _long(text.columns) or _columns_of_codes(text)
    match = match_table(TERM_TABLE, [name for name in text.columns if name not in counted.values()])
    values, known_from = supplied(text, match, given)
    names = match.names | counted
    plain_rows = text.rows.select(LINE, **{name: pl.col(column) for name, column in names.items()})
    cells, dropped = without_totals(plain_rows, TERM_TABLE, text.name, text.sheet)
    cells = cells.with_columns(pl.lit(value).alias(name) for name, value in values.items())
    done = convert(cells, _declared(list(counted)), file=text.name, sheet=text.sheet, source=text.source)
    rows = done.rows.with_columns(pl.col("part").fill_null(TERM_TABLE.column("part").allowed[0]))
    counts = _counts(rows, cells, list(counted))
    tables = {CODE_TABLE.name: as_declared(counts.filter(pl.col("sessions").is_not_null()), CODE_TABLE.name)}
    told = [not_read(text, Match(CODE_TABLE, names, ())), dropped, done.problems, _not_in_term(counts, text)]
    if TOTALS["possible"] in names:
        made = _attendance(rows, counts, cells, list(counted))
        tables[TERM_TABLE.name] = as_declared(made, TERM_TABLE.name)
        told += [_disagree(made, text), _blank(rows, list(counted), text)]
    return Reading(tables, join_problems(told), known_from, done.not_run)


def _columns_of_codes(text: TextTable) -> dict[str, str]:
    """{name of the count: column} of a wide file."""
    found = _wide(text.columns)
    twice = sorted({code for code, _ in found if [other for other, _ in found].count(code) > 1})
    if twice:
        told = [f"two columns give the sessions with code {code}" for code in twice]
        raise DataProblem(text.name, told, next_step="keep the one that is right")
    return {f"{COUNT}{code}": name for code, name in found}


def _declared(counted: list[str]) -> Table:
    """What stands in such a file: a term's row and its counts."""
    columns = [c for c in TERM_TABLE.columns if c.name not in ("basis", "totals_disagree")]
    for name in counted:
        one = CODE_TABLE.column("sessions" if name.startswith(COUNT) else name)
        columns.append(replace(one, name=name, required=one.required and not name.startswith(COUNT)))
    return replace(TERM_TABLE, columns=tuple(columns))


def _counts(rows: pl.DataFrame, cells: pl.DataFrame, counted: list[str]) -> pl.DataFrame:
    """One row a pupil, term and code, with the code's category in that term; a mark for a number has no sessions."""
    if "sessions" in counted:
        counts = rows.select(LINE, *KEY, *counted)
    else:
        filled = cells.filter(pl.col(LINE).is_in(rows[LINE].implode())).unpivot(counted, value_name="cell")["cell"]
        counts = rows.unpivot(counted, index=[LINE, *KEY], variable_name="attendance_code", value_name="sessions")
        counts = counts.filter(filled.is_not_null()).with_columns(pl.col("attendance_code").str.strip_prefix(COUNT))
    terms = rows.select("time_period", "term").unique().rows()
    kinds = pl.DataFrame(
        [(*term, code, line.notes.get("category")) for term in terms for code, line in codes_in_term(*term).items()],
        schema=dict.fromkeys([*TERM, "attendance_code", "category"], pl.String), orient="row",
    )  # fmt: skip
    return counts.join(kinds, on=[*TERM, "attendance_code"], how="left", maintain_order="left")


def codes_in_term(period: str, term: str) -> dict[str, Code]:
    """{code: line} of the register codes valid in a term.

    >>> "C2" in codes_in_term("202324", "Autumn term"), "C2" in codes_in_term("202425", "Autumn term")
    (False, True)
    """
    years, month, day = DAY_IN[term]
    return valid_on("attendance_code", date(int(period[:4]) + years, month, day))


def _attendance(rows: pl.DataFrame, counts: pl.DataFrame, cells: pl.DataFrame, counted: list[str]) -> pl.DataFrame:
    """Rows of `attendance`: absence from reasons where they are known, else from totals; whether the two differ."""
    by = KEY if "sessions" in counted else [LINE, *KEY]
    for name in TOTALS.values():
        if name not in rows.columns:
            rows = rows.with_columns(pl.lit(None, dtype=pl.Float64).alias(name))
    totals = rows.group_by(by, maintain_order=True).agg(
        pl.col(TOTALS.values()).drop_nulls().first(), pl.col(LINE).min().alias("first")
    )
    lost = cells.filter(~pl.col(LINE).is_in(rows[LINE].implode()))["pupil_id"]  # quarantined: a sum would lack them
    sums = _sums(counts.filter(~pl.col("pupil_id").is_in(lost.implode()).fill_null(False)), by, counted)
    both = totals.join(sums, on=by, how="left", maintain_order="left")
    chosen = [pl.coalesce(f"by_{n}", TOTALS[n]).alias(TOTALS[n]) for n in ABSENT]
    differ = pl.any_horizontal((pl.col(f"by_{n}") != pl.col(TOTALS[n])).fill_null(False) for n in ABSENT)
    reasons = pl.any_horizontal(pl.col(f"by_{n}").is_not_null() for n in ABSENT)
    given = pl.any_horizontal(pl.col(TOTALS[n]).is_not_null() for n in ABSENT)
    basis = pl.when(reasons).then(pl.lit("reasons")).when(given).then(pl.lit("totals")).otherwise(pl.lit("none"))
    return both.with_columns(*chosen, differ.alias("totals_disagree"), basis.alias("basis"))


def _sums(counts: pl.DataFrame, by: list[str], counted: list[str]) -> pl.DataFrame:
    """Sessions by category of absence; null where a count of it is not known, or no column of the file is of it.

    A pupil with counts but none of a category has 0: systems leave out, or leave blank, the codes that never came.
    """
    columns = [name.removeprefix(COUNT) for name in counted if name.startswith(COUNT)]
    of_file = {
        n: {c for t in counts.select(TERM).unique().rows() for c, line in codes_in_term(*t).items()
            if line.notes.get("category") == n and (not columns or c in columns)} for n in ABSENT
    }  # fmt: skip
    sums = []
    for name in ABSENT:
        sessions = pl.col("sessions").filter(pl.col("category") == name)
        known = ~sessions.is_null().any() & pl.lit(bool(of_file[name]))
        sums.append(pl.when(known).then(sessions.sum()).alias(f"by_{name}"))
    return counts.group_by(by).agg(sums)


def _disagree(made: pl.DataFrame, text: TextTable) -> pl.DataFrame:
    return row_problems(
        made.filter("totals_disagree")["first"], file=text.name, sheet=text.sheet, rule="totals_disagree",
        column=TOTALS["authorised"], severity="warning", remedy="ask which is right: totals of exports are often short",
        message="a total of absence is not the sum of its reasons: the reasons count",
    )  # fmt: skip


def _not_in_term(counts: pl.DataFrame, text: TextTable) -> pl.DataFrame:
    return row_problems(
        counts.filter(pl.col("category").is_null() & (pl.col("sessions") > 0))[LINE], file=text.name, sheet=text.sheet,
        column="attendance_code", rule="reason_not_in_term", severity="warning", remedy="correct the register code",
        message="the code is blank or not in the code set of that term: counted neither as absent nor as present",
    )  # fmt: skip


def _blank(rows: pl.DataFrame, counted: list[str], text: TextTable) -> pl.DataFrame:
    """How many counts of a wide file are blank."""
    blank = sum(int(rows[name].is_null().sum()) for name in counted)
    if not blank or "sessions" in counted:
        return no_problems()
    return file_problem(
        file=text.name, sheet=text.sheet, rule="count_blank", severity="query", count=blank,
        message="counts of a code are blank: the sums of absence take them for codes that never came",
        remedy="nothing to do, unless they are not known",
    )  # fmt: skip
