"""What schools record of pupils (clubs, points, observations) beside the roll: who has none, and who is not known."""

from collections.abc import Iterable

import polars as pl

from sendlab.cohort import period_covered
from sendlab.coverage import period_of_date, term_of_date
from sendlab.metrics.grouping import By
from sendlab.metrics.measuring import measure_rows
from sendlab.metrics.recipes import Recipe
from sendlab.metrics.said import not_known
from sendlab.schema.groups import SEND

PERIOD = ("time_period", "time_identifier")
SCHOOL = ("school_id", *PERIOD)
PUPIL = ("pupil_id", *SCHOOL)
OF_SEND = pl.col("sen_provision").is_in(SEND)  # pupils with SEN support or an EHC plan
NO_RECORDS = "no records of it have come from here"


def beside_the_roll(facts: pl.DataFrame, sums: pl.DataFrame, flags: pl.DataFrame) -> pl.DataFrame:
    """Every pupil on the roll, in each period that `flags` names, with what is recorded of them.

    `sums`: one row a pupil, school and period, with counts. `flags`: one row a school and period that it has records
    of, with yes/no columns. A pupil without a row in `sums` has null counts, and is known to have none only where the
    school's flag holds; a school that records nothing is not known, so its pupils are merely eligible.
    """
    known = [name for name in flags.columns if name not in SCHOOL]
    roll = facts.filter("on_roll").join(flags.select(PERIOD).unique(), on="time_period", how="inner")
    joined = roll.join(flags, on=SCHOOL, how="left").join(sums, on=PUPIL, how="left")
    return joined.with_columns(pl.col(known).fill_null(False))


def roll_rows(
    base: pl.DataFrame, recipes: Iterable[Recipe], *, by: By | None = None, confidence: float = 0.95
) -> pl.DataFrame:
    """Measure rows over `beside_the_roll`: a group of which nothing is recorded is not known (x), not nobody."""
    return not_known(measure_rows(base, recipes, by=by, confidence=confidence), NO_RECORDS)


def year_and_terms(rows: pl.DataFrame, day: str) -> pl.DataFrame:
    """Each row once for its term and once for its year: adds `time_period` and `time_identifier` from a date column.

    The year is named by the terms that its rows cover ("Autumn and spring term"), as far as records go; a year of one
    term only is that term.
    """
    dated = rows.with_columns(
        period_of_date(day).alias("time_period"),
        pl.col(day).map_elements(term_of_date, return_dtype=pl.String).alias("time_identifier"),
    )
    terms = dated.group_by("time_period").agg(pl.col("time_identifier").unique())
    covered = {period: period_covered(held) for period, held in terms.rows()}
    name = pl.col("time_period").replace_strict(covered, default=None, return_dtype=pl.String)
    whole = dated.filter(pl.col("time_identifier") != name).select("time_period").unique()
    of_year = dated.join(whole, on="time_period", how="semi").with_columns(name.alias("time_identifier"))
    return pl.concat([dated, of_year])
