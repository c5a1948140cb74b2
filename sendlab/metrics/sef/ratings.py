"""Self-evaluation ratings as rows of schools: the rounds, the sections, and 0 left out everywhere."""

import polars as pl

from sendlab.codes import read_codes
from sendlab.schema.groups import TOTAL

NOT_APPLICABLE = 0
# Bands of the SEND self-evaluation tool of a local authority (2023); its lowest band, 0 to 3, loses the 0, for there
# 0 says "not applicable".
BANDS = {"7 to 10": (7, 10), "4 to 6": (4, 6), "1 to 3": (1, 3)}
CASE_STUDY = 8  # from here on a school has outstanding practice to share
ROUND = ("school_id", "time_period")


def sections() -> dict[str, str]:
    """{statement: section}: 45 statements in seven sections, numbered as in the tool."""
    return {line.code: line.notes["section"] for line in read_codes("sef_statement")}


def rated(ratings: pl.DataFrame, places: pl.DataFrame, *, la_code: str, la_name: str) -> pl.DataFrame:
    """Ratings of every round beside their school: `now` and `target` (0 is missing there), `section`.

    `places`: school_id, place_code, place_name, education_phase; a school that is not in it is left out, and so is a
    statement that the tool does not have.
    """
    joined = ratings.join(places, on="school_id").with_columns(
        pl.when(pl.col("rating_now") != NOT_APPLICABLE).then("rating_now").alias("now"),
        pl.when(pl.col("rating_target") != NOT_APPLICABLE).then("rating_target").alias("target"),
        pl.col("statement").replace_strict(sections(), default=None, return_dtype=pl.String).alias("section"),
        pl.lit(la_code).alias("la_code"), pl.lit(la_name).alias("la_name"), pl.lit(TOTAL).alias("all"),
    )  # fmt: skip
    return joined.filter(pl.col("section").is_not_null())


def latest(rows: pl.DataFrame) -> pl.DataFrame:
    """The latest round of each school and academic year."""
    return rows.filter(pl.col("rated_on") == pl.col("rated_on").max().over(ROUND))


def in_band(column: str, band: str) -> pl.Expr:
    """Whether a rating lies in a band, both ends included."""
    return pl.col(column).is_between(*BANDS[band])
