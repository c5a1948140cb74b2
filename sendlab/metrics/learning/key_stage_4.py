"""Key stage 4: Attainment 8 with its floor and ceiling, Progress 8, and qualifications entered and achieved.

Sources: DfE, Secondary accountability measures (2024): Attainment 8 is a sum of points in ten slots, 0 to 90;
Progress 8 is (Attainment 8 less the national mean of pupils with the same key stage 2 starting point) / 10. Attainment
8 of zero means that nothing entered counts in the slots or was graded; other qualifications may have been taken: it is
not read as failure.
"""

import polars as pl

from sendlab.facts.names import KEY
from sendlab.facts.starting_points import key_stage_4
from sendlab.metrics.grouping import By, either_kind
from sendlab.metrics.learning.spans import require_columns
from sendlab.metrics.measuring import measure_rows
from sendlab.metrics.recipes import Count, Mean, Share
from sendlab.metrics.said import not_known
from sendlab.metrics.typed import typed
from sendlab.schema.groups import FULL_YEAR
from sendlab.schema.measures import no_measures

YEAR_11 = "11"
FLOOR, CEILING = 0, 90
SUBJECT = "attainment 8"  # in the table of national means
# Cohorts without key stage 2 tests, or without examinations, have no measure (DfE, Secondary accountability measures).
NO_PROGRESS_8 = ("201920", "202021", "202425", "202526")
NO_BASELINE = "no Progress 8: nobody here has a key stage 2 starting point with a national reference for the year"
ZERO = "nothing entered counts in the slots or was graded; other qualifications may: not a failure by itself"
NOT_ACHIEVED = ("U", "X", "Q", "FAIL", "NOT ACHIEVED", "ABSENT")  # ungraded, no result, pending, absent


@either_kind
def attainment_8(
    facts: pl.DataFrame, assessments: pl.DataFrame, *, by: By | None = None, confidence: float = 0.95
) -> pl.DataFrame:
    """Mean Attainment 8 over pupils with a result (t interval), without those at zero too, and who is at either end.

    Measures: attainment_8 (zeros count, as published), attainment_8_above_zero, attainment_8_at_limits (`item`: floor,
    0 points; ceiling, 90). `eligible_subjects` counts Year 11 on the roll without a result too.
    """
    base = _base(facts, assessments, by)
    score, above = pl.col("attainment_8"), pl.col("attainment_8") > FLOOR
    held, due = score.is_not_null(), pl.col("due")
    recipes = [
        Mean("attainment_8", of=score, where=held, eligible=due),
        Mean("attainment_8_above_zero", of=score, where=above, eligible=due & above.fill_null(True)),
        Share("attainment_8_at_limits", feature=score <= FLOOR, where=held, eligible=due, item="floor", note=ZERO),
        Share("attainment_8_at_limits", feature=score >= CEILING, where=held, eligible=due, item="ceiling"),
    ]
    return measure_rows(base, recipes, by=by, confidence=confidence)


def _base(facts: pl.DataFrame, assessments: pl.DataFrame, by: By | None) -> pl.DataFrame:
    """Year 11 on the roll and everybody with a result: a pupil once a year, at the school of the result."""
    require_columns(facts, by)
    results = key_stage_4(typed(assessments, "assessments")).join(facts, on=list(KEY), how="semi")
    elsewhere = results.select("pupil_id", "time_period", pl.lit(True).alias("_counted"))
    base = facts.join(results, on=list(KEY), how="left", maintain_order="left").join(
        elsewhere, on=["pupil_id", "time_period"], how="left", maintain_order="left"
    )
    waiting = pl.col("on_roll") & (pl.col("nc_year") == YEAR_11).fill_null(False) & pl.col("_counted").is_null()
    due = pl.col("attainment_8").is_not_null() | waiting
    named = {"due": pl.lit(True), "time_identifier": pl.lit(FULL_YEAR)}
    return base.filter(due & _years_with(results)).with_columns(**named).drop("_counted")


def _years_with(results: pl.DataFrame) -> pl.Expr:
    return pl.col("time_period").is_in(results["time_period"].unique().to_list())


@either_kind
def progress_8(
    facts: pl.DataFrame, assessments: pl.DataFrame, reference: pl.DataFrame, *, by: By | None = None
) -> pl.DataFrame:
    """Mean Progress 8 over pupils with Attainment 8 and a key stage 2 starting point, and the same without zeros.

    `reference`: rows of the declared table `progress_reference`, subject attainment 8. Starting point: the mean of the
    scaled scores in reading and mathematics. Interval: 1.96 national standard deviations over the root of n, as
    published. Scores are unadjusted: the Department's floors of extremely low scores are not held. 2019/20, 2020/21,
    2024/25 and 2025/26, and years without a reference, are missing (x) with the reason, whatever the reference holds.
    """
    base = pupil_progress_8(_base(facts, assessments, by), typed(reference, "progress_reference"))
    progress, sd, due = pl.col("progress"), pl.col("national_sd"), pl.col("due")
    above = (pl.col("attainment_8") > FLOOR).fill_null(True)
    held = progress.is_not_null()
    recipes = [
        Mean("progress_8", of=progress, where=held, eligible=due, sd=sd),
        Mean("progress_8_above_zero", of=progress, where=held & above, eligible=due & above, sd=sd),
    ]
    return not_known(measure_rows(base, recipes, by=by), NO_BASELINE)


def pupil_progress_8(rows: pl.DataFrame, reference: pl.DataFrame) -> pl.DataFrame:
    """Rows with `progress` and `national_sd`, from `attainment_8` and `ks2_average`; null where there is no measure."""
    groups = reference.filter((pl.col("subject") == SUBJECT) & ~pl.col("time_period").is_in(NO_PROGRESS_8))
    groups = groups.select("time_period", "points_from", "points_to", "mean_score", "national_sd").sort("points_from")
    placed = rows.sort("ks2_average", nulls_last=True).join_asof(
        groups, left_on="ks2_average", right_on="points_from", by="time_period", check_sortedness=False
    )
    inside = pl.col("ks2_average") < pl.col("points_to")
    progress = (pl.col("attainment_8") - pl.col("mean_score")) / 10
    return placed.with_columns(pl.when(inside).then(progress).alias("progress"))


@either_kind
def qualifications(
    facts: pl.DataFrame, assessments: pl.DataFrame, *, by: By | None = None, confidence: float = 0.95
) -> pl.DataFrame:
    """Pupils entered for each kind of qualification (a count), and % of those who achieved one or more (Wilson).

    `item` is the kind as the table has it: GCSE, entry level, functional skills. Achieved: any grade, pass or score
    above 0; not U, X, Q, fail or absent. Entered pupils whose result is not held are in `eligible_subjects` only.
    """
    require_columns(facts, by)
    rows = typed(assessments, "assessments").filter(pl.col("qualification").is_not_null())
    if rows.is_empty():
        return no_measures()
    base, recipes = facts, []
    for kind in sorted(rows["qualification"].unique()):
        own = (
            rows.filter(pl.col("qualification") == kind)
            .group_by(KEY)
            .agg(_achieved().any(ignore_nulls=False).alias(kind))
        )
        entered = own.select(*KEY, kind, pl.lit(True).alias(f"{kind}|entered"))
        base = base.join(entered, on=list(KEY), how="left", maintain_order="left")
        was = pl.col(f"{kind}|entered").fill_null(False)
        recipes += [
            Count("qualifications_entered", feature=was, where=was, eligible=was, item=kind),
            Share("qualifications_achieved", feature=pl.col(kind), where=was & pl.col(kind).is_not_null(), eligible=was,
                  item=kind),
        ]  # fmt: skip
    anybody = pl.any_horizontal(pl.col("^.*\\|entered$").fill_null(False))
    base = base.filter(anybody).with_columns(pl.lit(FULL_YEAR).alias("time_identifier"))
    return measure_rows(base, recipes, by=by, confidence=confidence)


def _achieved() -> pl.Expr:
    """Any grade or score above 0; missing where neither is held."""
    grade = ~pl.col("outcome").str.strip_chars().str.to_uppercase().is_in(NOT_ACHIEVED)
    return pl.coalesce(grade, pl.col("score") > 0)
