"""Attendance: overall, persistent and severe absence, and attendance of 98 % or more.

Sources: DfE, Pupil absence in schools in England: methodology (2025). A rate of sessions is taken from sums over
pupils, never from a mean of pupils' rates; who is persistently absent is judged on each enrolment's own sessions.
"""

from collections.abc import Sequence
from typing import Any

import polars as pl

from sendlab.cohort import attendance_base, period_covered, require_facts
from sendlab.metrics.grouping import BREAKDOWNS, PLACED, either_kind, grouped, measured, number
from sendlab.metrics.rates import rate
from sendlab.stats.intervals import ratio_of_sums_from

PERSISTENT, SEVERE = 10, 50  # % of own possible sessions missed, boundary included
ASPIRATION = 98  # % attended, boundary included: a council expectation
NEEDED = (
    *PLACED, "sessions_possible", "sessions_authorised", "sessions_unauthorised", "attendance_status",
    "attendance_terms", "age_at_31_august", "boarder",
)  # fmt: skip


@either_kind
def absence(facts: pl.DataFrame, *, by: Sequence[str] = BREAKDOWNS, confidence: float = 0.95) -> pl.DataFrame:
    """Overall absence rate: 100 * sessions missed / sessions possible, summed over pupils.

    `facts`: rows of `make_facts` (polars or pandas). `by`: group columns of facts. Interval: ratio estimator over
    pupils. Returns measure rows; `top_share` is the largest pupil's share of the sessions missed.
    """
    a, m = pl.col("absent"), pl.col("sessions_possible")
    rows = _grouped(
        facts,
        by,
        [a.sum().alias("a"), m.sum().alias("m"), (a * a).sum().alias("aa"), (a * m).sum().alias("am"),
         (m * m).sum().alias("mm"), (a > 0).sum().cast(pl.Int64).alias("with_subjects")],
        [a.max().alias("top")],
    )  # fmt: skip
    lower, upper = ratio_of_sums_from(
        *(rows[n].to_numpy() for n in ("n", "a", "m", "aa", "am", "mm")), confidence=confidence
    )
    rated = rate(rows, numerator="a", denominator="m")
    return _finished(
        rated, "absence", numerator=pl.col("a"), denominator=pl.col("m"), with_subjects=pl.col("with_subjects"),
        top_share=pl.when(pl.col("a") > 0).then(pl.col("top") / pl.col("a")),
        lower=number(100 * lower), upper=number(100 * upper), method="ratio estimator over pupils",
    )  # fmt: skip


@either_kind
def persistent_absence(
    facts: pl.DataFrame, *, by: Sequence[str] = BREAKDOWNS, threshold: int = PERSISTENT, confidence: float = 0.95
) -> pl.DataFrame:
    """Enrolments that missed `threshold` % or more of their possible sessions, per 100 enrolments (Wilson interval).

    The comparison is exact: 100 * missed >= threshold * possible, in whole sessions. The official threshold is 10 %
    since 2015/16.
    """
    return _share(
        facts, "persistent_absence", 100 * pl.col("absent") >= threshold * pl.col("sessions_possible"), by, confidence
    )


@either_kind
def severe_absence(
    facts: pl.DataFrame, *, by: Sequence[str] = BREAKDOWNS, threshold: int = SEVERE, confidence: float = 0.95
) -> pl.DataFrame:
    """Enrolments that missed half or more of their own possible sessions, per 100 enrolments (Wilson interval)."""
    return _share(
        facts, "severe_absence", 100 * pl.col("absent") >= threshold * pl.col("sessions_possible"), by, confidence
    )


@either_kind
def attendance_98(
    facts: pl.DataFrame, *, by: Sequence[str] = BREAKDOWNS, threshold: int = ASPIRATION, confidence: float = 0.95
) -> pl.DataFrame:
    """Enrolments that attended `threshold` % or more of their possible sessions, per 100 enrolments (Wilson)."""
    attended = pl.col("sessions_possible") - pl.col("absent")
    return _share(facts, "attendance_98", 100 * attended >= threshold * pl.col("sessions_possible"), by, confidence)


def _grouped(
    facts: pl.DataFrame, by: Sequence[str], sums: list[pl.Expr], peaks: Sequence[pl.Expr] = ()
) -> pl.DataFrame:
    require_facts(facts, (*NEEDED, *by))
    base = attendance_base(facts)
    rows = grouped(base, [pl.len().cast(pl.Int64).alias("n"), *sums], by=by, peaks=peaks)
    terms = base.group_by("time_period").agg(pl.col("attendance_terms").explode().unique())
    covered = {period: period_covered(held) for period, held in terms.rows()}
    return rows.with_columns(
        pl.col("time_period").replace_strict(covered, default=None, return_dtype=pl.String).alias("covered")
    )


def _share(facts: pl.DataFrame, measure: str, feature: pl.Expr, by: Sequence[str], confidence: float) -> pl.DataFrame:
    rows = _grouped(facts, by, [feature.sum().cast(pl.Int64).alias("x")])
    rated = rate(rows, numerator="x", denominator="n", interval="wilson", confidence=confidence)
    return _finished(rated, measure, with_subjects=pl.col("x"), lower=pl.col("lower"), upper=pl.col("upper"),
                     method=pl.col("method"))  # fmt: skip


def _finished(rated: pl.DataFrame, measure: str, **columns: Any) -> pl.DataFrame:
    defaults = {
        "numerator": pl.col("numerator"), "denominator": pl.col("denominator"), "value": pl.col("value"),
        "status": pl.col("status"), "base_subjects": pl.col("n"), "time_identifier": pl.col("covered"),
    }  # fmt: skip
    return measured(rated, measure, **{**defaults, **columns})
