"""Progress and attainment at the end of key stage 2: expected standard, writing gap, progress from starting points.

Sources: DfE, Key stage 2 attainment methodology (2025); Primary school accountability: technical guide (2025). There
is no national progress measure for 2023/24 and 2024/25 (no KS1 baseline); such a year is missing with its reason.
"""

from collections.abc import Sequence

import polars as pl

from sendlab.cohort import ks2_base, ks2_eligible, require_facts
from sendlab.metrics.grouping import BREAKDOWNS, KEY, PLACED, either_kind, grouped, measured, number
from sendlab.metrics.rates import rate
from sendlab.schema.measures import as_measures
from sendlab.stats.intervals import mean_known_sd, mean_t

ACADEMIC_YEAR = "Academic year"
NO_BASELINE = "no progress measure: this cohort has no KS1 starting point with a national reference"
NEEDED = (*PLACED, "ks2_reading_met", "ks2_writing_met", "ks2_mathematics_met")


@either_kind
def ks2_rwm_expected(facts: pl.DataFrame, *, by: Sequence[str] = BREAKDOWNS, confidence: float = 0.95) -> pl.DataFrame:
    """Pupils at the expected standard in reading, writing and mathematics, per 100 at the end of key stage 2 (Wilson).

    Pupils below the level of the tests stay in the denominator. `eligible_subjects` counts pupils with any outcome.
    """
    require_facts(facts, (*NEEDED, *by))
    all_three = pl.col("ks2_reading_met") & pl.col("ks2_writing_met") & pl.col("ks2_mathematics_met")
    sums = [pl.len().cast(pl.Int64).alias("n"), all_three.sum().cast(pl.Int64).alias("x")]
    rows = _with_eligible(grouped(ks2_base(facts), sums, by=by), facts, by)
    rated = rate(rows, numerator="x", denominator="n", interval="wilson", confidence=confidence)
    return measured(
        rated,
        "ks2_rwm_expected",
        numerator=pl.col("numerator"),
        denominator=pl.col("denominator"),
        value=pl.col("value"),
        lower=pl.col("lower"),
        upper=pl.col("upper"),
        method=pl.col("method"),
        status=pl.col("status"),
        base_subjects=pl.col("n"),
        with_subjects=pl.col("x"),
        eligible_subjects=pl.col("eligible"),
        time_identifier=ACADEMIC_YEAR,
    )


@either_kind
def ks2_writing_gap(facts: pl.DataFrame, *, by: Sequence[str] = BREAKDOWNS, confidence: float = 0.95) -> pl.DataFrame:
    """% expected in writing minus the mean of % expected in reading and in mathematics, same pupils, in points.

    Negative where writing lags. The interval is paired: each pupil's own difference is taken first.
    """
    require_facts(facts, (*NEEDED, *by))
    met = {s: pl.col(f"ks2_{s}_met").cast(pl.Float64) for s in ("reading", "writing", "mathematics")}
    gap = 100 * (met["writing"] - (met["reading"] + met["mathematics"]) / 2)
    rows = _with_eligible(_sums_of(ks2_base(facts), gap, by), facts, by)
    lower, upper = mean_t(*(rows[n].to_numpy() for n in ("n", "total", "squares")), confidence=confidence)
    return _mean_rows(rows, "ks2_writing_gap", lower, upper, "t interval of pupils' own differences")


@either_kind
def ks2_reading_progress(
    facts: pl.DataFrame, reference: pl.DataFrame, *, by: Sequence[str] = BREAKDOWNS
) -> pl.DataFrame:
    """Mean of (KS2 reading score minus the national mean score of pupils with the same KS1 points).

    `reference`: rows of the declared table `progress_reference`. Interval: 1.96 national standard deviations over
    the root of n, as published. A year without reference or starting points is missing (x) with its reason.
    """
    return _progress(facts, reference, "reading", by)


@either_kind
def ks2_mathematics_progress(
    facts: pl.DataFrame, reference: pl.DataFrame, *, by: Sequence[str] = BREAKDOWNS
) -> pl.DataFrame:
    """The same in mathematics."""
    return _progress(facts, reference, "mathematics", by)


def pupil_progress(facts: pl.DataFrame, reference: pl.DataFrame, subject: str) -> pl.DataFrame:
    """Facts with `progress` (score minus the mean of the prior attainment group) and `national_sd`, where known."""
    groups = reference.filter(pl.col("subject") == subject).sort("points_from")
    groups = groups.select("time_period", "points_from", "points_to", "mean_score", "national_sd")
    placed = (
        facts.filter(pl.col("ks1_points").is_not_null())
        .sort("ks1_points")
        .join_asof(groups, left_on="ks1_points", right_on="points_from", by="time_period", check_sortedness=False)
    )
    inside = pl.col("ks1_points") < pl.col("points_to")
    progress = pl.col(f"ks2_{subject}_score") - pl.col("mean_score")
    return placed.with_columns(pl.when(inside).then(progress).alias("progress")).filter(
        pl.col("progress").is_not_null()
    )


def _progress(facts: pl.DataFrame, reference: pl.DataFrame, subject: str, by: Sequence[str]) -> pl.DataFrame:
    require_facts(facts, (*NEEDED, *by, "ks1_points", f"ks2_{subject}_score"))
    measure = f"ks2_{subject}_progress"
    eligible = _eligible(facts, by)
    if eligible.is_empty():
        return as_measures(pl.DataFrame(schema={"measure": pl.String}))
    scored = pupil_progress(ks2_eligible(facts), reference, subject)
    sums = _sums_of(scored, pl.col("progress"), by, [pl.col("national_sd").first().alias("sd")])
    rows = eligible.join(sums, on=KEY, how="left", maintain_order="left").with_columns(pl.col("n").fill_null(0))
    lower, upper = mean_known_sd(*(rows[n].to_numpy() for n in ("mean", "n", "sd")))
    made = _mean_rows(rows, measure, lower, upper, "1.96 national standard deviations over the root of n")
    none = pl.col("base_subjects").fill_null(0) == 0
    return made.with_columns(
        pl.when(none).then(pl.lit("x")).otherwise("status").alias("status"),
        pl.when(none).then(pl.lit(NO_BASELINE)).otherwise("note").alias("note"),
        pl.when(~none).then("base_subjects").alias("base_subjects"),
        pl.when(~none).then("denominator").alias("denominator"),
    )


def _sums_of(base: pl.DataFrame, number_: pl.Expr, by: Sequence[str], peaks: Sequence[pl.Expr] = ()) -> pl.DataFrame:
    n, total, squares = (
        pl.len().cast(pl.Int64).alias("n"),
        number_.sum().alias("total"),
        (number_**2).sum().alias("squares"),
    )
    rows = grouped(base, [n, total, squares], by=by, peaks=peaks)
    if "sd" in rows.columns:  # the national figure is one and the same for every place
        rows = rows.with_columns(pl.col("sd").max().over("time_period"))
    return rows.with_columns(pl.when(pl.col("n") > 0).then(pl.col("total") / pl.col("n")).alias("mean"))


def _eligible(facts: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    return grouped(ks2_eligible(facts), [pl.len().cast(pl.Int64).alias("eligible")], by=by)


def _with_eligible(rows: pl.DataFrame, facts: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    return rows.join(_eligible(facts, by), on=KEY, how="left", maintain_order="left")


def _mean_rows(rows: pl.DataFrame, measure: str, lower: object, upper: object, method: str) -> pl.DataFrame:
    return measured(
        rows, measure, numerator=pl.col("total"), denominator=pl.col("n").cast(pl.Float64), value=pl.col("mean"),
        lower=number(lower), upper=number(upper), method=method, base_subjects=pl.col("n"), with_subjects=pl.col("n"),
        eligible_subjects=pl.col("eligible"), time_identifier=ACADEMIC_YEAR,
        status=pl.when(pl.col("n") == 0).then(pl.lit("z")).otherwise(pl.lit("")),
    )  # fmt: skip
