"""Reading and spelling ages: gain per month, and how many read or spell below their own age.

Sources: Brooks 2016, What works for children and young people with literacy difficulties? (ratio gain). Ages are whole
years at 31 August in the data, so a pupil's distance from the own age in months cannot be had: only who is surely
below it, whatever the birthday.
"""

import polars as pl

from sendlab.metrics.grouping import By, either_kind
from sendlab.metrics.learning.spans import both, of, spans
from sendlab.metrics.measuring import measure_rows
from sendlab.metrics.progress import change, of_each
from sendlab.metrics.ratio_recipe import OpenRatio
from sendlab.metrics.recipes import Recipe, Share
from sendlab.stats.change import RELIABLE_MONTHS

AGES = "age in months"
WITHOUT_COMPARISON = "1 is a month's gain in a month; beside no comparison group, and pupils picked for low scores rise"


@either_kind
def age_gain(
    facts: pl.DataFrame, assessments: pl.DataFrame, *, by: By | None = None, confidence: float = 0.95
) -> pl.DataFrame:
    """Ratio gain: months of reading (spelling, ...) age gained per month elapsed; `item` is the subject.

    The group's mean gain over its mean time elapsed, not the mean of pupils' own ratios (ratio estimator over pupils).
    Pupils whose two results lie under three months apart are not counted in it, but in `eligible_subjects`.
    """
    made = spans(facts, assessments, AGES, by=by)

    def recipe(subject: str) -> Recipe:
        long_enough = both(subject) & (of(subject, "months") >= RELIABLE_MONTHS)
        return OpenRatio("age_gain", top=change(subject), bottom=of(subject, "months"), per=1, where=long_enough,
                         eligible=of(subject, "eligible"), item=subject, note=WITHOUT_COMPARISON)  # fmt: skip

    return measure_rows(made.base, of_each(made.subjects, recipe), by=by, confidence=confidence)


@either_kind
def age_below_own(
    facts: pl.DataFrame, assessments: pl.DataFrame, *, by: By | None = None, confidence: float = 0.95
) -> pl.DataFrame:
    """Pupils whose latest reading (spelling, ...) age is surely below their own age, per 100 (Wilson).

    Surely: below the age that the youngest pupil of the same age in years at 31 August has on the day of the test. Some
    who are counted as not below are a few months below.
    """
    made = spans(facts, assessments, AGES, by=by)

    def recipe(subject: str) -> Recipe:
        result, day = (pl.coalesce(of(subject, f"latest{end}"), of(subject, f"start{end}")) for end in ("", "_on"))
        known = result.is_not_null() & pl.col("age_at_31_august").is_not_null()
        return Share("age_below_own", feature=result < _youngest(day), where=known, eligible=of(subject, "eligible"),
                     item=subject)  # fmt: skip

    return measure_rows(made.base, of_each(made.subjects, recipe), by=by, confidence=confidence)


def _youngest(day: pl.Expr) -> pl.Expr:
    """Months of age on a day of somebody who turned this age on the 31 August before the year."""
    months = (day.dt.year() - pl.col("time_period").str.slice(0, 4).cast(pl.Int32)) * 12 + day.dt.month() - 8
    return 12 * pl.col("age_at_31_august") + months - (day.dt.day() < 31).cast(pl.Int32)
