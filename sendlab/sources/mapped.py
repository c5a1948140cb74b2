"""Registers of schools read through a map of columns: GIAS establishments and links, lists of the performance tables.

Which column is which, and which code becomes which, stands in `mapped.toml`. Only the columns named there are read:
names of head teachers, telephone numbers and websites go nowhere. Sources: GIAS download of April 2025; lists of
schools of the performance tables, 2017/18 on.
"""

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

import polars as pl

from sendlab.codes import read_codes
from sendlab.schema.tables import TABLES
from sendlab.sources.convert import convert
from sendlab.sources.names import plain
from sendlab.sources.reading import Reading, as_declared
from sendlab.sources.text import LINE, TextTable

MAPS = ("gias", "links", "performance_list")
PHASE_OF_KIND = {"special": "SP", "alternative_provision": "PR"}  # a special school is special whatever its ages
FILLERS = r"\b(city|county|borough|council|royal|unitary|authority|of|the)\b"
EARLY = 1990  # the year before which `convert` takes no date: schools may have opened earlier


@cache
def settings() -> dict[str, Any]:
    """`mapped.toml`: one table for each format."""
    return tomllib.loads((files(__package__) / "mapped.toml").read_text(encoding="utf-8"))


def found_in(columns: list[str], wanted: list[str]) -> str | None:
    """The first of the wanted names that the file has, as the file spells it.

    >>> found_in(["urn", "LA_CODE"], ["LEA", "LA (code)"])
    'LA_CODE'
    """
    known = {plain(name): name for name in reversed(columns)}
    return next((known[plain(name)] for name in wanted if plain(name) in known), None)


def format_of(columns: list[str]) -> str:
    """The format that a header belongs to, in words."""
    return str(settings()[_map_of(columns) or MAPS[0]]["format"])


def table_of(columns: list[str]) -> str | None:
    """The declared table that a header belongs to, or nothing.

    >>> table_of(["URN", "LinkURN", "LinkName", "LinkType", "LinkEstablishedDate"])
    'school_links'
    """
    name = _map_of(columns)
    return None if name is None else str(settings()[name]["table"])


def _map_of(columns: list[str]) -> str | None:
    names = {plain(column) for column in columns}
    return next((name for name in MAPS if {plain(c) for c in settings()[name]["recognised_by"]} <= names), None)


def read(text: TextTable, table: str, given: dict[str, str]) -> Reading:
    """The file as the declared table `schools` or `school_links`; columns that it lacks are null and said."""
    name = _map_of(text.columns)
    if name is None:
        raise ValueError(f"not a format of this module: {table}")
    mapping = settings()[name]
    rows = text.rows.select(LINE, **_columns(text.columns, mapping))
    if "la_code" in mapping:
        rows = _with_codes(rows.with_columns(_school_id(text, mapping), _phase(text, mapping)), mapping)
    early = _early_dates(rows)
    undated = rows.with_columns(pl.when(early[day].is_null()).then(day).alias(day) for day in early.columns[1:])
    done = convert(undated, TABLES[table], file=text.name, sheet=text.sheet, source=text.source)
    dated = done.rows.join(early, on=LINE, how="left", maintain_order="left", suffix="_early")
    kept = dated.with_columns(pl.coalesce(day, f"{day}_early").alias(day) for day in early.columns[1:])
    return Reading({table: as_declared(kept, table)}, done.problems, not_run=done.not_run)


def _columns(columns: list[str], mapping: dict[str, Any]) -> dict[str, pl.Expr]:
    """{declared column: its cells, with the texts that stand for nothing blanked (but not in names)}."""
    found = {name: place for name, names in mapping["columns"].items() if (place := found_in(columns, names))}
    return {name: pl.col(place) if name == "school_name" else known(place) for name, place in found.items()}


def known(column: str) -> pl.Expr:
    """A column's cells without the texts that stand for nothing."""
    cell = pl.col(column)
    return pl.when(~cell.str.to_lowercase().is_in(settings()["null_texts"])).then(cell)


def _school_id(text: TextTable, mapping: dict[str, Any]) -> pl.Series:
    """LAESTAB: LA code and establishment number in four digits; the URN where there is no establishment number."""
    la_code, establishment = (found_in(text.columns, mapping[part]) for part in ("la_code", "establishment"))
    urn = found_in(text.columns, mapping["columns"]["school_urn"])
    return text.rows.select(school_id(la_code, establishment, urn).alias("school_id"))["school_id"]


def school_id(la_code: str | None, establishment: str | None, urn: str | None) -> pl.Expr:
    """LAESTAB from the two columns of those names, else the URN; digits only, else null."""
    la, number, other = (whole(name) if name else pl.lit(None, pl.String) for name in (la_code, establishment, urn))
    has_number = la.str.contains(r"^\d{3}$") & number.str.contains(r"^\d{1,4}$") & ~number.str.contains(r"^0+$")
    urn_alone = pl.when(other.str.contains(r"^\d{5,6}$")).then(other)
    return pl.when(has_number).then(la + number.str.zfill(4)).otherwise(urn_alone)


def whole(column: str) -> pl.Expr:
    """A column of codes without the '.0' that spreadsheets leave behind; leading zeros stay."""
    return pl.col(column).str.strip_suffix(".0")


def _phase(text: TextTable, mapping: dict[str, Any]) -> pl.Series:
    """Phase as in the census, by the file's own phase columns; `_with_codes` puts the kind of school first."""
    names = [found_in(text.columns, [wanted]) for wanted in mapping["phase_from"]]
    if None in names:
        return pl.Series("phase_code", [None] * text.rows.height, dtype=pl.String)
    code = pl.concat_str([whole(name) for name in names if name])
    mapped = code.replace_strict(mapping["phase"], default=None, return_dtype=pl.String)
    return text.rows.select(mapped.alias("phase_code"))["phase_code"]


def _with_codes(rows: pl.DataFrame, mapping: dict[str, Any]) -> pl.DataFrame:
    """Texts of types and states as codes ('02' is type 2); a special school's phase is special, a PRU's is PR."""
    for column, texts in mapping.get("texts", {}).items():
        if column in rows.columns:
            rows = rows.with_columns(pl.col(column).replace({**texts, **_any_case(rows[column], texts)}))
    if "establishment_type" not in rows.columns:
        return rows
    bare = pl.col("establishment_type").str.replace(r"^0+(\d)", "$1")
    rows = rows.with_columns(bare.alias("establishment_type"))
    by_type = pl.col("establishment_type").replace_strict(_phases_by_type(), default=None, return_dtype=pl.String)
    return rows.with_columns(pl.coalesce(by_type, "phase_code").alias("phase_code"))


def _any_case(cells: pl.Series, texts: dict[str, str]) -> dict[str, str]:
    return {cell: texts[cell.lower()] for cell in cells.drop_nulls().unique() if cell.lower() in texts}


@cache
def _phases_by_type() -> dict[str, str]:
    kinds = {line.code: line.notes.get("kind", "").split(" ")[0] for line in read_codes("gias_establishment_type")}
    return {code: PHASE_OF_KIND[kind] for code, kind in kinds.items() if kind in PHASE_OF_KIND}


def _early_dates(rows: pl.DataFrame) -> pl.DataFrame:
    """LINE and, for each column of dates, the dates before 1990 written dd-mm-yyyy or dd/mm/yyyy."""
    days = [name for name in ("open_date", "close_date", "link_date") if name in rows.columns]
    day = [pl.col(name).str.replace_all("/", "-").str.to_date("%d-%m-%Y", strict=False).alias(name) for name in days]
    dates = rows.select(LINE, *day)
    return dates.with_columns(
        pl.when(pl.col(name).dt.year().is_between(1000, EARLY - 1)).then(name).alias(name) for name in days
    )


def is_region(number: pl.Expr) -> pl.Expr:
    """Whether a number in the place of an LA code is that of England or of a region."""
    wider = [str(number) for number in range(*settings()["regions"]["numbers"])]
    return number.is_in([*wider, *settings()["regions"]["england"]])


@cache
def authorities() -> dict[str, str]:
    """{code: name} of authorities: without codes that are no longer three digits."""
    return {line.code: line.label for line in read_codes("local_authority") if re.fullmatch(r"\d{3}", line.code)}


def authority_code(text: str | None) -> str | None:
    """The code of an authority from its code or its name; nothing where it is unknown, or could be two.

    >>> [authority_code(text) for text in ("308", "Durham", "Windsor & Maidenhead", "Atlantis")]
    ['308', '840', '868', None]
    """
    if text is None or text in authorities():
        return text
    if text.lower() in {line.label.lower() for line in read_codes("region")}:
        return None  # London is a region; the City of London is an authority
    found = _codes_by_name().get(_bare(text), set())
    return next(iter(found)) if len(found) == 1 else None


def _bare(name: str) -> str:
    """An authority's name without what differs by source: City of, County of, Borough, '&', brackets, punctuation."""
    lowered = re.sub(r"\(.*?\)", "", name.lower()).replace("&", " and ")
    return plain(re.sub(FILLERS, " ", lowered)) or plain(name)


@cache
def _codes_by_name() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for code, label in authorities().items():
        found.setdefault(_bare(label), set()).add(code)
    return found
