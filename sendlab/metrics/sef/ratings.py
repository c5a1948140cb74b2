"""Self-evaluation ratings as rows of schools: the rounds, the sections, and 0 left out everywhere."""

import polars as pl

from sendlab.codes import read_codes
from sendlab.schema.groups import TOTAL

NOT_APPLICABLE = 0
# Bands of the SEND self-evaluation tool of a local authority (2023); its lowest band, 0 to 3, loses the 0, for there
# 0 says "not applicable".
BANDS = {"7 to 10": (7, 10), "4 to 6": (4, 6), "1 to 3": (1, 3)}
SETTING, AGREED = "setting", "agreed"  # what is rated, and by whom, where a row does not say
CASE_STUDY = 8  # from here on a school has outstanding practice to share
ROUND = ("school_id", "time_period")
_ONE = ["school_id", "rated_on"]


def sections() -> dict[str, str]:
    """{statement: section}: 45 statements in seven sections, numbered as in the tool."""
    return {line.code: line.notes["section"] for line in read_codes("sef_statement")}


def rated(ratings: pl.DataFrame, places: pl.DataFrame, *, la_code: str, la_name: str) -> pl.DataFrame:
    """Ratings of every round beside their school, one a statement (`settled`): `now` and `target` (0 is missing there).

    `places`: school_id, place_code, place_name, education_phase; a school that is not in it is left out, and so is a
    statement that the tool does not have. `section` is added.
    """
    return _beside(settled(ratings), places, la_code, la_name)


def rated_by_each(ratings: pl.DataFrame, places: pl.DataFrame, *, la_code: str, la_name: str) -> pl.DataFrame:
    """Ratings of every single rater, of what each of them had in view (`unit`), in the columns of `rated`."""
    rows = said_by_whom(ratings).filter(pl.col("rater") != AGREED)
    return _beside(rows, places, la_code, la_name)


def settled(ratings: pl.DataFrame) -> pl.DataFrame:
    """One rating of the whole setting a school, round and statement, whoever rated.

    What the raters agreed on, where the round has it; else the median of those who rated the setting: of an even number
    the lower of the two in the middle, so that it stays on the scale; 0 (not applicable) where more than half say so,
    and left out of the median where not. Ratings of a department or of somebody's own practice are never the setting's.
    """
    rows = said_by_whom(ratings).filter(pl.col("unit") == SETTING)
    agreed = rows.filter(pl.col("rater") == AGREED).unique([*_ONE, "statement"], keep="first", maintain_order=True)
    single = rows.filter(pl.col("rater") != AGREED).join(agreed, on=_ONE, how="anti")
    middle = single.group_by(*_ONE, "time_period", "statement", maintain_order=True).agg(
        pl.when((pl.col("rating_now") == NOT_APPLICABLE).sum() * 2 > pl.col("rating_now").count())
        .then(pl.lit(NOT_APPLICABLE)).otherwise(_median("rating_now")).alias("rating_now"),
        _median("rating_target").alias("rating_target"), _median("target_months").alias("target_months"),
    )  # fmt: skip
    given = agreed.select(middle.columns)
    return pl.concat([given, middle.cast(given.schema)])


def said_by_whom(ratings: pl.DataFrame) -> pl.DataFrame:
    """The ratings with `unit`, `rater` and `rater_number`: the setting's as agreed where they are not given."""
    absent = {"unit": pl.String, "rater": pl.String, "rater_number": pl.Int64}
    whole = ratings.with_columns(
        pl.lit(None, dtype).alias(n) for n, dtype in absent.items() if n not in ratings.columns
    )
    return whole.with_columns(pl.col("unit").fill_null(SETTING), pl.col("rater").fill_null(AGREED))


def _median(column: str) -> pl.Expr:
    """The middle one of the ratings above 0, the lower of two."""
    return pl.col(column).filter(pl.col(column) > NOT_APPLICABLE).quantile(0.5, "lower")


def _beside(rows: pl.DataFrame, places: pl.DataFrame, la_code: str, la_name: str) -> pl.DataFrame:
    joined = rows.join(places, on="school_id").with_columns(
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
