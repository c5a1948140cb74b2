"""Self-evaluation: the 45 statements now, as a target, and the gap; a rating of 0 (not applicable) counts nowhere."""

from collections.abc import Callable

import polars as pl

from sendlab.codes import read_codes
from sendlab.metrics.cards import card
from sendlab.metrics.grouping import either_kind
from sendlab.schema.groups import TOTAL
from sendlab.schema.measures import as_measures

NOT_APPLICABLE = 0
SUMS: dict[str, Callable[[], pl.Expr]] = {
    "sef_now": lambda: pl.col("now"),
    "sef_target": lambda: pl.when(pl.col("now").is_not_null()).then("target"),  # as the gap: rated now, with a target
    "sef_gap": lambda: pl.col("target") - pl.col("now"),
}


@either_kind
def self_evaluation(ratings: pl.DataFrame, places: pl.DataFrame, *, la_code: str, la_name: str) -> pl.DataFrame:
    """Mean rating now, target and gap by statement, section and in all, for each school and for the LA.

    `ratings`: the declared table; the latest round of each school and year counts. `places`: school_id, place_code,
    place_name, education_phase. `item` is a statement (O1), a section, or Total. The LA's figure is the mean over
    schools' ratings. 0 and blanks are left out of every mean and count. No interval: judgements are no sample.
    """
    latest = ratings.filter(pl.col("rated_on") == pl.col("rated_on").max().over("school_id", "time_period"))
    sections = {line.code: line.notes["section"] for line in read_codes("sef_statement")}
    rows = latest.join(places, on="school_id").with_columns(
        pl.when(pl.col("rating_now") != NOT_APPLICABLE).then("rating_now").alias("now"),
        pl.when(pl.col("rating_target") != NOT_APPLICABLE).then("rating_target").alias("target"),
        pl.col("statement").replace_strict(sections, default=None, return_dtype=pl.String).alias("section"),
        pl.lit(la_code).alias("la_code"), pl.lit(la_name).alias("la_name"), pl.lit(TOTAL).alias("all"),
    )  # fmt: skip
    rows = rows.filter(pl.col("section").is_not_null())
    parts = [
        _measure(rows, measure, level, item)
        for measure in SUMS
        for level in ("School", "Local authority")
        for item in ("statement", "section", "all")
    ]
    return as_measures(pl.concat(parts)) if parts else as_measures(pl.DataFrame())


def _measure(rows: pl.DataFrame, measure: str, level: str, item: str) -> pl.DataFrame:
    place = ("place_code", "place_name", "education_phase") if level == "School" else ("la_code", "la_name", "all")
    keys = {"place_code": place[0], "place_name": place[1], "education_phase": place[2], "item": item}
    figure = SUMS[measure]()
    sums = rows.group_by("time_period", *(pl.col(column).alias(name) for name, column in keys.items())).agg(
        figure.sum().cast(pl.Float64).alias("numerator"),
        figure.count().cast(pl.Float64).alias("denominator"),
        pl.col("rated_on").max().alias("data_to"),
    )
    rated = pl.col("denominator") > 0
    return sums.with_columns(
        pl.lit(measure).alias("measure"), pl.lit("Academic year").alias("time_identifier"),
        pl.lit(level).alias("geographic_level"), pl.lit(card(measure).unit).alias("unit"),
        pl.when(rated).then("numerator").alias("numerator"),
        pl.when(rated).then(pl.col("numerator") / pl.col("denominator")).alias("value"),
        pl.when(rated).then(pl.lit("")).otherwise(pl.lit("z")).alias("status"),
        pl.when(rated).then(pl.lit("")).otherwise(pl.lit("not rated, or not applicable")).alias("note"),
    ).sort("time_period", "place_code", "item")  # fmt: skip
