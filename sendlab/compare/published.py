"""What published figures must be to stand beside ours: of a declared measure, in its unit and within its range."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

import polars as pl

from sendlab.codes import symbols
from sendlab.compare.sides import MAX_AGE, year_of
from sendlab.metrics.cards import cards, package_cards
from sendlab.schema.groups import TOTAL

HISTORY = "history: more than two years before the latest figures; fetch a newer file"
PUBLISHED = "published"
NATION, ENGLAND_CODE = "National", "E92000001"
_MARK = {"suppressed": "c", "not_applicable": "z", "low": "low", "unreliable": "u"}
_RANGE_OF_UNIT = {"%": (0.0, 100.0), "per": (0.0, float("inf"))}


@cache
def declared() -> dict[str, Any]:
    """indicators.toml, whose head says what each key means; ValueError where a unit or polarity is not its card's."""
    found = tomllib.loads((files(__package__) / "indicators.toml").read_text(encoding="utf-8"))
    for name, about in found["measures"].items():
        card = package_cards().get(name)
        if card is not None and (card.unit, card.polarity) != (about["unit"], about["polarity"]):
            raise ValueError(f"indicators.toml: unit or polarity of '{name}' is not that of its card")
    return found


@cache
def series() -> pl.DataFrame:
    """One row a series: `indicator`, measure, groups, unit, kind of period, meaning of a year, places and range."""
    rows = [
        {
            "indicator": name, "measure": measure, "unit": about["unit"], "time_identifier": about["time_identifier"],
            "year": about["year"], "decimals": about["decimals"], "lowest": float(about["range"][0]),
            "highest": float(about["range"][1]), "education_phase": groups.get("education_phase", TOTAL),
            "sen_provision": groups.get("sen_provision", TOTAL), "item": groups.get("item", TOTAL),
        }
        for measure, about in declared()["measures"].items()
        for name, groups in about["series"].items()
    ]  # fmt: skip
    return pl.DataFrame(rows)


def ranges(measures: pl.Series) -> pl.DataFrame:
    """`lowest` and `highest` value of each measure: as declared, else what its unit allows (percentages: 0 to 100)."""
    known = {name: tuple(map(float, about["range"])) for name, about in declared()["measures"].items()}
    rows = [(name, *(known.get(name) or _of_unit(name))) for name in measures.unique().to_list()]
    schema = {"measure": pl.String, "lowest": pl.Float64, "highest": pl.Float64}
    table = pl.DataFrame(rows, schema=schema, orient="row")
    return pl.DataFrame({"measure": measures}).join(table, on="measure", how="left", maintain_order="left")


def _of_unit(measure: str) -> tuple[float, float]:
    unit = cards()[measure].unit if measure in cards() else ""
    return _RANGE_OF_UNIT.get(unit.split(" ")[0], (-float("inf"), float("inf")))


def mark() -> pl.Expr:
    """The status of a published figure from `value` and `symbol`: "" with a value, else c, z, low, u or x."""
    kinds = {name: _MARK.get(kind, "x") for name, kind in symbols().items()}
    told = pl.col("symbol").str.to_lowercase().replace_strict(kinds, default="x", return_dtype=pl.String)
    return pl.when(pl.col("value").is_not_null()).then(pl.lit("")).otherwise(told.fill_null("x"))


def within_range(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows (with `lowest`, `highest`, `vintage`) with impossible values taken out: status x, and the place of it."""
    beyond = (pl.col("value") < pl.col("lowest")) | (pl.col("value") > pl.col("highest"))
    why = pl.format("refused: {} lies outside {} to {} ({}, {})", "value", "lowest", "highest", "place_name", "vintage")
    return rows.with_columns(
        pl.when(~beyond).then("value").alias("value"),
        pl.when(beyond).then(pl.lit("x")).otherwise("status").alias("status"),
        pl.when(beyond).then(why).otherwise("note").alias("note"),
    ).drop("lowest", "highest")


def dated(rows: pl.DataFrame, latest: str) -> pl.DataFrame:
    """Rows (with `vintage`) with their vintage said in the note; those too old to compare with are history."""
    age = int(latest[:4]) - year_of("time_period") if latest else pl.lit(0)
    source = pl.concat_str(pl.lit("published in "), "vintage")
    old = pl.concat_str(pl.lit(f"{HISTORY}: "), "vintage")
    said = pl.when(age > MAX_AGE).then(old).when(pl.col("note") == "").then(source).otherwise("note")
    return rows.with_columns(said.alias("note")).drop("vintage")
