"""Scales of wellbeing: totals made of sub-scales, and the first and last rating of a pupil that may be compared."""

import csv
from functools import cache
from importlib.resources import files

import polars as pl

from sendlab.codes import read_codes
from sendlab.coverage import period_of_date

SDQ, BOXALL, ENGAGEMENT = "SDQ", "Boxall", "engagement model"
TOTAL_DIFFICULTIES = "TOT"
DIFFICULTIES = tuple(line.code for line in read_codes("sdq_subscale") if line.notes.get("in_total") == "1")
STRANDS = {
    section: tuple(line.code for line in read_codes("boxall_strand") if line.notes.get("section") == section)
    for section in ("developmental", "diagnostic")
}
# Which way is good, by instrument and scale: 1 up, -1 down; what is not here is not known.
GOOD: dict[tuple[str, str], int] = {
    **{(SDQ, line.code): -1 if line.notes.get("direction") == "lower_is_better" else 1
       for line in read_codes("sdq_subscale") if "direction" in line.notes},
    **{(BOXALL, strand): sign for section, sign in (("developmental", 1), ("diagnostic", -1))
       for strand in (section, *STRANDS[section])},
}  # fmt: skip
RATING = ("pupil_id", "school_id", "instrument", "rated_on", "rater", "version")
SAME = ("pupil_id", "instrument", "scale", "rater", "version")  # ratings that may be compared with one another


@cache
def reliabilities() -> pl.DataFrame:
    """Norm sd and reliability of scales: instrument, scale, rater, sd, reliability (reliability.csv, with sources).

    A scale that is not here has no verdict on a pupil's change.
    """
    with (files(__package__) / "reliability.csv").open(encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    return pl.DataFrame(rows).cast({"sd": pl.Float64, "reliability": pl.Float64}).drop("source")


def with_totals(wellbeing: pl.DataFrame) -> pl.DataFrame:
    """Ratings with the SDQ's total difficulties and Boxall's two halves added, where every part of them is there."""
    totals = [(SDQ, TOTAL_DIFFICULTIES, DIFFICULTIES), *((BOXALL, name, parts) for name, parts in STRANDS.items())]
    scored = wellbeing.filter(pl.col("score").is_not_null())
    parts = [_total(scored, *total).select(wellbeing.columns) for total in totals]
    return pl.concat([scored, *parts])


def _total(rows: pl.DataFrame, instrument: str, name: str, parts: tuple[str, ...]) -> pl.DataFrame:
    own = rows.filter(pl.col("instrument") == instrument)
    given = own.filter(pl.col("scale") == name).select(RATING)
    sums = own.filter(pl.col("scale").is_in(parts)).group_by(RATING).agg(
        pl.col("score").sum(), pl.len().alias("parts"), pl.col("is_baseline").any(),
    )  # fmt: skip
    whole = sums.filter(pl.col("parts") == len(parts)).join(given, on=RATING, how="anti", nulls_equal=True)
    return whole.with_columns(pl.lit(name).alias("scale"))


def first_and_last(ratings: pl.DataFrame) -> pl.DataFrame:
    """One row a pupil, scale, rater and academic year: the last rating of the year, and the one it starts from.

    A start is a rating marked as baseline; of a pupil, scale, rater and version without any mark, the earliest. Change
    runs from the latest start before the last rating, which may lie in an earlier year. A pupil with a start only in
    the year has `first` and no `last`. Adds `time_period`, `first`, `first_on`, `last`, `change` (last less first).
    """
    rows = ratings.with_columns(period_of_date("rated_on").alias("time_period")).sort(*SAME, "rated_on")
    marked = pl.col("is_baseline").fill_null(False)
    earliest = pl.col("rated_on") == pl.col("rated_on").min().over(SAME)
    rows = rows.with_columns(pl.when(marked.any().over(SAME)).then(marked).otherwise(earliest).alias("start"))
    rows = rows.with_columns(
        *(pl.when("start").then(name).forward_fill().over(SAME, order_by="rated_on").alias(alias)
          for name, alias in (("score", "first"), ("rated_on", "first_on"))),
        pl.when(~pl.col("start")).then("score").alias("last"),
    ).filter(pl.col("first").is_not_null())  # fmt: skip
    key = [name for name in SAME if name != "version"]
    latest = rows.sort(pl.col("last").is_null(), "rated_on", descending=[True, False]).unique(
        [*key, "time_period"], keep="last", maintain_order=True
    )
    return latest.with_columns((pl.col("last") - pl.col("first")).alias("change"))
