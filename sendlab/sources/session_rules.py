"""The rules of session registers: what a date, a session and a mark mean, and which declared rules they break.

The same rules as `convert` runs on tables that fit in memory, as polars expressions for rows that stream by; what a
text means is found once for each distinct text. Codes and their dates: `codes/attendance_code.csv` (DfE, Working
together to improve school attendance, 2024). A mark that is blank, `-`, `*` or `@` is missing: loaded, without a code.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

import polars as pl

from sendlab.codes import Code, read_codes
from sendlab.schema.problems import Severity
from sendlab.schema.tables import TABLES
from sendlab.sources.cells import NULL_TEXTS, read_date, read_text
from sendlab.sources.convert import PERSONAL, WANTED
from sendlab.sources.names import plain

TABLE = TABLES["sessions"]
MISSING = {*NULL_TEXTS, "*", "@"}
CODES = tuple(dict.fromkeys(c.code for c in read_codes("attendance_code") if c.code not in MISSING))
SESSIONS = ("AM", "PM")
CODE, SESSION = pl.Enum(CODES), pl.Enum(SESSIONS)
SESSION_TEXTS = {"am": "AM", "a": "AM", "1": "AM", "1.0": "AM", "morning": "AM",
                 "pm": "PM", "p": "PM", "2": "PM", "2.0": "PM", "afternoon": "PM"}  # fmt: skip
PRESENT = "present"  # a text that says so without saying in which session
UNSPLIT = "unsplit: "  # stands before a pair of marks that cannot be taken apart
SHORTEST_LABEL = 4
# "/" and "-" pairs that a spreadsheet has turned into a date, or into the number of a day after July 2009
EATEN = re.compile(r"[4-9]\d{4}(\.\d+)?|\d{1,2}[/.-]\d{1,2}([/.-]\d{2,4})?|\d{4}-\d\d-\d\d.*|\d{1,4}-[A-Za-z]{3}(-\d+)?"
                   r"|[A-Za-z]{3}-\d{2,4}")  # fmt: skip


def code_of(mark: str) -> str | None:
    r"""The register code that a mark stands for: in capitals, by its label, or nothing where no mark was taken.

    A text that is no code comes back as it stands.

    >>> code_of("i "), code_of("\\\\"), code_of("Illness"), code_of("I - Illness"), code_of("-"), code_of("?")
    ('I', '\\', 'I', 'I', None, '?')
    """
    text = mark.strip()
    if not text or text.lower() in MISSING:
        return None
    leading = re.match(r"(\S{1,2})\s+[-–:]\s", text)
    for one in (text, text.replace("\\\\", "\\"), leading[1] if leading else ""):
        if one.upper() in CODES:
            return one.upper()
    return _code_by_label(plain(text)) or text


def _code_by_label(name: str) -> str | None:
    """The one code whose label begins so; the two of presence together are PRESENT."""
    if len(name) < SHORTEST_LABEL:
        return None
    found = {code for code, label in _labels() if label.startswith(name)}
    return PRESENT if found == {"/", "\\"} else found.pop() if len(found) == 1 else None


@cache
def _labels() -> tuple[tuple[str, str], ...]:
    return tuple((line.code, plain(line.label)) for line in read_codes("attendance_code"))


def split_pair(cell: str) -> tuple[str | None, str | None] | None:
    r"""The morning's and the afternoon's mark of a cell that holds both, or nothing where it cannot be taken apart.

    Codes of two characters are tried first, and no letter may be left over; a slash alone tells its session.

    >>> split_pair("/\\"), split_pair("LC1"), split_pair("i -"), split_pair("\\"), split_pair("C1")
    (('/', '\\'), ('L', 'C1'), ('I', None), (None, '\\'), None)
    """
    text = cell.strip().upper()
    if text in ("/", "\\"):
        return ("/", None) if text == "/" else (None, "\\")
    parted = re.fullmatch(r"(\S{1,2})[ ,;|](\S{1,2})", text)
    halves = [parted.groups()] if parted else [(text[:cut], text[cut:]) for cut in (2, 1)]
    for morning, afternoon in halves:
        if all(half in CODES or half in MISSING for half in (morning, afternoon)):
            return code_of(morning), code_of(afternoon)
    return split_pair(text.replace("\\\\", "\\")) if "\\\\" in text and len(text) > 2 else None


def spelt(text: pl.DataFrame) -> pl.DataFrame:
    """Sessions and marks in the declared spelling; what is none stays as it stands, and a missing mark is null."""
    said = {half: SESSION_TEXTS.get(half.lower(), half) for half in _distinct(text, "session")}
    codes = {mark: code_of(mark) for mark in _distinct(text, "attendance_code")}
    present = pl.when(pl.col("session") == "PM").then(pl.lit("\\")).otherwise(pl.lit("/"))
    mark = pl.col("attendance_code")
    return text.with_columns(_put("session", said), _put("attendance_code", codes)).with_columns(
        pl.when(mark == PRESENT).then(present).otherwise(mark).alias("attendance_code")
    )


def _distinct(text: pl.DataFrame, column: str) -> list[str]:
    return text[column].drop_nulls().unique(maintain_order=True).to_list()


def _put(column: str, meanings: dict[str, str | None] | dict[str, str]) -> pl.Expr:
    changed = {text: meaning for text, meaning in meanings.items() if meaning != text}
    return pl.col(column).replace(list(changed), pl.Series(list(changed.values()), dtype=pl.String))


def typed(text: pl.DataFrame, pupils: pl.DataFrame, schools: pl.DataFrame) -> pl.DataFrame:
    """Rows in declared types from texts in the declared spelling, with a flag (`column|rule`) for each rule of a cell.

    `pupils` holds pupil_id (UPN as it stands), `pupil` (a number) and `pupil_id|upn_invalid`; `schools` school_id and
    `school`. These two columns are then dropped: no UPN goes further.
    """
    rows = text.join(pupils, on="pupil_id", how="left", maintain_order="left")
    schools = schools.join(_schools(text["school_id"]), on="school_id", how="left")
    said_about_people = pl.col("school_id|personal_data_in_text")
    rows = rows.join(
        schools.with_columns(pl.when(~said_about_people).then("school")), on="school_id", how="left",
        maintain_order="left",
    )  # fmt: skip
    for reader, column in ((_days, "session_date"), (_halves, "session"), (_codes, "attendance_code")):
        known = reader(text[column].drop_nulls().unique())
        rows = rows.join(known, on=column, how="left", maintain_order="left").drop(column)
        rows = rows.rename({f"{column} read": column})
    return rows.drop("pupil_id", "school_id")


def _flagged(texts: pl.Series, flags: dict[str, Callable[[str], bool]]) -> pl.DataFrame:
    """The distinct texts of a column, each with its flags; whether it may be about a person is one of them."""
    distinct = texts.drop_nulls().unique()
    name = distinct.name
    made = [pl.Series(f"{name}|{rule}", [test(t) for t in distinct], dtype=pl.Boolean) for rule, test in flags.items()]
    return pl.DataFrame([distinct, distinct.str.contains(PERSONAL).alias(f"{name}|personal_data_in_text"), *made])


def _schools(texts: pl.Series) -> pl.DataFrame:
    known = _flagged(texts, {})
    _, unread = read_text(known["school_id"], TABLE.column("school_id"))
    return known.with_columns(unread.alias("school_id|text_unreadable"))


def _days(texts: pl.Series) -> pl.DataFrame:
    days, unread = read_date(texts, TABLE.column("session_date"))
    return pl.DataFrame([texts, days.alias("session_date read"), unread.alias("session_date|date_unreadable")])


def _halves(texts: pl.Series) -> pl.DataFrame:
    known = _flagged(texts, {})
    read = pl.col("session").cast(SESSION, strict=False)
    not_allowed = read.is_null() & ~pl.col("session|personal_data_in_text")
    return known.with_columns(read.alias("session read"), not_allowed.alias("session|not_allowed"))


def _codes(texts: pl.Series) -> pl.DataFrame:
    known = _flagged(
        texts,
        {"mark_eaten": lambda text: bool(EATEN.fullmatch(text.removeprefix(UNSPLIT))),
         "mark_unreadable": lambda text: text.startswith(UNSPLIT) and not EATEN.fullmatch(text[len(UNSPLIT) :])},
    )  # fmt: skip
    read = pl.col("attendance_code").cast(CODE, strict=False)
    others = [pl.col(f"attendance_code|{rule}") for rule in ("personal_data_in_text", "mark_eaten", "mark_unreadable")]
    return known.with_columns(
        (others[0] & ~others[1] & ~others[2]).alias("attendance_code|personal_data_in_text"),
        read.alias("attendance_code read"),
        (read.is_null() & ~pl.any_horizontal(others)).alias("attendance_code|code_unknown"),
    )


@dataclass(frozen=True)
class Rule:
    """One rule of one column: where `broken` is true the row is reported, and quarantined if it is an error."""

    column: str
    name: str
    severity: Severity
    broken: pl.Expr
    message: str
    remedy: str


def _flag(column: str, name: str, severity: Severity, message: str, remedy: str) -> Rule:
    return Rule(column, name, severity, pl.col(f"{column}|{name}").fill_null(False), message, remedy)


def _valid(line: Code) -> pl.Expr:
    """Whether the date lies within one line of the code set."""
    day = pl.col("session_date")
    since = pl.lit(True) if line.valid_from is None else day >= line.valid_from
    return since if line.valid_to is None else since & (day <= line.valid_to)


def _code_not_valid() -> pl.Expr:
    lines = read_codes("attendance_code")
    limited = dict.fromkeys(line.code for line in lines if line.code in CODES and (line.valid_from or line.valid_to))
    return pl.any_horizontal(
        (pl.col("attendance_code") == code) & ~pl.any_horizontal(_valid(line) for line in lines if line.code == code)
        for code in limited
    ).fill_null(False)  # fmt: skip


def _required() -> Iterable[Rule]:
    told = pl.col("session|not_allowed").fill_null(False)  # there, but nothing that could be kept
    blank = {"pupil_id": pl.col("pupil").is_null(), "school_id": pl.col("school").is_null(),
             "session_date": pl.col("session_date").is_null(),
             "session": pl.col("session").is_null() & ~told}  # fmt: skip
    for column in TABLE.columns:
        if column.required:
            yield Rule(
                column.name, "nullability", "error", blank[column.name],
                f"{column.name} is blank", f"fill it in: {column.meaning}",
            )  # fmt: skip


RULES: tuple[Rule, ...] = (
    *_required(),
    _flag("school_id", "text_unreadable", "error", f"school_id is not {WANTED['text']}", f"write {WANTED['text']}"),
    _flag("session_date", "date_unreadable", "error", f"session_date is not {WANTED['date']}",
          f"write {WANTED['date']}"),
    _flag("session", "not_allowed", "error", "session is none of the values allowed",
          f"use one of: {', '.join(SESSIONS)}"),
    _flag("attendance_code", "mark_eaten", "error", "a spreadsheet has turned the mark into a date or a number",
          "export the register again, and open it in a spreadsheet only with its columns as text"),
    _flag("attendance_code", "mark_unreadable", "error", "the cell is not one morning and one afternoon mark",
          "export the register with a column for each session"),
    _flag("attendance_code", "code_unknown", "warning", "attendance_code is not in the code set 'attendance_code'",
          "correct it, or tell us of a new code"),
    Rule("attendance_code", "code_not_valid", "warning", _code_not_valid(),
         "the register code was not in use on that date: loaded as it stands", "use the code that was in force then"),
    *(_flag(name, "personal_data_in_text", "warning",
            f"{name} holds a UPN or a full date, as if about a person: the text is not kept",
            "take it out of that column")
      for name in ("school_id", "session", "attendance_code")),
    _flag("pupil_id", "upn_invalid", "warning", "the UPN's check letter does not fit: kept, flagged",
          "correct the UPN in the school's system"),
    Rule("session_date", "weekend", "query", (pl.col("session_date").dt.weekday() > 5).fill_null(False),
         "the date is a Saturday or Sunday", "check that the school was open that day"),
)  # fmt: skip
QUARANTINED = pl.any_horizontal(rule.broken for rule in RULES if rule.severity == "error")
