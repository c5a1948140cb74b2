"""Key stage 2: expected standard, the writing gap, and progress from KS1 starting points.

Sources: DfE, Key stage 2 attainment methodology (2025); Primary school accountability: technical guide (2025). There
is no national progress measure for 2023/24 and 2024/25 (no KS1 baseline); such a year is missing with its reason.
"""

from collections.abc import Sequence

import polars as pl

from sendlab.cohort import ks2_eligible, require_facts
from sendlab.metrics.grouping import BREAKDOWNS, PLACED, By, as_breakdown, either_kind
from sendlab.metrics.recipes import EVERYBODY, Mean, Recipe, Share, measure_rows
from sendlab.schema.groups import FULL_YEAR

NO_BASELINE = "no progress measure: this cohort has no KS1 starting point with a national reference"
READING, WRITING, MATHEMATICS = (pl.col(f"ks2_{name}_met") for name in ("reading", "writing", "mathematics"))
NEEDED = (*PLACED, "ks2_reading_met", "ks2_writing_met", "ks2_mathematics_met")
IN_ALL = READING.is_not_null() & WRITING.is_not_null() & MATHEMATICS.is_not_null()


@either_kind
def ks2_rwm_expected(facts: pl.DataFrame, *, by: By | None = BREAKDOWNS, confidence: float = 0.95) -> pl.DataFrame:
    """Pupils at the expected standard in reading, writing and mathematics, per 100 at the end of key stage 2 (Wilson).

    Pupils below the level of the tests stay in the denominator. `eligible_subjects` counts pupils with any outcome.
    """
    return _made(facts, [_share("ks2_rwm_expected", READING & WRITING & MATHEMATICS)], by, confidence)


@either_kind
def ks2_rm_not_w(facts: pl.DataFrame, *, by: By | None = BREAKDOWNS, confidence: float = 0.95) -> pl.DataFrame:
    """Pupils at the expected standard in reading and mathematics but not in writing, per 100 (Wilson)."""
    return _made(facts, [_share("ks2_rm_not_w", READING & MATHEMATICS & ~WRITING)], by, confidence)


def _share(measure: str, feature: pl.Expr) -> Recipe:
    return Share(measure, feature=feature, where=IN_ALL, eligible=EVERYBODY)


@either_kind
def ks2_writing_gap(facts: pl.DataFrame, *, by: By | None = BREAKDOWNS, confidence: float = 0.95) -> pl.DataFrame:
    """% expected in writing minus the mean of % expected in reading and in mathematics, same pupils, in points.

    Negative where writing lags. The interval is paired: each pupil's own difference is taken first.
    """
    met = {name: column.cast(pl.Float64) for name, column in (("r", READING), ("w", WRITING), ("m", MATHEMATICS))}
    gap = 100 * (met["w"] - (met["r"] + met["m"]) / 2)
    return _made(facts, [Mean("ks2_writing_gap", of=gap, where=IN_ALL, eligible=EVERYBODY)], by, confidence)


@either_kind
def ks2_reading_progress(facts: pl.DataFrame, reference: pl.DataFrame, *, by: By | None = BREAKDOWNS) -> pl.DataFrame:
    """Mean of (KS2 reading score minus the national mean score of pupils with the same KS1 points).

    `reference`: rows of the declared table `progress_reference`. Interval: 1.96 national standard deviations over
    the root of n, as published. A year without reference or starting points is missing (x) with its reason.
    """
    return _progress(facts, reference, "reading", by)


@either_kind
def ks2_mathematics_progress(
    facts: pl.DataFrame, reference: pl.DataFrame, *, by: By | None = BREAKDOWNS
) -> pl.DataFrame:
    """The same in mathematics."""
    return _progress(facts, reference, "mathematics", by)


def pupil_progress(facts: pl.DataFrame, reference: pl.DataFrame, subject: str) -> pl.DataFrame:
    """Facts with `progress` (score minus the mean of the prior attainment group) and `national_sd`, null if unknown."""
    groups = reference.filter(pl.col("subject") == subject).sort("points_from")
    groups = groups.select("time_period", "points_from", "points_to", "mean_score", "national_sd")
    placed = facts.sort("ks1_points").join_asof(
        groups, left_on="ks1_points", right_on="points_from", by="time_period", check_sortedness=False
    )
    inside = pl.col("ks1_points") < pl.col("points_to")
    progress = pl.col(f"ks2_{subject}_score") - pl.col("mean_score")
    return placed.with_columns(pl.when(inside).then(progress).alias("progress"))


def _progress(facts: pl.DataFrame, reference: pl.DataFrame, subject: str, by: By | None) -> pl.DataFrame:
    _require(facts, by, "ks1_points", f"ks2_{subject}_score")
    scored = _in_year(pupil_progress(ks2_eligible(facts), reference, subject))
    recipe = Mean(f"ks2_{subject}_progress", of=pl.col("progress"), where=pl.col("progress").is_not_null(),
                  eligible=EVERYBODY, sd=pl.col("national_sd"))  # fmt: skip
    made = measure_rows(scored, [recipe], by=by)
    none = pl.col("base_subjects") == 0
    return made.with_columns(
        pl.when(none).then(pl.lit("x")).otherwise("status").alias("status"),
        pl.when(none).then(pl.lit(NO_BASELINE)).otherwise("note").alias("note"),
        *(pl.when(~none).then(name).alias(name) for name in ("base_subjects", "with_subjects", "denominator")),
        pl.when(~none).then("numerator").alias("numerator"),
    )


def _made(facts: pl.DataFrame, recipes: Sequence[Recipe], by: By | None, confidence: float) -> pl.DataFrame:
    _require(facts, by)
    return measure_rows(_in_year(ks2_eligible(facts)), recipes, by=by, confidence=confidence)


def _require(facts: pl.DataFrame, by: By | None, *more: str) -> None:
    require_facts(facts, (*NEEDED, *more, *(name for one in by or () for name in as_breakdown(one))))


def _in_year(base: pl.DataFrame) -> pl.DataFrame:
    return base.with_columns(pl.lit(FULL_YEAR).alias("time_identifier"))
