"""Explore Education Statistics: open-data files, recognised by their columns, as benchmark rows for our measures.

Values stay as published: never recomputed, symbols kept beside a missing value. Only national rows are taken; an
LA's own published row would be a second answer to what the LA's files say.
Source of the layout: DfE analysts' guide, open data standards; data dictionary of the EES screener.
"""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

import polars as pl

from sendlab.schema.groups import TOTAL
from sendlab.schema.numbers import read_numbers
from sendlab.schema.problems import file_problem, join_problems, no_problems, row_problems
from sendlab.schema.tables import TABLES
from sendlab.sources.convert import Converted
from sendlab.sources.text import LINE, TextTable

FORMAT = "EES data"
META_FORMAT = "EES meta"
MANDATORY = ("time_period", "time_identifier", "geographic_level")
META_COLUMNS = ("col_name", "col_type", "label")
NATIONAL = "national"


@cache
def _maps() -> list[dict[str, Any]]:
    text = (files(__package__) / "ees_maps.toml").read_text(encoding="utf-8")
    return list(tomllib.loads(text)["map"])


def is_ees(header: list[str]) -> bool:
    """Whether a header is that of an EES data file."""
    return set(MANDATORY) <= {name.strip().lower() for name in header}


def is_meta(header: list[str]) -> bool:
    """Whether a header is that of an EES meta file."""
    return set(META_COLUMNS) <= {name.strip().lower() for name in header}


def find_map(header: list[str]) -> dict[str, Any] | None:
    """The first map whose columns are all in the header."""
    return next((m for m in _maps() if set(m["columns"]) <= set(header)), None)


def read_benchmarks(text: TextTable) -> Converted:
    """National rows of a known file as the declared table `benchmarks`, in published units.

    A file that no map knows is said to be unknown and gives no rows; its rows are not counted as loaded.
    """
    found = find_map(text.columns)
    if found is None:
        problem = file_problem(
            file=text.name, rule="no_measure", severity="warning", count=text.rows.height,
            message="an EES file that holds no indicator sendlab compares with", remedy="nothing to do, or remove it",
        )  # fmt: skip
        return Converted(_empty(), problem)
    rows, left_out = _chosen(text.rows, found)
    tables, problems = [], []
    for measure, names in found["indicators"].items():
        table, bad = _indicator(rows, measure, names, found, text.name)
        tables.append(table)
        problems.append(bad)
    return Converted(pl.concat(tables), join_problems(problems), left_aside=left_out)


def _empty() -> pl.DataFrame:
    return pl.DataFrame(schema={LINE: pl.Int64, **TABLES["benchmarks"].polars_schema})


def _chosen(rows: pl.DataFrame, found: dict[str, Any]) -> tuple[pl.DataFrame, int]:
    keep = pl.col("geographic_level").str.to_lowercase() == NATIONAL
    for column, values in found.get("where", {}).items():
        keep &= pl.col(column).is_in(values)
    for part in ("phase", "provision", "term"):
        if part in found:
            keep &= pl.col(found[part]["column"]).is_in(list(found[part]["values"]))
    chosen = rows.filter(keep)
    return chosen, rows.height - chosen.height


def _indicator(rows: pl.DataFrame, measure: str, names: dict[str, str], found: dict[str, Any], file: str) -> Any:
    absent = [name for name in names.values() if name not in rows.columns]
    if absent:
        message = f"column(s) {', '.join(absent)} of measure {measure} are not in the file"
        return _empty(), file_problem(file=file, rule="indicator_missing", severity="warning", message=message,
                                      remedy="fetch the file with all its indicators")  # fmt: skip
    read = {part: read_numbers(rows[name]) for part, name in names.items()}
    frame = rows.select(
        pl.col(LINE),
        pl.lit(measure).alias("measure"),
        pl.col("time_period").str.strip_suffix(".0"),
        _mapped(found, "term", pl.lit(found["time_identifier"]) if "time_identifier" in found else _identifier()),
        pl.lit("National").alias("geographic_level"),
        pl.col("country_code").alias("place_code"),
        pl.col("country_name").alias("place_name"),
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
        pl.lit(None, dtype=pl.String).alias("unit"),
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
        severity="warning",
        message=f"{column} is neither a number nor a known symbol",
        remedy="check the file",
    )
