"""Explore Education Statistics: open-data files, recognised by their columns, as benchmark rows for our measures.

Values stay as published: never recomputed, symbols kept beside a missing value. Only national rows are taken; an
LA's own published row would be a second answer to what the LA's files say.
Source of the layout: DfE analysts' guide, open data standards; data dictionary of the EES screener.
"""

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

import polars as pl

from sendlab.schema.groups import TOTAL
from sendlab.schema.numbers import read_numbers
from sendlab.schema.problems import file_problem, join_problems, no_problems, row_problems
from sendlab.schema.tables import TABLES
from sendlab.sources.reading import Reading, as_declared
from sendlab.sources.text import LINE, TextTable, read_text_table

FORMAT = "EES data"
META_FORMAT = "EES meta"
MANDATORY = ("time_period", "time_identifier", "geographic_level")
META_COLUMNS = ("col_name", "col_type", "label")
NATIONAL, AUTHORITY = "national", "local authority"
PLACES = {  # level as in the file, in lower case: our name of it, columns of the place's code and name
    NATIONAL: ("National", "country_code", "country_name"),
    AUTHORITY: ("Local authority", "old_la_code", "la_name"),
}
# Columns that say when and where a row is (EES data standards): no filters.
STANDARD = re.compile(
    r"time_(period|identifier)|geographic_level"
    r"|(country|region|local_authority|school|multi_academy_trust|sponsor|ward|pcon|parliamentary_constituency|lad"
    r"|local_authority_district|lep|local_enterprise_partnership|mayoral_combined_authority|opportunity_area"
    r"|rsc_region_lead|english_devolved_area|provider)_(code|name|urn|laestab|ukprn)|((old|new)_)?la_(code|name)"
)
ALL_OF_IT, ALL_OF_A_PART = r"(?i)^(total|all|all .*)$", r"(?i)^all sen\b"  # "All SEN provision" is not all pupils


@cache
def _settings() -> dict[str, Any]:
    return tomllib.loads((files(__package__) / "ees_maps.toml").read_text(encoding="utf-8"))


def is_ees(header: list[str]) -> bool:
    """Whether a header is that of an EES data file, or would be but for one mandatory column."""
    names = {name.strip().lower() for name in header}
    return "geographic_level" in names and len(names & set(MANDATORY)) > 1


def is_meta(header: list[str]) -> bool:
    """Whether a header is that of an EES meta file, or would be but for one column."""
    return len({name.strip().lower() for name in header} & set(META_COLUMNS)) > 1


def find_map(header: list[str]) -> dict[str, Any] | None:
    """The first map whose columns are all in the header; one without a phase gets the file's phase column, if any."""
    found = next((m for m in _settings()["map"] if set(m["columns"]) <= set(header)), None)
    phase = next((c for c in _settings()["phase_if_there"]["columns"] if c in header), None)
    if found is None or phase is None or "phase" in found:
        return found
    return {**found, "phase": {"column": phase, "values": _settings()["phase_if_there"]["values"]}}


def read_authorities(text: TextTable) -> pl.DataFrame:
    """Rows of authorities of a known file, in the columns of the table `benchmarks`; none where it is not known.

    For ranks among authorities alone: they are no comparators of figures made here, and stand in no declared table.
    """
    found = find_map(text.columns) if {*MANDATORY, *PLACES[AUTHORITY][1:]} <= set(text.columns) else None
    if found is None:
        return _empty().drop(LINE)
    rows, _ = _chosen(text, found, AUTHORITY)
    tables = [
        _indicator(rows, name, columns, found, text.name, AUTHORITY)[0] for name, columns in found["indicators"].items()
    ]
    return _without_repeats(pl.concat(tables), text.name)[0].drop(LINE)


def read_benchmarks(text: TextTable) -> Reading:
    """National rows of a known file as the declared table `benchmarks`, in published units.

    A column that breaks the rows down and that the map does not name must be at its total. Rows that still share a
    key give no benchmark, none of them: which of them is meant cannot be known. Every row of the file is loaded, for
    `ingest` keeps published files whole, as text with their symbols.
    """
    found = find_map(text.columns) if set(MANDATORY) <= set(text.columns) else None
    if found is None:
        problem = file_problem(
            file=text.name, rule="no_measure", severity="query", count=text.rows.height,
            message="an EES file that holds no indicator sendlab compares with: kept as text", remedy="nothing to do",
        )  # fmt: skip
        return Reading({"benchmarks": as_declared(_empty(), "benchmarks")}, problem)
    rows, unread_filters = _chosen(text, found)
    tables, problems = [], [unread_filters]
    for measure, names in found["indicators"].items():
        table, bad = _indicator(rows, measure, names, found, text.name)
        tables.append(table)
        problems.append(bad)
    made, repeated = _without_repeats(pl.concat(tables), text.name)
    return Reading({"benchmarks": as_declared(made, "benchmarks")}, join_problems([*problems, repeated]))


def _empty() -> pl.DataFrame:
    return pl.DataFrame(schema={LINE: pl.Int64, **TABLES["benchmarks"].polars_schema})


def _without_repeats(rows: pl.DataFrame, file: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    repeated = ~pl.struct(TABLES["benchmarks"].key).is_unique()
    lines = rows.filter(repeated)[LINE].unique().sort()
    problems = row_problems(
        lines, file=file, column="", rule="duplicate_benchmark", severity="query",
        message="another row gives a figure for the same measure, period and group: neither is compared with",
        remedy="fetch the file again with one row for each period and group",
    )  # fmt: skip
    return rows.filter(~pl.col(LINE).is_in(lines.implode())), problems


def _named(found: dict[str, Any]) -> set[str]:
    """The columns that a map uses to choose rows."""
    return {found[part]["column"] for part in ("phase", "provision", "term") if part in found} | {
        *found.get("where", {})
    }


def _other_filters(text: TextTable, found: dict[str, Any]) -> list[str]:
    """Columns that break the rows down and that the map does not name: neither standard, nor mapped, nor indicators."""
    types = _types_in_meta(text)
    indicators = {column for names in found["indicators"].values() for column in names.values()} | {*found["columns"]}
    left = [c for c in text.columns if not STANDARD.fullmatch(c) and c not in _named(found) | indicators]
    return [c for c in left if types.get(c, "") != "indicator" and (c in types or not _is_numeric(text.rows[c]))]


def _is_numeric(column: pl.Series) -> bool:
    return not read_numbers(column.unique()).unread


def _types_in_meta(text: TextTable) -> dict[str, str]:
    """Column -> filter or indicator, from the meta file beside the data file where there is one."""
    path = text.path.with_name(re.sub(r"(?i)\.csv(\.gz)?$", "", text.name) + ".meta.csv")
    if not path.is_file():
        return {}
    rows = read_text_table(path, repeats=True).rows
    known = {name.lower(): name for name in reversed(rows.columns)}
    if not {"col_name", "col_type"} <= set(known):
        return {}
    rows = rows.select(pl.col(known[name]).alias(name) for name in ("col_name", "col_type")).drop_nulls()
    return dict(zip(rows["col_name"], rows["col_type"].str.to_lowercase(), strict=True))


def _chosen(text: TextTable, found: dict[str, Any], level: str = NATIONAL) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows that the map asks for, and filters that have no total to be taken at."""
    rows, others = text.rows, _other_filters(text, found)
    mapped = rows.filter(_asked_for(found, level))
    at_total = mapped.select(
        (pl.col(c).str.contains(ALL_OF_IT) & ~pl.col(c).str.contains(ALL_OF_A_PART)).fill_null(False) for c in others
    )
    chosen = mapped.filter(at_total.select(pl.all_horizontal(pl.all())).to_series()) if others else mapped
    no_total = [c for c in others if mapped.height and not at_total[c].any()]
    problems = [
        file_problem(
            file=text.name, rule="no_total", severity="query", count=mapped.height, column=column,
            message=f"the file is broken down by {column} and holds no total of it: no figure taken",
            remedy=f"fetch the file with the total of {column}",
        )
        for column in no_total
    ]  # fmt: skip
    return chosen, join_problems(problems)


def _asked_for(found: dict[str, Any], level: str) -> pl.Expr:
    keep = pl.col("geographic_level").str.to_lowercase() == level
    for column, values in found.get("where", {}).items():
        keep &= pl.col(column).is_in(values)
    for part in ("phase", "provision", "term"):
        if part in found:
            keep &= pl.col(found[part]["column"]).is_in(list(found[part]["values"]))
    return keep


def _indicator(
    rows: pl.DataFrame, measure: str, names: dict[str, str], found: dict[str, Any], file: str, level: str = NATIONAL
) -> Any:
    level_name, code, name_of_place = PLACES[level]
    absent = [name for name in names.values() if name not in rows.columns]
    if absent:
        message = f"column(s) {', '.join(absent)} of measure {measure} are not in the file"
        return _empty(), file_problem(file=file, rule="indicator_missing", severity="query", message=message,
                                      remedy="fetch the file with all its indicators")  # fmt: skip
    read = {part: read_numbers(rows[name]) for part, name in names.items()}
    frame = rows.select(
        pl.col(LINE),
        pl.lit(measure).alias("measure"),
        pl.col("time_period").str.strip_suffix(".0"),
        _mapped(found, "term", pl.lit(found["time_identifier"]) if "time_identifier" in found else _identifier()),
        pl.lit(level_name).alias("geographic_level"),
        pl.col(code).alias("place_code"),
        pl.col(name_of_place).alias("place_name"),
        _mapped(found, "phase", pl.lit(TOTAL)).alias("education_phase"),
        _mapped(found, "provision", pl.lit(TOTAL)).alias("sen_provision"),
        pl.lit(TOTAL).alias("need_area"),
    )
    numbers = [
        read[part].values.alias(part) if part in read else pl.lit(None, dtype=pl.Float64).alias(part)
        for part in ("numerator", "denominator", "value")
    ]
    frame = frame.with_columns(
        *numbers,
        read["value"].status.alias("symbol"),
        pl.lit(file).alias("source_file"),
    )
    bad = [_unreadable(rows, read[part].unread, names[part], file) for part in read]
    return frame.select(list(_empty().columns)), join_problems([no_problems(), *bad])


def _identifier() -> pl.Expr:
    text = pl.col("time_identifier")
    return (text.str.slice(0, 1).str.to_uppercase() + text.str.slice(1).str.to_lowercase()).alias("time_identifier")


def _mapped(found: dict[str, Any], part: str, otherwise: pl.Expr) -> pl.Expr:
    if part not in found:
        return otherwise.alias("time_identifier") if part == "term" else otherwise
    made = pl.col(found[part]["column"]).replace_strict(found[part]["values"], return_dtype=pl.String)
    return made.alias("time_identifier") if part == "term" else made


def _unreadable(rows: pl.DataFrame, places: list[int], column: str, file: str) -> pl.DataFrame:
    lines = rows[LINE].gather(places) if places else rows[LINE].clear()
    return row_problems(
        lines,
        file=file,
        column=column,
        rule="number_unreadable",
        severity="query",
        message=f"{column} is neither a number nor a known symbol",
        remedy="check the file",
    )
