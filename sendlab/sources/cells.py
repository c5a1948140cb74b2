"""Cells of text as the declared kinds: dates, flags, numbers, periods and codes, in every way that files write them.

Source of the ways met: formats.md section 10 (dirt to expect) of the project's domain notes; codes: `sendlab/codes`.
Nothing is guessed: what no rule reads is reported by `convert`, never turned into another value.
"""

import re
from collections.abc import Callable
from datetime import date
from functools import cache

import polars as pl

from sendlab.codes import read_codes
from sendlab.schema.groups import TERMS
from sendlab.schema.numbers import read_numbers
from sendlab.schema.tables import Column

DATE_FORMATS = ("%Y-%b-%d", "%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%d %b %Y", "%d-%b-%Y", "%d %B %Y",
                "%d/%m/%y", "%d-%m-%y", "%d-%b-%y", "%Y%m%d")  # fmt: skip
YEARS = (1990, 2100)  # "16/10/24" also reads as the year 24: a date outside is no date
FILLER_DATES = (date(1900, 1, 1), date(9999, 12, 31))
EXCEL_DAYS = (25_000, 75_000)  # serial numbers of 1968 to 2105, counted from 1899-12-30
NULL_TEXTS = ("null", "n/a", "na", "#n/a", "none", "nil", "nan", "-", "--")  # no code and no date is called so
TRUE_TEXTS, FALSE_TEXTS = ("1", "true", "t", "y", "yes", "1.0"), ("0", "false", "f", "n", "no", "0.0")
TERM_TEXTS = {**{term.lower(): term for term in TERMS}, **{term.split()[0].lower(): term for term in TERMS},
              "aut": TERMS[0], "spr": TERMS[1], "sum": TERMS[2]}  # fmt: skip
RENAMED_CODES = {"suspension_category": {"fixd": "SUSP"}}  # older code -> the one it became: one event, one key
PROVISION_TEXTS = {"ehcp": "E", "ehc plan": "E", "education, health and care plan": "E", "sen support": "K",
                   "no sen": "N", "no sen provision": "N", "no special educational need": "N", "none": "N",
                   "statement": "S"}  # fmt: skip
SEX_TEXTS = {"male": "M", "female": "F", "boy": "M", "girl": "F", "unknown": "U"}

SCHOOL_NUMBERS = ("school_id", "school_urn", "link_urn", "setting_urn", "destination_school_id")
SCHOOL_ID = r"^[A-Za-z0-9/,.+-]{1,16}$"  # a number or an id of a system; a name is neither
ROUNDED = r"^\d(\.\d+)?[eE]\+?\d+$"  # 1.23E+05: a spreadsheet has rounded the number away
EXACT = 2**53  # whole numbers beyond it are no longer told apart

Read = tuple[pl.Series, pl.Series]  # values; True where a cell holds something that no rule reads


def read_text(text: pl.Series, column: Column) -> Read:
    """Text; codes in the spelling of their code set, whatever their case, '.0' or label behind them."""
    if column.name in SCHOOL_NUMBERS:
        return text, (text.str.contains(ROUNDED) | ~text.str.contains(SCHOOL_ID)).fill_null(False)
    if column.name == "term":
        return text.str.to_lowercase().replace(TERM_TEXTS), _none(text)
    if column.allowed and not column.codes:
        return _spelt(text, {value.lower(): value for value in column.allowed}), _none(text)
    if not column.codes:
        return text, _none(text)
    return _spelt(FORMERLY.get(column.codes, _as_it_is)(text), _spellings(column.codes)), _none(text)


@cache
def _spellings(name: str) -> dict[str, str]:
    """{text in lower case: code}: labels, other names (note `also`), codes; what stands for two codes is left out."""
    lines = read_codes(name)
    words = [(word.strip().lower(), line.code) for line in lines
             for word in (line.label, *line.notes.get("also", "").split("|")) if word.strip()]  # fmt: skip
    codes_of = {word: {code for other, code in words if other == word} for word, _ in words}
    labels = {word: codes.pop() for word, codes in codes_of.items() if len(codes) == 1}
    return labels | {line.code.lower(): line.code for line in lines} | RENAMED_CODES.get(name, {})


def _spelt(text: pl.Series, known: dict[str, str]) -> pl.Series:
    """Each text in the spelling of a known one: as it stands, without '.0', or by what stands before ' - '."""
    lowered = text.str.to_lowercase()
    tries = [lowered, lowered.str.strip_suffix(".0"), lowered.str.extract(r"^(\S+)\s+[-–:]\s", 1)]
    found = [place.replace_strict(known, default=None, return_dtype=pl.String).alias(str(i)) for i, place in
             enumerate(tries)]  # fmt: skip
    return pl.DataFrame([*found, text.alias("text")]).select(pl.coalesce(pl.all()).alias(text.name)).to_series()


def _as_it_is(text: pl.Series) -> pl.Series:
    return text


def _provision(text: pl.Series) -> pl.Series:
    """SEN provision from 'K', 'K - SEN support', 'SEN Support (K)', 'EHCP': by leading code, else by known text."""
    lowered = text.str.to_lowercase()
    lead = text.str.extract(r"^([A-Za-z])(?:\s*[-–:].*)?$", 1).str.to_uppercase()
    known = lowered.str.replace(r"\s*\([a-z]\)$", "").replace_strict(
        PROVISION_TEXTS, default=None, return_dtype=pl.String
    )
    frame = pl.DataFrame({"lead": lead, "known": known, "text": text})
    return frame.select(pl.coalesce("lead", "known", "text"))["lead"]


def _nc_year(text: pl.Series) -> pl.Series:
    """National curriculum year from '01', 'Year 1', 'Yr1', 'Rec' or 'Reception'."""
    plain = text.str.to_uppercase().str.replace(r"^(YEAR|YR|Y)\s*", "").str.strip_suffix(".0")
    return plain.str.replace(r"^0+(\d)", "$1").replace({"REC": "R", "RECEPTION": "R"})


def _sex(text: pl.Series) -> pl.Series:
    return text.str.to_lowercase().replace(SEX_TEXTS)


def _need(text: pl.Series) -> pl.Series:
    """Need code; 'NONE' and 'Not applicable' stand for no need at all."""
    return text.set(text.str.to_lowercase().is_in(["none", "not applicable"]).fill_null(False), None)


FORMERLY: dict[str, Callable[[pl.Series], pl.Series]] = {
    "sen_provision": _provision, "nc_year": _nc_year, "sex": _sex, "sen_need_type": _need,
}  # fmt: skip


def read_number(text: pl.Series, column: Column) -> Read:
    """Numbers; thousands commas are read, fractions of a whole number are not."""
    read = read_numbers(text)
    unread = _none(text).scatter(read.unread, True) if read.unread else _none(text)
    if column.kind == "integer":
        no_integer = ((read.values != read.values.floor()) | (read.values.abs() > EXACT)).fill_null(False)
        return read.values.set(no_integer, None).cast(pl.Int64), unread | no_integer
    return read.values, unread


def read_date(text: pl.Series, column: Column) -> Read:
    """Days; day before month, never guessed otherwise; Excel's serial numbers; fillers such as 1900-01-01 are blank."""
    bare = text.str.replace(r"[ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?Z?$", "")
    tries = pl.DataFrame([bare.str.to_date(form, strict=False).alias(form) for form in DATE_FORMATS])
    tries = tries.with_columns(_excel_day(bare).alias("excel"))
    filler = tries.select(pl.any_horizontal(pl.all().is_in(FILLER_DATES))).to_series().fill_null(False)
    possible = pl.when(pl.all().dt.year().is_between(*YEARS)).then(pl.all())
    dates = tries.select(possible).select(pl.coalesce(pl.all()).alias(text.name)).to_series()
    blank = text.is_null() | text.str.to_lowercase().is_in(NULL_TEXTS).fill_null(False)
    return dates, dates.is_null() & ~blank & ~filler


def _excel_day(text: pl.Series) -> pl.Series:
    serial = text.str.extract(r"^(\d{5})(?:\.\d+)?$", 1).cast(pl.Int32)
    frame = pl.DataFrame({"serial": serial}).with_columns(base=pl.lit(date(1899, 12, 30)))
    day = pl.when(pl.col("serial").is_between(*EXCEL_DAYS)).then(pl.col("base") + pl.duration(days="serial"))
    return frame.select(day.cast(pl.Date))["base"]


def read_flag(text: pl.Series, column: Column) -> Read:
    """Yes and no."""
    lowered = text.str.to_lowercase()
    mapping = {**dict.fromkeys(TRUE_TEXTS, True), **dict.fromkeys(FALSE_TEXTS, False)}
    flags = lowered.replace_strict(mapping, default=None, return_dtype=pl.Boolean)
    return flags, flags.is_null() & lowered.is_not_null() & ~lowered.is_in(NULL_TEXTS).fill_null(False)


def read_period(text: pl.Series, column: Column) -> Read:
    """Academic years as six digits."""
    known = {value: period_of(value) for value in text.unique()}
    periods = text.replace_strict(known, default=None, return_dtype=pl.String)
    return periods, periods.is_null() & text.is_not_null()


def period_of(text: str | None) -> str | None:
    """The academic year as six digits, or nothing where the text does not say one.

    >>> period_of("2024/25"), period_of("2024-2025"), period_of("202425"), period_of("2024")
    ('202425', '202425', '202425', None)
    """
    match = re.fullmatch(r"(20\d\d)\s*[/_ -]?\s*(?:20)?(\d\d)", (text or "").strip())
    if not match or (int(match[1]) + 1) % 100 != int(match[2]):
        return None
    return match[1] + match[2]


def academic_year(day: str) -> str:
    """The academic year of an ISO date, from 1 August, as six digits.

    >>> academic_year("2026-07-31"), academic_year("2026-08-01")
    ('202526', '202627')
    """
    start = int(day[:4]) - (int(day[5:7]) < 8)
    return f"{start}{(start + 1) % 100:02}"


def _none(series: pl.Series) -> pl.Series:
    return pl.repeat(False, len(series), eager=True)


READERS: dict[str, Callable[[pl.Series, Column], Read]] = {
    "text": read_text,
    "integer": read_number,
    "number": read_number,
    "date": read_date,
    "flag": read_flag,
    "period": read_period,
}
